#include "analysis/views.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

char *views_value(char dst[FORMAT_SIZE], enum metric metric, double value)
{
    const char *unit = metric_table[metric].unit;
    if (!isfinite(value))
        return text_value(dst, value);
    if (strcmp(unit, "ns") == 0)
        return format_ns(dst, value);
    if (strcmp(unit, "B") == 0)
        return format_iec(dst, value);
    return format_sig3(dst, value);
}

const char *views_label(const struct summary *summary, size_t arm)
{
    return summary->arms[arm].arm->label;
}

/* What a table may show: nothing of an arm whose runs did not do what they claim. */
static double shown(const struct summary *summary, size_t arm, size_t place, enum metric metric)
{
    return summary->arms[arm].valid ? summary_median(summary, arm, place, metric) : NAN;
}

double views_ratio(const struct summary *summary, size_t arm, size_t place, enum metric metric)
{
    if (summary->control == SUMMARY_NONE)
        return NAN;
    double base = shown(summary, summary->control, place, metric);
    return base > 0 ? shown(summary, arm, place, metric) / base : NAN;
}

double views_dedup(const struct summary *summary, size_t arm)
{
    double dup = 0, in = 0;
    for (size_t p = 0; p < summary->place_count; p++) {
        if (summary->places[p].scope != PHASE)
            continue;
        double phase_dup = shown(summary, arm, p, M_DUP_BYTES);
        double phase_in = shown(summary, arm, p, M_BYTES_IN);
        if (isfinite(phase_dup) && isfinite(phase_in)) {
            dup += phase_dup;
            in += phase_in;
        }
    }
    return in > 0 ? dup / in : NAN;
}

static bool any_invalid(const struct summary *summary)
{
    for (size_t a = 0; a < summary->arm_count; a++) {
        if (!summary->arms[a].valid)
            return true;
    }
    return false;
}

void views_head_state(const struct summary *summary, struct grid *grid)
{
    if (any_invalid(summary))
        grid_column(grid, GRID_LEFT, "", "");
}

void views_cell_state(const struct summary *summary, size_t arm, struct grid *grid)
{
    if (any_invalid(summary))
        grid_cell(grid, "%s", summary->arms[arm].valid ? "" : "INVALID");
}

static void cell_metric(const struct summary *summary, size_t arm, size_t place, enum metric metric,
                        struct grid *grid)
{
    char value[FORMAT_SIZE];
    grid_cell(grid, "%s", views_value(value, metric, shown(summary, arm, place, metric)));
}

static void cell_ratio(const struct summary *summary, size_t arm, size_t place, enum metric metric,
                       struct grid *grid)
{
    char percent[FORMAT_SIZE];
    grid_cell(grid, "%s", text_percent(percent, 100 * views_ratio(summary, arm, place, metric)));
}

/* ---- phases --------------------------------------------------------------------------------- */

/* "5 x 192": rounds times operations, the n of a percentile. */
static void cell_n(const struct summary *summary, size_t arm, size_t place, struct grid *grid)
{
    const struct stats *ops = summary_cell(summary, arm, place, M_OPS);
    char count[FORMAT_SIZE];
    if (!summary->arms[arm].valid || ops->n == 0)
        grid_cell(grid, "-");
    else
        grid_cell(grid, "%zu x %s", ops->n, text_value(count, ops->median));
}

static void cell_range(const struct summary *summary, size_t arm, size_t place, enum metric metric,
                       struct grid *grid)
{
    const struct stats *cell = summary_cell(summary, arm, place, metric);
    char least[FORMAT_SIZE], most[FORMAT_SIZE];
    if (!summary->arms[arm].valid || cell->n == 0)
        grid_cell(grid, "-");
    else
        grid_cell(grid, "%s .. %s", views_value(least, metric, cell->min),
                  views_value(most, metric, cell->max));
}

void views_phase(const struct summary *summary, size_t place, bool full, struct grid *grid)
{
    grid_column(grid, GRID_LEFT, "strategy", "");
    grid_column(grid, GRID_RIGHT, "n", "");
    grid_column(grid, GRID_RIGHT, "p50", "");
    grid_column(grid, GRID_RIGHT, "p95", "");
    grid_column(grid, GRID_RIGHT, full ? "p95, % of control" : "% of control", "");
    if (full) {
        grid_column(grid, GRID_RIGHT, "p95, min .. max over rounds", "");
        grid_column(grid, GRID_RIGHT, "p99", "");
        grid_column(grid, GRID_RIGHT, "slowest", "");
    }
    grid_column(grid, GRID_RIGHT, "ops/s", "");
    grid_column(grid, GRID_RIGHT, "CPU ms/MB", "");
    views_head_state(summary, grid);
    for (size_t a = 0; a < summary->arm_count; a++) {
        grid_cell(grid, "%s", views_label(summary, a));
        cell_n(summary, a, place, grid);
        cell_metric(summary, a, place, M_P50_NS, grid);
        cell_metric(summary, a, place, M_P95_NS, grid);
        cell_ratio(summary, a, place, M_P95_NS, grid);
        if (full) {
            cell_range(summary, a, place, M_P95_NS, grid);
            cell_metric(summary, a, place, M_P99_NS, grid);
            cell_metric(summary, a, place, M_MAX_NS, grid);
        }
        cell_metric(summary, a, place, M_OPS_PER_S, grid);
        cell_metric(summary, a, place, M_CPU_MS_PER_MB, grid);
        views_cell_state(summary, a, grid);
    }
}

