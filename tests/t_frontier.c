/* Frontier, guardrails and choice on studies written out by hand. */
#include "analysis/frontier.h"
#include "tests/support_record.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct study {
    struct made made;
    struct summary summary;
    struct frontier frontier;
    struct err err;
};

static void begin(struct study *study)
{
    memset(study, 0, sizeof(*study));
    made_init(&study->made);
    made_phase(&study->made, "ingest_binary_cold", "ingest", "after_ingest");
    made_phase(&study->made, "update_binary_hot", "update", "after_update");
    made_phase(&study->made, "read_point_binary", "read_point", "");
}

/* A run's bytes, p95 of reads and updates, CPU.  NaN: no value. */
static void values(struct study *study, double bytes, double read, double update, double cpu)
{
    struct made *made = &study->made;
    made_value(made, SAMPLE_PHASE, "ingest_binary_cold", M_CPU_MS_PER_MB, cpu);
    made_value(made, SAMPLE_PHASE, "update_binary_hot", M_P95_NS, update);
    made_value(made, SAMPLE_PHASE, "read_point_binary", M_P95_NS, read);
    made_value(made, SAMPLE_SNAPSHOT, "after_update", M_TOTAL_BYTES, bytes);
}

/* An arm with one run. */
static uint32_t arm(struct study *study, const char *label, unsigned flags, double bytes,
                    double read, double update, double cpu)
{
    struct made *made = &study->made;
    uint32_t number = made_arm(made, label, flags);
    made_run(made, number, 0);
    values(study, bytes, read, update, cpu);
    made_end(made, NULL);
    return number;
}

static enum rc finish(struct study *study, const struct frontier_options *options)
{
    assert_int_equal(summary_build(&study->summary, &study->made.record, &study->err), RC_OK);
    return frontier_build(&study->frontier, &study->summary, options, &study->err);
}

static void end(struct study *study)
{
    frontier_release(&study->frontier);
    summary_release(&study->summary);
    made_release(&study->made);
}

static const struct frontier_arm *at(const struct study *study, uint32_t number)
{
    return &study->frontier.arms[number];
}

static void assert_standing(struct study *study, uint32_t number, const char *expected)
{
    struct buf out = {0};
    assert_int_equal(frontier_standing_print(&study->frontier, number, 9, &out, &study->err),
                     RC_OK);
    assert_string_equal(buf_str(&out), expected);
    buf_release(&out);
}

static bool noted(const struct study *study, const char *words)
{
    for (size_t i = 0; i < study->frontier.note_count; i++) {
        if (strstr(study->frontier.notes[i], words) != NULL)
            return true;
    }
    return false;
}

/* ---- dominance ------------------------------------------------------------------------------ */

static void dominators_are_named_in_table_order(void **unused)
{
    (void)unused;
    struct study study;
    begin(&study);
    uint32_t raw = arm(&study, "raw", MADE_SQL | MADE_CONTROL, 100, 100, 100, 1);
    uint32_t worst = arm(&study, "worst", MADE_SQL, 200, 200, 200, 2);
    uint32_t middle = arm(&study, "middle", MADE_SQL, 60, 104, 104, 3);
    uint32_t small = arm(&study, "small", MADE_SQL, 50, 103, 103, 3);
    assert_int_equal(finish(&study, NULL), RC_OK);
    assert_standing(&study, raw, "on frontier");
    assert_standing(&study, small, "on frontier");
    /* Only arms that are on the frontier vouch: not middle, though it is better than worst. */
    assert_standing(&study, worst, "dominated by raw");
    assert_standing(&study, middle, "dominated by small");
    assert_int_equal(study.frontier.choice, small);
    assert_int_equal(at(&study, small)->guardrail, GUARDRAIL_HOLDS);
    assert_non_null(strstr(study.frontier.sentence, "use small: -50.0 % bytes after_update"));
    end(&study);
}

