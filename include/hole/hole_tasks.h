/** @file
 * HOLE's four tasks, answered from the merge tree: how classes join, how well they separate, what each cluster is made of, and
 * which points stand apart. */
#pragma once

#include <hole/hole_distances.h>
#include <hole/hole_stages.h>

/** Row of `tasks/separability`. What needs labels is NaN where there are none. */
typedef struct {
  double  threshold;          /**< t_star; 0 where no height is positive */
  double  score;              /**< 0.7 purity + 0.3 homogeneity there, closed cut */
  int64_t n_clusters;         /**< clusters there, by the cut of the stages */
  double  best_ari;           /**< largest adjusted Rand index over all heights */
  double  best_ari_threshold; /**< the smallest height that has it */
  double  best_nmi;           /**< largest normalised mutual information */
  double  best_nmi_threshold; /**< the smallest height that has it */
  double
      gap_ratio; /**< shortest tree edge between classes over the 95th percentile of those within one; NaN without both */
  double  cross_class_edges; /**< share of the tree edges between labelled points that join two classes */
  int64_t cross_class_count; /**< their number */
  int64_t labelled_edges;    /**< tree edges of finite length between labelled points */
} HoleSeparability;

/** Row of `tasks/homogeneity`: a cluster at t_star. */
typedef struct {
  int32_t cluster;        /**< its number */
  int64_t size;           /**< its points */
  int32_t dominant_class; /**< most frequent label, the smallest on ties; -1 if no point is labelled */
  int64_t dominant_count; /**< points with that label */
  double  purity;         /**< their share of the labelled points; NaN if there are none */
  double  entropy;        /**< entropy of the classes of the labelled points, nat; NaN if there are none */
} HoleClusterContent;

/** Why a point is listed among the outliers. */
enum {
  HOLE_OUTLIER_SMALL_CLUSTER  = 0, /**< its cluster has outlier_size points or fewer */
  HOLE_OUTLIER_MINORITY_CLASS = 1  /**< it is not, but the class has a share below minority_share of the cluster */
};

/** Row of `tasks/outliers`: a point that stands apart at t_star. */
typedef struct {
  int64_t point;         /**< the point */
  int32_t kind;          /**< HOLE_OUTLIER_SMALL_CLUSTER before HOLE_OUTLIER_MINORITY_CLASS */
  int32_t cluster;       /**< its cluster at t_star */
  int64_t cluster_size;  /**< points there */
  double  joins_at;      /**< smallest height at which it is among more than outlier_size points; inf if it never is */
  int32_t joins_cluster; /**< cluster at t_star of the far end of the edge that brings it there; -1 if it never is */
  int64_t joins_merge;   /**< number of that edge in merge order; -1 if it never is */
} HoleOutlier;

#define HOLE_TASKS_MAX_CLASSES 4096 /**< with more classes than this there is neither `hierarchy` nor `gathering` */

/** What counts as an outlier; the words of the options. */
typedef struct {
  HoleIndex outlier_size;   /**< -outlier_size: clusters of so many points or fewer; default 10, as in HOLE */
  double    minority_share; /**< -minority_share: classes with a smaller share of a cluster; default 0.1, as in HOLE */
} HoleTasksOptions;

/** The answers for one layer. Equal on every rank. */
typedef struct {
  HoleIndex n_classes; /**< 0 without labels */
  double
      *hierarchy; /**< [n_classes, n_classes] height at which the dominant components of two classes are one; 0 on the
                              diagonal, inf if they never are, NaN for a class without points; NULL if there are too many */
  double *
      gathering; /**< [n_classes] height from which a class has a dominant component: one with more than half of its points */

  HoleSeparability separability; /**< how well classes separate */

  HoleIndex           n_clusters;        /**< clusters at t_star */
  HoleClusterContent *clusters;          /**< [n_clusters] */
  PetscBool           labelled;          /**< whether some point has a label: the next five are NaN otherwise */
  double              purity;            /**< share of points in the largest class of their cluster at t_star */
  double              homogeneity;       /**< share of points in the largest cluster of their class (HOLE's word) */
  double              class_homogeneity; /**< scikit-learn's homogeneity */
  double              completeness;      /**< scikit-learn's completeness */
  double              v_measure;         /**< harmonic mean of these two */

  HoleTasksOptions options;    /**< as given */
  HoleIndex        n_outliers; /**< points that stand apart */
  HoleOutlier     *outliers;   /**< [n_outliers] by point */
  HoleIndex n_unlabelled; /**< points with a negative label, which may stand for planted outliers; 0 without labels */
  double    precision;    /**< share of them among points of kind 0; NaN without any of either */
  double    recall;       /**< share of points of kind 0 among them; likewise */
} HoleTasks;

/** Defaults, then -outlier_size and -minority_share; -min_cluster_size, if given and not 0, is the default of the former. Not
 * collective. @errors HOLE_ERR_USAGE: a share outside [0, 1]. */
HOLE_EXTERN PetscErrorCode HoleTasksOptionsGet(HoleTasksOptions *options);

/**
 * Answer the four tasks. Not collective.
 *
 * @param[in]  tree       the tree
 * @param[in]  curves     of this tree and these labels
 * @param[in]  labels     [n] in [0, n_classes), negative where unlabelled; NULL for none
 * @param[in]  n_classes  number of classes
 * @param[in]  closed     the cut at t_star, as in HoleTreeCut()
 * @param[in]  options    see HoleTasksOptionsGet()
 * @param[out] tasks      new, to be freed with HoleTasksDestroy()
 *
 * A component with more than half of the points of a class is unique and only grows, so the heights of `hierarchy` are
 * ultrametric.
 *
 * @cost   O(n log n + n_classes^2) time and O(n + n_classes^2) memory.
 * @source docs/math/clusters.md, section 7. [FriedmanRafsky1979] cross_class_edges; [RosenbergHirschberg2007] v_measure.
 */
HOLE_EXTERN PetscErrorCode HoleTasksCreate(HoleTree tree, const HoleCurves *curves, const int32_t labels[],
                                           HoleIndex n_classes, PetscBool closed, const HoleTasksOptions *options,
                                           HoleTasks **tasks);

/** Free and set to NULL. Not collective. Accepts a pointer to NULL. */
HOLE_EXTERN PetscErrorCode HoleTasksDestroy(HoleTasks **tasks);

#define HOLE_COPHENETIC_POINTS 1000 /**< points that HoleTasksCorrelate() draws at most */

/**
 * Cophenetic correlation: Pearson's, over pairs of points, of their distance and the height at which they join.
 *
 * @collective On the ranks of @p d.
 *
 * @param[in]  d            the distances that @p tree is made from
 * @param[in]  tree         the tree
 * @param[out] n_pairs      pairs it is taken over: all pairs of min(n, HOLE_COPHENETIC_POINTS) points, one drawn from each of as many
 *                          even blocks of ids; pairs at infinite distance are left out
 * @param[out] correlation  exact over these pairs, equal bits for any number of ranks; NaN if either quantity does not vary,
 *                          and for geodesic distances that are not stored
 *
 * @errors HOLE_ERR_RESOURCE: no memory on some rank.
 * @cost   half a million distances, spread over ranks; a message of 1,000 points.
 * @source [SokalRohlf1962].
 */
HOLE_EXTERN PetscErrorCode HoleTasksCorrelate(HoleDistances d, HoleTree tree, HoleIndex *n_pairs, double *correlation);
