/* rng.h: named deterministic streams of randomness from one 64-bit seed.
 *
 * Everything random in a study is a pure function of (seed, stream name, index): any operation of
 * any run can be regenerated alone, and adding a consumer never shifts another one's draws.
 * Generator: xoshiro256** 1.0 seeded by SplitMix64 (Blackman & Vigna, "Scrambled linear
 * pseudorandom number generators", ACM TOMS 47(4), 2021).
 */
#ifndef ENGINE_RNG_H
#define ENGINE_RNG_H

#include "engine/base.h"

struct rng {
    uint64_t s[4];
};

/* SplitMix64: advance by the golden gamma, then finalise (30/27/31).  A good 64-bit mixer. */
uint64_t mix64(uint64_t x);

struct rng rng_stream(uint64_t seed, const char *name, uint64_t index);
uint64_t rng_u64(struct rng *rng);
/* Uniform in 0..bound-1 without bias (Lemire, TOMACS 2019); bound >= 1. */
uint64_t rng_below(struct rng *rng, uint64_t bound);
/* Uniform in [0,1): 53 bits. */
double rng_unit(struct rng *rng);
void rng_fill(struct rng *rng, void *dst, size_t len);
/* Fisher-Yates: every permutation of 0..count-1 equally likely. */
void rng_permutation(struct rng *rng, uint32_t *dst, uint32_t count);

#endif
