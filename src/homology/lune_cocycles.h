/* lune_cocycles.h - which loops of a graph its triangles do not fill, modulo 2.

   A cocycle of dimension 1 gives every edge a value, so that around each triangle the sum is 0. A value here is a row of bits, one for
   each cocycle of a basis: a loop is filled if the sum of the values along it is 0. Graphs are rows of bits, row v the neighbours of v. */
#pragma once

#include <hole/hole_types.h>
#include <petscsys.h>
#include <stdint.h>

struct hole_bit_graph {
  HoleIndex       n, n_words; /* vertices; words of a row */
  const uint64_t *rows;       /* [n, n_words] without the vertex itself */
  const uint32_t *nearest;    /* [n] a vertex whose neighbours are nearly the same, a guess; NULL: not known */
};

typedef struct hole_lune_cocycles_s *hole_lune_cocycles;

/* Local: for graphs of at most `most_vertices`. 28 bytes a vertex, more where there are loops. */
PetscErrorCode hole_lune_cocycles_create(HoleIndex most_vertices, hole_lune_cocycles *c);
PetscErrorCode hole_lune_cocycles_destroy(hole_lune_cocycles *c);

/*
 * Find the cocycles of the part of a graph on a set of vertices [n_words]. `start` is one of them, best with many neighbours there.
 *
 * Local. *n_loops: how many are independent. Time: most often a few rows of bits for each vertex that is not next to `start`.
 */
PetscErrorCode hole_lune_cocycles_find(hole_lune_cocycles c, const struct hole_bit_graph *g, const uint64_t set[],
                                       HoleIndex start, HoleIndex *n_loops);

/* Words of a value. */
HoleIndex hole_lune_cocycles_width(hole_lune_cocycles c);

/* The value of an edge of the set; NULL: 0. Borrowed. */
const uint64_t *hole_lune_cocycles_value(hole_lune_cocycles c, uint32_t a, uint32_t b);

/* From now on values are modulo `q`, which is not 0: its first bit is 0 in all of them. */
void hole_lune_cocycles_divide(hole_lune_cocycles c, const uint64_t q[]);

static inline void hole_value_add(HoleIndex width, uint64_t a[], const uint64_t b[])
{
  for (HoleIndex w = 0; w < width; ++w) a[w] ^= b[w];
}

/* The first bit of a value; -1: it is 0. */
static inline HoleIndex hole_value_first(HoleIndex width, const uint64_t a[])
{
  for (HoleIndex w = 0; w < width; ++w) {
    if (a[w]) return w * 64 + __builtin_ctzll(a[w]);
  }
  return -1;
}

/* Modulo q, whose first bit is `first`. */
static inline void hole_value_divide(HoleIndex width, uint64_t a[], const uint64_t q[], HoleIndex first)
{
  if (a[first / 64] >> first % 64 & 1) hole_value_add(width, a, q);
}
