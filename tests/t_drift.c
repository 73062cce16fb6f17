/* Did the machine stay the same: moments and trends against certified values and R, steps
 * planted and not. */
#include "analysis/drift.h"
#include "engine/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { SERIES_MAX = 200 };

static void close_to(double value, double expected, double relative)
{
    if (fabs(value - expected) <= relative * fabs(expected))
        return;
    fail_msg("%.17g instead of %.17g", value, expected);
}

static double normal(struct rng *rng)
{
    double radius = sqrt(-2 * log(1 - rng_unit(rng)));
    return radius * cos(6.283185307179586 * rng_unit(rng));
}

static void draw(const char *name, uint64_t index, double *x, size_t n)
{
    struct rng rng = rng_stream(15, name, index);
    for (size_t i = 0; i < n; i++)
        x[i] = normal(&rng);
}

/* ---- known series ---------------------------------------------------------------------------- */

/* Annual flow of the Nile at Aswan, 1871-1970: R's `Nile`. */
static const double nile[100] = {
    1120, 1160, 963, 1210, 1160, 1160, 813,  1230, 1370, 1140, 995,  935,  1110, 994,  1020,
    960,  1180, 799, 958,  1140, 1100, 1210, 1150, 1250, 1260, 1220, 1030, 1100, 774,  840,
    874,  694,  940, 833,  701,  916,  692,  1020, 1050, 969,  831,  726,  456,  824,  702,
    1120, 1100, 832, 764,  821,  768,  845,  864,  862,  698,  845,  744,  796,  1040, 759,
    781,  865,  845, 944,  984,  897,  822,  1010, 771,  676,  649,  846,  812,  742,  801,
    1040, 860,  874, 848,  890,  744,  749,  838,  1050, 918,  986,  797,  923,  975,  815,
    1020, 906,  901, 1170, 912,  746,  919,  718,  714,  740};

/* Michelson's speed of light, 1879: 299,000 km/s and so many; NIST StRD "Michelso" in 1000 km/s. */
static const double michelson[100] = {
    850,  740, 900, 1070, 930, 850, 950, 980, 980, 880, 1000, 980, 930, 650, 760, 810, 1000,
    1000, 960, 960, 960,  940, 960, 940, 880, 800, 850, 880,  900, 840, 830, 790, 810, 880,
    880,  830, 800, 790,  760, 800, 880, 880, 880, 860, 720,  720, 620, 860, 970, 950, 880,
    910,  850, 870, 840,  840, 850, 840, 840, 840, 890, 810,  810, 820, 800, 770, 760, 740,
    750,  760, 910, 920,  890, 860, 880, 720, 840, 850, 850,  780, 890, 840, 780, 810, 760,
    810,  790, 810, 820,  850, 870, 870, 810, 740, 810, 940,  950, 800, 810, 870};

/* Filter transmittance, NIST StRD "Mavro": 2 and so many hundred-thousandths. */
static const double mavro[50] = {180, 170, 180, 190, 180, 170, 150, 140, 150, 150, 170, 180, 180,
                                 190, 190, 210, 200, 160, 140, 130, 130, 150, 150, 160, 150, 140,
                                 130, 140, 150, 140, 150, 160, 150, 160, 190, 200, 200, 210, 220,
                                 230, 240, 250, 270, 260, 260, 260, 270, 260, 250, 240};

static void certified_moments(void **unused)
{
    (void)unused;
    double x[100];
    for (size_t i = 0; i < 100; i++)
        x[i] = (299000 + michelson[i]) / 1000;
    close_to(drift_mean(x, 100), 299.8524, 1e-15);
    close_to(drift_sd(x, 100), 0.0790105478190518, 1e-12);
    close_to(drift_lag1(x, 100), 0.535199668621283, 1e-11);
    for (size_t i = 0; i < 50; i++)
        x[i] = (200000 + mavro[i]) / 100000;
    close_to(drift_mean(x, 50), 2.001856, 1e-15);
    close_to(drift_sd(x, 50), 0.000429123454003053, 1e-12);
    close_to(drift_lag1(x, 50), 0.937989183438248, 1e-12);
    const double accuracy[] = {10000001, 10000003, 10000002}; /* NIST StRD "NumAcc1" */
    assert_true(drift_mean(accuracy, 3) == 10000002);
    assert_true(drift_sd(accuracy, 3) == 1);
    assert_true(drift_lag1(accuracy, 3) == -0.5);
    close_to(drift_lag1(nile, 100), 0.49840818413302945, 1e-13);
}

