/* Every metric equals its formula, written plainly: to the bit where it is a direct formula. Matrices are symmetric, have a
   zero diagonal, obey the laws of their metric, and are the same bits on any number of ranks. */
#include "metric_points.h"

#include <stdlib.h>

static double value(enum test_point_kind kind, HoleIndex i, HoleIndex c) { return test_point_value(kind, i, c); }

static double add_lanes(const volatile double s[8])
{
  return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

/* ---- Direct formulas, in the order of sums that is promised; volatile keeps the compiler from fusing products into sums ---- */

static double euclidean(enum test_point_kind kind, HoleIndex i, HoleIndex j, HoleIndex width)
{
  volatile double s[8] = {0};

  for (HoleIndex c = 0; c < width; ++c) {
    volatile double t = value(kind, i, c) - value(kind, j, c), square = t * t;

    s[c % 8] += square;
  }
  return sqrt(add_lanes(s));
}

static double manhattan(enum test_point_kind kind, HoleIndex i, HoleIndex j, HoleIndex width)
{
  volatile double s[8] = {0};

  for (HoleIndex c = 0; c < width; ++c) s[c % 8] += fabs(value(kind, i, c) - value(kind, j, c));
  return add_lanes(s);
}

static double chebyshev(enum test_point_kind kind, HoleIndex i, HoleIndex j, HoleIndex width)
{
  double most = 0;

  for (HoleIndex c = 0; c < width; ++c) most = PetscMax(most, fabs(value(kind, i, c) - value(kind, j, c)));
  return most;
}

static double mean(enum test_point_kind kind, HoleIndex i, HoleIndex width)
{
  volatile double s[8] = {0};

  for (HoleIndex c = 0; c < width; ++c) s[c % 8] += value(kind, i, c);
  return add_lanes(s) / (double)width;
}

/* Product of rows less `a` and less `b`. */
static double dot(enum test_point_kind kind, HoleIndex i, double a, HoleIndex j, double b, HoleIndex width)
{
  volatile double s[8] = {0};

  for (HoleIndex c = 0; c < width; ++c) {
    volatile double x = value(kind, i, c) - a, y = value(kind, j, c) - b, p = x * y;

    s[c % 8] += p;
  }
  return add_lanes(s);
}

static double angular(enum test_point_kind kind, HoleIndex i, double a, HoleIndex j, double b, HoleIndex width)
{
  double d = 1 - dot(kind, i, a, j, b, width) / sqrt(dot(kind, i, a, i, a, width) * dot(kind, j, b, j, b, width));

  return d < 0 ? 0 : d;
}

static double cosine(enum test_point_kind kind, HoleIndex i, HoleIndex j, HoleIndex width)
{
  return angular(kind, i, 0, j, 0, width);
}

static double correlation(enum test_point_kind kind, HoleIndex i, HoleIndex j, HoleIndex width)
{
  return angular(kind, i, mean(kind, i, width), j, mean(kind, j, width), width);
}

/* ---- Mahalanobis: covariance and its inverse, plainly ---- */

static void find_covariance(enum test_point_kind kind, HoleIndex n, HoleIndex width, double covariance[])
{
  for (HoleIndex a = 0; a < width; ++a) {
    for (HoleIndex b = 0; b < width; ++b) {
      double mean_a = 0, mean_b = 0, sum = 0;

      for (HoleIndex i = 0; i < n; ++i) {
        mean_a += value(kind, i, a) / (double)n;
        mean_b += value(kind, i, b) / (double)n;
      }
      for (HoleIndex i = 0; i < n; ++i) sum += (value(kind, i, a) - mean_a) * (value(kind, i, b) - mean_b);
      covariance[a * width + b] = sum / (double)(n - 1);
    }
  }
}

/* Jacobi's rotations: `matrix` becomes diagonal, the rows of `axes` its eigenvectors. */
static void diagonalise(HoleIndex n, double matrix[], double axes[])
{
  for (HoleIndex e = 0; e < n * n; ++e) axes[e] = e % (n + 1) ? 0 : 1;
  for (int sweep = 0; sweep < 12; ++sweep) {
    for (HoleIndex p = 0; p < n; ++p) {
      for (HoleIndex q = p + 1; q < n; ++q) {
        double angle = 0.5 * atan2(2 * matrix[p * n + q], matrix[q * n + q] - matrix[p * n + p]), s = sin(angle),
               k = cos(angle);

        for (HoleIndex r = 0; r < n; ++r) {
          double x = matrix[r * n + p], y = matrix[r * n + q];

          matrix[r * n + p] = k * x - s * y;
          matrix[r * n + q] = s * x + k * y;
        }
        for (HoleIndex r = 0; r < n; ++r) {
          double x = matrix[p * n + r], y = matrix[q * n + r], u = axes[p * n + r], v = axes[q * n + r];

          matrix[p * n + r] = k * x - s * y;
          matrix[q * n + r] = s * x + k * y;
          axes[p * n + r]   = k * u - s * v;
          axes[q * n + r]   = s * u + k * v;
        }
      }
    }
  }
}

/* Solve matrix * x = b by elimination with pivots; both are destroyed, x is in b. */
static void eliminate(HoleIndex n, double matrix[], double b[])
{
  for (HoleIndex p = 0; p < n; ++p) {
    HoleIndex best = p;

    for (HoleIndex r = p; r < n; ++r) best = fabs(matrix[r * n + p]) > fabs(matrix[best * n + p]) ? r : best;
    for (HoleIndex c = 0; c <= n; ++c) {
      double *x = c < n ? &matrix[p * n + c] : &b[p], *y = c < n ? &matrix[best * n + c] : &b[best], t = *x;

      *x = *y;
      *y = t;
    }
    for (HoleIndex r = 0; r < n; ++r) {
      double factor = r == p ? 0 : matrix[r * n + p] / matrix[p * n + p];

      for (HoleIndex c = p; c < n; ++c) matrix[r * n + c] -= factor * matrix[p * n + c];
      b[r] -= factor * b[p];
    }
  }
  for (HoleIndex r = 0; r < n; ++r) b[r] /= matrix[r * n + r];
}

/* The definition, step by step as it is written: with principal components where they are asked for, else of the units. */
static PetscErrorCode mahalanobis_matrix(enum test_point_kind kind, HoleIndex n, HoleIndex width, double out[])
{
  const PetscBool needs_pca = (PetscBool)(width > 10 || n < PetscMax(width + 5, 3 * width / 2));
  const HoleIndex m         = PetscMin(10, PetscMin(n - 5, width));
  double         *covariance, *axes, *scores, *sigma, *work, *b, trace = 0;

  PetscFunctionBegin;
  if (m < 2) {
    for (HoleIndex e = 0; e < n * n; ++e) out[e] = euclidean(kind, e / n, e % n, width);
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(PetscMalloc6(width * width, &covariance, width * width, &axes, n * m, &scores, m * m, &sigma, m * m, &work,
                         m, &b));
  find_covariance(kind, n, width, covariance);
  if (needs_pca) diagonalise(width, covariance, axes);
  for (HoleIndex a = 0; a < m; ++a) {
    HoleIndex largest = 0;

    for (HoleIndex c = 0; c < width; ++c)
      largest = needs_pca && covariance[c * width + c] > covariance[largest * width + largest] ? c : largest;
    for (HoleIndex i = 0; i < n; ++i) {
      scores[i * m + a] = needs_pca ? 0 : value(kind, i, a);
      for (HoleIndex c = 0; needs_pca && c < width; ++c)
        scores[i * m + a] += value(kind, i, c) * axes[largest * width + c];
    }
    for (HoleIndex c = 0; c < m; ++c)
      sigma[a * m + c] = !needs_pca ? covariance[a * width + c] : a == c ? covariance[largest * width + largest] : 0;
    if (needs_pca) covariance[largest * width + largest] = -1; /* taken */
    trace += sigma[a * m + a];
  }
  for (HoleIndex a = 0; a < m; ++a) sigma[a * m + a] += PetscMax(1e-6, 1e-3 * trace / (double)m);
  for (HoleIndex e = 0; e < n * n; ++e) {
    const double *x = scores + e / n * m, *y = scores + e % n * m;
    double        square = 0;

    PetscCall(PetscArraycpy(work, sigma, m * m));
    for (HoleIndex a = 0; a < m; ++a) b[a] = x[a] - y[a];
    eliminate(m, work, b);
    for (HoleIndex a = 0; a < m; ++a) square += (x[a] - y[a]) * b[a];
    out[e] = sqrt(PetscMax(0, square));
  }
  PetscCall(PetscFree6(covariance, axes, scores, sigma, work, b));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Density: from the matrix of the base ---- */

static PetscErrorCode density_matrix(HoleIndex n, const double base[], HoleIndex k, double out[])
{
  double *row, *scale, *sorted, median;

  PetscFunctionBegin;
  PetscCall(PetscMalloc3(n, &row, n, &scale, n, &sorted));
  for (HoleIndex i = 0; i < n; ++i) {
    PetscCall(PetscArraycpy(row, base + i * n, n));
    row[i] = -1; /* the point itself comes first */
    qsort(row, (size_t)n, sizeof(*row), test_ascending);
    scale[i] = sorted[i] = n > 1 ? row[PetscMin(k, n - 1)] : 0;
  }
  qsort(sorted, (size_t)n, sizeof(*sorted), test_ascending);
  median = (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
  for (HoleIndex i = 0; i < n; ++i) scale[i] = PetscMax(scale[i], PetscMax(0.01, 0.1 * median));
  for (HoleIndex e = 0; e < n * n; ++e) {
    volatile double product = scale[e / n] * scale[e % n];

    out[e] = base[e] / sqrt(product);
  }
  PetscCall(PetscFree3(row, scale, sorted));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Checks ---- */

static const HoleMetricOptions defaults = HOLE_METRIC_OPTIONS_DEFAULT;

/* A row of random numbers is not constant; of one unit, every row is; and a line through 0 has rows that are. */
static PetscBool is_admitted(const char name[], enum test_point_kind kind, HoleIndex width)
{
  if (!strcmp(name, HOLE_METRIC_CORRELATION) && (width < 5 || kind == TEST_GRID || kind == TEST_COPIES))
    return width >= 8;
  if (!strcmp(name, HOLE_METRIC_COSINE) || !strcmp(name, HOLE_METRIC_DENSITY_COSINE))
    return kind != TEST_LINE || width > 1;
  return PETSC_TRUE;
}

static PetscErrorCode check_laws(const char name[], enum test_point_kind kind, HoleIndex n, HoleIndex width,
                                 const double m[])
{
  const PetscBool is_path = (PetscBool)!strcmp(name, HOLE_METRIC_GEODESIC);
  const PetscBool is_metric =
      (PetscBool)(!strcmp(name, HOLE_METRIC_EUCLIDEAN) || !strcmp(name, HOLE_METRIC_MANHATTAN) ||
                  !strcmp(name, HOLE_METRIC_CHEBYSHEV) || !strcmp(name, HOLE_METRIC_MAHALANOBIS));

  PetscFunctionBegin;
  for (HoleIndex i = 0; i < n; ++i) {
    TEST_CHECK(m[i * n + i] == 0, "%s, kind %d: diagonal %g", name, kind, m[i * n + i]);
    for (HoleIndex j = 0; j < n; ++j) {
      PetscBool equal = (PetscBool)(!is_path && chebyshev(kind, i, j, width) == 0);

      TEST_CHECK(m[i * n + j] == m[j * n + i] && m[i * n + j] >= 0 && !signbit(m[i * n + j]),
                 "%s, kind %d, n %d, width %d: (%d, %d) is %.17g, (%d, %d) is %.17g", name, kind, (int)n, (int)width,
                 (int)i, (int)j, m[i * n + j], (int)j, (int)i, m[j * n + i]);
      TEST_CHECK(!equal || m[i * n + j] == 0, "%s, kind %d: equal rows %d and %d at %g", name, kind, (int)i, (int)j,
                 m[i * n + j]);
      for (HoleIndex k = 0; is_metric && k < n && n <= 75; ++k)
        TEST_CHECK(m[i * n + j] <= (m[i * n + k] + m[k * n + j]) * (1 + 1e-12), "%s, kind %d: no triangle %d, %d, %d",
                   name, kind, (int)i, (int)k, (int)j);
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* `tolerance` is relative to the largest value; 0 asks for equal bits. */
static PetscErrorCode compare(const char name[], enum test_point_kind kind, HoleIndex n, HoleIndex width,
                              const double got[], const double want[], double tolerance)
{
  double largest = 0;

  PetscFunctionBegin;
  for (HoleIndex e = 0; e < n * n; ++e) largest = PetscMax(largest, want[e]);
  for (HoleIndex e = 0; e < n * n; ++e)
    TEST_CHECK(fabs(got[e] - want[e]) <= tolerance * largest,
               "%s, kind %d, n %d, width %d: (%d, %d) is %.17g, expected %.17g", name, kind, (int)n, (int)width,
               (int)(e / n), (int)(e % n), got[e], want[e]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The same bits as on one rank alone, where the sums over rows are made otherwise if they are made wrongly. */
static PetscErrorCode check_alone(const char name[], enum test_point_kind kind, HoleIndex n, HoleIndex width,
                                  const HoleMetricOptions *options, const double together[])
{
  double *alone;

  PetscFunctionBegin;
  PetscCall(test_distances_matrix(PETSC_COMM_SELF, name, kind, n, width, options, &alone));
  PetscCall(compare(name, kind, n, width, together, alone, 0));
  PetscCall(PetscFree(alone));
  PetscFunctionReturn(PETSC_SUCCESS);
}

typedef double (*formula)(enum test_point_kind kind, HoleIndex i, HoleIndex j, HoleIndex width);

static PetscErrorCode check_direct(const char name[], formula f, enum test_point_kind kind, HoleIndex n,
                                   HoleIndex width)
{
  double *got, *want;

  PetscFunctionBegin;
  if (!is_admitted(name, kind, width)) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(test_distances_matrix(PETSC_COMM_WORLD, name, kind, n, width, &defaults, &got));
  PetscCall(PetscMalloc1(n * n, &want));
  for (HoleIndex e = 0; e < n * n; ++e) want[e] = e / n == e % n ? 0 : f(kind, e / n, e % n, width);
  PetscCall(compare(name, kind, n, width, got, want, 0));
  PetscCall(check_laws(name, kind, n, width, got));
  PetscCall(PetscFree(got));
  PetscCall(PetscFree(want));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_mahalanobis(enum test_point_kind kind, HoleIndex n, HoleIndex width)
{
  const char *name = HOLE_METRIC_MAHALANOBIS;
  double     *got, *want;

  PetscFunctionBegin;
  PetscCall(test_distances_matrix(PETSC_COMM_WORLD, name, kind, n, width, &defaults, &got));
  PetscCall(check_alone(name, kind, n, width, &defaults, got));
  PetscCall(check_laws(name, kind, n, width, got));
  PetscCall(PetscMalloc1(n * n, &want));
  if (width <= 70) {
    PetscCall(mahalanobis_matrix(kind, n, width, want));
    PetscCall(compare(name, kind, n, width, got, want, 1e-9));
  }
  PetscCall(PetscFree(got));
  PetscCall(PetscFree(want));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_density(const char name[], const char base_name[], enum test_point_kind kind, HoleIndex n,
                                    HoleIndex width, HoleIndex k)
{
  const HoleMetricOptions options = {.density_neighbors = k, .geodesic_neighbors = 10};
  double                 *got, *base, *want;

  PetscFunctionBegin;
  if (!is_admitted(name, kind, width)) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(test_distances_matrix(PETSC_COMM_WORLD, name, kind, n, width, &options, &got));
  PetscCall(test_distances_matrix(PETSC_COMM_WORLD, base_name, kind, n, width, &options, &base));
  PetscCall(PetscMalloc1(n * n, &want));
  PetscCall(density_matrix(n, base, k, want));
  PetscCall(compare(name, kind, n, width, got, want, 0));
  PetscCall(check_laws(name, kind, n, width, got));
  PetscCall(PetscFree(got));
  PetscCall(PetscFree(base));
  PetscCall(PetscFree(want));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_size(enum test_point_kind kind, HoleIndex n, HoleIndex width)
{
  PetscFunctionBegin;
  PetscCall(check_direct(HOLE_METRIC_EUCLIDEAN, euclidean, kind, n, width));
  PetscCall(check_direct(HOLE_METRIC_MANHATTAN, manhattan, kind, n, width));
  PetscCall(check_direct(HOLE_METRIC_CHEBYSHEV, chebyshev, kind, n, width));
  PetscCall(check_direct(HOLE_METRIC_COSINE, cosine, kind, n, width));
  PetscCall(check_direct(HOLE_METRIC_CORRELATION, correlation, kind, n, width));
  PetscCall(check_mahalanobis(kind, n, width));
  for (HoleIndex k = n < 16 ? 5 : 1; k <= (n < 16 ? 5 : 9); k += 4) { /* 5: more than there are others, up to n = 5 */
    PetscCall(check_density(HOLE_METRIC_DENSITY_EUCLIDEAN, HOLE_METRIC_EUCLIDEAN, kind, n, width, k));
    PetscCall(check_density(HOLE_METRIC_DENSITY_COSINE, HOLE_METRIC_COSINE, kind, n, width, k));
    PetscCall(check_density(HOLE_METRIC_DENSITY_MAHALANOBIS, HOLE_METRIC_MAHALANOBIS, kind, n, width, k));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Made from one base, whose neighbours were found once and which is gone before them, metrics are what they are alone. */
static PetscErrorCode check_shared(enum test_point_kind kind, HoleIndex n, HoleIndex width, HoleIndex n_found)
{
  const char *const names[] = {HOLE_METRIC_EUCLIDEAN, HOLE_METRIC_DENSITY_EUCLIDEAN, HOLE_METRIC_GEODESIC};
  HoleDistances     base, made[3];
  double           *got, *want;

  PetscFunctionBegin;
  PetscCall(test_distances_create(PETSC_COMM_WORLD, HOLE_METRIC_EUCLIDEAN, kind, n, width, &defaults, &base));
  if (n_found) PetscCall(HoleDistancesFindNeighbours(base, n_found));
  for (int m = 0; m < 3; ++m) {
    HoleMetric metric;

    PetscCall(HoleMetricFind(names[m], &metric));
    PetscCall(HoleDistancesCreateFrom(base, metric, &defaults, &made[m]));
  }
  TEST_CHECK(!HoleDistancesIsStored(base), "Rows were left");
  PetscCall(HoleDistancesDestroy(&base));
  for (int m = 0; m < 3; ++m) {
    PetscCall(test_distances_gather(made[m], &got));
    PetscCall(test_distances_matrix(PETSC_COMM_WORLD, names[m], kind, n, width, &defaults, &want));
    PetscCall(compare(names[m], kind, n, width, got, want, 0));
    PetscCall(PetscFree(got));
    PetscCall(PetscFree(want));
    PetscCall(HoleDistancesDestroy(&made[m]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  const HoleIndex few[] = {1, 2, 3, 6, 7, 8, 16, 20};

  PetscFunctionBeginUser;
  PetscCall(PetscInitialize(&argc, &argv, NULL, NULL));
  for (int kind = 0; kind < TEST_N_POINT_KINDS; ++kind) {
    for (int n = 0; n < 8; ++n)
      PetscCall(check_size(kind, few[n], 10)); /* Mahalanobis: both ways, and too few points */
    PetscCall(check_size(kind, 40, 1));
    PetscCall(check_size(kind, 40, 3));
    PetscCall(check_size(kind, 75, 13));
    PetscCall(check_shared(kind, 40, 3, 0));
    PetscCall(check_shared(kind, 40, 3, 17));
    PetscCall(check_shared(kind, 4, 2, 1));
  }
  PetscCall(check_mahalanobis(TEST_RANDOM, 12, 40)); /* fewer points than units */
  PetscCall(check_mahalanobis(TEST_COPIES, 30, 66));
  PetscCall(check_mahalanobis(TEST_RANDOM, 90, 70));   /* two tiles a side, the second padded */
  PetscCall(check_mahalanobis(TEST_RANDOM, 300, 70));  /* two panels, the second padded */
  PetscCall(check_mahalanobis(TEST_GROUPS, 257, 300)); /* the same, of products of rows */
  PetscCall(check_mahalanobis(TEST_RANDOM, 520, 5));
  PetscCall(PetscFinalize());
  return 0;
}
