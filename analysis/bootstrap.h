/* bootstrap.h: how often each strategy is on the frontier of medians when rounds are drawn again.
 *
 * A stability index, not a probability of being best: DESCRIPTIVE.  Rounds are resampled jointly
 * for all strategies, with replacement, by a stream of the study's seed.
 */
#ifndef ANALYSIS_BOOTSTRAP_H
#define ANALYSIS_BOOTSTRAP_H

#include "engine/base.h"

enum { BOOTSTRAP_DRAWS = 2000 };

/* values[(arm * dims + dim) * rounds + round], all finite, lower is better; dims, rounds and draws
 * at least 1.  frequency[arm] = share of `draws` resamples in which no other arm's medians dominate
 * (plain, no margins). */
MUST_CHECK enum rc bootstrap_membership(const double *values, size_t arms, size_t dims,
                                        size_t rounds, uint64_t seed, uint32_t draws,
                                        double *frequency, struct err *err);
/* The exact law of the bootstrap median of n distinct values (n odd, Efron 1979): out[i] is the
 * probability that it is the i-th smallest. */
void bootstrap_median_law(size_t n, double *out);

#endif
