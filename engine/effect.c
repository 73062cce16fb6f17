#include "engine/effect.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "engine/hash.h"

void effect_expect(struct effect *effect, const char *name, uint64_t value, uint64_t least,
                   uint64_t most, const char *because, ...)
{
    CHECK(effect->count < EFFECT_PROBES_MAX && least <= most);
    struct effect_probe *probe = &effect->probes[effect->count++];
    *probe = (struct effect_probe){.name = name, .value = value, .least = least, .most = most};
    va_list args;
    va_start(args, because);
    (void)vsnprintf(probe->because, sizeof(probe->because), because, args);
    va_end(args);
}

bool effect_holds(const struct effect_probe *probe)
{
    return probe->least <= probe->value && probe->value <= probe->most;
}

char *effect_expected(char dst[EFFECT_TEXT_SIZE], const struct effect_probe *probe)
{
    uint64_t least = probe->least, most = probe->most;
    if (least == most)
        (void)snprintf(dst, EFFECT_TEXT_SIZE, "%" PRIu64, least);
    else if (most != EFFECT_NO_LIMIT && least != 0)
        (void)snprintf(dst, EFFECT_TEXT_SIZE, "%" PRIu64 " to %" PRIu64, least, most);
    else if (most != EFFECT_NO_LIMIT)
        (void)snprintf(dst, EFFECT_TEXT_SIZE, "at most %" PRIu64, most);
    else if (least != 0)
        (void)snprintf(dst, EFFECT_TEXT_SIZE, "at least %" PRIu64, least);
    else
        (void)snprintf(dst, EFFECT_TEXT_SIZE, "anything");
    return dst;
}

enum rc effect_verdict(const struct effect *effect, struct err *err)
{
    for (size_t i = 0; i < effect->count; i++) {
        const struct effect_probe *probe = &effect->probes[i];
        char expected[EFFECT_TEXT_SIZE];
        if (!effect_holds(probe))
            return FAIL(err, RC_INVALID, 0,
                        "config did not take effect: %s is %" PRIu64 ", expected %s: %s",
                        probe->name, probe->value, effect_expected(expected, probe),
                        probe->because);
    }
    return RC_OK;
}

/* ---- the sample ------------------------------------------------------------------------------ */

struct packing {
    const struct codec_policy *policy;
    struct codec_set *codecs;
    struct hash128 seen[EFFECT_PIECES_MAX];
    struct buf out;
    struct effect_pieces pieces;
};

static enum rc pack_piece(struct packing *packing, struct span piece, bool precompressed,
                          struct err *err)
{
    struct effect_pieces *pieces = &packing->pieces;
    struct hash128 hash = hash_xxh128(piece);
    enum codec_id used;
    for (size_t i = 0; i < pieces->count; i++)
        if (hash128_equal(packing->seen[i], hash))
            return RC_OK;
    packing->seen[pieces->count++] = hash;
    buf_clear(&packing->out);
    enum rc rc = codec_pack(packing->codecs, packing->policy, precompressed, piece, &packing->out,
                            &used, err);
    if (rc == RC_OK && used != CODEC_NONE)
        pieces->packed++;
    return rc;
}

static enum rc pack_blob(struct packing *packing, const struct effect_blob *blob,
                         const struct chunker *chunker, struct err *err)
{
    struct span rest = blob->bytes;
    enum rc rc = RC_OK;
    while (rc == RC_OK && rest.len > 0 && packing->pieces.count < EFFECT_PIECES_MAX) {
        size_t len = chunker ? chunker_next(chunker, rest) : rest.len;
        rc = pack_piece(packing, span_of(rest.ptr, len), blob->precompressed, err);
        rest = span_of(rest.ptr + len, rest.len - len);
    }
    return rc;
}

enum rc effect_pack(const struct effect_facts *facts, const struct codec_policy *policy,
                    const struct chunker *chunker, struct effect_pieces *out, struct err *err)
{
    struct packing packing = {.policy = policy};
    enum rc rc = codec_set_new(&packing.codecs, err);
    for (size_t i = 0; rc == RC_OK && i < facts->sample_count; i++)
        rc = pack_blob(&packing, &facts->sample[i], chunker, err);
    *out = packing.pieces;
    codec_set_free(packing.codecs);
    buf_release(&packing.out);
    return rc;
}
