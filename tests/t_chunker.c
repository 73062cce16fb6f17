/* t_chunker: the Gear table, the promises of chunker.h, and cuts that must never change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/chunker.h"
#include "engine/rng.h"

static const uint64_t gear[256] = {
#include "engine/chunker_gear.def"
};

/* Cut positions, ends of chunks. */
struct cuts {
    size_t *ends;
    size_t count;
};

/* Independent of rng.c's generators: the golden cuts must outlive any change there. */
static uint8_t *fixed_bytes(size_t len, uint64_t seed)
{
    uint8_t *bytes = malloc(len);

    assert_non_null(bytes);
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)(mix64(seed + i / 8) >> (i % 8 * 8));
    return bytes;
}

static struct chunker make(enum chunker_kind kind, size_t min, size_t avg, size_t max,
                           unsigned norm)
{
    struct chunker chunker;
    struct err err = {0};

    assert_int_equal(chunker_init(&chunker, kind, min, avg, max, norm, &err), RC_OK);
    return chunker;
}

/* Cuts all of `bytes`; chunks concatenate to the input by construction of `at`. */
static struct cuts cut_all(const struct chunker *chunker, const uint8_t *bytes, size_t len)
{
    struct cuts cuts = {0};
    size_t at = 0;

    cuts.ends = calloc(len / chunker->min + 2, sizeof(*cuts.ends));
    assert_non_null(cuts.ends);
    while (at < len) {
        size_t step = chunker_next(chunker, span_of(bytes + at, len - at));

        assert_in_range(step, 1, len - at);
        assert_true(step <= chunker->max);
        if (at + step < len)
            assert_true(step >= chunker->min);
        at += step;
        cuts.ends[cuts.count++] = at;
    }
    assert_true(len == 0 || cuts.ends[cuts.count - 1] == len);
    return cuts;
}

static void test_gear_table_is_its_formula(void **state)
{
    (void)state;
    for (size_t i = 0; i < 256; i++)
        assert_true(gear[i] == mix64(0x626c6f6267656172 + i)); /* "blobgear" */
}

/* ---- a slow twin: the definition, judged afresh at every length ------------------------------ */

static uint64_t naive_hash(const uint8_t *bytes, size_t len)
{
    uint64_t hash = 0;

    for (size_t i = len - 64; i < len; i++)
        hash = (hash << 1) + gear[bytes[i]];
    return hash;
}

static size_t naive_next(const struct chunker *c, const uint8_t *bytes, size_t len)
{
    for (size_t n = c->min; n < len && n < c->max; n++)
        if ((naive_hash(bytes, n) & (n < c->avg ? c->mask_small : c->mask_large)) == 0)
            return n;
    return len < c->max ? len : c->max;
}

static void test_equals_the_definition(void **state)
{
    static const size_t params[][3] = {
        {64, 256, 4096}, {256, 256, 256},    {64, 256, 256},      {256, 256, 1024},
        {64, 512, 600},  {1000, 1024, 1025}, {2048, 8192, 65536},
    };
    enum { LEN = 200000 };
    uint8_t *bytes = fixed_bytes(LEN, 7);

    (void)state;
    for (size_t p = 0; p < COUNT_OF(params); p++) {
        for (unsigned norm = 0; norm <= 3; norm++) {
            struct chunker c =
                make(CHUNKER_FASTCDC, params[p][0], params[p][1], params[p][2], norm);

            for (size_t at = 0; at < LEN;) {
                size_t step = chunker_next(&c, span_of(bytes + at, LEN - at));

                assert_int_equal(step, naive_next(&c, bytes + at, LEN - at));
                at += step;
            }
        }
    }
    free(bytes);
}

static unsigned bit_count(uint64_t value)
{
    unsigned count = 0;

    for (; value != 0; value &= value - 1)
        count++;
    return count;
}

