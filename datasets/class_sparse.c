/* class_sparse.c: disk images: runs of zeros between runs of blocks that hold data.
 *
 * The knob is the share of zeros: data blocks are random, so a codec saves the zeros and no more.
 * Zeros are the same in every image, as in real ones: chunkers find them, and a strategy that
 * shares them is right to.
 */
#include "datasets/content_class.h"
#include "datasets/mixer.h"
#include "engine/rng.h"

#define SPARSE_NATURAL (SAVING_MIX_ONE * 6 / 10)

/* Blocks, in short files sectors or less, so that shares can be met. */
static size_t unit_of(size_t len)
{
    if (len >= 1 * MIB)
        return 4096;
    return len >= 128 * KIB ? 512 : 64;
}

/* Stretches of 2 to 33 units, each zeros first, so that every stretch has the share asked for to
 * within a unit, and what is left over goes to the next one. */
static void sparse_mix(uint64_t seed, uint32_t mix, uint8_t *dst, size_t len)
{
    struct rng rng = rng_stream(seed, "class.sparse", 0);
    size_t unit = unit_of(len);
    uint64_t owed = 0;
    while (len > 0) {
        size_t part = unit * (2 + (size_t)rng_below(&rng, 32));
        part = part < len ? part : len;
        owed += part * (uint64_t)mix;
        size_t zeros = (size_t)(owed / SAVING_MIX_ONE);
        if (part == len)
            zeros = zeros < part ? zeros : part;
        else
            zeros -= zeros % unit;
        owed -= (uint64_t)zeros * SAVING_MIX_ONE;
        memset(dst, 0, zeros);
        rng_fill(&rng, dst + zeros, part - zeros);
        dst += part;
        len -= part;
    }
}

static void sparse_fill(uint64_t seed, double saving, uint8_t *dst, size_t len)
{
    uint32_t mix =
        saving < 0 ? SPARSE_NATURAL : saving_curve_mix(&saving_curve_sparse, saving, len);
    sparse_mix(seed, mix, dst, len);
}

const struct content_class class_sparse = {
    .name = "sparse",
    .extension = "img",
    .summary = "disk images: runs of zeros between runs of data; the knob is the share of zeros",
    .knob = true,
    .natural = 0.6,
    .saving_min = 0,
    .saving_max = 0.98,
    .fill = sparse_fill,
    .mix = sparse_mix,
};
