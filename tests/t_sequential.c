/* Decisions that are taken while data come in: the e-process, the looks, the planning of rounds.
 *
 * Known answers come from closed forms and from the tests of libkalibera; the error rates under the
 * noise the harness meets are in t_size.c. */
#include "analysis/eprocess.h"
#include "analysis/looks.h"
#include "analysis/planning.h"
#include "engine/rng.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { ROUNDS = 40, COMPONENTS = 10 };

static void close_to(double value, double expected, double relative)
{
    if (fabs(value - expected) <= relative * fabs(expected))
        return;
    fail_msg("%.17g instead of %.17g", value, expected);
}

/* Symmetric about theta with tails: a difference of two exponentials. */
static void draw(uint64_t index, double theta, double scale, double *d, size_t n)
{
    struct rng rng = rng_stream(18, "sequential", index);
    for (size_t i = 0; i < n; i++)
        d[i] = theta + scale * log((1 - rng_unit(&rng)) / (1 - rng_unit(&rng)));
}

/* ---- e-process ------------------------------------------------------------------------------- */

static void one_component_known(void **unused)
{
    (void)unused;
    double d[10];
    for (size_t i = 0; i < 10; i++)
        d[i] = 0.05;
    close_to(eprocess_component(d, 10, 0, 10), 44.65002782118778, 1e-14);
    close_to(eprocess_component(d, 10, 0, 1), 1.628249000937647, 1e-14);
    close_to(eprocess_component(d, 10, 0, 100), 1023.5352207823257, 1e-14);
    assert_true(eprocess_component(d, 0, 0, 1) == 1);
}

/* A fair sign makes every factor 1 on average: that is the whole reason the test is valid. */
static void one_step_is_fair(void **unused)
{
    (void)unused;
    double d[200];
    draw(0, 0, 0.05, d, 200);
    for (size_t i = 0; i < 200; i++) {
        double mirrored = -d[i];
        for (size_t k = 0; k < COMPONENTS; k++) {
            double lambda = ldexp(1, (int)k);
            double sum = eprocess_component(&d[i], 1, 0, lambda) +
                         eprocess_component(&mirrored, 1, 0, lambda);
            assert_true(fabs(sum - 2) <= 2 * DBL_EPSILON);
        }
        double up = exp(eprocess_log(&d[i], 1, 0, true));
        double down = exp(eprocess_log(&d[i], 1, 0, false));
        close_to(up + down, 2, 1e-13);
        close_to(exp(eprocess_log(&mirrored, 1, 0, false)), up, 1e-15);
    }
}

static double log_by_definition(const double *d, size_t n, double theta0)
{
    double sum = 0;
    for (size_t k = 0; k < COMPONENTS; k++)
        sum += eprocess_component(d, n, theta0, ldexp(1, (int)k)) / COMPONENTS;
    return log(sum);
}

static void mixture_is_the_mean_of_its_components(void **unused)
{
    (void)unused;
    for (uint64_t index = 0; index < 200; index++) {
        double d[ROUNDS];
        size_t n = 1 + (size_t)index % ROUNDS;
        draw(index, index % 3 == 0 ? 0.05 : 0, 0.01 + 0.001 * (double)index, d, n);
        double expected = log_by_definition(d, n, 0.01);
        assert_true(fabs(eprocess_log(d, n, 0.01, true) - expected) < 1e-11);
    }
    assert_true(eprocess_log(NULL, 0, 0, true) == 0);
}

/* Thousands of rounds: products far beyond a double's range, both ways. */
static void long_runs_neither_overflow_nor_vanish(void **unused)
{
    (void)unused;
    static double d[3000];
    for (size_t i = 0; i < COUNT_OF(d); i++)
        d[i] = 1000;
    assert_true(fabs(eprocess_log(d, COUNT_OF(d), 0, true) - 3000 * log(2)) < 1e-9);
    /* Against it, all but the gentlest component are far below: 3000 x ln(1 + tanh(-1000)) / 10. */
    assert_true(fabs(eprocess_log(d, COUNT_OF(d), 0, false) - (3000 * (log(2) - 2000) - log(10))) <
                1e-6);
    assert_true(eprocess_p(d, COUNT_OF(d), 0, false) == 1);
    for (size_t i = 0; i < COUNT_OF(d); i++)
        d[i] = 0;
    assert_true(fabs(eprocess_log(d, COUNT_OF(d), 0, true)) < 1e-9);
    d[0] = -DBL_MAX;
    assert_true(eprocess_log(d, 2, 0, true) < -1e300);
}

