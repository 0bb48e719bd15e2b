/* Edges are sorted by all ranks together; each node takes a copy of the sorted list and makes rows of it. */
#include "skeleton.h"

#include "../core/block.h"
#include "../core/fault.h"
#include "../core/sort.h"
#include "../distances/pairs.h"
#include "../filtration/edges.h"
#include "../filtration/graph_impl.h"
#include "edge_sort.h"
#include <float.h>
#include <hole/hole_error.h>
#include <string.h>

/* Rows are dense from one edge among so many pairs on: about where both take equal time. In dimension 1 fewer rows are looked at, and dense
   ones take their time to be made. */
enum { DENSE_FRACTION = 32, DENSE_FRACTION_1 = 16 };

enum { WORDS_A_NEIGHBOUR = 16 /* that cost less than to sort them */ };

/* What a rank knows while it makes one. */
struct making {
  hole_skeleton         s;
  HoleIndex             n_local, first; /* sorted edges of this rank: ranks [first, first + n_local) */
  struct hole_edge_key *edges;
  uint32_t (*ends)[2]; /* the same arrays as in the skeleton, to be written */
  double                *lengths;
  uint32_t              *rows;
  uint64_t              *starts;
  struct hole_neighbour *neighbours;
};

/* Local: own edges of a graph. */
static PetscErrorCode edges_of_graph(struct making *m, Mat graph, double threshold)
{
  PetscFunctionBegin;
  PetscCall(hole_fault(m->s->comm, "skeleton_edges"));
  PetscCall(hole_graph_own_edges(graph, threshold, &m->n_local, &m->edges));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective. */
static PetscErrorCode list_edges(struct making *m, HoleFiltration f)
{
  const double threshold = PetscMin(HoleFiltrationGetThreshold(f), DBL_MAX); /* an infinite length is no edge */
  Mat          graph;

  PetscFunctionBegin;
  if (hole_filtration_has_edges(f)) {
    PetscCall(hole_filtration_take_edges(f, &m->n_local, &m->edges));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  if (HoleFiltrationIsGraph(f)) {
    PetscCall(HoleFiltrationGetGraph(f, &graph));
    HoleCallAgreed(m->s->comm, edges_of_graph(m, graph, threshold)); /* local */
  } else PetscCall(hole_pairs_list(HoleFiltrationGetDistances(f), threshold, &m->n_local, &m->edges));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: sort, and say how many edges there are and where ours begin. */
static PetscErrorCode order_edges(struct making *m, double cutoff)
{
  HoleIndex n_edges = 0, counts[2] = {0, 0}; /* edges, and those up to the cutoff */

  PetscFunctionBegin;
  PetscCall(hole_edge_sort(m->s->comm, &m->n_local, &m->edges));
  m->first = 0;
  PetscCallMPI(MPI_Exscan(&m->n_local, &m->first, 1, HOLE_MPI_INDEX, MPI_SUM, m->s->comm));
  m->s->n_sorted = counts[0] = m->n_local;
  while (counts[1] < m->n_local && m->edges[counts[1]].length <= cutoff) ++counts[1];
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, counts, 2, HOLE_MPI_INDEX, MPI_SUM, m->s->comm));
  n_edges = counts[0];
  PetscCheck(n_edges < (HoleIndex)HOLE_NO_EDGE, PETSC_COMM_SELF, HOLE_ERR_RESOURCE,
             "%" HoleIndex_FMT " edges within the threshold: this way of computing takes fewer than 2^32 - 1; "
             "lower -threshold or -max_points",
             n_edges);
  m->s->n_edges  = (uint32_t)n_edges;
  m->s->n_active = (uint32_t)counts[1];
  PetscFunctionReturn(PETSC_SUCCESS);
}

static size_t aligned(size_t bytes) { return (bytes + 63) / 64 * 64; }

static PetscBool is_dense(HoleIndex n, double n_edges, PetscInt max_dim)
{
  return (PetscBool)(n_edges * (max_dim == 1 ? DENSE_FRACTION_1 : DENSE_FRACTION) >= (double)n * (double)n / 2);
}

/* Collective: where everything lies in shared memory. */
static PetscErrorCode share(struct making *m, PetscInt max_dim)
{
  hole_skeleton s = m->s;
  const size_t  n = (size_t)s->n, n_edges = s->n_edges, rows = n * (size_t)s->stride * sizeof(uint32_t);
  const size_t  sparse     = aligned((n + 1) * sizeof(uint64_t)) + 2 * n_edges * sizeof(struct hole_neighbour);
  const size_t  at_lengths = aligned(n_edges * sizeof(*m->ends)),
               at_rows     = at_lengths + aligned(n_edges * sizeof(double));
  const PetscBool dense    = is_dense(s->n, (double)n_edges, max_dim);
  char           *base;

  PetscFunctionBegin;
  PetscCall(hole_shared_create(s->comm, at_rows + (dense ? rows : sparse), &s->shared));
  base    = hole_shared_base(s->shared);
  s->ends = m->ends = (void *)base;
  s->lengths = m->lengths = (void *)(base + at_lengths);
  if (dense) s->rows = m->rows = (void *)(base + at_rows);
  else {
    s->starts = m->starts = (void *)(base + at_rows);
    s->neighbours = m->neighbours = (void *)(base + at_rows + aligned((n + 1) * sizeof(uint64_t)));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: the sorted list on every node. */
static PetscErrorCode publish_edges(struct making *m)
{
  hole_skeleton s = m->s;
  PetscMPIInt   size;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(s->comm, &size));
  for (HoleIndex e = 0; e < m->n_local; ++e) {
    m->ends[m->first + e][0] = m->edges[e].i;
    m->ends[m->first + e][1] = m->edges[e].j;
    m->lengths[m->first + e] = m->edges[e].length;
  }
  PetscCall(PetscFree(m->edges));
  for (PetscMPIInt r = 0; r < size; ++r) {
    HoleIndex part[2] = {m->first, m->n_local};

    PetscCallMPI(MPI_Bcast(part, 2, HOLE_MPI_INDEX, r, s->comm));
    PetscCall(
        hole_shared_broadcast(s->shared, r, (size_t)part[0] * sizeof(*m->ends), (size_t)part[1] * sizeof(*m->ends)));
    PetscCall(hole_shared_broadcast(s->shared, r,
                                    (size_t)((char *)(m->lengths + part[0]) - hole_shared_base(s->shared)),
                                    (size_t)part[1] * sizeof(double)));
  }
  PetscCall(hole_shared_sync(s->shared));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective on the node: rows first without edges, then each rank writes a part of the edges. */
static PetscErrorCode fill_dense(struct making *m, PetscMPIInt size, PetscMPIInt rank)
{
  hole_skeleton   s     = m->s;
  const HoleIndex first = hole_block_first(s->n, size, rank), count = hole_block_count(s->n, size, rank);
  const HoleIndex begin = hole_block_first(s->n_edges, size, rank), end = hole_block_first(s->n_edges, size, rank + 1);

  PetscFunctionBegin;
  memset(m->rows + first * s->stride, 0xff, (size_t)count * (size_t)s->stride * sizeof(*m->rows));
  PetscCall(hole_shared_sync(s->shared));
  for (HoleIndex e = begin; e < end; ++e) {
    const HoleIndex i = s->ends[e][0], j = s->ends[e][1];

    m->rows[i * s->stride + j] = m->rows[j * s->stride + i] = (uint32_t)e;
  }
  PetscCall(hole_shared_sync(s->shared));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Where the rows of vertices begin: `starts` [n] holds their lengths at first. */
static void sum_up(HoleIndex n, uint64_t starts[])
{
  uint64_t below = 0;

  for (HoleIndex i = 0; i < n; ++i) {
    const uint64_t length = starts[i];

    starts[i] = below;
    below += length;
  }
  starts[n] = below;
}

/* Collective on the node: how many neighbours each vertex has, each rank of a block of vertices, and where the rows begin. */
static PetscErrorCode place_rows(struct making *m, PetscMPIInt rank, HoleIndex first, HoleIndex end)
{
  hole_skeleton s = m->s;

  PetscFunctionBegin;
  memset(m->starts + first, 0, (size_t)(end - first) * sizeof(*m->starts));
  for (uint32_t e = 0; e < s->n_edges; ++e) {
    for (int side = 0; side < 2; ++side) {
      const HoleIndex i = s->ends[e][side];

      if (i >= first && i < end) ++m->starts[i];
    }
  }
  PetscCall(hole_shared_sync(s->shared));
  if (!rank) sum_up(s->n, m->starts);
  PetscCall(hole_shared_sync(s->shared));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The rows [first, end) with their neighbours in the order of the edges; next[i - first] is where that of i begins, and then its end. */
static void fill_by_rank(const struct making *m, HoleIndex first, HoleIndex end, uint64_t next[])
{
  for (uint32_t e = 0; e < m->s->n_edges; ++e) {
    for (int side = 0; side < 2; ++side) {
      const HoleIndex i = m->s->ends[e][side];

      if (i >= first && i < end) m->neighbours[next[i - first]++] = (struct hole_neighbour){m->s->ends[e][!side], e};
    }
  }
}

/* A set of vertices with the ranks of their edges. */
struct marks {
  uint64_t *words; /* [words of n] a bit a vertex; all 0 between rows */
  uint32_t *ranks; /* [n] where the bit is set */
};

static int by_vertex(const void *a, const void *b)
{
  const struct hole_neighbour *x = a, *y = b;

  return x->vertex < y->vertex ? -1 : x->vertex > y->vertex;
}

/* A row with its neighbours ascending, in its place: by marks, where there are not many more words to be looked at than neighbours. */
static void arrange_row(HoleIndex n, uint64_t n_row, struct hole_neighbour row[], struct marks *marks)
{
  const HoleIndex n_words = (n + 63) / 64;
  uint64_t        placed  = 0;

  if (n_words > WORDS_A_NEIGHBOUR * (HoleIndex)n_row) {
    hole_sort(row, (HoleIndex)n_row, sizeof(*row), by_vertex);
    return;
  }
  for (uint64_t p = 0; p < n_row; ++p) {
    marks->words[row[p].vertex / 64] |= UINT64_C(1) << (row[p].vertex % 64);
    marks->ranks[row[p].vertex] = row[p].rank;
  }
  for (HoleIndex w = 0; w < n_words; ++w) {
    for (uint64_t word = marks->words[w]; word; word &= word - 1) {
      const uint32_t v = (uint32_t)(64 * w) + (uint32_t)__builtin_ctzll(word);

      row[placed++] = (struct hole_neighbour){v, marks->ranks[v]};
    }
    marks->words[w] = 0;
  }
}

/* Local: the rows of vertices [first, end), which nobody else writes. */
static PetscErrorCode write_rows(struct making *m, HoleIndex first, HoleIndex end)
{
  const HoleIndex n = m->s->n;
  struct marks    marks;
  uint64_t       *next;

  PetscFunctionBegin;
  PetscCall(PetscMalloc2(end - first, &next, n, &marks.ranks));
  PetscCall(PetscCalloc1((n + 63) / 64, &marks.words));
  for (HoleIndex i = first; i < end; ++i) next[i - first] = m->starts[i];
  fill_by_rank(m, first, end, next);
  for (HoleIndex i = first; i < end; ++i)
    arrange_row(n, m->starts[i + 1] - m->starts[i], m->neighbours + m->starts[i], &marks);
  PetscCall(PetscFree2(next, marks.ranks));
  PetscCall(PetscFree(marks.words));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: each rank of a node makes the rows of a block of vertices. */
static PetscErrorCode fill_sparse(struct making *m, PetscMPIInt size, PetscMPIInt rank)
{
  const HoleIndex first = hole_block_first(m->s->n, size, rank), end = hole_block_first(m->s->n, size, rank + 1);

  PetscFunctionBegin;
  PetscCall(place_rows(m, rank, first, end));
  HoleCallAgreed(m->s->comm, write_rows(m, first, end)); /* local */
  PetscCall(hole_shared_sync(m->s->shared));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective. */
static PetscErrorCode make(struct making *m, HoleFiltration f)
{
  PetscMPIInt size, rank;

  PetscFunctionBegin;
  PetscCall(list_edges(m, f));
  PetscCall(order_edges(m, HoleFiltrationGetCutoff(f)));
  PetscCall(share(m, HoleFiltrationGetMaxDim(f)));
  PetscCall(publish_edges(m));
  PetscCallMPI(MPI_Comm_size(hole_shared_node(m->s->shared), &size));
  PetscCallMPI(MPI_Comm_rank(hole_shared_node(m->s->shared), &rank));
  if (m->rows) PetscCall(fill_dense(m, size, rank));
  else PetscCall(fill_sparse(m, size, rank));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_skeleton_create(HoleFiltration f, hole_skeleton *skeleton)
{
  struct making  m = {0};
  PetscErrorCode made;

  PetscFunctionBegin;
  PetscCall(PetscNew(skeleton));
  m.s         = *skeleton;
  m.s->comm   = HoleFiltrationGetComm(f);
  m.s->n      = HoleTreeGetSize(HoleFiltrationGetTree(f));
  m.s->stride = (m.s->n + HOLE_RANK_LANES - 1) / HOLE_RANK_LANES * HOLE_RANK_LANES;
  made        = make(&m, f);
  PetscCall(PetscFree(m.edges));
  if (made) PetscCall(hole_skeleton_destroy(skeleton));
  PetscCall(made);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_skeleton_destroy(hole_skeleton *skeleton)
{
  PetscFunctionBegin;
  if (!*skeleton) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(hole_shared_destroy(&(*skeleton)->shared));
  PetscCall(PetscFree(*skeleton));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Edges, twice. */
double hole_skeleton_predict_sort(HoleIndex n, PetscMPIInt size)
{
  return 2 * (double)sizeof(struct hole_edge_key) * (double)n * (double)(n - 1) / 2 / size;
}

double hole_skeleton_predict_graph(HoleIndex n, double n_edges, PetscInt max_dim)
{
  const double rows =
      is_dense(n, n_edges, max_dim) ? 4.0 * (double)n * (double)n : 2 * (double)sizeof(struct hole_neighbour) * n_edges;

  return 16 * n_edges + rows;
}

double hole_skeleton_predict_node(HoleIndex n)
{
  return 16 * (double)n * (double)(n - 1) / 2 + 4.0 * (double)n * (double)n;
}
