/* Empty lunes of all edges: three sieves, each cheaper a pair than the next and leaving less to do.

   A rank looks at the pairs (i, j) where i is its own and j is one of the (n - 1) / 2 points after i in circular
   order: every pair once, and every row has equal work.
   1. The few nearest neighbours k of i, for all j at once: a vector compare of row k with row i. The rows of all k pass by in panels.
   2. More nearest neighbours of j, for the pairs that are left: their distances to j are known to all, those to i are in row i.
   3. All points, for the few pairs that are still left: rows j pass by in panels once more.

   In row i, "(i,k) precedes (i,j)" is d(i,k) < d(i,j), or equality and k < j (edge_order.h); so a range of j on one side of k
   needs one comparison, < or <=, and ties cost nothing. */
#include "lunes.h"

#include "../core/block.h"
#include "../core/cast.h"
#include "../core/fault.h"
#include "../core/simd.h"
#include "../core/sort.h"
#include "../distances/panels.h"
#include "column.h"
#include "work.h"
#include <hole/hole_error.h>
#include <math.h>
#include <stdlib.h>

/* Measured on activations: three rows settle nine pairs in ten; further ones cost more than the second sieve does. */
enum { N_NEAREST = 8, N_ROWS_COMPARED = 3, UNSETTLED = 0 };

struct neighbour {
  double    length;
  HoleIndex id;
};

/* A neighbour k of an own point i, listed by k so that panels can serve them. */
struct use {
  HoleIndex k, i;
};

