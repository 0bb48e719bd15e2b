/* The program: sort out the words, start MPI and PETSc, run one command, report one message if it fails.

   Errors are PETSc errors. A handler of ours keeps the first message instead of printing a page; at the end the ranks find the one
   that holds the cause, and that one prints it. A rank that fails alone, where the others do not come along, would wait for them
   for ever: a few seconds after an error an alarm prints the message and aborts the job. */
#include "../core/pages.h"
#include "ending.h"

#include <malloc.h>
#include <slepcsys.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TRACE_LENGTH = 4096, LINE_LENGTH = 3 * APP_MESSAGE_LENGTH };

#define OTHER_RANK "failed; see its message" /* in the text of HoleErrorAgree() on the other ranks */

/* What the error handler keeps. */
struct failure {
  char message[APP_MESSAGE_LENGTH];
  char trace[TRACE_LENGTH];
};

const struct app_command *app_find_command(const char name[])
{
  const struct app_command *const commands[] = {&app_analyze, &app_compare, &app_plan, &app_inspect, &app_export};

  for (size_t c = 0; c < sizeof(commands) / sizeof(commands[0]); ++c) {
    if (!strcmp(commands[c]->name, name)) return commands[c];
  }
  return NULL;
}

/* From the first error on, this rank must come to the end within seconds. */
static void set_alarm(const char message[], PetscErrorCode code)
{
  char line[LINE_LENGTH] = "";

  if (!strstr(message, OTHER_RANK)) ending_compose(message, code, sizeof(line), line);
  ending_set_alarm(line, code);
}

/* Where memory runs out, PETSc 3.18 reports a line number as the error and a function's name as the message. */
static PetscBool is_allocation(const char function[])
{
  return (PetscBool)(!strcmp(function, "PetscMallocAlign") || !strcmp(function, "PetscReallocAlign") ||
                     !strcmp(function, "PetscMallocA"));
}

static PetscErrorCode keep_failure(MPI_Comm comm, int line, const char *function, const char *file, PetscErrorCode code,
                                   PetscErrorType type, const char *message, void *ctx)
{
  struct failure *failure = ctx;
  size_t          used    = strlen(failure->trace);

  (void)comm;
  if (type == PETSC_ERROR_INITIAL && is_allocation(function)) {
    code    = HOLE_ERR_RESOURCE;
    message = "memory ran out; lower -max_points, or use more ranks on more nodes";
  }
  if (type == PETSC_ERROR_INITIAL && !failure->message[0] && message) {
    strncpy(failure->message, message, sizeof(failure->message) - 1);
    failure->trace[0] = 0;
    used              = 0;
    set_alarm(message, code);
  }
  snprintf(failure->trace + used, sizeof(failure->trace) - used, "  %s() in %s:%d\n", function, file, line);
  return code;
}

/* A rank that failed because another did says so; the cause is elsewhere. */
static PetscBool is_cause(const struct failure *failure)
{
  return (PetscBool)(failure->message[0] && !strstr(failure->message, OTHER_RANK));
}

/* A fault of the input names the file, also where the library knows the layer only. */
static void print_failure(const struct failure *failure, PetscErrorCode code, const char input[])
{
  const char     *text = failure->message[0] ? failure->message : "failed without a message";
  const PetscBool named =
      (PetscBool)(HoleErrorExitCode(code) != 3 || strstr(text, input) || strstr(text, "Checkpoint "));
  char message[LINE_LENGTH], line[LINE_LENGTH];

  snprintf(message, sizeof(message), "%s%s%s", named ? "" : input, named ? "" : ": ", text);
  ending_compose(message, code, sizeof(line), line);
  fputs(line, stderr);
  if (HoleErrorExitCode(code) == 1)
    fprintf(stderr, "hole: this is a defect of the program (error %d); please report it with these lines:\n%s",
            (int)code, failure->trace);
  fflush(stderr);
}

