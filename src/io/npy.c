/* NumPy's .npy: a magic word, a version, the length of the header, the header (a Python dictionary in one line), the values.
   HDF5 can read values that lie in another file, if it is told where; so all that is done here is to read the header. The
   format is that of the reference of NumPy, numpy.lib.format. */
#include "npy.h"

#include "reader.h"
#include "reader_impl.h"
#include <hole/hole_error.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { MAGIC = 6, MOST_HEADER = 1 << 20, MOST_AXES = 4 };

static const char magic[MAGIC + 1] = "\x93NUMPY";

/* What the header says. */
struct npy {
  char     descr[64]; /* as it is written: '<f4' */
  hid_t    type;
  int      n_dims;
  hsize_t  dims[MOST_AXES];
  uint64_t n_values, first; /* values; byte of the first */
};

PetscBool hole_npy_is(const char path[])
{
  FILE     *file        = fopen(path, "rb");
  char      word[MAGIC] = "";
  PetscBool is;

  if (!file) return PETSC_FALSE;
  is = fread(word, 1, MAGIC, file) == MAGIC && !memcmp(word, magic, MAGIC) ? PETSC_TRUE : PETSC_FALSE;
  fclose(file);
  return is;
}

/* `n` bytes at the front of a file, little-endian. */
static PetscErrorCode read_number(const char path[], FILE *file, int n, uint64_t *number)
{
  unsigned char bytes[8];

  PetscFunctionBegin;
  PetscCheck(fread(bytes, 1, (size_t)n, file) == (size_t)n, PETSC_COMM_SELF, HOLE_ERR_INPUT,
             "Input %s: the NumPy header is truncated", path);
  *number = 0;
  while (n--) *number = *number << 8 | bytes[n];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The header as text, to be freed; the file stands at the first value. */
static PetscErrorCode read_header(const char path[], FILE *file, char **header, uint64_t *first)
{
  uint64_t version, length;

  PetscFunctionBegin;
  PetscCheck(!fseek(file, MAGIC, SEEK_SET), PETSC_COMM_SELF, HOLE_ERR_INPUT, "Input %s cannot be read", path);
  PetscCall(read_number(path, file, 2, &version));
  version &= 255; /* the major part is the first byte */
  PetscCheck(version >= 1 && version <= 3, PETSC_COMM_SELF, HOLE_ERR_INPUT,
             "Input %s: version %d of the NumPy format is not known, expected 1 to 3", path, (int)version);
  PetscCall(read_number(path, file, version == 1 ? 2 : 4, &length));
  PetscCheck(length <= MOST_HEADER, PETSC_COMM_SELF, HOLE_ERR_INPUT,
             "Input %s: the NumPy header has %" PRIu64 " bytes, expected at most %d", path, length, MOST_HEADER);
  PetscCall(PetscCalloc1(length + 1, header));
  PetscCheck(fread(*header, 1, length, file) == length, PETSC_COMM_SELF, HOLE_ERR_INPUT,
             "Input %s: the NumPy header is truncated", path);
  *first = MAGIC + 2 + (version == 1 ? 2 : 4) + length;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What stands behind a key of the dictionary; NULL if it is not there. */
static const char *find_value(const char header[], const char key[])
{
  const char *at = strstr(header, key);

  if (!at) return NULL;
  at += strlen(key);
  at += strspn(at, " ");
  if (*at++ != ':') return NULL;
  return at + strspn(at, " ");
}

/* A float of 2, 4 or 8 bytes, little-endian; the type is to be closed. */
static PetscErrorCode parse_type(const char path[], const char value[], struct npy *a)
{
  const PetscBool little =
      value[0] == '\'' && value[1] == '<' && value[2] == 'f' && value[4] == '\'' ? PETSC_TRUE : PETSC_FALSE;
  size_t length = strcspn(value, ",}\n");
  herr_t status;

  PetscFunctionBegin;
  PetscCall(PetscStrncpy(a->descr, value, PetscMin(length + 1, sizeof(a->descr))));
  PetscCheck(
      little && (value[3] == '2' || value[3] == '4' || value[3] == '8'), PETSC_COMM_SELF, HOLE_ERR_INPUT,
      "Input %s: the array has type %s, expected little-endian float16, float32 or float64 ('<f2', '<f4', '<f8')", path,
      a->descr);
  HoleCallHDF5(a->type, PETSC_ERR_LIB, H5Tcopy(value[3] == '8' ? H5T_IEEE_F64LE : H5T_IEEE_F32LE));
  if (value[3] != '2') PetscFunctionReturn(PETSC_SUCCESS);
  HoleCallHDF5(status, PETSC_ERR_LIB, H5Tset_fields(a->type, 15, 10, 5, 0, 10));
  HoleCallHDF5(status, PETSC_ERR_LIB, H5Tset_size(a->type, 2));
  HoleCallHDF5(status, PETSC_ERR_LIB, H5Tset_ebias(a->type, 15));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The numbers of "(3, 4)" or "(3,)"; false if it is anything else, or has more axes than there is room for. */
static PetscBool take_axes(const char value[], struct npy *a)
{
  char *at;

  if (value[0] != '(') return PETSC_FALSE;
  for (const char *next = value + 1; *(next += strspn(next, " ")) != ')'; next = at) {
    if (a->n_dims == MOST_AXES || !strspn(next, "0123456789")) return PETSC_FALSE;
    a->dims[a->n_dims++] = strtoull(next, &at, 10);
    at += strspn(at, " ");
    if (*at != ',' && *at != ')') return PETSC_FALSE;
    at += *at == ',';
  }
  return PETSC_TRUE;
}

/* What arrays there can be is known to the source, which sees axes; here they have to be told. */
static PetscErrorCode parse_shape(const char path[], const char value[], struct npy *a)
{
  const size_t line  = strcspn(value, ")\n");
  const int    shown = (int)PetscMin(line + (value[line] == ')'), 100);

  PetscFunctionBegin;
  PetscCheck(take_axes(value, a) && a->n_dims >= 2, PETSC_COMM_SELF, HOLE_ERR_INPUT,
             "Input %s: the array has shape %.*s, expected [N, d], [N, T, d] or [N, C, H, W]", path, shown, value);
  a->n_values = 1;
  for (int k = 0; k < a->n_dims; ++k) {
    PetscCheck(!a->dims[k] || a->n_values <= INT64_MAX / 8 / a->dims[k], PETSC_COMM_SELF, HOLE_ERR_INPUT,
               "Input %s: the array has shape %.*s, more than 64 bits can count", path, shown, value);
    a->n_values *= a->dims[k];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode parse_header(const char path[], const char header[], struct npy *a)
{
  const char *type = find_value(header, "'descr'"), *order = find_value(header, "'fortran_order'");
  const char *shape = find_value(header, "'shape'");

  PetscFunctionBegin;
  PetscCheck(type && order && shape, PETSC_COMM_SELF, HOLE_ERR_INPUT,
             "Input %s: the NumPy header has no %s, expected descr, fortran_order and shape", path,
             !type    ? "descr"
             : !order ? "fortran_order"
                      : "shape");
  PetscCall(parse_type(path, type, a));
  PetscCall(parse_shape(path, shape, a));
  PetscCheck(!strncmp(order, "False", 5), PETSC_COMM_SELF, HOLE_ERR_INPUT,
             "Input %s: the array is in Fortran order; save numpy.ascontiguousarray() of it", path);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_length(const char path[], const struct npy *a)
{
  const uint64_t wanted = a->first + a->n_values * H5Tget_size(a->type);
  struct stat    info;

  PetscFunctionBegin;
  PetscCheck(!stat(path, &info), PETSC_COMM_SELF, HOLE_ERR_INPUT, "Input %s cannot be read", path);
  PetscCheck((uint64_t)info.st_size >= wanted, PETSC_COMM_SELF, HOLE_ERR_INPUT,
             "Input %s is truncated: it has %" PRId64 " bytes, expected %" PRIu64, path, (int64_t)info.st_size, wanted);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_npy(const char path[], struct npy *a)
{
  FILE          *file   = fopen(path, "rb");
  char          *header = NULL;
  PetscErrorCode read;

  PetscFunctionBegin;
  PetscCheck(file, PETSC_COMM_SELF, HOLE_ERR_INPUT, "Input %s cannot be read", path);
  read = read_header(path, file, &header, &a->first);
  fclose(file);
  if (!read) read = parse_header(path, header, a);
  PetscCall(PetscFree(header));
  PetscCall(read);
  PetscCall(check_length(path, a));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* /layers/STEM, with `last` behind it. */
static PetscErrorCode name_dataset(const char path[], const char last[], size_t length, char name[])
{
  const char *file = strrchr(path, '/') ? strrchr(path, '/') + 1 : path, *dot = strrchr(file, '.');

  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(name, length, "/layers/%.*s/%s",
                          (int)(dot && dot != file ? dot - file : (ptrdiff_t)strlen(file)), file, last));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Say where the values lie: by a path from the root, since HDF5 takes others from its own file or the working directory. */
static PetscErrorCode point_to_values(const char path[], const struct npy *a, hid_t create)
{
  char   folder[PETSC_MAX_PATH_LEN] = "", whole[2 * PETSC_MAX_PATH_LEN];
  herr_t status;

  PetscFunctionBegin;
  if (!a->n_values) PetscFunctionReturn(PETSC_SUCCESS);
  if (path[0] != '/') PetscCall(PetscGetWorkingDirectory(folder, sizeof(folder)));
  PetscCall(PetscSNPrintf(whole, sizeof(whole), "%s%s%s", folder, folder[0] ? "/" : "", path));
  HoleCallHDF5(status, PETSC_ERR_LIB,
               H5Pset_external(create, whole, (off_t)a->first, (hsize_t)(a->n_values * H5Tget_size(a->type))));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The dataset in an open file; `links` makes the groups above it. */
static PetscErrorCode make_dataset(const char path[], const struct npy *a, hid_t file, hid_t links,
                                   struct hole_handles *h)
{
  char   name[PETSC_MAX_PATH_LEN], other[PETSC_MAX_PATH_LEN];
  herr_t status;

  PetscFunctionBegin;
  HoleCallHDF5(status, PETSC_ERR_LIB, H5Pset_create_intermediate_group(links, 1));
  HoleCallHDF5(h->space, PETSC_ERR_LIB, H5Screate_simple(a->n_dims, a->dims, NULL));
  HoleCallHDF5(h->plist, PETSC_ERR_LIB, H5Pcreate(H5P_DATASET_CREATE));
  PetscCall(point_to_values(path, a, h->plist));
  PetscCall(name_dataset(path, "activations", sizeof(name), name));
  PetscCall(name_dataset(path, "distances", sizeof(other), other));
  HoleCallHDF5(h->object, HOLE_ERR_INPUT, H5Dcreate2(file, name, a->type, h->space, links, h->plist, H5P_DEFAULT));
  if (a->n_dims == 2 && a->dims[0] == a->dims[1])
    HoleCallHDF5(status, PETSC_ERR_LIB, H5Lcreate_hard(file, name, file, other, H5P_DEFAULT, H5P_DEFAULT));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A file in memory. HDF5 knows it by its name, which differs from that of any other: it is an address. */
static PetscErrorCode make_file(hid_t *file, hid_t access)
{
  char   name[64];
  herr_t status;

  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(name, sizeof(name), "array at %p", (void *)file));
  HoleCallHDF5(status, PETSC_ERR_LIB, H5Pset_fapl_core(access, 1 << 16, 0));
  HoleCallHDF5(*file, PETSC_ERR_LIB, H5Fcreate(name, H5F_ACC_TRUNC, H5P_DEFAULT, access));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode open_npy(const char path[], struct npy *a, struct hole_handles *h, struct hole_handles *lists,
                               hid_t *file)
{
  PetscFunctionBegin;
  PetscCall(read_npy(path, a));
  HoleCallHDF5(lists->plist, PETSC_ERR_LIB, H5Pcreate(H5P_FILE_ACCESS));
  PetscCall(make_file(file, lists->plist));
  PetscCall(hole_handles_close(lists));
  HoleCallHDF5(lists->plist, PETSC_ERR_LIB, H5Pcreate(H5P_LINK_CREATE));
  PetscCall(make_dataset(path, a, *file, lists->plist, h));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_npy_open(const char path[], hid_t *file)
{
  struct npy          a = {0};
  struct hole_handles h = {0}, lists = {0};
  PetscErrorCode      opened, closed[2];

  PetscFunctionBegin;
  *file     = 0;
  opened    = open_npy(path, &a, &h, &lists, file);
  h.type    = a.type;
  closed[0] = hole_handles_close(&h);
  closed[1] = hole_handles_close(&lists);
  PetscCall(opened); /* the caller closes what is open */
  PetscCall(closed[0]);
  PetscCall(closed[1]);
  PetscFunctionReturn(PETSC_SUCCESS);
}
