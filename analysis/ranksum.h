/* ranksum.h: the rank-sum test of Wilcoxon, Mann & Whitney for two unpaired samples, and the shift
 * of Hodges & Lehmann with its interval.
 *
 * W counts the pairs x_i > y_j (ties half).  Exact for any ties up to RANKSUM_EXACT_MAX values in
 * all: the distribution of the sum of (twice the) mid-ranks over every choice of which values are
 * x.  Above it a normal approximation with tie and continuity corrections.  Values must be finite.
 */
#ifndef ANALYSIS_RANKSUM_H
#define ANALYSIS_RANKSUM_H

#include "analysis/signrank.h"

enum { RANKSUM_MAX = 2048, RANKSUM_EXACT_MAX = 200 };

struct ranksum {
    size_t m, n;
    double w;                        /* R's W */
    double p_greater, p_less, p_two; /* greater: x tends to be larger than y */
    bool exact;
};

/* RC_USAGE when a side is empty or there are more than RANKSUM_MAX values. */
MUST_CHECK enum rc ranksum_test(const double *x, size_t m, const double *y, size_t n,
                                struct ranksum *out, struct err *err);
/* Median of all x_i - y_j and its conservative exact interval. */
MUST_CHECK enum rc ranksum_interval(const double *x, size_t m, const double *y, size_t n,
                                    double confidence, struct interval *out, struct err *err);

#endif
