#include "workloads/trace.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "workloads/lanes.h"

/* The head of an operation: its kind, and what follows that usually does not. */
enum {
    HEAD_KIND = 0x0f,
    HEAD_GIVEN = 0x10, /* update, insert: the content; read: the version */
    HEAD_LANE = 0x20,
    HEAD_ALL = HEAD_KIND | HEAD_GIVEN | HEAD_LANE
};
enum { FLAG_TIMED = 1, FLAG_READS_ONLY = 1 };
enum {
    SPEC_LEN_MAX = 8192,
    OPTIONS_LEN_MAX = 8192,
    NAME_LEN_MAX = 100,
    LANES_MAX = LANES_READERS_MAX
};

/* What both sides know before an operation. */
struct trail {
    struct schedule *schedule;
    uint32_t file; /* of the last operation that has one */
    uint64_t time;
    struct op crash;     /* the last one */
    uint32_t crash_left; /* of its updates */
};

/* ---- the head: reading ----------------------------------------------------------------------- */

/* A text without NUL, terminated. */
static const char *read_text(struct trace *trace, struct unpack *from, size_t max, const char *what)
{
    size_t start = from->at;
    struct span text = unpack_text(from, max, what);
    if (from->rc != RC_OK)
        return "";
    if (text.len && memchr(text.ptr, '\0', text.len))
        unpack_refuse(from, start, "%s: expected a text without NUL", what);
    char *copy = arena_zalloc(&trace->arena, text.len + 1, 1);
    if (!copy) {
        from->rc = FAIL(from->err, RC_NOMEM, 0, "no memory for a text of %zu bytes", text.len);
        return "";
    }
    if (text.len)
        memcpy(copy, text.ptr, text.len);
    return copy;
}

static void read_dataset(struct trace *trace, struct unpack *from)
{
    size_t start = from->at;
    trace->dataset_spec = read_text(trace, from, SPEC_LEN_MAX, "dataset");
    bool own = trace->blobs.file_count > 0;
    if (own != (trace->dataset_spec[0] == '\0'))
        unpack_refuse(from, start, "dataset: expected %s, got \"%s\"",
                      own ? "none beside blobs" : "one", Q(trace->dataset_spec));
    trace->seed = unpack_number(from, 0, UINT64_MAX, "seed");
    struct span hash = unpack_bytes(from, sizeof(trace->dataset_hash.bytes), "dataset hash");
    if (from->rc == RC_OK)
        memcpy(trace->dataset_hash.bytes, hash.ptr, hash.len);
    start = from->at;
    trace->dataset_files = unpack_number(from, 1, DATASET_FILES_MAX, "files");
    if (own && trace->dataset_files != trace->blobs.file_count)
        unpack_refuse(from, start, "files: expected %" PRIu32 ", one per key, got %" PRIu64,
                      trace->blobs.file_count, trace->dataset_files);
    trace->dataset_bytes = unpack_number(from, 0, UINT64_MAX, "bytes");
}

static void read_settings(struct trace *trace, struct unpack *from)
{
    trace->keep_history = unpack_number(from, 0, 1, "retention") == 0;
    trace->durability = read_text(trace, from, NAME_LEN_MAX, "durability");
    trace->batch = (uint32_t)unpack_number(from, 1, UINT32_MAX, "writes per transaction");
    trace->timed = unpack_number(from, 0, FLAG_TIMED, "flags") & FLAG_TIMED;
}

/* The name of a file of latencies and of a snapshot. */
static const char *read_name(struct trace *trace, struct unpack *from, bool empty, const char *what)
{
    size_t start = from->at;
    const char *name = read_text(trace, from, NAME_LEN_MAX, what);
    bool plain = name[0] ? name[0] != '.' && name[0] != '-' : empty;
    for (const char *p = name; *p; p++)
        plain = plain && *p > 0x20 && *p < 0x7f && *p != '/';
    if (!plain)
        unpack_refuse(from, start,
                      "%s: expected printable ASCII without blanks and \"/\", got "
                      "\"%s\"",
                      what, Q(name));
    return name;
}

