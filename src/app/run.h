/* run.h - what a run of analyze is asked to do: its options, and the layers of its input. Shared by what runs it and what plans it. */
#pragma once

#include <hole/hole.h>

enum { APP_MAX_METRICS = 16 };

struct app_run {
  MPI_Comm           comm;
  const char        *input;
  HoleSource         source;
  HoleIndex          n_layers, n_points, n_classes;
  int                n_metrics;
  HoleMetric         metrics[APP_MAX_METRICS];
  PetscBool          single;      /* lengths are rounded to single precision */
  PetscBool          precomputed; /* layers are given as distances: one metric, which is none of these */
  HoleMetricOptions  metric_options;
  HoleStagesOptions  stages_options;
  HoleViewsOptions   views_options;
  HoleTasksOptions   tasks_options;
  HoleFoldingOptions folding_options;
  HoleFiltration     filtration; /* of nothing: what the options say; likewise the solver */
  HoleHomology       homology;
};

/* Look at every option before the file, so that a mistake shows at once. Local, equal on all ranks. HOLE_ERR_USAGE. */
PetscErrorCode app_run_get_options(struct app_run *run);

/* Open the input and see whether it goes with the options; no values are read. Collective. */
PetscErrorCode app_run_open(struct app_run *run);

/* Name of metric m. */
const char *app_run_metric_name(const struct app_run *run, int m);

/* Are metrics m and other made from the same base? */
PetscBool app_run_one_base(const struct app_run *run, int m, int other);

/* Neighbours that metrics made from the base of metric m look at, at most. */
HoleIndex app_run_neighbours(const struct app_run *run, int m);

/* Free what is there. Collective. */
PetscErrorCode app_run_destroy(struct app_run *run);
