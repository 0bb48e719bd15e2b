/* The plane of the two largest variances: principal components of which only two are wanted, so that no covariance matrix is made.

   Let Z be the centred rows. The space spanned by V, Z'Z V, (Z'Z)^2 V, ... for two random vectors V holds the leading eigenvectors of
   Z'Z ever better [Lanczos1950]; two of them, so that a variance that occurs twice is found twice. All vectors are kept, and
   orthogonal. With H the products of the vectors through Z'Z, an eigenvector c of the part of H that belongs to the vectors
   that were multiplied so far gives the approximation V c, and the other rows of H c are what is left of it: its error.

   A product with Z'Z is the only thing that needs messages: a sum over all rows. Terms are rounded to multiples of a number q so
   large that every partial sum is a multiple of q below 2^53 q: then no sum rounds, and its bits do not depend on the order
   [DemmelNguyen2015]. Relative to the largest term, q is 2^-52 times the number of rows.

   Rows are used as f ((s x - s y) - mean) with powers of two f and s, so that nothing overflows or vanishes, and the first row y, so
   that what does not vary is 0 exactly. */
#include <hole/hole_views.h>

#include "../core/block.h"
#include "../core/cast.h"
#include "../core/fault.h"
#include "../core/random.h"
#include "../core/simd.h"
#include "../core/threads.h"
#include <hole/hole_error.h>
#include <math.h>
#include <petscblaslapack.h>

enum { AXES = 2, MOST_VECTORS = 128, LOOK_EVERY = 8 };

#define TOLERANCE 1e-11 /* error of an eigenvector, relative to the largest eigenvalue, before gaps */
#define NOTHING   1e-13 /* what is left of a product that lies in the space, relative to it */

struct plane {
  MPI_Comm      comm;
  PetscMPIInt   rank, size;
  HoleIndex     n, width, first, n_local;
  const double *rows; /* [n_local, width] */
  double        s, f;
  double       *reference; /* [width] s times the first of all rows */
  double       *mean;      /* [width] of s x less it */
  double       *row;       /* [width] one row as it is used */
  double       *products;  /* [n_local] of rows with a vector */
  double        total;     /* sum of squares of all rows */

  HoleIndex most, n_vectors, n_done; /* vectors: room, there, multiplied by Z'Z */
  double   *vectors;                 /* [most, width] */
  double   *image;                   /* [width] Z'Z times a vector */
  double   *h;                       /* [most, most] */
  double   *coefficients;            /* [AXES, most] of the approximations */
  double    values[AXES];
};

/* ---- Sums that do not depend on their order ---- */

/* Adding and subtracting it rounds a term of at most `bound` so that n of them are summed without rounding. */
static double rounder(double bound, HoleIndex n)
{
  int bits = 2;

  while (((HoleIndex)1 << (bits - 2)) < n) ++bits;
  return bound > 0 ? ldexp(1.5, ilogb(bound) + 1 + bits) : 1;
}

