/* Principal axes of rows that are split over ranks.

   All sums over rows are made panel by panel: PANEL rows with consecutive global numbers, which every rank sees, whoever owns
   them. So no sum knows where the rows of one rank end.

   - Up to as many units as rows: the covariance, in square tiles of TILE units dealt to the ranks. A tile adds the product of
     each panel, in their order, by one BLAS call of one shape (panels and tiles are padded with zeros), so that
     equal bits come of it wherever it is computed.
   - Fewer rows than units: the products of all pairs of centred rows, each summed in the order of metric_impl.h. If u is an
     eigenvector of this matrix G = X X' of value m, then X' u / sqrt(m) is one of X' X of the same value [Jolliffe2002, section 3.5].

   Rank 0 finds the eigenvectors and sends them to all. */
#include "principal.h"

#include "../core/block.h"
#include "../core/cast.h"
#include "../core/fault.h"
#include "metric_impl.h"
#include <hole/hole_error.h>
#include <math.h>
#include <petscblaslapack.h>

enum { PANEL = 256, TILE = 64, MOST_ORDER = 8192 };

/* The product of rows, of centred and padded ones. */
#define HOLE_TILE_ADD(sum, u, v)  ((sum) += (u) * (v))
#define HOLE_TILE_FINISH(s, x, y) (s)
#include "tile.h"

struct rows {
  MPI_Comm      comm;
  PetscMPIInt   rank, size, *counts, *starts; /* [size] rows of the panel at hand from each rank */
  HoleIndex     n, width, first, n_local;
  double       *own; /* [n_local, width] */
  double       *raw; /* [PANEL, width] the panel */
  MPI_Datatype  row;
  HoleIndex     stride; /* of the panel once it is centred: the units, padded to a multiple of TILE */
  double       *panel;  /* [PANEL, stride] */
  const double *mean;
};

/* ---- Panels ---- */

