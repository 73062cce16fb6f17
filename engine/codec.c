/* codec.c: zstd and brotli behind one table.
 *
 * Frames carry no checksum (zstd's is off): every byte a strategy returns is hashed against what
 * was put, so a second hash inside the codec would only cost time.  It follows that a damaged
 * packed blob can unpack to other bytes of the right length; never to another length. */
#include "engine/codec.h"

#include <brotli/decode.h>
#include <brotli/encode.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zstd.h>
#include <zstd_errors.h>

/* Windows above this would let a frame demand more history than we ever write. */
#define WINDOW_BYTES_MAX ((uint64_t)1 << 27)
/* 1.0.9 as the library packs it: before 1.0.8 the decoder overruns on > 2 GiB (CVE-2020-8927). */
#define BROTLI_VERSION_MIN ((1u << 24) | 9u)
enum { BROTLI_LGWIN = 22, POOL_CLASSES = 40 };

/* Brotli offers no reset: each call makes and frees an instance whose tables, from 16 KiB to tens
 * of MiB, malloc takes from and returns to the kernel again and again.  So its allocations come
 * from here: free blocks by power-of-two size class.  Measured on 64 KiB pieces of an executable
 * at quality 9: 4.3-5.4 ms a call with malloc, 1.0-1.1 ms with this pool; no difference at 5. */
struct pool_block {
    struct pool_block *next;
    _Alignas(max_align_t) size_t size_class;
};
struct pool {
    struct pool_block *free[POOL_CLASSES];
};

struct codec_set {
    ZSTD_CCtx *zstd_cctx;
    ZSTD_DCtx *zstd_dctx;
    struct pool brotli_pool;
    struct codec_stats stats;
};

static const struct codec codecs[] = {
#define CODEC(id_, name_, level_min_, level_max_, level_default_) \
    {id_, name_, level_min_, level_max_, level_default_},
#include "engine/codecs.def"
#undef CODEC
};
_Static_assert(COUNT_OF(codecs) == CODEC_COUNT, "codecs.def has one row per codec_id");

/* How a codec works; `codec_ops` below is indexed like `codecs`. */
struct codec_ops {
    size_t (*bound)(size_t plain_len);
    /* *packed_len = plain.len when the result would not fit dst_cap: it did not shrink. */
    enum rc (*pack)(struct codec_set *set, int level, struct span plain, uint8_t *dst,
                    size_t dst_cap, size_t *packed_len, struct err *err);
    /* plain_len >= 1; fills dst exactly or fails. */
    enum rc (*unpack)(struct codec_set *set, struct span packed, uint8_t *dst, size_t plain_len,
                      struct err *err);
};

/* ---- pool ----------------------------------------------------------------------------------- */

static void *pool_alloc(void *opaque, size_t size)
{
    struct pool *pool = opaque;
    size_t size_class = 6;
    struct pool_block *block;

    while (size_class < POOL_CLASSES && ((size_t)1 << size_class) < size)
        size_class++;
    if (size_class == POOL_CLASSES)
        return NULL;
    block = pool->free[size_class];
    if (block != NULL) {
        pool->free[size_class] = block->next;
    } else {
        block = malloc(sizeof(*block) + ((size_t)1 << size_class));
        if (block == NULL)
            return NULL;
        block->size_class = size_class;
    }
    block->next = NULL;
    return block + 1;
}

static void pool_free(void *opaque, void *ptr)
{
    struct pool *pool = opaque;
    struct pool_block *block;

    if (ptr == NULL)
        return;
    block = (struct pool_block *)ptr - 1;
    block->next = pool->free[block->size_class];
    pool->free[block->size_class] = block;
}

static void pool_release(struct pool *pool)
{
    for (size_t i = 0; i < POOL_CLASSES; i++) {
        while (pool->free[i] != NULL) {
            struct pool_block *block = pool->free[i];

            pool->free[i] = block->next;
            free(block);
        }
    }
}

/* ---- zstd ----------------------------------------------------------------------------------- */

static enum rc zstd_fail(struct err *err, enum rc rc, const char *what, size_t result)
{
    if (ZSTD_getErrorCode(result) == ZSTD_error_memory_allocation)
        rc = RC_NOMEM;
    return FAIL(err, rc, 0, "zstd: %s: %s", what, ZSTD_getErrorName(result));
}

