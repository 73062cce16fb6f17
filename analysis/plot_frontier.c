/* plot_frontier.c: storage against read latency, both as % of the control's. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/pareto.h"
#include "analysis/plot_labels.h"
#include "analysis/plot_parts.h"

enum { HEIGHT = 620, LEFT = 92, RIGHT = 24, TOP = 96, BOTTOM = 66 };

struct point {
    size_t arm;
    double x, y;       /* % of the control's */
    double at_x, at_y; /* where it is drawn: at the edge when it lies outside */
    char label[160];
};

struct figure {
    const struct frontier *frontier;
    struct plot_draft *draft;
    size_t x_key, y_key;
    struct plot_axis x_axis, y_axis;
    struct point *points;
    struct plot_label *labels;
    size_t count;
    double *stairs; /* corners of the staircase: x,y pairs */
    size_t corners;
    bool cut; /* some point lies outside the axes */
};

/* ---- what is drawn -------------------------------------------------------------------------- */

static bool is_read_p95(const struct frontier *frontier, size_t key)
{
    const struct summary_place *place = &frontier->summary->places[frontier->keys[key].place];
    return frontier->keys[key].metric == M_P95_NS && place->phase != NULL &&
           strcmp(place->phase->workload, "read_point") == 0;
}

/* Upwards storage, sideways the p95 of point reads; else the first two keys of the study. */
static bool choose_keys(struct figure *figure)
{
    const struct frontier *frontier = figure->frontier;
    size_t storage = frontier->key_count, read = frontier->key_count;
    for (size_t k = frontier->key_count; k-- > 0;) {
        if (frontier->keys[k].metric == M_TOTAL_BYTES)
            storage = k;
        if (is_read_p95(frontier, k))
            read = k;
    }
    if (frontier->key_count < 2)
        return false;
    figure->y_key = storage < frontier->key_count ? storage : read == 0 ? 1 : 0;
    figure->x_key = read < frontier->key_count ? read : figure->y_key == 0 ? 1 : 0;
    return true;
}

static void add_point(struct figure *figure, size_t arm)
{
    const struct frontier *frontier = figure->frontier;
    struct point *point = &figure->points[figure->count];
    *point = (struct point){.arm = arm,
                            .x = frontier->arms[arm].percent[figure->x_key],
                            .y = frontier->arms[arm].percent[figure->y_key]};
    if (!plot_draws(frontier->summary, arm) || !isfinite(point->x) || !isfinite(point->y) ||
        point->x <= 0)
        return;
    const char *remark = arm == frontier->choice                              ? " (choice)"
                         : frontier->arms[arm].standing == STANDING_REFERENCE ? " (reference)"
                                                                              : "";
    snprintf(point->label, sizeof(point->label), "%.100s%s",
             frontier->summary->arms[arm].arm->label, remark);
    figure->count++;
}

/* Frontier first: its names get the best places. */
static bool gather(struct figure *figure)
{
    const struct frontier *frontier = figure->frontier;
    for (int on = 1; on >= 0; on--) {
        for (size_t a = 0; a < frontier->arm_count; a++) {
            if ((frontier->arms[a].standing == STANDING_ON) == (on == 1))
                add_point(figure, a);
        }
    }
    return figure->count != 0;
}

/* An interval that grows. */
struct reach {
    double lo, hi;
};

static void include(struct reach *reach, double value)
{
    reach->lo = fmin(reach->lo, value);
    reach->hi = fmax(reach->hi, value);
}

/* What the decision is about must be readable: the frontier, the control, the guardrail.  Others
 * widen the axis by half of that at most; what lies further out stands at the edge and says so. */
static struct reach core_reach(const struct figure *figure, bool x)
{
    struct reach core = {100, x ? 100 * (1 + figure->frontier->guardrail) : 100};
    for (size_t i = 0; i < figure->count; i++) {
        enum frontier_standing standing = figure->frontier->arms[figure->points[i].arm].standing;
        if (standing == STANDING_ON || standing == STANDING_CONTROL)
            include(&core, x ? figure->points[i].x : figure->points[i].y);
    }
    struct reach reach = core;
    for (size_t i = 0; i < figure->count; i++) {
        double value = x ? figure->points[i].x : figure->points[i].y;
        if (value >= core.lo / 1.5 && value <= core.hi * 1.5)
            include(&reach, value);
    }
    return reach;
}

