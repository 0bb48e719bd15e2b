/* tiles.h - pairs of points by the tile: lower and upper bounds from products in single precision, lengths in double.

   A bound is not of the length itself but of its measure, which grows with it: the squared distance of scaled points, or the
   length where no product bounds the metric. Measures are single precision. `low` of a tile is never above the measure of the pair's length, and
   finite; high = hole_tile_high() is never below it. docs/math/distances.md has the proof.

   What a bound cannot decide is decided by hole_tile_length(), in double: results do not depend on tiles, ranks or BLAS. */
#pragma once

#include "distances_impl.h"
#include "ring.h"

/* Rows [i, i + n_i) of our own points against points [j, j + n_j) of the block at hand; ids are global. Where i == j only the
   pairs above the diagonal count; other tiles never hold a pair twice. */
struct hole_tile {
  HoleIndex    i, n_i, j, n_j;
  HoleIndex    stride;
  float       *low;               /* [n_i, stride] */
  PetscBool    of_shadows;        /* bounds are of shadows, but for those that were refined */
  const float *slack_i, *slack_j; /* of the rows and of the columns */
};

typedef struct hole_tiles_s *hole_tiles;

enum {
  HOLE_TILE      = 1024, /* rows of a tile */
  HOLE_MOST_TILE = 2048
};

/* Rows of a tile: option -distances_tile. */
PetscErrorCode hole_tiles_get_size(HoleIndex *size);

/* Collective. Needs the points, or the stored rows. Shadows are made along n_axes axes, where points have many more units. */
PetscErrorCode hole_tiles_create(HoleDistances d, HoleIndex n_axes, hole_tiles *tiles);

PetscBool hole_tiles_have_shadows(hole_tiles tiles);

/* Do bounds come from products? Otherwise they are lengths, rounded. */
PetscBool hole_tiles_have_products(hole_tiles tiles);

/* Local: the block against which our points are compared from now on; its rows must stay where they are. */
PetscErrorCode hole_tiles_set_block(hole_tiles tiles, const struct hole_block *block);

/* Collective, after it, before tiles of shadows are filled: those of the block come from its owner, ours go to the rank that compares its
   points with ours. They are a few numbers; to cast them anew takes longer. */
PetscErrorCode hole_tiles_exchange_shadows(hole_tiles tiles, PetscMPIInt from);

/* Local: fill a tile whose i, n_i, j, n_j, stride, memory and of_shadows are set. May be called by several threads at once. */
void hole_tiles_fill(hole_tiles tiles, struct hole_tile *tile);

/* What the bounds of own points may fall short by, [n_local]. */
const float *hole_tiles_slack(hole_tiles tiles);

/* Free what only products need; measures still work. */
PetscErrorCode hole_tiles_free_points(hole_tiles tiles);

/* Local: bounds of n pairs of row a from all units, in place of those of shadows. Only those have an upper bound. */
void hole_tiles_refine(hole_tiles tiles, const struct hole_tile *tile, HoleIndex a, HoleIndex n,
                       const uint16_t columns[]);

/* Local: own points [i, i + n) in n_groups groups, up to 256, of points near each other; needs shadows. */
void hole_tiles_group(hole_tiles tiles, HoleIndex i, HoleIndex n, HoleIndex n_groups, uint8_t groups[]);

/* Local: bounds [n, n] of all pairs of up to HOLE_MOST_CLUMP own points; needs shadows. */
enum { HOLE_MOST_CLUMP = 96 };
void hole_tiles_fill_clump(hole_tiles tiles, HoleIndex n, const uint32_t ids[], float low[], float high[]);

/* The length of own point i and point j of the block, or another own one. */
double hole_tiles_length(hole_tiles tiles, HoleIndex i, HoleIndex j);

/* That length is to be computed soon: bring both points into the cache. */
void hole_tiles_prefetch(hole_tiles tiles, HoleIndex i, HoleIndex j);

/* The lengths of own point i and n points of the block or own ones, and of point j of the block and n own ones: faster than one by one. */
void hole_tiles_lengths_from_own(hole_tiles tiles, HoleIndex i, HoleIndex n, const HoleIndex j[], double lengths[]);
void hole_tiles_lengths_from_block(hole_tiles tiles, HoleIndex j, HoleIndex n, const HoleIndex i[], double lengths[]);

/* A measure that no length up to this one exceeds, and one that is exceeded by none of the lengths from this one on. */
float hole_tiles_measure_above(hole_tiles tiles, double length);
float hole_tiles_measure_below(hole_tiles tiles, double length);

/* Upper bound that belongs to a lower one. */
static inline float hole_tile_high(float low, float slack_i, float slack_j)
{
  return (low + slack_i + slack_j) * (1 + 0x1p-20F);
}

/* Bytes of the bounds of n points of `width` units over `size` ranks; width 0: no products are made. */
double hole_tiles_predict_bytes(HoleIndex n, HoleIndex width, HoleIndex n_axes, PetscMPIInt size);

PetscErrorCode hole_tiles_destroy(hole_tiles *tiles);
