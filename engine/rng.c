#include "engine/rng.h"

#include <endian.h>
#include <string.h>

#define GOLDEN_GAMMA UINT64_C(0x9e3779b97f4a7c15)

uint64_t mix64(uint64_t x)
{
    x += GOLDEN_GAMMA;
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

struct rng rng_stream(uint64_t seed, const char *name, uint64_t index)
{
    /* mix64 is a bijection: under one seed and name no two indices share a state. */
    uint64_t x = mix64(seed);
    for (const char *p = name; *p != '\0'; p++)
        x = mix64(x ^ (uint8_t)*p);
    x = mix64(mix64(x) ^ index);

    /* Four different inputs of a bijection: the state cannot be all zero. */
    struct rng rng;
    for (size_t i = 0; i < COUNT_OF(rng.s); i++, x += GOLDEN_GAMMA)
        rng.s[i] = mix64(x);
    return rng;
}

static uint64_t rotate_left(uint64_t x, unsigned count)
{
    return (x << count) | (x >> (64 - count));
}

static inline uint64_t step(struct rng *rng)
{
    uint64_t *s = rng->s;
    uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

uint64_t rng_u64(struct rng *rng)
{
    return step(rng);
}

uint64_t rng_below(struct rng *rng, uint64_t bound)
{
    CHECK(bound >= 1);
    __extension__ unsigned __int128 product = rng_u64(rng);
    product *= bound;
    if ((uint64_t)product < bound) {
        /* 2^64 mod bound: the draws that would give some results one preimage too many. */
        uint64_t excess = -bound % bound;
        while ((uint64_t)product < excess) {
            product = rng_u64(rng);
            product *= bound;
        }
    }
    return (uint64_t)(product >> 64);
}

double rng_unit(struct rng *rng)
{
    return (double)(rng_u64(rng) >> 11) * 0x1.0p-53;
}

void rng_fill(struct rng *rng, void *dst, size_t len)
{
    /* A copy of the state stays in registers: gigabytes are filled here. */
    struct rng own = *rng;
    uint8_t *bytes = dst;
    while (len > 0) {
        /* Little-endian on every machine: generated content is part of a dataset's identity. */
        uint64_t draw = htole64(step(&own));
        if (len < sizeof(draw)) {
            memcpy(bytes, &draw, len);
            break;
        }
        memcpy(bytes, &draw, sizeof(draw));
        bytes += sizeof(draw);
        len -= sizeof(draw);
    }
    *rng = own;
}

void rng_permutation(struct rng *rng, uint32_t *dst, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t j = (uint32_t)rng_below(rng, (uint64_t)i + 1);
        dst[i] = dst[j];
        dst[j] = i;
    }
}