static double clamp(double value, struct reach reach)
{
    return fmin(fmax(value, reach.lo), reach.hi);
}

/* "naive (2620 %, 200 %)": where a point at the edge really lies. */
static void name_place(struct point *point)
{
    size_t len = strlen(point->label);
    snprintf(point->label + len, sizeof(point->label) - len, " (%.0f %%, %.0f %%)", point->x,
             point->y);
}

static void fit_axes(struct figure *figure)
{
    struct reach x = core_reach(figure, true), y = core_reach(figure, false);
    /* Names need room: above, where most points of a row lie, and to the right. */
    x.hi += 0.05 * (x.hi - x.lo);
    y.hi += 0.12 * (y.hi - y.lo);
    figure->x_axis = plot_axis_fit(x.lo, x.hi, x.lo > 0 && x.hi > 2.5 * x.lo, 8);
    figure->y_axis = plot_axis_fit(y.lo, y.hi, y.lo > 0 && y.hi > 6 * y.lo, 8);
    for (size_t i = 0; i < figure->count; i++) {
        struct point *point = &figure->points[i];
        struct reach inside_x = {figure->x_axis.lo, figure->x_axis.hi};
        struct reach inside_y = {figure->y_axis.lo, figure->y_axis.hi};
        point->at_x = clamp(point->x, inside_x);
        point->at_y = clamp(point->y, inside_y);
        if (point->at_x != point->x || point->at_y != point->y) {
            name_place(point);
            figure->cut = true;
        }
    }
}

/* ---- layout --------------------------------------------------------------------------------- */

static double pixel_x(const struct figure *figure, double x)
{
    return LEFT + plot_axis_at(&figure->x_axis, x) * (PLOT_WIDTH - LEFT - RIGHT);
}

static double pixel_y(const struct figure *figure, double y)
{
    return BOTTOM + plot_axis_at(&figure->y_axis, y) * (HEIGHT - TOP - BOTTOM);
}

static double value_x(const struct figure *figure, double pixel)
{
    return plot_axis_value(&figure->x_axis, (pixel - LEFT) / (PLOT_WIDTH - LEFT - RIGHT));
}

static double value_y(const struct figure *figure, double pixel)
{
    return plot_axis_value(&figure->y_axis, (pixel - BOTTOM) / (HEIGHT - TOP - BOTTOM));
}

static bool has_guard(const struct figure *figure)
{
    for (size_t g = 0; g < figure->frontier->guard_count; g++) {
        if (figure->frontier->guards[g].place == figure->frontier->keys[figure->x_key].place)
            return figure->frontier->keys[figure->x_key].metric == M_P95_NS;
    }
    return false;
}

static int by_x(const void *a, const void *b)
{
    const double *p = a, *q = b;
    if (p[0] != q[0])
        return p[0] < q[0] ? -1 : 1;
    return (p[1] > q[1]) - (p[1] < q[1]);
}

static void add_corner(struct figure *figure, double x, double y)
{
    figure->stairs[2 * figure->corners] = x;
    figure->stairs[2 * figure->corners++ + 1] = y;
}

/* The competitors' frontier in these two metrics, as a staircase from edge to edge. */
static enum rc find_stairs(struct figure *figure, double *points, bool *on)
{
    size_t count = 0, kept = 0;
    for (size_t i = 0; i < figure->count; i++) {
        if (!figure->frontier->arms[figure->points[i].arm].eligible)
            continue;
        points[2 * count] = figure->points[i].x;
        points[2 * count++ + 1] = figure->points[i].y;
    }
    enum rc rc = pareto_frontier(points, count, 2, on, figure->draft->csv.err);
    if (rc != RC_OK || count == 0)
        return rc;
    for (size_t i = 0; i < count; i++) {
        if (on[i])
            memmove(&points[2 * kept++], &points[2 * i], 2 * sizeof(*points));
    }
    qsort(points, kept, 2 * sizeof(*points), by_x);
    add_corner(figure, points[0], figure->y_axis.hi);
    for (size_t i = 0; i < kept; i++) {
        if (i != 0)
            add_corner(figure, points[2 * i], points[2 * i - 1]);
        add_corner(figure, points[2 * i], points[2 * i + 1]);
    }
    add_corner(figure, figure->x_axis.hi, points[2 * kept - 1]);
    return RC_OK;
}

