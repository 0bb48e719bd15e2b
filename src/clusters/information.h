/* information.h - homogeneity, completeness and V-measure of a partition against classes [RosenbergHirschberg2007]. */
#pragma once

#include <petscsys.h>

/* What is known of the table cluster x class, by labelled points only. */
struct hole_information {
  double    h_cluster, h_class, h_joint; /* entropies, nat */
  PetscBool one_cluster, one_class;      /* then the entropy is 0, whatever rounding made of it */
  PetscBool pure, complete;              /* every cluster has one class; every class lies in one cluster */
};

static inline double hole_information_shared(const struct hole_information *i)
{
  return i->one_cluster || i->one_class ? 0.0 : PetscMax(0.0, i->h_cluster + i->h_class - i->h_joint);
}

/* Share of the entropy of the classes that the clusters explain; 1 where there is one class. scikit-learn's homogeneity. */
static inline double hole_information_homogeneity(const struct hole_information *i)
{
  return i->pure ? 1.0 : PetscMin(1.0, hole_information_shared(i) / i->h_class);
}

/* Share of the entropy of the clusters that the classes explain; 1 where there is one cluster. */
static inline double hole_information_completeness(const struct hole_information *i)
{
  return i->complete ? 1.0 : PetscMin(1.0, hole_information_shared(i) / i->h_cluster);
}

/* Harmonic mean of the two. */
static inline double hole_information_v_measure(const struct hole_information *i)
{
  double homogeneity = hole_information_homogeneity(i), completeness = hole_information_completeness(i);
  double sum = homogeneity + completeness;

  return sum > 0 ? 2.0 * homogeneity * completeness / sum : 0.0;
}
