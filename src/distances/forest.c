/* The minimum spanning tree, from edges in any order and O(n) memory.

   A rank keeps a pool of edges among which are all edges of the tree that it has met so far. An edge is of no interest if a
   path of edges that are certainly shorter joins its ends: it would be the longest of a cycle. The longest edge of the path
   between i and j in a spanning forest is at most the longer of those from i and from j to any root; so every point is given
   to one of a few groups, each with a root in a dense part of the forest, and an edge is looked at only if its lower bound does not exceed
       max(height[i], column[g(i)][j]),  column[g][j] = max(height from root g to root g(j), height[j]),
   height[v] being the largest upper bound on the path from v to the root of its group. That is one comparison of vectors. What is
   left is held against the exact maximum of its path, then pooled. Now and then the pool is sorted by upper bounds, edges certainly longer
   than their path go, and groups are made anew; if that leaves a full pool, lengths are computed and only the forest stays.

   When each rank has compared its own points, all learn the forests of all, by bounds: most pairs of points of two ranks are joined by
   shorter edges on either side. Edges of others only make paths; their lengths are their owner's affair.

   The first forest is made by landmarks.c. [Gower, Ross 1969] for the
   tree; the filter is that of Filter-Kruskal [Osipov, Sanders, Singler 2009], by bounds. */
#include "forest.h"

#include "../core/block.h"
#include "../core/cast.h"
#include "../core/fault.h"
#include "../core/pages.h"
#include "../core/sort.h"
#include "../core/union_find.h"
#include "landmarks.h"
#include <hole/hole_error.h>
#include <math.h>
#include <stdlib.h>

enum {
  MAX_GROUPS      = 32,
  POOL_A_POINT    = 6,
  LEAST_POOL      = 4096,
  AHEAD           = 1,  /* edges whose points are brought into the cache before their turn */
  GROUPS_A_FOREST = 256 /* no group is split off that has fewer than n / 256 points */
};

#define UNKNOWN (-1.0)

struct pool_edge {
  double   length; /* or UNKNOWN */
  float    low, high;
  uint32_t i, j;
};

struct forest {
  struct hole_consumer base;
  HoleIndex            n, capacity, n_edges;
  HoleIndex            limit; /* edges at which those that may go are looked for */
  struct pool_edge    *pool;
  HoleIndex           *sets; /* [n] union-find */

  /* Paths: each point hangs below another, joined by an edge no longer than `rise`, which grows upwards. */
  uint32_t *above; /* [n] */
  float    *rise;  /* [n] infinite at the top of a component */

  /* Groups. */
  int       n_groups;
  uint8_t  *group;   /* [n] */
  float    *height;  /* [n] */
  float    *columns; /* [MAX_GROUPS, n], and room for two words an edge of the pool */
  uint32_t *nodes;   /* [4 n] merges as a binary tree, and room to label it */
  PetscBool stale;   /* are groups those of an older forest, with edges no shorter? */

  PetscMPIInt *counts, *starts; /* [ranks] of edges that travel */
  PetscBool    shared;          /* have they? */

  HoleTree tree;
};

/* --- Paths */

/* The largest upper bound on the path of the forest from i to j; infinite if there is none. Both climb, the lower rise first;
   union by size keeps that short. */
static float path_height(const struct forest *f, uint32_t i, uint32_t j)
{
  float height = 0;

  while (i != j && height < INFINITY) {
    uint32_t *lower = f->rise[i] <= f->rise[j] ? &i : &j;

    height = f->rise[*lower];
    *lower = f->above[*lower];
  }
  return height;
}

/* Does the pair join different parts, or are there no parts? Inside a part only its links count. */
static inline PetscBool is_edge(const struct forest *f, uint32_t i, uint32_t j)
{
  const int32_t *part = f->base.d->part;

  return (PetscBool)(!part || part[i] != part[j]);
}

