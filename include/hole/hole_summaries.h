/** @file
 * What diagrams look like as numbers and functions: statistics, Betti curves, landscapes, images, on grids that all layers
 * share. */
#pragma once

#include <hole/hole_diagram.h>

enum {
  HOLE_SUMMARY_GRID       = 256, /**< values of the grid of curves and landscapes */
  HOLE_SUMMARY_LANDSCAPES = 5,   /**< landscapes of a diagram */
  HOLE_SUMMARY_PIXELS     = 32   /**< sides of an image */
};

/** Row of `/summaries/METRIC/statistics`. Numbers of lifetimes are those of intervals that end; 0 where there are none. */
typedef struct {
  int32_t layer;     /**< by order of addition, from 0 */
  int32_t dim;       /**< dimension of homology */
  int64_t count;     /**< intervals that end */
  int64_t essential; /**< intervals that do not */
  double  mean;      /**< of the lifetimes, as the next four */
  double  std;       /**< standard deviation: mean square, divided by the count */
  double  median;    /**< the mean of the middle two for an even count */
  double  max;       /**< the longest */
  double  total;     /**< their sum */
  double  entropy;   /**< - sum of p ln p, p the share of a lifetime in the total; nat */
} HoleSummaryRow;

/**
 * Summaries of L layers with D dimensions each; G, K and R are HOLE_SUMMARY_GRID, _LANDSCAPES and _PIXELS. Equal on every rank.
 *
 * With an interval [b, d) of a layer and a value t of the grid:
 * - Betti: the number of intervals with b <= t < d. One that does not end counts up to the threshold of its layer, which is the end
 *   of what is known of the layer; above it a curve is 0.
 * - Landscape k: the k-th largest of min(t - b, d - t), 0 if there are fewer that are positive. Intervals that do not end are left out.
 * - Image: the sum over intervals that end of (d - b) exp(-((x - b)^2 + (y - (d - b))^2) / (2 sigma^2)) / (2 pi sigma^2) at the pixel
 *   (x, y), rows by y.
 */
typedef struct {
  HoleIndex       n_layers;          /**< L */
  HoleIndex       n_dims;            /**< D */
  HoleSummaryRow *statistics;        /**< [L, D] */
  double         *grid;              /**< [G] evenly spaced from 0 to the last birth or death of any layer */
  int64_t        *betti;             /**< [L, D, G] */
  double         *landscapes;        /**< [L, D, K, G] */
  double         *images;            /**< [L, D, R, R] */
  double         *birth_range;       /**< [D, 2] first and last x of the pixels */
  double         *persistence_range; /**< [D, 2] first and last y */
  double         *sigma;             /**< [D] the longer side of a pixel */
} HoleSummaryTables;

/** Opaque handle: births and deaths of the layers so far, equal on every rank. */
typedef struct HoleSummaries_s *HoleSummaries;

/** Start with no layer. Not collective. */
HOLE_EXTERN PetscErrorCode HoleSummariesCreate(PetscInt max_dim, HoleSummaries *summaries);

/**
 * Add the diagrams of the next layer. Not collective.
 *
 * @param[in] summaries  of the same dimensions
 * @param[in] diagram    copied: 16 bytes an interval, 8 where all are born at 0
 * @param[in] threshold  longest edge of the filtration, or infinite
 */
HOLE_EXTERN PetscErrorCode HoleSummariesAddLayer(HoleSummaries summaries, HoleDiagram diagram, double threshold);

/**
 * Compute the tables of all layers on grids that fit them all. Not collective.
 *
 * @param[in]  summaries  may take further layers
 * @param[out] tables     new, to be freed with HoleSummaryTablesDestroy()
 *
 * @cost   O(G K + R^2) a layer's interval; 8 (G + K G + R^2) bytes a layer and dimension.
 * @source [Bubenik2015] landscapes; [Adams2017] images, weighted by persistence; [AthreyaRosen2025] entropy.
 */
HOLE_EXTERN PetscErrorCode HoleSummariesGetTables(HoleSummaries summaries, HoleSummaryTables **tables);

/** Free and set to NULL. Not collective. Accepts a pointer to NULL. */
HOLE_EXTERN PetscErrorCode HoleSummaryTablesDestroy(HoleSummaryTables **tables);

/** Free and set to NULL. Not collective. Accepts a pointer to NULL. */
HOLE_EXTERN PetscErrorCode HoleSummariesDestroy(HoleSummaries *summaries);
