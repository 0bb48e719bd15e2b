/* simd.h - eight doubles or sixteen floats at a time, in portable vector notation of GCC and Clang.

   A function marked HOLE_CLONES is compiled for several instruction sets, chosen when the program starts; it must be in a
   file compiled with -ffp-contract=off where it does arithmetic that decides results, so that all versions agree. */
#pragma once

#include <stdint.h>
#include <string.h>

enum { HOLE_LANES = 8, HOLE_FLOAT_LANES = 16 };

typedef double      hole_v8 __attribute__((vector_size(64), aligned(8), may_alias)); /* eight doubles, any address */
typedef int64_t     hole_m8 __attribute__((vector_size(64), aligned(8)));            /* their comparison: 0 or -1 */
typedef signed char hole_b8 __attribute__((vector_size(8), aligned(1), may_alias));  /* the same in bytes */

typedef float       hole_f16 __attribute__((vector_size(64), aligned(4), may_alias)); /* sixteen floats, any address */
typedef int32_t     hole_m16 __attribute__((vector_size(64), aligned(4)));            /* their bits */
typedef signed char hole_b16 __attribute__((vector_size(16), aligned(1), may_alias)); /* the same in bytes */

#if defined(__x86_64__) && defined(__linux__) && !defined(__SANITIZE_ADDRESS__)
  #define HOLE_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
  #define HOLE_CLONES
#endif

/* A loop that is written once for several such functions: into each of them, else it would be compiled for the plainest instruction set. */
#define HOLE_INLINE __attribute__((always_inline)) static inline

/* Smallest multiple of the lanes that holds n. */
#define HOLE_ROUND_UP(n) (((n) + HOLE_LANES - 1) / HOLE_LANES * HOLE_LANES)

/* The same for rows that are read as doubles or as floats. */
#define HOLE_ROW_STRIDE(n) (((n) + HOLE_FLOAT_LANES - 1) / HOLE_FLOAT_LANES * HOLE_FLOAT_LANES)

/* Lane by lane: a where the mask is set, else b. */
#define HOLE_SELECT(mask, a, b) ((hole_v8)(((hole_m8)(a) & (mask)) | ((hole_m8)(b) & ~(mask))))

/* The absolute value, lane by lane: all bits but the sign. */
#define HOLE_ABS8(a) ((hole_v8)((hole_m8)(a)&INT64_MAX))

/* The larger, and the smaller, lane by lane. */
#define HOLE_MAX8(a, b) HOLE_SELECT((a) > (b), a, b)
#define HOLE_MIN8(a, b) HOLE_SELECT((a) < (b), a, b)

/* Comparisons by the sign of a difference, which compile to one instruction where those of vectors do not. Signs are combined as
   bits: or, of conditions that must all hold to leave it unset, and and. */

/* Are the signs of all lanes set? `ones` is a word of their signs alone. */
#define HOLE_ALL_SIGNS(bits, ones) \
  ({ \
    uint64_t words_[sizeof(bits) / sizeof(uint64_t)], all_ = (ones); \
    memcpy(words_, &(bits), sizeof(words_)); \
    for (size_t w_ = 0; w_ < sizeof(bits) / sizeof(uint64_t); ++w_) all_ &= words_[w_]; \
    all_ == (ones); \
  })
#define HOLE_SIGNS8  UINT64_C(0x8000000000000000)
#define HOLE_SIGNS16 UINT64_C(0x8000000080000000)
