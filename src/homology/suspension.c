/* Reduction of cycles of triangles, from the last triangle down.

   All triangles of the last longest edge e are taken off together: they are (e, k) for a set of vertices k of the lune. In each component
   they are moved to its first vertex along a spanning tree: the tetrahedron (e, kl) of a tree edge replaces (e,k) by (e,l), and two
   triangles (i,kl), (j,kl) with earlier longest edges. Where components keep their first vertices these are critical triangles, but for the
   most central vertex, which comes first of all; the last of them is cancelled by the cycle that has it as its last, or is paired. */
#include "homology_impl.h"

#include "suspension.h"

#include "../core/sort.h"
#include "heap.h"
#include "lune_graph.h"
#include <hole/hole_error.h>
#include <stdlib.h>
#define HASH_NONFATAL_OOM      1 /* by default uthash ends the program when memory runs out */
#define uthash_nonfatal_oom(e) ((void)(e))
#include <uthash.h>

struct cycle {
  uint64_t       birth; /* its last triangle */
  HoleIndex      n;
  uint64_t      *triangles; /* [n] the last one included */
  uint64_t       death;
  UT_hash_handle hh;
};

struct suspension {
  struct hole_simplices *x;
  hole_skeleton          s;
  hole_lune_graph        graph;
  struct cycle          *cycles;         /* uthash */
  struct hole_entries    heap;           /* complements of triangles, least first: so the last triangle is on top */
  uint32_t              *parent, *order; /* [n] spanning forest of a lune: by the order in which vertices are met */
  signed char           *odd;            /* [n] vertices of the present triangles */
  signed char           *met;            /* [n] */
  uint32_t               grown;          /* the edge whose lune's forest is there */
  HoleIndex              n_grown;
  double                 bytes, most_bytes;
};

