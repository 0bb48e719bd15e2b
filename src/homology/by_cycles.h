/* by_cycles.h - dimension 2 by homology, modulo 2. docs/math/homology.md, section 9. */
#pragma once

#include "suspension.h"
#include <hole/hole_homology.h>

/*
 * Pair critical triangles with the tetrahedra that end their classes. Those without a pair are not listed.
 *
 * Collective. `births` [n_births]: the critical triangles that this rank has found and that end no interval of dimension 1. `pairs` [*n_pairs] on every rank, ascending by birth, to be freed with PetscFree().
 * HOLE_ERR_RESOURCE: cycles take too much.
 */
PetscErrorCode hole_solve_by_cycles(HoleHomology homology, const struct hole_simplices *x, HoleIndex n_births,
                                    const uint64_t births[], HoleIndex *n_pairs, struct hole_suspension_pair *pairs[]);
