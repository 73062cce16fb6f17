/* Golden and baseline files: what comes back, what is found out, what differs. */
#include "results/golden.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support_fixture.h"
#include "tests/support_record.h"

/* ---- a record of two programs, two strategies, two rounds ------------------------------------ */

struct made_gate {
    struct made made;
    uint32_t arms[2][2]; /* [strategy][build] */
};

static void run(struct made_gate *gate, uint32_t arm, uint32_t round, double bytes)
{
    struct made *made = &gate->made;
    made_run(made, arm, round);
    made_value(made, SAMPLE_PHASE, "ingest_binary_cold", M_OPS, 24);
    made_value(made, SAMPLE_PHASE, "ingest_binary_cold", M_WRITE_BYTES, bytes);
    made_value(made, SAMPLE_PHASE, "ingest_binary_cold", M_DEDUP_RATIO, 1.0 / 3);
    made_value(made, SAMPLE_PHASE, "ingest_binary_cold", M_P50_NS, 1000 + round); /* no counter */
    made_value(made, SAMPLE_SNAPSHOT, "after_ingest", M_TOTAL_BYTES, 2 * bytes);
    made_end(made, NULL);
    made->record.samples[made->record.sample_count - 1].verification = "abcd";
}

static void begin(struct made_gate *gate)
{
    static const char *const labels[2][2] = {{"raw@base", "raw@new"}, {"dedup@base", "dedup@new"}};
    memset(gate, 0, sizeof(*gate));
    made_init(&gate->made);
    made_phase(&gate->made, "ingest_binary_cold", "ingest", "after_ingest");
    for (size_t s = 0; s < 2; s++)
        for (uint32_t b = 0; b < 2; b++) {
            gate->arms[s][b] = made_arm(&gate->made, labels[s][b], MADE_SQL);
            gate->made.arms[gate->arms[s][b]].build = b;
        }
}

/* `candidate` is what the new dedup writes in rounds 0 and 1. */
static void fill(struct made_gate *gate, const double candidate[2])
{
    begin(gate);
    for (uint32_t round = 0; round < 2; round++) {
        run(gate, gate->arms[0][0], round, 4096);
        run(gate, gate->arms[0][1], round, 4096);
        run(gate, gate->arms[1][0], round, 8192);
        run(gate, gate->arms[1][1], round, candidate[round]);
    }
}

static void describe(struct golden *golden)
{
    struct err err = {0};
    assert_int_equal(golden_set(golden, &golden->suite, "5ca1ab1e", &err), RC_OK);
    assert_int_equal(golden_set(golden, &golden->reason, "first \"agreed\" numbers", &err), RC_OK);
    assert_int_equal(golden_set_version(golden, "sqlite", "3.40.1", &err), RC_OK);
    assert_int_equal(golden_set_version(golden, "zstd", "1.5.4", &err), RC_OK);
    assert_int_equal(golden_set_version(golden, "brotli", "1.0.9", &err), RC_OK);
}

static void take(struct golden *golden, const struct made_gate *gate, uint32_t build)
{
    struct err err = {0};
    memset(golden, 0, sizeof(*golden));
    assert_int_equal(golden_take(golden, &gate->made.record, build, "copies", &err), RC_OK);
    describe(golden);
}

static const double equal[2] = {8192, 8192};

/* ---- taking ---------------------------------------------------------------------------------- */

static void counters_are_taken_and_timings_are_not(void **unused)
{
    (void)unused;
    struct made_gate gate;
    struct golden golden;
    fill(&gate, equal);
    take(&golden, &gate, 1);
    assert_int_equal(golden.run_count, 2);
    assert_string_equal(golden.runs[0].strategy, "raw");
    assert_string_equal(golden.runs[1].strategy, "dedup");
    assert_string_equal(golden.runs[1].verification, "abcd");
    assert_int_equal(golden.runs[1].repeats, 2);
    assert_int_equal(golden.runs[1].place_count, 3); /* phase, snapshot, run */
    const struct golden_place *phase = &golden.runs[1].places[0];
    assert_true(phase->value[M_WRITE_BYTES] == 8192);
    assert_true(isnan(phase->value[M_P50_NS]));
    assert_true(isnan(phase->value[M_SYNCS]));
    for (enum metric m = 0; m < METRIC_COUNT; m++)
        assert_false(phase->noisy[m]);
    golden_release(&golden);
    made_release(&gate.made);
}

