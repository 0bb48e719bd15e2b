/* Quality of the clusters at every height of the merge tree, in two passes.

   The first pass finds, for each merge, which classes occur on both sides and how often. Only there does a count
   change, and a class of k points is so met k - 1 times in all: the changes take O(n) memory. They are found along heavy
   paths. Each point is the bottom of one: go up while the node is the child with more labelled points, add the points of
   the other child to a running histogram of classes. A point is added once for every lighter side it lies on, at most
   log2(n) times. No recursion, no histogram a cluster.

   The second pass replays merges in order and keeps all measures up to date from those changes. Counts and pair counts
   are integers, so they do not drift; sums of n ln n are compensated, and what is subtracted is exactly what was added. */
#include "../tree/tree_impl.h"

#include <hole/hole_stages.h>
#include <math.h>

/* A merge joins a points of a class with b more. */
struct change {
  int32_t class, a, b;
};

/* The merges, as the first pass leaves them. Arrays over nodes have 2 n - 1 entries, those over merges n - 1. */
struct merges {
  HoleIndex n, n_classes, n_labelled;
  int32_t  *child;    /* [n - 1, 2] */
  int32_t  *n_points; /* of a node */
  /* Only with labels: */
  int32_t       *parent;        /* of a node, -1 for the root */
  int32_t       *labelled;      /* labelled points of a node ... */
  int32_t       *first;         /* ... which are labelled[] entries of `classes` from here */
  int32_t       *classes;       /* [n_labelled] class of a point */
  int32_t       *majority_gain; /* of a merge: growth of the points in the largest class of their cluster, 0 or less */
  int32_t       *first_change;  /* of a merge */
  int32_t       *n_changes;     /* of a merge */
  struct change *changes;       /* [n_labelled] at most */
  HoleIndex      n_all_changes;
  int32_t       *tally, *light; /* [n_classes] histogram of the heavy path, and of the child to be added */
};

static PetscErrorCode allocate_merges(struct merges *s)
{
  HoleIndex n_nodes = 2 * s->n - 1, n_merges = s->n - 1;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(2 * n_merges, &s->child));
  PetscCall(PetscMalloc1(n_nodes, &s->n_points));
  if (!s->n_labelled) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscMalloc1(n_nodes, &s->parent));
  PetscCall(PetscCalloc1(n_nodes, &s->labelled));
  PetscCall(PetscCalloc1(n_nodes, &s->first));
  PetscCall(PetscMalloc1(s->n_labelled, &s->classes));
  PetscCall(PetscCalloc1(n_merges, &s->majority_gain));
  PetscCall(PetscCalloc1(n_merges, &s->first_change));
  PetscCall(PetscCalloc1(n_merges, &s->n_changes));
  PetscCall(PetscMalloc1(s->n_labelled, &s->changes));
  PetscCall(PetscCalloc1(s->n_classes, &s->tally));
  PetscCall(PetscCalloc1(s->n_classes, &s->light));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode free_merges(struct merges *s)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(s->child));
  PetscCall(PetscFree(s->n_points));
  PetscCall(PetscFree(s->parent));
  PetscCall(PetscFree(s->labelled));
  PetscCall(PetscFree(s->first));
  PetscCall(PetscFree(s->classes));
  PetscCall(PetscFree(s->majority_gain));
  PetscCall(PetscFree(s->first_change));
  PetscCall(PetscFree(s->n_changes));
  PetscCall(PetscFree(s->changes));
  PetscCall(PetscFree(s->tally));
  PetscCall(PetscFree(s->light));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void count_points(struct merges *s)
{
  for (HoleIndex i = 0; i < s->n; ++i) s->n_points[i] = 1;
  for (HoleIndex m = 0; m < s->n - 1; ++m)
    s->n_points[s->n + m] = s->n_points[s->child[2 * m]] + s->n_points[s->child[2 * m + 1]];
}

/* Lay the labelled points out so that those of every node are neighbours. A parent is numbered after its children. */
static void lay_out_classes(struct merges *s, const int32_t labels[])
{
  HoleIndex root = 2 * s->n - 2;

  for (HoleIndex i = 0; i < s->n; ++i) s->labelled[i] = labels[i] >= 0;
  for (HoleIndex m = 0; m < s->n - 1; ++m)
    s->labelled[s->n + m] = s->labelled[s->child[2 * m]] + s->labelled[s->child[2 * m + 1]];
  s->parent[root] = -1;
  for (HoleIndex m = s->n - 2; m >= 0; --m) {
    int32_t left = s->child[2 * m], right = s->child[2 * m + 1];

    s->parent[left] = s->parent[right] = (int32_t)(s->n + m);
    s->first[left]                     = s->first[s->n + m];
    s->first[right]                    = s->first[left] + s->labelled[left];
  }
  for (HoleIndex i = 0; i < s->n; ++i) {
    if (labels[i] >= 0) s->classes[s->first[i]] = labels[i];
  }
}