static void several_dominators(void **unused)
{
    (void)unused;
    struct study study;
    begin(&study);
    arm(&study, "raw", MADE_SQL | MADE_CONTROL, 100, 100, 100, 1);
    arm(&study, "b", MADE_SQL, 90, 101, 101, 2);
    arm(&study, "c", MADE_SQL, 80, 102, 102, 3);
    uint32_t last = arm(&study, "d", MADE_SQL, 110, 110, 110, 4);
    assert_int_equal(finish(&study, NULL), RC_OK);
    assert_standing(&study, last, "dominated by raw, b, c");
    struct buf out = {0};
    assert_int_equal(frontier_standing_print(&study.frontier, last, 2, &out, &study.err), RC_OK);
    assert_string_equal(buf_str(&out), "dominated by raw, b +1");
    buf_release(&out);
    end(&study);
}

static void ties_stand_together_and_the_first_is_chosen(void **unused)
{
    (void)unused;
    struct study study;
    begin(&study);
    arm(&study, "raw", MADE_SQL | MADE_CONTROL, 100, 100, 100, 1);
    uint32_t one = arm(&study, "one", MADE_SQL, 50, 100, 100, 1);
    uint32_t two = arm(&study, "two", MADE_SQL, 50, 100, 100, 1);
    assert_int_equal(finish(&study, NULL), RC_OK);
    assert_standing(&study, one, "on frontier");
    assert_standing(&study, two, "on frontier");
    assert_standing(&study, 0, "dominated by one, two");
    assert_int_equal(study.frontier.choice, one);
    end(&study);
}

static void equal_bytes_choose_the_better_guarded_p95(void **unused)
{
    (void)unused;
    struct study study;
    begin(&study);
    arm(&study, "raw", MADE_SQL | MADE_CONTROL, 100, 100, 100, 1);
    arm(&study, "cheap", MADE_SQL, 50, 108, 100, 1);
    uint32_t fast = arm(&study, "fast", MADE_SQL, 50, 101, 100, 2);
    assert_int_equal(finish(&study, NULL), RC_OK);
    assert_int_equal(study.frontier.choice, fast);
    end(&study);
}

/* ---- guardrails ----------------------------------------------------------------------------- */

static void the_limit_itself_holds(void **unused)
{
    (void)unused;
    static const double bases[] = {1000, 100, 3, 0.7, 123457, 1e9 / 3};
    static const double rails[] = {0.10, 0.15, 0, 0.07};
    for (size_t i = 0; i < COUNT_OF(bases) * COUNT_OF(rails); i++) {
        double base = bases[i % COUNT_OF(bases)], rail = rails[i / COUNT_OF(bases)];
        struct frontier_options options = {.guardrail_set = true, .guardrail = rail};
        struct study study;
        begin(&study);
        arm(&study, "raw", MADE_SQL | MADE_CONTROL, 100, base, base, 1);
        uint32_t exact = arm(&study, "exact", MADE_SQL, 60, base + base * rail, base, 1);
        uint32_t above =
            arm(&study, "above", MADE_SQL, 50, (base + base * rail) * 1.000001, base, 1);
        assert_int_equal(finish(&study, &options), RC_OK);
        assert_int_equal(at(&study, exact)->guardrail, GUARDRAIL_HOLDS);
        assert_int_equal(at(&study, above)->guardrail, GUARDRAIL_BROKEN);
        assert_int_equal(study.frontier.choice, exact);
        end(&study);
    }
}

static void a_saving_below_one_percent_is_none(void **unused)
{
    (void)unused;
    static const struct {
        double bytes;
        bool chosen;
    } cases[] = {{99.99, false}, {99.001, false}, {99, true}, {98, true}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct study study;
        begin(&study);
        arm(&study, "raw", MADE_SQL | MADE_CONTROL, 100, 100, 100, 1);
        uint32_t other = arm(&study, "other", MADE_SQL, cases[i].bytes, 100, 100, 2);
        assert_int_equal(finish(&study, NULL), RC_OK);
        assert_int_equal(study.frontier.choice, cases[i].chosen ? other : SUMMARY_NONE);
        assert_int_equal(at(&study, other)->standing, STANDING_ON);
        if (!cases[i].chosen)
            assert_non_null(strstr(study.frontier.sentence, "saves 1 %"));
        end(&study);
    }
}

