/* t_codec: round trips, the keep-if-smaller rule and its counts, and hostile packed bytes.
 *
 * Every unpack of hostile bytes goes into memory of exactly the recorded length between guard
 * bytes, so that an overrun shows with and without a sanitizer (the libraries are not
 * instrumented). */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <brotli/encode.h>
#include <cmocka.h>
#include <zstd.h>

#include "engine/codec.h"
#include "engine/rng.h"

enum { GUARD = 64 };
enum data_kind { DATA_RANDOM, DATA_TEXT, DATA_ZERO, DATA_COUNT };
static const enum codec_id real_codecs[] = {CODEC_ZSTD, CODEC_BROTLI};

static struct codec_set *new_set(void)
{
    struct codec_set *set;
    struct err err = {0};

    assert_int_equal(codec_set_new(&set, &err), RC_OK);
    return set;
}

static uint8_t *new_data(enum data_kind kind, size_t len)
{
    static const char *const words[] = {"blob ",   "chunk ", "store ",    "the ", "a ",
                                        "reads\n", "and ",   "frontier ", "of ",  "writes. "};
    uint8_t *bytes = calloc(1, len + 1);
    struct rng rng = rng_stream(5, "t_codec", kind);

    assert_non_null(bytes);
    if (kind == DATA_RANDOM)
        rng_fill(&rng, bytes, len);
    for (size_t at = 0; kind == DATA_TEXT && at < len;) {
        const char *word = words[rng_below(&rng, COUNT_OF(words))];
        size_t word_len = strlen(word) < len - at ? strlen(word) : len - at;

        memcpy(bytes + at, word, word_len);
        at += word_len;
    }
    return bytes;
}

static enum codec_id pack(struct codec_set *set, enum codec_id codec, int level, double margin,
                          struct span plain, struct buf *out)
{
    struct codec_policy policy = {codec, level, margin};
    enum codec_id used = CODEC_COUNT;
    struct err err = {0};

    assert_int_equal(codec_pack(set, &policy, false, plain, out, &used, &err), RC_OK);
    return used;
}

/* Unpacks between guards; on RC_OK and with `expected`, the bytes must be those. */
static enum rc unpack_guarded(struct codec_set *set, unsigned id, struct span packed,
                              size_t plain_len, const uint8_t *expected)
{
    uint8_t *room = malloc(plain_len + 2 * GUARD);
    uint8_t *copy = malloc(packed.len + 1); /* input of exactly packed.len bytes */
    struct err err = {0};
    enum rc rc;

    assert_non_null(room);
    assert_non_null(copy);
    if (packed.len > 0)
        memcpy(copy, packed.ptr, packed.len);
    memset(room, 0xa5, plain_len + 2 * GUARD);
    rc = codec_unpack_into(set, id, span_of(copy, packed.len), room + GUARD, plain_len, &err);
    for (size_t i = 0; i < GUARD; i++) {
        assert_int_equal(room[i], 0xa5);
        assert_int_equal(room[GUARD + plain_len + i], 0xa5);
    }
    if (rc == RC_OK && expected != NULL)
        assert_memory_equal(room + GUARD, expected, plain_len);
    if (rc != RC_OK)
        assert_true(err.msg[0] != '\0' && strlen(err.msg) < 200);
    free(copy);
    free(room);
    return rc;
}

#define assert_corrupt(set, id, bytes, plain_len) \
    assert_int_equal(unpack_guarded((set), (id), (bytes), (plain_len), NULL), RC_CORRUPT)

/* ---- the table ------------------------------------------------------------------------------- */

static void test_table(void **state)
{
    char version[FORMAT_SIZE];

    (void)state;
    for (unsigned id = 0; id < CODEC_COUNT; id++) {
        const struct codec *codec = codec_by_id(id);

        assert_non_null(codec);
        assert_int_equal(codec->id, id);
        assert_ptr_equal(codec_by_name(codec->name), codec);
        assert_in_range(codec->level_default - codec->level_min, 0,
                        codec->level_max - codec->level_min);
        assert_true(strlen(codec_version(codec->id, version)) > 0);
    }
    assert_string_equal(codec_version(CODEC_ZSTD, version), ZSTD_versionString());
    assert_int_equal(strncmp(codec_version(CODEC_BROTLI, version), "1.", 2), 0);
    assert_null(codec_by_id(CODEC_COUNT));
    assert_null(codec_by_id(~0u));
    assert_null(codec_by_name("lzma"));
    assert_null(codec_by_name(""));
    codec_set_free(NULL);
}

