/* Estimates of a study: counting, time and bytes by hand, noise against the formula. */
#include "analysis/estimate.h"
#include "engine/json.h"
#include "engine/rng.h"
#include "tests/support_record.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const double z99 = 2.3263478740408408, z90 = 1.2815515655446004;

struct planned {
    struct made seen, plan;
    struct summary summary;
    struct estimate estimate;
    struct err err;
};

static void add_arms(struct made *made)
{
    (void)made_arm(made, "raw", MADE_SQL | MADE_CONTROL);
    (void)made_arm(made, "raw'", MADE_SQL | MADE_CONTROL_AGAIN);
    (void)made_arm(made, "memory", MADE_FLOOR);
    (void)made_arm(made, "dedup", MADE_SQL);
    made_phase(made, "update_binary_hot", "update", "after_update");
    made_phase(made, "read_point_binary", "read_point", "");
}

/* Runs of 2, 2, 1 and 5 seconds; stores of 10, 10, 0 and 6 kB; 100 operations a phase; dedup's
 * p95 is the control's times exp(+-s), turn about. */
static void put_rounds(struct made *made, uint32_t rounds, double s)
{
    static const double seconds[] = {2, 2, 1, 5}, bytes[] = {10000, 10000, 0, 6000};
    for (uint32_t round = 0; round < rounds; round++) {
        for (uint32_t arm = 0; arm < 4; arm++) {
            double swing = arm == 3 ? exp(round % 2 ? s : -s) : 1;
            made_run(made, arm, round);
            made_value(made, SAMPLE_PHASE, "update_binary_hot", M_OPS, 100);
            made_value(made, SAMPLE_PHASE, "read_point_binary", M_OPS, 100);
            made_value(made, SAMPLE_PHASE, "read_point_binary", M_P95_NS, 1e6 * swing);
            made_value(made, SAMPLE_SNAPSHOT, "after_update", M_TOTAL_BYTES, bytes[arm]);
            made_value(made, SAMPLE_SNAPSHOT, "baseline", M_TOTAL_BYTES, 100);
            made_value(made, SAMPLE_RUN, "", M_RUN_NS, seconds[arm] * 1e9);
            made_end(made, NULL);
        }
    }
}

static void begin(struct planned *planned, uint32_t rounds, double s)
{
    memset(planned, 0, sizeof(*planned));
    made_init(&planned->seen);
    made_init(&planned->plan);
    add_arms(&planned->seen);
    add_arms(&planned->plan);
    planned->plan.record.manifest.rounds = 40;
    put_rounds(&planned->seen, rounds, s);
}

static void build(struct planned *planned, bool from)
{
    estimate_release(&planned->estimate);
    summary_release(&planned->summary);
    if (from)
        assert_int_equal(summary_build(&planned->summary, &planned->seen.record, &planned->err),
                         RC_OK);
    assert_int_equal(estimate_build(&planned->estimate, &planned->plan.record.manifest,
                                    from ? &planned->summary : NULL, &planned->err),
                     RC_OK);
}

static void end(struct planned *planned)
{
    estimate_release(&planned->estimate);
    summary_release(&planned->summary);
    made_release(&planned->seen);
    made_release(&planned->plan);
}

static void near(double got, double want)
{
    if (!(fabs(got - want) <= 1e-9 * fabs(want)))
        fail_msg("%.17g is not %.17g", got, want);
}

static bool has_note(const struct planned *planned, const char *part)
{
    for (size_t i = 0; i < planned->estimate.note_count; i++) {
        if (strstr(planned->estimate.notes[i], part))
            return true;
    }
    return false;
}

static bool says(struct planned *planned, const char *part)
{
    struct buf out = {0};
    assert_int_equal(estimate_text(&planned->estimate, &out, &planned->err), RC_OK);
    bool found = strstr(buf_str(&out), part) != NULL;
    if (!found)
        print_message("%s", buf_str(&out));
    buf_release(&out);
    return found;
}

/* ---- the plan alone -------------------------------------------------------------------------- */

