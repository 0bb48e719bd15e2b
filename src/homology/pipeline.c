/* The loop over columns that both ways of computing share. A rank never waits for one window while another has work. */
#include "pipeline.h"

#include "../core/fault.h"
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
  HoleIndex           window, n_done, n_columns;
  PetscBool           finished = PETSC_FALSE;

  PetscFunctionBegin;
  while (!finished) {
    if (p->cache) PetscCall(hole_row_cache_serve(p->cache));
    PetscCall(hole_stream_next(p->stream, p->cache, &window, &column, &finished));
    if (!column) continue;
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
  if (ran) PetscCall(hole_stream_abandon(p->stream));
  if (p->cache) drained = hole_row_cache_drain(p->cache);
  PetscCall(hole_stream_finish(p->stream, p->cache));
  HoleCallAgreed(p->comm, ran ? ran : drained);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_interval_list_append(struct hole_interval_list *list, const HoleInterval *interval)
{
  PetscFunctionBegin;
  if (list->n == list->capacity) {
    list->capacity = PetscMax(1024, 2 * list->capacity);
    PetscCall(PetscRealloc((size_t)list->capacity * sizeof(*list->intervals), &list->intervals));
  }
  list->intervals[list->n++] = *interval;
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
