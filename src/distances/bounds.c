/* Every block of points travels past, and the product of a tile goes straight into the rows. A pair of points on different ranks is
   bounded by both, maybe by different values: both are bounds. */
#include "bounds.h"

#include "../core/block.h"
#include "../core/fault.h"
#include "../core/log.h"
#include "../core/threads.h"
#include <float.h>
#include <hole/hole_error.h>
#include <math.h>
#if defined(_OPENMP)
  #include <omp.h>
#endif

enum {
  MIRRORED = 32 /* rows a side of what is mirrored at once */,
  STRIP    = 256 /* rows of a tile that become codes at once */
};

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
  PetscCall(PetscMalloc1(hole_threads() * STRIP * b->tile, &b->strips));
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
  for (HoleIndex i = b->first; i < b->first + b->n_local; ++i) {
    for (HoleIndex j = b->n; j < b->stride; ++j) {
      if (b->kind == HOLE_BOUNDS_CODES) codes_of(b, i)[j] = HOLE_MOST_CODE - HOLE_CODE_SHIFT;
      else row_of(b, i)[j] = INFINITY;
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Where this thread keeps a strip. */
static float *strip_of(hole_bounds b)
{
#if defined(_OPENMP)
  return b->strips + (HoleIndex)omp_get_thread_num() * STRIP * b->tile;
#else
  return b->strips;
#endif
}

/* The same for codes, strip by strip. */
static void encode_tile(hole_bounds b, HoleIndex i, HoleIndex n_i, HoleIndex j, HoleIndex n_j)
{
  float *strip = strip_of(b);

  for (HoleIndex p = i; p < i + n_i; p += STRIP) {
    struct hole_tile tile = {
        .i = p, .n_i = PetscMin(STRIP, i + n_i - p), .j = j, .n_j = n_j, .stride = n_j, .low = strip};

    hole_tiles_fill(b->tiles, &tile);
    for (HoleIndex a = 0; a < tile.n_i; ++a) hole_codes_encode(&b->codes, n_j, strip + a * n_j, codes_of(b, p + a) + j);
  }
}

/* Bounds of own points [i, i + n_i) against points [j, j + n_j) of the block at hand. */
static void fill_tile(hole_bounds b, HoleIndex i, HoleIndex n_i, HoleIndex j, HoleIndex n_j)
{
  struct hole_tile tile = {.i = i, .n_i = n_i, .j = j, .n_j = n_j, .stride = b->stride};

  if (b->kind == HOLE_BOUNDS_CODES) {
    encode_tile(b, i, n_i, j, n_j);
    return;
  }
  tile.low = row_of(b, i) + j;
  hole_tiles_fill(b->tiles, &tile);
}

static void fill_block(hole_bounds b, const struct hole_block *block)
{
  const HoleIndex end_i = b->first + b->n_local, end_j = block->first + block->count, size = b->tile;

#pragma omp parallel for num_threads(hole_threads()) schedule(dynamic)
  for (HoleIndex i = b->first; i < end_i; i += size) {
    for (HoleIndex j = block->first; j < end_j; j += size)
      fill_tile(b, i, PetscMin(size, end_i - i), j, PetscMin(size, end_j - j));
  }
}

/* Copy what is below the diagonal to above it, from column i on, in squares that stay in the cache. */
#define MIRROR(type, row_of_type) \
  static void mirror_##type(hole_bounds b, HoleIndex i, HoleIndex end) \
  { \
    const HoleIndex end_i = PetscMin(i + MIRRORED, end); \
\
    for (HoleIndex j = i; j < end; j += MIRRORED) { \
      for (HoleIndex p = i; p < end_i; ++p) { \
        type *row = row_of_type(b, p); \
\
        for (HoleIndex q = PetscMax(j, p + 1); q < PetscMin(j + MIRRORED, end); ++q) row[q] = row_of_type(b, q)[p]; \
      } \
    } \
  }
MIRROR(float, row_of)
MIRROR(int16_t, codes_of)

static void mirror_rows(hole_bounds b, HoleIndex i, HoleIndex end)
{
  if (b->kind == HOLE_BOUNDS_CODES) mirror_int16_t(b, i, end);
  else mirror_float(b, i, end);
}

/* Own points among themselves, below the diagonal: from the last rows on. Their points have met all others then, and go if nobody else waits
   for them: a rank has the points of few rows, or the rows of few points. */
static PetscErrorCode fill_own(hole_bounds b)
{
  const HoleIndex size = b->tile, n_blocks = (b->n_local + size - 1) / size;

  PetscFunctionBegin;
  for (HoleIndex block = n_blocks - 1; block >= 0; --block) {
    const HoleIndex i = b->first + block * size, n_i = PetscMin(size, b->first + b->n_local - i);

#pragma omp parallel for num_threads(hole_threads()) schedule(dynamic)
    for (HoleIndex j = b->first; j <= i; j += size) fill_tile(b, i, n_i, j, PetscMin(size, i + n_i - j));
    if (b->d->size == 1) PetscCall(hole_tiles_keep_points(b->tiles, block * size));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* And above it: once what making bounds took is free, since rows take memory as they are written. */
static void mirror_own(hole_bounds b)
{
  const HoleIndex end = b->first + b->n_local;

#pragma omp parallel for num_threads(hole_threads()) schedule(dynamic)
  for (HoleIndex i = b->first; i < end; i += MIRRORED) mirror_rows(b, i, end);
}

/* Collective. */
static PetscErrorCode visit_blocks(hole_bounds b, hole_ring ring)
{
  struct hole_block block;

  PetscFunctionBegin;
  PetscCall(hole_ring_next(ring, &block));
  while (block.rows) {
    HoleCallAgreed(b->d->comm, hole_tiles_set_block(b->tiles, &block));
    if (block.owner == b->d->rank) PetscCall(fill_own(b));
    else fill_block(b, &block);
    PetscCall(hole_ring_next(ring, &block));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
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

/* Collective: bounds of all own rows. */
static PetscErrorCode fill_rows(hole_bounds b)
{
  const int      blas_threads = hole_blas_threads(1); /* tiles are our threads' work */
  hole_ring      ring;
  PetscErrorCode visited;

  PetscFunctionBegin;
  PetscCall(hole_ring_create(b->d, b->d->size, &ring));
  visited = visit_blocks(b, ring);
  PetscCall(hole_ring_destroy(&ring));
  hole_blas_threads(blas_threads);
  PetscCall(visited);
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

/* Collective. */
static PetscErrorCode make_rows(hole_bounds b, double longest)
{
  PetscLogEvent event;

  PetscFunctionBegin;
  PetscCall(hole_log_begin("HoleBoundsCreate", &event));
  PetscCall(hole_tiles_get_size(&b->tile));
  PetscCall(
      find_points(b)); /* a copy is written at once, so that what is left of shared memory is known for the rows */
  PetscCall(hole_tiles_create(b->d, 0, &b->tiles));
  HoleCallAgreed(b->d->comm, allocate_slack(b)); /* local */
  PetscCall(gather_slack(b));
  HoleCallAgreed(b->d->comm, choose_kind(b, longest)); /* local */
  PetscCall(allocate_rows(b));
  PetscCall(fill_rows(b));
  PetscCall(hole_tiles_free_points(b->tiles));
  PetscCall(PetscFree(b->strips));
  mirror_own(b);
  HoleCallAgreed(b->d->comm, check_rows(b)); /* local */
  PetscCall(hole_shared_sync(b->shared_rows));
  PetscCall(hole_log_end(event));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* --- The object */

static void find_reach(hole_bounds b)
{
  b->here = PETSC_TRUE;
  for (PetscMPIInt r = 0; r < b->d->size; ++r) b->here = (PetscBool)(b->here && b->parts[r]);
}

PetscErrorCode hole_bounds_create(HoleDistances d, double longest, hole_bounds *bounds)
{
  hole_bounds    b;
  PetscErrorCode made = PETSC_SUCCESS;

  PetscFunctionBegin;
  *bounds = NULL;
  if (d->part) PetscCall(HoleDistancesStore(d)); /* shortest paths are found by rows */
  PetscCall(PetscNew(&b));
  b->d = d;
  PetscCall(HoleDistancesGetShape(d, &b->n, &b->stride, &b->first, &b->n_local));
  made = HoleErrorAgree(d->comm, PetscCalloc1(d->size, &b->parts));
  if (!made && hole_distances_stored(d)) made = HoleErrorAgree(d->comm, borrow_rows(b));
  else if (!made) made = make_rows(b, longest);
  if (!made) find_reach(b);
  if (made) PetscCall(hole_bounds_destroy(&b));
  PetscCall(made);
  *bounds = b;
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
  PetscCall(PetscFree(b->strips));
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

double hole_bounds_predict_making(HoleMetric metric, HoleIndex n, HoleIndex width, PetscMPIInt size,
                                  PetscMPIInt together)
{
  HoleMetric      base  = HoleMetricGetBase(metric);
  const HoleIndex units = units_of(base, width);

  const double strips = base->bound == HOLE_BOUND_NONE
                            ? 0
                            : (double)sizeof(float) * hole_threads() * STRIP * (double)PetscMin(HOLE_TILE, n);

  return strips + hole_tiles_predict_bytes(n, base->bound == HOLE_BOUND_NONE ? 0 : units, 0, size) +
         hole_ring_predict_bytes(n, hole_metric_stride(base, units), size, together, size);
}
