/* Every row of the flow tables against counts made point by point: random layers, with outliers, points without labels,
   a stage added for the flow, layers in which all points are outliers; no point is lost or counted twice. */
#include "trees.h"

#include <hole/hole_flow.h>

enum { MAX_N = 30, MAX_CLASSES = 5, N_LAYERS = 3 };

/* The flow under test and what it was made from. */
struct flow_case {
  uint64_t    seed;
  HoleIndex   n, n_classes, min_cluster_size;
  PetscBool   labelled;
  int32_t     label[MAX_N];
  HoleStages *stages[N_LAYERS];
  PetscBool   outlier[N_LAYERS][MAX_N];
  HoleFlow    flow;
};

static const char *const rules[]       = {"hole", "count:2", "count:1", "clusters:2", "at:1,2.5", "count:5"};
static const char *const flow_stages[] = {"t_star", "clusters:1", "clusters"};

static PetscErrorCode make_layer(struct flow_case *c, struct test_random *r, int layer)
{
  HoleStagesOptions options = {.closed = test_random_below(r, 4) ? PETSC_TRUE : PETSC_FALSE};
  HoleEdge          edges[MAX_N];
  HoleTree          tree;
  HoleCurves       *curves;

  PetscFunctionBegin;
  PetscCall(PetscStrncpy(options.rule, rules[c->n < 2 ? 0 : test_random_below(r, 6)], sizeof(options.rule)));
  PetscCall(PetscStrncpy(options.flow_stage, flow_stages[test_random_below(r, 3)], sizeof(options.flow_stage)));
  test_random_tree(r, (enum test_shape)test_random_below(r, TEST_N_SHAPES), c->n, 1 + test_random_below(r, c->n),
                   edges);
  PetscCall(HoleTreeCreate(c->n, edges, &tree));
  PetscCall(HoleCurvesCreate(tree, c->labelled ? c->label : NULL, c->n_classes, &curves));
  PetscCall(HoleStagesCreate(tree, curves, c->n_classes, &options, &c->stages[layer]));
  PetscCall(HoleCurvesDestroy(&curves));
  PetscCall(HoleTreeDestroy(&tree));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static int32_t cluster_of(const struct flow_case *c, int layer, HoleIndex stage, HoleIndex point)
{
  return stage < 0 ? c->label[point] : c->stages[layer]->labels[stage * c->n + point];
}

/* By definition: points in clusters no larger than the limit, at the second nested stage or the only one. */
static HoleIndex mark_outliers(struct flow_case *c, int layer)
{
  HoleIndex stage = c->stages[layer]->n_nested > 1 ? 1 : 0, n = 0;

  for (HoleIndex i = 0; i < c->n; ++i) {
    HoleIndex size = 0;

    for (HoleIndex j = 0; j < c->n; ++j) size += cluster_of(c, layer, stage, i) == cluster_of(c, layer, stage, j);
    c->outlier[layer][i] = size <= c->min_cluster_size ? PETSC_TRUE : PETSC_FALSE;
    n += c->outlier[layer][i];
  }
  return n;
}

static PetscErrorCode check_nodes(const struct flow_case *c)
{
  const HoleFlowNode *rows;
  HoleIndex           n, row = 0;

  PetscFunctionBegin;
  PetscCall(HoleFlowGetNodes(c->flow, &n, &rows));
  for (int layer = 0; layer < N_LAYERS; ++layer) {
    for (HoleIndex stage = c->labelled ? -1 : 0; stage < c->stages[layer]->n; ++stage) {
      for (int32_t a = 0; a < MAX_N; ++a) {
        HoleFlowNode want               = {layer, (int32_t)stage, a, 0, -1, 0};
        int64_t      count[MAX_CLASSES] = {0};

        for (HoleIndex i = 0; i < c->n; ++i) {
          if (c->outlier[layer][i] || cluster_of(c, layer, stage, i) != a) continue;
          ++want.size;
          if (c->labelled && c->label[i] >= 0) ++count[c->label[i]];
        }
        if (!want.size) continue;
        for (int32_t k = MAX_CLASSES - 1; k >= 0; --k) {
          if (!count[k] || count[k] < want.dominant_count) continue;
          want.dominant_class = k;
          want.dominant_count = count[k];
        }
        TEST_CHECK(row < n && rows[row].layer == want.layer && rows[row].stage == want.stage &&
                       rows[row].cluster == want.cluster && rows[row].size == want.size &&
                       rows[row].dominant_class == want.dominant_class &&
                       rows[row].dominant_count == want.dominant_count,
                   "Seed %" PRIu64 ": node %d", c->seed, (int)row);
        ++row;
      }
    }
  }
  TEST_CHECK(row == n, "Seed %" PRIu64 ": %d nodes, expected %d", c->seed, (int)n, (int)row);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Points of cluster a at one stage and b at another, outliers of neither layer. */
static int64_t shared(const struct flow_case *c, int from_layer, HoleIndex from, int32_t a, int to_layer, HoleIndex to,
                      int32_t b)
{
  int64_t count = 0;

  for (HoleIndex i = 0; i < c->n; ++i) {
    count += !c->outlier[from_layer][i] && !c->outlier[to_layer][i] && cluster_of(c, from_layer, from, i) == a &&
             cluster_of(c, to_layer, to, i) == b;
  }
  return count;
}

static PetscErrorCode check_stage_links(const struct flow_case *c)
{
  const HoleFlowStageLink *rows;
  HoleIndex                n, row = 0;

  PetscFunctionBegin;
  PetscCall(HoleFlowGetStageLinks(c->flow, &n, &rows));
  for (int layer = 0; layer < N_LAYERS; ++layer) {
    for (HoleIndex stage = c->labelled ? -1 : 0; stage + 1 < c->stages[layer]->n_nested; ++stage) {
      for (int32_t a = 0; a < MAX_N; ++a) {
        for (int32_t b = 0; b < MAX_N; ++b) {
          int64_t count = shared(c, layer, stage, a, layer, stage + 1, b);

          if (!count) continue;
          TEST_CHECK(row < n && rows[row].layer == layer && rows[row].source_stage == stage &&
                         rows[row].source_cluster == a && rows[row].target_stage == stage + 1 &&
                         rows[row].target_cluster == b && rows[row].count == count,
                     "Seed %" PRIu64 ": link %d between stages", c->seed, (int)row);
          ++row;
        }
      }
    }
  }
  TEST_CHECK(row == n, "Seed %" PRIu64 ": %d links between stages, expected %d", c->seed, (int)n, (int)row);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_layer_links(const struct flow_case *c)
{
  const HoleFlowLayerLink *rows;
  HoleIndex                n, row = 0;

  PetscFunctionBegin;
  PetscCall(HoleFlowGetLayerLinks(c->flow, &n, &rows));
  for (int layer = 0; layer + 1 < N_LAYERS; ++layer) {
    for (int32_t a = 0; a < MAX_N; ++a) {
      for (int32_t b = 0; b < MAX_N; ++b) {
        int64_t count = shared(c, layer, c->stages[layer]->flow, a, layer + 1, c->stages[layer + 1]->flow, b);

        if (!count) continue;
        TEST_CHECK(row < n && rows[row].source_layer == layer && rows[row].source_cluster == a &&
                       rows[row].target_layer == layer + 1 && rows[row].target_cluster == b && rows[row].count == count,
                   "Seed %" PRIu64 ": link %d between layers", c->seed, (int)row);
        ++row;
      }
    }
  }
  TEST_CHECK(row == n, "Seed %" PRIu64 ": %d links between layers, expected %d", c->seed, (int)n, (int)row);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Points at a stage by the nodes, or by the links that leave or enter it. */
static int64_t points_by_nodes(const struct flow_case *c, int layer, HoleIndex stage)
{
  const HoleFlowNode *rows;
  HoleIndex           n;
  int64_t             sum = 0;

  PetscCallAbort(PETSC_COMM_SELF, HoleFlowGetNodes(c->flow, &n, &rows));
  for (HoleIndex k = 0; k < n; ++k) sum += rows[k].layer == layer && rows[k].stage == stage ? rows[k].size : 0;
  return sum;
}

/* Points without outliers stay as many from stage to stage; those that leave stage -1 are the labelled ones. */
static PetscErrorCode check_conservation(const struct flow_case *c, int layer, HoleIndex n_outliers)
{
  const HoleFlowStageLink *rows;
  HoleIndex                n;

  PetscFunctionBegin;
  PetscCall(HoleFlowGetStageLinks(c->flow, &n, &rows));
  for (HoleIndex stage = 0; stage < c->stages[layer]->n; ++stage)
    TEST_CHECK(points_by_nodes(c, layer, stage) == c->n - n_outliers, "Seed %" PRIu64 ": points of a stage", c->seed);
  for (HoleIndex stage = c->labelled ? -1 : 0; stage + 1 < c->stages[layer]->n_nested; ++stage) {
    int64_t sum = 0;

    for (HoleIndex k = 0; k < n; ++k)
      sum += rows[k].layer == layer && rows[k].source_stage == stage ? rows[k].count : 0;
    TEST_CHECK(sum == points_by_nodes(c, layer, stage), "Seed %" PRIu64 ": points that leave a stage", c->seed);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode digest_flow(HoleFlow flow, uint64_t *digest)
{
  const HoleFlowNode      *nodes;
  const HoleFlowLayerLink *links;
  HoleIndex                n;

  PetscFunctionBegin; /* field by field: what lies between the fields is not ours */
  PetscCall(HoleFlowGetNodes(flow, &n, &nodes));
  for (HoleIndex k = 0; k < n; ++k) test_digest(digest, &nodes[k].size, sizeof(nodes[k].size));
  PetscCall(HoleFlowGetLayerLinks(flow, &n, &links));
  for (HoleIndex k = 0; k < n; ++k) test_digest(digest, &links[k].count, sizeof(links[k].count));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_random(uint64_t seed, uint64_t *digest)
{
  struct test_random r = {seed, 0};
  struct flow_case   c = {.seed = seed, .n = 1 + test_random_below(&r, MAX_N)};

  PetscFunctionBegin;
  c.n_classes        = 1 + test_random_below(&r, PetscMin(c.n, MAX_CLASSES));
  c.min_cluster_size = seed % 2 ? test_random_below(&r, 5) : 0;
  c.labelled         = seed % 3 ? PETSC_TRUE : PETSC_FALSE;
  test_random_labels(&r, c.n, c.n_classes, seed % 5 ? PETSC_TRUE : PETSC_FALSE, c.label);
  PetscCall(HoleFlowCreate(c.n, c.labelled ? c.label : NULL, c.n_classes, c.min_cluster_size, &c.flow));
  for (int layer = 0; layer < N_LAYERS; ++layer) {
    HoleIndex n_outliers;

    PetscCall(make_layer(&c, &r, layer));
    n_outliers = mark_outliers(&c, layer);
    PetscCall(HoleFlowAddLayer(c.flow, c.stages[layer]));
    TEST_CHECK(HoleFlowGetOutlierCount(c.flow, layer) == n_outliers, "Seed %" PRIu64 ": outliers", seed);
    PetscCall(check_conservation(&c, layer, n_outliers));
  }
  PetscCall(check_nodes(&c));
  PetscCall(check_stage_links(&c));
  PetscCall(check_layer_links(&c));
  PetscCall(digest_flow(c.flow, digest));
  for (int layer = 0; layer < N_LAYERS; ++layer) PetscCall(HoleStagesDestroy(&c.stages[layer]));
  PetscCall(HoleFlowDestroy(&c.flow));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* By hand: {0,1} {2,3} {4} at the first stage, {0,1,4} {2,3} at the second, flow at an added third: {0} {1,2,3,4}. */
static PetscErrorCode check_by_hand(void)
{
  double                   threshold[]  = {1, 2, 0.5};
  char                     name[][64]   = {"initial", "t_star", "clusters:2"};
  int64_t                  n_clusters[] = {3, 2, 2};
  int32_t                  labels[]     = {0, 0, 1, 1, 2, 0, 0, 1, 1, 0, 0, 1, 1, 1, 1};
  const int32_t            truth[]      = {1, 1, 0, -1, 1};
  HoleStages               s            = {5, 3, 2, 2, threshold, name, n_clusters, labels};
  HoleFlow                 flow;
  HoleIndex                n_nodes, n_links, n_layer_links;
  const HoleFlowNode      *nodes;
  const HoleFlowStageLink *links;
  const HoleFlowLayerLink *layers;

  PetscFunctionBegin;
  PetscCall(HoleFlowCreate(5, truth, 2, 2, &flow));
  PetscCall(HoleFlowAddLayer(flow, &s));
  s.flow = 0;
  PetscCall(HoleFlowAddLayer(flow, &s));
  PetscCall(HoleFlowGetNodes(flow, &n_nodes, &nodes));
  PetscCall(HoleFlowGetStageLinks(flow, &n_links, &links));
  PetscCall(HoleFlowGetLayerLinks(flow, &n_layer_links, &layers));
  /* 2 and 3 are outliers: what is left is class 1, then {0,1} {4}, {0,1,4}, {0} {1,4} */
  TEST_CHECK(HoleFlowGetOutlierCount(flow, 0) == 2 && n_nodes == 12 && n_links == 8, "Rows of a flow by hand");
  TEST_CHECK(nodes[0].stage == -1 && nodes[0].cluster == 1 && nodes[0].size == 3, "Class by hand");
  TEST_CHECK(nodes[2].cluster == 2 && nodes[2].size == 1 && nodes[2].dominant_class == 1, "Node by hand");
  TEST_CHECK(links[0].source_stage == -1 && links[0].source_cluster == 1 && links[0].count == 2, "Link by hand");
  TEST_CHECK(n_layer_links == 3 && layers[1].source_cluster == 1 && !layers[1].target_cluster && layers[1].count == 1,
             "Link of layers by hand");
  PetscCall(HoleFlowDestroy(&flow));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_refused(void)
{
  const int32_t label[] = {0, 1, 2};
  HoleStages    two     = {.n_points = 2};
  HoleFlow      flow;

  PetscFunctionBegin;
  TEST_FAILS(PETSC_ERR_ARG_OUTOFRANGE, HoleFlowCreate(3, label, 2, 0, &flow));
  TEST_CHECK(!flow, "A refused flow was left behind");
  PetscCall(HoleFlowCreate(3, label, 3, 0, &flow));
  TEST_FAILS(PETSC_ERR_ARG_SIZ, HoleFlowAddLayer(flow, &two));
  PetscCall(HoleFlowDestroy(&flow));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  uint64_t digest = 0;

  PetscFunctionBeginUser;
  PetscCall(PetscInitialize(&argc, &argv, NULL, NULL));
  for (uint64_t seed = 0; seed < 400; ++seed) PetscCall(check_random(seed, &digest));
  PetscCall(check_by_hand());
  PetscCall(check_refused());
  PetscCall(test_equal_on_ranks(digest));
  PetscCall(PetscFinalize());
  return 0;
}
