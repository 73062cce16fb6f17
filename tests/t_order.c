/* Order-statistic intervals and the sign-flip test: published answers, definitions, simulation. */
#include "analysis/order.h"
#include "analysis/signflip.h"
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

#include <cmocka.h>

#define assert_near(got, expected, relative) \
    assert_true(fabs((got) - (expected)) <= (relative)*fabs((double)(expected)))

static struct order_interval order(const double *sorted, size_t n, double q, double confidence)
{
    struct order_interval out;
    struct err err = {0};
    assert_int_equal(order_interval(sorted, n, q, confidence, &out, &err), RC_OK);
    assert_true(out.interval.n == n && out.low_rank < out.high_rank && out.high_rank <= n + 1);
    return out;
}

/* Of 1, 2, .., n: the values are the ranks. */
static struct order_interval order_ranks(size_t n, double q, double confidence)
{
    double *values = malloc(n * sizeof(*values));
    assert_non_null(values);
    for (size_t i = 0; i < n; i++)
        values[i] = (double)i + 1;
    struct order_interval out = order(values, n, q, confidence);
    assert_true(out.interval.low == (out.low_rank == 0 ? -INFINITY : (double)out.low_rank));
    assert_true(out.interval.high == (out.high_rank > n ? INFINITY : (double)out.high_rank));
    free(values);
    return out;
}

/* ---- published answers ----------------------------------------------------------------------- */

static void k8_quantiles_of_an_exponential_grid(void **unused)
{
    (void)unused;
    double x[101];
    for (int i = 0; i <= 100; i++)
        x[i] = exp(0.01 * i);
    struct order_interval i = order(x, 101, 0.3, 0.95);
    assert_near(i.interval.low, 1.221402758160170, 1e-15);
    assert_near(i.interval.high, 1.476980793882643, 1e-15);
    i = order(x, 101, 0.5, 0.9);
    assert_near(i.interval.low, 1.506817785112854, 1e-15);
    assert_near(i.interval.high, 1.803988415397857, 1e-15);
    assert_near(i.interval.estimate, exp(0.5), 1e-15);
}

static void k8_median_of_six(void **unused)
{
    (void)unused;
    const double x[] = {-10, 2, 3, 4, 5, 6};
    struct order_interval i = order(x, 6, 0.5, 0.95);
    assert_true(i.interval.low == -10 && i.interval.high == 6 && i.interval.estimate == 3.5);
    assert_near(i.interval.coverage, 0.96875, 1e-15);
    i = order(x, 5, 0.5, 0.95);
    assert_true(i.interval.low == -INFINITY && i.interval.high == INFINITY);
    assert_true(i.interval.coverage == 1 && i.low_rank == 0 && i.high_rank == 6);
    assert_int_equal(order_count_two_sided(0.5, 0.95), 6);
    assert_int_equal(order_count_two_sided(0.5, 0.99), 8);
}

static void k9_ranks_for_the_p95(void **unused)
{
    (void)unused;
    struct order_interval i = order_ranks(400, 0.95, 0.95);
    assert_true(i.low_rank == 371 && i.high_rank == 389);
    assert_near(i.interval.coverage, 0.96192035851641822, 1e-13);
    i = order_ranks(100, 0.95, 0.95);
    assert_true(i.low_rank == 90 && i.high_rank == 100);
    assert_near(i.interval.coverage, 0.98260706071218129, 1e-13);
    assert_int_equal(order_count_one_sided(0.95, 0.95), 59);
    assert_int_equal(order_count_two_sided(0.95, 0.95), 72);
    assert_int_equal(order_count_tolerance(0.95, 0.95), 93);
    assert_near(order_tolerance(93, 0.95), 0.95002420475738358, 1e-14);
    assert_true(fabs(order_tolerance(92, 0.95) - 0.94786) < 5e-6);
    assert_true(order_ranks(71, 0.95, 0.95).high_rank == 72); /* no finite upper end, */
    assert_true(order_ranks(72, 0.95, 0.95).high_rank == 72); /* and then one */
}

