/* matrices.h - random dissimilarity matrices for the tests of homology: generic, tied, duplicated, degenerate, not metric. */
#pragma once

#include "testing.h"

#include <hole/hole_distances.h>
#include <math.h>

enum test_matrix_kind {
  TEST_UNIFORM,    /* points in a cube of 1 to 8 dimensions */
  TEST_GRID,       /* integer points: many ties */
  TEST_COPIES,     /* few places, many points each */
  TEST_LINE,       /* collinear */
  TEST_EQUAL,      /* all points equal */
  TEST_SIMPLEX,    /* all distances 1 */
  TEST_CIRCLE,     /* regular polygon: ties and one long loop */
  TEST_CLUSTERS,   /* tight groups far apart */
  TEST_NO_METRIC,  /* independent random values */
  TEST_FEW_VALUES, /* independent values among 1, 2, 3 */
  TEST_N_KINDS
};

/* A matrix that any rank can compute any row of. */
struct test_matrix {
  enum test_matrix_kind kind;
  uint64_t              seed;
};

static inline double test_coordinate(const struct test_matrix *m, HoleIndex i, HoleIndex n, int axis)
{
  double u = hole_random_uniform(m->seed, (uint64_t)(i * 16 + axis));

  switch (m->kind) {
  case TEST_GRID:
    return floor(4 * u);
  case TEST_COPIES:
    return floor(2 * u);
  case TEST_LINE:
    return floor(50 * hole_random_uniform(m->seed, (uint64_t)i * 16)) * (axis + 1);
  case TEST_EQUAL:
    return 1;
  case TEST_CIRCLE:
    return axis == 0   ? cos(2 * PETSC_PI * (double)i / (double)n)
           : axis == 1 ? sin(2 * PETSC_PI * (double)i / (double)n)
                       : 0;
  case TEST_CLUSTERS:
    return 10 * (double)(i % 3) * (axis + 1) + u;
  default:
    return u;
  }
}

static inline PetscErrorCode test_matrix_row(HoleIndex i, HoleIndex n, double row[], void *ctx)
{
  const struct test_matrix *m      = ctx;
  const int                 n_axes = 1 + (int)(m->seed % 8);

  PetscFunctionBegin;
  for (HoleIndex j = 0; j < n; ++j) {
    HoleIndex low = PetscMin(i, j), high = PetscMax(i, j);
    double    u = hole_random_uniform(m->seed, (uint64_t)(low * n + high)), square = 0;

    for (int axis = 0; axis < n_axes; ++axis) {
      double t = test_coordinate(m, low, n, axis) - test_coordinate(m, high, n, axis);

      square += t * t;
    }
    row[j] = sqrt(square);
    if (m->kind == TEST_SIMPLEX) row[j] = 1;
    if (m->kind == TEST_NO_METRIC) row[j] = u;
    if (m->kind == TEST_FEW_VALUES) row[j] = 1 + floor(3 * u);
    if (i == j) row[j] = 0;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
