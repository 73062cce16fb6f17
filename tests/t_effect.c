/* t_effect: whether a configuration took effect: what is stated, what a sample shows, and that the
 * facts of whole runs are those of an independent count. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "engine/effect.h"
#include "strategies/strategies.h"
#include "tests/support_fixture.h"
#include "tests/support_store.h"
#include "workloads/plan.h"
#include "workloads/run.h"

/* ---- statements ------------------------------------------------------------------------------ */

static void expectations(void **state)
{
    static const struct {
        uint64_t value, least, most;
        bool holds;
        const char *text;
    } rows[] = {
        {7, 7, 7, true, "7"},
        {6, 7, 7, false, "7"},
        {8, 7, 7, false, "7"},
        {0, 1, EFFECT_NO_LIMIT, false, "at least 1"},
        {1, 1, EFFECT_NO_LIMIT, true, "at least 1"},
        {0, 0, EFFECT_NO_LIMIT, true, "anything"},
        {EFFECT_NO_LIMIT, 0, EFFECT_NO_LIMIT, true, "anything"},
        {3, 0, 2, false, "at most 2"},
        {2, 2, 9, true, "2 to 9"},
        {9, 2, 9, true, "2 to 9"},
        {10, 2, 9, false, "2 to 9"},
        {0, 0, 0, true, "0"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct effect effect = {0};
        char text[EFFECT_TEXT_SIZE];
        effect_expect(&effect, "x", rows[i].value, rows[i].least, rows[i].most, "%d", 5);
        assert_int_equal(effect.count, 1);
        assert_int_equal(effect_holds(&effect.probes[0]), rows[i].holds);
        assert_string_equal(effect_expected(text, &effect.probes[0]), rows[i].text);
        assert_string_equal(effect.probes[0].because, "5");
    }
}

static void verdict_names_the_first(void **state)
{
    struct effect effect = {0};
    struct err err = {0};
    (void)state;
    assert_int_equal(effect_verdict(&effect, &err), RC_OK);
    effect_expect(&effect, "sound", 1, 1, 1, "so it is");
    effect_expect(&effect, "chunks", 96, 384, EFFECT_NO_LIMIT, "%d blobs of up to %d bytes", 96,
                  65536);
    effect_expect(&effect, "later", 0, 1, 1, "not told");
    assert_int_equal(effect_verdict(&effect, &err), RC_INVALID);
    assert_string_equal(err.msg, "config did not take effect: chunks is 96, expected at least 384: "
                                 "96 blobs of up to 65536 bytes");
}

/* ---- the sample ------------------------------------------------------------------------------ */

static struct effect_pieces packed(const struct effect_blob *sample, size_t count,
                                   enum codec_id codec, const struct chunker *chunker)
{
    const struct effect_facts facts = {.sample = sample, .sample_count = count};
    const struct codec_policy policy = {.codec = codec, .level = 3, .margin = 0.0625};
    struct effect_pieces pieces;
    struct err err = {0};
    if (effect_pack(&facts, &policy, chunker, &pieces, &err) != RC_OK)
        fail_msg("%s", err.msg);
    return pieces;
}

static void expect_pieces(struct effect_pieces got, size_t count, size_t shrunk)
{
    assert_int_equal(got.count, count);
    assert_int_equal(got.packed, shrunk);
}

static void sample_is_packed_again(void **state)
{
    enum { LEN = 40000 };
    uint8_t *text = bytes_new(BYTES_TEXT, 1, LEN), *noise = bytes_new(BYTES_RANDOM, 2, LEN);
    const struct effect_blob blobs[] = {{.bytes = span_of(text, LEN)},
                                        {.bytes = span_of(noise, LEN)},
                                        {.bytes = span_of(text, LEN)},
                                        {.bytes = span_of(text, LEN - 1), .precompressed = true},
                                        {.bytes = span_of(text, 0)}};
    struct chunker chunker;
    struct err err = {0};
    (void)state;
    assert_int_equal(chunker_init(&chunker, CHUNKER_FIXED, 4096, 4096, 4096, 0, &err), RC_OK);
    expect_pieces(packed(blobs, 0, CODEC_ZSTD, NULL), 0, 0);
    expect_pieces(packed(blobs, 1, CODEC_ZSTD, NULL), 1, 1);
    expect_pieces(packed(blobs, 2, CODEC_BROTLI, NULL), 2, 1);
    expect_pieces(packed(blobs, 3, CODEC_ZSTD, NULL), 2, 1); /* equal ones count once */
    expect_pieces(packed(blobs, 5, CODEC_ZSTD, NULL), 3, 1); /* a handler forbids; nothing */
    expect_pieces(packed(blobs + 1, 1, CODEC_ZSTD, &chunker), 10, 0);
    expect_pieces(packed(blobs, 1, CODEC_ZSTD, &chunker), 10, 10);
    /* Never more than a fixed number of pieces. */
    assert_int_equal(chunker_init(&chunker, CHUNKER_FIXED, 64, 64, 64, 0, &err), RC_OK);
    assert_int_equal(packed(blobs + 1, 1, CODEC_ZSTD, &chunker).count, EFFECT_PIECES_MAX);
    free(text);
    free(noise);
}

/* ---- whole runs ------------------------------------------------------------------------------ */

struct one {
    struct arena arena;
    struct record_manifest manifest;
    struct run_result result;
};

/* One run of `spec` over `dataset`, the default suite or `workloads`: valid, or the test fails. */
static void run_these(struct one *one, const char *dir, const char *spec, const char *dataset,
                      const char *retention, const char *const *workloads, size_t count)
{
    static const char *const few[] = {"read_point:ops=100", "mixed:ops=80", "update_point:ops=30"};
    static unsigned number;
    struct err err = {0};
    char folder[512];
    struct plan_request request = {
        .strategies = &spec,
        .strategy_count = 1,
        .dataset = dataset,
        .retention = retention,
        .workloads = workloads,
        .workload_count = count,
        .workload_options = few,
        .workload_option_count = workloads ? 0 : COUNT_OF(few),
        .guardrail = NAN,
        .out = dir,
    };
    *one = (struct one){0};
    if (plan_make(&request, &one->arena, &one->manifest, &err) != RC_OK)
        fail_msg("plan: %s", err.msg);
    snprintf(folder, sizeof(folder), "%s/effect-%u", dir, number++);
    assert_int_equal(mkdir(folder, 0700), 0);
    struct run_request run = {.manifest = &one->manifest, .study_dir = dir, .store_dir = folder};
    while (strcmp(one->manifest.arms[run.arm].label, spec) != 0)
        run.arm++;
    if (run_execute(&run, &one->result, &err) != RC_OK)
        fail_msg("%s: %s", spec, err.msg);
    const struct sample *line = &one->result.samples[one->result.sample_count - 1];
    if (!line->valid)
        fail_msg("%s over %s (%s): %s", spec, dataset, retention, line->reason);
}

static void run_one(struct one *one, const char *dir, const char *spec, const char *dataset,
                    const char *retention)
{
    run_these(one, dir, spec, dataset, retention, NULL, 0);
}

static const struct record_probe *probe_of(const struct one *one, const char *name)
{
    const struct sample *line = &one->result.samples[one->result.sample_count - 1];
    for (size_t i = 0; i < line->probes.count; i++)
        if (strcmp(line->probes.items[i].name, name) == 0)
            return &line->probes.items[i];
    fail_msg("there is no probe \"%s\"", name);
    return NULL;
}

static void one_free(struct one *one)
{
    run_result_release(&one->result);
    arena_release(&one->arena);
}

/* Two counts of what was a repeat, the driver's by its hashes and dedup's by its own, agree for
 * every blob and byte: both probes demand equality.  Files of media are copies of others. */
static void repeats_are_counted_twice(void **state)
{
    static const char *const retentions[] = {"latest", "history"};
    for (size_t i = 0; i < COUNT_OF(retentions); i++) {
        struct one one;
        run_one(&one, *state, "dedup-zstd", "media:files=40,size=4k,duplicates=0.5", retentions[i]);
        const struct record_probe *dup = probe_of(&one, "blobs_dup");
        assert_true(dup->ok && dup->value >= 10);
        one_free(&one);
        run_one(&one, *state, "chunked:avg=1k", "media:files=40,size=4k,duplicates=0.5",
                retentions[i]);
        dup = probe_of(&one, "chunks_dup");
        assert_true(dup->ok && dup->value >= 10);
        assert_string_equal(dup->expected, "at least 1");
        one_free(&one);
    }
}

/* Likewise where files are deleted and come back, and where the same bytes are put again. */
static void repeats_after_deletions(void **state)
{
    static const char *const workloads[] = {"ingest", "delete_churn", "rewrite"};
    static const char *const retentions[] = {"latest", "history"};
    uint64_t repeats[COUNT_OF(retentions)];
    for (size_t i = 0; i < COUNT_OF(retentions); i++) {
        struct one one;
        run_these(&one, *state, "dedup", "media:files=30,size=2k,duplicates=0.3", retentions[i],
                  workloads, COUNT_OF(workloads));
        repeats[i] = probe_of(&one, "blobs_dup")->value;
        one_free(&one);
    }
    assert_true(repeats[0] > 0 && repeats[1] > 0);
}

/* What the data cannot show is not asked for, and said so. */
static void data_decide_what_is_asked(void **state)
{
    struct one one;
    run_one(&one, *state, "dedup-zstd", "append:files=20,size=20k", "latest");
    const struct record_probe *probe = probe_of(&one, "codec_zstd");
    assert_true(probe->value > 0);
    assert_string_equal(probe->expected, "at least 16");
    assert_non_null(strstr(probe->because, "16 of 16 sampled pieces save"));
    one_free(&one);
    run_one(&one, *state, "dedup-zstd", "random:files=20,size=20k", "latest");
    probe = probe_of(&one, "codec_zstd");
    assert_int_equal(probe->value, 0);
    assert_string_equal(probe->expected, "anything");
    assert_non_null(strstr(probe->because, "0 of 16 sampled pieces save"));
    one_free(&one);
    run_one(&one, *state, "dedup", "random:files=20,size=20k", "latest");
    assert_string_equal(probe_of(&one, "codec_zstd")->expected, "0");
    one_free(&one);
}

static void kinds_of_probes(void **state)
{
    struct one one;
    run_one(&one, *state, "files:fanout=2", "random:files=20,size_min=1,size_max=4k", "history");
    const struct record_probe *files = probe_of(&one, "files");
    assert_true(files->value > 20);
    assert_string_equal(probe_of(&one, "folders above the deepest file")->expected, "2");
    one_free(&one);
    run_one(&one, *state, "naive", "random:files=20,size_min=1,size_max=4k", "latest");
    assert_string_equal(probe_of(&one, "cache_hits")->expected, "at least 1");
    assert_string_equal(probe_of(&one, "cache_misses")->expected, "at least 1");
    one_free(&one);
    run_one(&one, *state, "naive:read_cache=off", "random:files=20,size_min=1,size_max=4k",
            "latest");
    assert_string_equal(probe_of(&one, "cache_hits")->expected, "0");
    one_free(&one);
    run_one(&one, *state, "chunked:chunker=fixed,avg=1k", "random:files=20,size=4097", "latest");
    const struct record_probe *chunks = probe_of(&one, "chunks");
    assert_non_null(strstr(chunks->because, "min=1024, avg=1024, max=1024"));
    assert_null(strstr(chunks->expected, "to")); /* every piece but the last is as long as asked */
    one_free(&one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expectations),
        cmocka_unit_test(verdict_names_the_first),
        cmocka_unit_test(sample_is_packed_again),
        cmocka_unit_test(repeats_are_counted_twice),
        cmocka_unit_test(repeats_after_deletions),
        cmocka_unit_test(data_decide_what_is_asked),
        cmocka_unit_test(kinds_of_probes),
    };
    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
