/* Distances equal the formula summed in its fixed order, bit for bit, for any number of ranks; the numbers that describe all
   pairs equal those of a sorted list; rows that a metric does not admit, and overflow, are errors on every rank. */
#include "testing.h"

#include <hole/hole_distances.h>
#include <math.h>
#include <stdlib.h>

/* A value of the test's points: a few rows are copies of others. */
static double value_at(HoleIndex row, HoleIndex unit)
{
  return hole_random_uniform(7, (uint64_t)((row % 11) * 1000 + unit)) - 0.25;
}

static PetscErrorCode create_points(HoleIndex n, HoleIndex width, HoleActivations *acts)
{
  HoleIndex first, n_local;
  double   *rows;

  PetscFunctionBegin;
  PetscCall(HoleActivationsCreate(PETSC_COMM_WORLD, "layer", n, width, acts));
  PetscCall(HoleActivationsGetShape(*acts, NULL, NULL, &first, &n_local));
  PetscCall(HoleActivationsGetRows(*acts, &rows));
  for (HoleIndex i = 0; i < n_local * width; ++i) rows[i] = value_at(first + i / width, i % width);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Lane l sums units l, l + 8, ...; volatile keeps the compiler from fusing products into sums. */
static double sum_in_lanes(HoleIndex a, HoleIndex b, HoleIndex width, PetscBool product)
{
  volatile double s[8] = {0};

  for (HoleIndex c = 0; c < width; ++c) {
    volatile double x = value_at(a, c), y = value_at(b, c), t = product ? x : x - y, u = product ? y : t, p = t * u;

    s[c % 8] += p;
  }
  return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

static double expected(const char metric[], HoleIndex a, HoleIndex b, HoleIndex width)
{
  double d;

  if (a == b) return 0;
  if (!strcmp(metric, HOLE_METRIC_EUCLIDEAN)) return sqrt(sum_in_lanes(a, b, width, PETSC_FALSE));
  d = 1 - sum_in_lanes(a, b, width, PETSC_TRUE) /
              sqrt(sum_in_lanes(a, a, width, PETSC_TRUE) * sum_in_lanes(b, b, width, PETSC_TRUE));
  return d < 0 ? 0 : d;
}

static int ascending(const void *a, const void *b)
{
  const double *x = a, *y = b;

  return *x < *y ? -1 : *x > *y;
}

static PetscErrorCode check_numbers(HoleDistances d, const char metric[], HoleIndex n, HoleIndex width)
{
  HoleIndex    n_pairs = 0, count;
  double      *pairs, radius = n ? INFINITY : 0, got;
  const double shares[] = {0, 0.1, 0.5, 0.77, 1};

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(n * n + 1, &pairs));
  for (HoleIndex i = 0; i < n; ++i) {
    double most = 0;

    for (HoleIndex j = 0; j < n; ++j) {
      most = PetscMax(most, expected(metric, i, j, width));
      if (j > i) pairs[n_pairs++] = expected(metric, i, j, width);
    }
    radius = PetscMin(radius, most);
  }
  qsort(pairs, (size_t)n_pairs, sizeof(*pairs), ascending);
  PetscCall(HoleDistancesGetEnclosingRadius(d, &got));
  TEST_CHECK(got == radius, "Enclosing radius %g, expected %g", got, radius);
  for (int q = 0; q < 5; ++q) {
    HoleIndex place = PetscMax(0, (HoleIndex)ceil(shares[q] * (double)n_pairs) - 1), below = 0;

    PetscCall(HoleDistancesGetQuantile(d, shares[q], &got));
    TEST_CHECK(got == (n_pairs ? pairs[place] : 0), "n %d, quantile %g: %g", (int)n, shares[q], got);
    while (below < n_pairs && pairs[below] <= got) ++below;
    PetscCall(HoleDistancesCountPairs(d, got, &count));
    TEST_CHECK(count == below, "n %d: %d pairs up to %g, expected %d", (int)n, (int)count, got, (int)below);
  }
  PetscCall(PetscFree(pairs));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_metric(const char name[], HoleIndex n, HoleIndex width)
{
  HoleActivations acts;
  HoleMetric      metric;
  HoleDistances   d;
  HoleIndex       first, n_local, stride;

  PetscFunctionBegin;
  PetscCall(HoleMetricFind(name, &metric));
  PetscCall(create_points(n, width, &acts));
  PetscCall(HoleDistancesCreate(acts, metric, &d));
  PetscCall(HoleDistancesStore(d));
  PetscCall(HoleActivationsDestroy(&acts));
  PetscCall(HoleDistancesGetShape(d, NULL, &stride, &first, &n_local));
  for (HoleIndex i = 0; i < n_local; ++i) {
    for (HoleIndex j = 0; j < stride; ++j) {
      double got = HoleDistancesGetRow(d, i)[j], want = j < n ? expected(name, first + i, j, width) : INFINITY;

      TEST_CHECK(got == want, "%s, n %d, width %d: distance of %d and %d is %.17g, expected %.17g", name, (int)n,
                 (int)width, (int)(first + i), (int)j, got, want);
    }
  }
  PetscCall(check_numbers(d, name, n, width));
  PetscCall(HoleDistancesDestroy(&d));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* One value of one row is changed; the distances must fail on every rank, and leave nothing. */
static PetscErrorCode check_refused(const char name[], double value, PetscBool when_stored)
{
  HoleActivations acts;
  HoleMetric      metric;
  HoleDistances   d;
  HoleIndex       first, n_local;
  double         *rows;

  PetscFunctionBegin;
  PetscCall(HoleMetricFind(name, &metric));
  PetscCall(create_points(9, 3, &acts));
  PetscCall(HoleActivationsGetShape(acts, NULL, NULL, &first, &n_local));
  PetscCall(HoleActivationsGetRows(acts, &rows));
  if (first <= 8 && 8 < first + n_local)
    rows[(8 - first) * 3] = rows[(8 - first) * 3 + 1] = rows[(8 - first) * 3 + 2] = value;
  if (when_stored) {
    PetscCall(HoleDistancesCreate(acts, metric, &d));
    TEST_FAILS(HOLE_ERR_INPUT, HoleDistancesStore(d));
    TEST_CHECK(!HoleDistancesIsStored(d), "Rows were left");
    PetscCall(HoleDistancesDestroy(&d));
  } else TEST_FAILS(HOLE_ERR_INPUT, HoleDistancesCreate(acts, metric, &d));
  TEST_CHECK(!d, "An object was left");
  PetscCallMPI(MPI_Barrier(PETSC_COMM_WORLD));
  PetscCall(HoleActivationsDestroy(&acts));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  const HoleIndex   widths[] = {1, 3, 8, 13, 64};
  const char *const names[]  = {HOLE_METRIC_EUCLIDEAN, HOLE_METRIC_COSINE};
  HoleMetric        metric;

  PetscFunctionBeginUser;
  PetscCall(PetscInitialize(&argc, &argv, NULL, NULL));
  for (int m = 0; m < 2; ++m) {
    for (HoleIndex n = 1; n <= 9; ++n) PetscCall(check_metric(names[m], n, 5));
    for (int w = 0; w < 5; ++w) PetscCall(check_metric(names[m], 75, widths[w]));
  }
  PetscCall(check_refused(HOLE_METRIC_COSINE, 0, PETSC_FALSE));
  PetscCall(check_refused(HOLE_METRIC_COSINE, 1e100, PETSC_FALSE));
  PetscCall(check_refused(HOLE_METRIC_COSINE, 1e-100, PETSC_FALSE));
  PetscCall(check_refused(HOLE_METRIC_EUCLIDEAN, 1e200, PETSC_TRUE));
  TEST_FAILS(HOLE_ERR_USAGE, HoleMetricFind("euclidian", &metric));
  PetscCall(PetscFinalize());
  return 0;
}
