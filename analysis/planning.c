#include "analysis/planning.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/signrank.h"
#include "analysis/stats.h"
#include "engine/special.h"

/* 1 / the normal's third quartile: makes the MAD of normal data estimate its sigma. */
static const double mad_to_sigma = 1.482602218505602;
/* 3 / pi: of the signed-rank test against the t-test, normal data. */
static const double efficiency = 0.955;
/* No study has more rounds; beyond it a count means "never". */
static const double rounds_never = 1e15;

enum rc planning_spread(const double *d, size_t n, double *out, struct err *err)
{
    *out = 0;
    if (n < 2)
        return RC_OK;
    double *copy = malloc(n * sizeof(*copy));
    if (copy == NULL)
        return FAIL(err, RC_NOMEM, 0, "no memory for %zu differences", n);
    memcpy(copy, d, n * sizeof(*copy));
    *out = mad_to_sigma * stats_mad(copy, n);
    free(copy);
    return RC_OK;
}

/* z_{1-alpha} + z_{1-beta}: standard errors between the boundary and the centre. */
static double quantile_sum(double alpha, double power)
{
    CHECK(alpha > 0 && alpha < 1 && power > 0 && power < 1);
    double sum = special_normal_quantile(1 - alpha) + special_normal_quantile(power);
    return sum > 0 ? sum : 0;
}

size_t planning_rounds(double spread, double distance, double alpha, double power)
{
    double errors = quantile_sum(alpha, power);
    if (!(distance > 0) || !(spread >= 0) || isinf(spread))
        return SIZE_MAX;
    double ratio = errors * spread / distance;
    double rounds = ceil(ratio * ratio / efficiency);
    if (!(rounds < rounds_never))
        return SIZE_MAX;
    size_t least = signrank_pairs_min(1, alpha);
    return (size_t)rounds > least ? (size_t)rounds : least;
}

double planning_detectable(double spread, size_t rounds, double alpha, double power)
{
    double errors = quantile_sum(alpha, power);
    if (rounds < signrank_pairs_min(1, alpha) || !(spread >= 0))
        return INFINITY;
    /* A few units more, so that planning_rounds of the answer is not one too many by rounding. */
    return errors * spread / sqrt(efficiency * (double)rounds) * (1 + 16 * DBL_EPSILON);
}

/* ---- repetitions per level ------------------------------------------------------------------- */

static enum rc count_values(const size_t *counts, size_t levels, size_t *total, struct err *err)
{
    if (levels == 0)
        return FAIL(err, RC_USAGE, 0, "an experiment of no levels has no variances");
    uint64_t product = 1;
    for (size_t l = 0; l < levels; l++) {
        if (counts[l] < 2)
            return FAIL(err, RC_USAGE, 0, "level %zu is repeated %zu times: its variance needs two",
                        l + 1, counts[l]);
        if (!mul_u64(product, counts[l], &product) || product > SIZE_MAX / sizeof(double))
            return FAIL(err, RC_USAGE, 0, "an experiment of so many values cannot be");
    }
    *total = (size_t)product;
    return RC_OK;
}

/* Replace each group of `size` neighbours by its mean; returns the sum of squared deviations from
 * the groups' means. */
static double collapse(double *values, size_t groups, size_t size)
{
    double squares = 0;
    for (size_t g = 0; g < groups; g++) {
        const double *group = values + g * size;
        double mean = 0;
        for (size_t i = 0; i < size; i++)
            mean += group[i] / (double)size;
        for (size_t i = 0; i < size; i++)
            squares += (group[i] - mean) * (group[i] - mean);
        values[g] = mean; /* g <= g * size: nothing still needed is overwritten */
    }
    return squares;
}

enum rc planning_variances(const double *values, const size_t *counts, size_t levels, double *s2,
                           double *t2, struct err *err)
{
    size_t left = 0;
    enum rc rc = count_values(counts, levels, &left, err);
    if (rc != RC_OK)
        return rc;
    double *means = malloc(left * sizeof(*means));
    if (means == NULL)
        return FAIL(err, RC_NOMEM, 0, "no memory for %zu values", left);
    memcpy(means, values, left * sizeof(*means));
    for (size_t l = 0; l < levels; l++) {
        size_t groups = left / counts[l];
        s2[l] = collapse(means, groups, counts[l]) / (double)groups / (double)(counts[l] - 1);
        t2[l] = l == 0 ? s2[l] : s2[l] - s2[l - 1] / (double)counts[l - 1];
        left = groups;
    }
    free(means);
    return RC_OK;
}

double planning_repetitions(double cost, double cost_above, double t2, double t2_above)
{
    if (!(t2_above > 0))
        return NAN;
    /* An estimate of a variance may come out negative: there is none that can be seen. */
    return sqrt(cost_above / cost * (t2 > 0 ? t2 : 0) / t2_above);
}