enum { DIGIT = 11, N_DIGITS = 3, N_BINS = 1 << DIGIT };

/* Unsigned numbers in the order of the floats. */
static inline uint32_t key_of(float value)
{
  uint32_t bits;

  memcpy(&bits, &value, sizeof(bits));
  return bits >> 31 ? ~bits : bits | 0x80000000;
}

/* Places of the edges in the pool by ascending upper bound, in the low half of each entry; the high half is the key. Digit by digit, the
   last one first: many times faster than comparisons, which took a tenth of a pass. Either array has room for the pool. */
static void sort_by_high(const struct forest *f, uint64_t order[], uint64_t other[])
{
  HoleIndex bins[N_DIGITS][N_BINS] = {{0}};
  uint64_t *from = other, *to = order; /* after an odd number of digits all is in `order` */

  for (HoleIndex e = 0; e < f->n_edges; ++e) {
    const uint64_t key = key_of(f->pool[e].high);

    from[e] = key << 32 | (uint64_t)e;
    for (int k = 0; k < N_DIGITS; ++k) ++bins[k][key >> k * DIGIT & (N_BINS - 1)];
  }
  for (int k = 0; k < N_DIGITS; ++k) {
    HoleIndex start = 0;

    for (int b = 0; b < N_BINS; ++b) {
      const HoleIndex count = bins[k][b];

      bins[k][b] = start;
      start += count;
    }
    for (HoleIndex e = 0; e < f->n_edges; ++e) to[bins[k][from[e] >> (32 + k * DIGIT) & (N_BINS - 1)]++] = from[e];
    from = to;
    to   = to == order ? other : order;
  }
}

/* The edges of the forest go to the head of the pool. Those that are taken out of it are marked by equal ends. */
static void put_first(struct forest *f, HoleIndex n_tree, const struct pool_edge tree[])
{
  HoleIndex n_rest = 0;

  for (HoleIndex e = 0; e < f->n_edges; ++e) {
    if (f->pool[e].i != f->pool[e].j) f->pool[n_rest++] = f->pool[e];
  }
  memmove(f->pool + n_tree, f->pool, (size_t)n_rest * sizeof(*f->pool));
  memcpy(f->pool, tree, (size_t)n_tree * sizeof(*f->pool));
}

/* Kruskal's algorithm by upper bounds: the edges of the forest come first in the pool, ascending; returns their number. Columns of
   groups, to be made anew, lend their memory. */
static HoleIndex grow_paths(struct forest *f)
{
  uint64_t         *order = (uint64_t *)(void *)f->columns, *other = order + f->capacity;
  struct pool_edge *tree   = (struct pool_edge *)(void *)other; /* when all is sorted */
  HoleIndex         n_tree = 0;

  hole_union_find_init(f->n, f->sets);
  for (HoleIndex v = 0; v < f->n; ++v) f->rise[v] = INFINITY;
  sort_by_high(f, order, other);
  for (HoleIndex e = 0; e < f->n_edges && n_tree < f->n - 1; ++e) {
    struct pool_edge *edge = &f->pool[(uint32_t)order[e]];
    const HoleIndex   a = hole_union_find_root(f->sets, edge->i), b = hole_union_find_root(f->sets, edge->j);
    uint32_t          lower;

    if (!hole_union_find_join(f->sets, a, b)) continue;
    lower           = (uint32_t)(hole_union_find_root(f->sets, a) == a ? b : a);
    f->above[lower] = (uint32_t)(lower == a ? b : a);
    f->rise[lower]  = edge->high;
    tree[n_tree++]  = *edge;
    edge->j         = edge->i;
  }
  put_first(f, n_tree, tree);
  return n_tree;
}

/* --- Groups */

enum {
  NO_LABEL = 255,
  ATTACHED = 128
}; /* a label is a group, with or without the mark of a part too small to have a root */

