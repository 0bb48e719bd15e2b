/* hdf5.h - HDF5 calls as PETSc errors.

   Both macros silence HDF5's own printing for the one call and put the host program's setting back, so a library call leaves
   no global state behind. What HDF5 would have printed, its innermost reason, becomes part of our message. */
#pragma once

#include <hdf5.h>
#include <hole/hole_types.h>
#include <string.h>

#define HOLE_REASON_LENGTH 256

/* Called by H5Ewalk2() with the innermost error first. Of a failed system call, which HDF5 describes in several lines with addresses,
   only the words of the system are kept. */
static inline herr_t hole_hdf5_keep_first(unsigned n, const H5E_error2_t *error, void *reason)
{
  static const char words[] = "error message = '";
  const char       *start   = error->desc ? strstr(error->desc, words) : NULL;
  char             *text    = (char *)reason;

  if (n) return 0;
  (void)PetscStrncpy(text, start ? start + sizeof(words) - 1 : error->desc ? error->desc : "", HOLE_REASON_LENGTH);
  text[strcspn(text, start ? "'" : "\n")] = 0;
  return 0;
}

/* Store what an HDF5 call returned, negative for failure, and then why in char reason[HOLE_REASON_LENGTH]. */
#define HoleTryHDF5(ret, reason, call) \
  do { \
    H5E_BEGIN_TRY \
    { \
      (reason)[0] = 0; \
      (ret)       = (call); \
      if ((ret) < 0) H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, hole_hdf5_keep_first, (reason)); \
    } \
    H5E_END_TRY; \
  } while (0)

/* Store what an HDF5 call returned; failure is error `code`: HOLE_ERR_INPUT when reading, HOLE_ERR_RESOURCE when writing. */
#define HoleCallHDF5(ret, code, call) \
  do { \
    char hole_reason[HOLE_REASON_LENGTH]; \
    HoleTryHDF5(ret, hole_reason, call); \
    PetscCheck((ret) >= 0, PETSC_COMM_SELF, (code), "HDF5 call failed: %s (%s)", #call, hole_reason); \
  } while (0)
