/* Panels of rows, each broadcast by its owner while the one before it is being used; where all rows can be read, nothing is sent. */
#include "panels.h"

#include "../core/block.h"
#include "../core/cast.h"
#include "../core/fault.h"
#include "../core/simd.h"
#include <hole/hole_error.h>

enum { PANEL_BYTES = 16 * 1024 * 1024 };

struct hole_panels_s {
  hole_bounds       b;
  HoleIndex         height; /* most rows of a panel */
  HoleIndex         next;   /* first row of the panel after the one on its way */
  char             *buffer[2];
  int               coming; /* buffer of the panel on its way */
  struct hole_panel on_its_way;
  MPI_Request       request;
};

static HoleIndex panel_height(HoleIndex stride, size_t value)
{
  return PetscMax(1, PANEL_BYTES / (HoleIndex)value / PetscMax(stride, 1));
}

/* Collective: start the broadcast of the next panel. A panel lies within one owner's block. */
static PetscErrorCode start_panel(hole_panels p)
{
  HoleDistances d = p->b->d;
  PetscMPIInt   owner, n_values;
  HoleIndex     end;
  char         *rows;

  PetscFunctionBegin;
  p->on_its_way = (struct hole_panel){p->next, 0, NULL};
  if (p->next == d->n) PetscFunctionReturn(PETSC_SUCCESS);
  owner               = hole_block_owner(d->n, d->size, p->next);
  end                 = PetscMin(p->next + p->height, hole_block_first(d->n, d->size, owner + 1));
  p->on_its_way.count = end - p->next;
  p->coming           = !p->coming;
  rows                = p->buffer[p->coming];
  if (owner == d->rank || p->b->here) rows = (char *)hole_bounds_row(p->b, p->next);
  PetscCall(hole_mpi_int(p->on_its_way.count * p->b->stride, &n_values));
  if (!p->b->here) PetscCallMPI(MPI_Ibcast(rows, n_values, p->b->type, owner, d->comm, &p->request));
  p->on_its_way.rows = rows;
  p->next            = end;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local. */
static PetscErrorCode allocate_buffers(hole_panels p)
{
  PetscFunctionBegin;
  PetscCall(hole_fault(p->b->d->comm, "panels_allocate"));
  for (int k = 0; k < 2; ++k) PetscCall(PetscMalloc((size_t)(p->height * p->b->stride) * p->b->value, &p->buffer[k]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_panels_create(hole_bounds bounds, hole_panels *panels)
{
  hole_panels    p;
  PetscErrorCode allocated;

  PetscFunctionBegin;
  *panels = NULL;
  PetscCall(PetscNew(&p));
  p->b       = bounds;
  p->height  = PetscMin(panel_height(bounds->stride, bounds->value), PetscMax(1, bounds->n));
  p->request = MPI_REQUEST_NULL;
  allocated  = bounds->here ? PETSC_SUCCESS : HoleErrorAgree(bounds->d->comm, allocate_buffers(p));
  if (allocated) PetscCall(hole_panels_destroy(&p));
  PetscCall(allocated);
  PetscCall(start_panel(p));
  *panels = p;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_panels_next(hole_panels p, struct hole_panel *panel)
{
  PetscFunctionBegin;
  PetscCallMPI(MPI_Wait(&p->request, MPI_STATUS_IGNORE));
  *panel = p->on_its_way;
  if (panel->count) PetscCall(start_panel(p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_panels_destroy(hole_panels *panels)
{
  PetscFunctionBegin;
  if (!*panels) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCallMPI(MPI_Wait(&(*panels)->request, MPI_STATUS_IGNORE));
  for (int k = 0; k < 2; ++k) PetscCall(PetscFree((*panels)->buffer[k]));
  PetscCall(PetscFree(*panels));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Whatever the values are: panels are of equal size, unless there are few rows. */
double hole_panels_predict_bytes(HoleIndex n, PetscMPIInt size)
{
  const HoleIndex stride = HOLE_ROW_STRIDE(n);
  const HoleIndex height = PetscMin(panel_height(stride, sizeof(double)), hole_block_count(n, size, 0));

  return (double)sizeof(double) * (double)stride * (double)height * (size > 1 ? 2 : 0);
}