static void read_phase(struct trace *trace, struct unpack *from, struct trace_phase *phase)
{
    phase->name = read_name(trace, from, false, "phase");
    size_t start = from->at;
    phase->workload = read_text(trace, from, NAME_LEN_MAX, "workload");
    if (!workload_by_name(phase->workload) && strcmp(phase->workload, TRACE_WORKLOAD) != 0)
        unpack_refuse(from, start, "workload: expected one of this build or \"%s\", got \"%s\"",
                      TRACE_WORKLOAD, Q(phase->workload));
    phase->options = read_text(trace, from, OPTIONS_LEN_MAX, "options");
    phase->snapshot = read_name(trace, from, true, "snapshot");
    phase->reads_only = unpack_number(from, 0, FLAG_READS_ONLY, "flags") & FLAG_READS_ONLY;
    phase->batch = (uint32_t)unpack_number(from, 0, UINT32_MAX, "writes per transaction");
    phase->lanes = (uint32_t)unpack_number(from, 0, LANES_MAX, "lanes");
    phase->op_count = (size_t)unpack_number(from, 0, SCHEDULE_OPS_MAX, "operations");
    trace->op_count += phase->op_count;
}

static void read_phases(struct trace *trace, struct unpack *from)
{
    trace->phase_count = (size_t)unpack_number(from, 1, DRAWN_PHASES_MAX, "phases");
    size_t start = from->at;
    for (size_t i = 0; i < trace->phase_count && from->rc == RC_OK; i++)
        read_phase(trace, from, &trace->phases[i]);
    /* Each takes a byte at least. */
    size_t left = from->bytes.len - from->at;
    if (trace->op_count == 0)
        unpack_refuse(from, start, "operations: expected at least one, got none");
    if (trace->op_count > SCHEDULE_OPS_MAX)
        unpack_refuse(from, start, "operations: expected at most %zu, got %zu", SCHEDULE_OPS_MAX,
                      trace->op_count);
    if (trace->op_count > left)
        unpack_refuse(from, from->at, "operations: expected %zu, got %zu bytes", trace->op_count,
                      left);
}

enum rc trace_read(struct trace *trace, const char *path, struct err *err)
{
    struct unpack from;
    *trace = (struct trace){.path = path};
    enum rc rc = trace_file_read(path, &trace->bytes, &trace->hash, &from, err);
    if (rc == RC_OK)
        rc = trace_file_blobs_read(&from, &trace->blobs);
    if (rc != RC_OK)
        return rc;
    read_dataset(trace, &from);
    read_settings(trace, &from);
    read_phases(trace, &from);
    trace->ops = from;
    return from.rc;
}

void trace_release(struct trace *trace)
{
    trace_file_blobs_release(&trace->blobs);
    arena_release(&trace->arena);
    buf_release(&trace->bytes);
    *trace = (struct trace){0};
}

/* ---- the head: writing ----------------------------------------------------------------------- */

void trace_describe(struct trace *trace, const struct record_manifest *manifest,
                    const struct drawn *drawn, const struct trace_file_blobs *blobs)
{
    *trace = (struct trace){
        .dataset_spec = blobs ? "" : manifest->dataset_spec,
        .seed = manifest->seed,
        .dataset_files = manifest->dataset_files,
        .dataset_bytes = manifest->dataset_bytes,
        .keep_history = strcmp(manifest->retention, "history") == 0,
        .durability = manifest->durability,
        .batch = manifest->batch,
        .timed = drawn->times_ns != NULL,
        .phase_count = drawn->phase_count,
        .op_count = drawn->schedule.count,
    };
    if (blobs)
        trace->blobs = *blobs;
    for (size_t i = 0; i < drawn->phase_count; i++) {
        const struct record_phase *phase = &manifest->phases[i];
        trace->phases[i] = (struct trace_phase){
            .name = phase->name,
            .workload = phase->workload,
            .options = phase->options,
            .snapshot = phase->snapshot,
            .reads_only = phase->reads_only,
            .batch = drawn->phase_batch[i] == manifest->batch ? 0 : drawn->phase_batch[i],
            .lanes = drawn->phase_lanes[i],
            .op_count = drawn->phase_start[i + 1] - drawn->phase_start[i],
        };
    }
}

