/* The rank-sum test and its interval: published answers, every choice enumerated, invariances. */
#include "analysis/ranksum.h"
#include "engine/rng.h"
#include "engine/special.h"
#include "tests/support_abort.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define assert_near(got, expected, relative) \
    assert_true(fabs((got) - (expected)) <= (relative)*fabs((double)(expected)))

static struct ranksum test(const double *x, size_t m, const double *y, size_t n)
{
    struct ranksum out;
    struct err err = {0};
    assert_int_equal(ranksum_test(x, m, y, n, &out, &err), RC_OK);
    assert_true(out.m == m && out.n == n);
    assert_true(out.p_greater >= 0 && out.p_less >= 0 && out.p_two >= 0 && out.p_two <= 1);
    return out;
}

static struct interval interval(const double *x, size_t m, const double *y, size_t n,
                                double confidence)
{
    struct interval out;
    struct err err = {0};
    assert_int_equal(ranksum_interval(x, m, y, n, confidence, &out, &err), RC_OK);
    return out;
}

/* ---- published answers ----------------------------------------------------------------------- */

/* Hollander & Wolfe, permeability constants (R's wilcox.test example). */
static const double TERM[] = {.80, .83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, .73, 1.46};
static const double EARLY[] = {1.15, .88, .90, .74, 1.21};

static void k16_permeability(void **unused)
{
    (void)unused;
    struct ranksum t = test(TERM, 10, EARLY, 5);
    assert_true(t.w == 35 && t.exact);
    assert_near(t.p_greater, 0.1272061272061272, 1e-15);
    struct interval i = interval(TERM, 10, EARLY, 5, 0.95);
    assert_near(i.estimate, 0.305, 1e-14);
    assert_near(i.low, -0.15, 1e-14);
    assert_near(i.high, 0.76, 1e-14);
    assert_true(i.n == 15 && i.coverage >= 0.95 && i.coverage < 1);
}

static void k16_separated(void **unused)
{
    (void)unused;
    const double low[] = {1, 2, 3, 4}, high[] = {5, 6, 7, 8};
    struct ranksum t = test(low, 4, high, 4);
    assert_near(t.p_two, 0.02857142857142857, 1e-15);
    assert_true(t.w == 0 && t.p_greater == 1);
    assert_near(t.p_less, 1.0 / 70, 1e-15);
    assert_true(test(high, 4, low, 4).w == 16);
    /* 3 against 3 can exclude nothing at 95 %. */
    struct interval i = interval(low, 3, high, 3, 0.95);
    assert_true(i.low == -INFINITY && i.high == INFINITY && i.coverage == 1 && i.estimate == -4);
}

/* Ties and 220 values: mid-ranks, tie and continuity corrections. */
static void normal_approximation_beyond_the_exact_range(void **unused)
{
    (void)unused;
    double x[120], y[100];
    for (size_t i = 0; i < 120; i++)
        x[i] = floor((double)i / 4);
    for (size_t i = 0; i < 100; i++)
        y[i] = floor((double)i / 4 + 6);
    /* R: wilcox.test(floor(0:119 / 4), floor(0:99 / 4 + 6)) */
    struct ranksum t = test(x, 120, y, 100);
    assert_false(t.exact);
    assert_true(t.w == 4608);
    assert_near(t.p_two, 0.0030593619688968586, 1e-12);
    assert_near(t.p_less, 0.0015296809844484293, 1e-12);
    assert_near(t.p_greater, 0.99848085912870244, 1e-12);
}

/* ---- against every choice of which values are x ---------------------------------------------- */

static double pairs_above(const double *values, size_t count, uint32_t chosen)
{
    double w = 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            if ((chosen >> i & 1) != 0 && (chosen >> j & 1) == 0)
                w += values[i] > values[j] ? 1 : values[i] == values[j] ? 0.5 : 0;
        }
    }
    return w;
}

static size_t bits(uint32_t set)
{
    size_t count = 0;
    for (; set != 0; set &= set - 1)
        count++;
    return count;
}

