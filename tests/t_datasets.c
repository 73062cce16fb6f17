/* The registry of datasets and the generators: published goldens, purity, and pinned content. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zstd.h>

#include "datasets/dataset.h"
#include "engine/rng.h"

#define assert_ok(call)                                           \
    do {                                                          \
        enum rc rc_ = (call);                                     \
        if (rc_ != RC_OK)                                         \
            fail_msg("%s: %s: %s", #call, rc_name(rc_), err.msg); \
    } while (0)

/* One of each generator, small, with options away from their defaults too. */
static const char *const specs[] = {
    "lix-v1:files_per_class=3,size=5000",
    "lix-v3:files_per_class=1",
    "random:files=7,size=3000",
    "random:files=7,size_min=1,size_max=20k",
    "media:files=9,size=4k,duplicates=30%",
    "media:files=3,size=256",
    "append:files=5,size=2k,growth=333",
    "synth:class=random,files=9,size=3k,edit=insert,dup=45%,dup_kind=forks",
};

static struct dataset *opened(const char *spec, uint64_t seed, struct err *err)
{
    struct dataset *ds;
    if (dataset_open(&ds, spec, seed, err) != RC_OK)
        fail_msg("%s: %s", spec, err->msg);
    return ds;
}

static struct hash128 content_hash(struct dataset *ds, uint32_t file, uint32_t version)
{
    struct buf content = {0};
    if (dataset_content(ds, file, version, &content) != RC_OK)
        fail_msg("file %" PRIu32 " version %" PRIu32 ": %s", file, version, ds->err->msg);
    struct hash128 hash = hash_xxh128(buf_span(&content));
    buf_release(&content);
    return hash;
}

static uint64_t content_len(struct dataset *ds, uint32_t file, uint32_t version, struct buf *work)
{
    if (dataset_content(ds, file, version, work) != RC_OK)
        fail_msg("file %" PRIu32 " version %" PRIu32 ": %s", file, version, ds->err->msg);
    return work->len;
}

static size_t compressed_len(struct span bytes, int level)
{
    size_t cap = ZSTD_compressBound(bytes.len);
    void *dst = malloc(cap);
    assert_non_null(dst);
    size_t len = ZSTD_compress(dst, cap, bytes.ptr, bytes.len, level);
    assert_false(ZSTD_isError(len));
    free(dst);
    return len;
}

/* ---- the registry --------------------------------------------------------------------------- */

static void rows_are_sound(void **unused)
{
    (void)unused;
    static const char *const names[] = {"lix-v1", "lix-v2", "lix-v3", "random", "media",
                                        "append", "synth",  "files",  "trace",  "pair",
                                        "git",    "tar",    "zip",    "twin"};
    struct err err = {0};
    assert_ok(dataset_rows_validate(&err));
    assert_int_equal(dataset_count(), COUNT_OF(names));
    for (size_t i = 0; i < COUNT_OF(names); i++)
        assert_string_equal(dataset_at(i)->name, names[i]);
}

static void wrong_specs_are_refused(void **unused)
{
    (void)unused;
    static const struct {
        const char *spec, *message;
    } bad[] = {
        {"", "no name"},
        {":files=1", "no name"},
        {"lix", "unknown dataset \"lix\" (available: lix-v1, lix-v2, lix-v3, random, media, "
                "append, synth, files, trace, pair, git, tar, zip, twin)"},
        {"lix_v1", "did you mean \"lix-v1\"?"},
        {"randon:files=3", "did you mean \"random\"?"},
        {"Media", "did you mean \"media\"?"},
        {"appendix\n", "unknown dataset \"appendix\\x0a\""},
        {"files", "no directory is given"},
        {"files:", "no directory is given"},
        {"random:file=3", "random: unknown option \"file\" (did you mean \"files\"?)"},
        {"lix-v1:files_per_class=0", "option \"files_per_class\": value \"0\" is out of range"},
        {"lix-v1:size=0", "option \"size\""},
        {"lix-v1:size=1G", "out of range"},
        {"random:files=0", "out of range"},
        {"random:files=4000001", "out of range"},
        {"random:files=x", "not a whole number"},
        {"random:files=1,files=2", "given twice"},
        {"random:size_min=5", "size_min=5,size_max=0 is not a range"},
        {"random:size_max=5", "size_min=0,size_max=5 is not a range"},
        {"random:size_min=9,size_max=5", "size_min=9,size_max=5 is not a range"},
        {"media:size=255", "out of range"},
        {"media:duplicates=1.5", "out of range"},
        {"append:growth=0", "out of range"},
        {"append:growth", "has no value"},
        {"append:,", "an option name is missing"},
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct err err = {0};
        struct dataset *ds = (struct dataset *)&err;
        assert_int_equal(dataset_open(&ds, bad[i].spec, 1, &err), RC_USAGE);
        assert_null(ds);
        if (strstr(err.msg, bad[i].message) == NULL)
            fail_msg("%s: %s", bad[i].spec, err.msg);
    }
    dataset_close(NULL);
}

