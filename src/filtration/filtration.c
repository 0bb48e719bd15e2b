/* The filtration object: a rule for where it stops, the number that the rule gives, and what all types share. */
#include "filtration_impl.h"

#include "../core/block.h"
#include "../core/simd.h"
#include "edges.h"
#include "graph_impl.h"
#include "restore.h"
#include <errno.h>
#include <float.h>
#include <hole/hole_diagram.h>
#include <hole/hole_error.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Below this share of pairs, edges are kept as a graph: it takes less memory than rows, and less time. */
static const double LARGEST_SHARE = 1.0 / 8;

/* A number that fills the whole text. */
static PetscBool parse_number(const char text[], double *value)
{
  char *end;

  errno  = 0;
  *value = strtod(text, &end);
  return (PetscBool)(end != text && !*end && !isnan(*value) && errno != ERANGE);
}

static PetscBool parse_quantile(const char rule[], double *q)
{
  const char prefix[] = "quantile:";

  if (strncmp(rule, prefix, strlen(prefix))) return PETSC_FALSE;
  return (PetscBool)(parse_number(rule + strlen(prefix), q) && *q >= 0 && *q <= 1);
}

static PetscBool is_enclosing(const char rule[]) { return (PetscBool)!strcmp(rule, "enclosing"); }

