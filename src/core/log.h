/* log.h - events for -log_view. */
#pragma once

#include <hole/hole_types.h>
#include <petscsys.h>

/* The event of this name, known to PETSc from the first time on. An operation that fails leaves its event open, which nobody sees then. */
static inline PetscErrorCode hole_log_begin(const char name[], PetscLogEvent *event)
{
  PetscFunctionBegin;
  PetscCall(PetscLogEventGetId(name, event));
  if (*event < 0) PetscCall(PetscLogEventRegister(name, PETSC_SMALLEST_CLASSID, event));
  PetscCall(PetscLogEventBegin(*event, NULL, NULL, NULL, NULL));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static inline PetscErrorCode hole_log_end(PetscLogEvent event)
{
  PetscFunctionBegin;
  PetscCall(PetscLogEventEnd(event, NULL, NULL, NULL, NULL));
  PetscFunctionReturn(PETSC_SUCCESS);
}
