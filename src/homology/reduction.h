/* reduction.h - columns of persistent cohomology in dimension 1, reduced within a window of lengths.

   A column is the coboundary of a chain of edges. It is never stored: the chain is, and the next few triangles are generated
   from it as they are needed. Triangles are ordered by longest edge, then opposite vertex: the most central vertex of the edge's lune
   first, then by id. The pivot of a column is its first triangle. */
#pragma once

#include "../distances/row_cache.h"
#include "../tree/edge_order.h"

struct hole_chain_edge {
  uint32_t i, j;
};

/* A triangle: longest edge and opposite vertex. */
struct hole_triangle {
  struct hole_edge_key edge;
  uint32_t             vertex;
};

/* A column that is born at edge `birth`, with its chain; `birth` is the chain's earliest edge.

   Of its triangles those shorter than `complete` have been generated, and those that are not cancelled are in `ahead`, a heap. So a
   column that moves on needs no second look at the rows of its chain. */
struct hole_column {
  struct hole_edge_key    birth;
  HoleIndex               n, capacity;
  struct hole_chain_edge *chain; /* [n] */
  double                  complete;
  HoleIndex               n_ahead;
  struct hole_triangle   *ahead; /* [n_ahead] */
};

/* What the reduction did, for balance and reports. */
struct hole_reduction_work {
  HoleIndex n_cofacets, n_additions, n_scans;
};

typedef struct hole_reduction_s *hole_reduction;

/* Not collective. Rows come from `cache`; there are no triangles of length `end` or more. */
PetscErrorCode hole_reduction_create(HoleDistances d, hole_row_cache cache, double end, hole_reduction *reduction);

/* A column with the chain {birth}. */
PetscErrorCode hole_column_create(struct hole_edge_key birth, struct hole_column **column);
PetscErrorCode hole_column_destroy(struct hole_column **column);

/*
 * Reduce a column against those reduced before it, within triangles shorter than `high`, the end of its window.
 *
 * If a pivot is found there the column now belongs to the reduction, and *column is NULL; otherwise the column is ready for the
 * next window. Columns of one window must come in the global order: latest birth first.
 */
PetscErrorCode hole_reduction_reduce(hole_reduction reduction, double high, struct hole_column **column,
                                     struct hole_triangle *pivot, PetscBool *found);

const struct hole_reduction_work *hole_reduction_get_work(hole_reduction reduction);

PetscErrorCode hole_reduction_destroy(hole_reduction *reduction);

/* Bytes of a rank for n points over `size` ranks, rows left out; it depends on the data: more where many loops are long. */
double hole_reduction_predict_bytes(HoleIndex n, PetscMPIInt size);