static void p_is_the_best_moment_so_far(void **unused)
{
    (void)unused;
    for (uint64_t index = 0; index < 100; index++) {
        double d[ROUNDS], largest = 0, before = 1;
        draw(index, 0.03, 0.02, d, ROUNDS);
        for (size_t n = 1; n <= ROUNDS; n++) {
            largest = fmax(largest, eprocess_log(d, n, 0, true));
            double p = eprocess_p(d, n, 0, true);
            close_to(p, exp(-largest), 1e-13);
            assert_true(p <= before);
            before = p;
        }
        /* At most a doubling per round: 1/100 takes seven. */
        assert_true(eprocess_p(d, 6, 0, true) >= 1.0 / 64);
    }
}

static void interval_ends_where_the_test_rejects(void **unused)
{
    (void)unused;
    double d[ROUNDS];
    struct interval out;
    struct err err = {0};
    double threshold = log(2 / (1 - 0.95));
    for (uint64_t index = 0; index < 50; index++) {
        double center = 0.01 * (double)index;
        draw(index, center, 0.03, d, ROUNDS);
        assert_int_equal(eprocess_interval(d, ROUNDS, 0.95, &out, &err), RC_OK);
        assert_true(out.low < out.estimate && out.estimate < out.high);
        assert_true(out.n == ROUNDS && out.coverage == 0.95);
        assert_true(eprocess_log(d, ROUNDS, out.low, true) >= threshold);
        assert_true(eprocess_log(d, ROUNDS, out.low + 1e-9, true) < threshold);
        assert_true(eprocess_log(d, ROUNDS, out.high, false) >= threshold);
        assert_true(eprocess_log(d, ROUNDS, out.high - 1e-9, false) < threshold);
    }
    /* 2^5 < 2 / 0.05 < 2^6: five rounds can reject nothing, six can. */
    assert_int_equal(eprocess_interval(d, 5, 0.95, &out, &err), RC_OK);
    assert_true(isinf(out.low) && out.low < 0 && isinf(out.high) && out.high > 0);
    assert_int_equal(eprocess_interval(d, 6, 0.95, &out, &err), RC_OK);
    assert_true(isfinite(out.low) && isfinite(out.high));
    assert_int_equal(eprocess_interval(d, 0, 0.95, &out, &err), RC_USAGE);
}

/* Looked at after every round, the sequence misses the truth at any time in at most 5 % of studies,
 * and it shrinks. */
static void sequence_contains_the_truth_and_shrinks(void **unused)
{
    (void)unused;
    enum { STUDIES = 400 };
    size_t missed = 0;
    double early = 0, late = 0;
    for (uint64_t index = 0; index < STUDIES; index++) {
        double d[ROUNDS];
        struct err err = {0};
        struct interval out;
        bool miss = false;
        draw(1000 + index, 0.02, 0.02, d, ROUNDS);
        for (size_t n = 10; n <= ROUNDS; n += 2) {
            assert_int_equal(eprocess_interval(d, n, 0.95, &out, &err), RC_OK);
            miss = miss || 0.02 < out.low || 0.02 > out.high;
            if (n == 10)
                early += (out.high - out.low) / STUDIES;
        }
        late += (out.high - out.low) / STUDIES;
        missed += miss;
    }
    assert_true(missed <= STUDIES / 20);
    assert_true(late < early / 2);
}

/* ---- looks ----------------------------------------------------------------------------------- */

