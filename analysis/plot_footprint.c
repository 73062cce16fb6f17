/* plot_footprint.c: what the bytes at rest are, a panel per snapshot, a bar per strategy. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "analysis/plot_parts.h"

enum { ROW = 26, LEFT = 176, HEAD = 84, FOOT = 6, NAME_WIDTH = 18, PARTS = 4 };

/* Shades of the strategy's colour; what holds nothing is nearly white. */
static const double shades[PARTS] = {1, 0.68, 0.14, 0.4};
static const char *const part_names[PARTS] = {"tables", "indexes", "free pages", "other files"};

struct figure {
    const struct summary *summary;
    struct plot_draft *draft;
    struct plot_grid grid;
    size_t place[PLOT_PANELS_MAX];
    struct plot_axis axis;
    size_t panels, rows;
    double largest;
};

static double bytes(const struct figure *figure, size_t arm, size_t place, enum metric metric)
{
    double value = summary_median(figure->summary, arm, place, metric);
    return isfinite(value) && value > 0 ? value : 0;
}

static double panel_largest(const struct figure *figure, size_t place)
{
    double largest = 0;
    for (size_t a = 0; a < figure->summary->arm_count; a++) {
        if (plot_draws(figure->summary, a))
            largest = fmax(largest, bytes(figure, a, place, M_TOTAL_BYTES));
    }
    return largest;
}

/* All panels share one scale, so growth shows; a panel with nothing to see on it is left out. */
static void choose_panels(struct figure *figure)
{
    const struct summary *summary = figure->summary;
    for (size_t p = 0; p < summary->place_count; p++) {
        if (summary->places[p].scope == SNAPSHOT)
            figure->largest = fmax(figure->largest, panel_largest(figure, p));
    }
    for (size_t p = 0; p < summary->place_count && figure->panels < PLOT_PANELS_MAX; p++) {
        if (summary->places[p].scope == SNAPSHOT && figure->largest > 0 &&
            panel_largest(figure, p) >= 0.01 * figure->largest)
            figure->place[figure->panels++] = p;
    }
    for (size_t a = 0; a < summary->arm_count; a++)
        figure->rows += plot_draws(summary, a);
}

static double legend_x(size_t part)
{
    return 0.022 + 0.15 * (double)part;
}

static void put_titles(struct figure *figure)
{
    struct text *csv = &figure->draft->csv;
    double height = figure->grid.height;
    plot_texts_begin(csv);
    plot_text(csv, 0.02, 1 - 26 / height, "Bytes at rest after each snapshot", 80);
    for (size_t part = 0; part < PARTS; part++)
        plot_text(csv, legend_x(part) + 0.03, 1 - 56 / height, part_names[part], 30);
    for (size_t i = 0; i < figure->panels; i++) {
        struct plot_box box = figure->grid.panels[i];
        plot_text(csv, box.left, box.top + 14 / height,
                  figure->summary->places[figure->place[i]].name, 34);
    }
    plot_block_end(csv);
}

static void put_bar(struct figure *figure, size_t arm, size_t place, size_t row)
{
    struct text *csv = &figure->draft->csv;
    double total = bytes(figure, arm, place, M_TOTAL_BYTES), at = 0;
    double parts[PARTS] = {bytes(figure, arm, place, M_TABLE_BYTES),
                           bytes(figure, arm, place, M_INDEX_BYTES),
                           bytes(figure, arm, place, M_FREE_BYTES), 0};
    parts[PARTS - 1] = fmax(0, total - parts[0] - parts[1] - parts[2]);
    uint32_t color = plot_style_of(figure->summary, arm).color;
    double y = -(double)row;
    for (size_t part = 0; part < PARTS; part++) {
        text_print(csv, "%.0f,%.0f,%.2f,%.2f,%.2f,%u,%.0f,", at, at + parts[part], y, y - 0.34,
                   y + 0.34, plot_tint(color, shades[part]), parts[part]);
        text_plot(csv, figure->summary->arms[arm].arm->label, NAME_WIDTH);
        text_print(csv, ",%s\n", part_names[part]);
        at += parts[part];
    }
}

