/* lix-v2 and lix-v3 against what was published about them, and against a separate transcription. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "datasets/dataset.h"

#define assert_ok(call)                                           \
    do {                                                          \
        enum rc rc_ = (call);                                     \
        if (rc_ != RC_OK)                                         \
            fail_msg("%s: %s: %s", #call, rc_name(rc_), err.msg); \
    } while (0)

enum { CLASSES = 3, ROUNDS = 2, FILES_MAX = 96 };

/* Published totals; the digests are SHA-256 over all files at versions 0, 1 and 2, from a program
 * that shares nothing with this one. */
static const struct golden {
    const char *name;
    uint32_t files;
    uint64_t p50, p80, p95, max; /* of sizes; 0: not published */
    uint64_t class_bytes[CLASSES], class_updates[CLASSES];
    unsigned kinds[3]; /* localized, append, rewrite */
    uint64_t bytes, updates, live, history;
    const char *digests[ROUNDS + 1];
} goldens[] = {
    {
        .name = "lix-v2",
        .files = 96,
        .p50 = 214670,
        .p80 = 925946,
        .p95 = 3133734,
        .max = 4124547,
        .class_bytes = {2586008, 11172434, 49345225},
        .class_updates = {8660000, 24320000, 101600000}, /* to 10,000 bytes */
        .kinds = {127, 36, 29},
        .bytes = 63103667,
        .updates = 134573944,
        .live = 68092152,
        .history = 197677611,
        .digests = {"cecf5e8a6fa76b2ad590f5dfbc9927ee904b2ccf1939f90bb3109f6701cc5a6e",
                    "62f3a782e5bbb32b4b7ea557f9aaacfbf0b17b225b35422b8d9bd7dc1d07aa5f",
                    "7edc3c1cd9731f93a81c0417e4ecc888a42a5640c9645da4858fc16c9cc9c690"},
    },
    {
        .name = "lix-v3",
        .files = 24,
        .kinds = {25, 15, 8},
        .bytes = 16555593,
        .updates = 36637396,
        .live = 18781602,
        .history = 53192989,
        .digests = {"ae14c1e53158b53558cf4e8d455e95bf239baf4f667eaa89f06ec720b769d3f8",
                    "cd58991da129e4b57761b3452e2919c6c8c11da4738da628950ca6757eb02576",
                    "60bc60a4fb3f8f59b8c9241fed5fef95ebd185120308e89f8eb41f4bd95eba58"},
    },
};

static struct dataset *opened(const char *spec, struct err *err)
{
    struct dataset *ds;
    if (dataset_open(&ds, spec, 1, err) != RC_OK)
        fail_msg("%s: %s", spec, err->msg);
    return ds;
}

