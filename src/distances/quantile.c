/* The sketch counts lower bounds by the leading bits of their floats. Bounds that all lie within W below their measures keep the
   order statistic within W as well: it lies in [edge of the bin, next edge + W]. The second sweep counts the pairs certainly
   below that bracket and computes the lengths of those that may lie in it; among them the wanted one is found exactly. */
#include "quantile.h"

#include "../core/fault.h"
#include "select.h"
#include <hole/hole_error.h>
#include <math.h>

enum { BIN_SHIFT = 12, N_BINS = 1 << (31 - BIN_SHIFT) }; /* a bin is 2^-11 of its value wide */

struct sketch {
  struct hole_consumer base;
  HoleIndex            wanted;
  HoleIndex           *bins; /* [N_BINS] */
  float                slack;
  struct hole_bracket  bracket;
};

static inline uint32_t bin_of(float low)
{
  const float positive = low > 0 ? low : 0;
  uint32_t    bits;

  memcpy(&bits, &positive, sizeof(bits));
  return bits >> BIN_SHIFT;
}

static float edge_of(uint32_t bin)
{
  const uint32_t bits = bin << BIN_SHIFT;
  float          edge;

  memcpy(&edge, &bits, sizeof(edge));
  return edge;
}

static PetscErrorCode sketch_sweep(struct hole_consumer *consumer, const struct hole_tile *tile)
{
  struct sketch *s = (struct sketch *)consumer;

  PetscFunctionBegin;
  for (HoleIndex a = 0; a < tile->n_i; ++a) {
    const float *low = tile->low + a * tile->stride;

    for (HoleIndex b = tile->i == tile->j ? a + 1 : 0; b < tile->n_j; ++b) ++s->bins[bin_of(low[b])];
    s->slack = fmaxf(s->slack, tile->slack_i[a]);
  }
  for (HoleIndex b = 0; b < tile->n_j; ++b) s->slack = fmaxf(s->slack, tile->slack_j[b]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective. */
static PetscErrorCode sketch_finish(struct hole_consumer *consumer)
{
  struct sketch *s    = (struct sketch *)consumer;
  HoleIndex      left = s->wanted;
  uint32_t       bin  = 0;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, s->bins, N_BINS, HOLE_MPI_INDEX, MPI_SUM, s->base.d->comm));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &s->slack, 1, MPI_FLOAT, MPI_MAX, s->base.d->comm));
  while (bin < N_BINS - 1 && left >= s->bins[bin]) left -= s->bins[bin++];
  s->bracket.low  = edge_of(bin) * (1 - 0x1p-18F);
  s->bracket.high = hole_tile_high(edge_of(bin + 1), s->slack, s->slack) * (1 + 0x1p-18F);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode sketch_destroy(struct hole_consumer *consumer)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(((struct sketch *)consumer)->bins));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const struct hole_consumer_ops sketch_ops = {
    .sweep = sketch_sweep, .finish = sketch_finish, .destroy = sketch_destroy};

PetscErrorCode hole_sketch_create(HoleDistances d, hole_tiles tiles, HoleIndex wanted, struct hole_consumer **sketch)
{
  struct sketch *s;

  PetscFunctionBegin;
  PetscCall(PetscNew(&s));
  *sketch   = &s->base;
  s->base   = (struct hole_consumer){&sketch_ops, d, tiles};
  s->wanted = wanted;
  HoleCallAgreed(d->comm, PetscCalloc1(N_BINS, &s->bins));
  PetscFunctionReturn(PETSC_SUCCESS);
}

struct hole_bracket hole_sketch_get(struct hole_consumer *sketch) { return ((struct sketch *)sketch)->bracket; }

struct quantile {
  struct hole_consumer base;
  HoleIndex            wanted, n_below; /* pairs below the bracket that this rank met */
  struct hole_bracket  bracket;
  HoleIndex            n, capacity;
  double              *lengths; /* [n] of the others that are not above it */
  double               value;
};

static PetscErrorCode append(struct quantile *q, double length)
{
  PetscFunctionBegin;
  if (q->n == q->capacity) {
    q->capacity = PetscMax(1024, q->capacity + q->capacity / 2);
    PetscCall(PetscRealloc((size_t)q->capacity * sizeof(*q->lengths), &q->lengths));
  }
  q->lengths[q->n++] = length;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode sweep(struct hole_consumer *consumer, const struct hole_tile *tile)
{
  struct quantile *q = (struct quantile *)consumer;

  PetscFunctionBegin;
  for (HoleIndex a = 0; a < tile->n_i; ++a) {
    const float *low = tile->low + a * tile->stride;

    for (HoleIndex b = tile->i == tile->j ? a + 1 : 0; b < tile->n_j; ++b) {
      if (low[b] > q->bracket.high) continue;
      if (hole_tile_high(low[b], tile->slack_i[a], tile->slack_j[b]) < q->bracket.low) ++q->n_below;
      else PetscCall(append(q, hole_tiles_length(q->base.tiles, tile->i + a, tile->j + b)));
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void all_lengths(HoleIndex span, HoleIndex *n, const double *lengths[], void *ctx)
{
  const struct quantile *q = ctx;

  *n       = span ? -1 : q->n;
  *lengths = q->lengths;
}

/* Collective. */
static PetscErrorCode finish(struct hole_consumer *consumer)
{
  struct quantile *q = (struct quantile *)consumer;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &q->n_below, 1, HOLE_MPI_INDEX, MPI_SUM, q->base.d->comm));
  PetscCall(hole_select(q->base.d->comm, q->wanted - q->n_below, all_lengths, q, &q->value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode destroy(struct hole_consumer *consumer)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(((struct quantile *)consumer)->lengths));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const struct hole_consumer_ops quantile_ops = {.sweep = sweep, .finish = finish, .destroy = destroy};

PetscErrorCode hole_quantile_create(HoleDistances d, hole_tiles tiles, HoleIndex wanted, struct hole_bracket bracket,
                                    struct hole_consumer **quantile)
{
  struct quantile *q;

  PetscFunctionBegin;
  PetscCall(PetscNew(&q));
  *quantile  = &q->base;
  q->base    = (struct hole_consumer){&quantile_ops, d, tiles};
  q->wanted  = wanted;
  q->bracket = bracket;
  HoleCallAgreed(d->comm, hole_fault(d->comm, "quantile_allocate"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

double hole_quantile_get(struct hole_consumer *quantile) { return ((struct quantile *)quantile)->value; }
