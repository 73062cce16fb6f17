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

/* ---- what was asked ------------------------------------------------------------------------- */

static void put_item(struct report *report, const char *name, const char *value)
{
    text_print(&report->text, "- %s: ", name);
    text_markdown(&report->text, value);
    text_put(&report->text, "\n");
}

static void put_asked(struct report *report)
{
    const struct record_manifest *manifest = report->manifest;
    struct text *text = &report->text;
    char files[FORMAT_SIZE], bytes[FORMAT_SIZE], count[FORMAT_SIZE];
    text_put(text, "# Study ");
    text_markdown(text, manifest->id);
    text_put(text, "\n\n");
    put_item(report, "Plan", manifest->plan_name);
    text_put(text, "- Dataset: ");
    text_markdown(text, manifest->dataset_spec);
    text_print(text, ", %s files, %s bytes, content hash ",
               format_count(files, manifest->dataset_files),
               format_count(bytes, manifest->dataset_bytes));
    text_markdown(text, manifest->dataset_hash);
    text_print(text, ", seed %" PRIu64 "\n", manifest->seed);
    text_print(text,
               "- Rounds: %u done of %u asked for, every strategy once in each, the control "
               "twice, in random order; one process and one fresh store per run\n",
               report->summary->rounds, manifest->rounds);
    put_item(report, "Durability", manifest->durability);
    text_print(text,
               "- Writes per transaction: %s; retention: ", format_count(count, manifest->batch));
    text_markdown(text, manifest->retention);
    text_print(text,
               "\n- Guardrail: p95 of point reads and updates at most %.4g %% above the "
               "control's\n",
               100 * report->frontier->guardrail);
    text_put(text, "- Made by blobfront ");
    text_markdown(text, manifest->tool_version);
    text_put(text, ", begun ");
    text_markdown(text, manifest->created);
    text_put(text, "\n");
    if (manifest->dataset_warning[0] != '\0') {
        text_put(text, "\n> **About this dataset:** ");
        text_markdown(text, manifest->dataset_warning);
        text_put(text, "\n");
    }
    if (report->summary->record->warnings != 0) {
        text_print(text, "\n> **The record has %u warnings**, the first: ",
                   report->summary->record->warnings);
        text_markdown(text, report->summary->record->warning);
        text_put(text, "\n");
    }
}

/* ---- the answer ----------------------------------------------------------------------------- */

static void put_close_calls(struct report *report)
{
    const struct frontier *frontier = report->frontier;
    for (size_t a = 0; a < frontier->arm_count; a++) {
        const struct frontier_arm *arm = &frontier->arms[a];
        for (size_t g = 0; g < frontier->guard_count && arm->standing == STANDING_ON; g++) {
            char change[FORMAT_SIZE];
            if (arm->guardrail == GUARDRAIL_UNKNOWN || !arm->guard_close[g])
                continue;
            text_put(&report->text, "- ");
            text_markdown_line(&report->text, views_label(report->summary, a));
            text_put(&report->text, " against the guardrail on ");
            text_markdown(&report->text, report->summary->places[frontier->guards[g].place].name);
            text_print(&report->text,
                       ": its p95 is %s, too close to the limit to tell from noise (rounds on both "
                       "sides of it, or nearer than the control to itself)\n",
                       text_change(change, arm->guard_percent[g] / 100 - 1));
        }
    }
}

static void put_noise(struct report *report)
{
    const struct frontier *frontier = report->frontier;
    struct text *text = &report->text;
    if (report->summary->control == SUMMARY_NONE || report->summary->control_again == SUMMARY_NONE)
        return;
    text_put(text, "- Noise: ");
    report_label(report, report->summary->control_again);
    text_put(text, " is ");
    report_label(report, report->summary->control);
    text_put(text, " run a second time. Between the two: ");
    for (size_t k = 0; k < frontier->key_count; k++) {
        char change[FORMAT_SIZE];
        text_print(text, "%s%s ", k == 0 ? "" : ", ", text_change(change, frontier->keys[k].noise));
        text_markdown(text, frontier->keys[k].name);
    }
    text_put(text, ". A difference in a timing that is not clearly larger says nothing\n");
}

static void put_undecided(struct report *report)
{
    struct text *text = &report->text;
    report_heading(report, 3, "What was not decided");
    text_print(text,
               "- Everything here compares medians over %u rounds and is **%s**: this release "
               "computes no error bars, so no difference between timings is confirmed\n",
               report->summary->rounds, SUMMARY_CLAIMS);
    put_noise(report);
    put_close_calls(report);
    for (size_t i = 0; i < report->frontier->note_count; i++) {
        text_put(text, "- ");
        text_markdown_line(text, report->frontier->notes[i]);
        text_put(text, "\n");
    }
    for (size_t a = 0; a < report->summary->arm_count; a++) {
        const struct summary_arm *arm = &report->summary->arms[a];
        if (arm->valid)
            continue;
        text_put(text, "- **INVALID** ");
        report_label(report, a);
        text_print(text, " (%u of %u runs valid): ", arm->valid_runs, arm->runs);
        text_markdown(text, arm->reason);
        text_put(text, "\n");
    }
    text_put(text, "\n");
}

static void put_frontier(struct report *report)
{
    struct grid keys = {0}, standing = {0};
    report_heading(report, 2, "Frontier");
    report_figure(report, PLOT_FRONTIER);
    report_note(report, "A strategy is dominated when another is no worse in every key metric and "
                        "better in at least one. Medians over rounds, and % of the control.");
    views_keys(report->frontier, &keys);
    report_grid(report, &keys);
    report_note(report, report->frontier->anywhere
                            ? "Every lane competes except floors."
                            : "Only strategies that keep everything in the SQL database compete; "
                              "other lanes are measured as references and dominate nobody.");
    views_standing(report->frontier, 1000, &standing);
    report_grid(report, &standing);
}

static void put_answer(struct report *report)
{
    report_heading(report, 2, "Answer");
    text_put(&report->text, "**");
    text_markdown(&report->text, report->frontier->sentence);
    text_put(&report->text, "**\n");
    put_undecided(report);
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
    } percentiles[] = {{M_P95_NS, "p95", 20}, {M_P99_NS, "p99", 100}};
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
    report_note(report, "Medians over rounds; n = rounds x operations a round. Latency includes "
                        "BEGIN, COMMIT and a checkpoint that was due.");
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

enum rc report_markdown(const struct frontier *frontier, const struct plot_result *plots,
                        struct buf *out, struct err *err)
{
    struct report report = {.frontier = frontier,
                            .summary = frontier->summary,
                            .manifest = &frontier->summary->record->manifest,
                            .plots = plots,
                            .text = text_to(out, err)};
    put_asked(&report);
    put_answer(&report);
    put_frontier(&report);
    put_control(&report);
    put_phases(&report);
    report_storage(&report);
    report_shares(&report);
    report_twins(&report);
    report_durability(&report);
    report_reference(&report);
    report_environment(&report);
    report_repeat(&report);
    return report.text.rc;
}