static void medians_over_rounds(void **unused)
{
    (void)unused;
    static const struct {
        size_t n, low;
        double coverage, precision;
    } rows[] = {{10, 2, 0.978515625, 1e-14}, {20, 6, 0.95861, 5e-6}, {40, 14, 0.96152, 5e-6}};
    for (size_t k = 0; k < COUNT_OF(rows); k++) {
        struct order_interval i = order_ranks(rows[k].n, 0.5, 0.95);
        assert_true(i.low_rank == rows[k].low && i.high_rank == rows[k].n + 1 - rows[k].low);
        assert_true(fabs(i.interval.coverage - rows[k].coverage) <= rows[k].precision);
    }
}

/* ---- the definition -------------------------------------------------------------------------- */

/* P(Bin(n, q) <= k) by adding the terms up. */
static double binomial(size_t k, size_t n, double q)
{
    double sum = 0;
    for (size_t i = 0; i <= k && i <= n; i++) {
        double log_term = lgamma((double)n + 1) - lgamma((double)i + 1) -
                          lgamma((double)(n - i) + 1) + (double)i * log(q) +
                          (double)(n - i) * log1p(-q);
        sum += exp(log_term);
    }
    return sum;
}

static void ranks_are_the_extreme_ones(void **unused)
{
    (void)unused;
    struct rng rng = rng_stream(1, "order", 0);
    for (size_t set = 0; set < 1500; set++) {
        size_t n = 1 + (size_t)rng_below(&rng, 200);
        double q = 0.01 + 0.98 * rng_unit(&rng), confidence = 0.5 + 0.499 * rng_unit(&rng);
        double share = (1 - confidence) / 2;
        struct order_interval i = order_ranks(n, q, confidence);
        size_t low = i.low_rank, high = i.high_rank;
        double below = low == 0 ? 0 : binomial(low - 1, n, q);
        double above = high > n ? 0 : 1 - binomial(high - 1, n, q);
        assert_true(below <= share + 1e-9 && above <= share + 1e-9);
        assert_true(low == n || binomial(low, n, q) >= share - 1e-9); /* one rank further in */
        assert_true(high == 1 || 1 - binomial(high - 2, n, q) >= share - 1e-9);
        assert_true(fabs(i.interval.coverage - (1 - below - above)) < 1e-9);
        assert_true(i.interval.coverage >= confidence - 1e-9);
        struct order_interval mirror = order_ranks(n, 1 - q, confidence);
        assert_true(mirror.low_rank == n + 1 - high || q + (1 - q) != 1 ||
                    fabs(above - share) < 1e-9);
    }
}

/* Confidences that are attained exactly must not cost a rank by rounding. */
static void equality_counts(void **unused)
{
    (void)unused;
    for (size_t n = 1; n <= 50; n++) {
        double tail = 0, term = ldexp(1, -(int)n);
        for (size_t low = 1; 2 * low <= n; low++) {
            tail += term; /* P(Bin(n, 1/2) <= low - 1), exact */
            struct order_interval i = order_ranks(n, 0.5, 1 - 2 * tail);
            if (1 - (1 - 2 * tail) == 2 * tail) /* the confidence itself is exact */
                assert_int_equal(i.low_rank, low);
            assert_int_equal(i.high_rank, n + 1 - i.low_rank);
            term = term * (double)(n - low + 1) / (double)low;
        }
    }
    assert_int_equal(order_count_one_sided(0.5, 0.75), 2);
    assert_int_equal(order_count_two_sided(0.5, 0.5), 2);
    assert_int_equal(order_count_one_sided(0.1, 0.9), 22); /* of the smallest: as for 0.9 */
}

