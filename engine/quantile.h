/* quantile.h: sample quantiles, and how far off they are.
 *
 * Types 7 and 8 of Hyndman & Fan, "Sample Quantiles in Statistical Packages", The American
 * Statistician 50(4), 1996: linear interpolation at h = (n - 1) q, the default of R and NumPy; and
 * the median-unbiased one they recommend.
 *
 * Harrell & Davis, "A new distribution-free quantile estimator", Biometrika 69(3), 1982: a mean of
 * all values, the i-th weighted with the probability that a variable distributed as
 * Beta((n + 1) q, (n + 1)(1 - q)) lies in [(i-1)/n, i/n].  It varies less than any single order
 * statistic, most of all in a tail.  Values whose weight could not show in the result (below 1e-30)
 * are not visited: 10^6 values cost a few milliseconds.
 *
 * Values are ascending, count >= 1, 0 <= q <= 1, else CHECK.  Results lie within the values.  Pure
 * functions; nothing is allocated.
 */
#ifndef ENGINE_QUANTILE_H
#define ENGINE_QUANTILE_H

#include "engine/base.h"

double quantile_type7(const double *values, size_t count, double q);
double quantile_type8(const double *values, size_t count, double q);
double quantile_harrell_davis(const double *values, size_t count, double q);

/* Standard error of the Harrell-Davis estimate by the jackknife.  NaN for fewer than two values. */
double quantile_harrell_davis_se(const double *values, size_t count, double q);
/* Standard error of the sample quantile after Maritz & Jarrett (JASA 73, 1978), with
 * m = floor(count q + 1/2).  NaN unless 1 < m < count. */
double quantile_maritz_jarrett(const double *values, size_t count, double q);

/* Ascending; no value may be NaN. */
void quantile_sort(double *values, size_t count);
/* The value with `rank` smaller or equal ones before it in ascending order, 0 <= rank < count.
 * Reorders `values`: afterwards none before index `rank` is greater and none behind it smaller. */
double quantile_select(double *values, size_t count, size_t rank);

#endif
