/* Rows that a metric makes of those of a layer, and compares instead. */
#include "metric_impl.h"
#include <hole/hole_error.h>

/* Local. */
static PetscErrorCode copy_file_rows(HoleActivations from, HoleActivations to)
{
  HoleIndex n_local, *rows;

  PetscFunctionBegin;
  PetscCall(HoleActivationsGetShape(from, NULL, NULL, NULL, &n_local));
  PetscCall(PetscMalloc1(n_local, &rows));
  for (HoleIndex i = 0; i < n_local; ++i) rows[i] = HoleActivationsGetFileRow(from, i);
  PetscCall(HoleActivationsSetFileRows(to, rows));
  PetscCall(PetscFree(rows));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_metric_create_rows(HoleActivations acts, HoleIndex width, HoleActivations *out)
{
  MPI_Comm       comm = HoleActivationsGetComm(acts);
  HoleIndex      n;
  PetscErrorCode copied;

  PetscFunctionBegin;
  PetscCall(HoleActivationsGetShape(acts, &n, NULL, NULL, NULL));
  PetscCall(HoleActivationsCreate(comm, HoleActivationsGetName(acts), n, width, out));
  copied = HoleErrorAgree(comm, copy_file_rows(acts, *out));
  if (copied) PetscCall(HoleActivationsDestroy(out));
  PetscCall(copied);
  PetscFunctionReturn(PETSC_SUCCESS);
}
