/* consumer.h - who wants to know something about all pairs. Each tile is shown to every consumer of a pass, once.

   A consumer either takes candidates: pairs whose lower bound does not exceed the larger of a cut of the row and a cut of the
   column (`cut` and `take`); or it looks at whole tiles (`sweep`). Cuts only ever fall, so an old one is valid too. */
#pragma once

#include "tiles.h"

/* i is one of our own points, j one of the block at hand. */
struct hole_candidate {
  uint32_t i, j;
  float    low, high;
};

/* A few of our own points that are near each other, and upper bounds of all their pairs. */
struct hole_clump {
  HoleIndex       n;
  const uint32_t *ids;  /* [n] */
  const float    *low;  /* [n, n] */
  const float    *high; /* [n, n] */
};

struct hole_consumer;

struct hole_consumer_ops {
  /* Collective: a block is about to be compared. `from` is the rank that meanwhile compares its points with ours: the one
     with which whatever concerns the points of the block, and ours, is exchanged. */
  PetscErrorCode (*begin_block)(struct hole_consumer *consumer, const struct hole_block *block, PetscMPIInt from);
  /* Local, before our own block is compared: clumps, each point in one, then NULL. They may lower cuts; their pairs are shown again. */
  PetscErrorCode (*hint)(struct hole_consumer *consumer, const struct hole_clump *clump);
  /* Local, by several threads: cuts for row i of a tile; columns[b] belongs to column b. */
  void (*cut)(const struct hole_consumer *consumer, const struct hole_tile *tile, HoleIndex i, float *row,
              const float *columns[]);
  /* Local. */
  PetscErrorCode (*take)(struct hole_consumer *consumer, HoleIndex n, const struct hole_candidate candidates[]);
  /* Local: instead of cut and take. */
  PetscErrorCode (*sweep)(struct hole_consumer *consumer, const struct hole_tile *tile);
  /* Collective: all pairs of a block have been shown, and are about to be settled. */
  PetscErrorCode (*agree)(struct hole_consumer *consumer, const struct hole_block *block, PetscMPIInt from);
  /* Local: everything that is known by bounds only must be settled now, of the block and of our own points among themselves: the
     points of the block leave, or this was the last one. */
  PetscErrorCode (*settle)(struct hole_consumer *consumer);
  /* Collective: after settle. */
  PetscErrorCode (*end_block)(struct hole_consumer *consumer, const struct hole_block *block, PetscMPIInt from);
  /* Collective: all blocks are done. */
  PetscErrorCode (*finish)(struct hole_consumer *consumer);
  PetscErrorCode (*destroy)(struct hole_consumer *consumer);
};

/* The first field of every consumer. */
struct hole_consumer {
  const struct hole_consumer_ops *ops;
  HoleDistances                   d;
  hole_tiles                      tiles;
};
