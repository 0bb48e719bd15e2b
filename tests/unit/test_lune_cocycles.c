/* Cocycles of random graphs: as many as the ranks of the boundary matrices say; around every triangle the sum of values is 0; the sums around the
   loops of the graph tell as many loops apart as there are. Sparse and dense graphs, complete, bipartite, of several parts, on part of the
   vertices; with and without guesses of neighbours; one object for all, so that nothing is left over from the graph before. */
#include "testing.h"

#include "../../src/homology/lune_cocycles.h"

enum { MOST = 70, WORDS = 2, MOST_EDGES = MOST * (MOST - 1) / 2, EDGE_WORDS = MOST_EDGES / 64 + 1 };

struct graph {
  HoleIndex n;
  uint64_t  rows[MOST * WORDS], set[WORDS];
  uint32_t  nearest[MOST];
};

static PetscBool has(const uint64_t row[], HoleIndex v) { return (PetscBool)(row[v / 64] >> v % 64 & 1); }

static PetscBool are_near(const struct graph *g, HoleIndex a, HoleIndex b)
{
  return (PetscBool)(has(g->set, a) && has(g->set, b) && has(g->rows + a * WORDS, b));
}

/* Rank of rows of bits, modulo 2; they are changed. */
static HoleIndex rank_of(HoleIndex n_rows, HoleIndex n_words, uint64_t rows[])
{
  HoleIndex rank = 0;

  for (HoleIndex bit = 0; bit < 64 * n_words && rank < n_rows; ++bit) {
    HoleIndex r = rank;

    while (r < n_rows && !has(rows + r * n_words, bit)) ++r;
    if (r == n_rows) continue;
    for (HoleIndex w = 0; w < n_words; ++w) {
      const uint64_t kept = rows[rank * n_words + w];

      rows[rank * n_words + w] = rows[r * n_words + w];
      rows[r * n_words + w]    = kept;
    }
    for (r = rank + 1; r < n_rows; ++r) {
      if (has(rows + r * n_words, bit)) hole_value_add(n_words, rows + r * n_words, rows + rank * n_words);
    }
    ++rank;
  }
  return rank;
}

/* Edges and triangles as rows of the boundary matrices. */
struct boundaries {
  HoleIndex n_edges, n_triangles;
  int       number[MOST][MOST];
  uint64_t  edges[MOST_EDGES * WORDS], *triangles; /* [n_triangles, EDGE_WORDS] */
};

