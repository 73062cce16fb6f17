/* The signed-rank test and its interval: published answers, every sign enumerated, invariances. */
#include "analysis/signrank.h"
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

static struct signrank test(const double *d, size_t n, double theta0)
{
    struct signrank out;
    struct err err = {0};
    assert_int_equal(signrank_test(d, n, theta0, &out, &err), RC_OK);
    assert_int_equal(out.n, n);
    assert_true(out.p_greater >= 0 && out.p_less >= 0 && out.p_two >= 0 && out.p_two <= 1);
    return out;
}

static struct interval interval(const double *d, size_t n, double confidence)
{
    struct interval out;
    struct err err = {0};
    assert_int_equal(signrank_interval(d, n, confidence, &out, &err), RC_OK);
    assert_int_equal(out.n, n);
    return out;
}

/* ---- published answers ----------------------------------------------------------------------- */

/* Hollander & Wolfe, depression scale factors (R's wilcox.test example). */
static const double DEPRESSION_X[] = {1.83, .50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30};
static const double DEPRESSION_Y[] = {.878, .647, .598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29};

static void k1_depression(void **unused)
{
    (void)unused;
    double d[9], logs[9];
    for (size_t i = 0; i < 9; i++) {
        d[i] = DEPRESSION_X[i] - DEPRESSION_Y[i];
        logs[i] = log(DEPRESSION_X[i] / DEPRESSION_Y[i]);
    }
    struct signrank t = test(d, 9, 0);
    assert_true(t.v == 40 && t.exact && t.zeros == 0);
    assert_true(t.p_greater == 0.01953125 && t.p_two == 0.0390625);
    struct interval i95 = interval(d, 9, 0.95), i90 = interval(d, 9, 0.9);
    assert_near(i95.estimate, 0.46, 1e-14);
    assert_near(i95.low, 0.010, 1e-13);
    assert_near(i95.high, 0.786, 1e-14);
    assert_near(i90.low, 0.175, 1e-14);
    assert_near(i90.high, 0.726, 1e-14);

    t = test(logs, 9, 0);
    assert_true(t.v == 39 && t.p_two == 0.0546875);
    i95 = interval(logs, 9, 0.95);
    assert_near(i95.estimate, 0.32547182615888293, 1e-14);
    assert_near(exp(i95.estimate), 1.3846838219248516, 1e-14);
    assert_near(exp(i95.low), 0.99099784529201984, 1e-14);
    assert_near(exp(i95.high), 1.9869685118677848, 1e-14);
}

static void k2_the_null_distribution(void **unused)
{
    (void)unused;
    static const struct {
        size_t n;
        long c;
        double p;
    } rows[] = {{10, 8, 0.0244140625},
                {10, 5, 0.009765625},
                {10, 1, 0.001953125},
                {20, 52, 0.024220466613769531},
                {20, 43, 0.009616851806640625},
                {20, 33, 0.0027904510498046875},
                {40, 264, 0.024880283909624268},
                {40, 238, 0.0099939676565554691},
                {40, 220, 0.0048909988272498595},
                {40, 199, 0.0019337554258527234}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_true(signrank_cdf(rows[i].n, rows[i].c) == rows[i].p);
        assert_int_equal(signrank_critical(rows[i].n, rows[i].p), rows[i].c);
        assert_int_equal(signrank_critical(rows[i].n, nextafter(rows[i].p, 0)), rows[i].c - 1);
    }
}

static void k3_the_interval_is_conservative(void **unused)
{
    (void)unused;
    const double d[] = {1, 2, 3, 4, 5};
    struct interval i = interval(d, 5, 0.9);
    assert_true(i.low == 1 && i.high == 5 && i.estimate == 3 && i.coverage == 0.9375);
    double ten[10];
    for (size_t k = 0; k < 10; k++)
        ten[k] = (double)(k * k * k);
    assert_true(interval(ten, 10, 0.95).coverage == 0.951171875);
    /* Too few pairs for the confidence asked: nothing is excluded. */
    i = interval(d, 5, 0.95);
    assert_true(i.low == -INFINITY && i.high == INFINITY && i.coverage == 1 && i.estimate == 3);
}