/* "19.1 MiB" at the end of each bar. */
static void put_totals(struct figure *figure, size_t panel)
{
    struct text *csv = &figure->draft->csv;
    size_t row = 0;
    text_put(csv, "total_bytes,y,text,arm\n");
    for (size_t a = 0; a < figure->summary->arm_count; a++) {
        if (!plot_draws(figure->summary, a))
            continue;
        double total = bytes(figure, a, figure->place[panel], M_TOTAL_BYTES);
        char words[FORMAT_SIZE];
        text_print(csv, "%.0f,-%zu,\"%s\",", total, row, format_iec(words, total));
        text_plot(csv, figure->summary->arms[a].arm->label, NAME_WIDTH);
        text_put(csv, "\n");
        row++;
    }
    plot_block_end(csv);
}

static void put_panel(struct figure *figure, size_t panel)
{
    struct text *csv = &figure->draft->csv;
    size_t row = 0;
    text_put(csv, "from,to,y,y_low,y_high,color,bytes,arm,part\n");
    for (size_t a = 0; a < figure->summary->arm_count; a++) {
        if (plot_draws(figure->summary, a))
            put_bar(figure, a, figure->place[panel], row++);
    }
    plot_block_end(csv);
    put_totals(figure, panel);
}

static void put_legend(struct figure *figure, struct text *gp)
{
    double height = figure->grid.height;
    for (size_t part = 0; part < PARTS; part++)
        text_print(gp,
                   "  set object %zu rectangle from screen %.5f, screen %.5f to screen %.5f, "
                   "screen %.5f fillcolor rgb \"#%06x\" fillstyle solid border linecolor rgb "
                   "\"#606060\"\n",
                   part + 1, legend_x(part), 1 - 63 / height, legend_x(part) + 0.024,
                   1 - 49 / height, plot_tint(0x303030, shades[part]));
}

static void put_script(struct figure *figure)
{
    struct text *gp = &figure->draft->gp;
    plot_begin(gp, "footprint", figure->grid.height);
    put_legend(figure, gp);
    for (size_t i = 0; i < figure->panels; i++) {
        plot_put_box(gp, figure->grid.panels[i]);
        plot_put_axis(gp, 'x', &figure->axis, PLOT_BYTES);
        text_print(gp,
                   "  set yrange [%g:0.7]; unset ytics; set grid xtics; set style fill solid\n"
                   "  %s\n"
                   "  plot \"footprint.csv\" index %zu every ::1 using 1:2:3%s with points "
                   "pointtype 0 linecolor rgb \"white\", \\\n",
                   -(double)figure->rows + 0.3,
                   i % 2 == 0 ? "set ytics scale 0" : "set ytics scale 0 format \"\"", 2 * i + 2,
                   i % 2 == 0 ? ":ytic(4)" : "");
        text_print(gp,
                   "    \"footprint.csv\" index %zu every ::1 using 1:3:1:2:4:5:6 with "
                   "boxxyerror linecolor rgb variable, \\\n"
                   "    \"footprint.csv\" index %zu every ::1 using 1:2:3 with labels left "
                   "offset character 0.6,0\n",
                   2 * i + 1, 2 * i + 2);
        if (i == 0)
            for (size_t part = 0; part < PARTS; part++)
                text_print(gp, "  unset object %zu\n", part + 1);
    }
    plot_end(gp);
}

enum rc plot_footprint_draft(const struct frontier *frontier, struct plot_draft *draft)
{
    struct figure figure = {.summary = frontier->summary, .draft = draft};
    choose_panels(&figure);
    if (figure.panels == 0) {
        plot_refuse(draft, "no snapshot of a valid arm holds anything");
        return RC_OK;
    }
    figure.grid = plot_grid_of(figure.panels, (unsigned)(ROW * figure.rows), LEFT, HEAD, FOOT);
    /* A third of the width is left for the total written behind the longest bar. */
    figure.axis = plot_axis_bytes(figure.largest, 4);
    figure.axis.hi = figure.largest * 1.42;
    put_titles(&figure);
    for (size_t i = 0; i < figure.panels; i++)
        put_panel(&figure, i);
    put_script(&figure);
    return RC_OK;
}
