/* ranks16.h - sixteen ranks of edges at a time, in portable vector notation of GCC and Clang: core/simd.h. */
#pragma once

#include "../core/simd.h"

typedef uint32_t    ranks16 __attribute__((vector_size(64), aligned(4), may_alias));
typedef int32_t     mask16 __attribute__((vector_size(64), aligned(4), may_alias));
typedef signed char bytes16 __attribute__((vector_size(16)));

/* Does any lane compare true? A macro, so that it takes the instruction set of the function around it. */
#define ANY16(mask) \
  ({ \
    bytes16  bytes_ = __builtin_convertvector((mask), bytes16); \
    uint64_t words_[2]; \
    memcpy(words_, &bytes_, sizeof(words_)); \
    (words_[0] | words_[1]) != 0; \
  })

/* The later, lane by lane. */
#define LATER16(x, y) \
  ({ \
    const mask16 after_ = (mask16)((y) > (x)); \
    (ranks16)(((mask16)(y)&after_) | ((mask16)(x) & ~after_)); \
  })
