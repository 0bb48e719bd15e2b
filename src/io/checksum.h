/* checksum.h - of an array that several ranks hold: Fletcher's two sums, of its words and of its words by their places. Both are taken
   modulo 2^64, so those of parts, in any order, add up to those of the whole. They tell damage, not those who want to deceive. */
#pragma once

#include <hole/hole_types.h>

/* The attribute of a dataset that holds its checksum. */
#define HOLE_CHECKSUM "checksum"

struct hole_checksum {
  uint64_t plain, weighted;
};

enum { HOLE_CHECKSUM_LENGTH = 33 };

/* Add the bytes [at, at + n) of the array. */
void hole_checksum_add(struct hole_checksum *c, uint64_t at, size_t n, const void *bytes);

/* What all ranks have added, as text. Collective. */
PetscErrorCode hole_checksum_print(MPI_Comm comm, const struct hole_checksum *c, char text[HOLE_CHECKSUM_LENGTH]);
