/* Quality of the clusters at every height of the merge tree, in two passes.

   The first pass finds, for each merge, which classes occur on both sides and how often: see merges.c. The second one
   replays merges in order and keeps all measures up to date from those changes. Counts and pair counts are integers, so they do
   not drift; sums of n ln n are compensated, and what is subtracted is exactly what was added. */
#include "information.h"
#include "merges.h"

#include "../tree/tree_impl.h"
#include <hole/hole_stages.h>
#include <math.h>

/* Compensated sum (Neumaier 1974). */
struct sum {
  double value, lost;
};

static void add(struct sum *s, double x)
{
  double t = s->value + x;

  s->lost += fabs(s->value) >= fabs(x) ? (s->value - t) + x : (x - t) + s->value;
  s->value = t;
}

static double total(const struct sum *s) { return s->value + s->lost; }

static double n_log_n(HoleIndex n) { return n > 1 ? (double)n * log((double)n) : 0.0; }

/* Change of sum n ln n when sets of a and b points become one. */
static void add_joined(struct sum *s, HoleIndex a, HoleIndex b)
{
  add(s, n_log_n(a + b));
  add(s, -n_log_n(a));
  add(s, -n_log_n(b));
}

/* The measures between two merges. Clusters and pairs of points count labelled points only, but for the first two. */
struct state {
  HoleIndex  n_clusters;
  struct sum sizes;             /* n ln n over clusters, all points */
  HoleIndex  n, n_sets, n_used; /* labelled points, clusters with some, classes with some */
  HoleIndex  majority;          /* points in the largest class of their cluster */
  HoleIndex  gathered;          /* points in the largest cluster of their class */
  int32_t   *largest;           /* [n_classes] points of a class in one cluster, at most */
  int64_t    squares_joint, squares_cluster, squares_class;
  struct sum joint, cluster, class; /* n ln n over cells of the table cluster x class, and over its margins */
};

/* All clusters are points. */
static PetscErrorCode start_state(const struct hole_merges *s, struct state *now)
{
  int32_t *count;

  PetscFunctionBegin;
  now->n_clusters = s->n;
  if (!s->n_labelled) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscCalloc1(s->n_classes, &now->largest));
  count = now->largest;
  for (HoleIndex e = 0; e < s->n_labelled; ++e) ++count[s->classes[e]];
  for (HoleIndex c = 0; c < s->n_classes; ++c) {
    add(&now->class, n_log_n(count[c]));
    now->squares_class += (int64_t)count[c] * count[c];
    now->largest[c] = count[c] > 0;
    now->n_used += now->largest[c];
  }
  now->n = now->n_sets = now->majority = s->n_labelled;
  now->squares_joint = now->squares_cluster = s->n_labelled;
  now->gathered                             = now->n_used;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void merge_classes(const struct hole_merges *s, HoleIndex m, struct state *now)
{
  HoleIndex a = s->labelled[s->child[2 * m]], b = s->labelled[s->child[2 * m + 1]];

  if (!a || !b) return;
  --now->n_sets;
  now->squares_cluster += 2 * a * b;
  add_joined(&now->cluster, a, b);
  now->majority += s->majority_gain[m];
  for (int32_t e = 0; e < s->n_changes[m]; ++e) {
    const struct hole_change *c      = &s->changes[s->first_change[m] + e];
    int32_t                   joined = c->a + c->b;

    now->squares_joint += 2 * (int64_t)c->a * c->b;
    add_joined(&now->joint, c->a, c->b);
    if (joined > now->largest[c->class]) {
      now->gathered += joined - now->largest[c->class];
      now->largest[c->class] = joined;
    }
  }
}

/* Pairs counted twice, as n^2 - n has them, fit 64 bits; their products need not and are made in double. */
static double adjusted_rand(const struct state *now)
{
  int64_t tp = now->squares_joint - now->n, fp = now->squares_cluster - now->squares_joint;
  int64_t fn = now->squares_class - now->squares_joint, tn = now->n * now->n - now->n - tp - fp - fn;

  if (!fp && !fn) return 1.0; /* equal partitions, also trivial ones */
  return 2.0 * ((double)tp * (double)tn - (double)fn * (double)fp) /
         ((double)(tp + fn) * (double)(fn + tn) + (double)(tp + fp) * (double)(fp + tn));
}

