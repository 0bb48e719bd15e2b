/* Rows of the distance matrix of our own points, against the rows of all ranks, which travel round a ring.

   In step s a rank compares its rows with those of rank + s; the block for the next step is on its way meanwhile. Within
   its own block a rank computes one half and mirrors it; a pair of points on different ranks is computed by both, to equal
   bits, which costs less than sending the values would. */
#include "distances_impl.h"

#include "../core/block.h"
#include "../core/cast.h"
#include "../core/fault.h"
#include "../metric/metric_impl.h"
#include <hole/hole_error.h>
#include <math.h>

enum { ALIGNMENT = 64, TILE = 32 /* rows a side; with 512 units a tile's rows fit the second-level cache */ };

PetscErrorCode hole_distances_allocate(HoleIndex n, void **memory, double **aligned)
{
  PetscFunctionBegin;
  PetscCall(PetscMalloc((size_t)n * sizeof(double) + ALIGNMENT, memory));
  *aligned = (double *)(((uintptr_t)*memory + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local. The fields and the memory; the padding is infinite, so that no search for something short finds it. */
static PetscErrorCode plan_rows(HoleDistances d, HoleIndex n)
{
  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(d->comm, &d->rank));
  PetscCallMPI(MPI_Comm_size(d->comm, &d->size));
  d->n       = n;
  d->stride  = HOLE_ROUND_UP(n);
  d->first   = hole_block_first(n, d->size, d->rank);
  d->n_local = hole_block_count(n, d->size, d->rank);
  PetscCall(hole_fault(d->comm, "distances_allocate"));
  PetscCall(hole_distances_allocate(d->n_local * d->stride, &d->memory, &d->rows));
  for (HoleIndex i = 0; i < d->n_local; ++i) {
    for (HoleIndex j = n; j < d->stride; ++j) d->rows[i * d->stride + j] = INFINITY;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rows on their way round the ring. Sizes are those of the largest block. */
struct ring {
  HoleMetric   metric;
  HoleIndex    stride, n_padded;
  MPI_Datatype row;       /* one prepared row */
  void        *memory[3]; /* own rows, present block, next block */
  double      *rows[3];
};

/* Local: copy and prepare our rows. */
static PetscErrorCode prepare_rows(struct ring *ring, HoleDistances d, HoleActivations acts)
{
  HoleIndex   width, n_max = hole_block_count(d->n, d->size, 0);
  const char *fault;
  double     *source;

  PetscFunctionBegin;
  PetscCall(HoleActivationsGetShape(acts, NULL, &width, NULL, NULL));
  PetscCall(HoleActivationsGetRows(acts, &source));
  ring->n_padded = HOLE_ROUND_UP(width);
  ring->stride   = hole_metric_stride(ring->metric, width);
  PetscCall(hole_fault(d->comm, "distances_ring"));
  for (int b = 0; b < (d->size > 1 ? 3 : 1); ++b)
    PetscCall(hole_distances_allocate(n_max * ring->stride, &ring->memory[b], &ring->rows[b]));
  for (HoleIndex i = 0; i < d->n_local; ++i) {
    double *row = ring->rows[0] + i * ring->stride;

    PetscCall(PetscArrayzero(row, ring->stride));
    PetscCall(PetscArraycpy(row, source + i * width, width));
    fault = ring->metric->prepare ? ring->metric->prepare(row, ring->n_padded) : NULL;
    PetscCheck(!fault, PETSC_COMM_SELF, HOLE_ERR_INPUT, "Layer %s, row %" HoleIndex_FMT " %s",
               HoleActivationsGetName(acts), HoleActivationsGetFileRow(acts, i), fault);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Compare our rows with a block of `count` rows that starts at global row `first`. */
static void compare_block(HoleDistances d, const struct ring *ring, const double block[], HoleIndex first,
                          HoleIndex count)
{
  const HoleIndex s = ring->stride;

  for (HoleIndex i = 0; i < d->n_local; i += TILE) {
    for (HoleIndex j = 0; j < count; j += TILE)
      ring->metric->tile(PetscMin(TILE, d->n_local - i), ring->rows[0] + i * s, PetscMin(TILE, count - j),
                         block + j * s, s, ring->n_padded, d->rows + i * d->stride + first + j, d->stride);
  }
}

/* Our rows among themselves: tiles on and above the diagonal, mirrored below it. */
static void compare_own(HoleDistances d, const struct ring *ring)
{
  const HoleIndex s = ring->stride, n = d->n_local;

  for (HoleIndex i = 0; i < n; i += TILE) {
    for (HoleIndex j = i; j < n; j += TILE) {
      HoleIndex n_i = PetscMin(TILE, n - i), n_j = PetscMin(TILE, n - j);

      ring->metric->tile(n_i, ring->rows[0] + i * s, n_j, ring->rows[0] + j * s, s, ring->n_padded,
                         d->rows + i * d->stride + d->first + j, d->stride);
      for (HoleIndex b = 0; b < n_j; ++b) {
        double *mirror = d->rows + (j + b) * d->stride + d->first + i;

        for (HoleIndex a = 0; a < n_i; ++a) mirror[a] = d->rows[(i + a) * d->stride + d->first + j + b];
      }
    }
  }
}

/* Collective. */
static PetscErrorCode travel(HoleDistances d, struct ring *ring)
{
  PetscMPIInt to = (d->rank + d->size - 1) % d->size, from = (d->rank + 1) % d->size;
  double     *present = ring->rows[0];

  PetscFunctionBegin;
  for (PetscMPIInt s = 0; s < d->size; ++s) {
    PetscMPIInt owner = (d->rank + s) % d->size, coming = (owner + 1) % d->size, count, next_count;
    double     *next       = ring->rows[1 + s % 2];
    MPI_Request request[2] = {MPI_REQUEST_NULL, MPI_REQUEST_NULL};

    PetscCall(hole_mpi_int(hole_block_count(d->n, d->size, owner), &count));
    PetscCall(hole_mpi_int(hole_block_count(d->n, d->size, coming), &next_count));
    if (s + 1 < d->size) {
      PetscCallMPI(MPI_Irecv(next, next_count, ring->row, from, 0, d->comm, &request[0]));
      PetscCallMPI(MPI_Isend(present, count, ring->row, to, 0, d->comm, &request[1]));
    }
    if (s) compare_block(d, ring, present, hole_block_first(d->n, d->size, owner), count);
    else compare_own(d, ring);
    PetscCallMPI(MPI_Waitall(2, request, MPI_STATUSES_IGNORE));
    present = next;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local. The diagonal is 0 by definition, whatever a formula gives. */
static PetscErrorCode check_rows(HoleDistances d, HoleActivations acts)
{
  PetscFunctionBegin;
  for (HoleIndex i = 0; i < d->n_local; ++i) {
    double *row = d->rows + i * d->stride, sum = 0;

    row[d->first + i] = 0;
    for (HoleIndex j = 0; j < d->n; ++j) sum += row[j] - row[j]; /* 0 unless a value is not finite */
    for (HoleIndex j = 0; sum != 0 && j < d->n; ++j)
      PetscCheck(isfinite(row[j]), PETSC_COMM_SELF, HOLE_ERR_INPUT,
                 "Layer %s, row %" HoleIndex_FMT " is too far from others: a distance overflows double precision",
                 HoleActivationsGetName(acts), HoleActivationsGetFileRow(acts, i));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode compute(HoleDistances d, struct ring *ring, HoleActivations acts)
{
  HoleIndex   n;
  PetscMPIInt stride;

  PetscFunctionBegin;
  PetscCall(HoleActivationsGetShape(acts, &n, NULL, NULL, NULL));
  HoleCallAgreed(d->comm, plan_rows(d, n));             /* local */
  HoleCallAgreed(d->comm, prepare_rows(ring, d, acts)); /* local */
  PetscCall(hole_mpi_int(ring->stride, &stride));       /* equal on all ranks */
  PetscCallMPI(MPI_Type_contiguous(stride, MPI_DOUBLE, &ring->row));
  PetscCallMPI(MPI_Type_commit(&ring->row));
  PetscCall(travel(d, ring));                   /* collective */
  HoleCallAgreed(d->comm, check_rows(d, acts)); /* local */
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleDistancesCreate(HoleActivations acts, HoleMetric metric, HoleDistances *distances)
{
  struct ring    ring = {.metric = metric, .row = MPI_DATATYPE_NULL};
  HoleDistances  d;
  PetscErrorCode computed;

  PetscFunctionBegin;
  *distances = NULL;
  PetscCall(PetscNew(&d));
  PetscCallMPI(MPI_Comm_dup(HoleActivationsGetComm(acts), &d->comm));
  computed = compute(d, &ring, acts);
  if (ring.row != MPI_DATATYPE_NULL) PetscCallMPI(MPI_Type_free(&ring.row));
  for (int b = 0; b < 3; ++b) PetscCall(PetscFree(ring.memory[b]));
  if (computed) PetscCall(HoleDistancesDestroy(&d));
  PetscCall(computed);
  *distances = d;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local. */
static PetscErrorCode fill_rows(HoleDistances d, HoleIndex n, HoleDistancesRowFunction fill, void *ctx)
{
  PetscFunctionBegin;
  PetscCall(plan_rows(d, n));
  for (HoleIndex i = 0; i < d->n_local; ++i) {
    double *row = d->rows + i * d->stride;

    PetscCall(fill(d->first + i, n, row, ctx));
    for (HoleIndex j = 0; j < n; ++j) row[j] += 0.0; /* -0 becomes 0, whose bits sort first */
    for (HoleIndex j = 0; j < n; ++j)
      PetscCheck(isfinite(row[j]) && row[j] >= 0 && (j != d->first + i || row[j] == 0), PETSC_COMM_SELF, HOLE_ERR_INPUT,
                 "Distance of points %" HoleIndex_FMT " and %" HoleIndex_FMT
                 " is %g; expected a finite value, 0 or more, and 0 "
                 "on the diagonal",
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
  PetscCall(PetscNew(&d));
  PetscCallMPI(MPI_Comm_dup(comm, &d->comm));
  filled = HoleErrorAgree(comm, fill_rows(d, n, fill, ctx));
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

const double *HoleDistancesGetRow(HoleDistances d, HoleIndex local) { return d->rows + local * d->stride; }

MPI_Comm HoleDistancesGetComm(HoleDistances d) { return d->comm; }

double HoleDistancesPredictBytes(HoleIndex n, HoleIndex width, PetscMPIInt size)
{
  const double n_local = (double)hole_block_count(n, size, 0), a_row = (double)(HOLE_ROUND_UP(width) + HOLE_LANES);

  return (double)sizeof(double) * n_local * ((double)HOLE_ROUND_UP(n) + (size > 1 ? 3 : 1) * a_row);
}

PetscErrorCode HoleDistancesDestroy(HoleDistances *d)
{
  PetscFunctionBegin;
  if (!*d) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscFree((*d)->memory));
  PetscCallMPI(MPI_Comm_free(&(*d)->comm));
  PetscCall(PetscFree(*d));
  PetscFunctionReturn(PETSC_SUCCESS);
}
