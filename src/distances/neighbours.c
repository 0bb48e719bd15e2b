/* Lists of nearest points. Every point has room for a few times k candidates, known by their bounds. The k-th smallest upper
   bound so far is the cut for what is still to come; when the room is full, candidates whose lower bound exceeds it go, and if that
   is not enough their lengths are computed.

   Points of a block from another rank get lists too. They begin with the upper bounds that their owner has met so far; when the block
   leaves, those that were met here go to the owner, the cut of both comes back, and then the k best go with their lengths. So about as
   few lengths are computed as by one rank. */
#include "neighbours.h"

#include "../core/block.h"
#include "../core/cast.h"
#include "../core/fault.h"
#include "../core/pages.h"
#include "../core/sort.h"
#include <hole/hole_error.h>
#include <math.h>

#define UNKNOWN (-1.0)

enum { ROOM_A_NEIGHBOUR = 2, LEAST_ROOM = 16, MOST_INSERTED = 64 };

struct entry {
  double   length; /* or UNKNOWN */
  float    low, high;
  uint32_t id;
};

/* What travels to the owner of a point. */
struct found {
  double   length;
  uint32_t id; /* the point itself where there is none */
};

/* The lists of some points that follow each other. */
struct lists {
  HoleIndex     first, count;
  struct entry *entries; /* [count, room] */
  int32_t      *used;    /* [count] */
  float        *highs;   /* [count, k] the k smallest upper bounds met so far, the largest first (a heap) */
  int32_t      *filled;  /* [count] of them */
  float        *cuts;    /* [count] nothing above it is of interest */
};

struct neighbours {
  struct hole_consumer base;
  HoleIndex            k, room, most; /* most: points of the largest block */
  struct lists         own, other;
  PetscBool            own_block; /* the block at hand is our own */
  HoleIndex           *unknown;   /* [room] */
  double              *lengths;   /* [room] of the unknown ones */
  struct found        *outgoing, *incoming;
  MPI_Datatype         found, highs; /* k of a point */
};

static int by_length(const void *a, const void *b)
{
  const struct entry *e = a, *f = b;

  if (e->length != f->length) return e->length < f->length ? -1 : 1;
  return (e->id > f->id) - (e->id < f->id);
}

/* Lists are short and often nearly in order: they are sorted by insertion, which calls nothing. */
static void sort_entries(HoleIndex n, struct entry entries[])
{
  if (n > MOST_INSERTED) {
    hole_sort(entries, n, sizeof(*entries), by_length);
    return;
  }
  for (HoleIndex e = 1; e < n; ++e) {
    const struct entry moved = entries[e];
    HoleIndex          place = e;

    for (; place > 0 && by_length(&moved, &entries[place - 1]) < 0; --place) entries[place] = entries[place - 1];
    entries[place] = moved;
  }
}

/* The largest of a heap gives way to `high`, which sinks to its place [Williams 1964]. */
static void replace_largest(HoleIndex n, float heap[], float high)
{
  HoleIndex place = 0;

  for (HoleIndex below = 1; below < n; below = 2 * place + 1) {
    if (below + 1 < n && heap[below + 1] > heap[below]) ++below;
    if (heap[below] <= high) break;
    heap[place] = heap[below];
    place       = below;
  }
  heap[place] = high;
}

/* A heap grows by `high`, which rises to its place. */
static void insert(HoleIndex n, float heap[], float high)
{
  HoleIndex place = n;

  for (; place > 0 && heap[(place - 1) / 2] < high; place = (place - 1) / 2) heap[place] = heap[(place - 1) / 2];
  heap[place] = high;
}

/* An upper bound was met for point p: with k of them, the largest of the k smallest is a cut. */
static void lower_cut(const struct neighbours *nb, struct lists *lists, HoleIndex p, float high)
{
  float *heap = lists->highs + p * nb->k;

  if (lists->filled[p] < nb->k) insert(lists->filled[p]++, heap, high);
  else if (high < heap[0]) replace_largest(nb->k, heap, high);
  if (lists->filled[p] == nb->k) lists->cuts[p] = fminf(lists->cuts[p], heap[0]);
}

