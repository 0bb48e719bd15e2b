/* suspension.h - dimension 2 by homology, modulo 2: the other side, for classes that live long. docs/math/homology.md, section 9.

   A critical tetrahedron of edge e = (i,j) stands for the suspension of a loop of its lune by i and j: a cycle of triangles that it fills.
   Their reduction pairs each with the critical triangle that began its class. Cycles stay short where cocycles grow. */
#pragma once

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

typedef struct hole_suspension_s *hole_suspension;

/*
 * Local: one rank reduces. `births` [n_births] ascending: the critical triangles that end no interval of dimension 1; borrowed. Columns may take
 * `most_bytes`.
 */
PetscErrorCode hole_suspension_create(const struct hole_simplices *x, HoleIndex n_births, const uint64_t births[],
                                      double most_bytes, hole_suspension *p);
PetscErrorCode hole_suspension_destroy(hole_suspension *p);

/*
 * Reduce a loop, as it stands in struct hole_loop_list: they come in the order of edges, then of closing edges. Local.
 * HOLE_ERR_RESOURCE: more than `most_bytes`.
 */
PetscErrorCode hole_suspension_add(hole_suspension p, const uint32_t loop[]);

/* Pairs so far. */
HoleIndex hole_suspension_count(hole_suspension p);

/* These, ascending by birth, to be freed with PetscFree(). */
PetscErrorCode hole_suspension_pairs(hole_suspension p, struct hole_suspension_pair *pairs[]);
