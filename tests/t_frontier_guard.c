/* Guardrails and choice by test, on noisy studies made up for it. */
#include "tests/support_noisy.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* ---- guardrails and choice ------------------------------------------------------------------ */

static void guardrails_hold_break_or_stay_open(void **unused)
{
    (void)unused;
    static const struct noisy_model models[] = {
        {"raw", NOISY_CONTROL, 100000, 1, 1, 1},    {"raw'", NOISY_AGAIN, 100000, 1, 1, 1},
        {"holds", NOISY_SQL, 80000, 1.02, 0.98, 1}, {"breaks", NOISY_SQL, 60000, 1.3, 1, 1},
        {"open", NOISY_SQL, 70000, 1.1, 1, 1},
    };
    struct noisy study;
    noisy_begin(&study, models, COUNT_OF(models), 0.02, 21);
    noisy_rounds(&study, 0, 20, SIZE_MAX);
    noisy_finish(&study, NULL);
    assert_int_equal(study.frontier.judged, 3);
    assert_int_equal(noisy_arm(&study, 0)->guardrail, GUARDRAIL_UNKNOWN);
    assert_int_equal(noisy_arm(&study, 1)->guardrail, GUARDRAIL_UNKNOWN);
    assert_int_equal(noisy_arm(&study, 2)->guardrail, GUARDRAIL_HOLDS);
    assert_int_equal(noisy_arm(&study, 3)->guardrail, GUARDRAIL_BROKEN);
    assert_int_equal(noisy_arm(&study, 4)->guardrail, GUARDRAIL_UNDECIDED);
    noisy_assert_claim(
        &study, &noisy_arm(&study, 2)->guard_claim, CLAIM_CONFIRMED,
        "CONFIRMED (95 %): holds holds the guardrail of 10 %; what decides is p95 of "
        "read_point_binary");
    noisy_assert_claim(&study, &noisy_arm(&study, 3)->guard_claim, CLAIM_REFUTED,
                       "alpha / 3 strategies");
    noisy_assert_claim(&study, &noisy_arm(&study, 4)->guard_claim, CLAIM_UNDECIDED,
                       "rounds in all would");
    assert_true(noisy_arm(&study, 4)->guard_rounds_needed > 20);
    assert_int_equal(study.frontier.choice, 2);
    noisy_assert_claim(
        &study, &study.frontier.choice_claim, CLAIM_CONFIRMED,
        "use holds: -20.0 % bytes after_update against raw, p95 of update_point_binary ");
    /* What more rounds might choose is named with what they would take. */
    assert_int_equal(study.frontier.hopeful, 4);
    assert_int_equal(study.frontier.hopeful_rounds, noisy_arm(&study, 4)->guard_rounds_needed);
    noisy_end(&study);
}

static void every_class_of_sizes_must_hold(void **unused)
{
    (void)unused;
    struct noisy study;
    noisy_begin(&study, noisy_clear, 3, 0.02, 6);
    noisy_rounds(&study, 0, 16, SIZE_MAX);
    for (size_t i = 0; i < study.made.record.sample_count; i++) {
        struct sample *sample = &study.made.record.samples[i];
        double p95 = sample->value[M_P95_NS];
        if (strcmp(sample->name, "read_point_binary") == 0)
            sample->value[M_P95_4K_NS] = sample->arm == 2 ? 1.4 * p95 : p95;
        if (strcmp(sample->name, "read_point_binary") == 0)
            sample->value[M_P95_LARGE_NS] = p95 * (1 + 0.001 * sample->round);
    }
    noisy_finish(&study, NULL);
    assert_int_equal(study.frontier.guard_count, 4);
    assert_int_equal(noisy_arm(&study, 2)->guardrail, GUARDRAIL_BROKEN);
    noisy_assert_claim(&study, &noisy_arm(&study, 2)->guard_claim, CLAIM_REFUTED,
                       "p95 of read_point_binary (blobs up to 4 KiB)");
    assert_int_equal(study.frontier.choice, SUMMARY_NONE);
    noisy_assert_claim(&study, &study.frontier.choice_claim, CLAIM_CONFIRMED,
                       "keep raw: no smaller strategy on the frontier holds the guardrail");
    noisy_end(&study);
}