static void k4_the_estimate(void **unused)
{
    (void)unused;
    const double d[] = {7.957789081278621, 11.068034093520474, 11.017359688918825,
                        9.460832652837185, 8.555034203375929,  9.516927224691715,
                        8.49429110854656,  8.742147445901901,  8.682360261372322,
                        8.492093654887572};
    struct interval i = interval(d, 10, 0.95);
    assert_near(i.estimate, 9.007933428106558, 1e-15);
    assert_near(i.low, 8.4942911085465607, 1e-15);
    assert_near(i.high, 9.8797535674103631, 1e-15);
}

static void k5_darwins_maize(void **unused)
{
    (void)unused;
    const double d[] = {49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48};
    struct signrank t = test(d, 15, 0);
    assert_true(t.v == 96 && t.p_two == 0.041259765625);
    struct interval i = interval(d, 15, 0.95);
    assert_true(i.estimate == 25 && i.low == 4 && i.high == 41.5);
}

/* R's `sleep`, in tenths, so that equal differences are equal in binary as well. */
static const double SLEEP[] = {-12, -24, -13, -13, 0, -10, -18, -8, -46, -14};

static int ascending(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* exactRankTests takes no order statistics of the Walsh averages where sizes tie: it evaluates V at
 * each of them and keeps those the tied distribution does not reject.  That rule over our V gives
 * its estimate, and the same interval as the order statistics do.  (Run
 * on the data as printed, in units, it says -3 instead of -2.95: rounding breaks its ties.) */
static void k6_sleep_has_a_tie_and_a_zero(void **unused)
{
    (void)unused;
    struct signrank t = test(SLEEP, 10, 0), w;
    struct err err = {0};
    assert_true(t.v == 0 && t.zeros == 1 && t.exact && t.p_two == 0.00390625);
    assert_near(t.z, -2.7574717744160924, 1e-15);
    assert_int_equal(signrank_test_wilcoxon(SLEEP, 10, 0, &w, &err), RC_OK);
    assert_true(w.zeros == 1 && w.p_two == 0.00390625);
    assert_near(w.z, -2.6679112502793854, 1e-15);

    const double d[] = {-12, -24, -13, -13, -10, -18, -8, -46, -14};
    const double rank[] = {3, 8, 4.5, 4.5, 2, 7, 1, 9, 6};
    double sums[512], walsh[45], v[45];
    size_t count = 0;
    for (size_t signs = 0; signs < 512; signs++) {
        sums[signs] = 0;
        for (size_t i = 0; i < 9; i++)
            sums[signs] += (signs >> i & 1) != 0 ? rank[i] : 0;
    }
    qsort(sums, 512, sizeof(*sums), ascending);
    double low_quantile = sums[12],
           high_quantile = sums[499]; /* 512 x .025 = 12.8, x .975 = 499.2 */
    for (size_t i = 0; i < 9; i++) {
        for (size_t j = i; j < 9; j++)
            walsh[count++] = (d[i] + d[j]) / 2;
    }
    qsort(walsh, count, sizeof(*walsh), ascending);
    double low = NAN, high = NAN, left = NAN, right = NAN;
    for (size_t k = 0; k < count; k++) {
        v[k] = test(d, 9, walsh[k]).v;
        low = v[k] > high_quantile ? walsh[k] : low;
        high = isnan(high) && v[k] <= low_quantile ? walsh[k] : high;
        left = isnan(left) && v[k] <= 23 ? walsh[k] : left;
        right = v[k] > 22.5 ? walsh[k] : right;
    }
    assert_true((left + right) / 2 == -14.5 && low == -29.5 && high == -10.5);
    struct interval i = interval(d, 9, 0.95);
    assert_true(i.estimate == -14 && i.low == low && i.high == high);
}

static void k7_zeros_are_ranked_then_dropped(void **unused)
{
    (void)unused;
    const double d[] = {0, 0, 1.1, -.4, 2.2, 3.5, -1, .7, 4.1, 2.9};
    struct signrank t = test(d, 10, 0);
    assert_true(t.p_greater == 0.03515625 && t.zeros == 2);
    assert_near(t.z, 1.8467610337532776, 1e-15);

    const size_t frequency[] = {1, 4, 16, 15, 8, 4, 5, 1, 2};
    double many[56];
    size_t count = 0;
    for (size_t i = 0; i < 9; i++) {
        for (size_t k = 0; k < frequency[i]; k++)
            many[count++] = (double)i - 4;
    }
    t = test(many, count, 0);
    assert_true(t.v == 423 && t.zeros == 8);
    assert_near(2 * special_normal_cdf(-fabs(t.z)), 0.0031724568006762576, 1e-13);
    struct signrank w;
    struct err err = {0};
    assert_int_equal(signrank_test_wilcoxon(many, count, 0, &w, &err), RC_OK);
    assert_true(w.v == 327);
    assert_near(2 * special_normal_cdf(-fabs(w.z)), 0.00641346115861, 1e-11);
}

static void fewest_pairs(void **unused)
{
    (void)unused;
    assert_int_equal(signrank_pairs_min(66, 0.05), 11);
    assert_int_equal(signrank_pairs_min(66, 0.01), 13);
    assert_int_equal(signrank_pairs_min(1, 0.05), 5);
    assert_int_equal(signrank_pairs_min(1, 0.03125), 5);
    assert_int_equal(signrank_pairs_min(1, 1), 0);
    for (double h = 1; h < 2000; h = h * 3 + 1) {
        size_t n = signrank_pairs_min(h, 0.05);
        assert_true(h * ldexp(1, -(int)n) <= 0.05 && h * ldexp(1, 1 - (int)n) > 0.05);
    }
}

/* ---- against every assignment of signs ------------------------------------------------------- */

/* Twice the mid-rank of |d_i| by counting, Pratt (all) or Wilcoxon (without zeros). */
static long twice_rank(const double *d, size_t n, size_t i, bool zeros_count)
{
    long smaller = 0, equal = 0;
    for (size_t j = 0; j < n; j++) {
        if (!zeros_count && d[j] == 0)
            continue;
        smaller += fabs(d[j]) < fabs(d[i]);
        equal += fabs(d[j]) == fabs(d[i]);
    }
    return 2 * smaller + equal + 1;
}

static void check_by_enumeration(const double *d, size_t n, bool pratt)
{
    long ranks[12], observed = 0, at_most = 0, at_least = 0;
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (d[i] == 0)
            continue;
        ranks[kept] = twice_rank(d, n, i, pratt);
        observed += d[i] > 0 ? ranks[kept] : 0;
        kept++;
    }
    for (size_t signs = 0; signs < (size_t)1 << kept; signs++) {
        long sum = 0;
        for (size_t i = 0; i < kept; i++)
            sum += (signs >> i & 1) != 0 ? ranks[i] : 0;
        at_most += sum <= observed;
        at_least += sum >= observed;
    }
    struct signrank out;
    struct err err = {0};
    assert_int_equal(pratt ? signrank_test(d, n, 0, &out, &err)
                           : signrank_test_wilcoxon(d, n, 0, &out, &err),
                     RC_OK);
    assert_true(out.exact && out.v == 0.5 * (double)observed && out.zeros == n - kept);
    assert_true(out.p_less == ldexp((double)at_most, -(int)kept));
    assert_true(out.p_greater == ldexp((double)at_least, -(int)kept));
    assert_true(out.p_two == fmin(1, 2 * fmin(out.p_less, out.p_greater)));
    assert_true(isnan(out.z) == (kept == 0));
}

