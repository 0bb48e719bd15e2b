/* Every row of the curves against the measures computed from their definitions on the labels of a cut: random trees of
   all shapes, with ties, copies of points, points without labels and classes without points. */
#include "trees.h"

#include <hole/hole_stages.h>
#include <math.h>

enum { MAX_N = 40, MAX_CLASSES = 8 };

/* Measures of one partition. */
struct measures {
  HoleIndex n_labelled, majority, gathered;
  double    ari, nmi, class_homogeneity, completeness, v_measure, size_entropy;
};

static PetscBool near(double a, double b)
{
  return fabs(a - b) <= 1e-12 * PetscMax(1.0, fabs(b)) ? PETSC_TRUE : PETSC_FALSE;
}

/* Points in cluster a and class c; a negative number stands for any, of a class: for any class at all. */
static HoleIndex count_points(HoleIndex n, const int32_t cluster[], const int32_t label[], HoleIndex a, HoleIndex c)
{
  HoleIndex count = 0;

  for (HoleIndex i = 0; i < n; ++i) count += label[i] >= 0 && (a < 0 || cluster[i] == a) && (c < 0 || label[i] == c);
  return count;
}

/* Hubert, Arabie 1985, from pairs of labelled points. */
static double rand_of_pairs(HoleIndex n, const int32_t cluster[], const int32_t label[])
{
  double both = 0, same_cluster = 0, same_class = 0, pairs = 0, expected;

  for (HoleIndex i = 0; i < n; ++i) {
    for (HoleIndex j = 0; j < i; ++j) {
      if (label[i] < 0 || label[j] < 0) continue;
      ++pairs;
      same_cluster += cluster[i] == cluster[j];
      same_class += label[i] == label[j];
      both += cluster[i] == cluster[j] && label[i] == label[j];
    }
  }
  if (both == same_cluster && both == same_class) return 1;
  expected = same_cluster * same_class / pairs;
  return (both - expected) / (0.5 * (same_cluster + same_class) - expected);
}

static double entropy_of(double share) { return share > 0 ? -share * log(share) : 0; }

/* Mutual information from the table of shares, over either entropy and their mean. */
static void information_of_table(HoleIndex n, HoleIndex n_clusters, const int32_t cluster[], const int32_t label[],
                                 struct measures *w)
{
  double    total = (double)count_points(n, cluster, label, -1, -1), h_cluster = 0, h_class = 0, mutual = 0;
  HoleIndex n_sets = 0, n_used = 0;

  for (HoleIndex a = 0; a < n_clusters; ++a) {
    double p = (double)count_points(n, cluster, label, a, -1) / total;

    n_sets += p > 0;
    h_cluster += entropy_of(p);
  }
  for (HoleIndex c = 0; c < MAX_CLASSES; ++c) {
    double q = (double)count_points(n, cluster, label, -1, c) / total;

    n_used += q > 0;
    h_class += entropy_of(q);
    for (HoleIndex a = 0; a < n_clusters; ++a) {
      double p     = (double)count_points(n, cluster, label, a, -1) / total;
      double joint = (double)count_points(n, cluster, label, a, c) / total;

      if (joint > 0) mutual += joint * log(joint / (p * q));
    }
  }
  w->class_homogeneity = n_used == 1 ? 1 : mutual / h_class;
  w->completeness      = n_sets == 1 ? 1 : mutual / h_cluster;
  w->v_measure         = 0;
  if (w->class_homogeneity + w->completeness > 0) w->v_measure = 2 / (1 / w->class_homogeneity + 1 / w->completeness);
  w->nmi = n_sets == 1 && n_used == 1 ? 1 : n_sets == 1 || n_used == 1 ? 0 : mutual / (0.5 * (h_cluster + h_class));
}

static void measure(HoleIndex n, HoleIndex n_clusters, const int32_t cluster[], const int32_t label[],
                    struct measures *w)
{
  memset(w, 0, sizeof(*w));
  for (HoleIndex a = 0; a < n_clusters; ++a) {
    HoleIndex largest = 0, size = 0;

    for (HoleIndex i = 0; i < n; ++i) size += cluster[i] == a;
    w->size_entropy += entropy_of((double)size / (double)n);
    for (HoleIndex c = 0; c < MAX_CLASSES; ++c) largest = PetscMax(largest, count_points(n, cluster, label, a, c));
    w->majority += largest;
  }
  for (HoleIndex c = 0; c < MAX_CLASSES; ++c) {
    HoleIndex largest = 0;

    for (HoleIndex a = 0; a < n_clusters; ++a) largest = PetscMax(largest, count_points(n, cluster, label, a, c));
    w->gathered += largest;
  }
  w->n_labelled = count_points(n, cluster, label, -1, -1);
  if (!w->n_labelled) return;
  w->ari = rand_of_pairs(n, cluster, label);
  information_of_table(n, n_clusters, cluster, label, w);
}