static void effective_options_are_told(void **unused)
{
    (void)unused;
    struct err err = {0};
    struct dataset *ds = opened("random:size=4k", 1, &err);
    assert_string_equal(dataset_options(ds), "files=96,size=4096,size_min=0,size_max=0");
    assert_null(ds->source);
    dataset_close(ds);
    ds = opened("lix-v1", 1, &err);
    assert_string_equal(dataset_options(ds), "files_per_class=32,size=65536");
    assert_non_null(ds->ops->warning);
    dataset_close(ds);
}

static void versions_and_sizes_have_limits(void **unused)
{
    (void)unused;
    static const struct {
        const char *spec;
        uint32_t file, version;
    } bad[] = {
        {"random:size=1", 0, DATASET_VERSIONS_MAX + 1},
        {"append:growth=20000", 0, 50000},
        {"lix-v1:size=999999999", 64, 1},
        {"media:size=1000000000", 0, 20},
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct err err = {0};
        struct buf out = {0};
        struct dataset *ds = opened(bad[i].spec, 1, &err);
        assert_int_equal(dataset_content(ds, bad[i].file, bad[i].version, &out), RC_USAGE);
        assert_int_equal(out.cap, 0);
        dataset_close(ds);
    }
}

/* ---- lix-v1 --------------------------------------------------------------------------------- */

/* SHA-256 over all files at one version, from a separate transcription of the published rules. */
static const struct {
    uint64_t bytes;
    const char *digest;
} lix_golden[] = {
    {6291456, "8f8532afdec00c132e82aa33d3182d379a5ebcf22dfaca09176c9ee3fd59ff87"},
    {6422528, "a390399a6165f293944f387d4fdc997959e3ee69776df777b33b113778deabc4"},
    {6553600, "8693d5eff2a8accb940ad3dadb3a98d1d04e35d9e8f847bcd954927f2b1162f0"},
};
#define LIX_PATHS_DIGEST "cf3f99f0459e568be604e0eebd6cab24936f7023b44b80f6c2843a1721fac543"

static void assert_digest(struct buf *bytes, const char *expected)
{
    struct err err = {0};
    struct sha256 sha = {0};
    struct digest256 digest;
    char hex[HEX_SIZE];
    assert_ok(sha256_init(&sha, &err));
    assert_ok(sha256_digest(&sha, buf_span(bytes), &digest, &err));
    sha256_release(&sha);
    assert_string_equal(hex_str(hex, span_of(digest.bytes, sizeof(digest.bytes))), expected);
}

