/* Bounds of all pairs of a tile from one matrix product in single precision.

   Points are centred, scaled by a power of two so that no norm exceeds 1, and rounded to single precision. For points x, y of d
   units the product gives s' with |s' - |x - y|^2| <= g (|x|^2 + |y|^2) + t, g = m u / (1 - m u), u = 2^-24, m a little more
   than d, whatever the order of summation. The lower bound folds that error into the norms:
   low = |x|^2 (1 - g) + |y|^2 (1 - g) - 2 x.y - t. */
#include "tiles.h"

#include "../core/block.h"
#include "../core/cast.h"
#include "../core/fault.h"
#include "../core/pages.h"
#include "shadows.h"
#include <float.h>
#include <hole/hole_error.h>
#include <math.h>
#include <petscblaslapack.h>

extern void sgemm_(const char *, const char *, const PetscBLASInt *, const PetscBLASInt *, const PetscBLASInt *,
                   const float *, const float *, const PetscBLASInt *, const float *, const PetscBLASInt *,
                   const float *, float *, const PetscBLASInt *);

/* Where lengths are single precision, rounding one to the nearest float moves its measure by at most 2^-23 of itself, which is no
   more than 2^-22 (|x|^2 + |y|^2) = 4 u (|x|^2 + |y|^2); twice that is added to m. */
enum { SINGLE_ROUNDINGS = 8, SHADOW_ROUNDINGS = 8 };
#define MOST_SINGLE_FACTOR 0x1p60

/* The formula of a length adds up squares of up to 2^22 units; each of them may lose 2^-1075 where it is below the normal numbers: of a
   measure that is at most f^2 2^-1053, far below the absolute part of the error for factors up to this one. */
#define MOST_FACTOR 0x1p400

/* What products need of some points. */
struct rounded {
  HoleIndex first, count, capacity;
  float    *rows;    /* [count, n_floats] */
  float    *shadows; /* [count, floats of a shadow] or NULL */
  float    *base;    /* [count] |x|^2 (1 - g) - t / 2, rounded down */
  float    *slack;   /* [count] */
  float    *scale;   /* [count] factor of the measure, for local scales; NULL for none */
};

struct hole_tiles_s {
  HoleDistances       d;
  PetscBool           products;    /* bounds by products; otherwise lengths are rounded */
  HoleIndex           n_floats;    /* units, padded */
  double             *centre;      /* [n_padded] */
  double              factor;      /* of the points */
  double              unit;        /* of the local scales */
  double              gamma, tiny; /* relative and absolute part of the error of a point */
  struct hole_shadows shadows;
  float              *clump; /* [HOLE_MOST_CLUMP, n_floats] */
  struct rounded      own, other;
  struct hole_block   block;
};

