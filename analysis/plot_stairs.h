/* plot_stairs.h: the frontier of points in two dimensions as a line of steps. */
#ifndef ANALYSIS_PLOT_STAIRS_H
#define ANALYSIS_PLOT_STAIRS_H

#include "engine/base.h"

/* `points` holds count pairs x,y, both to be made small; it is overwritten.  The corners of the
 * staircase through those that no other dominates, from y_edge down to x_edge, into `corners`,
 * which has room for 2 * count + 2 pairs.  None without points. */
MUST_CHECK enum rc plot_stairs_find(double *points, size_t count, double x_edge, double y_edge,
                                    double *corners, size_t *corner_count, struct err *err);

#endif
