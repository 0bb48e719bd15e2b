/* Each cycle of triangles is folded down to critical ones, from its last triangle to its first; these are the column that is reduced.

   All triangles of the last longest edge e are taken off together: they are (e, k) for a set of vertices k of the lune. In each component
   they are moved to its first vertex along a spanning tree: the tetrahedron (e, kl) of a tree edge replaces (e,k) by (e,l), and two
   triangles (i,kl), (j,kl) with earlier longest edges. Where components keep their first vertices these are critical triangles, but for the
   most central vertex, which comes first of all. Those that end a class of dimension 1 begin none, and are left out. */
#include "suspension.h"

#include "../core/sort.h"
#include "heap.h"
#include "lune_graph.h"
#include <hole/hole_error.h>
#include <stdlib.h>

enum { WORD = 64 };

/* What is left of the cycle of a tetrahedron: places of births, the last first. */
struct column {
  HoleIndex n, *births; /* [n]; NULL: no tetrahedron has this last */
  uint64_t  death;
};

struct hole_suspension_s {
  const struct hole_simplices *x;
  hole_skeleton                s;
  struct hole_common           common; /* room to look for centers */
  hole_lune_graph              graph;
  HoleIndex                    n_births, last; /* of births; the last one that is in the present column, or -1 */
  const uint64_t              *births;         /* [n_births] ascending */
  struct column               *columns;        /* [n_births] by their last birth */
  uint64_t                    *is_in;          /* a bit for each birth: those of the present column */
  struct hole_entries          heap; /* complements of triangles, least first: so the last triangle is on top */
  uint32_t    *parent, *order;       /* [n] spanning forest of a lune: by the order in which vertices are met */
  uint32_t    *front;                /* [n] vertices of the present triangles ... */
  signed char *odd;                  /* [n] ... and whether they are there; 0 between times */
  signed char *met;                  /* [n] */
  uint32_t     grown;                /* the edge whose lune's forest is there */
  HoleIndex    n_grown, n_pairs;
  double       bytes, most_bytes;
};

