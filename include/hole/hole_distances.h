/** @file
 * The dissimilarities of all pairs of points: computed when they are wanted, or stored row by row. */
#pragma once

#include <hole/hole_activations.h>
#include <hole/hole_metric.h>

/**
 * Opaque handle. A symmetric [n, n] matrix of lengths with zero diagonal, of which rank r answers for the rows
 * [first, first + n_local). It is made of points, and then costs no more than they do, until HoleDistancesStore(); a HolePass
 * looks at all pairs either way.
 */
typedef struct HoleDistances_s *HoleDistances;

/** Fills row @p i of a matrix, n values. Returns a PETSc error code. */
typedef PetscErrorCode (*HoleDistancesRowFunction)(HoleIndex i, HoleIndex n, double row[], void *ctx);

/**
 * Make the distances of one layer from its points.
 *
 * @collective On the ranks of @p acts.
 *
 * @param[in]  acts    points; no longer needed afterwards
 * @param[in]  metric  see HoleMetricFind()
 * @param[out] d       new object, owned by the caller
 *
 * @units  Those of the metric: activations for euclidean, none for cosine.
 * @errors HOLE_ERR_INPUT: a row that the metric does not admit (its number is given).
 * HOLE_ERR_RESOURCE: no memory on some rank.
 * @cost   8 * n_local * width bytes per rank, width rounded up to 8; metrics that look at neighbours first take a pass.
 * @see    HoleDistancesCreateWith() for metrics that have options; here these have their defaults
 */
HOLE_EXTERN PetscErrorCode HoleDistancesCreate(HoleActivations acts, HoleMetric metric, HoleDistances *d);

/** HoleDistancesCreate() with @p options, equal on every rank. Collective. */
HOLE_EXTERN PetscErrorCode HoleDistancesCreateWith(HoleActivations acts, HoleMetric metric,
                                                   const HoleMetricOptions *options, HoleDistances *d);

/**
 * Make the distances of one metric from those of its base, see HoleMetricGetBase(): the points are prepared once, and their
 * neighbours, if the metric looks at any, found once.
 *
 * @collective On the ranks of @p base, with equal @p metric and @p options.
 *
 * @param[in]  base     made of points, of the base metric; may be destroyed before the new object
 * @param[in]  metric   one with this base; the base itself gives an object with stored rows of its own
 * @param[in]  options  see HoleMetricOptionsGet()
 * @param[out] d        new object, owned by the caller; shares the points of @p base
 *
 * @errors HOLE_ERR_RESOURCE: no memory on some rank. PETSC_ERR_ARG_WRONG: another base, or one in single precision.
 * @cost   That of HoleDistancesFindNeighbours(), if it was not called before; then O(n k) per rank. The points are not copied.
 */
HOLE_EXTERN PetscErrorCode HoleDistancesCreateFrom(HoleDistances base, HoleMetric metric,
                                                   const HoleMetricOptions *options, HoleDistances *d);

/**
 * Find the @p k nearest others of every point and keep them with the points, for all objects made from this one. Call it with
 * the largest number that several metrics need (HoleMetricGetNeighbours()), so that they share one pass.
 *
 * @collective On the object's ranks, with equal @p k. Nothing happens if as many were found before.
 * @errors Those of HolePassRun().
 * @cost   One pass over all pairs; 16 * n_local * k bytes.
 */
HOLE_EXTERN PetscErrorCode HoleDistancesFindNeighbours(HoleDistances d, HoleIndex k);

/**
 * Take the rows from a function instead, for matrices that do not come from points; they are stored.
 *
 * @collective On @p comm, with equal @p n.
 * @errors Those of @p fill. HOLE_ERR_INPUT: a value is negative or NaN, or the diagonal is not 0. An infinite value says that
 * nothing joins the two points. Symmetry is the caller's duty.
 */
HOLE_EXTERN PetscErrorCode HoleDistancesCreateFromRows(MPI_Comm comm, HoleIndex n, HoleDistancesRowFunction fill,
                                                       void *ctx, HoleDistances *d);

/**
 * Round every length to the nearest float: a length is the double that is equal to it, and stored rows take half the memory.
 *
 * By default lengths are double precision; they do not come back from single. Metrics that look at neighbours find these, and
 * local scales, in double precision. A geodesic path is the sum, in single precision, of links that are rounded first.
 *
 * @collective On the object's ranks, with equal @p single. Before anything is computed; rows that were given are rounded in place.
 *
 * @errors HOLE_ERR_INPUT: lengths that no float reaches, or points so large that there might be.
 */