static void exact_p_is_the_enumeration(void **unused)
{
    (void)unused;
    struct rng rng = rng_stream(1, "signrank enumeration", 0);
    for (size_t set = 0; set < 3000; set++) {
        double d[12];
        size_t n = 1 + (size_t)rng_below(&rng, 12);
        uint64_t range = 1 + rng_below(&rng, 30); /* few values: ties and zeros */
        for (size_t i = 0; i < n; i++)
            d[i] = (double)rng_below(&rng, range) - (double)(range / 3);
        check_by_enumeration(d, n, true);
        check_by_enumeration(d, n, false);
    }
}

/* n = 128 with ties is the largest exact case; the far tails are powers of two. */
static void the_largest_exact_case(void **unused)
{
    (void)unused;
    double d[SIGNRANK_EXACT_MAX + 1];
    for (size_t i = 0; i <= SIGNRANK_EXACT_MAX; i++)
        d[i] = (double)(1 + i / 2);
    struct signrank t = test(d, SIGNRANK_EXACT_MAX, 0);
    assert_true(t.exact && t.p_greater == ldexp(1, -SIGNRANK_EXACT_MAX) && t.p_less == 1);
    for (size_t i = 0; i < SIGNRANK_EXACT_MAX; i += 2)
        d[i] = -d[i]; /* V is its mean exactly */
    t = test(d, SIGNRANK_EXACT_MAX, 0);
    assert_true(t.exact && t.p_two == 1 && t.z == 0);
    assert_near(t.p_greater, t.p_less, 1e-13);
    assert_true(t.p_greater > 0.5);
    assert_false(test(d, SIGNRANK_EXACT_MAX + 1, 0).exact);
}