/* Push the triangle of three vertices. */
static PetscErrorCode push_triangle(struct suspension *p, uint32_t a, uint32_t b, uint32_t c)
{
  const uint32_t ab = hole_skeleton_rank(p->s, a, b), ac = hole_skeleton_rank(p->s, a, c),
                 bc   = hole_skeleton_rank(p->s, b, c);
  const uint32_t last = PetscMax(ab, PetscMax(ac, bc));

  PetscFunctionBegin;
  PetscCall(hole_heap_push(&p->heap, ~((uint64_t)last << p->x->vertex_bits | (last == ab ? c : last == ac ? b : a))));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The spanning forest of the present lune, each tree from its first vertex: that of the center, then the others ascending. */
static HoleIndex grow_forest(struct suspension *p, uint32_t edge)
{
  const struct hole_vertex_list lune   = hole_lune_graph_open(p->graph, edge);
  const uint32_t                center = hole_lune_graph_center(p->graph);
  HoleIndex                     n      = 0;

  if (edge == p->grown) return p->n_grown;
  for (HoleIndex v = 0; v < lune.n; ++v) p->met[lune.vertices[v]] = 0;
  for (HoleIndex root = -1; root < lune.n; ++root) {
    const uint32_t from = root < 0 ? center : lune.vertices[root];

    if (p->met[from]) continue;
    p->met[from]    = 1;
    p->parent[from] = from;
    p->order[n]     = from;
    for (HoleIndex head = n++; head < n && n < lune.n; ++head) {
      for (HoleIndex w = 0; w < lune.n; ++w) {
        const uint32_t v = lune.vertices[w];

        if (p->met[v] || hole_skeleton_rank(p->s, p->order[head], v) >= edge) continue;
        p->met[v]     = 1;
        p->parent[v]  = p->order[head];
        p->order[n++] = v;
      }
    }
  }
  p->grown   = edge;
  p->n_grown = n;
  return n;
}

/* Take the triangles of the last edge off the heap, and move them to the first vertices of components. `last`: that of the last critical
   triangle; HOLE_NO_EDGE if there is none. */
static PetscErrorCode fold_front(struct suspension *p, uint32_t edge, HoleIndex *n, uint32_t *last)
{
  const uint32_t *ends = p->s->ends[edge];
  const int       bits = p->x->vertex_bits;

  PetscFunctionBegin;
  *n    = grow_forest(p, edge);
  *last = HOLE_NO_EDGE;
  for (HoleIndex v = 0; v < *n; ++v) p->odd[p->order[v]] = 0;
  while (p->heap.n && (uint32_t)(~p->heap.entry[0] >> bits) == edge)
    p->odd[(uint32_t)(~hole_heap_pop(&p->heap) & ((UINT64_C(1) << bits) - 1))] ^= 1;
  for (HoleIndex v = *n - 1; v >= 0; --v) {
    const uint32_t k = p->order[v], parent = p->parent[k];

    if (!p->odd[k]) continue;
    if (parent == k) {
      if (k != hole_lune_graph_center(p->graph) && (*last == HOLE_NO_EDGE || k > *last)) *last = k;
      continue;
    }
    p->odd[k] = 0;
    p->odd[parent] ^= 1;
    PetscCall(push_triangle(p, ends[0], k, parent));
    PetscCall(push_triangle(p, ends[1], k, parent));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Put the triangles at first vertices back. */
static PetscErrorCode put_front_back(struct suspension *p, uint32_t edge, HoleIndex n)
{
  PetscFunctionBegin;
  for (HoleIndex v = 0; v < n; ++v) {
    if (p->odd[p->order[v]]) PetscCall(hole_heap_push(&p->heap, ~((uint64_t)edge << p->x->vertex_bits | p->order[v])));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What is on the heap becomes a cycle whose last triangle is `birth`. */
static PetscErrorCode keep_cycle(struct suspension *p, uint64_t birth, uint64_t death)
{
  struct cycle *c;

  PetscFunctionBegin;
  PetscCall(PetscNew(&c));
  c->birth = birth;
  c->death = death;
  HASH_ADD(hh, p->cycles, birth, sizeof(c->birth), c);
  if (!c->hh.tbl) {
    PetscCall(PetscFree(c));
    SETERRQ(PETSC_COMM_SELF, HOLE_ERR_RESOURCE, "memory ran out in the reduction");
  }
  PetscCall(PetscMalloc1(p->heap.n, &c->triangles));
  while (p->heap.n) {
    const uint64_t t = ~hole_heap_pop(&p->heap);

    if (c->n && c->triangles[c->n - 1] == t) --c->n;
    else c->triangles[c->n++] = t;
  }
  p->bytes += (double)c->n * sizeof(*c->triangles) + sizeof(*c);
  PetscCheck(
      p->bytes <= p->most_bytes, PETSC_COMM_SELF, HOLE_ERR_RESOURCE,
      "the cycles of dimension 2 take more than %.3g GiB; lower -threshold or -max_points, or raise -memory_limit",
      p->most_bytes / 0x1p30);
  PetscCall(PetscRealloc((size_t)c->n * sizeof(*c->triangles), &c->triangles));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Reduce what is on the heap: it becomes nothing, or a cycle with a last triangle that no other has. */
static PetscErrorCode reduce_cycle(struct suspension *p, uint64_t death)
{
  PetscFunctionBegin;
  while (p->heap.n) {
    const uint32_t edge = (uint32_t)(~p->heap.entry[0] >> p->x->vertex_bits);
    uint32_t       last;
    uint64_t       birth;
    HoleIndex      n;
    struct cycle  *other;

    PetscCall(fold_front(p, edge, &n, &last));
    if (last == HOLE_NO_EDGE) continue;
    birth = (uint64_t)edge << p->x->vertex_bits | last;
    PetscCall(put_front_back(p, edge, n));
    HASH_FIND(hh, p->cycles, &birth, sizeof(birth), other);
    if (!other) {
      PetscCall(keep_cycle(p, birth, death));
      PetscFunctionReturn(PETSC_SUCCESS);
    }
    for (HoleIndex t = 0; t < other->n; ++t) PetscCall(hole_heap_push(&p->heap, ~other->triangles[t]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The suspension of a loop: numbers of e, the closing edge, how many edges, edges. */
static PetscErrorCode suspend(struct suspension *p, const uint32_t loop[])
{
  const uint32_t *ends = p->s->ends[loop[0]];

  PetscFunctionBegin;
  p->heap.n = 0;
  for (uint32_t e = 0; e < loop[2]; ++e) {
    const uint32_t *kl = p->s->ends[loop[3 + e]];

    PetscCall(push_triangle(p, ends[0], kl[0], kl[1]));
    PetscCall(push_triangle(p, ends[1], kl[0], kl[1]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static int by_edge_then_closing(const void *a, const void *b)
{
  const uint32_t *const *x = a, *const *y = b;

  if ((*x)[0] != (*y)[0]) return (*x)[0] < (*y)[0] ? -1 : 1;
  return (*x)[1] < (*y)[1] ? -1 : (*x)[1] > (*y)[1];
}

/* All loops, ascending. */
static PetscErrorCode reduce_loops(struct suspension *p, HoleHomology homology, HoleIndex n_numbers,
                                   const uint32_t numbers[])
{
  HoleIndex        n_loops = 0;
  const uint32_t **loops;
  PetscErrorCode   reduced = PETSC_SUCCESS;

  PetscFunctionBegin;
  PetscCall(hole_lune_graph_create(p->s, &p->graph));
  PetscCall(PetscMalloc4(p->s->n, &p->parent, p->s->n, &p->order, p->s->n, &p->odd, p->s->n, &p->met));
  for (HoleIndex at = 0; at < n_numbers; at += 3 + numbers[at + 2]) ++n_loops;
  PetscCall(PetscMalloc1(n_loops, &loops));
  n_loops = 0;
  for (HoleIndex at = 0; at < n_numbers; at += 3 + numbers[at + 2]) loops[n_loops++] = numbers + at;
  hole_sort(loops, n_loops, sizeof(*loops), by_edge_then_closing);
  for (HoleIndex l = 0; l < n_loops && !reduced; ++l) {
    reduced = suspend(p, loops[l]);
    if (!reduced) reduced = reduce_cycle(p, (uint64_t)loops[l][0] << p->x->edge_bits | loops[l][1]);
    if (!reduced) reduced = hole_homology_report(homology, "cycles of lunes", l, n_loops);
  }
  PetscCall(PetscFree(loops));
  PetscCall(reduced);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode list_pairs(const struct suspension *p, HoleIndex *n_pairs, struct hole_suspension_pair *pairs[])
{
  PetscFunctionBegin;
  PetscCall(PetscMalloc1(HASH_COUNT(p->cycles), pairs));
  *n_pairs = 0;
  for (const struct cycle *c = p->cycles; c; c = c->hh.next)
    (*pairs)[(*n_pairs)++] = (struct hole_suspension_pair){c->birth, c->death};
  hole_sort(*pairs, *n_pairs, sizeof(**pairs), hole_suspension_order);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_suspension_reduce(HoleHomology homology, struct hole_simplices *x, HoleIndex n_numbers,
                                      const uint32_t numbers[], double most_bytes, HoleIndex *n_pairs,
                                      struct hole_suspension_pair *pairs[])
{
  struct suspension p = {.x = x, .s = x->s, .grown = HOLE_NO_EDGE, .most_bytes = most_bytes};
  struct cycle     *c, *next;
  PetscErrorCode    reduced;

  PetscFunctionBegin;
  *n_pairs = 0;
  *pairs   = NULL;
  reduced  = reduce_loops(&p, homology, n_numbers, numbers);
  if (!reduced) reduced = list_pairs(&p, n_pairs, pairs);
  HASH_ITER(hh, p.cycles, c, next)
  {
    HASH_DEL(p.cycles, c);
    PetscCall(PetscFree(c->triangles));
    PetscCall(PetscFree(c));
  }
  PetscCall(PetscFree4(p.parent, p.order, p.odd, p.met));
  PetscCall(PetscFree(p.heap.entry));
  PetscCall(hole_lune_graph_destroy(&p.graph));
  PetscCall(reduced);
  PetscFunctionReturn(PETSC_SUCCESS);
}