static void lix_is_the_published_dataset(void **unused)
{
    (void)unused;
    struct err err = {0};
    struct buf one = {0}, all = {0};
    for (uint64_t seed = 0; seed < 2; seed++) {
        struct dataset *ds = opened("lix-v1", seed, &err);
        assert_int_equal(ds->file_count, 96);
        for (uint32_t version = 0; version < COUNT_OF(lix_golden); version++) {
            buf_clear(&all);
            for (uint32_t file = 0; file < 96; file++) {
                assert_ok(dataset_content(ds, file, version, &one));
                assert_ok(buf_append(&all, buf_span(&one), &err));
            }
            assert_int_equal(all.len, lix_golden[version].bytes);
            assert_digest(&all, lix_golden[version].digest);
        }
        buf_clear(&all);
        for (uint32_t file = 0; file < 96; file++) {
            assert_ok(dataset_path(ds, file, &one));
            assert_ok(buf_printf(&all, &err, "%s%s", file == 0 ? "" : "\n", buf_str(&one)));
        }
        assert_digest(&all, LIX_PATHS_DIGEST);
        dataset_close(ds);
    }
    buf_release(&one);
    buf_release(&all);
}

static void lix_workloads_have_the_published_totals(void **unused)
{
    (void)unused;
    struct err err = {0};
    struct buf work = {0};
    struct dataset *ds = opened("lix-v1", 1, &err);
    uint64_t ingest = 0, update[2] = {0}, point = 0;
    for (uint32_t file = 0; file < 96; file++) {
        ingest += content_len(ds, file, 0, &work);
        update[0] += content_len(ds, file, 1, &work);
        update[1] += content_len(ds, file, 2, &work);
    }
    for (uint32_t k = 0; k < 500; k++)
        point += content_len(ds, 17 * k % 96, 2, &work);
    assert_int_equal(ingest, 6291456);
    assert_int_equal(update[0], 6422528);
    assert_int_equal(update[1], 6553600);
    assert_int_equal(update[0] + update[1], 12976128);
    assert_int_equal(point, 34119680);
    assert_int_equal(8 * update[1], 52428800);
    dataset_close(ds);
    buf_release(&work);
}

static void lix_classes_are_what_the_warning_says(void **unused)
{
    (void)unused;
    struct err err = {0};
    struct buf old = {0}, new = {0};
    struct dataset *ds = opened("lix-v1", 1, &err);
    assert_ok(dataset_content(ds, 0, 0, &old));
    assert_in_range(compressed_len(buf_span(&old), 1), 65536, 65550);
    assert_in_range(compressed_len(buf_span(&old), 19), 65536, 65550);

    assert_ok(dataset_content(ds, 32, 0, &old));
    assert_memory_equal(old.ptr, "GIF89a", 6);
    assert_in_range(compressed_len(buf_span(&old), 19), 65536, 65550);
    assert_ok(dataset_content(ds, 32, 1, &new));
    size_t same = 0, longest = 0;
    for (size_t i = 0; i < old.len; i++) {
        same = old.ptr[i] == new.ptr[i] ? same + 1 : 0;
        longest = same > longest ? same : longest;
    }
    assert_in_range(longest, 200, 700);

    assert_ok(dataset_content(ds, 64, 0, &old));
    assert_memory_equal(old.ptr, "record-0000000000005eed|", 24);
    for (size_t i = 24; i < old.len; i++)
        assert_int_equal(old.ptr[i], old.ptr[i - 24]);
    dataset_close(ds);
    buf_release(&old);
    buf_release(&new);
}

static void lix_goes_on_beyond_what_is_published(void **unused)
{
    (void)unused;
    static const char *const inserted[] = {
        "bench/random/00/file-00032.bin", "bench/media/00/file-00032.gif",
        "bench/append/00/file-00032.dat", "bench/random/01/file-00033.bin",
        "bench/media/01/file-00033.png",
    };
    struct err err = {0};
    struct buf work = {0}, older = {0};
    struct dataset *ds = opened("lix-v1", 1, &err);
    for (uint32_t i = 0; i < COUNT_OF(inserted); i++) {
        assert_ok(dataset_path(ds, 96 + i, &work));
        assert_string_equal(buf_str(&work), inserted[i]);
        assert_int_equal(content_len(ds, 96 + i, 0, &work), 65536);
    }
    /* The first files of a larger dataset of the same kind. */
    struct dataset *larger = opened("lix-v1:files_per_class=33", 1, &err);
    assert_true(hash128_equal(content_hash(ds, 97, 2), content_hash(larger, 65, 2)));
    dataset_close(larger);

    assert_ok(dataset_content(ds, 64, 6, &older));
    assert_int_equal(content_len(ds, 64, 7, &work), 65536 + 7 * 4096);
    assert_memory_equal(work.ptr, older.ptr, older.len);
    char pattern[25];
    snprintf(pattern, sizeof(pattern), "record-%016x|", 0x5EEDu ^ 6 * 0x9E37u);
    assert_memory_equal(work.ptr + older.len, pattern, 24);
    dataset_close(ds);
    buf_release(&work);
    buf_release(&older);
}

