/* plot_frontier.c: storage against read latency, both as % of the control's. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/plot_plane.h"
#include "analysis/plot_stairs.h"

struct point {
    size_t arm;
    double x, y;       /* % of the control's */
    double low, high;  /* the interval of x; equal to it when there is none */
    double at_x, at_y; /* where it is drawn: at the edge when it lies outside */
    char label[160];
};

struct figure {
    const struct frontier *frontier;
    struct plot_draft *draft;
    struct plot_plane plane;
    struct point *points;
    struct plot_label *labels;
    size_t count;
    double *stairs; /* corners of the staircase: x,y pairs */
    size_t corners;
    bool cut; /* some point lies outside the axes */
};

/* ---- what is drawn -------------------------------------------------------------------------- */

static void add_point(struct figure *figure, size_t arm)
{
    const struct frontier *frontier = figure->frontier;
    struct point *point = &figure->points[figure->count];
    const struct interval *ratio = &frontier->arms[arm].versus[figure->plane.x_key];
    *point = (struct point){.arm = arm,
                            .x = frontier->arms[arm].percent[figure->plane.x_key],
                            .y = frontier->arms[arm].percent[figure->plane.y_key]};
    point->low = point->high = point->x;
    if (ratio->n != 0 && ratio->low > 0 && isfinite(ratio->high)) {
        point->x = 100 * ratio->estimate;
        point->low = 100 * ratio->low;
        point->high = 100 * ratio->high;
    }
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
            if (frontier_keeps(frontier, a) == (on == 1))
                add_point(figure, a);
        }
    }
    return figure->count != 0;
}

/* What the decision is about must be readable: the frontier, the control, the guardrail.  Others
 * widen the axis by half of that at most; what lies further out stands at the edge and says so. */
static struct plot_reach core_reach(const struct figure *figure, bool x)
{
    struct plot_reach core = {100, x ? 100 * (1 + figure->frontier->guardrail) : 100};
    for (size_t i = 0; i < figure->count; i++) {
        enum frontier_standing standing = figure->frontier->arms[figure->points[i].arm].standing;
        if (!frontier_keeps(figure->frontier, figure->points[i].arm) &&
            standing != STANDING_CONTROL)
            continue;
        plot_reach_include(&core, x ? figure->points[i].low : figure->points[i].y);
        plot_reach_include(&core, x ? figure->points[i].high : figure->points[i].y);
    }
    struct plot_reach reach = core;
    for (size_t i = 0; i < figure->count; i++) {
        double value = x ? figure->points[i].x : figure->points[i].y;
        if (value >= core.lo / 1.5 && value <= core.hi * 1.5)
            plot_reach_include(&reach, value);
    }
    return reach;
}

static double clamp(double value, struct plot_reach reach)
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
    struct plot_reach x = core_reach(figure, true), y = core_reach(figure, false);
    plot_plane_fit(&figure->plane, x, y);
    for (size_t i = 0; i < figure->count; i++) {
        struct point *point = &figure->points[i];
        struct plot_reach inside_x = {figure->plane.x_axis.lo, figure->plane.x_axis.hi};
        struct plot_reach inside_y = {figure->plane.y_axis.lo, figure->plane.y_axis.hi};
        point->at_x = clamp(point->x, inside_x);
        point->at_y = clamp(point->y, inside_y);
        if (point->at_x != point->x || point->at_y != point->y) {
            name_place(point);
            figure->cut = true;
        }
    }
}

/* ---- layout --------------------------------------------------------------------------------- */

static bool has_guard(const struct figure *figure)
{
    for (size_t g = 0; g < figure->frontier->guard_count; g++) {
        if (figure->frontier->guards[g].place == figure->frontier->keys[figure->plane.x_key].place)
            return figure->frontier->keys[figure->plane.x_key].metric == M_P95_NS;
    }
    return false;
}

