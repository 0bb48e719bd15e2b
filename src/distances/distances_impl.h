/* distances_impl.h - the fields behind HoleDistances. */
#pragma once

#include "../metric/metric_impl.h"
#include <hole/hole_distances.h>
#include <hole/hole_tree.h>

/* Prepared points and their nearest others; freed with the last object that uses them. */
struct hole_points {
  HoleIndex  n_users;
  void      *memory; /* in which the points lie */
  HoleIndex *file_rows;
  HoleIndex  k;       /* neighbours of each point that were found so far, by ascending (length, id); lengths are the base's */
  HoleIndex *ids;     /* [n_local, k] */
  double    *lengths; /* [n_local, k] */
};

struct HoleDistances_s {
  MPI_Comm    comm; /* our own duplicate */
  PetscMPIInt rank, size;
  HoleIndex   n;       /* points */
  HoleIndex   first;   /* global index of our first row */
  HoleIndex   n_local; /* rows we own; may be 0 */

  /* Points, prepared by the metric; NULL if the matrix was given by its rows. */
  HoleMetric metric;                 /* one with a kernel: the base of a metric that looks at neighbours */
  char       name[HOLE_NAME_LENGTH]; /* of the layer, and the row of the file of each local point: for messages */
  HoleIndex  width, n_padded, point_stride;
  struct hole_points *shared; /* what objects made from one another have in common; the next two lie in it */
  HoleIndex          *file_rows;
  double             *points; /* [n_local, point_stride], at a multiple of 64 bytes */

  /* Density metrics: local scale of every point, [n], equal on every rank: lengths are divided by sqrt(scale_i scale_j); or NULL. */
  double *scale;

  /* Geodesic distances: what their merge tree needs. NULL for other metrics. */
  int32_t  *part; /* [n] component of the mutual neighbour graph, named by its smallest member; equal on every rank */
  HoleIndex n_links;
  HoleEdge *links; /* [n_links] edges of that graph of positive length: over all ranks each once */

  /* Rows, once they are stored. */
  HoleIndex stride; /* doubles in a row: n, padded with infinity to a multiple of 8 */
  double   *rows;   /* [n_local, stride], at a multiple of 64 bytes inside `memory`; NULL if they are not stored */
  void     *memory;
};

/* A buffer of n doubles that starts at a multiple of 64 bytes; `memory` is to be freed. */
PetscErrorCode hole_distances_allocate(HoleIndex n, void **memory, double **aligned);

/* Local. The memory of the rows; the padding is infinite, so that no search for something short finds it. */
PetscErrorCode hole_distances_allocate_rows(HoleDistances d);

/* out[a * stride + b] = distance of prepared points x[a] and y[b], whose global ids begin at i and j. */
void hole_distances_tile(HoleDistances d, HoleIndex i, HoleIndex n_x, const double x[], HoleIndex j, HoleIndex n_y,
                         const double y[], double out[], HoleIndex stride);

/* out[b] = distance of prepared point x, whose global id is i, and the one that y[b] points to, whose id is j[b]. */
void hole_distances_scatter(HoleDistances d, HoleIndex i, const double x[], HoleIndex n_y, const HoleIndex j[],
                            const double *const y[], double out[]);
