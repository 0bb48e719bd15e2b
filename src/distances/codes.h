/* codes.h - lower bounds of measures in 16 bits: half the memory of floats, and twice as many in a vector.

   A code c says that a measure is at least c steps; c plus the slacks of the two points says that it is at most so many. The largest code says
   nothing of how large a measure is. It is as exact as it needs to be: steps are so small that few comparisons are left to lengths which floats
   would decide. Kept shifted, since vectors compare signed integers. docs/math/distances.md. */
#pragma once

#include <hole/hole_types.h>
#include <math.h>

enum {
  HOLE_MOST_CODE_SLACK = 2048, /* of a point; a sum of a code and two of these still fits */
  HOLE_MOST_CODE       = UINT16_MAX - 2 * HOLE_MOST_CODE_SLACK, /* of anything beyond */
  HOLE_CODE_SHIFT      = -INT16_MIN,
  HOLE_CODE_LANES      = 16
};

struct hole_codes {
  double   step;    /* measure of one */
  float    inverse; /* a little less than 1 / step */
  int16_t *slack; /* [stride] what the code of a pair may fall short by is the sum of those of its points; 0 beyond n */
};

/* Local: codes of measures up to `top`, or as many as the slacks of the bounds, [n], leave room for. */
PetscErrorCode hole_codes_create(double top, HoleIndex n, const float slack[], struct hole_codes *codes);

PetscErrorCode hole_codes_destroy(struct hole_codes *codes);

/* n lower bounds. */
void hole_codes_encode(const struct hole_codes *codes, HoleIndex n, const float low[], int16_t row[]);

/* Codes that no measure up to this one exceeds, and that are exceeded by none from this one on, not shifted. */
static inline double hole_codes_above(const struct hole_codes *codes, double measure)
{
  return measure / codes->step * (1 + 0x1p-40);
}
static inline double hole_codes_below(const struct hole_codes *codes, double measure)
{
  return measure / codes->step * (1 - 0x1p-40);
}

static inline double hole_codes_low(int16_t code) { return (double)(code + HOLE_CODE_SHIFT); }

static inline double hole_codes_high(int16_t code, int16_t slack_i, int16_t slack_j)
{
  const int high = code + slack_i + slack_j + HOLE_CODE_SHIFT;

  return high < HOLE_MOST_CODE ? (double)high : INFINITY;
}
