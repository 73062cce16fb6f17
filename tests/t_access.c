/* t_access: which files are favoured.  Frequencies against exact probabilities, which are computed
 * here from the definitions; what happens as files come; what is drawn when nothing is asked. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "workloads/access.h"
#include "workloads/workload.h"

enum { FILES = 200 };

#define OK(call)                                                  \
    do {                                                          \
        enum rc ok_ = (call);                                     \
        if (ok_ != RC_OK)                                         \
            fail_msg("%s: %s: %s", #call, rc_name(ok_), err.msg); \
    } while (0)

static const struct access_options plain = {.theta = 0.99, .hot = 0.2, .heat = 0.8, .run = 16};

static void files_make(struct schedule *schedule, uint32_t count, struct err *err)
{
    schedule_init(schedule, err);
    for (uint32_t file = 0; file < count; file++)
        if (schedule_insert(schedule) != RC_OK)
            fail_msg("%s", err->msg);
}

/* Counts of `draws` draws, by file. */
static void count_draws(const struct access_options *options, uint32_t files, uint64_t draws,
                        uint64_t seed, uint32_t *counts)
{
    struct err err = {0};
    struct schedule schedule;
    struct access access;
    struct rng rng = rng_stream(seed, "t_access", 0);
    files_make(&schedule, files, &err);
    OK(access_init(&access, options, &schedule, &rng));
    memset(counts, 0, files * sizeof(*counts));
    for (uint64_t k = 0; k < draws; k++) {
        uint32_t file = access_pick(&access, &schedule, &rng);
        assert_true(file < files);
        counts[file]++;
    }
    access_release(&access);
    schedule_release(&schedule);
}

/* Pearson's statistic has a mean of n - 1 and a deviation of sqrt(2 (n - 1)): five of them is less
 * than one in a million, for expected counts that are not small. */
static void expect_fit(const uint32_t *counts, const double *shares, uint32_t n, uint64_t draws)
{
    double chi = 0;
    for (uint32_t i = 0; i < n; i++) {
        double expected = shares[i] * (double)draws;
        assert_true(expected > 10);
        chi += (counts[i] - expected) * (counts[i] - expected) / expected;
    }
    double limit = n - 1 + 5 * sqrt(2.0 * (n - 1));
    if (chi > limit)
        fail_msg("chi-square is %g for %u counts, at most %g", chi, n, limit);
}

/* The same with shares that are a little wrong must be seen. */
static void expect_misfit(const uint32_t *counts, const double *shares, uint32_t n, uint64_t draws)
{
    double chi = 0;
    for (uint32_t i = 0; i < n; i++) {
        double expected = shares[i] * (double)draws;
        chi += (counts[i] - expected) * (counts[i] - expected) / expected;
    }
    assert_true(chi > n - 1 + 5 * sqrt(2.0 * (n - 1)));
}

static void zipf_shares(double *shares, uint32_t n, double theta)
{
    double sum = 0;
    for (uint32_t r = n; r >= 1; r--)
        sum += pow(r, -theta);
    for (uint32_t r = 1; r <= n; r++)
        shares[r - 1] = pow(r, -theta) / sum;
}

static int descending(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x < y) - (x > y);
}

/* ---- zipf ------------------------------------------------------------------------------------ */

/* `latest` shows the ranks as they are: the last file is the first rank. */
static void test_zipf_is_exact(void **state)
{
    static const double thetas[] = {0, 0.3, 0.5, 0.99, 0.999999999, 1, 1.000000001, 1.2, 1.5};
    const uint64_t draws = 400000;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(thetas); i++) {
        uint32_t counts[FILES], ranks[FILES];
        double shares[FILES];
        struct access_options options = plain;
        uint32_t n = thetas[i] > 1.1 ? 50 : FILES;
        options.skew = ACCESS_LATEST;
        options.theta = thetas[i];
        count_draws(&options, n, draws, 7, counts);
        for (uint32_t r = 0; r < n; r++)
            ranks[r] = counts[n - 1 - r];
        zipf_shares(shares, n, thetas[i]);
        expect_fit(ranks, shares, n, draws);
        zipf_shares(shares, n, thetas[i] + 0.03);
        expect_misfit(ranks, shares, n, draws);
    }
}

