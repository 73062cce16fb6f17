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

enum rc schedule_reopen(struct schedule *schedule)
{
    return schedule_add(schedule, (struct op){.kind = OP_REOPEN});
}

enum rc schedule_measure(struct schedule *schedule)
{
    return schedule_add(schedule, (struct op){.kind = OP_MEASURE});
}

uint64_t op_offset(const struct op *op, uint64_t blob_len)
{
    if (blob_len <= op->len)
        return 0;
    /* Lemire, ACM TOMACS 29(1), 2019: the upper half of a product maps to a range. */
    __extension__ unsigned __int128 product = blob_len - op->len + 1;
    product *= op->at;
    return (uint64_t)(product >> 32);
}