/* ---- all generators ------------------------------------------------------------------------- */

enum { ASKED_INSERTS = 4, ASKED_VERSIONS = 12 };

static void content_is_a_pure_function(void **unused)
{
    (void)unused;
    for (size_t s = 0; s < COUNT_OF(specs); s++) {
        struct err err = {0};
        struct dataset *a = opened(specs[s], 7, &err), *b = opened(specs[s], 7, &err);
        uint32_t files = a->file_count + ASKED_INSERTS, count = files * ASKED_VERSIONS;
        struct hash128 *hashes = calloc(count, sizeof(*hashes));
        uint32_t *order = calloc(count, sizeof(*order));
        assert_true(hashes != NULL && order != NULL);
        for (uint32_t i = 0; i < count; i++)
            hashes[i] = content_hash(a, i / ASKED_VERSIONS, i % ASKED_VERSIONS);
        struct rng rng = rng_stream(3, "test.order", s);
        rng_permutation(&rng, order, count);
        for (uint32_t i = 0; i < count; i++) {
            uint32_t file = order[i] / ASKED_VERSIONS, version = order[i] % ASKED_VERSIONS;
            assert_true(hash128_equal(content_hash(b, file, version), hashes[order[i]]));
            assert_true(hash128_equal(content_hash(a, file, version), hashes[order[i]]));
        }
        free(hashes);
        free(order);
        dataset_close(a);
        dataset_close(b);
    }
}

static void every_update_changes_something(void **unused)
{
    (void)unused;
    for (size_t s = 0; s < COUNT_OF(specs); s++) {
        struct err err = {0};
        struct dataset *ds = opened(specs[s], 7, &err);
        for (uint32_t file = 0; file < ds->file_count + ASKED_INSERTS; file++) {
            struct buf work = {0};
            /* A window of a single byte may be given the value it has. */
            bool tiny = content_len(ds, file, 0, &work) < 512;
            buf_release(&work);
            for (uint32_t v = 1; v < ASKED_VERSIONS && !tiny; v++)
                assert_false(
                    hash128_equal(content_hash(ds, file, v - 1), content_hash(ds, file, v)));
        }
        dataset_close(ds);
    }
}