static void counts_are_the_fewest(void **unused)
{
    (void)unused;
    const double qs[] = {0.01, 0.3, 0.5, 0.9, 0.95, 0.999}, levels[] = {0.5, 0.9, 0.95, 0.99};
    for (size_t i = 0; i < COUNT_OF(qs); i++) {
        for (size_t k = 0; k < COUNT_OF(levels); k++) {
            double q = qs[i], more = fmax(q, 1 - q);
            size_t one = order_count_one_sided(q, levels[k]);
            size_t two = order_count_two_sided(q, levels[k]);
            size_t both = order_count_tolerance(q, levels[k]);
            assert_true(1 - pow(more, (double)one) >= levels[k] - 1e-12);
            assert_true(one == 1 || 1 - pow(more, (double)one - 1) < levels[k]);
            struct order_interval enough = order_ranks(two, q, levels[k]);
            assert_true(enough.low_rank > 0 && enough.high_rank <= two);
            if (two > 1) {
                struct order_interval few = order_ranks(two - 1, q, levels[k]);
                assert_true(few.low_rank == 0 || few.high_rank == two);
            }
            assert_true(order_tolerance(both, q) >= levels[k] - 1e-12);
            assert_true(both == 2 || order_tolerance(both - 1, q) < levels[k]);
        }
    }
    assert_true(order_tolerance(0, 0.5) == 0 && order_tolerance(1, 0.5) == 0);
    assert_near(order_tolerance(2, 0.5), 0.25, 1e-15);
}

/* The p95 of uniform values lies inside as often as said. */
static void coverage_in_a_simulation(void **unused)
{
    (void)unused;
    enum { SETS = 4000, VALUES = 100 };
    struct rng rng = rng_stream(2, "order", 0);
    size_t inside = 0;
    double coverage = 0;
    for (size_t set = 0; set < SETS; set++) {
        double x[VALUES];
        for (size_t i = 0; i < VALUES; i++)
            x[i] = rng_unit(&rng);
        quantile_sort(x, VALUES);
        struct order_interval i = order(x, VALUES, 0.95, 0.95);
        inside += i.interval.low <= 0.95 && 0.95 <= i.interval.high;
        coverage = i.interval.coverage;
    }
    double sd = sqrt(coverage * (1 - coverage) / SETS);
    assert_true(fabs((double)inside / SETS - coverage) < 4 * sd);
}

static void order_wrong_arguments(void **unused)
{
    (void)unused;
    struct order_interval out;
    struct err err = {0};
    const double x[] = {1, 2}, wrong[] = {0, 1, -1, 2, NAN};
    assert_int_equal(order_interval(x, 0, 0.5, 0.95, &out, &err), RC_USAGE);
    for (size_t k = 0; k < COUNT_OF(wrong); k++) {
        err_clear(&err);
        assert_int_equal(order_interval(x, 2, wrong[k], 0.95, &out, &err), RC_USAGE);
        err_clear(&err);
        assert_int_equal(order_interval(x, 2, 0.5, wrong[k], &out, &err), RC_USAGE);
    }
}

static void count_of_everything(void)
{
    order_count_two_sided(1, 0.95);
}

static void order_counts_check_their_levels(void **unused)
{
    (void)unused;
    assert_aborts(count_of_everything, "check failed: q > 0 && q < 1");
}

/* ---- sign flips ------------------------------------------------------------------------------ */

static struct signflip flip(const double *d, size_t n)
{
    struct signflip out;
    struct err err = {0};
    assert_int_equal(signflip_test(d, n, &out, &err), RC_OK);
    assert_true(out.n == n && out.assignments == (uint64_t)1 << n);
    assert_true(out.above < out.at_least && out.at_least <= out.assignments);
    assert_true(out.p == (double)out.at_least / (double)out.assignments);
    return out;
}

