/** @file
 * Dissimilarities between rows of activations. */
#pragma once

#include <hole/hole_types.h>

/**
 * A metric: how rows are prepared and how two prepared rows are compared. A constant of the library, never freed.
 *
 * Every value is a double computed by the direct formula in a fixed order of summation, so it depends on the rows
 * alone: not on ranks or blocks, and but for Mahalanobis not on libraries. Values are symmetric, and 0 between equal rows (geodesic: see
 * docs/math/metrics.md, which has all formulas).
 */
typedef const struct HoleMetric_s *HoleMetric;

#define HOLE_METRIC_EUCLIDEAN           "euclidean" /**< square root of the sum of squared differences */
#define HOLE_METRIC_COSINE              "cosine"    /**< 1 - x.y / (|x| |y|); a zero row is an input error */
#define HOLE_METRIC_MANHATTAN           "manhattan" /**< sum of absolute differences */
#define HOLE_METRIC_CHEBYSHEV           "chebyshev" /**< largest absolute difference */
#define HOLE_METRIC_CORRELATION         "correlation" /**< cosine of rows less their mean; a constant row is an input error */
#define HOLE_METRIC_MAHALANOBIS         "mahalanobis" /**< Euclidean between whitened rows of at most 10 principal scores */
#define HOLE_METRIC_GEODESIC            "geodesic"          /**< shortest path over mutual nearest neighbours */
#define HOLE_METRIC_DENSITY_EUCLIDEAN   "density_euclidean" /**< Euclidean, divided by sqrt(s_i s_j), s a local scale */
#define HOLE_METRIC_DENSITY_COSINE      "density_cosine"    /**< cosine, divided likewise */
#define HOLE_METRIC_DENSITY_MAHALANOBIS "density_mahalanobis" /**< Mahalanobis, divided likewise */

/** What metrics that look at neighbours can be told. Where a point has fewer others, all of them count. */
typedef struct {
  HoleIndex
      density_neighbors; /**< -density_neighbors: the scale of a point is the distance of this neighbour; 1 or more */
  HoleIndex
      geodesic_neighbors; /**< -geodesic_neighbors: among so many nearest others an edge must lie, seen from both ends; 1 or more */
} HoleMetricOptions;

/** Initial value of a HoleMetricOptions: 5 and 10. */
#define HOLE_METRIC_OPTIONS_DEFAULT \
  { \
    .density_neighbors = 5, .geodesic_neighbors = 10 \
  }

/** Defaults, then -density_neighbors and -geodesic_neighbors. Not collective. @errors HOLE_ERR_USAGE: less than 1. */
HOLE_EXTERN PetscErrorCode HoleMetricOptionsGet(HoleMetricOptions *options);

/** Look a metric up. Not collective. @errors HOLE_ERR_USAGE: no such metric; the message lists the known ones. */
HOLE_EXTERN PetscErrorCode HoleMetricFind(const char name[], HoleMetric *metric);

/** Is the way over a third point never shorter than the direct one, but for rounding? Not collective. */
HOLE_EXTERN PetscBool HoleMetricObeysTriangle(HoleMetric metric);

/** Name of a metric, as in the options. Not collective. */
HOLE_EXTERN const char *HoleMetricGetName(HoleMetric metric);

/** The metric of which this one is made by looking at neighbours (geodesic, density_*); else the metric itself. Not collective. */
HOLE_EXTERN HoleMetric HoleMetricGetBase(HoleMetric metric);

/** How many neighbours of each point this metric looks at; 0 for none. Not collective. */
HOLE_EXTERN HoleIndex HoleMetricGetNeighbours(HoleMetric metric, const HoleMetricOptions *options);
