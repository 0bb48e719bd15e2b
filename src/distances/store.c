/* The rows of our own points, computed and kept: every block of points travels past.

   Within its own block a rank computes one half and mirrors it; a pair of points on different ranks is computed by both, to equal
   bits, which costs less than sending the values would. */
#include "distances_impl.h"
#include "geodesic.h"
#include "ring.h"

#include "../core/log.h"
#include "../core/threads.h"
#include <hole/hole_error.h>
#include <math.h>

enum { TILE = 32 /* rows a side; with 512 units a tile's rows fit the second-level cache */ };

/* A tile of our points from local row i and points y from global id j on, into the rows. */
static void compare_tile(HoleDistances d, HoleIndex i, HoleIndex n_i, HoleIndex j, HoleIndex n_j, const double y[])
{
  const double *x = d->points + i * d->point_stride;
  double        lengths[TILE * TILE];

  if (d->rows) {
    hole_distances_tile(d, d->first + i, n_i, x, j, n_j, y, d->rows + i * d->stride + j, d->stride);
    return;
  }
  hole_distances_tile(d, d->first + i, n_i, x, j, n_j, y, lengths, TILE);
  for (HoleIndex a = 0; a < n_i; ++a) {
    for (HoleIndex b = 0; b < n_j; ++b) d->short_rows[(i + a) * d->stride + j + b] = (float)lengths[a * TILE + b];
  }
}

/* Compare our points with those of another rank. */
static void compare_block(HoleDistances d, const struct hole_block *block)
{
  const HoleIndex s = d->point_stride;

#pragma omp parallel for num_threads(hole_threads()) schedule(dynamic)
  for (HoleIndex i = 0; i < d->n_local; i += TILE) {
    for (HoleIndex j = 0; j < block->count; j += TILE)
      compare_tile(d, i, PetscMin(TILE, d->n_local - i), block->first + j, PetscMin(TILE, block->count - j),
                   block->rows + j * s);
  }
}

/* Our points among themselves: tiles on and above the diagonal, mirrored below it. */
static void compare_own(HoleDistances d)
{
  const HoleIndex s = d->point_stride, n = d->n_local;

#pragma omp parallel for num_threads(hole_threads()) schedule(dynamic)
  for (HoleIndex i = 0; i < n; i += TILE) {
    for (HoleIndex j = i; j < n; j += TILE) {
      HoleIndex n_i = PetscMin(TILE, n - i), n_j = PetscMin(TILE, n - j);

      compare_tile(d, i, n_i, d->first + j, n_j, d->points + j * s);
      for (HoleIndex b = 0; b < n_j; ++b) {
        for (HoleIndex a = 0; a < n_i; ++a)
          hole_distances_put(d, j + b, d->first + i + a, hole_distances_at(d, i + a, d->first + j + b));
      }
    }
  }
}

/* Local. The diagonal is 0 by definition, whatever a formula gives. */
static PetscErrorCode check_rows(HoleDistances d)
{
  PetscFunctionBegin;
  for (HoleIndex i = 0; i < d->n_local; ++i) {
    double sum = 0;

    hole_distances_put(d, i, d->first + i, 0);
    for (HoleIndex j = 0; j < d->n; ++j)
      sum += hole_distances_at(d, i, j) - hole_distances_at(d, i, j); /* 0 unless a value is not finite */
    PetscCheck(sum == 0, PETSC_COMM_SELF, HOLE_ERR_INPUT,
               "Layer %s, row %" HoleIndex_FMT " is too far from others: a distance overflows %s precision", d->name,
               d->file_rows[i], d->single ? "single" : "double");
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective. */
static PetscErrorCode compute_rows(HoleDistances d)
{
  hole_ring         ring;
  struct hole_block block;

  PetscFunctionBegin;
  HoleCallAgreed(d->comm, hole_distances_allocate_rows(d));
  PetscCall(hole_ring_create(d, d->size, &ring));
  PetscCall(hole_ring_next(ring, &block));
  while (block.rows) {
    if (block.owner == d->rank) compare_own(d);
    else compare_block(d, &block);
    PetscCall(hole_ring_next(ring, &block));
  }
  PetscCall(hole_ring_destroy(&ring));
  HoleCallAgreed(d->comm, check_rows(d));
  if (d->part) PetscCall(hole_geodesic_fill_rows(d)); /* equal on all ranks */
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleDistancesStore(HoleDistances d)
{
  PetscErrorCode computed;
  PetscLogEvent  event;

  PetscFunctionBegin;
  if (hole_distances_stored(d)) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(hole_log_begin("HoleDistancesStore", &event));
  computed = compute_rows(d);
  PetscCall(hole_log_end(event));
  if (computed) {
    PetscCall(PetscFree(d->memory));
    d->rows       = NULL;
    d->short_rows = NULL;
  }
  PetscCall(computed);
  PetscFunctionReturn(PETSC_SUCCESS);
}
