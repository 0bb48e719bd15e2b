/* bits.h - loops over sets of vertices, a bit for each. Inline, so that each caller has them for its instruction sets. */
#pragma once

#include <hole/hole_types.h>

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
