/* A graph as a symmetric MATMPIAIJ: rows are gathered and sorted first, so that the matrix is allocated exactly and filled row by
   row, and its assembly has nothing to send. */
#include "../core/block.h"
#include "../core/fault.h"
#include "../core/sort.h"
#include "graph_impl.h"
#include <hole/hole_error.h>
#include <math.h>

struct entry {
  HoleIndex column;
  double    length;
};

/* Own rows on their way into the matrix. */
struct rows {
  MPI_Comm    comm;
  PetscMPIInt rank, size;
  HoleIndex   n, first, n_local;
  HoleIndex   most; /* entries that PETSc can number in each part of the matrix */
  HoleIndex *
      start; /* [n_local + 1] of each row in `entries`; a row has count[i] entries, and room for more if some came twice */
  HoleIndex    *count;           /* [n_local] */
  struct entry *entries;         /* sorted by column in each row */
  PetscInt     *n_own, *n_other; /* [n_local] entries in columns of our own block, and in others */
  PetscInt     *columns;         /* [longest row] */
  PetscScalar  *lengths;         /* [longest row] */
};

/* Local. */
static PetscErrorCode check_edges(HoleIndex n, HoleIndex n_edges, const HoleEdge edges[])
{
  PetscFunctionBegin;
  PetscCheck(n >= 1, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE,
             "A graph of %" HoleIndex_FMT " points, expected 1 or more", n);
  PetscCheck(n <= PETSC_MAX_INT, PETSC_COMM_SELF, HOLE_ERR_RESOURCE,
             "A graph of %" HoleIndex_FMT
             " points is more than 32-bit indices of PETSc can number; build with a PETSc that "
             "has 64-bit indices",
             n);
  for (HoleIndex e = 0; e < n_edges; ++e) {
    const HoleIndex i = edges[e].i, j = edges[e].j;

    PetscCheck(PetscMin(i, j) >= 0 && PetscMax(i, j) < n, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE,
               "Edge (%" HoleIndex_FMT ", %" HoleIndex_FMT ") of a graph of %" HoleIndex_FMT " points", i, j, n);
    PetscCheck(i != j, PETSC_COMM_SELF, HOLE_ERR_INPUT, "An edge joins point %" HoleIndex_FMT " to itself", i);
    PetscCheck(edges[e].length >= 0 && isfinite(edges[e].length), PETSC_COMM_SELF, HOLE_ERR_INPUT,
               "Edge (%" HoleIndex_FMT ", %" HoleIndex_FMT ") has length %g; expected a finite number of 0 or more", i,
               j, edges[e].length);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscBool is_ascending(HoleIndex n, const struct entry row[])
{
  for (HoleIndex e = 1; e < n; ++e) {
    if (row[e - 1].column > row[e].column) return PETSC_FALSE;
  }
  return PETSC_TRUE;
}

static int by_column(const void *a, const void *b)
{
  const struct entry *x = a, *y = b;

  return x->column < y->column ? -1 : x->column > y->column;
}

/* Local: the entries by rows. They come in any order; of ascending edges on one rank those of each row are ascending. */
static PetscErrorCode sort_into_rows(struct rows *r, HoleIndex n_entries, const HoleEdge entries[])
{
  PetscFunctionBegin;
  PetscCall(hole_fault(r->comm, "graph_rows"));
  PetscCall(PetscCalloc2(r->n_local + 1, &r->start, r->n_local, &r->count));
  PetscCall(PetscMalloc1(n_entries, &r->entries));
  for (HoleIndex e = 0; e < n_entries; ++e) ++r->start[entries[e].i - r->first + 1];
  for (HoleIndex i = 0; i < r->n_local; ++i) r->start[i + 1] += r->start[i];
  for (HoleIndex e = 0; e < n_entries; ++e) {
    const HoleIndex i = entries[e].i - r->first;

    r->entries[r->start[i] + r->count[i]++] = (struct entry){entries[e].j, entries[e].length};
  }
  for (HoleIndex i = 0; i < r->n_local; ++i) {
    struct entry *row = r->entries + r->start[i];

    if (!is_ascending(r->count[i], row)) hole_sort(row, r->count[i], sizeof(*row), by_column);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: an edge that came several times stays once. */
static PetscErrorCode drop_repeated(struct rows *r)
{
  PetscFunctionBegin;
  for (HoleIndex i = 0; i < r->n_local; ++i) {
    struct entry *row  = r->entries + r->start[i];
    HoleIndex     kept = 0;

    for (HoleIndex e = 0; e < r->count[i]; ++e) {
      const PetscBool repeated = (PetscBool)(kept && row[kept - 1].column == row[e].column);

      PetscCheck(!repeated || row[kept - 1].length == row[e].length, PETSC_COMM_SELF, HOLE_ERR_INPUT,
                 "Edge (%" HoleIndex_FMT ", %" HoleIndex_FMT ") is given with lengths %g and %g", r->first + i,
                 row[e].column, row[kept - 1].length, row[e].length);
      if (!repeated) row[kept++] = row[e];
    }
    r->count[i] = kept;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: how many entries each row has in the two parts of the matrix. */
static PetscErrorCode count_entries(struct rows *r)
{
  HoleIndex n_own = 0, n_other = 0, longest = 0;

  PetscFunctionBegin;
  PetscCall(PetscCalloc2(r->n_local, &r->n_own, r->n_local, &r->n_other));
  for (HoleIndex i = 0; i < r->n_local; ++i) {
    const struct entry *row = r->entries + r->start[i];

    for (HoleIndex e = 0; e < r->count[i]; ++e) {
      if (row[e].column >= r->first && row[e].column < r->first + r->n_local) ++r->n_own[i];
      else ++r->n_other[i];
    }
    n_own += r->n_own[i];
    n_other += r->n_other[i];
    longest = PetscMax(longest, r->count[i]);
  }
  PetscCheck(PetscMax(n_own, n_other) <= r->most, PETSC_COMM_SELF, HOLE_ERR_RESOURCE,
             "a graph with %" HoleIndex_FMT
             " entries on one rank, more than the indices of PETSc can number (%" HoleIndex_FMT
             "); use more ranks, lower -threshold, -neighbors or -max_points, raise -epsilon, or build with a PETSc "
             "that has 64-bit indices",
             n_own + n_other, r->most);
  PetscCall(PetscMalloc2(longest, &r->columns, longest, &r->lengths));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local, once the layouts are known. */
static PetscErrorCode allocate_matrix(const struct rows *r, Mat graph)
{
  PetscFunctionBegin;
  PetscCall(hole_fault(r->comm, "graph_matrix"));
  PetscCall(MatMPIAIJSetPreallocation(graph, 0, r->n_own, 0, r->n_other));
  PetscCall(MatSetOption(graph, MAT_NO_OFF_PROC_ENTRIES, PETSC_TRUE));
  PetscCall(MatSetOption(graph, MAT_NEW_NONZERO_ALLOCATION_ERR, PETSC_TRUE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local. Every entry has its place already: nothing is allocated. */
static PetscErrorCode fill_matrix(const struct rows *r, Mat graph)
{
  PetscFunctionBegin;
  for (HoleIndex i = 0; i < r->n_local; ++i) {
    const struct entry *entries = r->entries + r->start[i];
    const PetscInt      row     = (PetscInt)(r->first + i);

    for (HoleIndex e = 0; e < r->count[i]; ++e) {
      r->columns[e] = (PetscInt)entries[e].column;
      r->lengths[e] = entries[e].length;
    }
    PetscCall(MatSetValues(graph, 1, &row, (PetscInt)r->count[i], r->columns, r->lengths, INSERT_VALUES));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: the entries of our rows, each once, in order; what came from the exchange goes. */
static PetscErrorCode arrange(struct rows *r, HoleIndex n_entries, HoleEdge *entries[])
{
  PetscErrorCode sorted;

  PetscFunctionBegin;
  sorted = sort_into_rows(r, n_entries, *entries);
  PetscCall(PetscFree(*entries));
  PetscCall(sorted);
  PetscCall(drop_repeated(r));
  PetscCall(count_entries(r));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: an empty matrix of the right shape and type. */
static PetscErrorCode create_matrix(const struct rows *r, Mat *graph)
{
  const PetscInt n = (PetscInt)r->n, n_local = (PetscInt)r->n_local;
  PetscLayout    rows, columns;

  PetscFunctionBegin;
  PetscCall(MatCreate(r->comm, graph));
  PetscCall(PetscObjectSetName((PetscObject)*graph, "graph"));
  PetscCall(MatSetSizes(*graph, n_local, n_local, n, n));
  PetscCall(MatSetType(*graph, MATMPIAIJ));
  PetscCall(MatGetLayouts(*graph, &rows, &columns));
  PetscCall(PetscLayoutSetUp(rows));
  PetscCall(PetscLayoutSetUp(columns));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective. */
static PetscErrorCode assemble(Mat graph)
{
  MatInfo info;

  PetscFunctionBegin;
  PetscCall(MatAssemblyBegin(graph, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(graph, MAT_FINAL_ASSEMBLY));
  PetscCall(MatSetOption(graph, MAT_SYMMETRIC, PETSC_TRUE));
  PetscCall(MatGetInfo(graph, MAT_LOCAL, &info));
  PetscCheck(info.mallocs == 0, PETSC_COMM_SELF, PETSC_ERR_PLIB, "%g entries of a graph had no place", info.mallocs);
  PetscCall(PetscInfo(graph, "Graph: %g entries on this rank\n", info.nz_used));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective. */
static PetscErrorCode create_graph(struct rows *r, HoleIndex n_edges, const HoleEdge edges[], Mat *graph)
{
  HoleIndex n_entries;
  HoleEdge *entries;

  PetscFunctionBegin;
  HoleCallAgreed(r->comm, check_edges(r->n, n_edges, edges));                          /* local */
  PetscCall(hole_graph_exchange(r->comm, r->n, n_edges, edges, &n_entries, &entries)); /* collective */
  HoleCallAgreed(r->comm, arrange(r, n_entries, &entries));                            /* local */
  PetscCall(create_matrix(r, graph));                                                  /* collective */
  HoleCallAgreed(r->comm, allocate_matrix(r, *graph));                                 /* local */
  HoleCallAgreed(r->comm, fill_matrix(r, *graph));                                     /* local */
  PetscCall(assemble(*graph));                                                         /* collective */
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_graph_create(MPI_Comm comm, HoleIndex n, HoleIndex n_edges, const HoleEdge edges[], HoleIndex most,
                                 Mat *graph)
{
  struct rows    r = {.comm = comm, .n = n, .most = most};
  PetscErrorCode created;

  PetscFunctionBegin;
  *graph = NULL;
  PetscCallMPI(MPI_Comm_rank(comm, &r.rank));
  PetscCallMPI(MPI_Comm_size(comm, &r.size));
  r.first   = hole_block_first(n, r.size, r.rank);
  r.n_local = hole_block_count(n, r.size, r.rank);
  created   = create_graph(&r, n_edges, edges, graph);
  PetscCall(PetscFree2(r.start, r.count));
  PetscCall(PetscFree(r.entries));
  PetscCall(PetscFree2(r.n_own, r.n_other));
  PetscCall(PetscFree2(r.columns, r.lengths));
  if (created) PetscCall(MatDestroy(graph));
  PetscCall(created);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleGraphCreate(MPI_Comm comm, HoleIndex n, HoleIndex n_edges, const HoleEdge edges[], Mat *graph)
{
  PetscFunctionBegin;
  PetscCall(hole_graph_create(comm, n, n_edges, edges, PETSC_MAX_INT, graph));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_graph_own_edges(Mat graph, double most, HoleIndex *n_edges, struct hole_edge_key *edges[])
{
  PetscInt first, end;
  MatInfo  info;

  PetscFunctionBegin;
  *n_edges = 0;
  PetscCall(MatGetInfo(graph, MAT_LOCAL, &info));
  PetscCall(PetscMalloc1((HoleIndex)info.nz_used, edges)); /* at most; what is not written takes no memory */
  PetscCall(MatGetOwnershipRange(graph, &first, &end));
  for (PetscInt i = first; i < end; ++i) {
    PetscInt           n;
    const PetscInt    *columns;
    const PetscScalar *lengths;

    PetscCall(MatGetRow(graph, i, &n, &columns, &lengths));
    for (PetscInt e = 0; e < n; ++e) {
      if (columns[e] < i || PetscRealPart(lengths[e]) > most) continue;
      (*edges)[(*n_edges)++] = hole_edge_key_of(PetscRealPart(lengths[e]) + 0.0, i, columns[e]); /* no -0 */
    }
    PetscCall(MatRestoreRow(graph, i, &n, &columns, &lengths));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_graph_measure(Mat graph, double *longest, double *radius)
{
  PetscInt n_points, first, end;
  double   most = 0, least = INFINITY;
  MPI_Comm comm;

  PetscFunctionBegin;
  PetscCall(PetscObjectGetComm((PetscObject)graph, &comm));
  PetscCall(MatGetSize(graph, &n_points, NULL));
  PetscCall(MatGetOwnershipRange(graph, &first, &end));
  for (PetscInt i = first; i < end; ++i) {
    PetscInt           n;
    const PetscScalar *lengths;
    double             row = 0;

    PetscCall(MatGetRow(graph, i, &n, NULL, &lengths));
    for (PetscInt e = 0; e < n; ++e) row = PetscMax(row, PetscRealPart(lengths[e]));
    if (n == n_points - 1) least = PetscMin(least, row);
    most = PetscMax(most, row);
    PetscCall(MatRestoreRow(graph, i, &n, NULL, &lengths));
  }
  PetscCallMPI(MPI_Allreduce(&most, longest, 1, MPI_DOUBLE, MPI_MAX, comm));
  PetscCallMPI(MPI_Allreduce(&least, radius, 1, MPI_DOUBLE, MPI_MIN, comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}
