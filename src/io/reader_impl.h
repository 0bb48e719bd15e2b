/* reader_impl.h - what reader.c and rows.c share. */
#pragma once

#include "hdf5.h"
#include "reader.h"

struct hole_reader_s {
  MPI_Comm    comm;
  PetscMPIInt rank;
  char       *path;
  hid_t       look; /* rank 0: by the serial driver */
  hid_t       file; /* by the MPI-IO driver */
  hid_t       own;  /* by the serial driver, once a dataset needs it; rank 0 has `look` */
};

/* HDF5 handles of one step; zero is no valid handle. */
struct hole_handles {
  hid_t object, type, space, plist;
};

/* Close what is open and forget it. Not collective. */
PetscErrorCode hole_handles_close(struct hole_handles *h);

/* Close the handles of a step and agree on its outcome. Collective. */
PetscErrorCode hole_reader_end_step(hole_reader r, PetscErrorCode done, struct hole_handles *h);

/* Open a file by the serial driver; takes h->plist. Not collective. */
PetscErrorCode hole_reader_open_serial(const char path[], struct hole_handles *h, hid_t *file);
