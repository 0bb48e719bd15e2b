/* What is written is read back equal, whatever the rank count; a file has its final name only when it is whole; after an error, on any
   rank and at any point, no file is left. */
#include "../../src/core/block.h"
#include "../../src/io/checksum.h"
#include "../../src/io/reader.h"
#include "../../src/io/writer.h"
#include "hdf5_files.h"

#include <dirent.h>
#include <signal.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/stat.h>

/* Records with gaps between their fields. */
struct record {
  int32_t a;
  double  b;
  int32_t c;
  int64_t d;
  char    e[HOLE_NAME_SHORT];
};

static const struct hole_field fields[] = {{"a", offsetof(struct record, a), HOLE_TYPE_INT32},
                                           {"b", offsetof(struct record, b), HOLE_TYPE_DOUBLE},
                                           {"c", offsetof(struct record, c), HOLE_TYPE_INT32},
                                           {"d", offsetof(struct record, d), HOLE_TYPE_INT64},
                                           {"e", offsetof(struct record, e), HOLE_TYPE_NAME}};

static const char *const words[] = {"one", "", "\xc3\xa9t\xc3\xa9", "twenty-two"};

static struct record make_record(HoleIndex i)
{
  struct record r;

  memset(&r, 0x5a, sizeof(r)); /* what stands in the gaps must not reach the file */
  r.a = (int32_t)i;
  r.b = file_value(1, i);
  r.c = (int32_t)(-2 * i);
  r.d = ((int64_t)1 << 40) + i;
  memset(r.e, 0, sizeof(r.e));
  snprintf(r.e, sizeof(r.e), "record %d", (int)i);
  return r;
}