PetscErrorCode HoleFiltrationCreate(HoleDistances d, HoleFiltration *f)
{
  PetscFunctionBegin;
  PetscCall(PetscNew(f));
  (*f)->d            = d;
  (*f)->ops          = &hole_filtration_rips;
  (*f)->max_dim      = 1;
  (*f)->n_neighbours = 16;
  (*f)->epsilon      = 0.5;
  PetscCall(HoleFiltrationSetThreshold(*f, "enclosing"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleFiltrationCreateFromGraph(Mat graph, HoleFiltration *f)
{
  PetscMPIInt rank, size;
  PetscInt    n, first, end;
  MPI_Comm    comm;
  PetscBool   same;

  PetscFunctionBegin;
  *f = NULL;
  PetscCall(PetscObjectGetComm((PetscObject)graph, &comm));
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCallMPI(MPI_Comm_size(comm, &size));
  PetscCall(MatGetSize(graph, &n, NULL));
  PetscCall(MatGetOwnershipRange(graph, &first, &end));
  same = (PetscBool)(first == hole_block_first(n, size, rank) && end == hole_block_first(n, size, rank + 1));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &same, 1, MPIU_BOOL, MPI_LAND, comm));
  PetscCheck(same, PETSC_COMM_SELF, PETSC_ERR_ARG_WRONG,
             "The rows of a graph must be split over ranks as HoleGraphCreate() does it");
  PetscCall(HoleFiltrationCreate(NULL, f));
  PetscCall(PetscObjectReference((PetscObject)graph));
  (*f)->given = graph;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleFiltrationSetType(HoleFiltration f, const char type[])
{
  PetscFunctionBegin;
  PetscCall(hole_filtration_find(type, &f->ops));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleFiltrationSetNeighbors(HoleFiltration f, HoleIndex n_neighbours)
{
  PetscFunctionBegin;
  PetscCheck(n_neighbours >= 1, PETSC_COMM_SELF, HOLE_ERR_USAGE,
             "-neighbors %" HoleIndex_FMT ": expected a number of 1 or more", n_neighbours);
  f->n_neighbours = n_neighbours;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleFiltrationSetEpsilon(HoleFiltration f, double epsilon)
{
  PetscFunctionBegin;
  PetscCheck(epsilon > 0 && isfinite(epsilon), PETSC_COMM_SELF, HOLE_ERR_USAGE,
             "-epsilon %g: expected a number greater than 0", epsilon);
  f->epsilon = epsilon;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleFiltrationSetThreshold(HoleFiltration f, const char rule[])
{
  double    value;
  PetscBool good =
      (PetscBool)(is_enclosing(rule) || parse_quantile(rule, &value) || (parse_number(rule, &value) && value >= 0));

  PetscFunctionBegin;
  PetscCheck(good && strlen(rule) < sizeof(f->rule), PETSC_COMM_SELF, HOLE_ERR_USAGE,
             "-threshold %s: expected 'enclosing', a number of 0 or more, 'inf', or 'quantile:Q' with Q from 0 to 1",
             rule);
  PetscCall(PetscStrncpy(f->rule, rule, sizeof(f->rule)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleFiltrationSetMaxDim(HoleFiltration f, PetscInt max_dim)
{
  PetscFunctionBegin;
  PetscCheck(max_dim >= 0 && max_dim <= HOLE_MAX_DIM, PETSC_COMM_SELF, HOLE_ERR_USAGE,
             "-max_dim %" PetscInt_FMT ": expected a dimension from 0 to %d", max_dim, HOLE_MAX_DIM);
  f->max_dim = max_dim;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* An option that belongs to one type. */
static PetscErrorCode check_owner(HoleFiltration f, const char option[], const struct hole_filtration_ops *owner)
{
  PetscFunctionBegin;
  PetscCheck(f->ops == owner, PETSC_COMM_SELF, HOLE_ERR_USAGE, "%s belongs to -filtration %s; this one is %s", option,
             owner->name, f->ops->name);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* -neighbors and -epsilon. */
static PetscErrorCode read_parameters(HoleFiltration f)
{
  char      text[HOLE_NAME_LENGTH];
  PetscInt  n_neighbours;
  double    epsilon;
  PetscBool set;

  PetscFunctionBegin;
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-neighbors", &n_neighbours, &set));
  if (set) PetscCall(check_owner(f, "-neighbors", &hole_filtration_knn));
  if (set) PetscCall(HoleFiltrationSetNeighbors(f, n_neighbours));
  PetscCall(PetscOptionsGetString(NULL, NULL, "-epsilon", text, sizeof(text), &set));
  if (set) PetscCall(check_owner(f, "-epsilon", &hole_filtration_sparse));
  PetscCheck(!set || (parse_number(text, &epsilon) && epsilon > 0 && isfinite(epsilon)), PETSC_COMM_SELF,
             HOLE_ERR_USAGE, "-epsilon %s: expected a number greater than 0", text);
  if (set) PetscCall(HoleFiltrationSetEpsilon(f, epsilon));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleFiltrationSetFromOptions(HoleFiltration f)
{
  char      text[HOLE_NAME_LENGTH];
  PetscInt  max_dim;
  PetscBool set;

  PetscFunctionBegin;
  PetscCall(PetscOptionsGetString(NULL, NULL, "-filtration", text, sizeof(text), &set));
  if (set) PetscCall(HoleFiltrationSetType(f, text));
  PetscCall(read_parameters(f));
  PetscCall(PetscOptionsGetString(NULL, NULL, "-threshold", text, sizeof(text), &set));
  if (set) PetscCall(HoleFiltrationSetThreshold(f, text));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-max_dim", &max_dim, &set));
  if (set) PetscCall(HoleFiltrationSetMaxDim(f, max_dim));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: edges up to the threshold, of own rows. */
static PetscErrorCode list_short_edges(HoleFiltration f, Mat graph, HoleIndex *n_edges, HoleEdge *edges[])
{
  struct hole_edge_key *keys;
  PetscErrorCode        allocated;

  PetscFunctionBegin;
  PetscCall(hole_graph_own_edges(graph, f->threshold, n_edges, &keys));
  allocated = PetscMalloc1(*n_edges, edges);
  for (HoleIndex e = 0; e < *n_edges && !allocated; ++e) (*edges)[e] = (HoleEdge){keys[e].length, keys[e].i, keys[e].j};
  PetscCall(PetscFree(keys));
  PetscCall(allocated);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: the graph of all edges up to the threshold, from one that has them and may have longer ones. */
static PetscErrorCode cut_graph(HoleFiltration f, Mat whole, Mat *graph)
{
  MPI_Comm       comm    = HoleFiltrationGetComm(f);
  HoleEdge      *edges   = NULL;
  HoleIndex      n_edges = 0;
  PetscInt       n;
  PetscErrorCode cut;

  PetscFunctionBegin;
  PetscCall(MatGetSize(whole, &n, NULL));
  cut = HoleErrorAgree(comm, list_short_edges(f, whole, &n_edges, &edges)); /* local */
  if (!cut) cut = HoleGraphCreate(comm, n, n_edges, edges, graph);          /* collective */
  PetscCall(PetscFree(edges));
  PetscCall(cut);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: what a graph says of the threshold; its longer edges go. */
static PetscErrorCode take_graph(HoleFiltration f, Mat graph)
{
  double longest, radius;

  PetscFunctionBegin;
  PetscCall(hole_graph_measure(graph, &longest, &radius));
  if (is_enclosing(f->rule)) f->threshold = radius;
  f->cutoff = PetscMin(f->threshold, PetscMin(longest, radius));
  if (longest > f->threshold) PetscCall(cut_graph(f, graph, &f->graph));
  else {
    PetscCall(PetscObjectReference((PetscObject)graph));
    f->graph = graph;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscBool hole_filtration_wants_radius(HoleFiltration f)
{
  return (PetscBool)(f->max_dim > 0 || (is_enclosing(f->rule) && !HoleDistancesIsGeodesic(f->d)));
}

/* Collective: the longest finite length of stored rows. */
static PetscErrorCode find_longest(HoleDistances d, double *longest)
{
  HoleIndex n, n_local;
  double    most = 0, *buffer;

  PetscFunctionBegin;
  PetscCall(HoleDistancesGetShape(d, &n, NULL, NULL, &n_local));
  HoleCallAgreed(HoleDistancesGetComm(d), HoleDistancesAllocateBuffer(d, &buffer)); /* local */
  for (HoleIndex i = 0; i < n_local; ++i) {
    const double *row = HoleDistancesReadRow(d, i, buffer);

    for (HoleIndex j = 0; j < n; ++j) most = row[j] < INFINITY && row[j] > most ? row[j] : most;
  }
  PetscCall(PetscFree(buffer));
  PetscCallMPI(MPI_Allreduce(&most, longest, 1, MPI_DOUBLE, MPI_MAX, HoleDistancesGetComm(d)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: threshold and cutoff of a complete filtration. Lengths that are computed are finite; of those that were given, in
   rows, some may be infinite. */
static PetscErrorCode take_radius(HoleFiltration f, HolePass pass)
{
  double radius, longest;

  PetscFunctionBegin;
  f->cutoff = f->threshold;
  if (!hole_filtration_wants_radius(f)) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HolePassGetEnclosingRadius(pass, &radius));
  if (is_enclosing(f->rule)) f->threshold = radius;
  f->cutoff = PetscMin(f->threshold, radius);
  if (f->cutoff == INFINITY && HoleDistancesIsStored(f->d)) {
    PetscCall(find_longest(f->d, &longest));
    f->cutoff = longest;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The number behind the rule, as far as a pass over all pairs knows it. */
static PetscErrorCode take_threshold(HoleFiltration f, HolePass pass)
{
  double number;

  PetscFunctionBegin;
  f->threshold = INFINITY; /* also of `enclosing`, until the edges are known */
  if (parse_quantile(f->rule, &number)) PetscCall(HolePassGetQuantile(pass, &f->threshold));
  else if (parse_number(f->rule, &number)) f->threshold = number;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What the pass tells of all pairs is kept: up to the threshold if it is known by then, to the enclosing radius if that will be it. */
static void want_bounds(HoleFiltration f, HolePass pass)
{
  double number, longest = INFINITY;

  if (!f->keeps_bounds || !f->ops->complete || f->is_graph || HoleDistancesIsGeodesic(f->d)) return;
  if (parse_number(f->rule, &number)) longest = number;
  if (parse_quantile(f->rule, &number)) longest = DBL_MAX;
  hole_pass_want_bounds(pass, longest);
}

/* Collective: the first pass, then the graph. */
static PetscErrorCode set_up_from_pass(HoleFiltration f, HolePass pass)
{
  double         q, number = 0;
  PetscBool      wants_edges = PETSC_FALSE;
  Mat            graph       = NULL;
  PetscErrorCode taken;

  PetscFunctionBegin;
  (void)parse_number(f->rule, &number);
  PetscCall(HolePassWantTree(pass));
  if (parse_quantile(f->rule, &q)) PetscCall(HolePassWantQuantile(pass, q));
  else if (f->ops->complete && f->is_graph) {
    wants_edges = PETSC_TRUE; /* the length is known already: no second pass */
    PetscCall(HolePassWantEdges(pass, number));
  }
  PetscCall(f->ops->want(f, pass));
  want_bounds(f, pass);
  PetscCall(HolePassRun(pass));
  hole_pass_take_bounds(pass, &f->bounds);
  PetscCall(HolePassGetTree(pass, &f->tree));
  PetscCall(take_threshold(f, pass));
  if (f->ops->complete) {
    PetscCall(take_radius(f, pass));
    if (f->is_graph) PetscCall(hole_filtration_find_edges(f, wants_edges ? pass : NULL));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(f->ops->build(f, pass, &graph));
  taken = take_graph(f, graph);
  PetscCall(MatDestroy(&graph));
  PetscCall(taken);
  PetscCall(hole_graph_forest(f->graph, &f->forest));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What share of pairs are edges, as far as the rule tells: 1 all, 0 nobody knows. */
static double share_of_rule(HoleFiltration f)
{
  double number;

  if (parse_quantile(f->rule, &number)) return number;
  return parse_number(f->rule, &number) && number < DBL_MAX ? 0 : 1;
}

/* Collective: rows of all pairs, or a graph of few? It follows from the input and options alone. */
static PetscErrorCode choose_form(HoleFiltration f)
{
  double share = share_of_rule(f), number;

  PetscFunctionBegin;
  f->is_graph = (PetscBool)!f->ops->complete;
  if (f->is_graph || !f->max_dim || HoleDistancesIsGeodesic(f->d)) PetscFunctionReturn(PETSC_SUCCESS);
  if (parse_number(f->rule, &number) && number < DBL_MAX)
    PetscCall(hole_filtration_estimate_share(f->d, number, &share));
  f->is_graph = (PetscBool)(share < LARGEST_SHARE);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode set_up_from_distances(HoleFiltration f)
{
  HolePass       pass;
  PetscErrorCode done;

  PetscFunctionBegin;
  PetscCall(choose_form(f));
  PetscCall(HolePassCreate(f->d, &pass));
  done = set_up_from_pass(f, pass);
  PetscCall(HolePassDestroy(&pass));
  PetscCall(done);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: what given edges say of it. */
static PetscErrorCode take_edges(HoleFiltration f)
{
  double longest, radius;

  PetscFunctionBegin;
  PetscCall(hole_filtration_measure_edges(f, &longest, &radius));
  if (is_enclosing(f->rule)) f->threshold = radius;
  f->cutoff = PetscMin(f->threshold, PetscMin(longest, radius));
  PetscCall(hole_filtration_cut_edges(f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: the tree is that of all edges, whatever the threshold. */
static PetscErrorCode set_up_from_graph(HoleFiltration f)
{
  double q;

  PetscFunctionBegin;
  PetscCheck(f->ops->complete, PETSC_COMM_SELF, HOLE_ERR_USAGE,
             "-filtration %s needs the distances of all pairs, but only a graph is given; use -filtration rips",
             f->ops->name);
  PetscCheck(!parse_quantile(f->rule, &q), PETSC_COMM_SELF, HOLE_ERR_USAGE,
             "-threshold %s is of all pairs, but only a graph is given; expected 'enclosing', a number or 'inf'",
             f->rule);
  f->is_graph = PETSC_TRUE;
  PetscCall(take_threshold(f, NULL));
  if (!f->given) {
    PetscCall(take_edges(f));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(hole_graph_forest(f->given, &f->tree));
  PetscCall(take_graph(f, f->given));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleFiltrationSetUp(HoleFiltration f)
{
  PetscBool view;
  Mat       graph;

  PetscFunctionBegin;
  if (f->d) PetscCall(set_up_from_distances(f));
  else PetscCall(set_up_from_graph(f));
  PetscCall(PetscOptionsHasName(NULL, NULL, "-graph_view", &view));
  if (view) {
    PetscCall(HoleFiltrationGetGraph(f, &graph));
    PetscCall(MatViewFromOptions(graph, NULL, "-graph_view"));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

const char *HoleFiltrationGetType(HoleFiltration f) { return f->ops->name; }

HoleIndex HoleFiltrationGetNeighbors(HoleFiltration f) { return f->n_neighbours; }

double HoleFiltrationGetEpsilon(HoleFiltration f) { return f->epsilon; }

HoleTree HoleFiltrationGetTree(HoleFiltration f) { return f->tree; }

HoleTree HoleFiltrationGetForest(HoleFiltration f) { return f->forest ? f->forest : f->tree; }

PetscBool HoleFiltrationIsGraph(HoleFiltration f) { return f->is_graph; }

PetscErrorCode HoleFiltrationGetGraph(HoleFiltration f, Mat *graph)
{
  PetscFunctionBegin;
  *graph = NULL;
  if (!f->graph && hole_filtration_has_edges(f)) PetscCall(hole_filtration_graph_of_edges(f, &f->graph));
  if (!f->graph) PetscCall(f->ops->build(f, NULL, &f->graph));
  *graph = f->graph;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A row of the graph with infinity where there is no edge. */
static PetscErrorCode fill_row(HoleIndex i, HoleIndex n, double row[], void *graph)
{
  PetscInt           n_entries;
  const PetscInt    *columns;
  const PetscScalar *lengths;

  PetscFunctionBegin;
  for (HoleIndex j = 0; j < n; ++j) row[j] = INFINITY;
  row[i] = 0;
  PetscCall(MatGetRow(graph, (PetscInt)i, &n_entries, &columns, &lengths));
  for (PetscInt e = 0; e < n_entries; ++e) row[columns[e]] = PetscRealPart(lengths[e]);
  PetscCall(MatRestoreRow(graph, (PetscInt)i, &n_entries, &columns, &lengths));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscBool HoleFiltrationPredictRows(HoleFiltration f)
{
  return (PetscBool)(f->ops->complete && f->max_dim > 0 && share_of_rule(f) >= LARGEST_SHARE);
}

static double rows_bytes(HoleIndex n, PetscMPIInt size)
{
  return (double)sizeof(double) * (double)hole_block_count(n, size, 0) * (double)HOLE_ROW_STRIDE(n);
}

/* Local: memory that cannot be had is said here, in words that help. */
static PetscErrorCode try_rows(HoleIndex n, PetscMPIInt size)
{
  const double bytes = rows_bytes(n, size);
  void        *trial = bytes < (double)SIZE_MAX ? malloc((size_t)bytes + 1) : NULL;

  PetscFunctionBegin;
  free(trial);
  PetscCheck(trial, PETSC_COMM_SELF, HOLE_ERR_RESOURCE,
             "homology of dimension 1 and more of %" HoleIndex_FMT
             " points needs %.3g GiB per rank for rows of the graph; "
             "lower -max_points, use -max_dim 0, or more ranks on more nodes",
             n, bytes / 0x1p30);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleFiltrationGetWeights(HoleFiltration f, HoleDistances *weights)
{
  MPI_Comm    comm = HoleFiltrationGetComm(f);
  PetscMPIInt size;
  PetscInt    n;
  Mat         graph;

  PetscFunctionBegin;
  *weights = NULL;
  if (f->ops->complete && f->d) {
    PetscCall(HoleDistancesStore(f->d));
    *weights = f->d;
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  if (!f->weights) {
    PetscCallMPI(MPI_Comm_size(comm, &size));
    PetscCall(HoleFiltrationGetGraph(f, &graph));
    PetscCall(MatGetSize(graph, &n, NULL));
    HoleCallAgreed(comm, try_rows(n, size)); /* local */
    PetscCall(HoleDistancesCreateFromRows(comm, n, fill_row, graph, &f->weights));
  }
  *weights = f->weights;
  PetscFunctionReturn(PETSC_SUCCESS);
}

void hole_filtration_restore(HoleFiltration f, double threshold) { f->threshold = threshold; }

double HoleFiltrationGetThreshold(HoleFiltration f) { return f->threshold; }

double HoleFiltrationGetCutoff(HoleFiltration f) { return f->cutoff; }

PetscInt HoleFiltrationGetMaxDim(HoleFiltration f) { return f->max_dim; }

HoleDistances HoleFiltrationGetDistances(HoleFiltration f) { return f->d; }

MPI_Comm HoleFiltrationGetComm(HoleFiltration f)
{
  if (f->d) return HoleDistancesGetComm(f->d);
  return f->given ? PetscObjectComm((PetscObject)f->given) : f->comm;
}

double hole_filtration_predict_graph(double n_edges, PetscMPIInt size)
{
  const double n_entries = 2 * n_edges / size, an_entry = sizeof(HoleEdge) + sizeof(HoleIndex) + sizeof(double);

  return n_edges / size * (double)sizeof(HoleEdge) + n_entries * an_entry;
}

double HoleFiltrationPredictBytes(HoleFiltration f, HoleIndex n, PetscMPIInt size)
{
  const double forest  = f->ops->complete ? 0 : (double)n * (double)(3 * sizeof(HoleEdge) + sizeof(HoleIndex));
  const double n_edges = f->ops->complete && f->max_dim && !HoleFiltrationPredictRows(f)
                             ? share_of_rule(f) * (double)n * (double)n / 2
                             : 0;

  return f->ops->predict(f, n, size) + forest +
         1.5 * (double)sizeof(HoleEdge) * n_edges / size; /* the list grows by half */
}

PetscErrorCode HoleFiltrationDestroy(HoleFiltration *f)
{
  PetscFunctionBegin;
  if (!*f) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HoleTreeDestroy(&(*f)->tree));
  PetscCall(HoleTreeDestroy(&(*f)->forest));
  PetscCall(HoleDistancesDestroy(&(*f)->weights));
  PetscCall(MatDestroy(&(*f)->graph));
  PetscCall(MatDestroy(&(*f)->given));
  PetscCall(PetscFree((*f)->edges));
  PetscCall(hole_bounds_destroy(&(*f)->bounds));
  PetscCall(PetscFree(*f));
  PetscFunctionReturn(PETSC_SUCCESS);
}
