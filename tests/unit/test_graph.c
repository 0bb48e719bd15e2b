/* A graph holds what its edges say: whatever rank they come from, in any order, given once or several times; with lengths of 0 as
   entries; allocated exactly. Its forest is that of Kruskal's algorithm on all pairs, those that are no edges infinitely long. Rows of
   other ranks are copied right, also where a node shares them. Bad edges are the same error on every rank. */
#include "../../src/core/block.h"
#include "../../src/filtration/graph_impl.h"
#include "messages.h"

#include <math.h>
#include <stdlib.h>

enum graph_kind {
  NO_EDGES,
  FEW,      /* about two edges a point: several components */
  TWO_ENDS, /* the first third and the last third are complete, the rest are single points */
  STAR,     /* one point is adjacent to all others */
  TIED,     /* half of all pairs, lengths 0, 1 and 2 */
  COMPLETE,
  N_KINDS
};

struct plain {
  enum graph_kind kind;
  uint64_t        seed;
  HoleIndex       n;
};

static PetscMPIInt rank, size;

/* Length of edge (i, j); infinite where there is none. */
static double length_of(const struct plain *p, HoleIndex a, HoleIndex b)
{
  const HoleIndex i = PetscMin(a, b), j = PetscMax(a, b), third = p->n / 3;
  const uint64_t  pair   = (uint64_t)(i * p->n + j);
  const double    length = hole_random_uniform(p->seed, 2 * pair), chance = hole_random_uniform(p->seed, 2 * pair + 1);

  if (i == j) return 0;
  switch (p->kind) {
  case NO_EDGES:
    return INFINITY;
  case FEW:
    return chance * (double)p->n < 4 ? length : INFINITY;
  case TWO_ENDS:
    return (j < third || i >= p->n - third) ? floor(8 * length) / 8 : INFINITY;
  case STAR:
    return i == p->n / 2 || j == p->n / 2 || chance < 0.1 ? length : INFINITY;
  case TIED:
    return chance < 0.5 ? floor(3 * length) : INFINITY;
  default:
    return length;
  }
}

