/* One set of loops for three types: codes, which are bounds, floats, which may be, and doubles, which are lengths. */
#include "scans.h"

#include "../core/simd.h"
#include <float.h>
#include <math.h>

enum { AT_ONCE = 4 /* vectors that are looked at together */ };

/* Sixteen codes, any address. Half a vector of AVX-512, of which not every part compares 16 bits. */
typedef int16_t hole_c16 __attribute__((vector_size(32), aligned(2), may_alias));
typedef int16_t hole_mc16 __attribute__((vector_size(32), aligned(2)));

#define CODE_SIGNS UINT64_C(0x8000800080008000)

/* LESS: its sign in each lane tells. HIGH: the upper bounds that belong to some lower ones, hole_tile_high() lane by lane. */
#define NAME(loop)                codes_##loop
#define REAL                      int16_t
#define SLACK                     int16_t
#define VECTOR                    hole_c16
#define MASK                      hole_mc16
#define BYTES                     hole_b16
#define LANES                     HOLE_CODE_LANES
#define SIGN                      15
#define SIGNS                     CODE_SIGNS
#define LARGEST                   INT16_MAX
#define LESS(a, b)                ((MASK)((a) < (b)))
#define HIGH(low, slack, slacks)  ((low) + (slack) + *(const hole_c16 *)(slacks))
#define HIGH_ONE(low, slack, one) ((low) + (slack) + (one))
#include "scan_loops.h"
#undef NAME
#undef REAL
#undef SLACK
#undef VECTOR
#undef MASK
#undef BYTES
#undef LANES
#undef SIGN
#undef SIGNS
#undef LARGEST
#undef LESS
#undef HIGH
#undef HIGH_ONE

#define SLACK      float
#define LARGEST    INFINITY
#define LESS(a, b) ((MASK)((a) - (b))) /* compiles to less than a comparison */

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

/* The largest code that is not greater, and the smallest that is not less: of those that there are. */
static int16_t floor_code(double code)
{
  return (int16_t)((code < HOLE_MOST_CODE ? (int)floor(PetscMax(code, 0)) : HOLE_MOST_CODE) - HOLE_CODE_SHIFT);
}
static int16_t ceil_code(double code)
{
  return (int16_t)((code < HOLE_MOST_CODE ? (int)ceil(PetscMax(code, 0)) : HOLE_MOST_CODE) - HOLE_CODE_SHIFT);
}

HoleIndex hole_scan_lanes(hole_bounds b)
{
  const HoleIndex lanes[] = {HOLE_CODE_LANES, HOLE_FLOAT_LANES, HOLE_LANES};

  return lanes[b->kind];
}

void hole_scan_beyond(hole_bounds b, HoleIndex begin, HoleIndex end, const void *row, double bar, signed char settled[])
{
  switch (b->kind) {
  case HOLE_BOUNDS_CODES:
    codes_beyond(end - begin, (const int16_t *)row + begin, floor_code(bar), settled);
    break;
  case HOLE_BOUNDS_FLOATS:
    float_beyond(end - begin, (const float *)row + begin, narrow(bar), settled);
    break;
  case HOLE_BOUNDS_DOUBLES:
    double_beyond(end - begin, (const double *)row + begin, bar, settled);
    break;
  }
}

void hole_scan_settle(hole_bounds b, HoleIndex i, HoleIndex k, HoleIndex begin, HoleIndex end, const void *row_i,
                      const void *row_k, signed char settled[])
{
  const double    high_ik = hole_bounds_high(b, i, row_i, k);
  const HoleIndex n       = end - begin;

  switch (b->kind) {
  case HOLE_BOUNDS_CODES:
    codes_settle(n, (const int16_t *)row_i + begin, ceil_code(high_ik), (const int16_t *)row_k + begin,
                 b->codes.slack[k], b->codes.slack + begin, settled);
    break;
  case HOLE_BOUNDS_FLOATS:
    float_settle(n, (const float *)row_i + begin, (float)high_ik, (const float *)row_k + begin, b->slack[k],
                 b->slack + begin, settled);
    break;
  case HOLE_BOUNDS_DOUBLES:
    double_settle(n, (const double *)row_i + begin, high_ik, (const double *)row_k + begin, 0, b->slack + begin,
                  settled);
    break;
  }
}

HoleIndex hole_scan_within(hole_bounds b, HoleIndex m, const void *row_i, const void *row_j, double bar)
{
  switch (b->kind) {
  case HOLE_BOUNDS_CODES:
    return codes_within(m, b->stride, row_i, row_j, floor_code(bar));
  case HOLE_BOUNDS_FLOATS:
    return float_within(m, b->stride, row_i, row_j, narrow(bar));
  default:
    return double_within(m, b->stride, row_i, row_j, bar);
  }
}

HoleIndex hole_scan_between(hole_bounds b, HoleIndex m, HoleIndex i, HoleIndex j, const void *row_i, const void *row_j,
                            double from, double to)
{
  switch (b->kind) {
  case HOLE_BOUNDS_CODES:
    return codes_between(m, b->stride, row_i, row_j, b->codes.slack[i], b->codes.slack[j], b->codes.slack,
                         ceil_code(from), floor_code(to));
  case HOLE_BOUNDS_FLOATS:
    return float_between(m, b->stride, row_i, row_j, b->slack[i], b->slack[j], b->slack, narrow(from), narrow(to));
  default:
    return double_between(m, b->stride, row_i, row_j, 0, 0, b->slack, from, to);
  }
}

double hole_scan_least_high(hole_bounds b, HoleIndex i, HoleIndex j, const void *row_i, const void *row_j)
{
  switch (b->kind) {
  case HOLE_BOUNDS_CODES:
    return hole_codes_high(
        codes_least_high(b->stride, row_i, row_j, b->codes.slack[i], b->codes.slack[j], b->codes.slack), 0, 0);
  case HOLE_BOUNDS_FLOATS:
    return (double)float_least_high(b->stride, row_i, row_j, b->slack[i], b->slack[j], b->slack);
  default:
    return double_least_high(b->stride, row_i, row_j, 0, 0, b->slack);
  }
}
