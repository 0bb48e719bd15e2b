/* Cluster flow: tables of how many points two labelings share, clusters against clusters and clusters against classes.

   A point with a negative label takes no part, so an outlier of a layer is a point whose cluster there is -1. */
#include "flow_impl.h"
#include "pairs.h"

#include <string.h>

/* The layer being added, and what is worked with. */
struct layer {
  const HoleStages     *stages;
  struct hole_labeling  classes;   /* of the points that are no outliers; .of NULL without labels */
  struct hole_labeling *clusters;  /* [stages->n] likewise */
  int32_t              *kept;      /* [1 + stages->n, n_points] the arrays of the two above */
  PetscBool            *outlier;   /* [n_points] */
  int64_t              *n_members; /* [n_points] scratch: points of a cluster */
  struct hole_pairs     pairs;     /* scratch */
};

/* Outliers are decided at one stage, by all points of a cluster, and hold for the whole layer. */
static HoleIndex find_outliers(const struct HoleFlow_s *flow, struct layer *l)
{
  const HoleStages *s      = l->stages;
  const int32_t    *labels = &s->labels[s->n_nested > 1 ? s->n_points : 0];
  HoleIndex         n      = 0;

  for (HoleIndex i = 0; i < s->n_points; ++i) ++l->n_members[labels[i]];
  for (HoleIndex i = 0; i < s->n_points; ++i) {
    l->outlier[i] = l->n_members[labels[i]] <= flow->min_cluster_size ? PETSC_TRUE : PETSC_FALSE;
    n += l->outlier[i];
  }
  return n;
}

static void keep_labels(const struct layer *l, const int32_t labels[], HoleIndex n, int32_t kept[],
                        struct hole_labeling *labeling)
{
  for (HoleIndex i = 0; i < l->stages->n_points; ++i) kept[i] = l->outlier[i] ? -1 : labels[i];
  *labeling = (struct hole_labeling){n, kept};
}

static PetscErrorCode open_layer(HoleFlow flow, struct layer *l)
{
  const HoleStages *s = l->stages;
  HoleIndex         n = s->n_points;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(s->n, &l->clusters));
  PetscCall(PetscMalloc1((1 + s->n) * n, &l->kept));
  PetscCall(PetscMalloc1(n, &l->outlier));
  PetscCall(PetscCalloc1(n, &l->n_members));
  PetscCall(PetscRealloc(sizeof(*flow->layers) * (size_t)(flow->n_layers + 1), &flow->layers));
  flow->layers[flow->n_layers] = (struct hole_flow_layer){find_outliers(flow, l), s->n_nested, s->flow};
  if (flow->labels) keep_labels(l, flow->labels, flow->n_classes, l->kept, &l->classes);
  for (HoleIndex k = 0; k < s->n; ++k)
    keep_labels(l, &s->labels[k * n], s->n_clusters[k], &l->kept[(1 + k) * n], &l->clusters[k]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode close_layer(struct layer *l)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(l->clusters));
  PetscCall(PetscFree(l->kept));
  PetscCall(PetscFree(l->outlier));
  PetscCall(PetscFree(l->n_members));
  PetscCall(PetscFree(l->pairs.rows));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Sizes of the clusters, into l->n_members; returns how many are not empty. */
static HoleIndex count_members(struct layer *l, const struct hole_labeling *labeling)
{
  HoleIndex n = 0;

  for (HoleIndex a = 0; a < labeling->n; ++a) l->n_members[a] = 0;
  for (HoleIndex i = 0; i < l->stages->n_points; ++i) {
    if (labeling->of[i] >= 0) n += !l->n_members[labeling->of[i]]++;
  }
  return n;
}