static void check_by_enumeration(const double *values, size_t m, size_t n)
{
    double observed = pairs_above(values, m + n, (1u << m) - 1), at_most = 0, at_least = 0, all = 0;
    for (uint32_t chosen = 0; chosen < 1u << (m + n); chosen++) {
        if (bits(chosen) != m)
            continue;
        double w = pairs_above(values, m + n, chosen);
        all++;
        at_most += w <= observed;
        at_least += w >= observed;
    }
    struct ranksum t = test(values, m, values + m, n);
    assert_true(t.exact && t.w == observed);
    assert_near(t.p_less, at_most / all, 1e-14);
    assert_near(t.p_greater, at_least / all, 1e-14);
    assert_true(t.p_two == fmin(1, 2 * fmin(t.p_less, t.p_greater)));
}

static void exact_p_is_the_enumeration(void **unused)
{
    (void)unused;
    struct rng rng = rng_stream(1, "ranksum enumeration", 0);
    for (size_t set = 0; set < 1500; set++) {
        double values[10];
        size_t m = 1 + (size_t)rng_below(&rng, 9), n = 1 + (size_t)rng_below(&rng, 10 - m);
        uint64_t range = 1 + rng_below(&rng, 20); /* few values: ties */
        for (size_t i = 0; i < m + n; i++)
            values[i] = (double)rng_below(&rng, range);
        check_by_enumeration(values, m, n);
    }
}

/* ---- invariances ----------------------------------------------------------------------------- */

static void random_values(struct rng *rng, double *values, size_t count, bool ties)
{
    for (size_t i = 0; i < count; i++)
        values[i] = ties ? (double)rng_below(rng, 9) : rng_unit(rng);
}

static void labels_scale_and_sign(void **unused)
{
    (void)unused;
    struct rng rng = rng_stream(1, "ranksum invariance", 0);
    for (size_t set = 0; set < 300; set++) {
        double x[60], y[60], more_x[60], more_y[60];
        size_t m = 1 + (size_t)rng_below(&rng, 60), n = 1 + (size_t)rng_below(&rng, 60);
        random_values(&rng, x, m, set % 2 != 0);
        random_values(&rng, y, n, set % 2 != 0);
        struct ranksum t = test(x, m, y, n), s = test(y, n, x, m);
        assert_near(t.p_greater, s.p_less, 1e-12);
        assert_near(t.p_less, s.p_greater, 1e-12);
        assert_true(t.w + s.w == (double)(m * n));
        for (size_t i = 0; i < 60; i++) {
            more_x[i] = i < m ? x[i] * 1024 : 0;
            more_y[i] = i < n ? y[i] * 1024 : 0;
        }
        struct ranksum u = test(more_x, m, more_y, n);
        assert_true(u.p_greater == t.p_greater && u.p_less == t.p_less);
        struct interval i = interval(x, m, y, n, 0.9), j = interval(y, n, x, m, 0.9);
        assert_true(i.low == -j.high && i.high == -j.low && i.estimate == -j.estimate);
        assert_true(i.low <= i.estimate && i.estimate <= i.high && i.coverage >= 0.9);
    }
}

static void the_interval_inverts_the_test(void **unused)
{
    (void)unused;
    struct rng rng = rng_stream(1, "ranksum inversion", 0);
    size_t inside = 0, outside = 0;
    for (size_t set = 0; set < 2000; set++) {
        double x[25], y[25];
        size_t m = 1 + (size_t)rng_below(&rng, 25), n = 1 + (size_t)rng_below(&rng, 25);
        random_values(&rng, x, m, false);
        random_values(&rng, y, n, false);
        double shift = rng_unit(&rng) - 0.5, confidence = set % 2 != 0 ? 0.8 : 0.95;
        struct interval i = interval(x, m, y, n, confidence);
        for (size_t k = 0; k < n; k++)
            y[k] += shift;
        bool in = shift > i.low && shift < i.high;
        assert_true(in == (test(x, m, y, n).p_two > 1 - confidence));
        inside += in;
        outside += !in;
    }
    assert_true(inside > 400 && outside > 400);
}

