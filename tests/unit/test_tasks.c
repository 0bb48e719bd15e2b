/* What whole runs do not reach of the four tasks: parts of a graph that nothing joins, the open cut, one point; and the cophenetic
   correlation against all pairs, with equal bits for any number of ranks, stored rows or none. The other answers are compared with
   plain oracles by tests/integration/clusters_oracle.py. */
#include "metric_points.h"
#include "trees.h"

#include <hole/hole_pass.h>
#include <hole/hole_tasks.h>

static PetscErrorCode make_tasks(HoleIndex n, const HoleEdge edges[], const int32_t label[], HoleIndex n_classes,
                                 PetscBool closed, HoleIndex size, HoleTasks **tasks)
{
  const HoleTasksOptions options = {size, 0.5};
  HoleTree               tree;
  HoleCurves            *curves;

  PetscFunctionBegin;
  PetscCall(HoleTreeCreate(n, edges, &tree));
  PetscCall(HoleCurvesCreate(tree, label, n_classes, &curves));
  PetscCall(HoleTasksCreate(tree, curves, label, n_classes, closed, &options, tasks));
  PetscCall(HoleCurvesDestroy(&curves));
  PetscCall(HoleTreeDestroy(&tree));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Points 0 1 2 | 3 4 in two parts. Class 0 has two points here and one there, class 1 one and one, class 2 none, class 3 point 4. */
static PetscErrorCode check_parts(void)
{
  const HoleEdge edges[] = {{1, 0, 1}, {2, 1, 2}, {3, 3, 4}, {INFINITY, 0, 3}};
  const int32_t  label[] = {0, 0, 1, 1, 3};
  HoleTasks     *t;

  PetscFunctionBegin;
  PetscCall(make_tasks(5, edges, label, 4, PETSC_TRUE, 3, &t));
  TEST_CHECK(t->gathering[0] == 1 && isinf(t->gathering[1]) && isnan(t->gathering[2]) && t->gathering[3] == 0,
             "Gathering of parts");
  TEST_CHECK(t->hierarchy[0] == 0 && isinf(t->hierarchy[1]) && isnan(t->hierarchy[2]) && isinf(t->hierarchy[3]) &&
                 isnan(t->hierarchy[4 * 2 + 2]) && isinf(t->hierarchy[4 * 3 + 1]),
             "Hierarchy of parts");
  TEST_CHECK(t->separability.labelled_edges == 3 && t->separability.cross_class_count == 2, "Edges of parts");
  TEST_CHECK(t->separability.threshold == 1 && t->n_clusters == 4, "t_star of parts");
  TEST_CHECK(t->separability.gap_ratio == 2, "Gap ratio of parts");
  TEST_CHECK(t->n_outliers == 5, "All clusters are small");
  for (HoleIndex i = 0; i < 5; ++i)
    TEST_CHECK(isinf(t->outliers[i].joins_at) && t->outliers[i].joins_cluster == -1 && t->outliers[i].joins_merge == -1,
               "No part has more than three points");
  PetscCall(HoleTasksDestroy(&t));
  PetscCall(make_tasks(5, edges, label, 4, PETSC_TRUE, 2, &t));
  TEST_CHECK(t->outliers[0].joins_at == 2 && t->outliers[0].joins_cluster == 1 && t->outliers[2].joins_cluster == 0 &&
                 t->outliers[2].joins_merge == 1 && isinf(t->outliers[3].joins_at),
             "The part with more than two points");
  PetscCall(HoleTasksDestroy(&t));
  TEST_CHECK(!t, "Destroyed tasks were left behind");
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* At t_star = 1 the open cut joins nothing. */
static PetscErrorCode check_open_cut(void)
{
  const HoleEdge edges[] = {{1, 0, 1}, {1, 2, 3}, {5, 1, 2}};
  const int32_t  label[] = {0, 0, 1, -1};
  HoleTasks     *t;

  PetscFunctionBegin;
  PetscCall(make_tasks(4, edges, label, 2, PETSC_TRUE, 1, &t));
  TEST_CHECK(t->n_clusters == 2 && t->separability.n_clusters == 2 && t->v_measure == 1 && t->n_outliers == 0 &&
                 t->clusters[1].size == 2 && t->clusters[1].dominant_count == 1 && t->clusters[1].purity == 1,
             "Closed cut");
  TEST_CHECK(t->n_unlabelled == 1 && isnan(t->precision) && t->recall == 0, "No outliers");
  PetscCall(HoleTasksDestroy(&t));
  PetscCall(make_tasks(4, edges, label, 2, PETSC_FALSE, 1, &t));
  TEST_CHECK(t->n_clusters == 4 && t->separability.n_clusters == 4 && t->separability.score == 1, "Open cut");
  TEST_CHECK(t->purity == 1 && t->homogeneity == 2.0 / 3 && t->class_homogeneity == 1 && t->completeness < 1,
             "Measures of single points");
  TEST_CHECK(isnan(t->clusters[3].purity) && isnan(t->clusters[3].entropy) && t->clusters[3].dominant_class == -1,
             "A cluster without labels");
  TEST_CHECK(t->n_outliers == 4 && t->precision == 0.25 && t->recall == 1, "Single points are outliers");
  TEST_CHECK(t->outliers[3].joins_at == 1 && t->outliers[3].joins_cluster == 2, "Point 3 joins point 2");
  PetscCall(HoleTasksDestroy(&t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A share of exactly the limit, 0.5, is none below it. */
static PetscErrorCode check_minority(void)
{
  const HoleEdge edges[]  = {{1, 0, 1}, {1, 1, 2}, {1, 2, 3}};
  const int32_t  halves[] = {0, 0, 1, 1}, one[] = {0, 0, 1, 0};
  HoleTasks     *t;

  PetscFunctionBegin;
  PetscCall(make_tasks(4, edges, halves, 2, PETSC_TRUE, 3, &t));
  TEST_CHECK(t->n_outliers == 0, "Two halves: %d outliers", (int)t->n_outliers);
  PetscCall(HoleTasksDestroy(&t));
  PetscCall(make_tasks(4, edges, one, 2, PETSC_TRUE, 3, &t));
  TEST_CHECK(t->n_outliers == 1 && t->outliers[0].point == 2 && t->outliers[0].kind == HOLE_OUTLIER_MINORITY_CLASS,
             "One of four");
  PetscCall(HoleTasksDestroy(&t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_small(void)
{
  const int32_t label[] = {0}, none[] = {-1};
  HoleTasks    *t;

  PetscFunctionBegin;
  PetscCall(make_tasks(1, NULL, label, 1, PETSC_TRUE, 10, &t));
  TEST_CHECK(t->n_clusters == 1 && t->hierarchy[0] == 0 && t->gathering[0] == 0 && t->v_measure == 1, "One point");
  TEST_CHECK(isnan(t->separability.score) && isnan(t->separability.best_ari) && t->separability.threshold == 0,
             "Separability of one point");
  TEST_CHECK(t->n_outliers == 1 && isinf(t->outliers[0].joins_at), "One point joins nothing");
  PetscCall(HoleTasksDestroy(&t));
  PetscCall(make_tasks(1, NULL, none, 0, PETSC_TRUE, 10, &t));
  TEST_CHECK(!t->labelled && !t->hierarchy && isnan(t->v_measure) && t->n_unlabelled == 1, "One point without a label");
  PetscCall(HoleTasksDestroy(&t));
  PetscCall(make_tasks(1, NULL, label, HOLE_TASKS_MAX_CLASSES + 1, PETSC_TRUE, 10, &t));
  TEST_CHECK(!t->hierarchy && !t->gathering && t->labelled, "More classes than there is a table for");
  PetscCall(HoleTasksDestroy(&t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* --- Cophenetic correlation */

static PetscErrorCode correlate(MPI_Comm comm, HoleIndex n, const char metric[], PetscBool stored, HoleTree *tree,
                                HoleIndex *n_pairs, double *correlation)
{
  HoleActivations acts;
  HoleDistances   d;
  HoleMetric      m;
  HolePass        pass;

  PetscFunctionBegin;
  PetscCall(test_points_create(comm, TEST_GROUPS, n, 5, &acts));
  PetscCall(HoleMetricFind(metric, &m));
  PetscCall(HoleDistancesCreate(acts, m, &d));
  if (stored) PetscCall(HoleDistancesStore(d));
  PetscCall(HolePassCreate(d, &pass));
  PetscCall(HolePassWantTree(pass));
  PetscCall(HolePassRun(pass));
  PetscCall(HolePassGetTree(pass, tree));
  PetscCall(HoleTasksCorrelate(d, *tree, n_pairs, correlation));
  PetscCall(HolePassDestroy(&pass));
  PetscCall(HoleDistancesDestroy(&d));
  PetscCall(HoleActivationsDestroy(&acts));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Over all pairs: lengths of a function, heights by merging sets of points. */
static PetscErrorCode correlate_all(HoleTree tree, double *correlation)
{
  const HoleIndex n     = HoleTreeGetSize(tree);
  const HoleEdge *edges = HoleTreeGetEdges(tree);
  HoleIndex      *part;
  double          sum[5] = {0}, count = (double)(n * (n - 1) / 2);

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(n, &part));
  for (HoleIndex i = 0; i < n; ++i) part[i] = i;
  for (HoleIndex m = 0; m < n - 1; ++m) {
    HoleIndex a = part[edges[m].i], b = part[edges[m].j];

    for (HoleIndex i = 0; i < n; ++i) {
      for (HoleIndex j = 0; part[i] == a && j < n; ++j) {
        double x = 0, y = edges[m].length;

        if (part[j] != b) continue;
        for (HoleIndex c = 0; c < 5; ++c)
          x += pow(test_point_value(TEST_GROUPS, i, c) - test_point_value(TEST_GROUPS, j, c), 2);
        x = sqrt(x);
        sum[0] += x / count;
        sum[1] += y / count;
        sum[2] += x * x / count;
        sum[3] += y * y / count;
        sum[4] += x * y / count;
      }
    }
    for (HoleIndex i = 0; i < n; ++i) {
      if (part[i] == b) part[i] = a;
    }
  }
  *correlation = (sum[4] - sum[0] * sum[1]) / sqrt((sum[2] - sum[0] * sum[0]) * (sum[3] - sum[1] * sum[1]));
  PetscCall(PetscFree(part));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_correlation(HoleIndex n, const char metric[])
{
  const HoleIndex drawn = PetscMin(n, HOLE_COPHENETIC_POINTS);
  HoleTree        tree;
  HoleIndex       n_pairs;
  double          value[3], all;

  PetscFunctionBegin;
  PetscCall(correlate(PETSC_COMM_SELF, n, metric, PETSC_FALSE, &tree, &n_pairs, &value[2]));
  PetscCall(HoleTreeDestroy(&tree));
  for (int stored = 0; stored < 2; ++stored) {
    PetscCall(
        correlate(PETSC_COMM_WORLD, n, metric, stored ? PETSC_TRUE : PETSC_FALSE, &tree, &n_pairs, &value[stored]));
    TEST_CHECK(n_pairs == drawn * (drawn - 1) / 2, "%d pairs of %d points", (int)n_pairs, (int)n);
    TEST_CHECK(!memcmp(&value[stored], &value[2], sizeof(value[2])), "%d points by %s, stored %d: %.17g, alone %.17g",
               (int)n, metric, stored, value[stored], value[2]);
    if (!stored) PetscCall(HoleTreeDestroy(&tree));
  }
  if (!strcmp(metric, "euclidean")) {
    PetscCall(correlate_all(tree, &all));
    TEST_CHECK(fabs(value[0] - all) < (drawn == n ? 1e-9 : 0.02), "%d points: %.17g, all pairs %.17g", (int)n, value[0],
               all);
  }
  PetscCall(HoleTreeDestroy(&tree));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Nothing to correlate, or nothing that varies. */
static PetscErrorCode check_undefined(void)
{
  HoleTree  tree;
  HoleIndex n_pairs;
  double    value;

  PetscFunctionBegin;
  for (HoleIndex n = 1; n <= 2; ++n) {
    PetscCall(correlate(PETSC_COMM_WORLD, n, "euclidean", PETSC_FALSE, &tree, &n_pairs, &value));
    TEST_CHECK(n_pairs == n - 1 && isnan(value), "Correlation of %d points", (int)n);
    PetscCall(HoleTreeDestroy(&tree));
  }
  PetscCall(correlate(PETSC_COMM_WORLD, 40, "geodesic", PETSC_FALSE, &tree, &n_pairs, &value));
  TEST_CHECK(!n_pairs && isnan(value), "Geodesic distances that are not stored");
  PetscCall(HoleTreeDestroy(&tree));
  PetscCall(correlate(PETSC_COMM_WORLD, 40, "geodesic", PETSC_TRUE, &tree, &n_pairs, &value));
  TEST_CHECK(n_pairs == 780 && value > 0 && value <= 1, "Geodesic distances that are stored");
  PetscCall(HoleTreeDestroy(&tree));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  PetscFunctionBeginUser;
  PetscCall(PetscInitialize(&argc, &argv, NULL, NULL));
  PetscCall(check_parts());
  PetscCall(check_open_cut());
  PetscCall(check_minority());
  PetscCall(check_small());
  PetscCall(check_correlation(3, "euclidean"));
  PetscCall(check_correlation(60, "euclidean"));
  PetscCall(check_correlation(60, "cosine"));
  PetscCall(check_correlation(60, "density_euclidean"));
  PetscCall(check_correlation(1300, "euclidean"));
  PetscCall(check_undefined());
  PetscCall(PetscFinalize());
  return 0;
}
