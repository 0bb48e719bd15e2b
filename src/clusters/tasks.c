/* The four tasks, by counting along the merge tree.

   Hierarchy. Let v(c) be the lowest node of the tree with more than half of the points of class c. Its ancestors are the dominant
   components of c, so two classes have the same one from the lowest common ancestor of their nodes on. One sweep over the
   merges finds them all: each node keeps the list of classes whose node is at or below it, and a merge writes its height for every
   pair from the lists of its two sides, each pair once.

   Outliers. A point comes to be among more than K points at its lowest ancestor of that size, which all points below a child of K
   points or fewer share: one sweep from the root down. */
#include "information.h"
#include "merges.h"
#include "pairs.h"

#include "../tree/tree_impl.h"
#include <hole/hole_error.h>
#include <hole/hole_tasks.h>
#include <math.h>
#include <stdlib.h>

enum { PERCENTILE = 95 };

/* What is worked with. */
struct work {
  HoleTree           tree;
  const int32_t     *labels;
  struct hole_merges merges;
  struct hole_pairs  pairs;                      /* clusters at t_star and classes */
  int32_t           *cluster;                    /* [n] at t_star */
  HoleIndex         *row;                        /* [n_clusters + 1] pairs of a cluster begin here */
  int64_t           *labelled;                   /* [n_clusters] labelled points of a cluster */
  int64_t           *class_size, *class_largest; /* [n_classes] points of a class, and of it in one cluster */
  int32_t           *node;                       /* [n_classes] v(c), -1 for a class without points */
  int32_t           *head, *tail, *next;         /* lists of classes: of a node, its ends; of a class, what follows */
  int32_t           *place, *joins; /* of a node: see hole_merges_places(); the merge at which its points join */
};

