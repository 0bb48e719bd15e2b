/* The minimum spanning tree of a graph has the components of the whole graph at every threshold, and its linkage matrix
   describes the same merges; random complete graphs with many ties and copies of points, and trees of great depth. */
#include "trees.h"

#include <math.h>

enum { MAX_N = 24 };

static void random_graph(struct test_random *r, HoleIndex n, HoleIndex n_lengths, double d[MAX_N][MAX_N])
{
  for (HoleIndex i = 0; i < n; ++i) {
    d[i][i] = 0;
    for (HoleIndex j = 0; j < i; ++j) d[i][j] = d[j][i] = 0.5 * (double)test_random_below(r, n_lengths);
  }
}

/* Prim: among equal edges it may take others than Kruskal would, the components must not change. */
static void spanning_tree(HoleIndex n, double d[MAX_N][MAX_N], HoleEdge edges[])
{
  PetscBool inside[MAX_N] = {PETSC_TRUE};

  for (HoleIndex m = 0; m < n - 1; ++m) {
    HoleEdge best = {HUGE_VAL, 0, 0};

    for (HoleIndex i = 0; i < n; ++i) {
      for (HoleIndex j = 0; j < n; ++j) {
        if (inside[i] && !inside[j] && d[i][j] < best.length) best = (HoleEdge){d[i][j], i, j};
      }
    }
    inside[best.j]   = PETSC_TRUE;
    edges[n - 2 - m] = best; /* in no particular order, nor i < j */
  }
}

/* Spread the smallest member of each component until nothing changes; then number components by it. */
static HoleIndex components(HoleIndex n, double d[MAX_N][MAX_N], double t, PetscBool closed, int32_t labels[])
{
  PetscBool changed = PETSC_TRUE;
  int32_t   number[MAX_N], n_components = 0;

  for (HoleIndex i = 0; i < n; ++i) labels[i] = (int32_t)i;
  while (changed) {
    changed = PETSC_FALSE;
    for (HoleIndex i = 0; i < n; ++i) {
      for (HoleIndex j = 0; j < n; ++j) {
        if (!(closed ? d[i][j] <= t : d[i][j] < t) || labels[j] <= labels[i]) continue;
        labels[j] = labels[i];
        changed   = PETSC_TRUE;
      }
    }
  }
  for (HoleIndex i = 0; i < n; ++i) {
    if (labels[i] == i) number[i] = n_components++;
    labels[i] = number[labels[i]];
  }
  return n_components;
}