static PetscErrorCode list_boundaries(const struct graph *g, struct boundaries *b)
{
  PetscFunctionBegin;
  b->n_edges = b->n_triangles = 0;
  for (HoleIndex i = 0; i < g->n; ++i) {
    for (HoleIndex j = 0; j < i; ++j) {
      if (!are_near(g, i, j)) continue;
      for (int w = 0; w < WORDS; ++w) b->edges[b->n_edges * WORDS + w] = 0;
      b->edges[b->n_edges * WORDS + i / 64] |= UINT64_C(1) << i % 64;
      b->edges[b->n_edges * WORDS + j / 64] |= UINT64_C(1) << j % 64;
      b->number[i][j] = (int)b->n_edges++;
    }
  }
  PetscCall(PetscCalloc1(MOST * MOST * MOST / 6 * EDGE_WORDS, &b->triangles));
  for (HoleIndex i = 0; i < g->n; ++i) {
    for (HoleIndex j = 0; j < i; ++j) {
      for (HoleIndex k = 0; k < j; ++k) {
        const int numbers[] = {b->number[i][j], b->number[i][k], b->number[j][k]};

        if (!are_near(g, i, j) || !are_near(g, i, k) || !are_near(g, j, k)) continue;
        for (int e = 0; e < 3; ++e)
          b->triangles[b->n_triangles * EDGE_WORDS + numbers[e] / 64] |= UINT64_C(1) << numbers[e] % 64;
        ++b->n_triangles;
      }
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void add_value(hole_lune_cocycles c, HoleIndex a, HoleIndex b, uint64_t sum[])
{
  const uint64_t *value = hole_lune_cocycles_value(c, (uint32_t)a, (uint32_t)b);

  if (value) hole_value_add(hole_lune_cocycles_width(c), sum, value);
}

/* Around triangles the sum is 0. */
static PetscErrorCode check_triangles(const struct graph *g, hole_lune_cocycles c, const char label[])
{
  uint64_t sum[WORDS * 64];

  PetscFunctionBegin;
  for (HoleIndex i = 0; i < g->n; ++i) {
    for (HoleIndex j = 0; j < i; ++j) {
      for (HoleIndex k = 0; k < j; ++k) {
        if (!are_near(g, i, j) || !are_near(g, i, k) || !are_near(g, j, k)) continue;
        for (HoleIndex w = 0; w < hole_lune_cocycles_width(c); ++w) sum[w] = 0;
        add_value(c, i, j, sum);
        add_value(c, k, i, sum);
        add_value(c, j, k, sum);
        TEST_CHECK(hole_value_first(hole_lune_cocycles_width(c), sum) < 0, "%s: a triangle with a sum", label);
      }
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Sums around loops of a spanning forest, which are searched breadth first: their rank. */
static PetscErrorCode rank_of_loops(const struct graph *g, hole_lune_cocycles c, HoleIndex n_edges, HoleIndex *rank)
{
  const HoleIndex width = hole_lune_cocycles_width(c);
  HoleIndex       queue[MOST], n = 0;
  PetscBool       met[MOST] = {0};
  uint64_t       *sums, *loops;

  PetscFunctionBegin;
  *rank = 0;
  PetscCall(PetscCalloc2(MOST * width, &sums, (n_edges + 1) * width, &loops));
  for (HoleIndex root = 0; root < g->n; ++root) {
    if (met[root] || !has(g->set, root)) continue;
    met[root] = PETSC_TRUE;
    queue[n]  = root;
    for (HoleIndex head = n++; head < n; ++head) {
      for (HoleIndex v = 0; v < g->n; ++v) {
        if (met[v] || !are_near(g, queue[head], v)) continue;
        met[v] = PETSC_TRUE;
        hole_value_add(width, sums + v * width, sums + queue[head] * width);
        add_value(c, queue[head], v, sums + v * width);
        queue[n++] = v;
      }
    }
  }
  for (HoleIndex i = 0; i < g->n; ++i) {
    for (HoleIndex j = 0; j < i; ++j) {
      if (!are_near(g, i, j)) continue;
      hole_value_add(width, loops + *rank * width, sums + i * width);
      hole_value_add(width, loops + *rank * width, sums + j * width);
      add_value(c, i, j, loops + *rank * width);
      ++*rank;
    }
  }
  *rank = rank_of(*rank, width, loops);
  PetscCall(PetscFree2(sums, loops));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_graph(hole_lune_cocycles c, const struct graph *g, PetscBool guess, const char label[],
                                  HoleIndex *most_loops)
{
  const struct hole_bit_graph bits = {g->n, WORDS, g->rows, guess ? g->nearest : NULL};
  HoleIndex                   n_loops, wanted, told, start = 0;
  struct boundaries          *b;

  PetscFunctionBegin;
  PetscCall(PetscNew(&b));
  PetscCall(list_boundaries(g, b));
  while (!has(g->set, start)) ++start;
  PetscCall(hole_lune_cocycles_find(c, &bits, g->set, start, &n_loops));
  wanted = b->n_edges - rank_of(b->n_edges, WORDS, b->edges) - rank_of(b->n_triangles, EDGE_WORDS, b->triangles);
  TEST_CHECK(n_loops == wanted, "%s: %d loops, expected %d", label, (int)n_loops, (int)wanted);
  PetscCall(check_triangles(g, c, label));
  PetscCall(rank_of_loops(g, c, b->n_edges, &told));
  TEST_CHECK(told == wanted, "%s: values tell %d loops of %d", label, (int)told, (int)wanted);
  *most_loops = PetscMax(*most_loops, n_loops);
  PetscCall(PetscFree(b->triangles));
  PetscCall(PetscFree(b));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscBool wants_edge(struct test_random *r, int kind, HoleIndex i, HoleIndex j, HoleIndex n)
{
  const HoleIndex percent[] = {5, 15, 30, 50, 70, 90, 100}, chance = test_random_below(r, 100);

  if (kind < 7) return (PetscBool)(chance < percent[kind]);
  if (kind == 7) return (PetscBool)(i % 2 != j % 2);                      /* bipartite: no triangle */
  if (kind == 8) return (PetscBool)(i % 3 == j % 3 && chance < 40);       /* parts */
  if (kind == 9) return (PetscBool)(PetscMin(i - j, n - i + j) <= n / 5); /* a thick ring */
  return (PetscBool)(i / 2 != j / 2);                                     /* corners of a cross-polytope */
}

static void make_graph(struct test_random *r, int kind, struct graph *g)
{
  memset(g, 0, sizeof(*g));
  g->n = 1 + test_random_below(r, kind == 7 ? 36 : MOST);
  for (HoleIndex i = 0; i < g->n; ++i) {
    g->nearest[i] = (uint32_t)test_random_below(r, g->n);
    if (kind % 2 || !test_random_below(r, 4)) g->set[i / 64] |= UINT64_C(1) << i % 64;
    for (HoleIndex j = 0; j < i; ++j) {
      if (!wants_edge(r, kind, i, j, g->n)) continue;
      g->rows[i * WORDS + j / 64] |= UINT64_C(1) << j % 64;
      g->rows[j * WORDS + i / 64] |= UINT64_C(1) << i % 64;
    }
  }
  if (!g->set[0] && !g->set[1]) g->set[0] = 1;
}

int main(int argc, char **argv)
{
  struct test_random r          = {7, 0};
  HoleIndex          most_loops = 0;
  hole_lune_cocycles c;
  struct graph       g;
  char               label[64];

  PetscFunctionBeginUser;
  PetscCall(PetscInitialize(&argc, &argv, NULL, NULL));
  PetscCall(hole_lune_cocycles_create(MOST, &c));
  for (int trial = 0; trial < 110; ++trial) {
    make_graph(&r, trial % 11, &g);
    PetscCall(PetscSNPrintf(label, sizeof(label), "trial %d, %d vertices", trial, (int)g.n));
    PetscCall(check_graph(c, &g, (PetscBool)(trial % 3 == 0), label, &most_loops));
  }
  TEST_CHECK(most_loops > 128, "no graph with many loops: %d at most", (int)most_loops);
  PetscCall(hole_lune_cocycles_destroy(&c));
  PetscCall(PetscFinalize());
  return 0;
}
