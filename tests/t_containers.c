/* t_containers: files of compressed media are what their formats ask for, whatever the payload and
 * at every length; their bytes never change; no codec makes them smaller; what an edit does to a
 * file is what its class says.  That tools of other people open them is tests/cli/media.sh. */
#include <inttypes.h>
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

#include "datasets/container.h"
#include "datasets/content_class.h"
#include "engine/clock.h"
#include "engine/hash.h"
#include "engine/rng.h"
#include "tests/support_media.h"

#if defined(__has_feature)
#define HAS_FEATURE(name) __has_feature(name)
#else
#define HAS_FEATURE(name) 0
#endif
#if !defined(__OPTIMIZE__) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || \
    HAS_FEATURE(address_sanitizer) || HAS_FEATURE(thread_sanitizer)
static const bool slow_build = true;
#else
static const bool slow_build = false;
#endif

/* What is true of each class beside what its functions say. */
static const struct trait {
    const char *name;
    size_t head_max;    /* bytes before the payload that an edit may change */
    size_t differ_max;  /* bytes of a file that may change when one of the payload's does */
    bool moves;         /* an insertion moves what is behind it and changes nothing */
    uint64_t golden[4]; /* first halves of XXH3-128, lengths as in golden_lens */
} traits[] = {
    {.name = "png",
     .head_max = 40,
     .differ_max = 13,
     .moves = false,
     .golden = {UINT64_C(0xb56265edfb175e9c), UINT64_C(0x72db010156f6d4a1),
                UINT64_C(0xa9cb8faaf1ac4536), UINT64_C(0xebc2bcca0c66fb61)}},
    {.name = "gif",
     .head_max = 900,
     .differ_max = 1600,
     .moves = false,
     .golden = {UINT64_C(0xe6f64c0a8d9f0f46), UINT64_C(0x3479ab2c4a62ab28),
                UINT64_C(0xde72b68e37984c5c), UINT64_C(0xc34e159408349cd0)}},
    {.name = "jpeg",
     .head_max = 1000,
     .differ_max = 1,
     .moves = true,
     .golden = {UINT64_C(0x3a837270c95f651a), UINT64_C(0x2cfce2ba9eeb7f82),
                UINT64_C(0x0107ff8257e40ae1), UINT64_C(0x134ec173f7a779d1)}},
    {.name = "zip",
     .head_max = 1000,
     .differ_max = 9,
     .moves = true,
     .golden = {UINT64_C(0x59cf758d6b59ac9c), UINT64_C(0x08653befd5f38d22),
                UINT64_C(0x5d207bad1b46e150), UINT64_C(0x5df3ff336cdd0e22)}},
    {.name = "mp4",
     .head_max = 1000,
     .differ_max = 1,
     .moves = true,
     .golden = {UINT64_C(0xf28187223d4b5e75), UINT64_C(0xb5b33ed8a549a76f),
                UINT64_C(0x35533bc7bedb0b5d), UINT64_C(0xd816daf379f83dc6)}},
    {.name = "mov",
     .head_max = 100,
     .differ_max = 1,
     .moves = true,
     .golden = {UINT64_C(0xda1c2b72c23fc155), UINT64_C(0x0acc626eaed8e6bc),
                UINT64_C(0x2d5bed778698291e), UINT64_C(0xbf3f634fe322f308)}},
    {.name = "pdf",
     .head_max = 1000,
     .differ_max = 1,
     .moves = true,
     .golden = {UINT64_C(0xb7e8aefdd83c1cb9), UINT64_C(0xc2620bdb55c8ca75),
                UINT64_C(0x25e6333cf4416473), UINT64_C(0x1593614a5cac889a)}},
};
static const size_t golden_lens[4] = {2048, 10007, 65536, 1048576};

#define EACH_CLASS(trait, class)                                                         \
    for (const struct trait *trait = traits; trait < traits + COUNT_OF(traits); trait++) \
        for (const struct content_class *class = content_class_by_name(trait->name);     \
             class != NULL; class = NULL)

