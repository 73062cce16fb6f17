#include "engine/special.h"

#include <float.h>
#include <math.h>

static const double HALF_LOG_2PI = 0.91893853320467274178;
static const double SQRT_HALF = 0.70710678118654752440;

/* Far beyond what any argument met here needs: a loop must end. */
enum { STEPS_MAX = 1000000 };

/* ---- the two factors of Loader's saddle point form ------------------------------------------- */

/* x^a (1-x)^b / B(a, b) by logarithms of gamma functions loses as many digits as those are large.
 * Written with deviances and Stirling remainders it keeps them all: C. Loader, "Fast and accurate
 * computation of binomial probabilities", 2000. */

double special_deviance(double x, double mean)
{
    double difference = x - mean;
    if (x == 0)
        return mean;
    if (fabs(difference) >= 0.1 * (x + mean))
        return x * log(x / mean) - difference;
    /* The leading terms cancel: the series of log((1 + v) / (1 - v)), v = difference / sum. */
    double v = difference / (x + mean);
    double sum = difference * v, term = 2 * x * v;
    for (int j = 1; j < 1000; j++) {
        term *= v * v;
        double next = sum + term / (2 * j + 1);
        if (next == sum)
            break;
        sum = next;
    }
    return sum;
}

/* log Gamma(x + 1) - ((x + 1/2) log x - x + log(2 pi) / 2), x > 0. */
static double stirling_remainder(double x)
{
    /* Upwards to where six terms of the series suffice; each step costs one rounding of 1. */
    double shifted = 0;
    while (x < 16) {
        shifted += (x + 0.5) * log1p(1 / x) - 1;
        x += 1;
    }
    double square = x * x;
    double series = 1.0 / 1188 - 691.0 / 360360 / square;
    series = 1.0 / 1680 - series / square;
    series = 1.0 / 1260 - series / square;
    series = 1.0 / 360 - series / square;
    series = (1.0 / 12 - series / square) / x;
    return shifted + series;
}

/* x^a y^b / B(a, b), x + y = 1. */
static double beta_power(double x, double y, double a, double b)
{
    double n = a + b;
    double log_ratio = stirling_remainder(n) - stirling_remainder(a) - stirling_remainder(b) -
                       special_deviance(a, n * x) - special_deviance(b, n * y);
    /* sqrt(a b / (2 pi n)), in an order that neither overflows nor underflows. */
    return exp(log_ratio - HALF_LOG_2PI) * sqrt(a) * sqrt(b / n);
}

/* ---- incomplete beta ------------------------------------------------------------------------- */

/* The continued fraction of DiDonato & Morris (ACM TOMS 18(3), 1992, eq. 9) by the modified Lentz
 * method; x <= a / (a + b) makes its leading terms positive. */
static double beta_fraction(double x, double y, double a, double b)
{
    const double tiny = 1e-300;
    double value = a * (a * y - b * x + 1) / (a + 1);
    if (fabs(value) < tiny)
        value = tiny;
    double c = value, d = 0;
    for (int m = 1; m < STEPS_MAX; m++) {
        double low = a + 2 * m - 1, high = a + 2 * m + 1;
        double numerator = m * (a + m - 1) / low * ((a + b + m - 1) / low) * (b - m) * x * x;
        double denominator =
            m + m * (b - m) * x / low + (a + m) * (a * y - b * x + 1 + m * (2 - x)) / high;
        d = denominator + numerator * d;
        c = denominator + numerator / c;
        d = 1 / (fabs(d) < tiny ? tiny : d);
        c = fabs(c) < tiny ? tiny : c;
        value *= c * d;
        if (fabs(c * d - 1) < DBL_EPSILON)
            break;
    }
    return value;
}

double special_beta_both(double x, double y, double a, double b)
{
    if (!(a > 0 && b > 0 && x >= 0 && y >= 0) || isinf(a) || isinf(b))
        return NAN;
    if (x == 0 || y == 0)
        return x == 0 ? 0 : 1;
    bool swap = x * b > y * a;
    double value = swap ? beta_power(y, x, b, a) / beta_fraction(y, x, b, a)
                        : beta_power(x, y, a, b) / beta_fraction(x, y, a, b);
    value = fmin(value, 1);
    return swap ? 1 - value : value;
}

double special_beta(double x, double a, double b)
{
    return special_beta_both(x, 1 - x, a, b);
}

double special_binomial_cdf(uint64_t k, uint64_t n, double p)
{
    if (!(p >= 0 && p <= 1))
        return NAN;
    return k >= n ? 1 : special_beta_both(1 - p, p, (double)(n - k), (double)k + 1);
}

/* ---- incomplete gamma ------------------------------------------------------------------------ */

/* The lower function's series (DLMF 8.11.4), over the common factor x^a e^-x / Gamma(a). */
static double gamma_series(double a, double x)
{
    double term = 1 / a, sum = term;
    for (int n = 1; n < STEPS_MAX && term > sum * (DBL_EPSILON / 4); n++) {
        term *= x / (a + n);
        sum += term;
    }
    return sum;
}

