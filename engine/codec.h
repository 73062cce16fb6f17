/* codec.h: lossless codecs behind one table, and the keep-if-smaller rule around them.
 *
 * A codec is identified in a store by its `id`, which never changes; codecs.def lists them.
 * `codec_pack` is what strategies call: it skips input whose handler says it is compressed
 * already, tries the codec otherwise, keeps the result only when it saves at least the stated
 * margin, and counts what was wasted on input that did not shrink.
 *
 * Safety: unpacking allocates what *we* recorded as the plain length, never what a frame claims;
 * any other output length, trailing input or a window above 2^27 is RC_CORRUPT.
 *
 * Threading: a codec_set (working memory of all codecs) belongs to one thread.
 */
#ifndef ENGINE_CODEC_H
#define ENGINE_CODEC_H

#include "engine/buf.h"

enum codec_id { CODEC_NONE = 0, CODEC_ZSTD = 1, CODEC_BROTLI = 2, CODEC_COUNT };

struct codec {
    enum codec_id id;
    const char *name;
    int level_min, level_max, level_default;
};

/* Why a blob or chunk is stored as it is; counted per outcome. */
enum codec_outcome {
    CODEC_PACKED,        /* compressed, and the saving reached the margin */
    CODEC_KEPT_OFF,      /* codec none was asked for, or the input is empty */
    CODEC_KEPT_HANDLER,  /* the handler says: compressed already; not tried */
    CODEC_KEPT_REJECTED, /* tried, saved less than the margin: that CPU time was wasted */
    CODEC_OUTCOME_COUNT
};

struct codec_stats {
    uint64_t outcomes[CODEC_OUTCOME_COUNT];
    uint64_t in_bytes;       /* plain bytes handed to a codec */
    uint64_t out_bytes;      /* bytes kept in packed form */
    uint64_t rejected_bytes; /* plain bytes that were tried in vain */
    uint64_t rejected_ns;    /* thread CPU time spent on them: a timing, not a counter */
};

struct codec_set; /* working memory; create once per store */

MUST_CHECK enum rc codec_set_new(struct codec_set **out, struct err *err);
void codec_set_free(struct codec_set *set);
const struct codec_stats *codec_set_stats(const struct codec_set *set);

/* NULL when there is no such id or name. */
const struct codec *codec_by_id(unsigned id);
const struct codec *codec_by_name(const char *name);

/* How to pack.  `margin` is the least saving, as a share of the plain length, worth keeping:
 * 0.0625 keeps a result of at most 15/16 of the input. */
struct codec_policy {
    enum codec_id codec;
    int level;
    double margin;
};

/* Pack `plain`.  On PACKED, `out` holds the packed bytes and *used is policy->codec; in every other
 * outcome `out` is untouched, *used is CODEC_NONE and the caller stores `plain` itself (no copy).
 * `precompressed` comes from the blob's handler. */
MUST_CHECK enum rc codec_pack(struct codec_set *set, const struct codec_policy *policy,
                              bool precompressed, struct span plain, struct buf *out,
                              enum codec_id *used, struct err *err);

/* Unpack into out[0..plain_len): grows `out` to plain_len and appends nothing.  RC_CORRUPT for
 * unknown ids, malformed input or any other length.  `id` CODEC_NONE copies. */
MUST_CHECK enum rc codec_unpack(struct codec_set *set, unsigned id, struct span packed,
                                size_t plain_len, struct buf *out, struct err *err);
/* As codec_unpack, into memory of exactly plain_len bytes that the caller owns. */
MUST_CHECK enum rc codec_unpack_into(struct codec_set *set, unsigned id, struct span packed,
                                     uint8_t *dst, size_t plain_len, struct err *err);
/* Run-time versions of the libraries, e.g. "1.5.4". */
const char *codec_version(enum codec_id id, char dst[FORMAT_SIZE]);

#endif
