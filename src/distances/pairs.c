/* From points: blocks of them go half way round the ring of ranks, so that every pair meets once. From stored rows: of both ends of a pair
   each has it as likely. */
#include "pairs.h"

#include "../core/fault.h"
#include "../core/threads.h"
#include "distances_impl.h"
#include "ring.h"
#include <float.h>
#include <hole/hole_error.h>

enum { TILE = 32 /* rows a side: their points fit the second-level cache */, COLUMNS = 64 * TILE };

struct listing {
  HoleDistances         d;
  double                most;
  HoleIndex             n, capacity;
  struct hole_edge_key *pairs;
  double               *lengths;  /* [TILE, COLUMNS] */
  HoleIndex             overflow; /* an own row with a length that is not finite, or -1 */
  PetscErrorCode        failed;   /* here: the others must not wait, so blocks go on */
};

/* Local: room for `n_more` pairs; how many are short enough is not known before. */
static PetscErrorCode reserve(struct listing *l, HoleIndex n_more)
{
  PetscFunctionBegin;
  if (l->n + n_more <= l->capacity) PetscFunctionReturn(PETSC_SUCCESS);
  l->capacity = PetscMax(l->n + n_more, l->capacity + l->capacity / 4);
  PetscCall(hole_fault(l->d->comm, "pairs_allocate"));
  PetscCall(PetscRealloc((size_t)l->capacity * sizeof(*l->pairs), &l->pairs));
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

  if (!l->failed) l->failed = reserve(l, n_i * n_j);
  if (l->failed) return;
#pragma omp parallel for num_threads(hole_threads()) schedule(dynamic)
  for (HoleIndex t = 0; t < n_j; t += TILE)
    hole_distances_tile(d, first_i, n_i, d->points + i * s, first_j + t, PetscMin(TILE, n_j - t),
                        block->rows + (j + t) * s, l->lengths + t, COLUMNS);
  for (HoleIndex a = 0; a < n_i; ++a) {
    for (HoleIndex b = block->owner == d->rank ? PetscMax(0, first_i + a + 1 - first_j) : 0; b < n_j; ++b) {
      const double length = l->lengths[a * COLUMNS + b];

      offer(l, first_i + a, first_j + b, length);
      if (!(length <= DBL_MAX)) l->overflow = i + a;
    }
  }
}

/* Every pair once: our own above the diagonal. */
static void list_block(struct listing *l, const struct hole_block *block)
{
  const PetscBool own = (PetscBool)(block->owner == l->d->rank);
  HoleIndex       end, begin;

  hole_ring_share(l->d, l->d->rank, block->owner, &end, &begin);
  for (HoleIndex i = 0; i < end; i += TILE) {
    for (HoleIndex j = own ? i : begin; j < block->count; j += COLUMNS)
      list_strip(l, i, PetscMin(TILE, end - i), block, j, PetscMin(COLUMNS, block->count - j));
  }
}

/* Local. */
static PetscErrorCode check(const struct listing *l)
{
  PetscFunctionBegin;
  PetscCall(l->failed);
  PetscCheck(l->overflow < 0, PETSC_COMM_SELF, HOLE_ERR_INPUT,
             "Layer %s, row %" HoleIndex_FMT " is too far from others: a distance overflows %s precision", l->d->name,
             l->d->file_rows[l->overflow], l->d->single ? "single" : "double");
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective. */
static PetscErrorCode list_from_points(struct listing *l)
{
  HoleDistances     d = l->d;
  hole_ring         ring;
  struct hole_block block;

  PetscFunctionBegin;
  HoleCallAgreed(d->comm, PetscMalloc1(TILE * COLUMNS, &l->lengths)); /* local */
  PetscCall(hole_ring_create(d, d->size / 2 + 1, &ring));
  PetscCall(hole_ring_next(ring, &block));
  while (block.rows) {
    list_block(l, &block);
    PetscCall(hole_ring_next(ring, &block));
  }
  PetscCall(hole_ring_destroy(&ring));
  HoleCallAgreed(d->comm, check(l)); /* local */
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local. */
static PetscErrorCode list_from_rows(struct listing *l, double *buffer)
{
  HoleDistances d = l->d;

  PetscFunctionBegin;
  for (HoleIndex i = d->first; i < d->first + d->n_local; ++i) {
    const double *row = HoleDistancesReadRow(d, i - d->first, buffer);

    PetscCall(reserve(l, d->n));
    for (HoleIndex j = 0; j < d->n; ++j) {
      if (j != i && hole_edge_is_from(i, j)) offer(l, i, j, row[j]);
    }
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
  struct listing l = {.d = d, .most = length, .overflow = -1};
  PetscErrorCode listed;

  PetscFunctionBegin;
  if (d->part) PetscCall(HoleDistancesStore(d)); /* shortest paths are found by rows */
  listed = hole_distances_stored(d) ? list_stored(&l) : list_from_points(&l);
  PetscCall(PetscFree(l.lengths));
  if (!listed) listed = HoleErrorAgree(d->comm, PetscRealloc((size_t)PetscMax(1, l.n) * sizeof(*l.pairs), &l.pairs));
  if (listed) PetscCall(PetscFree(l.pairs));
  PetscCall(listed);
  *n     = l.n;
  *pairs = l.pairs;
  PetscFunctionReturn(PETSC_SUCCESS);
}