/* ---- round trips ----------------------------------------------------------------------------- */

static void round_trip(struct codec_set *set, enum codec_id codec, int level, struct span plain,
                       struct buf *packed, struct buf *back)
{
    struct err err = {0};
    enum codec_id used;

    buf_clear(packed);
    used = pack(set, codec, level, 0.0, plain, packed);
    if (used == CODEC_NONE) {
        assert_int_equal(packed->len, 0);
        return;
    }
    assert_int_equal(used, codec);
    assert_true(packed->len < plain.len);
    assert_int_equal(codec_unpack(set, used, buf_span(packed), plain.len, back, &err), RC_OK);
    assert_true(span_equal(buf_span(back), plain));
}

static void test_round_trips(void **state)
{
    static const size_t sizes[] = {0, 1, 63, 65536, 1 << 20};
    struct codec_set *set = new_set();
    struct buf packed = {0}, back = {0};

    (void)state;
    for (enum data_kind kind = 0; kind < DATA_COUNT; kind++) {
        uint8_t *bytes = new_data(kind, 1 << 20);

        for (size_t c = 0; c < COUNT_OF(real_codecs); c++) {
            const struct codec *codec = codec_by_id(real_codecs[c]);

            for (int level = codec->level_min; level <= codec->level_max; level++)
                for (size_t s = 0; s < COUNT_OF(sizes); s++) {
                    /* brotli 10 and 11 take seconds on 1 MiB: text alone must do */
                    if (codec->id == CODEC_BROTLI && level >= 10 && kind == DATA_RANDOM &&
                        sizes[s] > 65536)
                        continue;
                    round_trip(set, codec->id, level, span_of(bytes, sizes[s]), &packed, &back);
                }
        }
        free(bytes);
    }
    /* 3 kinds x (27 + 12 levels) x 5 sizes, of which one is empty */
    assert_int_equal(codec_set_stats(set)->outcomes[CODEC_KEPT_OFF], 3 * 39);
    assert_true(codec_set_stats(set)->outcomes[CODEC_PACKED] >= 2 * 39 * 2);
    buf_release(&packed);
    buf_release(&back);
    codec_set_free(set);
}

static void test_none_copies(void **state)
{
    struct codec_set *set = new_set();
    struct buf back = {0};
    struct err err = {0};

    (void)state;
    assert_int_equal(codec_unpack(set, CODEC_NONE, span_of_str("plain"), 5, &back, &err), RC_OK);
    assert_true(span_equal(buf_span(&back), span_of_str("plain")));
    assert_int_equal(codec_unpack(set, CODEC_NONE, (struct span){0}, 0, &back, &err), RC_OK);
    assert_int_equal(back.len, 0);
    assert_int_equal(codec_unpack_into(set, CODEC_NONE, (struct span){0}, NULL, 0, &err), RC_OK);
    assert_corrupt(set, CODEC_NONE, span_of_str("plain"), 4);
    assert_corrupt(set, CODEC_NONE, span_of_str("plain"), 6);
    buf_release(&back);
    codec_set_free(set);
}

