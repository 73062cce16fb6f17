/* t_registry: the list of strategies, the options they refuse, and what their counters say of known
 * histories. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support_store.h"

static void test_registry(void **state)
{
    struct err err = {0};
    struct strategy_spec spec;
    const struct strategy_row *row;
    (void)state;
    if (strategy_rows_validate(&err) != RC_OK)
        fail_msg("%s", err.msg);
    assert_int_equal(strategy_row_find("chunkd", &row, &err), RC_USAGE);
    assert_non_null(strstr(err.hint, "chunked"));
    err_clear(&err);
    assert_int_equal(strategy_spec_parse("dedup-zstd:margin=0.5", &spec, &err), RC_OK);
    assert_string_equal(spec.row->name, "dedup-zstd");
    assert_string_equal(spec.options, "margin=0.5");
    assert_string_equal(spec.label, "dedup-zstd:margin=0.5");
    assert_int_equal(strategy_spec_parse("raw:verfy=on", &spec, &err), RC_USAGE);
    err_clear(&err);
    assert_int_equal(strategy_spec_parse("memory:page_size=512", &spec, &err), RC_USAGE);
    err_clear(&err);
    assert_int_equal(strategy_spec_parse("", &spec, &err), RC_USAGE);
    char longest[200];
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    err_clear(&err);
    assert_int_equal(strategy_spec_parse(longest, &spec, &err), RC_USAGE);
}

/* What the counters say of a known history. */
static void expect_counter(const struct rig *rig, enum counter counter, uint64_t wanted)
{
    uint64_t got = rig->st->counters[counter];
    if (got != wanted)
        fail_msg("%s: %s is %llu, expected %llu", rig->subject->name, counter_table[counter].name,
                 (unsigned long long)got, (unsigned long long)wanted);
}

static void test_counts_dedup(void **state)
{
    struct subject subject;
    struct rig rig;
    uint8_t *text = bytes_new(BYTES_TEXT, 1, 50000);
    uint8_t *noise = bytes_new(BYTES_RANDOM, 1, 50000);
    (void)state;
    rig_open(&rig, subject_set(&subject, "dedup-zstd", DURABILITY_DURABLE, false));
    rig_store(&rig, 0, 0, span_of(text, 50000));
    rig_store(&rig, 1, 0, span_of(noise, 50000));
    rig_store(&rig, 2, 0, span_of(text, 50000));
    expect_counter(&rig, CTR_BLOBS_UNIQUE, 2);
    expect_counter(&rig, CTR_BLOBS_DUP, 1);
    expect_counter(&rig, CTR_UNIQUE_BYTES, 100000);
    expect_counter(&rig, CTR_DUP_BYTES, 50000);
    expect_counter(&rig, CTR_CODEC_ZSTD, 1);
    expect_counter(&rig, CTR_CODEC_NONE, 1);
    uint64_t stored = rig.st->counters[CTR_STORED_BYTES];
    assert_in_range(stored, 50001, 75000);
    rig_begin(&rig);
    rig_del(&rig, 0, 0);
    expect_counter(&rig, CTR_COLLECTED, 0);
    rig_del(&rig, 2, 0);
    rig_del(&rig, 1, 0);
    rig_commit(&rig);
    expect_counter(&rig, CTR_COLLECTED, 2);
    expect_counter(&rig, CTR_COLLECTED_BYTES, stored);
    rig_close(&rig);
    free(text);
    free(noise);
}

static void test_counts_chunked(void **state)
{
    struct subject subject;
    struct rig rig;
    uint8_t *block = bytes_new(BYTES_REPEAT, 1, 3 * 4096);
    uint8_t *noise = bytes_new(BYTES_RANDOM, 1, 2 * 4096);
    (void)state;
    rig_open(&rig, subject_set(&subject, "chunked:chunker=fixed,avg=4k,codec=none",
                               DURABILITY_DURABLE, false));
    rig_store(&rig, 0, 0, span_of(block, 3 * 4096));
    expect_counter(&rig, CTR_CHUNKS, 3);
    expect_counter(&rig, CTR_CHUNKS_DUP, 2);
    expect_counter(&rig, CTR_STORED_BYTES, 4096);
    memcpy(noise + 4096, block, 4096);
    rig_store(&rig, 1, 0, span_of(noise, 2 * 4096)); /* a new chunk, then a known one */
    expect_counter(&rig, CTR_BLOBS_UNIQUE, 2);
    rig_store(&rig, 2, 0, span_of(block, 2 * 4096)); /* known chunks only */
    expect_counter(&rig, CTR_BLOBS_DUP, 1);
    expect_counter(&rig, CTR_CHUNKS, 7);
    expect_counter(&rig, CTR_CHUNKS_DUP, 5);
    expect_counter(&rig, CTR_CODEC_NONE, 2);
    rig_begin(&rig);
    rig_del(&rig, 0, 0);
    rig_del(&rig, 2, 0);
    expect_counter(&rig, CTR_COLLECTED, 0);
    rig_del(&rig, 1, 0);
    rig_commit(&rig);
    expect_counter(&rig, CTR_COLLECTED, 2);
    rig_close(&rig);
    free(block);
    free(noise);
}

