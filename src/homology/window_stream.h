/* window_stream.h - columns on their way through the windows: bounds, owners, queues and messages. */
#pragma once

#include "../distances/row_cache.h"
#include "reduction.h"

typedef struct hole_stream_s *hole_stream;

/*
 * Cut [0, cutoff] into windows and bring each column to the owner of the window of its birth.
 *
 * Collective. `births` [n_births] are ascending on each rank, of all ranks together each edge once. `n_windows` 0 lets the
 * stream choose. A cofacet that a column takes along has `ahead_bytes`. Bounds follow a guess of the work,
 * so that windows have about as much each.
 */
PetscErrorCode hole_stream_create(MPI_Comm comm, PetscInt n_windows, double cutoff, HoleIndex n_births,
                                  const struct hole_edge_key births[], size_t ahead_bytes, hole_stream *stream);

/* How many windows there are. */
HoleIndex hole_stream_size(hole_stream stream);

/* The length at which a window ends (excluded), and whether it is the last. */
void hole_stream_end(hole_stream stream, HoleIndex window, double *high, PetscBool *last);

/*
 * The next column to reduce, now the caller's, and its window; NULL if none is ready. Not collective; receives what has
 * come, and asks `cache`, unless it is NULL, for the rows that come next.
 * `finished` once all windows of this rank are done, or a rank has failed.
 */
PetscErrorCode hole_stream_next(hole_stream stream, hole_row_cache cache, HoleIndex *window,
                                struct hole_column **column, PetscBool *finished);

/* Send a column from `window` to the next one; *column is NULL afterwards. Not collective. */
PetscErrorCode hole_stream_pass_on(hole_stream stream, HoleIndex window, struct hole_column **column);

/* Columns born in windows of this rank: handed out so far, and in all. */
void hole_stream_progress(hole_stream stream, HoleIndex *n_done, HoleIndex *n_columns);

/* Tell every other rank that this one gives up. Not collective. */
PetscErrorCode hole_stream_abandon(hole_stream stream);

/* Collective, from any state: receive and serve until every rank is here. */
PetscErrorCode hole_stream_finish(hole_stream stream, hole_row_cache cache);

/* Columns, messages and bytes sent to other ranks. */
void hole_stream_traffic(hole_stream stream, HoleIndex *n_columns, HoleIndex *n_messages, HoleIndex *n_bytes);

PetscErrorCode hole_stream_destroy(hole_stream *stream);