/* Popularity is dealt to files at random: the same frequencies, in another order. */
static void test_zipf_is_scrambled(void **state)
{
    const uint64_t draws = 400000;
    uint32_t counts[FILES], other[FILES];
    double shares[FILES];
    struct access_options options = plain;
    (void)state;
    options.skew = ACCESS_ZIPF;
    count_draws(&options, FILES, draws, 1, counts);
    count_draws(&options, FILES, draws, 2, other);
    uint32_t hottest = 0, second = 0;
    for (uint32_t file = 0; file < FILES; file++) {
        hottest = counts[file] > counts[hottest] ? file : hottest;
        second = other[file] > other[second] ? file : second;
    }
    assert_int_not_equal(hottest, second);
    /* Sorted, they are the ranks' but for neighbours that changed places by chance. */
    qsort(counts, FILES, sizeof(*counts), descending);
    zipf_shares(shares, FILES, 0.99);
    for (uint32_t r = 0; r < FILES; r++) {
        double expected = shares[r] * (double)draws;
        assert_true(fabs(counts[r] - expected) < 6 * sqrt(expected));
    }
}

/* A skew that is no skew, and sizes at which nothing can go wrong. */
static void test_zipf_edges(void **state)
{
    static const double thetas[] = {0, 1, 2.5, 10};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(thetas); i++) {
        uint32_t counts[2];
        struct access_options options = plain;
        options.skew = ACCESS_ZIPF;
        options.theta = thetas[i];
        count_draws(&options, 1, 100, 3, counts);
        assert_int_equal(counts[0], 100);
        count_draws(&options, 2, 20000, 3, counts);
        double share = 1 / (1 + pow(2, -thetas[i]));
        double more = counts[0] > counts[1] ? counts[0] : counts[1];
        assert_true(fabs(more / 20000 - share) < 0.02);
    }
}

/* Files that come later take the ranks behind; under `latest` they take the first. */
static void test_files_that_come(void **state)
{
    static const int skews[] = {ACCESS_ZIPF, ACCESS_LATEST, ACCESS_HOTSPOT, ACCESS_RUNS};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(skews); i++) {
        struct err err = {0};
        struct schedule schedule;
        struct access access;
        struct rng rng = rng_stream(5, "t_access", 1);
        struct access_options options = plain;
        uint32_t counts[FILES] = {0};
        options.skew = skews[i];
        options.theta = 1;
        files_make(&schedule, FILES / 2, &err);
        OK(access_init(&access, &options, &schedule, &rng));
        for (uint32_t k = 0; k < FILES / 2; k++) {
            (void)access_pick(&access, &schedule, &rng);
            OK(schedule_insert(&schedule));
        }
        for (uint32_t k = 0; k < 100000; k++)
            counts[access_pick(&access, &schedule, &rng)]++;
        uint32_t later = 0;
        for (uint32_t file = FILES / 2; file < FILES; file++)
            later += counts[file];
        double h = 0, half = 0;
        for (uint32_t r = FILES; r >= 1; r--) {
            h += 1.0 / r;
            half += r <= FILES / 2 ? 1.0 / r : 0;
        }
        double wanted[] = {[ACCESS_ZIPF] = 1 - half / h,
                           [ACCESS_LATEST] = half / h,
                           /* 20 of 200 are hot; 100 of the other 180 are later ones. */
                           [ACCESS_HOTSPOT] = 0.2 * 100 / 180,
                           [ACCESS_RUNS] = 0.5};
        assert_true(fabs(later / 100000.0 - wanted[skews[i]]) < 0.02);
        access_release(&access);
        schedule_release(&schedule);
    }
}

/* ---- the others ------------------------------------------------------------------------------ */

static void test_hotspot(void **state)
{
    static const struct {
        double hot, heat;
    } cases[] = {{0.2, 0.8}, {0.05, 0.5}, {0.5, 0.5}, {1, 0.3}, {0.000001, 0.6}};
    const uint64_t draws = 200000;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint32_t counts[FILES];
        double shares[FILES];
        struct access_options options = plain;
        options.skew = ACCESS_HOTSPOT;
        options.hot = cases[i].hot;
        options.heat = cases[i].heat;
        count_draws(&options, FILES, draws, 11, counts);
        qsort(counts, FILES, sizeof(*counts), descending);
        uint32_t hot = (uint32_t)ceil(cases[i].hot * FILES);
        for (uint32_t k = 0; k < FILES; k++)
            shares[k] = hot == FILES ? 1.0 / FILES
                        : k < hot    ? cases[i].heat / hot
                                     : (1 - cases[i].heat) / (FILES - hot);
        expect_fit(counts, shares, FILES, draws);
    }
}

