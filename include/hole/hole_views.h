/** @file
 * Data for pictures of one layer: a plane, orders of the points, a heatmap, hulls of clusters. */
#pragma once

#include <hole/hole_distances.h>
#include <hole/hole_stages.h>
#include <hole/hole_tree.h>

enum {
  HOLE_VIEWS_BLOCKS = 1024,                  /**< most blocks of a heatmap */
  HOLE_VIEWS_SAMPLE = 2 * HOLE_VIEWS_BLOCKS, /**< points looked at for the heatmap of more, if no rows are stored */
  HOLE_VIEWS_CLOSE  = 5000 /**< points up to which all pairs are looked at, for the orders and the heatmap */
};

/** What is wanted; the words of the option. */
typedef struct {
  PetscBool pca2;       /**< points in the plane of the two largest variances */
  PetscBool leaf_order; /**< an order of the points in which clusters follow each other */
  PetscBool rcm;        /**< reverse Cuthill-McKee order of the graph of short distances */
  PetscBool heatmap;    /**< means of distances by blocks of the leaf order, which it brings with it */
  PetscBool blobs;      /**< hulls of clusters in the plane, which they bring with them */
  PetscBool spectral2;  /**< points by two eigenvectors of the graph of neighbours */
} HoleViewsOptions;

/** Row of `views/blobs/hulls`. */
typedef struct {
  int32_t stage;          /**< place among the layer's stages */
  int32_t cluster;        /**< number of the cluster there */
  int64_t first;          /**< first of its vertices in `views/blobs/vertices` */
  int64_t count;          /**< vertices; 1 or 2 where the points lie in one place or line */
  int32_t dominant_class; /**< most frequent label, the smallest on ties; -1 if no point is labelled */
  int64_t size;           /**< points of the cluster */
} HoleHull;

/** Row of `views/blobs/minority`. */
typedef struct {
  int64_t stage; /**< place among the layer's stages */
  int64_t point; /**< one whose class has less than a tenth of the labelled points of its cluster */
} HoleMinority;

/** Views of one layer, equal on every rank; NULL where something was not wanted or not possible. */
typedef struct {
  HoleIndex  n;             /**< points */
  double    *pca2;          /**< [n, 2] coordinates; each axis points to where its largest component is positive */
  double     explained[2];  /**< shares of the variance */
  HoleIndex *leaf_order;    /**< [n] points from left to right */
  PetscBool  leaf_optimal;  /**< no order of this tree has a smaller sum of distances between neighbours */
  double     leaf_cost;     /**< that sum, if the order is the optimum */
  HoleIndex *rcm_order;     /**< [n] */
  double     rcm_threshold; /**< the 20th percentile of the matrix, zeros of the diagonal included */
  HoleIndex  n_blocks;      /**< B, blocks of the heatmap: the points, or HOLE_VIEWS_BLOCKS */
  HoleIndex *heatmap_first; /**< [B + 1] first leaf of each block */
  float
      *heatmap; /**< [B, B] mean distance of the points of two blocks, both orders and zeros of the diagonal included */
  HoleIndex     heatmap_points; /**< points that were looked at for it, evenly spaced in the leaf order; n: all */
  int32_t      *heatmap_class;  /**< [B] most frequent label of a block, the smallest on ties; -1 if none is labelled */
  HoleIndex     n_hulls;        /**< hulls, by stage, then cluster */
  HoleHull     *hulls;          /**< [n_hulls] of clusters of three points or more, at the first stage and t_star */
  HoleIndex     n_vertices;     /**< vertices of all hulls */
  double       *vertices;       /**< [n_vertices, 2] counterclockwise, from the leftmost (lowest of those) */
  HoleIndex     n_minority;     /**< rows of minority */
  HoleMinority *minority;       /**< [n_minority] by stage, then point */
  double       *spectral2;      /**< [n, 2] eigenvectors of the second and third smallest eigenvalue */
  double        eigenvalues[2]; /**< those eigenvalues, of the normalised Laplacian */
  char          left_out[512];  /**< what was wanted but not possible, and why; "" if nothing */
} HoleViews;