static void seeds_matter(void **unused)
{
    (void)unused;
    for (size_t s = 0; s < COUNT_OF(specs); s++) {
        if (strncmp(specs[s], "lix", 3) == 0)
            continue;
        struct err err = {0};
        struct dataset *a = opened(specs[s], 7, &err), *b = opened(specs[s], 8, &err);
        for (uint32_t file = 0; file < 3; file++)
            assert_false(hash128_equal(content_hash(a, file, 2), content_hash(b, file, 2)));
        dataset_close(a);
        dataset_close(b);
    }
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void paths_are_relative_and_unique(void **unused)
{
    (void)unused;
    for (size_t s = 0; s < COUNT_OF(specs); s++) {
        struct err err = {0};
        struct buf out = {0};
        struct dataset *ds = opened(specs[s], 7, &err);
        uint32_t count = ds->file_count + 200;
        char **paths = calloc(count, sizeof(*paths));
        assert_non_null(paths);
        for (uint32_t file = 0; file < count; file++) {
            assert_ok(dataset_path(ds, file, &out));
            paths[file] = strdup(buf_str(&out));
            assert_true(out.len > 0 && out.len <= 4095 && strlen(paths[file]) == out.len);
            assert_true(paths[file][0] != '/' && strstr(paths[file], "..") == NULL);
        }
        qsort(paths, count, sizeof(*paths), compare_texts);
        for (uint32_t i = 1; i < count; i++)
            assert_string_not_equal(paths[i - 1], paths[i]);
        for (uint32_t i = 0; i < count; i++)
            free(paths[i]);
        free(paths);
        buf_release(&out);
        dataset_close(ds);
    }
}

/* Content may never change silently: a new value here needs a reason in the commit. */
static const struct {
    const char *spec, *hash;
    uint32_t files;
    uint64_t bytes, smallest, largest;
} pinned[] = {
    {"lix-v1", "66a7770be6fc1b9f37487adbed4dbecb", 96, 6291456, 65536, 65536},
    {"random", "1433f7b6059b547110ad07b83c2bc53e", 96, 6291456, 65536, 65536},
    {"random:files=50,size_min=1,size_max=1M", "af6161ed7fd0995294b5a85095e47234", 50, 3602189, 1,
     890486},
    {"media", "c213b92ba05d2fd401e0f42f087a9069", 96, 6291456, 65536, 65536},
    {"append", "4c59151db236243e23da2715dfe290c4", 96, 6291456, 65536, 65536},
    {"synth:class=random,files=30,sizes=lognormal,dup=30%", "32f113b18b7822a85b2b12d9d3b990ce", 30,
     1965311, 12419, 166564},
};

static void summaries_are_pinned(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < COUNT_OF(pinned); i++) {
        struct err err = {0};
        struct dataset_summary sum;
        char hex[HEX_SIZE];
        struct dataset *ds = opened(pinned[i].spec, 42, &err);
        assert_ok(dataset_summarise(ds, &sum));
        hex_str(hex, span_of(sum.hash.bytes, sizeof(sum.hash.bytes)));
        assert_string_equal(hex, pinned[i].hash);
        assert_int_equal(sum.file_count, pinned[i].files);
        assert_int_equal(sum.bytes, pinned[i].bytes);
        assert_int_equal(sum.smallest, pinned[i].smallest);
        assert_int_equal(sum.largest, pinned[i].largest);
        dataset_close(ds);
    }
}

/* Later versions and inserts, which the summary does not see. */
static const struct {
    const char *spec, *hash;
} pinned_versions[] = {
    {"lix-v1:files_per_class=2,size=7k", "3e26aae23cad6dc40c82f586d60cff6c"},
    {"random:files=5,size_min=1,size_max=30k", "f15e862d4e14f14294cf321402eaf2b6"},
    {"media:files=6,size=8k,duplicates=50%", "545283c5b83883ac4436f7fb84290ad5"},
    {"append:files=4,size=6k,growth=1k", "8da9d6718b0a4757b07eb7e3831290bb"},
    {"synth:class=random,files=8,size=9k,dup=50%,dup_kind=shifted,edits=2",
     "c39e3c1b086564f8f73121a787844aee"},
};

static void later_versions_are_pinned(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < COUNT_OF(pinned_versions); i++) {
        struct err err = {0};
        char hex[HEX_SIZE];
        struct hash128 fold = {0};
        struct dataset *ds = opened(pinned_versions[i].spec, 42, &err);
        for (uint32_t file = 0; file < ds->file_count + 6; file++) {
            for (uint32_t version = 0; version < 6; version++)
                fold = hash128_fold(fold, content_hash(ds, file, version));
        }
        hex_str(hex, span_of(fold.bytes, sizeof(fold.bytes)));
        assert_string_equal(hex, pinned_versions[i].hash);
        dataset_close(ds);
    }
}

/* ---- each generator's own promise ----------------------------------------------------------- */

