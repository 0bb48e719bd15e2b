/** @file
 * Scalar types and visibility marks shared by every public header. */
#pragma once

#include <inttypes.h>
#include <petscsys.h>

/** Marks every function of the public API; everything else is hidden by the build. */
#if defined(__cplusplus)
  #define HOLE_EXTERN extern "C" __attribute__((visibility("default")))
#else
  #define HOLE_EXTERN extern __attribute__((visibility("default")))
#endif

#if PETSC_VERSION_LT(3, 19, 0)
  #define PETSC_SUCCESS 0 /**< absent from older PETSc */
#endif

/** Global and local counts and indices. Always 64 bits, whatever PetscInt is. */
typedef int64_t HoleIndex;
#define HOLE_MPI_INDEX MPI_INT64_T /**< MPI datatype of HoleIndex */
#define HoleIndex_FMT  PRId64      /**< printf format of HoleIndex, without the percent sign */

#define HOLE_NAME_LENGTH 256 /**< longest name of a layer, metric, stage or class, with its closing zero */
#define HOLE_NAME_SHORT  32  /**< longest name of a metric or step in a table, with its closing zero */
