/** @file
 * The filtration: which edges exist, and in which order they and all simplices appear.
 *
 * Edges are ordered by (length, smaller id, larger id): a total order. A simplex appears with its longest edge. Triangles with
 * equal longest edge e are ordered by the vertex opposite to e: the most central vertex of the lune of e first, then by id. */
#pragma once

#include <hole/hole_distances.h>
#include <hole/hole_tree.h>

/** Opaque handle: distances and a threshold; an edge as long as the threshold belongs to the filtration. */
typedef struct HoleFiltration_s *HoleFiltration;

/** Make the Rips filtration of @p d, which must outlive it. Collective. */
HOLE_EXTERN PetscErrorCode HoleFiltrationCreate(HoleDistances d, HoleFiltration *f);

/**
 * Where the filtration stops. Logically collective.
 *
 * @param[in] f     the filtration
 * @param[in] rule  `enclosing` (default: the enclosing radius, beyond which nothing changes), a number >= 0, `inf`, or `quantile:Q`
 *                  with Q in [0, 1]
 * @errors HOLE_ERR_USAGE: none of these.
 */
HOLE_EXTERN PetscErrorCode HoleFiltrationSetThreshold(HoleFiltration f, const char rule[]);

/** Highest dimension of homology that is wanted, 0..3; 1 by default. Logically collective. @errors HOLE_ERR_USAGE. */
HOLE_EXTERN PetscErrorCode HoleFiltrationSetMaxDim(HoleFiltration f, PetscInt max_dim);

/** Read -filtration, -threshold, -max_dim. Collective. @errors HOLE_ERR_USAGE. */
HOLE_EXTERN PetscErrorCode HoleFiltrationSetFromOptions(HoleFiltration f);

/**
 * Look at all pairs: find the merge tree, and turn the rule into a number. The distances are stored if -max_dim is 1 or more.
 *
 * @collective On the ranks of the distances.
 * @errors Those of HoleDistancesStore() and HolePassRun().
 */
HOLE_EXTERN PetscErrorCode HoleFiltrationSetUp(HoleFiltration f);

/** Borrow the merge tree of the complete metric, whatever the threshold; equal on every rank. Not collective. */
HOLE_EXTERN HoleTree HoleFiltrationGetTree(HoleFiltration f);

/** The number used, after HoleFiltrationSetUp(); infinite for `inf`. Not collective. */
HOLE_EXTERN double HoleFiltrationGetThreshold(HoleFiltration f);

/** The smaller of threshold and enclosing radius: no interval is born or dies beyond it. Not collective. */
HOLE_EXTERN double HoleFiltrationGetCutoff(HoleFiltration f);

/** Highest dimension. Not collective. */
HOLE_EXTERN PetscInt HoleFiltrationGetMaxDim(HoleFiltration f);

/** Borrow the distances. Not collective. */
HOLE_EXTERN HoleDistances HoleFiltrationGetDistances(HoleFiltration f);

/** Free and set to NULL. Collective. Accepts a pointer to NULL. */
HOLE_EXTERN PetscErrorCode HoleFiltrationDestroy(HoleFiltration *f);
