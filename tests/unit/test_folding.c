/* Folded flows that whole runs are too small for: a thousand classes, a hundred thousand clusters, few nodes allowed, all points
   outliers; and the order of columns against every order there is. What is folded where is compared with the flow tables by
   tests/integration/clusters_oracle.py. */
#include "trees.h"

#include "../../src/clusters/order.h"
#include <hole/hole_folding.h>

enum { MOST = 5 };

/* --- Order */

static int64_t count_crossings(const struct hole_columns *c)
{
  int64_t crossings = 0;

  for (HoleIndex k = 0; k + 1 < c->n; ++k) {
    const HoleIndex n = c->size[k] * c->size[k + 1], m = c->size[k + 1];

    for (HoleIndex e = 0; e < n; ++e) {
      for (HoleIndex f = 0; f < e; ++f) {
        int32_t left  = c->position[k][e / m] - c->position[k][f / m];
        int32_t right = c->position[k + 1][e % m] - c->position[k + 1][f % m];

        if ((int64_t)left * right < 0) crossings += c->weight[k][e] * c->weight[k][f];
      }
    }
  }
  return crossings;
}

/* Next permutation in lexicographic order; false after the last, which is followed by the first. */
static PetscBool permute(HoleIndex n, int32_t p[])
{
  HoleIndex k = n - 2, l = n - 1;

  while (k >= 0 && p[k] > p[k + 1]) --k;
  for (; k >= 0 && p[l] < p[k];) --l;
  if (k >= 0) {
    int32_t x = p[k];

    p[k] = p[l];
    p[l] = x;
  }
  for (HoleIndex a = k + 1, b = n - 1; a < b; ++a, --b) {
    int32_t x = p[a];

    p[a] = p[b];
    p[b] = x;
  }
  return k >= 0 ? PETSC_TRUE : PETSC_FALSE;
}

/* Fewest crossings over all orders of all columns. */
static int64_t fewest_crossings(struct hole_columns *c)
{
  int64_t   fewest = INT64_MAX;
  HoleIndex k;

  for (k = 0; k < c->n; ++k) {
    for (HoleIndex v = 0; v < c->size[k]; ++v) c->position[k][v] = (int32_t)v;
  }
  do {
    fewest = PetscMin(fewest, count_crossings(c));
    for (k = 0; k < c->n && !permute(c->size[k], c->position[k]);) ++k;
  } while (k < c->n);
  return fewest;
}

