/* Every point's largest distance is first known between two bounds. Points whose lower one exceeds the smallest upper one are
   out; of the others, usually one or two, lowest first, the exact value is computed, until none can be smaller. */
#include "radius.h"

#include "../core/block.h"
#include "../core/cast.h"
#include "../core/fault.h"
#include "rows.h"
#include <hole/hole_error.h>
#include <math.h>

/* Bounds of the largest measure of each of some points: two floats a point. */
struct extent {
  float low, high;
};

struct radius {
  struct hole_consumer base;
  struct extent       *own, *other, *incoming; /* own [n_local], others [largest block] */
  HoleIndex            other_first;
  PetscBool            own_block;
  double              *point;   /* [point_stride] a point that all ranks look at */
  double              *lengths; /* [n_local] to it */
  double               value;
};

static PetscErrorCode begin_block(struct hole_consumer *consumer, const struct hole_block *block, PetscMPIInt from)
{
  struct radius *r = (struct radius *)consumer;

  PetscFunctionBegin;
  (void)from;
  r->own_block   = (PetscBool)(block->owner == r->base.d->rank);
  r->other_first = block->first;
  for (HoleIndex p = 0; p < block->count && !r->own_block; ++p) r->other[p] = (struct extent){0, 0};
  PetscFunctionReturn(PETSC_SUCCESS);
}

static inline void extend(struct extent *e, float low, float high)
{
  e->low  = low > e->low ? low : e->low;
  e->high = high > e->high ? high : e->high;
}

/* One row of a tile: extents of its columns, and its own. */
HOLE_CLONES
static void sweep_row(HoleIndex n, const float low[], float slack, const float slacks[], struct extent columns[],
                      struct extent *row)
{
  float most_low = 0, most_high = 0;

  for (HoleIndex b = 0; b < n; ++b) {
    const float high = hole_tile_high(low[b], slack, slacks[b]);

    most_low        = low[b] > most_low ? low[b] : most_low;
    most_high       = high > most_high ? high : most_high;
    columns[b].low  = low[b] > columns[b].low ? low[b] : columns[b].low;
    columns[b].high = high > columns[b].high ? high : columns[b].high;
  }
  extend(row, most_low, most_high);
}

