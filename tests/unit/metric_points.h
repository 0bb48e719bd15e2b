/* metric_points.h - what the tests of metrics share: points of many kinds, and whole matrices of distances on every rank. */
#pragma once

#include "testing.h"

#include <hole/hole_distances.h>
#include <math.h>

enum test_point_kind {
  TEST_RANDOM,   /* independent, off centre */
  TEST_GRID,     /* few integers: many ties, some equal rows */
  TEST_COPIES,   /* seven rows again and again */
  TEST_GROUPS,   /* tight groups far apart: neighbour graphs fall to pieces */
  TEST_LINE,     /* collinear, with integer coordinates */
  TEST_CONSTANT, /* half of the units are the same in all rows */
  TEST_EQUAL,    /* all rows are equal */
  TEST_N_POINT_KINDS,
  TEST_ROUNDING = TEST_N_POINT_KINDS /* four points in the plane, for geodesic with k = 2: see below */
};

static inline double test_point_value(enum test_point_kind kind, HoleIndex i, HoleIndex c)
{
  /* Links 3-1, 1-0 and 0-2 of lengths 1, 2^-53 and 1, but not 3-0, as 2 is as near to 0 and a smaller number: the path 3-1-0 is
     longer than the link 3-1, but their sums in double are equal, and (0,3) comes before (1,3). */
  const double rounding[4][2] = {{1, 0x1p-53}, {1, 0}, {1, 1 + 0x1p-52}, {0, 0}};
  double       u              = hole_random_uniform(11, (uint64_t)(i * 4096 + c));

  switch (kind) {
  case TEST_GRID:
    return 1 + floor(3 * u);
  case TEST_COPIES:
    return hole_random_uniform(12, (uint64_t)(i % 7 * 4096 + c)) - 0.25;
  case TEST_GROUPS:
    return 50 * hole_random_uniform(13, (uint64_t)(i % 5 * 4096 + c)) + (i % 3 ? u : floor(2 * u));
  case TEST_LINE:
    return (double)(c + 1) * floor(40 * hole_random_uniform(14, (uint64_t)i)) + 0.1 * (double)(c % 2);
  case TEST_CONSTANT:
    return c % 2 ? 0.1 : u + 1;
  case TEST_ROUNDING:
    return rounding[i % 4][c % 2];
  case TEST_EQUAL:
    return 0.1 * (double)(c + 1);
  default:
    return 3 * u - 1;
  }
}

/* Collective on `comm`. The rows of the file are the numbers of the points and 100. */
static inline PetscErrorCode test_points_create(MPI_Comm comm, enum test_point_kind kind, HoleIndex n, HoleIndex width,
                                                HoleActivations *acts)
{
  HoleIndex first, n_local, *file_rows;
  double   *rows;

  PetscFunctionBegin;
  PetscCall(HoleActivationsCreate(comm, "layer", n, width, acts));
  PetscCall(HoleActivationsGetShape(*acts, NULL, NULL, &first, &n_local));
  PetscCall(HoleActivationsGetRows(*acts, &rows));
  PetscCall(PetscMalloc1(n_local, &file_rows));
  for (HoleIndex i = 0; i < n_local; ++i) {
    file_rows[i] = first + i + 100;
    for (HoleIndex c = 0; c < width; ++c) rows[i * width + c] = test_point_value(kind, first + i, c);
  }
  PetscCall(HoleActivationsSetFileRows(*acts, file_rows));
  PetscCall(PetscFree(file_rows));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: the distances of a metric, made on `comm` from points of their own. */
static inline PetscErrorCode test_distances_create(MPI_Comm comm, const char name[], enum test_point_kind kind,
                                                   HoleIndex n, HoleIndex width, const HoleMetricOptions *options,
                                                   HoleDistances *d)
{
  HoleActivations acts;
  HoleMetric      metric;
  PetscErrorCode  created;

  PetscFunctionBegin;
  *d = NULL;
  PetscCall(HoleMetricFind(name, &metric));
  PetscCall(test_points_create(comm, kind, n, width, &acts));
  created = HoleDistancesCreateWith(acts, metric, options, d);
  PetscCall(HoleActivationsDestroy(&acts));
  PetscCall(created);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: store the rows and bring the whole matrix, [n, n], to every rank; to be freed. */
static inline PetscErrorCode test_distances_gather(HoleDistances d, double **matrix)
{
  HoleIndex n, first, n_local;

  PetscFunctionBegin;
  PetscCall(HoleDistancesStore(d));
  PetscCall(HoleDistancesGetShape(d, &n, NULL, &first, &n_local));
  PetscCall(PetscCalloc1(n * n, matrix));
  for (HoleIndex i = 0; i < n_local; ++i)
    PetscCall(PetscArraycpy(*matrix + (first + i) * n, HoleDistancesReadRow(d, i, NULL), n));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, *matrix, (int)(n * n), MPI_DOUBLE, MPI_SUM, HoleDistancesGetComm(d)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective on `comm`: the same of a metric by name. */
static inline PetscErrorCode test_distances_matrix(MPI_Comm comm, const char name[], enum test_point_kind kind,
                                                   HoleIndex n, HoleIndex width, const HoleMetricOptions *options,
                                                   double **matrix)
{
  HoleDistances d;

  PetscFunctionBegin;
  PetscCall(test_distances_create(comm, name, kind, n, width, options, &d));
  PetscCall(test_distances_gather(d, matrix));
  PetscCall(HoleDistancesDestroy(&d));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static inline int test_ascending(const void *a, const void *b)
{
  const double *x = (const double *)a, *y = (const double *)b;

  return *x < *y ? -1 : *x > *y;
}
