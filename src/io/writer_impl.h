/* writer_impl.h - what writer.c and datasets.c share: the file under its temporary name, on rank 0 as HDF5 sees it too. */
#pragma once

#include "hdf5.h"
#include "writer.h"

#include <hole/hole_error.h>
#include <sys/stat.h>

/* Store what an HDF5 call returned that may write to the disk. */
#define HoleWriteHDF5(w, ret, call) \
  do { \
    char hole_reason[HOLE_REASON_LENGTH]; \
    HoleTryHDF5(ret, hole_reason, call); \
    PetscCheck((ret) >= 0, PETSC_COMM_SELF, HOLE_ERR_RESOURCE, "Output %s cannot be written: %s", (w)->path, \
               hole_reason); \
  } while (0)

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
  PetscBool   checksums; /* wanted */
  char       *source;    /* the file that this one began as a copy of; NULL for none */
  struct stat copied;    /* rank 0: what it was then */
};

/* HDF5 handles of one step on rank 0; zero is no valid handle. */
struct hole_writer_handles {
  hid_t type, member, space, create, access, object, attribute;
};

/* Close what is open and forget it. Not collective. */
PetscErrorCode hole_writer_close_handles(struct hole_writer_handles *h);

/* Rank 0: room for `more` bytes of rows or text and the structure around them, before each call that changes the structure. */
PetscErrorCode hole_writer_reserve(hole_writer w, int64_t more);