static enum rc zstd_pack(struct codec_set *set, int level, struct span plain, uint8_t *dst,
                         size_t dst_cap, size_t *packed_len, struct err *err)
{
    size_t result = ZSTD_CCtx_setParameter(set->zstd_cctx, ZSTD_c_compressionLevel, level);

    if (ZSTD_isError(result))
        return zstd_fail(err, RC_BUG, "set level", result);
    /* Exactly the bound, whatever room there is: equal input must give equal bytes. */
    result = ZSTD_compress2(set->zstd_cctx, dst, dst_cap, plain.ptr, plain.len);
    if (ZSTD_isError(result))
        return zstd_fail(err, RC_BUG, "compress", result);
    *packed_len = result;
    return RC_OK;
}

/* Of a frame header (RFC 8878, 3.1.1.1) what libzstd's stable interface does not tell or its
 * one-shot decoder does not enforce: ZSTD_d_windowLogMax binds only streaming decoders that hold
 * the window themselves.  `frame` is one whole frame by ZSTD_findFrameCompressedSize. */
static enum rc zstd_check_header(struct span frame, size_t plain_len, struct err *err)
{
    uint8_t descriptor = frame.ptr[4];
    bool single_segment = (descriptor & 0x20) != 0;

    if ((descriptor & 3) != 0)
        return FAIL(err, RC_CORRUPT, 0, "zstd: frame wants a dictionary, none is ever used");
    if (single_segment) {
        if (plain_len > WINDOW_BYTES_MAX)
            return FAIL(err, RC_CORRUPT, 0, "zstd: frame window of %zu bytes is too large",
                        plain_len);
    } else {
        uint64_t base = (uint64_t)1 << (10 + (frame.ptr[5] >> 3));
        uint64_t window = base + base / 8 * (frame.ptr[5] & 7);

        if (window > WINDOW_BYTES_MAX)
            return FAIL(err, RC_CORRUPT, 0, "zstd: frame window of %llu bytes is too large",
                        (unsigned long long)window);
    }
    return RC_OK;
}

static enum rc zstd_unpack(struct codec_set *set, struct span packed, uint8_t *dst,
                           size_t plain_len, struct err *err)
{
    static const uint8_t magic[4] = {0x28, 0xb5, 0x2f, 0xfd};
    unsigned long long declared;
    size_t result;
    enum rc rc;

    /* libzstd would also accept skippable frames and, where built so, formats before 0.8. */
    if (packed.len < sizeof(magic) || memcmp(packed.ptr, magic, sizeof(magic)) != 0)
        return FAIL(err, RC_CORRUPT, 0, "zstd: not a zstd frame");
    declared = ZSTD_getFrameContentSize(packed.ptr, packed.len);
    if (declared == ZSTD_CONTENTSIZE_ERROR || declared == ZSTD_CONTENTSIZE_UNKNOWN)
        return FAIL(err, RC_CORRUPT, 0, "zstd: frame declares no size");
    if (declared != plain_len)
        return FAIL(err, RC_CORRUPT, 0, "zstd: frame declares %llu bytes, %zu are recorded",
                    declared, plain_len);
    result = ZSTD_findFrameCompressedSize(packed.ptr, packed.len);
    if (ZSTD_isError(result))
        return zstd_fail(err, RC_CORRUPT, "frame", result);
    if (result != packed.len)
        return FAIL(err, RC_CORRUPT, 0, "zstd: %zu bytes after the frame's end",
                    packed.len - result);
    rc = zstd_check_header(packed, plain_len, err);
    if (rc != RC_OK)
        return rc;
    result = ZSTD_decompressDCtx(set->zstd_dctx, dst, plain_len, packed.ptr, packed.len);
    if (ZSTD_isError(result))
        return zstd_fail(err, RC_CORRUPT, "decompress", result);
    if (result != plain_len)
        return FAIL(err, RC_CORRUPT, 0, "zstd: frame holds %zu bytes, %zu are recorded", result,
                    plain_len);
    return RC_OK;
}

/* ---- brotli --------------------------------------------------------------------------------- */

