/* One pass over all pairs finds what a plain look at the whole matrix finds, bit for bit: merge tree, nearest neighbours, short
   edges, enclosing radius, quantile; for any number of ranks, tiles of any size, stored rows or none, lengths in double precision or
   rounded to single, where many tie. */
#include "clouds.h"

#include <hole/hole_pass.h>
#include <stdlib.h>

/* Everything that a pass can be asked for; the last two look at whole tiles, not at candidates. */
struct answers {
  HoleTree  tree;
  HoleIndex k;
  HoleEdge *near; /* [n, k] length, id, id */
  HoleIndex n_edges;
  HoleEdge *edges; /* ascending */
  double    radius, quantile;
};

static PetscErrorCode destroy_answers(struct answers *a)
{
  PetscFunctionBegin;
  PetscCall(HoleTreeDestroy(&a->tree));
  PetscCall(PetscFree(a->near));
  PetscCall(PetscFree(a->edges));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The plain look at the matrix. */
static PetscErrorCode find_plainly(HoleIndex n, const double matrix[], HoleIndex k, double length, double q,
                                   struct answers *a)
{
  const HoleIndex n_pairs = n * (n - 1) / 2;
  HoleEdge       *all, *chosen, *row;
  HoleIndex       e = 0, n_chosen = 0, *parent;

  PetscFunctionBegin;
  a->k = PetscMin(k, n - 1);
  PetscCall(PetscMalloc4(n_pairs, &all, n, &chosen, n, &row, n, &parent));
  PetscCall(PetscMalloc1(n * a->k, &a->near));
  PetscCall(PetscMalloc1(n_pairs + 1, &a->edges));
  a->radius = n > 1 ? INFINITY : 0;
  for (HoleIndex i = 0; i < n; ++i) {
    HoleIndex m    = 0;
    double    most = 0;

    for (HoleIndex j = 0; j < n; ++j) {
      most = PetscMax(most, matrix[i * n + j]);
      if (j != i) row[m++] = (HoleEdge){matrix[i * n + j], j, j};
      if (j > i) all[e++] = (HoleEdge){matrix[i * n + j], i, j};
    }
    a->radius = PetscMin(a->radius, most);
    if (m > 1) qsort(row, (size_t)m, sizeof(*row), HoleEdgeCompare);
    PetscCall(PetscArraycpy(a->near + i * a->k, row, a->k));
    parent[i] = i;
  }
  if (n_pairs > 1) qsort(all, (size_t)n_pairs, sizeof(*all), HoleEdgeCompare);
  for (e = 0; e < n_pairs; ++e) {
    HoleIndex x = all[e].i, y = all[e].j;

    while (parent[x] != x) x = parent[x];
    while (parent[y] != y) y = parent[y];
    parent[x] = y;
    if (x != y) chosen[n_chosen++] = all[e];
    if (all[e].length <= length) a->edges[a->n_edges++] = all[e];
  }
  a->quantile = n_pairs ? all[PetscMax(0, (HoleIndex)ceil(q * (double)n_pairs) - 1)].length : 0;
  PetscCall(HoleTreeCreate(n, chosen, &a->tree));
  PetscCall(PetscFree4(all, chosen, row, parent));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* All edges of all ranks, ascending, on every rank. */
static PetscErrorCode gather_edges(HoleIndex n_local, const HoleEdge local[], HoleIndex *n, HoleEdge **edges)
{
  PetscMPIInt size, mine = (PetscMPIInt)(n_local * (HoleIndex)sizeof(HoleEdge)), *counts, *starts, total = 0;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &size));
  PetscCall(PetscMalloc2(size, &counts, size, &starts));
  PetscCallMPI(MPI_Allgather(&mine, 1, MPI_INT, counts, 1, MPI_INT, PETSC_COMM_WORLD));
  for (PetscMPIInt r = 0; r < size; ++r) {
    starts[r] = total;
    total += counts[r];
  }
  PetscCall(PetscMalloc((size_t)total + 1, edges));
  PetscCallMPI(MPI_Allgatherv(local, mine, MPI_BYTE, *edges, counts, starts, MPI_BYTE, PETSC_COMM_WORLD));
  *n = total / (HoleIndex)sizeof(HoleEdge);
  if (*n > 1) qsort(*edges, (size_t)*n, sizeof(HoleEdge), HoleEdgeCompare);
  PetscCall(PetscFree2(counts, starts));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscBool same_edges(HoleIndex n, const HoleEdge a[], const HoleEdge b[])
{
  for (HoleIndex e = 0; e < n; ++e) {
    if (HoleEdgeCompare(&a[e], &b[e])) return PETSC_FALSE;
  }
  return PETSC_TRUE;
}

static PetscErrorCode check_pass(HoleDistances d, HoleIndex k, double length, double q, PetscBool whole,
                                 const struct answers *want, const char what[])
{
  HolePass         pass;
  HoleTree         tree;
  HoleIndex        n, first, n_local, got_k, n_edges, n_all;
  const HoleIndex *ids;
  const double    *lengths;
  const HoleEdge  *edges;
  HoleEdge        *all;
  double           radius, quantile;

  PetscFunctionBegin;
  PetscCall(HoleDistancesGetShape(d, &n, NULL, &first, &n_local));
  PetscCall(HolePassCreate(d, &pass));
  PetscCall(HolePassWantTree(pass));
  PetscCall(HolePassWantNeighbours(pass, k));
  PetscCall(HolePassWantEdges(pass, length));
  if (whole) PetscCall(HolePassWantEnclosingRadius(pass));
  if (whole) PetscCall(HolePassWantQuantile(pass, q));
  PetscCall(HolePassRun(pass));
  PetscCall(HolePassGetTree(pass, &tree));
  TEST_CHECK(same_edges(n - 1, HoleTreeGetEdges(tree), HoleTreeGetEdges(want->tree)), "%s: another tree", what);
  PetscCall(HolePassGetNeighbours(pass, &got_k, &ids, &lengths));
  TEST_CHECK(got_k == want->k, "%s: %d neighbours, expected %d", what, (int)got_k, (int)want->k);
  for (HoleIndex i = 0; i < n_local * want->k; ++i) {
    const HoleEdge *near = &want->near[first * want->k + i];

    TEST_CHECK(ids[i] == near->i && lengths[i] == near->length,
               "%s: neighbour %d of point %d is %d at %.17g, expected %d at %.17g", what, (int)(i % want->k),
               (int)(first + i / want->k), (int)ids[i], lengths[i], (int)near->i, near->length);
  }
  PetscCall(HolePassGetEdges(pass, &n_edges, &edges));
  PetscCall(gather_edges(n_edges, edges, &n_all, &all));
  TEST_CHECK(n_all == want->n_edges && same_edges(n_all, all, want->edges), "%s: %d edges, expected %d", what,
             (int)n_all, (int)want->n_edges);
  PetscCall(HolePassGetEnclosingRadius(pass, &radius));
  TEST_CHECK(!whole || radius == want->radius, "%s: enclosing radius %.17g, expected %.17g", what, radius,
             want->radius);
  PetscCall(HolePassGetQuantile(pass, &quantile));
  TEST_CHECK(!whole || quantile == want->quantile, "%s: quantile %.17g, expected %.17g", what, quantile,
             want->quantile);
  PetscCall(PetscFree(all));
  PetscCall(HoleTreeDestroy(&tree));
  PetscCall(HolePassDestroy(&pass));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Pairs within the sum of two reaches. */
static PetscErrorCode check_reach(HoleDistances d, HoleIndex n, const double matrix[], uint64_t seed)
{
  HolePass        pass;
  HoleIndex       n_edges, n_all, n_want = 0;
  const HoleEdge *edges;
  HoleEdge       *all;
  double         *reach;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(n, &reach));
  for (HoleIndex i = 0; i < n; ++i) reach[i] = hole_random_uniform(seed, (uint64_t)i) * matrix[i * n + (i + 1) % n];
  PetscCall(HolePassCreate(d, &pass));
  PetscCall(HolePassWantEdgesWithin(pass, reach));
  PetscCall(HolePassRun(pass));
  PetscCall(HolePassGetEdges(pass, &n_edges, &edges));
  PetscCall(gather_edges(n_edges, edges, &n_all, &all));
  for (HoleIndex i = 0; i < n; ++i) {
    for (HoleIndex j = i + 1; j < n; ++j) n_want += matrix[i * n + j] <= reach[i] + reach[j];
  }
  TEST_CHECK(n_all == n_want, "%d edges within reach, expected %d", (int)n_all, (int)n_want);
  for (HoleIndex e = 0; e < n_all; ++e)
    TEST_CHECK(all[e].length == matrix[all[e].i * n + all[e].j] && all[e].length <= reach[all[e].i] + reach[all[e].j],
               "An edge is out of reach");
  PetscCall(PetscFree(all));
  PetscCall(PetscFree(reach));
  PetscCall(HolePassDestroy(&pass));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The stored rows of a cloud are those in double precision, each length rounded; for paths, which are summed in single of links that are
   no less than the least float, nearly. */
static PetscErrorCode check_rounded(const struct cloud *c, const char metric[], const double matrix[])
{
  struct cloud  exact = *c;
  HoleDistances d;
  double       *lengths;
  const double  steps = strcmp(metric, HOLE_METRIC_GEODESIC) ? 0 : (double)c->n;

  PetscFunctionBegin;
  exact.single = PETSC_FALSE;
  PetscCall(PetscMalloc1(c->n * c->n, &lengths));
  PetscCall(cloud_distances(&exact, metric, &d));
  PetscCall(HoleDistancesStore(d));
  PetscCall(cloud_matrix(d, c->n, lengths));
  for (HoleIndex e = 0; e < c->n * c->n; ++e)
    TEST_CHECK(fabs(matrix[e] - (double)(float)lengths[e]) <= steps * (0x1p-24 * lengths[e] + 0x1p-149) &&
                   matrix[e] == (double)(float)matrix[e],
               "%s, kind %d, seed %d: %.17g, rounded to %.17g", metric, (int)c->kind, (int)c->seed, lengths[e],
               matrix[e]);
  PetscCall(HoleDistancesDestroy(&d));
  PetscCall(PetscFree(lengths));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The merge tree of paths, without the paths. */
static PetscErrorCode check_path_tree(const struct cloud *c)
{
  struct answers want = {0};
  HoleDistances  d, stored;
  HolePass       pass;
  HoleTree       tree;
  double        *matrix;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(c->n * c->n, &matrix));
  PetscCall(cloud_distances(c, HOLE_METRIC_GEODESIC, &stored));
  PetscCall(HoleDistancesStore(stored));
  PetscCall(cloud_matrix(stored, c->n, matrix));
  if (c->single) PetscCall(check_rounded(c, HOLE_METRIC_GEODESIC, matrix));
  PetscCall(find_plainly(c->n, matrix, 1, 0, 0, &want));
  PetscCall(cloud_distances(c, HOLE_METRIC_GEODESIC, &d));
  PetscCall(HolePassCreate(d, &pass));
  PetscCall(HolePassWantTree(pass));
  PetscCall(HolePassRun(pass));
  PetscCall(HolePassGetTree(pass, &tree));
  TEST_CHECK(same_edges(c->n - 1, HoleTreeGetEdges(tree), HoleTreeGetEdges(want.tree)),
             "Geodesic, kind %d, seed %d: another tree", (int)c->kind, (int)c->seed);
  TEST_CHECK(!HoleDistancesIsStored(d), "Paths were sought for a tree");
  PetscCall(HoleTreeDestroy(&tree));
  PetscCall(HolePassDestroy(&pass));
  PetscCall(HoleDistancesDestroy(&d));
  PetscCall(HoleDistancesDestroy(&stored));
  PetscCall(destroy_answers(&want));
  PetscCall(PetscFree(matrix));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Shadows in every tile, along one axis and along as many as there may be. */
static PetscErrorCode check_shadows(HoleDistances d, const struct cloud *c, HoleIndex k, double length,
                                    const struct answers *want, const char what[])
{
  const HoleIndex most = PetscMin(c->width - 8, c->n);
  char            text[16], longer[160];

  PetscFunctionBegin;
  for (HoleIndex n_axes = 1; n_axes <= most; n_axes = n_axes < most ? most : most + 1) {
    PetscCall(PetscSNPrintf(text, sizeof(text), "%d", (int)n_axes));
    PetscCall(PetscSNPrintf(longer, sizeof(longer), "%s, %s axes", what, text));
    PetscCall(PetscOptionsSetValue(NULL, "-distances_axes", text));
    PetscCall(check_pass(d, k, length, 0, PETSC_FALSE, want, longer));
  }
  PetscCall(PetscOptionsClearValue(NULL, "-distances_axes"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_cloud(const struct cloud *c, const char metric[])
{
  const char *const tiles[] = {"1", "7", "32", "512"}, *const looks[] = {"9", "0", "20", NULL};
  struct answers want = {0};
  HoleDistances  d, stored;
  HoleIndex      k = 1 + (HoleIndex)(c->seed % 9);
  double        *matrix, q = hole_random_uniform(c->seed, 77), length;
  char           what[128];

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(c->n * c->n, &matrix));
  PetscCall(cloud_distances(c, metric, &stored));
  PetscCall(HoleDistancesStore(stored));
  PetscCall(cloud_matrix(stored, c->n, matrix));
  if (c->single) PetscCall(check_rounded(c, metric, matrix));
  length = matrix[c->n / 2]; /* of some pair: the border belongs to it */
  PetscCall(find_plainly(c->n, matrix, k, length, q, &want));
  PetscCall(cloud_distances(c, metric, &d));
  for (int t = c->n > 50; t < 4; ++t) { /* tiles of one pair take long */
    PetscCall(PetscSNPrintf(what, sizeof(what), "%s%s, kind %d, %d points of %d units, seed %d, tile %s",
                            c->single ? "single " : "", metric, (int)c->kind, (int)c->n, (int)c->width, (int)c->seed,
                            tiles[t]));
    PetscCall(PetscOptionsSetValue(NULL, "-distances_tile", tiles[t]));
    if (looks[t]) PetscCall(PetscOptionsSetValue(NULL, "-distances_looks", looks[t]));
    else PetscCall(PetscOptionsClearValue(NULL, "-distances_looks"));
    PetscCall(check_pass(d, k, length, q, PETSC_TRUE, &want, what));
    if (t >= 2) PetscCall(check_shadows(d, c, k, length, &want, what));
  }
  TEST_CHECK(!HoleDistancesIsStored(d), "A pass stored all rows");
  if (c->n > 1) PetscCall(check_reach(d, c->n, matrix, c->seed));
  PetscCall(PetscSNPrintf(what, sizeof(what), "stored %s, kind %d, %d points", metric, (int)c->kind, (int)c->n));
  PetscCall(check_pass(stored, k, length, q, PETSC_TRUE, &want, what));
  if (c->n > 1) PetscCall(check_reach(stored, c->n, matrix, c->seed));
  PetscCall(PetscOptionsClearValue(NULL, "-distances_tile"));
  PetscCall(HoleDistancesDestroy(&d));
  PetscCall(HoleDistancesDestroy(&stored));
  PetscCall(destroy_answers(&want));
  PetscCall(PetscFree(matrix));
  PetscFunctionReturn(PETSC_SUCCESS);
}

#if defined(HOLE_ENABLE_FAULTS)
/* Ranks that cannot read each other's points send them. */
static PetscErrorCode check_travel(uint64_t seed)
{
  PetscFunctionBegin;
  PetscCall(test_set_fault("shared_room_parts", 0));
  PetscCall(PetscPushErrorHandler(PetscReturnErrorHandler, NULL)); /* the fault is no error here */
  for (HoleIndex n = 1; n <= 6; ++n)
    PetscCall(check_cloud(&(struct cloud){UNIFORM, n, 3, ++seed, PETSC_FALSE}, HOLE_METRIC_EUCLIDEAN));
  PetscCall(check_cloud(&(struct cloud){NEAR_TIES, 90, 12, ++seed, PETSC_FALSE}, HOLE_METRIC_EUCLIDEAN));
  PetscCall(check_cloud(&(struct cloud){RELU, 61, 5, ++seed, PETSC_TRUE}, HOLE_METRIC_MANHATTAN));
  PetscCall(PetscPopErrorHandler());
  PetscCall(test_set_fault(NULL, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Anywhere in a pass. */
static PetscErrorCode check_fault(const char point[], PetscMPIInt rank)
{
  struct cloud  c = {UNIFORM, 90, 12, 3, PETSC_FALSE};
  HoleDistances d;
  HolePass      pass;

  PetscFunctionBegin;
  PetscCall(cloud_distances(&c, HOLE_METRIC_EUCLIDEAN, &d));
  PetscCall(PetscOptionsSetValue(NULL, "-distances_axes", "2"));
  PetscCall(HolePassCreate(d, &pass));
  PetscCall(PetscOptionsClearValue(NULL, "-distances_axes"));
  PetscCall(HolePassWantTree(pass));
  PetscCall(HolePassWantNeighbours(pass, 3));
  PetscCall(HolePassWantEdges(pass, 0.3));
  PetscCall(HolePassWantEnclosingRadius(pass));
  PetscCall(HolePassWantQuantile(pass, 0.3));
  if (!strcmp(point, "radius_allocate")) PetscCall(PetscOptionsSetValue(NULL, "-distances_looks", "0"));
  TEST_FAULT(point, rank, HolePassRun(pass));
  PetscCall(PetscOptionsClearValue(NULL, "-distances_looks"));
  PetscCall(HolePassDestroy(&pass));
  PetscCall(HoleDistancesDestroy(&d));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_faults(void)
{
  const char *const points[] = {"tiles_allocate",      "pass_allocate",    "forest_allocate",   "distances_ring",
                                "neighbours_allocate", "edges_allocate",   "radius_allocate",   "quantile_allocate",
                                "pass_compare",        "shadows_allocate", "witnesses_allocate"};
  PetscMPIInt       size;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &size));
  for (PetscMPIInt rank = 0; rank < size; ++rank) {
    for (int p = 0; p < 11; ++p) PetscCall(check_fault(points[p], rank));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
#endif

int main(int argc, char **argv)
{
  const HoleIndex   widths[]  = {1, 3, 8, 40};
  const char *const metrics[] = {HOLE_METRIC_EUCLIDEAN, HOLE_METRIC_COSINE};
  uint64_t          seed      = 0;

  PetscFunctionBeginUser;
  PetscCall(PetscInitialize(&argc, &argv, NULL, NULL));
  for (HoleIndex n = 1; n <= 9; ++n)
    PetscCall(check_cloud(&(struct cloud){UNIFORM, n, 3, ++seed, PETSC_FALSE}, HOLE_METRIC_EUCLIDEAN));
  for (int kind = 0; kind < N_KINDS; ++kind) {
    for (int w = 0; w < 4; ++w) {
      for (int m = 0; m < 2; ++m) {
        struct cloud c = {(enum cloud_kind)kind, 20 + (HoleIndex)(seed % 120), widths[w], ++seed, PETSC_FALSE};

        if (m && !cloud_has_angles(c.kind)) continue;
        PetscCall(check_cloud(&c, metrics[m]));
        c.single = PETSC_TRUE;
        if (kind != HUGE_ONES && w % 2) PetscCall(check_cloud(&c, metrics[m]));
      }
    }
  }
  for (int kind = 0; kind < N_KINDS; ++kind) {
    struct cloud c = {(enum cloud_kind)kind, 60 + (HoleIndex)(seed % 50), 1 + (HoleIndex)(seed % 7), ++seed,
                      PETSC_TRUE};

    if (kind == HUGE_ONES) continue;
    PetscCall(check_cloud(&c, HOLE_METRIC_MANHATTAN));
    PetscCall(check_cloud(&c, HOLE_METRIC_DENSITY_EUCLIDEAN));
    if (cloud_has_angles(c.kind)) PetscCall(check_cloud(&c, HOLE_METRIC_DENSITY_COSINE));
    PetscCall(check_path_tree(&c));
    c.single = PETSC_FALSE;
    PetscCall(check_path_tree(&c));
  }
  PetscCall(check_cloud(&(struct cloud){RELU, 700, 20, ++seed, PETSC_TRUE}, HOLE_METRIC_EUCLIDEAN));
  PetscCall(
      check_cloud(&(struct cloud){EQUAL, 1000, 2, ++seed, PETSC_FALSE}, HOLE_METRIC_EUCLIDEAN)); /* all edges tie */
  PetscCall(
      check_cloud(&(struct cloud){NEAR_TIES, 400, 40, ++seed, PETSC_TRUE}, HOLE_METRIC_EUCLIDEAN)); /* landmarks */
  setenv("OMP_NUM_THREADS", "3", 1); /* several tiles at once */
  PetscCall(check_cloud(&(struct cloud){RELU, 500, 9, ++seed, PETSC_TRUE}, HOLE_METRIC_EUCLIDEAN));
  PetscCall(check_cloud(&(struct cloud){GRID, 130, 2, ++seed, PETSC_FALSE}, HOLE_METRIC_EUCLIDEAN));
  setenv("OMP_NUM_THREADS", "1", 1);
  PetscCall(check_cloud(&(struct cloud){FAR, 600, 4, ++seed, PETSC_FALSE}, HOLE_METRIC_COSINE));
  PetscCall(check_cloud(&(struct cloud){SPHERE, 300, 8, ++seed, PETSC_FALSE}, HOLE_METRIC_EUCLIDEAN));
#if defined(HOLE_ENABLE_FAULTS)
  PetscCall(check_travel(seed));
  PetscCall(check_faults());
#endif
  PetscCall(PetscFinalize());
  return 0;
}