static double entropy(HoleIndex n, const struct sum *sum_n_log_n)
{
  return PetscMax(0.0, log((double)n) - total(sum_n_log_n) / (double)n);
}

/* Cases without entropy as scikit-learn has them: equal partitions 1, otherwise one without entropy 0. */
static double mutual_information(const struct state *now)
{
  double h_cluster = entropy(now->n, &now->cluster), h_class = entropy(now->n, &now->class), h_joint;

  if (now->squares_joint == now->squares_cluster && now->squares_joint == now->squares_class) return 1.0;
  if (now->n_sets == 1 || now->n_used == 1) return 0.0;
  h_joint = entropy(now->n, &now->joint);
  return PetscMin(1.0, PetscMax(0.0, h_cluster + h_class - h_joint) / (0.5 * (h_cluster + h_class)));
}

/* One class is a pure table, one cluster a complete one. */
static void write_information(const struct state *now, HoleIndex row, HoleCurves *c)
{
  const struct hole_information i = {.h_cluster   = entropy(now->n, &now->cluster),
                                     .h_class     = entropy(now->n, &now->class),
                                     .h_joint     = entropy(now->n, &now->joint),
                                     .one_cluster = now->n_sets == 1 ? PETSC_TRUE : PETSC_FALSE,
                                     .one_class   = now->n_used == 1 ? PETSC_TRUE : PETSC_FALSE,
                                     .pure     = now->squares_joint == now->squares_cluster ? PETSC_TRUE : PETSC_FALSE,
                                     .complete = now->squares_joint == now->squares_class ? PETSC_TRUE : PETSC_FALSE};

  c->class_homogeneity[row] = hole_information_homogeneity(&i);
  c->completeness[row]      = hole_information_completeness(&i);
  c->v_measure[row]         = hole_information_v_measure(&i);
}

static void write_row(const struct state *now, HoleIndex n_points, double height, HoleIndex row, HoleCurves *c)
{
  c->threshold[row]    = height;
  c->n_clusters[row]   = now->n_clusters;
  c->size_entropy[row] = now->n_clusters == 1 ? 0.0 : entropy(n_points, &now->sizes);
  if (!now->n) return;
  c->purity[row]      = (double)now->majority / (double)now->n;
  c->homogeneity[row] = (double)now->gathered / (double)now->n;
  c->score[row]       = (double)(7 * now->majority + 3 * now->gathered) / (10.0 * (double)now->n);
  c->ari[row]         = adjusted_rand(now);
  c->nmi[row]         = mutual_information(now);
  write_information(now, row, c);
}

/* Keep the largest value and how often it came, among rows of positive height. */
static void keep_best(HoleCurves *c, HoleIndex row, HoleIndex value, HoleIndex *largest)
{
  if (!(c->threshold[row] > 0)) return; /* HOLE has no threshold there: pairs of length zero are dropped */
  if (c->best < 0 || value > *largest) {
    c->best   = row;
    c->n_tied = 1;
    *largest  = value;
  } else if (value == *largest) ++c->n_tied;
}

/* Rows are written when all edges of one length have joined: the closed cut. */
static void sweep_merges(const struct hole_merges *s, const HoleEdge edges[], HoleIndex n_finite, struct state *now,
                         HoleCurves *c)
{
  HoleIndex row = 0, largest = 0;

  for (HoleIndex m = 0; m < n_finite; ++m) {
    --now->n_clusters;
    add_joined(&now->sizes, s->n_points[s->child[2 * m]], s->n_points[s->child[2 * m + 1]]);
    if (now->n) merge_classes(s, m, now);
    if (m + 1 < n_finite && edges[m + 1].length == edges[m].length) continue;
    write_row(now, s->n, edges[m].length, row, c);
    keep_best(c, row, now->n ? 7 * now->majority + 3 * now->gathered : -PetscAbs(now->n_clusters - 10), &largest);
    ++row;
  }
}

