/* Sample sort over ranks, by lengths alone: edges of equal length meet on one rank. Radix sort within one. */
#include "edge_sort.h"

#include "../core/cast.h"
#include "../core/sort.h"
#include <hole/hole_error.h>

enum { N_SAMPLES = 1024 };

static int by_length(const void *a, const void *b)
{
  const double *x = a, *y = b;

  return *x < *y ? -1 : *x > *y;
}

/* Collective: [size - 1] lengths that cut all edges into about equal parts; infinite where there are no edges left. */
static PetscErrorCode choose_splitters(MPI_Comm comm, PetscMPIInt size, HoleIndex n, const struct hole_edge_key edges[],
                                       double samples[], double splitters[])
{
  HoleIndex   n_total, n_samples = 0;
  PetscMPIInt rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCallMPI(MPI_Allreduce(&n, &n_total, 1, HOLE_MPI_INDEX, MPI_SUM, comm));
  for (HoleIndex s = 0; s < N_SAMPLES; ++s) {
    /* each rank shows as many samples as its share of all edges asks for */
    const HoleIndex step = n_total / ((HoleIndex)size * N_SAMPLES / 2) + 1, e = s * step;

    samples[rank * N_SAMPLES + s] = e < n ? edges[e].length : PETSC_INFINITY;
  }
  PetscCallMPI(MPI_Allgather(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, samples, N_SAMPLES, MPI_DOUBLE, comm));
  hole_sort(samples, (HoleIndex)size * N_SAMPLES, sizeof(*samples), by_length);
  while (n_samples < (HoleIndex)size * N_SAMPLES && samples[n_samples] < PETSC_INFINITY) ++n_samples;
  for (PetscMPIInt r = 1; r < size; ++r)
    splitters[r - 1] = n_samples ? samples[(HoleIndex)r * n_samples / size] : PETSC_INFINITY;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The rank whose part a length belongs to. */
static PetscMPIInt part_of(double length, PetscMPIInt size, const double splitters[])
{
  PetscMPIInt low = 0, high = size - 1;

  while (low < high) {
    PetscMPIInt middle = (low + high) / 2;

    if (splitters[middle] <= length) low = middle + 1;
    else high = middle;
  }
  return low;
}

struct exchange {
  PetscMPIInt          *out_count, *out_start, *in_count, *in_start;
  double               *samples, *splitters;
  struct hole_edge_key *packed, *received;
};

/* Local. */
static PetscErrorCode allocate(PetscMPIInt size, struct exchange *x)
{
  PetscFunctionBegin;
  PetscCall(PetscCalloc4(size, &x->out_count, size, &x->out_start, size, &x->in_count, size, &x->in_start));
  PetscCall(PetscMalloc2((HoleIndex)size * N_SAMPLES, &x->samples, size, &x->splitters));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: edges by the rank they go to, each rank's in the order in which they were. */
static PetscErrorCode pack(PetscMPIInt size, HoleIndex n, const struct hole_edge_key edges[], struct exchange *x)
{
  PetscMPIInt count;

  PetscFunctionBegin;
  PetscCall(hole_mpi_int(n, &count)); /* so that no start overflows */
  PetscCall(PetscMalloc1(n, &x->packed));
  for (HoleIndex e = 0; e < n; ++e) ++x->out_count[part_of(edges[e].length, size, x->splitters)];
  for (PetscMPIInt r = 1; r < size; ++r) x->out_start[r] = x->out_start[r - 1] + x->out_count[r - 1];
  for (HoleIndex e = 0; e < n; ++e) x->packed[x->out_start[part_of(edges[e].length, size, x->splitters)]++] = edges[e];
  for (PetscMPIInt r = 0; r < size; ++r) x->out_start[r] -= x->out_count[r];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local. */
static PetscErrorCode make_room(PetscMPIInt size, struct exchange *x, HoleIndex *n)
{
  PetscFunctionBegin;
  *n = 0;
  for (PetscMPIInt r = 0; r < size; ++r) {
    PetscCall(hole_mpi_int(*n, &x->in_start[r]));
    *n += x->in_count[r];
  }
  PetscCall(PetscMalloc1(*n, &x->received));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective. */
static PetscErrorCode exchange_edges(MPI_Comm comm, PetscMPIInt size, HoleIndex *n, struct hole_edge_key *edges[],
                                     struct exchange *x)
{
  MPI_Datatype type;

  PetscFunctionBegin;
  HoleCallAgreed(comm, allocate(size, x)); /* local */
  PetscCall(choose_splitters(comm, size, *n, *edges, x->samples, x->splitters));
  HoleCallAgreed(comm, pack(size, *n, *edges, x)); /* local */
  PetscCall(PetscFree(*edges));
  PetscCallMPI(MPI_Alltoall(x->out_count, 1, MPI_INT, x->in_count, 1, MPI_INT, comm));
  HoleCallAgreed(comm, make_room(size, x, n)); /* local */
  PetscCallMPI(MPI_Type_contiguous(sizeof(**edges), MPI_BYTE, &type));
  PetscCallMPI(MPI_Type_commit(&type));
  PetscCallMPI(
      MPI_Alltoallv(x->packed, x->out_count, x->out_start, type, x->received, x->in_count, x->in_start, type, comm));
  PetscCallMPI(MPI_Type_free(&type));
  *edges      = x->received;
  x->received = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_edge_sort(MPI_Comm comm, HoleIndex *n, struct hole_edge_key *edges[])
{
  struct exchange x = {0};
  PetscMPIInt     size;
  PetscErrorCode  exchanged = PETSC_SUCCESS;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(comm, &size));
  if (size > 1) exchanged = exchange_edges(comm, size, n, edges, &x);
  PetscCall(PetscFree4(x.out_count, x.out_start, x.in_count, x.in_start));
  PetscCall(PetscFree2(x.samples, x.splitters));
  PetscCall(PetscFree(x.packed));
  PetscCall(PetscFree(x.received));
  PetscCall(exchanged);
  HoleCallAgreed(comm, hole_edge_keys_sort(*n, edges)); /* local */
  PetscFunctionReturn(PETSC_SUCCESS);
}