static enum rc make_stairs(struct figure *figure)
{
    double *points = calloc(figure->count, 2 * sizeof(*points));
    bool *on = calloc(figure->count, sizeof(*on));
    figure->stairs = calloc(2 * figure->count + 2, 2 * sizeof(*figure->stairs));
    enum rc rc;
    if (points == NULL || on == NULL || figure->stairs == NULL)
        rc = FAIL(figure->draft->csv.err, RC_NOMEM, 0, "no memory for a figure");
    else
        rc = find_stairs(figure, points, on);
    free(on);
    free(points);
    return rc;
}

/* Lines that names should not lie on: the staircase's steps and the guardrail. */
static size_t line_rects(const struct figure *figure, struct plot_rect *rects)
{
    size_t count = 0;
    for (size_t i = 1; i < figure->corners; i++) {
        double x0 = pixel_x(figure, figure->stairs[2 * i - 2]);
        double y0 = pixel_y(figure, figure->stairs[2 * i - 1]);
        double x1 = pixel_x(figure, figure->stairs[2 * i]);
        double y1 = pixel_y(figure, figure->stairs[2 * i + 1]);
        rects[count++] = (struct plot_rect){fmin(x0, x1) - 2, fmax(x0, x1) + 2, fmin(y0, y1) - 2,
                                            fmax(y0, y1) + 2};
    }
    double guard = pixel_x(figure, 100 * (1 + figure->frontier->guardrail));
    if (has_guard(figure)) {
        rects[count++] = (struct plot_rect){guard - 3, guard + 3, BOTTOM, HEIGHT - TOP};
        /* Its name runs down the line's right side. */
        rects[count++] = (struct plot_rect){guard, guard + 22, HEIGHT - TOP - 130, HEIGHT - TOP};
    }
    return count;
}

static enum rc place_labels(struct figure *figure)
{
    struct plot_rect frame = {LEFT + 4, PLOT_WIDTH - RIGHT - 2, BOTTOM + 6, HEIGHT - TOP - 4};
    struct plot_rect *lines = calloc(figure->corners + 2, sizeof(*lines));
    if (lines == NULL)
        return FAIL(figure->draft->csv.err, RC_NOMEM, 0, "no memory for a figure");
    size_t line_count = line_rects(figure, lines);
    for (size_t i = 0; i < figure->count; i++) {
        figure->labels[i] = (struct plot_label){
            .x = pixel_x(figure, figure->points[i].at_x),
            .y = pixel_y(figure, figure->points[i].at_y),
            .clear = figure->points[i].arm == figure->frontier->choice ? 14 : 9,
            .width = plot_text_pixels(figure->points[i].label),
            .height = PLOT_FONT + 3,
        };
    }
    plot_labels_place(figure->labels, figure->count, frame, lines, line_count);
    free(lines);
    return RC_OK;
}

/* ---- CSV ------------------------------------------------------------------------------------ */

static void put_texts(struct figure *figure)
{
    struct text *csv = &figure->draft->csv;
    double top = (double)(HEIGHT - 26) / HEIGHT, below = (double)(HEIGHT - 54) / HEIGHT;
    plot_texts_begin(csv);
    plot_text(csv, 0.02, top, "Storage against read latency, % of the control's", 80);
    plot_text(csv, 0.02, below,
              "Filled: on the frontier of all key metrics.  Open: dominated, reference, or the "
              "control's second run.",
              110);
    plot_text(csv, 0.02, below - 22.0 / HEIGHT,
              figure->cut
                  ? "Line: the frontier in these two alone.  Medians; lower left is better. "
                    " With figures: off the scale."
                  : "Line: the frontier in these two alone.  Medians over rounds; lower left "
                    "is better.",
              110);
    plot_block_end(csv);
}

