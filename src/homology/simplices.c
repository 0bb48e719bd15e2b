/* A cofacet has one vertex m more. Its longest edge is the simplex's own, or one at m; the rest follows from which. */
#include "simplices.h"

#include <hole/hole_error.h>

/* Bits that hold the numbers below n. */
static int bits_for(uint64_t n)
{
  int bits = 1;

  while (bits < 63 && n > UINT64_C(1) << bits) ++bits;
  return bits;
}

PetscErrorCode hole_simplices_create(hole_skeleton s, PetscInt max_dim, PetscInt prime, struct hole_simplices *x)
{
  int bits;

  PetscFunctionBegin;
  *x                  = (struct hole_simplices){.s = s, .prime = (uint32_t)prime};
  x->coefficient_bits = prime == 2 ? 0 : bits_for((uint64_t)prime);
  x->vertex_bits      = bits_for((uint64_t)s->n);
  x->edge_bits        = bits_for((uint64_t)s->n_edges);
  bits                = x->edge_bits + hole_simplex_low_bits(x, (int)max_dim + 1) + x->coefficient_bits;
  PetscCheck(bits <= 64, PETSC_COMM_SELF, HOLE_ERR_RESOURCE,
             "%" PRIu32 " edges between %" HoleIndex_FMT " points, -max_dim %" PetscInt_FMT
             " and -coefficients %" PetscInt_FMT
             ": a simplex needs %d bits, 64 are there; lower -threshold, -max_points, -max_dim or -coefficients",
             s->n_edges, s->n, max_dim, prime, bits);
  PetscCall(hole_common_create(s, &x->common));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_simplices_destroy(struct hole_simplices *x)
{
  PetscFunctionBegin;
  PetscCall(hole_common_destroy(&x->common));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static uint32_t low_part(uint64_t simplex, int bits) { return (uint32_t)(simplex & ((UINT64_C(1) << bits) - 1)); }

void hole_simplex_vertices(const struct hole_simplices *x, int dim, uint64_t simplex, uint32_t vertices[])
{
  const uint32_t edge = (uint32_t)(simplex >> hole_simplex_low_bits(x, dim));
  uint32_t       opposite;

  vertices[0] = x->s->ends[edge][0];
  vertices[1] = x->s->ends[edge][1];
  if (dim == 2) vertices[2] = low_part(simplex, x->vertex_bits);
  if (dim < 3) return;
  opposite    = low_part(simplex >> (dim == 4 ? x->vertex_bits : 0), x->edge_bits);
  vertices[2] = x->s->ends[opposite][0];
  vertices[3] = x->s->ends[opposite][1];
  if (dim == 4) vertices[4] = low_part(simplex, x->vertex_bits);
}

PetscErrorCode hole_entries_reserve(struct hole_entries *list, HoleIndex n_more)
{
  PetscFunctionBegin;
  if (list->n + n_more <= list->capacity) PetscFunctionReturn(PETSC_SUCCESS);
  list->capacity = PetscMax(2 * list->capacity, list->n + n_more);
  PetscCall(PetscRealloc((size_t)list->capacity * sizeof(*list->entry), &list->entry));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static uint64_t triangle(const struct hole_simplices *x, uint32_t edge, uint32_t vertex)
{
  return (uint64_t)edge << x->vertex_bits | vertex;
}

static uint64_t tetrahedron(const struct hole_simplices *x, uint32_t edge, uint32_t opposite)
{
  return (uint64_t)edge << x->edge_bits | opposite;
}

/* Of the opposite triangle the three edges, and the vertex across each. */
static uint64_t simplex4(const struct hole_simplices *x, uint32_t edge, const uint32_t edges[3],
                         const uint32_t across[3])
{
  int longest = edges[0] > edges[1] ? 0 : 1;

  if (edges[2] > edges[longest]) longest = 2;
  return (uint64_t)edge << (x->edge_bits + x->vertex_bits) | triangle(x, edges[longest], across[longest]);
}

static uint64_t triangle_on(const struct hole_simplices *x, uint32_t e, const uint32_t v[2], HoleIndex c)
{
  const uint32_t im = x->common.ranks[0][c], jm = x->common.ranks[1][c];

  if (e > im && e > jm) return triangle(x, e, x->common.vertices[c]);
  return im > jm ? triangle(x, im, v[1]) : triangle(x, jm, v[0]);
}

/* Triangle ijk: ij is its longest edge, ik and jk are the others. */
static uint64_t tetrahedron_on(const struct hole_simplices *x, uint32_t ij, uint32_t ik, uint32_t jk, HoleIndex c)
{
  const uint32_t im = x->common.ranks[0][c], jm = x->common.ranks[1][c], km = x->common.ranks[2][c];

  if (km > ij && km > im && km > jm) return tetrahedron(x, km, ij);
  if (im > ij && im > jm) return tetrahedron(x, im, jk);
  if (jm > ij) return tetrahedron(x, jm, ik);
  return tetrahedron(x, ij, km);
}

/* Tetrahedron ijkl: e[0] = ij is its longest edge, then ik, il, jk, jl, kl. */
static uint64_t simplex4_on(const struct hole_simplices *x, const uint32_t v[4], const uint32_t e[6], HoleIndex c)
{
  const uint32_t im = x->common.ranks[0][c], jm = x->common.ranks[1][c], km = x->common.ranks[2][c],
                 lm = x->common.ranks[3][c], m = x->common.vertices[c];
  const uint32_t last = PetscMax(PetscMax(im, jm), PetscMax(km, lm));

  if (e[0] > last) return simplex4(x, e[0], (uint32_t[3]){e[5], km, lm}, (uint32_t[3]){m, v[3], v[2]});
  if (last == im) return simplex4(x, im, (uint32_t[3]){e[3], e[4], e[5]}, (uint32_t[3]){v[3], v[2], v[1]});
  if (last == jm) return simplex4(x, jm, (uint32_t[3]){e[1], e[2], e[5]}, (uint32_t[3]){v[3], v[2], v[0]});
  if (last == km) return simplex4(x, km, (uint32_t[3]){e[0], e[2], e[4]}, (uint32_t[3]){v[3], v[1], v[0]});
  return simplex4(x, lm, (uint32_t[3]){e[0], e[1], e[3]}, (uint32_t[3]){v[2], v[1], v[0]});
}

/* The edges of a simplex, of whose vertices x->common are the common neighbours, in the order that simplex4_on() names. */
static void edges_of(const struct hole_simplices *x, int dim, uint64_t simplex, const uint32_t v[], uint32_t e[6])
{
  e[0] = (uint32_t)(simplex >> hole_simplex_low_bits(x, dim));
  if (dim == 1) return;
  e[1] = hole_common_rank(x->s, &x->common, 0, v[0], v[2]);
  e[3] = hole_common_rank(x->s, &x->common, 1, v[1], v[2]);
  if (dim == 2) return;
  e[2] = hole_common_rank(x->s, &x->common, 0, v[0], v[3]);
  e[4] = hole_common_rank(x->s, &x->common, 1, v[1], v[3]);
  e[5] = low_part(simplex, x->edge_bits);
}

PetscErrorCode hole_simplices_append_cofacets(struct hole_simplices *x, int dim, hole_entry entry, uint32_t low,
                                              uint32_t high, struct hole_entries *list)
{
  const uint64_t simplex     = hole_entry_simplex(x, entry);
  const uint32_t coefficient = hole_entry_coefficient(x, entry);
  uint32_t       v[4] = {0}, e[6] = {0};

  PetscFunctionBegin;
  hole_simplex_vertices(x, dim, simplex, v);
  hole_skeleton_common(x->s, dim + 1, v, low <= hole_entry_edge(x, dim, entry) ? 0 : low, high, &x->common);
  edges_of(x, dim, simplex, v, e);
  PetscCall(hole_entries_reserve(list, x->common.n));
  for (HoleIndex c = 0; c < x->common.n; ++c) {
    const uint64_t cofacet = dim == 1   ? triangle_on(x, e[0], v, c)
                             : dim == 2 ? tetrahedron_on(x, e[0], e[1], e[3], c)
                                        : simplex4_on(x, v, e, c);
    const int      odd     = hole_vertices_before(dim + 1, v, x->common.vertices[c]) & 1;

    list->entry[list->n++] = hole_entry_of(x, cofacet, odd ? x->prime - coefficient : coefficient);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
