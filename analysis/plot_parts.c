#include "analysis/plot_parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void plot_refuse(struct plot_draft *draft, const char *why)
{
    snprintf(draft->why, 160, "%s", why);
}

double plot_text_pixels(const char *utf8)
{
    double em = 0;
    for (const char *at = utf8; *at != '\0'; at++) {
        if (strchr("fijlrtI.,:;'!|()[] ", *at) != NULL)
            em += 0.40;
        else if (strchr("mwMW@%", *at) != NULL)
            em += 0.95;
        else if ((*at & 0x80) == 0)
            em += 0.64;
    }
    /* Beyond ASCII: what a terminal would need, on the wide side. */
    size_t ascii = 0;
    for (const char *at = utf8; *at != '\0'; at++)
        ascii += (*at & 0x80) == 0;
    return PLOT_FONT * (em + 0.7 * (double)(text_width(utf8) - ascii));
}

/* ---- colours and markers -------------------------------------------------------------------- */

/* Okabe & Ito, "Color Universal Design" (2008), without black (the control's) and with the yellow
 * last, a shade darker: it is hard to see on white. */
static const uint32_t palette[] = {0x0072b2, 0xe69f00, 0x009e73, 0xd55e00,
                                   0xcc79a7, 0x56b4e9, 0xc9b800};
/* Circle, square, triangle, diamond, upside-down triangle, pentagon: filled and open. */
static const int markers[][2] = {{7, 6}, {5, 4}, {9, 8}, {13, 12}, {11, 10}, {15, 14}};

struct plot_style plot_style_of(const struct summary *summary, size_t arm)
{
    if (arm == summary->control)
        return (struct plot_style){0x000000, markers[0][0], markers[0][1]};
    if (arm == summary->control_again)
        return (struct plot_style){0x808080, markers[0][0], markers[0][1]};
    size_t place = 0;
    for (size_t a = 0; a < arm; a++)
        place += a != summary->control && a != summary->control_again;
    size_t marker = (place + 1) % COUNT_OF(markers);
    return (struct plot_style){palette[place % COUNT_OF(palette)], markers[marker][0],
                               markers[marker][1]};
}

uint32_t plot_tint(uint32_t color, double share)
{
    uint32_t tint = 0;
    for (unsigned shift = 0; shift <= 16; shift += 8) {
        double part = (double)(color >> shift & 0xff);
        tint |= (uint32_t)lround(255 + (part - 255) * share) << shift;
    }
    return tint;
}

bool plot_draws(const struct summary *summary, size_t arm)
{
    return summary->arms[arm].valid && !summary->arms[arm].arm->volatile_floor;
}

/* ---- axes ----------------------------------------------------------------------------------- */

static bool add_tic(struct plot_axis *axis, double value, size_t most)
{
    if (value < axis->lo * (1 - 1e-9) || value > axis->hi * (1 + 1e-9))
        return true;
    if (axis->tic_count == most)
        return false;
    axis->tics[axis->tic_count++] = value;
    return true;
}

/* 1, 2, 5 times powers of ten (1,024 for bytes: `base`), as dense as `most` allows. */
static void linear_tics(struct plot_axis *axis, size_t most, double unit)
{
    static const double steps[] = {1, 2, 5};
    double start = pow(10, floor(log10((axis->hi - axis->lo) / unit)) - 2);
    for (size_t i = 0; i < 12; i++) {
        double step = unit * start * steps[i % 3] * pow(10, (double)(i / 3));
        axis->tic_count = 0;
        bool fits = true;
        double first = ceil(axis->lo / step - 1e-9);
        for (size_t k = 0; fits && (first + (double)k) * step <= axis->hi * (1 + 1e-9); k++)
            fits = add_tic(axis, (first + (double)k) * step, most);
        if (fits)
            return;
    }
}

static bool decade_tics(struct plot_axis *axis, size_t most, const double *digits, int stride)
{
    axis->tic_count = 0;
    int first = (int)floor(log10(axis->lo)), last = (int)floor(log10(axis->hi));
    for (int decade = first; decade <= last; decade++) {
        if (decade % stride != 0)
            continue;
        for (const double *digit = digits; *digit != 0; digit++) {
            if (!add_tic(axis, *digit * pow(10, decade), most))
                return false;
        }
    }
    return axis->tic_count >= 2;
}

/* Two tics of a logarithmic axis may be `most` apart and still run into each other. */
static bool are_apart(const struct plot_axis *axis, size_t most)
{
    for (size_t i = 1; i < axis->tic_count; i++) {
        if (plot_axis_at(axis, axis->tics[i]) - plot_axis_at(axis, axis->tics[i - 1]) <
            0.88 / (double)most)
            return false;
    }
    return true;
}

