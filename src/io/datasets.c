/* What a result file holds: rank 0 makes groups, datasets and attributes, every rank puts its rows where HDF5 says they belong.

   Every dataset is contiguous and allocated when it is made, so its rows stand at known bytes of the file: rank 0 asks HDF5 for
   the address, and each rank writes its block there by pwrite(). The file holds the same bytes for any number of ranks, and
   nothing can hang: HDF5 runs on one rank, and no rank waits for another inside a write.

   Why not through the MPI-IO driver of HDF5, as rows are read: on a full disk it was seen (HDF5 1.10.8, Open MPI 4.1.4) to
   report success and leave holes (OMPIO, collective and independent), to wait for ever, or to end in a segmentation fault (ROMIO).
   pwrite() says what went wrong, and the blocks are contiguous, so collective buffering has nothing to gain.

   Groups and datasets carry no time stamps. */
#include "writer_impl.h"

#include "../core/block.h"
#include "../core/fault.h"
#include "checksum.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

#define PACK_BYTES ((size_t)1 << 20) /* buffer in which records are packed */

/* What one row of a dataset is, in memory and in the file. */
struct element {
  hole_type                type;      /* of a plain number */
  int                      n_fields;  /* > 0 for a record */
  const struct hole_field *fields;    /* [n_fields] */
  size_t                   text;      /* > 0: bytes of a string */
  size_t                   in_memory; /* bytes of a row */
  size_t                   in_file;   /* bytes of a row: smaller where records have gaps */
};

struct dataset {
  const char      *path, *description, *unit;
  struct element   element;
  HoleIndex        n, n_columns;
  int              n_dims; /* more axes than these two; 0: no more */
  const HoleIndex *dims;   /* [n_dims], of which the first is n */
};

static size_t type_bytes(hole_type type)
{
  if (type == HOLE_TYPE_NAME) return HOLE_NAME_SHORT;
  return type == HOLE_TYPE_INT32 || type == HOLE_TYPE_FLOAT ? 4 : 8;
}

static hid_t type_native(hole_type type)
{
  if (type == HOLE_TYPE_FLOAT) return H5T_NATIVE_FLOAT;
  return type == HOLE_TYPE_INT32 ? H5T_NATIVE_INT32 : type == HOLE_TYPE_INT64 ? H5T_NATIVE_INT64 : H5T_NATIVE_DOUBLE;
}

/* Make each group on the way to the end of `path`, without it if `parents_only`. Not by H5Pset_create_intermediate_group(), whose
   groups would carry time stamps. */
static PetscErrorCode make_groups(hole_writer w, const char path[], PetscBool parents_only,
                                  struct hole_writer_handles *h)
{
  char   part[1024];
  htri_t there;
  herr_t status;

