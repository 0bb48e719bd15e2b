/* Hulls of clusters in a plane, and the points of minority classes. */
#include "views_impl.h"

#include "../core/sort.h"
#include <string.h>

enum { LEAST_POINTS = 3, LEAST_MIXED = 2, MINORITY = 10 }; /* a class is a minority below a tenth */

struct vertex {
  double x, y;
};

static int by_x_then_y(const void *a, const void *b)
{
  const struct vertex *p = a, *q = b;

  if (p->x != q->x) return p->x < q->x ? -1 : 1;
  return (p->y > q->y) - (p->y < q->y);
}

/* Is the way from a over b to c a turn to the left? */
static PetscBool turns_left(struct vertex a, struct vertex b, struct vertex c)
{
  return (PetscBool)((b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x) > 0);
}

/* Vertices of the hull of n points, which are sorted here, to `hull`, [n + 1]: lower side, then upper side [Andrew1979]. */
static HoleIndex find_hull(HoleIndex n, struct vertex points[], struct vertex hull[])
{
  HoleIndex count = 0, lower;

  hole_sort(points, n, sizeof(*points), by_x_then_y);
  for (HoleIndex i = 0; i < n; ++i) {
    while (count >= 2 && !turns_left(hull[count - 2], hull[count - 1], points[i])) --count;
    if (count == 1 && !by_x_then_y(&hull[0], &points[i])) continue; /* copies of the first point */
    hull[count++] = points[i];
  }
  lower = count;
  for (HoleIndex i = n - 2; i >= 0 && lower > 1; --i) {
    while (count > lower && !turns_left(hull[count - 2], hull[count - 1], points[i])) --count;
    if (!by_x_then_y(&hull[count - 1], &points[i])) continue;
    hull[count++] = points[i];
  }
  return lower > 1 ? count - 1 : count; /* the upper side ends where the lower one began */
}

/* Points by cluster. */
struct groups {
  HoleIndex  n_clusters;
  HoleIndex *first; /* [n_clusters + 1] */
  HoleIndex *point; /* [n] */
};

