/* Views by the library alone: distances that are infinite, which no input of the program has, a spectral layout in a program that does
   not use SLEPc itself, summaries of diagrams that are empty. Integration tests look at the numbers. */
#include "testing.h"

#include <hole/hole_pass.h>
#include <hole/hole_summaries.h>
#include <hole/hole_views.h>
#include <math.h>

enum { N = 23, FIRST_PART = 9 };

/* Two parts of points on a line that nothing joins, if they are `apart`. */
static double length_of(HoleIndex i, HoleIndex j, PetscBool apart)
{
  const double x = (double)(7 * i % N), y = (double)(7 * j % N);

  return apart && (i < FIRST_PART) != (j < FIRST_PART) ? INFINITY : fabs(x - y);
}

static PetscErrorCode fill(HoleIndex i, HoleIndex n, double row[], void *ctx)
{
  PetscFunctionBegin;
  for (HoleIndex j = 0; j < n; ++j) row[j] = length_of(i, j, *(PetscBool *)ctx);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode make_tree(PetscBool apart, HoleDistances *d, HoleTree *tree)
{
  HolePass pass;

  PetscFunctionBegin;
  PetscCall(HoleDistancesCreateFromRows(PETSC_COMM_WORLD, N, fill, &apart, d));
  PetscCall(HolePassCreate(*d, &pass));
  PetscCall(HolePassWantTree(pass));
  PetscCall(HolePassRun(pass));
  PetscCall(HolePassGetTree(pass, tree));
  PetscCall(HolePassDestroy(&pass));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_permutation(const HoleIndex order[])
{
  PetscBool met[N] = {PETSC_FALSE};

  PetscFunctionBegin;
  TEST_CHECK(order, "An order is missing");
  for (HoleIndex p = 0; p < N; ++p) {
    TEST_CHECK(order[p] >= 0 && order[p] < N && !met[order[p]], "Place %d holds %d", (int)p, (int)order[p]);
    met[order[p]] = PETSC_TRUE;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_views(PetscBool apart)
{
  const HoleViewsOptions options = {
      .leaf_order = PETSC_TRUE, .rcm = PETSC_TRUE, .heatmap = PETSC_TRUE, .spectral2 = PETSC_TRUE};
  HoleDistances d;
  HoleTree      tree;
  HoleViews    *v;
  HoleIndex     n_changes = 0;
  uint64_t      digest    = 0;

  PetscFunctionBegin;
  PetscCall(make_tree(apart, &d, &tree));
  PetscCall(HoleViewsCreate(N, &v));
  PetscCall(HoleViewsLookAtDistances(PETSC_COMM_WORLD, &options, tree, d, NULL, 0, v));
  PetscCall(check_permutation(v->leaf_order));
  PetscCall(check_permutation(v->rcm_order));
  for (HoleIndex p = 1; p < N; ++p) n_changes += (v->leaf_order[p] < FIRST_PART) != (v->leaf_order[p - 1] < FIRST_PART);
  TEST_CHECK(!apart || n_changes == 1, "The parts change %d times in the leaf order", (int)n_changes);
  TEST_CHECK(v->leaf_optimal == !apart && !v->heatmap == apart && !v->spectral2 == apart, "What is left out: '%s'",
             v->left_out);
  TEST_CHECK(!strstr(v->left_out, "heatmap") == !apart && !strstr(v->left_out, "spectral2") == !apart, "Left out: '%s'",
             v->left_out);
  TEST_CHECK(apart || v->leaf_cost == N - 1, "The points of a line from one end to the other cost %g", v->leaf_cost);
  for (HoleIndex b = 0; !apart && b < v->n_blocks; ++b) {
    TEST_CHECK(v->heatmap_class[b] == -1, "Block %d has a class", (int)b);
    for (HoleIndex a = 0; a < v->n_blocks; ++a)
      TEST_CHECK(v->heatmap[a * N + b] == (float)length_of(v->leaf_order[a], v->leaf_order[b], apart),
                 "Heatmap (%d, %d) is %g", (int)a, (int)b, (double)v->heatmap[a * N + b]);
  }
  test_digest(&digest, v->leaf_order, sizeof(HoleIndex) * N);
  test_digest(&digest, v->rcm_order, sizeof(HoleIndex) * N);
  if (v->spectral2) test_digest(&digest, v->spectral2, sizeof(double) * 2 * N);
  PetscCall(test_equal_on_ranks(digest));
  PetscCall(HoleViewsDestroy(&v));
  PetscCall(HoleTreeDestroy(&tree));
  PetscCall(HoleDistancesDestroy(&d));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* No layers, a layer without intervals, and one with an interval that does not end. */
static PetscErrorCode check_summaries(void)
{
  const HoleInterval essential = {.birth = 1, .death = INFINITY}, plain = {.birth = 1, .death = 3};
  HoleInterval       both[2] = {essential, plain};
  HoleSummaries      s;
  HoleSummaryTables *t;
  HoleDiagram        diagram;

  PetscFunctionBegin;
  PetscCall(HoleSummariesCreate(1, &s));
  PetscCall(HoleSummariesGetTables(s, &t));
  TEST_CHECK(t->n_layers == 0 && t->n_dims == 2 && t->grid[HOLE_SUMMARY_GRID - 1] == 1, "Tables of nothing");
  PetscCall(HoleSummaryTablesDestroy(&t));

  PetscCall(HoleDiagramCreate(1, &diagram));
  PetscCall(HoleSummariesAddLayer(s, diagram, INFINITY));
  PetscCall(HoleDiagramSetIntervals(diagram, PETSC_COMM_SELF, 1, 2, both, 0));
  PetscCall(HoleSummariesAddLayer(s, diagram, 2));
  PetscCall(HoleDiagramDestroy(&diagram));
  PetscCall(HoleDiagramCreate(0, &diagram));
  TEST_FAILS(PETSC_ERR_ARG_SIZ, HoleSummariesAddLayer(s, diagram, 1));
  PetscCall(HoleDiagramDestroy(&diagram));
  PetscCall(HoleSummariesGetTables(s, &t));
  TEST_CHECK(t->n_layers == 2 && t->grid[HOLE_SUMMARY_GRID - 1] == 3, "The grid ends at %g", t->grid[255]);
  TEST_CHECK(t->statistics[0].count == 0 && t->statistics[0].entropy == 0, "Statistics of nothing");
  TEST_CHECK(t->statistics[3].count == 1 && t->statistics[3].essential == 1 && t->statistics[3].total == 2,
             "One interval ends, one does not");
  for (HoleIndex g = 0; g < HOLE_SUMMARY_GRID; ++g) { /* of dimension 1 of the second layer */
    const double  x    = t->grid[g];
    const int64_t want = (x >= 1 && x < 3) + (x >= 1 && x <= 2);

    TEST_CHECK(t->betti[3 * HOLE_SUMMARY_GRID + g] == want, "Betti number at %g: %d, expected %d", x,
               (int)t->betti[3 * HOLE_SUMMARY_GRID + g], (int)want);
  }
  PetscCall(HoleSummaryTablesDestroy(&t));
  PetscCall(HoleSummariesDestroy(&s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* One cluster of 20 points: the corners of a square, and others on its sides and inside; one class has a tenth of them, or less. */
static PetscErrorCode check_blobs(void)
{
  double       threshold    = 1;
  int64_t      n_clusters   = 1;
  char         name[1][64]  = {"t_star"};
  int32_t      clusters[20] = {0}, labels[20] = {0};
  HoleStages   stages    = {20, 1, 1, 0, &threshold, name, &n_clusters, clusters};
  const double corners[] = {0, 0, 2, 0, 2, 2, 0, 2};
  HoleViews   *v;

  PetscFunctionBegin;
  for (HoleIndex rare = 1; rare <= 2; ++rare) {
    labels[4]  = 1;
    labels[11] = rare > 1;
    labels[7]  = rare > 1 ? 0 : -1; /* 1 of 19, 2 of 20 */
    PetscCall(HoleViewsCreate(20, &v));
    PetscCall(PetscMalloc1(40, &v->pca2));
    for (HoleIndex i = 0; i < 20; ++i) {
      v->pca2[2 * i]     = (double)(i % 3);
      v->pca2[2 * i + 1] = (double)(i / 3 % 3);
    }
    PetscCall(HoleViewsFindBlobs(&stages, labels, 2, v));
    TEST_CHECK(v->n_hulls == 1 && v->hulls[0].size == 20 && v->hulls[0].count == 4 && v->n_vertices == 4,
               "%d hulls, %d vertices", (int)v->n_hulls, (int)v->n_vertices);
    for (HoleIndex e = 0; e < 8; ++e) TEST_CHECK(v->vertices[e] == corners[e], "Vertex %d", (int)(e / 2));
    TEST_CHECK(v->n_minority == (rare == 1) && (rare > 1 || v->minority[0].point == 4), "%d of a minority of %d",
               (int)v->n_minority, (int)rare);
    PetscCall(HoleViewsDestroy(&v));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  PetscFunctionBeginUser;
  PetscCall(PetscInitialize(&argc, &argv, NULL, NULL));
  PetscCall(check_views(PETSC_FALSE));
  PetscCall(check_views(PETSC_TRUE));
  PetscCall(check_blobs());
  PetscCall(check_summaries());
  PetscCall(PetscFinalize());
  return 0;
}
