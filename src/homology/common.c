/* Vertices that are adjacent to several: rows side by side where they are dense. Where they are sparse all but the last are spread out over
   all vertices, so that one pass over the last tells; they often stay for the next question. */
#include "ranks16.h"
#include "skeleton.h"

PetscErrorCode hole_common_create(hole_skeleton s, struct hole_common *common)
{
  const int n_spread = s->rows ? 0 : HOLE_MOST_SPREAD;

  PetscFunctionBegin;
  *common = (struct hole_common){0};
  PetscCall(PetscMalloc1((5 + n_spread) * s->stride, &common->room));
  common->vertices = common->room;
  for (int o = 0; o < 4; ++o) common->ranks[o] = common->room + (o + 1) * s->stride;
  for (int o = 0; o < n_spread; ++o) {
    common->spread[o]    = common->room + (o + 5) * s->stride;
    common->spread_of[o] = HOLE_NO_EDGE;
    for (HoleIndex v = 0; v < s->n; ++v) common->spread[o][v] = HOLE_NO_EDGE;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_common_destroy(struct hole_common *common)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(common->room));
  PetscFunctionReturn(PETSC_SUCCESS);
}

#define AT(row) (*(const ranks16 *)((row) + b))

/* Places k where the last of the edges is in [low, high). */
#define SCAN(n_rows) \
  do { \
    for (HoleIndex b = 0; b < stride; b += HOLE_RANK_LANES) { \
      ranks16 last = AT(rows[0]); \
      for (int o = 1; o < (n_rows); ++o) last = LATER16(last, AT(rows[o])); \
      if (!ANY16((mask16)(last - from < span))) continue; \
      for (uint32_t k = 0; k < HOLE_RANK_LANES; ++k) { \
        found[n] = (uint32_t)b + k; \
        n += last[k] - low < high - low; \
      } \
    } \
  } while (0)

/* `found` has room for a row. */
HOLE_CLONES
static HoleIndex scan_rows(HoleIndex stride, int n_rows, const uint32_t *const rows[], uint32_t low, uint32_t high,
                           uint32_t found[])
{
  const ranks16 from = low - (ranks16){0}, span = (high - low) - (ranks16){0};
  HoleIndex     n = 0;

  if (n_rows == 2) SCAN(2);
  else if (n_rows == 3) SCAN(3);
  else SCAN(4);
  return n;
}

static void common_dense(hole_skeleton s, int n_others, const uint32_t others[], uint32_t low, uint32_t high,
                         struct hole_common *common)
{
  const uint32_t *rows[4] = {NULL};

  for (int o = 0; o < n_others; ++o) rows[o] = hole_skeleton_row(s, others[o]);
  common->n = scan_rows(s->stride, n_others, rows, low, high, common->vertices);
  for (int o = 0; o < n_others; ++o) {
    for (HoleIndex c = 0; c < common->n; ++c) common->ranks[o][c] = rows[o][common->vertices[c]];
  }
}

static void spread(hole_skeleton s, int o, uint32_t vertex, struct hole_common *common)
{
  uint32_t *const to = common->spread[o], old = common->spread_of[o];

  if (vertex == old) return;
  if (old != HOLE_NO_EDGE) {
    for (uint64_t p = s->starts[old]; p < s->starts[old + 1]; ++p) to[s->neighbours[p].vertex] = HOLE_NO_EDGE;
  }
  for (uint64_t p = s->starts[vertex]; p < s->starts[vertex + 1]; ++p)
    to[s->neighbours[p].vertex] = s->neighbours[p].rank;
  common->spread_of[o] = vertex;
}

/* Neighbours of `last` that `n_spread` others have, too. No branches: they would be guessed wrong. */
static inline void scan_row(hole_skeleton s, uint32_t last, int n_spread, uint32_t low, uint32_t high,
                            struct hole_common *common)
{
  const struct hole_neighbour *row   = s->neighbours + s->starts[last];
  const HoleIndex              n_row = (HoleIndex)(s->starts[last + 1] - s->starts[last]);
  HoleIndex                    n     = 0;

  for (HoleIndex p = 0; p < n_row; ++p) {
    const uint32_t v     = row[p].vertex;
    uint32_t       later = row[p].rank;

    common->vertices[n]        = v;
    common->ranks[n_spread][n] = later;
    for (int o = 0; o < n_spread; ++o) {
      const uint32_t rank = common->spread[o][v];

      common->ranks[o][n] = rank;
      later               = PetscMax(later, rank);
    }
    n += later - low < high - low;
  }
  common->n = n;
}

