/* hole export: tables of a result file as text, for programs that do not read HDF5. */
#include "app.h"
#include "tables.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct export
{
  MPI_Comm            comm;
  PetscMPIInt         rank;
  hole_reader         reader;
  FILE               *out; /* on rank 0 only; others read along and write nothing */
  char                output[PETSC_MAX_PATH_LEN], temporary[PETSC_MAX_PATH_LEN + 32]; /* "": stdout */
  HoleIndex           n_items;
  struct result_item *items;
};

/* A field of CSV: quoted where it must be [RFC 4180]. */
static void print_field(FILE *out, const char text[])
{
  if (!strpbrk(text, ",\"\n")) {
    fputs(text, out);
    return;
  }
  fputc('"', out);
  for (; *text; ++text) {
    if (*text == '"') fputc('"', out);
    fputc(*text, out);
  }
  fputc('"', out);
}

/* Shortest decimal that gives the same double; infinity as NumPy and pandas read it. */
static void print_number(FILE *out, double x)
{
  char text[40];

  for (int digits = 15; digits <= 17; ++digits) {
    snprintf(text, sizeof(text), "%.*g", digits, x);
    if (strtod(text, NULL) == x) break;
  }
  fputs(isnan(x) ? "nan" : isinf(x) ? "inf" : text, out);
}

static void print_item(FILE *out, const struct result_item *item)
{
  print_field(out, item->layer);
  fputc(',', out);
  print_field(out, item->metric);
}

