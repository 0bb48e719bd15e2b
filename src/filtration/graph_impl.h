/* graph_impl.h - what the filtrations ask a graph; see hole_graph.h for the matrix itself. */
#pragma once

#include "../tree/edge_order.h"
#include <hole/hole_graph.h>

/* HoleGraphCreate() with at most `most` entries of own rows in own columns, and in the others: what PetscInt counts, or less in tests. */
PetscErrorCode hole_graph_create(MPI_Comm comm, HoleIndex n, HoleIndex n_edges, const HoleEdge edges[], HoleIndex most,
                                 Mat *graph);

/* Collective. Each edge goes to the owners of both its ends, as a row and a column: `entries` are those whose row i is ours, in no
   particular order, to be freed with PetscFree(). */
PetscErrorCode hole_graph_exchange(MPI_Comm comm, HoleIndex n, HoleIndex n_edges, const HoleEdge edges[],
                                   HoleIndex *n_entries, HoleEdge *entries[]);

/* Local: the edges i < j of own rows i no longer than `most`, ascending in (i, j); to be freed. */
PetscErrorCode hole_graph_own_edges(Mat graph, double most, HoleIndex *n_edges, struct hole_edge_key *edges[]);

/* Collective: the longest edge, 0 if there is none; and the enclosing radius, the smallest over points adjacent to all others of
   their longest edge: infinite if there is no such point, 0 for a single one. */
PetscErrorCode hole_graph_measure(Mat graph, double *longest, double *radius);

/* Collective: the minimum spanning forest in the total order of edges, made a tree by edges of infinite length from the smallest point
   of all to the smallest point of every component without it. 112 n bytes a rank, and 32 bytes for each of its edges. */
PetscErrorCode hole_graph_forest(Mat graph, HoleTree *tree);

/* The same of edges, sorted on each rank, over all ranks each once. */
PetscErrorCode hole_edges_forest(MPI_Comm comm, HoleIndex n, HoleIndex n_edges, const struct hole_edge_key edges[],
                                 HoleTree *tree);