static void the_distribution_function_is_one(void **unused)
{
    (void)unused;
    for (size_t n = 0; n <= SIGNRANK_EXACT_MAX; n += n < 20 ? 1 : 36) {
        long all = (long)(n * (n + 1) / 2);
        assert_true(signrank_cdf(n, -1) == 0 && signrank_cdf(n, all) == 1);
        double before = 0;
        for (long c = 0; c < all; c += n < 60 ? 1 : 97) {
            double p = signrank_cdf(n, c);
            assert_true(c > all / 2 ? p >= before : p > before);
            assert_near(p + signrank_cdf(n, all - c - 1), 1, 1e-15);
            assert_true(c > all / 2 || signrank_critical(n, p) == c);
            before = p;
        }
        assert_int_equal(signrank_critical(n, 1), all);
        assert_int_equal(signrank_critical(n, 0), -1);
    }
}

/* ---- invariances ----------------------------------------------------------------------------- */

static void random_differences(struct rng *rng, double *d, size_t n)
{
    for (size_t i = 0; i < n; i++)
        d[i] = rng_unit(rng) - 0.4;
}

static void labels_scale_and_order_do_not_matter(void **unused)
{
    (void)unused;
    struct rng rng = rng_stream(1, "signrank invariance", 0);
    for (size_t set = 0; set < 300; set++) {
        double d[160], negative[160], scaled[160], turned[160];
        size_t n = 1 + (size_t)rng_below(&rng, 160);
        random_differences(&rng, d, n);
        for (size_t i = 0; i < n; i++) {
            if (set % 2 != 0)
                d[i] = floor(d[i] * 8); /* ties and zeros */
            negative[i] = -d[i];
            scaled[i] = d[i] * 0x1p-40;
            turned[n - 1 - i] = d[i];
        }
        struct signrank t = test(d, n, 0), m = test(negative, n, 0), s = test(scaled, n, 0),
                        r = test(turned, n, 0);
        assert_true(t.p_greater == m.p_less && t.p_less == m.p_greater && t.p_two == m.p_two);
        assert_true(t.p_greater == s.p_greater && t.p_less == s.p_less && t.v == s.v);
        assert_true(t.p_greater == r.p_greater && t.v == r.v);
        struct interval i = interval(d, n, 0.95), j = interval(negative, n, 0.95),
                        k = interval(scaled, n, 0.95);
        assert_true(i.estimate == -j.estimate && i.low == -j.high && i.high == -j.low);
        assert_true(k.low == i.low * 0x1p-40 && k.estimate == i.estimate * 0x1p-40);
        assert_true(i.low <= i.estimate && i.estimate <= i.high && i.coverage >= 0.95 - 1e-9);
    }
}

/* Without ties theta0 is inside exactly when the two-sided test does not reject it. */
static void the_interval_inverts_the_test(void **unused)
{
    (void)unused;
    struct rng rng = rng_stream(1, "signrank inversion", 0);
    const double confidences[] = {0.5, 0.8, 0.9, 0.95, 0.99};
    size_t inside = 0, outside = 0;
    for (size_t set = 0; set < 4000; set++) {
        double d[60];
        size_t n = 1 + (size_t)rng_below(&rng, 60);
        random_differences(&rng, d, n);
        double confidence = confidences[set % 5], theta = 0.6 * (rng_unit(&rng) - 0.3);
        struct interval i = interval(d, n, confidence);
        bool in = theta > i.low && theta < i.high;
        assert_true(in == (test(d, n, theta).p_two > 1 - confidence));
        inside += in;
        outside += !in;
    }
    assert_true(inside > 400 && outside > 400);
}

