/* loops.h - loops of lunes: the critical tetrahedra, for the other side of dimension 2. docs/math/homology.md, section 9.

   A tetrahedron (e, kl) is critical if the edge (k,l) closes a loop of the lune's graph that its triangles never fill. There are few. */
#pragma once

#include "skeleton.h"

/* Numbers of 32 bits: for each critical tetrahedron e, the edge (k,l), how many edges its loop has, and these. */
struct hole_loop_list {
  HoleIndex n, capacity;
  uint32_t *numbers; /* [n] */
};

typedef struct hole_loops_s *hole_loops;

/* Local. Memory: dense, n^2 / 8 bytes; sparse, a bit for each pair of a lune. */
PetscErrorCode hole_loops_create(hole_skeleton s, hole_loops *l);
PetscErrorCode hole_loops_destroy(hole_loops *l);

/*
 * Append the loops, with homology modulo 2, of the lunes of part `part` of `n_parts` of the edges in [first, last). `first` is not before
 * the `last` of an earlier call. Local.
 * Time: for nearly every lune one or a few passes over rows of bits; where there are loops, of order of the square of its size.
 */
PetscErrorCode hole_loops_find(hole_loops l, uint32_t first, uint32_t last, PetscMPIInt part, PetscMPIInt n_parts,
                               struct hole_loop_list *list);
