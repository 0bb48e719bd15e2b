/* Numbers that describe all pairs: enclosing radius, exact quantile.

   Lengths are finite and not negative, so their bit patterns, read as unsigned integers, are in the same order. A quantile is
   found by four counting passes of 16 bits each, from the highest: exact, and without moving any length. */
#include "select.h"
#include "distances_impl.h"
#include <hole/hole_error.h>

#include <math.h>

PetscErrorCode HoleDistancesGetEnclosingRadius(HoleDistances d, double *radius)
{
  double mine = INFINITY;

  PetscFunctionBegin;
  for (HoleIndex i = 0; i < d->n_local; ++i) {
    double most = 0;

    for (HoleIndex j = 0; j < d->n; ++j) {
      const double length = hole_distances_at(d, i, j);

      most = length > most ? length : most;
    }
    mine = PetscMin(mine, most);
  }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &mine, 1, MPI_DOUBLE, MPI_MIN, d->comm));
  *radius = d->n ? mine : 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

enum { DIGIT_BITS = 16, N_DIGITS = 4, N_BINS = 1 << DIGIT_BITS };

/* Count the lengths of a span whose higher digits equal `prefix` by their next digit. */
static void count_span(HoleIndex n, const double lengths[], int shift, uint64_t prefix, HoleIndex bins[N_BINS])
{
  for (HoleIndex j = 0; j < n; ++j) {
    uint64_t bits;

    memcpy(&bits, &lengths[j], sizeof(bits));
    bits >>= shift;
    if (bits >> DIGIT_BITS == prefix) ++bins[bits % N_BINS];
  }
}

/* The same for all spans of all ranks. */
static PetscErrorCode count_digits(MPI_Comm comm, hole_span_function spans, void *ctx, int digit, uint64_t prefix,
                                   HoleIndex bins[N_BINS])
{
  const double *lengths;
  HoleIndex     n;

  PetscFunctionBegin;
  PetscCall(PetscArrayzero(bins, N_BINS));
  spans(0, &n, &lengths, ctx);
  for (HoleIndex s = 1; n >= 0; ++s) {
    count_span(n, lengths, DIGIT_BITS * (N_DIGITS - 1 - digit), prefix, bins);
    spans(s, &n, &lengths, ctx);
  }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, bins, N_BINS, HOLE_MPI_INDEX, MPI_SUM, comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

HoleIndex hole_select_place(double q, HoleIndex n)
{
  return PetscMax(0, PetscMin((HoleIndex)ceil(q * (double)n) - 1, n - 1));
}

PetscErrorCode hole_select(MPI_Comm comm, HoleIndex wanted, hole_span_function spans, void *ctx, double *length)
{
  HoleIndex *bins, bin;
  uint64_t   prefix = 0;

  PetscFunctionBegin;
  HoleCallAgreed(comm, PetscMalloc1(N_BINS, &bins));
  for (int digit = 0; digit < N_DIGITS; ++digit) {
    PetscCall(count_digits(comm, spans, ctx, digit, prefix, bins));
    for (bin = 0; bin < N_BINS && wanted >= bins[bin]; ++bin) wanted -= bins[bin];
    PetscCheck(bin < N_BINS, comm, PETSC_ERR_PLIB, "Fewer lengths than places"); /* equal on all ranks */
    prefix = prefix << DIGIT_BITS | (uint64_t)bin;
  }
  memcpy(length, &prefix, sizeof(prefix));
  PetscCall(PetscFree(bins));
  PetscFunctionReturn(PETSC_SUCCESS);
}

struct stored {
  HoleDistances d;
  double       *buffer;
};

/* The pairs of local row `row`, above the diagonal. */
static void pairs_of_row(HoleIndex row, HoleIndex *n, const double *lengths[], void *ctx)
{
  struct stored *s = ctx;
  HoleDistances  d = s->d;

  *n = -1;
  if (row == d->n_local) return;
  *n       = d->n - (d->first + row + 1);
  *lengths = hole_distances_read(d, row, d->first + row + 1, *n, s->buffer);
}

PetscErrorCode HoleDistancesGetQuantile(HoleDistances d, double q, double *length)
{
  const HoleIndex n_pairs = d->n * (d->n - 1) / 2;
  struct stored   s       = {.d = d};
  PetscErrorCode  selected;

  PetscFunctionBegin;
  *length = 0;
  if (!n_pairs) PetscFunctionReturn(PETSC_SUCCESS);
  HoleCallAgreed(d->comm, PetscMalloc1(hole_distances_buffer(d), &s.buffer));
  selected = hole_select(d->comm, hole_select_place(q, n_pairs), pairs_of_row, &s, length);
  PetscCall(PetscFree(s.buffer));
  PetscCall(selected);
  PetscFunctionReturn(PETSC_SUCCESS);
}
