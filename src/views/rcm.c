/* HOLE's order of the heatmap: reverse Cuthill-McKee [CuthillMcKee1969] of the graph of all pairs no longer than the 20th percentile
   of the full matrix, zeros of the diagonal included. Which order it is among those of equal merit depends on where it starts.

   Whether a pair is an edge is one bit, and only bits go to the first rank. */
#include "views_impl.h"

#include "../core/block.h"
#include "../core/cast.h"
#include "../core/fault.h"
#include "../core/simd.h"
#include <hole/hole_error.h>
#include <math.h>
#include <petscmat.h>

#define SHARE 0.2

enum { WORD = 64 };

/* ---- The threshold ---- */

/* Between two order statistics as numpy.percentile() goes. The full matrix has the zeros of its diagonal, then every pair twice. */
PetscErrorCode hole_rcm_threshold(const struct close_rows *c, double *threshold)
{
  const double    place = SHARE * ((double)c->n * (double)c->n - 1);
  const HoleIndex below = (HoleIndex)floor(place), pair = PetscMax(below - c->n, 0) / 2;
  const double    t   = place - (double)below;
  double          low = 0, high = 0, two[2];

  PetscFunctionBegin;
  if (below + 1 >= c->n && c->n > 1) {
    PetscCall(hole_close_rows_select(c, pair, two));
    low  = below >= c->n ? two[0] : 0;
    high = below >= c->n && (below - c->n) % 2 ? two[1] : two[0];
  }
  *threshold = t < 0.5 ? low + (high - low) * t : high - (high - low) * (1 - t);
  if (high == INFINITY) *threshold = INFINITY;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- The graph ---- */

/* Bits of rows as they lie over ranks, and of the whole on the first. */
struct graph {
  const struct close_rows *c;
  HoleIndex                half_words, words; /* of a row of half the pairs, and of all */
  uint64_t                *own;               /* [n_own, half_words] */
  uint64_t                *all;               /* [n, words] by points, on the first rank */
  uint64_t                *half;              /* [n, half_words] there, by ranks */
  PetscMPIInt             *counts, *starts;   /* [size] words there */
  PetscInt                *first, *columns;   /* there: rows of edges as PETSc wants them */
  PetscScalar             *values;
};

static PetscErrorCode destroy(struct graph *g)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(g->own));
  PetscCall(PetscFree(g->all));
  PetscCall(PetscFree(g->half));
  PetscCall(PetscFree2(g->counts, g->starts));
  PetscCall(PetscFree(g->first));
  PetscCall(PetscFree(g->columns));
  PetscCall(PetscFree(g->values));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local. */
static PetscErrorCode allocate(struct graph *g)
{
  const struct close_rows *c = g->c;

  PetscFunctionBegin;
  PetscCall(hole_fault(c->comm, "views_graph"));
  PetscCall(PetscCalloc1(c->n_own * g->half_words, &g->own));
  if (c->rank) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscCalloc1(c->n * g->words, &g->all));
  PetscCall(PetscMalloc1(c->n * g->half_words, &g->half));
  PetscCall(PetscCalloc2(c->size, &g->counts, c->size, &g->starts));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Bit e of `bits` is whether length e is an edge's. */
HOLE_CLONES
static void compare_row(HoleIndex n, const double row[], double threshold, uint64_t bits[])
{
  HoleIndex e = 0;

  for (; e + HOLE_LANES <= n; e += HOLE_LANES) {
    const hole_b8 bytes = __builtin_convertvector(*(const hole_v8 *)(row + e) <= threshold, hole_b8); /* 0 or -1 */
    uint64_t      word;

    memcpy(&word, &bytes, sizeof(word));
    word = (word & UINT64_C(0x8040201008040201)) * UINT64_C(0x0101010101010101) >> 56; /* a bit of each byte */
    bits[e / WORD] |= word << (e % WORD);
  }
  for (; e < n; ++e) bits[e / WORD] |= (uint64_t)(row[e] <= threshold) << (e % WORD);
}

/* Local: which of our pairs are edges. */
static void compare(struct graph *g, double threshold)
{
  const struct close_rows *c = g->c;

  for (HoleIndex r = 0; r < c->n_own; ++r)
    compare_row(hole_close_entries(c, c->own[r]), c->rows + r * c->half, threshold, g->own + r * g->half_words);
}

