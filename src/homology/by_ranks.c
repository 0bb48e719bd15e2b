/* All dimensions from 1 on, by ranks of edges: the critical simplices of all lunes, then a pipeline for each dimension. The pivots of one
   dimension are columns of the next that need no work (clearing [ChenKerber2011]). docs/math/homology.md. */
#include "../core/cast.h"
#include "../core/sort.h"
#include "by_cycles.h"
#include "critical.h"
#include "pipeline.h"
#include "rank_reduction.h"
#include <hole/hole_error.h>
#include <math.h>
#include <stdlib.h>

/* A cocycle that has generated more cofacets than this, and than some for each edge, is of a class that lives long; and all of them together may
   take some for each edge. Then the other side is faster, which takes a few rows for each edge; lists of neighbours take longer there. */
enum {
  MANY_COFACETS           = 1000 * 1000,
  MANY_FOR_AN_EDGE        = 2,
  MANY_IN_ALL_FOR_AN_EDGE = 10,
  SPARSE                  = 8 /* times as many */
};

/* Names of the reduction by dimension. */
static const char *const phases[] = {"", "reduction", "reduction_2", "reduction_3"};

struct solver {
  HoleHomology          homology;
  MPI_Comm              comm;
  PetscMPIInt           size;
  hole_skeleton         skeleton;
  struct hole_simplices simplices;
  struct hole_critical  critical;
  HoleIndex             n_all[HOLE_MAX_DIM + 1]; /* simplices up to the threshold, over all ranks */
  HoleIndex             n_negative;              /* of the present dimension: they end an interval of the one below */
  struct hole_pipeline  pipeline;
  hole_rank_reduction   reduction;
  int                   dim;      /* present */
  PetscBool             gives_up; /* a column was given up here */
  HoleIndex             n_births;
  struct hole_edge_key *births;  /* [n_births] ascending */
  struct hole_found     found;   /* in the present dimension */
  struct hole_entries   pivots;  /* found by this rank in the present dimension */
  struct hole_entries   cleared; /* those of all ranks in the dimension below, ascending */
};

static int by_index(const void *a, const void *b)
{
  const HoleIndex *x = a, *y = b;

  return *x < *y ? -1 : *x > *y;
}

/* Local: lunes of this rank's share of edges. */
static PetscErrorCode find_critical(struct solver *s, PetscInt max_dim)
{
  PetscMPIInt size, rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(s->comm, &size));
  PetscCallMPI(MPI_Comm_rank(s->comm, &rank));
  PetscCall(hole_simplices_create(s->skeleton, max_dim, s->homology->prime, &s->simplices));
  PetscCall(hole_critical_find(s->homology, &s->simplices, max_dim, rank, size, &s->critical));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Does the edge join two components? Equal total orders make this a search. */
static PetscBool is_in_forest(const struct solver *s, uint64_t edge)
{
  HoleTree       forest = HoleFiltrationGetForest(s->homology->filtration);
  const HoleEdge key    = {s->skeleton->lengths[edge], s->skeleton->ends[edge][0], s->skeleton->ends[edge][1]};

  return (PetscBool)(bsearch(&key, HoleTreeGetEdges(forest), (size_t)(HoleTreeGetSize(forest) - 1), sizeof(key),
                             HoleEdgeCompare) != NULL);
}

/* Does the simplex end an interval of the dimension below? */
static PetscBool is_cleared(const struct solver *s, uint64_t simplex)
{
  if (s->dim == 1) return is_in_forest(s, simplex);
  return (PetscBool)(s->cleared.n &&
                     bsearch(&simplex, s->cleared.entry, (size_t)s->cleared.n, sizeof(simplex), hole_entry_order));
}

/* Can the present dimension be computed by homology, too? */
static PetscBool has_other_side(const struct solver *s)
{
  return (PetscBool)(s->dim == 2 && s->homology->prime == 2 && !s->homology->wants_cocycles &&
                     s->homology->side != HOLE_SIDE_COHOMOLOGY);
}

/* How many times the number of edges is many? */
static int for_an_edge(const struct solver *s) { return s->skeleton->rows ? 1 : SPARSE; }

