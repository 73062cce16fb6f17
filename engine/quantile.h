/* quantile.h: sample quantiles of sorted data.
 *
 * Type 7 of Hyndman & Fan, "Sample Quantiles in Statistical Packages", The American Statistician
 * 50(4), 1996: linear interpolation at h = (n - 1) q, the default of R and NumPy.
 */
#ifndef ENGINE_QUANTILE_H
#define ENGINE_QUANTILE_H

#include "engine/base.h"

/* `values` ascending, count >= 1, 0 <= q <= 1. */
double quantile_type7(const double *values, size_t count, double q);
void quantile_sort(double *values, size_t count);

#endif
