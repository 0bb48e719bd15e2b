/** @file
 * The filtration: which edges exist, and in which order they and all simplices appear.
 *
 * Edges are ordered by (length, smaller id, larger id): a total order. A simplex appears with its longest edge. Triangles with
 * equal longest edge e are ordered by the vertex opposite to e: the most central vertex of the lune of e first, then by id. */
#pragma once

#include <hole/hole_distances.h>
#include <hole/hole_graph.h>
#include <hole/hole_tree.h>

/** Opaque handle: edges with lengths, and a threshold; an edge as long as the threshold belongs to the filtration. */
typedef struct HoleFiltration_s *HoleFiltration;

#define HOLE_FILTRATION_RIPS "rips" /**< every pair is an edge, as long as its points are apart */
#define HOLE_FILTRATION_KNN  "knn"  /**< pairs of which one is among the nearest neighbours of the other */
#define HOLE_FILTRATION_SPARSE \
  "sparse" /**< approximates rips within a factor 1 + E, by few edges where the dimension is low */

/** Make a filtration of @p d, which must outlive it; NULL: of nothing, to look at options. Collective. Its type is rips. */
HOLE_EXTERN PetscErrorCode HoleFiltrationCreate(HoleDistances d, HoleFiltration *f);

/**
 * Make the filtration of a graph where no other distances are known: its edges by length, and all their cliques.
 *
 * @collective On the ranks of @p graph, see HoleGraphCreate(); a reference to it is kept.
 * @errors PETSC_ERR_ARG_WRONG: the rows are split over ranks in another way.
 */
HOLE_EXTERN PetscErrorCode HoleFiltrationCreateFromGraph(Mat graph, HoleFiltration *f);

/** Choose the type by name. Logically collective. @errors HOLE_ERR_USAGE: not registered. */
HOLE_EXTERN PetscErrorCode HoleFiltrationSetType(HoleFiltration f, const char type[]);

/** For knn: how many nearest others of each point, 1 or more; 16 by default. Logically collective. @errors HOLE_ERR_USAGE. */
HOLE_EXTERN PetscErrorCode HoleFiltrationSetNeighbors(HoleFiltration f, HoleIndex n_neighbours);

/** For sparse: E > 0; 0.5 by default. Births and deaths are right within a factor 1 + E. Logically collective. @errors HOLE_ERR_USAGE. */
HOLE_EXTERN PetscErrorCode HoleFiltrationSetEpsilon(HoleFiltration f, double epsilon);

/**
 * Where the filtration stops. Logically collective.
 *
 * @param[in] f     the filtration
 * @param[in] rule  `enclosing` (default: the enclosing radius of the filtration's own edges, beyond which nothing changes; infinite if
 *                  no point is adjacent to all others, and for dimension 0 of a geodesic metric), a number >= 0, `inf`, or `quantile:Q` with Q in [0, 1], of all pairs of the metric
 * @errors HOLE_ERR_USAGE: none of these.
 */
HOLE_EXTERN PetscErrorCode HoleFiltrationSetThreshold(HoleFiltration f, const char rule[]);

/** Highest dimension of homology that is wanted, 0..3; 1 by default. Logically collective. @errors HOLE_ERR_USAGE. */
HOLE_EXTERN PetscErrorCode HoleFiltrationSetMaxDim(HoleFiltration f, PetscInt max_dim);

/** Read -filtration, -neighbors, -epsilon, -threshold, -max_dim. Collective. @errors HOLE_ERR_USAGE; also for an option of another type. */
HOLE_EXTERN PetscErrorCode HoleFiltrationSetFromOptions(HoleFiltration f);

/**
 * Look at all pairs: find the merge tree and the edges, and turn the rule into a number. For rips and -max_dim of 1 or more the
 * distances are stored, unless the threshold is a number or a quantile below which so few pairs are that a graph is made instead. Reads -graph_view, as MatViewFromOptions() does.
 *
 * @collective On the ranks of the distances or the graph.
 * @errors Those of HoleDistancesStore(), HolePassRun() and HoleGraphCreate(). HOLE_ERR_USAGE: sparse without triangle inequality; a type
 * or a quantile that needs distances where there is only a graph.
 * @cost   rips: one pass. knn: one pass, 40 bytes an edge. sparse: two passes and a third for the greedy permutation, 24 bytes for
 *         each pair within reach of each other, then 40 an edge.
 * @source docs/math/filtrations.md. sparse: [CavannaJahanseirSheehy2015].
 */