static void what_differs_between_two_runs_is_noisy(void **unused)
{
    (void)unused;
    const double drifting[2] = {8192, 8193};
    struct made_gate gate;
    struct golden golden;
    fill(&gate, drifting);
    take(&golden, &gate, 1);
    assert_true(golden.runs[1].places[0].noisy[M_WRITE_BYTES]);
    assert_false(golden.runs[1].places[0].noisy[M_OPS]);
    assert_false(golden.runs[0].places[0].noisy[M_WRITE_BYTES]);
    golden_release(&golden);
    made_release(&gate.made);
}

static void invalid_runs_and_other_bytes_are_refused(void **unused)
{
    (void)unused;
    struct made_gate gate;
    struct golden golden = {0};
    struct err err = {0};
    fill(&gate, equal);
    struct sample *last = &gate.made.record.samples[gate.made.record.sample_count - 1];
    last->verification = "ef01";
    assert_int_equal(golden_take(&golden, &gate.made.record, 1, "copies", &err), RC_INVALID);
    assert_non_null(strstr(err.msg, "dedup@new on \"copies\" read other bytes: abcd and ef01"));
    golden_release(&golden);
    err_clear(&err);
    last->valid = false;
    last->reason = "a blob is gone";
    assert_int_equal(golden_take(&golden, &gate.made.record, 1, "copies", &err), RC_INVALID);
    assert_string_equal(err.msg, "dedup@new on \"copies\" is INVALID: a blob is gone");
    golden_release(&golden);
    err_clear(&err);
    /* The baseline's are none of the candidate's. */
    assert_int_equal(golden_take(&golden, &gate.made.record, 0, "copies", &err), RC_OK);
    golden_release(&golden);
    made_release(&gate.made);
}

/* ---- comparing ------------------------------------------------------------------------------- */

static void compare(const struct golden *want, const struct golden *got,
                    struct golden_comparison *out, struct arena *arena)
{
    struct err err = {0};
    assert_int_equal(golden_compare(want, got, arena, out, &err), RC_OK);
}

static void equal_counters_have_no_difference(void **unused)
{
    (void)unused;
    struct made_gate gate;
    struct golden base, next;
    struct golden_comparison out;
    struct arena arena = {0};
    fill(&gate, equal);
    take(&base, &gate, 0);
    take(&next, &gate, 1);
    compare(&base, &next, &out, &arena);
    assert_int_equal(out.count, 0);
    /* Two strategies: ops, write_bytes, dedup_ratio, total_bytes, verification. */
    assert_int_equal(out.compared, 10);
    assert_int_equal(out.noisy, 0);
    golden_release(&base);
    golden_release(&next);
    arena_release(&arena);
    made_release(&gate.made);
}

static void both_directions_differ(void **unused)
{
    (void)unused;
    const double fewer[2] = {8191, 8191};
    struct made_gate gate;
    struct golden base, next;
    struct golden_comparison out;
    struct arena arena = {0};
    fill(&gate, fewer);
    take(&base, &gate, 0);
    take(&next, &gate, 1);
    compare(&base, &next, &out, &arena);
    assert_int_equal(out.count, 2); /* write_bytes and total_bytes */
    assert_int_equal(out.items[0].change, GOLDEN_CHANGED);
    assert_string_equal(out.items[0].strategy, "dedup");
    assert_string_equal(out.items[0].place, "ingest_binary_cold");
    assert_string_equal(out.items[0].metric, "write_bytes");
    assert_true(out.items[0].want == 8192 && out.items[0].got == 8191);
    compare(&next, &base, &out, &arena);
    assert_int_equal(out.count, 2);
    assert_true(out.items[0].want == 8191 && out.items[0].got == 8192);
    /* One more place, and one less. */
    next.runs[1].place_count--;
    compare(&base, &next, &out, &arena);
    assert_int_equal(out.items[out.count - 1].change, GOLDEN_CHANGED);
    next.runs[1].places[0].value[M_OPS] = NAN;
    next.runs[1].places[0].value[M_SYNCS] = 3;
    compare(&base, &next, &out, &arena);
    assert_int_equal(out.items[0].change, GOLDEN_MISSING);
    assert_string_equal(out.items[0].metric, "ops");
    assert_int_equal(out.items[2].change, GOLDEN_ADDED);
    assert_string_equal(out.items[2].metric, "syncs");
    next.runs[0].verification = "0000";
    compare(&base, &next, &out, &arena);
    assert_string_equal(out.items[0].metric, "verification");
    assert_string_equal(out.items[0].strategy, "raw");
    golden_release(&base);
    golden_release(&next);
    arena_release(&arena);
    made_release(&gate.made);
}

