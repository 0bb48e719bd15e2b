/* clouds.h - clouds of points that are hard for bounds in single precision: ties, copies, far from 0, over many orders of magnitude. */
#pragma once

#include "testing.h"

#include <hole/hole_distances.h>
#include <math.h>

enum cloud_kind {
  UNIFORM,
  GRID,      /* few values: ties */
  COPIES,    /* few places, many points each */
  EQUAL,     /* all points equal */
  LINE,      /* collinear */
  FAR,       /* clouds far from 0 and from each other, tiny inside: bounds decide nothing */
  SCALES,    /* lengths over many orders of magnitude */
  RELU,      /* half of all units zero, clusters */
  HUGE_ONES, /* near the end of double precision */
  TINY_ONES,
  LOSSY_ONES, /* squares of lengths are a few times the least double */
  NEAR_TIES,  /* lengths that differ less than single precision tells */
  LEAST_ONES, /* lengths that are a few times the least float */
  N_KINDS,
  SPHERE /* the farthest points of all points differ */
};

struct cloud {
  enum cloud_kind kind;
  HoleIndex       n, width;
  uint64_t        seed;
  PetscBool       single;
};

/* Are there angles between its rows? Some have no norm in double precision. */
static inline PetscBool cloud_has_angles(enum cloud_kind kind)
{
  return (PetscBool)(kind != HUGE_ONES && kind != TINY_ONES && kind != LOSSY_ONES && kind != SCALES &&
                     kind != LEAST_ONES);
}

static inline double cloud_coordinate(const struct cloud *c, HoleIndex i, HoleIndex u)
{
  const double    x     = hole_random_uniform(c->seed, (uint64_t)(i * c->width + u));
  const HoleIndex group = (HoleIndex)(hole_random_bits(c->seed + 1, (uint64_t)i) % 5);
  const double    place = hole_random_uniform(c->seed + 2, (uint64_t)(group * c->width + u));

  switch (c->kind) {
  case GRID:
    return floor(3 * x) + 1; /* no zero rows */
  case COPIES:
    return 1 + floor(3 * place);
  case EQUAL:
    return 2;
  case LINE:
    return (1 + floor(40 * hole_random_uniform(c->seed, (uint64_t)(i * c->width)))) * (double)(u + 1);
  case FAR:
    return 1000 * (double)(group + 1) * (u ? 1 : 2) + 1e-6 * x;
  case SCALES:
    return pow(10, 12 * hole_random_uniform(c->seed + 3, (uint64_t)i) - 6) * (x - 0.5);
  case RELU:
    return x + 3 * place > 2 ? x + 3 * place - 2 : (u ? 0 : 0.01);
  case HUGE_ONES:
    return 1e150 * (x - 0.5);
  case TINY_ONES:
    return 1e-150 * (x - 0.5);
  case LOSSY_ONES:
    return 0x1.8p-537 * floor(4 * x);
  case NEAR_TIES:
    return (i % c->width == u) + (double)group + 1e-8 * x;
  case LEAST_ONES:
    return 0x1p-147 * (x - 0.5) + (u ? 0 : 0x1p-146 * (double)group);
  case SPHERE: /* that of the maximum norm */
    return u == (HoleIndex)(hole_random_bits(c->seed + 4, (uint64_t)i) % (uint64_t)c->width) ? (x < 0.5 ? -1 : 1)
                                                                                             : 2 * x - 1;
  default:
    return x - 0.25;
  }
}

static inline PetscErrorCode cloud_distances(const struct cloud *c, const char metric_name[], HoleDistances *d)
{
  HoleActivations acts;
  HoleMetric      metric;
  HoleIndex       first, n_local;
  double         *rows;

  PetscFunctionBegin;
  PetscCall(HoleMetricFind(metric_name, &metric));
  PetscCall(HoleActivationsCreate(PETSC_COMM_WORLD, "layer", c->n, c->width, &acts));
  PetscCall(HoleActivationsGetShape(acts, NULL, NULL, &first, &n_local));
  PetscCall(HoleActivationsGetRows(acts, &rows));
  for (HoleIndex i = 0; i < n_local * c->width; ++i) rows[i] = cloud_coordinate(c, first + i / c->width, i % c->width);
  PetscCall(HoleDistancesCreate(acts, metric, d));
  PetscCall(HoleDistancesSetPrecision(*d, c->single));
  PetscCall(HoleActivationsDestroy(&acts));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The whole matrix on every rank. */
static inline PetscErrorCode cloud_matrix(HoleDistances d, HoleIndex n, double matrix[])
{
  HoleIndex first, n_local;
  double   *buffer;

  PetscFunctionBegin;
  PetscCall(HoleDistancesGetShape(d, NULL, NULL, &first, &n_local));
  PetscCall(HoleDistancesAllocateBuffer(d, &buffer));
  PetscCall(PetscArrayzero(matrix, n * n));
  for (HoleIndex i = 0; i < n_local; ++i)
    PetscCall(PetscArraycpy(matrix + (first + i) * n, HoleDistancesReadRow(d, i, buffer), n));
  PetscCall(PetscFree(buffer));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, matrix, (PetscMPIInt)(n * n), MPI_DOUBLE, MPI_SUM, PETSC_COMM_WORLD));
  PetscFunctionReturn(PETSC_SUCCESS);
}
