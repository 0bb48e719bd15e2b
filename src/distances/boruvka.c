/* Boruvka's algorithm on rows that are split over ranks [Boruvka1926].

   In each round every component takes its shortest edge to another one; edges are totally ordered, so the choices of all
   components together make no cycle. At least half of the components vanish in a round. A rank looks for the nearest foreign point
   of its own rows only, and the ranks agree on the best of each component.

   A row remembers the nearest foreign point it last found. As components only grow, that length is a lower bound once the
   point has been swallowed; the row is searched again only if it could still beat what its component has found. */
#include "boruvka.h"

#include "../core/block.h"
#include "../core/cast.h"
#include "../core/fault.h"
#include "../core/union_find.h"
#include "../tree/edge_order.h"
#include <hole/hole_error.h>
#include <math.h>

#define NO_EDGE ((struct hole_edge_key){INFINITY, UINT32_MAX, UINT32_MAX})

struct boruvka {
  HoleDistances         d;
  HoleIndex             n, first, n_local;
  int32_t              *component; /* [n] smallest member of each point's component */
  struct hole_edge_key *nearest;   /* [n_local] shortest edge to a foreign point, or a lower bound for it */
  struct hole_edge_key *best;      /* [n] shortest edge out of the component that is named by its smallest member */
  HoleEdge             *edges;     /* [n - 1] the tree so far */
  HoleIndex             n_edges;
  HoleIndex            *sets; /* [n] union-find */
};

