/* What a program of somebody else does: the loop of a square, from points to its interval. */
#include <hole/hole.h>
#include <math.h>
#include <stdio.h>

static PetscErrorCode solve(void)
{
  const double        corners[4][2] = {{0, 0}, {1, 0}, {1, 1}, {0, 1}};
  HoleActivations     points;
  HoleMetric          metric;
  HoleDistances       distances;
  HoleFiltration      filtration;
  HoleHomology        homology;
  HoleTree            tree;
  HoleDiagram         diagram;
  const HoleInterval *loops;
  HoleIndex           first, n_local, n;
  double             *rows;

  PetscFunctionBegin;
  PetscCall(HoleActivationsCreate(PETSC_COMM_WORLD, "square", 4, 2, &points));
  PetscCall(HoleActivationsGetShape(points, NULL, NULL, &first, &n_local));
  PetscCall(HoleActivationsGetRows(points, &rows));
  for (HoleIndex i = 0; i < 2 * n_local; ++i) rows[i] = corners[first + i / 2][i % 2];
  PetscCall(HoleMetricFind(HOLE_METRIC_EUCLIDEAN, &metric));
  PetscCall(HoleDistancesCreate(points, metric, &distances));
  PetscCall(HoleFiltrationCreate(distances, &filtration));
  PetscCall(HoleFiltrationSetUp(filtration));
  PetscCall(HoleHomologyCreate(filtration, &homology));
  PetscCall(HoleHomologySolve(homology, &tree, &diagram));
  PetscCall(HoleDiagramGetIntervals(diagram, 1, &n, &loops, NULL));
  PetscCheck(n == 1 && loops[0].birth == 1 && loops[0].death == sqrt(2), PETSC_COMM_SELF, PETSC_ERR_PLIB,
             "A square has one loop, from 1 to the root of 2");
  PetscCall(HoleDiagramDestroy(&diagram));
  PetscCall(HoleTreeDestroy(&tree));
  PetscCall(HoleHomologyDestroy(&homology));
  PetscCall(HoleFiltrationDestroy(&filtration));
  PetscCall(HoleDistancesDestroy(&distances));
  PetscCall(HoleActivationsDestroy(&points));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  PetscFunctionBeginUser;
  PetscCall(PetscInitialize(&argc, &argv, NULL, NULL));
  PetscCall(solve());
  PetscCall(PetscFinalize());
  return 0;
}
