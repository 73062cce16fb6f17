/* report_effects.c: did the options take effect: what each strategy stated of itself. */
#include <inttypes.h>

#include "analysis/report_parts.h"

static bool fails(const struct sample *run)
{
    for (size_t i = 0; i < run->probes.count; i++)
        if (!run->probes.items[i].ok)
            return true;
    return false;
}

/* The run of the arm that tells most: one whose probes failed, else the last one that was asked. */
static const struct sample *telling_run(const struct record *record, uint32_t arm)
{
    const struct sample *found = NULL;
    for (size_t i = 0; i < record->sample_count; i++) {
        const struct sample *sample = &record->samples[i];
        if (sample->kind != SAMPLE_RUN || sample->arm != arm || sample->probes.count == 0)
            continue;
        if (fails(sample))
            return sample;
        found = sample;
    }
    return found;
}

void report_effects(struct report *report)
{
    const struct summary *summary = report->summary;
    struct grid grid = {0};
    grid_column(&grid, GRID_LEFT, "strategy", "");
    grid_column(&grid, GRID_LEFT, "probe", "");
    grid_column(&grid, GRID_RIGHT, "value", "");
    grid_column(&grid, GRID_RIGHT, "expected", "");
    grid_column(&grid, GRID_LEFT, "because", "");
    grid_column(&grid, GRID_LEFT, "holds", "");
    bool any = false;
    for (size_t a = 0; a < summary->arm_count; a++) {
        const struct sample *run = telling_run(summary->record, (uint32_t)a);
        if (run == NULL || summary->arms[a].arm->control_again)
            continue;
        any = true;
        for (size_t i = 0; i < run->probes.count; i++) {
            const struct record_probe *probe = &run->probes.items[i];
            grid_cell(&grid, "%s", views_label(summary, a));
            grid_cell(&grid, "%s", probe->name);
            grid_cell(&grid, "%" PRIu64, probe->value);
            grid_cell(&grid, "%s", probe->expected);
            grid_cell(&grid, "%s", probe->because);
            grid_cell(&grid, "%s", probe->ok ? "yes" : "NO");
        }
    }
    if (any) {
        report_heading(report, 2, "Did the options take effect?");
        report_note(report,
                    "What each strategy stated must be true after a run on these data, held "
                    "against the driver's own facts; a probe that does not hold makes the "
                    "run INVALID. \"anything\": these data cannot show it.");
    }
    report_grid(report, &grid);
}