static void log_tics(struct plot_axis *axis, size_t most)
{
    static const double sets[][8] = {
        {1, 1.5, 2, 3, 4, 5, 7, 0}, {1, 2, 3, 5, 7, 0}, {1, 2, 5, 0}, {1, 3, 0}, {1, 0}};
    for (size_t s = 0; s < COUNT_OF(sets); s++) {
        if (decade_tics(axis, most, sets[s], 1) && are_apart(axis, most))
            return;
    }
    for (int stride = 2; stride <= 8; stride++) {
        if (decade_tics(axis, most, sets[COUNT_OF(sets) - 1], stride))
            return;
    }
    linear_tics(axis, most, 1); /* less than a factor of two: decades have nothing to offer */
}

struct plot_axis plot_axis_fit(double lo, double hi, bool log, size_t tics_max)
{
    CHECK(tics_max >= 2 && tics_max <= PLOT_TICS_MAX && lo <= hi);
    struct plot_axis axis = {.log = log};
    if (log) {
        CHECK(lo > 0);
        double room = pow(hi / lo, 0.06) * 1.04;
        axis.lo = lo / room;
        axis.hi = hi * room;
        log_tics(&axis, tics_max);
    } else {
        double room = fmax((hi - lo) * 0.08, fmax(fabs(hi), 1e-9) * 0.02);
        axis.lo = lo >= 0 ? fmax(0, lo - room) : lo - room;
        axis.hi = hi + room;
        linear_tics(&axis, tics_max, 1);
    }
    return axis;
}

struct plot_axis plot_axis_bytes(double hi, size_t tics_max)
{
    struct plot_axis axis = {.lo = 0, .hi = fmax(hi, 1)};
    double unit = 1;
    while (axis.hi / unit >= 2048)
        unit *= 1024;
    linear_tics(&axis, tics_max, unit);
    return axis;
}

double plot_axis_at(const struct plot_axis *axis, double value)
{
    if (axis->log)
        return log(value / axis->lo) / log(axis->hi / axis->lo);
    return (value - axis->lo) / (axis->hi - axis->lo);
}

double plot_axis_value(const struct plot_axis *axis, double at)
{
    if (axis->log)
        return axis->lo * pow(axis->hi / axis->lo, at);
    return axis->lo + at * (axis->hi - axis->lo);
}

static void scaled(char dst[FORMAT_SIZE], double value, double step, const char *const *units,
                   size_t count)
{
    size_t unit = 0;
    while (unit + 1 < count && fabs(value) >= step * (1 - 1e-9)) {
        value /= step;
        unit++;
    }
    snprintf(dst, FORMAT_SIZE, "%.4g %s", value, units[unit]);
}

