/* Which classes meet at which merge.

   Only where a class occurs on both sides of a merge does a count change, and a class of k points is so met k - 1 times in all: the
   changes take O(n) memory. They are found along heavy paths. Each point is the bottom of one: go up while the node is the
   child with more labelled points, add the points of the other child to a running histogram of classes. A point is added once
   for every lighter side it lies on, at most log2(n) times. No recursion, no histogram a cluster. */
#include "merges.h"

#include "../tree/tree_impl.h"

static PetscErrorCode allocate_merges(struct hole_merges *s)
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

PetscErrorCode hole_merges_free(struct hole_merges *s)
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

static void count_points(struct hole_merges *s)
{
  for (HoleIndex i = 0; i < s->n; ++i) s->n_points[i] = 1;
  for (HoleIndex m = 0; m < s->n - 1; ++m)
    s->n_points[s->n + m] = s->n_points[s->child[2 * m]] + s->n_points[s->child[2 * m + 1]];
}

/* Lay the labelled points out so that those of every node are neighbours. A parent is numbered after its children. */
static void lay_out_classes(struct hole_merges *s, const int32_t labels[])
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
static int32_t heavy_child(const struct hole_merges *s, HoleIndex m)
{
  int32_t left = s->child[2 * m], right = s->child[2 * m + 1];

  return s->labelled[left] >= s->labelled[right] ? left : right;
}

/* Add the points of node `side` to the histogram, where merge m joins it. Its largest entry is `majority` before; returns
   what it is then. */
static int32_t add_light_child(struct hole_merges *s, HoleIndex m, int32_t side, int32_t majority)
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
    if (a) s->changes[s->n_all_changes++] = (struct hole_change){class[e], a, b};
    s->tally[class[e]] = a + b;
    s->light[class[e]] = 0;
    joined             = PetscMax(joined, a + b);
  }
  s->n_changes[m]     = (int32_t)s->n_all_changes - s->first_change[m];
  s->majority_gain[m] = joined - majority - majority_light;
  return joined;
}

static void climb_heavy_path(struct hole_merges *s, HoleIndex point)
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

PetscErrorCode hole_merges_find(struct hole_merges *s, HoleTree tree, const int32_t labels[])
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

/* A parent is numbered after its children. */
void hole_merges_places(const struct hole_merges *s, int32_t first[])
{
  first[2 * s->n - 2] = 0;
  for (HoleIndex m = s->n - 2; m >= 0; --m) {
    int32_t left = s->child[2 * m], right = s->child[2 * m + 1];

    first[left]  = first[s->n + m];
    first[right] = first[left] + s->n_points[left];
  }
}
