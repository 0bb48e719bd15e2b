/* Words of the command line and options: sorted out and checked before anything is computed.

   PETSc drops stray words and takes a word after a flag for its value, so the words are sorted out here first. What PETSc then
   holds, from whatever source, is checked by name and value. */
#include "app.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Options that PETSc and SLEPc read themselves begin so. */
static const char *const petsc_prefixes[] = {"-log",
                                             "-malloc",
                                             "-memory_view",
                                             "-info",
                                             "-options_",
                                             "-mat_",
                                             "-vec_",
                                             "-sf_",
                                             "-is_",
                                             "-eps_",
                                             "-st_",
                                             "-bv_",
                                             "-ksp_",
                                             "-pc_",
                                             "-viewer_",
                                             "-on_error_",
                                             "-error_output",
                                             "-start_in_debugger",
                                             "-debugger",
                                             "-stop_for_debugger",
                                             "-fp_trap",
                                             "-check_",
                                             "-citations",
                                             "-nox",
                                             "-no_signal_handler",
                                             "-shared_tmp",
                                             "-not_shared_tmp",
                                             "-mpi_",
                                             "-petsc_",
                                             "-history",
                                             "-objects_dump",
                                             "-saws",
                                             "-skip_petscrc",
                                             "-get_total_flops",
                                             "-show_options",
                                             "-use_",
                                             "-ds_",
                                             "-fn_",
                                             "-rg_",
                                             "-hole_fault"};

static PetscBool is_option(const char word[]) { return (PetscBool)(word[0] == '-' && isalpha((unsigned char)word[1])); }

static const struct app_option *find_option(const struct app_command *command, const char name[])
{
  for (int o = 0; o < command->n_options; ++o) {
    if (!strcmp(command->options[o].name, name)) return &command->options[o];
  }
  return NULL;
}

static PetscBool is_petsc_option(const char name[])
{
  for (size_t p = 0; p < sizeof(petsc_prefixes) / sizeof(petsc_prefixes[0]); ++p) {
    if (!strncmp(name, petsc_prefixes[p], strlen(petsc_prefixes[p]))) return PETSC_TRUE;
  }
  return PETSC_FALSE;
}

static int smallest(int a, int b, int c)
{
  int m = a < b ? a : b;

  return m < c ? m : c;
}

