/* eprocess.h: a test that may be looked at after every round (Vovk & Wang 2024, NEJSDS;
 * arXiv 2208.08925).
 *
 * M_n(theta0) = (1/K) sum over k of prod over i of (1 + tanh(lambda_k (d_i - theta0))),
 * lambda_k = 2^k, k = 0..9.  Under symmetry of d about any theta <= theta0 it is a non-negative
 * supermartingale that begins at 1, so P(it ever reaches 1/alpha) <= alpha (Ville): 1 / max M is a
 * p-value at every stopping time.  It at most doubles per round: log2(1/alpha) rounds at least.
 * Products are kept as logarithms.
 */
#ifndef ANALYSIS_EPROCESS_H
#define ANALYSIS_EPROCESS_H

#include "analysis/signrank.h"

/* prod of (1 + tanh(lambda (d_i - theta0))): one component; infinite once it passes 2^1023. */
double eprocess_component(const double *d, size_t n, double theta0, double lambda);
/* ln M_n against H0: theta <= theta0 (`greater`) or theta >= theta0. */
double eprocess_log(const double *d, size_t n, double theta0, bool greater);
/* min(1, 1 / max over m <= n of M_m): valid at any stopping time. */
double eprocess_p(const double *d, size_t n, double theta0, bool greater);
/* The confidence sequence {theta0 : both one-sided processes of n rounds below 2/alpha}, by
 * bisection; estimate is the Hodges-Lehmann centre, coverage the confidence asked (it holds at
 * all n at once), an end infinite while n is too small.  RC_USAGE as signrank_interval. */
MUST_CHECK enum rc eprocess_interval(const double *d, size_t n, double confidence,
                                     struct interval *out, struct err *err);

#endif
