/* plot_plane.h: what figures of two key metrics have in common; for plot*.c only.
 *
 * One frame on a canvas of fixed size, both axes in % of the control's, names beside points.
 * Pixels count from the lower left.
 */
#ifndef ANALYSIS_PLOT_PLANE_H
#define ANALYSIS_PLOT_PLANE_H

#include "analysis/plot_labels.h"
#include "analysis/plot_parts.h"

enum { PLANE_HEIGHT = 620, PLANE_LEFT = 92, PLANE_RIGHT = 24, PLANE_TOP = 96, PLANE_BOTTOM = 66 };

struct plot_plane {
    const struct frontier *frontier;
    size_t x_key, y_key;
    struct plot_axis x_axis, y_axis;
};

/* An interval that grows. */
struct plot_reach {
    double lo, hi;
};
void plot_reach_include(struct plot_reach *reach, double value);

/* Axes that show both, with room for names. */
void plot_plane_fit(struct plot_plane *plane, struct plot_reach x, struct plot_reach y);

double plot_plane_x(const struct plot_plane *plane, double value); /* pixels */
double plot_plane_y(const struct plot_plane *plane, double value);
double plot_plane_value_x(const struct plot_plane *plane, double pixel);
double plot_plane_value_y(const struct plot_plane *plane, double pixel);

/* Lines that names should not lie on: the steps of a staircase (pairs x,y).  `rects` has room for
 * `corners`; returns how many. */
size_t plot_plane_steps(const struct plot_plane *plane, const double *stairs, size_t corners,
                        struct plot_rect *rects);
/* Where names may stand. */
struct plot_rect plot_plane_frame(void);
/* A label's row, x,y,text,text: the first text ends where it stands right of its point. */
void plot_plane_put_label(const struct plot_plane *plane, const struct plot_label *label,
                          const char *words, struct text *csv);
/* A label's row of x,y,dx,dy, a line from the point to a name that found no room beside it. */
void plot_plane_put_leader(const struct plot_plane *plane, const struct plot_label *label, double x,
                           double y, struct text *csv);
/* The frame, the axes and their names, the grid. */
void plot_plane_put(const struct plot_plane *plane, struct text *gp);

#endif
