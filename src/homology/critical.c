/* Lunes one by one, in the order of their edges.

   Dense: adjacency bit sets grow edge by edge, so the lune of e = (i,j) is the intersection of the sets of i and j as they stand at e. A
   central vertex is next to nearly all of it, and the rest is next to some of these: reading little shows that nearly every lune is
   connected. The others are searched vertex by vertex. Sparse: likewise among the neighbours of one end. */
#include "homology_impl.h"

#include "critical.h"

#include "../core/block.h"
#include "../core/fault.h"
#include "../core/simd.h"
#include "../core/sort.h"
#include "../core/union_find.h"
#include "../tree/edge_order.h"
#include "bits.h"
#include "lune_graph.h"
#include "neighbourhood.h"
#include <hole/hole_error.h>

enum {
  WORDS_AT_ONCE     = 8,
  EDGES_A_REPORT    = 1 << 16,
  VERTICES_A_REPORT = 1 << 8,
  EDGES_AHEAD       = 3,
  LINES_AHEAD       = 4,
  CACHE_LINE        = 64,
  ENDS              = 2 /* of the order of edges */
};

struct finder {
  HoleHomology                 homology;
  const struct hole_simplices *x;
  hole_skeleton                s;
  PetscInt                     max_dim;
  hole_lune_graph              graph;
  hole_neighbourhood           neighbourhood; /* sparse */
  struct hole_critical        *critical;
  HoleIndex                    n_words; /* of a bit set */
  uint64_t *adjacent;                   /* [n, n_words] dense: neighbours by edges before the present one, and itself */
  uint32_t *nearest;                    /* [n] dense: the other end of the first edge of each vertex */
  uint32_t  center;                     /* dense: whose edges come first in the mean */
  uint32_t *rank_from;                  /* [n] sparse, dimension 1: ranks of the edges of the present vertex */
  uint32_t *met;                        /* [n] the edge in whose lune a vertex was last met */
  uint64_t *lune, *open, *frontier;     /* [n_words] dense */
  uint32_t *ranks;                      /* [size, size] edges of a lune, for dimension 3 */
  HoleIndex ranks_capacity;
};

