/* Short rows in place of long ones.

   Axes span nearly the same as the principal ones of a sample of the points [Jolliffe2002, section 3.5]: a random matrix is multiplied by the
   sample's Gram matrix a few times [HalkoMartinssonTropp2011, algorithm 4.4], in a third of the time that eigenvectors take.
   For a matrix B of axes with |B| <= 1 and C = (1 - B'B)^(1/2), |x - y|^2 = |B(x - y)|^2 + |C(x - y)|^2, which is no less than
   |Bx - By|^2 + (|Cx| - |Cy|)^2. That |B| <= 1 is seen to by scaling, so that nothing rests on the axes being good. */
#include "shadows.h"

#include "../core/block.h"
#include "../core/cast.h"
#include "../core/fault.h"
#include "../core/random.h"
#include <hole/hole_error.h>
#include <math.h>
#include <petscblaslapack.h>

enum {
  MOST_SAMPLE   = 256,
  SAMPLE_VALUES = 1 << 22, /* no more of all points of the sample */
  N_PRODUCTS    = 2,       /* with the Gram matrix */
  STRIP         = 64,      /* points whose shadows are cast together */
  FLOAT_LANES   = 16,
  AXES          = 63, /* these and the rest are four vectors */
  LEAST_POINTS  = 4096,
  LEAST_UNITS   = 128
};

extern void sgemm_(const char *, const char *, const PetscBLASInt *, const PetscBLASInt *, const PetscBLASInt *,
                   const float *, const float *, const PetscBLASInt *, const float *, const PetscBLASInt *,
                   const float *, float *, const PetscBLASInt *);

struct sample {
  HoleIndex    n;
  float       *rows;   /* [n, width] */
  PetscMPIInt *counts; /* [ranks] */
  PetscMPIInt *starts;
  double      *units;   /* [n, width] the rows in double */
  double      *gram;    /* [n, n] */
  double      *vectors; /* [n_axes, n] */
  double      *product; /* [n_axes, n] */
};

/* Shadows are to be much shorter than rows. */
HoleIndex hole_shadows_default_axes(HoleIndex n, HoleIndex width)
{
  return n < LEAST_POINTS || width < LEAST_UNITS ? 0 : PetscMin(AXES, width / 4 - 1);
}

HoleIndex hole_shadows_floats(HoleIndex n_axes) { return n_axes ? HOLE_ROW_STRIDE(n_axes + 1) : 0; }

/* --- Axes */

