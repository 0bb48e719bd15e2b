/* Density-normalised distances [AthreyaRosen2025]: those of a base metric, divided by sqrt(s_i s_j); s_i is the distance of the
   k-th neighbour, see distances/scale.c. */
#include "../metric_impl.h"

const struct HoleMetric_s hole_metric_density_euclidean = {
    .name = HOLE_METRIC_DENSITY_EUCLIDEAN, .base = &hole_metric_euclidean, .rule = HOLE_RULE_SCALED};

const struct HoleMetric_s hole_metric_density_cosine = {
    .name = HOLE_METRIC_DENSITY_COSINE, .base = &hole_metric_cosine, .rule = HOLE_RULE_SCALED};

const struct HoleMetric_s hole_metric_density_mahalanobis = {
    .name = HOLE_METRIC_DENSITY_MAHALANOBIS, .base = &hole_metric_mahalanobis, .rule = HOLE_RULE_SCALED};
