/* plot_growth.c: the size of every store over the versions put, a panel per phase. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "analysis/growth_series.h"
#include "analysis/plot_parts.h"

enum { PANEL = 260, LEFT = 84, HEAD = 72, ROW = 24, NAME_WIDTH = 18, NAMES = 4 };

struct figure {
    const struct summary *summary;
    struct plot_draft *draft;
    struct plot_grid grid;
    size_t place[PLOT_PANELS_MAX];
    struct plot_axis x[PLOT_PANELS_MAX], y[PLOT_PANELS_MAX];
    size_t panels, rows; /* rows of the legend */
};

static const struct series *drawn_series(const struct figure *figure, size_t arm, size_t place)
{
    return plot_draws(figure->summary, arm) ? growth_series_of(figure->summary, arm, place) : NULL;
}

static void fit_panel(struct figure *figure, size_t place)
{
    double lo = INFINITY, hi = 0, most = 0;
    for (size_t a = 0; a < figure->summary->arm_count; a++) {
        const struct series *series = drawn_series(figure, a, place);
        for (size_t i = 0; series != NULL && i < series->count; i++) {
            lo = fmin(lo, (double)series->items[i].versions);
            hi = fmax(hi, (double)series->items[i].versions);
            most = fmax(most, (double)series->items[i].total_bytes);
        }
    }
    if (!isfinite(lo) || figure->panels == PLOT_PANELS_MAX)
        return;
    figure->place[figure->panels] = place;
    figure->x[figure->panels] = plot_axis_fit(lo, hi, false, 5);
    figure->y[figure->panels] = plot_axis_bytes(most * 1.06, 6);
    figure->panels++;
}

/* Names in their strategies' colours, NAMES to a row. */
static double legend_x(size_t at)
{
    return 0.03 + 0.24 * (double)(at % NAMES);
}

static double legend_y(const struct figure *figure, size_t at)
{
    return 1 - (54 + ROW * (double)(at / NAMES)) / figure->grid.height;
}

static void put_titles(struct figure *figure)
{
    struct text *csv = &figure->draft->csv;
    double height = figure->grid.height;
    size_t at = 0;
    plot_texts_begin(csv);
    plot_text(csv, 0.02, 1 - 26 / height, "Bytes of the store over versions put", 80);
    for (size_t a = 0; a < figure->summary->arm_count; a++) {
        if (!plot_draws(figure->summary, a))
            continue;
        plot_text(csv, legend_x(at) + 0.02, legend_y(figure, at),
                  figure->summary->arms[a].arm->label, 22);
        at++;
    }
    for (size_t i = 0; i < figure->panels; i++) {
        struct plot_box box = figure->grid.panels[i];
        plot_text(csv, box.left, box.top + 14 / height,
                  figure->summary->places[figure->place[i]].name, 40);
    }
    plot_block_end(csv);
}

/* A marker for each name, in one overlay as large as the canvas. */
static void put_legend(struct figure *figure)
{
    struct text *csv = &figure->draft->csv;
    size_t at = 0;
    text_put(csv, "x,y,point,color\n");
    for (size_t a = 0; a < figure->summary->arm_count; a++) {
        if (!plot_draws(figure->summary, a))
            continue;
        struct plot_style style = plot_style_of(figure->summary, a);
        text_print(csv, "%.5f,%.5f,%d,%u\n", legend_x(at), legend_y(figure, at), style.filled,
                   style.color);
        at++;
    }
    plot_block_end(csv);
}

/* A head of its own and an empty row behind it for each strategy: a line of the figure. */
static void put_panel(struct figure *figure, size_t panel)
{
    struct text *csv = &figure->draft->csv;
    for (size_t a = 0; a < figure->summary->arm_count; a++) {
        const struct series *series = drawn_series(figure, a, figure->place[panel]);
        struct plot_style style = plot_style_of(figure->summary, a);
        if (series != NULL)
            text_put(csv, "versions,total_bytes,point,color,arm,live_bytes,written_bytes\n");
        for (size_t i = 0; series != NULL && i < series->count; i++) {
            const struct series_point *point = &series->items[i];
            text_print(csv, "%.0f,%.0f,%d,%u,", (double)point->versions, (double)point->total_bytes,
                       style.filled, style.color);
            text_plot(csv, figure->summary->arms[a].arm->label, NAME_WIDTH);
            text_print(csv, ",%.0f,%.0f\n", (double)point->live_bytes,
                       (double)point->written_bytes);
        }
        if (series != NULL)
            text_put(csv, "\n");
    }
    text_put(csv, "\n");
}

static void put_counts(struct text *gp, const struct plot_axis *axis)
{
    text_print(gp, "  unset logscale x\n  set xrange [%.9g:%.9g]\n  set xtics nomirror (", axis->lo,
               axis->hi);
    for (size_t i = 0; i < axis->tic_count; i++)
        text_print(gp, "%s\"%.9g\" %.9g", i == 0 ? "" : ", ", axis->tics[i], axis->tics[i]);
    text_put(gp, ")\n");
}

static void put_script(struct figure *figure)
{
    struct text *gp = &figure->draft->gp;
    plot_begin(gp, "growth", figure->grid.height);
    text_put(gp, "  unset border; unset tics; unset grid\n"
                 "  plot \"growth.csv\" index 1 every ::1 using 1:2:3:4 with points pointtype "
                 "variable pointsize 1.2*marker linecolor rgb variable\n"
                 "  set border 3 linecolor rgb \"#606060\"; set tics nomirror out scale 0.5\n"
                 "  set grid linetype 1 linecolor rgb \"#e4e4e4\" linewidth 0.7\n");
    for (size_t i = 0; i < figure->panels; i++) {
        plot_put_box(gp, figure->grid.panels[i]);
        put_counts(gp, &figure->x[i]);
        plot_put_axis(gp, 'y', &figure->y[i], PLOT_BYTES);
        text_print(gp,
                   "  plot \"growth.csv\" index %zu every ::1 using 1:2:4 with lines linewidth 2 "
                   "linecolor rgb variable, \\\n"
                   "    \"growth.csv\" index %zu every ::1 using 1:2:3:4 with points pointtype "
                   "variable pointsize 1.1*marker linecolor rgb variable\n",
                   i + 2, i + 2);
    }
    plot_end(gp);
}

enum rc plot_growth_draft(const struct frontier *frontier, struct plot_draft *draft)
{
    struct figure figure = {.summary = frontier->summary, .draft = draft};
    size_t names = 0;
    for (size_t p = 0; p < figure.summary->place_count; p++)
        fit_panel(&figure, p);
    if (figure.panels == 0) {
        plot_refuse(draft, PLOT_NOT_MEASURED);
        return RC_OK;
    }
    for (size_t a = 0; a < figure.summary->arm_count; a++)
        names += plot_draws(figure.summary, a);
    figure.rows = (names + NAMES - 1) / NAMES;
    figure.grid =
        plot_grid_of(figure.panels, PANEL, LEFT, HEAD + ROW * (unsigned)figure.rows - ROW, 6);
    /* The sizes beside the right panel take their room from the left one. */
    for (size_t i = 0; figure.panels > 1 && i < figure.panels; i += 2)
        figure.grid.panels[i].right -= 0.035;
    put_titles(&figure);
    put_legend(&figure);
    for (size_t i = 0; i < figure.panels; i++)
        put_panel(&figure, i);
    put_script(&figure);
    return RC_OK;
}
