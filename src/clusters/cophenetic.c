/* Cophenetic correlation over all pairs of a sample of points, one of each block of ids.

   The sampled points stand in the leaf order of the tree; the height at which two of them join is the largest gap between them, and a
   gap is the height of the merge that brings its two neighbours together. A distance is made by the rank that owns its second
   point, after the first was sent to all; then every rank has all of them and sums them in the same order. */
#include "merges.h"

#include "../core/block.h"
#include "../core/cast.h"
#include "../core/random.h"
#include "../distances/distances_impl.h"
#include "../tree/tree_impl.h"
#include <hole/hole_error.h>
#include <hole/hole_tasks.h>
#include <math.h>
#include <stdlib.h>

enum { SEED = 0 };

/* A sampled point and its place among all leaves. */
struct drawn {
  int32_t point, place;
};

struct correlation {
  HoleDistances  d;
  HoleTree       tree;
  HoleIndex      n;      /* points in the sample */
  struct drawn  *sample; /* [n] by place */
  double        *gap;    /* [n - 1] height at which the s-th and the next join */
  double        *point;  /* [point_stride] the one that was sent; NULL if rows are stored */
  const double **own;    /* [n] the prepared points that are ours ... */
  HoleIndex     *id;     /* [n] ... their global ids ... */
  HoleIndex     *column; /* [n] ... and numbers in the sample, ascending */
  HoleIndex      n_own;
  double        *some;    /* [n] lengths to ours */
  double        *lengths; /* [n, n] above the diagonal */
};

static PetscErrorCode free_correlation(struct correlation *c)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(c->sample));
  PetscCall(PetscFree(c->gap));
  PetscCall(PetscFree(c->point));
  PetscCall(PetscFree(c->own));
  PetscCall(PetscFree(c->id));
  PetscCall(PetscFree(c->column));
  PetscCall(PetscFree(c->some));
  PetscCall(PetscFree(c->lengths));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static int by_place(const void *a, const void *b)
{
  return ((const struct drawn *)a)->place - ((const struct drawn *)b)->place;
}

/* `height` of a gap between neighbouring leaves, [n - 1]: the merge that has one on its left side, the other on its right. */
static void fill_gaps(const struct hole_merges *s, HoleTree tree, const int32_t place[], double height[])
{
  for (HoleIndex m = 0; m < s->n - 1; ++m) height[place[s->child[2 * m + 1]] - 1] = tree->edges[m].length;
}

