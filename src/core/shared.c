/* Node-shared memory by MPI-3 windows; a rank that is alone on its node takes ordinary memory. */
#include "shared.h"

#include "cast.h"
#include "fault.h"
#include <hole/hole_error.h>
#include <stdlib.h>

enum { ALIGNMENT = 64, PIECE_BYTES = 1 << 28 /* of a broadcast: counts are int */ };

struct hole_shared_s {
  MPI_Comm     comm, node, leaders; /* leaders: the first ranks of all nodes; MPI_COMM_NULL on others */
  PetscMPIInt *node_of; /* [ranks of comm] number of the node of a rank, as its leader counts in `leaders` */
  PetscMPIInt  n_nodes, node_rank, node_size;
  MPI_Win      window;
  char        *own, *base;
};

/* Collective: who shares memory with whom. */
static PetscErrorCode find_nodes(hole_shared s)
{
  PetscMPIInt rank, size, number = 0;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(s->comm, &rank));
  PetscCallMPI(MPI_Comm_size(s->comm, &size));
  PetscCallMPI(MPI_Comm_split_type(s->comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &s->node));
  PetscCallMPI(MPI_Comm_rank(s->node, &s->node_rank));
  PetscCallMPI(MPI_Comm_size(s->node, &s->node_size));
  PetscCallMPI(MPI_Comm_split(s->comm, s->node_rank ? MPI_UNDEFINED : 0, rank, &s->leaders));
  if (s->leaders != MPI_COMM_NULL) {
    PetscCallMPI(MPI_Comm_rank(s->leaders, &number));
    PetscCallMPI(MPI_Comm_size(s->leaders, &s->n_nodes));
  }
  PetscCallMPI(MPI_Bcast(&number, 1, MPI_INT, 0, s->node));
  PetscCallMPI(MPI_Bcast(&s->n_nodes, 1, MPI_INT, 0, s->node));
  HoleCallAgreed(s->comm, PetscMalloc1(size, &s->node_of));
  PetscCallMPI(MPI_Allgather(&number, 1, MPI_INT, s->node_of, 1, MPI_INT, s->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local. */
static PetscErrorCode allocate_own(hole_shared s, size_t bytes)
{
  PetscFunctionBegin;
  PetscCall(hole_fault(s->comm, "shared_allocate"));
  if (s->node_size == 1) s->own = malloc(bytes + ALIGNMENT);
  PetscCheck(s->own || s->node_size > 1, PETSC_COMM_SELF, HOLE_ERR_RESOURCE,
             "no memory for %.3g GiB that a node holds once; lower -max_points or -threshold", (double)bytes / 0x1p30);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective. */
static PetscErrorCode allocate(hole_shared s, size_t bytes)
{
  MPI_Aint    window_bytes;
  PetscMPIInt unit;
  void       *mine;

  PetscFunctionBegin;
  HoleCallAgreed(s->comm, allocate_own(s, bytes)); /* local */
  if (s->node_size > 1) {
    PetscCallMPI(MPI_Win_allocate_shared(s->node_rank ? 0 : (MPI_Aint)bytes + ALIGNMENT, 1, MPI_INFO_NULL, s->node,
                                         &mine, &s->window));
    PetscCallMPI(MPI_Win_shared_query(s->window, 0, &window_bytes, &unit, (void *)&s->base));
    PetscCallMPI(MPI_Win_lock_all(MPI_MODE_NOCHECK, s->window));
  } else s->base = s->own;
  s->base +=
      (ALIGNMENT - (uintptr_t)s->base % ALIGNMENT) % ALIGNMENT; /* pages are mapped at multiples of it everywhere */
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode set_up(hole_shared s, size_t bytes)
{
  PetscFunctionBegin;
  PetscCall(find_nodes(s));
  PetscCall(allocate(s, bytes));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_shared_create(MPI_Comm comm, size_t bytes, hole_shared *shared)
{
  PetscErrorCode created;

  PetscFunctionBegin;
  PetscCall(PetscNew(shared));
  (*shared)->comm   = comm;
  (*shared)->window = MPI_WIN_NULL;
  (*shared)->node = (*shared)->leaders = MPI_COMM_NULL;
  created                              = set_up(*shared, bytes);
  if (created) PetscCall(hole_shared_destroy(shared));
  PetscCall(created);
  PetscFunctionReturn(PETSC_SUCCESS);
}

char *hole_shared_base(hole_shared shared) { return shared->base; }

MPI_Comm hole_shared_node(hole_shared shared) { return shared->node; }

PetscErrorCode hole_shared_sync(hole_shared s)
{
  PetscFunctionBegin;
  if (s->node_size == 1) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCallMPI(MPI_Win_sync(s->window));
  PetscCallMPI(MPI_Barrier(s->node));
  PetscCallMPI(MPI_Win_sync(s->window));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_shared_broadcast(hole_shared s, PetscMPIInt from, size_t first, size_t bytes)
{
  PetscFunctionBegin;
  if (s->n_nodes == 1) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(hole_shared_sync(s)); /* what the sender wrote is with its leader */
  for (size_t done = 0; done < bytes && s->leaders != MPI_COMM_NULL; done += PIECE_BYTES)
    PetscCallMPI(MPI_Bcast(s->base + first + done, (int)PetscMin(bytes - done, PIECE_BYTES), MPI_BYTE, s->node_of[from],
                           s->leaders));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_shared_destroy(hole_shared *shared)
{
  hole_shared s = *shared;

  PetscFunctionBegin;
  if (!s) PetscFunctionReturn(PETSC_SUCCESS);
  if (s->window != MPI_WIN_NULL) {
    PetscCallMPI(MPI_Win_unlock_all(s->window));
    PetscCallMPI(MPI_Win_free(&s->window));
  }
  free(s->own);
  PetscCall(PetscFree(s->node_of));
  if (s->leaders != MPI_COMM_NULL) PetscCallMPI(MPI_Comm_free(&s->leaders));
  if (s->node != MPI_COMM_NULL) PetscCallMPI(MPI_Comm_free(&s->node));
  PetscCall(PetscFree(s));
  *shared = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}
