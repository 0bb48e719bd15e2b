/* reduction.h - columns of persistent cohomology in dimension 1, reduced within a window of lengths.

   A column is the coboundary of a chain of edges. It is never stored: the chain is, and the next few triangles are generated
   from it as they are needed. Triangles are ordered by longest edge, then opposite vertex: the most central vertex of the edge's lune
   first, then by id. The pivot of a column is its first triangle. */
#pragma once

#include "../distances/row_cache.h"
#include "../tree/edge_order.h"
#include "column.h"

/* A triangle: longest edge and opposite vertex. */
struct hole_triangle {
  struct hole_edge_key edge;
  uint32_t             vertex;
};

typedef struct hole_reduction_s *hole_reduction;

/* Not collective. Rows come from `cache`; there are no triangles of length `end` or more. */
PetscErrorCode hole_reduction_create(hole_bounds bounds, hole_row_cache cache, double end, hole_reduction *reduction);

/*
 * Reduce a column against those reduced before it, within triangles shorter than `high`, the end of its window.
 *
 * If a pivot is found there the column now belongs to the reduction, and *column is NULL; otherwise the column is ready for the
 * next window. Columns of one window must come in the global order: latest birth first.
 */
PetscErrorCode hole_reduction_reduce(hole_reduction reduction, double high, struct hole_column **column,
                                     struct hole_triangle *pivot, PetscBool *found);

/* Borrow the chain of the column with this pivot, found here. */
PetscErrorCode hole_reduction_chain(hole_reduction reduction, const struct hole_triangle *pivot, HoleIndex *n,
                                    const struct hole_chain_item *chain[]);

const struct hole_reduction_work *hole_reduction_get_work(hole_reduction reduction);

PetscErrorCode hole_reduction_destroy(hole_reduction *reduction);

/* Bytes of a rank for n points over `size` ranks, rows left out; it depends on the data: more where many loops are long. */
double hole_reduction_predict_bytes(HoleIndex n, PetscMPIInt size);
