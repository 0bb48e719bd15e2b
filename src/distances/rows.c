/* The distances of a point to all own ones: from stored rows, or by a broadcast and the formula of the metric. */
#include "rows.h"

#include "../core/block.h"
#include "../core/cast.h"
#include "distances_impl.h"

HoleIndex hole_distances_point_size(HoleDistances d) { return hole_distances_stored(d) ? 0 : d->point_stride; }

PetscErrorCode hole_distances_from_point(HoleDistances d, HoleIndex i, double point[], double lengths[])
{
  PetscMPIInt owner = hole_block_owner(d->n, d->size, i), n_doubles;

  PetscFunctionBegin;
  if (hole_distances_stored(d)) {
    for (HoleIndex a = 0; a < d->n_local; ++a) lengths[a] = hole_distances_at(d, a, i);
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  if (owner == d->rank) PetscCall(PetscArraycpy(point, d->points + (i - d->first) * d->point_stride, d->point_stride));
  PetscCall(hole_mpi_int(d->point_stride, &n_doubles));
  PetscCallMPI(MPI_Bcast(point, n_doubles, MPI_DOUBLE, owner, d->comm));
  hole_distances_tile(d, i, 1, point, d->first, d->n_local, d->points, lengths, d->n_local);
  if (owner == d->rank) lengths[i - d->first] = 0; /* by definition, whatever a formula gives */
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscBool hole_distances_obey_triangle(HoleDistances d)
{
  return (PetscBool)(!d->metric || (d->metric->triangle && !d->scale && !d->part));
}
