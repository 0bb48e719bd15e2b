/* result.h - the layout of a result file: what stands where. All functions are collective. */
#pragma once

#include "../io/reader.h"
#include "../io/writer.h"
#include <hole/hole.h>

/* Where the results of a layer by a metric stand. */
PetscErrorCode result_layer_path(const char layer[], const char metric[], size_t length, char path[]);

/* What an input or a result says of itself: model, dataset, condition, accuracy. Comparisons of results go by it. */
enum { RESULT_N_ORIGIN = 4 };
struct result_origin {
  struct hole_scalar values[RESULT_N_ORIGIN];
};

/* Attributes of the file; `path` gets those that there were, as they were. */
PetscErrorCode result_read_origin(hole_reader r, struct result_origin *origin);
PetscErrorCode result_write_origin(hole_writer w, const char path[], const struct result_origin *origin);

/* Provenance, sample ids, labels, class and layer names. */
PetscErrorCode result_write_header(hole_writer w, MPI_Comm comm, const char input[], HoleSource source);

/* One layer by one metric; `simplices`: those of birth and death too. Chains of the diagram, where it has any, are written. */
PetscErrorCode result_write_layer(hole_writer w, const char path[], HoleIndex width, PetscBool single,
                                  HoleFiltration filtration, HoleDiagram diagram, PetscBool simplices, HoleTree tree,
                                  const HoleCurves *curves, const HoleStages *stages);

/* Positions of the points of a layer whose rule takes single ones: this rank's part. */
PetscErrorCode result_write_positions(hole_writer w, const char layer[], HoleIndex n, HoleIndex first,
                                      HoleIndex n_local, const int32_t positions[]);

/* The flow tables of one metric. */
PetscErrorCode result_write_flow(hole_writer w, const char metric[], const char flow_stage[], HoleFlow flow);

/* Views of a layer by a metric, under its group. */
PetscErrorCode result_write_views(hole_writer w, const char path[], const HoleViewsOptions *options,
                                  const HoleViews *views);

/* Summaries of the diagrams of one metric. */
PetscErrorCode result_write_summaries(hole_writer w, const char metric[], const HoleSummaryTables *tables);
/* result_clusters.c: the four tasks of one layer by one metric; `cophenetic` is NaN where it is not known, else over `n_pairs`. */
PetscErrorCode result_write_tasks(hole_writer w, const char path[], const HoleTasks *tasks, HoleIndex n_pairs,
                                  double cophenetic);

/* The flow of one metric as it is to be drawn. */
PetscErrorCode result_write_folding(hole_writer w, const char metric[], const HoleFolding *folding);

/* Points that clusters of a layer share in two conditions. */
struct result_condition_link {
  int32_t layer, source_cluster, target_cluster;
  int64_t count;
};

/* One metric in two conditions, under the group `base`. */
PetscErrorCode result_write_condition(hole_writer w, const char base[], HoleIndex n,
                                      const struct result_condition_link links[], const HoleRobustness *robustness);

/* A step of the run, for /timings. */
struct result_timing {
  int32_t layer; /* -1: the whole run */
  char    metric[HOLE_NAME_SHORT], step[HOLE_NAME_SHORT];
  double  seconds;    /* slowest rank */
  int64_t peak_bytes; /* largest rank, since the start of the run */
};

PetscErrorCode result_write_timings(hole_writer w, HoleIndex n, const struct result_timing timings[]);

/* The work of ranks in a step of the homology, for /work. */
struct result_work {
  int32_t          layer;
  char             metric[HOLE_NAME_SHORT], step[HOLE_NAME_SHORT];
  int32_t          dim;
  HoleHomologyWork work;
};

PetscErrorCode result_write_work(hole_writer w, HoleIndex n, const struct result_work work[]);

/* Time of day in UTC as 2026-01-31T12:00:00Z. */
PetscErrorCode result_time_of_day(size_t length, char text[]);