bool views_refused(const struct summary *summary, size_t place, enum metric metric, double *ops)
{
    for (size_t a = 0; a < summary->arm_count; a++) {
        *ops = shown(summary, a, place, M_OPS);
        if (isfinite(*ops) && !isfinite(shown(summary, a, place, metric)))
            return true;
    }
    return false;
}

/* ---- storage -------------------------------------------------------------------------------- */

void views_sizes(const struct summary *summary, struct grid *grid)
{
    size_t main = summary_main_snapshot(summary);
    grid_column(grid, GRID_LEFT, "strategy", "");
    for (size_t p = 0; p < summary->place_count; p++) {
        if (summary->places[p].scope == SNAPSHOT && grid->column_count < GRID_COLUMNS_MAX - 3)
            grid_column(grid, GRID_RIGHT, summary->places[p].name, "bytes");
    }
    if (main != SUMMARY_NONE)
        grid_column(grid, GRID_RIGHT, summary->places[main].name, "% of control");
    views_head_state(summary, grid);
    for (size_t a = 0; a < summary->arm_count; a++) {
        char count[FORMAT_SIZE];
        size_t column = 1;
        grid_cell(grid, "%s", views_label(summary, a));
        for (size_t p = 0; p < summary->place_count; p++) {
            if (summary->places[p].scope == SNAPSHOT && column < GRID_COLUMNS_MAX - 3) {
                grid_cell(grid, "%s", text_value(count, shown(summary, a, p, M_TOTAL_BYTES)));
                column++;
            }
        }
        if (main != SUMMARY_NONE)
            cell_ratio(summary, a, main, M_TOTAL_BYTES, grid);
        views_cell_state(summary, a, grid);
    }
}

static bool writes(const struct summary *summary, size_t place)
{
    return summary->places[place].scope == PHASE &&
           (summary_has(summary, place, M_WRITE_AMP) ||
            summary_has(summary, place, M_WRITE_AMP_PHYSICAL));
}

static void head_amplification(const struct summary *summary, size_t main, struct grid *grid)
{
    grid_column(grid, GRID_LEFT, "strategy", "");
    if (main != SUMMARY_NONE) {
        grid_column(grid, GRID_RIGHT, "storage_amp", "/ live");
        grid_column(grid, GRID_RIGHT, "storage_amp", "/ history");
        grid_column(grid, GRID_RIGHT, "storage_amp", "/ written");
    }
    for (size_t p = 0; p < summary->place_count && grid->column_count + 4 < GRID_COLUMNS_MAX; p++) {
        if (!writes(summary, p))
            continue;
        char name[128];
        snprintf(name, sizeof(name), "%.100s", summary->places[p].name);
        grid_column(grid, GRID_RIGHT, name, "growth amp");
        grid_column(grid, GRID_RIGHT, name, "physical amp");
    }
    grid_column(grid, GRID_RIGHT, "dedup", "");
    views_head_state(summary, grid);
}

void views_amplification(const struct summary *summary, struct grid *grid)
{
    size_t main = summary_main_snapshot(summary);
    head_amplification(summary, main, grid);
    for (size_t a = 0; a < summary->arm_count; a++) {
        char percent[FORMAT_SIZE];
        size_t columns = 1;
        grid_cell(grid, "%s", views_label(summary, a));
        if (main != SUMMARY_NONE) {
            cell_metric(summary, a, main, M_STORAGE_AMP, grid);
            cell_metric(summary, a, main, M_STORAGE_AMP_HISTORY, grid);
            cell_metric(summary, a, main, M_STORAGE_AMP_WRITTEN, grid);
            columns += 3;
        }
        for (size_t p = 0; p < summary->place_count && columns + 4 < GRID_COLUMNS_MAX; p++) {
            if (!writes(summary, p))
                continue;
            cell_metric(summary, a, p, M_WRITE_AMP, grid);
            cell_metric(summary, a, p, M_WRITE_AMP_PHYSICAL, grid);
            columns += 2;
        }
        grid_cell(grid, "%s", text_percent(percent, 100 * views_dedup(summary, a)));
        views_cell_state(summary, a, grid);
    }
}
