/* bounds.h - all pairs by rows: a lower bound of every length in 16 or 32 bits, and the length itself when it is asked for.

   Where points are given, the bounds come from products of tiles (tiles.h), in a quarter of the memory of lengths and many times faster; what
   they cannot decide is decided by the length, computed from the two points. Metrics that no product bounds have lengths, rounded to floats.
   Where rows of lengths are stored already, of doubles or of floats, they are their own bounds, and nothing is computed.

   A bound is not of a length but of its measure, which grows with it; `above` and `below` turn a length into one. */
#pragma once

#include "../core/block.h"
#include "../core/shared.h"
#include "codes.h"
#include "consumer.h"
#include <hole/hole_pass.h>

typedef struct hole_bounds_s *hole_bounds;

/* What rows hold. */
enum hole_bounds_kind { HOLE_BOUNDS_CODES, HOLE_BOUNDS_FLOATS, HOLE_BOUNDS_DOUBLES };

struct hole_bounds_s {
  HoleDistances d;
  HoleIndex     n, first, n_local;
  HoleIndex     stride; /* values of a row, a multiple of the lanes of a vector; beyond n they are as large as can be */
  PetscBool     exact;  /* rows are of lengths: doubles or floats */
  enum hole_bounds_kind kind;
  size_t                value; /* bytes of a value */
  MPI_Datatype          type;
  char                 *rows;  /* [n_local, stride] at a multiple of 64 bytes */
  char                **parts; /* [ranks] the rows of each rank, where this one can read them; NULL for others */
  PetscBool             here;  /* it can read all of them */
  float               *
      slack; /* [stride] equal on all ranks: what a bound may fall short by, see hole_tile_high(); 0 for lengths, NULL for codes */
  struct hole_codes codes;

  /* For lengths that are not stored. */
  hole_tiles     tiles;
  const double **points; /* [ranks] those of each */
  hole_shared    shared; /* a copy of all of them, where not all can be read in their place; else NULL */
  hole_shared    shared_rows;
};

/*
 * Bounds of all pairs. Collective. Points: a pass for them alone, and 2 bytes a pair of points, or 4, over all ranks; the ranks of
 * a node read each other's rows. Rows that are stored are borrowed: `d` must outlive the bounds. Of lengths beyond `longest`, which may be
 * infinite, bounds need not tell more than that.
 *
 * HOLE_ERR_INPUT: a length overflows. HOLE_ERR_RESOURCE: no memory.
 */
PetscErrorCode hole_bounds_create(HoleDistances d, double longest, hole_bounds *bounds);

/*
 * The same from a pass that finds other things too: what every tile says is kept. To be wanted before the pass is run, of points; longest
 * INFINITY: up to the enclosing radius, if that is wanted too. To be taken after it; NULL where rows are stored. Not collective.
 */
void hole_pass_want_bounds(HolePass pass, double longest);
void hole_pass_take_bounds(HolePass pass, hole_bounds *bounds);

/* How the pass does it: a consumer, collective; its bounds, half of them, after the sweep; and, once they have the tiles of that sweep for their own,
   all of them, collective. */
PetscErrorCode hole_bounds_keep(HoleDistances d, hole_tiles tiles, double longest, struct hole_consumer **consumer);
hole_bounds    hole_bounds_get(struct hole_consumer *consumer);
PetscErrorCode hole_bounds_complete(hole_bounds bounds);

/* Collective. Accepts a pointer to NULL. */
PetscErrorCode hole_bounds_destroy(hole_bounds *bounds);

/* Bytes of a value, and of a rank for n points over `size` ranks, where no rows are stored; of more than one also those that each node holds
   once. */
size_t hole_bounds_predict_value(HoleMetric metric);
double hole_bounds_predict_bytes(HoleMetric metric, HoleIndex n, PetscMPIInt size);
double hole_bounds_predict_node(HoleMetric metric, HoleIndex n, HoleIndex width);

/* An own row. */
static inline const void *hole_bounds_own_row(hole_bounds b, HoleIndex local)
{
  return b->rows + (size_t)(local * b->stride) * b->value;
}

/* The row of any point, NULL if it cannot be read here: on another node, stored by another rank, or on a node without room for shared memory. */
static inline const void *hole_bounds_row(hole_bounds b, HoleIndex i)
{
  const PetscMPIInt owner = hole_block_owner(b->n, b->d->size, i);
  const HoleIndex   local = i - hole_block_first(b->n, b->d->size, owner);

  return b->parts[owner] ? b->parts[owner] + (size_t)(local * b->stride) * b->value : NULL;
}

/* Bounds of the measure of (i, m), given the row of i; of codes in their steps. */
static inline double hole_bounds_low(hole_bounds b, const void *row, HoleIndex m)
{
  switch (b->kind) {
  case HOLE_BOUNDS_CODES:
    return hole_codes_low(((const int16_t *)row)[m]);
  case HOLE_BOUNDS_FLOATS:
    return (double)((const float *)row)[m];
  default:
    return ((const double *)row)[m];
  }
}
static inline double hole_bounds_high(hole_bounds b, HoleIndex i, const void *row, HoleIndex m)
{
  if (b->kind == HOLE_BOUNDS_CODES)
    return hole_codes_high(((const int16_t *)row)[m], b->codes.slack[i], b->codes.slack[m]);
  if (b->exact) return hole_bounds_low(b, row, m);
  return (double)hole_tile_high(((const float *)row)[m], b->slack[i], b->slack[m]);
}

static inline const double *hole_bounds_point(hole_bounds b, HoleIndex m)
{
  const PetscMPIInt owner = hole_block_owner(b->n, b->d->size, m);

  return b->points[owner] + (m - hole_block_first(b->n, b->d->size, owner)) * b->d->point_stride;
}

/* The length itself. */
static inline double hole_bounds_length(hole_bounds b, HoleIndex i, const void *row, HoleIndex m)
{
  const double *point;
  double        length;

  if (b->exact) return hole_bounds_low(b, row, m);
  if (i == m) return 0; /* by definition, whatever a formula gives */
  point = hole_bounds_point(b, m);
  hole_distances_scatter(b->d, i, hole_bounds_point(b, i), 1, &m, &point, &length);
  return length;
}

/* A measure that no length up to this one exceeds, and one that is exceeded by none from this one on. */
static inline double hole_bounds_above(hole_bounds b, double length)
{
  double measure;

  if (b->exact) return length;
  measure = (double)hole_tiles_measure_above(b->tiles, length);
  return b->kind == HOLE_BOUNDS_CODES ? hole_codes_above(&b->codes, measure) : measure;
}
static inline double hole_bounds_below(hole_bounds b, double length)
{
  double measure;

  if (b->exact) return length;
  measure = (double)hole_tiles_measure_below(b->tiles, length);
  return b->kind == HOLE_BOUNDS_CODES ? hole_codes_below(&b->codes, measure) : measure;
}

/* How many pairs have a length up to this one, which is finite. Collective. */
PetscErrorCode hole_bounds_count_pairs(hole_bounds bounds, double length, HoleIndex *n_pairs);