/* Merges of the first n_tree edges of the pool as a binary tree: node v < n is a point, node n + m is made by edge m and has
   children[2 m], the larger one, and children[2 m + 1]. `top` holds the node of each set while it is made. */
static void make_hierarchy(struct forest *f, HoleIndex n_tree, uint32_t children[], uint32_t sizes[], uint32_t top[])
{
  hole_union_find_init(f->n, f->sets);
  for (HoleIndex v = 0; v < f->n; ++v) top[v] = (uint32_t)v;
  for (HoleIndex m = 0; m < n_tree; ++m) {
    HoleIndex a = hole_union_find_root(f->sets, f->pool[m].i), b = hole_union_find_root(f->sets, f->pool[m].j);
    HoleIndex size_a = hole_union_find_size(f->sets, a), size_b = hole_union_find_size(f->sets, b);

    children[2 * m]     = top[size_a < size_b ? b : a];
    children[2 * m + 1] = top[size_a < size_b ? a : b];
    sizes[m]            = (uint32_t)(size_a + size_b);
    hole_union_find_join(f->sets, a, b);
    top[hole_union_find_root(f->sets, a)] = (uint32_t)(f->n + m);
  }
}

static uint8_t new_group(struct forest *f)
{
  return (uint8_t)(f->n_groups < MAX_GROUPS ? f->n_groups++ : (ATTACHED | 0)); /* none left: attached to the first */
}

/* From the top down: the larger part goes on as the group, the smaller becomes one of its own if it is large enough. */
static void label_nodes(struct forest *f, HoleIndex n_tree, const uint32_t children[], const uint32_t sizes[],
                        uint8_t labels[])
{
  const HoleIndex least = PetscMax(8, f->n / GROUPS_A_FOREST);

  f->n_groups = 0;
  memset(labels, NO_LABEL, (size_t)(f->n + n_tree));
  for (HoleIndex m = n_tree - 1; m >= 0; --m) {
    const HoleIndex smaller = children[2 * m + 1];
    const HoleIndex size    = smaller < f->n ? 1 : sizes[smaller - f->n];
    uint8_t        *label   = &labels[f->n + m];

    if (*label == NO_LABEL) *label = new_group(f);
    labels[children[2 * m]] = *label;
    labels[smaller]         = *label | ATTACHED;
    if (!(*label & ATTACHED) && size >= least && f->n_groups < MAX_GROUPS) labels[smaller] = new_group(f);
  }
}

/* Local: groups, heights and columns, from the forest at the head of the pool. Rows are of own points: groups without any need no column. */
static void make_groups(struct forest *f, HoleIndex n_tree)
{
  const HoleDistances d        = f->base.d;
  uint32_t           *children = f->nodes, *sizes = children + 2 * f->n, *top = sizes + f->n;
  uint8_t            *labels = (uint8_t *)top; /* [2 n], when the hierarchy is made */
  uint32_t            roots[MAX_GROUPS];
  PetscBool           wanted[MAX_GROUPS] = {PETSC_FALSE};

  make_hierarchy(f, n_tree, children, sizes, top);
  label_nodes(f, n_tree, children, sizes, labels);
  for (HoleIndex v = 0; v < f->n; ++v) {
    if (labels[v] == NO_LABEL) labels[v] = new_group(f);
    f->group[v] = labels[v] & (uint8_t)~ATTACHED;
    if (!(labels[v] & ATTACHED)) roots[f->group[v]] = (uint32_t)v;
  }
  for (HoleIndex v = 0; v < f->n; ++v) f->height[v] = path_height(f, (uint32_t)v, roots[f->group[v]]);
  for (HoleIndex p = 0; p < d->n_local; ++p) wanted[f->group[d->first + p]] = PETSC_TRUE;
  for (int g = 0; g < f->n_groups; ++g) {
    float between[MAX_GROUPS];

    if (!wanted[g]) continue;
    for (int h = 0; h < f->n_groups; ++h) between[h] = path_height(f, roots[g], roots[h]);
    for (HoleIndex v = 0; v < f->n; ++v) {
      const float root = between[f->group[v]];

      f->columns[g * f->n + v] = root > f->height[v] ? root : f->height[v];
    }
  }
}

