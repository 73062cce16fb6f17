/* views_frontier.c: the frontier's tables: key metrics with intervals, standings, guardrails. */
#include <math.h>
#include <stdio.h>

#include "analysis/views.h"

/* "104 % [102, 106]": of paired rounds, or of medians where there is no closed interval. */
char *views_versus(char dst[VIEWS_VERSUS_SIZE], const struct interval *ratio, double percent)
{
    char estimate[FORMAT_SIZE], low[FORMAT_SIZE], high[FORMAT_SIZE];
    if (ratio->n == 0 || !isfinite(ratio->high) || !(ratio->low > 0)) {
        snprintf(dst, VIEWS_VERSUS_SIZE, "%s", text_percent(estimate, percent));
        return dst;
    }
    text_percent(estimate, 100 * ratio->estimate);
    if (ratio->low == ratio->high) /* exact: no interval is needed */
        snprintf(dst, VIEWS_VERSUS_SIZE, "%s", estimate);
    else
        snprintf(dst, VIEWS_VERSUS_SIZE, "%s [%s, %s]", estimate,
                 format_sig3(low, 100 * ratio->low), format_sig3(high, 100 * ratio->high));
    return dst;
}

/* Where the bytes at rest are a key, how far they are from what is possible; else SUMMARY_NONE. */
static size_t bound_place(const struct frontier *frontier)
{
    for (size_t k = 0; k < frontier->key_count; k++)
        if (frontier->keys[k].metric == M_TOTAL_BYTES &&
            summary_has(frontier->summary, frontier->keys[k].place, M_BOUND_AMP))
            return frontier->keys[k].place;
    return SUMMARY_NONE;
}

static void cell_bound(const struct summary *summary, size_t arm, size_t place, struct grid *grid)
{
    char times[FORMAT_SIZE];
    if (place == SUMMARY_NONE)
        return;
    bool valid = summary->arms[arm].valid;
    grid_cell(grid, "%s",
              views_times(times, valid ? summary_median(summary, arm, place, M_BOUND_AMP) : NAN));
}

void views_keys(const struct frontier *frontier, struct grid *grid)
{
    const struct summary *summary = frontier->summary;
    size_t bound = bound_place(frontier);
    grid_column(grid, GRID_LEFT, "strategy", "");
    for (size_t k = 0; k < frontier->key_count; k++)
        grid_column(grid, GRID_RIGHT, metric_table[frontier->keys[k].metric].name,
                    summary->places[frontier->keys[k].place].name);
    if (bound != SUMMARY_NONE)
        grid_column(grid, GRID_RIGHT, "bound_amp", summary->places[bound].name);
    views_head_state(summary, grid);
    for (size_t a = 0; a < frontier->arm_count; a++) {
        grid_cell(grid, "%s", views_label(summary, a));
        for (size_t k = 0; k < frontier->key_count; k++) {
            char value[FORMAT_SIZE], versus[VIEWS_VERSUS_SIZE];
            const struct frontier_arm *arm = &frontier->arms[a];
            bool valid = summary->arms[a].valid;
            views_value(value, frontier->keys[k].metric, valid ? arm->value[k] : NAN);
            views_versus(versus, &arm->versus[k], valid ? arm->percent[k] : NAN);
            grid_cell(grid, frontier->keys[k].exact ? "%s %8s" : "%s %20s", value, versus);
        }
        cell_bound(summary, a, bound, grid);
        views_cell_state(summary, a, grid);
    }
}

static void cell_standing(const struct frontier *frontier, size_t arm, size_t names_max,
                          struct grid *grid)
{
    struct err err = {0};
    struct buf line = {0};
    enum rc rc = frontier_standing_print(frontier, arm, names_max, &line, &err);
    if (rc != RC_OK && grid->rc == RC_OK)
        grid->rc = rc;
    grid_cell(grid, "%s", buf_str(&line));
    buf_release(&line);
}

static void cell_label(const struct frontier *frontier, size_t arm, struct grid *grid)
{
    const struct claim *claim = &frontier->arms[arm].standing_claim;
    if (claim->label == CLAIM_NONE)
        grid_cell(grid, "-");
    else if (claim->label == CLAIM_CONFIRMED)
        grid_cell(grid, "%s (%.4g %%)", claim_label_name(claim->label), 100 * (1 - claim->alpha));
    else
        grid_cell(grid, "%s", claim_label_name(claim->label));
}

