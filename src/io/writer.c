/* Write a result file: rank 0 makes the HDF5 structure, every rank puts its rows where HDF5 says they belong.

   Every dataset is contiguous and allocated when it is made, so its rows stand at known bytes of the file: rank 0 asks HDF5 for
   the address, and each rank writes its block there by pwrite(). The file holds the same bytes for any number of ranks, and
   nothing can hang: HDF5 runs on one rank, and no rank waits for another inside a write.

   Why not through the MPI-IO driver of HDF5, as rows are read: on a full disk it was seen (HDF5 1.10.8, Open MPI 4.1.4) to
   report success and leave holes (OMPIO, collective and independent), to wait for ever, or to end in a segmentation fault (ROMIO).
   pwrite() says what went wrong, and the blocks are contiguous, so collective buffering has nothing to gain.

   Rank 0 reserves room on the disk before each call that changes the structure: HDF5 1.10 cannot let go of a file whose structure it
   could not write (it leaves the file open and prints at the end of the program).

   Groups and datasets carry no time stamps. */
#if defined(__linux__) && !defined(_GNU_SOURCE)
  #define _GNU_SOURCE /* fallocate() */
#endif
#include "writer.h"

#include "../core/block.h"
#include "../core/fault.h"
#include "hdf5.h"
#include <errno.h>
#include <fcntl.h>
#include <hole/hole_error.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Store what an HDF5 call returned that may write to the disk. */
#define HoleWriteHDF5(w, ret, call) \
  do { \
    char hole_reason[HOLE_REASON_LENGTH]; \
    HoleTryHDF5(ret, hole_reason, call); \
    PetscCheck((ret) >= 0, PETSC_COMM_SELF, HOLE_ERR_RESOURCE, "Output %s cannot be written: %s", (w)->path, \
               hole_reason); \
  } while (0)

#define SLACK_BYTES ((int64_t)256 << 10) /* more than the structure of one object takes */
#define PACK_BYTES  ((size_t)1 << 20)    /* buffer in which records are packed */

struct hole_writer_s {
  MPI_Comm    comm;
  PetscMPIInt rank, size;
  char       *path, *folder, *temporary; /* final name, where it lies, name until the commit */
  PetscBool   force;
  PetscBool   created;   /* rank 0: the temporary file stands on the disk and is ours to remove */
  PetscBool   failed;    /* something was not written: there will be no commit; equal on all ranks */
  hid_t       file;      /* rank 0 only, else 0 */
  int64_t     reserved;  /* rank 0: bytes of the file that the disk has room for */
  int         rows_file; /* descriptor through which this rank writes its rows; -1 if closed */
  char       *source;    /* the file that this one began as a copy of; NULL for none */
  struct stat copied;    /* rank 0: what it was then */
};

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

/* HDF5 handles of one step on rank 0; zero is no valid handle. */
struct handles {
  hid_t type, member, space, create, access, object, attribute;
};

static PetscErrorCode close_handles(struct handles *h)
{
  herr_t status = 0;

  PetscFunctionBegin;
  if (h->attribute > 0) status |= H5Aclose(h->attribute);
  if (h->object > 0) status |= H5Oclose(h->object);
  if (h->access > 0) status |= H5Pclose(h->access);
  if (h->create > 0) status |= H5Pclose(h->create);
  if (h->space > 0) status |= H5Sclose(h->space);
  if (h->member > 0) status |= H5Tclose(h->member);
  if (h->type > 0) status |= H5Tclose(h->type);
  *h = (struct handles){0};
  PetscCheck(status >= 0, PETSC_COMM_SELF, PETSC_ERR_LIB, "HDF5 could not close a handle");
  PetscFunctionReturn(PETSC_SUCCESS);
}

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

/* The user chose a bad place, or the disk has no room? */
static PetscErrorCode error_of_place(int number)
{
  return number == ENOENT || number == ENOTDIR || number == EACCES || number == EPERM || number == EROFS ||
                 number == EISDIR || number == ENAMETOOLONG || number == EEXIST || number == ELOOP
             ? HOLE_ERR_USAGE
             : HOLE_ERR_RESOURCE;
}

