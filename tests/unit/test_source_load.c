/* Layers come out as plain loops over the file's values make them: every type, storage, number of axes and rule, at any rank
   count; and layers, labels and names come out in the order and under the names that the file gives. */
#include "hdf5_files.h"

#include <hole/hole_source.h>
#include <stdlib.h>

#define N_LAYERS 3

static const int     axes[N_LAYERS]      = {2, 3, 4};
static const hsize_t shapes[N_LAYERS][4] = {{0, 6}, {0, 5, 3}, {0, 2, 4, 5}}; /* [N, d], [N, T, d], [N, C, H, W] */
static const char   *names[N_LAYERS]     = {"a", "b", "c"};

/* What one sample must give, computed in the most direct way. */
struct expected {
  HoleIndex n, width; /* points and their units */
  double    points[64][64];
  int32_t   positions[64];
  PetscBool placed;
};

static double at(const double *s, const hsize_t d[4], HoleIndex c, HoleIndex y, HoleIndex x)
{
  return s[((hsize_t)c * d[2] + (hsize_t)y) * d[3] + (hsize_t)x];
}

static void expect_position(const double *s, const hsize_t d[4], HoleIndex p, struct expected *e)
{
  e->width = (HoleIndex)d[1];
  for (HoleIndex c = 0; c < e->width; ++c) e->points[e->n][c] = at(s, d, c, p / (HoleIndex)d[3], p % (HoleIndex)d[3]);
  e->positions[e->n++] = (int32_t)p;
  e->placed            = PETSC_TRUE;
}

/* The position of largest norm that was not taken yet. */
static void expect_top(const double *s, const hsize_t d[4], int k, struct expected *e)
{
  PetscBool taken[64] = {PETSC_FALSE};

  for (int i = 0; i < k; ++i) {
    HoleIndex best = -1;
    double    norm, most = -1.0;

    for (HoleIndex p = 0; p < (HoleIndex)(d[2] * d[3]); ++p) {
      norm = 0.0;
      for (HoleIndex c = 0; c < (HoleIndex)d[1]; ++c) {
        norm += at(s, d, c, p / (HoleIndex)d[3], p % (HoleIndex)d[3]) *
                at(s, d, c, p / (HoleIndex)d[3], p % (HoleIndex)d[3]);
      }
      if (!taken[p] && norm > most) {
        best = p;
        most = norm;
      }
    }
    taken[best] = PETSC_TRUE;
    expect_position(s, d, best, e);
  }
}

static double pooled(double sum, double value, HoleIndex i, const char rule[])
{
  if (!i) return value;
  return strstr(rule, "max") ? PetscMax(sum, value) : sum + value;
}

/* Tokens or positions pooled into one point. */
static void expect_pooled(const double *s, int n_dims, const hsize_t d[4], const char rule[], struct expected *e)
{
  HoleIndex n = (HoleIndex)(n_dims == 3 ? d[1] : d[2] * d[3]);

  e->n     = 1;
  e->width = (HoleIndex)(n_dims == 3 ? d[2] : d[1]);
  for (HoleIndex c = 0; c < e->width; ++c) {
    double sum = 0.0;

    for (HoleIndex p = 0; p < n; ++p) sum = pooled(sum, n_dims == 3 ? s[p * e->width + c] : s[c * n + p], p, rule);
    e->points[0][c] = strstr(rule, "max") ? sum : sum / (double)n;
  }
}

static void expect(const double *s, int n_dims, const hsize_t d[4], const char rule[], HoleIndex row, HoleIndex seed,
                   struct expected *e)
{
  const PetscBool is_auto = !strcmp(rule, "auto") ? PETSC_TRUE : PETSC_FALSE;
  HoleIndex       which, token;

