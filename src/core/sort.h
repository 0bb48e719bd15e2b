/* sort.h - qsort() that accepts an empty array, for which C asks for a pointer all the same, and leaves alone what is in order. */
#pragma once

#include <hole/hole_types.h>
#include <stdlib.h>

static inline void hole_sort(void *base, HoleIndex n, size_t bytes, int (*order)(const void *, const void *))
{
  HoleIndex e = 1;

  while (e < n && order((const char *)base + (size_t)(e - 1) * bytes, (const char *)base + (size_t)e * bytes) <= 0) ++e;
  if (e < n) qsort(base, (size_t)n, bytes, order);
}