/* Drop what cannot be among the k nearest of point p of the lists, by bounds. */
static void prune(const struct neighbours *nb, struct lists *lists, HoleIndex p)
{
  struct entry *entries = lists->entries + p * nb->room;
  int32_t       n_kept  = 0;

  for (int32_t e = 0; e < lists->used[p]; ++e) {
    if (entries[e].low <= lists->cuts[p]) entries[n_kept++] = entries[e];
  }
  lists->used[p] = n_kept;
}

static PetscBool is_own(const struct neighbours *nb, uint32_t id)
{
  return (PetscBool)(id >= nb->own.first && id < nb->own.first + nb->own.count);
}

/* The length of own point p and `found`, another own one or one of the block at hand, is that of `found` and p: two points are often
   among each other's nearest. */
static void tell(struct neighbours *nb, HoleIndex p, const struct entry *found)
{
  struct lists   *lists   = is_own(nb, found->id) ? &nb->own : &nb->other;
  const HoleIndex other   = found->id - lists->first;
  struct entry   *entries = lists->entries + other * nb->room;

  for (int32_t e = 0; e < lists->used[other]; ++e) {
    if (entries[e].id != nb->own.first + p) continue;
    entries[e].length = found->length;
    entries[e].low    = found->low;
    entries[e].high   = found->high;
    return;
  }
}

/* Local: the lengths that are not known yet of the candidates of point p, all of which are in the block at hand or our own. */
static void compute_lengths(struct neighbours *nb, struct lists *lists, HoleIndex p)
{
  hole_tiles      tiles     = nb->base.tiles;
  struct entry   *entries   = lists->entries + p * nb->room;
  const HoleIndex self      = lists->first + p;
  HoleIndex       n_unknown = 0;

  for (int32_t e = 0; e < lists->used[p]; ++e) {
    if (entries[e].length == UNKNOWN) nb->unknown[n_unknown++] = entries[e].id;
  }
  if (lists == &nb->own) hole_tiles_lengths_from_own(tiles, self, n_unknown, nb->unknown, nb->lengths);
  else hole_tiles_lengths_from_block(tiles, self, n_unknown, nb->unknown, nb->lengths);
  n_unknown = 0;
  for (int32_t e = 0; e < lists->used[p]; ++e) {
    if (entries[e].length != UNKNOWN) continue;
    entries[e].length = nb->lengths[n_unknown++];
    entries[e].low    = hole_tiles_measure_below(tiles, entries[e].length);
    entries[e].high   = hole_tiles_measure_above(tiles, entries[e].length);
    if (lists == &nb->own) tell(nb, p, &entries[e]);
  }
}

/* Keep the k best of point p, by their lengths. */
static void decide(struct neighbours *nb, struct lists *lists, HoleIndex p)
{
  struct entry *entries = lists->entries + p * nb->room;

  compute_lengths(nb, lists, p);
  sort_entries(lists->used[p], entries);
  lists->used[p] = (int32_t)PetscMin(lists->used[p], nb->k);
  if (lists->used[p] == nb->k) lists->cuts[p] = fminf(lists->cuts[p], entries[nb->k - 1].high);
}

/* A candidate whose upper bound has been met. */
static void add(struct neighbours *nb, struct lists *lists, HoleIndex p, struct entry entry)
{
  if (entry.low > lists->cuts[p]) return;
  lists->entries[p * nb->room + lists->used[p]++] = entry;
  if (lists->used[p] < nb->room) return;
  prune(nb, lists, p);
  if (2 * (lists->used[p] - nb->k) > nb->room - nb->k) decide(nb, lists, p);
}

static void meet(struct neighbours *nb, struct lists *lists, HoleIndex p, struct entry entry)
{
  if (entry.low > lists->cuts[p]) return;
  lower_cut(nb, lists, p, entry.high);
  add(nb, lists, p, entry);
}

