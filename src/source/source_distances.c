/* A layer given as the matrix of its distances.

   A rank reads the rows of its points (activations/pieces.h) into their place. Then each rank has, for every pair of points,
   one entry in its own rows; the other one is in the rows of another rank. Entries above the diagonal decide, so rows travel
   from lower ranks to higher ones: in step s rank r sends to rank r + s the part of its rows that has the columns of that
   rank, panel by panel, and the receiver compares it with the transposed part of its own. */
#include "../activations/pieces.h"
#include "../core/block.h"
#include "../core/cast.h"
#include "../core/fault.h"
#include "../distances/distances_impl.h"
#include "noise.h"
#include <hole/hole_error.h>

#define PANEL_BYTES ((HoleIndex)4 << 20)

struct load {
  HoleSource                 source;
  const struct source_layer *layer;
  hole_rows                  rows;
  struct hole_pieces         pieces;
  double                    *buffer; /* [pieces.most, samples of the file] */
  HoleDistances              d;
  HoleIndex                  panel_rows;       /* rows of a panel */
  double                    *sent, *received;  /* a panel each */
  HoleIndex                  bad_row, bad_col; /* the first pair of points with a fault, in row order */
  double                     bad, other;       /* its value; that of the transposed entry */
};

/* Note a fault if it is the first in row order. */
static void note_fault(struct load *load, HoleIndex i, HoleIndex j, double value, double other)
{
  if (load->bad_row < i || (load->bad_row == i && load->bad_col <= j)) return;
  load->bad_row = i;
  load->bad_col = j;
  load->bad     = value;
  load->other   = other;
}

