/* What a run will need. Bytes are those of the functions beside the code that allocates them; here it is said what is there at the
   same time. Seconds are numbers of pairs and points times the rates of this machine; the constants below were fitted to
   runs on real activations (docs/guide/plan.md, tests/bench/bench_plan.py). */
#include "model.h"

#include "../activations/source_impl.h"
#include "../core/block.h"
#include "../core/threads.h"
#include "../distances/bounds.h"
#include "../distances/panels.h"
#include "../distances/ring.h"
#include "../distances/row_cache.h"
#include "../distances/shadows.h"
#include "../distances/witnesses.h"
#include "../homology/lunes.h"
#include "../homology/reduction.h"
#include "../homology/skeleton.h"
#include "../metric/metric_impl.h"
#include "../tree/edge_order.h"
#include "app.h"
#include "memory.h"

#include <math.h>
#include <string.h>

#define READ_BUFFER    (32. * 1024 * 1024) /* of a layer while it is read; the cache of chunks takes as much again */
#define LINK_BYTE      0.5e-9              /* seconds to bring a byte from another rank */
#define REFERENCE_BYTE 4e-11 /* seconds a byte of memory on the machine where the constants below were fitted */

/* Seconds there. */
#define START       0.05   /* a run of nothing */
#define A_VALUE     10e-9  /* to read, convert and check a value */
#define A_CHUNKED   35e-9  /* to decompress it, too */
#define A_LOOK      1.5e-9 /* all consumers at one pair of a tile */
#define A_STORED    16e-9  /* one pair of stored rows: first touched, checked, rounded, looked at */
#define A_MERGE     60e-9  /* to sort and settle one point of a forest, times log2 n, for each block */
#define A_NEIGHBOUR 15e-9  /* to settle one neighbour of one point, times log2 of their number, for each block */
#define A_BOUND     6e-9   /* one pair of bounds: first touched, mirrored, checked */
#define PAGE        4096.
#define A_LUNE      13e-9 /* all three sieves for one pair */
#define A_SCAN      5e-9  /* reduction, for each pair of points: it depends on the data */
#define A_SORTED    80e-9 /* by ranks: to sort an edge and write it into rows */
#define A_LISTED    6e-9  /* to find, sort and reduce an edge where few pairs are, for each byte of it */
#define SHADOWED    0.45 /* of the time of a tile where shadows are tried: from less than half to all of it, by the data */
#define A_BIT       25e-12 /* to search its lune, for each point */
#define A_RANKED    40e-9  /* to reduce, dimension 2 and more: it depends on the data */
#define A_PATH      40e-9  /* shortest paths from one point to another */
#define A_PLANE     0.5e-9 /* one value of a row in one product; there are some PRODUCTS */
#define PRODUCTS    40
#define A_ORDER     20e-9  /* one entry of the matrix of up to 5,000 points, on the first rank, for orders */
#define A_HEAT      2e-9   /* one pair in a heatmap */
#define A_CUT       60e-9  /* curves, stages and tasks of one point, times log2 n */
#define A_WRITE     0.3e-6 /* to write what there is of one point */

static const char *const names[]   = {"read",  "plane",     "points", "rows",     "pass", "graph",
                                      "lunes", "reduction", "views",  "clusters", "write"};
static const char *const timings[] = {"read",  "plane",     "distances", "filtration", "filtration", "filtration",
                                      "lunes", "reduction", "views",     "clusters",   "write"};

const char *model_step_name(enum model_step step) { return names[step]; }

const char *model_step_timing(enum model_step step) { return timings[step]; }

/* While layers go by. Bytes are those of one rank, the largest. */
struct state {
  const struct app_run *run;
  const struct rates   *rates; /* or NULL */
  struct model         *model;
  PetscMPIInt           size, together; /* ranks, and those of a node */
  HoleIndex             n, n_local;
  double                log_n, pace; /* pace: seconds here for one on the machine of the constants */
  PetscInt              max_dim;
  PetscBool             complete, windows; /* all pairs are edges; the distributed algorithm */
  PetscBool             rows_known;        /* all pairs are stored as rows, or as good */
  PetscBool             by_ranks;          /* that algorithm sorts the edges */
  double                flow;              /* tables of the layers before */

