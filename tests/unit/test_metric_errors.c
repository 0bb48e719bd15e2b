/* Rows that a metric does not admit, options out of range and failures on one rank are the same error on every rank, one
   message says where, nothing is left, and the ranks can go on. */
#include "messages.h"
#include "metric_points.h"

enum { N = 60, WIDTH = 12 };

/* Row 31 of the layer becomes `values`, [WIDTH]; in the file it is row 131. */
static PetscErrorCode check_row(const char name[], const double values[], const char words[])
{
  struct heard    heard = {0};
  HoleActivations acts;
  HoleMetric      metric;
  HoleDistances   d;
  HoleIndex       first, n_local;
  double         *rows;
  PetscErrorCode  got;

  PetscFunctionBegin;
  PetscCall(HoleMetricFind(name, &metric));
  PetscCall(test_points_create(PETSC_COMM_WORLD, TEST_RANDOM, N, WIDTH, &acts));
  PetscCall(HoleActivationsGetShape(acts, NULL, NULL, &first, &n_local));
  PetscCall(HoleActivationsGetRows(acts, &rows));
  if (first <= 31 && 31 < first + n_local) PetscCall(PetscArraycpy(rows + (31 - first) * WIDTH, values, WIDTH));
  PetscCall(PetscPushErrorHandler(listen, &heard));
  got = HoleDistancesCreate(acts, metric, &d);
  PetscCall(PetscPopErrorHandler());
  TEST_CHECK(!words == !!d, "%s: an object with an error, or none without", name);
  PetscCall(test_check_message(&heard, got, words ? HOLE_ERR_INPUT : PETSC_SUCCESS, words ? words : ""));
  PetscCall(HoleDistancesDestroy(&d));
  PetscCall(HoleActivationsDestroy(&acts));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_rows(void)
{
  double zero[WIDTH] = {0}, constant[WIDTH], nearly[WIDTH], huge[WIDTH];

  PetscFunctionBegin;
  for (int c = 0; c < WIDTH; ++c) {
    constant[c] = 0.1; /* the mean of twelve of them, summed in double, is not 0.1 */
    nearly[c]   = c ? 0.1 : nextafter(0.1, 1);
    huge[c]     = c ? 1e200 : 0;
  }
  PetscCall(check_row(HOLE_METRIC_COSINE, zero, "Layer layer|row 131|norm 0"));
  PetscCall(check_row(HOLE_METRIC_DENSITY_COSINE, zero, "Layer layer|row 131|norm 0"));
  PetscCall(check_row(HOLE_METRIC_CORRELATION, zero, "Layer layer|row 131|is constant"));
  PetscCall(check_row(HOLE_METRIC_CORRELATION, constant, "Layer layer|row 131|is constant"));
  PetscCall(check_row(HOLE_METRIC_CORRELATION, huge, "Layer layer|row 131|too large"));
  PetscCall(check_row(HOLE_METRIC_MAHALANOBIS, huge, "Layer layer|overflow"));
  PetscCall(check_row(HOLE_METRIC_CORRELATION, nearly, NULL));
  PetscCall(check_row(HOLE_METRIC_COSINE, constant, NULL));
  PetscCall(check_row(HOLE_METRIC_EUCLIDEAN, zero, NULL));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_options(void)
{
  HoleMetricOptions options;
  HoleMetric        metric;

  PetscFunctionBegin;
  PetscCall(HoleMetricOptionsGet(&options));
  TEST_CHECK(options.density_neighbors == 5 && options.geodesic_neighbors == 10, "Other defaults");
  PetscCall(PetscOptionsSetValue(NULL, "-density_neighbors", "7"));
  PetscCall(PetscOptionsSetValue(NULL, "-geodesic_neighbors", "3"));
  PetscCall(HoleMetricOptionsGet(&options));
  PetscCall(HoleMetricFind(HOLE_METRIC_GEODESIC, &metric));
  TEST_CHECK(HoleMetricGetNeighbours(metric, &options) == 3, "-geodesic_neighbors is not read");
  PetscCall(HoleMetricFind(HOLE_METRIC_DENSITY_COSINE, &metric));
  TEST_CHECK(HoleMetricGetNeighbours(metric, &options) == 7, "-density_neighbors is not read");
  TEST_CHECK(!strcmp(HoleMetricGetName(HoleMetricGetBase(metric)), HOLE_METRIC_COSINE), "Another base");
  TEST_CHECK(!HoleMetricGetNeighbours(HoleMetricGetBase(metric), &options), "Cosine looks at neighbours");
  PetscCall(PetscOptionsSetValue(NULL, "-density_neighbors", "0"));
  TEST_FAILS(HOLE_ERR_USAGE, HoleMetricOptionsGet(&options));
  PetscCall(PetscOptionsClearValue(NULL, "-density_neighbors"));
  PetscCall(PetscOptionsClearValue(NULL, "-geodesic_neighbors"));
  TEST_FAILS(HOLE_ERR_USAGE, HoleMetricFind("euclidian", &metric));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* An object is made only from one of its base. */
static PetscErrorCode check_bases(void)
{
  const HoleMetricOptions options = HOLE_METRIC_OPTIONS_DEFAULT;
  HoleDistances           base, d;
  HoleMetric              metric;

  PetscFunctionBegin;
  PetscCall(HoleMetricFind(HOLE_METRIC_DENSITY_EUCLIDEAN, &metric));
  PetscCall(test_distances_create(PETSC_COMM_WORLD, HOLE_METRIC_COSINE, TEST_RANDOM, N, 3, &options, &base));
  TEST_FAILS(PETSC_ERR_ARG_WRONG, HoleDistancesCreateFrom(base, metric, &options, &d));
  PetscCall(HoleDistancesDestroy(&base));
  PetscCall(test_distances_create(PETSC_COMM_WORLD, HOLE_METRIC_GEODESIC, TEST_RANDOM, N, 3, &options, &base));
  TEST_FAILS(PETSC_ERR_ARG_WRONG, HoleDistancesCreateFrom(base, metric, &options, &d));
  TEST_FAILS(PETSC_ERR_ARG_WRONGSTATE, HoleDistancesFindNeighbours(base, 3));
  PetscCall(HoleDistancesDestroy(&base));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: everything that metrics do; the first error. */
static PetscErrorCode do_everything(HoleIndex width)
{
  const HoleMetricOptions options = HOLE_METRIC_OPTIONS_DEFAULT;
  const char *const       names[] = {HOLE_METRIC_CORRELATION, HOLE_METRIC_MAHALANOBIS, HOLE_METRIC_DENSITY_EUCLIDEAN,
                                     HOLE_METRIC_GEODESIC};
  PetscErrorCode          done    = PETSC_SUCCESS;

  PetscFunctionBegin;
  for (int m = 0; m < 4 && !done; ++m) {
    HoleDistances d;

    done = test_distances_create(PETSC_COMM_WORLD, names[m], TEST_RANDOM, N, width, &options, &d);
    if (!done) done = HoleDistancesStore(d);
    TEST_CHECK(!done || !d || !HoleDistancesIsStored(d), "%s: rows were left", names[m]);
    PetscCall(HoleDistancesDestroy(&d));
  }
  PetscCall(done);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_fault(const char point[], PetscMPIInt rank)
{
  const HoleIndex width = strcmp(point, "principal_gram") ? WIDTH : N + 1;

  PetscFunctionBegin;
  TEST_FAULT(point, rank, do_everything(width));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  const char *const points[] = {"neighbours_keep", "scale_allocate",       "geodesic_claims", "geodesic_parts",
                                "geodesic_graph",  "geodesic_paths",       "geodesic_mirror", "principal_panels",
                                "principal_gram",  "principal_covariance", "distances_points"};
  PetscMPIInt       size;

  PetscFunctionBeginUser;
  PetscCall(PetscInitialize(&argc, &argv, NULL, NULL));
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &size));
  PetscCall(check_rows());
  PetscCall(check_options());
  PetscCall(check_bases());
#if defined(HOLE_ENABLE_FAULTS)
  for (PetscMPIInt rank = 0; rank < size; ++rank) {
    for (size_t p = 0; p < sizeof(points) / sizeof(points[0]); ++p) PetscCall(check_fault(points[p], rank));
  }
#else
  (void)points;
  (void)check_fault;
#endif
  PetscCall(do_everything(WIDTH)); /* and all is well again */
  PetscCall(PetscFinalize());
  return 0;
}