static void cell_guardrail(const struct frontier *frontier, size_t a, struct grid *grid)
{
    const struct frontier_arm *arm = &frontier->arms[a];
    switch (arm->guardrail) {
    case GUARDRAIL_UNKNOWN: grid_cell(grid, "-"); return;
    case GUARDRAIL_HOLDS: grid_cell(grid, "holds%s", arm->close ? ", close" : ""); return;
    case GUARDRAIL_BROKEN: grid_cell(grid, "broken%s", arm->close ? ", close" : ""); return;
    case GUARDRAIL_UNDECIDED: break;
    }
    if (arm->guard_rounds_needed == SIZE_MAX)
        grid_cell(grid, "undecided");
    else
        grid_cell(grid, "undecided, ~%zu more", arm->guard_rounds_needed - frontier->rounds_tested);
}

static void cell_share(double share, struct grid *grid)
{
    char percent[FORMAT_SIZE];
    grid_cell(grid, "%s", text_percent(percent, 100 * share));
}

/* Guards that the table of key metrics shows already need not be repeated. */
static bool shows_guard(const struct frontier *frontier, size_t g, bool full)
{
    const struct frontier_guard *guard = &frontier->guards[g];
    for (size_t k = 0; k < frontier->key_count && !full; k++) {
        if (frontier->keys[k].metric == guard->metric && frontier->keys[k].place == guard->place)
            return false;
    }
    return guard->metric == M_P95_NS;
}

void views_standing(const struct frontier *frontier, size_t names_max, bool full, struct grid *grid)
{
    const struct summary *summary = frontier->summary;
    grid_column(grid, GRID_LEFT, "strategy", "");
    grid_column(grid, GRID_LEFT, "standing", "");
    grid_column(grid, GRID_LEFT, "label", "");
    grid_column(grid, GRID_LEFT, "guardrail", "");
    for (size_t g = 0; g < frontier->guard_count; g++) {
        if (shows_guard(frontier, g, full))
            grid_column(grid, GRID_RIGHT, "p95, % of control",
                        summary->places[frontier->guards[g].place].name);
    }
    if (full) {
        grid_column(grid, GRID_RIGHT, "stability", "DESCRIPTIVE");
        grid_column(grid, GRID_RIGHT, "hypervolume", "DESCRIPTIVE");
    }
    for (size_t a = 0; a < frontier->arm_count; a++) {
        const struct frontier_arm *arm = &frontier->arms[a];
        grid_cell(grid, "%s", views_label(summary, a));
        cell_standing(frontier, a, names_max, grid);
        cell_label(frontier, a, grid);
        cell_guardrail(frontier, a, grid);
        for (size_t g = 0; g < frontier->guard_count; g++) {
            char versus[VIEWS_VERSUS_SIZE];
            bool valid = summary->arms[a].valid;
            if (shows_guard(frontier, g, full))
                grid_cell(grid, "%s",
                          views_versus(versus, &arm->guard_ratio[g],
                                       valid ? arm->guard_percent[g] : NAN));
        }
        if (full) {
            cell_share(arm->stability, grid);
            cell_share(arm->hypervolume, grid);
        }
    }
}

void views_classes(const struct frontier *frontier, struct grid *grid)
{
    const struct summary *summary = frontier->summary;
    size_t columns = 1;
    grid_column(grid, GRID_LEFT, "strategy", "");
    for (size_t g = 0; g < frontier->guard_count && columns < GRID_COLUMNS_MAX; g++) {
        if (frontier->guards[g].metric == M_P95_NS)
            continue;
        grid_column(grid, GRID_RIGHT, metric_table[frontier->guards[g].metric].name,
                    summary->places[frontier->guards[g].place].name);
        columns++;
    }
    for (size_t a = 0; a < frontier->arm_count && columns > 1; a++) {
        const struct frontier_arm *arm = &frontier->arms[a];
        size_t shown = 1;
        if (!summary->arms[a].valid || a == summary->control)
            continue;
        grid_cell(grid, "%s", views_label(summary, a));
        for (size_t g = 0; g < frontier->guard_count && shown < columns; g++) {
            char versus[VIEWS_VERSUS_SIZE];
            if (frontier->guards[g].metric == M_P95_NS)
                continue;
            grid_cell(grid, "%s",
                      views_versus(versus, &arm->guard_ratio[g], arm->guard_percent[g]));
            shown++;
        }
    }
}
