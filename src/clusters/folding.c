/* Folding: which clusters of a column are drawn by themselves, links between what is drawn, and an order with few crossings.

   A column is a layer at a stage. Rows of the flow are sorted, so those of a column are neighbours, and a cluster is found in them by
   bisection. Links between two columns are counted in a table of nodes by nodes, which is small because columns are. */
#include "flow_impl.h"
#include "order.h"

#include <hole/hole_error.h>
#include <hole/hole_folding.h>
#include <stdlib.h>
#include <string.h>

enum { LARGEST = 10, MOST_NODES = 1000 };

/* Rows [first, first + n) of the flow's nodes, and the drawn nodes [node, node + n_nodes). */
struct column {
  int32_t   layer, stage;
  HoleIndex first, n, node, n_nodes;
};

struct work {
  HoleFlow                  flow;
  const HoleFoldingOptions *options;
  HoleFolding              *f;
  HoleIndex                 n_columns;
  struct column            *columns;
  HoleIndex                *order;      /* [rows of a column] by size, then number */
  PetscBool                *drawn;      /* [rows of a column] */
  HoleIndex                *groups;     /* [most] clusters folded by class; after all classes those of none */
  int32_t                  *group_node; /* [most] the node made of them */
  HoleIndex                 room_stages, room_layers; /* rows that there is room for */
};

static PetscErrorCode free_work(struct work *w)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(w->columns));
  PetscCall(PetscFree(w->order));
  PetscCall(PetscFree(w->drawn));
  PetscCall(PetscFree(w->groups));
  PetscCall(PetscFree(w->group_node));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* --- Columns */

