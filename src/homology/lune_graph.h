/* lune_graph.h - the graph of one lune: its vertices, and those edges between them that precede the edge of the lune.

   A triangle of edge e is a vertex of it, a tetrahedron an edge. In the lune order the most central vertex comes first, then the others
   by number; a component is as old as its first vertex. */
#pragma once

#include "skeleton.h"

typedef struct hole_lune_graph_s *hole_lune_graph;

/* Some vertices, ascending in no way. */
struct hole_vertex_list {
  HoleIndex       n;
  const uint32_t *vertices; /* [n] */
};

/* Local. 48 bytes a vertex of the skeleton. */
PetscErrorCode hole_lune_graph_create(hole_skeleton s, hole_lune_graph *g);
PetscErrorCode hole_lune_graph_destroy(hole_lune_graph *g);

/* Turn to the lune of an edge; nothing happens if it is the present one. Its vertices are ascending, borrowed until the next call.
   Time: one pass over two rows. */
struct hole_vertex_list hole_lune_graph_open(hole_lune_graph g, uint32_t edge);

/* The most central vertex; HOLE_NO_EDGE if the lune is empty. */
uint32_t hole_lune_graph_center(hole_lune_graph g);

/*
 * The component of vertex `from` in the graph of edges before `bound`, which is not later than the edge of the lune. `first` is its
 * first vertex in the lune order. Borrowed until the next call with the same `place`, 0 or 1. If vertex `to` is met the
 * search ends there: n is 0 then.
 */
struct hole_vertex_list hole_lune_graph_component(hole_lune_graph g, int place, uint32_t from, uint32_t to,
                                                  uint32_t bound, uint32_t *first);

/* Places of rows that were looked at so far: hole_skeleton_places(). */
HoleIndex hole_lune_graph_places(hole_lune_graph g);

/* Does `a` come before `b` in the lune order? */
PetscBool hole_lune_graph_precedes(hole_lune_graph g, uint32_t a, uint32_t b);