/* Neither what a set did before nor the room in `out` may change a single byte. */
static void test_equal_input_gives_equal_bytes(void **state)
{
    enum { LEN = 100000 };
    uint8_t *text = new_data(DATA_TEXT, LEN), *noise = new_data(DATA_RANDOM, LEN);
    struct codec_set *used_set = new_set();

    (void)state;
    for (size_t c = 0; c < COUNT_OF(real_codecs); c++) {
        const struct codec *codec = codec_by_id(real_codecs[c]);

        for (int level = codec->level_min; level <= codec->level_max; level++) {
            struct codec_set *fresh = new_set();
            struct buf first = {0}, second = {0}, other = {0};
            struct err err = {0};

            pack(fresh, codec->id, level, 0, span_of(text, LEN), &first);
            pack(used_set, codec->id, level, 0, span_of(noise, 777), &other);
            pack(used_set, codec->id, codec->level_default, 0, span_of(text + 3, 5000), &other);
            assert_int_equal(buf_reserve(&second, 3 * LEN, &err), RC_OK);
            pack(used_set, codec->id, level, 0, span_of(text, LEN), &second);
            assert_true(first.len > 0 && span_equal(buf_span(&first), buf_span(&second)));
            buf_release(&first);
            buf_release(&second);
            buf_release(&other);
            codec_set_free(fresh);
        }
    }
    codec_set_free(used_set);
    free(text);
    free(noise);
}

/* ---- the keep-if-smaller rule ---------------------------------------------------------------- */

static void test_margin_edges(void **state)
{
    enum { LEN = 65536 }; /* a power of two: the shares below are exact */
    uint8_t *text = new_data(DATA_TEXT, LEN), *noise = new_data(DATA_RANDOM, LEN);
    struct codec_set *set = new_set();

    (void)state;
    for (size_t c = 0; c < COUNT_OF(real_codecs); c++) {
        enum codec_id id = real_codecs[c];
        struct buf out = {0};
        size_t saved;

        assert_int_equal(pack(set, id, 3, 0.0, span_of(text, LEN), &out), id);
        saved = LEN - out.len;
        assert_int_equal(pack(set, id, 3, (double)saved / LEN, span_of(text, LEN), &out), id);
        assert_int_equal(out.len, LEN - saved);
        assert_int_equal(pack(set, id, 3, (double)(saved + 1) / LEN, span_of(text, LEN), &out),
                         CODEC_NONE);
        assert_int_equal(pack(set, id, 3, 1.0, span_of(text, LEN), &out), CODEC_NONE);
        /* noise does not shrink: not even at margin 0 */
        assert_int_equal(pack(set, id, 3, 0.0, span_of(noise, LEN), &out), CODEC_NONE);
        buf_release(&out);
    }
    codec_set_free(set);
    free(text);
    free(noise);
}

static void test_out_is_untouched_unless_packed(void **state)
{
    uint8_t *text = new_data(DATA_TEXT, 4096), *noise = new_data(DATA_RANDOM, 4096);
    struct codec_set *set = new_set();
    struct buf out = {0}, clean = {0};
    struct err err = {0};

    (void)state;
    for (size_t c = 0; c < COUNT_OF(real_codecs); c++) {
        assert_int_equal(buf_set(&out, span_of_str("earlier"), &err), RC_OK);
        pack(set, real_codecs[c], 3, 0.05, span_of(noise, 4096), &out);
        assert_true(span_equal(buf_span(&out), span_of_str("earlier")));
        pack(set, real_codecs[c], 3, 0.05, (struct span){0}, &out);
        assert_true(span_equal(buf_span(&out), span_of_str("earlier")));
        pack(set, CODEC_NONE, 0, 0.05, span_of(text, 4096), &out);
        assert_true(span_equal(buf_span(&out), span_of_str("earlier")));
        buf_clear(&clean);
        pack(set, real_codecs[c], 3, 0.05, span_of(text, 4096), &clean);
        pack(set, real_codecs[c], 3, 0.05, span_of(text, 4096), &out); /* replaces */
        assert_true(clean.len > 0 && span_equal(buf_span(&out), buf_span(&clean)));
    }
    buf_release(&out);
    buf_release(&clean);
    codec_set_free(set);
    free(text);
    free(noise);
}

