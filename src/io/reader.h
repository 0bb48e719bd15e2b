/* reader.h - an HDF5 file while it is being read.

   All functions are collective with equal arguments on every rank; results and errors are equal on every rank. Rank 0 looks
   at names, shapes, attributes and small arrays and sends them to the others, so that a message is printed once and thousands
   of ranks do not ask the file system for the same bytes; blocks of rows are read by all ranks.
   HOLE_ERR_INPUT: what was asked for is not there, cannot be read or has another type; the message names file and dataset. */
#pragma once

#include <hole/hole_types.h>

#define HOLE_READER_MAX_DIMS 8

typedef struct hole_reader_s *hole_reader;
typedef struct hole_rows_s   *hole_rows;

typedef enum { HOLE_OBJECT_NONE, HOLE_OBJECT_GROUP, HOLE_OBJECT_DATASET, HOLE_OBJECT_OTHER } hole_object;
typedef enum { HOLE_KIND_FLOAT, HOLE_KIND_INTEGER, HOLE_KIND_STRING, HOLE_KIND_OTHER } hole_kind;

/* What a dataset is. */
struct hole_shape {
  int       n_dims; /* 0 for a scalar */
  HoleIndex dims[HOLE_READER_MAX_DIMS];
  HoleIndex chunk_rows;    /* rows that a chunk spans; 0 if not chunked */
  HoleIndex chunk_bytes;   /* bytes of a chunk, uncompressed */
  HoleIndex chunks_across; /* chunks that hold one row */
  HoleIndex value_bytes;   /* bytes of a value in the file */
  hole_kind kind;
  PetscBool own_reads;     /* each rank opens the file for itself: see reader.c */
  PetscBool beside;        /* external storage lies in the folder of the file, not in the working directory */
  char      type_name[32]; /* as NumPy spells it, for messages: float16, int64, ... */
};

/* Type and axes for messages, as "float32 [100, 3]". Not collective. */
PetscErrorCode hole_shape_print(const struct hole_shape *shape, size_t length, char text[]);

/* Names; one block of memory, to be freed with PetscFree(). */
typedef char **hole_names;

PetscErrorCode hole_reader_create(MPI_Comm comm, const char path[], hole_reader *r);
PetscErrorCode hole_reader_destroy(hole_reader *r);

/* What is at `path`; a missing parent or a link that leads nowhere is HOLE_OBJECT_NONE. */
PetscErrorCode hole_reader_find(hole_reader r, const char path[], hole_object *object);

/* Names in a group, sorted by bytes. */
PetscErrorCode hole_reader_list(hole_reader r, const char group[], HoleIndex *n, hole_names *names);

/* Paths of the floating point datasets with 2 to 4 axes anywhere in the file, sorted, at most `most` of them. */
PetscErrorCode hole_reader_list_arrays(hole_reader r, HoleIndex most, HoleIndex *n, hole_names *paths);

PetscErrorCode hole_reader_shape(hole_reader r, const char path[], struct hole_shape *shape);

/* One-dimensional datasets: integers of any width, boolean too; floating point numbers; strings of fixed or variable length. */
PetscErrorCode hole_reader_int64s(hole_reader r, const char path[], HoleIndex *n, int64_t *values[]);
PetscErrorCode hole_reader_doubles(hole_reader r, const char path[], HoleIndex *n, double *values[]);
/* Integer fields of a one-dimensional dataset of records: [n, n_fields] values, field by field as listed. */
PetscErrorCode hole_reader_integer_records(hole_reader r, const char path[], int n_fields, const char *const fields[],
                                           HoleIndex *n, int64_t *values[]);
/* The same for fields of numbers of any kind: integers up to 2^53 are exact. */
PetscErrorCode hole_reader_records(hole_reader r, const char path[], int n_fields, const char *const fields[],
                                   HoleIndex *n, double *values[]);
/* A field of text of at most HOLE_NAME_SHORT bytes. */
PetscErrorCode hole_reader_record_names(hole_reader r, const char path[], const char field[], HoleIndex *n,
                                        hole_names *names);
PetscErrorCode hole_reader_strings(hole_reader r, const char path[], HoleIndex *n, hole_names *strings);

/* Attributes of a group or dataset ("/" for the file); `n` is -1 and `found` false if there is none of that name. */
PetscErrorCode hole_reader_attr_strings(hole_reader r, const char path[], const char name[], HoleIndex *n,
                                        hole_names *strings);
PetscErrorCode hole_reader_attr_int64(hole_reader r, const char path[], const char name[], PetscBool *found,
                                      int64_t *value);
PetscErrorCode hole_reader_attr_double(hole_reader r, const char path[], const char name[], PetscBool *found,
                                       double *value);

/* HOLE_ERR_INPUT: the bytes of a dataset are not those that were written, by a writer that keeps checksums. */
PetscErrorCode hole_reader_verify(hole_reader r, const char path[]);

/* One string or one number, as provenance is; HOLE_KIND_OTHER where there is none of that name or it is anything else. */
#define HOLE_SCALAR_LENGTH 512
struct hole_scalar {
  hole_kind kind;
  int64_t   integer;
  double    number;
  char      text[HOLE_SCALAR_LENGTH]; /* what is longer is cut */
};
PetscErrorCode hole_reader_attr_scalar(hole_reader r, const char path[], const char name[], struct hole_scalar *value);

/* Open a dataset of numbers with at least one axis for reading blocks of rows. */
PetscErrorCode hole_rows_open(hole_reader r, const char path[], hole_rows *rows);

/* Read rows [first, first + n) as double, which holds float16, float32 and float64 without loss. `first` and `n` differ between
   ranks; a rank with n = 0 calls as well. HDF5's own buffers stay small, so n alone bounds the memory. */
PetscErrorCode hole_rows_read(hole_rows rows, HoleIndex first, HoleIndex n, double values[]);

PetscErrorCode hole_rows_close(hole_rows *rows);
