/* loops.h - loops of lunes: the critical tetrahedra, for the other side of dimension 2. docs/math/homology.md, section 9.

   A tetrahedron (e, kl) is critical if the edge (k,l) closes a loop of the lune's graph that its triangles never fill. There are few. */
#pragma once

#include "simplices.h"
#include <hole/hole_homology.h>

/* Numbers of 32 bits: for each critical tetrahedron e, the edge (k,l), how many edges its loop has, and these. */
struct hole_loops {
  HoleIndex n, capacity;
  uint32_t *numbers; /* [n] */
};

/*
 * Find the loops of part `part` of `n_parts` of the lunes, with homology modulo 2. Local.
 * Time: for nearly every lune one or a few passes over it; the others are made smaller first, vertex by vertex, by leaving out those whose
 * neighbours are all next to one of them. Memory: a bit for each pair of a lune.
 * HOLE_ERR_RESOURCE: a lune with more than 64 independent loops.
 */
PetscErrorCode hole_loops_find(HoleHomology homology, hole_skeleton s, PetscMPIInt part, PetscMPIInt n_parts,
                               struct hole_loops *loops);

PetscErrorCode hole_loops_destroy(struct hole_loops *loops);