static void test_counts(void **state)
{
    uint8_t *text = new_data(DATA_TEXT, 5000), *noise = new_data(DATA_RANDOM, 7000);
    struct codec_set *set = new_set();
    const struct codec_stats *stats = codec_set_stats(set);
    struct codec_policy policy = {CODEC_ZSTD, 3, 0.05};
    enum codec_id used;
    struct buf out = {0};
    struct err err = {0};
    size_t packed;

    (void)state;
    pack(set, CODEC_ZSTD, 3, 0.05, span_of(text, 5000), &out);
    packed = out.len;
    assert_int_equal(stats->rejected_ns, 0);
    pack(set, CODEC_BROTLI, 5, 0.05, span_of(text, 5000), &out);
    packed += out.len;
    assert_int_equal(stats->rejected_ns, 0);
    pack(set, CODEC_ZSTD, 3, 0.05, span_of(noise, 7000), &out);
    assert_true(stats->rejected_ns > 0);
    pack(set, CODEC_NONE, 0, 0.05, span_of(text, 5000), &out);
    pack(set, CODEC_ZSTD, 3, 0.05, (struct span){0}, &out);
    assert_int_equal(codec_pack(set, &policy, true, span_of(text, 5000), &out, &used, &err), RC_OK);
    assert_int_equal(used, CODEC_NONE);
    /* off wins over the handler */
    policy.codec = CODEC_NONE;
    policy.level = 0;
    assert_int_equal(codec_pack(set, &policy, true, span_of(text, 5000), &out, &used, &err), RC_OK);
    assert_int_equal(stats->outcomes[CODEC_PACKED], 2);
    assert_int_equal(stats->outcomes[CODEC_KEPT_OFF], 3);
    assert_int_equal(stats->outcomes[CODEC_KEPT_HANDLER], 1);
    assert_int_equal(stats->outcomes[CODEC_KEPT_REJECTED], 1);
    assert_int_equal(stats->in_bytes, 5000 + 5000 + 7000);
    assert_int_equal(stats->out_bytes, packed);
    assert_int_equal(stats->rejected_bytes, 7000);
    buf_release(&out);
    codec_set_free(set);
    free(text);
    free(noise);
}

static void test_policy_out_of_range(void **state)
{
    static const struct codec_policy bad[] = {
        {CODEC_ZSTD, 20, 0},          {CODEC_ZSTD, -8, 0},
        {CODEC_BROTLI, 12, 0},        {CODEC_BROTLI, -1, 0},
        {CODEC_NONE, 1, 0},           {CODEC_COUNT, 0, 0},
        {CODEC_ZSTD, 3, -0.01},       {CODEC_ZSTD, 3, 1.01},
        {CODEC_ZSTD, 3, (double)NAN}, {CODEC_ZSTD, 3, (double)INFINITY},
    };
    struct codec_set *set = new_set();
    struct buf out = {0};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        enum codec_id used = CODEC_COUNT;
        struct err err = {0};

        assert_int_equal(codec_pack(set, &bad[i], false, span_of_str("x"), &out, &used, &err),
                         RC_USAGE);
        assert_int_equal(used, CODEC_NONE);
    }
    for (size_t i = 0; i < CODEC_OUTCOME_COUNT; i++)
        assert_int_equal(codec_set_stats(set)->outcomes[i], 0);
    codec_set_free(set);
    buf_release(&out);
}

/* ---- hostile packed bytes -------------------------------------------------------------------- */

/* Without a checksum a flipped literal yields another byte; the hash above the codec sees that.
 * What the codec owes is the recorded length or RC_CORRUPT, and no byte outside. */
static void check_damage(struct codec_set *set, enum codec_id id, struct span packed,
                         const uint8_t *plain, size_t plain_len)
{
    uint8_t *bad = malloc(packed.len + 1);
    size_t refused = 0;

    assert_non_null(bad);
    memcpy(bad, packed.ptr, packed.len);
    for (size_t i = 0; i < packed.len; i++) {
        for (unsigned flip = 1; flip<256; flip += plain_len> 1000 ? 31 : 1) {
            enum rc rc;

            bad[i] = (uint8_t)(packed.ptr[i] ^ flip);
            rc = unpack_guarded(set, id, span_of(bad, packed.len), plain_len, NULL);
            assert_true(rc == RC_OK || rc == RC_CORRUPT);
            refused += rc == RC_CORRUPT;
        }
        bad[i] = packed.ptr[i];
    }
    assert_true(refused > 0);
    for (size_t len = 0; len < packed.len; len++)
        assert_corrupt(set, id, span_of(packed.ptr, len), plain_len);
    bad[packed.len] = 0;
    assert_corrupt(set, id, span_of(bad, packed.len + 1), plain_len); /* trailing byte */
    assert_corrupt(set, id, packed, plain_len - 1);
    assert_corrupt(set, id, packed, plain_len + 1);
    assert_corrupt(set, id, packed, 0);
    assert_corrupt(set, id, packed, 1);
    assert_int_equal(unpack_guarded(set, id, packed, plain_len, plain), RC_OK);
    free(bad);
}

