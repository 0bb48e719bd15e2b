/* Layers given as distances: matrices and graphs come out as plain loops over the file's values make them, for every type and
   storage, with a subsample and without; what is wrong with them is one message that names row and column. */
#include "hdf5_files.h"
#include "messages.h"

#include "../../src/core/block.h"
#include "../../src/source/source_edges.h"

#include <hole/hole_source.h>
#include <math.h>
#include <stdlib.h>

enum { MOST_POINTS = 64 };

/* Length of a pair: a multiple of 1/8 below 16, which every type of float holds, or a whole number. */
static double pair_length(HoleIndex i, HoleIndex j, PetscBool whole)
{
  const HoleIndex bits = (HoleIndex)(hole_random_bits(17, (uint64_t)(PetscMin(i, j) * 100003 + PetscMax(i, j))) % 120);

  if (i == j) return 0;
  return whole ? (double)bits : (double)bits / 8.0;
}

/* The `m` rows of smallest key, ascending; all for m = 0. */
static HoleIndex draw_rows(HoleIndex n, HoleIndex m, HoleIndex rows[])
{
  HoleIndex n_rows = 0;

  for (HoleIndex i = 0; i < n; ++i) {
    HoleIndex before = 0;

    for (HoleIndex k = 0; k < n; ++k) before += hole_random_bits(3, (uint64_t)k) < hole_random_bits(3, (uint64_t)i);
    if (!m || before < m) rows[n_rows++] = i;
  }
  return n_rows;
}