HOLE_EXTERN PetscErrorCode HoleDistancesSetPrecision(HoleDistances d, PetscBool single);

/** Are lengths rounded to single precision? Not collective. */
HOLE_EXTERN PetscBool HoleDistancesIsSingle(HoleDistances d);

/**
 * Compute and keep the rows of the local points, so that HoleDistancesReadRow() has them. Nothing happens if they are there.
 *
 * @collective On the object's ranks.
 *
 * @errors HOLE_ERR_INPUT: distances that overflow. HOLE_ERR_RESOURCE: no memory on some rank.
 * @cost   8 * n_local * stride bytes, half of that in single precision; n_local * n * width multiplications; every point is sent to every rank once.
 */
HOLE_EXTERN PetscErrorCode HoleDistancesStore(HoleDistances d);

/** Are lengths those of shortest paths, which only HoleDistancesStore() finds? The merge tree does without. Not collective. */
HOLE_EXTERN PetscBool HoleDistancesIsGeodesic(HoleDistances d);

/** Are the rows stored? Not collective. */
HOLE_EXTERN PetscBool HoleDistancesIsStored(HoleDistances d);

/**
 * Shape and block; a row is @p stride values long (a multiple of 8, padded with infinity).
 * Not collective. Any output may be NULL.
 */
HOLE_EXTERN PetscErrorCode HoleDistancesGetShape(HoleDistances d, HoleIndex *n, HoleIndex *stride, HoleIndex *first,
                                                 HoleIndex *n_local);

/**
 * Local row @p local in [0, n_local), stored before: @p stride values. Borrowed where lengths are double precision, else written to
 * @p buffer; the caller's to make, see HoleDistancesAllocateBuffer(). Not collective.
 */
HOLE_EXTERN const double *HoleDistancesReadRow(HoleDistances d, HoleIndex local, double buffer[]);

/** Make a buffer for HoleDistancesReadRow(), to be freed with PetscFree(); NULL where none is needed. Not collective. */
HOLE_EXTERN PetscErrorCode HoleDistancesAllocateBuffer(HoleDistances d, double **buffer);

/** Borrow the communicator. Not collective. */
HOLE_EXTERN MPI_Comm HoleDistancesGetComm(HoleDistances d);

/** Smallest over points of the largest distance to another point; 0 for fewer than two points. Collective. Rows must be stored. */
HOLE_EXTERN PetscErrorCode HoleDistancesGetEnclosingRadius(HoleDistances d, double *radius);

/**
 * Exact lower order statistic of the n(n-1)/2 pairs: the smallest length with at least a share @p q of the pairs at or below.
 *
 * @collective On the object's ranks, with equal @p q in [0, 1]; q = 0 gives the shortest. 0 for fewer than two points.
 * @cost   four passes over the local rows, which must be stored, one reduction of 65,536 counts each.
 */
HOLE_EXTERN PetscErrorCode HoleDistancesGetQuantile(HoleDistances d, double q, double *length);

/** Bytes that one rank needs for @p n prepared points of @p width units over @p size ranks: what an object holds by itself. The
 * activations that it was made from are not counted. Not collective. */
HOLE_EXTERN double HoleDistancesPredictPointBytes(HoleMetric metric, HoleIndex n, HoleIndex width, PetscMPIInt size);

/** Bytes that one rank needs beside that while HoleDistancesCreateWith() prepares them. Not collective. */
HOLE_EXTERN double HoleDistancesPredictPrepareBytes(HoleMetric metric, HoleIndex n, HoleIndex width, PetscMPIInt size);

/** Bytes of the rows that HoleDistancesStore() keeps on one rank. Not collective. */
HOLE_EXTERN double HoleDistancesPredictRowBytes(HoleIndex n, PetscBool single, PetscMPIInt size);

/** Bytes that one rank needs beside points and rows while HoleDistancesStore() computes them, with @p together
 * of the @p size ranks on a node. Not collective. */
HOLE_EXTERN double HoleDistancesPredictStoreBytes(HoleMetric metric, HoleIndex n, HoleIndex width, PetscMPIInt size,
                                                  PetscMPIInt together);

/** Free and set to NULL. Collective. Accepts a pointer to NULL. */
HOLE_EXTERN PetscErrorCode HoleDistancesDestroy(HoleDistances *d);
