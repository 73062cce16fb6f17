/* views_bounds.c: what is possible, and how far from it the strategies are. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "analysis/views.h"

char *views_times(char dst[FORMAT_SIZE], double ratio)
{
    char number[FORMAT_SIZE];
    if (isfinite(ratio))
        (void)snprintf(dst, FORMAT_SIZE, "x%.30s", format_sig3(number, ratio));
    else
        (void)snprintf(dst, FORMAT_SIZE, "-");
    return dst;
}

static void cell_bytes(uint64_t bytes, struct grid *grid)
{
    char count[FORMAT_SIZE];
    grid_cell(grid, "%s", bytes == BOUND_UNKNOWN ? "-" : format_count(count, bytes));
}

static void put_rows(const struct bound *items, size_t count, struct grid *grid)
{
    for (size_t i = 0; i < count; i++) {
        enum bound_kind by;
        uint64_t least = bound_least(&items[i], &by);
        grid_cell(grid, "%s", items[i].name);
        cell_bytes(items[i].contents, grid);
        cell_bytes(items[i].logical_bytes, grid);
        for (enum bound_kind kind = 0; kind < BOUND_KINDS; kind++)
            cell_bytes(items[i].kind[kind], grid);
        cell_bytes(least, grid);
        grid_cell(grid, "%s", bound_kind_name(by));
    }
}

void views_bounds(const struct bounds *bounds, bool phases, struct grid *grid)
{
    grid_column(grid, GRID_LEFT, phases ? "phase" : "snapshot", "");
    grid_column(grid, GRID_RIGHT, "contents", phases ? "new" : "held");
    grid_column(grid, GRID_RIGHT, "logical", phases ? "put" : "bytes");
    for (enum bound_kind kind = 0; kind < BOUND_KINDS; kind++)
        grid_column(grid, GRID_RIGHT, bound_kind_name(kind), "bytes");
    grid_column(grid, GRID_RIGHT, "bound", "bytes");
    grid_column(grid, GRID_LEFT, "", "by");
    if (phases)
        put_rows(bounds->phases, bounds->phase_count, grid);
    else
        put_rows(bounds->snapshots, bounds->snapshot_count, grid);
}

void views_bounds_said(const struct bounds *bounds, struct text *text)
{
    char said[BOUNDS_SAID_SIZE];
    text_print(text, "packed: zstd %u over a window of 128 MiB", bounds->packed_level);
    if (bounds_estimated(bounds))
        text_print(text, "; %s", bounds_said(said, bounds));
}

static enum metric distance_of(const struct summary_place *place)
{
    return place->scope == SNAPSHOT ? M_BOUND_AMP
           : place->scope == PHASE  ? M_WRITE_BOUND_AMP
                                    : METRIC_COUNT;
}

void views_distances(const struct summary *summary, struct grid *grid)
{
    size_t place[GRID_COLUMNS_MAX];
    grid_column(grid, GRID_LEFT, "strategy", "");
    /* Snapshots first: what is stored is asked before what it took to write it. */
    for (int phases = 0; phases < 2; phases++) {
        for (size_t p = 0; p < summary->place_count; p++) {
            enum metric metric = distance_of(&summary->places[p]);
            if (metric != (phases ? M_WRITE_BOUND_AMP : M_BOUND_AMP) ||
                !summary_has(summary, p, metric) || grid->column_count + 2 >= GRID_COLUMNS_MAX)
                continue;
            place[grid->column_count] = p;
            grid_column(grid, GRID_RIGHT, summary->places[p].name, phases ? "written" : "stored");
        }
    }
    size_t columns = grid->column_count;
    views_head_state(summary, grid);
    for (size_t a = 0; a < summary->arm_count && columns > 1; a++) {
        grid_cell(grid, "%s", views_label(summary, a));
        for (size_t c = 1; c < columns; c++) {
            char times[FORMAT_SIZE];
            enum metric metric = distance_of(&summary->places[place[c]]);
            bool valid = summary->arms[a].valid;
            grid_cell(
                grid, "%s",
                views_times(times, valid ? summary_median(summary, a, place[c], metric) : NAN));
        }
        views_cell_state(summary, a, grid);
    }
}
