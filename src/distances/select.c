/* Numbers that describe all pairs: enclosing radius, exact quantile, count below a length.

   Lengths are finite and not negative, so their bit patterns, read as unsigned integers, are in the same order. A quantile is
   found by four counting passes of 16 bits each, from the highest: exact, and without moving any length. */
#include "distances_impl.h"
#include <hole/hole_error.h>

#include <math.h>

PetscErrorCode HoleDistancesGetEnclosingRadius(HoleDistances d, double *radius)
{
  double mine = INFINITY;

  PetscFunctionBegin;
  for (HoleIndex i = 0; i < d->n_local; ++i) {
    const double *row  = d->rows + i * d->stride;
    double        most = 0;

    for (HoleIndex j = 0; j < d->n; ++j) most = row[j] > most ? row[j] : most;
    mine = PetscMin(mine, most);
  }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &mine, 1, MPI_DOUBLE, MPI_MIN, d->comm));
  *radius = d->n ? mine : 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleDistancesCountPairs(HoleDistances d, double length, HoleIndex *n_pairs)
{
  HoleIndex count = 0;

  PetscFunctionBegin;
  for (HoleIndex i = 0; i < d->n_local; ++i) {
    const double *row = d->rows + i * d->stride;

    for (HoleIndex j = d->first + i + 1; j < d->n; ++j) count += row[j] <= length;
  }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &count, 1, HOLE_MPI_INDEX, MPI_SUM, d->comm));
  *n_pairs = count;
  PetscFunctionReturn(PETSC_SUCCESS);
}

enum { DIGIT_BITS = 16, N_DIGITS = 4, N_BINS = 1 << DIGIT_BITS };

/* Count the pairs whose higher digits equal `prefix` by their next digit, over all ranks. */
static PetscErrorCode count_digits(HoleDistances d, int digit, uint64_t prefix, HoleIndex bins[N_BINS])
{
  const int shift = DIGIT_BITS * (N_DIGITS - 1 - digit);

  PetscFunctionBegin;
  PetscCall(PetscArrayzero(bins, N_BINS));
  for (HoleIndex i = 0; i < d->n_local; ++i) {
    const double *row = d->rows + i * d->stride;

    for (HoleIndex j = d->first + i + 1; j < d->n; ++j) {
      uint64_t bits;

      memcpy(&bits, &row[j], sizeof(bits));
      bits >>= shift;
      if (bits >> DIGIT_BITS == prefix) ++bins[bits % N_BINS];
    }
  }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, bins, N_BINS, HOLE_MPI_INDEX, MPI_SUM, d->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleDistancesGetQuantile(HoleDistances d, double q, double *length)
{
  const HoleIndex n_pairs = d->n * (d->n - 1) / 2;
  HoleIndex       wanted  = (HoleIndex)ceil(q * (double)n_pairs) - 1; /* place in ascending order, from 0 */
  HoleIndex      *bins, bin;
  uint64_t        prefix = 0;

  PetscFunctionBegin;
  *length = 0;
  if (!n_pairs) PetscFunctionReturn(PETSC_SUCCESS);
  wanted = PetscMax(0, PetscMin(wanted, n_pairs - 1));
  HoleCallAgreed(d->comm, PetscMalloc1(N_BINS, &bins));
  for (int digit = 0; digit < N_DIGITS; ++digit) {
    PetscCall(count_digits(d, digit, prefix, bins));
    for (bin = 0; wanted >= bins[bin]; ++bin) wanted -= bins[bin];
    prefix = prefix << DIGIT_BITS | (uint64_t)bin;
  }
  memcpy(length, &prefix, sizeof(prefix));
  PetscCall(PetscFree(bins));
  PetscFunctionReturn(PETSC_SUCCESS);
}
