/* tile.h - the loops that every metric over units shares; included once in a metric's file.

   Before including it, define
     HOLE_TILE_ADD(sum, u, v)       how eight units u of one row and v of the other add to the lanes `sum`
     HOLE_TILE_FINISH(s, x, y)      the distance, from the sum s and the extra values x[], y[] of the two rows
   It defines `static void tile(...)` as HoleMetric_s wants it. Two rows meet four at a time, so that units once loaded
   are used several times; each pair is summed in the same order whichever block it falls in. */
#pragma once

#include "metric_impl.h"

#define HOLE_TILE_BLOCK(NX, NY) \
  hole_v8 sum[NX][NY] = {0}; \
  for (HoleIndex c = 0; c < n_padded; c += HOLE_LANES) { \
    for (int a = 0; a < NX; ++a) { \
      hole_v8 u = *(const hole_v8 *)(x + a * stride + c); \
      for (int b = 0; b < NY; ++b) { \
        hole_v8 v = *(const hole_v8 *)(y + b * stride + c); \
        HOLE_TILE_ADD(sum[a][b], u, v); \
      } \
    } \
  } \
  for (int a = 0; a < NX; ++a) { \
    for (int b = 0; b < NY; ++b) { \
      double s                = hole_metric_sum((const double *)&sum[a][b]); \
      out[a * out_stride + b] = HOLE_TILE_FINISH(s, x + a * stride + n_padded, y + b * stride + n_padded); \
    } \
  }

HOLE_CLONES
static void block_2x4(const double x[], const double y[], HoleIndex stride, HoleIndex n_padded, double out[],
                      HoleIndex out_stride){HOLE_TILE_BLOCK(2, 4)}

HOLE_CLONES static void block_1x1(const double x[], const double y[], HoleIndex stride, HoleIndex n_padded,
                                  double out[], HoleIndex out_stride)
{
  HOLE_TILE_BLOCK(1, 1)
}

static void tile(HoleIndex n_x, const double x[], HoleIndex n_y, const double y[], HoleIndex stride, HoleIndex n_padded,
                 double out[], HoleIndex out_stride)
{
  HoleIndex full_x = n_x / 2 * 2, full_y = n_y / 4 * 4;

  for (HoleIndex a = 0; a < full_x; a += 2) {
    for (HoleIndex b = 0; b < full_y; b += 4)
      block_2x4(x + a * stride, y + b * stride, stride, n_padded, out + a * out_stride + b, out_stride);
  }
  for (HoleIndex a = 0; a < n_x; ++a) {
    for (HoleIndex b = a < full_x ? full_y : 0; b < n_y; ++b)
      block_1x1(x + a * stride, y + b * stride, stride, n_padded, out + a * out_stride + b, out_stride);
  }
}
