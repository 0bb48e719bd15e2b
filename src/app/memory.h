/* memory.h - how much memory a rank may use, and how much it uses. */
#pragma once

#include <hole/hole_types.h>

/* Ranks on a node, the smallest number of any. Collective; equal on every rank. */
PetscErrorCode app_memory_together(MPI_Comm comm, PetscMPIInt *ranks);

/* Bytes a rank may use: -memory_limit, else what the node offers to this job, divided by the ranks on it. Collective; equal on
   every rank (the smallest). @errors HOLE_ERR_USAGE: -memory_limit is no size. */
PetscErrorCode app_memory_limit(MPI_Comm comm, HoleIndex *bytes);

/* The number behind `option`, which holds a size such as 8GiB. HOLE_ERR_USAGE: it holds none. */
PetscErrorCode app_memory_parse(const char option[], const char text[], HoleIndex *bytes);

/* All memory of this node, as far as its control group lets this process have it. Not collective. */
HoleIndex app_memory_node(void);

/* Largest memory this process has held so far, in bytes. Not collective. */
HoleIndex app_memory_peak(void);

/* Memory this process holds now, in bytes. Not collective. */
HoleIndex app_memory_now(void);

/* "1.5 GiB" and the like. */
PetscErrorCode app_memory_print(double bytes, size_t length, char text[]);
