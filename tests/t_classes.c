/* t_classes: content is the same for ever, saves what was asked, shares nothing, is well formed.
 *
 * Containers other than SQLite's have suites of their own; what holds for every class is tested for
 * every row of the table.
 */
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <cjson/cJSON.h>
#include <sqlite3.h>
#include <zstd.h>

#include "datasets/content_class.h"
#include "datasets/saving_curve.h"
#include "engine/chunker.h"
#include "engine/clock.h"
#include "engine/hash.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

static void *must_alloc(size_t len)
{
    void *ptr = malloc(len != 0 ? len : 1);
    assert_non_null(ptr);
    return ptr;
}

/* A file of `len` bytes, as a dataset would make it. */
static void make(const struct content_class *class, uint64_t seed, double saving, uint8_t *dst,
                 size_t len)
{
    if (!class->wrap || len < class->len_min) {
        class->fill(seed, saving, dst, len);
        return;
    }
    size_t payload_len = class->payload_len(len);
    uint8_t *payload = must_alloc(payload_len);
    class->fill(seed, saving, payload, payload_len);
    class->wrap(seed, span_of(payload, payload_len), dst, len);
    free(payload);
}

static double saving_of(const uint8_t *bytes, size_t len)
{
    size_t cap = ZSTD_compressBound(len);
    uint8_t *packed = must_alloc(cap);
    size_t packed_len = ZSTD_compress(packed, cap, bytes, len, 3);
    free(packed);
    assert_false(ZSTD_isError(packed_len));
    return 1.0 - (double)packed_len / (double)len;
}

/* ---- the same for ever ----------------------------------------------------------------------- */

static const struct golden {
    const char *name;
    const char *natural, *asked;
} goldens[] = {
    {"random", "e14682da993d5e3af9cf7b9b5e3ed5d0", "d4cd2481839256280a58017cfd081c1e"},
    {"text", "24cfdcb50958e8ffc3708de9c59d3f37", "1062a68b83f78151dc7d34b5cff31b0c"},
    {"source", "e7eea20dbe1ffabfd3938befc1fecf6e", "9d269f4ba2deea9c0017dbe50852912a"},
    {"json", "120152d1b07d15e2aafd338df888da7c", "38c5dbd96d94b80401de55b38ac43d39"},
    {"log", "ff07fa7a2a58830a9546d82df7c4aca1", "68685962d6ceebdd34b823af64dabfe1"},
    {"exe", "9aff6e3f48d8b65cbc2bc70cedc40506", "79c5de05aa6c63388072c246fb8399b9"},
    {"sparse", "708f17a5c0391a3d5d5ccdcd2559abd3", "3524897595b1b66e6155576c29958e5a"},
    {"sqlite", "04be3fedb02940aeaf13f3f868b0c33e", "10754b3dd37becc9d75e1e1d8e4c9e6d"},
};

static struct hash128 hash_of(const struct content_class *class, double saving)
{
    static const size_t lens[] = {0, 1, 7, 100, 1023, 5000, 65536, 300001};
    struct hash128 fold = {{0}};
    for (size_t i = 0; i <= COUNT_OF(lens); i++) {
        size_t len = i < COUNT_OF(lens) ? lens[i] : class->len_min;
        uint8_t *bytes = must_alloc(len);
        make(class, 7 + i, saving, bytes, len);
        fold = hash128_fold(fold, hash_xxh128(span_of(bytes, len)));
        free(bytes);
    }
    return fold;
}

