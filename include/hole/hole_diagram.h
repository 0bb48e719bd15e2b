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

/**
 * Chains that represent the intervals of one dimension k: chain c, of local interval c, is the sum of simplices with coefficients
 * starts[c] to starts[c + 1] - 1. Intervals are split over ranks in blocks, in rank order.
 */
typedef struct {
  HoleIndex  first;   /**< number of the first local interval */
  HoleIndex  n_local; /**< local intervals */
  HoleIndex *starts;  /**< [n_local + 1] from 0 */
  HoleIndex
      *simplices; /**< [starts[n_local], k + 1] ascending vertices; the simplices of a chain in lexicographic order */
  int32_t *coefficients; /**< [starts[n_local]] from 1 to the prime - 1, for the orientation of ascending vertices */
} HoleChains;

/** What chains represent. */
typedef enum {
  HOLE_COCYCLES, /**< cocycles of dimension k: alive from birth until just before death */
  HOLE_CYCLES    /**< cycles of dimension 1 through the birth edge, by edges before it */
} HoleChainKind;

/**
 * Keep chains of intervals that were set before.
 *
 * @collective On @p comm, that of HoleDiagramSetIntervals().
 *
 * @param[in] diagram       see there
 * @param[in] comm          the same ranks
 * @param[in] kind          what they are
 * @param[in] dim           dimension, at least 1
 * @param[in] n_found       intervals that this rank brings chains of; of length zero: left out
 * @param[in] intervals     [n_found] as they were given there; all ranks together bring each once
 * @param[in] starts        [n_found + 1] where chains begin
 * @param[in] simplices     [starts[n_found], dim + 1] ascending vertices, each simplex of a chain once
 * @param[in] coefficients  [starts[n_found]]
 *
 * @errors HOLE_ERR_RESOURCE: no memory on some rank. PETSC_ERR_ARG_WRONG: an interval that is not there.
 * @cost   One exchange; 8 (dim + 2) bytes a simplex, three times.
 */
HOLE_EXTERN PetscErrorCode HoleDiagramSetChains(HoleDiagram diagram, MPI_Comm comm, HoleChainKind kind, PetscInt dim,
                                                HoleIndex n_found, const HoleInterval intervals[],
                                                const HoleIndex starts[], const HoleIndex simplices[],
                                                const int32_t coefficients[]);

/** Borrow the chains of one dimension; NULL if there are none of that kind. Not collective. */
HOLE_EXTERN PetscErrorCode HoleDiagramGetChains(HoleDiagram diagram, HoleChainKind kind, PetscInt dim,
                                                const HoleChains **chains);

/** Say modulo which prime the diagrams are; 2 by default. Logically collective. */
HOLE_EXTERN PetscErrorCode HoleDiagramSetCoefficients(HoleDiagram diagram, PetscInt prime);

/** That prime. Not collective. */
HOLE_EXTERN PetscInt HoleDiagramGetCoefficients(HoleDiagram diagram);

/** Highest dimension. Not collective. */
HOLE_EXTERN PetscInt HoleDiagramGetMaxDim(HoleDiagram diagram);

/** Borrow the intervals of one dimension, sorted. Not collective. Outputs may be NULL. */
HOLE_EXTERN PetscErrorCode HoleDiagramGetIntervals(HoleDiagram diagram, PetscInt dim, HoleIndex *n,
                                                   const HoleInterval *intervals[], HoleIndex *zero_pairs);

/** Free and set to NULL. Not collective. Accepts a pointer to NULL. */
HOLE_EXTERN PetscErrorCode HoleDiagramDestroy(HoleDiagram *diagram);
