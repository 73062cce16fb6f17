#include "analysis/ranksum.h"

#include <math.h>
#include <stdlib.h>

#include "engine/quantile.h"
#include "engine/special.h"

/* ---- ranks ----------------------------------------------------------------------------------- */

struct placed {
    double value;
    bool x;
};

static int by_value(const void *a, const void *b)
{
    const struct placed *p = a, *q = b;
    return (p->value > q->value) - (p->value < q->value);
}

/* Twice the mid-ranks of both samples together, ascending. */
struct ranks {
    size_t count;
    uint32_t twice[RANKSUM_MAX];
    uint64_t x;  /* sum of those of x */
    double ties; /* sum of t^3 - t over groups of t equal values */
    bool odd;    /* some mid-rank is not a whole number */
};

static void rank(const double *x, size_t m, const double *y, size_t n, struct ranks *out)
{
    struct placed values[RANKSUM_MAX];
    for (size_t i = 0; i < m + n; i++) {
        values[i] = i < m ? (struct placed){x[i], true} : (struct placed){y[i - m], false};
        CHECK(isfinite(values[i].value));
    }
    qsort(values, m + n, sizeof(*values), by_value);
    out->count = m + n;
    out->x = 0;
    out->ties = 0;
    out->odd = false;
    for (size_t first = 0; first < m + n;) {
        size_t end = first + 1;
        while (end < m + n && values[end].value == values[first].value)
            end++;
        uint32_t twice = (uint32_t)(first + end + 1);
        for (size_t i = first; i < end; i++) {
            out->twice[i] = twice;
            out->x += values[i].x ? twice : 0;
        }
        double equal = (double)(end - first);
        out->ties += equal * equal * equal - equal;
        out->odd = out->odd || twice % 2 != 0;
        first = end;
    }
}

/* ---- the exact distribution ------------------------------------------------------------------ */

/* The answer's [e], e <= limit, is in how many ways `size` of the `count` ascending ranks exceed
 * the sum of the `size` smallest by e.  Taking the i-th rank as the j-th chosen exceeds by
 * rank[i] - rank[j] >= 0, so that only excesses up to `limit` are followed.  None is ever
 * subtracted: all are right to a few roundings.  `work` has (size + 1) (limit + 1) places. */
static const double *count_choices(const uint32_t *rank, size_t count, size_t size, size_t limit,
                                   double *work)
{
    size_t width = limit + 1;
    for (size_t i = 0; i < (size + 1) * width; i++)
        work[i] = 0;
    work[0] = 1;
    for (size_t i = 0; i < count; i++) {
        size_t last = i + 1 < size ? i + 1 : size;
        for (size_t j = last; j >= 1; j--) { /* as the j-th chosen */
            size_t excess = rank[i] - rank[j - 1];
            if (excess > limit)
                break; /* more still for smaller j */
            const double *from = work + (j - 1) * width;
            double *to = work + j * width + excess;
            for (size_t e = 0; e + excess <= limit; e++)
                to[e] += from[e];
        }
    }
    return work + size * width;
}

static double choices(size_t count, size_t size)
{
    double ways = 1; /* exact while below 2^53: every product is a multiple of what divides it */
    for (size_t i = 1; i <= size; i++)
        ways = ways * (double)(count - size + i) / (double)i;
    return ways;
}

static uint64_t sum_of(const uint32_t *values, size_t count)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += values[i];
    return sum;
}

/* P(W <= w) and P(W >= w) from the tail the observed choice lies in.  The smaller sample is the one
 * chosen; where its sum is above the mean, ranks are counted from the top. */
static enum rc exact_p(struct ranks *ranks, size_t m, struct ranksum *out, struct err *err)
{
    size_t count = ranks->count;
    if (!ranks->odd) { /* no ties: the plain ranks, half as many sums */
        for (size_t i = 0; i < count; i++)
            ranks->twice[i] /= 2;
        ranks->x /= 2;
    }
    uint64_t all = sum_of(ranks->twice, count);
    bool swapped = m > count - m;
    size_t size = swapped ? count - m : m;
    uint64_t sum = swapped ? all - ranks->x : ranks->x;
    bool high = sum * count > all * size;
    if (high) { /* rank' = top + 1 - rank, in ascending order again */
        uint32_t top = ranks->twice[count - 1] + 1;
        for (size_t i = 0; i < count / 2; i++) {
            uint32_t kept = ranks->twice[i];
            ranks->twice[i] = ranks->twice[count - 1 - i];
            ranks->twice[count - 1 - i] = kept;
        }
        for (size_t i = 0; i < count; i++)
            ranks->twice[i] = top - ranks->twice[i];
        sum = top * size - sum;
    }
    size_t limit = (size_t)(sum - sum_of(ranks->twice, size));
    double *work = malloc((size + 1) * (limit + 1) * sizeof(*work));
    if (work == NULL)
        return FAIL(err, RC_NOMEM, 0, "no memory for the rank sums of %zu values", count);
    const double *counts = count_choices(ranks->twice, count, size, limit, work);
    double below = 0, ways = choices(count, size);
    for (size_t e = 0; e < limit; e++)
        below += counts[e];
    double near = fmin(1, (below + counts[limit]) / ways), far = fmax(0, 1 - below / ways);
    free(work);
    bool low = high == swapped; /* x itself lies low */
    out->p_less = low ? near : far;
    out->p_greater = low ? far : near;
    return RC_OK;
}