static void test_runs(void **state)
{
    struct err err = {0};
    struct schedule schedule;
    struct access access;
    struct rng rng = rng_stream(9, "t_access", 2);
    struct access_options options = plain;
    uint32_t starts[FILES] = {0}, last = 0;
    (void)state;
    options.skew = ACCESS_RUNS;
    options.run = 7;
    files_make(&schedule, FILES, &err);
    OK(access_init(&access, &options, &schedule, &rng));
    for (uint32_t k = 0; k < 7 * 20000; k++) {
        uint32_t file = access_pick(&access, &schedule, &rng);
        if (k % 7 == 0)
            starts[file]++;
        else
            assert_int_equal(file, (last + 1) % FILES);
        last = file;
    }
    double shares[FILES];
    for (uint32_t file = 0; file < FILES; file++)
        shares[file] = 1.0 / FILES;
    expect_fit(starts, shares, FILES, 20000);
    access_release(&access);
    schedule_release(&schedule);
}

/* Nothing asked for: the draws of schedule_pick, from the same state of the stream. */
static void test_uniform_is_as_it_was(void **state)
{
    struct err err = {0};
    struct schedule schedule;
    struct access access;
    struct rng rng = rng_stream(1, "mixed", 0), same = rng;
    (void)state;
    files_make(&schedule, 96, &err);
    OK(access_init(&access, &plain, &schedule, &rng));
    for (size_t k = 0; k < 1000; k++)
        assert_int_equal(access_pick(&access, &schedule, &rng), schedule_pick(&schedule, &same));
    access_release(&access);
    schedule_release(&schedule);
}

static void test_stride(void **state)
{
    (void)state;
    for (uint64_t n = 1; n < 300; n++) {
        uint64_t stride = access_stride(17, n);
        bool seen[300] = {false};
        assert_true(stride >= 17);
        for (uint64_t k = 0; k < n; k++) {
            assert_false(seen[k * stride % n]);
            seen[k * stride % n] = true;
        }
    }
}

/* ---- as options ------------------------------------------------------------------------------ */

static const char *const skewed[] = {"read_point", "update_point", "mixed",
                                     "rewrite",    "read_range",   "read_history"};

static void test_option_rows(void **state)
{
    static const struct {
        const char *options, *part;
    } refused[] = {
        {"skew=zipfian", "skew"},
        {"skew=zipf,theta=nan", "theta"},
        {"theta=-0.5", "theta"},
        {"theta=-nan", "theta"},
        {"theta=inf", "theta"},
        {"theta=10.1", "theta"},
        {"theta=1e999", "theta"},
        {"hot=0", "hot"},
        {"hot=101%", "hot"},
        {"heat=-1%", "heat"},
        {"skew=runs,run=0", "run"},
        {"run=1000000000", "run"},
        {"skew=zipf,skew=zipf", "skew"},
    };
    (void)state;
    for (size_t w = 0; w < COUNT_OF(skewed); w++) {
        const struct workload *row = workload_by_name(skewed[w]);
        struct err err = {0};
        struct buf text = {0};
        assert_non_null(row);
        /* Silent where nothing was asked for, so that older records ask the same. */
        OK(workload_options_check(row, "", &text, &err));
        assert_null(strstr(buf_str(&text), "skew"));
        buf_clear(&text);
        OK(workload_options_check(row, "skew=zipf,theta=1", &text, &err));
        assert_non_null(strstr(buf_str(&text), "skew=zipf,theta=1"));
        buf_release(&text);
        for (size_t i = 0; i < COUNT_OF(refused); i++) {
            err_clear(&err);
            assert_int_equal(workload_options_check(row, refused[i].options, NULL, &err), RC_USAGE);
            if (strstr(err.msg, refused[i].part) == NULL || strstr(err.msg, skewed[w]) == NULL)
                fail_msg("%s: \"%s\" lacks \"%s\"", refused[i].options, err.msg, refused[i].part);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_zipf_is_exact),
        cmocka_unit_test(test_zipf_is_scrambled),
        cmocka_unit_test(test_zipf_edges),
        cmocka_unit_test(test_files_that_come),
        cmocka_unit_test(test_hotspot),
        cmocka_unit_test(test_runs),
        cmocka_unit_test(test_uniform_is_as_it_was),
        cmocka_unit_test(test_stride),
        cmocka_unit_test(test_option_rows),
    };
    return cmocka_run_group_tests_name("t_access", tests, NULL, NULL);
}
