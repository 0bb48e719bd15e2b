/* What a result holds of clusters beside stages, curves and flow: the four tasks, the folded flow, and what conditions share. */
#include "result.h"

#include <math.h>
#include <stddef.h>

#define FIELD(type, name, kind) \
  { \
    #name, offsetof(type, name), HOLE_TYPE_##kind \
  }

/* Records under the group `base`, and their path for attributes. */
static PetscErrorCode write_records(hole_writer w, const char base[], const char name[], int n_fields,
                                    const struct hole_field fields[], size_t bytes, HoleIndex n, const void *rows,
                                    const char description[], size_t length, char path[])
{
  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(path, length, "%s/%s", base, name));
  PetscCall(hole_writer_replicated_records(w, path, n_fields, fields, bytes, n, rows, description, NULL));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A number that is not there has no attribute. */
static PetscErrorCode write_number(hole_writer w, const char path[], const char name[], double value)
{
  PetscFunctionBegin;
  if (!isnan(value)) PetscCall(hole_writer_attr_double(w, path, name, value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode write_hierarchy(hole_writer w, const char base[], const HoleTasks *t, HoleIndex n_pairs,
                                      double cophenetic)
{
  char path[3 * HOLE_NAME_LENGTH];

  PetscFunctionBegin;
  if (t->gathering) {
    PetscCall(PetscSNPrintf(path, sizeof(path), "%s/tasks/gathering", base));
    PetscCall(
        hole_writer_replicated(w, path, HOLE_TYPE_DOUBLE, t->n_classes, 0, t->gathering,
                               "height from which a cluster holds more than half of the points of the class; nan: "
                               "no points",
                               "distance"));
  }
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s/tasks/hierarchy", base));
  if (t->hierarchy)
    PetscCall(hole_writer_replicated(
        w, path, HOLE_TYPE_DOUBLE, t->n_classes, t->n_classes, t->hierarchy,
        "height at which the clusters that hold more than half of the points of two classes join; nan: no points",
        "distance"));
  else {
    PetscCall(PetscSNPrintf(path, sizeof(path), "%s/tasks", base)); /* without classes the group has the attributes */
    PetscCall(hole_writer_group(w, path));
  }
  PetscCall(write_number(w, path, "cophenetic_correlation", cophenetic));
  if (!isnan(cophenetic)) PetscCall(hole_writer_attr_int64(w, path, "cophenetic_pairs", n_pairs));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode write_separability(hole_writer w, const char base[], const HoleTasks *t)
{
  static const struct hole_field fields[] = {
      FIELD(HoleSeparability, threshold, DOUBLE),          FIELD(HoleSeparability, score, DOUBLE),
      FIELD(HoleSeparability, n_clusters, INT64),          FIELD(HoleSeparability, best_ari, DOUBLE),
      FIELD(HoleSeparability, best_ari_threshold, DOUBLE), FIELD(HoleSeparability, best_nmi, DOUBLE),
      FIELD(HoleSeparability, best_nmi_threshold, DOUBLE), FIELD(HoleSeparability, gap_ratio, DOUBLE),
      FIELD(HoleSeparability, cross_class_edges, DOUBLE),  FIELD(HoleSeparability, cross_class_count, INT64),
      FIELD(HoleSeparability, labelled_edges, INT64)};
  char path[3 * HOLE_NAME_LENGTH];

  PetscFunctionBegin;
  PetscCall(write_records(w, base, "tasks/separability", HOLE_FIELDS(fields), sizeof(t->separability), 1,
                          &t->separability,
                          "score and clusters at t_star; best ari and nmi over all heights; shortest tree edge between "
                          "classes over the 95th percentile of those within; share of tree edges between classes",
                          sizeof(path), path));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode write_homogeneity(hole_writer w, const char base[], const HoleTasks *t)
{
  static const struct hole_field fields[] = {
      FIELD(HoleClusterContent, cluster, INT32),        FIELD(HoleClusterContent, size, INT64),
      FIELD(HoleClusterContent, dominant_class, INT32), FIELD(HoleClusterContent, dominant_count, INT64),
      FIELD(HoleClusterContent, purity, DOUBLE),        FIELD(HoleClusterContent, entropy, DOUBLE)};
  char path[3 * HOLE_NAME_LENGTH];

  PetscFunctionBegin;
  PetscCall(write_records(w, base, "tasks/homogeneity", HOLE_FIELDS(fields), sizeof(*t->clusters), t->n_clusters,
                          t->clusters, "classes of each cluster at t_star; entropy in nat", sizeof(path), path));
  PetscCall(write_number(w, path, "purity", t->purity));
  PetscCall(write_number(w, path, "homogeneity", t->homogeneity));
  PetscCall(write_number(w, path, "class_homogeneity", t->class_homogeneity));
  PetscCall(write_number(w, path, "completeness", t->completeness));
  PetscCall(write_number(w, path, "v_measure", t->v_measure));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode write_outliers(hole_writer w, const char base[], const HoleTasks *t)
{
  static const struct hole_field fields[] = {
      FIELD(HoleOutlier, point, INT64),      FIELD(HoleOutlier, kind, INT32),
      FIELD(HoleOutlier, cluster, INT32),    FIELD(HoleOutlier, cluster_size, INT64),
      FIELD(HoleOutlier, joins_at, DOUBLE),  FIELD(HoleOutlier, joins_cluster, INT32),
      FIELD(HoleOutlier, joins_merge, INT64)};
  char path[3 * HOLE_NAME_LENGTH];

  PetscFunctionBegin;
  PetscCall(
      write_records(w, base, "tasks/outliers", HOLE_FIELDS(fields), sizeof(*t->outliers), t->n_outliers, t->outliers,
                    "points that stand apart at t_star; kind 0: in a cluster of min_size points or fewer, 1: of a "
                    "class with a smaller share of its cluster than minority_share; when they join more points",
                    sizeof(path), path));
  PetscCall(hole_writer_attr_int64(w, path, "min_size", t->options.outlier_size));
  PetscCall(hole_writer_attr_double(w, path, "minority_share", t->options.minority_share));
  PetscCall(write_number(w, path, "precision", t->precision));
  PetscCall(write_number(w, path, "recall", t->recall));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode result_write_tasks(hole_writer w, const char base[], const HoleTasks *tasks, HoleIndex n_pairs,
                                  double cophenetic)
{
  PetscFunctionBegin;
  PetscCall(write_hierarchy(w, base, tasks, n_pairs, cophenetic));
  PetscCall(write_separability(w, base, tasks));
  PetscCall(write_homogeneity(w, base, tasks));
  PetscCall(write_outliers(w, base, tasks));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode write_folded_nodes(hole_writer w, const char base[], const HoleFolding *f)
{
  static const struct hole_field node_fields[] = {
      FIELD(HoleFoldedNode, layer, INT32),          FIELD(HoleFoldedNode, stage, INT32),
      FIELD(HoleFoldedNode, node, INT32),           FIELD(HoleFoldedNode, position, INT32),
      FIELD(HoleFoldedNode, layer_position, INT32), FIELD(HoleFoldedNode, cluster, INT32),
      FIELD(HoleFoldedNode, n_clusters, INT64),     FIELD(HoleFoldedNode, size, INT64),
      FIELD(HoleFoldedNode, dominant_class, INT32), FIELD(HoleFoldedNode, dominant_count, INT64)};
  static const struct hole_field map_fields[] = {
      FIELD(HoleFoldedCluster, layer, INT32), FIELD(HoleFoldedCluster, stage, INT32),
      FIELD(HoleFoldedCluster, cluster, INT32), FIELD(HoleFoldedCluster, node, INT32)};
  char path[3 * HOLE_NAME_LENGTH];

  PetscFunctionBegin;
  PetscCall(
      write_records(w, base, "folded_nodes", HOLE_FIELDS(node_fields), sizeof(*f->nodes), f->n_nodes, f->nodes,
                    "nodes to draw: a cluster, or with cluster -1 several small ones; position: place in the column "
                    "beside other stages, layer_position: beside other layers",
                    sizeof(path), path));
  PetscCall(write_records(w, base, "folded", HOLE_FIELDS(map_fields), sizeof(*f->clusters), f->n_clusters, f->clusters,
                          "the node in which each cluster is drawn", sizeof(path), path));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode result_write_folding(hole_writer w, const char metric[], const HoleFolding *f)
{
  static const struct hole_field stage_fields[] = {
      {"layer", offsetof(HoleFlowStageLink, layer), HOLE_TYPE_INT32},
      {"source_stage", offsetof(HoleFlowStageLink, source_stage), HOLE_TYPE_INT32},
      {"source_node", offsetof(HoleFlowStageLink, source_cluster), HOLE_TYPE_INT32},
      {"target_stage", offsetof(HoleFlowStageLink, target_stage), HOLE_TYPE_INT32},
      {"target_node", offsetof(HoleFlowStageLink, target_cluster), HOLE_TYPE_INT32},
      {"count", offsetof(HoleFlowStageLink, count), HOLE_TYPE_INT64}};
  static const struct hole_field layer_fields[] = {
      {"source_layer", offsetof(HoleFlowLayerLink, source_layer), HOLE_TYPE_INT32},
      {"source_node", offsetof(HoleFlowLayerLink, source_cluster), HOLE_TYPE_INT32},
      {"target_layer", offsetof(HoleFlowLayerLink, target_layer), HOLE_TYPE_INT32},
      {"target_node", offsetof(HoleFlowLayerLink, target_cluster), HOLE_TYPE_INT32},
      {"count", offsetof(HoleFlowLayerLink, count), HOLE_TYPE_INT64}};
  char base[2 * HOLE_NAME_LENGTH], path[3 * HOLE_NAME_LENGTH];

  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(base, sizeof(base), "/flow/%s", metric));
  PetscCall(write_folded_nodes(w, base, f));
  PetscCall(write_records(w, base, "folded_stages", HOLE_FIELDS(stage_fields), sizeof(*f->stage_links),
                          f->n_stage_links, f->stage_links, "points that nodes of successive stages of a layer share",
                          sizeof(path), path));
  PetscCall(hole_writer_attr_int64(w, path, "crossings", f->stage_crossings));
  PetscCall(write_records(w, base, "folded_layers", HOLE_FIELDS(layer_fields), sizeof(*f->layer_links),
                          f->n_layer_links, f->layer_links, "points that nodes of successive layers share",
                          sizeof(path), path));
  PetscCall(hole_writer_attr_int64(w, path, "crossings", f->layer_crossings));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode result_write_condition(hole_writer w, const char base[], HoleIndex n,
                                      const struct result_condition_link links[], const HoleRobustness *robustness)
{
  static const struct hole_field link_fields[] = {
      FIELD(struct result_condition_link, layer, INT32), FIELD(struct result_condition_link, source_cluster, INT32),
      FIELD(struct result_condition_link, target_cluster, INT32), FIELD(struct result_condition_link, count, INT64)};
  static const struct hole_field row_fields[] = {
      FIELD(HoleRobustnessRow, layer, INT32),  FIELD(HoleRobustnessRow, dim, INT32),
      FIELD(HoleRobustnessRow, feature, NAME), FIELD(HoleRobustnessRow, value, DOUBLE),
      FIELD(HoleRobustnessRow, other, DOUBLE), FIELD(HoleRobustnessRow, relative_change, DOUBLE)};
  char path[3 * HOLE_NAME_LENGTH];

  PetscFunctionBegin;
  PetscCall(write_records(w, base, "flow", HOLE_FIELDS(link_fields), sizeof(*links), n, links,
                          "points that a cluster shares with one of the same layer in the other condition, at the flow "
                          "stage of either",
                          sizeof(path), path));
  PetscCall(write_records(
      w, base, "robustness", HOLE_FIELDS(row_fields), sizeof(*robustness->rows), robustness->n, robustness->rows,
      "features in this condition and the other; dim -1: of clusters; feature overall: 1 / (1 + mean "
      "finite change), layer -1: of all layers",
      sizeof(path), path));
  PetscFunctionReturn(PETSC_SUCCESS);
}
