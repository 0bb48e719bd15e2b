/* Reduction of one column within a window [Bauer2021, section 3: implicit cohomology, apparent pairs].

   The heap holds triangles of the column, with repetitions; an even number of equal ones is none (modulo 2). All triangles with the
   same longest edge f are taken off together: they are (f, k) for a set of vertices k. If the most central vertex k* of
   the lune of f is among them, the pivot is (f, k*), an apparent pair, and the column {f} is added. Else it is (f, k)
   with the smallest k, and an earlier column with that pivot is added, or the pivot is new.

   Triangles are generated lazily. One scan of the chain's rows gives the triangles between two lengths. Most columns find their pivot among these; the others scan again from there. What lies beyond
   the window goes along with the column, so the number of scans does not depend on the windows. */
#include "reduction.h"

#include "../core/block.h"
#include "../core/sort.h"
#include "lunes.h"
#include "scans.h"
#include <hole/hole_error.h>
#include <math.h>
#include <stdlib.h>
#define HASH_NONFATAL_OOM      1 /* by default uthash ends the program when memory runs out */
#define uthash_nonfatal_oom(e) ((void)(e))
#include <uthash.h>

enum { TRIANGLES_A_COLUMN = 48 /* that wait, on activations: for predictions */ };
static const double WIDTH_FRACTION = 15; /* of a piece, in lengths */

/* Key of the table of pivots: no padding, since it is compared bytewise. */
struct pivot_key {
  uint32_t i, j, vertex;
};

struct pivot_entry {
  struct pivot_key    key;
  struct hole_column *column;
  UT_hash_handle      hh;
};

struct hole_reduction_s {
  hole_bounds                b;
  hole_row_cache             cache;
  double                     end;    /* no triangle is as long */
  struct pivot_entry        *pivots; /* uthash */
  struct hole_triangle      *heap;   /* least triangle first */
  HoleIndex                  n_heap, heap_capacity;
  uint32_t                  *front; /* vertices of the triangles on the first longest edge, ascending */
  HoleIndex                  n_front, front_capacity;
  struct hole_reduction_work work;
};