/* Nine lengths each, as they come and with half of them asked to be saved. */
static void test_bytes_are_the_same_for_ever(void **state)
{
    char natural[HEX_SIZE], asked[HEX_SIZE];
    size_t wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(goldens); i++) {
        const struct content_class *class = content_class_by_name(goldens[i].name);
        assert_non_null(class);
        struct hash128 hash = hash_of(class, SAVING_NATURAL);
        hex_str(natural, span_of(hash.bytes, sizeof(hash.bytes)));
        hash = hash_of(class, 0.5);
        hex_str(asked, span_of(hash.bytes, sizeof(hash.bytes)));
        if (strcmp(natural, goldens[i].natural) != 0 || strcmp(asked, goldens[i].asked) != 0) {
            print_message("# {\"%s\", \"%s\", \"%s\"},\n", class->name, natural, asked);
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
}

/* Whatever was in the memory before, and not a byte behind the end: every length to 2,500. */
static void test_fill_writes_what_it_should(void **state)
{
    enum { MOST = 2500, BEHIND = 64 };
    static uint8_t first[MOST + BEHIND], second[1 + MOST + BEHIND];
    (void)state;
    for (size_t i = 0; i < content_class_count(); i++) {
        const struct content_class *class = content_class_at(i);
        for (size_t len = 0; len <= MOST; len += len < 300 ? 1 : 37) {
            double saving = class->knob && len % 3 ? 0.3 * (double)(len % 3) : SAVING_NATURAL;
            memset(first, 0x55, sizeof(first));
            memset(second, 0xaa, sizeof(second));
            class->fill(len, saving, first, len);
            class->fill(len, saving, second + 1, len);
            assert_memory_equal(first, second + 1, len);
            for (size_t k = 0; k < BEHIND; k++)
                if (first[len + k] != 0x55)
                    fail_msg("%s: %zu bytes asked, byte %zu is written", class->name, len, len + k);
        }
    }
}

static void test_seeds_differ(void **state)
{
    enum { LEN = 4096 };
    static uint8_t first[LEN], second[LEN];
    (void)state;
    for (size_t i = 0; i < content_class_count(); i++)
        for (uint64_t seed = 0; seed < 20; seed++) {
            content_class_at(i)->fill(seed, SAVING_NATURAL, first, LEN);
            content_class_at(i)->fill(seed + 1, SAVING_NATURAL, second, LEN);
            assert_memory_not_equal(first, second, LEN);
        }
}

/* ---- savings --------------------------------------------------------------------------------- */

static void test_the_saving_asked_for_is_met(void **state)
{
    static const size_t lens[] = {16 << 10, 50000, 128 << 10, 1 << 20, 4 << 20};
    uint8_t *bytes = must_alloc(4 << 20);
    (void)state;
    for (size_t i = 0; i < content_class_count(); i++) {
        const struct content_class *class = content_class_at(i);
        for (size_t k = 0; class->knob && k < COUNT_OF(lens); k++)
            for (unsigned step = 0; step <= 8; step++) {
                double asked =
                    class->saving_min + (class->saving_max - class->saving_min) * step / 8;
                make(class, 1000 * k + step, asked, bytes, lens[k]);
                double got = saving_of(bytes, lens[k]);
                if (!(fabs(got - asked) <= 0.02))
                    fail_msg("%s, %zu bytes: asked to save %.3f, saved %.3f", class->name, lens[k],
                             asked, got);
            }
    }
    free(bytes);
}

static void test_the_natural_saving_is_what_the_table_says(void **state)
{
    enum { LEN = 64 << 10 };
    static uint8_t bytes[LEN];
    (void)state;
    for (size_t i = 0; i < content_class_count(); i++) {
        const struct content_class *class = content_class_at(i);
        make(class, 11, SAVING_NATURAL, bytes, LEN);
        double got = saving_of(bytes, LEN);
        if (!(fabs(got - class->natural) <= 0.02))
            fail_msg("%s: says %.3f, saved %.3f", class->name, class->natural, got);
    }
}

/* Between the table's points, at its ends, for anything. */
static void test_the_curve(void **state)
{
    struct saving_curve curve;
    (void)state;
    for (unsigned column = 0; column < SAVING_LENS; column++)
        for (unsigned point = 0; point < SAVING_POINTS; point++)
            curve.saved[column][point] = (uint16_t)(1000 * column / 6 + point * 250);
    assert_int_equal(saving_curve_mix(&curve, 0, 0), 0);
    assert_int_equal(saving_curve_mix(&curve, -1, 5000), 0);
    assert_int_equal(saving_curve_mix(&curve, (double)NAN, 5000), 0);
    assert_int_equal(saving_curve_mix(&curve, 1, SIZE_MAX), SAVING_MIX_ONE);
    assert_int_equal(saving_curve_mix(&curve, 5, 1), SAVING_MIX_ONE);
    uint32_t half = saving_curve_mix(&curve, 0.4, 1);
    assert_true(half > SAVING_MIX_ONE / 2 - 20 && half <= SAVING_MIX_ONE / 2);
    for (size_t len = 1; len < 16 << 20; len = len * 5 / 4 + 1) {
        uint32_t before = 0;
        for (unsigned step = 0; step <= 100; step++) {
            uint32_t mix = saving_curve_mix(&curve, step / 100.0, len);
            assert_true(mix >= before && mix <= SAVING_MIX_ONE);
            before = mix;
        }
        /* Longer content saves more by itself: less of a mix is needed. */
        assert_true(saving_curve_mix(&curve, 0.5, len) >= saving_curve_mix(&curve, 0.5, len + 1));
    }
}

/* ---- nothing is shared ----------------------------------------------------------------------- */

enum { SHARE_LEN = 64 << 10, WINDOW = 64, WINDOWS = SHARE_LEN - WINDOW + 1 };

static int compare_u64(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static bool is_zeros(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

static uint64_t window_hash(const uint8_t *bytes)
{
    struct hash128 hash = hash_xxh128(span_of(bytes, WINDOW));
    uint64_t word;
    memcpy(&word, hash.bytes, sizeof(word));
    return word;
}

/* Of two seeds' files, how many 64-byte windows of one, at any offset, are somewhere in the other;
 * zeros apart, of which disk images and padding are made. */
static void test_seeds_share_nothing(void **state)
{
    uint8_t *one = must_alloc(SHARE_LEN), *two = must_alloc(SHARE_LEN);
    uint64_t *seen = must_alloc(WINDOWS * sizeof(*seen));
    (void)state;
    for (size_t i = 0; i < content_class_count(); i++) {
        const struct content_class *class = content_class_at(i);
        for (unsigned knob = 0; knob < (class->knob ? 2u : 1u); knob++) {
            double saving = knob ? class->saving_max : SAVING_NATURAL;
            size_t shared = 0;
            make(class, 1, saving, one, SHARE_LEN);
            make(class, 2, saving, two, SHARE_LEN);
            for (size_t k = 0; k < WINDOWS; k++)
                seen[k] = window_hash(one + k);
            qsort(seen, WINDOWS, sizeof(*seen), compare_u64);
            for (size_t k = 0; k < WINDOWS; k++) {
                uint64_t hash = window_hash(two + k);
                shared += bsearch(&hash, seen, WINDOWS, sizeof(*seen), compare_u64) != NULL &&
                          !is_zeros(two + k, WINDOW);
            }
            if (shared > WINDOWS / 100)
                fail_msg("%s (knob %u): %zu of %d windows are in both files", class->name, knob,
                         shared, (int)WINDOWS);
        }
    }
    free(one);
    free(two);
    free(seen);
}

/* Whatever is saved is saved by a codec: chunks of 2 KiB repeat in no file and between none. */
static void test_chunks_do_not_repeat(void **state)
{
    enum { LEN = 1 << 20, MOST = 3 * LEN / 512 };
    struct err err = {0};
    struct chunker chunker;
    uint8_t *bytes = must_alloc(LEN);
    uint64_t *seen = must_alloc(MOST * sizeof(*seen));
    (void)state;
    assert_int_equal(chunker_init(&chunker, CHUNKER_FASTCDC, 512, 2048, 8192, 2, &err), RC_OK);
    for (size_t i = 0; i < content_class_count(); i++) {
        const struct content_class *class = content_class_at(i);
        size_t count = 0, repeated = 0;
        for (uint64_t seed = 0; seed < 3; seed++) {
            make(class, seed, class->knob ? class->saving_max : SAVING_NATURAL, bytes, LEN);
            for (size_t at = 0, len; at < LEN; at += len) {
                len = chunker_next(&chunker, span_of(bytes + at, LEN - at));
                struct hash128 hash = hash_xxh128(span_of(bytes + at, len));
                if (is_zeros(bytes + at, len))
                    continue;
                assert_true(count < MOST);
                memcpy(&seen[count++], hash.bytes, sizeof(*seen));
            }
        }
        qsort(seen, count, sizeof(*seen), compare_u64);
        for (size_t k = 1; k < count; k++)
            repeated += seen[k] == seen[k - 1];
        if (repeated > count / 200)
            fail_msg("%s: %zu of %zu chunks are repeated", class->name, repeated, count);
    }
    free(bytes);
    free(seen);
}

/* ---- well formed ----------------------------------------------------------------------------- */

static void test_json_is_json(void **state)
{
    const struct content_class *class = content_class_by_name("json");
    static char text[20001];
    (void)state;
    for (size_t len = 1; len < sizeof(text); len = len < 600 ? len + 1 : len * 3 / 2)
        for (unsigned step = 0; step < 3; step++) {
            class->fill(len, step ? 0.35 * step : SAVING_NATURAL, (uint8_t *)text, len);
            text[len] = '\0';
            assert_int_equal(text[len - 1], '\n');
            assert_int_equal(strlen(text), len);
            for (char *line = text, *end; *line != '\0'; line = end + 1) {
                end = strchr(line, '\n');
                *end = '\0';
                cJSON *record = cJSON_ParseWithOpts(line, NULL, true);
                if (!record && line[strspn(line, " ")] != '\0')
                    fail_msg("%zu bytes: \"%s\"", len, line);
                cJSON_Delete(record);
            }
        }
}

/* Lines of a log: stamps that never fall, no line twice, no period. */
static void test_logs_rise(void **state)
{
    enum { LEN = 1 << 20, STAMP = 24 };
    const struct content_class *class = content_class_by_name("log");
    char *text = must_alloc(LEN + 1);
    (void)state;
    for (unsigned step = 0; step < 3; step++) {
        size_t lines = 0, equal = 0;
        const char *before = NULL;
        class->fill(step, step ? 0.42 * step : SAVING_NATURAL, (uint8_t *)text, LEN);
        text[LEN] = '\0';
        for (char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1, lines++) {
            assert_true(end - line > STAMP);
            assert_int_equal(line[4], '-');
            assert_int_equal(line[10], 'T');
            assert_int_equal(line[STAMP - 1], 'Z');
            if (before) {
                assert_true(memcmp(before, line, STAMP) <= 0);
                equal += memcmp(before, line, STAMP) == 0;
            }
            before = line;
        }
        assert_true(lines > 1000 && equal < lines / 20);
    }
    free(text);
}

static void test_source_has_its_braces(void **state)
{
    enum { LEN = 256 << 10 };
    uint8_t *text = must_alloc(LEN);
    long depth = 0;
    (void)state;
    content_class_by_name("source")->fill(3, SAVING_NATURAL, text, LEN);
    for (size_t i = 0; i < LEN; i++) {
        depth += (text[i] == '{') - (text[i] == '}');
        assert_in_range(depth, 0, 4);
        assert_true(text[i] == '\n' || (text[i] >= ' ' && text[i] < 127));
    }
    free(text);
}

static void test_sparse_has_the_zeros_asked_for(void **state)
{
    enum { LEN = 3000000 };
    uint8_t *bytes = must_alloc(LEN);
    (void)state;
    for (unsigned tenths = 0; tenths < 10; tenths++) {
        size_t zeros = 0, runs = 0;
        content_class_by_name("sparse")->fill(tenths, tenths / 10.0, bytes, LEN);
        for (size_t i = 0; i < LEN; i++)
            zeros += bytes[i] == 0;
        for (size_t i = 0; i + 4096 <= LEN; i += 4096)
            runs += is_zeros(bytes + i, 4096);
        /* Random bytes are zero once in 256 times. */
        double expected = tenths / 10.0 + (1 - tenths / 10.0) / 256;
        assert_true(fabs((double)zeros / LEN - expected) < 0.005);
        assert_true((double)runs > (tenths / 10.0 - 0.05) * LEN / 4096 - 1);
    }
    free(bytes);
}

/* ---- SQLite ---------------------------------------------------------------------------------- */

static void expect_text(sqlite3 *db, const char *sql, const char *expected)
{
    sqlite3_stmt *stmt;
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(stmt, 0), expected);
    sqlite3_finalize(stmt);
}

/* The library opens it, finds it sound, and the rows in order of their ids are the payload. */
static void expect_database(uint8_t *file, size_t len, struct span payload)
{
    sqlite3 *db;
    sqlite3_stmt *stmt;
    size_t at = 0;
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    assert_int_equal(sqlite3_deserialize(db, "main", file, (sqlite3_int64)len, (sqlite3_int64)len,
                                         SQLITE_DESERIALIZE_READONLY),
                     SQLITE_OK);
    expect_text(db, "PRAGMA integrity_check", "ok");
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT body FROM item ORDER BY id", -1, &stmt, NULL),
                     SQLITE_OK);
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        size_t bytes = (size_t)sqlite3_column_bytes(stmt, 0);
        assert_true(at + bytes <= payload.len);
        assert_memory_equal(sqlite3_column_blob(stmt, 0), payload.ptr + at, bytes);
        at += bytes;
    }
    sqlite3_finalize(stmt);
    assert_int_equal(at, payload.len);
    /* Rows are found by their ids too, which is what interior pages are for. */
    expect_text(db,
                "SELECT count(*) = (SELECT count(*) FROM item) FROM item a "
                "WHERE (SELECT b.id FROM item b WHERE b.id = a.id) = a.id",
                "1");
    sqlite3_close(db);
}