static void too_close_to_tell_is_said(void **unused)
{
    (void)unused;
    struct study study;
    begin(&study);
    arm(&study, "raw", MADE_SQL | MADE_CONTROL, 100, 100, 100, 1);
    arm(&study, "raw'", MADE_SQL | MADE_CONTROL_AGAIN, 100, 104, 100, 1);
    uint32_t near = arm(&study, "near", MADE_SQL, 50, 107, 100, 1); /* 3 from 110, noise is 4 */
    uint32_t clear = arm(&study, "clear", MADE_SQL, 60, 105, 100, 0.5);
    uint32_t torn = arm(&study, "torn", MADE_SQL, 70, 60, 120, 0.2); /* rounds 120, 90, 90 */
    /* One guardrail broken for certain: the other's closeness changes nothing. */
    uint32_t broken = arm(&study, "broken", MADE_SQL, 65, 500, 200, 1);
    for (uint32_t round = 1; round < 3; round++) {
        made_run(&study.made, broken, round);
        values(&study, 65, 500, 90, 1);
        made_end(&study.made, NULL);
    }
    for (uint32_t round = 1; round < 3; round++) {
        made_run(&study.made, torn, round);
        values(&study, 70, 60, 90, 0.2);
        made_end(&study.made, NULL);
    }
    assert_int_equal(finish(&study, NULL), RC_OK);
    assert_true(at(&study, near)->close && at(&study, near)->guard_close[1]);
    assert_false(at(&study, near)->guard_close[0]);
    assert_false(at(&study, clear)->close);
    assert_true(at(&study, torn)->guard_close[0] && !at(&study, torn)->guard_close[1]);
    assert_int_equal(at(&study, torn)->guardrail, GUARDRAIL_HOLDS);
    assert_int_equal(at(&study, broken)->guardrail, GUARDRAIL_BROKEN);
    assert_true(at(&study, broken)->guard_close[0]);
    assert_false(at(&study, broken)->close);
    assert_int_equal(study.frontier.choice, near);
    assert_non_null(strstr(study.frontier.sentence, "too closely to tell from noise"));
    end(&study);
}

static void one_broken_guardrail_is_enough(void **unused)
{
    (void)unused;
    struct study study;
    begin(&study);
    arm(&study, "raw", MADE_SQL | MADE_CONTROL, 100, 100, 100, 1);
    uint32_t reads = arm(&study, "reads", MADE_SQL, 40, 111, 90, 1);
    uint32_t updates = arm(&study, "updates", MADE_SQL, 45, 90, 111, 1);
    uint32_t neither = arm(&study, "neither", MADE_SQL, 70, 105, 105, 1);
    assert_int_equal(finish(&study, NULL), RC_OK);
    assert_int_equal(at(&study, reads)->guardrail, GUARDRAIL_BROKEN);
    assert_int_equal(at(&study, updates)->guardrail, GUARDRAIL_BROKEN);
    assert_int_equal(study.frontier.choice, neither);
    end(&study);
}

static void a_missing_p95_is_never_held(void **unused)
{
    (void)unused;
    struct study study;
    struct frontier_options options = {.keys = "total_bytes@after_update"};
    begin(&study);
    arm(&study, "raw", MADE_SQL | MADE_CONTROL, 100, 100, 100, 1);
    uint32_t silent = arm(&study, "silent", MADE_SQL, 10, NAN, 100, 1);
    assert_int_equal(finish(&study, &options), RC_OK);
    assert_standing(&study, silent, "on frontier");
    assert_int_equal(at(&study, silent)->guardrail, GUARDRAIL_UNKNOWN);
    assert_int_equal(study.frontier.choice, SUMMARY_NONE);
    end(&study);
}

