/* calibrate.h - how fast this machine is at what takes the time: measured in less than a second. */
#pragma once

#include "run.h"

/* Seconds of one pair of points of `width` units: fixed + unit * width. */
struct pair_rate {
  double fixed, unit;
};

struct rates {
  struct pair_rate tile[APP_MAX_METRICS];   /* bounds of a pair in a pass, by metric of the run */
  struct pair_rate length[APP_MAX_METRICS]; /* its length in double precision, as rows are stored */
  double           byte;                    /* seconds to read one byte of memory */
};

/* Measure. Not collective: for one rank. */
PetscErrorCode calibrate(const struct app_run *run, struct rates *rates);

static inline double pair_seconds(const struct pair_rate *rate, double width)
{
  return rate->fixed + rate->unit * width;
}