static void put_points(struct figure *figure)
{
    struct text *csv = &figure->draft->csv;
    text_put(csv, "x,y,point_type,color,arm,standing,x_percent,y_percent,x_value,y_value\n");
    for (size_t i = 0; i < figure->count; i++) {
        const struct point *point = &figure->points[i];
        const struct frontier_arm *arm = &figure->frontier->arms[point->arm];
        struct plot_style style = plot_style_of(figure->frontier->summary, point->arm);
        char x[TEXT_NUMBER_SIZE], y[TEXT_NUMBER_SIZE];
        text_print(csv, "%.9g,%.9g,%d,%u,", point->at_x, point->at_y,
                   arm->standing == STANDING_ON ? style.filled : style.open, style.color);
        text_plot(csv, figure->frontier->summary->arms[point->arm].arm->label, 60);
        text_print(csv, ",%s,%.9g,%.9g,%s,%s\n", frontier_standing_name(arm->standing), point->x,
                   point->y, text_number(x, arm->value[figure->x_key]),
                   text_number(y, arm->value[figure->y_key]));
    }
    plot_block_end(csv);
}

static void put_labels(struct figure *figure)
{
    struct text *csv = &figure->draft->csv;
    text_put(csv, "x,y,text\n");
    for (size_t i = 0; i < figure->count; i++) {
        const struct plot_label *label = &figure->labels[i];
        /* The box is an upper bound: text that lies left of its point ends at the point. */
        bool ends_there = label->at.right <= label->x;
        text_print(csv, "%.9g,%.9g,",
                   value_x(figure, ends_there ? label->at.right : label->at.left),
                   value_y(figure, (label->at.bottom + label->at.top) / 2));
        text_plot(csv, ends_there ? "" : figure->points[i].label, 60);
        text_put(csv, ",");
        text_plot(csv, ends_there ? figure->points[i].label : "", 60);
        text_put(csv, "\n");
    }
    plot_block_end(csv);
}

/* Lines from a point to a name that found no room beside it. */
static void put_leaders(struct figure *figure)
{
    struct text *csv = &figure->draft->csv;
    plot_block_end(csv);
    text_put(csv, "x,y,dx,dy\n");
    for (size_t i = 0; i < figure->count; i++) {
        const struct plot_label *label = &figure->labels[i];
        const struct point *point = &figure->points[i];
        if (label->leader)
            text_print(csv, "%.9g,%.9g,%.9g,%.9g\n", point->at_x, point->at_y,
                       value_x(figure, label->to_x) - point->at_x,
                       value_y(figure, label->to_y) - point->at_y);
    }
    /* gnuplot must find a row in every block: a line of no length is invisible. */
    text_print(csv, "%.9g,%.9g,0,0\n", figure->points[0].at_x, figure->points[0].at_y);
    plot_block_end(csv);
}

static void put_stairs(struct figure *figure)
{
    struct text *csv = &figure->draft->csv;
    text_put(csv, "x,y\n");
    for (size_t i = 0; i < figure->corners; i++)
        text_print(csv, "%.9g,%.9g\n", figure->stairs[2 * i], figure->stairs[2 * i + 1]);
    if (figure->corners == 0)
        text_print(csv, "%.9g,%.9g\n", figure->points[0].at_x, figure->points[0].at_y);
    plot_block_end(csv);
}

/* The point a ring is drawn around; without a choice, one that is on no canvas. */
static void put_choice(struct figure *figure)
{
    double x = -1e300, y = -1e300;
    for (size_t i = 0; i < figure->count; i++) {
        if (figure->points[i].arm == figure->frontier->choice) {
            x = figure->points[i].x;
            y = figure->points[i].y;
        }
    }
    text_put(&figure->draft->csv, "x,y\n");
    text_print(&figure->draft->csv, "%.9g,%.9g\n", x, y);
}

/* ---- script --------------------------------------------------------------------------------- */

