/* Rounds aligned over arms: which count, what pairs, and nothing of void ones anywhere. */
#include "analysis/rounds.h"
#include "tests/support_record.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct study {
    struct made made;
    struct summary summary;
    struct rounds rounds;
    struct err err;
    size_t reads, size; /* places */
};

static void begin(struct study *study)
{
    memset(study, 0, sizeof(*study));
    made_init(&study->made);
    made_phase(&study->made, "read_point_binary", "read_point", "after_reads");
    made_arm(&study->made, "raw", MADE_SQL | MADE_CONTROL);
    made_arm(&study->made, "dedup", MADE_SQL);
    made_arm(&study->made, "chunked", MADE_SQL);
}

static void run(struct study *study, uint32_t arm, uint32_t round, double p95, const char *reason)
{
    struct made *made = &study->made;
    made_run(made, arm, round);
    made_value(made, SAMPLE_PHASE, "read_point_binary", M_P95_NS, p95);
    made_value(made, SAMPLE_PHASE, "read_point_binary", M_OPS_PER_S, 1e9 / p95);
    made_value(made, SAMPLE_SNAPSHOT, "after_reads", M_TOTAL_BYTES, 1000);
    made_end(made, reason);
}

static void finish(struct study *study)
{
    assert_int_equal(summary_build(&study->summary, &study->made.record, &study->err), RC_OK);
    assert_int_equal(rounds_build(&study->rounds, &study->summary, &study->err), RC_OK);
    study->reads = summary_place(&study->summary, PHASE, "read_point_binary");
    study->size = summary_place(&study->summary, SNAPSHOT, "after_reads");
}

static void end(struct study *study)
{
    rounds_release(&study->rounds);
    summary_release(&study->summary);
    made_release(&study->made);
}

static void assert_near(double have, double expected)
{
    if (!(fabs(have - expected) <= 1e-12 * fmax(1, fabs(expected))))
        fail_msg("%.17g is not %.17g", have, expected);
}

/* ---- which rounds count --------------------------------------------------------------------- */

static void void_and_partial_rounds_do_not_count(void **unused)
{
    (void)unused;
    struct study study;
    begin(&study);
    for (uint32_t round = 0; round < 5; round++) {
        for (uint32_t arm = 0; arm < 3; arm++) {
            if (round != 4 || arm != 2) /* the last round was interrupted */
                run(&study, arm, round, 100 * (arm + 1) + round, NULL);
        }
    }
    made_void(&study.made, 1, "steal time 7.1 % (limit 5 %)");
    finish(&study);
    assert_int_equal(study.rounds.count, 3);
    assert_int_equal(study.rounds.voided, 1);
    assert_int_equal(study.rounds.partial, 1);
    static const uint32_t expected[] = {0, 2, 3};
    for (size_t r = 0; r < 3; r++) {
        assert_int_equal(study.rounds.number[r], expected[r]);
        assert_near(rounds_value(&study.rounds, 1, study.reads, M_P95_NS, r), 200.0 + expected[r]);
    }
    /* Nor in a median. */
    assert_int_equal(study.summary.voided, 1);
    assert_int_equal(study.summary.arms[2].runs, 3);
    assert_int_equal(summary_cell(&study.summary, 2, study.reads, M_P95_NS)->n, 3);
    assert_near(summary_median(&study.summary, 2, study.reads, M_P95_NS), 302);
    end(&study);
}

/* A void round's timings say nothing; a run that failed by its own doing failed. */
static void a_void_round_hides_no_failure(void **unused)
{
    (void)unused;
    struct study study;
    begin(&study);
    for (uint32_t round = 0; round < 2; round++) {
        for (uint32_t arm = 0; arm < 3; arm++)
            run(&study, arm, round, 100, round == 1 && arm == 1 ? "a blob was lost" : NULL);
    }
    made_void(&study.made, 1, "swap-in");
    finish(&study);
    assert_true(study.summary.arms[0].valid && study.summary.arms[2].valid);
    assert_false(study.summary.arms[1].valid);
    assert_string_equal(study.summary.arms[1].reason, "round 2: a blob was lost");
    assert_int_equal(summary_invalid_arms(&study.summary), 1);
    assert_int_equal(study.rounds.count, 1);
    assert_int_equal(summary_cell(&study.summary, 0, study.reads, M_P95_NS)->n, 1);
    end(&study);
}

static void dropped_arms_are_not_waited_for(void **unused)
{
    (void)unused;
    struct study study;
    double d[4];
    begin(&study);
    for (uint32_t round = 0; round < 4; round++) {
        for (uint32_t arm = 0; arm < 3; arm++) {
            if (arm != 1 || round < 2)
                run(&study, arm, round, 100 * (arm + 1), NULL);
        }
    }
    made_look(&study.made, 1, 1, 2, 1);
    finish(&study);
    assert_int_equal(study.rounds.count, 4);
    assert_int_equal(study.rounds.partial, 0);
    assert_null(rounds_sample(&study.rounds, 1, study.reads, 2));
    assert_true(isnan(rounds_value(&study.rounds, 1, study.reads, M_P95_NS, 3)));
    assert_int_equal(rounds_pair(&study.rounds, 1, 0, study.reads, M_P95_NS, 4, d), 2);
    assert_int_equal(rounds_pair(&study.rounds, 2, 0, study.reads, M_P95_NS, 4, d), 4);
    end(&study);
}

