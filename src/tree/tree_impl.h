/* tree_impl.h - fields of the merge tree, and its merges as a binary tree. */
#pragma once

#include <hole/hole_tree.h>

/* Nodes and counts of points are int32_t inside this folder: with n <= HOLE_TREE_MAX_SIZE the 2 n - 1 nodes fit. */
#define HOLE_TREE_MAX_SIZE (INT64_C(1) << 30)

struct HoleTree_s {
  HoleIndex n;
  HoleEdge *edges; /* [n - 1], ascending, i < j */
};

/* The two nodes joined by each merge, smaller one first: node p < n is a point, node n + m is made by merge m.
   `child` is [n - 1, 2]. Not collective. */
PetscErrorCode hole_tree_children(HoleTree tree, int32_t child[]);
