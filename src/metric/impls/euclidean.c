/* Euclidean distance: square root of the sum of squared differences. */
#include <math.h>

#define HOLE_TILE_KERNEL          hole_euclidean_kernel
#define HOLE_TILE_ADD(sum, u, v)  ((sum) += ((u) - (v)) * ((u) - (v)))
#define HOLE_TILE_FINISH(s, x, y) sqrt(s)
#include "../tile.h"

const struct HoleMetric_s hole_metric_euclidean = {.name     = HOLE_METRIC_EUCLIDEAN,
                                                   .bound    = HOLE_BOUND_EUCLIDEAN,
                                                   .triangle = PETSC_TRUE,
                                                   .kernel   = &hole_euclidean_kernel};
