/* The metrics by name. A new one is a file in impls/, a declaration in metric_impl.h and a line here. */
#include "metric_impl.h"
#include <hole/hole_error.h>

static const HoleMetric metrics[] = {&hole_metric_euclidean, &hole_metric_cosine};

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

const char *HoleMetricGetName(HoleMetric metric) { return metric->name; }
