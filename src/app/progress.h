/* progress.h - where a run stands, on stderr: a bar on a terminal, a line a minute elsewhere. */
#pragma once

#include <hole/hole_types.h>

typedef struct app_progress_s *app_progress;

/* Reads -progress. Only rank 0 of `comm` prints; its own share stands for the others'. */
PetscErrorCode app_progress_create(MPI_Comm comm, app_progress *progress);

/* What is being worked on, such as a layer, and its place among all: "layer conv1 (1 of 5)". */
PetscErrorCode app_progress_title(app_progress progress, const char title[]);

/* A HoleHomologyMonitor; `ctx` is the app_progress. */
PetscErrorCode app_progress_update(const char step[], HoleIndex done, HoleIndex total, void *ctx);

/* Remove an unfinished bar, so that other lines start cleanly. */
PetscErrorCode app_progress_clear(app_progress progress);

PetscErrorCode app_progress_destroy(app_progress *progress);
