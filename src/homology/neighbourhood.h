/* neighbourhood.h - the lunes of the edges at one vertex of sparse rows, among its neighbours alone.

   The neighbours are numbered from 0. What is looked at of the graph is a small matrix of ranks, which stays near the processor, with
   its rows side by side, as dense rows are; a row of it is made when it is first asked for. */
#pragma once

#include "skeleton.h"

typedef struct hole_neighbourhood_s *hole_neighbourhood;

/* Local. 4 bytes a vertex of the skeleton, and 4 d^2 for the most neighbours d of a vertex that is turned to. */
PetscErrorCode hole_neighbourhood_create(hole_skeleton s, hole_neighbourhood *nb);
PetscErrorCode hole_neighbourhood_destroy(hole_neighbourhood *nb);

/* Turn to a vertex. *opened is false if it has too many neighbours for this. Local. */
PetscErrorCode hole_neighbourhood_open(hole_neighbourhood nb, uint32_t vertex, PetscBool *opened);

/* How many vertices has the lune of the edge to neighbour `number` of the vertex, from 0, and is its graph connected?
   Time: passes over rows of the small matrix, few if one vertex of the lune is next to nearly all others. Local. */
HoleIndex hole_neighbourhood_lune(hole_neighbourhood nb, HoleIndex number, PetscBool *connected);

/* Places of rows that were looked at so far: hole_skeleton_places(). */
HoleIndex hole_neighbourhood_places(hole_neighbourhood nb);
