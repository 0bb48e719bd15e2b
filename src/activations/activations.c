/* One layer of activations: rows of doubles, split over ranks in blocks. */
#include "activations_impl.h"

#include "../core/block.h"
#include <hole/hole_error.h>

/* Local. */
static PetscErrorCode allocate_rows(HoleActivations acts, const char name[])
{
  PetscFunctionBegin;
  PetscCheck(!acts->width || acts->n_local <= PTRDIFF_MAX / (HoleIndex)sizeof(double) / acts->width, PETSC_COMM_SELF,
             HOLE_ERR_RESOURCE,
             "Layer %s: %" HoleIndex_FMT " rows of %" HoleIndex_FMT " units are more than memory can hold", name,
             acts->n_local, acts->width);
  PetscCall(PetscStrallocpy(name, &acts->name));
  PetscCall(PetscCalloc1((size_t)(acts->n_local * acts->width), &acts->rows));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleActivationsCreate(MPI_Comm comm, const char name[], HoleIndex n_global, HoleIndex width,
                                     HoleActivations *acts)
{
  HoleActivations a;
  PetscMPIInt     size, rank;
  PetscErrorCode  allocated;

  PetscFunctionBegin;
  *acts = NULL;
  PetscCheck(n_global >= 0 && width >= 0, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE,
             "Layer %s: [%" HoleIndex_FMT ", %" HoleIndex_FMT "] is no shape", name, n_global, width);
  PetscCall(PetscNew(&a));
  PetscCallMPI(MPI_Comm_dup(comm, &a->comm));
  PetscCallMPI(MPI_Comm_size(comm, &size));
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  a->n_global = n_global;
  a->width    = width;
  a->first    = hole_block_first(n_global, size, rank);
  a->n_local  = hole_block_count(n_global, size, rank);
  allocated   = HoleErrorAgree(comm, allocate_rows(a, name));
  if (allocated) PetscCall(HoleActivationsDestroy(&a));
  PetscCall(allocated);
  *acts = a;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: the first value that is not finite, as an index into the rows of all ranks; INT64_MAX if there is none. */
static HoleIndex find_not_finite(HoleActivations acts)
{
  HoleIndex n = acts->n_local * acts->width;

  for (HoleIndex i = 0; i < n; ++i) {
    if (PetscIsInfOrNanReal(acts->rows[i])) return acts->first * acts->width + i;
  }
  return INT64_MAX;
}

/* Local: only the rank that owns the first bad value speaks, so there is one message and it is the same for any rank count. */
static PetscErrorCode report_not_finite(HoleActivations acts, HoleIndex mine, HoleIndex first)
{
  double value;

  PetscFunctionBegin;
  if (mine != first) PetscFunctionReturn(PETSC_SUCCESS);
  value = acts->rows[mine - acts->first * acts->width];
  SETERRQ(PETSC_COMM_SELF, HOLE_ERR_INPUT,
          "Layer %s: row %" HoleIndex_FMT ", unit %" HoleIndex_FMT " is %s, expected a finite number", acts->name,
          mine / acts->width, mine % acts->width, PetscIsNanReal(value) ? "NaN" : "infinite");
}

PetscErrorCode HoleActivationsCheckFinite(HoleActivations acts)
{
  HoleIndex mine, first;

  PetscFunctionBegin;
  mine = find_not_finite(acts);
  PetscCallMPI(MPI_Allreduce(&mine, &first, 1, HOLE_MPI_INDEX, MPI_MIN, acts->comm));
  if (first == INT64_MAX) PetscFunctionReturn(PETSC_SUCCESS); /* equal on all ranks */
  HoleCallAgreed(acts->comm, report_not_finite(acts, mine, first));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleActivationsGetShape(HoleActivations acts, HoleIndex *n_global, HoleIndex *width, HoleIndex *first,
                                       HoleIndex *n_local)
{
  PetscFunctionBegin;
  if (n_global) *n_global = acts->n_global;
  if (width) *width = acts->width;
  if (first) *first = acts->first;
  if (n_local) *n_local = acts->n_local;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleActivationsGetRows(HoleActivations acts, double *rows[])
{
  PetscFunctionBegin;
  *rows = acts->rows;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleActivationsSetFileRows(HoleActivations acts, const HoleIndex rows[])
{
  PetscFunctionBegin;
  PetscCall(PetscFree(acts->file_rows));
  PetscCall(PetscMalloc1(acts->n_local, &acts->file_rows));
  PetscCall(PetscArraycpy(acts->file_rows, rows, acts->n_local));
  PetscFunctionReturn(PETSC_SUCCESS);
}

HoleIndex HoleActivationsGetFileRow(HoleActivations acts, HoleIndex i)
{
  return acts->file_rows ? acts->file_rows[i] : acts->first + i;
}

const char *HoleActivationsGetName(HoleActivations acts) { return acts->name; }

MPI_Comm HoleActivationsGetComm(HoleActivations acts) { return acts->comm; }

PetscErrorCode HoleActivationsDestroy(HoleActivations *acts)
{
  PetscFunctionBegin;
  if (!*acts) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscFree((*acts)->file_rows));
  PetscCall(PetscFree((*acts)->rows));
  PetscCall(PetscFree((*acts)->name));
  PetscCallMPI(MPI_Comm_free(&(*acts)->comm));
  PetscCall(PetscFree(*acts));
  PetscFunctionReturn(PETSC_SUCCESS);
}
