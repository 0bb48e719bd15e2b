/* Rows by request and reply.

   A request is one row number; its reply is received straight into a slot of the cache. Replies from one rank arrive in
   the order of its requests, since messages of one sender, tag and communicator do not overtake each other. Two-sided messages
   rather than one-sided ones: these work between hosts whatever the transport. */
#include "row_cache.h"

#include "../core/block.h"
#include "../core/cast.h"
#include "../core/fault.h"
#include "../core/simd.h"
#include "../core/wait.h"
#include "distances_impl.h"
#include <hole/hole_error.h>

enum { TAG_REQUEST = 1, TAG_REPLY = 2, MAX_REPLIES = 64, N_PINNED = 2 };

struct slot {
  HoleIndex   row;     /* -1: empty; also the message of the request */
  MPI_Request request; /* on its way to the owner; the reply implies that it was received */
  MPI_Request arrival; /* MPI_REQUEST_NULL once the row is here */
};

struct hole_row_cache_s {
  hole_bounds   b;
  HoleDistances d;
  MPI_Comm      comm; /* messages of this cache alone */
  HoleIndex     capacity, hand, n_fetched, n_waiting;
  int32_t      *slot_of;              /* [n] slot of a row, -1: not here */
  struct slot  *slots;                /* [capacity] */
  char         *rows;                 /* [capacity, stride] values */
  HoleIndex     pinned[N_PINNED];     /* slots lent by the last calls of get */
  MPI_Request   replies[MAX_REPLIES]; /* on their way to other ranks */
};

static size_t row_bytes(hole_row_cache c) { return (size_t)c->b->stride * c->b->value; }

