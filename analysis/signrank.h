/* signrank.h: Wilcoxon's signed-rank test, exact, and the interval of Hodges & Lehmann that inverts
 * it.
 *
 * Given paired differences d_1..d_n, symmetric about theta (which a fair random order within each
 * round brings about by itself, whatever the noise): V is the sum of the ranks of |d_i - theta0|
 * over the positive ones.  Equal sizes get mid-ranks, zeros are ranked and then dropped (Pratt,
 * JASA 1959), and the distribution of V under every assignment of signs is computed exactly, over
 * twice the mid-ranks, which are integers (shift algorithm, Streitberg & Roehmel 1986).
 *
 * n is at most SIGNRANK_MAX; above SIGNRANK_EXACT_MAX pairs, p-values and intervals are normal
 * approximations with the tie and zero corrections and a continuity correction, and say so.
 * Differences must be finite: a NaN is a CHECK.  Pure functions; the caller owns all memory.
 */
#ifndef ANALYSIS_SIGNRANK_H
#define ANALYSIS_SIGNRANK_H

#include "engine/base.h"

enum { SIGNRANK_MAX = 2048, SIGNRANK_EXACT_MAX = 128 };

struct signrank {
    size_t n;     /* pairs */
    size_t zeros; /* of them equal to theta0 */
    double v;     /* sum of the (mid-)ranks of the positive differences */
    double z;     /* standardised V, no continuity correction; NaN when all are zero */
    double p_greater, p_less, p_two; /* P(V >= v), P(V <= v), twice the smaller, at most 1 */
    bool exact;
};

/* RC_USAGE for n == 0 or n > SIGNRANK_MAX.  All differences zero: every p is 1. */
MUST_CHECK enum rc signrank_test(const double *d, size_t n, double theta0, struct signrank *out,
                                 struct err *err);
/* The same with zeros left out before ranking (Wilcoxon's own way, R's), for comparison with other
 * programs. */
MUST_CHECK enum rc signrank_test_wilcoxon(const double *d, size_t n, double theta0,
                                          struct signrank *out, struct err *err);

/* P(V <= c) for n pairs without ties or zeros, n <= SIGNRANK_EXACT_MAX. */
double signrank_cdf(size_t n, long c);
/* The largest c with P(V <= c) <= alpha, or -1 when even P(V = 0) is above. */
long signrank_critical(size_t n, double alpha);
/* The fewest pairs with which `hypotheses` one-sided tests under Holm can reject anything at family
 * level alpha: ceil(log2(hypotheses / alpha)). */
size_t signrank_pairs_min(double hypotheses, double alpha);

/* An estimate with its interval. */
struct interval {
    double estimate;
    double low, high; /* -inf and inf when n is too small for the confidence asked */
    double coverage;  /* attained, >= the confidence asked where exact */
    size_t n;
};

/* Median of the n(n+1)/2 Walsh averages, and the interval [W_(c+1), W_(M-c)] of two-sided
 * confidence `confidence`, conservative: c is the largest with P(V <= c) <= (1 - confidence) / 2.
 * Ties are treated as the untied distribution does, which is conservative as well (Noether, JASA
 * 62, 1967).  RC_USAGE as above, and unless 0 < confidence < 1. */
MUST_CHECK enum rc signrank_interval(const double *d, size_t n, double confidence,
                                     struct interval *out, struct err *err);

#endif
