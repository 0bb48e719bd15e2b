/* Chains of intervals: each is found by the rank where its column ended, and brought to the rank that owns its place in the diagram.

   A message is a sequence of chains: place of the interval, number of simplices, then vertices and coefficient of each. */
#include "diagram_impl.h"

#include "../core/block.h"
#include "../core/cast.h"
#include "../core/fault.h"
#include "../core/sort.h"
#include <hole/hole_error.h>
#include <stdlib.h>

enum { HEAD = 2 };

PetscErrorCode hole_chains_destroy(HoleChains **chains)
{
  PetscFunctionBegin;
  if (!*chains) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscFree((*chains)->starts));
  PetscCall(PetscFree((*chains)->simplices));
  PetscCall(PetscFree((*chains)->coefficients));
  PetscCall(PetscFree(*chains));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What a rank brings, and what comes to it. */
struct moving {
  HoleDiagram         diagram;
  MPI_Comm            comm;
  PetscMPIInt         size, rank;
  PetscInt            dim;
  HoleIndex           n_found;
  const HoleInterval *intervals;
  const HoleIndex    *starts, *simplices;
  const int32_t      *coefficients;
  PetscMPIInt        *out_count, *out_start, *in_count, *in_start; /* [size] numbers */
  int64_t            *out, *in;
  HoleIndex           n_in;
};

