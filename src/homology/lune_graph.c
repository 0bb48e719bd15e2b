/* Breadth-first search in the graph of a lune. Dense rows: the vertices not yet met are looked up in the row of each that is met;
   sparse rows: its neighbours are looked up among the lune's vertices. */
#include "lune_graph.h"

#include <hole/hole_error.h>

struct hole_lune_graph_s {
  hole_skeleton      s;
  uint32_t           edge, center; /* of the present lune; HOLE_NO_EDGE: none */
  struct hole_common lune;
  uint32_t          *open;  /* vertices not yet met; dense */
  uint32_t          *stamp; /* [n] sparse: vertices of the present lune have `opened`, those met `opened + 1` */
  uint32_t           opened;
  uint32_t          *queue[2]; /* [n] */
  HoleIndex          n_places;
};

PetscErrorCode hole_lune_graph_create(hole_skeleton s, hole_lune_graph *g)
{
  PetscFunctionBegin;
  PetscCall(PetscNew(g));
  (*g)->s    = s;
  (*g)->edge = HOLE_NO_EDGE;
  PetscCall(hole_common_create(s, &(*g)->lune));
  PetscCall(PetscMalloc1(s->stride, &(*g)->open));
  PetscCall(PetscCalloc1(s->n, &(*g)->stamp));
  PetscCall(PetscMalloc1(s->stride, &(*g)->queue[0]));
  PetscCall(PetscMalloc1(s->stride, &(*g)->queue[1]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_lune_graph_destroy(hole_lune_graph *g)
{
  PetscFunctionBegin;
  if (!*g) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(hole_common_destroy(&(*g)->lune));
  PetscCall(PetscFree((*g)->open));
  PetscCall(PetscFree((*g)->stamp));
  PetscCall(PetscFree((*g)->queue[0]));
  PetscCall(PetscFree((*g)->queue[1]));
  PetscCall(PetscFree(*g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* It minimises the later of its two edges; no two vertices share that one. */
static uint32_t most_central(const struct hole_common *lune)
{
  uint32_t center = HOLE_NO_EDGE, least = HOLE_NO_EDGE;

  for (HoleIndex c = 0; c < lune->n; ++c) {
    const uint32_t later = PetscMax(lune->ranks[0][c], lune->ranks[1][c]);

    if (later >= least) continue;
    least  = later;
    center = lune->vertices[c];
  }
  return center;
}

struct hole_vertex_list hole_lune_graph_open(hole_lune_graph g, uint32_t edge)
{
  if (edge != g->edge) {
    hole_skeleton_common(g->s, 2, g->s->ends[edge], 0, edge, &g->lune);
    g->n_places += hole_skeleton_places(g->s, g->s->ends[edge][0]);
    g->edge   = edge;
    g->center = most_central(&g->lune);
  }
  return (struct hole_vertex_list){g->lune.n, g->lune.vertices};
}

HoleIndex hole_lune_graph_places(hole_lune_graph g) { return g->n_places; }

uint32_t hole_lune_graph_center(hole_lune_graph g) { return g->center; }

PetscBool hole_lune_graph_precedes(hole_lune_graph g, uint32_t a, uint32_t b)
{
  return (PetscBool)(a != b && b != g->center && (a == g->center || a < b));
}

/* Appends to the queue the vertices next to `v` that are not met yet. `n_open` of them are left. */
static HoleIndex expand_dense(hole_lune_graph g, uint32_t v, uint32_t bound, HoleIndex *n_open, uint32_t queue[],
                              HoleIndex n)
{
  const uint32_t *row  = hole_skeleton_row(g->s, v);
  HoleIndex       left = 0;

  for (HoleIndex o = 0; o < *n_open; ++o) { /* both are written, one advances */
    const uint32_t w    = g->open[o];
    const int      near = row[w] < bound;

    queue[n]      = w;
    g->open[left] = w;
    n += near;
    left += !near;
  }
  *n_open = left;
  return n;
}

static HoleIndex expand_sparse(hole_lune_graph g, uint32_t v, uint32_t bound, HoleIndex *n_open, uint32_t queue[],
                               HoleIndex n)
{
  for (uint64_t p = g->s->starts[v]; p < g->s->starts[v + 1] && *n_open; ++p) {
    const uint32_t w = g->s->neighbours[p].vertex;

    if (g->stamp[w] != g->opened || g->s->neighbours[p].rank >= bound) continue;
    ++g->stamp[w];
    queue[n++] = w;
    --*n_open;
  }
  return n;
}

/* All vertices of the lune but `from` are not met yet. */
static void start_search(hole_lune_graph g, uint32_t from, HoleIndex *n_open)
{
  *n_open = 0;
  if (g->s->rows) {
    for (HoleIndex c = 0; c < g->lune.n; ++c) {
      if (g->lune.vertices[c] != from) g->open[(*n_open)++] = g->lune.vertices[c];
    }
    return;
  }
  if (g->opened >= UINT32_MAX - 3) { /* stamps are used up */
    for (HoleIndex v = 0; v < g->s->n; ++v) g->stamp[v] = 0;
    g->opened = 0;
  }
  g->opened += 2;
  for (HoleIndex c = 0; c < g->lune.n; ++c) g->stamp[g->lune.vertices[c]] = g->opened;
  ++g->stamp[from];
  *n_open = g->lune.n - 1;
}

struct hole_vertex_list hole_lune_graph_component(hole_lune_graph g, int place, uint32_t from, uint32_t to,
                                                  uint32_t bound, uint32_t *first)
{
  uint32_t *queue = g->queue[place];
  HoleIndex n     = 1, n_open;

  start_search(g, from, &n_open);
  queue[0] = *first = from;
  for (HoleIndex head = 0; head < n; ++head) {
    const HoleIndex before = n;

    g->n_places += g->s->rows ? HOLE_PLACES_ONE_BY_ONE * n_open : hole_skeleton_places(g->s, queue[head]);
    n = g->s->rows ? expand_dense(g, queue[head], bound, &n_open, queue, n)
                   : expand_sparse(g, queue[head], bound, &n_open, queue, n);
    for (HoleIndex m = before; m < n; ++m) {
      if (queue[m] == to) return (struct hole_vertex_list){0, queue};
      if (hole_lune_graph_precedes(g, queue[m], *first)) *first = queue[m];
    }
    if (!n_open) break;
  }
  return (struct hole_vertex_list){n, queue};
}
