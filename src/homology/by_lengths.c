/* Dimension 1 modulo 2, by comparing lengths: no edges are sorted, and rows of bounds stay with the ranks that own them; those of
   other nodes are asked for. docs/math/homology.md. */
#include "../core/sort.h"
#include "../distances/panels.h"
#include "../filtration/bounds.h"
#include "lunes.h"
#include "pipeline.h"
#include "reduction.h"
#include <float.h>
#include <hole/hole_error.h>
#include <math.h>
#include <stdlib.h>

struct solver {
  struct hole_pipeline  pipeline;
  hole_bounds           bounds;
  hole_reduction        reduction;
  HoleIndex             n_births;
  struct hole_edge_key *births; /* found by this rank, ascending */
  struct hole_found     found;
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
  PetscCall(hole_lunes_find_empty(s->pipeline.homology, s->bounds, cutoff, &n_edges, &s->births));
  for (HoleIndex e = 0; e < n_edges; ++e) {
    if (!is_in_forest(forest, &s->births[e])) s->births[s->n_births++] = s->births[e];
  }
  hole_sort(s->births, s->n_births, sizeof(*s->births), hole_edge_key_by_order);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* `column`: one that never ends, or NULL: then its pivot is `death`. */
static PetscErrorCode record(struct solver *s, struct hole_edge_key birth, const struct hole_triangle *death,
                             const struct hole_column *column)
{
  const struct hole_chain_item *chain    = NULL;
  HoleIndex                     n        = 0;
  HoleInterval                  interval = {birth.length, INFINITY, {birth.i, birth.j, -1, -1}, {-1, -1, -1, -1, -1}};

  PetscFunctionBegin;
  if (death) {
    HoleIndex i = death->edge.i, j = death->edge.j, k = death->vertex;

    interval.death            = death->edge.length;
    interval.death_simplex[0] = PetscMin(i, k);
    interval.death_simplex[1] = k < i ? i : PetscMin(j, k);
    interval.death_simplex[2] = PetscMax(j, k);
  }
  if (s->pipeline.homology->wants_cocycles) {
    if (death) PetscCall(hole_reduction_chain(s->reduction, death, &n, &chain));
    else n = column->n, chain = column->chain;
  }
  PetscCall(hole_found_append(&s->found, &interval, n, 1));
  for (HoleIndex i = 0; i < n; ++i) hole_found_add(&s->found, 1, (HoleIndex[2]){chain[i].i, chain[i].j}, 1);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode reduce_by_lengths(void *ctx, double high, PetscBool last, struct hole_column **column)
{
  struct solver       *s     = ctx;
  struct hole_edge_key birth = (*column)->birth;
  struct hole_triangle pivot;
  PetscBool            found;

  PetscFunctionBegin;
  PetscCall(hole_reduction_reduce(s->reduction, high, column, &pivot, &found));
  if (found || last) PetscCall(record(s, birth, found ? &pivot : NULL, *column));
  if (last) PetscCall(hole_column_destroy(column)); /* an interval that does not end */
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode solve(struct solver *s, HoleDiagram diagram)
{
  HoleHomology   homology  = s->pipeline.homology;
  HoleFiltration f         = homology->filtration;
  HoleTree       forest    = HoleFiltrationGetForest(f);
  const double   threshold = PetscMin(HoleFiltrationGetThreshold(f), DBL_MAX); /* an infinite length is no edge */
  const double   cutoff    = HoleFiltrationGetCutoff(f);
  MPI_Comm       comm      = s->pipeline.comm;
  double         longest;
  HoleIndex      n_pairs = 0, n_negative = 0, n_listed;

  PetscFunctionBegin;
  PetscCall(hole_homology_begin_phase(homology, "lunes"));
  longest = threshold < DBL_MAX ? PetscMax(threshold, cutoff) : cutoff; /* without a threshold all pairs count */
  PetscCall(hole_filtration_take_bounds(f, longest, &s->bounds));
  PetscCall(find_births(s, forest, cutoff));
  PetscCall(hole_homology_end_phase(homology));
  PetscCall(hole_homology_begin_phase(homology, "reduction"));
  PetscCall(hole_row_cache_create(s->bounds, hole_row_cache_capacity(s->bounds->n_local), &s->pipeline.cache));
  HoleCallAgreed(comm, hole_reduction_create(s->bounds, s->pipeline.cache, nextafter(cutoff, INFINITY), &s->reduction));
  s->pipeline.work = hole_reduction_get_work(s->reduction);
  PetscCall(hole_stream_create(comm, homology->n_windows, cutoff, s->n_births, s->births, sizeof(struct hole_triangle),
                               &s->pipeline.stream));
  PetscCall(PetscFree(s->births)); /* the stream has its own */
  PetscCall(hole_pipeline_run(&s->pipeline));
  PetscCall(hole_pipeline_tell(&s->pipeline, "reduction", 1));

  /* An edge within the threshold ends a component, or is born into a pair of dimension 1: the rest of those have length zero. */
  PetscCall(hole_bounds_count_pairs(s->bounds, threshold, &n_pairs));
  for (HoleIndex e = 0; e < HoleTreeGetSize(forest) - 1; ++e)
    n_negative += HoleTreeGetEdges(forest)[e].length <= threshold;
  PetscCallMPI(MPI_Allreduce(&s->found.n, &n_listed, 1, HOLE_MPI_INDEX, MPI_SUM, comm));
  PetscCall(hole_found_set(&s->found, homology, diagram, 1, n_pairs - n_negative - n_listed));
  PetscCall(hole_homology_end_phase(homology));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_solve_by_lengths(HoleHomology homology, HoleDiagram diagram)
{
  struct solver  s = {.pipeline = {.homology = homology, .comm = HoleFiltrationGetComm(homology->filtration)}};
  PetscErrorCode solved;

  PetscFunctionBegin;
  s.pipeline.reduce = reduce_by_lengths;
  s.pipeline.ctx    = &s;
  solved            = solve(&s, diagram);
  PetscCall(hole_stream_destroy(&s.pipeline.stream));
  PetscCall(hole_reduction_destroy(&s.reduction));
  PetscCall(hole_row_cache_destroy(&s.pipeline.cache));
  PetscCall(hole_bounds_destroy(&s.bounds));
  PetscCall(PetscFree(s.births));
  PetscCall(hole_found_clear(&s.found));
  PetscCall(solved);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* One after the other: the lunes, the reduction. Rows of bounds are predicted with the distances. */
double hole_solve_by_lengths_predict(HoleIndex n, PetscMPIInt size)
{
  const double lunes = hole_lunes_predict_bytes(n, size) + hole_panels_predict_bytes(n, size);
  const double reduction =
      hole_row_cache_predict_bytes(n, sizeof(double), size) + hole_reduction_predict_bytes(n, size);

  return PetscMax(lunes, reduction);
}
