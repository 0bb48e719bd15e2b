/** @file
 * Persistence diagrams: intervals of positive length with their birth and death simplices, equal on every rank. */
#pragma once

#include <hole/hole_types.h>

#define HOLE_MAX_DIM 3 /**< highest dimension of homology */

/** One interval. Unused places of the simplices, and the death simplex of an essential interval, are -1. */
typedef struct {
  double    birth;                           /**< length at which it begins */
  double    death;                           /**< length at which it ends; infinite for an essential interval */
  HoleIndex birth_simplex[HOLE_MAX_DIM + 1]; /**< ascending vertices, the first k + 1 for dimension k */
  HoleIndex death_simplex[HOLE_MAX_DIM + 2]; /**< ascending vertices, the first k + 2 for dimension k */
} HoleInterval;

/** Opaque handle: the diagrams of dimensions 0..max_dim of one filtration. */
typedef struct HoleDiagram_s *HoleDiagram;

/** Make empty diagrams. Logically collective. */
HOLE_EXTERN PetscErrorCode HoleDiagramCreate(PetscInt max_dim, HoleDiagram *diagram);

/**
 * Set the intervals of one dimension from those that each rank found.
 *
 * @collective On @p comm.
 *
 * @param[in] diagram     same dimensions on every rank
 * @param[in] comm        ranks that found intervals
 * @param[in] dim         dimension
 * @param[in] n_local     intervals found here; those with birth == death are counted and dropped
 * @param[in] intervals   [n_local]
 * @param[in] zero_pairs  zero-length pairs that were never listed, over all ranks
 *
 * @cost  sizeof(HoleInterval) a positive interval on every rank.
 * Sorted by birth, death, birth simplex, death simplex: the outcome does not depend on who found what.
 */
HOLE_EXTERN PetscErrorCode HoleDiagramSetIntervals(HoleDiagram diagram, MPI_Comm comm, PetscInt dim, HoleIndex n_local,
                                                   const HoleInterval intervals[], HoleIndex zero_pairs);

/** Highest dimension. Not collective. */
HOLE_EXTERN PetscInt HoleDiagramGetMaxDim(HoleDiagram diagram);

/** Borrow the intervals of one dimension, sorted. Not collective. Outputs may be NULL. */
HOLE_EXTERN PetscErrorCode HoleDiagramGetIntervals(HoleDiagram diagram, PetscInt dim, HoleIndex *n,
                                                   const HoleInterval *intervals[], HoleIndex *zero_pairs);

/** Free and set to NULL. Not collective. Accepts a pointer to NULL. */
HOLE_EXTERN PetscErrorCode HoleDiagramDestroy(HoleDiagram *diagram);
