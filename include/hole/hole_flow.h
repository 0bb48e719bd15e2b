/** @file
 * Cluster flow: how many points go from which cluster to which, between stages of a layer and between layers. */
#pragma once

#include <hole/hole_stages.h>

/** Row of `/flow/METRIC/nodes`. Stage -1 holds the true labels, its clusters are the classes. */
typedef struct {
  int32_t layer;          /**< by order of addition, from 0 */
  int32_t stage;          /**< place among the layer's stages; -1: the labels */
  int32_t cluster;        /**< number of the cluster, or the class */
  int64_t size;           /**< points that are not outliers */
  int32_t dominant_class; /**< most frequent label, the smallest on ties; -1 if no point is labelled */
  int64_t dominant_count; /**< points with that label */
} HoleFlowNode;

/** Row of `/flow/METRIC/stages`: points that two clusters of successive stages share. */
typedef struct {
  int32_t layer;          /**< by order of addition, from 0 */
  int32_t source_stage;   /**< place among the layer's stages; -1: the labels */
  int32_t source_cluster; /**< cluster at that stage */
  int32_t target_stage;   /**< the stage after it */
  int32_t target_cluster; /**< cluster at that stage */
  int64_t count;          /**< points in both */
} HoleFlowStageLink;

/** Row of `/flow/METRIC/layers`: points that clusters of successive layers share, at the flow stage of either layer. */
typedef struct {
  int32_t source_layer;   /**< by order of addition, from 0 */
  int32_t source_cluster; /**< cluster there */
  int32_t target_layer;   /**< the layer after it */
  int32_t target_cluster; /**< cluster there */
  int64_t count;          /**< points in both */
} HoleFlowLayerLink;

/** Opaque handle: the flow of one metric, grown layer by layer. Equal on every rank. */
typedef struct HoleFlow_s *HoleFlow;

/**
 * Start a flow. Not collective.
 *
 * @param[in]  n_points          points, equal in every layer
 * @param[in]  labels            [n_points], negative where unlabelled; NULL for none; borrowed
 * @param[in]  n_classes         number of classes
 * @param[in]  min_cluster_size  points in clusters of this size or smaller at the stage after the first (the first, if it is
 *                               the only one) are outliers of that layer and left out of its rows; 0 keeps all
 * @param[out] flow              new object, owned by the caller
 *
 * @source [AthreyaRosen2025] filter_small_clusters: index 1 of the selected thresholds.
 */
HOLE_EXTERN PetscErrorCode HoleFlowCreate(HoleIndex n_points, const int32_t labels[], HoleIndex n_classes,
                                          HoleIndex min_cluster_size, HoleFlow *flow);

/**
 * Add the next layer: its nodes, the links between its consecutive stages, and those from the layer before it. Not collective.
 *
 * A point without a label takes no part in the links that leave stage -1; a point that is an outlier in either
 * layer takes no part in the links between the two.
 *
 * A cluster all of whose points are outliers has no row. A stage added for the flow has nodes, but no links within the layer.
 *
 * @cost O(n_points) a stage, and the sorting of the pairs of clusters that occur; memory: the rows, and one label array
 *       kept; while it runs, a copy of the labels of all stages.
 */
HOLE_EXTERN PetscErrorCode HoleFlowAddLayer(HoleFlow flow, const HoleStages *stages);

/** Borrow the tables, sorted by their columns from left to right. Not collective. Outputs may be NULL. */
HOLE_EXTERN PetscErrorCode HoleFlowGetNodes(HoleFlow flow, HoleIndex *n, const HoleFlowNode *rows[]);
HOLE_EXTERN PetscErrorCode HoleFlowGetStageLinks(HoleFlow flow, HoleIndex *n,
                                                 const HoleFlowStageLink *rows[]); /**< likewise */
HOLE_EXTERN PetscErrorCode HoleFlowGetLayerLinks(HoleFlow flow, HoleIndex *n,
                                                 const HoleFlowLayerLink *rows[]); /**< likewise */

/** Outliers of layer @p layer, by order of addition from 0. Not collective. */
HOLE_EXTERN HoleIndex HoleFlowGetOutlierCount(HoleFlow flow, HoleIndex layer);

/** Free and set to NULL. Not collective. Accepts a pointer to NULL. */
HOLE_EXTERN PetscErrorCode HoleFlowDestroy(HoleFlow *flow);
