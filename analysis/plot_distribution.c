/* plot_distribution.c: the whole distribution of latencies, a panel per phase: which share of the
 * operations took at most so long.  Operations of all valid runs of an arm together: a picture, not
 * a sample to test anything with. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/plot_parts.h"

enum {
    PANEL = 230,
    LEFT = 70,
    HEAD = 62,
    LEGEND_ROW = 24,
    NAME_WIDTH = 24,
    STEPS = 120,
    MARKS = 4
};

/* One arm's operations in one phase, ascending; empty when none were kept. */
struct curve {
    double *ns;
    size_t count;
};

struct figure {
    const struct summary *summary;
    struct plot_draft *draft;
    struct plot_grid grid;
    size_t place[PLOT_PANELS_MAX];
    struct plot_axis axis[PLOT_PANELS_MAX];
    struct curve *curves; /* [panel][arm] */
    size_t panels, legend_rows;
};

static struct curve *curve_at(const struct figure *figure, size_t panel, size_t arm)
{
    return &figure->curves[panel * figure->summary->arm_count + arm];
}

/* ---- reading -------------------------------------------------------------------------------- */

static enum rc out_of_memory(struct err *err)
{
    return FAIL(err, RC_NOMEM, 0, "no memory for a distribution of latencies");
}

static enum rc append(struct curve *curve, const struct latency *items, size_t count,
                      struct err *err)
{
    if (count == 0)
        return RC_OK;
    double *ns = realloc(curve->ns, (curve->count + count) * sizeof(*ns));
    if (ns == NULL)
        return out_of_memory(err);
    curve->ns = ns;
    for (size_t i = 0; i < count; i++)
        ns[curve->count++] = (double)(items[i].ns == 0 ? 1 : items[i].ns);
    return RC_OK;
}

/* A file that is missing or damaged leaves its run out: the figure is a by-product, and records may
 * be kept without their raw latencies. */
static enum rc read_run(const struct figure *figure, const struct sample *run, const char *phase,
                        struct curve *curve, struct err *err)
{
    char name[128];
    struct buf path = {0};
    struct latency *items = NULL;
    size_t count = 0;
    struct err unread = {0};
    enum rc rc = buf_printf(&path, err, "%s/%s", figure->summary->record->dir,
                            latencies_name(name, run->run, phase));
    if (rc == RC_OK && latencies_read(buf_str(&path), &items, &count, &unread) == RC_OK)
        rc = append(curve, items, count, err);
    free(items);
    buf_release(&path);
    return rc;
}

static enum rc read_curve(const struct figure *figure, size_t arm, const char *phase,
                          struct curve *curve, struct err *err)
{
    const struct record *record = figure->summary->record;
    enum rc rc = RC_OK;
    for (size_t i = 0; i < record->sample_count && rc == RC_OK; i++) {
        const struct sample *sample = &record->samples[i];
        if (sample->kind == SAMPLE_RUN && sample->arm == arm && sample->valid)
            rc = read_run(figure, sample, phase, curve, err);
    }
    stats_sort(curve->ns, curve->count);
    return rc;
}

static enum rc read_panel(struct figure *figure, size_t place, struct err *err)
{
    double lo = INFINITY, hi = 0;
    if (figure->panels == PLOT_PANELS_MAX)
        return RC_OK;
    for (size_t a = 0; a < figure->summary->arm_count; a++) {
        struct curve *curve = curve_at(figure, figure->panels, a);
        if (!plot_draws(figure->summary, a))
            continue;
        enum rc rc = read_curve(figure, a, figure->summary->places[place].name, curve, err);
        if (rc != RC_OK)
            return rc;
        if (curve->count != 0) {
            /* The last thousandth may lie far out; it must not squeeze all the rest. */
            lo = fmin(lo, stats_quantile(curve->ns, curve->count, 0.001));
            hi = fmax(hi, stats_quantile(curve->ns, curve->count, 0.995));
        }
    }
    if (isfinite(lo)) {
        figure->place[figure->panels] = place;
        figure->axis[figure->panels++] = plot_axis_fit(lo, hi, true, 5);
    }
    return RC_OK;
}

/* ---- CSV ------------------------------------------------------------------------------------ */

