/* views_impl.h - the parts of HoleViewsLookAtDistances(). */
#pragma once

#include <hole/hole_views.h>

/* Distances among some points, each pair once: the row of the point in place p has those to the places that follow it in a circle, half
   of them. So all rows are as long, wherever the points are. */
struct close_rows {
  MPI_Comm         comm;
  PetscMPIInt      rank, size;
  HoleIndex        n_points; /* of the layer */
  HoleIndex        n;
  const HoleIndex *ids; /* [n] the points, equal on every rank */
  HoleIndex        half;
  HoleIndex        n_own;
  HoleIndex       *own;     /* [n_own] places of our points in `ids` */
  double          *rows;    /* [n_own, half] entry e of the row of place p is the distance to place (p + 1 + e) mod n */
  double           largest; /* of all ranks */
};

/* Entries of the row of a place. Of two places opposite to each other the first one has the pair. */
static inline HoleIndex hole_close_entries(const struct close_rows *c, HoleIndex place)
{
  return c->half - (c->n % 2 == 0 && place >= c->half);
}

/* Those of them to places after it; the others are to the places from 0 on. */
static inline HoleIndex hole_close_after(const struct close_rows *c, HoleIndex place)
{
  return PetscMin(hole_close_entries(c, place), c->n - 1 - place);
}

/* What the first rank does with the row of a place. Local. */
typedef void (*hole_close_function)(const struct close_rows *c, HoleIndex place, const double row[], void *ctx);

/* Collective. */
PetscErrorCode hole_close_rows_create(MPI_Comm comm, HoleDistances d, HoleIndex n, const HoleIndex ids[],
                                      struct close_rows *c);

/* Collective: the length at place `wanted` of all pairs in ascending order, and the next one, if there is one. */
PetscErrorCode hole_close_rows_select(const struct close_rows *c, HoleIndex wanted, double two[2]);

/* Collective: the first rank looks at all rows by ascending places. `buffer`, there: room for one row. */
PetscErrorCode hole_close_rows_show(const struct close_rows *c, double buffer[], hole_close_function show, void *ctx);

PetscErrorCode hole_close_rows_destroy(struct close_rows *c);

/* Local. Each merge puts the ends of its edge as near to each other as turning the two parts allows: [n] points. */
PetscErrorCode hole_order_by_tree(HoleTree tree, HoleIndex order[]);

/* The order of least sum of distances between neighbours among those in which the parts of every merge lie together. */
typedef struct hole_optimum_s *hole_optimum;

/* Local. `order`, [n], is any such order. Without an optimum after an error. */
PetscErrorCode hole_optimum_create(HoleTree tree, const HoleIndex order[], hole_optimum *optimum);

/* Local, for every place, which is one in that order; distances are finite. A hole_close_function. */
void hole_optimum_set_row(const struct close_rows *c, HoleIndex place, const double row[], void *optimum);

/* Local, once. */
PetscErrorCode hole_optimum_find(hole_optimum optimum, HoleIndex order[], double *cost);

PetscErrorCode hole_optimum_destroy(hole_optimum *optimum);

/* Bytes of an optimum. */
double hole_optimum_predict_bytes(HoleIndex n);

/* Collective: a percentile of the full matrix, as NumPy interpolates it; infinite if lengths are. */
PetscErrorCode hole_rcm_threshold(const struct close_rows *c, double *threshold);

/* Collective: the order of the graph of all pairs up to the threshold, [n] on the first rank. The rows are those of all points. */
PetscErrorCode hole_rcm_order(const struct close_rows *c, double threshold, HoleIndex order[]);

/* Bytes of the first rank meanwhile. */
double hole_rcm_predict_bytes(HoleIndex n);

/* Local: blocks of the leaf order and their classes. */
PetscErrorCode hole_heatmap_blocks(const int32_t labels[], HoleIndex n_classes, HoleViews *v);

/* Local: leaves to look at where not all can be, two of each block: [HOLE_VIEWS_SAMPLE] points. */
void hole_heatmap_sample(const HoleViews *v, HoleIndex ids[]);

/* Collective: means over the pairs of points of `c`, or, if that is NULL, over all pairs of the stored rows of `d`. */
PetscErrorCode hole_heatmap_from_close(const struct close_rows *c, HoleViews *v);
PetscErrorCode hole_heatmap_from_stored(MPI_Comm comm, HoleDistances d, HoleViews *v, PetscBool *finite);

/* Collective. */
PetscErrorCode hole_spectral_find(MPI_Comm comm, HoleTree tree, HoleDistances d, HoleViews *v);

/* Bytes of the first rank, which needs most. */
double hole_spectral_predict_bytes(HoleIndex n, PetscMPIInt size);

/* Note what was wanted but not possible. */
PetscErrorCode hole_views_leave_out(HoleViews *v, const char what[], const char why[]);

/* The most frequent of n_classes counts, the smallest on ties; -1 if all are 0. */
static inline int32_t hole_views_dominant(HoleIndex n_classes, const HoleIndex counts[])
{
  int32_t most = -1;

  for (HoleIndex c = 0; c < n_classes; ++c) {
    if (counts[c] > (most < 0 ? 0 : counts[most])) most = (int32_t)c;
  }
  return most;
}