static void moments_of_almost_nothing(void **unused)
{
    (void)unused;
    const double same[] = {0.1, 0.1, 0.1};
    assert_true(isnan(drift_mean(same, 0)));
    assert_true(drift_mean(same, 1) == 0.1 && drift_mean(same, 3) == 0.1);
    assert_true(isnan(drift_sd(same, 1)));
    assert_true(drift_sd(same, 3) == 0);
    assert_true(isnan(drift_lag1(same, 0)) && isnan(drift_lag1(same, 1)));
    assert_true(isnan(drift_lag1(same, 3)));
}

/* ---- trends ---------------------------------------------------------------------------------- */

static struct trend trend_of(const double *x, size_t n)
{
    struct trend out;
    struct err err = {0};
    assert_int_equal(drift_trend(x, n, &out, &err), RC_OK);
    return out;
}

static void trends_known_from_r(void **unused)
{
    (void)unused;
    struct trend out = trend_of(nile, 100);
    close_to(out.tau, -0.28074133472461299, 1e-14);
    close_to(out.z, -4.1310449258187356, 1e-14);
    close_to(out.p, 3.6111799194816175e-05, 1e-11);
    struct err err = {0};
    const double x[] = {12, 2, 1, 12, 2}, y[] = {1, 4, 7, 1, 0};
    assert_int_equal(drift_kendall(x, y, 5, &out, &err), RC_OK);
    close_to(out.tau, -0.4714045207910316, 1e-14);
    close_to(out.p, 0.28274545993277467, 1e-12);
    /* Exact without ties: cor.test(c(3,1,4,2,5,7,6), 1:7), cor.test(c(3,1,4,2,5,7,6,8,9), 1:9). */
    out = trend_of((const double[]){3, 1, 4, 2, 5, 7, 6}, 7);
    close_to(out.tau, 0.61904761904761907, 1e-14);
    close_to(out.p, 0.069047619047619, 1e-13);
    out = trend_of((const double[]){3, 1, 4, 2, 5, 7, 6, 8, 9}, 9);
    close_to(out.tau, 0.7777777777777779, 1e-14);
    close_to(out.p, 0.0024250440917108, 1e-12);
    /* Ten values, no ties: normal again, no step beyond it. */
    out = trend_of((const double[]){3, 1, 4, 2, 5, 7, 6, 8, 9, 10}, 10);
    close_to(out.p, erfc(out.z / sqrt(2)), 1e-12);
}

/* Every permutation of up to seven values: the exact p is the share with as large a tau. */
static void exact_p_by_enumeration(void **unused)
{
    (void)unused;
    for (size_t n = 2; n <= 7; n++) {
        size_t all = 1;
        for (size_t i = 2; i <= n; i++)
            all *= i;
        double tau[5040], p[5040];
        for (size_t code = 0; code < all; code++) {
            double x[7];
            size_t left = code;
            for (size_t i = 0; i < n; i++) { /* Lehmer code: insert i at place left mod (i + 1) */
                size_t place = left % (i + 1);
                left /= i + 1;
                for (size_t j = i; j > place; j--)
                    x[j] = x[j - 1];
                x[place] = (double)i;
            }
            struct trend out = trend_of(x, n);
            tau[code] = out.tau;
            p[code] = out.p;
        }
        for (size_t code = 0; code < all; code += 1 + all / 100) {
            size_t as_large = 0;
            for (size_t other = 0; other < all; other++)
                as_large += fabs(tau[other]) >= fabs(tau[code]) - 1e-9;
            close_to(p[code], (double)as_large / (double)all, 1e-12);
        }
    }
}

static void trends_of_mirrored_and_constant_series(void **unused)
{
    (void)unused;
    double up[100], mirrored[100];
    for (size_t i = 0; i < 100; i++) {
        up[i] = exp((double)i);
        mirrored[i] = -nile[i];
    }
    assert_true(trend_of(up, 40).tau == 1 && trend_of(up, 40).p < 1e-15);
    struct trend one = trend_of(nile, 100), other = trend_of(mirrored, 100);
    assert_true(one.tau == -other.tau && one.z == -other.z && one.p == other.p);
    const double same[] = {3, 3, 3};
    assert_true(isnan(trend_of(same, 3).tau) && trend_of(same, 3).p == 1);
    assert_true(trend_of(up, 2).tau == 1 && trend_of(up, 2).p == 1);
    struct trend out;
    struct err err = {0};
    assert_int_equal(drift_trend(up, 1, &out, &err), RC_USAGE);
    err_clear(&err);
    assert_int_equal(drift_kendall(up, up, 0, &out, &err), RC_USAGE);
}

