/* A subsample is the rows with the smallest keys and nothing else: equal for all rank counts, part of every larger one, shared by
   all layers. And a layer that does not fit into the buffer is read in pieces, with and without a subsample. */
#include "hdf5_files.h"

#include <hole/hole_source.h>
#include <stdlib.h>

#define N     41
#define WIDTH 3

/* The `m` rows of smallest key, ascending, by looking for each row how many come before it. */
static HoleIndex expect_rows(HoleIndex n, HoleIndex m, HoleIndex seed, HoleIndex rows[])
{
  HoleIndex n_rows = 0;

  for (HoleIndex i = 0; i < n; ++i) {
    HoleIndex before = 0;

    for (HoleIndex k = 0; k < n; ++k) {
      const uint64_t key  = hole_random_bits((uint64_t)seed, (uint64_t)k),
                     mine = hole_random_bits((uint64_t)seed, (uint64_t)i);

      before += key < mine || (key == mine && k < i);
    }
    if (!m || before < m) rows[n_rows++] = i;
  }
  return n_rows;
}

static void write_file(const char path[], int store)
{
  hid_t   file    = 0;
  hsize_t flat[2] = {N, WIDTH}, map[4] = {N, WIDTH, 2, 2}, n = N;
  int     labels[N];

  if (!test_rank()) {
    file = file_begin(path);
    for (int i = 0; i < N; ++i) labels[i] = i % 5 - 1;
    file_put_values(file, "/layers/flat/activations", H5T_IEEE_F32LE, 2, flat, store, 1);
    file_put_values(file, "/layers/map/activations", H5T_IEEE_F64LE, 4, map, store, 2);
    file_put(file, "/labels", H5T_STD_I16LE, 1, &n, STORE_CONTIGUOUS, H5T_NATIVE_INT, labels);
  }
  file_end(file);
}

