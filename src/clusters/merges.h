/* merges.h - the merges of a tree as its nodes see them: how many points, and which classes on both sides. */
#pragma once

#include <hole/hole_tree.h>

/* A merge joins a points of a class with b more. */
struct hole_change {
  int32_t class, a, b;
};

/* The merges, as the first pass leaves them. Arrays over nodes have 2 n - 1 entries, those over merges n - 1. */
struct hole_merges {
  HoleIndex n, n_classes, n_labelled;
  int32_t  *child;    /* [n - 1, 2] */
  int32_t  *n_points; /* of a node */
  /* Only with labels: */
  int32_t *parent;             /* of a node, -1 for the root */
  int32_t *labelled;           /* labelled points of a node ... */
  int32_t *first;              /* ... which are labelled[] entries of `classes` from here */
  int32_t *classes;            /* [n_labelled] class of a point */
  int32_t *majority_gain;      /* of a merge: growth of the points in the largest class of their cluster, 0 or less */
  int32_t *first_change;       /* of a merge */
  int32_t *n_changes;          /* of a merge */
  struct hole_change *changes; /* [n_labelled] at most */
  HoleIndex           n_all_changes;
  int32_t            *tally, *light; /* [n_classes] histogram of the heavy path, and of the child to be added */
};

/* Find the merges of a tree: set n, n_classes and n_labelled (0: no labels are looked at) and zero the rest before. O(n log n) time, O(n)
   memory. To be freed with hole_merges_free(), also after an error. Not collective. */
PetscErrorCode hole_merges_find(struct hole_merges *s, HoleTree tree, const int32_t labels[]);
PetscErrorCode hole_merges_free(struct hole_merges *s);

/* Lay the points out so that those of every node are neighbours: node v has places first[v] to first[v] + n_points[v]. `first` is
   [2 n - 1]; that of a point is its place. */
void hole_merges_places(const struct hole_merges *s, int32_t first[]);