/* Collective. */
static PetscErrorCode gather(struct graph *g)
{
  const struct close_rows *c = g->c;
  PetscMPIInt              n_words;

  PetscFunctionBegin;
  PetscCall(hole_mpi_int(c->n * g->half_words, &n_words)); /* equal on all ranks */
  for (HoleIndex p = 0; !c->rank && p < c->n; ++p)
    g->counts[hole_block_owner(c->n_points, c->size, c->ids[p])] += (PetscMPIInt)g->half_words;
  for (PetscMPIInt q = 1; !c->rank && q < c->size; ++q) g->starts[q] = g->starts[q - 1] + g->counts[q - 1];
  n_words = (PetscMPIInt)(c->n_own * g->half_words);
  PetscCallMPI(MPI_Gatherv(g->own, n_words, MPI_UINT64_T, g->half, g->counts, g->starts, MPI_UINT64_T, 0, c->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void set_edge(struct graph *g, HoleIndex i, HoleIndex j)
{
  g->all[i * g->words + j / WORD] |= UINT64_C(1) << (j % WORD);
  g->all[j * g->words + i / WORD] |= UINT64_C(1) << (i % WORD);
}

/* The edges of the point in place p, by half its pairs. */
static void set_edges(struct graph *g, HoleIndex p, const uint64_t bits[])
{
  const struct close_rows *c = g->c;

  for (HoleIndex w = 0; w < g->half_words; ++w) {
    for (uint64_t left = bits[w]; left; left &= left - 1) {
      const HoleIndex q = p + 1 + w * WORD + __builtin_ctzll(left);

      set_edge(g, c->ids[p], c->ids[q < c->n ? q : q - c->n]);
    }
  }
}

/* Local: bits of the full matrix, and rows of columns in ascending order. */
static PetscErrorCode fill(struct graph *g)
{
  const struct close_rows *c       = g->c;
  HoleIndex                n_edges = 0;

  PetscFunctionBegin;
  for (HoleIndex p = 0; p < c->n; ++p) { /* of each rank the rows are by ascending places */
    PetscMPIInt *start = &g->starts[hole_block_owner(c->n_points, c->size, c->ids[p])];

    set_edges(g, p, g->half + *start);
    *start += (PetscMPIInt)g->half_words;
  }
  for (HoleIndex w = 0; w < c->n * g->words; ++w) n_edges += __builtin_popcountll(g->all[w]);
  PetscCall(PetscMalloc1(c->n + 1, &g->first));
  PetscCall(PetscMalloc1(n_edges, &g->columns));
  PetscCall(PetscCalloc1(n_edges, &g->values));
  n_edges = 0;
  for (HoleIndex i = 0; i < c->n; ++i) {
    g->first[i] = (PetscInt)n_edges;
    for (HoleIndex w = 0; w < g->words; ++w) {
      for (uint64_t left = g->all[i * g->words + w]; left; left &= left - 1)
        g->columns[n_edges++] = (PetscInt)(w * WORD + __builtin_ctzll(left));
    }
  }
  g->first[c->n] = (PetscInt)n_edges;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_order(Mat graph, HoleIndex n, HoleIndex order[])
{
  IS              rows, columns;
  const PetscInt *indices;

  PetscFunctionBegin;
  PetscCall(MatGetOrdering(graph, MATORDERINGRCM, &rows, &columns));
  PetscCall(ISGetIndices(rows, &indices));
  for (HoleIndex i = 0; i < n; ++i) order[i] = indices[i];
  PetscCall(ISRestoreIndices(rows, &indices));
  PetscCall(ISDestroy(&rows));
  PetscCall(ISDestroy(&columns));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local. */
static PetscErrorCode order_points(struct graph *g, HoleIndex order[])
{
  const PetscInt n     = (PetscInt)g->c->n;
  Mat            graph = NULL;
  PetscErrorCode made;

  PetscFunctionBegin;
  PetscCall(hole_fault(g->c->comm, "views_rcm"));
  if (g->c->rank) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(fill(g));
  made = MatCreateSeqAIJWithArrays(PETSC_COMM_SELF, n, n, g->first, g->columns, g->values, &graph);
  if (!made) made = read_order(graph, g->c->n, order);
  PetscCall(MatDestroy(&graph));
  PetscCall(made);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode find_order(struct graph *g, double threshold, HoleIndex order[])
{
  PetscFunctionBegin;
  HoleCallAgreed(g->c->comm, allocate(g)); /* local */
  compare(g, threshold);
  PetscCall(gather(g));
  HoleCallAgreed(g->c->comm, order_points(g, order)); /* local */
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_rcm_order(const struct close_rows *c, double threshold, HoleIndex order[])
{
  struct graph   g = {.c = c, .half_words = (c->half + WORD - 1) / WORD, .words = (c->n + WORD - 1) / WORD};
  PetscErrorCode found;

  PetscFunctionBegin;
  found = find_order(&g, threshold, order);
  PetscCall(destroy(&g));
  PetscCall(found);
  PetscFunctionReturn(PETSC_SUCCESS);
}

double hole_rcm_predict_bytes(HoleIndex n)
{
  const double all = (double)n * (double)n;

  return all / 4 +
         SHARE * all * (2 * sizeof(PetscInt) + sizeof(PetscScalar)); /* PETSc makes a graph of its own of it */
}
