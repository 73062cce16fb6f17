#include "analysis/report.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "analysis/report_parts.h"

/* ---- shared --------------------------------------------------------------------------------- */

void report_heading(struct report *report, int level, const char *words)
{
    text_print(&report->text, "\n%.*s ", level, "######");
    text_markdown(&report->text, words);
    text_put(&report->text, "\n\n");
}

void report_note(struct report *report, const char *words)
{
    text_put(&report->text, words);
    text_put(&report->text, "\n\n");
}

void report_figure(struct report *report, enum plot_id id)
{
    const struct plot_info *info = &plot_table[id];
    if (report->plots == NULL || !report->plots->drawn[id])
        return;
    text_print(&report->text, "![%s](plots/%s.svg)\n\n", info->caption, info->name);
    text_print(&report->text,
               "*%s. Numbers: [plots/%s.csv](plots/%s.csv), script: "
               "[plots/%s.gp](plots/%s.gp).*\n\n",
               info->caption, info->name, info->name, info->name, info->name);
}

void report_grid(struct report *report, struct grid *grid)
{
    if (grid_rows(grid) != 0 && report->text.rc == RC_OK)
        report->text.rc = grid_markdown(grid, report->text.out, report->text.err);
    if (grid_rows(grid) != 0)
        text_put(&report->text, "\n");
    grid_release(grid);
}

void report_facts(struct report *report, const char *heading, const struct facts *facts)
{
    struct grid grid = {0};
    grid_column(&grid, GRID_LEFT, heading, "");
    grid_column(&grid, GRID_LEFT, "", "");
    for (size_t i = 0; i < facts->count; i++) {
        grid_cell(&grid, "%s", facts->items[i].name);
        grid_cell(&grid, "%s", facts->items[i].value);
    }
    report_grid(report, &grid);
}

void report_label(struct report *report, size_t arm)
{
    text_markdown(&report->text, views_label(report->summary, arm));
}

/* ---- against the control -------------------------------------------------------------------- */

/* Rows: arms; a column per place of `scope` where the metric exists.  `fallback` stands in, marked,
 * where no arm has the metric: p50 for a refused p95. */
static void put_deltas(struct report *report, enum metric_scope scope, enum metric metric,
                       enum metric fallback)
{
    const struct summary *summary = report->summary;
    struct grid grid = {0};
    enum metric used[GRID_COLUMNS_MAX];
    size_t place[GRID_COLUMNS_MAX];
    grid_column(&grid, GRID_LEFT, "strategy", "");
    for (size_t p = 0; p < summary->place_count && grid.column_count < GRID_COLUMNS_MAX; p++) {
        if (summary->places[p].scope != scope)
            continue;
        enum metric m = summary_has(summary, p, metric) ? metric : fallback;
        if (!summary_has(summary, p, m))
            continue;
        used[grid.column_count] = m;
        place[grid.column_count] = p;
        grid_column(&grid, GRID_RIGHT, summary->places[p].name,
                    m == metric ? "" : metric_table[m].name);
    }
    for (size_t a = 0; a < summary->arm_count && grid.column_count > 1; a++) {
        size_t columns = grid.column_count;
        grid_cell(&grid, "%s", views_label(summary, a));
        for (size_t c = 1; c < columns; c++) {
            char change[FORMAT_SIZE];
            double ratio = views_ratio(summary, a, place[c], used[c]);
            grid_cell(&grid, "%s",
                      summary->arms[a].valid ? text_change(change, ratio - 1) : "INVALID");
        }
    }
    report_grid(report, &grid);
}

static void put_control(struct report *report)
{
    if (report->summary->control == SUMMARY_NONE)
        return;
    report_heading(report, 2, "Against the control");
    report_note(report,
                "DESCRIPTIVE: medians over rounds; cells.csv has the interval of every ratio.");
    report_note(report,
                "Compute: p95 of operation latency (p50 where a phase has too few operations "
                "for a p95).");
    put_deltas(report, PHASE, M_P95_NS, M_P50_NS);
    report_note(report, "Compute: CPU time per MB carried.");
    put_deltas(report, PHASE, M_CPU_MS_PER_MB, M_CPU_MS_PER_MB);
    report_note(report, "Storage: bytes at rest.");
    put_deltas(report, SNAPSHOT, M_TOTAL_BYTES, M_TOTAL_BYTES);
    report_note(report, "Storage: bytes written to files.");
    put_deltas(report, PHASE, M_WRITE_BYTES, M_WRITE_BYTES);
}

/* ---- phases --------------------------------------------------------------------------------- */

static void put_refusals(struct report *report, size_t place)
{
    static const struct {
        enum metric metric;
        const char *name;
        int least;
    } percentiles[] = {{M_P95_NS, "p95", METRIC_P95_OPS}, {M_P99_NS, "p99", METRIC_P99_OPS}};
    double ops;
    for (size_t i = 0; i < COUNT_OF(percentiles); i++) {
        if (views_refused(report->summary, place, percentiles[i].metric, &ops))
            text_print(&report->text, "`-`: no %s from %.0f operations a run, it takes %d.\n\n",
                       percentiles[i].name, ops, percentiles[i].least);
    }
}

static void put_phases(struct report *report)
{
    const struct summary *summary = report->summary;
    report_heading(report, 2, "Latency by phase");
    report_figure(report, PLOT_LATENCY);
    report_note(report,
                "DESCRIPTIVE: medians over rounds; n = rounds x operations a round. Latency "
                "includes BEGIN, COMMIT and a checkpoint that was due.");
    for (size_t p = 0; p < summary->place_count; p++) {
        struct grid grid = {0};
        if (summary->places[p].scope != PHASE)
            continue;
        report_heading(report, 3, summary->places[p].name);
        if (summary->places[p].phase->options[0] != '\0') {
            text_put(&report->text, "Options: ");
            text_markdown(&report->text, summary->places[p].phase->options);
            text_put(&report->text, "\n\n");
        }
        views_phase(summary, p, true, &grid);
        report_grid(report, &grid);
        put_refusals(report, p);
    }
    report_figure(report, PLOT_DISTRIBUTION);
}

/* ---- the whole ------------------------------------------------------------------------------ */

enum rc report_markdown(const struct frontier *frontier, const struct diagnosis *diagnosis,
                        const struct plot_result *plots, struct buf *out, struct err *err)
{
    struct report report = {.frontier = frontier,
                            .diagnosis = diagnosis,
                            .summary = frontier->summary,
                            .manifest = &frontier->summary->record->manifest,
                            .plots = plots,
                            .text = text_to(out, err)};
    report_answer(&report);
    report_asked(&report);
    report_frontier(&report);
    report_bands(&report);
    put_control(&report);
    put_phases(&report);
    report_lanes(&report);
    report_unsupported(&report);
    report_work(&report);
    report_storage(&report);
    report_growth(&report);
    report_shares(&report);
    report_twins(&report);
    report_effects(&report);
    report_durability(&report);
    report_reference(&report);
    report_environment(&report);
    report_diagnosis(&report);
    report_repeat(&report);
    return report.text.rc;
}
