/* edges.h - a complete filtration of so few edges that they are kept as a list: no matrix is made of them unless somebody asks for it. */
#pragma once

#include "../tree/edge_order.h"
#include <hole/hole_filtration.h>

/*
 * The filtration of all given edges, over all ranks each once, in any order; without -0. Collective on `comm`, which stays the caller's and must
 * outlive the filtration; so must no edge: they are taken, and *edges is NULL.
 */
PetscErrorCode hole_filtration_create_from_edges(MPI_Comm comm, HoleIndex n, HoleIndex n_edges,
                                                 struct hole_edge_key *edges[], HoleFiltration *f);

/* Are there edges to take? Equal on all ranks. Not collective. */
PetscBool hole_filtration_has_edges(HoleFiltration f);

/*
 * Take the edges up to the threshold, over all ranks each once, in any order; to be freed. Collective. They are looked for once more if they were
 * taken before; given ones can be taken once.
 */
PetscErrorCode hole_filtration_take_edges(HoleFiltration f, HoleIndex *n_edges, struct hole_edge_key *edges[]);
