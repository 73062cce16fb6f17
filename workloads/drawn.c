#include "workloads/drawn.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "workloads/trace.h"

enum rc drawn_dataset_open(const struct record_manifest *manifest, const char *dir,
                           struct dataset **out, struct err *err)
{
    struct buf own = {0};
    const char *spec = manifest->dataset_spec;
    enum rc rc = RC_OK;
    /* The study may have been moved, its trace is in it. */
    if (record_has_trace(manifest) && strcmp(spec, TRACE_DATASET ":" TRACE_NAME) == 0) {
        CHECK(dir);
        rc = buf_printf(&own, err, TRACE_DATASET ":%s/%s", dir, manifest->trace.path);
        spec = buf_str(&own);
    }
    if (rc == RC_OK)
        rc = dataset_open(out, spec, manifest->seed, err);
    buf_release(&own);
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

/* The trace in the study's folder is the one the study was planned with. */
static enum rc check_trace(const struct record_manifest *manifest, const struct trace *trace,
                           struct err *err)
{
    char hash[HEX_SIZE];
    hex_str(hash, span_of(trace->hash.bytes, sizeof(trace->hash.bytes)));
    if (strcmp(hash, manifest->trace.hash) != 0)
        return FAIL(err, RC_MISMATCH, 0,
                    "\"%s\": expected the trace the study began with, of hash %s, got %s",
                    Q(trace->path), Q(manifest->trace.hash), hash);
    if (trace->phase_count != manifest->phase_count)
        return FAIL(err, RC_MISMATCH, 0, "\"%s\": expected %zu phases, as the study has, got %zu",
                    Q(trace->path), manifest->phase_count, trace->phase_count);
    if (manifest->trace.speed > 0 && !trace->timed)
        return FAIL(err, RC_MISMATCH, 0, "\"%s\": its operations have no times to replay them by",
                    Q(trace->path));
    return RC_OK;
}

/* Where threads read, the driver's updates come first and each read is a thread's: lanes.c. */
static enum rc check_lanes(const struct drawn *drawn, size_t phase, const char *name,
                           struct err *err)
{
    bool reading = false;
    for (size_t i = drawn->phase_start[phase]; i < drawn->phase_start[phase + 1]; i++) {
        const struct op *op = &drawn->schedule.ops[i];
        reading = reading || op->lane > 0;
        if (op->lane == 0 && (op->kind != OP_UPDATE || reading))
            return FAIL(
                err, RC_USAGE, 0,
                "phase \"%s\" has lanes that read: expected updates of the first lane, then "
                "reads of the others, got %s of the first as operation %zu",
                Q(name), op_name(op->kind), i - drawn->phase_start[phase]);
    }
    return RC_OK;
}

enum rc drawn_check(const struct drawn *drawn, const struct record_manifest *manifest,
                    struct err *err)
{
    for (size_t i = 0; i < drawn->phase_count; i++) {
        if (drawn->phase_lanes[i] == 0)
            continue;
        enum rc rc = check_lanes(drawn, i, manifest->phases[i].name, err);
        if (rc != RC_OK)
            return rc;
    }
    return RC_OK;
}

static enum rc draw_trace(struct drawn *drawn, const struct record_manifest *manifest,
                          const char *dir, struct err *err)
{
    struct trace trace = {0};
    struct buf path = {0};
    CHECK(dir);
    enum rc rc = buf_printf(&path, err, "%s/%s", dir, manifest->trace.path);
    if (rc == RC_OK)
        rc = trace_read(&trace, buf_str(&path), err);
    if (rc == RC_OK)
        rc = check_trace(manifest, &trace, err);
    if (rc == RC_OK)
        rc = trace_draw(&trace, manifest->batch, drawn);
    if (rc == RC_OK)
        rc = drawn_check(drawn, manifest, err);
    trace_release(&trace);
    buf_release(&path);
    return rc;
}

enum rc drawn_make(struct drawn *drawn, const struct record_manifest *manifest, const char *dir,
                   struct dataset *dataset, struct err *err)
{
    CHECK(manifest->phase_count <= DRAWN_PHASES_MAX);
    *drawn = (struct drawn){
        .env = {.base_files = dataset->file_count,
                .base_bytes = manifest->dataset_bytes,
                .dataset = dataset,
                .keep_history = strcmp(manifest->retention, "history") == 0},
        .phase_count = manifest->phase_count,
    };
    schedule_init(&drawn->schedule, err);
    if (record_has_trace(manifest))
        return draw_trace(drawn, manifest, dir, err);
    enum rc rc = RC_OK;
    for (size_t i = 0; rc == RC_OK && i < manifest->phase_count; i++)
        rc = draw_phase(drawn, manifest, i);
    drawn->phase_start[manifest->phase_count] = drawn->schedule.count;
    return rc;
}

void drawn_release(struct drawn *drawn)
{
    schedule_release(&drawn->schedule);
    free(drawn->times_ns);
    *drawn = (struct drawn){0};
}