/* Where the legend's entries stand, row by row from the left. */
struct legend {
    double x;
    size_t row;
};

static void advance(struct legend *legend, const char *label)
{
    char cut[4 * NAME_WIDTH + 1];
    double width = 60 + plot_text_pixels(text_cut(cut, sizeof(cut), label, NAME_WIDTH));
    if (legend->x + width > PLOT_WIDTH - 20 && legend->x > 20) {
        legend->x = 20;
        legend->row++;
    }
    legend->x += width;
}

static double legend_y(const struct figure *figure, size_t row)
{
    return (8 + LEGEND_ROW * ((double)(figure->legend_rows - row) - 0.5)) / figure->grid.height;
}

/* Calls for every drawn arm: the entry's left end in pixels and its row. */
static struct legend entry_of(const struct figure *figure, size_t arm)
{
    struct legend legend = {20, 0}, start = legend;
    for (size_t a = 0; a <= arm; a++) {
        if (!plot_draws(figure->summary, a))
            continue;
        start = legend;
        advance(&legend, figure->summary->arms[a].arm->label);
        if (legend.row != start.row)
            start = (struct legend){20, legend.row};
    }
    return start;
}

static void put_texts(struct figure *figure)
{
    struct text *csv = &figure->draft->csv;
    double height = figure->grid.height;
    plot_texts_begin(csv);
    plot_text(csv, 0.02, 1 - 26 / height, "Share of operations that took at most so long", 80);
    for (size_t i = 0; i < figure->panels; i++) {
        struct plot_box box = figure->grid.panels[i];
        char title[160];
        snprintf(title, sizeof(title), "%.100s", figure->summary->places[figure->place[i]].name);
        plot_print_n(title, figure->summary, figure->place[i]);
        plot_text(csv, box.left, box.top + 14 / height, title, 48);
    }
    for (size_t a = 0; a < figure->summary->arm_count; a++) {
        struct legend entry = entry_of(figure, a);
        if (plot_draws(figure->summary, a))
            plot_text(csv, (entry.x + 36) / PLOT_WIDTH, legend_y(figure, entry.row),
                      figure->summary->arms[a].arm->label, NAME_WIDTH);
    }
    plot_block_end(csv);
}

static void put_legend(struct figure *figure)
{
    struct text *csv = &figure->draft->csv;
    text_put(csv, "x,y,dx,dy,color,mark_x,point_type,arm\n");
    for (size_t a = 0; a < figure->summary->arm_count; a++) {
        if (!plot_draws(figure->summary, a))
            continue;
        struct legend entry = entry_of(figure, a);
        struct plot_style style = plot_style_of(figure->summary, a);
        text_print(csv, "%.5f,%.5f,%.5f,0,%u,%.5f,%d,", entry.x / PLOT_WIDTH,
                   legend_y(figure, entry.row), 30.0 / PLOT_WIDTH, style.color,
                   (entry.x + 15) / PLOT_WIDTH, style.filled);
        text_plot(csv, figure->summary->arms[a].arm->label, NAME_WIDTH);
        text_put(csv, "\n");
    }
    plot_block_end(csv);
}

static void put_row(struct figure *figure, size_t panel, size_t arm, double share)
{
    const struct curve *curve = curve_at(figure, panel, arm);
    struct plot_style style = plot_style_of(figure->summary, arm);
    struct text *csv = &figure->draft->csv;
    text_print(csv, "%.9g,%.6g,%u,%d,", stats_quantile(curve->ns, curve->count, share), 100 * share,
               style.color, style.filled);
    text_plot(csv, figure->summary->arms[arm].arm->label, NAME_WIDTH);
    text_put(csv, "\n");
}

/* Curves are parted by one blank line; the markers are a block of their own, at other shares for
 * every arm so that curves that lie on each other still show theirs. */
