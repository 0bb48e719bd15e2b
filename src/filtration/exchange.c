/* Edges to the owners of their ends, a bounded number at a time. */
#include "graph_impl.h"

#include "../core/block.h"
#include "../core/cast.h"
#include "../core/fault.h"
#include <hole/hole_error.h>
#include <stdlib.h>

/* Edges that a rank sends in one round; two entries of 24 bytes each. With very many ranks fewer, since one of them may be sent
   all that a round moves, and counts that in an int. */
enum { EDGES_A_ROUND = 1 << 17, MOST_A_ROUND = 1 << 29 };

struct exchange {
  MPI_Comm        comm;
  PetscMPIInt     size;
  HoleIndex       n, n_edges;
  const HoleEdge *edges;
  HoleIndex       slice;                                       /* edges a round */
  HoleIndex      *totals;                                      /* [size] entries for each rank, over all rounds */
  PetscMPIInt    *out_count, *out_start, *in_count, *in_start; /* [size] entries of a round */
  HoleEdge       *packed;                                      /* [2 slice]; alone: where they belong at once */
  HoleIndex       n_entries;
  HoleEdge       *entries;
  MPI_Datatype    type;
};

static PetscMPIInt owner_of(const struct exchange *x, HoleIndex point)
{
  return hole_block_owner(x->n, x->size, point);
}

/* Local. */
static PetscErrorCode allocate_buffers(struct exchange *x)
{
  PetscFunctionBegin;
  x->slice = PetscMax(1, PetscMin(EDGES_A_ROUND, MOST_A_ROUND / x->size));
  PetscCall(hole_fault(x->comm, "graph_exchange"));
  PetscCall(PetscCalloc5(x->size, &x->totals, x->size, &x->out_count, x->size, &x->out_start, x->size, &x->in_count,
                         x->size, &x->in_start));
  if (x->size > 1) PetscCall(PetscMalloc1(2 * PetscMin(x->slice, x->n_edges), &x->packed));
  for (HoleIndex e = 0; e < x->n_edges; ++e) {
    ++x->totals[owner_of(x, x->edges[e].i)];
    ++x->totals[owner_of(x, x->edges[e].j)];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: now that it is known how much comes, can it be held, and then sorted into rows? If not, say so in words that help. */
static PetscErrorCode check_memory(HoleIndex n_entries)
{
  const double bytes = (double)n_entries * (double)(sizeof(HoleEdge) + sizeof(HoleIndex) + sizeof(double));
  void        *trial = bytes < (double)PTRDIFF_MAX ? malloc((size_t)bytes + 1) : NULL;

  PetscFunctionBegin;
  free(trial);
  PetscCheck(trial, PETSC_COMM_SELF, HOLE_ERR_RESOURCE,
             "a graph with %" HoleIndex_FMT
             " entries on one rank needs %.3g GiB there while it is made; lower -threshold, "
             "-neighbors or -max_points, raise -epsilon, or use more ranks on more nodes",
             n_entries, bytes / 0x1p30);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: room for all that will come. */
static PetscErrorCode allocate_entries(struct exchange *x)
{
  PetscFunctionBegin;
  PetscCall(hole_fault(x->comm, "graph_entries"));
  PetscCall(check_memory(x->n_entries));
  PetscCall(PetscMalloc1(x->n_entries, &x->entries));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void put(struct exchange *x, HoleIndex row, HoleIndex column, double length)
{
  const PetscMPIInt owner = owner_of(x, row);

  x->packed[x->out_start[owner] + x->out_count[owner]++] = (HoleEdge){length + 0.0, row, column}; /* -0 becomes 0 */
}

/* Local: the entries of edges [begin, end), in the order of their owners. */
static void pack(struct exchange *x, HoleIndex begin, HoleIndex end)
{
  PetscMPIInt start = 0;

  for (PetscMPIInt r = 0; r < x->size; ++r) x->out_start[r] = 0;
  for (HoleIndex e = begin; e < end; ++e) {
    ++x->out_start[owner_of(x, x->edges[e].i)];
    ++x->out_start[owner_of(x, x->edges[e].j)];
  }
  for (PetscMPIInt r = 0; r < x->size; ++r) {
    PetscMPIInt count = x->out_start[r];

    x->out_start[r] = start;
    x->out_count[r] = 0;
    start += count;
  }
  for (HoleIndex e = begin; e < end; ++e) {
    put(x, x->edges[e].i, x->edges[e].j, x->edges[e].length);
    put(x, x->edges[e].j, x->edges[e].i, x->edges[e].length);
  }
}

/* Collective: all ranks take part in as many rounds as the one with the most edges needs. */
static PetscErrorCode run_rounds(struct exchange *x)
{
  HoleIndex n_rounds = (x->n_edges + x->slice - 1) / x->slice, n_here = 0;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &n_rounds, 1, HOLE_MPI_INDEX, MPI_MAX, x->comm));
  for (HoleIndex round = 0; round < n_rounds; ++round) {
    PetscMPIInt n_coming = 0;

    if (x->size == 1) x->packed = x->entries + n_here;
    pack(x, PetscMin(x->n_edges, round * x->slice), PetscMin(x->n_edges, (round + 1) * x->slice));
    PetscCallMPI(MPI_Alltoall(x->out_count, 1, MPI_INT, x->in_count, 1, MPI_INT, x->comm));
    for (PetscMPIInt r = 0; r < x->size; ++r) {
      x->in_start[r] = n_coming;
      n_coming += x->in_count[r];
    }
    if (x->size > 1)
      PetscCallMPI(MPI_Alltoallv(x->packed, x->out_count, x->out_start, x->type, x->entries + n_here, x->in_count,
                                 x->in_start, x->type, x->comm));
    n_here += n_coming;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective. */
static PetscErrorCode exchange(struct exchange *x)
{
  PetscFunctionBegin;
  HoleCallAgreed(x->comm, allocate_buffers(x)); /* local */
  PetscCallMPI(MPI_Reduce_scatter_block(x->totals, &x->n_entries, 1, HOLE_MPI_INDEX, MPI_SUM, x->comm));
  HoleCallAgreed(x->comm, allocate_entries(x)); /* local */
  PetscCallMPI(MPI_Type_contiguous(sizeof(HoleEdge), MPI_BYTE, &x->type));
  PetscCallMPI(MPI_Type_commit(&x->type));
  PetscCall(run_rounds(x));
  PetscCallMPI(MPI_Type_free(&x->type));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_graph_exchange(MPI_Comm comm, HoleIndex n, HoleIndex n_edges, const HoleEdge edges[],
                                   HoleIndex *n_entries, HoleEdge *entries[])
{
  struct exchange x = {.comm = comm, .n = n, .n_edges = n_edges, .edges = edges};
  PetscErrorCode  exchanged;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(comm, &x.size));
  exchanged = exchange(&x);
  PetscCall(PetscFree5(x.totals, x.out_count, x.out_start, x.in_count, x.in_start));
  if (x.size > 1) PetscCall(PetscFree(x.packed));
  if (exchanged) PetscCall(PetscFree(x.entries));
  PetscCall(exchanged);
  *n_entries = x.n_entries;
  *entries   = x.entries;
  PetscFunctionReturn(PETSC_SUCCESS);
}
