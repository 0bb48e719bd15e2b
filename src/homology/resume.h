/* resume.h - dimensions that are finished: what is told of them, and how a solver goes on after them. */
#pragma once

#include <hole/hole_homology.h>

/* What the solver takes from one dimension into the next beside their diagrams: with it a later run goes on from there, on any number of
   ranks. Equal on every rank. */
struct hole_homology_state {
  PetscInt  dim;        /* dimensions 1 to `dim` are done; 0: none is */
  HoleIndex n_negative; /* simplices of dimension dim + 1 that end an interval, by ranks of edges */
  HoleIndex n_cleared;
  uint64_t *cleared; /* [n_cleared] these simplices as far as they are critical, ascending; see simplices.h */
};

/* Called after each dimension from 1 on; its diagram and those below are in `diagram`, both are lent. Collective: what it returns is
   equal on all ranks and, if it is an error, ends the solver. */
typedef PetscErrorCode (*hole_homology_keeper)(HoleDiagram diagram, const struct hole_homology_state *state, void *ctx);

/* Not collective, but equal on all ranks. */
PetscErrorCode hole_homology_set_keeper(HoleHomology homology, hole_homology_keeper keep, void *ctx);

/* The next HoleHomologySolve() begins after dimension state->dim. The diagram, of the same filtration, with the dimensions from 1 up to
   that, is taken over and set to NULL; state->cleared is borrowed until then. Not collective, but equal on all ranks. */
PetscErrorCode hole_homology_resume(HoleHomology homology, const struct hole_homology_state *state,
                                    HoleDiagram *diagram);
