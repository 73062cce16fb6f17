/* t_profile: what a profile counts, against counting by hand; twins that are what they describe. */
#include <ftw.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <zstd.h>

#include "datasets/chunk_list.h"
#include "datasets/twin_fit.h"
#include "engine/rng.h"

#define assert_ok(call)                                           \
    do {                                                          \
        enum rc rc_ = (call);                                     \
        if (rc_ != RC_OK)                                         \
            fail_msg("%s: %s: %s", #call, rc_name(rc_), err.msg); \
    } while (0)

static void write_file(const char *path, struct span bytes)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes.ptr, 1, bytes.len, file), bytes.len);
    assert_int_equal(fclose(file), 0);
}

static uint8_t *made(const char *class, uint64_t seed, size_t len)
{
    uint8_t *bytes = malloc(len);
    assert_non_null(bytes);
    content_class_by_name(class)->fill(seed, SAVING_NATURAL, bytes, len);
    return bytes;
}

/* A file in the working folder, which is the test's own. */
static void make_file(const char *path, const char *class, uint64_t seed, size_t len)
{
    uint8_t *bytes = made(class, seed, len);
    write_file(path, span_of(bytes, len));
    free(bytes);
}

static struct dataset *opened(const char *spec)
{
    struct err err = {0};
    struct dataset *ds;
    assert_ok(dataset_open(&ds, spec, 1, &err));
    return ds;
}

/* ---- changes --------------------------------------------------------------------------------- */