static void looks_have_their_shares(void **unused)
{
    (void)unused;
    struct looks all[] = {looks_gate(), looks_study(), looks_fixed(12)};
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        double sum = 0;
        for (size_t k = 0; k < all[i].count; k++)
            sum += all[i].share[k];
        assert_true(fabs(sum - 1) < 1e-15);
    }
    assert_true(all[0].rounds[0] == 10 && all[0].rounds[1] == 20 && all[0].rounds[2] == 40);
    assert_true(all[1].rounds[0] == 16 && all[1].rounds[1] == 24 && all[1].rounds[2] == 40);
    assert_true(all[0].share[0] == 0.2 && all[0].share[1] == 0.3 && all[0].share[2] == 0.5);
    assert_true(all[2].count == 1 && all[2].rounds[0] == 12 && all[2].share[0] == 1);
}

static void looks_are_read_as_typed(void **unused)
{
    (void)unused;
    struct looks looks, gate = looks_gate();
    struct err err = {0};
    assert_int_equal(looks_parse("10,20,40", &looks, &err), RC_OK);
    assert_memory_equal(&looks, &gate, sizeof(looks));
    assert_int_equal(looks_parse("6,1000", &looks, &err), RC_OK);
    assert_true(looks.count == 2 && looks.rounds[1] == 1000 && looks.share[1] == 0.5);
    assert_int_equal(looks_parse("1,2,3,4,5,6,7,8", &looks, &err), RC_OK);
    assert_true(looks.count == LOOKS_MAX && looks.share[7] == 0.125);
    static const char *const wrong[] = {"",
                                        ",",
                                        "10,",
                                        ",10",
                                        "10,10",
                                        "20,10",
                                        "0",
                                        "1001",
                                        "10 20",
                                        "10,x",
                                        "-1",
                                        "1e1",
                                        "10;20",
                                        "4294967306",
                                        "1,2,3,4,5,6,7,8,9",
                                        "10,,20",
                                        "00010000000000000010"};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct looks before = looks;
        err_clear(&err);
        assert_int_equal(looks_parse(wrong[i], &looks, &err), RC_USAGE);
        assert_true(err.msg[0] != '\0');
        assert_memory_equal(&looks, &before, sizeof(looks));
    }
}

static const struct looks_bounds bounds = {0.01, 0.02, 0.10};

static struct looks_state judged(const double *d, size_t n)
{
    struct looks looks = looks_gate();
    struct looks_state state;
    struct err err = {0};
    assert_int_equal(looks_judge(&looks, &bounds, d, n, &state, &err), RC_OK);
    return state;
}

static void clear_cases_are_decided_at_the_first_look(void **unused)
{
    (void)unused;
    double same[ROUNDS], slow[ROUNDS];
    draw(1, 0, 0.005, same, ROUNDS);
    draw(2, log(1.2), 0.005, slow, ROUNDS);
    struct looks_state state = judged(same, ROUNDS);
    assert_true(state.verdict == LOOKS_PASS && state.look == 1 && state.rounds == 10);
    /* All ten below the margin: the smallest p there is. */
    assert_true(state.p_better == ldexp(1, -10) && state.p_worse > 0.9);
    state = judged(slow, ROUNDS);
    assert_true(state.verdict == LOOKS_FAIL && state.look == 1 && state.rounds == 10);
    assert_true(state.p_worse == ldexp(1, -10) && state.p_better == 1);
    assert_string_equal(looks_verdict_name(LOOKS_PASS), "PASS");
    assert_string_equal(looks_verdict_name(LOOKS_FAIL), "FAIL");
    assert_string_equal(looks_verdict_name(LOOKS_CONTINUE), "CONTINUE");
    assert_string_equal(looks_verdict_name(LOOKS_UNDECIDED), "UNDECIDED");
}

/* The bounds are shares of a latency, the differences logarithms: ln 1.02 is 0.0198, ln 1.10
 * 0.0953. */
static void bounds_are_ratios(void **unused)
{
    (void)unused;
    double d[10];
    const double levels[] = {0.0197, 0.0199, 0.0952, 0.0954};
    double p_worse[4], p_better[4];
    for (size_t l = 0; l < 4; l++) {
        for (size_t i = 0; i < 10; i++)
            d[i] = levels[l] + 1e-6 * (double)i;
        struct looks_state state = judged(d, 10);
        p_worse[l] = state.p_worse;
        p_better[l] = state.p_better;
    }
    assert_true(p_worse[0] == 1 && p_worse[1] == ldexp(1, -10));
    assert_true(p_better[2] == ldexp(1, -10) && p_better[3] == 1);
}

