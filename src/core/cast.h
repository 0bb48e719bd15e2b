/* cast.h - counts as MPI wants them. PetscMPIIntCast() takes a PetscInt, which may have 32 bits itself. */
#pragma once

#include <hole/hole_types.h>

/* What does not fit is refused, not cut. Not collective. */
static inline PetscErrorCode hole_mpi_int(HoleIndex n, PetscMPIInt *out)
{
  PetscFunctionBegin;
  *out = (PetscMPIInt)n;
  PetscCheck(n >= 0 && n <= PETSC_MPI_INT_MAX, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE,
             "%" HoleIndex_FMT " items are more than one MPI call can take", n);
  PetscFunctionReturn(PETSC_SUCCESS);
}
