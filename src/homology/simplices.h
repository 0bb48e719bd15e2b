/* simplices.h - simplices as numbers, and their cofacets.

   Within its dimension a simplex is known by its longest edge e, a rank, and what is opposite to it:

       edge e;   triangle (e, vertex);   tetrahedron (e, edge);   4-simplex (e, edge, vertex): longest edge of the opposite triangle, and
                                                                  the third vertex of that

   in as many bits as the skeleton needs, the first on top: numbers are ordered as simplices are, but that the most central lune vertex of e
   comes first among its triangles. An entry is a simplex with a coefficient below it; modulo 2 there is none. */
#pragma once

#include "skeleton.h"

typedef uint64_t hole_entry;

struct hole_simplices {
  hole_skeleton      s;
  uint32_t           prime;
  int                coefficient_bits; /* 0 modulo 2 */
  int                vertex_bits, edge_bits;
  struct hole_common common; /* of the cofacets last asked for */
};

/* A list of entries that grows. */
struct hole_entries {
  HoleIndex   n, capacity;
  hole_entry *entry;
};

/*
 * Local. HOLE_ERR_RESOURCE: simplices of dimension max_dim + 1 with a coefficient take more than 64 bits, so that no number can
 * overflow later.
 */
PetscErrorCode hole_simplices_create(hole_skeleton s, PetscInt max_dim, PetscInt prime, struct hole_simplices *x);
PetscErrorCode hole_simplices_destroy(struct hole_simplices *x);

/* Bits below the longest edge in the number of a simplex. */
static inline int hole_simplex_low_bits(const struct hole_simplices *x, int dim)
{
  return (dim > 2 ? x->edge_bits : 0) + (dim == 2 || dim == 4 ? x->vertex_bits : 0);
}

static inline uint64_t hole_entry_simplex(const struct hole_simplices *x, hole_entry e)
{
  return e >> x->coefficient_bits;
}

static inline uint32_t hole_entry_coefficient(const struct hole_simplices *x, hole_entry e)
{
  return x->coefficient_bits ? (uint32_t)(e & ((UINT64_C(1) << x->coefficient_bits) - 1)) : 1;
}

static inline hole_entry hole_entry_of(const struct hole_simplices *x, uint64_t simplex, uint32_t coefficient)
{
  return x->coefficient_bits ? simplex << x->coefficient_bits | coefficient : simplex;
}

static inline uint32_t hole_entry_edge(const struct hole_simplices *x, int dim, hole_entry e)
{
  return (uint32_t)(e >> (x->coefficient_bits + hole_simplex_low_bits(x, dim)));
}

/* By number, for qsort(). */
static inline int hole_entry_order(const void *a, const void *b)
{
  const hole_entry *x = a, *y = b;

  return *x < *y ? -1 : *x > *y;
}

/* The vertices of a simplex: ends of the longest edge, then those opposite; [dim + 1], in no order but this. */
void hole_simplex_vertices(const struct hole_simplices *x, int dim, uint64_t simplex, uint32_t vertices[]);

/* How many of the vertices precede `v`: its sign in an oriented simplex is that of this number. */
static inline int hole_vertices_before(int n, const uint32_t vertices[], uint32_t v)
{
  int before = 0;

  for (int w = 0; w < n; ++w) before += vertices[w] < v;
  return before;
}

/* Local: amortised growth. */
PetscErrorCode hole_entries_reserve(struct hole_entries *list, HoleIndex n_more);

/*
 * Append the cofacets of an entry of dimension `dim`, 1 to 3, whose longest edge is in [low, high): its part of the coboundary.
 * Local. Time: one pass over the rows of its vertices.
 */
PetscErrorCode hole_simplices_append_cofacets(struct hole_simplices *x, int dim, hole_entry entry, uint32_t low,
                                              uint32_t high, struct hole_entries *list);
