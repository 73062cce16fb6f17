/* The frontier as a set of claims: standings by test and at looks, on noisy studies. */
#include "analysis/frontier_look.h"
#include "tests/support_noisy.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* ---- standings ------------------------------------------------------------------------------ */

static void a_clear_study_is_confirmed(void **unused)
{
    (void)unused;
    struct noisy study;
    noisy_begin(&study, noisy_clear, NOISY_CLEAR, 0.02, 1);
    noisy_rounds(&study, 0, 16, SIZE_MAX);
    noisy_finish(&study, NULL);
    const struct frontier *frontier = &study.frontier;
    assert_false(frontier->descriptive);
    assert_int_equal(frontier->key_count, 4);
    assert_int_equal(frontier->rounds_tested, 16);
    noisy_assert_standing(&study, 0, "on frontier");
    noisy_assert_standing(&study, 1, "control again (noise)");
    noisy_assert_standing(&study, 2, "on frontier");
    noisy_assert_standing(&study, 3, "on frontier");
    noisy_assert_standing(&study, 4, "dominated by raw");
    noisy_assert_claim(&study, &noisy_arm(&study, 4)->standing_claim, CLAIM_CONFIRMED,
                       "CONFIRMED (95 %): worst is dominated by raw, least certain in ");
    noisy_assert_claim(&study, &noisy_arm(&study, 4)->standing_claim, CLAIM_CONFIRMED,
                       ", n 16, look 1, UI-IU signed-rank test, Holm over ");
    noisy_assert_claim(&study, &noisy_arm(&study, 0)->standing_claim, CLAIM_CONFIRMED,
                       "nearest to dominating");
    /* The smallest is on the frontier for free: every other is larger. */
    noisy_assert_claim(
        &study, &noisy_arm(&study, 3)->standing_claim, CLAIM_EXACT,
        "slow is on the frontier, every other is worse in an exact metric, equal in 16");
    noisy_end(&study);
}

static void values_have_intervals(void **unused)
{
    (void)unused;
    struct noisy study;
    noisy_begin(&study, noisy_clear, NOISY_CLEAR, 0.02, 2);
    noisy_rounds(&study, 0, 16, SIZE_MAX);
    noisy_finish(&study, NULL);
    const struct interval *read = &noisy_arm(&study, 3)->versus[1];
    assert_true(read->low < 1.5 && 1.5 < read->high && read->high / read->low < 1.1);
    assert_int_equal(read->n, 16);
    const struct interval *bytes = &noisy_arm(&study, 2)->versus[0];
    assert_true(bytes->low == 0.6 && bytes->estimate == 0.6 && bytes->high == 0.6);
    const struct interval *again = &study.frontier.keys[1].again;
    assert_true(again->low < 1 && 1 < again->high && again->n == 16);
    assert_true(fabs(study.frontier.round_seconds - 2.5) < 1e-9);
    noisy_end(&study);
}

static void few_rounds_are_descriptive(void **unused)
{
    (void)unused;
    struct noisy study;
    noisy_begin(&study, noisy_clear, NOISY_CLEAR, 0.02, 1);
    /* Four compete; bytes rule out one direction of each of six pairs: log2(6 / 0.05) = 6.9 */
    noisy_rounds(&study, 0, 6, SIZE_MAX);
    noisy_finish(&study, NULL);
    assert_int_equal(study.frontier.hypotheses, 6);
    assert_int_equal(study.frontier.rounds_min, 7);
    assert_true(study.frontier.descriptive);
    noisy_assert_standing(&study, 4, "dominated by raw, small");
    noisy_assert_claim(&study, &noisy_arm(&study, 4)->standing_claim, CLAIM_DESCRIPTIVE,
                       "worst, by medians, is");
    noisy_assert_claim(&study, &noisy_arm(&study, 2)->guard_claim, CLAIM_DESCRIPTIVE,
                       "small, by medians, holds the guardrail of 10 % on p95 of ");
    assert_int_equal(study.frontier.choice_claim.label, CLAIM_DESCRIPTIVE);
    noisy_unfinish(&study);
    noisy_rounds(&study, 6, 7, SIZE_MAX);
    noisy_finish(&study, NULL);
    assert_false(study.frontier.descriptive);
    noisy_end(&study);
}

