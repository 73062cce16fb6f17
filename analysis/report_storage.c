/* report_storage.c: where the bytes are, what they amount to, and whose they are. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "analysis/report_parts.h"

/* A table of metrics at one place: rows arms, columns metrics that some arm has. */
struct column {
    enum metric metric;
    const char *head;
};

static void put_metrics(struct report *report, size_t place, const struct column *columns,
                        size_t count, bool (*wanted)(const struct summary *, size_t, size_t))
{
    const struct summary *summary = report->summary;
    struct grid grid = {0};
    bool any = false;
    grid_column(&grid, GRID_LEFT, "strategy", "");
    for (size_t c = 0; c < count; c++) {
        if (summary_has(summary, place, columns[c].metric))
            grid_column(&grid, GRID_RIGHT, columns[c].head, "");
    }
    for (size_t a = 0; a < summary->arm_count && grid.column_count > 1; a++) {
        if (!wanted(summary, a, place))
            continue;
        any = true;
        grid_cell(&grid, "%s", views_label(summary, a));
        for (size_t c = 0; c < count; c++) {
            char shown[FORMAT_SIZE];
            double value = summary_median(summary, a, place, columns[c].metric);
            if (!summary_has(summary, place, columns[c].metric))
                continue;
            if (!summary->arms[a].valid)
                grid_cell(&grid, "INVALID");
            else if (strcmp(metric_table[columns[c].metric].unit, "ns") == 0)
                grid_cell(&grid, "%s", views_value(shown, columns[c].metric, value));
            else
                grid_cell(&grid, "%s", text_value(shown, value));
        }
    }
    if (any) {
        report_heading(report, 4, summary->places[place].name);
        report_grid(report, &grid);
    } else {
        grid_release(&grid);
    }
}

static bool always(const struct summary *summary, size_t arm, size_t place)
{
    (void)summary, (void)arm, (void)place;
    return true;
}

static void put_snapshots(struct report *report)
{
    static const struct column columns[] = {
        {M_TOTAL_BYTES, "total bytes"},
        {M_TABLE_BYTES, "tables"},
        {M_INDEX_BYTES, "indexes"},
        {M_FREE_BYTES, "free pages"},
        {M_CACHE_TABLE_BYTES, "cache tables"},
        {M_EXTERNAL_BYTES, "own files"},
        {M_SIDECAR_BYTES, "WAL, journal"},
        {M_FILE_COUNT, "files"},
        {M_ROWS, "rows"},
    };
    report_heading(report, 3, "Bytes at rest, by snapshot");
    report_note(report,
                "Everything checkpointed, closed and reopened before it was measured. Cache "
                "tables are part of the tables.");
    for (size_t p = 0; p < report->summary->place_count; p++) {
        if (report->summary->places[p].scope == SNAPSHOT)
            put_metrics(report, p, columns, COUNT_OF(columns), always);
    }
}

static void put_amplification(struct report *report)
{
    struct grid grid = {0};
    size_t main = summary_main_snapshot(report->summary);
    report_heading(report, 3, "Amplification");
    if (main != SUMMARY_NONE) {
        text_put(&report->text, "storage_amp at ");
        text_markdown(&report->text, report->summary->places[main].name);
        text_put(&report->text,
                 ", total bytes over three denominators that are not the same thing: "
                 "live (the newest version of every file), history (every version "
                 "the store must hold), written (everything put so far). ");
    }
    report_note(report,
                "Write amplification by two definitions: growth amp is the growth of the store "
                "over the phase per byte put (the founding document's), physical amp is "
                "bytes written to files per byte put. Dedup: duplicate bytes found per byte "
                "put, over all phases.");
    views_amplification(report->summary, &grid);
    report_grid(report, &grid);
}

/* One metric of all phases that have it: rows arms, columns phases. */
static void put_by_phase(struct report *report, const char *heading, const char *note,
                         enum metric metric)
{
    const struct summary *summary = report->summary;
    struct grid grid = {0};
    size_t place[GRID_COLUMNS_MAX];
    grid_column(&grid, GRID_LEFT, "strategy", "");
    for (size_t p = 0; p < summary->place_count && grid.column_count < GRID_COLUMNS_MAX; p++) {
        if (summary->places[p].scope != PHASE || !summary_has(summary, p, metric))
            continue;
        place[grid.column_count] = p;
        grid_column(&grid, GRID_RIGHT, summary->places[p].name, "");
    }
    size_t columns = grid.column_count;
    for (size_t a = 0; a < summary->arm_count && columns > 1; a++) {
        grid_cell(&grid, "%s", views_label(summary, a));
        for (size_t c = 1; c < columns; c++) {
            char shown[FORMAT_SIZE];
            double value = summary_median(summary, a, place[c], metric);
            bool ratio = strcmp(metric_table[metric].unit, "ratio") == 0;
            grid_cell(&grid, "%s",
                      !summary->arms[a].valid ? "INVALID"
                      : ratio                 ? text_percent(shown, 100 * value)
                                              : text_value(shown, value));
        }
    }
    if (columns > 1) {
        report_heading(report, 3, heading);
        report_note(report, note);
    }
    report_grid(report, &grid);
}

