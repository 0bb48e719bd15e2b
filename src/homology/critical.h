/* critical.h - simplices that start or end an interval: those that lunes leave over. docs/math/homology.md has the proofs.

   An edge is critical if its lune is empty. Of a lune of c components c - 1 triangles are: the first vertex of each component but the
   one of the most central vertex. A tetrahedron (e, kl) may be if k and l are joined by earlier edges of the lune, but no vertex of it
   is next to both by edges before (k,l). */
#pragma once

#include "simplices.h"
#include <hole/hole_homology.h>

struct hole_critical {
  struct hole_entries
            simplices[HOLE_MAX_DIM + 1]; /* [1] edges, [2] triangles, [3] tetrahedra: without coefficients, ascending */
  HoleIndex n_all[HOLE_MAX_DIM + 1];     /* how many there are of these lunes, critical or not; of triangles on
                                                      from max_dim 2, of tetrahedra from 3 */
  HoleIndex n_places;                    /* of rows, or words of bit rows, that were looked at */
};

/*
 * Find those of dimension 1 to max_dim in part `part` of `n_parts` of the lunes, and count all; beyond the cutoff they are counted only.
 *
 * Local. Memory: dense, n^2 / 8 bytes for max_dim of 1 and 2. Time: dense, a few passes over bit rows an edge; sparse, over rows
 * of the skeleton; max_dim 3: of order of the square of the lune's size an edge, and more.
 */
PetscErrorCode hole_critical_find(HoleHomology homology, const struct hole_simplices *x, PetscInt max_dim,
                                  PetscMPIInt part, PetscMPIInt n_parts, struct hole_critical *critical);

PetscErrorCode hole_critical_destroy(struct hole_critical *critical);
