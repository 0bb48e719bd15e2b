/* restart.h - a run of analyze and its checkpoint: what is kept, what an earlier run has left, what to say of it. */
#pragma once

#include "../checkpoint/checkpoint.h"
#include "app.h"
#include "run.h"

struct app_restart {
  MPI_Comm        comm;
  char            folder[PETSC_MAX_PATH_LEN]; /* "": none was asked for, and nothing below happens */
  PetscBool       restart;
  hole_checkpoint checkpoint;
  HoleIndex       n_units, n_found; /* n_found: whole ones of earlier runs */
};

/* -checkpoint and -restart. Local, equal on all ranks. HOLE_ERR_USAGE. */
PetscErrorCode app_restart_get_options(struct app_restart *r);

/* Open the folder; run->source is set up. Collective. Errors are those of hole_checkpoint_open(). */
PetscErrorCode app_restart_open(struct app_restart *r, const struct app_run *run, const struct app_command *command);

/* One line on what was found, on stdout. Not collective. */
PetscErrorCode app_restart_print(const struct app_restart *r);

/* What there is of layer l by metric m. Not collective, equal on all ranks. */
hole_unit_form app_restart_form(const struct app_restart *r, const struct app_run *run, HoleIndex l, int m);

/* Read that. Collective. */
PetscErrorCode app_restart_load(struct app_restart *r, const struct app_run *run, HoleIndex l, int m,
                                struct hole_unit *u);

/* Keep a unit or a part of it; layer, metric and n_points of `u` are filled in. Collective. */
PetscErrorCode app_restart_save(struct app_restart *r, const struct app_run *run, HoleIndex l, int m,
                                hole_unit_form form, struct hole_unit *u);

PetscErrorCode app_restart_destroy(struct app_restart *r);
