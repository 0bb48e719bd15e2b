/* A first spanning tree, cheap and not far from the shortest: every point hangs on the nearest of some landmarks, and those on
   each other. */
#include "landmarks.h"

#include "../core/block.h"
#include "../core/cast.h"
#include "../core/fault.h"
#include <hole/hole_error.h>
#include <math.h>

enum {
  MAX_LANDMARKS  = 1024,
  LANDMARK_SHARE = 64 /* points to a landmark */,
  STRIP          = 256 /* points looked at together */
};

struct landmarks {
  HoleIndex    n, *ids;
  double      *rows;    /* [n, point_stride], or stored rows cut to the landmarks [n, n] */
  uint32_t    *nearest; /* [points] landmark of each */
  double      *length;  /* [points] */
  void        *memory;
  PetscMPIInt *counts, *starts;
};

/* Landmarks of n points whose rows have `width` values. */
static HoleIndex count_landmarks(HoleIndex n, HoleIndex width)
{
  const HoleIndex fit = (INT64_C(1) << 20) / width;

  return PetscMax(1, PetscMin(PetscMin(MAX_LANDMARKS, n / LANDMARK_SHARE), PetscMax(16, fit)));
}

static HoleIndex choose_count(HoleDistances d)
{
  return count_landmarks(d->n, hole_distances_stored(d) ? 1 : d->point_stride);
}

/* Values that a landmark takes to its readers. */
static HoleIndex row_length(HoleDistances d, const struct landmarks *l)
{
  return hole_distances_stored(d) ? l->n : d->point_stride;
}

