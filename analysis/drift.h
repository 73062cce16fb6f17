/* drift.h: did the machine stay the same while it was measured?
 *
 * Diagnoses, not corrections: a red one labels the study ENVIRONMENT: UNSTABLE and changes no
 * number.  Series are in time order and finite.
 */
#ifndef ANALYSIS_DRIFT_H
#define ANALYSIS_DRIFT_H

#include "analysis/signrank.h"

struct trend {
    double tau; /* Kendall's tau-b against time */
    double z;   /* Mann-Kendall, tie-corrected, no continuity correction: R's cor.test() */
    double p;   /* two-sided; exact for n <= 9 without ties, else normal */
};
/* RC_USAGE for n < 2.  A constant series has no tau (NaN) and p 1.  Time grows as n^2. */
MUST_CHECK enum rc drift_trend(const double *x, size_t n, struct trend *out, struct err *err);
/* Kendall's tau-b of two series with its two-sided p. */
MUST_CHECK enum rc drift_kendall(const double *x, const double *y, size_t n, struct trend *out,
                                 struct err *err);
/* Lag-1 autocorrelation as NIST and R's acf() define it; NaN for a constant series. */
double drift_lag1(const double *x, size_t n);
double drift_mean(const double *x, size_t n);
double drift_sd(const double *x, size_t n); /* n - 1 in the denominator; two-pass */

struct friedman {
    double chi2, p;
};
/* Blocks x treatments, row by row; tie-corrected.  RC_USAGE without a block and two treatments;
 * chi2 0 and p 1 when every block is one tie. */
MUST_CHECK enum rc drift_friedman(const double *x, size_t blocks, size_t treatments,
                                  struct friedman *out, struct err *err);

/* Does running first matter?  HL of d where first[i], minus HL of d where not, with the interval of
 * the unpaired shift; estimate NaN when a side is empty. */
MUST_CHECK enum rc drift_order_effect(const double *d, const bool *first, size_t n,
                                      double confidence, struct interval *out, struct err *err);

/* Where the level of a series changes most: the CUSUM of deviations from the mean peaks before it.
 * *at = first index after the step, 0 when a permutation test of 999 fixed-seed shuffles does not
 * take it for real at 1 %; *p is that test's.  Any change of level is found, a trend too. */
MUST_CHECK enum rc drift_step(const double *x, size_t n, size_t *at, double *p, struct err *err);

#endif
