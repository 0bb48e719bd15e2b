/* row_cache.h - any row of bounds on any rank, read where it is on this node, else asked from its owner by message and kept for a while.

   Every rank answers the requests of the others whenever it calls one of these functions, so a rank that uses a cache must
   keep calling hole_row_cache_serve() until all ranks are done. Nobody waits without serving: there is no deadlock. */
#pragma once

#include "bounds.h"

typedef struct hole_row_cache_s *hole_row_cache;

/* Rows worth keeping beside n_local own ones: as much again as a quarter of them, or a few. */
static inline HoleIndex hole_row_cache_capacity(HoleIndex n_local) { return PetscMax(256, n_local / 4); }

/* Bytes of a cache of that capacity for n points over `size` ranks, of values of so many bytes. */
double hole_row_cache_predict_bytes(HoleIndex n, size_t value, PetscMPIInt size);

/* Collective. Keeps at most `capacity` rows of other ranks, 8 or more. */
PetscErrorCode hole_row_cache_create(hole_bounds bounds, HoleIndex capacity, hole_row_cache *cache);

/* Not collective. Ask for row i without waiting, if there is room. */
PetscErrorCode hole_row_cache_prefetch(hole_row_cache cache, HoleIndex i);

/* Not collective. Row i; valid until the second call after this one. Waits, serving, if it is not here yet. */
PetscErrorCode hole_row_cache_get(hole_row_cache cache, HoleIndex i, const void **row);

/* Not collective. Answer what others have asked. */
PetscErrorCode hole_row_cache_serve(hole_row_cache cache);

/* Not collective. Wait, serving, for every row that was asked for; afterwards this rank expects no message. */
PetscErrorCode hole_row_cache_drain(hole_row_cache cache);

/* Rows that were asked from other ranks so far. */
HoleIndex hole_row_cache_fetched(hole_row_cache cache);

/* Collective: no rank may still wait for a row. */
PetscErrorCode hole_row_cache_destroy(hole_row_cache *cache);
