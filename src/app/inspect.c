/* hole inspect: what is in a file of activations or results, and what is wrong with it. */
#include "../source/source_edges.h"
#include "app.h"
#include "tables.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Printing is rank 0's; all ranks read along. */
struct inspection {
  MPI_Comm    comm;
  PetscMPIInt rank;
  hole_reader reader;
  HoleSource  source;
};

/* What the values of a layer look like. */
struct layer_values {
  double    least, most;
  HoleIndex n_zeros, n_zero_rows;
};

static PetscErrorCode look_at_values(HoleActivations acts, struct layer_values *v)
{
  HoleIndex width, n_local, counts[2] = {0, 0};
  double   *rows, ends[2] = {-INFINITY, -INFINITY}; /* of -x and of x, so that both are maxima */

  PetscFunctionBegin;
  PetscCall(HoleActivationsGetShape(acts, NULL, &width, NULL, &n_local));
  PetscCall(HoleActivationsGetRows(acts, &rows));
  for (HoleIndex i = 0; i < n_local; ++i) {
    HoleIndex zeros = 0;

    for (HoleIndex c = 0; c < width; ++c) {
      double x = rows[i * width + c];

      zeros += x == 0;
      ends[0] = PetscMax(ends[0], -x);
      ends[1] = PetscMax(ends[1], x);
    }
    counts[0] += zeros;
    counts[1] += zeros == width;
  }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, ends, 2, MPI_DOUBLE, MPI_MAX, HoleActivationsGetComm(acts)));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, counts, 2, HOLE_MPI_INDEX, MPI_SUM, HoleActivationsGetComm(acts)));
  *v = (struct layer_values){-ends[0], ends[1], counts[0], counts[1]};
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What the lengths of the pairs of a layer look like. */
struct pair_lengths {
  double    least, most; /* 0 if there are no pairs */
  HoleIndex n, n_zeros;
};

/* Local: one more pair; `least` and `most` begin at infinity and minus infinity. */
static void add_length(double length, struct pair_lengths *p)
{
  p->least = PetscMin(p->least, length);
  p->most  = PetscMax(p->most, length);
  p->n += 1;
  p->n_zeros += length == 0;
}