  /* Of the layer and metric at hand. */
  HoleIndex     layer, width;
  HoleLayerKind kind;
  int           metric;
  double        acts, points; /* activations; prepared points of all metrics that are kept */
};

/* A step that holds `bytes` beside what stays from layer to layer. */
static void add(struct state *s, enum model_step step, double bytes, double flop, double seconds)
{
  struct model_phase *phase = &s->model->steps[step];
  const double        all   = (double)s->model->base + s->flow + bytes;

  phase->bytes = PetscMax(phase->bytes, PetscMax((double)s->model->start, all));
  phase->flop += flop;
  if (s->rates) phase->seconds += seconds;
}

static double tile_seconds(const struct state *s)
{
  return s->rates ? pair_seconds(&s->rates->tile[s->metric], (double)s->width) / hole_threads() : 0;
}

static double length_seconds(const struct state *s)
{
  return s->rates ? pair_seconds(&s->rates->length[s->metric], (double)s->width) / hole_threads() : 0;
}

static double pairs(const struct state *s) { return (double)s->n * (double)s->n / 2 / s->size; }

static PetscInt blocks(const struct state *s) { return s->size / 2 + 1; }

static HoleMetric metric_of(const struct state *s) { return s->run->precomputed ? NULL : s->run->metrics[s->metric]; }

/* Of a pair: a difference, a product and a sum for each unit. */
static double length_flop(const struct state *s)
{
  return (metric_of(s)->bound == HOLE_BOUND_ANGULAR ? 2 : 3) * (double)s->width;
}

static void read_layer(struct state *s)
{
  const struct source_layer *layer   = &s->run->source->layers[s->layer];
  const double               sample  = (double)sizeof(double) * (double)layer->plan.values;
  const double               values  = (double)s->run->source->n_file / s->size * (double)layer->plan.values;
  const double               buffer  = PetscMax(sample, PetscMin(READ_BUFFER, sizeof(double) * values));
  const double               cache   = layer->shape.chunk_rows ? PetscMin(READ_BUFFER, sizeof(double) * values) : 0;
  const double               a_value = s->pace * (layer->shape.chunk_rows ? A_VALUE + A_CHUNKED : A_VALUE);

  s->acts = HoleSourcePredictBytes(s->run->source, s->layer, s->size);
  switch (s->kind) {
  case HOLE_LAYER_ACTIVATIONS:
    add(s, MODEL_READ, s->acts + buffer + cache, 0, a_value * values);
    break;
  case HOLE_LAYER_DISTANCES:
    add(s, MODEL_READ, s->acts + 2 * PetscMin(READ_BUFFER, s->acts), 0, a_value * (double)s->n_local * (double)s->n);
    break;
  case HOLE_LAYER_GRAPH:
    add(s, MODEL_READ, s->acts, 0, 4 * a_value * (double)layer->n_entries / s->size);
    break;
  }
}

/* One pass over all pairs of points; if whole tiles are wanted, without shadows. */
static double pass_seconds(const struct state *s, HoleIndex k, PetscBool whole)
{
  const double rows = (double)s->n * s->log_n * A_MERGE * (double)blocks(s);
  const double near = k ? (double)(s->n_local * blocks(s) * 2 * k) * log2((double)k + 2) * A_NEIGHBOUR : 0;
  const double link = LINK_BYTE * (double)blocks(s) * (double)sizeof(double) * (double)(s->n_local * s->width);

  const PetscBool shadows =
      (PetscBool)(metric_of(s)->bound != HOLE_BOUND_NONE && hole_shadows_default_axes(s->n, s->width) > 0 && !whole);
  const double tile = tile_seconds(s) * (shadows ? SHADOWED : 1);

  return pairs(s) * (tile + s->pace * A_LOOK) + s->pace * (rows + near) + (s->together < s->size ? link : 0);
}

/* The enclosing radius, where it does not come of the pass. */
static double radius_pairs(const struct state *s)
{
  return (double)hole_witnesses_predict_count(s->n) * (double)s->n_local;
}

