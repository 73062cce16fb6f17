#include "analysis/signrank.h"

#include <math.h>
#include <stdlib.h>

#include "engine/quantile.h"
#include "engine/special.h"

/* The distribution is symmetric, so its lower half is all that is ever summed: sums of twice the
 * ranks 1..SIGNRANK_EXACT_MAX, halved. */
enum {
    HALF_MAX = SIGNRANK_EXACT_MAX * (SIGNRANK_EXACT_MAX + 1) / 2,
    WALSH_STACK = 64 * 65 / 2 /* Walsh averages of 64 pairs: no memory is asked for */
};

/* ---- ranks ----------------------------------------------------------------------------------- */

struct ranked {
    double size; /* |d| */
    bool positive;
};

static int by_size(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    return (x->size > y->size) - (x->size < y->size);
}

static void sort_by_size(struct ranked *values, size_t n)
{
    if (n > 64) {
        qsort(values, n, sizeof(*values), by_size);
        return;
    }
    for (size_t i = 1; i < n; i++) {
        struct ranked moved = values[i];
        size_t at = i;
        for (; at > 0 && values[at - 1].size > moved.size; at--)
            values[at] = values[at - 1];
        values[at] = moved;
    }
}

/* What one sample comes to: twice the mid-ranks of its differences other than zero, ascending. */
struct ranks {
    size_t zeros, count;
    uint32_t twice[SIGNRANK_MAX];
    uint64_t positive, all; /* sums of `twice` */
    double squares;         /* sum of the squares of the mid-ranks */
    bool odd;               /* some mid-rank is not a whole number */
};

static void rank(const double *d, size_t n, double theta0, bool zeros_count, struct ranks *out)
{
    struct ranked values[SIGNRANK_MAX];
    size_t kept = 0;
    out->zeros = 0;
    for (size_t i = 0; i < n; i++) {
        double value = d[i] - theta0;
        CHECK(isfinite(value));
        if (value != 0)
            values[kept++] = (struct ranked){fabs(value), value > 0};
        else
            out->zeros++;
    }
    sort_by_size(values, kept);
    out->count = kept;
    out->positive = out->all = 0;
    out->squares = 0;
    out->odd = false;
    size_t below = zeros_count ? out->zeros : 0; /* Pratt: zeros have the first ranks */
    for (size_t first = 0; first < kept;) {
        size_t end = first + 1;
        while (end < kept && values[end].size == values[first].size)
            end++;
        uint32_t twice = (uint32_t)(2 * below + first + end + 1);
        for (size_t i = first; i < end; i++) {
            out->twice[i] = twice;
            out->all += twice;
            out->positive += values[i].positive ? twice : 0;
            out->squares += 0.25 * twice * twice;
        }
        out->odd = out->odd || twice % 2 != 0;
        first = end;
    }
}

/* ---- the exact distribution ------------------------------------------------------------------ */

/* counts[s] becomes the number of subsets of the values (ascending, from 1) with sum s, for s up to
 * `limit`.  Counts are exact up to 2^53 and otherwise right to a few roundings, for
 * none is ever subtracted. */
static void count_subsets(const uint32_t *values, size_t n, size_t limit, double *counts)
{
    counts[0] = 1;
    size_t reached = 0; /* the greatest sum so far; counts beyond are not yet set */
    for (size_t i = 0; i < n && values[i] <= limit; i++) {
        size_t value = values[i], to = reached + value;
        to = to < limit ? to : limit;
        for (size_t s = reached + 1; s <= to; s++)
            counts[s] = 0;
        for (size_t s = to; s >= value; s--)
            counts[s] += counts[s - value];
        reached = to;
    }
    for (size_t s = reached + 1; s <= limit; s++)
        counts[s] = 0;
}

