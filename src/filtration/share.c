/* How many pairs are edges, before any pass over all pairs. */
#include "../core/fault.h"
#include "../distances/rows.h"
#include "filtration_impl.h"

#include <hole/hole_error.h>

enum { N_PROBES = 16 };

/* Local. */
static PetscErrorCode allocate(HoleDistances d, HoleIndex n_local, double **row, double **point)
{
  PetscFunctionBegin;
  PetscCall(hole_fault(HoleDistancesGetComm(d), "share_allocate"));
  PetscCall(PetscMalloc2(n_local, row, hole_distances_point_size(d), point));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_filtration_estimate_share(HoleDistances d, double length, double *share)
{
  MPI_Comm       comm = HoleDistancesGetComm(d);
  HoleIndex      n, n_local, n_probes, count = 0;
  double        *row = NULL, *point = NULL;
  PetscErrorCode probed;

  PetscFunctionBegin;
  PetscCall(HoleDistancesGetShape(d, &n, NULL, NULL, &n_local));
  n_probes = PetscMin(n, N_PROBES);
  probed   = HoleErrorAgree(comm, allocate(d, n_local, &row, &point)); /* local */
  for (HoleIndex p = 0; p < n_probes && !probed; ++p) {
    probed = hole_distances_from_point(d, p * n / n_probes, point, row); /* collective */
    for (HoleIndex i = 0; i < n_local && !probed; ++i) count += row[i] <= length;
  }
  PetscCall(PetscFree2(row, point));
  PetscCall(probed);
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &count, 1, HOLE_MPI_INDEX, MPI_SUM, comm));
  *share = n > 1 ? (double)(count - n_probes) / ((double)n_probes * (double)(n - 1)) : 0; /* a point is 0 from itself */
  PetscFunctionReturn(PETSC_SUCCESS);
}
