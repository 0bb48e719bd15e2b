/* panels.h - all rows of bounds in turn, in panels that every rank sees. */
#pragma once

#include "bounds.h"

/* Rows [first, first + count); valid until the next call of hole_panels_next(). */
struct hole_panel {
  HoleIndex   first, count;
  const char *rows; /* [count, stride] values */
};

typedef struct hole_panels_s *hole_panels;

/* Collective, unless all rows can be read here (`here` of the bounds). Two buffers of at most 16 MiB (or one row) each; none then. */
PetscErrorCode hole_panels_create(hole_bounds bounds, hole_panels *panels);

/* Collective likewise. The next panel, ascending; count is 0 after the last. The one after it is already on its way. */
PetscErrorCode hole_panels_next(hole_panels panels, struct hole_panel *panel);

PetscErrorCode hole_panels_destroy(hole_panels *panels);

/* Bytes of the buffers for n points over `size` ranks. */
double hole_panels_predict_bytes(HoleIndex n, PetscMPIInt size);
