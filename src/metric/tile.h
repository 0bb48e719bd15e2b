/* tile.h - the loops that every metric over units shares; included once in a metric's file.

   Before including it, define
     HOLE_TILE_ADD(sum, u, v)       how eight units u of one row and v of the other add to the lanes `sum`, which begin at 0
     HOLE_TILE_COMBINE(lanes)       one number of the eight lanes; their sum, if it is not defined
     HOLE_TILE_FINISH(s, x, y)      the distance, from that number s and the extra values x[], y[] of the two rows
     HOLE_TILE_KERNEL               name of the kernel to define, if it is to be seen from other files
   It defines the kernel that metric_impl.h wants, `kernel` if it has no other name. Rows meet several at a time, so
   that units once loaded are used again and sums do not wait for each other; each pair is summed in the same order whichever
   block it falls in. */
#pragma once

#include "metric_impl.h"

#ifndef HOLE_TILE_COMBINE
  #define HOLE_TILE_COMBINE(lanes) hole_metric_sum(lanes)
#endif

/* Rows x[0], ..., x[NX - 1] against y[0], ..., y[NY - 1]. */
#define HOLE_TILE_BLOCK(NX, NY) \
  hole_v8 sum[NX][NY] = {0}; \
  for (HoleIndex c = 0; c < n_padded; c += HOLE_LANES) { \
    for (int a = 0; a < NX; ++a) { \
      hole_v8 u = *(const hole_v8 *)(x[a] + c); \
      for (int b = 0; b < NY; ++b) { \
        hole_v8 v = *(const hole_v8 *)(y[b] + c); \
        HOLE_TILE_ADD(sum[a][b], u, v); \
      } \
    } \
  } \
  for (int a = 0; a < NX; ++a) { \
    for (int b = 0; b < NY; ++b) { \
      double s                = HOLE_TILE_COMBINE((const double *)&sum[a][b]); \
      out[a * out_stride + b] = HOLE_TILE_FINISH(s, x[a] + n_padded, y[b] + n_padded); \
    } \
  }

HOLE_CLONES
static void block_2x4(const double *const x[], const double *const y[], HoleIndex n_padded, double out[],
                      HoleIndex out_stride){HOLE_TILE_BLOCK(2, 4)}

HOLE_CLONES static void block_1x4(const double *const x[], const double *const y[], HoleIndex n_padded, double out[],
                                  HoleIndex out_stride){HOLE_TILE_BLOCK(1, 4)}

HOLE_CLONES static void block_1x1(const double *const x[], const double *const y[], HoleIndex n_padded, double out[],
                                  HoleIndex out_stride)
{
  HOLE_TILE_BLOCK(1, 1)
}

/* One row against rows that lie anywhere. */
static void scatter(const double x[], HoleIndex n_y, const double *const y[], HoleIndex n_padded, double out[])
{
  HoleIndex b = 0;

  for (; b + 4 <= n_y; b += 4) block_1x4(&x, y + b, n_padded, out + b, 0);
  for (; b < n_y; ++b) block_1x1(&x, y + b, n_padded, out + b, 0);
}

/* One or two rows against rows that follow each other. */
static void strip(HoleIndex n_x, const double *const x[], HoleIndex n_y, const double y[], HoleIndex stride,
                  HoleIndex n_padded, double out[], HoleIndex out_stride)
{
  for (HoleIndex b = 0; b < n_y; b += 4) {
    const double *const four[4] = {y + b * stride, y + (b + 1) * stride, y + (b + 2) * stride, y + (b + 3) * stride};

    if (n_x == 2 && b + 4 <= n_y) block_2x4(x, four, n_padded, out + b, out_stride);
    else {
      for (HoleIndex a = 0; a < n_x; ++a) scatter(x[a], PetscMin(4, n_y - b), four, n_padded, out + a * out_stride + b);
    }
  }
}

static void tile(HoleIndex n_x, const double x[], HoleIndex n_y, const double y[], HoleIndex stride, HoleIndex n_padded,
                 double out[], HoleIndex out_stride)
{
  for (HoleIndex a = 0; a < n_x; a += 2) {
    const double *const two[2] = {x + a * stride, x + (a + 1) * stride};

    strip(PetscMin(2, n_x - a), two, n_y, y, stride, n_padded, out + a * out_stride, out_stride);
  }
}

#if defined(HOLE_TILE_KERNEL)
const struct hole_metric_kernel HOLE_TILE_KERNEL = {tile, scatter};
#else
static const struct hole_metric_kernel kernel = {tile, scatter};
#endif