/* Every edge on a rank of its own choice, either end first; every third one on the next rank too, the other way round. */
static PetscErrorCode list_edges(const struct plain *p, HoleIndex *n_edges, HoleEdge edges[])
{
  PetscFunctionBegin;
  *n_edges = 0;
  for (HoleIndex i = p->n - 1; i >= 0; --i) {
    for (HoleIndex j = 0; j < i; ++j) {
      const uint64_t    choice = hole_random_bits(p->seed + 1, (uint64_t)(i * p->n + j));
      const PetscMPIInt owner  = (PetscMPIInt)(choice % (uint64_t)size);
      const PetscBool   swap   = (PetscBool)((choice >> 32) & 1);
      const double      length = length_of(p, i, j);

      if (length == INFINITY) continue;
      if (owner == rank) edges[(*n_edges)++] = (HoleEdge){length, swap ? i : j, swap ? j : i};
      if (choice % 3 == 0 && (owner + 1) % size == rank)
        edges[(*n_edges)++] = (HoleEdge){length, swap ? j : i, swap ? i : j};
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create_graph(const struct plain *p, Mat *graph)
{
  HoleEdge      *edges;
  HoleIndex      n_edges;
  PetscErrorCode created;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(p->n * p->n, &edges));
  PetscCall(list_edges(p, &n_edges, edges));
  created = HoleGraphCreate(PETSC_COMM_WORLD, p->n, n_edges, edges, graph);
  PetscCall(PetscFree(edges));
  PetscCall(created);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* n entries are those of row i. */
static PetscErrorCode check_row(const struct plain *p, HoleIndex i, PetscInt n, const PetscInt columns[],
                                const PetscScalar lengths[])
{
  PetscInt e = 0;

  PetscFunctionBegin;
  for (HoleIndex j = 0; j < p->n; ++j) {
    const double length = length_of(p, i, j);

    if (i == j || length == INFINITY) continue;
    TEST_CHECK(e < n && columns[e] == j && lengths[e] == length, "Kind %d, n %d: entry %d of row %d is wrong",
               (int)p->kind, (int)p->n, (int)e, (int)i);
    ++e;
  }
  TEST_CHECK(e == n, "Kind %d, n %d: row %d has %d entries, expected %d", (int)p->kind, (int)p->n, (int)i, (int)n,
             (int)e);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_matrix(const struct plain *p, Mat graph)
{
  PetscInt    first, end, n;
  MatInfo     info;
  PetscBool   is_type, set, symmetric;
  const char *name;

  PetscFunctionBegin;
  PetscCall(PetscObjectTypeCompare((PetscObject)graph, MATMPIAIJ, &is_type));
  PetscCall(MatIsSymmetricKnown(graph, &set, &symmetric));
  PetscCall(PetscObjectGetName((PetscObject)graph, &name));
  TEST_CHECK(is_type && set && symmetric && !strcmp(name, "graph"), "Type, symmetry or name");
  PetscCall(MatGetOwnershipRange(graph, &first, &end));
  TEST_CHECK(first == hole_block_first(p->n, size, rank) && end == hole_block_first(p->n, size, rank + 1),
             "Rows [%d, %d)", (int)first, (int)end);
  PetscCall(MatGetInfo(graph, MAT_LOCAL, &info));
  TEST_CHECK(info.mallocs == 0 && info.nz_unneeded == 0, "%g allocations, %g places too many", info.mallocs,
             info.nz_unneeded);
  for (PetscInt i = first; i < end; ++i) {
    const PetscInt    *columns;
    const PetscScalar *lengths;

    PetscCall(MatGetRow(graph, i, &n, &columns, &lengths));
    PetscCall(check_row(p, i, n, columns, lengths));
    PetscCall(MatRestoreRow(graph, i, &n, &columns, &lengths));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Kruskal's algorithm with sets that are relabelled one by one. */
static PetscErrorCode check_forest(const struct plain *p, Mat graph)
{
  const HoleIndex n = p->n;
  HoleEdge       *pairs;
  HoleIndex      *set, n_pairs = 0, n_kept = 0;
  HoleTree        tree;

  PetscFunctionBegin;
  PetscCall(PetscMalloc2(n * n, &pairs, n, &set));
  for (HoleIndex i = 0; i < n; ++i) {
    set[i] = i;
    for (HoleIndex j = i + 1; j < n; ++j) pairs[n_pairs++] = (HoleEdge){length_of(p, i, j), i, j};
  }
  qsort(pairs, (size_t)n_pairs, sizeof(*pairs), HoleEdgeCompare);
  for (HoleIndex e = 0; e < n_pairs; ++e) {
    const HoleIndex a = set[pairs[e].i], b = set[pairs[e].j];

    if (a == b) continue;
    for (HoleIndex v = 0; v < n; ++v) set[v] = set[v] == b ? a : set[v];
    pairs[n_kept++] = pairs[e];
  }
  PetscCall(hole_graph_forest(graph, &tree));
  for (HoleIndex e = 0; e < n - 1; ++e) {
    const HoleEdge got = HoleTreeGetEdges(tree)[e];

    TEST_CHECK(!HoleEdgeCompare(&got, &pairs[e]),
               "Kind %d, n %d: edge %d of the forest is (%g, %d, %d), expected (%g, %d, %d)", (int)p->kind, (int)n,
               (int)e, got.length, (int)got.i, (int)got.j, pairs[e].length, (int)pairs[e].i, (int)pairs[e].j);
  }
  PetscCall(HoleTreeDestroy(&tree));
  PetscCall(PetscFree2(pairs, set));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_measure(const struct plain *p, Mat graph)
{
  double longest = 0, radius = INFINITY, got_longest, got_radius;

  PetscFunctionBegin;
  for (HoleIndex i = 0; i < p->n; ++i) {
    double most = 0;

    for (HoleIndex j = 0; j < p->n; ++j) {
      const double length = length_of(p, i, j);

      most = PetscMax(most, length);
      if (length < INFINITY) longest = PetscMax(longest, length);
    }
    radius = PetscMin(radius, most);
  }
  PetscCall(hole_graph_measure(graph, &got_longest, &got_radius));
  TEST_CHECK(got_longest == longest && got_radius == radius, "Kind %d, n %d: longest %g, radius %g, expected %g, %g",
             (int)p->kind, (int)p->n, got_longest, got_radius, longest, radius);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_ghosts(const struct plain *p, Mat graph)
{
  const HoleIndex first = hole_block_first(p->n, size, rank), end = hole_block_first(p->n, size, rank + 1);
  PetscInt        n_ghosts, g                                     = 0;
  const PetscInt *ghosts;

  PetscFunctionBegin;
  PetscCall(HoleGraphGetGhosts(graph, &n_ghosts, &ghosts));
  for (HoleIndex j = 0; j < p->n; ++j) {
    PetscBool adjacent = PETSC_FALSE;

    for (HoleIndex i = first; i < end; ++i)
      adjacent = (PetscBool)(adjacent || (i != j && length_of(p, i, j) < INFINITY));
    if (!adjacent || (j >= first && j < end)) continue;
    TEST_CHECK(g < n_ghosts && ghosts[g] == j, "Point %d is a ghost", (int)j);
    ++g;
  }
  TEST_CHECK(g == n_ghosts, "%d ghosts, expected %d", (int)n_ghosts, (int)g);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Does a rank ask for a row? Rank 0 for nearly none, the last one for all. */
static PetscBool asks(const struct plain *p, PetscMPIInt who, HoleIndex row)
{
  const double share = who == size - 1 ? 1 : who == 0 ? 0.05 : 0.4;

  return (PetscBool)(hole_random_uniform(p->seed + 2, (uint64_t)(who * p->n + row)) < share);
}

static PetscErrorCode check_ghost_rows(const struct plain *p, Mat graph, HoleIndex n_rows, const HoleIndex rows[])
{
  Mat                ghost;
  PetscInt           m, n;
  const PetscInt    *columns;
  const PetscScalar *lengths;

  PetscFunctionBegin;
  PetscCall(HoleGraphGetGhostRows(graph, n_rows, rows, &ghost));
  PetscCall(MatGetSize(ghost, &m, &n));
  TEST_CHECK(m == n_rows && n == p->n, "Ghost rows are %d by %d", (int)m, (int)n);
  for (PetscInt r = 0; r < m; ++r) {
    PetscCall(MatGetRow(ghost, r, &n, &columns, &lengths));
    PetscCall(check_row(p, rows[r], n, columns, lengths));
    PetscCall(MatRestoreRow(ghost, r, &n, &columns, &lengths));
  }
  PetscCall(MatDestroy(&ghost));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* All ranks of a test are on one node: each sees what any of them asked for. */
static PetscErrorCode check_shared_rows(const struct plain *p, HoleGraphRows shared)
{
  PetscInt         columns[64];
  const HoleIndex *ids;
  const double    *lengths;
  HoleIndex        n;

  PetscFunctionBegin;
  for (HoleIndex i = 0; i < p->n; ++i) {
    PetscBool asked = PETSC_FALSE;

    for (PetscMPIInt r = 0; r < size; ++r) asked = (PetscBool)(asked || asks(p, r, i));
    if (asked) {
      PetscCall(HoleGraphRowsGet(shared, i, &n, &ids, &lengths));
      TEST_CHECK(n <= 64, "Row %d has %d entries", (int)i, (int)n);
      for (HoleIndex e = 0; e < n; ++e) columns[e] = (PetscInt)ids[e];
      PetscCall(check_row(p, i, (PetscInt)n, columns, lengths));
    } else TEST_FAILS(PETSC_ERR_ARG_OUTOFRANGE, HoleGraphRowsGet(shared, i, &n, &ids, &lengths));
  }
  TEST_FAILS(PETSC_ERR_ARG_OUTOFRANGE, HoleGraphRowsGet(shared, -1, &n, &ids, &lengths));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_rows(const struct plain *p, Mat *graph)
{
  HoleIndex     n_rows = 0, *rows;
  HoleGraphRows shared;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(p->n, &rows));
  for (HoleIndex i = 0; i < p->n; ++i) {
    if (asks(p, rank, i)) rows[n_rows++] = i;
  }
  PetscCall(check_ghost_rows(p, *graph, n_rows, rows));
  PetscCall(HoleGraphRowsCreate(*graph, n_rows, rows, &shared));
  PetscCall(MatDestroy(graph)); /* shared rows are a copy */
  PetscCall(check_shared_rows(p, shared));
  PetscCall(HoleGraphRowsDestroy(&shared));
  PetscCall(PetscFree(rows));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_graph(enum graph_kind kind, uint64_t seed, HoleIndex n)
{
  const struct plain p = {kind, seed, n};
  Mat                graph;

  PetscFunctionBegin;
  PetscCall(create_graph(&p, &graph));
  PetscCall(check_matrix(&p, graph));
  PetscCall(check_forest(&p, graph));
  PetscCall(check_measure(&p, graph));
  PetscCall(check_ghosts(&p, graph));
  if (n <= 64) PetscCall(check_rows(&p, &graph));
  PetscCall(MatDestroy(&graph));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* More edges on one rank than one round of the exchange takes: the others have none. */
static PetscErrorCode check_rounds(void)
{
  const struct plain p = {COMPLETE, 11, 600};
  HoleEdge          *edges;
  HoleIndex          n_edges = 0;
  Mat                graph;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(p.n * p.n, &edges));
  for (HoleIndex i = 0; i < p.n && rank == size - 1; ++i) {
    for (HoleIndex j = i + 1; j < p.n; ++j) edges[n_edges++] = (HoleEdge){length_of(&p, i, j), i, j};
  }
  PetscCall(HoleGraphCreate(PETSC_COMM_WORLD, p.n, n_edges, edges, &graph));
  PetscCall(check_matrix(&p, graph));
  PetscCall(MatDestroy(&graph));
  PetscCall(PetscFree(edges));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* One bad edge on the last rank. */
static PetscErrorCode check_refused(HoleEdge bad, PetscErrorCode code)
{
  const HoleEdge edges[] = {{1, 0, 1}, {2, 3, 2}, bad};
  Mat            graph;

  PetscFunctionBegin;
  TEST_FAILS(code, HoleGraphCreate(PETSC_COMM_WORLD, 5, rank == size - 1 ? 3 : 0, edges, &graph));
  TEST_CHECK(!graph, "A graph was left");
  PetscCallMPI(MPI_Barrier(PETSC_COMM_WORLD));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_bad_edges(void)
{
  PetscFunctionBegin;
  PetscCall(check_refused((HoleEdge){1, 1, 5}, PETSC_ERR_ARG_OUTOFRANGE));
  PetscCall(check_refused((HoleEdge){1, -1, 2}, PETSC_ERR_ARG_OUTOFRANGE));
  PetscCall(check_refused((HoleEdge){1, 4, 4}, HOLE_ERR_INPUT));
  PetscCall(check_refused((HoleEdge){INFINITY, 1, 4}, HOLE_ERR_INPUT));
  PetscCall(check_refused((HoleEdge){-1, 1, 4}, HOLE_ERR_INPUT));
  PetscCall(check_refused((HoleEdge){NAN, 1, 4}, HOLE_ERR_INPUT));
  PetscCall(check_refused((HoleEdge){1.5, 1, 0}, HOLE_ERR_INPUT)); /* (0, 1) has length 1 */
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Edges between each two of points [first, end), given by the last rank; `words` are for one rank that says why not. */
static PetscErrorCode check_most(HoleIndex first, HoleIndex end, HoleIndex most, PetscErrorCode want,
                                 const char words[])
{
  struct heard   heard = {0};
  HoleEdge       edges[10];
  HoleIndex      n_edges = 0;
  Mat            graph;
  PetscErrorCode got;

  PetscFunctionBegin;
  for (HoleIndex i = first; i < end && rank == size - 1; ++i) {
    for (HoleIndex j = i + 1; j < end; ++j) edges[n_edges++] = (HoleEdge){1, i, j};
  }
  PetscCall(PetscPushErrorHandler(listen, &heard));
  got = hole_graph_create(PETSC_COMM_WORLD, 20, n_edges, edges, most, &graph);
  PetscCall(PetscPopErrorHandler());
  TEST_CHECK(!graph == (want != PETSC_SUCCESS), "At most %d entries: a graph was left, or there is none", (int)most);
  PetscCall(MatDestroy(&graph));
  if (words) PetscCall(test_check_message(&heard, got, want, words));
  else TEST_CHECK(got == want, "At most %d entries: expected error %d, got %d", (int)most, (int)want, (int)got);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* More entries than PetscInt can count, where it counts to less. */
static PetscErrorCode check_limits(void)
{
  const char *const words = "12 entries on one rank|(11)|more ranks|-threshold|64-bit";

  PetscFunctionBegin;
  PetscCall(check_most(0, 4, 11, HOLE_ERR_RESOURCE, words)); /* points 0 to 4 are on one rank, whatever their number */
  PetscCall(check_most(15, 19, 11, HOLE_ERR_RESOURCE, words));
  PetscCall(check_most(0, 4, 12, PETSC_SUCCESS, ""));
  if (size == 2) {
    PetscCall(check_most(8, 12, 4, PETSC_SUCCESS, "")); /* two points on each rank: 2 own entries, and 4 others */
    PetscCall(check_most(8, 12, 3, HOLE_ERR_RESOURCE, NULL));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode use_graph(void)
{
  const struct plain p   = {TIED, 5, 20};
  const HoleIndex    row = rank;
  Mat                graph;
  HoleTree           tree   = NULL;
  HoleGraphRows      shared = NULL;
  PetscErrorCode     used;

  PetscFunctionBegin;
  PetscCall(create_graph(&p, &graph));
  used = hole_graph_forest(graph, &tree);
  if (!used) used = HoleGraphRowsCreate(graph, 1, &row, &shared);
  PetscCall(HoleTreeDestroy(&tree));
  PetscCall(HoleGraphRowsDestroy(&shared));
  PetscCall(MatDestroy(&graph));
  PetscCall(used);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_faults(void)
{
  const char *const points[] = {"graph_exchange", "graph_entries", "graph_rows",
                                "graph_matrix",   "graph_forest",  "graph_ghosts"};

  PetscFunctionBegin;
  for (PetscMPIInt r = 0; r < size; ++r) {
    for (int f = 0; f < 6; ++f) TEST_FAULT(points[f], r, use_graph());
  }
  PetscCall(use_graph()); /* and all is well again */
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  PetscFunctionBeginUser;
  PetscCall(PetscInitialize(&argc, &argv, NULL, NULL));
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &size));
  for (int kind = 0; kind < N_KINDS; ++kind) {
    for (HoleIndex n = 1; n <= 6; ++n) PetscCall(check_graph(kind, (uint64_t)n, n));
    PetscCall(check_graph(kind, 7, 31));
    PetscCall(check_graph(kind, 8, 64));
    PetscCall(check_graph(kind, 9, 150));
  }
  PetscCall(check_rounds());
  PetscCall(check_bad_edges());
  PetscCall(check_limits());
#if defined(HOLE_ENABLE_FAULTS)
  PetscCall(check_faults());
#else
  (void)check_faults;
#endif
  PetscCall(PetscFinalize());
  return 0;
}
