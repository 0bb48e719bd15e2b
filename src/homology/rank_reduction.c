/* Reduction of one column within a window [Bauer2021, section 3; deSilvaMorozovVejdemoJohansson2011].

   The queue holds entries of the column, with repetitions: the coefficient of a cofacet is the sum of all. The first cofacet whose
   sum is not zero is cancelled by the column that has it as pivot. Such a column was reduced before, or it is one that is never
   stored, since its pivot lies at its own longest edge e, in the lune of e:

       triangle (e, k*), k* the most central vertex:  the column of edge e
       tetrahedron (e, kl), k and l not joined by edges of the lune before (k,l): the sum of (e, m) over the vertices m of the younger
           of the two components that (k,l) joins
       4-simplex (e, (kl, m)), m the first vertex of the lune next to k and l by edges before (k,l): the column of (e, kl)

   Entries are generated lazily. One look at the chain gives the first few from a rank on, and the rank up to which they are
   complete. What lies beyond the window goes along with the column, so the number of looks does not depend on the windows. */
#include "rank_reduction.h"

#include "../core/sort.h"
#include "entry_queue.h"
#include <hole/hole_error.h>
#define HASH_NONFATAL_OOM      1 /* by default uthash ends the program when memory runs out */
#define uthash_nonfatal_oom(e) ((void)(e))
#include <uthash.h>

enum { LEAST_WIDTH = 64, WIDTH_FRACTION = 50 /* of a piece, in ranks of edges */ };

/* A column that is reduced: its pivot and its chain are left of it. */
struct pivot_entry {
  uint64_t                pivot;
  HoleIndex               n;
  struct hole_chain_item *chain; /* [n] */
  UT_hash_handle          hh;
};

struct hole_rank_reduction_s {
  struct hole_simplices     *x;
  int                        dim;
  uint32_t                   end;    /* no cofacet has this longest edge or a later one */
  struct pivot_entry        *pivots; /* uthash */
  struct hole_entry_queue    queue;  /* of the present column */
  struct hole_entries        front;  /* dimension 1: entries with the first longest edge; room for a chain */
  hole_lune_graph            graph;  /* dimension 2 */
  struct hole_reduction_work work;
  double                     kept_bytes, most_bytes;
  HoleIndex                  most_cofacets, last_cofacet; /* that a column may generate; the count at which it has */
};

/* A column to add: its chain times `factor`. */
struct addend {
  HoleIndex                     n;
  const struct hole_chain_item *chain;    /* stored, or NULL: a sum of simplices at one edge */
  const uint32_t               *vertices; /* [n] then */
  uint64_t                      simplex;  /* or a single one */
  uint32_t                      factor;
};

