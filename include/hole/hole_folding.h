/** @file
 * Flow tables made ready for drawing: few enough nodes a column, in an order with few crossings, and a map back. */
#pragma once

#include <hole/hole_flow.h>

/** Row of `/flow/METRIC/folded_nodes`: a cluster, or several small ones drawn as one. */
typedef struct {
  int32_t layer;          /**< as in the flow */
  int32_t stage;          /**< as in the flow; -1: the labels */
  int32_t node;           /**< number in its column: clusters as they are numbered, then what is folded */
  int32_t position;       /**< place in its column from 0, where the stages of a layer stand side by side */
  int32_t layer_position; /**< place where the linked stages of all layers stand side by side; -1 if it is not of one */
  int32_t cluster;        /**< its cluster; -1 if several are folded into it */
  int64_t n_clusters;     /**< clusters in it */
  int64_t size;           /**< points in it */
  int32_t dominant_class; /**< that of its clusters; -1 if they differ or have none */
  int64_t dominant_count; /**< points of that class in the clusters that it dominates; 0 with -1 */
} HoleFoldedNode;

/** Row of `/flow/METRIC/folded`, one a row of `/flow/METRIC/nodes`, in the same order: where a cluster is drawn. */
typedef struct {
  int32_t layer;   /**< as in the flow */
  int32_t stage;   /**< as in the flow */
  int32_t cluster; /**< as in the flow */
  int32_t node;    /**< node in the column of this layer and stage */
} HoleFoldedCluster;

/** Options of the folding; the words of the program. */
typedef struct {
  double
      share; /**< -fold_share: clusters with a smaller share of their column are folded, but for the ten largest of two
                        points or more; default 0.01 */
  HoleIndex most; /**< -fold_most: nodes in a column, at most; default 60 */
} HoleFoldingOptions;

/** The folded tables, equal on every rank. The clusters of links are nodes here. */
typedef struct {
  HoleIndex          n_nodes;         /**< rows of nodes */
  HoleFoldedNode    *nodes;           /**< [n_nodes] by layer, stage, node */
  HoleIndex          n_clusters;      /**< rows of clusters */
  HoleFoldedCluster *clusters;        /**< [n_clusters] */
  HoleIndex          n_stage_links;   /**< rows of stage_links */
  HoleFlowStageLink *stage_links;     /**< [n_stage_links] */
  HoleIndex          n_layer_links;   /**< rows of layer_links */
  HoleFlowLayerLink *layer_links;     /**< [n_layer_links] */
  int64_t            stage_crossings; /**< sum over crossing links of the product of their counts, within all layers */
  int64_t            layer_crossings; /**< the same between layers */
} HoleFolding;

/** Defaults, then -fold_share and -fold_most. Not collective. @errors HOLE_ERR_USAGE: a value out of range. */
HOLE_EXTERN PetscErrorCode HoleFoldingOptionsGet(HoleFoldingOptions *options);

/**
 * Fold a flow. Not collective.
 *
 * Of each column the clusters are drawn that have a share of `share` or more, and the ten largest that have two points or more; the
 * others are folded into one node, or one a dominant class where there are fewer classes than half of `most`. True labels
 * that are folded make one node. No more than `most` nodes are left.
 *
 * The order of columns comes from sweeps by barycentres and exchanges of neighbours, of which the best is kept: few crossings,
 * not always the fewest. Stages that only merge do not cross.
 *
 * @param[in]  flow     all layers added
 * @param[in]  options  see HoleFoldingOptionsGet()
 * @param[out] folding  new, to be freed with HoleFoldingDestroy()
 *
 * @cost   O(rows log rows) of the flow, and O(most^2) a column.
 * @source [SugiyamaTagawaToda1981]: barycentre method.
 */
HOLE_EXTERN PetscErrorCode HoleFoldingCreate(HoleFlow flow, const HoleFoldingOptions *options, HoleFolding **folding);

/** Free and set to NULL. Not collective. Accepts a pointer to NULL. */
HOLE_EXTERN PetscErrorCode HoleFoldingDestroy(HoleFolding **folding);