static void write_head(struct pack *to, const struct trace *trace)
{
    trace_file_blobs_write(to, &trace->blobs);
    pack_text(to, span_of_str(trace->dataset_spec));
    pack_number(to, trace->seed);
    pack_bytes(to, span_of(trace->dataset_hash.bytes, sizeof(trace->dataset_hash.bytes)));
    pack_number(to, trace->dataset_files);
    pack_number(to, trace->dataset_bytes);
    pack_number(to, trace->keep_history ? 0 : 1);
    pack_text(to, span_of_str(trace->durability));
    pack_number(to, trace->batch);
    pack_number(to, trace->timed ? FLAG_TIMED : 0);
    pack_number(to, trace->phase_count);
    for (size_t i = 0; i < trace->phase_count; i++) {
        const struct trace_phase *phase = &trace->phases[i];
        pack_text(to, span_of_str(phase->name));
        pack_text(to, span_of_str(phase->workload));
        pack_text(to, span_of_str(phase->options));
        pack_text(to, span_of_str(phase->snapshot));
        pack_number(to, phase->reads_only ? FLAG_READS_ONLY : 0);
        pack_number(to, phase->batch);
        pack_number(to, phase->lanes);
        pack_number(to, phase->op_count);
    }
}

/* ---- operations ------------------------------------------------------------------------------ */

/* Has a file that the operations before do not tell. */
static bool names_file(enum op_kind kind)
{
    return kind == OP_UPDATE || kind == OP_READ || kind == OP_READ_AT || kind == OP_DELETE;
}

/* Operations that are no single key's are written field by field: they are few. */
static bool is_plain(enum op_kind kind)
{
    return kind == OP_REOPEN || kind == OP_CRASH || kind == OP_MEASURE;
}

static uint32_t expected_content(const struct trail *trail, const struct op *op)
{
    return op->kind == OP_UPDATE ? trail->schedule->files[op->file].last + 1 : 0;
}

static void write_op(struct pack *to, const struct trail *trail, const struct op *op)
{
    bool writes = op->kind == OP_INSERT || op->kind == OP_UPDATE;
    uint32_t content = writes ? expected_content(trail, op) : 0;
    uint32_t newest = op->kind == OP_READ ? trail->schedule->files[op->file].newest : 0;
    bool given = writes ? op->content != content : op->kind == OP_READ && op->version != newest;
    pack_number(to, (uint64_t)op->kind | (given ? HEAD_GIVEN : 0) | (op->lane ? HEAD_LANE : 0));
    if (op->lane)
        pack_number(to, op->lane);
    if (is_plain(op->kind)) {
        const uint32_t fields[] = {op->file, op->version, op->content, op->at, op->len};
        for (size_t i = 0; i < COUNT_OF(fields); i++)
            pack_number(to, fields[i]);
    }
    if (names_file(op->kind))
        pack_signed(to, (int64_t)op->file - trail->file);
    if (given && writes)
        pack_signed(to, (int64_t)op->content - content);
    if (given && !writes)
        pack_number(to, newest - op->version);
    if (op->kind == OP_READ_AT) {
        pack_number(to, op->at);
        pack_number(to, op->len);
    }
}

/* The operation is in the schedule now, the first of the `left` that are left of its phase.  What
 * makes it impossible behind those before it, or NULL. */
static const char *trail_follow(struct trail *trail, const struct op *op, size_t left)
{
    if (names_file(op->kind) || op->kind == OP_INSERT)
        trail->file = op->file;
    if (trail->crash_left > 0 && op->kind != OP_UPDATE)
        return "is not one of the updates of the crash before it";
    if (op->kind == OP_CRASH) {
        trail->crash = *op;
        trail->crash_left = op->len;
        if (op->len >= left)
            return "has more updates than its phase has operations";
    } else if (trail->crash_left == 0 || --trail->crash_left > 0) {
        return NULL;
    }
    return trail->crash_left == 0 ? schedule_crash_defect(trail->schedule, &trail->crash) : NULL;
}

