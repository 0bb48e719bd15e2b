/* The distance pass beside one symmetric product of the same shape: both in this run, with the same BLAS.

     mpiexec -n P bench_distances [-n 20000] [-width 512] [-k 16] [-rounds 1] [-edges T] [-metric NAME] [-tree_only]

   Points are activation-like: classes in a latent space, a random linear map, ReLU, noise on active units. On one rank the
   product (ssyrk) is timed for comparison; times are wall and CPU seconds, the best of the rounds. Peak memory is of the largest rank. */
#include "../../src/core/random.h"

#include <hole/hole_pass.h>
#include <math.h>
#include <petscblaslapack.h>
#include <stdio.h>
#include <sys/resource.h>

extern void ssyrk_(const char *, const char *, const PetscBLASInt *, const PetscBLASInt *, const float *, const float *,
                   const PetscBLASInt *, const float *, float *, const PetscBLASInt *);

enum { N_CLASSES = 50, LATENT = 12 };

/* Standard normal, from two uniform draws (Box, Muller 1958). */
static double normal(uint64_t seed, uint64_t n)
{
  const double u = hole_random_uniform(seed, 2 * n) + 0x1p-60, v = hole_random_uniform(seed, 2 * n + 1);

  return sqrt(-2 * log(u)) * cos(2 * PETSC_PI * v);
}

