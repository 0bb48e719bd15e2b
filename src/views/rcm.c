/* HOLE's order of the heatmap: reverse Cuthill-McKee [CuthillMcKee1969] of the graph of all pairs no longer than the 20th percentile
   of the full matrix, zeros of the diagonal included. Which order it is among those of equal merit depends on where it starts. */
#include "views_impl.h"

#include "../distances/select.h"
#include <math.h>
#include <petscmat.h>

#define SHARE 0.2

static void span_of_rows(HoleIndex span, HoleIndex *n, const double *lengths[], void *ctx)
{
  const struct close_rows *c = ctx;

  *n       = span ? -1 : c->n_own * c->n;
  *lengths = c->rows;
}

/* Between two order statistics as numpy.percentile() goes. */
PetscErrorCode hole_rcm_threshold(const struct close_rows *c, double *threshold)
{
  const double    place = SHARE * ((double)c->n * (double)c->n - 1);
  const HoleIndex below = (HoleIndex)floor(place);
  const double    t     = place - (double)below;
  double          low, high;

  PetscFunctionBegin;
  PetscCall(hole_select(c->comm, below, span_of_rows, (void *)c, &low));
  PetscCall(hole_select(c->comm, PetscMin(below + 1, c->n * c->n - 1), span_of_rows, (void *)c, &high));
  *threshold = t < 0.5 ? low + (high - low) * t : high - (high - low) * (1 - t);
  if (high == INFINITY) *threshold = INFINITY;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* `place` of each point in the matrix; the graph has points in their own order. */
static PetscErrorCode fill_graph(HoleIndex n, const HoleIndex place[], const double matrix[], double threshold,
                                 PetscInt columns[], PetscScalar values[], Mat graph)
{
  PetscFunctionBegin;
  for (HoleIndex i = 0; i < n; ++i) {
    const PetscInt row       = (PetscInt)i;
    PetscInt       n_columns = 0;

    for (HoleIndex j = 0; j < n; ++j) {
      values[n_columns] = 1;
      if (j != i && matrix[place[i] * n + place[j]] <= threshold) columns[n_columns++] = (PetscInt)j;
    }
    PetscCall(MatSetValues(graph, 1, &row, n_columns, columns, values, INSERT_VALUES));
  }
  PetscCall(MatAssemblyBegin(graph, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(graph, MAT_FINAL_ASSEMBLY));
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

PetscErrorCode hole_rcm_order(HoleIndex n, const HoleIndex ids[], const double matrix[], double threshold,
                              HoleIndex order[])
{
  HoleIndex     *place;
  PetscInt      *columns, *counts;
  PetscScalar   *values;
  Mat            graph = NULL;
  PetscErrorCode made;

  PetscFunctionBegin;
  PetscCall(PetscMalloc4(n, &place, n, &columns, n, &counts, n, &values));
  for (HoleIndex p = 0; p < n; ++p) place[ids[p]] = p;
  for (HoleIndex i = 0; i < n; ++i) {
    counts[i] = -1; /* the diagonal */
    for (HoleIndex p = 0; p < n; ++p) counts[i] += matrix[place[i] * n + p] <= threshold;
    counts[i] = PetscMax(counts[i], 0);
  }
  made = MatCreateSeqAIJ(PETSC_COMM_SELF, (PetscInt)n, (PetscInt)n, 0, counts, &graph);
  if (!made) made = fill_graph(n, place, matrix, threshold, columns, values, graph);
  if (!made) made = read_order(graph, n, order);
  PetscCall(PetscFree4(place, columns, counts, values));
  PetscCall(MatDestroy(&graph));
  PetscCall(made);
  PetscFunctionReturn(PETSC_SUCCESS);
}
