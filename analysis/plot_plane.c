#include "analysis/plot_plane.h"

#include <math.h>

void plot_reach_include(struct plot_reach *reach, double value)
{
    reach->lo = fmin(reach->lo, value);
    reach->hi = fmax(reach->hi, value);
}

void plot_plane_fit(struct plot_plane *plane, struct plot_reach x, struct plot_reach y)
{
    /* Names need room: above, where most points of a row lie, and to the right. */
    x.hi += 0.05 * (x.hi - x.lo);
    y.hi += 0.12 * (y.hi - y.lo);
    plane->x_axis = plot_axis_fit(x.lo, x.hi, x.lo > 0 && x.hi > 2.5 * x.lo, 8);
    plane->y_axis = plot_axis_fit(y.lo, y.hi, y.lo > 0 && y.hi > 6 * y.lo, 8);
}

/* ---- pixels --------------------------------------------------------------------------------- */

enum { INNER_WIDTH = PLOT_WIDTH - PLANE_LEFT - PLANE_RIGHT };
enum { INNER_HEIGHT = PLANE_HEIGHT - PLANE_TOP - PLANE_BOTTOM };

double plot_plane_x(const struct plot_plane *plane, double value)
{
    return PLANE_LEFT + plot_axis_at(&plane->x_axis, value) * INNER_WIDTH;
}

double plot_plane_y(const struct plot_plane *plane, double value)
{
    return PLANE_BOTTOM + plot_axis_at(&plane->y_axis, value) * INNER_HEIGHT;
}

double plot_plane_value_x(const struct plot_plane *plane, double pixel)
{
    return plot_axis_value(&plane->x_axis, (pixel - PLANE_LEFT) / INNER_WIDTH);
}

double plot_plane_value_y(const struct plot_plane *plane, double pixel)
{
    return plot_axis_value(&plane->y_axis, (pixel - PLANE_BOTTOM) / INNER_HEIGHT);
}

struct plot_rect plot_plane_frame(void)
{
    return (struct plot_rect){PLANE_LEFT + 4, PLOT_WIDTH - PLANE_RIGHT - 2, PLANE_BOTTOM + 6,
                              PLANE_HEIGHT - PLANE_TOP - 4};
}

size_t plot_plane_steps(const struct plot_plane *plane, const double *stairs, size_t corners,
                        struct plot_rect *rects)
{
    size_t count = 0;
    for (size_t i = 1; i < corners; i++) {
        double x0 = plot_plane_x(plane, stairs[2 * i - 2]);
        double y0 = plot_plane_y(plane, stairs[2 * i - 1]);
        double x1 = plot_plane_x(plane, stairs[2 * i]);
        double y1 = plot_plane_y(plane, stairs[2 * i + 1]);
        rects[count++] = (struct plot_rect){fmin(x0, x1) - 2, fmax(x0, x1) + 2, fmin(y0, y1) - 2,
                                            fmax(y0, y1) + 2};
    }
    return count;
}

/* ---- rows and script ------------------------------------------------------------------------ */

void plot_plane_put_label(const struct plot_plane *plane, const struct plot_label *label,
                          const char *words, struct text *csv)
{
    /* The box is an upper bound: text that lies left of its point ends at the point. */
    bool ends_there = label->at.right <= label->x;
    text_print(csv, "%.9g,%.9g,",
               plot_plane_value_x(plane, ends_there ? label->at.right : label->at.left),
               plot_plane_value_y(plane, (label->at.bottom + label->at.top) / 2));
    text_plot(csv, ends_there ? "" : words, 60);
    text_put(csv, ",");
    text_plot(csv, ends_there ? words : "", 60);
    text_put(csv, "\n");
}

void plot_plane_put_leader(const struct plot_plane *plane, const struct plot_label *label, double x,
                           double y, struct text *csv)
{
    if (label->leader)
        text_print(csv, "%.9g,%.9g,%.9g,%.9g\n", x, y, plot_plane_value_x(plane, label->to_x) - x,
                   plot_plane_value_y(plane, label->to_y) - y);
}

/* Of names, only metrics' (ours) may stand in a script. */
static void put_axis_names(const struct plot_plane *plane, struct text *gp)
{
    const struct frontier *frontier = plane->frontier;
    bool read = frontier_key_is(frontier, plane->x_key, M_P95_NS, "read_point");
    text_print(gp, "  set xlabel \"%s%s, %% of the control's\" offset 0,0.2\n",
               read ? "point reads: " : "",
               read ? "p95 latency" : metric_table[frontier->keys[plane->x_key].metric].name);
    text_print(gp, "  set ylabel \"%s, %% of the control's\" offset 0.5,0\n",
               frontier_key_is(frontier, plane->y_key, M_TOTAL_BYTES, NULL)
                   ? "bytes stored"
                   : metric_table[frontier->keys[plane->y_key].metric].name);
}

void plot_plane_put(const struct plot_plane *plane, struct text *gp)
{
    plot_put_box(gp, (struct plot_box){(double)PLANE_LEFT / PLOT_WIDTH,
                                       1 - (double)PLANE_RIGHT / PLOT_WIDTH,
                                       (double)PLANE_BOTTOM / PLANE_HEIGHT,
                                       1 - (double)PLANE_TOP / PLANE_HEIGHT});
    plot_put_axis(gp, 'x', &plane->x_axis, PLOT_PERCENT);
    plot_put_axis(gp, 'y', &plane->y_axis, PLOT_PERCENT);
    text_put(gp, "  set grid xtics ytics\n");
    put_axis_names(plane, gp);
}