PetscErrorCode hole_reduction_create(hole_bounds bounds, hole_row_cache cache, double end, hole_reduction *reduction)
{
  PetscFunctionBegin;
  PetscCall(PetscNew(reduction));
  (*reduction)->b     = bounds;
  (*reduction)->cache = cache;
  (*reduction)->end   = end;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static int by_vertices(const void *a, const void *b)
{
  const struct hole_chain_item *x = a, *y = b;

  if (x->i != y->i) return x->i < y->i ? -1 : 1;
  return x->j < y->j ? -1 : x->j > y->j;
}

/* Drop pairs of equal edges, which are zero modulo 2. */
static void tidy_chain(struct hole_column *column)
{
  HoleIndex kept = 0;

  hole_sort(column->chain, column->n, sizeof(*column->chain), by_vertices);
  for (HoleIndex e = 0; e < column->n; ++e) {
    if (e + 1 < column->n && !by_vertices(&column->chain[e], &column->chain[e + 1])) ++e;
    else column->chain[kept++] = column->chain[e];
  }
  column->n = kept;
}

/* Heap order: the total order of triangles, but for the central vertex, which is looked for when it matters. */
static inline int precedes(const struct hole_triangle *a, const struct hole_triangle *b)
{
  int order = hole_edge_key_compare(&a->edge, &b->edge);

  return order ? order < 0 : a->vertex < b->vertex;
}

/* Put a triangle at the end, where it may break the order of the heap. */
static PetscErrorCode append(hole_reduction r, struct hole_triangle triangle)
{
  PetscFunctionBegin;
  if (r->n_heap == r->heap_capacity) {
    r->heap_capacity = PetscMax(1024, 2 * r->heap_capacity);
    PetscCall(PetscRealloc((size_t)r->heap_capacity * sizeof(*r->heap), &r->heap));
  }
  r->heap[r->n_heap++] = triangle;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Order the heap again from `place` on, once it is a heap before. */
static void restore_heap(hole_reduction r, HoleIndex place)
{
  for (; place < r->n_heap; ++place) {
    struct hole_triangle triangle = r->heap[place];
    HoleIndex            p        = place;

    for (; p && precedes(&triangle, &r->heap[(p - 1) / 2]); p = (p - 1) / 2) r->heap[p] = r->heap[(p - 1) / 2];
    r->heap[p] = triangle;
  }
}

static struct hole_triangle pop(hole_reduction r)
{
  struct hole_triangle first = r->heap[0], last = r->heap[--r->n_heap];
  HoleIndex            place = 0, child;

  while ((child = 2 * place + 1) < r->n_heap) {
    if (child + 1 < r->n_heap && precedes(&r->heap[child + 1], &r->heap[child])) ++child;
    if (!precedes(&r->heap[child], &last)) break;
    r->heap[place] = r->heap[child];
    place          = child;
  }
  r->heap[place] = last;
  return first;
}

/* Append triangle (i, j, k) under its longest edge. */
static PetscErrorCode append_triangle(hole_reduction r, HoleIndex i, HoleIndex j, HoleIndex k, double ij, double ik,
                                      double jk)
{
  struct hole_triangle triangle = {hole_edge_key_of(ij, i, j), (uint32_t)k};
  struct hole_edge_key at_i = hole_edge_key_of(ik, i, k), at_j = hole_edge_key_of(jk, j, k);

  PetscFunctionBegin;
  if (hole_edge_key_compare(&triangle.edge, &at_i) < 0) triangle = (struct hole_triangle){at_i, (uint32_t)j};
  if (hole_edge_key_compare(&triangle.edge, &at_j) < 0) triangle = (struct hole_triangle){at_j, (uint32_t)i};
  PetscCall(append(r, triangle));
  ++r->work.n_cofacets;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static int by_precedence(const void *a, const void *b) { return precedes(a, b) ? -1 : precedes(b, a); }

/* Append the triangles on an edge with length in [from, to). */
static PetscErrorCode append_cofacets(hole_reduction r, struct hole_chain_item edge, double from, double to)
{
  const hole_bounds b = r->b;
  const HoleIndex   i = edge.i, j = edge.j, lanes = hole_scan_lanes(b);
  const double      above_to = hole_bounds_above(b, to);
  const void       *row_i, *row_j;
  double            ij, below_from;

  PetscFunctionBegin;
  PetscCall(hole_row_cache_get(r->cache, i, &row_i));
  PetscCall(hole_row_cache_get(r->cache, j, &row_j));
  ++r->work.n_scans;
  r->work.n_places += b->stride;
  ij = hole_bounds_length(b, i, row_i, j);
  if (ij >= to) PetscFunctionReturn(PETSC_SUCCESS);
  below_from = ij >= from ? -INFINITY : hole_bounds_below(b, from);
  for (HoleIndex m = hole_scan_between(b, 0, i, j, row_i, row_j, below_from, above_to); m < b->stride;
       m           = hole_scan_between(b, m + lanes, i, j, row_i, row_j, below_from, above_to)) {
    for (HoleIndex k = m; k < PetscMin(m + lanes, b->n); ++k) {
      double ik, jk, length;

      if (k == i || k == j || hole_bounds_low(b, row_i, k) > above_to || hole_bounds_low(b, row_j, k) > above_to ||
          (hole_bounds_high(b, i, row_i, k) < below_from && hole_bounds_high(b, j, row_j, k) < below_from))
        continue;
      ik     = hole_bounds_length(b, i, row_i, k);
      jk     = hole_bounds_length(b, j, row_j, k);
      length = PetscMax(ij, PetscMax(ik, jk));
      if (length >= from && length < to) PetscCall(append_triangle(r, i, j, k, ij, ik, jk));
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Ask for the rows of the edge after this one while this one is worked on. */
static PetscErrorCode look_ahead(hole_reduction r, HoleIndex e, HoleIndex n, const struct hole_chain_item chain[])
{
  PetscFunctionBegin;
  if (e + 1 == n) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(hole_row_cache_prefetch(r->cache, chain[e + 1].i));
  PetscCall(hole_row_cache_prefetch(r->cache, chain[e + 1].j));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Where the next piece ends. Pieces grow with the distance from the birth: most pivots are near it, and each piece is another look at
   all rows of the chain. */
static double end_of_piece(hole_reduction r, const struct hole_column *column)
{
  const double from = column->complete, width = from / WIDTH_FRACTION + (from - column->birth.length) / 2;

  return PetscMin(r->end, nextafter(from + width, INFINITY));
}

/* Fill the empty heap with the next few triangles of a column; it is complete up to column->complete then. */
static PetscErrorCode generate_piece(hole_reduction r, struct hole_column *column)
{
  const double from = column->complete, to = end_of_piece(r, column);

  PetscFunctionBegin;
  for (HoleIndex e = 0; e < column->n; ++e) {
    PetscCall(look_ahead(r, e, column->n, column->chain));
    PetscCall(append_cofacets(r, column->chain[e], from, to));
  }
  restore_heap(r, 0);
  column->complete = to;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Add the triangles of a chain with length in [from, to). */
static PetscErrorCode push_chain(hole_reduction r, HoleIndex n, const struct hole_chain_item chain[], double from,
                                 double to)
{
  const HoleIndex n_before = r->n_heap;

  PetscFunctionBegin;
  for (HoleIndex e = 0; e < n; ++e) {
    PetscCall(look_ahead(r, e, n, chain));
    PetscCall(append_cofacets(r, chain[e], from, to));
  }
  restore_heap(r, n_before);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Take the triangles on the first longest edge off the heap; `front` keeps the vertices that occur an odd number of times. */
static PetscErrorCode take_front(hole_reduction r, struct hole_edge_key *edge)
{
  PetscFunctionBegin;
  *edge      = r->heap[0].edge;
  r->n_front = 0;
  while (r->n_heap && !hole_edge_key_compare(&r->heap[0].edge, edge)) {
    uint32_t vertex = pop(r).vertex;

    if (r->n_front && r->front[r->n_front - 1] == vertex) --r->n_front;
    else {
      if (r->n_front == r->front_capacity) {
        r->front_capacity = PetscMax(256, 2 * r->front_capacity);
        PetscCall(PetscRealloc((size_t)r->front_capacity * sizeof(*r->front), &r->front));
      }
      r->front[r->n_front++] = vertex;
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode put_front_back(hole_reduction r, const struct hole_edge_key *edge)
{
  const HoleIndex n_before = r->n_heap;

  PetscFunctionBegin;
  for (HoleIndex v = 0; v < r->n_front; ++v) PetscCall(append(r, (struct hole_triangle){*edge, r->front[v]}));
  restore_heap(r, n_before);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The first triangle of the front: is it an apparent pair with the edge, or which one is it? */
static PetscErrorCode first_of_front(hole_reduction r, const struct hole_edge_key *edge, struct hole_triangle *first,
                                     PetscBool *apparent)
{
  const void *row_i, *row_j;
  HoleIndex   center;

  PetscFunctionBegin;
  PetscCall(hole_row_cache_get(r->cache, edge->i, &row_i));
  PetscCall(hole_row_cache_get(r->cache, edge->j, &row_j));
  center = hole_lune_center(r->b, edge->i, edge->j, row_i, row_j);
  r->work.n_places += r->b->n;
  *first    = (struct hole_triangle){*edge, r->front[0]};
  *apparent = PETSC_FALSE;
  for (HoleIndex v = 0; v < r->n_front && !*apparent; ++v) *apparent = (PetscBool)(r->front[v] == center);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static struct pivot_entry *find_pivot(hole_reduction r, const struct hole_triangle *t)
{
  struct pivot_key    key = {t->edge.i, t->edge.j, t->vertex};
  struct pivot_entry *entry;

  HASH_FIND(hh, r->pivots, &key, sizeof(key), entry);
  return entry;
}

/* The column becomes the reduction's. */
static PetscErrorCode keep_pivot(hole_reduction r, const struct hole_triangle *t, struct hole_column **column)
{
  struct pivot_entry *entry;

  PetscFunctionBegin;
  PetscCall(PetscNew(&entry));
  entry->key = (struct pivot_key){t->edge.i, t->edge.j, t->vertex};
  HASH_ADD(hh, r->pivots, key, sizeof(entry->key), entry);
  if (!entry->hh.tbl) { /* it could not be added */
    PetscCall(PetscFree(entry));
    SETERRQ(PETSC_COMM_SELF, HOLE_ERR_RESOURCE, "memory ran out in the reduction; use more ranks on more nodes");
  }
  entry->column = *column;
  *column       = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Cancel the front's first triangle by the column it is the pivot of, if there is one: *added tells. Below its pivot the
   other column has no triangle, so only those from the pivot's length on are generated. */
static PetscErrorCode add_column(hole_reduction r, struct hole_column *column, const struct hole_triangle *first,
                                 PetscBool apparent, double to, PetscBool *added)
{
  struct hole_chain_item        edge  = {first->edge.i, first->edge.j};
  const struct pivot_entry     *entry = apparent ? NULL : find_pivot(r, first);
  const struct hole_chain_item *chain = entry ? entry->column->chain : &edge;
  HoleIndex                     n     = entry ? entry->column->n : 1;

  PetscFunctionBegin;
  *added = (PetscBool)(apparent || entry);
  if (!*added) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(put_front_back(r, &first->edge));
  PetscCall(push_chain(r, n, chain, first->edge.length, to));
  PetscCall(hole_column_append(column, n, chain));
  ++r->work.n_additions;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Put a column's triangles on the heap. */
static PetscErrorCode load(hole_reduction r, const struct hole_column *column)
{
  PetscFunctionBegin;
  r->n_heap = 0;
  for (HoleIndex t = 0; t < column->n_ahead; ++t)
    PetscCall(append(r, ((const struct hole_triangle *)column->ahead)[t])); /* stored as a heap */
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Give the triangles on the heap back to the column, without pairs of equal ones. Ascending order is a heap, too. */
static PetscErrorCode unload(hole_reduction r, struct hole_column *column)
{
  HoleIndex n = 0;

  PetscFunctionBegin;
  hole_sort(r->heap, r->n_heap, sizeof(*r->heap), by_precedence);
  for (HoleIndex t = 0; t < r->n_heap; ++t) {
    if (t + 1 < r->n_heap && !by_precedence(&r->heap[t], &r->heap[t + 1])) ++t;
    else r->heap[n++] = r->heap[t];
  }
  PetscCall(PetscFree(column->ahead));
  PetscCall(PetscMalloc((size_t)n * sizeof(*r->heap), &column->ahead));
  PetscCall(PetscMemcpy(column->ahead, r->heap, (size_t)n * sizeof(*r->heap)));
  column->n_ahead = n;
  column->rests   = n ? r->heap[0].edge.length : column->complete;
  tidy_chain(column);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Reduce by the triangles on the heap that are shorter than `high`: a pivot is found, or none of them is left. */
static PetscErrorCode reduce_heap(hole_reduction r, struct hole_column *column, double high,
                                  struct hole_triangle *pivot, PetscBool *found)
{
  struct hole_edge_key edge;
  PetscBool            apparent = PETSC_FALSE, added = PETSC_FALSE;

  PetscFunctionBegin;
  *found = PETSC_FALSE;
  while (r->n_heap && r->heap[0].edge.length < high && !*found) {
    PetscCall(take_front(r, &edge));
    if (!r->n_front) continue;
    PetscCall(first_of_front(r, &edge, pivot, &apparent));
    PetscCall(add_column(r, column, pivot, apparent, column->complete, &added));
    *found = (PetscBool)!added;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_reduction_reduce(hole_reduction r, double high, struct hole_column **column,
                                     struct hole_triangle *pivot, PetscBool *found)
{
  PetscFunctionBegin;
  PetscCall(load(r, *column));
  PetscCall(reduce_heap(r, *column, high, pivot, found));
  while (!*found && !r->n_heap && (*column)->complete < high) {
    tidy_chain(*column);
    PetscCall(generate_piece(r, *column));
    PetscCall(reduce_heap(r, *column, high, pivot, found));
  }
  if (*found) r->n_heap = 0; /* nobody will ask what lies beyond the pivot */
  PetscCall(unload(r, *column));
  if (*found) PetscCall(keep_pivot(r, pivot, column));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_reduction_chain(hole_reduction r, const struct hole_triangle *pivot, HoleIndex *n,
                                    const struct hole_chain_item *chain[])
{
  const struct pivot_entry *entry = find_pivot(r, pivot);

  PetscFunctionBegin;
  PetscCheck(entry, PETSC_COMM_SELF, PETSC_ERR_ARG_WRONG, "No column has this pivot");
  *n     = entry->column->n;
  *chain = entry->column->chain;
  PetscFunctionReturn(PETSC_SUCCESS);
}

const struct hole_reduction_work *hole_reduction_get_work(hole_reduction r) { return &r->work; }

PetscErrorCode hole_reduction_destroy(hole_reduction *reduction)
{
  hole_reduction      r = *reduction;
  struct pivot_entry *entry, *next;

  PetscFunctionBegin;
  if (!r) PetscFunctionReturn(PETSC_SUCCESS);
  HASH_ITER(hh, r->pivots, entry, next)
  {
    HASH_DEL(r->pivots, entry);
    PetscCall(hole_column_destroy(&entry->column));
    PetscCall(PetscFree(entry));
  }
  PetscCall(PetscFree(r->heap));
  PetscCall(PetscFree(r->front));
  PetscCall(PetscFree(r));
  *reduction = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* On activations there are about as many columns as points, and most keep one piece. */
double hole_reduction_predict_bytes(HoleIndex n, PetscMPIInt size)
{
  const size_t a_column = sizeof(struct hole_column) + sizeof(struct pivot_entry) +
                          TRIANGLES_A_COLUMN * sizeof(struct hole_triangle) + 8 * sizeof(struct hole_chain_item);

  return (double)hole_block_count(n, size, 0) * (double)a_column;
}
