/* hole plan: what a run of analyze will need, and the job script that asks for it. Reads metadata only; values stay in the file.

   Whether it fits is advice: the exit code is 0 either way. */
#include "app.h"
#include "memory.h"
#include "model.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MEMORY_STEP = 64 * 1024 * 1024, MINUTES_STEP = 5, HEAD_ROOM_TIME = 2 };

#define HEAD_ROOM_MEMORY 1.25
#define LEAST_MEMORY     (128. * 1024 * 1024) /* what MPI takes for connections to many ranks is not known here */
#define SHARE_OF_NODE    0.95                 /* the rest is the system's */

/* What was asked, and what comes of it. */
struct plan {
  struct app_run run;
  PetscMPIInt    n_ranks;
  HoleIndex      node_memory, node_cores;
  HoleIndex      memory_limit; /* per rank; 0: none was given */
  struct rates   rates;
  struct model   model;

  /* The job. */
  HoleIndex a_rank; /* bytes to ask for, head room included */
  HoleIndex ranks_a_node, n_nodes, minutes;
  PetscBool fits;
};

static PetscErrorCode get_size(const char option[], HoleIndex fallback, HoleIndex *bytes)
{
  char text[64];

  PetscFunctionBegin;
  PetscCall(app_get_text(option, "", sizeof(text), text));
  *bytes = fallback;
  if (text[0]) PetscCall(app_memory_parse(option, text, bytes));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local, equal on all ranks. */
static PetscErrorCode get_options(struct plan *p)
{
  const long cores   = sysconf(_SC_NPROCESSORS_ONLN);
  PetscInt   n_ranks = p->n_ranks, n_cores = (PetscInt)PetscMax(1, cores);

  PetscFunctionBegin;
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-ranks", &n_ranks, NULL));
  PetscCall(PetscMPIIntCast(n_ranks, &p->n_ranks));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-node_cores", &n_cores, NULL));
  p->node_cores = n_cores;
  PetscCall(get_size("-node_memory", app_memory_node(), &p->node_memory));
  PetscCall(get_size("-memory_limit", 0, &p->memory_limit));
  PetscCall(app_run_get_options(&p->run));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static HoleIndex round_up(double value, HoleIndex step) { return ((HoleIndex)ceil(value / (double)step)) * step; }

/* Ranks are spread evenly over as few nodes as hold them. */
static void lay_out_job(struct plan *p)
{
  const double most    = p->memory_limit ? (double)p->memory_limit : SHARE_OF_NODE * (double)p->node_memory;
  const double minutes = HEAD_ROOM_TIME * p->model.seconds / 60;
  HoleIndex    together;

  p->a_rank       = round_up(PetscMax(LEAST_MEMORY, HEAD_ROOM_MEMORY * p->model.peak), MEMORY_STEP);
  p->fits         = (PetscBool)(p->model.peak <= most && (double)p->a_rank <= SHARE_OF_NODE * (double)p->node_memory);
  together        = PetscMin(p->node_cores, (HoleIndex)(SHARE_OF_NODE * (double)p->node_memory / (double)p->a_rank));
  together        = PetscMax(1, PetscMin(together, p->n_ranks));
  p->n_nodes      = (p->n_ranks + together - 1) / together;
  p->ranks_a_node = (p->n_ranks + p->n_nodes - 1) / p->n_nodes;
  p->minutes      = round_up(PetscMax(minutes, 1), minutes < 60 ? MINUTES_STEP : 3 * MINUTES_STEP);
}

static PetscErrorCode print_seconds(double seconds, size_t length, char text[])
{
  PetscFunctionBegin;
  if (seconds < 0.005) PetscCall(PetscSNPrintf(text, length, "%.0f ms", 1000 * seconds));
  else if (seconds < 100) PetscCall(PetscSNPrintf(text, length, "%.2f s", seconds));
  else if (seconds < 7200) PetscCall(PetscSNPrintf(text, length, "%.0f min", seconds / 60));
  else PetscCall(PetscSNPrintf(text, length, "%.1f h", seconds / 3600));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode print_flop(double flop, size_t length, char text[])
{
  const char *const units[] = {"", "k", "M", "G", "T", "P", "E"};
  int               u       = 0;

  PetscFunctionBegin;
  for (; flop >= 1000 && u < 6; ++u) flop /= 1000;
  if (flop > 0) PetscCall(PetscSNPrintf(text, length, "%.3g %s", flop, units[u]));
  else PetscCall(PetscStrncpy(text, "-", length));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode print_row(const char name[], double bytes, double flop, double seconds)
{
  char memory[32], work[32], time[32];

  PetscFunctionBegin;
  PetscCall(app_memory_print(bytes, sizeof(memory), memory));
  PetscCall(print_flop(flop, sizeof(work), work));
  PetscCall(print_seconds(seconds, sizeof(time), time));
  printf("  %-10s %14s %14s %10s\n", name, memory, work, time);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode print_input(struct plan *p)
{
  HoleIndex n_file, n_kept, width;

  PetscFunctionBegin;
  PetscCall(HoleSourceGetSamples(p->run.source, &n_file, &n_kept));
  printf("%s: %" HoleIndex_FMT " samples", p->run.input, n_file);
  if (n_kept < n_file) printf(" (%" HoleIndex_FMT " kept)", n_kept);
  printf(", %" HoleIndex_FMT " points in %" HoleIndex_FMT " layer%s:", p->run.n_points, p->run.n_layers,
         p->run.n_layers > 1 ? "s" : "");
  for (HoleIndex l = 0; l < p->run.n_layers; ++l) {
    PetscCall(HoleSourceGetLayerShape(p->run.source, l, NULL, &width));
    printf("%s %s", l ? "," : "", HoleSourceGetLayerName(p->run.source, l));
    if (HoleSourceGetLayerKind(p->run.source, l) == HOLE_LAYER_ACTIVATIONS) printf(" (%" HoleIndex_FMT ")", width);
  }
  printf("\n-metric ");
  for (int m = 0; m < p->run.n_metrics; ++m) printf("%s%s", m ? "," : "", app_run_metric_name(&p->run, m));
  printf(" -filtration %s -max_dim %" PetscInt_FMT " -ranks %d\n\n", HoleFiltrationGetType(p->run.filtration),
         HoleFiltrationGetMaxDim(p->run.filtration), p->n_ranks);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode print_table(const struct plan *p)
{
  double flop = 0;

  PetscFunctionBegin;
  printf("  %-10s %14s %14s %10s\n", "step", "bytes a rank", "flop a rank", "time");
  for (int step = 0; step < MODEL_N_STEPS; ++step) {
    const struct model_phase *phase = &p->model.steps[step];

    flop += phase->flop;
    if (phase->bytes > 0)
      PetscCall(print_row(model_step_name((enum model_step)step), phase->bytes, phase->flop, phase->seconds));
  }
  PetscCall(print_row("all", p->model.peak, flop, p->model.seconds));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode print_verdict(const struct plan *p)
{
  char needs[32], has[32], text[APP_MESSAGE_LENGTH];

  PetscFunctionBegin;
  PetscCall(app_memory_print(p->model.peak, sizeof(needs), needs));
  PetscCall(app_memory_print((double)(p->memory_limit ? p->memory_limit : p->node_memory), sizeof(has), has));
  if (p->fits) {
    printf("\nIt fits: %s a rank, %s%s; %" HoleIndex_FMT " rank%s a node on %" HoleIndex_FMT " node%s.\n", needs, has,
           p->memory_limit ? " allowed" : " a node", p->ranks_a_node, p->ranks_a_node > 1 ? "s" : "", p->n_nodes,
           p->n_nodes > 1 ? "s" : "");
  } else {
    PetscCall(model_explain(&p->run, &p->model, (double)(p->memory_limit ? p->memory_limit : p->node_memory),
                            sizeof(text), text));
    printf("\nIt does not fit: %s\n", text);
  }
  if (!strcmp(HoleFiltrationGetType(p->run.filtration), HOLE_FILTRATION_SPARSE))
    printf("The edges of -filtration sparse depend on the data and are not counted.\n");
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A word as a shell would want it. */
static void print_word(FILE *file, const char word[])
{
  const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=.,:/@%";

  if (word[0] && strspn(word, safe) == strlen(word)) {
    fputs(word, file);
    return;
  }
  fputc('\'', file);
  for (; *word; ++word) {
    if (*word == '\'') fputs("'\\''", file);
    else fputc(*word, file);
  }
  fputc('\'', file);
}

static PetscBool is_own_option(const char word[])
{
  for (int o = 0; o < app_plan.n_options; ++o) {
    if (!strcmp(word, app_plan.options[o].name)) return PETSC_TRUE;
  }
  return PETSC_FALSE;
}

/* The command line as it was typed, without the options of plan itself, which all have a value. */
static void print_command(FILE *file)
{
  int    n;
  char **words = app_command_words(&n);

  fputs("srun hole analyze", file);
  for (int w = 2; w < n; ++w) {
    if (is_own_option(words[w])) ++w;
    else {
      fputc(' ', file);
      print_word(file, words[w]);
    }
  }
}

static void print_job(const struct plan *p)
{
  const HoleIndex days = p->minutes / 1440, hours = p->minutes / 60 % 24;

  printf("#!/bin/bash\n#SBATCH --nodes=%" HoleIndex_FMT
         "\n#SBATCH --ntasks=%d\n#SBATCH --ntasks-per-node=%" HoleIndex_FMT
         "\n#SBATCH --cpus-per-task=1\n#SBATCH --mem-per-cpu=%" HoleIndex_FMT "M\n#SBATCH --time=",
         p->n_nodes, p->n_ranks, p->ranks_a_node, p->a_rank / (1024 * 1024));
  if (days) printf("%" HoleIndex_FMT "-", days);
  printf("%02d:%02d:00\n\nexport OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1\n", (int)hours, (int)(p->minutes % 60));
  print_command(stdout);
  printf("\n");
}

static PetscErrorCode print_text(struct plan *p)
{
  PetscFunctionBegin;
  PetscCall(print_input(p));
  PetscCall(print_table(p));
  PetscCall(print_verdict(p));
  if ((double)p->a_rank > SHARE_OF_NODE * (double)p->node_memory)
    PetscFunctionReturn(PETSC_SUCCESS); /* on no such node */
  printf("\n");
  print_job(p);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Characters that JSON wants escaped. */
static void print_quoted(const char text[])
{
  putchar('"');
  for (; *text; ++text) {
    if (*text == '"' || *text == '\\') printf("\\%c", *text);
    else if ((unsigned char)*text < ' ') printf("\\u%04x", (unsigned)*text);
    else putchar(*text);
  }
  putchar('"');
}

static PetscErrorCode print_json_layers(const struct plan *p)
{
  HoleIndex width;

  PetscFunctionBegin;
  for (HoleIndex l = 0; l < p->run.n_layers; ++l) {
    PetscCall(HoleSourceGetLayerShape(p->run.source, l, NULL, &width));
    printf("%s{\"name\": ", l ? ", " : "");
    print_quoted(HoleSourceGetLayerName(p->run.source, l));
    printf(", \"width\": %" HoleIndex_FMT "}", width);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void print_json_steps(const struct plan *p)
{
  const char *separator = "";

  for (int step = 0; step < MODEL_N_STEPS; ++step) {
    const struct model_phase *phase = &p->model.steps[step];

    if (phase->bytes <= 0) continue;
    printf("%s\n    {\"name\": \"%s\", \"timing\": \"%s\", \"bytes\": %.0f, \"flop\": %.6g, \"seconds\": %.6g}",
           separator, model_step_name((enum model_step)step), model_step_timing((enum model_step)step), phase->bytes,
           phase->flop, phase->seconds);
    separator = ",";
  }
}

static void print_json_words(void)
{
  int    n;
  char **words = app_command_words(&n);

  printf("\"srun\", \"hole\", \"analyze\"");
  for (int w = 2; w < n; ++w) {
    if (is_own_option(words[w])) ++w;
    else {
      printf(", ");
      print_quoted(words[w]);
    }
  }
}

/* Seconds: of a byte; of a pair by itself, and of each of its units. */
static void print_json_rates(const struct plan *p)
{
  printf("  \"rates\": {\"byte\": %.4g", p->rates.byte);
  for (int m = 0; m < p->run.n_metrics && !p->run.precomputed; ++m)
    printf(", \"%s\": {\"tile\": [%.4g, %.4g], \"length\": [%.4g, %.4g]}", app_run_metric_name(&p->run, m),
           p->rates.tile[m].fixed, p->rates.tile[m].unit, p->rates.length[m].fixed, p->rates.length[m].unit);
  printf("},\n");
}

static PetscErrorCode print_json(struct plan *p)
{
  PetscFunctionBegin;
  printf("{\n  \"input\": ");
  print_quoted(p->run.input);
  printf(",\n  \"n_points\": %" HoleIndex_FMT ",\n  \"layers\": [", p->run.n_points);
  PetscCall(print_json_layers(p));
  printf("],\n  \"filtration\": \"%s\",\n  \"max_dim\": %" PetscInt_FMT ",\n  \"n_ranks\": %d,\n  \"steps\": [",
         HoleFiltrationGetType(p->run.filtration), HoleFiltrationGetMaxDim(p->run.filtration), p->n_ranks);
  print_json_steps(p);
  printf("\n  ],\n  \"peak_bytes\": %.0f,\n  \"seconds\": %.6g,\n  \"fits\": %s,\n", p->model.peak, p->model.seconds,
         p->fits ? "true" : "false");
  print_json_rates(p);
  printf("  \"node_memory\": %" HoleIndex_FMT ",\n  \"node_cores\": %" HoleIndex_FMT ",\n", p->node_memory,
         p->node_cores);
  printf("  \"job\": {\"nodes\": %" HoleIndex_FMT ", \"ntasks\": %d, \"ntasks_per_node\": %" HoleIndex_FMT
         ", \"cpus_per_task\": 1, \"mem_per_cpu_bytes\": %" HoleIndex_FMT ", \"minutes\": %" HoleIndex_FMT
         ",\n    \"command\": [",
         p->n_nodes, p->n_ranks, p->ranks_a_node, p->a_rank, p->minutes);
  print_json_words();
  printf("]}\n}\n");
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The fewer ranks a node holds, the more of what it holds once falls to each, and the fewer it holds: from as many as it has cores downwards. */
static PetscErrorCode lay_out(struct plan *p)
{
  PetscMPIInt together = (PetscMPIInt)PetscMin(p->node_cores, p->n_ranks);

  PetscFunctionBegin;
  PetscCall(model_predict(&p->run, p->n_ranks, together, &p->rates, &p->model));
  lay_out_job(p);
  while (p->ranks_a_node < together) {
    together = (PetscMPIInt)p->ranks_a_node;
    PetscCall(model_predict(&p->run, p->n_ranks, together, &p->rates, &p->model));
    lay_out_job(p);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: for rank 0, which measures and prints. */
static PetscErrorCode make_plan(struct plan *p)
{
  char format[32];

  PetscFunctionBegin;
  p->model.base  = app_memory_now(); /* before anything is measured, which takes memory too */
  p->model.start = app_memory_peak();
  PetscCall(calibrate(&p->run, &p->rates));
  PetscCall(lay_out(p));
  PetscCall(app_get_text("-format", "text", sizeof(format), format));
  PetscCall(strcmp(format, "json") ? print_text(p) : print_json(p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode plan(struct plan *p)
{
  PetscMPIInt rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(p->run.comm, &rank));
  PetscCallMPI(MPI_Comm_size(p->run.comm, &p->n_ranks));
  HoleCallAgreed(p->run.comm, get_options(p)); /* local */
  PetscCall(app_run_open(&p->run));
  HoleCallAgreed(p->run.comm, rank ? PETSC_SUCCESS : make_plan(p)); /* local */
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode run_plan(MPI_Comm comm, const char input[])
{
  struct plan    p = {.run = {.comm = comm, .input = input}};
  PetscErrorCode planned;

  PetscFunctionBegin;
  planned = plan(&p);
  PetscCall(app_run_destroy(&p.run));
  PetscCall(planned);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const struct app_option options[] = {
    {"-ranks", OPTION_INTEGER, "P (as many as run now)", "ranks of the run that is planned", 1, INT32_MAX},
    {"-node_memory", OPTION_TEXT, "SIZE, such as 256GiB", "memory of a node; default: of this one", 0, 0},
    {"-node_cores", OPTION_INTEGER, "C", "cores of a node; default: of this one", 1, INT32_MAX},
    {"-format", OPTION_WORD, "text json", "text: a table and a job script for Slurm", 0, 0}};

const struct app_command app_plan = {
    "plan",
    "ACTIVATIONS.h5",
    "memory and time that analyze will need, and a job script",
    "Predicts memory and time of hole analyze with the same options on P ranks, from the shapes in the file and a "
    "measurement of this machine that takes less than a second; prints a table and the lines for Slurm.",
    options,
    sizeof(options) / sizeof(options[0]),
    run_plan,
    &app_analyze};
