/* The matrix of distances among a few points, by rows over ranks. */
#include "views_impl.h"

#include "../core/block.h"
#include "../core/cast.h"
#include "../core/fault.h"
#include "../distances/rows.h"
#include <hole/hole_error.h>
#include <math.h>

static PetscMPIInt owner_of(const struct close_rows *c, HoleIndex place)
{
  return hole_block_owner(c->n_points, c->size, c->ids[place]);
}

/* Local. */
static PetscErrorCode allocate(struct close_rows *c)
{
  PetscFunctionBegin;
  PetscCall(hole_fault(c->comm, "views_close"));
  PetscCall(PetscMalloc1(c->n, &c->own));
  for (HoleIndex p = 0; p < c->n; ++p) {
    if (owner_of(c, p) == c->rank) c->own[c->n_own++] = p;
  }
  PetscCall(PetscMalloc1(c->n_own * c->n, &c->rows));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_close_rows_create(MPI_Comm comm, HoleDistances d, HoleIndex n, const HoleIndex ids[],
                                      struct close_rows *c)
{
  PetscFunctionBegin;
  *c = (struct close_rows){.comm = comm, .n = n, .ids = ids};
  PetscCall(HoleDistancesGetShape(d, &c->n_points, NULL, NULL, NULL));
  PetscCallMPI(MPI_Comm_rank(comm, &c->rank));
  PetscCallMPI(MPI_Comm_size(comm, &c->size));
  HoleCallAgreed(comm, allocate(c)); /* local */
  PetscCall(hole_distances_among(d, n, ids, c->rows));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_close_rows_finite(const struct close_rows *c, PetscBool *finite)
{
  PetscFunctionBegin;
  *finite = PETSC_TRUE;
  for (HoleIndex e = 0; e < c->n_own * c->n && *finite; ++e) *finite = (PetscBool)(c->rows[e] < INFINITY);
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, finite, 1, MPIU_BOOL, MPI_LAND, c->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_close_rows_gather(const struct close_rows *c, double matrix[])
{
  PetscMPIInt n;

  PetscFunctionBegin;
  PetscCall(hole_mpi_int(c->n, &n)); /* equal on all ranks */
  for (HoleIndex r = 0; r < c->n_own; ++r) {
    if (c->rank) PetscCallMPI(MPI_Send(c->rows + r * c->n, n, MPI_DOUBLE, 0, 0, c->comm));
    else PetscCall(PetscArraycpy(matrix + c->own[r] * c->n, c->rows + r * c->n, c->n));
  }
  for (HoleIndex p = 0; !c->rank && p < c->n; ++p) { /* each rank sends its rows in the order of their places */
    if (owner_of(c, p))
      PetscCallMPI(MPI_Recv(matrix + p * c->n, n, MPI_DOUBLE, owner_of(c, p), 0, c->comm, MPI_STATUS_IGNORE));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_close_rows_destroy(struct close_rows *c)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(c->own));
  PetscCall(PetscFree(c->rows));
  PetscFunctionReturn(PETSC_SUCCESS);
}
