/* report_growth.c: how stores grew and aged, phase by phase; nothing where none was measured. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "analysis/growth_series.h"
#include "analysis/report_parts.h"

enum { COLUMNS_MAX = 12 };

/* Which points are shown: all, or as many as fit, the first and the last among them. */
struct shown {
    size_t point[COLUMNS_MAX];
    size_t count;
};

static struct shown choose_points(size_t count)
{
    struct shown shown = {.count = count < COLUMNS_MAX ? count : COLUMNS_MAX};
    for (size_t c = 0; c < shown.count; c++)
        shown.point[c] = shown.count == 1 ? 0 : c * (count - 1) / (shown.count - 1);
    return shown;
}

static const struct series *first_series(const struct summary *summary, size_t place)
{
    const struct series *series = NULL;
    for (size_t a = 0; a < summary->arm_count && series == NULL; a++)
        series = growth_series_of(summary, a, place);
    return series;
}

static void head_points(struct grid *grid, const struct series *series, const struct shown *shown)
{
    grid_column(grid, GRID_LEFT, "strategy", "versions:");
    for (size_t c = 0; c < shown->count; c++) {
        char number[FORMAT_SIZE];
        const struct series_point *point = &series->items[shown->point[c]];
        grid_column(grid, GRID_RIGHT, format_count(number, point->versions), "");
    }
}

static void put_sizes(struct report *report, size_t place, const struct shown *shown)
{
    const struct summary *summary = report->summary;
    struct grid grid = {0};
    head_points(&grid, first_series(summary, place), shown);
    for (size_t a = 0; a < summary->arm_count; a++) {
        const struct series *series = growth_series_of(summary, a, place);
        if (series == NULL)
            continue;
        grid_cell(&grid, "%s", views_label(summary, a));
        for (size_t c = 0; c < shown->count; c++) {
            char size[FORMAT_SIZE];
            bool has = shown->point[c] < series->count;
            grid_cell(&grid, "%s",
                      !summary->arms[a].valid ? "INVALID"
                      : has ? format_count(size, series->items[shown->point[c]].total_bytes)
                            : "-");
        }
    }
    report_note(report, "Bytes of all files, settled, after so many versions put in the run.");
    report_grid(report, &grid);
}

static void put_reads(struct report *report, size_t place, const struct shown *shown)
{
    const struct summary *summary = report->summary;
    struct grid grid = {0};
    bool any = false;
    head_points(&grid, first_series(summary, place), shown);
    for (size_t a = 0; a < summary->arm_count; a++) {
        if (growth_series_of(summary, a, place) == NULL)
            continue;
        grid_cell(&grid, "%s", views_label(summary, a));
        for (size_t c = 0; c < shown->count; c++) {
            char time[FORMAT_SIZE];
            double ns = growth_series_read_ns(summary, a, place, shown->point[c]);
            any = any || !isnan(ns);
            grid_cell(&grid, "%s",
                      !summary->arms[a].valid ? "INVALID" : views_value(time, M_P50_NS, ns));
        }
    }
    if (!any) {
        grid_release(&grid);
        return;
    }
    report_note(report, "DESCRIPTIVE: median of the reads that follow, over rounds.");
    report_grid(report, &grid);
}

static void put_slopes(struct report *report, size_t place)
{
    static const struct {
        enum metric metric;
        const char *head;
    } columns[] = {
        {M_GROWTH_BYTES_PER_VERSION, "bytes per version"},
        {M_GROWTH_EXPONENT, "exponent"},
        {M_AGED_SIZE_RATIO, "bytes per live byte, last / first"},
        {M_AGED_READ_RATIO, "reads, last / first"},
    };
    const struct summary *summary = report->summary;
    struct grid grid = {0};
    grid_column(&grid, GRID_LEFT, "strategy", "");
    for (size_t c = 0; c < COUNT_OF(columns); c++)
        grid_column(&grid, GRID_RIGHT, columns[c].head, "");
    for (size_t a = 0; a < summary->arm_count; a++) {
        if (growth_series_of(summary, a, place) == NULL)
            continue;
        grid_cell(&grid, "%s", views_label(summary, a));
        for (size_t c = 0; c < COUNT_OF(columns); c++) {
            char shown[FORMAT_SIZE];
            double value = summary_median(summary, a, place, columns[c].metric);
            grid_cell(&grid, "%s", !summary->arms[a].valid ? "INVALID" : text_value(shown, value));
        }
    }
    report_note(report,
                "Bytes per version: slope of the sizes over versions put. Exponent: slope of "
                "their logarithms over those of the versions held; 1: each costs the same, "
                "below 1: sublinear.");
    report_grid(report, &grid);
}

void report_growth(struct report *report)
{
    const struct summary *summary = report->summary;
    bool begun = false;
    for (size_t p = 0; p < summary->place_count; p++) {
        if (!growth_series_any(summary, p))
            continue;
        if (!begun) {
            report_heading(report, 2, "How the stores grew");
            report_figure(report, PLOT_GROWTH);
            begun = true;
        }
        struct shown shown = choose_points(first_series(summary, p)->count);
        report_heading(report, 3, summary->places[p].name);
        put_sizes(report, p, &shown);
        put_reads(report, p, &shown);
        put_slopes(report, p);
    }
}

/* ---- what was left out ----------------------------------------------------------------------- */

static bool lacks(const struct record_arm *arm, const char *cap)
{
    char wanted[64], have[300];
    snprintf(wanted, sizeof(wanted), ",%s,", cap);
    snprintf(have, sizeof(have), ",%.250s,", arm->caps);
    return strstr(have, wanted) == NULL;
}

static void put_stand_ins(struct report *report, size_t arm)
{
    static const struct {
        const char *cap, *workload, *words;
    } rows[] = {
        {"read-at", "read_range", "has no reads of parts: it read whole blobs in "},
        {"scan", "read_scan", "has no scans: it read every file by its key in "},
    };
    const struct record_manifest *manifest = report->manifest;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        for (size_t p = 0; p < manifest->phase_count; p++) {
            const struct record_phase *phase = &manifest->phases[p];
            if (strcmp(phase->workload, rows[i].workload) != 0 ||
                !lacks(report->summary->arms[arm].arm, rows[i].cap))
                continue;
            text_put(&report->text, "* ");
            report_label(report, arm);
            text_print(&report->text, " %s", rows[i].words);
            text_markdown(&report->text, phase->name);
            text_put(&report->text, ", and that is what was timed.\n");
        }
    }
}

static void put_left_out(struct report *report, size_t arm)
{
    const struct record *record = report->summary->record;
    const struct sample *first = NULL;
    for (size_t i = 0; i < record->sample_count; i++) {
        const struct sample *sample = &record->samples[i];
        if (sample->arm != arm || sample->kind != SAMPLE_PHASE || sample->unsupported[0] == '\0')
            continue;
        if (first != NULL && sample->run != first->run)
            break;
        text_put(&report->text, first == NULL ? "* " : ", ");
        if (first == NULL) {
            report_label(report, arm);
            text_put(&report->text, " does not offer ");
            text_markdown(&report->text, sample->unsupported);
            text_put(&report->text, ": unsupported, with all that follows, ");
        }
        text_markdown(&report->text, sample->name);
        first = sample;
    }
    if (first != NULL)
        text_put(&report->text, ".\n");
}

void report_unsupported(struct report *report)
{
    size_t before = report->text.out->len;
    for (size_t a = 0; a < report->summary->arm_count; a++) {
        put_stand_ins(report, a);
        put_left_out(report, a);
    }
    if (report->text.out->len != before)
        text_put(&report->text, "\n");
}