static void test_changes_by_hand(void **state)
{
    static const struct {
        const char *before, *after;
        enum profile_edit kind;
        uint64_t prefix, suffix;
    } cases[] = {
        {"", "", PROFILE_EDIT_NONE, 0, 0},
        {"abc", "abc", PROFILE_EDIT_NONE, 3, 0},
        {"abc", "abcd", PROFILE_EDIT_APPEND, 3, 0},
        {"", "new", PROFILE_EDIT_APPEND, 0, 0},
        {"abc", "xabc", PROFILE_EDIT_PREPEND, 0, 3},
        {"abc", "abxc", PROFILE_EDIT_INSERT, 2, 1},
        {"abcd", "acd", PROFILE_EDIT_DELETE, 1, 2},
        {"abcd", "cd", PROFILE_EDIT_DELETE, 0, 2},
        {"abcd", "ab", PROFILE_EDIT_TRUNCATE, 2, 0},
        {"abcd", "", PROFILE_EDIT_TRUNCATE, 0, 0},
        {"abcd", "axxd", PROFILE_EDIT_OVERWRITE, 1, 1},
        {"abcd", "axxxd", PROFILE_EDIT_REPLACE, 1, 1},
        /* What could be either: never counted twice. */
        {"aaaa", "aaaaaa", PROFILE_EDIT_APPEND, 4, 0},
        {"aaaa", "aa", PROFILE_EDIT_TRUNCATE, 2, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct profile_change change =
            profile_compare(span_of_str(cases[i].before), span_of_str(cases[i].after));
        assert_int_equal(change.prefix, cases[i].prefix);
        assert_int_equal(change.suffix, cases[i].suffix);
        if (profile_change_kind(&change) != cases[i].kind)
            fail_msg("\"%s\" to \"%s\": %s, expected %s", cases[i].before, cases[i].after,
                     profile_edit_name(profile_change_kind(&change)),
                     profile_edit_name(cases[i].kind));
    }
}

/* ---- chunks ---------------------------------------------------------------------------------- */

static void test_chunk_numbers_by_comparing(void **state)
{
    enum { CONTENTS = 12, LEN = 20000 };
    struct err err = {0};
    struct chunk_list list = {.count = 0};
    uint8_t bytes[LEN];
    struct rng rng = rng_stream(3, "test", 0);
    uint32_t distinct, expected = 0;
    (void)state;
    assert_ok(chunk_list_init(&list, 256, &err));
    for (uint32_t i = 0; i < CONTENTS; i++) {
        for (size_t at = 0; at < LEN; at += 1000) {
            if (i == 0 || rng_below(&rng, 3) == 0)
                rng_fill(&rng, bytes + at, 1000);
            if (rng_below(&rng, 10) == 0)
                memset(bytes + at, 0, 1000);
        }
        assert_ok(chunk_list_add(&list, span_of(bytes, LEN), i, &err));
    }
    uint32_t *ids = calloc(list.count, sizeof(*ids));
    assert_ok(chunk_list_ids(&list, ids, &distinct, &err));
    for (size_t i = 0; i < list.count; i++) {
        size_t first = i;
        bool again = false;
        for (size_t k = 0; k < list.count; k++)
            if (k != i && list.chunks[k].hash == list.chunks[i].hash &&
                list.chunks[k].len == list.chunks[i].len) {
                again = true;
                first = k < first ? k : first;
            }
        assert_int_equal(ids[i] != 0, again);
        if (again && first == i)
            assert_int_equal(ids[i], ++expected);
        else if (again)
            assert_int_equal(ids[i], ids[first]);
    }
    assert_int_equal(distinct, expected);
    assert_true(distinct > 10);
    free(ids);
    chunk_list_release(&list);
}

/* ---- profiles -------------------------------------------------------------------------------- */

/* Copies and bytes of a generator, recounted by comparing every pair. */
static void test_copies_by_comparing(void **state)
{
    enum { FILES = 60 };
    struct err err = {0};
    struct profile profile = {.ds = NULL};
    struct dataset *ds = opened("media:files=60,size=3000,duplicates=40%");
    struct buf contents[FILES] = {{0}};
    uint64_t copies = 0;
    (void)state;
    assert_ok(profile_build(&profile, ds, &err));
    for (uint32_t i = 0; i < FILES; i++) {
        bool copy = false;
        assert_ok(dataset_content(ds, i, 0, &contents[i]));
        for (uint32_t k = 0; k < i && !copy; k++)
            copy = span_equal(buf_span(&contents[k]), buf_span(&contents[i]));
        copies += copy;
        assert_int_equal(profile.files[i].copy_of != PROFILE_NO_COPY, copy);
    }
    assert_true(copies > 10);
    assert_int_equal(profile.copy_files, copies);
    assert_int_equal(profile.copy_bytes, copies * 3000);
    assert_int_equal(profile.bytes, FILES * 3000);
    assert_int_equal(profile.histogram[12], FILES);
    assert_int_equal(profile.all.files, profile.distinct.files + copies);
    for (size_t level = 0; level < PROFILE_LEVELS; level++)
        assert_int_equal(profile.levels[level].bytes, (FILES - copies) * 3000);
    for (uint32_t i = 0; i < FILES; i++)
        buf_release(&contents[i]);
    profile_release(&profile);
    dataset_close(ds);
}

/* The hash is the one that studies record. */
static void test_the_hash_is_that_of_studies(void **state)
{
    struct err err = {0};
    struct profile profile = {.ds = NULL};
    struct dataset_summary summary;
    struct dataset *ds = opened("random:files=9,size_min=1,size_max=9k");
    (void)state;
    assert_ok(profile_build(&profile, ds, &err));
    assert_ok(dataset_summarise(ds, &summary));
    assert_true(hash128_equal(profile.hash, summary.hash));
    assert_int_equal(profile.smallest, summary.smallest);
    assert_int_equal(profile.largest, summary.largest);
    profile_release(&profile);
    dataset_close(ds);
}

static void test_entropy_of_known_distributions(void **state)
{
    uint8_t bytes[4096];
    (void)state;
    memset(bytes, 7, sizeof(bytes));
    assert_true(profile_entropy(span_of(bytes, sizeof(bytes))) == 0);
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)i;
    assert_true(fabs(profile_entropy(span_of(bytes, sizeof(bytes))) - 8) < 1e-12);
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = i % 4 == 0;
    /* H(1/4) = 2 - 3/4 log2(3) */
    assert_true(fabs(profile_entropy(span_of(bytes, sizeof(bytes))) - 0.8112781244591328) < 1e-12);
}

/* ---- twins ----------------------------------------------------------------------------------- */

static void fit(struct twin *twin, struct dataset *ds, struct profile *profile)
{
    struct err err = {0};
    assert_ok(profile_build(profile, ds, &err));
    assert_ok(twin_fit(twin, profile, &err));
}