/* Where the exact test ends the approximation already agrees. */
static void the_approximation_continues_the_exact_test(void **unused)
{
    (void)unused;
    struct rng rng = rng_stream(1, "ranksum approximation", 0);
    double x[101], y[101], sd = sqrt(100.0 * 100 * 201 / 12);
    for (size_t set = 0; set < 3; set++) {
        random_values(&rng, x, 101, false);
        random_values(&rng, y, 101, false);
        struct ranksum t = test(x, 100, y, 100);
        double excess = t.w - 5000;
        assert_true(t.exact);
        assert_true(fabs(t.p_less - special_normal_cdf((excess + 0.5) / sd)) < 1e-3);
        assert_true(fabs(t.p_greater - special_normal_cdf(-(excess - 0.5) / sd)) < 1e-3);
        assert_false(test(x, 101, y, 100).exact);
        x[100] = 10; /* one value at the far end of each moves the interval by a rank or two */
        y[100] = -10;
        struct interval i = interval(x, 100, y, 100, 0.95), j = interval(x, 101, y, 101, 0.95);
        assert_true(fabs(i.coverage - j.coverage) < 0.001);
        assert_true(fabs(i.low - j.low) < 0.03 && fabs(i.high - j.high) < 0.03);
    }
}

/* ---- edges ----------------------------------------------------------------------------------- */

static void one_value_each_and_all_equal(void **unused)
{
    (void)unused;
    const double one[] = {1}, two[] = {2};
    struct ranksum t = test(one, 1, two, 1);
    assert_true(t.w == 0 && t.p_less == 0.5 && t.p_greater == 1 && t.p_two == 1);
    assert_true(interval(one, 1, two, 1, 0.95).estimate == -1);
    double equal[300] = {0};
    t = test(equal, 5, equal, 4);
    assert_true(t.exact && t.w == 10 && t.p_less == 1 && t.p_greater == 1 && t.p_two == 1);
    t = test(equal, 150, equal, 150);
    assert_true(!t.exact && t.p_less == 1 && t.p_greater == 1 && t.p_two == 1);
}

static void wrong_arguments(void **unused)
{
    (void)unused;
    struct ranksum out;
    struct interval i;
    struct err err = {0};
    const double d[] = {1, 2};
    static const double many[RANKSUM_MAX];
    const struct {
        size_t m, n;
    } wrong[] = {{0, 1}, {1, 0}, {0, 0}, {RANKSUM_MAX, 1}, {1, RANKSUM_MAX}, {SIZE_MAX, 2}};
    for (size_t k = 0; k < COUNT_OF(wrong); k++) {
        err_clear(&err);
        assert_int_equal(ranksum_test(many, wrong[k].m, many, wrong[k].n, &out, &err), RC_USAGE);
        err_clear(&err);
        assert_int_equal(ranksum_interval(many, wrong[k].m, many, wrong[k].n, 0.9, &i, &err),
                         RC_USAGE);
    }
    const double confidences[] = {0, 1, -1, NAN};
    for (size_t k = 0; k < COUNT_OF(confidences); k++) {
        err_clear(&err);
        assert_int_equal(ranksum_interval(d, 2, d, 2, confidences[k], &i, &err), RC_USAGE);
    }
    assert_int_equal(test(many, RANKSUM_MAX - 1, many, 1).exact, false);
}

static void test_nan(void)
{
    test((const double[]){1, NAN}, 2, (const double[]){1}, 1);
}

static void interval_nan(void)
{
    interval((const double[]){1}, 1, (const double[]){1, NAN}, 2, 0.9);
}

static void what_is_not_a_number_is_a_defect(void **unused)
{
    (void)unused;
    assert_aborts(test_nan, "check failed: isfinite(values[i].value)");
    assert_aborts(interval_nan, "check failed: isfinite(shifts[i * n + j])");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(k16_permeability),
        cmocka_unit_test(k16_separated),
        cmocka_unit_test(normal_approximation_beyond_the_exact_range),
        cmocka_unit_test(exact_p_is_the_enumeration),
        cmocka_unit_test(labels_scale_and_sign),
        cmocka_unit_test(the_interval_inverts_the_test),
        cmocka_unit_test(the_approximation_continues_the_exact_test),
        cmocka_unit_test(one_value_each_and_all_equal),
        cmocka_unit_test(wrong_arguments),
        cmocka_unit_test(what_is_not_a_number_is_a_defect),
    };
    return cmocka_run_group_tests_name("ranksum", tests, NULL, NULL);
}
