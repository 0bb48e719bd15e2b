/* testing.h - what unit tests share: a check that names its test, expected errors, faults, equality over ranks, random draws. */
#pragma once

#include "../../src/core/random.h"

#include <hole/hole_error.h>
#include <string.h>

/* Fail the test with a message of our own; ranks need not agree on `condition`. */
#define TEST_CHECK(condition, ...) PetscCheck(condition, PETSC_COMM_SELF, PETSC_ERR_PLIB, __VA_ARGS__)

/* `call` must return `code`, and prints nothing then. */
#define TEST_FAILS(code, call) \
  do { \
    PetscErrorCode got_; \
    PetscCall(PetscPushErrorHandler(PetscReturnErrorHandler, NULL)); \
    got_ = (call); \
    PetscCall(PetscPopErrorHandler()); \
    TEST_CHECK(got_ == (code), "%s: expected error %d, got %d", #call, (int)(code), (int)got_); \
  } while (0)

/* Make `point` fail on `rank`, or (NULL) nothing any more. */
static inline PetscErrorCode test_set_fault(const char point[], PetscMPIInt rank)
{
  char text[16];

  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(text, sizeof(text), "%d", rank));
  if (point) PetscCall(PetscOptionsSetValue(NULL, "-hole_fault_point", point));
  else PetscCall(PetscOptionsClearValue(NULL, "-hole_fault_point"));
  PetscCall(PetscOptionsSetValue(NULL, "-hole_fault_rank", text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: where `rank` fails at `point`, `call` is an error on every rank, and nobody waits. */
#define TEST_FAULT(point, rank, call) \
  do { \
    PetscCall(test_set_fault(point, rank)); \
    TEST_FAILS(HOLE_ERR_RESOURCE, call); \
    PetscCallMPI(MPI_Barrier(PETSC_COMM_WORLD)); \
    PetscCall(test_set_fault(NULL, 0)); \
  } while (0)

/* A stream of random numbers: the same for equal seeds, on any rank. */
struct test_random {
  uint64_t seed, next;
};

/* Uniform in [0, n). */
static inline HoleIndex test_random_below(struct test_random *r, HoleIndex n)
{
  return (HoleIndex)(hole_random_bits(r->seed, r->next++) % (uint64_t)n);
}

/* Fold `bytes` bytes into a digest. */
static inline void test_digest(uint64_t *digest, const void *data, size_t bytes)
{
  for (size_t k = 0; k < bytes; ++k) *digest = hole_random_mix(*digest * 257 + ((const unsigned char *)data)[k] + 1);
}

/* Collective: the digest is equal on every rank. */
static inline PetscErrorCode test_equal_on_ranks(uint64_t digest)
{
  uint64_t mine[2] = {digest, ~digest}, most[2];

  PetscFunctionBegin;
  PetscCallMPI(MPI_Allreduce(mine, most, 2, MPI_UINT64_T, MPI_MAX, PETSC_COMM_WORLD));
  TEST_CHECK(most[0] == ~most[1], "Results differ between ranks");
  PetscFunctionReturn(PETSC_SUCCESS);
}
