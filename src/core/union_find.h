/* union_find.h - disjoint sets of the points 0 .. n - 1: union by size, path halving (Tarjan, van Leeuwen 1984).

   One array holds it all: link[i] >= 0 is a point nearer to the root, link[root] < 0 is minus the points of its set. */
#pragma once

#include <hole/hole_types.h>

/* Every point a set of its own. */
static inline void hole_union_find_init(HoleIndex n, HoleIndex link[])
{
  for (HoleIndex i = 0; i < n; ++i) link[i] = -1;
}

/* Root of the set of `i`. */
static inline HoleIndex hole_union_find_root(HoleIndex link[], HoleIndex i)
{
  while (link[i] >= 0) {
    if (link[link[i]] >= 0) link[i] = link[link[i]];
    i = link[i];
  }
  return i;
}

/* Number of points in the set of `root`. */
static inline HoleIndex hole_union_find_size(const HoleIndex link[], HoleIndex root) { return -link[root]; }

/* Join the sets of `i` and `j`: the root of the larger one (of `i`, if they are equal) stays. Whether they were two. */
static inline PetscBool hole_union_find_join(HoleIndex link[], HoleIndex i, HoleIndex j)
{
  HoleIndex a = hole_union_find_root(link, i), b = hole_union_find_root(link, j), larger, smaller;

  if (a == b) return PETSC_FALSE;
  larger  = link[a] <= link[b] ? a : b;
  smaller = larger == a ? b : a;
  link[larger] += link[smaller];
  link[smaller] = larger;
  return PETSC_TRUE;
}
