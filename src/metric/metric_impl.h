/* metric_impl.h - what a metric must provide.

   A prepared row is `stride` doubles: the units, padded with zeros to a multiple of HOLE_LANES, then `n_extra` values of
   the metric's own (such as a norm), padded alike. Rows travel between ranks in this form.

   Sums run in HOLE_LANES partial sums, lane l taking units l, l + 8, l + 16, ..., then
   ((s0 + s4) + (s2 + s6)) + ((s1 + s5) + (s3 + s7)): one fixed order, whatever the machine. */
#pragma once

#include "../core/simd.h"
#include <hole/hole_activations.h>
#include <hole/hole_metric.h>

/* How products of rows in single precision bound the metric from below, so that most pairs need no double precision. */
enum hole_metric_bound {
  HOLE_BOUND_NONE,      /* not at all: every pair is computed directly */
  HOLE_BOUND_EUCLIDEAN, /* the metric is the Euclidean distance of the prepared units */
  HOLE_BOUND_ANGULAR /* twice the metric is the squared Euclidean distance of the prepared units divided by their norm */
};

/* How lengths of a metric that looks at neighbours come from those of its base. */
enum hole_metric_rule {
  HOLE_RULE_NONE,   /* it looks at none */
  HOLE_RULE_SCALED, /* divided by the geometric mean of the scales of both points: distances of their k-th neighbours */
  HOLE_RULE_PATHS   /* shortest paths along edges between mutual neighbours */
};

/* The formula, over prepared rows; both functions give equal bits. */
struct hole_metric_kernel {
  /* out[a * out_stride + b] = distance of x row a and y row b. */
  void (*tile)(HoleIndex n_x, const double x[], HoleIndex n_y, const double y[], HoleIndex stride, HoleIndex n_padded,
               double out[], HoleIndex out_stride);
  /* out[b] = distance of row x and the row that y[b] points to. */
  void (*scatter)(const double x[], HoleIndex n_y, const double *const y[], HoleIndex n_padded, double out[]);
};

struct HoleMetric_s {
  const char            *name;
  HoleIndex              n_extra;
  enum hole_metric_bound bound;
  PetscBool              triangle; /* d(x,z) <= d(x,y) + d(y,z), but for rounding */
  /* Rows to use instead of those of the layer, such as whitened ones; NULL: as they are, which `out` may be too. Collective; the
     caller owns `out`. */
  PetscErrorCode (*transform)(HoleActivations acts, HoleActivations *out);
  HoleIndex most_width; /* units of such rows at most; 0: as many as there were */
  /* Fill the extra values of one padded row; NULL where there are none. A message about a row that is not admitted
     says what was found; the caller adds layer and row. Returns that text, or NULL. */
  const char *(*prepare)(double row[], HoleIndex n_padded);
  const struct hole_metric_kernel *kernel; /* see tile.h */
  /* The metric of which this one is made by looking at neighbours (density_*, geodesic), which has the fields above but
     the name; NULL for the others. */
  HoleMetric            base;
  enum hole_metric_rule rule;
};

/* The metrics; register.c lists them. */
extern const struct HoleMetric_s hole_metric_euclidean;
extern const struct HoleMetric_s hole_metric_cosine;
extern const struct HoleMetric_s hole_metric_manhattan;
extern const struct HoleMetric_s hole_metric_chebyshev;
extern const struct HoleMetric_s hole_metric_correlation;
extern const struct HoleMetric_s hole_metric_mahalanobis;
extern const struct HoleMetric_s hole_metric_geodesic;
extern const struct HoleMetric_s hole_metric_density_euclidean;
extern const struct HoleMetric_s hole_metric_density_cosine;
extern const struct HoleMetric_s hole_metric_density_mahalanobis;

/* Formulas that several metrics use on rows of their own. */
const char *hole_cosine_prepare(double row[], HoleIndex n_padded);

extern const struct hole_metric_kernel hole_cosine_kernel;
extern const struct hole_metric_kernel hole_euclidean_kernel;

/* Collective: a layer of `width` units with the name and the rows of the file of this one, for a metric to fill. */
PetscErrorCode hole_metric_create_rows(HoleActivations acts, HoleIndex width, HoleActivations *out);

/* The fixed order in which the lanes are added. */
static inline double hole_metric_sum(const double s[HOLE_LANES])
{
  return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

/* Doubles in a prepared row. */
static inline HoleIndex hole_metric_stride(HoleMetric metric, HoleIndex width)
{
  return HOLE_ROUND_UP(width) + HOLE_ROUND_UP(metric->n_extra);
}
