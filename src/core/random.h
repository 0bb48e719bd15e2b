/* random.h - random numbers keyed by seed and index: the same draw on any rank, in any order. */
#pragma once

#include <stdint.h>

/* Finaliser of SplitMix64 (Steele, Lea, Flood 2014, figure 15): a bijection of 64-bit words that mixes all bits. */
static inline uint64_t hole_random_mix(uint64_t x)
{
  x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
  return x ^ (x >> 31);
}

/* 64 random bits of `seed` and `index`. */
static inline uint64_t hole_random_bits(uint64_t seed, uint64_t index)
{
  return hole_random_mix(hole_random_mix(seed + UINT64_C(0x9e3779b97f4a7c15)) + index * UINT64_C(0x9e3779b97f4a7c15));
}

/* Uniform in [0, 1), 53 bits. */
static inline double hole_random_uniform(uint64_t seed, uint64_t index)
{
  return (double)(hole_random_bits(seed, index) >> 11) * 0x1p-53;
}
