#include "workloads/schedule.h"

#include <stdlib.h>

void schedule_init(struct schedule *schedule, struct err *err)
{
    *schedule = (struct schedule){.err = err};
}

void schedule_release(struct schedule *schedule)
{
    free(schedule->ops);
    free(schedule->files);
    free(schedule->live);
    *schedule = (struct schedule){0};
}

/* Double `*items` (of `size` bytes each) until it holds `need`; at most `limit` items. */
static enum rc grow(void **items, size_t *cap, size_t need, size_t limit, size_t size,
                    const char *what, struct err *err)
{
    if (need > limit)
        return FAIL(err, RC_USAGE, 0, "the plan needs more than %zu %s", limit, what);
    if (need <= *cap)
        return RC_OK;
    size_t next = *cap ? *cap : 256;
    while (next < need)
        next *= 2;
    void *grown = realloc(*items, next * size);
    if (!grown)
        return FAIL(err, RC_NOMEM, 0, "no memory for %zu %s", next, what);
    *items = grown;
    *cap = next;
    return RC_OK;
}

static enum rc schedule_add(struct schedule *schedule, struct op op)
{
    void *ops = schedule->ops;
    enum rc rc = grow(&ops, &schedule->cap, schedule->count + 1, SCHEDULE_OPS_MAX,
                      sizeof(struct op), "operations", schedule->err);
    schedule->ops = ops;
    if (rc == RC_OK)
        schedule->ops[schedule->count++] = op;
    return rc;
}

void schedule_begin_phase(struct schedule *schedule)
{
    schedule->batch = 0;
    schedule->lanes = 0;
}

enum rc schedule_expect(struct schedule *schedule, uint64_t more)
{
    if (more <= SCHEDULE_OPS_MAX - schedule->count)
        return RC_OK;
    return FAIL(schedule->err, RC_USAGE, 0, "the plan needs more than %zu operations",
                SCHEDULE_OPS_MAX);
}

enum rc schedule_need_files(struct schedule *schedule, const char *who)
{
    if (schedule->live_count > 0)
        return RC_OK;
    return FAIL(schedule->err, RC_USAGE, 0, "workload \"%s\": no file is left to work on", who);
}

/* ---- which files exist ----------------------------------------------------------------------- */

static enum rc live_add(struct schedule *schedule, uint32_t file)
{
    void *live = schedule->live;
    size_t cap = schedule->live_cap;
    enum rc rc = grow(&live, &cap, (size_t)schedule->live_count + 1, DATASET_FILES_MAX,
                      sizeof(*schedule->live), "files", schedule->err);
    schedule->live = live;
    schedule->live_cap = (uint32_t)cap;
    if (rc != RC_OK)
        return rc;
    schedule->files[file].place = schedule->live_count;
    schedule->live[schedule->live_count++] = file;
    return RC_OK;
}

static void live_remove(struct schedule *schedule, uint32_t file)
{
    uint32_t place = schedule->files[file].place;
    uint32_t moved = schedule->live[--schedule->live_count];
    schedule->live[place] = moved;
    schedule->files[moved].place = place;
    schedule->files[file].place = SCHEDULE_DELETED;
}

static bool exists(const struct schedule *schedule, uint32_t file)
{
    return file < schedule->file_count && schedule->files[file].place != SCHEDULE_DELETED;
}

uint32_t schedule_pick(const struct schedule *schedule, struct rng *rng)
{
    CHECK(schedule->live_count > 0);
    return schedule->live[rng_below(rng, schedule->live_count)];
}

/* ---- operations ------------------------------------------------------------------------------ */

enum rc schedule_insert(struct schedule *schedule)
{
    void *files = schedule->files;
    size_t cap = schedule->file_cap;
    enum rc rc = grow(&files, &cap, (size_t)schedule->file_count + 1, DATASET_FILES_MAX,
                      sizeof(*schedule->files), "files", schedule->err);
    schedule->files = files;
    schedule->file_cap = (uint32_t)cap;
    if (rc != RC_OK)
        return rc;
    uint32_t file = schedule->file_count;
    schedule->files[file] = (struct schedule_file){0};
    rc = live_add(schedule, file);
    if (rc != RC_OK)
        return rc;
    schedule->file_count++;
    return schedule_add(schedule, (struct op){.kind = OP_INSERT, .file = file});
}

