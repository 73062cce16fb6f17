/* plan_trace.c: a study whose operations were recorded: its plan, and the trace in its folder. */
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "workloads/child.h"
#include "workloads/plan.h"
#include "workloads/trace.h"

enum rc plan_trace_request_check(const struct plan_request *request, struct err *err)
{
    const char *option = request->workload_count          ? "--workload"
                         : request->workload_option_count ? "--set"
                         : request->seed_given            ? "--seed"
                                                          : NULL;
    if (option)
        return FAIL(err, RC_USAGE, 0, "%s: the operations are those of the trace \"%s\"", option,
                    Q(request->trace));
    if (request->build_count)
        return FAIL(err, RC_USAGE, 0, "programs cannot be compared on a trace");
    if (request->speed != 0 && request->open_loop_per_s > 0)
        return FAIL(err, RC_USAGE, 0, "--speed and --open-loop: expected one of them");
    return RC_OK;
}

static enum rc keep_text(struct arena *arena, const char *text, const char **out, struct err *err)
{
    *out = arena_strdup(arena, text);
    return *out ? RC_OK : FAIL(err, RC_NOMEM, 0, "no memory for the plan");
}

enum rc plan_trace_phases(const struct trace *trace, struct record_manifest *manifest,
                          struct arena *arena, struct err *err)
{
    enum rc rc = RC_OK;
    manifest->phases = arena_zalloc(arena, trace->phase_count, sizeof(*manifest->phases));
    if (!manifest->phases)
        return FAIL(err, RC_NOMEM, 0, "no memory for the plan");
    for (size_t i = 0; i < trace->phase_count && rc == RC_OK; i++) {
        const struct trace_phase *from = &trace->phases[i];
        struct record_phase *phase = &manifest->phases[manifest->phase_count++];
        phase->reads_only = from->reads_only;
        rc = keep_text(arena, from->name, &phase->name, err);
        if (rc == RC_OK)
            rc = keep_text(arena, from->workload, &phase->workload, err);
        if (rc == RC_OK)
            rc = keep_text(arena, from->options, &phase->options, err);
        if (rc == RC_OK)
            rc = keep_text(arena, from->snapshot, &phase->snapshot, err);
    }
    return rc;
}

static enum rc check_data(const struct trace *trace, const struct record_manifest *manifest,
                          struct err *err)
{
    char hash[HEX_SIZE];
    hex_str(hash, span_of(trace->dataset_hash.bytes, sizeof(trace->dataset_hash.bytes)));
    if (strcmp(hash, manifest->dataset_hash) == 0)
        return RC_OK;
    FAIL(err, RC_MISMATCH, 0,
         "\"%s\" was recorded on other data: expected dataset hash %s, \"%s\" has %s",
         Q(trace->path), hash, Q(manifest->dataset_spec), manifest->dataset_hash);
    if (!trace->blobs.look)
        err_hint(err, "name the data it was recorded on with --dataset or --data");
    return RC_MISMATCH;
}

/* The last of all times. */
static uint64_t duration_of(const struct drawn *drawn)
{
    uint64_t longest = 0;
    for (size_t i = 0; i < drawn->schedule.count; i++)
        if (drawn->times_ns[i] > longest)
            longest = drawn->times_ns[i];
    return longest;
}

static enum rc check_speed(const struct plan_request *request, const struct trace *trace,
                           const struct drawn *drawn, struct err *err)
{
    char takes[FORMAT_SIZE], limit[FORMAT_SIZE];
    if (request->speed == 0)
        return RC_OK;
    if (!(isfinite(request->speed) && request->speed > 0))
        return FAIL(err, RC_USAGE, 0, "--speed: expected a number above 0, got %g", request->speed);
    if (!trace->timed) {
        FAIL(err, RC_USAGE, 0, "--speed: the operations of \"%s\" have no times", Q(trace->path));
        err_hint(err, "--open-loop RATE gives them some");
        return RC_USAGE;
    }
    double ns = (double)duration_of(drawn) / request->speed;
    if (ns <= (double)CHILD_LIMIT_NS)
        return RC_OK;
    return FAIL(err, RC_USAGE, 0, "--speed: a run would take %s, expected at most %s",
                format_ns(takes, ns), format_ns(limit, (double)CHILD_LIMIT_NS));
}