static void test_damage(void **state)
{
    static const size_t sizes[] = {40, 300, 3000};
    uint8_t *text = new_data(DATA_TEXT, 3000), *zero = new_data(DATA_ZERO, 3000);
    struct codec_set *set = new_set();
    struct buf packed = {0};

    (void)state;
    for (size_t c = 0; c < COUNT_OF(real_codecs); c++) {
        const struct codec *codec = codec_by_id(real_codecs[c]);
        int levels[] = {codec->level_min, codec->level_default, codec->level_max};

        for (size_t l = 0; l < COUNT_OF(levels); l++) {
            for (size_t s = 0; s < COUNT_OF(sizes); s++) {
                if (pack(set, codec->id, levels[l], 0, span_of(text, sizes[s]), &packed) != 0)
                    check_damage(set, codec->id, buf_span(&packed), text, sizes[s]);
                if (pack(set, codec->id, levels[l], 0, span_of(zero, sizes[s]), &packed) != 0)
                    check_damage(set, codec->id, buf_span(&packed), zero, sizes[s]);
            }
        }
    }
    buf_release(&packed);
    codec_set_free(set);
    free(text);
    free(zero);
}

static void test_random_bytes(void **state)
{
    struct codec_set *set = new_set();
    struct rng rng = rng_stream(9, "t_codec", 0);
    uint8_t bytes[200];

    (void)state;
    for (int i = 0; i < 20000; i++) {
        size_t len = rng_below(&rng, sizeof(bytes));

        rng_fill(&rng, bytes, len);
        if (i % 2 == 0 && len >= 4)
            memcpy(bytes, "\x28\xb5\x2f\xfd", 4);
        for (size_t c = 0; c < COUNT_OF(real_codecs); c++) {
            enum rc rc = unpack_guarded(set, real_codecs[c], span_of(bytes, len),
                                        rng_below(&rng, 500), NULL);

            assert_true(rc == RC_OK || rc == RC_CORRUPT);
        }
    }
    codec_set_free(set);
}

static void test_failed_unpack_leaves_no_bytes(void **state)
{
    struct codec_set *set = new_set();
    struct buf out = {0};
    struct err err = {0};

    (void)state;
    assert_int_equal(buf_set(&out, span_of_str("earlier"), &err), RC_OK);
    assert_int_equal(codec_unpack(set, CODEC_ZSTD, span_of_str("nonsense"), 100, &out, &err),
                     RC_CORRUPT);
    assert_int_equal(out.len, 0);
    for (unsigned id = CODEC_COUNT; id < CODEC_COUNT + 3; id++) {
        err_clear(&err);
        assert_int_equal(codec_unpack(set, id, span_of_str("x"), 1, &out, &err), RC_CORRUPT);
        assert_non_null(strstr(err.msg, "id"));
    }
    assert_corrupt(set, ~0u, span_of_str("x"), 1);
    /* a recorded length no blob can have takes no memory */
    for (unsigned id = 0; id < CODEC_COUNT; id++) {
        err_clear(&err);
        assert_int_equal(codec_unpack(set, id, span_of_str("x"), BLOB_BYTES_MAX + 1, &out, &err),
                         RC_CORRUPT);
        err_clear(&err);
        assert_int_equal(codec_unpack(set, id, span_of_str("x"), SIZE_MAX, &out, &err), RC_CORRUPT);
    }
    assert_true(out.cap < 100000);
    buf_release(&out);
    codec_set_free(set);
}

/* RFC 8878 frames written by hand.  Content: a last raw block of five bytes, "hello". */
#define ZSTD_MAGIC     "\x28\xb5\x2f\xfd"
#define HELLO_BLOCK    "\x29\0\0hello"
#define BYTES(literal) span_of((literal), sizeof(literal) - 1)

