/* A failure on one rank at any point of the computation is an error on every rank: nobody waits, and the ranks can still talk. */
#include "matrices.h"

#include <hole/hole_homology.h>

static PetscErrorCode solve(HoleTree *tree, HoleDiagram *diagram)
{
  struct test_matrix matrix = {TEST_UNIFORM, 4};
  HoleDistances      d;
  HoleFiltration     f;
  HoleHomology       h = NULL;
  PetscErrorCode     solved;

  PetscFunctionBegin;
  PetscCall(HoleDistancesCreateFromRows(PETSC_COMM_WORLD, 60, test_matrix_row, &matrix, &d));
  PetscCall(HoleFiltrationCreate(d, &f));
  solved = HoleFiltrationSetUp(f);
  if (!solved) {
    PetscCall(HoleHomologyCreate(f, &h));
    PetscCall(HoleHomologySetWindows(h, 9));
    solved = HoleHomologySolve(h, tree, diagram);
    PetscCall(HoleHomologyDestroy(&h));
  }
  PetscCall(HoleFiltrationDestroy(&f));
  PetscCall(HoleDistancesDestroy(&d));
  PetscCall(solved);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_fault(const char point[], PetscMPIInt rank)
{
  HoleTree    tree    = NULL;
  HoleDiagram diagram = NULL;

  PetscFunctionBegin;
  TEST_FAULT(point, rank, solve(&tree, &diagram));
  TEST_CHECK(!tree && !diagram, "%s: something was left", point);
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  const char *const points[] = {"distances_allocate", "forest_allocate", "lunes_allocate", "panels_allocate",
                                "row_cache_allocate", "stream_allocate", "windows_reduce"}; /* one rank has no panels */
  HoleTree          tree;
  HoleDiagram       diagram;
  PetscMPIInt       size;

  PetscFunctionBeginUser;
  PetscCall(PetscInitialize(&argc, &argv, NULL, NULL));
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &size));
#if defined(HOLE_ENABLE_FAULTS)
  for (PetscMPIInt rank = 0; rank < size; ++rank) {
    for (int p = 0; p < 7; ++p) {
      if (size > 1 || strcmp(points[p], "panels_allocate")) PetscCall(check_fault(points[p], rank));
    }
  }
#else
  (void)points;
  (void)check_fault;
#endif
  PetscCall(solve(&tree, &diagram)); /* and all is well again */
  PetscCall(HoleTreeDestroy(&tree));
  PetscCall(HoleDiagramDestroy(&diagram));
  PetscCall(PetscFinalize());
  return 0;
}