/* An arm whose codec layer had a decision to make in this phase. */
static bool has_codec(const struct summary *summary, size_t arm, size_t place)
{
    static const enum metric signs[] = {M_CODEC_ZSTD, M_CODEC_BROTLI, M_CODEC_SKIPPED,
                                        M_CODEC_REJECTED};
    for (size_t i = 0; i < COUNT_OF(signs); i++) {
        if (summary_median(summary, arm, place, signs[i]) > 0)
            return true;
    }
    return false;
}

static void put_codecs(struct report *report)
{
    static const struct column columns[] = {
        {M_CODEC_NONE, "stored plain"},
        {M_CODEC_ZSTD, "zstd"},
        {M_CODEC_BROTLI, "brotli"},
        {M_CODEC_SKIPPED, "not tried"},
        {M_CODEC_REJECTED, "tried in vain"},
        {M_CODEC_REJECTED_BYTES, "bytes tried in vain"},
        {M_CODEC_REJECTED_NS, "CPU wasted on them"},
    };
    report_heading(report, 3, "Codec mix");
    report_note(
        report,
        "Blobs or chunks by how they were stored. Not tried: the handler says they are "
        "compressed already. Tried in vain: saved less than the margin. Strategies without a "
        "codec are left out.");
    for (size_t p = 0; p < report->summary->place_count; p++) {
        if (report->summary->places[p].scope == PHASE)
            put_metrics(report, p, columns, COUNT_OF(columns), has_codec);
    }
}

static void put_bounds(struct report *report)
{
    const struct bounds *bounds = report->summary->record->bounds;
    struct grid snapshots = {0}, phases = {0}, distances = {0};
    if (!bounds)
        return;
    report_heading(report, 3, "What is possible");
    text_put(&report->text,
             "In how few bytes the same contents can be held, and how few a phase has to write, "
             "computed from data and operations alone. Whole: each distinct content once. Novel: "
             "the bytes the generator knows to be new. Codec: each distinct content alone under "
             "the best codec. Packed: all of them in one stream, which no strategy that gives "
             "back single blobs does. The bound is the least of them; ");
    views_bounds_said(bounds, &report->text);
    report_note(report, ".");
    views_bounds(bounds, false, &snapshots);
    report_grid(report, &snapshots);
    views_bounds(bounds, true, &phases);
    report_grid(report, &phases);
    report_heading(report, 3, "Distance to what is possible");
    report_note(report, "Total bytes over the bound of the snapshot; bytes written over the bound "
                        "of the phase.");
    views_distances(report->summary, &distances);
    report_grid(report, &distances);
}

void report_storage(struct report *report)
{
    struct grid sizes = {0};
    report_heading(report, 2, "Storage");
    report_figure(report, PLOT_FOOTPRINT);
    views_sizes(report->summary, &sizes);
    report_grid(report, &sizes);
    put_snapshots(report);
    put_amplification(report);
    put_bounds(report);
    put_by_phase(report, "Bytes written by reads",
                 "Bytes that phases which only read wrote to files: caches are not free.",
                 M_BYTES_WRITTEN_BY_READS);
    put_by_phase(report, "Dedup by phase", "Duplicate bytes found per byte put.", M_DEDUP_RATIO);
    put_by_phase(report, "Chunk reuse", "Chunks found to be stored already, of all chunks cut.",
                 M_CHUNK_REUSE);
    put_codecs(report);
}

/* ---- shares --------------------------------------------------------------------------------- */

static void put_shares(struct report *report, const char *what, bool handlers)
{
    const struct summary *summary = report->summary;
    struct grid grid = {0};
    grid_column(&grid, GRID_LEFT, "strategy", "");
    grid_column(&grid, GRID_LEFT, what, "");
    grid_column(&grid, GRID_RIGHT, "blobs put", "");
    grid_column(&grid, GRID_RIGHT, "logical bytes", "");
    grid_column(&grid, GRID_RIGHT, "stored bytes", "");
    grid_column(&grid, GRID_RIGHT, "stored / logical", "");
    for (size_t a = 0; a < summary->arm_count; a++) {
        const struct sample *run = summary->arms[a].last_run;
        if (run == NULL || !summary->arms[a].valid || a == summary->control_again)
            continue;
        const struct record_shares *shares = handlers ? &run->by_handler : &run->by_extension;
        for (size_t i = 0; i < shares->count; i++) {
            const struct record_share *share = &shares->items[i];
            char count[FORMAT_SIZE];
            double logical = (double)share->logical_bytes;
            grid_cell(&grid, "%s", views_label(summary, a));
            grid_cell(&grid, "%s", share->name[0] == '\0' ? "(none)" : share->name);
            grid_cell(&grid, "%s", format_count(count, share->blobs));
            grid_cell(&grid, "%s", format_count(count, share->logical_bytes));
            grid_cell(&grid, "%s", format_count(count, share->stored_bytes));
            grid_cell(&grid, "%s",
                      text_percent(count, logical > 0 ? 100 * (double)share->stored_bytes / logical
                                                      : NAN));
        }
    }
    report_grid(report, &grid);
}

void report_shares(struct report *report)
{
    report_heading(report, 2, "Storage by extension and by handler");
    report_note(report,
                "Over everything put in a run. Stored: payload bytes written for new content, "
                "after dedup and codec, without the store's own overhead.");
    put_shares(report, "extension", false);
    put_shares(report, "handler", true);
}
