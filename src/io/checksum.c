/* A word has four bytes, so that 2^32 of them fill a sum, and two bits that are turned in different words never cancel out. A byte counts as
   a word with three zeros, wherever a part begins or ends. */
#include "checksum.h"

#include <inttypes.h>

enum { WORD = 4 };

static void add_word(struct hole_checksum *c, uint64_t place, uint64_t word)
{
  c->plain += word;
  c->weighted += (place + 1) * word;
}

void hole_checksum_add(struct hole_checksum *c, uint64_t at, size_t n, const void *bytes)
{
  const unsigned char *b    = bytes;
  const uint64_t       end  = at + n;
  uint64_t             next = PetscMin(end, (at + WORD - 1) / WORD * WORD);

  for (; at < next; ++at, ++b) add_word(c, at / WORD, (uint64_t)*b << 8 * (at % WORD));
  for (; at + WORD <= end; at += WORD, b += WORD)
    add_word(c, at / WORD, b[0] | (uint64_t)b[1] << 8 | (uint64_t)b[2] << 16 | (uint64_t)b[3] << 24);
  for (; at < end; ++at, ++b) add_word(c, at / WORD, (uint64_t)*b << 8 * (at % WORD));
}

PetscErrorCode hole_checksum_print(MPI_Comm comm, const struct hole_checksum *c, char text[HOLE_CHECKSUM_LENGTH])
{
  const uint64_t mine[2] = {c->plain, c->weighted};
  uint64_t       all[2];

  PetscFunctionBegin;
  PetscCallMPI(MPI_Allreduce(mine, all, 2, MPI_UINT64_T, MPI_SUM, comm));
  PetscCall(PetscSNPrintf(text, HOLE_CHECKSUM_LENGTH, "%016" PRIx64 "%016" PRIx64, all[0], all[1]));
  PetscFunctionReturn(PETSC_SUCCESS);
}