/* Rows of every kind, `n` of each. Rows are split unevenly: the last rank has none if there is more than one. */
static PetscErrorCode write_all(MPI_Comm comm, hole_writer w, HoleIndex n, double data[], int32_t ints[],
                                int64_t longs[], struct record records[])
{
  PetscMPIInt rank, size, parts;
  HoleIndex   first, n_local;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCallMPI(MPI_Comm_size(comm, &size));
  parts   = PetscMax(size - 1, 1);
  first   = rank < parts ? hole_block_first(n, parts, rank) : n;
  n_local = rank < parts ? hole_block_count(n, parts, rank) : 0;
  for (HoleIndex i = 0; i < n; ++i) {
    for (int k = 0; k < 3; ++k) data[3 * i + k] = file_value(2, 3 * i + k);
    ints[i]    = (int32_t)(7 - i);
    longs[i]   = ((int64_t)1 << 50) + i;
    records[i] = make_record(i);
  }
  PetscCall(hole_writer_attr_string(w, "/", "format", "hole-result"));
  PetscCall(hole_writer_rows(w, "/deep/down/data", HOLE_TYPE_DOUBLE, n, 3, first, n_local, data + 3 * first,
                             "Some values", "m"));
  PetscCall(hole_writer_rows(w, "ints", HOLE_TYPE_INT32, n, 0, first, n_local, ints + first, "Whole numbers", NULL));
  PetscCall(hole_writer_replicated(w, "/deep/longs", HOLE_TYPE_INT64, n, 0, longs, "Large numbers", NULL));
  PetscCall(hole_writer_replicated(w, "/deep/again", HOLE_TYPE_DOUBLE, n, 3, data, "Some values", ""));
  PetscCall(hole_writer_records(w, "/records", HOLE_FIELDS(fields), sizeof(struct record), n, first, n_local,
                                records + first, "Records", NULL));
  PetscCall(hole_writer_replicated_records(w, "/same", HOLE_FIELDS(fields), sizeof(struct record), n, records,
                                           "Records", NULL));
  PetscCall(hole_writer_strings(w, "/words", 4, words, "Words"));
  PetscCall(hole_writer_strings(w, "/no_words", 0, NULL, "No words"));
  PetscCall(hole_writer_group(w, "/deep/group/in/group"));
  PetscCall(hole_writer_group(w, "/deep/group"));
  PetscCall(hole_writer_attr_int64(w, "/deep/group", "number", (int64_t)1 << 60));
  PetscCall(hole_writer_attr_double(w, "/deep/down/data", "ratio", 0.1));
  PetscCall(hole_writer_attr_string(w, "/deep", "text", "before"));
  PetscCall(hole_writer_attr_string(w, "/deep", "text", "after \xc3\xa9"));
  PetscCall(hole_writer_attr_string(w, "/deep", "nothing", ""));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A dataset is there with shape and values; `type` is its type in memory. */
static PetscErrorCode expect_data(hid_t file, const char path[], hid_t type, int n_dims, const hsize_t dims[],
                                  const void *values)
{
  hid_t dataset = H5Dopen2(file, path, H5P_DEFAULT), space = H5Dget_space(dataset),
        create     = H5Dget_create_plist(dataset);
  hsize_t shape[4] = {0}, n = 1;
  size_t  bytes = H5Tget_size(type);
  char   *got;

  PetscFunctionBegin;
  TEST_CHECK(dataset >= 0 && H5Sget_simple_extent_ndims(space) == n_dims, "%s: wrong number of axes", path);
  H5Sget_simple_extent_dims(space, shape, NULL);
  for (int k = 0; k < n_dims; n *= dims[k], ++k) TEST_CHECK(shape[k] == dims[k], "%s: wrong shape", path);
  TEST_CHECK(H5Pget_layout(create) == H5D_CONTIGUOUS && H5Aexists(dataset, "description") > 0, "%s: wrong layout",
             path);
  PetscCall(PetscCalloc1((size_t)n * bytes + 1, &got));
  TEST_CHECK(!n || H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, got) >= 0, "%s cannot be read", path);
  TEST_CHECK(!n || !memcmp(got, values, (size_t)n * bytes), "%s: wrong values", path);
  PetscCall(PetscFree(got));
  H5Pclose(create);
  H5Sclose(space);
  H5Dclose(dataset);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode expect_text(hid_t file, const char object[], const char name[], const char want[])
{
  hid_t attribute = H5Aopen_by_name(file, object, name, H5P_DEFAULT, H5P_DEFAULT), type = H5Aget_type(attribute);
  char  got[256] = "";

  PetscFunctionBegin;
  TEST_CHECK(attribute >= 0 && H5Tget_size(type) < sizeof(got) && !H5Tis_variable_str(type), "%s: no attribute %s",
             object, name);
  TEST_CHECK(H5Tget_cset(type) == H5T_CSET_UTF8 && H5Tget_strpad(type) == H5T_STR_NULLPAD, "%s: wrong type of string",
             name);
  H5Aread(attribute, type, got);
  TEST_CHECK(!strcmp(got, want), "%s: attribute %s is %s", object, name, got);
  H5Tclose(type);
  H5Aclose(attribute);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode expect_number(hid_t file, const char object[], const char name[], hid_t type, const void *want)
{
  hid_t   attribute = H5Aopen_by_name(file, object, name, H5P_DEFAULT, H5P_DEFAULT);
  int64_t got       = 0;

  PetscFunctionBegin;
  TEST_CHECK(attribute >= 0 && H5Aread(attribute, type, &got) >= 0 && !memcmp(&got, want, 8), "%s: attribute %s",
             object, name);
  H5Aclose(attribute);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The packed type of the records in the file, seen in memory with their gaps. */
static PetscErrorCode expect_records(hid_t file, const char path[], HoleIndex n, const struct record records[])
{
  hid_t dataset = H5Dopen2(file, path, H5P_DEFAULT), type = H5Dget_type(dataset),
        native              = H5Tcreate(H5T_COMPOUND, sizeof(*records));
  hsize_t        dims[1]    = {(hsize_t)n};
  const hid_t    text       = H5Tcopy(H5T_C_S1);
  const hid_t    members[5] = {H5T_NATIVE_INT32, H5T_NATIVE_DOUBLE, H5T_NATIVE_INT32, H5T_NATIVE_INT64, text};
  struct record *want;

  PetscFunctionBegin;
  TEST_CHECK(H5Tget_class(type) == H5T_COMPOUND && H5Tget_nmembers(type) == 5 &&
                 H5Tget_size(type) == 24 + HOLE_NAME_SHORT,
             "%s: wrong type", path);
  H5Tset_size(text, HOLE_NAME_SHORT);
  H5Tset_strpad(text, H5T_STR_NULLPAD);
  H5Tset_cset(text, H5T_CSET_UTF8);
  for (int k = 0; k < 5; ++k) H5Tinsert(native, fields[k].name, fields[k].offset, members[k]);
  PetscCall(PetscCalloc1(n, &want));
  for (HoleIndex i = 0; i < n; ++i) { /* only the fields */
    want[i].a = records[i].a;
    want[i].b = records[i].b;
    want[i].c = records[i].c;
    want[i].d = records[i].d;
    memcpy(want[i].e, records[i].e, sizeof(want[i].e));
  }
  PetscCall(expect_data(file, path, native, 1, dims, want));
  PetscCall(PetscFree(want));
  H5Tclose(native);
  H5Tclose(text);
  H5Tclose(type);
  H5Dclose(dataset);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* An object without time stamps, which would make files differ. */
static herr_t find_time(hid_t file, const char name[], const H5O_info_t *info, void *context)
{
  (void)file;
  (void)name;
  (void)context;
  return info->atime || info->mtime || info->ctime || info->btime;
}

static PetscErrorCode expect_all(const char path[], HoleIndex n, const double data[], const int32_t ints[],
                                 const int64_t longs[], const struct record records[])
{
  const hsize_t dims[2] = {(hsize_t)n, 3}, four = 4, none = 0;
  const int64_t number = (int64_t)1 << 60;
  const double  ratio  = 0.1;
  char          padded[4][10];
  hid_t         file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT), text = H5Tcopy(H5T_C_S1);

  PetscFunctionBegin;
  TEST_CHECK(file >= 0, "%s is missing", path);
  H5Tset_size(text, 10);
  H5Tset_strpad(text, H5T_STR_NULLPAD);
  H5Tset_cset(text, H5T_CSET_UTF8);
  memset(padded, 0, sizeof(padded));
  for (int i = 0; i < 4; ++i) memcpy(padded[i], words[i], strlen(words[i]));
  PetscCall(expect_data(file, "/deep/down/data", H5T_NATIVE_DOUBLE, 2, dims, data));
  PetscCall(expect_data(file, "/deep/again", H5T_NATIVE_DOUBLE, 2, dims, data));
  PetscCall(expect_data(file, "/ints", H5T_NATIVE_INT32, 1, dims, ints));
  PetscCall(expect_data(file, "/deep/longs", H5T_NATIVE_INT64, 1, dims, longs));
  PetscCall(expect_data(file, "/words", text, 1, &four, padded));
  PetscCall(expect_data(file, "/no_words", text, 1, &none, NULL));
  PetscCall(expect_records(file, "/records", n, records));
  PetscCall(expect_records(file, "/same", n, records));
  PetscCall(expect_text(file, "/", "format", "hole-result"));
  PetscCall(expect_text(file, "/deep/down/data", "description", "Some values"));
  PetscCall(expect_text(file, "/deep/down/data", "unit", "m"));
  PetscCall(expect_text(file, "/deep/again", "unit", ""));
  PetscCall(expect_text(file, "/deep", "text", "after \xc3\xa9"));
  PetscCall(expect_text(file, "/deep", "nothing", ""));
  PetscCall(expect_number(file, "/deep/group", "number", H5T_NATIVE_INT64, &number));
  PetscCall(expect_number(file, "/deep/down/data", "ratio", H5T_NATIVE_DOUBLE, &ratio));
  TEST_CHECK(H5Aexists_by_name(file, "/ints", "unit", H5P_DEFAULT) == 0, "A unit out of nothing");
  TEST_CHECK(H5Lexists(file, "/deep/group/in/group", H5P_DEFAULT) > 0, "A group is missing");
  TEST_CHECK(H5Ovisit2(file, H5_INDEX_NAME, H5_ITER_INC, find_time, NULL, H5O_INFO_TIME) == 0,
             "An object has a time stamp");
  H5Tclose(text);
  H5Fclose(file);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Digest of all bytes of a file. */
static PetscErrorCode digest_file(const char path[], uint64_t *digest)
{
  FILE  *file = fopen(path, "rb");
  char   bytes[4096];
  size_t n;

  PetscFunctionBegin;
  TEST_CHECK(file, "%s is missing", path);
  *digest = 0;
  while ((n = fread(bytes, 1, sizeof(bytes), file))) test_digest(digest, bytes, n);
  fclose(file);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The folder of `path` holds the files whose name contains that of `path`: this many. */
static PetscErrorCode check_files_left(MPI_Comm comm, const char path[], int want)
{
  const char    *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
  char           folder[PETSC_MAX_PATH_LEN];
  DIR           *list;
  struct dirent *entry;
  int            n = 0;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Barrier(comm));
  PetscCall(PetscStrncpy(folder, slash ? path : ".", slash ? (size_t)(slash - path) + 2 : 2));
  list = opendir(folder);
  while ((entry = readdir(list))) n += strstr(entry->d_name, name) != NULL;
  closedir(list);
  TEST_CHECK(n == want, "Expected %d files like %s, found %d", want, path, n);
  PetscCallMPI(MPI_Barrier(comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void remove_file(MPI_Comm comm, const char path[])
{
  PetscMPIInt rank = 0;

  MPI_Comm_rank(comm, &rank);
  MPI_Barrier(comm);
  if (!rank) (void)unlink(path);
  MPI_Barrier(comm);
}

/* Rank 0: turn one bit of a dataset, if it has bytes. */
static PetscErrorCode turn_bit(const char path[], const char name[], PetscBool *turned)
{
  const hid_t   file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT), dataset = H5Dopen2(file, name, H5P_DEFAULT);
  const haddr_t address = H5Dget_offset(dataset);
  const hsize_t bytes   = H5Dget_storage_size(dataset);
  const hsize_t at      = bytes ? hole_random_mix(bytes) % bytes : 0;
  char          byte;
  FILE         *raw;

  PetscFunctionBegin;
  H5Dclose(dataset);
  H5Fclose(file);
  *turned = (PetscBool)(bytes > 0);
  if (!bytes) PetscFunctionReturn(PETSC_SUCCESS);
  raw = fopen(path, "r+b");
  TEST_CHECK(raw && !fseek(raw, (long)(address + at), SEEK_SET) && fread(&byte, 1, 1, raw) == 1, "%s: no byte", name);
  byte = (char)(byte ^ 1 << at % 8);
  TEST_CHECK(!fseek(raw, -1, SEEK_CUR) && fwrite(&byte, 1, 1, raw) == 1 && !fclose(raw), "%s: no byte", name);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Sums of parts are that of the whole, wherever they begin; words that change places are another array. */
static PetscErrorCode check_sums(void)
{
  struct hole_checksum whole = {0}, parts = {0}, moved = {0};
  unsigned char        bytes[37];

  PetscFunctionBegin;
  for (size_t k = 0; k < sizeof(bytes); ++k) bytes[k] = (unsigned char)hole_random_bits(4, k);
  hole_checksum_add(&whole, 0, sizeof(bytes), bytes);
  hole_checksum_add(&parts, 22, sizeof(bytes) - 22, bytes + 22);
  hole_checksum_add(&parts, 0, 5, bytes);
  hole_checksum_add(&parts, 5, 1, bytes + 5);
  hole_checksum_add(&parts, 6, 16, bytes + 6);
  TEST_CHECK(!memcmp(&whole, &parts, sizeof(whole)), "The sum of parts is not that of the whole");
  hole_checksum_add(&moved, 0, 4, bytes + 12);
  hole_checksum_add(&moved, 4, 8, bytes + 4);
  hole_checksum_add(&moved, 12, 4, bytes);
  hole_checksum_add(&moved, 16, sizeof(bytes) - 16, bytes + 16);
  TEST_CHECK(whole.plain == moved.plain && whole.weighted != moved.weighted, "Words that change places go unnoticed");
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Each dataset is what was written, as its checksum says, until a bit of it is turned. */
static PetscErrorCode check_verified(MPI_Comm comm, const char path[])
{
  const char *const names[] = {"/deep/down/data", "ints", "/deep/longs", "/deep/again", "/records", "/same", "/words"};
  hole_reader       r;
  PetscMPIInt       rank;
  PetscBool         turned;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  for (int k = 0; k < 7; ++k) {
    PetscCall(hole_reader_create(comm, path, &r));
    PetscCall(hole_reader_verify(r, names[k]));
    PetscCall(hole_reader_destroy(&r));
    if (!rank) PetscCall(turn_bit(path, names[k], &turned));
    PetscCallMPI(MPI_Bcast(&turned, 1, MPIU_BOOL, 0, comm));
    PetscCall(hole_reader_create(comm, path, &r));
    if (turned) TEST_FAILS(HOLE_ERR_INPUT, hole_reader_verify(r, names[k]));
    PetscCall(hole_reader_destroy(&r));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* With an odd `n` checksums are kept. */
static PetscErrorCode check_round_trip(MPI_Comm comm, const char path[], HoleIndex n, uint64_t *digest)
{
  hole_writer    w;
  PetscMPIInt    rank;
  double        *data;
  int32_t       *ints;
  int64_t       *longs;
  struct record *records;
  struct stat    info;

  PetscFunctionBegin;
  PetscCall(PetscMalloc4(3 * n, &data, n, &ints, n, &longs, n, &records));
  PetscCall(hole_writer_create(comm, path, PETSC_FALSE, &w));
  if (n % 2) PetscCall(hole_writer_keep_checksums(w));
  PetscCall(write_all(comm, w, n, data, ints, longs, records));
  PetscCall(check_files_left(comm, path, 1)); /* the temporary one */
  TEST_CHECK(access(path, F_OK), "The file has its name too early");
  PetscCall(hole_writer_commit(w));
  PetscCall(hole_writer_destroy(&w));
  TEST_CHECK(!w, "The writer is not NULL");
  TEST_NOTHING_OPEN();
  PetscCall(check_files_left(comm, path, 1));
  TEST_CHECK(!stat(path, &info) && info.st_size < 20000 + 172 * n, "The file is too large");
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  if (!rank) PetscCall(expect_all(path, n, data, ints, longs, records));
  PetscCall(digest_file(path, digest));
  PetscCallMPI(MPI_Barrier(comm));
  if (n == 5) PetscCall(check_verified(comm, path));
  PetscCall(PetscFree4(data, ints, longs, records));
  remove_file(comm, path);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Every byte of a file is what one rank alone writes. */
static PetscErrorCode check_digest(const char path[], HoleIndex n)
{
  char     alone[PETSC_MAX_PATH_LEN + 8];
  uint64_t digest, digest_alone;

  PetscFunctionBegin;
  snprintf(alone, sizeof(alone), "%s.%d", path, test_rank());
  PetscCall(check_round_trip(PETSC_COMM_WORLD, path, n, &digest));
  PetscCall(check_round_trip(PETSC_COMM_SELF, alone, n, &digest_alone));
  TEST_CHECK(digest == digest_alone, "With %d rows the file depends on the number of ranks", (int)n);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Write one dataset and go as far as `commit`; with an error the writer is destroyed, as a program would. */
static PetscErrorCode write_once(const char path[], PetscBool force, HoleIndex n, PetscBool commit)
{
  hole_writer    w;
  double        *data;
  PetscErrorCode done, destroyed;

  PetscFunctionBegin;
  PetscCall(hole_writer_create(PETSC_COMM_WORLD, path, force, &w));
  PetscCall(PetscCalloc1(n, &data));
  done = hole_writer_replicated(w, "/data", HOLE_TYPE_DOUBLE, n, 0, data, "Zeros", NULL);
  if (!done && commit) done = hole_writer_commit(w);
  PetscCall(PetscFree(data));
  destroyed = hole_writer_destroy(&w);
  PetscCall(done);
  PetscCall(destroyed);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_existing(const char path[])
{
  uint64_t before, after;

  PetscFunctionBegin;
  PetscCall(write_once(path, PETSC_FALSE, 3, PETSC_TRUE));
  PetscCall(digest_file(path, &before));
  TEST_FAILS(HOLE_ERR_USAGE, write_once(path, PETSC_FALSE, 4, PETSC_TRUE));
  PetscCall(digest_file(path, &after));
  TEST_CHECK(before == after, "An existing file was touched");
  PetscCall(write_once(path, PETSC_TRUE, 4, PETSC_FALSE)); /* abandoned */
  PetscCall(digest_file(path, &after));
  TEST_CHECK(before == after, "An existing file was touched");
  PetscCall(check_files_left(PETSC_COMM_WORLD, path, 1));
  PetscCall(write_once(path, PETSC_TRUE, 4, PETSC_TRUE));
  PetscCall(digest_file(path, &after));
  TEST_CHECK(before != after, "The file was not replaced");
  remove_file(PETSC_COMM_WORLD, path);
  PetscCall(write_once(path, PETSC_FALSE, 4, PETSC_FALSE)); /* abandoned */
  PetscCall(check_files_left(PETSC_COMM_WORLD, path, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Add a dataset of `n` values to a copy of the file, in the place of one of that name; `touch`: the file changes meanwhile. */
static PetscErrorCode update_once(const char path[], const char output[], HoleIndex n, PetscBool commit,
                                  PetscBool touch)
{
  const double   zeros[8] = {0};
  hole_writer    w;
  PetscErrorCode done;

  PetscFunctionBegin;
  PetscCall(hole_writer_update(PETSC_COMM_WORLD, path, output, PETSC_FALSE, &w));
  done = hole_writer_remove(w, "/more/data");
  if (!done) done = hole_writer_remove(w, "/nothing/here");
  if (!done) done = hole_writer_replicated(w, "/more/data", HOLE_TYPE_DOUBLE, n, 0, zeros, "Zeros", NULL);
  if (touch && !test_rank()) {
    FILE *file = fopen(path, "a");

    TEST_CHECK(file && fputc('x', file) == 'x' && !fclose(file), "Cannot append to %s", path);
  }
  if (!done && commit) done = hole_writer_commit(w);
  PetscCall(hole_writer_destroy(&w));
  PetscCall(done);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_length(const char path[], const char dataset[], HoleIndex want)
{
  hid_t file, data, space;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Barrier(PETSC_COMM_WORLD));
  if (!test_rank()) {
    file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    TEST_CHECK(file > 0, "%s cannot be opened", path);
    data  = H5Dopen2(file, dataset, H5P_DEFAULT);
    space = data > 0 ? H5Dget_space(data) : 0;
    TEST_CHECK(data > 0 && H5Sget_simple_extent_npoints(space) == want, "%s of %s is not of %d values", dataset, path,
               (int)want);
    H5Sclose(space);
    H5Dclose(data);
    H5Fclose(file);
  }
  PetscCallMPI(MPI_Barrier(PETSC_COMM_WORLD));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What is added to a file stands beside what it held; what goes wrong leaves it as it was. */
static PetscErrorCode check_update(const char path[])
{
  char     other[PETSC_MAX_PATH_LEN + 8];
  uint64_t before, after;

  PetscFunctionBegin;
  snprintf(other, sizeof(other), "%s.copy", path);
  remove_file(PETSC_COMM_WORLD, other);
  PetscCall(write_once(path, PETSC_FALSE, 3, PETSC_TRUE));
  PetscCall(digest_file(path, &before));
  PetscCall(update_once(path, path, 4, PETSC_FALSE, PETSC_FALSE)); /* abandoned */
  PetscCall(update_once(path, other, 4, PETSC_TRUE, PETSC_FALSE));
  TEST_FAILS(HOLE_ERR_USAGE, update_once(path, other, 5, PETSC_TRUE, PETSC_FALSE)); /* it exists */
  PetscCall(digest_file(path, &after));
  TEST_CHECK(before == after, "A file was touched that others were made from");
  PetscCall(check_length(other, "/data", 3));
  PetscCall(check_length(other, "/more/data", 4));
  remove_file(PETSC_COMM_WORLD, other);
  for (HoleIndex n = 0; n < 8; ++n) { /* each in the place of the one before */
    PetscCall(update_once(path, path, n, PETSC_TRUE, PETSC_FALSE));
    PetscCall(check_length(path, "/data", 3));
    PetscCall(check_length(path, "/more/data", n));
  }
  TEST_FAILS(HOLE_ERR_USAGE, update_once(path, path, 2, PETSC_TRUE, PETSC_TRUE));
  TEST_FAILS(HOLE_ERR_INPUT, update_once("no_such_file", other, 2, PETSC_TRUE, PETSC_FALSE));
  PetscCall(check_files_left(PETSC_COMM_WORLD, path, 1));
  remove_file(PETSC_COMM_WORLD, path);
  TEST_NOTHING_OPEN();
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The name is taken by another program while we write. */
static PetscErrorCode check_taken(const char path[])
{
  hole_writer w;

  PetscFunctionBegin;
  PetscCall(hole_writer_create(PETSC_COMM_WORLD, path, PETSC_FALSE, &w));
  if (!test_rank()) fclose(fopen(path, "w"));
  TEST_FAILS(HOLE_ERR_USAGE, hole_writer_commit(w));
  PetscCall(hole_writer_destroy(&w));
  PetscCall(check_files_left(PETSC_COMM_WORLD, path, 1));
  remove_file(PETSC_COMM_WORLD, path);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_places(const char path[])
{
  char inside[PETSC_MAX_PATH_LEN + 8], *name;

  PetscFunctionBegin;
  TEST_FAILS(HOLE_ERR_USAGE, write_once("no_such_folder/x.h5", PETSC_FALSE, 3, PETSC_TRUE));
  TEST_FAILS(HOLE_ERR_USAGE, write_once("/", PETSC_TRUE, 3, PETSC_TRUE));
  TEST_FAILS(HOLE_ERR_USAGE, write_once("..", PETSC_TRUE, 3, PETSC_TRUE));
  TEST_FAILS(HOLE_ERR_USAGE, write_once("/proc/x.h5", PETSC_FALSE, 3, PETSC_TRUE));
  if (!test_rank()) fclose(fopen(path, "w"));
  PetscCallMPI(MPI_Barrier(PETSC_COMM_WORLD));
  snprintf(inside, sizeof(inside), "%s/x.h5", path);
  TEST_FAILS(HOLE_ERR_USAGE, write_once(inside, PETSC_TRUE, 3, PETSC_TRUE)); /* in a file, not a folder */
  remove_file(PETSC_COMM_WORLD, path);
  PetscCall(PetscMalloc1(300, &name));
  memset(name, 'x', 299);
  name[299] = 0;
  TEST_FAILS(HOLE_ERR_USAGE, write_once(name, PETSC_FALSE, 3, PETSC_TRUE));
  PetscCall(PetscFree(name));
  TEST_NOTHING_OPEN();
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Fill a file: with rows, or with structure alone. */
static PetscErrorCode fill_file(hole_writer w, PetscBool rows)
{
  static const double zeros[10000] = {0.0};
  char                name[32];

  PetscFunctionBegin;
  for (int i = 0; i < 4000; ++i) {
    snprintf(name, sizeof(name), "/object%d", i);
    if (rows) PetscCall(hole_writer_replicated(w, name, HOLE_TYPE_DOUBLE, 10000, 0, zeros, "Zeros", NULL));
    else PetscCall(hole_writer_group(w, name));
  }
  PetscCall(hole_writer_commit(w));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A limit on the size of files stands for a full disk. */
static PetscErrorCode check_full(const char path[], PetscBool rows)
{
  struct rlimit old, low;
  hole_writer   w;

  PetscFunctionBegin;
  TEST_CHECK(!getrlimit(RLIMIT_FSIZE, &old), "No limits here");
  low          = old;
  low.rlim_cur = 600000; /* above what is reserved at first, below what 4000 groups need */
  PetscCall(hole_writer_create(PETSC_COMM_WORLD, path, PETSC_FALSE, &w));
  TEST_CHECK(signal(SIGXFSZ, SIG_IGN) != SIG_ERR && !setrlimit(RLIMIT_FSIZE, &low), "Cannot set a limit");
  TEST_FAILS(HOLE_ERR_RESOURCE, fill_file(w, rows));
  PetscCall(hole_writer_destroy(&w));
  TEST_CHECK(!setrlimit(RLIMIT_FSIZE, &old), "Cannot lift the limit");
  PetscCall(check_files_left(PETSC_COMM_WORLD, path, 0));
  TEST_NOTHING_OPEN();
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_faults(const char path[])
{
  static const char *const points[] = {"writer_create", "writer_write", "writer_commit"};
  PetscMPIInt              size;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &size));
  for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); ++i) {
    for (PetscMPIInt rank = 0; rank < size; ++rank) {
      PetscCall(test_set_fault(points[i], rank));
      TEST_FAILS(HOLE_ERR_RESOURCE, write_once(path, PETSC_FALSE, 5, PETSC_TRUE));
      TEST_NOTHING_OPEN();
      PetscCall(check_files_left(PETSC_COMM_WORLD, path, 0));
    }
  }
  PetscCall(test_set_fault(NULL, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* An attribute larger than old HDF5 formats admit, and records larger than the buffer in which they are packed. */
static PetscErrorCode check_large(const char path[])
{
  const HoleIndex n = 60000;
  uint64_t        digest;
  hole_writer     w;
  char           *text;
  hid_t           file, attribute;

  PetscFunctionBegin;
  PetscCall(check_round_trip(PETSC_COMM_WORLD, path, n, &digest));
  PetscCall(PetscMalloc1(200001, &text));
  memset(text, 'o', 200000);
  text[200000] = 0;
  PetscCall(hole_writer_create(PETSC_COMM_WORLD, path, PETSC_FALSE, &w));
  PetscCall(hole_writer_attr_string(w, "/", "options", text));
  PetscCall(hole_writer_commit(w));
  PetscCall(hole_writer_destroy(&w));
  if (!test_rank()) {
    file      = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    attribute = H5Aopen(file, "options", H5P_DEFAULT);
    TEST_CHECK(H5Aget_storage_size(attribute) == 200000, "A long attribute is not whole");
    H5Aclose(attribute);
    H5Fclose(file);
  }
  PetscCall(PetscFree(text));
  remove_file(PETSC_COMM_WORLD, path);
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  char path[PETSC_MAX_PATH_LEN] = "result.h5";

  PetscFunctionBeginUser;
  PetscCall(PetscInitialize(&argc, &argv, NULL, NULL));
  PetscCall(PetscOptionsGetString(NULL, NULL, "-file", path, sizeof(path), NULL));
  remove_file(PETSC_COMM_WORLD, path); /* of an earlier run that failed */
  PetscCall(check_sums());
  for (HoleIndex n = 0; n <= 5; ++n) PetscCall(check_digest(path, n));
  PetscCall(check_large(path));
  PetscCall(check_existing(path));
  PetscCall(check_taken(path));
  PetscCall(check_update(path));
  PetscCall(check_places(path));
  PetscCall(check_full(path, PETSC_TRUE));
  PetscCall(check_full(path, PETSC_FALSE));
  PetscCall(check_faults(path));
  PetscCall(PetscFinalize());
  return 0;
}
