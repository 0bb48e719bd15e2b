/* Rows by request and reply.

   A request is one row number; its reply is received straight into a slot of the cache. Replies from one rank arrive in
   the order of its requests, since messages of one sender, tag and communicator do not overtake each other. Two-sided messages
   rather than one-sided ones: these work between hosts whatever the transport. */
#include "row_cache.h"

#include "../core/block.h"
#include "../core/cast.h"
#include "../core/fault.h"
#include "../core/simd.h"
#include "distances_impl.h"
#include <hole/hole_error.h>

enum { TAG_REQUEST = 1, TAG_REPLY = 2, MAX_SENDS = 64, N_PINNED = 2 };

struct slot {
  HoleIndex   row;     /* -1: empty */
  MPI_Request arrival; /* MPI_REQUEST_NULL once the row is here */
};

struct hole_row_cache_s {
  HoleDistances d;
  MPI_Comm      comm; /* messages of this cache alone */
  HoleIndex     capacity, hand, n_fetched, n_waiting;
  int32_t      *slot_of; /* [n] slot of a row, -1: not here */
  struct slot  *slots;   /* [capacity] */
  double       *rows;    /* [capacity, stride] */
  void         *memory;
  HoleIndex     pinned[N_PINNED]; /* slots lent by the last calls of get */
  MPI_Request   sends[MAX_SENDS]; /* requests and replies on their way */
  HoleIndex     asked[MAX_SENDS]; /* what the requests among them hold */
};

