/* Bounds go from the pass, by way of the filtration, to homology. */
#include "bounds.h"

#include "filtration_impl.h"

void hole_filtration_keep_bounds(HoleFiltration f) { f->keeps_bounds = PETSC_TRUE; }

PetscErrorCode hole_filtration_take_bounds(HoleFiltration f, double longest, hole_bounds *bounds)
{
  PetscFunctionBegin;
  *bounds   = f->bounds;
  f->bounds = NULL;
  if (!*bounds) PetscCall(hole_bounds_create(f->d, longest, bounds));
  PetscFunctionReturn(PETSC_SUCCESS);
}