/* A folder with texts, binaries, copies and files that share parts. */
static void make_folder(void)
{
    uint8_t *shared = made("random", 99, 120000), *own = made("text", 98, 300000);
    char path[64];
    assert_int_equal(mkdir("data", 0777), 0);
    for (unsigned i = 0; i < 12; i++) {
        static const char *const classes[] = {"text", "source", "log", "exe"};
        (void)snprintf(path, sizeof(path), "data/own%02u.%s", i, i % 4 == 3 ? "bin" : "txt");
        make_file(path, classes[i % 4], i, 3000 + 9000 * i);
        (void)snprintf(path, sizeof(path), "data/own%02u.copy", i);
        make_file(path, classes[i % 4], i & ~1u, 3000 + 9000 * (i & ~1u));
        memcpy(own + 20000 * i, shared, 60000);
        (void)snprintf(path, sizeof(path), "data/part%02u.bin", i);
        write_file(path, span_of(own + 20000 * i - (i ? 5000 : 0), 70000 + (i ? 5000 : 0)));
        memmove(own + 20000 * i, own + 270000, 20000);
    }
    write_file("data/empty", span_of("", 0));
    free(shared);
    free(own);
}

static double saving_of(struct span bytes)
{
    size_t cap = ZSTD_compressBound(bytes.len);
    uint8_t *packed = malloc(cap);
    size_t len = ZSTD_compress(packed, cap, bytes.ptr, bytes.len, 3);
    free(packed);
    assert_false(ZSTD_isError(len));
    return 1 - (double)(len < bytes.len ? len : bytes.len) / (double)bytes.len;
}

/* File by file: equal lengths, equal types, copies where copies are, savings near. */
static void test_a_twin_is_like_its_files(void **state)
{
    struct err err = {0};
    struct twin twin = {.kinds = NULL};
    struct profile profile = {.ds = NULL}, again = {.ds = NULL};
    struct buf text = {0}, content = {0}, real = {0};
    (void)state;
    make_folder();
    struct dataset *ds = opened("files:data");
    fit(&twin, ds, &profile);
    assert_ok(twin_write(&twin, &text, &err));
    write_file("twin.json", buf_span(&text));
    struct dataset *made_up = opened("twin:twin.json");
    assert_ok(profile_build(&again, made_up, &err));
    assert_int_equal(again.base_count, profile.base_count);
    for (uint32_t i = 0; i < profile.base_count; i++) {
        assert_ok(dataset_content(made_up, i, 0, &content));
        assert_ok(dataset_content(ds, i, 0, &real));
        assert_int_equal(content.len, real.len);
        assert_int_equal(again.files[i].copy_of, profile.files[i].copy_of);
        assert_int_equal(handler_at(again.files[i].handler)->precompressed,
                         handler_at(profile.files[i].handler)->precompressed);
        if (content.len < 5000)
            continue;
        double off = saving_of(buf_span(&content)) - saving_of(buf_span(&real));
        /* A part that files share has the kind of the first of them, which need not be theirs. */
        if (fabs(off) > (twin.rows[i].part_count ? 0.06 : 0.03))
            fail_msg("file %u of %zu bytes: the twin saves %+.3f more", i, content.len, off);
    }
    const struct profile_chunks *here = &profile.levels[0], *there = &again.levels[0];
    assert_true(here->repeated_bytes > here->bytes / 10);
    double share = (double)there->repeated_bytes / (double)here->repeated_bytes;
    if (!(share > 0.85 && share < 1.15))
        fail_msg("repeated in chunks: %.3f of the real bytes", share);
    buf_release(&text);
    buf_release(&content);
    buf_release(&real);
    twin_release(&twin);
    profile_release(&profile);
    profile_release(&again);
    dataset_close(ds);
    dataset_close(made_up);
}

/* Nothing of content or names gets into the description, and it is the same every time. */
static void test_a_description_is_private_and_the_same(void **state)
{
    struct err err = {0};
    struct twin twin = {.kinds = NULL}, other = {.kinds = NULL};
    struct profile profile = {.ds = NULL}, twice = {.ds = NULL};
    struct buf text = {0}, second = {0};
    (void)state;
    struct dataset *ds = opened("files:data");
    fit(&twin, ds, &profile);
    fit(&other, ds, &twice);
    assert_ok(twin_write(&twin, &text, &err));
    assert_ok(twin_write(&other, &second, &err));
    assert_true(span_equal(buf_span(&text), buf_span(&second)));
    assert_null(strstr(buf_str(&text), "own"));
    assert_null(strstr(buf_str(&text), "part0"));
    assert_null(strstr(buf_str(&text), ".copy"));
    buf_release(&text);
    buf_release(&second);
    twin_release(&twin);
    twin_release(&other);
    profile_release(&profile);
    profile_release(&twice);
    dataset_close(ds);
}