static PetscErrorCode open_source(const char path[], const char dataset[], HoleIndex max_points, HoleSource *source)
{
  PetscFunctionBegin;
  PetscCall(HoleSourceCreate(PETSC_COMM_WORLD, path, source));
  PetscCall(HoleSourceSetDatasets(*source, dataset));
  PetscCall(HoleSourceSetPrecomputed(*source, dataset ? PETSC_TRUE : PETSC_FALSE));
  PetscCall(HoleSourceSetSubsample(*source, max_points, 3));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- matrices ---- */

static void write_matrix(const char path[], const char dataset[], hid_t type, HoleIndex n, int store, PetscBool whole,
                         void (*change)(HoleIndex n, double *matrix))
{
  const hsize_t dims[2] = {(hsize_t)n, (hsize_t)n};
  hid_t         file    = 0;
  double       *matrix;

  if (!test_rank()) {
    file   = file_begin(path);
    matrix = (double *)malloc((size_t)(n * n) * sizeof(double));
    for (HoleIndex k = 0; k < n * n; ++k) matrix[k] = pair_length(k / n, k % n, whole);
    if (change) change(n, matrix);
    file_put(file, dataset, type, 2, dims, store, H5T_NATIVE_DOUBLE, matrix);
    free(matrix);
  }
  file_end(file);
}

/* Every value of the rows of this rank, and of the padding behind them. */
static PetscErrorCode check_rows(HoleDistances d, HoleIndex n, const HoleIndex rows[], PetscBool whole)
{
  HoleIndex     n_points, stride, first, n_local;
  const double *row;

  PetscFunctionBegin;
  PetscCall(HoleDistancesGetShape(d, &n_points, &stride, &first, &n_local));
  TEST_CHECK(n_points == n && HoleDistancesIsStored(d), "%d points, expected %d with stored rows", (int)n_points,
             (int)n);
  for (HoleIndex i = 0; i < n_local; ++i) {
    row = HoleDistancesReadRow(d, i, NULL);
    for (HoleIndex j = 0; j < n; ++j) {
      const double want = pair_length(rows[first + i], rows[j], whole);

      TEST_CHECK(!memcmp(&row[j], &want, sizeof(want)), "Distance (%d, %d) is %.17g, expected %.17g", (int)(first + i),
                 (int)j, row[j], want);
    }
    for (HoleIndex j = n; j < stride; ++j) TEST_CHECK(isinf(row[j]), "The padding is %g", row[j]);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A layer of /layers if `dataset` is NULL. */
static PetscErrorCode check_matrix(const char path[], const char dataset[], HoleIndex n, HoleIndex max_points,
                                   PetscBool whole)
{
  HoleSource    source;
  HoleDistances d;
  HoleIndex     rows[MOST_POINTS], m = draw_rows(n, max_points, rows), n_points, width;

  PetscFunctionBegin;
  PetscCall(open_source(path, dataset, max_points, &source));
  PetscCall(HoleSourceSetUp(source));
  PetscCall(HoleSourceGetLayerShape(source, 0, &n_points, &width));
  TEST_CHECK(HoleSourceGetLayerKind(source, 0) == HOLE_LAYER_DISTANCES && n_points == m && !width,
             "Kind %d, %d points of %d units", (int)HoleSourceGetLayerKind(source, 0), (int)n_points, (int)width);
  PetscCall(HoleSourceLoadDistances(source, 0, &d));
  PetscCall(check_rows(d, m, rows, whole));
  PetscCall(HoleDistancesDestroy(&d));
  PetscCall(HoleSourceDestroy(&source));
  TEST_NOTHING_OPEN();
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* All types, storages, sizes and subsamples. */
static PetscErrorCode check_matrices(const char path[])
{
  static const HoleIndex sizes[] = {1, 2, 3, 4, 5, 9, 41};
  char                   raw[64];

  PetscFunctionBegin;
  for (int k = 0; k < 5 * 7; ++k) {
    const int       kind = k % 5, store = k % 7 % STORE_KINDS;
    const PetscBool whole = kind == 4 ? PETSC_TRUE : PETSC_FALSE;
    const HoleIndex n     = sizes[k / 5];
    const hid_t     type =
        whole ? H5Tcopy(H5T_STD_I16BE) : file_float_type(2 << (kind % 3), kind == 3 ? H5T_ORDER_BE : H5T_ORDER_LE);

    write_matrix(path, "/layers/x/distances", type, n, store, whole, NULL);
    H5Tclose(type);
    PetscCall(check_matrix(path, NULL, n, 0, whole));
    PetscCall(check_matrix(path, "/layers/x/distances", n, (n + 1) / 2, whole));
    PetscCall(check_matrix(path, "/layers/x/distances", n, 1, whole));
  }
  snprintf(raw, sizeof(raw), "external%d.raw", (int)getpid());
  if (!test_rank()) (void)unlink(raw);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Noise of every kind that is admitted; what is above the diagonal decides. */
static void add_noise(HoleIndex n, double *matrix)
{
  for (HoleIndex i = 0; i < n; ++i) {
    matrix[i * n + i] = i % 2 ? 9e-11 : -9e-11;
    for (HoleIndex j = 0; j < i; ++j) {
      const double upper = matrix[j * n + i];

      if (upper == 0) matrix[j * n + i] = -8e-11;
      if (upper == 0) matrix[i * n + j] = (i + j) % 2 ? -9e-11 : 9e-11;
      else matrix[i * n + j] = upper + ((i + j) % 2 ? 9e-11 : -9e-11) * PetscMax(1, upper);
    }
  }
}

static PetscErrorCode check_noise(const char path[])
{
  PetscFunctionBegin;
  for (HoleIndex n = 1; n <= 21; n += 4) {
    write_matrix(path, "/noisy", H5T_IEEE_F64LE, n, STORE_CONTIGUOUS, PETSC_FALSE, add_noise);
    PetscCall(check_matrix(path, "/noisy", n, 0, PETSC_FALSE));
    PetscCall(check_matrix(path, "/noisy", n, n / 2, PETSC_FALSE));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Where one value of a matrix of `FAULTY` points is changed. */
enum { FAULTY = 13 };
static HoleIndex change_row, change_col;
static double    change_to;

static void change_value(HoleIndex n, double *matrix)
{
  matrix[(n - 1) * n]                 = NAN; /* there is a later one, too: the first is named */
  matrix[n - 1]                       = NAN;
  matrix[change_row * n + change_col] = change_to;
}

static void change_symmetry(HoleIndex n, double *matrix)
{
  matrix[(n - 1) * n + n - 2] += 1; /* a later one */
  matrix[change_row * n + change_col] += change_to;
}

static PetscErrorCode load_matrix(HoleSource source)
{
  HoleDistances  d;
  PetscErrorCode loaded;

  PetscFunctionBegin;
  PetscCall(HoleSourceSetUp(source));
  loaded = HoleSourceLoadDistances(source, 0, &d);
  if (loaded) TEST_CHECK(!d, "An object came with an error");
  PetscCall(loaded);
  PetscCall(HoleDistancesDestroy(&d));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode load_edges(HoleSource source)
{
  HoleIndex             n;
  struct hole_edge_key *edges;
  PetscErrorCode        loaded;

  PetscFunctionBegin;
  PetscCall(HoleSourceSetUp(source));
  loaded = hole_source_load_edges(source, 0, &n, &edges);
  if (loaded) TEST_CHECK(!edges && !n, "Edges came with an error");
  PetscCall(loaded);
  PetscCall(PetscFree(edges));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The same error everywhere, one message that holds all of `words`, nothing left. */
static PetscErrorCode check_error(const char path[], const char dataset[], HoleIndex max_points,
                                  PetscErrorCode (*load)(HoleSource), PetscErrorCode want, const char words[])
{
  struct heard   heard = {0};
  HoleSource     source;
  PetscErrorCode got;

  PetscFunctionBegin;
  PetscCall(open_source(path, dataset, max_points, &source));
  PetscCall(PetscPushErrorHandler(listen, &heard));
  got = load(source);
  PetscCall(PetscPopErrorHandler());
  PetscCall(HoleSourceDestroy(&source));
  TEST_NOTHING_OPEN();
  PetscCall(test_check_message(&heard, got, want, words));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_value(const char path[], HoleIndex row, HoleIndex col, double value, const char words[])
{
  PetscFunctionBegin;
  change_row = row;
  change_col = col;
  change_to  = value;
  write_matrix(path, "/m/distances", H5T_IEEE_F64LE, FAULTY, STORE_COMPRESSED, PETSC_FALSE, change_value);
  PetscCall(check_error(path, "/m/distances", 0, load_matrix, HOLE_ERR_INPUT, words));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_symmetry(const char path[], HoleIndex row, HoleIndex col, double by, const char words[])
{
  PetscFunctionBegin;
  change_row = row;
  change_col = col;
  change_to  = by;
  write_matrix(path, "/m/distances", H5T_IEEE_F64LE, FAULTY, STORE_CONTIGUOUS, PETSC_FALSE, change_symmetry);
  PetscCall(check_error(path, "/m/distances", 0, load_matrix, HOLE_ERR_INPUT, words));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_values(const char path[])
{
  PetscFunctionBegin;
  PetscCall(check_value(path, 0, 5, NAN, "/m/distances|row 0, column 5 is NaN|finite"));
  PetscCall(check_value(path, 0, 0, INFINITY, "row 0, column 0 is infinite|finite"));
  PetscCall(check_value(path, 0, 1, -INFINITY, "row 0, column 1 is minus infinite"));
  PetscCall(check_value(path, 0, 11, -2e-10, "row 0, column 11 is -2"));
  PetscCall(check_value(path, 0, 0, 2e-10, "row 0, column 0 is 2|0 on the diagonal"));
  PetscCall(check_value(path, 0, 0, -2e-10, "row 0, column 0 is -2|0 on the diagonal"));
  PetscCall(check_value(path, 0, 0, 0, "row 0, column 12 is NaN"));
  PetscCall(check_symmetry(path, 3, 4, 2e-9, "/m/distances|row 3, column 4 is |but row 4, column 3 is |symmetric"));
  PetscCall(check_symmetry(path, 4, 3, 2e-9, "row 3, column 4 is |but row 4, column 3 is "));
  PetscCall(check_symmetry(path, 12, 0, 1, "row 0, column 12 is |but row 12, column 0 is "));
  PetscCall(check_symmetry(path, 0, 12, 1, "row 0, column 12 is |but row 12, column 0 is "));
  PetscCall(check_symmetry(path, 7, 5, 1, "row 5, column 7 is |but row 7, column 5 is "));
  PetscCall(check_symmetry(path, 5, 9, 1, "row 5, column 9 is |but row 9, column 5 is "));
  PetscCall(check_symmetry(path, 5, 9, 0, "row 11, column 12 is |but row 12, column 11 is "));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What is not kept is not looked at; of what is kept, rows of the file are named. */
static PetscErrorCode check_kept(const char path[])
{
  HoleIndex rows[FAULTY], n_dropped = 0;
  char      words[64];

  PetscFunctionBegin;
  TEST_CHECK(draw_rows(FAULTY, 5, rows) == 5, "Five rows were expected");
  change_to = -7;
  for (HoleIndex i = 0, k = 0; i < FAULTY; ++i) {
    k += k < 5 && rows[k] < i;
    change_row = i;
    change_col = rows[2];
    write_matrix(path, "/m", H5T_IEEE_F64LE, FAULTY, STORE_CHUNKED, PETSC_FALSE, change_value);
    snprintf(words, sizeof(words), "row %d, column %d is -7", (int)i, (int)rows[2]);
    /* The last row and the first are not both kept, so that the value between them is not seen. */
    TEST_CHECK(rows[0] > 0 || rows[4] < FAULTY - 1, "Another seed is needed");
    n_dropped += rows[k] != i;
    PetscCall(check_error(path, "/m", 5, load_matrix, rows[k] == i ? HOLE_ERR_INPUT : PETSC_SUCCESS, words));
  }
  TEST_CHECK(n_dropped == FAULTY - 5, "%d rows were dropped", (int)n_dropped);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_shape(const char path[], hid_t type, int n_dims, const hsize_t dims[], const char words[])
{
  hid_t file = test_rank() ? 0 : file_begin(path);

  PetscFunctionBegin;
  if (file) file_put(file, "/layers/x/distances", type, n_dims, dims, STORE_CONTIGUOUS, type, NULL);
  file_end(file);
  PetscCall(check_error(path, NULL, 0, load_matrix, HOLE_ERR_INPUT, words));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_shapes(const char path[])
{
  hsize_t dims[2] = {6, 6}, n = 5;
  hid_t   file;

  PetscFunctionBegin;
  PetscCall(check_shape(path, H5T_IEEE_F32LE, 2, (hsize_t[]){3, 4}, "/layers/x/distances|float32 [3, 4]|[N, N]"));
  PetscCall(check_shape(path, H5T_IEEE_F32LE, 1, (hsize_t[]){9}, "float32 [9]|[N, N]"));
  PetscCall(check_shape(path, H5T_IEEE_F32LE, 3, (hsize_t[]){3, 3, 3}, "[3, 3, 3]|[N, N]"));
  PetscCall(check_shape(path, H5T_IEEE_F32LE, 2, (hsize_t[]){0, 0}, "[0, 0]|at least one row"));
  PetscCall(check_shape(path, H5T_C_S1, 2, (hsize_t[]){3, 3}, "string [3, 3]|numbers"));
  PetscCall(check_shape(path, H5T_NATIVE_LDOUBLE, 2, (hsize_t[]){3, 3}, "float128 [3, 3]|numbers"));
  file = test_rank() ? 0 : file_begin(path);
  if (file) {
    file_put_values(file, "/layers/a/activations", H5T_IEEE_F32LE, 2, (hsize_t[]){5, 3}, STORE_CONTIGUOUS, 1);
    file_put_values(file, "/layers/b/distances", H5T_IEEE_F32LE, 2, dims, STORE_CONTIGUOUS, 1);
    file_put_values(file, "/layers/b/activations", H5T_IEEE_F32LE, 2, (hsize_t[]){5, 3}, STORE_CONTIGUOUS, 1);
  }
  file_end(file);
  PetscCall(check_error(path, NULL, 0, load_matrix, HOLE_ERR_USAGE,
                        "layer a has activations (/layers/a/activations), expected a matrix of distances"));
  PetscCall(check_error(path, NULL, 0, load_edges, HOLE_ERR_USAGE, "layer a|expected a graph"));
  PetscCall(check_error(path, "/layers/a/activations", 0, load_matrix, HOLE_ERR_INPUT,
                        "/layers/a/activations|float32 [5, 3]|[N, N]"));
  PetscCall(check_error(path, "/layers", 0, load_edges, HOLE_ERR_INPUT, "no dataset /layers/indptr"));
  file = test_rank() ? 0 : H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
  if (file) H5Ldelete(file, "/layers/b/activations", H5P_DEFAULT);
  file_end(file);
  PetscCall(check_error(path, NULL, 0, load_matrix, HOLE_ERR_INPUT, "layer a has 5 rows, but layer b has 6"));
  write_matrix(path, "/layers/x/distances", H5T_IEEE_F32LE, 6, STORE_CONTIGUOUS, PETSC_FALSE, NULL);
  file = test_rank() ? 0 : H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
  if (file) file_put(file, "/labels", H5T_STD_I32LE, 1, &n, STORE_CONTIGUOUS, H5T_NATIVE_INT, (int[5]){0});
  file_end(file);
  PetscCall(check_error(path, NULL, 0, load_matrix, HOLE_ERR_INPUT, "/labels has 5 labels, expected 6"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* So many points that reading takes several pieces and comparing several panels: faults far apart are found in all of them. */
static PetscErrorCode check_panels(const char path[])
{
  enum { N = 2900 };
  static const HoleIndex places[][2] = {{2899, 1}, {1500, 700}, {1448, 0}, {2899, 2898}, {-1, 0}};
  const hsize_t          dims[2] = {N, N}, one[2] = {1, 1};
  hid_t                  file = 0, dataset = 0, space = 0, memory = 0;
  int16_t               *matrix = NULL, wrong = 121, right;
  char                   words[128];

  PetscFunctionBegin;
  if (!test_rank()) {
    matrix = (int16_t *)malloc(sizeof(int16_t) * N * N);
    for (HoleIndex k = 0; k < (HoleIndex)N * N; ++k) matrix[k] = (int16_t)pair_length(k / N, k % N, PETSC_TRUE);
    file = file_begin(path);
    file_put(file, "/m", H5T_STD_I16LE, 2, dims, STORE_CONTIGUOUS, H5T_NATIVE_INT16, matrix);
    free(matrix);
  }
  file_end(file);
  for (int p = 0; p < 5; ++p) {
    const HoleIndex row = places[p][0], col = places[p][1];
    const hsize_t   place[2] = {(hsize_t)row, (hsize_t)col};

    for (int undo = 0; undo < 2 && row >= 0; ++undo) {
      right = (int16_t)pair_length(row, col, PETSC_TRUE);
      if (!test_rank()) {
        file    = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
        dataset = H5Dopen2(file, "/m", H5P_DEFAULT);
        space   = H5Dget_space(dataset);
        memory  = H5Screate_simple(2, one, NULL);
        H5Sselect_hyperslab(space, H5S_SELECT_SET, place, NULL, one, NULL);
        H5Dwrite(dataset, H5T_NATIVE_INT16, memory, space, H5P_DEFAULT, undo ? &right : &wrong);
        H5Sclose(memory);
        H5Sclose(space);
        H5Dclose(dataset);
      }
      file_end(file);
      snprintf(words, sizeof(words), "row %d, column %d is |but row %d, column %d is 121;", (int)col, (int)row,
               (int)row, (int)col);
      if (!undo) PetscCall(check_error(path, "/m", 0, load_matrix, HOLE_ERR_INPUT, words));
    }
  }
  PetscCall(check_error(path, "/m", 0, load_matrix, PETSC_SUCCESS, ""));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- graphs ---- */

enum { MOST_ENTRIES = 2 * MOST_POINTS * MOST_POINTS };

/* CSR as it is written, and the type of each list. */
struct csr {
  HoleIndex n, n_entries;
  int64_t   indptr[MOST_POINTS + 1], indices[MOST_ENTRIES];
  double    data[MOST_ENTRIES];
  hid_t     indptr_type, indices_type, data_type;
  int       store;
};

static struct csr csr; /* too large for a stack */

static void put_csr(hid_t file, const char group[], const struct csr *c)
{
  const hsize_t n_pointers = (hsize_t)c->n + 1, n = (hsize_t)c->n_entries;
  char          path[128];

  snprintf(path, sizeof(path), "%s/indptr", group);
  file_put(file, path, c->indptr_type, 1, &n_pointers, c->store, H5T_NATIVE_INT64, c->indptr);
  snprintf(path, sizeof(path), "%s/indices", group);
  file_put(file, path, c->indices_type, 1, &n, n ? c->store : STORE_CONTIGUOUS, H5T_NATIVE_INT64, c->indices);
  snprintf(path, sizeof(path), "%s/data", group);
  file_put(file, path, c->data_type, 1, &n, n ? c->store : STORE_CONTIGUOUS, H5T_NATIVE_DOUBLE, c->data);
}

static void write_csr(const char path[], const struct csr *c)
{
  hid_t file = 0;

  if (!test_rank()) {
    file = file_begin(path);
    put_csr(file, "/layers/g/distances", c);
  }
  file_end(file);
}

/* Whether a pair is an edge of the test graph: about `share` of eight, and none at the last point. */
static PetscBool is_edge(HoleIndex n, HoleIndex i, HoleIndex j, int share)
{
  if (i == j || (n > 3 && (i == n - 1 || j == n - 1))) return PETSC_FALSE;
  return (int)(hole_random_bits(23, (uint64_t)(PetscMin(i, j) * 4099 + PetscMax(i, j))) % 8) < share ? PETSC_TRUE
                                                                                                     : PETSC_FALSE;
}

enum { TRIANGLE_BOTH, TRIANGLE_UPPER, TRIANGLE_LOWER, TRIANGLE_EITHER };

static PetscBool has_entry(HoleIndex i, HoleIndex j, int triangle)
{
  if (triangle == TRIANGLE_BOTH) return PETSC_TRUE;
  if (triangle == TRIANGLE_UPPER) return i < j ? PETSC_TRUE : PETSC_FALSE;
  if (triangle == TRIANGLE_LOWER) return i > j ? PETSC_TRUE : PETSC_FALSE;
  return (i + j) % 3 == 0 || ((i + j) % 3 == 1) == (i < j) ? PETSC_TRUE
                                                           : PETSC_FALSE; /* some pairs twice, others once */
}

/* Columns descend in odd rows, unless they are `sorted`; every third diagonal entry is stored; below the diagonal there is noise. */
static void make_csr(HoleIndex n, int share, int triangle, PetscBool whole, PetscBool sorted)
{
  csr.n         = n;
  csr.n_entries = 0;
  for (HoleIndex i = 0; i < n; ++i) {
    csr.indptr[i] = csr.n_entries;
    for (HoleIndex k = 0; k < n; ++k) {
      const HoleIndex j     = i % 2 && !sorted ? n - 1 - k : k;
      const double    noise = i > j && !whole && triangle == TRIANGLE_BOTH ? 5e-11 : 0;

      if (!(i == j && i % 3 == 0) && !(is_edge(n, i, j, share) && has_entry(i, j, triangle))) continue;
      csr.indices[csr.n_entries] = j;
      csr.data[csr.n_entries++]  = i == j ? (whole ? 0 : -5e-11) : pair_length(i, j, whole) + noise;
    }
  }
  csr.indptr[n] = csr.n_entries;
}

/* Edges of this rank: those whose smaller point it owns, by ascending pair. */
static PetscErrorCode check_edges(HoleSource source, HoleIndex n, HoleIndex m, const HoleIndex rows[], int share,
                                  PetscBool whole)
{
  PetscMPIInt           rank, size;
  HoleIndex             n_edges, e = 0;
  struct hole_edge_key *edges;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &size));
  PetscCall(hole_source_load_edges(source, 0, &n_edges, &edges));
  for (HoleIndex i = 0; i < m; ++i) {
    for (HoleIndex j = i + 1; j < m; ++j) {
      const double want = pair_length(rows[i], rows[j], whole);

      if (hole_block_owner(m, size, i) != rank || !is_edge(n, rows[i], rows[j], share)) continue;
      TEST_CHECK(e < n_edges && edges[e].i == i && edges[e].j == j && !memcmp(&edges[e].length, &want, sizeof(want)),
                 "Edge %d of %d is not (%d, %d) of length %g", (int)e, (int)n_edges, (int)i, (int)j, want);
      ++e;
    }
  }
  TEST_CHECK(e == n_edges, "%d edges, expected %d", (int)n_edges, (int)e);
  PetscCall(PetscFree(edges));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_csr(const char path[], HoleIndex max_points, int share, PetscBool whole)
{
  HoleSource source;
  HoleIndex  rows[MOST_POINTS], m = draw_rows(csr.n, max_points, rows), n_points, width;

  PetscFunctionBegin;
  PetscCall(open_source(path, max_points % 2 ? "/layers/g/distances" : NULL, max_points, &source));
  PetscCall(HoleSourceSetUp(source));
  PetscCall(HoleSourceGetLayerShape(source, 0, &n_points, &width));
  TEST_CHECK(HoleSourceGetLayerKind(source, 0) == HOLE_LAYER_GRAPH && n_points == m && !width, "%d points of %d units",
             (int)n_points, (int)width);
  TEST_CHECK(!strcmp(HoleSourceGetLayerName(source, 0), "g"), "Layer %s", HoleSourceGetLayerName(source, 0));
  PetscCall(check_edges(source, csr.n, m, rows, share, whole));
  PetscCall(HoleSourceDestroy(&source));
  TEST_NOTHING_OPEN();
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Plain types: a test that fails for one of them says so by itself. */
static void plain_types(void)
{
  csr.indptr_type  = H5T_STD_I64LE;
  csr.indices_type = H5T_STD_I64LE;
  csr.data_type    = H5T_IEEE_F64LE;
  csr.store        = STORE_CONTIGUOUS;
}

static PetscErrorCode check_graphs(const char path[])
{
  static const HoleIndex sizes[]     = {1, 2, 3, 4, 7, 40};
  static const int       shares[]    = {0, 1, 4, 8};
  static const int       triangles[] = {TRIANGLE_BOTH,   TRIANGLE_UPPER, TRIANGLE_LOWER,
                                        TRIANGLE_EITHER, TRIANGLE_BOTH,  TRIANGLE_EITHER}; /* the last two sorted */

  PetscFunctionBegin;
  for (int k = 0; k < 6 * 4 * 6; ++k) {
    const HoleIndex n     = sizes[k % 6];
    const int       share = shares[k / 6 % 4], triangle = triangles[k / 24];

    plain_types();
    csr.store = k % 3 ? STORE_CONTIGUOUS : STORE_COMPRESSED;
    make_csr(n, share, triangle, PETSC_FALSE, (PetscBool)(k / 24 > 3));
    write_csr(path, &csr);
    PetscCall(check_csr(path, 0, share, PETSC_FALSE));
    PetscCall(check_csr(path, (n + 1) / 2, share, PETSC_FALSE));
    PetscCall(check_csr(path, PetscMax(n - 1, 1), share, PETSC_FALSE));
  }
  for (int kind = 0; kind < 3; ++kind) { /* whole numbers of other types */
    csr.indptr_type  = kind ? H5T_STD_I32LE : H5T_STD_U64BE;
    csr.indices_type = kind ? H5T_STD_U16LE : H5T_STD_I32BE;
    csr.data_type    = kind == 2 ? H5T_STD_I8LE : H5T_IEEE_F32BE;
    make_csr(33, 3, kind, PETSC_TRUE, PETSC_FALSE);
    write_csr(path, &csr);
    PetscCall(check_csr(path, 0, 3, PETSC_TRUE));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The path of 6 points with entries 0-1, 1-0, 1-2, 2-1, ...: 10 entries. */
static void make_path(void)
{
  plain_types();
  csr.n         = 6;
  csr.n_entries = 0;
  for (HoleIndex i = 0; i < 6; ++i) {
    csr.indptr[i] = csr.n_entries;
    for (HoleIndex j = PetscMax(i - 1, 0); j < PetscMin(i + 2, 6); ++j) {
      if (j == i) continue;
      csr.indices[csr.n_entries] = j;
      csr.data[csr.n_entries++]  = (double)(i + j);
    }
  }
  csr.indptr[6] = csr.n_entries;
}

static PetscErrorCode check_bad_csr(const char path[], const char words[])
{
  PetscFunctionBegin;
  write_csr(path, &csr);
  PetscCall(check_error(path, NULL, 0, load_edges, HOLE_ERR_INPUT, words));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_bad_pointers(const char path[])
{
  PetscFunctionBegin;
  make_path();
  csr.indptr[0] = 1;
  PetscCall(check_bad_csr(path, "/layers/g/distances/indptr, row 0 is 1, expected 0"));
  make_path();
  csr.indptr[3] = 2;
  PetscCall(check_bad_csr(path, "/layers/g/distances/indptr, row 3 is 2, less than the 3 before it"));
  make_path();
  csr.indptr[5] = 11;
  PetscCall(check_bad_csr(path, "indptr, row 6 is 10, less than the 11 before it"));
  make_path();
  csr.indptr[6] = 11;
  PetscCall(check_bad_csr(path, "/layers/g/distances/indptr, row 6 (the last) is 11, expected 10"));
  make_path();
  csr.indptr[1] = -1;
  PetscCall(check_bad_csr(path, "indptr, row 1 is -1"));
  make_path();
  csr.n = -1 + 1; /* indptr of one value */
  PetscCall(check_bad_csr(path, "indptr has 1 values"));
  make_path();
  csr.indptr_type = H5T_IEEE_F64LE;
  PetscCall(check_bad_csr(path, "/layers/g/distances/indptr is float64 [7], expected integers"));
  make_path();
  csr.indices_type = H5T_IEEE_F32LE;
  PetscCall(check_bad_csr(path, "/layers/g/distances/indices is float32 [10], expected integers"));
  make_path();
  csr.data_type = H5T_NATIVE_LDOUBLE;
  PetscCall(check_bad_csr(path, "/layers/g/distances/data is float128 [10], expected numbers"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_bad_entry(const char path[], HoleIndex e, int64_t index, double value, const char words[])
{
  PetscFunctionBegin;
  make_path();
  csr.indices[e] = index;
  csr.data[e]    = value;
  PetscCall(check_bad_csr(path, words));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Entries 5 and 6 are (3, 2) and (3, 4); 9 is (5, 4). */
static PetscErrorCode check_bad_entries(const char path[])
{
  hsize_t n = 9;
  hid_t   file;

  PetscFunctionBegin;
  PetscCall(check_bad_entry(path, 5, 6, 1,
                            "/layers/g/distances/indices, entry 5 (row 3) is 6, expected a column from 0 to 5"));
  PetscCall(check_bad_entry(path, 0, -1, 1, "/indices, entry 0 (row 0) is -1"));
  PetscCall(check_bad_entry(path, 9, INT64_MAX, 1, "/indices, entry 9 (row 5) is 9.2"));
  PetscCall(check_bad_entry(path, 5, 2, NAN, "/layers/g/distances/data, row 3, column 2 is NaN"));
  PetscCall(check_bad_entry(path, 9, 4, INFINITY, "/data, row 5, column 4 is infinite"));
  PetscCall(check_bad_entry(path, 0, 1, -1, "/data, row 0, column 1 is -1, expected finite"));
  PetscCall(check_bad_entry(path, 6, 3, 0.5, "/data, row 3, column 3 is 0.5, expected 0 on the diagonal"));
  PetscCall(check_bad_entry(path, 6, 4, 7.5,
                            "/data, row 3, column 4 is 7.5, but row 4, column 3 is 7; expected a symmetric"));
  PetscCall(check_bad_entry(path, 5, 2, 5.0000001, "/data, row 2, column 3 is 5, but row 3, column 2 is 5.0000001"));
  PetscCall(check_bad_entry(path, 6, 2, 7, "/layers/g/distances/indices, row 3, column 2 occurs twice (5 and 7)"));
  PetscCall(check_bad_entry(path, 2, 0, 1, "/indices, row 1, column 0 occurs twice (1 and 1)"));
  make_path();
  csr.indices[0] = 5; /* two faults: (0, 5) is alone and none; (2, 3) comes before (3, 4) */
  csr.data[6] = csr.data[5] = 1;
  PetscCall(check_bad_csr(path, "row 2, column 3 is 5, but row 3, column 2 is 1"));
  make_path();
  file = test_rank() ? 0 : file_begin(path);
  if (file) {
    put_csr(file, "/layers/g/distances", &csr);
    H5Ldelete(file, "/layers/g/distances/data", H5P_DEFAULT);
  }
  file_end(file);
  PetscCall(check_error(path, NULL, 0, load_edges, HOLE_ERR_INPUT, "no dataset /layers/g/distances/data"));
  file = test_rank() ? 0 : H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
  if (file)
    file_put(file, "/layers/g/distances/data", H5T_IEEE_F64LE, 1, &n, STORE_CONTIGUOUS, H5T_NATIVE_DOUBLE, csr.data);
  file_end(file);
  PetscCall(check_error(path, NULL, 0, load_edges, HOLE_ERR_INPUT, "indices has 10 values|data has 9"));
  PetscCall(check_error(path, "/layers", 0, load_matrix, HOLE_ERR_INPUT, "/layers/indptr"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

struct item {
  HoleIndex row, col;
  double    value;
};

enum { MOST_ITEMS = 6 };

/* Entries of 4 points, by rows, and words of the message. Entries of a pair may be on one rank or on several. */
static const struct {
  struct item items[MOST_ITEMS];
  int         n;
  const char *words;
} bad_lists[] = {
    {{{0, 1, 1}, {1, 0, 1}, {1, 0, 1}}, 3, "indices, row 1, column 0 occurs twice (1 and 1)"},
    {{{0, 1, 1}, {1, 0, 1}, {1, 2, 5}, {1, 0, 3}}, 4, "indices, row 1, column 0 occurs twice (1 and 3)"},
    {{{0, 1, 0}, {1, 0, 0}, {1, 0, 0}}, 3, "indices, row 1, column 0 occurs twice (0 and 0)"},
    {{{0, 1, 1}, {0, 1, 1}, {1, 0, 1}}, 3, "indices, row 0, column 1 occurs twice (1 and 1)"},
    {{{0, 1, 1}, {0, 1, 1}, {1, 0, 1}, {1, 0, 1}}, 4, "indices, row 0, column 1 occurs twice (1 and 1)"},
    {{{0, 1, 1}, {0, 1, 2}, {1, 0, 2}}, 3, "indices, row 0, column 1 occurs twice (1 and 2)"},
    {{{0, 1, 1}, {0, 2, 3}, {0, 1, 2}, {1, 0, 1}}, 4, "indices, row 0, column 1 occurs twice (1 and 2)"},
    {{{0, 1, 1}, {0, 1, 1}}, 2, "indices, row 0, column 1 occurs twice (1 and 1)"},
    {{{2, 0, 1}, {2, 0, 1}}, 2, "indices, row 2, column 0 occurs twice (1 and 1)"},
    {{{0, 2, 1}, {0, 1, 1}, {1, 0, 2}, {2, 0, 1}}, 4, "data, row 0, column 1 is 1, but row 1, column 0 is 2"},
    {{{0, 1, 0}, {1, 0, 1}, {3, 2, 1}}, 3, "data, row 0, column 1 is 0, but row 1, column 0 is 1"},
    {{{0, 1, 1}, {1, 0, 1}, {1, 3, 1}, {2, 3, 1}, {3, 1, 2}, {3, 2, 2}},
     6,
     "row 1, column 3 is 1, but row 3, column 1 is 2"},
    {{{0, 3, 1}, {1, 0, 1}, {1, 3, 2}, {3, 0, 1}, {3, 1, 2}, {3, 1, 2}}, 6, "row 3, column 1 occurs twice (2 and 2)"}};

static PetscErrorCode check_bad_lists(const char path[])
{
  PetscFunctionBegin;
  for (size_t l = 0; l < sizeof(bad_lists) / sizeof(bad_lists[0]); ++l) {
    plain_types();
    csr.n         = 4;
    csr.n_entries = 0;
    for (HoleIndex row = 0; row < csr.n; ++row) {
      csr.indptr[row] = csr.n_entries;
      for (int e = 0; e < bad_lists[l].n; ++e) {
        if (bad_lists[l].items[e].row != row) continue;
        csr.indices[csr.n_entries] = bad_lists[l].items[e].col;
        csr.data[csr.n_entries++]  = bad_lists[l].items[e].value;
      }
    }
    csr.indptr[csr.n] = csr.n_entries;
    PetscCall(check_bad_csr(path, bad_lists[l].words));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- one rank fails ---- */

static PetscErrorCode check_faults(const char path[])
{
  PetscMPIInt size;
  hid_t       file;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &size));
  make_path();
  write_matrix(path, "/m", H5T_IEEE_F64LE, FAULTY, STORE_COMPRESSED, PETSC_FALSE, NULL);
  file = test_rank() ? 0 : H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
  if (file) put_csr(file, "/g", &csr);
  file_end(file);
  for (PetscMPIInt rank = 0; rank < size; ++rank) {
    PetscCall(test_set_fault("source_read", rank));
    PetscCall(check_error(path, "/m", 0, load_matrix, HOLE_ERR_RESOURCE, "source_read"));
    PetscCall(check_error(path, "/g", 0, load_edges, HOLE_ERR_RESOURCE, "source_read"));
    PetscCall(test_set_fault("distances_allocate", rank));
    PetscCall(check_error(path, "/m", 0, load_matrix, HOLE_ERR_RESOURCE, "distances_allocate"));
  }
  PetscCall(test_set_fault(NULL, 0));
  PetscCall(check_error(path, "/m", 0, load_matrix, PETSC_SUCCESS, ""));
  PetscCall(check_error(path, "/g", 0, load_edges, PETSC_SUCCESS, ""));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  char path[PETSC_MAX_PATH_LEN] = "distances.h5";

  PetscFunctionBeginUser;
  PetscCall(PetscInitialize(&argc, &argv, NULL, NULL));
  PetscCall(PetscOptionsGetString(NULL, NULL, "-file", path, sizeof(path), NULL));
  PetscCall(check_matrices(path));
  PetscCall(check_noise(path));
  PetscCall(check_values(path));
  PetscCall(check_kept(path));
  PetscCall(check_shapes(path));
  PetscCall(check_panels(path));
  PetscCall(check_graphs(path));
  PetscCall(check_bad_pointers(path));
  PetscCall(check_bad_entries(path));
  PetscCall(check_bad_lists(path));
  PetscCall(check_faults(path));
  if (!test_rank()) (void)unlink(path);
  PetscCall(PetscFinalize());
  return 0;
}
