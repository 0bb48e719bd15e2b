/* The distributed algorithm gives what the textbook one gives: intervals, their simplices, zero-length pairs and merge tree, on
   tied, duplicated, degenerate and non-metric input, for any number of windows, at several thresholds. */
#include "../../src/homology/entry_queue.h"
#include "matrices.h"
#include "outcomes.h"

#include <hole/hole_graph.h>
#include <hole/hole_homology.h>

static PetscErrorCode solve(HoleFiltration f, const char type[], PetscInt prime, PetscInt n_windows, HoleSide side,
                            struct test_outcome *o)
{
  HoleHomology h;

  PetscFunctionBegin;
  PetscCall(HoleHomologyCreate(f, &h));
  PetscCall(HoleHomologySetType(h, type));
  PetscCall(HoleHomologySetCoefficients(h, prime));
  PetscCall(HoleHomologySetWindows(h, n_windows));
  PetscCall(HoleHomologySetSide(h, side));
  PetscCall(HoleHomologySolve(h, &o->tree, &o->diagram));
  PetscCall(HoleHomologyDestroy(&h));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What to compute. */
struct test_case {
  struct test_matrix matrix;
  HoleIndex          n;
  const char        *threshold;
  PetscInt           max_dim, prime;
};

static PetscErrorCode check_case(struct test_case c)
{
  const PetscInt      windows[] = {0, 1, 2, 7, 64};
  HoleDistances       d;
  HoleFiltration      f;
  struct test_outcome want, got;
  char                label[128];

  PetscFunctionBegin;
  PetscCall(HoleDistancesCreateFromRows(PETSC_COMM_WORLD, c.n, test_matrix_row, &c.matrix, &d));
  PetscCall(HoleFiltrationCreate(d, &f));
  PetscCall(HoleFiltrationSetThreshold(f, c.threshold));
  PetscCall(HoleFiltrationSetMaxDim(f, c.max_dim));
  PetscCall(HoleFiltrationSetUp(f));
  PetscCall(solve(f, HOLE_HOMOLOGY_STANDARD, c.prime, 0, HOLE_SIDE_AUTO, &want));
  for (int w = 0; w < 5; ++w) {
    PetscCall(PetscSNPrintf(
        label, sizeof(label), "kind %d, seed %d, n %d, threshold %s, max_dim %d, modulo %d, windows %d",
        (int)c.matrix.kind, (int)c.matrix.seed, (int)c.n, c.threshold, (int)c.max_dim, (int)c.prime, (int)windows[w]));
    PetscCall(solve(f, HOLE_HOMOLOGY_WINDOWS, c.prime, windows[w], w % 2 ? HOLE_SIDE_HOMOLOGY : HOLE_SIDE_AUTO, &got));
    PetscCall(test_outcome_compare(&got, &want, label));
    PetscCall(test_outcome_destroy(&got));
  }
  PetscCall(test_outcome_destroy(&want));
  PetscCall(HoleFiltrationDestroy(&f));
  PetscCall(HoleDistancesDestroy(&d));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A circle of n points with edges of length 1, and two hubs, next to all of them at 3 and at 2, but not to each other. */
static PetscErrorCode make_suspension(HoleIndex n, Mat *graph)
{
  HoleEdge   *edges;
  HoleIndex   n_edges = 0;
  PetscMPIInt rank, size;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &size));
  PetscCall(PetscMalloc1(3 * n, &edges));
  for (HoleIndex i = rank; i < n; i += size) {
    edges[n_edges++] = (HoleEdge){1, PetscMin(i, (i + 1) % n), PetscMax(i, (i + 1) % n)};
    edges[n_edges++] = (HoleEdge){3, i, n};
    edges[n_edges++] = (HoleEdge){2, i, n + 1};
  }
  PetscCall(HoleGraphCreate(PETSC_COMM_WORLD, n + 2, n_edges, edges, graph));
  PetscCall(PetscFree(edges));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The circle is filled at 2 and again at 3: then it is a sphere. With rows that are dense, sparse, and of hubs with very many neighbours. */
static PetscErrorCode check_suspension(HoleIndex n)
{
  const double        want[3][2] = {{0, 0}, {1, 2}, {3, INFINITY}};
  Mat                 graph;
  HoleFiltration      f;
  struct test_outcome got;
  const HoleInterval *intervals;
  HoleIndex           n_intervals;

  PetscFunctionBegin;
  PetscCall(make_suspension(n, &graph));
  PetscCall(HoleFiltrationCreateFromGraph(graph, &f));
  PetscCall(HoleFiltrationSetMaxDim(f, 2));
  PetscCall(HoleFiltrationSetUp(f));
  PetscCall(solve(f, HOLE_HOMOLOGY_WINDOWS, 2, 0, HOLE_SIDE_AUTO, &got));
  for (PetscInt dim = 1; dim <= 2; ++dim) {
    PetscCall(HoleDiagramGetIntervals(got.diagram, dim, &n_intervals, &intervals, NULL));
    TEST_CHECK(n_intervals == 1 && intervals[0].birth == want[dim][0] && intervals[0].death == want[dim][1],
               "Suspension of %d points, dimension %d: %d intervals", (int)n, (int)dim, (int)n_intervals);
  }
  PetscCall(test_outcome_destroy(&got));
  PetscCall(HoleFiltrationDestroy(&f));
  PetscCall(MatDestroy(&graph));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static int by_number(const void *a, const void *b)
{
  const hole_entry *x = a, *y = b;

  return (*x > *y) - (*x < *y);
}

/* Entries of which many are equal but for two low bits go in, a batch after some have come out, each batch after those. They come out in
   order, and those that are equal but for these bits from one filling of the heap. */
static PetscErrorCode check_queue(HoleIndex n_batches, HoleIndex n_batch, HoleIndex n_out, uint64_t range)
{
  struct hole_entry_queue queue = {0};
  struct test_random      r     = {range, 0};
  hole_entry             *all, last = 0;
  HoleIndex               n_in = 0, n_popped = 0;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(n_batches * n_batch, &all));
  while (n_popped < n_batches * n_batch) {
    if (n_in < n_batches * n_batch) {
      PetscCall(hole_entries_reserve(&queue.fresh, n_batch));
      for (HoleIndex e = 0; e < n_batch; ++e)
        queue.fresh.entry[queue.fresh.n++] = all[n_in++] =
            last + 4 + (hole_entry)test_random_below(&r, (HoleIndex)range);
      PetscCall(hole_entry_queue_take(&queue));
      qsort(all + n_popped, (size_t)(n_in - n_popped), sizeof(*all), by_number);
    }
    for (HoleIndex out = 0; out < n_out && n_popped < n_in; ++out) {
      const PetscBool fills = (PetscBool)!queue.heap.n;

      if (fills) PetscCall(hole_entry_queue_fill(&queue, 2));
      TEST_CHECK(queue.heap.n && queue.heap.entry[0] == all[n_popped], "Entry %d is not the next", (int)n_popped);
      TEST_CHECK(!fills || !out || last >> 2 != all[n_popped] >> 2, "Entry %d comes later than its equals",
                 (int)n_popped);
      last = hole_heap_pop(&queue.heap);
      ++n_popped;
    }
  }
  PetscCall(hole_entry_queue_destroy(&queue));
  PetscCall(PetscFree(all));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Some points among others that are far from all: rows are sparse. */
struct scattered {
  struct test_matrix matrix;
  HoleIndex          n_near;
};

static PetscErrorCode scattered_row(HoleIndex i, HoleIndex n, double row[], void *ctx)
{
  struct scattered *m = ctx;

  PetscFunctionBegin;
  for (HoleIndex j = 0; j < n; ++j) row[j] = i == j ? 0 : 10;
  if (i < m->n_near) PetscCall(test_matrix_row(i, m->n_near, row, &m->matrix));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Dimension 2 from both sides where it takes several rounds, the textbook too long. */
static PetscErrorCode check_sides(struct scattered matrix, HoleIndex n, const char threshold[])
{
  const HoleSide      sides[] = {HOLE_SIDE_HOMOLOGY, HOLE_SIDE_AUTO};
  HoleDistances       d;
  HoleFiltration      f;
  struct test_outcome want, got;
  char                label[128];

  PetscFunctionBegin;
  PetscCall(HoleDistancesCreateFromRows(PETSC_COMM_WORLD, n, scattered_row, &matrix, &d));
  PetscCall(HoleFiltrationCreate(d, &f));
  PetscCall(HoleFiltrationSetThreshold(f, threshold));
  PetscCall(HoleFiltrationSetMaxDim(f, 2));
  PetscCall(HoleFiltrationSetUp(f));
  PetscCall(solve(f, HOLE_HOMOLOGY_WINDOWS, 2, 0, HOLE_SIDE_COHOMOLOGY, &want));
  for (int side = 0; side < 2; ++side) {
    PetscCall(PetscSNPrintf(label, sizeof(label), "kind %d, n %d, threshold %s, side %d", (int)matrix.matrix.kind,
                            (int)n, threshold, (int)sides[side]));
    PetscCall(solve(f, HOLE_HOMOLOGY_WINDOWS, 2, 0, sides[side], &got));
    PetscCall(test_outcome_compare(&got, &want, label));
    PetscCall(test_outcome_destroy(&got));
  }
  PetscCall(test_outcome_destroy(&want));
  PetscCall(HoleFiltrationDestroy(&f));
  PetscCall(HoleDistancesDestroy(&d));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  const char *const  thresholds[]  = {"enclosing", "inf", "quantile:0.3", "0.5", "0", "quantile:0.02"};
  const PetscInt     primes[]      = {2, 3, 2, 65521, 2, 5};
  const HoleIndex    most_points[] = {0, 20, 6, 3}; /* by dimension, and 10 (dimension 3: 7) more at least */
  const HoleIndex    circles[]     = {40, 400, 5000};
  struct test_random r             = {1, 0};

  PetscFunctionBeginUser;
  PetscCall(PetscInitialize(&argc, &argv, NULL, NULL));
  for (int kind = 0; kind < TEST_N_KINDS; ++kind) {
    for (HoleIndex n = 1; n <= 6; ++n)
      PetscCall(check_case((struct test_case){{kind, (uint64_t)n}, n, "enclosing", 1 + n % 3, 2}));
    for (PetscInt dim = 1; dim <= 3; ++dim) {
      for (int t = 0; t < 6; ++t)
        PetscCall(check_case((struct test_case){{kind, (uint64_t)(100 * kind + 10 * dim + t)},
                                                (dim < 3 ? 10 : 7) + test_random_below(&r, most_points[dim]),
                                                thresholds[t],
                                                dim,
                                                primes[(t + kind) % 6]}));
    }
  }
  for (int s = 0; s < 3; ++s) PetscCall(check_suspension(circles[s]));
  PetscCall(check_queue(1, 100000, 1000, 1000000));
  PetscCall(check_queue(300, 200, 50, 100000));
  PetscCall(check_queue(20, 2000, 1, 40));
  PetscCall(check_sides((struct scattered){{TEST_NO_METRIC, 1}, 100}, 100, "enclosing"));
  PetscCall(check_sides((struct scattered){{TEST_FEW_VALUES, 2}, 60}, 60, "enclosing"));
  PetscCall(check_sides((struct scattered){{TEST_UNIFORM, 7}, 150}, 150, "enclosing"));
  PetscCall(check_sides((struct scattered){{TEST_NO_METRIC, 3}, 60}, 400, "0.9"));
  PetscCall(PetscFinalize());
  return 0;
}