static void test_sqlite_files_hold_their_payload(void **state)
{
    static const size_t lens[] = {0,      1,      57,     58,      59,      60,
                                  495,    496,    497,    991,     992,     993,
                                  1984,   1985,   99200,  99201,   99203,   100192,
                                  150000, 991999, 992000, 9920000, 9920001, 12345678};
    const struct content_class *class = content_class_by_name("sqlite");
    (void)state;
    for (size_t i = 0; i < COUNT_OF(lens); i++) {
        size_t least = class->file_len(lens[i]), extra = i % 3 == 0 ? 0 : 777 * i;
        uint8_t *payload = must_alloc(lens[i]), *file = must_alloc(least + extra);
        class->fill(i, SAVING_NATURAL, payload, lens[i]);
        class->wrap(i, span_of(payload, lens[i]), file, least + extra);
        expect_database(file, least + extra, span_of(payload, lens[i]));
        assert_true(class->payload_len(least) >= lens[i]);
        free(payload);
        free(file);
    }
}

/* Of every container: payload_len and file_len agree. */
static void test_containers_hold_what_they_say(void **state)
{
    (void)state;
    for (size_t i = 0; i < content_class_count(); i++) {
        const struct content_class *class = content_class_at(i);
        if (!class->wrap)
            continue;
        size_t before = 0;
        for (size_t len = class->len_min; len < 40000000; len += len < 30000 ? 61 : len / 3) {
            size_t payload = class->payload_len(len);
            assert_true(class->file_len(payload) <= len);
            assert_true(class->file_len(payload + 1) > len);
            assert_true(payload >= before);
            before = payload;
        }
    }
}