/* The child with more labelled points, the first one if they have as many. */
static int32_t heavy_child(const struct merges *s, HoleIndex m)
{
  int32_t left = s->child[2 * m], right = s->child[2 * m + 1];

  return s->labelled[left] >= s->labelled[right] ? left : right;
}

/* Add the points of node `side` to the histogram, where merge m joins it. Its largest entry is `majority` before; returns
   what it is then. */
static int32_t add_light_child(struct merges *s, HoleIndex m, int32_t side, int32_t majority)
{
  const int32_t *class = &s->classes[s->first[side]];
  int32_t joined = majority, majority_light = 0;

  for (int32_t e = 0; e < s->labelled[side]; ++e) {
    int32_t count  = ++s->light[class[e]];
    majority_light = PetscMax(majority_light, count);
  }
  s->first_change[m] = (int32_t)s->n_all_changes;
  for (int32_t e = 0; e < s->labelled[side]; ++e) {
    int32_t a = s->tally[class[e]], b = s->light[class[e]];

    if (!b) continue; /* an earlier point of this class has moved them all */
    if (a) s->changes[s->n_all_changes++] = (struct change){class[e], a, b};
    s->tally[class[e]] = a + b;
    s->light[class[e]] = 0;
    joined             = PetscMax(joined, a + b);
  }
  s->n_changes[m]     = (int32_t)s->n_all_changes - s->first_change[m];
  s->majority_gain[m] = joined - majority - majority_light;
  return joined;
}

static void climb_heavy_path(struct merges *s, HoleIndex point)
{
  int32_t node = (int32_t)point, majority = s->labelled[node];

  if (s->labelled[node]) s->tally[s->classes[s->first[node]]] = 1;
  while (s->parent[node] >= 0) {
    HoleIndex m = s->parent[node] - s->n;

    if (heavy_child(s, m) != node) break;
    majority = add_light_child(s, m, s->child[2 * m] == node ? s->child[2 * m + 1] : s->child[2 * m], majority);
    node     = s->parent[node];
  }
  for (int32_t e = 0; e < s->labelled[node]; ++e) s->tally[s->classes[s->first[node] + e]] = 0;
}

static PetscErrorCode find_changes(struct merges *s, HoleTree tree, const int32_t labels[])
{
  PetscFunctionBegin;
  PetscCall(allocate_merges(s));
  PetscCall(hole_tree_children(tree, s->child));
  count_points(s);
  if (!s->n_labelled) PetscFunctionReturn(PETSC_SUCCESS);
  lay_out_classes(s, labels);
  for (HoleIndex i = 0; i < s->n; ++i) climb_heavy_path(s, i);
  PetscFunctionReturn(PETSC_SUCCESS);
}

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
static PetscErrorCode start_state(const struct merges *s, struct state *now)
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

static void merge_classes(const struct merges *s, HoleIndex m, struct state *now)
{
  HoleIndex a = s->labelled[s->child[2 * m]], b = s->labelled[s->child[2 * m + 1]];

  if (!a || !b) return;
  --now->n_sets;
  now->squares_cluster += 2 * a * b;
  add_joined(&now->cluster, a, b);
  now->majority += s->majority_gain[m];
  for (int32_t e = 0; e < s->n_changes[m]; ++e) {
    const struct change *c      = &s->changes[s->first_change[m] + e];
    int32_t              joined = c->a + c->b;

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
static void sweep_merges(const struct merges *s, const HoleEdge edges[], HoleIndex n_finite, struct state *now,
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
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode compute_curves(HoleTree tree, const int32_t labels[], struct merges *s, struct state *now,
                                     HoleCurves *c)
{
  HoleIndex n_finite = 0;

  PetscFunctionBegin;
  for (; n_finite < tree->n - 1 && tree->edges[n_finite].length < HUGE_VAL; ++n_finite)
    c->n += !n_finite || tree->edges[n_finite].length != tree->edges[n_finite - 1].length;
  PetscCall(allocate_curves(c, s->n_labelled ? PETSC_TRUE : PETSC_FALSE));
  PetscCall(find_changes(s, tree, labels));
  PetscCall(start_state(s, now));
  sweep_merges(s, tree->edges, n_finite, now, c);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleCurvesCreate(HoleTree tree, const int32_t labels[], HoleIndex n_classes, HoleCurves **curves)
{
  struct merges  s   = {.n = tree->n, .n_classes = n_classes};
  struct state   now = {0};
  HoleCurves    *c;
  PetscErrorCode computed;

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
  PetscCall(free_merges(&s));
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
  PetscCall(PetscFree(c->size_entropy));
  PetscCall(PetscFree(*curves));
  PetscFunctionReturn(PETSC_SUCCESS);
}