/* ---- Friedman -------------------------------------------------------------------------------- */

static void friedman_known(void **unused)
{
    (void)unused;
    /* Three ways of rounding first base, 22 players (Hollander & Wolfe 1973); hundredths. */
    static const double rounding[22 * 3] = {
        540, 550, 555, 585, 570, 575, 520, 560, 550, 555, 550, 540, 590, 585, 570, 545, 555,
        560, 540, 540, 535, 545, 550, 535, 525, 515, 500, 585, 580, 570, 525, 520, 510, 565,
        555, 545, 560, 535, 545, 505, 500, 495, 550, 550, 540, 545, 555, 550, 555, 555, 535,
        545, 550, 555, 550, 545, 525, 565, 560, 540, 570, 565, 555, 630, 630, 625};
    struct friedman out;
    struct err err = {0};
    assert_int_equal(drift_friedman(rounding, 22, 3, &out, &err), RC_OK);
    close_to(out.chi2, 11.142857142857142, 1e-14);
    close_to(out.p, 0.003805040775511363, 1e-12);
    /* Four classifiers on fourteen data sets (Demsar 2006). */
    static const double classifiers[4][14] = {
        {.763, .599, .954, .628, .882, .936, .661, .583, .775, 1, .94, .619, .972, .957},
        {.768, .591, .971, .661, .888, .931, .668, .583, .838, 1, .962, .666, .981, .978},
        {.771, .590, .968, .654, .886, .916, .609, .563, .866, 1, .965, .614, .9751, .946},
        {.798, .569, .967, .657, .898, .931, .685, .625, .875, 1, .962, .669, .975, .970}};
    double rows[14 * 4];
    for (size_t i = 0; i < 14 * 4; i++)
        rows[i] = classifiers[i % 4][i / 4];
    assert_int_equal(drift_friedman(rows, 14, 4, &out, &err), RC_OK);
    close_to(out.chi2, 10.2283464566929, 1e-13);
    close_to(out.p, 0.0167215803284414, 1e-12);
}

static void friedman_at_its_ends(void **unused)
{
    (void)unused;
    struct friedman out;
    struct err err = {0};
    const double same[] = {1, 1, 2, 2}, apart[] = {1, 2, 1, 2, 1, 2};
    assert_int_equal(drift_friedman(same, 2, 2, &out, &err), RC_OK);
    assert_true(out.chi2 == 0 && out.p == 1);
    assert_int_equal(drift_friedman(apart, 3, 2, &out, &err), RC_OK);
    close_to(out.chi2, 3, 1e-15); /* n (k - 1): as far apart as can be */
    assert_int_equal(drift_friedman(same, 0, 2, &out, &err), RC_USAGE);
    err_clear(&err);
    assert_int_equal(drift_friedman(same, 2, 1, &out, &err), RC_USAGE);
}

/* ---- order and steps ------------------------------------------------------------------------- */

static void running_first_matters_when_it_does(void **unused)
{
    (void)unused;
    struct interval out;
    struct err err = {0};
    size_t missed = 0, false_alarms = 0;
    for (uint64_t index = 0; index < 300; index++) {
        double d[40];
        bool first[40];
        draw("order", index, d, 40);
        struct rng coin = rng_stream(15, "coin", index);
        for (size_t i = 0; i < 40; i++)
            first[i] = rng_below(&coin, 2) == 1;
        assert_int_equal(drift_order_effect(d, first, 40, 0.95, &out, &err), RC_OK);
        assert_true(out.low <= out.estimate && out.estimate <= out.high && out.n == 40);
        false_alarms += out.low > 0 || out.high < 0;
        for (size_t i = 0; i < 40; i++)
            d[i] += first[i] ? 2 : 0;
        struct interval moved;
        assert_int_equal(drift_order_effect(d, first, 40, 0.95, &moved, &err), RC_OK);
        close_to(moved.estimate, out.estimate + 2, 1e-12);
        missed += moved.low <= 0;
    }
    assert_true(false_alarms <= 28); /* 5 % of 300 and three deviations */
    assert_true(missed <= 3);
    bool never[40] = {false};
    double d[40] = {0};
    assert_int_equal(drift_order_effect(d, never, 40, 0.95, &out, &err), RC_OK);
    assert_true(isnan(out.estimate) && isinf(out.low) && isinf(out.high));
    assert_int_equal(drift_order_effect(d, never, 0, 0.95, &out, &err), RC_OK);
    assert_true(isnan(out.estimate));
}