/* Collective: each pair counts at its smaller point. */
static PetscErrorCode add_matrix(struct inspection *s, HoleIndex l, struct pair_lengths *p)
{
  HoleDistances d;
  HoleIndex     n, first, n_local;

  PetscFunctionBegin;
  PetscCall(HoleSourceLoadDistances(s->source, l, &d));
  PetscCall(HoleDistancesGetShape(d, &n, NULL, &first, &n_local));
  for (HoleIndex i = 0; i < n_local; ++i) {
    for (HoleIndex j = first + i + 1; j < n; ++j) add_length(HoleDistancesReadRow(d, i, NULL)[j], p);
  }
  PetscCall(HoleDistancesDestroy(&d));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective. */
static PetscErrorCode add_graph(struct inspection *s, HoleIndex l, struct pair_lengths *p)
{
  struct hole_edge_key *edges;
  HoleIndex             n_edges;

  PetscFunctionBegin;
  PetscCall(hole_source_load_edges(s->source, l, &n_edges, &edges));
  for (HoleIndex e = 0; e < n_edges; ++e) add_length(edges[e].length, p);
  PetscCall(PetscFree(edges));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A layer given as distances. */
static PetscErrorCode inspect_distances(struct inspection *s, HoleIndex l)
{
  struct pair_lengths p = {INFINITY, -INFINITY, 0, 0};
  HoleIndex           n;

  PetscFunctionBegin;
  if (HoleSourceGetLayerKind(s->source, l) == HOLE_LAYER_GRAPH) PetscCall(add_graph(s, l, &p));
  else PetscCall(add_matrix(s, l, &p));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &p.least, 1, MPI_DOUBLE, MPI_MIN, s->comm));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &p.most, 1, MPI_DOUBLE, MPI_MAX, s->comm));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &p.n, 1, HOLE_MPI_INDEX, MPI_SUM, s->comm));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &p.n_zeros, 1, HOLE_MPI_INDEX, MPI_SUM, s->comm));
  if (s->rank) PetscFunctionReturn(PETSC_SUCCESS);
  if (!p.n) p.least = p.most = 0;
  PetscCall(HoleSourceGetLayerShape(s->source, l, &n, NULL));
  printf("  %-20s %8" HoleIndex_FMT " x %-7" HoleIndex_FMT " %12.5g %12.5g %7.1f %%   distances of ",
         HoleSourceGetLayerName(s->source, l), n, n, p.least, p.most, p.n ? 100 * (double)p.n_zeros / (double)p.n : 0);
  if (HoleSourceGetLayerKind(s->source, l) == HOLE_LAYER_GRAPH) printf("%" HoleIndex_FMT " pairs: a graph\n", p.n);
  else printf("all pairs\n");
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A layer given as activations. Reading a layer checks every value of it. */
static PetscErrorCode inspect_layer(struct inspection *s, HoleIndex l)
{
  HoleActivations     acts;
  struct layer_values v = {0};
  HoleIndex           n, width;
  PetscErrorCode      looked;

  PetscFunctionBegin;
  PetscCall(HoleSourceLoadLayer(s->source, l, &acts, NULL));
  looked = look_at_values(acts, &v);
  PetscCall(HoleActivationsGetShape(acts, &n, &width, NULL, NULL));
  PetscCall(HoleActivationsDestroy(&acts));
  PetscCall(looked);
  if (s->rank) PetscFunctionReturn(PETSC_SUCCESS);
  printf("  %-20s %8" HoleIndex_FMT " x %-7" HoleIndex_FMT " %12.5g %12.5g %7.1f %%",
         HoleSourceGetLayerName(s->source, l), n, width, v.least, v.most,
         100 * (double)v.n_zeros / (double)(n * width));
  if (v.n_zero_rows) printf("   %" HoleIndex_FMT " rows are zero: no cosine distance", v.n_zero_rows);
  printf("\n");
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode print_labels(struct inspection *s)
{
  HoleIndex          n, n_classes, n_unlabelled = 0;
  const int32_t     *labels;
  const char *const *names;
  HoleIndex         *sizes;

  PetscFunctionBegin;
  PetscCall(HoleSourceGetLayerShape(s->source, 0, &n, NULL));
  PetscCall(HoleSourceGetLabels(s->source, &labels));
  PetscCall(HoleSourceGetClasses(s->source, &n_classes, &names));
  if (s->rank) PetscFunctionReturn(PETSC_SUCCESS);
  if (!labels) {
    printf("\nno labels: stages are chosen by the number of clusters\n");
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(PetscCalloc1(n_classes, &sizes));
  for (HoleIndex i = 0; i < n; ++i) {
    if (labels[i] < 0) ++n_unlabelled;
    else ++sizes[labels[i]];
  }
  printf("\n%" HoleIndex_FMT " classes:", n_classes);
  for (HoleIndex c = 0; c < PetscMin(n_classes, 20); ++c) {
    if (names) printf(" %s (%" HoleIndex_FMT ")%s", names[c], sizes[c], c + 1 < n_classes ? "," : "");
    else printf(" %" HoleIndex_FMT " (%" HoleIndex_FMT ")%s", c, sizes[c], c + 1 < n_classes ? "," : "");
  }
  printf("%s\n", n_classes > 20 ? " ..." : "");
  if (n_unlabelled) printf("%" HoleIndex_FMT " points are unlabelled\n", n_unlabelled);
  PetscCall(PetscFree(sizes));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode inspect_activations(struct inspection *s, const char input[])
{
  HoleIndex n_file, n_kept;

  PetscFunctionBegin;
  PetscCall(HoleSourceCreate(s->comm, input, &s->source));
  PetscCall(HoleSourceSetFromOptions(s->source));
  PetscCall(HoleSourceSetUp(s->source));
  PetscCall(HoleSourceGetSamples(s->source, &n_file, &n_kept));
  if (!s->rank) {
    printf("%s: activations of %" HoleIndex_FMT " samples in %" HoleIndex_FMT " layers\n\n", input, n_file,
           HoleSourceGetLayerCount(s->source));
    printf("  %-20s %8s x %-7s %12s %12s %9s\n", "layer", "points", "units", "smallest", "largest", "zeros");
  }
  for (HoleIndex l = 0; l < HoleSourceGetLayerCount(s->source); ++l) {
    if (HoleSourceGetLayerKind(s->source, l) == HOLE_LAYER_ACTIVATIONS) PetscCall(inspect_layer(s, l));
    else PetscCall(inspect_distances(s, l));
  }
  PetscCall(print_labels(s));
  if (!s->rank) printf("\nno fault found: every value is finite, all layers have equal numbers of rows\n");
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A root attribute, if it is there. */
static PetscErrorCode print_attribute(struct inspection *s, const char name[], const char label[])
{
  HoleIndex  n;
  hole_names text;

  PetscFunctionBegin;
  PetscCall(hole_reader_attr_strings(s->reader, "/", name, &n, &text));
  if (n == 1 && !s->rank) printf("  %-10s %s\n", label, text[0]);
  PetscCall(PetscFree(text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What stands beside the number of clusters of an item: its note, and how many points stand apart. */
static PetscErrorCode print_tasks(struct inspection *s, const struct result_item *item)
{
  char              path[3 * HOLE_NAME_LENGTH];
  hole_object       object;
  struct hole_shape shape;
  HoleIndex         n;
  hole_names        note;

  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s/tasks/outliers", item->base));
  PetscCall(hole_reader_find(s->reader, path, &object));
  if (object == HOLE_OBJECT_DATASET) {
    PetscCall(hole_reader_shape(s->reader, path, &shape));
    if (!s->rank) printf("; %" HoleIndex_FMT " outliers", shape.dims[0]);
  }
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s/stages", item->base));
  PetscCall(hole_reader_attr_strings(s->reader, path, "note", &n, &note));
  if (n == 1 && !s->rank) printf("; %s", note[0]);
  PetscCall(PetscFree(note));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode inspect_item(struct inspection *s, const struct result_item *item)
{
  struct result_array thresholds, diagram;
  PetscBool           found;
  int64_t             n_points, width;

  PetscFunctionBegin;
  PetscCall(hole_reader_attr_int64(s->reader, item->base, "n_points", &found, &n_points));
  PetscCheck(found, PETSC_COMM_SELF, HOLE_ERR_INPUT, "%s has no attribute n_points; the result is damaged", item->base);
  PetscCall(hole_reader_attr_int64(s->reader, item->base, "width", &found, &width));
  if (!s->rank) printf("  %-20s %-12s %8" PRId64 " x %-7" PRId64, item->layer, item->metric, n_points, width);
  for (int dim = 0; dim <= HOLE_MAX_DIM; ++dim) {
    char name[32];

    PetscCall(PetscSNPrintf(name, sizeof(name), "diagrams/dim%d", dim));
    PetscCall(result_read_array(s->reader, item->base, name, 2, &diagram));
    if (diagram.n >= 0 && !s->rank) printf("  H%d %-7" HoleIndex_FMT, dim, diagram.n);
    PetscCall(PetscFree(diagram.values));
  }
  PetscCall(result_read_array(s->reader, item->base, "stages/n_clusters", 0, &thresholds));
  if (!s->rank) {
    printf("  clusters by stage:");
    for (HoleIndex t = 0; t < thresholds.n; ++t) printf(" %.0f", thresholds.values[t]);
  }
  PetscCall(PetscFree(thresholds.values));
  PetscCall(print_tasks(s, item));
  if (!s->rank) printf("\n");
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What hole compare has added. */
static PetscErrorCode inspect_conditions(struct inspection *s)
{
  HoleIndex   n;
  hole_names  names;
  hole_object object;

  PetscFunctionBegin;
  PetscCall(hole_reader_find(s->reader, "/conditions", &object));
  if (object != HOLE_OBJECT_GROUP) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(hole_reader_list(s->reader, "/conditions", &n, &names));
  if (!s->rank) printf("\ncompared with %" HoleIndex_FMT " condition%s:", n, n == 1 ? "" : "s");
  for (HoleIndex c = 0; c < n && !s->rank; ++c) printf(" %s%s", names[c], c + 1 < n ? "," : "");
  if (!s->rank) printf("; see hole export -table robustness\n");
  PetscCall(PetscFree(names));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode inspect_result(struct inspection *s, const char input[])
{
  HoleIndex           n;
  struct result_item *items;
  PetscErrorCode      inspected = PETSC_SUCCESS;

  PetscFunctionBegin;
  if (!s->rank) printf("%s: a result of hole analyze\n\n", input);
  PetscCall(print_attribute(s, "hole_version", "version"));
  PetscCall(print_attribute(s, "command", "command"));
  PetscCall(print_attribute(s, "input", "input"));
  PetscCall(print_attribute(s, "started", "started"));
  PetscCall(print_attribute(s, "finished", "finished"));
  PetscCall(print_attribute(s, "libraries", "libraries"));
  PetscCall(result_list_items(s->reader, &n, &items));
  if (!s->rank) printf("\n");
  for (HoleIndex i = 0; i < n && !inspected; ++i) inspected = inspect_item(s, &items[i]);
  PetscCall(PetscFree(items));
  PetscCall(inspected);
  PetscCall(inspect_conditions(s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode inspect(struct inspection *s, const char input[])
{
  PetscBool is_result;

  PetscFunctionBegin;
  PetscCall(hole_reader_create(s->comm, input, &s->reader));
  PetscCall(result_is_result(s->reader, &is_result));
  if (is_result) PetscCall(inspect_result(s, input));
  else PetscCall(inspect_activations(s, input));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode run_inspect(MPI_Comm comm, const char input[])
{
  struct inspection s = {.comm = comm};
  PetscErrorCode    inspected;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &s.rank));
  inspected = inspect(&s, input);
  PetscCall(HoleSourceDestroy(&s.source));
  PetscCall(hole_reader_destroy(&s.reader));
  PetscCall(inspected);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const struct app_option options[] = {
    {"-layers", OPTION_TEXT, "all | NAME,PATTERN,...", "layers", 0, 0},
    {"-metric", OPTION_TEXT, "all | NAME,...", "metrics of a result; precomputed: datasets are distances", 0, 0},
    {"-dataset", OPTION_TEXT, "/PATH,...", "datasets to take as layers, for files of another layout", 0, 0},
    {"-labels_dataset", OPTION_TEXT, "/PATH", "where the labels are; default /labels", 0, 0},
    {"-reshape", OPTION_TEXT, "RULE", "how [N,C,H,W] and [N,T,d] become points; see hole analyze -help", 0, 0}};

const struct app_command app_inspect = {
    "inspect",
    "FILE.h5",
    "what is in a file of activations or results, and what is wrong with it",
    "Prints the content of a file of activations (all values are read and checked) or of a result.",
    options,
    sizeof(options) / sizeof(options[0]),
    run_inspect,
    NULL};
