/* A result file from its start to its commit: it has a temporary name until it is whole, and may begin as a copy of another file. HDF5
   runs on rank 0; each rank has a descriptor, through which it writes its rows (datasets.c).

   Rank 0 reserves room on the disk before each call that changes the structure: HDF5 1.10 cannot let go of a file whose structure it
   could not write (it leaves the file open and prints at the end of the program). */
#if defined(__linux__) && !defined(_GNU_SOURCE)
  #define _GNU_SOURCE /* fallocate() */
#endif
#include "writer_impl.h"

#include "../core/fault.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define SLACK_BYTES ((int64_t)256 << 10) /* more than the structure of one object takes */
#define COPY_BYTES  ((size_t)1 << 20)    /* buffer through which a source is copied */

PetscErrorCode hole_writer_close_handles(struct hole_writer_handles *h)
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
  *h = (struct hole_writer_handles){0};
  PetscCheck(status >= 0, PETSC_COMM_SELF, PETSC_ERR_LIB, "HDF5 could not close a handle");
  PetscFunctionReturn(PETSC_SUCCESS);
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

/* Where the file system cannot reserve, we go on: then a full disk is found by writing. Not by posix_fallocate(), which then writes
   into the range itself. */
PetscErrorCode hole_writer_reserve(hole_writer w, int64_t more)
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
  copied = PetscMalloc1(COPY_BYTES, &buffer);
  if (!copied) copied = copy_bytes(w, from, buffer, COPY_BYTES);
  PetscCall(PetscFree(buffer));
  (void)close(from);
  PetscCall(copied);
  (void)fchmod(w->rows_file, w->copied.st_mode & 0777);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rank 0: the copy as an HDF5 file. */
static PetscErrorCode open_copy(hole_writer w, struct hole_writer_handles *h)
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
  PetscCall(hole_writer_reserve(w, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rank 0. */
static PetscErrorCode start_hdf5(hole_writer w, struct hole_writer_handles *h)
{
  herr_t status;

  PetscFunctionBegin;
  PetscCall(hole_writer_reserve(w, 0)); /* H5Fcreate() empties the file, and finds the room again */
  HoleCallHDF5(h->create, PETSC_ERR_LIB, H5Pcreate(H5P_FILE_CREATE));
  HoleCallHDF5(status, PETSC_ERR_LIB, H5Pset_obj_track_times(h->create, 0)); /* of the root group */
  HoleCallHDF5(h->access, PETSC_ERR_LIB, H5Pcreate(H5P_FILE_ACCESS));
  /* The format of 2008 admits attributes above 64 KiB, such as long lists of options, and h5py and all others read it. */
  HoleCallHDF5(status, PETSC_ERR_LIB, H5Pset_libver_bounds(h->access, H5F_LIBVER_V18, H5F_LIBVER_LATEST));
  HoleWriteHDF5(w, w->file, H5Fcreate(w->temporary, H5F_ACC_TRUNC, h->create, h->access));
  w->reserved = 0;
  PetscCall(hole_writer_reserve(w, 0));
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

static PetscErrorCode start_file(hole_writer w, const char path[], struct hole_writer_handles *h)
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
  struct hole_writer_handles h = {0};
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
  closed = HoleErrorAgree(comm, hole_writer_close_handles(&h));
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

PetscErrorCode hole_writer_keep_checksums(hole_writer w)
{
  PetscFunctionBegin;
  w->checksums = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

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