/* Local. */
static PetscErrorCode allocate_landmarks(HoleDistances d, struct landmarks *l)
{
  PetscFunctionBegin;
  l->n = choose_count(d);
  PetscCall(PetscMalloc1(l->n, &l->ids));
  PetscCall(hole_distances_allocate(l->n * row_length(d, l), &l->memory, &l->rows));
  PetscCall(PetscMalloc1(d->n, &l->nearest));
  PetscCall(PetscMalloc1(d->n, &l->length));
  PetscCall(PetscMalloc2(d->size, &l->counts, d->size, &l->starts));
  for (HoleIndex a = 0; a < l->n; ++a) l->ids[a] = a * d->n / l->n;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: the rows of all landmarks, on every rank, in their place. */
static PetscErrorCode gather_landmarks(HoleDistances d, struct landmarks *l)
{
  const HoleIndex m = row_length(d, l);
  MPI_Datatype    row;
  PetscMPIInt     n_values, owner;

  PetscFunctionBegin;
  PetscCall(PetscArrayzero(l->counts, d->size));
  for (HoleIndex a = 0; a < l->n; ++a) {
    owner = hole_block_owner(d->n, d->size, l->ids[a]);
    if (!l->counts[owner]++) PetscCall(hole_mpi_int(a, &l->starts[owner]));
    if (owner != d->rank) continue;
    if (hole_distances_stored(d)) {
      for (HoleIndex b = 0; b < l->n; ++b) l->rows[a * m + b] = hole_distances_at(d, l->ids[a] - d->first, l->ids[b]);
    } else PetscCall(PetscArraycpy(l->rows + a * m, d->points + (l->ids[a] - d->first) * m, m));
  }
  for (PetscMPIInt r = 0; r < d->size; ++r) {
    if (!l->counts[r]) l->starts[r] = 0;
  }
  PetscCall(hole_mpi_int(m, &n_values));
  PetscCallMPI(MPI_Type_contiguous(n_values, MPI_DOUBLE, &row));
  PetscCallMPI(MPI_Type_commit(&row));
  PetscCallMPI(MPI_Allgatherv(MPI_IN_PLACE, 0, row, l->rows, l->counts, l->starts, row, d->comm));
  PetscCallMPI(MPI_Type_free(&row));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The landmark whose lower bound is least: of one own point, from a row of a tile. */
static HoleIndex find_least(HoleIndex n, const float low[])
{
  HoleIndex least = 0;

  for (HoleIndex b = 1; b < n; ++b) least = low[b] < low[least] ? b : least;
  return least;
}

/* Local: the landmark nearest to each own point, as far as single precision can tell; any would do. */
static PetscErrorCode find_nearest(HoleDistances d, hole_tiles tiles, struct landmarks *l)
{
  struct hole_block block  = {-1, 0, l->n, l->rows, l->ids};
  struct hole_tile  tile   = {.n_i = 1, .n_j = l->n, .stride = l->n};
  const PetscBool   stored = hole_distances_stored(d);

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(l->n * STRIP, &tile.low));
  if (!stored) PetscCall(hole_tiles_set_block(tiles, &block));
  tile.of_shadows = hole_tiles_have_shadows(tiles);
  for (HoleIndex first = 0; first < d->n_local; first += STRIP) {
    tile.i   = d->first + first;
    tile.n_i = PetscMin(STRIP, d->n_local - first);
    if (!stored) hole_tiles_fill(tiles, &tile);
    for (HoleIndex a = 0; a < tile.n_i; ++a) {
      const HoleIndex i = first + a;
      HoleIndex       b;

      for (b = 0; stored && b < l->n; ++b) tile.low[a * l->n + b] = (float)hole_distances_at(d, i, l->ids[b]);
      b                        = find_least(l->n, tile.low + a * l->n);
      l->nearest[d->first + i] = (uint32_t)l->ids[b];
      l->length[d->first + i] = stored ? hole_distances_at(d, i, l->ids[b]) : hole_tiles_length(tiles, d->first + i, b);
    }
  }
  PetscCall(PetscFree(tile.low));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: everybody's nearest landmarks. */
static PetscErrorCode share_nearest(HoleDistances d, struct landmarks *l)
{
  PetscFunctionBegin;
  for (PetscMPIInt r = 0; r < d->size; ++r) {
    PetscCall(hole_mpi_int(hole_block_count(d->n, d->size, r), &l->counts[r]));
    PetscCall(hole_mpi_int(hole_block_first(d->n, d->size, r), &l->starts[r]));
  }
  PetscCallMPI(MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_UINT32_T, l->nearest, l->counts, l->starts, MPI_UINT32_T, d->comm));
  PetscCallMPI(MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DOUBLE, l->length, l->counts, l->starts, MPI_DOUBLE, d->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: lengths from landmark a to all of them. */
static void measure_landmark(HoleDistances d, const struct landmarks *l, HoleIndex a, double row[])
{
  if (hole_distances_stored(d)) {
    memcpy(row, l->rows + a * l->n, (size_t)l->n * sizeof(*row));
    return;
  }
  d->metric->kernel->tile(1, l->rows + a * d->point_stride, l->n, l->rows, d->point_stride, d->n_padded, row, l->n);
  for (HoleIndex b = 0; d->scale && b < l->n; ++b) row[b] /= sqrt(d->scale[l->ids[a]] * d->scale[l->ids[b]]);
  hole_distances_round(d, l->n, row);
}

static HoleEdge edge_of(double length, HoleIndex a, HoleIndex b)
{
  return (HoleEdge){length, PetscMin(a, b), PetscMax(a, b)};
}

/* Local: a tree of the landmarks [Prim 1957]; every rank makes the same. */
static PetscErrorCode join_landmarks(HoleDistances d, const struct landmarks *l, HoleEdge edges[])
{
  double    *row, *length;
  HoleIndex *near, present = 0;

  PetscFunctionBegin;
  PetscCall(PetscMalloc3(l->n, &row, l->n, &length, l->n, &near));
  for (HoleIndex b = 0; b < l->n; ++b) length[b] = INFINITY;
  for (HoleIndex b = 0; b < l->n; ++b) near[b] = 0;
  for (HoleIndex m = 1; m < l->n; ++m) {
    HoleIndex next = -1;

    length[present] = -1; /* in the tree */
    measure_landmark(d, l, present, row);
    for (HoleIndex b = 0; b < l->n; ++b) {
      if (length[b] < 0) continue;
      if (row[b] <= length[b]) near[b] = present;
      length[b] = PetscMin(row[b], length[b]);
      if (next < 0 || length[b] < length[next]) next = b;
    }
    edges[m - 1] = edge_of(length[next], l->ids[near[next]], l->ids[next]);
    present      = next;
  }
  PetscCall(PetscFree3(row, length, near));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The other points, on their landmarks. */
static void hang_points(HoleDistances d, const struct landmarks *l, HoleEdge edges[])
{
  HoleIndex a = 0, e = 0;

  for (HoleIndex v = 0; v < d->n; ++v) {
    if (a < l->n && v == l->ids[a]) ++a; /* a landmark itself */
    else edges[e++] = edge_of(l->length[v], v, l->nearest[v]);
  }
}

/* Collective. */
static PetscErrorCode join(HoleDistances d, hole_tiles tiles, struct landmarks *l, HoleEdge edges[])
{
  PetscFunctionBegin;
  HoleCallAgreed(d->comm, allocate_landmarks(d, l));    /* local */
  PetscCall(gather_landmarks(d, l));                    /* collective */
  HoleCallAgreed(d->comm, find_nearest(d, tiles, l));   /* local */
  PetscCall(share_nearest(d, l));                       /* collective */
  HoleCallAgreed(d->comm, join_landmarks(d, l, edges)); /* local */
  hang_points(d, l, edges + l->n - 1);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_landmarks_join(HoleDistances d, hole_tiles tiles, HoleEdge edges[])
{
  struct landmarks l = {0};
  PetscErrorCode   joined;

  PetscFunctionBegin;
  joined = join(d, tiles, &l, edges);
  PetscCall(PetscFree(l.ids));
  PetscCall(PetscFree(l.memory));
  PetscCall(PetscFree(l.nearest));
  PetscCall(PetscFree(l.length));
  PetscCall(PetscFree2(l.counts, l.starts));
  PetscCall(joined);
  PetscFunctionReturn(PETSC_SUCCESS);
}

double hole_landmarks_predict_bytes(HoleIndex n, HoleIndex stride)
{
  const size_t a_point = sizeof(HoleEdge) + sizeof(uint32_t) + sizeof(double);
  const double m       = (double)count_landmarks(n, PetscMax(1, stride));
  const double rows    = m * (double)sizeof(double) * (stride ? (double)stride : m) + m * STRIP * (double)sizeof(float);

  return (double)n * (double)a_point + rows;
}
