/* Small arrays and attributes: rank 0 reads them and sends them to the others. */
#include "reader_impl.h"

#include <hole/hole_error.h>
#include <string.h>

/* Rank 0. */
static PetscErrorCode check_list(hole_reader r, const char path[], hole_kind kind, const char expected[],
                                 struct hole_handles *h)
{
  struct hole_shape shape;
  char              found[128];

  PetscFunctionBegin;
  PetscCall(hole_reader_look_at_shape(r, path, &shape, h));
  PetscCall(hole_shape_print(&shape, sizeof(found), found));
  PetscCheck(shape.kind == kind && shape.n_dims == 1, PETSC_COMM_SELF, HOLE_ERR_INPUT,
             "Input %s: dataset %s is %s, expected %s with one axis", r->path, path, found, expected);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rank 0: values of eight bytes, int64_t or double as `kind` says. */
static PetscErrorCode read_numbers(hole_reader r, const char path[], hole_kind kind, HoleIndex *n, int64_t *values[],
                                   struct hole_handles *h)
{
  const PetscBool integer = (PetscBool)(kind == HOLE_KIND_INTEGER);
  const hid_t     native  = integer ? H5T_NATIVE_INT64 : H5T_NATIVE_DOUBLE;
  char            reason[HOLE_REASON_LENGTH];
  hssize_t        count;
  herr_t          status;

