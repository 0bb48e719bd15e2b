/* With pages of 4 KiB nearly every row that is looked up needs its address looked up in memory too. Linux lets programs ask for large ones
   (/sys/kernel/mm/transparent_hugepage/enabled: madvise, the default of many distributions); elsewhere nothing is done. */
#if defined(__linux__) && !defined(_DEFAULT_SOURCE)
  #define _DEFAULT_SOURCE /* madvise() */
#endif
#include "huge.h"

#include <stdint.h>
#include <sys/mman.h>

enum { PAGE = 1 << 21 };

void hole_huge_pages(void *memory, size_t bytes)
{
#ifdef MADV_HUGEPAGE
  const size_t skip = (PAGE - (uintptr_t)memory % PAGE) % PAGE;

  if (bytes >= skip + PAGE) (void)madvise((char *)memory + skip, (bytes - skip) / PAGE * PAGE, MADV_HUGEPAGE);
#else
  (void)memory;
  (void)bytes;
#endif
}
