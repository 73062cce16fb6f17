/* report_diagnosis.c: the tail of the work, and the state of the machine in full. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "analysis/p95work.h"
#include "analysis/report_parts.h"

/* ---- p95 of the work ------------------------------------------------------------------------ */

static bool is_guarded(const struct frontier *frontier, size_t place)
{
    for (size_t g = 0; g < frontier->guard_count; g++) {
        if (frontier->guards[g].place == place)
            return true;
    }
    return false;
}

static void put_work_row(struct report *report, size_t arm, size_t place, struct grid *grid)
{
    const struct summary *summary = report->summary;
    struct p95work work;
    char value[FORMAT_SIZE], low[FORMAT_SIZE], high[FORMAT_SIZE];
    if (!summary->arms[arm].valid || report->text.rc != RC_OK)
        return;
    report->text.rc = p95work_find(&report->frontier->rounds, arm, place, &work, report->text.err);
    if (report->text.rc != RC_OK || isnan(work.ns))
        return;
    grid_cell(grid, "%s", summary->places[place].name);
    grid_cell(grid, "%s", views_label(summary, arm));
    grid_cell(grid, "%zu x %zu", work.rounds, work.ops);
    grid_cell(grid, "%s",
              views_value(value, M_P95_NS, summary_median(summary, arm, place, M_P95_NS)));
    grid_cell(grid, "%s", views_value(value, M_P95_NS, work.ns));
    if (isnan(work.low))
        grid_cell(grid, "-");
    else
        grid_cell(grid, "%s .. %s", views_value(low, M_P95_NS, work.low),
                  views_value(high, M_P95_NS, work.high));
}

void report_work(struct report *report)
{
    struct grid grid = {0};
    grid_column(&grid, GRID_LEFT, "phase", "");
    grid_column(&grid, GRID_LEFT, "strategy", "");
    grid_column(&grid, GRID_RIGHT, "n", "");
    grid_column(&grid, GRID_RIGHT, "p95 of a run", "median over rounds");
    grid_column(&grid, GRID_RIGHT, "p95 of the work", "");
    grid_column(&grid, GRID_RIGHT, "95 % of resampled rounds", "");
    for (size_t p = 0; p < report->summary->place_count; p++) {
        for (size_t a = 0; a < report->summary->arm_count && is_guarded(report->frontier, p); a++)
            put_work_row(report, a, p, &grid);
    }
    if (grid_rows(&grid) != 0) {
        report_heading(report, 3, "The work without the machine's hiccups");
        report_note(report, "DESCRIPTIVE: of every operation the median over rounds, then the p95 "
                            "over operations. What is left of the tail belongs to the work, mostly "
                            "to its large blobs.");
    }
    report_grid(report, &grid);
}

/* ---- the machine ---------------------------------------------------------------------------- */

static void cell_change(struct grid *grid, double share)
{
    char change[FORMAT_SIZE];
    grid_cell(grid, "%s", text_change(change, share));
}

static void put_series(struct report *report, const struct diagnosis_key *key, struct grid *grid)
{
    char percent[FORMAT_SIZE], versus[VIEWS_VERSUS_SIZE];
    grid_cell(grid, "%s", report->frontier->keys[key->key].name);
    grid_cell(grid, "%zu", key->n);
    grid_cell(grid, "%s", views_versus(versus, &key->again, NAN));
    grid_cell(grid, "%s", key->n == 0 ? "-" : looks_verdict_name(key->itself));
    grid_cell(grid, "%s", text_percent(percent, 100 * key->resolution));
    grid_cell(grid, "%s", text_percent(percent, 100 * key->cv));
    if (key->n < DIAGNOSIS_ROUNDS_MIN) {
        for (size_t i = 0; i < 4; i++)
            grid_cell(grid, "-");
        return;
    }
    grid_cell(grid, "%.2f (p %.2g)", key->trend.tau, key->trend.p);
    grid_cell(grid, "%.2f (%.2f)", key->lag1, key->lag1_limit);
    cell_change(grid, expm1(key->order.estimate));
    if (key->step == 0)
        grid_cell(grid, "none");
    else
        grid_cell(grid, "round %u", report->frontier->rounds.number[key->step] + 1);
}

static void put_warmups(struct report *report)
{
    const struct diagnosis *diagnosis = report->diagnosis;
    struct grid grid = {0};
    grid_column(&grid, GRID_LEFT, "phase that only reads", "");
    grid_column(&grid, GRID_RIGHT, "first half / second half, %", "of the control");
    grid_column(&grid, GRID_LEFT, "warm", "");
    for (size_t w = 0; w < diagnosis->warmup_count; w++) {
        const struct diagnosis_warmup *warmup = &diagnosis->warmups[w];
        char versus[VIEWS_VERSUS_SIZE];
        grid_cell(&grid, "%s", report->summary->places[warmup->place].name);
        grid_cell(&grid, "%s", views_versus(versus, &warmup->ratio, 100 * warmup->ratio.estimate));
        grid_cell(&grid, "%s", warmup->red ? "no" : "yes");
    }
    report_grid(report, &grid);
}

void report_diagnosis(struct report *report)
{
    const struct diagnosis *diagnosis = report->diagnosis;
    struct grid grid = {0};
    report_heading(report, 3, "Was the machine fit to measure on");
    text_print(&report->text, "ENVIRONMENT: %s.", diagnosis_state_name(diagnosis->state));
    if (isfinite(diagnosis->clock_ratio))
        text_print(&report->text,
                   " The shortest median operation takes %.3g reads of the clock, "
                   "%d are needed.",
                   diagnosis->clock_ratio, DIAGNOSIS_CLOCK_RATIO);
    report_note(report, " The control runs twice in every round; the two differ by nothing, so "
                        "their difference is the machine's.");
    grid_column(&grid, GRID_LEFT, "key metric", "");
    grid_column(&grid, GRID_RIGHT, "n", "");
    grid_column(&grid, GRID_RIGHT, "itself, %", "with 95 % interval");
    grid_column(&grid, GRID_LEFT, "verdict", "");
    grid_column(&grid, GRID_RIGHT, "resolution", "half the interval");
    grid_column(&grid, GRID_RIGHT, "CV", "of runs");
    grid_column(&grid, GRID_RIGHT, "trend", "Kendall's tau");
    grid_column(&grid, GRID_RIGHT, "lag 1", "limit");
    grid_column(&grid, GRID_RIGHT, "first or second", "");
    grid_column(&grid, GRID_LEFT, "step", "");
    for (size_t k = 0; k < diagnosis->key_count; k++)
        put_series(report, &diagnosis->keys[k], &grid);
    report_grid(report, &grid);
    put_warmups(report);
}