/* Every operation, drawn once and thrown away: what is wrong is said before anything is made. */
static enum rc check_operations(const struct plan_request *request, struct trace *trace,
                                const struct record_manifest *manifest, struct err *err)
{
    struct drawn drawn = {.phase_count = 0};
    schedule_init(&drawn.schedule, err);
    enum rc rc = trace_draw(trace, manifest->batch, &drawn);
    if (rc == RC_OK)
        rc = drawn_check(&drawn, manifest, err);
    if (rc == RC_OK)
        rc = check_speed(request, trace, &drawn, err);
    drawn_release(&drawn);
    return rc;
}

enum rc plan_trace_apply(const struct plan_request *request, struct trace *trace,
                         struct record_manifest *manifest, struct arena *arena, struct err *err)
{
    char hash[HEX_SIZE];
    enum rc rc = check_data(trace, manifest, err);
    if (rc == RC_OK)
        rc = check_operations(request, trace, manifest, err);
    if (rc != RC_OK)
        return rc;
    hex_str(hash, span_of(trace->hash.bytes, sizeof(trace->hash.bytes)));
    /* What it took from the trace outlives it. */
    rc = keep_text(arena, manifest->durability, &manifest->durability, err);
    if (rc != RC_OK)
        return rc;
    manifest->trace.path = TRACE_NAME;
    manifest->trace.speed = request->speed;
    rc = keep_text(arena, hash, &manifest->trace.hash, err);
    /* Its own blobs are read from the study's folder, wherever that is by then. */
    if (rc == RC_OK && trace->blobs.look && !request->dataset)
        manifest->dataset_spec = TRACE_DATASET ":" TRACE_NAME;
    return rc;
}

/* The file as it was planned with, into the study's folder. */
static enum rc copy_trace(const char *path, const struct record_manifest *manifest, const char *dir,
                          struct err *err)
{
    struct buf bytes = {0};
    struct hash128 hash;
    struct unpack body;
    char hex[HEX_SIZE];
    enum rc rc = trace_file_read(path, &bytes, &hash, &body, err);
    if (rc == RC_OK &&
        strcmp(hex_str(hex, span_of(hash.bytes, sizeof(hash.bytes))), manifest->trace.hash) != 0)
        rc = FAIL(err, RC_IO, 0, "\"%s\" changed while in use", Q(path));
    if (rc == RC_OK)
        rc = record_write_file(dir, manifest->trace.path, buf_span(&bytes), err);
    buf_release(&bytes);
    return rc;
}

/* What record_create made. */
static void discard(const char *dir)
{
    static const char *const names[] = {"manifest.json", "samples.jsonl"};
    struct buf path = {0};
    struct err ignored = {0};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        buf_clear(&path);
        if (buf_printf(&path, &ignored, "%s/%s", dir, names[i]) == RC_OK)
            (void)unlink(buf_str(&path));
    }
    (void)rmdir(dir);
    buf_release(&path);
}

enum rc plan_create(const struct plan_request *request, const struct record_manifest *manifest,
                    struct buf *dir_out, struct err *err)
{
    const char *out = request->out ? request->out : PLAN_DEFAULT_OUT;
    enum rc rc = record_create(out, manifest, dir_out, err);
    if (rc != RC_OK || !record_has_trace(manifest))
        return rc;
    rc = copy_trace(request->trace, manifest, buf_str(dir_out), err);
    if (rc != RC_OK)
        discard(buf_str(dir_out));
    return rc;
}

enum rc plan_trace_check(const struct record_manifest *manifest, const char *dir, struct err *err)
{
    struct buf path = {0}, bytes = {0};
    struct hash128 hash;
    struct unpack body;
    char hex[HEX_SIZE];
    if (!record_has_trace(manifest))
        return RC_OK;
    enum rc rc = buf_printf(&path, err, "%s/%s", dir, manifest->trace.path);
    if (rc == RC_OK)
        rc = trace_file_read(buf_str(&path), &bytes, &hash, &body, err);
    if (rc == RC_OK &&
        strcmp(hex_str(hex, span_of(hash.bytes, sizeof(hash.bytes))), manifest->trace.hash) != 0)
        rc = FAIL(err, RC_MISMATCH, 0,
                  "\"%s\": expected the trace the study began with, of hash %s, got %s",
                  Q(buf_str(&path)), Q(manifest->trace.hash), hex);
    buf_release(&bytes);
    buf_release(&path);
    return rc;
}
