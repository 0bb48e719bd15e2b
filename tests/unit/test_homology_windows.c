/* The distributed algorithm gives what the textbook one gives: intervals, their simplices, zero-length pairs and merge tree, on
   tied, duplicated, degenerate and non-metric input, for any number of windows, at several thresholds. */
#include "matrices.h"

#include <hole/hole_homology.h>

struct outcome {
  HoleTree    tree;
  HoleDiagram diagram;
};

static PetscErrorCode solve(HoleFiltration f, const char type[], PetscInt n_windows, struct outcome *o)
{
  HoleHomology h;

  PetscFunctionBegin;
  PetscCall(HoleHomologyCreate(f, &h));
  PetscCall(HoleHomologySetType(h, type));
  PetscCall(HoleHomologySetWindows(h, n_windows));
  PetscCall(HoleHomologySolve(h, &o->tree, &o->diagram));
  PetscCall(HoleHomologyDestroy(&h));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode destroy(struct outcome *o)
{
  PetscFunctionBegin;
  PetscCall(HoleTreeDestroy(&o->tree));
  PetscCall(HoleDiagramDestroy(&o->diagram));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode compare(const struct outcome *got, const struct outcome *want, const char label[])
{
  const HoleInterval *a, *b;
  HoleIndex           n, m, zeros, expected_zeros;

  PetscFunctionBegin;
  n = HoleTreeGetSize(want->tree);
  TEST_CHECK(n == 1 ||
                 !memcmp(HoleTreeGetEdges(got->tree), HoleTreeGetEdges(want->tree), (size_t)(n - 1) * sizeof(HoleEdge)),
             "%s: the merge trees differ", label);
  for (PetscInt dim = 0; dim <= HoleDiagramGetMaxDim(want->diagram); ++dim) {
    PetscCall(HoleDiagramGetIntervals(got->diagram, dim, &m, &a, &zeros));
    PetscCall(HoleDiagramGetIntervals(want->diagram, dim, &n, &b, &expected_zeros));
    TEST_CHECK(n == m && zeros == expected_zeros,
               "%s, dimension %d: %d intervals and %d zero pairs, expected %d and %d", label, (int)dim, (int)m,
               (int)zeros, (int)n, (int)expected_zeros);
    TEST_CHECK(!n || !memcmp(a, b, (size_t)n * sizeof(*a)), "%s, dimension %d: the intervals differ", label, (int)dim);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_case(struct test_matrix matrix, HoleIndex n, const char threshold[])
{
  const PetscInt windows[] = {0, 1, 2, 7, 64};
  HoleDistances  d;
  HoleFiltration f;
  struct outcome want, got;
  char           label[128];

  PetscFunctionBegin;
  PetscCall(HoleDistancesCreateFromRows(PETSC_COMM_WORLD, n, test_matrix_row, &matrix, &d));
  PetscCall(HoleFiltrationCreate(d, &f));
  PetscCall(HoleFiltrationSetThreshold(f, threshold));
  PetscCall(HoleFiltrationSetUp(f));
  PetscCall(solve(f, HOLE_HOMOLOGY_STANDARD, 0, &want));
  for (int w = 0; w < 5; ++w) {
    PetscCall(PetscSNPrintf(label, sizeof(label), "kind %d, seed %d, n %d, threshold %s, windows %d", (int)matrix.kind,
                            (int)matrix.seed, (int)n, threshold, (int)windows[w]));
    PetscCall(solve(f, HOLE_HOMOLOGY_WINDOWS, windows[w], &got));
    PetscCall(compare(&got, &want, label));
    PetscCall(destroy(&got));
  }
  PetscCall(destroy(&want));
  PetscCall(HoleFiltrationDestroy(&f));
  PetscCall(HoleDistancesDestroy(&d));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  const char *const  thresholds[] = {"enclosing", "inf", "quantile:0.3", "0.5", "0"};
  struct test_random r            = {1, 0};

  PetscFunctionBeginUser;
  PetscCall(PetscInitialize(&argc, &argv, NULL, NULL));
  for (int kind = 0; kind < TEST_N_KINDS; ++kind) {
    for (HoleIndex n = 1; n <= 6; ++n) PetscCall(check_case((struct test_matrix){kind, (uint64_t)n}, n, "enclosing"));
    for (int t = 0; t < 5; ++t)
      PetscCall(check_case((struct test_matrix){kind, (uint64_t)(100 * kind + t)}, 10 + test_random_below(&r, 25),
                           thresholds[t]));
  }
  PetscCall(PetscFinalize());
  return 0;
}