static void only_the_control_is_left(void **unused)
{
    (void)unused;
    struct study study;
    begin(&study);
    arm(&study, "raw", MADE_SQL | MADE_CONTROL, 100, 100, 100, 1);
    arm(&study, "slow", MADE_SQL, 50, 300, 300, 9);
    arm(&study, "big", MADE_SQL, 150, 90, 90, 1);
    assert_int_equal(finish(&study, NULL), RC_OK);
    assert_int_equal(study.frontier.choice, SUMMARY_NONE);
    assert_non_null(strstr(study.frontier.sentence, "keep raw"));
    assert_non_null(strstr(study.frontier.sentence, "smallest: slow (-50.0 % bytes"));
    end(&study);

    begin(&study);
    arm(&study, "raw", MADE_SQL | MADE_CONTROL, 100, 100, 100, 1);
    assert_int_equal(finish(&study, NULL), RC_OK);
    assert_string_equal(study.frontier.sentence,
                        "keep raw: no eligible strategy on the frontier saves 1 % of its bytes");
    end(&study);
}

/* ---- who competes --------------------------------------------------------------------------- */

static void lanes_outside_sql_are_references_unless_anywhere(void **unused)
{
    (void)unused;
    for (int anywhere = 0; anywhere <= 1; anywhere++) {
        struct frontier_options options = {.anywhere_set = true, .anywhere = anywhere == 1};
        struct study study;
        begin(&study);
        arm(&study, "raw", MADE_SQL | MADE_CONTROL, 100, 100, 100, 2);
        uint32_t again = arm(&study, "raw'", MADE_SQL | MADE_CONTROL_AGAIN, 1, 1, 1, 0.1);
        uint32_t sql = arm(&study, "dedup", MADE_SQL, 80, 101, 101, 2);
        uint32_t files = arm(&study, "files", 0, 40, 50, 50, 1);
        uint32_t floor = arm(&study, "memory", MADE_FLOOR, 0, 1, 1, 0.1);
        assert_int_equal(finish(&study, &options), RC_OK);
        assert_standing(&study, again, "control again (noise)");
        assert_standing(&study, floor, "reference lane (floor)");
        assert_false(at(&study, floor)->eligible);
        assert_false(at(&study, again)->eligible);
        assert_standing(&study, files, anywhere ? "on frontier" : "reference lane");
        assert_standing(&study, sql, anywhere ? "dominated by files" : "on frontier");
        assert_int_equal(study.frontier.choice, anywhere ? files : sql);
        end(&study);
    }
}

static void invalid_arms_are_nowhere(void **unused)
{
    (void)unused;
    struct study study;
    begin(&study);
    arm(&study, "raw", MADE_SQL | MADE_CONTROL, 100, 100, 100, 2);
    uint32_t liar = arm(&study, "liar", MADE_SQL, 1, 1, 1, 0.1);
    made_run(&study.made, liar, 1);
    made_end(&study.made, "file 3 version 0: bytes differ");
    uint32_t absent = made_arm(&study.made, "absent", MADE_SQL);
    assert_int_equal(finish(&study, NULL), RC_OK);
    assert_standing(&study, liar, "INVALID: round 2: file 3 version 0: bytes differ");
    assert_standing(&study, absent, "INVALID: no run finished");
    assert_standing(&study, 0, "on frontier");
    assert_false(at(&study, liar)->eligible);
    assert_int_equal(study.frontier.choice, SUMMARY_NONE);
    /* Its valid run is still there to be looked at. */
    size_t place = summary_place(&study.summary, SNAPSHOT, "after_update");
    assert_true(summary_median(&study.summary, liar, place, M_TOTAL_BYTES) == 1);
    end(&study);
}

