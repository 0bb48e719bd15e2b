/* Views of one layer: what is wanted, and in which order it is found. */
#include "views_impl.h"

#include "../core/cast.h"
#include "../core/fault.h"
#include <hole/hole_error.h>
#include <hole/hole_pass.h>
#include <math.h>
#include <string.h>

static PetscErrorCode set_word(const char word[], HoleViewsOptions *o)
{
  const struct {
    const char *name;
    PetscBool  *wanted;
  } words[] = {{"pca2", &o->pca2},       {"leaf_order", &o->leaf_order}, {"rcm", &o->rcm},
               {"heatmap", &o->heatmap}, {"blobs", &o->blobs},           {"spectral2", &o->spectral2}};

  PetscFunctionBegin;
  for (size_t w = 0; w < sizeof(words) / sizeof(words[0]); ++w) {
    if (strcmp(word, words[w].name)) continue;
    *words[w].wanted = PETSC_TRUE;
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  SETERRQ(PETSC_COMM_SELF, HOLE_ERR_USAGE,
          "-views: found '%s', expected all, none, or some of pca2, leaf_order, rcm, heatmap, blobs, spectral2", word);
}

static PetscErrorCode set_words(char text[], HoleViewsOptions *o)
{
  char *end;

  PetscFunctionBegin;
  for (char *word = text; word; word = end) {
    end = strchr(word, ',');
    if (end) *end++ = 0;
    PetscCall(set_word(word, o));
  }
  if (o->blobs) o->pca2 = PETSC_TRUE;
  if (o->heatmap) o->leaf_order = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleViewsOptionsGet(HoleViewsOptions *o)
{
  char text[256] = "pca2,leaf_order,rcm,heatmap,blobs";

  PetscFunctionBegin;
  *o = (HoleViewsOptions){PETSC_FALSE};
  PetscCall(PetscOptionsGetString(NULL, NULL, "-views", text, sizeof(text), NULL));
  if (!strcmp(text, "none")) PetscFunctionReturn(PETSC_SUCCESS);
  if (!strcmp(text, "all")) PetscCall(PetscStrncpy(text, "pca2,leaf_order,rcm,heatmap,blobs,spectral2", sizeof(text)));
  PetscCall(set_words(text, o));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_views_leave_out(HoleViews *v, const char what[], const char why[])
{
  PetscFunctionBegin;
  PetscCall(PetscStrlcat(v->left_out, v->left_out[0] ? "; " : "", sizeof(v->left_out)));
  PetscCall(PetscStrlcat(v->left_out, what, sizeof(v->left_out)));
  PetscCall(PetscStrlcat(v->left_out, ": ", sizeof(v->left_out)));
  PetscCall(PetscStrlcat(v->left_out, why, sizeof(v->left_out)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleViewsCreate(HoleIndex n, HoleViews **views)
{
  PetscFunctionBegin;
  PetscCall(PetscNew(views));
  (*views)->n = n;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* One layer. */
struct look {
  MPI_Comm                comm;
  PetscMPIInt             rank;
  const HoleViewsOptions *options;
  HoleTree                tree;
  HoleDistances           d;
  const int32_t          *labels;
  HoleIndex               n_classes;
  HoleViews              *v;
  HoleIndex              *ids; /* of the close rows */
  struct close_rows       close;
  PetscBool               finite;
  hole_optimum            optimum; /* on the first rank */
  double                 *row;     /* there: room for one of the close rows */
};

/* Local. */
static PetscErrorCode start(struct look *k)
{
  HoleViews *v = k->v;

  PetscFunctionBegin;
  PetscCall(hole_fault(k->comm, "views_start"));
  PetscCall(PetscMalloc1(v->n, &v->leaf_order));
  PetscCall(hole_order_by_tree(k->tree, v->leaf_order));
  PetscCall(PetscMalloc1(v->n, &k->ids)); /* more than a sample for the heatmap, where one is taken */
  PetscCall(PetscArraycpy(k->ids, v->leaf_order, v->n));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local. */
static PetscErrorCode allocate_orders(struct look *k)
{
  PetscFunctionBegin;
  PetscCall(hole_fault(k->comm, "views_orders"));
  if (k->options->rcm) PetscCall(PetscMalloc1(k->v->n, &k->v->rcm_order));
  if (!k->rank) PetscCall(PetscMalloc1(k->close.half, &k->row));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local. */
static PetscErrorCode allocate_optimum(struct look *k)
{
  PetscFunctionBegin;
  PetscCall(hole_fault(k->comm, "views_optimum"));
  if (!k->rank) PetscCall(hole_optimum_create(k->tree, k->ids, &k->optimum));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local, on the first rank. */
static PetscErrorCode find_optimum(struct look *k)
{
  PetscFunctionBegin;
  PetscCall(hole_fault(k->comm, "views_order"));
  if (!k->rank) PetscCall(hole_optimum_find(k->optimum, k->v->leaf_order, &k->v->leaf_cost));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective. */
static PetscErrorCode order_leaves(struct look *k)
{
  HoleViews  *v = k->v;
  PetscMPIInt n;

  PetscFunctionBegin;
  HoleCallAgreed(k->comm, allocate_optimum(k)); /* local */
  PetscCall(hole_close_rows_show(&k->close, k->row, hole_optimum_set_row, k->optimum));
  HoleCallAgreed(k->comm, find_optimum(k)); /* local */
  PetscCall(hole_optimum_destroy(&k->optimum));
  PetscCall(hole_mpi_int(v->n, &n)); /* equal on all ranks */
  PetscCallMPI(MPI_Bcast(v->leaf_order, n, HOLE_MPI_INDEX, 0, k->comm));
  PetscCallMPI(MPI_Bcast(&v->leaf_cost, 1, MPI_DOUBLE, 0, k->comm));
  v->leaf_optimal = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective. */
static PetscErrorCode find_orders(struct look *k)
{
  HoleViews  *v = k->v;
  PetscMPIInt n;

  PetscFunctionBegin;
  HoleCallAgreed(k->comm, allocate_orders(k)); /* local */
  if (k->options->rcm) {
    PetscCall(hole_rcm_threshold(&k->close, &v->rcm_threshold));
    PetscCall(hole_rcm_order(&k->close, v->rcm_threshold, v->rcm_order));
    PetscCall(hole_mpi_int(v->n, &n)); /* equal on all ranks */
    PetscCallMPI(MPI_Bcast(v->rcm_order, n, HOLE_MPI_INDEX, 0, k->comm));
  }
  if (k->options->leaf_order && k->finite) PetscCall(order_leaves(k));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode drop_heatmap(HoleViews *v, const char why[])
{
  PetscFunctionBegin;
  PetscCall(PetscFree(v->heatmap_first));
  PetscCall(PetscFree(v->heatmap_class));
  PetscCall(PetscFree(v->heatmap));
  PetscCall(hole_views_leave_out(v, "heatmap", why));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: no more points than can be looked at closely. */
static PetscErrorCode look_closely(struct look *k)
{
  PetscFunctionBegin;
  PetscCall(hole_close_rows_create(k->comm, k->d, k->v->n, k->ids, &k->close));
  k->finite = (PetscBool)(k->close.largest < INFINITY);
  PetscCall(find_orders(k));
  if (!k->options->heatmap) PetscFunctionReturn(PETSC_SUCCESS);
  HoleCallAgreed(k->comm, hole_heatmap_blocks(k->labels, k->n_classes, k->v)); /* local */
  if (k->finite) PetscCall(hole_heatmap_from_close(&k->close, k->v));
  else PetscCall(drop_heatmap(k->v, "infinite distances"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: more points. */
static PetscErrorCode look_from_afar(struct look *k)
{
  PetscFunctionBegin;
  if (k->options->rcm) PetscCall(hole_views_leave_out(k->v, "rcm_order", "more than 5000 points"));
  if (!k->options->heatmap) PetscFunctionReturn(PETSC_SUCCESS);
  HoleCallAgreed(k->comm, hole_heatmap_blocks(k->labels, k->n_classes, k->v)); /* local */
  if (HoleDistancesIsStored(k->d)) PetscCall(hole_heatmap_from_stored(k->comm, k->d, k->v, &k->finite));
  else {
    hole_heatmap_sample(k->v, k->ids);
    PetscCall(hole_close_rows_create(k->comm, k->d, HOLE_VIEWS_SAMPLE, k->ids, &k->close));
    k->finite = (PetscBool)(k->close.largest < INFINITY);
    if (k->finite) PetscCall(hole_heatmap_from_close(&k->close, k->v));
  }
  if (!k->finite) PetscCall(drop_heatmap(k->v, "infinite distances"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Is this layer looked at by pairs? */
static PetscBool wants_pairs(const HoleViewsOptions *o) { return (PetscBool)(o->leaf_order || o->rcm || o->heatmap); }

/* Collective: what cannot be had without distances of pairs. */
static PetscErrorCode do_without_pairs(struct look *k, const char why[])
{
  PetscFunctionBegin;
  if (k->options->rcm) PetscCall(hole_views_leave_out(k->v, "rcm_order", why));
  if (k->options->heatmap) PetscCall(hole_views_leave_out(k->v, "heatmap", why));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode look_at_distances(struct look *k)
{
  HoleViews *v = k->v;

  PetscFunctionBegin;
  if (wants_pairs(k->options)) {
    const PetscBool paths = (PetscBool)(k->d && HoleDistancesIsGeodesic(k->d) && !HoleDistancesIsStored(k->d));

    HoleCallAgreed(k->comm, start(k)); /* local */
    if (paths && v->n <= HOLE_VIEWS_CLOSE) PetscCall(HoleDistancesStore(k->d));
    if (!k->d) PetscCall(do_without_pairs(k, "the layer is a graph"));
    else if (v->n <= HOLE_VIEWS_CLOSE) PetscCall(look_closely(k));
    else if (paths) PetscCall(do_without_pairs(k, "more than 5000 points whose shortest paths are not stored"));
    else PetscCall(look_from_afar(k));
    if (!k->options->leaf_order) PetscCall(PetscFree(v->leaf_order));
  }
  if (!k->options->spectral2) PetscFunctionReturn(PETSC_SUCCESS);
  if (k->d) PetscCall(hole_spectral_find(k->comm, k->tree, k->d, v));
  else PetscCall(hole_views_leave_out(v, "spectral2", "the layer is a graph"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleViewsLookAtDistances(MPI_Comm comm, const HoleViewsOptions *options, HoleTree tree,
                                        HoleDistances distances, const int32_t labels[], HoleIndex n_classes,
                                        HoleViews *v)
{
  struct look    k = {.comm      = comm,
                      .options   = options,
                      .tree      = tree,
                      .d         = distances,
                      .labels    = labels,
                      .n_classes = n_classes,
                      .v         = v,
                      .finite    = PETSC_TRUE};
  PetscErrorCode looked;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &k.rank));
  looked = look_at_distances(&k);
  PetscCall(hole_close_rows_destroy(&k.close));
  PetscCall(PetscFree(k.ids));
  PetscCall(PetscFree(k.row));
  PetscCall(hole_optimum_destroy(&k.optimum));
  PetscCall(looked);
  PetscFunctionReturn(PETSC_SUCCESS);
}

double HoleViewsPredictBytes(const HoleViewsOptions *o, HoleIndex n, PetscMPIInt size)
{
  const PetscBool all    = (PetscBool)(n <= HOLE_VIEWS_CLOSE);
  const double    points = (double)n, close = (double)(all ? n : HOLE_VIEWS_SAMPLE),
               blocks  = PetscMin(points, HOLE_VIEWS_BLOCKS);
  const double rows    = sizeof(double) * close * close / 2 / size;
  const double heatmap = o->heatmap ? blocks * blocks * (sizeof(int64_t) + sizeof(float)) : 0;
  const double optimum = o->leaf_order && all ? hole_optimum_predict_bytes(n) : 0;
  const double graph   = o->rcm && all ? hole_rcm_predict_bytes(n) : 0;
  const double orders  = rows + PetscMax(PetscMax(optimum, graph), heatmap) + 48 * points;

  if (o->spectral2) return PetscMax(hole_spectral_predict_bytes(n, size), orders);
  return wants_pairs(o) ? orders : 0;
}

PetscErrorCode HoleViewsDestroy(HoleViews **views)
{
  HoleViews *v = *views;

  PetscFunctionBegin;
  if (!v) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscFree(v->pca2));
  PetscCall(PetscFree(v->leaf_order));
  PetscCall(PetscFree(v->rcm_order));
  PetscCall(PetscFree(v->heatmap_first));
  PetscCall(PetscFree(v->heatmap));
  PetscCall(PetscFree(v->heatmap_class));
  PetscCall(PetscFree(v->hulls));
  PetscCall(PetscFree(v->vertices));
  PetscCall(PetscFree(v->minority));
  PetscCall(PetscFree(v->spectral2));
  PetscCall(PetscFree(*views));
  PetscFunctionReturn(PETSC_SUCCESS);
}