static double pass_flop(const struct state *s)
{
  const HoleMetric metric = metric_of(s);

  return pairs(s) * (metric->bound == HOLE_BOUND_NONE ? length_flop(s) : 2 * (double)s->width);
}

/* The plane, before the metrics. */
static void find_plane(struct state *s)
{
  const double products = 2 * PRODUCTS * (double)s->n_local * (double)s->width;

  if (!s->run->views_options.pca2) return;
  add(s, MODEL_PLANE, s->acts + HoleViewsPredictPlaneBytes(s->n, s->width, s->size), 2 * products,
      s->pace * A_PLANE * products);
}

/* Are all metrics that are left made from the base of this one? Then the activations go. */
static PetscBool ends_activations(const struct state *s)
{
  for (int later = s->metric + 1; later < s->run->n_metrics; ++later) {
    if (!app_run_one_base(s->run, s->metric, later)) return PETSC_FALSE;
  }
  return PETSC_TRUE;
}

/* Points by the metric; a base that other metrics need stays. */
static void prepare_points(struct state *s)
{
  const struct app_run *run    = s->run;
  const HoleMetric      metric = metric_of(s);
  const HoleIndex       k      = PetscMin(app_run_neighbours(run, s->metric), s->n - 1);
  const PetscBool       looks  = (PetscBool)(HoleMetricGetNeighbours(metric, &run->metric_options) > 0);
  const double          kept   = (double)(s->n_local * k) * (sizeof(HoleIndex) + sizeof(double));
  const double prepare = HoleDistancesPredictPrepareBytes(metric, s->n, s->width, s->size), d = (double)s->width;
  const double pass =
      looks ? HolePassPredictBytes(metric, s->n, s->width, k, PETSC_FALSE, s->size, s->together) + kept : 0;
  double axes = 0, seconds, link;

  s->points = 0;
  for (int m = 0; m < run->n_metrics; ++m) { /* one set for each base that is made by now */
    int first = 0;

    while (!app_run_one_base(run, first, m)) ++first;
    if (first == m && m <= s->metric)
      s->points += HoleDistancesPredictPointBytes(run->metrics[m], s->n, s->width, s->size);
  }
  if (HoleMetricGetBase(metric)->transform) axes = 2 * (double)s->n * PetscMin(d * d, d * (double)s->n) / s->size;
  link    = LINK_BYTE * (s->size > 1 ? (double)s->n * d * sizeof(double) : 0) * (axes > 0);
  seconds = s->pace * ((double)s->n_local * d * 2e-9 + axes * 0.3e-9) + link;
  add(s, MODEL_POINTS, s->acts + s->points + PetscMax(prepare, pass), axes + (looks ? pass_flop(s) : 0),
      seconds + (looks ? pass_seconds(s, k, PETSC_FALSE) : 0));
  s->points += looks ? kept : 0;
  if (ends_activations(s)) s->acts = 0;
}

/* Stored rows; returns their bytes. */
static double store_rows(struct state *s)
{
  const HoleMetric metric = metric_of(s);
  const double     rows   = HoleDistancesPredictRowBytes(s->n, s->run->single, s->size);
  const double     count  = (double)s->n_local * ((double)s->n - (double)s->n_local / 2);
  const double     link  = LINK_BYTE * (double)(s->size > 1) * (double)s->n * (double)s->width * (double)sizeof(double);
  const double     paths = metric->rule == HOLE_RULE_PATHS ? A_PATH * (double)s->n_local * (double)s->n : 0;

  add(s, MODEL_ROWS,
      s->acts + s->points + rows + HoleDistancesPredictStoreBytes(metric, s->n, s->width, s->size, s->together),
      count * length_flop(s), count * length_seconds(s) + s->pace * paths + link);
  return rows;
}

/* The greedy permutation and the pass that finds the edges. */
static double sparse_seconds(const struct state *s, double rows)
{
  if (rows > 0) return 3 * pairs(s) * s->pace * A_STORED;
  return 2 * pass_seconds(s, 0, PETSC_FALSE) + (double)(s->n_local * s->n) * length_seconds(s);
}

