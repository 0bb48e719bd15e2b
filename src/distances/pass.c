/* What is wanted of all pairs becomes consumers of one sweep; what bounds cannot decide they compute in double. */
#include "bounds.h"
#include "edges.h"
#include "forest.h"
#include "neighbours.h"
#include "quantile.h"
#include "radius.h"
#include "ring.h"
#include "select.h"
#include "shadows.h"
#include "sweep.h"
#include "witnesses.h"

#include "../core/log.h"
#include "../core/threads.h"
#include <hole/hole_error.h>
#include <hole/hole_pass.h>

struct HolePass_s {
  HoleDistances d;
  HoleIndex     tile;   /* rows and columns of a tile */
  HoleIndex     n_axes; /* of shadows, 0 for none */
  PetscBool     insist; /* on shadows in every tile, since axes were asked for */

  PetscBool     want_tree, want_edges, want_radius, want_quantile, want_bounds;
  PetscBool     radius_found; /* without a look at all pairs */
  HoleIndex     k;
  double        length, q;
  const double *reach;

  HoleTree    tree;
  HoleIndex  *ids;
  double     *lengths;
  HoleIndex   n_edges;
  HoleEdge   *edges;
  double      radius, quantile; /* radius: until it is found no less than it is */
  double      longest;          /* that bounds must tell */
  hole_bounds bounds;
};

/* --- What is wanted */