PetscErrorCode hole_rank_reduction_create(struct hole_simplices *x, int dim, double most_bytes, HoleIndex most_cofacets,
                                          hole_rank_reduction *reduction)
{
  PetscFunctionBegin;
  PetscCall(PetscNew(reduction));
  (*reduction)->x             = x;
  (*reduction)->dim           = dim;
  (*reduction)->end           = x->s->n_active;
  (*reduction)->most_bytes    = most_bytes;
  (*reduction)->most_cofacets = most_cofacets;
  if (dim == 2) PetscCall(hole_lune_graph_create(x->s, &(*reduction)->graph));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static struct hole_chain_item item_of(hole_entry entry)
{
  return (struct hole_chain_item){(uint32_t)(entry >> 32), (uint32_t)entry};
}

struct hole_edge_key hole_rank_birth(const struct hole_simplices *x, int dim, uint64_t simplex)
{
  const hole_entry             entry = hole_entry_of(x, simplex, 1);
  const struct hole_chain_item item  = item_of(entry);

  return (struct hole_edge_key){hole_entry_edge(x, dim, entry), item.i, item.j};
}

/* a + b modulo the prime. */
static inline uint32_t plus(const struct hole_simplices *x, uint32_t a, uint32_t b)
{
  return a + b < x->prime ? a + b : a + b - x->prime;
}

/* a * b modulo the prime. */
static uint32_t times(const struct hole_simplices *x, uint32_t a, uint32_t b)
{
  return (uint32_t)((uint64_t)a * b % x->prime);
}

/* a to the power prime - 2. */
static uint32_t inverse(const struct hole_simplices *x, uint32_t a)
{
  uint32_t result = 1;

  for (uint32_t power = x->prime - 2; power; power >>= 1) {
    if (power & 1) result = times(x, result, a);
    a = times(x, a, a);
  }
  return result;
}

static hole_entry scaled(const struct hole_simplices *x, hole_entry entry, uint32_t factor)
{
  if (factor == 1) return entry;
  return hole_entry_of(x, hole_entry_simplex(x, entry), times(x, hole_entry_coefficient(x, entry), factor));
}

/* Ascending; equal simplices become one, with the sum of their coefficients, or none. */
static void collect(const struct hole_simplices *x, struct hole_entries *list)
{
  HoleIndex kept = 0;

  hole_sort(list->entry, list->n, sizeof(*list->entry), hole_entry_order);
  for (HoleIndex e = 0; e < list->n;) {
    const uint64_t simplex = hole_entry_simplex(x, list->entry[e]);
    uint32_t       sum     = 0;

    for (; e < list->n && hole_entry_simplex(x, list->entry[e]) == simplex; ++e)
      sum = plus(x, sum, hole_entry_coefficient(x, list->entry[e]));
    if (sum) list->entry[kept++] = hole_entry_of(x, simplex, sum);
  }
  list->n = kept;
}

/* The same for a chain. */
static PetscErrorCode tidy_chain(hole_rank_reduction r, struct hole_column *column)
{
  struct hole_entries *list = &r->front; /* which nobody needs now */

  PetscFunctionBegin;
  if (column->n == 1) PetscFunctionReturn(PETSC_SUCCESS);
  list->n = 0;
  PetscCall(hole_entries_reserve(list, column->n));
  for (HoleIndex i = 0; i < column->n; ++i) list->entry[list->n++] = hole_chain_entry(column->chain[i]);
  collect(r->x, list);
  for (HoleIndex i = 0; i < list->n; ++i) column->chain[i] = item_of(list->entry[i]);
  column->n = list->n;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Take the first cofacet whose sum is not zero off the queue, if there is one before `high`: *popped tells. */
static PetscErrorCode pop_first(hole_rank_reduction r, uint32_t high, hole_entry *first, PetscBool *popped)
{
  const struct hole_simplices *x    = r->x;
  struct hole_entries         *heap = &r->queue.heap;

  PetscFunctionBegin;
  *popped = PETSC_FALSE;
  while (!*popped) {
    uint64_t simplex;
    uint32_t sum = 0;

    if (!heap->n) PetscCall(hole_entry_queue_fill(&r->queue, x->coefficient_bits));
    if (!heap->n || hole_entry_edge(x, r->dim + 1, heap->entry[0]) >= high) break;
    simplex = hole_entry_simplex(x, heap->entry[0]);
    while (heap->n && hole_entry_simplex(x, heap->entry[0]) == simplex)
      sum = plus(x, sum, hole_entry_coefficient(x, hole_heap_pop(heap)));
    *first  = hole_entry_of(x, simplex, sum);
    *popped = (PetscBool)(sum != 0);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_memory(hole_rank_reduction r)
{
  const double bytes = r->kept_bytes + hole_entry_queue_bytes(&r->queue);

  PetscFunctionBegin;
  PetscCheck(
      bytes <= r->most_bytes, PETSC_COMM_SELF, HOLE_ERR_RESOURCE,
      "the reduction in dimension %d takes more than %.3g GiB on a rank: some class lives long, and its cocycle grows; "
      "lower -threshold, -max_points or -max_dim, raise -memory_limit, or use more ranks on more nodes",
      r->dim, r->most_bytes / 0x1p30);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What a look at the rows of an entry counts. */
static HoleIndex places_of(hole_rank_reduction r, hole_entry entry)
{
  HoleIndex n = 0;
  uint32_t  v[4];

  if (r->x->s->rows) return r->dim * r->x->s->stride;
  hole_simplex_vertices(r->x, r->dim, hole_entry_simplex(r->x, entry), v);
  for (int o = 0; o <= r->dim; ++o) n += hole_skeleton_places(r->x->s, v[o]);
  return n;
}

/* List the cofacets of an entry, longest edge in [low, high), for the queue. */
static PetscErrorCode append_cofacets(hole_rank_reduction r, hole_entry entry, uint32_t low, uint32_t high)
{
  const HoleIndex n_before = r->queue.fresh.n;

  PetscFunctionBegin;
  PetscCall(hole_simplices_append_cofacets(r->x, r->dim, entry, low, high, &r->queue.fresh));
  r->work.n_cofacets += r->queue.fresh.n - n_before;
  r->work.n_places += places_of(r, entry);
  ++r->work.n_scans;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Where the next piece ends. Pieces grow with the distance from the birth: most pivots are near it, and each piece is another look at
   all rows of the chain. */
static uint32_t end_of_piece(hole_rank_reduction r, const struct hole_column *column)
{
  const uint32_t from = (uint32_t)column->complete, birth = (uint32_t)column->birth.length;
  const uint64_t width = LEAST_WIDTH + from / WIDTH_FRACTION + (from - birth) / 2;

  if (!r->x->s->rows) return r->end; /* sparse: there are few cofacets */
  return (uint32_t)PetscMin(r->end, from + width);
}

/* The next few entries of a column for the empty queue; it is complete up to column->complete then. */
static PetscErrorCode generate_piece(hole_rank_reduction r, struct hole_column *column)
{
  const uint32_t from = (uint32_t)column->complete, to = end_of_piece(r, column);

  PetscFunctionBegin;
  for (HoleIndex i = 0; i < column->n; ++i) PetscCall(append_cofacets(r, hole_chain_entry(column->chain[i]), from, to));
  PetscCall(hole_entry_queue_take(&r->queue));
  column->complete = to;
  PetscCall(check_memory(r));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The number of item i of a column to add, with its coefficient. */
static hole_entry addend_entry(hole_rank_reduction r, const struct addend *a, HoleIndex i)
{
  const struct hole_simplices *x = r->x;
  int                          odd;

  if (a->chain) return scaled(x, hole_chain_entry(a->chain[i]), a->factor);
  if (!a->vertices) return hole_entry_of(x, a->simplex, a->factor);
  /* (e, m) has the sign by which the coboundaries of two of them cancel at (e, mn) */
  odd = hole_vertices_before(2, x->s->ends[a->simplex], a->vertices[i]) & 1;
  return hole_entry_of(x, (uint64_t)a->simplex << x->vertex_bits | a->vertices[i],
                       odd ? x->prime - a->factor : a->factor);
}

/* Add a column to this one: its cofacets from `low` on, where its pivot is, as far as this one is complete. */
static PetscErrorCode add(hole_rank_reduction r, struct hole_column *column, const struct addend *a, uint32_t low)
{
  PetscFunctionBegin;
  for (HoleIndex i = 0; i < a->n; ++i) {
    const hole_entry             entry = addend_entry(r, a, i);
    const struct hole_chain_item item  = item_of(entry);

    PetscCall(append_cofacets(r, entry, low, (uint32_t)column->complete));
    PetscCall(hole_column_append(column, 1, &item));
  }
  PetscCall(hole_entry_queue_take(&r->queue));
  ++r->work.n_additions;
  PetscCall(check_memory(r));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The factor that cancels `coefficient` by one whose coefficient is 1, or -1 if `odd`. */
static uint32_t cancelling(const struct hole_simplices *x, uint32_t coefficient, int odd)
{
  return odd ? coefficient : x->prime - coefficient;
}

/* An earlier column with the pivot `first`. */
static PetscBool find_stored(hole_rank_reduction r, hole_entry first, struct addend *a)
{
  const uint64_t            simplex = hole_entry_simplex(r->x, first);
  const struct pivot_entry *entry;

  HASH_FIND(hh, r->pivots, &simplex, sizeof(simplex), entry);
  if (!entry) return PETSC_FALSE;
  *a = (struct addend){entry->n, entry->chain, NULL, 0, cancelling(r->x, hole_entry_coefficient(r->x, first), 0)};
  return PETSC_TRUE;
}

/* Tetrahedron (e, kl): the younger component, if (k,l) joins two. */
static PetscBool find_component(hole_rank_reduction r, hole_entry first, struct addend *a)
{
  const struct hole_simplices *x    = r->x;
  const uint64_t               t    = hole_entry_simplex(x, first);
  const uint32_t               edge = (uint32_t)(t >> x->edge_bits);
  const uint32_t               kl   = (uint32_t)(t & ((UINT64_C(1) << x->edge_bits) - 1));
  const uint32_t              *e = x->s->ends[edge], *k = x->s->ends[kl];
  struct hole_vertex_list      parts[2];
  uint32_t                     oldest[2], triangle[3] = {e[0], e[1], 0};
  HoleIndex                    n_places;
  int                          young, odd;

  n_places = hole_lune_graph_places(r->graph);
  (void)hole_lune_graph_open(r->graph, edge);
  parts[0] = hole_lune_graph_component(r->graph, 0, k[0], k[1], kl, &oldest[0]);
  if (parts[0].n) parts[1] = hole_lune_graph_component(r->graph, 1, k[1], HOLE_NO_EDGE, kl, &oldest[1]);
  r->work.n_places += hole_lune_graph_places(r->graph) - n_places;
  if (!parts[0].n) return PETSC_FALSE;
  young       = hole_lune_graph_precedes(r->graph, oldest[0], oldest[1]);
  triangle[2] = k[young];
  odd         = hole_vertices_before(2, e, k[young]) + hole_vertices_before(3, triangle, k[!young]);
  *a          = (struct addend){parts[young].n, NULL, parts[young].vertices, edge,
                                cancelling(x, hole_entry_coefficient(x, first), odd & 1)};
  return PETSC_TRUE;
}

/* 4-simplex (e, (kl, m)): is it the first cofacet of (e, kl), and that its last facet? */
static PetscBool find_apparent(hole_rank_reduction r, hole_entry first, struct addend *a)
{
  const struct hole_simplices *x = r->x;
  const uint64_t               t = hole_entry_simplex(x, first), facet = t >> x->vertex_bits;
  uint32_t                     v[5];

  hole_simplex_vertices(x, 4, t, v);
  r->work.n_places += hole_skeleton_places(x->s, v[2]);
  if (hole_skeleton_first_common(x->s, v, (uint32_t)(facet >> x->edge_bits), v + 2,
                                 (uint32_t)(facet & ((UINT64_C(1) << x->edge_bits) - 1))) != v[4])
    return PETSC_FALSE;
  *a = (struct addend){1, NULL, NULL, facet,
                       cancelling(x, hole_entry_coefficient(x, first), hole_vertices_before(4, v, v[4]) & 1)};
  return PETSC_TRUE;
}

/* Cancel the first entry by the column that has it as pivot, if there is one: *added tells. */
static PetscErrorCode cancel(hole_rank_reduction r, struct hole_column *column, hole_entry first, PetscBool *added)
{
  struct addend a;

  PetscFunctionBegin;
  *added = find_stored(r, first, &a);
  if (!*added && r->dim == 2) *added = find_component(r, first, &a);
  if (!*added && r->dim == 3) *added = find_apparent(r, first, &a);
  if (!*added) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(hole_heap_push(&r->queue.heap, first));
  PetscCall(add(r, column, &a, hole_entry_edge(r->x, r->dim + 1, first)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Dimension 1: take all triangles on the first longest edge off the queue. If the one at the most central vertex is among them, the
   column of that edge is added; else the first of them is left to be cancelled. */
static PetscErrorCode cancel_front(hole_rank_reduction r, struct hole_column *column, hole_entry *first,
                                   PetscBool *added)
{
  const struct hole_simplices *x      = r->x;
  const uint32_t               edge   = hole_entry_edge(x, 2, *first);
  PetscBool                    popped = PETSC_TRUE;
  uint32_t                     center;
  hole_entry                   entry = *first, central = 0;
  struct addend                a;

  PetscFunctionBegin;
  center = hole_skeleton_center(x->s, edge, &r->x->common);
  r->work.n_places += hole_skeleton_places(x->s, x->s->ends[edge][0]);
  r->front.n = 0;
  do {
    PetscCall(hole_entries_reserve(&r->front, 1));
    r->front.entry[r->front.n++] = entry;
    if (hole_entry_simplex(x, entry) == ((uint64_t)edge << x->vertex_bits | center)) central = entry;
    else PetscCall(pop_first(r, edge + 1, &entry, &popped));
  } while (!central && popped);
  for (HoleIndex f = 0; f < r->front.n; ++f) PetscCall(hole_heap_push(&r->queue.heap, r->front.entry[f]));
  if (central) {
    a = (struct addend){
        1, NULL, NULL, edge,
        cancelling(x, hole_entry_coefficient(x, central), hole_vertices_before(2, x->s->ends[edge], center) & 1)};
    PetscCall(add(r, column, &a, edge));
    *added = PETSC_TRUE;
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(pop_first(r, edge + 1, first, &popped));
  PetscCall(cancel(r, column, *first, added));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscBool is_too_long(hole_rank_reduction r) { return (PetscBool)(r->work.n_cofacets > r->last_cofacet); }

/* Reduce by the entries in the queue before `high`: a pivot is found, or none of them is left. */
static PetscErrorCode reduce_queue(hole_rank_reduction r, struct hole_column *column, uint32_t high, hole_entry *pivot,
                                   PetscBool *found)
{
  PetscBool added = PETSC_FALSE, popped = PETSC_TRUE;

  PetscFunctionBegin;
  *found = PETSC_FALSE;
  while (!*found && !is_too_long(r)) {
    PetscCall(pop_first(r, high, pivot, &popped));
    if (!popped) break;
    PetscCall(r->dim == 1 ? cancel_front(r, column, pivot, &added) : cancel(r, column, *pivot, &added));
    *found = (PetscBool)!added;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Put a column's entries into the queue. */
static PetscErrorCode load(hole_rank_reduction r, const struct hole_column *column)
{
  struct hole_entries *fresh = &r->queue.fresh;

  PetscFunctionBegin;
  PetscCall(hole_entry_queue_clear(&r->queue));
  PetscCall(hole_entries_reserve(fresh, column->n_ahead));
  PetscCall(PetscMemcpy(fresh->entry, column->ahead, (size_t)column->n_ahead * sizeof(hole_entry)));
  fresh->n = column->n_ahead;
  PetscCall(hole_entry_queue_take(&r->queue));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Give the entries in the queue back to the column. */
static PetscErrorCode unload(hole_rank_reduction r, struct hole_column *column)
{
  struct hole_entries *left = &r->queue.fresh;

  PetscFunctionBegin;
  PetscCall(hole_entry_queue_list(&r->queue));
  collect(r->x, left);
  PetscCall(PetscFree(column->ahead));
  column->ahead   = NULL;
  column->n_ahead = left->n;
  if (left->n) PetscCall(PetscMalloc((size_t)left->n * sizeof(hole_entry), &column->ahead));
  PetscCall(PetscMemcpy(column->ahead, left->entry, (size_t)left->n * sizeof(hole_entry)));
  column->rests = left->n ? hole_entry_edge(r->x, r->dim + 1, left->entry[0]) : column->complete;
  PetscCall(tidy_chain(r, column));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The column's chain becomes the reduction's, scaled so that its pivot has coefficient 1. */
static PetscErrorCode keep_pivot(hole_rank_reduction r, hole_entry pivot, struct hole_column **column)
{
  const uint32_t      factor = inverse(r->x, hole_entry_coefficient(r->x, pivot));
  struct pivot_entry *entry;

  PetscFunctionBegin;
  for (HoleIndex i = 0; i < (*column)->n && factor != 1; ++i)
    (*column)->chain[i] = item_of(scaled(r->x, hole_chain_entry((*column)->chain[i]), factor));
  PetscCall(PetscRealloc((size_t)(*column)->n * sizeof(*(*column)->chain), &(*column)->chain));
  PetscCall(PetscNew(&entry));
  entry->pivot = hole_entry_simplex(r->x, pivot);
  HASH_ADD(hh, r->pivots, pivot, sizeof(entry->pivot), entry);
  if (!entry->hh.tbl) { /* it could not be added */
    PetscCall(PetscFree(entry));
    SETERRQ(PETSC_COMM_SELF, HOLE_ERR_RESOURCE, "memory ran out in the reduction; use more ranks on more nodes");
  }
  r->kept_bytes += (double)((*column)->n) * sizeof(*(*column)->chain) + sizeof(*entry);
  entry->n         = (*column)->n;
  entry->chain     = (*column)->chain;
  (*column)->chain = NULL;
  PetscCall(hole_column_destroy(column));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_rank_reduction_reduce(hole_rank_reduction r, uint32_t high, struct hole_column **column,
                                          uint64_t *pivot, PetscBool *found, PetscBool *given_up)
{
  hole_entry first = 0;

  PetscFunctionBegin;
  r->last_cofacet = r->most_cofacets < INT64_MAX ? r->work.n_cofacets + r->most_cofacets : INT64_MAX;
  PetscCall(load(r, *column));
  PetscCall(reduce_queue(r, *column, high, &first, found));
  while (!*found && !r->queue.heap.n && (*column)->complete < high && !is_too_long(r)) {
    PetscCall(tidy_chain(r, *column));
    PetscCall(generate_piece(r, *column));
    PetscCall(reduce_queue(r, *column, high, &first, found));
  }
  *given_up = (PetscBool)(!*found && is_too_long(r));
  if (*found || *given_up)
    PetscCall(hole_entry_queue_clear(&r->queue)); /* nobody will ask what lies beyond the pivot */
  PetscCall(unload(r, *column));
  *pivot = hole_entry_simplex(r->x, first);
  if (*found) PetscCall(keep_pivot(r, first, column));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_rank_reduction_chain(hole_rank_reduction r, uint64_t pivot, HoleIndex *n,
                                         const struct hole_chain_item *chain[])
{
  const struct pivot_entry *entry;

  PetscFunctionBegin;
  HASH_FIND(hh, r->pivots, &pivot, sizeof(pivot), entry);
  PetscCheck(entry, PETSC_COMM_SELF, PETSC_ERR_ARG_WRONG, "No column has this pivot");
  *n     = entry->n;
  *chain = entry->chain;
  PetscFunctionReturn(PETSC_SUCCESS);
}

const struct hole_reduction_work *hole_rank_reduction_get_work(hole_rank_reduction r) { return &r->work; }

PetscErrorCode hole_rank_reduction_destroy(hole_rank_reduction *reduction)
{
  hole_rank_reduction r = *reduction;
  struct pivot_entry *entry, *next;

  PetscFunctionBegin;
  if (!r) PetscFunctionReturn(PETSC_SUCCESS);
  HASH_ITER(hh, r->pivots, entry, next)
  {
    HASH_DEL(r->pivots, entry);
    PetscCall(PetscFree(entry->chain));
    PetscCall(PetscFree(entry));
  }
  PetscCall(hole_lune_graph_destroy(&r->graph));
  PetscCall(hole_entry_queue_destroy(&r->queue));
  PetscCall(PetscFree(r->front.entry));
  PetscCall(PetscFree(r));
  *reduction = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}
