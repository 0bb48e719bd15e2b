/* principal.h - mean and principal axes of the rows of a layer, with the same libraries equal to the bit for any number of ranks. */
#pragma once

#include <hole/hole_activations.h>

/* Equal on every rank. An axis along which nothing varies may be 0 instead of a unit vector. */
struct hole_principal {
  HoleIndex n_axes, width;
  double   *mean;     /* [width] */
  double   *variance; /* [n_axes] along the axes, descending, 0 or more; of the sample: divided by n - 1 */
  double   *axes;     /* [width, n_axes] one axis a column */
};

/* Collective. Needs 1 <= n_axes <= min(n - 1, width). HOLE_ERR_RESOURCE: both n and width are above 8,192.
   HOLE_ERR_INPUT: values so large that their squares overflow.
   The first rank holds min(n, width)^2 doubles, all of them together as many again. */
PetscErrorCode hole_principal_find(HoleActivations acts, HoleIndex n_axes, struct hole_principal *p);

/* Bytes of the first rank while it looks for the axes; the others need no more. */
double hole_principal_predict_bytes(HoleIndex n, HoleIndex width, PetscMPIInt size);

/* Also what is filled in part only. Not collective. */
PetscErrorCode hole_principal_destroy(struct hole_principal *p);
