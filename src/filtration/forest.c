/* The minimum spanning forest of a graph: Kruskal's algorithm on the edges of each rank, then on the forests of all ranks. An edge that
   is not in the forest of a part of the edges is not in that of all: it is the last of a cycle. */
#include "../distances/forest.h"
#include "../core/fault.h"
#include "../core/union_find.h"
#include "graph_impl.h"
#include <hole/hole_error.h>
#include <math.h>

struct forest {
  MPI_Comm   comm;
  HoleIndex  n, n_edges;
  HoleEdge  *edges;      /* [n] */
  HoleIndex *components; /* [n] union-find */
};

/* Local. */
static PetscErrorCode allocate(struct forest *f)
{
  PetscFunctionBegin;
  PetscCall(hole_fault(f->comm, "graph_forest"));
  PetscCall(PetscMalloc1(f->n, &f->edges));
  PetscCall(PetscMalloc1(f->n, &f->components));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: the forest of own edges. */
static PetscErrorCode grow(struct forest *f, Mat graph)
{
  struct hole_edge_key *edges;
  HoleIndex             n_edges;
  PetscErrorCode        sorted;

  PetscFunctionBegin;
  PetscCall(hole_graph_own_edges(graph, INFINITY, &n_edges, &edges));
  sorted = hole_edge_keys_sort(n_edges, &edges);
  hole_union_find_init(f->n, f->components);
  for (HoleIndex e = 0; e < n_edges && !sorted && f->n_edges < f->n - 1; ++e) {
    if (hole_union_find_join(f->components, edges[e].i, edges[e].j))
      f->edges[f->n_edges++] = (HoleEdge){edges[e].length, edges[e].i, edges[e].j};
  }
  PetscCall(PetscFree(edges));
  PetscCall(sorted);
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
