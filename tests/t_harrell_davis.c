/* Quantiles: interpolated, Harrell & Davis and its jackknife, Maritz & Jarrett, selection. */
#include "engine/quantile.h"
#include "engine/rng.h"
#include "engine/special.h"
#include "tests/support_abort.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define assert_near(got, expected, relative) \
    assert_true(fabs((got) - (expected)) <= (relative)*fabs((double)(expected)))

enum { VALUES_MAX = 2000 };

/* Uniform values of SciPy's test_mstats_extras.py. */
static const double UNIFORM[] = {
    0.706560797, 0.727229578, 0.990399276, 0.927065621, 0.158953014, 0.887764025, 0.239407086,
    0.349638551, 0.972791145, 0.149789972, 0.936947700, 0.132359948, 0.046041972, 0.641675031,
    0.945530547, 0.224218684, 0.771450991, 0.820257774, 0.336458052, 0.589113496, 0.509736129,
    0.696838829, 0.491323573, 0.622767425, 0.775189248, 0.641461450, 0.118455200, 0.773029450,
    0.319280007, 0.752229111, 0.047841438, 0.466295911, 0.583850781, 0.840581845, 0.550086491,
    0.466470062, 0.504765074, 0.226855960, 0.362641207, 0.891620942, 0.127898691, 0.490094097,
    0.044882048, 0.041441695, 0.317976349, 0.504135618, 0.567353033, 0.434617473, 0.636243375,
    0.231803616, 0.230154113, 0.160011327, 0.819464108, 0.854706985, 0.438809221, 0.487427267,
    0.786907310, 0.408367937, 0.405534192, 0.250444460, 0.995309248, 0.144389588, 0.739947527,
    0.953543606, 0.680051621, 0.388382017, 0.863530727, 0.006514031, 0.118007779, 0.924024803,
    0.384236354, 0.893687694, 0.626534881, 0.473051932, 0.750134705, 0.241843555, 0.432947602,
    0.689538104, 0.136934797, 0.150206859, 0.474335206, 0.907775349, 0.525869295, 0.189184225,
    0.854284286, 0.831089744, 0.251637345, 0.587038213, 0.254475554, 0.237781276, 0.827928620,
    0.480283781, 0.594514455, 0.213641488, 0.024194386, 0.536668589, 0.699497811, 0.892804071,
    0.093835427, 0.731107772};

/* R's `rivers`: lengths in miles. */
static const double RIVERS[] = {
    735, 320,  325,  392,  524,  450,  1459, 135, 465,  600, 330, 336, 280, 315, 870, 906,
    202, 329,  290,  1000, 600,  505,  1450, 840, 1243, 890, 350, 407, 286, 280, 525, 720,
    390, 250,  327,  230,  265,  850,  210,  630, 260,  230, 360, 730, 600, 306, 390, 420,
    291, 710,  340,  217,  281,  352,  259,  250, 470,  680, 570, 350, 300, 560, 900, 625,
    332, 2348, 1171, 3710, 2315, 2533, 780,  280, 410,  460, 260, 255, 431, 350, 760, 618,
    338, 981,  1306, 500,  696,  605,  250,  411, 1054, 735, 233, 435, 490, 310, 460, 383,
    375, 1270, 545,  445,  1885, 380,  300,  380, 377,  425, 276, 210, 800, 420, 350, 360,
    538, 1100, 1205, 314,  237,  610,  360,  540, 1038, 424, 310, 300, 444, 301, 268, 620,
    215, 652,  900,  525,  246,  360,  529,  500, 720,  270, 430, 671, 1770};

static void sorted_copy(const double *values, size_t count, double *out)
{
    memcpy(out, values, count * sizeof(*out));
    quantile_sort(out, count);
}

/* ---- published answers ----------------------------------------------------------------------- */

