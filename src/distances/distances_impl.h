/* distances_impl.h - the fields behind HoleDistances. */
#pragma once

#include <hole/hole_distances.h>

struct HoleDistances_s {
  MPI_Comm    comm; /* our own duplicate */
  PetscMPIInt rank, size;
  HoleIndex   n;       /* points */
  HoleIndex   stride;  /* doubles in a row: n, padded with infinity to a multiple of 8 */
  HoleIndex   first;   /* global index of our first row */
  HoleIndex   n_local; /* rows we own; may be 0 */
  double     *rows;    /* [n_local, stride], at a multiple of 64 bytes inside `memory` */
  void       *memory;  /* what was allocated */
};

/* A buffer of n doubles that starts at a multiple of 64 bytes; `memory` is to be freed. */
PetscErrorCode hole_distances_allocate(HoleIndex n, void **memory, double **aligned);
