/* edivisive.h: change points of a history, E-divisive means (Matteson & James, JASA 2014) as Apache
 * Otava (Hunter; Fleming et al., ICPE 2023) uses it: in windows that overlap by half, split where
 * the energy statistic is largest, keep the split when Welch's t test between the two sides says so
 * at ten times max_p, go on in both parts; then, over the whole series, remove the weakest change
 * point until every one holds at max_p between its neighbours.  A regime is at least three points
 * long.
 *
 * Alarms for people to look at; no gate turns red on them.  p is no error rate: the split was
 * chosen for being large.  At the usual options one steady series of 50 points in thirty has an
 * alarm, one of 200 in eleven; a level that soon came back may be missed, as both sides are
 * compared whole.
 */
#ifndef ANALYSIS_EDIVISIVE_H
#define ANALYSIS_EDIVISIVE_H

#include "engine/base.h"

enum { EDIVISIVE_WINDOW_MAX = 1000 };

struct edivisive_options {
    double max_p;  /* 0.001 */
    size_t window; /* points looked at together: 50 */
};
struct change_point {
    size_t at;            /* first index of the new regime */
    double before, after; /* means of the regimes on both sides */
    double p;
};
/* At most `max` are written to out, ascending; *count is how many.  RC_USAGE for a series longer
 * than 100,000, a window outside 6..EDIVISIVE_WINDOW_MAX, max_p outside (0, 1).  Values must be
 * finite. */
MUST_CHECK enum rc edivisive_find(const double *x, size_t n,
                                  const struct edivisive_options *options, struct change_point *out,
                                  size_t max, size_t *count, struct err *err);

#endif