static void k10_harrell_davis(void **unused)
{
    (void)unused;
    double x[100];
    sorted_copy(UNIFORM, 100, x);
    assert_near(quantile_harrell_davis(x, 100, 0.25), 0.25321076213670324, 1e-14);
    assert_near(quantile_harrell_davis(x, 100, 0.5), 0.5128474907919915, 1e-14);
    assert_near(quantile_harrell_davis(x, 100, 0.75), 0.7622324423683339, 1e-14);
    assert_near(quantile_harrell_davis(x, 100, 0.95), 0.9431698807417044, 1e-14);
    assert_true(quantile_harrell_davis(x, 100, 0) == 0.006514031);
    assert_true(quantile_harrell_davis(x, 100, 1) == 0.995309248);
    assert_true(fabs(quantile_harrell_davis_se(x, 100, 0.25) - 0.0379258) < 5e-8);
    assert_true(fabs(quantile_harrell_davis_se(x, 100, 0.5) - 0.0380656) < 5e-8);
    assert_true(fabs(quantile_harrell_davis_se(x, 100, 0.75) - 0.0380013) < 5e-8);
    const double ten[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    assert_near(quantile_harrell_davis(ten, 10, 0.5), 5.5, 1e-15);
    assert_near(quantile_harrell_davis(ten, 10, 0.95), 9.792057245740503, 1e-15);
}

/* Wilcox's data, SciPy's test_mjci. */
static void k11_maritz_jarrett(void **unused)
{
    (void)unused;
    const double x[] = {77,  87,  88,  114, 151, 210, 219, 246,  253, 262,
                        296, 299, 306, 376, 428, 515, 666, 1310, 2611};
    assert_near(quantile_maritz_jarrett(x, 19, 0.25), 55.76818914952756, 1e-13);
    assert_near(quantile_maritz_jarrett(x, 19, 0.5), 45.8402752870818, 1e-13);
    assert_near(quantile_maritz_jarrett(x, 19, 0.75), 198.87875279950524, 1e-13);
    assert_true(isnan(quantile_maritz_jarrett(x, 19, 0)));
    assert_true(isnan(quantile_maritz_jarrett(x, 19, 0.05)));
    assert_true(isnan(quantile_maritz_jarrett(x, 19, 1)));
}

static void k26_interpolated(void **unused)
{
    (void)unused;
    const double ten[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    double x[COUNT_OF(RIVERS)];
    assert_near(quantile_type7(ten, 10, 0.95), 9.55, 1e-15);
    assert_true(quantile_type8(ten, 10, 0.95) == 10);
    sorted_copy(RIVERS, COUNT_OF(RIVERS), x);
    assert_near(quantile_type7(x, COUNT_OF(x), 0.95), 1450, 1e-15);
    assert_near(quantile_type8(x, COUNT_OF(x), 0.95), 1455.4, 1e-14);
    assert_near(quantile_type8(ten, 10, 0.5), 5.5, 1e-15);
    assert_near(quantile_type8(ten, 10, 0.25), 2 + 11.0 / 12, 1e-15); /* (10 + 1/3) / 4 + 1/3 */
    assert_true(quantile_type8(ten, 10, 0) == 1 && quantile_type8(ten, 10, 1) == 10);
    assert_true(quantile_type8(ten, 10, 0.05) == 1);
    assert_true(quantile_type8(ten, 1, 0.7) == 1 && quantile_type7(ten, 1, 0.7) == 1);
}

/* ---- against the definitions ----------------------------------------------------------------- */

/* The sum over all values, every weight a difference of two beta functions. */
static double direct(const double *x, size_t count, double q)
{
    double n = (double)count, a = (n + 1) * q, b = (n + 1) * (1 - q), sum = 0;
    for (size_t i = 0; i < count; i++) {
        double low = (double)i / n, high = (double)(i + 1) / n;
        double weight = high * (a + b) < a
                            ? special_beta_both(high, (n - (double)i - 1) / n, a, b) -
                                  special_beta_both(low, (n - (double)i) / n, a, b)
                            : special_beta_both((n - (double)i) / n, low, b, a) -
                                  special_beta_both((n - (double)i - 1) / n, high, b, a);
        sum += weight * x[i];
    }
    return sum;
}

/* Latencies: a lognormal bulk, and now and then a stall a million times as long. */
static void random_sample(struct rng *rng, double *x, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        x[i] = exp(special_normal_quantile((rng_unit(rng) + 0x1p-54)));
        if (rng_below(rng, 200) == 0)
            x[i] *= 1e6;
    }
    quantile_sort(x, count);
}

static void the_window_changes_nothing(void **unused)
{
    (void)unused;
    struct rng rng = rng_stream(1, "harrell davis", 0);
    const double qs[] = {1e-9, 0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1 - 1e-9};
    double x[VALUES_MAX];
    for (size_t set = 0; set < 40; set++) {
        size_t count = set < 12 ? set + 1 : 1 + (size_t)rng_below(&rng, VALUES_MAX);
        random_sample(&rng, x, count);
        for (size_t k = 0; k < COUNT_OF(qs); k++) {
            double expected = direct(x, count, qs[k]);
            assert_near(quantile_harrell_davis(x, count, qs[k]), expected, 2e-13);
        }
    }
}

/* The jackknife as its name says: the estimate without each value in turn (Efron & Tibshirani, An
 * Introduction to the Bootstrap, eq. 11.5). */
static void the_error_is_the_jackknifes(void **unused)
{
    (void)unused;
    struct rng rng = rng_stream(2, "harrell davis", 0);
    const double qs[] = {0, 0.01, 0.25, 0.5, 0.95, 1};
    double x[500], rest[500], estimate[500];
    for (size_t set = 0; set < 10; set++) {
        size_t count = set < 5 ? set + 2 : 2 + (size_t)rng_below(&rng, 498);
        random_sample(&rng, x, count);
        for (size_t k = 0; k < COUNT_OF(qs); k++) {
            double mean = 0, squares = 0;
            for (size_t i = 0; i < count; i++) {
                memcpy(rest, x, i * sizeof(*x));
                memcpy(rest + i, x + i + 1, (count - 1 - i) * sizeof(*x));
                estimate[i] = quantile_harrell_davis(rest, count - 1, qs[k]);
                mean += estimate[i] / (double)count;
            }
            for (size_t i = 0; i < count; i++)
                squares += (estimate[i] - mean) * (estimate[i] - mean);
            double expected = sqrt(squares * (double)(count - 1) / (double)count);
            assert_true(fabs(quantile_harrell_davis_se(x, count, qs[k]) - expected) <=
                        1e-10 * expected + 1e-13 * x[count - 1]);
        }
    }
    assert_true(isnan(quantile_harrell_davis_se(x, 1, 0.5)));
}

/* A million evenly spaced values: the estimate is the mean of Beta(a, b), which is q; its error
 * that of a quantile of uniform values, sqrt(n q (1 - q)) spacings, less what smoothing saves. */
static void large_samples(void **unused)
{
    (void)unused;
    enum { MANY = 1000000 };
    const double qs[] = {0.00001, 0.0001, 0.5, 0.95, 0.999, 0.99999};
    double *x = malloc(MANY * sizeof(*x));
    assert_non_null(x);
    for (size_t i = 0; i < MANY; i++)
        x[i] = (double)i + 0.5;
    for (size_t k = 0; k < COUNT_OF(qs); k++) {
        assert_true(fabs(quantile_harrell_davis(x, MANY, qs[k]) - MANY * qs[k]) <= 1e-6);
        double expected = sqrt(MANY * qs[k] * (1 - qs[k]));
        double error = quantile_harrell_davis_se(x, MANY, qs[k]) / expected;
        assert_true(error <= 1.001 && error >= (expected > 100 ? 0.99 : 0.7));
    }
    double middle = quantile_harrell_davis(x, MANY, 0.5);
    for (size_t i = 0; i < MANY; i++)
        x[i] = i < MANY / 2 ? 0 : 1;
    assert_near(quantile_harrell_davis(x, MANY, 0.5), 0.5, 1e-13);
    assert_near(middle, MANY / 2, 1e-14);
    free(x);
}

/* ---- properties ------------------------------------------------------------------------------ */

static void within_the_values_and_growing_with_q(void **unused)
{
    (void)unused;
    struct rng rng = rng_stream(3, "harrell davis", 0);
    double x[VALUES_MAX];
    for (size_t set = 0; set < 60; set++) {
        size_t count = 1 + (size_t)rng_below(&rng, set % 2 != 0 ? VALUES_MAX : 30);
        random_sample(&rng, x, count);
        double before = x[0], before7 = x[0], before8 = x[0];
        for (int step = 0; step <= 200; step++) {
            double q = step / 200.0, got = quantile_harrell_davis(x, count, q);
            assert_true(got >= x[0] && got <= x[count - 1]);
            assert_true(got >= before * (1 - 1e-13));
            double t7 = quantile_type7(x, count, q), t8 = quantile_type8(x, count, q);
            assert_true(t7 >= before7 && t8 >= before8 && t8 <= x[count - 1]);
            before = got;
            before7 = t7;
            before8 = t8;
        }
        assert_true(quantile_harrell_davis(x, count, 0) == x[0]);
        assert_true(quantile_harrell_davis(x, count, 1) == x[count - 1]);
    }
}

static void scale_shift_and_sign(void **unused)
{
    (void)unused;
    struct rng rng = rng_stream(4, "harrell davis", 0);
    double x[300], scaled[300], negative[300], equal[300];
    for (size_t set = 0; set < 100; set++) {
        size_t count = 2 + (size_t)rng_below(&rng, 298);
        double q = (double)rng_below(&rng, 1025) / 1024; /* 1 - q is exact */
        random_sample(&rng, x, count);
        for (size_t i = 0; i < count; i++) {
            scaled[i] = x[i] * 1024;
            negative[count - 1 - i] = -x[i];
            equal[i] = 0.1;
        }
        double got = quantile_harrell_davis(x, count, q);
        assert_true(quantile_harrell_davis(scaled, count, q) == got * 1024);
        assert_near(quantile_harrell_davis(negative, count, 1 - q), -got, 1e-12);
        assert_true(quantile_harrell_davis(equal, count, q) == 0.1);
        assert_true(quantile_harrell_davis_se(equal, count, q) == 0);
        assert_near(quantile_harrell_davis_se(scaled, count, q),
                    1024 * quantile_harrell_davis_se(x, count, q), 1e-12);
        double mj = quantile_maritz_jarrett(x, count, q);
        assert_true(isnan(mj) || mj > 0);
        mj = quantile_maritz_jarrett(equal, count, q);
        assert_true(isnan(mj) || mj == 0);
    }
}

static void selection_is_what_sorting_gives(void **unused)
{
    (void)unused;
    struct rng rng = rng_stream(5, "select", 0);
    for (size_t set = 0; set < 5000; set++) {
        double x[60], sorted[60];
        size_t count = 1 + (size_t)rng_below(&rng, 60), rank = (size_t)rng_below(&rng, count);
        uint64_t range = 1 + rng_below(&rng, set % 2 != 0 ? 5 : 1000);
        for (size_t i = 0; i < count; i++)
            x[i] = set % 7 == 0 ? (double)i : (double)rng_below(&rng, range);
        sorted_copy(x, count, sorted);
        assert_true(quantile_select(x, count, rank) == sorted[rank] && x[rank] == sorted[rank]);
        for (size_t i = 0; i < count; i++)
            assert_true(i < rank ? x[i] <= x[rank] : x[i] >= x[rank]);
        quantile_sort(x, count);
        assert_memory_equal(x, sorted, count * sizeof(*x)); /* nothing was lost */
    }
}

/* ---- edges ----------------------------------------------------------------------------------- */

static void level_nan(void)
{
    quantile_harrell_davis(UNIFORM, 3, NAN);
}

static void no_values(void)
{
    quantile_type8(UNIFORM, 0, 0.5);
}

static void level_above_one(void)
{
    quantile_maritz_jarrett(UNIFORM, 5, 1.1);
}

static void rank_beyond(void)
{
    double x[] = {1, 2};
    quantile_select(x, 2, 2);
}

static void wrong_arguments_are_defects(void **unused)
{
    (void)unused;
    assert_aborts(level_nan, "check failed: count >= 1 && q >= 0 && q <= 1");
    assert_aborts(no_values, "check failed: count >= 1 && q >= 0 && q <= 1");
    assert_aborts(level_above_one, "check failed: count >= 1 && q >= 0 && q <= 1");
    assert_aborts(rank_beyond, "check failed: rank < count");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(k10_harrell_davis),
        cmocka_unit_test(k11_maritz_jarrett),
        cmocka_unit_test(k26_interpolated),
        cmocka_unit_test(the_window_changes_nothing),
        cmocka_unit_test(the_error_is_the_jackknifes),
        cmocka_unit_test(large_samples),
        cmocka_unit_test(within_the_values_and_growing_with_q),
        cmocka_unit_test(scale_shift_and_sign),
        cmocka_unit_test(selection_is_what_sorting_gives),
        cmocka_unit_test(wrong_arguments_are_defects),
    };
    return cmocka_run_group_tests_name("quantile", tests, NULL, NULL);
}