/* The share of pairs that a quantile names; 1: none does. */
static double quantile_of(const struct state *s)
{
  char   rule[64];
  double q = 1;

  (void)app_get_text("-threshold", "", sizeof(rule), rule);
  return s->complete && sscanf(rule, "quantile:%lf", &q) == 1 ? q : 1;
}

/* What homology makes of a list of few edges, where it is known how many they are; ranks have the list beside it while they exchange them. */
static double few_edges(const struct state *s)
{
  const double n_edges = quantile_of(s) * (double)s->n * (double)s->n / 2;
  const double list    = s->size > 1 ? (double)sizeof(struct hole_edge_key) * n_edges / s->size : 0;

  if (s->rows_known || !s->max_dim || quantile_of(s) >= 1) return 0;
  return hole_skeleton_predict_graph(s->n, n_edges, s->max_dim) / s->together + list;
}

/* Are all rows stored? Of a geodesic metric they are the shortest paths, without which only the merge tree is known. */
static PetscBool stores_rows(const struct state *s)
{
  if (s->rows_known) return (PetscBool)(!s->windows || metric_of(s)->rule == HOLE_RULE_PATHS);
  return (PetscBool)(metric_of(s)->rule == HOLE_RULE_PATHS && (!s->complete || quantile_of(s) < 1));
}

/* Will bounds of all pairs be kept, from points? */
static PetscBool keeps_bounds(const struct state *s, double rows)
{
  return (PetscBool)(s->windows && s->max_dim == 1 && !s->by_ranks && metric_of(s) && rows <= 0);
}

/* Their bytes. */
static double kept_bounds(const struct state *s)
{
  const double node = s->together < s->size ? hole_bounds_predict_node(metric_of(s), s->n, s->width) / s->together : 0;

  return hole_bounds_predict_bytes(metric_of(s), s->n, s->size) + node;
}

/* The part of them that is there while points are compared: half of each row, and half a page. */
static double half_bounds(const struct state *s)
{
  return kept_bounds(s) - hole_bounds_predict_bytes(metric_of(s), s->n, s->size) / 2 + (double)s->n_local * PAGE / 2;
}

/* From here on distances are there, stored (`rows` bytes) or not. Returns what the filtration adds to them. */
static double set_up_filtration(struct state *s, double rows)
{
  const HoleMetric metric = metric_of(s);
  const double     held   = s->acts + s->points + rows;
  const double     graph  = HoleFiltrationPredictBytes(s->run->filtration, s->n, s->size);
  const HoleIndex  k      = strcmp(HoleFiltrationGetType(s->run->filtration), HOLE_FILTRATION_KNN)
                                ? 0
                                : PetscMin(HoleFiltrationGetNeighbors(s->run->filtration), s->n - 1);
  const PetscBool  sparse = (PetscBool)!strcmp(HoleFiltrationGetType(s->run->filtration), HOLE_FILTRATION_SPARSE);
  const double     pass  = HolePassPredictBytes(metric, s->n, s->width, k, (PetscBool)(rows > 0), s->size, s->together);
  const PetscBool  keeps = keeps_bounds(s, rows);
  const double     half  = keeps ? half_bounds(s) : 0;
  double           quantile = quantile_of(s) < 1 ? 2 : 1, seconds;

  seconds = rows > 0 ? pairs(s) * s->pace * A_STORED + s->pace * (double)s->n * s->log_n * A_MERGE * (double)blocks(s)
                     : pass_seconds(s, k, keeps) * quantile + radius_pairs(s) * length_seconds(s);
  if (keeps) seconds += pairs(s) * s->pace * A_BOUND;
  add(s, MODEL_PASS, held + pass + half, rows > 0 ? 0 : pass_flop(s) * quantile + radius_pairs(s) * length_flop(s),
      seconds);
  if (s->complete) { /* all pairs, or few edges as a list */
    if (!s->rows_known) add(s, MODEL_GRAPH, held + graph, 0, s->pace * A_LISTED * graph);
    return few_edges(s);
  }
  add(s, MODEL_GRAPH, held + graph + (double)(s->n_local * k) * (sizeof(HoleIndex) + sizeof(double)),
      sparse && rows <= 0 ? 2 * pass_flop(s) : 0,
      sparse ? sparse_seconds(s, rows) : s->pace * (double)(2 * s->n_local * k) * s->log_n * A_MERGE);
  return graph;
}