/* Insertions, deletions and substitutions that turn one word into the other [Levenshtein1966]. */
static int edit_distance(const char a[], const char b[])
{
  int row[128], n = (int)strlen(b), above;

  if (strlen(a) >= 127 || n >= 127) return 127;
  for (int j = 0; j <= n; ++j) row[j] = j;
  for (int i = 1; a[i - 1]; ++i) {
    above  = row[0];
    row[0] = i;
    for (int j = 1; j <= n; ++j) {
      int diagonal = above;

      above  = row[j];
      row[j] = smallest(row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
    }
  }
  return row[n];
}

const char *app_nearest(const char word[], const char *(*next)(const void *ctx, int n), const void *ctx)
{
  const char *nearest = NULL, *candidate;
  int         least   = 1 + (int)strlen(word) / 2;

  for (int n = 0; (candidate = next(ctx, n)); ++n) {
    int distance = edit_distance(word, candidate);

    if (distance < least) {
      least   = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

static const char *next_option(const void *ctx, int n)
{
  const struct app_command *command = ctx;

  return n < command->n_options ? command->options[n].name : NULL;
}

static const char *next_command(const void *ctx, int n)
{
  const char *const names[] = {"analyze", "inspect", "export"};

  (void)ctx;
  return n < 3 ? names[n] : NULL;
}

/* Words of the contract that a later version will know. */
static PetscBool is_planned_command(const char name[])
{
  return (PetscBool)(!strcmp(name, "compare") || !strcmp(name, "units") || !strcmp(name, "mapper") ||
                     !strcmp(name, "sweep") || !strcmp(name, "plan"));
}

static int fail_command(const char name[], char message[])
{
  const char *nearest = app_nearest(name, next_command, NULL);

  if (is_planned_command(name))
    snprintf(message, APP_MESSAGE_LENGTH,
             "the command '%s' is not part of this version; it has analyze, inspect and export", name);
  else if (nearest)
    snprintf(message, APP_MESSAGE_LENGTH, "unknown command '%s'; did you mean '%s'? See hole -help", name, nearest);
  else
    snprintf(message, APP_MESSAGE_LENGTH, "unknown command '%s'; there are analyze, inspect and export. See hole -help",
             name);
  return 2;
}

static PetscBool is_truth(const char word[])
{
  const char *const truths[] = {"true", "false", "yes", "no", "on", "off", "1", "0"};

  for (int t = 0; t < 8; ++t) {
    if (!strcmp(word, truths[t])) return PETSC_TRUE;
  }
  return PETSC_FALSE;
}

/* A file named by -options_file must be there: PETSc ends the program inside its initialisation otherwise. */
static int check_options_file(const char option[], const char path[], char message[])
{
  FILE *file;

  if (strcmp(option, "-options_file") && strcmp(option, "-options_file_yaml")) return 0;
  file = fopen(path, "r");
  if (!file) {
    snprintf(message, APP_MESSAGE_LENGTH, "%s %s: cannot read this file (%s)", option, path, strerror(errno));
    return 2;
  }
  fclose(file);
  return 0;
}

/* Option argv[w] and its value, if it has one, go to PETSc; returns the number of words taken, or 0 with a message. */
static int take_option(int argc, char **argv, int w, struct app_arguments *a, char message[])
{
  const struct app_option *option    = find_option(a->command, argv[w]);
  PetscBool                has_value = (PetscBool)(w + 1 < argc && !is_option(argv[w + 1]));

  a->argv[a->argc++] = argv[w];
  if (option && option->kind == OPTION_FLAG) has_value = (PetscBool)(has_value && is_truth(argv[w + 1]));
  if (option && option->kind != OPTION_FLAG && !has_value) {
    snprintf(message, APP_MESSAGE_LENGTH, "%s: a value is missing; expected %s", argv[w], option->values);
    return 0;
  }
  if (!has_value) return 1;
  if (check_options_file(argv[w], argv[w + 1], message)) return 0;
  a->argv[a->argc++] = argv[w + 1];
  return 2;
}

int app_arguments_parse(int argc, char **argv, struct app_arguments *a, char message[APP_MESSAGE_LENGTH])
{
  message[0] = 0;
  a->command = argc > 1 ? app_find_command(argv[1]) : NULL;
  a->argv    = calloc((size_t)argc + 2, sizeof(*a->argv));
  a->argc    = 0;
  if (argc < 2 || is_option(argv[1])) {
    snprintf(message, APP_MESSAGE_LENGTH, "a command is missing: hole COMMAND INPUT [options]. See hole -help");
    return 2;
  }
  if (!a->command) return fail_command(argv[1], message);
  a->argv[a->argc++] = argv[0];
  for (int w = 2; w < argc;) {
    if (is_option(argv[w])) {
      int taken = take_option(argc, argv, w, a, message);

      if (!taken) return 2;
      w += taken;
    } else if (a->input) {
      snprintf(message, APP_MESSAGE_LENGTH,
               "stray word '%s' after the input '%s'; several names in one option are separated by commas", argv[w],
               a->input);
      return 2;
    } else a->input = argv[w++];
  }
  if (!a->input) {
    snprintf(message, APP_MESSAGE_LENGTH, "%s: the input is missing: hole %s %s [options]", a->command->name,
             a->command->name, a->command->input);
    return 2;
  }
  return 0;
}

/* Is `word` among the words of a list separated by blanks? */
static PetscBool is_among(const char word[], const char list[])
{
  size_t n = strlen(word);

  for (const char *p = list; (p = strstr(p, word)); ++p) {
    if ((p == list || p[-1] == ' ') && (p[n] == ' ' || !p[n])) return PETSC_TRUE;
  }
  return PETSC_FALSE;
}

static PetscErrorCode check_value(const struct app_option *option, const char value[])
{
  char     *end;
  long long number;

  PetscFunctionBegin;
  if (option->kind == OPTION_FLAG)
    PetscCheck(!value[0] || is_truth(value), PETSC_COMM_SELF, HOLE_ERR_USAGE, "%s %s: expected true or false",
               option->name, value);
  else
    PetscCheck(value[0], PETSC_COMM_SELF, HOLE_ERR_USAGE, "%s: a value is missing; expected %s", option->name,
               option->values);
  if (option->kind == OPTION_WORD)
    PetscCheck(is_among(value, option->values), PETSC_COMM_SELF, HOLE_ERR_USAGE, "%s %s: expected one of: %s",
               option->name, value, option->values);
  if (option->kind == OPTION_INTEGER) {
    errno  = 0;
    number = strtoll(value, &end, 10);
    PetscCheck(end != value && !*end && !errno && number >= option->least && number <= option->most, PETSC_COMM_SELF,
               HOLE_ERR_USAGE, "%s %s: expected %s", option->name, value, option->values);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_option(const struct app_command *command, const char name[])
{
  const struct app_option *option = find_option(command, name);
  const char              *nearest;
  char                     value[4096] = "";
  PetscBool                set;

  PetscFunctionBegin;
  if (option) {
    PetscCall(PetscOptionsGetString(NULL, NULL, name, value, sizeof(value), &set));
    PetscCall(check_value(option, value));
  } else if (!is_petsc_option(name)) {
    nearest = app_nearest(name, next_option, command);
    PetscCheck(!nearest, PETSC_COMM_SELF, HOLE_ERR_USAGE, "unknown option %s; did you mean %s? See hole %s -help", name,
               nearest, command->name);
    SETERRQ(PETSC_COMM_SELF, HOLE_ERR_USAGE, "unknown option %s; see hole %s -help", name, command->name);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode app_options_check(const struct app_command *command)
{
  char          *all, *word;
  PetscErrorCode checked = PETSC_SUCCESS;

  PetscFunctionBegin;
  PetscCall(PetscOptionsGetAll(NULL, &all));
  for (word = strtok(all, " "); word && !checked; word = strtok(NULL, " ")) {
    if (is_option(word)) checked = check_option(command, word);
  }
  PetscCall(PetscFree(all));
  PetscCall(checked);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode app_options_warn_unused(void)
{
  PetscInt n;
  char   **names, **values;

  PetscFunctionBegin;
  PetscCall(PetscOptionsLeftGet(NULL, &n, &names, &values));
  for (PetscInt o = 0; o < n; ++o) {
    if (strncmp(names[o], "options_", 8)) fprintf(stderr, "hole: warning: option -%s was not used\n", names[o]);
  }
  PetscCall(PetscOptionsLeftRestore(NULL, &n, &names, &values));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode app_get_flag(const char name[], PetscBool *value)
{
  PetscFunctionBegin;
  *value = PETSC_FALSE;
  PetscCall(PetscOptionsGetBool(NULL, NULL, name, value, NULL));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode app_get_text(const char name[], const char fallback[], size_t length, char value[])
{
  PetscBool set;

  PetscFunctionBegin;
  PetscCall(PetscOptionsGetString(NULL, NULL, name, value, length, &set));
  if (!set) PetscCall(PetscStrncpy(value, fallback, length));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode app_stem(const char path[], size_t length, char stem[])
{
  const char *name = strrchr(path, '/');
  char       *dot;

  PetscFunctionBegin;
  PetscCall(PetscStrncpy(stem, name ? name + 1 : path, length));
  dot = strrchr(stem, '.');
  if (dot && dot != stem) *dot = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}
