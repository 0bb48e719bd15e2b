/* Geodesic distances equal shortest paths found plainly; their merge tree, found without any path, is the minimum spanning tree of the whole
   matrix, edge by edge and to the bit, also where the graph of mutual neighbours falls to pieces and where points coincide. */
#include "metric_points.h"

#include "../../src/distances/distances_impl.h"
#include <hole/hole_pass.h>
#include <stdlib.h>

/* One case on every rank: lengths, the graph of mutual neighbours, its components. */
struct graph {
  enum test_point_kind kind;
  HoleIndex            n, width, k;
  double              *length; /* [n, n] Euclidean */
  PetscBool           *linked; /* [n, n] */
  int32_t             *part;   /* [n] */
  HoleIndex            n_parts;
};

/* Is j among the k nearest others of i, ties by number? */
static PetscBool is_near(const struct graph *g, HoleIndex i, HoleIndex j)
{
  const double *row    = g->length + i * g->n;
  HoleIndex     before = 0;

  for (HoleIndex m = 0; m < g->n; ++m) before += m != i && (row[m] < row[j] || (row[m] == row[j] && m < j));
  return (PetscBool)(i != j && before < g->k);
}

static PetscErrorCode create_graph(struct graph *g)
{
  const HoleMetricOptions none = HOLE_METRIC_OPTIONS_DEFAULT;
  const HoleIndex         n    = g->n;
  PetscBool               any  = PETSC_TRUE;

  PetscFunctionBegin;
  PetscCall(test_distances_matrix(PETSC_COMM_SELF, HOLE_METRIC_EUCLIDEAN, g->kind, n, g->width, &none, &g->length));
  PetscCall(PetscMalloc2(n * n, &g->linked, n, &g->part));
  for (HoleIndex e = 0; e < n * n; ++e)
    g->linked[e] = (PetscBool)(g->length[e] > 0 && is_near(g, e / n, e % n) && is_near(g, e % n, e / n));
  for (HoleIndex i = 0; i < n; ++i) g->part[i] = (int32_t)i;
  while (any) { /* the smaller name spreads along links */
    any = PETSC_FALSE;
    for (HoleIndex e = 0; e < n * n; ++e) {
      if (!g->linked[e] || g->part[e / n] >= g->part[e % n]) continue;
      g->part[e % n] = g->part[e / n];
      any            = PETSC_TRUE;
    }
  }
  g->n_parts = 0;
  for (HoleIndex i = 0; i < n; ++i) g->n_parts += g->part[i] == i;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode destroy_graph(struct graph *g)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(g->length));
  PetscCall(PetscFree2(g->linked, g->part));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Parts equal on every rank; every link once, over all ranks. */