static void random_sizes_are_log_uniform(void **unused)
{
    (void)unused;
    struct err err = {0};
    struct buf work = {0};
    struct dataset *ds = opened("random:files=3000,size_min=1k,size_max=64k", 5, &err);
    unsigned octaves[6] = {0};
    for (uint32_t file = 0; file < ds->file_count; file++) {
        uint64_t len = content_len(ds, file, 0, &work);
        assert_in_range(len, 1024, 65536);
        unsigned octave = 0;
        while (octave < 5 && len >= UINT64_C(2048) << octave)
            octave++;
        octaves[octave]++;
    }
    /* 500 expected in each; the standard deviation is 20. */
    for (size_t i = 0; i < COUNT_OF(octaves); i++)
        assert_in_range(octaves[i], 400, 600);
    dataset_close(ds);

    ds = opened("random:files=50,size_min=77,size_max=77", 5, &err);
    for (uint32_t file = 0; file < ds->file_count; file++)
        assert_int_equal(content_len(ds, file, 3, &work), 77);
    dataset_close(ds);
    ds = opened("random:size=0", 5, &err);
    assert_int_equal(content_len(ds, 3, 9, &work), 0);
    dataset_close(ds);
    buf_release(&work);
}

static void random_updates_keep_most_bytes(void **unused)
{
    (void)unused;
    struct err err = {0};
    struct buf old = {0}, new = {0};
    struct dataset *ds = opened("random:files=20,size=64k", 5, &err);
    unsigned rewrites = 0;
    for (uint32_t file = 0; file < 20; file++) {
        for (uint32_t v = 1; v <= 20; v++) {
            size_t first = SIZE_MAX, last = 0, changed = 0;
            assert_ok(dataset_content(ds, file, v - 1, &old));
            assert_ok(dataset_content(ds, file, v, &new));
            assert_int_equal(new.len, old.len);
            for (size_t i = 0; i < old.len; i++) {
                if (old.ptr[i] == new.ptr[i])
                    continue;
                first = i < first ? i : first;
                last = i;
                changed++;
            }
            assert_true(changed > 0);
            if (changed > old.len / 2)
                rewrites++;
            else
                assert_in_range(last - first + 1, 1000, 65536 / 8);
        }
    }
    assert_in_range(rewrites, 25, 80); /* 50 expected of 400 */
    assert_true(compressed_len(buf_span(&new), 3) >= new.len);
    dataset_close(ds);
    buf_release(&old);
    buf_release(&new);
}

static const char *extension(struct buf *path)
{
    return strrchr(buf_str(path), '.') + 1;
}

static void media_keeps_magic_and_payload(void **unused)
{
    (void)unused;
    static const struct {
        const char *extension, *magic;
        size_t len;
    } types[] = {{"gif", "GIF89a", 6},
                 {"png", "\x89PNG\r\n\x1a\n", 8},
                 {"mp4",
                  "\0\0\0\x1c"
                  "ftypmp42",
                  12},
                 {"jpg", "\xff\xd8\xff\xe0\0\x10JFIF", 10}};
    struct err err = {0};
    struct buf old = {0}, new = {0};
    struct dataset *ds = opened("media:files=8,size=16k,duplicates=0", 5, &err);
    unsigned inserts = 0;
    for (uint32_t file = 0; file < 8; file++) {
        assert_ok(dataset_path(ds, file, &old));
        assert_string_equal(extension(&old), types[file % 4].extension);
        assert_ok(dataset_content(ds, file, 0, &old));
        assert_int_equal(old.len, 16384);
        for (uint32_t v = 1; v <= 25; v++) {
            assert_ok(dataset_content(ds, file, v, &new));
            size_t magic_len = types[file % 4].len, grown = new.len - old.len;
            assert_memory_equal(new.ptr, types[file % 4].magic, magic_len);
            /* What follows the magic has moved; a rewrite changes at most 512 bytes of it. */
            size_t changed = 0, rest = old.len - magic_len;
            for (size_t i = 0; i < rest; i++)
                changed += old.ptr[magic_len + i] != new.ptr[magic_len + grown + i];
            if (grown != 0) {
                inserts++;
                assert_in_range(grown, 64, 4096);
                assert_int_equal(changed, 0);
            } else {
                assert_in_range(changed, 100, 512);
            }
            assert_memory_equal(old.ptr + old.len - 15000, new.ptr + new.len - 15000, 15000);
            assert_ok(buf_set(&old, buf_span(&new), &err));
        }
    }
    assert_in_range(inserts, 55, 105); /* 80 expected of 200 */
    assert_true(compressed_len(buf_span(&new), 19) >= new.len);
    dataset_close(ds);
    buf_release(&old);
    buf_release(&new);
}

