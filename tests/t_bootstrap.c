/* Bootstrap membership: the sampler against every resample there is, and Efron's law. */
#include "analysis/bootstrap.h"
#include "analysis/pareto.h"
#include "engine/rng.h"
#include "tests/support_abort.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ROUNDS_MAX = 7, ARMS_MAX = 5, DIMS_MAX = 3, DRAWS = 100000 };

static bool near(double a, double b)
{
    return fabs(a - b) <= 1e-13 * fmax(1, fabs(b));
}

static int ascending(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static double median_of(const double *series, const size_t *picks, size_t rounds)
{
    double drawn[ROUNDS_MAX];
    for (size_t r = 0; r < rounds; r++)
        drawn[r] = series[picks[r]];
    qsort(drawn, rounds, sizeof(*drawn), ascending);
    return (drawn[(rounds - 1) / 2] + drawn[rounds / 2]) / 2;
}

/* The next of the rounds^rounds ways to draw; false after the last. */
static bool next_resample(size_t *picks, size_t rounds)
{
    for (size_t r = 0; r < rounds; r++) {
        if (++picks[r] < rounds)
            return true;
        picks[r] = 0;
    }
    return false;
}

/* The same, by the definition, over all resamples. */
static void enumerate(const double *values, size_t arms, size_t dims, size_t rounds,
                      double *frequency)
{
    size_t picks[ROUNDS_MAX] = {0}, resamples = 0, survived[ARMS_MAX] = {0};
    do {
        double medians[ARMS_MAX * DIMS_MAX];
        for (size_t s = 0; s < arms * dims; s++)
            medians[s] = median_of(values + s * rounds, picks, rounds);
        for (size_t arm = 0; arm < arms; arm++) {
            bool dominated = false;
            for (size_t by = 0; by < arms; by++)
                dominated =
                    dominated || pareto_dominates(medians + by * dims, medians + arm * dims, dims);
            survived[arm] += !dominated;
        }
        resamples++;
    } while (next_resample(picks, rounds));
    for (size_t arm = 0; arm < arms; arm++)
        frequency[arm] = (double)survived[arm] / (double)resamples;
}

static void membership(const double *values, size_t arms, size_t dims, size_t rounds, uint64_t seed,
                       uint32_t draws, double *frequency)
{
    struct err err = {0};
    assert_int_equal(bootstrap_membership(values, arms, dims, rounds, seed, draws, frequency, &err),
                     RC_OK);
}

/* Within five standard errors of the truth; nothing but the truth when that is 0 or 1. */
static void assert_sampled(double sampled, double truth)
{
    assert_true(fabs(sampled - truth) <= 5 * sqrt(truth * (1 - truth) / DRAWS));
}

/* ---- known answers -------------------------------------------------------------------------- */

static void the_law_in_closed_form(void **unused)
{
    (void)unused;
    double law[5];
    bootstrap_median_law(1, law);
    assert_true(law[0] == 1);
    bootstrap_median_law(3, law);
    assert_true(near(law[0], 7.0 / 27) && near(law[1], 13.0 / 27) && near(law[2], 7.0 / 27));
    bootstrap_median_law(5, law);
    assert_true(near(law[0], .05792) && near(law[1], .25952) && near(law[2], .36512));
    assert_true(near(law[3], .25952) && near(law[4], .05792));
}

static void the_law_is_what_enumeration_counts(void **unused)
{
    (void)unused;
    const double ranks[] = {0, 1, 2, 3, 4, 5, 6};
    for (size_t n = 1; n <= 7; n += 2) {
        size_t picks[ROUNDS_MAX] = {0}, seen[ROUNDS_MAX] = {0}, resamples = 0;
        double law[ROUNDS_MAX];
        do {
            seen[(size_t)median_of(ranks, picks, n)]++;
            resamples++;
        } while (next_resample(picks, n));
        bootstrap_median_law(n, law);
        for (size_t i = 0; i < n; i++)
            assert_true(near(law[i], (double)seen[i] / (double)resamples));
    }
}

/* Large n: a law, symmetric, with its peak in the middle and the spread of the median's own
 * standard error, 1 / (2 sqrt n) in ranks over n. */
static void the_law_of_many_rounds(void **unused)
{
    (void)unused;
    static double law[1001];
    for (size_t n = 101; n <= 1001; n += 300) {
        double variance = 0;
        bootstrap_median_law(n, law);
        for (size_t i = 0; i < n; i++) {
            double off = (double)i - (double)(n / 2);
            assert_true(law[i] >= 0 && law[i] == law[n - 1 - i]);
            assert_true(i == 0 || i > n / 2 || law[i] >= law[i - 1]);
            variance += law[i] * off * off;
        }
        assert_true(law[n / 2] < 1.05 * law[n / 2 - 1]); /* smooth: nothing was swept there */
        assert_true(fabs(sqrt(variance / (double)n) - 0.5) < 0.01);
    }
}

/* Two arms whose paired differences are -2, -1, 3: the first is beaten unless the median of the
 * resample is 3. */
static void paired_rounds_give_seven_of_twenty_seven(void **unused)
{
    (void)unused;
    const double values[] = {10, 10, 10, 8, 9, 13};
    double exact[2], sampled[2];
    enumerate(values, 2, 1, 3, exact);
    assert_true(exact[0] == 7.0 / 27 && exact[1] == 20.0 / 27);
    membership(values, 2, 1, 3, 1, DRAWS, sampled);
    assert_sampled(sampled[0], exact[0]);
    assert_true(sampled[0] + sampled[1] == 1);
    membership(values, 2, 1, 3, 1, BOOTSTRAP_DRAWS, sampled);
    assert_true(fabs(sampled[0] - 7.0 / 27) < 0.04);
}

/* ---- properties ----------------------------------------------------------------------------- */

/* Odd and even numbers of rounds, ties included: even ones take the mean of the middle two. */
static void the_sampler_agrees_with_every_resample(void **unused)
{
    (void)unused;
    struct rng rng = rng_stream(1, "bootstrap-test", 0);
    size_t between = 0;
    for (uint64_t set = 0; set < 40; set++) {
        double values[ARMS_MAX * DIMS_MAX * ROUNDS_MAX], exact[ARMS_MAX], sampled[ARMS_MAX];
        size_t rounds = 1 + set % 5, arms = 1 + (size_t)rng_below(&rng, ARMS_MAX);
        size_t dims = 1 + (size_t)rng_below(&rng, DIMS_MAX);
        for (size_t i = 0; i < arms * dims * rounds; i++)
            values[i] = (double)rng_below(&rng, 12) - 4;
        enumerate(values, arms, dims, rounds, exact);
        membership(values, arms, dims, rounds, set, DRAWS, sampled);
        for (size_t arm = 0; arm < arms; arm++) {
            assert_sampled(sampled[arm], exact[arm]);
            between += exact[arm] > 0 && exact[arm] < 1;
        }
    }
    assert_true(between > 20);
}

/* The same rounds for all arms: an arm that is worse by a constant can never win, an equal one
 * never loses.  Drawn separately, both would happen. */
static void rounds_are_drawn_jointly(void **unused)
{
    (void)unused;
    struct rng rng = rng_stream(1, "bootstrap-test", 1);
    double values[3 * 9], frequency[3];
    for (size_t r = 0; r < 9; r++) {
        values[r] = values[9 + r] = 100 * rng_unit(&rng);
        values[18 + r] = values[r] + 0.5;
    }
    membership(values, 3, 1, 9, 5, 10000, frequency);
    assert_true(frequency[0] == 1 && frequency[1] == 1 && frequency[2] == 0);
}

static void the_seed_decides_and_nothing_else(void **unused)
{
    (void)unused;
    struct rng rng = rng_stream(1, "bootstrap-test", 2);
    double values[4 * 2 * 10], scaled[4 * 2 * 10], a[4], b[4];
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        values[i] = rng_unit(&rng);
        scaled[i] = 8 * values[i];
    }
    membership(values, 4, 2, 10, 7, 500, a);
    membership(scaled, 4, 2, 10, 7, 500, b);
    assert_memory_equal(a, b, sizeof(a));
    membership(values, 4, 2, 10, 8, 500, b);
    assert_memory_not_equal(a, b, sizeof(a));
    struct err err = {0};
    assert_int_equal(bootstrap_membership(NULL, 0, 2, 10, 7, 500, NULL, &err), RC_OK);
}