/* Collective: sums over ranks of such terms. */
static PetscErrorCode add_ranks(struct plane *p, HoleIndex n, double sums[])
{
  PetscMPIInt count;

  PetscFunctionBegin;
  PetscCall(hole_mpi_int(n, &count)); /* equal on all ranks */
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, sums, count, MPI_DOUBLE, MPI_SUM, p->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode largest_of_ranks(struct plane *p, double *value)
{
  PetscFunctionBegin;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, value, 1, MPI_DOUBLE, MPI_MAX, p->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Vectors ---- */

/* In the lanes of metric_impl.h, so that all instruction sets agree. */
HOLE_CLONES
static double multiply(HoleIndex n, const double x[], const double y[])
{
  hole_v8   lanes = {0};
  double    sum   = 0;
  HoleIndex c     = 0;

  for (; c + HOLE_LANES <= n; c += HOLE_LANES) lanes += *(const hole_v8 *)(x + c) * *(const hole_v8 *)(y + c);
  for (; c < n; ++c) sum += x[c] * y[c];
  return sum + (((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7])));
}

/* y += a x */
HOLE_CLONES
static void add(HoleIndex n, double a, const double x[], double y[])
{
  for (HoleIndex c = 0; c < n; ++c) y[c] += a * x[c];
}

/* sum += a x, each term rounded */
HOLE_CLONES
static void add_rounded(HoleIndex n, double a, const double x[], double magic, double sum[])
{
  for (HoleIndex c = 0; c < n; ++c) sum[c] += (a * x[c] + magic) - magic;
}

HOLE_CLONES
static void centre(HoleIndex n, const double x[], double s, const double reference[], const double mean[], double f,
                   double out[])
{
  for (HoleIndex c = 0; c < n; ++c) out[c] = f * ((s * x[c] - reference[c]) - mean[c]);
}

/* Local row i as it is used. */
static const double *get_row(struct plane *p, HoleIndex i)
{
  centre(p->width, p->rows + i * p->width, p->s, p->reference, p->mean, p->f, p->row);
  return p->row;
}

/* ---- Rows ---- */

static double magnitude(HoleIndex n, const double x[])
{
  double most = 0;

  for (HoleIndex c = 0; c < n; ++c) most = PetscMax(most, fabs(x[c]));
  return most;
}

/* The power of two that brings `most` to 1 or more, below 2. */
static double scale_of(double most) { return most > 0 ? ldexp(1, PetscMin(1000, -ilogb(most))) : 1; }

/* Collective: the scale, the first row and the mean. */
static PetscErrorCode find_mean(struct plane *p)
{
  double      most = magnitude(p->n_local * p->width, p->rows), magic;
  PetscMPIInt n;

  PetscFunctionBegin;
  PetscCall(largest_of_ranks(p, &most));
  p->s = scale_of(most);
  p->f = 1;
  for (HoleIndex c = 0; c < p->width && !p->rank; ++c) p->reference[c] = p->s * p->rows[c];
  PetscCall(hole_mpi_int(p->width, &n));                            /* equal on all ranks */
  PetscCallMPI(MPI_Bcast(p->reference, n, MPI_DOUBLE, 0, p->comm)); /* who has any row has the first */
  PetscCall(PetscArrayzero(p->image, p->width));
  magic = rounder(4, p->n);
  for (HoleIndex i = 0; i < p->n_local; ++i) add_rounded(p->width, 1, get_row(p, i), magic, p->image);
  PetscCall(add_ranks(p, p->width, p->image));
  for (HoleIndex c = 0; c < p->width; ++c) p->mean[c] = p->image[c] / (double)p->n;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: mean, scales and the sum of squares. */
static PetscErrorCode prepare(struct plane *p)
{
  double most = 0, magic;

  PetscFunctionBegin;
  PetscCall(find_mean(p));
  for (HoleIndex i = 0; i < p->n_local; ++i) most = PetscMax(most, magnitude(p->width, get_row(p, i)));
  PetscCall(largest_of_ranks(p, &most));
  p->f = scale_of(most);
  most = 0;
  for (HoleIndex i = 0; i < p->n_local; ++i) {
    get_row(p, i);
    p->products[i] = multiply(p->width, p->row, p->row);
    most           = PetscMax(most, p->products[i]);
  }
  PetscCall(largest_of_ranks(p, &most));
  magic = rounder(most, p->n);
  for (HoleIndex i = 0; i < p->n_local; ++i) p->total += (p->products[i] + magic) - magic;
  PetscCall(add_ranks(p, 1, &p->total));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: image = Z'Z v. */
static PetscErrorCode apply(struct plane *p, const double v[])
{
  double most = 0, magic;

  PetscFunctionBegin;
  for (HoleIndex i = 0; i < p->n_local; ++i) {
    p->products[i] = multiply(p->width, get_row(p, i), v);
    most           = PetscMax(most, fabs(p->products[i]));
  }
  PetscCall(largest_of_ranks(p, &most));
  magic = rounder(2 * most, p->n); /* no value of a row is above 2 */
  PetscCall(PetscArrayzero(p->image, p->width));
  for (HoleIndex i = 0; i < p->n_local; ++i) add_rounded(p->width, p->products[i], get_row(p, i), magic, p->image);
  PetscCall(add_ranks(p, p->width, p->image));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- The space ---- */

/* Take from w what lies in the space, twice, as once leaves too much behind; add the rest to it, unless it is nothing. */
static void append(struct plane *p, double w[])
{
  const double before = sqrt(multiply(p->width, w, w));
  double       after;

  for (int twice = 0; twice < 2; ++twice) {
    for (HoleIndex k = 0; k < p->n_vectors; ++k) {
      const double *v = p->vectors + k * p->width;

      add(p->width, -multiply(p->width, v, w), v, w);
    }
  }
  after = sqrt(multiply(p->width, w, w));
  if (!(after > NOTHING * before) || p->n_vectors == p->most) return;
  for (HoleIndex c = 0; c < p->width; ++c) p->vectors[p->n_vectors * p->width + c] = w[c] / after;
  ++p->n_vectors;
}

static void start_space(struct plane *p)
{
  for (uint64_t a = 0; a < AXES; ++a) {
    for (HoleIndex c = 0; c < p->width; ++c) p->image[c] = hole_random_uniform(a, (uint64_t)c) - 0.5;
    append(p, p->image);
  }
}

/* Collective: one vector more is multiplied. */
static PetscErrorCode extend_space(struct plane *p)
{
  const HoleIndex j = p->n_done++;

  PetscFunctionBegin;
  PetscCall(apply(p, p->vectors + j * p->width));
  /* Products with vectors that are still to come are entered when these are multiplied themselves; the rest of the new one, here. */
  for (HoleIndex i = 0; i < p->n_vectors; ++i)
    p->h[i * p->most + j] = p->h[j * p->most + i] = multiply(p->width, p->vectors + i * p->width, p->image);
  if (p->n_vectors < p->most) {
    const HoleIndex n = p->n_vectors;

    PetscCall(PetscArraycpy(p->row, p->image, p->width));
    append(p, p->image);
    if (p->n_vectors > n)
      p->h[n * p->most + j] = p->h[j * p->most + n] = multiply(p->width, p->vectors + n * p->width, p->row);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local, on one rank: the largest eigenvalues of the part of H that is known; `scratch` is [n_done, n_done]. */
static PetscErrorCode solve(struct plane *p, double scratch[], double values[], double work[])
{
  const PetscBLASInt n = (PetscBLASInt)p->n_done, n_work = 4 * MOST_VECTORS;
  PetscBLASInt       info;

  PetscFunctionBegin;
  for (HoleIndex j = 0; j < n; ++j) {
    for (HoleIndex i = 0; i < n; ++i) scratch[j * n + i] = p->h[j * p->most + i];
  }
  PetscCallBLAS("LAPACKsyev", LAPACKsyev_("V", "L", &n, scratch, &n, values, work, &n_work, &info));
  PetscCheck(!info, PETSC_COMM_SELF, PETSC_ERR_LIB, "LAPACK found no eigenvalues, dsyev() gave %d", (int)info);
  for (HoleIndex a = 0; a < AXES; ++a) {
    p->values[a] = a < n ? PetscMax(0, values[n - 1 - a]) : 0;
    for (HoleIndex i = 0; i < p->most; ++i)
      p->coefficients[a * p->most + i] = a < n && i < n ? scratch[(n - 1 - a) * n + i] : 0;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode solve_first(struct plane *p)
{
  double        *scratch, *values, *work;
  int            n_threads;
  PetscErrorCode solved;

  PetscFunctionBegin;
  if (p->rank) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscMalloc3(p->n_done * p->n_done, &scratch, p->n_done, &values, 4 * MOST_VECTORS, &work));
  n_threads = hole_blas_threads(1); /* bits depend on their number */
  solved    = solve(p, scratch, values, work);
  hole_blas_threads(n_threads);
  PetscCall(PetscFree3(scratch, values, work));
  PetscCall(solved);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Are both axes good enough? From numbers that are equal on all ranks. */
static PetscBool is_found(const struct plane *p)
{
  if (p->n_done == p->n_vectors) return PETSC_TRUE;
  for (HoleIndex a = 0; a < AXES; ++a) {
    double square = 0;

    for (HoleIndex i = p->n_done; i < p->n_vectors; ++i) {
      const double left = multiply(p->n_done, p->h + i * p->most, p->coefficients + a * p->most);

      square += left * left;
    }
    if (sqrt(square) > TOLERANCE * p->values[0]) return PETSC_FALSE;
  }
  return PETSC_TRUE;
}

/* Collective: the first rank decides, as LAPACK need not give equal bits on unequal machines. */
static PetscErrorCode look(struct plane *p, PetscBool *found)
{
  PetscFunctionBegin;
  HoleCallAgreed(p->comm, solve_first(p)); /* local */
  PetscCallMPI(MPI_Bcast(p->values, AXES, MPI_DOUBLE, 0, p->comm));
  PetscCallMPI(MPI_Bcast(p->coefficients, (PetscMPIInt)(AXES * p->most), MPI_DOUBLE, 0, p->comm));
  *found = is_found(p);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- The plane ---- */

/* An axis from its coefficients, of length 1, pointing to where its largest component is positive. */
static void make_axis(struct plane *p, HoleIndex a, double axis[])
{
  double    length;
  HoleIndex largest = 0;

  for (HoleIndex c = 0; c < p->width; ++c) axis[c] = 0;
  for (HoleIndex i = 0; i < p->n_done; ++i)
    add(p->width, p->coefficients[a * p->most + i], p->vectors + i * p->width, axis);
  for (HoleIndex c = 1; c < p->width; ++c) {
    if (fabs(axis[c]) > fabs(axis[largest])) largest = c;
  }
  length = sqrt(multiply(p->width, axis, axis));
  if (axis[largest] < 0) length = -length;
  for (HoleIndex c = 0; c < p->width; ++c) axis[c] /= length;
}

/* Collective. */
static PetscErrorCode project(struct plane *p, double plane[], double explained[AXES])
{
  PetscMPIInt *counts, *starts;

  PetscFunctionBegin;
  for (HoleIndex a = 0; a < AXES; ++a) {
    explained[a] = p->total > 0 ? p->values[a] / p->total : 0;
    if (!(p->values[a] > NOTHING * p->values[0])) explained[a] = 0; /* nothing but rounding */
    if (explained[a] > 0) make_axis(p, a, p->image);
    else PetscCall(PetscArrayzero(p->image, p->width));
    for (HoleIndex i = 0; i < p->n_local; ++i)
      plane[AXES * (p->first + i) + a] = multiply(p->width, get_row(p, i), p->image) / p->f / p->s;
  }
  HoleCallAgreed(p->comm, PetscMalloc2(p->size, &counts, p->size, &starts));
  for (PetscMPIInt r = 0; r < p->size; ++r) {
    counts[r] = (PetscMPIInt)(AXES * hole_block_count(p->n, p->size, r));
    starts[r] = (PetscMPIInt)(AXES * hole_block_first(p->n, p->size, r));
  }
  PetscCallMPI(MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, plane, counts, starts, MPI_DOUBLE, p->comm));
  PetscCall(PetscFree2(counts, starts));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local. */
static PetscErrorCode allocate(struct plane *p, double **plane)
{
  PetscMPIInt n;

  PetscFunctionBegin;
  PetscCall(hole_fault(p->comm, "views_plane"));
  PetscCall(hole_mpi_int(AXES * p->n, &n));
  p->most = PetscMin(MOST_VECTORS, p->width);
  PetscCall(PetscMalloc1(AXES * p->n, plane));
  PetscCall(PetscMalloc1(p->width, &p->reference));
  PetscCall(PetscCalloc1(p->width, &p->mean)); /* none yet */
  PetscCall(PetscMalloc1(p->width, &p->row));
  PetscCall(PetscMalloc1(p->width, &p->image));
  PetscCall(PetscMalloc1(p->n_local, &p->products));
  PetscCall(PetscMalloc1(p->most * p->width, &p->vectors));
  PetscCall(PetscCalloc1(p->most * p->most, &p->h));
  PetscCall(PetscCalloc1(AXES * p->most, &p->coefficients));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode find_plane(struct plane *p, double **plane, double explained[AXES])
{
  PetscBool found = PETSC_FALSE;

  PetscFunctionBegin;
  HoleCallAgreed(p->comm, allocate(p, plane)); /* local */
  PetscCall(prepare(p));
  start_space(p);
  while (!found && p->total > 0) {
    PetscCall(extend_space(p));
    if (p->n_done % LOOK_EVERY == 0 || p->n_done == p->n_vectors) PetscCall(look(p, &found));
  }
  PetscCall(project(p, *plane, explained));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleViewsFindPlane(HoleActivations acts, double **plane, double explained[AXES])
{
  struct plane   p = {.comm = HoleActivationsGetComm(acts)};
  double        *rows;
  PetscErrorCode found;

  PetscFunctionBegin;
  *plane       = NULL;
  explained[0] = explained[1] = 0;
  PetscCallMPI(MPI_Comm_rank(p.comm, &p.rank));
  PetscCallMPI(MPI_Comm_size(p.comm, &p.size));
  PetscCall(HoleActivationsGetShape(acts, &p.n, &p.width, &p.first, &p.n_local));
  PetscCall(HoleActivationsGetRows(acts, &rows));
  p.rows = rows;
  found  = find_plane(&p, plane, explained);
  PetscCall(PetscFree(p.reference));
  PetscCall(PetscFree(p.mean));
  PetscCall(PetscFree(p.row));
  PetscCall(PetscFree(p.image));
  PetscCall(PetscFree(p.products));
  PetscCall(PetscFree(p.vectors));
  PetscCall(PetscFree(p.h));
  PetscCall(PetscFree(p.coefficients));
  if (found) PetscCall(PetscFree(*plane));
  PetscCall(found);
  PetscFunctionReturn(PETSC_SUCCESS);
}

double HoleViewsPredictPlaneBytes(HoleIndex n, HoleIndex width, PetscMPIInt size)
{
  const double vectors = (double)PetscMin(MOST_VECTORS, width) + 4;

  return (double)sizeof(double) * (AXES * (double)n + vectors * (double)width + (double)hole_block_count(n, size, 0));
}
