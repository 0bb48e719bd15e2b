/* Points by two eigenvectors of a graph: each point is joined to its nearest others, and along the merge tree, so that the graph is
   in one piece. All edges weigh the same.

   With the degrees in D and the edges in W, the normalised Laplacian is I - D^-1/2 W D^-1/2 [Chung1997]. Its smallest eigenvalue is 0,
   of the vector of the roots of the degrees, which is known and kept out; the two that follow are the largest others of
   D^-1/2 W D^-1/2. The graph is solved on the first rank alone, so that the bits depend on libraries only. */
#include "views_impl.h"

#include "../core/block.h"
#include "../core/cast.h"
#include "../core/fault.h"
#include "../core/random.h"
#include "../core/sort.h"
#include <hole/hole_error.h>
#include <hole/hole_pass.h>
#include <math.h>
#include <slepceps.h>

enum { NEIGHBOURS = 16, MOST_POINTS = 100000, LEAST_POINTS = 4, MOST_STEPS = 1000, AXES = 2 };

/* An edge, the smaller end first. */
struct link {
  int32_t i, j;
};

static int by_ends(const void *a, const void *b)
{
  const struct link *e = a, *f = b;

  return e->i != f->i ? (e->i > f->i) - (e->i < f->i) : (e->j > f->j) - (e->j < f->j);
}

/* What the first rank works with. */
struct layout {
  HoleIndex    n, k, n_links;
  int32_t     *neighbours; /* [n, k]; a point itself: none */
  PetscMPIInt *counts, *starts;
  struct link *links;
  double      *root; /* [n] of the degrees */
  PetscInt    *degree;
  Mat          matrix;
  Vec          known[AXES], start; /* kept out: of eigenvalue 0, and the first that was found */
  EPS          eps;
  PetscBool    found;
};

/* ---- The graph ---- */

/* Local. */
static PetscErrorCode allocate(MPI_Comm comm, HoleIndex n_local, struct layout *l)
{
  PetscMPIInt rank, size;

  PetscFunctionBegin;
  PetscCall(hole_fault(comm, "views_spectral"));
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCallMPI(MPI_Comm_size(comm, &size));
  PetscCall(PetscMalloc2(size, &l->counts, size, &l->starts));
  for (PetscMPIInt r = 0; r < size; ++r) {
    l->counts[r] = (PetscMPIInt)(l->k * hole_block_count(l->n, size, r));
    l->starts[r] = (PetscMPIInt)(l->k * hole_block_first(l->n, size, r));
  }
  PetscCall(PetscMalloc1(l->k * (rank ? n_local : l->n), &l->neighbours));
  if (rank) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscMalloc1((l->k + 1) * l->n, &l->links));
  PetscCall(PetscMalloc1(l->n, &l->root));
  PetscCall(PetscCalloc1(l->n, &l->degree));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: neighbours of all points to the first rank, whose own come first. */
