/* bounds.h - bounds of all pairs of a complete filtration, for who looks for empty lunes: kept by the pass that finds its merge tree. */
#pragma once

#include "../distances/bounds.h"
#include <hole/hole_filtration.h>

/* They will be taken: to be said before HoleFiltrationSetUp(). Logically collective. */
void hole_filtration_keep_bounds(HoleFiltration f);

/* Bounds that tell lengths up to `longest`, to be destroyed before the distances: those that were kept, or new ones, from a pass of their own or of
   stored rows. Collective. Errors are those of hole_bounds_create(). */
PetscErrorCode hole_filtration_take_bounds(HoleFiltration f, double longest, hole_bounds *bounds);
