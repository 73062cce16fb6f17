/* planning.h: how many rounds a claim needs, and what can be seen in those there are.
 *
 * n = ((z_{1-alpha} + z_{1-beta}) s / distance)^2 / 0.955, with s = 1.4826 MAD of the paired log
 * ratios and 0.955 the efficiency of the signed-rank test against the t-test for normal data
 * (Hodges & Lehmann 1956), and never fewer than ceil(log2(1/alpha)): with fewer rounds nothing can
 * be rejected.  A plan, not a claim.
 */
#ifndef ANALYSIS_PLANNING_H
#define ANALYSIS_PLANNING_H

#include "engine/base.h"

/* 1.4826 x median absolute deviation of d; 0 for n < 2.  Overwrites nothing. */
MUST_CHECK enum rc planning_spread(const double *d, size_t n, double *out, struct err *err);
/* Rounds to tell a centre `distance` (> 0, log ratio) away from a boundary; SIZE_MAX when distance
 * or spread make that meaningless (distance 0).  alpha and power lie between 0 and 1. */
size_t planning_rounds(double spread, double distance, double alpha, double power);
/* The smallest distance that `rounds` rounds tell with this power; infinite when none can. */
double planning_detectable(double spread, size_t rounds, double alpha, double power);
/* Kalibera & Jones (ISMM 2013, with libkalibera's corrected T^2 = S_i^2 - S_{i-1}^2 / r_{i-1}).
 * `values` is a full rectangular experiment of `levels` levels, the lowest varying fastest;
 * counts[l] repetitions at level l (0 lowest), at least 2 each, else RC_USAGE.  s2 and t2 have room
 * for `levels`; t2, an unbiased estimate, may be negative. */
MUST_CHECK enum rc planning_variances(const double *values, const size_t *counts, size_t levels,
                                      double *s2, double *t2, struct err *err);
/* Best repetitions at a level, before rounding up: sqrt(cost_above / cost x t2 / t2_above);
 * costs of one more repetition at the level and the one above.  NaN when t2_above <= 0, 0 when
 * t2 is: as few as there can be. */
double planning_repetitions(double cost, double cost_above, double t2, double t2_above);

#endif
