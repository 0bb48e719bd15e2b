/* Columns. */
#include "column.h"

#include <hole/hole_error.h>

static const double STEPS_A_PLACE = 1. / 64; /* vector compares of rows */

PetscErrorCode hole_column_create(struct hole_edge_key birth, struct hole_column **column)
{
  PetscFunctionBegin;
  PetscCall(PetscNew(column));
  (*column)->birth    = birth;
  (*column)->complete = (*column)->rests = birth.length;
  (*column)->capacity                    = 1;
  PetscCall(PetscMalloc1(1, &(*column)->chain));
  (*column)->chain[(*column)->n++] = (struct hole_chain_item){birth.i, birth.j};
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_column_destroy(struct hole_column **column)
{
  PetscFunctionBegin;
  if (!*column) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscFree((*column)->chain));
  PetscCall(PetscFree((*column)->ahead));
  PetscCall(PetscFree(*column));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_column_append(struct hole_column *column, HoleIndex n, const struct hole_chain_item chain[])
{
  PetscFunctionBegin;
  if (column->n + n > column->capacity) {
    column->capacity = PetscMax(2 * column->capacity, column->n + n);
    PetscCall(PetscRealloc((size_t)column->capacity * sizeof(*column->chain), &column->chain));
  }
  PetscCall(PetscArraycpy(column->chain + column->n, chain, n));
  column->n += n;
  PetscFunctionReturn(PETSC_SUCCESS);
}

double hole_reduction_work_steps(const struct hole_reduction_work *work)
{
  return (double)work->n_cofacets + (double)work->n_additions + STEPS_A_PLACE * (double)work->n_places;
}
