/* Blocks of points go half way round the ring of ranks, so that every pair meets once; tiles of bounds are filled by threads side by side, then
   shown to the consumers.

   Rank p compares its points with those of p, p + 1, ..., p + P / 2. For even P the last pairing meets on both sides: hole_ring_share(). */
#include "sweep.h"

#include "../core/block.h"
#include "../core/fault.h"
#include "../core/pages.h"
#include "../core/simd.h"
#include "../core/threads.h"
#include "clumps.h"
#include "ring.h"
#include <hole/hole_error.h>

enum {
  COLUMNS       = 2, /* times as many columns, away from the diagonal: products are faster so */
  MAX_CONSUMERS = 6,
  PATIENCE     = 8, /* tiles without shadows after one in which they told too little: that many at most, one at first */
  PROBES       = 16, /* rows of a tile by which that is seen */
  FEW          = 16, /* one pair in so many may be left by shadows */
  AT_ONCE      = 8,  /* vectors of a row that are looked at together */
  ROWS_AT_ONCE = 32
};

struct worker {
  struct hole_tile       tile;
  struct hole_candidate *candidates; /* of one consumer and some rows at a time */
  HoleIndex              n_candidates;
  uint64_t *refined;  /* [ROWS_AT_ONCE, words of a row] which pairs of these rows have bounds of all units */
  int       patience; /* how many times a tile in vain is waited for */
  HoleIndex wait;     /* pairs until shadows are tried again */
};

struct hole_sweep_s {
  HoleDistances         d;
  hole_tiles            tiles;
  HoleIndex             tile;    /* rows and columns of one */
  PetscBool             insist;  /* on shadows in every tile */
  PetscBool             shadows; /* are they there, and does nobody look at whole tiles? */
  int                   n_consumers;
  struct hole_consumer *consumers[MAX_CONSUMERS];
  int                   n_threads;
  struct worker        *workers; /* [n_threads] */
};

/* Lane by lane: a set sign where the bound exceeds both cuts. A difference tells by its sign, and costs one instruction where a
   comparison of vectors does not compile to one. */
#define ABOVE_BOTH(low, row, columns) \
  ((hole_m16)((row) - *(const hole_f16 *)(low)) & (hole_m16)(*(const hole_f16 *)(columns) - *(const hole_f16 *)(low)))

/* Append the lanes whose sign is not set, the first being number `first`; returns the new number of those found. A macro for
   the same reason. */
#define APPEND_UNSET(signs, first, found, n_found) \
  ({ \
    hole_b16 bytes_ = __builtin_convertvector(~((signs) >> 31) & 1, hole_b16); \
    uint64_t words_[2]; \
    memcpy(words_, &bytes_, sizeof(words_)); \
    for (int w_ = 0; w_ < 2; ++w_) { \
      for (; words_[w_]; words_[w_] &= words_[w_] - 1) \
        (found)[(n_found)++] = (uint16_t)((first) + 8 * w_ + (__builtin_ctzll(words_[w_]) >> 3)); \
    } \
  })

/* Columns of a row that some consumer may want: their numbers go to `found`, which has room for all; returns how many. Bounds
   are finite. */
HOLE_CLONES
static HoleIndex find_low(HoleIndex n, const float low[], float row, const float columns[], uint16_t found[])
{
  const hole_f16 rows    = row - (hole_f16){0};
  HoleIndex      n_found = 0, b = 0;

  for (; b + AT_ONCE * HOLE_FLOAT_LANES <= n; b += AT_ONCE * HOLE_FLOAT_LANES) {
    hole_m16 above[AT_ONCE], all = ~(hole_m16){0};

    for (int v = 0; v < AT_ONCE; ++v) {
      above[v] = ABOVE_BOTH(low + b + v * HOLE_FLOAT_LANES, rows, columns + b + v * HOLE_FLOAT_LANES);
      all &= above[v];
    }
    if (HOLE_ALL_SIGNS(all, HOLE_SIGNS16)) continue;
    for (int v = 0; v < AT_ONCE; ++v) APPEND_UNSET(above[v], b + v * HOLE_FLOAT_LANES, found, n_found);
  }
  for (; b < n; ++b) {
    if (low[b] <= row || low[b] <= columns[b]) found[n_found++] = (uint16_t)b;
  }
  return n_found;
}