/* Ten paired ratios whose test against the limit of 10 % has p = P(V <= 8) = 0.0244140625: one of
 * them, of rank 8, lies on the other side.  `side` -1: below the limit. */
static void by_hand(struct noisy *study, size_t arms, size_t guards, int side)
{
    static const char *const labels[] = {"raw", "held", "other", "third"};
    static const char *const phases[] = {"read_a", "read_b", "read_c"};
    memset(study, 0, sizeof(*study));
    made_init(&study->made);
    for (size_t p = 0; p < guards; p++)
        made_phase(&study->made, phases[p], "read_point", p == 0 ? "after_update" : "");
    for (uint32_t a = 0; a < arms; a++)
        made_arm(&study->made, labels[a], a == 0 ? NOISY_CONTROL : NOISY_SQL);
    for (uint32_t round = 0; round < 10; round++) {
        for (uint32_t a = 0; a < arms; a++) {
            int turn = round == 7 ? -side : side;
            double far = a == 0 ? 0 : log(1.1) + turn * 0.001 * (round + 1);
            made_run(&study->made, a, round);
            made_value(&study->made, SAMPLE_PHASE, phases[0], M_P95_NS, 1e5 * exp(far));
            for (size_t p = 1; p < guards; p++) /* far from the limit, and noisy */
                made_value(&study->made, SAMPLE_PHASE, phases[p], M_P95_NS,
                           1e5 * (a == 0 ? 1 : 0.5) + round + 7 * a);
            made_value(&study->made, SAMPLE_SNAPSHOT, "after_update", M_TOTAL_BYTES,
                       1000 - 100 * a);
            made_end(&study->made, NULL);
        }
    }
}

static enum guardrail_state state_by_hand(size_t arms, size_t guards, int side, size_t look_count)
{
    static const uint32_t when[] = {10, 20, 40};
    struct noisy study;
    by_hand(&study, arms, guards, side);
    if (look_count != 0)
        noisy_looks(&study, when, look_count);
    noisy_finish(&study, &(struct frontier_options){.keys = "total_bytes@after_update"});
    assert_false(study.frontier.descriptive);
    assert_int_equal(study.frontier.guard_count, guards);
    enum guardrail_state state = noisy_arm(&study, 1)->guardrail;
    noisy_end(&study);
    return state;
}

static void guardrails_share_the_error_budget(void **unused)
{
    (void)unused;
    /* 0.0244 is below 0.05 / 1 and 0.05 / 2, not below 0.05 / 3: as many arms are picked from. */
    assert_int_equal(state_by_hand(2, 1, -1, 0), GUARDRAIL_HOLDS);
    assert_int_equal(state_by_hand(3, 1, -1, 0), GUARDRAIL_HOLDS);
    assert_int_equal(state_by_hand(4, 1, -1, 0), GUARDRAIL_UNDECIDED);
    /* All must hold: more of them that do cost nothing. */
    assert_int_equal(state_by_hand(3, 3, -1, 0), GUARDRAIL_HOLDS);
    /* One must be broken: of two 2 x 0.0244 is below 0.05, of three 3 x is not. */
    assert_int_equal(state_by_hand(2, 1, 1, 0), GUARDRAIL_BROKEN);
    assert_int_equal(state_by_hand(2, 2, 1, 0), GUARDRAIL_BROKEN);
    assert_int_equal(state_by_hand(2, 3, 1, 0), GUARDRAIL_UNDECIDED);
    /* The first of two looks has half of alpha, the first of three a fifth. */
    assert_int_equal(state_by_hand(2, 1, -1, 2), GUARDRAIL_HOLDS);
    assert_int_equal(state_by_hand(2, 1, -1, 3), GUARDRAIL_UNDECIDED);
}

