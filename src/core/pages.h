/* pages.h - pages of memory: large ones for large arrays that are read here and there; those of libraries that nothing needs are given back. */
#pragma once

#include <stddef.h>

/* A hint, before the memory is written. Only large pages that lie in it as a whole are asked for, so it takes up no more memory. */
void hole_huge_pages(void *memory, size_t bytes);

/* Local: pages of files that are mapped only to be read, such as the code of libraries, are no longer counted as memory of this process. They
   stay in the page cache, and come back when they are read. Takes some milliseconds. */
void hole_return_file_pages(void);
