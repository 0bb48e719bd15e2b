/* One set of loops for two types: floats, which may be bounds, and doubles, which are lengths. */
#include "scans.h"

#include "../core/simd.h"
#include <float.h>
#include <math.h>

enum { AT_ONCE = 4 /* vectors that are looked at together */ };

/* HIGH: the upper bounds that belong to some lower ones, hole_tile_high() lane by lane. */
#define NAME(loop)                float_##loop
#define REAL                      float
#define VECTOR                    hole_f16
#define MASK                      hole_m16
#define BYTES                     hole_b16
#define LANES                     HOLE_FLOAT_LANES
#define SIGN                      31
#define SIGNS                     HOLE_SIGNS16
#define HIGH(low, slack, slacks)  (((low) + (slack) + *(const hole_f16 *)(slacks)) * (1 + 0x1p-20F))
#define HIGH_ONE(low, slack, one) hole_tile_high(low, slack, one)
#include "scan_loops.h"
#undef NAME
#undef REAL
#undef VECTOR
#undef MASK
#undef BYTES
#undef LANES
#undef SIGN
#undef SIGNS
#undef HIGH
#undef HIGH_ONE

#define NAME(loop)                double_##loop
#define REAL                      double
#define VECTOR                    hole_v8
#define MASK                      hole_m8
#define BYTES                     hole_b8
#define LANES                     HOLE_LANES
#define SIGN                      63
#define SIGNS                     HOLE_SIGNS8
#define HIGH(low, slack, slacks)  ((void)(slack), (void)(slacks), (low))
#define HIGH_ONE(low, slack, one) (low)
#include "scan_loops.h"

/* Measures are floats already, but for lengths that are beyond them. */
static float narrow(double measure) { return (float)PetscMin(measure, FLT_MAX); }

HoleIndex hole_scan_lanes(hole_bounds b) { return b->wide ? HOLE_LANES : HOLE_FLOAT_LANES; }

void hole_scan_beyond(hole_bounds b, HoleIndex begin, HoleIndex end, const void *row, double bar, signed char settled[])
{
  if (b->wide) double_beyond(end - begin, (const double *)row + begin, bar, settled);
  else float_beyond(end - begin, (const float *)row + begin, narrow(bar), settled);
}

void hole_scan_settle(hole_bounds b, HoleIndex i, HoleIndex k, HoleIndex begin, HoleIndex end, const void *row_i,
                      const void *row_k, signed char settled[])
{
  const double high_ik = hole_bounds_high(b, i, row_i, k);

  if (b->wide)
    double_settle(end - begin, (const double *)row_i + begin, high_ik, (const double *)row_k + begin, 0,
                  b->slack + begin, settled);
  else
    float_settle(end - begin, (const float *)row_i + begin, (float)high_ik, (const float *)row_k + begin, b->slack[k],
                 b->slack + begin, settled);
}

HoleIndex hole_scan_within(hole_bounds b, HoleIndex m, const void *row_i, const void *row_j, double bar)
{
  return b->wide ? double_within(m, b->stride, row_i, row_j, bar)
                 : float_within(m, b->stride, row_i, row_j, narrow(bar));
}

HoleIndex hole_scan_between(hole_bounds b, HoleIndex m, HoleIndex i, HoleIndex j, const void *row_i, const void *row_j,
                            double from, double to)
{
  if (b->wide) return double_between(m, b->stride, row_i, row_j, 0, 0, b->slack, from, to);
  return float_between(m, b->stride, row_i, row_j, b->slack[i], b->slack[j], b->slack, narrow(from), narrow(to));
}

double hole_scan_least_high(hole_bounds b, HoleIndex i, HoleIndex j, const void *row_i, const void *row_j)
{
  if (b->wide) return double_least_high(b->stride, row_i, row_j, 0, 0, b->slack);
  return (double)float_least_high(b->stride, row_i, row_j, b->slack[i], b->slack[j], b->slack);
}
