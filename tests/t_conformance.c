/* t_conformance: what every strategy promises, one body for all rows of the registry, levels and
 * back ends.  A new strategy is tested by existing; t_model.c adds random histories. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support_store.h"

/* Sizes at which something changes: inline values, pages, overflow, chunks, small integers. */
static const size_t sizes[] = {
    0,     1,     63,    64,    65,    100,    255,    256,      1023,           3999,     4000,
    4001,  4060,  4061,  4062,  4095,  4096,   4097,   8191,     8192,           16383,    16384,
    16385, 32768, 65535, 65536, 65537, 131073, 262144, 1u << 20, (1u << 20) + 1, 5u << 20,
};

struct content {
    uint8_t *bytes[COUNT_OF(sizes)];
};

static struct content content_new(void)
{
    struct content content;
    for (size_t i = 0; i < COUNT_OF(sizes); i++)
        content.bytes[i] = bytes_new((enum bytes_kind)(i % BYTES_KIND_COUNT), i, sizes[i]);
    return content;
}

static void content_free(struct content *content)
{
    for (size_t i = 0; i < COUNT_OF(sizes); i++)
        free(content->bytes[i]);
}

static struct span content_at(const struct content *content, size_t i)
{
    return span_of(content->bytes[i], sizes[i]);
}

/* ---- bodies ---------------------------------------------------------------------------------- */

static void expect_parts(struct rig *rig, uint64_t file_id, struct span whole)
{
    size_t len = whole.len;
    rig_expect_part(rig, file_id, 0, 0, 0, whole);
    rig_expect_part(rig, file_id, 0, 0, len, whole);
    rig_expect_part(rig, file_id, 0, 0, len + 1, whole);
    rig_expect_part(rig, file_id, 0, 0, SIZE_MAX, whole);
    rig_expect_part(rig, file_id, 0, len / 2, 100, whole);
    rig_expect_part(rig, file_id, 0, len / 3, len / 3, whole);
    rig_expect_part(rig, file_id, 0, len, 1, whole);
    rig_expect_part(rig, file_id, 0, len + 1, 1, whole);
    rig_expect_part(rig, file_id, 0, UINT64_MAX, SIZE_MAX, whole);
    rig_expect_part(rig, file_id, 0, len > 0 ? len - 1 : 0, 5, whole);
    for (size_t cut = 4095; cut <= 4097 && cut < len; cut++)
        rig_expect_part(rig, file_id, 0, cut, 4096, whole);
}

/* Every size, stored one by one and in one batch, read whole, in part, and after a reopen. */
static void test_sizes(void **state)
{
    struct rig rig;
    struct content content = content_new();
    rig_open(&rig, *state);
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        rig_expect_absent(&rig, i, 0);
        rig_store(&rig, i, 0, content_at(&content, i));
        rig_expect(&rig, i, 0, content_at(&content, i));
    }
    rig_begin(&rig);
    for (size_t i = 0; i < COUNT_OF(sizes); i++) /* the same bytes under other keys */
        rig_put(&rig, 1000 + i, 7, content_at(&content, i));
    rig_commit(&rig);
    for (int pass = 0; pass < (rig_volatile(&rig) ? 1 : 2); pass++) {
        for (size_t i = 0; i < COUNT_OF(sizes); i++) {
            rig_expect(&rig, i, 0, content_at(&content, i));
            rig_expect(&rig, 1000 + i, 7, content_at(&content, i));
            expect_parts(&rig, i, content_at(&content, i));
            rig_expect_absent(&rig, i, 1);
            rig_expect_absent(&rig, 1000 + i, 0);
        }
        rig_expect_absent(&rig, 500, 0);
        rig_expect_absent(&rig, INT64_MAX, UINT32_MAX);
        rig_check(&rig);
        MUST(&rig, store_settle(rig.st));
        rig_reopen(&rig);
    }
    rig_close(&rig);
    content_free(&content);
}

