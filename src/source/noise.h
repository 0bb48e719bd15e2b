/* noise.h - what counts as noise in distances that others have computed. */
#pragma once

#include "../activations/source_impl.h"
#include <math.h>
#include <stdio.h>

/* In units of the distances near 0, and relative where they are large. */
#define HOLE_NOISE 1e-10

/* Admitted as the distance of two points, or of one (`diagonal`) to itself? */
static inline PetscBool hole_noise_admits(double value, PetscBool diagonal)
{
  return isfinite(value) && value >= -HOLE_NOISE && (!diagonal || value <= HOLE_NOISE) ? PETSC_TRUE : PETSC_FALSE;
}

/* An admitted value without its noise; 0 has one sign, so that equal lengths have equal bits. */
static inline double hole_noise_strip(double value, PetscBool diagonal) { return diagonal || value <= 0 ? 0 : value; }

/* Distances computed in single precision carry its rounding: a few units in the last place on either side. */
#define HOLE_NOISE_OF_FLOATS 0x1p-20

static inline PetscBool hole_noise_is_float(double value) { return (PetscBool)((double)(float)value == value); }

/* Are two admitted values, stripped, the same distance? */
static inline PetscBool hole_noise_equal(double x, double y)
{
  const PetscBool floats   = (PetscBool)(hole_noise_is_float(x) && hole_noise_is_float(y));
  const double    relative = (floats ? HOLE_NOISE_OF_FLOATS : HOLE_NOISE) * fmax(x, y);

  return fabs(x - y) <= fmax(HOLE_NOISE, relative) ? PETSC_TRUE : PETSC_FALSE;
}

/* A value for messages, with every digit that counts. */
static inline void hole_noise_print(double value, size_t length, char text[])
{
  if (isnan(value)) snprintf(text, length, "NaN");
  else if (isinf(value)) snprintf(text, length, "%sinfinite", value < 0 ? "minus " : "");
  else snprintf(text, length, "%.17g", value);
}