/* Everything that homology adds: `held` is there before, with stored rows of `rows` bytes. */
static void solve(struct state *s, double held, double rows)
{
  const size_t stored = s->run->single ? sizeof(float) : sizeof(double);
  const size_t value  = rows > 0 || !metric_of(s) ? stored : hole_bounds_predict_value(metric_of(s));
  const double result = hole_homology_predict_result(s->n), n = (double)s->n;
  /* Where all bounds can be read, on one node, no rows pass by. */
  const PetscMPIInt apart = s->together >= s->size && rows <= 0 && metric_of(s) ? 1 : s->size;
  const double      lunes = hole_lunes_predict_bytes(s->n, apart) + hole_panels_predict_bytes(s->n, apart);
  const double cache  = hole_row_cache_predict_bytes(s->n, value, apart) + hole_reduction_predict_bytes(s->n, s->size);
  const double waits  = s->size > 1 ? 1.3 : 1; /* ranks wait for columns and rows of others */
  const double panels = apart > 1 ? 2 * n * n * (double)value * LINK_BYTE : 0;

  if (!s->windows) {
    add(s, MODEL_REDUCTION, held + HoleHomologyPredictBytes(s->run->homology, s->n, s->size), 0, 0);
    return;
  }
  if (!s->max_dim) return;
  if (s->by_ranks) {
    const double    edges   = s->rows_known ? pairs(s) : 0; /* of a graph nobody knows how many */
    const HoleIndex known   = s->rows_known ? s->n : 0;
    const double    node    = hole_skeleton_predict_node(known);
    const double    lengths = rows > 0 || !metric_of(s) ? 0 : edges; /* that are computed now */
    const double    ring =
        lengths > 0 ? HoleDistancesPredictStoreBytes(metric_of(s), s->n, s->width, s->size, s->together) : 0;

    held += node / s->together - node / s->size; /* a node's own share of what all nodes hold */
    add(s, MODEL_LUNES, held + PetscMax(ring, HoleHomologyPredictBytes(s->run->homology, known, s->size)),
        lengths > 0 ? lengths * length_flop(s) : 0,
        s->pace * (A_SORTED + A_BIT * n) * edges + (lengths > 0 ? lengths * length_seconds(s) : 0));
    add(s, MODEL_REDUCTION, held, 0, s->pace * A_RANKED * waits * edges);
    return;
  }
  if (keeps_bounds(s, rows)) held += kept_bounds(s);
  add(s, MODEL_LUNES, held + result + lunes, 0, s->pace * A_LUNE * pairs(s) + panels);
  add(s, MODEL_REDUCTION, held + result + cache, 0, s->pace * A_SCAN * waits * n * n / s->size);
}

/* Are rows stored, `rows` bytes of them? Without them the lengths of a few points are computed for the views. */
static void look_at_views(struct state *s, double held, double rows)
{
  const HoleViewsOptions *o = &s->run->views_options;
  const double            n = (double)s->n, close = s->n <= HOLE_VIEWS_CLOSE ? n : HOLE_VIEWS_SAMPLE;
  const double            pairs_close = close * close / 2 / s->size;
  const PetscBool paths = (PetscBool)(s->kind == HOLE_LAYER_ACTIVATIONS && metric_of(s)->rule == HOLE_RULE_PATHS);
  double          bytes = HoleViewsPredictBytes(o, s->n, s->size);
  const PetscBool looks = (PetscBool)(o->heatmap || (s->n <= HOLE_VIEWS_CLOSE && (o->rcm || o->leaf_order)));
  double          flop = 0, seconds = 0;

  if (!bytes) return;
  if (paths && rows <= 0 && s->n <= HOLE_VIEWS_CLOSE) /* they are stored then */
    bytes += HoleDistancesPredictRowBytes(s->n, s->run->single, s->size) +
             HoleDistancesPredictStoreBytes(metric_of(s), s->n, s->width, s->size, s->together);
  if (looks && rows <= 0) {
    flop    = pairs_close * length_flop(s);
    seconds = pairs_close * length_seconds(s);
  }
  if (s->n <= HOLE_VIEWS_CLOSE) seconds += s->pace * A_ORDER * n * n;
  if (o->heatmap) seconds += s->pace * A_HEAT * (rows > 0 ? n * (double)s->n_local : pairs_close);
  if (o->spectral2 && rows <= 0) {
    flop += pass_flop(s);
    seconds += pass_seconds(s, 16, PETSC_FALSE);
  }
  add(s, MODEL_VIEWS, held + rows + bytes, flop, seconds);
}

