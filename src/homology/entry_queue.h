/* entry_queue.h - entries, of which the least come first.

   A heap holds the least of them. What lies further away waits in tiers, in no order: each tier lies after the next one, and the heap
   before the last. Most entries of a column lie far beyond its pivot, so they are never ordered. The tiers are those of incremental
   sorting [ParedesNavarro2006]. */
#pragma once

#include "heap.h"

enum { HOLE_MOST_TIERS = 16 };

/* All 0 at first. */
struct hole_entry_queue {
  struct hole_entries heap;
  struct hole_entries fresh; /* for hole_entry_queue_take() */
  int                 n_tiers;
  struct hole_entries tiers[HOLE_MOST_TIERS];
  hole_entry bounds[HOLE_MOST_TIERS]; /* those of a tier come after its bound, those of the next and the heap do not */
};

/* Forget all entries, and the memory of long lists. */
PetscErrorCode hole_entry_queue_clear(struct hole_entry_queue *queue);

/* Put the entries listed in `fresh` in; the list is empty then. Local. Time: a few passes over them. */
PetscErrorCode hole_entry_queue_take(struct hole_entry_queue *queue);

/* The heap is empty: fill it, if there are entries. Those that are the same but for their `low_bits` come together. Local. */
PetscErrorCode hole_entry_queue_fill(struct hole_entry_queue *queue, int low_bits);

/* All entries, in no order, become those of `fresh`. */
PetscErrorCode hole_entry_queue_list(struct hole_entry_queue *queue);

double         hole_entry_queue_bytes(const struct hole_entry_queue *queue);
PetscErrorCode hole_entry_queue_destroy(struct hole_entry_queue *queue);
