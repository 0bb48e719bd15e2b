/* The loop over columns that both ways of computing share. A rank never waits for one window while another has work. */
#include "pipeline.h"

#include "../core/fault.h"
#include "../core/wait.h"
#include <hole/hole_error.h>

/* Local: one column in its present window. It ends here, or moves on. */
static PetscErrorCode treat_column(const struct hole_pipeline *p, HoleIndex window, struct hole_column *column)
{
  double         high;
  PetscBool      last;
  PetscErrorCode reduced;

  PetscFunctionBegin;
  hole_stream_end(p->stream, window, &high, &last);
  reduced = hole_fault(p->comm, "windows_reduce");
  if (!reduced) reduced = p->reduce(p->ctx, high, last, &column);
  if (!reduced && column) reduced = hole_stream_pass_on(p->stream, window, &column);
  PetscCall(hole_column_destroy(&column)); /* NULL where it has a new owner */
  PetscCall(reduced);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local, but talks to the other ranks: all windows of this rank, until they are done or another rank has failed. */
static PetscErrorCode run_windows(const struct hole_pipeline *p)
{
  struct hole_column *column;
  HoleIndex           window, n_done, n_columns, n_looks = 0;
  PetscBool           finished = PETSC_FALSE;

  PetscFunctionBegin;
  while (!finished && !(p->gives_up && *p->gives_up)) {
    if (p->cache) PetscCall(hole_row_cache_serve(p->cache));
    PetscCall(hole_stream_next(p->stream, p->cache, &window, &column, &finished));
    if (!column) {
      hole_wait_a_little(&n_looks);
      continue;
    }
    n_looks = 0;
    PetscCall(treat_column(p, window, column));
    hole_stream_progress(p->stream, &n_done, &n_columns);
    PetscCall(hole_homology_report(p->homology, "reduction", n_done, n_columns));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Whatever happens here, all ranks serve each other until every one has come to the end. */
PetscErrorCode hole_pipeline_run(const struct hole_pipeline *p)
{
  PetscErrorCode ran, drained = PETSC_SUCCESS;

  PetscFunctionBegin;
  ran = run_windows(p);
  if (ran || (p->gives_up && *p->gives_up)) PetscCall(hole_stream_abandon(p->stream));
  if (p->cache) drained = hole_row_cache_drain(p->cache);
  PetscCall(hole_stream_finish(p->stream, p->cache));
  HoleCallAgreed(p->comm, ran ? ran : drained);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_found_append(struct hole_found *f, const HoleInterval *interval, HoleIndex n_simplices,
                                 PetscInt dim)
{
  HoleIndex n_items;

  PetscFunctionBegin;
  if (f->n == f->capacity) {
    f->capacity = PetscMax(1024, 2 * f->capacity);
    PetscCall(PetscRealloc((size_t)f->capacity * sizeof(*f->intervals), &f->intervals));
    PetscCall(PetscRealloc((size_t)(f->capacity + 1) * sizeof(*f->starts), &f->starts));
  }
  n_items = (f->n ? f->starts[f->n] : 0) + n_simplices;
  if (n_items > f->item_capacity) {
    f->item_capacity = PetscMax(n_items, 2 * f->item_capacity);
    PetscCall(PetscRealloc((size_t)(f->item_capacity * (dim + 1)) * sizeof(*f->simplices), &f->simplices));
    PetscCall(PetscRealloc((size_t)f->item_capacity * sizeof(*f->coefficients), &f->coefficients));
  }
  if (!f->n) f->starts[0] = 0;
  f->intervals[f->n++] = *interval;
  f->starts[f->n]      = f->starts[f->n - 1];
  PetscFunctionReturn(PETSC_SUCCESS);
}

void hole_found_add(struct hole_found *f, PetscInt dim, const HoleIndex vertices[], int32_t coefficient)
{
  const HoleIndex item = f->starts[f->n]++;

  for (PetscInt v = 0; v <= dim; ++v) f->simplices[item * (dim + 1) + v] = vertices[v];
  f->coefficients[item] = coefficient;
}

PetscErrorCode hole_found_set(struct hole_found *f, HoleHomology homology, HoleDiagram diagram, PetscInt dim,
                              HoleIndex zero_pairs)
{
  MPI_Comm comm = HoleFiltrationGetComm(homology->filtration);

  PetscFunctionBegin;
  PetscCall(HoleDiagramSetIntervals(diagram, comm, dim, f->n, f->intervals, zero_pairs));
  if (homology->wants_cocycles)
    PetscCall(HoleDiagramSetChains(diagram, comm, HOLE_COCYCLES, dim, f->n, f->intervals, f->starts, f->simplices,
                                   f->coefficients));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_found_clear(struct hole_found *f)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(f->intervals));
  PetscCall(PetscFree(f->starts));
  PetscCall(PetscFree(f->simplices));
  PetscCall(PetscFree(f->coefficients));
  *f = (struct hole_found){0};
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_pipeline_tell(const struct hole_pipeline *p, PetscInt dim, const struct hole_reduction_work *work)
{
  HoleIndex n_columns, n_bytes;

  PetscFunctionBegin;
  hole_stream_traffic(p->stream, &n_columns, &n_bytes);
  PetscCall(PetscInfo(NULL,
                      "Reduction in dimension %" PetscInt_FMT ": %" HoleIndex_FMT " cofacets, %" HoleIndex_FMT
                      " additions, %" HoleIndex_FMT " scans, %" HoleIndex_FMT " rows fetched, %" HoleIndex_FMT
                      " columns and %" HoleIndex_FMT " bytes sent\n",
                      dim, work->n_cofacets, work->n_additions, work->n_scans,
                      p->cache ? hole_row_cache_fetched(p->cache) : 0, n_columns, n_bytes));
  PetscFunctionReturn(PETSC_SUCCESS);
}
