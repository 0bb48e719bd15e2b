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

enum { TAG_REQUEST = 1, TAG_REPLY = 2, MAX_REPLIES = 64, N_PINNED = 2, OWN_SETS = 32, OWN_SLOTS = 2 * OWN_SETS };

struct slot {
  HoleIndex   row;     /* -1: empty; also the message of the request */
  MPI_Request request; /* on its way to the owner; the reply implies that it was received */
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
  HoleIndex     pinned[N_PINNED];   /* slots lent by the last calls of get */
  HoleIndex     own_row[OWN_SLOTS]; /* own rows decoded from single precision, two for each remainder; -1: none */
  HoleIndex     own_lent;           /* slot of the last call of get, -1: another kind of row */
  double       *own;                /* [OWN_SLOTS, stride] */
  void         *own_memory;
  MPI_Request   replies[MAX_REPLIES]; /* on their way to other ranks */
};

/* Local. */
static PetscErrorCode allocate_slots(hole_row_cache c)
{
  HoleDistances d = c->d;

  PetscFunctionBegin;
  for (int s = 0; s < MAX_REPLIES; ++s) c->replies[s] = MPI_REQUEST_NULL;
  for (int p = 0; p < N_PINNED; ++p) c->pinned[p] = -1;
  for (int s = 0; s < OWN_SLOTS; ++s) c->own_row[s] = -1;
  c->own_lent = -1;
  PetscCall(hole_fault(d->comm, "row_cache_allocate"));
  PetscCall(PetscMalloc1(d->n, &c->slot_of));
  PetscCall(PetscMalloc1(c->capacity, &c->slots));
  PetscCall(hole_distances_allocate(c->capacity * d->stride, &c->memory, &c->rows));
  PetscCall(hole_distances_allocate(OWN_SLOTS * hole_distances_buffer(d), &c->own_memory, &c->own));
  for (HoleIndex i = 0; i < d->n; ++i) c->slot_of[i] = -1;
  for (HoleIndex s = 0; s < c->capacity; ++s) c->slots[s] = (struct slot){-1, MPI_REQUEST_NULL, MPI_REQUEST_NULL};
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
  PetscCallMPI(MPI_Isend(hole_distances_stored_row(d, row - d->first), stride, hole_distances_type(d),
                         status.MPI_SOURCE, TAG_REPLY, c->comm, reply));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_row_cache_serve(hole_row_cache c)
{
  PetscMPIInt done;
  PetscBool   answered = PETSC_TRUE;

  PetscFunctionBegin;
  if (c->d->size == 1) PetscFunctionReturn(PETSC_SUCCESS);
  /* With every place taken, others wait until a reply of ours completes; it does, since they receive before they ask. */
  for (int s = 0; s < MAX_REPLIES && answered; ++s) {
    if (c->replies[s] != MPI_REQUEST_NULL) PetscCallMPI(MPI_Test(&c->replies[s], &done, MPI_STATUS_IGNORE));
    if (c->replies[s] == MPI_REQUEST_NULL) PetscCall(answer(c, &c->replies[s], &answered));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Where the row of a slot arrives: floats in the second half of the slot. */
static void *arrival_place(hole_row_cache c, HoleIndex s)
{
  double *row = c->rows + s * c->d->stride;

  return c->d->single ? row + c->d->stride / 2 : row;
}

/* Floats become doubles, in place: one is written over others that were read before. */
static void decode_arrival(hole_row_cache c, HoleIndex s)
{
  const char *from = arrival_place(c, s);
  double     *row  = c->rows + s * c->d->stride;
  float       length;

  for (HoleIndex j = 0; c->d->single && j < c->d->stride; ++j) {
    memcpy(&length, from + (size_t)j * sizeof(length), sizeof(length));
    row[j] = (double)length;
  }
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
      decode_arrival(c, slot - c->slots);
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
  PetscCall(hole_mpi_int(d->stride, &stride));
  PetscCallMPI(
      MPI_Irecv(arrival_place(c, s), stride, hole_distances_type(d), owner, TAG_REPLY, c->comm, &slot->arrival));
  PetscCallMPI(MPI_Isend(&slot->row, 1, HOLE_MPI_INDEX, owner, TAG_REQUEST, c->comm, &slot->request));
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

/* An own row. Of the two slots for a decoded one, that which the call before has lent is not overwritten. */
static const double *own_row(hole_row_cache c, HoleIndex i)
{
  HoleDistances d    = c->d;
  HoleIndex     slot = 2 * (i % OWN_SETS);

  if (!d->single) return d->rows + (i - d->first) * d->stride;
  if (c->own_row[slot + 1] == i || (c->own_row[slot] != i && c->own_lent == slot)) ++slot;
  if (c->own_row[slot] != i) hole_distances_read(d, i - d->first, 0, d->stride, c->own + slot * d->stride);
  c->own_row[slot] = i;
  c->own_lent      = slot;
  return c->own + slot * d->stride;
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
    *row = own_row(c, i);
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  c->own_lent = -1;
  while (c->slot_of[i] < 0) { /* all slots may be on their way; then some arrive */
    PetscCall(free_slot(c, &slot));
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
  PetscCallMPI(MPI_Waitall(MAX_REPLIES, c->replies, MPI_STATUSES_IGNORE));
  PetscCall(PetscFree(c->slot_of));
  PetscCall(PetscFree(c->slots));
  PetscCall(PetscFree(c->memory));
  PetscCall(PetscFree(c->own_memory));
  PetscCallMPI(MPI_Comm_free(&c->comm));
  PetscCall(PetscFree(c));
  *cache = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

double hole_row_cache_predict_bytes(HoleIndex n, PetscBool single, PetscMPIInt size)
{
  const HoleIndex capacity = PetscMin(n, hole_row_cache_capacity(hole_block_count(n, size, 0)));

  const double a_row = (double)HOLE_ROUND_UP(n) * (double)sizeof(double);
  const double own   = single ? OWN_SLOTS * a_row : 0;

  return own + (size > 1 ? (double)capacity * a_row + (double)n * (double)sizeof(int32_t) : 0);
}