/**
 * Defaults (all but spectral2), then -views: `all`, `none` or a comma list of the names above. Not collective.
 *
 * @errors HOLE_ERR_USAGE: another word.
 */
HOLE_EXTERN PetscErrorCode HoleViewsOptionsGet(HoleViewsOptions *options);

/** Start with nothing. Not collective. */
HOLE_EXTERN PetscErrorCode HoleViewsCreate(HoleIndex n, HoleViews **views);

/**
 * Find the plane of the two largest variances (principal components) of a layer's rows.
 *
 * @collective On the ranks of @p acts.
 *
 * @param[in]  acts       the rows as they are, whatever the metric
 * @param[out] plane      [n, 2] equal on every rank; to be freed with PetscFree()
 * @param[out] explained  [2] shares of the variance
 *
 * @cost   At most 128 times two products of all rows with a vector; the rows, and 8 (2 n + 132 width) bytes.
 * @source [Lanczos1950] with all vectors kept orthogonal; [DemmelNguyen2015] sums whose bits do not depend on their order.
 */
HOLE_EXTERN PetscErrorCode HoleViewsFindPlane(HoleActivations acts, double **plane, double explained[2]);

/**
 * What needs distances: orders, heatmap and spectral layout.
 *
 * @collective On @p comm.
 *
 * @param[in]     comm       ranks of the distances
 * @param[in]     options    see HoleViewsOptionsGet()
 * @param[in]     tree       merge tree of the points
 * @param[in]     distances  of the points, or NULL where only a graph is given: then only the leaf order is found
 * @param[in]     labels     [n] negative where unlabelled; NULL for none
 * @param[in]     n_classes  number of classes
 * @param[in,out] views      see HoleViewsCreate()
 *
 * The leaf order is the optimum for at most HOLE_VIEWS_CLOSE points; for more, each merge puts the ends of its edge as near to
 * each other as turning the two parts allows. Only in the first case there is an RCM order. The heatmap takes all pairs where
 * rows are stored or there are no more than HOLE_VIEWS_CLOSE points, else HOLE_VIEWS_SAMPLE of them, two in each block.
 *
 * @errors HOLE_ERR_RESOURCE: no memory on some rank.
 * @cost   For n <= HOLE_VIEWS_CLOSE 4 n^2 bytes and n^2/2 lengths over all ranks, and 8 n^2 bytes on the first, which then works
 *         alone for some n^2 steps, n^3/3 at most; for more 16 MiB over all ranks. 12 MiB a rank for the heatmap.
 * @source [BarJoseph2001] optimal leaf order; [CuthillMcKee1969]; [AthreyaRosen2025] heatmap-dendrogram.
 */
HOLE_EXTERN PetscErrorCode HoleViewsLookAtDistances(MPI_Comm comm, const HoleViewsOptions *options, HoleTree tree,
                                                    HoleDistances distances, const int32_t labels[],
                                                    HoleIndex n_classes, HoleViews *views);

/**
 * Hulls of clusters in the plane views->pca2, and points of minority classes. Not collective.
 *
 * @param[in]     stages     of the layer
 * @param[in]     labels     [n] negative where unlabelled; NULL for none
 * @param[in]     n_classes  number of classes
 * @param[in,out] views      nothing happens if it has no plane
 *
 * @source [Andrew1979] monotone chain; [AthreyaRosen2025] blob graph.
 */
HOLE_EXTERN PetscErrorCode HoleViewsFindBlobs(const HoleStages *stages, const int32_t labels[], HoleIndex n_classes,
                                              HoleViews *views);

/** Bytes of the first rank during HoleViewsLookAtDistances(), which needs most. Not collective. */
HOLE_EXTERN double HoleViewsPredictBytes(const HoleViewsOptions *options, HoleIndex n, PetscMPIInt size);

/** Bytes of one rank during HoleViewsFindPlane(). Not collective. */
HOLE_EXTERN double HoleViewsPredictPlaneBytes(HoleIndex n, HoleIndex width, PetscMPIInt size);

/** Free and set to NULL. Not collective. Accepts a pointer to NULL. */
HOLE_EXTERN PetscErrorCode HoleViewsDestroy(HoleViews **views);
