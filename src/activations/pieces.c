/* Which rows are read at once. */
#include "pieces.h"

#define BUFFER_BYTES ((HoleIndex)32 << 20) /* the chunk cache of io/rows.c takes as much again */

void hole_pieces_init(HoleSource source, const struct hole_shape *shape, HoleIndex begin, HoleIndex end,
                      struct hole_pieces *pieces)
{
  HoleIndex values = 1, most;

  for (int k = 1; k < shape->n_dims; ++k) values *= shape->dims[k];
  most = PetscMax(BUFFER_BYTES / (HoleIndex)sizeof(double) / values, 1);
  if (shape->chunk_rows && most >= shape->chunk_rows) most -= most % shape->chunk_rows;
  if (end == begin) most = 0;
  else most = PetscMin(most, hole_source_row(source, end - 1) - hole_source_row(source, begin) + 1);
  *pieces = (struct hole_pieces){source, begin, end, shape->chunk_rows, most};
}

PetscErrorCode hole_pieces_count(const struct hole_pieces *pieces, HoleIndex *n)
{
  HoleIndex mine = 0, first, rows;

  PetscFunctionBegin;
  for (HoleIndex s = pieces->begin; s < pieces->end; s = hole_pieces_next(pieces, s, &first, &rows)) ++mine;
  PetscCallMPI(MPI_Allreduce(&mine, n, 1, HOLE_MPI_INDEX, MPI_MAX, pieces->source->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Kept sample after the last one whose row is below `row`, not before `s`. */
static HoleIndex sample_at(const struct hole_pieces *pieces, HoleIndex s, HoleIndex row)
{
  HoleIndex low = s, high = pieces->end, middle;

  while (low < high) {
    middle = low + (high - low) / 2;
    if (hole_source_row(pieces->source, middle) < row) low = middle + 1;
    else high = middle;
  }
  return low;
}

HoleIndex hole_pieces_next(const struct hole_pieces *pieces, HoleIndex s, HoleIndex *first, HoleIndex *n)
{
  HoleIndex chunk = pieces->chunk, limit, next;

  *first = *n = 0;
  if (s == pieces->end) return s;
  *first = hole_source_row(pieces->source, s);
  limit  = *first + pieces->most;
  if (chunk && limit / chunk * chunk > *first) limit = limit / chunk * chunk;
  next = sample_at(pieces, s, limit);
  *n   = hole_source_row(pieces->source, next - 1) + 1 - *first;
  return next;
}
