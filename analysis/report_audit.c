/* report_audit.c: what a doubting reader asks: was it durable, where did it run, how to repeat. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "analysis/report_parts.h"

/* ---- durability ----------------------------------------------------------------------------- */

static void put_audit_row(struct report *report, size_t arm, size_t place, struct grid *grid)
{
    static const enum metric metrics[] = {M_COMMITS, M_COMMIT_SYNCS, M_COMMIT_SYNCS_PER_COMMIT,
                                          M_CHECKPOINTS, M_SYNCS};
    const struct summary *summary = report->summary;
    if (!summary->arms[arm].valid || !(summary_median(summary, arm, place, M_COMMITS) > 0))
        return;
    grid_cell(grid, "%s", summary->places[place].name);
    grid_cell(grid, "%s", views_label(summary, arm));
    for (size_t i = 0; i < COUNT_OF(metrics); i++) {
        char value[FORMAT_SIZE];
        grid_cell(grid, "%s", text_value(value, summary_median(summary, arm, place, metrics[i])));
    }
}

void report_durability(struct report *report)
{
    struct grid grid = {0};
    report_heading(report, 2, "Durability audit");
    text_put(&report->text, "Declared level: ");
    text_markdown(&report->text, report->manifest->durability);
    text_put(&report->text, ". ");
    report_note(report,
                "Syncs were counted below SQLite and the strategies, commit by commit; a run "
                "whose commits did not sync as the level demands is INVALID. A lane in memory "
                "promises nothing.");
    grid_column(&grid, GRID_LEFT, "phase", "");
    grid_column(&grid, GRID_LEFT, "strategy", "");
    grid_column(&grid, GRID_RIGHT, "commits", "");
    grid_column(&grid, GRID_RIGHT, "syncs in commits", "");
    grid_column(&grid, GRID_RIGHT, "syncs per commit", "");
    grid_column(&grid, GRID_RIGHT, "checkpoints due", "");
    grid_column(&grid, GRID_RIGHT, "all syncs", "");
    for (size_t p = 0; p < report->summary->place_count; p++) {
        for (size_t a = 0; a < report->summary->arm_count; a++) {
            if (report->summary->places[p].scope == PHASE)
                put_audit_row(report, a, p, &grid);
        }
    }
    report_grid(report, &grid);
}

/* ---- equal rows ----------------------------------------------------------------------------- */

/* The first counter in which two arms differ over all places of `scope`; METRIC_COUNT when none. */
static enum metric first_difference(const struct summary *summary, size_t a, size_t b,
                                    enum metric_scope scope, size_t *place)
{
    for (size_t p = 0; p < summary->place_count; p++) {
        for (int m = 0; m < METRIC_COUNT && summary->places[p].scope == scope; m++) {
            double x = summary_median(summary, a, p, (enum metric)m);
            double y = summary_median(summary, b, p, (enum metric)m);
            if (metric_table[m].kind == COUNTER && x != y && !(isnan(x) && isnan(y))) {
                *place = p;
                return (enum metric)m;
            }
        }
    }
    return METRIC_COUNT;
}

static void put_twins(struct report *report, size_t a, size_t b)
{
    const struct summary *summary = report->summary;
    size_t place = 0;
    enum metric metric = first_difference(summary, a, b, PHASE, &place);
    text_put(&report->text, "- ");
    report_label(report, a);
    text_put(&report->text, " and ");
    report_label(report, b);
    if (metric == METRIC_COUNT) {
        text_put(&report->text, ": in every counter of the study, too; check that they are two "
                                "strategies and not one under two names.\n");
        return;
    }
    char x[FORMAT_SIZE], y[FORMAT_SIZE];
    text_print(&report->text, ": they did different work, which whole pages hide (%s of ",
               metric_table[metric].name);
    text_markdown(&report->text, summary->places[place].name);
    text_print(&report->text, ": %s and %s).\n",
               text_value(x, summary_median(summary, a, place, metric)),
               text_value(y, summary_median(summary, b, place, metric)));
}

/* Two equal rows of results are an error until they are explained. */
void report_twins(struct report *report)
{
    const struct summary *summary = report->summary;
    bool any = false;
    for (size_t a = 0; a < summary->arm_count; a++) {
        for (size_t b = a + 1; b < summary->arm_count; b++) {
            size_t place;
            if (!summary->arms[a].valid || !summary->arms[b].valid ||
                summary->arms[b].arm->control_again || summary->arms[a].arm->control_again ||
                first_difference(summary, a, b, SNAPSHOT, &place) != METRIC_COUNT)
                continue;
            if (!any)
                report_heading(report, 3, "Equal rows");
            if (!any)
                report_note(report, "Two equal rows are an error until they are explained. Equal "
                                    "in every snapshot:");
            any = true;
            put_twins(report, a, b);
        }
    }
    if (any)
        text_put(&report->text, "\n");
}