/* Keys from the whole range, and versions that are not dense. */
static const struct blob_key wide_keys[] = {
    {0, 0},
    {0, 5},
    {1, UINT32_MAX},
    {255, 1},
    {256, 2},
    {65536, 3},
    {1u << 24, 4},
    {(uint64_t)1 << 32, 0},
    {((uint64_t)1 << 32) + 1, 1},
    {(uint64_t)1 << 48, 9},
    {INT64_MAX - 1, 0},
    {INT64_MAX, 0},
    {INT64_MAX, UINT32_MAX},
};

static void expect_scan(struct rig *rig, uint64_t from, uint64_t to)
{
    struct blob_key key;
    MUST(rig, store_scan_begin(rig->st, from, to));
    for (size_t i = 0; i < COUNT_OF(wide_keys); i++) {
        const struct blob_key *wanted = &wide_keys[i];
        bool newest = i + 1 == COUNT_OF(wide_keys) || wanted[1].file_id != wanted->file_id;
        if (!newest || wanted->file_id < from || wanted->file_id >= to)
            continue;
        MUST(rig, store_scan_next(rig->st, &key, &rig->out));
        assert_int_equal(key.file_id, wanted->file_id);
        assert_int_equal(key.version, wanted->version);
        assert_int_equal(rig->out.len, sizeof(*wanted) + 1000 * i);
        assert_memory_equal(rig->out.ptr, &wanted->file_id, sizeof(wanted->file_id));
    }
    assert_int_equal(store_scan_next(rig->st, &key, &rig->out), RC_NOTFOUND);
    MUST(rig, store_scan_end(rig->st));
}

static void test_scan(void **state)
{
    struct rig rig;
    rig_open(&rig, *state);
    expect_scan(&rig, 5, 5);
    for (size_t pick = 0; pick < COUNT_OF(wide_keys); pick++) {
        /* Out of file order, but versions of a file ascending: 7 is coprime to 13. */
        size_t i = pick < 2 || pick > 10 ? pick : 2 + (pick * 5) % 9;
        size_t len = sizeof(wide_keys[i]) + 1000 * i;
        uint8_t *bytes = bytes_new(BYTES_TEXT, i, len);
        memcpy(bytes, &wide_keys[i].file_id, sizeof(wide_keys[i].file_id));
        rig_store(&rig, wide_keys[i].file_id, wide_keys[i].version, span_of(bytes, len));
        free(bytes);
    }
    for (int pass = 0; pass < (rig_volatile(&rig) ? 1 : 2); pass++) {
        expect_scan(&rig, 0, UINT64_MAX);
        expect_scan(&rig, 0, UINT64_MAX); /* caches filled by the first may not change it */
        expect_scan(&rig, 0, (uint64_t)INT64_MAX + 1);
        expect_scan(&rig, 0, INT64_MAX);
        expect_scan(&rig, INT64_MAX, UINT64_MAX);
        expect_scan(&rig, 1, 256);
        expect_scan(&rig, 255, 257);
        expect_scan(&rig, 2, 255);
        expect_scan(&rig, 10, 10);
        expect_scan(&rig, 0, 0);
        expect_scan(&rig, UINT64_MAX, UINT64_MAX);
        rig_check(&rig);
        rig_reopen(&rig);
    }
    rig_close(&rig);
}

/* A scan that is given up, with a get inside. */
static void test_scan_abandoned(void **state)
{
    struct rig rig;
    struct blob_key key;
    uint8_t *bytes = bytes_new(BYTES_TEXT, 1, 100000);
    rig_open(&rig, *state);
    for (uint64_t file = 0; file < 5; file++)
        rig_store(&rig, file, 0, span_of(bytes, 100000 - file));
    MUST(&rig, store_scan_begin(rig.st, 0, 100));
    MUST(&rig, store_scan_next(rig.st, &key, &rig.out));
    rig_expect(&rig, 3, 0, span_of(bytes, 100000 - 3));
    MUST(&rig, store_scan_next(rig.st, &key, &rig.out));
    assert_int_equal(key.file_id, 1);
    assert_true(span_equal(buf_span(&rig.out), span_of(bytes, 100000 - 1)));
    MUST(&rig, store_scan_end(rig.st));
    rig_store(&rig, 5, 0, span_of(bytes, 10));
    MUST(&rig, store_settle(rig.st));
    rig_check(&rig);
    rig_close(&rig);
    free(bytes);
}

