/* Words of the command line and options: sorted out and checked before anything is computed.

   PETSc drops stray words and takes a word after a flag for its value, so the words are sorted out here first. What PETSc then
   holds, from whatever source, is checked by name and value. */
#include "app.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char skip_petscrc[] = "-skip_petscrc";

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
                                             "-graph_",
                                             "-hole_fault"};

static PetscBool is_option(const char word[]) { return (PetscBool)(word[0] == '-' && isalpha((unsigned char)word[1])); }

static const struct app_option *find_option(const struct app_command *command, const char name[])
{
  for (int o = 0; o < command->n_options; ++o) {
    if (!strcmp(command->options[o].name, name)) return &command->options[o];
  }
  return command->also ? find_option(command->also, name) : NULL;
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

  if (n < command->n_options) return command->options[n].name;
  return command->also ? next_option(command->also, n - command->n_options) : NULL;
}

static const char *next_command(const void *ctx, int n)
{
  const char *const names[] = {"analyze", "compare", "plan", "inspect", "export"};

  (void)ctx;
  return n < (int)(sizeof(names) / sizeof(names[0])) ? names[n] : NULL;
}

/* Words of the contract that a later version will know. */
static PetscBool is_planned_command(const char name[])
{
  return (PetscBool)(!strcmp(name, "units") || !strcmp(name, "mapper") || !strcmp(name, "sweep"));
}

