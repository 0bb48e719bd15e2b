/* diagram_impl.h - the fields behind HoleDiagram. */
#pragma once

#include <hole/hole_diagram.h>

enum { HOLE_N_CHAIN_KINDS = 2 };

struct HoleDiagram_s {
  PetscInt max_dim, prime;
  struct {
    HoleIndex     n, zero_pairs;
    HoleInterval *intervals;
    HoleChains   *chains[HOLE_N_CHAIN_KINDS]; /* or NULL */
  } dim[HOLE_MAX_DIM + 1];
};

/* The order of intervals in a diagram, for qsort(). */
int hole_interval_order(const void *a, const void *b);

PetscErrorCode hole_chains_destroy(HoleChains **chains);