static uint8_t *alloc(size_t len)
{
    uint8_t *bytes = malloc(len + 1);
    assert_non_null(bytes);
    return bytes;
}

/* A copy of its own, so that a sanitizer sees any read beyond its end. */
static struct span payload_of(const struct content_class *class, uint64_t seed, size_t len)
{
    uint8_t *bytes = malloc(len > 0 ? len : 1);
    assert_non_null(bytes);
    class->fill(seed, SAVING_NATURAL, bytes, len);
    return span_of(bytes, len);
}

static void drop(struct span bytes)
{
    union {
        const uint8_t *borrowed;
        uint8_t *own;
    } ptr = {bytes.ptr};
    free(ptr.own);
}

/* Into memory of exactly that length, first full of other bytes. */
static struct span wrapped(const struct content_class *class, uint64_t seed, struct span payload,
                           size_t file_len)
{
    uint8_t *bytes = malloc(file_len);
    assert_non_null(bytes);
    memset(bytes, 0xa5, file_len);
    class->wrap(seed, payload, bytes, file_len);
    return span_of(bytes, file_len);
}

static void assert_sound(const struct content_class *class, struct span file, struct span payload)
{
    const char *defect = media_defect(class->name, file, payload);
    if (defect)
        fail_msg("%s: a file of %zu bytes, payload of %zu: %s does not hold", class->name, file.len,
                 payload.len, defect);
}

/* The file of exactly that length with the longest payload. */
static void check_len(const struct content_class *class, size_t file_len)
{
    size_t len = class->payload_len(file_len);
    assert_true(class->file_len(len) <= file_len);
    assert_true(class->file_len(len + 1) > file_len);
    struct span payload = payload_of(class, file_len, len);
    struct span file = wrapped(class, 3, payload, file_len);
    assert_sound(class, file, payload);
    drop(file);
    drop(payload);
}

static void every_length_is_met(void **unused)
{
    (void)unused;
    EACH_CLASS(trait, class)
    {
        assert_in_range(class->len_min, class->file_len(0), 2048);
        for (size_t len = class->len_min; len <= class->len_min + 600; len++)
            check_len(class, len);
        static const size_t large[] = {4096, 6200, 16384, 65535, 65536, 98304, 99000, 1000003};
        for (size_t i = 0; i < COUNT_OF(large); i++)
            check_len(class, large[i]);
        check_len(class, slow_build ? 1599999 : 5242887);
    }
}

/* file_len never falls, payload_len is its inverse, and both at sizes no test writes. */
static void lengths_are_inverse(void **unused)
{
    (void)unused;
    EACH_CLASS(trait, class)
    {
        struct rng rng = rng_stream(1, "t_containers.lengths", 0);
        size_t before = class->file_len(0), step = 1;
        for (size_t len = 0; len < (size_t)100000000; len += step) {
            size_t file_len = class->file_len(len);
            assert_true(file_len >= before && file_len > len);
            assert_true(class->payload_len(file_len) >= len);
            assert_true(class->file_len(class->payload_len(file_len)) == file_len);
            before = file_len;
            step = len < 9000 ? 1 : 1 + (size_t)rng_below(&rng, len / 8);
        }
    }
}

static void sixty_four_mebibytes(void **unused)
{
    (void)unused;
    if (slow_build)
        skip();
    EACH_CLASS(trait, class)
    check_len(class, 64 << 20);
}

static struct span random_bytes(struct rng *rng, size_t len)
{
    uint8_t *bytes = malloc(len > 0 ? len : 1);
    assert_non_null(bytes);
    switch (rng_below(rng, 4)) {
    case 0: memset(bytes, 0xff, len); break;
    case 1: memset(bytes, (int)rng_below(rng, 256), len); break;
    case 2:
        for (size_t i = 0; i < len; i++)
            bytes[i] = (uint8_t)(i % 3 == 0 ? rng_below(rng, 3) : 0x10 * rng_below(rng, 3));
        break;
    default: rng_fill(rng, bytes, len);
    }
    return span_of(bytes, len);
}

