/* quantile.h - an exact order statistic of all pairs, in two sweeps: the first finds a bracket, the second what is in it. */
#pragma once

#include "consumer.h"

/* Measures between which the wanted one lies. */
struct hole_bracket {
  float low, high;
};

/* For the first sweep: a sketch of all lower bounds. `wanted`: place in ascending order, from 0. */
PetscErrorCode hole_sketch_create(HoleDistances d, hole_tiles tiles, HoleIndex wanted, struct hole_consumer **sketch);

/* Not collective, after the sweep; equal on every rank. */
struct hole_bracket hole_sketch_get(struct hole_consumer *sketch);

/* For the second sweep. */
PetscErrorCode hole_quantile_create(HoleDistances d, hole_tiles tiles, HoleIndex wanted, struct hole_bracket bracket,
                                    struct hole_consumer **quantile);

/* Not collective, after the sweep; equal on every rank. */
double hole_quantile_get(struct hole_consumer *quantile);
