/** @file
 * Make a failure on one rank the same failure on every rank, and tell a user's mistake from a defect. */
#pragma once

#include <hole/hole_types.h>

/* What went wrong decides the exit code of the program (see HoleErrorExitCode()). */
#define HOLE_ERR_USAGE    PETSC_ERR_USER_INPUT      /**< an option or its value: exit code 2 */
#define HOLE_ERR_INPUT    PETSC_ERR_FILE_UNEXPECTED /**< the input file or its content: exit code 3 */
#define HOLE_ERR_RESOURCE PETSC_ERR_MEM             /**< memory or disk, predicted or met: exit code 4 */
#define HOLE_ERR_STOPPED  PETSC_ERR_SIG             /**< asked to stop by a signal: exit code 75 */

/**
 * Agree on the outcome of a phase that ran on each rank separately.
 *
 * @collective On @p comm.
 *
 * @param[in] comm   ranks that ran the phase
 * @param[in] local  what the phase returned here; need not be equal across ranks
 *
 * @errors The largest @p local, on every rank. The failing rank keeps its own message; the others say which rank failed.
 */
HOLE_EXTERN PetscErrorCode HoleErrorAgree(MPI_Comm comm, PetscErrorCode local);

/** Run a rank-local phase and leave the calling function on all ranks, or on none. */
#define HoleCallAgreed(comm, ...) PetscCall(HoleErrorAgree((comm), (__VA_ARGS__)))

/** Exit code of the program for an error: 0 done, 2 usage, 3 input, 4 resources, 75 stopped by a signal, 1 a defect of ours. Not collective. */
HOLE_EXTERN int HoleErrorExitCode(PetscErrorCode code);
