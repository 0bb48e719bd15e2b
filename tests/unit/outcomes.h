/* outcomes.h - what unit tests of homology share: a tree with its diagram, and what makes two of them equal. */
#pragma once

#include "testing.h"

#include <hole/hole_homology.h>

struct test_outcome {
  HoleTree    tree;
  HoleDiagram diagram;
};

static inline PetscErrorCode test_outcome_destroy(struct test_outcome *o)
{
  PetscFunctionBegin;
  PetscCall(HoleTreeDestroy(&o->tree));
  PetscCall(HoleDiagramDestroy(&o->diagram));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static inline PetscErrorCode test_outcome_compare(const struct test_outcome *got, const struct test_outcome *want,
                                                  const char label[])
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
