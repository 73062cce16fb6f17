/* pareto.h: dominance among points of k dimensions, all to be made small.
 *
 * a dominates b when a is no worse in every dimension and better in at least one.  Equal points do
 * not dominate each other: they stand or fall together (one tie class, all kept).
 * Up to three dimensions: a sweep over the first coordinate, O(count x log count) (Kung, Luccio &
 * Preparata, JACM 22(4), 1975).  Above: sort-filter-skyline (Chomicki, Godfrey, Gryz & Liang, ICDE
 * 2003): presorted by a key that every dominator has smaller, so a point needs comparing with the
 * points already kept only, and a kept point is never evicted.  O(dims x count x kept).
 */
#ifndef ANALYSIS_PARETO_H
#define ANALYSIS_PARETO_H

#include "engine/base.h"

bool pareto_dominates(const double *a, const double *b, size_t dims);

/* `points` holds count rows of dims finite values.  on[i] becomes true for the points that no other
 * dominates.  dims 0: all points are equal, all are kept. */
MUST_CHECK enum rc pareto_frontier(const double *points, size_t count, size_t dims, bool *on,
                                   struct err *err);

/* Which kept points dominate `point`, in row order; returns how many were written to `out`, which
 * has room for `count`.  At least one for every point that is not kept. */
size_t pareto_dominators(const double *points, size_t count, size_t dims, const bool *on,
                         size_t point, uint32_t *out);

#endif
