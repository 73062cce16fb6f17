/* Student's and Welch's t tests: published answers, R's, and what happens without spread. */
#include "analysis/ttest.h"
#include "engine/rng.h"
#include "tests/support_abort.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define assert_near(got, expected, relative) \
    assert_true(fabs((got) - (expected)) <= (relative)*fabs((double)(expected)))

static struct ttest test(const double *d, size_t n, double theta0)
{
    struct ttest out;
    struct err err = {0};
    assert_int_equal(ttest_one_sample(d, n, theta0, 0.95, &out, &err), RC_OK);
    assert_true(out.n == n && out.interval.n == n && out.interval.coverage == 0.95);
    assert_true(out.p_two >= 0 && out.p_two <= 1 && out.p_greater >= 0 && out.p_less >= 0);
    return out;
}

static void k5_darwins_maize(void **unused)
{
    (void)unused;
    const double d[] = {49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48};
    struct ttest t = test(d, 15, 0);
    assert_near(t.t, 2.1479874613311205, 1e-14);
    assert_near(t.p_two, 0.0497029440218009, 1e-13);
    assert_true(t.df == 14);
}

static void k6_sleep(void **unused)
{
    (void)unused;
    const double one[] = {.7, -1.6, -.2, -1.2, -.1, 3.4, 3.7, .8, 0, 2};
    const double two[] = {1.9, .8, 1.1, .1, -.1, 4.4, 5.5, 1.6, 4.6, 3.4};
    double d[10];
    for (size_t i = 0; i < 10; i++)
        d[i] = one[i] - two[i];
    struct ttest t = test(d, 10, 0);
    assert_near(t.t, -4.0621276833820366, 1e-14);
    assert_near(t.p_two, 0.0028328901973842702, 1e-13);
    assert_near(t.p_less, 0.0028328901973842702 / 2, 1e-13);
    assert_near(t.interval.low, -2.4598857632769824, 1e-14);
    assert_near(t.interval.high, -0.70011423672301754, 1e-14);
    /* R: t.test(extra ~ group, data = sleep), Welch. */
    assert_near(ttest_welch(one, 10, two, 10), 0.079394140187358173, 1e-13);
}

static void welch_with_unequal_sizes(void **unused)
{
    (void)unused;
    const double x[] = {20.1, 19.8, 21.4, 22.0, 18.9, 20.6};
    const double y[] = {21.9, 25.3, 22.4, 28.1, 23.0, 24.7, 20.9, 26.6};
    assert_near(ttest_welch(x, 6, y, 8), 0.0040669520113444935, 1e-13);
    assert_true(ttest_welch(x, 6, y, 8) == ttest_welch(y, 8, x, 6));
}

/* Two observations: t = (a + b) / |a - b|, one degree of freedom, p = 1 - 2 atan(|t|) / pi. */
static void two_values_in_closed_form(void **unused)
{
    (void)unused;
    struct rng rng = rng_stream(1, "ttest", 0);
    for (size_t set = 0; set < 1000; set++) {
        const double d[] = {rng_unit(&rng) - 0.4, rng_unit(&rng) - 0.4};
        struct ttest t = test(d, 2, 0);
        double expected = (d[0] + d[1]) / fabs(d[0] - d[1]);
        assert_near(t.t, expected, 1e-9);
        assert_near(t.p_two, 2 * atan2(1, fabs(t.t)) / acos(-1), 1e-12);
    }
}

/* theta0 at an end of the interval has p = 1 - confidence; scale moves everything along. */
static void the_interval_inverts_the_test(void **unused)
{
    (void)unused;
    struct rng rng = rng_stream(2, "ttest", 0);
    for (size_t set = 0; set < 1000; set++) {
        double d[30], moved[30];
        size_t n = 2 + (size_t)rng_below(&rng, 29);
        for (size_t i = 0; i < n; i++) {
            d[i] = rng_unit(&rng);
            moved[i] = -4 * d[i];
        }
        struct ttest t = test(d, n, 0.5), m = test(moved, n, -2);
        assert_near(test(d, n, t.interval.low).p_two, 0.05, 1e-9);
        assert_near(test(d, n, t.interval.high).p_greater, 0.975, 1e-9);
        assert_near(m.p_two, t.p_two, 1e-12);
        assert_near(m.p_less, t.p_greater, 1e-12);
        assert_near(m.interval.high, -4 * t.interval.low, 1e-12);
        assert_near(t.p_less + t.p_greater, 1, 1e-15);
    }
}

static void without_spread(void **unused)
{
    (void)unused;
    const double d[] = {3, 3, 3}, e[] = {4, 4};
    struct ttest t = test(d, 3, 3);
    assert_true(t.t == 0 && t.p_two == 1 && t.p_less == 0.5 && t.p_greater == 0.5);
    t = test(d, 3, 2);
    assert_true(t.t == INFINITY && t.p_two == 0 && t.p_less == 1 && t.p_greater == 0);
    assert_true(t.interval.low == 3 && t.interval.high == 3);
    assert_true(ttest_welch(d, 3, e, 2) == 0 && ttest_welch(d, 3, d, 2) == 1);
    const double spread[] = {2, 4};
    double p = ttest_welch(d, 3, spread, 2);
    assert_true(p == 1);
    p = ttest_welch(e, 2, spread, 2); /* one side without spread: one degree of freedom, t = -1 */
    assert_near(p, 0.5, 1e-14);
    const double tiny[] = {1e-200, 2e-200}, small[] = {3e-200, 4e-200}; /* squares underflow */
    assert_false(isnan(ttest_welch(tiny, 2, small, 2)));
}

static void wrong_arguments(void **unused)
{
    (void)unused;
    struct ttest out;
    struct err err = {0};
    const double d[] = {1, 2};
    assert_int_equal(ttest_one_sample(d, 1, 0, 0.95, &out, &err), RC_USAGE);
    const double confidences[] = {0, 1, NAN};
    for (size_t k = 0; k < COUNT_OF(confidences); k++) {
        err_clear(&err);
        assert_int_equal(ttest_one_sample(d, 2, 0, confidences[k], &out, &err), RC_USAGE);
    }
    assert_true(ttest_welch(d, 1, d, 2) == 1 && ttest_welch(d, 2, d, 0) == 1);
}

static void welch_nan(void)
{
    ttest_welch((const double[]){1, NAN}, 2, (const double[]){1, 2}, 2);
}

static void what_is_not_a_number_is_a_defect(void **unused)
{
    (void)unused;
    assert_aborts(welch_nan, "check failed: isfinite(values[i])");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(k5_darwins_maize),
        cmocka_unit_test(k6_sleep),
        cmocka_unit_test(welch_with_unequal_sizes),
        cmocka_unit_test(two_values_in_closed_form),
        cmocka_unit_test(the_interval_inverts_the_test),
        cmocka_unit_test(without_spread),
        cmocka_unit_test(wrong_arguments),
        cmocka_unit_test(what_is_not_a_number_is_a_defect),
    };
    return cmocka_run_group_tests_name("ttest", tests, NULL, NULL);
}
