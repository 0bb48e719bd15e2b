/* Edges as a list: found by a pass, or given. Of given ones, which are sorted, the forest and the enclosing radius are found without a matrix. */
#include "edges.h"

#include "../core/cast.h"
#include "../core/fault.h"
#include "../distances/edges.h"
#include "filtration_impl.h"
#include "graph_impl.h"
#include <float.h>
#include <hole/hole_error.h>
#include <math.h>

PetscErrorCode hole_filtration_create_from_edges(MPI_Comm comm, HoleIndex n, HoleIndex n_edges,
                                                 struct hole_edge_key *edges[], HoleFiltration *f)
{
  PetscFunctionBegin;
  PetscCall(HoleFiltrationCreate(NULL, f));
  (*f)->comm      = comm;
  (*f)->n_given   = n;
  (*f)->has_edges = PETSC_TRUE;
  (*f)->n_edges   = n_edges;
  (*f)->edges     = *edges;
  *edges          = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscBool hole_filtration_has_edges(HoleFiltration f)
{
  return (PetscBool)(f->is_graph && f->ops->complete && !f->given);
}

/* Collective. */
static PetscErrorCode search_edges(HoleFiltration f)
{
  HolePass       pass;
  PetscErrorCode found;

  PetscFunctionBegin;
  PetscCall(HolePassCreate(f->d, &pass));
  found = HolePassWantEdges(pass, PetscMin(f->threshold, DBL_MAX));
  if (!found) found = HolePassRun(pass);
  if (!found) found = HoleErrorAgree(HoleFiltrationGetComm(f), hole_pass_take_edges(pass, &f->n_edges, &f->edges));
  PetscCall(HolePassDestroy(&pass));
  PetscCall(found);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_filtration_find_edges(HoleFiltration f, HolePass pass)
{
  PetscFunctionBegin;
  PetscCheck(f->d, PETSC_COMM_SELF, PETSC_ERR_ORDER, "The edges of this filtration were given, and taken before");
  if (pass) HoleCallAgreed(HoleFiltrationGetComm(f), hole_pass_take_edges(pass, &f->n_edges, &f->edges)); /* local */
  else PetscCall(search_edges(f));
  f->has_edges = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_filtration_take_edges(HoleFiltration f, HoleIndex *n_edges, struct hole_edge_key *edges[])
{
  PetscFunctionBegin;
  if (!f->has_edges) PetscCall(hole_filtration_find_edges(f, NULL));
  *n_edges     = f->n_edges;
  *edges       = f->edges;
  f->has_edges = PETSC_FALSE;
  f->n_edges   = 0;
  f->edges     = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: as HoleGraphCreate() wants them. */
static PetscErrorCode widen(HoleFiltration f, HoleEdge *edges[])
{
  PetscFunctionBegin;
  PetscCall(PetscMalloc1(f->n_edges, edges));
  for (HoleIndex e = 0; e < f->n_edges; ++e) (*edges)[e] = (HoleEdge){f->edges[e].length, f->edges[e].i, f->edges[e].j};
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_filtration_graph_of_edges(HoleFiltration f, Mat *graph)
{
  MPI_Comm       comm  = HoleFiltrationGetComm(f);
  HoleEdge      *edges = NULL;
  PetscErrorCode made;

  PetscFunctionBegin;
  if (!f->has_edges) PetscCall(hole_filtration_find_edges(f, NULL)); /* equal on all ranks */
  made = HoleErrorAgree(comm, widen(f, &edges));
  if (!made) made = HoleGraphCreate(comm, HoleTreeGetSize(f->tree), f->n_edges, edges, graph);
  PetscCall(PetscFree(edges));
  PetscCall(made);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Of each point, over all ranks. */
struct stars {
  HoleIndex *degree;
  double    *longest;
};

/* Local: of own edges. */
static PetscErrorCode measure_stars(HoleFiltration f, struct stars *s)
{
  PetscFunctionBegin;
  PetscCall(hole_fault(f->comm, "graph_rows"));
  PetscCall(PetscCalloc2(f->n_given, &s->degree, f->n_given, &s->longest));
  for (HoleIndex e = 0; e < f->n_edges; ++e) {
    const uint32_t ends[2] = {f->edges[e].i, f->edges[e].j};

    for (int side = 0; side < 2; ++side) {
      ++s->degree[ends[side]];
      s->longest[ends[side]] = PetscMax(s->longest[ends[side]], f->edges[e].length);
    }
  }
  PetscCall(hole_edge_keys_sort(f->n_edges, &f->edges));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: the longest edge and the enclosing radius, as hole_graph_measure() has them; edges are sorted. */
static PetscErrorCode measure(HoleFiltration f, struct stars *s, double *longest, double *radius)
{
  PetscMPIInt n;

  PetscFunctionBegin;
  HoleCallAgreed(f->comm, measure_stars(f, s)); /* local */
  PetscCall(hole_mpi_int(f->n_given, &n));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, s->degree, n, HOLE_MPI_INDEX, MPI_SUM, f->comm));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, s->longest, n, MPI_DOUBLE, MPI_MAX, f->comm));
  *longest = 0;
  *radius  = INFINITY;
  for (HoleIndex i = 0; i < f->n_given; ++i) {
    *longest = PetscMax(*longest, s->longest[i]);
    if (s->degree[i] == f->n_given - 1) *radius = PetscMin(*radius, s->longest[i]);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_filtration_measure_edges(HoleFiltration f, double *longest, double *radius)
{
  struct stars   s = {NULL, NULL};
  PetscErrorCode measured;

  PetscFunctionBegin;
  measured = measure(f, &s, longest, radius);
  PetscCall(PetscFree2(s.degree, s.longest));
  PetscCall(measured);
  PetscCall(hole_edges_forest(f->comm, f->n_given, f->n_edges, f->edges, &f->tree));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_filtration_cut_edges(HoleFiltration f)
{
  PetscFunctionBegin;
  while (f->n_edges && f->edges[f->n_edges - 1].length > f->threshold) --f->n_edges;
  PetscFunctionReturn(PETSC_SUCCESS);
}
