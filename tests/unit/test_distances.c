/* Distances equal the formula summed in its fixed order, bit for bit or rounded to the nearest float, for any number of ranks; the
   numbers that describe all pairs equal those of a sorted list; rows that a metric does not admit, and overflow, are errors on every rank. */
#include "testing.h"

#include "../../src/distances/pairs.h"
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

static double rounded(double length, PetscBool single) { return single ? (double)(float)length : length; }

static int ascending(const void *a, const void *b)
{
  const double *x = a, *y = b;

  return *x < *y ? -1 : *x > *y;
}

static PetscErrorCode check_numbers(HoleDistances d, const char metric[], HoleIndex n, HoleIndex width,
                                    PetscBool single)
{
  HoleIndex    n_pairs = 0;
  double      *pairs, radius = n ? INFINITY : 0, got;
  const double shares[] = {0, 0.1, 0.5, 0.77, 1};

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(n * n + 1, &pairs));
  for (HoleIndex i = 0; i < n; ++i) {
    double most = 0;

    for (HoleIndex j = 0; j < n; ++j) {
      const double length = rounded(expected(metric, i, j, width), single);

      most = PetscMax(most, length);
      if (j > i) pairs[n_pairs++] = length;
    }
    radius = PetscMin(radius, most);
  }
  qsort(pairs, (size_t)n_pairs, sizeof(*pairs), ascending);
  PetscCall(HoleDistancesGetEnclosingRadius(d, &got));
  TEST_CHECK(got == radius, "Enclosing radius %g, expected %g", got, radius);
  for (int q = 0; q < 5; ++q) {
    const HoleIndex place = PetscMax(0, (HoleIndex)ceil(shares[q] * (double)n_pairs) - 1);

    PetscCall(HoleDistancesGetQuantile(d, shares[q], &got));
    TEST_CHECK(got == (n_pairs ? pairs[place] : 0), "n %d, quantile %g: %g", (int)n, shares[q], got);
  }
  PetscCall(PetscFree(pairs));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: over all ranks, each pair up to a length once. */
