/* Rows of a graph that are on other ranks: copied by PETSc, for one rank or for all ranks of a node. */
#include "../core/block.h"
#include "../core/cast.h"
#include "../core/fault.h"
#include "../core/sort.h"
#include <hole/hole_error.h>
#include <hole/hole_graph.h>
#include <stdlib.h>
#include <string.h>

PetscErrorCode HoleGraphGetGhosts(Mat graph, PetscInt *n_ghosts, const PetscInt *ghosts[])
{
  Mat other;

  PetscFunctionBegin;
  PetscCall(MatMPIAIJGetSeqAIJ(graph, NULL, &other, ghosts));
  PetscCall(MatGetLocalSize(other, NULL, n_ghosts)); /* a column a ghost */
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: the rows asked for, as an index set of PETSc; NULL on error. */
static PetscErrorCode create_set(MPI_Comm comm, HoleIndex n, HoleIndex n_rows, const HoleIndex rows[], IS *set)
{
  PetscInt *ids;

  PetscFunctionBegin;
  *set = NULL;
  PetscCall(hole_fault(comm, "graph_ghosts"));
  for (HoleIndex r = 0; r < n_rows; ++r)
    PetscCheck(rows[r] >= 0 && rows[r] < n && (!r || rows[r - 1] < rows[r]), PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE,
               "Row %" HoleIndex_FMT " of a graph of %" HoleIndex_FMT " points; expected ascending rows, each once",
               rows[r], n);
  PetscCall(PetscMalloc1(n_rows, &ids));
  for (HoleIndex r = 0; r < n_rows; ++r) ids[r] = (PetscInt)rows[r];
  PetscCall(ISCreateGeneral(PETSC_COMM_SELF, (PetscInt)n_rows, ids, PETSC_OWN_POINTER, set));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective. */
static PetscErrorCode copy_rows(Mat graph, PetscInt n, IS rows, Mat *ghost)
{
  IS   columns;
  Mat *copies;

  PetscFunctionBegin;
  PetscCall(ISCreateStride(PETSC_COMM_SELF, n, 0, 1, &columns)); /* all of them; PETSc makes no list of that */
  PetscCall(MatCreateSubMatrices(graph, 1, &rows, &columns, MAT_INITIAL_MATRIX, &copies));
  *ghost = copies[0];
  PetscCall(PetscObjectReference((PetscObject)*ghost));
  PetscCall(MatDestroySubMatrices(1, &copies));
  PetscCall(ISDestroy(&columns));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleGraphGetGhostRows(Mat graph, HoleIndex n_rows, const HoleIndex rows[], Mat *ghost)
{
  MPI_Comm       comm;
  PetscInt       n;
  IS             set = NULL;
  PetscErrorCode copied;

  PetscFunctionBegin;
  *ghost = NULL;
  PetscCall(PetscObjectGetComm((PetscObject)graph, &comm));
  PetscCall(MatGetSize(graph, &n, NULL));
  copied = HoleErrorAgree(comm, create_set(comm, n, n_rows, rows, &set)); /* local */
  if (!copied) copied = copy_rows(graph, n, set, ghost);                  /* collective */
  PetscCall(ISDestroy(&set));
  PetscCall(copied);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A row in shared memory. */
struct place {
  HoleIndex        n;
  const HoleIndex *columns;
  const double    *lengths;
};

struct HoleGraphRows_s {
  MPI_Comm      node;
  PetscMPIInt   rank, size; /* in the node */
  HoleIndex     n_rows;     /* of the node */
  HoleIndex    *ids;        /* [n_rows] ascending */
  struct place *places;     /* [n_rows] */
  MPI_Win       window;
};

/* The part of shared memory that a rank fills, with the rows of its block of `ids`: start[count + 1], then columns[start[count]], then
   as many lengths, all of 8 bytes. */
static size_t part_bytes(HoleIndex count, HoleIndex n_entries)
{
  return (size_t)(count + 1 + n_entries) * sizeof(HoleIndex) + (size_t)n_entries * sizeof(double);
}

static int by_id(const void *a, const void *b)
{
  const HoleIndex *x = a, *y = b;

  return *x < *y ? -1 : *x > *y;
}

/* Local: how much each rank of the node asks for, and room for all of it. */
static PetscErrorCode allocate_ids(HoleGraphRows s, const HoleIndex counts[], PetscMPIInt count[], PetscMPIInt start[])
{
  PetscFunctionBegin;
  for (PetscMPIInt r = 0; r < s->size; ++r) {
    PetscCall(hole_mpi_int(counts[r], &count[r]));
    PetscCall(hole_mpi_int(s->n_rows, &start[r]));
    s->n_rows += counts[r];
  }
  PetscCall(PetscMalloc1(s->n_rows, &s->ids));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: what the ranks of the node ask for together, each row once. */
static PetscErrorCode unite_requests(HoleGraphRows s, MPI_Comm comm, HoleIndex n_rows, const HoleIndex rows[])
{
  HoleIndex     *counts, kept = 0;
  PetscMPIInt   *count, *start;
  PetscErrorCode allocated;

  PetscFunctionBegin;
  HoleCallAgreed(comm, PetscMalloc3(s->size, &counts, s->size, &count, s->size, &start)); /* local */
  PetscCallMPI(MPI_Allgather(&n_rows, 1, HOLE_MPI_INDEX, counts, 1, HOLE_MPI_INDEX, s->node));
  allocated = HoleErrorAgree(comm, allocate_ids(s, counts, count, start)); /* local */
  if (!allocated)
    PetscCallMPI(MPI_Allgatherv(rows, count[s->rank], HOLE_MPI_INDEX, s->ids, count, start, HOLE_MPI_INDEX, s->node));
  PetscCall(PetscFree3(counts, count, start));
  PetscCall(allocated);
  hole_sort(s->ids, s->n_rows, sizeof(*s->ids), by_id);
  for (HoleIndex r = 0; r < s->n_rows; ++r) {
    if (!kept || s->ids[kept - 1] != s->ids[r]) s->ids[kept++] = s->ids[r];
  }
  s->n_rows = kept;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: the rows of a sequential matrix into our part. */
static PetscErrorCode fill_part(HoleIndex count, Mat ghost, HoleIndex start[])
{
  PetscFunctionBegin;
  start[0] = 0;
  for (int pass = 0; pass < 2; ++pass) { /* where rows start, then what is in them */
    HoleIndex *columns = start + count + 1;
    double    *lengths = pass ? (double *)(columns + start[count]) : NULL;

    for (HoleIndex r = 0; r < count; ++r) {
      PetscInt           n;
      const PetscInt    *c;
      const PetscScalar *v;

      PetscCall(MatGetRow(ghost, (PetscInt)r, &n, &c, &v));
      if (!pass) start[r + 1] = start[r] + n;
      for (PetscInt e = 0; e < n && pass; ++e) {
        columns[start[r] + e] = c[e];
        lengths[start[r] + e] = PetscRealPart(v[e]);
      }
      PetscCall(MatRestoreRow(ghost, (PetscInt)r, &n, &c, &v));
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective on the node: shared memory, our part of it filled, all parts readable. */
static PetscErrorCode share_rows(HoleGraphRows s, HoleIndex count, Mat ghost)
{
  MatInfo        info;
  HoleIndex     *part;
  PetscErrorCode filled;

  PetscFunctionBegin;
  PetscCall(MatGetInfo(ghost, MAT_LOCAL, &info));
  PetscCallMPI(MPI_Win_allocate_shared((MPI_Aint)part_bytes(count, (HoleIndex)info.nz_used), 1, MPI_INFO_NULL, s->node,
                                       &part, &s->window));
  PetscCallMPI(MPI_Win_lock_all(MPI_MODE_NOCHECK, s->window));
  filled = fill_part(count, ghost, part);
  PetscCallMPI(MPI_Win_sync(s->window));
  PetscCallMPI(MPI_Barrier(s->node));
  PetscCallMPI(MPI_Win_sync(s->window));
  PetscCall(filled);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: where the rows are. */
static PetscErrorCode find_places(HoleGraphRows s)
{
  PetscFunctionBegin;
  PetscCall(PetscMalloc1(s->n_rows, &s->places));
  for (PetscMPIInt r = 0; r < s->size; ++r) {
    const HoleIndex  first = hole_block_first(s->n_rows, s->size, r), count = hole_block_count(s->n_rows, s->size, r);
    const HoleIndex *start, *columns;
    const double    *lengths;
    MPI_Aint         bytes;
    PetscMPIInt      unit;

    PetscCallMPI(MPI_Win_shared_query(s->window, r, &bytes, &unit, (void *)&start));
    columns = start + count + 1;
    lengths = (const double *)(columns + start[count]);
    for (HoleIndex a = 0; a < count; ++a)
      s->places[first + a] = (struct place){start[a + 1] - start[a], columns + start[a], lengths + start[a]};
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective. */
static PetscErrorCode collect(HoleGraphRows s, Mat graph, MPI_Comm comm, HoleIndex n_rows, const HoleIndex rows[])
{
  HoleIndex      first, count;
  Mat            ghost;
  PetscErrorCode filled;

  PetscFunctionBegin;
  PetscCall(unite_requests(s, comm, n_rows, rows));
  first = hole_block_first(s->n_rows, s->size, s->rank);
  count = hole_block_count(s->n_rows, s->size, s->rank);
  PetscCall(HoleGraphGetGhostRows(graph, count, s->ids + first, &ghost));
  filled = HoleErrorAgree(comm, share_rows(s, count, ghost));
  PetscCall(MatDestroy(&ghost));
  PetscCall(filled);
  HoleCallAgreed(comm, find_places(s)); /* local */
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleGraphRowsCreate(Mat graph, HoleIndex n_rows, const HoleIndex rows[], HoleGraphRows *shared)
{
  MPI_Comm       comm;
  HoleGraphRows  s;
  PetscErrorCode collected;

  PetscFunctionBegin;
  *shared = NULL;
  PetscCall(PetscObjectGetComm((PetscObject)graph, &comm));
  PetscCall(PetscNew(&s));
  s->window = MPI_WIN_NULL;
  PetscCallMPI(MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &s->node));
  PetscCallMPI(MPI_Comm_rank(s->node, &s->rank));
  PetscCallMPI(MPI_Comm_size(s->node, &s->size));
  collected = collect(s, graph, comm, n_rows, rows);
  if (collected) PetscCall(HoleGraphRowsDestroy(&s));
  PetscCall(collected);
  *shared = s;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleGraphRowsGet(HoleGraphRows s, HoleIndex row, HoleIndex *n, const HoleIndex *columns[],
                                const double *lengths[])
{
  const HoleIndex *found =
      s->n_rows ? bsearch(&row, s->ids, (size_t)s->n_rows, sizeof(row), by_id) : NULL; /* no array, no search */
  const struct place *place;

  PetscFunctionBegin;
  PetscCheck(found, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE,
             "No rank of this node asked for row %" HoleIndex_FMT " of the graph", row);
  place    = &s->places[found - s->ids];
  *n       = place->n;
  *columns = place->columns;
  *lengths = place->lengths;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleGraphRowsDestroy(HoleGraphRows *shared)
{
  HoleGraphRows s = *shared;

  PetscFunctionBegin;
  if (!s) PetscFunctionReturn(PETSC_SUCCESS);
  if (s->window != MPI_WIN_NULL) {
    PetscCallMPI(MPI_Win_unlock_all(s->window));
    PetscCallMPI(MPI_Win_free(&s->window));
  }
  PetscCall(PetscFree(s->ids));
  PetscCall(PetscFree(s->places));
  PetscCallMPI(MPI_Comm_free(&s->node));
  PetscCall(PetscFree(s));
  *shared = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}
