/* stats.h: order statistics of small samples.
 *
 * The first release describes and does not infer: a study's numbers are medians over rounds with
 * the smallest and the largest beside them, and what is made from them is labelled DESCRIPTIVE.
 * Quantiles are Hyndman & Fan's type 7 (The American Statistician 50(4), 1996), R's default.
 */
#ifndef ANALYSIS_STATS_H
#define ANALYSIS_STATS_H

#include <stddef.h>

/* Ascending; no value may be NaN. */
void stats_sort(double *values, size_t count);
/* Of ascending values, 0 <= q <= 1; NaN when there are none. */
double stats_quantile(const double *sorted, size_t count, double q);
double stats_median(const double *sorted, size_t count);
/* Median of the absolute deviations from the median, not scaled to a normal's sigma.  Overwrites
 * `values`, which need not be sorted. */
double stats_mad(double *values, size_t count);

struct stats {
    size_t n; /* 0: nothing was measured, the rest is NaN */
    double median, min, max;
};
/* Sorts `values`. */
struct stats stats_of(double *values, size_t count);

#endif
