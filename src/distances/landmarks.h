/* landmarks.h - a spanning tree that costs next to nothing, to begin with. */
#pragma once

#include "tiles.h"

/* Collective: n - 1 edges of a spanning tree with their lengths, equal on every rank, in no order. */
PetscErrorCode hole_landmarks_join(HoleDistances d, hole_tiles tiles, HoleEdge edges[]);

/* Bytes a rank needs meanwhile, the edges included; `stride` is 0 where rows are stored. */
double hole_landmarks_predict_bytes(HoleIndex n, HoleIndex stride);
