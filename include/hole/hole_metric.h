/** @file
 * Dissimilarities between rows of activations. */
#pragma once

#include <hole/hole_types.h>

/**
 * A metric: how rows are prepared and how two prepared rows are compared. A constant of the library, never freed.
 *
 * Every value is a double computed by the direct formula in a fixed order of summation, so it depends on the two rows
 * alone: not on ranks, blocks or libraries. Values are symmetric, and 0 between equal rows.
 */
typedef const struct HoleMetric_s *HoleMetric;

#define HOLE_METRIC_EUCLIDEAN "euclidean" /**< square root of the sum of squared differences */
#define HOLE_METRIC_COSINE    "cosine"    /**< 1 - x.y / (|x| |y|); a zero row is an input error */

/** Look a metric up. Not collective. @errors HOLE_ERR_USAGE: no such metric; the message lists the known ones. */
HOLE_EXTERN PetscErrorCode HoleMetricFind(const char name[], HoleMetric *metric);

/** Name of a metric, as in the options. Not collective. */
HOLE_EXTERN const char *HoleMetricGetName(HoleMetric metric);
