/* class_random.c: bytes no codec makes smaller; with a saving asked for, partly filler.
 *
 * Filler is a pattern of eight bytes drawn afresh for every kilobyte and repeated: runs of zeros
 * would be shared between files, which is another factor's business.
 */
#include "datasets/content_class.h"
#include "datasets/mixer.h"
#include "engine/rng.h"

#define FILLED_LEN ((size_t)1024)

/* Of every kilobyte the first bytes are random, the others filler; `mix` is the filler's share. */
static void random_mix(uint64_t seed, uint32_t mix, uint8_t *dst, size_t len)
{
    struct rng rng = rng_stream(seed, "class.random", 0);
    uint64_t owed = 0;
    if (mix == 0) {
        rng_fill(&rng, dst, len);
        return;
    }
    while (len > 0) {
        size_t part = len < FILLED_LEN ? len : FILLED_LEN;
        owed += part * (uint64_t)(SAVING_MIX_ONE - mix);
        size_t random = (size_t)(owed / SAVING_MIX_ONE);
        owed %= SAVING_MIX_ONE;
        rng_fill(&rng, dst, random);
        uint64_t pattern = rng_u64(&rng);
        size_t at = random;
        for (; at + 8 <= part; at += 8)
            pen_word(dst + at, pattern);
        for (; at < part; at++, pattern >>= 8)
            dst[at] = (uint8_t)pattern;
        dst += part;
        len -= part;
    }
}

static void random_fill(uint64_t seed, double saving, uint8_t *dst, size_t len)
{
    uint32_t mix = saving <= 0 ? 0 : saving_curve_mix(&saving_curve_random, saving, len);
    random_mix(seed, mix, dst, len);
}

const struct content_class class_random = {
    .name = "random",
    .extension = "bin",
    .summary = "bytes that no codec makes smaller; with a saving, partly filler",
    .knob = true,
    .natural = 0,
    .saving_min = 0,
    .saving_max = 0.95,
    .fill = random_fill,
    .mix = random_mix,
};