  PetscFunctionBegin;
  PetscCheck(strlen(path) < sizeof(part), PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE, "Path %s is too long", path);
  PetscCall(hole_writer_reserve(w, 0));
  if (h->create <= 0) {
    HoleCallHDF5(h->create, PETSC_ERR_LIB, H5Pcreate(H5P_GROUP_CREATE));
    HoleCallHDF5(status, PETSC_ERR_LIB, H5Pset_obj_track_times(h->create, 0));
  }
  for (size_t end = 1; path[end - 1]; ++end) {
    if ((path[end] && path[end] != '/') || (!path[end] && parents_only) || path[end - 1] == '/') continue;
    PetscCall(PetscStrncpy(part, path, end + 1));
    HoleWriteHDF5(w, there, H5Lexists(w->file, part, H5P_DEFAULT));
    if (there) continue;
    HoleWriteHDF5(w, h->object, H5Gcreate2(w->file, part, H5P_DEFAULT, h->create, H5P_DEFAULT));
    HoleWriteHDF5(w, status, H5Oclose(h->object));
    h->object = 0;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rank 0. */
static PetscErrorCode remove_object(hole_writer w, const char path[])
{
  char   part[1024];
  htri_t there = 1;
  herr_t status;

  PetscFunctionBegin;
  PetscCheck(strlen(path) < sizeof(part), PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE, "Path %s is too long", path);
  PetscCall(hole_writer_reserve(w, 0));
  for (size_t end = 1; path[end - 1] && there; ++end) { /* H5Lexists() wants the parents to be there */
    if ((path[end] && path[end] != '/') || path[end - 1] == '/') continue;
    PetscCall(PetscStrncpy(part, path, end + 1));
    HoleWriteHDF5(w, there, H5Lexists(w->file, part, H5P_DEFAULT));
  }
  if (there) HoleWriteHDF5(w, status, H5Ldelete(w->file, path, H5P_DEFAULT));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A fixed-length UTF-8 type, padded with zeros. HDF5 has no strings of length 0: an empty one is a zero. */
static PetscErrorCode make_text_type(size_t bytes, hid_t *type)
{
  herr_t status;

  PetscFunctionBegin;
  HoleCallHDF5(*type, PETSC_ERR_LIB, H5Tcopy(H5T_C_S1));
  HoleCallHDF5(status, PETSC_ERR_LIB, H5Tset_size(*type, PetscMax(bytes, 1)));
  HoleCallHDF5(status, PETSC_ERR_LIB, H5Tset_strpad(*type, H5T_STR_NULLPAD));
  HoleCallHDF5(status, PETSC_ERR_LIB, H5Tset_cset(*type, H5T_CSET_UTF8));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Attach an attribute of type `type` to `object`: one value if `n` is 0, else [n], or [n, n_columns] if that is not 0 either.
   Takes over h->space and h->attribute. */
static PetscErrorCode attach(hole_writer w, hid_t object, const char name[], hid_t type, HoleIndex n,
                             HoleIndex n_columns, const void *value, struct hole_writer_handles *h)
{
  const hsize_t shape[2] = {(hsize_t)n, (hsize_t)n_columns};
  htri_t        there;
  herr_t        status;

  PetscFunctionBegin;
  HoleWriteHDF5(w, there, H5Aexists(object, name));
  if (there) HoleWriteHDF5(w, status, H5Adelete(object, name));
  if (n) HoleCallHDF5(h->space, PETSC_ERR_LIB, H5Screate_simple(n_columns ? 2 : 1, shape, NULL));
  else HoleCallHDF5(h->space, PETSC_ERR_LIB, H5Screate(H5S_SCALAR));
  HoleWriteHDF5(w, h->attribute, H5Acreate2(object, name, type, h->space, H5P_DEFAULT, H5P_DEFAULT));
  HoleWriteHDF5(w, status, H5Awrite(h->attribute, type, value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode attach_text_work(hole_writer w, hid_t object, const char name[], const char value[],
                                       struct hole_writer_handles *h)
{
  PetscFunctionBegin;
  PetscCall(hole_writer_reserve(w, (int64_t)strlen(value)));
  PetscCall(make_text_type(strlen(value), &h->type));
  PetscCall(attach(w, object, name, h->type, 0, 0, value, h));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode attach_text(hole_writer w, hid_t object, const char name[], const char value[])
{
  struct hole_writer_handles h = {0};
  PetscErrorCode             attached;

  PetscFunctionBegin;
  attached = attach_text_work(w, object, name, value, &h);
  PetscCall(hole_writer_close_handles(&h));
  PetscCall(attached);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode attach_numbers(hole_writer w, const char path[], const char name[], hole_type type, HoleIndex n,
                                     HoleIndex n_columns, const void *value, struct hole_writer_handles *h)
{
  PetscFunctionBegin;
  PetscCall(hole_writer_reserve(w, 0));
  HoleWriteHDF5(w, h->object, H5Oopen(w->file, path, H5P_DEFAULT));
  PetscCall(attach(w, h->object, name, type_native(type), n, n_columns, value, h));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode attach_text_to(hole_writer w, const char path[], const char name[], const char value[],
                                     struct hole_writer_handles *h)
{
  PetscFunctionBegin;
  HoleWriteHDF5(w, h->object, H5Oopen(w->file, path, H5P_DEFAULT));
  PetscCall(attach_text(w, h->object, name, value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Close rank 0's handles of a step and agree on its outcome: the end of every function below. Collective. */
static PetscErrorCode end_step(hole_writer w, PetscErrorCode done, struct hole_writer_handles *h)
{
  PetscErrorCode closed;

  PetscFunctionBegin;
  closed = hole_writer_close_handles(h);
  done   = HoleErrorAgree(w->comm, done ? done : closed);
  if (done) w->failed = PETSC_TRUE;
  PetscCall(done);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_writer_group(hole_writer w, const char path[])
{
  struct hole_writer_handles h = {0};

  PetscFunctionBegin;
  PetscCall(end_step(w, w->rank ? PETSC_SUCCESS : make_groups(w, path, PETSC_FALSE, &h), &h));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_writer_remove(hole_writer w, const char path[])
{
  struct hole_writer_handles h = {0};

  PetscFunctionBegin;
  PetscCall(end_step(w, w->rank ? PETSC_SUCCESS : remove_object(w, path), &h));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_writer_attr_string(hole_writer w, const char path[], const char name[], const char value[])
{
  struct hole_writer_handles h = {0};

  PetscFunctionBegin;
  PetscCall(end_step(w, w->rank ? PETSC_SUCCESS : attach_text_to(w, path, name, value, &h), &h));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_writer_attr_int64(hole_writer w, const char path[], const char name[], int64_t value)
{
  struct hole_writer_handles h = {0};

  PetscFunctionBegin;
  PetscCall(
      end_step(w, w->rank ? PETSC_SUCCESS : attach_numbers(w, path, name, HOLE_TYPE_INT64, 0, 0, &value, &h), &h));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_writer_attr_double(hole_writer w, const char path[], const char name[], double value)
{
  struct hole_writer_handles h = {0};

  PetscFunctionBegin;
  PetscCall(
      end_step(w, w->rank ? PETSC_SUCCESS : attach_numbers(w, path, name, HOLE_TYPE_DOUBLE, 0, 0, &value, &h), &h));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_writer_attr_doubles(hole_writer w, const char path[], const char name[], HoleIndex n,
                                        HoleIndex n_columns, const double values[])
{
  struct hole_writer_handles h = {0};
  PetscErrorCode             attached;

  PetscFunctionBegin;
  attached = w->rank ? PETSC_SUCCESS : attach_numbers(w, path, name, HOLE_TYPE_DOUBLE, n, n_columns, values, &h);
  PetscCall(end_step(w, attached, &h));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rank 0: add a field to the type of a record. */
static PetscErrorCode insert_field(const struct hole_field *field, size_t offset, struct hole_writer_handles *h)
{
  herr_t status;

  PetscFunctionBegin;
  if (field->type == HOLE_TYPE_NAME) PetscCall(make_text_type(HOLE_NAME_SHORT, &h->member));
  HoleCallHDF5(status, PETSC_ERR_LIB,
               H5Tinsert(h->type, field->name, offset, h->member ? h->member : type_native(field->type)));
  if (h->member) HoleCallHDF5(status, PETSC_ERR_LIB, H5Tclose(h->member));
  h->member = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rank 0: the type of an element. */
static PetscErrorCode make_type(const struct element *e, struct hole_writer_handles *h)
{
  size_t offset = 0;

  PetscFunctionBegin;
  if (e->text) {
    PetscCall(make_text_type(e->text, &h->type));
  } else if (!e->n_fields) {
    HoleCallHDF5(h->type, PETSC_ERR_LIB, H5Tcopy(type_native(e->type)));
  } else {
    HoleCallHDF5(h->type, PETSC_ERR_LIB, H5Tcreate(H5T_COMPOUND, e->in_file));
    for (int i = 0; i < e->n_fields; ++i) {
      PetscCall(insert_field(&e->fields[i], offset, h));
      offset += type_bytes(e->fields[i].type);
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rank 0: make the dataset and say where in the file its rows begin (-1 if it has none). */
static PetscErrorCode make_dataset(hole_writer w, const struct dataset *d, struct hole_writer_handles *h,
                                   int64_t *address)
{
  hsize_t shape[HOLE_WRITER_MAX_DIMS] = {(hsize_t)d->n, (hsize_t)d->n_columns};
  haddr_t offset;
  herr_t  status;

  PetscFunctionBegin;
  for (int a = 0; a < d->n_dims; ++a) shape[a] = (hsize_t)d->dims[a];
  PetscCall(hole_writer_reserve(w, d->n * (int64_t)d->element.in_file));
  PetscCall(make_groups(w, d->path, PETSC_TRUE, h));
  HoleCallHDF5(status, PETSC_ERR_LIB, H5Pclose(h->create));
  h->create = 0;
  PetscCall(make_type(&d->element, h));
  HoleCallHDF5(h->space, PETSC_ERR_LIB, H5Screate_simple(d->n_dims ? d->n_dims : d->n_columns ? 2 : 1, shape, NULL));
  HoleCallHDF5(h->create, PETSC_ERR_LIB, H5Pcreate(H5P_DATASET_CREATE));
  HoleCallHDF5(status, PETSC_ERR_LIB, H5Pset_obj_track_times(h->create, 0));
  HoleCallHDF5(status, PETSC_ERR_LIB, H5Pset_layout(h->create, H5D_CONTIGUOUS));
  HoleCallHDF5(status, PETSC_ERR_LIB, H5Pset_alloc_time(h->create, H5D_ALLOC_TIME_EARLY));
  HoleCallHDF5(status, PETSC_ERR_LIB, H5Pset_fill_time(h->create, H5D_FILL_TIME_NEVER));
  HoleWriteHDF5(w, h->object, H5Dcreate2(w->file, d->path, h->type, h->space, H5P_DEFAULT, h->create, H5P_DEFAULT));
  PetscCall(attach_text(w, h->object, "description", d->description));
  if (d->unit) PetscCall(attach_text(w, h->object, "unit", d->unit));
  offset = H5Dget_offset(h->object);
  PetscCheck(!d->n || offset != HADDR_UNDEF, PETSC_COMM_SELF, PETSC_ERR_PLIB, "Dataset %s has no place", d->path);
  *address = offset == HADDR_UNDEF ? -1 : (int64_t)offset;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The rows of a dataset as they are written. */
struct output {
  const struct dataset *dataset;
  int64_t               address; /* in the file; -1 without rows */
  struct hole_checksum  sum;     /* of what this rank writes, if it is wanted */
};

/* Write all of a block, which begins `at` bytes after the first row, in as many pieces as the system takes (Linux takes 2 GiB at most). */
static PetscErrorCode write_bytes(hole_writer w, struct output *o, int64_t at, size_t n, const char data[])
{
  const size_t most = (size_t)1 << 30;
  ssize_t      written;

  PetscFunctionBegin;
  for (size_t done = 0; done < n; done += (size_t)written) {
    do {
      written = pwrite(w->rows_file, data + done, PetscMin(n - done, most), (off_t)(o->address + at + (int64_t)done));
    } while (written < 0 && errno == EINTR);
    PetscCheck(written > 0, PETSC_COMM_SELF, HOLE_ERR_RESOURCE, "Output %s, dataset %s: cannot write %zu bytes: %s",
               w->path, o->dataset->path, n - done, written ? strerror(errno) : "the file takes no more");
  }
  if (w->checksums) hole_checksum_add(&o->sum, (uint64_t)at, n, data);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Copy `n` records without the gaps between their fields. */
static void pack_records(const struct element *e, HoleIndex n, const char data[], char packed[])
{
  for (HoleIndex i = 0; i < n; ++i) {
    for (int k = 0; k < e->n_fields; ++k) {
      memcpy(packed, data + (size_t)i * e->in_memory + e->fields[k].offset, type_bytes(e->fields[k].type));
      packed += type_bytes(e->fields[k].type);
    }
  }
}

static PetscErrorCode write_records(hole_writer w, struct output *o, HoleIndex first, HoleIndex n, const char data[],
                                    char packed[])
{
  const struct element *e    = &o->dataset->element;
  HoleIndex             most = PetscMax((HoleIndex)(PACK_BYTES / e->in_file), 1), some;

  PetscFunctionBegin;
  for (HoleIndex i = 0; i < n; i += some) {
    some = PetscMin(most, n - i);
    pack_records(e, some, data + (size_t)i * e->in_memory, packed);
    PetscCall(write_bytes(w, o, (first + i) * (int64_t)e->in_file, (size_t)some * e->in_file, packed));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local. */
static PetscErrorCode write_block(hole_writer w, struct output *o, HoleIndex first, HoleIndex n, const char data[])
{
  const struct element *e = &o->dataset->element;
  PetscErrorCode        written;
  char                 *packed;

  PetscFunctionBegin;
  PetscCall(hole_fault(w->comm, "writer_write"));
  if (!n) PetscFunctionReturn(PETSC_SUCCESS);
  if (e->n_fields) {
    PetscCall(PetscMalloc1(PetscMax(PACK_BYTES, e->in_file), &packed));
    written = write_records(w, o, first, n, data, packed);
    PetscCall(PetscFree(packed));
    PetscCall(written);
  } else PetscCall(write_bytes(w, o, first * (int64_t)e->in_file, (size_t)n * e->in_file, data));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: mistakes in a program. */
static PetscErrorCode check_block(const struct dataset *d, HoleIndex first, HoleIndex n_local)
{
  PetscFunctionBegin;
  PetscCheck(d->n >= 0 && first >= 0 && n_local >= 0 && first + n_local <= d->n, PETSC_COMM_SELF,
             PETSC_ERR_ARG_OUTOFRANGE, "Dataset %s: rows %" HoleIndex_FMT " + %" HoleIndex_FMT " of %" HoleIndex_FMT,
             d->path, first, n_local, d->n);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective. */
static PetscErrorCode write_checksum(hole_writer w, const struct output *o)
{
  char text[HOLE_CHECKSUM_LENGTH];

  PetscFunctionBegin;
  PetscCall(hole_checksum_print(w->comm, &o->sum, text));
  PetscCall(hole_writer_attr_string(w, o->dataset->path, HOLE_CHECKSUM, text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective. */
static PetscErrorCode write_dataset(hole_writer w, const struct dataset *d, HoleIndex first, HoleIndex n_local,
                                    const void *data)
{
  struct hole_writer_handles h = {0};
  struct output              o = {.dataset = d, .address = -1};
  PetscErrorCode             status;

  PetscFunctionBegin;
  status = check_block(d, first, n_local);
  if (!status && !w->rank) status = make_dataset(w, d, &h, &o.address);
  PetscCall(end_step(w, status, &h));
  PetscCallMPI(MPI_Bcast(&o.address, 1, MPI_INT64_T, 0, w->comm));
  PetscCall(end_step(w, write_block(w, &o, first, n_local, (const char *)data), &h));
  if (w->checksums) PetscCall(write_checksum(w, &o));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_writer_rows(hole_writer w, const char path[], hole_type type, HoleIndex n_global,
                                HoleIndex n_columns, HoleIndex first, HoleIndex n_local, const void *data,
                                const char description[], const char unit[])
{
  size_t         bytes = type_bytes(type) * (size_t)PetscMax(n_columns, 1);
  struct dataset d     = {.path        = path,
                          .description = description,
                          .unit        = unit,
                          .element     = {.type = type, .in_memory = bytes, .in_file = bytes},
                          .n           = n_global,
                          .n_columns   = n_columns};

  PetscFunctionBegin;
  PetscCall(write_dataset(w, &d, first, n_local, data));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_writer_records(hole_writer w, const char path[], int n_fields, const struct hole_field fields[],
                                   size_t record_bytes, HoleIndex n_global, HoleIndex first, HoleIndex n_local,
                                   const void *data, const char description[], const char unit[])
{
  struct dataset d = {.path        = path,
                      .description = description,
                      .unit        = unit,
                      .element     = {.n_fields = n_fields, .fields = fields, .in_memory = record_bytes},
                      .n           = n_global};

  PetscFunctionBegin;
  for (int i = 0; i < n_fields; ++i) d.element.in_file += type_bytes(fields[i].type);
  PetscCall(write_dataset(w, &d, first, n_local, data));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_writer_replicated(hole_writer w, const char path[], hole_type type, HoleIndex n,
                                      HoleIndex n_columns, const void *data, const char description[],
                                      const char unit[])
{
  HoleIndex first = hole_block_first(n, w->size, w->rank), n_local = hole_block_count(n, w->size, w->rank);
  size_t    bytes = type_bytes(type) * (size_t)PetscMax(n_columns, 1);

  PetscFunctionBegin;
  PetscCall(hole_writer_rows(w, path, type, n, n_columns, first, n_local,
                             n_local ? (const char *)data + (size_t)first * bytes : NULL, description, unit));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_writer_array(hole_writer w, const char path[], hole_type type, int n_dims, const HoleIndex dims[],
                                 const void *data, const char description[], const char unit[])
{
  const HoleIndex n = dims[0], first = hole_block_first(n, w->size, w->rank),
                  n_local = hole_block_count(n, w->size, w->rank);
  size_t         bytes    = type_bytes(type);
  struct dataset d = {.path = path, .description = description, .unit = unit, .n = n, .n_dims = n_dims, .dims = dims};

  PetscFunctionBegin;
  PetscCheck(n_dims >= 1 && n_dims <= HOLE_WRITER_MAX_DIMS, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE,
             "Dataset %s of %d axes", path, n_dims);
  for (int a = 1; a < n_dims; ++a) bytes *= (size_t)dims[a];
  d.element = (struct element){.type = type, .in_memory = bytes, .in_file = bytes};
  PetscCall(write_dataset(w, &d, first, n_local, n_local ? (const char *)data + (size_t)first * bytes : NULL));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_writer_replicated_records(hole_writer w, const char path[], int n_fields,
                                              const struct hole_field fields[], size_t record_bytes, HoleIndex n,
                                              const void *data, const char description[], const char unit[])
{
  HoleIndex first = hole_block_first(n, w->size, w->rank), n_local = hole_block_count(n, w->size, w->rank);

  PetscFunctionBegin;
  PetscCall(hole_writer_records(w, path, n_fields, fields, record_bytes, n, first, n_local,
                                n_local ? (const char *)data + (size_t)first * record_bytes : NULL, description, unit));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_writer_strings(hole_writer w, const char path[], HoleIndex n, const char *const strings[],
                                   const char description[])
{
  HoleIndex      first = hole_block_first(n, w->size, w->rank), n_local = hole_block_count(n, w->size, w->rank);
  size_t         longest = 1, length;
  char          *padded;
  PetscErrorCode written;
  struct dataset d = {.path = path, .description = description, .n = n};

  PetscFunctionBegin;
  for (HoleIndex i = 0; i < n; ++i) {
    length  = strlen(strings[i]);
    longest = PetscMax(longest, length);
  }
  d.element.text = d.element.in_memory = d.element.in_file = longest;
  HoleCallAgreed(w->comm, PetscCalloc1((size_t)n_local * longest, &padded));
  for (HoleIndex i = 0; i < n_local; ++i) {
    memcpy(padded + (size_t)i * longest, strings[first + i], strlen(strings[first + i]));
  }
  written = write_dataset(w, &d, first, n_local, padded);
  PetscCall(PetscFree(padded));
  PetscCall(written);
  PetscFunctionReturn(PETSC_SUCCESS);
}
