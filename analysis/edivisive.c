#include "analysis/edivisive.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/ttest.h"

/* Three of one kind are a regime.  With two a side, Welch's test of a split that was chosen for
 * being large alarms half as often again on noise alone. */
enum { SERIES_MAX = 100000, SIDE_MIN = 3 };
/* The first pass is looser by this, so that a change which only shows once its neighbours are known
 * is not lost; the second removes what does not hold. */
static const double first_pass = 10;

struct finder {
    const double *x;
    size_t n;
    double *beyond; /* of x[i]: sum of |x_i - x_j| over i < j < kappa; room for one window */
    double *within; /* sum of |x_i - x_j| over both in the first so many; room for one window + 1 */
    size_t *at;     /* change points, ascending; room for n */
    size_t count;
};

struct split {
    size_t at;
    double energy;
};

/* ---- the energy statistic -------------------------------------------------------------------- */

/* The best split of x[0..len): between x[0..tau) and x[tau..kappa) over all kappa <= len, as
 * Matteson & James have it, so that a later change back does not hide an earlier one.  In
 * quadratic time: moving kappa by one adds one distance to every sum. */
static struct split best_split(struct finder *finder, const double *x, size_t len)
{
    struct split best = {0, 0};
    double *beyond = finder->beyond, *within = finder->within;
    within[0] = 0;
    for (size_t kappa = 1; kappa <= len; kappa++) {
        double all = 0;
        beyond[kappa - 1] = 0;
        for (size_t i = 0; i < kappa; i++) {
            beyond[i] += fabs(x[i] - x[kappa - 1]);
            all += beyond[i];
        }
        within[kappa] = all;
        double right = 0;
        for (size_t tau = kappa - 1; tau >= SIDE_MIN; tau--) {
            right += beyond[tau];
            if (tau + SIDE_MIN > len)
                continue;
            double n = (double)tau, m = (double)(kappa - tau), left = within[tau];
            double energy = all - left - right - m / (n - 1) * left;
            if (m > 1)
                energy -= n / (m - 1) * right;
            energy *= 2 / (m + n);
            if (energy > best.energy)
                best = (struct split){tau, energy};
        }
    }
    return best;
}

/* ---- first pass: windows --------------------------------------------------------------------- */

static void insert(struct finder *finder, size_t at)
{
    size_t i = finder->count;
    while (i > 0 && finder->at[i - 1] > at)
        i--;
    if (i > 0 && finder->at[i - 1] == at)
        return;
    memmove(finder->at + i + 1, finder->at + i, (finder->count - i) * sizeof(*finder->at));
    finder->at[i] = at;
    finder->count++;
}

static double p_of(const struct finder *finder, size_t from, size_t at, size_t end)
{
    return ttest_welch(finder->x + from, at - from, finder->x + at, end - at);
}

/* Splits [from, end) where the energy is largest, its parts again, while Welch's test agrees. */
static void divide(struct finder *finder, size_t from, size_t end, double max_p)
{
    struct split split = best_split(finder, finder->x + from, end - from);
    size_t at = from + split.at;
    if (split.at == 0 || p_of(finder, from, at, end) > max_p)
        return;
    insert(finder, at);
    divide(finder, from, at, max_p);
    divide(finder, at, end, max_p);
}

static void divide_windows(struct finder *finder, size_t window, double max_p)
{
    size_t step = window / 2;
    for (size_t start = 0; start < finder->n;) {
        size_t end = finder->n - start < window ? finder->n : start + window;
        divide(finder, start, end, max_p);
        /* The next window begins at the last change found, so that both its regimes are whole. */
        size_t last = finder->count > 0 ? finder->at[finder->count - 1] : 0;
        start = last > start + step ? last : start + step;
    }
}

/* ---- second pass: what holds between its neighbours ------------------------------------------ */

static double p_between_neighbours(const struct finder *finder, size_t i)
{
    size_t from = i == 0 ? 0 : finder->at[i - 1];
    size_t end = i + 1 == finder->count ? finder->n : finder->at[i + 1];
    return p_of(finder, from, finder->at[i], end);
}

/* Removes the weakest until all are strong enough; only its neighbours need their p again. */
static void merge(struct finder *finder, double max_p, double *p)
{
    for (size_t i = 0; i < finder->count; i++)
        p[i] = p_between_neighbours(finder, i);
    while (finder->count > 0) {
        size_t weakest = 0;
        for (size_t i = 1; i < finder->count; i++)
            weakest = p[i] > p[weakest] ? i : weakest;
        if (p[weakest] <= max_p)
            return;
        size_t after = --finder->count - weakest;
        memmove(finder->at + weakest, finder->at + weakest + 1, after * sizeof(*finder->at));
        memmove(p + weakest, p + weakest + 1, after * sizeof(*p));
        if (weakest > 0)
            p[weakest - 1] = p_between_neighbours(finder, weakest - 1);
        if (weakest < finder->count)
            p[weakest] = p_between_neighbours(finder, weakest);
    }
}

static double mean_of(const double *x, size_t from, size_t end)
{
    double mean = 0;
    for (size_t i = from; i < end; i++)
        mean += x[i] / (double)(end - from);
    return mean;
}

static void write_out(const struct finder *finder, const double *p, struct change_point *out,
                      size_t max)
{
    for (size_t i = 0; i < finder->count && i < max; i++) {
        size_t at = finder->at[i], from = i == 0 ? 0 : finder->at[i - 1];
        size_t end = i + 1 == finder->count ? finder->n : finder->at[i + 1];
        out[i] = (struct change_point){at, mean_of(finder->x, from, at),
                                       mean_of(finder->x, at, end), p[i]};
    }
}

enum rc edivisive_find(const double *x, size_t n, const struct edivisive_options *options,
                       struct change_point *out, size_t max, size_t *count, struct err *err)
{
    *count = 0;
    if (n > SERIES_MAX)
        return FAIL(err, RC_USAGE, 0, "a history of %zu points: at most %d", n, SERIES_MAX);
    if (options->window < 2 * SIDE_MIN || options->window > EDIVISIVE_WINDOW_MAX)
        return FAIL(err, RC_USAGE, 0, "a window of %zu points: %d to %d", options->window,
                    2 * SIDE_MIN, EDIVISIVE_WINDOW_MAX);
    if (!(options->max_p > 0 && options->max_p < 1))
        return FAIL(err, RC_USAGE, 0, "a change point's p lies between 0 and 1");
    for (size_t i = 0; i < n; i++)
        CHECK(isfinite(x[i]));
    struct finder finder = {.x = x, .n = n};
    finder.beyond = malloc((2 * options->window + 1) * sizeof(double));
    finder.at = malloc((n + 1) * sizeof(*finder.at));
    double *p = malloc((n + 1) * sizeof(*p));
    enum rc rc = RC_OK;
    if (finder.beyond == NULL || finder.at == NULL || p == NULL) {
        rc = FAIL(err, RC_NOMEM, 0, "no memory for a history of %zu points", n);
    } else {
        finder.within = finder.beyond + options->window;
        divide_windows(&finder, options->window, fmin(options->max_p * first_pass, 0.5));
        merge(&finder, options->max_p, p);
        write_out(&finder, p, out, max);
        *count = finder.count < max ? finder.count : max;
    }
    free(p);
    free(finder.at);
    free(finder.beyond);
    return rc;
}