/* Draw the sample, and find the heights between its neighbours. */
static PetscErrorCode draw_from_places(struct correlation *c, const int32_t place[], const double height[])
{
  const HoleIndex n = c->tree->n;

  PetscFunctionBegin;
  for (HoleIndex k = 0; k < c->n; ++k) {
    HoleIndex first = k * n / c->n, end = (k + 1) * n / c->n;
    HoleIndex i = first + (HoleIndex)(hole_random_bits(SEED, (uint64_t)k) % (uint64_t)(end - first));

    c->sample[k] = (struct drawn){(int32_t)i, place[i]};
  }
  qsort(c->sample, (size_t)c->n, sizeof(*c->sample), by_place);
  for (HoleIndex k = 0; k < c->n - 1; ++k) {
    c->gap[k] = 0;
    for (HoleIndex g = c->sample[k].place; g < c->sample[k + 1].place; ++g) c->gap[k] = PetscMax(c->gap[k], height[g]);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local. */
static PetscErrorCode draw_sample(struct correlation *c)
{
  struct hole_merges s = {.n = c->tree->n};
  int32_t           *place;
  double            *height;
  PetscErrorCode     drawn;

  PetscFunctionBegin;
  c->n = PetscMin(c->tree->n, HOLE_COPHENETIC_POINTS);
  PetscCall(PetscMalloc1(c->n, &c->sample));
  PetscCall(PetscMalloc1(c->n, &c->gap));
  PetscCall(PetscMalloc2(2 * s.n - 1, &place, s.n, &height));
  drawn = hole_merges_find(&s, c->tree, NULL);
  if (!drawn) {
    hole_merges_places(&s, place);
    fill_gaps(&s, c->tree, place, height);
    drawn = draw_from_places(c, place, height);
  }
  PetscCall(hole_merges_free(&s));
  PetscCall(PetscFree2(place, height));
  PetscCall(drawn);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: which points of the sample are ours. */
static PetscErrorCode find_own(struct correlation *c)
{
  HoleDistances d = c->d;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(c->n, &c->own));
  PetscCall(PetscMalloc1(c->n, &c->id));
  PetscCall(PetscMalloc1(c->n, &c->column));
  PetscCall(PetscMalloc1(c->n, &c->some));
  PetscCall(PetscCalloc1(c->n * c->n, &c->lengths));
  if (!hole_distances_stored(d)) PetscCall(PetscMalloc1(d->point_stride, &c->point));
  for (HoleIndex s = 0; s < c->n; ++s) {
    HoleIndex i = c->sample[s].point, local = i - d->first;

    if (local < 0 || local >= d->n_local) continue;
    c->own[c->n_own]      = c->point ? d->points + local * d->point_stride : NULL;
    c->id[c->n_own]       = i;
    c->column[c->n_own++] = s;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode prepare(struct correlation *c)
{
  PetscFunctionBegin;
  PetscCall(draw_sample(c));
  PetscCall(find_own(c));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: our part of a stored row, if we own it. */
static void read_row(struct correlation *c, HoleIndex s)
{
  HoleIndex local = c->sample[s].point - c->d->first;

  if (local < 0 || local >= c->d->n_local) return;
  for (HoleIndex o = s + 1; o < c->n; ++o)
    c->lengths[s * c->n + o] = hole_distances_at(c->d, local, c->sample[o].point);
}

/* Collective: point s to all; `later`: how many of ours come up to it. */
static PetscErrorCode make_row(struct correlation *c, HoleIndex s, HoleIndex later)
{
  HoleDistances d     = c->d;
  HoleIndex     i     = c->sample[s].point;
  PetscMPIInt   owner = hole_block_owner(d->n, d->size, i), count;

  PetscFunctionBegin;
  PetscCall(hole_mpi_int(d->point_stride, &count));
  if (owner == d->rank) PetscCall(PetscArraycpy(c->point, d->points + (i - d->first) * d->point_stride, count));
  PetscCallMPI(MPI_Bcast(c->point, count, MPI_DOUBLE, owner, d->comm));
  if (later < c->n_own)
    hole_distances_scatter(d, i, c->point, c->n_own - later, c->id + later, c->own + later, c->some);
  for (HoleIndex k = later; k < c->n_own; ++k) c->lengths[s * c->n + c->column[k]] = c->some[k - later];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: a length is made on one rank, and zero on the others. */
static PetscErrorCode make_lengths(struct correlation *c)
{
  PetscMPIInt count;
  HoleIndex   later = 0;

  PetscFunctionBegin;
  for (HoleIndex s = 0; s < c->n; ++s) {
    while (later < c->n_own && c->column[later] <= s) ++later;
    if (c->point) PetscCall(make_row(c, s, later)); /* equal on all ranks: rows are stored on all or none */
    else read_row(c, s);
  }
  PetscCall(hole_mpi_int(c->n * c->n, &count));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, c->lengths, count, MPI_DOUBLE, MPI_SUM, c->d->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Sums over pairs of finite length and height: of deviations x, y from the means, and of x x, y y, x y. */
struct sums {
  HoleIndex n;
  double    x, y, xx, yy, xy;
  double    least[2], most[2]; /* of x and y */
};

static void widen(double x, double *least, double *most, PetscBool first)
{
  *least = first ? x : PetscMin(*least, x);
  *most  = first ? x : PetscMax(*most, x);
}

static void add_row(const struct correlation *c, HoleIndex s, double mean_x, double mean_y, struct sums *sums)
{
  double height = 0;

  for (HoleIndex o = s + 1; o < c->n; ++o) {
    double x = c->lengths[s * c->n + o] - mean_x, y;

    height = PetscMax(height, c->gap[o - 1]);
    y      = height - mean_y;
    if (!(x < HUGE_VAL && y < HUGE_VAL)) continue;
    widen(x, &sums->least[0], &sums->most[0], (PetscBool)!sums->n);
    widen(y, &sums->least[1], &sums->most[1], (PetscBool)!sums->n);
    ++sums->n;
    sums->x += x;
    sums->y += y;
    sums->xx += x * x;
    sums->yy += y * y;
    sums->xy += x * y;
  }
}

/* The means first, then deviations from them, which rounding may leave where all values are equal. */
static double correlate(const struct correlation *c, HoleIndex *n_pairs)
{
  struct sums means = {0}, sums = {0};

  for (HoleIndex s = 0; s < c->n; ++s) add_row(c, s, 0, 0, &means);
  *n_pairs = means.n;
  for (HoleIndex s = 0; s < c->n && means.n; ++s)
    add_row(c, s, means.x / (double)means.n, means.y / (double)means.n, &sums);
  if (!means.n || means.least[0] == means.most[0] || means.least[1] == means.most[1]) return NAN;
  return PetscMax(-1.0, PetscMin(1.0, sums.xy / (sqrt(sums.xx) * sqrt(sums.yy))));
}

PetscErrorCode HoleTasksCorrelate(HoleDistances d, HoleTree tree, HoleIndex *n_pairs, double *correlation)
{
  struct correlation c = {.d = d, .tree = tree};
  PetscErrorCode     made;

  PetscFunctionBegin;
  *n_pairs     = 0;
  *correlation = NAN;
  if (HoleDistancesIsGeodesic(d) && !HoleDistancesIsStored(d)) PetscFunctionReturn(PETSC_SUCCESS);
  made = HoleErrorAgree(d->comm, prepare(&c)); /* local */
  if (!made) made = make_lengths(&c);
  if (!made) *correlation = correlate(&c, n_pairs);
  PetscCall(free_correlation(&c));
  PetscCall(made);
  PetscFunctionReturn(PETSC_SUCCESS);
}