/* Local. */
static PetscErrorCode allocate(HoleDistances d, struct sample *p, struct hole_shadows *s)
{
  PetscFunctionBegin;
  PetscCall(hole_fault(d->comm, "shadows_allocate"));
  PetscCall(PetscMalloc2(d->size, &p->counts, d->size, &p->starts));
  PetscCall(PetscMalloc2(p->n * s->width, &p->rows, p->n * s->width, &p->units));
  PetscCall(PetscMalloc3(p->n * p->n, &p->gram, s->n_axes * p->n, &p->vectors, s->n_axes * p->n, &p->product));
  PetscCall(PetscMalloc1(s->n_axes * s->width, &s->axes));
  PetscCall(PetscMalloc1(p->n * s->n_floats, &s->sample));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: the same points on every rank, evenly spread. */
static PetscErrorCode gather_sample(HoleDistances d, const struct hole_shadows *s, const float rows[], struct sample *p)
{
  MPI_Datatype row;
  PetscMPIInt  width;

  PetscFunctionBegin;
  PetscCall(PetscArrayzero(p->counts, d->size));
  for (HoleIndex a = 0; a < p->n; ++a) {
    const HoleIndex   i     = a * d->n / p->n;
    const PetscMPIInt owner = hole_block_owner(d->n, d->size, i);

    ++p->counts[owner];
    if (owner == d->rank) PetscCall(PetscArraycpy(p->rows + a * s->width, rows + (i - d->first) * s->width, s->width));
  }
  for (PetscMPIInt r = 0; r < d->size; ++r) p->starts[r] = r ? p->starts[r - 1] + p->counts[r - 1] : 0;
  PetscCall(hole_mpi_int(s->width, &width));
  PetscCallMPI(MPI_Type_contiguous(width, MPI_FLOAT, &row));
  PetscCallMPI(MPI_Type_commit(&row));
  PetscCallMPI(MPI_Allgatherv(MPI_IN_PLACE, 0, row, p->rows, p->counts, p->starts, row, d->comm));
  PetscCallMPI(MPI_Type_free(&row));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: k columns of `length` values become orthonormal ones that span as much, or more [Householder]. */
static PetscErrorCode orthonormalise(HoleIndex length, HoleIndex k, double columns[])
{
  const PetscBLASInt n = (PetscBLASInt)length, m = (PetscBLASInt)k, n_work = 64 * m;
  PetscBLASInt       info;
  double            *factors, *work;

  PetscFunctionBegin;
  PetscCall(PetscMalloc2(k, &factors, n_work, &work));
  PetscCallBLAS("LAPACKgeqrf", LAPACKgeqrf_(&n, &m, columns, &n, factors, work, &n_work, &info));
  PetscCallBLAS("LAPACKorgqr", LAPACKorgqr_(&n, &m, &m, columns, &n, factors, work, &n_work, &info));
  PetscCall(PetscFree2(factors, work));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: vectors that span nearly the same as the first principal components. BLAS counts by columns: our rows are its columns. */
static PetscErrorCode find_components(const struct hole_shadows *s, struct sample *p)
{
  const PetscBLASInt n = (PetscBLASInt)p->n, width = (PetscBLASInt)s->width, k = (PetscBLASInt)s->n_axes;
  const double       one = 1, zero = 0;

  PetscFunctionBegin;
  PetscCallBLAS("BLASgemm",
                BLASgemm_("T", "N", &n, &n, &width, &one, p->units, &width, p->units, &width, &zero, p->gram, &n));
  for (HoleIndex v = 0; v < s->n_axes * p->n; ++v) p->vectors[v] = hole_random_uniform(0, (uint64_t)v) - 0.5;
  for (int round = 0; round < N_PRODUCTS; ++round) {
    PetscCallBLAS("BLASgemm",
                  BLASgemm_("N", "N", &n, &k, &n, &one, p->gram, &n, p->vectors, &n, &zero, p->product, &n));
    PetscCall(orthonormalise(p->n, s->n_axes, p->product));
    PetscCall(PetscArraycpy(p->vectors, p->product, s->n_axes * p->n));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The largest sum of absolute values of a row of B B', no less than its largest eigenvalue |B|^2. */
static double square_norm(HoleIndex n, const double product[])
{
  double most = 0;

  for (HoleIndex a = 0; a < n; ++a) {
    double sum = 0;

    for (HoleIndex b = 0; b < n; ++b) sum += fabs(product[a * n + b]);
    if (!(sum <= most)) most = sum; /* NaN too */
  }
  return most;
}

/* Local, on one rank: axes of length 1; none if they are not nearly orthonormal. */
static PetscErrorCode make_axes(struct hole_shadows *s, struct sample *p)
{
  const PetscBLASInt n = (PetscBLASInt)p->n, width = (PetscBLASInt)s->width, k = (PetscBLASInt)s->n_axes;
  const double       one = 1, zero = 0;
  double             norm;

  PetscFunctionBegin;
  for (HoleIndex u = 0; u < p->n * s->width; ++u) p->units[u] = p->rows[u];
  PetscCall(find_components(s, p));
  PetscCallBLAS("BLASgemm",
                BLASgemm_("N", "N", &width, &k, &n, &one, p->units, &width, p->vectors, &n, &zero, s->axes, &width));
  PetscCall(orthonormalise(s->width, s->n_axes, s->axes));
  PetscCallBLAS("BLASgemm",
                BLASgemm_("T", "N", &k, &k, &width, &one, s->axes, &width, s->axes, &width, &zero, p->gram, &k));
  norm = square_norm(s->n_axes, p->gram);
  if (!(norm > 0.5 && norm < 1.5)) s->n_axes = 0;
  for (HoleIndex u = 0; u < s->n_axes * s->width; ++u) s->axes[u] *= (1 - 0x1p-20) / sqrt(norm);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: what the first rank made. Shadows travel, so they must be along the same axes bit for bit, on any mixture of machines. */
static PetscErrorCode share_axes(HoleDistances d, struct hole_shadows *s)
{
  PetscMPIInt n_values;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Bcast(&s->n_axes, 1, HOLE_MPI_INDEX, 0, d->comm));
  s->n_floats = hole_shadows_floats(s->n_axes);
  PetscCall(hole_mpi_int(s->n_axes * s->width, &n_values));
  PetscCallMPI(MPI_Bcast(s->axes, n_values, MPI_DOUBLE, 0, d->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local. */
static PetscErrorCode cast_sample(struct hole_shadows *s, const struct sample *p)
{
  PetscFunctionBegin;
  if (s->n_axes) PetscCall(hole_shadows_cast(s, p->n, p->rows, s->sample));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective. */
static PetscErrorCode find_axes(HoleDistances d, const float rows[], struct sample *p, struct hole_shadows *s)
{
  PetscFunctionBegin;
  HoleCallAgreed(d->comm, allocate(d, p, s));                         /* local */
  PetscCall(gather_sample(d, s, rows, p));                            /* collective */
  HoleCallAgreed(d->comm, d->rank ? PETSC_SUCCESS : make_axes(s, p)); /* local */
  PetscCall(share_axes(d, s));                                        /* collective */
  HoleCallAgreed(d->comm, cast_sample(s, p));                         /* local */
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_shadows_create(HoleDistances d, HoleIndex width, const float rows[], HoleIndex n_axes,
                                   struct hole_shadows *s)
{
  struct sample  p = {.n = PetscMin(PetscMin(MOST_SAMPLE, d->n), SAMPLE_VALUES / width)};
  PetscErrorCode found;

  PetscFunctionBegin;
  *s = (struct hole_shadows){.width = width};
  if (!n_axes || n_axes > p.n) PetscFunctionReturn(PETSC_SUCCESS); /* equal on all ranks */
  s->n_axes   = n_axes;
  s->n_floats = hole_shadows_floats(n_axes);
  s->n_sample = p.n;
  found       = find_axes(d, rows, &p, s);
  PetscCall(PetscFree2(p.counts, p.starts));
  PetscCall(PetscFree2(p.rows, p.units));
  PetscCall(PetscFree3(p.gram, p.vectors, p.product));
  PetscCall(found);
  PetscFunctionReturn(PETSC_SUCCESS);
}

double hole_shadows_predict_bytes(HoleIndex width, HoleIndex n_axes)
{
  const HoleIndex n = PetscMin(MOST_SAMPLE, SAMPLE_VALUES / width);

  return (double)(n * width) * (sizeof(float) + sizeof(double)) +
         (double)sizeof(double) * (double)(n * n + n_axes * (2 * n + width));
}

PetscErrorCode hole_shadows_destroy(struct hole_shadows *s)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(s->axes));
  PetscCall(PetscFree(s->sample));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* --- Shadows */

/* What the axes leave of a point is rounded up: too long a rest only lowers a lower bound, and no digits are lost to the difference. */
static void cast_one(const struct hole_shadows *s, double norm, const double along[], float shadow[])
{
  double rest = norm;

  for (HoleIndex a = 0; a < s->n_axes; ++a) {
    rest -= along[a] * along[a];
    shadow[a] = (float)along[a];
  }
  shadow[s->n_axes] = (float)(sqrt(PetscMax(rest, 0) + norm * 0x1p-32) * (1 + 0x1p-22));
  for (HoleIndex a = s->n_axes + 1; a < s->n_floats; ++a) shadow[a] = 0;
}

/* A strip of rows in double; their squared norms. */
HOLE_CLONES
static void widen(HoleIndex width, HoleIndex n, const float rows[], double units[], double norms[])
{
  for (HoleIndex i = 0; i < n; ++i) {
    hole_v8 sum = {0};

    for (HoleIndex c = 0; c < width; c += HOLE_LANES) {
      hole_v8 u;

      for (int l = 0; l < HOLE_LANES; ++l) u[l] = rows[i * width + c + l];
      *(hole_v8 *)(units + i * width + c) = u;
      sum += u * u;
    }
    norms[i] = 0;
    for (int l = 0; l < HOLE_LANES; ++l) norms[i] += sum[l];
  }
}

PetscErrorCode hole_shadows_cast(const struct hole_shadows *s, HoleIndex n, const float rows[], float shadows[])
{
  const PetscBLASInt width = (PetscBLASInt)s->width, k = (PetscBLASInt)s->n_axes;
  const double       one = 1, zero = 0;
  double            *units, *along, norms[STRIP];

  PetscFunctionBegin;
  PetscCall(PetscMalloc2(STRIP * s->width, &units, STRIP * s->n_axes, &along));
  for (HoleIndex first = 0; first < n; first += STRIP) {
    const PetscBLASInt count = (PetscBLASInt)PetscMin(STRIP, n - first);

    widen(s->width, count, rows + first * s->width, units, norms);
    PetscCallBLAS("BLASgemm",
                  BLASgemm_("T", "N", &k, &count, &width, &one, s->axes, &width, units, &width, &zero, along, &k));
    for (HoleIndex i = 0; i < count; ++i)
      cast_one(s, norms[i], along + i * s->n_axes, shadows + (first + i) * s->n_floats);
  }
  PetscCall(PetscFree2(units, along));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* --- Groups */

HOLE_CLONES
static uint8_t find_nearest(HoleIndex n, const float norms[], const float products[])
{
  HoleIndex nearest = 0;

  for (HoleIndex g = 1; g < n; ++g) {
    if (norms[g] - 2 * products[g] < norms[nearest] - 2 * products[nearest]) nearest = g;
  }
  return (uint8_t)nearest;
}

void hole_shadows_group(const struct hole_shadows *s, HoleIndex n, const float shadows[], HoleIndex n_groups,
                        uint8_t groups[])
{
  const HoleIndex    m = PetscMin(n_groups, s->n_sample), stride = s->n_sample / m * s->n_floats;
  const PetscBLASInt bm = (PetscBLASInt)m, k = (PetscBLASInt)s->n_floats, bstride = (PetscBLASInt)stride;
  const float        one = 1, zero = 0;
  float              norms[MOST_SAMPLE] = {0}, products[STRIP * MOST_SAMPLE];

  for (HoleIndex g = 0; g < m; ++g) {
    for (HoleIndex c = 0; c < s->n_floats; ++c) norms[g] += s->sample[g * stride + c] * s->sample[g * stride + c];
  }
  for (HoleIndex first = 0; first < n; first += STRIP) {
    const PetscBLASInt count = (PetscBLASInt)PetscMin(STRIP, n - first);

    sgemm_("T", "N", &bm, &count, &k, &one, s->sample, &bstride, shadows + first * s->n_floats, &k, &zero, products,
           &bm);
    for (HoleIndex i = 0; i < count; ++i) groups[first + i] = find_nearest(m, norms, products + i * m);
  }
}