enum rc trace_print(const struct trace *trace, const struct drawn *drawn, struct buf *out,
                    struct err *err)
{
    struct pack to = {.out = out, .err = err};
    struct schedule schedule;
    struct trail trail = {.schedule = &schedule};
    enum rc rc = RC_OK;
    schedule_init(&schedule, err);
    trace_file_begin(&to);
    write_head(&to, trace);
    for (size_t i = 0, phase = 0; i < drawn->schedule.count && rc == RC_OK; i++) {
        const struct op *op = &drawn->schedule.ops[i];
        const char *defect = NULL;
        for (; phase < drawn->phase_count && i == drawn->phase_start[phase]; phase++) {
            trail.time = 0;
            schedule_begin_phase(&schedule);
            schedule.lanes = drawn->phase_lanes[phase];
        }
        schedule.count = 0; /* what exists is what counts */
        rc = op->kind == OP_INSERT || op->file < schedule.file_count || !names_file(op->kind)
                 ? RC_OK
                 : FAIL(err, RC_BUG, 0, "operation %zu is of a file that was never inserted", i);
        if (rc != RC_OK)
            break;
        write_op(&to, &trail, op);
        rc = schedule_take(&schedule, op, &defect);
        if (rc == RC_OK && !defect)
            defect = trail_follow(&trail, op, drawn->phase_start[phase] - i);
        if (defect)
            rc = FAIL(err, RC_BUG, 0, "operation %zu (%s) %s", i, op_name(op->kind), defect);
        if (drawn->times_ns) {
            CHECK(drawn->times_ns[i] >= trail.time);
            pack_number(&to, drawn->times_ns[i] - trail.time);
            trail.time = drawn->times_ns[i];
        }
        rc = rc == RC_OK ? to.rc : rc;
    }
    schedule_release(&schedule);
    trace_file_end(&to);
    return rc == RC_OK ? to.rc : rc;
}

/* A file or content that is told by its distance. */
static uint32_t read_near(struct unpack *from, uint32_t base, uint32_t max, const char *what)
{
    size_t start = from->at;
    int64_t step = unpack_signed(from, what);
    if (step < -(int64_t)base || step > (int64_t)max - base) {
        unpack_refuse(from, start, "%s: expected 0..%" PRIu32 ", got %" PRIu32 "%+" PRId64, what,
                      max, base, step);
        return 0;
    }
    return (uint32_t)((int64_t)base + step);
}

/* Told, because it is not the expected one. */
static void read_content(struct unpack *from, struct op *op)
{
    size_t start = from->at;
    uint32_t expected = op->content;
    op->content = read_near(from, expected, DATASET_VERSIONS_MAX - 1, "content");
    if (op->content == expected)
        unpack_refuse(from, start,
                      "content: expected another than %" PRIu32 ", which needs no "
                      "telling",
                      expected);
}

static void read_plain(struct unpack *from, struct op *op)
{
    uint32_t *const fields[] = {&op->file, &op->version, &op->content, &op->at, &op->len};
    for (size_t i = 0; i < COUNT_OF(fields); i++)
        *fields[i] = (uint32_t)unpack_number(from, 0, UINT32_MAX, "field");
}

