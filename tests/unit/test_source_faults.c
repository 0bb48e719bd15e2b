/* Whatever is wrong with an input is the same error on every rank, with one message that names what was found, nothing left behind
   and a communicator that still works; so is a failure of any one rank at any named point. */
#include "hdf5_files.h"
#include "messages.h"

#include <hole/hole_source.h>
#include <math.h>
#include <sys/stat.h>

/* How a source is asked; NULL for the default. */
struct request {
  const char *layers, *datasets, *labels, *rule;
  HoleIndex   max_points;
};

/* Set up a source and load all its layers. */
static PetscErrorCode run_steps(HoleSource source, const struct request *q)
{
  HoleActivations acts;
  int32_t        *positions;
  PetscErrorCode  loaded;

  PetscFunctionBegin;
  PetscCall(HoleSourceSetLayers(source, q->layers));
  PetscCall(HoleSourceSetDatasets(source, q->datasets));
  PetscCall(HoleSourceSetLabelsDataset(source, q->labels));
  if (q->rule) PetscCall(HoleSourceSetReshape(source, q->rule));
  PetscCall(HoleSourceSetSubsample(source, q->max_points, 0));
  PetscCall(HoleSourceSetUp(source));
  for (HoleIndex l = 0; l < HoleSourceGetLayerCount(source); ++l) {
    loaded = HoleSourceLoadLayer(source, l, &acts, &positions);
    if (loaded) TEST_CHECK(!acts && !positions, "An object came with an error");
    PetscCall(loaded);
    PetscCall(PetscFree(positions));
    PetscCall(HoleActivationsDestroy(&acts));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The same error everywhere, one message that holds all of `words` (separated by |), nothing left. */
static PetscErrorCode check_error(const char path[], struct request q, PetscErrorCode want, const char words[])
{
  struct heard   heard = {0};
  HoleSource     source;
  PetscErrorCode got;

  PetscFunctionBegin;
  PetscCall(HoleSourceCreate(PETSC_COMM_WORLD, path, &source));
  PetscCall(PetscPushErrorHandler(listen, &heard));
  got = run_steps(source, &q);
  PetscCall(PetscPopErrorHandler());
  PetscCall(HoleSourceDestroy(&source));
  TEST_NOTHING_OPEN();
  PetscCall(test_check_message(&heard, got, want, words));
  PetscFunctionReturn(PETSC_SUCCESS);
}

#define ASK(...) ((struct request){__VA_ARGS__})

/* ---- files that are none ---- */

static PetscErrorCode write_bytes(const char path[], size_t n, const void *bytes)
{
  FILE *file;

  PetscFunctionBegin;
  if (!test_rank()) {
    file = fopen(path, "wb");
    TEST_CHECK(file && fwrite(bytes, 1, n, file) == n && !fclose(file), "Cannot write %s", path);
  }
  PetscCallMPI(MPI_Barrier(PETSC_COMM_WORLD));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A file of two layers of `n` and `n2` rows, with labels. */
static void write_file(const char path[], hsize_t n, hsize_t n2)
{
  hsize_t dims[4] = {n, 4, 3, 3}, flat[2] = {n2, 4};
  int     labels[64] = {0};
  hid_t   file       = 0;

  if (!test_rank()) {
    file = file_begin(path);
    file_put_values(file, "/layers/map/activations", H5T_IEEE_F32LE, 4, dims, STORE_COMPRESSED, 1);
    file_put_values(file, "/layers/flat/activations", H5T_IEEE_F32LE, 2, flat, STORE_CONTIGUOUS, 1);
    file_put(file, "/labels", H5T_STD_I32LE, 1, &n2, STORE_CONTIGUOUS, H5T_NATIVE_INT, labels);
  }
  file_end(file);
}

static PetscErrorCode check_files(const char path[])
{
  struct stat info;

  PetscFunctionBegin;
  PetscCall(check_error("no_such_file.h5", ASK(0), HOLE_ERR_INPUT, "no_such_file.h5|No such file"));
  PetscCall(check_error("no_such_folder/x.h5", ASK(0), HOLE_ERR_INPUT, "no_such_folder/x.h5|No such file"));
  PetscCall(check_error("/", ASK(0), HOLE_ERR_INPUT, "folder"));
  PetscCall(write_bytes(path, 0, ""));
  PetscCall(check_error(path, ASK(0), HOLE_ERR_INPUT, "is empty"));
  PetscCall(write_bytes(path, 12, "no HDF5 file"));
  PetscCall(check_error(path, ASK(0), HOLE_ERR_INPUT, "is not an HDF5 file"));
  write_file(path, 9, 9);
  TEST_CHECK(!stat(path, &info), "Cannot look at %s", path);
  PetscCallMPI(MPI_Barrier(PETSC_COMM_WORLD));
  if (!test_rank()) TEST_CHECK(!truncate(path, info.st_size - 100), "Cannot truncate %s", path);
  PetscCallMPI(MPI_Barrier(PETSC_COMM_WORLD));
  PetscCall(check_error(path, ASK(0), HOLE_ERR_INPUT, "truncated"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A compressed chunk of one rank's rows is spoilt: found while all ranks read. */
static PetscErrorCode check_broken_chunk(const char path[])
{
  hid_t    file, dataset, space;
  hsize_t  offset[4], size;
  haddr_t  address;
  unsigned mask;
  FILE    *raw;

  PetscFunctionBegin;
  write_file(path, 9, 9);
  if (!test_rank()) {
    file    = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    dataset = H5Dopen2(file, "/layers/map/activations", H5P_DEFAULT);
    space   = H5Dget_space(dataset);
    H5Dget_chunk_info(dataset, space, 9, offset, &mask, &address, &size);
    H5Sclose(space);
    H5Dclose(dataset);
    H5Fclose(file);
    raw = fopen(path, "r+b");
    fseek(raw, (long)address + 4, SEEK_SET);
    TEST_CHECK(fwrite("\xff\xff\xff\xff\xff\xff", 1, 6, raw) == 6 && !fclose(raw), "Cannot spoil %s", path);
  }
  PetscCallMPI(MPI_Barrier(PETSC_COMM_WORLD));
  PetscCall(check_error(path, ASK(.layers = "map"), HOLE_ERR_INPUT, "/layers/map/activations|cannot be read"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- layers ---- */

static hid_t begin(const char path[]) { return test_rank() ? 0 : file_begin(path); }

/* One dataset of a type and shape that is refused. */
static PetscErrorCode check_shape(const char path[], hid_t type, int n_dims, const hsize_t dims[], const char words[])
{
  hid_t file = begin(path);

  PetscFunctionBegin;
  if (file) file_put(file, "/layers/x/activations", type, n_dims, dims, STORE_CONTIGUOUS, type, NULL);
  file_end(file);
  PetscCall(check_error(path, ASK(0), HOLE_ERR_INPUT, words));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_shapes(const char path[])
{
  PetscFunctionBegin;
  PetscCall(check_shape(path, H5T_STD_I32LE, 2, (hsize_t[]){3, 4}, "/layers/x/activations|int32 [3, 4]|float32"));
  PetscCall(check_shape(path, H5T_STD_U8LE, 4, (hsize_t[]){3, 4, 2, 2}, "uint8"));
  PetscCall(check_shape(path, H5T_C_S1, 2, (hsize_t[]){3, 4}, "string"));
  PetscCall(check_shape(path, H5T_NATIVE_LDOUBLE, 2, (hsize_t[]){3, 4}, "float128"));
  PetscCall(check_shape(path, H5T_IEEE_F32LE, 1, (hsize_t[]){3}, "float32 [3]|[N, d]"));
  PetscCall(check_shape(path, H5T_IEEE_F32LE, 5, (hsize_t[]){3, 1, 1, 1, 1}, "[3, 1, 1, 1, 1]|[N, d]"));
  PetscCall(check_shape(path, H5T_IEEE_F32LE, 2, (hsize_t[]){0, 4}, "float32 [0, 4]|at least one row"));
  PetscCall(check_shape(path, H5T_IEEE_F32LE, 2, (hsize_t[]){3, 0}, "float32 [3, 0]|at least one value"));
  PetscCall(check_shape(path, H5T_IEEE_F32LE, 4, (hsize_t[]){3, 2, 0, 2}, "[3, 2, 0, 2]|at least one value"));
  write_file(path, 9, 8);
  PetscCall(check_error(path, ASK(0), HOLE_ERR_INPUT, "flat has 8 rows|map has 9"));
  PetscCall(check_error(path, ASK(.layers = "flat"), PETSC_SUCCESS, ""));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_layers(const char path[])
{
  static const char *const wrong[] = {"map", "gone"}, *const twice[] = {"map", "flat", "map"};
  hid_t file;

  PetscFunctionBegin;
  write_file(path, 6, 6);
  PetscCall(check_error(path, ASK(.layers = "map,no*"), HOLE_ERR_USAGE, "-layers|no*|flat, map"));
  PetscCall(check_error(path, ASK(.layers = ","), HOLE_ERR_USAGE, "-layers"));
  PetscCall(check_error(path, ASK(.datasets = "/layers/none"), HOLE_ERR_USAGE, "-dataset|/layers/none"));
  PetscCall(check_error(path, ASK(.datasets = "/layers/map"), HOLE_ERR_USAGE, "-dataset|/layers/map"));
  PetscCall(check_error(path, ASK(.datasets = "/labels/x"), HOLE_ERR_USAGE, "/labels/x"));
  PetscCall(check_error(path, ASK(.datasets = "/"), HOLE_ERR_USAGE, "-dataset"));
  PetscCall(check_error(path, ASK(.datasets = "/layers/flat/activations,layers/flat/activations"), HOLE_ERR_USAGE,
                        "same name"));
  PetscCall(check_error(path, ASK(.datasets = "/labels"), HOLE_ERR_INPUT, "/labels|int32 [6]"));
  PetscCall(check_error(path, ASK(.rule = "spatial"), HOLE_ERR_USAGE, "-reshape spatial|spatial:random"));
  PetscCall(check_error(path, ASK(.rule = "token:-1"), HOLE_ERR_USAGE, "-reshape token:-1"));
  PetscCall(check_error(path, ASK(.rule = "spatial:topk:0"), HOLE_ERR_USAGE, "-reshape spatial:topk:0"));
  PetscCall(check_error(path, ASK(.rule = "token:1", .layers = "map"), HOLE_ERR_USAGE, "map|[N, T, d]"));
  PetscCall(check_error(path, ASK(.rule = "spatial:topk:10", .layers = "map"), HOLE_ERR_USAGE, "map|9 positions"));
  PetscCall(check_error(path, ASK(.rule = "spatial:full"), HOLE_ERR_USAGE, "flat|map|-layers"));
  PetscCall(check_error(path, ASK(.max_points = -1), HOLE_ERR_USAGE, "-max_points -1"));
  file = test_rank() ? 0 : H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
  if (file) file_put_strings(file, "/", "layer_order", 0, 2, wrong);
  file_end(file);
  PetscCall(check_error(path, ASK(0), HOLE_ERR_INPUT, "layer_order|/layers/gone"));
  write_file(path, 6, 6);
  file = test_rank() ? 0 : H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
  if (file) file_put_strings(file, "/", "layer_order", 5, 3, twice);
  file_end(file);
  PetscCall(check_error(path, ASK(0), HOLE_ERR_INPUT, "layer_order|map|twice"));
  write_file(path, 6, 6);
  file = test_rank() ? 0 : H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
  if (file) file_put_index(file, "/", "layer_order", 3);
  file_end(file);
  PetscCall(check_error(path, ASK(0), HOLE_ERR_INPUT, "layer_order|int16"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_groups(const char path[])
{
  hsize_t dims[2] = {3, 3};
  hid_t   file    = begin(path);

  PetscFunctionBegin;
  if (file) file_put_values(file, "/some/array", H5T_IEEE_F32LE, 2, dims, STORE_CONTIGUOUS, 1);
  if (file) file_put_values(file, "/some/list", H5T_IEEE_F32LE, 1, dims, STORE_CONTIGUOUS, 1);
  file_end(file);
  PetscCall(check_error(path, ASK(0), HOLE_ERR_INPUT, "/layers/NAME/activations|-dataset|/some/array"));
  file = begin(path);
  if (file) file_put_values(file, "/layers/x/distances", H5T_IEEE_F32LE, 2, dims, STORE_CONTIGUOUS, 1);
  if (file) file_put_values(file, "/layers/y/other", H5T_IEEE_F32LE, 2, dims, STORE_CONTIGUOUS, 1);
  if (file) H5Lcreate_external("gone.h5", "/x", file, "/layers/z", H5P_DEFAULT, H5P_DEFAULT);
  file_end(file);
  PetscCall(check_error(path, ASK(.layers = "x"), HOLE_ERR_USAGE,
                        "layer x|a matrix of distances|/layers/x/distances|expected activations"));
  PetscCall(check_error(path, ASK(.layers = "y"), HOLE_ERR_INPUT, "/layers/y/activations"));
  PetscCall(check_error(path, ASK(.layers = "z"), HOLE_ERR_INPUT, "/layers/z/activations"));
  file = begin(path);
  if (file) H5Gclose(H5Gcreate2(file, "/layers", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
  file_end(file);
  PetscCall(check_error(path, ASK(0), HOLE_ERR_INPUT, "no layers"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Storage in other files that are not there, or too short. */
static PetscErrorCode check_elsewhere(const char path[])
{
  hsize_t dims[2] = {4, 2};
  hid_t   file    = begin(path), space, create;
  char    raw[64];

  PetscFunctionBegin;
  if (file) file_put_values(file, "/layers/x/activations", H5T_IEEE_F64LE, 2, dims, STORE_EXTERNAL, 1);
  file_end(file);
  snprintf(raw, sizeof(raw), "external%d.raw", (int)getpid());
  if (!test_rank()) TEST_CHECK(!truncate(raw, 70), "Cannot truncate %s", raw);
  PetscCallMPI(MPI_Barrier(PETSC_COMM_WORLD));
  PetscCall(check_error(path, ASK(0), HOLE_ERR_INPUT, "/layers/x/activations|.raw|80 bytes|has 70"));
  if (!test_rank()) (void)unlink(raw);
  PetscCallMPI(MPI_Barrier(PETSC_COMM_WORLD));
  PetscCall(check_error(path, ASK(0), HOLE_ERR_INPUT, "/layers/x/activations|.raw|missing"));
  file = begin(path);
  if (file) {
    space  = H5Screate_simple(2, dims, NULL);
    create = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_virtual(create, space, "gone.h5", "/x", space);
    H5Dclose(H5Dcreate2(file, "/x", H5T_IEEE_F64LE, space, H5P_DEFAULT, create, H5P_DEFAULT));
    H5Pclose(create);
    H5Sclose(space);
  }
  file_end(file);
  PetscCall(check_error(path, ASK(.datasets = "/x"), HOLE_ERR_INPUT, "/x|gone.h5|missing"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- labels ---- */

/* Five rows with a dataset beside them that does not fit. */
static PetscErrorCode check_beside(const char path[], const char name[], hid_t type, int n_dims, hsize_t n,
                                   const int64_t values[], const char labels[], const char words[])
{
  static const char *const classes[] = {"zero", "one", "two"};
  hsize_t                  dims[2] = {5, 3}, shape[2] = {n, 1};
  hid_t                    file = begin(path);

  PetscFunctionBegin;
  if (file) {
    file_put_values(file, "/layers/x/activations", H5T_IEEE_F64LE, 2, dims, STORE_CONTIGUOUS, 1);
    file_put(file, name, type, n_dims, shape, STORE_CONTIGUOUS, H5T_NATIVE_INT64, values);
    if (values && values[0] == 1) file_put_strings(file, NULL, "/class_names", 0, 3, classes);
  }
  file_end(file);
  PetscCall(check_error(path, ASK(.labels = labels), HOLE_ERR_INPUT, words));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_labels(const char path[])
{
  const int64_t good[5] = {0}, large[5] = {0, 0, (int64_t)1 << 31, 0, 0}, unnamed[5] = {1, 2, -1, 3, 0};

  PetscFunctionBegin;
  PetscCall(check_beside(path, "/labels", H5T_IEEE_F32LE, 1, 5, NULL, NULL, "/labels|float32 [5]|integers"));
  PetscCall(check_beside(path, "/labels", H5T_STD_I32LE, 2, 5, good, NULL, "/labels|int32 [5, 1]|one axis"));
  PetscCall(check_beside(path, "/labels", H5T_STD_I32LE, 1, 4, good, NULL, "/labels|has 4 labels|expected 5"));
  PetscCall(check_beside(path, "/mine", H5T_STD_I32LE, 1, 4, good, "/mine", "/mine|has 4 labels|expected 5"));
  PetscCall(check_beside(path, "/labels", H5T_STD_I64LE, 1, 5, large, NULL, "/labels|row 2|2147483648"));
  PetscCall(check_beside(path, "/labels", H5T_STD_I64LE, 1, 5, unnamed, NULL, "/labels|row 3|label 3|3 names"));
  PetscCall(check_beside(path, "/sample_ids", H5T_STD_I64LE, 1, 4, good, NULL, "/sample_ids|has 4 values|expected 5"));
  PetscCall(check_beside(path, "/sample_ids", H5T_IEEE_F64LE, 1, 5, NULL, NULL, "/sample_ids|float64|integers"));
  PetscCall(check_beside(path, "/class_names", H5T_STD_I32LE, 1, 5, good, NULL, "/class_names|int32|strings"));
  PetscCall(check_error(path, ASK(.labels = "/nowhere"), HOLE_ERR_USAGE, "-labels_dataset|/nowhere"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- values ---- */

/* A value that is not finite in row `row` and another later; the message counts in the file, with and without a subsample. */
static PetscErrorCode check_value(const char path[], double value, HoleIndex row, const char words[])
{
  hsize_t dims[4] = {13, 2, 3, 4};
  double  values[13 * 24];
  hid_t   file = begin(path);

  PetscFunctionBegin;
  for (int i = 0; i < 13 * 24; ++i) values[i] = i;
  values[row * 24 + 17] = value; /* element [row, 1, 1, 1] */
  values[12 * 24 + 20]  = -value;
  if (file)
    file_put(file, "/layers/x/activations", H5T_IEEE_F32LE, 4, dims, STORE_CONTIGUOUS, H5T_NATIVE_DOUBLE, values);
  file_end(file);
  PetscCall(check_error(path, ASK(0), HOLE_ERR_INPUT, words));
  PetscCall(check_error(path, ASK(.rule = "spatial:full"), HOLE_ERR_INPUT, words));
  PetscCall(check_error(path, ASK(.rule = "max", .max_points = 12), HOLE_ERR_INPUT, words));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The object's own check, for rows that did not come from a file. */
static PetscErrorCode check_own_rows(void)
{
  struct heard    heard = {0};
  HoleActivations acts;
  HoleIndex       first, n_local;
  double         *rows;
  PetscErrorCode  got;

  PetscFunctionBegin;
  for (HoleIndex n = 0; n <= 5; ++n) {
    PetscCall(HoleActivationsCreate(PETSC_COMM_WORLD, "made", n, 3, &acts));
    PetscCall(HoleActivationsGetShape(acts, NULL, NULL, &first, &n_local));
    PetscCall(HoleActivationsGetRows(acts, &rows));
    for (HoleIndex i = 0; i < n_local * 3; ++i) TEST_CHECK(rows[i] == 0.0, "Rows are not zero");
    PetscCall(HoleActivationsCheckFinite(acts));
    if (first <= n - 1 && n - 1 < first + n_local) rows[(n - 1 - first) * 3 + 2] = -INFINITY;
    PetscCall(PetscPushErrorHandler(listen, &heard));
    got = HoleActivationsCheckFinite(acts);
    PetscCall(PetscPopErrorHandler());
    TEST_CHECK(got == (n ? HOLE_ERR_INPUT : PETSC_SUCCESS), "Infinity was not found");
    PetscCall(HoleActivationsDestroy(&acts));
  }
  TEST_CHECK(!heard.n || (strstr(heard.message, "Layer made: row ") && strstr(heard.message, "unit 2 is infinite")),
             "Wrong message: %s", heard.message);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_values(const char path[])
{
  PetscFunctionBegin;
  PetscCall(check_value(path, NAN, 0, "/layers/x/activations|row 0 |[0, 1, 1, 1]|NaN"));
  PetscCall(check_value(path, INFINITY, 7, "/layers/x/activations|row 7 |[7, 1, 1, 1]|infinite"));
  PetscCall(check_value(path, -INFINITY, 11, "row 11 |[11, 1, 1, 1]|infinite"));
  PetscCall(check_own_rows());
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- one rank fails ---- */

static PetscErrorCode check_faults(const char path[])
{
  static const char *const points[] = {"source_find", "source_open", "source_plan", "source_read"};
  PetscMPIInt              size;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &size));
  write_file(path, 9, 9);
  for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); ++i) {
    for (PetscMPIInt rank = 0; rank < size; ++rank) {
      PetscCall(test_set_fault(points[i], rank));
      PetscCall(check_error(path, ASK(0), HOLE_ERR_RESOURCE, points[i]));
    }
  }
  PetscCall(test_set_fault(NULL, 0));
  PetscCall(check_error(path, ASK(0), PETSC_SUCCESS, ""));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  char path[PETSC_MAX_PATH_LEN] = "faults.h5";

  PetscFunctionBeginUser;
  PetscCall(PetscInitialize(&argc, &argv, NULL, NULL));
  PetscCall(PetscOptionsGetString(NULL, NULL, "-file", path, sizeof(path), NULL));
  PetscCall(check_files(path));
  PetscCall(check_broken_chunk(path));
  PetscCall(check_shapes(path));
  PetscCall(check_layers(path));
  PetscCall(check_groups(path));
  PetscCall(check_elsewhere(path));
  PetscCall(check_labels(path));
  PetscCall(check_values(path));
  PetscCall(check_faults(path));
  PetscCall(PetscFinalize());
  return 0;
}
