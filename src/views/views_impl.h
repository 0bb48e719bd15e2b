/* views_impl.h - the parts of HoleViewsLookAtDistances(). */
#pragma once

#include <hole/hole_views.h>

/* Distances among some points, every rank with the rows of its own ones. */
struct close_rows {
  MPI_Comm         comm;
  PetscMPIInt      rank, size;
  HoleIndex        n_points; /* of the layer */
  HoleIndex        n;
  const HoleIndex *ids; /* [n] the points, equal on every rank */
  HoleIndex        n_own;
  HoleIndex       *own;  /* [n_own] places of our points in `ids` */
  double          *rows; /* [n_own, n] */
};

/* Collective. */
PetscErrorCode hole_close_rows_create(MPI_Comm comm, HoleDistances d, HoleIndex n, const HoleIndex ids[],
                                      struct close_rows *c);

/* Collective: is every length finite? */
PetscErrorCode hole_close_rows_finite(const struct close_rows *c, PetscBool *finite);

/* Collective: the first rank gets all rows, [n, n]. */
PetscErrorCode hole_close_rows_gather(const struct close_rows *c, double matrix[]);

PetscErrorCode hole_close_rows_destroy(struct close_rows *c);

/* Local. Each merge puts the ends of its edge as near to each other as turning the two parts allows: [n] points. */
PetscErrorCode hole_order_by_tree(HoleTree tree, HoleIndex order[]);

/* Local. From an order in which the parts of every merge lie together, the one of least sum of distances between neighbours. `matrix`,
   [n, n] in the given order, symmetric and finite, is destroyed. */
PetscErrorCode hole_order_optimally(HoleTree tree, double matrix[], HoleIndex order[], double *cost);

/* Collective: the threshold, a percentile as NumPy interpolates it; infinite if lengths are. */
PetscErrorCode hole_rcm_threshold(const struct close_rows *c, double *threshold);

/* Local: the order of the graph of all pairs up to the threshold, from the matrix in the order of `ids`. */
PetscErrorCode hole_rcm_order(HoleIndex n, const HoleIndex ids[], const double matrix[], double threshold,
                              HoleIndex order[]);

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
