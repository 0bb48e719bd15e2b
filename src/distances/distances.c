/* The object: prepared points, or rows that were given. Everything that costs of the order of n^2 is elsewhere: store.c keeps
   all rows, pass.c looks at all pairs. */
#include "distances_impl.h"

#include "../core/block.h"
#include "../core/fault.h"
#include "../core/pages.h"
#include "../metric/principal.h"
#include "geodesic.h"
#include "ring.h"
#include "scale.h"
#include <float.h>
#include <hole/hole_error.h>
#include <hole/hole_pass.h>
#include <math.h>

enum { ALIGNMENT = 64 };

/* The first multiple of 64 bytes. */
static void *align(void *memory) { return (void *)(((uintptr_t)memory + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT); }

PetscErrorCode hole_distances_allocate(HoleIndex n, void **memory, double **aligned)
{
  PetscFunctionBegin;
  PetscCall(PetscMalloc((size_t)n * sizeof(double) + ALIGNMENT, memory));
  hole_huge_pages(*memory, (size_t)n * sizeof(double));
  *aligned = align(*memory);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_distances_allocate_rows(HoleDistances d)
{
  double *rows = NULL;

  PetscFunctionBegin;
  PetscCall(hole_fault(d->comm, "distances_allocate"));
  PetscCall(
      hole_distances_allocate(d->single ? d->n_local * d->stride / 2 : d->n_local * d->stride, &d->memory, &rows));
  if (d->single) d->short_rows = (float *)rows; /* a stride is even */
  else d->rows = rows;
  for (HoleIndex i = 0; i < d->n_local; ++i) {
    for (HoleIndex j = d->n; j < d->stride; ++j) hole_distances_put(d, i, j, INFINITY);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* out[b] = in[b], any alignment. */
HOLE_CLONES
static void decode(HoleIndex n, const float in[], double out[])
{
  for (HoleIndex j = 0; j < n; ++j) out[j] = (double)in[j];
}

const double *hole_distances_read(HoleDistances d, HoleIndex local, HoleIndex j, HoleIndex n, double buffer[])
{
  if (d->rows) return d->rows + local * d->stride + j;
  decode(n, d->short_rows + local * d->stride + j, buffer);
  return buffer;
}

/* What comes after the formula, for point i and those from j on. */
static void finish_row(HoleDistances d, HoleIndex i, HoleIndex j, HoleIndex n, double out[])
{
  for (HoleIndex b = 0; d->scale && b < n; ++b) out[b] /= sqrt(d->scale[i] * d->scale[j + b]);
  hole_distances_round(d, n, out);
}

void hole_distances_tile(HoleDistances d, HoleIndex i, HoleIndex n_x, const double x[], HoleIndex j, HoleIndex n_y,
                         const double y[], double out[], HoleIndex stride)
{
  d->metric->kernel->tile(n_x, x, n_y, y, d->point_stride, d->n_padded, out, stride);
  for (HoleIndex a = 0; a < n_x; ++a) finish_row(d, i + a, j, n_y, out + a * stride);
}

void hole_distances_rows(HoleDistances d, HoleIndex n_x, const HoleIndex i[], const double x[], HoleIndex j,
                         HoleIndex n_y, const double y[], double out[], HoleIndex stride)
{
  d->metric->kernel->tile(n_x, x, n_y, y, d->point_stride, d->n_padded, out, stride);
  for (HoleIndex a = 0; a < n_x; ++a) finish_row(d, i[a], j, n_y, out + a * stride);
}

void hole_distances_scatter(HoleDistances d, HoleIndex i, const double x[], HoleIndex n_y, const HoleIndex j[],
                            const double *const y[], double out[])
{
  d->metric->kernel->scatter(x, n_y, y, d->n_padded, out);
  for (HoleIndex b = 0; d->scale && b < n_y; ++b) out[b] /= sqrt(d->scale[i] * d->scale[j[b]]);
  hole_distances_round(d, n_y, out);
}

/* Collective: shape and block. */
static PetscErrorCode create(MPI_Comm comm, HoleIndex n, HoleDistances *distances)
{
  HoleDistances d;

  PetscFunctionBegin;
  *distances = NULL;
  PetscCall(PetscNew(&d));
  PetscCallMPI(MPI_Comm_dup(comm, &d->comm));
  PetscCallMPI(MPI_Comm_rank(d->comm, &d->rank));
  PetscCallMPI(MPI_Comm_size(d->comm, &d->size));
  d->n       = n;
  d->stride  = HOLE_ROW_STRIDE(n);
  d->first   = hole_block_first(n, d->size, d->rank);
  d->n_local = hole_block_count(n, d->size, d->rank);
  *distances = d;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Another user of these points. */
static void share_points(struct hole_points *points, HoleDistances d)
{
  ++points->n_users;
  d->shared = points;
}

static PetscErrorCode leave_points(struct hole_points **points)
{
  PetscFunctionBegin;
  if (!*points || --(*points)->n_users) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(hole_shared_destroy(&(*points)->rows));
  PetscCall(PetscFree((*points)->file_rows));
  PetscCall(PetscFree((*points)->ids));
  PetscCall(PetscFree((*points)->lengths));
  PetscCall(PetscFree(*points));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: room for our points where the ranks of the node can read them. */
static PetscErrorCode make_room(HoleDistances d)
{
  const size_t        n_bytes = (size_t)(d->n_local * d->point_stride) * sizeof(double);
  struct hole_points *points;

  PetscFunctionBegin;
  PetscCall(PetscNew(&points));
  share_points(points, d);
  PetscCall(hole_shared_create_parts(d->comm, n_bytes, &points->rows));
  d->points = (double *)(void *)hole_shared_part(points->rows, d->rank);
  hole_huge_pages(d->points, n_bytes);
  points->here = PETSC_TRUE;
  for (PetscMPIInt r = 0; r < d->size; ++r)
    points->here = (PetscBool)(points->here && hole_shared_part(points->rows, r));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: copy and prepare our points. */
static PetscErrorCode prepare_points(HoleDistances d, HoleActivations acts)
{
  const char *fault;
  double     *source;

  PetscFunctionBegin;
  PetscCall(HoleActivationsGetRows(acts, &source));
  PetscCall(hole_fault(d->comm, "distances_points"));
  PetscCall(PetscMalloc1(d->n_local, &d->shared->file_rows));
  d->file_rows = d->shared->file_rows;
  for (HoleIndex i = 0; i < d->n_local; ++i) {
    double *row = d->points + i * d->point_stride;

    d->file_rows[i] = HoleActivationsGetFileRow(acts, i);
    PetscCall(PetscArrayzero(row, d->point_stride));
    PetscCall(PetscArraycpy(row, source + i * d->width, d->width));
    fault = d->metric->prepare ? d->metric->prepare(row, d->n_padded) : NULL;
    PetscCheck(!fault, PETSC_COMM_SELF, HOLE_ERR_INPUT, "Layer %s, row %" HoleIndex_FMT " %s", d->name, d->file_rows[i],
               fault);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: the points of all ranks are prepared when it returns. */
static PetscErrorCode set_points(HoleDistances d, HoleActivations acts)
{
  PetscFunctionBegin;
  PetscCall(HoleActivationsGetShape(acts, NULL, &d->width, NULL, NULL));
  PetscCall(PetscStrncpy(d->name, HoleActivationsGetName(acts), sizeof(d->name)));
  d->n_padded     = HOLE_ROUND_UP(d->width);
  d->point_stride = hole_metric_stride(d->metric, d->width);
  PetscCall(make_room(d));                          /* collective */
  HoleCallAgreed(d->comm, prepare_points(d, acts)); /* local */
  PetscCall(hole_shared_sync(d->shared->rows));     /* collective */
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective. */
static PetscErrorCode take_points(HoleDistances d, HoleActivations acts)
{
  HoleActivations transformed = NULL;
  PetscErrorCode  prepared;

  PetscFunctionBegin;
  if (d->metric->transform) PetscCall(d->metric->transform(acts, &transformed));
  prepared = set_points(d, transformed ? transformed : acts);
  PetscCall(HoleActivationsDestroy(&transformed));
  PetscCall(prepared);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: an object of a metric that looks at no neighbours. */
static PetscErrorCode create_base(HoleActivations acts, HoleMetric metric, HoleDistances *distances)
{
  HoleDistances  d;
  HoleIndex      n;
  PetscErrorCode taken;

  PetscFunctionBegin;
  *distances = NULL;
  PetscCall(HoleActivationsGetShape(acts, &n, NULL, NULL, NULL));
  PetscCall(create(HoleActivationsGetComm(acts), n, &d));
  d->metric = metric;
  taken     = take_points(d, acts);
  if (taken) PetscCall(HoleDistancesDestroy(&d));
  PetscCall(taken);
  *distances = d;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: what the rule of the metric makes of the neighbours. */
static PetscErrorCode look_at_neighbours(HoleDistances d, HoleMetric metric, HoleIndex k)
{
  PetscFunctionBegin;
  switch (metric->rule) {
  case HOLE_RULE_SCALED:
    PetscCall(hole_scale_find(d, k));
    break;
  case HOLE_RULE_PATHS:
    PetscCall(hole_geodesic_find_links(d, k));
    break;
  case HOLE_RULE_NONE:
    break;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleDistancesCreateFrom(HoleDistances base, HoleMetric metric, const HoleMetricOptions *options,
                                       HoleDistances *distances)
{
  HoleDistances  d;
  HoleIndex      k = HoleMetricGetNeighbours(metric, options);
  PetscErrorCode found;

  PetscFunctionBegin;
  *distances = NULL;
  PetscCheck(base->metric == HoleMetricGetBase(metric) && !base->scale && !base->part && !base->single, PETSC_COMM_SELF,
             PETSC_ERR_ARG_WRONG, "%s is not made from these distances", HoleMetricGetName(metric));
  if (k) PetscCall(HoleDistancesFindNeighbours(base, k));
  PetscCall(create(base->comm, base->n, &d));
  share_points(base->shared, d);
  d->metric       = base->metric;
  d->width        = base->width;
  d->n_padded     = base->n_padded;
  d->point_stride = base->point_stride;
  d->points       = base->points;
  d->file_rows    = base->file_rows;
  PetscCall(PetscStrncpy(d->name, base->name, sizeof(d->name)));
  found = look_at_neighbours(d, metric, k);
  if (found) PetscCall(HoleDistancesDestroy(&d));
  PetscCall(found);
  *distances = d;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleDistancesCreateWith(HoleActivations acts, HoleMetric metric, const HoleMetricOptions *options,
                                       HoleDistances *distances)
{
  HoleDistances  base;
  PetscErrorCode made;

  PetscFunctionBegin;
  *distances = NULL;
  PetscCall(create_base(acts, HoleMetricGetBase(metric), &base));
  made = HoleDistancesCreateFrom(base, metric, options, distances);
  PetscCall(HoleDistancesDestroy(&base));
  PetscCall(made);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleDistancesCreate(HoleActivations acts, HoleMetric metric, HoleDistances *distances)
{
  const HoleMetricOptions defaults = HOLE_METRIC_OPTIONS_DEFAULT;

  PetscFunctionBegin;
  PetscCall(HoleDistancesCreateWith(acts, metric, &defaults, distances));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: keep what a pass has found. */
static PetscErrorCode keep_neighbours(HoleDistances d, HolePass pass)
{
  struct hole_points *p = d->shared;
  HoleIndex           k;
  const HoleIndex    *ids;
  const double       *lengths;

  PetscFunctionBegin;
  PetscCall(hole_fault(d->comm, "neighbours_keep"));
  PetscCall(HolePassGetNeighbours(pass, &k, &ids, &lengths));
  p->k = 0;
  PetscCall(PetscFree(p->ids));
  PetscCall(PetscFree(p->lengths));
  PetscCall(PetscMalloc1(d->n_local * k, &p->ids));
  PetscCall(PetscMalloc1(d->n_local * k, &p->lengths));
  PetscCall(PetscArraycpy(p->ids, ids, d->n_local * k));
  PetscCall(PetscArraycpy(p->lengths, lengths, d->n_local * k));
  p->k = k;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleDistancesFindNeighbours(HoleDistances d, HoleIndex k)
{
  HolePass       pass;
  PetscErrorCode found;

  PetscFunctionBegin;
  PetscCheck(d->shared && !d->scale && !d->part && !d->single, PETSC_COMM_SELF, PETSC_ERR_ARG_WRONGSTATE,
             "Neighbours are kept with points, of a metric that looks at none itself, in double precision");
  if (PetscMin(k, d->n - 1) <= d->shared->k) PetscFunctionReturn(PETSC_SUCCESS); /* equal on all ranks */
  PetscCall(HolePassCreate(d, &pass));
  found = HolePassWantNeighbours(pass, k);
  if (!found) found = HolePassRun(pass);
  if (!found) found = HoleErrorAgree(d->comm, keep_neighbours(d, pass));
  PetscCall(HolePassDestroy(&pass));
  PetscCall(found);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local. */
static PetscErrorCode fill_rows(HoleDistances d, HoleDistancesRowFunction fill, void *ctx)
{
  PetscFunctionBegin;
  PetscCall(hole_distances_allocate_rows(d));
  for (HoleIndex i = 0; i < d->n_local; ++i) {
    double *row = d->rows + i * d->stride;

    PetscCall(fill(d->first + i, d->n, row, ctx));
    for (HoleIndex j = 0; j < d->n; ++j) row[j] += 0.0; /* -0 becomes 0, whose bits sort first */
    for (HoleIndex j = 0; j < d->n; ++j)
      PetscCheck(row[j] >= 0 && (j != d->first + i || row[j] == 0), PETSC_COMM_SELF, HOLE_ERR_INPUT,
                 "Distance of points %" HoleIndex_FMT " and %" HoleIndex_FMT
                 " is %g; expected 0 or more, and 0 on the diagonal",
                 d->first + i, j, row[j]);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleDistancesCreateFromRows(MPI_Comm comm, HoleIndex n, HoleDistancesRowFunction fill, void *ctx,
                                           HoleDistances *distances)
{
  HoleDistances  d;
  PetscErrorCode filled;

  PetscFunctionBegin;
  *distances = NULL;
  PetscCall(create(comm, n, &d));
  filled = HoleErrorAgree(comm, fill_rows(d, fill, ctx));
  if (filled) PetscCall(HoleDistancesDestroy(&d));
  PetscCall(filled);
  *distances = d;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleDistancesGetShape(HoleDistances d, HoleIndex *n, HoleIndex *stride, HoleIndex *first,
                                     HoleIndex *n_local)
{
  PetscFunctionBegin;
  if (n) *n = d->n;
  if (stride) *stride = d->stride;
  if (first) *first = d->first;
  if (n_local) *n_local = d->n_local;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscBool HoleDistancesIsGeodesic(HoleDistances d) { return (PetscBool)(d->part != NULL); }

PetscBool HoleDistancesIsStored(HoleDistances d) { return hole_distances_stored(d); }

const double *HoleDistancesReadRow(HoleDistances d, HoleIndex local, double buffer[])
{
  return hole_distances_read(d, local, 0, d->stride, buffer);
}

PetscErrorCode HoleDistancesAllocateBuffer(HoleDistances d, double **buffer)
{
  PetscFunctionBegin;
  PetscCall(PetscMalloc1(hole_distances_buffer(d), buffer));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: no two points may be farther apart than a float can tell. Angles never are; of others no metric exceeds the sum of the
   differences, and local scales are no less than 0.01. */
static PetscErrorCode check_range(HoleDistances d)
{
  const double most = FLT_MAX / (256.0 * (double)PetscMax(1, d->n_padded));

  PetscFunctionBegin;
  PetscCall(hole_fault(d->comm, "distances_precision"));
  if (!d->metric || d->metric->bound == HOLE_BOUND_ANGULAR) PetscFunctionReturn(PETSC_SUCCESS);
  for (HoleIndex i = 0; i < d->n_local; ++i) {
    const double *row = d->points + i * d->point_stride;

    for (HoleIndex c = 0; c < d->n_padded; ++c)
      PetscCheck(fabs(row[c]) <= most, PETSC_COMM_SELF, HOLE_ERR_INPUT,
                 "Layer %s, row %" HoleIndex_FMT " has values too large for lengths in single precision; use double",
                 d->name, d->file_rows[i]);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: stored doubles become floats, in place, and the half that is left goes back. */
static PetscErrorCode shorten_rows(HoleDistances d)
{
  const HoleIndex n     = d->n_local * d->stride;
  const size_t    start = (size_t)((char *)d->rows - (char *)d->memory), n_bytes = (size_t)n * sizeof(float);
  char           *bytes = (char *)d->rows;

  PetscFunctionBegin;
  for (HoleIndex e = 0; e < n; ++e)
    PetscCheck(d->rows[e] <= FLT_MAX || d->rows[e] == INFINITY, PETSC_COMM_SELF, HOLE_ERR_INPUT,
               "Distance of points %" HoleIndex_FMT " and %" HoleIndex_FMT " is %g, too large for single precision",
               d->first + e / d->stride, e % d->stride, d->rows[e]);
  for (HoleIndex e = 0; e < n; ++e) {
    const float length = (float)d->rows[e];

    memcpy(bytes + (size_t)e * sizeof(length), &length, sizeof(length)); /* behind what is still to be read */
  }
  PetscCall(PetscRealloc(n_bytes + ALIGNMENT, &d->memory));
  d->short_rows = (float *)align(d->memory);
  d->rows       = NULL;
  memmove(d->short_rows, (char *)d->memory + start, n_bytes);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local. A link stays longer than 0, and paths longer than their links. */
static PetscErrorCode shorten(HoleDistances d)
{
  PetscFunctionBegin;
  PetscCall(check_range(d));
  if (d->rows) PetscCall(shorten_rows(d));
  d->single = PETSC_TRUE;
  for (HoleIndex e = 0; e < d->n_links; ++e) d->links[e].length = hole_geodesic_round(d->links[e].length);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleDistancesSetPrecision(HoleDistances d, PetscBool single)
{
  PetscFunctionBegin;
  if (single == d->single) PetscFunctionReturn(PETSC_SUCCESS); /* equal on all ranks */
  PetscCheck(single, PETSC_COMM_SELF, PETSC_ERR_ARG_WRONGSTATE, "Digits that are gone do not come back");
  PetscCheck(!d->metric || !d->rows, PETSC_COMM_SELF, PETSC_ERR_ARG_WRONGSTATE, "Distances are computed already");
  HoleCallAgreed(d->comm, shorten(d));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscBool HoleDistancesIsSingle(HoleDistances d) { return d->single; }

MPI_Comm HoleDistancesGetComm(HoleDistances d) { return d->comm; }

/* Units of a row after the metric's transform. */
static HoleIndex prepared_width(HoleMetric base, HoleIndex width)
{
  return base->most_width ? PetscMin(base->most_width, width) : width;
}

double HoleDistancesPredictPointBytes(HoleMetric metric, HoleIndex n, HoleIndex width, PetscMPIInt size)
{
  HoleMetric   base   = HoleMetricGetBase(metric);
  const double a_row  = (double)sizeof(double) * (double)hole_metric_stride(base, prepared_width(base, width));
  const double scaled = metric->rule == HOLE_RULE_SCALED ? (double)n * sizeof(double) : 0;
  const double parts  = metric->rule == HOLE_RULE_PATHS ? (double)n * (2 * sizeof(int32_t) + sizeof(HoleIndex)) : 0;

  return (double)hole_block_count(n, size, 0) * (a_row + sizeof(HoleIndex)) + scaled + parts;
}

double HoleDistancesPredictPrepareBytes(HoleMetric metric, HoleIndex n, HoleIndex width, PetscMPIInt size)
{
  HoleMetric base = HoleMetricGetBase(metric);

  if (!base->transform) return 0;
  return hole_principal_predict_bytes(n, width, size) +
         (double)hole_block_count(n, size, 0) * (double)sizeof(double) * (double)prepared_width(base, width);
}

double HoleDistancesPredictRowBytes(HoleIndex n, PetscBool single, PetscMPIInt size)
{
  return (double)(single ? sizeof(float) : sizeof(double)) * (double)hole_block_count(n, size, 0) *
         (double)HOLE_ROW_STRIDE(n);
}

double HoleDistancesPredictStoreBytes(HoleMetric metric, HoleIndex n, HoleIndex width, PetscMPIInt size,
                                      PetscMPIInt together)
{
  HoleMetric base = HoleMetricGetBase(metric);

  return hole_ring_predict_bytes(n, hole_metric_stride(base, prepared_width(base, width)), size, together, size);
}

PetscErrorCode HoleDistancesDestroy(HoleDistances *d)
{
  PetscFunctionBegin;
  if (!*d) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscFree((*d)->memory));
  PetscCall(leave_points(&(*d)->shared));
  PetscCall(PetscFree((*d)->scale));
  PetscCall(PetscFree((*d)->part));
  PetscCall(PetscFree((*d)->links));
  PetscCallMPI(MPI_Comm_free(&(*d)->comm));
  PetscCall(PetscFree(*d));
  PetscFunctionReturn(PETSC_SUCCESS);
}
