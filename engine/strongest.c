#include "engine/strongest.h"

#include <stdlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "engine/codec.h"

enum { SCRATCH_LEN = 1 << 17 };
/* Of a packing stream: its memory stays below 200 MiB at every level. */
enum { PACK_WINDOW_LOG = 27, PACK_HASH_LOG = 22, PACK_CHAIN_LOG = 23 };

struct strongest {
    ZSTD_CCtx *alone, *stream;
    struct codec_set *codecs;
    struct buf packed;
    uint64_t stream_len;
    uint8_t scratch[SCRATCH_LEN];
};

static enum rc zstd_failed(struct err *err, size_t result)
{
    bool memory = ZSTD_getErrorCode(result) == ZSTD_error_memory_allocation;
    return FAIL(err, memory ? RC_NOMEM : RC_BUG, 0, "zstd: %s", ZSTD_getErrorName(result));
}

enum rc strongest_new(struct strongest **out, struct err *err)
{
    struct strongest *strongest = calloc(1, sizeof(*strongest));
    *out = strongest;
    if (!strongest)
        return FAIL(err, RC_NOMEM, 0, "no memory to compute bounds");
    strongest->alone = ZSTD_createCCtx();
    strongest->stream = ZSTD_createCCtx();
    if (!strongest->alone || !strongest->stream)
        return FAIL(err, RC_NOMEM, 0, "no memory to compute bounds");
    return codec_set_new(&strongest->codecs, err);
}

void strongest_free(struct strongest *strongest)
{
    if (!strongest)
        return;
    (void)ZSTD_freeCCtx(strongest->alone);
    (void)ZSTD_freeCCtx(strongest->stream);
    codec_set_free(strongest->codecs);
    buf_release(&strongest->packed);
    free(strongest);
}

/* Feed `plain` and count what comes out: nothing as long as the result is ever held. */
static enum rc feed(struct strongest *strongest, ZSTD_CCtx *stream, struct span plain,
                    ZSTD_EndDirective how, uint64_t *len, struct err *err)
{
    ZSTD_inBuffer in = {plain.ptr, plain.len, 0};
    size_t left;
    do {
        ZSTD_outBuffer out = {strongest->scratch, SCRATCH_LEN, 0};
        left = ZSTD_compressStream2(stream, &out, &in, how);
        if (ZSTD_isError(left))
            return zstd_failed(err, left);
        *len += out.pos;
    } while (in.pos < in.size || (how != ZSTD_e_continue && left > 0));
    return RC_OK;
}

/* Long inputs stream through the scratch buffer; knowing the length keeps tables small. */
static enum rc zstd_len(struct strongest *strongest, int level, struct span plain, uint64_t *len,
                        struct err *err)
{
    ZSTD_CCtx *alone = strongest->alone;
    size_t result = ZSTD_CCtx_reset(alone, ZSTD_reset_session_and_parameters);
    if (!ZSTD_isError(result))
        result = ZSTD_CCtx_setParameter(alone, ZSTD_c_compressionLevel, level);
    if (!ZSTD_isError(result))
        result = ZSTD_CCtx_setPledgedSrcSize(alone, plain.len);
    if (ZSTD_isError(result))
        return zstd_failed(err, result);
    *len = 0;
    return feed(strongest, alone, plain, ZSTD_e_end, len, err);
}

enum rc strongest_quick(struct strongest *strongest, struct span plain, uint64_t *len,
                        struct err *err)
{
    enum rc rc = zstd_len(strongest, STRONGEST_QUICK, plain, len, err);
    if (rc == RC_OK && *len > plain.len)
        *len = plain.len;
    return rc;
}

enum rc strongest_least(struct strongest *strongest, struct span plain, uint64_t *len,
                        struct err *err)
{
    static const struct codec_policy brotli = {.codec = CODEC_BROTLI, .level = 11, .margin = 0};
    enum codec_id used = CODEC_NONE;
    CHECK(plain.len <= STRONGEST_BYTES_MAX);
    buf_clear(&strongest->packed);
    enum rc rc = zstd_len(strongest, STRONGEST_LEVEL, plain, len, err);
    if (rc == RC_OK)
        rc = codec_pack(strongest->codecs, &brotli, false, plain, &strongest->packed, &used, err);
    if (rc == RC_OK && used != CODEC_NONE && strongest->packed.len < *len)
        *len = strongest->packed.len;
    if (rc == RC_OK && *len > plain.len)
        *len = plain.len;
    return rc;
}

/* ---- one stream ------------------------------------------------------------------------------ */

enum rc strongest_pack_begin(struct strongest *strongest, int level, struct err *err)
{
    const struct {
        ZSTD_cParameter parameter;
        int value;
    } wanted[] = {
        {ZSTD_c_compressionLevel, level},    {ZSTD_c_enableLongDistanceMatching, 1},
        {ZSTD_c_windowLog, PACK_WINDOW_LOG}, {ZSTD_c_hashLog, PACK_HASH_LOG},
        {ZSTD_c_chainLog, PACK_CHAIN_LOG},
    };
    strongest->stream_len = 0;
    size_t result = ZSTD_CCtx_reset(strongest->stream, ZSTD_reset_session_and_parameters);
    for (size_t i = 0; i < COUNT_OF(wanted) && !ZSTD_isError(result); i++)
        result = ZSTD_CCtx_setParameter(strongest->stream, wanted[i].parameter, wanted[i].value);
    return ZSTD_isError(result) ? zstd_failed(err, result) : RC_OK;
}

enum rc strongest_pack_add(struct strongest *strongest, struct span plain, struct err *err)
{
    return feed(strongest, strongest->stream, plain, ZSTD_e_continue, &strongest->stream_len, err);
}

enum rc strongest_pack_len(struct strongest *strongest, uint64_t *len, struct err *err)
{
    enum rc rc = feed(strongest, strongest->stream, span_of(NULL, 0), ZSTD_e_flush,
                      &strongest->stream_len, err);
    *len = strongest->stream_len;
    return rc;
}
