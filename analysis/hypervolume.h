/* hypervolume.h: how much of the space up to a reference point a set of points dominates, exactly.
 *
 * All coordinates are to be made small.  Points not strictly better than the reference in every
 * dimension contribute nothing.  2D and 3D: sweeps over a sorted staircase; above: WFG (While,
 * Bradstreet & Barone, IEEE TEVC 2012) down to the 3D sweep.  Exponential in the worst case above
 * three dimensions: meant for the few dozen points of a study.
 */
#ifndef ANALYSIS_HYPERVOLUME_H
#define ANALYSIS_HYPERVOLUME_H

#include "engine/base.h"

enum { HYPERVOLUME_DIMS_MAX = 12 };

/* `points` holds count rows of dims finite values; dims 1..HYPERVOLUME_DIMS_MAX. */
MUST_CHECK enum rc hypervolume(const double *points, size_t count, size_t dims,
                               const double *reference, double *out, struct err *err);
/* What is lost when point i alone is deleted: 0 for dominated points and for duplicates. */
MUST_CHECK enum rc hypervolume_contributions(const double *points, size_t count, size_t dims,
                                             const double *reference, double *out, struct err *err);
/* Non-dominated sorting: 1 for the frontier, 2 for the frontier of the rest, ... */
MUST_CHECK enum rc hypervolume_ranks(const double *points, size_t count, size_t dims,
                                     uint32_t *ranks, struct err *err);
/* The smallest factor by which `a` must shrink so that it weakly dominates all of `b`
 * (multiplicative epsilon indicator, positive coordinates). */
double hypervolume_epsilon(const double *a, size_t a_count, const double *b, size_t b_count,
                           size_t dims);

#endif