/* --- The pool */

/* Local: drop what is certainly the longest edge of a cycle; returns the number of edges of the forest. Groups are to be made anew. */
static HoleIndex drop_long(struct forest *f)
{
  const HoleIndex n_tree = grow_paths(f);
  HoleIndex       n_kept = n_tree;

  for (HoleIndex e = n_tree; e < f->n_edges; ++e) {
    if (f->pool[e].low <= path_height(f, f->pool[e].i, f->pool[e].j)) f->pool[n_kept++] = f->pool[e];
  }
  f->n_edges = n_kept;
  return n_tree;
}

/* Groups of the forest at hand keep out much of what those of an older one let in: they are made anew after as many edges as we have points,
   though at least half of all points, by which the time goes; and as many as bounds could not drop, which may be in vain again. */
static void compact(struct forest *f)
{
  const HoleIndex n_tree = drop_long(f), n_rest = f->n_edges - n_tree;
  const HoleIndex least = PetscMax(PetscMax(f->base.d->n_local, f->n / 2), LEAST_POOL / 4);

  make_groups(f, n_tree);
  f->stale = PETSC_FALSE;
  f->limit = PetscMin(f->capacity, f->n_edges + PetscMax(least, n_rest));
}

static int by_length(const void *a, const void *b)
{
  const struct pool_edge *e = a, *g = b;

  if (e->length != g->length) return e->length < g->length ? -1 : 1;
  if (e->i != g->i) return e->i < g->i ? -1 : 1;
  return (e->j > g->j) - (e->j < g->j);
}

static PetscBool is_own(const struct forest *f, uint32_t i)
{
  HoleDistances d = f->base.d;

  return (PetscBool)(i >= d->first && i < d->first + d->n_local);
}

/* An edge of two points of another rank, known by its bounds. One that we have met has an end of ours. */
static PetscBool is_foreign(const struct forest *f, const struct pool_edge *edge)
{
  return (PetscBool)(edge->length == UNKNOWN && !is_own(f, edge->i));
}

/* Foreign edges go to the end of the pool; returns the number of the others. */
static HoleIndex put_foreign_last(struct forest *f)
{
  HoleIndex n_ours = 0;

  for (HoleIndex e = 0; e < f->n_edges; ++e) {
    const struct pool_edge edge = f->pool[e];

    if (is_foreign(f, &edge)) continue;
    f->pool[e]        = f->pool[n_ours];
    f->pool[n_ours++] = edge;
  }
  return n_ours;
}

/* The points of an edge whose length is to be computed soon lie anywhere. */
static void prefetch(const struct forest *f, const struct pool_edge *edge)
{
  if (edge->length == UNKNOWN) hole_tiles_prefetch(f->base.tiles, edge->i, edge->j);
}

/* Local: all lengths, and the forest by the total order; foreign edges come after it. */
static void compute_lengths(struct forest *f)
{
  const HoleIndex n_ours = put_foreign_last(f), n_foreign = f->n_edges - n_ours;
  HoleIndex       n_tree = 0;

  for (HoleIndex e = 0; e < n_ours; ++e) {
    struct pool_edge *edge = &f->pool[e];
    const uint32_t    i = edge->i, j = edge->j;

    if (e + AHEAD < n_ours) prefetch(f, &f->pool[e + AHEAD]);
    if (edge->length != UNKNOWN) continue;
    edge->length = hole_tiles_length(f->base.tiles, i, j);
    edge->low    = hole_tiles_measure_below(f->base.tiles, edge->length);
    edge->high   = hole_tiles_measure_above(f->base.tiles, edge->length);
    edge->i      = PetscMin(i, j);
    edge->j      = PetscMax(i, j);
  }
  hole_sort(f->pool, n_ours, sizeof(*f->pool), by_length);
  hole_union_find_init(f->n, f->sets);
  for (HoleIndex e = 0; e < n_ours; ++e) {
    if (hole_union_find_join(f->sets, f->pool[e].i, f->pool[e].j)) f->pool[n_tree++] = f->pool[e];
  }
  memmove(f->pool + n_tree, f->pool + n_ours, (size_t)n_foreign * sizeof(*f->pool));
  f->n_edges = n_tree + n_foreign;
}