PetscErrorCode hole_tiles_get_size(HoleIndex *size)
{
  PetscInt tile = HOLE_TILE;

  PetscFunctionBegin;
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-distances_tile", &tile, NULL));
  *size = PetscMax(1, PetscMin(tile, HOLE_MOST_TILE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* --- Measures */

/* Exact up to a few roundings of double precision, all far below one of single precision. */
static double measure(hole_tiles t, double length)
{
  if (!t->products) return length;
  if (t->d->metric->bound == HOLE_BOUND_ANGULAR) return 2 * length * t->unit;
  return length * t->factor * t->unit * (length * t->factor * t->unit);
}

float hole_tiles_measure_above(hole_tiles t, double length)
{
  return (float)(measure(t, length) * (1 + 0x1p-22)) + 0x1p-140F;
}

float hole_tiles_measure_below(hole_tiles t, double length)
{
  return (float)(measure(t, length) * (1 - 0x1p-22)) - 0x1p-140F;
}

/* --- Points in single precision */

/* The units of a prepared point as the bound wants them: divided by the norm for angles. */
static double unit_factor(hole_tiles t, const double row[])
{
  return t->d->metric->bound == HOLE_BOUND_ANGULAR ? 1 / sqrt(row[t->d->n_padded]) : 1;
}

typedef float hole_f16 __attribute__((vector_size(64), aligned(4), may_alias));
typedef float hole_f8 __attribute__((vector_size(32), aligned(4), may_alias)); /* eight floats, any address */

/* Round a point: (factor row - centre) * scale. Returns its squared norm, before the rounding. */
HOLE_CLONES
static double round_row(HoleIndex n_padded, const double row[], double factor, const double centre[], double scale,
                        float out[])
{
  hole_v8 sum = {0};

  for (HoleIndex c = 0; c < n_padded; c += HOLE_LANES) {
    const hole_v8 u = (factor * *(const hole_v8 *)(row + c) - *(const hole_v8 *)(centre + c)) * scale;

    sum += u * u;
    *(hole_f8 *)(out + c) = __builtin_convertvector(u, hole_f8);
  }
  return hole_metric_sum((const double *)&sum);
}

/* Add a point to a sum; returns its squared norm. */
HOLE_CLONES
static double add_row(HoleIndex n_padded, const double row[], double factor, double sum[])
{
  hole_v8 square = {0};

  for (HoleIndex c = 0; c < n_padded; c += HOLE_LANES) {
    const hole_v8 u = factor * *(const hole_v8 *)(row + c);

    square += u * u;
    *(hole_v8 *)(sum + c) += u;
  }
  return hole_metric_sum((const double *)&square);
}

static PetscErrorCode free_rounded(struct rounded *r)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(r->rows));
  PetscCall(PetscFree(r->shadows));
  PetscCall(PetscFree(r->base));
  PetscCall(PetscFree(r->slack));
  PetscCall(PetscFree(r->scale));
  r->capacity = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local. */
static PetscErrorCode allocate_rounded(hole_tiles t, HoleIndex count, struct rounded *r)
{
  PetscFunctionBegin;
  r->capacity = count;
  PetscCall(PetscMalloc1(count, &r->slack));
  for (HoleIndex i = 0; i < count; ++i) r->slack[i] = 0x1p-138F; /* of lengths that are only rounded */
  if (!t->products) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscMalloc1(count * t->n_floats, &r->rows));
  hole_huge_pages(r->rows, (size_t)(count * t->n_floats) * sizeof(*r->rows));
  PetscCall(PetscMalloc1(count, &r->base));
  if (t->d->scale) PetscCall(PetscMalloc1(count, &r->scale));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static float local_scale(hole_tiles t, HoleIndex i)
{
  const double s = t->d->scale[i];

  return (float)(t->d->metric->bound == HOLE_BOUND_ANGULAR ? sqrt(t->unit / s) : t->unit / s);
}

/* Local: shadows of some points; room for them only, if they come from elsewhere. */
static PetscErrorCode cast_shadows(hole_tiles t, PetscBool come, struct rounded *r)
{
  PetscFunctionBegin;
  if (!t->shadows.n_axes) PetscFunctionReturn(PETSC_SUCCESS);
  if (!r->shadows) PetscCall(PetscMalloc1(r->capacity * t->shadows.n_floats, &r->shadows));
  if (come) PetscFunctionReturn(PETSC_SUCCESS);
  if (!t->clump) PetscCall(PetscMalloc1(HOLE_MOST_CLUMP * t->n_floats, &t->clump));
  PetscCall(hole_shadows_cast(&t->shadows, r->count, r->rows, r->shadows));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void round_points(hole_tiles t, const struct hole_block *block, struct rounded *r)
{
  r->first = block->first;
  r->count = block->count;
  for (HoleIndex i = 0; i < block->count; ++i) {
    const double *row  = block->rows + i * t->d->point_stride;
    float        *out  = r->rows + i * t->n_floats;
    const double  norm = round_row(t->d->n_padded, row, unit_factor(t, row), t->centre, t->factor, out);

    for (HoleIndex c = t->d->n_padded; c < t->n_floats; ++c) out[c] = 0;
    r->base[i]  = nextafterf((float)(norm * (1 - t->gamma) - t->tiny), -INFINITY);
    r->slack[i] = (float)(2.1 * (norm * t->gamma + t->tiny));
    if (!r->scale) continue;
    r->scale[i] = local_scale(t, block->ids ? block->ids[i] : block->first + i);
    /* A scale is at most 1, so the slack of a pair is no more than the sum of these. */
    r->slack[i] = r->slack[i] * r->scale[i] * (1 + 0x1p-20F) + 0x1p-140F;
  }
}

/* Collective: the mean of all points, and the largest squared norm. Any point would do; the mean keeps norms, and so
   errors, small. */
static PetscErrorCode find_centre(hole_tiles t, double *largest)
{
  HoleDistances d = t->d;
  PetscMPIInt   n;

  PetscFunctionBegin;
  *largest = 0;
  for (HoleIndex i = 0; i < d->n_local; ++i) {
    const double *row  = d->points + i * d->point_stride;
    const double  norm = add_row(d->n_padded, row, unit_factor(t, row), t->centre);

    *largest = norm <= *largest ? *largest : norm; /* NaN too */
  }
  PetscCall(hole_mpi_int(d->n_padded, &n));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, t->centre, n, MPI_DOUBLE, MPI_SUM, d->comm));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, largest, 1, MPI_DOUBLE, MPI_MAX, d->comm));
  for (HoleIndex c = 0; c < d->n_padded; ++c) t->centre[c] /= (double)d->n;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Powers of two that bring norms and local scales to at most 1. The centre is no longer than the longest point. Equal on all
   ranks. */
