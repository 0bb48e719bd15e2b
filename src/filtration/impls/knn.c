/* Points i and j are joined if j is among the k nearest others of i or i among those of j; ties go to the smaller number. */
#include "../../core/fault.h"
#include "../filtration_impl.h"

#include <hole/hole_error.h>
#include <hole/hole_graph.h>
#include <math.h>

static PetscErrorCode want_knn(HoleFiltration f, HolePass pass)
{
  PetscFunctionBegin;
  PetscCall(HolePassWantNeighbours(pass, f->n_neighbours));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: an edge from every own point to each of its neighbours. Where both ends choose each other it is listed twice. */
static PetscErrorCode list_edges(HoleFiltration f, HolePass pass, HoleIndex *n_edges, HoleEdge *edges[])
{
  HoleIndex        k, first, n_local;
  const HoleIndex *ids;
  const double    *lengths;

  PetscFunctionBegin;
  PetscCall(HolePassGetNeighbours(pass, &k, &ids, &lengths));
  PetscCall(HoleDistancesGetShape(f->d, NULL, NULL, &first, &n_local));
  PetscCall(hole_fault(HoleDistancesGetComm(f->d), "knn_edges"));
  PetscCall(PetscMalloc1(n_local * k, edges));
  *n_edges = 0;
  for (HoleIndex e = 0; e < n_local * k; ++e) {
    const HoleIndex i = first + e / k, j = ids[e];

    if (lengths[e] <= f->threshold && isfinite(lengths[e]))
      (*edges)[(*n_edges)++] = (HoleEdge){lengths[e], PetscMin(i, j), PetscMax(i, j)};
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode build_knn(HoleFiltration f, HolePass pass, Mat *graph)
{
  MPI_Comm       comm = HoleDistancesGetComm(f->d);
  HoleIndex      n, n_edges = 0;
  HoleEdge      *edges = NULL;
  PetscErrorCode built;

  PetscFunctionBegin;
  PetscCall(HoleDistancesGetShape(f->d, &n, NULL, NULL, NULL));
  built = HoleErrorAgree(comm, list_edges(f, pass, &n_edges, &edges)); /* local */
  if (!built) built = HoleGraphCreate(comm, n, n_edges, edges, graph); /* collective */
  PetscCall(PetscFree(edges));
  PetscCall(built);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The list, and the entries of the graph. */
static double predict_knn(HoleFiltration f, HoleIndex n, PetscMPIInt size)
{
  return hole_filtration_predict_graph((double)n * (double)PetscMin(f->n_neighbours, n - 1), size);
}

const struct hole_filtration_ops hole_filtration_knn = {HOLE_FILTRATION_KNN, PETSC_FALSE, want_knn, build_knn,
                                                        predict_knn};
