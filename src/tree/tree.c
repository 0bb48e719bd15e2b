/* The merge tree: edges of a spanning tree in ascending order, its linkage matrix and its cuts.

   Single linkage is Kruskal's algorithm, and only the edges of a minimum spanning tree ever join anything
   (Gower, Ross 1969): n - 1 sorted edges are the whole hierarchy. */
#include "tree_impl.h"

#include "../core/union_find.h"
#include <math.h>

static int by_id(HoleIndex a, HoleIndex b) { return (a > b) - (a < b); }

int HoleEdgeCompare(const void *a, const void *b)
{
  const HoleEdge *e = (const HoleEdge *)a, *f = (const HoleEdge *)b;
  int             order = (e->length > f->length) - (e->length < f->length);

  if (!order) order = by_id(e->i, f->i);
  return order ? order : by_id(e->j, f->j);
}

/* n - 1 edges that never close a cycle span the points. */
static PetscErrorCode check_edges(HoleIndex n, const HoleEdge edges[], HoleIndex link[])
{
  PetscFunctionBegin;
  hole_union_find_init(n, link);
  for (HoleIndex m = 0; m < n - 1; ++m) {
    const HoleEdge *e = &edges[m];

    PetscCheck(PetscMin(e->i, e->j) >= 0 && PetscMax(e->i, e->j) < n, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE,
               "Edge (%" HoleIndex_FMT ", %" HoleIndex_FMT ") of a tree of %" HoleIndex_FMT " points", e->i, e->j, n);
    PetscCheck(e->length >= 0, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE,
               "Edge (%" HoleIndex_FMT ", %" HoleIndex_FMT ") has length %g, expected 0 or more", e->i, e->j,
               e->length);
    PetscCheck(hole_union_find_join(link, e->i, e->j), PETSC_COMM_SELF, PETSC_ERR_ARG_WRONG,
               "Edge (%" HoleIndex_FMT ", %" HoleIndex_FMT ") closes a cycle, expected a spanning tree", e->i, e->j);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode copy_sorted(HoleTree tree, const HoleEdge edges[])
{
  PetscFunctionBegin;
  PetscCall(PetscMalloc1(tree->n - 1, &tree->edges));
  for (HoleIndex m = 0; m < tree->n - 1; ++m) {
    tree->edges[m].length = edges[m].length;
    tree->edges[m].i      = PetscMin(edges[m].i, edges[m].j);
    tree->edges[m].j      = PetscMax(edges[m].i, edges[m].j);
  }
  if (tree->n > 1) qsort(tree->edges, (size_t)(tree->n - 1), sizeof(HoleEdge), HoleEdgeCompare);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleTreeCreate(HoleIndex n, const HoleEdge edges[], HoleTree *tree)
{
  HoleTree       t;
  HoleIndex     *link;
  PetscErrorCode made;

  PetscFunctionBegin;
  *tree = NULL;
  PetscCheck(n >= 1 && n <= HOLE_TREE_MAX_SIZE, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE,
             "A tree of %" HoleIndex_FMT " points, expected 1 to %" HoleIndex_FMT, n, (HoleIndex)HOLE_TREE_MAX_SIZE);
  PetscCall(PetscMalloc1(n, &link));
  made = check_edges(n, edges, link);
  PetscCall(PetscFree(link));
  PetscCall(made);

  PetscCall(PetscNew(&t));
  t->n = n;
  made = copy_sorted(t, edges);
  if (made) PetscCall(HoleTreeDestroy(&t));
  PetscCall(made);
  *tree = t;
  PetscFunctionReturn(PETSC_SUCCESS);
}

HoleIndex HoleTreeGetSize(HoleTree tree) { return tree->n; }

const HoleEdge *HoleTreeGetEdges(HoleTree tree) { return tree->edges; }

/* `link` and `node`, both [n], are scratch; node[root] is the node that the set of `root` has become. */
static void replay_merges(HoleTree tree, HoleIndex link[], int32_t node[], int32_t child[])
{
  hole_union_find_init(tree->n, link);
  for (HoleIndex i = 0; i < tree->n; ++i) node[i] = (int32_t)i;
  for (HoleIndex m = 0; m < tree->n - 1; ++m) {
    int32_t a = node[hole_union_find_root(link, tree->edges[m].i)];
    int32_t b = node[hole_union_find_root(link, tree->edges[m].j)];

    child[2 * m]     = PetscMin(a, b);
    child[2 * m + 1] = PetscMax(a, b);
    hole_union_find_join(link, tree->edges[m].i, tree->edges[m].j);
    node[hole_union_find_root(link, tree->edges[m].i)] = (int32_t)(tree->n + m);
  }
}

PetscErrorCode hole_tree_children(HoleTree tree, int32_t child[])
{
  HoleIndex *link;
  int32_t   *node;

  PetscFunctionBegin;
  PetscCall(PetscMalloc2(tree->n, &link, tree->n, &node));
  replay_merges(tree, link, node, child);
  PetscCall(PetscFree2(link, node));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Points below a node, given the rows of all merges before. */
static double points_below(HoleIndex n, const double linkage[], int32_t node)
{
  return node < n ? 1.0 : linkage[4 * (node - n) + 3];
}

PetscErrorCode HoleTreeGetLinkage(HoleTree tree, double linkage[])
{
  int32_t       *child;
  PetscErrorCode found;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(2 * (tree->n - 1), &child));
  found = hole_tree_children(tree, child);
  for (HoleIndex m = 0; !found && m < tree->n - 1; ++m) {
    double *row = &linkage[4 * m];

    row[0] = child[2 * m];
    row[1] = child[2 * m + 1];
    row[2] = tree->edges[m].length;
    row[3] = points_below(tree->n, linkage, child[2 * m]) + points_below(tree->n, linkage, child[2 * m + 1]);
  }
  PetscCall(PetscFree(child));
  PetscCall(found);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Whether an edge of this length is in the graph at threshold t. An infinite length stands for no edge at all. */
static PetscBool joins(double length, double t, PetscBool closed)
{
  if (length == HUGE_VAL) return PETSC_FALSE;
  return (closed ? length <= t : length < t) ? PETSC_TRUE : PETSC_FALSE;
}

PetscErrorCode HoleTreeCut(HoleTree tree, double t, PetscBool closed, int32_t labels[], HoleIndex *n_clusters)
{
  HoleIndex *link;
  int32_t   *number; /* of the cluster with this root */
  int32_t    n = 0;

  PetscFunctionBegin;
  PetscCall(PetscMalloc2(tree->n, &link, tree->n, &number));
  hole_union_find_init(tree->n, link);
  for (HoleIndex m = 0; m < tree->n - 1 && joins(tree->edges[m].length, t, closed); ++m)
    hole_union_find_join(link, tree->edges[m].i, tree->edges[m].j);

  /* Points come in ascending order, so a cluster is numbered when its smallest member is met. */
  for (HoleIndex i = 0; i < tree->n; ++i) number[i] = -1;
  for (HoleIndex i = 0; i < tree->n; ++i) {
    HoleIndex root = hole_union_find_root(link, i);

    if (number[root] < 0) number[root] = n++;
    labels[i] = number[root];
  }
  if (n_clusters) *n_clusters = n;
  PetscCall(PetscFree2(link, number));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleTreeDestroy(HoleTree *tree)
{
  PetscFunctionBegin;
  if (!*tree) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscFree((*tree)->edges));
  PetscCall(PetscFree(*tree));
  PetscFunctionReturn(PETSC_SUCCESS);
}
