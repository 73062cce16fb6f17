/* plot_parts.h: what the figures have in common; for plot*.c only.
 *
 * A figure is a draft: a CSV of blocks (two blank lines apart, a header row each) and a script.
 * Everything is laid out here, in C, in fractions of the canvas; gnuplot only draws.  All text from
 * outside goes into the CSV's first block, x,y,text, which one overlay as large as the canvas
 * writes.
 */
#ifndef ANALYSIS_PLOT_PARTS_H
#define ANALYSIS_PLOT_PARTS_H

#include "analysis/plot.h"
#include "analysis/text.h"

enum {
    PLOT_WIDTH = 900, /* pixels: what a README shows */
    PLOT_FONT = 15,   /* pixels, of all text */
    PLOT_PANELS_MAX = 16,
    PLOT_TICS_MAX = 12
};

/* About how many pixels a text is wide, erring upwards: fonts differ between viewers. */
double plot_text_pixels(const char *utf8);

struct plot_draft {
    struct text csv, gp;
    char *why; /* [160]: set to say why there is nothing to draw */
};
void plot_refuse(struct plot_draft *draft, const char *why);

/* ---- colours and markers -------------------------------------------------------------------- */

struct plot_style {
    uint32_t color;   /* 0xRRGGBB */
    int filled, open; /* gnuplot's point types */
};
struct plot_style plot_style_of(const struct summary *summary, size_t arm);
/* `share` of the colour, the rest white. */
uint32_t plot_tint(uint32_t color, double share);
/* Valid, and not a floor: floors would squeeze everything else into a corner. */
bool plot_draws(const struct summary *summary, size_t arm);

/* ---- axes ----------------------------------------------------------------------------------- */

struct plot_axis {
    double lo, hi;
    bool log;
    double tics[PLOT_TICS_MAX];
    size_t tic_count;
};
enum plot_unit { PLOT_NS, PLOT_BYTES, PLOT_PERCENT };

/* An axis that shows lo..hi with some room, and round tics, at most `tics_max`. */
struct plot_axis plot_axis_fit(double lo, double hi, bool log, size_t tics_max);
/* From zero up to `hi` bytes, tics in whole binary units. */
struct plot_axis plot_axis_bytes(double hi, size_t tics_max);
/* Where a value lies: 0 at lo, 1 at hi; and back. */
double plot_axis_at(const struct plot_axis *axis, double value);
double plot_axis_value(const struct plot_axis *axis, double at);
/* "set xrange [..]; set xtics (..)" for axis 'x' or 'y'. */
void plot_put_axis(struct text *gp, char name, const struct plot_axis *axis, enum plot_unit unit);

/* ---- scripts -------------------------------------------------------------------------------- */

struct plot_box {
    double left, right, bottom, top; /* fractions of the canvas */
};
/* The head of a script: terminal, size, and the overlay of texts. */
void plot_begin(struct text *gp, const char *name, unsigned height);
void plot_end(struct text *gp);
void plot_put_box(struct text *gp, struct plot_box box);

/* The header row of the first block, and its rows: a text whose left end, vertically centred, is at
 * x,y; the title of a figure comes first and is drawn larger. */
void plot_texts_begin(struct text *csv);
void plot_text(struct text *csv, double x, double y, const char *words, size_t width_max);
void plot_block_end(struct text *csv);

/* Panels of `panel_height` pixels in two columns, between `head` and `foot` pixels; `left` pixels
 * for the names of rows. */
struct plot_grid {
    unsigned height; /* of the canvas */
    size_t count;
    struct plot_box panels[PLOT_PANELS_MAX];
};
/* ", n = 5 x 192" (rounds times operations) of the arms drawn at `place`, appended to dst. */
void plot_print_n(char dst[160], const struct summary *summary, size_t place);
struct plot_grid plot_grid_of(size_t count, unsigned panel_height, unsigned left, unsigned head,
                              unsigned foot);

/* ---- figures -------------------------------------------------------------------------------- */

MUST_CHECK enum rc plot_frontier_draft(const struct frontier *frontier, struct plot_draft *draft);
MUST_CHECK enum rc plot_latency_draft(const struct frontier *frontier, struct plot_draft *draft);
MUST_CHECK enum rc plot_distribution_draft(const struct frontier *frontier,
                                           struct plot_draft *draft);
MUST_CHECK enum rc plot_footprint_draft(const struct frontier *frontier, struct plot_draft *draft);
MUST_CHECK enum rc plot_attainment_draft(const struct frontier *frontier, struct plot_draft *draft);
/* Refused with PLOT_NOT_MEASURED where no phase has a series. */
#define PLOT_NOT_MEASURED "no phase measured the store on its way"
MUST_CHECK enum rc plot_growth_draft(const struct frontier *frontier, struct plot_draft *draft);

/* Absolute path of gnuplot from PATH's absolute entries into dst; false when there is none. */
bool plot_gnuplot_find(char *dst, size_t dst_size);
/* Run `gnuplot name.gp` in `folder`; true when NAME.svg and NAME.png are there and not empty,
 * else `why` says what happened and neither is left. */
bool plot_gnuplot_run(const char *gnuplot, const char *folder, const char *name, char why[160]);

#endif
