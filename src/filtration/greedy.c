/* The greedy permutation, one point a round. */
#include "greedy.h"

#include "../core/fault.h"
#include "../distances/rows.h"
#include <hole/hole_error.h>
#include <math.h>

enum { CHOSEN = -1, NONE = -2 }; /* in the place of a distance: below every other */

struct greedy {
  HoleDistances d;
  HoleIndex     first, n_local;
  double       *nearest; /* [n_local] distance of each own point from the chosen ones */
  double       *row;     /* [n_local] distances from the last of them */
  double       *point;   /* room for that point */
};

/* The farthest point, as MPI_DOUBLE_INT wants it; 2^30 points fit. */
struct farthest {
  double length;
  int    point;
};

/* Local. */
static PetscErrorCode allocate(struct greedy *g)
{
  PetscFunctionBegin;
  PetscCall(HoleDistancesGetShape(g->d, NULL, NULL, &g->first, &g->n_local));
  PetscCall(hole_fault(HoleDistancesGetComm(g->d), "greedy_allocate"));
  PetscCall(PetscMalloc3(g->n_local, &g->nearest, g->n_local, &g->row, hole_distances_point_size(g->d), &g->point));
  for (HoleIndex i = 0; i < g->n_local; ++i) g->nearest[i] = INFINITY;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The farthest of our points; of equal ones the first. */
static struct farthest find_farthest(const struct greedy *g)
{
  struct farthest most = {NONE, INT32_MAX};

  for (HoleIndex i = 0; i < g->n_local; ++i) {
    if (g->nearest[i] > most.length) most = (struct farthest){g->nearest[i], (int)(g->first + i)};
  }
  return most;
}

/* Collective: `point` is chosen; which one is farthest then? MPI_MAXLOC takes the smaller number of two that are equally far. */
static PetscErrorCode choose(struct greedy *g, HoleIndex point, struct farthest *next)
{
  struct farthest mine;

  PetscFunctionBegin;
  PetscCall(hole_distances_from_point(g->d, point, g->point, g->row));
  for (HoleIndex i = 0; i < g->n_local; ++i) g->nearest[i] = PetscMin(g->nearest[i], g->row[i]);
  if (point >= g->first && point < g->first + g->n_local) g->nearest[point - g->first] = CHOSEN;
  mine = find_farthest(g);
  PetscCallMPI(MPI_Allreduce(&mine, next, 1, MPI_DOUBLE_INT, MPI_MAXLOC, HoleDistancesGetComm(g->d)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective. */
static PetscErrorCode choose_all(struct greedy *g, double radius[])
{
  HoleIndex       n;
  struct farthest next = {INFINITY, 0};

  PetscFunctionBegin;
  HoleCallAgreed(HoleDistancesGetComm(g->d), allocate(g)); /* local */
  PetscCall(HoleDistancesGetShape(g->d, &n, NULL, NULL, NULL));
  for (HoleIndex m = 0; m < n; ++m) {
    radius[next.point] = next.length;
    PetscCall(choose(g, next.point, &next)); /* after the last one nothing is left: NONE or CHOSEN */
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_greedy_radii(HoleDistances d, double radius[])
{
  struct greedy  g = {.d = d};
  PetscErrorCode chosen;

  PetscFunctionBegin;
  chosen = choose_all(&g, radius);
  PetscCall(PetscFree3(g.nearest, g.row, g.point));
  PetscCall(chosen);
  PetscFunctionReturn(PETSC_SUCCESS);
}
