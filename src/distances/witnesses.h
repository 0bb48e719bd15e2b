/* witnesses.h - the enclosing radius from the lengths of a few points to all others. */
#pragma once

#include <hole/hole_distances.h>

/*
 * The enclosing radius, of points; equal on every rank. `found` is false where too many points have nearly the same largest distance: then
 * nothing is known but that a look at all pairs takes little longer.
 *
 * Collective. Usually some tens of points are looked at, 8 at a time: the lengths of each to all own ones, and a few small messages.
 */
PetscErrorCode hole_witnesses_find_radius(HoleDistances d, PetscBool *found, double *radius);

/* Bytes of a rank. */
double hole_witnesses_predict_bytes(HoleIndex n, HoleIndex stride, PetscMPIInt size);

/* Points that are looked at in a usual search among n. */
HoleIndex hole_witnesses_predict_count(HoleIndex n);