static int fail_command(const char name[], char message[])
{
  const char *nearest = app_nearest(name, next_command, NULL);

  if (is_planned_command(name))
    snprintf(message, APP_MESSAGE_LENGTH,
             "the command '%s' is not part of this version; it has analyze, compare, plan, inspect and export", name);
  else if (!strcmp(name, "report"))
    snprintf(message, APP_MESSAGE_LENGTH,
             "unknown command 'report'; a page of a result is made by scripts/report RESULT.h5 -o report.html");
  else if (nearest)
    snprintf(message, APP_MESSAGE_LENGTH, "unknown command '%s'; did you mean '%s'? See hole -help", name, nearest);
  else
    snprintf(message, APP_MESSAGE_LENGTH,
             "unknown command '%s'; there are analyze, compare, plan, inspect and export. See hole -help", name);
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

static PetscBool is_yaml(const char path[])
{
  size_t n = strlen(path);

  return (PetscBool)((n > 5 && !strcmp(path + n - 5, ".yaml")) || (n > 4 && !strcmp(path + n - 4, ".yml")));
}

/* A file named by -options_file must be there and be a file. */
static int take_options_file(const char option[], const char path[], struct app_arguments *a, char message[])
{
  struct stat info;
  FILE       *file = fopen(path, "r");

  if (!file || stat(path, &info) || !S_ISREG(info.st_mode)) {
    snprintf(message, APP_MESSAGE_LENGTH, "%s %s: cannot read this file (%s)", option, path,
             file ? "not an ordinary file" : strerror(errno));
    if (file) fclose(file);
    return 2;
  }
  fclose(file);
  if (a->n_files == APP_MAX_OPTION_FILES) {
    snprintf(message, APP_MESSAGE_LENGTH, "%s: at most %d option files", option, APP_MAX_OPTION_FILES);
    return 2;
  }
  a->yaml[a->n_files]    = (PetscBool)(!strcmp(option, "-options_file_yaml") || is_yaml(path));
  a->files[a->n_files++] = path;
  return 0;
}

/* The variable PETSC_OPTIONS is read by PETSc itself; an option file named in it could end the program there. */
static int check_environment(char message[])
{
  const char *options = getenv("PETSC_OPTIONS");

  if (!options || !strstr(options, "-options_file")) return 0;
  snprintf(message, APP_MESSAGE_LENGTH, "PETSC_OPTIONS=%s: -options_file is read from the command line only", options);
  return 2;
}

static int fail_option(const struct app_command *command, const char word[], char message[])
{
  const char *nearest = app_nearest(word[1] == '-' ? word + 1 : word, next_option, command);

  if (nearest)
    snprintf(message, APP_MESSAGE_LENGTH, "unknown option %s; did you mean %s? See hole %s -help", word, nearest,
             command->name);
  else snprintf(message, APP_MESSAGE_LENGTH, "unknown option %s; see hole %s -help", word, command->name);
  return 2;
}

/* Option argv[w] and its value, if it has one, go to PETSc; returns the number of words taken, or 0 with a message. */
static int take_option(int argc, char **argv, int w, struct app_arguments *a, char message[])
{
  const struct app_option *option = find_option(a->command, argv[w]);
  PetscBool is_file   = (PetscBool)(!strcmp(argv[w], "-options_file") || !strcmp(argv[w], "-options_file_yaml"));
  PetscBool has_value = (PetscBool)(w + 1 < argc && !is_option(argv[w + 1]));

  if (!option && !is_petsc_option(argv[w])) {
    fail_option(a->command, argv[w], message);
    return 0;
  }
  /* A PETSc flag such as -log_view before the input does not take it for its value. */
  if (!option && !is_file && !a->input && has_value) has_value = (PetscBool)(access(argv[w + 1], F_OK) != 0);
  if (option && option->kind == OPTION_FLAG) has_value = (PetscBool)(has_value && is_truth(argv[w + 1]));
  if (!has_value && (is_file || (option && option->kind != OPTION_FLAG))) {
    snprintf(message, APP_MESSAGE_LENGTH, "%s: a value is missing; expected %s", argv[w],
             is_file ? "FILE" : option->values);
    return 0;
  }
  if (is_file) return take_options_file(argv[w], argv[w + 1], a, message) ? 0 : 2;
  a->argv[a->argc++] = argv[w];
  if (has_value) a->argv[a->argc++] = argv[w + 1];
  return has_value ? 2 : 1;
}

/* All words after the command. */
static int take_words(int argc, char **argv, struct app_arguments *a, char message[])
{
  for (int w = 2; w < argc;) {
    if (is_option(argv[w])) {
      int taken = take_option(argc, argv, w, a, message);

      if (!taken) return 2;
      w += taken;
    } else if (!strncmp(argv[w], "--", 2)) return fail_option(a->command, argv[w], message);
    else if (a->input) {
      snprintf(message, APP_MESSAGE_LENGTH,
               "stray word '%s' after the input '%s'; several names in one option are separated by commas", argv[w],
               a->input);
      return 2;
    } else a->input = argv[w++];
  }
  return 0;
}

int app_arguments_parse(int argc, char **argv, struct app_arguments *a, char message[APP_MESSAGE_LENGTH])
{
  message[0] = 0;
  a->command = argc > 1 ? app_find_command(argv[1]) : NULL;
  a->argv    = calloc((size_t)argc + 3, sizeof(*a->argv));
  if (!a->argv) return 4;
  if (argc < 2 || argv[1][0] == '-') {
    snprintf(message, APP_MESSAGE_LENGTH, "a command is missing: hole COMMAND INPUT [options]. See hole -help");
    return 2;
  }
  if (!a->command) return fail_command(argv[1], message);
  a->argv[a->argc++] = argv[0];
  a->argv[a->argc++] = skip_petscrc; /* a file that lies about must not change results */
  if (take_words(argc, argv, a, message) || check_environment(message)) return 2;
  if (!a->input) {
    snprintf(message, APP_MESSAGE_LENGTH, "%s: the input is missing: hole %s %s [options]", a->command->name,
             a->command->name, a->command->input);
    return 2;
  }
  return 0;
}

static PetscErrorCode insert_file(MPI_Comm comm, PetscOptions options, const char path[], PetscBool yaml)
{
  PetscFunctionBegin;
  if (yaml) PetscCall(PetscOptionsInsertFileYAML(comm, options, path, PETSC_TRUE));
  else PetscCall(PetscOptionsInsertFile(comm, options, path, PETSC_TRUE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: can the file be read as options? PETSc reads on one rank while the others wait, so a fault must be known before. */
static PetscErrorCode try_file(const char path[], PetscBool yaml)
{
  PetscOptions   probe;
  PetscErrorCode read;

  PetscFunctionBegin;
  PetscCall(PetscOptionsCreate(&probe));
  PetscCall(PetscPushErrorHandler(PetscReturnErrorHandler, NULL)); /* what PETSc says of a bad line is not for users */
  read = insert_file(PETSC_COMM_SELF, probe, path, yaml);
  PetscCall(PetscPopErrorHandler());
  PetscCall(PetscOptionsDestroy(&probe));
  PetscCheck(!read, PETSC_COMM_SELF, HOLE_ERR_USAGE,
             "%s: cannot be read as options; expected lines such as '-metric cosine', or 'metric: cosine' in YAML",
             path);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode app_options_read_files(struct app_arguments *a)
{
  PetscMPIInt rank;
  PetscBool   profile;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  for (int f = 0; f < a->n_files; ++f) {
    HoleCallAgreed(PETSC_COMM_WORLD, rank ? PETSC_SUCCESS : try_file(a->files[f], a->yaml[f]));
    PetscCall(insert_file(PETSC_COMM_WORLD, NULL, a->files[f], a->yaml[f]));
  }
  if (a->n_files) PetscCall(PetscOptionsInsertArgs(NULL, a->argc - 1, a->argv + 1)); /* again, so that it wins */
  PetscCall(PetscOptionsHasName(NULL, NULL, "-log_view", &profile));
  if (a->n_files && profile) PetscCall(PetscLogDefaultBegin());
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode app_check_apart(const char input[], const char output[])
{
  struct stat in, out;

  PetscFunctionBegin;
  PetscCheck(stat(input, &in) || stat(output, &out) || in.st_dev != out.st_dev || in.st_ino != out.st_ino,
             PETSC_COMM_SELF, HOLE_ERR_USAGE, "-output %s is the input itself; choose another name", output);
  PetscFunctionReturn(PETSC_SUCCESS);
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
               HOLE_ERR_USAGE, "%s %s: expected a whole number from %" HoleIndex_FMT " to %" HoleIndex_FMT,
               option->name, value, option->least, option->most);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_option(const struct app_command *command, const char name[])
{
  const struct app_option *option      = find_option(command, name);
  char                     value[4096] = "", message[APP_MESSAGE_LENGTH];
  PetscBool                set;

  PetscFunctionBegin;
  if (option) {
    PetscCall(PetscOptionsGetString(NULL, NULL, name, value, sizeof(value), &set));
    PetscCall(check_value(option, value));
  } else if (!is_petsc_option(name)) {
    fail_option(command, name, message);
    SETERRQ(PETSC_COMM_SELF, HOLE_ERR_USAGE, "%s", message);
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
