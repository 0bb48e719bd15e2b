/* edge_sort.h - edges of all ranks into one order. */
#pragma once

#include "../tree/edge_order.h"

/*
 * Sort the edges of all ranks by (length, i, j): rank 0 gets the first of them, and so on, about as many each.
 *
 * Collective. `edges` [*n] are in any order; they are freed, and replaced by the sorted ones, to be freed with PetscFree(). Radix
 * sort: linear time, but for edges of equal length, and 32 bytes an edge.
 */
PetscErrorCode hole_edge_sort(MPI_Comm comm, HoleIndex *n, struct hole_edge_key *edges[]);
