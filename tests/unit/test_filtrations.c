/* The edges of each type of filtration are those of its definition, by brute force on the whole matrix; threshold, cutoff, tree and
   forest follow from them. On each of them the distributed algorithm gives what the textbook one gives. */
#include "../../src/filtration/greedy.h"
#include "matrices.h"
#include "outcomes.h"

#include <float.h>
#include <hole/hole_homology.h>
#include <stdlib.h>

enum { MOST = 40 };

/* A matrix with all its values on every rank. Of kind HOLED it is one in which some pairs are infinitely far apart. */
struct whole {
  struct test_matrix matrix;
  PetscBool          holed;
  HoleIndex          n;
  double             length[MOST][MOST];
};

static double expected[MOST][MOST]; /* lengths of the edges of a filtration; infinite: no edge */

static PetscErrorCode whole_row(HoleIndex i, HoleIndex n, double row[], void *ctx)
{
  struct whole *w = ctx;

  PetscFunctionBegin;
  PetscCall(test_matrix_row(i, n, row, &w->matrix));
  for (HoleIndex j = 0; j < n && w->holed; ++j) {
    if ((i < n / 3) != (j < n / 3) || (i != j && (i == n - 1 || j == n - 1))) row[j] = INFINITY;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create_whole(struct test_matrix matrix, PetscBool holed, HoleIndex n, struct whole *w,
                                   HoleDistances *d)
{
  PetscFunctionBegin;
  w->matrix = matrix;
  w->holed  = holed;
  w->n      = n;
  for (HoleIndex i = 0; i < n; ++i) PetscCall(whole_row(i, n, w->length[i], w));
  PetscCall(HoleDistancesCreateFromRows(PETSC_COMM_WORLD, n, whole_row, w, d));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* --- What is expected, from the definitions */

static int ascending(const void *a, const void *b)
{
  const double *x = a, *y = b;

  return *x < *y ? -1 : *x > *y;
}

/* Is j among the k nearest others of i? So many precede it by (length, number). */
static PetscBool is_near(const struct whole *w, HoleIndex i, HoleIndex j, HoleIndex k)
{
  HoleIndex before = 0;

  for (HoleIndex other = 0; other < w->n; ++other) {
    if (other == i || other == j) continue;
    before += w->length[i][other] < w->length[i][j] || (w->length[i][other] == w->length[i][j] && other < j);
  }
  return (PetscBool)(before < k);
}

static void expect_knn(const struct whole *w, HoleIndex k)
{
  for (HoleIndex i = 0; i < w->n; ++i) {
    for (HoleIndex j = 0; j < w->n; ++j)
      expected[i][j] = i == j || is_near(w, i, j, k) || is_near(w, j, i, k) ? w->length[i][j] : INFINITY;
  }
}

/* Insertion radii by the definition: each round looks at all points and all chosen ones. */
static void find_radii(const struct whole *w, double radius[])
{
  PetscBool chosen[MOST] = {PETSC_FALSE};

  for (HoleIndex m = 0; m < w->n; ++m) {
    HoleIndex best = -1;
    double    far  = 0;

    for (HoleIndex i = 0; i < w->n; ++i) {
      double least = INFINITY;

      if (chosen[i]) continue;
      for (HoleIndex j = 0; j < w->n; ++j) least = chosen[j] ? PetscMin(least, w->length[i][j]) : least;
      if (best >= 0 && least <= far) continue;
      best = i;
      far  = least;
    }
    chosen[best] = PETSC_TRUE;
    radius[best] = far;
  }
}

static void expect_sparse(const struct whole *w, double e)
{
  double radius[MOST];

  find_radii(w, radius);
  for (HoleIndex i = 0; i < w->n; ++i) {
    for (HoleIndex j = 0; j < w->n; ++j) {
      const double larger = PetscMax(radius[i], radius[j]), smaller = PetscMin(radius[i], radius[j]);
      const double stop_i = larger * (1 + e) / e, stop_j = smaller * (1 + e) / e, d = w->length[i][j];

      expected[i][j] = INFINITY;
      if (d == INFINITY) continue;
      if (i == j || d <= 2 * stop_j) expected[i][j] = d;
      else if (d - stop_j <= stop_i && d - stop_j <= stop_j * (1 + e)) expected[i][j] = 2 * (d - stop_j);
    }
  }
}

static double expected_radius(HoleIndex n)
{
  double radius = INFINITY;

  for (HoleIndex i = 0; i < n; ++i) {
    double most = 0;

    for (HoleIndex j = 0; j < n; ++j) most = PetscMax(most, expected[i][j]);
    radius = PetscMin(radius, most);
  }
  return radius;
}

/* The number behind a rule; edges beyond it go. */
static double expected_threshold(const struct whole *w, const char rule[])
{
  double    pairs[MOST * MOST], t;
  HoleIndex n_pairs = 0, place;

  for (HoleIndex i = 0; i < w->n; ++i) {
    for (HoleIndex j = i + 1; j < w->n; ++j) pairs[n_pairs++] = w->length[i][j];
  }
  qsort(pairs, (size_t)n_pairs, sizeof(*pairs), ascending);
  if (!strcmp(rule, "enclosing")) t = expected_radius(w->n);
  else if (!strncmp(rule, "quantile:", 9)) {
    place = (HoleIndex)ceil(strtod(rule + 9, NULL) * (double)n_pairs) - 1;
    t     = n_pairs ? pairs[PetscMax(0, place)] : 0;
  } else t = strtod(rule, NULL);
  for (HoleIndex i = 0; i < w->n; ++i) {
    for (HoleIndex j = 0; j < w->n; ++j) expected[i][j] = expected[i][j] <= t ? expected[i][j] : INFINITY;
  }
  return t;
}

/* Kruskal's algorithm with sets that are relabelled one by one. */
static PetscErrorCode check_tree(HoleTree tree, HoleIndex n, double length[MOST][MOST], const char label[])
{
  HoleEdge  pairs[MOST * MOST];
  HoleIndex set[MOST], n_pairs = 0, n_kept = 0;

  PetscFunctionBegin;
  for (HoleIndex i = 0; i < n; ++i) {
    set[i] = i;
    for (HoleIndex j = i + 1; j < n; ++j) pairs[n_pairs++] = (HoleEdge){length[i][j], i, j};
  }
  qsort(pairs, (size_t)n_pairs, sizeof(*pairs), HoleEdgeCompare);
  for (HoleIndex e = 0; e < n_pairs; ++e) {
    const HoleIndex a = set[pairs[e].i], b = set[pairs[e].j];

    if (a == b) continue;
    TEST_CHECK(!HoleEdgeCompare(&HoleTreeGetEdges(tree)[n_kept], &pairs[e]), "%s: edge %d is wrong", label,
               (int)n_kept);
    ++n_kept;
    for (HoleIndex v = 0; v < n; ++v) set[v] = set[v] == b ? a : set[v];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* --- What a filtration says */

static PetscErrorCode check_graph(HoleFiltration f, HoleIndex n, const char label[])
{
  Mat      graph;
  PetscInt first, end;

  PetscFunctionBegin;
  PetscCall(HoleFiltrationGetGraph(f, &graph));
  PetscCall(MatGetOwnershipRange(graph, &first, &end));
  for (PetscInt i = first; i < end; ++i) {
    PetscInt           n_entries, e = 0;
    const PetscInt    *columns;
    const PetscScalar *lengths;

    PetscCall(MatGetRow(graph, i, &n_entries, &columns, &lengths));
    for (HoleIndex j = 0; j < n; ++j) {
      if (i == j || expected[i][j] == INFINITY) continue;
      TEST_CHECK(e < n_entries && columns[e] == j && lengths[e] == expected[i][j],
                 "%s: edge (%d, %d) should have length %.17g", label, (int)i, (int)j, expected[i][j]);
      ++e;
    }
    TEST_CHECK(e == n_entries, "%s: point %d has %d edges, expected %d", label, (int)i, (int)n_entries, (int)e);
    PetscCall(MatRestoreRow(graph, i, &n_entries, &columns, &lengths));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_weights(HoleFiltration f, HoleIndex n, const char label[])
{
  HoleDistances weights;
  HoleIndex     first, n_local;

  PetscFunctionBegin;
  PetscCall(HoleFiltrationGetWeights(f, &weights));
  PetscCall(HoleDistancesGetShape(weights, NULL, NULL, &first, &n_local));
  for (HoleIndex i = 0; i < n_local; ++i) {
    for (HoleIndex j = 0; j < n; ++j)
      TEST_CHECK(HoleDistancesReadRow(weights, i, NULL)[j] == expected[first + i][j], "%s: weight (%d, %d)", label,
                 (int)(first + i), (int)j);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode solve(HoleFiltration f, const char type[], PetscInt n_windows, struct test_outcome *o)
{
  HoleHomology h;

  PetscFunctionBegin;
  PetscCall(HoleHomologyCreate(f, &h));
  PetscCall(HoleHomologySetType(h, type));
  PetscCall(HoleHomologySetWindows(h, n_windows));
  PetscCall(HoleHomologySolve(h, &o->tree, &o->diagram));
  PetscCall(HoleHomologyDestroy(&h));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The textbook algorithm lists no simplex with an edge that does not exist; it knows nothing of lunes or windows. */
static PetscErrorCode check_homology(HoleFiltration f, const char label[])
{
  const PetscInt      windows[] = {0, 5};
  struct test_outcome want, got;

  PetscFunctionBegin;
  PetscCall(solve(f, HOLE_HOMOLOGY_STANDARD, 0, &want));
  for (int w = 0; w < 2; ++w) {
    PetscCall(solve(f, HOLE_HOMOLOGY_WINDOWS, windows[w], &got));
    PetscCall(test_outcome_compare(&got, &want, label));
    PetscCall(test_outcome_destroy(&got));
  }
  PetscCall(test_outcome_destroy(&want));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* `expected` has the edges without a threshold; `tree` the lengths whose tree is wanted. */
static PetscErrorCode check_filtration(HoleFiltration f, const struct whole *w, const char rule[],
                                       double tree[MOST][MOST], const char label[])
{
  double threshold, longest = 0;

  PetscFunctionBegin;
  PetscCall(HoleFiltrationSetThreshold(f, rule));
  PetscCall(HoleFiltrationSetUp(f));
  PetscCall(check_tree(HoleFiltrationGetTree(f), w->n, tree, label));
  threshold = expected_threshold(w, rule);
  for (HoleIndex i = 0; i < w->n; ++i) {
    for (HoleIndex j = 0; j < w->n; ++j)
      longest = expected[i][j] < INFINITY ? PetscMax(longest, expected[i][j]) : longest;
  }
  TEST_CHECK(HoleFiltrationGetThreshold(f) == threshold, "%s: threshold %g, expected %g", label,
             HoleFiltrationGetThreshold(f), threshold);
  TEST_CHECK(HoleFiltrationGetCutoff(f) >= PetscMin(longest, expected_radius(w->n)) && /* nothing is lost */
                 HoleFiltrationGetCutoff(f) <= PetscMin(threshold, DBL_MAX),
             "%s: cutoff %g, longest %g", label, HoleFiltrationGetCutoff(f), longest);
  PetscCall(check_graph(f, w->n, label));
  if (HoleFiltrationGetForest(f) != HoleFiltrationGetTree(f)) {
    PetscCall(check_tree(HoleFiltrationGetForest(f), w->n, expected, label));
    PetscCall(check_weights(f, w->n, label));
  }
  PetscCall(check_homology(f, label));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const char *const rules[] = {"enclosing", "inf", "quantile:0.3", "0.5", "0"};

static PetscErrorCode check_knn(struct whole *w, HoleDistances d, HoleIndex k, const char rule[])
{
  HoleFiltration f;
  char           label[128];

  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(label, sizeof(label), "knn %d, kind %d, seed %d, holed %d, n %d, threshold %s", (int)k,
                          (int)w->matrix.kind, (int)w->matrix.seed, (int)w->holed, (int)w->n, rule));
  expect_knn(w, k);
  PetscCall(HoleFiltrationCreate(d, &f));
  PetscCall(HoleFiltrationSetType(f, HOLE_FILTRATION_KNN));
  PetscCall(HoleFiltrationSetNeighbors(f, k));
  PetscCall(check_filtration(f, w, rule, w->length, label));
  PetscCall(HoleFiltrationDestroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_sparse(struct whole *w, HoleDistances d, double epsilon, const char rule[])
{
  HoleFiltration f;
  char           label[128];

  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(label, sizeof(label), "sparse %g, kind %d, seed %d, holed %d, n %d, threshold %s", epsilon,
                          (int)w->matrix.kind, (int)w->matrix.seed, (int)w->holed, (int)w->n, rule));
  expect_sparse(w, epsilon);
  PetscCall(HoleFiltrationCreate(d, &f));
  PetscCall(HoleFiltrationSetType(f, HOLE_FILTRATION_SPARSE));
  PetscCall(HoleFiltrationSetEpsilon(f, epsilon));
  PetscCall(check_filtration(f, w, rule, w->length, label));
  PetscCall(HoleFiltrationDestroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_rips(struct whole *w, HoleDistances d, const char rule[])
{
  HoleFiltration f;
  char           label[128];

  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(label, sizeof(label), "rips, kind %d, seed %d, holed %d, n %d, threshold %s",
                          (int)w->matrix.kind, (int)w->matrix.seed, (int)w->holed, (int)w->n, rule));
  memcpy(expected, w->length, sizeof(expected));
  PetscCall(HoleFiltrationCreate(d, &f));
  PetscCall(check_filtration(f, w, rule, w->length, label));
  PetscCall(HoleFiltrationDestroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The graph of one filtration, taken as all that is known: the tree is its own then. */
static PetscErrorCode check_given(struct whole *w, HoleDistances d, HoleIndex k, const char rule[])
{
  HoleFiltration knn, f;
  Mat            graph;
  double         tree[MOST][MOST];
  char           label[128];

  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(label, sizeof(label), "given %d, kind %d, seed %d, n %d, threshold %s", (int)k,
                          (int)w->matrix.kind, (int)w->matrix.seed, (int)w->n, rule));
  PetscCall(HoleFiltrationCreate(d, &knn));
  PetscCall(HoleFiltrationSetType(knn, HOLE_FILTRATION_KNN));
  PetscCall(HoleFiltrationSetNeighbors(knn, k));
  PetscCall(HoleFiltrationSetThreshold(knn, "inf"));
  PetscCall(HoleFiltrationSetUp(knn));
  PetscCall(HoleFiltrationGetGraph(knn, &graph));
  PetscCall(HoleFiltrationCreateFromGraph(graph, &f));
  PetscCall(HoleFiltrationDestroy(&knn)); /* the new one has a reference to the graph */
  expect_knn(w, k);
  memcpy(tree, expected, sizeof(tree));
  if (strncmp(rule, "quantile", 8)) PetscCall(check_filtration(f, w, rule, tree, label));
  else {
    PetscCall(HoleFiltrationSetThreshold(f, rule));
    TEST_FAILS(HOLE_ERR_USAGE, HoleFiltrationSetUp(f));
    PetscCall(HoleFiltrationSetThreshold(f, "inf"));
    PetscCall(HoleFiltrationSetType(f, HOLE_FILTRATION_SPARSE));
    TEST_FAILS(HOLE_ERR_USAGE, HoleFiltrationSetUp(f));
  }
  PetscCall(HoleFiltrationDestroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_matrix(struct test_matrix matrix, PetscBool holed, HoleIndex n, HoleIndex k, double epsilon,
                                   const char rule[])
{
  static struct whole w;
  HoleDistances       d;

  PetscFunctionBegin;
  PetscCall(create_whole(matrix, holed, n, &w, &d));
  PetscCall(check_knn(&w, d, k, rule));
  PetscCall(check_sparse(&w, d, epsilon, rule));
  PetscCall(check_rips(&w, d, rule));
  PetscCall(check_given(&w, d, k, rule));
  PetscCall(HoleDistancesDestroy(&d));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* --- From points */

static PetscErrorCode create_points(const char metric[], HoleIndex n, HoleIndex width, HoleDistances *d)
{
  HoleActivations acts;
  HoleMetric      m;
  HoleIndex       first, n_local;
  double         *rows;

  PetscFunctionBegin;
  PetscCall(HoleActivationsCreate(PETSC_COMM_WORLD, "layer", n, width, &acts));
  PetscCall(HoleActivationsGetShape(acts, NULL, NULL, &first, &n_local));
  PetscCall(HoleActivationsGetRows(acts, &rows));
  for (HoleIndex i = 0; i < n_local * width; ++i)
    rows[i] = hole_random_uniform(3, (uint64_t)((first + i / width) % 29 * 64 + i % width)) + 0.1; /* some copies */
  PetscCall(HoleMetricFind(metric, &m));
  PetscCall(HoleDistancesCreate(acts, m, d));
  PetscCall(HoleActivationsDestroy(&acts));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Insertion radii from points, which travel, and from stored rows, which do not, are equal, and those of the definition. */
static PetscErrorCode check_radii(HoleIndex n, HoleIndex width)
{
  static struct whole w;
  HoleDistances       d;
  HoleIndex           stride, first, n_local;
  double              from_points[MOST], from_rows[MOST], wanted[MOST], row[MOST];

  PetscFunctionBegin;
  PetscCall(create_points(HOLE_METRIC_EUCLIDEAN, n, width, &d));
  PetscCall(hole_greedy_radii(d, from_points));
  PetscCall(HoleDistancesStore(d));
  PetscCall(hole_greedy_radii(d, from_rows));
  PetscCall(HoleDistancesGetShape(d, NULL, &stride, &first, &n_local));
  w.n = n;
  for (HoleIndex i = 0; i < n; ++i) {
    for (HoleIndex j = 0; j < n; ++j)
      row[j] = i >= first && i < first + n_local ? HoleDistancesReadRow(d, i - first, NULL)[j] : -1;
    PetscCallMPI(MPI_Allreduce(row, w.length[i], (PetscMPIInt)n, MPI_DOUBLE, MPI_MAX, PETSC_COMM_WORLD));
  }
  find_radii(&w, wanted);
  for (HoleIndex i = 0; i < n; ++i)
    TEST_CHECK(from_points[i] == wanted[i] && from_rows[i] == wanted[i],
               "n %d, width %d: radius of point %d is %g from points, %g from rows; expected %g", (int)n, (int)width,
               (int)i, from_points[i], from_rows[i], wanted[i]);
  PetscCall(HoleDistancesDestroy(&d));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_triangle(void)
{
  HoleDistances  d;
  HoleFiltration f;

  PetscFunctionBegin;
  PetscCall(create_points(HOLE_METRIC_COSINE, 12, 3, &d));
  PetscCall(HoleFiltrationCreate(d, &f));
  PetscCall(HoleFiltrationSetType(f, HOLE_FILTRATION_SPARSE));
  TEST_FAILS(HOLE_ERR_USAGE, HoleFiltrationSetUp(f));
  PetscCall(HoleFiltrationDestroy(&f));
  PetscCall(HoleDistancesDestroy(&d));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Dimension 0 needs no matrix, of whatever type the filtration is. */
static PetscErrorCode check_nothing_stored(const char type[])
{
  HoleDistances       d;
  HoleFiltration      f;
  struct test_outcome o;

  PetscFunctionBegin;
  PetscCall(create_points(HOLE_METRIC_EUCLIDEAN, 50, 4, &d));
  PetscCall(HoleFiltrationCreate(d, &f));
  PetscCall(HoleFiltrationSetType(f, type));
  PetscCall(HoleFiltrationSetMaxDim(f, 0));
  PetscCall(HoleFiltrationSetUp(f));
  PetscCall(solve(f, HOLE_HOMOLOGY_WINDOWS, 0, &o));
  TEST_CHECK(!HoleDistancesIsStored(d), "%s: distances were stored", type);
  PetscCall(test_outcome_destroy(&o));
  PetscCall(HoleFiltrationDestroy(&f));
  PetscCall(HoleDistancesDestroy(&d));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_usage(void)
{
  HoleFiltration f;

  PetscFunctionBegin;
  PetscCall(HoleFiltrationCreate(NULL, &f));
  TEST_FAILS(HOLE_ERR_USAGE, HoleFiltrationSetType(f, "nearest"));
  TEST_CHECK(!strcmp(HoleFiltrationGetType(f), HOLE_FILTRATION_RIPS), "The type has changed");
  TEST_FAILS(HOLE_ERR_USAGE, HoleFiltrationSetNeighbors(f, 0));
  TEST_FAILS(HOLE_ERR_USAGE, HoleFiltrationSetEpsilon(f, 0));
  TEST_FAILS(HOLE_ERR_USAGE, HoleFiltrationSetEpsilon(f, NAN));
  PetscCall(PetscOptionsSetValue(NULL, "-neighbors", "3"));
  TEST_FAILS(HOLE_ERR_USAGE, HoleFiltrationSetFromOptions(f));
  PetscCall(PetscOptionsSetValue(NULL, "-filtration", "knn"));
  PetscCall(HoleFiltrationSetFromOptions(f));
  TEST_CHECK(HoleFiltrationGetNeighbors(f) == 3, "%d neighbours", (int)HoleFiltrationGetNeighbors(f));
  PetscCall(PetscOptionsSetValue(NULL, "-epsilon", "0.25"));
  TEST_FAILS(HOLE_ERR_USAGE, HoleFiltrationSetFromOptions(f));
  PetscCall(PetscOptionsClearValue(NULL, "-neighbors"));
  PetscCall(PetscOptionsSetValue(NULL, "-filtration", "sparse"));
  PetscCall(HoleFiltrationSetFromOptions(f));
  TEST_CHECK(HoleFiltrationGetEpsilon(f) == 0.25, "epsilon %g", HoleFiltrationGetEpsilon(f));
  PetscCall(PetscOptionsClearValue(NULL, "-epsilon"));
  PetscCall(PetscOptionsClearValue(NULL, "-filtration"));
  PetscCall(HoleFiltrationDestroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode set_up(const char type[])
{
  HoleDistances  d;
  HoleFiltration f;
  PetscErrorCode done;

  PetscFunctionBegin;
  PetscCall(create_points(HOLE_METRIC_EUCLIDEAN, 30, 4, &d));
  PetscCall(HoleFiltrationCreate(d, &f));
  PetscCall(HoleFiltrationSetType(f, type));
  done = HoleFiltrationSetUp(f);
  PetscCall(HoleFiltrationDestroy(&f));
  PetscCall(HoleDistancesDestroy(&d));
  PetscCall(done);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_faults(void)
{
  const char *const points[][2] = {
      {"knn_edges", HOLE_FILTRATION_KNN},          {"graph_exchange", HOLE_FILTRATION_KNN},
      {"graph_forest", HOLE_FILTRATION_KNN},       {"sparse_allocate", HOLE_FILTRATION_SPARSE},
      {"greedy_allocate", HOLE_FILTRATION_SPARSE}, {"sparse_edges", HOLE_FILTRATION_SPARSE},
      {"graph_matrix", HOLE_FILTRATION_SPARSE}};
  PetscMPIInt size;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &size));
  for (PetscMPIInt r = 0; r < size; ++r) {
    for (int p = 0; p < 7; ++p) TEST_FAULT(points[p][0], r, set_up(points[p][1]));
  }
  PetscCall(set_up(HOLE_FILTRATION_SPARSE)); /* and all is well again */
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  const HoleIndex    neighbours[] = {1, 2, 3, 5, 100};
  const double       epsilons[]   = {0.1, 0.5, 1, 3, 20};
  struct test_random r            = {1, 0};

  PetscFunctionBeginUser;
  PetscCall(PetscInitialize(&argc, &argv, NULL, NULL));
  for (int kind = 0; kind < TEST_N_KINDS; ++kind) {
    for (HoleIndex n = 1; n <= 4; ++n)
      PetscCall(check_matrix((struct test_matrix){kind, (uint64_t)n}, PETSC_FALSE, n, 1 + n % 2, 0.5, "enclosing"));
    for (int t = 0; t < 5; ++t)
      PetscCall(check_matrix((struct test_matrix){kind, (uint64_t)(100 * kind + t)}, PETSC_FALSE,
                             10 + test_random_below(&r, 25), neighbours[(kind + t) % 5], epsilons[(2 * kind + t) % 5],
                             rules[t]));
    PetscCall(check_matrix((struct test_matrix){kind, (uint64_t)(200 + kind)}, PETSC_TRUE, 24, 2 + kind,
                           epsilons[kind % 5], rules[kind % 5]));
  }
  for (HoleIndex n = 1; n <= 5; ++n) PetscCall(check_radii(n, 2));
  PetscCall(check_radii(MOST, 1));
  PetscCall(check_radii(MOST, 5));
  PetscCall(check_radii(MOST, 17));
  PetscCall(check_nothing_stored(HOLE_FILTRATION_RIPS));
  PetscCall(check_nothing_stored(HOLE_FILTRATION_KNN));
  PetscCall(check_nothing_stored(HOLE_FILTRATION_SPARSE));
  PetscCall(check_triangle());
  PetscCall(check_usage());
#if defined(HOLE_ENABLE_FAULTS)
  PetscCall(check_faults());
#else
  (void)check_faults;
#endif
  PetscCall(PetscFinalize());
  return 0;
}
