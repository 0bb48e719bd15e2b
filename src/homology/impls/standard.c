/* The textbook column algorithm, any dimension: the oracle that other algorithms are tested against [EdelsbrunnerHarer2010, VII.1].

   Every rank holds the whole matrix and all simplices up to the threshold, one dimension above the highest wanted, and reduces the
   boundary matrix from left to right. Nothing here is shared with the other algorithms but the order of simplices, which is written
   down once more, from its definition. */
#include "../../core/block.h"
#include "../../core/cast.h"
#include "../../core/sort.h"
#include "../../core/union_find.h"
#include "../homology_impl.h"
#include <float.h>
#include <hole/hole_error.h>
#include <math.h>
#include <stdlib.h>

enum { MAX_VERTICES = HOLE_MAX_DIM + 2, MOST_SIMPLICES = 20 * 1000 * 1000 };

/* A simplex: ascending vertices, those of its longest edge, and the others. */
struct simplex {
  HoleIndex vertex[MAX_VERTICES];
  HoleIndex edge; /* rank of the longest edge in the total order */
};

struct column {
  HoleIndex  n;
  HoleIndex *rows;         /* ascending indices of facets; the last is the pivot */
  int64_t   *coefficients; /* [n] from 1 to prime - 1 */
};

struct standard {
  HoleIndex  n;
  int64_t    prime;
  double     threshold;
  double    *length; /* [n, n] */
  HoleEdge  *edges;  /* [n (n - 1) / 2] in the total order */
  HoleIndex *rank;   /* [n, n] place of an edge in it */
  HoleIndex *center; /* [n (n - 1) / 2] first lune vertex of an edge, -1: empty */
};

