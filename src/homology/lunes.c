/* Empty lunes of all edges: three sieves, each cheaper a pair than the next and leaving less to do.

   A rank looks at the pairs (i, j) where i is its own and j is one of the (n - 1) / 2 points after i in circular
   order: every pair once, and every row has equal work.
   1. The few nearest neighbours k of i, for all j at once: a vector compare of row k with row i. The rows of all k pass by in panels.
   2. More nearest neighbours of j, for the pairs that are left: their distances to j are known to all, those to i are in row i.
   3. All points, for the few pairs that are still left: rows j pass by in panels once more.

   On a single node, where all rows can be read, few own rows are looked at at a time: they stay in the cache, and what is known of their
   pairs is small. The first sieve goes by bounds alone and leaves what they cannot tell, ties among it; the others decide by lengths where bounds do
   not. "(i,k) precedes (i,j)" is d(i,k) < d(i,j), or equality and k < j (edge_order.h). */
#include "lunes.h"

#include "../core/block.h"
#include "../core/cast.h"
#include "../core/fault.h"
#include "../core/sort.h"
#include "../distances/panels.h"
#include "column.h"
#include "scans.h"
#include "work.h"
#include <hole/hole_error.h>
#include <math.h>
#include <stdlib.h>

/* Measured on activations: three rows settle nine pairs in ten; further ones cost more than the second sieve does. */
enum { N_NEAREST = 8, N_ROWS_COMPARED = 3, UNSETTLED = 0, WORD = sizeof(uint64_t), ROWS_AT_ONCE = 64 };

struct neighbour {
  double   length;
  double   low, high; /* bounds of its measure */
  uint32_t id;
};

/* A neighbour k of an own point i, listed by k so that panels can serve them. */
struct use {
  HoleIndex k, i;
};

struct lunes {
  HoleHomology      homology;
  hole_bounds       b;
  MPI_Comm          comm;
  PetscMPIInt       size;
  HoleIndex         n, first, n_local, half;
  HoleIndex         begin, end;            /* own rows that are looked at now */
  int               n_nearest, n_compared; /* N_NEAREST and N_ROWS_COMPARED, or n - 1 if that is less */
  double            cutoff, above_cutoff;  /* its measure */
  struct neighbour *nearest;               /* [n, n_nearest] of all points, ascending */
  PetscMPIInt      *counts, *starts;       /* [size] blocks of points */
  signed char *settled; /* [end - begin, half]: pair (i, i + 1 + s mod n) has a point in its lune, or is too long */
  struct use  *uses; /* [end - begin, n_compared] neighbours of these points, in the order in which their rows pass */
  HoleIndex    n_edges, capacity;
  struct hole_edge_key *edges;
  HoleIndex             n_scans; /* of pairs in the third sieve */
  PetscErrorCode        failed;  /* here: the others must not wait, so panels go on */
};

/* Pairs that point i looks at. With n even, opposite points see each other; the smaller one takes the pair. */
static HoleIndex pairs_of(const struct lunes *l, HoleIndex i)
{
  return (l->n - 1) / 2 + (l->n % 2 == 0 && i < l->n / 2);
}

/* The place of pair (i, j) among those of i. */
static HoleIndex place_of(const struct lunes *l, HoleIndex i, HoleIndex j)
{
  return j > i ? j - i - 1 : j - i - 1 + l->n;
}

/* Own rows that are looked at at a time: all of them where panels have to be waited for. */
static HoleIndex rows_at_once(HoleIndex n_local, PetscBool here)
{
  return here ? PetscMin(n_local, ROWS_AT_ONCE) : n_local;
}

