/* The sparse filtration of Cavanna, Jahanseir and Sheehy: a (1 + epsilon)-approximation of the Rips filtration, with a number of
   edges that grows as n where the dimension of the points is low.

   A point of insertion radius l is a ball that grows until it has radius R = l (1 + e) / e and lives until D = R (1 + e), when other
   balls cover all that it met. Two balls are joined when they meet: at radius d / 2 if both still grow, and at radius d - R_j if the one with
   the smaller radius has stopped, as long as the other has not, and the smaller one lives. Lengths are diameters, twice a radius.
   docs/math/filtrations.md has the theorem, and why no larger simplex must be left out. */
#include "../../core/fault.h"
#include "../../distances/rows.h"
#include "../filtration_impl.h"
#include "../greedy.h"

#include <hole/hole_error.h>
#include <hole/hole_graph.h>
#include <math.h>

struct sparse {
  HoleFiltration f;
  MPI_Comm       comm;
  HoleIndex      n;
  double        *stop;  /* [n] R: first insertion radii, then these */
  double        *reach; /* [n] */
  HoleIndex      n_edges;
  HoleEdge      *edges;
};

static PetscErrorCode want_sparse(HoleFiltration f, HolePass pass)
{
  PetscFunctionBegin;
  (void)pass;
  PetscCheck(
      hole_distances_obey_triangle(f->d), PETSC_COMM_SELF, HOLE_ERR_USAGE,
      "-filtration sparse needs a metric with the triangle inequality, which this one lacks; use -filtration rips or "
      "knn, or another -metric such as euclidean");
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The length at which the balls of two points meet, d apart; infinite if they never do. */
static double meet(double d, double stop_a, double stop_b, double epsilon)
{
  const double least = PetscMin(stop_a, stop_b), most = PetscMax(stop_a, stop_b);
  const double dies = least * (1 + epsilon), beyond = d - least;

  if (d == INFINITY) return INFINITY;
  if (d <= 2 * least) return d;
  return beyond <= most && beyond <= dies ? 2 * beyond : INFINITY;
}

/* Local. */
static PetscErrorCode allocate(struct sparse *s)
{
  PetscFunctionBegin;
  PetscCall(hole_fault(s->comm, "sparse_allocate"));
  PetscCall(PetscMalloc2(s->n, &s->stop, s->n, &s->reach));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Two balls meet only if d <= R_j + min(R_i, D_j), the smaller one being j. So d <= R_i + R_j; and for a ball i that never stops,
   d <= R_j + D_j with D_j no larger than that of any other ball: this is its reach. A little more, so that no rounding in meet() gets
   beyond it. */
static void find_reach(struct sparse *s)
{
  const double e = s->f->epsilon, a_little_more = 1 + 0x1p-50;
  double       last      = 0; /* the last ball to die dies at this radius, one that never stops left out ... */
  HoleIndex    n_endless = 0; /* ... unless there are more of those, of parts infinitely far from each other */

  for (HoleIndex i = 0; i < s->n; ++i) {
    s->stop[i] = s->stop[i] * (1 + e) / e;
    if (s->stop[i] < INFINITY) last = PetscMax(last, s->stop[i] * (1 + e));
    else ++n_endless;
  }
  if (n_endless > 1) last = INFINITY;
  for (HoleIndex i = 0; i < s->n; ++i) s->reach[i] = PetscMin(s->stop[i], last) * a_little_more;
}

/* Local: of the pairs within reach those that meet up to the threshold. */
static PetscErrorCode list_edges(struct sparse *s, HoleIndex n_pairs, const HoleEdge pairs[])
{
  PetscFunctionBegin;
  PetscCall(hole_fault(s->comm, "sparse_edges"));
  for (int list = 0; list < 2; ++list) { /* count, then keep */
    s->n_edges = 0;
    for (HoleIndex p = 0; p < n_pairs; ++p) {
      const HoleIndex i = pairs[p].i, j = pairs[p].j;
      const double    length = meet(pairs[p].length, s->stop[i], s->stop[j], s->f->epsilon);

      if (length > s->f->threshold || length == INFINITY) continue;
      if (list) s->edges[s->n_edges] = (HoleEdge){length, i, j};
      ++s->n_edges;
    }
    if (!list) PetscCall(PetscMalloc1(s->n_edges, &s->edges));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: the second pass over all pairs, now that it is known which of them matter. */
static PetscErrorCode find_edges(struct sparse *s, HolePass pass)
{
  HoleIndex       n_pairs;
  const HoleEdge *pairs;

  PetscFunctionBegin;
  PetscCall(HolePassWantEdgesWithin(pass, s->reach));
  PetscCall(HolePassRun(pass));
  PetscCall(HolePassGetEdges(pass, &n_pairs, &pairs));
  HoleCallAgreed(s->comm, list_edges(s, n_pairs, pairs)); /* local */
  PetscCall(PetscInfo(NULL, "Sparse filtration: %" HoleIndex_FMT " edges of %" HoleIndex_FMT " pairs within reach\n",
                      s->n_edges, n_pairs));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective. */
static PetscErrorCode collect(struct sparse *s)
{
  HolePass       pass;
  PetscErrorCode found;

  PetscFunctionBegin;
  HoleCallAgreed(s->comm, allocate(s));           /* local */
  PetscCall(hole_greedy_radii(s->f->d, s->stop)); /* collective */
  find_reach(s);
  PetscCall(HolePassCreate(s->f->d, &pass));
  found = find_edges(s, pass);
  PetscCall(HolePassDestroy(&pass));
  PetscCall(found);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode build_sparse(HoleFiltration f, HolePass first_pass, Mat *graph)
{
  struct sparse  s = {.f = f, .comm = HoleDistancesGetComm(f->d)};
  PetscErrorCode built;

  PetscFunctionBegin;
  (void)first_pass;
  PetscCall(HoleDistancesGetShape(f->d, &s.n, NULL, NULL, NULL));
  built = collect(&s);
  if (!built) built = HoleGraphCreate(s.comm, s.n, s.n_edges, s.edges, graph);
  PetscCall(PetscFree2(s.stop, s.reach));
  PetscCall(PetscFree(s.edges));
  PetscCall(built);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* How many edges there are depends on the dimension of the points: in a high one nearly all pairs. */
static double predict_sparse(HoleFiltration f, HoleIndex n, PetscMPIInt size)
{
  (void)f;
  (void)size;
  return 2 * (double)sizeof(double) * (double)n;
}

const struct hole_filtration_ops hole_filtration_sparse = {HOLE_FILTRATION_SPARSE, PETSC_FALSE, want_sparse,
                                                           build_sparse, predict_sparse};
