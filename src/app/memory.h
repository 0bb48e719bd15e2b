/* memory.h - how much memory a rank may use, and how much it uses. */
#pragma once

#include <hole/hole_homology.h>

/* Bytes a rank may use: -memory_limit, else what the node offers to this job, divided by the ranks on it. Collective; equal on
   every rank (the smallest). @errors HOLE_ERR_USAGE: -memory_limit is no size. */
PetscErrorCode app_memory_limit(MPI_Comm comm, HoleIndex *bytes);

/* What decides the memory of a run of analyze. */
struct app_size {
  HoleIndex    n_points, width; /* of the widest layer */
  HoleIndex    n_layers, n_metrics, n_stages;
  double       layer;     /* bytes of the largest layer, as it is loaded */
  PetscBool    distances; /* made from a layer, beside it */
  HoleHomology homology;  /* for its prediction */
  PetscMPIInt  n_ranks;
};

/* Bytes that one rank needs: what analyze holds at once. Not collective. */
double app_predict_bytes(const struct app_size *size);

/* Largest memory this process has held so far, in bytes. Not collective. */
HoleIndex app_memory_peak(void);

/* "1.5 GiB" and the like. */
PetscErrorCode app_memory_print(double bytes, size_t length, char text[]);