enum rc schedule_write(struct schedule *schedule, uint32_t file, uint32_t content)
{
    CHECK(file < schedule->file_count);
    struct schedule_file *state = &schedule->files[file];
    if (state->newest + 1 >= DATASET_VERSIONS_MAX || content >= DATASET_VERSIONS_MAX)
        return FAIL(schedule->err, RC_USAGE, 0, "the plan needs more than %u versions of a file",
                    DATASET_VERSIONS_MAX);
    if (!exists(schedule, file)) {
        enum rc rc = live_add(schedule, file);
        if (rc != RC_OK)
            return rc;
        state->oldest = state->newest + 1;
    }
    state->newest++;
    state->content = content;
    if (content > state->last)
        state->last = content;
    return schedule_add(
        schedule,
        (struct op){.kind = OP_UPDATE, .file = file, .version = state->newest, .content = content});
}

enum rc schedule_update(struct schedule *schedule, uint32_t file)
{
    CHECK(file < schedule->file_count);
    return schedule_write(schedule, file, schedule->files[file].last + 1);
}

enum rc schedule_rewrite(struct schedule *schedule, uint32_t file)
{
    CHECK(file < schedule->file_count);
    return schedule_write(schedule, file, schedule->files[file].content);
}

enum rc schedule_read_version(struct schedule *schedule, uint32_t file, uint32_t version)
{
    CHECK(exists(schedule, file) && version >= schedule->files[file].oldest &&
          version <= schedule->files[file].newest);
    return schedule_add(schedule, (struct op){.kind = OP_READ, .file = file, .version = version});
}

enum rc schedule_read(struct schedule *schedule, uint32_t file)
{
    CHECK(exists(schedule, file));
    return schedule_read_version(schedule, file, schedule->files[file].newest);
}

enum rc schedule_read_at(struct schedule *schedule, uint32_t file, uint32_t at, uint32_t len)
{
    CHECK(exists(schedule, file));
    return schedule_add(schedule, (struct op){.kind = OP_READ_AT,
                                              .file = file,
                                              .version = schedule->files[file].newest,
                                              .at = at,
                                              .len = len});
}

enum rc schedule_delete(struct schedule *schedule, uint32_t file)
{
    CHECK(exists(schedule, file));
    live_remove(schedule, file);
    return schedule_add(
        schedule,
        (struct op){.kind = OP_DELETE, .file = file, .version = schedule->files[file].newest});
}

enum rc schedule_scan(struct schedule *schedule)
{
    return schedule_add(schedule, (struct op){.kind = OP_SCAN, .version = schedule->live_count});
}

enum rc schedule_crash(struct schedule *schedule, const uint32_t *files, uint32_t updates,
                       uint32_t lost)
{
    CHECK(exists(schedule, lost));
    size_t at = schedule->count;
    enum rc rc =
        schedule_add(schedule, (struct op){.kind = OP_CRASH, .file = lost, .len = updates});
    for (uint32_t i = 0; rc == RC_OK && i < updates; i++)
        rc = schedule_update(schedule, files[i]);
    if (rc != RC_OK)
        return rc;
    const struct schedule_file *file = &schedule->files[lost];
    if (file->newest + 1 >= DATASET_VERSIONS_MAX || file->last + 1 >= DATASET_VERSIONS_MAX)
        return FAIL(schedule->err, RC_USAGE, 0, "the plan needs more than %u versions of a file",
                    DATASET_VERSIONS_MAX);
    schedule->ops[at].version = file->newest + 1;
    schedule->ops[at].content = file->last + 1;
    return RC_OK;
}

enum rc schedule_reopen(struct schedule *schedule)
{
    return schedule_add(schedule, (struct op){.kind = OP_REOPEN});
}

enum rc schedule_measure(struct schedule *schedule)
{
    return schedule_add(schedule, (struct op){.kind = OP_MEASURE});
}

/* ---- operations that were recorded ----------------------------------------------------------- */

static const char *write_defect(const struct schedule *schedule, const struct op *op)
{
    if (op->content >= DATASET_VERSIONS_MAX || op->version >= DATASET_VERSIONS_MAX)
        return "is of a version beyond 99999";
    if (op->kind == OP_INSERT)
        return op->file != schedule->file_count ? "is not of the next file"
               : op->version != 0               ? "is not of version 0"
                                                : NULL;
    if (op->file >= schedule->file_count)
        return "is of a file that was never inserted";
    return op->version != schedule->files[op->file].newest + 1 ? "is not of the next version"
                                                               : NULL;
}