/* The k nearest of a point are no farther than the k nearest in its clump. The heap is empty, and is so again. */
static PetscErrorCode hint(struct hole_consumer *consumer, const struct hole_clump *clump)
{
  struct neighbours *nb = (struct neighbours *)consumer;

  PetscFunctionBegin;
  for (HoleIndex a = 0; clump && a < clump->n; ++a) {
    const HoleIndex p = clump->ids[a] - nb->own.first;

    for (HoleIndex b = 0; b < clump->n; ++b) {
      if (b != a) lower_cut(nb, &nb->own, p, clump->high[a * clump->n + b]);
    }
    nb->own.filled[p] = 0;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void cut(const struct hole_consumer *consumer, const struct hole_tile *tile, HoleIndex i, float *row,
                const float *columns[])
{
  const struct neighbours *nb    = (const struct neighbours *)consumer;
  const struct lists      *other = nb->own_block ? &nb->own : &nb->other;

  *row     = nb->own.cuts[i - nb->own.first];
  *columns = other->cuts + (tile->j - other->first);
}

static PetscErrorCode take(struct hole_consumer *consumer, HoleIndex n, const struct hole_candidate candidates[])
{
  struct neighbours *nb    = (struct neighbours *)consumer;
  struct lists      *other = nb->own_block ? &nb->own : &nb->other;

  PetscFunctionBegin;
  for (HoleIndex c = 0; c < n; ++c) {
    const struct hole_candidate *e = &candidates[c];

    meet(nb, &nb->own, e->i - nb->own.first, (struct entry){UNKNOWN, e->low, e->high, e->j});
    meet(nb, other, e->j - other->first, (struct entry){UNKNOWN, e->low, e->high, e->i});
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: values of our own points go to the rank that compares its points with them, those of the points of a block come from their
   owner; or the other way round. */
static PetscErrorCode exchange(const struct neighbours *nb, MPI_Datatype type, PetscMPIInt to, HoleIndex n_out,
                               const void *out, PetscMPIInt from, HoleIndex n_in, void *in)
{
  PetscMPIInt n_sent, n_received;

  PetscFunctionBegin;
  PetscCall(hole_mpi_int(n_out, &n_sent));
  PetscCall(hole_mpi_int(n_in, &n_received));
  PetscCallMPI(
      MPI_Sendrecv(out, n_sent, type, to, 0, in, n_received, type, from, 0, nb->base.d->comm, MPI_STATUS_IGNORE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: what the owner has met so far is a start for the points of a block. */
static PetscErrorCode begin_block(struct hole_consumer *consumer, const struct hole_block *block, PetscMPIInt from)
{
  struct neighbours *nb    = (struct neighbours *)consumer;
  const HoleIndex    n_own = nb->own.count, n_other = block->count;
  const PetscMPIInt  owner = block->owner;

  PetscFunctionBegin;
  nb->own_block = (PetscBool)(owner == nb->base.d->rank);
  if (nb->own_block) PetscFunctionReturn(PETSC_SUCCESS);
  nb->other.first = block->first;
  nb->other.count = n_other;
  PetscCall(PetscArrayzero(nb->other.used, n_other));
  PetscCall(exchange(nb, MPI_FLOAT, from, n_own, nb->own.cuts, owner, n_other, nb->other.cuts));
  PetscCall(exchange(nb, MPI_INT32_T, from, n_own, nb->own.filled, owner, n_other, nb->other.filled));
  PetscCall(exchange(nb, nb->highs, from, n_own, nb->own.highs, owner, n_other, nb->other.highs));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The k smallest upper bounds of the candidates of every point, from those that have not been met by its owner; infinite where there are
   fewer. */
static void list_highs(const struct neighbours *nb, const struct lists *lists, float highs[])
{
  for (HoleIndex p = 0; p < lists->count; ++p) {
    float    *heap   = highs + p * nb->k;
    HoleIndex filled = 0;

    for (int32_t e = 0; e < lists->used[p]; ++e) {
      const float high = lists->entries[p * nb->room + e].high;

      if (filled < nb->k) insert(filled++, heap, high);
      else if (high < heap[0]) replace_largest(nb->k, heap, high);
    }
    for (; filled < nb->k; ++filled) heap[filled] = INFINITY;
  }
}

static void meet_highs(const struct neighbours *nb, struct lists *lists, const float highs[])
{
  for (HoleIndex p = 0; p < lists->count; ++p) {
    for (HoleIndex e = 0; e < nb->k; ++e) {
      if (highs[p * nb->k + e] < INFINITY) lower_cut(nb, lists, p, highs[p * nb->k + e]);
    }
  }
}

/* Collective: both ranks that met a point learn its cut. */
static PetscErrorCode agree(struct hole_consumer *consumer, const struct hole_block *block, PetscMPIInt from)
{
  struct neighbours *nb    = (struct neighbours *)consumer;
  const HoleIndex    n_own = nb->own.count, n_other = nb->other.count;
  float *sent = (float *)(void *)nb->outgoing, *received = (float *)(void *)nb->incoming; /* not in use yet */

  PetscFunctionBegin;
  if (nb->own_block) PetscFunctionReturn(PETSC_SUCCESS);
  for (HoleIndex p = 0; p < n_other; ++p) prune(nb, &nb->other, p);
  list_highs(nb, &nb->other, sent);
  PetscCall(exchange(nb, nb->highs, block->owner, n_other, sent, from, n_own, received));
  meet_highs(nb, &nb->own, received);
  PetscCall(exchange(nb, MPI_FLOAT, from, n_own, nb->own.cuts, block->owner, n_other, nb->other.cuts));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void decide_all(struct neighbours *nb, struct lists *lists)
{
  for (HoleIndex p = 0; p < lists->count; ++p) prune(nb, lists, p);
  for (HoleIndex p = 0; p < lists->count; ++p) decide(nb, lists, p);
}

static PetscErrorCode settle(struct hole_consumer *consumer)
{
  struct neighbours *nb = (struct neighbours *)consumer;

  PetscFunctionBegin;
  decide_all(nb, &nb->own);
  if (!nb->own_block) decide_all(nb, &nb->other);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void pack(const struct neighbours *nb, const struct lists *lists, struct found out[])
{
  for (HoleIndex p = 0; p < lists->count; ++p) {
    for (HoleIndex e = 0; e < nb->k; ++e) {
      const struct entry *entry = &lists->entries[p * nb->room + e];

      if (e < lists->used[p]) out[p * nb->k + e] = (struct found){entry->length, entry->id};
      else out[p * nb->k + e] = (struct found){INFINITY, (uint32_t)(lists->first + p)};
    }
  }
}

static void unpack(struct neighbours *nb, const struct found in[])
{
  for (HoleIndex p = 0; p < nb->own.count; ++p) {
    for (HoleIndex e = 0; e < nb->k; ++e) {
      const struct found *f = &in[p * nb->k + e];

      if (f->id == nb->own.first + p) continue;
      add(nb, &nb->own, p,
          (struct entry){f->length, hole_tiles_measure_below(nb->base.tiles, f->length),
                         hole_tiles_measure_above(nb->base.tiles, f->length), f->id});
    }
  }
}

/* Collective: what was found for the block goes to its owner. */
static PetscErrorCode end_block(struct hole_consumer *consumer, const struct hole_block *block, PetscMPIInt from)
{
  struct neighbours *nb = (struct neighbours *)consumer;

  PetscFunctionBegin;
  if (nb->own_block) PetscFunctionReturn(PETSC_SUCCESS);
  pack(nb, &nb->other, nb->outgoing);
  PetscCall(exchange(nb, nb->found, block->owner, block->count, nb->outgoing, from, nb->own.count, nb->incoming));
  unpack(nb, nb->incoming);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Nothing is left but what other ranks sent, with lengths. */
static PetscErrorCode finish(struct hole_consumer *consumer)
{
  struct neighbours *nb = (struct neighbours *)consumer;

  PetscFunctionBegin;
  decide_all(nb, &nb->own);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_neighbours_get(struct hole_consumer *consumer, HoleIndex *ids[], double *lengths[])
{
  struct neighbours *nb = (struct neighbours *)consumer;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(nb->own.count * nb->k, ids));
  PetscCall(PetscMalloc1(nb->own.count * nb->k, lengths));
  for (HoleIndex p = 0; p < nb->own.count; ++p) {
    for (HoleIndex e = 0; e < nb->k; ++e) {
      (*ids)[p * nb->k + e]     = nb->own.entries[p * nb->room + e].id;
      (*lengths)[p * nb->k + e] = nb->own.entries[p * nb->room + e].length;
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode free_lists(struct lists *lists)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(lists->entries));
  PetscCall(PetscFree(lists->used));
  PetscCall(PetscFree(lists->highs));
  PetscCall(PetscFree(lists->filled));
  PetscCall(PetscFree(lists->cuts));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode destroy(struct hole_consumer *consumer)
{
  struct neighbours *nb = (struct neighbours *)consumer;

  PetscFunctionBegin;
  PetscCall(free_lists(&nb->own));
  PetscCall(free_lists(&nb->other));
  PetscCall(PetscFree2(nb->unknown, nb->lengths));
  PetscCall(PetscFree(nb->outgoing));
  PetscCall(PetscFree(nb->incoming));
  if (nb->found != MPI_DATATYPE_NULL) PetscCallMPI(MPI_Type_free(&nb->found));
  if (nb->highs != MPI_DATATYPE_NULL) PetscCallMPI(MPI_Type_free(&nb->highs));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const struct hole_consumer_ops neighbours_ops = {.begin_block = begin_block,
                                                        .hint        = hint,
                                                        .cut         = cut,
                                                        .take        = take,
                                                        .agree       = agree,
                                                        .settle      = settle,
                                                        .end_block   = end_block,
                                                        .finish      = finish,
                                                        .destroy     = destroy};

static PetscErrorCode allocate_lists(const struct neighbours *nb, HoleIndex count, struct lists *lists)
{
  PetscFunctionBegin;
  PetscCall(PetscMalloc1(count * nb->room, &lists->entries));
  hole_huge_pages(lists->entries, (size_t)(count * nb->room) * sizeof(*lists->entries));
  PetscCall(PetscCalloc1(count, &lists->used));
  PetscCall(PetscMalloc1(count * nb->k, &lists->highs));
  PetscCall(PetscCalloc1(count, &lists->filled));
  PetscCall(PetscMalloc1(count, &lists->cuts));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local. */
static PetscErrorCode allocate(struct neighbours *nb)
{
  HoleDistances d = nb->base.d;

  PetscFunctionBegin;
  PetscCall(hole_fault(d->comm, "neighbours_allocate"));
  PetscCall(allocate_lists(nb, d->n_local, &nb->own));
  nb->own.first = d->first;
  nb->own.count = d->n_local;
  for (HoleIndex p = 0; p < d->n_local; ++p) nb->own.cuts[p] = INFINITY;
  PetscCall(PetscMalloc2(nb->room, &nb->unknown, nb->room, &nb->lengths));
  if (d->size == 1) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(allocate_lists(nb, nb->most, &nb->other));
  PetscCall(PetscMalloc1(nb->most * nb->k, &nb->outgoing));
  PetscCall(PetscMalloc1(d->n_local * nb->k, &nb->incoming));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static HoleIndex room_for(HoleIndex k) { return ROOM_A_NEIGHBOUR * k + LEAST_ROOM; }

PetscErrorCode hole_neighbours_create(HoleDistances d, hole_tiles tiles, HoleIndex k, struct hole_consumer **neighbours)
{
  struct neighbours *nb;
  PetscMPIInt        n_values, n_bytes;

  PetscFunctionBegin;
  PetscCall(PetscNew(&nb));
  *neighbours = &nb->base;
  nb->base    = (struct hole_consumer){&neighbours_ops, d, tiles};
  nb->k       = k;
  nb->room    = room_for(k);
  nb->most    = hole_block_count(d->n, d->size, 0);
  nb->found = nb->highs = MPI_DATATYPE_NULL;
  HoleCallAgreed(d->comm, allocate(nb));
  PetscCall(hole_mpi_int(k * (HoleIndex)sizeof(struct found), &n_bytes));
  PetscCallMPI(MPI_Type_contiguous(n_bytes, MPI_BYTE, &nb->found));
  PetscCallMPI(MPI_Type_commit(&nb->found));
  PetscCall(hole_mpi_int(k, &n_values));
  PetscCallMPI(MPI_Type_contiguous(n_values, MPI_FLOAT, &nb->highs));
  PetscCallMPI(MPI_Type_commit(&nb->highs));
  PetscFunctionReturn(PETSC_SUCCESS);
}

double hole_neighbours_predict_bytes(HoleIndex n, HoleIndex k, PetscMPIInt size)
{
  const double a_point = (double)(room_for(k) * (HoleIndex)sizeof(struct entry) + 4 * k + 12);
  const double sent    = (double)(2 * k * (HoleIndex)sizeof(struct found));
  const double result  = (double)(k * (HoleIndex)(sizeof(HoleIndex) + sizeof(double)));

  return (double)hole_block_count(n, size, 0) * (result + (size > 1 ? 2 * a_point + sent : a_point));
}
