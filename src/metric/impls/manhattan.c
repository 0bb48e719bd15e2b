/* Manhattan distance: sum of absolute differences. */
#define HOLE_TILE_ADD(sum, u, v)  ((sum) += HOLE_ABS8((u) - (v)))
#define HOLE_TILE_FINISH(s, x, y) (s)
#include "../tile.h"

const struct HoleMetric_s hole_metric_manhattan = {
    .name = HOLE_METRIC_MANHATTAN, .bound = HOLE_BOUND_NONE, .triangle = PETSC_TRUE, .kernel = &kernel};
