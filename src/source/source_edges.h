/* source_edges.h - the edges of a layer that is given as a graph. */
#pragma once

#include <hole/hole_source.h>
#include <hole/hole_tree.h>

/* Collective. Edges i < j, over all ranks each once: a rank has those whose smaller point it owns, ascending by (i, j); to be freed
   with PetscFree(). Errors are those of HoleSourceLoadGraph(). */
PetscErrorCode hole_source_load_edges(HoleSource source, HoleIndex l, HoleIndex *n_edges, HoleEdge *edges[]);
