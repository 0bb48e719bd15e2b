/* lunes.h - the lune of an edge: the points that are closer to both of its ends, in the total order of edges.

   L(i,j) = {k : (i,k) and (j,k) both precede (i,j)}. Edges with an empty lune form the relative neighbourhood graph
   [Toussaint1980]; every other edge is matched at once with the triangle on its most central lune vertex, a pair of length
   zero. docs/math/homology.md has the proofs. */
#pragma once

#include "../distances/bounds.h"
#include "../tree/edge_order.h"
#include "homology_impl.h"

/*
 * Find the edges with an empty lune and length at most `cutoff`, which is finite; each is reported by exactly one rank. A pair
 * at infinite length is no edge.
 *
 * Collective. `edges` is to be freed with PetscFree().
 *
 * Memory: hole_lunes_predict_bytes(), above all one byte for each pair that a rank looks at, and the panels. Time: every
 * row of the matrix passes twice; three vector compares a pair settle nearly all of them.
 */
PetscErrorCode hole_lunes_find_empty(HoleHomology homology, hole_bounds bounds, double cutoff, HoleIndex *n_edges,
                                     struct hole_edge_key *edges[]);

/* Will this solver look for them, if all pairs of its filtration are edges? It follows from options alone. Not collective. */
PetscBool hole_homology_reads_bounds(HoleHomology homology);

/* Bytes a rank needs for that, panels left out. */
double hole_lunes_predict_bytes(HoleIndex n, PetscMPIInt size);

/*
 * The most central vertex of the lune of (i, j), given the rows of i and j: it minimises the longer of its two edges. -1 if
 * the lune is empty. Not collective. Two passes over both rows.
 */
HoleIndex hole_lune_center(hole_bounds bounds, HoleIndex i, HoleIndex j, const void *row_i, const void *row_j);
