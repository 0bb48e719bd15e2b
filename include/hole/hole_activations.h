/** @file
 * One layer of activations: a dense matrix whose rows are split over ranks. */
#pragma once

#include <hole/hole_types.h>

/**
 * Opaque handle. Shape [n_global, width], row-major double; one row is one point.
 *
 * Rank r owns rows [first, first + n_local), blocks are in rank order and differ by at most one row.
 * A rank may own no rows: every function accepts that. float16, float32 and float64 input is held without loss.
 */
typedef struct HoleActivations_s *HoleActivations;

/**
 * Make an object whose local rows the caller then fills through HoleActivationsGetRows().
 *
 * @collective On @p comm, with equal @p n_global, @p width and @p name.
 *
 * @param[in]  comm      duplicated; the caller keeps and frees its own
 * @param[in]  name      of the layer, used in messages
 * @param[in]  n_global  number of points over all ranks
 * @param[in]  width     number of units
 * @param[out] acts      new object, rows zero, owned by the caller
 *
 * @errors HOLE_ERR_RESOURCE: no memory on some rank.
 * @cost   8 * n_local * width bytes per rank.
 */
HOLE_EXTERN PetscErrorCode HoleActivationsCreate(MPI_Comm comm, const char name[], HoleIndex n_global, HoleIndex width,
                                                 HoleActivations *acts);

/**
 * Check that every value is finite.
 *
 * @collective On the object's ranks.
 *
 * @errors HOLE_ERR_INPUT: a value is NaN or infinite; the message names layer, row and unit.
 */
HOLE_EXTERN PetscErrorCode HoleActivationsCheckFinite(HoleActivations acts);

/** Shape and block. Not collective. Any output may be NULL. */
HOLE_EXTERN PetscErrorCode HoleActivationsGetShape(HoleActivations acts, HoleIndex *n_global, HoleIndex *width,
                                                   HoleIndex *first, HoleIndex *n_local);

/** Borrow the local rows, shape [n_local, width], writable. Not collective. Valid until HoleActivationsDestroy(). */
HOLE_EXTERN PetscErrorCode HoleActivationsGetRows(HoleActivations acts, double *rows[]);

/** Say from which row of its file each local point comes, for messages; [n_local], copied. Without it, a point's row is its number.
 * Not collective. */
HOLE_EXTERN PetscErrorCode HoleActivationsSetFileRows(HoleActivations acts, const HoleIndex rows[]);

/** The row of the file from which local point @p i comes. Not collective. */
HOLE_EXTERN HoleIndex HoleActivationsGetFileRow(HoleActivations acts, HoleIndex i);

/** Borrow the name. Not collective. */
HOLE_EXTERN const char *HoleActivationsGetName(HoleActivations acts);

/** Borrow the communicator. Not collective. */
HOLE_EXTERN MPI_Comm HoleActivationsGetComm(HoleActivations acts);

/** Free and set to NULL. Collective. Accepts a pointer to NULL. */
HOLE_EXTERN PetscErrorCode HoleActivationsDestroy(HoleActivations *acts);