/* Between the two bounds and noisy: nothing can be said, and it says so. */
static void what_cannot_be_told_is_undecided(void **unused)
{
    (void)unused;
    double d[ROUNDS];
    draw(3, log(1.06), 0.2, d, ROUNDS);
    struct looks_state state = judged(d, 9);
    assert_true(state.verdict == LOOKS_CONTINUE && state.look == 0 && state.rounds == 9);
    assert_true(isnan(state.p_worse) && isnan(state.p_better));
    state = judged(d, 39);
    assert_true(state.verdict == LOOKS_CONTINUE && state.look == 0 && state.rounds == 39);
    assert_true(state.p_worse > 0.003 && state.p_better > 0.003);
    state = judged(d, 40);
    assert_true(state.verdict == LOOKS_UNDECIDED && state.look == 3 && state.rounds == 40);
}

/* The first decision stands, whatever is measured afterwards; one look more never un-decides. */
static void later_rounds_change_no_decision(void **unused)
{
    (void)unused;
    size_t decided[4] = {0};
    for (uint64_t index = 0; index < 300; index++) {
        double d[ROUNDS];
        draw(index, 0.0004 * (double)index, 0.08, d, ROUNDS);
        struct looks_state whole = judged(d, ROUNDS);
        decided[whole.verdict]++;
        for (size_t n = 0; n <= ROUNDS; n++) {
            struct looks_state part = judged(d, n);
            bool reached = n >= whole.rounds;
            assert_true(reached ? part.verdict == whole.verdict : part.verdict == LOOKS_CONTINUE);
            if (!reached)
                continue;
            assert_true(part.look == whole.look && part.rounds == whole.rounds);
            assert_true(part.p_worse == whole.p_worse && part.p_better == whole.p_better);
        }
        for (size_t i = whole.rounds; i < ROUNDS; i++)
            d[i] = i % 2 == 0 ? 0 : 1e6;
        assert_true(judged(d, ROUNDS).verdict == whole.verdict);
    }
    assert_true(decided[LOOKS_PASS] > 20 && decided[LOOKS_FAIL] > 20);
    assert_true(decided[LOOKS_UNDECIDED] > 20 && decided[LOOKS_CONTINUE] == 0);
}

/* Latencies in other units: the same verdict to the last bit. */
static void units_do_not_matter(void **unused)
{
    (void)unused;
    for (uint64_t index = 0; index < 100; index++) {
        double noise[2 * ROUNDS], d[ROUNDS], scaled[ROUNDS];
        draw(index, 0, 0.03, noise, 2 * ROUNDS);
        for (size_t i = 0; i < ROUNDS; i++) {
            double candidate = 1.04 * exp(noise[i]), baseline = exp(noise[ROUNDS + i]);
            d[i] = log(candidate / baseline);
            scaled[i] = log(ldexp(candidate, 20) / ldexp(baseline, 20));
        }
        struct looks_state one = judged(d, ROUNDS), other = judged(scaled, ROUNDS);
        assert_true(one.verdict == other.verdict && one.rounds == other.rounds);
        assert_true(one.p_worse == other.p_worse && one.p_better == other.p_better);
    }
}

static void a_coarse_clock_is_refused(void **unused)
{
    (void)unused;
    double d[ROUNDS];
    struct looks looks = looks_gate();
    struct looks_state state;
    struct err err = {0};
    draw(4, 0, 0.01, d, ROUNDS);
    d[3] = d[7] = 0;
    assert_int_equal(looks_judge(&looks, &bounds, d, 10, &state, &err), RC_OK);
    d[5] = 0;
    assert_int_equal(looks_judge(&looks, &bounds, d, 10, &state, &err), RC_INVALID);
    assert_non_null(strstr(err.msg, "clock"));
    err_clear(&err);
    assert_int_equal(looks_judge(&looks, &bounds, d, 9, &state, &err), RC_OK); /* no look yet */
}

