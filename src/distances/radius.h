/* radius.h - the enclosing radius: the smallest over points of the largest distance to another point. */
#pragma once

#include "consumer.h"

PetscErrorCode hole_radius_create(HoleDistances d, hole_tiles tiles, struct hole_consumer **radius);

/* Not collective, after the pass; equal on every rank. */
double hole_radius_get(struct hole_consumer *radius);

/* Bytes of a rank. */
double hole_radius_predict_bytes(HoleIndex n, PetscMPIInt size);