static void put_axis_names(struct figure *figure)
{
    const struct frontier *frontier = figure->frontier;
    struct text *gp = &figure->draft->gp;
    /* Of names, only metrics' (ours) may stand in a script. */
    text_print(gp, "  set xlabel \"%s%s, %% of the control's\" offset 0,0.2\n",
               is_read_p95(frontier, figure->x_key) ? "point reads: " : "",
               is_read_p95(frontier, figure->x_key)
                   ? "p95 latency"
                   : metric_table[frontier->keys[figure->x_key].metric].name);
    text_print(gp, "  set ylabel \"%s, %% of the control's\" offset 0.5,0\n",
               frontier->keys[figure->y_key].metric == M_TOTAL_BYTES
                   ? "bytes stored"
                   : metric_table[frontier->keys[figure->y_key].metric].name);
}

static void put_script(struct figure *figure)
{
    struct text *gp = &figure->draft->gp;
    double guard = 100 * (1 + figure->frontier->guardrail);
    plot_begin(gp, "frontier", HEIGHT);
    plot_put_box(gp, (struct plot_box){(double)LEFT / PLOT_WIDTH, 1 - (double)RIGHT / PLOT_WIDTH,
                                       (double)BOTTOM / HEIGHT, 1 - (double)TOP / HEIGHT});
    plot_put_axis(gp, 'x', &figure->x_axis, PLOT_PERCENT);
    plot_put_axis(gp, 'y', &figure->y_axis, PLOT_PERCENT);
    text_put(gp, "  set grid xtics ytics\n");
    put_axis_names(figure);
    if (has_guard(figure))
        text_print(
            gp,
            "  set object 1 rectangle from first %.9g, graph 0 to graph 1, graph 1 behind "
            "fillcolor rgb \"#faf1ec\" fillstyle solid noborder\n"
            "  set arrow 1 from first %.9g, graph 0 to first %.9g, graph 1 nohead "
            "linecolor rgb \"#b04000\" linewidth 1.5 dashtype 2\n"
            "  set label 1 \"guardrail +%.4g %%\" at first %.9g, graph 0.985 right rotate by 90 "
            "offset character 1.0,0 textcolor rgb \"#b04000\"\n",
            guard, guard, guard, guard - 100, guard);
    text_put(
        gp,
        "  plot \"frontier.csv\" index 4 every ::1 using 1:2 with lines "
        "linecolor rgb \"#b4b4b4\" linewidth 3, \\\n"
        "    \"frontier.csv\" index 3 every ::1 using 1:2:3:4 with vectors "
        "nohead linecolor rgb \"#b0b0b0\" linewidth 1, \\\n"
        "    \"frontier.csv\" index 1 every ::1 using 1:2:3:4 with points "
        "pointtype variable pointsize 1.5*marker linewidth 2/marker linecolor rgb variable, \\\n"
        "    \"frontier.csv\" index 5 every ::1 using 1:2 with points pointtype 6 "
        "pointsize 3*marker linewidth 1.5 linecolor rgb \"#202020\", \\\n"
        "    \"frontier.csv\" index 2 every ::1 using 1:2:3 with labels left, \\\n"
        "    \"frontier.csv\" index 2 every ::1 using 1:2:4 with labels right\n");
    plot_end(gp);
}

static enum rc draw(struct figure *figure)
{
    fit_axes(figure);
    enum rc rc = make_stairs(figure);
    if (rc == RC_OK)
        rc = place_labels(figure);
    if (rc != RC_OK)
        return rc;
    put_texts(figure);
    put_points(figure);
    put_labels(figure);
    put_leaders(figure);
    put_stairs(figure);
    put_choice(figure);
    put_script(figure);
    return RC_OK;
}

enum rc plot_frontier_draft(const struct frontier *frontier, struct plot_draft *draft)
{
    struct figure figure = {.frontier = frontier, .draft = draft};
    enum rc rc = RC_OK;
    figure.points = calloc(frontier->arm_count + 1, sizeof(*figure.points));
    figure.labels = calloc(frontier->arm_count + 1, sizeof(*figure.labels));
    if (figure.points == NULL || figure.labels == NULL)
        rc = FAIL(draft->csv.err, RC_NOMEM, 0, "no memory for a figure");
    else if (!choose_keys(&figure))
        plot_refuse(draft, "fewer than two key metrics");
    else if (!gather(&figure))
        plot_refuse(draft, "no arm has both values and a control to compare with");
    else
        rc = draw(&figure);
    free(figure.stairs);
    free(figure.labels);
    free(figure.points);
    return rc;
}
