/* layers.h - the layers of a run of analyze, one after the other: each is solved and kept, or taken from the checkpoint, and written. */
#pragma once

#include "model.h"
#include "progress.h"
#include "restart.h"
#include "result.h"
#include "run.h"

/* What is printed. */
enum view { VIEW_NONE, VIEW_SUMMARY, VIEW_ASCII };

/* One run. */
struct analysis {
  MPI_Comm              comm;
  struct app_run        run;
  char                  output[PETSC_MAX_PATH_LEN];
  hole_writer           writer;
  app_progress          progress;
  HoleIndex             memory_limit; /* bytes a rank may use */
  struct model          model;
  struct app_restart    restart;
  HoleFlow              flows[APP_MAX_METRICS];
  HoleSummaries         summaries[APP_MAX_METRICS];
  HoleActivations       acts;  /* of the layer at hand, while a metric may still want them */
  double               *plane; /* [n_points, 2] of the layer at hand, or NULL */
  double                explained[2];
  int32_t              *positions; /* of this rank's points of the layer at hand, or NULL */
  HoleIndex             first, n_local;
  enum view             view;
  PetscBool             simplices;
  HoleRepresentatives   represent;
  struct result_timing *timings;
  HoleIndex             n_timings, most_timings;
  struct result_work   *work;
  HoleIndex             n_work, most_work;
  double                started;
};

/* A step of layer l has ended, -1: of the run. Collective. */
PetscErrorCode layers_add_timing(struct analysis *a, HoleIndex l, const char metric[], const char step[],
                                 double seconds);

/* Do them all; the input, the checkpoint and the output are open. Collective. */
PetscErrorCode layers_run(struct analysis *a);
