/* suspension.h - dimension 2 by homology, modulo 2: the other side, for classes that live long. docs/math/homology.md, section 9.

   A critical tetrahedron of edge e = (i,j) stands for the suspension of a loop of its lune by i and j: a cycle of triangles that it fills.
   Their reduction pairs each with the critical triangle that began its class. Cycles stay short where cocycles grow. */
#pragma once

#include "loops.h"
#include "simplices.h"

/* A critical triangle and the tetrahedron that ends its class. */
struct hole_suspension_pair {
  uint64_t birth, death;
};

/* By birth, for qsort(). */
static inline int hole_suspension_order(const void *a, const void *b)
{
  const struct hole_suspension_pair *x = a, *y = b;

  return x->birth < y->birth ? -1 : x->birth > y->birth;
}

/*
 * Reduce the loops of all lunes, ascending by edge and closing edge. Local: one rank does it.
 * `pairs` [*n_pairs] ascending by birth, to be freed with PetscFree().
 * HOLE_ERR_RESOURCE: more than `most_bytes`.
 */
PetscErrorCode hole_suspension_reduce(HoleHomology homology, struct hole_simplices *x, HoleIndex n_numbers,
                                      const uint32_t numbers[], double most_bytes, HoleIndex *n_pairs,
                                      struct hole_suspension_pair *pairs[]);
