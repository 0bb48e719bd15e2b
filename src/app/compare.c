/* hole compare: what a result has in common with others. So far: the same points in other conditions.

   What is found is kept until all of it is known; then the result is copied, groups are added to the copy, and it takes the name. */
#include "app.h"
#include "conditions.h"
#include "result.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct comparison {
  MPI_Comm            comm;
  char                input[PETSC_MAX_PATH_LEN], output[PETSC_MAX_PATH_LEN]; /* files, not links to them */
  PetscBool           force, summary;
  hole_reader         reader;
  hole_writer         writer;
  HoleIndex           n_items;
  struct result_item *items;
  HoleIndex           n_conditions;
  struct condition   *conditions;
};

/* Local: -against as a list; two files that would have one group are refused. */
static PetscErrorCode get_against(struct comparison *c)
{
  char text[16 * PETSC_MAX_PATH_LEN], *rest = text, *path;

  PetscFunctionBegin;
  PetscCall(app_get_text("-against", "", sizeof(text), text));
  PetscCheck(text[0], PETSC_COMM_SELF, HOLE_ERR_USAGE,
             "compare: -against OTHER.h5,... is missing: results of hole analyze on the same points");
  while ((path = strsep(&rest, ","))) {
    struct condition *new;

    PetscCall(PetscRealloc(sizeof(*c->conditions) * (size_t)(c->n_conditions + 1), &c->conditions));
    new = &c->conditions[c->n_conditions++];
    PetscCall(PetscArrayzero(new, 1));
    PetscCheck(path[0] && strlen(path) < sizeof(new->path), PETSC_COMM_SELF, HOLE_ERR_USAGE,
               "-against: a name is empty or too long");
    PetscCall(PetscStrncpy(new->path, path, sizeof(new->path)));
    PetscCall(condition_stem(path, sizeof(new->stem), new->stem));
    for (HoleIndex k = 0; k < c->n_conditions - 1; ++k)
      PetscCheck(strcmp(c->conditions[k].stem, new->stem), PETSC_COMM_SELF, HOLE_ERR_USAGE,
                 "-against: %s and %s would both be /conditions/%s; rename one", c->conditions[k].path, path,
                 new->stem);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local. A link stays a link: the file that it leads to is replaced. */
static PetscErrorCode get_options(struct comparison *c, const char input[])
{
  char text[64], *real = realpath(input, NULL);

  PetscFunctionBegin;
  PetscCall(PetscStrncpy(c->input, real ? real : input, sizeof(c->input)));
  free(real);
  PetscCall(app_get_text("-output", c->input, sizeof(c->output), c->output));
  PetscCall(app_get_flag("-force", &c->force));
  PetscCall(app_get_text("-view", "summary", sizeof(text), text));
  c->summary = (PetscBool)!strcmp(text, "summary");
  PetscCall(get_against(c));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_replaced(const struct comparison *c, const char input[])
{
  PetscFunctionBegin;
  for (HoleIndex k = 0; k < c->n_conditions && !c->force; ++k) {
    char        path[2 * HOLE_NAME_LENGTH];
    hole_object object;

    PetscCall(PetscSNPrintf(path, sizeof(path), "/conditions/%s", c->conditions[k].stem));
    PetscCall(hole_reader_find(c->reader, path, &object));
    PetscCheck(object == HOLE_OBJECT_NONE, PETSC_COMM_SELF, HOLE_ERR_USAGE,
               "%s has %s already; give -force to replace it", input, path);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_all(struct comparison *c, const char input[])
{
  PetscFunctionBegin;
  PetscCall(result_open(c->comm, input, &c->reader));
  PetscCall(check_replaced(c, input));
  PetscCall(result_list_items(c->reader, &c->n_items, &c->items));
  for (HoleIndex k = 0; k < c->n_conditions; ++k)
    PetscCall(condition_compare(c->comm, c->reader, input, c->n_items, c->items, &c->conditions[k]));
  PetscCall(hole_reader_destroy(&c->reader)); /* before the file is replaced */
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode write_all(struct comparison *c)
{
  PetscFunctionBegin;
  PetscCall(hole_writer_update(c->comm, c->input, c->output, c->force, &c->writer));
  app_set_temporary(c->comm, APP_TEMPORARY_OUTPUT, hole_writer_temporary_name(c->writer));
  for (HoleIndex k = 0; k < c->n_conditions; ++k) PetscCall(condition_write(c->writer, &c->conditions[k]));
  PetscCall(hole_writer_commit(c->writer));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* One line a condition and metric: the row that sums up all layers is the last. */
static void print_summary(const struct comparison *c)
{
  printf("%-24s %-20s %8s %12s %12s\n", "condition", "metric", "links", "robustness", "mean change");
  for (HoleIndex k = 0; k < c->n_conditions; ++k) {
    for (HoleIndex m = 0; m < c->conditions[k].n_metrics; ++m) {
      const struct condition_metric *one = &c->conditions[k].metrics[m];
      const HoleRobustnessRow       *all = &one->robustness->rows[one->robustness->n - 1];

      printf("%-24s %-20s %8" HoleIndex_FMT " %12.4f %12.4g\n", c->conditions[k].stem, one->metric, one->n_links,
             all->value, all->relative_change);
    }
  }
  printf("\nwritten to %s\n", c->output);
  fflush(stdout);
}

static PetscErrorCode compare(struct comparison *c, const char input[])
{
  PetscMPIInt rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(c->comm, &rank));
  HoleCallAgreed(c->comm, get_options(c, input)); /* local */
  PetscCall(read_all(c, input));
  PetscCall(write_all(c));
  if (c->summary && !rank) print_summary(c);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode run_compare(MPI_Comm comm, const char input[])
{
  struct comparison c = {.comm = comm};
  PetscErrorCode    compared;

  PetscFunctionBegin;
  compared = compare(&c, input);
  PetscCall(hole_writer_destroy(&c.writer)); /* without a commit, the temporary file goes */
  app_set_temporary(comm, APP_TEMPORARY_OUTPUT, "");
  PetscCall(hole_reader_destroy(&c.reader));
  for (HoleIndex k = 0; k < c.n_conditions; ++k) PetscCall(condition_destroy(&c.conditions[k]));
  PetscCall(PetscFree(c.conditions));
  PetscCall(PetscFree(c.items));
  PetscCall(compared);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const struct app_option options[] = {
    {"-against", OPTION_TEXT, "OTHER.h5,...", "results of the same points in other conditions", 0, 0},
    {"-layers", OPTION_TEXT, "all | NAME,PATTERN,...", "layers to compare: names or shell patterns", 0, 0},
    {"-metric", OPTION_TEXT, "all | NAME,...", "metrics; those that the other result lacks are passed over", 0, 0},
    {"-output", OPTION_TEXT, "FILE", "a copy of the result with what is added; default: the result itself", 0, 0},
    {"-force", OPTION_FLAG, "", "replace groups that the result has already, and an existing output", 0, 0},
    {"-view", OPTION_WORD, "summary none", "what is printed on stdout", 0, 0}};

const struct app_command app_compare = {
    "compare",
    "RESULT.h5",
    "adds flow and robustness against the same points in other conditions to a result",
    "Compares results of hole analyze on the same points, such as clean and noisy inputs or a network before and after "
    "quantisation: which clusters of a layer share points at the flow stage, and how much persistence and clusters "
    "change. Adds /conditions/OTHER to the result, which is copied and then takes its name.",
    options,
    sizeof(options) / sizeof(options[0]),
    run_compare,
    NULL};