  memset(e, 0, sizeof(*e));
  if (n_dims == 2 || !strcmp(rule, "flatten")) {
    e->n     = 1;
    e->width = 1;
    for (int k = 1; k < n_dims; ++k) e->width *= (HoleIndex)d[k];
    memcpy(e->points[0], s, (size_t)e->width * sizeof(double));
  } else if (n_dims == 3 && (is_auto || !strncmp(rule, "token:", 6))) {
    token    = is_auto ? 0 : atoi(rule + 6);
    e->n     = 1;
    e->width = (HoleIndex)d[2];
    for (HoleIndex c = 0; c < e->width; ++c) e->points[0][c] = s[token * e->width + c];
  } else if (!strcmp(rule, "spatial:full")) {
    for (HoleIndex p = 0; p < (HoleIndex)(d[2] * d[3]); ++p) expect_position(s, d, p, e);
  } else if (!strcmp(rule, "spatial:random")) {
    which = (HoleIndex)(hole_random_bits((uint64_t)seed, (uint64_t)row) % ((d[2] - 2) * (d[3] - 2)));
    expect_position(s, d, (1 + which / (HoleIndex)(d[3] - 2)) * (HoleIndex)d[3] + 1 + which % (HoleIndex)(d[3] - 2), e);
  } else if (!strncmp(rule, "spatial:top", 11)) {
    expect_top(s, d, atoi(strpbrk(rule + 11, "0123456789")), e);
  } else expect_pooled(s, n_dims, d, rule, e);
}