static PetscErrorCode check_pairs(HoleDistances d, const char metric[], HoleIndex n, HoleIndex width, PetscBool single)
{
  const double          most = n > 1 ? rounded(expected(metric, 0, n / 2, width), single) : 1;
  struct hole_edge_key *pairs;
  HoleIndex             n_pairs;
  int                  *times;

  PetscFunctionBegin;
  PetscCall(hole_pairs_list(d, most, &n_pairs, &pairs));
  PetscCall(PetscCalloc1(n * n, &times));
  for (HoleIndex p = 0; p < n_pairs; ++p) {
    const double want = rounded(expected(metric, pairs[p].i, pairs[p].j, width), single);

    TEST_CHECK(pairs[p].i < pairs[p].j && pairs[p].length == want, "%s, n %d: pair %d, %d has length %.17g, not %.17g",
               metric, (int)n, (int)pairs[p].i, (int)pairs[p].j, pairs[p].length, want);
    ++times[pairs[p].i * n + pairs[p].j];
  }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, times, (int)(n * n), MPI_INT, MPI_SUM, PETSC_COMM_WORLD));
  for (HoleIndex i = 0; i < n; ++i) {
    for (HoleIndex j = i + 1; j < n; ++j)
      TEST_CHECK(times[i * n + j] == (rounded(expected(metric, i, j, width), single) <= most),
                 "%s, n %d: pair %d, %d was listed %d times", metric, (int)n, (int)i, (int)j, times[i * n + j]);
  }
  PetscCall(PetscFree(times));
  PetscCall(PetscFree(pairs));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_metric(const char name[], HoleIndex n, HoleIndex width, PetscBool single)
{
  HoleActivations acts;
  HoleMetric      metric;
  HoleDistances   d;
  HoleIndex       first, n_local, stride;
  double         *buffer;

  PetscFunctionBegin;
  PetscCall(HoleMetricFind(name, &metric));
  PetscCall(create_points(n, width, &acts));
  PetscCall(HoleDistancesCreate(acts, metric, &d));
  PetscCall(HoleDistancesSetPrecision(d, single));
  PetscCall(check_pairs(d, name, n, width, single)); /* from points */
  PetscCall(HoleDistancesStore(d));
  PetscCall(HoleActivationsDestroy(&acts));
  PetscCall(HoleDistancesGetShape(d, NULL, &stride, &first, &n_local));
  PetscCall(HoleDistancesAllocateBuffer(d, &buffer));
  for (HoleIndex i = 0; i < n_local; ++i) {
    const double *row = HoleDistancesReadRow(d, i, buffer);

    for (HoleIndex j = 0; j < stride; ++j) {
      double got = row[j], want = j < n ? rounded(expected(name, first + i, j, width), single) : INFINITY;

      TEST_CHECK(got == want, "%s, n %d, width %d: distance of %d and %d is %.17g, expected %.17g", name, (int)n,
                 (int)width, (int)(first + i), (int)j, got, want);
    }
  }
  PetscCall(PetscFree(buffer));
  PetscCall(check_numbers(d, name, n, width, single));
  PetscCall(check_pairs(d, name, n, width, single)); /* from rows */
  PetscCall(HoleDistancesDestroy(&d));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Given rows: as doubles, or rounded in place. */
static PetscErrorCode given_row(HoleIndex i, HoleIndex n, double row[], void *ctx)
{
  PetscFunctionBegin;
  for (HoleIndex j = 0; j < n; ++j) row[j] = expected(HOLE_METRIC_EUCLIDEAN, i, j, 3);
  for (HoleIndex j = 0; j < n && n > 2; ++j) {
    if (i != j && (i + j) % 7 == 0) row[j] = *(double *)ctx;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_given(HoleIndex n)
{
  HoleDistances d;
  HoleIndex     first, n_local, stride;
  double       *buffer, *wanted, special = INFINITY;

  PetscFunctionBegin;
  PetscCall(HoleDistancesCreateFromRows(PETSC_COMM_WORLD, n, given_row, &special, &d));
  PetscCall(HoleDistancesSetPrecision(d, PETSC_TRUE));
  PetscCall(HoleDistancesGetShape(d, NULL, &stride, &first, &n_local));
  PetscCall(HoleDistancesAllocateBuffer(d, &buffer));
  PetscCall(PetscMalloc1(n, &wanted));
  for (HoleIndex i = 0; i < n_local; ++i) {
    const double *row = HoleDistancesReadRow(d, i, buffer);

    PetscCall(given_row(first + i, n, wanted, &special));
    for (HoleIndex j = 0; j < stride; ++j)
      TEST_CHECK(row[j] == (j < n ? (double)(float)wanted[j] : INFINITY), "Given distance of %d and %d of %d is %.17g",
                 (int)(first + i), (int)j, (int)n, row[j]);
  }
  PetscCall(PetscFree(buffer));
  PetscCall(PetscFree(wanted));
  PetscCall(HoleDistancesDestroy(&d));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Lengths that no float reaches; what single precision refuses to do; half the memory. */
static PetscErrorCode check_single(void)
{
  HoleActivations acts;
  HoleMetric      metric;
  HoleDistances   d, made;
  HoleIndex       n_local;
  double         *rows, special = 1e39;

  PetscFunctionBegin;
  PetscCall(HoleDistancesCreateFromRows(PETSC_COMM_WORLD, 9, given_row, &special, &d));
  TEST_FAILS(HOLE_ERR_INPUT, HoleDistancesSetPrecision(d, PETSC_TRUE));
  PetscCall(HoleDistancesDestroy(&d));
  PetscCall(HoleMetricFind(HOLE_METRIC_EUCLIDEAN, &metric));
  PetscCall(create_points(9, 3, &acts));
  PetscCall(HoleDistancesCreate(acts, metric, &d));
  PetscCall(HoleDistancesSetPrecision(d, PETSC_TRUE));
  TEST_FAILS(PETSC_ERR_ARG_WRONGSTATE, HoleDistancesSetPrecision(d, PETSC_FALSE));
  TEST_FAILS(PETSC_ERR_ARG_WRONGSTATE, HoleDistancesFindNeighbours(d, 2));
  TEST_FAILS(PETSC_ERR_ARG_WRONG,
             HoleDistancesCreateFrom(d, metric, &(HoleMetricOptions)HOLE_METRIC_OPTIONS_DEFAULT, &made));
  PetscCall(HoleDistancesDestroy(&d));
  PetscCall(HoleActivationsGetShape(acts, NULL, NULL, NULL, &n_local));
  PetscCall(HoleActivationsGetRows(acts, &rows));
  if (n_local) rows[0] = 1e38; /* fits, but its distances may not */
  PetscCall(HoleDistancesCreate(acts, metric, &d));
  TEST_FAILS(HOLE_ERR_INPUT, HoleDistancesSetPrecision(d, PETSC_TRUE));
  PetscCall(HoleDistancesDestroy(&d));
  PetscCall(HoleActivationsDestroy(&acts));
  TEST_CHECK(2 * HoleDistancesPredictRowBytes(1000, PETSC_TRUE, 3) ==
                 HoleDistancesPredictRowBytes(1000, PETSC_FALSE, 3),
             "Single precision is not predicted to take half the memory");
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
  for (int m = 0; m < 4; ++m) {
    const PetscBool single = (PetscBool)(m / 2);

    for (HoleIndex n = 1; n <= 9; ++n) PetscCall(check_metric(names[m % 2], n, 5, single));
    for (int w = 0; w < 5; ++w) PetscCall(check_metric(names[m % 2], 75, widths[w], single));
  }
  for (HoleIndex n = 1; n <= 9; ++n) PetscCall(check_given(n));
  PetscCall(check_given(130));
  PetscCall(check_single());
  PetscCall(check_refused(HOLE_METRIC_COSINE, 0, PETSC_FALSE));
  PetscCall(check_refused(HOLE_METRIC_COSINE, 1e100, PETSC_FALSE));
  PetscCall(check_refused(HOLE_METRIC_COSINE, 1e-100, PETSC_FALSE));
  PetscCall(check_refused(HOLE_METRIC_EUCLIDEAN, 1e200, PETSC_TRUE));
  TEST_FAILS(HOLE_ERR_USAGE, HoleMetricFind("euclidian", &metric));
  PetscCall(PetscFinalize());
  return 0;
}
