/* select.h - the exact order statistic of lengths that lie in several places. */
#pragma once

#include <hole/hole_distances.h>

/* Some lengths: finite or infinite, not negative. Sets their number and address; n = -1 after the last. */
typedef void (*hole_span_function)(HoleIndex span, HoleIndex *n, const double *lengths[], void *ctx);

/* Collective: the length at place `wanted`, from 0, of all lengths of all ranks in ascending order. */
PetscErrorCode hole_select(MPI_Comm comm, HoleIndex wanted, hole_span_function spans, void *ctx, double *length);

/* Place of the lower order statistic of share q among n lengths. */
HoleIndex hole_select_place(double q, HoleIndex n);