/* ---- planning -------------------------------------------------------------------------------- */

static void spread_is_the_scaled_mad(void **unused)
{
    (void)unused;
    const double d[] = {1, 1, 2, 2, 4, 6, 9};
    double copy[7], spread;
    struct err err = {0};
    memcpy(copy, d, sizeof(d));
    assert_int_equal(planning_spread(d, 7, &spread, &err), RC_OK);
    close_to(spread, 1.482602218505602, 1e-15); /* MAD 1 */
    assert_memory_equal(copy, d, sizeof(d));
    assert_int_equal(planning_spread(d, 1, &spread, &err), RC_OK);
    assert_true(spread == 0);
    assert_int_equal(planning_spread(NULL, 0, &spread, &err), RC_OK);
    assert_true(spread == 0);
}

static void rounds_for_a_distance(void **unused)
{
    (void)unused;
    /* CV 5 %, +10 % against +2 %: ((2.3263 + 1.2816) x 0.070711 / 0.075508)^2 / 0.955 = 11.95. */
    double spread = 0.05 * sqrt(2), distance = log(1.10 / 1.02);
    assert_int_equal(planning_rounds(spread, distance, 0.01, 0.90), 12);
    assert_int_equal(planning_rounds(0, distance, 0.01, 0.90), 7); /* 2^-7 < 0.01 < 2^-6 */
    assert_true(planning_rounds(spread, 0, 0.01, 0.90) == SIZE_MAX);
    assert_true(planning_rounds(spread, -1, 0.01, 0.90) == SIZE_MAX);
    assert_true(planning_rounds(spread, NAN, 0.01, 0.90) == SIZE_MAX);
    assert_true(planning_rounds(NAN, distance, 0.01, 0.90) == SIZE_MAX);
    assert_true(planning_rounds(INFINITY, distance, 0.01, 0.90) == SIZE_MAX);
    assert_true(planning_rounds(1, 1e-200, 0.01, 0.90) == SIZE_MAX);
    size_t before = 0;
    for (size_t i = 1; i <= 100; i++) {
        size_t rounds = planning_rounds(0.01 * (double)i, distance, 0.01, 0.90);
        assert_true(rounds >= before);
        assert_true(planning_rounds(0.3, 0.01 * (double)i, 0.01, 0.90) >=
                    planning_rounds(0.3, 0.01 * (double)i + 0.01, 0.01, 0.90));
        assert_true(planning_rounds(0.3, 0.1, 0.01, 0.5 + 0.004 * (double)i) <=
                    planning_rounds(0.3, 0.1, 0.01, 0.504 + 0.004 * (double)i));
        before = rounds;
    }
}

static void distance_for_rounds_inverts_it(void **unused)
{
    (void)unused;
    for (size_t rounds = 7; rounds < 500; rounds++) {
        double distance = planning_detectable(0.07, rounds, 0.01, 0.90);
        assert_int_equal(planning_rounds(0.07, distance, 0.01, 0.90), rounds);
        if (rounds > 7)
            assert_true(planning_rounds(0.07, distance * (1 - 1e-12), 0.01, 0.90) == rounds + 1);
    }
    assert_true(isinf(planning_detectable(0.07, 6, 0.01, 0.90)));
    assert_true(isinf(planning_detectable(NAN, 60, 0.01, 0.90)));
    assert_true(planning_detectable(0, 60, 0.01, 0.90) == 0);
}

static void check_variances(const double *values, const size_t *counts, size_t levels,
                            const double *s2, const double *t2)
{
    double got_s2[4], got_t2[4];
    struct err err = {0};
    assert_int_equal(planning_variances(values, counts, levels, got_s2, got_t2, &err), RC_OK);
    for (size_t l = 0; l < levels; l++) {
        close_to(got_s2[l], s2[l], 1e-12);
        close_to(got_t2[l], t2[l], 1e-12);
    }
}

