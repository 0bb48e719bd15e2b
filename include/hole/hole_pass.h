/** @file
 * One pass over all pairs of points: what is wanted is said first, then every pair is looked at once.
 *
 *     HolePassCreate(d, &pass);
 *     HolePassWantTree(pass);
 *     HolePassWantNeighbours(pass, 16);
 *     HolePassRun(pass);
 *     HolePassGetTree(pass, &tree);
 *
 * Results are those of the doubles that the metric defines, bit for bit, for any number of ranks, tile size and BLAS. */
#pragma once

#include <hole/hole_distances.h>
#include <hole/hole_tree.h>

/** Opaque handle. Borrows the distances, which must outlive it. */
typedef struct HolePass_s *HolePass;

/** A pass that looks for nothing yet. Collective on the ranks of @p d. */
HOLE_EXTERN PetscErrorCode HolePassCreate(HoleDistances d, HolePass *pass);

/** Want the merge tree of the complete graph. Logically collective. */
HOLE_EXTERN PetscErrorCode HolePassWantTree(HolePass pass);

/** Want the @p k nearest other points of every point, min(k, n - 1) of them. Logically collective. @errors HOLE_ERR_USAGE: k < 1. */
HOLE_EXTERN PetscErrorCode HolePassWantNeighbours(HolePass pass, HoleIndex k);

/** Want every pair with length at most @p length, which is finite or infinite. Logically collective. */
HOLE_EXTERN PetscErrorCode HolePassWantEdges(HolePass pass, double length);

/** Want every pair with length at most @p reach[i] + @p reach[j] instead; [n], equal on every rank, borrowed until the pass has
 * run. Logically collective. */
HOLE_EXTERN PetscErrorCode HolePassWantEdgesWithin(HolePass pass, const double reach[]);

/** Want the enclosing radius: the smallest over points of the largest distance to another point. Mostly it is found before the
 * pass, from some tens of points. Logically collective. */
HOLE_EXTERN PetscErrorCode HolePassWantEnclosingRadius(HolePass pass);

/** Want the exact lower order statistic of all pairs, see HoleDistancesGetQuantile(). Logically collective. It takes a second pass. */
HOLE_EXTERN PetscErrorCode HolePassWantQuantile(HolePass pass, double q);

/**
 * Look at every pair once.
 *
 * @collective On the ranks of the distances.
 *
 * Where the rows of distances are stored they are read; else points travel round the ranks in blocks, tiles of products in
 * single precision reject what their error bound proves to be of no interest, and the rest is computed in double.
 *
 * @errors HOLE_ERR_RESOURCE: no memory on some rank. HOLE_ERR_INPUT: distances that overflow.
 * @cost   n^2 / (2 P) products of rows a rank; memory of order n + n_local * (width + k), and of the edges wanted.
 * @source docs/math/distances.md: the error bound, and why each filter is exact.
 */
HOLE_EXTERN PetscErrorCode HolePassRun(HolePass pass);

/** Take the merge tree, equal on every rank; the caller owns it, a second call gives NULL. Not collective. */
HOLE_EXTERN PetscErrorCode HolePassGetTree(HolePass pass, HoleTree *tree);

/**
 * Borrow the neighbours of the local points. Not collective.
 *
 * @param[in]  pass     after HolePassRun()
 * @param[out] k        neighbours of a point
 * @param[out] ids      [n_local, k] global ids by ascending (length, id)
 * @param[out] lengths  [n_local, k]
 */
HOLE_EXTERN PetscErrorCode HolePassGetNeighbours(HolePass pass, HoleIndex *k, const HoleIndex *ids[],
                                                 const double *lengths[]);

/** Borrow the edges that this rank met: over all ranks each once, i < j, in no particular order. Not collective. */
HOLE_EXTERN PetscErrorCode HolePassGetEdges(HolePass pass, HoleIndex *n_edges, const HoleEdge *edges[]);

/** The enclosing radius; 0 for fewer than two points. Equal on every rank. Not collective. */
HOLE_EXTERN PetscErrorCode HolePassGetEnclosingRadius(HolePass pass, double *radius);

/** The quantile; 0 for fewer than two points. Equal on every rank. Not collective. */
HOLE_EXTERN PetscErrorCode HolePassGetQuantile(HolePass pass, double *length);

/**
 * Bytes that one rank needs for a pass over @p n points of @p width units that wants the tree, the enclosing radius and, if
 * @p k is not 0, neighbours, beside the distances; @p stored: their rows are, and @p metric may be NULL. Edges that are wanted come on
 * top, 24 bytes each; a quantile a little. @p together of the @p size ranks are on a node. Not collective.
 */
HOLE_EXTERN double HolePassPredictBytes(HoleMetric metric, HoleIndex n, HoleIndex width, HoleIndex k, PetscBool stored,
                                        PetscMPIInt size, PetscMPIInt together);

/** Free and set to NULL. Collective. Accepts a pointer to NULL. */
HOLE_EXTERN PetscErrorCode HolePassDestroy(HolePass *pass);
