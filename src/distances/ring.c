/* Blocks of prepared points travel round the ranks, one step ahead of their use. Where all ranks share a node they are read where they are. */
#include "ring.h"

#include "../core/block.h"
#include "../core/cast.h"
#include "../core/fault.h"
#include "distances_impl.h"
#include <hole/hole_error.h>

struct hole_ring_s {
  HoleDistances     d;
  PetscMPIInt       step, n_steps; /* of the block under way */
  PetscBool         travels;
  MPI_Datatype      row; /* one prepared point */
  void             *memory[2];
  double           *rows[2]; /* room for the largest block */
  struct hole_block coming;
  MPI_Request       requests[2];
};

/* Local. */
static PetscErrorCode allocate(hole_ring ring)
{
  HoleDistances d = ring->d;

  PetscFunctionBegin;
  PetscCall(hole_fault(d->comm, "distances_ring"));
  for (int b = 0; ring->travels && b < PetscMin(2, ring->n_steps - 1); ++b)
    PetscCall(hole_distances_allocate(hole_block_count(d->n, d->size, 0) * d->point_stride, &ring->memory[b],
                                      &ring->rows[b]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_ring_create(HoleDistances d, PetscMPIInt n_steps, hole_ring *ring)
{
  hole_ring      r;
  PetscMPIInt    stride;
  PetscErrorCode allocated;

  PetscFunctionBegin;
  *ring = NULL;
  PetscCall(PetscNew(&r));
  r->d           = d;
  r->n_steps     = n_steps;
  r->travels     = (PetscBool)(!d->shared || !d->shared->here);
  r->coming      = (struct hole_block){d->rank, d->first, d->n_local, d->points, NULL};
  r->requests[0] = r->requests[1] = MPI_REQUEST_NULL;
  PetscCall(hole_mpi_int(d->point_stride, &stride));
  PetscCallMPI(MPI_Type_contiguous(stride, MPI_DOUBLE, &r->row));
  PetscCallMPI(MPI_Type_commit(&r->row));
  allocated = HoleErrorAgree(d->comm, allocate(r));
  if (allocated) PetscCall(hole_ring_destroy(&r));
  PetscCall(allocated);
  *ring = r;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The block at hand goes on to the rank before us, the one after it comes from the rank behind us. */
static PetscErrorCode start_next(hole_ring ring, const struct hole_block *present)
{
  HoleDistances d  = ring->d;
  PetscMPIInt   to = (d->rank + d->size - 1) % d->size, from = (d->rank + 1) % d->size, count, coming;
  double       *rows = ring->rows[(ring->step + 1) % 2];

  PetscFunctionBegin;
  ring->coming.owner = (present->owner + 1) % d->size;
  ring->coming.first = hole_block_first(d->n, d->size, ring->coming.owner);
  ring->coming.count = hole_block_count(d->n, d->size, ring->coming.owner);
  ring->coming.rows  = rows;
  ring->coming.ids   = NULL;
  if (!ring->travels) {
    ring->coming.rows = (const double *)(void *)hole_shared_part(d->shared->rows, ring->coming.owner);
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(hole_mpi_int(present->count, &count));
  PetscCall(hole_mpi_int(ring->coming.count, &coming));
  PetscCallMPI(MPI_Irecv(rows, coming, ring->row, from, 0, d->comm, &ring->requests[0]));
  PetscCallMPI(MPI_Isend(present->rows, count, ring->row, to, 0, d->comm, &ring->requests[1]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_ring_next(hole_ring ring, struct hole_block *block)
{
  PetscFunctionBegin;
  PetscCallMPI(MPI_Waitall(2, ring->requests, MPI_STATUSES_IGNORE));
  *block = ring->coming;
  if (ring->step == ring->n_steps) block->rows = NULL;
  else if (++ring->step < ring->n_steps) PetscCall(start_next(ring, block));
  PetscFunctionReturn(PETSC_SUCCESS);
}

void hole_ring_share(HoleDistances d, PetscMPIInt rank, PetscMPIInt owner, HoleIndex *end, HoleIndex *begin)
{
  const PetscBool opposite = (PetscBool)(2 * ((owner - rank + d->size) % d->size) == d->size);
  const HoleIndex own = hole_block_count(d->n, d->size, rank), other = hole_block_count(d->n, d->size, owner);

  *end   = opposite && rank < owner ? own / 2 : own;
  *begin = opposite && rank > owner ? other / 2 : 0;
}

PetscErrorCode hole_ring_destroy(hole_ring *ring)
{
  PetscFunctionBegin;
  if (!*ring) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCallMPI(MPI_Waitall(2, (*ring)->requests, MPI_STATUSES_IGNORE));
  PetscCallMPI(MPI_Type_free(&(*ring)->row));
  for (int b = 0; b < 2; ++b) PetscCall(PetscFree((*ring)->memory[b]));
  PetscCall(PetscFree(*ring));
  PetscFunctionReturn(PETSC_SUCCESS);
}

double hole_ring_predict_bytes(HoleIndex n, HoleIndex stride, PetscMPIInt size, PetscMPIInt together,
                               PetscMPIInt n_steps)
{
  if (together >= size) return 0;
  return PetscMin(2, n_steps - 1) * (double)sizeof(double) * (double)stride * (double)hole_block_count(n, size, 0);
}
