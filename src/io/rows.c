/* Read blocks of rows on all ranks together.

   Rows are read through the MPI-IO driver in the type of the file and turned into double in place: a conversion within H5Dread() would
   make HDF5 leave collective reading. That driver cannot read virtual datasets and reads external storage rank by rank
   (HDF5 1.10); for those each rank opens the file by the serial driver instead (`own_reads`). A rank that meets a broken chunk fails
   alone and holds no other up, so the ranks agree afterwards. */
#include "reader_impl.h"

#include <hole/hole_error.h>

#define CACHE_BYTES ((size_t)32 << 20) /* of HDF5, for chunks that two reads share */

struct hole_rows_s {
  hole_reader       reader;
  char             *path;
  struct hole_shape shape;
  HoleIndex         row_length; /* values of a row */
  hid_t             dataset, type, space, transfer;
};

/* Local: what a rank needs before all open the dataset together. */
static PetscErrorCode prepare_rows(hole_rows rows, struct hole_handles *h)
{
  const struct hole_shape *shape         = &rows->shape;
  hole_reader              r             = rows->reader;
  size_t                   row_of_chunks = (size_t)(shape->chunk_bytes * shape->chunks_across), cache, slots;
  herr_t                   status;

  PetscFunctionBegin;
  if (shape->own_reads && r->rank && r->own <= 0) PetscCall(hole_reader_open_serial(r->path, h, &r->own));
  PetscCall(hole_handles_close(h));
  HoleCallHDF5(h->plist, PETSC_ERR_LIB, H5Pcreate(H5P_DATASET_ACCESS));
  if (shape->chunk_rows) { /* HDF5 holds a chunk whole anyway while it decompresses it */
    cache = PetscMin(row_of_chunks, PetscMax(CACHE_BYTES, (size_t)shape->chunk_bytes));
    slots = (size_t)PetscMin(10 * shape->chunks_across + 521, 100003);
    HoleCallHDF5(status, PETSC_ERR_LIB, H5Pset_chunk_cache(h->plist, slots, PetscMax(cache, 1), 1.0));
  }
  if (shape->beside) HoleCallHDF5(status, PETSC_ERR_LIB, H5Pset_efile_prefix(h->plist, "${ORIGIN}"));
  HoleCallHDF5(rows->transfer, PETSC_ERR_LIB, H5Pcreate(H5P_DATASET_XFER));
  if (!shape->own_reads) HoleCallHDF5(status, PETSC_ERR_LIB, H5Pset_dxpl_mpio(rows->transfer, H5FD_MPIO_COLLECTIVE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: behind an external link there is another file, which all ranks open together. */
static PetscErrorCode open_rows(hole_rows rows, const struct hole_handles *h)
{
  hole_reader r    = rows->reader;
  hid_t       file = !rows->shape.own_reads ? r->file : r->rank ? r->own : r->look;
  char        reason[HOLE_REASON_LENGTH];

  PetscFunctionBegin;
  HoleTryHDF5(rows->dataset, reason, H5Dopen2(file, rows->path, h->plist));
  PetscCheck(rows->dataset >= 0, PETSC_COMM_SELF, HOLE_ERR_INPUT, "Input %s: dataset %s cannot be opened: %s", r->path,
             rows->path, reason);
  HoleCallHDF5(rows->type, HOLE_ERR_INPUT, H5Dget_type(rows->dataset));
  HoleCallHDF5(rows->space, HOLE_ERR_INPUT, H5Dget_space(rows->dataset));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode set_up_rows(hole_rows rows, const char path[], struct hole_handles *h)
{
  MPI_Comm comm = rows->reader->comm;
  char     found[128];

  PetscFunctionBegin;
  HoleCallAgreed(comm, PetscStrallocpy(path, &rows->path));       /* local */
  PetscCall(hole_reader_shape(rows->reader, path, &rows->shape)); /* collective */
  PetscCall(hole_shape_print(&rows->shape, sizeof(found), found));
  /* Equal on all ranks, so none goes on. */
  PetscCheck((rows->shape.kind == HOLE_KIND_FLOAT || rows->shape.kind == HOLE_KIND_INTEGER) && rows->shape.n_dims &&
                 rows->shape.value_bytes <= (HoleIndex)sizeof(double),
             comm, HOLE_ERR_INPUT, "Input %s: dataset %s is %s, expected numbers of at most 64 bits in rows",
             rows->reader->path, path, found);
  rows->row_length = 1;
  for (int k = 1; k < rows->shape.n_dims; ++k) rows->row_length *= rows->shape.dims[k];
  HoleCallAgreed(comm, prepare_rows(rows, h)); /* local */
  HoleCallAgreed(comm, open_rows(rows, h));    /* collective */
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_rows_open(hole_reader r, const char path[], hole_rows *rows)
{
  struct hole_handles h = {0};
  hole_rows new;
  PetscErrorCode opened, closed;

  PetscFunctionBegin;
  *rows = NULL;
  PetscCall(PetscNew(&new));
  new->reader = r;
  opened      = set_up_rows(new, path, &h);
  closed      = HoleErrorAgree(r->comm, hole_handles_close(&h));
  if (opened || closed) PetscCall(hole_rows_close(&new));
  PetscCall(opened);
  PetscCall(closed);
  *rows = new;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: rows [first, first + n) in the file, and as many values in memory. */
static PetscErrorCode select_rows(hole_rows rows, HoleIndex first, HoleIndex n, struct hole_handles *h)
{
  hsize_t start[HOLE_READER_MAX_DIMS] = {0}, count[HOLE_READER_MAX_DIMS], length;
  herr_t  status;

  PetscFunctionBegin;
  PetscCheck(first >= 0 && n >= 0 && first + n <= rows->shape.dims[0], PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE,
             "Dataset %s: rows %" HoleIndex_FMT " + %" HoleIndex_FMT " of %" HoleIndex_FMT, rows->path, first, n,
             rows->shape.dims[0]);
  for (int k = 1; k < rows->shape.n_dims; ++k) count[k] = (hsize_t)rows->shape.dims[k];
  start[0] = (hsize_t)first;
  count[0] = (hsize_t)n;
  length   = (hsize_t)(n * rows->row_length);
  HoleCallHDF5(h->space, PETSC_ERR_LIB, H5Screate_simple(1, &length, NULL));
  if (length) {
    HoleCallHDF5(status, PETSC_ERR_LIB, H5Sselect_hyperslab(rows->space, H5S_SELECT_SET, start, NULL, count, NULL));
  } else {
    HoleCallHDF5(status, PETSC_ERR_LIB, H5Sselect_none(rows->space));
    HoleCallHDF5(status, PETSC_ERR_LIB, H5Sselect_none(h->space));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective. All ranks pass over a dataset without values, for which HDF5 1.10 has no storage to read: the shape comes from the
   file, so all do or none does. */
static PetscErrorCode read_rows(hole_rows rows, HoleIndex n, double values[], const struct hole_handles *h)
{
  char   reason[HOLE_REASON_LENGTH];
  herr_t status = 0;

  PetscFunctionBegin;
  if (!rows->shape.dims[0] || !rows->row_length) PetscFunctionReturn(PETSC_SUCCESS);
  HoleTryHDF5(status, reason, H5Dread(rows->dataset, rows->type, h->space, rows->space, rows->transfer, values));
  PetscCheck(status >= 0, PETSC_COMM_SELF, HOLE_ERR_INPUT, "Input %s: dataset %s cannot be read: %s",
             rows->reader->path, rows->path, reason);
  HoleCallHDF5(status, PETSC_ERR_LIB,
               H5Tconvert(rows->type, H5T_NATIVE_DOUBLE, (size_t)(n * rows->row_length), values, NULL, H5P_DEFAULT));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_rows_read(hole_rows rows, HoleIndex first, HoleIndex n, double values[])
{
  struct hole_handles h = {0};
  PetscErrorCode      done;
  double              nothing;

  PetscFunctionBegin;
  done = HoleErrorAgree(rows->reader->comm, select_rows(rows, first, n, &h)); /* local */
  if (!done) done = read_rows(rows, n, values ? values : &nothing, &h);       /* collective */
  PetscCall(hole_reader_end_step(rows->reader, done, &h));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_rows_close(hole_rows *rows)
{
  struct hole_handles h;
  hid_t               transfer;

  PetscFunctionBegin;
  if (!*rows) PetscFunctionReturn(PETSC_SUCCESS);
  transfer = (*rows)->transfer;
  h        = (struct hole_handles){
             .object = (*rows)->dataset, .type = (*rows)->type, .space = (*rows)->space, .plist = transfer};
  PetscCall(PetscFree((*rows)->path));
  PetscCall(PetscFree(*rows));
  PetscCall(hole_handles_close(&h));
  PetscFunctionReturn(PETSC_SUCCESS);
}