static PetscErrorCode find_factors(hole_tiles t, double largest)
{
  HoleDistances d     = t->d;
  double        least = INFINITY;

  PetscFunctionBegin;
  PetscCheck(largest < 0x1p1019, PETSC_COMM_SELF, HOLE_ERR_INPUT,
             "Layer %s: a distance overflows double precision; points are too far apart", d->name);
  if (d->metric->bound == HOLE_BOUND_EUCLIDEAN && largest > 0) t->factor = exp2(-ceil(log2(4 * largest) / 2));
  for (HoleIndex i = 0; d->scale && i < d->n; ++i) least = PetscMin(least, d->scale[i]);
  if (d->scale) t->unit = exp2(floor(log2(least)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local. */
static PetscErrorCode allocate_own(hole_tiles t)
{
  PetscFunctionBegin;
  PetscCall(hole_fault(t->d->comm, "tiles_allocate"));
  PetscCall(PetscCalloc1(t->d->n_padded, &t->centre));
  PetscCall(allocate_rounded(t, t->d->n_local, &t->own));
  t->own.first = t->d->first;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective. A few axes more than the bound has room for would not do: the errors of a shadow must be no more than those of its point. */
static PetscErrorCode make_shadows(hole_tiles t, HoleIndex n_axes)
{
  PetscFunctionBegin;
  if (n_axes > t->d->width - SHADOW_ROUNDINGS) n_axes = 0; /* equal on all ranks */
  PetscCall(hole_shadows_create(t->d, t->n_floats, t->own.rows, n_axes, &t->shadows));
  HoleCallAgreed(t->d->comm, cast_shadows(t, PETSC_FALSE, &t->own)); /* local */
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective. */
static PetscErrorCode set_up(hole_tiles t, HoleIndex n_axes)
{
  HoleDistances d = t->d;
  const double  m = (double)(d->width + 24 + (d->single ? SINGLE_ROUNDINGS : 0));
  double        largest;

  PetscFunctionBegin;
  t->products = (PetscBool)(!hole_distances_stored(d) && d->metric->bound != HOLE_BOUND_NONE && m < 0x1p22);
  t->n_floats = HOLE_ROW_STRIDE(d->n_padded);
  t->factor = t->unit = 1;
  t->gamma            = m * 0x1p-24 / (1 - m * 0x1p-24);
  t->tiny             = 8 * m * 0x1p-126;
  HoleCallAgreed(d->comm, allocate_own(t)); /* local */
  if (!t->products) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(find_centre(t, &largest));
  PetscCall(find_factors(t, largest));
  /* Lengths, or their squares, below the normal numbers lose more digits than products account for; then bounds come from lengths. */
  if (t->factor > (d->single ? MOST_SINGLE_FACTOR : MOST_FACTOR)) t->products = PETSC_FALSE;
  if (!t->products) PetscFunctionReturn(PETSC_SUCCESS); /* equal on all ranks */
  if (d->metric->bound == HOLE_BOUND_ANGULAR)
    t->tiny += m * 0x1p-49; /* the formula loses digits where rows are parallel */
  round_points(t, &(struct hole_block){d->rank, d->first, d->n_local, d->points, NULL}, &t->own);
  PetscCall(make_shadows(t, n_axes));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_tiles_create(HoleDistances d, HoleIndex n_axes, hole_tiles *tiles)
{
  hole_tiles     t;
  PetscErrorCode made;

  PetscFunctionBegin;
  *tiles = NULL;
  PetscCall(PetscNew(&t));
  t->d = d;
  made = set_up(t, n_axes);
  if (made) PetscCall(hole_tiles_destroy(&t));
  PetscCall(made);
  *tiles = t;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_tiles_set_block(hole_tiles t, const struct hole_block *block)
{
  PetscFunctionBegin;
  t->block = *block;
  if (block->owner == t->d->rank) PetscFunctionReturn(PETSC_SUCCESS);
  if (block->count > t->other.capacity) {
    PetscCall(free_rounded(&t->other));
    PetscCall(allocate_rounded(t, block->count, &t->other));
  }
  if (t->products) {
    round_points(t, block, &t->other);
    PetscCall(cast_shadows(t, (PetscBool)!block->ids, &t->other)); /* landmarks belong to no rank */
  } else t->other.first = block->first;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_tiles_exchange_shadows(hole_tiles t, PetscMPIInt from)
{
  const PetscMPIInt owner = t->block.owner;
  PetscMPIInt       n_floats, n_own, n_other;
  MPI_Datatype      shadow;

  PetscFunctionBegin;
  if (!t->shadows.n_axes || owner == t->d->rank) PetscFunctionReturn(PETSC_SUCCESS); /* equal on all ranks */
  PetscCall(hole_mpi_int(t->shadows.n_floats, &n_floats));
  PetscCall(hole_mpi_int(t->own.count, &n_own));
  PetscCall(hole_mpi_int(t->other.count, &n_other));
  PetscCallMPI(MPI_Type_contiguous(n_floats, MPI_FLOAT, &shadow));
  PetscCallMPI(MPI_Type_commit(&shadow));
  PetscCallMPI(MPI_Sendrecv(t->own.shadows, n_own, shadow, from, 0, t->other.shadows, n_other, shadow, owner, 0,
                            t->d->comm, MPI_STATUS_IGNORE));
  PetscCallMPI(MPI_Type_free(&shadow));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* --- Tiles */

HOLE_CLONES
static void add_norms(HoleIndex n, float low[], float base, const float bases[])
{
  for (HoleIndex b = 0; b < n; ++b) low[b] += base + bases[b];
}

/* The factor 1 - 2^-20 makes up for the roundings of the scales; below 0 a lower bound says nothing anyway. */
HOLE_CLONES
static void scale_row(HoleIndex n, float low[], float scale, const float scales[])
{
  for (HoleIndex b = 0; b < n; ++b) low[b] *= scale * scales[b] * (1 - 0x1p-20F);
}

static const struct rounded *others_of(hole_tiles t) { return t->block.owner == t->d->rank ? &t->own : &t->other; }

static void fill_by_products(hole_tiles t, const struct rounded *other, struct hole_tile *tile)
{
  const HoleIndex n_floats     = tile->of_shadows ? t->shadows.n_floats : t->n_floats;
  const float    *own          = tile->of_shadows ? t->own.shadows : t->own.rows,
              *others          = tile->of_shadows ? other->shadows : other->rows;
  const float        minus_two = -2, zero = 0;
  const PetscBLASInt n_i = (PetscBLASInt)tile->n_i, n_j = (PetscBLASInt)tile->n_j, k = (PetscBLASInt)n_floats,
                     stride = (PetscBLASInt)tile->stride;
  const HoleIndex i = tile->i - t->own.first, j = tile->j - other->first;

  /* BLAS counts by columns: what it takes for [n_j, n_i] by columns is our [n_i, n_j] by rows. */
  sgemm_("T", "N", &n_j, &n_i, &k, &minus_two, others + j * n_floats, &k, own + i * n_floats, &k, &zero, tile->low,
         &stride);
  for (HoleIndex a = 0; a < tile->n_i; ++a) {
    add_norms(tile->n_j, tile->low + a * tile->stride, t->own.base[i + a], other->base + j);
    if (t->own.scale) scale_row(tile->n_j, tile->low + a * tile->stride, t->own.scale[i + a], other->scale + j);
  }
}

enum { AT_ONCE = 4 }; /* rows that one row meets together */

/* Products of row x and some rows that lie anywhere. */
HOLE_CLONES
static void multiply(HoleIndex n_floats, const float x[], const float *const y[], float products[])
{
  hole_f16 sum[AT_ONCE] = {0};

  for (HoleIndex c = 0; c < n_floats; c += HOLE_FLOAT_LANES) {
    const hole_f16 u = *(const hole_f16 *)(x + c);

    for (int b = 0; b < AT_ONCE; ++b) sum[b] += u * *(const hole_f16 *)(y[b] + c);
  }
  for (int b = 0; b < AT_ONCE; ++b) {
    products[b] = 0;
    for (int l = 0; l < HOLE_FLOAT_LANES; ++l) products[b] += sum[b][l];
  }
}

void hole_tiles_refine(hole_tiles t, const struct hole_tile *tile, HoleIndex a, HoleIndex n, const uint16_t columns[])
{
  const struct rounded *other = others_of(t);
  const HoleIndex       i = tile->i + a - t->own.first, j = tile->j - other->first;
  float                *low = tile->low + a * tile->stride;

  for (HoleIndex f = 0; f < n; f += AT_ONCE) {
    const float *rows[AT_ONCE];
    float        products[AT_ONCE];

    for (int b = 0; b < AT_ONCE; ++b) rows[b] = other->rows + (j + columns[PetscMin(f + b, n - 1)]) * t->n_floats;
    multiply(t->n_floats, t->own.rows + i * t->n_floats, rows, products);
    for (HoleIndex b = 0; b < PetscMin(AT_ONCE, n - f); ++b) {
      const HoleIndex column = columns[f + b];

      low[column] = -2 * products[b];
      add_norms(1, low + column, t->own.base[i], other->base + j + column);
      if (t->own.scale) scale_row(1, low + column, t->own.scale[i], other->scale + j + column);
    }
  }
}

/* Rounded down, to something finite. */
HOLE_CLONES
static void round_lengths(HoleIndex n, const double length[], float low[])
{
  for (HoleIndex b = 0; b < n; ++b) {
    const double finite = length[b] < FLT_MAX ? length[b] : FLT_MAX; /* whose upper bound is infinite */

    low[b] = (float)finite * (1 - 0x1p-22F) - 0x1p-140F;
  }
}

enum { STRIP = 64 }; /* lengths computed at once where there is no product */

static void fill_by_lengths(hole_tiles t, struct hole_tile *tile)
{
  HoleDistances   d      = t->d;
  const PetscBool stored = hole_distances_stored(d);
  double          length[STRIP];

  for (HoleIndex a = 0; a < tile->n_i; ++a) {
    const HoleIndex i   = tile->i + a - d->first;
    float          *low = tile->low + a * tile->stride;

    for (HoleIndex b = 0; b < tile->n_j; b += STRIP) {
      const HoleIndex n = PetscMin(STRIP, tile->n_j - b);

      if (stored) {
        round_lengths(n, hole_distances_read(d, i, tile->j + b, n, length), low + b);
        continue;
      }
      hole_distances_tile(d, tile->i + a, 1, d->points + i * d->point_stride, tile->j + b, n,
                          t->block.rows + (tile->j + b - t->block.first) * d->point_stride, length, STRIP);
      round_lengths(n, length, low + b);
    }
  }
}

void hole_tiles_fill(hole_tiles t, struct hole_tile *tile)
{
  const struct rounded *other = others_of(t);

  tile->slack_i = t->own.slack + (tile->i - t->d->first);
  tile->slack_j = other->slack + (tile->j - t->block.first);
  if (t->products) fill_by_products(t, other, tile);
  else fill_by_lengths(t, tile);
}

const float *hole_tiles_slack(hole_tiles t) { return t->own.slack; }

PetscErrorCode hole_tiles_free_points(hole_tiles t)
{
  PetscFunctionBegin;
  PetscCall(free_rounded(&t->own));
  PetscCall(free_rounded(&t->other));
  PetscCall(hole_shadows_destroy(&t->shadows));
  PetscCall(PetscFree(t->clump));
  PetscFunctionReturn(PETSC_SUCCESS);
}

void hole_tiles_group(hole_tiles t, HoleIndex i, HoleIndex n, HoleIndex n_groups, uint8_t groups[])
{
  hole_shadows_group(&t->shadows, n, t->own.shadows + (i - t->own.first) * t->shadows.n_floats, n_groups, groups);
}

void hole_tiles_fill_clump(hole_tiles t, HoleIndex n, const uint32_t ids[], float low[], float high[])
{
  const struct rounded *own       = &t->own;
  const float           minus_two = -2, zero = 0;
  const PetscBLASInt    bn = (PetscBLASInt)n, k = (PetscBLASInt)t->n_floats;

  for (HoleIndex a = 0; a < n; ++a)
    memcpy(t->clump + a * t->n_floats, own->rows + (ids[a] - own->first) * t->n_floats,
           (size_t)t->n_floats * sizeof(float));
  sgemm_("T", "N", &bn, &bn, &k, &minus_two, t->clump, &k, t->clump, &k, &zero, low, &bn);
  for (HoleIndex a = 0; a < n; ++a) {
    const HoleIndex i = ids[a] - own->first;

    for (HoleIndex b = 0; b < n; ++b) {
      const HoleIndex j    = ids[b] - own->first;
      float          *pair = low + a * n + b;

      add_norms(1, pair, own->base[i], own->base + j);
      if (own->scale) scale_row(1, pair, own->scale[i], own->scale + j);
      high[a * n + b] = hole_tile_high(*pair, own->slack[i], own->slack[j]);
    }
  }
}

PetscBool hole_tiles_have_shadows(hole_tiles t) { return (PetscBool)(t->shadows.n_axes > 0); }

PetscBool hole_tiles_have_products(hole_tiles t) { return t->products; }

static const double *own_point(hole_tiles t, HoleIndex i)
{
  return t->d->points + (i - t->d->first) * t->d->point_stride;
}

/* A point of the block at hand, or one of our own: those stay. Landmarks have numbers of their own. */
static const double *block_point(hole_tiles t, HoleIndex j)
{
  if (!t->block.ids && j >= t->d->first && j < t->d->first + t->d->n_local) return own_point(t, j);
  return t->block.rows + (j - t->block.first) * t->d->point_stride;
}

static HoleIndex block_id(hole_tiles t, HoleIndex j) { return t->block.ids ? t->block.ids[j] : j; }

double hole_tiles_length(hole_tiles t, HoleIndex i, HoleIndex j)
{
  double length;

  hole_tiles_lengths_from_own(t, i, 1, &j, &length);
  return length;
}

void hole_tiles_prefetch(hole_tiles t, HoleIndex i, HoleIndex j)
{
  const double *x, *y;

  if (hole_distances_stored(t->d)) return;
  x = own_point(t, i);
  y = block_point(t, j);
  for (HoleIndex c = 0; c < t->d->point_stride; c += HOLE_LANES) {
    __builtin_prefetch(x + c);
    __builtin_prefetch(y + c);
  }
}

void hole_tiles_lengths_from_own(hole_tiles t, HoleIndex i, HoleIndex n, const HoleIndex j[], double lengths[])
{
  HoleDistances   d      = t->d;
  const PetscBool stored = hole_distances_stored(d);

  for (HoleIndex b = 0; stored && b < n; ++b) lengths[b] = hole_distances_at(d, i - d->first, j[b]);
  for (HoleIndex b = 0; !stored && b < n; b += STRIP) {
    const HoleIndex count = PetscMin(STRIP, n - b);
    const double   *points[STRIP];
    HoleIndex       ids[STRIP];

    for (HoleIndex s = 0; s < count; ++s) points[s] = block_point(t, j[b + s]);
    for (HoleIndex s = 0; s < count; ++s) ids[s] = block_id(t, j[b + s]);
    hole_distances_scatter(d, i, own_point(t, i), count, ids, points, lengths + b);
  }
}

void hole_tiles_lengths_from_block(hole_tiles t, HoleIndex j, HoleIndex n, const HoleIndex i[], double lengths[])
{
  HoleDistances   d      = t->d;
  const PetscBool stored = hole_distances_stored(d);

  for (HoleIndex b = 0; stored && b < n; ++b) lengths[b] = hole_distances_at(d, i[b] - d->first, j);
  for (HoleIndex b = 0; !stored && b < n; b += STRIP) {
    const HoleIndex count = PetscMin(STRIP, n - b);
    const double   *points[STRIP];

    for (HoleIndex s = 0; s < count; ++s) points[s] = own_point(t, i[b + s]);
    hole_distances_scatter(d, block_id(t, j), block_point(t, j), count, i + b, points, lengths + b);
  }
}

double hole_tiles_predict_bytes(HoleIndex n, HoleIndex width, HoleIndex n_axes, PetscMPIInt size)
{
  const HoleIndex n_floats = HOLE_ROW_STRIDE(width);
  const HoleIndex axes     = width ? n_axes : 0; /* without products there are no shadows */
  const HoleIndex beside   = width ? 3 + hole_shadows_floats(axes) : 1;
  const double    a_point  = (double)sizeof(float) * (double)(n_floats + beside);
  const double once = (double)sizeof(double) * (double)width + (axes ? hole_shadows_predict_bytes(n_floats, axes) : 0);

  return (size > 1 ? 2 : 1) * (double)hole_block_count(n, size, 0) * a_point + once;
}

PetscErrorCode hole_tiles_destroy(hole_tiles *tiles)
{
  PetscFunctionBegin;
  if (!*tiles) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(free_rounded(&(*tiles)->own));
  PetscCall(free_rounded(&(*tiles)->other));
  PetscCall(hole_shadows_destroy(&(*tiles)->shadows));
  PetscCall(PetscFree((*tiles)->clump));
  PetscCall(PetscFree((*tiles)->centre));
  PetscCall(PetscFree(*tiles));
  PetscFunctionReturn(PETSC_SUCCESS);
}