/* Collective; the alarm ends it if another rank does not come. The lowest rank that knows the cause prints. */
static void report_failure(const struct failure *failure, PetscErrorCode code, const char input[])
{
  int rank, mine, first;

  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  mine = is_cause(failure) ? rank : INT32_MAX;
  MPI_Allreduce(&mine, &first, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
  alarm(0);
  if (first == rank || (first == INT32_MAX && rank == 0)) print_failure(failure, code, input);
}

/* Is this rank 0, as far as the launchers' variables tell before MPI is started? */
static PetscBool seems_first(void)
{
  const char *const names[] = {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID"};

  for (int n = 0; n < 4; ++n) {
    const char *rank = getenv(names[n]);

    if (rank) return (PetscBool)(atoi(rank) == 0);
  }
  return PETSC_TRUE;
}

static PetscBool is_one_of(const char word[], const char a[], const char b[], const char c[])
{
  return (PetscBool)(!strcmp(word, a) || !strcmp(word, b) || !strcmp(word, c));
}

/* Requests for help or version are answered without MPI, so that they work on any machine. */
static PetscBool answer_without_mpi(int argc, char **argv)
{
  const struct app_command *command = argc > 1 ? app_find_command(argv[1]) : NULL;

  if (argc > 2 && !strcmp(argv[1], "help")) command = app_find_command(argv[2]);
  for (int w = 1; w < argc; ++w) {
    if (is_one_of(argv[w], "-version", "--version", "-V")) {
      if (seems_first()) app_print_version();
      return PETSC_TRUE;
    }
    if (is_one_of(argv[w], "-help", "--help", "-h") || (w == 1 && !strcmp(argv[w], "help"))) {
      if (seems_first()) app_print_help(command);
      return PETSC_TRUE;
    }
  }
  if (argc == 1 && seems_first()) app_print_help(NULL);
  return (PetscBool)(argc == 1);
}

/* The words as typed, for provenance; main() owns it. */
static char *command_line;

static char **command_words;
static int    n_command_words;

const char *app_command_line(void) { return command_line; }

char **app_command_words(int *n)
{
  *n = n_command_words;
  return command_words;
}

static void join_words(int argc, char **argv)
{
  size_t length = 1;

  for (int w = 0; w < argc; ++w) length += strlen(argv[w]) + 1;
  command_words   = argv;
  n_command_words = argc;
  command_line    = calloc(length, 1);
  for (int w = 0; w < argc && command_line; ++w) {
    if (w) strcat(command_line, " ");
    strcat(command_line, w ? argv[w] : "hole");
  }
}

/* What was printed must have arrived: a full disk behind stdout shows when it is flushed. */
static PetscErrorCode check_stdout(void)
{
  PetscFunctionBegin;
  PetscCheck(!fflush(stdout) && !ferror(stdout), PETSC_COMM_SELF, HOLE_ERR_RESOURCE,
             "cannot write to stdout; is the disk full?");
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode run(struct app_arguments *arguments)
{
  PetscFunctionBegin;
  PetscCall(app_options_read_files(arguments));
  HoleCallAgreed(PETSC_COMM_WORLD, app_options_check(arguments->command));
  PetscCall(arguments->command->run(PETSC_COMM_WORLD, arguments->input));
  HoleCallAgreed(PETSC_COMM_WORLD, check_stdout());
  PetscFunctionReturn(PETSC_SUCCESS);
}

static int run_command(struct app_arguments *arguments)
{
  struct failure failure = {{0}, {0}};
  PetscErrorCode code;
  int            rank;

  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  code = SlepcInitialize(&arguments->argc, &arguments->argv, NULL, NULL);
  if (code) return 1;
  hole_return_file_pages();
  ending_set_signals(); /* PETSc turns signals into pages of advice */
  (void)PetscPushErrorHandler(keep_failure, &failure);
  code = run(arguments);
  if (code) report_failure(&failure, code, arguments->input);
  else if (rank == 0) code = app_options_warn_unused();
  (void)PetscPopErrorHandler();
  (void)PetscOptionsSetValue(NULL, "-options_left", "no"); /* said already, in our words */
  (void)SlepcFinalize();
  return HoleErrorExitCode(code);
}

/* Large arrays that are freed go back to the system at once. By itself the C library keeps what it has seen to come and go, and a rank's peak is
   then that of all its steps together. Libraries that PETSc brings along (SuperLU_DIST) forbid it to return anything when they are
   loaded: that is undone. */
static void return_large_memory(void)
{
#if defined(M_MMAP_THRESHOLD)
  (void)mallopt(M_MMAP_MAX, 1 << 16);
  (void)mallopt(M_TRIM_THRESHOLD, 1 << 18);
  (void)mallopt(M_MMAP_THRESHOLD, 1 << 18);
#endif
}

int main(int argc, char **argv)
{
  struct app_arguments arguments = {0};
  char                 message[APP_MESSAGE_LENGTH];
  int                  code, rank, provided;

  return_large_memory();
  if (answer_without_mpi(argc, argv)) return fflush(stdout) || ferror(stdout) ? 4 : 0;
  join_words(argc, argv);
  hole_return_file_pages(); /* what loading libraries has touched; below, what starting them has */
  MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  code = app_arguments_parse(argc, argv, &arguments, message);
  MPI_Allreduce(MPI_IN_PLACE, &code, 1, MPI_INT, MPI_MAX,
                MPI_COMM_WORLD); /* an option file may be missing on one host only */
  if (code && rank == 0)
    fprintf(stderr, "hole: error: %s\n",
            message[0] ? message : "another rank refused the command line, such as a file it cannot read");
  if (!code) code = run_command(&arguments);
  MPI_Barrier(MPI_COMM_WORLD); /* the message is out before the launcher sees an exit code */
  free(arguments.argv);
  free(command_line);
  MPI_Finalize();
  return code;
}