/* Local: the names. `.NAME.tmp.PID` lies beside the final file, so that renaming never copies. */
static PetscErrorCode make_names(hole_writer w, const char path[], int pid)
{
  const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
  size_t      folder_length = slash ? (size_t)(slash - path) + 1 : 0, length = strlen(path) + 32;

  PetscFunctionBegin;
  PetscCheck(name[0], PETSC_COMM_SELF, HOLE_ERR_USAGE, "Output \"%s\": a file name is missing", path);
  PetscCall(PetscStrallocpy(path, &w->path));
  PetscCall(PetscMalloc1(folder_length + 2, &w->folder));
  PetscCall(PetscStrncpy(w->folder, slash ? path : ".", folder_length + (slash ? 1 : 2)));
  PetscCall(PetscMalloc1(length, &w->temporary));
  PetscCall(PetscSNPrintf(w->temporary, length, "%s.%s.tmp.%d", slash ? w->folder : "", name, pid));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rank 0. */
static PetscErrorCode check_place(hole_writer w)
{
  struct stat info;

  PetscFunctionBegin;
  PetscCheck(!stat(w->folder, &info) && S_ISDIR(info.st_mode), PETSC_COMM_SELF, HOLE_ERR_USAGE,
             "Output %s: the folder %s does not exist", w->path, w->folder);
  if (!lstat(w->path, &info)) {
    PetscCheck(!S_ISDIR(info.st_mode), PETSC_COMM_SELF, HOLE_ERR_USAGE, "Output %s is a folder", w->path);
    PetscCheck(S_ISREG(info.st_mode) || S_ISLNK(info.st_mode), PETSC_COMM_SELF, HOLE_ERR_USAGE,
               "Output %s is a device or a pipe; a result needs an ordinary file", w->path);
    PetscCheck(w->force, PETSC_COMM_SELF, HOLE_ERR_USAGE, "Output %s exists; give -force to replace it", w->path);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rank 0: open() and not HDF5 makes the file, because it says why it cannot. A file left by a dead process of our number goes. */
static PetscErrorCode make_temporary(hole_writer w)
{
  int file;

  PetscFunctionBegin;
  PetscCall(check_place(w));
  (void)unlink(w->temporary);
  file = open(w->temporary, O_CREAT | O_EXCL | O_WRONLY, 0666);
  PetscCheck(file >= 0, PETSC_COMM_SELF, error_of_place(errno), "Output %s cannot be made in folder %s: %s", w->path,
             w->folder, strerror(errno));
  w->created   = PETSC_TRUE;
  w->rows_file = file;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rank 0: room for `more` bytes of rows or text and the structure around them. Where the file system cannot reserve, we go on: then a
   full disk is found by writing. Not by posix_fallocate(), which then writes into the range itself. */
static PetscErrorCode reserve_room(hole_writer w, int64_t more)
{
  hsize_t used   = 0;
  int     number = 0;
  herr_t  asked;

  PetscFunctionBegin;
  if (w->file > 0) HoleCallHDF5(asked, PETSC_ERR_LIB, H5Fget_filesize(w->file, &used));
  more += (int64_t)used + SLACK_BYTES;
  if (more <= w->reserved) PetscFunctionReturn(PETSC_SUCCESS);
  more += SLACK_BYTES; /* so that not every small object asks */
#if defined(__linux__)
  do {
    number = fallocate(w->rows_file, 0, w->reserved, more - w->reserved) ? errno : 0;
  } while (number == EINTR);
#endif
  PetscCheck(number != ENOSPC && number != EDQUOT && number != EFBIG, PETSC_COMM_SELF, HOLE_ERR_RESOURCE,
             "Output %s cannot be written: %s (%" PRId64 " bytes so far, %" PRId64 " more are needed now)", w->path,
             strerror(number), (int64_t)used, more - (int64_t)used);
  w->reserved = more;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rank 0: the bytes of the source into the empty temporary file. */
static PetscErrorCode copy_bytes(hole_writer w, int from, char buffer[], size_t room)
{
  ssize_t got, put;

  PetscFunctionBegin;
  for (;;) {
    do got = read(from, buffer, room);
    while (got < 0 && errno == EINTR);
    PetscCheck(got >= 0, PETSC_COMM_SELF, HOLE_ERR_INPUT, "Input %s cannot be read: %s", w->source, strerror(errno));
    if (!got) break;
    for (ssize_t done = 0; done < got; done += put) {
      do put = write(w->rows_file, buffer + done, (size_t)(got - done));
      while (put < 0 && errno == EINTR);
      PetscCheck(put > 0, PETSC_COMM_SELF, HOLE_ERR_RESOURCE, "Output %s cannot be written: %s", w->path,
                 put ? strerror(errno) : "the file takes no more");
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rank 0. */
static PetscErrorCode copy_source(hole_writer w)
{
  int            from = open(w->source, O_RDONLY);
  char          *buffer;
  PetscErrorCode copied;

  PetscFunctionBegin;
  PetscCheck(from >= 0 && !fstat(from, &w->copied), PETSC_COMM_SELF, HOLE_ERR_INPUT, "Input %s cannot be opened: %s",
             w->source, strerror(errno));
  copied = PetscMalloc1(PACK_BYTES, &buffer);
  if (!copied) copied = copy_bytes(w, from, buffer, PACK_BYTES);
  PetscCall(PetscFree(buffer));
  (void)close(from);
  PetscCall(copied);
  (void)fchmod(w->rows_file, w->copied.st_mode & 0777);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rank 0: the copy as an HDF5 file. */
static PetscErrorCode open_copy(hole_writer w, struct handles *h)
{
  char   reason[HOLE_REASON_LENGTH];
  herr_t status;

  PetscFunctionBegin;
  PetscCall(copy_source(w));
  HoleCallHDF5(h->access, PETSC_ERR_LIB, H5Pcreate(H5P_FILE_ACCESS));
  HoleCallHDF5(status, PETSC_ERR_LIB, H5Pset_libver_bounds(h->access, H5F_LIBVER_V18, H5F_LIBVER_LATEST));
  HoleTryHDF5(w->file, reason, H5Fopen(w->temporary, H5F_ACC_RDWR, h->access));
  if (w->file < 0) w->file = 0;
  PetscCheck(w->file > 0, PETSC_COMM_SELF, HOLE_ERR_INPUT, "Input %s cannot be opened for additions: %s", w->source,
             reason);
  w->reserved = (int64_t)w->copied.st_size;
  PetscCall(reserve_room(w, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rank 0. */
static PetscErrorCode start_hdf5(hole_writer w, struct handles *h)
{
  herr_t status;

  PetscFunctionBegin;
  PetscCall(reserve_room(w, 0)); /* H5Fcreate() empties the file, and finds the room again */
  HoleCallHDF5(h->create, PETSC_ERR_LIB, H5Pcreate(H5P_FILE_CREATE));
  HoleCallHDF5(status, PETSC_ERR_LIB, H5Pset_obj_track_times(h->create, 0)); /* of the root group */
  HoleCallHDF5(h->access, PETSC_ERR_LIB, H5Pcreate(H5P_FILE_ACCESS));
  /* The format of 2008 admits attributes above 64 KiB, such as long lists of options, and h5py and all others read it. */
  HoleCallHDF5(status, PETSC_ERR_LIB, H5Pset_libver_bounds(h->access, H5F_LIBVER_V18, H5F_LIBVER_LATEST));
  HoleWriteHDF5(w, w->file, H5Fcreate(w->temporary, H5F_ACC_TRUNC, h->create, h->access));
  w->reserved = 0;
  PetscCall(reserve_room(w, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local. */
static PetscErrorCode open_temporary(hole_writer w)
{
  PetscFunctionBegin;
  PetscCall(hole_fault(w->comm, "writer_create"));
  if (w->rows_file < 0) w->rows_file = open(w->temporary, O_WRONLY);
  PetscCheck(
      w->rows_file >= 0, PETSC_COMM_SELF, HOLE_ERR_RESOURCE,
      "Output %s: this rank cannot open the file that rank 0 has made (%s); the folder must be visible from every rank",
      w->path, strerror(errno));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode start_file(hole_writer w, const char path[], struct handles *h)
{
  int pid = (int)getpid();

  PetscFunctionBegin;
  PetscCallMPI(MPI_Bcast(&pid, 1, MPI_INT, 0, w->comm));
  HoleCallAgreed(w->comm, make_names(w, path, pid));                                                 /* local */
  HoleCallAgreed(w->comm, w->rank ? PETSC_SUCCESS : make_temporary(w));                              /* local */
  HoleCallAgreed(w->comm, w->rank ? PETSC_SUCCESS : w->source ? open_copy(w, h) : start_hdf5(w, h)); /* local */
  HoleCallAgreed(w->comm, open_temporary(w));                                                        /* local */
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* `source` is NULL for a file from nothing. */
static PetscErrorCode create_writer(MPI_Comm comm, const char source[], const char final_path[], PetscBool force,
                                    hole_writer *w)
{
  struct handles h = {0};
  hole_writer new;
  PetscErrorCode started, closed;

  PetscFunctionBegin;
  *w = NULL;
  PetscCall(PetscNew(&new));
  PetscCallMPI(MPI_Comm_dup(comm, &new->comm));
  PetscCallMPI(MPI_Comm_rank(new->comm, &new->rank));
  PetscCallMPI(MPI_Comm_size(new->comm, &new->size));
  new->force     = force;
  new->rows_file = -1;
  started        = HoleErrorAgree(comm, PetscStrallocpy(source, &new->source)); /* of NULL gives NULL */
  if (!started) started = start_file(new, final_path, &h);
  closed = HoleErrorAgree(comm, close_handles(&h));
  if (started || closed) PetscCall(hole_writer_destroy(&new));
  PetscCall(started);
  PetscCall(closed);
  *w = new;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_writer_create(MPI_Comm comm, const char final_path[], PetscBool force, hole_writer *w)
{
  PetscFunctionBegin;
  PetscCall(create_writer(comm, NULL, final_path, force, w));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Do two names lead to one file? Equal names do, also where nothing is there yet. */
static PetscBool is_one_file(const char a[], const char b[])
{
  struct stat x, y;

  if (!strcmp(a, b)) return PETSC_TRUE;
  return (PetscBool)(!stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino);
}

PetscErrorCode hole_writer_update(MPI_Comm comm, const char source[], const char final_path[], PetscBool force,
                                  hole_writer *w)
{
  PetscFunctionBegin;
  PetscCall(create_writer(comm, source, final_path, (PetscBool)(force || is_one_file(source, final_path)), w));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Make each group on the way to the end of `path`, without it if `parents_only`. Not by H5Pset_create_intermediate_group(), whose
   groups would carry time stamps. */
static PetscErrorCode make_groups(hole_writer w, const char path[], PetscBool parents_only, struct handles *h)
{
  char   part[1024];
  htri_t there;
  herr_t status;

  PetscFunctionBegin;
  PetscCheck(strlen(path) < sizeof(part), PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE, "Path %s is too long", path);
  PetscCall(reserve_room(w, 0));
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
  PetscCall(reserve_room(w, 0));
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
                             HoleIndex n_columns, const void *value, struct handles *h)
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
                                       struct handles *h)
{
  PetscFunctionBegin;
  PetscCall(reserve_room(w, (int64_t)strlen(value)));
  PetscCall(make_text_type(strlen(value), &h->type));
  PetscCall(attach(w, object, name, h->type, 0, 0, value, h));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode attach_text(hole_writer w, hid_t object, const char name[], const char value[])
{
  struct handles h = {0};
  PetscErrorCode attached;

  PetscFunctionBegin;
  attached = attach_text_work(w, object, name, value, &h);
  PetscCall(close_handles(&h));
  PetscCall(attached);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode attach_numbers(hole_writer w, const char path[], const char name[], hole_type type, HoleIndex n,
                                     HoleIndex n_columns, const void *value, struct handles *h)
{
  PetscFunctionBegin;
  PetscCall(reserve_room(w, 0));
  HoleWriteHDF5(w, h->object, H5Oopen(w->file, path, H5P_DEFAULT));
  PetscCall(attach(w, h->object, name, type_native(type), n, n_columns, value, h));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode attach_text_to(hole_writer w, const char path[], const char name[], const char value[],
                                     struct handles *h)
{
  PetscFunctionBegin;
  HoleWriteHDF5(w, h->object, H5Oopen(w->file, path, H5P_DEFAULT));
  PetscCall(attach_text(w, h->object, name, value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Close rank 0's handles of a step and agree on its outcome: the end of every function below. Collective. */
static PetscErrorCode end_step(hole_writer w, PetscErrorCode done, struct handles *h)
{
  PetscErrorCode closed;

  PetscFunctionBegin;
  closed = close_handles(h);
  done   = HoleErrorAgree(w->comm, done ? done : closed);
  if (done) w->failed = PETSC_TRUE;
  PetscCall(done);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_writer_group(hole_writer w, const char path[])
{
  struct handles h = {0};

  PetscFunctionBegin;
  PetscCall(end_step(w, w->rank ? PETSC_SUCCESS : make_groups(w, path, PETSC_FALSE, &h), &h));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_writer_remove(hole_writer w, const char path[])
{
  struct handles h = {0};

  PetscFunctionBegin;
  PetscCall(end_step(w, w->rank ? PETSC_SUCCESS : remove_object(w, path), &h));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_writer_attr_string(hole_writer w, const char path[], const char name[], const char value[])
{
  struct handles h = {0};

  PetscFunctionBegin;
  PetscCall(end_step(w, w->rank ? PETSC_SUCCESS : attach_text_to(w, path, name, value, &h), &h));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_writer_attr_int64(hole_writer w, const char path[], const char name[], int64_t value)
{
  struct handles h = {0};

  PetscFunctionBegin;
  PetscCall(
      end_step(w, w->rank ? PETSC_SUCCESS : attach_numbers(w, path, name, HOLE_TYPE_INT64, 0, 0, &value, &h), &h));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_writer_attr_double(hole_writer w, const char path[], const char name[], double value)
{
  struct handles h = {0};

  PetscFunctionBegin;
  PetscCall(
      end_step(w, w->rank ? PETSC_SUCCESS : attach_numbers(w, path, name, HOLE_TYPE_DOUBLE, 0, 0, &value, &h), &h));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_writer_attr_doubles(hole_writer w, const char path[], const char name[], HoleIndex n,
                                        HoleIndex n_columns, const double values[])
{
  struct handles h = {0};
  PetscErrorCode attached;

  PetscFunctionBegin;
  attached = w->rank ? PETSC_SUCCESS : attach_numbers(w, path, name, HOLE_TYPE_DOUBLE, n, n_columns, values, &h);
  PetscCall(end_step(w, attached, &h));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rank 0: add a field to the type of a record. */
static PetscErrorCode insert_field(const struct hole_field *field, size_t offset, struct handles *h)
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
static PetscErrorCode make_type(const struct element *e, struct handles *h)
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
static PetscErrorCode make_dataset(hole_writer w, const struct dataset *d, struct handles *h, int64_t *address)
{
  hsize_t shape[HOLE_WRITER_MAX_DIMS] = {(hsize_t)d->n, (hsize_t)d->n_columns};
  haddr_t offset;
  herr_t  status;

  PetscFunctionBegin;
  for (int a = 0; a < d->n_dims; ++a) shape[a] = (hsize_t)d->dims[a];
  PetscCall(reserve_room(w, d->n * (int64_t)d->element.in_file));
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

/* Write all of a block, in as many pieces as the system takes (Linux takes 2 GiB at most). */
static PetscErrorCode write_bytes(hole_writer w, const char path[], int64_t address, size_t n, const char data[])
{
  const size_t most = (size_t)1 << 30;
  ssize_t      written;

  PetscFunctionBegin;
  for (size_t done = 0; done < n; done += (size_t)written) {
    do {
      written = pwrite(w->rows_file, data + done, PetscMin(n - done, most), (off_t)(address + (int64_t)done));
    } while (written < 0 && errno == EINTR);
    PetscCheck(written > 0, PETSC_COMM_SELF, HOLE_ERR_RESOURCE, "Output %s, dataset %s: cannot write %zu bytes: %s",
               w->path, path, n - done, written ? strerror(errno) : "the file takes no more");
  }
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

static PetscErrorCode write_records(hole_writer w, const struct dataset *d, int64_t address, HoleIndex n,
                                    const char data[], char packed[])
{
  const struct element *e    = &d->element;
  HoleIndex             most = PetscMax((HoleIndex)(PACK_BYTES / e->in_file), 1), some;

  PetscFunctionBegin;
  for (HoleIndex i = 0; i < n; i += some) {
    some = PetscMin(most, n - i);
    pack_records(e, some, data + (size_t)i * e->in_memory, packed);
    PetscCall(write_bytes(w, d->path, address + i * (int64_t)e->in_file, (size_t)some * e->in_file, packed));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local. */
static PetscErrorCode write_block(hole_writer w, const struct dataset *d, int64_t address, HoleIndex first, HoleIndex n,
                                  const char data[])
{
  PetscErrorCode written;
  char          *packed;

  PetscFunctionBegin;
  PetscCall(hole_fault(w->comm, "writer_write"));
  if (!n) PetscFunctionReturn(PETSC_SUCCESS);
  address += first * (int64_t)d->element.in_file;
  if (d->element.n_fields) {
    PetscCall(PetscMalloc1(PetscMax(PACK_BYTES, d->element.in_file), &packed));
    written = write_records(w, d, address, n, data, packed);
    PetscCall(PetscFree(packed));
    PetscCall(written);
  } else PetscCall(write_bytes(w, d->path, address, (size_t)n * d->element.in_file, data));
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
static PetscErrorCode write_dataset(hole_writer w, const struct dataset *d, HoleIndex first, HoleIndex n_local,
                                    const void *data)
{
  struct handles h       = {0};
  int64_t        address = -1;
  PetscErrorCode status;

  PetscFunctionBegin;
  status = check_block(d, first, n_local);
  if (!status && !w->rank) status = make_dataset(w, d, &h, &address);
  PetscCall(end_step(w, status, &h));
  PetscCallMPI(MPI_Bcast(&address, 1, MPI_INT64_T, 0, w->comm));
  PetscCall(end_step(w, write_block(w, d, address, first, n_local, (const char *)data), &h));
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

/* Local: what this rank wrote reaches the disk, or we hear why not; some file systems say so only here. */
static PetscErrorCode finish_rows(hole_writer w)
{
  int synced, closed, number;

  PetscFunctionBegin;
  PetscCall(hole_fault(w->comm, "writer_commit"));
  synced       = fsync(w->rows_file);
  number       = errno;
  closed       = close(w->rows_file);
  w->rows_file = -1;
  PetscCheck(!synced && !closed, PETSC_COMM_SELF, HOLE_ERR_RESOURCE, "Output %s: cannot complete the file: %s", w->path,
             strerror(synced ? number : errno));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rank 0. After the flush HDF5 knows the size of the file, and room that was reserved beyond it is given back. */
static PetscErrorCode finish_hdf5(hole_writer w)
{
  hid_t   file = w->file;
  hsize_t size;
  herr_t  status;

  PetscFunctionBegin;
  HoleWriteHDF5(w, status, H5Fflush(file, H5F_SCOPE_GLOBAL));
  HoleWriteHDF5(w, status, H5Fget_filesize(file, &size));
  PetscCheck(!truncate(w->temporary, (off_t)size), PETSC_COMM_SELF, HOLE_ERR_RESOURCE,
             "Output %s cannot be written: %s", w->path, strerror(errno));
  w->file = 0;
  HoleWriteHDF5(w, status, H5Fclose(file));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode sync_path(hole_writer w, const char path[])
{
  int file = open(path, O_RDONLY), status = 0;

  PetscFunctionBegin;
  if (file < 0) PetscFunctionReturn(PETSC_SUCCESS); /* a folder that may be written but not read */
  if (fsync(file) && errno != EINVAL && errno != ENOTSUP) status = errno;
  (void)close(file);
  PetscCheck(!status, PETSC_COMM_SELF, HOLE_ERR_RESOURCE, "Output %s: cannot bring %s to the disk: %s", w->path, path,
             strerror(status));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rank 0. Without -force a hard link gives the name, since it fails if the name is taken, at whatever moment; where the file system
   has no hard links, a look and a rename must do. */
static PetscErrorCode give_name(hole_writer w)
{
  struct stat info;

  PetscFunctionBegin;
  PetscCheck(!w->source || (!stat(w->source, &info) && info.st_ino == w->copied.st_ino &&
                            info.st_size == w->copied.st_size && info.st_mtime == w->copied.st_mtime),
             PETSC_COMM_SELF, HOLE_ERR_USAGE, "%s was changed while this run was under way; run it again", w->source);
  PetscCall(sync_path(w, w->temporary));
  if (!w->force && !link(w->temporary, w->path)) {
    (void)unlink(w->temporary);
  } else {
    PetscCheck(w->force || (errno != EEXIST && lstat(w->path, &info)), PETSC_COMM_SELF, HOLE_ERR_USAGE,
               "Output %s exists, made while this run was under way; give -force to replace it", w->path);
    PetscCheck(!rename(w->temporary, w->path), PETSC_COMM_SELF, error_of_place(errno),
               "Output %s: cannot take this name: %s", w->path, strerror(errno));
  }
  w->created = PETSC_FALSE;
  PetscCall(sync_path(w, w->folder));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode finish_file(hole_writer w)
{
  PetscFunctionBegin;
  HoleCallAgreed(w->comm, finish_rows(w));                           /* local */
  HoleCallAgreed(w->comm, w->rank ? PETSC_SUCCESS : finish_hdf5(w)); /* local */
  HoleCallAgreed(w->comm, w->rank ? PETSC_SUCCESS : give_name(w));   /* local */
  PetscFunctionReturn(PETSC_SUCCESS);
}

MPI_Comm hole_writer_comm(hole_writer w) { return w->comm; }

const char *hole_writer_temporary_name(hole_writer w) { return w->temporary; }

PetscErrorCode hole_writer_commit(hole_writer w)
{
  PetscErrorCode finished;

  PetscFunctionBegin;
  PetscCheck(!w->failed && w->rows_file >= 0, PETSC_COMM_SELF, PETSC_ERR_ORDER,
             "Output %s cannot be committed: a step failed before, or it has been", w->path);
  finished = finish_file(w);
  if (finished) w->failed = PETSC_TRUE;
  PetscCall(finished);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local. HDF5 writes what it holds when it closes a file, for which a full disk has no room: the file is not wanted, so it is
   emptied first. */
static PetscErrorCode abandon_file(hole_writer w)
{
  herr_t status = 0;

  PetscFunctionBegin;
  if (w->created && truncate(w->temporary, 0)) PetscCall(PetscInfo(NULL, "Cannot empty %s\n", w->temporary));
  if (w->file > 0) {
    H5E_BEGIN_TRY { status = H5Fclose(w->file); }
    H5E_END_TRY;
  }
  if (status < 0) PetscCall(PetscInfo(NULL, "HDF5 could not complete %s\n", w->temporary));
  if (w->rows_file >= 0) (void)close(w->rows_file);
  if (w->created && unlink(w->temporary)) PetscCall(PetscInfo(NULL, "Cannot remove %s\n", w->temporary));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_writer_destroy(hole_writer *w)
{
  PetscErrorCode closed;

  PetscFunctionBegin;
  if (!*w) PetscFunctionReturn(PETSC_SUCCESS);
  closed = HoleErrorAgree((*w)->comm, abandon_file(*w)); /* and no rank goes on while the temporary file stands */
  PetscCall(PetscFree((*w)->path));
  PetscCall(PetscFree((*w)->folder));
  PetscCall(PetscFree((*w)->temporary));
  PetscCall(PetscFree((*w)->source));
  PetscCallMPI(MPI_Comm_free(&(*w)->comm));
  PetscCall(PetscFree(*w));
  PetscCall(closed);
  PetscFunctionReturn(PETSC_SUCCESS);
}
