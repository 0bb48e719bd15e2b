/** @file
 * The merge tree of the complete graph: which points join at which length (single linkage, H0). */
#pragma once

#include <hole/hole_types.h>

/** An edge of the 1-skeleton, i < j. */
typedef struct {
  double    length; /**< distance of its ends */
  HoleIndex i;      /**< the smaller end */
  HoleIndex j;      /**< the larger end */
} HoleEdge;

/** Total order of edges: by length, then smaller id, then larger id. Negative, 0 or positive, as qsort() wants it. */
HOLE_EXTERN int HoleEdgeCompare(const void *a, const void *b);

/**
 * Opaque handle: the spanning tree of @p n points by ascending edges, equal on every rank.
 *
 * @cost 24 * (n - 1) bytes on every rank.
 */
typedef struct HoleTree_s *HoleTree;

/**
 * Make a tree from its edges. Logically collective: no message is sent, arguments must be equal on every rank.
 *
 * @param[in]  n      number of points, 1 to 2^30
 * @param[in]  edges  [n - 1] edges of a spanning tree, any order, lengths 0 or more; copied and sorted, with i < j. An
 *                    infinite length stands for two parts of a graph that nothing joins
 * @param[out] tree   new object, owned by the caller; NULL on error
 *
 * @errors PETSC_ERR_ARG_OUTOFRANGE: a point or a length out of range, NaN. PETSC_ERR_ARG_WRONG: the edges close a cycle.
 * @cost   O(n log n).
 */
HOLE_EXTERN PetscErrorCode HoleTreeCreate(HoleIndex n, const HoleEdge edges[], HoleTree *tree);

/** Number of points. Not collective. */
HOLE_EXTERN HoleIndex HoleTreeGetSize(HoleTree tree);

/** Borrow the n - 1 edges in merge order (ascending). Not collective. */
HOLE_EXTERN const HoleEdge *HoleTreeGetEdges(HoleTree tree);

/**
 * Linkage matrix in SciPy's convention. Not collective.
 *
 * @param[in]  tree     the tree
 * @param[out] linkage  [n - 1, 4], filled: the two joined nodes (smaller first; node n + m is made by merge m), length, points
 */
HOLE_EXTERN PetscErrorCode HoleTreeGetLinkage(HoleTree tree, double linkage[]);

/**
 * Clusters of the graph of all finite edges with length <= t (closed) or < t (open). Not collective.
 *
 * @param[in]  tree        the tree
 * @param[in]  t           threshold, in the units of the lengths
 * @param[in]  closed      whether an edge of length t joins
 * @param[out] labels      [n], filled: a cluster's number is the rank of its smallest member
 * @param[out] n_clusters  their number; may be NULL
 *
 * @cost O(n).
 */
HOLE_EXTERN PetscErrorCode HoleTreeCut(HoleTree tree, double t, PetscBool closed, int32_t labels[],
                                       HoleIndex *n_clusters);

/** Free and set to NULL. Not collective. Accepts a pointer to NULL. */
HOLE_EXTERN PetscErrorCode HoleTreeDestroy(HoleTree *tree);
