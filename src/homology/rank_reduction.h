/* rank_reduction.h - columns of persistent cohomology in dimension 1, 2 or 3 over a skeleton, reduced within a window of ranks.

   A column is the coboundary of a chain of simplices, modulo a prime. Of its entries those with the least longest edges are generated, in
   pieces, as they are needed; its pivot is the first of them. docs/math/homology.md, sections 5 to 7. */
#pragma once

#include "column.h"
#include "lune_graph.h"
#include "simplices.h"

typedef struct hole_rank_reduction_s *hole_rank_reduction;

/* For columns of simplices of dimension `dim`. It takes at most `most_bytes`, kept columns included; a column that generates more than
   `most_cofacets` in a window is given up. Local; borrows `x`. */
PetscErrorCode hole_rank_reduction_create(struct hole_simplices *x, int dim, double most_bytes, HoleIndex most_cofacets,
                                          hole_rank_reduction *reduction);

/* A column's birth, of the simplex with this number; its place in the order of columns is that of the key. */
struct hole_edge_key hole_rank_birth(const struct hole_simplices *x, int dim, uint64_t simplex);

/* The entry that an item of a chain is. */
static inline hole_entry hole_chain_entry(struct hole_chain_item item) { return (uint64_t)item.i << 32 | item.j; }

/*
 * Reduce a column against those reduced before it, by cofacets whose longest edge precedes `high`, the end of its window.
 *
 * If a pivot is found there, a simplex of the next dimension, the column now belongs to the reduction, and *column is NULL; otherwise it
 * is ready for the next window. Columns of one window must come in the global order: latest birth first. Local.
 * HOLE_ERR_RESOURCE: more memory than `most_bytes`. A column that is given up is not reduced to the end, and *given_up is set.
 */
PetscErrorCode hole_rank_reduction_reduce(hole_rank_reduction reduction, uint32_t high, struct hole_column **column,
                                          uint64_t *pivot, PetscBool *found, PetscBool *given_up);

/* Borrow the chain of the column with this pivot, found here. The coboundary's coefficient at the pivot is 1. */
PetscErrorCode hole_rank_reduction_chain(hole_rank_reduction reduction, uint64_t pivot, HoleIndex *n,
                                         const struct hole_chain_item *chain[]);

const struct hole_reduction_work *hole_rank_reduction_get_work(hole_rank_reduction reduction);

PetscErrorCode hole_rank_reduction_destroy(hole_rank_reduction *reduction);