/* Words of a row of marks, one for each column of a tile. */
static HoleIndex n_words(const struct hole_tile *tile) { return (tile->stride + 63) / 64; }

/* Pairs found by their shadows get bounds of all units, unless another consumer has seen to that; returns how many of them are left. */
static HoleIndex refine(hole_tiles tiles, const struct hole_tile *tile, HoleIndex a, float row, const float columns[],
                        HoleIndex n_found, uint16_t found[], uint64_t refined[])
{
  const float *low   = tile->low + a * tile->stride;
  HoleIndex    n_new = 0, n_left = 0;
  uint16_t     fresh[COLUMNS * HOLE_MOST_TILE];

  for (HoleIndex f = 0; f < n_found; ++f) {
    uint64_t *word = &refined[found[f] / 64], mark = UINT64_C(1) << found[f] % 64;

    if (!(*word & mark)) fresh[n_new++] = found[f];
    *word |= mark;
  }
  hole_tiles_refine(tiles, tile, a, n_new, fresh);
  for (HoleIndex f = 0; f < n_found; ++f) {
    const uint16_t b = found[f];

    if (low[b] <= row || low[b] <= columns[b]) found[n_left++] = b;
  }
  return n_left;
}

/* Local, by one thread: the pairs of rows [first, end) of a tile that one consumer may want. */
static void find_candidates(const struct hole_consumer *consumer, struct worker *w, HoleIndex first, HoleIndex end)
{
  const struct hole_tile *tile = &w->tile;
  uint16_t                found[COLUMNS * HOLE_MOST_TILE];

  w->n_candidates = 0;
  for (HoleIndex a = first; a < end; ++a) {
    const HoleIndex skip = tile->i == tile->j ? a + 1 : 0; /* the diagonal and what is below it */
    const float    *low  = tile->low + a * tile->stride, *columns;
    HoleIndex       n_found;
    float           row;

    if (skip >= tile->n_j) continue;
    consumer->ops->cut(consumer, tile, tile->i + a, &row, &columns);
    n_found = find_low(tile->n_j - skip, low + skip, row, columns + skip, found);
    for (HoleIndex f = 0; skip && f < n_found; ++f) found[f] = (uint16_t)(found[f] + skip);
    if (tile->of_shadows)
      n_found =
          refine(consumer->tiles, tile, a, row, columns, n_found, found, w->refined + (a - first) * n_words(tile));
    for (HoleIndex f = 0; f < n_found; ++f) {
      const HoleIndex b = found[f];

      w->candidates[w->n_candidates++] =
          (struct hole_candidate){(uint32_t)(tile->i + a), (uint32_t)(tile->j + b), low[b],
                                  hole_tile_high(low[b], tile->slack_i[a], tile->slack_j[b])};
    }
  }
}

/* Rows of a tile that are looked at before what was found is taken: cuts that fall spare candidates in the rows to come. On the
   diagonal, where points have met few others yet, most pairs are candidates, and one row says much about the next. */
static HoleIndex rows_at_once(const struct hole_sweep_s *s, int n_tiles)
{
  for (int w = 0; w < n_tiles; ++w) {
    if (s->workers[w].tile.i == s->workers[w].tile.j) return 1;
  }
  return ROWS_AT_ONCE;
}

