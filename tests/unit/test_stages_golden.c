/* Stages of the golden fixture are those that HOLE itself gave: thresholds, clusters, purity and homogeneity there. */
#include "../data/golden_stages.h"
#include "testing.h"

#include <hole/hole_stages.h>
#include <math.h>

enum { N = 60, WIDTH = 8, N_CLASSES = 3, N_EDGES = N * (N - 1) / 2 };

typedef double (*metric)(const double x[], const double y[]);

static double euclidean(const double x[], const double y[])
{
  double sum = 0;

  for (int j = 0; j < WIDTH; ++j) sum += (x[j] - y[j]) * (x[j] - y[j]);
  return sqrt(sum);
}

static double manhattan(const double x[], const double y[])
{
  double sum = 0;

  for (int j = 0; j < WIDTH; ++j) sum += fabs(x[j] - y[j]);
  return sum;
}

static double chebyshev(const double x[], const double y[])
{
  double largest = 0;

  for (int j = 0; j < WIDTH; ++j) largest = PetscMax(largest, fabs(x[j] - y[j]));
  return largest;
}

static double cosine(const double x[], const double y[])
{
  double xx = 0, yy = 0, xy = 0;

  for (int j = 0; j < WIDTH; ++j) {
    xx += x[j] * x[j];
    yy += y[j] * y[j];
    xy += x[j] * y[j];
  }
  return 1 - xy / sqrt(xx * yy);
}

static metric metric_of(const char name[])
{
  return !strcmp(name, "euclidean")   ? euclidean
         : !strcmp(name, "manhattan") ? manhattan
         : !strcmp(name, "chebyshev") ? chebyshev
                                      : cosine;
}

/* The formula of the fixture, as the header of golden_stages.h has it. */
static void make_points(int layer, double x[N][WIDTH], int32_t label[N])
{
  for (int i = 0; i < N; ++i) {
    label[i] = i % N_CLASSES;
    for (int j = 0; j < WIDTH; ++j) {
      double centre = 4 * sin(1 + 2.1 * label[i] + 0.9 * j);

      x[i][j] = layer / 3.0 * centre + sin(12.9898 * i + 78.233 * j + 0.5) * cos(0.37 * i * j);
    }
  }
}

/* Kruskal over all edges, with a table of components. */
static PetscErrorCode make_tree(double x[N][WIDTH], metric distance, HoleTree *tree)
{
  HoleEdge all[N_EDGES], edges[N - 1];
  int      component[N], n = 0, n_joined = 0;

  PetscFunctionBegin;
  for (int i = 0; i < N; ++i) {
    component[i] = i;
    for (int j = i + 1; j < N; ++j) all[n++] = (HoleEdge){distance(x[i], x[j]), i, j};
  }
  qsort(all, N_EDGES, sizeof(all[0]), HoleEdgeCompare);
  for (n = 0; n < N_EDGES; ++n) {
    int a = component[all[n].i], b = component[all[n].j];

    if (a == b) continue;
    edges[n_joined++] = all[n];
    for (int i = 0; i < N; ++i) component[i] = component[i] == b ? a : component[i];
  }
  PetscCall(HoleTreeCreate(N, edges, tree));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_number(double got, double want, const char what[], const struct golden_layer *g)
{
  PetscFunctionBegin;
  TEST_CHECK(fabs(got - want) <= 1e-10 * PetscMax(1.0, fabs(want)), "Layer %d, %s: %s is %.15g, expected %.15g",
             g->layer, g->metric, what, got, want);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_heights(HoleTree tree, const HoleCurves *curves, const struct golden_layer *g)
{
  const HoleEdge *edges = HoleTreeGetEdges(tree);
  double          sum   = 0;

  PetscFunctionBegin;
  for (int m = 0; m < N - 1; ++m) sum += edges[m].length;
  PetscCall(check_number(sum, g->sum_heights, "sum of deaths", g));
  PetscCall(check_number((double)curves->n, g->n_distinct, "number of distinct deaths", g));
  for (int k = 0; k < 3; ++k) {
    PetscCall(check_number(curves->threshold[k], g->first[k], "an early death", g));
    PetscCall(check_number(curves->threshold[curves->n - 3 + k], g->last[k], "a late death", g));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static HoleIndex row_of(const HoleCurves *curves, double threshold)
{
  HoleIndex row = 0;

  while (row < curves->n - 1 && curves->threshold[row] < threshold) ++row;
  return row;
}

static PetscErrorCode check_stages(const HoleCurves *curves, const HoleStages *s, const struct golden_layer *g)
{
  static const char *const names[] = {"initial", "t_star", "intermediate", "final"};

  PetscFunctionBegin;
  TEST_CHECK(s->n == 4 && s->n_nested == 4 && s->flow == 1, "Layer %d, %s: stages", g->layer, g->metric);
  for (int k = 0; k < 4; ++k) {
    HoleIndex row = row_of(curves, s->threshold[k]);

    TEST_CHECK(!strcmp(s->name[k], names[k]), "Layer %d, %s: stage %s, expected %s", g->layer, g->metric, s->name[k],
               names[k]);
    TEST_CHECK(s->threshold[k] == curves->threshold[row], "Layer %d, %s: no height", g->layer, g->metric);
    PetscCall(check_number(s->threshold[k], g->stages[k].threshold, names[k], g));
    PetscCall(check_number((double)s->n_clusters[k], g->stages[k].n_clusters, "clusters", g));
    PetscCall(check_number((double)curves->n_clusters[row], g->stages[k].n_clusters, "clusters in the curve", g));
    PetscCall(check_number(curves->purity[row], g->stages[k].purity, "purity", g));
    PetscCall(check_number(curves->homogeneity[row], g->stages[k].homogeneity, "homogeneity", g));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_layer(const struct golden_layer *g)
{
  HoleStagesOptions options;
  HoleTree          tree;
  HoleCurves       *curves;
  HoleStages       *stages;
  double            x[N][WIDTH];
  int32_t           label[N];

  PetscFunctionBegin;
  make_points(g->layer, x, label);
  PetscCall(make_tree(x, metric_of(g->metric), &tree));
  PetscCall(HoleCurvesCreate(tree, label, N_CLASSES, &curves));
  PetscCall(HoleStagesOptionsGet(&options));
  PetscCall(HoleStagesCreate(tree, curves, N_CLASSES, &options, &stages));
  PetscCall(check_heights(tree, curves, g));
  PetscCall(check_stages(curves, stages, g));
  PetscCall(HoleStagesDestroy(&stages));
  PetscCall(HoleCurvesDestroy(&curves));
  PetscCall(HoleTreeDestroy(&tree));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  PetscFunctionBeginUser;
  PetscCall(PetscInitialize(&argc, &argv, NULL, NULL));
  for (size_t k = 0; k < sizeof(golden_layers) / sizeof(golden_layers[0]); ++k)
    PetscCall(check_layer(&golden_layers[k]));
  PetscCall(PetscFinalize());
  return 0;
}