static PetscErrorCode free_work(struct work *w)
{
  PetscFunctionBegin;
  PetscCall(hole_merges_free(&w->merges));
  PetscCall(PetscFree(w->pairs.rows));
  PetscCall(PetscFree(w->cluster));
  PetscCall(PetscFree(w->row));
  PetscCall(PetscFree(w->labelled));
  PetscCall(PetscFree(w->class_size));
  PetscCall(PetscFree(w->class_largest));
  PetscCall(PetscFree(w->node));
  PetscCall(PetscFree(w->head));
  PetscCall(PetscFree(w->tail));
  PetscCall(PetscFree(w->next));
  PetscCall(PetscFree(w->place));
  PetscCall(PetscFree(w->joins));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* --- Hierarchy */

/* v(c): a class of one point has it there; else its count grows past half at a merge that has it on both sides. */
static PetscErrorCode find_dominant_nodes(struct work *w)
{
  const struct hole_merges *s = &w->merges;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(s->n_classes, &w->node));
  for (HoleIndex c = 0; c < s->n_classes; ++c) w->node[c] = -1;
  for (HoleIndex i = 0; i < s->n; ++i) {
    if (w->labels[i] >= 0 && w->class_size[w->labels[i]] == 1) w->node[w->labels[i]] = (int32_t)i;
  }
  for (HoleIndex m = 0; m < s->n - 1; ++m) {
    for (int32_t e = 0; e < s->n_changes[m]; ++e) {
      const struct hole_change *c = &s->changes[s->first_change[m] + e];

      if (w->node[c->class] < 0 && 2 * ((int64_t)c->a + c->b) > w->class_size[c->class])
        w->node[c->class] = (int32_t)(s->n + m);
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Height of a node. */
static double height(const struct work *w, int32_t node)
{
  return node < w->tree->n ? 0.0 : w->tree->edges[node - w->tree->n].length;
}

/* Append the list from `head` to `tail` to that of `node`; each class of one meets each of the other there. */
static void join_lists(struct work *w, int32_t node, int32_t head, int32_t tail, HoleTasks *t)
{
  if (head < 0) return;
  for (int32_t a = w->head[node]; a >= 0; a = w->next[a]) {
    for (int32_t b = head; b >= 0; b = w->next[b])
      t->hierarchy[a * t->n_classes + b] = t->hierarchy[b * t->n_classes + a] = height(w, node);
  }
  if (w->head[node] < 0) w->head[node] = head;
  else w->next[w->tail[node]] = head;
  w->tail[node] = tail;
}

static PetscErrorCode fill_hierarchy(struct work *w, HoleTasks *t)
{
  const struct hole_merges *s       = &w->merges;
  const HoleIndex           n_nodes = 2 * s->n - 1;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(n_nodes, &w->head));
  PetscCall(PetscMalloc1(n_nodes, &w->tail));
  PetscCall(PetscMalloc1(s->n_classes, &w->next));
  PetscCall(PetscMalloc1(s->n_classes * s->n_classes, &t->hierarchy));
  for (HoleIndex e = 0; e < s->n_classes * s->n_classes; ++e) t->hierarchy[e] = NAN;
  for (HoleIndex v = 0; v < n_nodes; ++v) w->head[v] = -1;
  for (HoleIndex c = 0; c < s->n_classes; ++c) {
    w->next[c] = -1;
    if (w->node[c] < 0) continue;
    t->hierarchy[c * s->n_classes + c] = 0;
    join_lists(w, w->node[c], (int32_t)c, (int32_t)c, t);
  }
  for (HoleIndex m = 0; m < s->n - 1; ++m) {
    for (int side = 0; side < 2; ++side) {
      int32_t child = s->child[2 * m + side];

      join_lists(w, (int32_t)(s->n + m), w->head[child], w->tail[child], t);
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode answer_hierarchy(struct work *w, HoleTasks *t)
{
  PetscFunctionBegin;
  PetscCall(find_dominant_nodes(w));
  PetscCall(PetscMalloc1(t->n_classes, &t->gathering));
  for (HoleIndex c = 0; c < t->n_classes; ++c) t->gathering[c] = w->node[c] < 0 ? NAN : height(w, w->node[c]);
  PetscCall(fill_hierarchy(w, t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* --- Separability */

/* The first row with the largest value; NaN without labels. */
static void find_largest(const HoleCurves *c, const double value[], double *largest, double *threshold)
{
  HoleIndex best = 0;

  if (!value || !c->n) return;
  for (HoleIndex row = 1; row < c->n; ++row) {
    if (value[row] > value[best]) best = row;
  }
  *largest   = value[best];
  *threshold = c->threshold[best];
}

/* Whether an edge joins labelled points: 0 no, 1 of one class, 2 of two. Infinite edges are none. */
static int kind_of_edge(const struct work *w, const HoleEdge *e)
{
  if (!w->labels || !(e->length < HUGE_VAL) || w->labels[e->i] < 0 || w->labels[e->j] < 0) return 0;
  return w->labels[e->i] == w->labels[e->j] ? 1 : 2;
}

/* Edges come in ascending order. */
static void look_at_edges(const struct work *w, HoleSeparability *s)
{
  const HoleEdge *edges     = w->tree->edges;
  int64_t         counts[3] = {0, 0, 0}, wanted, met = 0;
  double          first = NAN, percentile = NAN;

  for (HoleIndex m = 0; m < w->tree->n - 1; ++m) {
    int kind = kind_of_edge(w, &edges[m]);

    if (!counts[kind]++ && kind == 2) first = edges[m].length;
  }
  wanted = (PERCENTILE * counts[1] + 99) / 100; /* the smallest with so many at or below it */
  for (HoleIndex m = 0; m < w->tree->n - 1 && met < wanted; ++m) {
    if (kind_of_edge(w, &edges[m]) == 1 && ++met == wanted) percentile = edges[m].length;
  }
  s->cross_class_count = counts[2];
  s->labelled_edges    = counts[1] + counts[2];
  s->cross_class_edges = s->labelled_edges ? (double)counts[2] / (double)s->labelled_edges : NAN;
  s->gap_ratio         = first / percentile; /* NaN where one is missing, and of zeros */
}

static void answer_separability(const struct work *w, const HoleCurves *curves, HoleTasks *t)
{
  HoleSeparability *s = &t->separability;

  *s = (HoleSeparability){.score              = NAN,
                          .n_clusters         = t->n_clusters,
                          .best_ari           = NAN,
                          .best_ari_threshold = NAN,
                          .best_nmi           = NAN,
                          .best_nmi_threshold = NAN};
  if (curves->best >= 0) s->threshold = curves->threshold[curves->best];
  if (curves->best >= 0 && curves->score) s->score = curves->score[curves->best];
  find_largest(curves, curves->ari, &s->best_ari, &s->best_ari_threshold);
  find_largest(curves, curves->nmi, &s->best_nmi, &s->best_nmi_threshold);
  look_at_edges(w, s);
}

/* --- Homogeneity */

static double n_log_n(int64_t n) { return n > 1 ? (double)n * log((double)n) : 0.0; }

/* One cluster from its pairs. */
static void fill_cluster(const struct work *w, HoleIndex a, HoleClusterContent *c)
{
  double sum = 0, n = (double)w->labelled[a];

  c->cluster        = (int32_t)a;
  c->dominant_class = -1;
  for (HoleIndex row = w->row[a]; row < w->row[a + 1]; ++row) {
    const struct hole_pair *p = &w->pairs.rows[row];

    sum += n_log_n(p->count);
    if (p->count <= c->dominant_count) continue; /* on ties the smaller class, which came first */
    c->dominant_class = p->to;
    c->dominant_count = p->count;
  }
  c->purity  = w->labelled[a] ? (double)c->dominant_count / n : NAN;
  c->entropy = !w->labelled[a] ? NAN : w->row[a + 1] - w->row[a] == 1 ? 0.0 : PetscMax(0.0, log(n) - sum / n);
}

/* The measures of the whole partition, from the table cluster x class and its margins. */
static void measure_partition(const struct work *w, HoleTasks *t)
{
  int64_t n = 0, majority = 0, gathered = 0, squares[3] = {0, 0, 0}, n_sets = 0, n_used = 0;
  double  sums[3] = {0, 0, 0}; /* of cells, clusters, classes */

  for (HoleIndex row = 0; row < w->pairs.n; ++row) {
    squares[0] += w->pairs.rows[row].count * w->pairs.rows[row].count;
    sums[0] += n_log_n(w->pairs.rows[row].count);
  }
  for (HoleIndex a = 0; a < t->n_clusters; ++a) {
    n += w->labelled[a];
    n_sets += w->labelled[a] > 0;
    majority += t->clusters[a].dominant_count;
    squares[1] += w->labelled[a] * w->labelled[a];
    sums[1] += n_log_n(w->labelled[a]);
  }
  for (HoleIndex c = 0; c < t->n_classes; ++c) {
    n_used += w->class_size[c] > 0;
    gathered += w->class_largest[c];
    squares[2] += w->class_size[c] * w->class_size[c];
    sums[2] += n_log_n(w->class_size[c]);
  }
  t->purity = t->homogeneity = t->class_homogeneity = t->completeness = t->v_measure = NAN;
  t->labelled                                                                        = n ? PETSC_TRUE : PETSC_FALSE;
  if (n) {
    const double                  total = (double)n, log_n = log((double)n);
    const struct hole_information i = {.h_joint     = log_n - sums[0] / total,
                                       .h_cluster   = log_n - sums[1] / total,
                                       .h_class     = log_n - sums[2] / total,
                                       .one_cluster = n_sets == 1 ? PETSC_TRUE : PETSC_FALSE,
                                       .one_class   = n_used == 1 ? PETSC_TRUE : PETSC_FALSE,
                                       .pure        = squares[0] == squares[1] ? PETSC_TRUE : PETSC_FALSE,
                                       .complete    = squares[0] == squares[2] ? PETSC_TRUE : PETSC_FALSE};

    t->purity            = (double)majority / total;
    t->homogeneity       = (double)gathered / total;
    t->class_homogeneity = hole_information_homogeneity(&i);
    t->completeness      = hole_information_completeness(&i);
    t->v_measure         = hole_information_v_measure(&i);
  }
}

/* Cut at t_star and count who is with whom. */
static PetscErrorCode cut_at_t_star(struct work *w, const HoleCurves *curves, PetscBool closed, HoleTasks *t)
{
  const HoleIndex      n       = w->tree->n;
  struct hole_labeling classes = {t->n_classes, w->labels}, clusters;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(n, &w->cluster));
  PetscCall(HoleTreeCut(w->tree, curves->best < 0 ? 0.0 : curves->threshold[curves->best], closed, w->cluster,
                        &t->n_clusters));
  clusters = (struct hole_labeling){t->n_clusters, w->cluster};
  if (w->labels) PetscCall(hole_pairs_count(n, &clusters, &classes, &w->pairs));
  PetscCall(PetscCalloc1(t->n_clusters + 1, &w->row));
  PetscCall(PetscCalloc1(t->n_clusters, &w->labelled));
  PetscCall(PetscCalloc1(t->n_classes, &w->class_size));
  PetscCall(PetscCalloc1(t->n_classes, &w->class_largest));
  for (HoleIndex r = 0; r < w->pairs.n; ++r) {
    const struct hole_pair *p = &w->pairs.rows[r];

    ++w->row[p->from + 1];
    w->labelled[p->from] += p->count;
    w->class_size[p->to] += p->count;
    w->class_largest[p->to] = PetscMax(w->class_largest[p->to], p->count);
  }
  for (HoleIndex a = 0; a < t->n_clusters; ++a) w->row[a + 1] += w->row[a];
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode answer_homogeneity(const struct work *w, HoleTasks *t)
{
  PetscFunctionBegin;
  PetscCall(PetscCalloc1(t->n_clusters, &t->clusters));
  for (HoleIndex i = 0; i < w->tree->n; ++i) ++t->clusters[w->cluster[i]].size;
  for (HoleIndex a = 0; a < t->n_clusters; ++a) fill_cluster(w, a, &t->clusters[a]);
  measure_partition(w, t);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* --- Outliers */

/* The merge at which the points of each node, of K or fewer, come to be among more; -1 if none does. */
static PetscErrorCode find_joins(struct work *w, HoleIndex most)
{
  const struct hole_merges *s = &w->merges;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(2 * s->n - 1, &w->place));
  PetscCall(PetscMalloc1(2 * s->n - 1, &w->joins));
  hole_merges_places(s, w->place);
  w->joins[2 * s->n - 2] = -1;
  for (HoleIndex m = s->n - 2; m >= 0; --m) {
    PetscBool here = s->n_points[s->n + m] > most && w->tree->edges[m].length < HUGE_VAL ? PETSC_TRUE : PETSC_FALSE;

    for (int side = 0; side < 2; ++side) w->joins[s->child[2 * m + side]] = here ? (int32_t)m : w->joins[s->n + m];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The end of the edge of merge m that is not on the side of point i. */
static HoleIndex far_end(const struct work *w, int32_t m, HoleIndex i)
{
  const struct hole_merges *s     = &w->merges;
  const int32_t             right = s->child[2 * m + 1]; /* places of the right child follow those of the left */
  const PetscBool           mine  = w->place[i] >= w->place[right] ? PETSC_TRUE : PETSC_FALSE;
  const HoleEdge           *e     = &w->tree->edges[m];

  return (w->place[e->i] >= w->place[right]) == mine ? e->j : e->i;
}

static int by_class(const void *key, const void *row)
{
  const int32_t class = *(const int32_t *)key, other = ((const struct hole_pair *)row)->to;

  return (class > other) - (class < other);
}

/* Is the class of a labelled point one of few in its cluster? */
static PetscBool is_minority(const struct work *w, HoleIndex i, double share)
{
  const int32_t           a = w->cluster[i];
  const struct hole_pair *p = (const struct hole_pair *)bsearch(
      &w->labels[i], &w->pairs.rows[w->row[a]], (size_t)(w->row[a + 1] - w->row[a]), sizeof(*p), by_class);

  return (double)p->count < share * (double)w->labelled[a] ? PETSC_TRUE : PETSC_FALSE;
}

/* The kind of outlier that a point is, -1 if none. */
static int32_t kind_of_point(const struct work *w, HoleIndex i, const HoleTasks *t)
{
  if (t->clusters[w->cluster[i]].size <= t->options.outlier_size) return HOLE_OUTLIER_SMALL_CLUSTER;
  if (w->labels && w->labels[i] >= 0 && is_minority(w, i, t->options.minority_share))
    return HOLE_OUTLIER_MINORITY_CLASS;
  return -1;
}

static void fill_outlier(const struct work *w, HoleIndex i, int32_t kind, const HoleTasks *t, HoleOutlier *o)
{
  const int32_t m = w->joins[i];

  *o = (HoleOutlier){.point         = i,
                     .kind          = kind,
                     .cluster       = w->cluster[i],
                     .cluster_size  = t->clusters[w->cluster[i]].size,
                     .joins_at      = m < 0 ? HUGE_VAL : w->tree->edges[m].length,
                     .joins_cluster = m < 0 ? -1 : w->cluster[far_end(w, m, i)],
                     .joins_merge   = m};
}

static PetscErrorCode answer_outliers(struct work *w, HoleTasks *t)
{
  int64_t small = 0, hits = 0, row = 0;

  PetscFunctionBegin;
  PetscCall(find_joins(w, t->options.outlier_size));
  for (HoleIndex i = 0; i < w->tree->n; ++i) {
    int32_t kind = kind_of_point(w, i, t);

    t->n_outliers += kind >= 0;
    t->n_unlabelled += w->labels && w->labels[i] < 0;
    small += kind == HOLE_OUTLIER_SMALL_CLUSTER;
    hits += kind == HOLE_OUTLIER_SMALL_CLUSTER && w->labels && w->labels[i] < 0;
  }
  t->precision = t->n_unlabelled && small ? (double)hits / (double)small : NAN;
  t->recall    = t->n_unlabelled ? (double)hits / (double)t->n_unlabelled : NAN;
  PetscCall(PetscMalloc1(t->n_outliers, &t->outliers));
  for (HoleIndex i = 0; i < w->tree->n; ++i) {
    int32_t kind = kind_of_point(w, i, t);

    if (kind >= 0) fill_outlier(w, i, kind, t, &t->outliers[row++]);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* --- The object */

static PetscErrorCode answer(struct work *w, const HoleCurves *curves, PetscBool closed, HoleTasks *t)
{
  PetscFunctionBegin;
  PetscCall(hole_merges_find(&w->merges, w->tree, w->labels));
  PetscCall(cut_at_t_star(w, curves, closed, t));
  PetscCall(answer_homogeneity(w, t));
  answer_separability(w, curves, t);
  if (w->merges.n_labelled && t->n_classes <= HOLE_TASKS_MAX_CLASSES) PetscCall(answer_hierarchy(w, t));
  PetscCall(answer_outliers(w, t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleTasksOptionsGet(HoleTasksOptions *options)
{
  PetscInt  size = 0;
  PetscBool set;

  PetscFunctionBegin;
  *options = (HoleTasksOptions){10, 0.1};
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-min_cluster_size", &size, NULL));
  if (size > 0) options->outlier_size = size;
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-outlier_size", &size, &set));
  PetscCheck(!set || size >= 1, PETSC_COMM_SELF, HOLE_ERR_USAGE, "-outlier_size: found %d, expected 1 or more",
             (int)size);
  if (set) options->outlier_size = size;
  PetscCall(PetscOptionsGetReal(NULL, NULL, "-minority_share", &options->minority_share, NULL));
  PetscCheck(options->minority_share >= 0 && options->minority_share <= 1, PETSC_COMM_SELF, HOLE_ERR_USAGE,
             "-minority_share: found %g, expected a share from 0 to 1", options->minority_share);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleTasksCreate(HoleTree tree, const HoleCurves *curves, const int32_t labels[], HoleIndex n_classes,
                               PetscBool closed, const HoleTasksOptions *options, HoleTasks **tasks)
{
  struct work    w = {.tree = tree, .labels = labels, .merges = {.n = tree->n, .n_classes = n_classes}};
  HoleTasks     *t;
  PetscErrorCode answered;

  PetscFunctionBegin;
  *tasks = NULL;
  PetscCheck(options->outlier_size >= 1, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE,
             "Outliers in clusters of %" HoleIndex_FMT " points, expected 1 or more", options->outlier_size);
  for (HoleIndex i = 0; labels && i < tree->n; ++i) {
    PetscCheck(labels[i] < n_classes, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE,
               "Label %" PRId32 " of point %" HoleIndex_FMT ", expected less than %" HoleIndex_FMT, labels[i], i,
               n_classes);
    w.merges.n_labelled += labels[i] >= 0;
  }
  PetscCall(PetscNew(&t));
  t->options   = *options;
  t->n_classes = labels ? n_classes : 0;
  answered     = answer(&w, curves, closed, t);
  PetscCall(free_work(&w));
  if (answered) PetscCall(HoleTasksDestroy(&t));
  PetscCall(answered);
  *tasks = t;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleTasksDestroy(HoleTasks **tasks)
{
  HoleTasks *t = *tasks;

  PetscFunctionBegin;
  if (!t) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscFree(t->hierarchy));
  PetscCall(PetscFree(t->gathering));
  PetscCall(PetscFree(t->clusters));
  PetscCall(PetscFree(t->outliers));
  PetscCall(PetscFree(*tasks));
  PetscFunctionReturn(PETSC_SUCCESS);
}
