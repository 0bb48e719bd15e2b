/* hole analyze: activations -> distances -> filtration -> homology -> diagrams, merge trees, cluster flows. */
#include "app.h"
#include "ending.h"
#include "layers.h"
#include "memory.h"
#include "summary.h"

#include <string.h>

enum { STEPS_A_LAYER = 20 };

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
  const HoleIndex held[2] = {app_memory_now(), app_memory_peak()};
  HoleIndex       most[2];
  PetscMPIInt     size, together;
  char            text[APP_MESSAGE_LENGTH];

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(a->comm, &size));
  PetscCallMPI(MPI_Allreduce(held, most, 2, HOLE_MPI_INDEX, MPI_MAX, a->comm));
  a->model.base  = most[0];
  a->model.start = most[1];
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
  PetscCall(layers_add_timing(a, -1, "", "total", MPI_Wtime() - a->started));
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
  PetscCall(layers_run(a));
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
