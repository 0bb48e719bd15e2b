/* order.h - the order of nodes in columns side by side, with few crossings of the links between neighbouring columns. */
#pragma once

#include <hole/hole_types.h>

struct hole_columns {
  HoleIndex  n;        /* columns */
  HoleIndex *size;     /* [n] nodes of each */
  int64_t  **weight;   /* [n - 1] links from column k to k + 1: [size[k], size[k + 1]], 0 for none */
  int32_t  **position; /* [n] of each node of a column: its place, in and out */
};

/* Make room for `n` columns without nodes. */
PetscErrorCode hole_columns_create(HoleIndex n, struct hole_columns *c);

/* Make room for the positions and the links of columns whose sizes are set: nodes as numbered, no links. */
PetscErrorCode hole_columns_allocate(struct hole_columns *c);
PetscErrorCode hole_columns_free(struct hole_columns *c);

/* Look for an order with fewer crossings than the one given, and count them: the sum over pairs of links that cross of the product
   of their weights. Equal input gives equal output. Not collective. */
PetscErrorCode hole_columns_order(struct hole_columns *c, int64_t *crossings);
