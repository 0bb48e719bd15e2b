/* Lunes one by one, in the order of their edges.

   Dense: adjacency bit sets grow edge by edge, so the lune of e = (i,j) is the intersection of the sets of i and j as they stand at e; one
   search by whole words shows that nearly every lune is connected. The others are searched vertex by vertex. */
#include "homology_impl.h"

#include "critical.h"

#include "../core/fault.h"
#include "../core/simd.h"
#include "../core/sort.h"
#include "../core/union_find.h"
#include "lune_graph.h"
#include <hole/hole_error.h>

enum { WORD = 64, WORDS_AT_ONCE = 8, EDGES_A_REPORT = 1 << 16 };

struct finder {
  HoleHomology                 homology;
  const struct hole_simplices *x;
  hole_skeleton                s;
  PetscInt                     max_dim;
  hole_lune_graph              graph;
  struct hole_critical        *critical;
  HoleIndex                    n_words;         /* of a bit set */
  uint64_t                    *adjacent;        /* [n, n_words] dense: neighbours by edges before the present one */
  uint64_t                    *open, *frontier; /* [n_words] */
  uint32_t                    *ranks;           /* [size, size] edges of a lune, for dimension 3 */
  HoleIndex                    ranks_capacity;
};

static PetscErrorCode append(struct hole_entries *list, hole_entry entry)
{
  PetscFunctionBegin;
  PetscCall(hole_entries_reserve(list, 1));
  list->entry[list->n++] = entry;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void set_bit(uint64_t set[], uint32_t v) { set[v / WORD] |= UINT64_C(1) << v % WORD; }

/* open = a & b; how many. */
static inline HoleIndex intersect(HoleIndex n_words, const uint64_t a[], const uint64_t b[], uint64_t open[])
{
  HoleIndex n = 0;

  for (HoleIndex w = 0; w < n_words; ++w) open[w] = a[w] & b[w];
  for (HoleIndex w = 0; w < n_words; ++w) n += __builtin_popcountll(open[w]);
  return n;
}

/* Move what is open and in `row` to the frontier; whether anything is open still. */
static inline PetscBool absorb(HoleIndex n_words, const uint64_t row[], uint64_t open[], uint64_t frontier[])
{
  uint64_t left = 0;

  for (HoleIndex w = 0; w < n_words; ++w) {
    frontier[w] |= open[w] & row[w];
    open[w] &= ~row[w];
    left |= open[w];
  }
  return (PetscBool)(left != 0);
}

/* Size of the lune of (i, j), and whether its graph is connected. */
HOLE_CLONES
static HoleIndex search_bits(HoleIndex n_words, const uint64_t adjacent[], HoleIndex i, HoleIndex j, uint64_t open[],
                             uint64_t frontier[], PetscBool *connected)
{
  const HoleIndex n    = intersect(n_words, adjacent + i * n_words, adjacent + j * n_words, open);
  PetscBool       left = (PetscBool)(n > 1);
  HoleIndex       w    = 0;

  *connected = PETSC_TRUE;
  if (!left) return n;
  for (HoleIndex v = 0; v < n_words; ++v) frontier[v] = 0;
  while (!open[w]) ++w;
  frontier[w] = open[w] & -open[w]; /* its first vertex */
  open[w] ^= frontier[w];
  while (left && w < n_words) {
    HoleIndex vertex;

    if (!frontier[w]) {
      ++w;
      continue;
    }
    vertex = w * WORD + __builtin_ctzll(frontier[w]);
    frontier[w] &= frontier[w] - 1;
    left = absorb(n_words, adjacent + vertex * n_words, open, frontier);
    w    = 0;
  }
  *connected = (PetscBool)!left;
  return n;
}

/* The components of the present lune but the one of the center: a triangle each. */
static PetscErrorCode list_triangles(struct finder *f, uint32_t edge)
{
  const struct hole_vertex_list lune  = hole_lune_graph_open(f->graph, edge);
  struct hole_entries          *found = &f->critical->simplices[2];
  uint32_t                      first;

  PetscFunctionBegin;
  for (HoleIndex v = 0; v < lune.n;
       ++v) { /* ascending: a component's first vertex is met first, unless it has the center */
    const uint32_t from = lune.vertices[v];

    (void)hole_lune_graph_component(f->graph, 0, from, HOLE_NO_EDGE, edge, &first);
    if (first == from && from != hole_lune_graph_center(f->graph))
      PetscCall(append(found, (uint64_t)edge << f->x->vertex_bits | from));
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

static int by_number(const void *a, const void *b)
{
  const hole_entry *x = a, *y = b;

  return *x < *y ? -1 : *x > *y;
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
  hole_sort(found->entry + begin, kept - begin, sizeof(*found->entry), by_number);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* One lune, of which size and connectedness are known. */
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

static PetscErrorCode report(struct finder *f, uint32_t first, uint32_t edge, uint32_t last)
{
  PetscFunctionBegin;
  if ((edge - first) % EDGES_A_REPORT == 0)
    PetscCall(hole_homology_report(f->homology, "lunes", edge - first, last - first));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The sets as they stand at edge `first`. */
static void fill_bits(struct finder *f, uint32_t first)
{
  for (HoleIndex i = 0; i < f->s->n; ++i) {
    const uint32_t *row = hole_skeleton_row(f->s, i);

    for (HoleIndex w = 0; w < f->n_words; ++w) {
      const HoleIndex begin = w * WORD, end = PetscMin(begin + WORD, f->s->stride);
      uint64_t        word = 0;

      for (HoleIndex k = begin; k < end; ++k) word |= (uint64_t)(row[k] < first) << (k - begin);
      f->adjacent[i * f->n_words + w] = word;
    }
  }
}

static PetscErrorCode find_dense(struct finder *f, uint32_t first, uint32_t last)
{
  f->n_words = (f->s->n + WORD * WORDS_AT_ONCE - 1) / (WORD * WORDS_AT_ONCE) * WORDS_AT_ONCE;

  PetscFunctionBegin;
  PetscCall(PetscMalloc3(f->s->n * f->n_words, &f->adjacent, f->n_words, &f->open, f->n_words, &f->frontier));
  fill_bits(f, first);
  for (uint32_t e = first; e < last; ++e) {
    const uint32_t i = f->s->ends[e][0], j = f->s->ends[e][1];
    PetscBool      connected;
    HoleIndex      n = search_bits(f->n_words, f->adjacent, i, j, f->open, f->frontier, &connected);

    PetscCall(treat_lune(f, e, n, connected));
    set_bit(f->adjacent + i * f->n_words, j);
    set_bit(f->adjacent + j * f->n_words, i);
    PetscCall(report(f, first, e, last));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode find_sparse(struct finder *f, uint32_t first, uint32_t last)
{
  PetscFunctionBegin;
  for (uint32_t e = first; e < last; ++e) {
    const struct hole_vertex_list lune      = hole_lune_graph_open(f->graph, e);
    PetscBool                     connected = PETSC_TRUE;
    uint32_t                      oldest;

    if (lune.n > 1 && f->max_dim > 1)
      connected =
          (PetscBool)(hole_lune_graph_component(f->graph, 0, hole_lune_graph_center(f->graph), HOLE_NO_EDGE, e, &oldest)
                          .n == lune.n);
    PetscCall(treat_lune(f, e, lune.n, connected));
    PetscCall(report(f, first, e, last));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_critical_find(HoleHomology homology, const struct hole_simplices *x, PetscInt max_dim,
                                  uint32_t first, uint32_t last, struct hole_critical *critical)
{
  struct finder  f = {.homology = homology, .x = x, .s = x->s, .max_dim = max_dim, .critical = critical};
  PetscErrorCode found;

  PetscFunctionBegin;
  PetscCall(hole_fault(x->s->comm, "critical_find"));
  PetscCall(hole_lune_graph_create(f.s, &f.graph));
  found = f.s->rows ? find_dense(&f, first, last) : find_sparse(&f, first, last);
  PetscCall(PetscFree3(f.adjacent, f.open, f.frontier));
  PetscCall(PetscFree(f.ranks));
  PetscCall(hole_lune_graph_destroy(&f.graph));
  PetscCall(found);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_critical_destroy(struct hole_critical *critical)
{
  PetscFunctionBegin;
  for (int dim = 0; dim <= HOLE_MAX_DIM; ++dim) PetscCall(PetscFree(critical->simplices[dim].entry));
  PetscFunctionReturn(PETSC_SUCCESS);
}
