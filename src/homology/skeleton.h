/* skeleton.h - the edges of a filtration by rank: their places in the total order, 0, 1, 2, ...

   With ranks for lengths there are no ties, and all comparisons are of integers. A node holds the skeleton once, in memory that its
   ranks share. Rows are dense where many pairs are edges: row i has the rank of (i, k) at place k, HOLE_NO_EDGE where there is
   no edge, and for k = i. Else rows are sparse: the neighbours of i, ascending, with the ranks of their edges. */
#pragma once

#include "../core/shared.h"
#include <hole/hole_filtration.h>
#include <stdint.h>

#define HOLE_NO_EDGE UINT32_MAX

enum { HOLE_RANK_LANES = 16 };

struct hole_neighbour {
  uint32_t vertex, rank;
};

typedef struct hole_skeleton_s *hole_skeleton;

/* To be read; everything but the first lines lies in shared memory. */
struct hole_skeleton_s {
  MPI_Comm  comm;
  HoleIndex n, stride; /* vertices; places of a dense row, a multiple of HOLE_RANK_LANES, those behind n without edge */
  uint32_t  n_edges,
      n_active; /* edges up to the threshold; those up to the cutoff, beyond which nothing is born or dies */
  const uint32_t (*ends)[2];               /* [n_edges] i < j */
  const double                *lengths;    /* [n_edges] */
  const uint32_t              *rows;       /* dense: [n, stride]; else NULL */
  const uint64_t              *starts;     /* sparse: [n + 1] */
  const struct hole_neighbour *neighbours; /* sparse: [starts[n]] */
  hole_shared                  shared;
  HoleIndex                    n_sorted; /* edges that this rank had when all were sorted */
};

/*
 * Make the skeleton of a filtration that is set up.
 *
 * Collective. HOLE_ERR_RESOURCE: no memory on some rank, or 2^32 - 1 edges or more.
 * Memory: a node 16 bytes an edge, and 4 n^2 (dense) or 16 bytes an edge (sparse) more; a rank 32 bytes for its share of the edges
 * while they are sorted. Time: sorting, and two writes (dense) or six (sparse) an edge.
 */
PetscErrorCode hole_skeleton_create(HoleFiltration f, hole_skeleton *skeleton);

/* Collective. Accepts a pointer to NULL. */
PetscErrorCode hole_skeleton_destroy(hole_skeleton *skeleton);

/* Bytes of a rank while a complete filtration of n points is sorted; and those that each node holds once from then on. */
double hole_skeleton_predict_sort(HoleIndex n, PetscMPIInt size);
double hole_skeleton_predict_node(HoleIndex n);

/* Bytes that each node holds of a graph. */
double hole_skeleton_predict_graph(HoleIndex n, double n_edges, PetscInt max_dim);

/* Dense: row of i. */
static inline const uint32_t *hole_skeleton_row(hole_skeleton s, HoleIndex i) { return s->rows + i * s->stride; }

/* The rank of (i, j), HOLE_NO_EDGE if there is none; sparse: a search in the row of i. */
static inline uint32_t hole_skeleton_rank(hole_skeleton s, HoleIndex i, HoleIndex j)
{
  uint64_t low, high;

  if (s->rows) return hole_skeleton_row(s, i)[j];
  for (low = s->starts[i], high = s->starts[i + 1]; low < high;) {
    uint64_t middle = (low + high) / 2;

    if (s->neighbours[middle].vertex == (uint32_t)j) return s->neighbours[middle].rank;
    if (s->neighbours[middle].vertex < (uint32_t)j) low = middle + 1;
    else high = middle;
  }
  return HOLE_NO_EDGE;
}

/* Vertices with edges to some others, in no row's order but ascending. */
enum { HOLE_MOST_SPREAD = 3 };

struct hole_common {
  HoleIndex n;
  uint32_t *vertices; /* [n] */
  uint32_t *ranks[4]; /* [n] of the edges to the first, second, ... of the others */
  uint32_t *room;     /* all of it: n vertices of the skeleton would fit */
  uint32_t
      *spread[HOLE_MOST_SPREAD]; /* [vertices of the skeleton] sparse: the row of a vertex, HOLE_NO_EDGE without edge */
  uint32_t spread_of[HOLE_MOST_SPREAD]; /* which */
};

/* Local. */
PetscErrorCode hole_common_create(hole_skeleton s, struct hole_common *common);
PetscErrorCode hole_common_destroy(struct hole_common *common);

/*
 * The vertices that have an edge to each of `others` [n_others], 2 to 4, the last of these edges in [low, high). Local.
 * Time: one pass over the rows of the others; sparse: of the last of them, and of those that are not the same as the last time.
 */
void hole_skeleton_common(hole_skeleton s, int n_others, const uint32_t others[], uint32_t low, uint32_t high,
                          struct hole_common *common);

/* The rank of (other, v), where `other` was number `o` of those last asked for, and not the last of them. */
uint32_t hole_common_rank(hole_skeleton s, const struct hole_common *common, int o, uint32_t other, uint32_t v);

/* The first vertex whose edges to `others` [2] precede `high`, and those to `more` [2] precede `high_more`; HOLE_NO_EDGE if there is
   none. Local. */
uint32_t hole_skeleton_first_common(hole_skeleton s, const uint32_t others[2], uint32_t high, const uint32_t more[2],
                                    uint32_t high_more);

/* What a look at the row of a vertex counts, in places that are compared side by side: neighbours are looked at one by one. */
enum { HOLE_PLACES_ONE_BY_ONE = 8 };

static inline HoleIndex hole_skeleton_places(hole_skeleton s, uint32_t v)
{
  return s->rows ? s->stride : HOLE_PLACES_ONE_BY_ONE * (HoleIndex)(s->starts[v + 1] - s->starts[v]);
}

/* The most central vertex of the lune of an edge: of those next to both ends by earlier edges the one that minimises the later of the
   two; HOLE_NO_EDGE if there is none. `common` has the room. Local. Time: one pass over two rows. */
uint32_t hole_skeleton_center(hole_skeleton s, uint32_t edge, struct hole_common *common);