static void a_plan_is_counted(void **state)
{
    struct planned planned;
    (void)state;
    begin(&planned, 0, 0);
    build(&planned, false);
    const struct estimate *estimate = &planned.estimate;
    assert_int_equal(estimate->runs_per_round, 4);
    assert_int_equal(estimate->cells, 8);
    assert_int_equal(estimate->competing, 2); /* raw and dedup: no floor, no second control */
    assert_int_equal(estimate->hypotheses, 2);
    assert_int_equal(estimate->rounds_least, 6); /* ceil(log2(2 / 0.05)) */
    near(estimate->alpha, 0.025);
    assert_true(isnan(estimate->round_s));
    assert_int_equal(estimate->metric_count, 0);
    assert_true(says(&planned, "time:   unknown; --pilot measures three rounds"));
    planned.plan.record.manifest.rounds = 5;
    build(&planned, false);
    assert_true(says(&planned, "it takes 6 rounds;\n        with 5 nothing can be confirmed"));
    /* Looks spend 0.2, 0.3 and 0.5: the first needs log2(2 / 0.01) = 7.6. */
    struct record_protocol *protocol = &planned.plan.record.manifest.protocol;
    protocol->stopping = STOPPING_LOOKS;
    protocol->look_count = 3;
    protocol->looks[0] = 7;
    protocol->looks[1] = 20;
    protocol->looks[2] = planned.plan.record.manifest.rounds = 40;
    build(&planned, false);
    near(planned.estimate.alpha, 0.0125);
    assert_int_equal(planned.estimate.rounds_least, 8); /* cut short after the first look */
    assert_true(says(&planned, "can be confirmed at the look after round 20 (it takes 8)"));
    end(&planned);
}

static void one_strategy_has_nobody_to_beat(void **state)
{
    struct planned planned;
    (void)state;
    begin(&planned, 4, 0.1);
    planned.plan.record.manifest.arm_count = 3; /* raw, raw' and the floor */
    build(&planned, true);
    assert_int_equal(planned.estimate.hypotheses, 0);
    assert_int_equal(planned.estimate.rounds_least, SIZE_MAX);
    assert_true(says(&planned, "claims: none: 1 strategies compete"));
    end(&planned);
}

/* ---- time and bytes -------------------------------------------------------------------------- */

static void time_and_bytes_by_hand(void **state)
{
    struct planned planned;
    (void)state;
    begin(&planned, 12, 0.01);
    planned.plan.record.manifest.budget_ns = 65 * 1000000000ull;
    build(&planned, true);
    const struct estimate *estimate = &planned.estimate;
    near(estimate->round_s, 10);
    near(estimate->stores_bytes, 26100); /* the memory arm's store is largest at its baseline */
    near(estimate->latency_bytes, 40 * 4 * 2 * (16 * 100 + 32));
    assert_int_equal(estimate->budget_rounds, 6);
    assert_int_equal(estimate->arms_guessed, 0);
    assert_true(says(&planned, "a round takes about 10 s: 40 rounds 6m40s"));
    assert_true(says(&planned, "budget: 1m05s is enough for 6 rounds"));
    planned.plan.record.manifest.keep = "none";
    planned.plan.record.manifest.budget_ns = 1;
    build(&planned, true);
    near(planned.estimate.stores_bytes, 10000);
    assert_int_equal(planned.estimate.budget_rounds, 1); /* the first round always runs */
    planned.plan.record.manifest.budget_ns = (uint64_t)1e15;
    build(&planned, true);
    assert_int_equal(planned.estimate.budget_rounds, 40); /* more than there are is no use */
    end(&planned);
}

static void strangers_count_as_the_mean(void **state)
{
    struct planned planned;
    (void)state;
    begin(&planned, 12, 0.01);
    (void)made_arm(&planned.plan, "chunked", MADE_SQL);
    build(&planned, true);
    near(planned.estimate.round_s, 12.5);
    assert_int_equal(planned.estimate.arms_guessed, 1);
    assert_true(has_note(&planned, "1 of 5 strategies are not in the record"));
    end(&planned);
    /* None known: no time. */
    begin(&planned, 12, 0.01);
    for (size_t a = 0; a < 4; a++)
        planned.plan.arms[a].label = "other";
    build(&planned, true);
    assert_true(isnan(planned.estimate.round_s));
    assert_true(says(&planned, "time:   unknown: the record has none of these strategies"));
    end(&planned);
}

/* ---- noise ----------------------------------------------------------------------------------- */

static void noise_by_the_formula(void **state)
{
    struct planned planned;
    const double s = 0.02, spread = 1.482602218505602 * s;
    (void)state;
    begin(&planned, 12, s);
    planned.plan.record.manifest.protocol.alpha = 0.02; /* 0.01 for each of the two */
    planned.plan.record.manifest.budget_ns = 200 * 1000000000ull;
    build(&planned, true);
    assert_int_equal(planned.estimate.metric_count, 2);
    assert_true(planned.estimate.metrics[0].exact);
    assert_string_equal(planned.estimate.metrics[0].name, "total_bytes@after_update");
    const struct estimate_metric *p95 = &planned.estimate.metrics[1];
    assert_string_equal(p95->name, "p95_ns@read_point_binary");
    assert_int_equal(p95->strategies, 1);
    near(p95->spread, spread);
    static const size_t rounds[] = {16, 24, 40, 20};
    for (size_t i = 0; i < ESTIMATE_ROUNDS; i++) {
        assert_int_equal(planned.estimate.rounds[i], rounds[i]);
        near(p95->shows[i], expm1((z99 + z90) * spread / sqrt(0.955 * (double)rounds[i])));
    }
    for (size_t i = 0; i < ESTIMATE_CHANGES; i++) {
        double ratio = (z99 + z90) * spread / log1p(estimate_changes[i]);
        double want = fmax(ceil(ratio * ratio / 0.955), (double)planned.estimate.rounds_least);
        assert_true((double)p95->needed[i] == want);
        assert_true(i == 0 || p95->needed[i] <= p95->needed[i - 1]);
    }
    assert_true(p95->needed[4] == planned.estimate.rounds_least);
    assert_true(has_note(&planned, "p95_ns@update_point_binary: not in the record"));
    assert_false(has_note(&planned, "rough"));
    end(&planned);
}

