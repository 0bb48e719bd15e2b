/* trees.h - random spanning trees for the tests of clusters. */
#pragma once

#include "testing.h"

#include <hole/hole_tree.h>

/* How the points hang together: a chain makes one growing cluster, a random parent makes many that merge. */
enum test_shape { TEST_CHAIN, TEST_STAR, TEST_PARENT, TEST_N_SHAPES };

/* Fill [n - 1] edges with whole lengths in [0, n_lengths), so that few lengths tie often, and 0 makes copies of a point. */
static inline void test_random_tree(struct test_random *r, enum test_shape shape, HoleIndex n, HoleIndex n_lengths,
                                    HoleEdge edges[])
{
  for (HoleIndex k = 1; k < n; ++k) {
    HoleIndex parent = shape == TEST_CHAIN ? k - 1 : shape == TEST_STAR ? 0 : test_random_below(r, k);

    edges[k - 1] = (HoleEdge){(double)test_random_below(r, n_lengths), k, parent};
  }
}

/* Fill [n] labels in [0, n_classes), about one in five negative if `unlabelled`. */
static inline void test_random_labels(struct test_random *r, HoleIndex n, HoleIndex n_classes, PetscBool unlabelled,
                                      int32_t labels[])
{
  for (HoleIndex i = 0; i < n; ++i)
    labels[i] = unlabelled && !test_random_below(r, 5) ? -1 : (int32_t)test_random_below(r, n_classes);
}