/* Payloads that no fill made, of any length, in files with room to spare. */
static void any_payload_is_taken(void **unused)
{
    (void)unused;
    static const uint64_t limits[] = {1, 40, 700, 9000, 70000, 300000};
    EACH_CLASS(trait, class)
    {
        struct rng rng = rng_stream(1, "t_containers.any", 0);
        for (size_t i = 0; i < (slow_build ? 60 : 300); i++) {
            size_t len = (size_t)rng_below(&rng, limits[rng_below(&rng, COUNT_OF(limits))]);
            size_t spare = (size_t)rng_below(&rng, limits[rng_below(&rng, COUNT_OF(limits))]);
            struct span payload = random_bytes(&rng, len);
            struct span file = wrapped(class, i, payload, class->file_len(len) + spare);
            assert_sound(class, file, payload);
            drop(file);
            drop(payload);
        }
    }
}

static void comments_end_where_they_must(void **unused)
{
    (void)unused;
    EACH_CLASS(trait, class)
    {
        struct span payload = payload_of(class, 1, 100);
        for (size_t spare = 65500; spare < 65600; spare++) {
            struct span file = wrapped(class, 1, payload, class->file_len(100) + spare);
            assert_sound(class, file, payload);
            drop(file);
        }
        drop(payload);
    }
}

/* The readers of this test see what is wrong: a byte of the payload or a byte too few. */
static void damage_is_seen(void **unused)
{
    (void)unused;
    EACH_CLASS(trait, class)
    {
        struct span payload = payload_of(class, 1, 50000);
        size_t len = class->file_len(payload.len);
        uint8_t *bytes = alloc(len);
        class->wrap(1, payload, bytes, len);
        assert_null(media_defect(class->name, span_of(bytes, len), payload));
        assert_non_null(media_defect(class->name, span_of(bytes, len - 1), payload));
        for (size_t at = len / 4; at < len * 3 / 4; at += 997) {
            bytes[at] ^= 0x80;
            assert_non_null(media_defect(class->name, span_of(bytes, len), payload));
            bytes[at] ^= 0x80;
        }
        free(bytes);
        drop(payload);
    }
}

/* ---- the same bytes for ever ----------------------------------------------------------------- */

static void bytes_never_change(void **unused)
{
    (void)unused;
    size_t changed = 0;
    EACH_CLASS(trait, class)
    {
        for (size_t i = 0; i < COUNT_OF(golden_lens); i++) {
            struct span payload = payload_of(class, 42, class->payload_len(golden_lens[i]));
            struct span file = wrapped(class, 42, payload, golden_lens[i]);
            struct hash128 hash = hash_xxh128(file);
            uint64_t got = 0;
            for (size_t k = 0; k < 8; k++)
                got = got << 8 | hash.bytes[k];
            if (got != trait->golden[i])
                print_message("# %s of %zu bytes: 0x%016" PRIx64 "\n", class->name, golden_lens[i],
                              got);
            changed += got != trait->golden[i];
            struct span again = wrapped(class, 42, payload, golden_lens[i]);
            assert_true(span_equal(file, again));
            drop(again);
            drop(file);
            drop(payload);
        }
    }
    assert_int_equal(changed, 0);
}

static void seeds_give_other_bytes(void **unused)
{
    (void)unused;
    EACH_CLASS(trait, class)
    {
        struct span a = payload_of(class, 1, 4096), b = payload_of(class, 2, 4096);
        size_t equal = 0;
        for (size_t i = 0; i < a.len; i++)
            equal += a.ptr[i] == b.ptr[i];
        assert_true(equal < 64); /* 16 by chance */
        drop(a);
        drop(b);
    }
}

/* ---- what codecs make of them ---------------------------------------------------------------- */

static double zstd_saving(struct span bytes, int level)
{
    size_t room = ZSTD_compressBound(bytes.len);
    uint8_t *packed = alloc(room);
    size_t len = ZSTD_compress(packed, room, bytes.ptr, bytes.len, level);
    assert_false(ZSTD_isError(len));
    free(packed);
    return 1 - (double)len / (double)bytes.len;
}

