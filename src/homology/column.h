/* column.h - a column of the reduction on its way through the windows.

   A column is the coboundary of a chain of simplices. It is never stored: the chain is, and the next few cofacets are generated from it as
   they are needed. There are two ways of computing, and a column looks the same in both:

       by lengths   birth (length, i, j), chain of edges {i, j}, cofacets are struct hole_triangle
       by ranks     birth (rank of the longest edge, halves of an entry), chain of entries in halves, cofacets are entries */
#pragma once

#include "../tree/edge_order.h"

/* Two halves of 32 bits: the ends of an edge, or an entry, the upper half first. */
struct hole_chain_item {
  uint32_t i, j;
};

/* Of the cofacets whose longest edge is before `complete` all have been generated, and those that are not cancelled are in `ahead`, a
   heap. So a column that moves on needs no second look at the rows of its chain. */
struct hole_column {
  struct hole_edge_key    birth; /* the earliest of the chain */
  double                  ready; /* steps after the start at which it came out of its last window: work.h */
  HoleIndex               n, capacity;
  struct hole_chain_item *chain; /* [n] */
  double                  complete;
  HoleIndex               n_ahead;
  void                   *ahead; /* [n_ahead] */
  double                  rests; /* it has no cofacet with a longest edge before this one */
  struct hole_column     *next;  /* in a queue */
};

/* A column with the chain {birth}. */
PetscErrorCode hole_column_create(struct hole_edge_key birth, struct hole_column **column);
PetscErrorCode hole_column_destroy(struct hole_column **column);

/* Add the items of another chain; equal ones are put together later. */
PetscErrorCode hole_column_append(struct hole_column *column, HoleIndex n, const struct hole_chain_item chain[]);

/* What a reduction did, for balance and reports. */
struct hole_reduction_work {
  HoleIndex n_cofacets, n_additions, n_scans;
  HoleIndex n_places; /* of rows, looked at */
};

/* In one number, as times of a cofacet. */
double hole_reduction_work_steps(const struct hole_reduction_work *work);
