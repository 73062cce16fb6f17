/* plot_labels.h: names beside points without overlaps, in pixels of the canvas (y upwards).
 *
 * Greedy: labels are placed one after another, each where it costs least among places around its
 * point at growing distances; what lies on another label, on a marker or outside the frame costs
 * most, distance a little.  Deterministic.
 */
#ifndef ANALYSIS_PLOT_LABELS_H
#define ANALYSIS_PLOT_LABELS_H

#include <stdbool.h>
#include <stddef.h>

struct plot_rect {
    double left, right, bottom, top;
};

struct plot_label {
    double x, y;          /* of the point */
    double clear;         /* half the width of its marker, with some air */
    double width, height; /* of the text */
    /* Placed: */
    struct plot_rect at;
    bool leader;       /* so far off that a line must connect the two */
    double to_x, to_y; /* where that line ends, at the text */
};

/* `obstacles` (lines of text, markers that carry no label) are kept clear as labels are. */
void plot_labels_place(struct plot_label *labels, size_t count, struct plot_rect frame,
                       const struct plot_rect *obstacles, size_t obstacle_count);

#endif
