/* Progress with the time left, from the share of the present step that is done. */
#include "progress.h"

#include "app.h"

#include <string.h>
#include <unistd.h>

enum { BAR_WIDTH = 24 };

enum style { STYLE_OFF, STYLE_LINES, STYLE_BAR };

struct app_progress_s {
  enum style style;
  char       title[2 * HOLE_NAME_LENGTH];
  char       step[64];
  double     started; /* the present step */
  double     shown;   /* when something was printed last */
  PetscBool  open;    /* a bar stands on the line */
};

PetscErrorCode app_progress_create(MPI_Comm comm, app_progress *progress)
{
  char        word[64];
  PetscMPIInt rank;

  PetscFunctionBegin;
  PetscCall(PetscNew(progress));
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCall(app_get_text("-progress", "auto", sizeof(word), word));
  (*progress)->style = STYLE_LINES;
  if (!strcmp(word, "auto") && isatty(STDERR_FILENO)) (*progress)->style = STYLE_BAR;
  if (rank || !strcmp(word, "off")) (*progress)->style = STYLE_OFF;
  (*progress)->shown = MPI_Wtime();
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode app_progress_title(app_progress p, const char title[])
{
  PetscFunctionBegin;
  PetscCall(app_progress_clear(p));
  PetscCall(PetscStrncpy(p->title, title, sizeof(p->title)));
  p->step[0] = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* "1 h 02 min", "3 min 20 s", "7 s". */
static void print_time(double seconds, size_t length, char text[])
{
  int s = (int)(seconds + 0.5);

  if (s >= 3600) snprintf(text, length, "%d h %02d min", s / 3600, s / 60 % 60);
  else if (s >= 60) snprintf(text, length, "%d min %02d s", s / 60, s % 60);
  else snprintf(text, length, "%d s", s);
}

static void print_bar(app_progress p, double share, const char left[])
{
  char bar[BAR_WIDTH + 1];

  for (int b = 0; b < BAR_WIDTH; ++b) bar[b] = b < (int)(share * BAR_WIDTH) ? '#' : '.';
  bar[BAR_WIDTH] = 0;
  fprintf(stderr, "\r%s: %s [%s] %3d %%, %s left\033[K", p->title, p->step, bar, (int)(100 * share), left);
  fflush(stderr);
  p->open = PETSC_TRUE;
}

PetscErrorCode app_progress_update(const char step[], HoleIndex done, HoleIndex total, void *ctx)
{
  app_progress p   = ctx;
  const double now = MPI_Wtime();
  char         left[32];
  double       share;

  PetscFunctionBegin;
  if (p->style == STYLE_OFF) PetscFunctionReturn(PETSC_SUCCESS);
  if (strcmp(step, p->step)) {
    PetscCall(PetscStrncpy(p->step, step, sizeof(p->step)));
    p->started = now;
  }
  if (!done || !total || now - p->shown < (p->style == STYLE_BAR ? 0.1 : 60)) PetscFunctionReturn(PETSC_SUCCESS);
  p->shown = now;
  share    = (double)done / (double)total;
  print_time((now - p->started) * (1 - share) / share, sizeof(left), left);
  if (p->style == STYLE_BAR) print_bar(p, share, left);
  else fprintf(stderr, "hole: %s: %s, %d %%, %s left\n", p->title, p->step, (int)(100 * share), left);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode app_progress_clear(app_progress p)
{
  PetscFunctionBegin;
  if (p->open) fprintf(stderr, "\r\033[K");
  p->open = PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode app_progress_destroy(app_progress *progress)
{
  PetscFunctionBegin;
  if (!*progress) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(app_progress_clear(*progress));
  PetscCall(PetscFree(*progress));
  PetscFunctionReturn(PETSC_SUCCESS);
}
