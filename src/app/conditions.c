/* Two results of the same points, layer by layer: which clusters share points, and how much features change. */
#include "conditions.h"

#include "../clusters/pairs.h"
#include "app.h"

#include <math.h>
#include <string.h>
#include <sys/stat.h>

/* The result given and the other. */
struct both {
  MPI_Comm                  comm;
  hole_reader               reader[2];
  const char               *path[2];
  HoleIndex                 n_points;
  HoleIndex                 n_layers;
  hole_names                layers; /* of the first */
  HoleIndex                 n_items;
  const struct result_item *items;
};

PetscErrorCode condition_stem(const char path[], size_t length, char stem[])
{
  size_t n;

  PetscFunctionBegin;
  PetscCall(app_stem(path, length, stem));
  n = strlen(stem);
  if (n > 5 && !strcmp(stem + n - 5, ".hole")) stem[n - 5] = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* --- Do they belong together? */

static PetscErrorCode check_points(struct both *b)
{
  int64_t       *ids[2] = {NULL, NULL};
  HoleIndex      n[2] = {0, 0}, first = 0;
  PetscErrorCode read;

  PetscFunctionBegin;
  read = hole_reader_int64s(b->reader[0], "/sample_ids", &n[0], &ids[0]);
  if (!read) read = hole_reader_int64s(b->reader[1], "/sample_ids", &n[1], &ids[1]);
  while (!read && first < PetscMin(n[0], n[1]) && ids[0][first] == ids[1][first]) ++first;
  PetscCall(PetscFree(ids[0]));
  PetscCall(PetscFree(ids[1]));
  PetscCall(read);
  PetscCheck(n[0] == n[1], PETSC_COMM_SELF, HOLE_ERR_INPUT,
             "%s has %" HoleIndex_FMT " points and %s has %" HoleIndex_FMT
             "; conditions are compared over the same points",
             b->path[1], n[1], b->path[0], n[0]);
  PetscCheck(first == n[0], PETSC_COMM_SELF, HOLE_ERR_INPUT,
             "%s and %s have different /sample_ids, from row %" HoleIndex_FMT
             " on; give both runs the same -max_points and -seed",
             b->path[1], b->path[0], first);
  b->n_points = n[0];
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_layers(const struct both *b)
{
  PetscFunctionBegin;
  for (HoleIndex i = 0; i < b->n_items; ++i) {
    char        path[2 * HOLE_NAME_LENGTH];
    hole_object object;

    PetscCall(PetscSNPrintf(path, sizeof(path), "/layers/%s", b->items[i].layer));
    PetscCall(hole_reader_find(b->reader[1], path, &object));
    PetscCheck(object == HOLE_OBJECT_GROUP, PETSC_COMM_SELF, HOLE_ERR_INPUT,
               "%s has no layer %s, which %s has; choose common ones with -layers", b->path[1], b->items[i].layer,
               b->path[0]);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode open_other(struct both *b)
{
  PetscFunctionBegin;
  PetscCall(result_open(b->comm, b->path[1], &b->reader[1]));
  PetscCall(hole_reader_strings(b->reader[0], "/layer_names", &b->n_layers, &b->layers));
  PetscCall(check_points(b));
  PetscCall(check_layers(b));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* --- Flow */

/* Clusters at the flow stage; `labels` is to be freed. */
struct partition {
  HoleIndex n_clusters;
  int32_t  *labels;
};

/* Local. */
static PetscErrorCode take_labels(const char path[], HoleIndex n, const double values[], struct partition *p)
{
  PetscFunctionBegin;
  PetscCall(PetscMalloc1(n, &p->labels));
  for (HoleIndex i = 0; i < n; ++i) {
    PetscCheck(values[i] >= 0 && values[i] < (double)n, PETSC_COMM_SELF, HOLE_ERR_INPUT,
               "%s holds %g, which is not the number of a cluster; the result is damaged", path, values[i]);
    p->labels[i]  = (int32_t)values[i];
    p->n_clusters = PetscMax(p->n_clusters, p->labels[i] + 1);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_partition(const struct both *b, int side, const char base[], struct partition *p)
{
  char              path[3 * HOLE_NAME_LENGTH];
  int64_t           flow;
  PetscBool         found;
  struct hole_shape shape;
  hole_rows         rows   = NULL;
  double           *values = NULL;
  PetscErrorCode    read;

  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s/stages", base));
  PetscCall(hole_reader_attr_int64(b->reader[side], path, "flow", &found, &flow));
  PetscCheck(found, PETSC_COMM_SELF, HOLE_ERR_INPUT,
             "%s: %s has no attribute flow, it was made by an earlier version; run hole analyze again", b->path[side],
             path);
  PetscCall(PetscStrlcat(path, "/labels", sizeof(path)));
  PetscCall(hole_reader_shape(b->reader[side], path, &shape));
  PetscCheck(shape.n_dims == 2 && shape.dims[1] == b->n_points && flow >= 0 && flow < shape.dims[0], PETSC_COMM_SELF,
             HOLE_ERR_INPUT, "%s: %s has not the shape that a result gives it; the result is damaged", b->path[side],
             path);
  PetscCall(hole_rows_open(b->reader[side], path, &rows));
  read = HoleErrorAgree(b->comm, PetscMalloc1(b->n_points, &values)); /* local */
  if (!read) read = hole_rows_read(rows, flow, 1, values);
  PetscCall(hole_rows_close(&rows));
  if (!read) read = HoleErrorAgree(b->comm, take_labels(path, b->n_points, values, p)); /* local */
  PetscCall(PetscFree(values));
  PetscCall(read);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local. */
static PetscErrorCode append_links(HoleIndex layer, const struct hole_pairs *pairs, struct condition_metric *m)
{
  PetscFunctionBegin;
  PetscCall(PetscRealloc(sizeof(*m->links) * (size_t)(m->n_links + pairs->n), &m->links));
  for (HoleIndex k = 0; k < pairs->n; ++k)
    m->links[m->n_links++] =
        (struct result_condition_link){(int32_t)layer, pairs->rows[k].from, pairs->rows[k].to, pairs->rows[k].count};
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local. */
static PetscErrorCode link_partitions(HoleIndex n, HoleIndex layer, const struct partition p[2],
                                      struct condition_metric *m)
{
  const struct hole_labeling from = {p[0].n_clusters, p[0].labels}, to = {p[1].n_clusters, p[1].labels};
  struct hole_pairs          pairs = {0};
  PetscErrorCode             counted;

  PetscFunctionBegin;
  counted = hole_pairs_count(n, &from, &to, &pairs);
  if (!counted) counted = append_links(layer, &pairs, m);
  PetscCall(PetscFree(pairs.rows));
  PetscCall(counted);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode link_layer(const struct both *b, HoleIndex layer, const char base[], struct condition_metric *m)
{
  struct partition p[2] = {{0, NULL}, {0, NULL}};
  PetscErrorCode   linked;

  PetscFunctionBegin;
  linked = read_partition(b, 0, base, &p[0]);
  if (!linked) linked = read_partition(b, 1, base, &p[1]);
  if (!linked) linked = HoleErrorAgree(b->comm, link_partitions(b->n_points, layer, p, m)); /* local */
  PetscCall(PetscFree(p[0].labels));
  PetscCall(PetscFree(p[1].labels));
  PetscCall(linked);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* --- Features */

static PetscErrorCode add_diagrams(const struct both *b, HoleIndex layer, const char base[], int dim, HoleRobustness *t)
{
  struct result_array a[2] = {{-1, 1, NULL}, {-1, 1, NULL}};
  char                name[32];
  PetscErrorCode      added;

  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(name, sizeof(name), "diagrams/dim%d", dim));
  added = result_read_array(b->reader[0], base, name, 2, &a[0]);
  if (!added) added = result_read_array(b->reader[1], base, name, 2, &a[1]);
  if (!added && a[0].n >= 0 && a[1].n >= 0)
    added = HoleErrorAgree(
        b->comm, HoleRobustnessAddDiagrams(t, layer, dim, a[0].n, a[0].values, a[1].n, a[1].values)); /* local */
  PetscCall(PetscFree(a[0].values));
  PetscCall(PetscFree(a[1].values));
  PetscCall(added);
  PetscFunctionReturn(PETSC_SUCCESS);
}

enum { N_SCORES = 4, N_MEASURES = 3, N_CLUSTER_FEATURES = N_SCORES + N_MEASURES };

static const char *const cluster_features[N_CLUSTER_FEATURES] = {"n_clusters", "score",       "best_ari", "best_nmi",
                                                                 "purity",     "homogeneity", "v_measure"};

/* NaN where there is no such number. */
static PetscErrorCode read_cluster_features(hole_reader r, const char base[], double values[N_CLUSTER_FEATURES])
{
  char        path[3 * HOLE_NAME_LENGTH];
  hole_object object;
  HoleIndex   n;
  PetscBool   found;
  double     *row;

  PetscFunctionBegin;
  for (int f = 0; f < N_CLUSTER_FEATURES; ++f) values[f] = NAN;
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s/tasks/separability", base));
  PetscCall(hole_reader_find(r, path, &object));
  if (object != HOLE_OBJECT_DATASET) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(hole_reader_records(r, path, N_SCORES, cluster_features, &n, &row));
  for (int f = 0; f < N_SCORES && n; ++f) values[f] = row[f];
  PetscCall(PetscFree(row));
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s/tasks/homogeneity", base));
  for (int f = N_SCORES; f < N_CLUSTER_FEATURES; ++f) {
    PetscCall(hole_reader_attr_double(r, path, cluster_features[f], &found, &values[f]));
    if (!found) values[f] = NAN;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode add_features(const struct both *b, HoleIndex layer, const char base[], HoleRobustness *t)
{
  double values[2][N_CLUSTER_FEATURES];

  PetscFunctionBegin;
  for (int dim = 0; dim <= HOLE_MAX_DIM; ++dim) PetscCall(add_diagrams(b, layer, base, dim, t));
  for (int side = 0; side < 2; ++side) PetscCall(read_cluster_features(b->reader[side], base, values[side]));
  for (int f = 0; f < N_CLUSTER_FEATURES; ++f)
    HoleCallAgreed(b->comm,
                   HoleRobustnessAddFeature(t, layer, -1, cluster_features[f], values[0][f], values[1][f])); /* local */
  HoleCallAgreed(b->comm, HoleRobustnessAddOverall(t, layer));                                               /* local */
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* --- All of it */

static HoleIndex number_of_layer(const struct both *b, const char name[])
{
  HoleIndex l = 0;

  while (l < b->n_layers && strcmp(b->layers[l], name)) ++l;
  return l;
}

/* The place of a metric, a new one if it has none yet. */
static PetscErrorCode find_metric(struct condition *c, const char metric[], HoleIndex *m)
{
  PetscFunctionBegin;
  for (*m = 0; *m < c->n_metrics; ++*m) {
    if (!strcmp(c->metrics[*m].metric, metric)) PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(PetscRealloc(sizeof(*c->metrics) * (size_t)(c->n_metrics + 1), &c->metrics));
  c->metrics[*m] = (struct condition_metric){.n_links = 0};
  ++c->n_metrics;
  PetscCall(PetscStrncpy(c->metrics[*m].metric, metric, sizeof(c->metrics[*m].metric)));
  PetscCall(HoleRobustnessCreate(&c->metrics[*m].robustness));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* One layer by one metric, if the other result has that metric. */
static PetscErrorCode compare_item(const struct both *b, const struct result_item *item, struct condition *c)
{
  const HoleIndex layer = number_of_layer(b, item->layer);
  hole_object     object;
  HoleIndex       m;

  PetscFunctionBegin;
  PetscCall(hole_reader_find(b->reader[1], item->base, &object));
  if (object != HOLE_OBJECT_GROUP) PetscFunctionReturn(PETSC_SUCCESS);
  HoleCallAgreed(b->comm, find_metric(c, item->metric, &m)); /* local */
  PetscCall(link_layer(b, layer, item->base, &c->metrics[m]));
  PetscCall(add_features(b, layer, item->base, c->metrics[m].robustness));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode compare(struct both *b, struct condition *c)
{
  PetscFunctionBegin;
  PetscCall(open_other(b));
  PetscCall(result_read_origin(b->reader[1], &c->origin));
  for (HoleIndex i = 0; i < b->n_items; ++i) PetscCall(compare_item(b, &b->items[i], c));
  PetscCheck(c->n_metrics, PETSC_COMM_SELF, HOLE_ERR_INPUT,
             "%s was not analysed by a metric that was chosen of %s; see hole inspect", b->path[1], b->path[0]);
  for (HoleIndex m = 0; m < c->n_metrics; ++m)
    HoleCallAgreed(b->comm, HoleRobustnessAddOverall(c->metrics[m].robustness, -1)); /* local */
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode condition_compare(MPI_Comm comm, hole_reader r, const char path[], HoleIndex n,
                                 const struct result_item items[], struct condition *c)
{
  struct both    b    = {.comm = comm, .reader = {r, NULL}, .path = {path, c->path}, .n_items = n, .items = items};
  struct stat    info = {0};
  PetscErrorCode compared;

  PetscFunctionBegin;
  compared = compare(&b, c);
  (void)stat(c->path, &info);
  c->bytes = info.st_size;
  PetscCall(PetscFree(b.layers));
  PetscCall(hole_reader_destroy(&b.reader[1]));
  PetscCall(compared);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode condition_write(hole_writer w, const struct condition *c)
{
  char group[2 * HOLE_NAME_LENGTH], base[3 * HOLE_NAME_LENGTH];

  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(group, sizeof(group), "/conditions/%s", c->stem));
  PetscCall(hole_writer_remove(w, group));
  PetscCall(hole_writer_group(w, group));
  PetscCall(hole_writer_attr_string(w, group, "against", c->path));
  PetscCall(hole_writer_attr_int64(w, group, "against_bytes", c->bytes));
  PetscCall(hole_writer_attr_string(w, group, "command", app_command_line()));
  PetscCall(result_write_origin(w, group, &c->origin));
  for (HoleIndex m = 0; m < c->n_metrics; ++m) {
    PetscCall(PetscSNPrintf(base, sizeof(base), "%s/%s", group, c->metrics[m].metric));
    PetscCall(result_write_condition(w, base, c->metrics[m].n_links, c->metrics[m].links, c->metrics[m].robustness));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode condition_destroy(struct condition *c)
{
  PetscFunctionBegin;
  for (HoleIndex m = 0; m < c->n_metrics; ++m) {
    PetscCall(PetscFree(c->metrics[m].links));
    PetscCall(HoleRobustnessDestroy(&c->metrics[m].robustness));
  }
  PetscCall(PetscFree(c->metrics));
  PetscFunctionReturn(PETSC_SUCCESS);
}
