/* Two lengths that follow each other among those of all pairs.

   Lengths are counted by bins of equal width, and those of the bin where the wanted one lies are looked at alone: two sweeps over the
   rows instead of the four of hole_select(). Where too many lie in one bin, as equal ones do, that does it. */
#include "views_impl.h"

#include "../core/fault.h"
#include "../distances/select.h"
#include <hole/hole_error.h>
#include <math.h>

enum { N_BINS = 4096, ROOM = 16 /* lengths of a bin for each point */ };

struct bins {
  const struct close_rows *c;
  double                   scale;
  HoleIndex *mine;   /* [2, N_BINS] here: in turn, as lengths that follow each other are alike, and one would wait */
  HoleIndex *counts; /* [N_BINS] over all ranks */
  HoleIndex  bin;    /* the one that is looked at */
  HoleIndex  n_lengths;
  double    *lengths; /* [n_lengths] ours in it */
  double     above;   /* least length in a higher one */
};

/* Longer lengths are in no lower bins: rounding keeps the order. */
static HoleIndex bin_of(const struct bins *b, double length)
{
  const HoleIndex bin = (HoleIndex)(length * b->scale);

  return bin < N_BINS ? bin : N_BINS - 1;
}

static void span_of_row(HoleIndex span, HoleIndex *n, const double *lengths[], void *ctx)
{
  const struct close_rows *c = ctx;

  *n = -1;
  if (span == c->n_own) return;
  *n       = hole_close_entries(c, c->own[span]);
  *lengths = c->rows + span * c->half;
}

static void span_of_bin(HoleIndex span, HoleIndex *n, const double *lengths[], void *ctx)
{
  const struct bins *b = ctx;

  *n       = span ? -1 : b->n_lengths;
  *lengths = b->lengths;
}

/* Local. */
static PetscErrorCode allocate(struct bins *b)
{
  PetscFunctionBegin;
  PetscCall(hole_fault(b->c->comm, "views_bins"));
  PetscCall(PetscCalloc2(2 * N_BINS, &b->mine, N_BINS, &b->counts));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective. */
static PetscErrorCode count(struct bins *b)
{
  const double *lengths;
  HoleIndex     n;

  PetscFunctionBegin;
  for (HoleIndex r = 0; r < b->c->n_own; ++r) {
    span_of_row(r, &n, &lengths, (void *)b->c);
    for (HoleIndex e = 0; e < n; ++e) ++b->mine[e % 2 * N_BINS + bin_of(b, lengths[e])];
  }
  for (HoleIndex bin = 0; bin < N_BINS; ++bin) b->mine[bin] += b->mine[N_BINS + bin];
  PetscCallMPI(MPI_Allreduce(b->mine, b->counts, N_BINS, HOLE_MPI_INDEX, MPI_SUM, b->c->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local. */
static PetscErrorCode collect(struct bins *b)
{
  const double *lengths;
  HoleIndex     n;

  PetscFunctionBegin;
  PetscCall(hole_fault(b->c->comm, "views_collect"));
  PetscCall(PetscMalloc1(b->mine[b->bin], &b->lengths));
  b->above = INFINITY;
  for (HoleIndex r = 0; r < b->c->n_own; ++r) {
    span_of_row(r, &n, &lengths, (void *)b->c);
    for (HoleIndex e = 0; e < n; ++e) {
      const HoleIndex bin = bin_of(b, lengths[e]);

      if (bin == b->bin) b->lengths[b->n_lengths++] = lengths[e];
      if (bin > b->bin && lengths[e] < b->above) b->above = lengths[e];
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: by all lengths of all ranks. */
static PetscErrorCode select_plainly(const struct close_rows *c, HoleIndex wanted, HoleIndex n_pairs, double two[2])
{
  PetscFunctionBegin;
  PetscCall(hole_select(c->comm, wanted, span_of_row, (void *)c, &two[0]));
  PetscCall(hole_select(c->comm, PetscMin(wanted + 1, n_pairs - 1), span_of_row, (void *)c, &two[1]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective. */
static PetscErrorCode select_by_bins(struct bins *b, HoleIndex wanted, HoleIndex n_pairs, double two[2])
{
  const MPI_Comm comm = b->c->comm;
  HoleIndex      left = wanted; /* its place in the bin */

  PetscFunctionBegin;
  HoleCallAgreed(comm, allocate(b)); /* local */
  PetscCall(count(b));
  for (b->bin = 0; left >= b->counts[b->bin]; ++b->bin) left -= b->counts[b->bin];
  if (b->counts[b->bin] > ROOM * b->c->n) { /* equal on all ranks */
    PetscCall(select_plainly(b->c, wanted, n_pairs, two));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  HoleCallAgreed(comm, collect(b)); /* local */
  PetscCall(hole_select(comm, left, span_of_bin, b, &two[0]));
  PetscCallMPI(MPI_Allreduce(&b->above, &two[1], 1, MPI_DOUBLE, MPI_MIN, comm));
  if (left + 1 < b->counts[b->bin]) PetscCall(hole_select(comm, left + 1, span_of_bin, b, &two[1]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_close_rows_select(const struct close_rows *c, HoleIndex wanted, double two[2])
{
  const HoleIndex n_pairs = c->n * (c->n - 1) / 2;
  struct bins     b       = {.c = c, .scale = N_BINS / c->largest};
  PetscErrorCode  selected;

  PetscFunctionBegin;
  if (c->largest > 0 && c->largest < INFINITY && b.scale < INFINITY)
    selected = select_by_bins(&b, wanted, n_pairs, two);
  else selected = select_plainly(c, wanted, n_pairs, two);
  PetscCall(PetscFree2(b.mine, b.counts));
  PetscCall(PetscFree(b.lengths));
  PetscCall(selected);
  PetscFunctionReturn(PETSC_SUCCESS);
}
