/* pairs.h - all pairs up to a length where these are most of all: lengths at once, no bounds, no rows that are stored. */
#pragma once

#include "../tree/edge_order.h"
#include <hole/hole_distances.h>

/*
 * The pairs of at most this length: over all ranks each once, in no order. Collective. `pairs` is to be freed with PetscFree().
 *
 * Memory: 16 bytes for each pair found. Time: one length for each pair of points, divided evenly; of rows that are stored, one look.
 */
PetscErrorCode hole_pairs_list(HoleDistances d, double length, HoleIndex *n, struct hole_edge_key *pairs[]);
