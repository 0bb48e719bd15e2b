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
  float       *low;     /* [n, n] bounds of their own pairs */
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
  PetscCall(PetscMalloc1(l->n * l->n, &l->low));
  PetscCall(PetscMalloc1(d->n, &l->nearest));
  PetscCall(PetscMalloc1(d->n, &l->length));
  PetscCall(PetscMalloc2(d->size, &l->counts, d->size, &l->starts));
  for (HoleIndex a = 0; a < l->n; ++a) l->ids[a] = a * d->n / l->n;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: rows of m values of all landmarks, on every rank, where each rank has those of its own in their place. */
static PetscErrorCode gather_rows(HoleDistances d, struct landmarks *l, HoleIndex m, MPI_Datatype value, void *rows)
{
  MPI_Datatype row;
  PetscMPIInt  n_values;

  PetscFunctionBegin;
  PetscCall(PetscArrayzero(l->counts, d->size));
  PetscCall(PetscArrayzero(l->starts, d->size));
  for (HoleIndex a = 0; a < l->n; ++a) {
    const PetscMPIInt owner = hole_block_owner(d->n, d->size, l->ids[a]);

    if (!l->counts[owner]++) PetscCall(hole_mpi_int(a, &l->starts[owner]));
  }
  PetscCall(hole_mpi_int(m, &n_values));
  PetscCallMPI(MPI_Type_contiguous(n_values, value, &row));
  PetscCallMPI(MPI_Type_commit(&row));
  PetscCallMPI(MPI_Allgatherv(MPI_IN_PLACE, 0, row, rows, l->counts, l->starts, row, d->comm));
  PetscCallMPI(MPI_Type_free(&row));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscBool is_own(HoleDistances d, HoleIndex id)
{
  return (PetscBool)(id >= d->first && id < d->first + d->n_local);
}

/* Collective. */
static PetscErrorCode gather_landmarks(HoleDistances d, struct landmarks *l)
{
  const HoleIndex m = row_length(d, l);

  PetscFunctionBegin;
  for (HoleIndex a = 0; a < l->n; ++a) {
    const HoleIndex i = l->ids[a] - d->first;

    if (!is_own(d, l->ids[a])) continue;
    for (HoleIndex b = 0; hole_distances_stored(d) && b < l->n; ++b)
      l->rows[a * m + b] = hole_distances_at(d, i, l->ids[b]);
    if (!hole_distances_stored(d)) PetscCall(PetscArraycpy(l->rows + a * m, d->points + i * m, m));
  }
  PetscCall(gather_rows(d, l, m, MPI_DOUBLE, l->rows));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The landmark whose lower bound is least: of one own point, from a row of a tile. */
static HoleIndex find_least(HoleIndex n, const float low[])
{
  HoleIndex least = 0;

  for (HoleIndex b = 1; b < n; ++b) least = low[b] < low[least] ? b : least;
  return least;
}

/* The first landmark whose id is not below one. */
static HoleIndex landmark_from(const struct landmarks *l, HoleIndex id)
{
  HoleIndex a = 0;

  while (a < l->n && l->ids[a] < id) ++a;
  return a;
}

/* Local: the landmark nearest to each own point, as far as single precision can tell; any would do. Landmarks are among the points:
   their rows are kept. */
static PetscErrorCode find_nearest(HoleDistances d, hole_tiles tiles, struct landmarks *l)
{
  struct hole_block block  = {-1, 0, l->n, l->rows, l->ids};
  struct hole_tile  tile   = {.n_i = 1, .n_j = l->n, .stride = l->n};
  const PetscBool   stored = hole_distances_stored(d);
  HoleIndex         mark   = landmark_from(l, d->first);

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
      if (mark < l->n && l->ids[mark] == d->first + i)
        PetscCall(PetscArraycpy(l->low + mark++ * l->n, tile.low + a * l->n, l->n));
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

/* The length of two landmarks. */
static double measure_pair(HoleDistances d, const struct landmarks *l, HoleIndex a, HoleIndex b)
{
  const double *row = l->rows + b * d->point_stride;
  double        length;

  if (hole_distances_stored(d)) return l->rows[a * l->n + b];
  hole_distances_scatter(d, l->ids[a], l->rows + a * d->point_stride, 1, &l->ids[b], &row, &length);
  return length;
}

static HoleEdge edge_of(double length, HoleIndex a, HoleIndex b)
{
  return (HoleEdge){length, PetscMin(a, b), PetscMax(a, b)};
}

/* Local: a tree of the landmarks by their bounds [Prim 1957]; every rank makes the same. */
static PetscErrorCode join_landmarks(HoleDistances d, const struct landmarks *l, HoleEdge edges[])
{
  float     *least;
  HoleIndex *near, present = 0;
  PetscBool *joined;

  PetscFunctionBegin;
  PetscCall(PetscMalloc3(l->n, &least, l->n, &near, l->n, &joined));
  for (HoleIndex b = 0; b < l->n; ++b) {
    least[b]  = INFINITY;
    near[b]   = 0;
    joined[b] = PETSC_FALSE;
  }
  for (HoleIndex m = 1; m < l->n; ++m) {
    const float *row  = l->low + present * l->n;
    HoleIndex    next = -1;

    joined[present] = PETSC_TRUE;
    for (HoleIndex b = 0; b < l->n; ++b) {
      if (joined[b]) continue;
      if (row[b] <= least[b]) near[b] = present;
      least[b] = fminf(row[b], least[b]);
      if (next < 0 || least[b] < least[next]) next = b;
    }
    edges[m - 1] = edge_of(measure_pair(d, l, near[next], next), l->ids[near[next]], l->ids[next]);
    present      = next;
  }
  PetscCall(PetscFree3(least, near, joined));
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
  HoleCallAgreed(d->comm, allocate_landmarks(d, l));     /* local */
  PetscCall(gather_landmarks(d, l));                     /* collective */
  HoleCallAgreed(d->comm, find_nearest(d, tiles, l));    /* local */
  PetscCall(gather_rows(d, l, l->n, MPI_FLOAT, l->low)); /* collective */
  PetscCall(share_nearest(d, l));                        /* collective */
  HoleCallAgreed(d->comm, join_landmarks(d, l, edges));  /* local */
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
  PetscCall(PetscFree(l.low));
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
  const double rows =
      m * (double)sizeof(double) * (stride ? (double)stride : m) + m * (m + STRIP) * (double)sizeof(float);

  return (double)n * (double)a_point + rows;
}
