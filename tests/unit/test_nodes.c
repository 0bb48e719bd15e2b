/* Ranks on several nodes, some of them alone on theirs: shared memory, and homology, which lies in it, whatever the nodes are. Nodes are
   made up: this program has its own MPI_Comm_split_type(), which the parts of the library that are linked into it call. */
#include "clouds.h"

#include "../../src/core/shared.h"
#include <hole/hole_homology.h>
#include <stdbool.h>
#include <sys/statvfs.h>

enum { N_LAYOUTS = 4, BYTES = 1000, N_POINTS = 60, WIDTH = 4 };

static int  layout;
static bool no_room; /* for memory that is shared */

/* The node of a rank of the world. */
static int node_of(int rank)
{
  switch (layout) {
  case 1:
    return rank; /* all alone */
  case 2:
    return rank > 0; /* the first alone, or the only one of its node */
  case 3:
    return rank % 2; /* ranks of a node are not neighbours */
  default:
    return 0;
  }
}

int MPI_Comm_split_type(MPI_Comm comm, int type, int key, MPI_Info info, MPI_Comm *part)
{
  int rank;

  if (type != MPI_COMM_TYPE_SHARED) return PMPI_Comm_split_type(comm, type, key, info, part);
  PMPI_Comm_rank(MPI_COMM_WORLD, &rank);
  return PMPI_Comm_split(comm, node_of(rank), key, part);
}

/* As in a container with little of it. */
int statvfs(const char *path, struct statvfs *info)
{
  (void)path;
  memset(info, 0, sizeof(*info));
  info->f_frsize = 4096;
  info->f_bavail = no_room ? 16 : 1 << 20;
  return 0;
}

static char byte_at(PetscMPIInt rank, HoleIndex b) { return (char)(31 * rank + 7 * b + 1); }