static void a_planted_step_is_found(void **unused)
{
    (void)unused;
    size_t found = 0;
    for (uint64_t index = 0; index < 200; index++) {
        double x[40], p;
        size_t at, planted = 10 + (size_t)index % 20;
        struct err err = {0};
        draw("step", index, x, 40);
        for (size_t i = planted; i < 40; i++)
            x[i] += index % 2 == 0 ? 3 : -3;
        assert_int_equal(drift_step(x, 40, &at, &p, &err), RC_OK);
        found += at + 2 >= planted && at <= planted + 2;
        assert_true((at != 0) == (p <= 0.01));
    }
    assert_true(found >= 190);
    /* The dam at Aswan: the flow falls with 1899, the 29th year. */
    double p;
    size_t at;
    struct err err = {0};
    assert_int_equal(drift_step(nile, 100, &at, &p, &err), RC_OK);
    assert_true(at == 28 && p == 0.001);
}

static void noise_has_no_step(void **unused)
{
    (void)unused;
    size_t alarms = 0, n_at_most = 0;
    for (uint64_t index = 0; index < 1000; index++) {
        double x[40], p;
        size_t at;
        struct err err = {0};
        draw("no step", index, x, 40);
        assert_int_equal(drift_step(x, 40, &at, &p, &err), RC_OK);
        alarms += at != 0;
        assert_true((at != 0) == (p <= 0.01));
        n_at_most += p <= 0.1;
    }
    assert_true(alarms <= 20); /* 1 % of 1000 and three deviations */
    assert_true(n_at_most >= 70 && n_at_most <= 130);
}

static void steps_in_almost_nothing(void **unused)
{
    (void)unused;
    double x[40], p;
    size_t at = 5;
    struct err err = {0};
    for (size_t i = 0; i < 40; i++)
        x[i] = 0.1;
    for (size_t n = 0; n <= 40; n++) {
        assert_int_equal(drift_step(x, n, &at, &p, &err), RC_OK);
        assert_true(at == 0 && p == 1);
    }
    const double two[] = {1, 2};
    assert_int_equal(drift_step(two, 2, &at, &p, &err), RC_OK);
    assert_true(at == 0 && p == 1);
}

/* Few values, so that many shuffles tie with the series: in other units sums round otherwise,
 * and the answer must not. */
static void steps_do_not_depend_on_units(void **unused)
{
    (void)unused;
    for (uint64_t index = 0; index < 40; index++) {
        struct rng rng = rng_stream(15, "units", index);
        double x[12], scaled[12], p, p_scaled;
        size_t at, at_scaled;
        struct err err = {0};
        for (size_t i = 0; i < 12; i++) {
            x[i] = (double)rng_below(&rng, 3) + (i < 6 ? 0 : (double)(index % 3));
            scaled[i] = x[i] * 0.1;
        }
        assert_int_equal(drift_step(x, 12, &at, &p, &err), RC_OK);
        assert_int_equal(drift_step(scaled, 12, &at_scaled, &p_scaled, &err), RC_OK);
        assert_true(p == p_scaled && (at == 0) == (at_scaled == 0));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(certified_moments),
        cmocka_unit_test(moments_of_almost_nothing),
        cmocka_unit_test(trends_known_from_r),
        cmocka_unit_test(exact_p_by_enumeration),
        cmocka_unit_test(trends_of_mirrored_and_constant_series),
        cmocka_unit_test(friedman_known),
        cmocka_unit_test(friedman_at_its_ends),
        cmocka_unit_test(running_first_matters_when_it_does),
        cmocka_unit_test(a_planted_step_is_found),
        cmocka_unit_test(noise_has_no_step),
        cmocka_unit_test(steps_in_almost_nothing),
        cmocka_unit_test(steps_do_not_depend_on_units),
    };
    return cmocka_run_group_tests_name("drift", tests, NULL, NULL);
}