/* The worked example of the paper, as libkalibera's tests have it, at three levels and at two. */
static void kalibera_and_jones_worked_example(void **unused)
{
    (void)unused;
    const double values[] = {9, 5, 8, 3, 10, 6, 7, 11, 1, 12, 2, 4};
    check_variances(values, (const size_t[]){2, 2, 3}, 3, (const double[]){16.5, 31.0 / 12, 3.5625},
                    (const double[]){16.5, 31.0 / 12 - 8.25, 3.5625 - 31.0 / 24});
    const double two_s2[] = {229.0 / 18, 3.5625}, two_t2[] = {229.0 / 18, 3.5625 - 229.0 / 72};
    check_variances(values, (const size_t[]){4, 3}, 2, two_s2, two_t2);
}

static void repetitions_at_each_level(void **unused)
{
    (void)unused;
    const double values[] = {3, 4, 3, 1.2, 3.1, 3, 0.2, 1, 1.5, 1, 2, 3};
    const size_t counts[] = {3, 2, 2};
    double s2[3], t2[3];
    struct err err = {0};
    assert_int_equal(planning_variances(values, counts, 3, s2, t2, &err), RC_OK);
    close_to(t2[0], 0.7266667, 1e-6);
    close_to(t2[1], 0.262777778, 1e-8);
    close_to(t2[2], 0.7747, 1e-4);
    /* One more repetition costs 3, 20 and 100. */
    close_to(planning_repetitions(3, 20, t2[0], t2[1]), 4.2937, 1e-5);
    close_to(planning_repetitions(20, 100, t2[1], t2[2]), 1.3023, 1e-4);
    /* Process and load 2 s, an operation 1 ms, their CVs 3 % and 30 %. */
    close_to(planning_repetitions(0.001, 2, 0.09, 0.0009), sqrt(2000 * 100), 1e-15);
    assert_true(isnan(planning_repetitions(3, 20, 1, 0)));
    assert_true(isnan(planning_repetitions(3, 20, 1, -5.6667)));
    assert_true(planning_repetitions(3, 20, -1, 5) == 0);
}

static void an_experiment_needs_repetitions(void **unused)
{
    (void)unused;
    double s2[3], t2[3];
    struct err err = {0};
    const double value = 1;
    assert_int_equal(planning_variances(&value, (const size_t[]){1}, 1, s2, t2, &err), RC_USAGE);
    err_clear(&err);
    assert_int_equal(planning_variances(&value, (const size_t[]){1}, 0, s2, t2, &err), RC_USAGE);
    err_clear(&err);
    const size_t huge[] = {SIZE_MAX, SIZE_MAX};
    assert_int_equal(planning_variances(&value, huge, 2, s2, t2, &err), RC_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_component_known),
        cmocka_unit_test(one_step_is_fair),
        cmocka_unit_test(mixture_is_the_mean_of_its_components),
        cmocka_unit_test(long_runs_neither_overflow_nor_vanish),
        cmocka_unit_test(p_is_the_best_moment_so_far),
        cmocka_unit_test(interval_ends_where_the_test_rejects),
        cmocka_unit_test(sequence_contains_the_truth_and_shrinks),
        cmocka_unit_test(looks_have_their_shares),
        cmocka_unit_test(looks_are_read_as_typed),
        cmocka_unit_test(clear_cases_are_decided_at_the_first_look),
        cmocka_unit_test(bounds_are_ratios),
        cmocka_unit_test(what_cannot_be_told_is_undecided),
        cmocka_unit_test(later_rounds_change_no_decision),
        cmocka_unit_test(units_do_not_matter),
        cmocka_unit_test(a_coarse_clock_is_refused),
        cmocka_unit_test(spread_is_the_scaled_mad),
        cmocka_unit_test(rounds_for_a_distance),
        cmocka_unit_test(distance_for_rounds_inverts_it),
        cmocka_unit_test(kalibera_and_jones_worked_example),
        cmocka_unit_test(repetitions_at_each_level),
        cmocka_unit_test(an_experiment_needs_repetitions),
    };
    return cmocka_run_group_tests_name("sequential", tests, NULL, NULL);
}