static void noise_leaves_standings_undecided(void **unused)
{
    (void)unused;
    static const struct noisy_model models[] = {{"raw", NOISY_CONTROL, 100000, 1, 1, 1},
                                                {"near", NOISY_SQL, 99000, 0.99, 1.04, 1}};
    struct noisy study;
    noisy_begin(&study, models, 2, 0.1, 3);
    noisy_rounds(&study, 0, 8, SIZE_MAX);
    noisy_finish(&study, NULL);
    assert_false(study.frontier.descriptive);
    assert_int_equal(noisy_arm(&study, 0)->standing, STANDING_UNDECIDED);
    assert_true(noisy_arm(&study, 0)->rounds_needed > 8);
    noisy_assert_claim(&study, &noisy_arm(&study, 0)->standing_claim, CLAIM_UNDECIDED,
                       "UNDECIDED: whether raw is dominated by near; what decides is ");
    noisy_assert_standing(&study, 0, "undecided, ");
    assert_true(frontier_keeps(&study.frontier, 0));
    noisy_assert_standing(&study, 1, "on frontier"); /* the smaller one */
    assert_int_equal(study.frontier.open_pairs, 1);
    noisy_end(&study);
}

static void a_coarse_key_is_noted_and_claims_nothing(void **unused)
{
    (void)unused;
    struct noisy study;
    noisy_begin(&study, noisy_clear, NOISY_CLEAR, 0.02, 4);
    noisy_rounds(&study, 0, 16, SIZE_MAX);
    for (size_t i = 0; i < study.made.record.sample_count; i++) {
        struct sample *sample = &study.made.record.samples[i];
        if (strcmp(sample->name, "ingest_binary_cold") == 0)
            sample->value[M_CPU_MS_PER_MB] = 2;
    }
    noisy_finish(&study, NULL);
    assert_true(study.frontier.keys[3].coarse);
    assert_true(noisy_noted(&study, "cpu_ms_per_mb@ingest_binary_cold: in more than a fifth"));
    assert_int_equal(noisy_arm(&study, 4)->standing, STANDING_UNDECIDED);
    noisy_end(&study);
}

static void the_old_key_stands_in(void **unused)
{
    (void)unused;
    struct noisy study;
    memset(&study, 0, sizeof(study));
    made_init(&study.made);
    made_phase(&study.made, "update_binary_hot", "update", "");
    made_arm(&study.made, "raw", NOISY_CONTROL);
    for (uint32_t round = 0; round < 2; round++) {
        made_run(&study.made, 0, round);
        made_value(&study.made, SAMPLE_PHASE, "update_binary_hot", M_P95_NS, 100 + round);
        made_end(&study.made, NULL);
    }
    noisy_finish(&study, NULL);
    assert_int_equal(study.frontier.key_count, 1);
    assert_string_equal(study.frontier.keys[0].name, "p95_ns@update_binary_hot");
    assert_true(noisy_noted(&study, "total_bytes@after_update left out"));
    noisy_end(&study);
}

/* ---- looks ---------------------------------------------------------------------------------- */

static void dropped_arms_keep_their_decision(void **unused)
{
    (void)unused;
    static const uint32_t when[] = {16, 24, 40};
    struct noisy study;
    noisy_begin(&study, noisy_clear, NOISY_CLEAR, 0.02, 10);
    noisy_looks(&study, when, 3);
    noisy_rounds(&study, 0, 16, SIZE_MAX);
    bool drop[NOISY_CLEAR], ends = true;
    struct buf said = {0};
    assert_int_equal(frontier_look(&study.made.record, 16, drop, &ends, &said, &study.err), RC_OK);
    assert_false(drop[0] || drop[1] || drop[2] || drop[3]);
    assert_true(drop[4]);
    assert_non_null(strstr(buf_str(&said), "dominated: worst (by raw)"));
    made_look(&study.made, 15, 1, 16, 4);
    noisy_rounds(&study, 16, 24, 4);
    buf_clear(&said);
    assert_int_equal(frontier_look(&study.made.record, 24, drop, &ends, &said, &study.err), RC_OK);
    assert_true(drop[4]);
    noisy_finish(&study, NULL);
    assert_true(noisy_arm(&study, 4)->dropped);
    noisy_assert_standing(&study, 4, "dominated by raw");
    noisy_assert_claim(&study, &noisy_arm(&study, 4)->standing_claim, CLAIM_CONFIRMED,
                       "n 16, look 1");
    assert_int_equal(study.frontier.rounds_tested, 24);
    buf_release(&said);
    noisy_end(&study);
}

