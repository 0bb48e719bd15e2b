/* A run of analyze and its checkpoint.

   The key of a run names the version, the input and every option that results depend on, a line each. Options are compared as they were
   given: one that is given its default is another key, which costs a restart but never a result. */
#include "restart.h"

#include "ending.h"
#include "version.h"
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* Options that results do not depend on. */
static const char *const free_options[] = {
    "-output",           "-force",        "-distances_tile", "-distances_axes", "-distances_looks", "-homology_side",
    "-homology_windows", "-memory_limit", "-view",           "-progress",       "-checkpoint",      "-restart"};

/* Options of SLEPc that views depend on begin so. */
static const char *const slepc_prefixes[] = {"-eps_", "-st_", "-bv_", "-ds_", "-ksp_", "-pc_"};

PetscErrorCode app_restart_get_options(struct app_restart *r)
{
  PetscFunctionBegin;
  PetscCall(app_get_text("-checkpoint", "", sizeof(r->folder), r->folder));
  PetscCall(app_get_flag("-restart", &r->restart));
  PetscCheck(!r->restart || r->folder[0], PETSC_COMM_SELF, HOLE_ERR_USAGE,
             "-restart: where from? Give the folder of the earlier run too: -checkpoint DIR -restart");
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Text that grows. */
struct text {
  char  *bytes;
  size_t used, room;
};

static PetscErrorCode add_line(struct text *t, const char name[], const char value[])
{
  const size_t more = strlen(name) + strlen(value) + 3;

  PetscFunctionBegin;
  if (t->used + more > t->room) {
    t->room = 2 * (t->used + more);
    PetscCall(PetscRealloc(t->room, &t->bytes));
  }
  t->used += (size_t)snprintf(t->bytes + t->used, more, "%s %s\n", name, value);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode add_number(struct text *t, const char name[], HoleIndex value)
{
  char text[32];

  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(text, sizeof(text), "%" HoleIndex_FMT, value));
  PetscCall(add_line(t, name, text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* FNV-1a (Fowler, Noll, Vo): to tell that something has changed, not against those who want to deceive. */
static uint64_t digest(size_t n, const void *data)
{
  const unsigned char *bytes = data;
  uint64_t             hash  = UINT64_C(14695981039346656037);

  for (size_t b = 0; b < n; ++b) hash = (hash ^ bytes[b]) * UINT64_C(1099511628211);
  return hash;
}

static PetscErrorCode add_digest(struct text *t, const char name[], size_t n, const void *data)
{
  char text[32];

  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(text, sizeof(text), "%016" PRIx64, data ? digest(n, data) : 0));
  PetscCall(add_line(t, name, text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The input by size, time, shapes, labels and ids: values are not read. A copy that keeps the time is the same input. */
static PetscErrorCode add_input(struct text *t, const struct app_run *run)
{
  const HoleIndex n    = run->n_points;
  struct stat     info = {0};
  struct tm       utc;
  char            text[4 * HOLE_NAME_LENGTH];
  const int64_t  *ids;
  const int32_t  *labels;
  HoleIndex       width;

  PetscFunctionBegin;
  (void)stat(run->input, &info);
  gmtime_r(&info.st_mtime, &utc);
  strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc);
  PetscCall(add_number(t, "input of bytes", info.st_size));
  PetscCall(add_line(t, "input modified at", text));
  PetscCall(HoleSourceGetSampleIds(run->source, &ids));
  PetscCall(HoleSourceGetLabels(run->source, &labels));
  PetscCall(add_number(t, "input with points", n));
  PetscCall(add_digest(t, "input with sample ids", (size_t)n * sizeof(*ids), ids));
  PetscCall(add_digest(t, "input with labels", (size_t)n * sizeof(*labels), labels));
  for (HoleIndex l = 0; l < run->n_layers; ++l) {
    PetscCall(HoleSourceGetLayerShape(run->source, l, NULL, &width));
    PetscCall(PetscSNPrintf(text, sizeof(text), "%s, %" HoleIndex_FMT " wide, kind %d",
                            HoleSourceGetLayerName(run->source, l), width,
                            (int)HoleSourceGetLayerKind(run->source, l)));
    PetscCall(add_line(t, "layer", text));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscBool is_free(const char name[])
{
  for (size_t o = 0; o < sizeof(free_options) / sizeof(free_options[0]); ++o) {
    if (!strcmp(name, free_options[o])) return PETSC_TRUE;
  }
  return PETSC_FALSE;
}

static PetscBool is_of_slepc(const char name[])
{
  for (size_t p = 0; p < sizeof(slepc_prefixes) / sizeof(slepc_prefixes[0]); ++p) {
    if (!strncmp(name, slepc_prefixes[p], strlen(slepc_prefixes[p]))) return PETSC_TRUE;
  }
  return PETSC_FALSE;
}

static PetscErrorCode add_options(struct text *t, const struct app_command *command)
{
  char  value[4096], *all, *rest, *word;
  char *name = NULL;

  PetscFunctionBegin;
  for (int o = 0; o < command->n_options; ++o) {
    if (is_free(command->options[o].name)) continue;
    PetscCall(app_get_text(command->options[o].name, "(default)", sizeof(value), value));
    PetscCall(add_line(t, command->options[o].name, value));
  }
  PetscCall(PetscOptionsGetAll(NULL, &all)); /* names and values, between blanks */
  for (word = strtok_r(all, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
    if (is_of_slepc(word)) PetscCall(add_line(t, word, ""));
    else if (name && is_of_slepc(name) && word[0] != '-') PetscCall(add_line(t, name, word));
    name = word;
  }
  PetscCall(PetscFree(all));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local. */
static PetscErrorCode make_key(const struct app_run *run, const struct app_command *command, struct text *t)
{
  PetscFunctionBegin;
  PetscCall(add_line(t, "hole", HOLE_VERSION));
  PetscCall(add_input(t, run));
  PetscCall(add_options(t, command));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Said where the run ends early. `part`: dimensions of the present unit that are kept, 0 for none. */
static PetscErrorCode tell_kept(const struct app_restart *r, const struct app_run *run, HoleIndex l, int m,
                                PetscInt part)
{
  char text[APP_MESSAGE_LENGTH / 2], more[APP_MESSAGE_LENGTH / 2] = "";

  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(text, sizeof(text),
                          "%" HoleIndex_FMT " of %" HoleIndex_FMT " units (a layer by a metric) are kept in %s",
                          hole_checkpoint_count(r->checkpoint), r->n_units, r->folder));
  if (part)
    PetscCall(PetscSNPrintf(more, sizeof(more), ", and dimensions 0 to %" PetscInt_FMT " of %s, %s", part,
                            HoleSourceGetLayerName(run->source, l), app_run_metric_name(run, m)));
  PetscCall(PetscStrlcat(text, more, sizeof(text)));
  ending_set_kept(text);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void show_temporary(MPI_Comm comm, const char path[]) { app_set_temporary(comm, APP_TEMPORARY_UNIT, path); }

PetscErrorCode app_restart_open(struct app_restart *r, const struct app_run *run, const struct app_command *command)
{
  struct text    key = {0};
  PetscBool      force;
  PetscErrorCode opened;

  PetscFunctionBegin;
  if (!r->folder[0]) PetscFunctionReturn(PETSC_SUCCESS);
  r->comm    = run->comm;
  r->n_units = run->n_layers * run->n_metrics;
  PetscCall(app_get_flag("-force", &force));
  opened = HoleErrorAgree(r->comm, make_key(run, command, &key)); /* local */
  if (!opened)
    opened = hole_checkpoint_open(r->comm, r->folder, key.bytes, r->n_units, r->restart, force, show_temporary,
                                  &r->checkpoint);
  PetscCall(PetscFree(key.bytes));
  PetscCall(opened);
  r->n_found = hole_checkpoint_count(r->checkpoint);
  PetscCall(tell_kept(r, run, 0, 0, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode app_restart_print(const struct app_restart *r)
{
  PetscMPIInt rank;
  HoleIndex   n_parts = 0;

  PetscFunctionBegin;
  if (!r->restart) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCallMPI(MPI_Comm_rank(r->comm, &rank));
  for (HoleIndex u = 0; u < r->n_units; ++u) n_parts += hole_checkpoint_form(r->checkpoint, u) == HOLE_UNIT_PART;
  if (rank) PetscFunctionReturn(PETSC_SUCCESS);
  if (!r->n_found && !n_parts) printf("checkpoint %s is empty: starting from the beginning\n", r->folder);
  else
    printf("checkpoint %s: %" HoleIndex_FMT " of %" HoleIndex_FMT " units are there%s\n", r->folder, r->n_found,
           r->n_units, n_parts ? ", and a part of the next" : "");
  fflush(stdout);
  PetscFunctionReturn(PETSC_SUCCESS);
}

hole_unit_form app_restart_form(const struct app_restart *r, const struct app_run *run, HoleIndex l, int m)
{
  return r->checkpoint ? hole_checkpoint_form(r->checkpoint, l * run->n_metrics + m) : HOLE_UNIT_NONE;
}

PetscErrorCode app_restart_load(struct app_restart *r, const struct app_run *run, HoleIndex l, int m,
                                struct hole_unit *u)
{
  PetscFunctionBegin;
  PetscCall(hole_checkpoint_load(r->checkpoint, l * run->n_metrics + m, run->n_points,
                                 HoleFiltrationGetMaxDim(run->filtration), u));
  if (u->state.dim) PetscCall(tell_kept(r, run, l, m, u->state.dim));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode app_restart_save(struct app_restart *r, const struct app_run *run, HoleIndex l, int m,
                                hole_unit_form form, struct hole_unit *u)
{
  PetscFunctionBegin;
  if (!r->checkpoint) PetscFunctionReturn(PETSC_SUCCESS);
  u->layer    = HoleSourceGetLayerName(run->source, l);
  u->metric   = app_run_metric_name(run, m);
  u->n_points = run->n_points;
  PetscCall(hole_checkpoint_save(r->checkpoint, l * run->n_metrics + m, form, u));
  PetscCall(tell_kept(r, run, l, m, form == HOLE_UNIT_PART ? u->state.dim : 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode app_restart_destroy(struct app_restart *r)
{
  PetscFunctionBegin;
  PetscCall(hole_checkpoint_destroy(&r->checkpoint));
  PetscFunctionReturn(PETSC_SUCCESS);
}
