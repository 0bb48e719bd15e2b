/* Work of ranks, and the time that it would take. */
#include "work.h"

#include <string.h>

enum { N_NUMBERS = sizeof(HoleRankWork) / sizeof(double) };

PetscErrorCode hole_schedule_create(struct hole_schedule *schedule)
{
  PetscFunctionBegin;
  *schedule = (struct hole_schedule){0};
  PetscCall(PetscMalloc1(HOLE_MOST_GAPS + 1, &schedule->gaps)); /* one more while a gap is split */
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_schedule_destroy(struct hole_schedule *schedule)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(schedule->gaps));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Put a gap at a place of the list; a full list forgets the earliest. */
static void insert_gap(struct hole_schedule *s, int place, double begin, double end)
{
  if (begin >= end) return;
  memmove(s->gaps + place + 1, s->gaps + place, (size_t)(s->n_gaps - place) * sizeof(*s->gaps));
  s->gaps[place][0] = begin;
  s->gaps[place][1] = end;
  if (++s->n_gaps <= HOLE_MOST_GAPS) return;
  --s->n_gaps;
  memmove(s->gaps, s->gaps + 1, (size_t)s->n_gaps * sizeof(*s->gaps));
}

/* The first gap in which it would be done in time; n_gaps if there is none. */
static int find_gap(const struct hole_schedule *s, double ready, double steps)
{
  int low = 0, high = s->n_gaps;

  while (low < high) { /* the first that ends late enough */
    const int middle = (low + high) / 2;

    if (s->gaps[middle][1] < ready + steps) low = middle + 1;
    else high = middle;
  }
  while (low < s->n_gaps && PetscMax(s->gaps[low][0], ready) + steps > s->gaps[low][1]) ++low;
  return low;
}

double hole_schedule_place(struct hole_schedule *s, double ready, double steps)
{
  const int gap = find_gap(s, ready, steps);
  double    start, end;

  if (gap == s->n_gaps) {
    start = PetscMax(ready, s->end);
    insert_gap(s, s->n_gaps, s->end, start);
    s->end = start + steps;
    return s->end;
  }
  start           = PetscMax(ready, s->gaps[gap][0]);
  end             = s->gaps[gap][1];
  s->gaps[gap][1] = start;
  insert_gap(s, gap + 1, start + steps, end);
  return start + steps;
}

PetscErrorCode hole_homology_add_work(HoleHomology homology, const char step[], PetscInt dim, const HoleRankWork *mine,
                                      double path, double n_spare)
{
  MPI_Comm          comm = HoleFiltrationGetComm(homology->filtration);
  HoleHomologyWork *work = &homology->work[homology->n_work];
  PetscMPIInt       size;
  double           *mean = (double *)&work->mean, n_saved = 0;

  PetscFunctionBegin;
  if (homology->n_work == HOLE_MAX_PHASES) PetscFunctionReturn(PETSC_SUCCESS); /* for information; equal on all ranks */
  ++homology->n_work;
  PetscCallMPI(MPI_Comm_size(comm, &size));
  work->step = step;
  work->dim  = dim;
  PetscCallMPI(MPI_Allreduce(mine, &work->most, N_NUMBERS, MPI_DOUBLE, MPI_MAX, comm));
  PetscCallMPI(MPI_Allreduce(mine, &work->mean, N_NUMBERS, MPI_DOUBLE, MPI_SUM, comm));
  for (int i = 0; i < N_NUMBERS; ++i) mean[i] /= size;
  PetscCallMPI(MPI_Allreduce(&path, &work->path, 1, MPI_DOUBLE, MPI_MAX, comm));
  PetscCallMPI(MPI_Allreduce(&n_spare, &n_saved, 1, MPI_DOUBLE, MPI_SUM, comm));
  work->path       = PetscMax(work->path, work->most.steps);
  work->efficiency = work->path > 0 ? (work->mean.steps - n_saved / size) / work->path : 1;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleHomologyGetWork(HoleHomology homology, int *n, const HoleHomologyWork *work[])
{
  PetscFunctionBegin;
  *n    = homology->n_work;
  *work = homology->work;
  PetscFunctionReturn(PETSC_SUCCESS);
}
