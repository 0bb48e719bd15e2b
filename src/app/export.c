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
  fputs(isinf(x) ? "inf" : text, out);
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
  static const char *const names[] = {"threshold", "n_clusters", "purity", "homogeneity",
                                      "score",     "ari",        "nmi",    "size_entropy"};
  enum { N_CURVES = sizeof(names) / sizeof(names[0]) };

  PetscFunctionBegin;
  if (e->out) fputs("layer,metric,threshold,n_clusters,purity,homogeneity,score,ari,nmi,size_entropy\n", e->out);
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

static PetscErrorCode export_table(struct export *e)
{
  static const struct {
    const char *name;
    PetscErrorCode (*run)(struct export *);
  } tables[] = {{"diagrams", export_diagrams},      {"tree", export_tree},   {"stages", export_stages},
                {"curves", export_curves},          {"nodes", export_nodes}, {"flow_stages", export_flow_stages},
                {"flow_layers", export_flow_layers}};
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
  app_set_temporary(e->comm, e->temporary);
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
  PetscBool is_result;

  PetscFunctionBegin;
  PetscCall(hole_reader_create(e->comm, input, &e->reader));
  PetscCall(result_is_result(e->reader, &is_result));
  PetscCheck(is_result, PETSC_COMM_SELF, HOLE_ERR_INPUT,
             "%s is not a result of hole analyze (no attribute format = hole-result)", input);
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
  app_set_temporary(comm, "");
  PetscCall(PetscFree(e.items));
  PetscCall(hole_reader_destroy(&e.reader));
  PetscCall(exported);
  PetscCall(closed);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const struct app_option options[] = {
    {"-table", OPTION_WORD, "diagrams tree stages curves nodes flow_stages flow_layers", "what to export", 0, 0},
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