static void a_look_sees_its_rounds_only(void **unused)
{
    (void)unused;
    static const uint32_t when[] = {12, 24};
    struct noisy study;
    noisy_begin(&study, noisy_clear, NOISY_CLEAR, 0.02, 11);
    noisy_looks(&study, when, 2);
    noisy_rounds(&study, 0, 24, SIZE_MAX);
    noisy_finish(&study, &(struct frontier_options){.rounds = 12});
    assert_int_equal(study.frontier.rounds_tested, 12);
    noisy_assert_claim(&study, &noisy_arm(&study, 4)->standing_claim, CLAIM_CONFIRMED,
                       "n 12, look 1");
    noisy_end(&study);
}

/* Between looks nothing is claimed: who saw it and then went on could choose when to stop.  A study
 * that is over may claim. */
static void an_unfinished_study_claims_what_its_looks_do(void **unused)
{
    (void)unused;
    static const uint32_t when[] = {12, 24, 40};
    static const struct {
        size_t looks; /* 0: fixed rounds, 24 of them */
        uint32_t rounds;
        bool ended; /* early, by its time budget */
        size_t tested;
        const char *noted; /* NULL: it is over, or just looked at */
    } rows[] = {
        {3, 11, false, 0, "claims rest on 0 of 11 rounds, and on more after 12"},
        {3, 12, false, 12, NULL},
        {3, 20, false, 12, "claims rest on 12 of 20 rounds, and on more after 24"},
        {3, 20, true, 20, NULL},
        {3, 24, false, 24, NULL},
        {3, 40, false, 40, NULL},
        {0, 23, false, 0, "claims rest on 0 of 23 rounds, and on more after 24"},
        {0, 23, true, 23, NULL},
        {0, 24, false, 24, NULL},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct noisy study;
        noisy_begin(&study, noisy_clear, NOISY_CLEAR, 0.02, 15);
        if (rows[i].looks > 0)
            noisy_looks(&study, when, rows[i].looks);
        noisy_rounds(&study, 0, rows[i].rounds, SIZE_MAX);
        study.made.record.manifest.rounds = rows[i].looks > 0 ? 40 : 24;
        if (rows[i].ended) {
            made_look(&study.made, rows[i].rounds - 1, rows[i].looks > 0 ? 2 : 1, rows[i].rounds,
                      UINT32_MAX);
            study.made.events[study.made.record.event_count - 1].ends = true;
        }
        noisy_finish(&study, NULL);
        assert_int_equal(study.frontier.rounds.count, rows[i].rounds);
        assert_int_equal(study.frontier.rounds_tested, rows[i].tested);
        assert_int_equal(study.frontier.descriptive, rows[i].tested == 0);
        assert_int_equal(noisy_noted(&study, "the study is not finished"), rows[i].noted != NULL);
        if (rows[i].noted != NULL)
            assert_true(noisy_noted(&study, rows[i].noted));
        noisy_assert_standing(&study, 4, "dominated by ");
        assert_int_equal(noisy_arm(&study, 4)->standing_claim.label,
                         rows[i].tested == 0 ? CLAIM_DESCRIPTIVE : CLAIM_CONFIRMED);
        noisy_end(&study);
    }
}

static void a_study_ends_when_all_is_decided(void **unused)
{
    (void)unused;
    static const uint32_t when[] = {16, 24};
    for (int noisy = 0; noisy < 2; noisy++) {
        struct noisy study;
        bool drop[3], ends = noisy == 1;
        struct buf said = {0};
        noisy_begin(&study, noisy_clear, 3, noisy == 1 ? 0.3 : 0.01, 12);
        noisy_looks(&study, when, 2);
        noisy_rounds(&study, 0, 16, SIZE_MAX);
        assert_int_equal(frontier_look(&study.made.record, 16, drop, &ends, &said, &study.err),
                         RC_OK);
        assert_int_equal(ends, noisy == 0);
        assert_non_null(
            strstr(buf_str(&said), noisy == 0 ? "nothing is left to decide" : "undecided: "));
        buf_release(&said);
        noisy_end(&study);
    }
}

static void too_early_a_look_drops_nobody(void **unused)
{
    (void)unused;
    struct noisy study;
    bool drop[NOISY_CLEAR], ends = true;
    struct buf said = {0};
    noisy_begin(&study, noisy_clear, NOISY_CLEAR, 0.02, 13);
    noisy_rounds(&study, 0, 4, SIZE_MAX);
    assert_int_equal(frontier_look(&study.made.record, 4, drop, &ends, &said, &study.err), RC_OK);
    assert_false(drop[4] || ends);
    assert_string_equal(buf_str(&said), "too few rounds to confirm anything, it takes 7");
    buf_release(&said);
    noisy_end(&study);
}