/* Fisher 1935: Darwin's maize, eighths of an inch. */
static void k5_darwins_maize(void **unused)
{
    (void)unused;
    double d[] = {49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48};
    struct signflip f = flip(d, 15);
    assert_true(f.sum == 314 && f.at_least == 863 && f.above == 835 && f.assignments == 32768);
    assert_true(f.p == 0.026336669921875);
    for (size_t i = 0; i < 15; i++)
        d[i] /= 80; /* inches: the sums that tie no longer do in binary */
    f = flip(d, 15);
    assert_true(f.at_least == 863 && f.above == 835);
}

static void flips_are_the_enumeration(void **unused)
{
    (void)unused;
    struct rng rng = rng_stream(1, "signflip", 0);
    for (size_t set = 0; set < 2000; set++) {
        double d[12];
        size_t n = 1 + (size_t)rng_below(&rng, 12);
        uint64_t range = 1 + rng_below(&rng, 40);
        double observed = 0;
        for (size_t i = 0; i < n; i++) {
            d[i] = (double)rng_below(&rng, range) - (double)(range / 3);
            observed += d[i];
        }
        uint64_t at_least = 0, above = 0;
        for (size_t signs = 0; signs < (size_t)1 << n; signs++) {
            double sum = 0;
            for (size_t i = 0; i < n; i++)
                sum += (signs >> i & 1) != 0 ? d[i] : -d[i];
            at_least += sum >= observed;
            above += sum > observed;
        }
        struct signflip f = flip(d, n);
        assert_true(f.sum == observed && f.at_least == at_least && f.above == above);
        double tenths[12], negative[12];
        for (size_t i = 0; i < n; i++) {
            tenths[i] = d[i] / 10;
            negative[i] = -d[i];
        }
        f = flip(tenths, n);
        assert_true(f.at_least == at_least && f.above == above);
        assert_true(flip(negative, n).above == f.assignments - f.at_least); /* the other side */
    }
}

static void flips_at_the_limits(void **unused)
{
    (void)unused;
    double d[SIGNFLIP_MAX + 1];
    for (size_t i = 0; i <= SIGNFLIP_MAX; i++)
        d[i] = 1;
    struct signflip f = flip(d, SIGNFLIP_MAX);
    assert_true(f.at_least == 1 && f.above == 0 && f.p == ldexp(1, -SIGNFLIP_MAX));
    for (size_t i = 0; i < SIGNFLIP_MAX / 2; i++)
        d[i] = -1; /* half and half: C(24, 12) assignments tie at zero */
    f = flip(d, SIGNFLIP_MAX);
    assert_true(f.at_least - f.above == 2704156);
    const double zeros[3] = {0};
    assert_true(flip(zeros, 3).p == 1);
    struct err err = {0};
    assert_int_equal(signflip_test(d, SIGNFLIP_MAX + 1, &f, &err), RC_USAGE);
    err_clear(&err);
    assert_int_equal(signflip_test(d, 0, &f, &err), RC_USAGE);
}

static void flip_nan(void)
{
    flip((const double[]){1, NAN}, 2);
}

static void flips_of_what_is_not_a_number(void **unused)
{
    (void)unused;
    assert_aborts(flip_nan, "check failed: isfinite(d[i])");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(k8_quantiles_of_an_exponential_grid),
        cmocka_unit_test(k8_median_of_six),
        cmocka_unit_test(k9_ranks_for_the_p95),
        cmocka_unit_test(medians_over_rounds),
        cmocka_unit_test(ranks_are_the_extreme_ones),
        cmocka_unit_test(equality_counts),
        cmocka_unit_test(counts_are_the_fewest),
        cmocka_unit_test(coverage_in_a_simulation),
        cmocka_unit_test(order_wrong_arguments),
        cmocka_unit_test(order_counts_check_their_levels),
        cmocka_unit_test(k5_darwins_maize),
        cmocka_unit_test(flips_are_the_enumeration),
        cmocka_unit_test(flips_at_the_limits),
        cmocka_unit_test(flips_of_what_is_not_a_number),
    };
    return cmocka_run_group_tests_name("order", tests, NULL, NULL);
}