static PetscErrorCode check_cuts(HoleTree tree, HoleIndex n, HoleIndex n_lengths, double d[MAX_N][MAX_N], uint64_t seed,
                                 uint64_t *digest)
{
  int32_t   want[MAX_N], got[MAX_N];
  HoleIndex n_want, n_got;

  PetscFunctionBegin;
  for (HoleIndex quarter = -1; quarter <= 2 * n_lengths; ++quarter) {
    for (int closed = 0; closed < 2; ++closed) {
      double t = 0.25 * (double)quarter; /* on and between the lengths */

      n_want = components(n, d, t, closed ? PETSC_TRUE : PETSC_FALSE, want);
      PetscCall(HoleTreeCut(tree, t, closed ? PETSC_TRUE : PETSC_FALSE, got, &n_got));
      TEST_CHECK(n_got == n_want && !memcmp(got, want, (size_t)n * sizeof(*got)),
                 "Seed %" PRIu64 ": wrong %s cut at %g", seed, closed ? "closed" : "open", t);
      test_digest(digest, got, (size_t)n * sizeof(*got));
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Follow the linkage with a set of members for each node. */
static PetscErrorCode check_linkage(HoleTree tree, HoleIndex n, uint64_t seed, uint64_t *digest)
{
  const HoleEdge *edges = HoleTreeGetEdges(tree);
  double          z[4 * MAX_N];
  uint32_t        members[2 * MAX_N];

  PetscFunctionBegin;
  PetscCall(HoleTreeGetLinkage(tree, z));
  for (HoleIndex i = 0; i < n; ++i) members[i] = UINT32_C(1) << i;
  for (HoleIndex m = 0; m < n - 1; ++m) {
    HoleIndex a = (HoleIndex)z[4 * m], b = (HoleIndex)z[4 * m + 1];
    uint32_t  ends = UINT32_C(1) << edges[m].i | UINT32_C(1) << edges[m].j;

    TEST_CHECK(0 <= a && a < b && b < n + m && members[a] && members[b], "Seed %" PRIu64 ": merge %d", seed, (int)m);
    TEST_CHECK((members[a] & ends) && (members[b] & ends), "Seed %" PRIu64 ": edge of merge %d", seed, (int)m);
    TEST_CHECK(edges[m].i < edges[m].j && z[4 * m + 2] == edges[m].length, "Seed %" PRIu64 ": length", seed);
    TEST_CHECK(!m || HoleEdgeCompare(&edges[m - 1], &edges[m]) < 0, "Seed %" PRIu64 ": order of edges", seed);
    members[n + m] = members[a] | members[b];
    members[a] = members[b] = 0; /* a node is joined once */
    TEST_CHECK(z[4 * m + 3] == __builtin_popcount(members[n + m]), "Seed %" PRIu64 ": points of a node", seed);
  }
  test_digest(digest, z, sizeof(*z) * 4 * (size_t)(n - 1));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_graph(uint64_t seed, uint64_t *digest)
{
  struct test_random r = {seed, 0};
  HoleIndex          n = 1 + test_random_below(&r, MAX_N), n_lengths = 1 + test_random_below(&r, 12);
  double             d[MAX_N][MAX_N];
  HoleEdge           edges[MAX_N];
  HoleTree           tree;

  PetscFunctionBegin;
  random_graph(&r, n, n_lengths, d);
  spanning_tree(n, d, edges);
  PetscCall(HoleTreeCreate(n, edges, &tree));
  TEST_CHECK(HoleTreeGetSize(tree) == n, "Seed %" PRIu64 ": size", seed);
  PetscCall(check_cuts(tree, n, n_lengths, d, seed, digest));
  PetscCall(check_linkage(tree, n, seed, digest));
  PetscCall(HoleTreeDestroy(&tree));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Edges order by length, then smaller id, then larger id. */
static PetscErrorCode check_order(void)
{
  const HoleEdge ascending[] = {{0, 5, 6}, {1, 0, 9}, {1, 2, 3}, {1, 2, 7}, {1, INT64_C(1) << 40, INT64_C(1) << 41},
                                {2, 0, 1}};

  PetscFunctionBegin;
  for (int a = 0; a < 6; ++a) {
    for (int b = 0; b < 6; ++b) {
      int order = HoleEdgeCompare(&ascending[a], &ascending[b]);

      TEST_CHECK((order > 0) - (order < 0) == (a > b) - (a < b), "Order of edges %d and %d", a, b);
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A chain of ascending lengths is as deep as a tree can be: every merge adds one point. */
static PetscErrorCode check_deep_tree(HoleIndex n)
{
  HoleEdge *edges;
  double   *z;
  int32_t  *labels;
  HoleIndex n_clusters;
  HoleTree  tree;

  PetscFunctionBegin;
  PetscCall(PetscMalloc3(n - 1, &edges, 4 * (n - 1), &z, n, &labels));
  for (HoleIndex k = 1; k < n; ++k) edges[n - 1 - k] = (HoleEdge){(double)k, k, k - 1};
  PetscCall(HoleTreeCreate(n, edges, &tree));
  PetscCall(HoleTreeGetLinkage(tree, z));
  TEST_CHECK(z[4 * (n - 2) + 3] == (double)n && z[4 * (n - 2) + 1] == (double)(2 * n - 3), "Last merge of a chain");
  PetscCall(HoleTreeCut(tree, (double)(n / 2), PETSC_FALSE, labels, &n_clusters));
  TEST_CHECK(n_clusters == n - n / 2 + 1 && !labels[n / 2 - 1] && labels[n - 1] == n - n / 2, "Cut of a chain");
  PetscCall(HoleTreeDestroy(&tree));
  PetscCall(PetscFree3(edges, z, labels));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Two parts that nothing joins stay apart at every threshold. */
static PetscErrorCode check_infinite_edge(void)
{
  const HoleEdge edges[] = {{HUGE_VAL, 1, 2}, {1, 0, 1}, {2, 3, 2}};
  int32_t        labels[4];
  HoleIndex      n_clusters;
  HoleTree       tree;

  PetscFunctionBegin;
  PetscCall(HoleTreeCreate(4, edges, &tree));
  PetscCall(HoleTreeCut(tree, HUGE_VAL, PETSC_TRUE, labels, &n_clusters));
  TEST_CHECK(n_clusters == 2 && labels[1] == 0 && labels[2] == 1, "An infinite edge has joined");
  PetscCall(HoleTreeDestroy(&tree));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_refused(void)
{
  const HoleEdge cycle[] = {{1, 0, 1}, {1, 1, 2}, {1, 2, 0}}, loop[] = {{1, 1, 1}};
  const HoleEdge outside[] = {{1, 0, 2}}, negative[] = {{-1, 0, 1}}, not_a_number[] = {{NAN, 0, 1}};
  HoleTree       tree;

  PetscFunctionBegin;
  TEST_FAILS(PETSC_ERR_ARG_WRONG, HoleTreeCreate(4, cycle, &tree));
  TEST_FAILS(PETSC_ERR_ARG_WRONG, HoleTreeCreate(2, loop, &tree));
  TEST_FAILS(PETSC_ERR_ARG_OUTOFRANGE, HoleTreeCreate(2, outside, &tree));
  TEST_FAILS(PETSC_ERR_ARG_OUTOFRANGE, HoleTreeCreate(2, negative, &tree));
  TEST_FAILS(PETSC_ERR_ARG_OUTOFRANGE, HoleTreeCreate(2, not_a_number, &tree));
  TEST_FAILS(PETSC_ERR_ARG_OUTOFRANGE, HoleTreeCreate(0, NULL, &tree));
  TEST_CHECK(!tree, "A refused tree was left behind");
  PetscCall(HoleTreeDestroy(&tree));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  uint64_t digest = 0;

  PetscFunctionBeginUser;
  PetscCall(PetscInitialize(&argc, &argv, NULL, NULL));
  PetscCall(check_order());
  for (uint64_t seed = 0; seed < 400; ++seed) PetscCall(check_graph(seed, &digest));
  PetscCall(check_deep_tree(100000));
  PetscCall(check_infinite_edge());
  PetscCall(check_refused());
  PetscCall(test_equal_on_ranks(digest));
  PetscCall(PetscFinalize());
  return 0;
}
