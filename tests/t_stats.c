/* Order statistics against published digits (R 4.2.2, quantile types 7 and 8). */
#include "analysis/stats.h"
#include "engine/base.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static bool near(double a, double b)
{
    return fabs(a - b) <= 1e-12 * fmax(1, fabs(b));
}

static void quantiles_match_r_type_7(void **unused)
{
    (void)unused;
    double ten[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    assert_true(near(stats_quantile(ten, 10, 0.95), 9.55));
    assert_true(near(stats_quantile(ten, 10, 0.25), 3.25));
    assert_true(near(stats_quantile(ten, 10, 0.5), 5.5));
    assert_true(stats_quantile(ten, 10, 0) == 1);
    assert_true(stats_quantile(ten, 10, 1) == 10);
    /* R's data set `rivers`: lengths of 141 rivers in miles. */
    double rivers[] = {
        735, 320,  325,  392,  524,  450,  1459, 135, 465,  600, 330, 336, 280, 315, 870, 906,
        202, 329,  290,  1000, 600,  505,  1450, 840, 1243, 890, 350, 407, 286, 280, 525, 720,
        390, 250,  327,  230,  265,  850,  210,  630, 260,  230, 360, 730, 600, 306, 390, 420,
        291, 710,  340,  217,  281,  352,  259,  250, 470,  680, 570, 350, 300, 560, 900, 625,
        332, 2348, 1171, 3710, 2315, 2533, 780,  280, 410,  460, 260, 255, 431, 350, 760, 618,
        338, 981,  1306, 500,  696,  605,  250,  411, 1054, 735, 233, 435, 490, 310, 460, 383,
        375, 1270, 545,  445,  1885, 380,  300,  380, 377,  425, 276, 210, 800, 420, 350, 360,
        538, 1100, 1205, 314,  237,  610,  360,  540, 1038, 424, 310, 300, 444, 301, 268, 620,
        215, 652,  900,  525,  246,  360,  529,  500, 720,  270, 430, 671, 1770};
    size_t count = COUNT_OF(rivers);
    stats_sort(rivers, count);
    for (size_t i = 1; i < count; i++)
        assert_true(rivers[i - 1] <= rivers[i]);
    assert_int_equal(count, 141);
    assert_true(near(stats_quantile(rivers, count, 0.95), 1450));
    assert_true(near(stats_median(rivers, count), 425));
}

static void small_samples(void **unused)
{
    (void)unused;
    double none[1] = {0}, one[] = {7}, two[] = {9, 4}, three[] = {3, 1, 2};
    assert_true(isnan(stats_median(none, 0)));
    assert_true(isnan(stats_mad(none, 0)));
    assert_true(isnan(stats_quantile(one, 1, NAN)));
    assert_true(isnan(stats_quantile(one, 1, 1.5)));
    struct stats stats = stats_of(none, 0);
    assert_true(stats.n == 0 && isnan(stats.median) && isnan(stats.min) && isnan(stats.max));
    stats = stats_of(one, 1);
    assert_true(stats.n == 1 && stats.median == 7 && stats.min == 7 && stats.max == 7);
    stats = stats_of(two, 2);
    assert_true(stats.n == 2 && stats.median == 6.5 && stats.min == 4 && stats.max == 9);
    stats = stats_of(three, 3);
    assert_true(stats.n == 3 && stats.median == 2 && stats.min == 1 && stats.max == 3);
}

static void mad_matches_r(void **unused)
{
    (void)unused;
    /* mad(c(1, 1, 2, 2, 4, 6, 9), constant = 1): median 2, deviations 1 1 0 0 2 4 7. */
    double values[] = {9, 1, 4, 1, 2, 6, 2};
    assert_true(stats_mad(values, COUNT_OF(values)) == 1);
    /* An even count: median 4.5, deviations 3.5 2.5 2.5 1.5 1.5 2.5 3.5 9.5. */
    double even[] = {1, 2, 2, 3, 6, 7, 8, 14};
    assert_true(stats_mad(even, COUNT_OF(even)) == 2.5);
    double equal[] = {4, 4, 4};
    assert_true(stats_mad(equal, 3) == 0);
    double outlier[] = {1, 1, 1, 1, 1e300};
    assert_true(stats_mad(outlier, 5) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantiles_match_r_type_7),
        cmocka_unit_test(small_samples),
        cmocka_unit_test(mad_matches_r),
    };
    return cmocka_run_group_tests_name("stats", tests, NULL, NULL);
}
