/* order.h: distribution-free intervals of a quantile between two order statistics.
 *
 * The number of n independent values below the q-quantile is Binomial(n, q) whatever the
 * distribution, so that [x_(low), x_(high)] covers the quantile with probability
 * P(low <= Bin(n, q) < high).  Equal tails: low is the largest rank with P(Bin <= low - 1) <= a/2,
 * high the smallest with P(Bin >= high) <= a/2, a = 1 - confidence.  David & Nagaraja, "Order
 * Statistics", 3rd ed. 2003, 7.1.  At q = 1/2 this is the interval of the sign test.  Ties only
 * make it more conservative.
 *
 * Pure functions; a level or confidence outside (0, 1) is RC_USAGE or, where no error can be
 * returned, a CHECK.
 */
#ifndef ANALYSIS_ORDER_H
#define ANALYSIS_ORDER_H

#include "analysis/signrank.h"

/* Ranks count from 1.  low_rank 0 and high_rank n + 1 stand for minus and plus infinity: n is too
 * small for a finite end. */
struct order_interval {
    struct interval interval; /* estimate: the sample quantile, type 7 */
    size_t low_rank, high_rank;
};

/* `sorted` ascending and without NaN.  RC_USAGE for n == 0 as well. */
MUST_CHECK enum rc order_interval(const double *sorted, size_t n, double q, double confidence,
                                  struct order_interval *out, struct err *err);

/* The fewest values with which one end of a one-sided interval is finite: the largest value of that
 * many is an upper bound of a quantile q >= 1/2 (the smallest a lower bound of one below). */
size_t order_count_one_sided(double q, double confidence);
/* The fewest values with which both ends of order_interval are finite. */
size_t order_count_two_sided(double q, double confidence);
/* The fewest values whose range holds at least a share q of the distribution (Wilks, Annals of
 * Mathematical Statistics 12, 1941), and the probability with which the range of n does. */
size_t order_count_tolerance(double q, double confidence);
double order_tolerance(size_t n, double q);

#endif