static void test_masks(void **state)
{
    (void)state;
    for (unsigned bits = 8; bits <= 26; bits++) {
        for (unsigned norm = 0; norm <= 3; norm++) {
            struct chunker c =
                make(CHUNKER_FASTCDC, 64, (size_t)1 << bits, (size_t)(64 * MIB), norm);

            assert_int_equal(bit_count(c.mask_small), bits + norm);
            assert_int_equal(bit_count(c.mask_large), bits - norm);
            assert_true((c.mask_small & 0xffff) == 0 && (c.mask_large & 0xffff) == 0);
            assert_true(c.mask_small >> 63 == 1 && c.mask_large >> 63 == 1);
        }
    }
}

/* ---- promises -------------------------------------------------------------------------------- */

static void test_bounds_on_all_kinds_of_data(void **state)
{
    enum { LEN = 1 << 20 };
    uint8_t *bytes = fixed_bytes(LEN, 3);
    size_t avgs[] = {256, 1024, 8192, 65536};

    (void)state;
    for (int data = 0; data < 3; data++) { /* random; one byte repeated; a short period */
        if (data == 1)
            memset(bytes, 0, LEN);
        for (size_t i = 0; data == 2 && i < LEN; i++)
            bytes[i] = (uint8_t)(i % 7);
        for (size_t a = 0; a < COUNT_OF(avgs); a++) {
            for (unsigned norm = 0; norm <= 3; norm++) {
                size_t avg = avgs[a];
                struct chunker c = make(CHUNKER_FASTCDC, avg / 4, avg, avg * 4, norm);
                struct cuts once = cut_all(&c, bytes, LEN);
                struct cuts again = cut_all(&c, bytes, LEN);

                assert_int_equal(once.count, again.count);
                assert_memory_equal(once.ends, again.ends, once.count * sizeof(*once.ends));
                free(once.ends);
                free(again.ends);
            }
        }
    }
    free(bytes);
}

static void test_short_inputs(void **state)
{
    uint8_t *bytes = fixed_bytes(5000, 11);
    struct chunker c = make(CHUNKER_FASTCDC, 64, 256, 1024, 1);

    (void)state;
    for (size_t len = 1; len < 5000; len++) {
        /* a copy of its own, so that a sanitizer sees any read beyond the end */
        uint8_t *copy = malloc(len);

        assert_non_null(copy);
        memcpy(copy, bytes, len);
        assert_in_range(chunker_next(&c, span_of(copy, len)), len < 64 ? len : 64,
                        len < 1024 ? len : 1024);
        free(copy);
    }
    free(bytes);
}

/* A cut found inside the input does not depend on what follows it. */
static void test_cut_is_causal(void **state)
{
    uint8_t *bytes = fixed_bytes(1 << 16, 5);
    struct chunker c = make(CHUNKER_FASTCDC, 512, 2048, 8192, 2);
    size_t cut = chunker_next(&c, span_of(bytes, 1 << 16));

    (void)state;
    assert_true(cut < 8192);
    for (size_t len = cut; len < cut + 3000; len++)
        assert_int_equal(chunker_next(&c, span_of(bytes, len)), cut);
    for (size_t len = 1; len < cut; len++)
        assert_int_equal(chunker_next(&c, span_of(bytes, len)), len);
    free(bytes);
}

static void test_mean_is_near_avg(void **state)
{
    enum { LEN = 32 << 20 };
    uint8_t *bytes = fixed_bytes(LEN, 1000000007);

    (void)state;
    for (unsigned norm = 1; norm <= 3; norm++) {
        struct chunker c = make(CHUNKER_FASTCDC, 2048, 8192, 65536, norm); /* the paper's sizes */
        struct cuts cuts = cut_all(&c, bytes, LEN);
        size_t mean = LEN / cuts.count;

        assert_in_range(mean, 8192 * 3 / 4, 8192 * 5 / 4);
        free(cuts.ends);
    }
    free(bytes);
}

/* An insertion near the start: from some early cut on, all cuts are those of the original, moved.
 * Higher norms find back later, because which mask judges a place depends on the chunk's start;
 * seen here: at most 14 chunks of 475, at norm 3. */
