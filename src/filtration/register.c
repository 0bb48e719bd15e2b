/* The types by name. A new one is a file in impls/, a declaration in filtration_impl.h and a line here. */
#include "filtration_impl.h"
#include <hole/hole_error.h>
#include <string.h>

static const struct hole_filtration_ops *const types[] = {&hole_filtration_rips, &hole_filtration_knn,
                                                          &hole_filtration_sparse};

PetscErrorCode hole_filtration_find(const char name[], const struct hole_filtration_ops **ops)
{
  const struct hole_filtration_ops *found                   = NULL;
  char                              known[HOLE_NAME_LENGTH] = "";

  PetscFunctionBegin;
  for (size_t t = 0; t < sizeof(types) / sizeof(types[0]); ++t) {
    if (!strcmp(types[t]->name, name)) found = types[t];
    PetscCall(PetscStrlcat(known, t ? ", " : "", sizeof(known)));
    PetscCall(PetscStrlcat(known, types[t]->name, sizeof(known)));
  }
  PetscCheck(found, PETSC_COMM_SELF, HOLE_ERR_USAGE, "-filtration %s: no such filtration; there are %s", name, known);
  *ops = found;
  PetscFunctionReturn(PETSC_SUCCESS);
}