static void a_missing_run_is_all_its_values(void **unused)
{
    (void)unused;
    struct made_gate gate;
    struct golden base, next;
    struct golden_comparison out;
    struct arena arena = {0};
    fill(&gate, equal);
    take(&base, &gate, 0);
    take(&next, &gate, 1);
    next.run_count = 1;
    compare(&base, &next, &out, &arena);
    assert_int_equal(out.count, 4);
    assert_int_equal(out.items[0].change, GOLDEN_MISSING);
    compare(&next, &base, &out, &arena);
    assert_int_equal(out.count, 4);
    assert_int_equal(out.items[0].change, GOLDEN_ADDED);
    golden_release(&base);
    golden_release(&next);
    arena_release(&arena);
    made_release(&gate.made);
}

static void noise_is_demoted_and_new_noise_is_not_tolerated(void **unused)
{
    (void)unused;
    const double drifting[2] = {8192, 8193};
    struct made_gate gate;
    struct golden base, next;
    struct golden_comparison out;
    struct arena arena = {0};
    fill(&gate, drifting);
    take(&base, &gate, 0);
    take(&next, &gate, 1);
    compare(&base, &next, &out, &arena);
    assert_int_equal(out.count, 2);
    assert_int_equal(out.items[0].change, GOLDEN_NOISY);
    assert_int_equal(out.noisy, 0);
    /* Noisy before: nothing can be said, and that is counted. */
    compare(&next, &base, &out, &arena);
    assert_int_equal(out.count, 0);
    assert_int_equal(out.noisy, 2);
    /* A file does not hold what was noisy when it was written. */
    base.runs[1].places[0].value[M_WRITE_BYTES] = NAN;
    base.runs[1].places[1].value[M_TOTAL_BYTES] = NAN;
    compare(&base, &next, &out, &arena);
    assert_int_equal(out.count, 0);
    assert_int_equal(out.noisy, 2);
    golden_release(&base);
    golden_release(&next);
    arena_release(&arena);
    made_release(&gate.made);
}

static void keys_must_agree(void **unused)
{
    (void)unused;
    struct made_gate gate;
    struct golden base, next;
    struct err err = {0};
    fill(&gate, equal);
    take(&base, &gate, 0);
    take(&next, &gate, 1);
    assert_int_equal(golden_check_key(&base, &next, "the golden file", &err), RC_OK);
    next.versions.items[1].value = "1.5.5";
    assert_int_equal(golden_check_key(&base, &next, "the golden file", &err), RC_MISMATCH);
    assert_string_equal(err.msg, "the golden file is not comparable: zstd is \"1.5.4\" there, "
                                 "\"1.5.5\" here");
    err_clear(&err);
    next.suite = "0ther";
    assert_int_equal(golden_check_key(&base, &next, "the golden file", &err), RC_MISMATCH);
    assert_non_null(strstr(err.msg, "suite is 5ca1ab1e there, 0ther here"));
    golden_release(&base);
    golden_release(&next);
    made_release(&gate.made);
}

/* ---- files ----------------------------------------------------------------------------------- */

static void a_file_reads_back(void **state)
{
    struct made_gate gate;
    struct golden written, read;
    struct golden_comparison out;
    struct arena arena = {0};
    struct buf path = {0}, first = {0}, second = {0};
    struct err err = {0};
    fill(&gate, equal);
    for (int baseline = 0; baseline < 2; baseline++) {
        take(&written, &gate, 1);
        written.baseline = baseline != 0;
        if (baseline)
            assert_int_equal(golden_add_count(&written, "raw", "ingest_binary_cold", 692319, &err),
                             RC_OK);
        written.counter = baseline ? "callgrind" : NULL;
        fixture_join(&path, *state, "gate.json");
        assert_int_equal(golden_write(buf_str(&path), &written, &err), RC_OK);
        assert_int_equal(golden_read(buf_str(&path), baseline != 0, &read, &err), RC_OK);
        compare(&written, &read, &out, &arena);
        assert_int_equal(out.count, 0);
        assert_int_equal(out.compared, 10);
        assert_string_equal(read.reason, "first \"agreed\" numbers");
        assert_string_equal(golden_version(&read, "brotli"), "1.0.9");
        assert_string_equal(golden_version(&read, "nothing"), "");
        assert_int_equal(read.count_count, baseline);
        if (baseline) {
            assert_string_equal(read.counter, "callgrind");
            assert_int_equal(read.counts[0].instructions, 692319);
        }
        buf_clear(&first);
        buf_clear(&second);
        assert_int_equal(golden_print(&written, &first, &err), RC_OK);
        assert_int_equal(golden_print(&read, &second, &err), RC_OK);
        assert_true(span_equal(buf_span(&first), buf_span(&second)));
        golden_release(&written);
        golden_release(&read);
    }
    buf_release(&path);
    buf_release(&first);
    buf_release(&second);
    arena_release(&arena);
    made_release(&gate.made);
}