/* Tables of a layer by a metric; clusters are half as many as points at a middling stage. */
static void follow_clusters(struct state *s, double held)
{
  const double n      = (double)s->n;
  const double stages = (double)PetscMin(HoleStagesOptionsGetMost(&s->run->stages_options), s->n);
  const double result = n * (2 * sizeof(HoleEdge) + sizeof(HoleInterval));
  const double flow   = n * stages / 2 * (double)(sizeof(HoleFlowNode) + sizeof(HoleFlowStageLink));
  const double blocks = s->run->views_options.heatmap ? PetscMin(n, HOLE_VIEWS_BLOCKS) : 0;
  const double views  = sizeof(float) * blocks * blocks + 64 * n; /* heatmap, planes, orders */
  const double table =
      s->run->n_classes <= HOLE_TASKS_MAX_CLASSES ? 8.0 * (double)s->run->n_classes * (double)s->run->n_classes : 0;
  const double curves = n * (390 + 8 * stages) + table; /* scratch of the sweeps, curves, tasks; labels, twice */
  const double write  = n * 128;

  add(s, MODEL_CLUSTERS, held + result + curves + flow + views, 0, s->pace * A_CUT * n * s->log_n);
  add(s, MODEL_WRITE, held + result + curves + flow + views + write, 0, s->pace * A_WRITE * n);
  s->flow += flow + 24 * n; /* and births and deaths for the summaries */
}

/* The cophenetic correlation is made of distances that are still there. */
static void correlate(struct state *s, double held)
{
  const double n = (double)s->n, drawn = PetscMin(n, HOLE_COPHENETIC_POINTS);

  add(s, MODEL_CLUSTERS, held + n * (2 * sizeof(HoleEdge) + sizeof(HoleInterval) + 32) + 8 * drawn * drawn, 0, 0);
}

/* A layer given as a graph. Of a matrix in CSR form both triangles are taken to be stored, as SciPy has them. */
static void run_graph(struct state *s)
{
  const double n_edges = (double)s->run->source->layers[s->layer].n_entries / 2;
  const double sorted  = 2 * (double)sizeof(struct hole_edge_key) * n_edges / s->size;
  const double trees   = 4 * (double)s->n * sizeof(HoleEdge);
  const double node    = hole_skeleton_predict_graph(s->n, n_edges, s->max_dim);

  s->points     = 0;
  s->acts       = 0;
  s->by_ranks   = PETSC_TRUE;
  s->rows_known = PETSC_FALSE;
  add(s, MODEL_GRAPH, sorted + trees, 0, s->pace * (double)s->n * s->log_n * A_MERGE);
  solve(s, node / s->together + hole_homology_predict_result(s->n), 0);
  follow_clusters(s, 0);
}

/* One layer by one metric. What its filtration holds is freed with it; stored distances are before its clusters are looked at. */
static void run_metric(struct state *s)
{
  double rows = 0, graph, held;

  if (s->kind == HOLE_LAYER_ACTIVATIONS) {
    prepare_points(s);
    if (stores_rows(s)) rows = store_rows(s);
  } else {
    s->points = 0;
    rows      = s->run->single ? s->acts / 2 : s->acts; /* as they were read, or shortened then */
    s->acts   = 0;
  }
  graph = set_up_filtration(s, rows);
  held  = s->acts + s->points + graph;
  solve(s, held + rows, rows);
  look_at_views(s, held + hole_homology_predict_result(s->n), rows);
  correlate(s, held + rows);
  follow_clusters(s, held);
}

