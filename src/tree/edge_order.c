/* Radix sort of edges by the leading bits of their lengths; the few that agree in these are put in order by comparing. */
#include "edge_order.h"

#include "../core/sort.h"
#include <string.h>

/* Of the 52 bits below the exponent those on top tell lengths apart but for some in a thousand. */
enum {
  LEFT_BITS  = 22,
  DIGIT_BITS = 11,
  N_BUCKETS  = 1 << DIGIT_BITS,
  N_DIGITS   = (64 - LEFT_BITS + DIGIT_BITS - 1) / DIGIT_BITS,
  SHORT_RUN  = 32
};

struct sorting {
  uint64_t  least; /* bits of the shortest length */
  HoleIndex starts[N_DIGITS][N_BUCKETS];
  PetscBool tells[N_DIGITS]; /* does the digit tell any two edges apart? */
};

/* A number of the same order: lengths are not negative, so that their bits are. */
static inline uint64_t bits_of(double length)
{
  uint64_t bits;

  memcpy(&bits, &length, sizeof(bits));
  return bits;
}

/* What is sorted by digits: equal lengths have equal numbers. */
static inline uint64_t number_of(const struct sorting *s, double length)
{
  return (bits_of(length) - s->least) >> LEFT_BITS;
}

static inline size_t digit_of(uint64_t number, int digit)
{
  return (size_t)(number >> (digit * DIGIT_BITS)) & (N_BUCKETS - 1);
}

/* Starts of the buckets of each digit; whether a digit tells any two edges apart. */
static void count_digits(HoleIndex n, const struct hole_edge_key edges[], struct sorting *s)
{
  s->least = UINT64_MAX;
  for (HoleIndex e = 0; e < n; ++e) s->least = PetscMin(s->least, bits_of(edges[e].length));
  memset(s->starts, 0, sizeof(s->starts));
  for (HoleIndex e = 0; e < n; ++e) {
    const uint64_t number = number_of(s, edges[e].length);

    for (int d = 0; d < N_DIGITS; ++d) ++s->starts[d][digit_of(number, d)];
  }
  for (int d = 0; d < N_DIGITS; ++d) {
    HoleIndex below = 0;

    s->tells[d] = PETSC_FALSE;
    for (int b = 0; b < N_BUCKETS; ++b) {
      const HoleIndex count = s->starts[d][b];

      if (count && count < n) s->tells[d] = PETSC_TRUE;
      s->starts[d][b] = below;
      below += count;
    }
  }
}

/* A run of edges of equal numbers. */
static void sort_run(HoleIndex n, struct hole_edge_key edges[])
{
  if (n > SHORT_RUN) {
    hole_sort(edges, n, sizeof(*edges), hole_edge_key_by_order);
    return;
  }
  for (HoleIndex e = 1; e < n; ++e) {
    const struct hole_edge_key edge  = edges[e];
    HoleIndex                  place = e;

    for (; place > 0 && hole_edge_key_compare(&edge, &edges[place - 1]) < 0; --place) edges[place] = edges[place - 1];
    edges[place] = edge;
  }
}

static void sort_runs(const struct sorting *s, HoleIndex n, struct hole_edge_key edges[])
{
  HoleIndex begin = 0;

  for (HoleIndex e = 1; e <= n; ++e) {
    if (e < n && number_of(s, edges[e].length) == number_of(s, edges[begin].length)) continue;
    if (e - begin > 1) sort_run(e - begin, edges + begin);
    begin = e;
  }
}

PetscErrorCode hole_edge_keys_sort(HoleIndex n, struct hole_edge_key *edges[])
{
  struct sorting       *s;
  struct hole_edge_key *from = *edges, *to;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(n, &to)); /* first, since it may fail */
  PetscCall(PetscNew(&s));
  count_digits(n, from, s);
  for (int d = 0; d < N_DIGITS; ++d) {
    struct hole_edge_key *sorted = to;

    if (!s->tells[d]) continue;
    for (HoleIndex e = 0; e < n; ++e) to[s->starts[d][digit_of(number_of(s, from[e].length), d)]++] = from[e];
    to   = from;
    from = sorted;
  }
  sort_runs(s, n, from);
  *edges = from;
  PetscCall(PetscFree(to));
  PetscCall(PetscFree(s));
  PetscFunctionReturn(PETSC_SUCCESS);
}