/* The competitors' frontier in these two metrics, as a staircase from edge to edge. */
static enum rc make_stairs(struct figure *figure)
{
    size_t count = 0;
    double *points = calloc(figure->count, 2 * sizeof(*points));
    figure->stairs = calloc(2 * figure->count + 2, 2 * sizeof(*figure->stairs));
    enum rc rc = RC_OK;
    if (points == NULL || figure->stairs == NULL)
        rc = FAIL(figure->draft->csv.err, RC_NOMEM, 0, "no memory for a figure");
    for (size_t i = 0; i < figure->count && rc == RC_OK; i++) {
        if (!figure->frontier->arms[figure->points[i].arm].eligible)
            continue;
        points[2 * count] = figure->points[i].x;
        points[2 * count++ + 1] = figure->points[i].y;
    }
    if (rc == RC_OK)
        rc = plot_stairs_find(points, count, figure->plane.x_axis.hi, figure->plane.y_axis.hi,
                              figure->stairs, &figure->corners, figure->draft->csv.err);
    free(points);
    return rc;
}

/* Lines that names should not lie on: the staircase's steps, the intervals, the guardrail. */
static size_t line_rects(const struct figure *figure, struct plot_rect *rects)
{
    size_t count = plot_plane_steps(&figure->plane, figure->stairs, figure->corners, rects);
    for (size_t i = 0; i < figure->count; i++) {
        const struct point *point = &figure->points[i];
        double y = plot_plane_y(&figure->plane, point->at_y);
        if (point->low < point->high)
            rects[count++] = (struct plot_rect){
                plot_plane_x(&figure->plane, fmax(point->low, figure->plane.x_axis.lo)),
                plot_plane_x(&figure->plane, fmin(point->high, figure->plane.x_axis.hi)), y - 2,
                y + 2};
    }
    double guard = plot_plane_x(&figure->plane, 100 * (1 + figure->frontier->guardrail));
    if (has_guard(figure)) {
        rects[count++] =
            (struct plot_rect){guard - 3, guard + 3, PLANE_BOTTOM, PLANE_HEIGHT - PLANE_TOP};
        /* Its name runs down the line's right side. */
        rects[count++] = (struct plot_rect){guard, guard + 22, PLANE_HEIGHT - PLANE_TOP - 130,
                                            PLANE_HEIGHT - PLANE_TOP};
    }
    return count;
}

static enum rc place_labels(struct figure *figure)
{
    struct plot_rect *lines = calloc(figure->corners + figure->count + 2, sizeof(*lines));
    if (lines == NULL)
        return FAIL(figure->draft->csv.err, RC_NOMEM, 0, "no memory for a figure");
    size_t line_count = line_rects(figure, lines);
    for (size_t i = 0; i < figure->count; i++) {
        figure->labels[i] = (struct plot_label){
            .x = plot_plane_x(&figure->plane, figure->points[i].at_x),
            .y = plot_plane_y(&figure->plane, figure->points[i].at_y),
            .clear = figure->points[i].arm == figure->frontier->choice ? 14 : 9,
            .width = plot_text_pixels(figure->points[i].label),
            .height = PLOT_FONT + 3,
        };
    }
    plot_labels_place(figure->labels, figure->count, plot_plane_frame(), lines, line_count);
    free(lines);
    return RC_OK;
}

/* ---- CSV ------------------------------------------------------------------------------------ */

static void put_texts(struct figure *figure)
{
    struct text *csv = &figure->draft->csv;
    double top = (double)(PLANE_HEIGHT - 26) / PLANE_HEIGHT,
           below = (double)(PLANE_HEIGHT - 54) / PLANE_HEIGHT;
    plot_texts_begin(csv);
    plot_text(csv, 0.02, top, "Storage against read latency, % of the control's", 80);
    plot_text(csv, 0.02, below,
              figure->frontier->descriptive
                  ? "DESCRIPTIVE, medians.  Filled: on the frontier of all key metrics.  Open: "
                    "dominated, reference, control again."
                  : "Filled: confirmed on the frontier of all key metrics.  Dotted: undecided.  "
                    "Open: dominated, reference, control again.",
              120);
    plot_text(csv, 0.02, below - 22.0 / PLANE_HEIGHT,
              figure->cut
                  ? "Bars: 95 % intervals.  Line: the frontier in these two alone; lower left is "
                    "better.  With figures: off the scale."
                  : "Bars: 95 % intervals over paired rounds.  Line: the frontier in these two "
                    "alone; lower left is better.",
              120);
    plot_block_end(csv);
}

