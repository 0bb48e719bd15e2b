/* greedy.h - the greedy permutation: point 0, then again and again the point farthest from all chosen ones. */
#pragma once

#include <hole/hole_distances.h>

/*
 * The insertion radius of every point: its distance from the points chosen before it, infinite for the first. Of points equally far the
 * one with the smaller number is chosen.
 *
 * Collective. radius [n] is filled, equal on every rank. A round a point: a broadcast of its row, n_local distances by the formula of
 * the metric, one reduction; so n * n_local distances in all.
 *
 * Source: [Gonzalez1985].
 */
PetscErrorCode hole_greedy_radii(HoleDistances d, double radius[]);
