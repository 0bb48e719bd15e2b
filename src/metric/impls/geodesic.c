/* Geodesic distance: shortest path over edges between mutual nearest neighbours, see distances/geodesic.h. */
#include "../metric_impl.h"

const struct HoleMetric_s hole_metric_geodesic = {
    .name = HOLE_METRIC_GEODESIC, .base = &hole_metric_euclidean, .rule = HOLE_RULE_PATHS};