/* P(V <= v) and P(V >= v) from the tail on v's side. */
static void exact_p(struct ranks *ranks, struct signrank *out)
{
    uint64_t all = ranks->all, positive = ranks->positive;
    if (!ranks->odd) { /* no ties: the plain ranks, half as many sums */
        for (size_t i = 0; i < ranks->count; i++)
            ranks->twice[i] /= 2;
        all /= 2;
        positive /= 2;
    }
    bool low = positive <= all - positive;
    size_t limit = (size_t)(low ? positive : all - positive);
    CHECK(limit <= HALF_MAX);
    double counts[HALF_MAX + 1], below = 0;
    count_subsets(ranks->twice, ranks->count, limit, counts);
    for (size_t s = 0; s < limit; s++)
        below += counts[s];
    double near = ldexp(below + counts[limit], -(int)ranks->count);
    double far = 1 - ldexp(below, -(int)ranks->count);
    out->p_less = low ? near : far;
    out->p_greater = low ? far : near;
}

static void ranks_one_to(size_t n, uint32_t *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (uint32_t)i + 1;
}

double signrank_cdf(size_t n, long c)
{
    CHECK(n <= SIGNRANK_EXACT_MAX);
    long all = (long)(n * (n + 1) / 2);
    if (c < 0 || c >= all)
        return c < 0 ? 0 : 1;
    if (c > all / 2)
        return 1 - signrank_cdf(n, all - c - 1);
    uint32_t ranks[SIGNRANK_EXACT_MAX];
    double counts[HALF_MAX + 1], sum = 0;
    ranks_one_to(n, ranks);
    count_subsets(ranks, n, (size_t)c, counts);
    for (long s = 0; s <= c; s++)
        sum += counts[s];
    return ldexp(sum, -(int)n);
}

/* The largest c with P(V <= c) <= alpha, or -1; *reached becomes P(V <= c). */
static long critical(size_t n, double alpha, double *reached)
{
    CHECK(n <= SIGNRANK_EXACT_MAX && !isnan(alpha));
    size_t all = n * (n + 1) / 2;
    uint32_t ranks[SIGNRANK_EXACT_MAX];
    double counts[HALF_MAX + 1], sum = 0;
    ranks_one_to(n, ranks);
    count_subsets(ranks, n, alpha < 0.5 ? all / 2 : all, counts);
    *reached = 0;
    for (size_t s = 0; s <= all; s++) {
        sum += counts[s];
        double p = ldexp(sum, -(int)n);
        if (p > alpha)
            return (long)s - 1;
        *reached = p;
    }
    return (long)all;
}

long signrank_critical(size_t n, double alpha)
{
    double reached;
    return critical(n, alpha, &reached);
}

size_t signrank_pairs_min(double hypotheses, double alpha)
{
    CHECK(hypotheses > 0 && alpha > 0);
    /* The smallest p of n pairs is 2^-n; halving is exact where a logarithm would round. */
    size_t n = 0;
    for (double p = hypotheses; p > alpha; p /= 2)
        n++;
    return n;
}

/* ---- the test -------------------------------------------------------------------------------- */

static void normal_p(const struct ranks *ranks, struct signrank *out)
{
    double sd = sqrt(ranks->squares) / 2;
    double excess = out->v - 0.25 * (double)ranks->all;
    out->p_less = special_normal_cdf((excess + 0.5) / sd);
    out->p_greater = special_normal_cdf(-(excess - 0.5) / sd);
}

static enum rc test(const double *d, size_t n, double theta0, bool zeros_count,
                    struct signrank *out, struct err *err)
{
    if (n == 0 || n > SIGNRANK_MAX)
        return FAIL(err, RC_USAGE, 0, "the signed-rank test takes 1 to %d pairs, not %zu",
                    SIGNRANK_MAX, n);
    struct ranks ranks;
    rank(d, n, theta0, zeros_count, &ranks);
    *out = (struct signrank){.n = n, .zeros = ranks.zeros, .v = 0.5 * (double)ranks.positive};
    out->exact = n <= SIGNRANK_EXACT_MAX;
    out->z =
        (out->v - 0.25 * (double)ranks.all) / (sqrt(ranks.squares) / 2); /* 0/0 without ranks */
    if (ranks.count == 0)
        out->p_less = out->p_greater = 1;
    else if (out->exact)
        exact_p(&ranks, out);
    else
        normal_p(&ranks, out);
    out->p_two = fmin(1, 2 * fmin(out->p_less, out->p_greater));
    return RC_OK;
}