static PetscErrorCode sweep(struct hole_consumer *consumer, const struct hole_tile *tile)
{
  struct radius *r     = (struct radius *)consumer;
  struct extent *other = r->own_block ? r->own + (tile->j - r->base.d->first) : r->other + (tile->j - r->other_first);

  PetscFunctionBegin;
  for (HoleIndex a = 0; a < tile->n_i; ++a) {
    const HoleIndex skip = tile->i == tile->j ? a + 1 : 0;

    if (skip >= tile->n_j) continue;
    sweep_row(tile->n_j - skip, tile->low + a * tile->stride + skip, tile->slack_i[a], tile->slack_j + skip,
              other + skip, &r->own[tile->i + a - r->base.d->first]);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: what was found for the block goes to its owner. */
static PetscErrorCode end_block(struct hole_consumer *consumer, const struct hole_block *block, PetscMPIInt from)
{
  struct radius *r = (struct radius *)consumer;
  PetscMPIInt    n_own, n_other;

  PetscFunctionBegin;
  if (r->own_block) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(hole_mpi_int(2 * r->base.d->n_local, &n_own));
  PetscCall(hole_mpi_int(2 * block->count, &n_other));
  PetscCallMPI(MPI_Sendrecv(r->other, n_other, MPI_FLOAT, block->owner, 0, r->incoming, n_own, MPI_FLOAT, from, 0,
                            r->base.d->comm, MPI_STATUS_IGNORE));
  for (HoleIndex p = 0; p < r->base.d->n_local; ++p) extend(&r->own[p], r->incoming[p].low, r->incoming[p].high);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: the exact largest distance of a point, to points of all ranks. */
static PetscErrorCode largest_distance(struct radius *r, HoleIndex i, double *largest)
{
  HoleDistances d = r->base.d;

  PetscFunctionBegin;
  PetscCall(hole_distances_from_point(d, i, r->point, r->lengths));
  *largest = 0;
  for (HoleIndex p = 0; p < d->n_local; ++p) *largest = PetscMax(*largest, r->lengths[p]);
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, largest, 1, MPI_DOUBLE, MPI_MAX, d->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: the point of least lower bound over all ranks; the smaller rank, then id, where they tie. */
static PetscErrorCode next_point(struct radius *r, float *low, HoleIndex *i)
{
  HoleDistances d = r->base.d;
  struct {
    float low;
    int   rank;
  } mine         = {INFINITY, d->rank}, least;
  HoleIndex best = -1;

  PetscFunctionBegin;
  for (HoleIndex p = 0; p < d->n_local; ++p) {
    if (r->own[p].low < mine.low) best = p;
    mine.low = fminf(mine.low, r->own[p].low);
  }
  PetscCallMPI(MPI_Allreduce(&mine, &least, 1, MPI_FLOAT_INT, MPI_MINLOC, d->comm));
  *low = least.low;
  *i   = d->first + best;
  if (least.rank == d->rank && best >= 0) r->own[best].low = INFINITY; /* looked at once */
  PetscCallMPI(MPI_Bcast(i, 1, HOLE_MPI_INDEX, least.rank, d->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective. */
static PetscErrorCode finish(struct hole_consumer *consumer)
{
  struct radius *r = (struct radius *)consumer;
  HoleIndex      i;
  double         largest;
  float          low;

  PetscFunctionBegin;
  r->value = r->base.d->n > 1 ? INFINITY : 0;
  while (r->base.d->n > 1) {
    PetscCall(next_point(r, &low, &i));
    if (low == INFINITY || low > hole_tiles_measure_above(r->base.tiles, r->value)) break; /* equal on all ranks */
    PetscCall(largest_distance(r, i, &largest));
    r->value = PetscMin(r->value, largest);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

double hole_radius_get(struct hole_consumer *consumer) { return ((struct radius *)consumer)->value; }

static PetscErrorCode destroy(struct hole_consumer *consumer)
{
  struct radius *r = (struct radius *)consumer;

  PetscFunctionBegin;
  PetscCall(PetscFree3(r->own, r->other, r->incoming));
  PetscCall(PetscFree2(r->point, r->lengths));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const struct hole_consumer_ops radius_ops = {
    .begin_block = begin_block, .sweep = sweep, .end_block = end_block, .finish = finish, .destroy = destroy};

/* Local. */
static PetscErrorCode allocate(struct radius *r)
{
  HoleDistances   d    = r->base.d;
  const HoleIndex most = d->size > 1 ? hole_block_count(d->n, d->size, 0) : 0;

  PetscFunctionBegin;
  PetscCall(hole_fault(d->comm, "radius_allocate"));
  PetscCall(PetscCalloc3(d->n_local, &r->own, most, &r->other, d->n_local, &r->incoming));
  PetscCall(PetscMalloc2(hole_distances_point_size(d), &r->point, d->n_local, &r->lengths));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_radius_create(HoleDistances d, hole_tiles tiles, struct hole_consumer **radius)
{
  struct radius *r;

  PetscFunctionBegin;
  PetscCall(PetscNew(&r));
  *radius = &r->base;
  r->base = (struct hole_consumer){&radius_ops, d, tiles};
  HoleCallAgreed(d->comm, allocate(r));
  PetscFunctionReturn(PETSC_SUCCESS);
}

double hole_radius_predict_bytes(HoleIndex n, PetscMPIInt size)
{
  return (double)hole_block_count(n, size, 0) *
         ((size > 1 ? 3 : 2) * (double)sizeof(struct extent) + (double)sizeof(double));
}