/* Points, labels and ids of one layer; `full` for all four positions of the map. */
static PetscErrorCode check_layer(HoleSource source, PetscBool full, HoleIndex m, const HoleIndex rows_wanted[])
{
  const HoleIndex points = full ? 4 : 1;
  HoleActivations acts;
  HoleIndex       first, n_local, n, row, p;
  const int64_t  *ids;
  const int32_t  *labels;
  double         *rows, want;

  PetscFunctionBegin;
  PetscCall(HoleSourceGetSampleIds(source, &ids));
  PetscCall(HoleSourceGetLabels(source, &labels));
  PetscCall(HoleSourceLoadLayer(source, 0, &acts, NULL));
  PetscCall(HoleActivationsGetShape(acts, &n, NULL, &first, &n_local));
  PetscCall(HoleActivationsGetRows(acts, &rows));
  TEST_CHECK(n == m * points, "Expected %d points, got %d", (int)(m * points), (int)n);
  for (HoleIndex i = 0; i < n; ++i) {
    row = rows_wanted[i / points];
    TEST_CHECK(ids[i] == row && labels[i] == row % 5 - 1, "Point %d comes from row %d, expected %d", (int)i,
               (int)ids[i], (int)row);
  }
  for (HoleIndex i = 0; i < n_local * WIDTH; ++i) {
    row  = rows_wanted[(first + i / WIDTH) / points];
    p    = (first + i / WIDTH) % points;
    want = full ? file_value(2, (row * WIDTH + i % WIDTH) * 4 + p) : file_value(1, row * WIDTH + i % WIDTH);
    TEST_CHECK(rows[i] == want, "Wrong value in row %d", (int)row);
  }
  PetscCall(HoleActivationsDestroy(&acts));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_subsample(const char path[], HoleIndex max_points, HoleIndex seed, PetscBool full)
{
  HoleSource source;
  HoleIndex  rows[N], m = expect_rows(N, max_points, seed, rows), n_file, n_kept;

  PetscFunctionBegin;
  PetscCall(HoleSourceCreate(PETSC_COMM_WORLD, path, &source));
  PetscCall(HoleSourceSetLayers(source, full ? "map" : "flat"));
  PetscCall(HoleSourceSetReshape(source, full ? "spatial:full" : "auto"));
  PetscCall(HoleSourceSetSubsample(source, max_points, seed));
  PetscCall(HoleSourceSetUp(source));
  PetscCall(HoleSourceGetSamples(source, &n_file, &n_kept));
  TEST_CHECK(n_file == N && n_kept == m, "Kept %d of %d", (int)n_kept, (int)n_file);
  PetscCall(check_layer(source, full, m, rows));
  PetscCall(HoleSourceDestroy(&source));
  TEST_NOTHING_OPEN();
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The expected lists themselves: nested, and not the same for another seed. One list is written out: it must never change. */
static PetscErrorCode check_lists(void)
{
  const HoleIndex known[5] = {13, 20, 27, 39, 40};
  HoleIndex       small[N], large[N], other[N], n_found = 0, n_small, n_large;
  PetscBool       same = PETSC_TRUE;

  PetscFunctionBegin;
  n_small = expect_rows(N, 9, 1, small);
  n_large = expect_rows(N, 20, 1, large);
  (void)expect_rows(N, 9, 2, other);
  for (HoleIndex i = 0; i < n_small; ++i) {
    for (HoleIndex k = 0; k < n_large; ++k) n_found += small[i] == large[k];
    same = same && small[i] == other[i] ? PETSC_TRUE : PETSC_FALSE;
  }
  TEST_CHECK(n_small == 9 && n_large == 20 && n_found == 9 && !same, "Subsamples are not nested, or seeds do nothing");
  (void)expect_rows(N, 5, 0, other);
  for (int i = 0; i < 5; ++i) TEST_CHECK(other[i] == known[i], "The draw has changed: row %d", (int)other[i]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rows so long that only two fit into the buffer. Every value is checked. */
static PetscErrorCode check_pieces(const char path[], int store, HoleIndex n, HoleIndex max_points)
{
  const HoleIndex width   = 2 * 1024 * 1024 - 5;
  hsize_t         dims[2] = {(hsize_t)n, (hsize_t)width};
  hid_t           file    = 0;
  HoleSource      source;
  HoleActivations acts;
  HoleIndex       first, n_local, rows_wanted[N], row;
  double         *rows;

  PetscFunctionBegin;
  (void)expect_rows(n, max_points, 5, rows_wanted);
  if (!test_rank()) {
    file = file_begin(path);
    file_put_values(file, "/x", H5T_IEEE_F32LE, 2, dims, store, 3);
  }
  file_end(file);
  PetscCall(HoleSourceCreate(PETSC_COMM_WORLD, path, &source));
  PetscCall(HoleSourceSetDatasets(source, "/x"));
  PetscCall(HoleSourceSetSubsample(source, max_points, 5));
  PetscCall(HoleSourceSetUp(source));
  PetscCall(HoleSourceLoadLayer(source, 0, &acts, NULL));
  PetscCall(HoleActivationsGetShape(acts, NULL, NULL, &first, &n_local));
  PetscCall(HoleActivationsGetRows(acts, &rows));
  for (HoleIndex i = 0; i < n_local * width; ++i) {
    row = rows_wanted[first + i / width];
    TEST_CHECK(rows[i] == file_value(3, row * width + i % width), "Wrong value in row %d", (int)row);
  }
  PetscCall(HoleActivationsDestroy(&acts));
  PetscCall(HoleSourceDestroy(&source));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  static const HoleIndex sizes[]                  = {0, 1, 2, 3, 10, N - 1, N, N + 5};
  char                   path[PETSC_MAX_PATH_LEN] = "subsample.h5";

  PetscFunctionBeginUser;
  PetscCall(PetscInitialize(&argc, &argv, NULL, NULL));
  PetscCall(PetscOptionsGetString(NULL, NULL, "-file", path, sizeof(path), NULL));
  PetscCall(check_lists());
  for (int store = STORE_CONTIGUOUS; store <= STORE_COMPRESSED; ++store) {
    write_file(path, store);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); ++i) {
      PetscCall(check_subsample(path, sizes[i], 0, PETSC_FALSE));
      PetscCall(check_subsample(path, sizes[i], -3, PETSC_TRUE));
    }
  }
  PetscCall(check_pieces(path, STORE_CONTIGUOUS, 7, 0));
  PetscCall(check_pieces(path, STORE_CHUNKED, 6, 0));
  PetscCall(check_pieces(path, STORE_CONTIGUOUS, 9, 5));
  if (!test_rank()) (void)unlink(path);
  PetscCall(PetscFinalize());
  return 0;
}