static void normal_p(const struct ranks *ranks, size_t m, size_t n, struct ranksum *out)
{
    double a = (double)m, b = (double)n, all = a + b;
    double excess = out->w - a * b / 2;
    double sd = sqrt(a * b / 12 * (all + 1 - ranks->ties / (all * (all - 1))));
    bool equal = !(sd > 0); /* all values are */
    out->p_less = equal ? 1 : special_normal_cdf((excess + 0.5) / sd);
    out->p_greater = equal ? 1 : special_normal_cdf(-(excess - 0.5) / sd);
}

/* ---- the test -------------------------------------------------------------------------------- */

static enum rc check_sizes(size_t m, size_t n, struct err *err)
{
    if (m == 0 || n == 0 || m > RANKSUM_MAX || n > RANKSUM_MAX - m)
        return FAIL(err, RC_USAGE, 0,
                    "the rank-sum test takes two samples of together at most %d values, "
                    "not %zu and %zu",
                    RANKSUM_MAX, m, n);
    return RC_OK;
}

enum rc ranksum_test(const double *x, size_t m, const double *y, size_t n, struct ranksum *out,
                     struct err *err)
{
    enum rc rc = check_sizes(m, n, err);
    if (rc != RC_OK)
        return rc;
    struct ranks ranks;
    rank(x, m, y, n, &ranks);
    double least = 0.5 * (double)m * (double)(m + 1);
    *out = (struct ranksum){.m = m, .n = n, .w = 0.5 * (double)ranks.x - least};
    out->exact = m + n <= RANKSUM_EXACT_MAX;
    if (out->exact)
        rc = exact_p(&ranks, m, out, err);
    else
        normal_p(&ranks, m, n, out);
    out->p_two = fmin(1, 2 * fmin(out->p_less, out->p_greater));
    return rc;
}

/* ---- estimate and interval ------------------------------------------------------------------- */

/* The largest c with P(W <= c) <= alpha without ties, -1 when there is none; *reached is that
 * probability. */
static enum rc critical(size_t m, size_t n, double alpha, long *c, double *reached, struct err *err)
{
    size_t size = m < n ? m : n, limit = m * n / 2;
    uint32_t ranks[RANKSUM_EXACT_MAX];
    for (size_t i = 0; i < m + n; i++)
        ranks[i] = (uint32_t)i + 1;
    double *work = malloc((size + 1) * (limit + 1) * sizeof(*work));
    if (work == NULL)
        return FAIL(err, RC_NOMEM, 0, "no memory for the rank sums of %zu values", m + n);
    const double *counts = count_choices(ranks, m + n, size, limit, work);
    double sum = 0, ways = choices(m + n, size);
    *c = -1;
    *reached = 0;
    for (size_t e = 0; e <= limit; e++) { /* ends before: alpha < 1/2 <= P(W <= limit) */
        sum += counts[e];
        if (sum / ways > alpha)
            break;
        *c = (long)e;
        *reached = sum / ways;
    }
    free(work);
    return RC_OK;
}

static void critical_normal(size_t m, size_t n, double alpha, long *c, double *reached)
{
    double pairs = (double)m * (double)n, mean = pairs / 2;
    double sd = sqrt(pairs * (double)(m + n + 1) / 12);
    *c = (long)floor(mean + sd * special_normal_quantile(alpha) - 0.5);
    *reached = 0;
    if (*c < 0)
        *c = -1;
    else
        *reached = special_normal_cdf(((double)*c + 0.5 - mean) / sd);
}

static double median_of(double *values, size_t count)
{
    double high = quantile_select(values, count, count / 2);
    return count % 2 != 0 ? high : quantile_select(values, count, count / 2 - 1) / 2 + high / 2;
}

enum rc ranksum_interval(const double *x, size_t m, const double *y, size_t n, double confidence,
                         struct interval *out, struct err *err)
{
    enum rc rc = check_sizes(m, n, err);
    if (rc != RC_OK)
        return rc;
    if (!(confidence > 0 && confidence < 1))
        return FAIL(err, RC_USAGE, 0, "a confidence lies between 0 and 1, not at %g", confidence);
    double alpha = (1 - confidence) / 2, outside = 0;
    long c = -1;
    if (m + n > RANKSUM_EXACT_MAX)
        critical_normal(m, n, alpha, &c, &outside);
    else if ((rc = critical(m, n, alpha, &c, &outside, err)) != RC_OK)
        return rc;
    size_t count = m * n;
    double *shifts = malloc(count * sizeof(*shifts));
    if (shifts == NULL)
        return FAIL(err, RC_NOMEM, 0, "no memory for %zu differences", count);
    for (size_t i = 0; i < m; i++) {
        for (size_t j = 0; j < n; j++) {
            shifts[i * n + j] = x[i] - y[j];
            CHECK(isfinite(shifts[i * n + j]));
        }
    }
    *out = (struct interval){.low = -INFINITY, .high = INFINITY, .n = m + n};
    out->coverage = 1 - 2 * outside;
    out->estimate = median_of(shifts, count);
    if (c >= 0) {
        out->low = quantile_select(shifts, count, (size_t)c);
        out->high = quantile_select(shifts, count, count - 1 - (size_t)c);
    }
    free(shifts);
    return RC_OK;
}