static int compare_sizes(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* As the founding benchmark took its percentiles. */
static uint64_t percentile(const uint64_t *sorted, uint32_t count, double p)
{
    return sorted[(uint32_t)((double)(count - 1) * p + 0.5)];
}

/* What kind of update led from a to b: by looking at the bytes only. */
static unsigned kind_of(struct span a, struct span b)
{
    if (b.len > a.len)
        return 1;
    size_t first = 0, last = a.len;
    while (first < a.len && a.ptr[first] == b.ptr[first])
        first++;
    while (last > first && a.ptr[last - 1] == b.ptr[last - 1])
        last--;
    /* A rewrite changes bytes within 32 of either end: a magic stays, and a pattern's letters. */
    return first < 32 && last + 32 > a.len ? 2 : 0;
}

static void check_sizes(const struct golden *golden, uint64_t *sizes)
{
    if (golden->max == 0)
        return;
    qsort(sizes, golden->files, sizeof(*sizes), compare_sizes);
    assert_int_equal(percentile(sizes, golden->files, 0.50), golden->p50);
    assert_int_equal(percentile(sizes, golden->files, 0.80), golden->p80);
    assert_int_equal(percentile(sizes, golden->files, 0.95), golden->p95);
    assert_int_equal(sizes[golden->files - 1], golden->max);
}

static void check_classes(const struct golden *golden, const uint64_t *bytes,
                          const uint64_t *updates)
{
    for (size_t c = 0; c < CLASSES && golden->class_bytes[c] != 0; c++) {
        assert_int_equal(bytes[c], golden->class_bytes[c]);
        assert_in_range(updates[c], golden->class_updates[c] - 5000,
                        golden->class_updates[c] + 4999);
    }
}

static void every_published_total(void **unused)
{
    (void)unused;
    for (size_t g = 0; g < COUNT_OF(goldens); g++) {
        const struct golden *golden = &goldens[g];
        struct err err = {0};
        struct buf content = {0}, before = {0};
        struct dataset *ds = opened(golden->name, &err);
        assert_int_equal(ds->file_count, golden->files);
        uint64_t sizes[FILES_MAX], bytes[CLASSES] = {0}, updates[CLASSES] = {0};
        uint64_t total = 0, updated = 0, live = 0;
        unsigned kinds[3] = {0};
        for (uint32_t file = 0; file < golden->files; file++) {
            uint32_t class = file / (golden->files / CLASSES);
            assert_ok(dataset_content(ds, file, 0, &content));
            sizes[file] = content.len;
            bytes[class] += content.len;
            total += content.len;
            for (uint32_t v = 1; v <= ROUNDS; v++) {
                assert_ok(buf_set(&before, buf_span(&content), &err));
                assert_ok(dataset_content(ds, file, v, &content));
                kinds[kind_of(buf_span(&before), buf_span(&content))]++;
                updates[class] += content.len;
                updated += content.len;
            }
            live += content.len;
        }
        assert_int_equal(total, golden->bytes);
        assert_int_equal(updated, golden->updates);
        assert_int_equal(live, golden->live);
        assert_int_equal(total + updated, golden->history);
        for (size_t k = 0; k < COUNT_OF(kinds); k++)
            assert_int_equal(kinds[k], golden->kinds[k]);
        check_classes(golden, bytes, updates);
        check_sizes(golden, sizes);
        dataset_close(ds);
        buf_release(&content);
        buf_release(&before);
    }
}

static void every_byte_is_as_published(void **unused)
{
    (void)unused;
    for (size_t g = 0; g < COUNT_OF(goldens); g++) {
        struct err err = {0};
        struct buf one = {0}, all = {0};
        struct sha256 sha = {0};
        assert_ok(sha256_init(&sha, &err));
        struct dataset *ds = opened(goldens[g].name, &err);
        for (uint32_t version = 0; version <= ROUNDS; version++) {
            struct digest256 digest;
            char hex[HEX_SIZE];
            buf_clear(&all);
            for (uint32_t file = 0; file < ds->file_count; file++) {
                assert_ok(dataset_content(ds, file, version, &one));
                assert_ok(buf_append(&all, buf_span(&one), &err));
            }
            assert_ok(sha256_digest(&sha, buf_span(&all), &digest, &err));
            hex_str(hex, span_of(digest.bytes, sizeof(digest.bytes)));
            assert_string_equal(hex, goldens[g].digests[version]);
        }
        dataset_close(ds);
        sha256_release(&sha);
        buf_release(&one);
        buf_release(&all);
    }
}

/* The warning's figure: that share of lix-v2's bytes is a loop of 24. */
static void most_bytes_are_a_loop(void **unused)
{
    (void)unused;
    struct err err = {0};
    struct buf content = {0};
    struct dataset *ds = opened("lix-v2", &err);
    uint64_t total = 0, loop = 0;
    for (uint32_t file = 0; file < ds->file_count; file++) {
        assert_ok(dataset_content(ds, file, 0, &content));
        total += content.len;
        if (memcmp(content.ptr, content.ptr + 24, content.len - 24) == 0)
            loop += content.len;
    }
    assert_in_range(loop * 1000 / total, 775, 784);
    assert_non_null(strstr(ds->ops->warning, "78 %"));
    dataset_close(ds);
    buf_release(&content);
}

/* New bytes as stated: what a codec finds in the new part is no more than they can hold. */
static void new_bytes_are_told(void **unused)
{
    (void)unused;
    struct err err = {0};
    struct buf content = {0};
    struct dataset *ds = opened("lix-v3", &err);
    for (uint32_t file = 0; file < ds->file_count; file++) {
        for (uint32_t version = 0; version <= ROUNDS; version++) {
            uint64_t novel, before = content.len;
            assert_ok(dataset_novel(ds, file, version, &novel));
            assert_ok(dataset_content(ds, file, version, &content));
            assert_in_range(novel, 24, content.len);
            if (version == 0)
                assert_int_equal(novel, file < 16 ? content.len : 24);
            else if (file < 16 && content.len > before)
                assert_int_equal(novel, content.len - before);
        }
    }
    dataset_close(ds);
    buf_release(&content);
}

static void lix_v3_is_lix_v2_with_fewer_files(void **unused)
{
    (void)unused;
    struct err err = {0};
    struct buf a = {0}, b = {0};
    struct dataset *v2 = opened("lix-v2:files_per_class=8", &err), *v3 = opened("lix-v3", &err);
    for (uint32_t file = 0; file < v3->file_count + 5; file++) {
        assert_ok(dataset_path(v2, file, &a));
        assert_ok(dataset_path(v3, file, &b));
        assert_string_equal(buf_str(&a), buf_str(&b));
        assert_ok(dataset_content(v2, file, 4, &a));
        assert_ok(dataset_content(v3, file, 4, &b));
        assert_int_equal(a.len, b.len);
        assert_memory_equal(a.ptr, b.ptr, a.len);
    }
    assert_ok(dataset_path(v3, 24, &a));
    assert_string_equal(buf_str(&a), "bench/random/08/file-00008.bin");
    assert_string_equal(dataset_options(v3), "files_per_class=8");
    dataset_close(v2);
    dataset_close(v3);
    buf_release(&a);
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_published_total),
        cmocka_unit_test(every_byte_is_as_published),
        cmocka_unit_test(most_bytes_are_a_loop),
        cmocka_unit_test(new_bytes_are_told),
        cmocka_unit_test(lix_v3_is_lix_v2_with_fewer_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