/* Local: only the forest is left, by ascending length, and foreign edges. The next block needs groups again. */
static PetscErrorCode settle(struct hole_consumer *consumer)
{
  struct forest *f = (struct forest *)consumer;

  PetscFunctionBegin;
  drop_long(f);
  compute_lengths(f);
  f->stale = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void cut(const struct hole_consumer *consumer, const struct hole_tile *tile, HoleIndex i, float *row,
                const float *columns[])
{
  const struct forest *f = (const struct forest *)consumer;

  *row     = f->height[i];
  *columns = f->columns + f->group[i] * f->n + tile->j;
}

static PetscErrorCode take(struct hole_consumer *consumer, HoleIndex n, const struct hole_candidate candidates[])
{
  struct forest *f = (struct forest *)consumer;

  PetscFunctionBegin;
  for (HoleIndex c = 0; c < n; ++c) {
    const struct hole_candidate *e = &candidates[c];
    PetscBool                    full;

    if (!is_edge(f, e->i, e->j) || e->low > path_height(f, e->i, e->j)) continue;
    f->pool[f->n_edges++] = (struct pool_edge){UNKNOWN, e->low, e->high, e->i, e->j};
    if (f->n_edges < f->limit) continue;
    full = (PetscBool)(f->n_edges == f->capacity);
    compact(f);
    if (!full || 2 * f->n_edges <= f->capacity) continue;
    PetscCall(settle(consumer));
    compact(f);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: a tree of the points of a clump, by upper bounds [Prim 1957]. */
static PetscErrorCode hint(struct hole_consumer *consumer, const struct hole_clump *clump)
{
  const HoleIndex n                     = clump ? clump->n : 0;
  HoleIndex       near[HOLE_MOST_CLUMP] = {0}, present = 0; /* of those in the tree */
  PetscBool       joined[HOLE_MOST_CLUMP] = {PETSC_TRUE};

  PetscFunctionBegin;
  if (!clump) compact((struct forest *)consumer);
  for (HoleIndex m = 1; m < n; ++m) {
    HoleIndex next = -1, pair;

    for (HoleIndex b = 0; b < n; ++b) {
      if (joined[b]) continue;
      if (clump->high[present * n + b] < clump->high[near[b] * n + b]) near[b] = present;
      if (next < 0 || clump->high[near[b] * n + b] < clump->high[near[next] * n + next]) next = b;
    }
    pair = near[next] * n + next;
    PetscCall(
        take(consumer, 1,
             &(struct hole_candidate){clump->ids[near[next]], clump->ids[next], clump->low[pair], clump->high[pair]}));
    joined[next] = PETSC_TRUE;
    present      = next;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* --- The first forest */

static void add_known(struct forest *f, const HoleEdge *edge)
{
  f->pool[f->n_edges++] =
      (struct pool_edge){edge->length, hole_tiles_measure_below(f->base.tiles, edge->length),
                         hole_tiles_measure_above(f->base.tiles, edge->length), (uint32_t)edge->i, (uint32_t)edge->j};
}

/* Local: what the tree of the landmarks has of edges that count, and the links of a geodesic metric. */
static PetscErrorCode plant(struct forest *f, const HoleEdge edges[])
{
  HoleDistances d = f->base.d;

  PetscFunctionBegin;
  for (HoleIndex e = 0; e < f->n - 1; ++e) {
    if (is_edge(f, (uint32_t)edges[e].i, (uint32_t)edges[e].j)) add_known(f, &edges[e]);
  }
  for (HoleIndex e = 0; d->part && e < d->n_links; ++e) add_known(f, &d->links[e]);
  if (d->part) compute_lengths(f); /* of edges that are no forest yet */
  compact(f);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective. */
static PetscErrorCode start_forest(struct forest *f)
{
  HoleEdge      *edges = NULL;
  PetscErrorCode started;

  PetscFunctionBegin;
  HoleCallAgreed(f->base.d->comm, PetscMalloc1(f->n, &edges));
  started = hole_landmarks_join(f->base.d, f->base.tiles, edges);
  if (!started) started = HoleErrorAgree(f->base.d->comm, plant(f, edges));
  PetscCall(PetscFree(edges));
  PetscCall(started);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* --- Over all ranks */

/* Edges of the forest at the head of the pool among our own points: fewer than points. */
static HoleIndex pack_own(const struct forest *f, HoleIndex n_tree, struct pool_edge own[])
{
  HoleIndex n_own = 0;

  for (HoleIndex e = 0; e < n_tree; ++e) {
    if (is_own(f, f->pool[e].i) && is_own(f, f->pool[e].j)) own[n_own++] = f->pool[e];
  }
  return n_own;
}

/* Collective: edges of the forests of all ranks' own points, in the memory of columns, join the pool. */
static PetscErrorCode share_own(struct forest *f)
{
  HoleDistances     d   = f->base.d;
  struct pool_edge *all = (struct pool_edge *)(void *)f->columns, *own = all + d->first;
  PetscMPIInt       n_all = 0;
  MPI_Datatype      type;

  PetscFunctionBegin;
  PetscCall(hole_mpi_int(pack_own(f, drop_long(f), own), &f->counts[d->rank]));
  PetscCallMPI(MPI_Allgather(MPI_IN_PLACE, 0, MPI_INT, f->counts, 1, MPI_INT, d->comm));
  for (PetscMPIInt r = 0; r < d->size; ++r) {
    f->starts[r] = n_all;
    n_all += f->counts[r];
  }
  memmove(all + f->starts[d->rank], own, (size_t)f->counts[d->rank] * sizeof(*own));
  PetscCallMPI(MPI_Type_contiguous(sizeof(*all), MPI_BYTE, &type));
  PetscCallMPI(MPI_Type_commit(&type));
  PetscCallMPI(MPI_Allgatherv(MPI_IN_PLACE, 0, type, all, f->counts, f->starts, type, d->comm));
  PetscCallMPI(MPI_Type_free(&type));
  if (f->n_edges + n_all > f->capacity) compute_lengths(f); /* equal points leave many edges: fewer than points stay */
  for (PetscMPIInt e = 0; e < n_all; ++e) {
    if (!is_own(f, all[e].i)) f->pool[f->n_edges++] = all[e];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective. */
static PetscErrorCode begin_block(struct hole_consumer *consumer, const struct hole_block *block, PetscMPIInt from)
{
  struct forest *f = (struct forest *)consumer;

  PetscFunctionBegin;
  (void)from;
  if (block->owner == f->base.d->rank) PetscFunctionReturn(PETSC_SUCCESS); /* equal on all ranks */
  if (!f->shared) PetscCall(share_own(f));
  if (!f->shared || f->stale) compact(f);
  f->shared = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static HoleIndex keep_forest(HoleIndex n, HoleIndex n_edges, HoleEdge edges[], HoleIndex sets[])
{
  HoleIndex n_tree = 0;

  hole_sort(edges, n_edges, sizeof(*edges), HoleEdgeCompare);
  hole_union_find_init(n, sets);
  for (HoleIndex e = 0; e < n_edges; ++e) {
    if (hole_union_find_join(sets, edges[e].i, edges[e].j)) edges[n_tree++] = edges[e];
  }
  return n_tree;
}

/* The forest of two, both ascending; returns its number of edges. */
static HoleIndex join_forests(HoleIndex n, HoleIndex n_a, const HoleEdge a[], HoleIndex n_b, const HoleEdge b[],
                              HoleEdge edges[], HoleIndex sets[])
{
  HoleIndex n_tree = 0, p = 0, q = 0;

  hole_union_find_init(n, sets);
  while (p < n_a || q < n_b) {
    const HoleEdge *next = q == n_b || (p < n_a && HoleEdgeCompare(&a[p], &b[q]) <= 0) ? &a[p++] : &b[q++];

    if (hole_union_find_join(sets, next->i, next->j)) edges[n_tree++] = *next;
  }
  return n_tree;
}

struct merge {
  HoleEdge  *mine, *others; /* [n] */
  HoleIndex *sets;          /* [n] */
};

/* Local. */
static PetscErrorCode allocate_merge(HoleIndex n, struct merge *m)
{
  PetscFunctionBegin;
  PetscCall(PetscMalloc2(n, &m->mine, n, &m->others));
  PetscCall(PetscMalloc1(n, &m->sets));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rank r takes the forest of rank r + 1, then of r + 2, r + 4, ...; in the end rank 0 has all of it. */
static PetscErrorCode merge_pairwise(MPI_Comm comm, HoleIndex n, HoleIndex *n_edges, HoleEdge edges[],
                                     MPI_Datatype type, const struct merge *m)
{
  PetscMPIInt rank, size, count;
  MPI_Status  status;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCallMPI(MPI_Comm_size(comm, &size));
  *n_edges = keep_forest(n, *n_edges, edges, m->sets);
  for (PetscMPIInt step = 1; step < size; step *= 2) {
    if (rank % (2 * step)) {
      PetscCall(hole_mpi_int(*n_edges, &count));
      PetscCallMPI(MPI_Send(edges, count, type, rank - step, 0, comm));
      break;
    }
    if (rank + step >= size) continue;
    PetscCall(PetscArraycpy(m->mine, edges, *n_edges));
    PetscCall(hole_mpi_int(n, &count));
    PetscCallMPI(MPI_Recv(m->others, count, type, rank + step, 0, comm, &status));
    PetscCallMPI(MPI_Get_count(&status, type, &count));
    *n_edges = join_forests(n, *n_edges, m->mine, count, m->others, edges, m->sets);
  }
  PetscCallMPI(MPI_Bcast(n_edges, 1, HOLE_MPI_INDEX, 0, comm));
  PetscCall(hole_mpi_int(*n_edges, &count));
  PetscCallMPI(MPI_Bcast(edges, count, type, 0, comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_forest_merge(MPI_Comm comm, HoleIndex n, HoleIndex *n_edges, HoleEdge edges[])
{
  struct merge   m = {0};
  MPI_Datatype   type;
  PetscErrorCode allocated;

  PetscFunctionBegin;
  allocated = HoleErrorAgree(comm, allocate_merge(n, &m));
  if (!allocated) {
    PetscCallMPI(MPI_Type_contiguous(sizeof(HoleEdge), MPI_BYTE, &type));
    PetscCallMPI(MPI_Type_commit(&type));
    PetscCall(merge_pairwise(comm, n, n_edges, edges, type, &m));
    PetscCallMPI(MPI_Type_free(&type));
  }
  PetscCall(PetscFree2(m.mine, m.others));
  PetscCall(PetscFree(m.sets));
  PetscCall(allocated);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Our own edges, a forest after settle(). */
static void list_tree(struct forest *f, HoleEdge edges[])
{
  f->n_edges = put_foreign_last(f);
  for (HoleIndex e = 0; e < f->n_edges; ++e) edges[e] = (HoleEdge){f->pool[e].length, f->pool[e].i, f->pool[e].j};
}

/* Collective. */
static PetscErrorCode finish(struct hole_consumer *consumer)
{
  struct forest *f     = (struct forest *)consumer;
  HoleEdge      *edges = NULL;
  PetscErrorCode merged;

  PetscFunctionBegin;
  HoleCallAgreed(f->base.d->comm, PetscMalloc1(f->n, &edges));
  list_tree(f, edges);
  merged = hole_forest_merge(f->base.d->comm, f->n, &f->n_edges, edges);
  if (!merged) merged = HoleErrorAgree(f->base.d->comm, HoleTreeCreate(f->n, edges, &f->tree));
  PetscCall(PetscFree(edges));
  PetscCall(merged);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_forest_get_tree(struct hole_consumer *consumer, HoleTree *tree)
{
  struct forest *f = (struct forest *)consumer;

  PetscFunctionBegin;
  *tree   = f->tree;
  f->tree = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode destroy(struct hole_consumer *consumer)
{
  struct forest *f = (struct forest *)consumer;

  PetscFunctionBegin;
  PetscCall(HoleTreeDestroy(&f->tree));
  PetscCall(PetscFree(f->pool));
  PetscCall(PetscFree(f->sets));
  PetscCall(PetscFree2(f->above, f->rise));
  PetscCall(PetscFree2(f->group, f->height));
  PetscCall(PetscFree(f->columns));
  PetscCall(PetscFree(f->nodes));
  PetscCall(PetscFree2(f->counts, f->starts));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const struct hole_consumer_ops forest_ops = {.begin_block = begin_block,
                                                    .hint        = hint,
                                                    .cut         = cut,
                                                    .take        = take,
                                                    .settle      = settle,
                                                    .finish      = finish,
                                                    .destroy     = destroy};

/* Local. */
static PetscErrorCode allocate(struct forest *f)
{
  PetscFunctionBegin;
  PetscCall(hole_fault(f->base.d->comm, "forest_allocate"));
  f->capacity = PetscMax(LEAST_POOL, PetscMax(POOL_A_POINT * f->n, 2 * (f->n + f->base.d->n_links)));
  PetscCall(PetscMalloc1(f->capacity, &f->pool));
  PetscCall(PetscMalloc1(f->n, &f->sets));
  PetscCall(PetscMalloc2(f->n, &f->above, f->n, &f->rise));
  PetscCall(PetscMalloc2(f->n, &f->group, f->n, &f->height));
  PetscCall(PetscMalloc1(PetscMax(MAX_GROUPS * f->n, 4 * f->capacity), &f->columns));
  hole_huge_pages(f->columns, (size_t)(MAX_GROUPS * f->n) * sizeof(*f->columns));
  PetscCall(PetscMalloc1(4 * f->n, &f->nodes));
  PetscCall(PetscMalloc2(f->base.d->size, &f->counts, f->base.d->size, &f->starts));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_forest_create(HoleDistances d, hole_tiles tiles, struct hole_consumer **forest)
{
  struct forest *f;

  PetscFunctionBegin;
  PetscCall(PetscNew(&f));
  *forest = &f->base;
  f->base = (struct hole_consumer){&forest_ops, d, tiles};
  f->n    = d->n;
  HoleCallAgreed(d->comm, allocate(f));
  PetscCall(start_forest(f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

double hole_forest_predict_bytes(HoleIndex n, HoleIndex stride)
{
  const size_t a_point = POOL_A_POINT * sizeof(struct pool_edge) + sizeof(HoleIndex) + /* of the forest */
                         (MAX_GROUPS + 2) * sizeof(float) + 5 * sizeof(uint32_t) + 1;
  const size_t merging = 4 * sizeof(HoleEdge) + sizeof(HoleIndex); /* at the end: two forests, both, the tree */

  return (double)n * (double)a_point + PetscMax((double)n * (double)merging, hole_landmarks_predict_bytes(n, stride));
}