/* Local: the births of the present dimension among the critical simplices that this rank found. */
static PetscErrorCode list_births(struct solver *s)
{
  const struct hole_entries *critical = &s->critical.simplices[s->dim];

  PetscFunctionBegin;
  s->n_births = 0;
  PetscCall(PetscMalloc1(critical->n, &s->births));
  for (HoleIndex c = 0; c < critical->n; ++c) {
    if (!is_cleared(s, critical->entry[c]))
      s->births[s->n_births++] = hole_rank_birth(&s->simplices, s->dim, critical->entry[c]);
  }
  PetscCall(hole_rank_reduction_create(
      &s->simplices, s->dim, s->homology->most_bytes,
      has_other_side(s) ? PetscMax(MANY_COFACETS, MANY_FOR_AN_EDGE * for_an_edge(s) * (int64_t)s->skeleton->n_active)
                        : INT64_MAX,
      &s->reduction));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void sorted_vertices(const struct hole_simplices *x, int dim, uint64_t simplex, HoleIndex vertices[])
{
  uint32_t v[HOLE_MAX_DIM + 2];

  hole_simplex_vertices(x, dim, simplex, v);
  for (int i = 0; i <= dim; ++i) vertices[i] = v[i];
  hole_sort(vertices, dim + 1, sizeof(*vertices), by_index);
}

/* Local: the chain of a column becomes the cocycle of the interval last found. */
static void keep_cocycle(struct solver *s, HoleIndex n, const struct hole_chain_item chain[])
{
  for (HoleIndex i = 0; i < n; ++i) {
    const hole_entry entry = hole_chain_entry(chain[i]);
    HoleIndex        vertices[HOLE_MAX_DIM + 2];

    sorted_vertices(&s->simplices, s->dim, hole_entry_simplex(&s->simplices, entry), vertices);
    hole_found_add(&s->found, s->dim, vertices, (int32_t)hole_entry_coefficient(&s->simplices, entry));
  }
}

/* `column`: one that never ends, or NULL: then it has this pivot. */
static PetscErrorCode record(struct solver *s, hole_entry birth, const uint64_t *pivot,
                             const struct hole_column *column)
{
  const struct hole_chain_item *chain    = NULL;
  HoleIndex                     n        = 0;
  const struct hole_simplices  *x        = &s->simplices;
  HoleInterval                  interval = {0, INFINITY, {-1, -1, -1, -1}, {-1, -1, -1, -1, -1}};

  PetscFunctionBegin;
  interval.birth = s->skeleton->lengths[hole_entry_edge(x, s->dim, birth)];
  sorted_vertices(x, s->dim, hole_entry_simplex(x, birth), interval.birth_simplex);
  if (pivot) {
    interval.death = s->skeleton->lengths[*pivot >> hole_simplex_low_bits(x, s->dim + 1)];
    sorted_vertices(x, s->dim + 1, *pivot, interval.death_simplex);
    PetscCall(hole_entries_reserve(&s->pivots, 1));
    s->pivots.entry[s->pivots.n++] = *pivot;
  }
  if (s->homology->wants_cocycles) {
    if (pivot) PetscCall(hole_rank_reduction_chain(s->reduction, *pivot, &n, &chain));
    else n = column->n, chain = column->chain;
  }
  PetscCall(hole_found_append(&s->found, &interval, n, s->dim));
  keep_cocycle(s, n, chain);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Have the columns of this rank generated more than its share? */
static PetscBool takes_too_long(const struct solver *s)
{
  const double most = PetscMax(MANY_COFACETS, MANY_IN_ALL_FOR_AN_EDGE * for_an_edge(s) * (double)s->skeleton->n_active);

  return (PetscBool)(has_other_side(s) &&
                     (double)s->size * (double)hole_rank_reduction_get_work(s->reduction)->n_cofacets > most);
}

static PetscErrorCode reduce_by_ranks(void *ctx, double high, PetscBool last, struct hole_column **column)
{
  struct solver   *s     = ctx;
  const hole_entry birth = hole_chain_entry((struct hole_chain_item){(*column)->birth.i, (*column)->birth.j});
  const uint32_t   end   = last ? s->skeleton->n_active : (uint32_t)ceil(high);
  uint64_t         pivot;
  PetscBool        found;

  PetscFunctionBegin;
  PetscCall(hole_rank_reduction_reduce(s->reduction, end, column, &pivot, &found, &s->gives_up));
  if (takes_too_long(s)) s->gives_up = PETSC_TRUE;
  if (s->gives_up) { /* what was found in this dimension will be found again */
    PetscCall(hole_column_destroy(column));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  if (found || last) PetscCall(record(s, birth, found ? &pivot : NULL, *column));
  if (last) PetscCall(hole_column_destroy(column)); /* an interval that does not end */
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Where the parts of ranks begin in what is gathered, and how long it is. */
static PetscErrorCode set_starts(PetscMPIInt size, const PetscMPIInt counts[], PetscMPIInt starts[], HoleIndex *n)
{
  PetscFunctionBegin;
  *n = 0;
  for (PetscMPIInt r = 0; r < size; ++r) {
    PetscCall(hole_mpi_int(*n, &starts[r]));
    *n += counts[r];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: the pivots of all ranks, ascending, for the next dimension. */
static PetscErrorCode gather_pivots(struct solver *s)
{
  PetscMPIInt    size, n, *counts, *starts;
  HoleIndex      n_all = 0;
  PetscErrorCode reserved;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(s->comm, &size));
  HoleCallAgreed(s->comm, PetscMalloc2(size, &counts, size, &starts)); /* local */
  HoleCallAgreed(s->comm, hole_mpi_int(s->pivots.n, &n));              /* local */
  PetscCallMPI(MPI_Allgather(&n, 1, MPI_INT, counts, 1, MPI_INT, s->comm));
  s->cleared.n = 0;
  reserved     = set_starts(size, counts, starts, &n_all); /* equal everywhere */
  if (!reserved) reserved = HoleErrorAgree(s->comm, hole_entries_reserve(&s->cleared, n_all));
  if (!reserved)
    PetscCallMPI(
        MPI_Allgatherv(s->pivots.entry, n, MPI_UINT64_T, s->cleared.entry, counts, starts, MPI_UINT64_T, s->comm));
  PetscCall(PetscFree2(counts, starts));
  PetscCall(reserved);
  s->cleared.n = n_all;
  hole_sort(s->cleared.entry, n_all, sizeof(*s->cleared.entry), hole_entry_order);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: a simplex ends an interval of the dimension below, or begins one of this: those that are not listed have length zero. */
static PetscErrorCode set_intervals(struct solver *s, HoleDiagram diagram)
{
  HoleIndex n[2] = {s->found.n, 0}, n_positive = s->n_all[s->dim] - s->n_negative;

  PetscFunctionBegin;
  for (HoleIndex i = 0; i < s->found.n; ++i) n[1] += s->found.intervals[i].death == INFINITY;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, n, 2, HOLE_MPI_INDEX, MPI_SUM, s->comm));
  PetscCall(hole_found_set(&s->found, s->homology, diagram, s->dim, n_positive - n[0]));
  s->n_negative = n_positive - n[1];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: intervals of the births that this rank found. */
static PetscErrorCode record_pairs(struct solver *s, HoleIndex n_pairs, const struct hole_suspension_pair pairs[])
{
  const struct hole_entries *critical = &s->critical.simplices[s->dim];

  PetscFunctionBegin;
  PetscCall(hole_found_clear(&s->found));
  s->pivots.n = 0;
  for (HoleIndex c = 0; c < critical->n; ++c) {
    const struct hole_suspension_pair key = {critical->entry[c], 0}, *pair;

    if (is_cleared(s, critical->entry[c])) continue;
    pair = n_pairs ? bsearch(&key, pairs, (size_t)n_pairs, sizeof(key), hole_suspension_order) : NULL;
    PetscCall(record(s, hole_entry_of(&s->simplices, critical->entry[c], 1), pair ? &pair->death : NULL, NULL));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: the births that this rank found, as simplices. */
static PetscErrorCode list_uncleared(const struct solver *s, HoleIndex *n, uint64_t *births[])
{
  const struct hole_entries *critical = &s->critical.simplices[s->dim];

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(critical->n, births));
  for (HoleIndex c = 0; c < critical->n; ++c) {
    if (!is_cleared(s, critical->entry[c])) (*births)[(*n)++] = critical->entry[c];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: the present dimension by homology. */
static PetscErrorCode solve_by_cycles(struct solver *s)
{
  struct hole_suspension_pair *pairs    = NULL;
  uint64_t                    *births   = NULL;
  HoleIndex                    n_births = 0, n_pairs = 0;
  PetscErrorCode               solved;

  PetscFunctionBegin;
  PetscCall(PetscInfo(NULL, "Dimension %d by homology\n", s->dim));
  solved = HoleErrorAgree(s->comm, list_uncleared(s, &n_births, &births)); /* local */
  if (!solved) solved = hole_solve_by_cycles(s->homology, &s->simplices, n_births, births, &n_pairs, &pairs);
  if (!solved) solved = HoleErrorAgree(s->comm, record_pairs(s, n_pairs, pairs)); /* local */
  PetscCall(PetscFree(births));
  PetscCall(PetscFree(pairs));
  PetscCall(solved);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: the present dimension by cohomology. `given_up`: some rank has come upon a class that lives too long for that. */
static PetscErrorCode solve_by_cocycles(struct solver *s, PetscBool *given_up)
{
  PetscFunctionBegin;
  HoleCallAgreed(s->comm, list_births(s)); /* local */
  s->pipeline.work = hole_rank_reduction_get_work(s->reduction);
  PetscCall(hole_stream_create(s->comm, s->homology->n_windows, s->skeleton->n_active, s->n_births, s->births,
                               sizeof(hole_entry), &s->pipeline.stream));
  PetscCall(PetscFree(s->births)); /* the stream has its own */
  s->gives_up = PETSC_FALSE;
  PetscCall(hole_pipeline_run(&s->pipeline));
  PetscCall(hole_pipeline_tell(&s->pipeline, phases[s->dim], s->dim));
  PetscCall(hole_stream_destroy(&s->pipeline.stream)); /* before what was found is gathered */
  PetscCall(hole_rank_reduction_destroy(&s->reduction));
  PetscCallMPI(MPI_Allreduce(&s->gives_up, given_up, 1, MPIU_BOOL, MPI_LOR, s->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: one dimension. */
static PetscErrorCode solve_dimension(struct solver *s, HoleDiagram diagram)
{
  PetscBool by_cycles = (PetscBool)(has_other_side(s) && s->homology->side == HOLE_SIDE_HOMOLOGY);

  PetscFunctionBegin;
  PetscCall(hole_homology_begin_phase(s->homology, phases[s->dim]));
  if (!by_cycles) PetscCall(solve_by_cocycles(s, &by_cycles));
  if (by_cycles) PetscCall(solve_by_cycles(s));
  PetscCall(set_intervals(s, diagram));
  if (s->dim < HoleDiagramGetMaxDim(diagram)) PetscCall(gather_pivots(s));
  PetscCall(hole_homology_end_phase(s->homology));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode end_dimension(struct solver *s)
{
  PetscFunctionBegin;
  PetscCall(hole_stream_destroy(&s->pipeline.stream));
  PetscCall(hole_rank_reduction_destroy(&s->reduction));
  PetscCall(PetscFree(s->births));
  PetscCall(hole_found_clear(&s->found));
  s->pivots.n = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: how edges and lunes are shared out. */
static PetscErrorCode tell_lunes(struct solver *s)
{
  const struct hole_reduction_work places = {.n_places = s->critical.n_places};
  const HoleRankWork edges = {.items = (double)s->skeleton->n_sorted, .steps = (double)s->skeleton->n_sorted};
  const HoleRankWork lunes = {.items = (double)s->critical.n_all[1], .steps = hole_reduction_work_steps(&places)};

  PetscFunctionBegin;
  PetscCall(hole_homology_add_work(s->homology, "edges", 0, &edges, 0, 0));
  PetscCall(hole_homology_add_work(s->homology, "lunes", 0, &lunes, 0, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: what the next dimension will take from this one. */
static PetscErrorCode tell_done(struct solver *s, HoleDiagram diagram)
{
  const PetscBool            goes_on = (PetscBool)(s->dim < HoleDiagramGetMaxDim(diagram));
  struct hole_homology_state state   = {s->dim, s->n_negative, goes_on ? s->cleared.n : 0, s->cleared.entry};

  PetscFunctionBegin;
  PetscCall(hole_homology_dimension_done(s->homology, diagram, &state));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: go on after the dimensions that an earlier solver has finished, if there was one. */
static PetscErrorCode take_up(struct solver *s)
{
  const struct hole_homology_state *state = &s->homology->resumed;

  PetscFunctionBegin;
  s->dim = (int)state->dim;
  if (!state->dim) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(hole_entries_reserve(&s->cleared, state->n_cleared));
  PetscCall(PetscArraycpy(s->cleared.entry, state->cleared, state->n_cleared));
  s->cleared.n  = state->n_cleared;
  s->n_negative = state->n_negative;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective. */
static PetscErrorCode solve(struct solver *s, HoleDiagram diagram)
{
  HoleTree forest = HoleFiltrationGetForest(s->homology->filtration);

  PetscFunctionBegin;
  PetscCall(hole_homology_begin_phase(s->homology, "edges"));
  PetscCall(hole_skeleton_create(s->homology->filtration, &s->skeleton));
  PetscCall(hole_homology_end_phase(s->homology));
  PetscCall(hole_homology_begin_phase(s->homology, "lunes"));
  HoleCallAgreed(s->comm, find_critical(s, HoleDiagramGetMaxDim(diagram))); /* local */
  PetscCallMPI(MPI_Allreduce(s->critical.n_all, s->n_all, HOLE_MAX_DIM + 1, HOLE_MPI_INDEX, MPI_SUM, s->comm));
  PetscCall(hole_homology_end_phase(s->homology));
  PetscCall(tell_lunes(s));
  for (HoleIndex e = 0; e < HoleTreeGetSize(forest) - 1; ++e)
    s->n_negative += HoleTreeGetEdges(forest)[e].length <=
                     PetscMin(HoleFiltrationGetThreshold(s->homology->filtration), PETSC_MAX_REAL);
  HoleCallAgreed(s->comm, take_up(s)); /* local */
  for (++s->dim; s->dim <= HoleDiagramGetMaxDim(diagram); ++s->dim) {
    PetscErrorCode solved = solve_dimension(s, diagram);

    PetscCall(end_dimension(s));
    PetscCall(solved);
    PetscCall(tell_done(s, diagram));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_solve_by_ranks(HoleHomology homology, HoleDiagram diagram)
{
  struct solver  s = {.homology = homology, .comm = HoleFiltrationGetComm(homology->filtration)};
  PetscErrorCode solved;

  PetscFunctionBegin;
  s.pipeline = (struct hole_pipeline){
      .homology = homology, .comm = s.comm, .reduce = reduce_by_ranks, .ctx = &s, .gives_up = &s.gives_up};
  PetscCallMPI(MPI_Comm_size(s.comm, &s.size));
  solved = solve(&s, diagram);
  PetscCall(hole_critical_destroy(&s.critical));
  PetscCall(hole_simplices_destroy(&s.simplices));
  PetscCall(hole_skeleton_destroy(&s.skeleton));
  PetscCall(PetscFree(s.pivots.entry));
  PetscCall(PetscFree(s.cleared.entry));
  PetscCall(solved);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Either edges are sorted, or there is the skeleton, which a node holds once, and bit sets of all points; what the reduction takes depends
   on the data. */
double hole_solve_by_ranks_predict(HoleIndex n, PetscMPIInt size)
{
  const double bits = (double)n * (double)n / 8;

  return PetscMax(hole_skeleton_predict_sort(n, size), hole_skeleton_predict_node(n) / size + bits) +
         1000.0 * (double)n;
}
