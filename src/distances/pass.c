/* One pass over all pairs. */
#include "boruvka.h"
#include "distances_impl.h"

#include <hole/hole_error.h>
#include <hole/hole_pass.h>
#include <math.h>
#include <stdlib.h>

struct HolePass_s {
  HoleDistances d;
  PetscBool     want_tree, want_edges, want_radius, want_quantile;
  HoleIndex     k;
  double        most, q;
  HoleTree      tree;
  HoleIndex    *ids;
  double       *lengths;
  HoleIndex     n_edges;
  HoleEdge     *edges;
  double        radius, quantile;
};

PetscErrorCode HolePassCreate(HoleDistances d, HolePass *pass)
{
  PetscFunctionBegin;
  PetscCall(PetscNew(pass));
  (*pass)->d = d;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HolePassWantTree(HolePass pass)
{
  PetscFunctionBegin;
  pass->want_tree = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HolePassWantNeighbours(HolePass pass, HoleIndex k)
{
  PetscFunctionBegin;
  PetscCheck(k >= 1, PETSC_COMM_SELF, HOLE_ERR_USAGE, "%" HoleIndex_FMT " neighbours: expected 1 or more", k);
  pass->k = PetscMin(k, pass->d->n - 1);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HolePassWantEdges(HolePass pass, double length)
{
  PetscFunctionBegin;
  pass->want_edges = PETSC_TRUE;
  pass->most       = length;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HolePassWantEnclosingRadius(HolePass pass)
{
  PetscFunctionBegin;
  pass->want_radius = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HolePassWantQuantile(HolePass pass, double q)
{
  PetscFunctionBegin;
  pass->want_quantile = PETSC_TRUE;
  pass->q             = q;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode find_neighbours(HolePass pass)
{
  HoleDistances d = pass->d;
  HoleEdge     *others;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(d->n_local * pass->k, &pass->ids));
  PetscCall(PetscMalloc1(d->n_local * pass->k, &pass->lengths));
  PetscCall(PetscMalloc1(d->n, &others));
  for (HoleIndex i = 0; i < d->n_local; ++i) {
    HoleIndex n_others = 0;

    for (HoleIndex j = 0; j < d->n; ++j) {
      if (j != d->first + i) others[n_others++] = (HoleEdge){HoleDistancesGetRow(d, i)[j], j, j};
    }
    qsort(others, (size_t)n_others, sizeof(*others), HoleEdgeCompare);
    for (HoleIndex k = 0; k < pass->k; ++k) {
      pass->ids[i * pass->k + k]     = others[k].i;
      pass->lengths[i * pass->k + k] = others[k].length;
    }
  }
  PetscCall(PetscFree(others));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode find_edges(HolePass pass)
{
  HoleDistances d = pass->d;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(d->n_local * d->n, &pass->edges));
  for (HoleIndex i = 0; i < d->n_local; ++i) {
    for (HoleIndex j = d->first + i + 1; j < d->n; ++j) {
      double length = HoleDistancesGetRow(d, i)[j];

      if (length <= pass->most) pass->edges[pass->n_edges++] = (HoleEdge){length, d->first + i, j};
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HolePassRun(HolePass pass)
{
  PetscFunctionBegin;
  PetscCall(HoleDistancesStore(pass->d));
  if (pass->want_tree) PetscCall(hole_forest_solve(pass->d, &pass->tree));
  if (pass->k) HoleCallAgreed(pass->d->comm, find_neighbours(pass));
  if (pass->want_edges) HoleCallAgreed(pass->d->comm, find_edges(pass));
  if (pass->want_radius) PetscCall(HoleDistancesGetEnclosingRadius(pass->d, &pass->radius));
  if (pass->want_quantile) PetscCall(HoleDistancesGetQuantile(pass->d, pass->q, &pass->quantile));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HolePassGetTree(HolePass pass, HoleTree *tree)
{
  PetscFunctionBegin;
  *tree      = pass->tree;
  pass->tree = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HolePassGetNeighbours(HolePass pass, HoleIndex *k, const HoleIndex *ids[], const double *lengths[])
{
  PetscFunctionBegin;
  *k       = pass->k;
  *ids     = pass->ids;
  *lengths = pass->lengths;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HolePassGetEdges(HolePass pass, HoleIndex *n_edges, const HoleEdge *edges[])
{
  PetscFunctionBegin;
  *n_edges = pass->n_edges;
  *edges   = pass->edges;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HolePassGetEnclosingRadius(HolePass pass, double *radius)
{
  PetscFunctionBegin;
  *radius = pass->radius;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HolePassGetQuantile(HolePass pass, double *length)
{
  PetscFunctionBegin;
  *length = pass->quantile;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HolePassDestroy(HolePass *pass)
{
  PetscFunctionBegin;
  if (!*pass) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HoleTreeDestroy(&(*pass)->tree));
  PetscCall(PetscFree((*pass)->ids));
  PetscCall(PetscFree((*pass)->lengths));
  PetscCall(PetscFree((*pass)->edges));
  PetscCall(PetscFree(*pass));
  PetscFunctionReturn(PETSC_SUCCESS);
}