static void invalid_runs_have_no_values(void **unused)
{
    (void)unused;
    struct study study;
    double d[2];
    begin(&study);
    for (uint32_t round = 0; round < 2; round++) {
        for (uint32_t arm = 0; arm < 3; arm++)
            run(&study, arm, round, 100, round == 1 && arm == 2 ? "a file is lost" : NULL);
    }
    finish(&study);
    assert_int_equal(study.rounds.count, 2); /* it ran */
    assert_true(isnan(rounds_value(&study.rounds, 2, study.reads, M_P95_NS, 1)));
    assert_int_equal(rounds_pair(&study.rounds, 2, 0, study.reads, M_P95_NS, 2, d), 1);
    end(&study);
}

static void an_empty_record_has_no_rounds(void **unused)
{
    (void)unused;
    struct study study;
    begin(&study);
    finish(&study);
    assert_int_equal(study.rounds.count, 0);
    assert_int_equal(study.rounds.partial, 0);
    assert_int_equal(rounds_pair(&study.rounds, 0, 1, study.reads, M_P95_NS, 9, NULL), 0);
    end(&study);
    rounds_release(&study.rounds); /* a zeroed one */
}

/* ---- pairs ---------------------------------------------------------------------------------- */

static void pairs_are_log_ratios_in_which_less_is_better(void **unused)
{
    (void)unused;
    struct study study;
    double slow[3], rate[3], back[3];
    begin(&study);
    for (uint32_t round = 0; round < 3; round++) {
        run(&study, 0, round, 100 + round, NULL);
        run(&study, 1, round, 200 + 7 * round, NULL);
        run(&study, 2, round, round == 1 ? 0 : 50, NULL); /* 0: no ratio; its rate is infinite */
    }
    finish(&study);
    assert_int_equal(rounds_pair(&study.rounds, 1, 0, study.reads, M_P95_NS, 3, slow), 3);
    assert_int_equal(rounds_pair(&study.rounds, 0, 1, study.reads, M_P95_NS, 3, back), 3);
    assert_int_equal(rounds_pair(&study.rounds, 1, 0, study.reads, M_OPS_PER_S, 3, rate), 3);
    for (uint32_t r = 0; r < 3; r++) {
        assert_near(slow[r], log((200.0 + 7 * r) / (100.0 + r)));
        assert_true(slow[r] == -back[r]);
        assert_near(rate[r], slow[r]); /* more operations a second is better */
    }
    assert_int_equal(rounds_pair(&study.rounds, 1, 0, study.reads, M_P95_NS, 2, slow), 2);
    assert_int_equal(rounds_pair(&study.rounds, 1, 0, study.reads, M_P95_NS, 0, slow), 0);
    assert_int_equal(rounds_pair(&study.rounds, 2, 0, study.reads, M_P95_NS, 3, slow), 2);
    assert_int_equal(rounds_pair(&study.rounds, 2, 0, study.reads, M_OPS_PER_S, 3, rate), 2);
    assert_int_equal(rounds_pair(&study.rounds, 1, 0, study.size, M_TOTAL_BYTES, 3, slow), 3);
    assert_true(slow[0] == 0);
    end(&study);
}

static void margins_are_the_protocols(void **unused)
{
    (void)unused;
    struct record_protocol protocol = {.margin_p50 = 0.031,
                                       .margin_p95 = 0.05,
                                       .margin_rate = 0.033,
                                       .margin_cpu = 0.034,
                                       .margin_exact = 0.01};
    assert_near(rounds_margin(&protocol, M_P50_NS), log1p(0.031));
    assert_near(rounds_margin(&protocol, M_P95_NS), log1p(0.05));
    assert_near(rounds_margin(&protocol, M_OPS_PER_S), log1p(0.033));
    assert_near(rounds_margin(&protocol, M_CPU_MS_PER_MB), log1p(0.034));
    assert_near(rounds_margin(&protocol, M_PEAK_RSS_BYTES), log1p(0.034));
    assert_near(rounds_margin(&protocol, M_TOTAL_BYTES), log1p(0.01));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(void_and_partial_rounds_do_not_count),
        cmocka_unit_test(a_void_round_hides_no_failure),
        cmocka_unit_test(dropped_arms_are_not_waited_for),
        cmocka_unit_test(invalid_runs_have_no_values),
        cmocka_unit_test(an_empty_record_has_no_rounds),
        cmocka_unit_test(pairs_are_log_ratios_in_which_less_is_better),
        cmocka_unit_test(margins_are_the_protocols),
    };
    return cmocka_run_group_tests_name("rounds", tests, NULL, NULL);
}
