/* The stream of columns between windows, by messages of many columns.

   Window w belongs to rank w mod size. Messages from one window to the next have one sender, receiver, tag and communicator, so they
   arrive in order; the last one closes the stream. All sends are synchronous: one that is complete has been received. */
#include "window_stream.h"

#include "../core/cast.h"
#include "../core/fault.h"
#include "../core/sort.h"
#include "../core/wait.h"
#include <hole/hole_error.h>
#include <math.h>
#include <stdlib.h>

enum {
  TAG             = 0,
  N_SAMPLES       = 512,       /* births that a rank shows to the others, to find quantiles */
  WINDOWS_A_RANK  = 8,         /* windows, if the caller leaves the choice to us: enough to balance the work ... */
  BIRTHS_A_WINDOW = 8,         /* ... but not more than have this many columns of their own */
  N_HALVINGS      = 60,        /* to find a bound */
  COLUMNS_A_LOOK  = 8,         /* columns between two looks for messages: a look takes as long as passing a column on */
  COLUMNS_AHEAD   = 8,         /* columns whose rows are asked for before their turn comes */
  MESSAGE_BYTES   = 64 * 1024, /* a message is sent when it is this long, or when nothing else can be done */
};

static const double BY_BIRTHS = 0.4, BY_LATE_BIRTHS = 0.5; /* shares of the windows; the rest by lengths */

enum message_kind { COLUMNS, LAST_COLUMNS, FAILURE };

/* Head of a message, and of each column in it; a chain follows the latter. */
struct message_head {
  HoleIndex kind, window, n_columns;
};

struct column_head {
  struct hole_edge_key birth;
  double               complete, ready, rests;
  HoleIndex            n, n_ahead;
};

struct message {
  char           *bytes;
  size_t          n, capacity;
  MPI_Request     request;
  struct message *next;
};

/* A window of ours. */
struct window {
  HoleIndex id;
  HoleIndex first_birth, n_births; /* own columns not yet handed out: births [first_birth, first_birth + n_births) */
  struct hole_column *head, *tail; /* columns that have arrived */
  PetscBool           upstream_ended, ended;
  struct message     *out; /* columns for the next window, not sent yet; NULL if there are none */
};

struct hole_stream_s {
  MPI_Comm              comm; /* messages of this stream alone */
  PetscMPIInt           rank, size;
  HoleIndex             n_windows, n_own, n_ended;
  HoleIndex             n_births, n_started; /* own columns, and those handed out */
  double               *bounds;              /* [n_windows + 1] */
  struct window        *own;                 /* [n_own] windows rank, rank + size, ... */
  struct hole_edge_key *births;              /* of the own windows, ascending */
  struct message       *sent;                /* on their way */
  PetscBool             failed;              /* here or elsewhere */
  size_t                ahead_bytes;         /* of a cofacet that goes along */
  int                   n_to_look;           /* columns until the next look for messages */
  HoleIndex             n_columns_sent, n_messages_sent, n_bytes_sent;
};

/* A birth that stands for `weight` births near it. */
struct sample {
  double length, weight;
};

static int by_length(const void *a, const void *b)
{
  const struct sample *x = a, *y = b;

  return x->length < y->length ? -1 : x->length > y->length;
}

/* Collective: samples of the births of all ranks, ascending, and the number of births. */
static PetscErrorCode gather_samples(hole_stream s, HoleIndex n_births, const struct hole_edge_key births[],
                                     struct sample samples[], HoleIndex *n_total)
{
  HoleIndex n_shown = PetscMin(n_births, N_SAMPLES);

