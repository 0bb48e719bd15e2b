/** @file
 * Persistent homology of a filtration: merge tree and diagrams. */
#pragma once

#include <hole/hole_diagram.h>
#include <hole/hole_filtration.h>
#include <hole/hole_tree.h>

/** Opaque handle of a solver. */
typedef struct HoleHomology_s *HoleHomology;

#define HOLE_HOMOLOGY_WINDOWS \
  "windows" /**< distributed: critical simplices from lunes, then reduction in windows of the order of edges */
#define HOLE_HOMOLOGY_STANDARD \
  "standard" /**< textbook column algorithm, any dimension, every rank does everything: small inputs */

/** Make a solver for @p filtration, which must be set up and outlive it. Collective. */
HOLE_EXTERN PetscErrorCode HoleHomologyCreate(HoleFiltration filtration, HoleHomology *homology);

/** Choose the algorithm by name. Logically collective. @errors HOLE_ERR_USAGE: not registered. */
HOLE_EXTERN PetscErrorCode HoleHomologySetType(HoleHomology homology, const char type[]);

/** Number of windows that the lengths are cut into; 0 lets the solver choose. Results do not depend on it. Logically collective. */
HOLE_EXTERN PetscErrorCode HoleHomologySetWindows(HoleHomology homology, PetscInt n_windows);

/** Coefficients modulo a prime below 65536; 2 by default. Logically collective. @errors HOLE_ERR_USAGE: not a prime, or too large. */
HOLE_EXTERN PetscErrorCode HoleHomologySetCoefficients(HoleHomology homology, PetscInt prime);

/** What is kept of intervals of dimension 1 and more beside their birth and death simplices. */
typedef enum {
  HOLE_REPRESENT_NONE,     /**< nothing */
  HOLE_REPRESENT_COCYCLES, /**< a cocycle, as the reduction finds it */
  HOLE_REPRESENT_CYCLES /**< of dimension 1: a cycle of the birth edge and the way between its ends in the merge tree */
} HoleRepresentatives;

/** From which side dimension 2 modulo 2 is reduced; diagrams do not depend on it. */
typedef enum {
  HOLE_SIDE_AUTO, /**< cohomology, unless a class lives so long that its cocycle grows out of hand; then homology */
  HOLE_SIDE_COHOMOLOGY, /**< cohomology, whatever it takes; always so for cocycles and odd primes */
  HOLE_SIDE_HOMOLOGY    /**< homology from the start */
} HoleSide;

/** Choose the side. Logically collective. */
HOLE_EXTERN PetscErrorCode HoleHomologySetSide(HoleHomology homology, HoleSide side);

/** Choose what HoleDiagramGetChains() will give; nothing by default. Logically collective. */
HOLE_EXTERN PetscErrorCode HoleHomologySetRepresentatives(HoleHomology homology, HoleRepresentatives what);

/** What was set. Not collective. */
HOLE_EXTERN PetscInt HoleHomologyGetCoefficients(HoleHomology homology);

/** Bytes that the reduction may take on a rank; unlimited by default. HoleHomologySolve() ends with HOLE_ERR_RESOURCE where it would take
 * more. Logically collective. */
HOLE_EXTERN PetscErrorCode HoleHomologySetMemoryLimit(HoleHomology homology, double bytes);

/** Receives the state of a long step: its name, work done and work in all (0: unknown), on this rank. An error that it returns, on one
 * rank or several, ends HoleHomologySolve() with that error on all: so a program stops it. */
typedef PetscErrorCode (*HoleHomologyMonitor)(const char step[], HoleIndex done, HoleIndex total, void *ctx);

/** Report progress to @p monitor. Logically collective. */
HOLE_EXTERN PetscErrorCode HoleHomologySetMonitor(HoleHomology homology, HoleHomologyMonitor monitor, void *ctx);

/** Read -homology_type, -homology_windows, -homology_side, -coefficients. Collective. @errors HOLE_ERR_USAGE; also if the type does not compute the
 * filtration's highest dimension. */
HOLE_EXTERN PetscErrorCode HoleHomologySetFromOptions(HoleHomology homology);

/** Name and seconds on this rank of each phase of the last HoleHomologySolve(), in order. Not collective. Borrowed. */
HOLE_EXTERN PetscErrorCode HoleHomologyGetPhases(HoleHomology homology, int *n, const char *const *names[],
                                                 const double *seconds[]);

/** What one rank did in a step of HoleHomologySolve(); zero where a step has no such thing. */
typedef struct {
  double items;  /**< its share: edges sorted, edges whose lune it looks at, or columns that are born in its windows */
  double visits; /**< times that it took up a column, born in a window of its own or arrived from another */
  double cofacets;  /**< generated */
  double additions; /**< of columns */
  double scans;     /**< passes over the rows of a simplex of a chain; of a lune, over all points */
  double steps;     /**< all that in one number: a step is the time of a cofacet, some 20 to 100 ns */
  double messages;  /**< sent to the windows of other ranks */
  double bytes;     /**< in these */
  double rows;      /**< of distances, received from other ranks */
} HoleRankWork;

/** Work of all ranks in a step. */
typedef struct {
  const char  *step; /**< as HoleHomologyGetPhases() names it */
  PetscInt     dim;  /**< dimension of its columns; 0: a step before the reduction */
  HoleRankWork most; /**< each number on the rank where it is largest */
  HoleRankWork mean; /**< the mean of ranks */
  double path; /**< steps until the last rank is done: ranks wait for columns, not for processors or the network */
  double efficiency; /**< what one rank alone would take / (ranks * path) */
} HoleHomologyWork;

/**
 * Balance of the last HoleHomologySolve(), in order of its steps; none where the type divides no work.
 *
 * Not collective; equal on all ranks. @p work [n] is borrowed. Numbers depend on the ranks and windows, and the path somewhat on the order in
 * which messages came, as intervals do not.
 */
HOLE_EXTERN PetscErrorCode HoleHomologyGetWork(HoleHomology homology, int *n, const HoleHomologyWork *work[]);

/** Bytes that one rank of a single node needs beside the distances for @p n points over @p size ranks, by the chosen algorithm. Not collective. */
HOLE_EXTERN double HoleHomologyPredictBytes(HoleHomology homology, HoleIndex n, PetscMPIInt size);

/**
 * Compute the merge tree of the complete graph and the diagrams of dimensions 0..max_dim.
 *
 * @collective On the ranks of the filtration.
 *
 * @param[in]  homology  the solver
 * @param[out] tree      merge tree, whatever the threshold; owned by the caller
 * @param[out] diagram   diagrams, equal for any number of ranks, windows and either type; owned by the caller
 *
 * @units  Lengths: an interval's birth and death are diameters.
 * @errors HOLE_ERR_USAGE: a dimension that the type does not compute. HOLE_ERR_RESOURCE: no memory on some rank.
 * @cost   see the types' sources, src/homology/impls.
 */
HOLE_EXTERN PetscErrorCode HoleHomologySolve(HoleHomology homology, HoleTree *tree, HoleDiagram *diagram);

/** Free and set to NULL. Collective. Accepts a pointer to NULL. */
HOLE_EXTERN PetscErrorCode HoleHomologyDestroy(HoleHomology *homology);
