/* From points: blocks of them go half way round the ring of ranks, so that every pair meets once. From stored rows: each rank takes what is above
   the diagonal. */
#include "pairs.h"

#include "../core/fault.h"
#include "../core/threads.h"
#include "distances_impl.h"
#include "ring.h"
#include <hole/hole_error.h>

enum { TILE = 32 /* rows a side: their points fit the second-level cache */, COLUMNS = 64 * TILE };

struct listing {
  HoleDistances         d;
  double                most;
  HoleIndex             n, capacity;
  struct hole_edge_key *pairs;
  double               *lengths; /* [TILE, COLUMNS] */
};

/* Local. Memory that is not written takes no room. */
static PetscErrorCode allocate(struct listing *l, HoleIndex capacity)
{
  PetscFunctionBegin;
  PetscCall(hole_fault(l->d->comm, "pairs_allocate"));
  l->capacity = capacity;
  PetscCall(PetscMalloc1(capacity, &l->pairs));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static inline void offer(struct listing *l, HoleIndex i, HoleIndex j, double length)
{
  if (length <= l->most) l->pairs[l->n++] = hole_edge_key_of(length + 0.0, i, j); /* no -0 */
}

/* Own rows [i, i + n_i) against columns [j, j + n_j) of a block. */
static void list_strip(struct listing *l, HoleIndex i, HoleIndex n_i, const struct hole_block *block, HoleIndex j,
                       HoleIndex n_j)
{
  HoleDistances   d = l->d;
  const HoleIndex s = d->point_stride, first_i = d->first + i, first_j = block->first + j;

#pragma omp parallel for num_threads(hole_threads()) schedule(dynamic)
  for (HoleIndex t = 0; t < n_j; t += TILE)
    hole_distances_tile(d, first_i, n_i, d->points + i * s, first_j + t, PetscMin(TILE, n_j - t),
                        block->rows + (j + t) * s, l->lengths + t, COLUMNS);
  for (HoleIndex a = 0; a < n_i; ++a) {
    for (HoleIndex b = block->owner == d->rank ? PetscMax(0, first_i + a + 1 - first_j) : 0; b < n_j; ++b)
      offer(l, first_i + a, first_j + b, l->lengths[a * COLUMNS + b]);
  }
}

/* Every pair once: our own above the diagonal; of two opposite ranks the smaller one takes the first half of its points. */
static void list_block(struct listing *l, const struct hole_block *block)
{
  HoleDistances   d     = l->d;
  const PetscBool own   = (PetscBool)(block->owner == d->rank),
                  half  = (PetscBool)(2 * ((block->owner - d->rank + d->size) % d->size) == d->size);
  const HoleIndex end   = half && d->rank < block->owner ? d->n_local / 2 : d->n_local,
                  begin = half && d->rank > block->owner ? block->count / 2 : 0;

  for (HoleIndex i = 0; i < end; i += TILE) {
    for (HoleIndex j = own ? i : begin; j < block->count; j += COLUMNS)
      list_strip(l, i, PetscMin(TILE, end - i), block, j, PetscMin(COLUMNS, block->count - j));
  }
}

/* Collective. */
static PetscErrorCode list_from_points(struct listing *l)
{
  HoleDistances     d = l->d;
  hole_ring         ring;
  struct hole_block block;

  PetscFunctionBegin;
  HoleCallAgreed(d->comm, allocate(l, d->n_local * (d->n / 2 + 1)));  /* local */
  HoleCallAgreed(d->comm, PetscMalloc1(TILE * COLUMNS, &l->lengths)); /* local */
  PetscCall(hole_ring_create(d, d->size / 2 + 1, &ring));
  PetscCall(hole_ring_next(ring, &block));
  while (block.rows) {
    list_block(l, &block);
    PetscCall(hole_ring_next(ring, &block));
  }
  PetscCall(hole_ring_destroy(&ring));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local. */
static PetscErrorCode list_from_rows(struct listing *l, double *buffer)
{
  HoleDistances d     = l->d;
  HoleIndex     count = 0;

  PetscFunctionBegin;
  for (HoleIndex i = 0; i < d->n_local; ++i) count += d->n - 1 - (d->first + i);
  PetscCall(allocate(l, count));
  for (HoleIndex i = 0; i < d->n_local; ++i) {
    const double *row = HoleDistancesReadRow(d, i, buffer);

    for (HoleIndex j = d->first + i + 1; j < d->n; ++j) offer(l, d->first + i, j, row[j]);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective. */
static PetscErrorCode list_stored(struct listing *l)
{
  double        *buffer = NULL;
  PetscErrorCode listed;

  PetscFunctionBegin;
  listed = HoleDistancesAllocateBuffer(l->d, &buffer);
  if (!listed) listed = list_from_rows(l, buffer);
  PetscCall(PetscFree(buffer));
  HoleCallAgreed(l->d->comm, listed);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_pairs_list(HoleDistances d, double length, HoleIndex *n, struct hole_edge_key *pairs[])
{
  struct listing l = {.d = d, .most = length};
  PetscErrorCode listed;

  PetscFunctionBegin;
  listed = hole_distances_stored(d) ? list_stored(&l) : list_from_points(&l);
  PetscCall(PetscFree(l.lengths));
  if (!listed) listed = HoleErrorAgree(d->comm, PetscRealloc((size_t)PetscMax(1, l.n) * sizeof(*l.pairs), &l.pairs));
  if (listed) PetscCall(PetscFree(l.pairs));
  PetscCall(listed);
  *n     = l.n;
  *pairs = l.pairs;
  PetscFunctionReturn(PETSC_SUCCESS);
}