static double brotli_saving(struct span bytes)
{
    size_t len = BrotliEncoderMaxCompressedSize(bytes.len);
    uint8_t *packed = alloc(len);
    assert_true(
        BrotliEncoderCompress(9, 22, BROTLI_MODE_GENERIC, bytes.len, bytes.ptr, &len, packed));
    free(packed);
    return 1 - (double)len / (double)bytes.len;
}

static void no_codec_saves(void **unused)
{
    (void)unused;
    static const size_t lens[] = {32768, 65536, 1048576};
    EACH_CLASS(trait, class)
    {
        for (size_t i = 0; i < COUNT_OF(lens); i++) {
            struct span payload = payload_of(class, 5, class->payload_len(lens[i]));
            struct span file = wrapped(class, 5, payload, lens[i]);
            double zstd3 = zstd_saving(file, 3), zstd19 = zstd_saving(file, 19);
            double brotli = brotli_saving(file);
            print_message(
                "# %-4s %7zu bytes: zstd -3 saves %.2f %%, -19 %.2f %%, brotli -9 %.2f %%\n",
                class->name, lens[i], 100 * zstd3, 100 * zstd19, 100 * brotli);
            assert_true(zstd3 < 0.03 && zstd19 < 0.03 && brotli < 0.03);
            drop(file);
            drop(payload);
        }
    }
}

/* ---- edits ----------------------------------------------------------------------------------- */

enum { EDITED = 300000, AT = 123456, NEW = 1000 };

static size_t count_different(struct span a, struct span b)
{
    size_t count = 0;
    assert_int_equal(a.len, b.len);
    for (size_t i = 0; i < a.len; i++)
        count += a.ptr[i] != b.ptr[i];
    return count;
}

static size_t equal_front(struct span a, struct span b)
{
    size_t n = 0;
    while (n < a.len && n < b.len && a.ptr[n] == b.ptr[n])
        n++;
    return n;
}

static void overwriting_changes_little(void **unused)
{
    (void)unused;
    EACH_CLASS(trait, class)
    {
        size_t len = class->file_len(EDITED) + 100;
        struct span old = payload_of(class, 9, EDITED);
        uint8_t *bytes = alloc(EDITED);
        memcpy(bytes, old.ptr, EDITED);
        bytes[AT] ^= 0x55;
        struct span before = wrapped(class, 9, old, len);
        struct span after = wrapped(class, 9, span_of(bytes, EDITED), len);
        size_t differ = count_different(before, after);
        print_message("# %-4s one byte overwritten: %zu bytes differ\n", class->name, differ);
        assert_in_range(differ, 1, trait->differ_max);
        free(bytes);
        drop(old);
        drop(before);
        drop(after);
    }
}

/* Where `needle` stands in `bytes`; 0: nowhere. */
static size_t find(struct span bytes, struct span needle)
{
    for (size_t at = 1; at + needle.len <= bytes.len; at++)
        if (bytes.ptr[at] == needle.ptr[0] && memcmp(bytes.ptr + at, needle.ptr, needle.len) == 0)
            return at;
    return 0;
}

static void an_insertion_moves_what_is_behind(void **unused)
{
    (void)unused;
    EACH_CLASS(trait, class)
    {
        struct span old = payload_of(class, 9, EDITED);
        uint8_t *bytes = alloc(EDITED + NEW);
        struct rng rng = rng_stream(1, "t_containers.insert", 0);
        memcpy(bytes, old.ptr, AT);
        rng_fill(&rng, bytes + AT, NEW);
        memcpy(bytes + AT + NEW, old.ptr + AT, EDITED - AT);
        struct span before = wrapped(class, 9, old, class->file_len(EDITED));
        struct span after =
            wrapped(class, 9, span_of(bytes, EDITED + NEW), class->file_len(EDITED + NEW));
        /* Before the edit all but the head is the same, at the same place. */
        size_t from = trait->head_max + equal_front(span_of(before.ptr + trait->head_max, AT / 2),
                                                    span_of(after.ptr + trait->head_max, AT / 2));
        assert_true(from >= trait->head_max + AT / 2);
        struct span tail = span_of(before.ptr + before.len / 2, (EDITED - AT) / 2);
        if (trait->moves)
            assert_int_equal(find(after, tail), before.len / 2 + NEW);
        free(bytes);
        drop(old);
        drop(before);
        drop(after);
    }
}

