/* mirror.h - rows of bounds that a pass has filled by half: each pair in the row of one of its points. */
#pragma once

#include "bounds.h"

/* Each pair also in the row of the other point. Collective. Rows of other ranks are read where that is possible, else sent, some at a time. */
PetscErrorCode hole_mirror_rows(hole_bounds bounds);
