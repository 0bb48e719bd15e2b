/* Are the bytes of a dataset those that were written? HDF5 answers for its own structure, with the attributes in it, not for what a
   contiguous dataset holds. Each rank reads its block of the bytes from the file. */
#include "reader_impl.h"

#include "../core/block.h"
#include "checksum.h"
#include <errno.h>
#include <fcntl.h>
#include <hole/hole_error.h>
#include <string.h>
#include <unistd.h>

#define BUFFER_BYTES ((size_t)1 << 20)

/* Where the rows of a contiguous dataset are in the file. */
struct extent {
  int64_t address, bytes;
};

/* Rank 0. */
static PetscErrorCode find_extent(hole_reader r, const char path[], struct extent *e, struct hole_handles *h)
{
  haddr_t address;

  PetscFunctionBegin;
  PetscCall(hole_reader_open_dataset(r, path, h));
  address    = H5Dget_offset(h->object);
  e->bytes   = (int64_t)H5Dget_storage_size(h->object);
  e->address = address == HADDR_UNDEF ? -1 : (int64_t)address;
  PetscCheck(!e->bytes || e->address >= 0, PETSC_COMM_SELF, HOLE_ERR_INPUT, "Input %s: dataset %s is not contiguous",
             r->path, path);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode add_file(hole_reader r, int file, const struct extent *e, HoleIndex first, HoleIndex n,
                               char buffer[], struct hole_checksum *sum)
{
  ssize_t got;

  PetscFunctionBegin;
  for (HoleIndex done = 0; done < n; done += got) {
    do got = pread(file, buffer, PetscMin((size_t)(n - done), BUFFER_BYTES), (off_t)(e->address + first + done));
    while (got < 0 && errno == EINTR);
    PetscCheck(got > 0, PETSC_COMM_SELF, HOLE_ERR_INPUT, "Input %s cannot be read: %s", r->path,
               got ? strerror(errno) : "it is truncated");
    hole_checksum_add(sum, (uint64_t)(first + done), (size_t)got, buffer);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: our block of the bytes. */
static PetscErrorCode add_block(hole_reader r, const struct extent *e, struct hole_checksum *sum)
{
  PetscMPIInt    size;
  HoleIndex      first, n;
  int            file;
  char          *buffer = NULL;
  PetscErrorCode added;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(r->comm, &size));
  first = hole_block_first(e->bytes, size, r->rank);
  n     = hole_block_count(e->bytes, size, r->rank);
  if (!n) PetscFunctionReturn(PETSC_SUCCESS);
  file = open(r->path, O_RDONLY);
  PetscCheck(file >= 0, PETSC_COMM_SELF, HOLE_ERR_INPUT, "Input %s cannot be opened: %s", r->path, strerror(errno));
  added = PetscMalloc1(BUFFER_BYTES, &buffer);
  if (!added) added = add_file(r, file, e, first, n, buffer, sum);
  (void)close(file);
  PetscCall(PetscFree(buffer));
  PetscCall(added);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_reader_verify(hole_reader r, const char path[])
{
  struct hole_handles  h   = {0};
  struct extent        e   = {0};
  struct hole_checksum sum = {0};
  char                 found[HOLE_CHECKSUM_LENGTH];
  HoleIndex            n;
  hole_names           wanted;
  PetscBool            same;

  PetscFunctionBegin;
  PetscCall(hole_reader_end_step(r, r->rank ? PETSC_SUCCESS : find_extent(r, path, &e, &h), &h)); /* local */
  PetscCall(hole_reader_share_bytes(r->comm, &e, sizeof(e)));
  HoleCallAgreed(r->comm, add_block(r, &e, &sum)); /* local */
  PetscCall(hole_checksum_print(r->comm, &sum, found));
  PetscCall(hole_reader_attr_strings(r, path, HOLE_CHECKSUM, &n, &wanted));
  same = (PetscBool)(n == 1 && !strcmp(wanted[0], found));
  PetscCall(PetscFree(wanted));
  PetscCheck(same, r->comm, HOLE_ERR_INPUT,
             "Input %s: dataset %s is damaged: its bytes are not those that were written", r->path,
             path); /* equal on all ranks */
  PetscFunctionReturn(PETSC_SUCCESS);
}
