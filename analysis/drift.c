#include "analysis/drift.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/ranksum.h"
#include "analysis/stats.h"
#include "engine/rng.h"
#include "engine/special.h"

enum { EXACT_MAX = 9, SHUFFLES = 999 };

/* ---- mean, spread, autocorrelation ----------------------------------------------------------- */

double drift_mean(const double *x, size_t n)
{
    if (n == 0)
        return NAN;
    /* The second pass adds what rounding took from the first. */
    double sum = 0, rest = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[i];
    double mean = sum / (double)n;
    for (size_t i = 0; i < n; i++)
        rest += x[i] - mean;
    return mean + rest / (double)n;
}

static double squares(const double *x, size_t n, double mean)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (x[i] - mean) * (x[i] - mean);
    return sum;
}

double drift_sd(const double *x, size_t n)
{
    return n < 2 ? NAN : sqrt(squares(x, n, drift_mean(x, n)) / (double)(n - 1));
}

double drift_lag1(const double *x, size_t n)
{
    bool constant = true;
    for (size_t i = 1; i < n; i++)
        constant = constant && x[i] == x[0];
    if (constant)
        return NAN;
    double mean = drift_mean(x, n), products = 0;
    for (size_t i = 1; i < n; i++)
        products += (x[i] - mean) * (x[i - 1] - mean);
    return products / squares(x, n, mean);
}

/* ---- Kendall --------------------------------------------------------------------------------- */

/* What the runs of equal values in one series take from the variance of S. */
struct ties {
    double pairs;        /* sum t (t - 1) / 2 */
    double twos, threes; /* sum t (t - 1), sum t (t - 1) (t - 2) */
    double cubes;        /* sum t (t - 1) (2 t + 5) */
};

static enum rc count_ties(const double *x, size_t n, struct ties *out, struct err *err)
{
    *out = (struct ties){0};
    double *sorted = malloc(n * sizeof(*sorted));
    if (sorted == NULL)
        return FAIL(err, RC_NOMEM, 0, "no memory for a series of %zu", n);
    memcpy(sorted, x, n * sizeof(*sorted));
    stats_sort(sorted, n);
    for (size_t first = 0, end; first < n; first = end) {
        for (end = first + 1; end < n && sorted[end] == sorted[first];)
            end++;
        double t = (double)(end - first);
        out->pairs += t * (t - 1) / 2;
        out->twos += t * (t - 1);
        out->threes += t * (t - 1) * (t - 2);
        out->cubes += t * (t - 1) * (2 * t + 5);
    }
    free(sorted);
    return RC_OK;
}

/* Concordant minus discordant pairs. */
static double kendall_s(const double *x, const double *y, size_t n)
{
    long long s = 0;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < i; j++) {
            int dx = (x[i] > x[j]) - (x[i] < x[j]), dy = (y[i] > y[j]) - (y[i] < y[j]);
            s += dx * dy;
        }
    }
    return (double)s;
}

/* Kendall, "Rank Correlation Methods", 4.  S under independence, both series with ties. */
static double kendall_variance(double n, const struct ties *x, const struct ties *y)
{
    double variance = (n * (n - 1) * (2 * n + 5) - x->cubes - y->cubes) / 18;
    variance += x->twos * y->twos / (2 * n * (n - 1));
    if (n > 2)
        variance += x->threes * y->threes / (9 * n * (n - 1) * (n - 2));
    return variance;
}

/* Two-sided, from the number of permutations with so many inversions: each new last element adds
 * 0, 1, ... of them. */
static double kendall_exact(size_t n, double s)
{
    double counts[EXACT_MAX * (EXACT_MAX - 1) / 2 + 1] = {1}, all = 1, tail = 0;
    size_t pairs = 0;
    for (size_t size = 2; size <= n; size++) {
        pairs += size - 1;
        for (size_t v = pairs; v > 0; v--) {
            for (size_t added = 1; added < size && added <= v; added++)
                counts[v] += counts[v - added];
        }
        all *= (double)size;
    }
    size_t fewest = (size_t)((double)pairs - fabs(s)) / 2; /* inversions, of the nearer tail */
    for (size_t v = 0; v <= fewest; v++)
        tail += counts[v];
    return fmin(1, 2 * tail / all);
}

enum rc drift_kendall(const double *x, const double *y, size_t n, struct trend *out,
                      struct err *err)
{
    if (n < 2)
        return FAIL(err, RC_USAGE, 0, "a trend needs at least two values");
    struct ties tx, ty;
    enum rc rc = count_ties(x, n, &tx, err);
    if (rc == RC_OK)
        rc = count_ties(y, n, &ty, err);
    if (rc != RC_OK)
        return rc;
    double pairs = (double)n * (double)(n - 1) / 2, s = kendall_s(x, y, n);
    double scale = sqrt(pairs - tx.pairs) * sqrt(pairs - ty.pairs);
    if (scale == 0) { /* a constant goes nowhere */
        *out = (struct trend){NAN, NAN, 1};
        return RC_OK;
    }
    out->tau = s / scale;
    out->z = s / sqrt(kendall_variance((double)n, &tx, &ty));
    bool exact = n <= EXACT_MAX && tx.pairs == 0 && ty.pairs == 0;
    out->p = exact ? kendall_exact(n, s) : 2 * special_normal_cdf(-fabs(out->z));
    return RC_OK;
}