/* Local. */
static PetscErrorCode allocate_slots(hole_row_cache c)
{
  HoleDistances d = c->d;

  PetscFunctionBegin;
  for (int s = 0; s < MAX_REPLIES; ++s) c->replies[s] = MPI_REQUEST_NULL;
  for (int p = 0; p < N_PINNED; ++p) c->pinned[p] = -1;
  PetscCall(hole_fault(d->comm, "row_cache_allocate"));
  PetscCall(PetscMalloc1(d->n, &c->slot_of));
  PetscCall(PetscMalloc1(c->capacity, &c->slots));
  PetscCall(PetscMalloc((size_t)c->capacity * row_bytes(c), &c->rows));
  for (HoleIndex i = 0; i < d->n; ++i) c->slot_of[i] = -1;
  for (HoleIndex s = 0; s < c->capacity; ++s) c->slots[s] = (struct slot){-1, MPI_REQUEST_NULL, MPI_REQUEST_NULL};
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_row_cache_create(hole_bounds bounds, HoleIndex capacity, hole_row_cache *cache)
{
  HoleDistances  d = bounds->d;
  hole_row_cache c;
  PetscErrorCode allocated;

  PetscFunctionBegin;
  *cache = NULL;
  PetscCall(PetscNew(&c));
  c->b        = bounds;
  c->d        = d;
  c->capacity = bounds->here ? 0 : PetscMax(8, PetscMin(capacity, d->n));
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
  PetscCall(hole_mpi_int(c->b->stride, &stride));
  PetscCallMPI(MPI_Isend(hole_bounds_own_row(c->b, row - d->first), stride, c->b->type, status.MPI_SOURCE, TAG_REPLY,
                         c->comm, reply));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_row_cache_serve(hole_row_cache c)
{
  PetscMPIInt done;
  PetscBool   answered = PETSC_TRUE;

  PetscFunctionBegin;
  if (c->b->here) PetscFunctionReturn(PETSC_SUCCESS);
  /* With every place taken, others wait until a reply of ours completes; it does, since they receive before they ask. */
  for (int s = 0; s < MAX_REPLIES && answered; ++s) {
    if (c->replies[s] != MPI_REQUEST_NULL) PetscCallMPI(MPI_Test(&c->replies[s], &done, MPI_STATUS_IGNORE));
    if (c->replies[s] == MPI_REQUEST_NULL) PetscCall(answer(c, &c->replies[s], &answered));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Has the row of a slot arrived? */
static PetscErrorCode test_arrival(hole_row_cache c, struct slot *slot, PetscBool *arrived)
{
  PetscMPIInt done = 1;

  PetscFunctionBegin;
  if (slot->arrival != MPI_REQUEST_NULL) {
    PetscCallMPI(MPI_Test(&slot->arrival, &done, MPI_STATUS_IGNORE));
    if (done) {
      PetscCallMPI(MPI_Wait(&slot->request, MPI_STATUS_IGNORE));
      --c->n_waiting;
    }
  }
  *arrived = (PetscBool)done;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A slot that is neither lent nor on its way, found as the hand of a clock goes round; -1 if there is none. */
static PetscErrorCode free_slot(hole_row_cache c, HoleIndex *slot)
{
  PetscBool arrived;

  PetscFunctionBegin;
  *slot = -1;
  for (HoleIndex tried = 0; tried < c->capacity && *slot < 0; ++tried) {
    HoleIndex s = c->hand;

    c->hand = (c->hand + 1) % c->capacity;
    if (s == c->pinned[0] || s == c->pinned[1]) continue;
    PetscCall(test_arrival(c, &c->slots[s], &arrived));
    if (arrived) *slot = s;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Ask the owner of row i to send it into slot s. */
static PetscErrorCode ask(hole_row_cache c, HoleIndex i, HoleIndex s)
{
  HoleDistances d     = c->d;
  struct slot  *slot  = &c->slots[s];
  PetscMPIInt   owner = hole_block_owner(d->n, d->size, i), stride;

  PetscFunctionBegin;
  if (slot->row >= 0) c->slot_of[slot->row] = -1;
  slot->row     = i;
  c->slot_of[i] = (int32_t)s;
  PetscCall(hole_mpi_int(c->b->stride, &stride));
  PetscCallMPI(
      MPI_Irecv(c->rows + (size_t)s * row_bytes(c), stride, c->b->type, owner, TAG_REPLY, c->comm, &slot->arrival));
  PetscCallMPI(MPI_Isend(&slot->row, 1, HOLE_MPI_INDEX, owner, TAG_REQUEST, c->comm, &slot->request));
  ++c->n_fetched;
  ++c->n_waiting;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_row_cache_prefetch(hole_row_cache c, HoleIndex i)
{
  HoleIndex slot;

  PetscFunctionBegin;
  if (hole_bounds_row(c->b, i) || c->slot_of[i] >= 0 || 2 * c->n_waiting >= c->capacity)
    PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(free_slot(c, &slot));
  if (slot >= 0) PetscCall(ask(c, i, slot));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Wait, serving, until the row of a slot is here. */
static PetscErrorCode await(hole_row_cache c, HoleIndex slot)
{
  PetscBool arrived;
  HoleIndex n_looks = 0;

  PetscFunctionBegin;
  PetscCall(test_arrival(c, &c->slots[slot], &arrived));
  while (!arrived) {
    hole_wait_a_little(&n_looks);
    PetscCall(hole_row_cache_serve(c));
    PetscCall(test_arrival(c, &c->slots[slot], &arrived));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_row_cache_get(hole_row_cache c, HoleIndex i, const void **row)
{
  HoleIndex slot;

  PetscFunctionBegin;
  PetscCall(hole_row_cache_serve(c));
  c->pinned[1] = c->pinned[0];
  c->pinned[0] = -1;
  *row         = hole_bounds_row(c->b, i);
  if (*row) PetscFunctionReturn(PETSC_SUCCESS);
  while (c->slot_of[i] < 0) { /* all slots may be on their way; then some arrive */
    PetscCall(free_slot(c, &slot));
    if (slot >= 0) PetscCall(ask(c, i, slot));
    else PetscCall(hole_row_cache_serve(c));
  }
  slot         = c->slot_of[i];
  c->pinned[0] = slot;
  PetscCall(await(c, slot));
  *row = c->rows + (size_t)slot * row_bytes(c);
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
  PetscCallMPI(MPI_Waitall(MAX_REPLIES, c->replies, MPI_STATUSES_IGNORE));
  PetscCall(PetscFree(c->slot_of));
  PetscCall(PetscFree(c->slots));
  PetscCall(PetscFree(c->rows));
  PetscCallMPI(MPI_Comm_free(&c->comm));
  PetscCall(PetscFree(c));
  *cache = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

double hole_row_cache_predict_bytes(HoleIndex n, size_t value, PetscMPIInt size)
{
  const HoleIndex capacity = PetscMin(n, hole_row_cache_capacity(hole_block_count(n, size, 0)));
  const double    a_row    = (double)HOLE_ROW_STRIDE(n) * (double)value;

  return size > 1 ? (double)capacity * a_row + (double)n * (double)sizeof(int32_t) : 0;
}