static PetscErrorCode fill_points(HoleActivations acts)
{
  HoleIndex width, first, n_local;
  double   *rows, *map, latent[LATENT];

  PetscFunctionBegin;
  PetscCall(HoleActivationsGetShape(acts, NULL, &width, &first, &n_local));
  PetscCall(HoleActivationsGetRows(acts, &rows));
  PetscCall(PetscMalloc1(LATENT * width, &map));
  for (HoleIndex u = 0; u < LATENT * width; ++u) map[u] = normal(1, (uint64_t)u);
  for (HoleIndex i = 0; i < n_local; ++i) {
    const uint64_t point = (uint64_t)(first + i), group = hole_random_bits(2, point) % N_CLASSES;

    for (int l = 0; l < LATENT; ++l)
      latent[l] = 3 * normal(3, group * LATENT + (uint64_t)l) + normal(4, point * LATENT + (uint64_t)l);
    for (HoleIndex u = 0; u < width; ++u) {
      double x = 0;

      for (int l = 0; l < LATENT; ++l) x += latent[l] * map[l * width + u];
      rows[i * width + u] =
          (float)(x > 0 ? x * (1 + 0.01 * (hole_random_uniform(5, point * (uint64_t)width + (uint64_t)u) - 0.5)) : 0);
    }
  }
  PetscCall(PetscFree(map));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Wall seconds of one product X X^T, upper triangle. */
static PetscErrorCode time_product(HoleActivations acts, double *seconds)
{
  const float  one = 1, zero = 0;
  HoleIndex    n, width;
  PetscBLASInt bn, bk;
  double      *rows, start;
  float       *x, *product;

  PetscFunctionBegin;
  PetscCall(HoleActivationsGetShape(acts, &n, &width, NULL, NULL));
  PetscCall(HoleActivationsGetRows(acts, &rows));
  PetscCall(PetscMalloc1(n * width, &x));
  PetscCall(PetscCalloc1(n * n, &product)); /* pages are there before the clock starts */
  for (HoleIndex i = 0; i < n * width; ++i) x[i] = (float)rows[i];
  bn    = (PetscBLASInt)n;
  bk    = (PetscBLASInt)width;
  start = MPI_Wtime();
  ssyrk_("U", "T", &bn, &bk, &one, x, &bk, &zero, product, &bn);
  *seconds = MPI_Wtime() - start;
  PetscCall(PetscFree(x));
  PetscCall(PetscFree(product));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static double peak_mib(void)
{
  struct rusage usage;
  double        mine, most;

  getrusage(RUSAGE_SELF, &usage);
  mine = (double)usage.ru_maxrss / 1024;
  if (MPI_Allreduce(&mine, &most, 1, MPI_DOUBLE, MPI_MAX, PETSC_COMM_WORLD)) return -1;
  return most;
}

/* One pass; tells the seconds, and a few numbers to compare runs by. */
static PetscErrorCode time_pass(HoleDistances d, HoleIndex k, double length, double *seconds, double *sum,
                                HoleIndex *n_edges)
{
  HolePass        pass;
  HoleTree        tree;
  HoleIndex       n;
  const HoleEdge *edges;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Barrier(PETSC_COMM_WORLD));
  *seconds = MPI_Wtime();
  PetscCall(HolePassCreate(d, &pass));
  PetscCall(HolePassWantTree(pass));
  if (k) PetscCall(HolePassWantNeighbours(pass, k));
  if (length > 0) PetscCall(HolePassWantEdges(pass, length));
  PetscCall(HolePassRun(pass));
  *seconds = MPI_Wtime() - *seconds;
  PetscCall(HolePassGetTree(pass, &tree));
  PetscCall(HoleDistancesGetShape(d, &n, NULL, NULL, NULL));
  *sum = 0;
  for (HoleIndex e = 0; e < n - 1; ++e) *sum += HoleTreeGetEdges(tree)[e].length;
  PetscCall(HolePassGetEdges(pass, n_edges, &edges));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, n_edges, 1, HOLE_MPI_INDEX, MPI_SUM, PETSC_COMM_WORLD));
  PetscCall(HoleTreeDestroy(&tree));
  PetscCall(HolePassDestroy(&pass));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  PetscInt        n = 20000, width = 512, k = 16, rounds = 1;
  PetscReal       length   = 0;
  PetscBool       product  = PETSC_TRUE;
  char            name[64] = HOLE_METRIC_EUCLIDEAN;
  PetscMPIInt     size;
  HoleActivations acts;
  HoleMetric      metric;
  HoleDistances   d;
  HoleIndex       n_edges;
  double          best = INFINITY, best_product = INFINITY, seconds, sum;

  PetscFunctionBeginUser;
  PetscCall(PetscInitialize(&argc, &argv, NULL, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-n", &n, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-width", &width, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-k", &k, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-rounds", &rounds, NULL));
  PetscCall(PetscOptionsGetReal(NULL, NULL, "-edges", &length, NULL));
  PetscCall(PetscOptionsGetBool(NULL, NULL, "-product", &product, NULL));
  PetscCall(PetscOptionsGetString(NULL, NULL, "-metric", name, sizeof(name), NULL));
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &size));
  PetscCall(HoleActivationsCreate(PETSC_COMM_WORLD, "bench", n, width, &acts));
  PetscCall(fill_points(acts));
  PetscCall(HoleMetricFind(name, &metric));
  PetscCall(HoleDistancesCreate(acts, metric, &d));
  for (PetscInt r = 0; r < rounds; ++r) {
    PetscCall(time_pass(d, k, length, &seconds, &sum, &n_edges));
    best = PetscMin(best, seconds);
    PetscCall(PetscPrintf(PETSC_COMM_WORLD,
                          "pass      n %d  d %d  ranks %d  k %d  %8.3f s  %6.1f GFLOP/s of half the matrix  peak %.0f "
                          "MiB  tree %.10g  edges %" HoleIndex_FMT "\n",
                          (int)n, (int)width, size, (int)k, seconds,
                          (double)n * (double)n * (double)width / seconds * 1e-9, peak_mib(), sum, n_edges));
    if (size > 1 || !product) continue;
    PetscCall(time_product(acts, &seconds));
    best_product = PetscMin(best_product, seconds);
    PetscCall(PetscPrintf(PETSC_COMM_WORLD, "ssyrk     n %d  d %d           %8.3f s  %6.1f GFLOP/s\n", (int)n,
                          (int)width, seconds, (double)n * (double)n * (double)width / seconds * 1e-9));
  }
  if (size == 1 && product)
    PetscCall(PetscPrintf(PETSC_COMM_WORLD, "fraction of the product's speed: %.3f\n", best_product / best));
  PetscCall(HoleDistancesDestroy(&d));
  PetscCall(HoleActivationsDestroy(&acts));
  PetscCall(PetscFinalize());
  return 0;
}
