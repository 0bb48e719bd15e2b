/* Summaries of diagrams. Births and deaths are kept until all layers are known, since their grids depend on all of them. Every sum
   runs over the intervals as they are sorted, so equal diagrams give equal bits. */
#include <hole/hole_summaries.h>

#include "../core/sort.h"
#include <math.h>

enum { GRID = HOLE_SUMMARY_GRID, LANDSCAPES = HOLE_SUMMARY_LANDSCAPES, PIXELS = HOLE_SUMMARY_PIXELS };

/* One dimension of one layer. */
struct ends {
  HoleIndex n;
  double   *births; /* [n], or NULL if all are 0 */
  double   *deaths; /* [n] infinite: it does not end */
  double    threshold;
};

struct HoleSummaries_s {
  HoleIndex    n_dims, n_layers, capacity;
  struct ends *ends; /* [n_layers, n_dims] */
};

static double birth_of(const struct ends *e, HoleIndex i) { return e->births ? e->births[i] : 0; }

PetscErrorCode HoleSummariesCreate(PetscInt max_dim, HoleSummaries *summaries)
{
  PetscFunctionBegin;
  PetscCall(PetscNew(summaries));
  (*summaries)->n_dims = max_dim + 1;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* One layer more, with nothing in it. */
static PetscErrorCode grow(HoleSummaries s)
{
  PetscFunctionBegin;
  if (s->n_layers == s->capacity) {
    s->capacity = PetscMax(8, 2 * s->capacity);
    PetscCall(PetscRealloc((size_t)(s->capacity * s->n_dims) * sizeof(*s->ends), &s->ends));
  }
  PetscCall(PetscArrayzero(s->ends + s->n_layers++ * s->n_dims, s->n_dims));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode copy_ends(HoleIndex n, const HoleInterval intervals[], struct ends *e)
{
  PetscBool at_zero = PETSC_TRUE;

  PetscFunctionBegin;
  for (HoleIndex i = 0; i < n && at_zero; ++i) at_zero = (PetscBool)(intervals[i].birth == 0);
  e->n = n;
  PetscCall(PetscMalloc1(n, &e->deaths));
  if (!at_zero) PetscCall(PetscMalloc1(n, &e->births));
  for (HoleIndex i = 0; i < n; ++i) {
    e->deaths[i] = intervals[i].death;
    if (e->births) e->births[i] = intervals[i].birth;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleSummariesAddLayer(HoleSummaries s, HoleDiagram diagram, double threshold)
{
  const HoleInterval *intervals;
  HoleIndex           n;

  PetscFunctionBegin;
  PetscCheck(HoleDiagramGetMaxDim(diagram) + 1 == s->n_dims, PETSC_COMM_SELF, PETSC_ERR_ARG_SIZ,
             "Diagrams of %d dimensions, expected %d", (int)HoleDiagramGetMaxDim(diagram) + 1, (int)s->n_dims);
  PetscCall(grow(s));
  for (PetscInt dim = 0; dim < s->n_dims; ++dim) {
    struct ends *e = &s->ends[(s->n_layers - 1) * s->n_dims + dim];

    e->threshold = threshold;
    PetscCall(HoleDiagramGetIntervals(diagram, dim, &n, &intervals, NULL));
    PetscCall(copy_ends(n, intervals, e));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Statistics ---- */

static int by_length(const void *a, const void *b)
{
  const double x = *(const double *)a, y = *(const double *)b;

  return (x > y) - (x < y);
}

/* `lifetimes`, [e->n], is scratch. */
static void find_statistics(const struct ends *e, double lifetimes[], HoleSummaryRow *row)
{
  HoleIndex n      = 0;
  double    square = 0;

  for (HoleIndex i = 0; i < e->n; ++i) {
    if (e->deaths[i] == INFINITY) ++row->essential;
    else lifetimes[n++] = e->deaths[i] - birth_of(e, i);
  }
  row->count = n;
  if (!n) return;
  for (HoleIndex i = 0; i < n; ++i) row->total += lifetimes[i];
  row->mean = row->total / (double)n;
  for (HoleIndex i = 0; i < n; ++i) {
    const double share = lifetimes[i] / row->total, off = lifetimes[i] - row->mean;

    if (share > 0) row->entropy -= share * log(share);
    square += off * off;
  }
  row->std = sqrt(square / (double)n);
  hole_sort(lifetimes, n, sizeof(*lifetimes), by_length);
  row->median = n % 2 ? lifetimes[n / 2] : (lifetimes[n / 2 - 1] + lifetimes[n / 2]) / 2;
  row->max    = lifetimes[n - 1];
}

/* ---- Curves and landscapes ---- */

/* First value of the grid that is no less than t; GRID if there is none. */
static HoleIndex place_on(const double grid[], double t)
{
  HoleIndex low = 0, high = GRID;

  while (low < high) {
    const HoleIndex middle = (low + high) / 2;

    if (grid[middle] < t) low = middle + 1;
    else high = middle;
  }
  return low;
}

/* Changes first, then their sums. */
static void find_betti(const struct ends *e, const double grid[], int64_t betti[])
{
  for (HoleIndex i = 0; i < e->n; ++i) {
    const PetscBool ends  = (PetscBool)(e->deaths[i] < INFINITY);
    HoleIndex       first = place_on(grid, birth_of(e, i)), last = place_on(grid, ends ? e->deaths[i] : e->threshold);

    if (!ends && last < GRID && grid[last] == e->threshold) ++last; /* alive at the threshold itself */
    if (first >= last) continue;
    ++betti[first];
    if (last < GRID) --betti[last];
  }
  for (HoleIndex g = 1; g < GRID; ++g) betti[g] += betti[g - 1];
}

/* The largest values at each place of the grid, descending: [LANDSCAPES, GRID]. */
static void find_landscapes(const struct ends *e, const double grid[], double landscapes[])
{
  for (HoleIndex i = 0; i < e->n; ++i) {
    const double birth = birth_of(e, i), death = e->deaths[i];

    if (death == INFINITY) continue;
    for (HoleIndex g = place_on(grid, birth); g < GRID && grid[g] < death; ++g) {
      double height = PetscMin(grid[g] - birth, death - grid[g]);

      if (height <= landscapes[(LANDSCAPES - 1) * GRID + g]) continue;
      for (HoleIndex k = 0; k < LANDSCAPES; ++k) {
        double *here = &landscapes[k * GRID + g], smaller = PetscMin(*here, height);

        *here  = PetscMax(*here, height);
        height = smaller;
      }
    }
  }
}

/* ---- Images ---- */

/* Position of pixel p of a range. */
static double pixel(const double range[2], HoleIndex p)
{
  return range[0] + (range[1] - range[0]) * (double)p / (PIXELS - 1);
}

/* Range of births and lifetimes of one dimension over all layers, of intervals that end. */
static void find_ranges(HoleSummaries s, HoleIndex dim, HoleSummaryTables *t)
{
  double *birth = t->birth_range + 2 * dim, *life = t->persistence_range + 2 * dim;

  birth[0] = INFINITY;
  birth[1] = life[0] = life[1] = 0;
  for (HoleIndex l = 0; l < s->n_layers; ++l) {
    const struct ends *e = &s->ends[l * s->n_dims + dim];

    for (HoleIndex i = 0; i < e->n; ++i) {
      if (e->deaths[i] == INFINITY) continue;
      birth[0] = PetscMin(birth[0], birth_of(e, i));
      birth[1] = PetscMax(birth[1], birth_of(e, i));
      life[1]  = PetscMax(life[1], e->deaths[i] - birth_of(e, i));
    }
  }
  if (birth[0] == INFINITY) birth[0] = birth[1] = 0;
  if (!(life[1] > 0)) life[1] = 1;
  if (birth[0] == birth[1]) { /* as in dimension 0: the points stand in the middle */
    birth[0] -= life[1] / 2;
    birth[1] += life[1] / 2;
  }
  t->sigma[dim] = PetscMax(birth[1] - birth[0], life[1]) / (PIXELS - 1);
}

static void find_image(const struct ends *e, const double birth_range[2], const double persistence_range[2],
                       double sigma, double image[])
{
  const double factor = 1 / (2 * sigma * sigma);
  double       along[PIXELS];

  for (HoleIndex i = 0; i < e->n; ++i) {
    const double birth = birth_of(e, i), life = e->deaths[i] - birth;

    if (life == INFINITY) continue;
    for (HoleIndex p = 0; p < PIXELS; ++p) {
      const double off = pixel(birth_range, p) - birth;

      along[p] = life * exp(-off * off * factor) * factor / PETSC_PI;
    }
    for (HoleIndex q = 0; q < PIXELS; ++q) {
      const double off = pixel(persistence_range, q) - life, height = exp(-off * off * factor);

      for (HoleIndex p = 0; p < PIXELS; ++p) image[q * PIXELS + p] += height * along[p];
    }
  }
}

/* ---- All of them ---- */

static void make_grid(HoleSummaries s, double grid[])
{
  double top = 0;

  for (HoleIndex k = 0; k < s->n_layers * s->n_dims; ++k) {
    const struct ends *e = &s->ends[k];

    for (HoleIndex i = 0; i < e->n; ++i) {
      top = PetscMax(top, birth_of(e, i));
      if (e->deaths[i] < INFINITY) top = PetscMax(top, e->deaths[i]);
    }
  }
  if (!(top > 0)) top = 1; /* nothing to see, but a grid all the same */
  for (HoleIndex g = 0; g < GRID; ++g) grid[g] = g == GRID - 1 ? top : top * (double)g / (GRID - 1);
}

static PetscErrorCode allocate_tables(HoleSummaryTables *t)
{
  const HoleIndex n = t->n_layers * t->n_dims;

  PetscFunctionBegin;
  PetscCall(PetscCalloc1(n, &t->statistics));
  PetscCall(PetscCalloc1(GRID, &t->grid));
  PetscCall(PetscCalloc1(n * GRID, &t->betti));
  PetscCall(PetscCalloc1(n * LANDSCAPES * GRID, &t->landscapes));
  PetscCall(PetscCalloc1(n * PIXELS * PIXELS, &t->images));
  PetscCall(PetscCalloc1(2 * t->n_dims, &t->birth_range));
  PetscCall(PetscCalloc1(2 * t->n_dims, &t->persistence_range));
  PetscCall(PetscCalloc1(t->n_dims, &t->sigma));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode fill_tables(HoleSummaries s, HoleSummaryTables *t)
{
  double *lifetimes;

  PetscFunctionBegin;
  PetscCall(allocate_tables(t));
  make_grid(s, t->grid);
  for (HoleIndex dim = 0; dim < s->n_dims; ++dim) find_ranges(s, dim, t);
  for (HoleIndex k = 0; k < s->n_layers * s->n_dims; ++k) {
    const struct ends *e   = &s->ends[k];
    const HoleIndex    dim = k % s->n_dims;

    PetscCall(PetscMalloc1(e->n, &lifetimes));
    t->statistics[k].layer = (int32_t)(k / s->n_dims);
    t->statistics[k].dim   = (int32_t)dim;
    find_statistics(e, lifetimes, &t->statistics[k]);
    PetscCall(PetscFree(lifetimes));
    find_betti(e, t->grid, t->betti + k * GRID);
    find_landscapes(e, t->grid, t->landscapes + k * LANDSCAPES * GRID);
    find_image(e, t->birth_range + 2 * dim, t->persistence_range + 2 * dim, t->sigma[dim],
               t->images + k * PIXELS * PIXELS);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleSummariesGetTables(HoleSummaries s, HoleSummaryTables **tables)
{
  HoleSummaryTables *t;
  PetscErrorCode     filled;

  PetscFunctionBegin;
  *tables = NULL;
  PetscCall(PetscNew(&t));
  t->n_layers = s->n_layers;
  t->n_dims   = s->n_dims;
  filled      = fill_tables(s, t);
  if (filled) PetscCall(HoleSummaryTablesDestroy(&t));
  PetscCall(filled);
  *tables = t;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleSummaryTablesDestroy(HoleSummaryTables **tables)
{
  HoleSummaryTables *t = *tables;

  PetscFunctionBegin;
  if (!t) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscFree(t->statistics));
  PetscCall(PetscFree(t->grid));
  PetscCall(PetscFree(t->betti));
  PetscCall(PetscFree(t->landscapes));
  PetscCall(PetscFree(t->images));
  PetscCall(PetscFree(t->birth_range));
  PetscCall(PetscFree(t->persistence_range));
  PetscCall(PetscFree(t->sigma));
  PetscCall(PetscFree(*tables));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleSummariesDestroy(HoleSummaries *summaries)
{
  HoleSummaries s = *summaries;

  PetscFunctionBegin;
  if (!s) PetscFunctionReturn(PETSC_SUCCESS);
  for (HoleIndex k = 0; k < s->n_layers * s->n_dims; ++k) {
    PetscCall(PetscFree(s->ends[k].births));
    PetscCall(PetscFree(s->ends[k].deaths));
  }
  PetscCall(PetscFree(s->ends));
  PetscCall(PetscFree(*summaries));
  PetscFunctionReturn(PETSC_SUCCESS);
}
