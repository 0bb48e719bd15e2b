/* The layers of a run: from the input, or from the checkpoint, to the output. */
#include "layers.h"

#include "../core/pages.h"
#include "../filtration/bounds.h"
#include "../filtration/edges.h"
#include "../filtration/restore.h"
#include "../homology/lunes.h"
#include "../source/source_edges.h"
#include "ascii.h"
#include "ending.h"
#include "memory.h"
#include "summary.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>

static const double LEAST_SHARE = 0.1; /* of the memory limit, for the reduction */

/* One layer by one metric. */
struct layer_result {
  HoleDistances  distances;
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

PetscErrorCode layers_add_timing(struct analysis *a, HoleIndex layer, const char metric[], const char step[],
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
  for (int p = 0; p < n_phases && !solved; ++p) PetscCall(layers_add_timing(a, l, metric, names[p], seconds[p]));
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
  PetscCall(layers_add_timing(a, l, metric, "views", MPI_Wtime() - start));
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
static PetscErrorCode round_edges(HoleIndex n_edges, struct hole_edge_key edges[])
{
  PetscFunctionBegin;
  for (HoleIndex e = 0; e < n_edges; ++e) {
    PetscCheck(edges[e].length <= FLT_MAX, PETSC_COMM_SELF, HOLE_ERR_INPUT,
               "Distance of points %" PRIu32 " and %" PRIu32 " is %g, too large for single precision", edges[e].i,
               edges[e].j, edges[e].length);
    edges[e].length = (double)(float)edges[e].length;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A layer given as a graph. */
static PetscErrorCode load_graph(struct analysis *a, HoleIndex l, HoleFiltration *f)
{
  HoleIndex             n_edges;
  struct hole_edge_key *edges;
  PetscErrorCode        created;

  PetscFunctionBegin;
  hole_return_file_pages(); /* what opening files has touched; below, what reading has */
  PetscCall(hole_source_load_edges(a->run.source, l, &n_edges, &edges));
  hole_return_file_pages();
  created = a->run.single ? HoleErrorAgree(a->comm, round_edges(n_edges, edges)) : PETSC_SUCCESS; /* local */
  if (!created) created = hole_filtration_create_from_edges(a->comm, a->run.n_points, n_edges, &edges, f);
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
    PetscCall(load_graph(a, l, &r->filtration));
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
  PetscCall(layers_add_timing(a, l, metric, "distances", MPI_Wtime() - last));
  if (a->restart.checkpoint) PetscCall(ending_agree(a->comm));
  last = MPI_Wtime();
  PetscCall(HoleFiltrationSetFromOptions(r->filtration));
  if (hole_homology_reads_bounds(a->run.homology) && app_restart_form(&a->restart, &a->run, l, m) != HOLE_UNIT_PART)
    hole_filtration_keep_bounds(r->filtration);
  PetscCall(HoleFiltrationSetUp(r->filtration));
  PetscCall(layers_add_timing(a, l, metric, "filtration", MPI_Wtime() - last));
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
  PetscCall(layers_add_timing(a, l, app_run_metric_name(&a->run, m), "checkpoint", MPI_Wtime() - start));
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
  PetscCall(layers_add_timing(a, l, metric, "clusters", MPI_Wtime() - last + r->correlating));
  last = MPI_Wtime();
  PetscCall(result_layer_path(name, metric, sizeof(path), path));
  PetscCall(HoleSourceGetLayerShape(a->run.source, l, NULL, &width));
  PetscCall(result_write_layer(a->writer, path, width, a->run.single, r->filtration, r->diagram, a->simplices, r->tree,
                               r->curves, r->stages));
  PetscCall(result_write_views(a->writer, path, &a->run.views_options, r->views));
  PetscCall(result_write_tasks(a->writer, path, r->tasks, r->n_pairs, r->cophenetic));
  PetscCall(layers_add_timing(a, l, metric, "write", MPI_Wtime() - last));
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
  PetscCall(layers_add_timing(a, l, app_run_metric_name(&a->run, m), "checkpoint", MPI_Wtime() - r->started));
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
  PetscCall(layers_add_timing(a, l, "", "plane", MPI_Wtime() - start));
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
  PetscCall(layers_add_timing(a, l, "", "read", MPI_Wtime() - start));
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

PetscErrorCode layers_run(struct analysis *a)
{
  PetscFunctionBegin;
  for (HoleIndex l = 0; l < a->run.n_layers; ++l)
    PetscCall(a->run.precomputed ? run_precomputed(a, l) : run_layer(a, l));
  PetscFunctionReturn(PETSC_SUCCESS);
}
