/* distances_impl.h - the fields behind HoleDistances. */
#pragma once

#include "../core/shared.h"
#include "../metric/metric_impl.h"
#include <hole/hole_distances.h>
#include <hole/hole_tree.h>

/* Prepared points and their nearest others; freed with the last object that uses them. */
struct hole_points {
  HoleIndex   n_users;
  hole_shared rows; /* the points of each rank of the node */
  PetscBool   here; /* can every rank read all points there? */
  HoleIndex  *file_rows;
  HoleIndex  k; /* neighbours of each point that were found so far, by ascending (length, id); lengths are the base's */
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
  PetscBool single; /* lengths are rounded to single precision */
  HoleIndex stride; /* values in a row: n, padded with infinity to a multiple of 8 */
  double
      *rows; /* [n_local, stride], at a multiple of 64 bytes inside `memory`; NULL if they are not stored, or single */
  float *short_rows; /* the same for single precision */
  void  *memory;
};

static inline PetscBool hole_distances_stored(HoleDistances d) { return (PetscBool)(d->rows || d->short_rows); }

/* Entry j of stored row `local`. */
static inline double hole_distances_at(HoleDistances d, HoleIndex local, HoleIndex j)
{
  return d->rows ? d->rows[local * d->stride + j] : (double)d->short_rows[local * d->stride + j];
}

/* The value must be a length by hole_distances_round(), or infinite. */
static inline void hole_distances_put(HoleDistances d, HoleIndex local, HoleIndex j, double length)
{
  if (d->rows) d->rows[local * d->stride + j] = length;
  else d->short_rows[local * d->stride + j] = (float)length;
}

/* The type of stored lengths. */
static inline MPI_Datatype hole_distances_type(HoleDistances d) { return d->single ? MPI_FLOAT : MPI_DOUBLE; }

/* Every length comes through here once: the nearest value of the precision that was chosen. */
static inline void hole_distances_round(HoleDistances d, HoleIndex n, double lengths[])
{
  for (HoleIndex b = 0; d->single && b < n; ++b) lengths[b] = (double)(float)lengths[b];
}

/* A buffer of n doubles that starts at a multiple of 64 bytes; `memory` is to be freed. */
PetscErrorCode hole_distances_allocate(HoleIndex n, void **memory, double **aligned);

/* Local. The memory of the rows; the padding is infinite, so that no search for something short finds it. */
PetscErrorCode hole_distances_allocate_rows(HoleDistances d);

/* Entries [j, j + n) of a stored row: those of the row itself, or decoded into `buffer`, [n]; not used for double precision. */
const double *hole_distances_read(HoleDistances d, HoleIndex local, HoleIndex j, HoleIndex n, double buffer[]);

/* Doubles that a reader of rows needs as its buffer: none for double precision. */
static inline HoleIndex hole_distances_buffer(HoleDistances d) { return d->single ? d->stride : 0; }

/* out[a * stride + b] = distance of prepared points x[a] and y[b], whose global ids begin at i and j. */
void hole_distances_tile(HoleDistances d, HoleIndex i, HoleIndex n_x, const double x[], HoleIndex j, HoleIndex n_y,
                         const double y[], double out[], HoleIndex stride);

/* The same, of points x[a] whose ids are i[a]. */
void hole_distances_rows(HoleDistances d, HoleIndex n_x, const HoleIndex i[], const double x[], HoleIndex j,
                         HoleIndex n_y, const double y[], double out[], HoleIndex stride);

/* out[b] = distance of prepared point x, whose global id is i, and the one that y[b] points to, whose id is j[b]. */
void hole_distances_scatter(HoleDistances d, HoleIndex i, const double x[], HoleIndex n_y, const HoleIndex j[],
                            const double *const y[], double out[]);
