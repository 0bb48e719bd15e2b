/* Look into an HDF5 file: rank 0 looks and tells the others.

   The file is open twice. Rank 0 holds it by the serial driver, for names, shapes, attributes and small arrays: such a step is
   local, so its failure is agreed on before anyone waits. All ranks hold it by the MPI-IO driver, for rows (rows.c). A NumPy array
   (npy.h) is a file of HDF5 on each rank by itself. */
#include "reader_impl.h"

#include "../core/fault.h"
#include "npy.h"
#include <errno.h>
#include <hole/hole_error.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MESSAGE_BYTES (1 << 30) /* an MPI message counts in int */

PetscErrorCode hole_handles_close(struct hole_handles *h)
{
  herr_t status = 0;

  PetscFunctionBegin;
  if (h->plist > 0) status |= H5Pclose(h->plist);
  if (h->space > 0) status |= H5Sclose(h->space);
  if (h->type > 0) status |= H5Tclose(h->type);
  if (h->object > 0) status |= H5Idec_ref(h->object); /* an object or an attribute */
  *h = (struct hole_handles){0};
  PetscCheck(status >= 0, PETSC_COMM_SELF, PETSC_ERR_LIB, "HDF5 could not close a handle");
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_reader_end_step(hole_reader r, PetscErrorCode done, struct hole_handles *h)
{
  PetscErrorCode closed;

  PetscFunctionBegin;
  closed = hole_handles_close(h);
  HoleCallAgreed(r->comm, done ? done : closed);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Send what rank 0 has. Collective. */
PetscErrorCode hole_reader_share_bytes(MPI_Comm comm, void *data, size_t n)
{
  PetscFunctionBegin;
  for (size_t done = 0; done < n; done += MESSAGE_BYTES) {
    PetscCallMPI(MPI_Bcast((char *)data + done, (int)PetscMin(n - done, MESSAGE_BYTES), MPI_BYTE, 0, comm));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_text_append(struct hole_text *t, const char string[], size_t length)
{
  char  *bytes;
  size_t room;

  PetscFunctionBegin;
  if (t->used + length + 1 > t->room) {
    room = 2 * t->room + length + 256;
    PetscCall(PetscMalloc1(room, &bytes));
    if (t->used) memcpy(bytes, t->bytes, t->used);
    PetscCall(PetscFree(t->bytes));
    t->bytes = bytes;
    t->room  = room;
  }
  if (length) memcpy(t->bytes + t->used, string, length);
  t->bytes[t->used + length] = 0;
  t->used += length + 1;
  t->n += 1;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Send rank 0's text to every rank, as pointers followed by the bytes in one block. Collective. */
PetscErrorCode hole_reader_share_text(hole_reader r, const struct hole_text *t, HoleIndex *n, hole_names *names)
{
  int64_t counts[2] = {t->n, (int64_t)t->used};
  size_t  pointers;
  char   *block = NULL, *bytes;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Bcast(counts, 2, MPI_INT64_T, 0, r->comm));
  pointers = (size_t)counts[0] * sizeof(char *);
  HoleCallAgreed(r->comm, PetscMalloc1(pointers + (size_t)counts[1] + 1, &block));
  bytes = block + pointers;
  if (!r->rank && t->used) memcpy(bytes, t->bytes, t->used);
  PetscCall(hole_reader_share_bytes(r->comm, bytes, (size_t)counts[1]));
  *names = (hole_names)(void *)block;
  for (HoleIndex i = 0; i < counts[0]; ++i, bytes += strlen(bytes) + 1) (*names)[i] = bytes;
  *n = counts[0];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rank 0: why the file cannot be read, in the order in which a user would look. */
static PetscErrorCode check_file(const char path[], PetscBool *npy)
{
  struct stat info;
  htri_t      is_hdf5;
  char        reason[HOLE_REASON_LENGTH];

  PetscFunctionBegin;
  PetscCheck(!stat(path, &info), PETSC_COMM_SELF, HOLE_ERR_INPUT, "Input %s cannot be read: %s", path, strerror(errno));
  PetscCheck(!S_ISDIR(info.st_mode), PETSC_COMM_SELF, HOLE_ERR_INPUT, "Input %s is a folder, expected an HDF5 file",
             path);
  PetscCheck(!access(path, R_OK), PETSC_COMM_SELF, HOLE_ERR_INPUT, "Input %s cannot be read: %s", path,
             strerror(errno));
  PetscCheck(info.st_size, PETSC_COMM_SELF, HOLE_ERR_INPUT, "Input %s is empty, expected an HDF5 file", path);
  *npy = hole_npy_is(path);
  if (*npy) PetscFunctionReturn(PETSC_SUCCESS);
  HoleTryHDF5(is_hdf5, reason, H5Fis_hdf5(path));
  PetscCheck(is_hdf5 > 0, PETSC_COMM_SELF, HOLE_ERR_INPUT, "Input %s is not an HDF5 file, nor a NumPy array (.npy)",
             path);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* File access by the serial driver, also where the file system has no locks. */
static PetscErrorCode make_serial_access(hid_t *access_list)
{
  herr_t status = 0;

  PetscFunctionBegin;
  HoleCallHDF5(*access_list, PETSC_ERR_LIB, H5Pcreate(H5P_FILE_ACCESS));
#if H5_VERS_MINOR > 12 || (H5_VERS_MINOR == 12 && H5_VERS_RELEASE > 0) || (H5_VERS_MINOR == 10 && H5_VERS_RELEASE > 6)
  status = H5Pset_file_locking(*access_list, 1, 1);
#endif
  PetscCheck(status >= 0, PETSC_COMM_SELF, PETSC_ERR_LIB, "HDF5 refused its file locking");
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_reader_open_serial(const char path[], struct hole_handles *h, hid_t *file)
{
  char reason[HOLE_REASON_LENGTH];

  PetscFunctionBegin;
  PetscCall(make_serial_access(&h->plist));
  HoleTryHDF5(*file, reason, H5Fopen(path, H5F_ACC_RDONLY, h->plist));
  if (*file < 0) *file = 0;
  PetscCheck(*file > 0, PETSC_COMM_SELF, HOLE_ERR_INPUT, "Input %s is an HDF5 file but truncated or damaged: %s", path,
             reason);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rank 0. */
static PetscErrorCode look_at_file(hole_reader r, struct hole_handles *h)
{
  PetscFunctionBegin;
  PetscCall(check_file(r->path, &r->npy));
  if (r->npy) PetscCall(hole_npy_open(r->path, &r->look));
  else PetscCall(hole_reader_open_serial(r->path, h, &r->look));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local. */
static PetscErrorCode find_file(hole_reader r)
{
  PetscFunctionBegin;
  PetscCall(hole_fault(r->comm, "source_find"));
  PetscCheck(!access(r->path, R_OK), PETSC_COMM_SELF, HOLE_ERR_INPUT,
             "Input %s can be read by rank 0 but not by this rank (%s): it must be visible from every rank", r->path,
             strerror(errno));
  if (r->npy && r->rank) PetscCall(hole_npy_open(r->path, &r->own));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local. */
static PetscErrorCode prepare_access(hole_reader r, struct hole_handles *h)
{
  PetscFunctionBegin;
  PetscCall(hole_fault(r->comm, "source_open"));
  HoleCallHDF5(h->plist, PETSC_ERR_LIB, H5Pcreate(H5P_FILE_ACCESS));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective, also in its first call, which duplicates the communicator. */
static PetscErrorCode open_parallel(hole_reader r, const struct hole_handles *h)
{
  char   reason[HOLE_REASON_LENGTH];
  herr_t status;

  PetscFunctionBegin;
  HoleCallHDF5(status, PETSC_ERR_LIB, H5Pset_fapl_mpio(h->plist, r->comm, MPI_INFO_NULL));
  HoleTryHDF5(r->file, reason, H5Fopen(r->path, H5F_ACC_RDONLY, h->plist));
  if (r->file < 0) r->file = 0;
  PetscCheck(r->file > 0, PETSC_COMM_SELF, HOLE_ERR_INPUT, "Input %s cannot be opened through MPI-IO: %s", r->path,
             reason);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode open_file(hole_reader r, const char path[], struct hole_handles *h)
{
  PetscFunctionBegin;
  HoleCallAgreed(r->comm, PetscStrallocpy(path, &r->path));                            /* local */
  PetscCall(hole_reader_end_step(r, r->rank ? PETSC_SUCCESS : look_at_file(r, h), h)); /* local */
  PetscCallMPI(MPI_Bcast(&r->npy, 1, MPIU_BOOL, 0, r->comm));
  HoleCallAgreed(r->comm, find_file(r));          /* local */
  if (r->npy) PetscFunctionReturn(PETSC_SUCCESS); /* equal on all ranks */
  HoleCallAgreed(r->comm, prepare_access(r, h));  /* local */
  HoleCallAgreed(r->comm, open_parallel(r, h));   /* collective */
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_reader_create(MPI_Comm comm, const char path[], hole_reader *r)
{
  struct hole_handles h = {0};
  hole_reader new;
  PetscErrorCode opened, closed;

  PetscFunctionBegin;
  *r = NULL;
  PetscCall(PetscNew(&new));
  PetscCallMPI(MPI_Comm_dup(comm, &new->comm));
  PetscCallMPI(MPI_Comm_rank(new->comm, &new->rank));
  opened = open_file(new, path, &h);
  closed = HoleErrorAgree(comm, hole_handles_close(&h));
  if (opened || closed) PetscCall(hole_reader_destroy(&new));
  PetscCall(opened);
  PetscCall(closed);
  *r = new;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective in part: the MPI-IO driver closes its file together. */
static PetscErrorCode close_files(hole_reader r)
{
  herr_t status = 0;

  PetscFunctionBegin;
  if (r->own > 0) status |= H5Fclose(r->own);
  if (r->look > 0) status |= H5Fclose(r->look);
  if (r->file > 0) status |= H5Fclose(r->file);
  PetscCheck(status >= 0, PETSC_COMM_SELF, PETSC_ERR_LIB, "HDF5 could not close %s", r->path);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_reader_destroy(hole_reader *r)
{
  PetscErrorCode closed;

  PetscFunctionBegin;
  if (!*r) PetscFunctionReturn(PETSC_SUCCESS);
  closed = HoleErrorAgree(
      (*r)->comm, close_files(*r)); /* no rank goes on, perhaps to replace the file, while another has it open */
  PetscCall(PetscFree((*r)->path));
  PetscCallMPI(MPI_Comm_free(&(*r)->comm));
  PetscCall(PetscFree(*r));
  PetscCall(closed);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rank 0: whether each link on the way to `path` exists. H5Lexists() is an error where a parent is missing. */
static PetscErrorCode follow_links(hole_reader r, const char path[], PetscBool *there)
{
  char   part[4096], reason[HOLE_REASON_LENGTH];
  size_t n = strlen(path);
  htri_t found;

  PetscFunctionBegin;
  *there = n < sizeof(part) ? PETSC_TRUE : PETSC_FALSE;
  for (size_t end = 1; *there && end <= n; ++end) {
    if ((path[end] && path[end] != '/') || path[end - 1] == '/') continue;
    PetscCall(PetscStrncpy(part, path, end + 1));
    HoleTryHDF5(found, reason, H5Lexists(r->look, part, H5P_DEFAULT)); /* an error: the part before is no group */
    *there = found > 0 ? PETSC_TRUE : PETSC_FALSE;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rank 0. A hard link that cannot be followed is a damaged file; a soft or external one leads nowhere. */
static PetscErrorCode find_object(hole_reader r, const char path[], hole_object *object, struct hole_handles *h)
{
  char       reason[HOLE_REASON_LENGTH];
  PetscBool  there;
  H5L_info_t info = {.type = H5L_TYPE_HARD};
  H5I_type_t type;
  herr_t     status;

  PetscFunctionBegin;
  *object = HOLE_OBJECT_NONE;
  PetscCall(follow_links(r, path, &there));
  if (!there) PetscFunctionReturn(PETSC_SUCCESS);
  if (strcmp(path, "/")) HoleCallHDF5(status, HOLE_ERR_INPUT, H5Lget_info(r->look, path, &info, H5P_DEFAULT));
  HoleTryHDF5(h->object, reason, H5Oopen(r->look, path, H5P_DEFAULT));
  PetscCheck(h->object >= 0 || info.type != H5L_TYPE_HARD, PETSC_COMM_SELF, HOLE_ERR_INPUT,
             "Input %s: %s cannot be opened, the file is damaged: %s", r->path, path, reason);
  if (h->object < 0) PetscFunctionReturn(PETSC_SUCCESS);
  type    = H5Iget_type(h->object);
  *object = type == H5I_GROUP ? HOLE_OBJECT_GROUP : type == H5I_DATASET ? HOLE_OBJECT_DATASET : HOLE_OBJECT_OTHER;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_reader_find(hole_reader r, const char path[], hole_object *object)
{
  struct hole_handles h     = {0};
  int                 found = 0;
  PetscErrorCode      done  = PETSC_SUCCESS;

  PetscFunctionBegin;
  *object = HOLE_OBJECT_NONE;
  if (!r->rank) done = find_object(r, path, object, &h);
  PetscCall(hole_reader_end_step(r, done, &h));
  found = (int)*object;
  PetscCallMPI(MPI_Bcast(&found, 1, MPI_INT, 0, r->comm));
  *object = (hole_object)found;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static herr_t note_link(hid_t group, const char name[], const H5L_info_t *info, void *names)
{
  (void)group;
  (void)info;
  return hole_text_append((struct hole_text *)names, name, strlen(name)) ? -1 : 0;
}

/* Rank 0. */
static PetscErrorCode list_links(hole_reader r, const char group[], struct hole_text *names)
{
  char    reason[HOLE_REASON_LENGTH];
  hsize_t position = 0;
  herr_t  status;

  PetscFunctionBegin;
  HoleTryHDF5(status, reason,
              H5Literate_by_name(r->look, group, H5_INDEX_NAME, H5_ITER_INC, &position, note_link, names, H5P_DEFAULT));
  PetscCheck(status >= 0, PETSC_COMM_SELF, HOLE_ERR_INPUT, "Input %s: group %s cannot be listed: %s", r->path, group,
             reason);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_reader_list(hole_reader r, const char group[], HoleIndex *n, hole_names *names)
{
  struct hole_text text = {0};
  PetscErrorCode   listed;

  PetscFunctionBegin;
  listed = HoleErrorAgree(r->comm, r->rank ? PETSC_SUCCESS : list_links(r, group, &text));
  if (!listed) listed = hole_reader_share_text(r, &text, n, names);
  PetscCall(PetscFree(text.bytes));
  PetscCall(listed);
  PetscFunctionReturn(PETSC_SUCCESS);
}

struct array_search {
  HoleIndex        most;
  struct hole_text text;
};

/* Note a dataset that could be a layer; what cannot be opened is passed over, since this list only advises. */
static herr_t note_array(hid_t file, const char name[], const H5O_info_t *info, void *context)
{
  struct array_search *s = (struct array_search *)context;
  hid_t                dataset, type, space;
  int                  n_dims, is_float;
  herr_t               status;

  if (info->type != H5O_TYPE_DATASET) return 0;
  dataset = H5Dopen2(file, name, H5P_DEFAULT);
  if (dataset < 0) return 0;
  type     = H5Dget_type(dataset);
  space    = H5Dget_space(dataset);
  n_dims   = H5Sget_simple_extent_ndims(space);
  is_float = H5Tget_class(type) == H5T_FLOAT;
  status   = H5Tclose(type) | H5Sclose(space) | H5Dclose(dataset);
  if (status < 0 || !is_float || n_dims < 2 || n_dims > 4) return 0;
  if (hole_text_append(&s->text, "/", 1)) return -1;
  s->text.used -= 1; /* the name goes on behind the slash */
  s->text.n -= 1;
  if (hole_text_append(&s->text, name, strlen(name))) return -1;
  return s->text.n >= s->most;
}

/* Rank 0. */
static PetscErrorCode list_arrays(hole_reader r, struct array_search *s)
{
  char   reason[HOLE_REASON_LENGTH];
  herr_t status;

  PetscFunctionBegin;
#if H5_VERS_MINOR >= 12
  HoleTryHDF5(status, reason, H5Ovisit3(r->look, H5_INDEX_NAME, H5_ITER_INC, note_array, s, H5O_INFO_BASIC));
#else
  HoleTryHDF5(status, reason, H5Ovisit2(r->look, H5_INDEX_NAME, H5_ITER_INC, note_array, s, H5O_INFO_BASIC));
#endif
  PetscCheck(status >= 0, PETSC_COMM_SELF, HOLE_ERR_INPUT, "Input %s: its objects cannot be listed: %s", r->path,
             reason);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_reader_list_arrays(hole_reader r, HoleIndex most, HoleIndex *n, hole_names *paths)
{
  struct array_search s = {.most = most};
  PetscErrorCode      listed;

  PetscFunctionBegin;
  listed = HoleErrorAgree(r->comm, r->rank ? PETSC_SUCCESS : list_arrays(r, &s));
  if (!listed) listed = hole_reader_share_text(r, &s.text, n, paths);
  PetscCall(PetscFree(s.text.bytes));
  PetscCall(listed);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The type as NumPy spells it. */
PetscErrorCode hole_type_name(hid_t type, char name[], size_t length)
{
  static const char *const other[] = {"time", "string",          "bits", "opaque", "compound", "reference",
                                      "enum", "variable-length", "array"};
  H5T_class_t class                = H5Tget_class(type);
  int bits                         = 8 * (int)H5Tget_size(type);

  PetscFunctionBegin;
  if (class == H5T_FLOAT) PetscCall(PetscSNPrintf(name, length, "float%d", bits));
  else if (class == H5T_INTEGER)
    PetscCall(PetscSNPrintf(name, length, "%sint%d", H5Tget_sign(type) == H5T_SGN_NONE ? "u" : "", bits));
  else if (class >= H5T_TIME && class <= H5T_ARRAY) PetscCall(PetscStrncpy(name, other[class - H5T_TIME], length));
  else PetscCall(PetscStrncpy(name, "unknown", length));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* h5py stores booleans as an enumeration of int8; its numbers can be read as integers. */
hole_kind hole_type_kind(hid_t type)
{
  switch (H5Tget_class(type)) {
  case H5T_FLOAT:
    return HOLE_KIND_FLOAT;
  case H5T_INTEGER:
  case H5T_ENUM:
    return HOLE_KIND_INTEGER;
  case H5T_STRING:
    return HOLE_KIND_STRING;
  default:
    return HOLE_KIND_OTHER;
  }
}

/* Rank 0: open a dataset with its type and space. */
PetscErrorCode hole_reader_open_dataset(hole_reader r, const char path[], struct hole_handles *h)
{
  hole_object object;

  PetscFunctionBegin;
  PetscCall(find_object(r, path, &object, h));
  PetscCheck(object != HOLE_OBJECT_NONE, PETSC_COMM_SELF, HOLE_ERR_INPUT, "Input %s has no dataset %s", r->path, path);
  PetscCheck(object == HOLE_OBJECT_DATASET, PETSC_COMM_SELF, HOLE_ERR_INPUT, "Input %s: %s is not a dataset", r->path,
             path);
  HoleCallHDF5(h->type, HOLE_ERR_INPUT, H5Dget_type(h->object));
  HoleCallHDF5(h->space, HOLE_ERR_INPUT, H5Dget_space(h->object));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rank 0: a chunk spans chunk_rows rows; the chunks that hold one row are as many as fit across the other axes. */
static PetscErrorCode look_at_chunks(const struct hole_handles *h, struct hole_shape *shape)
{
  hsize_t chunk[HOLE_READER_MAX_DIMS];
  int     n_dims;

  PetscFunctionBegin;
  HoleCallHDF5(n_dims, HOLE_ERR_INPUT, H5Pget_chunk(h->plist, HOLE_READER_MAX_DIMS, chunk));
  shape->chunk_rows    = (HoleIndex)chunk[0];
  shape->chunk_bytes   = (HoleIndex)(chunk[0] * H5Tget_size(h->type));
  shape->chunks_across = 1;
  for (int k = 1; k < n_dims; ++k) {
    shape->chunk_bytes *= (HoleIndex)chunk[k];
    shape->chunks_across *= (shape->dims[k] + (HoleIndex)chunk[k] - 1) / (HoleIndex)chunk[k];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rank 0: where a file named in the input lies: beside the input or, as HDF5 has it, in the working directory. `bytes` is -1 if in
   neither place. */
static PetscErrorCode find_beside(hole_reader r, const char name[], PetscBool *beside, int64_t *bytes)
{
  char        path[PETSC_MAX_PATH_LEN];
  const char *slash = strrchr(r->path, '/');
  struct stat info;

  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(path, sizeof(path), "%.*s%s", slash ? (int)(slash - r->path) + 1 : 0, r->path, name));
  *beside = name[0] != '/' && !stat(path, &info) ? PETSC_TRUE : PETSC_FALSE;
  *bytes  = *beside || !stat(name, &info) ? (int64_t)info.st_size : -1;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rank 0: HDF5 reads zeros where the source of a virtual dataset is missing. Names with %b stand for many files, some not there. */
static PetscErrorCode check_virtual(hole_reader r, const char path[], const struct hole_handles *h)
{
  char      name[PETSC_MAX_PATH_LEN];
  size_t    n;
  PetscBool beside;
  int64_t   bytes;
  herr_t    status;

  PetscFunctionBegin;
  HoleCallHDF5(status, HOLE_ERR_INPUT, H5Pget_virtual_count(h->plist, &n));
  for (size_t i = 0; i < n; ++i) {
    if (H5Pget_virtual_filename(h->plist, i, name, sizeof(name)) < 0 || !strcmp(name, ".") || strchr(name, '%'))
      continue;
    PetscCall(find_beside(r, name, &beside, &bytes));
    PetscCheck(bytes >= 0, PETSC_COMM_SELF, HOLE_ERR_INPUT,
               "Input %s: virtual dataset %s needs the file %s, which is missing", r->path, path, name);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rank 0: HDF5 reads zeros past the end of an external file, too. */
static PetscErrorCode check_external(hole_reader r, const char path[], const struct hole_handles *h,
                                     struct hole_shape *shape)
{
  char      name[PETSC_MAX_PATH_LEN];
  off_t     offset;
  hsize_t   size;
  PetscBool beside;
  int64_t   bytes;
  int       n = H5Pget_external_count(h->plist);
  herr_t    status;

  PetscFunctionBegin;
  for (unsigned i = 0; (int)i < n; ++i) {
    HoleCallHDF5(status, HOLE_ERR_INPUT, H5Pget_external(h->plist, i, sizeof(name), name, &offset, &size));
    PetscCall(find_beside(r, name, &beside, &bytes));
    PetscCheck(bytes >= 0, PETSC_COMM_SELF, HOLE_ERR_INPUT, "Input %s: dataset %s needs the file %s, which is missing",
               r->path, path, name);
    PetscCheck(size == H5F_UNLIMITED || (int64_t)offset + (int64_t)size <= bytes, PETSC_COMM_SELF, HOLE_ERR_INPUT,
               "Input %s: dataset %s needs %" PRId64 " bytes of the file %s, which has %" PRId64, r->path, path,
               (int64_t)offset + (int64_t)size, name, bytes);
    if (beside) shape->beside = PETSC_TRUE;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rank 0. */
PetscErrorCode hole_reader_look_at_shape(hole_reader r, const char path[], struct hole_shape *shape,
                                         struct hole_handles *h)
{
  hsize_t      dims[H5S_MAX_RANK];
  H5D_layout_t layout;

  PetscFunctionBegin;
  memset(shape, 0, sizeof(*shape));
  PetscCall(hole_reader_open_dataset(r, path, h));
  HoleCallHDF5(shape->n_dims, HOLE_ERR_INPUT, H5Sget_simple_extent_dims(h->space, dims, NULL));
  PetscCheck(shape->n_dims <= HOLE_READER_MAX_DIMS, PETSC_COMM_SELF, HOLE_ERR_INPUT,
             "Input %s: dataset %s has %d axes, expected at most %d", r->path, path, shape->n_dims,
             HOLE_READER_MAX_DIMS);
  for (int k = 0; k < shape->n_dims; ++k) shape->dims[k] = (HoleIndex)dims[k];
  shape->kind        = hole_type_kind(h->type);
  shape->value_bytes = (HoleIndex)H5Tget_size(h->type);
  PetscCall(hole_type_name(h->type, shape->type_name, sizeof(shape->type_name)));
  HoleCallHDF5(h->plist, HOLE_ERR_INPUT, H5Dget_create_plist(h->object));
  layout           = H5Pget_layout(h->plist);
  shape->own_reads = layout == H5D_VIRTUAL || H5Pget_external_count(h->plist) > 0 ? PETSC_TRUE : PETSC_FALSE;
  if (layout == H5D_CHUNKED) PetscCall(look_at_chunks(h, shape));
  if (layout == H5D_VIRTUAL) PetscCall(check_virtual(r, path, h));
  if (layout == H5D_CONTIGUOUS) PetscCall(check_external(r, path, h, shape));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_reader_shape(hole_reader r, const char path[], struct hole_shape *shape)
{
  struct hole_handles h = {0};

  PetscFunctionBegin;
  PetscCall(hole_reader_end_step(r, r->rank ? PETSC_SUCCESS : hole_reader_look_at_shape(r, path, shape, &h), &h));
  PetscCall(hole_reader_share_bytes(r->comm, shape, sizeof(*shape)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_shape_print(const struct hole_shape *shape, size_t length, char text[])
{
  char part[32];

  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(text, length, "%s [", shape->type_name));
  for (int k = 0; k < shape->n_dims; ++k) {
    PetscCall(PetscSNPrintf(part, sizeof(part), "%s%" HoleIndex_FMT, k ? ", " : "", shape->dims[k]));
    PetscCall(PetscStrlcat(text, part, length));
  }
  PetscCall(PetscStrlcat(text, "]", length));
  PetscFunctionReturn(PETSC_SUCCESS);
}