static PetscErrorCode check_links(const struct graph *g, HoleDistances d)
{
  HoleIndex n_linked = 0, n_links = d->n_links;

  PetscFunctionBegin;
  for (HoleIndex i = 0; i < g->n; ++i)
    TEST_CHECK(d->part[i] == g->part[i], "Point %d in part %d, expected %d", (int)i, d->part[i], g->part[i]);
  for (HoleIndex e = 0; e < g->n * g->n; ++e) n_linked += g->linked[e] && e / g->n < e % g->n;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &n_links, 1, HOLE_MPI_INDEX, MPI_SUM, d->comm));
  TEST_CHECK(n_links == n_linked, "%d links, expected %d", (int)n_links, (int)n_linked);
  for (HoleIndex e = 0; e < d->n_links; ++e) {
    const HoleEdge *l = &d->links[e];

    TEST_CHECK(l->i < l->j && g->linked[l->i * g->n + l->j] && l->length == g->length[l->i * g->n + l->j],
               "No such link: %d, %d of length %.17g", (int)l->i, (int)l->j, l->length);
    for (HoleIndex f = 0; f < e; ++f)
      TEST_CHECK(HoleEdgeCompare(l, &d->links[f]), "Link %d, %d comes twice", (int)l->i, (int)l->j);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Links and pairs in different parts have their own length, to the bit; the others that of a shortest path (Floyd, Warshall). */
static PetscErrorCode check_values(const struct graph *g, const double got[])
{
  const HoleIndex n = g->n;
  double         *path;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(n * n, &path));
  for (HoleIndex e = 0; e < n * n; ++e) path[e] = e / n == e % n ? 0 : g->linked[e] ? g->length[e] : INFINITY;
  for (HoleIndex k = 0; k < n; ++k) {
    for (HoleIndex e = 0; e < n * n; ++e) path[e] = PetscMin(path[e], path[e / n * n + k] + path[k * n + e % n]);
  }
  for (HoleIndex e = 0; e < n * n; ++e) {
    const PetscBool own  = (PetscBool)(g->linked[e] || g->part[e / n] != g->part[e % n]);
    const double    want = own ? g->length[e] : path[e];

    TEST_CHECK((path[e] < INFINITY) == (g->part[e / n] == g->part[e % n]), "Parts and paths disagree");
    TEST_CHECK(own ? got[e] == want : fabs(got[e] - want) <= 1e-12 * want,
               "kind %d, n %d, k %d: (%d, %d) is %.17g, expected %.17g", g->kind, (int)n, (int)g->k, (int)(e / n),
               (int)(e % n), got[e], want);
    TEST_CHECK(got[e] == got[e % n * n + e / n], "kind %d: (%d, %d) is not symmetric", g->kind, (int)(e / n),
               (int)(e % n));
  }
  for (HoleIndex e = 0; e < n * n; ++e) {
    for (HoleIndex k = 0; g->part[e / n] == g->part[e % n] && k < n; ++k)
      TEST_CHECK(g->part[k] != g->part[e / n] || got[e] <= (got[e / n * n + k] + got[k * n + e % n]) * (1 + 1e-12),
                 "kind %d: no triangle", g->kind);
  }
  PetscCall(PetscFree(path));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Kruskal over all pairs of a matrix, in the total order. */
static PetscErrorCode span(HoleIndex n, const double matrix[], HoleEdge tree[])
{
  HoleEdge  *edges;
  HoleIndex *name, n_edges = 0, n_tree = 0;

  PetscFunctionBegin;
  PetscCall(PetscMalloc2(n * n, &edges, n, &name));
  for (HoleIndex i = 0; i < n; ++i) {
    name[i] = i;
    for (HoleIndex j = i + 1; j < n; ++j) edges[n_edges++] = (HoleEdge){matrix[i * n + j], i, j};
  }
  qsort(edges, (size_t)n_edges, sizeof(*edges), HoleEdgeCompare);
  for (HoleIndex e = 0; e < n_edges; ++e) {
    const HoleIndex a = name[edges[e].i], b = name[edges[e].j];

    if (a == b) continue;
    tree[n_tree++] = edges[e];
    for (HoleIndex i = 0; i < n; ++i) name[i] = name[i] == b ? a : name[i];
  }
  PetscCall(PetscFree2(edges, name));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode compare_trees(const struct graph *g, const char what[], const HoleEdge got[],
                                    const HoleEdge want[])
{
  PetscFunctionBegin;
  for (HoleIndex m = 0; m < g->n - 1; ++m)
    TEST_CHECK(!HoleEdgeCompare(&got[m], &want[m]),
               "%s, kind %d, n %d, k %d, %d parts: edge %d joins %d and %d at %.17g, expected %d and %d at %.17g", what,
               g->kind, (int)g->n, (int)g->k, (int)g->n_parts, (int)m, (int)got[m].i, (int)got[m].j, got[m].length,
               (int)want[m].i, (int)want[m].j, want[m].length);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The tree of the matrix of paths is that of the links and the pairs in different parts, and the one that a pass finds. */
static PetscErrorCode check_trees(const struct graph *g, HoleDistances d, const double paths[])
{
  HoleEdge *dense, *sparse;
  double   *matrix;
  HolePass  pass;
  HoleTree  tree;

  PetscFunctionBegin;
  PetscCall(PetscMalloc3(g->n, &dense, g->n, &sparse, g->n * g->n, &matrix));
  for (HoleIndex e = 0; e < g->n * g->n; ++e)
    matrix[e] = g->linked[e] || g->part[e / g->n] != g->part[e % g->n] ? g->length[e] : INFINITY;
  PetscCall(span(g->n, paths, dense));
  PetscCall(span(g->n, matrix, sparse));
  PetscCall(compare_trees(g, "links and parts", sparse, dense));
  PetscCall(HolePassCreate(d, &pass));
  PetscCall(HolePassWantTree(pass));
  PetscCall(HolePassRun(pass));
  PetscCall(HolePassGetTree(pass, &tree));
  PetscCall(compare_trees(g, HoleDistancesIsStored(d) ? "pass over rows" : "pass over points", HoleTreeGetEdges(tree),
                          dense));
  PetscCall(HoleTreeDestroy(&tree));
  PetscCall(HolePassDestroy(&pass));
  PetscCall(PetscFree3(dense, sparse, matrix));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_case(enum test_point_kind kind, HoleIndex n, HoleIndex width, HoleIndex k,
                                 HoleIndex *most_parts)
{
  const HoleMetricOptions options = {.density_neighbors = 5, .geodesic_neighbors = k};
  struct graph            g       = {.kind = kind, .n = n, .width = width, .k = k};
  HoleDistances           fresh, d;
  double                 *paths;

  PetscFunctionBegin;
  PetscCall(create_graph(&g));
  PetscCall(test_distances_create(PETSC_COMM_WORLD, HOLE_METRIC_GEODESIC, kind, n, width, &options, &d));
  PetscCall(test_distances_create(PETSC_COMM_WORLD, HOLE_METRIC_GEODESIC, kind, n, width, &options, &fresh));
  PetscCall(check_links(&g, d));
  PetscCall(test_distances_gather(d, &paths));
  PetscCall(check_values(&g, paths));
  PetscCall(check_trees(&g, fresh, paths)); /* without rows, and with */
  PetscCall(check_trees(&g, d, paths));
  *most_parts = PetscMax(*most_parts, g.n_parts);
  PetscCall(PetscFree(paths));
  PetscCall(HoleDistancesDestroy(&d));
  PetscCall(HoleDistancesDestroy(&fresh));
  PetscCall(destroy_graph(&g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  const HoleIndex sizes[] = {1, 2, 3, 5, 9, 33, 90}, neighbours[] = {1, 2, 3, 10};
  HoleIndex       most_parts = 0;

  PetscFunctionBeginUser;
  PetscCall(PetscInitialize(&argc, &argv, NULL, NULL));
  for (int kind = 0; kind < TEST_N_POINT_KINDS; ++kind) {
    for (int s = 0; s < 7; ++s) {
      for (int k = 0; k < 4; ++k) PetscCall(check_case(kind, sizes[s], 1 + 2 * (k % 3), neighbours[k], &most_parts));
    }
  }
  PetscCall(check_case(TEST_ROUNDING, 4, 2, 2, &most_parts));
  TEST_CHECK(most_parts >= 20, "At most %d parts: the hard cases are missing", (int)most_parts);
  PetscCall(PetscFinalize());
  return 0;
}