/* Every row of an array after layer, metric and, if it is not NULL, a word. */
static PetscErrorCode print_rows(struct export *e, const struct result_item *item, const char word[],
                                 const struct result_array *a)
{
  PetscFunctionBegin;
  for (HoleIndex row = 0; row < a->n && e->out; ++row) {
    print_item(e->out, item);
    if (word) fprintf(e->out, ",%s", word);
    for (HoleIndex c = 0; c < a->n_columns; ++c) {
      fputc(',', e->out);
      print_number(e->out, a->values[row * a->n_columns + c]);
    }
    fputc('\n', e->out);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void print_ripser_intervals(FILE *out, const struct result_array *a)
{
  for (HoleIndex i = 0; i < a->n; ++i) {
    fputs(" [", out);
    print_number(out, a->values[2 * i]);
    fputc(',', out);
    if (isinf(a->values[2 * i + 1])) fputc(' ', out);
    else print_number(out, a->values[2 * i + 1]);
    fputs(")\n", out);
  }
}

/* As Ripser prints intervals; a line that begins with # names layer and metric. */
static PetscErrorCode export_ripser(struct export *e)
{
  PetscFunctionBegin;
  for (HoleIndex i = 0; i < e->n_items; ++i) {
    if (e->out) fprintf(e->out, "# layer %s, metric %s\n", e->items[i].layer, e->items[i].metric);
    for (int dim = 0; dim <= HOLE_MAX_DIM; ++dim) {
      struct result_array a;
      char                name[32];

      PetscCall(PetscSNPrintf(name, sizeof(name), "diagrams/dim%d", dim));
      PetscCall(result_read_array(e->reader, e->items[i].base, name, 2, &a));
      if (a.n >= 0 && e->out) fprintf(e->out, "persistence intervals in dim %d:\n", dim);
      if (e->out) print_ripser_intervals(e->out, &a);
      PetscCall(PetscFree(a.values));
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode export_diagrams(struct export *e)
{
  PetscFunctionBegin;
  if (e->out) fputs("layer,metric,dimension,birth,death\n", e->out);
  for (HoleIndex i = 0; i < e->n_items; ++i) {
    for (int dim = 0; dim <= HOLE_MAX_DIM; ++dim) {
      struct result_array a;
      char                name[32], word[8];

      PetscCall(PetscSNPrintf(name, sizeof(name), "diagrams/dim%d", dim));
      PetscCall(PetscSNPrintf(word, sizeof(word), "%d", dim));
      PetscCall(result_read_array(e->reader, e->items[i].base, name, 2, &a));
      PetscCall(print_rows(e, &e->items[i], word, &a));
      PetscCall(PetscFree(a.values));
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode export_tree(struct export *e)
{
  PetscFunctionBegin;
  if (e->out) fputs("layer,metric,node_a,node_b,distance,size\n", e->out);
  for (HoleIndex i = 0; i < e->n_items; ++i) {
    struct result_array a;

    PetscCall(result_read_array(e->reader, e->items[i].base, "tree/linkage", 4, &a));
    PetscCall(print_rows(e, &e->items[i], NULL, &a));
    PetscCall(PetscFree(a.values));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The stages of one item; `n` names. */
static PetscErrorCode print_stages(struct export *e, const struct result_item *item, HoleIndex n,
                                   const hole_names names, const struct result_array *threshold,
                                   const struct result_array *clusters)
{
  PetscFunctionBegin;
  PetscCheck(threshold->n == n && clusters->n == n, PETSC_COMM_SELF, HOLE_ERR_INPUT,
             "%s: stages/threshold and stages/n_clusters should have a value for each of the %" HoleIndex_FMT
             " names; the result is damaged",
             item->base, n);
  for (HoleIndex s = 0; s < n && e->out; ++s) {
    print_item(e->out, item);
    fprintf(e->out, ",%" HoleIndex_FMT ",%s,", s, names[s]);
    print_number(e->out, threshold->values[s]);
    fputc(',', e->out);
    print_number(e->out, clusters->values[s]);
    fputc('\n', e->out);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode export_item_stages(struct export *e, const struct result_item *item)
{
  struct result_array threshold = {0}, clusters = {0};
  char                path[3 * HOLE_NAME_LENGTH];
  HoleIndex           n;
  hole_names          names;
  PetscErrorCode      done;

  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s/stages/name", item->base));
  PetscCall(hole_reader_strings(e->reader, path, &n, &names));
  done = result_read_array(e->reader, item->base, "stages/threshold", 0, &threshold);
  if (!done) done = result_read_array(e->reader, item->base, "stages/n_clusters", 0, &clusters);
  if (!done) done = print_stages(e, item, n, names, &threshold, &clusters);
  PetscCall(PetscFree(threshold.values));
  PetscCall(PetscFree(clusters.values));
  PetscCall(PetscFree(names));
  PetscCall(done);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode export_stages(struct export *e)
{
  PetscFunctionBegin;
  if (e->out) fputs("layer,metric,stage,name,threshold,n_clusters\n", e->out);
  for (HoleIndex i = 0; i < e->n_items; ++i) PetscCall(export_item_stages(e, &e->items[i]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Columns that a file without labels does not have are left empty. */
static PetscErrorCode export_curves(struct export *e)
{
  static const char *const names[] = {"threshold", "n_clusters", "purity",       "homogeneity",       "score",
                                      "ari",       "nmi",        "size_entropy", "class_homogeneity", "completeness",
                                      "v_measure"};
  enum { N_CURVES = sizeof(names) / sizeof(names[0]) };

  PetscFunctionBegin;
  if (e->out) fputs("layer,metric", e->out);
  for (int c = 0; c < N_CURVES && e->out; ++c) fprintf(e->out, ",%s", names[c]);
  if (e->out) fputc('\n', e->out);
  for (HoleIndex i = 0; i < e->n_items; ++i) {
    struct result_array a[N_CURVES];

    for (int c = 0; c < N_CURVES; ++c) {
      char name[64];

      PetscCall(PetscSNPrintf(name, sizeof(name), "curves/%s", names[c]));
      PetscCall(result_read_array(e->reader, e->items[i].base, name, 0, &a[c]));
    }
    for (HoleIndex row = 0; row < a[0].n && e->out; ++row) {
      print_item(e->out, &e->items[i]);
      for (int c = 0; c < N_CURVES; ++c) {
        fputc(',', e->out);
        if (a[c].n > row) print_number(e->out, a[c].values[row]);
      }
      fputc('\n', e->out);
    }
    for (int c = 0; c < N_CURVES; ++c) PetscCall(PetscFree(a[c].values));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A flow table by its columns; all are integers. */
static PetscErrorCode export_flow(struct export *e, const char table[], int n_columns, const char *const columns[])
{
  HoleIndex  n_metrics, n;
  hole_names metrics;
  char       wanted[4096], path[2 * HOLE_NAME_LENGTH];
  int64_t   *rows;

  PetscFunctionBegin;
  PetscCall(app_get_text("-metric", "all", sizeof(wanted), wanted));
  PetscCall(hole_reader_list(e->reader, "/flow", &n_metrics, &metrics));
  if (e->out) fputs("metric", e->out);
  for (int c = 0; c < n_columns && e->out; ++c) fprintf(e->out, ",%s", columns[c]);
  if (e->out) fputc('\n', e->out);
  for (HoleIndex m = 0; m < n_metrics; ++m) {
    PetscCall(PetscSNPrintf(path, sizeof(path), "/flow/%s/%s", metrics[m], table));
    if (strcmp(wanted, "all") && strcmp(wanted, metrics[m])) continue;
    PetscCall(hole_reader_integer_records(e->reader, path, n_columns, columns, &n, &rows));
    for (HoleIndex row = 0; row < n && e->out; ++row) {
      print_field(e->out, metrics[m]);
      for (int c = 0; c < n_columns; ++c) fprintf(e->out, ",%" PRId64, rows[row * n_columns + c]);
      fputc('\n', e->out);
    }
    PetscCall(PetscFree(rows));
  }
  PetscCall(PetscFree(metrics));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode export_nodes(struct export *e)
{
  const char *const columns[] = {"layer", "stage", "cluster", "size", "dominant_class", "dominant_count"};

  return export_flow(e, "nodes", 6, columns);
}

static PetscErrorCode export_flow_stages(struct export *e)
{
  const char *const columns[] = {"layer", "source_stage", "source_cluster", "target_stage", "target_cluster", "count"};

  return export_flow(e, "stages", 6, columns);
}

static PetscErrorCode export_flow_layers(struct export *e)
{
  const char *const columns[] = {"source_layer", "source_cluster", "target_layer", "target_cluster", "count"};

  return export_flow(e, "layers", 5, columns);
}

static PetscErrorCode export_folded(struct export *e)
{
  const char *const columns[] = {"layer", "stage", "cluster", "node"};

  return export_flow(e, "folded", 4, columns);
}

static PetscErrorCode export_folded_nodes(struct export *e)
{
  const char *const columns[] = {"layer",   "stage",      "node", "position",       "layer_position",
                                 "cluster", "n_clusters", "size", "dominant_class", "dominant_count"};

  return export_flow(e, "folded_nodes", 10, columns);
}

static PetscErrorCode export_folded_stages(struct export *e)
{
  const char *const columns[] = {"layer", "source_stage", "source_node", "target_stage", "target_node", "count"};

  return export_flow(e, "folded_stages", 6, columns);
}

static PetscErrorCode export_folded_layers(struct export *e)
{
  const char *const columns[] = {"source_layer", "source_node", "target_layer", "target_node", "count"};

  return export_flow(e, "folded_layers", 5, columns);
}

/* One of the tables of tasks, of all layers by all metrics; a file of an earlier version has none. */
static PetscErrorCode export_task(struct export *e, const char table[], int n_columns, const char *const columns[])
{
  PetscFunctionBegin;
  if (e->out) fputs("layer,metric", e->out);
  for (int c = 0; c < n_columns && e->out; ++c) fprintf(e->out, ",%s", columns[c]);
  if (e->out) fputc('\n', e->out);
  for (HoleIndex i = 0; i < e->n_items; ++i) {
    struct result_array a = {.n_columns = n_columns};
    char                path[3 * HOLE_NAME_LENGTH];

    PetscCall(PetscSNPrintf(path, sizeof(path), "%s/tasks/%s", e->items[i].base, table));
    PetscCall(hole_reader_records(e->reader, path, n_columns, columns, &a.n, &a.values));
    PetscCall(print_rows(e, &e->items[i], NULL, &a));
    PetscCall(PetscFree(a.values));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode export_separability(struct export *e)
{
  const char *const columns[] = {
      "threshold",          "score",     "n_clusters",        "best_ari",          "best_ari_threshold", "best_nmi",
      "best_nmi_threshold", "gap_ratio", "cross_class_edges", "cross_class_count", "labelled_edges"};

  return export_task(e, "separability", 11, columns);
}

static PetscErrorCode export_homogeneity(struct export *e)
{
  const char *const columns[] = {"cluster", "size", "dominant_class", "dominant_count", "purity", "entropy"};

  return export_task(e, "homogeneity", 6, columns);
}

static PetscErrorCode export_outliers(struct export *e)
{
  const char *const columns[] = {"point",    "kind",          "cluster",    "cluster_size",
                                 "joins_at", "joins_cluster", "joins_merge"};

  return export_task(e, "outliers", 7, columns);
}

/* A line for each pair of classes. */
static PetscErrorCode export_hierarchy(struct export *e)
{
  PetscFunctionBegin;
  if (e->out) fputs("layer,metric,class,other,height\n", e->out);
  for (HoleIndex i = 0; i < e->n_items; ++i) {
    struct hole_shape   shape;
    struct result_array a = {-1, 1, NULL};
    hole_object         object;
    char                path[3 * HOLE_NAME_LENGTH];

    PetscCall(PetscSNPrintf(path, sizeof(path), "%s/tasks/hierarchy", e->items[i].base));
    PetscCall(hole_reader_find(e->reader, path, &object));
    if (object != HOLE_OBJECT_DATASET) continue;
    PetscCall(hole_reader_shape(e->reader, path, &shape));
    PetscCall(result_read_array(e->reader, e->items[i].base, "tasks/hierarchy", shape.dims[0], &a));
    for (HoleIndex k = 0; k < a.n * a.n && e->out; ++k) {
      print_item(e->out, &e->items[i]);
      fprintf(e->out, ",%" HoleIndex_FMT ",%" HoleIndex_FMT ",", k / a.n, k % a.n);
      print_number(e->out, a.values[k]);
      fputc('\n', e->out);
    }
    PetscCall(PetscFree(a.values));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A row of a table of conditions, without the end of the line. */
static void print_condition(FILE *out, const char condition[], const char metric[])
{
  print_field(out, condition);
  fputc(',', out);
  print_field(out, metric);
}

static PetscErrorCode export_condition_flow(struct export *e, const char condition[], const char metric[],
                                            const char base[])
{
  static const char *const columns[] = {"layer", "source_cluster", "target_cluster", "count"};
  char                     path[3 * HOLE_NAME_LENGTH];
  HoleIndex                n;
  int64_t                 *rows;

  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s/flow", base));
  PetscCall(hole_reader_integer_records(e->reader, path, 4, columns, &n, &rows));
  for (HoleIndex r = 0; r < n && e->out; ++r) {
    print_condition(e->out, condition, metric);
    for (int c = 0; c < 4; ++c) fprintf(e->out, ",%" PRId64, rows[4 * r + c]);
    fputc('\n', e->out);
  }
  PetscCall(PetscFree(rows));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode print_robustness(struct export *e, const char condition[], const char metric[], HoleIndex n,
                                       const hole_names features, const double rows[])
{
  PetscFunctionBegin;
  for (HoleIndex r = 0; r < n && e->out; ++r) {
    print_condition(e->out, condition, metric);
    for (int c = 0; c < 5; ++c) {
      fputc(',', e->out);
      if (c == 2) fprintf(e->out, "%s,", features[r]);
      print_number(e->out, rows[5 * r + c]);
    }
    fputc('\n', e->out);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode export_condition_robustness(struct export *e, const char condition[], const char metric[],
                                                  const char base[])
{
  static const char *const columns[] = {"layer", "dim", "value", "other", "relative_change"};
  char                     path[3 * HOLE_NAME_LENGTH];
  HoleIndex                n;
  hole_names               features;
  double                  *rows = NULL;
  PetscErrorCode           read;

  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s/robustness", base));
  PetscCall(hole_reader_record_names(e->reader, path, "feature", &n, &features));
  read = hole_reader_records(e->reader, path, 5, columns, &n, &rows);
  if (!read) read = print_robustness(e, condition, metric, n, features, rows);
  PetscCall(PetscFree(features));
  PetscCall(PetscFree(rows));
  PetscCall(read);
  PetscFunctionReturn(PETSC_SUCCESS);
}

typedef PetscErrorCode (*condition_export)(struct export *e, const char condition[], const char metric[],
                                           const char base[]);

/* The chosen metrics of one condition. */
static PetscErrorCode export_condition(struct export *e, const char condition[], condition_export run)
{
  char       wanted[4096], group[2 * HOLE_NAME_LENGTH], base[3 * HOLE_NAME_LENGTH];
  HoleIndex  n;
  hole_names metrics;

  PetscFunctionBegin;
  PetscCall(app_get_text("-metric", "all", sizeof(wanted), wanted));
  PetscCall(PetscSNPrintf(group, sizeof(group), "/conditions/%s", condition));
  PetscCall(hole_reader_list(e->reader, group, &n, &metrics));
  for (HoleIndex m = 0; m < n; ++m) {
    PetscCall(PetscSNPrintf(base, sizeof(base), "%s/%s", group, metrics[m]));
    if (!strcmp(wanted, "all") || !strcmp(wanted, metrics[m])) PetscCall(run(e, condition, metrics[m], base));
  }
  PetscCall(PetscFree(metrics));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A table of all conditions that hole compare has added. */
static PetscErrorCode export_all_conditions(struct export *e, const char head[], condition_export run)
{
  HoleIndex   n;
  hole_names  conditions;
  hole_object object;

  PetscFunctionBegin;
  if (e->out) fprintf(e->out, "%s\n", head);
  PetscCall(hole_reader_find(e->reader, "/conditions", &object));
  if (object != HOLE_OBJECT_GROUP) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(hole_reader_list(e->reader, "/conditions", &n, &conditions));
  for (HoleIndex c = 0; c < n; ++c) PetscCall(export_condition(e, conditions[c], run));
  PetscCall(PetscFree(conditions));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode export_conditions(struct export *e)
{
  return export_all_conditions(e, "condition,metric,layer,source_cluster,target_cluster,count", export_condition_flow);
}

static PetscErrorCode export_robustness(struct export *e)
{
  return export_all_conditions(e, "condition,metric,layer,dim,feature,value,other,relative_change",
                               export_condition_robustness);
}

static PetscErrorCode export_table(struct export *e)
{
  static const struct {
    const char *name;
    PetscErrorCode (*run)(struct export *);
  } tables[] = {{"diagrams", export_diagrams},
                {"tree", export_tree},
                {"stages", export_stages},
                {"curves", export_curves},
                {"nodes", export_nodes},
                {"flow_stages", export_flow_stages},
                {"flow_layers", export_flow_layers},
                {"folded", export_folded},
                {"folded_nodes", export_folded_nodes},
                {"folded_stages", export_folded_stages},
                {"folded_layers", export_folded_layers},
                {"hierarchy", export_hierarchy},
                {"separability", export_separability},
                {"homogeneity", export_homogeneity},
                {"outliers", export_outliers},
                {"conditions", export_conditions},
                {"robustness", export_robustness}};
  char table[64], format[64];

  PetscFunctionBegin;
  PetscCall(app_get_text("-table", "diagrams", sizeof(table), table));
  PetscCall(app_get_text("-format", "csv", sizeof(format), format));
  if (!strcmp(format, "ripser")) {
    PetscCheck(!strcmp(table, "diagrams"), PETSC_COMM_SELF, HOLE_ERR_USAGE,
               "-format ripser holds diagrams; for -table %s use -format csv", table);
    PetscCall(export_ripser(e));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); ++t) {
    if (!strcmp(tables[t].name, table)) PetscCall(tables[t].run(e));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local, rank 0: stdout, or a temporary file beside the one wanted. */
static PetscErrorCode open_text(struct export *e, const char input[])
{
  const char *slash;
  struct stat info;
  PetscBool   force;

  PetscFunctionBegin;
  PetscCall(app_get_text("-output", "", sizeof(e->output), e->output));
  PetscCall(app_get_flag("-force", &force));
  if (e->rank) PetscFunctionReturn(PETSC_SUCCESS);
  e->out = stdout;
  if (!e->output[0]) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(app_check_apart(input, e->output));
  if (!stat(e->output, &info)) {
    PetscCheck(force, PETSC_COMM_SELF, HOLE_ERR_USAGE, "-output %s exists; give -force to replace it", e->output);
    PetscCheck(S_ISREG(info.st_mode), PETSC_COMM_SELF, HOLE_ERR_USAGE, "-output %s is not an ordinary file", e->output);
  }
  slash = strrchr(e->output, '/');
  PetscCall(PetscSNPrintf(e->temporary, sizeof(e->temporary), "%.*s.%s.tmp.%d",
                          slash ? (int)(slash - e->output) + 1 : 0, e->output, slash ? slash + 1 : e->output,
                          (int)getpid()));
  e->out = fopen(e->temporary, "w");
  PetscCheck(e->out, PETSC_COMM_SELF, HOLE_ERR_USAGE, "-output %s: cannot write there (%s)", e->output,
             strerror(errno));
  app_set_temporary(e->comm, APP_TEMPORARY_OUTPUT, e->temporary);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The temporary file takes its name; without -force only if nobody has taken it meanwhile. */
static int give_name(const struct export *e, PetscBool force)
{
  if (force) return rename(e->temporary, e->output);
  return link(e->temporary, e->output) || unlink(e->temporary);
}

/* Local, rank 0: a file takes its name once all of it has been written. */
static PetscErrorCode close_text(struct export *e, PetscBool whole)
{
  PetscBool force;
  int       failed, unnamed = 0;

  PetscFunctionBegin;
  PetscCall(app_get_flag("-force", &force));
  if (!e->out || e->out == stdout) PetscFunctionReturn(PETSC_SUCCESS); /* main() looks at stdout */
  failed = ferror(e->out) | fflush(e->out) | fsync(fileno(e->out));
  failed |= fclose(e->out);
  if (!failed && whole) unnamed = give_name(e, force);
  if (failed || unnamed || !whole) unlink(e->temporary);
  PetscCheck(!failed, PETSC_COMM_SELF, HOLE_ERR_RESOURCE, "-output %s could not be written; is the disk full?",
             e->output);
  PetscCheck(!unnamed, PETSC_COMM_SELF, HOLE_ERR_USAGE, "-output %s: cannot take this name (%s)", e->output,
             strerror(errno));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode export(struct export *e, const char input[])
{
  PetscFunctionBegin;
  PetscCall(result_open(e->comm, input, &e->reader));
  PetscCall(result_list_items(e->reader, &e->n_items, &e->items));
  HoleCallAgreed(e->comm, open_text(e, input));
  PetscCall(export_table(e));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode run_export(MPI_Comm comm, const char input[])
{
  struct export e = {.comm = comm};
  PetscErrorCode exported, closed;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &e.rank));
  exported = export(&e, input);
  closed   = HoleErrorAgree(comm, close_text(&e, (PetscBool)!exported));
  app_set_temporary(comm, APP_TEMPORARY_OUTPUT, "");
  PetscCall(PetscFree(e.items));
  PetscCall(hole_reader_destroy(&e.reader));
  PetscCall(exported);
  PetscCall(closed);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const struct app_option options[] = {
    {"-table", OPTION_WORD,
     "diagrams tree stages curves nodes flow_stages flow_layers folded folded_nodes folded_stages folded_layers "
     "hierarchy separability homogeneity outliers conditions robustness",
     "what to export; conditions and robustness are what hole compare has added", 0, 0},
    {"-format", OPTION_WORD, "csv ripser", "csv with a head line; ripser: intervals as Ripser prints them, all digits",
     0, 0},
    {"-layers", OPTION_TEXT, "all | NAME,PATTERN,...", "layers", 0, 0},
    {"-metric", OPTION_TEXT, "all | NAME,...", "metrics", 0, 0},
    {"-output", OPTION_TEXT, "FILE", "default: stdout", 0, 0},
    {"-force", OPTION_FLAG, "", "replace an existing output", 0, 0}};

const struct app_command app_export = {"export",
                                       "RESULT.h5",
                                       "tables of a result as csv or as Ripser prints them",
                                       "Writes one table of a result file as text.",
                                       options,
                                       sizeof(options) / sizeof(options[0]),
                                       run_export,
                                       NULL};
