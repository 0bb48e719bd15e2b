/* wait.h - waiting for others by looking again and again. */
#pragma once

#include <hole/hole_types.h>
#include <sched.h>
#include <time.h>

enum { HOLE_LOOKS_BEFORE_PAUSE = 2000, HOLE_PAUSE_NANOSECONDS = 20000 };

/* Call it after each look that found nothing, with a count that starts at 0. Ranks that share a core get it at once; where nobody wants
   it, nothing is lost; and where the wait is long the core is left alone. */
static inline void hole_wait_a_little(HoleIndex *n_looks)
{
  const struct timespec pause = {0, HOLE_PAUSE_NANOSECONDS};

  if (++*n_looks > HOLE_LOOKS_BEFORE_PAUSE) nanosleep(&pause, NULL);
  else sched_yield();
}