static PetscErrorCode group_points(HoleIndex n, const int32_t clusters[], struct groups *g)
{
  PetscFunctionBegin;
  PetscCall(PetscArrayzero(g->first, n + 1));
  for (HoleIndex i = 0; i < n; ++i) ++g->first[clusters[i] + 1];
  for (HoleIndex c = 0; c < g->n_clusters; ++c) g->first[c + 1] += g->first[c];
  for (HoleIndex i = 0; i < n; ++i) g->point[g->first[clusters[i]]++] = i;
  for (HoleIndex c = g->n_clusters; c > 0; --c) g->first[c] = g->first[c - 1]; /* back where filling began */
  g->first[0] = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

struct blobs {
  HoleViews     *v;
  const int32_t *labels;
  HoleIndex      n_classes;
  struct groups  groups;
  HoleIndex     *counts;                      /* [n_classes] of a cluster */
  struct vertex *points, *hull;               /* [n], [n + 1] of a cluster */
  HoleIndex      hulls, vertices, minorities; /* for which there is room */
};

/* An array that grows by `more` elements. */
static PetscErrorCode reserve(HoleIndex needed, size_t bytes, HoleIndex *room, void *array)
{
  PetscFunctionBegin;
  if (needed <= *room) PetscFunctionReturn(PETSC_SUCCESS);
  *room = PetscMax(needed, 2 * *room);
  PetscCall(PetscRealloc((size_t)*room * bytes, (void **)array));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: the hull of one cluster. */
static PetscErrorCode add_hull(struct blobs *b, HoleIndex stage, HoleIndex cluster)
{
  HoleViews       *v     = b->v;
  const HoleIndex *point = b->groups.point + b->groups.first[cluster];
  const HoleIndex  n     = b->groups.first[cluster + 1] - b->groups.first[cluster];
  HoleIndex        count;

  PetscFunctionBegin;
  if (n < LEAST_POINTS) PetscFunctionReturn(PETSC_SUCCESS);
  for (HoleIndex i = 0; i < n; ++i) b->points[i] = (struct vertex){v->pca2[2 * point[i]], v->pca2[2 * point[i] + 1]};
  count = find_hull(n, b->points, b->hull);
  PetscCall(reserve(v->n_hulls + 1, sizeof(*v->hulls), &b->hulls, &v->hulls));
  PetscCall(reserve(v->n_vertices + count, sizeof(*b->hull), &b->vertices, &v->vertices));
  memcpy(v->vertices + 2 * v->n_vertices, b->hull, (size_t)count * sizeof(*b->hull));
  v->hulls[v->n_hulls++] = (HoleHull){.stage          = (int32_t)stage,
                                      .cluster        = (int32_t)cluster,
                                      .first          = v->n_vertices,
                                      .count          = count,
                                      .dominant_class = hole_views_dominant(b->n_classes, b->counts),
                                      .size           = n};
  v->n_vertices += count;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Counts of the classes of a cluster; how many of its points have one. */
static HoleIndex count_classes(struct blobs *b, HoleIndex cluster)
{
  HoleIndex labelled = 0;

  for (HoleIndex c = 0; c < b->n_classes; ++c) b->counts[c] = 0;
  for (HoleIndex i = b->groups.first[cluster]; b->labels && i < b->groups.first[cluster + 1]; ++i) {
    const int32_t label = b->labels[b->groups.point[i]];

    if (label < 0) continue;
    ++b->counts[label];
    ++labelled;
  }
  return labelled;
}

static PetscErrorCode add_minorities(struct blobs *b, HoleIndex stage, HoleIndex cluster, HoleIndex labelled)
{
  HoleViews      *v     = b->v;
  const HoleIndex first = b->groups.first[cluster], end = b->groups.first[cluster + 1];

  PetscFunctionBegin;
  for (HoleIndex i = first; end - first >= LEAST_MIXED && b->labels && i < end; ++i) {
    const HoleIndex point = b->groups.point[i];

    if (b->labels[point] < 0 || MINORITY * b->counts[b->labels[point]] >= labelled) continue;
    PetscCall(reserve(v->n_minority + 1, sizeof(*v->minority), &b->minorities, &v->minority));
    v->minority[v->n_minority++] = (HoleMinority){stage, point};
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static int by_stage_then_point(const void *a, const void *b)
{
  const HoleMinority *p = a, *q = b;

  if (p->stage != q->stage) return p->stage < q->stage ? -1 : 1;
  return (p->point > q->point) - (p->point < q->point);
}

static PetscErrorCode add_stage(struct blobs *b, const HoleStages *stages, HoleIndex stage)
{
  PetscFunctionBegin;
  b->groups.n_clusters = stages->n_clusters[stage];
  PetscCall(group_points(b->v->n, stages->labels + stage * b->v->n, &b->groups));
  for (HoleIndex cluster = 0; cluster < b->groups.n_clusters; ++cluster) {
    const HoleIndex labelled = count_classes(b, cluster);

    PetscCall(add_hull(b, stage, cluster));
    PetscCall(add_minorities(b, stage, cluster, labelled));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The place of t_star; of the stage that links layers, where the rule has none. */
static HoleIndex find_t_star(const HoleStages *stages)
{
  for (HoleIndex s = 0; s < stages->n; ++s) {
    if (!strcmp(stages->name[s], "t_star")) return s;
  }
  return stages->flow;
}

static PetscErrorCode find_blobs(struct blobs *b, const HoleStages *stages)
{
  const HoleIndex n = b->v->n, t_star = find_t_star(stages);

  PetscFunctionBegin;
  PetscCall(PetscMalloc2(n + 1, &b->groups.first, n, &b->groups.point));
  PetscCall(PetscMalloc3(b->n_classes, &b->counts, n, &b->points, n + 1, &b->hull));
  PetscCall(add_stage(b, stages, 0));
  if (t_star != 0) PetscCall(add_stage(b, stages, t_star));
  hole_sort(b->v->minority, b->v->n_minority, sizeof(*b->v->minority), by_stage_then_point);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleViewsFindBlobs(const HoleStages *stages, const int32_t labels[], HoleIndex n_classes, HoleViews *v)
{
  struct blobs   b = {.v = v, .labels = labels, .n_classes = n_classes};
  PetscErrorCode found;

  PetscFunctionBegin;
  if (!v->pca2) PetscFunctionReturn(PETSC_SUCCESS);
  found = find_blobs(&b, stages);
  PetscCall(PetscFree2(b.groups.first, b.groups.point));
  PetscCall(PetscFree3(b.counts, b.points, b.hull));
  PetscCall(found);
  PetscFunctionReturn(PETSC_SUCCESS);
}