/* What BrotliEncoderCompress does, but for its allocations and its fall-back to stored bytes. */
static enum rc brotli_pack(struct codec_set *set, int level, struct span plain, uint8_t *dst,
                           size_t dst_cap, size_t *packed_len, struct err *err)
{
    BrotliEncoderState *state =
        BrotliEncoderCreateInstance(pool_alloc, pool_free, &set->brotli_pool);
    const uint8_t *next_in = plain.ptr;
    size_t in_left = plain.len;
    size_t out_left = dst_cap;
    enum rc rc = RC_OK;

    if (state == NULL)
        return FAIL(err, RC_NOMEM, 0, "brotli: no memory for an encoder");
    if (!BrotliEncoderSetParameter(state, BROTLI_PARAM_QUALITY, (uint32_t)level) ||
        !BrotliEncoderSetParameter(state, BROTLI_PARAM_LGWIN, BROTLI_LGWIN) ||
        !BrotliEncoderSetParameter(state, BROTLI_PARAM_SIZE_HINT, (uint32_t)plain.len))
        rc = FAIL(err, RC_BUG, 0, "brotli: encoder refused its parameters");
    else if (!BrotliEncoderCompressStream(state, BROTLI_OPERATION_FINISH, &in_left, &next_in,
                                          &out_left, &dst, NULL))
        rc = FAIL(err, RC_NOMEM, 0, "brotli: no memory to compress %zu bytes", plain.len);
    else
        *packed_len = BrotliEncoderIsFinished(state) ? dst_cap - out_left : plain.len;
    BrotliEncoderDestroyInstance(state);
    return rc;
}

static bool brotli_is_nomem(BrotliDecoderErrorCode code)
{
    return code <= BROTLI_DECODER_ERROR_ALLOC_CONTEXT_MODES &&
           code >= BROTLI_DECODER_ERROR_ALLOC_BLOCK_TYPE_TREES;
}

/* Streaming, because the one-shot decoder does not tell how much input it used.  The large window
 * extension stays off, which is the decoder's default: windows end at 2^24. */
static enum rc brotli_unpack(struct codec_set *set, struct span packed, uint8_t *dst,
                             size_t plain_len, struct err *err)
{
    BrotliDecoderState *state =
        BrotliDecoderCreateInstance(pool_alloc, pool_free, &set->brotli_pool);
    const uint8_t *next_in = packed.ptr;
    size_t in_left = packed.len;
    size_t out_left = plain_len;
    BrotliDecoderErrorCode code;
    enum rc rc = RC_OK;

    if (state == NULL)
        return FAIL(err, RC_NOMEM, 0, "brotli: no memory for a decoder");
    switch (BrotliDecoderDecompressStream(state, &in_left, &next_in, &out_left, &dst, NULL)) {
    case BROTLI_DECODER_RESULT_SUCCESS:
        if (out_left != 0)
            rc = FAIL(err, RC_CORRUPT, 0, "brotli: stream holds %zu bytes, %zu are recorded",
                      plain_len - out_left, plain_len);
        else if (in_left != 0)
            rc = FAIL(err, RC_CORRUPT, 0, "brotli: %zu bytes after the stream's end", in_left);
        break;
    case BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT:
        rc = FAIL(err, RC_CORRUPT, 0, "brotli: stream is cut off after %zu bytes", packed.len);
        break;
    case BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT:
        rc = FAIL(err, RC_CORRUPT, 0, "brotli: stream holds more than the recorded %zu bytes",
                  plain_len);
        break;
    case BROTLI_DECODER_RESULT_ERROR:
    default:
        code = BrotliDecoderGetErrorCode(state);
        rc = FAIL(err, brotli_is_nomem(code) ? RC_NOMEM : RC_CORRUPT, 0, "brotli: decompress: %s",
                  BrotliDecoderErrorString(code));
        break;
    }
    BrotliDecoderDestroyInstance(state);
    return rc;
}

/* ---- the table ------------------------------------------------------------------------------ */

static const struct codec_ops codec_ops[CODEC_COUNT] = {
    [CODEC_ZSTD] = {ZSTD_compressBound, zstd_pack, zstd_unpack},
    [CODEC_BROTLI] = {BrotliEncoderMaxCompressedSize, brotli_pack, brotli_unpack},
};

