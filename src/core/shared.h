/* shared.h - memory that the ranks of a node have in common: one copy a node, or a part of each rank, read by all. */
#pragma once

#include <hole/hole_types.h>

typedef struct hole_shared_s *hole_shared;

/*
 * Bytes that all ranks of a node see, aligned to 64. Collective on `comm`, with equal `bytes`; the nodes are found here.
 * HOLE_ERR_RESOURCE: no memory on some node.
 */
PetscErrorCode hole_shared_create(MPI_Comm comm, size_t bytes, hole_shared *shared);

/* The same for parts, one of each rank, of any size. Collective on `comm`. On a node without room for all of them in shared memory each
   rank can read its own only. */
PetscErrorCode hole_shared_create_parts(MPI_Comm comm, size_t own_bytes, hole_shared *shared);

/* Where the copy of the node is in this process. Not collective. */
char *hole_shared_base(hole_shared shared);

/* Where the part of a rank of `comm` is in this process, NULL if it cannot be read. Not collective. */
char *hole_shared_part(hole_shared shared, PetscMPIInt rank);

/* Most bytes of other ranks that this one has touched at a time: of a copy, beyond an equal share. They count among the pages of every
   process that touches them, and are there once. */
size_t hole_shared_foreign(void);

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