  PetscFunctionBegin;
  PetscCall(check_list(r, path, kind, integer ? "integers" : "floating point numbers", h));
  count = H5Sget_simple_extent_npoints(h->space);
  *n    = (HoleIndex)count;
  PetscCall(PetscMalloc1(*n + 1, values));
  if (!*n) PetscFunctionReturn(PETSC_SUCCESS);
  HoleTryHDF5(status, reason, H5Dread(h->object, native, H5S_ALL, H5S_ALL, H5P_DEFAULT, *values));
  PetscCheck(status >= 0, PETSC_COMM_SELF, HOLE_ERR_INPUT, "Input %s: dataset %s cannot be read: %s", r->path, path,
             reason);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Make room on the other ranks and send. Collective. */
static PetscErrorCode share_int64s(hole_reader r, HoleIndex *n, int64_t *values[])
{
  PetscFunctionBegin;
  PetscCallMPI(MPI_Bcast(n, 1, HOLE_MPI_INDEX, 0, r->comm));
  HoleCallAgreed(r->comm, r->rank ? PetscMalloc1(*n + 1, values) : PETSC_SUCCESS);
  PetscCall(hole_reader_share_bytes(r->comm, *values, (size_t)*n * sizeof(int64_t)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: read and share. */
static PetscErrorCode get_numbers(hole_reader r, const char path[], hole_kind kind, HoleIndex *n, int64_t *values[])
{
  struct hole_handles h = {0};
  PetscErrorCode      done;

  PetscFunctionBegin;
  *n      = 0;
  *values = NULL;
  done    = hole_reader_end_step(r, r->rank ? PETSC_SUCCESS : read_numbers(r, path, kind, n, values, &h), &h);
  if (!done) done = share_int64s(r, n, values);
  if (done) PetscCall(PetscFree(*values));
  PetscCall(done);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_reader_int64s(hole_reader r, const char path[], HoleIndex *n, int64_t *values[])
{
  PetscFunctionBegin;
  PetscCall(get_numbers(r, path, HOLE_KIND_INTEGER, n, values));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_reader_doubles(hole_reader r, const char path[], HoleIndex *n, double *values[])
{
  int64_t *bits;

  PetscFunctionBegin;
  PetscCall(get_numbers(r, path, HOLE_KIND_FLOAT, n, &bits));
  *values = (double *)bits; /* PetscMalloc() aligns for both */
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rank 0: the type of a record with `n_fields` members of a type each. HDF5 converts by the names of the fields; others are left out. */
static PetscErrorCode make_record_type(int n_fields, const char *const fields[], hid_t member, hid_t *record)
{
  const size_t bytes = H5Tget_size(member);
  herr_t       status;

  PetscFunctionBegin;
  HoleCallHDF5(*record, HOLE_ERR_INPUT, H5Tcreate(H5T_COMPOUND, (size_t)n_fields * bytes));
  for (int f = 0; f < n_fields; ++f)
    HoleCallHDF5(status, HOLE_ERR_INPUT, H5Tinsert(*record, fields[f], (size_t)f * bytes, member));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rank 0: values of eight bytes, int64_t or double as `member` says. */
static PetscErrorCode read_records(hole_reader r, const char path[], int n_fields, const char *const fields[],
                                   hid_t member, HoleIndex *n, void *values, struct hole_handles *h)
{
  char   reason[HOLE_REASON_LENGTH];
  herr_t status;

  PetscFunctionBegin;
  PetscCall(hole_reader_open_dataset(r, path, h));
  *n = (HoleIndex)H5Sget_simple_extent_npoints(h->space);
  PetscCall(PetscMalloc((size_t)(*n * n_fields + 1) * sizeof(int64_t), (void **)values));
  HoleCallHDF5(status, HOLE_ERR_INPUT, H5Tclose(h->type)); /* of the file; ours takes its place */
  h->type = 0;
  PetscCall(make_record_type(n_fields, fields, member, &h->type));
  if (!*n) PetscFunctionReturn(PETSC_SUCCESS);
  HoleTryHDF5(status, reason, H5Dread(h->object, h->type, H5S_ALL, H5S_ALL, H5P_DEFAULT, *(void **)values));
  PetscCheck(status >= 0, PETSC_COMM_SELF, HOLE_ERR_INPUT, "Input %s: table %s cannot be read: %s", r->path, path,
             reason);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: read and share; both kinds of values have eight bytes. */
static PetscErrorCode get_records(hole_reader r, const char path[], int n_fields, const char *const fields[],
                                  hid_t member, HoleIndex *n, int64_t *values[])
{
  struct hole_handles h = {0};
  HoleIndex           n_values;
  PetscErrorCode      done;

  PetscFunctionBegin;
  *n       = 0;
  *values  = NULL;
  done     = r->rank ? PETSC_SUCCESS : read_records(r, path, n_fields, fields, member, n, values, &h);
  done     = hole_reader_end_step(r, done, &h);
  n_values = *n * n_fields;
  if (!done) done = share_int64s(r, &n_values, values);
  *n = n_values / n_fields;
  if (done) PetscCall(PetscFree(*values));
  PetscCall(done);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_reader_integer_records(hole_reader r, const char path[], int n_fields, const char *const fields[],
                                           HoleIndex *n, int64_t *values[])
{
  PetscFunctionBegin;
  PetscCall(get_records(r, path, n_fields, fields, H5T_NATIVE_INT64, n, values));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_reader_records(hole_reader r, const char path[], int n_fields, const char *const fields[],
                                   HoleIndex *n, double *values[])
{
  int64_t *bits;

  PetscFunctionBegin;
  PetscCall(get_records(r, path, n_fields, fields, H5T_NATIVE_DOUBLE, n, &bits));
  *values = (double *)bits; /* PetscMalloc() aligns for both */
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rank 0: one member, text of HOLE_NAME_SHORT bytes, closed with a zero. */
static PetscErrorCode read_record_names(hole_reader r, const char path[], const char field[], HoleIndex *n,
                                        struct hole_text *t, struct hole_handles *h)
{
  char           reason[HOLE_REASON_LENGTH], *raw;
  herr_t         status;
  PetscErrorCode added = PETSC_SUCCESS;

  PetscFunctionBegin;
  PetscCall(hole_reader_open_dataset(r, path, h));
  *n = (HoleIndex)H5Sget_simple_extent_npoints(h->space);
  HoleCallHDF5(status, HOLE_ERR_INPUT, H5Tclose(h->type));
  h->type = 0;
  HoleCallHDF5(h->plist, HOLE_ERR_INPUT, H5Tcopy(H5T_C_S1));
  HoleCallHDF5(status, HOLE_ERR_INPUT, H5Tset_size(h->plist, HOLE_NAME_SHORT));
  HoleCallHDF5(status, HOLE_ERR_INPUT, H5Tset_cset(h->plist, H5T_CSET_UTF8));
  PetscCall(make_record_type(1, &field, h->plist, &h->type));
  if (!*n) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscCalloc1(*n * HOLE_NAME_SHORT, &raw));
  HoleTryHDF5(status, reason, H5Dread(h->object, h->type, H5S_ALL, H5S_ALL, H5P_DEFAULT, raw));
  for (HoleIndex i = 0; i < *n && status >= 0 && !added; ++i) {
    raw[(i + 1) * HOLE_NAME_SHORT - 1] = 0;
    added = hole_text_append(t, raw + i * HOLE_NAME_SHORT, strlen(raw + i * HOLE_NAME_SHORT));
  }
  PetscCall(PetscFree(raw));
  PetscCheck(status >= 0, PETSC_COMM_SELF, HOLE_ERR_INPUT, "Input %s: table %s cannot be read: %s", r->path, path,
             reason);
  PetscCall(added);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_reader_record_names(hole_reader r, const char path[], const char field[], HoleIndex *n,
                                        hole_names *names)
{
  struct hole_handles h    = {0};
  struct hole_text    text = {0};
  hid_t               member;
  PetscErrorCode      done;

  PetscFunctionBegin;
  *n      = 0;
  *names  = NULL;
  done    = r->rank ? PETSC_SUCCESS : read_record_names(r, path, field, n, &text, &h);
  member  = h.plist; /* a type in the place of a property list: closed here */
  h.plist = 0;
  if (member > 0 && H5Tclose(member) < 0 && !done) done = PETSC_ERR_LIB;
  done = hole_reader_end_step(r, done, &h);
  if (!done) done = hole_reader_share_text(r, &text, n, names);
  PetscCall(PetscFree(text.bytes));
  PetscCall(done);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Read all of a dataset or attribute in the type of the file. */
static herr_t read_raw(const struct hole_handles *h, PetscBool attribute, void *raw)
{
  return attribute ? H5Aread(h->object, h->type, raw) : H5Dread(h->object, h->type, H5S_ALL, H5S_ALL, H5P_DEFAULT, raw);
}

/* Take `n` strings out of what was read: pointers, or fields of `size` bytes padded with zeros or blanks. */
static PetscErrorCode take_strings(const struct hole_handles *h, HoleIndex n, size_t size, const char raw[],
                                   struct hole_text *t)
{
  const PetscBool pointers = H5Tis_variable_str(h->type) > 0 ? PETSC_TRUE : PETSC_FALSE;
  const PetscBool blanks   = H5Tget_strpad(h->type) == H5T_STR_SPACEPAD ? PETSC_TRUE : PETSC_FALSE;
  const char     *string, *end;
  size_t          length;

  PetscFunctionBegin;
  for (HoleIndex i = 0; i < n; ++i) {
    string = raw + (size_t)i * size;
    if (pointers) {
      memcpy(&string, raw + (size_t)i * size, sizeof(string));
      length = string ? strlen(string) : 0; /* HDF5 gives NULL for a string that was never written */
    } else {
      end    = (const char *)memchr(string, 0, size);
      length = end ? (size_t)(end - string) : size;
      while (blanks && length && string[length - 1] == ' ') --length;
    }
    PetscCall(hole_text_append(t, string, length));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rank 0: the strings of an open dataset or attribute. */
static PetscErrorCode read_strings(hole_reader r, const char what[], PetscBool attribute, const struct hole_handles *h,
                                   struct hole_text *t)
{
  char           reason[HOLE_REASON_LENGTH], *raw;
  hssize_t       n    = H5Sget_simple_extent_npoints(h->space);
  size_t         size = H5Tget_size(h->type);
  herr_t         status;
  PetscErrorCode taken = PETSC_SUCCESS;

  PetscFunctionBegin;
  if (n <= 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscCalloc1((size_t)n * size, &raw));
  HoleTryHDF5(status, reason, read_raw(h, attribute, raw));
  if (status >= 0) taken = take_strings(h, (HoleIndex)n, size, raw, t);
  if (H5Tis_variable_str(h->type) > 0) {
    H5E_BEGIN_TRY { (void)H5Dvlen_reclaim(h->type, h->space, H5P_DEFAULT, raw); }
    H5E_END_TRY;
  }
  PetscCall(PetscFree(raw));
  PetscCheck(status >= 0, PETSC_COMM_SELF, HOLE_ERR_INPUT, "Input %s: %s cannot be read: %s", r->path, what, reason);
  PetscCall(taken);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rank 0. */
static PetscErrorCode read_string_list(hole_reader r, const char path[], struct hole_handles *h, struct hole_text *t)
{
  PetscFunctionBegin;
  PetscCall(check_list(r, path, HOLE_KIND_STRING, "strings", h));
  PetscCall(read_strings(r, path, PETSC_FALSE, h, t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_reader_strings(hole_reader r, const char path[], HoleIndex *n, hole_names *strings)
{
  struct hole_handles h    = {0};
  struct hole_text    text = {0};
  PetscErrorCode      done;

  PetscFunctionBegin;
  *n       = 0;
  *strings = NULL;
  done     = hole_reader_end_step(r, r->rank ? PETSC_SUCCESS : read_string_list(r, path, &h, &text), &h);
  if (!done) done = hole_reader_share_text(r, &text, n, strings);
  PetscCall(PetscFree(text.bytes));
  PetscCall(done);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rank 0: open an attribute with its type and space; h->object stays 0 if there is none of that name. */
static PetscErrorCode open_attribute(hole_reader r, const char path[], const char name[], struct hole_handles *h)
{
  htri_t there;

  PetscFunctionBegin;
  HoleCallHDF5(there, HOLE_ERR_INPUT, H5Aexists_by_name(r->look, path, name, H5P_DEFAULT));
  if (!there) PetscFunctionReturn(PETSC_SUCCESS);
  HoleCallHDF5(h->object, HOLE_ERR_INPUT, H5Aopen_by_name(r->look, path, name, H5P_DEFAULT, H5P_DEFAULT));
  HoleCallHDF5(h->type, HOLE_ERR_INPUT, H5Aget_type(h->object));
  HoleCallHDF5(h->space, HOLE_ERR_INPUT, H5Aget_space(h->object));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rank 0. */
static PetscErrorCode read_attr_strings(hole_reader r, const char path[], const char name[], struct hole_handles *h,
                                        struct hole_text *t, int *found)
{
  char type[32];

  PetscFunctionBegin;
  PetscCall(open_attribute(r, path, name, h));
  *found = h->object > 0;
  if (!*found) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(hole_type_name(h->type, type, sizeof(type)));
  PetscCheck(hole_type_kind(h->type) == HOLE_KIND_STRING && H5Sget_simple_extent_ndims(h->space) <= 1, PETSC_COMM_SELF,
             HOLE_ERR_INPUT, "Input %s: attribute %s of %s is %s with %d axes, expected strings with one axis", r->path,
             name, path, type, H5Sget_simple_extent_ndims(h->space));
  PetscCall(read_strings(r, name, PETSC_TRUE, h, t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_reader_attr_strings(hole_reader r, const char path[], const char name[], HoleIndex *n,
                                        hole_names *strings)
{
  struct hole_handles h     = {0};
  struct hole_text    text  = {0};
  int                 found = 0;
  PetscErrorCode      done;

  PetscFunctionBegin;
  *n       = -1;
  *strings = NULL;
  done     = hole_reader_end_step(r, r->rank ? PETSC_SUCCESS : read_attr_strings(r, path, name, &h, &text, &found), &h);
  PetscCallMPI(MPI_Bcast(&found, 1, MPI_INT, 0, r->comm));
  if (!done && found) done = hole_reader_share_text(r, &text, n, strings);
  PetscCall(PetscFree(text.bytes));
  PetscCall(done);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rank 0: one number of any kind. */
static PetscErrorCode read_attr_number(hole_reader r, const char path[], const char name[], PetscBool integer,
                                       struct hole_handles *h, PetscBool *found, void *value)
{
  char      type[32];
  hole_kind kind;
  herr_t    status;

  PetscFunctionBegin;
  PetscCall(open_attribute(r, path, name, h));
  *found = (PetscBool)(h->object > 0);
  if (!*found) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(hole_type_name(h->type, type, sizeof(type)));
  kind = hole_type_kind(h->type);
  PetscCheck((kind == HOLE_KIND_INTEGER || (kind == HOLE_KIND_FLOAT && !integer)) &&
                 H5Sget_simple_extent_npoints(h->space) == 1,
             PETSC_COMM_SELF, HOLE_ERR_INPUT, "Input %s: attribute %s of %s is %s with %d values, expected one %s",
             r->path, name, path, type, (int)H5Sget_simple_extent_npoints(h->space), integer ? "integer" : "number");
  HoleCallHDF5(status, HOLE_ERR_INPUT, H5Aread(h->object, integer ? H5T_NATIVE_INT64 : H5T_NATIVE_DOUBLE, value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: eight bytes. */
static PetscErrorCode get_attr_number(hole_reader r, const char path[], const char name[], PetscBool integer,
                                      PetscBool *found, void *value)
{
  struct hole_handles h = {0};

  PetscFunctionBegin;
  PetscCall(hole_reader_end_step(
      r, r->rank ? PETSC_SUCCESS : read_attr_number(r, path, name, integer, &h, found, value), &h));
  PetscCallMPI(MPI_Bcast(found, 1, MPIU_BOOL, 0, r->comm));
  PetscCallMPI(MPI_Bcast(value, 1, MPI_INT64_T, 0, r->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_reader_attr_int64(hole_reader r, const char path[], const char name[], PetscBool *found,
                                      int64_t *value)
{
  PetscFunctionBegin;
  *value = 0;
  PetscCall(get_attr_number(r, path, name, PETSC_TRUE, found, value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_reader_attr_double(hole_reader r, const char path[], const char name[], PetscBool *found,
                                       double *value)
{
  PetscFunctionBegin;
  *value = 0;
  PetscCall(get_attr_number(r, path, name, PETSC_FALSE, found, value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rank 0. */
static PetscErrorCode read_attr_scalar(hole_reader r, const char path[], const char name[], struct hole_handles *h,
                                       struct hole_scalar *value, struct hole_text *t)
{
  herr_t status;

  PetscFunctionBegin;
  PetscCall(open_attribute(r, path, name, h));
  if (h->object <= 0 || H5Sget_simple_extent_npoints(h->space) != 1) PetscFunctionReturn(PETSC_SUCCESS);
  value->kind = hole_type_kind(h->type);
  if (value->kind == HOLE_KIND_INTEGER) {
    HoleCallHDF5(status, HOLE_ERR_INPUT, H5Aread(h->object, H5T_NATIVE_INT64, &value->integer));
  } else if (value->kind == HOLE_KIND_FLOAT) {
    HoleCallHDF5(status, HOLE_ERR_INPUT, H5Aread(h->object, H5T_NATIVE_DOUBLE, &value->number));
  } else if (value->kind == HOLE_KIND_STRING) {
    PetscCall(read_strings(r, name, PETSC_TRUE, h, t));
    PetscCall(PetscStrncpy(value->text, t->bytes, sizeof(value->text)));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_reader_attr_scalar(hole_reader r, const char path[], const char name[], struct hole_scalar *value)
{
  struct hole_handles h    = {0};
  struct hole_text    text = {0};
  PetscErrorCode      done;

  PetscFunctionBegin;
  *value = (struct hole_scalar){.kind = HOLE_KIND_OTHER};
  done   = hole_reader_end_step(r, r->rank ? PETSC_SUCCESS : read_attr_scalar(r, path, name, &h, value, &text), &h);
  PetscCall(PetscFree(text.bytes));
  PetscCall(done);
  PetscCall(hole_reader_share_bytes(r->comm, value, sizeof(*value)));
  PetscFunctionReturn(PETSC_SUCCESS);
}