/* ---- what they cost -------------------------------------------------------------------------- */

static void a_gigabyte_in_a_second(void **unused)
{
    (void)unused;
    if (slow_build)
        skip();
    static const size_t lens[] = {65536, 1048576};
    EACH_CLASS(trait, class)
    {
        for (size_t i = 0; i < COUNT_OF(lens); i++) {
            size_t len = class->payload_len(lens[i]);
            uint8_t *payload = alloc(len), *file = alloc(lens[i]);
            double best_ns = INFINITY;
            for (int round = 0; round < 20; round++) {
                uint64_t start_ns = clock_cpu().total_ns;
                assert_int_equal(class->payload_len(lens[i]), len);
                assert_in_range(class->file_len(len), len, lens[i]);
                class->fill((uint64_t)round, SAVING_NATURAL, payload, len);
                class->wrap((uint64_t)round, span_of(payload, len), file, lens[i]);
                best_ns = fmin(best_ns, (double)(clock_cpu().total_ns - start_ns));
            }
            double speed = (double)lens[i] / best_ns;
            print_message("# %-4s %7zu bytes: %.2f GB/s\n", class->name, lens[i], speed);
            assert_true(speed > 0.3); /* promised is 1; another program may run beside this one */
            free(payload);
            free(file);
        }
    }
}

/* ---- pictures -------------------------------------------------------------------------------- */

static void roots_and_sides_are_what_they_should_be(void **unused)
{
    (void)unused;
    struct rng rng = rng_stream(1, "t_containers.sides", 0);
    size_t before = 0;
    for (size_t area = 1; area < (size_t)1 << 36;
         area += area < 3000 ? 1 : 1 + (size_t)rng_below(&rng, area / 99)) {
        size_t root = container_root(area);
        assert_true(root * root <= area && (root + 1) * (root + 1) > area);
        struct container_sides above = container_sides_above(area);
        struct container_sides below = container_sides_below(area);
        size_t more = above.across * above.down, less = below.across * below.down;
        assert_true(more >= area && more - area < root + 1);
        assert_true(less <= area && area - less < root + 1);
        assert_true(more >= before);
        before = more;
        assert_true(above.across <= above.down && above.down <= 4 * above.across);
        assert_true(below.across <= below.down && below.down <= 4 * below.across);
    }
}

/* The longest blob there may be is a length like others; nobody writes one here. */
static void the_longest_blob_has_a_payload(void **unused)
{
    (void)unused;
    EACH_CLASS(trait, class)
    {
        size_t len = class->payload_len(BLOB_BYTES_MAX);
        assert_true(class->file_len(len) <= BLOB_BYTES_MAX);
        assert_in_range(len, BLOB_BYTES_MAX / 2, BLOB_BYTES_MAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roots_and_sides_are_what_they_should_be),
        cmocka_unit_test(the_longest_blob_has_a_payload),
        cmocka_unit_test(every_length_is_met),
        cmocka_unit_test(lengths_are_inverse),
        cmocka_unit_test(sixty_four_mebibytes),
        cmocka_unit_test(any_payload_is_taken),
        cmocka_unit_test(comments_end_where_they_must),
        cmocka_unit_test(damage_is_seen),
        cmocka_unit_test(bytes_never_change),
        cmocka_unit_test(seeds_give_other_bytes),
        cmocka_unit_test(no_codec_saves),
        cmocka_unit_test(overwriting_changes_little),
        cmocka_unit_test(an_insertion_moves_what_is_behind),
        cmocka_unit_test(a_gigabyte_in_a_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
