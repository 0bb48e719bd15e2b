/* hole analyze: activations -> distances -> filtration -> homology -> diagrams, merge trees, cluster flows. */
#include "../filtration/restore.h"
#include "../source/source_edges.h"
#include "app.h"
#include "ascii.h"
#include "ending.h"
#include "memory.h"
#include "model.h"
#include "progress.h"
#include "restart.h"
#include "result.h"
#include "run.h"
#include "summary.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { STEPS_A_LAYER = 20 };

/* What is printed. */
enum view { VIEW_NONE, VIEW_SUMMARY, VIEW_ASCII };

static const double LEAST_SHARE = 0.1; /* of the memory limit, for the reduction */

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

/* One layer by one metric. */
struct layer_result {
  HoleDistances  distances;
  Mat            graph; /* instead of distances, where the layer is one */
  HoleFiltration filtration;
  HoleTree       tree;
  HoleDiagram    diagram;
  HoleCurves    *curves;
  HoleStages    *stages;
  HoleViews     *views;
  HoleTasks     *tasks;
  double         started, correlating; /* seconds */
  HoleIndex      n_pairs;              /* over which the next was taken */
  double         cophenetic;           /* NaN without distances */
};

/* Collective: a step that began at `since` has ended. */
static PetscErrorCode add_timing(struct analysis *a, HoleIndex layer, const char metric[], const char step[],
                                 double seconds)
{
  struct result_timing *t    = &a->timings[a->n_timings];
  HoleIndex             peak = app_memory_peak();

  PetscFunctionBegin;
  PetscCheck(a->n_timings++ < a->most_timings, PETSC_COMM_SELF, PETSC_ERR_PLIB, "More steps than were planned");
  t->layer = (int32_t)layer;
  PetscCall(PetscStrncpy(t->metric, metric, sizeof(t->metric)));
  PetscCall(PetscStrncpy(t->step, step, sizeof(t->step)));
  PetscCallMPI(MPI_Allreduce(&seconds, &t->seconds, 1, MPI_DOUBLE, MPI_MAX, a->comm));
  PetscCallMPI(MPI_Allreduce(&peak, &t->peak_bytes, 1, HOLE_MPI_INDEX, MPI_MAX, a->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Every option is looked at before the file is, so that a mistake shows at once. */
static PetscErrorCode get_options(struct analysis *a)
{
  char text[64], stem[PETSC_MAX_PATH_LEN];

  PetscFunctionBegin;
  PetscCall(app_stem(a->run.input, sizeof(stem), stem));
  PetscCall(PetscStrlcat(stem, ".hole.h5", sizeof(stem)));
  PetscCall(app_get_text("-output", stem, sizeof(a->output), a->output));
  PetscCall(app_get_text("-view", "summary", sizeof(text), text));
  a->view = !strcmp(text, "summary") ? VIEW_SUMMARY : !strcmp(text, "ascii") ? VIEW_ASCII : VIEW_NONE;
  PetscCall(app_get_text("-representatives", "critical", sizeof(text), text));
  a->simplices = (PetscBool)strcmp(text, "none");
  if (!strcmp(text, "cocycles")) a->represent = HOLE_REPRESENT_COCYCLES;
  if (!strcmp(text, "cycles")) a->represent = HOLE_REPRESENT_CYCLES;
  PetscCall(app_restart_get_options(&a->restart));
  PetscCall(app_run_get_options(&a->run));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Refuse what will not fit before anything is computed. Equal on all ranks. */
static PetscErrorCode check_memory(struct analysis *a)
{
  const HoleIndex base = app_memory_peak();
  PetscMPIInt     size, together;
  char            text[APP_MESSAGE_LENGTH];

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(a->comm, &size));
  PetscCallMPI(MPI_Allreduce(&base, &a->model.base, 1, HOLE_MPI_INDEX, MPI_MAX, a->comm));
  PetscCall(app_memory_together(a->comm, &together));
  PetscCall(model_predict(&a->run, size, together, NULL, &a->model));
  PetscCall(model_explain(&a->run, &a->model, (double)a->memory_limit, sizeof(text), text));
  PetscCheck(a->model.peak <= (double)a->memory_limit, PETSC_COMM_SELF, HOLE_ERR_RESOURCE, "%s", text);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: what is gathered while layers go by. */
static PetscErrorCode prepare_tables(struct analysis *a)
{
  const int32_t *labels;
  PetscInt       least = 0;

  PetscFunctionBegin;
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-min_cluster_size", &least, NULL));
  PetscCall(HoleSourceGetLabels(a->run.source, &labels));
  for (int m = 0; m < a->run.n_metrics; ++m) {
    PetscCall(HoleFlowCreate(a->run.n_points, labels, a->run.n_classes, least, &a->flows[m]));
    PetscCall(HoleSummariesCreate(HoleFiltrationGetMaxDim(a->run.filtration), &a->summaries[m]));
  }
  a->most_timings = a->run.n_layers * a->run.n_metrics * STEPS_A_LAYER + 1;
  PetscCall(PetscCalloc1(a->most_timings, &a->timings));
  a->most_work = a->run.n_layers * a->run.n_metrics * STEPS_A_LAYER;
  PetscCall(PetscCalloc1(a->most_work, &a->work));
  PetscCall(app_progress_create(a->comm, &a->progress));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Where an earlier run has left something to go on from. */
static PetscErrorCode write_origin(struct analysis *a)
{
  PetscFunctionBegin;
  if (!a->restart.restart) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(hole_writer_attr_string(a->writer, "/", "restarted_from", a->restart.folder));
  PetscCall(hole_writer_attr_int64(a->writer, "/", "units_reused", a->restart.n_found));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode open_output(struct analysis *a)
{
  PetscBool force;

  PetscFunctionBegin;
  HoleCallAgreed(a->comm, prepare_tables(a)); /* local */
  PetscCall(app_get_flag("-force", &force));
  PetscCall(hole_writer_create(a->comm, a->output, force, &a->writer));
  app_set_temporary(a->comm, APP_TEMPORARY_OUTPUT, hole_writer_temporary_name(a->writer));
  PetscCall(result_write_header(a->writer, a->comm, a->run.input, a->run.source));
  PetscCall(hole_writer_attr_int64(a->writer, "/", "predicted_peak_bytes", (int64_t)a->model.peak));
  PetscCall(write_origin(a));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode start_layer(struct analysis *a, HoleIndex l, const char metric[])
{
  char title[2 * HOLE_NAME_LENGTH];

  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(title, sizeof(title), "%s, %s (layer %" HoleIndex_FMT " of %" HoleIndex_FMT ")",
                          HoleSourceGetLayerName(a->run.source, l), metric, l + 1, a->run.n_layers));
  PetscCall(app_progress_title(a->progress, title));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What the reduction may take: what a rank may have, without what it has had so far. */
static double memory_left(const struct analysis *a)
{
  return PetscMax((double)a->memory_limit - (double)app_memory_peak(), LEAST_SHARE * (double)a->memory_limit);
}

/* Local: how the last homology was shared out. */
static PetscErrorCode add_work(struct analysis *a, HoleIndex layer, const char metric[], HoleHomology h)
{
  const HoleHomologyWork *work;
  int                     n;

  PetscFunctionBegin;
  PetscCall(HoleHomologyGetWork(h, &n, &work));
  for (int i = 0; i < n; ++i) {
    struct result_work *w = &a->work[a->n_work];

    PetscCheck(a->n_work++ < a->most_work, PETSC_COMM_SELF, PETSC_ERR_PLIB, "More steps than were planned");
    w->layer = (int32_t)layer;
    w->dim   = (int32_t)work[i].dim;
    w->work  = work[i];
    PetscCall(PetscStrncpy(w->metric, metric, sizeof(w->metric)));
    PetscCall(PetscStrncpy(w->step, work[i].step, sizeof(w->step)));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A unit under way, for who keeps its dimensions. */
struct keeping {
  struct analysis *a;
  HoleIndex        l;
  int              m;
};

static PetscErrorCode keep_dimension(HoleDiagram diagram, const struct hole_homology_state *state, void *ctx)
{
  struct keeping  *k    = ctx;
  struct hole_unit unit = {.diagram = diagram, .state = *state};

  PetscFunctionBegin;
  PetscCall(app_restart_save(&k->a->restart, &k->a->run, k->l, k->m, HOLE_UNIT_PART, &unit));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The solver's monitor. Not collective. */
static PetscErrorCode watch(const char step[], HoleIndex done, HoleIndex total, void *progress)
{
  PetscFunctionBegin;
  PetscCall(app_progress_update(step, done, total, progress));
  PetscCall(ending_check());
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Dimensions that an earlier run has finished; `unit` owns what the solver borrows. */
static PetscErrorCode resume_homology(struct analysis *a, const struct keeping *k, HoleHomology h,
                                      struct hole_unit *unit)
{
  PetscFunctionBegin;
  if (app_restart_form(&a->restart, &a->run, k->l, k->m) != HOLE_UNIT_PART) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(app_restart_load(&a->restart, &a->run, k->l, k->m, unit));
  PetscCall(hole_homology_resume(h, &unit->state, &unit->diagram));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode solve_homology(struct analysis *a, HoleIndex l, int m, struct layer_result *r)
{
  const char *const  metric  = app_run_metric_name(&a->run, m);
  struct keeping     keeping = {a, l, m};
  struct hole_unit   unit    = {0};
  HoleHomology       h;
  PetscErrorCode     solved;
  int                n_phases;
  const char *const *names;
  const double      *seconds;

  PetscFunctionBegin;
  PetscCall(HoleHomologyCreate(r->filtration, &h));
  PetscCall(HoleHomologySetFromOptions(h));
  PetscCall(HoleHomologySetMonitor(h, watch, a->progress));
  if (a->restart.checkpoint) PetscCall(hole_homology_set_keeper(h, keep_dimension, &keeping));
  PetscCall(HoleHomologySetRepresentatives(h, a->represent));
  PetscCall(HoleHomologySetMemoryLimit(h, memory_left(a)));
  solved = resume_homology(a, &keeping, h, &unit);
  if (!solved) solved = HoleHomologySolve(h, &r->tree, &r->diagram);
  PetscCall(hole_unit_destroy(&unit));
  PetscCall(HoleHomologyGetPhases(h, &n_phases, &names, &seconds));
  for (int p = 0; p < n_phases && !solved; ++p) PetscCall(add_timing(a, l, metric, names[p], seconds[p]));
  if (!solved) PetscCall(add_work(a, l, metric, h));
  PetscCall(HoleHomologyDestroy(&h));
  PetscCall(solved);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local and equal on all ranks: what follows from the merge tree. */
static PetscErrorCode cut_tree(struct analysis *a, HoleFlow flow, struct layer_result *r)
{
  const int32_t *labels;

  PetscFunctionBegin;
  PetscCall(HoleSourceGetLabels(a->run.source, &labels));
  PetscCall(HoleCurvesCreate(r->tree, labels, a->run.n_classes, &r->curves));
  PetscCall(HoleStagesCreate(r->tree, r->curves, a->run.n_classes, &a->run.stages_options, &r->stages));
  PetscCall(HoleFlowAddLayer(flow, r->stages));
  PetscCall(HoleTasksCreate(r->tree, r->curves, labels, a->run.n_classes, a->run.stages_options.closed,
                            &a->run.tasks_options, &r->tasks));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The views that need distances. */
static PetscErrorCode look_at_distances(struct analysis *a, HoleIndex l, const char metric[], struct layer_result *r)
{
  const int32_t *labels;
  const double   start = MPI_Wtime();

  PetscFunctionBegin;
  PetscCall(HoleSourceGetLabels(a->run.source, &labels));
  HoleCallAgreed(a->comm, HoleViewsCreate(a->run.n_points, &r->views));
  PetscCall(HoleViewsLookAtDistances(a->comm, &a->run.views_options, r->tree, r->distances, labels, a->run.n_classes,
                                     r->views));
  PetscCall(add_timing(a, l, metric, "views", MPI_Wtime() - start));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: the layer's plane among the views of each of its metrics. */
static PetscErrorCode take_plane(const struct analysis *a, HoleViews *views)
{
  PetscFunctionBegin;
  if (!a->plane) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscMalloc1(2 * a->run.n_points, &views->pca2));
  PetscCall(PetscArraycpy(views->pca2, a->plane, 2 * a->run.n_points));
  PetscCall(PetscArraycpy(views->explained, a->explained, 2));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: what follows from the plane, the stages and the diagrams. */
static PetscErrorCode look_at_clusters(struct analysis *a, int m, struct layer_result *r)
{
  const int32_t *labels;

  PetscFunctionBegin;
  PetscCall(HoleSummariesAddLayer(a->summaries[m], r->diagram, HoleFiltrationGetThreshold(r->filtration)));
  if (!r->views->pca2) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HoleSourceGetLabels(a->run.source, &labels));
  if (a->run.views_options.blobs) PetscCall(HoleViewsFindBlobs(r->stages, labels, a->run.n_classes, r->views));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Distances by metric m, made from those by its base, which are made once a layer, with all neighbours that any metric wants. The
   activations go once all metrics that are left are made from this base. */
static PetscErrorCode create_distances(struct analysis *a, int m, HoleDistances *base, HoleDistances *distances)
{
  PetscBool last = PETSC_TRUE;

  PetscFunctionBegin;
  if (!*base) PetscCall(HoleDistancesCreate(a->acts, HoleMetricGetBase(a->run.metrics[m]), base));
  for (int later = m + 1; later < a->run.n_metrics; ++later)
    last = (PetscBool)(last && app_run_one_base(&a->run, m, later));
  if (last) PetscCall(HoleActivationsDestroy(&a->acts));
  if (HoleMetricGetNeighbours(a->run.metrics[m], &a->run.metric_options))
    PetscCall(HoleDistancesFindNeighbours(*base, app_run_neighbours(&a->run, m)));
  PetscCall(HoleDistancesCreateFrom(*base, a->run.metrics[m], &a->run.metric_options, distances));
  PetscCall(HoleDistancesSetPrecision(*distances, a->run.single));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local. */
static PetscErrorCode round_edges(HoleIndex n_edges, HoleEdge edges[])
{
  PetscFunctionBegin;
  for (HoleIndex e = 0; e < n_edges; ++e) {
    PetscCheck(edges[e].length <= FLT_MAX, PETSC_COMM_SELF, HOLE_ERR_INPUT,
               "Distance of points %" HoleIndex_FMT " and %" HoleIndex_FMT " is %g, too large for single precision",
               edges[e].i, edges[e].j, edges[e].length);
    edges[e].length = (double)(float)edges[e].length;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A layer given as a graph. */
static PetscErrorCode load_graph(struct analysis *a, HoleIndex l, Mat *graph)
{
  HoleIndex      n_edges;
  HoleEdge      *edges;
  PetscErrorCode created;

  PetscFunctionBegin;
  PetscCall(hole_source_load_edges(a->run.source, l, &n_edges, &edges));
  created = a->run.single ? HoleErrorAgree(a->comm, round_edges(n_edges, edges)) : PETSC_SUCCESS; /* local */
  if (!created) created = HoleGraphCreate(a->comm, a->run.n_points, n_edges, edges, graph);
  PetscCall(PetscFree(edges));
  PetscCall(created);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* From the layer to the filtration that is to be set up; `base` as in create_distances(). */
static PetscErrorCode create_filtration(struct analysis *a, HoleIndex l, int m, HoleDistances *base,
                                        struct layer_result *r)
{
  PetscFunctionBegin;
  switch (HoleSourceGetLayerKind(a->run.source, l)) {
  case HOLE_LAYER_GRAPH:
    PetscCall(load_graph(a, l, &r->graph));
    PetscCall(HoleFiltrationCreateFromGraph(r->graph, &r->filtration));
    break;
  case HOLE_LAYER_DISTANCES:
    PetscCall(HoleSourceLoadDistances(a->run.source, l, &r->distances));
    PetscCall(HoleDistancesSetPrecision(r->distances, a->run.single));
    PetscCall(HoleFiltrationCreate(r->distances, &r->filtration));
    break;
  default:
    PetscCall(create_distances(a, m, base, &r->distances));
    PetscCall(HoleFiltrationCreate(r->distances, &r->filtration));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What -view asks for, when a layer is done. */
static PetscErrorCode print_layer(struct analysis *a, HoleIndex l, int m, const struct layer_result *r, double seconds)
{
  struct ascii_layer layer = {.layer      = HoleSourceGetLayerName(a->run.source, l),
                              .metric     = app_run_metric_name(&a->run, m),
                              .l          = l,
                              .filtration = r->filtration,
                              .diagram    = r->diagram,
                              .stages     = r->stages,
                              .flow       = a->flows[m],
                              .seconds    = seconds};

  PetscFunctionBegin;
  PetscCall(HoleSourceGetLayerShape(a->run.source, l, NULL, &layer.width));
  PetscCall(HoleSourceGetClasses(a->run.source, NULL, &layer.class_names));
  if (a->view == VIEW_SUMMARY)
    PetscCall(summary_print_layer(a->comm, layer.layer, layer.metric, layer.width, r->filtration, r->diagram, r->curves,
                                  r->stages, seconds));
  if (a->view == VIEW_ASCII) PetscCall(ascii_print_layer(a->comm, &layer));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* All that takes time: tree, diagrams, and what needs distances. */
static PetscErrorCode solve_layer(struct analysis *a, HoleIndex l, int m, HoleDistances *base, struct layer_result *r)
{
  const char *const metric = app_run_metric_name(&a->run, m);
  double            last   = MPI_Wtime();

  PetscFunctionBegin;
  if (a->restart.checkpoint) PetscCall(ending_agree(a->comm));
  PetscCall(create_filtration(a, l, m, base, r));
  PetscCall(add_timing(a, l, metric, "distances", MPI_Wtime() - last));
  if (a->restart.checkpoint) PetscCall(ending_agree(a->comm));
  last = MPI_Wtime();
  PetscCall(HoleFiltrationSetFromOptions(r->filtration));
  PetscCall(HoleFiltrationSetUp(r->filtration));
  PetscCall(add_timing(a, l, metric, "filtration", MPI_Wtime() - last));
  if (a->restart.checkpoint) PetscCall(ending_agree(a->comm));
  PetscCall(solve_homology(a, l, m, r));
  PetscCall(look_at_distances(a, l, metric, r));
  HoleCallAgreed(a->comm, take_plane(a, r->views)); /* local */
  last          = MPI_Wtime();
  r->cophenetic = NAN;
  if (r->distances) PetscCall(HoleTasksCorrelate(r->distances, r->tree, &r->n_pairs, &r->cophenetic));
  PetscCall(HoleDistancesDestroy(&r->distances)); /* the largest array: gone before the next layer is read */
  r->correlating = MPI_Wtime() - last;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Keep what solve_layer() has made. */
static PetscErrorCode keep_layer(struct analysis *a, HoleIndex l, int m, const struct layer_result *r)
{
  struct hole_unit unit  = {.diagram    = r->diagram,
                            .tree       = r->tree,
                            .threshold  = HoleFiltrationGetThreshold(r->filtration),
                            .views      = r->views,
                            .n_pairs    = r->n_pairs,
                            .cophenetic = r->cophenetic,
                            .first      = a->first,
                            .n_local    = a->n_local,
                            .positions  = a->positions};
  const double     start = MPI_Wtime();

  PetscFunctionBegin;
  if (!a->restart.checkpoint) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(app_restart_save(&a->restart, &a->run, l, m, HOLE_UNIT_WHOLE, &unit));
  PetscCall(add_timing(a, l, app_run_metric_name(&a->run, m), "checkpoint", MPI_Wtime() - start));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What follows from that, and the output. */
static PetscErrorCode finish_layer(struct analysis *a, HoleIndex l, int m, struct layer_result *r)
{
  const char *const metric = app_run_metric_name(&a->run, m);
  const char *const name   = HoleSourceGetLayerName(a->run.source, l);
  char              path[2 * HOLE_NAME_LENGTH];
  HoleIndex         width;
  double            last = MPI_Wtime();

  PetscFunctionBegin;
  HoleCallAgreed(a->comm, cut_tree(a, a->flows[m], r));
  HoleCallAgreed(a->comm, look_at_clusters(a, m, r));
  PetscCall(add_timing(a, l, metric, "clusters", MPI_Wtime() - last + r->correlating));
  last = MPI_Wtime();
  PetscCall(result_layer_path(name, metric, sizeof(path), path));
  PetscCall(HoleSourceGetLayerShape(a->run.source, l, NULL, &width));
  PetscCall(result_write_layer(a->writer, path, width, a->run.single, r->filtration, r->diagram, a->simplices, r->tree,
                               r->curves, r->stages));
  PetscCall(result_write_views(a->writer, path, &a->run.views_options, r->views));
  PetscCall(result_write_tasks(a->writer, path, r->tasks, r->n_pairs, r->cophenetic));
  PetscCall(add_timing(a, l, metric, "write", MPI_Wtime() - last));
  PetscCall(app_progress_clear(a->progress));
  PetscCall(print_layer(a, l, m, r, MPI_Wtime() - r->started));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What solve_layer() would make, from the checkpoint. */
static PetscErrorCode load_layer(struct analysis *a, HoleIndex l, int m, struct layer_result *r)
{
  struct hole_unit unit;

  PetscFunctionBegin;
  PetscCall(app_restart_load(&a->restart, &a->run, l, m, &unit));
  r->tree       = unit.tree;
  r->diagram    = unit.diagram;
  r->views      = unit.views;
  r->n_pairs    = unit.n_pairs;
  r->cophenetic = unit.cophenetic;
  a->first      = unit.first;
  a->n_local    = unit.n_local;
  PetscCall(PetscFree(a->positions));
  a->positions = unit.positions;
  PetscCall(HoleFiltrationCreate(NULL, &r->filtration));
  PetscCall(HoleFiltrationSetFromOptions(r->filtration));
  hole_filtration_restore(r->filtration, unit.threshold);
  PetscCall(add_timing(a, l, app_run_metric_name(&a->run, m), "checkpoint", MPI_Wtime() - r->started));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscBool is_kept(const struct analysis *a, HoleIndex l, int m)
{
  return (PetscBool)(app_restart_form(&a->restart, &a->run, l, m) == HOLE_UNIT_WHOLE);
}

static PetscErrorCode do_layer(struct analysis *a, HoleIndex l, int m, HoleDistances *base, struct layer_result *r)
{
  PetscFunctionBegin;
  r->started = MPI_Wtime();
  PetscCall(start_layer(a, l, app_run_metric_name(&a->run, m)));
  PetscCall(solve_layer(a, l, m, base, r));
  PetscCall(keep_layer(a, l, m, r));
  PetscCall(finish_layer(a, l, m, r));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode destroy_layer_result(struct layer_result *r)
{
  PetscFunctionBegin;
  PetscCall(HoleViewsDestroy(&r->views));
  PetscCall(HoleTasksDestroy(&r->tasks));
  PetscCall(HoleStagesDestroy(&r->stages));
  PetscCall(HoleCurvesDestroy(&r->curves));
  PetscCall(HoleTreeDestroy(&r->tree));
  PetscCall(HoleDiagramDestroy(&r->diagram));
  PetscCall(HoleFiltrationDestroy(&r->filtration));
  PetscCall(HoleDistancesDestroy(&r->distances));
  PetscCall(MatDestroy(&r->graph));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: a rank without points has none. */
static PetscErrorCode write_positions(struct analysis *a, HoleIndex l)
{
  PetscBool any = (PetscBool)(a->positions != NULL);

  PetscFunctionBegin;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &any, 1, MPIU_BOOL, MPI_LOR, a->comm));
  if (any)
    PetscCall(result_write_positions(a->writer, HoleSourceGetLayerName(a->run.source, l), a->run.n_points, a->first,
                                     a->n_local, a->positions));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A unit of an earlier run. */
static PetscErrorCode reuse_layer(struct analysis *a, HoleIndex l, int m)
{
  struct layer_result r = {.started = MPI_Wtime()};
  PetscErrorCode      done;

  PetscFunctionBegin;
  PetscCall(start_layer(a, l, app_run_metric_name(&a->run, m)));
  done = load_layer(a, l, m, &r);
  if (!done) done = finish_layer(a, l, m, &r);
  PetscCall(destroy_layer_result(&r));
  PetscCall(done);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Is there a metric after m that is made from the same base? */
static PetscBool is_base_wanted(const struct analysis *a, int m)
{
  for (int later = m + 1; later < a->run.n_metrics; ++later) {
    if (app_run_one_base(&a->run, m, later)) return PETSC_TRUE;
  }
  return PETSC_FALSE;
}

/* One layer by all metrics. Each metric frees what it made, also when it fails. A base is filed under the first metric made from it. */
static PetscErrorCode run_metrics(struct analysis *a, HoleIndex l)
{
  HoleDistances  bases[APP_MAX_METRICS] = {NULL};
  PetscErrorCode solved                 = PETSC_SUCCESS;

  PetscFunctionBegin;
  for (int m = 0; m < a->run.n_metrics && !solved; ++m) {
    struct layer_result r     = {0};
    int                 first = 0;

    while (!app_run_one_base(&a->run, first, m)) ++first;
    solved = is_kept(a, l, m) ? reuse_layer(a, l, m) : do_layer(a, l, m, &bases[first], &r);
    if (!is_base_wanted(a, m)) PetscCall(HoleDistancesDestroy(&bases[first]));
    PetscCall(destroy_layer_result(&r));
  }
  for (int m = 0; m < a->run.n_metrics; ++m) PetscCall(HoleDistancesDestroy(&bases[m]));
  PetscCall(solved);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* One layer given as distances. */
static PetscErrorCode run_precomputed(struct analysis *a, HoleIndex l)
{
  struct layer_result r = {0};
  PetscErrorCode      solved;

  PetscFunctionBegin;
  solved = is_kept(a, l, 0) ? reuse_layer(a, l, 0) : do_layer(a, l, 0, NULL, &r);
  PetscCall(destroy_layer_result(&r));
  PetscCall(solved);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The plane of a layer, for all its metrics. */
static PetscErrorCode find_plane(struct analysis *a, HoleIndex l)
{
  const double start = MPI_Wtime();

  PetscFunctionBegin;
  if (!a->run.views_options.pca2) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HoleViewsFindPlane(a->acts, &a->plane, a->explained));
  PetscCall(add_timing(a, l, "", "plane", MPI_Wtime() - start));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A layer of which every metric is kept: it need not be read. */
static PetscErrorCode reuse_metrics(struct analysis *a, HoleIndex l)
{
  PetscErrorCode done = PETSC_SUCCESS;

  PetscFunctionBegin;
  for (int m = 0; m < a->run.n_metrics && !done; ++m) done = reuse_layer(a, l, m);
  if (!done) done = write_positions(a, l);
  PetscCall(PetscFree(a->positions));
  PetscCall(done);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* One layer given as activations. */
static PetscErrorCode read_layer(struct analysis *a, HoleIndex l)
{
  PetscErrorCode done;
  double         start = MPI_Wtime();

  PetscFunctionBegin;
  PetscCall(HoleSourceLoadLayer(a->run.source, l, &a->acts, &a->positions));
  PetscCall(HoleActivationsGetShape(a->acts, NULL, NULL, &a->first, &a->n_local));
  PetscCall(add_timing(a, l, "", "read", MPI_Wtime() - start));
  done = write_positions(a, l);
  if (!done) done = find_plane(a, l);
  if (!done) done = run_metrics(a, l);
  PetscCall(PetscFree(a->plane));
  PetscCall(PetscFree(a->positions));
  PetscCall(HoleActivationsDestroy(&a->acts));
  PetscCall(done);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode run_layer(struct analysis *a, HoleIndex l)
{
  PetscBool all = PETSC_TRUE;

  PetscFunctionBegin;
  for (int m = 0; m < a->run.n_metrics; ++m) all = (PetscBool)(all && is_kept(a, l, m));
  PetscCall(all ? reuse_metrics(a, l) : read_layer(a, l));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode write_summaries(struct analysis *a, int m)
{
  HoleSummaryTables *tables = NULL;
  PetscErrorCode     written;

  PetscFunctionBegin;
  written = HoleErrorAgree(a->comm, HoleSummariesGetTables(a->summaries[m], &tables));
  if (!written) written = result_write_summaries(a->writer, app_run_metric_name(&a->run, m), tables);
  PetscCall(HoleSummaryTablesDestroy(&tables));
  PetscCall(written);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The flow of metric m, as it is and as it is drawn. */
static PetscErrorCode write_flow(struct analysis *a, int m)
{
  const char    *metric  = app_run_metric_name(&a->run, m);
  HoleFolding   *folding = NULL;
  PetscErrorCode written;

  PetscFunctionBegin;
  PetscCall(result_write_flow(a->writer, metric, a->run.stages_options.flow_stage, a->flows[m]));
  HoleCallAgreed(a->comm, HoleFoldingCreate(a->flows[m], &a->run.folding_options, &folding)); /* local */
  written = result_write_folding(a->writer, metric, folding);
  PetscCall(HoleFoldingDestroy(&folding));
  PetscCall(written);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode finish_output(struct analysis *a)
{
  char now[64];

  PetscFunctionBegin;
  for (int m = 0; m < a->run.n_metrics; ++m) {
    PetscCall(write_flow(a, m));
    PetscCall(write_summaries(a, m));
  }
  PetscCall(add_timing(a, -1, "", "total", MPI_Wtime() - a->started));
  PetscCall(result_write_timings(a->writer, a->n_timings, a->timings));
  PetscCall(result_write_work(a->writer, a->n_work, a->work));
  PetscCall(result_time_of_day(sizeof(now), now));
  PetscCall(hole_writer_attr_string(a->writer, "/", "finished", now));
  if (a->restart.checkpoint) {
    ending_hold_signals(); /* from here on the output stands, or nothing does */
    PetscCall(ending_agree(a->comm));
  }
  PetscCall(hole_writer_commit(a->writer));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode analyze(struct analysis *a)
{
  PetscFunctionBegin;
  HoleCallAgreed(a->comm, get_options(a)); /* local */
  if (a->restart.folder[0]) ending_stop_on_signals(a->comm);
  PetscCall(app_memory_limit(a->comm, &a->memory_limit));
  HoleCallAgreed(a->comm, app_check_apart(a->run.input, a->output)); /* local */
  PetscCall(app_run_open(&a->run));
  PetscCall(check_memory(a));
  PetscCall(app_restart_open(&a->restart, &a->run, &app_analyze));
  PetscCall(open_output(a));
  if (a->view != VIEW_NONE) PetscCall(app_restart_print(&a->restart));
  if (a->view != VIEW_NONE)
    PetscCall(summary_print_head(a->comm, a->run.input, a->run.source, (PetscBool)(a->view == VIEW_SUMMARY)));
  for (HoleIndex l = 0; l < a->run.n_layers; ++l)
    PetscCall(a->run.precomputed ? run_precomputed(a, l) : run_layer(a, l));
  PetscCall(finish_output(a));
  if (a->view != VIEW_NONE)
    PetscCall(summary_print_foot(a->comm, a->output, a->timings[a->n_timings - 1].seconds,
                                 a->timings[a->n_timings - 1].peak_bytes));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode run_analyze(MPI_Comm comm, const char input[])
{
  struct analysis a = {.comm = comm, .run = {.comm = comm, .input = input}, .started = MPI_Wtime()};
  PetscErrorCode  analyzed;

  PetscFunctionBegin;
  analyzed = analyze(&a);
  PetscCall(app_progress_destroy(&a.progress));
  PetscCall(hole_writer_destroy(&a.writer)); /* without a commit, the temporary file goes */
  app_set_temporary(comm, APP_TEMPORARY_OUTPUT, "");
  for (int m = 0; m < a.run.n_metrics; ++m) {
    PetscCall(HoleFlowDestroy(&a.flows[m]));
    PetscCall(HoleSummariesDestroy(&a.summaries[m]));
  }
  PetscCall(PetscFree(a.timings));
  PetscCall(PetscFree(a.work));
  PetscCall(app_restart_destroy(&a.restart));
  PetscCall(app_run_destroy(&a.run));
  PetscCall(analyzed);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const struct app_option options[] = {
    {"-output", OPTION_TEXT, "FILE",
     "result file; default: the input's name with .hole.h5 instead of its extension, in the working directory", 0, 0},
    {"-force", OPTION_FLAG, "", "replace an existing output", 0, 0},
    {"-layers", OPTION_TEXT, "all | NAME,PATTERN,...", "layers to analyse: names or shell patterns", 0, 0},
    {"-dataset", OPTION_TEXT, "/PATH,...", "datasets to take as layers, for files of another layout", 0, 0},
    {"-labels_dataset", OPTION_TEXT, "/PATH", "where the labels are; default /labels", 0, 0},
    {"-reshape", OPTION_TEXT,
     "auto | flatten | mean | max | spatial:random | spatial:full | spatial:top1 | spatial:topk:K | token:T | "
     "tokens:mean",
     "how [N,C,H,W] and [N,T,d] become points; auto: spatial mean, first token", 0, 0},
    {"-max_points", OPTION_TEXT, "all | N", "keep a random subsample, equal in all layers and for any number of ranks",
     0, INT32_MAX},
    {"-seed", OPTION_INTEGER, "S (0)", "seed of the subsample and of spatial:random", 0, INT32_MAX},
    {"-metric", OPTION_TEXT,
     "euclidean | cosine | manhattan | chebyshev | correlation | mahalanobis | geodesic | density_euclidean | "
     "density_cosine | density_mahalanobis, or a comma list; precomputed",
     "distance between points; a list runs each; precomputed: layers given as distances, their default", 0, 0},
    {"-geodesic_neighbors", OPTION_INTEGER, "K (10)", "geodesic: edges are between points among each other's K nearest",
     1, INT32_MAX},
    {"-density_neighbors", OPTION_INTEGER, "K (5)",
     "density metrics: the scale of a point is the distance of its K-th neighbour", 1, INT32_MAX},
    {"-filtration", OPTION_WORD, "rips knn sparse",
     "rips: all pairs; knn: nearest neighbours, see -neighbors; sparse: fewer edges, approximates rips, see -epsilon",
     0, 0},
    {"-neighbors", OPTION_INTEGER, "K (16)", "for knn: pairs of which one is among the K nearest of the other", 1,
     INT32_MAX},
    {"-epsilon", OPTION_TEXT, "E (0.5)", "for sparse: births and deaths are right within a factor 1 + E", 0, 0},
    {"-threshold", OPTION_TEXT, "enclosing | NUMBER | inf | quantile:Q",
     "longest edge; enclosing: beyond it nothing changes; for knn and sparse inf, unless a point has an edge to every "
     "other",
     0, 0},
    {"-max_dim", OPTION_INTEGER, "1; 0 to 3", "highest dimension of homology", 0, HOLE_MAX_DIM},
    {"-coefficients", OPTION_INTEGER, "P (2)", "homology with coefficients modulo a prime", 2, 65535},
    {"-homology_type", OPTION_TEXT, "windows | standard", "windows: distributed; standard: textbook, for small inputs",
     0, 0},
    {"-distances_tile", OPTION_INTEGER, "T (1024)", "points a side of a tile of distances; results do not depend on it",
     1, 2048},
    {"-distances_axes", OPTION_INTEGER, "K (63)",
     "axes along which points are compared first; 0: none; results do not depend on it", 0, 2048},
    {"-distances_looks", OPTION_INTEGER, "L (N / 32, at least 128)",
     "points looked at for the enclosing radius before all pairs are; results do not depend on it", 0, 1 << 30},
    {"-homology_side", OPTION_WORD, "auto cohomology homology",
     "how dimension 2 is reduced; auto: cohomology, unless a class lives very long; diagrams do not depend on it", 0,
     0},
    {"-homology_windows", OPTION_INTEGER, "W (0: choose)", "number of windows of lengths; results do not depend on it",
     0, 1 << 20},
    {"-representatives", OPTION_WORD, "critical cocycles cycles none",
     "critical: birth and death simplex of every interval; cocycles: these and a cocycle; cycles: these and, in "
     "dimension 1, a cycle",
     0, 0},
    {"-precision", OPTION_WORD, "double single", "single: lengths are rounded to single precision; half the memory", 0,
     0},
    {"-stages", OPTION_TEXT, "hole | count:K | clusters:K1,K2,... | at:T1,T2,...",
     "thresholds at which clusters are looked at", 0, 0},
    {"-cut", OPTION_WORD, "closed open", "whether an edge as long as the threshold joins clusters", 0, 0},
    {"-flow_stage", OPTION_TEXT, "t_star | NAME | clusters[:K]",
     "stage at which layers are linked; K: default the number of classes", 0, 0},
    {"-views", OPTION_TEXT, "all | none | some of pca2,leaf_order,rcm,heatmap,blobs,spectral2",
     "data for pictures; default: all but spectral2", 0, 0},
    {"-min_cluster_size", OPTION_INTEGER, "n (0)", "clusters of n points or fewer are outliers in the flow tables", 0,
     INT32_MAX},
    {"-outlier_size", OPTION_INTEGER, "n (10, or -min_cluster_size)",
     "clusters of n points or fewer at t_star are outliers in tasks/outliers", 1, INT32_MAX},
    {"-minority_share", OPTION_TEXT, "SHARE (0.1)", "so are points of classes with a smaller share of their cluster", 0,
     0},
    {"-fold_share", OPTION_TEXT, "SHARE (0.01)",
     "folded flow tables: clusters with a smaller share of the points are drawn together", 0, 0},
    {"-fold_most", OPTION_INTEGER, "n (60)", "folded flow tables: most nodes in a column", 2, 1000},
    {"-memory_limit", OPTION_TEXT, "SIZE, such as 8GiB", "memory a rank may use; default: what the node offers", 0, 0},
    {"-checkpoint", OPTION_TEXT, "DIR",
     "keep what is finished in this folder, made if missing; SIGTERM and SIGUSR1 then end the run with code 75", 0, 0},
    {"-restart", OPTION_FLAG, "",
     "go on with what -checkpoint DIR holds; ranks and all options that results do not depend on may differ", 0, 0},
    {"-view", OPTION_WORD, "summary ascii none",
     "what is printed on stdout; ascii: barcodes and clusters as text, after each layer", 0, 0},
    {"-progress", OPTION_WORD, "auto plain off", "auto: a bar on a terminal, a line a minute elsewhere", 0, 0}};

const struct app_command app_analyze = {
    "analyze",
    "ACTIVATIONS.h5",
    "activations to diagrams, merge trees and cluster flows",
    "Reads layers of activations, computes persistent homology of each as a cloud of points, follows its clusters over "
    "the distance, and "
    "writes diagrams, merge trees, stages, curves and flow tables to a result file.",
    options,
    sizeof(options) / sizeof(options[0]),
    run_analyze,
    NULL};