PetscErrorCode HolePassCreate(HoleDistances d, HolePass *pass)
{
  PetscInt n_axes = (PetscInt)hole_shadows_default_axes(d->n, d->width);

  PetscFunctionBegin;
  PetscCall(PetscNew(pass));
  (*pass)->d = d;
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-distances_axes", &n_axes, &(*pass)->insist));
  PetscCall(hole_tiles_get_size(&(*pass)->tile));
  (*pass)->n_axes = PetscMax(0, n_axes);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HolePassWantTree(HolePass pass)
{
  PetscFunctionBegin;
  pass->want_tree = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HolePassWantNeighbours(HolePass pass, HoleIndex k)
{
  PetscFunctionBegin;
  PetscCheck(k >= 1, PETSC_COMM_SELF, HOLE_ERR_USAGE, "%" HoleIndex_FMT " neighbours: expected 1 or more", k);
  pass->k = PetscMin(k, pass->d->n - 1);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HolePassWantEdges(HolePass pass, double length)
{
  PetscFunctionBegin;
  pass->want_edges = PETSC_TRUE;
  pass->length     = length;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HolePassWantEdgesWithin(HolePass pass, const double reach[])
{
  PetscFunctionBegin;
  pass->want_edges = PETSC_TRUE;
  pass->reach      = reach;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HolePassWantEnclosingRadius(HolePass pass)
{
  PetscFunctionBegin;
  pass->want_radius = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HolePassWantQuantile(HolePass pass, double q)
{
  PetscFunctionBegin;
  pass->want_quantile = PETSC_TRUE;
  pass->q             = q;
  PetscFunctionReturn(PETSC_SUCCESS);
}

void hole_pass_want_bounds(HolePass pass, double longest)
{
  pass->want_bounds = PETSC_TRUE;
  pass->longest     = longest;
}

static PetscErrorCode destroy_consumer(struct hole_consumer **consumer)
{
  PetscFunctionBegin;
  if (!*consumer) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall((*consumer)->ops->destroy(*consumer));
  PetscCall(PetscFree(*consumer));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Consumers of a sweep are named by what they find; NULL where it is not wanted. */
struct wanted {
  struct hole_consumer *forest, *neighbours, *edges, *radius, *sketch, *bounds, *quantile;
};

static HoleIndex quantile_place(HolePass pass) { return hole_select_place(pass->q, pass->d->n * (pass->d->n - 1) / 2); }

static double longest_to_tell(HolePass pass)
{
  return pass->longest == INFINITY && pass->want_radius ? pass->radius : pass->longest;
}

/* Collective. Each is noted before it can fail, so that it is destroyed. */
static PetscErrorCode create_consumers(HolePass pass, hole_tiles tiles, struct wanted *w,
                                       const struct hole_bracket *bracket)
{
  HoleDistances d      = pass->d;
  PetscBool     sketch = (PetscBool)(pass->want_quantile && !hole_distances_stored(d) && d->n > 1);

  PetscFunctionBegin;
  if (bracket) {
    PetscCall(hole_quantile_create(d, tiles, quantile_place(pass), *bracket, &w->quantile));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  if (pass->want_tree) PetscCall(hole_forest_create(d, tiles, &w->forest));
  if (pass->k) PetscCall(hole_neighbours_create(d, tiles, pass->k, &w->neighbours));
  if (pass->want_edges) PetscCall(hole_edges_create(d, tiles, pass->length, pass->reach, &w->edges));
  if (pass->want_radius && !pass->radius_found && !hole_distances_stored(d))
    PetscCall(hole_radius_create(d, tiles, &w->radius));
  if (sketch) PetscCall(hole_sketch_create(d, tiles, quantile_place(pass), &w->sketch));
  if (pass->want_bounds && !hole_distances_stored(d))
    PetscCall(hole_bounds_keep(d, tiles, longest_to_tell(pass), &w->bounds));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void add_consumers(hole_sweep sweep, const struct wanted *w)
{
  struct hole_consumer *const all[] = {w->forest, w->neighbours, w->edges,   w->radius,
                                       w->sketch, w->bounds,     w->quantile};

  for (size_t c = 0; c < sizeof(all) / sizeof(all[0]); ++c) {
    if (all[c]) hole_sweep_add(sweep, all[c]);
  }
}

/* Local: what the consumers found. */
static PetscErrorCode take_results(HolePass pass, const struct wanted *w, struct hole_bracket *bracket)
{
  PetscFunctionBegin;
  if (w->forest) PetscCall(hole_forest_get_tree(w->forest, &pass->tree));
  if (w->neighbours) PetscCall(hole_neighbours_get(w->neighbours, &pass->ids, &pass->lengths));
  if (w->edges) PetscCall(hole_edges_get(w->edges, &pass->n_edges, &pass->edges));
  if (w->radius) pass->radius = hole_radius_get(w->radius);
  if (w->sketch) *bracket = hole_sketch_get(w->sketch);
  if (w->quantile) pass->quantile = hole_quantile_get(w->quantile);
  if (w->bounds) pass->bounds = hole_bounds_get(w->bounds);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode destroy_consumers(struct wanted *w)
{
  PetscFunctionBegin;
  PetscCall(destroy_consumer(&w->forest));
  PetscCall(destroy_consumer(&w->neighbours));
  PetscCall(destroy_consumer(&w->edges));
  PetscCall(destroy_consumer(&w->radius));
  PetscCall(destroy_consumer(&w->sketch));
  PetscCall(destroy_consumer(&w->bounds));
  PetscCall(destroy_consumer(&w->quantile));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective. */
static PetscErrorCode find_wanted(HolePass pass, hole_sweep sweep, struct wanted *w, struct hole_bracket *bracket,
                                  PetscBool refine)
{
  PetscFunctionBegin;
  PetscCall(create_consumers(pass, hole_sweep_tiles(sweep), w, refine ? bracket : NULL));
  add_consumers(sweep, w);
  PetscCall(hole_sweep_run(sweep));
  HoleCallAgreed(pass->d->comm, take_results(pass, w, bracket)); /* local */
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscBool wants_only_bounds(HolePass p)
{
  return (PetscBool)(p->want_bounds && !p->want_tree && !p->want_edges && !p->want_radius && !p->want_quantile &&
                     !p->k);
}

/* Collective: one sweep over all pairs, and everything of it freed, but for the tiles, which bounds need to measure lengths. */
static PetscErrorCode run_sweep(HolePass pass, struct hole_bracket *bracket, PetscBool refine)
{
  hole_sweep     sweep        = NULL;
  struct wanted  w            = {0};
  const int      blas_threads = hole_blas_threads(1); /* tiles are our threads' work */
  PetscErrorCode swept;

  PetscFunctionBegin;
  swept = hole_sweep_create(pass->d, pass->tile, wants_only_bounds(pass) ? 0 : pass->n_axes, pass->insist, &sweep);
  if (!swept) swept = find_wanted(pass, sweep, &w, bracket, refine);
  hole_blas_threads(blas_threads);
  PetscCall(destroy_consumers(&w));
  if (pass->bounds && !refine) pass->bounds->tiles = hole_sweep_take_tiles(sweep);
  PetscCall(hole_sweep_destroy(&sweep));
  PetscCall(swept);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HolePassRun(HolePass pass)
{
  HoleDistances       d       = pass->d;
  struct hole_bracket bracket = {0};
  PetscLogEvent       event;

  PetscFunctionBegin;
  /* Only the tree of a geodesic metric can do without shortest paths. */
  if (d->part && (pass->k || pass->want_edges || pass->want_radius || pass->want_quantile || pass->want_bounds))
    PetscCall(HoleDistancesStore(d));
  PetscCall(hole_log_begin("HolePassRun", &event));
  if (pass->want_radius && !hole_distances_stored(d))
    PetscCall(hole_witnesses_find_radius(d, &pass->radius_found, &pass->radius));
  PetscCall(run_sweep(pass, &bracket, PETSC_FALSE));
  if (pass->bounds) PetscCall(hole_bounds_complete(pass->bounds));
  PetscCall(hole_log_end(event));
  if (hole_distances_stored(d)) {
    if (pass->want_radius) PetscCall(HoleDistancesGetEnclosingRadius(d, &pass->radius));
    if (pass->want_quantile) PetscCall(HoleDistancesGetQuantile(d, pass->q, &pass->quantile));
  } else if (pass->want_quantile && d->n > 1) PetscCall(run_sweep(pass, &bracket, PETSC_TRUE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HolePassGetTree(HolePass pass, HoleTree *tree)
{
  PetscFunctionBegin;
  *tree      = pass->tree;
  pass->tree = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HolePassGetNeighbours(HolePass pass, HoleIndex *k, const HoleIndex *ids[], const double *lengths[])
{
  PetscFunctionBegin;
  *k       = pass->k;
  *ids     = pass->ids;
  *lengths = pass->lengths;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HolePassGetEdges(HolePass pass, HoleIndex *n_edges, const HoleEdge *edges[])
{
  PetscFunctionBegin;
  *n_edges = pass->n_edges;
  *edges   = pass->edges;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_pass_take_edges(HolePass pass, HoleIndex *n, struct hole_edge_key *edges[])
{
  PetscFunctionBegin;
  for (HoleIndex e = 0; e < pass->n_edges; ++e) { /* a key is shorter: none is written over that was not read */
    const HoleEdge             edge = pass->edges[e];
    const struct hole_edge_key key  = hole_edge_key_of(edge.length + 0.0, edge.i, edge.j); /* no -0 */

    memcpy((char *)pass->edges + (size_t)e * sizeof(key), &key, sizeof(key));
  }
  PetscCall(PetscRealloc((size_t)PetscMax(1, pass->n_edges) * sizeof(**edges), &pass->edges));
  *n            = pass->n_edges;
  *edges        = (struct hole_edge_key *)pass->edges;
  pass->edges   = NULL;
  pass->n_edges = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

void hole_pass_take_bounds(HolePass pass, hole_bounds *bounds)
{
  *bounds      = pass->bounds;
  pass->bounds = NULL;
}

PetscErrorCode HolePassGetEnclosingRadius(HolePass pass, double *radius)
{
  PetscFunctionBegin;
  *radius = pass->radius;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HolePassGetQuantile(HolePass pass, double *length)
{
  PetscFunctionBegin;
  *length = pass->quantile;
  PetscFunctionReturn(PETSC_SUCCESS);
}

double HolePassPredictBytes(HoleMetric metric, HoleIndex n, HoleIndex width, HoleIndex k, PetscBool stored,
                            PetscMPIInt size, PetscMPIInt together)
{
  HoleMetric      base   = metric ? HoleMetricGetBase(metric) : NULL;
  const HoleIndex units  = base && base->most_width ? PetscMin(base->most_width, width) : width;
  const HoleIndex stride = base ? hole_metric_stride(base, units) : 0;
  const double    tiles  = hole_sweep_predict_bytes(n);
  double          travel = 0, all;

  if (!stored)
    travel = hole_tiles_predict_bytes(n, base->bound == HOLE_BOUND_NONE ? 0 : units,
                                      hole_shadows_default_axes(n, units), size) +
             hole_ring_predict_bytes(n, stride, size, together, size / 2 + 1) + hole_radius_predict_bytes(n, size);
  all = tiles + travel + hole_forest_predict_bytes(n, stored ? 0 : stride) +
        (k ? hole_neighbours_predict_bytes(n, k, size) : 0);
  return stored ? all
                : PetscMax(all, hole_witnesses_predict_bytes(n, stride, size)); /* these go before the rest comes */
}

PetscErrorCode HolePassDestroy(HolePass *pass)
{
  PetscFunctionBegin;
  if (!*pass) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HoleTreeDestroy(&(*pass)->tree));
  PetscCall(PetscFree((*pass)->ids));
  PetscCall(PetscFree((*pass)->lengths));
  PetscCall(PetscFree((*pass)->edges));
  PetscCall(hole_bounds_destroy(&(*pass)->bounds));
  PetscCall(PetscFree(*pass));
  PetscFunctionReturn(PETSC_SUCCESS);
}