static void media_has_the_duplicates_asked_for(void **unused)
{
    (void)unused;
    static const struct {
        const char *spec;
        unsigned min, max;
    } cases[] = {
        {"media:files=400,size=1k,duplicates=0", 0, 0},
        {"media:files=400,size=1k,duplicates=25%", 65, 135},
        {"media:files=400,size=1k,duplicates=1", 399, 399},
    };
    for (size_t c = 0; c < COUNT_OF(cases); c++) {
        struct err err = {0};
        struct hash128 hashes[400];
        struct dataset *ds = opened(cases[c].spec, 5, &err);
        unsigned copies = 0;
        for (uint32_t file = 0; file < 400; file++) {
            hashes[file] = content_hash(ds, file, 0);
            uint32_t earlier = 0;
            while (earlier < file && !hash128_equal(hashes[earlier], hashes[file]))
                earlier++;
            if (earlier == file)
                continue;
            copies++;
            assert_false(hash128_equal(content_hash(ds, earlier, 1), content_hash(ds, file, 1)));
        }
        assert_in_range(copies, cases[c].min, cases[c].max);
        dataset_close(ds);
    }
}

static void append_only_appends_and_compresses_like_a_log(void **unused)
{
    (void)unused;
    struct err err = {0};
    struct buf old = {0}, new = {0};
    struct dataset *ds = opened("append:files=4,size=64k,growth=10000", 5, &err);
    for (uint32_t file = 0; file < 6; file++) {
        assert_ok(dataset_content(ds, file, 0, &old));
        for (uint32_t v = 1; v <= 5; v++) {
            assert_ok(dataset_content(ds, file, v, &new));
            assert_int_equal(new.len, 65536 + v * 10000);
            assert_memory_equal(old.ptr, new.ptr, old.len);
            assert_ok(buf_set(&old, buf_span(&new), &err));
        }
        double ratio = (double)new.len / (double)compressed_len(buf_span(&new), 3);
        assert_true(ratio > 4 && ratio < 6);
        size_t lines = 0;
        for (size_t i = 0; i < new.len; i++) {
            assert_true(new.ptr[i] == '\n' || (new.ptr[i] >= 0x20 && new.ptr[i] < 0x7f));
            lines += new.ptr[i] == '\n';
        }
        assert_in_range(new.len / lines, 90, 160);
        assert_memory_equal(new.ptr, "2025-", 5);
    }
    dataset_close(ds);
    buf_release(&old);
    buf_release(&new);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_sound),
        cmocka_unit_test(wrong_specs_are_refused),
        cmocka_unit_test(effective_options_are_told),
        cmocka_unit_test(versions_and_sizes_have_limits),
        cmocka_unit_test(lix_is_the_published_dataset),
        cmocka_unit_test(lix_workloads_have_the_published_totals),
        cmocka_unit_test(lix_classes_are_what_the_warning_says),
        cmocka_unit_test(lix_goes_on_beyond_what_is_published),
        cmocka_unit_test(content_is_a_pure_function),
        cmocka_unit_test(every_update_changes_something),
        cmocka_unit_test(seeds_matter),
        cmocka_unit_test(paths_are_relative_and_unique),
        cmocka_unit_test(summaries_are_pinned),
        cmocka_unit_test(later_versions_are_pinned),
        cmocka_unit_test(random_sizes_are_log_uniform),
        cmocka_unit_test(random_updates_keep_most_bytes),
        cmocka_unit_test(media_keeps_magic_and_payload),
        cmocka_unit_test(media_has_the_duplicates_asked_for),
        cmocka_unit_test(append_only_appends_and_compresses_like_a_log),
    };
    return cmocka_run_group_tests_name("datasets", tests, NULL, NULL);
}
