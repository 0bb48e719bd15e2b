/* npy.h - a file of one NumPy array, seen as an HDF5 file. */
#pragma once

#include "hdf5.h"

/* Does the file begin as NumPy's do? Not collective. */
PetscBool hole_npy_is(const char path[]);

/* Open an HDF5 file in memory of which the dataset /layers/STEM/activations is the array: STEM is the name of the file without its
   extension, the values stay where they are. A square array can be read as /layers/STEM/distances, too. Not collective.
   HOLE_ERR_INPUT: a header that cannot be read, another type than little-endian floats, Fortran order, values that are missing. */
PetscErrorCode hole_npy_open(const char path[], hid_t *file);
