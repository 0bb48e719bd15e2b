/* ring.h - blocks of prepared points travel round the ranks: in step s a rank sees the block of rank + s, modulo the ranks.

       hole_ring_create(d, n_steps, &ring);
       hole_ring_next(ring, &block);
       while (block.rows) { ...; hole_ring_next(ring, &block); }
       hole_ring_destroy(&ring); */
#pragma once

#include <hole/hole_distances.h>

/* Points [first, first + count) of all, owned by rank `owner`; `rows` is never NULL for a block. Points that do not follow each
   other are numbered by `ids`; they have owner -1 and first 0. */
struct hole_block {
  PetscMPIInt      owner;
  HoleIndex        first, count;
  const double    *rows;
  const HoleIndex *ids; /* [count], or NULL */
};

typedef struct hole_ring_s *hole_ring;

/* Collective. The first of n_steps blocks is our own; the others are on their way while the one before is in use. */
PetscErrorCode hole_ring_create(HoleDistances d, PetscMPIInt n_steps, hole_ring *ring);

/* Collective. The next block, valid until the next call; rows is NULL after the last. */
PetscErrorCode hole_ring_next(hole_ring ring, struct hole_block *block);

/* Every pair once in size / 2 + 1 steps: points of `rank` before `end`, counted from its first one, meet those of the block of `owner` from `begin` on.
   Where two ranks meet each other's blocks the smaller takes half of its own points, the larger all against the other half. Not collective. */
void hole_ring_share(HoleDistances d, PetscMPIInt rank, PetscMPIInt owner, HoleIndex *end, HoleIndex *begin);

/* Collective. Accepts a pointer to NULL. */
PetscErrorCode hole_ring_destroy(hole_ring *ring);

/* Bytes of the blocks under way, if nodes have `together` ranks each. */
double hole_ring_predict_bytes(HoleIndex n, HoleIndex stride, PetscMPIInt size, PetscMPIInt together,
                               PetscMPIInt n_steps);