/* Local. */
static PetscErrorCode allocate(struct boruvka *b)
{
  PetscFunctionBegin;
  PetscCall(hole_fault(HoleDistancesGetComm(b->d), "forest_allocate"));
  PetscCall(PetscMalloc1(b->n, &b->component));
  PetscCall(PetscMalloc1(b->n_local, &b->nearest));
  PetscCall(PetscMalloc1(b->n, &b->best));
  PetscCall(PetscMalloc1(b->n, &b->edges));
  PetscCall(PetscMalloc1(b->n, &b->sets));
  hole_union_find_init(b->n, b->sets);
  for (HoleIndex i = 0; i < b->n; ++i) b->component[i] = (int32_t)i;
  for (HoleIndex i = 0; i < b->n_local; ++i)
    b->nearest[i] = hole_edge_key_of(0, b->first + i, b->first + i); /* lower bound */
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The nearest point outside the component of point `i`; ascending order of j settles ties. */
static struct hole_edge_key search_row(const struct boruvka *b, HoleIndex i)
{
  const double *row    = HoleDistancesGetRow(b->d, i - b->first);
  double        length = INFINITY;
  HoleIndex     found  = -1;

  for (HoleIndex j = 0; j < b->n; ++j) {
    if (row[j] < length && b->component[j] != b->component[i]) {
      length = row[j];
      found  = j;
    }
  }
  return found < 0 ? NO_EDGE : hole_edge_key_of(length, i, found);
}

static void offer(struct boruvka *b, HoleIndex i, const struct hole_edge_key *edge)
{
  struct hole_edge_key *best = &b->best[b->component[i]];

  if (hole_edge_key_compare(edge, best) < 0) *best = *edge;
}

/* Does the edge that point i remembers still leave its component? */
static PetscBool is_foreign(const struct boruvka *b, const struct hole_edge_key *edge)
{
  return (PetscBool)(b->component[edge->i] != b->component[edge->j]);
}

/* Local: the best edges that our rows know of. Rows whose memory still holds go first and set the bar for the others. */
static void choose_edges(struct boruvka *b)
{
  for (HoleIndex c = 0; c < b->n; ++c) b->best[c] = NO_EDGE;
  for (HoleIndex i = 0; i < b->n_local; ++i) {
    if (is_foreign(b, &b->nearest[i])) offer(b, b->first + i, &b->nearest[i]);
  }
  for (HoleIndex i = 0; i < b->n_local; ++i) {
    HoleIndex point = b->first + i;

    if (is_foreign(b, &b->nearest[i]) || b->nearest[i].length > b->best[b->component[point]].length) continue;
    b->nearest[i] = search_row(b, point);
    offer(b, point, &b->nearest[i]);
  }
}

/* MPI reduction: the smaller edge, elementwise. */
static void MPIAPI smaller_edges(void *in, void *inout, int *n, MPI_Datatype *type)
{
  const struct hole_edge_key *a = in;
  struct hole_edge_key       *b = inout;

  (void)type;
  for (int e = 0; e < *n; ++e) {
    if (hole_edge_key_compare(&a[e], &b[e]) < 0) b[e] = a[e];
  }
}

/* Equal on every rank: join what was chosen. Two components that chose the same edge add it once. */
static void join_components(struct boruvka *b)
{
  for (HoleIndex c = 0; c < b->n; ++c) {
    const struct hole_edge_key *e = &b->best[c];

    if (b->component[c] != c || e->length == INFINITY) continue;
    if (hole_union_find_join(b->sets, e->i, e->j)) b->edges[b->n_edges++] = (HoleEdge){e->length, e->i, e->j};
  }
}

/* Name every component by its smallest member; `best` is free now and holds the names by root. */
static void name_components(struct boruvka *b)
{
  for (HoleIndex i = 0; i < b->n; ++i) b->best[i].i = UINT32_MAX;
  for (HoleIndex i = 0; i < b->n; ++i) {
    struct hole_edge_key *root = &b->best[hole_union_find_root(b->sets, i)];

    if (root->i == UINT32_MAX) root->i = (uint32_t)i;
    b->component[i] = (int32_t)root->i;
  }
}

/* Collective. */
static PetscErrorCode grow(struct boruvka *b)
{
  MPI_Datatype type;
  MPI_Op       op;
  PetscMPIInt  n;
  HoleIndex    n_before;

  PetscFunctionBegin;
  PetscCall(hole_mpi_int(b->n, &n));
  PetscCallMPI(MPI_Type_contiguous(sizeof(struct hole_edge_key), MPI_BYTE, &type));
  PetscCallMPI(MPI_Type_commit(&type));
  PetscCallMPI(MPI_Op_create(smaller_edges, 1, &op));
  while (b->n_edges < b->n - 1) {
    choose_edges(b);
    PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, b->best, n, type, op, HoleDistancesGetComm(b->d)));
    n_before = b->n_edges;
    join_components(b);
    PetscCheck(b->n_edges > n_before, PETSC_COMM_SELF, PETSC_ERR_PLIB, /* equal on all ranks */
               "No two components join: the distances are not symmetric to the last bit");
    name_components(b);
  }
  PetscCallMPI(MPI_Op_free(&op));
  PetscCallMPI(MPI_Type_free(&type));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode solve(struct boruvka *b, HoleTree *tree)
{
  MPI_Comm comm = HoleDistancesGetComm(b->d);

  PetscFunctionBegin;
  HoleCallAgreed(comm, allocate(b));                          /* local */
  PetscCall(grow(b));                                         /* collective */
  HoleCallAgreed(comm, HoleTreeCreate(b->n, b->edges, tree)); /* local */
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_forest_solve(HoleDistances d, HoleTree *tree)
{
  struct boruvka b = {.d = d};
  PetscErrorCode solved;

  PetscFunctionBegin;
  *tree = NULL;
  PetscCall(HoleDistancesGetShape(d, &b.n, NULL, &b.first, &b.n_local));
  solved = solve(&b, tree);
  PetscCall(PetscFree(b.component));
  PetscCall(PetscFree(b.nearest));
  PetscCall(PetscFree(b.best));
  PetscCall(PetscFree(b.edges));
  PetscCall(PetscFree(b.sets));
  if (solved) PetscCall(HoleTreeDestroy(tree));
  PetscCall(solved);
  PetscFunctionReturn(PETSC_SUCCESS);
}

double hole_forest_predict_bytes(HoleIndex n, PetscMPIInt size)
{
  const size_t a_point = sizeof(int32_t) + sizeof(struct hole_edge_key) + sizeof(HoleEdge) + sizeof(HoleIndex);

  return (double)n * (double)a_point + (double)hole_block_count(n, size, 0) * (double)sizeof(struct hole_edge_key);
}
