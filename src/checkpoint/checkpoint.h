/* checkpoint.h - what a run has finished, kept in a folder for a run that goes on after it.

   A unit is one layer by one metric. Its file `unitNNNN.h5` holds all that later steps take from it, or, as long as it is not whole, the
   dimensions of homology that are done. A file is written as a result is (io/writer.h): under a temporary name, brought to the disk,
   renamed. So what has the name is whole, and what a run writes after it was killed does no harm.

   Each file carries the key of its run: text, one line for each thing that results depend on. A run goes on from files of its own key
   only; ranks, windows and all that results do not depend on may differ. */
#pragma once

#include "../homology/resume.h"
#include <hole/hole_views.h>

typedef struct hole_checkpoint_s *hole_checkpoint;

typedef enum { HOLE_UNIT_NONE, HOLE_UNIT_PART, HOLE_UNIT_WHOLE } hole_unit_form;

/* What is kept of a unit. Owned by whoever has it. */
struct hole_unit {
  const char                *layer, *metric; /* for people who look into the file; not read */
  HoleIndex                  n_points;
  HoleDiagram                diagram; /* of a part: dimensions 0 to state.dim */
  struct hole_homology_state state;   /* of a part only; and so are those below of a whole one */
  HoleTree                   tree;
  double                     threshold; /* the number that the filtration used */
  HoleViews                 *views;     /* without hulls, which follow from the rest */
  HoleIndex                  n_pairs;   /* see HoleTasksCorrelate() */
  double                     cophenetic;
  HoleIndex                  first, n_local; /* points of this rank, for the next */
  int32_t                   *positions;      /* [n_local] see HoleSourceLoadLayer() */
};

/* Told the temporary name of a file before it is written, and "" afterwards, so that who ends the run suddenly can remove it. */
typedef void (*hole_checkpoint_watcher)(MPI_Comm comm, const char path[]);

/*
 * Make the folder if it is missing, and see what is in it. Collective, with equal arguments.
 *
 * With `restart` units of the same key are found again; else there may be none, unless `force` is given, which removes them.
 * HOLE_ERR_USAGE: there are units but no `restart`, a unit of another key (the message says what differs), no such folder can be made.
 * HOLE_ERR_INPUT: a file is damaged.
 */
PetscErrorCode hole_checkpoint_open(MPI_Comm comm, const char folder[], const char key[], HoleIndex n_units,
                                    PetscBool restart, PetscBool force, hole_checkpoint_watcher watch,
                                    hole_checkpoint *c);

/* What there is of a unit. Not collective, equal on every rank. */
hole_unit_form hole_checkpoint_form(hole_checkpoint c, HoleIndex unit);

/* How many units are whole. Not collective. */
HoleIndex hole_checkpoint_count(hole_checkpoint c);

/* Keep a unit, or a part of it in place of a smaller one. Collective. HOLE_ERR_RESOURCE: the disk refuses. */
PetscErrorCode hole_checkpoint_save(hole_checkpoint c, HoleIndex unit, hole_unit_form form, const struct hole_unit *u);

/* Read what there is of a unit, into diagrams up to `max_dim`. Collective. HOLE_ERR_INPUT: the file is damaged. */
PetscErrorCode hole_checkpoint_load(hole_checkpoint c, HoleIndex unit, HoleIndex n_points, PetscInt max_dim,
                                    struct hole_unit *u);

/* Free what a unit holds. Collective. */
PetscErrorCode hole_unit_destroy(struct hole_unit *u);

/* Free and set to NULL; the files stay. Collective. Accepts a pointer to NULL. */
PetscErrorCode hole_checkpoint_destroy(hole_checkpoint *c);
