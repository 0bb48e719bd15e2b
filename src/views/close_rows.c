/* The distances among a few points, by rows over ranks, each pair once.

   The points of each rank in turn are sent to all, some at a time, and compared with the rows at hand: few enough that they stay in
   the cache meanwhile. */
#include "views_impl.h"

#include "../core/block.h"
#include "../core/cast.h"
#include "../core/fault.h"
#include "../core/simd.h"
#include "../core/threads.h"
#include "../distances/distances_impl.h"
#include <hole/hole_error.h>
#include <math.h>

enum {
  SENT_BYTES = 1 << 20, /* of points that are sent at a time: they fit the second-level cache ... */
  NEAR_BYTES = 1 << 15, /* ... and these the first */
  MOST_NEAR  = 64,      /* points that are compared with one at a time */
  TILE       = 32       /* rows to which they are */
};

static PetscMPIInt owner_of(const struct close_rows *c, HoleIndex place)
{
  return hole_block_owner(c->n_points, c->size, c->ids[place]);
}

/* Points that are sent. */
struct sent {
  HoleIndex  most, near; /* how many at a time, and those compared at a time */
  HoleIndex  n;
  HoleIndex *places; /* [most] ascending */
  double    *points; /* [most, point_stride] at a multiple of 64 bytes */
  void      *memory;
};

