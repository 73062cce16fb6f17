#include "analysis/order.h"

#include <math.h>

#include "engine/quantile.h"
#include "engine/special.h"

/* P(Bin(n, q) <= below - 1): the quantile lies below x_(below). */
static double probability_below(size_t below, size_t n, double q)
{
    return below == 0 ? 0 : special_binomial_cdf(below - 1, n, q);
}

/* A tail that equals its share but for the rounding of the special function costs no rank. */
static const double ROUNDING = 1e-12;

/* The largest rank with P(Bin(n, q) <= rank - 1) <= share, 0 when there is none. */
static size_t low_rank(size_t n, double q, double share)
{
    size_t low = 0, high = n; /* P grows with the rank: by bisection */
    while (low < high) {
        size_t middle = low + (high - low + 1) / 2;
        if (probability_below(middle, n, q) <= share * (1 + ROUNDING))
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

enum rc order_interval(const double *sorted, size_t n, double q, double confidence,
                       struct order_interval *out, struct err *err)
{
    if (n == 0)
        return FAIL(err, RC_USAGE, 0, "an interval of a quantile takes at least 1 value");
    if (!(q > 0 && q < 1))
        return FAIL(err, RC_USAGE, 0, "a quantile lies between 0 and 1, not at %g", q);
    if (!(confidence > 0 && confidence < 1))
        return FAIL(err, RC_USAGE, 0, "a confidence lies between 0 and 1, not at %g", confidence);
    /* The upper end is the lower end of 1 - q seen from the top. */
    double share = (1 - confidence) / 2;
    size_t low = low_rank(n, q, share), from_top = low_rank(n, 1 - q, share);
    out->low_rank = low;
    out->high_rank = n + 1 - from_top;
    out->interval = (struct interval){.estimate = quantile_type7(sorted, n, q),
                                      .low = low == 0 ? -INFINITY : sorted[low - 1],
                                      .high = from_top == 0 ? INFINITY : sorted[n - from_top],
                                      .coverage = 1 - probability_below(low, n, q) -
                                                  probability_below(from_top, n, 1 - q),
                                      .n = n};
    return RC_OK;
}

/* ---- how many values ------------------------------------------------------------------------- */

/* The smallest n >= 1 with share^n <= rest; an n whose power is equal but for rounding counts. */
static size_t power_count(double share, double rest)
{
    double n = ceil(log(rest) / log(share) * (1 - ROUNDING));
    CHECK(n < 1e15);
    return n < 1 ? 1 : (size_t)n;
}

size_t order_count_one_sided(double q, double confidence)
{
    CHECK(q > 0 && q < 1 && confidence > 0 && confidence < 1);
    return power_count(fmax(q, 1 - q), 1 - confidence);
}

size_t order_count_two_sided(double q, double confidence)
{
    CHECK(q > 0 && q < 1 && confidence > 0 && confidence < 1);
    return power_count(fmax(q, 1 - q), (1 - confidence) / 2);
}

double order_tolerance(size_t n, double q)
{
    CHECK(q > 0 && q < 1);
    return n < 2 ? 0 : special_beta(1 - q, 2, (double)n - 1);
}

size_t order_count_tolerance(double q, double confidence)
{
    CHECK(q > 0 && q < 1 && confidence > 0 && confidence < 1);
    size_t low = 2, high = 2; /* too few below low; doubled until high is enough */
    while (order_tolerance(high, q) < confidence * (1 - ROUNDING)) {
        low = high + 1;
        high *= 2;
        CHECK(high < (size_t)1 << 50);
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (order_tolerance(middle, q) < confidence * (1 - ROUNDING))
            low = middle + 1;
        else
            high = middle;
    }
    return high;
}
