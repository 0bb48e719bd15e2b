/** @file
 * An HDF5 file of activations: its layers in depth order, labels, class names, and the subsample shared by all layers. */
#pragma once

#include <hole/hole_activations.h>
#include <hole/hole_distances.h>
#include <petscmat.h>

/**
 * Opaque handle of an open input file.
 *
 * The samples of the file are its rows; a subsample keeps some of them, ascending. Where a layer has several positions
 * per sample (`-reshape spatial:full`, `spatial:topk:K`) each kept sample gives that many points, one after the other;
 * a point's label is its sample's.
 */
typedef struct HoleSource_s *HoleSource;

/** What a layer is given as. */
typedef enum {
  HOLE_LAYER_ACTIVATIONS, /**< points: `/layers/NAME/activations` */
  HOLE_LAYER_DISTANCES,   /**< all pairs: a dataset `/layers/NAME/distances`, shape [N, N] */
  HOLE_LAYER_GRAPH        /**< some pairs: a group `/layers/NAME/distances` with indptr, indices and data (CSR) */
} HoleLayerKind;

#define HOLE_METRIC_PRECOMPUTED "precomputed" /**< the metric of layers that are given as distances */

/** Make a source for a file that is not opened yet. Collective on @p comm, which is duplicated. */
HOLE_EXTERN PetscErrorCode HoleSourceCreate(MPI_Comm comm, const char path[], HoleSource *source);

/** Layers to take: a comma list of names or shell patterns; "all" or NULL for every one. Logically collective. */
HOLE_EXTERN PetscErrorCode HoleSourceSetLayers(HoleSource source, const char patterns[]);

/** Datasets to take as layers instead of /layers: a comma list of paths in the file. Logically collective. */
HOLE_EXTERN PetscErrorCode HoleSourceSetDatasets(HoleSource source, const char paths[]);

/**
 * Take distances: datasets given by HoleSourceSetDatasets() are [N, N] distances (groups are graphs), and a layer that has both
 * activations and distances is taken by its distances. Logically collective. Off by default; a layer of /layers that has
 * distances only is taken by them either way.
 */
HOLE_EXTERN PetscErrorCode HoleSourceSetPrecomputed(HoleSource source, PetscBool precomputed);

/** Where the labels are, instead of /labels; `none` for no labels. Logically collective. */
HOLE_EXTERN PetscErrorCode HoleSourceSetLabelsDataset(HoleSource source, const char path[]);

/**
 * Keep at most @p max_points samples, drawn by @p seed; 0 keeps all. Logically collective.
 *
 * The draw gives each sample a key, a hash of the seed and the sample's row, and keeps the smallest keys: it depends on
 * nothing else, and a smaller subsample is part of a larger one.
 */
HOLE_EXTERN PetscErrorCode HoleSourceSetSubsample(HoleSource source, HoleIndex max_points, HoleIndex seed);

/**
 * How arrays with more than two axes become rows. Logically collective.
 *
 * @param[in] source  the source
 * @param[in] rule    `auto`: [N,d] as is, [N,C,H,W] spatial mean, [N,T,d] first token; `flatten`; `mean` and `max` over
 *                    positions or tokens; `spatial:random`, `spatial:full`, `spatial:top1`, `spatial:topk:K` (positions of
 *                    largest Euclidean norm, descending); `token:T`; `tokens:mean`
 *
 * @errors HOLE_ERR_USAGE: no such rule.
 */
HOLE_EXTERN PetscErrorCode HoleSourceSetReshape(HoleSource source, const char rule[]);

/**
 * Read -layers, -dataset, -labels_dataset, -max_points, -seed, -reshape; `-metric precomputed` is HoleSourceSetPrecomputed().
 *
 * @collective On the object's ranks.
 * @errors HOLE_ERR_USAGE.
 */
HOLE_EXTERN PetscErrorCode HoleSourceSetFromOptions(HoleSource source);

/**
 * Open the file, find layers, labels and names, check their shapes, and draw the subsample.
 *
 * @collective On the object's ranks.
 *
 * @errors HOLE_ERR_INPUT: missing, not HDF5, truncated, no layers, wrong type or shape, unequal N, labels that do not fit.
 * HOLE_ERR_USAGE: no layer matches, a dataset that was asked for is not there, a rule that does not fit a layer.
 * @cost   a few bytes per sample on every rank (ids, labels).
 */
HOLE_EXTERN PetscErrorCode HoleSourceSetUp(HoleSource source);

/** Number of layers taken. Not collective. */
HOLE_EXTERN HoleIndex HoleSourceGetLayerCount(HoleSource source);

/** Name of layer @p l in depth order, from 0. Not collective. */
HOLE_EXTERN const char *HoleSourceGetLayerName(HoleSource source, HoleIndex l);

/** What layer @p l is given as: which of the three functions below loads it. Not collective. */
HOLE_EXTERN HoleLayerKind HoleSourceGetLayerKind(HoleSource source, HoleIndex l);

/**
 * Number of points (equal in every layer) and units of layer @p l after reshaping; distances have 0 units. Not collective. Outputs
 * may be NULL.
 */
