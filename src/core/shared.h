/* shared.h - an array that the ranks of a node have in common: one copy a node, read by all, filled in parts. */
#pragma once

#include <hole/hole_types.h>

typedef struct hole_shared_s *hole_shared;

/*
 * Bytes that all ranks of a node see, aligned to 64. Collective on `comm`, with equal `bytes`; the nodes are found here.
 * HOLE_ERR_RESOURCE: no memory on some node.
 */
PetscErrorCode hole_shared_create(MPI_Comm comm, size_t bytes, hole_shared *shared);

/* Where they are in this process. Not collective. */
char *hole_shared_base(hole_shared shared);

/* The ranks of this node; ours to borrow. Not collective. */
MPI_Comm hole_shared_node(hole_shared shared);

/* What a rank of the node has written before is seen by all of them after. Collective on the node. */
PetscErrorCode hole_shared_sync(hole_shared shared);

/*
 * Bring bytes that rank `from` of the communicator has written into the copies of all other nodes. Collective on the communicator.
 * Afterwards hole_shared_sync() is due.
 */
PetscErrorCode hole_shared_broadcast(hole_shared shared, PetscMPIInt from, size_t first, size_t bytes);

/* Free and set to NULL. Collective. Accepts a pointer to NULL. */
PetscErrorCode hole_shared_destroy(hole_shared *shared);
