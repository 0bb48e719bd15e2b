/* bits.h - loops over sets of vertices, a bit for each. Inline, so that each caller has them for its instruction sets.

   n_words is a multiple of eight where vectors of eight words are taken. */
#pragma once

#include "../core/simd.h"
#include <hole/hole_types.h>

enum { HOLE_BITS = 64, HOLE_WORDS_ADDED = 4 * HOLE_LANES };

typedef uint64_t hole_w8 __attribute__((vector_size(64), aligned(8), may_alias)); /* eight words, any address */

static inline PetscBool hole_bits_has(const uint64_t set[], HoleIndex v)
{
  return (PetscBool)(set[v / HOLE_BITS] >> v % HOLE_BITS & 1);
}

static inline void hole_bits_put(uint64_t set[], HoleIndex v) { set[v / HOLE_BITS] |= UINT64_C(1) << v % HOLE_BITS; }

static inline void hole_bits_take(uint64_t set[], HoleIndex v)
{
  set[v / HOLE_BITS] &= ~(UINT64_C(1) << v % HOLE_BITS);
}

/* Have two sets a vertex in common? Usually a few words tell. */
static inline PetscBool hole_bits_meet(HoleIndex n_words, const uint64_t a[], const uint64_t b[])
{
  for (HoleIndex w = 0; w < n_words; ++w) {
    if (a[w] & b[w]) return PETSC_TRUE;
  }
  return PETSC_FALSE;
}

/* Move what is open and in `row` to the frontier; whether anything is open still. */
static inline PetscBool hole_bits_absorb(HoleIndex n_words, const uint64_t row[], uint64_t open[], uint64_t frontier[])
{
  uint64_t left = 0;

  for (HoleIndex w = 0; w < n_words; ++w) {
    frontier[w] |= open[w] & row[w];
    open[w] &= ~row[w];
    left |= open[w];
  }
  return (PetscBool)(left != 0);
}

HOLE_INLINE PetscBool hole_w8_any(const hole_w8 *words)
{
  uint64_t any = 0;

  for (int w = 0; w < HOLE_LANES; ++w) any |= (*words)[w];
  return (PetscBool)(any != 0);
}

HOLE_INLINE HoleIndex hole_w8_count(const hole_w8 *words)
{
  HoleIndex n = 0;

  for (int w = 0; w < HOLE_LANES; ++w) n += __builtin_popcountll((*words)[w]);
  return n;
}

/* A full adder for each bit: sum + a + b. */
HOLE_INLINE void hole_w8_add(hole_w8 *sum, const hole_w8 *a, const hole_w8 *b, hole_w8 *carry)
{
  const hole_w8 either = *sum ^ *a;

  *carry = (*sum & *a) | (either & *b);
  *sum   = either ^ *b;
}

/* both = a & b, rest = both without c, of eight words; what is in any rest is gathered in `left`. */
HOLE_INLINE void hole_w8_meet(const uint64_t a[], const uint64_t b[], const uint64_t c[], uint64_t both[],
                              uint64_t rest[], hole_w8 *left)
{
  const hole_w8 x = *(const hole_w8 *)a & *(const hole_w8 *)b, r = x & ~*(const hole_w8 *)c;

  *(hole_w8 *)both = x;
  *(hole_w8 *)rest = r;
  *left |= r;
}

/* both = a & b, rest = both without c; the size of both, and whether there is any rest. Vectors of words are added up bit by bit
   before they are counted [Mula2018, Harley-Seal]: few processors count the bits of vectors. */
HOLE_INLINE HoleIndex hole_bits_intersect(HoleIndex n_words, const uint64_t a[], const uint64_t b[], const uint64_t c[],
                                          uint64_t both[], uint64_t rest[], PetscBool *any)
{
  hole_w8   left = {0}, ones = {0}, twos = {0};
  HoleIndex n = 0, n_fours = 0, w = 0;

  for (; w + HOLE_WORDS_ADDED <= n_words; w += HOLE_WORDS_ADDED) {
    const hole_w8 *x = (const hole_w8 *)(both + w);
    hole_w8        two[2], four;

    for (HoleIndex v = w; v < w + HOLE_WORDS_ADDED; v += HOLE_LANES)
      hole_w8_meet(a + v, b + v, c + v, both + v, rest + v, &left);
    hole_w8_add(&ones, &x[0], &x[1], &two[0]);
    hole_w8_add(&ones, &x[2], &x[3], &two[1]);
    hole_w8_add(&twos, &two[0], &two[1], &four);
    n_fours += hole_w8_count(&four);
  }
  for (; w < n_words; w += HOLE_LANES) {
    hole_w8_meet(a + w, b + w, c + w, both + w, rest + w, &left);
    n += hole_w8_count((const hole_w8 *)(both + w));
  }
  *any = hole_w8_any(&left);
  return n + hole_w8_count(&ones) + 2 * hole_w8_count(&twos) + 4 * n_fours;
}

/* Is anything of a row in a set but not in its rest? Usually the first words tell. */
HOLE_INLINE PetscBool hole_bits_meet_without(HoleIndex n_words, const uint64_t row[], const uint64_t set[],
                                             const uint64_t rest[])
{
  for (HoleIndex w = 0; w < n_words; w += HOLE_LANES) {
    const hole_w8 x = *(const hole_w8 *)(row + w) & *(const hole_w8 *)(set + w) & ~*(const hole_w8 *)(rest + w);

    if (hole_w8_any(&x)) return PETSC_TRUE;
  }
  return PETSC_FALSE;
}

/* Take a row out of a set. Where the set has nothing the row is not read. */
HOLE_INLINE void hole_bits_remove(HoleIndex n_words, const uint64_t row[], uint64_t set[])
{
  for (HoleIndex w = 0; w < n_words; w += HOLE_LANES) {
    if (hole_w8_any((const hole_w8 *)(set + w))) *(hole_w8 *)(set + w) &= ~*(const hole_w8 *)(row + w);
  }
}