/* Shared content, last versions, and everything. */
static void test_delete(void **state)
{
    struct rig rig;
    uint8_t *text = bytes_new(BYTES_TEXT, 1, 200000);
    uint8_t *noise = bytes_new(BYTES_RANDOM, 2, 70000);
    rig_open(&rig, *state);
    rig_begin(&rig);
    rig_put(&rig, 1, 0, span_of(text, 200000));
    rig_put(&rig, 1, 1, span_of(noise, 70000));
    rig_put(&rig, 1, 2, span_of(text, 200000));
    rig_put(&rig, 2, 0, span_of(text, 200000));
    rig_put(&rig, 3, 0, span_of(NULL, 0));
    rig_commit(&rig);
    rig_expect(&rig, 1, 2, span_of(text, 200000));
    rig_begin(&rig);
    assert_int_equal(store_del(rig.st, (struct blob_key){1, 3}), RC_NOTFOUND);
    assert_int_equal(store_del(rig.st, (struct blob_key){9, 0}), RC_NOTFOUND);
    rig_del(&rig, 1, 2);
    rig_del(&rig, 2, 0);
    assert_int_equal(store_del(rig.st, (struct blob_key){2, 0}), RC_NOTFOUND);
    rig_commit(&rig);
    rig_expect(&rig, 1, 0, span_of(text, 200000)); /* its twins went, it stays */
    rig_expect(&rig, 1, 1, span_of(noise, 70000));
    rig_expect_absent(&rig, 1, 2);
    rig_expect_absent(&rig, 2, 0);
    rig_check(&rig);
    rig_begin(&rig);
    rig_del(&rig, 1, 0);
    rig_del(&rig, 1, 1);
    rig_del(&rig, 3, 0);
    rig_put(&rig, 4, 0, span_of(text, 5000)); /* stored and deleted in one transaction */
    rig_put(&rig, 5, 0, span_of(text, 6000));
    rig_del(&rig, 4, 0);
    rig_commit(&rig);
    rig_check(&rig);
    rig_begin(&rig);
    rig_del(&rig, 5, 0);
    rig_commit(&rig);
    rig_check(&rig);
    MUST(&rig, store_scan_begin(rig.st, 0, UINT64_MAX));
    struct blob_key key;
    assert_int_equal(store_scan_next(rig.st, &key, &rig.out), RC_NOTFOUND);
    MUST(&rig, store_scan_end(rig.st));
    rig_reopen(&rig);
    rig_store(&rig, 1, 9, span_of(text, 200000));
    rig_expect(&rig, 1, 9, span_of(text, 200000));
    rig_check(&rig);
    rig_close(&rig);
    free(text);
    free(noise);
}