static PetscErrorCode find_columns(struct work *w)
{
  const HoleFlowNode *rows = w->flow->nodes;
  HoleIndex           most = 0;

  PetscFunctionBegin;
  for (int pass = 0; pass < 2; ++pass) {
    if (pass) PetscCall(PetscCalloc1(w->n_columns, &w->columns));
    w->n_columns = 0;
    for (HoleIndex r = 0; r < w->flow->n_nodes; ++r) {
      if (!r || rows[r].layer != rows[r - 1].layer || rows[r].stage != rows[r - 1].stage) {
        if (pass)
          w->columns[w->n_columns] = (struct column){.layer = rows[r].layer, .stage = rows[r].stage, .first = r};
        ++w->n_columns;
      }
      if (pass) ++w->columns[w->n_columns - 1].n;
    }
  }
  for (HoleIndex k = 0; k < w->n_columns; ++k) most = PetscMax(most, w->columns[k].n);
  PetscCall(PetscMalloc1(most, &w->order));
  PetscCall(PetscMalloc1(most, &w->drawn));
  PetscCall(PetscMalloc1(w->options->most, &w->groups));
  PetscCall(PetscMalloc1(w->options->most, &w->group_node));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static int by_layer_then_stage(const void *a, const void *b)
{
  const struct column *p = (const struct column *)a, *q = (const struct column *)b;

  if (p->layer != q->layer) return p->layer < q->layer ? -1 : 1;
  return (p->stage > q->stage) - (p->stage < q->stage);
}

/* NULL if all its points are outliers. */
static const struct column *find_column(const struct work *w, HoleIndex layer, HoleIndex stage)
{
  const struct column key = {.layer = (int32_t)layer, .stage = (int32_t)stage};

  return w->n_columns
             ? (const struct column *)bsearch(&key, w->columns, (size_t)w->n_columns, sizeof(key), by_layer_then_stage)
             : NULL;
}

static int by_cluster(const void *key, const void *row)
{
  const int32_t cluster = *(const int32_t *)key, other = ((const HoleFoldedCluster *)row)->cluster;

  return (cluster > other) - (cluster < other);
}

/* The node of a cluster that has a row. */
static int32_t find_node(const struct work *w, const struct column *c, int32_t cluster)
{
  return ((const HoleFoldedCluster *)bsearch(&cluster, &w->f->clusters[c->first], (size_t)c->n,
                                             sizeof(HoleFoldedCluster), by_cluster))
      ->node;
}

/* --- What is drawn */

struct sized {
  int64_t   size;
  HoleIndex row;
};

static int by_size_then_row(const void *a, const void *b)
{
  const struct sized *p = (const struct sized *)a, *q = (const struct sized *)b;

  if (p->size != q->size) return p->size > q->size ? -1 : 1;
  return (p->row > q->row) - (p->row < q->row);
}

static PetscErrorCode sort_by_size(struct work *w, const struct column *c)
{
  struct sized *s;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(c->n, &s));
  for (HoleIndex k = 0; k < c->n; ++k) s[k] = (struct sized){w->flow->nodes[c->first + k].size, k};
  qsort(s, (size_t)c->n, sizeof(*s), by_size_then_row);
  for (HoleIndex k = 0; k < c->n; ++k) w->order[k] = s[k].row;
  PetscCall(PetscFree(s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Few classes keep their colours: what is folded is kept apart by dominant class. True labels are classes themselves. */
static HoleIndex count_groups(const struct work *w, const struct column *c)
{
  return c->stage >= 0 && w->flow->n_classes && w->flow->n_classes < w->options->most / 2 ? w->flow->n_classes + 1 : 1;
}

static HoleIndex group_of(const struct work *w, HoleIndex n_groups, const HoleFlowNode *row)
{
  if (n_groups == 1) return 0;
  return row->dominant_class < 0 ? w->flow->n_classes : row->dominant_class;
}

static PetscErrorCode choose_drawn(struct work *w, const struct column *c, HoleIndex n_groups)
{
  const HoleFlowNode *rows  = &w->flow->nodes[c->first];
  int64_t             total = 0;

  PetscFunctionBegin;
  PetscCall(sort_by_size(w, c));
  for (HoleIndex k = 0; k < c->n; ++k) total += rows[k].size;
  for (HoleIndex k = 0; k < c->n; ++k) {
    const int64_t   size  = rows[w->order[k]].size;
    const PetscBool large = (PetscBool)((double)size >= w->options->share * (double)total);

    w->drawn[w->order[k]] = (PetscBool)(k < w->options->most - n_groups && (large || (k < LARGEST && size > 1)));
  }
  memset(w->groups, 0, (size_t)n_groups * sizeof(*w->groups));
  for (HoleIndex k = 0; k < c->n; ++k) {
    if (!w->drawn[k]) ++w->groups[group_of(w, n_groups, &rows[k])];
  }
  for (HoleIndex k = 0; k < c->n; ++k) { /* one alone is drawn in the place of its group */
    if (!w->drawn[k] && w->groups[group_of(w, n_groups, &rows[k])] == 1) w->drawn[k] = PETSC_TRUE;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Put a cluster into a node, which is new if it has none yet. */
static void add_to_node(HoleFoldedNode *node, const HoleFlowNode *row)
{
  if (!node->n_clusters) {
    node->cluster        = row->cluster;
    node->dominant_class = row->dominant_class;
  } else {
    node->cluster = -1;
    if (node->dominant_class != row->dominant_class) node->dominant_class = -1;
  }
  ++node->n_clusters;
  node->size += row->size;
  node->dominant_count = node->dominant_class < 0 ? 0 : node->dominant_count + row->dominant_count;
}

static HoleIndex new_node(struct work *w, struct column *c)
{
  HoleFoldedNode node = {.layer          = c->layer,
                         .stage          = c->stage,
                         .node           = (int32_t)c->n_nodes,
                         .position       = (int32_t)c->n_nodes,
                         .layer_position = -1,
                         .dominant_class = -1};

  w->f->nodes[w->f->n_nodes++] = node;
  return c->n_nodes++;
}

static void place_cluster(struct work *w, const struct column *c, HoleIndex k, HoleIndex node)
{
  const HoleFlowNode *row = &w->flow->nodes[c->first + k];

  add_to_node(&w->f->nodes[c->node + node], row);
  w->f->clusters[c->first + k] = (HoleFoldedCluster){row->layer, row->stage, row->cluster, (int32_t)node};
}

/* Those drawn by themselves first, then the groups. */
static PetscErrorCode fold_column(struct work *w, struct column *c)
{
  const HoleFlowNode *rows     = &w->flow->nodes[c->first];
  const HoleIndex     n_groups = count_groups(w, c);

  PetscFunctionBegin;
  PetscCall(choose_drawn(w, c, n_groups));
  PetscCall(
      PetscRealloc(sizeof(*w->f->nodes) * (size_t)(w->f->n_nodes + PetscMin(c->n, w->options->most)), &w->f->nodes));
  c->node = w->f->n_nodes;
  for (HoleIndex k = 0; k < c->n; ++k) {
    if (w->drawn[k]) place_cluster(w, c, k, new_node(w, c));
  }
  for (HoleIndex g = 0; g < n_groups; ++g) w->group_node[g] = w->groups[g] > 1 ? (int32_t)new_node(w, c) : -1;
  for (HoleIndex k = 0; k < c->n; ++k) {
    if (!w->drawn[k]) place_cluster(w, c, k, w->group_node[group_of(w, n_groups, &rows[k])]);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* --- Links and order */

/* Room for `n` rows more of `bytes` each. */
static PetscErrorCode grow(HoleIndex n, HoleIndex more, size_t bytes, HoleIndex *room, void *rows)
{
  PetscFunctionBegin;
  if (n + more <= *room) PetscFunctionReturn(PETSC_SUCCESS);
  *room = PetscMax(2 * *room, n + more);
  PetscCall(PetscRealloc(bytes * (size_t)*room, (void **)rows));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode add_stage_rows(struct work *w, const struct column *from, const struct column *to,
                                     const int64_t weight[])
{
  HoleFolding *f = w->f;

  PetscFunctionBegin;
  PetscCall(
      grow(f->n_stage_links, from->n_nodes * to->n_nodes, sizeof(*f->stage_links), &w->room_stages, &f->stage_links));
  for (HoleIndex a = 0; a < from->n_nodes; ++a) {
    for (HoleIndex b = 0; b < to->n_nodes; ++b) {
      HoleFlowStageLink row = {from->layer, from->stage, (int32_t)a,
                               to->stage,   (int32_t)b,  weight[a * to->n_nodes + b]};

      if (row.count) f->stage_links[f->n_stage_links++] = row;
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode add_layer_rows(struct work *w, const struct column *from, const struct column *to,
                                     const int64_t weight[])
{
  HoleFolding *f = w->f;

  PetscFunctionBegin;
  PetscCall(
      grow(f->n_layer_links, from->n_nodes * to->n_nodes, sizeof(*f->layer_links), &w->room_layers, &f->layer_links));
  for (HoleIndex a = 0; a < from->n_nodes; ++a) {
    for (HoleIndex b = 0; b < to->n_nodes; ++b) {
      HoleFlowLayerLink row = {from->layer, (int32_t)a, to->layer, (int32_t)b, weight[a * to->n_nodes + b]};

      if (row.count) f->layer_links[f->n_layer_links++] = row;
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Columns side by side; one of them may be NULL and is then empty. */
static PetscErrorCode set_columns(HoleIndex n, const struct column *const columns[], struct hole_columns *c)
{
  PetscFunctionBegin;
  PetscCall(hole_columns_create(n, c));
  for (HoleIndex k = 0; k < n; ++k) c->size[k] = columns[k] ? columns[k]->n_nodes : 0;
  PetscCall(hole_columns_allocate(c));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The stages of one layer: `row` is the first of its links, and then the first of the next layer's. */
static PetscErrorCode order_stages(struct work *w, HoleIndex layer, HoleIndex *row, HoleIndex n,
                                   const struct column *columns[], struct hole_columns *c)
{
  const HoleIndex          first = w->flow->labels ? -1 : 0;
  const HoleFlowStageLink *links = w->flow->stage_links;
  int64_t                  crossings;

  PetscFunctionBegin;
  for (HoleIndex k = 0; k < n; ++k) columns[k] = find_column(w, layer, first + k);
  PetscCall(set_columns(n, columns, c));
  for (; *row < w->flow->n_stage_links && links[*row].layer == layer; ++*row) {
    const HoleFlowStageLink *l = &links[*row];
    const HoleIndex          k = l->source_stage - first;

    c->weight[k][find_node(w, columns[k], l->source_cluster) * c->size[k + 1] +
                 find_node(w, columns[k + 1], l->target_cluster)] += l->count;
  }
  PetscCall(hole_columns_order(c, &crossings));
  w->f->stage_crossings += crossings;
  for (HoleIndex k = 0; k < n; ++k) {
    for (HoleIndex v = 0; v < c->size[k]; ++v) w->f->nodes[columns[k]->node + v].position = c->position[k][v];
    if (k + 1 < n && c->size[k] && c->size[k + 1])
      PetscCall(add_stage_rows(w, columns[k], columns[k + 1], c->weight[k]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The linked stages of all layers. */
static PetscErrorCode order_layers(struct work *w, HoleIndex n, const struct column *columns[], struct hole_columns *c)
{
  PetscFunctionBegin;
  for (HoleIndex k = 0; k < n; ++k) columns[k] = find_column(w, k, w->flow->layers[k].linked);
  PetscCall(set_columns(n, columns, c));
  for (HoleIndex r = 0; r < w->flow->n_layer_links; ++r) {
    const HoleFlowLayerLink *l = &w->flow->layer_links[r];
    const HoleIndex          k = l->source_layer;

    c->weight[k][find_node(w, columns[k], l->source_cluster) * c->size[k + 1] +
                 find_node(w, columns[k + 1], l->target_cluster)] += l->count;
  }
  PetscCall(hole_columns_order(c, &w->f->layer_crossings));
  for (HoleIndex k = 0; k < n; ++k) {
    for (HoleIndex v = 0; v < c->size[k]; ++v) w->f->nodes[columns[k]->node + v].layer_position = c->position[k][v];
    if (k + 1 < n && c->size[k] && c->size[k + 1])
      PetscCall(add_layer_rows(w, columns[k], columns[k + 1], c->weight[k]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Order the stages of every layer, and then the layers. */
static PetscErrorCode order_columns(struct work *w)
{
  const HoleIndex       n_layers = w->flow->n_layers;
  const struct column **columns;
  HoleIndex             most = n_layers, row = 0;
  PetscErrorCode        ordered = PETSC_SUCCESS;

  PetscFunctionBegin;
  for (HoleIndex l = 0; l < n_layers; ++l) most = PetscMax(most, w->flow->layers[l].n_nested + 1);
  PetscCall(PetscMalloc1(most, &columns));
  for (HoleIndex l = 0; l <= n_layers && !ordered; ++l) {
    struct hole_columns c = {0};

    if (l < n_layers)
      ordered = order_stages(w, l, &row, w->flow->layers[l].n_nested + (w->flow->labels ? 1 : 0), columns, &c);
    else ordered = order_layers(w, n_layers, columns, &c);
    PetscCall(hole_columns_free(&c));
  }
  PetscCall(PetscFree(columns));
  PetscCall(ordered);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode fold(struct work *w)
{
  PetscFunctionBegin;
  PetscCall(find_columns(w));
  w->f->n_clusters = w->flow->n_nodes;
  PetscCall(PetscMalloc1(w->f->n_clusters, &w->f->clusters));
  for (HoleIndex k = 0; k < w->n_columns; ++k) PetscCall(fold_column(w, &w->columns[k]));
  PetscCall(order_columns(w));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* --- The object */

PetscErrorCode HoleFoldingOptionsGet(HoleFoldingOptions *options)
{
  PetscInt most = 60;

  PetscFunctionBegin;
  options->share = 0.01;
  PetscCall(PetscOptionsGetReal(NULL, NULL, "-fold_share", &options->share, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-fold_most", &most, NULL));
  PetscCheck(options->share >= 0 && options->share <= 1, PETSC_COMM_SELF, HOLE_ERR_USAGE,
             "-fold_share: found %g, expected a share from 0 to 1", options->share);
  PetscCheck(most >= 2 && most <= MOST_NODES, PETSC_COMM_SELF, HOLE_ERR_USAGE, "-fold_most: found %d, expected 2 to %d",
             (int)most, (int)MOST_NODES);
  options->most = most;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleFoldingCreate(HoleFlow flow, const HoleFoldingOptions *options, HoleFolding **folding)
{
  struct work    w = {.flow = flow, .options = options};
  PetscErrorCode folded;

  PetscFunctionBegin;
  *folding = NULL;
  PetscCheck(options->most >= 2, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE,
             "Folding to %" HoleIndex_FMT " nodes a column, expected 2 or more", options->most);
  PetscCall(PetscNew(&w.f));
  folded = fold(&w);
  PetscCall(free_work(&w));
  if (folded) PetscCall(HoleFoldingDestroy(&w.f));
  PetscCall(folded);
  *folding = w.f;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleFoldingDestroy(HoleFolding **folding)
{
  HoleFolding *f = *folding;

  PetscFunctionBegin;
  if (!f) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscFree(f->nodes));
  PetscCall(PetscFree(f->clusters));
  PetscCall(PetscFree(f->stage_links));
  PetscCall(PetscFree(f->layer_links));
  PetscCall(PetscFree(*folding));
  PetscFunctionReturn(PETSC_SUCCESS);
}
