/* sort.h - qsort() that accepts an empty array, for which C asks for a pointer all the same. */
#pragma once

#include <hole/hole_types.h>
#include <stdlib.h>

static inline void hole_sort(void *base, HoleIndex n, size_t bytes, int (*order)(const void *, const void *))
{
  if (n > 1) qsort(base, (size_t)n, bytes, order);
}
