/* Loops of one lune after the other.

   1. A vertex next to all others: there is no loop. Nearly every small lune has one, most often the most central.
   2. Else the cocycles of the lune are looked for, and nearly always there are none.
   3. Where there are, an edge outside the minimum spanning forest of the lune closes a loop with it. Critical are those whose loop has a sum of
      values that is not a sum of those of critical edges before: the first edge of a sum other than 0; then, with values divided by that, the
      first again, until all are 0.

   Dense: rows of bits of all vertices grow edge by edge, and a lune is a set of bits. Sparse: the graph of each lune is made. */
#include "loops.h"

#include "../core/fault.h"
#include "../core/simd.h"
#include "bits.h"
#include "lune_cocycles.h"
#include "lune_graph.h"

enum { WORDS_AT_ONCE = 8, CHUNK = 64 /* edges that a part takes at a time */ };

struct hole_loops_s {
  hole_skeleton          s;
  struct hole_loop_list *list;
  uint32_t               edge;     /* of the present lune */
  HoleIndex              n;        /* of its vertices */
  const uint32_t        *vertices; /* [n] */
  struct hole_bit_graph  graph;    /* dense: of all vertices, by edges before `grown`; sparse: of the present lune */
  hole_lune_cocycles     cocycles;
  uint64_t              *rows, *set; /* of the graph */
  uint32_t              *near;       /* of the graph */
  uint32_t               grown;
  struct hole_common     common;  /* room to look for centers */
  uint32_t              *members; /* [n] dense */
  hole_lune_graph        lune;    /* sparse */
  uint32_t              *place;   /* [n] sparse: in the lune; HOLE_NO_EDGE: not in it */
  HoleIndex              capacity;
  uint32_t              *parent, *least; /* [n] places: forest of the lune; rank of the edge to it */
  uint64_t              *sum;            /* [n, width] of values on the way to the root */
  HoleIndex              n_sums;
};