static void the_interval_is_order_statistics_of_the_walsh_averages(void **unused)
{
    (void)unused;
    struct rng rng = rng_stream(1, "signrank walsh", 0);
    for (size_t set = 0; set < 500; set++) {
        double d[80], walsh[80 * 81 / 2];
        size_t n = 1 + (size_t)rng_below(&rng, 80), count = 0;
        random_differences(&rng, d, n);
        for (size_t i = 0; i < n && set % 3 == 0; i++)
            d[i] = floor(d[i] * 8);
        for (size_t i = 0; i < n; i++) {
            for (size_t j = i; j < n; j++)
                walsh[count++] = d[i] / 2 + d[j] / 2;
        }
        qsort(walsh, count, sizeof(*walsh), ascending);
        struct interval got = interval(d, n, 0.9);
        assert_true(got.estimate == walsh[(count - 1) / 2] / 2 + walsh[count / 2] / 2);
        long c = signrank_critical(n, (1 - 0.9) / 2);
        assert_true(got.low == (c < 0 ? -INFINITY : walsh[c]));
        assert_true(got.high == (c < 0 ? INFINITY : walsh[count - 1 - (size_t)c]));
        assert_true(got.coverage == (c < 0 ? 1 : 1 - 2 * signrank_cdf(n, c)));
    }
}

/* Beyond the exact range: tie and continuity corrections as R's wilcox.test((1:200) - 93). */
static void the_approximation_is_rs(void **unused)
{
    (void)unused;
    double d[199];
    size_t n = 0;
    for (int i = 1; i <= 200; i++) {
        if (i != 93)
            d[n++] = i - 93;
    }
    struct signrank t = test(d, n, 0);
    assert_true(!t.exact && t.v == 11390);
    assert_near(t.p_two, 0.076781592617302191, 1e-12);
    assert_near(t.p_less, 0.96171154939354819, 1e-12);
    assert_near(t.p_greater, 0.038390796308651096, 1e-12);
}

/* Where the approximation takes over it agrees with the exact distribution. */
static void the_approximation_continues_the_exact_test(void **unused)
{
    (void)unused;
    struct rng rng = rng_stream(1, "signrank approximation", 0);
    for (size_t set = 0; set < 50; set++) {
        double d[SIGNRANK_EXACT_MAX + 1], n = SIGNRANK_EXACT_MAX;
        random_differences(&rng, d, SIGNRANK_EXACT_MAX + 1);
        struct signrank t = test(d, SIGNRANK_EXACT_MAX, 0);
        double sd = sqrt(n * (n + 1) * (2 * n + 1) / 24), excess = t.z * sd;
        assert_true(t.exact && !test(d, SIGNRANK_EXACT_MAX + 1, 0).exact);
        assert_true(fabs(t.p_less - special_normal_cdf((excess + 0.5) / sd)) < 1e-3);
        assert_true(fabs(t.p_greater - special_normal_cdf(-(excess - 0.5) / sd)) < 1e-3);
        d[SIGNRANK_EXACT_MAX] = interval(d, SIGNRANK_EXACT_MAX, 0.95).estimate;
        struct interval i = interval(d, SIGNRANK_EXACT_MAX, 0.95);
        struct interval j = interval(d, SIGNRANK_EXACT_MAX + 1, 0.95);
        assert_true(fabs(i.low - j.low) < 0.01 && fabs(i.high - j.high) < 0.01);
        assert_true(fabs(i.coverage - j.coverage) < 0.001);
    }
}

/* ---- edges ----------------------------------------------------------------------------------- */

