/* flow_impl.h - fields of a flow. */
#pragma once

#include <hole/hole_flow.h>

struct HoleFlow_s {
  HoleIndex      n_points, n_classes, min_cluster_size, n_layers;
  const int32_t *labels;   /* [n_points], borrowed; NULL for none */
  int32_t       *previous; /* [n_points] clusters at the flow stage of the layer before, -1 for its outliers */
  HoleIndex      n_previous;
  struct hole_flow_layer {
    HoleIndex n_outliers, n_nested,
        linked; /* outliers; stages of the rule; the stage at which it is linked to other layers */
  } * layers;   /* [n_layers] */
  HoleIndex          n_nodes, n_stage_links, n_layer_links;
  HoleFlowNode      *nodes;
  HoleFlowStageLink *stage_links;
  HoleFlowLayerLink *layer_links;
};
