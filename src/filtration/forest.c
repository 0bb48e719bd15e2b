/* The minimum spanning forest of a graph: Kruskal's algorithm on the edges of each rank, a pool at a time, then on the forests of all
   ranks. An edge that is not in the forest of a part of the edges is not in that of all: it is the last of a cycle. */
#include "../distances/forest.h"
#include "../core/fault.h"
#include "../core/sort.h"
#include "../core/union_find.h"
#include "graph_impl.h"
#include <hole/hole_error.h>
#include <math.h>

struct forest {
  MPI_Comm   comm;
  HoleIndex  n, n_edges;
  HoleEdge  *edges;      /* [2 n] pool: a forest, and edges that came after it was made */
  HoleIndex *components; /* [n] union-find */
};

/* Local. */
static PetscErrorCode allocate(struct forest *f)
{
  PetscFunctionBegin;
  PetscCall(hole_fault(f->comm, "graph_forest"));
  PetscCall(PetscMalloc1(2 * f->n, &f->edges));
  PetscCall(PetscMalloc1(f->n, &f->components));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Only the forest of the pool stays: n - 1 edges at most. */
static void compact(struct forest *f)
{
  HoleIndex n_kept = 0;

  hole_union_find_init(f->n, f->components);
  hole_sort(f->edges, f->n_edges, sizeof(*f->edges), HoleEdgeCompare);
  for (HoleIndex e = 0; e < f->n_edges; ++e) {
    if (hole_union_find_join(f->components, f->edges[e].i, f->edges[e].j)) f->edges[n_kept++] = f->edges[e];
  }
  f->n_edges = n_kept;
}

/* Local: the forest of own edges. */
static PetscErrorCode grow(struct forest *f, Mat graph)
{
  PetscInt first, end;

  PetscFunctionBegin;
  PetscCall(MatGetOwnershipRange(graph, &first, &end));
  for (PetscInt i = first; i < end; ++i) {
    PetscInt           n;
    const PetscInt    *columns;
    const PetscScalar *lengths;

    PetscCall(MatGetRow(graph, i, &n, &columns, &lengths));
    for (PetscInt e = 0; e < n; ++e) {
      if (columns[e] < i) continue;
      f->edges[f->n_edges++] = (HoleEdge){PetscRealPart(lengths[e]), i, columns[e]};
      if (f->n_edges == 2 * f->n) compact(f);
    }
    PetscCall(MatRestoreRow(graph, i, &n, &columns, &lengths));
  }
  compact(f);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: infinite edges from point 0 to every component without it, which is met at its smallest point. */
static void complete(struct forest *f)
{
  hole_union_find_init(f->n, f->components);
  for (HoleIndex e = 0; e < f->n_edges; ++e) hole_union_find_join(f->components, f->edges[e].i, f->edges[e].j);
  for (HoleIndex i = 1; i < f->n; ++i) {
    if (hole_union_find_join(f->components, 0, i)) f->edges[f->n_edges++] = (HoleEdge){INFINITY, 0, i};
  }
}

/* Collective. */
static PetscErrorCode find_tree(struct forest *f, Mat graph, HoleTree *tree)
{
  PetscFunctionBegin;
  HoleCallAgreed(f->comm, allocate(f));                               /* local */
  HoleCallAgreed(f->comm, grow(f, graph));                            /* local */
  PetscCall(hole_forest_merge(f->comm, f->n, &f->n_edges, f->edges)); /* collective */
  complete(f);
  HoleCallAgreed(f->comm, HoleTreeCreate(f->n, f->edges, tree)); /* local */
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_graph_forest(Mat graph, HoleTree *tree)
{
  struct forest  f = {0};
  PetscInt       n;
  PetscErrorCode found;

  PetscFunctionBegin;
  *tree = NULL;
  PetscCall(PetscObjectGetComm((PetscObject)graph, &f.comm));
  PetscCall(MatGetSize(graph, &n, NULL));
  f.n   = n;
  found = find_tree(&f, graph, tree);
  PetscCall(PetscFree(f.edges));
  PetscCall(PetscFree(f.components));
  if (found) PetscCall(HoleTreeDestroy(tree));
  PetscCall(found);
  PetscFunctionReturn(PETSC_SUCCESS);
}