static void print_tic(char dst[FORMAT_SIZE], double value, enum plot_unit unit)
{
    static const char *const times[] = {"ns", "µs", "ms", "s"};
    static const char *const bytes[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    if (unit == PLOT_NS)
        scaled(dst, value, 1000, times, COUNT_OF(times));
    else if (unit == PLOT_BYTES)
        scaled(dst, value, 1024, bytes, COUNT_OF(bytes));
    else
        snprintf(dst, FORMAT_SIZE, "%.6g %%%%", value); /* tics are formats to gnuplot */
}

void plot_put_axis(struct text *gp, char name, const struct plot_axis *axis, enum plot_unit unit)
{
    text_print(gp, axis->log ? "  set logscale %c\n" : "  unset logscale %c\n", name);
    text_print(gp, "  set %crange [%.9g:%.9g]\n", name, axis->lo, axis->hi);
    text_print(gp, "  set %ctics nomirror (", name);
    for (size_t i = 0; i < axis->tic_count; i++) {
        char words[FORMAT_SIZE];
        print_tic(words, axis->tics[i], unit);
        text_print(gp, "%s\"%s\" %.9g", i == 0 ? "" : ", ", words, axis->tics[i]);
    }
    text_put(gp, ")\n");
}

/* ---- scripts -------------------------------------------------------------------------------- */

void plot_begin(struct text *gp, const char *name, unsigned height)
{
    text_print(gp,
               "# %s.svg and %s.png from %s.csv: gnuplot %s.gp\n"
               "# Reads only that file and computes nothing: blobfront laid everything out.\n"
               "set encoding utf8\n"
               "set datafile separator comma\n"
               "unset key\n"
               "do for [format in \"svg png\"] {\n"
               "  if (format eq \"svg\") {\n"
               "    set terminal svg size %d,%u noenhanced font \"sans-serif,%d\" "
               "background rgb \"white\"\n"
               "    title_font = \",%d\"; marker = 0.62\n",
               name, name, name, name, PLOT_WIDTH, height, PLOT_FONT, PLOT_FONT + 4);
    /* The bitmap has twice the pixels, for dense displays, and is made for the same width. */
    text_print(gp,
               "  } else { if (strstrt(GPVAL_TERMINALS, \" pngcairo \") > 0) {\n"
               "    set terminal pngcairo size %d,%u noenhanced font \"sans,%g\" fontscale 2 "
               "linewidth 2 pointscale 2 background rgb \"white\"\n"
               "  } else {\n"
               "    set terminal png size %d,%u noenhanced font \"sans,%g\" fontscale 2 "
               "linewidth 2 pointscale 2 background rgb \"white\"\n"
               "  }\n"
               "    title_font = \",%g\"; marker = 1\n"
               "  }\n",
               2 * PLOT_WIDTH, 2 * height, 0.72 * PLOT_FONT, 2 * PLOT_WIDTH, 2 * height,
               0.72 * PLOT_FONT, 0.72 * (PLOT_FONT + 4));
    text_print(
        gp,
        "  set output \"%s.\".format\n"
        "  set multiplot\n"
        "  unset border; unset tics; unset grid; unset logscale\n"
        "  set lmargin at screen 0; set rmargin at screen 1\n"
        "  set bmargin at screen 0; set tmargin at screen 1\n"
        "  set xrange [0:1]; set yrange [0:1]\n"
        "  plot \"%s.csv\" index 0 every ::1::1 using 1:2:3 with labels left font title_font, \\\n"
        "    \"%s.csv\" index 0 every ::2 using 1:2:3 with labels left\n"
        "  set errorbars 0; set border 3 linecolor rgb \"#606060\"; set tics nomirror out scale "
        "0.5\n"
        "  set grid linetype 1 linecolor rgb \"#e4e4e4\" linewidth 0.7\n",
        name, name, name);
}

void plot_end(struct text *gp)
{
    text_put(gp, "  unset multiplot\n"
                 "  unset output\n"
                 "}\n");
}

void plot_put_box(struct text *gp, struct plot_box box)
{
    text_print(gp,
               "  set lmargin at screen %.5f; set rmargin at screen %.5f\n"
               "  set bmargin at screen %.5f; set tmargin at screen %.5f\n",
               box.left, box.right, box.bottom, box.top);
}

void plot_texts_begin(struct text *csv)
{
    text_put(csv, "x,y,text\n");
}

void plot_text(struct text *csv, double x, double y, const char *words, size_t width_max)
{
    text_print(csv, "%.5f,%.5f,", x, y);
    text_plot(csv, words, width_max);
    text_put(csv, "\n");
}

void plot_block_end(struct text *csv)
{
    text_put(csv, "\n\n");
}

void plot_print_n(char dst[160], const struct summary *summary, size_t place)
{
    size_t least = SIZE_MAX, most = 0;
    double ops = 0;
    for (size_t a = 0; a < summary->arm_count; a++) {
        const struct stats *cell = summary_cell(summary, a, place, M_OPS);
        if (!plot_draws(summary, a) || cell->n == 0)
            continue;
        least = cell->n < least ? cell->n : least;
        most = cell->n > most ? cell->n : most;
        ops = cell->median;
    }
    size_t len = strlen(dst);
    if (most != 0 && least == most)
        snprintf(dst + len, 160 - len, ",  n = %zu x %.0f", most, ops);
    else if (most != 0)
        snprintf(dst + len, 160 - len, ",  n = %zu to %zu x %.0f", least, most, ops);
}

struct plot_grid plot_grid_of(size_t count, unsigned panel_height, unsigned left, unsigned head,
                              unsigned foot)
{
    enum { TITLE = 30, TICS = 40, GAP = 44, EDGE = 30 }; /* pixels around a panel */
    CHECK(count != 0 && count <= PLOT_PANELS_MAX);
    size_t columns = count == 1 ? 1 : 2, rows = (count + columns - 1) / columns;
    unsigned cell = panel_height + TITLE + TICS;
    struct plot_grid grid = {.height = head + (unsigned)rows * cell + foot, .count = count};
    double width = (PLOT_WIDTH - left - EDGE - GAP * ((double)columns - 1)) / (double)columns;
    for (size_t i = 0; i < count; i++) {
        double x = left + (double)(i % columns) * (width + GAP);
        double y = head + (double)(i / columns) * cell + TITLE;
        grid.panels[i] =
            (struct plot_box){x / PLOT_WIDTH, (x + width) / PLOT_WIDTH,
                              1 - (y + panel_height) / grid.height, 1 - y / grid.height};
    }
    return grid;
}
