/* A pair of points of two ranks was met by one of them, as hole_ring_share() tells: the other reads, or is sent, its rows, and turns them. */
#include "mirror.h"

#include "../core/block.h"
#include "../core/cast.h"
#include "../core/fault.h"
#include "../core/threads.h"
#include "ring.h"
#include <hole/hole_error.h>

enum {
  SIDE  = 32, /* rows and columns that are turned at once: they stay in the cache */
  STRIP = 256 /* rows that are sent at once */
};

/* Values that another rank, or we, have by rows, and that belong in columns of our rows. */
struct part {
  const char *rows;         /* of the first row */
  HoleIndex   i, n_i;       /* its points: columns of our rows */
  HoleIndex   j, n_j;       /* ours: columns of its rows; the first is at `skip` */
  HoleIndex   stride, skip; /* values of a row; before that of j */
};

/* Rows [from, end) of ours, which are those of a part or fewer, from its rows on or, of own points among themselves, below the diagonal. */
#define TURN(type) \
  static void turn_##type(hole_bounds b, const struct part *p, HoleIndex from, HoleIndex end) \
  { \
    const PetscBool own = (PetscBool)(p->i == p->j); \
\
    for (HoleIndex i = p->i; i < (own ? end : p->i + p->n_i); i += SIDE) { \
      const HoleIndex end_i = PetscMin(i + SIDE, p->i + p->n_i); \
\
      for (HoleIndex j = from; j < end; ++j) { \
        type       *row    = (type *)b->rows + (j - b->first) * b->stride; \
        const type *column = (const type *)p->rows + p->skip + (j - p->j); \
\
        for (HoleIndex k = i; k < (own ? PetscMin(end_i, j) : end_i); ++k) row[k] = column[(k - p->i) * p->stride]; \
      } \
    } \
  }
TURN(float)
TURN(int16_t)

static void turn(hole_bounds b, const struct part *p)
{
#pragma omp parallel for num_threads(hole_threads()) schedule(dynamic)
  for (HoleIndex j = p->j; j < p->j + p->n_j; j += SIDE) {
    const HoleIndex end = PetscMin(j + SIDE, p->j + p->n_j);

    if (b->kind == HOLE_BOUNDS_CODES) turn_int16_t(b, p, j, end);
    else turn_float(b, p, j, end);
  }
}

/* What rank `from` has met of the pairs of its points and those of rank `to`. */
static struct part part_of(hole_bounds b, PetscMPIInt from, PetscMPIInt to)
{
  const HoleIndex first = hole_block_first(b->n, b->d->size, to), count = hole_block_count(b->n, b->d->size, to);
  struct part     p = {.rows = b->parts[from], .i = hole_block_first(b->n, b->d->size, from), .stride = b->stride};
  HoleIndex       begin;

  hole_ring_share(b->d, from, to, &p.n_i, &begin);
  p.j = p.skip = first + begin;
  p.n_j        = count - begin;
  return p;
}

/* A strip of rows on its way: from us to rank `to`, from rank `from` to us. */
struct mail {
  PetscMPIInt to, from; /* or MPI_PROC_NULL */
  struct part sent, got;
  char       *memory; /* [STRIP, got.n_j] */
};

/* Rows of a part that the k-th strip has. */
static HoleIndex count_rows(const struct part *p, HoleIndex k)
{
  return PetscMax(0, PetscMin(STRIP, p->n_i - k * STRIP));
}

/* Collective. */
static PetscErrorCode exchange_strip(hole_bounds b, const struct mail *m, HoleIndex k)
{
  const HoleIndex n_sent = m->to == MPI_PROC_NULL ? 0 : count_rows(&m->sent, k),
                  n_got  = m->from == MPI_PROC_NULL ? 0 : count_rows(&m->got, k);
  struct part  strip     = {m->memory, m->got.i + k * STRIP, n_got, m->got.j, m->got.n_j, m->got.n_j, 0};
  MPI_Datatype rows;
  PetscMPIInt  width, stride, values;

  PetscFunctionBegin;
  PetscCall(hole_mpi_int(m->sent.n_j, &width));
  PetscCall(hole_mpi_int(b->stride, &stride));
  PetscCall(hole_mpi_int(n_got * m->got.n_j, &values));
  PetscCallMPI(MPI_Type_vector((PetscMPIInt)n_sent, width, stride, b->type, &rows));
  PetscCallMPI(MPI_Type_commit(&rows));
  PetscCallMPI(MPI_Sendrecv(b->rows + (size_t)(k * STRIP * b->stride + m->sent.skip) * b->value, 1, rows,
                            n_sent ? m->to : MPI_PROC_NULL, 0, m->memory, values, b->type,
                            n_got ? m->from : MPI_PROC_NULL, 0, b->d->comm, MPI_STATUS_IGNORE));
  PetscCallMPI(MPI_Type_free(&rows));
  turn(b, &strip);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local. */
static PetscErrorCode allocate_mail(hole_bounds b, struct mail *m)
{
  PetscFunctionBegin;
  PetscCall(hole_fault(b->d->comm, "bounds_mirror"));
  if (m->from != MPI_PROC_NULL) PetscCall(PetscMalloc1((size_t)(STRIP * m->got.n_j) * b->value, &m->memory));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: what we met of rank `to` goes there, what rank `from` met of us comes. */
static PetscErrorCode exchange(hole_bounds b, PetscMPIInt to, PetscMPIInt from)
{
  struct mail    m = {.to = b->parts[to] ? MPI_PROC_NULL : to, .from = b->parts[from] ? MPI_PROC_NULL : from};
  PetscErrorCode done;

  PetscFunctionBegin;
  m.sent = part_of(b, b->d->rank, to);
  m.got  = part_of(b, from, b->d->rank);
  done   = HoleErrorAgree(b->d->comm, allocate_mail(b, &m));
  for (HoleIndex k = 0; k * STRIP < hole_block_count(b->n, b->d->size, 0) && !done; ++k)
    done = exchange_strip(b, &m, k);
  PetscCall(PetscFree(m.memory));
  PetscCall(done);
  if (m.from == MPI_PROC_NULL) turn(b, &m.got);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_mirror_rows(hole_bounds b)
{
  const PetscMPIInt size = b->d->size, rank = b->d->rank;
  struct part       own = part_of(b, rank, rank);

  PetscFunctionBegin;
  PetscCall(hole_shared_sync(b->shared_rows)); /* what other ranks of the node have met is there */
  turn(b, &own);
  for (PetscMPIInt step = 1; step <= size / 2; ++step)
    PetscCall(exchange(b, (rank + step) % size, (rank + size - step) % size));
  PetscFunctionReturn(PETSC_SUCCESS);
}