const struct codec *codec_by_id(unsigned id)
{
    return id < CODEC_COUNT ? &codecs[id] : NULL;
}

const struct codec *codec_by_name(const char *name)
{
    for (size_t i = 0; i < CODEC_COUNT; i++)
        if (strcmp(codecs[i].name, name) == 0)
            return &codecs[i];
    return NULL;
}

const char *codec_version(enum codec_id id, char dst[FORMAT_SIZE])
{
    uint32_t version = BrotliEncoderVersion();

    if (id == CODEC_ZSTD)
        snprintf(dst, FORMAT_SIZE, "%s", ZSTD_versionString());
    else if (id == CODEC_BROTLI)
        snprintf(dst, FORMAT_SIZE, "%u.%u.%u", (unsigned)(version >> 24),
                 (unsigned)((version >> 12) & 0xfff), (unsigned)(version & 0xfff));
    else
        snprintf(dst, FORMAT_SIZE, "built-in");
    return dst;
}

/* ---- the set -------------------------------------------------------------------------------- */

enum rc codec_set_new(struct codec_set **out, struct err *err)
{
    struct codec_set *set;

    *out = NULL;
    if (BrotliDecoderVersion() < BROTLI_VERSION_MIN)
        return FAIL(err, RC_UNSUPPORTED, 0, "brotli is older than 1.0.9 and unsafe to decode with");
    set = calloc(1, sizeof(*set));
    if (set == NULL)
        return FAIL(err, RC_NOMEM, 0, "no memory for codecs");
    set->zstd_cctx = ZSTD_createCCtx();
    set->zstd_dctx = ZSTD_createDCtx();
    if (set->zstd_cctx == NULL || set->zstd_dctx == NULL) {
        codec_set_free(set);
        return FAIL(err, RC_NOMEM, 0, "zstd: no memory for its contexts");
    }
    /* Both are the library's defaults; stores depend on them, so they are stated. */
    if (ZSTD_isError(ZSTD_CCtx_setParameter(set->zstd_cctx, ZSTD_c_checksumFlag, 0)) ||
        ZSTD_isError(ZSTD_CCtx_setParameter(set->zstd_cctx, ZSTD_c_contentSizeFlag, 1))) {
        codec_set_free(set);
        return FAIL(err, RC_BUG, 0, "zstd: refused the frame parameters");
    }
    *out = set;
    return RC_OK;
}

void codec_set_free(struct codec_set *set)
{
    if (set == NULL)
        return;
    ZSTD_freeCCtx(set->zstd_cctx);
    ZSTD_freeDCtx(set->zstd_dctx);
    pool_release(&set->brotli_pool);
    free(set);
}

const struct codec_stats *codec_set_stats(const struct codec_set *set)
{
    return &set->stats;
}

/* ---- pack and unpack ------------------------------------------------------------------------ */

/* The thread's own CPU time: what a codec cost must not include waiting for the other core. */
static uint64_t thread_cpu_ns(void)
{
    struct timespec now;

    CHECK(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) == 0);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Strictly smaller even at margin 0: an equal length saves nothing and costs every read.  Plain
 * lengths fit a double exactly; a margin that is NaN keeps nothing. */
static bool worth_keeping(size_t plain_len, size_t packed_len, double margin)
{
    return packed_len < plain_len && (double)(plain_len - packed_len) >= margin * (double)plain_len;
}

static enum rc check_policy(const struct codec_policy *policy, size_t plain_len, struct err *err)
{
    const struct codec *codec = codec_by_id(policy->codec);

    if (codec == NULL)
        return FAIL(err, RC_USAGE, 0, "no codec has the id %d", (int)policy->codec);
    if (policy->level < codec->level_min || policy->level > codec->level_max)
        return FAIL(err, RC_USAGE, 0, "codec %s: level %d is out of range (expected %d..%d)",
                    codec->name, policy->level, codec->level_min, codec->level_max);
    if (!(policy->margin >= 0.0 && policy->margin <= 1.0))
        return FAIL(err, RC_USAGE, 0, "codec %s: margin %g is out of range (expected 0..1)",
                    codec->name, policy->margin);
    if (plain_len > BLOB_BYTES_MAX)
        return FAIL(err, RC_USAGE, 0, "codec %s: %zu bytes are more than a blob may have",
                    codec->name, plain_len);
    return RC_OK;
}

