/* messages.h - what unit tests of errors share: a failure is the same on every rank, and one rank says why. */
#pragma once

#include "testing.h"

/* What the error handler heard on this rank. */
struct heard {
  int  n; /* messages that this rank would print, apart from "see its message" */
  char message[2048];
};

static inline PetscErrorCode listen(MPI_Comm comm, int line, const char *function, const char *file,
                                    PetscErrorCode code, PetscErrorType type, const char *message, void *context)
{
  struct heard *heard = (struct heard *)context;
  PetscMPIInt   rank;

  (void)line;
  (void)function;
  (void)file;
  MPI_Comm_rank(comm, &rank);
  if (type != PETSC_ERROR_INITIAL || rank || strstr(message, "see its message")) return code;
  heard->n += 1;
  (void)PetscStrncpy(heard->message, message, sizeof(heard->message));
  return code;
}

/* Collective: the error that was wanted, and if it is one, one message over all ranks that holds all of `words` (separated by |). */
static inline PetscErrorCode test_check_message(const struct heard *heard, PetscErrorCode got, PetscErrorCode want,
                                                const char words[])
{
  int    n, n_words;
  char **word;

  PetscFunctionBegin;
  TEST_CHECK(got == want, "Expected error %d with \"%s\", got %d: %s", (int)want, words, (int)got, heard->message);
  PetscCallMPI(MPI_Allreduce(&heard->n, &n, 1, MPI_INT, MPI_SUM, PETSC_COMM_WORLD));
  TEST_CHECK(n == (want ? 1 : 0), "Expected one message, got %d; here: %s", n, heard->message);
  PetscCall(PetscStrToArray(words, '|', &n_words, &word));
  for (int i = 0; heard->n && i < n_words; ++i) {
    TEST_CHECK(strstr(heard->message, word[i]), "Expected \"%s\" in: %s", word[i], heard->message);
  }
  PetscCall(PetscStrToArrayDestroy(n_words, word));
  PetscCallMPI(MPI_Barrier(PETSC_COMM_WORLD));
  PetscFunctionReturn(PETSC_SUCCESS);
}
