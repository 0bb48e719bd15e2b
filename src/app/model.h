/* model.h - memory and time of a run before it starts, from shapes and options alone. docs/guide/plan.md says how well it does. */
#pragma once

#include "calibrate.h"
#include "run.h"

/* What a rank does to each layer by each metric, in order. */
enum model_step {
  MODEL_READ,      /* activations, or given distances */
  MODEL_PLANE,     /* of the two largest variances */
  MODEL_POINTS,    /* rows prepared by the metric, and neighbours where it looks at them */
  MODEL_ROWS,      /* distances that are stored, for homology of dimension 2 and more */
  MODEL_PASS,      /* all pairs once: merge tree, radius, neighbours, quantile */
  MODEL_GRAPH,     /* of knn and sparse, or a given one */
  MODEL_LUNES,     /* edges with an empty lune */
  MODEL_REDUCTION, /* of the columns that are left */
  MODEL_VIEWS,     /* orders, heatmap, spectral layout */
  MODEL_CLUSTERS,
  MODEL_WRITE,
  MODEL_N_STEPS
};

struct model_phase {
  double bytes;   /* most that one rank holds during this step, everything included; 0: no such step */
  double flop;    /* of one rank, over all layers and metrics */
  double seconds; /* likewise */
};

struct model {
  HoleIndex          base;  /* bytes that the program holds by itself: set by the caller before */
  HoleIndex          start; /* the most that it has held so far: likewise */
  PetscMPIInt        n_ranks;
  struct model_phase steps[MODEL_N_STEPS];
  double             peak, seconds;
  enum model_step    highest; /* the step of that peak */
};

/* Name of a step, and the one of /timings that it is part of. */
const char *model_step_name(enum model_step step);
const char *model_step_timing(enum model_step step);

/* Fill the model for a run on n_ranks ranks, `together` of them on a node; `rates` NULL: without times. Not collective. */
PetscErrorCode model_predict(const struct app_run *run, PetscMPIInt n_ranks, PetscMPIInt together,
                             const struct rates *rates, struct model *model);

/* Why `available` bytes a rank do not suffice, and what to do. */
PetscErrorCode model_explain(const struct app_run *run, const struct model *model, double available, size_t length,
                             char text[]);