static void check_resync(const uint8_t *bytes, size_t len, size_t inserted, unsigned norm)
{
    enum { AT = 5000 };
    struct chunker c = make(CHUNKER_FASTCDC, 1024, 4096, 32768, norm);
    struct cuts before = cut_all(&c, bytes, len);
    uint8_t *edited = malloc(len + inserted);
    struct cuts after;
    size_t same = 0;

    assert_non_null(edited);
    memcpy(edited, bytes, AT);
    memset(edited + AT, 0x5a, inserted);
    memcpy(edited + AT + inserted, bytes + AT, len - AT);
    after = cut_all(&c, edited, len + inserted);
    while (same < before.count && same < after.count &&
           before.ends[before.count - 1 - same] + inserted == after.ends[after.count - 1 - same])
        same++;
    assert_true(before.count - same <= 32);
    assert_true(after.count - same <= 32);
    assert_true(before.count > 200);
    free(before.ends);
    free(after.ends);
    free(edited);
}

static void test_insert_resyncs(void **state)
{
    enum { LEN = 2 << 20 };
    static const size_t inserts[] = {1, 7, 64, 1000, 5000};
    uint8_t *bytes = fixed_bytes(LEN, 77);

    (void)state;
    for (unsigned norm = 0; norm <= 3; norm++)
        for (size_t i = 0; i < COUNT_OF(inserts); i++)
            check_resync(bytes, LEN, inserts[i], norm);
    free(bytes);
}

static void test_fixed(void **state)
{
    uint8_t bytes[1000] = {0};
    struct chunker c = make(CHUNKER_FIXED, 64, 300, 500, 0);

    (void)state;
    assert_int_equal(chunker_next(&c, span_of(bytes, 1)), 1);
    assert_int_equal(chunker_next(&c, span_of(bytes, 299)), 299);
    assert_int_equal(chunker_next(&c, span_of(bytes, 300)), 300);
    assert_int_equal(chunker_next(&c, span_of(bytes, 301)), 300);
    assert_int_equal(chunker_next(&c, span_of(bytes, 1000)), 300);
}

/* ---- parameters ------------------------------------------------------------------------------ */

