/* block.h - contiguous blocks of rows over ranks: in rank order, sizes differ by at most one. */
#pragma once

#include <hole/hole_types.h>

/* First row of `rank`; `rank` == `size` gives n. */
static inline HoleIndex hole_block_first(HoleIndex n, PetscMPIInt size, PetscMPIInt rank)
{
  HoleIndex extra = n % size;

  return rank * (n / size) + PetscMin((HoleIndex)rank, extra);
}

/* Number of rows of `rank`. */
static inline HoleIndex hole_block_count(HoleIndex n, PetscMPIInt size, PetscMPIInt rank)
{
  return n / size + (rank < n % size);
}

/* Rank that owns `row`. The first n % size blocks have one row more. */
static inline PetscMPIInt hole_block_owner(HoleIndex n, PetscMPIInt size, HoleIndex row)
{
  HoleIndex small = n / size, extra = n % size, split = extra * (small + 1);

  if (size == 1) return 0;
  return (PetscMPIInt)(row < split ? row / (small + 1) : extra + (row - split) / small);
}
