/* class_random.c: bytes no codec makes smaller; with a saving asked for, partly zeros. */
#include "datasets/content_class.h"
#include "engine/rng.h"

/* xoshiro's output, eight bytes at a time, little-endian on every machine. */
static void random_fill(uint64_t seed, double saving, uint8_t *dst, size_t len)
{
    struct rng rng = rng_stream(seed, "class.random", 0);
    (void)saving;
    rng_fill(&rng, dst, len);
}

const struct content_class class_random = {
    .name = "random",
    .extension = "bin",
    .summary = "bytes that no codec makes smaller",
    .fill = random_fill,
};
