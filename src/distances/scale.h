/* scale.h - how dense the surroundings of a point are: the distance of its k-th neighbour, by which lengths are divided. */
#pragma once

#include <hole/hole_distances.h>

/* Collective. Fill d->scale from neighbours that were found before, at least min(k, n - 1) of them. */
PetscErrorCode hole_scale_find(HoleDistances d, HoleIndex k);
