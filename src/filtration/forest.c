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

/* Local: the forest of own edges, which are sorted. */
static void grow(struct forest *f, HoleIndex n_edges, const struct hole_edge_key edges[])
{
  hole_union_find_init(f->n, f->components);
  for (HoleIndex e = 0; e < n_edges && f->n_edges < f->n - 1; ++e) {
    if (hole_union_find_join(f->components, edges[e].i, edges[e].j))
      f->edges[f->n_edges++] = (HoleEdge){edges[e].length, edges[e].i, edges[e].j};
  }
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
static PetscErrorCode find_tree(struct forest *f, HoleIndex n_edges, const struct hole_edge_key edges[], HoleTree *tree)
{
  PetscFunctionBegin;
  HoleCallAgreed(f->comm, allocate(f)); /* local */
  grow(f, n_edges, edges);
  PetscCall(hole_forest_merge(f->comm, f->n, &f->n_edges, f->edges)); /* collective */
  complete(f);
  HoleCallAgreed(f->comm, HoleTreeCreate(f->n, f->edges, tree)); /* local */
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_edges_forest(MPI_Comm comm, HoleIndex n, HoleIndex n_edges, const struct hole_edge_key edges[],
                                 HoleTree *tree)
{
  struct forest  f = {.comm = comm, .n = n};
  PetscErrorCode found;

  PetscFunctionBegin;
  *tree = NULL;
  found = find_tree(&f, n_edges, edges, tree);
  PetscCall(PetscFree(f.edges));
  PetscCall(PetscFree(f.components));
  if (found) PetscCall(HoleTreeDestroy(tree));
  PetscCall(found);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local. */
static PetscErrorCode sort_edges(Mat graph, HoleIndex *n_edges, struct hole_edge_key *edges[])
{
  PetscFunctionBegin;
  PetscCall(hole_graph_own_edges(graph, INFINITY, n_edges, edges));
  PetscCall(hole_edge_keys_sort(*n_edges, edges));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_graph_forest(Mat graph, HoleTree *tree)
{
  struct hole_edge_key *edges = NULL;
  HoleIndex             n_edges;
  MPI_Comm              comm;
  PetscInt              n;
  PetscErrorCode        found;

  PetscFunctionBegin;
  *tree = NULL;
  PetscCall(PetscObjectGetComm((PetscObject)graph, &comm));
  PetscCall(MatGetSize(graph, &n, NULL));
  found = HoleErrorAgree(comm, sort_edges(graph, &n_edges, &edges)); /* local */
  if (!found) found = hole_edges_forest(comm, n, n_edges, edges, tree);
  PetscCall(PetscFree(edges));
  PetscCall(found);
  PetscFunctionReturn(PETSC_SUCCESS);
}
