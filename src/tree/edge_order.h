/* edge_order.h - the total order of edges, for edges that share a vertex and for keys kept small.

   Edges are ordered by (length, smaller id, larger id). For two edges at one vertex v, (v,a) and (v,b), the ids
   compare as a and b do, wherever v stands; so with lengths from one row of the matrix the order is (length, other end). */
#pragma once

#include <hole/hole_tree.h>

/* Does (v,a) of length x precede (v,b) of length y? */
static inline int hole_edge_precedes_at_vertex(double x, HoleIndex a, double y, HoleIndex b)
{
  return x < y || (x == y && a < b);
}

/* An edge in 16 bytes; i < j. */
struct hole_edge_key {
  double   length;
  uint32_t i, j;
};

static inline struct hole_edge_key hole_edge_key_of(double length, HoleIndex a, HoleIndex b)
{
  struct hole_edge_key key = {length, (uint32_t)(a < b ? a : b), (uint32_t)(a < b ? b : a)};

  return key;
}

/* Where both ends know an edge: is it the business of i? Either end has it as likely. */
static inline PetscBool hole_edge_is_from(HoleIndex i, HoleIndex j)
{
  return (PetscBool)((i < j) == ((i + j) % 2 == 0));
}

/* Negative, 0 or positive, in the total order. */
static inline int hole_edge_key_compare(const struct hole_edge_key *x, const struct hole_edge_key *y)
{
  if (x->length != y->length) return x->length < y->length ? -1 : 1;
  if (x->i != y->i) return x->i < y->i ? -1 : 1;
  return x->j < y->j ? -1 : x->j > y->j;
}

/* The same for qsort(). */
static inline int hole_edge_key_by_order(const void *a, const void *b) { return hole_edge_key_compare(a, b); }

/* In the total order; lengths are 0 or more, not -0. The array is replaced by another. Local. 16 bytes an edge while it runs. Time:
   three or four moves an edge, and comparisons among those whose lengths are equal or nearly so, unless they are in order. */
PetscErrorCode hole_edge_keys_sort(HoleIndex n, struct hole_edge_key *edges[]);
