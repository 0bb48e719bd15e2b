/* Diagrams: intervals gathered from all ranks, sorted by a total order. */
#include "../core/cast.h"
#include "../core/sort.h"
#include <hole/hole_diagram.h>
#include <stdlib.h>

struct HoleDiagram_s {
  PetscInt max_dim;
  struct {
    HoleIndex     n, zero_pairs;
    HoleInterval *intervals;
  } dim[HOLE_MAX_DIM + 1];
};

PetscErrorCode HoleDiagramCreate(PetscInt max_dim, HoleDiagram *diagram)
{
  PetscFunctionBegin;
  PetscCheck(max_dim >= 0 && max_dim <= HOLE_MAX_DIM, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE,
             "Dimension %" PetscInt_FMT, max_dim);
  PetscCall(PetscNew(diagram));
  (*diagram)->max_dim = max_dim;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static int compare_indices(const HoleIndex a[], const HoleIndex b[], int n)
{
  for (int i = 0; i < n; ++i) {
    if (a[i] != b[i]) return a[i] < b[i] ? -1 : 1;
  }
  return 0;
}

static int by_birth_then_death_then_simplices(const void *a, const void *b)
{
  const HoleInterval *x = a, *y = b;
  int                 order;

  if (x->birth != y->birth) return x->birth < y->birth ? -1 : 1;
  if (x->death != y->death) return x->death < y->death ? -1 : 1;
  order = compare_indices(x->birth_simplex, y->birth_simplex, HOLE_MAX_DIM + 1);
  return order ? order : compare_indices(x->death_simplex, y->death_simplex, HOLE_MAX_DIM + 2);
}

/* Where each rank's part goes in an array of all, counted in intervals. */
static PetscErrorCode plan_parts(MPI_Comm comm, HoleIndex n_local, PetscMPIInt **counts, PetscMPIInt **starts,
                                 HoleIndex *n)
{
  PetscMPIInt size, mine;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(comm, &size));
  PetscCall(hole_mpi_int(n_local, &mine));
  PetscCall(PetscMalloc2(size, counts, size, starts));
  PetscCallMPI(MPI_Allgather(&mine, 1, MPI_INT, *counts, 1, MPI_INT, comm));
  *n = 0;
  for (PetscMPIInt r = 0; r < size; ++r) {
    PetscCall(hole_mpi_int(*n, &(*starts)[r]));
    *n += (*counts)[r];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleDiagramSetIntervals(HoleDiagram diagram, MPI_Comm comm, PetscInt dim, HoleIndex n_local,
                                       const HoleInterval intervals[], HoleIndex zero_pairs)
{
  HoleIndex     n = 0, n_positive = 0, zeros = 0;
  PetscMPIInt  *counts, *starts;
  HoleInterval *positive, *all;
  MPI_Datatype  type;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(n_local, &positive));
  for (HoleIndex i = 0; i < n_local; ++i) {
    if (intervals[i].birth < intervals[i].death) positive[n_positive++] = intervals[i];
    else ++zeros;
  }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &zeros, 1, HOLE_MPI_INDEX, MPI_SUM, comm));
  PetscCall(plan_parts(comm, n_positive, &counts, &starts, &n));
  PetscCall(PetscMalloc1(n, &all));
  PetscCallMPI(MPI_Type_contiguous(sizeof(HoleInterval), MPI_BYTE, &type));
  PetscCallMPI(MPI_Type_commit(&type));
  PetscCallMPI(MPI_Allgatherv(positive, (PetscMPIInt)n_positive, type, all, counts, starts, type, comm));
  PetscCallMPI(MPI_Type_free(&type));
  PetscCall(PetscFree2(counts, starts));
  PetscCall(PetscFree(positive));
  hole_sort(all, n, sizeof(*all), by_birth_then_death_then_simplices);
  PetscCall(PetscFree(diagram->dim[dim].intervals));
  diagram->dim[dim].n          = n;
  diagram->dim[dim].intervals  = all;
  diagram->dim[dim].zero_pairs = zeros + zero_pairs;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscInt HoleDiagramGetMaxDim(HoleDiagram diagram) { return diagram->max_dim; }

PetscErrorCode HoleDiagramGetIntervals(HoleDiagram diagram, PetscInt dim, HoleIndex *n, const HoleInterval *intervals[],
                                       HoleIndex *zero_pairs)
{
  PetscFunctionBegin;
  PetscCheck(dim >= 0 && dim <= diagram->max_dim, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE,
             "Dimension %" PetscInt_FMT " of a diagram up to %" PetscInt_FMT, dim, diagram->max_dim);
  if (n) *n = diagram->dim[dim].n;
  if (intervals) *intervals = diagram->dim[dim].intervals;
  if (zero_pairs) *zero_pairs = diagram->dim[dim].zero_pairs;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleDiagramDestroy(HoleDiagram *diagram)
{
  PetscFunctionBegin;
  if (!*diagram) PetscFunctionReturn(PETSC_SUCCESS);
  for (PetscInt dim = 0; dim <= HOLE_MAX_DIM; ++dim) PetscCall(PetscFree((*diagram)->dim[dim].intervals));
  PetscCall(PetscFree(*diagram));
  PetscFunctionReturn(PETSC_SUCCESS);
}
