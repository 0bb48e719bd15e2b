/* neighbours.h - the k nearest other points of every point. */
#pragma once

#include "consumer.h"

PetscErrorCode hole_neighbours_create(HoleDistances d, hole_tiles tiles, HoleIndex k,
                                      struct hole_consumer **neighbours);

/* Take the lists of our points, [n_local, k] by (length, id), after the pass. To be freed by the caller. */
PetscErrorCode hole_neighbours_get(struct hole_consumer *neighbours, HoleIndex *ids[], double *lengths[]);

double hole_neighbours_predict_bytes(HoleIndex n, HoleIndex k, PetscMPIInt size);