/* Fills a row that is read afterwards: reads are collective, and this is called row by row. */
static PetscErrorCode fill_zero(HoleIndex i, HoleIndex n, double row[], void *ctx)
{
  PetscFunctionBegin;
  (void)i;
  (void)ctx;
  PetscCall(PetscArrayzero(row, n));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local. */
static PetscErrorCode plan_load(struct load *load)
{
  HoleDistances   d     = load->d;
  const HoleIndex block = hole_block_count(d->n, d->size, 0); /* the largest: panels are equal on all ranks */

  PetscFunctionBegin;
  PetscCall(hole_fault(d->comm, "source_read"));
  load->bad_row = INT64_MAX;
  hole_pieces_init(load->source, &load->layer->shape, d->first, d->first + d->n_local, &load->pieces);
  PetscCall(PetscMalloc1((size_t)(load->pieces.most * load->layer->plan.values), &load->buffer));
  load->panel_rows = PetscMin(PetscMax(PANEL_BYTES / (HoleIndex)sizeof(double) / block, 1), block);
  if (d->size > 1) PetscCall(PetscMalloc1((size_t)(load->panel_rows * block), &load->sent));
  if (d->size > 1) PetscCall(PetscMalloc1((size_t)(load->panel_rows * block), &load->received));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: the row of point `i`, from the row of the file. */
static void take_row(struct load *load, HoleIndex i, const double values[])
{
  HoleDistances d   = load->d;
  double       *row = d->rows + (i - d->first) * d->stride;

  for (HoleIndex j = 0; j < d->n; ++j) {
    const double    value    = values[hole_source_row(load->source, j)];
    const PetscBool diagonal = i == j ? PETSC_TRUE : PETSC_FALSE;

    if (!hole_noise_admits(value, diagonal)) note_fault(load, i, j, value, value);
    row[j] = hole_noise_strip(value, diagonal);
  }
}

/* Collective. */
static PetscErrorCode read_rows(struct load *load)
{
  HoleIndex n_pieces, first, n, next;

  PetscFunctionBegin;
  PetscCall(hole_pieces_count(&load->pieces, &n_pieces));
  for (HoleIndex p = 0, s = load->pieces.begin; p < n_pieces; ++p, s = next) {
    next = hole_pieces_next(&load->pieces, s, &first, &n);
    PetscCall(hole_rows_read(load->rows, first, n, load->buffer));
    for (HoleIndex i = s; i < next; ++i)
      take_row(load, i, load->buffer + (hole_source_row(load->source, i) - first) * load->layer->plan.values);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Entry (i, j) above the diagonal decides about entry (j, i). */
static void decide(struct load *load, HoleIndex i, HoleIndex j, double upper, double *lower)
{
  if (!hole_noise_equal(upper, *lower)) note_fault(load, i, j, upper, *lower);
  *lower = upper;
}

/* Local: pairs of which both points are ours, in squares that fit the cache. */
static void compare_own(struct load *load)
{
  enum { SIDE = 64 };
  HoleDistances   d = load->d;
  const HoleIndex n = d->n_local;

  for (HoleIndex a = 0; a < n; a += SIDE) {
    for (HoleIndex b = a; b < n; b += SIDE) {
      for (HoleIndex i = a; i < PetscMin(a + SIDE, n); ++i) {
        for (HoleIndex j = PetscMax(b, i + 1); j < PetscMin(b + SIDE, n); ++j)
          decide(load, d->first + i, d->first + j, d->rows[i * d->stride + d->first + j],
                 &d->rows[j * d->stride + d->first + i]);
      }
    }
  }
}

/* Local: a panel of rows [i, i + n) of another rank with our columns. */
static void compare_panel(struct load *load, HoleIndex i, HoleIndex n)
{
  HoleDistances d = load->d;

  for (HoleIndex j = 0; j < d->n_local; ++j) {
    for (HoleIndex a = 0; a < n; ++a)
      decide(load, i + a, d->first + j, load->received[a * d->n_local + j], &d->rows[j * d->stride + i + a]);
  }
}

/* Collective: rows [a, a + panel_rows) of the block of every rank go s ranks up. */
static PetscErrorCode pass_panel(struct load *load, PetscMPIInt s, HoleIndex a)
{
  HoleDistances     d     = load->d;
  const PetscMPIInt to    = d->rank + s < d->size ? d->rank + s : MPI_PROC_NULL;
  const PetscMPIInt from  = d->rank >= s ? d->rank - s : MPI_PROC_NULL;
  const HoleIndex   n_to  = to < 0 ? 0 : hole_block_count(d->n, d->size, to);
  const HoleIndex   first = from < 0 ? 0 : hole_block_first(d->n, d->size, from) + a;
  const HoleIndex   n_up  = PetscMax(0, PetscMin(load->panel_rows, d->n_local - a));
  const HoleIndex n_in = PetscMax(0, PetscMin(load->panel_rows, (from < 0 ? 0 : hole_block_count(d->n, d->size, from)) -
                                                                    a)); /* may be past the end */
  PetscMPIInt     n_sent, n_received;

  PetscFunctionBegin;
  PetscCall(hole_mpi_int(n_up * n_to, &n_sent));
  PetscCall(hole_mpi_int(n_in * d->n_local, &n_received));
  for (HoleIndex i = 0; i < n_up && n_to; ++i)
    PetscCall(PetscArraycpy(load->sent + i * n_to, d->rows + (a + i) * d->stride + hole_block_first(d->n, d->size, to),
                            n_to));
  PetscCallMPI(MPI_Sendrecv(load->sent, n_sent, MPI_DOUBLE, to, 0, load->received, n_received, MPI_DOUBLE, from, 0,
                            d->comm, MPI_STATUS_IGNORE));
  compare_panel(load, first, n_in);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: what is below the diagonal becomes what is above it. */
static PetscErrorCode make_symmetric(struct load *load)
{
  HoleDistances   d     = load->d;
  const HoleIndex block = hole_block_count(d->n, d->size, 0);

  PetscFunctionBegin;
  compare_own(load);
  for (PetscMPIInt s = 1; s < d->size; ++s) {
    for (HoleIndex a = 0; a < block; a += load->panel_rows) PetscCall(pass_panel(load, s, a));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: say what is wrong, in the words of the file. */
static PetscErrorCode report_fault(const struct load *load, PetscBool symmetry)
{
  const HoleIndex row = hole_source_row(load->source, load->bad_row);
  const HoleIndex col = hole_source_row(load->source, load->bad_col);
  char            value[32], other[32];

  PetscFunctionBegin;
  hole_noise_print(load->bad, sizeof(value), value);
  hole_noise_print(load->other, sizeof(other), other);
  PetscCheck(!symmetry, PETSC_COMM_SELF, HOLE_ERR_INPUT,
             "Input %s: dataset %s, row %" HoleIndex_FMT ", column %" HoleIndex_FMT " is %s, but row %" HoleIndex_FMT
             ", column %" HoleIndex_FMT " is %s; expected a symmetric matrix",
             load->source->path, load->layer->dataset, row, col, value, col, row, other);
  SETERRQ(PETSC_COMM_SELF, HOLE_ERR_INPUT,
          "Input %s: dataset %s, row %" HoleIndex_FMT ", column %" HoleIndex_FMT " is %s, expected %s",
          load->source->path, load->layer->dataset, row, col, value,
          load->bad_row == load->bad_col && isfinite(load->bad) ? "0 on the diagonal"
                                                                : "finite distances of 0 or more");
}

/* Collective: of all ranks the one with the first fault speaks. A pair is looked at by one rank. */
static PetscErrorCode check_faults(const struct load *load, PetscBool symmetry)
{
  const HoleIndex mine = load->bad_row == INT64_MAX ? INT64_MAX : load->bad_row * load->d->n + load->bad_col;
  HoleIndex       first;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Allreduce(&mine, &first, 1, HOLE_MPI_INDEX, MPI_MIN, load->d->comm));
  if (first == INT64_MAX) PetscFunctionReturn(PETSC_SUCCESS); /* equal on all ranks */
  HoleCallAgreed(load->d->comm, mine == first ? report_fault(load, symmetry) : PETSC_SUCCESS);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode load_distances(struct load *load)
{
  HoleSource source = load->source;

  PetscFunctionBegin;
  PetscCall(HoleDistancesCreateFromRows(source->comm, source->n_kept, fill_zero, NULL, &load->d)); /* collective */
  HoleCallAgreed(source->comm, plan_load(load));                                                   /* local */
  PetscCall(hole_rows_open(source->reader, load->layer->dataset, &load->rows));                    /* collective */
  PetscCall(read_rows(load));                                                                      /* collective */
  PetscCall(check_faults(load, PETSC_FALSE));                                                      /* collective */
  PetscCall(make_symmetric(load));                                                                 /* collective */
  PetscCall(check_faults(load, PETSC_TRUE));                                                       /* collective */
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleSourceLoadDistances(HoleSource source, HoleIndex l, HoleDistances *d)
{
  struct load    load = {.source = source};
  PetscErrorCode loaded, closed;

  PetscFunctionBegin;
  *d = NULL;
  PetscCall(hole_source_check_kind(source, l, HOLE_LAYER_DISTANCES));
  load.layer = &source->layers[l];
  loaded     = load_distances(&load);
  closed     = HoleErrorAgree(source->comm, hole_rows_close(&load.rows));
  PetscCall(PetscFree(load.buffer));
  PetscCall(PetscFree(load.sent));
  PetscCall(PetscFree(load.received));
  if (loaded || closed) PetscCall(HoleDistancesDestroy(&load.d));
  PetscCall(loaded);
  PetscCall(closed);
  *d = load.d;
  PetscFunctionReturn(PETSC_SUCCESS);
}
