#include "analysis/bootstrap.h"

#include <math.h>
#include <stdlib.h>

#include "analysis/pareto.h"
#include "engine/rng.h"
#include "engine/special.h"

struct ranked {
    double value;
    uint32_t round;
};

/* The rounds of every series (one dimension of one arm) by ascending value: sorted once, so that
 * the median of a resample is found by counting how often each round was drawn. */
struct resampler {
    size_t arms, dims, rounds;
    struct ranked *series; /* [(arm * dims + dim) * rounds + place] */
    uint32_t *drawn;       /* how often each round is in the resample */
    double *medians;       /* [arm * dims + dim] */
    uint64_t *survived;    /* resamples in which the arm was on the frontier */
};

static void resampler_release(struct resampler *resampler)
{
    free(resampler->series);
    free(resampler->drawn);
    free(resampler->medians);
    free(resampler->survived);
}

static int by_value(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->value != y->value)
        return x->value < y->value ? -1 : 1;
    return (x->round > y->round) - (x->round < y->round);
}

static enum rc resampler_init(struct resampler *resampler, const double *values, size_t arms,
                              size_t dims, size_t rounds, struct err *err)
{
    size_t series = arms * dims;
    *resampler = (struct resampler){.arms = arms, .dims = dims, .rounds = rounds};
    resampler->series = calloc(series * rounds, sizeof(*resampler->series));
    resampler->drawn = calloc(rounds, sizeof(*resampler->drawn));
    resampler->medians = calloc(series, sizeof(*resampler->medians));
    resampler->survived = calloc(arms, sizeof(*resampler->survived));
    if (resampler->series == NULL || resampler->drawn == NULL || resampler->medians == NULL ||
        resampler->survived == NULL) {
        resampler_release(resampler);
        return FAIL(err, RC_NOMEM, 0, "no memory to resample %zu rounds", rounds);
    }
    for (size_t s = 0; s < series; s++) {
        struct ranked *ranked = resampler->series + s * rounds;
        for (size_t r = 0; r < rounds; r++) {
            CHECK(isfinite(values[s * rounds + r]));
            ranked[r] = (struct ranked){values[s * rounds + r], (uint32_t)r};
        }
        qsort(ranked, rounds, sizeof(*ranked), by_value);
    }
    return RC_OK;
}

static void draw_rounds(struct resampler *resampler, struct rng *rng)
{
    for (size_t r = 0; r < resampler->rounds; r++)
        resampler->drawn[r] = 0;
    for (size_t r = 0; r < resampler->rounds; r++)
        resampler->drawn[rng_below(rng, resampler->rounds)]++;
}

/* The mean of the two middle values of the resample, which are one when its size is odd. */
static double resampled_median(const struct resampler *resampler, const struct ranked *series)
{
    size_t low = (resampler->rounds - 1) / 2, high = resampler->rounds / 2, place = 0;
    size_t below = resampler->drawn[series[0].round]; /* values up to and with `place` */
    while (below <= low)
        below += resampler->drawn[series[++place].round];
    double median = series[place].value;
    if (below > high)
        return median;
    while (below <= high)
        below += resampler->drawn[series[++place].round];
    return median / 2 + series[place].value / 2;
}

static void count_survivors(struct resampler *resampler)
{
    const size_t dims = resampler->dims;
    for (size_t s = 0; s < resampler->arms * dims; s++) {
        const struct ranked *series = resampler->series + s * resampler->rounds;
        resampler->medians[s] = resampled_median(resampler, series);
    }
    const double *medians = resampler->medians;
    for (size_t arm = 0; arm < resampler->arms; arm++) {
        bool dominated = false;
        for (size_t by = 0; by < resampler->arms && !dominated; by++)
            dominated = pareto_dominates(medians + by * dims, medians + arm * dims, dims);
        resampler->survived[arm] += !dominated;
    }
}

enum rc bootstrap_membership(const double *values, size_t arms, size_t dims, size_t rounds,
                             uint64_t seed, uint32_t draws, double *frequency, struct err *err)
{
    if (arms == 0)
        return RC_OK;
    CHECK(dims >= 1 && rounds >= 1 && rounds <= UINT32_MAX && draws >= 1);
    struct resampler resampler;
    enum rc rc = resampler_init(&resampler, values, arms, dims, rounds, err);
    if (rc != RC_OK)
        return rc;
    struct rng rng = rng_stream(seed, "bootstrap", 0);
    for (uint32_t draw = 0; draw < draws; draw++) {
        draw_rounds(&resampler, &rng);
        count_survivors(&resampler);
    }
    for (size_t arm = 0; arm < arms; arm++)
        frequency[arm] = (double)resampler.survived[arm] / draws;
    resampler_release(&resampler);
    return RC_OK;
}

/* The median is at most the i-th smallest when more than half of the draws are.  The law is
 * symmetric: the upper half repeats the lower one, where nothing cancels. */
void bootstrap_median_law(size_t n, double *out)
{
    CHECK(n % 2 == 1);
    size_t middle = n / 2;
    double before = 0, rest = 1;
    for (size_t i = 0; i < middle; i++) {
        /* More than half of n draws at or below it: at most `middle` are above. */
        double above = (double)(n - i - 1) / (double)n;
        double up_to = special_binomial_cdf(middle, n, above);
        out[i] = out[n - 1 - i] = up_to - before;
        rest -= 2 * out[i];
        before = up_to;
    }
    out[middle] = rest;
}