static struct op read_op(struct unpack *from, const struct trail *trail)
{
    const struct schedule *schedule = trail->schedule;
    uint64_t head = unpack_number(from, 0, HEAD_ALL, "operation");
    struct op op = {.kind = (enum op_kind)(head & HEAD_KIND)};
    bool writes = op.kind == OP_INSERT || op.kind == OP_UPDATE;
    if (op.kind > OP_MEASURE || ((head & HEAD_GIVEN) && !writes && op.kind != OP_READ))
        unpack_refuse(from, from->at - 1, "operation: expected a known kind, got %" PRIu64, head);
    if (head & HEAD_LANE)
        op.lane = (uint32_t)unpack_number(from, 1, LANES_MAX, "lane");
    if (is_plain(op.kind))
        read_plain(from, &op);
    if (op.kind == OP_INSERT)
        op.file = schedule->file_count;
    if (op.kind == OP_SCAN)
        op.version = schedule->live_count;
    if (names_file(op.kind)) {
        uint32_t most = schedule->file_count ? schedule->file_count - 1 : 0;
        op.file = read_near(from, trail->file, most, "file");
    }
    bool known = names_file(op.kind) && op.file < schedule->file_count;
    uint32_t newest = known ? schedule->files[op.file].newest : 0;
    op.version = known ? newest + (op.kind == OP_UPDATE) : op.version;
    if (op.kind == OP_READ && (head & HEAD_GIVEN))
        op.version -= (uint32_t)unpack_number(from, 1, newest > 1 ? newest : 1, "age");
    if (writes && (known || op.kind == OP_INSERT))
        op.content = expected_content(trail, &op);
    if (writes && (head & HEAD_GIVEN))
        read_content(from, &op);
    if (op.kind == OP_READ_AT) {
        op.at = (uint32_t)unpack_number(from, 0, UINT32_MAX, "at");
        op.len = (uint32_t)unpack_number(from, 1, BLOB_BYTES_MAX, "length");
    }
    return op;
}

/* The next operation of a phase. */
static enum rc draw_op(struct trace *trace, size_t left, struct trail *trail, struct drawn *drawn)
{
    struct unpack *from = &trace->ops;
    struct schedule *schedule = trail->schedule;
    size_t start = from->at, number = schedule->count;
    const char *defect = NULL;
    struct op op = read_op(from, trail);
    if (from->rc == RC_OK)
        from->rc = schedule_take(schedule, &op, &defect);
    if (from->rc == RC_OK && trace->timed && is_plain(op.kind))
        defect = "is of a kind that has no time";
    if (from->rc == RC_OK && !defect)
        defect = trail_follow(trail, &op, left);
    if (defect)
        unpack_refuse(from, start, "operation %zu: %s of file %" PRIu32 " version %" PRIu32 " %s",
                      number, op_name(op.kind), op.file, op.version, defect);
    if (trace->timed) {
        trail->time += unpack_number(from, 0, TRACE_TIME_MAX - trail->time, "time");
        drawn->times_ns[number] = trail->time;
    }
    return from->rc;
}

enum rc trace_draw(struct trace *trace, uint32_t batch, struct drawn *drawn)
{
    struct unpack *from = &trace->ops, begin = trace->ops;
    struct trail trail = {.schedule = &drawn->schedule};
    CHECK(drawn->schedule.count == 0 && !drawn->times_ns);
    if (trace->timed)
        drawn->times_ns = malloc(trace->op_count * sizeof(*drawn->times_ns));
    if (trace->timed && !drawn->times_ns)
        return FAIL(from->err, RC_NOMEM, 0, "no memory for %zu times", trace->op_count);
    drawn->phase_count = trace->phase_count;
    for (size_t i = 0; i < trace->phase_count && from->rc == RC_OK; i++) {
        const struct trace_phase *phase = &trace->phases[i];
        drawn->phase_start[i] = drawn->schedule.count;
        drawn->phase_batch[i] = phase->batch ? phase->batch : batch;
        drawn->phase_lanes[i] = phase->lanes;
        trail.time = 0;
        schedule_begin_phase(&drawn->schedule);
        drawn->schedule.lanes = phase->lanes;
        for (size_t k = 0; k < phase->op_count && from->rc == RC_OK; k++)
            from->rc = draw_op(trace, phase->op_count - k, &trail, drawn);
    }
    drawn->phase_start[trace->phase_count] = drawn->schedule.count;
    if (from->rc == RC_OK && from->at != from->bytes.len)
        unpack_refuse(from, from->at, "expected the end, got %zu more bytes",
                      from->bytes.len - from->at);
    enum rc rc = from->rc;
    *from = begin;
    return rc;
}
