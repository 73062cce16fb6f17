/* plot.h: the figures of a study, drawn by gnuplot.
 *
 * plots/NAME.csv holds the numbers, plots/NAME.gp a script that reads only that file and computes
 * nothing, plots/NAME.svg and NAME.png what gnuplot made of the two.  CSV and script are written
 * whether or not gnuplot is there.  Names from outside reach gnuplot as a data column only, with
 * control characters removed and text markup off; the only file names in a script are ours.
 * gnuplot runs without a shell, with an empty environment, in plots/, for at most 60 s a figure.
 *
 * One colour and marker per strategy in every figure (by its place in the plan; the control is
 * black): Okabe & Ito's palette, which people with colour-vision deficiencies can tell apart.
 * INVALID arms are not drawn.
 */
#ifndef ANALYSIS_PLOT_H
#define ANALYSIS_PLOT_H

#include "analysis/frontier.h"

enum plot_id {
    PLOT_FRONTIER,
    PLOT_LATENCY,
    PLOT_DISTRIBUTION,
    PLOT_FOOTPRINT,
    PLOT_ATTAINMENT,
    PLOT_GROWTH,
    PLOT_COUNT
};

struct plot_info {
    const char *name;    /* file name without its ending */
    const char *caption; /* what the figure shows, one sentence */
    bool special;        /* of what few studies measure: that it is missing is not told */
};
extern const struct plot_info plot_table[PLOT_COUNT];

struct plot_result {
    bool drawn[PLOT_COUNT];
    char why[PLOT_COUNT][160]; /* why a figure is missing, or "" */
    uint32_t count;            /* figures drawn */
    char note[240];            /* "plots skipped: gnuplot not found (apt-get install ...)", or "" */
};

/* Write the figures to dir/plots.  gnuplot missing or failing is not an error: see result->note.
 * Raw latencies are read from the record's folder; a phase without them is left out. */
MUST_CHECK enum rc plot_write(const struct frontier *frontier, const char *dir,
                              struct plot_result *result, struct err *err);

#endif
