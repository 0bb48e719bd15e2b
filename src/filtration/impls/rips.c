/* Every pair is an edge, as long as its points are apart: the Vietoris-Rips filtration. */
#include "../filtration_impl.h"

#include <float.h>
#include <hole/hole_error.h>
#include <hole/hole_graph.h>

static PetscErrorCode want_rips(HoleFiltration f, HolePass pass)
{
  PetscFunctionBegin;
  if (hole_filtration_wants_radius(f)) PetscCall(HolePassWantEnclosingRadius(pass));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: the edges are looked for only now, since nothing else needs them as a graph. */
static PetscErrorCode run_and_build(HoleFiltration f, HolePass pass, Mat *graph)
{
  HoleIndex       n, n_edges;
  const HoleEdge *edges;

  PetscFunctionBegin;
  PetscCall(HolePassWantEdges(pass, PetscMin(f->threshold, DBL_MAX)));
  PetscCall(HolePassRun(pass));
  PetscCall(HolePassGetEdges(pass, &n_edges, &edges));
  PetscCall(HoleDistancesGetShape(f->d, &n, NULL, NULL, NULL));
  PetscCall(HoleGraphCreate(HoleDistancesGetComm(f->d), n, n_edges, edges, graph));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode build_rips(HoleFiltration f, HolePass first_pass, Mat *graph)
{
  HolePass        pass;
  HoleIndex       n, n_edges;
  const HoleEdge *edges;
  PetscErrorCode  built;

  PetscFunctionBegin;
  if (first_pass) {
    PetscCall(HolePassGetEdges(first_pass, &n_edges, &edges));
    PetscCall(HoleDistancesGetShape(f->d, &n, NULL, NULL, NULL));
    PetscCall(HoleGraphCreate(HoleDistancesGetComm(f->d), n, n_edges, edges, graph));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(HolePassCreate(f->d, &pass));
  built = run_and_build(f, pass, graph);
  PetscCall(HolePassDestroy(&pass));
  PetscCall(built);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Nobody in this library asks for the graph. */
static double predict_rips(HoleFiltration f, HoleIndex n, PetscMPIInt size)
{
  (void)f;
  (void)n;
  (void)size;
  return 0;
}

const struct hole_filtration_ops hole_filtration_rips = {HOLE_FILTRATION_RIPS, PETSC_TRUE, want_rips, build_rips,
                                                         predict_rips};
