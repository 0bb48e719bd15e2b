/* With pages of 4 KiB nearly every row that is looked up needs its address looked up in memory too. Linux lets programs ask for large ones
   (/sys/kernel/mm/transparent_hugepage/enabled: madvise, the default of many distributions); elsewhere nothing is done.

   More than a hundred libraries come with PETSc. When they are loaded and set up, 30 MiB of them are read, of which a run needs a few later on;
   who counts memory by the process, as Slurm does, counts all of it for every rank. */
#if defined(__linux__) && !defined(_DEFAULT_SOURCE)
  #define _DEFAULT_SOURCE /* madvise() */
#endif
#include "pages.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { HUGE_PAGE = 1 << 21, LINE = 4096 };

#define LAST_KEY "VmFlags:" /* of what the kernel says of a mapping */

void hole_huge_pages(void *memory, size_t bytes)
{
#ifdef MADV_HUGEPAGE
  const size_t skip = (HUGE_PAGE - (uintptr_t)memory % HUGE_PAGE) % HUGE_PAGE;

  if (bytes >= skip + HUGE_PAGE)
    (void)madvise((char *)memory + skip, (bytes - skip) / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE);
#else
  (void)memory;
  (void)bytes;
#endif
}

#ifdef MADV_DONTNEED
/* A part of the address space, as /proc/self/smaps lists them. */
struct mapping {
  unsigned long begin, end;
  bool          of_file; /* of this process alone, and never written through it */
};

/* The first line of one; false: another line. */
static bool read_mapping(const char line[], struct mapping *mapping)
{
  struct mapping m;
  char           rights[5];
  unsigned long  node;

  if (line[0] >= 'A' && line[0] <= 'Z') return false; /* most lines: what follows takes its time */
  if (sscanf(line, "%lx-%lx %4s %*s %*s %lu", &m.begin, &m.end, rights, &node) != 4) return false;
  m.of_file = node && rights[1] != 'w' && rights[3] == 'p';
  *mapping  = m;
  return true;
}

/* Does the line have this key, and a number other than 0? */
static bool is_some(const char line[], const char key[])
{
  return !strncmp(line, key, strlen(key)) && strtoul(line + strlen(key), NULL, 10) > 0;
}
#endif

/* Pages that differ from their file are "anonymous", or swapped out: MPI libraries rewrite some code of the C library, debuggers that of anything.
   Where a mapping has any, it is left alone. */
void hole_return_file_pages(void)
{
#ifdef MADV_DONTNEED
  FILE          *file = fopen("/proc/self/smaps", "r");
  char           line[LINE];
  struct mapping m = {0};

  while (file && fgets(line, sizeof(line), file)) {
    if (read_mapping(line, &m)) continue;
    if (is_some(line, "Anonymous:") || is_some(line, "Swap:")) m.of_file = false;
    if (m.of_file && !strncmp(line, LAST_KEY, strlen(LAST_KEY)))
      (void)madvise((void *)m.begin, m.end - m.begin, MADV_DONTNEED);
  }
  if (file) fclose(file);
#endif
}
