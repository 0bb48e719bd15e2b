/* Cosine distance: 1 - x.y / sqrt(|x|^2 |y|^2). The one extra value of a row is its squared norm.

   The square root of a product, not the product of square roots: for equal rows it is exactly |x|^2, so the distance of
   duplicates is exactly 0. Rounding may carry the quotient above 1 for rows that are nearly parallel; it is cut at 0. */
#include <math.h>

/* Squared norms within these bounds have a product that neither overflows nor loses digits. */
#define LEAST_SQUARE 0x1p-500
#define MOST_SQUARE  0x1p500

static inline double cosine_distance(double dot, double square_x, double square_y)
{
  double d = 1 - dot / sqrt(square_x * square_y);

  return d < 0 ? 0 : d; /* NaN stays, and is reported as an overflow */
}

#define HOLE_TILE_KERNEL          hole_cosine_kernel
#define HOLE_TILE_ADD(sum, u, v)  ((sum) += (u) * (v))
#define HOLE_TILE_FINISH(s, x, y) cosine_distance(s, (x)[0], (y)[0])
#include "../tile.h"

/* The squared norm, summed as the products are. */
const char *hole_cosine_prepare(double row[], HoleIndex n_padded)
{
  hole_v8 sum  = {0};
  int     some = 0;

  for (HoleIndex c = 0; c < n_padded; c += HOLE_LANES) {
    hole_v8 u = *(const hole_v8 *)(row + c);

    HOLE_TILE_ADD(sum, u, u);
  }
  row[n_padded] = hole_metric_sum((const double *)&sum);
  for (HoleIndex c = 0; c < n_padded && !some; ++c) some = row[c] != 0;
  if (!some) return "has norm 0, so it has no direction; the cosine distance needs rows that are not zero";
  if (row[n_padded] > LEAST_SQUARE && row[n_padded] < MOST_SQUARE) return NULL;
  return "has a norm too small or too large for the cosine distance in double precision";
}

const struct HoleMetric_s hole_metric_cosine = {.name    = HOLE_METRIC_COSINE,
                                                .n_extra = 1,
                                                .bound   = HOLE_BOUND_ANGULAR,
                                                .prepare = hole_cosine_prepare,
                                                .kernel  = &hole_cosine_kernel};