/* ---- environment ---------------------------------------------------------------------------- */

static void put_pragmas(struct report *report)
{
    const struct summary *summary = report->summary;
    struct grid grid = {0};
    grid_column(&grid, GRID_LEFT, "strategy", "");
    grid_column(&grid, GRID_LEFT, "PRAGMAs read back", "");
    for (size_t a = 0; a < summary->arm_count; a++) {
        const struct sample *run = summary->arms[a].last_run;
        struct buf line = {0};
        struct text text = text_to(&line, report->text.err);
        if (run == NULL || run->pragmas.count == 0)
            continue;
        for (size_t i = 0; i < run->pragmas.count; i++) {
            text_put(&text, i == 0 ? "" : ", ");
            text_put(&text, run->pragmas.items[i].name);
            text_put(&text, "=");
            text_put(&text, run->pragmas.items[i].value);
        }
        grid_cell(&grid, "%s", views_label(summary, a));
        grid_cell(&grid, "%s", buf_str(&line));
        buf_release(&line);
        if (report->text.rc == RC_OK)
            report->text.rc = text.rc;
    }
    report_grid(report, &grid);
}

static void put_arms(struct report *report)
{
    struct grid grid = {0};
    grid_column(&grid, GRID_LEFT, "strategy", "");
    grid_column(&grid, GRID_LEFT, "what it is", "");
    grid_column(&grid, GRID_LEFT, "effective options", "");
    grid_column(&grid, GRID_LEFT, "capabilities", "");
    for (size_t a = 0; a < report->summary->arm_count; a++) {
        const struct record_arm *arm = report->summary->arms[a].arm;
        grid_cell(&grid, "%s", arm->label);
        grid_cell(&grid, "%s", arm->summary);
        grid_cell(&grid, "%s", arm->options);
        grid_cell(&grid, "%s", arm->caps);
    }
    report_grid(report, &grid);
}

void report_environment(struct report *report)
{
    const struct record_manifest *manifest = report->manifest;
    char cost[FORMAT_SIZE], tick[FORMAT_SIZE];
    report_heading(report, 2, "Environment");
    report_facts(report, "host", &manifest->host);
    report_facts(report, "library", &manifest->libraries);
    report_facts(report, "SQLite was compiled with", &manifest->sqlite_options);
    text_print(&report->text, "Reading the clock costs %s, its tick is %s.\n\n",
               format_ns(cost, (double)manifest->clock_read_ns),
               format_ns(tick, (double)manifest->clock_tick_ns));
    put_pragmas(report);
    put_arms(report);
}

/* ---- the founding document's figures -------------------------------------------------------- */

static size_t place_of_workload(const struct summary *summary, const char *workload)
{
    for (size_t p = 0; p < summary->place_count; p++) {
        if (summary->places[p].scope == PHASE &&
            strcmp(summary->places[p].phase->workload, workload) == 0)
            return p;
    }
    return SUMMARY_NONE;
}

static double at(const struct summary *summary, size_t arm, size_t place, enum metric metric)
{
    return place == SUMMARY_NONE ? NAN : summary_median(summary, arm, place, metric);
}

static void put_reference_row(struct grid *grid, const char *name, const double values[8])
{
    char shown[FORMAT_SIZE];
    grid_cell(grid, "%s", name);
    for (size_t i = 0; i < 8; i++) {
        if (i < 7 && isfinite(values[i])) /* as many digits as the document gives */
            grid_cell(grid, "%.3f", values[i]);
        else
            grid_cell(grid, "%s", text_value(shown, values[i]));
    }
}

static void put_our_row(struct report *report, size_t arm, struct grid *grid)
{
    static const char *const workloads[] = {"ingest", "update", "read_point", "read_scan"};
    const struct summary *summary = report->summary;
    size_t after = summary_place(summary, SNAPSHOT, "after_update");
    double values[8] = {at(summary, arm, after, M_STORAGE_AMP)};
    for (size_t i = 0; i < COUNT_OF(workloads); i++) {
        size_t place = place_of_workload(summary, workloads[i]);
        values[3 + i] = at(summary, arm, place, M_WALL_NS) / 1e6;
        if (i < 2)
            values[1 + i] = at(summary, arm, place, M_WRITE_AMP);
    }
    values[7] = at(summary, arm, after, M_TOTAL_BYTES);
    put_reference_row(grid, views_label(summary, arm), values);
}

