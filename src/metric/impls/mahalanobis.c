/* Mahalanobis distance as HOLE defines it [AthreyaRosen2025]: of m = min(10, n - 5, d) principal scores, with a covariance that
   is regularised by r = max(1e-6, 1e-3 trace / m).

   The covariance S of principal scores is diagonal, so the distance is the Euclidean one of scores divided by
   sqrt(variance + r). HOLE takes no principal components of d <= 10 units if n is large enough; as m = d then, and a rotation
   changes no distance, that is the same number. Nor does its second regularisation, for cond(S + r I) > 1e12, ever come
   to pass: no eigenvalue exceeds the trace, and none is below r >= 1e-3 trace / 10, so the condition number is at most 10,001. */
#include "../metric_impl.h"
#include "../principal.h"

#include <hole/hole_error.h>
#include <math.h>

enum { MOST_AXES = 10, ROWS_TO_SPARE = 5 };

/* `inverse`, [n_axes]: by what a score is multiplied. */
static void find_factors(const struct hole_principal *p, double inverse[])
{
  double trace = 0, r;

  for (HoleIndex a = 0; a < p->n_axes; ++a) trace += p->variance[a];
  r = PetscMax(1e-6, 1e-3 * trace / (double)p->n_axes);
  for (HoleIndex a = 0; a < p->n_axes; ++a) inverse[a] = 1 / sqrt(p->variance[a] + r);
}

/* Local: equal rows come out equal. */
static PetscErrorCode whiten_rows(HoleActivations acts, const struct hole_principal *p, HoleActivations out)
{
  double    inverse[MOST_AXES], *from, *to;
  HoleIndex n_local;

  PetscFunctionBegin;
  find_factors(p, inverse);
  PetscCall(HoleActivationsGetShape(acts, NULL, NULL, NULL, &n_local));
  PetscCall(HoleActivationsGetRows(acts, &from));
  PetscCall(HoleActivationsGetRows(out, &to));
  for (HoleIndex i = 0; i < n_local; ++i, from += p->width, to += p->n_axes) {
    double score[MOST_AXES] = {0};

    for (HoleIndex c = 0; c < p->width; ++c) {
      for (HoleIndex a = 0; a < p->n_axes; ++a) score[a] += (from[c] - p->mean[c]) * p->axes[c * p->n_axes + a];
    }
    for (HoleIndex a = 0; a < p->n_axes; ++a) to[a] = score[a] * inverse[a];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective. With fewer than two axes, HOLE takes the Euclidean distance of the rows as they are. */
static PetscErrorCode transform(HoleActivations acts, HoleActivations *out)
{
  struct hole_principal p = {0};
  HoleIndex             n, width, n_axes;
  PetscErrorCode        made;

  PetscFunctionBegin;
  *out = NULL;
  PetscCall(HoleActivationsGetShape(acts, &n, &width, NULL, NULL));
  n_axes = PetscMin(MOST_AXES, PetscMin(n - ROWS_TO_SPARE, width));
  if (n_axes < 2) PetscFunctionReturn(PETSC_SUCCESS); /* equal on all ranks */
  made = hole_principal_find(acts, n_axes, &p);
  if (!made) made = hole_metric_create_rows(acts, n_axes, out);
  if (!made) made = HoleErrorAgree(HoleActivationsGetComm(acts), whiten_rows(acts, &p, *out));
  if (made) PetscCall(HoleActivationsDestroy(out));
  PetscCall(hole_principal_destroy(&p));
  PetscCall(made);
  PetscFunctionReturn(PETSC_SUCCESS);
}

const struct HoleMetric_s hole_metric_mahalanobis = {.name       = HOLE_METRIC_MAHALANOBIS,
                                                     .bound      = HOLE_BOUND_EUCLIDEAN,
                                                     .triangle   = PETSC_TRUE,
                                                     .transform  = transform,
                                                     .most_width = MOST_AXES,
                                                     .kernel     = &hole_euclidean_kernel};