  PetscFunctionBegin;
  for (HoleIndex i = 0; i < N_SAMPLES; ++i) {
    samples[s->rank * N_SAMPLES + i] = (struct sample){INFINITY, 0};
    if (i < n_shown)
      samples[s->rank * N_SAMPLES + i] =
          (struct sample){births[i * n_births / n_shown].length, (double)n_births / (double)n_shown};
  }
  PetscCallMPI(MPI_Allgather(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, samples, 2 * N_SAMPLES, MPI_DOUBLE, s->comm));
  PetscCallMPI(MPI_Allreduce(&n_births, n_total, 1, HOLE_MPI_INDEX, MPI_SUM, s->comm));
  hole_sort(samples, (HoleIndex)s->size * N_SAMPLES, sizeof(*samples), by_length);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Of all work, by guess, the share that lies below a length. Columns that end late are the heavy ones: where few births are left their chains
   have grown long, and all of them pass. So one part follows the births, one the logarithm of the number of those still to come, and one the
   lengths, which cuts gaps between births and what is above the last. */
static double share_below(const hole_stream s, double length, double cutoff, const struct sample samples[],
                          const double below[], double n_total)
{
  HoleIndex low = 0, high = (HoleIndex)s->size * N_SAMPLES; /* samples before `low` are below the length */
  double    births;

  while (low < high) {
    const HoleIndex middle = (low + high) / 2;

    if (samples[middle].length < length) low = middle + 1;
    else high = middle;
  }
  births = PetscMin(below[low], n_total);
  return BY_BIRTHS * births / n_total + BY_LATE_BIRTHS * (1 - log1p(n_total - births) / log1p(n_total)) +
         (1 - BY_BIRTHS - BY_LATE_BIRTHS) * length / cutoff;
}

/* Equal shares for all windows; the last reaches to the cutoff and includes it. Halving the range is the same on all ranks. */
static void place_bounds(hole_stream s, double cutoff, const struct sample samples[], const double below[],
                         double n_total)
{
  for (HoleIndex w = 1; w < s->n_windows; ++w) {
    const double share = (double)w / (double)s->n_windows;
    double       low = s->bounds[w - 1], high = cutoff;

    for (int halving = 0; halving < N_HALVINGS; ++halving) {
      const double middle = low + (high - low) / 2;

      if (share_below(s, middle, cutoff, samples, below, n_total) < share) low = middle;
      else high = middle;
    }
    s->bounds[w] = high;
  }
}

/* Local. */
static PetscErrorCode set_bounds(hole_stream s, PetscInt n_windows, double cutoff, const struct sample samples[],
                                 HoleIndex n_total)
{
  const HoleIndex wanted = s->size > 1 ? (HoleIndex)WINDOWS_A_RANK * s->size : 1;
  const HoleIndex n      = (HoleIndex)s->size * N_SAMPLES;
  double         *below; /* births below each sample, and all */

  PetscFunctionBegin;
  s->n_windows = n_windows ? n_windows : PetscMax(1, PetscMin(wanted, n_total / BIRTHS_A_WINDOW));
  PetscCall(PetscMalloc1(s->n_windows + 1, &s->bounds));
  PetscCall(PetscMalloc1(n + 1, &below));
  below[0] = 0;
  for (HoleIndex i = 0; i < n; ++i) below[i + 1] = below[i] + samples[i].weight;
  s->bounds[0] = 0;
  place_bounds(s, cutoff, samples, below, PetscMax(1, (double)n_total));
  PetscCall(PetscFree(below));
  s->bounds[s->n_windows] = nextafter(cutoff, INFINITY);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The last window whose lower bound is not above the length. */
static HoleIndex window_of(hole_stream s, double length)
{
  HoleIndex low = 0, high = s->n_windows;

  while (high - low > 1) {
    HoleIndex middle = (low + high) / 2;

    if (s->bounds[middle] <= length) low = middle;
    else high = middle;
  }
  return low;
}

static PetscMPIInt owner_of(hole_stream s, HoleIndex window) { return (PetscMPIInt)(window % s->size); }

/* The exchange of births: what goes to each rank and comes from it, in births. */
struct deal {
  PetscMPIInt          *out_count, *out_start, *in_count, *in_start, *filled; /* [size] */
  struct hole_edge_key *packed;                                               /* births in the order of their owners */
};

/* Local. */
static PetscErrorCode set_starts(PetscMPIInt size, const PetscMPIInt count[], PetscMPIInt start[], HoleIndex *total)
{
  PetscFunctionBegin;
  *total = 0;
  for (PetscMPIInt r = 0; r < size; ++r) {
    PetscCall(hole_mpi_int(*total, &start[r]));
    *total += count[r];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: pack the births by owner. */
static PetscErrorCode pack_births(hole_stream s, HoleIndex n_births, const struct hole_edge_key births[],
                                  struct deal *deal)
{
  PetscMPIInt n;
  HoleIndex   total;

  PetscFunctionBegin;
  PetscCall(hole_mpi_int(n_births, &n)); /* so that no count overflows */
  PetscCall(PetscCalloc5(s->size, &deal->out_count, s->size, &deal->out_start, s->size, &deal->in_count, s->size,
                         &deal->in_start, s->size, &deal->filled));
  PetscCall(PetscMalloc1(n_births, &deal->packed));
  for (HoleIndex b = 0; b < n_births; ++b) ++deal->out_count[owner_of(s, window_of(s, births[b].length))];
  PetscCall(set_starts(s->size, deal->out_count, deal->out_start, &total));
  for (HoleIndex b = 0; b < n_births; ++b) {
    PetscMPIInt owner = owner_of(s, window_of(s, births[b].length));

    deal->packed[deal->out_start[owner] + deal->filled[owner]++] = births[b];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: room for what comes. */
static PetscErrorCode make_room(hole_stream s, struct deal *deal, HoleIndex *n_mine)
{
  PetscFunctionBegin;
  PetscCall(set_starts(s->size, deal->in_count, deal->in_start, n_mine));
  s->n_births = *n_mine;
  PetscCall(PetscMalloc1(*n_mine, &s->births));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode exchange_births(hole_stream s, HoleIndex n_births, const struct hole_edge_key births[],
                                      struct deal *deal, HoleIndex *n_mine)
{
  MPI_Datatype type;

  PetscFunctionBegin;
  HoleCallAgreed(s->comm, pack_births(s, n_births, births, deal)); /* local */
  PetscCallMPI(MPI_Alltoall(deal->out_count, 1, MPI_INT, deal->in_count, 1, MPI_INT, s->comm));
  HoleCallAgreed(s->comm, make_room(s, deal, n_mine)); /* local */
  PetscCallMPI(MPI_Type_contiguous(sizeof(*births), MPI_BYTE, &type));
  PetscCallMPI(MPI_Type_commit(&type));
  PetscCallMPI(MPI_Alltoallv(deal->packed, deal->out_count, deal->out_start, type, s->births, deal->in_count,
                             deal->in_start, type, s->comm));
  PetscCallMPI(MPI_Type_free(&type));
  hole_sort(s->births, *n_mine, sizeof(*s->births), hole_edge_key_by_order);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: bring the births to the owners of their windows. */
static PetscErrorCode deal_births(hole_stream s, HoleIndex n_births, const struct hole_edge_key births[],
                                  HoleIndex *n_mine)
{
  struct deal    deal = {0};
  PetscErrorCode dealt;

  PetscFunctionBegin;
  dealt = exchange_births(s, n_births, births, &deal, n_mine);
  PetscCall(PetscFree(deal.packed));
  PetscCall(PetscFree5(deal.out_count, deal.out_start, deal.in_count, deal.in_start, deal.filled));
  PetscCall(dealt);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: our windows, each with its range of births. */
static PetscErrorCode open_windows(hole_stream s, HoleIndex n_mine)
{
  HoleIndex birth = 0, n_own;

  PetscFunctionBegin;
  PetscCall(hole_fault(s->comm, "stream_allocate"));
  n_own = s->rank < s->n_windows ? (s->n_windows - s->rank - 1) / s->size + 1 : 0;
  PetscCall(PetscCalloc1(n_own, &s->own));
  s->n_own = n_own;
  for (HoleIndex o = 0; o < s->n_own; ++o) {
    struct window *w = &s->own[o];

    w->id             = s->rank + o * s->size;
    w->upstream_ended = (PetscBool)(w->id == 0);
    w->first_birth    = birth;
    while (birth < n_mine && window_of(s, s->births[birth].length) == w->id) ++birth;
    w->n_births = birth - w->first_birth;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: `samples` is room for those of all ranks. */
static PetscErrorCode cut_windows(hole_stream s, PetscInt n_windows, double cutoff, HoleIndex n_births,
                                  const struct hole_edge_key births[], struct sample samples[])
{
  HoleIndex n_total = 0;

  PetscFunctionBegin;
  PetscCall(gather_samples(s, n_births, births, samples, &n_total));           /* collective */
  HoleCallAgreed(s->comm, set_bounds(s, n_windows, cutoff, samples, n_total)); /* local */
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode set_up(hole_stream s, PetscInt n_windows, double cutoff, HoleIndex n_births,
                             const struct hole_edge_key births[])
{
  struct sample *samples = NULL;
  HoleIndex      n_mine  = 0;
  PetscErrorCode cut;

  PetscFunctionBegin;
  HoleCallAgreed(s->comm, PetscMalloc1(s->size * N_SAMPLES, &samples)); /* local */
  cut = cut_windows(s, n_windows, cutoff, n_births, births, samples);
  PetscCall(PetscFree(samples));
  PetscCall(cut);
  PetscCall(deal_births(s, n_births, births, &n_mine)); /* collective */
  HoleCallAgreed(s->comm, open_windows(s, n_mine));     /* local */
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_stream_create(MPI_Comm comm, PetscInt n_windows, double cutoff, HoleIndex n_births,
                                  const struct hole_edge_key births[], size_t ahead_bytes, hole_stream *stream)
{
  PetscErrorCode created;

  PetscFunctionBegin;
  PetscCall(PetscNew(stream));
  (*stream)->ahead_bytes = ahead_bytes;
  PetscCallMPI(MPI_Comm_dup(comm, &(*stream)->comm));
  PetscCallMPI(MPI_Comm_rank(comm, &(*stream)->rank));
  PetscCallMPI(MPI_Comm_size(comm, &(*stream)->size));
  created = set_up(*stream, n_windows, cutoff, n_births, births);
  if (created) PetscCall(hole_stream_destroy(stream));
  PetscCall(created);
  PetscFunctionReturn(PETSC_SUCCESS);
}

HoleIndex hole_stream_size(hole_stream s) { return s->n_windows; }

void hole_stream_end(hole_stream s, HoleIndex window, double *high, PetscBool *last)
{
  *high = s->bounds[window + 1];
  *last = (PetscBool)(window + 1 == s->n_windows);
}

static PetscErrorCode append_bytes(struct message *m, size_t n, const void *bytes)
{
  PetscFunctionBegin;
  if (m->n + n > m->capacity) {
    m->capacity = PetscMax(2 * m->capacity, m->n + n);
    PetscCall(PetscRealloc(m->capacity, &m->bytes));
  }
  PetscCall(PetscMemcpy(m->bytes + m->n, bytes, n));
  m->n += n;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create_message(enum message_kind kind, HoleIndex window, struct message **m)
{
  struct message_head head = {kind, window, 0};

  PetscFunctionBegin;
  PetscCall(PetscNew(m));
  PetscCall(append_bytes(*m, sizeof(head), &head));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode free_message(struct message *m)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(m->bytes));
  PetscCall(PetscFree(m));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Free the messages that have been received. */
static PetscErrorCode retire_sent(hole_stream s)
{
  struct message **link = &s->sent;
  PetscMPIInt      done;

  PetscFunctionBegin;
  while (*link) {
    struct message *m = *link;

    PetscCallMPI(MPI_Test(&m->request, &done, MPI_STATUS_IGNORE));
    if (done) {
      *link = m->next;
      PetscCall(free_message(m));
    } else link = &m->next;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The message becomes the stream's. */
static PetscErrorCode send_message(hole_stream s, PetscMPIInt to, struct message *m)
{
  PetscMPIInt n = 0;

  PetscFunctionBegin;
  if (m->n > PETSC_MPI_INT_MAX) {
    PetscCall(free_message(m));
    SETERRQ(PETSC_COMM_SELF, HOLE_ERR_RESOURCE,
            "a column of the reduction is larger than 2 GiB; lower -threshold or -max_points");
  }
  PetscCall(hole_mpi_int((HoleIndex)m->n, &n));
  PetscCallMPI(MPI_Issend(m->bytes, n, MPI_BYTE, to, TAG, s->comm, &m->request));
  m->next = s->sent;
  s->sent = m;
  s->n_bytes_sent += (HoleIndex)m->n;
  ++s->n_messages_sent;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Send what waits in a window's message. */
static PetscErrorCode flush_window(hole_stream s, struct window *w)
{
  struct message *m = w->out;

  PetscFunctionBegin;
  if (!m) PetscFunctionReturn(PETSC_SUCCESS);
  w->out = NULL;
  PetscCall(send_message(s, owner_of(s, w->id + 1), m));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static struct window *own_window(hole_stream s, HoleIndex id) { return &s->own[id / s->size]; }

static void enqueue(struct window *w, struct hole_column *column)
{
  column->next = NULL;
  if (w->tail) w->tail->next = column;
  else w->head = column;
  w->tail = column;
}

PetscErrorCode hole_stream_pass_on(hole_stream s, HoleIndex window, struct hole_column **column)
{
  struct window     *w    = own_window(s, window);
  struct column_head head = {(*column)->birth, (*column)->complete, (*column)->ready,
                             (*column)->rests, (*column)->n,        (*column)->n_ahead};

  PetscFunctionBegin;
  if (owner_of(s, window + 1) == s->rank) {
    enqueue(own_window(s, window + 1), *column);
    *column = NULL;
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  if (!w->out) PetscCall(create_message(COLUMNS, window + 1, &w->out));
  PetscCall(append_bytes(w->out, sizeof(head), &head));
  PetscCall(append_bytes(w->out, (size_t)head.n * sizeof(*(*column)->chain), (*column)->chain));
  PetscCall(append_bytes(w->out, (size_t)head.n_ahead * s->ahead_bytes, (*column)->ahead));
  ++((struct message_head *)w->out->bytes)->n_columns;
  ++s->n_columns_sent;
  PetscCall(hole_column_destroy(column));
  if (w->out->n >= MESSAGE_BYTES) PetscCall(flush_window(s, w));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A window without work whose upstream has ended passes the end on. */
static PetscErrorCode end_window(hole_stream s, struct window *w)
{
  PetscFunctionBegin;
  w->ended = PETSC_TRUE;
  ++s->n_ended;
  if (w->id + 1 == s->n_windows) PetscFunctionReturn(PETSC_SUCCESS);
  if (owner_of(s, w->id + 1) == s->rank) {
    own_window(s, w->id + 1)->upstream_ended = PETSC_TRUE;
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  if (!w->out) PetscCall(create_message(LAST_COLUMNS, w->id + 1, &w->out));
  ((struct message_head *)w->out->bytes)->kind = LAST_COLUMNS;
  PetscCall(flush_window(s, w));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Copy n bytes to `to` and step over them. */
static PetscErrorCode take_bytes(const char **bytes, size_t n, void *to)
{
  PetscFunctionBegin;
  PetscCall(PetscMemcpy(to, *bytes, n));
  *bytes += n;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode unpack_column(hole_stream s, const char **bytes, struct hole_column **column)
{
  struct column_head  head;
  struct hole_column *c;

  PetscFunctionBegin;
  PetscCall(take_bytes(bytes, sizeof(head), &head));
  PetscCall(PetscNew(column));
  c           = *column;
  c->birth    = head.birth;
  c->complete = head.complete;
  c->ready    = head.ready;
  c->rests    = head.rests;
  c->n = c->capacity = head.n;
  c->n_ahead         = head.n_ahead;
  PetscCall(PetscMalloc1(c->n, &c->chain));
  PetscCall(PetscMalloc((size_t)c->n_ahead * s->ahead_bytes, &c->ahead));
  PetscCall(take_bytes(bytes, (size_t)c->n * sizeof(*c->chain), c->chain));
  PetscCall(take_bytes(bytes, (size_t)c->n_ahead * s->ahead_bytes, c->ahead));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Put the columns of a message into their window's queue. */
static PetscErrorCode unpack(hole_stream s, const char bytes[])
{
  struct message_head head;
  struct hole_column *column;

  PetscFunctionBegin;
  PetscCall(take_bytes(&bytes, sizeof(head), &head));
  if (head.kind == FAILURE) s->failed = PETSC_TRUE;
  for (HoleIndex c = 0; c < head.n_columns; ++c) {
    PetscCall(unpack_column(s, &bytes, &column));
    enqueue(own_window(s, head.window), column);
  }
  if (head.kind == LAST_COLUMNS) own_window(s, head.window)->upstream_ended = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Receive one message, if there is one. After a failure only its receipt matters. */
static PetscErrorCode receive(hole_stream s, PetscBool *received)
{
  PetscMPIInt    here, n;
  MPI_Status     status;
  char          *bytes;
  PetscErrorCode unpacked;

  PetscFunctionBegin;
  *received = PETSC_FALSE;
  if (s->size == 1) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCallMPI(MPI_Iprobe(MPI_ANY_SOURCE, TAG, s->comm, &here, &status));
  if (!here) PetscFunctionReturn(PETSC_SUCCESS);
  *received = PETSC_TRUE;
  PetscCallMPI(MPI_Get_count(&status, MPI_BYTE, &n));
  PetscCall(PetscMalloc1(n, &bytes));
  PetscCallMPI(MPI_Recv(bytes, n, MPI_BYTE, status.MPI_SOURCE, TAG, s->comm, MPI_STATUS_IGNORE));
  unpacked = s->failed ? PETSC_SUCCESS : unpack(s, bytes);
  PetscCall(PetscFree(bytes));
  PetscCall(unpacked);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Own columns first, latest birth first; then those that have arrived, first in, first out. */
static PetscErrorCode take_column(hole_stream s, struct window *w, struct hole_column **column)
{
  PetscFunctionBegin;
  if (w->n_births) {
    PetscCall(hole_column_create(s->births[w->first_birth + --w->n_births], column));
    ++s->n_started;
  } else if (w->head) {
    *column = w->head;
    w->head = w->head->next;
    if (!w->head) w->tail = NULL;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Ask for the rows that the columns after this one will need first. */
static PetscErrorCode look_ahead(hole_stream s, const struct window *w, hole_row_cache cache)
{
  const struct hole_column *q = w->head;

  PetscFunctionBegin;
  if (!cache) PetscFunctionReturn(PETSC_SUCCESS); /* by ranks: the node has all rows */
  for (HoleIndex b = 1; b <= PetscMin(w->n_births, COLUMNS_AHEAD); ++b) {
    PetscCall(hole_row_cache_prefetch(cache, s->births[w->first_birth + w->n_births - b].i));
    PetscCall(hole_row_cache_prefetch(cache, s->births[w->first_birth + w->n_births - b].j));
  }
  for (int c = 0; c < COLUMNS_AHEAD && q && !w->n_births; ++c, q = q->next) {
    const struct hole_triangle *next = q->ahead;

    if (!q->n_ahead) continue;
    PetscCall(hole_row_cache_prefetch(cache, next->edge.i));
    PetscCall(hole_row_cache_prefetch(cache, next->edge.j));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_stream_next(hole_stream s, hole_row_cache cache, HoleIndex *window, struct hole_column **column,
                                PetscBool *finished)
{
  PetscBool received = PETSC_TRUE;

  PetscFunctionBegin;
  *column = NULL;
  if (s->n_to_look-- <= 0) {
    while (received) PetscCall(receive(s, &received));
    PetscCall(retire_sent(s));
    s->n_to_look = COLUMNS_A_LOOK;
  }
  for (HoleIndex o = s->n_ended; o < s->n_own && !*column && !s->failed; ++o) { /* windows end in their order */
    struct window *w = &s->own[o];

    *window = w->id;
    PetscCall(take_column(s, w, column));
    if (*column) PetscCall(look_ahead(s, w, cache));
    if (!*column && w->upstream_ended && !w->ended) PetscCall(end_window(s, w));
  }
  if (!*column) s->n_to_look = 0;
  /* Nothing to do: what others may be waiting for goes out now. */
  for (HoleIndex o = 0; o < s->n_own && !*column && !s->failed; ++o) PetscCall(flush_window(s, &s->own[o]));
  *finished = (PetscBool)(s->failed || s->n_ended == s->n_own);
  PetscFunctionReturn(PETSC_SUCCESS);
}

void hole_stream_progress(hole_stream s, HoleIndex *n_done, HoleIndex *n_columns)
{
  *n_done    = s->n_started;
  *n_columns = s->n_births;
}

PetscErrorCode hole_stream_abandon(hole_stream s)
{
  struct message *m;

  PetscFunctionBegin;
  s->failed = PETSC_TRUE;
  for (PetscMPIInt r = 0; r < s->size; ++r) {
    if (r == s->rank) continue;
    PetscCall(create_message(FAILURE, -1, &m));
    PetscCall(send_message(s, r, m));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_stream_finish(hole_stream s, hole_row_cache cache)
{
  MPI_Request barrier  = MPI_REQUEST_NULL;
  PetscMPIInt all_here = 0;
  PetscBool   entered  = PETSC_FALSE, received;
  HoleIndex   n_looks  = 0;

  PetscFunctionBegin;
  if (s->size == 1) PetscFunctionReturn(PETSC_SUCCESS);
  while (!all_here) {
    if (cache) PetscCall(hole_row_cache_serve(cache));
    PetscCall(receive(s, &received));
    PetscCall(retire_sent(s));
    if (!entered && !s->sent) {
      PetscCallMPI(MPI_Ibarrier(s->comm, &barrier));
      entered = PETSC_TRUE;
    }
    if (entered) PetscCallMPI(MPI_Test(&barrier, &all_here, MPI_STATUS_IGNORE));
    if (!all_here && !received) hole_wait_a_little(&n_looks);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

void hole_stream_traffic(hole_stream s, HoleIndex *n_columns, HoleIndex *n_messages, HoleIndex *n_bytes)
{
  *n_columns  = s->n_columns_sent;
  *n_messages = s->n_messages_sent;
  *n_bytes    = s->n_bytes_sent;
}

PetscErrorCode hole_stream_destroy(hole_stream *stream)
{
  hole_stream s = *stream;

  PetscFunctionBegin;
  if (!s) PetscFunctionReturn(PETSC_SUCCESS);
  for (HoleIndex o = 0; o < s->n_own; ++o) {
    struct window *w = &s->own[o];

    if (w->out) PetscCall(free_message(w->out));
    while (w->head) {
      struct hole_column *column = w->head;

      w->head = column->next;
      PetscCall(hole_column_destroy(&column));
    }
  }
  PetscCall(PetscFree(s->own));
  PetscCall(PetscFree(s->births));
  PetscCall(PetscFree(s->bounds));
  PetscCallMPI(MPI_Comm_free(&s->comm));
  PetscCall(PetscFree(s));
  *stream = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}