static void without_noise_any_change_shows(void **state)
{
    struct planned planned;
    (void)state;
    begin(&planned, 3, 0);
    build(&planned, true);
    const struct estimate_metric *p95 = &planned.estimate.metrics[1];
    assert_true(p95->spread == 0 && p95->shows[0] == 0);
    assert_int_equal(p95->needed[0], planned.estimate.rounds_least);
    assert_true(has_note(&planned, "spreads of 3 rounds are rough"));
    end(&planned);
}

static void too_few_rounds_show_nothing(void **state)
{
    struct planned planned;
    struct buf out = {0};
    (void)state;
    begin(&planned, 12, 0.02);
    planned.plan.record.manifest.protocol.alpha = 1e-6;
    build(&planned, true);
    assert_true(isinf(planned.estimate.metrics[1].shows[0])); /* 16 rounds: p >= 2^-16 */
    assert_true(isfinite(planned.estimate.metrics[1].shows[1]));
    assert_int_equal(estimate_json(&planned.estimate, &out, &planned.err), RC_OK);
    buf_release(&out);
    end(&planned);
}

/* ---- how far it holds ------------------------------------------------------------------------ */

static void differences_are_noted(void **state)
{
    struct planned planned;
    (void)state;
    begin(&planned, 12, 0.02);
    planned.seen.record.manifest.dataset_hash = "ffff";
    planned.seen.record.manifest.durability = "none";
    planned.seen.phases[1].options = "ops=7";
    planned.plan.record.manifest.protocol.stopping = STOPPING_UNTIL;
    build(&planned, true);
    assert_true(has_note(&planned, "dataset hash is \"ffff\" in the record"));
    assert_true(has_note(&planned, "durability is \"none\" in the record and \"durable\" here"));
    assert_true(has_note(&planned, "the record has other phases"));
    assert_true(has_note(&planned, "a study until decided takes more rounds"));
    assert_true(says(&planned, "rounds: until nothing is undecided, at most 40"));
    end(&planned);
}

static void output_is_harmless(void **state)
{
    struct planned planned;
    struct buf out = {0};
    struct json *json = NULL;
    uint64_t number;
    double seconds;
    (void)state;
    begin(&planned, 12, 0.02);
    planned.plan.arms[3].label = planned.seen.arms[3].label = "de\033[31m\ndup";
    planned.plan.record.manifest.dataset_name = "\xe2\x80\xae";
    planned.seen.record.manifest.id = "<id>\033";
    build(&planned, true);
    assert_int_equal(estimate_text(&planned.estimate, &out, &planned.err), RC_OK);
    assert_null(strchr(buf_str(&out), '\033'));
    assert_null(strstr(buf_str(&out), "\ndup"));
    buf_clear(&out);
    assert_int_equal(estimate_json(&planned.estimate, &out, &planned.err), RC_OK);
    assert_int_equal(json_parse(&json, buf_span(&out), "plan", 0, &planned.err), RC_OK);
    assert_int_equal(json_get_u64(json, json_root(json), "cells", &number, &planned.err), RC_OK);
    assert_int_equal(number, 8);
    assert_int_equal(json_get_double(json, json_root(json), "round_s", &seconds, &planned.err),
                     RC_OK);
    near(seconds, 10);
    assert_false(json_has(json_root(json), "budget_rounds"));
    json_free(json);
    buf_release(&out);
    end(&planned);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plan_is_counted),
        cmocka_unit_test(one_strategy_has_nobody_to_beat),
        cmocka_unit_test(time_and_bytes_by_hand),
        cmocka_unit_test(strangers_count_as_the_mean),
        cmocka_unit_test(noise_by_the_formula),
        cmocka_unit_test(without_noise_any_change_shows),
        cmocka_unit_test(too_few_rounds_show_nothing),
        cmocka_unit_test(differences_are_noted),
        cmocka_unit_test(output_is_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