/* One layer of an open source against the oracle. */
static PetscErrorCode check_layer(HoleSource source, HoleIndex l, int which, HoleIndex n, const char rule[],
                                  HoleIndex seed)
{
  HoleActivations acts;
  struct expected e;
  HoleIndex       n_global, width, first, n_local, total, row, points, values = 1;
  double         *rows, sample[64];
  int32_t        *positions;

  PetscFunctionBegin;
  for (int k = 1; k < axes[which]; ++k) values *= (HoleIndex)shapes[which][k];
  memset(sample, 0, sizeof(sample));
  expect(sample, axes[which], shapes[which], rule, 0, seed, &e);
  points = e.n; /* a number that depends on the shape only */
  PetscCall(HoleSourceLoadLayer(source, l, &acts, &positions));
  PetscCall(HoleActivationsGetShape(acts, &n_global, &width, &first, &n_local));
  PetscCall(HoleActivationsGetRows(acts, &rows));
  TEST_CHECK(!strcmp(HoleActivationsGetName(acts), names[which]), "Layer is called %s", HoleActivationsGetName(acts));
  PetscCallMPI(MPI_Allreduce(&n_local, &total, 1, HOLE_MPI_INDEX, MPI_SUM, PETSC_COMM_WORLD));
  for (HoleIndex i = 0; i < n_local; ++i) {
    row = (first + i) / points;
    for (HoleIndex v = 0; v < values; ++v) sample[v] = file_value((uint64_t)which, row * values + v);
    expect(sample, axes[which], shapes[which], rule, row, seed, &e);
    TEST_CHECK(n_global == n * e.n && total == n_global && width == e.width, "Rule %s: wrong shape", rule);
    for (HoleIndex c = 0; c < width; ++c) {
      TEST_CHECK(rows[i * width + c] == e.points[(first + i) % e.n][c],
                 "Rule %s, layer %s: point %" HoleIndex_FMT ", unit %" HoleIndex_FMT " is wrong", rule, names[which],
                 first + i, c);
    }
    TEST_CHECK(!e.placed == !positions, "Rule %s, layer %s: positions %s", rule, names[which],
               positions ? "given" : "missing");
    TEST_CHECK(!positions || positions[i] == e.positions[(first + i) % e.n], "Rule %s: wrong position", rule);
  }
  PetscCall(PetscFree(positions));
  PetscCall(HoleActivationsDestroy(&acts));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* All layers that `which` names, or one of them. */
static PetscErrorCode check_rule(const char path[], HoleIndex n, const char rule[], const char which[])
{
  HoleSource source;
  HoleIndex  l = 0;

  PetscFunctionBegin;
  PetscCall(HoleSourceCreate(PETSC_COMM_WORLD, path, &source));
  PetscCall(HoleSourceSetLayers(source, which));
  PetscCall(HoleSourceSetReshape(source, rule));
  PetscCall(HoleSourceSetSubsample(source, 0, 7));
  PetscCall(HoleSourceSetUp(source));
  for (int k = 0; k < N_LAYERS; ++k) {
    if (which && !strstr(which, names[k])) continue;
    PetscCall(check_layer(source, l++, k, n, rule, 7));
  }
  TEST_CHECK(l == HoleSourceGetLayerCount(source), "Wrong number of layers");
  PetscCall(HoleSourceDestroy(&source));
  TEST_NOTHING_OPEN();
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void write_layers(const char path[], HoleIndex n, int bytes, H5T_order_t order, int store)
{
  hid_t   file = 0, type;
  hsize_t dims[4];
  char    name[64];

  if (!test_rank()) {
    file = file_begin(path);
    type = file_float_type(bytes, order);
    for (int k = 0; k < N_LAYERS; ++k) {
      memcpy(dims, shapes[k], sizeof(dims));
      dims[0] = (hsize_t)n;
      snprintf(name, sizeof(name), "/layers/%s/activations", names[k]);
      file_put_values(file, name, type, axes[k], dims, store == STORE_EXTERNAL && k ? STORE_CONTIGUOUS : store,
                      (uint64_t)k);
    }
    H5Tclose(type);
  }
  file_end(file);
}

static PetscErrorCode check_rules(const char path[])
{
  static const char *const any[] = {"auto", "flatten", "mean", "max"};

  PetscFunctionBegin;
  for (HoleIndex n = 1; n <= 5; ++n) {
    write_layers(path, n, 4, H5T_ORDER_LE, (int)n % 3);
    for (int k = 0; k < 4; ++k) PetscCall(check_rule(path, n, any[k], "a,b,c"));
    PetscCall(check_rule(path, n, "spatial:random", "a,c"));
    PetscCall(check_rule(path, n, "spatial:top1", "c"));
    PetscCall(check_rule(path, n, "spatial:topk:1", "a,c"));
    PetscCall(check_rule(path, n, "spatial:topk:3", "c"));
    PetscCall(check_rule(path, n, "spatial:topk:20", "c"));
    PetscCall(check_rule(path, n, "spatial:full", "c"));
    PetscCall(check_rule(path, n, "token:4", "a,b"));
    PetscCall(check_rule(path, n, "tokens:mean", "a,b"));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The external file is made in the working directory of the test. */
static PetscErrorCode check_types(const char path[])
{
  char raw[64];

  PetscFunctionBegin;
  for (int store = 0; store < STORE_KINDS; ++store) {
    for (int bytes = 2; bytes <= 8; bytes *= 2) {
      write_layers(path, 11, bytes, H5T_ORDER_LE, store);
      PetscCall(check_rule(path, 11, "flatten", "a,b,c"));
      write_layers(path, 11, bytes, H5T_ORDER_BE, store);
      PetscCall(check_rule(path, 11, "flatten", "a,b,c"));
    }
  }
  snprintf(raw, sizeof(raw), "external%d.raw", (int)getpid());
  if (!test_rank()) (void)unlink(raw);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A virtual dataset over two others and an external link, both to the same file under another name. */
static PetscErrorCode check_indirect(const char path[])
{
  hid_t   file    = 0, space, source, create;
  hsize_t dims[4] = {10, 6}, start[2] = {0, 0}, count[2] = {5, 6};
  char    other[PETSC_MAX_PATH_LEN + 8];

  PetscFunctionBegin;
  snprintf(other, sizeof(other), "%s.other", path);
  write_layers(other, 10, 8, H5T_ORDER_LE, STORE_CONTIGUOUS);
  if (!test_rank()) {
    const char *name = strrchr(other, '/') ? strrchr(other, '/') + 1 : other;

    file   = file_begin(path);
    space  = H5Screate_simple(2, dims, NULL);
    source = H5Screate_simple(2, dims, NULL);
    create = H5Pcreate(H5P_DATASET_CREATE);
    for (start[0] = 0; start[0] < 10; start[0] += 5) {
      H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL);
      H5Sselect_hyperslab(source, H5S_SELECT_SET, start, NULL, count, NULL);
      H5Pset_virtual(create, space, name, "/layers/a/activations", source);
    }
    H5Gclose(H5Gcreate2(file, "/layers", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    H5Gclose(H5Gcreate2(file, "/layers/a", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    H5Dclose(H5Dcreate2(file, "/layers/a/activations", H5T_IEEE_F64LE, space, H5P_DEFAULT, create, H5P_DEFAULT));
    H5Lcreate_external(name, "/layers/c", file, "/layers/c", H5P_DEFAULT, H5P_DEFAULT);
    H5Pclose(create);
    H5Sclose(source);
    H5Sclose(space);
  }
  file_end(file);
  PetscCall(check_rule(path, 10, "auto", "a,c"));
  if (!test_rank()) (void)unlink(other);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- names and order ---- */

/* The names of all layers, joined by blanks. */
static PetscErrorCode check_names(const char path[], const char layers[], const char datasets[], const char want[])
{
  HoleSource source;
  char       got[1024] = "";

  PetscFunctionBegin;
  PetscCall(HoleSourceCreate(PETSC_COMM_WORLD, path, &source));
  if (layers) PetscCall(HoleSourceSetLayers(source, layers));
  if (datasets) PetscCall(HoleSourceSetDatasets(source, datasets));
  PetscCall(HoleSourceSetUp(source));
  for (HoleIndex l = 0; l < HoleSourceGetLayerCount(source); ++l) {
    if (l) PetscCall(PetscStrlcat(got, " ", sizeof(got)));
    PetscCall(PetscStrlcat(got, HoleSourceGetLayerName(source, l), sizeof(got)));
  }
  TEST_CHECK(!strcmp(got, want), "Expected layers \"%s\", got \"%s\"", want, got);
  PetscCall(HoleSourceDestroy(&source));
  TEST_NOTHING_OPEN();
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const char *const many[] = {"layer10", "layer2", "fc", "layer1", "b[0]", "Layer3"};

/* A file of layers in `many`, order by: 0 nothing, 1 attribute index on groups, 2 on datasets, 3 and 4 layer_order. */
static void write_order(const char path[], int order)
{
  static const char *const some[]  = {"fc", "b[0]", "layer2"};
  hid_t                    file    = 0;
  hsize_t                  dims[2] = {2, 2};
  char                     name[64];

  if (!test_rank()) {
    file = file_begin(path);
    for (int k = 0; k < 6; ++k) {
      snprintf(name, sizeof(name), "/layers/%s/activations", many[k]);
      file_put_values(file, name, H5T_IEEE_F32LE, 2, dims, STORE_CONTIGUOUS, 1);
      if (order == 1) *strrchr(name, '/') = 0;
      if (order == 1 || order == 2) file_put_index(file, name, "index", 6 - k);
    }
    file_put_values(file, "/maps/layer2", H5T_IEEE_F32LE, 2, dims, STORE_CONTIGUOUS, 1);
    if (order >= 3) file_put_strings(file, "/", "layer_order", order == 3 ? 0 : 8, 3, some);
  }
  file_end(file);
}

static PetscErrorCode check_order(const char path[])
{
  PetscFunctionBegin;
  write_order(path, 0);
  PetscCall(check_names(path, NULL, NULL, "Layer3 b[0] fc layer1 layer2 layer10"));
  PetscCall(check_names(path, "all", NULL, "Layer3 b[0] fc layer1 layer2 layer10"));
  PetscCall(check_names(path, "layer10,f*,b[0]", NULL, "b[0] fc layer10"));
  PetscCall(check_names(path, "layer?,layer1*", NULL, "layer1 layer2 layer10"));
  PetscCall(check_names(path, NULL, "/layers/fc/activations", "fc"));
  PetscCall(check_names(path, NULL, "maps/layer2,/layers//layer10/activations/", "layer2 layer10"));
  PetscCall(check_names(path, NULL, "/maps/layer2,/layers/layer2/activations,/layers/fc/activations",
                        "maps_layer2 layers_layer2_activations fc"));
  PetscCall(check_names(path, "maps*", "/maps/layer2,/layers/layer2/activations", "maps_layer2"));
  write_order(path, 1);
  PetscCall(check_names(path, NULL, NULL, "Layer3 b[0] layer1 fc layer2 layer10"));
  write_order(path, 2);
  PetscCall(check_names(path, "layer*", NULL, "layer1 layer2 layer10"));
  PetscCall(check_names(path, NULL, NULL, "Layer3 b[0] layer1 fc layer2 layer10"));
  write_order(path, 3);
  PetscCall(check_names(path, NULL, NULL, "fc b[0] layer2 Layer3 layer1 layer10"));
  write_order(path, 4);
  PetscCall(check_names(path, NULL, NULL, "fc b[0] layer2 Layer3 layer1 layer10"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- labels, classes, ids ---- */

static const int stored[5] = {2, -1, 0, -7, 1};

static void write_labels(const char path[], hid_t type, const char name[], int with_names)
{
  static const char *const classes[] = {"zero", "eins", "\xc3\xa7", ""};
  const long long          ids[5]    = {100, 7, -3, (long long)1 << 40, 5};
  int                      values[5];
  hid_t                    file    = 0;
  hsize_t                  dims[4] = {5, 1, 3, 3}, n = 5;

  if (!test_rank()) {
    file = file_begin(path);
    for (int i = 0; i < 5; ++i)
      values[i] = H5Tget_class(type) == H5T_INTEGER && H5Tget_sign(type) == H5T_SGN_NONE ? i : stored[i];
    file_put_values(file, "/layers/x/activations", H5T_IEEE_F64BE, 4, dims, STORE_COMPRESSED, 1);
    file_put(file, name, type, 1, &n, STORE_CONTIGUOUS, H5T_NATIVE_INT, values);
    if (with_names) {
      file_put_strings(file, NULL, "/class_names", with_names == 1 ? 0 : 5, with_names == 1 ? 4 : 3, classes);
      file_put(file, "/sample_ids", H5T_STD_I64BE, 1, &n, STORE_CHUNKED, H5T_NATIVE_LLONG, ids);
    }
  }
  file_end(file);
}

static PetscErrorCode check_labels(const char path[], const char dataset[], int is_unsigned, int with_names,
                                   const char rule[], HoleIndex points)
{
  const int64_t      ids[5] = {100, 7, -3, (int64_t)1 << 40, 5}, *got_ids;
  HoleSource         source;
  const int32_t     *labels;
  const char *const *classes;
  HoleIndex          n, n_file, n_kept, n_classes;

  PetscFunctionBegin;
  PetscCall(HoleSourceCreate(PETSC_COMM_WORLD, path, &source));
  if (dataset) PetscCall(HoleSourceSetLabelsDataset(source, dataset));
  PetscCall(HoleSourceSetReshape(source, rule));
  PetscCall(HoleSourceSetUp(source));
  PetscCall(HoleSourceGetLayerShape(source, 0, &n, NULL));
  PetscCall(HoleSourceGetSamples(source, &n_file, &n_kept));
  PetscCall(HoleSourceGetLabels(source, &labels));
  PetscCall(HoleSourceGetSampleIds(source, &got_ids));
  PetscCall(HoleSourceGetClasses(source, &n_classes, &classes));
  TEST_CHECK(n == 5 * points && n_file == 5 && n_kept == 5, "Wrong number of points");
  for (HoleIndex i = 0; i < n; ++i) {
    const int want = is_unsigned ? (int)(i / points) : PetscMax(stored[i / points], -1);

    TEST_CHECK(labels[i] == want, "Label %d, expected %d", labels[i], want);
    TEST_CHECK(got_ids[i] == (with_names ? ids[i / points] : i / points), "Wrong id");
  }
  TEST_CHECK(n_classes == (with_names == 1 ? 4 : is_unsigned ? 5 : 3), "%d classes", (int)n_classes);
  TEST_CHECK(!classes == !with_names, "Names of classes");
  if (with_names) TEST_CHECK(!strcmp(classes[1], "eins") && !strcmp(classes[2], "\xc3\xa7"), "Wrong names of classes");
  PetscCall(HoleSourceDestroy(&source));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* No labels: none in the file, or none wanted. */
static PetscErrorCode check_no_labels(const char path[], const char dataset[])
{
  HoleSource         source;
  const int32_t     *labels;
  const int64_t     *ids;
  const char *const *classes;
  HoleIndex          n_classes;

  PetscFunctionBegin;
  PetscCall(HoleSourceCreate(PETSC_COMM_WORLD, path, &source));
  if (dataset) PetscCall(HoleSourceSetLabelsDataset(source, dataset));
  PetscCall(HoleSourceSetUp(source));
  PetscCall(HoleSourceGetLabels(source, &labels));
  PetscCall(HoleSourceGetSampleIds(source, &ids));
  PetscCall(HoleSourceGetClasses(source, &n_classes, &classes));
  TEST_CHECK(!labels && !classes && !n_classes && ids[1] == 1, "Labels out of nothing");
  PetscCall(HoleSourceDestroy(&source));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* h5py's booleans. */
static void write_bools(const char path[])
{
  const signed char values[5] = {1, 0, 0, 1, 1}, number[2] = {0, 1};
  hid_t             file    = 0, type;
  hsize_t           dims[2] = {5, 2}, n = 5;

  if (!test_rank()) {
    file = file_begin(path);
    type = H5Tenum_create(H5T_STD_I8LE);
    H5Tenum_insert(type, "FALSE", &number[0]);
    H5Tenum_insert(type, "TRUE", &number[1]);
    file_put_values(file, "/layers/x/activations", H5T_IEEE_F32LE, 2, dims, STORE_CONTIGUOUS, 1);
    file_put(file, "/labels", type, 1, &n, STORE_CONTIGUOUS, type, values);
    H5Tclose(type);
  }
  file_end(file);
}

static PetscErrorCode check_bools(const char path[])
{
  HoleSource     source;
  const int32_t *labels;
  HoleIndex      n_classes;

  PetscFunctionBegin;
  write_bools(path);
  PetscCall(HoleSourceCreate(PETSC_COMM_WORLD, path, &source));
  PetscCall(HoleSourceSetUp(source));
  PetscCall(HoleSourceGetLabels(source, &labels));
  PetscCall(HoleSourceGetClasses(source, &n_classes, NULL));
  TEST_CHECK(n_classes == 2 && labels[0] == 1 && labels[1] == 0 && labels[4] == 1, "Wrong labels from booleans");
  PetscCall(HoleSourceDestroy(&source));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_all_labels(const char path[])
{
  PetscFunctionBegin;
  write_labels(path, H5T_STD_I32LE, "/labels", 1);
  PetscCall(check_labels(path, NULL, 0, 1, "auto", 1));
  PetscCall(check_labels(path, NULL, 0, 1, "spatial:full", 9));
  PetscCall(check_labels(path, "/labels", 0, 1, "spatial:topk:2", 2));
  write_labels(path, H5T_STD_I8BE, "/labels", 2);
  PetscCall(check_labels(path, NULL, 0, 2, "auto", 1));
  write_labels(path, H5T_STD_I64BE, "/labels", 0);
  PetscCall(check_labels(path, NULL, 0, 0, "auto", 1));
  PetscCall(check_no_labels(path, "none"));
  write_labels(path, H5T_STD_U8LE, "/some/where", 0);
  PetscCall(check_labels(path, "/some/where", 1, 0, "auto", 1));
  PetscCall(check_no_labels(path, NULL));
  write_labels(path, H5T_STD_U64LE, "/labels", 0);
  PetscCall(check_labels(path, NULL, 1, 0, "auto", 1));
  PetscCall(check_bools(path));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The options are those of the setters. */
static PetscErrorCode check_options(const char path[])
{
  HoleSource source;
  HoleIndex  n, width, n_kept;

  PetscFunctionBegin;
  write_layers(path, 9, 4, H5T_ORDER_LE, STORE_CHUNKED);
  PetscCall(PetscOptionsInsertString(NULL, "-layers c -max_points 4 -seed 3 -reshape spatial:topk:2"));
  PetscCall(HoleSourceCreate(PETSC_COMM_WORLD, path, &source));
  PetscCall(HoleSourceSetFromOptions(source));
  PetscCall(HoleSourceSetUp(source));
  PetscCall(HoleSourceGetLayerShape(source, 0, &n, &width));
  PetscCall(HoleSourceGetSamples(source, NULL, &n_kept));
  TEST_CHECK(HoleSourceGetLayerCount(source) == 1 && n == 8 && width == 2 && n_kept == 4, "Options were not read");
  PetscCall(HoleSourceDestroy(&source));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  char path[PETSC_MAX_PATH_LEN] = "layers.h5";

  PetscFunctionBeginUser;
  PetscCall(PetscInitialize(&argc, &argv, NULL, NULL));
  PetscCall(PetscOptionsGetString(NULL, NULL, "-file", path, sizeof(path), NULL));
  PetscCall(check_rules(path));
  PetscCall(check_types(path));
  PetscCall(check_indirect(path));
  PetscCall(check_order(path));
  PetscCall(check_all_labels(path));
  PetscCall(check_options(path));
  PetscCall(PetscFinalize());
  return 0;
}
