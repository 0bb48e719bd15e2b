/* Radix sort of edges, by the digits of their lengths in which they differ. */
#include "edge_order.h"

#include <string.h>

enum { DIGIT_BITS = 11, N_BUCKETS = 1 << DIGIT_BITS, N_DIGITS = (64 + DIGIT_BITS - 1) / DIGIT_BITS };

/* Numbers of the same order: lengths are not negative, so that their bits are. */
static inline uint64_t bits_of(double length)
{
  uint64_t bits;

  memcpy(&bits, &length, sizeof(bits));
  return bits;
}

static inline size_t digit_of(double length, int digit)
{
  return (size_t)(bits_of(length) >> (digit * DIGIT_BITS)) & (N_BUCKETS - 1);
}

/* Starts of the buckets of each digit; whether a digit tells any two edges apart. */
static void count_digits(HoleIndex n, const struct hole_edge_key edges[], HoleIndex starts[N_DIGITS][N_BUCKETS],
                         PetscBool tells[N_DIGITS])
{
  memset(starts, 0, N_DIGITS * sizeof(*starts));
  for (HoleIndex e = 0; e < n; ++e) {
    for (int d = 0; d < N_DIGITS; ++d) ++starts[d][digit_of(edges[e].length, d)];
  }
  for (int d = 0; d < N_DIGITS; ++d) {
    HoleIndex below = 0;

    tells[d] = PETSC_FALSE;
    for (int b = 0; b < N_BUCKETS; ++b) {
      HoleIndex count = starts[d][b];

      if (count && count < n) tells[d] = PETSC_TRUE;
      starts[d][b] = below;
      below += count;
    }
  }
}

PetscErrorCode hole_edge_keys_sort(HoleIndex n, struct hole_edge_key *edges[])
{
  HoleIndex(*starts)[N_BUCKETS];
  PetscBool             tells[N_DIGITS];
  struct hole_edge_key *from = *edges, *to;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(N_DIGITS, &starts));
  PetscCall(PetscMalloc1(n, &to));
  count_digits(n, from, starts, tells);
  for (int d = 0; d < N_DIGITS; ++d) {
    struct hole_edge_key *sorted = to;

    if (!tells[d]) continue;
    for (HoleIndex e = 0; e < n; ++e) to[starts[d][digit_of(from[e].length, d)]++] = from[e];
    to   = from;
    from = sorted;
  }
  *edges = from;
  PetscCall(PetscFree(to));
  PetscCall(PetscFree(starts));
  PetscFunctionReturn(PETSC_SUCCESS);
}