/* Random columns; `merging`: each node leads to one, as clusters do. Returns whether the fewest crossings were found. */
static PetscErrorCode check_order(uint64_t seed, PetscBool merging, PetscBool *optimal)
{
  struct test_random  r = {seed, 0};
  struct hole_columns c;
  int64_t             found, fewest;

  PetscFunctionBegin;
  PetscCall(hole_columns_create(1 + test_random_below(&r, 3), &c));
  for (HoleIndex k = 0; k < c.n; ++k) c.size[k] = (k ? 0 : 1) + test_random_below(&r, k ? MOST : MOST - 1);
  PetscCall(hole_columns_allocate(&c));
  for (HoleIndex k = 0; k + 1 < c.n; ++k) {
    for (HoleIndex v = 0; v < c.size[k] && c.size[k + 1]; ++v) {
      for (HoleIndex u = 0; u < c.size[k + 1] && !merging; ++u)
        c.weight[k][v * c.size[k + 1] + u] = test_random_below(&r, 2) * test_random_below(&r, 9);
      if (merging) c.weight[k][v * c.size[k + 1] + test_random_below(&r, c.size[k + 1])] = 1 + test_random_below(&r, 9);
    }
  }
  PetscCall(hole_columns_order(&c, &found));
  for (HoleIndex k = 0; k < c.n; ++k) {
    for (HoleIndex v = 0, places = 0; v < c.size[k]; ++v) {
      places |= (HoleIndex)1 << c.position[k][v];
      TEST_CHECK(v + 1 < c.size[k] || places == ((HoleIndex)1 << c.size[k]) - 1, "Seed %" PRIu64 ": positions", seed);
    }
  }
  TEST_CHECK(found == count_crossings(&c), "Seed %" PRIu64 ": %" PRId64 " crossings, expected %" PRId64, seed, found,
             count_crossings(&c));
  fewest = fewest_crossings(&c);
  TEST_CHECK(!merging || !found, "Seed %" PRIu64 ": columns that merge cross %" PRId64 " times", seed, found);
  *optimal = found == fewest ? PETSC_TRUE : PETSC_FALSE;
  PetscCall(hole_columns_free(&c));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* --- Flows */

/* A layer whose cluster of a point at each stage is given. */
static PetscErrorCode add_layer(HoleFlow flow, HoleIndex n, HoleIndex n_stages, HoleIndex seed,
                                const HoleIndex clusters[])
{
  HoleStages *s;

  PetscFunctionBegin;
  PetscCall(PetscNew(&s));
  s->n_points = n;
  s->n = s->n_nested = n_stages;
  s->flow            = n_stages / 2;
  PetscCall(PetscCalloc1(n_stages, &s->threshold));
  PetscCall(PetscCalloc1(n_stages, &s->name));
  PetscCall(PetscCalloc1(n_stages, &s->n_clusters));
  PetscCall(PetscMalloc1(n_stages * n, &s->labels));
  for (HoleIndex k = 0; k < n_stages; ++k) {
    s->n_clusters[k] = clusters[k];
    for (HoleIndex i = 0; i < n; ++i) s->labels[k * n + i] = (int32_t)((i + seed * (i / 7)) % clusters[k]);
  }
  PetscCall(HoleFlowAddLayer(flow, s));
  PetscCall(HoleStagesDestroy(&s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Nothing is lost, no column has too many nodes, links end at nodes of their size. */
static PetscErrorCode check_folding(HoleFlow flow, HoleIndex n, HoleIndex most, HoleIndex n_layers)
{
  const HoleFoldingOptions options = {0.01, most};
  HoleFolding             *f;
  int64_t                  links = 0, column = 0;
  HoleIndex                n_clusters;

  PetscFunctionBegin;
  PetscCall(HoleFlowGetNodes(flow, &n_clusters, NULL));
  PetscCall(HoleFoldingCreate(flow, &options, &f));
  TEST_CHECK(f->n_clusters == n_clusters, "Rows of the map");
  for (HoleIndex v = 0; v < f->n_nodes; ++v) {
    const HoleFoldedNode *node = &f->nodes[v];

    if (!node->node) column = 0;
    column += node->size;
    TEST_CHECK(node->node < most && node->position < most, "Node %d of a column of at most %d", node->node, (int)most);
    if (v + 1 == f->n_nodes || !f->nodes[v + 1].node) TEST_CHECK(column == n, "A column of %d points", (int)column);
  }
  for (HoleIndex r = 0; r < f->n_layer_links; ++r) links += f->layer_links[r].count;
  TEST_CHECK(links == n * PetscMax(0, n_layers - 1), "%d points between layers", (int)links);
  PetscCall(HoleFoldingDestroy(&f));
  TEST_CHECK(!f, "A destroyed folding was left behind");
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_large(HoleIndex n, HoleIndex n_classes, HoleIndex n_layers, HoleIndex most)
{
  const HoleIndex clusters[] = {n - 1, PetscMax(1, n / 2), PetscMax(1, n / 100), 1};
  int32_t        *label;
  HoleFlow        flow;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(n, &label));
  for (HoleIndex i = 0; i < n; ++i) label[i] = (int32_t)(i % PetscMax(n_classes, 1));
  PetscCall(HoleFlowCreate(n, n_classes ? label : NULL, n_classes, 0, &flow));
  for (HoleIndex l = 0; l < n_layers; ++l) PetscCall(add_layer(flow, n, 4, l, clusters));
  PetscCall(check_folding(flow, n, most, n_layers));
  PetscCall(HoleFlowDestroy(&flow));
  PetscCall(PetscFree(label));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A flow without rows: no layer, or only outliers. */
static PetscErrorCode check_empty(void)
{
  const HoleFoldingOptions options    = {0.01, 60};
  const HoleIndex          clusters[] = {2, 2};
  const int32_t            label[]    = {0, 0, 1, 1};
  HoleFlow                 flow;
  HoleFolding             *f;

  PetscFunctionBegin;
  PetscCall(HoleFlowCreate(4, label, 2, 9, &flow));
  for (int l = 0; l < 3; ++l) {
    PetscCall(HoleFoldingCreate(flow, &options, &f));
    TEST_CHECK(!f->n_nodes && !f->n_clusters && !f->n_stage_links && !f->n_layer_links, "Rows of nothing");
    PetscCall(HoleFoldingDestroy(&f));
    PetscCall(add_layer(flow, 4, 2, l, clusters));
  }
  PetscCall(HoleFlowDestroy(&flow));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  HoleIndex n_optimal = 0, n_seeds = 300;
  PetscBool optimal;

  PetscFunctionBeginUser;
  PetscCall(PetscInitialize(&argc, &argv, NULL, NULL));
  for (uint64_t seed = 0; seed < (uint64_t)n_seeds; ++seed) {
    PetscCall(check_order(seed, PETSC_TRUE, &optimal));
    PetscCall(check_order(seed, PETSC_FALSE, &optimal));
    n_optimal += optimal;
  }
  TEST_CHECK(n_optimal >= n_seeds * 8 / 10, "The fewest crossings were found in %d of %d", (int)n_optimal,
             (int)n_seeds);
  PetscCall(check_large(100001, 1000, 2, 60));
  PetscCall(check_large(5000, 10, 3, 60));
  PetscCall(check_large(5000, 0, 2, 2));
  PetscCall(check_large(300, 3, 2, 7));
  PetscCall(check_large(2, 2, 2, 2));
  PetscCall(check_empty());
  PetscCall(PetscFinalize());
  return 0;
}
