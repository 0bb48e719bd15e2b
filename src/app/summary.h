/* summary.h - what a person reads on stdout while and after a run. Rank 0 prints; all functions are collective. */
#pragma once

#include <hole/hole.h>

/* `columns`: name the columns of the lines to come. */
PetscErrorCode summary_print_head(MPI_Comm comm, const char input[], HoleSource source, PetscBool columns);
PetscErrorCode summary_print_layer(MPI_Comm comm, const char layer[], const char metric[], HoleIndex width,
                                   HoleFiltration filtration, HoleDiagram diagram, const HoleCurves *curves,
                                   const HoleStages *stages, double seconds);
PetscErrorCode summary_print_foot(MPI_Comm comm, const char output[], double seconds, HoleIndex peak_bytes);