/* Local. */
static PetscErrorCode allocate(struct close_rows *c)
{
  PetscFunctionBegin;
  PetscCall(hole_fault(c->comm, "views_close"));
  PetscCall(PetscMalloc1(c->n, &c->own));
  for (HoleIndex p = 0; p < c->n; ++p) {
    if (owner_of(c, p) == c->rank) c->own[c->n_own++] = p;
  }
  PetscCall(PetscMalloc1(c->n_own * c->half, &c->rows));
  for (HoleIndex r = 0; r < c->n_own; ++r) {
    if (hole_close_entries(c, c->own[r]) < c->half)
      c->rows[r * c->half + c->half - 1] = 0; /* is sent, but not looked at */
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local. */
static PetscErrorCode allocate_sent(HoleDistances d, HoleIndex n, struct sent *s)
{
  const HoleIndex bytes = d->point_stride * (HoleIndex)sizeof(double);

  PetscFunctionBegin;
  PetscCall(hole_fault(d->comm, "views_sent"));
  s->most = PetscMin(n, PetscMax(4, SENT_BYTES / bytes));
  s->near = PetscMax(4, PetscMin(MOST_NEAR, NEAR_BYTES / bytes)); /* the formula takes four at once */
  PetscCall(PetscMalloc1(s->most, &s->places));
  PetscCall(hole_distances_allocate(s->most * d->point_stride, &s->memory, &s->points));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Entry of the row of `place` that is the distance to `other`; past the end of the row if that has none. */
static HoleIndex entry_of(const struct close_rows *c, HoleIndex place, HoleIndex other)
{
  return other > place ? other - place - 1 : other - place - 1 + c->n;
}

/* Row r, and those of the n points from `first` on that belong into it. */
static void compare_row(struct close_rows *c, HoleDistances d, const struct sent *s, HoleIndex first, HoleIndex n,
                        HoleIndex r)
{
  const HoleIndex place = c->own[r], i = c->ids[place], n_entries = hole_close_entries(c, place);
  HoleIndex       ids[MOST_NEAR], entries[MOST_NEAR], count       = 0;
  const double   *points[MOST_NEAR];
  double          lengths[MOST_NEAR];

  for (HoleIndex k = first; k < first + n; ++k) {
    const HoleIndex entry = entry_of(c, place, s->places[k]);

    if (entry >= n_entries) continue;
    entries[count]  = entry;
    ids[count]      = c->ids[s->places[k]];
    points[count++] = s->points + k * d->point_stride;
  }
  if (count) hole_distances_scatter(d, i, d->points + (i - d->first) * d->point_stride, count, ids, points, lengths);
  for (HoleIndex k = 0; k < count; ++k) c->rows[r * c->half + entries[k]] = lengths[k];
}

static void compare(struct close_rows *c, HoleDistances d, const struct sent *s)
{
#pragma omp parallel for num_threads(hole_threads()) schedule(dynamic)
  for (HoleIndex tile = 0; tile < c->n_own; tile += TILE) {
    for (HoleIndex k = 0; k < s->n; k += s->near) {
      for (HoleIndex r = tile; r < PetscMin(tile + TILE, c->n_own); ++r)
        compare_row(c, d, s, k, PetscMin(s->near, s->n - k), r);
    }
  }
}

/* Collective: the next points of `owner`, from place *p on; none are left if s->n is 0. */
static PetscErrorCode send_points(const struct close_rows *c, HoleDistances d, PetscMPIInt owner, HoleIndex *p,
                                  struct sent *s)
{
  const HoleIndex stride = d->point_stride;
  PetscMPIInt     n_doubles;

  PetscFunctionBegin;
  for (s->n = 0; *p < c->n && s->n < s->most; ++*p) {
    if (owner_of(c, *p) == owner) s->places[s->n++] = *p;
  }
  for (HoleIndex k = 0; owner == c->rank && k < s->n; ++k)
    PetscCall(PetscArraycpy(s->points + k * stride, d->points + (c->ids[s->places[k]] - d->first) * stride, stride));
  PetscCall(hole_mpi_int(s->n * stride, &n_doubles)); /* equal on all ranks */
  PetscCallMPI(MPI_Bcast(s->points, n_doubles, MPI_DOUBLE, owner, c->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: by the formula. */
static PetscErrorCode compute_rows(struct close_rows *c, HoleDistances d, struct sent *s)
{
  PetscFunctionBegin;
  HoleCallAgreed(c->comm, allocate_sent(d, c->n, s)); /* local */
  for (PetscMPIInt owner = 0; owner < c->size; ++owner) {
    for (HoleIndex p = 0; p < c->n;) {
      PetscCall(send_points(c, d, owner, &p, s));
      compare(c, d, s);
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void copy_rows(struct close_rows *c, HoleDistances d)
{
  for (HoleIndex r = 0; r < c->n_own; ++r) {
    const HoleIndex place = c->own[r], local = c->ids[place] - d->first, n_entries = hole_close_entries(c, place);

    const HoleIndex n_after = hole_close_after(c, place);
    double         *row     = c->rows + r * c->half;

    for (HoleIndex e = 0; e < n_after; ++e) row[e] = hole_distances_at(d, local, c->ids[place + 1 + e]);
    for (HoleIndex e = n_after; e < n_entries; ++e) row[e] = hole_distances_at(d, local, c->ids[e - n_after]);
  }
}

HOLE_CLONES
static double largest_of(HoleIndex n, const double row[])
{
  hole_v8   most  = {0};
  double    found = 0;
  HoleIndex e     = 0;

  for (; e + HOLE_LANES <= n; e += HOLE_LANES) most = HOLE_MAX8(*(const hole_v8 *)(row + e), most);
  for (; e < n; ++e) found = row[e] > found ? row[e] : found;
  for (int lane = 0; lane < HOLE_LANES; ++lane) found = most[lane] > found ? most[lane] : found;
  return found;
}

/* Collective. */
static PetscErrorCode find_largest(struct close_rows *c)
{
  PetscFunctionBegin;
  c->largest = 0;
  for (HoleIndex r = 0; r < c->n_own; ++r)
    c->largest = PetscMax(c->largest, largest_of(hole_close_entries(c, c->own[r]), c->rows + r * c->half));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &c->largest, 1, MPI_DOUBLE, MPI_MAX, c->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_close_rows_create(MPI_Comm comm, HoleDistances d, HoleIndex n, const HoleIndex ids[],
                                      struct close_rows *c)
{
  struct sent    s        = {0};
  PetscErrorCode computed = PETSC_SUCCESS;

  PetscFunctionBegin;
  *c = (struct close_rows){.comm = comm, .n_points = d->n, .n = n, .ids = ids, .half = n / 2};
  PetscCallMPI(MPI_Comm_rank(comm, &c->rank));
  PetscCallMPI(MPI_Comm_size(comm, &c->size));
  HoleCallAgreed(comm, allocate(c)); /* local */
  if (hole_distances_stored(d)) copy_rows(c, d);
  else computed = compute_rows(c, d, &s);
  PetscCall(PetscFree(s.places));
  PetscCall(PetscFree(s.memory));
  PetscCall(computed);
  PetscCall(find_largest(c));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_close_rows_show(const struct close_rows *c, double buffer[], hole_close_function show, void *ctx)
{
  HoleIndex   r = 0;
  PetscMPIInt n;

  PetscFunctionBegin;
  PetscCall(hole_mpi_int(c->half, &n)); /* equal on all ranks */
  for (; c->rank && r < c->n_own; ++r)  /* each rank sends its rows in the order of their places */
    PetscCallMPI(MPI_Send(c->rows + r * c->half, n, MPI_DOUBLE, 0, 0, c->comm));
  for (HoleIndex p = 0; !c->rank && p < c->n; ++p) {
    const PetscMPIInt owner = owner_of(c, p);

    if (owner) PetscCallMPI(MPI_Recv(buffer, n, MPI_DOUBLE, owner, 0, c->comm, MPI_STATUS_IGNORE));
    show(c, p, owner ? buffer : c->rows + r++ * c->half, ctx);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_close_rows_destroy(struct close_rows *c)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(c->own));
  PetscCall(PetscFree(c->rows));
  PetscFunctionReturn(PETSC_SUCCESS);
}
