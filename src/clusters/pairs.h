/* pairs.h - how many points two labelings share. */
#pragma once

#include <hole/hole_types.h>

/* A labeling of the points; negative where a point takes no part. */
struct hole_labeling {
  HoleIndex      n; /* labels are in [0, n) */
  const int32_t *of;
};

/* `count` points have label `from` and then label `to`. */
struct hole_pair {
  int32_t from, to;
  int64_t count;
};

/* The pairs that occur, sorted by `from`, then `to`. */
struct hole_pairs {
  HoleIndex         n, capacity;
  struct hole_pair *rows;
};

/* Count the pairs of labels that occur. `p` is emptied first; its rows are to be freed by the caller with PetscFree(), also after an
   error. Not collective. O(n_points), and the sorting of the pairs. */
PetscErrorCode hole_pairs_count(HoleIndex n_points, const struct hole_labeling *from, const struct hole_labeling *to,
                                struct hole_pairs *p);
