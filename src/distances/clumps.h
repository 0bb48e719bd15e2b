/* clumps.h - before any tile, bounds of points that are near each other: cuts are low from the first tile on. */
#pragma once

#include "consumer.h"

/* Local; our own block must be the one at hand. Without shadows nothing is done. */
PetscErrorCode hole_clumps_show(HoleDistances d, hole_tiles tiles, int n_consumers, struct hole_consumer *consumers[]);
