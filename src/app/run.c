/* What a run is asked to do. */
#include "run.h"

#include "app.h"

#include <string.h>

const char *app_run_metric_name(const struct app_run *r, int m)
{
  return r->precomputed ? HOLE_METRIC_PRECOMPUTED : HoleMetricGetName(r->metrics[m]);
}

/* -metric: a comma list. Equal on all ranks. */
static PetscErrorCode get_metrics(struct app_run *r)
{
  char text[1024], *rest = text, *name;

  PetscFunctionBegin;
  PetscCall(app_get_text("-metric", HOLE_METRIC_EUCLIDEAN, sizeof(text), text));
  r->precomputed = (PetscBool)!strcmp(text, HOLE_METRIC_PRECOMPUTED);
  if (r->precomputed) {
    r->n_metrics = 1;
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  while ((name = strsep(&rest, ","))) {
    PetscCheck(r->n_metrics < APP_MAX_METRICS, PETSC_COMM_SELF, HOLE_ERR_USAGE,
               "-metric: at most %d metrics in one run", APP_MAX_METRICS);
    PetscCheck(strcmp(name, HOLE_METRIC_PRECOMPUTED), PETSC_COMM_SELF, HOLE_ERR_USAGE,
               "-metric: precomputed stands alone; other metrics need activations");
    PetscCall(HoleMetricFind(name, &r->metrics[r->n_metrics]));
    for (int m = 0; m < r->n_metrics; ++m)
      PetscCheck(r->metrics[m] != r->metrics[r->n_metrics], PETSC_COMM_SELF, HOLE_ERR_USAGE,
                 "-metric: %s is given twice", name);
    ++r->n_metrics;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A filtration that relies on the triangle inequality wants metrics that have it; for given distances it is taken on trust. */
static PetscErrorCode check_triangle(const struct app_run *r, HoleFiltration f)
{
  PetscFunctionBegin;
  if (r->precomputed || strcmp(HoleFiltrationGetType(f), HOLE_FILTRATION_SPARSE)) PetscFunctionReturn(PETSC_SUCCESS);
  for (int m = 0; m < r->n_metrics; ++m)
    PetscCheck(
        HoleMetricObeysTriangle(r->metrics[m]), PETSC_COMM_SELF, HOLE_ERR_USAGE,
        "-filtration sparse needs the triangle inequality, which -metric %s lacks; use -filtration rips or knn, or "
        "a metric such as euclidean",
        HoleMetricGetName(r->metrics[m]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode app_run_get_options(struct app_run *r)
{
  char text[16];

  PetscFunctionBegin;
  PetscCall(app_get_text("-precision", "double", sizeof(text), text));
  r->single = (PetscBool)!strcmp(text, "single");
  PetscCall(get_metrics(r));
  PetscCall(HoleMetricOptionsGet(&r->metric_options));
  PetscCall(HoleStagesOptionsGet(&r->stages_options));
  PetscCall(HoleViewsOptionsGet(&r->views_options));
  PetscCall(HoleTasksOptionsGet(&r->tasks_options));
  PetscCall(HoleFoldingOptionsGet(&r->folding_options));
  PetscCall(HoleFiltrationCreate(NULL, &r->filtration));
  PetscCall(HoleFiltrationSetFromOptions(r->filtration));
  PetscCall(HoleHomologyCreate(r->filtration, &r->homology));
  PetscCall(HoleHomologySetFromOptions(r->homology));
  PetscCall(check_triangle(r, r->filtration));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Layers given as distances have a metric of their own, which is their default. One run has one kind of layers. Equal on all ranks. */
static PetscErrorCode settle_metric(struct app_run *r)
{
  static const char *const words[] = {"activations", "distances", "distances"};
  const char *const        first   = HoleSourceGetLayerName(r->source, 0);
  const char *const        kind    = words[HoleSourceGetLayerKind(r->source, 0)];
  const PetscBool          given   = (PetscBool)!strcmp(kind, "distances");
  PetscBool                asked;

  PetscFunctionBegin;
  PetscCall(PetscOptionsHasName(NULL, NULL, "-metric", &asked));
  for (HoleIndex l = 1; l < r->n_layers; ++l) {
    const char *const other = words[HoleSourceGetLayerKind(r->source, l)];

    PetscCheck(!strcmp(kind, other), r->comm, HOLE_ERR_USAGE,
               "%s: layer %s has %s but layer %s has %s; one run takes layers of one kind: choose them by -layers",
               r->input, first, kind, HoleSourceGetLayerName(r->source, l), other);
  }
  PetscCheck(!asked || r->precomputed || !given, r->comm, HOLE_ERR_USAGE,
             "-metric %s: layer %s of %s has distances instead of activations; their metric is precomputed",
             app_run_metric_name(r, 0), first, r->input);
  PetscCheck(given || !r->precomputed, r->comm, HOLE_ERR_USAGE,
             "-metric precomputed: layer %s of %s has activations, expected distances", first, r->input);
  if (given) r->n_metrics = 1;
  r->precomputed = given;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A graph is a filtration already: nothing is to be chosen among its pairs. Equal on all ranks. */
static PetscErrorCode check_filtration(struct app_run *r)
{
  char text[64];

  PetscFunctionBegin;
  PetscCall(app_get_text("-filtration", "rips", sizeof(text), text));
  for (HoleIndex l = 0; l < r->n_layers; ++l)
    PetscCheck(HoleSourceGetLayerKind(r->source, l) != HOLE_LAYER_GRAPH || !strcmp(text, "rips"), r->comm,
               HOLE_ERR_USAGE, "-filtration %s: layer %s of %s is a graph, which is taken as it is; expected rips",
               text, HoleSourceGetLayerName(r->source, l), r->input);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode app_run_open(struct app_run *r)
{
  PetscFunctionBegin;
  PetscCall(HoleSourceCreate(r->comm, r->input, &r->source));
  PetscCall(HoleSourceSetFromOptions(r->source));
  PetscCall(HoleSourceSetUp(r->source));
  r->n_layers = HoleSourceGetLayerCount(r->source);
  PetscCall(HoleSourceGetLayerShape(r->source, 0, &r->n_points, NULL));
  PetscCall(HoleSourceGetClasses(r->source, &r->n_classes, NULL));
  PetscCall(settle_metric(r));
  PetscCall(check_filtration(r));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscBool app_run_one_base(const struct app_run *r, int m, int other)
{
  return (PetscBool)(HoleMetricGetBase(r->metrics[m]) == HoleMetricGetBase(r->metrics[other]));
}

HoleIndex app_run_neighbours(const struct app_run *r, int m)
{
  HoleIndex k = 0;

  for (int other = 0; other < r->n_metrics; ++other) {
    if (app_run_one_base(r, m, other)) k = PetscMax(k, HoleMetricGetNeighbours(r->metrics[other], &r->metric_options));
  }
  return k;
}

PetscErrorCode app_run_destroy(struct app_run *r)
{
  PetscFunctionBegin;
  PetscCall(HoleHomologyDestroy(&r->homology));
  PetscCall(HoleFiltrationDestroy(&r->filtration));
  PetscCall(HoleSourceDestroy(&r->source));
  PetscFunctionReturn(PETSC_SUCCESS);
}
