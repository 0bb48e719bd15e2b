/** @file
 * Robustness: how much features of a layer change from one condition of the network or its input to another. */
#pragma once

#include <hole/hole_types.h>

/** Row of `/conditions/OTHER/METRIC/robustness`. */
typedef struct {
  int32_t layer;                    /**< the layer; -1: all */
  int32_t dim;                      /**< dimension of homology; -1: of the clusters, or of all rows */
  char    feature[HOLE_NAME_SHORT]; /**< its name; `overall` sums up the rows of the layer before it */
  double  value;                    /**< in this condition; of `overall` 1 / (1 + mean finite change) */
  double  other;                    /**< in the other; of `overall` NaN */
  double
      relative_change; /**< |other - value| / |value|; 0 if both are 0, inf if only the first is; of `overall` their mean */
} HoleRobustnessRow;

/** Rows as they were added. */
typedef struct {
  HoleIndex          n;    /**< rows */
  HoleRobustnessRow *rows; /**< [n] */
} HoleRobustness;

/** A table without rows. Not collective. */
HOLE_EXTERN PetscErrorCode HoleRobustnessCreate(HoleRobustness **table);

/** Add one feature; nothing is added if a value is NaN. Not collective. */
HOLE_EXTERN PetscErrorCode HoleRobustnessAddFeature(HoleRobustness *table, HoleIndex layer, PetscInt dim,
                                                    const char feature[], double value, double other);

/**
 * Add the features of two diagrams of dimension @p dim: count, mean, std, max, total and entropy (nat) of the lengths of their finite
 * intervals of positive length. Not collective.
 *
 * @param[in,out] table    the table
 * @param[in]     layer    the layer
 * @param[in]     dim      dimension of homology
 * @param[in]     n        intervals in this condition
 * @param[in]     ends     [n, 2] births and deaths
 * @param[in]     n_other  intervals in the other
 * @param[in]     other    [n_other, 2] likewise
 *
 * Of no intervals every feature is 0; the deviation is that of the whole population.
 *
 * @source [AthreyaRosen2025] topological features.
 */
HOLE_EXTERN PetscErrorCode HoleRobustnessAddDiagrams(HoleRobustness *table, HoleIndex layer, PetscInt dim, HoleIndex n,
                                                     const double ends[], HoleIndex n_other, const double other[]);

/** Add a row `overall` of the rows of @p layer (-1: of all layers): 1 / (1 + mean of their finite changes), 1 if there are none. Not
 * collective. */
HOLE_EXTERN PetscErrorCode HoleRobustnessAddOverall(HoleRobustness *table, HoleIndex layer);

/** Free and set to NULL. Not collective. Accepts a pointer to NULL. */
HOLE_EXTERN PetscErrorCode HoleRobustnessDestroy(HoleRobustness **table);