/* Local: what one consumer wants of some rows of the tiles. */
static PetscErrorCode take_from_rows(hole_sweep s, struct hole_consumer *consumer, int n_tiles, HoleIndex first,
                                     HoleIndex end)
{
  PetscFunctionBegin;
#pragma omp parallel for num_threads(s->n_threads) if (n_tiles > 1) schedule(static, 1)
  for (int w = 0; w < n_tiles; ++w)
    find_candidates(consumer, &s->workers[w], first, PetscMin(end, s->workers[w].tile.n_i));
  for (int w = 0; w < n_tiles; ++w)
    PetscCall(consumer->ops->take(consumer, s->workers[w].n_candidates, s->workers[w].candidates));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: all consumers that take candidates see some rows, then the next ones, while these are in the cache. */
static PetscErrorCode take_from_tiles(hole_sweep s, int n_tiles)
{
  const HoleIndex size = rows_at_once(s, n_tiles);
  HoleIndex       most = 0;

  PetscFunctionBegin;
  for (int w = 0; w < n_tiles; ++w) most = PetscMax(most, s->workers[w].tile.n_i);
  for (HoleIndex a = 0; a < most; a += size) {
    for (int w = 0; w < n_tiles; ++w)
      PetscCall(PetscArrayzero(s->workers[w].refined, size * n_words(&s->workers[w].tile)));
    for (int c = 0; c < s->n_consumers; ++c) {
      if (s->consumers[c]->ops->cut) PetscCall(take_from_rows(s, s->consumers[c], n_tiles, a, a + size));
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode show_tiles(hole_sweep s, int n_tiles)
{
  PetscFunctionBegin;
  PetscCall(take_from_tiles(s, n_tiles));
  for (int c = 0; c < s->n_consumers; ++c) {
    if (s->consumers[c]->ops->cut) continue;
    for (int w = 0; w < n_tiles; ++w) PetscCall(s->consumers[c]->ops->sweep(s->consumers[c], &s->workers[w].tile));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Do the shadows of a tile leave few pairs for the consumers? Some rows tell. */
static PetscBool leave_few(const struct hole_sweep_s *s, const struct hole_tile *tile)
{
  const HoleIndex step   = PetscMax(1, tile->n_i / PROBES);
  HoleIndex       n_left = 0, n_pairs = 0;
  uint16_t        found[COLUMNS * HOLE_MOST_TILE];

  for (HoleIndex a = 0; a < tile->n_i; a += step) {
    for (int c = 0; c < s->n_consumers; ++c) {
      const float *columns;
      float        row;

      s->consumers[c]->ops->cut(s->consumers[c], tile, tile->i + a, &row, &columns);
      n_left += find_low(tile->n_j, tile->low + a * tile->stride, row, columns, found);
    }
    n_pairs += tile->n_j;
  }
  return (PetscBool)(FEW * n_left <= n_pairs);
}

/* Local, by one thread. Shadows come first where they may do: a short product, and all units for the few pairs that it leaves. Early on,
   or where points have no few axes, it leaves many; then a while passes before the next try, longer each time. A small tile
   in vain does not keep a larger one from being tried. */
static void fill_tile(const struct hole_sweep_s *s, struct worker *w)
{
  const HoleIndex n_pairs = w->tile.n_i * w->tile.n_j;

  w->tile.of_shadows = (PetscBool)(s->shadows && w->wait < n_pairs);
  w->wait -= n_pairs;
  hole_tiles_fill(s->tiles, &w->tile);
  if (!w->tile.of_shadows || s->insist) return;
  if (leave_few(s, &w->tile)) {
    w->patience = 1;
    return;
  }
  w->wait            = w->patience * n_pairs;
  w->patience        = PetscMin(2 * w->patience, PATIENCE);
  w->tile.of_shadows = PETSC_FALSE;
  hole_tiles_fill(s->tiles, &w->tile);
}

/* Local: several tiles at once, then the consumers look at them. */
static PetscErrorCode compare_batch(hole_sweep s, int n_tiles)
{
  PetscFunctionBegin;
#pragma omp parallel for num_threads(s->n_threads) if (n_tiles > 1) schedule(static, 1)
  for (int w = 0; w < n_tiles; ++w) fill_tile(s, &s->workers[w]);
  PetscCall(show_tiles(s, n_tiles));
  PetscFunctionReturn(PETSC_SUCCESS);
}

struct range {
  HoleIndex first, end; /* global ids */
};

/* Add a tile to the batch; compare when it is full. */
static PetscErrorCode add_tile(hole_sweep s, struct range rows, struct range columns, int *n_tiles)
{
  struct hole_tile *tile = &s->workers[(*n_tiles)++].tile;

  PetscFunctionBegin;
  tile->i   = rows.first;
  tile->n_i = rows.end - rows.first;
  tile->j   = columns.first;
  tile->n_j = columns.end - columns.first;
  if (*n_tiles == s->n_threads) {
    PetscCall(compare_batch(s, *n_tiles));
    *n_tiles = 0;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static struct range part_of(struct range whole, HoleIndex first, HoleIndex size)
{
  return (struct range){first, PetscMin(first + size, whole.end)};
}

/* Local: the points of a few among themselves, in small tiles, so that near points soon set low cuts for the rest. */
static PetscErrorCode compare_few(hole_sweep s, struct range few, int *n_tiles)
{
  const HoleIndex size = PetscMax(1, s->tile / 4);

  PetscFunctionBegin;
  for (HoleIndex i = few.first; i < few.end; i += size) {
    PetscCall(add_tile(s, part_of(few, i, size), part_of(few, i, size), n_tiles));
    if (i + size < few.end) PetscCall(add_tile(s, part_of(few, i, size), (struct range){i + size, few.end}, n_tiles));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: own points among themselves, from the diagonal outwards. */
static PetscErrorCode compare_own(hole_sweep s, struct range own)
{
  const HoleIndex size    = s->tile;
  int             n_tiles = 0;

  PetscFunctionBegin;
  for (HoleIndex i = own.first; i < own.end; i += size) PetscCall(compare_few(s, part_of(own, i, size), &n_tiles));
  for (HoleIndex i = own.first; i < own.end; i += size) {
    for (HoleIndex j = i + size; j < own.end; j += COLUMNS * size)
      PetscCall(add_tile(s, part_of(own, i, size), part_of(own, j, COLUMNS * size), &n_tiles));
  }
  PetscCall(compare_batch(s, n_tiles));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local. */
static PetscErrorCode compare_other(hole_sweep s, struct range own, struct range other)
{
  const HoleIndex size    = s->tile;
  int             n_tiles = 0;

  PetscFunctionBegin;
  for (HoleIndex j = other.first; j < other.end; j += COLUMNS * size) {
    for (HoleIndex i = own.first; i < own.end; i += size)
      PetscCall(add_tile(s, part_of(own, i, size), part_of(other, j, COLUMNS * size), &n_tiles));
  }
  PetscCall(compare_batch(s, n_tiles));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: the tiles of one block. */
static PetscErrorCode compare_block(hole_sweep s, const struct hole_block *block)
{
  HoleDistances d   = s->d;
  struct range  own = {d->first, d->first}, other = {block->first, block->first + block->count};
  HoleIndex     end, begin;

  PetscFunctionBegin;
  PetscCall(hole_fault(d->comm, "pass_compare"));
  hole_ring_share(d, d->rank, block->owner, &end, &begin);
  own.end += end;
  other.first += begin;
  if (block->owner == d->rank) {
    PetscCall(hole_clumps_show(d, s->tiles, s->n_consumers, s->consumers));
    PetscCall(compare_own(s, own));
  } else PetscCall(compare_other(s, own, other));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local. */
static PetscErrorCode settle(hole_sweep s)
{
  PetscFunctionBegin;
  for (int c = 0; c < s->n_consumers; ++c) {
    if (s->consumers[c]->ops->settle) PetscCall(s->consumers[c]->ops->settle(s->consumers[c]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: what is known of a block by bounds is decided. */
static PetscErrorCode settle_block(hole_sweep s, const struct hole_block *block, PetscMPIInt from)
{
  PetscFunctionBegin;
  for (int c = 0; c < s->n_consumers; ++c) {
    if (s->consumers[c]->ops->agree) PetscCall(s->consumers[c]->ops->agree(s->consumers[c], block, from));
  }
  HoleCallAgreed(s->d->comm, settle(s)); /* local */
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective. */
static PetscErrorCode visit_block(hole_sweep s, const struct hole_block *block, PetscMPIInt step)
{
  const PetscMPIInt from = (s->d->rank + s->d->size - step) % s->d->size;

  PetscFunctionBegin;
  HoleCallAgreed(s->d->comm, hole_tiles_set_block(s->tiles, block));
  if (s->shadows) PetscCall(hole_tiles_exchange_shadows(s->tiles, from));
  for (int c = 0; c < s->n_consumers; ++c) {
    if (s->consumers[c]->ops->begin_block) PetscCall(s->consumers[c]->ops->begin_block(s->consumers[c], block, from));
  }
  HoleCallAgreed(s->d->comm, compare_block(s, block));
  if (step || s->d->size == 1) PetscCall(settle_block(s, block, from)); /* our own points stay, others come */
  for (int c = 0; c < s->n_consumers; ++c) {
    if (s->consumers[c]->ops->end_block) PetscCall(s->consumers[c]->ops->end_block(s->consumers[c], block, from));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local. */
static PetscErrorCode allocate_workers(hole_sweep s)
{
  const HoleIndex size = s->tile;

  PetscFunctionBegin;
  PetscCall(hole_fault(s->d->comm, "pass_allocate"));
  PetscCall(PetscCalloc1(s->n_threads, &s->workers));
  for (int w = 0; w < s->n_threads; ++w) {
    s->workers[w].tile.stride = COLUMNS * size;
    s->workers[w].patience    = 1;
    PetscCall(PetscMalloc1(COLUMNS * size * size, &s->workers[w].tile.low));
    hole_huge_pages(s->workers[w].tile.low, (size_t)(COLUMNS * size * size) * sizeof(float));
    PetscCall(PetscMalloc1(PetscMin(size, ROWS_AT_ONCE) * COLUMNS * size, &s->workers[w].candidates));
    PetscCall(PetscMalloc1(ROWS_AT_ONCE * n_words(&s->workers[w].tile), &s->workers[w].refined));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A block of columns of stored rows. */
static struct hole_block block_of(HoleDistances d, PetscMPIInt owner)
{
  return (struct hole_block){owner, hole_block_first(d->n, d->size, owner), hole_block_count(d->n, d->size, owner),
                             d->rows, NULL};
}

/* Collective: points travel; stored rows stay where they are, and only the pairing is the same. */
PetscErrorCode hole_sweep_run(hole_sweep s)
{
  const PetscMPIInt n_steps = s->n_consumers ? s->d->size / 2 + 1 : 0;
  hole_ring         ring    = NULL;
  PetscErrorCode    visited = PETSC_SUCCESS;
  struct hole_block block;

  PetscFunctionBegin;
  if (n_steps && !hole_distances_stored(s->d)) PetscCall(hole_ring_create(s->d, n_steps, &ring));
  for (PetscMPIInt step = 0; step < n_steps && !visited; ++step) {
    if (ring) PetscCall(hole_ring_next(ring, &block));
    else block = block_of(s->d, (s->d->rank + step) % s->d->size);
    visited = visit_block(s, &block, step);
  }
  PetscCall(hole_ring_destroy(&ring));
  PetscCall(visited);
  for (int c = 0; c < s->n_consumers; ++c) {
    if (s->consumers[c]->ops->finish) PetscCall(s->consumers[c]->ops->finish(s->consumers[c]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

hole_tiles hole_sweep_tiles(hole_sweep s) { return s->tiles; }

hole_tiles hole_sweep_take_tiles(hole_sweep s)
{
  hole_tiles tiles = s->tiles;

  s->tiles = NULL;
  return tiles;
}

void hole_sweep_add(hole_sweep s, struct hole_consumer *consumer)
{
  s->consumers[s->n_consumers++] = consumer;
  s->shadows                     = (PetscBool)(s->shadows && consumer->ops->cut);
}

static PetscErrorCode set_up(hole_sweep s, HoleIndex n_axes)
{
  PetscFunctionBegin;
  PetscCall(hole_tiles_create(s->d, n_axes, &s->tiles));
  HoleCallAgreed(s->d->comm, allocate_workers(s)); /* local */
  s->shadows = hole_tiles_have_shadows(s->tiles);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_sweep_create(HoleDistances d, HoleIndex tile, HoleIndex n_axes, PetscBool insist, hole_sweep *sweep)
{
  PetscErrorCode made;

  PetscFunctionBegin;
  PetscCall(PetscNew(sweep));
  (*sweep)->d         = d;
  (*sweep)->tile      = tile;
  (*sweep)->insist    = insist;
  (*sweep)->n_threads = hole_threads();
  made                = set_up(*sweep, n_axes);
  if (made) PetscCall(hole_sweep_destroy(sweep));
  PetscCall(made);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_sweep_destroy(hole_sweep *sweep)
{
  hole_sweep s = *sweep;

  PetscFunctionBegin;
  if (!s) PetscFunctionReturn(PETSC_SUCCESS);
  for (int t = 0; s->workers && t < s->n_threads; ++t) {
    PetscCall(PetscFree(s->workers[t].tile.low));
    PetscCall(PetscFree(s->workers[t].candidates));
    PetscCall(PetscFree(s->workers[t].refined));
  }
  PetscCall(PetscFree(s->workers));
  PetscCall(hole_tiles_destroy(&s->tiles));
  PetscCall(PetscFree(s));
  *sweep = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

double hole_sweep_predict_bytes(HoleIndex n)
{
  return hole_threads() * (double)PetscMin(n, HOLE_TILE) * (double)PetscMin(n, COLUMNS * HOLE_TILE) *
         (sizeof(float) + 1); /* few candidates */
}
