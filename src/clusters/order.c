/* Layer by layer crossing reduction (Sugiyama, Tagawa, Toda 1981): columns are sorted by the mean place of their neighbours, to and fro,
   and then neighbours in a column change places as long as that saves crossings. Crossings are weighed by the products of the counts
   that cross, since a thick ribbon across a thick one is what disturbs. They are integers: nothing depends on rounding. */
#include "order.h"

#include <string.h>

enum { SWEEPS = 24, PATIENCE = 4, PASSES = 100 };

/* What is worked with: room for the largest column. */
struct scratch {
  int32_t *at, *other; /* the node at each place, of a column and of a neighbour */
  double  *mean;       /* of a node: where it wants to be */
  int64_t *sum;        /* of a place: weights met so far */
  int32_t *best;       /* positions of all columns, one after another */
};

PetscErrorCode hole_columns_create(HoleIndex n, struct hole_columns *c)
{
  PetscFunctionBegin;
  c->n = n;
  PetscCall(PetscCalloc1(n, &c->size));
  PetscCall(PetscCalloc1(n, &c->weight));
  PetscCall(PetscCalloc1(n, &c->position));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_columns_allocate(struct hole_columns *c)
{
  PetscFunctionBegin;
  for (HoleIndex k = 0; k < c->n; ++k) {
    PetscCall(PetscMalloc1(c->size[k], &c->position[k]));
    for (HoleIndex v = 0; v < c->size[k]; ++v) c->position[k][v] = (int32_t)v;
    if (k + 1 < c->n) PetscCall(PetscCalloc1(c->size[k] * c->size[k + 1], &c->weight[k]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_columns_free(struct hole_columns *c)
{
  PetscFunctionBegin;
  for (HoleIndex k = 0; k < c->n && c->weight; ++k) PetscCall(PetscFree(c->weight[k]));
  for (HoleIndex k = 0; k < c->n && c->position; ++k) PetscCall(PetscFree(c->position[k]));
  PetscCall(PetscFree(c->size));
  PetscCall(PetscFree(c->weight));
  PetscCall(PetscFree(c->position));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Weight of the link between node v of column k and node u of the column on its left (side 0) or right (side 1). */
static int64_t weight(const struct hole_columns *c, HoleIndex k, int side, HoleIndex v, HoleIndex u)
{
  return side ? c->weight[k][v * c->size[k + 1] + u] : c->weight[k - 1][u * c->size[k] + v];
}

static PetscBool has_side(const struct hole_columns *c, HoleIndex k, int side)
{
  return side ? (PetscBool)(k + 1 < c->n) : (PetscBool)(k > 0);
}

/* Which node stands at each place. */
static void invert(const struct hole_columns *c, HoleIndex k, int32_t at[])
{
  for (HoleIndex v = 0; v < c->size[k]; ++v) at[c->position[k][v]] = (int32_t)v;
}

/* Two links cross if their ends stand in opposite orders: each link meets the sum of those that begin above it and end below. */
static int64_t count_between(const struct hole_columns *c, HoleIndex k, struct scratch *s)
{
  const HoleIndex n = c->size[k], m = c->size[k + 1];
  int64_t         crossings = 0;

  if (!n || !m) return 0; /* no links, and maybe no arrays */
  invert(c, k, s->at);
  invert(c, k + 1, s->other);
  memset(s->sum, 0, (size_t)m * sizeof(*s->sum));
  for (HoleIndex p = 0; p < n; ++p) {
    int64_t below = 0;

    for (HoleIndex q = m - 1; q >= 0; --q) {
      crossings += weight(c, k, 1, s->at[p], s->other[q]) * below;
      below += s->sum[q];
    }
    for (HoleIndex q = 0; q < m; ++q) s->sum[q] += weight(c, k, 1, s->at[p], s->other[q]);
  }
  return crossings;
}

static int64_t count_all(const struct hole_columns *c, struct scratch *s)
{
  int64_t crossings = 0;

  for (HoleIndex k = 0; k + 1 < c->n; ++k) crossings += count_between(c, k, s);
  return crossings;
}

/* Sort column k by the mean place of neighbours on one side; nodes without any want to stay. Equal ones keep their order. */
static void sort_by_means(const struct hole_columns *c, HoleIndex k, int side, struct scratch *s)
{
  const HoleIndex other = side ? k + 1 : k - 1;

  for (HoleIndex v = 0; v < c->size[k]; ++v) {
    int64_t sum = 0, places = 0;

    for (HoleIndex u = 0; u < c->size[other]; ++u) {
      sum += weight(c, k, side, v, u);
      places += weight(c, k, side, v, u) * c->position[other][u];
    }
    s->mean[v] = sum ? (double)places / (double)sum : (double)c->position[k][v];
  }
  invert(c, k, s->at);
  for (HoleIndex p = 1; p < c->size[k]; ++p) { /* insertion keeps the order of equal ones */
    int32_t   v = s->at[p];
    HoleIndex q = p;

    for (; q > 0 && s->mean[s->at[q - 1]] > s->mean[v]; --q) s->at[q] = s->at[q - 1];
    s->at[q] = v;
  }
  for (HoleIndex p = 0; p < c->size[k]; ++p) c->position[k][s->at[p]] = (int32_t)p;
}

/* Crossings of the links of nodes u and v of column k, u above v, less those with v above u. */
static int64_t gain_of_exchange(const struct hole_columns *c, HoleIndex k, HoleIndex u, HoleIndex v, struct scratch *s)
{
  int64_t gain = 0;

  for (int side = 0; side < 2; ++side) {
    HoleIndex other   = side ? k + 1 : k - 1;
    int64_t   above_u = 0, above_v = 0;

    if (!has_side(c, k, side)) continue;
    invert(c, other, s->other);
    for (HoleIndex q = 0; q < c->size[other]; ++q) {
      int64_t from_u = weight(c, k, side, u, s->other[q]), from_v = weight(c, k, side, v, s->other[q]);

      gain += from_u * above_v - from_v * above_u;
      above_u += from_u;
      above_v += from_v;
    }
  }
  return gain;
}

/* Exchange neighbours in column k where that saves crossings; false if none did. */
static PetscBool exchange(const struct hole_columns *c, HoleIndex k, struct scratch *s)
{
  PetscBool changed = PETSC_FALSE;

  invert(c, k, s->at);
  for (HoleIndex p = 0; p + 1 < c->size[k]; ++p) {
    int32_t u = s->at[p], v = s->at[p + 1];

    if (gain_of_exchange(c, k, u, v, s) <= 0) continue;
    s->at[p]          = v;
    s->at[p + 1]      = u;
    c->position[k][v] = (int32_t)p;
    c->position[k][u] = (int32_t)p + 1;
    changed           = PETSC_TRUE;
  }
  return changed;
}

/* Each exchange saves crossings, so this ends. */
static void exchange_all(const struct hole_columns *c, struct scratch *s)
{
  PetscBool changed = PETSC_TRUE;

  for (int pass = 0; changed && pass < PASSES; ++pass) {
    changed = PETSC_FALSE;
    for (HoleIndex k = 0; k < c->n; ++k) changed = (PetscBool)(exchange(c, k, s) || changed);
  }
}

static void copy_positions(const struct hole_columns *c, int32_t all[], PetscBool back)
{
  for (HoleIndex k = 0; k < c->n; all += c->size[k++]) {
    size_t bytes = (size_t)c->size[k] * sizeof(*all);

    if (!bytes) continue; /* an empty column may have no array */
    if (back) memcpy(c->position[k], all, bytes);
    else memcpy(all, c->position[k], bytes);
  }
}

/* To: by the columns on the left; fro: by those on the right. */
static void sweep(const struct hole_columns *c, PetscBool to, struct scratch *s)
{
  for (HoleIndex k = 1; to && k < c->n; ++k) sort_by_means(c, k, 0, s);
  for (HoleIndex k = c->n - 2; !to && k >= 0; --k) sort_by_means(c, k, 1, s);
}

static void improve(const struct hole_columns *c, struct scratch *s)
{
  int64_t fewest = count_all(c, s), found;

  copy_positions(c, s->best, PETSC_FALSE);
  for (int k = 0, since = 0; k < SWEEPS && since < PATIENCE && fewest; ++k, ++since) {
    sweep(c, (PetscBool)(k % 2), s); /* fro first: what merges later is ordered from its end */
    found = count_all(c, s);
    if (found >= fewest) continue;
    fewest = found;
    since  = 0;
    copy_positions(c, s->best, PETSC_FALSE);
  }
  copy_positions(c, s->best, PETSC_TRUE);
  exchange_all(c, s);
}

static PetscErrorCode allocate(const struct hole_columns *c, struct scratch *s)
{
  HoleIndex most = 0, all = 0;

  PetscFunctionBegin;
  for (HoleIndex k = 0; k < c->n; ++k) {
    most = PetscMax(most, c->size[k]);
    all += c->size[k];
  }
  PetscCall(PetscMalloc5(most, &s->at, most, &s->other, most, &s->mean, most, &s->sum, all, &s->best));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_columns_order(struct hole_columns *c, int64_t *crossings)
{
  struct scratch s;

  PetscFunctionBegin;
  PetscCall(allocate(c, &s));
  improve(c, &s);
  *crossings = count_all(c, &s);
  PetscCall(PetscFree5(s.at, s.other, s.mean, s.sum, s.best));
  PetscFunctionReturn(PETSC_SUCCESS);
}
