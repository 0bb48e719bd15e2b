/* homology_impl.h - the fields behind HoleHomology, and what an algorithm must provide. */
#pragma once

#include "resume.h"
#include <hole/hole_homology.h>

enum { HOLE_MAX_PHASES = 8 };

/* An algorithm computes the merge tree and fills the diagrams of dimensions 0..max_dim. Collective. */
struct hole_homology_ops {
  const char *name;
  PetscInt    max_dim; /* highest dimension it computes */
  double (*predict)(HoleHomology homology, HoleIndex n, PetscInt max_dim,
                    PetscMPIInt size);                                /* bytes a rank needs beside the distances */
  PetscBool (*reads_bounds)(HoleHomology homology, PetscInt max_dim); /* of complete filtrations; NULL: never */
  PetscErrorCode (*solve)(HoleHomology homology, HoleTree *tree, HoleDiagram diagram);
};

struct HoleHomology_s {
  HoleFiltration                  filtration;
  const struct hole_homology_ops *ops;
  PetscInt                        n_windows; /* 0: choose */
  PetscInt                        prime;
  HoleSide                        side;
  PetscBool                       wants_cocycles, wants_cycles;
  double                          most_bytes; /* that the reduction may take on a rank */
  HoleHomologyMonitor             monitor;
  void                           *monitor_ctx;
  hole_homology_keeper            keep; /* or NULL */
  void                           *keep_ctx;
  struct hole_homology_state      resumed;         /* where the next solve begins */
  HoleDiagram                     resumed_diagram; /* what there is up to there, or NULL */
  int                             n_phases;
  const char                     *phase; /* the present one */
  double                          phase_started;
  PetscLogEvent                   phase_event;
  const char                     *phase_names[HOLE_MAX_PHASES];
  double                          phase_seconds[HOLE_MAX_PHASES];
  int                             n_work;
  HoleHomologyWork                work[HOLE_MAX_PHASES];
};

/* A phase of the solver: for HoleHomologyGetPhases() and -log_view. Not collective. */
PetscErrorCode hole_homology_begin_phase(HoleHomology homology, const char name[]);
PetscErrorCode hole_homology_end_phase(HoleHomology homology);

/* The algorithms; register.c lists them. */
extern const struct hole_homology_ops hole_homology_windows;
extern const struct hole_homology_ops hole_homology_standard;

PetscErrorCode hole_homology_find(const char name[], const struct hole_homology_ops **ops);

/* Bytes a rank needs for the merge tree and the diagrams. */
double hole_homology_predict_result(HoleIndex n);

/* Report to the monitor, if there is one. Not collective: an error that it returns is one of this rank. */
PetscErrorCode hole_homology_report(HoleHomology homology, const char step[], HoleIndex done, HoleIndex total);

/* A dimension is finished: tell who wants to keep it. Collective. */
PetscErrorCode hole_homology_dimension_done(HoleHomology homology, HoleDiagram diagram,
                                            const struct hole_homology_state *state);

/* Cycles of dimension 1: each birth edge, and the way between its ends in the filtration's forest, whose edges are earlier. Collective. */
PetscErrorCode hole_homology_find_cycles(HoleHomology homology, HoleDiagram diagram);

/* Fill dimension 0 from the filtration's forest, cut at the threshold: the component whose oldest point has the larger id dies.
   Collective. */
PetscErrorCode hole_homology_fill_dim0(HoleHomology homology, HoleDiagram diagram);
