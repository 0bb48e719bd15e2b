/* tables.h - a result file as inspect and export read it: which layers by which metrics, and their arrays. Collective. */
#pragma once

#include "../io/reader.h"

/* A layer by a metric that the file holds. */
struct result_item {
  char layer[HOLE_NAME_LENGTH], metric[HOLE_NAME_LENGTH];
  char base[2 * HOLE_NAME_LENGTH]; /* group of the item */
};

/* An array of numbers as doubles, equal on every rank; integers up to 2^53 are exact. */
struct result_array {
  HoleIndex n, n_columns; /* n_columns is 1 for a one-dimensional dataset */
  double   *values;       /* to be freed with PetscFree() */
};

/* Is this a result file? */
PetscErrorCode result_is_result(hole_reader r, PetscBool *is_result);

/* Open a file that must be one. HOLE_ERR_INPUT: it is none; the reader is the caller's even so. */
PetscErrorCode result_open(MPI_Comm comm, const char path[], hole_reader *r);

/* Items that match -layers and -metric, in depth order. HOLE_ERR_USAGE: nothing matches. */
PetscErrorCode result_list_items(hole_reader r, HoleIndex *n, struct result_item *items[]);

/* The array `name` of a group, or n = -1 if it is not there. HOLE_ERR_INPUT: it has not `n_columns` columns (0: one axis). */
PetscErrorCode result_read_array(hole_reader r, const char base[], const char name[], HoleIndex n_columns,
                                 struct result_array *array);
