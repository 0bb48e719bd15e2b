/* Short pairs: bounds reject the long ones, the lengths of the others are computed at once. */
#include "edges.h"

#include "../core/fault.h"
#include <hole/hole_error.h>

struct edges {
  struct hole_consumer base;
  double               length;
  const double        *reach;
  float               *cuts; /* [n] a pair longer than both of its points' cuts is not wanted */
  HoleIndex            n_found, capacity;
  HoleEdge            *found;
};

static void cut(const struct hole_consumer *consumer, const struct hole_tile *tile, HoleIndex i, float *row,
                const float *columns[])
{
  const struct edges *e = (const struct edges *)consumer;

  *row     = e->cuts[i];
  *columns = e->cuts + tile->j;
}

static PetscErrorCode append(struct edges *e, HoleEdge edge)
{
  PetscFunctionBegin;
  if (e->n_found == e->capacity) {
    e->capacity = PetscMax(1024, e->capacity + e->capacity / 2);
    PetscCall(PetscRealloc((size_t)e->capacity * sizeof(*e->found), &e->found));
  }
  e->found[e->n_found++] = edge;
  PetscFunctionReturn(PETSC_SUCCESS);
}

enum { AT_ONCE = 64 };

/* Candidates of one row come one after the other. */
static HoleIndex count_row(HoleIndex n, const struct hole_candidate candidates[])
{
  HoleIndex count = 1;

  while (count < PetscMin(n, AT_ONCE) && candidates[count].i == candidates[0].i) ++count;
  return count;
}

static PetscErrorCode take(struct hole_consumer *consumer, HoleIndex n, const struct hole_candidate candidates[])
{
  struct edges *e = (struct edges *)consumer;
  HoleIndex     j[AT_ONCE], n_row;
  double        lengths[AT_ONCE];

  PetscFunctionBegin;
  for (HoleIndex c = 0; c < n; c += n_row) {
    const HoleIndex i = candidates[c].i;

    n_row = count_row(n - c, candidates + c);
    for (HoleIndex b = 0; b < n_row; ++b) j[b] = candidates[c + b].j;
    hole_tiles_lengths_from_own(e->base.tiles, i, n_row, j, lengths);
    for (HoleIndex b = 0; b < n_row; ++b) {
      const double most = e->reach ? e->reach[i] + e->reach[j[b]] : e->length;

      if (lengths[b] <= most) PetscCall(append(e, (HoleEdge){lengths[b], PetscMin(i, j[b]), PetscMax(i, j[b])}));
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode destroy(struct hole_consumer *consumer)
{
  struct edges *e = (struct edges *)consumer;

  PetscFunctionBegin;
  PetscCall(PetscFree(e->cuts));
  PetscCall(PetscFree(e->found));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const struct hole_consumer_ops edges_ops = {.cut = cut, .take = take, .destroy = destroy};

/* Local. The sum of two reaches is at most twice the larger. */
static PetscErrorCode make_cuts(struct edges *e)
{
  HoleDistances d = e->base.d;

  PetscFunctionBegin;
  PetscCall(hole_fault(d->comm, "edges_allocate"));
  PetscCall(PetscMalloc1(d->n, &e->cuts));
  for (HoleIndex i = 0; i < d->n; ++i)
    e->cuts[i] = hole_tiles_measure_above(e->base.tiles, e->reach ? 2 * e->reach[i] : e->length);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_edges_create(HoleDistances d, hole_tiles tiles, double length, const double reach[],
                                 struct hole_consumer **edges)
{
  struct edges *e;

  PetscFunctionBegin;
  PetscCall(PetscNew(&e));
  *edges    = &e->base;
  e->base   = (struct hole_consumer){&edges_ops, d, tiles};
  e->length = length;
  e->reach  = reach;
  HoleCallAgreed(d->comm, make_cuts(e));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_edges_get(struct hole_consumer *consumer, HoleIndex *n, HoleEdge *found[])
{
  struct edges *e = (struct edges *)consumer;

  PetscFunctionBegin;
  PetscCall(PetscRealloc((size_t)PetscMax(1, e->n_found) * sizeof(*e->found), &e->found));
  *n       = e->n_found;
  *found   = e->found;
  e->found = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}
