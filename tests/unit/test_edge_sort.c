/* Edges of all ranks, in any order at first, come into the one order that comparing them gives: lengths that are random, equal, equal in their
   leading bits, 0, of all magnitudes; many and none. */
#include "testing.h"

#include "../../src/core/sort.h"
#include "../../src/homology/edge_sort.h"

#include <math.h>

enum kind { RANDOM, TIED, EQUAL, CLOSE, CLOSE_PAIRS, WITH_ZEROS, SCALES, SHORT, N_KINDS };

static double length_of(enum kind kind, uint64_t e)
{
  const double x = hole_random_uniform(3, e);

  switch (kind) {
  case TIED:
    return floor(20 * x);
  case EQUAL:
    return 2;
  case CLOSE: /* by the last bits alone */
    return 1 + 0x1p-52 * floor(100 * x);
  case CLOSE_PAIRS: /* runs of a few */
    return floor(300 * x) + 1 + 0x1p-44 * floor(3 * hole_random_uniform(4, e));
  case WITH_ZEROS:
    return x < 0.2 ? 0 : 7 * x;
  case SCALES:
    return pow(10, 600 * x - 300);
  case SHORT:
    return (double)(float)x;
  default:
    return x;
  }
}

/* Edge e of all: ids say nothing about its place. */
static struct hole_edge_key edge_of(enum kind kind, uint64_t e)
{
  return hole_edge_key_of(length_of(kind, e), (HoleIndex)(hole_random_bits(5, e) % 1000),
                          1000 + (HoleIndex)(hole_random_bits(6, e) % 1000));
}

/* The sorted edges of a rank are those of the whole list from `first` on. */
static PetscErrorCode check(enum kind kind, HoleIndex n)
{
  struct hole_edge_key *all, *edges;
  PetscMPIInt           size, rank;
  HoleIndex             n_own = 0, first = 0, sum;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &size));
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  PetscCall(PetscMalloc1(n, &all));
  PetscCall(PetscMalloc1(n, &edges));
  for (HoleIndex e = 0; e < n; ++e) {
    all[e] = edge_of(kind, (uint64_t)e);
    if (hole_random_bits(8, (uint64_t)e) % (uint64_t)size == (uint64_t)rank) edges[n_own++] = all[e];
  }
  hole_sort(all, n, sizeof(*all), hole_edge_key_by_order);
  PetscCall(hole_edge_sort(PETSC_COMM_WORLD, &n_own, &edges));
  PetscCallMPI(MPI_Exscan(&n_own, &first, 1, HOLE_MPI_INDEX, MPI_SUM, PETSC_COMM_WORLD));
  PetscCallMPI(MPI_Allreduce(&n_own, &sum, 1, HOLE_MPI_INDEX, MPI_SUM, PETSC_COMM_WORLD));
  TEST_CHECK(sum == n, "Kind %d: %d edges of %d", (int)kind, (int)sum, (int)n);
  for (HoleIndex e = 0; e < n_own; ++e)
    TEST_CHECK(!hole_edge_key_compare(&edges[e], &all[first + e]), "Kind %d, %d edges: place %d is wrong", (int)kind,
               (int)n, (int)(first + e));
  PetscCall(PetscFree(edges));
  PetscCall(PetscFree(all));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char *argv[])
{
  const HoleIndex sizes[] = {0, 1, 2, 33, 3000};

  PetscFunctionBeginUser;
  PetscCall(PetscInitialize(&argc, &argv, NULL, NULL));
  for (int kind = 0; kind < N_KINDS; ++kind) {
    for (int s = 0; s < 5; ++s) PetscCall(check((enum kind)kind, sizes[s]));
  }
  PetscCall(PetscFinalize());
  return 0;
}
