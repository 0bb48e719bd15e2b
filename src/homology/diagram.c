/* Diagrams: intervals gathered from all ranks, sorted by a total order. */
#include "diagram_impl.h"

#include "../core/cast.h"
#include "../core/sort.h"
#include <hole/hole_error.h>

PetscErrorCode HoleDiagramCreate(PetscInt max_dim, HoleDiagram *diagram)
{
  PetscFunctionBegin;
  PetscCheck(max_dim >= 0 && max_dim <= HOLE_MAX_DIM, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE,
             "Dimension %" PetscInt_FMT, max_dim);
  PetscCall(PetscNew(diagram));
  (*diagram)->max_dim = max_dim;
  (*diagram)->prime   = 2;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static int compare_indices(const HoleIndex a[], const HoleIndex b[], int n)
{
  for (int i = 0; i < n; ++i) {
    if (a[i] != b[i]) return a[i] < b[i] ? -1 : 1;
  }
  return 0;
}

int hole_interval_order(const void *a, const void *b)
{
  const HoleInterval *x = a, *y = b;
  int                 order;

  if (x->birth != y->birth) return x->birth < y->birth ? -1 : 1;
  if (x->death != y->death) return x->death < y->death ? -1 : 1;
  order = compare_indices(x->birth_simplex, y->birth_simplex, HOLE_MAX_DIM + 1);
  return order ? order : compare_indices(x->death_simplex, y->death_simplex, HOLE_MAX_DIM + 2);
}

/* Intervals on their way to all ranks. */
struct gathering {
  HoleIndex     n;
  HoleInterval *all;             /* [n] */
  PetscMPIInt  *counts, *starts; /* [size], in intervals */
};

static PetscBool is_positive(const HoleInterval *interval) { return (PetscBool)(interval->birth < interval->death); }

/* Local: how many have positive length, and how many have not. */
static PetscErrorCode count_positive(PetscMPIInt size, HoleIndex n, const HoleInterval intervals[], struct gathering *g,
                                     PetscMPIInt *mine, HoleIndex *zeros)
{
  HoleIndex n_positive = 0;

  PetscFunctionBegin;
  for (HoleIndex i = 0; i < n; ++i) n_positive += is_positive(&intervals[i]);
  *zeros = n - n_positive;
  PetscCall(hole_mpi_int(n_positive, mine));
  PetscCall(PetscMalloc2(size, &g->counts, size, &g->starts));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: room for all, with ours in their place. */
static PetscErrorCode place_own(PetscMPIInt size, PetscMPIInt rank, HoleIndex n, const HoleInterval intervals[],
                                struct gathering *g)
{
  HoleInterval *own;

  PetscFunctionBegin;
  for (PetscMPIInt r = 0; r < size; ++r) {
    PetscCall(hole_mpi_int(g->n, &g->starts[r]));
    g->n += g->counts[r];
  }
  PetscCall(PetscMalloc1(g->n, &g->all));
  own = g->n ? g->all + g->starts[rank] : NULL;
  for (HoleIndex i = 0; i < n; ++i) {
    if (is_positive(&intervals[i])) *own++ = intervals[i];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode gather(MPI_Comm comm, HoleIndex n, const HoleInterval intervals[], struct gathering *g,
                             HoleIndex *zeros)
{
  PetscMPIInt  size, rank, mine;
  MPI_Datatype type;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(comm, &size));
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  HoleCallAgreed(comm, count_positive(size, n, intervals, g, &mine, zeros)); /* local */
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, zeros, 1, HOLE_MPI_INDEX, MPI_SUM, comm));
  PetscCallMPI(MPI_Allgather(&mine, 1, MPI_INT, g->counts, 1, MPI_INT, comm));
  HoleCallAgreed(comm, place_own(size, rank, n, intervals, g)); /* local */
  PetscCallMPI(MPI_Type_contiguous(sizeof(HoleInterval), MPI_BYTE, &type));
  PetscCallMPI(MPI_Type_commit(&type));
  PetscCallMPI(MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, g->all, g->counts, g->starts, type, comm));
  PetscCallMPI(MPI_Type_free(&type));
  hole_sort(g->all, g->n, sizeof(*g->all), hole_interval_order);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleDiagramSetIntervals(HoleDiagram diagram, MPI_Comm comm, PetscInt dim, HoleIndex n_local,
                                       const HoleInterval intervals[], HoleIndex zero_pairs)
{
  struct gathering g     = {0};
  HoleIndex        zeros = 0;
  PetscErrorCode   gathered;

  PetscFunctionBegin;
  PetscCheck(dim >= 0 && dim <= diagram->max_dim, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE,
             "Dimension %" PetscInt_FMT " of a diagram up to %" PetscInt_FMT, dim, diagram->max_dim);
  gathered = gather(comm, n_local, intervals, &g, &zeros);
  PetscCall(PetscFree2(g.counts, g.starts));
  if (gathered) PetscCall(PetscFree(g.all));
  PetscCall(gathered);
  PetscCall(PetscFree(diagram->dim[dim].intervals));
  diagram->dim[dim].n          = g.n;
  diagram->dim[dim].intervals  = g.all;
  diagram->dim[dim].zero_pairs = zeros + zero_pairs;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleDiagramSetCoefficients(HoleDiagram diagram, PetscInt prime)
{
  PetscFunctionBegin;
  diagram->prime = prime;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscInt HoleDiagramGetCoefficients(HoleDiagram diagram) { return diagram->prime; }

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
  for (PetscInt dim = 0; dim <= HOLE_MAX_DIM; ++dim) {
    PetscCall(PetscFree((*diagram)->dim[dim].intervals));
    for (int kind = 0; kind < HOLE_N_CHAIN_KINDS; ++kind)
      PetscCall(hole_chains_destroy(&(*diagram)->dim[dim].chains[kind]));
  }
  PetscCall(PetscFree(*diagram));
  PetscFunctionReturn(PETSC_SUCCESS);
}