static void test_counts_naive(void **state)
{
    struct subject subject;
    struct rig rig;
    struct span a = span_of_str("one version"), b = span_of_str("the next");
    (void)state;
    rig_open(&rig, subject_set(&subject, "naive", DURABILITY_DURABLE, false));
    rig_store(&rig, 0, 0, a);
    expect_counter(&rig, CTR_STORED_BYTES, 2 * a.len);
    rig_expect(&rig, 0, 0, a);
    rig_expect(&rig, 0, 0, a);
    expect_counter(&rig, CTR_CACHE_MISSES, 1);
    expect_counter(&rig, CTR_CACHE_HITS, 1);
    rig_store(&rig, 0, 1, b);
    rig_check(&rig); /* what was cached is not the newest any more */
    rig_expect(&rig, 0, 0, a);
    rig_check(&rig); /* only the newest is cached */
    expect_counter(&rig, CTR_CACHE_MISSES, 1);
    rig_expect(&rig, 0, 1, b);
    expect_counter(&rig, CTR_CACHE_MISSES, 2);
    rig_begin(&rig);
    rig_del(&rig, 0, 1);
    rig_commit(&rig);
    rig_check(&rig);
    rig_expect_absent(&rig, 0, 1);
    rig_close(&rig);
}

/* A store opened with options that contradict it is refused, not misread. */
static void test_mismatch(void **state)
{
    static const char *const pairs[][2] = {
        {"dedup", "dedup:identity=xxh3"},
        {"chunked:identity=xxh3", "chunked:identity=xxh3,hash_bits=64"},
        {"files:fanout=2", "files:fanout=1"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        struct subject first, second;
        struct rig rig;
        struct err err = {0};
        rig_open(&rig, subject_set(&first, pairs[i][0], DURABILITY_DURABLE, false));
        rig_store(&rig, 70000, 0, span_of("x", 1));
        assert_int_equal(store_close(rig.st, &err), RC_OK);
        subject_set(&second, pairs[i][1], DURABILITY_DURABLE, false);
        assert_int_equal(strategy_spec_parse(second.spec, &rig.spec, &err), RC_OK);
        struct store_config config = {.io = &rig.tree.io,
                                      .durability = DURABILITY_DURABLE,
                                      .options = rig.spec.options,
                                      .label = rig.spec.label};
        assert_int_equal(store_open(&rig.st, rig.spec.row->ops, &config, &err), RC_MISMATCH);
        tree_close(&rig.tree);
        buf_release(&rig.out);
    }
}

/* What only opening can tell apart. */
static void test_bad_options(void **state)
{
    static const char *const specs[] = {
        "dedup:hash_bits=8",
        "dedup:codec=brotli,level=15",
        "dedup:level=3",
        "chunked:avg=3000",
        "chunked:min=64k,avg=16k",
        "chunked:max=1k",
        "chunked:codec=zstd,level=-8",
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(specs); i++) {
        struct tree tree;
        struct err err = {0};
        struct strategy_spec spec;
        struct store *st = NULL;
        enum rc rc = strategy_spec_parse(specs[i], &spec, &err);
        if (rc == RC_OK) {
            tree_open(&tree, false, false);
            struct store_config config = {.io = &tree.io,
                                          .durability = DURABILITY_DURABLE,
                                          .options = spec.options,
                                          .label = spec.label};
            rc = store_open(&st, spec.row->ops, &config, &err);
            tree_close(&tree);
        }
        if (rc != RC_USAGE)
            fail_msg("%s: %s", specs[i], rc_name(rc));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_registry),       cmocka_unit_test(test_mismatch),
        cmocka_unit_test(test_bad_options),    cmocka_unit_test(test_counts_dedup),
        cmocka_unit_test(test_counts_chunked), cmocka_unit_test(test_counts_naive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