/* Collective: the whole matrix on every rank. */
static PetscErrorCode gather_matrix(struct standard *s, HoleDistances d)
{
  const MPI_Comm comm = HoleDistancesGetComm(d);
  HoleIndex      first, n_local;
  PetscMPIInt    size, n;
  double        *buffer;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(comm, &size));
  PetscCall(HoleDistancesGetShape(d, NULL, NULL, &first, &n_local));
  PetscCall(hole_mpi_int(s->n, &n)); /* equal on all ranks */
  HoleCallAgreed(comm, HoleDistancesAllocateBuffer(d, &buffer));
  for (HoleIndex i = 0; i < n_local; ++i)
    PetscCall(PetscArraycpy(s->length + (first + i) * s->n, HoleDistancesReadRow(d, i, buffer), s->n));
  PetscCall(PetscFree(buffer));
  for (HoleIndex i = 0; i < s->n; ++i)
    PetscCallMPI(MPI_Bcast(s->length + i * s->n, n, MPI_DOUBLE, hole_block_owner(s->n, size, i), comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Minimises the longer of its two edges to the ends of e, among the vertices for which both precede e. */
static HoleIndex most_central(const struct standard *s, HoleIndex e)
{
  HoleIndex center = -1, least = e;

  for (HoleIndex k = 0; k < s->n; ++k) {
    HoleIndex at_i = s->rank[s->edges[e].i * s->n + k], at_j = s->rank[s->edges[e].j * s->n + k];

    if (k == s->edges[e].i || k == s->edges[e].j || PetscMax(at_i, at_j) >= least) continue;
    least  = PetscMax(at_i, at_j);
    center = k;
  }
  return center;
}

/* Local: all edges in order. */
static PetscErrorCode order_edges(struct standard *s)
{
  HoleIndex n_edges = 0;

  PetscFunctionBegin;
  for (HoleIndex i = 0; i < s->n; ++i) {
    for (HoleIndex j = i + 1; j < s->n; ++j) s->edges[n_edges++] = (HoleEdge){s->length[i * s->n + j], i, j};
  }
  hole_sort(s->edges, n_edges, sizeof(*s->edges), HoleEdgeCompare);
  for (HoleIndex e = 0; e < n_edges; ++e)
    s->rank[s->edges[e].i * s->n + s->edges[e].j] = s->rank[s->edges[e].j * s->n + s->edges[e].i] = e;
  for (HoleIndex e = 0; e < n_edges; ++e) s->center[e] = most_central(s, e);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static HoleIndex longest_edge(const struct standard *s, const HoleIndex vertex[], int n_vertices)
{
  HoleIndex longest = -1;

  for (int a = 0; a < n_vertices; ++a) {
    for (int b = a + 1; b < n_vertices; ++b) longest = PetscMax(longest, s->rank[vertex[a] * s->n + vertex[b]]);
  }
  return longest;
}

/* The vertices that are not on the longest edge. */
static int opposite(const struct standard *s, const HoleIndex vertex[], int n_vertices, HoleIndex edge,
                    HoleIndex rest[])
{
  int n_rest = 0;

  for (int v = 0; v < n_vertices; ++v) {
    if (vertex[v] != s->edges[edge].i && vertex[v] != s->edges[edge].j) rest[n_rest++] = vertex[v];
  }
  return n_rest;
}

/* Order of what is opposite to the longest edge of two tetrahedra or 4-simplices: by longest edge, then by the third vertex. */
static int compare_opposite(const struct standard *s, const HoleIndex x[], const HoleIndex y[], int n_vertices)
{
  HoleIndex edge_x = longest_edge(s, x, n_vertices), edge_y = longest_edge(s, y, n_vertices);
  HoleIndex rest_x[MAX_VERTICES], rest_y[MAX_VERTICES];

  if (edge_x != edge_y) return edge_x < edge_y ? -1 : 1;
  if (!opposite(s, x, n_vertices, edge_x, rest_x)) return 0;
  opposite(s, y, n_vertices, edge_y, rest_y);
  return rest_x[0] < rest_y[0] ? -1 : rest_x[0] > rest_y[0];
}

/* Order of simplices of one dimension: by longest edge, then by what is opposite to it; the third vertex of a triangle by the lune's order. */
static int compare_simplices(const struct standard *s, const HoleIndex x[], const HoleIndex y[], int n_vertices)
{
  HoleIndex edge_x = longest_edge(s, x, n_vertices), edge_y = longest_edge(s, y, n_vertices);
  HoleIndex rest_x[MAX_VERTICES], rest_y[MAX_VERTICES];
  int       n_rest;

  if (n_vertices == 1) return x[0] < y[0] ? -1 : x[0] > y[0];
  if (edge_x != edge_y) return edge_x < edge_y ? -1 : 1;
  n_rest = opposite(s, x, n_vertices, edge_x, rest_x);
  opposite(s, y, n_vertices, edge_y, rest_y);
  if (!n_rest) return 0;
  if (n_rest > 1) return compare_opposite(s, rest_x, rest_y, n_rest);
  if (rest_x[0] == rest_y[0]) return 0;
  if (rest_x[0] == s->center[edge_x]) return -1;
  if (rest_y[0] == s->center[edge_x]) return 1;
  return rest_x[0] < rest_y[0] ? -1 : 1;
}

/* The simplices of one dimension in order, and how to find one by its vertices. */
struct skeleton {
  int             n_vertices;
  HoleIndex       n;
  struct simplex *simplices;
  HoleIndex      *by_vertices; /* [n] places of the simplices, in lexicographic order of vertices */
};

/* qsort() has no context argument, and the standard has no other sort: a merge sort that has one. */
typedef int (*compare_places)(const void *ctx, HoleIndex a, HoleIndex b);

static void merge_sort(HoleIndex a[], HoleIndex scratch[], HoleIndex n, compare_places compare, const void *ctx)
{
  HoleIndex half = n / 2, left = 0, right = half;

  if (n < 2) return;
  merge_sort(a, scratch, half, compare, ctx);
  merge_sort(a + half, scratch, n - half, compare, ctx);
  for (HoleIndex m = 0; m < n; ++m)
    scratch[m] = right == n || (left < half && compare(ctx, a[left], a[right]) <= 0) ? a[left++] : a[right++];
  for (HoleIndex m = 0; m < n; ++m) a[m] = scratch[m];
}

struct order_context {
  const struct standard *s;
  const struct simplex  *simplices;
  int                    n_vertices;
};

static int in_filtration(const void *ctx, HoleIndex a, HoleIndex b)
{
  const struct order_context *c = ctx;

  return compare_simplices(c->s, c->simplices[a].vertex, c->simplices[b].vertex, c->n_vertices);
}

static int compare_vertices(const HoleIndex x[], const HoleIndex y[], int n_vertices)
{
  for (int v = 0; v < n_vertices; ++v) {
    if (x[v] != y[v]) return x[v] < y[v] ? -1 : 1;
  }
  return 0;
}

/* Next ascending tuple of vertices below n in lexicographic order; false after the last. */
static PetscBool next_tuple(HoleIndex vertex[], int n_vertices, HoleIndex n)
{
  for (int v = n_vertices - 1; v >= 0; --v) {
    if (vertex[v] + n_vertices - v < n) {
      ++vertex[v];
      for (int w = v + 1; w < n_vertices; ++w) vertex[w] = vertex[w - 1] + 1;
      return PETSC_TRUE;
    }
  }
  return PETSC_FALSE;
}

/* Call twice: with NULL simplices to count. */
static HoleIndex list_simplices(const struct standard *s, int n_vertices, struct simplex simplices[])
{
  struct simplex simplex = {0};
  HoleIndex      n       = 0;

  if (n_vertices > s->n) return 0;
  for (int v = 0; v < n_vertices; ++v) simplex.vertex[v] = v;
  do {
    simplex.edge = longest_edge(s, simplex.vertex, n_vertices);
    if (simplex.edge >= 0 && s->edges[simplex.edge].length > s->threshold) continue;
    if (simplices) simplices[n] = simplex;
    ++n;
  } while (next_tuple(simplex.vertex, n_vertices, s->n));
  return n;
}

static PetscErrorCode create_skeleton(const struct standard *s, int n_vertices, struct skeleton *k)
{
  struct simplex      *listed;
  HoleIndex           *order, *scratch;
  struct order_context context = {s, NULL, n_vertices};

  PetscFunctionBegin;
  k->n_vertices = n_vertices;
  k->n          = list_simplices(s, n_vertices, NULL);
  PetscCall(PetscMalloc1(k->n, &listed));
  PetscCall(PetscMalloc1(k->n, &k->simplices));
  PetscCall(PetscMalloc1(k->n, &k->by_vertices));
  PetscCall(PetscMalloc2(k->n, &order, k->n, &scratch));
  list_simplices(s, n_vertices, listed); /* lexicographic */
  for (HoleIndex i = 0; i < k->n; ++i) order[i] = i;
  context.simplices = listed;
  merge_sort(order, scratch, k->n, in_filtration, &context);
  for (HoleIndex i = 0; i < k->n; ++i) {
    k->simplices[i]          = listed[order[i]];
    k->by_vertices[order[i]] = i;
  }
  PetscCall(PetscFree2(order, scratch));
  PetscCall(PetscFree(listed));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode destroy_skeleton(struct skeleton *k)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(k->simplices));
  PetscCall(PetscFree(k->by_vertices));
  *k = (struct skeleton){0};
  PetscFunctionReturn(PETSC_SUCCESS);
}

static HoleIndex find_simplex(const struct skeleton *k, const HoleIndex vertex[])
{
  HoleIndex low = 0, high = k->n - 1;

  while (low < high) {
    HoleIndex middle = (low + high) / 2;

    if (compare_vertices(k->simplices[k->by_vertices[middle]].vertex, vertex, k->n_vertices) < 0) low = middle + 1;
    else high = middle;
  }
  return k->by_vertices[low];
}

/* Boundary of ascending vertices: facets without the first, second, ... with signs +, -, ... */
static PetscErrorCode boundary(const struct standard *s, const struct skeleton *facets, const struct simplex *simplex,
                               struct column *column)
{
  PetscFunctionBegin;
  column->n = facets->n_vertices + 1;
  PetscCall(PetscMalloc2(column->n, &column->rows, column->n, &column->coefficients));
  for (int left_out = 0; left_out <= facets->n_vertices; ++left_out) {
    HoleIndex vertex[MAX_VERTICES], row;
    int       place = left_out;

    for (int v = 0; v < facets->n_vertices; ++v) vertex[v] = simplex->vertex[v + (v >= left_out)];
    row = find_simplex(facets, vertex);
    for (; place && column->rows[place - 1] > row; --place) {
      column->rows[place]         = column->rows[place - 1];
      column->coefficients[place] = column->coefficients[place - 1];
    }
    column->rows[place]         = row;
    column->coefficients[place] = left_out & 1 ? s->prime - 1 : 1;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The number c with a c = b modulo the prime: b a^(prime - 2). */
static int64_t divide(int64_t b, int64_t a, int64_t prime)
{
  for (int64_t power = prime - 2; power; power /= 2) {
    if (power % 2) b = b * a % prime;
    a = a * a % prime;
  }
  return b;
}

/* column -= factor times other, so that the last row of both goes. */
static PetscErrorCode cancel(const struct standard *s, struct column *column, const struct column *other)
{
  const int64_t factor = divide(column->coefficients[column->n - 1], other->coefficients[other->n - 1], s->prime);
  struct column sum    = {0};
  HoleIndex     a = 0, b = 0;

  PetscFunctionBegin;
  PetscCall(PetscMalloc2(column->n + other->n, &sum.rows, column->n + other->n, &sum.coefficients));
  while (a < column->n || b < other->n) {
    const PetscBool takes_a = (PetscBool)(a < column->n && (b == other->n || column->rows[a] <= other->rows[b]));
    const PetscBool takes_b = (PetscBool)(b < other->n && (a == column->n || other->rows[b] <= column->rows[a]));
    const HoleIndex row     = takes_a ? column->rows[a] : other->rows[b];
    int64_t         value   = takes_a ? column->coefficients[a++] : 0;

    if (takes_b) value = (value + (s->prime - factor) * other->coefficients[b++]) % s->prime;
    if (!value) continue;
    sum.rows[sum.n]           = row;
    sum.coefficients[sum.n++] = value;
  }
  PetscCall(PetscFree2(column->rows, column->coefficients));
  *column = sum;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static double length_of(const struct standard *s, const struct simplex *simplex)
{
  return simplex->edge < 0 ? 0 : s->edges[simplex->edge].length;
}

static HoleInterval interval_of(const struct standard *s, int dim, const struct simplex *birth,
                                const struct simplex *death)
{
  HoleInterval interval = {
      length_of(s, birth), death ? length_of(s, death) : INFINITY, {-1, -1, -1, -1}, {-1, -1, -1, -1, -1}};

  for (int v = 0; v <= dim; ++v) interval.birth_simplex[v] = birth->vertex[v];
  for (int v = 0; v <= dim + 1 && death; ++v) interval.death_simplex[v] = death->vertex[v];
  return interval;
}

/* Reduce the columns of `simplices` over the rows `facets`: pairs, and which columns became zero. */
static PetscErrorCode reduce(const struct standard *s, const struct skeleton *facets, const struct skeleton *simplices,
                             HoleIndex pivot_of[], PetscBool positive[])
{
  struct column *columns;

  PetscFunctionBegin;
  PetscCall(PetscCalloc1(simplices->n, &columns));
  for (HoleIndex r = 0; r < facets->n; ++r) pivot_of[r] = -1;
  for (HoleIndex c = 0; c < simplices->n; ++c) {
    struct column *column = &columns[c];

    PetscCall(boundary(s, facets, &simplices->simplices[c], column));
    while (column->n && pivot_of[column->rows[column->n - 1]] >= 0)
      PetscCall(cancel(s, column, &columns[pivot_of[column->rows[column->n - 1]]]));
    positive[c] = (PetscBool)!column->n;
    if (column->n) pivot_of[column->rows[column->n - 1]] = c;
  }
  for (HoleIndex c = 0; c < simplices->n; ++c) PetscCall(PetscFree2(columns[c].rows, columns[c].coefficients));
  PetscCall(PetscFree(columns));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* One dimension: from positive simplices, to intervals and the positive simplices of the next dimension. */
static PetscErrorCode solve_dimension(struct standard *s, int dim, struct skeleton *present, PetscBool **positive,
                                      MPI_Comm comm, HoleDiagram diagram)
{
  struct skeleton next = {0};
  HoleIndex      *death, n = 0;
  PetscBool      *next_positive;
  HoleInterval   *intervals;
  PetscMPIInt     rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCall(create_skeleton(s, dim + 2, &next));
  PetscCall(PetscMalloc1(present->n, &death));
  PetscCall(PetscMalloc1(present->n, &intervals));
  PetscCall(PetscMalloc1(next.n, &next_positive));
  PetscCall(reduce(s, present, &next, death, next_positive));
  for (HoleIndex c = 0; c < present->n; ++c) {
    if ((*positive)[c])
      intervals[n++] = interval_of(s, dim, &present->simplices[c], death[c] < 0 ? NULL : &next.simplices[death[c]]);
  }
  PetscCall(HoleDiagramSetIntervals(diagram, comm, dim, rank ? 0 : n, intervals, 0)); /* all ranks found the same */
  PetscCall(PetscFree(intervals));
  PetscCall(PetscFree(death));
  PetscCall(PetscFree(*positive));
  PetscCall(destroy_skeleton(present));
  *positive = next_positive;
  *present  = next;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode solve_diagrams(struct standard *s, MPI_Comm comm, HoleDiagram diagram)
{
  struct skeleton present;
  PetscBool      *positive;

  PetscFunctionBegin;
  PetscCall(create_skeleton(s, 1, &present));
  PetscCall(PetscMalloc1(present.n, &positive));
  for (HoleIndex v = 0; v < present.n; ++v) positive[v] = PETSC_TRUE;
  for (int dim = 0; dim <= HoleDiagramGetMaxDim(diagram); ++dim)
    PetscCall(solve_dimension(s, dim, &present, &positive, comm, diagram));
  PetscCall(PetscFree(positive));
  PetscCall(destroy_skeleton(&present));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Kruskal's algorithm on all edges. */
static PetscErrorCode solve_tree(const struct standard *s, HoleTree *tree)
{
  HoleEdge *chosen;
  HoleIndex n_chosen = 0, *components;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(s->n, &components));
  PetscCall(PetscMalloc1(s->n, &chosen));
  hole_union_find_init(s->n, components);
  for (HoleIndex e = 0; e < s->n * (s->n - 1) / 2; ++e) {
    if (hole_union_find_join(components, s->edges[e].i, s->edges[e].j)) chosen[n_chosen++] = s->edges[e];
  }
  PetscCall(HoleTreeCreate(s->n, chosen, tree));
  PetscCall(PetscFree(chosen));
  PetscCall(PetscFree(components));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Simplices of dimension max_dim + 1 of the complete complex. */
static double count_simplices(HoleIndex n, PetscInt max_dim)
{
  double count = 1;

  for (PetscInt v = 0; v < max_dim + 2; ++v) count *= (double)(n - v) / (double)(v + 1);
  return count;
}

/* Logically collective: refuse what a textbook algorithm cannot hold. */
static PetscErrorCode check_size(HoleIndex n, PetscInt max_dim)
{
  const double count = count_simplices(n, max_dim);

  PetscFunctionBegin;
  PetscCheck(count <= MOST_SIMPLICES, PETSC_COMM_SELF, HOLE_ERR_RESOURCE,
             "-homology_type standard: %" HoleIndex_FMT " points have %.3g simplices of dimension %" PetscInt_FMT
             "; it takes at most %d of them. Lower -max_points or -max_dim, or use -homology_type windows",
             n, count, max_dim + 1, MOST_SIMPLICES);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local. */
static PetscErrorCode allocate(struct standard *s)
{
  PetscFunctionBegin;
  PetscCall(PetscMalloc4(s->n * s->n, &s->length, s->n * s->n, &s->rank, s->n * s->n / 2, &s->edges, s->n * s->n / 2,
                         &s->center));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: the merge tree of all pairs. Rows of a graph do not tell it. */
static PetscErrorCode find_tree(const struct standard *s, HoleFiltration f, HoleDistances d, HoleTree *tree)
{
  PetscFunctionBegin;
  if (d == HoleFiltrationGetDistances(f)) PetscCall(solve_tree(s, tree));
  else PetscCall(HoleTreeCreate(s->n, HoleTreeGetEdges(HoleFiltrationGetTree(f)), tree));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode solve(struct standard *s, HoleFiltration f, HoleDistances d, HoleTree *tree, HoleDiagram diagram)
{
  MPI_Comm comm = HoleDistancesGetComm(d);

  PetscFunctionBegin;
  HoleCallAgreed(comm, allocate(s));              /* local */
  PetscCall(gather_matrix(s, d));                 /* collective */
  HoleCallAgreed(comm, order_edges(s));           /* local */
  HoleCallAgreed(comm, find_tree(s, f, d, tree)); /* local */
  PetscCall(solve_diagrams(s, comm, diagram));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode solve_standard(HoleHomology homology, HoleTree *tree, HoleDiagram diagram)
{
  HoleFiltration  f = homology->filtration;
  struct standard s = {.n         = HoleTreeGetSize(HoleFiltrationGetTree(f)),
                       .prime     = homology->prime,
                       .threshold = PetscMin(HoleFiltrationGetThreshold(f), DBL_MAX)}; /* infinite: no edge */
  HoleDistances   d;
  PetscErrorCode  solved;

  PetscFunctionBegin;
  PetscCall(check_size(s.n, HoleDiagramGetMaxDim(diagram)));
  PetscCall(hole_homology_begin_phase(homology, "reduction"));
  PetscCall(HoleFiltrationGetWeights(f, &d));
  solved = solve(&s, f, d, tree, diagram);
  PetscCall(PetscFree4(s.length, s.rank, s.edges, s.center));
  PetscCall(solved);
  PetscCall(hole_homology_end_phase(homology));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Matrix, ranks, edges; a simplex stands in the sorted list, in the one before it, in two orders, and as a reduced column. */
static double predict_standard(HoleHomology homology, HoleIndex n, PetscInt max_dim, PetscMPIInt size)
{
  const double a_simplex = 2 * sizeof(struct simplex) + 3 * sizeof(HoleIndex) + sizeof(struct column) +
                           8 * (sizeof(HoleIndex) + sizeof(int64_t));

  (void)homology;
  (void)size;
  return hole_homology_predict_result(n) + 32.0 * (double)n * (double)n + a_simplex * count_simplices(n, max_dim);
}

const struct hole_homology_ops hole_homology_standard = {HOLE_HOMOLOGY_STANDARD, HOLE_MAX_DIM, predict_standard, NULL,
                                                         solve_standard};