enum rc codec_pack(struct codec_set *set, const struct codec_policy *policy, bool precompressed,
                   struct span plain, struct buf *out, enum codec_id *used, struct err *err)
{
    enum codec_outcome outcome = CODEC_KEPT_REJECTED;
    const struct codec_ops *ops;
    size_t bound, packed_len = 0;
    uint64_t start_ns;
    enum rc rc = check_policy(policy, plain.len, err);

    *used = CODEC_NONE;
    if (rc != RC_OK)
        return rc;
    if (policy->codec == CODEC_NONE || plain.len == 0 || precompressed) {
        outcome =
            policy->codec != CODEC_NONE && plain.len != 0 ? CODEC_KEPT_HANDLER : CODEC_KEPT_OFF;
        set->stats.outcomes[outcome]++;
        return RC_OK;
    }
    /* Packed behind what `out` holds, which stays untouched unless the result is kept. */
    ops = &codec_ops[policy->codec];
    bound = ops->bound(plain.len);
    rc = buf_reserve(out, out->len + bound, err);
    if (rc != RC_OK)
        return rc;
    start_ns = thread_cpu_ns();
    rc = ops->pack(set, policy->level, plain, out->ptr + out->len, bound, &packed_len, err);
    if (rc != RC_OK)
        return rc;
    set->stats.in_bytes += plain.len;
    if (worth_keeping(plain.len, packed_len, policy->margin)) {
        outcome = CODEC_PACKED;
        memmove(out->ptr, out->ptr + out->len, packed_len);
        out->len = packed_len;
        set->stats.out_bytes += packed_len;
        *used = policy->codec;
    } else {
        set->stats.rejected_ns += thread_cpu_ns() - start_ns;
        set->stats.rejected_bytes += plain.len;
    }
    set->stats.outcomes[outcome]++;
    return RC_OK;
}

/* What can be refused before any memory is taken. */
static enum rc check_packed(unsigned id, struct span packed, size_t plain_len, struct err *err)
{
    const struct codec *codec = codec_by_id(id);

    if (codec == NULL)
        return FAIL(err, RC_CORRUPT, 0, "no codec has the id %u", id);
    if (plain_len > BLOB_BYTES_MAX)
        return FAIL(err, RC_CORRUPT, 0, "%s: the recorded %zu bytes are more than a blob may have",
                    codec->name, plain_len);
    if (codec->id == CODEC_NONE && packed.len != plain_len)
        return FAIL(err, RC_CORRUPT, 0, "stored are %zu bytes, %zu are recorded", packed.len,
                    plain_len);
    /* codec_pack never packs an empty input. */
    if (codec->id != CODEC_NONE && (plain_len == 0 || packed.len == 0))
        return FAIL(err, RC_CORRUPT, 0, "%s: %zu packed bytes cannot stand for %zu", codec->name,
                    packed.len, plain_len);
    return RC_OK;
}

enum rc codec_unpack_into(struct codec_set *set, unsigned id, struct span packed, uint8_t *dst,
                          size_t plain_len, struct err *err)
{
    enum rc rc = check_packed(id, packed, plain_len, err);

    if (rc != RC_OK)
        return rc;
    if (id != CODEC_NONE)
        return codec_ops[id].unpack(set, packed, dst, plain_len, err);
    if (plain_len > 0)
        memcpy(dst, packed.ptr, plain_len);
    return RC_OK;
}

enum rc codec_unpack(struct codec_set *set, unsigned id, struct span packed, size_t plain_len,
                     struct buf *out, struct err *err)
{
    enum rc rc = check_packed(id, packed, plain_len, err);

    CHECK(packed.len == 0 || packed.ptr != out->ptr); /* growing `out` would move the input away */
    if (rc == RC_OK)
        rc = buf_resize(out, plain_len, err);
    if (rc == RC_OK)
        rc = codec_unpack_into(set, id, packed, out->ptr, plain_len, err);
    if (rc != RC_OK)
        buf_clear(out); /* nobody may take half a blob for a whole one */
    return rc;
}
