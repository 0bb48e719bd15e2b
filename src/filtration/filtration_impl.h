/* filtration_impl.h - the fields behind HoleFiltration, and what a type of filtration must provide. */
#pragma once

#include "../distances/bounds.h"
#include "../tree/edge_order.h"
#include <hole/hole_filtration.h>
#include <hole/hole_pass.h>

/* A type says which edges there are, and how long. */
struct hole_filtration_ops {
  const char *name;
  PetscBool   complete; /* every pair is an edge of its own length: the graph is made only if somebody asks for it */

  /* What the first pass over all pairs has to find beside the merge tree. Logically collective. */
  PetscErrorCode (*want)(HoleFiltration f, HolePass pass);

  /* Collective: make f->graph of all edges up to f->threshold, after that pass; NULL where it is gone, or did not look for
     edges. */
  PetscErrorCode (*build)(HoleFiltration f, HolePass pass, Mat *graph);

  /* Bytes a rank needs while it does that, for n points over `size` ranks, as far as they can be known. */
  double (*predict)(HoleFiltration f, HoleIndex n, PetscMPIInt size);
};

struct HoleFiltration_s {
  HoleDistances                     d;     /* borrowed; NULL where only a graph is given */
  Mat                               given; /* that graph, with all its edges */
  MPI_Comm                          comm;  /* borrowed; where edges are given instead, of so many points (edges.h) */
  HoleIndex                         n_given;
  const struct hole_filtration_ops *ops;
  PetscInt                          max_dim;
  HoleIndex                         n_neighbours;
  double                            epsilon;
  char                              rule[HOLE_NAME_LENGTH];
  double                            threshold, cutoff;
  PetscBool                         is_graph; /* so few pairs are edges that they are kept as a graph */
  HoleTree                          tree;
  HoleTree                          forest; /* NULL where it is the tree */
  Mat                   graph;     /* edges up to the threshold; of a complete filtration NULL until asked for */
  PetscBool             has_edges; /* such a one, if it is a graph, has a list of them until it is taken */
  HoleIndex             n_edges;
  struct hole_edge_key *edges;
  PetscBool             keeps_bounds; /* what the pass tells of all pairs, for who takes it (bounds.h) */
  hole_bounds           bounds;
  HoleDistances         weights; /* the graph as rows, once asked for; NULL where it is complete */
};

/* The types; register.c lists them. */
extern const struct hole_filtration_ops hole_filtration_rips;
extern const struct hole_filtration_ops hole_filtration_knn;
extern const struct hole_filtration_ops hole_filtration_sparse;

/* About what share of pairs is no longer than `length`: counted among those of a few points, the same for any number of ranks.
   Collective. */
PetscErrorCode hole_filtration_estimate_share(HoleDistances d, double length, double *share);

/* Is the enclosing radius wanted? Dimension 0 ends before it; for a geodesic metric it would take all shortest paths. */
PetscBool hole_filtration_wants_radius(HoleFiltration f);

PetscErrorCode hole_filtration_find(const char name[], const struct hole_filtration_ops **ops);

/* Collective: the list of edges up to the threshold, from that pass, or from a new one if it is NULL. */
PetscErrorCode hole_filtration_find_edges(HoleFiltration f, HolePass pass);

/* Collective: the matrix of the list. */
PetscErrorCode hole_filtration_graph_of_edges(HoleFiltration f, Mat *graph);

/* Collective, of given edges: sort them; make the tree; the longest, and the enclosing radius as hole_graph_measure() has it. */
PetscErrorCode hole_filtration_measure_edges(HoleFiltration f, double *longest, double *radius);

/* Local: of those edges that are beyond the threshold go. */
PetscErrorCode hole_filtration_cut_edges(HoleFiltration f);

/* Bytes that a graph of so many edges over all ranks takes on one of them while it is made of its edges. */
double hole_filtration_predict_graph(double n_edges, PetscMPIInt size);