static void a_missing_file_is_the_users(void **state)
{
    struct golden golden;
    struct buf path = {0};
    struct err err = {0};
    fixture_join(&path, *state, "nothing.json");
    assert_int_equal(golden_read(buf_str(&path), false, &golden, &err), RC_USAGE);
    assert_non_null(strstr(err.msg, "nothing.json"));
    buf_release(&path);
}

/* What a hand does to a file, and what reading says then. */
static void hands_are_found_out(void **state)
{
    static const struct fixture_edit edits[] = {
        {"\"write_bytes\": 8192", "\"write_bytes\": 8193", RC_USAGE, {"is not what was written"}},
        {"first \\\"agreed\\\" numbers", "other", RC_USAGE, {"is not what was written"}},
        {"\"strategy\": \"raw\"", "\"strategy\": \"dedup\"", RC_USAGE, {"is there twice"}},
        {"\"ops\": 24,", "\"ops\": 24, \"ops\": 24,", RC_USAGE, {"is given twice"}},
        {"\"ops\": 24", "\"ops\": NaN", RC_USAGE, {"gate.json:"}},
        {"\"ops\": 24", "\"ops\": 1e999", RC_USAGE, {"gate.json:"}},
        {"\"ops\": 24", "\"ops\": \"24\"", RC_USAGE, {"expected a number", "ops"}},
        {"\"ops\": 24", "\"oops\": 24", RC_USAGE, {"oops", "is no exact metric"}},
        {"\"ops\": 24", "\"p50_ns\": 24", RC_USAGE, {"p50_ns", "is no exact metric"}},
        {"\"ops\": 24,", "", RC_USAGE, {"is not what was written"}},
        {"\"kind\": \"phase\"", "\"kind\": \"face\"", RC_USAGE, {"is not phase, snapshot or run"}},
        {"\"name\": \"run\"", "\"name\": \"ran\"", RC_USAGE, {"is not \"run\""}},
        {"\"name\": \"after_ingest\",", "", RC_USAGE, {"name"}},
        {"\"suite\": \"5ca1ab1e\"",
         "\"suite\": \"5ca1ab1f\"",
         RC_USAGE,
         {"is not what was written"}},
        {"\"suite\": \"5ca1ab1e\"", "\"suite\": \"\"", RC_USAGE, {"suite", "must not be empty"}},
        {"\"suite\": \"5ca1ab1e\"", "\"suite\": 7", RC_USAGE, {"expected a string", "suite"}},
        {"\"suite\": \"5ca1ab1e\",", "", RC_USAGE, {"suite"}},
        {"\"suite\":", "\"sweet\": 1, \"suite\":", RC_USAGE, {"sweet", "is an unknown key"}},
        {"\"3.40.1\"", "\"3.40.2\"", RC_USAGE, {"is not what was written"}},
        {"\"versions\": {", "\"versions\": [", RC_USAGE, {"gate.json:"}},
        {"blobfront/golden/1",
         "blobfront/golden/2",
         RC_MISMATCH,
         {"blobfront/golden/2", "golden/1"}},
        {"blobfront/golden/1", "blobfront/baseline/1", RC_MISMATCH, {"blobfront/baseline/1"}},
        {"{", "[{", RC_USAGE, {"gate.json:"}},
        {"{", "", RC_USAGE, {"gate.json"}},
    };
    struct made_gate gate;
    struct golden golden, read;
    struct buf path = {0}, text = {0}, edited = {0};
    struct err err = {0};
    fill(&gate, equal);
    take(&golden, &gate, 1);
    fixture_join(&path, *state, "gate.json");
    assert_int_equal(golden_print(&golden, &text, &err), RC_OK);
    (void)buf_str(&text); /* what is edited is a string */
    for (size_t i = 0; i < COUNT_OF(edits); i++) {
        fixture_replaced(&edited, &text, &edits[i]);
        fixture_write(*state, "gate.json", edited.ptr, edited.len);
        err_clear(&err);
        enum rc rc = golden_read(buf_str(&path), false, &read, &err);
        if (rc != edits[i].rc)
            fail_msg("edit %zu: %s: %s", i, rc_name(rc), err.msg);
        for (size_t p = 0; p < COUNT_OF(edits[i].parts) && edits[i].parts[p]; p++)
            if (!strstr(err.msg, edits[i].parts[p]))
                fail_msg("edit %zu: \"%s\" lacks \"%s\"", i, err.msg, edits[i].parts[p]);
        assert_int_equal(read.run_count, 0); /* nothing half read is left */
    }
    fixture_write(*state, "gate.json", "[]", 2);
    err_clear(&err);
    assert_int_equal(golden_read(buf_str(&path), false, &read, &err), RC_USAGE);
    golden_release(&golden);
    buf_release(&path);
    buf_release(&text);
    buf_release(&edited);
    made_release(&gate.made);
}

