/* edges.h - all pairs up to a length, or up to the sum of what their points reach. */
#pragma once

#include "../tree/edge_order.h"
#include "consumer.h"
#include <hole/hole_pass.h>

/* Pairs with length <= `length`; or, where reach is not NULL, with length <= reach[i] + reach[j], [n], borrowed. */
PetscErrorCode hole_edges_create(HoleDistances d, hole_tiles tiles, double length, const double reach[],
                                 struct hole_consumer **edges);

/* Take what this rank met, after the pass: over all ranks each pair once, i < j. To be freed by the caller. */
PetscErrorCode hole_edges_get(struct hole_consumer *edges, HoleIndex *n, HoleEdge *found[]);

/* The edges of HolePassGetEdges(), short, in their place: the pass has none after it. To be freed by the caller. Not collective. */
PetscErrorCode hole_pass_take_edges(HolePass pass, HoleIndex *n, struct hole_edge_key *edges[]);