static void put_panel(struct figure *figure, size_t panel)
{
    struct text *csv = &figure->draft->csv;
    size_t arms = figure->summary->arm_count;
    text_put(csv, "ns,percent,color,point_type,arm\n");
    for (size_t a = 0; a < arms; a++) {
        const struct curve *curve = curve_at(figure, panel, a);
        size_t steps = curve->count < STEPS ? curve->count : STEPS;
        for (size_t i = 0; i <= steps && curve->count != 0; i++)
            put_row(figure, panel, a, (double)i / (double)steps);
        if (curve->count != 0)
            text_put(csv, "\n");
    }
    text_put(csv, "\n");
    text_put(csv, "ns,percent,color,point_type,arm\n");
    for (size_t a = 0; a < arms; a++) {
        for (size_t mark = 0; mark < MARKS && curve_at(figure, panel, a)->count != 0; mark++)
            put_row(figure, panel, a,
                    ((double)mark + ((double)a + 0.5) / (double)arms) / (double)MARKS);
    }
    plot_block_end(csv);
}

/* ---- script --------------------------------------------------------------------------------- */

static void put_script(struct figure *figure)
{
    struct text *gp = &figure->draft->gp;
    plot_begin(gp, "distribution", figure->grid.height);
    text_put(gp,
             "  set border 0; unset tics; unset grid\n"
             "  plot \"distribution.csv\" index 1 every ::1 using 1:2:3:4:5 with vectors nohead "
             "linewidth 2.5 linecolor rgb variable, \\\n"
             "    \"distribution.csv\" index 1 every ::1 using 6:2:7:5 with points pointtype "
             "variable pointsize 1*marker linecolor rgb variable\n"
             "  set border 3; set tics nomirror out scale 0.5; set grid xtics ytics\n");
    for (size_t i = 0; i < figure->panels; i++) {
        plot_put_box(gp, figure->grid.panels[i]);
        plot_put_axis(gp, 'x', &figure->axis[i], PLOT_NS);
        text_print(
            gp,
            "  unset logscale y; set yrange [0:100]\n"
            "  set ytics nomirror (%s)\n"
            "  plot \"distribution.csv\" index %zu every ::1 using 1:2:3 with lines "
            "linewidth 2 linecolor rgb variable, \\\n"
            "    \"distribution.csv\" index %zu every ::1 using 1:2:4:3 with points pointtype "
            "variable pointsize 0.8*marker linecolor rgb variable\n",
            i % 2 == 0 ? "\"0 %%\" 0, \"25 %%\" 25, \"50 %%\" 50, \"75 %%\" 75, \"95 %%\" 95"
                       : "\"\" 0, \"\" 25, \"\" 50, \"\" 75, \"\" 95",
            2 * i + 2, 2 * i + 3);
    }
    plot_end(gp);
}

static enum rc draw(struct figure *figure)
{
    struct legend legend = {20, 0};
    for (size_t a = 0; a < figure->summary->arm_count; a++) {
        if (plot_draws(figure->summary, a))
            advance(&legend, figure->summary->arms[a].arm->label);
    }
    figure->legend_rows = legend.row + 1;
    figure->grid = plot_grid_of(figure->panels, PANEL, LEFT, HEAD,
                                (unsigned)(LEGEND_ROW * figure->legend_rows + 20));
    put_texts(figure);
    put_legend(figure);
    for (size_t i = 0; i < figure->panels; i++)
        put_panel(figure, i);
    put_script(figure);
    return RC_OK;
}

enum rc plot_distribution_draft(const struct frontier *frontier, struct plot_draft *draft)
{
    const struct summary *summary = frontier->summary;
    struct figure figure = {.summary = summary, .draft = draft};
    size_t curves = (summary->arm_count + 1) * PLOT_PANELS_MAX;
    enum rc rc = RC_OK;
    figure.curves = calloc(curves, sizeof(*figure.curves));
    if (figure.curves == NULL)
        rc = out_of_memory(draft->csv.err);
    for (size_t p = 0; p < summary->place_count && rc == RC_OK; p++) {
        if (summary->places[p].scope == PHASE)
            rc = read_panel(&figure, p, draft->csv.err);
    }
    if (rc == RC_OK && figure.panels == 0)
        plot_refuse(draft, "the record keeps no raw latencies");
    else if (rc == RC_OK)
        rc = draw(&figure);
    for (size_t i = 0; i < curves && figure.curves != NULL; i++)
        free(figure.curves[i].ns);
    free(figure.curves);
    return rc;
}
