/* A consumer of the pass keeps the bounds of its tiles in rows; when the pass is over they are mirrored. */
#include "bounds.h"

#include "../core/block.h"
#include "../core/fault.h"
#include "../core/threads.h"
#include "mirror.h"
#include <float.h>
#include <hole/hole_error.h>
#include <hole/hole_pass.h>
#include <math.h>

/* No measure that products bound is larger: norms are at most 1. */
#define MOST_MEASURE 4.

/* --- Rows that are stored */

/* Local. */
static PetscErrorCode borrow_rows(hole_bounds b)
{
  PetscFunctionBegin;
  b->exact             = PETSC_TRUE;
  b->kind              = b->d->single ? HOLE_BOUNDS_FLOATS : HOLE_BOUNDS_DOUBLES;
  b->value             = b->d->single ? sizeof(float) : sizeof(double);
  b->type              = hole_distances_type(b->d);
  b->rows              = b->d->single ? (char *)b->d->short_rows : (char *)b->d->rows;
  b->parts[b->d->rank] = b->rows;
  PetscCall(PetscCalloc1(b->stride, &b->slack));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* --- Rows of bounds */

static float *row_of(hole_bounds b, HoleIndex i) { return (float *)b->rows + (i - b->first) * b->stride; }

static int16_t *codes_of(hole_bounds b, HoleIndex i) { return (int16_t *)b->rows + (i - b->first) * b->stride; }

/* Local. */
static PetscErrorCode allocate_slack(hole_bounds b)
{
  PetscFunctionBegin;
  PetscCall(hole_fault(b->d->comm, "bounds_allocate"));
  PetscCall(PetscCalloc1(b->stride, &b->slack));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: what the rows will hold. Where products bound lengths the measures have a largest one, which codes need. Equal on all ranks. */
static PetscErrorCode choose_kind(hole_bounds b, double longest)
{
  PetscFunctionBegin;
  b->kind  = HOLE_BOUNDS_FLOATS;
  b->value = sizeof(float);
  b->type  = MPI_FLOAT;
  if (!hole_tiles_have_products(b->tiles)) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(hole_codes_create(PetscMin((double)hole_tiles_measure_above(b->tiles, longest), MOST_MEASURE), b->n,
                              b->slack, &b->codes));
  PetscCall(PetscFree(b->slack));
  b->kind  = HOLE_BOUNDS_CODES;
  b->value = sizeof(int16_t);
  b->type  = MPI_INT16_T;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: rows that the ranks of a node can read. */
static PetscErrorCode allocate_rows(hole_bounds b)
{
  PetscFunctionBegin;
  PetscCall(hole_shared_create_parts(b->d->comm, (size_t)(b->n_local * b->stride) * b->value, &b->shared_rows));
  for (PetscMPIInt r = 0; r < b->d->size; ++r) b->parts[r] = hole_shared_part(b->shared_rows, r);
  b->rows = b->parts[b->d->rank];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Of a point and itself, and beyond the last point. */
static void fill_ends(hole_bounds b)
{
  for (HoleIndex i = b->first; i < b->first + b->n_local; ++i) {
    if (b->kind == HOLE_BOUNDS_CODES) {
      codes_of(b, i)[i] = -HOLE_CODE_SHIFT;
      for (HoleIndex j = b->n; j < b->stride; ++j) codes_of(b, i)[j] = HOLE_MOST_CODE - HOLE_CODE_SHIFT;
    } else {
      row_of(b, i)[i] = 0;
      for (HoleIndex j = b->n; j < b->stride; ++j) row_of(b, i)[j] = INFINITY;
    }
  }
}

/* Local: a metric without products may overflow. */
static PetscErrorCode check_rows(hole_bounds b)
{
  PetscFunctionBegin;
  if (b->kind == HOLE_BOUNDS_CODES) PetscFunctionReturn(PETSC_SUCCESS);
  for (HoleIndex i = b->first; i < b->first + b->n_local; ++i) {
    const float *row = row_of(b, i);

    for (HoleIndex j = 0; j < b->n; ++j)
      PetscCheck(row[j] < FLT_MAX / 2 || hole_bounds_length(b, i, row, j) < INFINITY, PETSC_COMM_SELF, HOLE_ERR_INPUT,
                 "Layer %s, row %" HoleIndex_FMT " is too far from others: a distance overflows %s precision",
                 b->d->name, b->d->file_rows[i - b->first], b->d->single ? "single" : "double");
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: what the bounds of all points may fall short by. */
static PetscErrorCode gather_slack(hole_bounds b)
{
  PetscFunctionBegin;
  PetscCall(PetscArraycpy(b->slack + b->first, hole_tiles_slack(b->tiles), b->n_local));
  for (PetscMPIInt r = 0; r < b->d->size; ++r) {
    const HoleIndex first = hole_block_first(b->n, b->d->size, r), count = hole_block_count(b->n, b->d->size, r);

    PetscCallMPI(MPI_Bcast(b->slack + first, (PetscMPIInt)count, MPI_FLOAT, r, b->d->comm));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: where the points of each rank can be read on this node: in their place, or in a copy of all. */
static PetscErrorCode find_points(hole_bounds b)
{
  HoleDistances d     = b->d;
  const size_t  a_row = (size_t)d->point_stride * sizeof(double);

  PetscFunctionBegin;
  HoleCallAgreed(d->comm, PetscMalloc1(d->size, &b->points)); /* local */
  if (!d->shared->here) {
    PetscCall(hole_shared_create(d->comm, (size_t)d->n * a_row, &b->shared));
    memcpy(hole_shared_base(b->shared) + (size_t)d->first * a_row, d->points, (size_t)d->n_local * a_row);
    PetscCall(hole_shared_sync(b->shared));
  }
  for (PetscMPIInt r = 0; r < d->size; ++r) {
    const size_t first = (size_t)hole_block_first(d->n, d->size, r) * a_row;

    if (b->shared)
      PetscCall(hole_shared_broadcast(b->shared, r, first, (size_t)hole_block_count(d->n, d->size, r) * a_row));
    b->points[r] = (const double *)(const void *)(b->shared ? hole_shared_base(b->shared) + first
                                                            : hole_shared_part(d->shared->rows, r));
  }
  if (b->shared) PetscCall(hole_shared_sync(b->shared));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective. A copy of the points is written at once, so that what is left of shared memory is known for the rows. */
static PetscErrorCode prepare_rows(hole_bounds b, double longest)
{
  PetscFunctionBegin;
  PetscCall(find_points(b));
  HoleCallAgreed(b->d->comm, allocate_slack(b)); /* local */
  PetscCall(gather_slack(b));
  HoleCallAgreed(b->d->comm, choose_kind(b, longest)); /* local */
  PetscCall(allocate_rows(b));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* --- The object */

/* Collective. */
static PetscErrorCode create(HoleDistances d, hole_bounds *bounds)
{
  hole_bounds    b;
  PetscErrorCode allocated;

  PetscFunctionBegin;
  PetscCall(PetscNew(&b));
  b->d = d;
  PetscCall(HoleDistancesGetShape(d, &b->n, &b->stride, &b->first, &b->n_local));
  allocated = HoleErrorAgree(d->comm, PetscCalloc1(d->size, &b->parts));
  if (allocated) PetscCall(hole_bounds_destroy(&b));
  PetscCall(allocated);
  *bounds = b;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void find_reach(hole_bounds b)
{
  b->here = PETSC_TRUE;
  for (PetscMPIInt r = 0; r < b->d->size; ++r) b->here = (PetscBool)(b->here && b->parts[r]);
}

/* Collective: one pass for nothing else. */
static PetscErrorCode run_pass(HoleDistances d, double longest, hole_bounds *bounds)
{
  HolePass       pass;
  PetscErrorCode run;

  PetscFunctionBegin;
  PetscCall(HolePassCreate(d, &pass));
  hole_pass_want_bounds(pass, longest);
  run = HolePassRun(pass);
  if (!run) hole_pass_take_bounds(pass, bounds);
  PetscCall(HolePassDestroy(&pass));
  PetscCall(run);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_bounds_create(HoleDistances d, double longest, hole_bounds *bounds)
{
  PetscErrorCode borrowed;

  PetscFunctionBegin;
  *bounds = NULL;
  if (d->part) PetscCall(HoleDistancesStore(d)); /* shortest paths are found by rows */
  if (!hole_distances_stored(d)) {
    PetscCall(run_pass(d, longest, bounds));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(create(d, bounds));
  borrowed = HoleErrorAgree(d->comm, borrow_rows(*bounds));
  find_reach(*bounds);
  if (borrowed) PetscCall(hole_bounds_destroy(bounds));
  PetscCall(borrowed);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* --- The consumer */

struct keeper {
  struct hole_consumer base;
  hole_bounds          bounds;
};

/* The bounds of row a of a tile, in the row of its own point. On the diagonal only those above it count. */
static void keep_row(hole_bounds b, const struct hole_tile *tile, HoleIndex a)
{
  const HoleIndex skip = tile->i == tile->j ? PetscMin(a + 1, tile->n_j) : 0, n = tile->n_j - skip;
  const float    *low = tile->low + a * tile->stride + skip;

  if (b->kind == HOLE_BOUNDS_CODES) hole_codes_encode(&b->codes, n, low, codes_of(b, tile->i + a) + tile->j + skip);
  else memcpy(row_of(b, tile->i + a) + tile->j + skip, low, (size_t)n * sizeof(*low));
}

static PetscErrorCode sweep(struct hole_consumer *consumer, const struct hole_tile *tile)
{
  const hole_bounds b = ((struct keeper *)consumer)->bounds;

  PetscFunctionBegin;
#pragma omp parallel for num_threads(hole_threads()) schedule(static)
  for (HoleIndex a = 0; a < tile->n_i; ++a) keep_row(b, tile, a);
  PetscFunctionReturn(PETSC_SUCCESS);
}

hole_bounds hole_bounds_get(struct hole_consumer *consumer)
{
  hole_bounds b = ((struct keeper *)consumer)->bounds;

  ((struct keeper *)consumer)->bounds = NULL;
  if (b) b->tiles = NULL; /* those of the sweep */
  return b;
}

static PetscErrorCode destroy(struct hole_consumer *consumer)
{
  hole_bounds b = hole_bounds_get(consumer);

  PetscFunctionBegin;
  PetscCall(hole_bounds_destroy(&b));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const struct hole_consumer_ops ops = {.sweep = sweep, .destroy = destroy};

PetscErrorCode hole_bounds_keep(HoleDistances d, hole_tiles tiles, double longest, struct hole_consumer **consumer)
{
  struct keeper *keeper;

  PetscFunctionBegin;
  PetscCall(PetscNew(&keeper));
  keeper->base = (struct hole_consumer){&ops, d, tiles};
  *consumer    = &keeper->base;
  PetscCall(create(d, &keeper->bounds));
  keeper->bounds->tiles = tiles;
  PetscCall(prepare_rows(keeper->bounds, longest));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_bounds_complete(hole_bounds b)
{
  PetscFunctionBegin;
  PetscCall(hole_tiles_free_points(b->tiles));
  fill_ends(b);
  PetscCall(hole_mirror_rows(b));
  HoleCallAgreed(b->d->comm, check_rows(b)); /* local */
  PetscCall(hole_shared_sync(b->shared_rows));
  find_reach(b);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_bounds_count_pairs(hole_bounds b, double length, HoleIndex *n_pairs)
{
  const double below = hole_bounds_below(b, length), above = hole_bounds_above(b, length);
  HoleIndex    count = 0;

  PetscFunctionBegin;
  *n_pairs = b->n * (b->n - 1) / 2;
  if (!b->exact && length >= DBL_MAX) PetscFunctionReturn(PETSC_SUCCESS); /* points are finitely far from each other */
  for (HoleIndex i = b->first; i < b->first + b->n_local; ++i) {
    const void *row = hole_bounds_own_row(b, i - b->first);

    for (HoleIndex j = i + 1; j < b->n; ++j) {
      if (hole_bounds_low(b, row, j) > above) continue;
      count += hole_bounds_high(b, i, row, j) < below || hole_bounds_length(b, i, row, j) <= length;
    }
  }
  PetscCallMPI(MPI_Allreduce(&count, n_pairs, 1, HOLE_MPI_INDEX, MPI_SUM, b->d->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_bounds_destroy(hole_bounds *bounds)
{
  hole_bounds b = *bounds;

  PetscFunctionBegin;
  if (!b) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(hole_tiles_destroy(&b->tiles));
  PetscCall(hole_shared_destroy(&b->shared));
  PetscCall(PetscFree(b->points));
  PetscCall(PetscFree(b->slack));
  PetscCall(hole_codes_destroy(&b->codes));
  PetscCall(hole_shared_destroy(&b->shared_rows));
  PetscCall(PetscFree(b->parts));
  PetscCall(PetscFree(b));
  *bounds = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static HoleIndex units_of(HoleMetric base, HoleIndex width)
{
  return base->most_width ? PetscMin(base->most_width, width) : width;
}

/* Codes where products bound the metric, else floats. */
size_t hole_bounds_predict_value(HoleMetric metric)
{
  return HoleMetricGetBase(metric)->bound == HOLE_BOUND_NONE ? sizeof(float) : sizeof(int16_t);
}

double hole_bounds_predict_bytes(HoleMetric metric, HoleIndex n, PetscMPIInt size)
{
  const double rows = (double)hole_block_count(n, size, 0) * (double)HOLE_ROW_STRIDE(n);

  return (double)hole_bounds_predict_value(metric) * rows + (double)sizeof(float) * (double)n;
}

double hole_bounds_predict_node(HoleMetric metric, HoleIndex n, HoleIndex width)
{
  HoleMetric base = HoleMetricGetBase(metric);

  return (double)n * (double)hole_metric_stride(base, units_of(base, width)) * (double)sizeof(double);
}
