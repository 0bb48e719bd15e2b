/* threads.h - threads inside a rank: as many as OMP_NUM_THREADS says, one if it says nothing, since ranks share the cores. */
#pragma once

#include <stdlib.h>

static inline int hole_threads(void)
{
  const char *text = getenv("OMP_NUM_THREADS");
  const int   n    = text ? atoi(text) : 1; /* of a list the first number counts */

#if defined(_OPENMP)
  return n > 1 ? (n < 256 ? n : 256) : 1;
#else
  (void)n;
  return 1;
#endif
}

/* OpenBLAS would start a thread a core in every rank; where it is linked, it can be told not to. Other libraries know nothing
   of these functions. */
extern void openblas_set_num_threads(int n) __attribute__((weak));
extern int  openblas_get_num_threads(void) __attribute__((weak));

/* From now on BLAS uses n threads; returns how many it used, 0 if nobody knows. n = 0 changes nothing. */
static inline int hole_blas_threads(int n)
{
  const int before = openblas_get_num_threads ? openblas_get_num_threads() : 0;

  if (n > 0 && openblas_set_num_threads) openblas_set_num_threads(n);
  return before;
}
