/* The layout of a result file. docs/guide/output.md says the same to users. */
#include "result.h"

#include "../core/block.h"
#include "app.h"
#include "version.h"

#include <hdf5.h>
#include <slepcsys.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

static const char *const origin_names[RESULT_N_ORIGIN] = {"model", "dataset", "condition", "accuracy"};

PetscErrorCode result_layer_path(const char layer[], const char metric[], size_t length, char path[])
{
  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(path, length, "/layers/%s/%s", layer, metric));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode result_time_of_day(size_t length, char text[])
{
  time_t    now = time(NULL);
  struct tm utc;

  PetscFunctionBegin;
  gmtime_r(&now, &utc);
  strftime(text, length, "%Y-%m-%dT%H:%M:%SZ", &utc);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Attributes that say where the result comes from; the values of rank 0 count. */
static PetscErrorCode write_provenance(hole_writer w, MPI_Comm comm, const char input[])
{
  char        text[512], mpi[MPI_MAX_LIBRARY_VERSION_STRING], *options;
  int         length;
  struct stat info = {0};
  struct tm   utc;
  PetscMPIInt size;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(comm, &size));
  PetscCall(hole_writer_attr_string(w, "/", "format", "hole-result"));
  PetscCall(hole_writer_attr_string(w, "/", "hole_version", HOLE_VERSION));
  PetscCall(hole_writer_attr_string(w, "/", "command", app_command_line()));
  PetscCall(PetscOptionsGetAll(NULL, &options));
  PetscCall(hole_writer_attr_string(w, "/", "options", options));
  PetscCall(PetscFree(options));
  PetscCall(hole_writer_attr_int64(w, "/", "n_ranks", size));
  PetscCall(result_time_of_day(sizeof(text), text));
  PetscCall(hole_writer_attr_string(w, "/", "started", text));

  (void)stat(input, &info);
  gmtime_r(&info.st_mtime, &utc);
  strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc);
  PetscCall(hole_writer_attr_string(w, "/", "input", input));
  PetscCall(hole_writer_attr_int64(w, "/", "input_bytes", info.st_size));
  PetscCall(hole_writer_attr_string(w, "/", "input_modified", text));

  PetscCallMPI(MPI_Get_library_version(mpi, &length));
  mpi[strcspn(mpi, ",\n")] = 0; /* the first words name library and version */
  PetscCall(PetscSNPrintf(text, sizeof(text), "%s; HDF5 %d.%d.%d; PETSc %d.%d.%d (%d-bit indices); SLEPc %d.%d.%d", mpi,
                          H5_VERS_MAJOR, H5_VERS_MINOR, H5_VERS_RELEASE, PETSC_VERSION_MAJOR, PETSC_VERSION_MINOR,
                          PETSC_VERSION_SUBMINOR, (int)(8 * sizeof(PetscInt)), SLEPC_VERSION_MAJOR, SLEPC_VERSION_MINOR,
                          SLEPC_VERSION_SUBMINOR));
  PetscCall(hole_writer_attr_string(w, "/", "libraries", text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode result_read_origin(hole_reader r, struct result_origin *origin)
{
  PetscFunctionBegin;
  for (int i = 0; i < RESULT_N_ORIGIN; ++i)
    PetscCall(hole_reader_attr_scalar(r, "/", origin_names[i], &origin->values[i]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode result_write_origin(hole_writer w, const char path[], const struct result_origin *origin)
{
  PetscFunctionBegin;
  for (int i = 0; i < RESULT_N_ORIGIN; ++i) {
    const char               *name  = origin_names[i];
    const struct hole_scalar *value = &origin->values[i];

    if (value->kind == HOLE_KIND_STRING) PetscCall(hole_writer_attr_string(w, path, name, value->text));
    if (value->kind == HOLE_KIND_INTEGER) PetscCall(hole_writer_attr_int64(w, path, name, value->integer));
    if (value->kind == HOLE_KIND_FLOAT) PetscCall(hole_writer_attr_double(w, path, name, value->number));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode copy_origin(hole_writer w, MPI_Comm comm, const char input[])
{
  struct result_origin origin;
  hole_reader          r;
  PetscErrorCode       read, closed;

  PetscFunctionBegin;
  PetscCall(hole_reader_create(comm, input, &r));
  read   = result_read_origin(r, &origin);
  closed = hole_reader_destroy(&r);
  PetscCall(read);
  PetscCall(closed);
  PetscCall(result_write_origin(w, "/", &origin));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode write_names(hole_writer w, HoleSource source)
{
  const HoleIndex    n_layers = HoleSourceGetLayerCount(source);
  HoleIndex          n_classes;
  const char       **layers;
  const char *const *classes;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(n_layers, &layers));
  for (HoleIndex l = 0; l < n_layers; ++l) layers[l] = HoleSourceGetLayerName(source, l);
  PetscCall(hole_writer_strings(w, "/layer_names", n_layers, layers, "layers in depth order"));
  PetscCall(PetscFree(layers));
  PetscCall(HoleSourceGetClasses(source, &n_classes, &classes));
  if (classes) PetscCall(hole_writer_strings(w, "/class_names", n_classes, classes, "name of each label"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode result_write_header(hole_writer w, MPI_Comm comm, const char input[], HoleSource source)
{
  HoleIndex      n;
  const int64_t *ids;
  const int32_t *labels;

  PetscFunctionBegin;
  PetscCall(write_provenance(w, comm, input));
  PetscCall(copy_origin(w, comm, input));
  PetscCall(HoleSourceGetLayerShape(source, 0, &n, NULL));
  PetscCall(HoleSourceGetSampleIds(source, &ids));
  PetscCall(HoleSourceGetLabels(source, &labels));
  PetscCall(hole_writer_replicated(w, "/sample_ids", HOLE_TYPE_INT64, n, 0, ids, "sample id of each point", NULL));
  if (labels)
    PetscCall(hole_writer_replicated(w, "/labels", HOLE_TYPE_INT32, n, 0, labels,
                                     "class of each point; negative: unlabelled", NULL));
  PetscCall(write_names(w, source));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode result_write_positions(hole_writer w, const char layer[], HoleIndex n, HoleIndex first,
                                      HoleIndex n_local, const int32_t positions[])
{
  char path[2 * HOLE_NAME_LENGTH];

  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(path, sizeof(path), "/positions/%s", layer));
  PetscCall(hole_writer_rows(
      w, path, HOLE_TYPE_INT32, n, 0, first, n_local, positions,
      "position in the feature map (row * width + column) or token that each point was taken from", NULL));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A dataset that is equal on every rank, under the group `base`. */
static PetscErrorCode write_array(hole_writer w, const char base[], const char name[], hole_type type, HoleIndex n,
                                  HoleIndex n_columns, const void *data, const char description[], const char unit[])
{
  char path[3 * HOLE_NAME_LENGTH];

  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s/%s", base, name));
  PetscCall(hole_writer_replicated(w, path, type, n, n_columns, data, description, unit));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode write_intervals(hole_writer w, const char base[], PetscInt dim, PetscBool with_simplices,
                                      HoleIndex n, const HoleInterval intervals[])
{
  const PetscInt n_vertices = 2 * dim + 3; /* of the birth simplex, then of the death simplex */
  double        *ends;
  int64_t       *simplices;
  char           name[64];

  PetscFunctionBegin;
  PetscCall(PetscMalloc2(2 * n, &ends, n_vertices * n, &simplices));
  for (HoleIndex i = 0; i < n; ++i) {
    ends[2 * i]     = intervals[i].birth;
    ends[2 * i + 1] = intervals[i].death;
    for (PetscInt v = 0; v <= dim; ++v) simplices[i * n_vertices + v] = intervals[i].birth_simplex[v];
    for (PetscInt v = 0; v <= dim + 1; ++v) simplices[i * n_vertices + dim + 1 + v] = intervals[i].death_simplex[v];
  }
  PetscCall(PetscSNPrintf(name, sizeof(name), "diagrams/dim%" PetscInt_FMT, dim));
  PetscCall(write_array(w, base, name, HOLE_TYPE_DOUBLE, n, 2, ends,
                        "birth and death of each interval of positive length; inf: it does not end", "distance"));
  PetscCall(PetscSNPrintf(name, sizeof(name), "diagrams/dim%" PetscInt_FMT "_simplices", dim));
  if (with_simplices)
    PetscCall(write_array(w, base, name, HOLE_TYPE_INT64, n, n_vertices, simplices,
                          "points of the simplex of birth, then of death, as places in /sample_ids; -1: none", NULL));
  PetscCall(PetscFree2(ends, simplices));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* This rank's part of the chains of intervals, which ranks own in blocks. */
static PetscErrorCode write_chains(hole_writer w, const char base[], const char kind[], PetscInt dim, HoleIndex n,
                                   const HoleChains *c)
{
  MPI_Comm        comm    = hole_writer_comm(w);
  const HoleIndex n_local = c->starts[c->n_local];
  HoleIndex       first   = 0, n_all, *offsets;
  PetscMPIInt     rank, size;
  char            path[3 * HOLE_NAME_LENGTH], group[3 * HOLE_NAME_LENGTH];

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCallMPI(MPI_Comm_size(comm, &size));
  PetscCallMPI(MPI_Exscan(&n_local, &first, 1, HOLE_MPI_INDEX, MPI_SUM, comm));
  PetscCallMPI(MPI_Allreduce(&n_local, &n_all, 1, HOLE_MPI_INDEX, MPI_SUM, comm));
  PetscCall(PetscSNPrintf(group, sizeof(group), "%s/diagrams/dim%" PetscInt_FMT "_%s", base, dim, kind));
  HoleCallAgreed(comm, PetscMalloc1(c->n_local + 1, &offsets)); /* local */
  for (HoleIndex i = 0; i <= c->n_local; ++i) offsets[i] = first + c->starts[i];
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s/offsets", group));
  PetscCall(hole_writer_rows(w, path, HOLE_TYPE_INT64, n + 1, 0, c->first, c->n_local + (rank + 1 == size), offsets,
                             "where the chain of each interval begins, and the last one ends", NULL));
  PetscCall(PetscFree(offsets));
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s/simplices", group));
  PetscCall(hole_writer_rows(w, path, HOLE_TYPE_INT64, n_all, dim + 1, first, n_local, c->simplices,
                             "points of each simplex of a chain, ascending, as places in /sample_ids", NULL));
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s/coefficients", group));
  PetscCall(hole_writer_rows(w, path, HOLE_TYPE_INT32, n_all, 0, first, n_local, c->coefficients,
                             "coefficient of each simplex, modulo the prime", NULL));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Cocycles and cycles, where there are any. */
static PetscErrorCode write_representatives(hole_writer w, const char base[], HoleDiagram diagram)
{
  static const char *const names[] = {"cocycles", "cycles"};
  const HoleChains        *chains;
  HoleIndex                n;

  PetscFunctionBegin;
  for (PetscInt dim = 1; dim <= HoleDiagramGetMaxDim(diagram); ++dim) {
    PetscCall(HoleDiagramGetIntervals(diagram, dim, &n, NULL, NULL));
    for (int kind = HOLE_COCYCLES; kind <= HOLE_CYCLES; ++kind) {
      PetscCall(HoleDiagramGetChains(diagram, (HoleChainKind)kind, dim, &chains));
      if (chains) PetscCall(write_chains(w, base, names[kind], dim, n, chains));
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode write_diagram(hole_writer w, const char base[], HoleDiagram diagram, PetscBool simplices)
{
  const HoleInterval *intervals;
  HoleIndex           n, zero_pairs;
  char                path[3 * HOLE_NAME_LENGTH];

  PetscFunctionBegin;
  for (PetscInt dim = 0; dim <= HoleDiagramGetMaxDim(diagram); ++dim) {
    PetscCall(HoleDiagramGetIntervals(diagram, dim, &n, &intervals, &zero_pairs));
    PetscCall(write_intervals(w, base, dim, simplices, n, intervals));
    PetscCall(PetscSNPrintf(path, sizeof(path), "%s/diagrams/dim%" PetscInt_FMT, base, dim));
    PetscCall(hole_writer_attr_int64(w, path, "zero_pairs", zero_pairs));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode write_tree(hole_writer w, const char base[], HoleTree tree)
{
  const HoleEdge *edges   = HoleTreeGetEdges(tree);
  const HoleIndex n_edges = HoleTreeGetSize(tree) - 1;
  double         *linkage;
  int64_t        *ends;

  PetscFunctionBegin;
  PetscCall(PetscMalloc2(4 * n_edges, &linkage, 2 * n_edges, &ends));
  PetscCall(HoleTreeGetLinkage(tree, linkage));
  for (HoleIndex e = 0; e < n_edges; ++e) {
    ends[2 * e]     = edges[e].i;
    ends[2 * e + 1] = edges[e].j;
  }
  PetscCall(write_array(w, base, "tree/linkage", HOLE_TYPE_DOUBLE, n_edges, 4, linkage,
                        "single linkage in SciPy's convention: two nodes, distance, points", NULL));
  PetscCall(write_array(w, base, "tree/edges", HOLE_TYPE_INT64, n_edges, 2, ends,
                        "the edge that makes each merge, as places in /sample_ids", NULL));
  PetscCall(PetscFree2(linkage, ends));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* How the stages came about. */
static PetscErrorCode write_choice(hole_writer w, const char base[], const HoleCurves *curves, const HoleStages *stages)
{
  char path[3 * HOLE_NAME_LENGTH];

  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s/stages", base));
  PetscCall(hole_writer_attr_double(w, path, "t_star", curves->best < 0 ? 0.0 : curves->threshold[curves->best]));
  PetscCall(hole_writer_attr_int64(w, path, "t_star_ties", curves->best < 0 ? 0 : curves->n_tied - 1));
  PetscCall(hole_writer_attr_int64(w, path, "nested", stages->n_nested));
  PetscCall(hole_writer_attr_int64(w, path, "flow", stages->flow));
  if (stages->note[0]) PetscCall(hole_writer_attr_string(w, path, "note", stages->note));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode write_stages(hole_writer w, const char base[], const HoleStages *stages)
{
  const char **names;
  char         path[3 * HOLE_NAME_LENGTH];

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(stages->n, &names));
  for (HoleIndex s = 0; s < stages->n; ++s) names[s] = stages->name[s];
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s/stages/name", base));
  PetscCall(write_array(w, base, "stages/threshold", HOLE_TYPE_DOUBLE, stages->n, 0, stages->threshold,
                        "where the merge tree is cut", "distance"));
  PetscCall(hole_writer_strings(w, path, stages->n, names, "name of each stage"));
  PetscCall(write_array(w, base, "stages/n_clusters", HOLE_TYPE_INT64, stages->n, 0, stages->n_clusters,
                        "number of clusters", NULL));
  PetscCall(write_array(w, base, "stages/labels", HOLE_TYPE_INT32, stages->n, stages->n_points, stages->labels,
                        "cluster of each point at each stage; a cluster's number is the rank of its smallest member",
                        NULL));
  PetscCall(PetscFree(names));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode write_curves(hole_writer w, const char base[], const HoleCurves *c)
{
  const struct {
    const char *name, *description;
    const void *values;
    hole_type   type;
    PetscBool   needs_labels;
  } curves[] = {
      {"curves/threshold", "distinct merge heights", c->threshold, HOLE_TYPE_DOUBLE, PETSC_FALSE},
      {"curves/n_clusters", "number of clusters", c->n_clusters, HOLE_TYPE_INT64, PETSC_FALSE},
      {"curves/purity", "share of points in the largest class of their cluster", c->purity, HOLE_TYPE_DOUBLE,
       PETSC_TRUE},
      {"curves/homogeneity", "share of points in the largest cluster of their class", c->homogeneity, HOLE_TYPE_DOUBLE,
       PETSC_TRUE},
      {"curves/score", "0.7 purity + 0.3 homogeneity", c->score, HOLE_TYPE_DOUBLE, PETSC_TRUE},
      {"curves/ari", "adjusted Rand index against the labels", c->ari, HOLE_TYPE_DOUBLE, PETSC_TRUE},
      {"curves/nmi", "normalised mutual information with the labels, arithmetic mean", c->nmi, HOLE_TYPE_DOUBLE,
       PETSC_TRUE},
      {"curves/class_homogeneity", "scikit-learn's homogeneity: share of the entropy of classes that clusters explain",
       c->class_homogeneity, HOLE_TYPE_DOUBLE, PETSC_TRUE},
      {"curves/completeness", "share of the entropy of clusters that classes explain", c->completeness,
       HOLE_TYPE_DOUBLE, PETSC_TRUE},
      {"curves/v_measure", "harmonic mean of class_homogeneity and completeness", c->v_measure, HOLE_TYPE_DOUBLE,
       PETSC_TRUE},
      {"curves/size_entropy", "entropy of the cluster sizes", c->size_entropy, HOLE_TYPE_DOUBLE, PETSC_FALSE}};

  PetscFunctionBegin;
  for (size_t k = 0; k < sizeof(curves) / sizeof(curves[0]); ++k) {
    const char *unit = k == 0 ? "distance" : curves[k].values == c->size_entropy ? "nat" : NULL;

    if (curves[k].values || (!c->n && !curves[k].needs_labels))
      PetscCall(
          write_array(w, base, curves[k].name, curves[k].type, c->n, 0, curves[k].values, curves[k].description, unit));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode write_attributes(hole_writer w, const char base[], HoleIndex n, HoleIndex width, PetscBool single,
                                       HoleFiltration filtration, HoleDiagram diagram)
{
  const char *const type = HoleFiltrationGetType(filtration);

  PetscFunctionBegin;
  PetscCall(hole_writer_group(w, base));
  PetscCall(hole_writer_attr_int64(w, base, "n_points", n));
  PetscCall(hole_writer_attr_int64(w, base, "width", width));
  PetscCall(hole_writer_attr_string(w, base, "precision", single ? "single" : "double"));
  PetscCall(hole_writer_attr_string(w, base, "filtration", type));
  if (!strcmp(type, HOLE_FILTRATION_KNN))
    PetscCall(hole_writer_attr_int64(w, base, "neighbors", HoleFiltrationGetNeighbors(filtration)));
  if (!strcmp(type, HOLE_FILTRATION_SPARSE))
    PetscCall(hole_writer_attr_double(w, base, "epsilon", HoleFiltrationGetEpsilon(filtration)));
  PetscCall(hole_writer_attr_double(w, base, "threshold", HoleFiltrationGetThreshold(filtration)));
  PetscCall(hole_writer_attr_int64(w, base, "max_dim", HoleFiltrationGetMaxDim(filtration)));
  PetscCall(hole_writer_attr_int64(w, base, "coefficients", HoleDiagramGetCoefficients(diagram)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode result_write_layer(hole_writer w, const char path[], HoleIndex width, PetscBool single,
                                  HoleFiltration filtration, HoleDiagram diagram, PetscBool simplices, HoleTree tree,
                                  const HoleCurves *curves, const HoleStages *stages)
{
  PetscFunctionBegin;
  PetscCall(write_attributes(w, path, HoleTreeGetSize(tree), width, single, filtration, diagram));
  PetscCall(write_diagram(w, path, diagram, simplices));
  PetscCall(write_representatives(w, path, diagram));
  PetscCall(write_tree(w, path, tree));
  PetscCall(write_stages(w, path, stages));
  PetscCall(write_choice(w, path, curves, stages));
  PetscCall(write_curves(w, path, curves));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode result_write_flow(hole_writer w, const char metric[], const char flow_stage[], HoleFlow flow)
{
  static const struct hole_field node_fields[] = {
      {"layer", offsetof(HoleFlowNode, layer), HOLE_TYPE_INT32},
      {"stage", offsetof(HoleFlowNode, stage), HOLE_TYPE_INT32},
      {"cluster", offsetof(HoleFlowNode, cluster), HOLE_TYPE_INT32},
      {"size", offsetof(HoleFlowNode, size), HOLE_TYPE_INT64},
      {"dominant_class", offsetof(HoleFlowNode, dominant_class), HOLE_TYPE_INT32},
      {"dominant_count", offsetof(HoleFlowNode, dominant_count), HOLE_TYPE_INT64}};
  static const struct hole_field stage_fields[] = {
      {"layer", offsetof(HoleFlowStageLink, layer), HOLE_TYPE_INT32},
      {"source_stage", offsetof(HoleFlowStageLink, source_stage), HOLE_TYPE_INT32},
      {"source_cluster", offsetof(HoleFlowStageLink, source_cluster), HOLE_TYPE_INT32},
      {"target_stage", offsetof(HoleFlowStageLink, target_stage), HOLE_TYPE_INT32},
      {"target_cluster", offsetof(HoleFlowStageLink, target_cluster), HOLE_TYPE_INT32},
      {"count", offsetof(HoleFlowStageLink, count), HOLE_TYPE_INT64}};
  static const struct hole_field layer_fields[] = {
      {"source_layer", offsetof(HoleFlowLayerLink, source_layer), HOLE_TYPE_INT32},
      {"source_cluster", offsetof(HoleFlowLayerLink, source_cluster), HOLE_TYPE_INT32},
      {"target_layer", offsetof(HoleFlowLayerLink, target_layer), HOLE_TYPE_INT32},
      {"target_cluster", offsetof(HoleFlowLayerLink, target_cluster), HOLE_TYPE_INT32},
      {"count", offsetof(HoleFlowLayerLink, count), HOLE_TYPE_INT64}};
  const HoleFlowNode      *nodes;
  const HoleFlowStageLink *stages;
  const HoleFlowLayerLink *layers;
  HoleIndex                n;
  char                     path[2 * HOLE_NAME_LENGTH];

  PetscFunctionBegin;
  PetscCall(HoleFlowGetNodes(flow, &n, &nodes));
  PetscCall(PetscSNPrintf(path, sizeof(path), "/flow/%s/nodes", metric));
  PetscCall(hole_writer_replicated_records(w, path, HOLE_FIELDS(node_fields), sizeof(*nodes), n, nodes,
                                           "clusters; stage -1 holds the true labels; layer and stage count from 0",
                                           NULL));
  PetscCall(HoleFlowGetStageLinks(flow, &n, &stages));
  PetscCall(PetscSNPrintf(path, sizeof(path), "/flow/%s/stages", metric));
  PetscCall(hole_writer_replicated_records(w, path, HOLE_FIELDS(stage_fields), sizeof(*stages), n, stages,
                                           "points that clusters of successive stages of a layer share", NULL));
  PetscCall(HoleFlowGetLayerLinks(flow, &n, &layers));
  PetscCall(PetscSNPrintf(path, sizeof(path), "/flow/%s/layers", metric));
  PetscCall(hole_writer_replicated_records(
      w, path, HOLE_FIELDS(layer_fields), sizeof(*layers), n, layers,
      "points that clusters of successive layers share, at the stage of attribute `stage`", NULL));
  PetscCall(hole_writer_attr_string(w, path, "stage", flow_stage));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode result_write_timings(hole_writer w, HoleIndex n, const struct result_timing timings[])
{
  static const struct hole_field fields[] = {
      {"layer", offsetof(struct result_timing, layer), HOLE_TYPE_INT32},
      {"metric", offsetof(struct result_timing, metric), HOLE_TYPE_NAME},
      {"step", offsetof(struct result_timing, step), HOLE_TYPE_NAME},
      {"seconds", offsetof(struct result_timing, seconds), HOLE_TYPE_DOUBLE},
      {"peak_bytes", offsetof(struct result_timing, peak_bytes), HOLE_TYPE_INT64}};

  PetscFunctionBegin;
  PetscCall(hole_writer_replicated_records(
      w, "/timings", HOLE_FIELDS(fields), sizeof(*timings), n, timings,
      "seconds of the slowest rank and memory of the largest, by step; layer -1: the whole run", "s, bytes"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode result_write_work(hole_writer w, HoleIndex n, const struct result_work work[])
{
  static const struct hole_field fields[] = {
      {"layer", offsetof(struct result_work, layer), HOLE_TYPE_INT32},
      {"metric", offsetof(struct result_work, metric), HOLE_TYPE_NAME},
      {"step", offsetof(struct result_work, step), HOLE_TYPE_NAME},
      {"dim", offsetof(struct result_work, dim), HOLE_TYPE_INT32},
      {"items_max", offsetof(struct result_work, work.most.items), HOLE_TYPE_DOUBLE},
      {"items_mean", offsetof(struct result_work, work.mean.items), HOLE_TYPE_DOUBLE},
      {"visits_max", offsetof(struct result_work, work.most.visits), HOLE_TYPE_DOUBLE},
      {"visits_mean", offsetof(struct result_work, work.mean.visits), HOLE_TYPE_DOUBLE},
      {"cofacets_max", offsetof(struct result_work, work.most.cofacets), HOLE_TYPE_DOUBLE},
      {"cofacets_mean", offsetof(struct result_work, work.mean.cofacets), HOLE_TYPE_DOUBLE},
      {"additions_max", offsetof(struct result_work, work.most.additions), HOLE_TYPE_DOUBLE},
      {"additions_mean", offsetof(struct result_work, work.mean.additions), HOLE_TYPE_DOUBLE},
      {"scans_max", offsetof(struct result_work, work.most.scans), HOLE_TYPE_DOUBLE},
      {"scans_mean", offsetof(struct result_work, work.mean.scans), HOLE_TYPE_DOUBLE},
      {"steps_max", offsetof(struct result_work, work.most.steps), HOLE_TYPE_DOUBLE},
      {"steps_mean", offsetof(struct result_work, work.mean.steps), HOLE_TYPE_DOUBLE},
      {"messages_max", offsetof(struct result_work, work.most.messages), HOLE_TYPE_DOUBLE},
      {"messages_mean", offsetof(struct result_work, work.mean.messages), HOLE_TYPE_DOUBLE},
      {"bytes_max", offsetof(struct result_work, work.most.bytes), HOLE_TYPE_DOUBLE},
      {"bytes_mean", offsetof(struct result_work, work.mean.bytes), HOLE_TYPE_DOUBLE},
      {"rows_max", offsetof(struct result_work, work.most.rows), HOLE_TYPE_DOUBLE},
      {"rows_mean", offsetof(struct result_work, work.mean.rows), HOLE_TYPE_DOUBLE},
      {"path", offsetof(struct result_work, work.path), HOLE_TYPE_DOUBLE},
      {"efficiency", offsetof(struct result_work, work.efficiency), HOLE_TYPE_DOUBLE}};

  PetscFunctionBegin;
  PetscCall(hole_writer_replicated_records(w, "/work", HOLE_FIELDS(fields), sizeof(*work), n, work,
                                           "work of a rank in the steps of the homology, the largest and the mean of "
                                           "ranks; path: steps until the last rank is done",
                                           NULL));
  PetscFunctionReturn(PETSC_SUCCESS);
}
