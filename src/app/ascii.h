/* ascii.h - diagrams and cluster flows as plain text, for a terminal without graphics. Rank 0 prints; all functions are collective. */
#pragma once

#include <hole/hole.h>

/* What is printed after a layer. `l` is the layer's place in the flow. */
struct ascii_layer {
  const char        *layer, *metric;
  HoleIndex          l, width;
  HoleFiltration     filtration;
  HoleDiagram        diagram;
  const HoleStages  *stages;
  HoleFlow           flow;
  const char *const *class_names; /* NULL: classes have no names */
  double             seconds;
};

PetscErrorCode ascii_print_layer(MPI_Comm comm, const struct ascii_layer *layer);
