#include "workloads/drawn.h"

#include <inttypes.h>
#include <string.h>

enum rc drawn_dataset_open(const struct record_manifest *manifest, const char *dir,
                           struct dataset **out, struct err *err)
{
    (void)dir;
    enum rc rc = dataset_open(out, manifest->dataset_spec, manifest->seed, err);
    if (rc != RC_OK || (*out)->file_count == manifest->dataset_files)
        return rc;
    rc = FAIL(err, RC_IO, 0,
              "the dataset has %u files, the study began with %" PRIu64 ": it changed while in use",
              (*out)->file_count, manifest->dataset_files);
    dataset_close(*out);
    *out = NULL;
    return rc;
}

static enum rc draw_phase(struct drawn *drawn, const struct record_manifest *manifest, size_t index)
{
    const struct record_phase *phase = &manifest->phases[index];
    const struct workload *workload = workload_by_name(phase->workload);
    struct schedule *schedule = &drawn->schedule;
    drawn->phase_start[index] = schedule->count;
    if (!workload)
        return FAIL(schedule->err, RC_USAGE, 0, "phase \"%s\" names unknown workload \"%s\"",
                    Q(phase->name), Q(phase->workload));
    enum rc rc =
        workload_plan(workload, phase->name, phase->options, manifest->seed, &drawn->env, schedule);
    drawn->phase_batch[index] = schedule->batch ? schedule->batch : manifest->batch;
    drawn->phase_lanes[index] = schedule->lanes;
    return rc;
}

enum rc drawn_make(struct drawn *drawn, const struct record_manifest *manifest, const char *dir,
                   struct dataset *dataset, struct err *err)
{
    (void)dir;
    CHECK(manifest->phase_count <= DRAWN_PHASES_MAX);
    *drawn = (struct drawn){
        .env = {.base_files = dataset->file_count,
                .base_bytes = manifest->dataset_bytes,
                .dataset = dataset,
                .keep_history = strcmp(manifest->retention, "history") == 0},
        .phase_count = manifest->phase_count,
    };
    schedule_init(&drawn->schedule, err);
    enum rc rc = RC_OK;
    for (size_t i = 0; rc == RC_OK && i < manifest->phase_count; i++)
        rc = draw_phase(drawn, manifest, i);
    drawn->phase_start[manifest->phase_count] = drawn->schedule.count;
    return rc;
}

void drawn_release(struct drawn *drawn)
{
    schedule_release(&drawn->schedule);
    *drawn = (struct drawn){0};
}
