/* report_lanes.c: readers beside a writer, each side's latencies apart. */
#include <math.h>

#include "analysis/report_parts.h"

static const char *took_turns(double handles)
{
    if (isnan(handles))
        return "its reads write: not measured";
    return handles > 1 ? "" : "serialised: one handle, in turns";
}

static void put_phase(struct report *report, size_t place)
{
    static const enum metric times[] = {M_READ_P50_NS, M_READ_P95_NS, M_WRITE_P50_NS,
                                        M_WRITE_P95_NS};
    const struct summary *summary = report->summary;
    struct grid grid = {0};
    grid_column(&grid, GRID_LEFT, "strategy", "");
    grid_column(&grid, GRID_RIGHT, "readers", "");
    grid_column(&grid, GRID_RIGHT, "ops/s", "all threads");
    grid_column(&grid, GRID_RIGHT, "read p50", "");
    grid_column(&grid, GRID_RIGHT, "read p95", "");
    grid_column(&grid, GRID_RIGHT, "write p50", "");
    grid_column(&grid, GRID_RIGHT, "write p95", "");
    grid_column(&grid, GRID_LEFT, "", "");
    for (size_t a = 0; a < summary->arm_count; a++) {
        char shown[FORMAT_SIZE];
        if (!summary->arms[a].valid)
            continue;
        grid_cell(&grid, "%s", views_label(summary, a));
        grid_cell(&grid, "%s", text_value(shown, summary_median(summary, a, place, M_READERS)));
        grid_cell(&grid, "%s", text_value(shown, summary_median(summary, a, place, M_OPS_PER_S)));
        for (size_t i = 0; i < COUNT_OF(times); i++)
            grid_cell(&grid, "%s", format_ns(shown, summary_median(summary, a, place, times[i])));
        grid_cell(&grid, "%s", took_turns(summary_median(summary, a, place, M_HANDLES)));
    }
    report_heading(report, 3, summary->places[place].name);
    report_grid(report, &grid);
}

void report_lanes(struct report *report)
{
    const struct summary *summary = report->summary;
    bool any = false;
    for (size_t p = 0; p < summary->place_count; p++) {
        if (summary->places[p].scope != PHASE || !summary_has(summary, p, M_READERS))
            continue;
        if (!any) {
            report_heading(report, 2, "Readers beside a writer");
            report_note(report, "DESCRIPTIVE: medians over rounds. Each thread has a store handle "
                                "of its own where everything lies in an SQL database; others have "
                                "one handle under a lock. The percentiles under \"Latency by "
                                "phase\" are of reads and writes together.");
        }
        any = true;
        put_phase(report, p);
    }
}
