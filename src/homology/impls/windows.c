/* Dimensions 0 and 1, distributed: empty lunes, then columns that flow through windows of lengths.

   The lengths from 0 to the cutoff are cut into windows, dealt to the ranks in turn. The owner of a window holds all pivots whose
   triangle is as long as the window says. A column starts in the window of its birth; without a pivot there it moves on, with
   its chain, to the owner of the next window:

       owner of window w:  for each column born in w, latest birth first:        reduce within w
                           then for each column that arrives, first in, first out: reduce within w
                           a pivot found -> pair recorded, column stays;  none -> send to window w + 1

   The order is that of a serial reduction, since columns born in a window are born later than all that arrive. So the pairs, and
   the chains, are those of a serial run for any number of windows and ranks. A rank never waits for one window while another
   has work. After the last window a column without a pivot is an interval that does not end.

   Every column of an edge whose lune is not empty is left out: it is half of a pair of length zero. docs/math/homology.md. */
#include "../../core/fault.h"
#include "../../core/sort.h"
#include "../../core/union_find.h"
#include "../../distances/panels.h"
#include "../homology_impl.h"
#include "../lunes.h"
#include "../reduction.h"
#include "../window_stream.h"
#include <float.h>
#include <hole/hole_error.h>
#include <math.h>
#include <stdlib.h>

struct solver {
  HoleHomology          homology;
  HoleDistances         d;
  MPI_Comm              comm;
  hole_row_cache        cache;
  hole_reduction        reduction;
  hole_stream           stream;
  HoleIndex             n_births;
  struct hole_edge_key *births; /* found by this rank, ascending */
  HoleInterval         *intervals;
  HoleIndex             n_intervals, capacity;
};

/* Is the edge one of the forest's? Equal total orders make this a search. */
static PetscBool is_in_forest(HoleTree forest, const struct hole_edge_key *key)
{
  HoleEdge edge = {key->length, key->i, key->j};

  return (PetscBool)(bsearch(&edge, HoleTreeGetEdges(forest), (size_t)(HoleTreeGetSize(forest) - 1), sizeof(edge),
                             HoleEdgeCompare) != NULL);
}