/* Local. */
static PetscErrorCode allocate_panels(struct rows *x)
{
  PetscFunctionBegin;
  PetscCall(hole_fault(x->comm, "principal_panels"));
  PetscCall(PetscMalloc2(x->size, &x->counts, x->size, &x->starts));
  PetscCall(PetscMalloc1(PANEL * x->width, &x->raw));
  PetscCall(PetscCalloc1(PANEL * x->stride, &x->panel));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: rows [first, first + PANEL) of all. */
static PetscErrorCode get_panel(struct rows *x, HoleIndex first)
{
  PetscMPIInt mine;

  PetscFunctionBegin;
  for (PetscMPIInt r = 0; r < x->size; ++r) {
    HoleIndex from = PetscMax(first, hole_block_first(x->n, x->size, r));
    HoleIndex to   = PetscMin(first + PANEL, hole_block_first(x->n, x->size, r + 1));

    x->counts[r] = (PetscMPIInt)PetscMax(0, to - from);
    x->starts[r] = x->counts[r] ? (PetscMPIInt)(from - first) : 0;
  }
  mine = x->counts[x->rank];
  PetscCallMPI(MPI_Allgatherv(x->own + (mine ? first + x->starts[x->rank] - x->first : 0) * x->width, mine, x->row,
                              x->raw, x->counts, x->starts, x->row, x->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: the same, less the mean, padded with zeros. */
static PetscErrorCode get_centred_panel(struct rows *x, HoleIndex first)
{
  const HoleIndex n = PetscMin(PANEL, x->n - first);

  PetscFunctionBegin;
  PetscCall(get_panel(x, first));
  for (HoleIndex i = 0; i < n; ++i) {
    for (HoleIndex c = 0; c < x->width; ++c) x->panel[i * x->stride + c] = x->raw[i * x->width + c] - x->mean[c];
  }
  PetscCall(PetscArrayzero(x->panel + n * x->stride, (PANEL - n) * x->stride));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective. */
static PetscErrorCode find_mean(struct rows *x, double mean[])
{
  double *sum = x->panel; /* of a panel; free until the mean is known */

  PetscFunctionBegin;
  PetscCall(PetscArrayzero(mean, x->width));
  for (HoleIndex first = 0; first < x->n; first += PANEL) {
    PetscCall(get_panel(x, first));
    PetscCall(PetscArrayzero(sum, x->width));
    for (HoleIndex i = 0; i < PetscMin(PANEL, x->n - first); ++i) {
      for (HoleIndex c = 0; c < x->width; ++c) sum[c] += x->raw[i * x->width + c];
    }
    for (HoleIndex c = 0; c < x->width; ++c) mean[c] += sum[c];
  }
  for (HoleIndex c = 0; c < x->width; ++c) mean[c] /= (double)x->n;
  PetscCall(PetscArrayzero(sum, x->width));
  x->mean = mean;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Eigenvectors, on rank 0 ---- */

/* Local: the largest n_axes eigenvalues of a symmetric matrix, which is destroyed, and their vectors, descending. */
static PetscErrorCode find_eigenvectors(const char name[], HoleIndex n, double matrix[], HoleIndex n_axes,
                                        double values[], double vectors[])
{
  const PetscBLASInt order = (PetscBLASInt)n, first = (PetscBLASInt)(n - n_axes + 1);
  PetscBLASInt       found, info, n_work = 64 * order,
                            *ints; /* LAPACK asks for 8 rows of work, and is faster with its block size more */
  const double tolerance = 0;      /* the default of LAPACK */
  double       largest   = 0, *work, *ascending, *columns;

  PetscFunctionBegin;
  for (HoleIndex e = 0; e < n * n; ++e) largest += fabs(matrix[e]);
  PetscCheck(isfinite(largest), PETSC_COMM_SELF, HOLE_ERR_INPUT,
             "Layer %s: values are so large that their covariance overflows double precision", name);
  PetscCall(PetscMalloc4(n_work, &work, n, &ascending, n * n_axes, &columns, 6 * n, &ints));
  PetscCallBLAS("LAPACKsyevx",
                LAPACKsyevx_("V", "I", "L", &order, matrix, &order, NULL, NULL, &first, &order, &tolerance, &found,
                             ascending, columns, &order, work, &n_work, ints, ints + 5 * n, &info));
  if (!info) {
    for (HoleIndex a = 0; a < n_axes; ++a) {
      values[a] = PetscMax(0, ascending[n_axes - 1 - a]);
      for (HoleIndex i = 0; i < n; ++i) vectors[i * n_axes + a] = columns[(n_axes - 1 - a) * n + i];
    }
  }
  PetscCall(PetscFree4(work, ascending, columns, ints));
  PetscCheck(!info, PETSC_COMM_SELF, PETSC_ERR_LIB, "Layer %s: LAPACK found no principal axes, dsyevx() gave %d", name,
             (int)info);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Covariance ---- */

/* Tiles (i,j), j <= i, are numbered by rows; number t belongs to rank t modulo the ranks. */
struct tiles {
  HoleIndex    n_sides, n; /* of the matrix, in tiles */
  double      *own;        /* one after another, TILE * TILE each */
  double      *all;        /* rank 0: those of rank 0, of rank 1, ... */
  PetscMPIInt *counts, *starts;
  double      *matrix; /* rank 0: [width, width] */
};

/* Local. */
static PetscErrorCode allocate_tiles(struct rows *x, struct tiles *t)
{
  PetscFunctionBegin;
  PetscCall(hole_fault(x->comm, "principal_covariance"));
  t->n_sides = x->stride / TILE;
  t->n       = t->n_sides * (t->n_sides + 1) / 2;
  PetscCall(PetscMalloc2(x->size, &t->counts, x->size, &t->starts));
  for (PetscMPIInt r = 0; r < x->size; ++r) {
    t->counts[r] = (PetscMPIInt)((t->n + x->size - 1 - r) / x->size);
    t->starts[r] = r ? t->starts[r - 1] + t->counts[r - 1] : 0;
  }
  PetscCall(PetscCalloc1((HoleIndex)t->counts[x->rank] * TILE * TILE, &t->own));
  if (x->rank) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscMalloc1(t->n * TILE * TILE, &t->all));
  PetscCall(PetscMalloc1(x->width * x->width, &t->matrix));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: the share of one panel in our tiles. A panel by rows is, to BLAS, its transpose by columns. */
static void add_panel(const struct rows *x, const struct tiles *t)
{
  const PetscBLASInt side = TILE, depth = PANEL, stride = (PetscBLASInt)x->stride;
  const double       one    = 1;
  HoleIndex          number = 0;
  double            *own    = t->own;

  for (HoleIndex i = 0; i < t->n_sides; ++i) {
    for (HoleIndex j = 0; j <= i; ++j, ++number) {
      if (number % x->size != x->rank) continue;
      BLASgemm_("N", "T", &side, &side, &depth, &one, x->panel + i * TILE, &stride, x->panel + j * TILE, &stride, &one,
                own, &side);
      own += TILE * TILE;
    }
  }
}

/* Rank 0: the lower half of the matrix, by columns, from the tiles of all ranks. */
static void place_tiles(const struct rows *x, const struct tiles *t)
{
  HoleIndex number = 0;

  for (HoleIndex i = 0; i < t->n_sides; ++i) {
    for (HoleIndex j = 0; j <= i; ++j, ++number) {
      const double *tile_ij = t->all + (t->starts[number % x->size] + number / x->size) * TILE * TILE;
      HoleIndex     n_rows = PetscMin(TILE, x->width - i * TILE), n_columns = PetscMin(TILE, x->width - j * TILE);

      for (HoleIndex b = 0; b < n_columns; ++b) {
        for (HoleIndex a = 0; a < n_rows; ++a)
          t->matrix[(j * TILE + b) * x->width + i * TILE + a] = tile_ij[b * TILE + a];
      }
    }
  }
  for (HoleIndex j = 0; j < x->width; ++j) {
    for (HoleIndex i = j; i < x->width; ++i) {
      t->matrix[j * x->width + i] /= (double)(x->n - 1);
      t->matrix[i * x->width + j] = t->matrix[j * x->width + i];
    }
  }
}

/* Collective. */
static PetscErrorCode sum_tiles(struct rows *x, struct tiles *t)
{
  MPI_Datatype type;

  PetscFunctionBegin;
  HoleCallAgreed(x->comm, allocate_tiles(x, t)); /* local */
  for (HoleIndex first = 0; first < x->n; first += PANEL) {
    PetscCall(get_centred_panel(x, first));
    add_panel(x, t);
  }
  PetscCallMPI(MPI_Type_contiguous(TILE * TILE, MPI_DOUBLE, &type));
  PetscCallMPI(MPI_Type_commit(&type));
  PetscCallMPI(MPI_Gatherv(t->own, t->counts[x->rank], type, t->all, t->counts, t->starts, type, 0, x->comm));
  PetscCallMPI(MPI_Type_free(&type));
  if (!x->rank) place_tiles(x, t);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode axes_of_covariance(struct rows *x, const char name[], struct hole_principal *p)
{
  struct tiles   t = {0};
  PetscErrorCode found;

  PetscFunctionBegin;
  found = sum_tiles(x, &t);
  if (!found)
    found =
        HoleErrorAgree(x->comm, x->rank ? PETSC_SUCCESS
                                        : find_eigenvectors(name, x->width, t.matrix, p->n_axes, p->variance, p->axes));
  PetscCall(PetscFree2(t.counts, t.starts));
  PetscCall(PetscFree(t.own));
  PetscCall(PetscFree(t.all));
  PetscCall(PetscFree(t.matrix));
  PetscCall(found);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Products of rows ---- */

/* Our rows, centred and padded as those of a panel; their products with all; on rank 0 those of all ranks. */
struct gram {
  double      *rows;     /* [n_local, stride] */
  double      *products; /* [n_local, n] */
  double      *matrix;   /* rank 0: [n, n] */
  PetscMPIInt *counts, *starts;
  double      *vectors; /* [n, n_axes] */
};

/* Local. */
static PetscErrorCode allocate_gram(struct rows *x, HoleIndex n_axes, struct gram *g)
{
  PetscFunctionBegin;
  PetscCall(hole_fault(x->comm, "principal_gram"));
  PetscCall(PetscCalloc1(x->n_local * x->stride, &g->rows));
  PetscCall(PetscMalloc1(x->n_local * x->n, &g->products));
  PetscCall(PetscMalloc1(x->n * n_axes, &g->vectors));
  PetscCall(PetscMalloc2(x->size, &g->counts, x->size, &g->starts));
  for (PetscMPIInt r = 0; r < x->size; ++r) {
    g->counts[r] = (PetscMPIInt)hole_block_count(x->n, x->size, r);
    g->starts[r] = (PetscMPIInt)hole_block_first(x->n, x->size, r);
  }
  for (HoleIndex i = 0; i < x->n_local; ++i) {
    for (HoleIndex c = 0; c < x->width; ++c) g->rows[i * x->stride + c] = x->own[i * x->width + c] - x->mean[c];
  }
  if (!x->rank) PetscCall(PetscMalloc1(x->n * x->n, &g->matrix));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective. */
static PetscErrorCode multiply_rows(struct rows *x, HoleIndex n_axes, struct gram *g)
{
  MPI_Datatype type;
  PetscMPIInt  n;

  PetscFunctionBegin;
  HoleCallAgreed(x->comm, allocate_gram(x, n_axes, g)); /* local */
  for (HoleIndex first = 0; first < x->n; first += PANEL) {
    PetscCall(get_centred_panel(x, first));
    kernel.tile(x->n_local, g->rows, PetscMin(PANEL, x->n - first), x->panel, x->stride, x->stride, g->products + first,
                x->n);
  }
  PetscCall(hole_mpi_int(x->n, &n)); /* equal on all ranks */
  PetscCallMPI(MPI_Type_contiguous(n, MPI_DOUBLE, &type));
  PetscCallMPI(MPI_Type_commit(&type));
  PetscCallMPI(MPI_Gatherv(g->products, g->counts[x->rank], type, g->matrix, g->counts, g->starts, type, 0, x->comm));
  PetscCallMPI(MPI_Type_free(&type));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rank 0: eigenvectors divided by the root of their values, so that they give axes. What is not told from 0 gives none. */
static PetscErrorCode solve_gram(struct rows *x, const char name[], struct gram *g, struct hole_principal *p)
{
  PetscFunctionBegin;
  if (x->rank) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(find_eigenvectors(name, x->n, g->matrix, p->n_axes, p->variance, g->vectors));
  for (HoleIndex a = p->n_axes - 1; a >= 0; --a) {
    const PetscBool is_zero = (PetscBool)(p->variance[a] <= 64 * PETSC_MACHINE_EPSILON * p->variance[0]);

    for (HoleIndex i = 0; i < x->n; ++i)
      g->vectors[i * p->n_axes + a] = is_zero ? 0 : g->vectors[i * p->n_axes + a] / sqrt(p->variance[a]);
    p->variance[a] /= (double)(x->n - 1);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: X' times the vectors. A rank sums some of the units over all rows, in their order; elsewhere it has zeros. */
static PetscErrorCode combine_rows(struct rows *x, const struct gram *g, struct hole_principal *p)
{
  const HoleIndex k = p->n_axes, from = hole_block_first(x->width, x->size, x->rank),
                  to = from + hole_block_count(x->width, x->size, x->rank);
  PetscMPIInt n_vectors, n_axes;

  PetscFunctionBegin;
  PetscCall(hole_mpi_int(x->n * k, &n_vectors)); /* equal on all ranks */
  PetscCall(hole_mpi_int(x->width * k, &n_axes));
  PetscCallMPI(MPI_Bcast(g->vectors, n_vectors, MPI_DOUBLE, 0, x->comm));
  PetscCall(PetscArrayzero(p->axes, x->width * k));
  for (HoleIndex first = 0; first < x->n; first += PANEL) {
    PetscCall(get_centred_panel(x, first));
    for (HoleIndex i = 0; i < PetscMin(PANEL, x->n - first); ++i) {
      const double *row = x->panel + i * x->stride, *vector = g->vectors + (first + i) * k;

      for (HoleIndex c = from; c < to; ++c) {
        for (HoleIndex a = 0; a < k; ++a) p->axes[c * k + a] += row[c] * vector[a];
      }
    }
  }
  PetscCallMPI(
      MPI_Allreduce(MPI_IN_PLACE, p->axes, n_axes, MPI_DOUBLE, MPI_SUM, x->comm)); /* of one number and zeros */
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode axes_of_products(struct rows *x, const char name[], struct hole_principal *p)
{
  struct gram    g = {0};
  PetscErrorCode found;

  PetscFunctionBegin;
  found = multiply_rows(x, p->n_axes, &g);
  if (!found) found = HoleErrorAgree(x->comm, solve_gram(x, name, &g, p));
  if (!found) found = combine_rows(x, &g, p);
  PetscCall(PetscFree2(g.counts, g.starts));
  PetscCall(PetscFree(g.rows));
  PetscCall(PetscFree(g.products));
  PetscCall(PetscFree(g.matrix));
  PetscCall(PetscFree(g.vectors));
  PetscCall(found);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Both ---- */

/* Local. */
static PetscErrorCode allocate_principal(struct rows *x, struct hole_principal *p)
{
  PetscMPIInt n;

  PetscFunctionBegin;
  PetscCall(allocate_panels(x));
  PetscCall(hole_mpi_int(PANEL * x->stride, &n)); /* what follows is less */
  PetscCall(PetscMalloc1(p->width, &p->mean));
  PetscCall(PetscMalloc1(p->n_axes, &p->variance));
  PetscCall(PetscMalloc1(p->n_axes * p->width, &p->axes));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective. */
static PetscErrorCode find(struct rows *x, const char name[], struct hole_principal *p)
{
  PetscFunctionBegin;
  PetscCheck(PetscMin(x->n, x->width) <= MOST_ORDER, PETSC_COMM_SELF, HOLE_ERR_RESOURCE,
             "Layer %s: principal axes of %" HoleIndex_FMT " points of %" HoleIndex_FMT
             " units; expected at most %d points or units, lower -max_points or choose another -reshape",
             name, x->n, x->width, MOST_ORDER);      /* equal on all ranks */
  HoleCallAgreed(x->comm, allocate_principal(x, p)); /* local */
  PetscCall(find_mean(x, p->mean));
  if (x->n < x->width) PetscCall(axes_of_products(x, name, p));
  else {
    PetscCall(axes_of_covariance(x, name, p));
    PetscCallMPI(MPI_Bcast(p->axes, (PetscMPIInt)(p->width * p->n_axes), MPI_DOUBLE, 0, x->comm));
  }
  PetscCallMPI(MPI_Bcast(p->variance, (PetscMPIInt)p->n_axes, MPI_DOUBLE, 0, x->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_principal_find(HoleActivations acts, HoleIndex n_axes, struct hole_principal *p)
{
  struct rows    x = {.comm = HoleActivationsGetComm(acts)};
  PetscMPIInt    width;
  PetscErrorCode found;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(x.comm, &x.rank));
  PetscCallMPI(MPI_Comm_size(x.comm, &x.size));
  PetscCall(HoleActivationsGetShape(acts, &x.n, &x.width, &x.first, &x.n_local));
  PetscCall(HoleActivationsGetRows(acts, &x.own));
  x.stride = (x.width + TILE - 1) / TILE * TILE;
  *p       = (struct hole_principal){.n_axes = n_axes, .width = x.width};
  PetscCall(hole_mpi_int(x.width, &width)); /* equal on all ranks */
  PetscCallMPI(MPI_Type_contiguous(width, MPI_DOUBLE, &x.row));
  PetscCallMPI(MPI_Type_commit(&x.row));
  found = find(&x, HoleActivationsGetName(acts), p);
  PetscCallMPI(MPI_Type_free(&x.row));
  PetscCall(PetscFree2(x.counts, x.starts));
  PetscCall(PetscFree(x.raw));
  PetscCall(PetscFree(x.panel));
  PetscCall(found);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_principal_destroy(struct hole_principal *p)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(p->mean));
  PetscCall(PetscFree(p->variance));
  PetscCall(PetscFree(p->axes));
  PetscFunctionReturn(PETSC_SUCCESS);
}

double hole_principal_predict_bytes(HoleIndex n, HoleIndex width, PetscMPIInt size)
{
  const double value = (double)sizeof(double), side = (double)((width + TILE - 1) / TILE * TILE), d = (double)width;
  const double n_local = (double)hole_block_count(n, size, 0);
  const double panels  = value * PANEL * (side + d);

  if (n < width) return panels + value * (n_local * side + n_local * (double)n + (double)n * (double)n);
  return panels + value * (side * side / 2 * (1 + 1. / size) + d * d);
}
