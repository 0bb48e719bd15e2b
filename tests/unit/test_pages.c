/* Pages of files that nobody wrote to leave the memory of the process, and are the same when they come back; those that were written to stay. */
#if defined(__linux__) && !defined(_DEFAULT_SOURCE)
  #define _DEFAULT_SOURCE /* MAP_ANONYMOUS, mincore() */
#endif
#include "testing.h"

#include "../../src/core/pages.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { BYTES = 1 << 22, PAGE = 1 << 12, PLACE = 12345 };

static char content(size_t place) { return (char)(place * 7 + place / PAGE); }

static PetscErrorCode write_file(FILE *file)
{
  PetscFunctionBegin;
  for (size_t b = 0; b < BYTES; ++b) putc(content(b), file);
  TEST_CHECK(!fflush(file), "file of %d bytes", BYTES);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Bytes that differ from the file. */
static size_t count_wrong(const char memory[])
{
  size_t n = 0;

  for (size_t b = 0; b < BYTES; ++b) n += memory[b] != content(b);
  return n;
}

static long memory_now(void)
{
  FILE *file     = fopen("/proc/self/statm", "r");
  long  pages[2] = {0, 0};

  if (file && fscanf(file, "%ld %ld", &pages[0], &pages[1]) != 2) pages[1] = 0;
  if (file) fclose(file);
  return pages[1] * sysconf(_SC_PAGESIZE);
}

int main(int argc, char *argv[])
{
  FILE *file = tmpfile();
  char *clean, *written;
  long  before;

  PetscFunctionBeginUser;
  PetscCall(PetscInitialize(&argc, &argv, NULL, NULL));
  PetscCall(write_file(file));
  clean   = mmap(NULL, BYTES, PROT_READ, MAP_PRIVATE, fileno(file), 0);
  written = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE, fileno(file), 0);
  TEST_CHECK(clean != MAP_FAILED && written != MAP_FAILED, "file in memory");
  written[PLACE] = 'x'; /* as a library's code is rewritten */
  TEST_CHECK(!mprotect(written, BYTES, PROT_READ), "rights");
  TEST_CHECK(!count_wrong(clean) && count_wrong(written) == 1, "before");
  before = memory_now();
  hole_return_file_pages();
  TEST_CHECK(memory_now() <= before - BYTES, "%ld bytes of %ld are left", memory_now(), before);
  TEST_CHECK(!count_wrong(clean), "what comes back differs");
  TEST_CHECK(written[PLACE] == 'x' && count_wrong(written) == 1, "what was written is lost");
  PetscCall(PetscFinalize());
  return 0;
}
