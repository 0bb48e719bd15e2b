/* How a run ends that does not come to its end. Signal handlers have no argument, so what they need stands here. */
#include "ending.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
  SECONDS_TO_WAIT_FOR_OTHERS = 5,
  SECONDS_TO_STOP            = 4, /* launchers kill within seconds of a SIGTERM */
  SECONDS_ANNOUNCED          = 30,
  SECONDS_BETWEEN_RANKS      = 2, /* so that one line is printed: that of rank 0, if it lives */
  LINE_LENGTH                = 3 * APP_MESSAGE_LENGTH
};

static struct {
  char                  temporary[APP_N_TEMPORARIES][PETSC_MAX_PATH_LEN]; /* rank 0: to be removed; "": nothing */
  char                  line[LINE_LENGTH];                                /* to be printed if this rank waits in vain */
  volatile sig_atomic_t code;  /* exit code then; 0: there was no error yet */
  volatile sig_atomic_t asked; /* the signal that asked to stop, 0: none */
  char                  kept[APP_MESSAGE_LENGTH];
  char                  stopped[2][LINE_LENGTH]; /* the line after SIGTERM, after SIGUSR1 */
  int                   rank;
} ending;

void app_set_temporary(MPI_Comm comm, app_temporary which, const char path[])
{
  int rank;

  MPI_Comm_rank(comm, &rank);
  ending.temporary[which][0] = 0;
  if (!rank) strncpy(ending.temporary[which], path, sizeof(ending.temporary[which]) - 1);
}

static void remove_temporaries(void)
{
  for (int t = 0; t < APP_N_TEMPORARIES; ++t) {
    if (ending.temporary[t][0]) unlink(ending.temporary[t]);
  }
}

/* SIGALRM: the others did not come along within the time, or this rank did not stop. */
static void give_up(int signal_number)
{
  ssize_t written;

  (void)signal_number;
  signal(SIGALRM, SIG_DFL); /* should MPI be stuck as well, the second alarm ends this process */
  alarm(SECONDS_TO_WAIT_FOR_OTHERS / 2);
  written = write(STDERR_FILENO, ending.line, strlen(ending.line));
  (void)written;
  remove_temporaries();
  MPI_Abort(MPI_COMM_WORLD, ending.code ? ending.code : HoleErrorExitCode(HOLE_ERR_STOPPED));
}

/* SIGTERM, SIGINT: end as the signal wants, but leave no unfinished file. */
static void tidy_and_end(int signal_number)
{
  remove_temporaries();
  signal(signal_number, SIG_DFL);
  raise(signal_number);
}

void ending_set_signals(void)
{
  signal(SIGPIPE, SIG_DFL);
  signal(SIGTERM, tidy_and_end);
  signal(SIGINT, tidy_and_end);
}

/* A second signal may shorten the time, not lengthen it. After a SIGTERM there may be no time to tidy up. */
static void ask_to_stop(int signal_number)
{
  const PetscBool hurry = (PetscBool)(signal_number == SIGTERM);

  if (ending.code || ending.asked == SIGTERM || ending.asked == signal_number) return;
  ending.asked = signal_number;
  if (hurry && ending.temporary[APP_TEMPORARY_OUTPUT][0]) unlink(ending.temporary[APP_TEMPORARY_OUTPUT]);
  strcpy(ending.line, ending.stopped[hurry ? 0 : 1]);
  signal(SIGALRM, give_up);
  alarm((hurry ? SECONDS_TO_STOP : SECONDS_ANNOUNCED) + (ending.rank ? SECONDS_BETWEEN_RANKS : 0));
}

static const char *name_of(int signal_number) { return signal_number == SIGTERM ? "SIGTERM" : "SIGUSR1"; }

/* The lines that the handlers may need. */
static void compose_stopped(void)
{
  const int signals[] = {SIGTERM, SIGUSR1};
  char      message[64];

  for (int s = 0; s < 2; ++s) {
    snprintf(message, sizeof(message), "stopped by signal %s", name_of(signals[s]));
    ending_compose(message, HOLE_ERR_STOPPED, sizeof(ending.stopped[s]), ending.stopped[s]);
  }
}

void ending_stop_on_signals(MPI_Comm comm)
{
  MPI_Comm_rank(comm, &ending.rank);
  compose_stopped();
  signal(SIGTERM, ask_to_stop);
  signal(SIGUSR1, ask_to_stop);
}

void ending_hold_signals(void)
{
  signal(SIGTERM, SIG_IGN);
  signal(SIGUSR1, SIG_IGN);
  alarm(0);
}

PetscErrorCode ending_check(void)
{
  PetscFunctionBegin;
  PetscCheck(!ending.asked, PETSC_COMM_SELF, HOLE_ERR_STOPPED, "stopped by signal %s", name_of(ending.asked));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ending_agree(MPI_Comm comm)
{
  int asked = ending.asked;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &asked, 1, MPI_INT, MPI_MAX, comm));
  PetscCheck(!asked, PETSC_COMM_SELF, HOLE_ERR_STOPPED, "stopped by signal %s", name_of(asked));
  PetscFunctionReturn(PETSC_SUCCESS);
}

void ending_set_kept(const char text[])
{
  snprintf(ending.kept, sizeof(ending.kept), "%s", text);
  compose_stopped();
}

/* What is kept helps after a lack of memory or disk, and after a signal: other errors come again. */
void ending_compose(const char message[], PetscErrorCode code, size_t length, char line[])
{
  const PetscBool stopped = (PetscBool)(code == HOLE_ERR_STOPPED);
  const PetscBool kept    = (PetscBool)((stopped || code == HOLE_ERR_RESOURCE) && ending.kept[0]);

  snprintf(line, length, "hole: %s%s%s%s%s\n", stopped ? "" : "error: ", message, kept ? "; " : "",
           kept ? ending.kept : "",
           stopped ? "; run again with -restart"
           : kept  ? "; -restart goes on from there: ranks, -memory_limit and -homology_side may differ"
                   : "");
}

void ending_set_alarm(const char line[], PetscErrorCode code)
{
  snprintf(ending.line, sizeof(ending.line), "%s", line);
  ending.code = HoleErrorExitCode(code);
  signal(SIGALRM, give_up);
  alarm(SECONDS_TO_WAIT_FOR_OTHERS);
}