static void all_zero_and_one_pair(void **unused)
{
    (void)unused;
    const double zeros[] = {3, 3, 3}, one[] = {2.5};
    struct signrank t = test(zeros, 3, 3);
    assert_true(t.zeros == 3 && t.v == 0 && isnan(t.z) && t.exact);
    assert_true(t.p_greater == 1 && t.p_less == 1 && t.p_two == 1);
    t = test(one, 1, 0);
    assert_true(t.p_greater == 0.5 && t.p_less == 1 && t.p_two == 1 && t.v == 1);
    struct interval i = interval(one, 1, 0.95);
    assert_true(i.estimate == 2.5 && i.low == -INFINITY && i.high == INFINITY);
    i = interval(zeros, 3, 0.75);
    assert_true(i.estimate == 3 && i.low == 3 && i.high == 3 && i.coverage == 0.75);
}

static void the_largest_sample(void **unused)
{
    (void)unused;
    double *d = malloc((SIGNRANK_MAX + 1) * sizeof(*d));
    assert_non_null(d);
    for (size_t i = 0; i <= SIGNRANK_MAX; i++)
        d[i] = (double)i - 1000;
    struct signrank out = test(d, SIGNRANK_MAX, 23.5); /* the middle of what d[0..2047] span */
    assert_true(!out.exact && out.p_two == 1);
    assert_true(interval(d, SIGNRANK_MAX, 0.95).estimate == 23.5);
    struct err err = {0};
    assert_int_equal(signrank_test(d, SIGNRANK_MAX + 1, 0, &out, &err), RC_USAGE);
    free(d);
}

static void wrong_arguments(void **unused)
{
    (void)unused;
    struct signrank out;
    struct interval i;
    struct err err = {0};
    const double d[] = {1, 2};
    assert_int_equal(signrank_test(d, 0, 0, &out, &err), RC_USAGE);
    err_clear(&err);
    assert_int_equal(signrank_test_wilcoxon(d, 0, 0, &out, &err), RC_USAGE);
    err_clear(&err);
    assert_int_equal(signrank_interval(d, 0, 0.95, &i, &err), RC_USAGE);
    const double confidences[] = {0, 1, -1, 2, NAN};
    for (size_t k = 0; k < COUNT_OF(confidences); k++) {
        err_clear(&err);
        assert_int_equal(signrank_interval(d, 2, confidences[k], &i, &err), RC_USAGE);
        assert_string_not_equal(err.msg, "");
    }
}

static void test_nan(void)
{
    test((const double[]){1, NAN}, 2, 0);
}

static void test_infinite(void)
{
    test((const double[]){1, INFINITY}, 2, 0);
}

static void interval_nan(void)
{
    interval((const double[]){1, NAN}, 2, 0.9);
}

static void too_large_a_table(void)
{
    signrank_cdf(SIGNRANK_EXACT_MAX + 1, 3);
}

static void what_is_not_a_number_is_a_defect(void **unused)
{
    (void)unused;
    assert_aborts(test_nan, "check failed: isfinite(value)");
    assert_aborts(test_infinite, "check failed: isfinite(value)");
    assert_aborts(interval_nan, "check failed: isfinite(d[i])");
    assert_aborts(too_large_a_table, "check failed: n <= SIGNRANK_EXACT_MAX");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(k1_depression),
        cmocka_unit_test(k2_the_null_distribution),
        cmocka_unit_test(k3_the_interval_is_conservative),
        cmocka_unit_test(k4_the_estimate),
        cmocka_unit_test(k5_darwins_maize),
        cmocka_unit_test(k6_sleep_has_a_tie_and_a_zero),
        cmocka_unit_test(k7_zeros_are_ranked_then_dropped),
        cmocka_unit_test(fewest_pairs),
        cmocka_unit_test(exact_p_is_the_enumeration),
        cmocka_unit_test(the_largest_exact_case),
        cmocka_unit_test(the_distribution_function_is_one),
        cmocka_unit_test(labels_scale_and_order_do_not_matter),
        cmocka_unit_test(the_interval_inverts_the_test),
        cmocka_unit_test(the_interval_is_order_statistics_of_the_walsh_averages),
        cmocka_unit_test(the_approximation_is_rs),
        cmocka_unit_test(the_approximation_continues_the_exact_test),
        cmocka_unit_test(all_zero_and_one_pair),
        cmocka_unit_test(the_largest_sample),
        cmocka_unit_test(wrong_arguments),
        cmocka_unit_test(what_is_not_a_number_is_a_defect),
    };
    return cmocka_run_group_tests_name("signrank", tests, NULL, NULL);
}