enum rc drift_trend(const double *x, size_t n, struct trend *out, struct err *err)
{
    if (n < 2)
        return FAIL(err, RC_USAGE, 0, "a trend needs at least two values");
    double *time = malloc(n * sizeof(*time));
    if (time == NULL)
        return FAIL(err, RC_NOMEM, 0, "no memory for a series of %zu", n);
    for (size_t i = 0; i < n; i++)
        time[i] = (double)i;
    enum rc rc = drift_kendall(x, time, n, out, err);
    free(time);
    return rc;
}

/* ---- Friedman -------------------------------------------------------------------------------- */

/* Adds the mid-ranks within one block to sums; returns sum t^3 - t over its ties. */
static double rank_block(const double *row, size_t treatments, double *sums)
{
    double ties = 0;
    for (size_t i = 0; i < treatments; i++) {
        size_t below = 0, equal = 0;
        for (size_t j = 0; j < treatments; j++) {
            below += row[j] < row[i];
            equal += row[j] == row[i];
        }
        sums[i] += (double)below + ((double)equal + 1) / 2;
        ties += (double)equal * (double)equal - 1; /* t times over t members: t^3 - t */
    }
    return ties;
}

enum rc drift_friedman(const double *x, size_t blocks, size_t treatments, struct friedman *out,
                       struct err *err)
{
    if (blocks < 1 || treatments < 2)
        return FAIL(err, RC_USAGE, 0, "Friedman's test needs a block and two treatments");
    double *sums = calloc(treatments, sizeof(*sums));
    if (sums == NULL)
        return FAIL(err, RC_NOMEM, 0, "no memory for %zu treatments", treatments);
    double n = (double)blocks, k = (double)treatments, ties = 0, spread = 0;
    for (size_t b = 0; b < blocks; b++)
        ties += rank_block(x + b * treatments, treatments, sums);
    for (size_t i = 0; i < treatments; i++) {
        double off = sums[i] - n * (k + 1) / 2;
        spread += off * off;
    }
    free(sums);
    double scale = n * k * (k + 1) - ties / (k - 1);
    bool told_apart = scale > 0; /* else every block is one tie */
    out->chi2 = told_apart ? 12 * spread / scale : 0;
    out->p = told_apart ? special_chi2_upper(out->chi2, k - 1) : 1;
    return RC_OK;
}

/* ---- order and steps ------------------------------------------------------------------------- */

enum rc drift_order_effect(const double *d, const bool *first, size_t n, double confidence,
                           struct interval *out, struct err *err)
{
    *out = (struct interval){NAN, -INFINITY, INFINITY, confidence, n};
    double *sides = malloc((n + 1) * sizeof(*sides));
    if (sides == NULL)
        return FAIL(err, RC_NOMEM, 0, "no memory for %zu differences", n);
    /* Those that ran first from the front, the others from the back. */
    size_t m = 0, from = n;
    for (size_t i = 0; i < n; i++)
        sides[first[i] ? m++ : --from] = d[i];
    enum rc rc = RC_OK;
    if (m > 0 && m < n) {
        rc = ranksum_interval(sides, m, sides + m, n - m, confidence, out, err);
        out->n = n;
    }
    free(sides);
    return rc;
}

/* The greatest distance of the cumulative sum of x - mean from 0, and the index after it. */
static double cusum(const double *x, size_t n, double mean, size_t *at)
{
    double sum = 0, largest = 0;
    *at = 0;
    for (size_t i = 0; i + 1 < n; i++) {
        sum += x[i] - mean;
        if (fabs(sum) > largest) {
            largest = fabs(sum);
            *at = i + 1;
        }
    }
    return largest;
}

static void shuffle(struct rng *rng, double *x, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        size_t j = (size_t)rng_below(rng, i);
        double swapped = x[i - 1];
        x[i - 1] = x[j];
        x[j] = swapped;
    }
}

enum rc drift_step(const double *x, size_t n, size_t *at, double *p, struct err *err)
{
    *at = 0;
    *p = 1;
    if (n < 2)
        return RC_OK;
    double *copy = malloc(n * sizeof(*copy));
    if (copy == NULL)
        return FAIL(err, RC_NOMEM, 0, "no memory for a series of %zu", n);
    memcpy(copy, x, n * sizeof(*copy));
    size_t found, ignored, as_large = 1;
    double mean = drift_mean(x, n), peak = cusum(x, n, mean, &found);
    struct rng rng = rng_stream(0, "drift step", 0);
    for (size_t i = 0; i < SHUFFLES; i++) {
        shuffle(&rng, copy, n);
        /* Equal sums in another order may differ by rounding: they count as equal. */
        as_large += cusum(copy, n, mean, &ignored) >= peak * (1 - 1e-9);
    }
    free(copy);
    *p = (double)as_large / (SHUFFLES + 1);
    if (*p <= 0.01)
        *at = found;
    return RC_OK;
}
