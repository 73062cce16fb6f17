#include "analysis/ttest.h"

#include <math.h>

#include "engine/special.h"

struct moments {
    double mean, variance;
};

/* Two passes; the second corrects the first one's rounding.  n >= 2. */
static struct moments moments_of(const double *values, size_t n)
{
    double count = (double)n, sum = 0, rest = 0, squares = 0;
    for (size_t i = 0; i < n; i++) {
        CHECK(isfinite(values[i]));
        sum += values[i];
    }
    double mean = sum / count;
    for (size_t i = 0; i < n; i++) {
        double difference = values[i] - mean;
        rest += difference;
        squares += difference * difference;
    }
    double variance = (squares - rest * rest / count) / (count - 1);
    return (struct moments){mean + rest / count, fmax(variance, 0)};
}

/* difference / error, where no error means equal or infinitely far apart. */
static double standardised(double difference, double error)
{
    if (error > 0)
        return difference / error;
    return difference == 0 ? 0 : copysign(INFINITY, difference);
}

enum rc ttest_one_sample(const double *d, size_t n, double theta0, double confidence,
                         struct ttest *out, struct err *err)
{
    if (n < 2)
        return FAIL(err, RC_USAGE, 0, "a t test takes at least 2 values, not %zu", n);
    if (!(confidence > 0 && confidence < 1))
        return FAIL(err, RC_USAGE, 0, "a confidence lies between 0 and 1, not at %g", confidence);
    struct moments moments = moments_of(d, n);
    double df = (double)(n - 1), error = sqrt(moments.variance / (double)n);
    double t = standardised(moments.mean - theta0, error);
    double width = error * special_t_quantile(0.5 + confidence / 2, df);
    *out = (struct ttest){.n = n, .t = t, .df = df};
    out->p_greater = special_t_upper(t, df);
    out->p_less = special_t_upper(-t, df);
    out->p_two = fmin(1, 2 * special_t_upper(fabs(t), df));
    out->interval = (struct interval){.estimate = moments.mean,
                                      .low = moments.mean - width,
                                      .high = moments.mean + width,
                                      .coverage = confidence,
                                      .n = n};
    return RC_OK;
}

double ttest_welch(const double *x, size_t m, const double *y, size_t n)
{
    if (m < 2 || n < 2)
        return 1;
    struct moments a = moments_of(x, m), b = moments_of(y, n);
    double va = a.variance / (double)m, vb = b.variance / (double)n;
    double t = standardised(a.mean - b.mean, sqrt(va + vb));
    if (t == 0 || isinf(t))
        return t == 0 ? 1 : 0;
    /* By shares of the whole, whose squares cannot underflow. */
    double share = va / (va + vb), other = vb / (va + vb);
    double df = 1 / (share * share / (double)(m - 1) + other * other / (double)(n - 1));
    return fmin(1, 2 * special_t_upper(fabs(t), df));
}
