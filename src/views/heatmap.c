/* The heatmap: means of distances by blocks of leaves.

   Lengths are added as whole multiples of a number so small that a double of the largest length is nearly exact, and so large that the
   sum of a block fits 62 bits: whole numbers add up to the same sum in any order, whoever has the rows. */
#include "views_impl.h"

#include "../core/cast.h"
#include "../core/fault.h"
#include <hole/hole_error.h>
#include <math.h>

enum { SUM_BITS = 61 };

/* Local: leaves of all blocks. */
static void cut_blocks(HoleViews *v)
{
  for (HoleIndex b = 0; b <= v->n_blocks; ++b) v->heatmap_first[b] = b * v->n / v->n_blocks;
}

PetscErrorCode hole_heatmap_blocks(const int32_t labels[], HoleIndex n_classes, HoleViews *v)
{
  HoleIndex *counts;

  PetscFunctionBegin;
  v->n_blocks = PetscMin(v->n, HOLE_VIEWS_BLOCKS);
  PetscCall(PetscMalloc1(v->n_blocks + 1, &v->heatmap_first));
  PetscCall(PetscMalloc1(v->n_blocks, &v->heatmap_class));
  PetscCall(PetscMalloc1(v->n_blocks * v->n_blocks, &v->heatmap));
  cut_blocks(v);
  PetscCall(PetscMalloc1(n_classes, &counts));
  for (HoleIndex b = 0; b < v->n_blocks; ++b) {
    PetscCall(PetscArrayzero(counts, n_classes));
    for (HoleIndex p = v->heatmap_first[b]; labels && p < v->heatmap_first[b + 1]; ++p) {
      if (labels[v->leaf_order[p]] >= 0) ++counts[labels[v->leaf_order[p]]];
    }
    v->heatmap_class[b] = hole_views_dominant(n_classes, counts);
  }
  PetscCall(PetscFree(counts));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Blocks have two leaves at least, as there are more than twice as many. */
void hole_heatmap_sample(const HoleViews *v, HoleIndex ids[])
{
  for (HoleIndex b = 0; b < v->n_blocks; ++b) {
    const HoleIndex first = v->heatmap_first[b], n = v->heatmap_first[b + 1] - first;

    ids[2 * b]     = v->leaf_order[first + n / 4];
    ids[2 * b + 1] = v->leaf_order[first + 3 * n / 4];
  }
}

/* Rows to be added up: all of stored distances, or half of each of the close ones. */
struct rows {
  MPI_Comm                 comm;
  HoleDistances            d;      /* stored, or NULL */
  double                  *buffer; /* of its rows */
  const struct close_rows *close;  /* else */
  HoleIndex                n_rows, n;
  const int32_t           *row_blocks;    /* [n_rows] */
  const int32_t           *column_blocks; /* [n] */
};

/* Entries of a row, the first of which is in column *first, and the one after the last column in column 0. */
static const double *read_row(const struct rows *r, HoleIndex row, HoleIndex *first, HoleIndex *n)
{
  *first = 0;
  *n     = r->n;
  if (r->d) return HoleDistancesReadRow(r->d, row, r->buffer);
  *first = r->close->own[row] + 1;
  *n     = hole_close_entries(r->close, r->close->own[row]);
  return r->close->rows + row * r->close->half;
}

/* Collective: the largest length; infinite if one is. */
static PetscErrorCode find_largest(const struct rows *r, double *largest)
{
  HoleIndex first, n;

  PetscFunctionBegin;
  *largest = r->close ? r->close->largest : 0;
  for (HoleIndex i = 0; !r->close && i < r->n_rows; ++i) {
    const double *row = read_row(r, i, &first, &n);

    for (HoleIndex j = 0; j < n; ++j) *largest = row[j] > *largest ? row[j] : *largest;
  }
  if (!r->close) PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, largest, 1, MPI_DOUBLE, MPI_MAX, r->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void add_entries(HoleIndex n, const double lengths[], double scale, const int32_t blocks[], int64_t sum[])
{
  for (HoleIndex j = 0; j < n; ++j) sum[blocks[j]] += llrint(lengths[j] * scale);
}

/* Local: sums of our rows in units of 2^-shift. */
static void add_rows(const struct rows *r, HoleIndex n_blocks, double scale, int64_t sums[])
{
  HoleIndex first, n;

  for (HoleIndex i = 0; i < r->n_rows; ++i) {
    const double   *row     = read_row(r, i, &first, &n);
    const HoleIndex n_after = PetscMin(n, r->n - first);
    int64_t        *sum     = sums + r->row_blocks[i] * n_blocks;

    add_entries(n_after, row, scale, r->column_blocks + first, sum);
    add_entries(n - n_after, row + n_after, scale, r->column_blocks, sum);
  }
}

/* Each pair was added once, in one order or the other. */
static void add_mirrored(HoleIndex n_blocks, int64_t sums[])
{
  for (HoleIndex a = 0; a < n_blocks; ++a) {
    for (HoleIndex b = 0; b <= a; ++b)
      sums[a * n_blocks + b] = sums[b * n_blocks + a] = sums[a * n_blocks + b] + sums[b * n_blocks + a];
  }
}

/* `counts`: points looked at in each block. */
static void divide(HoleViews *v, const int64_t sums[], int shift, const HoleIndex counts[])
{
  for (HoleIndex a = 0; a < v->n_blocks; ++a) {
    for (HoleIndex b = 0; b < v->n_blocks; ++b)
      v->heatmap[a * v->n_blocks + b] =
          (float)(ldexp((double)sums[a * v->n_blocks + b], -shift) / (double)(counts[a] * counts[b]));
  }
}

/* Collective, with finite lengths of at most `largest`. */
static PetscErrorCode find_means(const struct rows *r, double largest, const HoleIndex counts[], int64_t sums[],
                                 HoleViews *v)
{
  HoleIndex   most  = 1;
  int         shift = SUM_BITS;
  PetscMPIInt n;

  PetscFunctionBegin;
  for (HoleIndex b = 0; b < v->n_blocks; ++b) most = PetscMax(most, counts[b]);
  while (((double)most * (double)most) > ldexp(1, SUM_BITS - shift)) --shift;
  if (largest > 0) shift -= ilogb(largest) + 1;
  shift = PetscMin(shift, 1000); /* beyond that, lengths are nothing */
  add_rows(r, v->n_blocks, ldexp(1, shift), sums);
  PetscCall(hole_mpi_int(v->n_blocks * v->n_blocks, &n));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, sums, n, MPI_INT64_T, MPI_SUM, r->comm));
  if (r->close) add_mirrored(v->n_blocks, sums);
  divide(v, sums, shift, counts);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: what is added up, and the block of every point. */
struct work {
  int64_t   *sums;
  HoleIndex *counts;
  int32_t   *block;                      /* [n] of every point of the layer */
  int32_t   *row_blocks, *column_blocks; /* of the rows and columns at hand */
};

static PetscErrorCode allocate(MPI_Comm comm, const HoleViews *v, HoleIndex n_rows, HoleIndex n, struct work *w)
{
  PetscFunctionBegin;
  PetscCall(hole_fault(comm, "views_heatmap"));
  PetscCall(PetscCalloc1(v->n_blocks * v->n_blocks, &w->sums));
  PetscCall(PetscCalloc1(v->n_blocks, &w->counts));
  PetscCall(PetscMalloc1(v->n, &w->block));
  PetscCall(PetscMalloc1(n_rows, &w->row_blocks));
  PetscCall(PetscMalloc1(n, &w->column_blocks));
  for (HoleIndex b = 0; b < v->n_blocks; ++b) {
    for (HoleIndex p = v->heatmap_first[b]; p < v->heatmap_first[b + 1]; ++p) w->block[v->leaf_order[p]] = (int32_t)b;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode destroy(struct work *w)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(w->sums));
  PetscCall(PetscFree(w->counts));
  PetscCall(PetscFree(w->block));
  PetscCall(PetscFree(w->row_blocks));
  PetscCall(PetscFree(w->column_blocks));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: `r` has all but its blocks; its columns are `ids`, or all points in their order if that is NULL. */
static PetscErrorCode fill(struct rows *r, const HoleIndex ids[], struct work *w, HoleViews *v, PetscBool *finite)
{
  double largest;

  PetscFunctionBegin;
  for (HoleIndex j = 0; j < r->n; ++j) ++w->counts[w->column_blocks[j] = w->block[ids ? ids[j] : j]];
  r->row_blocks    = w->row_blocks;
  r->column_blocks = w->column_blocks;
  PetscCall(find_largest(r, &largest));
  *finite = (PetscBool)(largest < INFINITY);
  if (!*finite) PetscFunctionReturn(PETSC_SUCCESS); /* equal on all ranks */
  PetscCall(find_means(r, largest, w->counts, w->sums, v));
  v->heatmap_points = r->n;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_heatmap_from_close(const struct close_rows *c, HoleViews *v)
{
  struct rows    r = {.comm = c->comm, .close = c, .n_rows = c->n_own, .n = c->n};
  struct work    w = {0};
  PetscBool      finite;
  PetscErrorCode filled;

  PetscFunctionBegin;
  filled = HoleErrorAgree(c->comm, allocate(c->comm, v, c->n_own, c->n, &w));
  for (HoleIndex i = 0; i < c->n_own && !filled; ++i) w.row_blocks[i] = w.block[c->ids[c->own[i]]];
  if (!filled) filled = fill(&r, c->ids, &w, v, &finite);
  PetscCall(destroy(&w));
  PetscCall(filled);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_heatmap_from_stored(MPI_Comm comm, HoleDistances d, HoleViews *v, PetscBool *finite)
{
  struct rows    r = {.comm = comm, .d = d};
  struct work    w = {0};
  HoleIndex      first;
  PetscErrorCode filled;

  PetscFunctionBegin;
  PetscCall(HoleDistancesGetShape(d, &r.n, NULL, &first, &r.n_rows));
  filled = HoleErrorAgree(comm, allocate(comm, v, r.n_rows, r.n, &w));
  if (!filled) filled = HoleErrorAgree(comm, HoleDistancesAllocateBuffer(d, &r.buffer));
  for (HoleIndex i = 0; i < r.n_rows && !filled; ++i) w.row_blocks[i] = w.block[first + i];
  if (!filled) filled = fill(&r, NULL, &w, v, finite);
  PetscCall(PetscFree(r.buffer));
  PetscCall(destroy(&w));
  PetscCall(filled);
  PetscFunctionReturn(PETSC_SUCCESS);
}
