/* hdf5_files.h - small HDF5 files for tests, written by rank 0 with the serial driver; nothing in here is under test.

   Calls are not checked one by one: a file that was not written fails the test that reads it. */
#pragma once

#include "testing.h"

#include <hdf5.h>
#include <stdio.h>
#include <unistd.h>

enum { STORE_CONTIGUOUS, STORE_CHUNKED, STORE_COMPRESSED, STORE_EXTERNAL, STORE_KINDS };

/* Value `i` of dataset `salt`: a multiple of 1/8 below 128, which float16 holds. */
static inline double file_value(uint64_t salt, HoleIndex i)
{
  return (double)((HoleIndex)(hole_random_bits(salt, (uint64_t)i) % 2047) - 1023) / 8.0;
}

/* IEEE float of 2, 4 or 8 bytes in either byte order; to be closed. */
static inline hid_t file_float_type(int bytes, H5T_order_t order)
{
  hid_t type = H5Tcopy(bytes == 8 ? H5T_IEEE_F64LE : H5T_IEEE_F32LE);

  if (bytes == 2) {
    H5Tset_fields(type, 15, 10, 5, 0, 10);
    H5Tset_size(type, 2);
    H5Tset_ebias(type, 15);
  }
  H5Tset_order(type, order);
  return type;
}

/* Write values of memory type `memory` as a dataset of type `type`; parent groups are made. */
static inline void file_put(hid_t file, const char path[], hid_t type, int n_dims, const hsize_t dims[], int store,
                            hid_t memory, const void *values)
{
  hid_t   space = H5Screate_simple(n_dims, dims, NULL), create = H5Pcreate(H5P_DATASET_CREATE);
  hid_t   links = H5Pcreate(H5P_LINK_CREATE), dataset;
  hsize_t chunk[8], bytes = H5Tget_size(type);
  char    raw[PETSC_MAX_PATH_LEN];

  H5Pset_create_intermediate_group(links, 1);
  for (int k = 0; k < n_dims; ++k) { /* 2 rows and about half of the other axes: no block of rows fits */
    chunk[k] = k ? (dims[k] + 1) / 2 : PetscMin(dims[k], 2);
    bytes *= dims[k];
  }
  if (store == STORE_CHUNKED || store == STORE_COMPRESSED) H5Pset_chunk(create, n_dims, chunk);
  if (store == STORE_COMPRESSED) H5Pset_shuffle(create);
  if (store == STORE_COMPRESSED) H5Pset_deflate(create, 4);
  if (store == STORE_EXTERNAL) { /* named as seen from the folder of the file, and from the working directory */
    snprintf(raw, sizeof(raw), "external%d.raw", (int)getpid());
    H5Pset_external(create, raw, 16, bytes);
  }
  dataset = H5Dcreate2(file, path, type, space, links, create, H5P_DEFAULT);
  if (values) H5Dwrite(dataset, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
  H5Dclose(dataset);
  H5Pclose(links);
  H5Pclose(create);
  H5Sclose(space);
}

/* Write a dataset of doubles file_value(salt, i), i counting all values. */
static inline void file_put_values(hid_t file, const char path[], hid_t type, int n_dims, const hsize_t dims[],
                                   int store, uint64_t salt)
{
  hsize_t n = 1;
  double *values;

  for (int k = 0; k < n_dims; ++k) n *= dims[k];
  values = (double *)malloc(((size_t)n + 1) * sizeof(double));
  for (hsize_t i = 0; i < n; ++i) values[i] = file_value(salt, (HoleIndex)i);
  file_put(file, path, type, n_dims, dims, store, H5T_NATIVE_DOUBLE, values);
  free(values);
}

/* Strings of fixed (`size` > 0) or variable length as dataset or, if `object` is given, as its attribute `name`. */
static inline void file_put_strings(hid_t file, const char object[], const char name[], size_t size, hsize_t n,
                                    const char *const strings[])
{
  hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate_simple(1, &n, NULL), place;
  char *fixed = (char *)calloc((size_t)n + 1, size + 1);

  H5Tset_size(type, size ? size : H5T_VARIABLE);
  H5Tset_strpad(type, H5T_STR_NULLPAD);
  H5Tset_cset(type, H5T_CSET_UTF8);
  for (hsize_t i = 0; size && i < n; ++i) memcpy(fixed + i * size, strings[i], PetscMin(size, strlen(strings[i])));
  if (object) {
    place           = H5Oopen(file, object, H5P_DEFAULT);
    hid_t attribute = H5Acreate2(place, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    H5Awrite(attribute, type, size ? (const void *)fixed : (const void *)strings);
    H5Aclose(attribute);
    H5Oclose(place);
    H5Tclose(type);
    H5Sclose(space);
  } else {
    file_put(file, name, type, 1, &n, STORE_CONTIGUOUS, type, size ? (const void *)fixed : (const void *)strings);
    H5Tclose(type);
    H5Sclose(space);
  }
  free(fixed);
}

/* An integer attribute. */
static inline void file_put_index(hid_t file, const char object[], const char name[], int value)
{
  hid_t space = H5Screate(H5S_SCALAR), place = H5Oopen(file, object, H5P_DEFAULT);
  hid_t attribute = H5Acreate2(place, name, H5T_STD_I16BE, space, H5P_DEFAULT, H5P_DEFAULT);

  H5Awrite(attribute, H5T_NATIVE_INT, &value);
  H5Aclose(attribute);
  H5Oclose(place);
  H5Sclose(space);
}

static inline hid_t file_begin(const char path[]) { return H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT); }

static inline int test_rank(void)
{
  PetscMPIInt rank = 0;

  MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  return rank;
}

/* The ranks go on together, once the file is complete. */
static inline void file_end(hid_t file)
{
  if (!test_rank()) H5Fclose(file);
  MPI_Barrier(PETSC_COMM_WORLD);
}

/* Dataspaces that are open, which H5Fget_obj_count() does not count: identifiers are given in ascending order, so those before a new
   one are looked at. */
static inline int test_spaces_open(void)
{
  const hid_t space = H5Screate(H5S_SCALAR);
  int         n     = 0;

  for (hid_t id = space - 1; id > space - 1000; --id) n += H5Iis_valid(id) > 0;
  H5Sclose(space);
  return n;
}

/* No HDF5 object is open on this rank. */
#define TEST_NOTHING_OPEN() \
  TEST_CHECK(!H5Fget_obj_count((hid_t)H5F_OBJ_ALL, H5F_OBJ_ALL) && !test_spaces_open(), "An HDF5 handle was left " \
                                                                                        "open")
