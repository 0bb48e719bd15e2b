/* work.h - what each rank did in a step, and how long the ranks would have waited for each other.

   Time is counted in steps, not in seconds, so that it says what a run would do with a core for every rank even where many ranks share
   one. A column carries the time at which it is ready; a rank treats one column at a time, and a window its columns in their order. */
#pragma once

#include "homology_impl.h"

/* Time of one rank: when it is busy. What it treats may be told in any order: a column that was ready earlier than others before it goes into
   the first gap that is wide enough. So what comes out is a possible course of events, whatever order the processors of this machine gave. */
struct hole_schedule {
  double end; /* after it nothing is planned yet */
  int    n_gaps;
  double (*gaps)[2]; /* [n_gaps] idle times before it, ascending; the latest HOLE_MOST_GAPS */
};

enum { HOLE_MOST_GAPS = 1024 };

/* Local. */
PetscErrorCode hole_schedule_create(struct hole_schedule *schedule);
PetscErrorCode hole_schedule_destroy(struct hole_schedule *schedule);

/* Time at which something that is ready at `ready`, and takes `steps`, is done. */
double hole_schedule_place(struct hole_schedule *schedule, double ready, double steps);

/* What this rank did in a step of the solver, and when it was done: it becomes part of what HoleHomologyGetWork() gives. Collective. `path` 0:
   nobody waits for anybody before the end of the step. `n_spare` of its steps a single rank would not take. */
PetscErrorCode hole_homology_add_work(HoleHomology homology, const char step[], PetscInt dim, const HoleRankWork *mine,
                                      double path, double n_spare);