/* Local. */
static PetscErrorCode allocate(struct lunes *l)
{
  PetscFunctionBegin;
  l->half       = l->n / 2;
  l->n_nearest  = (int)PetscMin(N_NEAREST, l->n - 1);
  l->n_compared = (int)PetscMin(N_ROWS_COMPARED, l->n - 1);
  PetscCall(hole_fault(l->comm, "lunes_allocate"));
  PetscCall(PetscMalloc1(l->n * l->n_nearest, &l->nearest));
  PetscCall(PetscMalloc2(l->size, &l->counts, l->size, &l->starts));
  for (PetscMPIInt r = 0; r < l->size; ++r) {
    PetscCall(hole_mpi_int(hole_block_count(l->n, l->size, r), &l->counts[r]));
    PetscCall(hole_mpi_int(hole_block_first(l->n, l->size, r), &l->starts[r]));
  }
  PetscCall(PetscMalloc1(rows_at_once(l->n_local, l->b->here) * l->half + WORD, &l->settled));
  PetscCall(PetscMalloc1(rows_at_once(l->n_local, l->b->here) * l->n_compared, &l->uses));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Insert into an ascending list that keeps the `n` first. */
static void insert(struct neighbour list[], int n, struct neighbour one)
{
  int place = n - 1;

  for (; place > 0 && hole_edge_precedes_at_vertex(one.length, one.id, list[place - 1].length, list[place - 1].id);
       --place)
    list[place] = list[place - 1];
  list[place] = one;
}

/* The nearest points of i. Where i has fewer edges than there are places it stands there itself, infinitely far: it is in no lune of its
   own edges. */
static void search_nearest(hole_bounds b, HoleIndex i, int n, struct neighbour list[])
{
  const void     *row   = hole_bounds_own_row(b, i - b->first);
  const HoleIndex lanes = hole_scan_lanes(b);
  double          bar   = INFINITY; /* no nearer point has a larger bound */

  for (int t = 0; t < n; ++t) list[t] = (struct neighbour){INFINITY, INFINITY, INFINITY, (uint32_t)i};
  for (HoleIndex m = hole_scan_within(b, 0, row, row, bar); m < b->stride;
       m           = hole_scan_within(b, m + lanes, row, row, bar)) {
    for (HoleIndex j = m; j < PetscMin(m + lanes, b->n); ++j) {
      struct neighbour one = {.id = (uint32_t)j};

      if (j == i || hole_bounds_low(b, row, j) > bar) continue;
      one.length = hole_bounds_length(b, i, row, j);
      if (!hole_edge_precedes_at_vertex(one.length, j, list[n - 1].length, list[n - 1].id)) continue;
      one.low  = hole_bounds_low(b, row, j);
      one.high = hole_bounds_high(b, i, row, j);
      insert(list, n, one);
      bar = hole_bounds_above(b, list[n - 1].length);
    }
  }
}

/* Collective: the nearest neighbours of all points, on every rank. */
static PetscErrorCode gather_nearest(struct lunes *l)
{
  MPI_Datatype type;

  PetscFunctionBegin;
  for (HoleIndex i = l->first; i < l->first + l->n_local; ++i)
    search_nearest(l->b, i, l->n_nearest, l->nearest + i * l->n_nearest);
  PetscCallMPI(MPI_Type_contiguous(l->n_nearest * (int)sizeof(struct neighbour), MPI_BYTE, &type));
  PetscCallMPI(MPI_Type_commit(&type));
  PetscCallMPI(MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, l->nearest, l->counts, l->starts, type, l->comm));
  PetscCallMPI(MPI_Type_free(&type));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: pairs that are certainly beyond the cutoff, and places without a pair, are settled from the start. */
static void settle_long_pairs(struct lunes *l)
{
  for (HoleIndex i = l->begin; i < l->end; ++i) {
    const void     *row     = hole_bounds_own_row(l->b, i - l->first);
    signed char    *settled = l->settled + (i - l->begin) * l->half;
    const HoleIndex n_pairs = pairs_of(l, i), end = i + 1 + n_pairs, middle = PetscMin(end, l->n);

    hole_scan_beyond(l->b, i + 1, middle, row, l->above_cutoff, settled);
    if (end > l->n) hole_scan_beyond(l->b, 0, end - l->n, row, l->above_cutoff, settled + (middle - i - 1));
    for (HoleIndex s = n_pairs; s < l->half; ++s) settled[s] = 1;
  }
}

/* Settle the pairs (i, j), begin <= j < end, by point k; the range holds no i, and k itself is stepped over. */
static void settle_pairs(struct lunes *l, HoleIndex i, HoleIndex begin, HoleIndex end, HoleIndex k, const void *row,
                         const void *row_k)
{
  signed char    *settled = l->settled + (i - l->begin) * l->half;
  const HoleIndex left = PetscMin(PetscMax(begin, k), end), right = PetscMin(PetscMax(begin, k + 1), end);

  if (begin < left) hole_scan_settle(l->b, i, k, begin, left, row, row_k, settled + place_of(l, i, begin));
  if (right < end) hole_scan_settle(l->b, i, k, right, end, row, row_k, settled + place_of(l, i, right));
}

static int by_neighbour_then_point(const void *a, const void *b)
{
  const struct use *x = a, *y = b;

  if (x->k != y->k) return x->k < y->k ? -1 : 1;
  return x->i < y->i ? -1 : x->i > y->i;
}

/* Local; returns how many. */
static HoleIndex list_uses(struct lunes *l)
{
  HoleIndex n_uses = 0;

  for (HoleIndex i = l->begin; i < l->end; ++i) {
    for (int t = 0; t < l->n_compared; ++t) l->uses[n_uses++] = (struct use){l->nearest[i * l->n_nearest + t].id, i};
  }
  hole_sort(l->uses, n_uses, sizeof(*l->uses), by_neighbour_then_point);
  return n_uses;
}

/* Sieve 1. Collective. A rank that is to stop goes on receiving panels, so that no rank waits. */
static PetscErrorCode sieve_by_own_neighbours(struct lunes *l)
{
  const HoleIndex   n_uses = list_uses(l);
  const size_t      a_row  = (size_t)l->b->stride * l->b->value;
  HoleIndex         u      = 0;
  hole_panels       panels;
  struct hole_panel panel;

  PetscFunctionBegin;
  PetscCall(hole_panels_create(l->b, &panels));
  PetscCall(hole_panels_next(panels, &panel));
  while (panel.count) {
    for (; u < n_uses && !l->failed && l->uses[u].k < panel.first + panel.count; ++u) {
      const HoleIndex i = l->uses[u].i, end = i + 1 + pairs_of(l, i);
      const void     *row = hole_bounds_own_row(l->b, i - l->first),
                 *row_k   = panel.rows + (l->uses[u].k - panel.first) * a_row;

      settle_pairs(l, i, i + 1, PetscMin(end, l->n), l->uses[u].k, row, row_k);
      if (end > l->n) settle_pairs(l, i, 0, end - l->n, l->uses[u].k, row, row_k);
    }
    if (!l->b->here && !l->failed)
      l->failed = hole_homology_report(l->homology, "lunes, near points", panel.first + panel.count, l->n);
    PetscCall(hole_panels_next(panels, &panel));
  }
  PetscCall(hole_panels_destroy(&panels));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A pair that is looked at: bounds of its measure, and its length once it was needed. */
struct pair {
  HoleIndex   i, j;
  const void *row_i;
  double      low, high, length; /* length: negative if not known */
};

static struct pair pair_of(hole_bounds b, HoleIndex i, HoleIndex j, const void *row_i)
{
  return (struct pair){i, j, row_i, hole_bounds_low(b, row_i, j), hole_bounds_high(b, i, row_i, j), -1};
}

static double length_of(hole_bounds b, struct pair *pair)
{
  if (pair->length < 0) pair->length = hole_bounds_length(b, pair->i, pair->row_i, pair->j);
  return pair->length;
}

/* Is one of the nearest neighbours of j in the lune of (i, j)? */
static PetscBool near_point_inside(const struct lunes *l, struct pair *pair)
{
  const struct neighbour *list = l->nearest + pair->j * l->n_nearest;

  for (int t = 0; t < l->n_nearest; ++t) {
    const HoleIndex k = list[t].id;

    if (list[t].low > pair->high) break; /* ascending: none after it either */
    if (k == pair->i || hole_bounds_low(l->b, pair->row_i, k) > pair->high) continue;
    if (list[t].high < pair->low && hole_bounds_high(l->b, pair->i, pair->row_i, k) < pair->low) return PETSC_TRUE;
    if (hole_edge_precedes_at_vertex(list[t].length, k, length_of(l->b, pair), pair->i) &&
        hole_edge_precedes_at_vertex(hole_bounds_length(l->b, pair->i, pair->row_i, k), k, pair->length, pair->j))
      return PETSC_TRUE;
  }
  return PETSC_FALSE;
}

/* The first unsettled place in [s, end), or the end; eight at a time, while no byte of a word is zero. Memory beyond the end is read. */
static HoleIndex next_unsettled(const signed char settled[], HoleIndex s, HoleIndex end)
{
  for (; s < end; s += WORD) {
    uint64_t word;

    memcpy(&word, settled + s, sizeof(word));
    if ((word - UINT64_C(0x0101010101010101)) & ~word & UINT64_C(0x8080808080808080)) break;
  }
  while (s < end && settled[s] != UNSETTLED) ++s;
  return PetscMin(s, end);
}

/* Sieve 2. Local. */
static void sieve_by_their_neighbours(struct lunes *l)
{
  for (HoleIndex i = l->begin; i < l->end; ++i) {
    const void  *row     = hole_bounds_own_row(l->b, i - l->first);
    signed char *settled = l->settled + (i - l->begin) * l->half;

    for (HoleIndex s = next_unsettled(settled, 0, l->half); s < l->half; s = next_unsettled(settled, s + 1, l->half)) {
      struct pair pair = pair_of(l->b, i, (i + 1 + s) % l->n, row);

      if (near_point_inside(l, &pair)) settled[s] = 1;
    }
  }
}

/* Is k in the lune of a pair, where bounds do not exclude it? */
static PetscBool is_inside(hole_bounds b, struct pair *pair, HoleIndex k, const void *row_j)
{
  const HoleIndex i = pair->i, j = pair->j;

  if (hole_bounds_high(b, i, pair->row_i, k) < pair->low && hole_bounds_high(b, j, row_j, k) < pair->low)
    return PETSC_TRUE;
  return (PetscBool)(hole_edge_precedes_at_vertex(hole_bounds_length(b, i, pair->row_i, k), k, length_of(b, pair), j) &&
                     hole_edge_precedes_at_vertex(hole_bounds_length(b, j, row_j, k), k, pair->length, i));
}

static PetscBool lune_is_empty(hole_bounds b, struct pair *pair, const void *row_j)
{
  const HoleIndex lanes = hole_scan_lanes(b);

  for (HoleIndex m = hole_scan_within(b, 0, pair->row_i, row_j, pair->high); m < b->stride;
       m           = hole_scan_within(b, m + lanes, pair->row_i, row_j, pair->high)) {
    for (HoleIndex k = m; k < PetscMin(m + lanes, b->n); ++k) {
      if (k == pair->i || k == pair->j || hole_bounds_low(b, pair->row_i, k) > pair->high ||
          hole_bounds_low(b, row_j, k) > pair->high)
        continue;
      if (is_inside(b, pair, k, row_j)) return PETSC_FALSE;
    }
  }
  return PETSC_TRUE;
}

/* Local: amortised growth, since how many lunes are empty is not known before. */
static PetscErrorCode append_edge(struct lunes *l, struct hole_edge_key edge)
{
  PetscFunctionBegin;
  if (l->n_edges == l->capacity) {
    l->capacity = PetscMax(2 * l->capacity, 4 * l->n_local + 16);
    PetscCall(PetscRealloc((size_t)l->capacity * sizeof(*l->edges), &l->edges));
  }
  l->edges[l->n_edges++] = edge;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: decide the pairs (i, j) that are left, for one own i and rows j of a panel, begin <= j < end, all on one side of i. */
static PetscErrorCode scan_range(struct lunes *l, HoleIndex i, HoleIndex begin, HoleIndex end,
                                 const struct hole_panel *panel)
{
  const size_t       a_row   = (size_t)l->b->stride * l->b->value;
  const signed char *settled = l->settled + (i - l->begin) * l->half;
  const HoleIndex    first = place_of(l, i, begin), last = PetscMin(first + end - begin, pairs_of(l, i));

  PetscFunctionBegin;
  for (HoleIndex s = next_unsettled(settled, first, last); s < last; s = next_unsettled(settled, s + 1, last)) {
    const HoleIndex j    = begin + s - first;
    struct pair     pair = pair_of(l->b, i, j, hole_bounds_own_row(l->b, i - l->first));

    ++l->n_scans;
    if (lune_is_empty(l->b, &pair, panel->rows + (size_t)(j - panel->first) * a_row) &&
        length_of(l->b, &pair) <= l->cutoff)
      PetscCall(append_edge(l, hole_edge_key_of(pair.length, i, j)));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode scan_pairs(struct lunes *l, HoleIndex i, const struct hole_panel *panel)
{
  const HoleIndex end = panel->first + panel->count;

  PetscFunctionBegin;
  if (panel->first < i) PetscCall(scan_range(l, i, panel->first, PetscMin(end, i), panel));
  if (end > i + 1) PetscCall(scan_range(l, i, PetscMax(panel->first, i + 1), end, panel));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Sieve 3. Collective. */
static PetscErrorCode sieve_by_all_points(struct lunes *l)
{
  hole_panels       panels;
  struct hole_panel panel;

  PetscFunctionBegin;
  PetscCall(hole_panels_create(l->b, &panels));
  PetscCall(hole_panels_next(panels, &panel));
  while (panel.count) {
    for (HoleIndex i = l->begin; i < l->end && !l->failed; ++i) l->failed = scan_pairs(l, i, &panel);
    if (!l->b->here && !l->failed)
      l->failed = hole_homology_report(l->homology, "lunes, all points", panel.first + panel.count, l->n);
    PetscCall(hole_panels_next(panels, &panel));
  }
  PetscCall(hole_panels_destroy(&panels));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective. Of the sieves the first has the same rows for every pair, the second about as many, and the third takes at most all points. */
static PetscErrorCode tell_work(struct lunes *l)
{
  const double                     n_pairs = (double)l->n_local * (double)l->half;
  const struct hole_reduction_work places  = {.n_places =
                                                  (l->n_compared + 1) * l->n_local * l->half + l->n_scans * l->n};
  const HoleRankWork               mine    = {
                       .items = n_pairs, .scans = (double)l->n_scans, .steps = hole_reduction_work_steps(&places)};

  PetscFunctionBegin;
  PetscCall(hole_homology_add_work(l->homology, "lunes", 0, &mine, 0, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode find_empty(struct lunes *l)
{
  PetscFunctionBegin;
  HoleCallAgreed(l->comm, allocate(l)); /* local */
  PetscCall(gather_nearest(l));         /* collective */
  l->begin = l->end = l->first;
  do {
    l->begin = l->end;
    l->end   = PetscMin(l->begin + rows_at_once(l->n_local, l->b->here), l->first + l->n_local);
    settle_long_pairs(l);                  /* local */
    PetscCall(sieve_by_own_neighbours(l)); /* collective, if not all rows can be read here: then there is one round */
    sieve_by_their_neighbours(l);          /* local */
    PetscCall(sieve_by_all_points(l));     /* collective likewise */
    if (l->b->here && !l->failed) l->failed = hole_homology_report(l->homology, "lunes", l->end - l->first, l->n_local);
  } while (l->end < l->first + l->n_local && !l->failed);
  HoleCallAgreed(l->comm, l->failed);
  PetscCall(tell_work(l)); /* collective */
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_lunes_find_empty(HoleHomology homology, hole_bounds bounds, double cutoff, HoleIndex *n_edges,
                                     struct hole_edge_key *edges[])
{
  struct lunes   l     = {.homology = homology, .b = bounds, .cutoff = cutoff};
  PetscErrorCode found = PETSC_SUCCESS;

  PetscFunctionBegin;
  l.comm         = HoleDistancesGetComm(bounds->d);
  l.n            = bounds->n;
  l.first        = bounds->first;
  l.n_local      = bounds->n_local;
  l.above_cutoff = hole_bounds_above(bounds, cutoff);
  PetscCallMPI(MPI_Comm_size(l.comm, &l.size));
  if (l.n > 1) found = find_empty(&l); /* one point has no edge */
  PetscCall(PetscFree(l.nearest));
  PetscCall(PetscFree2(l.counts, l.starts));
  PetscCall(PetscFree(l.settled));
  PetscCall(PetscFree(l.uses));
  if (found) PetscCall(PetscFree(l.edges));
  PetscCall(found);
  *n_edges = l.n_edges;
  *edges   = l.edges;
  PetscFunctionReturn(PETSC_SUCCESS);
}

double hole_lunes_predict_bytes(HoleIndex n, PetscMPIInt size)
{
  const double n_rows = (double)rows_at_once(hole_block_count(n, size, 0), (PetscBool)(size == 1));

  return n_rows * (double)(n / 2) + n_rows * N_ROWS_COMPARED * (double)sizeof(struct use) +
         (double)n * N_NEAREST * (double)sizeof(struct neighbour);
}

/* If triangle (i, j, k) has its longer edge at k before `best`, remember k. */
static void offer_center(HoleIndex i, HoleIndex j, HoleIndex k, double ik, double jk, struct hole_edge_key *best,
                         HoleIndex *center)
{
  struct hole_edge_key at_i = hole_edge_key_of(ik, i, k), at_j = hole_edge_key_of(jk, j, k);
  struct hole_edge_key longer = hole_edge_key_compare(&at_i, &at_j) < 0 ? at_j : at_i;

  if (hole_edge_key_compare(&longer, best) >= 0) return;
  *best   = longer;
  *center = k;
}

/* Vertices k = i, j count as max = d(i,j), which is no less than that of any point of the lune. Points that may reach the smallest
   maximum are compared by the total order of their longer edges. */
HoleIndex hole_lune_center(hole_bounds b, HoleIndex i, HoleIndex j, const void *row_i, const void *row_j)
{
  const double         least = hole_scan_least_high(b, i, j, row_i, row_j);
  const HoleIndex      lanes = hole_scan_lanes(b);
  struct hole_edge_key best =
      hole_edge_key_of(hole_bounds_length(b, i, row_i, j), i, j); /* the longer edge must precede it */
  HoleIndex center = -1;

  for (HoleIndex m = hole_scan_within(b, 0, row_i, row_j, least); m < b->stride;
       m           = hole_scan_within(b, m + lanes, row_i, row_j, least)) {
    for (HoleIndex k = m; k < PetscMin(m + lanes, b->n); ++k) {
      if (k == i || k == j || hole_bounds_low(b, row_i, k) > least || hole_bounds_low(b, row_j, k) > least) continue;
      offer_center(i, j, k, hole_bounds_length(b, i, row_i, k), hole_bounds_length(b, j, row_j, k), &best, &center);
    }
  }
  return center;
}
