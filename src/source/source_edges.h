/* source_edges.h - the edges of a layer that is given as a graph. */
#pragma once

#include "../tree/edge_order.h"
#include <hole/hole_source.h>

/* Collective. Edges i < j, over all ranks each once: a rank has those whose smaller point it owns, ascending by (i, j); to be freed
   with PetscFree(). Errors are those of HoleSourceLoadGraph(). */
PetscErrorCode hole_source_load_edges(HoleSource source, HoleIndex l, HoleIndex *n_edges,
                                      struct hole_edge_key *edges[]);
