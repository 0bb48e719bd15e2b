/* reader_impl.h - what reader.c, rows.c and values.c share. */
#pragma once

#include "hdf5.h"
#include "reader.h"

struct hole_reader_s {
  MPI_Comm    comm;
  PetscMPIInt rank;
  char       *path;
  PetscBool   npy;  /* a NumPy array: `look` and `own` are as npy.h makes them, there is no `file` */
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

/* Text that grows: strings one after the other, each with its closing zero. */
struct hole_text {
  char     *bytes;
  size_t    used, room;
  HoleIndex n;
};

PetscErrorCode hole_text_append(struct hole_text *t, const char string[], size_t length);

/* Rank 0: what a dataset is. */
PetscErrorCode hole_reader_look_at_shape(hole_reader r, const char path[], struct hole_shape *shape,
                                         struct hole_handles *h);

/* Rank 0: open a dataset with its type and space. */
PetscErrorCode hole_reader_open_dataset(hole_reader r, const char path[], struct hole_handles *h);

/* A type as NumPy spells it, and its kind. Not collective. */
PetscErrorCode hole_type_name(hid_t type, char name[], size_t length);
hole_kind      hole_type_kind(hid_t type);

/* Send what rank 0 has. Collective. */
PetscErrorCode hole_reader_share_bytes(MPI_Comm comm, void *data, size_t n);

/* Send rank 0's text to every rank, as pointers followed by the bytes in one block. Collective. */
PetscErrorCode hole_reader_share_text(hole_reader r, const struct hole_text *t, HoleIndex *n, hole_names *names);