static const char *read_defect(const struct schedule *schedule, const struct op *op)
{
    if (!exists(schedule, op->file))
        return op->file < schedule->file_count ? "is of a file that was deleted"
                                               : "is of a file that was never inserted";
    const struct schedule_file *state = &schedule->files[op->file];
    if (op->kind == OP_READ_AT && op->len == 0)
        return "is of no bytes";
    if (op->kind != OP_READ)
        return op->version != state->newest ? "is not of the newest version" : NULL;
    return op->version < state->oldest || op->version > state->newest
               ? "is of a version that is not there"
               : NULL;
}

static const char *op_defect(const struct schedule *schedule, const struct op *op)
{
    switch (op->kind) {
    case OP_INSERT:
    case OP_UPDATE: return write_defect(schedule, op);
    case OP_READ:
    case OP_READ_AT:
    case OP_DELETE: return read_defect(schedule, op);
    case OP_SCAN:
        return op->version != schedule->live_count ? "is not of as many files as there are" : NULL;
    case OP_CRASH:
        /* What it lost is only known after its updates, which are the operations that follow. */
        return !exists(schedule, op->file) ? "is of a file that does not exist" : NULL;
    case OP_REOPEN:
    case OP_MEASURE:
        return op->file || op->version || op->content || op->at || op->len
                   ? "has a file, a version or a length"
                   : NULL;
    }
    return "is of no known kind";
}

const char *schedule_crash_defect(const struct schedule *schedule, const struct op *crash)
{
    const struct schedule_file *lost = &schedule->files[crash->file];
    return !exists(schedule, crash->file)           ? "is of a file that does not exist"
           : crash->version != lost->newest + 1     ? "is not of the next version after its updates"
           : crash->content != lost->last + 1       ? "is not of the next content after its updates"
           : crash->version >= DATASET_VERSIONS_MAX ? "is of a version beyond 99999"
           : crash->content >= DATASET_VERSIONS_MAX ? "is of a version beyond 99999"
           : crash->at                              ? "has a place in a blob"
                                                    : NULL;
}

static const char *lane_defect(const struct schedule *schedule, const struct op *op)
{
    return op->lane > schedule->lanes            ? "is of a lane its phase does not have"
           : op->lane > 0 && op->kind != OP_READ ? "is no read, and of a lane that reads"
                                                 : NULL;
}

enum rc schedule_take(struct schedule *schedule, const struct op *op, const char **defect)
{
    enum rc rc = RC_OK;
    *defect = lane_defect(schedule, op);
    if (!*defect)
        *defect = op_defect(schedule, op);
    if (*defect)
        return RC_OK;
    if (op->kind == OP_INSERT) {
        rc = schedule_insert(schedule);
        if (rc == RC_OK)
            schedule->files[op->file].content = schedule->files[op->file].last = op->content;
    } else if (op->kind == OP_UPDATE) {
        rc = schedule_write(schedule, op->file, op->content);
    } else if (op->kind == OP_DELETE) {
        rc = schedule_delete(schedule, op->file);
    } else {
        rc = schedule_add(schedule, *op);
    }
    if (rc == RC_OK)
        schedule->ops[schedule->count - 1] = *op;
    return rc;
}

const char *op_name(enum op_kind kind)
{
    static const char *const names[] = {
        [OP_INSERT] = "insert", [OP_UPDATE] = "update",   [OP_READ] = "read",
        [OP_SCAN] = "scan",     [OP_READ_AT] = "read_at", [OP_DELETE] = "delete",
        [OP_REOPEN] = "reopen", [OP_CRASH] = "crash",     [OP_MEASURE] = "measure",
    };
    return (size_t)kind < COUNT_OF(names) ? names[kind] : "unknown";
}

/* ---- parts of blobs -------------------------------------------------------------------------- */

uint64_t op_offset(const struct op *op, uint64_t blob_len)
{
    if (blob_len <= op->len)
        return 0;
    /* Lemire, ACM TOMACS 29(1), 2019: the upper half of a product maps to a range. */
    __extension__ unsigned __int128 product = blob_len - op->len + 1;
    product *= op->at;
    return (uint64_t)(product >> 32);
}

uint32_t op_place(uint64_t offset, uint32_t len, uint64_t blob_len)
{
    CHECK(len <= blob_len && offset <= blob_len - len && blob_len <= UINT32_MAX);
    uint64_t places = blob_len - len + 1;
    return (uint32_t)(((offset << 32) + places - 1) / places);
}
