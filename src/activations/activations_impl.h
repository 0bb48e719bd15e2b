/* activations_impl.h - the fields behind HoleActivations. */
#pragma once

#include <hole/hole_activations.h>

struct HoleActivations_s {
  MPI_Comm   comm;      /* our own duplicate */
  char      *name;      /* of the layer */
  HoleIndex  n_global;  /* rows over all ranks */
  HoleIndex  width;     /* columns: units of the layer */
  HoleIndex  first;     /* global index of our first row */
  HoleIndex  n_local;   /* rows we own; may be 0 */
  double    *rows;      /* [n_local, width], owned */
  HoleIndex *file_rows; /* [n_local] rows of the file, owned; NULL: as the points are numbered */
};