static PetscErrorCode create_dense(hole_loops l)
{
  hole_skeleton s = l->s;

  PetscFunctionBegin;
  l->graph.n       = s->n;
  l->graph.n_words = (s->n + HOLE_BITS * WORDS_AT_ONCE - 1) / (HOLE_BITS * WORDS_AT_ONCE) * WORDS_AT_ONCE;
  PetscCall(PetscCalloc1(s->n * l->graph.n_words, &l->rows));
  PetscCall(PetscCalloc1(l->graph.n_words, &l->set));
  PetscCall(PetscMalloc1(s->n, &l->members));
  PetscCall(PetscMalloc1(s->n, &l->near));
  for (HoleIndex v = 0; v < s->n; ++v) l->near[v] = HOLE_NO_EDGE;
  for (uint32_t e = 0; e < s->n_edges; ++e) {
    const uint32_t *ends = s->ends[e];

    if (l->near[ends[0]] == HOLE_NO_EDGE) l->near[ends[0]] = ends[1];
    if (l->near[ends[1]] == HOLE_NO_EDGE) l->near[ends[1]] = ends[0];
  }
  l->graph.rows    = l->rows;
  l->graph.nearest = l->near;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create_sparse(hole_loops l)
{
  PetscFunctionBegin;
  PetscCall(hole_lune_graph_create(l->s, &l->lune));
  PetscCall(PetscMalloc1(l->s->n, &l->place));
  for (HoleIndex v = 0; v < l->s->n; ++v) l->place[v] = HOLE_NO_EDGE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_loops_create(hole_skeleton s, hole_loops *l)
{
  PetscFunctionBegin;
  PetscCall(hole_fault(s->comm, "loops_find"));
  PetscCall(PetscNew(l));
  (*l)->s = s;
  PetscCall(hole_lune_cocycles_create(s->n, &(*l)->cocycles));
  PetscCall(hole_common_create(s, &(*l)->common));
  PetscCall(PetscMalloc1(s->n, &(*l)->parent));
  PetscCall(PetscMalloc1(s->n, &(*l)->least));
  PetscCall(s->rows ? create_dense(*l) : create_sparse(*l));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_loops_destroy(hole_loops *l)
{
  PetscFunctionBegin;
  if (!*l) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(hole_lune_cocycles_destroy(&(*l)->cocycles));
  PetscCall(hole_lune_graph_destroy(&(*l)->lune));
  PetscCall(hole_common_destroy(&(*l)->common));
  PetscCall(PetscFree((*l)->rows));
  PetscCall(PetscFree((*l)->set));
  PetscCall(PetscFree((*l)->near));
  PetscCall(PetscFree((*l)->members));
  PetscCall(PetscFree((*l)->place));
  PetscCall(PetscFree((*l)->parent));
  PetscCall(PetscFree((*l)->least));
  PetscCall(PetscFree((*l)->sum));
  PetscCall(PetscFree(*l));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The number of a vertex of the lune, known by its place, in the graph of bits. */
static uint32_t number_of(const struct hole_loops_s *l, HoleIndex place)
{
  return l->s->rows ? l->vertices[place] : (uint32_t)place;
}

/* The value of an edge of the lune; NULL: 0. */
static const uint64_t *value_of(hole_loops l, HoleIndex a, HoleIndex b)
{
  return hole_lune_cocycles_value(l->cocycles, number_of(l, a), number_of(l, b));
}

/* The place not yet in the forest that is nearest to it; -1: all are in. */
static HoleIndex choose_next(const struct hole_loops_s *l, const HoleIndex n_open, const uint32_t open[])
{
  HoleIndex best = -1;

  for (HoleIndex o = 0; o < n_open; ++o) {
    if (best < 0 || l->least[open[o]] < l->least[open[best]]) best = o;
  }
  return best;
}

/* Minimum spanning forest of the lune [Prim1957], and sums of values on the ways to the roots. */
static PetscErrorCode grow_forest(hole_loops l)
{
  const HoleIndex width  = hole_lune_cocycles_width(l->cocycles);
  HoleIndex       n_open = l->n, next;
  uint32_t       *open;

  PetscFunctionBegin;
  if (l->n * width > l->n_sums) {
    l->n_sums = 2 * l->n * width;
    PetscCall(PetscFree(l->sum));
    PetscCall(PetscMalloc1(l->n_sums, &l->sum));
  }
  PetscCall(PetscMalloc1(l->n, &open));
  for (HoleIndex v = 0; v < l->n; ++v) {
    open[v] = l->parent[v] = (uint32_t)v;
    l->least[v]            = l->edge;
  }
  for (HoleIndex v = 0; v < l->n * width; ++v) l->sum[v] = 0;
  while ((next = choose_next(l, n_open, open)) >= 0) {
    const uint32_t  v = open[next], parent = l->parent[v];
    const uint64_t *value = parent == v ? NULL : value_of(l, v, parent);

    open[next] = open[--n_open];
    if (parent != v) hole_value_add(width, l->sum + v * width, l->sum + parent * width);
    if (value) hole_value_add(width, l->sum + v * width, value);
    for (HoleIndex o = 0; o < n_open; ++o) {
      const uint32_t rank = hole_skeleton_rank(l->s, l->vertices[v], l->vertices[open[o]]);

      if (rank >= l->least[open[o]]) continue;
      l->least[open[o]]  = rank;
      l->parent[open[o]] = v;
    }
  }
  PetscCall(PetscFree(open));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The sum of values around the loop that an edge closes; whether it is not 0. */
static PetscBool sum_loop(hole_loops l, HoleIndex a, HoleIndex b, HoleIndex width, uint64_t sum[])
{
  const uint64_t *value = value_of(l, a, b);

  for (HoleIndex w = 0; w < width; ++w) sum[w] = l->sum[a * width + w] ^ l->sum[b * width + w];
  if (value) hole_value_add(width, sum, value);
  return (PetscBool)(hole_value_first(width, sum) >= 0);
}

/* The first edge of the lune whose loop has a sum other than 0: between places a and b. There is one. */
static uint32_t find_closing(hole_loops l, HoleIndex width, HoleIndex *a, HoleIndex *b, uint64_t sum[])
{
  uint32_t best = l->edge;

  for (HoleIndex x = 0; x < l->n; ++x) {
    for (HoleIndex y = 0; y < x; ++y) {
      const uint32_t rank = hole_skeleton_rank(l->s, l->vertices[x], l->vertices[y]);

      if (rank >= best || !sum_loop(l, x, y, width, sum)) continue;
      best = rank;
      *a   = x;
      *b   = y;
    }
  }
  sum_loop(l, *a, *b, width, sum);
  return best;
}

static HoleIndex depth_of(const struct hole_loops_s *l, HoleIndex v)
{
  HoleIndex depth = 0;

  for (; l->parent[v] != v; v = l->parent[v]) ++depth;
  return depth;
}

/* Append an edge that closes a loop, and the loop: by the forest. */
static PetscErrorCode append_loop(hole_loops l, uint32_t closing, HoleIndex a, HoleIndex b)
{
  struct hole_loop_list *list    = l->list;
  const HoleIndex        head    = list->n;
  HoleIndex              depth_a = depth_of(l, a), depth_b = depth_of(l, b);

  PetscFunctionBegin;
  if (list->n + l->n + 4 > list->capacity) { /* a loop has no vertex twice */
    list->capacity = 2 * (list->capacity + l->n + 4);
    PetscCall(PetscRealloc((size_t)list->capacity * sizeof(*list->numbers), &list->numbers));
  }
  list->numbers[head]     = l->edge;
  list->numbers[head + 1] = closing;
  list->numbers[head + 3] = closing;
  list->n += 4;
  while (a != b) {
    HoleIndex *deeper = depth_a >= depth_b ? &a : &b;

    list->numbers[list->n++] = l->least[*deeper];
    *deeper                  = l->parent[*deeper];
    if (deeper == &a) --depth_a;
    else --depth_b;
  }
  list->numbers[head + 2] = (uint32_t)(list->n - head - 3);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The cocycles of the present lune are known: there are some. */
static PetscErrorCode close_loops(hole_loops l, HoleIndex n_loops)
{
  const HoleIndex width = hole_lune_cocycles_width(l->cocycles);
  uint64_t       *sum;

  PetscFunctionBegin;
  PetscCall(grow_forest(l));
  PetscCall(PetscMalloc1(width, &sum));
  for (; n_loops; --n_loops) {
    HoleIndex      a = 0, b = 0, first;
    const uint32_t closing = find_closing(l, width, &a, &b, sum);

    PetscCall(append_loop(l, closing, a, b));
    first = hole_value_first(width, sum);
    hole_lune_cocycles_divide(l->cocycles, sum);
    for (HoleIndex v = 0; v < l->n; ++v) hole_value_divide(width, l->sum + v * width, sum, first);
  }
  PetscCall(PetscFree(sum));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The set of the lune of (i, j); has it a vertex besides the center that is not next to that? */
HOLE_CLONES
static PetscBool intersect(HoleIndex n_words, const uint64_t a[], const uint64_t b[], const uint64_t of_center[],
                           uint32_t center, uint64_t set[])
{
  uint64_t left = 0;

  for (HoleIndex w = 0; w < n_words; ++w) set[w] = a[w] & b[w];
  set[center / HOLE_BITS] ^= UINT64_C(1) << center % HOLE_BITS;
  for (HoleIndex w = 0; w < n_words; ++w) left |= set[w] & ~of_center[w];
  set[center / HOLE_BITS] ^= UINT64_C(1) << center % HOLE_BITS;
  return (PetscBool)(left != 0);
}

/* The lune of the edge, before which the graph stands. */
static PetscErrorCode find_in_lune_dense(hole_loops l, uint32_t edge)
{
  const HoleIndex n_words = l->graph.n_words;
  const uint32_t *ends    = l->s->ends[edge];
  const uint32_t  center  = hole_skeleton_center(l->s, edge, &l->common);
  HoleIndex       n_loops;

  PetscFunctionBegin;
  if (center == HOLE_NO_EDGE || !intersect(n_words, l->rows + ends[0] * n_words, l->rows + ends[1] * n_words,
                                           l->rows + center * n_words, center, l->set))
    PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(hole_lune_cocycles_find(l->cocycles, &l->graph, l->set, center, &n_loops));
  if (!n_loops) PetscFunctionReturn(PETSC_SUCCESS);
  l->edge = edge;
  l->n    = 0;
  for (HoleIndex w = 0; w < n_words; ++w) {
    for (uint64_t left = l->set[w]; left; left &= left - 1)
      l->members[l->n++] = (uint32_t)(w * HOLE_BITS + __builtin_ctzll(left));
  }
  l->vertices = l->members;
  PetscCall(close_loops(l, n_loops));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The graph of the present lune. */
static PetscErrorCode make_graph(hole_loops l)
{
  hole_skeleton s = l->s;

  PetscFunctionBegin;
  l->graph.n       = l->n;
  l->graph.n_words = (l->n + HOLE_BITS - 1) / HOLE_BITS;
  if (l->n > l->capacity) {
    l->capacity = 2 * l->n;
    PetscCall(PetscFree(l->rows));
    PetscCall(PetscFree(l->set));
    PetscCall(PetscMalloc1(l->capacity * (l->capacity / HOLE_BITS + 1), &l->rows));
    PetscCall(PetscMalloc1(l->capacity / HOLE_BITS + 1, &l->set));
  }
  l->graph.rows = l->rows;
  for (HoleIndex w = 0; w < l->n * l->graph.n_words; ++w) l->rows[w] = 0;
  for (HoleIndex w = 0; w < l->graph.n_words; ++w) l->set[w] = 0;
  for (HoleIndex a = 0; a < l->n; ++a) {
    const uint32_t v = l->vertices[a];

    hole_bits_put(l->set, a);
    for (uint64_t p = s->starts[v]; p < s->starts[v + 1]; ++p) {
      const uint32_t b = l->place[s->neighbours[p].vertex];

      if (b != HOLE_NO_EDGE && s->neighbours[p].rank < l->edge) hole_bits_put(l->rows + a * l->graph.n_words, b);
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Is the center next to all other vertices of the lune? */
static PetscBool is_cone(const struct hole_loops_s *l, uint32_t center)
{
  hole_skeleton s = l->s;
  HoleIndex     n = 1;

  for (uint64_t p = s->starts[center]; p < s->starts[center + 1]; ++p)
    n += s->neighbours[p].rank < l->edge && l->place[s->neighbours[p].vertex] != HOLE_NO_EDGE;
  return (PetscBool)(n == l->n);
}

static PetscErrorCode find_in_lune_sparse(hole_loops l, uint32_t edge)
{
  const struct hole_vertex_list lune    = hole_lune_graph_open(l->lune, edge);
  const uint32_t                center  = hole_lune_graph_center(l->lune);
  HoleIndex                     n_loops = 0;
  PetscErrorCode                found   = PETSC_SUCCESS;

  PetscFunctionBegin;
  if (lune.n < 4) PetscFunctionReturn(PETSC_SUCCESS); /* a loop that is not filled has four vertices */
  l->edge     = edge;
  l->n        = lune.n;
  l->vertices = lune.vertices;
  for (HoleIndex a = 0; a < l->n; ++a) l->place[l->vertices[a]] = (uint32_t)a;
  if (!is_cone(l, center)) {
    found = make_graph(l);
    if (!found) found = hole_lune_cocycles_find(l->cocycles, &l->graph, l->set, l->place[center], &n_loops);
  }
  for (HoleIndex a = 0; a < l->n; ++a) l->place[l->vertices[a]] = HOLE_NO_EDGE;
  if (!found && n_loops) found = close_loops(l, n_loops);
  PetscCall(found);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Bring the rows up to an edge. */
static void grow_rows(hole_loops l, uint32_t edge)
{
  for (; l->grown < edge; ++l->grown) {
    const uint32_t *ends = l->s->ends[l->grown];

    hole_bits_put(l->rows + ends[0] * l->graph.n_words, ends[1]);
    hole_bits_put(l->rows + ends[1] * l->graph.n_words, ends[0]);
  }
}

PetscErrorCode hole_loops_find(hole_loops l, uint32_t first, uint32_t last, PetscMPIInt part, PetscMPIInt n_parts,
                               struct hole_loop_list *list)
{
  PetscFunctionBegin;
  l->list = list;
  for (HoleIndex chunk = first + (HoleIndex)CHUNK * part; chunk < last;
       chunk += (HoleIndex)CHUNK * n_parts) { /* later lunes are larger: dealt in turn */
    for (uint32_t e = (uint32_t)chunk; e < PetscMin(last, chunk + CHUNK); ++e) {
      if (l->s->rows) grow_rows(l, e);
      PetscCall(l->s->rows ? find_in_lune_dense(l, e) : find_in_lune_sparse(l, e));
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
