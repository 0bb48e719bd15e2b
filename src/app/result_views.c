/* The views of a layer and the summaries of a metric in a result file. */
#include "result.h"

#include <stddef.h>

/* A dataset under the group `base`, equal on every rank; nothing happens if `data` is NULL. */
static PetscErrorCode write_array(hole_writer w, const char base[], const char name[], hole_type type, int n_dims,
                                  const HoleIndex dims[], const void *data, const char description[], const char unit[])
{
  char path[3 * HOLE_NAME_LENGTH];

  PetscFunctionBegin;
  if (!data) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s/%s", base, name));
  PetscCall(hole_writer_array(w, path, type, n_dims, dims, data, description, unit));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode write_attribute(hole_writer w, const char base[], const char name[], const char attribute[],
                                      HoleIndex n, HoleIndex n_columns, const double values[])
{
  char path[3 * HOLE_NAME_LENGTH];

  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s/%s", base, name));
  PetscCall(hole_writer_attr_doubles(w, path, attribute, n, n_columns, values));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode write_integer(hole_writer w, const char base[], const char name[], const char attribute[],
                                    HoleIndex value)
{
  char path[3 * HOLE_NAME_LENGTH];

  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s/%s", base, name));
  PetscCall(hole_writer_attr_int64(w, path, attribute, value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode write_planes(hole_writer w, const char base[], const HoleViews *v)
{
  const HoleIndex dims[] = {v->n, 2};

  PetscFunctionBegin;
  PetscCall(write_array(w, base, "pca2", HOLE_TYPE_DOUBLE, 2, dims, v->pca2,
                        "points in the plane of their two largest variances, from the mean", "activation"));
  if (v->pca2) PetscCall(write_attribute(w, base, "pca2", "explained", 2, 0, v->explained));
  PetscCall(write_array(w, base, "spectral2", HOLE_TYPE_DOUBLE, 2, dims, v->spectral2,
                        "second and third eigenvector of the normalised Laplacian of the graph of neighbours", NULL));
  if (v->spectral2) PetscCall(write_attribute(w, base, "spectral2", "eigenvalues", 2, 0, v->eigenvalues));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode write_orders(hole_writer w, const char base[], const HoleViews *v)
{
  PetscFunctionBegin;
  PetscCall(write_array(w, base, "leaf_order", HOLE_TYPE_INT64, 1, &v->n, v->leaf_order,
                        "points from left to right, clusters side by side, as places in /sample_ids", NULL));
  if (v->leaf_order) PetscCall(write_integer(w, base, "leaf_order", "optimal", v->leaf_optimal));
  if (v->leaf_optimal) PetscCall(write_attribute(w, base, "leaf_order", "cost", 0, 0, &v->leaf_cost));
  PetscCall(write_array(w, base, "rcm_order", HOLE_TYPE_INT64, 1, &v->n, v->rcm_order,
                        "reverse Cuthill-McKee order of the graph of distances up to attribute threshold", NULL));
  if (v->rcm_order) PetscCall(write_attribute(w, base, "rcm_order", "threshold", 0, 0, &v->rcm_threshold));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode write_heatmap(hole_writer w, const char base[], const HoleViews *v)
{
  const HoleIndex dims[] = {v->n_blocks, v->n_blocks}, n_first = v->n_blocks + 1;

  PetscFunctionBegin;
  if (!v->heatmap) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(write_array(w, base, "heatmap", HOLE_TYPE_FLOAT, 2, dims, v->heatmap,
                        "mean distance of the points of two blocks of the leaf order, zeros of the diagonal included",
                        "distance"));
  PetscCall(write_integer(w, base, "heatmap", "blocks", v->n_blocks));
  PetscCall(write_integer(w, base, "heatmap", "points", v->heatmap_points));
  PetscCall(write_array(w, base, "heatmap_first", HOLE_TYPE_INT64, 1, &n_first, v->heatmap_first,
                        "first leaf of each block, and the number of leaves", NULL));
  PetscCall(write_array(w, base, "heatmap_class", HOLE_TYPE_INT32, 1, &v->n_blocks, v->heatmap_class,
                        "most frequent class of each block; -1: none of its points has one", NULL));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode write_blobs(hole_writer w, const char base[], const HoleViews *v)
{
  static const struct hole_field fields[]  = {{"stage", offsetof(HoleHull, stage), HOLE_TYPE_INT32},
                                              {"cluster", offsetof(HoleHull, cluster), HOLE_TYPE_INT32},
                                              {"first", offsetof(HoleHull, first), HOLE_TYPE_INT64},
                                              {"count", offsetof(HoleHull, count), HOLE_TYPE_INT64},
                                              {"dominant_class", offsetof(HoleHull, dominant_class), HOLE_TYPE_INT32},
                                              {"size", offsetof(HoleHull, size), HOLE_TYPE_INT64}};
  static const struct hole_field members[] = {{"stage", offsetof(HoleMinority, stage), HOLE_TYPE_INT64},
                                              {"point", offsetof(HoleMinority, point), HOLE_TYPE_INT64}};
  char                           path[3 * HOLE_NAME_LENGTH];

  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s/blobs/hulls", base));
  PetscCall(hole_writer_replicated_records(w, path, HOLE_FIELDS(fields), sizeof(*v->hulls), v->n_hulls, v->hulls,
                                           "convex hulls in the plane of pca2 of clusters of three points or more; "
                                           "first and count: rows of vertices",
                                           NULL));
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s/blobs/vertices", base));
  PetscCall(hole_writer_replicated(w, path, HOLE_TYPE_DOUBLE, v->n_vertices, 2, v->vertices,
                                   "vertices of all hulls, each counterclockwise from its leftmost", "activation"));
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s/blobs/minority", base));
  PetscCall(hole_writer_replicated_records(w, path, HOLE_FIELDS(members), sizeof(*v->minority), v->n_minority,
                                           v->minority,
                                           "points whose class has less than a tenth of the labelled points of their "
                                           "cluster, in clusters of two points or more",
                                           NULL));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode result_write_views(hole_writer w, const char path[], const HoleViewsOptions *options, const HoleViews *v)
{
  char base[3 * HOLE_NAME_LENGTH];

  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(base, sizeof(base), "%s/views", path));
  PetscCall(hole_writer_group(w, base));
  PetscCall(hole_writer_attr_string(w, base, "left_out", v->left_out));
  PetscCall(write_planes(w, base, v));
  PetscCall(write_orders(w, base, v));
  PetscCall(write_heatmap(w, base, v));
  if (options->blobs && v->pca2) PetscCall(write_blobs(w, base, v));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode write_statistics(hole_writer w, const char base[], const HoleSummaryTables *t)
{
  static const struct hole_field fields[] = {{"layer", offsetof(HoleSummaryRow, layer), HOLE_TYPE_INT32},
                                             {"dim", offsetof(HoleSummaryRow, dim), HOLE_TYPE_INT32},
                                             {"count", offsetof(HoleSummaryRow, count), HOLE_TYPE_INT64},
                                             {"essential", offsetof(HoleSummaryRow, essential), HOLE_TYPE_INT64},
                                             {"mean", offsetof(HoleSummaryRow, mean), HOLE_TYPE_DOUBLE},
                                             {"std", offsetof(HoleSummaryRow, std), HOLE_TYPE_DOUBLE},
                                             {"median", offsetof(HoleSummaryRow, median), HOLE_TYPE_DOUBLE},
                                             {"max", offsetof(HoleSummaryRow, max), HOLE_TYPE_DOUBLE},
                                             {"total", offsetof(HoleSummaryRow, total), HOLE_TYPE_DOUBLE},
                                             {"entropy", offsetof(HoleSummaryRow, entropy), HOLE_TYPE_DOUBLE}};
  char                           path[3 * HOLE_NAME_LENGTH];

  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s/statistics", base));
  PetscCall(hole_writer_replicated_records(
      w, path, HOLE_FIELDS(fields), sizeof(*t->statistics), t->n_layers * t->n_dims, t->statistics,
      "lifetimes of the intervals that end; essential: those that do not", "distance; entropy: nat"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode result_write_summaries(hole_writer w, const char metric[], const HoleSummaryTables *t)
{
  const HoleIndex grid = HOLE_SUMMARY_GRID, side = HOLE_SUMMARY_PIXELS, l = t->n_layers, d = t->n_dims;
  const HoleIndex curves[] = {l, d, grid}, landscapes[] = {l, d, HOLE_SUMMARY_LANDSCAPES, grid},
                  images[] = {l, d, side, side};
  char base[2 * HOLE_NAME_LENGTH];

  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(base, sizeof(base), "/summaries/%s", metric));
  PetscCall(write_statistics(w, base, t));
  PetscCall(
      write_array(w, base, "grid", HOLE_TYPE_DOUBLE, 1, &grid, t->grid, "values of betti and landscapes", "distance"));
  PetscCall(write_array(w, base, "betti", HOLE_TYPE_INT64, 3, curves, t->betti,
                        "intervals alive at each value, by layer and dimension; 0 above the threshold of the layer",
                        NULL));
  PetscCall(write_array(w, base, "landscapes", HOLE_TYPE_DOUBLE, 4, landscapes, t->landscapes,
                        "largest landscapes at each value, by layer and dimension", "distance"));
  PetscCall(write_array(w, base, "images", HOLE_TYPE_DOUBLE, 4, images, t->images,
                        "persistence images by layer and dimension: rows by persistence, columns by birth, both "
                        "ascending; intervals weigh as much as they persist",
                        "1 / distance"));
  PetscCall(write_attribute(w, base, "images", "birth_range", d, 2, t->birth_range));
  PetscCall(write_attribute(w, base, "images", "persistence_range", d, 2, t->persistence_range));
  PetscCall(write_attribute(w, base, "images", "sigma", d, 0, t->sigma));
  PetscFunctionReturn(PETSC_SUCCESS);
}
