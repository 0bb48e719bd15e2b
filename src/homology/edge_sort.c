/* Sample sort over ranks, radix sort within one. */
#include "edge_sort.h"

#include "../core/cast.h"
#include "../core/sort.h"
#include <hole/hole_error.h>

enum { N_SAMPLES = 1024 };

/* Behind all edges. */
static const struct hole_edge_key LAST = {INFINITY, UINT32_MAX, UINT32_MAX};

/* Collective: [size - 1] edges that cut all into about equal parts. Every rank shows one in so many of its own, so that it has as many
   samples as its share of all edges asks for. */
static PetscErrorCode choose_splitters(MPI_Comm comm, MPI_Datatype type, PetscMPIInt size, HoleIndex n,
                                       const struct hole_edge_key edges[], struct hole_edge_key samples[],
                                       struct hole_edge_key splitters[])
{
  HoleIndex   n_most, step, n_samples = 0;
  PetscMPIInt rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCallMPI(MPI_Allreduce(&n, &n_most, 1, HOLE_MPI_INDEX, MPI_MAX, comm));
  step = PetscMax(1, (n_most + N_SAMPLES - 1) / N_SAMPLES);
  for (HoleIndex s = 0; s < N_SAMPLES; ++s) samples[rank * N_SAMPLES + s] = s * step < n ? edges[s * step] : LAST;
  PetscCallMPI(MPI_Allgather(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, samples, N_SAMPLES, type, comm));
  hole_sort(samples, (HoleIndex)size * N_SAMPLES, sizeof(*samples), hole_edge_key_by_order);
  while (n_samples < (HoleIndex)size * N_SAMPLES && hole_edge_key_compare(&samples[n_samples], &LAST) < 0) ++n_samples;
  for (PetscMPIInt r = 1; r < size; ++r) splitters[r - 1] = n_samples ? samples[(HoleIndex)r * n_samples / size] : LAST;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The rank whose part an edge belongs to. */
static PetscMPIInt part_of(const struct hole_edge_key *edge, PetscMPIInt size, const struct hole_edge_key splitters[])
{
  PetscMPIInt low = 0, high = size - 1;

  while (low < high) {
    PetscMPIInt middle = (low + high) / 2;

    if (hole_edge_key_compare(&splitters[middle], edge) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

struct exchange {
  PetscMPIInt          *out_count, *out_start, *in_count, *in_start;
  struct hole_edge_key *samples, *splitters, *packed, *received;
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
  for (HoleIndex e = 0; e < n; ++e) ++x->out_count[part_of(&edges[e], size, x->splitters)];
  for (PetscMPIInt r = 1; r < size; ++r) x->out_start[r] = x->out_start[r - 1] + x->out_count[r - 1];
  for (HoleIndex e = 0; e < n; ++e) x->packed[x->out_start[part_of(&edges[e], size, x->splitters)]++] = edges[e];
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
  PetscCallMPI(MPI_Type_contiguous(sizeof(**edges), MPI_BYTE, &type));
  PetscCallMPI(MPI_Type_commit(&type));
  PetscCall(choose_splitters(comm, type, size, *n, *edges, x->samples, x->splitters));
  HoleCallAgreed(comm, pack(size, *n, *edges, x)); /* local */
  PetscCall(PetscFree(*edges));
  PetscCallMPI(MPI_Alltoall(x->out_count, 1, MPI_INT, x->in_count, 1, MPI_INT, comm));
  HoleCallAgreed(comm, make_room(size, x, n)); /* local */
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
