/* The algorithms by name. A new one is a file in impls/, a declaration in homology_impl.h and a line here. */
#include "homology_impl.h"
#include <hole/hole_error.h>
#include <string.h>

static const struct hole_homology_ops *const algorithms[] = {&hole_homology_windows, &hole_homology_standard};

PetscErrorCode hole_homology_find(const char name[], const struct hole_homology_ops **ops)
{
  char known[HOLE_NAME_LENGTH] = "";

  PetscFunctionBegin;
  *ops = NULL;
  for (size_t a = 0; a < sizeof(algorithms) / sizeof(algorithms[0]); ++a) {
    if (!strcmp(algorithms[a]->name, name)) *ops = algorithms[a];
    PetscCall(PetscStrlcat(known, a ? ", " : "", sizeof(known)));
    PetscCall(PetscStrlcat(known, algorithms[a]->name, sizeof(known)));
  }
  PetscCheck(*ops, PETSC_COMM_SELF, HOLE_ERR_USAGE, "-homology_type %s: no such algorithm; there are %s", name, known);
  PetscFunctionReturn(PETSC_SUCCESS);
}
