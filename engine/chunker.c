/* chunker.c: fixed cuts and FastCDC cuts.
 *
 * Two choices where the paper leaves room or where ours differs:
 *
 * Masks.  Gear shifts left once per byte, so bit b of the hash depends on the last b + 1 bytes
 * only.  The paper (3.3) therefore pads its masks with zero bits to widen the window the judgement
 * sees; ours spread their one-bits evenly over the top 48 bits, so every tested bit sees at least
 * 18 bytes and the topmost sees 64.
 *
 * Warm-up.  The paper starts hashing at `min` with an empty hash, so the first judgements after
 * `min` depend on where the chunk began.  Here the 63 bytes before the first candidate are hashed
 * without being judged: every candidate is judged by exactly the 64 bytes before it and nothing
 * else, which costs 63 steps a chunk and lets cuts find back after an edit at the first
 * opportunity.  This is why min >= 64. */
#include "engine/chunker.h"

enum {
    CHUNKER_WINDOW = 64, /* bytes that can influence a 64-bit Gear hash */
    CHUNKER_NORM_MAX = 3,
    CHUNKER_MASK_SPREAD = 48 /* high bits over which a mask is spread */
};
#define CHUNKER_FASTCDC_AVG_MIN ((size_t)256)
#define CHUNKER_BYTES_MAX       ((size_t)(64 * MIB))

static const uint64_t gear[256] = {
#include "engine/chunker_gear.def"
};

static unsigned floor_log2(size_t value)
{
    unsigned bits = 0;

    while (value >>= 1)
        bits++;
    return bits;
}

/* `ones` distinct bits, evenly over the top CHUNKER_MASK_SPREAD; ones <= 26 + 3. */
static uint64_t spread_mask(unsigned ones)
{
    uint64_t mask = 0;

    for (unsigned k = 0; k < ones; k++)
        mask |= (uint64_t)1 << (63 - k * CHUNKER_MASK_SPREAD / ones);
    return mask;
}

static enum rc check_params(enum chunker_kind kind, size_t min, size_t avg, size_t max,
                            unsigned norm, struct err *err)
{
    if (kind != CHUNKER_FIXED && kind != CHUNKER_FASTCDC)
        return FAIL(err, RC_USAGE, 0, "chunker: unknown kind %d", (int)kind);
    if (min < CHUNKER_WINDOW)
        return FAIL(err, RC_USAGE, 0, "chunker: min %zu is too small (expected at least %d)", min,
                    (int)CHUNKER_WINDOW);
    if (max > CHUNKER_BYTES_MAX)
        return FAIL(err, RC_USAGE, 0, "chunker: max %zu is too large (expected at most %zu)", max,
                    CHUNKER_BYTES_MAX);
    if (avg < min)
        return FAIL(err, RC_USAGE, 0, "chunker: avg %zu is below min %zu", avg, min);
    if (max < avg)
        return FAIL(err, RC_USAGE, 0, "chunker: max %zu is below avg %zu", max, avg);
    if (kind == CHUNKER_FASTCDC && (avg < CHUNKER_FASTCDC_AVG_MIN || (avg & (avg - 1)) != 0))
        return FAIL(err, RC_USAGE, 0,
                    "chunker: avg %zu does not suit fastcdc (expected a power of two of at least "
                    "%zu)",
                    avg, CHUNKER_FASTCDC_AVG_MIN);
    if (norm > CHUNKER_NORM_MAX)
        return FAIL(err, RC_USAGE, 0, "chunker: norm %u is out of range (expected 0..%d)", norm,
                    (int)CHUNKER_NORM_MAX);
    return RC_OK;
}

enum rc chunker_init(struct chunker *chunker, enum chunker_kind kind, size_t min, size_t avg,
                     size_t max, unsigned norm, struct err *err)
{
    enum rc rc = check_params(kind, min, avg, max, norm, err);

    if (rc != RC_OK)
        return rc;
    *chunker = (struct chunker){.kind = kind, .min = min, .avg = avg, .max = max};
    if (kind == CHUNKER_FASTCDC) {
        unsigned bits = floor_log2(avg);

        chunker->mask_small = spread_mask(bits + norm);
        chunker->mask_large = spread_mask(bits - norm);
    }
    return RC_OK;
}

/* Judge candidates from..to by `mask`; `*hash` is that of the bytes before `from`'s last one.
 * Returns the first length that qualifies, or 0. */
static size_t find_cut(const uint8_t *bytes, size_t from, size_t to, uint64_t mask, uint64_t *hash)
{
    uint64_t h = *hash;

    for (size_t len = from; len <= to; len++) {
        h = (h << 1) + gear[bytes[len - 1]];
        if ((h & mask) == 0)
            return len;
    }
    *hash = h;
    return 0;
}

static size_t fastcdc_next(const struct chunker *chunker, struct span bytes)
{
    size_t end = bytes.len < chunker->max ? bytes.len : chunker->max;
    size_t middle = chunker->avg - 1 < end ? chunker->avg - 1 : end;
    uint64_t hash = 0;
    size_t cut;

    if (bytes.len <= chunker->min)
        return bytes.len;
    for (size_t i = chunker->min - CHUNKER_WINDOW; i < chunker->min - 1; i++)
        hash = (hash << 1) + gear[bytes.ptr[i]];
    cut = find_cut(bytes.ptr, chunker->min, middle, chunker->mask_small, &hash);
    if (cut != 0)
        return cut;
    cut = find_cut(bytes.ptr, middle < chunker->min ? chunker->min : middle + 1, end,
                   chunker->mask_large, &hash);
    return cut != 0 ? cut : end;
}

size_t chunker_next(const struct chunker *chunker, struct span bytes)
{
    CHECK(bytes.len >= 1);
    if (chunker->kind == CHUNKER_FASTCDC)
        return fastcdc_next(chunker, bytes);
    return bytes.len < chunker->avg ? bytes.len : chunker->avg;
}