void report_reference(struct report *report)
{
    /* In the order of the columns; what the document does not say is not made up. */
    static const double naive[8] = {7.527, 3.839, 1.451, NAN, NAN, NAN, NAN, NAN};
    static const double fallback[8] = {4.371,    2.171,      1.092,    941.959,
                                       1769.325, 111385.573, 1750.026, 28647424};
    static const char *const heads[][2] = {
        {"storage_amp", "/ live"}, {"write_amp", "ingest"},   {"write_amp", "update"},
        {"ingest, ms", "96 ops"},  {"update, ms", "192 ops"}, {"point reads, ms", "500 ops"},
        {"scans, ms", "8 ops"},    {"bytes", "after update"},
    };
    const struct record_manifest *manifest = report->manifest;
    struct grid grid = {0};
    if (strcmp(manifest->dataset_name, "lix-v1") != 0)
        return;
    report_heading(report, 2, "Beside the founding document's figures");
    if (manifest->dataset_files != 96 || manifest->dataset_bytes != 6291456) {
        report_note(report, "This study's lix-v1 has other options than the document's (96 files, "
                            "6,291,456 bytes): its figures are not repeated here.");
        return;
    }
    report_note(
        report,
        "**Another machine, another engine: not comparable in absolute time.** The "
        "document measured a whole version-control engine once, without repetition, "
        "and timed the generation of updated data along with storing it; the rows below it are "
        "this study's medians. The amplifications are what can be set side by side, "
        "with its retention in mind.");
    grid_column(&grid, GRID_LEFT, "system", "");
    for (size_t i = 0; i < COUNT_OF(heads); i++)
        grid_column(&grid, GRID_RIGHT, heads[i][0], heads[i][1]);
    put_reference_row(&grid, "document: naive plugin", naive);
    put_reference_row(&grid, "document: engine fallback", fallback);
    for (size_t a = 0; a < report->summary->arm_count; a++) {
        const struct record_arm *arm = report->summary->arms[a].arm;
        if (report->summary->arms[a].valid && !arm->volatile_floor && !arm->control_again)
            put_our_row(report, a, &grid);
    }
    report_grid(report, &grid);
}

/* ---- how to repeat -------------------------------------------------------------------------- */

/* One word of a command line, quoted for a shell when it needs to be.  In an indented block nothing
 * is markup; a line break is the only way out of it, and those are escaped. */
static void put_word(struct report *report, const char *word)
{
    struct text *text = &report->text;
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_-+=:,./%@";
    if (word[0] != '\0' && strspn(word, plain) == strlen(word)) {
        text_put(text, word);
        return;
    }
    struct buf quoted = {0};
    struct text inner = text_to(&quoted, text->err);
    for (const char *c = word; *c != '\0'; c++)
        text_print(&inner, *c == '\'' ? "'\\''" : "%c", *c);
    text_put(text, "'");
    text_terminal(text, buf_str(&quoted));
    text_put(text, "'");
    if (text->rc == RC_OK)
        text->rc = inner.rc;
    buf_release(&quoted);
}

static void put_option(struct report *report, const char *option, const char *value)
{
    text_print(&report->text, " \\\n      %s ", option);
    put_word(report, value);
}

void report_repeat(struct report *report)
{
    const struct record_manifest *manifest = report->manifest;
    struct text *text = &report->text;
    report_heading(report, 2, "How to repeat it");
    text_print(text,
               "    blobfront run --rounds %u --seed %" PRIu64 " --batch %u --guardrail %.6g%%%s",
               manifest->rounds, manifest->seed, manifest->batch, 100 * manifest->guardrail,
               manifest->anywhere ? " --anywhere" : "");
    put_option(report, "--dataset", manifest->dataset_spec);
    put_option(report, "--durability", manifest->durability);
    put_option(report, "--retention", manifest->retention);
    for (size_t a = 0; a < manifest->arm_count; a++) {
        if (!manifest->arms[a].control_again)
            put_option(report, "--strategy", manifest->arms[a].spec);
    }
    for (size_t p = 0; p < manifest->phase_count; p++)
        put_option(report, "--workload", manifest->phases[p].workload);
    text_put(text, "\n\nRebuild these pages, check every rule the record must obey:\n\n"
                   "    blobfront report ");
    put_word(report, manifest->id);
    text_put(text, "\n    blobfront verify ");
    put_word(report, manifest->id);
    text_put(text,
             "\n\nThe record: manifest.json (the plan, this machine), samples.jsonl (every run), "
             "raw/ (every operation's latency). Derived: summary.json, cells.csv, plots/, this "
             "file.\n");
}
