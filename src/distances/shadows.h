/* shadows.h - points seen along a few axes: short rows whose distances are never longer than those of the points.

   The shadow of a point holds its coordinates along some orthonormal axes, and the length of what is left as one more. Pairs whose
   shadows are far apart need no look at all units. Any axes would do: they decide nothing but the time. docs/math/distances.md has
   the proof. */
#pragma once

#include "distances_impl.h"

struct hole_shadows {
  HoleIndex width;    /* floats of a point */
  HoleIndex n_axes;   /* 0: no shadows */
  HoleIndex n_floats; /* of a shadow, padded with zeros */
  double   *axes;     /* [n_axes, width] */
  HoleIndex n_sample; /* points of which the axes were made, the same on all ranks */
  float    *sample;   /* [n_sample, n_floats] their shadows */
};

/* Collective: principal axes of some of the points; d gives who owns which, rows [n_local, width] their units. Fewer points than
   axes, or so many units that the axes would take much memory: no shadows. */
PetscErrorCode hole_shadows_create(HoleDistances d, HoleIndex width, const float rows[], HoleIndex n_axes,
                                   struct hole_shadows *s);

/* Local: the shadows [n, n_floats] of rows [n, width] no longer than 1. */
PetscErrorCode hole_shadows_cast(const struct hole_shadows *s, HoleIndex n, const float rows[], float shadows[]);

/* Local: the nearest of n_groups points of the sample to each of n shadows, as far as shadows tell. */
void hole_shadows_group(const struct hole_shadows *s, HoleIndex n, const float shadows[], HoleIndex n_groups,
                        uint8_t groups[]);

/* How many axes for n points; 0: they are compared as quickly without shadows. */
HoleIndex hole_shadows_default_axes(HoleIndex n, HoleIndex width);

/* Floats of a shadow; 0 for no axes. */
HoleIndex hole_shadows_floats(HoleIndex n_axes);

/* Bytes of a rank while axes are found; their own are among them. */
double hole_shadows_predict_bytes(HoleIndex width, HoleIndex n_axes);

PetscErrorCode hole_shadows_destroy(struct hole_shadows *s);
