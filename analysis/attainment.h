/* attainment.h: the honest picture of a noisy frontier: how often each place is attained.
 *
 * Round r attains (x, y) when some point of its set is at most x and at most y.  The k-th level is
 * the boundary of what at least k of the rounds attain (Grunert da Fonseca, Fonseca & Hall, EMO
 * 2001): median and 5/95 % curves for two dimensions to be made small.  DESCRIPTIVE.
 */
#ifndef ANALYSIS_ATTAINMENT_H
#define ANALYSIS_ATTAINMENT_H

#include "engine/base.h"

struct attainment_point {
    double x, y;
};
/* Set r has points[start[r]..start[r+1]).  The staircase's non-dominated corners, ascending x, into
 * out, which has room for start[sets] points; *count of them. level 1..sets. */
MUST_CHECK enum rc attainment_curve(const struct attainment_point *points, const size_t *start,
                                    size_t sets, size_t level, struct attainment_point *out,
                                    size_t *count, struct err *err);
/* Sets that attain the point. */
size_t attainment_count(const struct attainment_point *points, const size_t *start, size_t sets,
                        struct attainment_point at);

#endif
