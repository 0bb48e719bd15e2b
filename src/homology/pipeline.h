/* pipeline.h - all windows of a rank: columns come from the stream, are reduced, and move on. */
#pragma once

#include "homology_impl.h"
#include "window_stream.h"

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
};

/* Collective: until all windows of all ranks are done, or a rank has failed. */
PetscErrorCode hole_pipeline_run(const struct hole_pipeline *p);

/* The intervals that a rank found in one dimension. */
struct hole_interval_list {
  HoleIndex     n, capacity;
  HoleInterval *intervals;
};

/* Local: amortised growth. */
PetscErrorCode hole_interval_list_append(struct hole_interval_list *list, const HoleInterval *interval);

/* What the reduction took on this rank, for -info. Local. */
PetscErrorCode hole_pipeline_tell(const struct hole_pipeline *p, PetscInt dim, const struct hole_reduction_work *work);

/* Dimension 1 modulo 2 from stored rows of lengths, which stay with their ranks. Collective. */
PetscErrorCode hole_solve_by_lengths(HoleHomology homology, HoleDiagram diagram);

/* All dimensions from 1 on, modulo any prime, from a skeleton, which every node holds. Collective. */
PetscErrorCode hole_solve_by_ranks(HoleHomology homology, HoleDiagram diagram);

/* Bytes of a rank for either, for n points of a complete filtration. */
double hole_solve_by_lengths_predict(HoleIndex n, PetscMPIInt size);
double hole_solve_by_ranks_predict(HoleIndex n, PetscMPIInt size);
