/* huge.h - large pages for large arrays that are read here and there. */
#pragma once

#include <stddef.h>

/* A hint, before the memory is written. Only large pages that lie in it as a whole are asked for, so it takes up no more memory. */
void hole_huge_pages(void *memory, size_t bytes);
