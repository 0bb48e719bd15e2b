/* Bounds of all pairs hold, the lengths behind them are those of stored rows, and dimension 1, which goes by them, is that of the textbook
   algorithm on those rows: where bounds decide much and where they decide nothing, for any number of ranks. */
#include "clouds.h"
#include "messages.h"

#include "../../src/filtration/bounds.h"
#include "../../src/filtration/filtration_impl.h"
#include <float.h>
#include <hole/hole_homology.h>

static PetscMPIInt ranks_a_node; /* 0: as it is */

/* In place of MPI's own: a machine may look like several nodes, of which the last may have fewer ranks than the others. */
int MPI_Comm_split_type(MPI_Comm comm, int type, int key, MPI_Info info, MPI_Comm *part)
{
  int rank;

  if (!ranks_a_node) return PMPI_Comm_split_type(comm, type, key, info, part);
  MPI_Comm_rank(comm, &rank);
  return PMPI_Comm_split(comm, rank / ranks_a_node, key, part);
}

/* The measure of a length is between the two bounds; the length itself is that of the matrix. */
static PetscErrorCode check_rows(hole_bounds b, const double matrix[], const char what[])
{
  PetscFunctionBegin;
  for (HoleIndex i = b->first; i < b->first + b->n_local; ++i) {
    const void *row = hole_bounds_own_row(b, i - b->first);

    for (HoleIndex j = 0; j < b->n; ++j) {
      const double length = matrix[i * b->n + j];

      TEST_CHECK(hole_bounds_length(b, i, row, j) == length, "%s: length (%d, %d) is %.17g, expected %.17g", what,
                 (int)i, (int)j, hole_bounds_length(b, i, row, j), length);
      TEST_CHECK(hole_bounds_low(b, row, j) <= hole_bounds_above(b, length) &&
                     hole_bounds_high(b, i, row, j) >= hole_bounds_below(b, length),
                 "%s: bounds %.9g and %.9g of (%d, %d) do not hold for %.17g", what, hole_bounds_low(b, row, j),
                 hole_bounds_high(b, i, row, j), (int)i, (int)j, length);
    }
    for (HoleIndex j = 0; j < b->n && b->here && !b->exact; ++j)
      TEST_CHECK(hole_bounds_low(b, row, j) == hole_bounds_low(b, hole_bounds_row(b, j), i),
                 "%s: pair (%d, %d) is not mirrored", what, (int)i, (int)j);
    for (HoleIndex j = b->n; j < b->stride; ++j)
      TEST_CHECK(hole_bounds_low(b, row, j) >= (b->kind == HOLE_BOUNDS_CODES ? HOLE_MOST_CODE : INFINITY),
                 "%s: the padding is not as large as can be", what);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_count(hole_bounds b, const double matrix[], double length, const char what[])
{
  HoleIndex got, want = 0;

  PetscFunctionBegin;
  for (HoleIndex i = 0; i < b->n; ++i) {
    for (HoleIndex j = i + 1; j < b->n; ++j) want += matrix[i * b->n + j] <= length;
  }
  PetscCall(hole_bounds_count_pairs(b, length, &got));
  TEST_CHECK(got == want, "%s: %d pairs up to %.17g, expected %d", what, (int)got, length, (int)want);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Bounds that need not tell lengths beyond `longest`. */
static PetscErrorCode check_bounds(HoleDistances d, const double matrix[], double longest, const char what[])
{
  hole_bounds b;
  HoleIndex   n;

  PetscFunctionBegin;
  PetscCall(hole_bounds_create(d, longest, &b));
  PetscCall(HoleDistancesGetShape(d, &n, NULL, NULL, NULL));
  PetscCall(check_rows(b, matrix, what));
  PetscCall(check_count(b, matrix, matrix[n / 2], what)); /* of some pair: the border belongs to it */
  PetscCall(check_count(b, matrix, matrix[n - 1], what));
  PetscCall(check_count(b, matrix, DBL_MAX, what));
  PetscCall(hole_bounds_destroy(&b));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode solve(HoleDistances d, const char threshold[], const char type[], PetscInt n_windows,
                            HoleDiagram *diagram)
{
  HoleFiltration f;
  HoleHomology   h;
  HoleTree       tree;

  PetscFunctionBegin;
  PetscCall(HoleFiltrationCreate(d, &f));
  PetscCall(HoleFiltrationSetThreshold(f, threshold));
  PetscCall(HoleFiltrationSetMaxDim(f, 1));
  if (n_windows % 2) hole_filtration_keep_bounds(f); /* else they come from a pass of their own */
  PetscCall(HoleFiltrationSetUp(f));
  TEST_CHECK(!f->bounds == (!f->keeps_bounds || f->is_graph || HoleDistancesIsStored(d)), "%s kept",
             f->bounds ? "bounds are" : "no bounds are");
  PetscCall(HoleHomologyCreate(f, &h));
  PetscCall(HoleHomologySetType(h, type));
  PetscCall(HoleHomologySetWindows(h, n_windows));
  PetscCall(HoleHomologySolve(h, &tree, diagram));
  PetscCall(HoleTreeDestroy(&tree));
  PetscCall(HoleHomologyDestroy(&h));
  PetscCall(HoleFiltrationDestroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Dimension 1 of distances by points, and of the same with stored rows. */
static PetscErrorCode check_dimension1(HoleDistances d, HoleDistances stored, const char threshold[],
                                       PetscInt n_windows, const char what[])
{
  HoleDiagram         got, want;
  const HoleInterval *a, *b;
  HoleIndex           n, m, zeros, expected_zeros;

  PetscFunctionBegin;
  PetscCall(solve(stored, threshold, HOLE_HOMOLOGY_STANDARD, 0, &want));
  PetscCall(solve(d, threshold, HOLE_HOMOLOGY_WINDOWS, n_windows, &got));
  PetscCall(HoleDiagramGetIntervals(got, 1, &m, &a, &zeros));
  PetscCall(HoleDiagramGetIntervals(want, 1, &n, &b, &expected_zeros));
  TEST_CHECK(n == m && zeros == expected_zeros, "%s: %d intervals and %d zero pairs, expected %d and %d", what, (int)m,
             (int)zeros, (int)n, (int)expected_zeros);
  TEST_CHECK(!n || !memcmp(a, b, (size_t)n * sizeof(*a)), "%s: the intervals differ", what);
  TEST_CHECK(!HoleDistancesIsStored(d), "%s: dimension 1 stored all rows", what);
  PetscCall(HoleDiagramDestroy(&got));
  PetscCall(HoleDiagramDestroy(&want));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_cloud(const struct cloud *c, const char metric[], PetscInt n_windows)
{
  HoleDistances d, stored;
  double       *matrix;
  char          what[128];

  PetscFunctionBegin;
  PetscCall(PetscOptionsSetValue(NULL, "-distances_tile", c->seed % 2 ? "7" : "64"));
  PetscCall(PetscSNPrintf(what, sizeof(what), "%s%s, kind %d, %d points of %d units, seed %d",
                          c->single ? "single " : "", metric, (int)c->kind, (int)c->n, (int)c->width, (int)c->seed));
  PetscCall(PetscMalloc1(c->n * c->n, &matrix));
  PetscCall(cloud_distances(c, metric, &stored));
  PetscCall(HoleDistancesStore(stored));
  PetscCall(cloud_matrix(stored, c->n, matrix));
  PetscCall(cloud_distances(c, metric, &d));
  PetscCall(check_bounds(d, matrix, INFINITY, what));
  PetscCall(check_bounds(d, matrix, matrix[c->n / 2], what));
  PetscCall(check_bounds(d, matrix, 0, what));
  PetscCall(check_bounds(stored, matrix, INFINITY, what));
  PetscCall(check_dimension1(d, stored,
                             c->kind == GRID ? "1"
                             : c->seed % 2   ? "enclosing"
                                             : "quantile:0.6",
                             n_windows, what));
  PetscCall(HoleDistancesDestroy(&d));
  PetscCall(HoleDistancesDestroy(&stored));
  PetscCall(PetscFree(matrix));
  PetscFunctionReturn(PETSC_SUCCESS);
}

#if defined(HOLE_ENABLE_FAULTS)
static PetscErrorCode check_fault(const char point[], PetscMPIInt rank)
{
  struct cloud  c = {UNIFORM, 30, 5, 3, PETSC_FALSE};
  HoleDistances d;
  hole_bounds   b;

  PetscFunctionBegin;
  PetscCall(cloud_distances(&c, HOLE_METRIC_EUCLIDEAN, &d));
  TEST_FAULT(point, rank, hole_bounds_create(d, INFINITY, &b));
  PetscCall(HoleDistancesDestroy(&d));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A node with little shared memory: rows stay with their ranks, and the results are the same; points, which it must share, are refused. */
static PetscErrorCode check_no_room(void)
{
  struct cloud   c = {NEAR_TIES, 37, 5, 4, PETSC_FALSE};
  HoleDistances  d;
  hole_bounds    b;
  PetscMPIInt    size;
  struct heard   heard = {0};
  PetscErrorCode got   = PETSC_SUCCESS;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &size));
  PetscCall(PetscPushErrorHandler(listen, &heard));
  PetscCall(test_set_fault("shared_room_parts", 0));
  PetscCall(cloud_distances(&c, HOLE_METRIC_EUCLIDEAN, &d)); /* whose points no other rank can read */
  PetscCall(test_set_fault("shared_room", 0));
  if (size > 1) got = hole_bounds_create(d, INFINITY, &b);
  PetscCall(PetscPopErrorHandler());
  TEST_CHECK(size == 1 || (got == HOLE_ERR_RESOURCE && strstr(heard.message, "no room in /dev/shm for") &&
                           strstr(heard.message, "enlarge it") && strstr(heard.message, "-max_points")),
             "Points without room: error %d, %s", (int)got, heard.message);
  PetscCall(test_set_fault("shared_room_parts", 0));
  PetscCall(PetscPushErrorHandler(PetscReturnErrorHandler, NULL)); /* the fault is no error here */
  PetscCall(hole_bounds_create(d, INFINITY, &b));
  TEST_CHECK(b->here == (size == 1), "rows of other ranks are %shere", b->here ? "" : "not ");
  PetscCall(hole_bounds_destroy(&b));
  PetscCall(check_cloud(&c, HOLE_METRIC_EUCLIDEAN, 3));
  PetscCall(PetscPopErrorHandler());
  PetscCall(test_set_fault(NULL, 0));
  PetscCall(HoleDistancesDestroy(&d));
  PetscFunctionReturn(PETSC_SUCCESS);
}
#endif

int main(int argc, char **argv)
{
  const HoleIndex   widths[] = {1, 3, 40};
  const char *const others[] = {HOLE_METRIC_MANHATTAN, HOLE_METRIC_DENSITY_EUCLIDEAN, HOLE_METRIC_COSINE};
  uint64_t          seed     = 0;

  PetscFunctionBeginUser;
  PetscCall(PetscInitialize(&argc, &argv, NULL, NULL));
  for (HoleIndex n = 2; n <= 6; ++n)
    PetscCall(check_cloud(&(struct cloud){UNIFORM, n, 3, ++seed, PETSC_FALSE}, HOLE_METRIC_EUCLIDEAN, 1));
  for (int kind = 0; kind < N_KINDS; ++kind) {
    for (int w = 0; w < 3; ++w) {
      struct cloud c = {(enum cloud_kind)kind, 12 + (HoleIndex)(seed * 7 % 23), widths[w], ++seed, PETSC_FALSE};

      c.single = (PetscBool)(kind != HUGE_ONES && seed % 3 == 0);
      PetscCall(check_cloud(&c, HOLE_METRIC_EUCLIDEAN, 1 + (PetscInt)(seed % 7)));
      PetscCall(check_cloud(&c, others[(kind + w) % (cloud_has_angles(c.kind) ? 3 : 2)], 1 + (PetscInt)(seed % 5)));
    }
  }
  for (ranks_a_node = 1; ranks_a_node <= 2; ++ranks_a_node) {
    PetscCall(check_cloud(&(struct cloud){NEAR_TIES, 45, 6, ++seed, PETSC_FALSE}, HOLE_METRIC_EUCLIDEAN, 4));
    PetscCall(check_cloud(&(struct cloud){GRID, 40, 3, ++seed, PETSC_TRUE}, HOLE_METRIC_EUCLIDEAN, 3));
  }
  ranks_a_node = 0;
#if defined(HOLE_ENABLE_FAULTS)
  {
    const char *const points[] = {"bounds_allocate", "tiles_allocate", "distances_ring", "bounds_mirror"};
    PetscMPIInt       size;

    PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &size));
    for (PetscMPIInt rank = 0; rank < size; ++rank) {
      for (int p = 0; p < (size > 1 ? 4 : 3); ++p) PetscCall(check_fault(points[p], rank));
    }
    PetscCall(check_no_room());
  }
#endif
  PetscCall(PetscFinalize());
  return 0;
}