/* Space is used again: what is live stays the same, so must the store, but for bookkeeping. */
static void test_space(void **state)
{
    struct rig rig;
    enum { LEN = 50000, FILES = 8, ROUNDS = 12 };
    rig_open(&rig, *state);
    uint64_t pages = 0;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        rig_begin(&rig);
        for (uint64_t file = 0; file < FILES; file++) {
            uint8_t *bytes = bytes_new(BYTES_RANDOM, file * 100 + round, LEN);
            rig_put(&rig, file, round, span_of(bytes, LEN));
            free(bytes);
            if (round > 0)
                rig_del(&rig, file, round - 1);
        }
        rig_commit(&rig);
        if (rig.st->db == NULL)
            continue;
        struct db_sizes size;
        struct err err = {0};
        MUST(&rig, store_settle(rig.st));
        assert_int_equal(db_measure(rig.st->db, &size, &err), RC_OK);
        if (round == 3)
            pages = size.page_count;
        if (round > 3)
            assert_in_range(size.page_count, 0, pages + pages / 8 + 2);
    }
    rig_check(&rig);
    rig_begin(&rig);
    for (uint64_t file = 0; file < FILES; file++)
        rig_del(&rig, file, ROUNDS - 1);
    rig_commit(&rig);
    rig_check(&rig);
    if (rig.st->db != NULL) {
        struct db_sizes size;
        struct err err = {0};
        assert_int_equal(db_measure(rig.st->db, &size, &err), RC_OK);
        assert_in_range(size.page_count - size.freelist_count, 1, 12);
    }
    rig_close(&rig);
}

static void test_rollback(void **state)
{
    struct rig rig;
    uint8_t *a = bytes_new(BYTES_TEXT, 1, 120000);
    uint8_t *b = bytes_new(BYTES_RANDOM, 2, 30000);
    uint64_t before[CTR_COUNT];
    rig_open(&rig, *state);
    rig_begin(&rig);
    rig_put(&rig, 1, 0, span_of(a, 120000));
    rig_put(&rig, 2, 0, span_of(b, 30000));
    rig_commit(&rig);
    memcpy(before, rig.st->counters, sizeof(before));
    rig_begin(&rig);
    rig_put(&rig, 1, 1, span_of(b, 30000));
    rig_put(&rig, 3, 0, span_of(b, 29999));
    for (uint64_t file = 10; file < 90; file++) /* more than a strategy keeps open */
        rig_put(&rig, file, 0, span_of(a, 500 + file));
    rig_del(&rig, 1, 0);
    rig_del(&rig, 2, 0);
    rig_del(&rig, 1, 1);
    rig_put(&rig, 2, 1, span_of(a, 120000));
    MUST(&rig, store_rollback(rig.st));
    assert_memory_equal(before, rig.st->counters, sizeof(before));
    for (int pass = 0; pass < (rig_volatile(&rig) ? 1 : 2); pass++) {
        rig_expect(&rig, 1, 0, span_of(a, 120000));
        rig_expect(&rig, 2, 0, span_of(b, 30000));
        rig_expect_absent(&rig, 1, 1);
        rig_expect_absent(&rig, 2, 1);
        rig_expect_absent(&rig, 3, 0);
        rig_expect_absent(&rig, 10, 0);
        rig_check(&rig);
        rig_reopen(&rig);
    }
    rig_store(&rig, 3, 0, span_of(b, 29999)); /* what was rolled back can be stored */
    rig_expect(&rig, 3, 0, span_of(b, 29999));
    rig_check(&rig);
    rig_close(&rig);
    free(a);
    free(b);
}

/* A key is stored once: the second put is refused, and nothing has happened. */
static void test_twice(void **state)
{
    struct rig rig;
    uint8_t *a = bytes_new(BYTES_TEXT, 1, 120000);
    rig_open(&rig, *state);
    rig_store(&rig, 1, 0, span_of(a, 120000));
    uint64_t unique = rig.st->counters[CTR_UNIQUE_BYTES], dup = rig.st->counters[CTR_DUP_BYTES];
    rig_begin(&rig);
    struct put_request again = put_of(1, 0, span_of(a, 50000));
    assert_int_equal(store_put(rig.st, &again), RC_USAGE);
    assert_non_null(strstr(store_error(rig.st)->msg, "file 1 version 0"));
    again = put_of(1, 0, span_of(a, 120000));
    assert_int_equal(store_put(rig.st, &again), RC_USAGE);
    assert_false(store_poisoned(rig.st));
    assert_int_equal(rig.st->counters[CTR_UNIQUE_BYTES], unique);
    assert_int_equal(rig.st->counters[CTR_DUP_BYTES], dup);
    rig_put(&rig, 1, 1, span_of(a, 50000));
    rig_commit(&rig);
    rig_expect(&rig, 1, 0, span_of(a, 120000));
    rig_expect(&rig, 1, 1, span_of(a, 50000));
    rig_check(&rig);
    rig_begin(&rig);
    rig_del(&rig, 1, 0);
    rig_del(&rig, 1, 1);
    rig_commit(&rig);
    rig_check(&rig);
    rig_close(&rig);
    free(a);
}