/* Edges with an empty lune, without those of the forest: the births of dimension 1. Collective. */
static PetscErrorCode find_births(struct solver *s, HoleTree forest, double cutoff)
{
  HoleIndex n_edges = 0;

  PetscFunctionBegin;
  PetscCall(hole_lunes_find_empty(s->homology, s->d, cutoff, &n_edges, &s->births));
  for (HoleIndex e = 0; e < n_edges; ++e) {
    if (!is_in_forest(forest, &s->births[e])) s->births[s->n_births++] = s->births[e];
  }
  hole_sort(s->births, s->n_births, sizeof(*s->births), hole_edge_key_by_order);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode record(struct solver *s, struct hole_edge_key birth, const struct hole_triangle *death)
{
  HoleInterval interval = {birth.length, INFINITY, {birth.i, birth.j, -1, -1}, {-1, -1, -1, -1, -1}};

  PetscFunctionBegin;
  if (death) {
    HoleIndex i = death->edge.i, j = death->edge.j, k = death->vertex;

    interval.death            = death->edge.length;
    interval.death_simplex[0] = PetscMin(i, k);
    interval.death_simplex[1] = k < i ? i : PetscMin(j, k);
    interval.death_simplex[2] = PetscMax(j, k);
  }
  if (s->n_intervals == s->capacity) {
    s->capacity = PetscMax(1024, 2 * s->capacity);
    PetscCall(PetscRealloc((size_t)s->capacity * sizeof(*s->intervals), &s->intervals));
  }
  s->intervals[s->n_intervals++] = interval;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: one column in its present window. It ends here, moves on, or never ends. */
static PetscErrorCode reduce_column(struct solver *s, HoleIndex window, struct hole_column *column)
{
  struct hole_edge_key birth = column->birth;
  struct hole_triangle pivot;
  double               high;
  PetscBool            found, last;
  PetscErrorCode       reduced;

  PetscFunctionBegin;
  hole_stream_end(s->stream, window, &high, &last);
  reduced = hole_fault(s->comm, "windows_reduce");
  if (!reduced) reduced = hole_reduction_reduce(s->reduction, high, &column, &pivot, &found);
  if (!reduced && (found || last)) reduced = record(s, birth, found ? &pivot : NULL);
  if (!reduced && !found && !last) reduced = hole_stream_pass_on(s->stream, window, &column);
  PetscCall(hole_column_destroy(&column)); /* NULL where it has a new owner */
  PetscCall(reduced);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local, but talks to the other ranks: all windows of this rank, until they are done or another rank has failed. */
static PetscErrorCode run_windows(struct solver *s)
{
  struct hole_column *column;
  HoleIndex           window, n_done, n_columns;
  PetscBool           finished = PETSC_FALSE;

  PetscFunctionBegin;
  while (!finished) {
    PetscCall(hole_row_cache_serve(s->cache));
    PetscCall(hole_stream_next(s->stream, s->cache, &window, &column, &finished));
    if (!column) continue;
    PetscCall(reduce_column(s, window, column));
    hole_stream_progress(s->stream, &n_done, &n_columns);
    PetscCall(hole_homology_report(s->homology, "reduction", n_done, n_columns));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective. Whatever happens here, all ranks serve each other until every one has come to the end. */
static PetscErrorCode reduce(struct solver *s)
{
  PetscErrorCode ran, drained;

  PetscFunctionBegin;
  ran = run_windows(s);
  if (ran) PetscCall(hole_stream_abandon(s->stream));
  drained = hole_row_cache_drain(s->cache);
  PetscCall(hole_stream_finish(s->stream, s->cache));
  HoleCallAgreed(s->comm, ran ? ran : drained);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What the reduction took on this rank, for -info. */
static PetscErrorCode tell_work(struct solver *s)
{
  const struct hole_reduction_work *work = hole_reduction_get_work(s->reduction);
  HoleIndex                         n_columns, n_bytes;

  PetscFunctionBegin;
  hole_stream_traffic(s->stream, &n_columns, &n_bytes);
  PetscCall(PetscInfo(
      NULL,
      "Reduction: %" HoleIndex_FMT " cofacets, %" HoleIndex_FMT " additions, %" HoleIndex_FMT " scans, %" HoleIndex_FMT
      " rows fetched, %" HoleIndex_FMT " columns and %" HoleIndex_FMT " bytes sent\n",
      work->n_cofacets, work->n_additions, work->n_scans, hole_row_cache_fetched(s->cache), n_columns, n_bytes));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode solve_dim1(struct solver *s, HoleDiagram diagram)
{
  HoleFiltration f         = s->homology->filtration;
  HoleTree       forest    = HoleFiltrationGetForest(f);
  const double   threshold = PetscMin(HoleFiltrationGetThreshold(f), DBL_MAX); /* an infinite length is no edge */
  const double   cutoff    = HoleFiltrationGetCutoff(f);
  HoleIndex      n_local, n_pairs = 0, n_negative = 0, n_listed;
  double         started = MPI_Wtime();

  PetscFunctionBegin;
  PetscCall(HoleFiltrationGetWeights(f, &s->d));
  PetscCall(HoleDistancesGetShape(s->d, NULL, NULL, NULL, &n_local));
  PetscCall(find_births(s, forest, cutoff));
  hole_homology_end_phase(s->homology, "lunes", started);
  started = MPI_Wtime();
  PetscCall(hole_row_cache_create(s->d, hole_row_cache_capacity(n_local), &s->cache));
  HoleCallAgreed(s->comm, hole_reduction_create(s->d, s->cache, nextafter(cutoff, INFINITY), &s->reduction));
  PetscCall(hole_stream_create(s->comm, s->homology->n_windows, cutoff, s->n_births, s->births, &s->stream));
  PetscCall(PetscFree(s->births)); /* the stream has its own */
  PetscCall(reduce(s));
  PetscCall(tell_work(s));

  /* An edge within the threshold ends a component, or is born into a pair of dimension 1: the rest of those have length zero. */
  PetscCall(HoleDistancesCountPairs(s->d, threshold, &n_pairs));
  for (HoleIndex e = 0; e < HoleTreeGetSize(forest) - 1; ++e)
    n_negative += HoleTreeGetEdges(forest)[e].length <= threshold;
  PetscCallMPI(MPI_Allreduce(&s->n_intervals, &n_listed, 1, HOLE_MPI_INDEX, MPI_SUM, s->comm));
  PetscCall(
      HoleDiagramSetIntervals(diagram, s->comm, 1, s->n_intervals, s->intervals, n_pairs - n_negative - n_listed));
  hole_homology_end_phase(s->homology, "reduction", started);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local. */
static PetscErrorCode copy_tree(HoleTree tree, HoleTree *copy)
{
  PetscFunctionBegin;
  PetscCall(HoleTreeCreate(HoleTreeGetSize(tree), HoleTreeGetEdges(tree), copy));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode solve_windows(HoleHomology homology, HoleTree *tree, HoleDiagram diagram)
{
  struct solver  s = {.homology = homology, .comm = HoleFiltrationGetComm(homology->filtration)};
  PetscErrorCode solved;

  PetscFunctionBegin;
  HoleCallAgreed(s.comm, copy_tree(HoleFiltrationGetTree(homology->filtration), tree)); /* local */
  PetscCall(hole_homology_fill_dim0(homology, diagram));
  if (HoleDiagramGetMaxDim(diagram) < 1) PetscFunctionReturn(PETSC_SUCCESS);
  solved = solve_dim1(&s, diagram);
  PetscCall(hole_stream_destroy(&s.stream));
  PetscCall(hole_reduction_destroy(&s.reduction));
  PetscCall(hole_row_cache_destroy(&s.cache));
  PetscCall(PetscFree(s.births));
  PetscCall(PetscFree(s.intervals));
  PetscCall(solved);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* One after the other: the lunes, the reduction. Lengths in single precision need more, and do not show here. */
static double predict_windows(HoleIndex n, PetscInt max_dim, PetscMPIInt size)
{
  const double lunes     = hole_lunes_predict_bytes(n, size) + hole_panels_predict_bytes(n, PETSC_TRUE, size);
  const double reduction = hole_row_cache_predict_bytes(n, PETSC_TRUE, size) + hole_reduction_predict_bytes(n, size);

  return hole_homology_predict_result(n) + (max_dim ? PetscMax(lunes, reduction) : 0);
}

const struct hole_homology_ops hole_homology_windows = {HOLE_HOMOLOGY_WINDOWS, 1, predict_windows, solve_windows};
