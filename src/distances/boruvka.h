/* forest.h - the minimum spanning tree of the complete graph. */
#pragma once

#include <hole/hole_distances.h>
#include <hole/hole_tree.h>

/* Bytes a rank needs while it grows. */
double hole_forest_predict_bytes(HoleIndex n, PetscMPIInt size);

/* Collective. The tree, equal on every rank. Memory: hole_forest_predict_bytes(). */
PetscErrorCode hole_forest_solve(HoleDistances d, HoleTree *tree);