static void test_zstd_crafted_frames(void **state)
{
    struct codec_set *set = new_set();
    const uint8_t *hello = (const uint8_t *)"hello";

    (void)state;
    /* well formed: single segment with a 1-byte size; window 2^27 with a 4-byte size */
    assert_int_equal(
        unpack_guarded(set, CODEC_ZSTD, BYTES(ZSTD_MAGIC "\x20\x05" HELLO_BLOCK), 5, hello), RC_OK);
    assert_int_equal(unpack_guarded(set, CODEC_ZSTD,
                                    BYTES(ZSTD_MAGIC "\x80\x88\x05\0\0\0" HELLO_BLOCK), 5, hello),
                     RC_OK);
    /* windows of 2^27 + 2^24, 2^28 and the largest */
    assert_corrupt(set, CODEC_ZSTD, BYTES(ZSTD_MAGIC "\x80\x89\x05\0\0\0" HELLO_BLOCK), 5);
    assert_corrupt(set, CODEC_ZSTD, BYTES(ZSTD_MAGIC "\x80\x90\x05\0\0\0" HELLO_BLOCK), 5);
    assert_corrupt(set, CODEC_ZSTD, BYTES(ZSTD_MAGIC "\x80\xff\x05\0\0\0" HELLO_BLOCK), 5);
    /* no declared size; a wrong one */
    assert_corrupt(set, CODEC_ZSTD, BYTES(ZSTD_MAGIC "\x00\x50" HELLO_BLOCK), 5);
    assert_corrupt(set, CODEC_ZSTD, BYTES(ZSTD_MAGIC "\x20\x06" HELLO_BLOCK), 5);
    assert_corrupt(set, CODEC_ZSTD, BYTES(ZSTD_MAGIC "\x20\x06" HELLO_BLOCK), 6);
    assert_corrupt(set, CODEC_ZSTD, BYTES(ZSTD_MAGIC "\x20\x04" HELLO_BLOCK), 4);
    /* a dictionary id of one byte, also when it is zero */
    assert_corrupt(set, CODEC_ZSTD, BYTES(ZSTD_MAGIC "\x21\x07\x05" HELLO_BLOCK), 5);
    assert_corrupt(set, CODEC_ZSTD, BYTES(ZSTD_MAGIC "\x21\x00\x05" HELLO_BLOCK), 5);
    /* an empty frame before and after; a skippable frame before and after */
    assert_corrupt(set, CODEC_ZSTD,
                   BYTES(ZSTD_MAGIC "\x20\x05" HELLO_BLOCK ZSTD_MAGIC "\x20\x00\x01\0\0"), 5);
    assert_corrupt(set, CODEC_ZSTD,
                   BYTES(ZSTD_MAGIC "\x20\x00\x01\0\0" ZSTD_MAGIC "\x20\x05" HELLO_BLOCK), 5);
    assert_corrupt(set, CODEC_ZSTD,
                   BYTES(ZSTD_MAGIC "\x20\x05" HELLO_BLOCK "\x50\x2a\x4d\x18\x00\0\0\0"), 5);
    assert_corrupt(set, CODEC_ZSTD,
                   BYTES("\x50\x2a\x4d\x18\x00\0\0\0" ZSTD_MAGIC "\x20\x05" HELLO_BLOCK), 5);
    /* zstd 0.7's magic, where a library still reads it */
    assert_corrupt(set, CODEC_ZSTD, BYTES("\x27\xb5\x2f\xfd\x20\x05" HELLO_BLOCK), 5);
    codec_set_free(set);
}

/* 2^60 bytes declared in a frame of 17: refused whatever length is recorded. */
static void test_zstd_huge_declaration(void **state)
{
    struct span frame = BYTES(ZSTD_MAGIC "\xc0\x50\0\0\0\0\0\0\0\x10\x01\0\0");
    struct codec_set *set = new_set();
    struct buf out = {0};
    struct err err = {0};

    (void)state;
    assert_true(ZSTD_getFrameContentSize(frame.ptr, frame.len) == (uint64_t)1 << 60);
    assert_corrupt(set, CODEC_ZSTD, frame, 1 << 20);
    assert_corrupt(set, CODEC_ZSTD, frame, 1);
    assert_int_equal(codec_unpack(set, CODEC_ZSTD, frame, (size_t)1 << 60, &out, &err), RC_CORRUPT);
    assert_null(out.ptr);
    codec_set_free(set);
}