/* The upper function's continued fraction (DLMF 8.9.2, even part), over the same factor. */
static double gamma_fraction(double a, double x)
{
    double b = x + 1 - a;
    double c = 1e300, d = 1 / b, value = d;
    for (int n = 1; n < STEPS_MAX; n++) {
        double numerator = -n * (n - a);
        b += 2;
        d = 1 / (b + numerator * d);
        c = b + numerator / c;
        value *= c * d;
        if (fabs(c * d - 1) < DBL_EPSILON)
            break;
    }
    return value;
}

double special_gamma_upper(double a, double x)
{
    if (!(a > 0 && x >= 0) || isinf(a))
        return NAN;
    if (x == 0 || isinf(x))
        return x == 0 ? 1 : 0;
    double factor = exp(-stirling_remainder(a) - special_deviance(a, x) - HALF_LOG_2PI) * sqrt(a);
    if (x < a + 1)
        return fmax(1 - factor * gamma_series(a, x), 0);
    return fmin(factor * gamma_fraction(a, x), 1);
}

double special_chi2_upper(double x, double df)
{
    return special_gamma_upper(df / 2, x / 2);
}

/* ---- normal ---------------------------------------------------------------------------------- */

double special_normal_cdf(double z)
{
    return 0.5 * erfc(-z * SQRT_HALF);
}

double special_normal_quantile(double p)
{
    if (!(p > 0 && p < 1))
        return NAN;
    if (p == 0.5)
        return 0;
    double tail = fmin(p, 1 - p);
    /* Abramowitz & Stegun 26.2.23 is within 4.5e-4; Halley's steps cube the error. */
    double t = sqrt(-2 * log(tail));
    double z = t - (2.515517 + t * (0.802853 + t * 0.010328)) /
                       (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
    for (int step = 0; step < 3; step++) {
        /* Near the middle the tail hides a small z: compare what lies between instead. */
        double excess =
            tail > 0.25 ? 0.5 - tail - 0.5 * erf(z * SQRT_HALF) : 0.5 * erfc(z * SQRT_HALF) - tail;
        double newton = excess * exp(z * z / 2 + HALF_LOG_2PI);
        z += newton / (1 - z * newton / 2);
    }
    return p < 0.5 ? -z : z;
}

/* ---- Student's t ----------------------------------------------------------------------------- */

/* With s = t^2 / df: the two arguments 1 / (1 + s) and s / (1 + s) of the beta functions below. */
struct t_split {
    double x, y;
};

static struct t_split t_split(double t, double df)
{
    double ratio = t / sqrt(df), square = ratio * ratio;
    return (struct t_split){1 / (1 + square),
                            square > 1 ? 1 / (1 + 1 / square) : square / (1 + square)};
}

/* Beyond the reach of squares the tail is a power of t. */
static double t_far(double df)
{
    return 1e100 * sqrt(df);
}

static double t_tail(double t, double df)
{
    double far = t_far(df);
    if (t > far)
        return t_tail(far, df) * pow(far / t, df);
    struct t_split at = t_split(t, df);
    return 0.5 * special_beta_both(at.x, at.y, df / 2, 0.5);
}

double special_t_upper(double t, double df)
{
    if (isnan(t) || !(df > 0))
        return NAN;
    if (isinf(df))
        return special_normal_cdf(-t);
    double tail = t_tail(fabs(t), df);
    return t < 0 ? 1 - tail : tail;
}

/* t > 0 with P(T > t) = tail, 0 < tail < 1/2, by Newton's method from a start that is too small.
 * beta_power is the density times t. */
static double t_tail_quantile(double tail, double df, double t)
{
    for (int step = 0; step < 100 && isfinite(t); step++) {
        struct t_split at = t_split(t, df);
        double next;
        if (tail > 0.25) {
            /* Near the middle the tail hides a small t: compare what lies between instead. */
            double between = 0.5 * special_beta_both(at.y, at.x, 0.5, df / 2);
            next = t + t * (0.5 - tail - between) / beta_power(at.x, at.y, df / 2, 0.5);
        } else {
            /* In logarithms of both, where a power law is a straight line and the curve concave. */
            double reached = t_tail(t, df);
            double slope = t > t_far(df) ? df * reached : beta_power(at.x, at.y, df / 2, 0.5);
            next = t * exp(log(reached / tail) * reached / slope);
        }
        bool done = fabs(next - t) <= 2 * DBL_EPSILON * t;
        t = next;
        if (done)
            break;
    }
    return t;
}

double special_t_quantile(double p, double df)
{
    if (!(p > 0 && p < 1 && df > 0))
        return NAN;
    double z = special_normal_quantile(p);
    if (p == 0.5 || isinf(df))
        return z;
    double t = t_tail_quantile(fmin(p, 1 - p), df, fabs(z));
    return p < 0.5 ? -t : t;
}
