/* The distances of a point to all own ones, or to some: from stored rows, or by a broadcast and the formula of the metric. */
#include "rows.h"

#include "../core/block.h"
#include "../core/cast.h"
#include "../core/fault.h"
#include "distances_impl.h"
#include <hole/hole_error.h>

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

/* Own points of a list, in its order. */
struct among {
  HoleIndex      n;
  HoleIndex     *ids;
  const double **points;
  double        *point;   /* the one at hand */
  double        *lengths; /* [n] to it */
};

/* Local. */
static PetscErrorCode list_own(HoleDistances d, HoleIndex n, const HoleIndex ids[], struct among *own)
{
  PetscFunctionBegin;
  PetscCall(hole_fault(d->comm, "rows_among"));
  PetscCall(PetscMalloc4(n, &own->ids, n, &own->points, n, &own->lengths, d->point_stride, &own->point));
  for (HoleIndex c = 0; c < n; ++c) {
    const HoleIndex local = ids[c] - d->first;

    if (local < 0 || local >= d->n_local) continue;
    own->ids[own->n] = ids[c];
    if (!hole_distances_stored(d)) own->points[own->n] = d->points + local * d->point_stride;
    ++own->n;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: column c, by the formula. */
static PetscErrorCode compute_column(HoleDistances d, struct among *own, HoleIndex id, HoleIndex n, double column[])
{
  const PetscMPIInt owner = hole_block_owner(d->n, d->size, id);
  PetscMPIInt       n_doubles;

  PetscFunctionBegin;
  if (owner == d->rank)
    PetscCall(PetscArraycpy(own->point, d->points + (id - d->first) * d->point_stride, d->point_stride));
  PetscCall(hole_mpi_int(d->point_stride, &n_doubles)); /* equal on all ranks */
  PetscCallMPI(MPI_Bcast(own->point, n_doubles, MPI_DOUBLE, owner, d->comm));
  hole_distances_scatter(d, id, own->point, own->n, own->ids, own->points, own->lengths);
  for (HoleIndex r = 0; r < own->n; ++r) column[r * n] = own->ids[r] == id ? 0 : own->lengths[r];
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_distances_among(HoleDistances d, HoleIndex n, const HoleIndex ids[], double lengths[])
{
  struct among   own = {0};
  PetscErrorCode done;

  PetscFunctionBegin;
  done = HoleErrorAgree(d->comm, list_own(d, n, ids, &own));
  if (hole_distances_stored(d)) {
    for (HoleIndex r = 0; r < own.n && !done; ++r) {
      for (HoleIndex c = 0; c < n; ++c) lengths[r * n + c] = hole_distances_at(d, own.ids[r] - d->first, ids[c]);
    }
  } else {
    for (HoleIndex c = 0; c < n && !done; ++c) done = compute_column(d, &own, ids[c], n, lengths + c);
  }
  PetscCall(PetscFree4(own.ids, own.points, own.lengths, own.point));
  PetscCall(done);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscBool hole_distances_obey_triangle(HoleDistances d)
{
  return (PetscBool)(!d->metric || (d->metric->triangle && !d->scale && !d->part));
}
