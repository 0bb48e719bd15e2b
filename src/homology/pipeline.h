/* pipeline.h - all windows of a rank: columns come from the stream, are reduced, and move on. */
#pragma once

#include "homology_impl.h"
#include "window_stream.h"
#include "work.h"

/* How columns are reduced. */
struct hole_pipeline {
  HoleHomology   homology;
  MPI_Comm       comm;
  hole_stream    stream;
  hole_row_cache cache; /* NULL where a node has all rows */

  /* Reduce a column up to `high`, the end of its window. Sets *column to NULL where it ends there, and records its interval; so it does
     if the window is the last. Local. */
  PetscErrorCode (*reduce)(void *ctx, double high, PetscBool last, struct hole_column **column);
  void *ctx;
  PetscBool *
      gives_up; /* NULL, or set by reduce() here: all ranks stop, without an error. Where it was set elsewhere it is not */
  const struct hole_reduction_work *work; /* that reduce() has done so far */

  struct hole_schedule schedule; /* filled by hole_pipeline_run() */
  double              *done;     /* [windows] steps after the start at which its last column was done */
  HoleIndex            n_visits;
};

/* Collective: until all windows of all ranks are done, or a rank has failed. */
PetscErrorCode hole_pipeline_run(struct hole_pipeline *p);

/* The intervals that a rank found in one dimension; with their cocycles, if these are wanted. */
struct hole_found {
  HoleIndex     n, capacity;
  HoleInterval *intervals;
  HoleIndex    *starts; /* [n + 1] where the cocycle of an interval begins */
  HoleIndex     item_capacity;
  HoleIndex    *simplices; /* [starts[n], dim + 1] */
  int32_t      *coefficients;
};

/* Local: amortised growth. The cocycle will have `n_simplices`; hole_found_add() is to follow so often. */
PetscErrorCode hole_found_append(struct hole_found *found, const HoleInterval *interval, HoleIndex n_simplices,
                                 PetscInt dim);

/* The next simplex of the last interval's cocycle: ascending vertices [dim + 1]. */
void hole_found_add(struct hole_found *found, PetscInt dim, const HoleIndex vertices[], int32_t coefficient);

/* Collective: what was found becomes the diagram's. */
PetscErrorCode hole_found_set(struct hole_found *found, HoleHomology homology, HoleDiagram diagram, PetscInt dim,
                              HoleIndex zero_pairs);

PetscErrorCode hole_found_clear(struct hole_found *found);

/* What the reduction took, for -info and HoleHomologyGetWork(). Collective. */
PetscErrorCode hole_pipeline_tell(const struct hole_pipeline *p, const char step[], PetscInt dim);

/* Dimension 1 modulo 2 from rows of bounds, which stay with their ranks. Collective. */
PetscErrorCode hole_solve_by_lengths(HoleHomology homology, HoleDiagram diagram);

/* All dimensions from 1 on, modulo any prime, from a skeleton, which every node holds. Collective. */
PetscErrorCode hole_solve_by_ranks(HoleHomology homology, HoleDiagram diagram);

/* Bytes of a rank for either, for n points of a complete filtration. */
double hole_solve_by_lengths_predict(HoleIndex n, PetscMPIInt size);
double hole_solve_by_ranks_predict(HoleIndex n, PetscMPIInt size);