/* Version 0 is the description's, whatever the seed; edits are the seed's. */
static void test_seeds_make_edits_only(void **state)
{
    struct err err = {0};
    struct dataset *one, *two;
    struct buf first = {0}, second = {0};
    size_t different = 0;
    (void)state;
    assert_ok(dataset_open(&one, "twin:twin.json", 1, &err));
    assert_ok(dataset_open(&two, "twin:twin.json", 2, &err));
    for (uint32_t i = 0; i < one->file_count + 5; i++)
        for (uint32_t version = 0; version < 3; version++) {
            assert_ok(dataset_content(one, i, version, &first));
            assert_ok(dataset_content(two, i, version, &second));
            bool equal = span_equal(buf_span(&first), buf_span(&second));
            if (i < one->file_count && version == 0)
                assert_true(equal);
            different += !equal;
        }
    assert_true(different > one->file_count);
    buf_release(&first);
    buf_release(&second);
    dataset_close(one);
    dataset_close(two);
}

/* What was written, read and written again is the same; so is what it makes. */
static void test_descriptions_are_read_as_written(void **state)
{
    struct err err = {0};
    struct twin twin = {.kinds = NULL};
    struct buf text = {0};
    char read[1 << 16];
    (void)state;
    FILE *file = fopen("twin.json", "rb");
    assert_non_null(file);
    size_t len = fread(read, 1, sizeof(read), file);
    assert_int_equal(fclose(file), 0);
    assert_ok(twin_read(&twin, "twin.json", &err));
    assert_ok(twin_write(&twin, &text, &err));
    assert_true(span_equal(buf_span(&text), span_of(read, len)));
    buf_release(&text);
    twin_release(&twin);
}

static enum rc read_text(const char *text, size_t len, struct err *err)
{
    struct twin twin = {.kinds = NULL};
    write_file("damaged.json", span_of(text, len));
    err_clear(err);
    enum rc rc = twin_read(&twin, "damaged.json", err);
    twin_release(&twin);
    return rc;
}

static const char small[] =
    "{\"schema\":\"blobfront/twin/1\",\"note\":\"\",\"salt\":0,\"base_files\":3,\"files\":4,"
    "\"base_bytes\":9000,\"kinds\":[{\"handler\":\"text_source\",\"extension\":\"txt\","
    "\"class\":\"text\"}],\"rows\":[[0,32768,5000,0,0,0,0,3000],[0,32768,5000,0,0,0,0,3000,0],"
    "[0,32768,5000,0,0,0,0,3000],[0,1,5000,0,0,0,0,10]],\"parts\":[[0,1000,1,2000,0],"
    "[2,2000,0,1000,1]],\"events\":[[\"change\",0,0,10,20,3000],[\"create\",3,0],"
    "[\"change\",0,1,3000,0,3001],[\"delete\",1,1],[\"create\",1,2,0,0,5]]}\n";