static void test_two_frames(void **state)
{
    uint8_t *text = new_data(DATA_TEXT, 2000);
    struct codec_set *set = new_set();
    struct buf one = {0}, two = {0};
    struct err err = {0};

    (void)state;
    for (size_t c = 0; c < COUNT_OF(real_codecs); c++) {
        enum codec_id id = real_codecs[c];

        assert_int_equal(pack(set, id, 5, 0, span_of(text, 2000), &one), id);
        assert_int_equal(buf_set(&two, buf_span(&one), &err), RC_OK);
        assert_int_equal(buf_append(&two, buf_span(&one), &err), RC_OK);
        assert_corrupt(set, id, buf_span(&two), 2000);
        assert_corrupt(set, id, buf_span(&two), 4000);
    }
    buf_release(&one);
    buf_release(&two);
    codec_set_free(set);
    free(text);
}

/* 32 MiB of zeros in a few dozen bytes (brotli) must stop at the recorded length. */
static void test_bombs(void **state)
{
    enum { LEN = 32 << 20 };
    uint8_t *zero = new_data(DATA_ZERO, LEN);
    struct codec_set *set = new_set();
    struct buf packed = {0};

    (void)state;
    for (size_t c = 0; c < COUNT_OF(real_codecs); c++) {
        enum codec_id id = real_codecs[c];

        assert_int_equal(pack(set, id, 5, 0, span_of(zero, LEN), &packed), id);
        assert_true(packed.len < 4096);
        assert_corrupt(set, id, buf_span(&packed), 1000);
        assert_corrupt(set, id, buf_span(&packed), LEN - 1);
        assert_corrupt(set, id, buf_span(&packed), LEN + 1);
        assert_int_equal(unpack_guarded(set, id, buf_span(&packed), LEN, zero), RC_OK);
    }
    buf_release(&packed);
    codec_set_free(set);
    free(zero);
}

static void test_brotli_large_window_is_refused(void **state)
{
    BrotliEncoderState *encoder = BrotliEncoderCreateInstance(NULL, NULL, NULL);
    uint8_t *text = new_data(DATA_TEXT, 5000);
    uint8_t stream[6000];
    const uint8_t *next_in = text;
    uint8_t *next_out = stream;
    size_t in_left = 5000, out_left = sizeof(stream);
    struct codec_set *set = new_set();

    (void)state;
    assert_non_null(encoder);
    assert_true(BrotliEncoderSetParameter(encoder, BROTLI_PARAM_LARGE_WINDOW, 1));
    assert_true(BrotliEncoderSetParameter(encoder, BROTLI_PARAM_LGWIN, 28));
    assert_true(BrotliEncoderCompressStream(encoder, BROTLI_OPERATION_FINISH, &in_left, &next_in,
                                            &out_left, &next_out, NULL));
    assert_true(BrotliEncoderIsFinished(encoder));
    BrotliEncoderDestroyInstance(encoder);
    assert_corrupt(set, CODEC_BROTLI, span_of(stream, sizeof(stream) - out_left), 5000);
    codec_set_free(set);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_round_trips),
        cmocka_unit_test(test_none_copies),
        cmocka_unit_test(test_equal_input_gives_equal_bytes),
        cmocka_unit_test(test_margin_edges),
        cmocka_unit_test(test_out_is_untouched_unless_packed),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_policy_out_of_range),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_random_bytes),
        cmocka_unit_test(test_failed_unpack_leaves_no_bytes),
        cmocka_unit_test(test_zstd_crafted_frames),
        cmocka_unit_test(test_zstd_huge_declaration),
        cmocka_unit_test(test_two_frames),
        cmocka_unit_test(test_bombs),
        cmocka_unit_test(test_brotli_large_window_is_refused),
    };

    return cmocka_run_group_tests_name("codec", tests, NULL, NULL);
}