/* A file cut short anywhere, or with a byte turned: refused, or the same content (white space). */
static void no_damage_passes(void **state)
{
    struct made_gate gate;
    struct golden golden, read;
    struct golden_comparison out;
    struct arena arena = {0};
    struct buf path = {0}, text = {0};
    struct err err = {0};
    fill(&gate, equal);
    take(&golden, &gate, 1);
    fixture_join(&path, *state, "gate.json");
    assert_int_equal(golden_print(&golden, &text, &err), RC_OK);
    size_t whole = text.len - 1; /* the newline at its end may go */
    for (size_t len = 0; len < whole; len += 7) {
        fixture_write(*state, "gate.json", text.ptr, len);
        err_clear(&err);
        assert_int_equal(golden_read(buf_str(&path), false, &read, &err), RC_USAGE);
        assert_true(err.msg[0] != '\0');
    }
    for (size_t at = 0; at < whole; at += 3) {
        text.ptr[at] ^= 4;
        fixture_write(*state, "gate.json", text.ptr, text.len);
        text.ptr[at] ^= 4;
        err_clear(&err);
        enum rc rc = golden_read(buf_str(&path), false, &read, &err);
        if (rc == RC_OK) {
            compare(&golden, &read, &out, &arena);
            assert_int_equal(out.count, 0);
            golden_release(&read);
        }
        assert_true(rc == RC_OK || rc == RC_USAGE || rc == RC_MISMATCH);
    }
    golden_release(&golden);
    arena_release(&arena);
    buf_release(&path);
    buf_release(&text);
    made_release(&gate.made);
}

static void a_reason_is_one_line(void **unused)
{
    (void)unused;
    static const char *const good[] = {"new page layout", "a", "gr\xc3\xb6n"};
    static const char *const bad[] = {"", "   ", "two\nlines", "a\ttab", "\xff\xfe", "del\x7f"};
    char longest[GOLDEN_REASON_MAX + 2];
    struct err err = {0};
    for (size_t i = 0; i < COUNT_OF(good); i++)
        assert_int_equal(golden_reason_check(good[i], &err), RC_OK);
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        err_clear(&err);
        assert_int_equal(golden_reason_check(bad[i], &err), RC_USAGE);
    }
    memset(longest, 'x', sizeof(longest));
    longest[GOLDEN_REASON_MAX] = '\0';
    err_clear(&err);
    assert_int_equal(golden_reason_check(longest, &err), RC_OK);
    longest[GOLDEN_REASON_MAX] = 'x';
    longest[GOLDEN_REASON_MAX + 1] = '\0';
    assert_int_equal(golden_reason_check(longest, &err), RC_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counters_are_taken_and_timings_are_not),
        cmocka_unit_test(what_differs_between_two_runs_is_noisy),
        cmocka_unit_test(invalid_runs_and_other_bytes_are_refused),
        cmocka_unit_test(equal_counters_have_no_difference),
        cmocka_unit_test(both_directions_differ),
        cmocka_unit_test(a_missing_run_is_all_its_values),
        cmocka_unit_test(noise_is_demoted_and_new_noise_is_not_tolerated),
        cmocka_unit_test(keys_must_agree),
        cmocka_unit_test_setup_teardown(a_file_reads_back, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_missing_file_is_the_users, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(hands_are_found_out, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(no_damage_passes, fixture_setup, fixture_teardown),
        cmocka_unit_test(a_reason_is_one_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