static struct state start(const struct app_run *run, PetscMPIInt n_ranks, const struct rates *rates,
                          struct model *model)
{
  char         type[HOLE_NAME_LENGTH];
  const char  *filtration = HoleFiltrationGetType(run->filtration);
  struct state s          = {.run = run, .rates = rates, .model = model, .size = n_ranks, .n = run->n_points};

  (void)app_get_text("-homology_type", HOLE_HOMOLOGY_WINDOWS, sizeof(type), type);
  s.windows  = (PetscBool)!strcmp(type, HOLE_HOMOLOGY_WINDOWS);
  s.complete = (PetscBool)!strcmp(filtration, HOLE_FILTRATION_RIPS);
  s.max_dim  = HoleFiltrationGetMaxDim(run->filtration);
  s.n_local  = hole_block_count(s.n, n_ranks, 0);
  s.log_n    = log2((double)s.n + 1);
  s.pace     = rates ? rates->byte / REFERENCE_BYTE : 1;
  return s;
}

/* How homology will go, as far as options tell: a layer that is a graph changes it. */
static void choose_way(struct state *s)
{
  s->rows_known = HoleFiltrationPredictRows(s->run->filtration);
  s->by_ranks   = (PetscBool)(s->max_dim > 1 || HoleHomologyGetCoefficients(s->run->homology) != 2 || !s->rows_known);
}

PetscErrorCode model_predict(const struct app_run *run, PetscMPIInt n_ranks, PetscMPIInt together,
                             const struct rates *rates, struct model *model)
{
  struct state s;

  PetscFunctionBegin;
  PetscCall(PetscArrayzero(model->steps, MODEL_N_STEPS));
  model->n_ranks = n_ranks;
  model->peak    = 0;
  model->seconds = rates ? START : 0;
  s              = start(run, n_ranks, rates, model);
  s.together     = PetscMin(together, n_ranks);
  for (s.layer = 0; s.layer < run->n_layers; ++s.layer) {
    choose_way(&s);
    s.kind = HoleSourceGetLayerKind(run->source, s.layer);
    PetscCall(HoleSourceGetLayerShape(run->source, s.layer, NULL, &s.width));
    read_layer(&s);
    if (s.kind == HOLE_LAYER_ACTIVATIONS) find_plane(&s);
    for (s.metric = 0; s.metric < run->n_metrics; ++s.metric) {
      if (s.kind == HOLE_LAYER_GRAPH) run_graph(&s);
      else run_metric(&s);
    }
  }
  for (int p = 0; p < MODEL_N_STEPS; ++p) {
    model->seconds += model->steps[p].seconds;
    if (model->steps[p].bytes <= model->peak) continue;
    model->peak    = model->steps[p].bytes;
    model->highest = (enum model_step)p;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What lowers the need. */
static const char *advice(const struct app_run *run)
{
  if (HoleFiltrationGetMaxDim(run->filtration) > 1) return "lower -max_dim or -max_points, or raise -memory_limit";
  if (HoleFiltrationGetMaxDim(run->filtration) > 0)
    return "use -max_dim 0, lower -max_points, use more ranks on more nodes, or raise -memory_limit";
  return "lower -max_points, choose fewer -layers, use more ranks on more nodes, or raise -memory_limit";
}

PetscErrorCode model_explain(const struct app_run *run, const struct model *model, double available, size_t length,
                             char text[])
{
  HoleIndex width = 0, units;
  char      needs[32], has[32];

  PetscFunctionBegin;
  for (HoleIndex l = 0; l < run->n_layers; ++l) {
    PetscCall(HoleSourceGetLayerShape(run->source, l, NULL, &units));
    width = PetscMax(width, units);
  }
  PetscCall(app_memory_print(model->peak, sizeof(needs), needs));
  PetscCall(app_memory_print(available, sizeof(has), has));
  PetscCall(PetscSNPrintf(text, length,
                          "%s: %" HoleIndex_FMT " points of %" HoleIndex_FMT
                          " units need about %s per rank on %d rank%s (step %s), but %s is available; %s",
                          run->input, run->n_points, width, needs, model->n_ranks, model->n_ranks > 1 ? "s" : "",
                          model_step_name(model->highest), has, advice(run)));
  PetscFunctionReturn(PETSC_SUCCESS);
}