static PetscErrorCode check_row(const HoleCurves *c, HoleIndex row, const struct measures *w, uint64_t seed)
{
  double total = (double)w->n_labelled;

  PetscFunctionBegin;
  TEST_CHECK(near(c->size_entropy[row], w->size_entropy), "Seed %" PRIu64 " row %d: size_entropy %.17g, expected %.17g",
             seed, (int)row, c->size_entropy[row], w->size_entropy);
  TEST_CHECK(!w->n_labelled == !c->purity, "Seed %" PRIu64 ": purity without labels, or labels without purity", seed);
  if (!c->purity) PetscFunctionReturn(PETSC_SUCCESS);
  TEST_CHECK(c->purity[row] == (double)w->majority / total, "Seed %" PRIu64 " row %d: purity", seed, (int)row);
  TEST_CHECK(c->homogeneity[row] == (double)w->gathered / total, "Seed %" PRIu64 " row %d: homogeneity", seed,
             (int)row);
  TEST_CHECK(near(c->score[row], 0.7 * c->purity[row] + 0.3 * c->homogeneity[row]), "Seed %" PRIu64 " row %d: score",
             seed, (int)row);
  TEST_CHECK(near(c->ari[row], w->ari), "Seed %" PRIu64 " row %d: ari %.17g, expected %.17g", seed, (int)row,
             c->ari[row], w->ari);
  TEST_CHECK(c->n_clusters[row] > 1 || c->nmi[row] == 0 || c->nmi[row] == 1, "Seed %" PRIu64 ": nmi of one cluster",
             seed);
  TEST_CHECK(near(c->nmi[row], w->nmi), "Seed %" PRIu64 " row %d: nmi %.17g, expected %.17g", seed, (int)row,
             c->nmi[row], w->nmi);
  TEST_CHECK(near(c->class_homogeneity[row], w->class_homogeneity), "Seed %" PRIu64 " row %d: class_homogeneity", seed,
             (int)row);
  TEST_CHECK(near(c->completeness[row], w->completeness), "Seed %" PRIu64 " row %d: completeness", seed, (int)row);
  TEST_CHECK(near(c->v_measure[row], w->v_measure), "Seed %" PRIu64 " row %d: v_measure %.17g, expected %.17g", seed,
             (int)row, c->v_measure[row], w->v_measure);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The largest value among rows of positive height, the first of them, and how many there are. */
static PetscErrorCode check_best(const HoleCurves *c, const HoleIndex value[], uint64_t seed)
{
  HoleIndex best = -1, n_tied = 0;

  PetscFunctionBegin;
  for (HoleIndex row = c->n - 1; row >= 0; --row) {
    if (c->threshold[row] > 0 && (best < 0 || value[row] >= value[best])) best = row;
  }
  for (HoleIndex row = 0; row < c->n; ++row) n_tied += best >= 0 && c->threshold[row] > 0 && value[row] == value[best];
  TEST_CHECK(c->best == best && c->n_tied == n_tied, "Seed %" PRIu64 ": best %d of %d, expected %d of %d", seed,
             (int)c->best, (int)c->n_tied, (int)best, (int)n_tied);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_curves(HoleTree tree, const int32_t label[], const HoleCurves *c, uint64_t seed)
{
  const HoleEdge *edges = HoleTreeGetEdges(tree);
  HoleIndex       n = HoleTreeGetSize(tree), n_clusters, row = 0, value[MAX_N];
  int32_t         cluster[MAX_N];
  struct measures want;

  PetscFunctionBegin;
  for (HoleIndex m = 0; m < n - 1; ++m) {
    if (m && edges[m].length == edges[m - 1].length) continue;
    TEST_CHECK(row < c->n && c->threshold[row] == edges[m].length, "Seed %" PRIu64 ": heights", seed);
    PetscCall(HoleTreeCut(tree, edges[m].length, PETSC_TRUE, cluster, &n_clusters));
    TEST_CHECK(c->n_clusters[row] == n_clusters, "Seed %" PRIu64 ": n_clusters", seed);
    measure(n, n_clusters, cluster, label, &want);
    PetscCall(check_row(c, row, &want, seed));
    value[row++] = want.n_labelled ? 7 * want.majority + 3 * want.gathered : -PetscAbs(n_clusters - 10);
  }
  TEST_CHECK(row == c->n, "Seed %" PRIu64 ": %d rows, expected %d", seed, (int)c->n, (int)row);
  PetscCall(check_best(c, value, seed));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void digest_curves(const HoleCurves *c, uint64_t *digest)
{
  const double *columns[] = {c->threshold, c->size_entropy,      c->purity,       c->homogeneity, c->score, c->ari,
                             c->nmi,       c->class_homogeneity, c->completeness, c->v_measure};

  for (int k = 0; k < (c->purity ? 10 : 2); ++k) test_digest(digest, columns[k], (size_t)c->n * sizeof(double));
}

static PetscErrorCode check_random(uint64_t seed, uint64_t *digest)
{
  struct test_random r = {seed, 0};
  HoleIndex          n = 1 + test_random_below(&r, MAX_N), n_lengths = 1 + test_random_below(&r, 2 * n);
  HoleIndex          n_classes = 1 + test_random_below(&r, MAX_CLASSES);
  HoleEdge           edges[MAX_N];
  int32_t            label[MAX_N];
  HoleTree           tree;
  HoleCurves        *curves;
  PetscBool          absent = test_random_below(&r, 8) ? PETSC_FALSE : PETSC_TRUE;

  PetscFunctionBegin;
  test_random_tree(&r, (enum test_shape)(seed % TEST_N_SHAPES), n, n_lengths, edges);
  test_random_labels(&r, n, n_classes, seed % 2 ? PETSC_TRUE : PETSC_FALSE, label);
  for (HoleIndex i = 0; absent && i < n; ++i) label[i] = -1;
  PetscCall(HoleTreeCreate(n, edges, &tree));
  PetscCall(HoleCurvesCreate(tree, absent && seed % 3 ? NULL : label, n_classes, &curves));
  PetscCall(check_curves(tree, label, curves, seed));
  digest_curves(curves, digest);
  PetscCall(HoleCurvesDestroy(&curves));
  PetscCall(HoleTreeDestroy(&tree));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Classes are blocks of a chain that join only after all points within them: many merges, one perfect row, no drift. */
static PetscErrorCode check_blocks(HoleIndex n, HoleIndex block)
{
  HoleEdge   *edges;
  int32_t    *label;
  HoleTree    tree;
  HoleCurves *c;

  PetscFunctionBegin;
  PetscCall(PetscMalloc2(n - 1, &edges, n, &label));
  for (HoleIndex i = 0; i < n; ++i) label[i] = (int32_t)(i / block);
  for (HoleIndex k = 1; k < n; ++k) edges[k - 1] = (HoleEdge){(double)(k % block ? k : n + k), k - 1, k};
  PetscCall(HoleTreeCreate(n, edges, &tree));
  PetscCall(HoleCurvesCreate(tree, label, n / block, &c));
  TEST_CHECK(c->n == n - 1 && c->best == n - n / block - 1 && c->n_tied == 1, "Best row of blocks");
  TEST_CHECK(c->score[c->best] == 1 && c->ari[c->best] == 1 && c->nmi[c->best] == 1, "Blocks found");
  TEST_CHECK(c->class_homogeneity[c->best] == 1 && c->completeness[c->best] == 1 && c->v_measure[c->best] == 1,
             "Information of blocks");
  TEST_CHECK(c->class_homogeneity[n - 2] == 0 && c->completeness[n - 2] == 1 && c->v_measure[n - 2] == 0,
             "Information of one cluster");
  TEST_CHECK(near(c->size_entropy[c->best], log((double)(n / block))), "Entropy of blocks");
  TEST_CHECK(c->purity[n - 2] == (double)block / (double)n && c->homogeneity[n - 2] == 1, "All in one cluster");
  TEST_CHECK(c->ari[n - 2] == 0 && c->nmi[n - 2] == 0 && c->size_entropy[n - 2] == 0, "Nothing told by one cluster");
  PetscCall(HoleCurvesDestroy(&c));
  PetscCall(HoleTreeDestroy(&tree));
  PetscCall(PetscFree2(edges, label));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_refused(void)
{
  const HoleEdge edges[] = {{1, 0, 1}};
  const int32_t  label[] = {0, 2};
  HoleTree       tree;
  HoleCurves    *curves;

  PetscFunctionBegin;
  PetscCall(HoleTreeCreate(2, edges, &tree));
  TEST_FAILS(PETSC_ERR_ARG_OUTOFRANGE, HoleCurvesCreate(tree, label, 2, &curves));
  TEST_CHECK(!curves, "Refused curves were left behind");
  PetscCall(HoleCurvesDestroy(&curves));
  PetscCall(HoleTreeDestroy(&tree));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  uint64_t digest = 0;

  PetscFunctionBeginUser;
  PetscCall(PetscInitialize(&argc, &argv, NULL, NULL));
  for (uint64_t seed = 0; seed < 500; ++seed) PetscCall(check_random(seed, &digest));
  PetscCall(check_blocks(60000, 600));
  PetscCall(check_refused());
  PetscCall(test_equal_on_ranks(digest));
  PetscCall(PetscFinalize());
  return 0;
}