/* Place of an interval in the diagram; -1 if it has length zero. */
static PetscErrorCode find_place(const struct moving *m, HoleIndex found, HoleIndex *place)
{
  const HoleInterval *all = m->diagram->dim[m->dim].intervals, *at;

  PetscFunctionBegin;
  *place = -1;
  if (m->intervals[found].birth >= m->intervals[found].death) PetscFunctionReturn(PETSC_SUCCESS);
  at = m->diagram->dim[m->dim].n
           ? bsearch(&m->intervals[found], all, (size_t)m->diagram->dim[m->dim].n, sizeof(*all), hole_interval_order)
           : NULL;
  PetscCheck(at, PETSC_COMM_SELF, PETSC_ERR_ARG_WRONG, "A chain of an interval that is not in the diagram");
  *place = at - all;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Write a chain where its owner's message goes on. */
static void pack_chain(const struct moving *m, HoleIndex found, HoleIndex place, int64_t to[])
{
  const HoleIndex first = m->starts[found], n = m->starts[found + 1] - first;

  to[0] = place;
  to[1] = n;
  to += HEAD;
  for (HoleIndex s = first; s < first + n; ++s) {
    for (PetscInt v = 0; v <= m->dim; ++v) *to++ = m->simplices[s * (m->dim + 1) + v];
    *to++ = m->coefficients[s];
  }
}

static HoleIndex packed_size(const struct moving *m, HoleIndex found)
{
  return HEAD + (m->starts[found + 1] - m->starts[found]) * (m->dim + 2);
}

/* Local. */
static PetscErrorCode pack(struct moving *m)
{
  const HoleIndex n     = m->diagram->dim[m->dim].n;
  HoleIndex       total = 0, place;
  HoleIndex      *fill;

  PetscFunctionBegin;
  PetscCall(hole_fault(m->comm, "chains_pack"));
  PetscCall(PetscCalloc4(m->size, &m->out_count, m->size, &m->out_start, m->size, &m->in_count, m->size, &m->in_start));
  for (HoleIndex f = 0; f < m->n_found; ++f) total += packed_size(m, f);
  PetscCall(PetscMalloc1(total, &m->out));
  PetscCall(hole_mpi_int(total, m->out_start)); /* so that no count overflows */
  m->out_start[0] = 0;
  for (HoleIndex f = 0; f < m->n_found; ++f) {
    PetscCall(find_place(m, f, &place));
    if (place >= 0) m->out_count[hole_block_owner(n, m->size, place)] += (PetscMPIInt)packed_size(m, f);
  }
  PetscCall(PetscMalloc1(m->size, &fill));
  for (PetscMPIInt r = 0; r < m->size; ++r) {
    if (r) m->out_start[r] = m->out_start[r - 1] + m->out_count[r - 1];
    fill[r] = m->out_start[r];
  }
  for (HoleIndex f = 0; f < m->n_found; ++f) {
    PetscMPIInt owner;

    PetscCall(find_place(m, f, &place));
    if (place < 0) continue;
    owner = hole_block_owner(n, m->size, place);
    pack_chain(m, f, place, m->out + fill[owner]);
    fill[owner] += packed_size(m, f);
  }
  PetscCall(PetscFree(fill));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local. */
static PetscErrorCode make_room(struct moving *m)
{
  PetscFunctionBegin;
  for (PetscMPIInt r = 0; r < m->size; ++r) {
    PetscCall(hole_mpi_int(m->n_in, &m->in_start[r]));
    m->n_in += m->in_count[r];
  }
  PetscCall(PetscMalloc1(m->n_in, &m->in));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* [simplex] vertices, then coefficient, of at most HOLE_MAX_DIM + 2 numbers; the number of the dimension is the same for all. */
static int compare_simplices(const int64_t x[], const int64_t y[], PetscInt dim)
{
  for (PetscInt v = 0; v <= dim; ++v) {
    if (x[v] != y[v]) return x[v] < y[v] ? -1 : 1;
  }
  return 0;
}

static int by_edge(const void *a, const void *b) { return compare_simplices(a, b, 1); }
static int by_triangle(const void *a, const void *b) { return compare_simplices(a, b, 2); }
static int by_tetrahedron(const void *a, const void *b) { return compare_simplices(a, b, 3); }

/* Local: chains in the order of their intervals. */
static PetscErrorCode unpack(struct moving *m, HoleChains *c)
{
  static int (*const order[])(const void *, const void *) = {NULL, by_edge, by_triangle, by_tetrahedron};
  const HoleIndex n = m->diagram->dim[m->dim].n, a_simplex = m->dim + 2;

  PetscFunctionBegin;
  c->first   = hole_block_first(n, m->size, m->rank);
  c->n_local = hole_block_count(n, m->size, m->rank);
  PetscCall(PetscCalloc1(c->n_local + 1, &c->starts));
  for (HoleIndex at = 0; at < m->n_in; at += HEAD + m->in[at + 1] * a_simplex)
    c->starts[m->in[at] - c->first + 1] = m->in[at + 1];
  for (HoleIndex i = 0; i < c->n_local; ++i) c->starts[i + 1] += c->starts[i];
  PetscCall(PetscMalloc1(c->starts[c->n_local] * (m->dim + 1), &c->simplices));
  PetscCall(PetscMalloc1(c->starts[c->n_local], &c->coefficients));
  for (HoleIndex at = 0; at < m->n_in; at += HEAD + m->in[at + 1] * a_simplex) {
    const HoleIndex first = c->starts[m->in[at] - c->first], count = m->in[at + 1];
    int64_t        *items = m->in + at + HEAD;

    hole_sort(items, count, (size_t)a_simplex * sizeof(*items), order[m->dim]);
    for (HoleIndex s = 0; s < count; ++s, items += a_simplex) {
      for (PetscInt v = 0; v <= m->dim; ++v) c->simplices[(first + s) * (m->dim + 1) + v] = items[v];
      c->coefficients[first + s] = (int32_t)items[m->dim + 1];
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective. */
static PetscErrorCode move(struct moving *m, HoleChains *c)
{
  PetscFunctionBegin;
  HoleCallAgreed(m->comm, pack(m)); /* local */
  PetscCallMPI(MPI_Alltoall(m->out_count, 1, MPI_INT, m->in_count, 1, MPI_INT, m->comm));
  HoleCallAgreed(m->comm, make_room(m)); /* local */
  PetscCallMPI(MPI_Alltoallv(m->out, m->out_count, m->out_start, MPI_INT64_T, m->in, m->in_count, m->in_start,
                             MPI_INT64_T, m->comm));
  HoleCallAgreed(m->comm, unpack(m, c)); /* local */
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleDiagramSetChains(HoleDiagram diagram, MPI_Comm comm, HoleChainKind kind, PetscInt dim,
                                    HoleIndex n_found, const HoleInterval intervals[], const HoleIndex starts[],
                                    const HoleIndex simplices[], const int32_t coefficients[])
{
  struct moving  m = {.diagram = diagram, .comm = comm, .dim = dim, .n_found = n_found, .intervals = intervals};
  HoleChains    *chains;
  PetscErrorCode moved;

  PetscFunctionBegin;
  PetscCheck(dim >= 1 && dim <= diagram->max_dim, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE,
             "Chains of dimension %" PetscInt_FMT " of a diagram up to %" PetscInt_FMT, dim, diagram->max_dim);
  PetscCallMPI(MPI_Comm_size(comm, &m.size));
  PetscCallMPI(MPI_Comm_rank(comm, &m.rank));
  m.starts       = starts;
  m.simplices    = simplices;
  m.coefficients = coefficients;
  PetscCall(PetscNew(&chains));
  moved = move(&m, chains);
  PetscCall(PetscFree4(m.out_count, m.out_start, m.in_count, m.in_start));
  PetscCall(PetscFree(m.out));
  PetscCall(PetscFree(m.in));
  if (moved) PetscCall(hole_chains_destroy(&chains));
  PetscCall(moved);
  PetscCall(hole_chains_destroy(&diagram->dim[dim].chains[kind]));
  diagram->dim[dim].chains[kind] = chains;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleDiagramGetChains(HoleDiagram diagram, HoleChainKind kind, PetscInt dim, const HoleChains **chains)
{
  PetscFunctionBegin;
  PetscCheck(dim >= 0 && dim <= diagram->max_dim, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE,
             "Dimension %" PetscInt_FMT " of a diagram up to %" PetscInt_FMT, dim, diagram->max_dim);
  *chains = diagram->dim[dim].chains[kind];
  PetscFunctionReturn(PETSC_SUCCESS);
}
