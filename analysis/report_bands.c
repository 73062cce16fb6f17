/* report_bands.c: how the frontier moves from round to round. */
#include <stdio.h>

#include "analysis/bands.h"
#include "analysis/report_parts.h"

enum { CORNERS_MAX = 12 };

static void put_sentence(struct report *report, const struct bands *bands)
{
    const struct frontier *frontier = report->frontier;
    const struct frontier_key *x = &frontier->keys[bands->x_key],
                              *y = &frontier->keys[bands->y_key];
    struct text *text = &report->text;
    text_print(text,
               "DESCRIPTIVE: %zu rounds, each in %% of its own control. In a row, some competing "
               "strategy came to at most this ",
               bands->rounds);
    text_markdown(text, y->name);
    text_put(text, " and this ");
    text_markdown(text, x->name);
    text_print(
        text,
        " in at least %zu rounds; the other columns say what %s it came to with the same %s "
        "in fewer and in more rounds. The luckiest strategy of each round counts: where several "
        "are close, this lies below the median of each.\n\n",
        bands->curves[BAND_HALF].level, metric_table[x->metric].name, metric_table[y->metric].name);
}

/* Who was there in most rounds; of equals the first in the plan. */
static void cell_by(struct report *report, const struct bands *bands, struct attainment_point at,
                    struct grid *grid)
{
    size_t best = 0, best_arm = 0;
    for (size_t a = 0; a < report->frontier->arm_count; a++) {
        size_t rounds = 0;
        for (size_t i = 0; i < bands->start[bands->rounds]; i++)
            rounds +=
                bands->arm[i] == a && bands->points[i].x <= at.x && bands->points[i].y <= at.y;
        if (rounds > best) {
            best = rounds;
            best_arm = a;
        }
    }
    grid_cell(grid, "%s, %zu", views_label(report->summary, best_arm), best);
}

static void cell_percent(double percent, struct grid *grid)
{
    char shown[FORMAT_SIZE];
    grid_cell(grid, "%s", text_percent(shown, percent));
}

static void column(struct grid *grid, const struct bands *bands, enum band band, const char *head)
{
    char sub[64];
    snprintf(sub, sizeof(sub), "%zu of %zu rounds", bands->curves[band].level, bands->rounds);
    grid_column(grid, GRID_RIGHT, head, sub);
}

static void put_corners(struct report *report, const struct bands *bands)
{
    const struct frontier *frontier = report->frontier;
    const struct band_curve *half = &bands->curves[BAND_HALF];
    const char *x = metric_table[frontier->keys[bands->x_key].metric].name;
    size_t shown = half->count < CORNERS_MAX ? half->count : CORNERS_MAX;
    struct grid grid = {0};
    grid_column(&grid, GRID_RIGHT, metric_table[frontier->keys[bands->y_key].metric].name, "");
    column(&grid, bands, BAND_HALF, x);
    grid_column(&grid, GRID_LEFT, "most often by", "rounds");
    column(&grid, bands, BAND_FEW, x);
    column(&grid, bands, BAND_MOST, x);
    for (size_t i = 0; i < shown; i++) {
        struct attainment_point corner = half->corners[i];
        cell_percent(corner.y, &grid);
        cell_percent(corner.x, &grid);
        cell_by(report, bands, corner, &grid);
        cell_percent(bands_reach(bands, BAND_FEW, corner.y), &grid);
        cell_percent(bands_reach(bands, BAND_MOST, corner.y), &grid);
    }
    report_grid(report, &grid);
    if (shown < half->count)
        text_print(&report->text, "The first %zu of %zu corners.\n\n", shown, half->count);
}

void report_bands(struct report *report)
{
    struct bands bands;
    if (report->text.rc != RC_OK)
        return;
    report->text.rc = bands_build(&bands, report->frontier, report->text.err);
    if (report->text.rc != RC_OK)
        return;
    if (bands.why == NULL) {
        report_heading(report, 3, "From round to round");
        report_figure(report, PLOT_ATTAINMENT);
        put_sentence(report, &bands);
        put_corners(report, &bands);
    }
    bands_release(&bands);
}