static PetscErrorCode append(struct hole_entries *list, hole_entry entry)
{
  PetscFunctionBegin;
  PetscCall(hole_entries_reserve(list, 1));
  list->entry[list->n++] = entry;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A vertex that is in both sets, one of the three if they are; -1: there is none. */
static inline HoleIndex choose_start(HoleIndex n_words, const uint64_t a[], const uint64_t b[], const uint32_t three[])
{
  for (int t = 0; t < 3; ++t) {
    if (hole_bits_has(a, three[t]) && hole_bits_has(b, three[t])) return three[t];
  }
  for (HoleIndex w = 0; w < n_words; ++w) {
    if (a[w] & b[w]) return w * HOLE_BITS + __builtin_ctzll(a[w] & b[w]);
  }
  return -1;
}

/* Are those in `open` next to others of the lune? Each that is takes along what is next to it. */
static inline PetscBool join_open(struct finder *f)
{
  for (HoleIndex w = 0; w < f->n_words; ++w) {
    while (f->open[w]) {
      const uint64_t *row  = f->adjacent + (w * HOLE_BITS + __builtin_ctzll(f->open[w])) * f->n_words;
      const HoleIndex from = w / HOLE_LANES * HOLE_LANES; /* those before are joined */

      f->critical->n_places += HOLE_LANES;
      if (!hole_bits_meet_without(f->n_words, row, f->lune, f->open)) return PETSC_FALSE;
      hole_bits_remove(f->n_words - from, row + from, f->open + from);
    }
  }
  return PETSC_TRUE;
}

/* Is all of the lune joined to one vertex? From vertex to vertex. */
HOLE_CLONES
static PetscBool spread(struct finder *f, HoleIndex start)
{
  PetscBool left = PETSC_TRUE;
  HoleIndex w    = start / HOLE_BITS;

  for (HoleIndex v = 0; v < f->n_words; ++v) {
    f->open[v]     = f->lune[v];
    f->frontier[v] = 0;
  }
  f->frontier[w] = UINT64_C(1) << start % HOLE_BITS;
  f->open[w] ^= f->frontier[w];
  while (left && w < f->n_words) {
    HoleIndex vertex;

    if (!f->frontier[w]) {
      ++w;
      continue;
    }
    vertex = w * HOLE_BITS + __builtin_ctzll(f->frontier[w]);
    f->frontier[w] &= f->frontier[w] - 1;
    left = hole_bits_absorb(f->n_words, f->adjacent + vertex * f->n_words, f->open, f->frontier);
    w    = 0;
    f->critical->n_places += f->n_words;
  }
  return (PetscBool)!left;
}

/* Size of the lune of (i, j), and whether its graph is connected. */
HOLE_CLONES
static HoleIndex search_bits(struct finder *f, HoleIndex i, HoleIndex j, PetscBool *connected)
{
  const uint64_t *a = f->adjacent + i * f->n_words, *b = f->adjacent + j * f->n_words;
  const uint32_t  three[3] = {f->center, f->nearest[i], f->nearest[j]};
  const HoleIndex start    = choose_start(f->n_words, a, b, three);
  PetscBool       left;
  HoleIndex       n;

  *connected = PETSC_TRUE;
  f->critical->n_places += f->n_words;
  if (start < 0) return 0;
  n = hole_bits_intersect(f->n_words, a, b, f->adjacent + start * f->n_words, f->lune, f->open, &left);
  if (left) *connected = (PetscBool)(join_open(f) || spread(f, start));
  return n;
}

/* The components of the present lune but the one of the center: a triangle each. */
static PetscErrorCode list_triangles(struct finder *f, uint32_t edge)
{
  const struct hole_vertex_list lune  = hole_lune_graph_open(f->graph, edge);
  struct hole_entries          *found = &f->critical->simplices[2];
  uint32_t                      first;

  PetscFunctionBegin;
  for (HoleIndex v = 0; v < lune.n; ++v) { /* ascending: of a component the first is met first, but for the center */
    const uint32_t          from = lune.vertices[v];
    struct hole_vertex_list part;

    if (f->met[from] == edge) continue;
    part = hole_lune_graph_component(f->graph, 0, from, HOLE_NO_EDGE, edge, &first);
    for (HoleIndex m = 0; m < part.n; ++m) f->met[part.vertices[m]] = edge;
    if (first != hole_lune_graph_center(f->graph))
      PetscCall(append(found, (uint64_t)edge << f->x->vertex_bits | first));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: the ranks of all edges of the present lune. */
static PetscErrorCode list_ranks(struct finder *f, const struct hole_vertex_list *lune)
{
  PetscFunctionBegin;
  if (lune->n * lune->n > f->ranks_capacity) {
    f->ranks_capacity = 2 * lune->n * lune->n;
    PetscCall(PetscFree(f->ranks));
    PetscCall(PetscMalloc1(f->ranks_capacity, &f->ranks));
  }
  for (HoleIndex a = 0; a < lune->n; ++a) {
    for (HoleIndex b = 0; b < a; ++b)
      f->ranks[a * lune->n + b] = f->ranks[b * lune->n + a] =
          hole_skeleton_rank(f->s, lune->vertices[a], lune->vertices[b]);
    f->ranks[a * lune->n + a] = HOLE_NO_EDGE;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

HOLE_CLONES
static PetscBool has_common(HoleIndex n, const uint32_t a[], const uint32_t b[], uint32_t bound)
{
  for (HoleIndex m = 0; m < n; ++m) {
    if ((a[m] < bound) & (b[m] < bound)) return PETSC_TRUE;
  }
  return PETSC_FALSE;
}

/* The edges of the present lune that join what earlier ones have joined, without a vertex next to both ends by earlier ones. */
static PetscErrorCode list_tetrahedra(struct finder *f, uint32_t edge)
{
  const struct hole_vertex_list lune  = hole_lune_graph_open(f->graph, edge);
  struct hole_entries          *found = &f->critical->simplices[3];
  const HoleIndex               begin = found->n;
  HoleIndex                     kept  = begin;
  uint32_t                      first;

  PetscFunctionBegin;
  PetscCall(list_ranks(f, &lune));
  f->critical->n_places += HOLE_PLACES_ONE_BY_ONE * lune.n * lune.n; /* and what is compared with them side by side */
  for (HoleIndex a = 0; a < lune.n; ++a) {
    const uint32_t *row = f->ranks + a * lune.n;

    for (HoleIndex b = 0; b < a; ++b) {
      if (row[b] >= edge) continue;
      ++f->critical->n_all[3];
      if (edge < f->s->n_active && !has_common(lune.n, row, f->ranks + b * lune.n, row[b]))
        PetscCall(append(found, row[b]));
    }
  }
  for (HoleIndex c = begin; c < found->n; ++c) {
    const uint32_t *ends = f->s->ends[found->entry[c]];

    if (!hole_lune_graph_component(f->graph, 0, ends[0], ends[1], (uint32_t)found->entry[c], &first).n)
      found->entry[kept++] = (uint64_t)edge << f->x->edge_bits | found->entry[c];
  }
  found->n = kept;
  hole_sort(found->entry + begin, kept - begin, sizeof(*found->entry), hole_entry_order);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* One lune, of which size (for dimension 1: 0 or not) and connectedness are known. */
static PetscErrorCode treat_lune(struct finder *f, uint32_t edge, HoleIndex n, PetscBool connected)
{
  PetscFunctionBegin;
  ++f->critical->n_all[1];
  f->critical->n_all[2] += n;
  if (f->max_dim > 2 && n > 1) PetscCall(list_tetrahedra(f, edge));
  if (edge >= f->s->n_active) PetscFunctionReturn(PETSC_SUCCESS);
  if (!n) PetscCall(append(&f->critical->simplices[1], edge));
  if (!connected && f->max_dim > 1) PetscCall(list_triangles(f, edge));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The first of a row of edges, and the sum of all. */
HOLE_CLONES
static uint32_t sum_row(HoleIndex n, const uint32_t row[], uint32_t none, uint64_t *sum)
{
  uint32_t least = HOLE_NO_EDGE;

  *sum = 0;
  for (HoleIndex k = 0; k < n; ++k) {
    least = PetscMin(least, row[k]);
    *sum += PetscMin(row[k], none);
  }
  return least;
}

/* Where searches of lunes start. */
static void choose_starts(struct finder *f)
{
  uint64_t least_sum = UINT64_MAX;

  for (HoleIndex i = 0; i < f->s->n; ++i) {
    uint64_t       sum;
    const uint32_t first = sum_row(f->s->n, hole_skeleton_row(f->s, i), f->s->n_edges, &sum);

    f->nearest[i] = first == HOLE_NO_EDGE ? 0 : f->s->ends[first][f->s->ends[first][0] == i];
    if (sum < least_sum) f->center = (uint32_t)i;
    least_sum = PetscMin(least_sum, sum);
  }
}

/* The sets as they stand at edge `first`. */
static void fill_bits(struct finder *f, uint32_t first)
{
  for (HoleIndex i = 0; i < f->s->n; ++i) {
    const uint32_t *row = hole_skeleton_row(f->s, i);
    uint64_t       *set = f->adjacent + i * f->n_words;

    for (HoleIndex w = 0; w < f->n_words; ++w) {
      const HoleIndex begin = w * HOLE_BITS, end = PetscMin(begin + HOLE_BITS, f->s->stride);

      set[w] = 0;
      for (HoleIndex k = begin; k < end; ++k) set[w] |= (uint64_t)(row[k] < first) << (k - begin);
    }
    hole_bits_put(set,
                  i); /* the other end of an edge does not have it before the edge, so it is in no lune of its own */
  }
}

/* Bring the sets of the ends of a later edge near. */
static void prefetch(const struct finder *f, uint32_t edge)
{
  for (int side = 0; side < 2; ++side) {
    const uint64_t *set = f->adjacent + f->s->ends[edge][side] * f->n_words;

    for (HoleIndex w = 0; w < f->n_words; w += WORDS_AT_ONCE) __builtin_prefetch(set + w);
  }
}

/* The lunes of a range of edges, as part of the `n_all` that are to be looked at from `done` on. */
static PetscErrorCode find_dense(struct finder *f, uint32_t first, uint32_t last, HoleIndex done, HoleIndex n_all)
{
  PetscFunctionBegin;
  for (uint32_t e = first; e < last; ++e) {
    const uint32_t i = f->s->ends[e][0], j = f->s->ends[e][1];
    PetscBool      connected = PETSC_TRUE;
    HoleIndex      n;

    if (last - e > EDGES_AHEAD) prefetch(f, e + EDGES_AHEAD);
    if (f->max_dim == 1) {
      n = hole_bits_meet(f->n_words, f->adjacent + i * f->n_words, f->adjacent + j * f->n_words);
      f->critical->n_places += f->n_words; /* at most */
    } else n = search_bits(f, i, j, &connected);
    PetscCall(treat_lune(f, e, n, connected));
    hole_bits_put(f->adjacent + i * f->n_words, j);
    hole_bits_put(f->adjacent + j * f->n_words, i);
    if ((e - first) % EDGES_A_REPORT == 0)
      PetscCall(hole_homology_report(f->homology, "lunes", done + e - first, n_all));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A part of all lunes: as many of early edges as of late ones, since these take less time. */
static PetscErrorCode find_dense_part(struct finder *f, PetscMPIInt part, PetscMPIInt n_parts)
{
  const HoleIndex   n_edges       = (HoleIndex)f->s->n_edges;
  const PetscMPIInt windows[ENDS] = {part, ENDS * n_parts - 1 - part};
  HoleIndex         n_all = 0, done = 0, reached = -1;

  PetscFunctionBegin;
  f->n_words = (f->s->n + HOLE_BITS * WORDS_AT_ONCE - 1) / (HOLE_BITS * WORDS_AT_ONCE) * WORDS_AT_ONCE;
  PetscCall(PetscMalloc5(f->s->n * f->n_words, &f->adjacent, f->n_words, &f->lune, f->n_words, &f->open, f->n_words,
                         &f->frontier, f->s->n, &f->nearest));
  choose_starts(f);
  for (int w = 0; w < ENDS; ++w) n_all += hole_block_count(n_edges, ENDS * n_parts, windows[w]);
  for (int w = 0; w < ENDS; ++w) {
    const HoleIndex first = hole_block_first(n_edges, ENDS * n_parts, windows[w]),
                    last  = hole_block_first(n_edges, ENDS * n_parts, windows[w] + 1);

    if (first != reached) fill_bits(f, (uint32_t)first);
    PetscCall(find_dense(f, (uint32_t)first, (uint32_t)last, done, n_all));
    done += last - first;
    reached = last;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Is the lune of (i, j) empty? `rank_from` has the ranks of the edges of i. */
static PetscBool is_empty_from(struct finder *f, uint32_t j, uint32_t edge)
{
  const uint64_t                     n          = f->s->starts[j + 1] - f->s->starts[j];
  const struct hole_neighbour *const neighbours = f->s->neighbours + f->s->starts[j];
  uint64_t                           p          = 0;

  while (p < n && !((neighbours[p].rank < edge) & (f->rank_from[neighbours[p].vertex] < edge))) ++p;
  f->critical->n_places += HOLE_PLACES_ONE_BY_ONE * (HoleIndex)PetscMin(p + 1, n);
  return (PetscBool)(p == n);
}

/* The same for all vertices of the lune: how many, and whether its graph is connected. */
static HoleIndex search_rows(struct finder *f, uint32_t edge, PetscBool *connected)
{
  const HoleIndex n = hole_lune_graph_open(f->graph, edge).n;
  uint32_t        oldest;

  *connected = (PetscBool)(n < 2 || hole_lune_graph_component(f->graph, 0, hole_lune_graph_center(f->graph),
                                                              HOLE_NO_EDGE, edge, &oldest)
                                            .n == n);
  return n;
}

/* Bring the begin of a row near: most lunes are seen not to be empty there. */
static void prefetch_row(hole_skeleton s, uint32_t v)
{
  const struct hole_neighbour *row = s->neighbours + s->starts[v];

  for (int line = 0; line < LINES_AHEAD; ++line) __builtin_prefetch((const char *)row + line * CACHE_LINE);
}

/* The edges from one vertex, if only empty lunes matter. */
static PetscErrorCode find_empty_from(struct finder *f, uint32_t i)
{
  hole_skeleton s = f->s;

  PetscFunctionBegin;
  for (uint64_t p = s->starts[i]; p < s->starts[i + 1]; ++p)
    f->rank_from[s->neighbours[p].vertex] = s->neighbours[p].rank;
  for (uint64_t p = s->starts[i]; p < s->starts[i + 1]; ++p) {
    const uint32_t j = s->neighbours[p].vertex, edge = s->neighbours[p].rank;

    if (p + EDGES_AHEAD < s->starts[i + 1]) prefetch_row(s, s->neighbours[p + EDGES_AHEAD].vertex);
    if (hole_edge_is_from(i, j)) PetscCall(treat_lune(f, edge, !is_empty_from(f, j, edge), PETSC_TRUE));
  }
  for (uint64_t p = s->starts[i]; p < s->starts[i + 1]; ++p) f->rank_from[s->neighbours[p].vertex] = HOLE_NO_EDGE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The edges from one vertex. */
static PetscErrorCode find_from(struct finder *f, uint32_t i)
{
  hole_skeleton s = f->s;
  PetscBool     opened;

  PetscFunctionBegin;
  PetscCall(hole_neighbourhood_open(f->neighbourhood, i, &opened));
  for (uint64_t p = s->starts[i]; p < s->starts[i + 1]; ++p) {
    const uint32_t edge = s->neighbours[p].rank;
    PetscBool      connected;
    HoleIndex      n;

    if (!hole_edge_is_from(i, s->neighbours[p].vertex)) continue;
    n = opened ? hole_neighbourhood_lune(f->neighbourhood, (HoleIndex)(p - s->starts[i]), &connected)
               : search_rows(f, edge, &connected);
    PetscCall(treat_lune(f, edge, n, connected));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The lunes of the edges from a range of vertices. */
static PetscErrorCode find_sparse_part(struct finder *f, PetscMPIInt part, PetscMPIInt n_parts)
{
  hole_skeleton  s     = f->s;
  const uint32_t first = (uint32_t)hole_block_first(s->n, n_parts, part),
                 last  = (uint32_t)hole_block_first(s->n, n_parts, part + 1);

  PetscFunctionBegin;
  PetscCall(hole_neighbourhood_create(s, &f->neighbourhood));
  PetscCall(PetscMalloc1(s->n, &f->rank_from));
  for (HoleIndex v = 0; v < s->n; ++v) f->rank_from[v] = HOLE_NO_EDGE;
  for (uint32_t i = first; i < last; ++i) {
    PetscCall(f->max_dim == 1 ? find_empty_from(f, i) : find_from(f, i));
    if ((i - first) % VERTICES_A_REPORT == 0)
      PetscCall(hole_homology_report(f->homology, "lunes", i - first, last - first));
  }
  f->critical->n_places += hole_neighbourhood_places(f->neighbourhood);
  for (int dim = 1; dim <= HOLE_MAX_DIM; ++dim)
    hole_sort(f->critical->simplices[dim].entry, f->critical->simplices[dim].n, sizeof(hole_entry), hole_entry_order);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode find(struct finder *f, PetscMPIInt part, PetscMPIInt n_parts)
{
  PetscFunctionBegin;
  PetscCall(hole_lune_graph_create(f->s, &f->graph));
  PetscCall(PetscMalloc1(f->s->n, &f->met));
  for (HoleIndex v = 0; v < f->s->n; ++v) f->met[v] = HOLE_NO_EDGE;
  PetscCall(f->s->rows ? find_dense_part(f, part, n_parts) : find_sparse_part(f, part, n_parts));
  f->critical->n_places += hole_lune_graph_places(f->graph);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_critical_find(HoleHomology homology, const struct hole_simplices *x, PetscInt max_dim,
                                  PetscMPIInt part, PetscMPIInt n_parts, struct hole_critical *critical)
{
  struct finder  f = {.homology = homology, .x = x, .s = x->s, .max_dim = max_dim, .critical = critical};
  PetscErrorCode found;

  PetscFunctionBegin;
  PetscCall(hole_fault(x->s->comm, "critical_find"));
  found = find(&f, part, n_parts);
  PetscCall(PetscFree5(f.adjacent, f.lune, f.open, f.frontier, f.nearest));
  PetscCall(PetscFree(f.rank_from));
  PetscCall(PetscFree(f.met));
  PetscCall(PetscFree(f.ranks));
  PetscCall(hole_lune_graph_destroy(&f.graph));
  PetscCall(hole_neighbourhood_destroy(&f.neighbourhood));
  PetscCall(found);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_critical_destroy(struct hole_critical *critical)
{
  PetscFunctionBegin;
  for (int dim = 0; dim <= HOLE_MAX_DIM; ++dim) PetscCall(PetscFree(critical->simplices[dim].entry));
  PetscFunctionReturn(PETSC_SUCCESS);
}
