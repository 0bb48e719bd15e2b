/* Agreement on errors across ranks, and the exit code of an error. */
#include <hole/hole_error.h>

PetscErrorCode HoleErrorAgree(MPI_Comm comm, PetscErrorCode local)
{
  PetscMPIInt rank;
  int         mine[2], worst[2]; /* code and rank, as MPI_2INT wants them */

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  mine[0] = (int)local;
  mine[1] = rank;
  PetscCallMPI(MPI_Allreduce(mine, worst, 1, MPI_2INT, MPI_MAXLOC, comm));
  if (local) PetscCall((PetscErrorCode)worst[0]); /* the failing rank goes on with its own message */
  PetscCheck(!worst[0], PETSC_COMM_SELF, (PetscErrorCode)worst[0], "Rank %d failed; see its message", worst[1]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

int HoleErrorExitCode(PetscErrorCode code)
{
  switch ((int)code) {
  case PETSC_SUCCESS:
    return 0;
  case HOLE_ERR_USAGE:
    return 2;
  case HOLE_ERR_INPUT:
    return 3;
  case HOLE_ERR_RESOURCE:
    return 4;
  case HOLE_ERR_STOPPED:
    return 75;
  default:
    return 1;
  }
}
