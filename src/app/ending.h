/* ending.h - how a run ends that does not come to its end: after an error, or by a signal. */
#pragma once

#include "app.h"

/* Until this is called a signal ends the program as it wants, but no unfinished file stays. SIGPIPE just ends it. */
void ending_set_signals(void);

/* From now on SIGTERM and SIGUSR1 ask the run to stop: the functions below then say so. If it comes to none of them within seconds (half a
   minute for SIGUSR1, which announces an end), the job is aborted with code 75 and the same message. */
void ending_stop_on_signals(MPI_Comm comm);

/* Signals that come from now on count no more, those that have come do. */
void ending_hold_signals(void);

/* HOLE_ERR_STOPPED if this rank was asked to stop. Not collective. */
PetscErrorCode ending_check(void);

/* The same on all ranks if one was. Collective. */
PetscErrorCode ending_agree(MPI_Comm comm);

/* What a checkpoint holds by now, to be said where the run ends with code 4 or 75; "": nothing. Not collective, equal on all ranks. */
void ending_set_kept(const char text[]);

/* The line for an error with code `code`. */
void ending_compose(const char message[], PetscErrorCode code, size_t length, char line[]);

/* From the first error on this rank must come to the end within seconds, or it aborts the job with this line, "": none. */
void ending_set_alarm(const char line[], PetscErrorCode code);