static void test_parameters_at_fault_are_named(void **state)
{
    static const struct {
        enum chunker_kind kind;
        size_t min, avg, max;
        unsigned norm;
        const char *name;
    } rows[] = {
        {CHUNKER_FASTCDC, 63, 256, 1024, 0, "min 63"},
        {CHUNKER_FASTCDC, 0, 256, 1024, 0, "min 0"},
        {CHUNKER_FASTCDC, 64, 256, 67108865, 0, "max 67108865"},
        {CHUNKER_FASTCDC, 512, 256, 1024, 0, "avg 256"},
        {CHUNKER_FASTCDC, 64, 1024, 512, 0, "max 512"},
        {CHUNKER_FASTCDC, 64, 300, 1024, 0, "avg 300"},
        {CHUNKER_FASTCDC, 64, 128, 1024, 0, "avg 128"},
        {CHUNKER_FASTCDC, 64, 256, 1024, 4, "norm 4"},
        {CHUNKER_FIXED, 32, 256, 1024, 0, "min 32"},
        {CHUNKER_FIXED, 64, 63, 1024, 0, "avg 63"},
        {CHUNKER_FIXED, 64, 256, 255, 0, "max 255"},
        {CHUNKER_FIXED, 64, 256, SIZE_MAX, 0, "max 18446744073709551615"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct chunker chunker;
        struct err err = {0};

        assert_int_equal(chunker_init(&chunker, rows[i].kind, rows[i].min, rows[i].avg, rows[i].max,
                                      rows[i].norm, &err),
                         RC_USAGE);
        assert_non_null(strstr(err.msg, rows[i].name));
    }
}

static void test_parameters_at_the_limits(void **state)
{
    (void)state;
    make(CHUNKER_FASTCDC, 64, 256, 256, 3);
    make(CHUNKER_FASTCDC, 256, 256, 256, 3);
    make(CHUNKER_FASTCDC, (size_t)(64 * MIB), (size_t)(64 * MIB), (size_t)(64 * MIB), 3);
    make(CHUNKER_FIXED, 64, 64, 64, 0);
    make(CHUNKER_FIXED, 64, 4097, 4097, 0);
}

/* ---- golden ---------------------------------------------------------------------------------- */

/* Computed by a separate Python program from the definition in chunker.h and chunker.c (64-byte
 * windows, masks, mix64 table), not taken from this code.  A store's chunks depend on them. */
static const uint32_t golden_16k_norm2[] = {
    27742,  52477,  71750,  88312,  117026, 138756, 173443, 190301,  210382,  227443,  246104,
    260269, 279466, 311738, 328527, 345298, 367997, 377639, 394261,  401844,  418454,  441611,
    471225, 480267, 502540, 523706, 544077, 560513, 576709, 590240,  606992,  624024,  652656,
    671008, 689424, 713637, 736479, 758840, 766846, 785439, 808629,  826340,  850732,  874181,
    887561, 904018, 921152, 940913, 961081, 978836, 997331, 1013828, 1019599, 1037302, 1048576,
};
static const uint32_t golden_64k_norm0[] = {
    161428, 211839, 260269, 283426, 314075, 377639, 401844, 442616,  480267,
    526985, 576709, 669474, 766846, 887561, 939850, 958390, 1019599, 1048576,
};
static const uint32_t golden_64k_norm1[] = {
    54318,  77598,  114679, 176953, 233573, 300205, 338878, 360464, 433547,  451684,
    519764, 589103, 691160, 712679, 773480, 796443, 821548, 940859, 1048576,
};
static const uint32_t golden_64k_norm3[] = {
    77707,  143872, 210689, 278682, 351547, 386676, 454417,  523467,
    596067, 662463, 735355, 816912, 885509, 960863, 1046209, 1048576,
};

static void check_golden(struct chunker chunker, const uint32_t *ends, size_t count)
{
    enum { LEN = 1 << 20 };
    uint8_t *bytes = fixed_bytes(LEN, 0);
    struct cuts cuts = cut_all(&chunker, bytes, LEN);

    assert_int_equal(cuts.count, count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(cuts.ends[i], ends[i]);
    free(cuts.ends);
    free(bytes);
}

static void test_golden_cuts(void **state)
{
    (void)state;
    check_golden(make(CHUNKER_FASTCDC, 4096, 16384, 131072, 2), golden_16k_norm2,
                 COUNT_OF(golden_16k_norm2));
    check_golden(make(CHUNKER_FASTCDC, 16384, 65536, 262144, 0), golden_64k_norm0,
                 COUNT_OF(golden_64k_norm0));
    check_golden(make(CHUNKER_FASTCDC, 16384, 65536, 262144, 1), golden_64k_norm1,
                 COUNT_OF(golden_64k_norm1));
    check_golden(make(CHUNKER_FASTCDC, 16384, 65536, 262144, 3), golden_64k_norm3,
                 COUNT_OF(golden_64k_norm3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gear_table_is_its_formula),
        cmocka_unit_test(test_equals_the_definition),
        cmocka_unit_test(test_masks),
        cmocka_unit_test(test_bounds_on_all_kinds_of_data),
        cmocka_unit_test(test_short_inputs),
        cmocka_unit_test(test_cut_is_causal),
        cmocka_unit_test(test_mean_is_near_avg),
        cmocka_unit_test(test_insert_resyncs),
        cmocka_unit_test(test_fixed),
        cmocka_unit_test(test_parameters_at_fault_are_named),
        cmocka_unit_test(test_parameters_at_the_limits),
        cmocka_unit_test(test_golden_cuts),
    };

    return cmocka_run_group_tests_name("chunker", tests, NULL, NULL);
}
