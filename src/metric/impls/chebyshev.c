/* Chebyshev distance: largest absolute difference. No rounding but that of the difference, so no order of units matters. */
#include "../metric_impl.h"

static inline double most_of_lanes(const double lanes[HOLE_LANES])
{
  double most = lanes[0];

  for (int l = 1; l < HOLE_LANES; ++l) most = PetscMax(most, lanes[l]);
  return most;
}

#define HOLE_TILE_ADD(sum, u, v) \
  do { \
    hole_v8 difference_ = HOLE_ABS8((u) - (v)); \
    (sum)               = HOLE_MAX8(sum, difference_); \
  } while (0)
#define HOLE_TILE_COMBINE(lanes)  most_of_lanes(lanes)
#define HOLE_TILE_FINISH(s, x, y) (s)
#include "../tile.h"

const struct HoleMetric_s hole_metric_chebyshev = {
    .name = HOLE_METRIC_CHEBYSHEV, .bound = HOLE_BOUND_NONE, .triangle = PETSC_TRUE, .kernel = &kernel};