HOLE_EXTERN PetscErrorCode HoleSourceGetLayerShape(HoleSource source, HoleIndex l, HoleIndex *n_points,
                                                   HoleIndex *width);

/** Number of samples in the file and of samples kept. Not collective. Outputs may be NULL. */
HOLE_EXTERN PetscErrorCode HoleSourceGetSamples(HoleSource source, HoleIndex *n_file, HoleIndex *n_kept);

/** Borrow the sample id of every point, [n_points]: /sample_ids of the file, else its row. Not collective. */
HOLE_EXTERN PetscErrorCode HoleSourceGetSampleIds(HoleSource source, const int64_t *ids[]);

/** Borrow the label of every point, [n_points], negative where unlabelled; NULL if there are none. Not collective. */
HOLE_EXTERN PetscErrorCode HoleSourceGetLabels(HoleSource source, const int32_t *labels[]);

/** Number of classes and their names; @p names is NULL where the file has none. Not collective. Borrowed. */
HOLE_EXTERN PetscErrorCode HoleSourceGetClasses(HoleSource source, HoleIndex *n_classes, const char *const *names[]);

/**
 * Read layer @p l, given as activations.
 *
 * @collective On the object's ranks.
 *
 * @param[in]  source     after HoleSourceSetUp()
 * @param[in]  l          in depth order, from 0
 * @param[out] acts       new object, owned by the caller
 * @param[out] positions  if not NULL: the position y * W + x each local point was taken from, [n_local], to be freed with
 *                        PetscFree(); NULL unless a spatial rule takes single positions of this layer
 *
 * @errors HOLE_ERR_INPUT: unreadable data, or a value that is NaN or infinite (dataset, row and element are named).
 * HOLE_ERR_RESOURCE: no memory.
 * @cost   8 * n_local * width bytes and buffers of at most 64 MiB, or one sample and one chunk, per rank; collective reads.
 */
HOLE_EXTERN PetscErrorCode HoleSourceLoadLayer(HoleSource source, HoleIndex l, HoleActivations *acts,
                                               int32_t *positions[]);

/**
 * Read layer @p l, given as an [N, N] dataset of distances; a subsample takes the rows and columns of the samples kept.
 *
 * @collective On the object's ranks.
 *
 * @param[in]  source  after HoleSourceSetUp()
 * @param[in]  l       in depth order, from 0
 * @param[out] d       new object with its rows stored, owned by the caller
 *
 * Values within 1e-10 of 0 that are negative or on the diagonal become 0. Entries (i, j) and (j, i) that differ by no more than
 * 1e-10, or 1e-10 of their value (2^-20 of it if both are exact in single precision), are noise: both become the one above the diagonal, so that the matrix is symmetric to the bit.
 *
 * @errors HOLE_ERR_USAGE: the layer has activations, or a graph. HOLE_ERR_INPUT: a value is NaN, infinite or negative, the
 * diagonal is not 0, or the matrix is not symmetric; dataset, row, column and values are named. HOLE_ERR_RESOURCE: no memory.
 * @cost   8 * n_local * N bytes and buffers of at most 64 MiB per rank; one read of the rows, half of the matrix is sent once.
 */
HOLE_EXTERN PetscErrorCode HoleSourceLoadDistances(HoleSource source, HoleIndex l, HoleDistances *d);

/**
 * Read layer @p l, given as a graph in CSR form; a subsample takes the induced subgraph.
 *
 * @collective On the object's ranks.
 *
 * @param[in]  source  after HoleSourceSetUp()
 * @param[in]  l       in depth order, from 0
 * @param[out] graph   new, see HoleGraphCreate(); owned by the caller
 *
 * Every stored entry off the diagonal is an edge, a stored 0 one of length 0. An edge may be given once, in either triangle, or
 * twice, with equal values up to the noise that HoleSourceLoadDistances() admits.
 *
 * @errors HOLE_ERR_USAGE: the layer is no graph. HOLE_ERR_INPUT: indptr does not ascend from 0 to the number of entries, an
 * index is out of range, a value is NaN, infinite or negative or not 0 on the diagonal, an entry occurs twice, or the matrix
 * is not symmetric; dataset, row, column and values are named. HOLE_ERR_RESOURCE: no memory.
 * @cost   16 * (N + 1) bytes on every rank; 16 bytes an entry of a rank's even share, one for both of a pair where columns of a row
 * ascend, twice while ranks exchange or sort them; then 40 bytes an edge, and HoleGraphCreate().
 */
HOLE_EXTERN PetscErrorCode HoleSourceLoadGraph(HoleSource source, HoleIndex l, Mat *graph);

/** Bytes that one of @p size ranks needs for layer @p l while it is loaded and held. Not collective. */
HOLE_EXTERN double HoleSourcePredictBytes(HoleSource source, HoleIndex l, PetscMPIInt size);

/** Close, free and set to NULL. Collective. Accepts a pointer to NULL. */
HOLE_EXTERN PetscErrorCode HoleSourceDestroy(HoleSource *source);