/* Local. */
static PetscErrorCode allocate_slots(hole_row_cache c)
{
  HoleDistances d = c->d;

  PetscFunctionBegin;
  for (int s = 0; s < MAX_SENDS; ++s) c->sends[s] = MPI_REQUEST_NULL;
  for (int p = 0; p < N_PINNED; ++p) c->pinned[p] = -1;
  PetscCall(hole_fault(d->comm, "row_cache_allocate"));
  PetscCall(PetscMalloc1(d->n, &c->slot_of));
  PetscCall(PetscMalloc1(c->capacity, &c->slots));
  PetscCall(hole_distances_allocate(c->capacity * d->stride, &c->memory, &c->rows));
  for (HoleIndex i = 0; i < d->n; ++i) c->slot_of[i] = -1;
  for (HoleIndex s = 0; s < c->capacity; ++s) c->slots[s] = (struct slot){-1, MPI_REQUEST_NULL};
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_row_cache_create(HoleDistances d, HoleIndex capacity, hole_row_cache *cache)
{
  hole_row_cache c;
  PetscErrorCode allocated;

  PetscFunctionBegin;
  *cache = NULL;
  PetscCall(PetscNew(&c));
  c->d        = d;
  c->capacity = d->size > 1 ? PetscMax(8, PetscMin(capacity, d->n)) : 0;
  PetscCallMPI(MPI_Comm_dup(d->comm, &c->comm));
  allocated = HoleErrorAgree(d->comm, allocate_slots(c));
  if (allocated) PetscCall(hole_row_cache_destroy(&c));
  PetscCall(allocated);
  *cache = c;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Answer one request, if there is one. */
static PetscErrorCode answer(hole_row_cache c, MPI_Request *reply, PetscBool *answered)
{
  HoleDistances d = c->d;
  HoleIndex     row;
  MPI_Status    status;
  PetscMPIInt   here, stride;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Iprobe(MPI_ANY_SOURCE, TAG_REQUEST, c->comm, &here, &status));
  *answered = here ? PETSC_TRUE : PETSC_FALSE;
  if (!here) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCallMPI(MPI_Recv(&row, 1, HOLE_MPI_INDEX, status.MPI_SOURCE, TAG_REQUEST, c->comm, MPI_STATUS_IGNORE));
  PetscCall(hole_mpi_int(d->stride, &stride));
  PetscCallMPI(MPI_Isend(d->rows + (row - d->first) * d->stride, stride, MPI_DOUBLE, status.MPI_SOURCE, TAG_REPLY,
                         c->comm, reply));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_row_cache_serve(hole_row_cache c)
{
  PetscMPIInt done;
  PetscBool   answered = PETSC_TRUE;

  PetscFunctionBegin;
  if (c->d->size == 1) PetscFunctionReturn(PETSC_SUCCESS);
  /* With every place taken, others wait until a send of ours completes; it does, since they receive while they wait. */
  for (int s = 0; s < MAX_SENDS && answered; ++s) {
    if (c->sends[s] != MPI_REQUEST_NULL) PetscCallMPI(MPI_Test(&c->sends[s], &done, MPI_STATUS_IGNORE));
    if (c->sends[s] == MPI_REQUEST_NULL) PetscCall(answer(c, &c->sends[s], &answered));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A slot that is neither lent nor on its way, found as the hand of a clock goes round; -1 if there is none. */
static HoleIndex free_slot(hole_row_cache c)
{
  PetscMPIInt done = 1;

  for (HoleIndex tried = 0; tried < c->capacity; ++tried) {
    HoleIndex s = c->hand;

    c->hand = (c->hand + 1) % c->capacity;
    if (s == c->pinned[0] || s == c->pinned[1]) continue;
    if (c->slots[s].arrival != MPI_REQUEST_NULL) {
      MPI_Test(&c->slots[s].arrival, &done, MPI_STATUS_IGNORE);
      if (!done) continue;
      --c->n_waiting;
    }
    return s;
  }
  return -1;
}

/* A place for a send, waiting until there is one: sends complete by themselves, since what they carry has been asked for or is small. */
static PetscErrorCode free_send(hole_row_cache c, int *place)
{
  PetscMPIInt done;

  PetscFunctionBegin;
  for (*place = -1; *place < 0;) {
    for (int s = 0; s < MAX_SENDS && *place < 0; ++s) {
      if (c->sends[s] != MPI_REQUEST_NULL) PetscCallMPI(MPI_Test(&c->sends[s], &done, MPI_STATUS_IGNORE));
      if (c->sends[s] == MPI_REQUEST_NULL) *place = s;
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Ask the owner of row i to send it into `slot`. */
static PetscErrorCode ask(hole_row_cache c, HoleIndex i, HoleIndex slot)
{
  HoleDistances d     = c->d;
  PetscMPIInt   owner = hole_block_owner(d->n, d->size, i), stride;
  int           place;

  PetscFunctionBegin;
  if (c->slots[slot].row >= 0) c->slot_of[c->slots[slot].row] = -1;
  c->slots[slot].row = i;
  c->slot_of[i]      = (int32_t)slot;
  PetscCall(hole_mpi_int(d->stride, &stride));
  PetscCallMPI(
      MPI_Irecv(c->rows + slot * d->stride, stride, MPI_DOUBLE, owner, TAG_REPLY, c->comm, &c->slots[slot].arrival));
  PetscCall(free_send(c, &place));
  c->asked[place] = i;
  PetscCallMPI(MPI_Isend(&c->asked[place], 1, HOLE_MPI_INDEX, owner, TAG_REQUEST, c->comm, &c->sends[place]));
  ++c->n_fetched;
  ++c->n_waiting;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static inline PetscBool is_own(HoleDistances d, HoleIndex i)
{
  return (PetscBool)(i >= d->first && i < d->first + d->n_local);
}

PetscErrorCode hole_row_cache_prefetch(hole_row_cache c, HoleIndex i)
{
  HoleIndex slot;

  PetscFunctionBegin;
  if (is_own(c->d, i) || c->slot_of[i] >= 0 || 2 * c->n_waiting >= c->capacity) PetscFunctionReturn(PETSC_SUCCESS);
  slot = free_slot(c);
  if (slot >= 0) PetscCall(ask(c, i, slot));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Wait, serving, until the row of `slot` is here. */
static PetscErrorCode await(hole_row_cache c, HoleIndex slot)
{
  PetscMPIInt here = 0;

  PetscFunctionBegin;
  if (c->slots[slot].arrival == MPI_REQUEST_NULL) PetscFunctionReturn(PETSC_SUCCESS);
  while (!here) {
    PetscCall(hole_row_cache_serve(c));
    PetscCallMPI(MPI_Test(&c->slots[slot].arrival, &here, MPI_STATUS_IGNORE));
  }
  --c->n_waiting;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_row_cache_get(hole_row_cache c, HoleIndex i, const double **row)
{
  HoleDistances d = c->d;
  HoleIndex     slot;

  PetscFunctionBegin;
  PetscCall(hole_row_cache_serve(c));
  c->pinned[1] = c->pinned[0];
  c->pinned[0] = -1;
  if (is_own(d, i)) {
    *row = d->rows + (i - d->first) * d->stride;
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  while (c->slot_of[i] < 0) { /* all slots may be on their way; then some arrive */
    slot = free_slot(c);
    if (slot >= 0) PetscCall(ask(c, i, slot));
    else PetscCall(hole_row_cache_serve(c));
  }
  slot         = c->slot_of[i];
  c->pinned[0] = slot;
  PetscCall(await(c, slot));
  *row = c->rows + slot * d->stride;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_row_cache_drain(hole_row_cache c)
{
  PetscFunctionBegin;
  for (HoleIndex s = 0; s < c->capacity; ++s) PetscCall(await(c, s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

HoleIndex hole_row_cache_fetched(hole_row_cache c) { return c->n_fetched; }

PetscErrorCode hole_row_cache_destroy(hole_row_cache *cache)
{
  hole_row_cache c = *cache;

  PetscFunctionBegin;
  if (!c) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCallMPI(MPI_Waitall(MAX_SENDS, c->sends, MPI_STATUSES_IGNORE));
  PetscCall(PetscFree(c->slot_of));
  PetscCall(PetscFree(c->slots));
  PetscCall(PetscFree(c->memory));
  PetscCallMPI(MPI_Comm_free(&c->comm));
  PetscCall(PetscFree(c));
  *cache = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

double hole_row_cache_predict_bytes(HoleIndex n, PetscMPIInt size)
{
  const HoleIndex capacity = PetscMin(n, hole_row_cache_capacity(hole_block_count(n, size, 0)));

  if (size == 1) return 0;
  return (double)capacity * (double)HOLE_ROUND_UP(n) * (double)sizeof(double) + (double)n * (double)sizeof(int32_t);
}