static PetscErrorCode allocate_curves(HoleCurves *c, PetscBool labelled)
{
  PetscFunctionBegin;
  PetscCall(PetscMalloc1(c->n, &c->threshold));
  PetscCall(PetscMalloc1(c->n, &c->n_clusters));
  PetscCall(PetscMalloc1(c->n, &c->size_entropy));
  if (!labelled) PetscFunctionReturn(PETSC_SUCCESS);
  /* one entry at least: with labels the pointers are not NULL, even where a single point has no merges */
  PetscCall(PetscMalloc1(c->n + 1, &c->purity));
  PetscCall(PetscMalloc1(c->n + 1, &c->homogeneity));
  PetscCall(PetscMalloc1(c->n + 1, &c->score));
  PetscCall(PetscMalloc1(c->n + 1, &c->ari));
  PetscCall(PetscMalloc1(c->n + 1, &c->nmi));
  PetscCall(PetscMalloc1(c->n + 1, &c->class_homogeneity));
  PetscCall(PetscMalloc1(c->n + 1, &c->completeness));
  PetscCall(PetscMalloc1(c->n + 1, &c->v_measure));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode compute_curves(HoleTree tree, const int32_t labels[], struct hole_merges *s, struct state *now,
                                     HoleCurves *c)
{
  HoleIndex n_finite = 0;

  PetscFunctionBegin;
  for (; n_finite < tree->n - 1 && tree->edges[n_finite].length < HUGE_VAL; ++n_finite)
    c->n += !n_finite || tree->edges[n_finite].length != tree->edges[n_finite - 1].length;
  PetscCall(allocate_curves(c, s->n_labelled ? PETSC_TRUE : PETSC_FALSE));
  PetscCall(hole_merges_find(s, tree, labels));
  PetscCall(start_state(s, now));
  sweep_merges(s, tree->edges, n_finite, now, c);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleCurvesCreate(HoleTree tree, const int32_t labels[], HoleIndex n_classes, HoleCurves **curves)
{
  struct hole_merges s   = {.n = tree->n, .n_classes = n_classes};
  struct state       now = {0};
  HoleCurves        *c;
  PetscErrorCode     computed;

  PetscFunctionBegin;
  *curves = NULL;
  for (HoleIndex i = 0; labels && i < tree->n; ++i) {
    PetscCheck(labels[i] < n_classes, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE,
               "Label %" PRId32 " of point %" HoleIndex_FMT ", expected less than %" HoleIndex_FMT, labels[i], i,
               n_classes);
    s.n_labelled += labels[i] >= 0;
  }
  PetscCall(PetscNew(&c));
  c->best  = -1;
  computed = compute_curves(tree, labels, &s, &now, c);
  PetscCall(hole_merges_free(&s));
  PetscCall(PetscFree(now.largest));
  if (computed) PetscCall(HoleCurvesDestroy(&c));
  PetscCall(computed);
  *curves = c;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleCurvesDestroy(HoleCurves **curves)
{
  HoleCurves *c = *curves;

  PetscFunctionBegin;
  if (!c) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscFree(c->threshold));
  PetscCall(PetscFree(c->n_clusters));
  PetscCall(PetscFree(c->purity));
  PetscCall(PetscFree(c->homogeneity));
  PetscCall(PetscFree(c->score));
  PetscCall(PetscFree(c->ari));
  PetscCall(PetscFree(c->nmi));
  PetscCall(PetscFree(c->class_homogeneity));
  PetscCall(PetscFree(c->completeness));
  PetscCall(PetscFree(c->v_measure));
  PetscCall(PetscFree(c->size_entropy));
  PetscCall(PetscFree(*curves));
  PetscFunctionReturn(PETSC_SUCCESS);
}
