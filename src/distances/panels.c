/* Panels of rows, each broadcast by its owner while the one before it is being used. */
#include "panels.h"

#include "../core/block.h"
#include "../core/cast.h"
#include "../core/fault.h"
#include "../core/simd.h"
#include "distances_impl.h"
#include <hole/hole_error.h>

enum { PANEL_BYTES = 16 * 1024 * 1024 };

struct hole_panels_s {
  HoleDistances     d;
  HoleIndex         height; /* most rows of a panel */
  HoleIndex         next;   /* first row of the panel after the one on its way */
  void             *memory[2];
  double           *buffer[2];      /* of doubles or floats, as the rows are stored */
  void             *decoded_memory; /* of single precision: the panel at hand, in double */
  double           *decoded;
  int               coming; /* buffer of the panel on its way */
  const void       *rows;   /* that panel, as it is sent */
  struct hole_panel on_its_way;
  MPI_Request       request;
};

static HoleIndex panel_height(HoleIndex stride)
{
  return PetscMax(1, PANEL_BYTES / (HoleIndex)sizeof(double) / stride);
}

/* Collective: start the broadcast of the next panel. A panel lies within one owner's block. */
static PetscErrorCode start_panel(hole_panels p)
{
  HoleDistances d = p->d;
  PetscMPIInt   owner, n_values;
  HoleIndex     end;
  void         *rows;

  PetscFunctionBegin;
  p->on_its_way = (struct hole_panel){p->next, 0, NULL};
  if (p->next == d->n) PetscFunctionReturn(PETSC_SUCCESS);
  owner               = hole_block_owner(d->n, d->size, p->next);
  end                 = PetscMin(p->next + p->height, hole_block_first(d->n, d->size, owner + 1));
  p->on_its_way.count = end - p->next;
  p->coming           = !p->coming;
  rows                = p->buffer[p->coming];
  if (owner == d->rank) rows = hole_distances_stored_row(d, p->next - d->first);
  PetscCall(hole_mpi_int(p->on_its_way.count * d->stride, &n_values));
  if (d->size > 1) PetscCallMPI(MPI_Ibcast(rows, n_values, hole_distances_type(d), owner, d->comm, &p->request));
  p->rows = rows;
  p->next = end;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local. */
static PetscErrorCode allocate_buffers(hole_panels p)
{
  const HoleIndex n = p->height * p->d->stride; /* even, as a stride is */

  PetscFunctionBegin;
  PetscCall(hole_fault(p->d->comm, "panels_allocate"));
  for (int b = 0; b < 2 && p->d->size > 1; ++b)
    PetscCall(hole_distances_allocate(p->d->single ? n / 2 : n, &p->memory[b], &p->buffer[b]));
  if (p->d->single) PetscCall(hole_distances_allocate(n, &p->decoded_memory, &p->decoded));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_panels_create(HoleDistances d, hole_panels *panels)
{
  hole_panels    p;
  PetscErrorCode allocated;

  PetscFunctionBegin;
  *panels = NULL;
  PetscCall(PetscNew(&p));
  p->d       = d;
  p->height  = panel_height(PetscMax(d->stride, 1));
  p->request = MPI_REQUEST_NULL;
  allocated  = HoleErrorAgree(d->comm, allocate_buffers(p));
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
  if (p->d->single) {
    hole_distances_decode(panel->count * p->d->stride, p->rows, p->decoded);
    panel->rows = p->decoded;
  } else panel->rows = p->rows;
  if (panel->count) PetscCall(start_panel(p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_panels_destroy(hole_panels *panels)
{
  PetscFunctionBegin;
  if (!*panels) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCallMPI(MPI_Wait(&(*panels)->request, MPI_STATUS_IGNORE));
  for (int b = 0; b < 2; ++b) PetscCall(PetscFree((*panels)->memory[b]));
  PetscCall(PetscFree((*panels)->decoded_memory));
  PetscCall(PetscFree(*panels));
  PetscFunctionReturn(PETSC_SUCCESS);
}

double hole_panels_predict_bytes(HoleIndex n, PetscBool single, PetscMPIInt size)
{
  const HoleIndex stride = PetscMax(HOLE_ROUND_UP(n), 1);
  const HoleIndex height = PetscMin(panel_height(stride), hole_block_count(n, size, 0));

  return (double)sizeof(double) * (double)stride * (double)height * (size > 1 ? 2 : single ? 1 : 0);
}