/* ---- did the options take effect ------------------------------------------------------------- */

static enum rc count_file(void *ctx, const char *name, uint64_t size, struct err *err)
{
    struct effect_facts *facts = ctx;
    uint64_t depth = 0;
    (void)size, (void)err;
    for (; *name != '\0'; name++)
        depth += *name == '/';
    facts->depth_least =
        facts->files == 0 || depth < facts->depth_least ? depth : facts->depth_least;
    facts->depth_most = depth > facts->depth_most ? depth : facts->depth_most;
    facts->files++;
    return RC_OK;
}

/* How many probes there are, and that they hold, or that one does not. */
static size_t probe(struct rig *rig, const struct effect_facts *facts, bool holds, const char *what)
{
    struct effect effect;
    struct err err = {0};
    MUST(rig, store_probe(rig->st, facts, &effect));
    enum rc rc = effect_verdict(&effect, &err);
    if (holds ? rc != RC_OK : rc != RC_INVALID)
        fail_msg("%s: %s: %s", rig->subject->name, what, rc == RC_OK ? "nothing noticed" : err.msg);
    return effect.count;
}

/* Facts that are not those of this store, each a sign of an option that does nothing. */
static void expect_lies_noticed(struct rig *rig, const struct effect_facts *truth)
{
    static const uint64_t none[CTR_COUNT];
    const char *name = rig->spec.row->ops->name;
    struct effect_facts lie = *truth;
    lie.counters = none;
    if (strcmp(name, "files") != 0 && strcmp(name, "memory") != 0)
        probe(rig, &lie, false, "counters of nothing");
    lie = *truth;
    lie.files--;
    if (strcmp(name, "files") == 0)
        probe(rig, &lie, false, "a file too few");
    lie = *truth;
    lie.depth_most++;
    if (strcmp(name, "files") == 0)
        probe(rig, &lie, false, "a file too deep");
    lie = *truth;
    lie.repeat_bytes += 1000000;
    if (rig->spec.row->ops->caps & CAP_DEDUP)
        probe(rig, &lie, false, "repeats that were not found");
    lie = *truth;
    lie.peak_rss_bytes = 4096;
    if (strcmp(name, "memory") == 0)
        probe(rig, &lie, false, "less memory than is reserved");
}

