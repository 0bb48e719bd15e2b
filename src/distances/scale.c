/* Local scales of the density metrics [AthreyaRosen2025]: s_i is the distance of the k-th nearest other point, no less than
   max(0.01, 0.1 median of all s). The floor 0.01 is absolute, in the units of the base metric. */
#include "scale.h"

#include "../core/block.h"
#include "../core/cast.h"
#include "../core/fault.h"
#include "../core/sort.h"
#include "distances_impl.h"
#include <hole/hole_error.h>

#define LEAST_SCALE     0.01
#define SHARE_OF_MEDIAN 0.1

/* Local: room for all, and what we know of our own points. Fewer others than k: the farthest. */
static PetscErrorCode take_own(HoleDistances d, HoleIndex k, PetscMPIInt counts[], PetscMPIInt starts[])
{
  const struct hole_points *p = d->shared;

  PetscFunctionBegin;
  PetscCall(hole_fault(d->comm, "scale_allocate"));
  PetscCall(PetscMalloc1(d->n, &d->scale));
  k = PetscMin(k, d->n - 1);
  for (HoleIndex i = 0; i < d->n_local; ++i) d->scale[d->first + i] = k > 0 ? p->lengths[i * p->k + k - 1] : 0;
  for (PetscMPIInt r = 0; r < d->size; ++r) {
    PetscCall(hole_mpi_int(hole_block_count(d->n, d->size, r), &counts[r]));
    PetscCall(hole_mpi_int(hole_block_first(d->n, d->size, r), &starts[r]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static int by_value(const void *a, const void *b)
{
  const double *x = (const double *)a, *y = (const double *)b;

  return (*x > *y) - (*x < *y);
}

/* Local, equal on every rank. The median of an even number of values is the mean of the middle two. */
static PetscErrorCode raise_to_floor(HoleIndex n, double scale[])
{
  double *sorted, least;

  PetscFunctionBegin;
  if (!n) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscMalloc1(n, &sorted));
  PetscCall(PetscArraycpy(sorted, scale, n));
  hole_sort(sorted, n, sizeof(*sorted), by_value);
  least = SHARE_OF_MEDIAN * (n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2);
  least = PetscMax(least, LEAST_SCALE);
  for (HoleIndex i = 0; i < n; ++i) scale[i] = PetscMax(scale[i], least);
  PetscCall(PetscFree(sorted));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective. */
static PetscErrorCode find(HoleDistances d, HoleIndex k, PetscMPIInt counts[], PetscMPIInt starts[])
{
  PetscFunctionBegin;
  HoleCallAgreed(d->comm, take_own(d, k, counts, starts)); /* local */
  PetscCallMPI(MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, d->scale, counts, starts, MPI_DOUBLE, d->comm));
  HoleCallAgreed(d->comm, raise_to_floor(d->n, d->scale)); /* local */
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_scale_find(HoleDistances d, HoleIndex k)
{
  PetscMPIInt   *counts, *starts;
  PetscErrorCode found;

  PetscFunctionBegin;
  PetscCall(PetscMalloc2(d->size, &counts, d->size, &starts));
  found = find(d, k, counts, starts);
  PetscCall(PetscFree2(counts, starts));
  PetscCall(found);
  PetscFunctionReturn(PETSC_SUCCESS);
}