/* One node a cluster that has points left. Its dominant class is found among the pairs, which are sorted by cluster. */
static PetscErrorCode add_stage_nodes(HoleFlow flow, struct layer *l, HoleIndex stage)
{
  const struct hole_labeling *clusters = &l->clusters[stage];
  HoleIndex                   n = count_members(l, clusters), row = 0;

  PetscFunctionBegin;
  l->pairs.n = 0;
  if (l->classes.of) PetscCall(hole_pairs_count(l->stages->n_points, clusters, &l->classes, &l->pairs));
  PetscCall(PetscRealloc(sizeof(*flow->nodes) * (size_t)(flow->n_nodes + n), &flow->nodes));
  for (HoleIndex a = 0; a < clusters->n; ++a) {
    HoleFlowNode node = {(int32_t)flow->n_layers, (int32_t)stage, (int32_t)a, l->n_members[a], -1, 0};

    for (; row < l->pairs.n && l->pairs.rows[row].from == a; ++row) {
      if (l->pairs.rows[row].count <= node.dominant_count) continue; /* on ties the smaller class, which came first */
      node.dominant_class = l->pairs.rows[row].to;
      node.dominant_count = l->pairs.rows[row].count;
    }
    if (node.size) flow->nodes[flow->n_nodes++] = node;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The true labels as stage -1. Their counts are those of the pairs of a class with itself: there may be more classes than
   points, for which n_members has no room. */
static PetscErrorCode add_class_nodes(HoleFlow flow, struct layer *l)
{
  PetscFunctionBegin;
  if (!l->classes.of) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(hole_pairs_count(l->stages->n_points, &l->classes, &l->classes, &l->pairs));
  PetscCall(PetscRealloc(sizeof(*flow->nodes) * (size_t)(flow->n_nodes + l->pairs.n), &flow->nodes));
  for (HoleIndex row = 0; row < l->pairs.n; ++row) {
    const struct hole_pair *p = &l->pairs.rows[row];

    flow->nodes[flow->n_nodes++] = (HoleFlowNode){(int32_t)flow->n_layers, -1, p->from, p->count, p->from, p->count};
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Links from stage `source`, -1 for the classes, to the one after it. */
static PetscErrorCode add_stage_links(HoleFlow flow, struct layer *l, HoleIndex source)
{
  const struct hole_labeling *from = source < 0 ? &l->classes : &l->clusters[source];

  PetscFunctionBegin;
  PetscCall(hole_pairs_count(l->stages->n_points, from, &l->clusters[source + 1], &l->pairs));
  PetscCall(PetscRealloc(sizeof(*flow->stage_links) * (size_t)(flow->n_stage_links + l->pairs.n), &flow->stage_links));
  for (HoleIndex row = 0; row < l->pairs.n; ++row) {
    const struct hole_pair *p = &l->pairs.rows[row];

    flow->stage_links[flow->n_stage_links++] =
        (HoleFlowStageLink){(int32_t)flow->n_layers, (int32_t)source, p->from, (int32_t)source + 1, p->to, p->count};
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Links from the flow stage of the layer before to that of this one, which is then kept in its place. */
static PetscErrorCode add_layer_links(HoleFlow flow, struct layer *l)
{
  const struct hole_labeling *to = &l->clusters[l->stages->flow], from = {flow->n_previous, flow->previous};

  PetscFunctionBegin;
  if (flow->n_layers) {
    PetscCall(hole_pairs_count(flow->n_points, &from, to, &l->pairs));
    PetscCall(
        PetscRealloc(sizeof(*flow->layer_links) * (size_t)(flow->n_layer_links + l->pairs.n), &flow->layer_links));
    for (HoleIndex row = 0; row < l->pairs.n; ++row) {
      const struct hole_pair *p = &l->pairs.rows[row];

      flow->layer_links[flow->n_layer_links++] =
          (HoleFlowLayerLink){(int32_t)(flow->n_layers - 1), p->from, (int32_t)flow->n_layers, p->to, p->count};
    }
  }
  PetscCall(PetscArraycpy(flow->previous, to->of, flow->n_points));
  flow->n_previous = to->n;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode add_rows(HoleFlow flow, struct layer *l)
{
  PetscFunctionBegin;
  PetscCall(open_layer(flow, l));
  PetscCall(add_class_nodes(flow, l));
  for (HoleIndex stage = 0; stage < l->stages->n; ++stage) PetscCall(add_stage_nodes(flow, l, stage));
  for (HoleIndex source = l->classes.of ? -1 : 0; source + 1 < l->stages->n_nested; ++source)
    PetscCall(add_stage_links(flow, l, source));
  PetscCall(add_layer_links(flow, l));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleFlowCreate(HoleIndex n_points, const int32_t labels[], HoleIndex n_classes,
                              HoleIndex min_cluster_size, HoleFlow *flow)
{
  HoleFlow       f;
  PetscErrorCode made;

  PetscFunctionBegin;
  *flow = NULL;
  for (HoleIndex i = 0; labels && i < n_points; ++i)
    PetscCheck(labels[i] < n_classes, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE,
               "Label %" PRId32 " of point %" HoleIndex_FMT ", expected less than %" HoleIndex_FMT, labels[i], i,
               n_classes);
  PetscCall(PetscNew(&f));
  f->n_points         = n_points;
  f->labels           = labels;
  f->n_classes        = n_classes;
  f->min_cluster_size = min_cluster_size;
  made                = PetscMalloc1(n_points, &f->previous);
  if (made) PetscCall(HoleFlowDestroy(&f));
  PetscCall(made);
  *flow = f;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleFlowAddLayer(HoleFlow flow, const HoleStages *stages)
{
  struct layer   l = {.stages = stages};
  PetscErrorCode added;

  PetscFunctionBegin;
  PetscCheck(stages->n_points == flow->n_points, PETSC_COMM_SELF, PETSC_ERR_ARG_SIZ,
             "A layer of %" HoleIndex_FMT " points in a flow of %" HoleIndex_FMT, stages->n_points, flow->n_points);
  added = add_rows(flow, &l);
  PetscCall(close_layer(&l));
  PetscCall(added);
  ++flow->n_layers;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleFlowGetNodes(HoleFlow flow, HoleIndex *n, const HoleFlowNode *rows[])
{
  PetscFunctionBegin;
  if (n) *n = flow->n_nodes;
  if (rows) *rows = flow->nodes;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleFlowGetStageLinks(HoleFlow flow, HoleIndex *n, const HoleFlowStageLink *rows[])
{
  PetscFunctionBegin;
  if (n) *n = flow->n_stage_links;
  if (rows) *rows = flow->stage_links;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleFlowGetLayerLinks(HoleFlow flow, HoleIndex *n, const HoleFlowLayerLink *rows[])
{
  PetscFunctionBegin;
  if (n) *n = flow->n_layer_links;
  if (rows) *rows = flow->layer_links;
  PetscFunctionReturn(PETSC_SUCCESS);
}

HoleIndex HoleFlowGetOutlierCount(HoleFlow flow, HoleIndex layer) { return flow->layers[layer].n_outliers; }

PetscErrorCode HoleFlowDestroy(HoleFlow *flow)
{
  HoleFlow f = *flow;

  PetscFunctionBegin;
  if (!f) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscFree(f->previous));
  PetscCall(PetscFree(f->layers));
  PetscCall(PetscFree(f->nodes));
  PetscCall(PetscFree(f->stage_links));
  PetscCall(PetscFree(f->layer_links));
  PetscCall(PetscFree(*flow));
  PetscFunctionReturn(PETSC_SUCCESS);
}
