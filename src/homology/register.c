/* The algorithms by name. A new one is a file in impls/, a declaration in homology_impl.h and a line here. */
#include "homology_impl.h"
#include <hole/hole_error.h>
#include <string.h>

static const struct hole_homology_ops *const algorithms[] = {&hole_homology_windows, &hole_homology_standard};

PetscErrorCode hole_homology_find(const char name[], const struct hole_homology_ops **ops)
{
  PetscFunctionBegin;
  *ops = NULL;
  for (size_t a = 0; a < sizeof(algorithms) / sizeof(algorithms[0]); ++a) {
    if (!strcmp(algorithms[a]->name, name)) *ops = algorithms[a];
  }
  PetscCheck(*ops, PETSC_COMM_SELF, HOLE_ERR_USAGE,
             "-homology_type %s: no such algorithm; there are windows and standard", name);
  PetscFunctionReturn(PETSC_SUCCESS);
}