static void until_decided_uses_what_may_be_peeked_at(void **unused)
{
    (void)unused;
    struct noisy study;
    noisy_begin(&study, noisy_clear, NOISY_CLEAR, 0.02, 14);
    study.made.record.manifest.protocol.stopping = STOPPING_UNTIL;
    noisy_rounds(&study, 0, 30, SIZE_MAX);
    noisy_finish(&study, NULL);
    noisy_assert_standing(&study, 4, "dominated by ");
    noisy_assert_claim(&study, &noisy_arm(&study, 4)->standing_claim, CLAIM_CONFIRMED,
                       "UI-IU e-process");
    assert_int_equal(noisy_arm(&study, 2)->guardrail, GUARDRAIL_HOLDS);
    noisy_end(&study);
}

/* ---- descriptions --------------------------------------------------------------------------- */

static void stability_hypervolume_and_knee(void **unused)
{
    (void)unused;
    static const struct noisy_model models[] = {
        {"raw", NOISY_CONTROL, 100000, 1, 1, 1},
        {"big", NOISY_SQL, 120000, 2, 2, 2},
        {"knee", NOISY_SQL, 60000, 1.01, 1.08, 1},
        {"tiny", NOISY_SQL, 55000, 1.5, 1, 1},
    };
    struct noisy study;
    noisy_begin(&study, models, COUNT_OF(models), 0.01, 15);
    noisy_rounds(&study, 0, 12, SIZE_MAX);
    noisy_finish(&study, NULL);
    assert_true(noisy_arm(&study, 3)->stability == 1); /* the smallest always is */
    assert_true(noisy_arm(&study, 1)->stability == 0);
    assert_true(isnan(noisy_arm(&study, 1)->hypervolume));
    assert_true(noisy_arm(&study, 2)->hypervolume > 0 && noisy_arm(&study, 2)->hypervolume <= 1);
    assert_int_equal(study.frontier.knee, 2);
    noisy_end(&study);
}

static void relabelling_permutes(void **unused)
{
    (void)unused;
    struct noisy_model turned[NOISY_CLEAR];
    for (size_t a = 0; a < NOISY_CLEAR; a++)
        turned[a] = noisy_clear[NOISY_CLEAR - 1 - a];
    struct noisy plain, mixed;
    noisy_begin(&plain, noisy_clear, NOISY_CLEAR, 0.05, 16);
    noisy_begin(&mixed, turned, NOISY_CLEAR, 0.05, 16);
    noisy_rounds(&plain, 0, 12, SIZE_MAX);
    noisy_rounds(&mixed, 0, 12, SIZE_MAX);
    noisy_finish(&plain, NULL);
    noisy_finish(&mixed, NULL);
    for (size_t a = 0; a < NOISY_CLEAR; a++) {
        const struct frontier_arm *x = noisy_arm(&plain, a),
                                  *y = noisy_arm(&mixed, NOISY_CLEAR - 1 - a);
        assert_int_equal(x->standing, y->standing);
        assert_int_equal(x->guardrail, y->guardrail);
        assert_int_equal(x->rounds_needed, y->rounds_needed);
    }
    assert_string_equal(plain.frontier.sentence, mixed.frontier.sentence);
    noisy_end(&plain);
    noisy_end(&mixed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clear_study_is_confirmed),
        cmocka_unit_test(values_have_intervals),
        cmocka_unit_test(few_rounds_are_descriptive),
        cmocka_unit_test(noise_leaves_standings_undecided),
        cmocka_unit_test(a_coarse_key_is_noted_and_claims_nothing),
        cmocka_unit_test(the_old_key_stands_in),
        cmocka_unit_test(dropped_arms_keep_their_decision),
        cmocka_unit_test(a_look_sees_its_rounds_only),
        cmocka_unit_test(an_unfinished_study_claims_what_its_looks_do),
        cmocka_unit_test(a_study_ends_when_all_is_decided),
        cmocka_unit_test(too_early_a_look_drops_nobody),
        cmocka_unit_test(until_decided_uses_what_may_be_peeked_at),
        cmocka_unit_test(stability_hypervolume_and_knee),
        cmocka_unit_test(relabelling_permutes),
    };
    return cmocka_run_group_tests_name("frontier claims", tests, NULL, NULL);
}