/* Push the triangle of three vertices. */
static PetscErrorCode push_triangle(hole_suspension p, uint32_t a, uint32_t b, uint32_t c)
{
  const uint32_t ab = hole_skeleton_rank(p->s, a, b), ac = hole_skeleton_rank(p->s, a, c),
                 bc   = hole_skeleton_rank(p->s, b, c);
  const uint32_t last = PetscMax(ab, PetscMax(ac, bc));

  PetscFunctionBegin;
  PetscCall(hole_heap_push(&p->heap, ~((uint64_t)last << p->x->vertex_bits | (last == ab ? c : last == ac ? b : a))));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The spanning forest of the present lune, each tree from its first vertex: that of the center, then the others ascending. */
static void grow_forest(hole_suspension p, uint32_t edge)
{
  const struct hole_vertex_list lune   = hole_lune_graph_open(p->graph, edge);
  const uint32_t                center = hole_lune_graph_center(p->graph);
  HoleIndex                     n      = 0;

  if (edge == p->grown) return;
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
}

/* Take the triangles of the last edge off the heap: their vertices. */
static HoleIndex take_front(hole_suspension p, uint32_t edge)
{
  const int bits = p->x->vertex_bits;
  HoleIndex n    = 0;

  while (p->heap.n && (uint32_t)(~p->heap.entry[0] >> bits) == edge) {
    const uint32_t k = (uint32_t)(~hole_heap_pop(&p->heap) & ((UINT64_C(1) << bits) - 1));

    p->odd[k] ^= 1;
    if (p->odd[k]) p->front[n++] = k; /* equal triangles come one after the other */
    else --n;
  }
  return n;
}

/* Replace the triangle (e,k) by (e,l) and two before. */
static PetscErrorCode move_vertex(hole_suspension p, uint32_t edge, uint32_t k, uint32_t l)
{
  PetscFunctionBegin;
  p->odd[k] = 0;
  p->odd[l] ^= 1;
  PetscCall(push_triangle(p, p->s->ends[edge][0], k, l));
  PetscCall(push_triangle(p, p->s->ends[edge][1], k, l));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Move the vertices next to the center there, as they would be along the forest; are these all? */
static PetscErrorCode fold_near(hole_suspension p, uint32_t edge, uint32_t center, HoleIndex n_front, PetscBool *all)
{
  PetscFunctionBegin;
  *all = PETSC_TRUE;
  for (HoleIndex f = 0; f < n_front; ++f) {
    const uint32_t k = p->front[f];

    if (k == center || !p->odd[k]) continue;
    if (hole_skeleton_rank(p->s, center, k) < edge) PetscCall(move_vertex(p, edge, k, center));
    else *all = PETSC_FALSE;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A critical triangle is met: if it is a birth, the present column has it, or has it no more. */
static void turn_birth(hole_suspension p, uint64_t triangle)
{
  const uint64_t *found =
      p->n_births ? bsearch(&triangle, p->births, (size_t)p->n_births, sizeof(triangle), hole_entry_order) : NULL;

  if (!found) return;
  p->is_in[(found - p->births) / WORD] ^= UINT64_C(1) << (found - p->births) % WORD;
  p->last = PetscMax(p->last, found - p->births);
}

/* Take the triangles of the last edge off, and move them to the first vertices of components. */
static PetscErrorCode fold_front(hole_suspension p, uint32_t edge)
{
  const HoleIndex n_front = take_front(p, edge);
  const uint32_t  center  = hole_skeleton_center(p->s, edge, &p->common);
  PetscBool       all;

  PetscFunctionBegin;
  PetscCall(fold_near(p, edge, center, n_front, &all));
  if (!all) {
    grow_forest(p, edge);
    for (HoleIndex v = p->n_grown - 1; v >= 0; --v) {
      const uint32_t k = p->order[v], parent = p->parent[k];

      if (!p->odd[k]) continue;
      if (parent != k) PetscCall(move_vertex(p, edge, k, parent));
      else if (k != center) turn_birth(p, (uint64_t)edge << p->x->vertex_bits | k);
      if (parent == k) p->odd[k] = 0;
    }
  }
  p->odd[center] = 0; /* with e it is a pair of the lune alone */
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The last birth of the present column; -1: it is empty. */
static HoleIndex find_last(hole_suspension p)
{
  HoleIndex w = p->last / WORD;

  if (p->last < 0) return -1;
  while (w >= 0 && !p->is_in[w]) --w;
  p->last = w < 0 ? -1 : w * WORD + WORD - 1 - __builtin_clzll(p->is_in[w]);
  return p->last;
}

/* The present column is kept, and a new one begun. */
static PetscErrorCode keep_column(hole_suspension p, uint64_t death)
{
  struct column *c = &p->columns[p->last];

  PetscFunctionBegin;
  for (HoleIndex w = p->last / WORD; w >= 0; --w) c->n += __builtin_popcountll(p->is_in[w]);
  p->bytes += (double)c->n * sizeof(*c->births);
  PetscCheck(
      p->bytes <= p->most_bytes, PETSC_COMM_SELF, HOLE_ERR_RESOURCE,
      "the cycles of dimension 2 take more than %.3g GiB; lower -threshold or -max_points, or raise -memory_limit",
      p->most_bytes / 0x1p30);
  PetscCall(PetscMalloc1(c->n, &c->births));
  for (HoleIndex n = 0; find_last(p) >= 0; ++n) {
    c->births[n] = p->last;
    p->is_in[p->last / WORD] ^= UINT64_C(1) << p->last % WORD;
  }
  c->death = death;
  ++p->n_pairs;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Reduce the present column by those before: it becomes nothing, or one with a last birth that no other has. */
static PetscErrorCode reduce_column(hole_suspension p, uint64_t death)
{
  HoleIndex last;

  PetscFunctionBegin;
  while ((last = find_last(p)) >= 0) {
    const struct column *other = &p->columns[last];

    if (!other->n) {
      PetscCall(keep_column(p, death));
      break;
    }
    for (HoleIndex b = 0; b < other->n; ++b)
      p->is_in[other->births[b] / WORD] ^= UINT64_C(1) << other->births[b] % WORD;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The suspension of a loop: numbers of e, the closing edge, how many edges, edges. */
static PetscErrorCode suspend(hole_suspension p, const uint32_t loop[])
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

PetscErrorCode hole_suspension_add(hole_suspension p, const uint32_t loop[])
{
  PetscFunctionBegin;
  PetscCall(suspend(p, loop));
  while (p->heap.n) PetscCall(fold_front(p, (uint32_t)(~p->heap.entry[0] >> p->x->vertex_bits)));
  PetscCall(reduce_column(p, (uint64_t)loop[0] << p->x->edge_bits | loop[1]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

HoleIndex hole_suspension_count(hole_suspension p) { return p->n_pairs; }

PetscErrorCode hole_suspension_pairs(hole_suspension p, struct hole_suspension_pair *pairs[])
{
  HoleIndex n = 0;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(p->n_pairs, pairs));
  for (HoleIndex b = 0; b < p->n_births; ++b) {
    if (p->columns[b].n) (*pairs)[n++] = (struct hole_suspension_pair){p->births[b], p->columns[b].death};
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_suspension_create(const struct hole_simplices *x, HoleIndex n_births, const uint64_t births[],
                                      double most_bytes, hole_suspension *p)
{
  PetscFunctionBegin;
  PetscCall(PetscNew(p));
  (*p)->x          = x;
  (*p)->s          = x->s;
  (*p)->n_births   = n_births;
  (*p)->births     = births;
  (*p)->last       = -1;
  (*p)->grown      = HOLE_NO_EDGE;
  (*p)->most_bytes = most_bytes;
  PetscCall(hole_common_create(x->s, &(*p)->common));
  PetscCall(hole_lune_graph_create(x->s, &(*p)->graph));
  PetscCall(PetscCalloc2(n_births, &(*p)->columns, n_births / WORD + 1, &(*p)->is_in));
  PetscCall(PetscMalloc4(x->s->n, &(*p)->parent, x->s->n, &(*p)->order, x->s->n, &(*p)->front, x->s->n, &(*p)->met));
  PetscCall(PetscCalloc1(x->s->n, &(*p)->odd));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_suspension_destroy(hole_suspension *p)
{
  PetscFunctionBegin;
  if (!*p) PetscFunctionReturn(PETSC_SUCCESS);
  for (HoleIndex b = 0; b < (*p)->n_births && (*p)->columns; ++b) PetscCall(PetscFree((*p)->columns[b].births));
  PetscCall(PetscFree2((*p)->columns, (*p)->is_in));
  PetscCall(PetscFree4((*p)->parent, (*p)->order, (*p)->front, (*p)->met));
  PetscCall(PetscFree((*p)->odd));
  PetscCall(PetscFree((*p)->heap.entry));
  PetscCall(hole_common_destroy(&(*p)->common));
  PetscCall(hole_lune_graph_destroy(&(*p)->graph));
  PetscCall(PetscFree(*p));
  PetscFunctionReturn(PETSC_SUCCESS);
}
