/* The metrics by name, and what can be told of one. A new one is a file in impls/, a declaration in metric_impl.h and a line here. */
#include "metric_impl.h"
#include <hole/hole_error.h>

static const HoleMetric metrics[] = {&hole_metric_euclidean,      &hole_metric_cosine,
                                     &hole_metric_manhattan,      &hole_metric_chebyshev,
                                     &hole_metric_correlation,    &hole_metric_mahalanobis,
                                     &hole_metric_geodesic,       &hole_metric_density_euclidean,
                                     &hole_metric_density_cosine, &hole_metric_density_mahalanobis};

enum { N_METRICS = sizeof(metrics) / sizeof(metrics[0]) };

PetscErrorCode HoleMetricFind(const char name[], HoleMetric *metric)
{
  char known[HOLE_NAME_LENGTH] = "";

  PetscFunctionBegin;
  *metric = NULL;
  for (int m = 0; m < N_METRICS; ++m) {
    if (!strcmp(metrics[m]->name, name)) *metric = metrics[m];
    PetscCall(PetscStrlcat(known, m ? ", " : "", sizeof(known)));
    PetscCall(PetscStrlcat(known, metrics[m]->name, sizeof(known)));
  }
  PetscCheck(*metric, PETSC_COMM_SELF, HOLE_ERR_USAGE, "-metric %s: no such metric; this version has %s", name, known);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscBool HoleMetricObeysTriangle(HoleMetric metric) { return metric->triangle; }

const char *HoleMetricGetName(HoleMetric metric) { return metric->name; }

HoleMetric HoleMetricGetBase(HoleMetric metric) { return metric->base ? metric->base : metric; }

HoleIndex HoleMetricGetNeighbours(HoleMetric metric, const HoleMetricOptions *options)
{
  switch (metric->rule) {
  case HOLE_RULE_SCALED:
    return options->density_neighbors;
  case HOLE_RULE_PATHS:
    return options->geodesic_neighbors;
  case HOLE_RULE_NONE:
    break;
  }
  return 0;
}

static PetscErrorCode get_count(const char name[], HoleIndex *count)
{
  PetscInt value = (PetscInt)*count;

  PetscFunctionBegin;
  PetscCall(PetscOptionsGetInt(NULL, NULL, name, &value, NULL));
  PetscCheck(value >= 1, PETSC_COMM_SELF, HOLE_ERR_USAGE, "%s: found %" PetscInt_FMT ", expected 1 or more", name,
             value);
  *count = value;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleMetricOptionsGet(HoleMetricOptions *options)
{
  PetscFunctionBegin;
  *options = (HoleMetricOptions)HOLE_METRIC_OPTIONS_DEFAULT;
  PetscCall(get_count("-density_neighbors", &options->density_neighbors));
  PetscCall(get_count("-geodesic_neighbors", &options->geodesic_neighbors));
  PetscFunctionReturn(PETSC_SUCCESS);
}
