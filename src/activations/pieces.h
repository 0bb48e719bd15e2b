/* pieces.h - kept samples of a source, read in pieces that fit a buffer and end where chunks of the file end, so that no chunk is
   decompressed twice. Ranks have pieces of their own; reads are collective, so all take part in as many as any rank has. */
#pragma once

#include "source_impl.h"

struct hole_pieces {
  HoleSource source;
  HoleIndex  begin, end; /* kept samples that are read */
  HoleIndex  chunk;      /* rows that a chunk spans; 0 if not chunked */
  HoleIndex  most;       /* rows of the longest piece */
};

/* Pieces of kept samples [begin, end), rows of a dataset of this shape; the buffer has `most` rows and at most 32 MiB, or one row. */
void hole_pieces_init(HoleSource source, const struct hole_shape *shape, HoleIndex begin, HoleIndex end,
                      struct hole_pieces *pieces);

/* Collective: the most that any rank has. */
PetscErrorCode hole_pieces_count(const struct hole_pieces *pieces, HoleIndex *n);

/* The piece that begins with kept sample `s`: rows [*first, *first + *n) of the file, up to the sample that is returned; no rows at
   the end. Gaps before and after are not read. */
HoleIndex hole_pieces_next(const struct hole_pieces *pieces, HoleIndex s, HoleIndex *first, HoleIndex *n);