static void a_counter_that_differs_between_runs_is_invalid(void **unused)
{
    (void)unused;
    struct study study;
    begin(&study);
    arm(&study, "raw", MADE_SQL | MADE_CONTROL, 100, 100, 100, 2);
    uint32_t drifts = arm(&study, "drifts", MADE_SQL, 50, 100, 100, 1);
    made_run(&study.made, drifts, 1);
    values(&study, 51, 100, 100, 1);
    made_end(&study.made, NULL);
    assert_int_equal(finish(&study, NULL), RC_OK);
    assert_int_equal(at(&study, drifts)->standing, STANDING_INVALID);
    assert_non_null(strstr(study.summary.arms[drifts].reason, "total_bytes"));
    assert_int_equal(study.frontier.choice, SUMMARY_NONE);
    end(&study);
}

static void an_invalid_control_decides_nothing(void **unused)
{
    (void)unused;
    struct study study;
    begin(&study);
    uint32_t raw = arm(&study, "raw", MADE_SQL | MADE_CONTROL, 100, 100, 100, 2);
    arm(&study, "dedup", MADE_SQL, 50, 100, 100, 2);
    made_run(&study.made, raw, 1);
    made_end(&study.made, "lost a file");
    assert_int_equal(finish(&study, NULL), RC_OK);
    assert_int_equal(study.frontier.choice, SUMMARY_NONE);
    assert_string_equal(study.frontier.sentence, "no choice: the control raw is INVALID");
    assert_true(isnan(at(&study, 1)->percent[0]));
    assert_int_equal(at(&study, 1)->guardrail, GUARDRAIL_UNKNOWN);
    end(&study);
}

static void an_arm_without_a_key_cannot_be_placed(void **unused)
{
    (void)unused;
    struct study study;
    begin(&study);
    arm(&study, "raw", MADE_SQL | MADE_CONTROL, 100, 100, 100, 2);
    uint32_t blank = arm(&study, "blank", MADE_SQL, 50, 100, 100, NAN);
    assert_int_equal(finish(&study, NULL), RC_OK);
    assert_standing(&study, blank, "not placed: no cpu_ms_per_mb@ingest_binary_cold");
    assert_int_equal(study.frontier.choice, SUMMARY_NONE);
    end(&study);
}

/* ---- keys ----------------------------------------------------------------------------------- */

static void a_missing_phase_is_dropped_with_a_note(void **unused)
{
    (void)unused;
    struct study study;
    memset(&study, 0, sizeof(study));
    made_init(&study.made);
    made_phase(&study.made, "ingest_binary_cold", "ingest", "after_ingest");
    for (uint32_t a = 0; a < 2; a++) {
        made_arm(&study.made, a == 0 ? "raw" : "dedup", MADE_SQL | (a == 0 ? MADE_CONTROL : 0));
        made_run(&study.made, a, 0);
        made_value(&study.made, SAMPLE_PHASE, "ingest_binary_cold", M_CPU_MS_PER_MB, 1 + a);
        made_value(&study.made, SAMPLE_SNAPSHOT, "after_ingest", M_TOTAL_BYTES, 100 - a);
        made_end(&study.made, NULL);
    }
    assert_int_equal(finish(&study, NULL), RC_OK);
    assert_int_equal(study.frontier.key_count, 2);
    assert_string_equal(study.frontier.keys[0].name, "total_bytes@after_ingest");
    assert_string_equal(study.frontier.keys[1].name, "cpu_ms_per_mb@ingest_binary_cold");
    assert_true(noted(&study, "p95_ns@read_point_binary left out"));
    assert_true(noted(&study, "no guardrail could be checked"));
    /* The last snapshot stands for the one after updates; without guardrails nothing may be
     * chosen all the same. */
    assert_int_equal(study.frontier.storage_place,
                     summary_place(&study.summary, SNAPSHOT, "after_ingest"));
    assert_int_equal(study.frontier.choice, SUMMARY_NONE);
    end(&study);
}