static void common_sparse(hole_skeleton s, int n_others, const uint32_t others[], uint32_t low, uint32_t high,
                          struct hole_common *common)
{
  for (int o = 0; o < n_others - 1; ++o) spread(s, o, others[o], common);
  if (n_others == 2) scan_row(s, others[1], 1, low, high, common);
  else if (n_others == 3) scan_row(s, others[2], 2, low, high, common);
  else scan_row(s, others[3], 3, low, high, common);
}

void hole_skeleton_common(hole_skeleton s, int n_others, const uint32_t others[], uint32_t low, uint32_t high,
                          struct hole_common *common)
{
  if (s->rows) common_dense(s, n_others, others, low, high, common);
  else common_sparse(s, n_others, others, low, high, common);
}

uint32_t hole_common_rank(hole_skeleton s, const struct hole_common *common, int o, uint32_t other, uint32_t v)
{
  return s->rows ? hole_skeleton_row(s, other)[v] : common->spread[o][v];
}

HOLE_CLONES
static uint32_t first_in_rows(HoleIndex stride, const uint32_t p[], const uint32_t q[], uint32_t high,
                              const uint32_t r[], const uint32_t s[], uint32_t high_more)
{
  const ranks16 bar = high - (ranks16){0}, bar_more = high_more - (ranks16){0};

  for (HoleIndex b = 0; b < stride; b += HOLE_RANK_LANES) {
    mask16 inside =
        (mask16)(AT(p) < bar) & (mask16)(AT(q) < bar) & (mask16)(AT(r) < bar_more) & (mask16)(AT(s) < bar_more);

    if (!ANY16(inside)) continue;
    for (uint32_t k = 0; k < HOLE_RANK_LANES; ++k) {
      if (inside[k]) return (uint32_t)b + k;
    }
  }
  return HOLE_NO_EDGE;
}

uint32_t hole_skeleton_first_common(hole_skeleton s, const uint32_t others[2], uint32_t high, const uint32_t more[2],
                                    uint32_t high_more)
{
  if (s->rows)
    return first_in_rows(s->stride, hole_skeleton_row(s, others[0]), hole_skeleton_row(s, others[1]), high,
                         hole_skeleton_row(s, more[0]), hole_skeleton_row(s, more[1]), high_more);
  for (uint64_t p = s->starts[more[0]]; p < s->starts[more[0] + 1]; ++p) {
    const uint32_t k = s->neighbours[p].vertex;

    if (s->neighbours[p].rank < high_more && hole_skeleton_rank(s, more[1], k) < high_more &&
        hole_skeleton_rank(s, others[0], k) < high && hole_skeleton_rank(s, others[1], k) < high)
      return k;
  }
  return HOLE_NO_EDGE;
}

/* The least of the later of both edges, over places below n. */
HOLE_CLONES
static uint32_t least_later(HoleIndex stride, const uint32_t p[], const uint32_t q[])
{
  ranks16  least  = HOLE_NO_EDGE - (ranks16){0};
  uint32_t result = HOLE_NO_EDGE;

  for (HoleIndex b = 0; b < stride; b += HOLE_RANK_LANES) {
    const ranks16 later = LATER16(AT(p), AT(q));
    const mask16  less  = (mask16)(later < least);

    least = (ranks16)(((mask16)later & less) | ((mask16)least & ~less));
  }
  for (int lane = 0; lane < HOLE_RANK_LANES; ++lane) result = PetscMin(result, least[lane]);
  return result;
}

static uint32_t center_sparse(hole_skeleton s, uint32_t i, uint32_t j, uint32_t edge, struct hole_common *common)
{
  uint32_t center = HOLE_NO_EDGE, least = edge;

  spread(s, 0, i, common);
  for (uint64_t p = s->starts[j]; p < s->starts[j + 1]; ++p) {
    const uint32_t v = s->neighbours[p].vertex, later = PetscMax(s->neighbours[p].rank, common->spread[0][v]);

    center = later < least ? v : center;
    least  = later < least ? later : least;
  }
  return center;
}

uint32_t hole_skeleton_center(hole_skeleton s, uint32_t edge, struct hole_common *common)
{
  const uint32_t i = s->ends[edge][0], j = s->ends[edge][1];
  uint32_t       later;

  if (!s->rows) return center_sparse(s, i, j, edge, common);
  later = least_later(s->stride, hole_skeleton_row(s, i), hole_skeleton_row(s, j));
  if (later >= edge) return HOLE_NO_EDGE;
  return s->ends[later][0] == i || s->ends[later][0] == j ? s->ends[later][1] : s->ends[later][0];
}