enum rc signrank_test(const double *d, size_t n, double theta0, struct signrank *out,
                      struct err *err)
{
    return test(d, n, theta0, true, out, err);
}

enum rc signrank_test_wilcoxon(const double *d, size_t n, double theta0, struct signrank *out,
                               struct err *err)
{
    return test(d, n, theta0, false, out, err);
}

/* ---- estimate and interval ------------------------------------------------------------------- */

/* The c of the interval, -1 when there is none, and what the interval then covers. */
static long interval_rank(size_t n, double confidence, double *coverage)
{
    double alpha = (1 - confidence) / 2, outside = 0;
    long c;
    if (n <= SIGNRANK_EXACT_MAX) {
        c = critical(n, alpha, &outside);
    } else {
        double pairs = (double)n, mean = pairs * (pairs + 1) / 4;
        double sd = sqrt(pairs * (pairs + 1) * (2 * pairs + 1) / 24);
        c = (long)floor(mean + sd * special_normal_quantile(alpha) - 0.5);
        if (c < 0)
            c = -1;
        else
            outside = special_normal_cdf(((double)c + 0.5 - mean) / sd);
    }
    *coverage = 1 - 2 * outside;
    return c;
}

static void interval_of(double *walsh, size_t count, long c, struct interval *out)
{
    /* From the outside in: each selection leaves the next one a part that is in place already. */
    out->low = -INFINITY;
    out->high = INFINITY;
    size_t first = 0, end = count;
    if (c >= 0) {
        first = (size_t)c;
        end = count - first;
        out->low = quantile_select(walsh, count, first);
        out->high = first + 1 == end ? out->low
                                     : quantile_select(walsh + first + 1, count - first - 1,
                                                       end - 1 - (first + 1));
    }
    size_t upper = count / 2;
    double high_middle = quantile_select(walsh + first, end - first, upper - first);
    if (count % 2 != 0) {
        out->estimate = high_middle;
        return;
    }
    double low_middle = walsh[first];
    for (size_t i = first + 1; i < upper; i++)
        low_middle = fmax(low_middle, walsh[i]);
    out->estimate = low_middle / 2 + high_middle / 2;
}

enum rc signrank_interval(const double *d, size_t n, double confidence, struct interval *out,
                          struct err *err)
{
    if (n == 0 || n > SIGNRANK_MAX)
        return FAIL(err, RC_USAGE, 0, "the signed-rank interval takes 1 to %d pairs, not %zu",
                    SIGNRANK_MAX, n);
    if (!(confidence > 0 && confidence < 1))
        return FAIL(err, RC_USAGE, 0, "a confidence lies between 0 and 1, not at %g", confidence);
    size_t count = n * (n + 1) / 2, at = 0;
    double few[WALSH_STACK], *walsh = few;
    if (count > WALSH_STACK && (walsh = malloc(count * sizeof(*walsh))) == NULL)
        return FAIL(err, RC_NOMEM, 0, "no memory for %zu averages of pairs", count);
    for (size_t i = 0; i < n; i++) {
        CHECK(isfinite(d[i]));
        for (size_t j = i; j < n; j++)
            walsh[at++] = d[i] / 2 + d[j] / 2;
    }
    *out = (struct interval){.n = n};
    long c = interval_rank(n, confidence, &out->coverage);
    interval_of(walsh, count, c, out);
    if (walsh != few)
        free(walsh);
    return RC_OK;
}
