/* plot_latency.c: p50 and p95 of every strategy, a panel per phase. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "analysis/plot_parts.h"

enum { ROW = 24, LEFT = 176, HEAD = 78, FOOT = 6, NAME_WIDTH = 18 };

struct figure {
    const struct summary *summary;
    struct plot_draft *draft;
    struct plot_grid grid;
    size_t place[PLOT_PANELS_MAX];
    struct plot_axis axis[PLOT_PANELS_MAX];
    size_t panels, rows;
};

static double latency(const struct figure *figure, size_t arm, size_t place, enum metric metric)
{
    double value = summary_median(figure->summary, arm, place, metric);
    return value > 0 ? value : NAN; /* a logarithmic axis has no zero */
}

static bool fit_panel(struct figure *figure, size_t place)
{
    static const enum metric metrics[] = {M_P50_NS, M_P95_NS};
    double lo = INFINITY, hi = 0;
    for (size_t a = 0; a < figure->summary->arm_count; a++) {
        for (size_t m = 0; m < COUNT_OF(metrics) && plot_draws(figure->summary, a); m++) {
            double value = latency(figure, a, place, metrics[m]);
            lo = fmin(lo, value);
            hi = fmax(hi, value);
        }
    }
    if (!isfinite(lo) || figure->panels == PLOT_PANELS_MAX)
        return false;
    figure->place[figure->panels] = place;
    figure->axis[figure->panels++] = plot_axis_fit(lo, hi, true, 5);
    return true;
}

static void put_titles(struct figure *figure)
{
    struct text *csv = &figure->draft->csv;
    double height = figure->grid.height;
    plot_texts_begin(csv);
    plot_text(csv, 0.02, 1 - 26 / height, "Latency of one operation by phase", 80);
    plot_text(
        csv, 0.02, 1 - 54 / height,
        "Filled: p50.  Open: p95 (it takes 400 operations).  Medians over rounds; every panel "
        "has its own scale.",
        110);
    for (size_t i = 0; i < figure->panels; i++) {
        struct plot_box box = figure->grid.panels[i];
        char title[160];
        snprintf(title, sizeof(title), "%.100s", figure->summary->places[figure->place[i]].name);
        plot_print_n(title, figure->summary, figure->place[i]);
        plot_text(csv, box.left, box.top + 14 / height, title, 44);
    }
    plot_block_end(csv);
}

/* A row per arm: y counts downwards so that the plan's order reads from the top. */
static void put_panel(struct figure *figure, size_t panel)
{
    struct text *csv = &figure->draft->csv;
    size_t place = figure->place[panel], row = 0;
    text_put(csv, "p50_ns,p95_ns,y,p50_point,p95_point,color,arm,end_ns\n");
    for (size_t a = 0; a < figure->summary->arm_count; a++) {
        if (!plot_draws(figure->summary, a))
            continue;
        struct plot_style style = plot_style_of(figure->summary, a);
        double p50 = latency(figure, a, place, M_P50_NS), p95 = latency(figure, a, place, M_P95_NS);
        char low[TEXT_NUMBER_SIZE], high[TEXT_NUMBER_SIZE], end[TEXT_NUMBER_SIZE];
        text_print(csv, "%s,%s,-%zu,%d,%d,%u,", text_number(low, p50), text_number(high, p95), row,
                   style.filled, style.open, style.color);
        text_plot(csv, figure->summary->arms[a].arm->label, NAME_WIDTH);
        text_print(csv, ",%s\n", text_number(end, isnan(p95) ? p50 : p95));
        row++;
    }
    plot_block_end(csv);
}

static void put_script(struct figure *figure)
{
    struct text *gp = &figure->draft->gp;
    plot_begin(gp, "latency", figure->grid.height);
    for (size_t i = 0; i < figure->panels; i++) {
        plot_put_box(gp, figure->grid.panels[i]);
        plot_put_axis(gp, 'x', &figure->axis[i], PLOT_NS);
        text_print(gp,
                   "  unset logscale y; set yrange [%g:0.6]; unset ytics; set grid xtics\n"
                   "  %s\n"
                   "  plot \"latency.csv\" index %zu every ::1 using 1:3%s with points "
                   "pointtype 0 linecolor rgb \"white\", \\\n",
                   -(double)figure->rows + 0.4,
                   i % 2 == 0 ? "set ytics scale 0" : "set ytics scale 0 format \"\"", i + 1,
                   i % 2 == 0 ? ":ytic(7)" : "");
        text_print(gp,
                   "    \"latency.csv\" index %zu every ::1 using 1:3:1:8:3:3:6 with xyerrorbars "
                   "pointtype 0 linewidth 3 linecolor rgb variable, \\\n"
                   "    \"latency.csv\" index %zu every ::1 using 2:3:4 with points pointtype "
                   "variable pointsize 1.3*marker linecolor rgb \"white\", \\\n"
                   "    \"latency.csv\" index %zu every ::1 using 2:3:5:6 with points pointtype "
                   "variable pointsize 1.2*marker linewidth 2/marker linecolor rgb variable, \\\n"
                   "    \"latency.csv\" index %zu every ::1 using 1:3:4:6 with points pointtype "
                   "variable pointsize 1.3*marker linecolor rgb variable\n",
                   i + 1, i + 1, i + 1, i + 1);
    }
    plot_end(gp);
}

enum rc plot_latency_draft(const struct frontier *frontier, struct plot_draft *draft)
{
    struct figure figure = {.summary = frontier->summary, .draft = draft};
    for (size_t a = 0; a < figure.summary->arm_count; a++)
        figure.rows += plot_draws(figure.summary, a);
    for (size_t p = 0; p < figure.summary->place_count; p++) {
        if (figure.summary->places[p].scope == PHASE)
            fit_panel(&figure, p);
    }
    if (figure.panels == 0) {
        plot_refuse(draft, "no valid arm has latencies");
        return RC_OK;
    }
    figure.grid = plot_grid_of(figure.panels, (unsigned)(ROW * figure.rows), LEFT, HEAD, FOOT);
    put_titles(&figure);
    for (size_t i = 0; i < figure.panels; i++)
        put_panel(&figure, i);
    put_script(&figure);
    return RC_OK;
}
