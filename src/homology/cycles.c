/* Cycles through birth edges. An edge that does not join two components has a way between its ends in the minimum spanning forest, by edges
   that all precede it; together they are a cycle that begins with the interval. Of all ways it is the one whose longest edge is
   least. */
#include "homology_impl.h"

#include "../core/block.h"
#include "../core/fault.h"
#include <hole/hole_error.h>

/* The forest as a rooted tree. */
struct rooted {
  HoleIndex  n;
  HoleIndex *parent, *depth;              /* [n]; the root is its own parent */
  HoleIndex *starts, *neighbours, *queue; /* [n + 2], [2 n], [n] */
};

/* Neighbours of v: [starts[v], starts[v + 1]). */
static void list_neighbours(HoleTree tree, struct rooted *t)
{
  const HoleEdge *edges = HoleTreeGetEdges(tree);

  for (HoleIndex v = 0; v < t->n + 2; ++v) t->starts[v] = 0;
  for (HoleIndex e = 0; e < t->n - 1; ++e) {
    ++t->starts[edges[e].i + 2];
    ++t->starts[edges[e].j + 2];
  }
  for (HoleIndex v = 1; v <= t->n; ++v) t->starts[v + 1] += t->starts[v];
  for (HoleIndex e = 0; e < t->n - 1; ++e) { /* filling moves each start to where the next one has to be */
    t->neighbours[t->starts[edges[e].i + 1]++] = edges[e].j;
    t->neighbours[t->starts[edges[e].j + 1]++] = edges[e].i;
  }
}

/* Local: breadth first from point 0. */
static PetscErrorCode root_tree(MPI_Comm comm, HoleTree tree, struct rooted *t)
{
  PetscFunctionBegin;
  PetscCall(hole_fault(comm, "cycles_root"));
  t->n = HoleTreeGetSize(tree);
  PetscCall(
      PetscMalloc5(t->n, &t->parent, t->n, &t->depth, t->n + 2, &t->starts, 2 * t->n, &t->neighbours, t->n, &t->queue));
  list_neighbours(tree, t);
  t->parent[0] = t->depth[0] = t->queue[0] = 0;
  for (HoleIndex head = 0, n = 1; head < n; ++head) {
    const HoleIndex v = t->queue[head];

    for (HoleIndex p = t->starts[v]; p < t->starts[v + 1]; ++p) {
      const HoleIndex w = t->neighbours[p];

      if (w == t->parent[v]) continue;
      t->parent[w]  = v;
      t->depth[w]   = t->depth[v] + 1;
      t->queue[n++] = w;
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Shorten the way from a to b by one edge, at the end that is deeper: the edge leads from `from` to `to` on that way. */
static void step(const struct rooted *t, HoleIndex *a, HoleIndex *b, HoleIndex *from, HoleIndex *to)
{
  if (t->depth[*a] >= t->depth[*b]) {
    *from = *a;
    *to = *a = t->parent[*a];
  } else {
    *to   = *b;
    *from = *b = t->parent[*b];
  }
}

static HoleIndex way_length(const struct rooted *t, HoleIndex a, HoleIndex b)
{
  HoleIndex n = 0, from, to;

  for (; a != b; ++n) step(t, &a, &b, &from, &to);
  return n;
}

/* The cycles of a block of intervals. */
struct cycles {
  HoleIndex  first, n;
  HoleIndex *starts, *simplices;
  int32_t   *coefficients;
};

/* An edge of a cycle, from one end to the other. */
static void add_edge(struct cycles *c, HoleIndex item, HoleIndex from, HoleIndex to, PetscInt prime)
{
  c->simplices[2 * item]     = PetscMin(from, to);
  c->simplices[2 * item + 1] = PetscMax(from, to);
  c->coefficients[item]      = from < to ? 1 : (int32_t)prime - 1;
}

/* Local: along the birth edge, and back by the tree. */
static PetscErrorCode close_cycles(const struct rooted *t, const HoleInterval intervals[], PetscInt prime,
                                   struct cycles *c)
{
  HoleIndex item = 0;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(c->n + 1, &c->starts));
  c->starts[0] = 0;
  for (HoleIndex i = 0; i < c->n; ++i) {
    const HoleIndex *ends = intervals[c->first + i].birth_simplex;

    c->starts[i + 1] = c->starts[i] + 1 + way_length(t, ends[0], ends[1]);
  }
  PetscCall(PetscMalloc2(2 * c->starts[c->n], &c->simplices, c->starts[c->n], &c->coefficients));
  for (HoleIndex i = 0; i < c->n; ++i) {
    HoleIndex a = intervals[c->first + i].birth_simplex[1], b = intervals[c->first + i].birth_simplex[0], from, to;

    add_edge(c, item++, b, a, prime);
    while (a != b) {
      step(t, &a, &b, &from, &to);
      add_edge(c, item++, from, to, prime);
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective. */
static PetscErrorCode find_cycles(HoleHomology homology, HoleDiagram diagram, struct rooted *t, struct cycles *c)
{
  MPI_Comm            comm = HoleFiltrationGetComm(homology->filtration);
  const HoleInterval *intervals;
  HoleIndex           n;
  PetscMPIInt         size, rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(comm, &size));
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCall(HoleDiagramGetIntervals(diagram, 1, &n, &intervals, NULL));
  c->first = hole_block_first(n, size, rank);
  c->n     = hole_block_count(n, size, rank);
  HoleCallAgreed(comm, root_tree(comm, HoleFiltrationGetForest(homology->filtration), t)); /* local */
  HoleCallAgreed(comm, close_cycles(t, intervals, homology->prime, c));                    /* local */
  PetscCall(HoleDiagramSetChains(diagram, comm, HOLE_CYCLES, 1, c->n, n ? intervals + c->first : NULL, c->starts,
                                 c->simplices, c->coefficients));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_homology_find_cycles(HoleHomology homology, HoleDiagram diagram)
{
  struct rooted  t = {0};
  struct cycles  c = {0};
  PetscErrorCode found;

  PetscFunctionBegin;
  found = find_cycles(homology, diagram, &t, &c);
  PetscCall(PetscFree5(t.parent, t.depth, t.starts, t.neighbours, t.queue));
  PetscCall(PetscFree(c.starts));
  PetscCall(PetscFree2(c.simplices, c.coefficients));
  PetscCall(found);
  PetscFunctionReturn(PETSC_SUCCESS);
}