static void keys_are_checked(void **unused)
{
    (void)unused;
    static const char *const wrong[] = {"",
                                        "total_bytes",
                                        "total_bytes@",
                                        "@after_update",
                                        "speed@after_update",
                                        "total_bytes@after_update,",
                                        "total_bytes@after_update,total_bytes@after_update",
                                        "ops@read_point_binary"};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct frontier_options options = {.keys = wrong[i]};
        struct study study;
        begin(&study);
        arm(&study, "raw", MADE_SQL | MADE_CONTROL, 100, 100, 100, 2);
        assert_int_equal(finish(&study, &options), RC_USAGE);
        assert_true(study.err.msg[0] != '\0');
        end(&study);
    }
    struct frontier_options rail = {.guardrail_set = true, .guardrail = NAN};
    struct study study;
    begin(&study);
    arm(&study, "raw", MADE_SQL | MADE_CONTROL, 100, 100, 100, 2);
    assert_int_equal(finish(&study, &rail), RC_USAGE);
    end(&study);
}

static void higher_may_be_better(void **unused)
{
    (void)unused;
    struct frontier_options options = {.keys = "ops_per_s@read_point_binary"};
    struct study study;
    begin(&study);
    static const char *const labels[] = {"raw", "fast"};
    for (uint32_t a = 0; a < 2; a++) {
        made_arm(&study.made, labels[a], MADE_SQL | (a == 0 ? MADE_CONTROL : 0));
        made_run(&study.made, a, 0);
        made_value(&study.made, SAMPLE_PHASE, "read_point_binary", M_OPS_PER_S, 100 + a);
        made_end(&study.made, NULL);
    }
    assert_int_equal(finish(&study, &options), RC_OK);
    assert_standing(&study, 0, "dominated by fast");
    assert_standing(&study, 1, "on frontier");
    end(&study);
}

static void noise_is_the_controls_second_run(void **unused)
{
    (void)unused;
    struct study study;
    begin(&study);
    arm(&study, "raw", MADE_SQL | MADE_CONTROL, 100, 200, 100, 2);
    arm(&study, "raw'", MADE_SQL | MADE_CONTROL_AGAIN, 100, 210, 95, 2);
    assert_int_equal(finish(&study, NULL), RC_OK);
    assert_true(fabs(study.frontier.keys[0].noise) < 1e-12);
    assert_true(fabs(study.frontier.keys[1].noise - 0.05) < 1e-12);
    assert_true(fabs(study.frontier.keys[2].noise + 0.05) < 1e-12);
    end(&study);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dominators_are_named_in_table_order),
        cmocka_unit_test(several_dominators),
        cmocka_unit_test(ties_stand_together_and_the_first_is_chosen),
        cmocka_unit_test(equal_bytes_choose_the_better_guarded_p95),
        cmocka_unit_test(the_limit_itself_holds),
        cmocka_unit_test(too_close_to_tell_is_said),
        cmocka_unit_test(a_saving_below_one_percent_is_none),
        cmocka_unit_test(one_broken_guardrail_is_enough),
        cmocka_unit_test(a_missing_p95_is_never_held),
        cmocka_unit_test(only_the_control_is_left),
        cmocka_unit_test(lanes_outside_sql_are_references_unless_anywhere),
        cmocka_unit_test(invalid_arms_are_nowhere),
        cmocka_unit_test(a_counter_that_differs_between_runs_is_invalid),
        cmocka_unit_test(an_invalid_control_decides_nothing),
        cmocka_unit_test(an_arm_without_a_key_cannot_be_placed),
        cmocka_unit_test(a_missing_phase_is_dropped_with_a_note),
        cmocka_unit_test(keys_are_checked),
        cmocka_unit_test(higher_may_be_better),
        cmocka_unit_test(noise_is_the_controls_second_run),
    };
    return cmocka_run_group_tests_name("frontier", tests, NULL, NULL);
}
