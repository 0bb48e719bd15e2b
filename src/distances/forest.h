/* forest.h - the merge tree of the complete graph, from one pass over its edges in any order. */
#pragma once

#include "consumer.h"
#include <hole/hole_tree.h>

PetscErrorCode hole_forest_create(HoleDistances d, hole_tiles tiles, struct hole_consumer **forest);

/* Take the tree, after the pass; equal on every rank. */
PetscErrorCode hole_forest_get_tree(struct hole_consumer *forest, HoleTree *tree);

/* Collective: the minimum spanning forest of the edges of all ranks, ascending, on every rank; `edges` is sorted and cut. The
   array holds at least n edges; n_edges becomes the number of edges of the forest. */
PetscErrorCode hole_forest_merge(MPI_Comm comm, HoleIndex n, HoleIndex *n_edges, HoleEdge edges[]);

/* Bytes of a rank for n points of `stride` values; 0: rows are stored. */
double hole_forest_predict_bytes(HoleIndex n, HoleIndex stride);