/* Two texts, random bytes, one of the texts again, nothing, and everything read twice. */
static void test_probe(void **state)
{
    enum { TEXT = 300000, OTHER = 20000 };
    struct rig rig;
    struct err err = {0};
    uint8_t *bytes[] = {bytes_new(BYTES_TEXT, 1, TEXT), bytes_new(BYTES_TEXT, 2, OTHER),
                        bytes_new(BYTES_RANDOM, 3, OTHER)};
    const struct span put[] = {span_of(bytes[0], TEXT), span_of(bytes[1], OTHER),
                               span_of(bytes[2], OTHER), span_of(bytes[0], TEXT), span_of(NULL, 0)};
    uint64_t lens[COUNT_OF(put)];
    struct effect_blob sample[3] = {{.bytes = put[0], .kept = true, .file_id = 0},
                                    {.bytes = put[1], .kept = true, .file_id = 1},
                                    {.bytes = put[2], .kept = true, .file_id = 2}};
    struct effect_facts facts = {.lens = lens,
                                 .blobs = COUNT_OF(put),
                                 .largest = TEXT,
                                 .repeats = 1,
                                 .repeat_bytes = TEXT,
                                 .kept = COUNT_OF(put),
                                 .newest_reads = 2 * COUNT_OF(put),
                                 .newest_rereads = COUNT_OF(put),
                                 .sample = sample,
                                 .sample_count = COUNT_OF(sample)};
    rig_open(&rig, *state);
    for (size_t i = 0; i < COUNT_OF(put); i++) {
        rig_store(&rig, i, 0, put[i]);
        lens[i] = put[i].len;
        facts.bytes += put[i].len;
    }
    for (size_t i = 0; i < 2 * COUNT_OF(put); i++)
        rig_expect(&rig, i % COUNT_OF(put), 0, put[i % COUNT_OF(put)]);
    facts.counters = rig.st->counters;
    assert_int_equal(io_list(rig.st->io, "", count_file, &facts, &err), RC_OK);
    size_t count = probe(&rig, &facts, true, "the truth");
    assert_true(count > 0 || rig.spec.row->ops->opts == NULL);
    expect_lies_noticed(&rig, &facts);
    rig_close(&rig);
    for (size_t i = 0; i < COUNT_OF(bytes); i++)
        free(bytes[i]);
}

/* ---- the table ------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    CMUnitTestFunction run;
} bodies[] = {
    {"sizes", test_sizes},     {"scan", test_scan},   {"scan abandoned", test_scan_abandoned},
    {"delete", test_delete},   {"space", test_space}, {"rollback", test_rollback},
    {"put twice", test_twice}, {"probe", test_probe},
};

static const char *const variants[] = {
    "raw:verify=on",
    "raw:page_size=65536,mmap=64m",
    "raw:page_size=512",
    "naive:read_cache=off",
    "files:fanout=0",
    "files:fanout=2",
    "dedup:identity=xxh3,verify=on",
    "dedup:identity=xxh3,hash_bits=4",
    "dedup:codec=brotli,level=2,margin=0",
    "chunked:chunker=fixed,avg=4k",
    "chunked:identity=xxh3,verify=on",
    "chunked:identity=xxh3,hash_bits=4,avg=64k",
    "chunked:codec=brotli,level=1",
    "chunked:codec=none,min=64,avg=256,max=1k,page_size=1024",
};

static void add(struct CMUnitTest *tests, size_t *count, struct subject *subject, size_t body)
{
    char name[200];
    snprintf(name, sizeof(name), "%s: %s", subject->name, bodies[body].name);
    tests[(*count)++] = (struct CMUnitTest){
        .name = strdup(name), .test_func = bodies[body].run, .initial_state = subject};
}

int main(void)
{
    size_t rows, count = 0;
    struct subject *subjects = subjects_all(&rows);
    struct subject *more = calloc(COUNT_OF(variants), sizeof(*more));
    struct CMUnitTest *tests =
        calloc((rows + COUNT_OF(variants)) * COUNT_OF(bodies), sizeof(*tests));
    if (more == NULL || tests == NULL)
        return 1;
    for (size_t i = 0; i < rows; i++) {
        for (size_t body = 0; body < COUNT_OF(bodies); body++)
            add(tests, &count, &subjects[i], body);
    }
    for (size_t i = 0; i < COUNT_OF(variants); i++) {
        /* The odd ones lie in real files: mmap needs them. */
        subject_set(&more[i], variants[i], DURABILITY_DURABLE, i % 2 == 1);
        for (size_t body = 0; body < COUNT_OF(bodies); body++)
            add(tests, &count, &more[i], body);
    }
    int failed = _cmocka_run_group_tests("conformance", tests, count, NULL, NULL);
    for (size_t i = 0; i < count; i++) {
        char *name;
        memcpy(&name, &tests[i].name, sizeof(name));
        free(name);
    }
    free(tests);
    free(subjects);
    free(more);
    return failed;
}