/* Every rank writes its share of a copy, which is then whole everywhere. */
static PetscErrorCode check_copy(PetscMPIInt rank, PetscMPIInt size)
{
  hole_shared shared;
  char       *base;

  PetscFunctionBegin;
  PetscCall(hole_shared_create(PETSC_COMM_WORLD, (size_t)(size * BYTES), &shared));
  base = hole_shared_base(shared);
  for (HoleIndex b = 0; b < BYTES; ++b) base[rank * BYTES + b] = byte_at(rank, b);
  for (PetscMPIInt r = 0; r < size; ++r) PetscCall(hole_shared_broadcast(shared, r, (size_t)(r * BYTES), BYTES));
  PetscCall(hole_shared_sync(shared));
  for (PetscMPIInt r = 0; r < size; ++r) {
    for (HoleIndex b = 0; b < BYTES; ++b)
      TEST_CHECK(base[r * BYTES + b] == byte_at(r, b), "Layout %d: byte %d of rank %d is wrong", layout, (int)b, r);
  }
  PetscCall(hole_shared_destroy(&shared));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Parts, the first one empty, are read by the ranks of the node and by no others. */
static PetscErrorCode check_parts(PetscMPIInt rank, PetscMPIInt size)
{
  hole_shared shared;

  PetscFunctionBegin;
  PetscCall(hole_shared_create_parts(PETSC_COMM_WORLD, (size_t)(rank * BYTES), &shared));
  for (HoleIndex b = 0; b < rank * BYTES; ++b) hole_shared_part(shared, rank)[b] = byte_at(rank, b);
  PetscCall(hole_shared_sync(shared));
  for (PetscMPIInt r = 0; r < size; ++r) {
    const char *part = hole_shared_part(shared, r);

    TEST_CHECK(!part == (no_room ? r != rank : node_of(r) != node_of(rank)), "Layout %d: rank %d sees %s of rank %d",
               layout, rank, part ? "the part" : "nothing", r);
    for (HoleIndex b = 0; part && b < r * BYTES; ++b)
      TEST_CHECK(part[b] == byte_at(r, b), "Layout %d: byte %d of rank %d is wrong", layout, (int)b, r);
  }
  PetscCall(hole_shared_destroy(&shared));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Without room parts are not shared, and a copy is an error on every rank, unless all are alone. */
static PetscErrorCode check_no_room(PetscMPIInt rank, PetscMPIInt size)
{
  hole_shared shared;

  PetscFunctionBegin;
  no_room = true;
  for (layout = 0; layout < N_LAYOUTS; ++layout) {
    PetscCall(check_parts(rank, size));
    if (layout == 1 || (layout && size == 2)) continue; /* all alone */
    TEST_FAILS(HOLE_ERR_RESOURCE, hole_shared_create(PETSC_COMM_WORLD, BYTES, &shared));
  }
  no_room = false;
  PetscFunctionReturn(PETSC_SUCCESS);
}

struct homology_case {
  const char *threshold;
  PetscInt    max_dim;
  PetscBool   stored, single;
};

/* The digest of all diagrams. */
static PetscErrorCode solve(const struct homology_case *c, uint64_t *digest)
{
  const struct cloud cloud = {UNIFORM, N_POINTS, WIDTH, 11, c->single};
  HoleDistances      d;
  HoleFiltration     f;
  HoleHomology       h;
  HoleTree           tree;
  HoleDiagram        diagram;

  PetscFunctionBegin;
  *digest = 0;
  PetscCall(cloud_distances(&cloud, HOLE_METRIC_EUCLIDEAN, &d));
  if (c->stored) PetscCall(HoleDistancesStore(d));
  PetscCall(HoleFiltrationCreate(d, &f));
  PetscCall(HoleFiltrationSetThreshold(f, c->threshold));
  PetscCall(HoleFiltrationSetMaxDim(f, c->max_dim));
  PetscCall(HoleFiltrationSetUp(f));
  PetscCall(HoleHomologyCreate(f, &h));
  PetscCall(HoleHomologySetWindows(h, 5));
  PetscCall(HoleHomologySolve(h, &tree, &diagram));
  for (PetscInt dim = 0; dim <= c->max_dim; ++dim) {
    const HoleInterval *intervals;
    HoleIndex           n, zeros;

    PetscCall(HoleDiagramGetIntervals(diagram, dim, &n, &intervals, &zeros));
    TEST_CHECK(n > 0, "Dimension %d is empty", (int)dim);
    test_digest(digest, intervals, (size_t)n * sizeof(*intervals));
    test_digest(digest, &zeros, sizeof(zeros));
  }
  PetscCall(test_equal_on_ranks(*digest));
  PetscCall(HoleTreeDestroy(&tree));
  PetscCall(HoleDiagramDestroy(&diagram));
  PetscCall(HoleHomologyDestroy(&h));
  PetscCall(HoleFiltrationDestroy(&f));
  PetscCall(HoleDistancesDestroy(&d));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Diagrams do not depend on the nodes. */
static PetscErrorCode check_homology(const struct homology_case *c)
{
  uint64_t want = 0, got;

  PetscFunctionBegin;
  for (layout = 0; layout < N_LAYOUTS; ++layout) {
    PetscCall(solve(c, &got));
    if (!layout) want = got;
    TEST_CHECK(got == want, "Layout %d: threshold %s, up to dimension %d: the diagrams differ", layout, c->threshold,
               (int)c->max_dim);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  const struct homology_case cases[] = {{"enclosing", 1, PETSC_FALSE, PETSC_FALSE}, /* bounds */
                                        {"enclosing", 1, PETSC_FALSE, PETSC_TRUE},
                                        {"enclosing", 1, PETSC_TRUE, PETSC_FALSE},  /* rows */
                                        {"enclosing", 2, PETSC_FALSE, PETSC_FALSE}, /* ranks of many edges */
                                        {"quantile:0.3", 1, PETSC_FALSE, PETSC_FALSE} /* of few */};
  PetscMPIInt                rank, size;

  PetscFunctionBeginUser;
  PetscCall(PetscInitialize(&argc, &argv, NULL, NULL));
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &size));
  for (layout = 0; layout < N_LAYOUTS; ++layout) {
    PetscCall(check_copy(rank, size));
    PetscCall(check_parts(rank, size));
  }
  PetscCall(check_no_room(rank, size));
  for (int c = 0; c < 5; ++c) PetscCall(check_homology(&cases[c]));
  PetscCall(PetscFinalize());
  return 0;
}
