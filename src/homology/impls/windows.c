/* Distributed, any dimension: critical simplices from lunes, then columns that flow through windows of the order of edges.

   The order is cut into windows, dealt to the ranks in turn. The owner of a window holds all pivots whose longest edge is in it. A
   column starts in the window of its birth; without a pivot there it moves on, with its chain, to the owner of the next window:

       owner of window w:  for each column born in w, latest birth first:        reduce within w
                           then for each column that arrives, first in, first out: reduce within w
                           a pivot found -> pair recorded, column stays;  none -> send to window w + 1

   The order is that of a serial reduction, since columns born in a window are born later than all that arrive. So the pairs, and
   the chains, are those of a serial run for any number of windows and ranks. A rank never waits for one window while another
   has work. After the last window a column without a pivot is an interval that does not end.

   Two ways compute the same, bit for bit: by lengths (dimension 1 modulo 2, where nearly all pairs are edges: nothing is sorted, no
   node needs more than its share of rows), and by ranks (everything else). docs/math/homology.md. */
#include "../pipeline.h"

#include <hole/hole_error.h>

/* Local. */
static PetscErrorCode copy_tree(HoleTree tree, HoleTree *copy)
{
  PetscFunctionBegin;
  PetscCall(HoleTreeCreate(HoleTreeGetSize(tree), HoleTreeGetEdges(tree), copy));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* It follows from the options alone. */
static PetscBool reads_bounds(HoleHomology homology, PetscInt max_dim)
{
  return (PetscBool)(max_dim == 1 && homology->prime == 2);
}

/* It follows from the input and options alone. */
static PetscBool goes_by_ranks(HoleHomology homology, PetscInt max_dim)
{
  return (PetscBool)(!reads_bounds(homology, max_dim) || HoleFiltrationIsGraph(homology->filtration));
}

static PetscErrorCode solve_windows(HoleHomology homology, HoleTree *tree, HoleDiagram diagram)
{
  const PetscInt max_dim = HoleDiagramGetMaxDim(diagram);

  PetscFunctionBegin;
  HoleCallAgreed(HoleFiltrationGetComm(homology->filtration),
                 copy_tree(HoleFiltrationGetTree(homology->filtration), tree)); /* local */
  PetscCall(hole_homology_fill_dim0(homology, diagram));
  if (homology->resumed.dim >= max_dim) PetscFunctionReturn(PETSC_SUCCESS);
  if (goes_by_ranks(homology, max_dim)) PetscCall(hole_solve_by_ranks(homology, diagram));
  else {
    PetscCall(hole_solve_by_lengths(homology, diagram));
    PetscCall(hole_homology_dimension_done(homology, diagram, &(struct hole_homology_state){.dim = 1}));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static double predict_windows(HoleHomology homology, HoleIndex n, PetscInt max_dim, PetscMPIInt size)
{
  if (max_dim < 1) return hole_homology_predict_result(n);
  return hole_homology_predict_result(n) + (reads_bounds(homology, max_dim) ? hole_solve_by_lengths_predict(n, size)
                                                                            : hole_solve_by_ranks_predict(n, size));
}

const struct hole_homology_ops hole_homology_windows = {HOLE_HOMOLOGY_WINDOWS, HOLE_MAX_DIM, predict_windows,
                                                        reads_bounds, solve_windows};
