/** @file
 * Curves over the whole merge tree, and the stages: the few thresholds at which HOLE looks at the clusters. */
#pragma once

#include <hole/hole_tree.h>

/**
 * Quality of the clusters at every distinct merge height, ascending (closed cut). Equal on every rank.
 *
 * Points with a negative label are left out of everything that uses labels. Where no point has a label (no labels, or all
 * negative) the arrays purity to v_measure are NULL. Infinite edges join nothing and have no row.
 */
typedef struct {
  HoleIndex n;           /**< distinct merge heights */
  double   *threshold;   /**< [n] */
  int64_t  *n_clusters;  /**< [n] */
  double   *purity;      /**< share of points in the largest class of their cluster */
  double   *homogeneity; /**< share of points in the largest cluster of their class (HOLE's word; not scikit-learn's) */
  double   *score;       /**< 0.7 purity + 0.3 homogeneity */
  double   *ari;         /**< adjusted Rand index against the labels */
  double   *nmi;         /**< normalised mutual information, arithmetic mean, as scikit-learn's default */
  double
      *class_homogeneity; /**< share of the entropy of the classes that clusters explain: scikit-learn's homogeneity */
  double *completeness;   /**< share of the entropy of the clusters that classes explain */
  double *v_measure;      /**< harmonic mean of the two */
  double *size_entropy;   /**< entropy of the cluster sizes, nat */

  /** Row of largest score among positive heights (without labels: of n_clusters nearest to 10), the first on ties; -1 if
      there is none. */
  HoleIndex best;
  HoleIndex n_tied; /**< rows of positive height that are as good as the best, itself included */
} HoleCurves;

/**
 * Compute the curves in one sweep over the tree.
 *
 * @param[in]  tree       the tree
 * @param[in]  labels     [n] in [0, n_classes), negative where unlabelled; NULL for none
 * @param[in]  n_classes  number of classes
 * @param[out] curves     new, to be freed with HoleCurvesDestroy()
 *
 * Not collective. Scores are compared as integers (7 * purity count + 3 * homogeneity count), so ties are exact.
 *
 * @cost   O(n log n) time by merging the smaller class histogram into the larger, O(n) memory.
 * @source [AthreyaRosen2025] score and stages; docs/math/clusters.md.
 */
HOLE_EXTERN PetscErrorCode HoleCurvesCreate(HoleTree tree, const int32_t labels[], HoleIndex n_classes,
                                            HoleCurves **curves);

/** Free and set to NULL. Not collective. Accepts a pointer to NULL. */
HOLE_EXTERN PetscErrorCode HoleCurvesDestroy(HoleCurves **curves);

/**
 * Stages of one layer, ascending thresholds; equal on every rank.
 *
 * Let T be the distinct positive finite heights. Stages by rule (-stages):
 * - `hole`: initial, t_star, intermediate, final. A stage that coincides with another is listed once, under the first of
 *   t_star, final, initial, intermediate that it is. If T has fewer than four heights, they all are stages; one
 *   that is none of the four is named intermediate.
 * - `count:K`: K of T with evenly spaced ranks, all if there are no more: count_0, count_1, ...
 * - `clusters:K1,K2`: clusters:K at the height of merge N - K, the last one made when K clusters are left; ties give fewer,
 *   the open cut at least one more. clusters:N is threshold 0: the closed cut joins copies of a point even there.
 * - `at:T1,T2`: at:T1 at the number given.
 *
 * Stages with equal thresholds are listed once, under the name given first. Where T is empty (one point, or all
 * points equal), `hole` and `count` give one stage, t_star, at threshold 0.
 */
typedef struct {
  HoleIndex n_points;  /**< points of the layer */
  HoleIndex n;         /**< stages, the one added for the flow included; that one is last, whatever its threshold */
  HoleIndex n_nested;  /**< stages of the rule: the first n_nested; flows within the layer use these */
  HoleIndex flow;      /**< the stage at which layers are linked */
  double   *threshold; /**< [n] where the tree is cut */
  char (*name)[64];    /**< [n] names */
  int64_t *n_clusters; /**< [n] clusters there */
  int32_t *labels;     /**< [n, n_points] cluster of each point */
  char     note[512];  /**< what is unusual about the choice, in words; empty if nothing is */
} HoleStages;

/** How stages are chosen; the words of the options. */
typedef struct {
  char      rule[2048];     /**< -stages: `hole`, `count:K`, `clusters:K1,K2,...`, `at:T1,T2,...` */
  char      flow_stage[64]; /**< -flow_stage: a stage's name, or `clusters:K` (without `:K`: the number of classes) */
  PetscBool closed;         /**< -cut: whether an edge as long as the threshold joins; thresholds do not depend on it */
} HoleStagesOptions;

/**
 * Defaults (`hole`, `t_star`, `closed`), then -stages, -flow_stage and -cut. Not collective.
 *
 * @errors HOLE_ERR_USAGE: malformed, or -flow_stage names a stage that no layer can have under this rule.
 */
HOLE_EXTERN PetscErrorCode HoleStagesOptionsGet(HoleStagesOptions *options);

/** Most stages that a layer can have under these options, the one added for the flow included. Not collective. */
HOLE_EXTERN HoleIndex HoleStagesOptionsGetMost(const HoleStagesOptions *options);

/**
 * Choose the stages and cut the tree there. Not collective.
 *
 * @param[in]  tree       the tree
 * @param[in]  curves     of this tree
 * @param[in]  n_classes  for `clusters` without a number; without labels 10; never more than the points
 * @param[in]  options    see HoleStagesOptionsGet()
 * @param[out] stages     new, to be freed with HoleStagesDestroy()
 *
 * The stage of the flow is looked up by name; a name that coincided with another stage's finds that stage. `t_star` and
 * `clusters:K` exist under every rule: where the rule does not give them, they are added after the nested stages.
 *
 * @errors HOLE_ERR_USAGE: malformed; more clusters than points; -flow_stage names a stage that the rule does not give.
 * @source [AthreyaRosen2025]: five-stage selection; without labels t_star has the number of clusters nearest to 10.
 */
HOLE_EXTERN PetscErrorCode HoleStagesCreate(HoleTree tree, const HoleCurves *curves, HoleIndex n_classes,
                                            const HoleStagesOptions *options, HoleStages **stages);

/** Free and set to NULL. Not collective. Accepts a pointer to NULL. */
HOLE_EXTERN PetscErrorCode HoleStagesDestroy(HoleStages **stages);