struct lunes {
  HoleHomology      homology;
  HoleDistances     d;
  MPI_Comm          comm;
  PetscMPIInt       size;
  HoleIndex         n, first, n_local, half;
  int               n_nearest, n_compared; /* N_NEAREST and N_ROWS_COMPARED, or n - 1 if that is less */
  double            cutoff;
  struct neighbour *nearest;         /* [n, n_nearest] of all points, ascending */
  PetscMPIInt      *counts, *starts; /* [size] blocks of points */
  double           *buffer;          /* of a row that is being looked at */
  signed char      *settled; /* [n_local, half]: pair (i, i + 1 + s mod n) has a point in its lune, or is too long */
  struct use       *uses;    /* [n_local, n_compared] neighbours of own points, in the order in which their rows pass */
  HoleIndex         n_edges, capacity;
  struct hole_edge_key *edges;
  HoleIndex             n_scans; /* of pairs in the third sieve */
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
  PetscCall(HoleDistancesAllocateBuffer(l->d, &l->buffer));
  PetscCall(PetscMalloc1(l->n_local * l->half + HOLE_LANES, &l->settled));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Insert into an ascending list that keeps the `n` first. */
static void insert(struct neighbour list[], int n, double length, HoleIndex id)
{
  int place = n - 1;

  for (; place > 0 && list[place - 1].length > length; --place) list[place] = list[place - 1];
  list[place] = (struct neighbour){length, id};
}

/* The nearest points of i. Ascending ids settle ties: a later point of equal length stays behind. Where i has fewer edges than there
   are places it stands there itself, infinitely far: it is in no lune of its own edges. */
HOLE_CLONES
static void search_nearest(const double row[], HoleIndex stride, HoleIndex i, int n_nearest, struct neighbour list[])
{
  for (int t = 0; t < n_nearest; ++t) list[t] = (struct neighbour){INFINITY, i};
  for (HoleIndex j = 0; j < stride; j += HOLE_LANES) {
    hole_v8 bar = list[n_nearest - 1].length - (hole_v8){0};

    if (!HOLE_ANY(*(const hole_v8 *)(row + j) < bar)) continue;
    for (int lane = 0; lane < HOLE_LANES; ++lane) {
      if (row[j + lane] < list[n_nearest - 1].length && j + lane != i) insert(list, n_nearest, row[j + lane], j + lane);
    }
  }
}

/* Collective: the nearest neighbours of all points, on every rank. */
static PetscErrorCode gather_nearest(struct lunes *l)
{
  HoleIndex    stride;
  MPI_Datatype type;

  PetscFunctionBegin;
  PetscCall(HoleDistancesGetShape(l->d, NULL, &stride, NULL, NULL));
  for (HoleIndex i = 0; i < l->n_local; ++i)
    search_nearest(HoleDistancesReadRow(l->d, i, l->buffer), stride, l->first + i, l->n_nearest,
                   l->nearest + (l->first + i) * l->n_nearest);
  PetscCallMPI(MPI_Type_contiguous(l->n_nearest * (int)sizeof(struct neighbour), MPI_BYTE, &type));
  PetscCallMPI(MPI_Type_commit(&type));
  PetscCallMPI(MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, l->nearest, l->counts, l->starts, type, l->comm));
  PetscCallMPI(MPI_Type_free(&type));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: pairs beyond the cutoff are settled from the start. */
static void settle_long_pairs(struct lunes *l)
{
  for (HoleIndex i = 0; i < l->n_local; ++i) {
    const double *row     = HoleDistancesReadRow(l->d, i, l->buffer);
    signed char  *settled = l->settled + i * l->half;

    for (HoleIndex s = 0; s < l->half; ++s) {
      HoleIndex j = (l->first + i + 1 + s) % l->n;

      settled[s] = (signed char)(row[j] > l->cutoff || s >= pairs_of(l, l->first + i));
    }
  }
}

/* settled[m] |= ik <(=) ij[m] and kj[m] <(=) ij[m]. */
#define SETTLE(compare_ik, compare_kj) \
  do { \
    for (; m + HOLE_LANES <= n; m += HOLE_LANES) { \
      hole_v8 x = *(const hole_v8 *)(ij + m), y = *(const hole_v8 *)(kj + m); \
      hole_m8 inside = (vector_ik compare_ik x) & (y compare_kj x); \
      *(hole_b8 *)(settled + m) |= __builtin_convertvector(inside, hole_b8); \
    } \
    for (; m < n; ++m) settled[m] |= (signed char)((ik compare_ik ij[m]) & (kj[m] compare_kj ij[m])); \
  } while (0)

/* Settle a range of n pairs (i, j) by one point k. `tie_ik`: does (i,k) precede (i,j) when they are equally long? */
HOLE_CLONES
static void settle_range(HoleIndex n, const double ij[], double ik, const double kj[], int tie_ik, int tie_kj,
                         signed char settled[])
{
  hole_v8   vector_ik = ik - (hole_v8){0};
  HoleIndex m         = 0;

  if (tie_ik && tie_kj) SETTLE(<=, <=);
  else if (tie_ik) SETTLE(<=, <);
  else if (tie_kj) SETTLE(<, <=);
  else SETTLE(<, <);
}

/* Settle the pairs (i, j), begin <= j < end, by point k; the range holds no i, and k itself is stepped over. */
static void settle_pairs(struct lunes *l, HoleIndex i, HoleIndex begin, HoleIndex end, HoleIndex k, const double row[],
                         const double row_k[])
{
  signed char *settled = l->settled + (i - l->first) * l->half;
  HoleIndex    left = PetscMin(PetscMax(begin, k), end), right = PetscMin(PetscMax(begin, k + 1), end);

  if (begin < left)
    settle_range(left - begin, row + begin, row[k], row_k + begin, 0, k < i, settled + place_of(l, i, begin));
  if (right < end)
    settle_range(end - right, row + right, row[k], row_k + right, 1, k < i, settled + place_of(l, i, right));
}

static int by_neighbour_then_point(const void *a, const void *b)
{
  const struct use *x = a, *y = b;

  if (x->k != y->k) return x->k < y->k ? -1 : 1;
  return x->i < y->i ? -1 : x->i > y->i;
}

/* Local. */
static PetscErrorCode list_uses(struct lunes *l)
{
  HoleIndex n_uses = 0;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(l->n_local * l->n_compared, &l->uses));
  for (HoleIndex i = l->first; i < l->first + l->n_local; ++i) {
    for (int t = 0; t < l->n_compared; ++t) l->uses[n_uses++] = (struct use){l->nearest[i * l->n_nearest + t].id, i};
  }
  hole_sort(l->uses, n_uses, sizeof(*l->uses), by_neighbour_then_point);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Sieve 1. Collective. */
static PetscErrorCode sieve_by_own_neighbours(struct lunes *l)
{
  const HoleIndex   n_uses = l->n_local * l->n_compared;
  HoleIndex         stride, u = 0;
  hole_panels       panels;
  struct hole_panel panel;

  PetscFunctionBegin;
  PetscCall(HoleDistancesGetShape(l->d, NULL, &stride, NULL, NULL));
  HoleCallAgreed(l->comm, list_uses(l)); /* local */
  PetscCall(hole_panels_create(l->d, &panels));
  PetscCall(hole_panels_next(panels, &panel));
  while (panel.count) {
    for (; u < n_uses && l->uses[u].k < panel.first + panel.count; ++u) {
      const double *row_k = panel.rows + (l->uses[u].k - panel.first) * stride;
      HoleIndex     i = l->uses[u].i, end = i + 1 + pairs_of(l, i);
      const double *row = HoleDistancesReadRow(l->d, i - l->first, l->buffer);

      settle_pairs(l, i, i + 1, PetscMin(end, l->n), l->uses[u].k, row, row_k);
      if (end > l->n) settle_pairs(l, i, 0, end - l->n, l->uses[u].k, row, row_k);
    }
    PetscCall(hole_homology_report(l->homology, "lunes, near points", panel.first + panel.count, l->n));
    PetscCall(hole_panels_next(panels, &panel));
  }
  PetscCall(hole_panels_destroy(&panels));
  PetscCall(PetscFree(l->uses));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Is one of the nearest neighbours of j in the lune of (i, j)? */
static PetscBool near_point_inside(const struct lunes *l, HoleIndex i, HoleIndex j, const double row_i[])
{
  const struct neighbour *list = l->nearest + j * l->n_nearest;

  for (int t = 0; t < l->n_nearest; ++t) {
    if (!hole_edge_precedes_at_vertex(list[t].length, list[t].id, row_i[j], i))
      break; /* ascending: none after it either */
    if (hole_edge_precedes_at_vertex(row_i[list[t].id], list[t].id, row_i[j], j)) return PETSC_TRUE;
  }
  return PETSC_FALSE;
}

/* Sieve 2. Local. A neighbour k = i is no obstacle: (j,i) does not precede itself. */
static void sieve_by_their_neighbours(struct lunes *l)
{
  for (HoleIndex i = l->first; i < l->first + l->n_local; ++i) {
    const double *row     = HoleDistancesReadRow(l->d, i - l->first, l->buffer);
    signed char  *settled = l->settled + (i - l->first) * l->half;

    for (HoleIndex s = 0; s < l->half; ++s) {
      if (settled[s] == UNSETTLED && near_point_inside(l, i, (i + 1 + s) % l->n, row)) settled[s] = 1;
    }
  }
}

/* Is there an m in [begin, end) with a[m] <(=) x and b[m] <(=) x? */
#define FIND(compare_a, compare_b) \
  do { \
    for (; m + HOLE_LANES <= end; m += HOLE_LANES) { \
      hole_v8 u = *(const hole_v8 *)(a + m), v = *(const hole_v8 *)(b + m); \
      if (HOLE_ANY((u compare_a bar) & (v compare_b bar))) return PETSC_TRUE; \
    } \
    for (; m < end; ++m) { \
      if ((a[m] compare_a x) & (b[m] compare_b x)) return PETSC_TRUE; \
    } \
  } while (0)

HOLE_CLONES
static PetscBool find_inside(HoleIndex begin, HoleIndex end, const double a[], const double b[], double x, int tie_a,
                             int tie_b)
{
  hole_v8   bar = x - (hole_v8){0};
  HoleIndex m   = begin;

  if (tie_a && tie_b) FIND(<=, <=);
  else if (tie_a) FIND(<=, <);
  else if (tie_b) FIND(<, <=);
  else FIND(<, <);
  return PETSC_FALSE;
}

/* Ranges on either side of i and j: k < j settles ties at i, k < i those at j. */
static PetscBool lune_is_empty(const struct lunes *l, HoleIndex i, HoleIndex j, const double row_i[],
                               const double row_j[])
{
  HoleIndex low = PetscMin(i, j), high = PetscMax(i, j);
  double    x = row_i[j];

  if (find_inside(0, low, row_i, row_j, x, 1, 1)) return PETSC_FALSE;
  if (find_inside(low + 1, high, row_i, row_j, x, i < j, j < i)) return PETSC_FALSE;
  return (PetscBool)!find_inside(high + 1, l->n, row_i, row_j, x, 0, 0);
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

/* Local: decide the pairs (i, j) that are left, for one own i and the rows j of a panel. */
static PetscErrorCode scan_pairs(struct lunes *l, HoleIndex i, const struct hole_panel *panel, HoleIndex stride)
{
  const double *row     = NULL; /* read when it is needed: most rows have nothing left in a panel */
  signed char  *settled = l->settled + (i - l->first) * l->half;
  HoleIndex     n_pairs = pairs_of(l, i);

  PetscFunctionBegin;
  for (HoleIndex j = panel->first; j < panel->first + panel->count; ++j) {
    HoleIndex place = j == i ? n_pairs : place_of(l, i, j);

    if (place >= n_pairs || settled[place] != UNSETTLED) continue;
    if (!row) row = HoleDistancesReadRow(l->d, i - l->first, l->buffer);
    ++l->n_scans;
    if (lune_is_empty(l, i, j, row, panel->rows + (j - panel->first) * stride))
      PetscCall(append_edge(l, hole_edge_key_of(row[j], i, j)));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Sieve 3. Collective. A rank that runs out of memory goes on receiving panels, so that no rank waits. */
static PetscErrorCode sieve_by_all_points(struct lunes *l)
{
  HoleIndex         stride;
  hole_panels       panels;
  struct hole_panel panel;
  PetscErrorCode    scanned = PETSC_SUCCESS;

  PetscFunctionBegin;
  PetscCall(HoleDistancesGetShape(l->d, NULL, &stride, NULL, NULL));
  PetscCall(hole_panels_create(l->d, &panels));
  PetscCall(hole_panels_next(panels, &panel));
  while (panel.count) {
    for (HoleIndex i = l->first; i < l->first + l->n_local && !scanned; ++i) scanned = scan_pairs(l, i, &panel, stride);
    PetscCall(hole_homology_report(l->homology, "lunes, all points", panel.first + panel.count, l->n));
    PetscCall(hole_panels_next(panels, &panel));
  }
  PetscCall(hole_panels_destroy(&panels));
  HoleCallAgreed(l->comm, scanned);
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
  HoleCallAgreed(l->comm, allocate(l));  /* local */
  PetscCall(gather_nearest(l));          /* collective */
  settle_long_pairs(l);                  /* local */
  PetscCall(sieve_by_own_neighbours(l)); /* collective */
  sieve_by_their_neighbours(l);          /* local */
  PetscCall(sieve_by_all_points(l));     /* collective */
  PetscCall(tell_work(l));               /* collective */
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_lunes_find_empty(HoleHomology homology, HoleDistances weights, double cutoff, HoleIndex *n_edges,
                                     struct hole_edge_key *edges[])
{
  struct lunes   l     = {.homology = homology, .d = weights, .cutoff = cutoff};
  PetscErrorCode found = PETSC_SUCCESS;

  PetscFunctionBegin;
  l.comm = HoleDistancesGetComm(l.d);
  PetscCallMPI(MPI_Comm_size(l.comm, &l.size));
  PetscCall(HoleDistancesGetShape(l.d, &l.n, NULL, &l.first, &l.n_local));
  if (l.n > 1) found = find_empty(&l); /* one point has no edge */
  PetscCall(PetscFree(l.nearest));
  PetscCall(PetscFree2(l.counts, l.starts));
  PetscCall(PetscFree(l.settled));
  PetscCall(PetscFree(l.buffer));
  PetscCall(PetscFree(l.uses));
  if (found) PetscCall(PetscFree(l.edges));
  PetscCall(found);
  *n_edges = l.n_edges;
  *edges   = l.edges;
  PetscFunctionReturn(PETSC_SUCCESS);
}

double hole_lunes_predict_bytes(HoleIndex n, PetscMPIInt size)
{
  const double n_local = (double)hole_block_count(n, size, 0);

  return n_local * (double)(n / 2) + n_local * N_ROWS_COMPARED * (double)sizeof(struct use) +
         (double)n * N_NEAREST * (double)sizeof(struct neighbour);
}

/* The smallest of max(a[m], b[m]). */
HOLE_CLONES
static double smallest_maximum(HoleIndex n, const double a[], const double b[])
{
  hole_v8 least  = INFINITY - (hole_v8){0};
  double  result = INFINITY;

  for (HoleIndex m = 0; m < n; m += HOLE_LANES) { /* rows are padded with infinity */
    hole_v8 u = *(const hole_v8 *)(a + m), v = *(const hole_v8 *)(b + m), most = HOLE_MAX8(u, v);

    least = HOLE_MIN8(most, least);
  }
  for (int lane = 0; lane < HOLE_LANES; ++lane) result = least[lane] < result ? least[lane] : result;
  return result;
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

/* Vertices k = i, j count as max = d(i,j), which is no less than that of any point of the lune. Where several points reach
   the smallest maximum, their longer edges are compared in the total order. */
HOLE_CLONES
HoleIndex hole_lune_center(HoleIndex i, HoleIndex j, HoleIndex n, const double row_i[], const double row_j[])
{
  const double         least  = smallest_maximum(n, row_i, row_j);
  struct hole_edge_key best   = hole_edge_key_of(row_i[j], i, j); /* what the longer edge must precede */
  HoleIndex            center = -1;

  for (HoleIndex m = 0; m < n && least <= best.length; m += HOLE_LANES) {
    hole_v8 u = *(const hole_v8 *)(row_i + m), v = *(const hole_v8 *)(row_j + m), most = HOLE_MAX8(u, v);

    if (!HOLE_ANY(most == least)) continue;
    for (HoleIndex k = m; k < m + HOLE_LANES; ++k) {
      if (k != i && k != j && most[k - m] == least) offer_center(i, j, k, row_i[k], row_j[k], &best, &center);
    }
  }
  return center;
}
