/* special.h: the special functions statistics needs and C's library lacks.
 *
 * Relative accuracy about 1e-13 over the ranges used here; checked against R (tests/t_special.c).
 * Pure functions.  Outside their domain they return NaN.
 */
#ifndef ENGINE_SPECIAL_H
#define ENGINE_SPECIAL_H

#include "engine/base.h"

/* Regularised incomplete beta function I_x(a, b); 0 <= x <= 1, a > 0, b > 0 (DLMF 8.17). */
double special_beta(double x, double a, double b);
/* The same given x and y = 1 - x, the smaller of which the caller knows better than a subtraction
 * could tell.  I_x(a, b) = 1 - I_y(b, a): either tail to full relative accuracy. */
double special_beta_both(double x, double y, double a, double b);
/* Regularised upper incomplete gamma function Q(a, x); a > 0, x >= 0 (DLMF 8.2). */
double special_gamma_upper(double a, double x);

double special_normal_cdf(double z);
/* 0 < p < 1. */
double special_normal_quantile(double p);
/* P(T > t) and its inverse P(T <= t) = p, Student's t with df > 0 degrees of freedom. */
double special_t_upper(double t, double df);
double special_t_quantile(double p, double df);
/* P(X > x), chi-squared. */
double special_chi2_upper(double x, double df);
/* P(X <= k), X binomial of n trials with probability p. */
double special_binomial_cdf(uint64_t k, uint64_t n, double p);
/* x log(x / mean) - (x - mean) without cancellation; x >= 0, mean > 0.  The exponent of binomial,
 * beta and Poisson probabilities (C. Loader 2000). */
double special_deviance(double x, double mean);

#endif