static void put_points(struct figure *figure)
{
    struct text *csv = &figure->draft->csv;
    text_put(csv, "x,y,point_type,color,bar_from,bar_length,dot,arm,standing,label,x_percent,"
                  "x_low,x_high,y_percent,x_value,y_value\n");
    for (size_t i = 0; i < figure->count; i++) {
        const struct point *point = &figure->points[i];
        const struct frontier_arm *arm = &figure->frontier->arms[point->arm];
        struct plot_style style = plot_style_of(figure->frontier->summary, point->arm);
        struct plot_reach inside = {figure->plane.x_axis.lo, figure->plane.x_axis.hi};
        double from = clamp(point->low, inside), to = clamp(point->high, inside);
        char x[TEXT_NUMBER_SIZE], y[TEXT_NUMBER_SIZE];
        text_print(csv, "%.9g,%.9g,%d,%u,%.9g,%.9g,%d,", point->at_x, point->at_y,
                   arm->standing == STANDING_ON ? style.filled : style.open, style.color, from,
                   to - from, arm->standing == STANDING_UNDECIDED ? 7 : -1);
        text_plot(csv, figure->frontier->summary->arms[point->arm].arm->label, 60);
        text_print(csv, ",%s,%s,%.9g,%.9g,%.9g,%.9g,%s,%s\n", frontier_standing_name(arm->standing),
                   claim_label_name(arm->standing_claim.label), point->x, point->low, point->high,
                   point->y, text_number(x, arm->value[figure->plane.x_key]),
                   text_number(y, arm->value[figure->plane.y_key]));
    }
    plot_block_end(csv);
}

static void put_labels(struct figure *figure)
{
    struct text *csv = &figure->draft->csv;
    text_put(csv, "x,y,text\n");
    for (size_t i = 0; i < figure->count; i++)
        plot_plane_put_label(&figure->plane, &figure->labels[i], figure->points[i].label, csv);
    plot_block_end(csv);
}

/* Lines from a point to a name that found no room beside it. */
static void put_leaders(struct figure *figure)
{
    struct text *csv = &figure->draft->csv;
    plot_block_end(csv);
    text_put(csv, "x,y,dx,dy\n");
    for (size_t i = 0; i < figure->count; i++)
        plot_plane_put_leader(&figure->plane, &figure->labels[i], figure->points[i].at_x,
                              figure->points[i].at_y, csv);
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

static void put_script(struct figure *figure)
{
    struct text *gp = &figure->draft->gp;
    double guard = 100 * (1 + figure->frontier->guardrail);
    plot_begin(gp, "frontier", PLANE_HEIGHT);
    plot_plane_put(&figure->plane, gp);
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
        "    \"frontier.csv\" index 1 every ::1 using 5:2:6:(0):4 with vectors "
        "nohead linewidth 2 linecolor rgb variable, \\\n"
        "    \"frontier.csv\" index 1 every ::1 using 1:2:3:4 with points "
        "pointtype variable pointsize 1.5*marker linewidth 2/marker linecolor rgb variable, \\\n"
        "    \"frontier.csv\" index 1 every ::1 using 1:2:7:4 with points "
        "pointtype variable pointsize 0.5*marker linewidth 2/marker linecolor rgb variable, \\\n"
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
    struct figure figure = {.frontier = frontier, .draft = draft, .plane.frontier = frontier};
    enum rc rc = RC_OK;
    figure.points = calloc(frontier->arm_count + 1, sizeof(*figure.points));
    figure.labels = calloc(frontier->arm_count + 1, sizeof(*figure.labels));
    if (figure.points == NULL || figure.labels == NULL)
        rc = FAIL(draft->csv.err, RC_NOMEM, 0, "no memory for a figure");
    else if (!frontier_plane(frontier, &figure.plane.x_key, &figure.plane.y_key))
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
