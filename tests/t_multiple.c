/* Families of p-values: Benjamini & Hochberg's own example, and the definitions. */
#include "analysis/multiple.h"
#include "engine/rng.h"
#include "tests/support_abort.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { FAMILY_MAX = 40 };

static void holm(const double *p, size_t count, double *adjusted)
{
    struct err err = {0};
    assert_int_equal(multiple_holm(p, count, adjusted, &err), RC_OK);
}

static void benjamini_hochberg(const double *p, size_t count, double *adjusted)
{
    struct err err = {0};
    assert_int_equal(multiple_benjamini_hochberg(p, count, adjusted, &err), RC_OK);
}

/* The thrombolysis data of Benjamini & Hochberg 1995; adjusted values from R's p.adjust. */
static void k12_fifteen_hypotheses(void **unused)
{
    (void)unused;
    static const double p[15] = {.0001, .0004, .0019, .0095, .0201, .0278, .0298, .0344,
                                 .0459, .3240, .4262, .5719, .6528, .7590, 1};
    static const double bh[15] = {0.0015,
                                  0.003,
                                  0.0095,
                                  0.035625,
                                  0.0603,
                                  0.063857142857142862,
                                  0.063857142857142862,
                                  0.0645,
                                  0.076500000000000012,
                                  0.486,
                                  0.58118181818181813,
                                  0.71487499999999993,
                                  0.75323076923076926,
                                  0.81321428571428567,
                                  1};
    static const double hm[15] = {.0015, .0056, .0247, .114, .2211, .278, .278, .278,
                                  .3213, 1,     1,     1,    1,     1,    1};
    double a[15], b[15];
    holm(p, 15, a);
    benjamini_hochberg(p, 15, b);
    int by_holm = 0, by_bh = 0;
    for (size_t i = 0; i < 15; i++) {
        by_holm += a[i] <= 0.05;
        by_bh += b[i] <= 0.05;
        assert_true(fabs(a[i] - hm[i]) <= 1e-15 && fabs(b[i] - bh[i]) <= 1e-15);
    }
    assert_int_equal(by_holm, 3);
    assert_int_equal(by_bh, 4);
}

/* Holm: max over the smaller or equal p of (how many are at least as large) p. */
static double holm_by_definition(const double *p, size_t count, size_t at)
{
    double worst = 0;
    for (size_t i = 0; i < count; i++) {
        size_t left = 0;
        for (size_t j = 0; j < count; j++)
            left += p[j] <= 1 && p[j] >= p[i];
        if (p[i] <= p[at])
            worst = fmax(worst, fmin(1, (double)left * p[i]));
    }
    return worst;
}

/* Benjamini & Hochberg: min over the larger or equal p of m p / (how many are at most as large). */
static double bh_by_definition(const double *p, size_t count, size_t at)
{
    double best = 1;
    size_t m = 0;
    for (size_t i = 0; i < count; i++)
        m += p[i] <= 1;
    for (size_t i = 0; i < count; i++) {
        size_t below = 0;
        for (size_t j = 0; j < count; j++)
            below += p[j] <= p[i];
        if (p[i] >= p[at] && p[i] <= 1)
            best = fmin(best, (double)m / (double)below * p[i]);
    }
    return best;
}

static size_t random_family(struct rng *rng, double *p)
{
    size_t count = (size_t)rng_below(rng, FAMILY_MAX + 1);
    uint64_t kind = rng_below(rng, 3);
    for (size_t i = 0; i < count; i++) {
        p[i] = kind == 0 ? rng_unit(rng) : (double)rng_below(rng, 8) / (kind == 1 ? 7 : 100);
        if (rng_below(rng, 6) == 0)
            p[i] = rng_below(rng, 2) != 0 ? INFINITY : 1.5; /* no hypothesis */
    }
    return count;
}

static void both_are_what_their_definitions_say(void **unused)
{
    (void)unused;
    struct rng rng = rng_stream(1, "multiple", 0);
    for (size_t set = 0; set < 5000; set++) {
        double p[FAMILY_MAX], a[FAMILY_MAX], b[FAMILY_MAX];
        size_t count = random_family(&rng, p);
        holm(p, count, a);
        benjamini_hochberg(p, count, b);
        for (size_t i = 0; i < count; i++) {
            if (p[i] > 1) {
                assert_true(a[i] == p[i] && b[i] == p[i]);
                continue;
            }
            assert_true(a[i] == holm_by_definition(p, count, i));
            assert_true(b[i] == bh_by_definition(p, count, i));
            assert_true(p[i] <= b[i] && b[i] <= a[i] && a[i] <= 1);
        }
        for (size_t i = 0; i < count * count; i++) { /* never out of order */
            size_t x = i / count, y = i % count;
            assert_true(!(p[x] <= p[y]) || (a[x] <= a[y] && b[x] <= b[y]));
        }
    }
}

static void adjusted_may_be_p(void **unused)
{
    (void)unused;
    struct rng rng = rng_stream(2, "multiple", 0);
    for (size_t set = 0; set < 300; set++) {
        double p[FAMILY_MAX], a[FAMILY_MAX], b[FAMILY_MAX];
        size_t count = random_family(&rng, p);
        holm(p, count, a);
        for (size_t i = 0; i < count; i++)
            b[i] = p[i];
        holm(b, count, b);
        for (size_t i = 0; i < count; i++)
            assert_true(a[i] == b[i]);
        benjamini_hochberg(p, count, a);
        benjamini_hochberg(p, count, p);
        for (size_t i = 0; i < count; i++)
            assert_true(a[i] == p[i]);
    }
}

static void small_families(void **unused)
{
    (void)unused;
    double p[] = {0.04}, zero[] = {0, 0, 1}, never[] = {INFINITY, 2}, a[3];
    holm(p, 0, a);
    benjamini_hochberg(p, 0, a);
    holm(p, 1, a);
    assert_true(a[0] == 0.04);
    holm(zero, 3, a);
    assert_true(a[0] == 0 && a[1] == 0 && a[2] == 1);
    holm(never, 2, a);
    assert_true(a[0] == INFINITY && a[1] == 2);
    benjamini_hochberg(never, 2, a);
    assert_true(a[0] == INFINITY && a[1] == 2);
    /* What cannot be is no hypothesis: the others are adjusted as if it were not there. */
    double some[] = {0.01, INFINITY, 0.04};
    holm(some, 3, a);
    assert_true(a[0] == 0.02 && a[1] == INFINITY && a[2] == 0.04);
}

static void holm_nan(void)
{
    double a[2];
    holm((const double[]){0.1, NAN}, 2, a);
}

static void bh_negative(void)
{
    double a[2];
    benjamini_hochberg((const double[]){0.1, -0.1}, 2, a);
}

static void what_is_no_probability_is_a_defect(void **unused)
{
    (void)unused;
    assert_aborts(holm_nan, "check failed: p[i] >= 0");
    assert_aborts(bh_negative, "check failed: p[i] >= 0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(k12_fifteen_hypotheses),
        cmocka_unit_test(both_are_what_their_definitions_say),
        cmocka_unit_test(adjusted_may_be_p),
        cmocka_unit_test(small_families),
        cmocka_unit_test(what_is_no_probability_is_a_defect),
    };
    return cmocka_run_group_tests_name("multiple", tests, NULL, NULL);
}
