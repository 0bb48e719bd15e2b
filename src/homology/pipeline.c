/* The loop over columns that both ways of computing share. A rank never waits for one window while another has work. */
#include "pipeline.h"

#include "../core/fault.h"
#include "../core/wait.h"
#include <hole/hole_error.h>

enum { STEPS_A_VISIT = 10 /* beside what is counted: queues, messages, heaps */ };

/* A column that was ready at `ready` was treated in a window: plan the time of this rank, and of the column if there still is one. */
static void account(struct hole_pipeline *p, HoleIndex window, double ready, double steps, struct hole_column *column)
{
  p->done[window] = hole_schedule_place(&p->schedule, PetscMax(ready, p->done[window]), steps + STEPS_A_VISIT);
  if (column) column->ready = p->done[window];
  ++p->n_visits;
}

/* Local: one column in its present window. It ends here, or moves on. */
static PetscErrorCode treat_column(struct hole_pipeline *p, HoleIndex window, struct hole_column *column)
{
  const double   ready = column->ready, before = hole_reduction_work_steps(p->work);
  double         high;
  PetscBool      last;
  PetscErrorCode reduced;

  PetscFunctionBegin;
  hole_stream_end(p->stream, window, &high, &last);
  reduced = hole_fault(p->comm, "windows_reduce");
  if (!reduced && (last || column->rests < high)) reduced = p->reduce(p->ctx, high, last, &column);
  if (!reduced) account(p, window, ready, hole_reduction_work_steps(p->work) - before, column);
  if (!reduced && column) reduced = hole_stream_pass_on(p->stream, window, &column);
  PetscCall(hole_column_destroy(&column)); /* NULL where it has a new owner */
  PetscCall(reduced);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local, but talks to the other ranks: all windows of this rank, until they are done or another rank has failed. */
static PetscErrorCode run_windows(struct hole_pipeline *p)
{
  struct hole_column *column;
  HoleIndex           window, n_done, n_columns, n_looks = 0;
  PetscBool           finished = PETSC_FALSE;

  PetscFunctionBegin;
  while (!finished && !(p->gives_up && *p->gives_up)) {
    if (p->cache) PetscCall(hole_row_cache_serve(p->cache));
    PetscCall(hole_stream_next(p->stream, p->cache, &window, &column, &finished));
    if (!column) hole_wait_a_little(&n_looks);
    else {
      n_looks = 0;
      PetscCall(treat_column(p, window, column));
    }
    hole_stream_progress(p->stream, &n_done, &n_columns);
    if (!finished) PetscCall(hole_homology_report(p->homology, "reduction", n_done, n_columns));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local. */
static PetscErrorCode set_clocks(struct hole_pipeline *p)
{
  PetscFunctionBegin;
  p->n_visits = 0;
  PetscCall(hole_schedule_create(&p->schedule));
  PetscCall(PetscCalloc1(hole_stream_size(p->stream), &p->done));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Whatever happens here, all ranks serve each other until every one has come to the end. */
PetscErrorCode hole_pipeline_run(struct hole_pipeline *p)
{
  PetscErrorCode ran, drained = PETSC_SUCCESS;

  PetscFunctionBegin;
  ran = set_clocks(p);
  if (!ran) ran = run_windows(p);
  if (ran || (p->gives_up && *p->gives_up)) PetscCall(hole_stream_abandon(p->stream));
  if (p->cache) drained = hole_row_cache_drain(p->cache);
  PetscCall(hole_stream_finish(p->stream, p->cache));
  PetscCall(hole_schedule_destroy(&p->schedule)); /* its end stays */
  PetscCall(PetscFree(p->done));
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

PetscErrorCode hole_pipeline_tell(const struct hole_pipeline *p, const char step[], PetscInt dim)
{
  const struct hole_reduction_work *work = p->work;
  HoleIndex                         n_born, n_started, n_sent, n_messages, n_bytes;
  const HoleIndex                   n_rows = p->cache ? hole_row_cache_fetched(p->cache) : 0;
  HoleRankWork                      mine;

  PetscFunctionBegin;
  hole_stream_traffic(p->stream, &n_sent, &n_messages, &n_bytes);
  hole_stream_progress(p->stream, &n_started, &n_born);
  PetscCall(PetscInfo(NULL,
                      "Reduction in dimension %" PetscInt_FMT ": %" HoleIndex_FMT " cofacets, %" HoleIndex_FMT
                      " additions, %" HoleIndex_FMT " scans, %" HoleIndex_FMT " rows fetched, %" HoleIndex_FMT
                      " columns and %" HoleIndex_FMT " bytes sent\n",
                      dim, work->n_cofacets, work->n_additions, work->n_scans, n_rows, n_sent, n_bytes));
  mine = (HoleRankWork){(double)n_born,
                        (double)p->n_visits,
                        (double)work->n_cofacets,
                        (double)work->n_additions,
                        (double)work->n_scans,
                        hole_reduction_work_steps(work) + STEPS_A_VISIT * (double)p->n_visits,
                        (double)n_messages,
                        (double)n_bytes,
                        (double)n_rows};
  PetscCall(hole_homology_add_work(p->homology, step, dim, &mine, p->schedule.end,
                                   STEPS_A_VISIT * (double)(p->n_visits - n_born)));
  PetscFunctionReturn(PETSC_SUCCESS);
}