static void test_damaged_descriptions_are_refused(void **state)
{
    static const struct {
        const char *from, *to, *message;
    } cases[] = {
        {"twin/1", "twin/2", "schema \"blobfront/twin/2\""},
        {"\"salt\":0,", "", "salt"},
        {"\"base_files\":3", "\"base_files\":0", "0 base files"},
        {"\"base_files\":3", "\"base_files\":5", "5 base files"},
        {"\"files\":4", "\"files\":7", "describes 4 files"},
        {"\"base_bytes\":9000", "\"base_bytes\":1", "9000 bytes"},
        {"\"text\"}", "\"prose\"}", "no handler with a class"},
        {"\"text\"}", "\"png\"}", "no handler with a class"},
        {"text_source", "texts", "no handler with a class"},
        {"\"txt\"", "\"../x\"", "not that of handler and class"},
        {"[[0,32768", "[[1,32768", "no whole number of 0 to 0"},
        {"[[0,32768", "[[0,65537", "no whole number of 0 to 65536"},
        {"[[0,32768", "[[0,1.5", "no whole number"},
        {"[[0,32768", "[[0,-1", "no whole number"},
        {"[[0,32768", "[[0,\"x\"", "expected a number"},
        {"0,10]]", "0,2000000000]]", "no whole number of 0 to 1000000000"},
        {"0,3000,0]", "0,3000,1]", "is a copy of no row before it"},
        {"0,3000,0]", "0,3001,0]", "of another length"},
        {"0,3000,0]", "0,3000,0,1]", "has not 8, 9 or 12 numbers"},
        {"0,3000,0]", "0,3000,2000,5,0,0]", "is a copy of no row before it, or of no files"},
        {"[0,1000,1,2000,0]", "[0,1000,1,2001,0]", "the parts of row 0 have 3001 bytes"},
        {"[0,1000,1,2000,0]", "[0,1000,1,2000]", "half a part"},
        {"[0,1000,1,2000,0]", "[9,1000,1,2000,0]", "no whole number of 0 to 3"},
        {"[0,1000,1,2000,0]", "[1,1000,1,2000,0]", "a row without parts"},
        {"[0,1000,1,2000,0]", "[0,999,1,2001,0]", "part 1 has 999 bytes in one place"},
        {"[2,2000,0,1000,1]", "[0,2000,0,1000,1]", "out of order"},
        {"\"change\",0,0", "\"changed\",0,0", "no kind of event"},
        {"\"change\",0,0,10,20,3000", "\"change\",0,0", "not the items of its kind"},
        {"\"change\",0,0,10", "\"change\",4,0,10", "event 0 does not follow"},
        {"\"change\",0,0,10,20", "\"change\",0,0,2990,20", "event 0 keeps more bytes"},
        {"\"create\",3,0", "\"create\",2,0", "event 1 does not follow"},
        {"3000,0,3001", "3001,0,3001", "event 2 keeps more bytes"},
        {"\"change\",0,1", "\"change\",0,9", "event 3 does not follow"},
        {"[\"delete\",1,1]", "[\"delete\",1,1,0,0,1]", "not the items of its kind"},
    };
    struct err err = {0};
    char text[2000];
    (void)state;
    assert_int_equal(read_text(small, sizeof(small) - 1, &err), RC_OK);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *at = strstr(small, cases[i].from);
        assert_non_null(at);
        int len = snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - small), small, cases[i].to,
                           at + strlen(cases[i].from));
        enum rc rc = read_text(text, (size_t)len, &err);
        if (rc != (i == 0 ? RC_MISMATCH : RC_USAGE) || !strstr(err.msg, cases[i].message))
            fail_msg("%s -> %s: %s: \"%s\"", cases[i].from, cases[i].to, rc_name(rc), err.msg);
        assert_non_null(strstr(err.msg, "damaged.json"));
    }
}

/* Cut at every byte; every byte replaced by others: an error or, rarely, another description, whose
 * files can be made. */
static void test_descriptions_damaged_anywhere(void **state)
{
    struct err err = {0};
    struct buf content = {0};
    char text[sizeof(small)];
    (void)state;
    for (size_t len = 0; len + 2 < sizeof(small); len++)
        assert_int_equal(read_text(small, len, &err), RC_USAGE);
    for (size_t i = 0; i + 1 < sizeof(small); i++) {
        memcpy(text, small, sizeof(small));
        text[i] = "9,]{\"x1"[i % 7];
        enum rc rc = read_text(text, sizeof(small) - 1, &err);
        assert_true(rc == RC_OK || rc == RC_USAGE || rc == RC_MISMATCH);
        struct dataset *ds;
        if (rc != RC_OK || dataset_open(&ds, "twin:damaged.json", 1, &err) != RC_OK)
            continue;
        for (uint32_t file = 0; file < 4; file++)
            assert_ok(dataset_content(ds, file, 3, &content));
        dataset_close(ds);
    }
    buf_release(&content);
}

/* Groups: of many files the number is exact, lengths and copies are near. */
static void test_groups_of_many_files(void **state)
{
    enum { FILES = 45000 };
    struct err err = {0};
    struct twin twin = {.kinds = NULL};
    struct profile profile = {.ds = NULL};
    struct buf text = {0}, content = {0};
    uint64_t bytes = 0;
    (void)state;
    struct dataset *ds = opened("random:files=45000,size_min=1,size_max=300");
    fit(&twin, ds, &profile);
    assert_ok(twin_write(&twin, &text, &err));
    assert_true(text.len < 4 << 20);
    write_file("many.json", buf_span(&text));
    struct dataset *made_up = opened("twin:many.json");
    assert_int_equal(made_up->file_count, FILES);
    for (uint32_t i = 0; i < FILES; i++) {
        assert_ok(dataset_content(made_up, i, 0, &content));
        bytes += content.len;
    }
    assert_true(fabs((double)bytes / (double)profile.bytes - 1) < 0.01);
    buf_release(&text);
    buf_release(&content);
    twin_release(&twin);
    profile_release(&profile);
    dataset_close(ds);
    dataset_close(made_up);
}