/* A change of a few bytes in place is a change of as few pages. */
static void test_sqlite_edits_stay_in_their_pages(void **state)
{
    enum { LEN = 200000, AT = 77777 };
    const struct content_class *class = content_class_by_name("sqlite");
    size_t len = class->file_len(LEN), different = 0;
    uint8_t *payload = must_alloc(LEN), *one = must_alloc(len), *two = must_alloc(len);
    (void)state;
    class->fill(5, SAVING_NATURAL, payload, LEN);
    class->wrap(5, span_of(payload, LEN), one, len);
    payload[AT] ^= 1;
    class->wrap(5, span_of(payload, LEN), two, len);
    for (size_t i = 0; i < len; i++)
        different += one[i] != two[i];
    assert_int_equal(different, 1);
    free(payload);
    free(one);
    free(two);
}

/* ---- speed ----------------------------------------------------------------------------------- */

/* The target is 1 GB/s; what is refused is far below it, because machines differ and are busy. */
static void test_speed(void **state)
{
    enum { LEN = 1 << 20 };
    uint8_t *bytes = must_alloc(LEN);
    (void)state;
    for (size_t i = 0; i < content_class_count(); i++) {
        const struct content_class *class = content_class_at(i);
        uint64_t made = 0, elapsed, start = clock_cpu().total_ns;
        do {
            make(class, made, SAVING_NATURAL, bytes, LEN);
            made += LEN;
            elapsed = clock_cpu().total_ns - start;
        } while (elapsed < 20000000);
        double speed = (double)made / (double)elapsed;
        print_message("# %-8s %5.2f GB/s\n", class->name, speed);
#if defined(__OPTIMIZE__) && !defined(SANITIZED)
        assert_true(speed > 0.25);
#endif
    }
    free(bytes);
}

