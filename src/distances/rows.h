/* rows.h - the distances of one point, asked for when it is known which. */
#pragma once

#include <hole/hole_distances.h>

/* Doubles of a point as it is sent to others; 0 where rows are stored. */
HoleIndex hole_distances_point_size(HoleDistances d);

/*
 * Distances from point i, equal on every rank, to each own point: lengths [n_local].
 *
 * Collective. From stored rows where there are any, without a message; else the owner sends the point to all: `point` is room for
 * hole_distances_point_size() doubles.
 */
PetscErrorCode hole_distances_from_point(HoleDistances d, HoleIndex i, double point[], double lengths[]);

/* Is the way over a third point never shorter, but for rounding? Of rows that were given this is the caller's word. Not collective. */
PetscBool hole_distances_obey_triangle(HoleDistances d);