HOLE_EXTERN PetscErrorCode HoleFiltrationSetUp(HoleFiltration f);

/** Name of the type. Not collective. */
HOLE_EXTERN const char *HoleFiltrationGetType(HoleFiltration f);

/** What was set, whatever the type. Not collective. */
HOLE_EXTERN HoleIndex HoleFiltrationGetNeighbors(HoleFiltration f);

/** What was set, whatever the type. Not collective. */
HOLE_EXTERN double HoleFiltrationGetEpsilon(HoleFiltration f);

/** Borrow the merge tree of the complete metric, whatever type and threshold; where only a graph is given that of the graph, with
 * edges of infinite length between its components. Equal on every rank. Not collective. */
HOLE_EXTERN HoleTree HoleFiltrationGetTree(HoleFiltration f);

/** Borrow the minimum spanning forest of the filtration's own edges, joined by infinite edges: what dimension 0 is about. For rips
 * and where only a graph is given it is HoleFiltrationGetTree(). Equal on every rank. Not collective. */
HOLE_EXTERN HoleTree HoleFiltrationGetForest(HoleFiltration f);

/** Are the edges kept as a graph, since few pairs are edges? Else rows of lengths are. After HoleFiltrationSetUp(). Not collective. */
HOLE_EXTERN PetscBool HoleFiltrationIsGraph(HoleFiltration f);

/**
 * Borrow the graph of all edges up to the threshold.
 *
 * @collective On the filtration's ranks, after HoleFiltrationSetUp(): for rips the graph is made at the first call.
 * @errors Those of HolePassRun() and HoleGraphCreate(); for rips HOLE_ERR_RESOURCE if so many edges do not fit.
 */
HOLE_EXTERN PetscErrorCode HoleFiltrationGetGraph(HoleFiltration f, Mat *graph);

/**
 * Borrow the lengths of the edges as stored rows, for homology of dimension 1 and more: infinite where there is no edge.
 *
 * For rips they are the distances themselves, which know no threshold; else they are made at the first call, from the graph.
 *
 * @collective On the filtration's ranks, after HoleFiltrationSetUp().
 * @errors HOLE_ERR_RESOURCE: no memory on some rank.
 * @cost   8 * n * n_local bytes.
 */
HOLE_EXTERN PetscErrorCode HoleFiltrationGetWeights(HoleFiltration f, HoleDistances *weights);

/** The number used, after HoleFiltrationSetUp(); infinite for `inf`. Not collective. */
HOLE_EXTERN double HoleFiltrationGetThreshold(HoleFiltration f);

/** No interval is born or dies beyond this finite length: the smallest of threshold, enclosing radius and, where these may be
 * infinite, longest edge. Not collective. */
HOLE_EXTERN double HoleFiltrationGetCutoff(HoleFiltration f);

/** Highest dimension. Not collective. */
HOLE_EXTERN PetscInt HoleFiltrationGetMaxDim(HoleFiltration f);

/** Borrow the distances of all pairs; NULL where only a graph is given. Not collective. */
HOLE_EXTERN HoleDistances HoleFiltrationGetDistances(HoleFiltration f);

/** Borrow the communicator. Not collective. */
HOLE_EXTERN MPI_Comm HoleFiltrationGetComm(HoleFiltration f);

/** Are the distances stored as rows by HoleFiltrationSetUp(), as far as the options tell? Not for a threshold that is a number: the
 * distances decide. Not collective. */
HOLE_EXTERN PetscBool HoleFiltrationPredictRows(HoleFiltration f);

/** Bytes that a rank needs beside the distances for @p n points over @p size ranks: at least, where the number of edges cannot be
 * known before. Not collective. */
HOLE_EXTERN double HoleFiltrationPredictBytes(HoleFiltration f, HoleIndex n, PetscMPIInt size);

/** Free and set to NULL. Collective. Accepts a pointer to NULL. */
HOLE_EXTERN PetscErrorCode HoleFiltrationDestroy(HoleFiltration *f);