static void test_the_rows_are_sound(void **state)
{
    struct err err = {0};
    (void)state;
    assert_int_equal(content_classes_validate(&err), RC_OK);
    assert_null(content_class_by_name("prose"));
    assert_true(COUNT_OF(goldens) >= 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_rows_are_sound),
        cmocka_unit_test(test_bytes_are_the_same_for_ever),
        cmocka_unit_test(test_fill_writes_what_it_should),
        cmocka_unit_test(test_seeds_differ),
        cmocka_unit_test(test_the_saving_asked_for_is_met),
        cmocka_unit_test(test_the_natural_saving_is_what_the_table_says),
        cmocka_unit_test(test_the_curve),
        cmocka_unit_test(test_seeds_share_nothing),
        cmocka_unit_test(test_chunks_do_not_repeat),
        cmocka_unit_test(test_json_is_json),
        cmocka_unit_test(test_logs_rise),
        cmocka_unit_test(test_source_has_its_braces),
        cmocka_unit_test(test_sparse_has_the_zeros_asked_for),
        cmocka_unit_test(test_sqlite_files_hold_their_payload),
        cmocka_unit_test(test_containers_hold_what_they_say),
        cmocka_unit_test(test_sqlite_edits_stay_in_their_pages),
        cmocka_unit_test(test_speed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
