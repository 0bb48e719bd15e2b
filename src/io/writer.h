/* writer.h - a result file while it is being written: it has a temporary name until it is whole.

   All functions are collective and take equal arguments on every rank, except for the rows a rank owns (first, n_local,
   data). Every error is equal on every rank: HOLE_ERR_RESOURCE for what the disk refuses, with a message that names the file.
   Paths in the file are absolute or relative to the root; missing parent groups are made. A path that exists is a mistake. */
#pragma once

#include <hole/hole_types.h>

typedef struct hole_writer_s *hole_writer;

/* HOLE_TYPE_NAME: char[HOLE_NAME_SHORT], padded with zeros; in records only. */
typedef enum { HOLE_TYPE_INT32, HOLE_TYPE_INT64, HOLE_TYPE_FLOAT, HOLE_TYPE_DOUBLE, HOLE_TYPE_NAME } hole_type;

/* One member of a record; `offset` from offsetof(). In the file records are packed, in this order of fields. */
struct hole_field {
  const char *name;
  size_t      offset;
  hole_type   type;
};

/* The members of a record: hole_writer_records(w, path, HOLE_FIELDS(fields), sizeof(record), ...). */
#define HOLE_FIELDS(fields) ((int)(sizeof(fields) / sizeof((fields)[0]))), (fields)

/* Start `.NAME.tmp.PID` beside `final_path`, PID that of rank 0. Nothing stands under the final name before the commit.
   HOLE_ERR_USAGE: the final name exists and `force` is false, or its folder is missing or not writable. */
PetscErrorCode hole_writer_create(MPI_Comm comm, const char final_path[], PetscBool force, hole_writer *w);

/* The same, but with everything that the file `source` holds: a copy of it, to which objects are added. The commit is refused if the
   source has changed meanwhile. Taking its name needs no `force`: what is added does not, what is removed is the caller's to allow. */
PetscErrorCode hole_writer_update(MPI_Comm comm, const char source[], const char final_path[], PetscBool force,
                                  hole_writer *w);

/* Its ranks, lent. Not collective. */
MPI_Comm hole_writer_comm(hole_writer w);

/* The temporary name, lent. Not collective. */
const char *hole_writer_temporary_name(hole_writer w);

/* From now on datasets get a checksum, for hole_reader_verify(). */
PetscErrorCode hole_writer_keep_checksums(hole_writer w);

/* Remove a group with all below it, or a dataset; nothing happens if there is none. Its room is taken by what is written next. */
PetscErrorCode hole_writer_remove(hole_writer w, const char path[]);

/* Make a group and its parents; one that exists is left as it is. */
PetscErrorCode hole_writer_group(hole_writer w, const char path[]);

/* Write a dataset [n_global, n_columns], or [n_global] if `n_columns` is 0, whose rows are split over ranks.
   This rank gives rows [first, first + n_local) in `data`; together the ranks give each row once. `n_global` may be 0.
   `unit` may be NULL; `description` and `unit` become attributes. */
PetscErrorCode hole_writer_rows(hole_writer w, const char path[], hole_type type, HoleIndex n_global,
                                HoleIndex n_columns, HoleIndex first, HoleIndex n_local, const void *data,
                                const char description[], const char unit[]);

/* The same for records of `record_bytes` bytes: a compound dataset [n_global]. */
PetscErrorCode hole_writer_records(hole_writer w, const char path[], int n_fields, const struct hole_field fields[],
                                   size_t record_bytes, HoleIndex n_global, HoleIndex first, HoleIndex n_local,
                                   const void *data, const char description[], const char unit[]);

/* Write an array that is equal on every rank: each rank writes its block of it. */
PetscErrorCode hole_writer_replicated(hole_writer w, const char path[], hole_type type, HoleIndex n,
                                      HoleIndex n_columns, const void *data, const char description[],
                                      const char unit[]);
PetscErrorCode hole_writer_replicated_records(hole_writer w, const char path[], int n_fields,
                                              const struct hole_field fields[], size_t record_bytes, HoleIndex n,
                                              const void *data, const char description[], const char unit[]);

/* The same for an array of `n_dims` axes, 1 to HOLE_WRITER_MAX_DIMS. */
enum { HOLE_WRITER_MAX_DIMS = 4 };
PetscErrorCode hole_writer_array(hole_writer w, const char path[], hole_type type, int n_dims, const HoleIndex dims[],
                                 const void *data, const char description[], const char unit[]);

/* Write [n] strings, equal on every rank, as fixed-length UTF-8 padded with zeros. */
PetscErrorCode hole_writer_strings(hole_writer w, const char path[], HoleIndex n, const char *const strings[],
                                   const char description[]);

/* Attach an attribute to the group or dataset `path` ("/" for the file), which exists. Replaces one of that name. */
PetscErrorCode hole_writer_attr_string(hole_writer w, const char path[], const char name[], const char value[]);
PetscErrorCode hole_writer_attr_int64(hole_writer w, const char path[], const char name[], int64_t value);
PetscErrorCode hole_writer_attr_double(hole_writer w, const char path[], const char name[], double value);

/* An array [n], or [n, n_columns] if `n_columns` is not 0. */
PetscErrorCode hole_writer_attr_doubles(hole_writer w, const char path[], const char name[], HoleIndex n,
                                        HoleIndex n_columns, const double values[]);

/* Complete the file, bring it to the disk and give it its final name, which replaces an old file at once (with `force`).
   HOLE_ERR_USAGE: without `force`, the final name has been taken meanwhile. Call hole_writer_destroy() afterwards. */
PetscErrorCode hole_writer_commit(hole_writer w);

/* Free and set to NULL; without a commit the temporary file is removed. Accepts a pointer to NULL. */
PetscErrorCode hole_writer_destroy(hole_writer *w);
