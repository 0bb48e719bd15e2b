/* sweep.h - once over all pairs, tile by tile: every consumer sees each of them.

       hole_sweep_create(d, tile, n_axes, insist, &sweep);
       ... make consumers with hole_sweep_tiles(sweep), hole_sweep_add(sweep, consumer);
       hole_sweep_run(sweep);
       ... take what they found, destroy them;
       hole_sweep_destroy(&sweep); */
#pragma once

#include "consumer.h"

typedef struct hole_sweep_s *hole_sweep;

/* Collective. Tiles of `tile` rows; shadows along n_axes axes, in every tile if one insists, else where they tell enough. */
PetscErrorCode hole_sweep_create(HoleDistances d, HoleIndex tile, HoleIndex n_axes, PetscBool insist,
                                 hole_sweep *sweep);

/* Borrowed, or, after the sweep, to be destroyed by who takes them. */
hole_tiles hole_sweep_tiles(hole_sweep sweep);
hole_tiles hole_sweep_take_tiles(hole_sweep sweep);

/* Up to six. It stays the caller's. */
void hole_sweep_add(hole_sweep sweep, struct hole_consumer *consumer);

/* Collective. Time: that of the products of half of all pairs, or less where shadows do. */
PetscErrorCode hole_sweep_run(hole_sweep sweep);

/* Bytes of the tiles of n points. */
double hole_sweep_predict_bytes(HoleIndex n);

/* Collective. Accepts a pointer to NULL. */
PetscErrorCode hole_sweep_destroy(hole_sweep *sweep);