/* ---- what callers must not do --------------------------------------------------------------- */

static void even_count(void)
{
    double law[4];
    bootstrap_median_law(4, law);
}

static void no_rounds(void)
{
    double value = 1, out;
    struct err err = {0};
    (void)!bootstrap_membership(&value, 1, 1, 0, 1, 1, &out, &err);
}

static void not_a_number(void)
{
    double value = NAN, out;
    struct err err = {0};
    (void)!bootstrap_membership(&value, 1, 1, 1, 1, 1, &out, &err);
}

static void misuse_is_our_own_mistake(void **unused)
{
    (void)unused;
    assert_aborts(even_count, "n % 2 == 1");
    assert_aborts(no_rounds, "rounds >= 1");
    assert_aborts(not_a_number, "isfinite");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_law_in_closed_form),
        cmocka_unit_test(the_law_is_what_enumeration_counts),
        cmocka_unit_test(the_law_of_many_rounds),
        cmocka_unit_test(paired_rounds_give_seven_of_twenty_seven),
        cmocka_unit_test(the_sampler_agrees_with_every_resample),
        cmocka_unit_test(rounds_are_drawn_jointly),
        cmocka_unit_test(the_seed_decides_and_nothing_else),
        cmocka_unit_test(misuse_is_our_own_mistake),
    };
    return cmocka_run_group_tests_name("bootstrap", tests, NULL, NULL);
}