static PetscErrorCode gather_neighbours(MPI_Comm comm, HoleDistances d, HolePass pass, struct layout *l)
{
  PetscMPIInt      rank;
  HoleIndex        first, n_local;
  const HoleIndex *ids;
  const double    *lengths;

  PetscFunctionBegin;
  PetscCall(HoleDistancesGetShape(d, NULL, NULL, &first, &n_local));
  PetscCall(HolePassGetNeighbours(pass, &l->k, &ids, &lengths));
  HoleCallAgreed(comm, allocate(comm, n_local, l)); /* local */
  for (HoleIndex e = 0; e < n_local * l->k; ++e)
    l->neighbours[e] = (int32_t)(lengths[e] < INFINITY ? ids[e] : first + e / l->k);
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  if (rank)
    PetscCallMPI(MPI_Gatherv(l->neighbours, l->counts[rank], MPI_INT32_T, NULL, NULL, NULL, MPI_INT32_T, 0, comm));
  else
    PetscCallMPI(MPI_Gatherv(MPI_IN_PLACE, 0, MPI_INT32_T, l->neighbours, l->counts, l->starts, MPI_INT32_T, 0, comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static struct link link_of(HoleIndex i, HoleIndex j)
{
  return (struct link){(int32_t)PetscMin(i, j), (int32_t)PetscMax(i, j)};
}

/* First rank: each edge once. */
static void list_links(HoleTree tree, struct layout *l)
{
  const HoleEdge *edges = HoleTreeGetEdges(tree);
  HoleIndex       n     = 0;

  for (HoleIndex e = 0; e < l->n * l->k; ++e) {
    if (l->neighbours[e] != e / l->k) l->links[n++] = link_of(e / l->k, l->neighbours[e]);
  }
  for (HoleIndex m = 0; m < l->n - 1; ++m) l->links[n++] = link_of(edges[m].i, edges[m].j);
  hole_sort(l->links, n, sizeof(*l->links), by_ends);
  for (HoleIndex e = 0; e < n; ++e) {
    if (!e || by_ends(&l->links[e], &l->links[e - 1])) l->links[l->n_links++] = l->links[e];
  }
}

static PetscErrorCode make_matrix(struct layout *l)
{
  PetscFunctionBegin;
  for (HoleIndex e = 0; e < l->n_links; ++e) {
    ++l->degree[l->links[e].i];
    ++l->degree[l->links[e].j];
  }
  for (HoleIndex i = 0; i < l->n; ++i) l->root[i] = sqrt((double)l->degree[i]);
  PetscCall(MatCreateSeqAIJ(PETSC_COMM_SELF, (PetscInt)l->n, (PetscInt)l->n, 0, l->degree, &l->matrix));
  for (HoleIndex e = 0; e < l->n_links; ++e) {
    const PetscInt    i = l->links[e].i, j = l->links[e].j;
    const PetscScalar weight = 1 / (l->root[i] * l->root[j]);

    PetscCall(MatSetValues(l->matrix, 1, &i, 1, &j, &weight, INSERT_VALUES));
    PetscCall(MatSetValues(l->matrix, 1, &j, 1, &i, &weight, INSERT_VALUES));
  }
  PetscCall(MatAssemblyBegin(l->matrix, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(l->matrix, MAT_FINAL_ASSEMBLY));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Its eigenvectors ---- */

static PetscErrorCode make_vectors(struct layout *l)
{
  PetscScalar *known;

  PetscFunctionBegin;
  PetscCall(MatCreateVecs(l->matrix, &l->known[0], &l->start));
  PetscCall(VecDuplicate(l->start, &l->known[1]));
  PetscCall(VecGetArray(l->known[0], &known));
  for (HoleIndex i = 0; i < l->n; ++i) known[i] = l->root[i];
  PetscCall(VecRestoreArray(l->known[0], &known));
  PetscCall(VecNormalize(l->known[0], NULL));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Of length 1; its largest component, the first of equals, is positive. */
static PetscErrorCode take_vector(struct layout *l, HoleIndex a, HoleViews *v)
{
  const PetscScalar *x;
  PetscScalar        value;
  HoleIndex          largest = 0;

  PetscFunctionBegin;
  PetscCall(EPSGetEigenpair(l->eps, 0, &value, NULL, l->start, NULL));
  PetscCall(VecNormalize(l->start, NULL));
  PetscCall(VecCopy(l->start, l->known[1])); /* kept out of what follows */
  PetscCall(VecGetArrayRead(l->start, &x));
  for (HoleIndex i = 1; i < l->n; ++i) {
    if (fabs(x[i]) > fabs(x[largest])) largest = i;
  }
  for (HoleIndex i = 0; i < l->n; ++i) v->spectral2[AXES * i + a] = x[largest] < 0 ? -x[i] : x[i];
  PetscCall(VecRestoreArrayRead(l->start, &x));
  v->eigenvalues[a] = 1 - value;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The next eigenvector: one at a time, since from one start an eigenvalue that is there twice would be found once. */
static PetscErrorCode solve_next(struct layout *l, HoleIndex a, HoleViews *v)
{
  PetscScalar *start;
  PetscInt     n_found;

  PetscFunctionBegin;
  PetscCall(VecGetArray(l->start, &start));
  for (HoleIndex i = 0; i < l->n; ++i) start[i] = hole_random_uniform((uint64_t)a, (uint64_t)i) - 0.5;
  PetscCall(VecRestoreArray(l->start, &start));
  PetscCall(EPSSetDeflationSpace(l->eps, (PetscInt)a + 1, l->known));
  PetscCall(EPSSetInitialSpace(l->eps, 1, &l->start));
  PetscCall(EPSSolve(l->eps));
  PetscCall(EPSGetConverged(l->eps, &n_found));
  l->found = (PetscBool)(n_found >= 1);
  if (l->found) PetscCall(take_vector(l, a, v));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode solve(struct layout *l, HoleViews *v)
{
  PetscFunctionBegin;
  PetscCall(make_vectors(l));
  PetscCall(EPSCreate(PETSC_COMM_SELF, &l->eps));
  PetscCall(EPSSetOperators(l->eps, l->matrix, NULL));
  PetscCall(EPSSetProblemType(l->eps, EPS_HEP));
  PetscCall(EPSSetWhichEigenpairs(l->eps, EPS_LARGEST_REAL));
  PetscCall(EPSSetDimensions(l->eps, 1, PETSC_DEFAULT, PETSC_DEFAULT));
  PetscCall(EPSSetTolerances(l->eps, 1e-10, MOST_STEPS));
  l->found = PETSC_TRUE;
  for (HoleIndex a = 0; a < AXES && l->found; ++a) PetscCall(solve_next(l, a, v));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local, on the first rank. */
static PetscErrorCode lay_out(MPI_Comm comm, HoleTree tree, struct layout *l, HoleViews *v)
{
  PetscMPIInt rank;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(AXES * l->n, &v->spectral2));
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  if (rank) PetscFunctionReturn(PETSC_SUCCESS);
  list_links(tree, l);
  PetscCall(make_matrix(l));
  PetscCall(solve(l, v));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode find(MPI_Comm comm, HoleTree tree, HoleDistances d, HolePass pass, struct layout *l, HoleViews *v)
{
  PetscFunctionBegin;
  PetscCall(HolePassWantNeighbours(pass, NEIGHBOURS));
  PetscCall(HolePassRun(pass));
  PetscCall(gather_neighbours(comm, d, pass, l));
  HoleCallAgreed(comm, lay_out(comm, tree, l, v)); /* local */
  PetscCallMPI(MPI_Bcast(&l->found, 1, MPIU_BOOL, 0, comm));
  PetscCallMPI(MPI_Bcast(v->spectral2, (PetscMPIInt)(AXES * l->n), MPI_DOUBLE, 0, comm));
  PetscCallMPI(MPI_Bcast(v->eigenvalues, AXES, MPI_DOUBLE, 0, comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode destroy(struct layout *l)
{
  PetscFunctionBegin;
  PetscCall(EPSDestroy(&l->eps));
  for (int a = 0; a < AXES; ++a) PetscCall(VecDestroy(&l->known[a]));
  PetscCall(VecDestroy(&l->start));
  PetscCall(MatDestroy(&l->matrix));
  PetscCall(PetscFree2(l->counts, l->starts));
  PetscCall(PetscFree(l->neighbours));
  PetscCall(PetscFree(l->links));
  PetscCall(PetscFree(l->root));
  PetscCall(PetscFree(l->degree));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Is the tree in one piece? */
static PetscBool is_connected(HoleTree tree)
{
  const HoleIndex n = HoleTreeGetSize(tree);

  return (PetscBool)(n < 2 || HoleTreeGetEdges(tree)[n - 2].length < INFINITY); /* the last is the longest */
}

PetscErrorCode hole_spectral_find(MPI_Comm comm, HoleTree tree, HoleDistances d, HoleViews *v)
{
  struct layout  l    = {.n = v->n};
  HolePass       pass = NULL;
  PetscErrorCode found;
  PetscBool      started;
  const char    *why = NULL;

  PetscFunctionBegin;
  if (v->n < LEAST_POINTS) why = "fewer than 4 points";
  else if (v->n > MOST_POINTS) why = "more than 100000 points";
  else if (!is_connected(tree)) why = "points that nothing joins";
  if (why) { /* equal on all ranks */
    PetscCall(hole_views_leave_out(v, "spectral2", why));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(SlepcInitialized(&started));
  if (!started) PetscCall(SlepcInitializeNoArguments());
  PetscCall(HolePassCreate(d, &pass));
  found = find(comm, tree, d, pass, &l, v);
  PetscCall(HolePassDestroy(&pass));
  PetscCall(destroy(&l));
  if (!started) PetscCall(SlepcFinalize());
  PetscCall(found);
  if (!l.found) {
    PetscCall(PetscFree(v->spectral2));
    PetscCall(hole_views_leave_out(v, "spectral2", "no convergence"));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

double hole_spectral_predict_bytes(HoleIndex n, PetscMPIInt size)
{
  const HoleIndex k   = PetscMin(NEIGHBOURS, n - 1);
  const double a_link = sizeof(struct link) + 2 * (sizeof(PetscInt) + sizeof(PetscScalar)), basis = 18 * sizeof(double);

  (void)size;
  if (n > MOST_POINTS) return 0;
  return (double)n * ((double)k * sizeof(int32_t) + (double)(k + 1) * a_link + basis + 32);
}
