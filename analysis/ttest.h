/* ttest.h: Student's t for one sample, Welch's for two.
 *
 * Their p-values assume normal data, which latencies are not: they stand beside the exact tests for
 * comparison, and inside the search for change points, which only needs an ordering.  Welch, "The
 * generalization of 'Student's' problem when several different population variances are involved",
 * Biometrika 34, 1947.
 *
 * Values must be finite, else CHECK.  No p is ever NaN: without spread it is 1 where the means
 * agree and 0 where they do not.
 */
#ifndef ANALYSIS_TTEST_H
#define ANALYSIS_TTEST_H

#include "analysis/signrank.h"

struct ttest {
    size_t n;
    double t, df;
    double p_greater, p_less, p_two; /* greater: the mean is above theta0 */
    struct interval interval;        /* of the mean; coverage is the confidence asked for */
};

/* RC_USAGE for fewer than two values or a confidence outside (0, 1). */
MUST_CHECK enum rc ttest_one_sample(const double *d, size_t n, double theta0, double confidence,
                                    struct ttest *out, struct err *err);
/* Two-sided p; 1 when a side has fewer than two values: no evidence. */
double ttest_welch(const double *x, size_t m, const double *y, size_t n);

#endif
