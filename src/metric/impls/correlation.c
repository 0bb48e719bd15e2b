/* Correlation distance: 1 - Pearson's r, the cosine distance of rows less their own mean. */
#include "../metric_impl.h"

#include <hole/hole_error.h>

/* The mean of a row, summed over the lanes as metric_impl.h says. */
static double mean_of(HoleIndex width, const double row[])
{
  double lanes[HOLE_LANES] = {0};

  for (HoleIndex c = 0; c < width; ++c) lanes[c % HOLE_LANES] += row[c];
  return hole_metric_sum(lanes) / (double)width;
}

/* Looked at before the mean is taken away: its rounding would leave something of a constant row. */
static PetscBool is_constant(HoleIndex width, const double row[])
{
  for (HoleIndex c = 1; c < width; ++c) {
    if (row[c] != row[0]) return PETSC_FALSE;
  }
  return PETSC_TRUE;
}

/* Local. */
static PetscErrorCode center_rows(HoleActivations acts, HoleActivations out)
{
  HoleIndex n_local, width;
  double   *from, *to;

  PetscFunctionBegin;
  PetscCall(HoleActivationsGetShape(acts, NULL, &width, NULL, &n_local));
  PetscCall(HoleActivationsGetRows(acts, &from));
  PetscCall(HoleActivationsGetRows(out, &to));
  for (HoleIndex i = 0; i < n_local; ++i, from += width, to += width) {
    const double mean = mean_of(width, from);

    PetscCheck(!is_constant(width, from), PETSC_COMM_SELF, HOLE_ERR_INPUT,
               "Layer %s, row %" HoleIndex_FMT
               " is constant, so nothing is left of it without its mean; the correlation "
               "distance needs rows whose units differ",
               HoleActivationsGetName(acts), HoleActivationsGetFileRow(acts, i));
    for (HoleIndex c = 0; c < width; ++c) to[c] = from[c] - mean;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective. */
static PetscErrorCode transform(HoleActivations acts, HoleActivations *out)
{
  HoleIndex      width;
  PetscErrorCode centered;

  PetscFunctionBegin;
  PetscCall(HoleActivationsGetShape(acts, NULL, &width, NULL, NULL));
  PetscCall(hole_metric_create_rows(acts, width, out));
  centered = HoleErrorAgree(HoleActivationsGetComm(acts), center_rows(acts, *out));
  if (centered) PetscCall(HoleActivationsDestroy(out));
  PetscCall(centered);
  PetscFunctionReturn(PETSC_SUCCESS);
}

const struct HoleMetric_s hole_metric_correlation = {.name      = HOLE_METRIC_CORRELATION,
                                                     .n_extra   = 1,
                                                     .bound     = HOLE_BOUND_ANGULAR,
                                                     .transform = transform,
                                                     .prepare   = hole_cosine_prepare,
                                                     .kernel    = &hole_cosine_kernel};