/* ---- histories ------------------------------------------------------------------------------- */

/* Two releases: changes of the twin lie where the real ones do and are as long. */
static void test_edits_are_where_they_were(void **state)
{
    struct err err = {0};
    struct twin twin = {.kinds = NULL};
    struct profile profile = {.ds = NULL}, again = {.ds = NULL};
    struct buf text = {0};
    uint8_t *bytes = made("text", 1, 40000);
    (void)state;
    assert_int_equal(mkdir("old", 0777), 0);
    assert_int_equal(mkdir("new", 0777), 0);
    write_file("old/a.txt", span_of(bytes, 20000));
    write_file("new/a.txt", span_of(bytes, 25000));
    write_file("old/b.txt", span_of(bytes + 500, 20000));
    memset(bytes + 3000, '-', 70);
    write_file("new/b.txt", span_of(bytes + 500, 20000));
    write_file("old/gone", span_of(bytes, 100));
    write_file("old/same", span_of(bytes + 9, 5000));
    write_file("new/same", span_of(bytes + 9, 5000));
    write_file("new/added.txt", span_of(bytes + 1, 7000));
    struct dataset *ds = opened("pair:old,new");
    fit(&twin, ds, &profile);
    assert_int_equal(profile.history.created, 1);
    assert_int_equal(profile.history.changed, 2);
    assert_int_equal(profile.history.deleted, 1);
    assert_int_equal(profile.history.kinds[PROFILE_EDIT_APPEND], 1);
    assert_int_equal(profile.history.kinds[PROFILE_EDIT_OVERWRITE], 1);
    assert_int_equal(profile.history.new_bytes, 5000 + 70);
    assert_ok(twin_write(&twin, &text, &err));
    write_file("pair.json", buf_span(&text));
    struct dataset *made_up = opened("twin:pair.json");
    assert_int_equal(made_up->event_count, ds->event_count);
    assert_ok(profile_build(&again, made_up, &err));
    assert_memory_equal(again.history.kinds, profile.history.kinds, sizeof(profile.history.kinds));
    /* Prefix and suffix may be longer where made-up bytes happen to be equal, by a few bytes. */
    assert_true(again.history.new_bytes <= profile.history.new_bytes);
    assert_true(again.history.new_bytes + 10 >= profile.history.new_bytes);
    for (uint64_t i = 0; i < ds->event_count; i++) {
        struct history_event real, twins;
        assert_ok(dataset_event(ds, i, &real));
        assert_ok(dataset_event(made_up, i, &twins));
        assert_int_equal(twins.kind, real.kind);
        assert_int_equal(twins.file, real.file);
        assert_int_equal(twins.group, real.group);
    }
    free(bytes);
    buf_release(&text);
    twin_release(&twin);
    profile_release(&profile);
    profile_release(&again);
    dataset_close(ds);
    dataset_close(made_up);
}

static char folder[] = "/tmp/t_profile-XXXXXX";

static int enter_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int remove_entry(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st, (void)flag, (void)ftw;
    return remove(path);
}

static int leave_folder(void **state)
{
    (void)state;
    return chdir("/") == 0 ? nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS) : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changes_by_hand),
        cmocka_unit_test(test_chunk_numbers_by_comparing),
        cmocka_unit_test(test_copies_by_comparing),
        cmocka_unit_test(test_the_hash_is_that_of_studies),
        cmocka_unit_test(test_entropy_of_known_distributions),
        cmocka_unit_test(test_a_twin_is_like_its_files),
        cmocka_unit_test(test_a_description_is_private_and_the_same),
        cmocka_unit_test(test_seeds_make_edits_only),
        cmocka_unit_test(test_descriptions_are_read_as_written),
        cmocka_unit_test(test_damaged_descriptions_are_refused),
        cmocka_unit_test(test_descriptions_damaged_anywhere),
        cmocka_unit_test(test_groups_of_many_files),
        cmocka_unit_test(test_edits_are_where_they_were),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