static void what_was_not_planned_is_noted(void **unused)
{
    (void)unused;
    struct noisy study;
    noisy_begin(&study, noisy_clear, 3, 0.02, 17);
    noisy_rounds(&study, 0, 8, SIZE_MAX);
    noisy_finish(&study, NULL);
    assert_false(noisy_noted(&study, "after the data were there"));
    noisy_unfinish(&study);
    noisy_finish(&study, &(struct frontier_options){.guardrail_set = true, .guardrail = 0.25});
    assert_true(noisy_noted(&study,
                            "the guardrail of 25 % was asked for after the data were there; the "
                            "plan's is 10 %"));
    noisy_unfinish(&study);
    noisy_finish(&study, &(struct frontier_options){.keys = "total_bytes@after_update"});
    assert_true(noisy_noted(&study, "the key metrics were named after the data were there"));
    noisy_end(&study);
}

static void nothing_to_save_is_exact(void **unused)
{
    (void)unused;
    static const struct noisy_model models[] = {{"raw", NOISY_CONTROL, 100000, 1, 1, 1},
                                                {"bigger", NOISY_SQL, 100100, 0.5, 0.5, 0.5}};
    struct noisy study;
    noisy_begin(&study, models, 2, 0.02, 7);
    noisy_rounds(&study, 0, 8, SIZE_MAX);
    noisy_finish(&study, NULL);
    noisy_assert_claim(
        &study, &study.frontier.choice_claim, CLAIM_EXACT,
        "keep raw: no eligible strategy on the frontier saves 1 % of its bytes, equal in "
        "8 runs");
    noisy_end(&study);
}

static void undecided_guardrails_keep_the_control_for_now(void **unused)
{
    (void)unused;
    static const struct noisy_model models[] = {{"raw", NOISY_CONTROL, 100000, 1, 1, 1},
                                                {"maybe", NOISY_SQL, 50000, 1.05, 1.05, 1}};
    struct noisy study;
    noisy_begin(&study, models, 2, 0.15, 8);
    noisy_rounds(&study, 0, 8, SIZE_MAX);
    noisy_finish(&study, NULL);
    assert_int_equal(study.frontier.choice, SUMMARY_NONE);
    assert_int_equal(study.frontier.hopeful, 1);
    noisy_assert_claim(
        &study, &study.frontier.choice_claim, CLAIM_UNDECIDED,
        "keep raw for now: no smaller strategy is confirmed to hold the guardrail of "
        "10 %; best not excluded: maybe (-50.0 % bytes");
    noisy_end(&study);
}

static void ties_in_bytes_go_to_the_surer_one(void **unused)
{
    (void)unused;
    static const struct noisy_model models[] = {
        {"raw", NOISY_CONTROL, 100000, 1, 1, 1},
        {"a", NOISY_SQL, 50000, 1.04, 1, 1},
        {"b", NOISY_SQL, 50300, 1.00, 1, 1}, /* 0.6 % larger: the same, and faster */
        {"c", NOISY_SQL, 51000, 0.80, 1, 1}, /* 2 % larger: not the same */
    };
    struct noisy study;
    noisy_begin(&study, models, 4, 0.005, 9);
    noisy_rounds(&study, 0, 16, SIZE_MAX);
    noisy_finish(&study, NULL);
    assert_int_equal(study.frontier.choice, 2);
    noisy_end(&study);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(guardrails_hold_break_or_stay_open),
        cmocka_unit_test(every_class_of_sizes_must_hold),
        cmocka_unit_test(guardrails_share_the_error_budget),
        cmocka_unit_test(what_was_not_planned_is_noted),
        cmocka_unit_test(nothing_to_save_is_exact),
        cmocka_unit_test(undecided_guardrails_keep_the_control_for_now),
        cmocka_unit_test(ties_in_bytes_go_to_the_surer_one),
    };
    return cmocka_run_group_tests_name("guardrails and choice", tests, NULL, NULL);
}
