#include "workloads/schedule.h"

#include <stdlib.h>

void schedule_init(struct schedule *schedule, struct err *err)
{
    *schedule = (struct schedule){.err = err};
}

void schedule_release(struct schedule *schedule)
{
    free(schedule->ops);
    free(schedule->newest);
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

enum rc schedule_insert(struct schedule *schedule)
{
    void *newest = schedule->newest;
    size_t cap = schedule->file_cap;
    enum rc rc = grow(&newest, &cap, (size_t)schedule->file_count + 1, DATASET_FILES_MAX,
                      sizeof(uint32_t), "files", schedule->err);
    schedule->newest = newest;
    schedule->file_cap = (uint32_t)cap;
    if (rc != RC_OK)
        return rc;
    uint32_t file = schedule->file_count++;
    schedule->newest[file] = 0;
    return schedule_add(schedule, (struct op){.kind = OP_INSERT, .file = file});
}

enum rc schedule_update(struct schedule *schedule, uint32_t file)
{
    CHECK(file < schedule->file_count);
    if (schedule->newest[file] + 1 >= DATASET_VERSIONS_MAX)
        return FAIL(schedule->err, RC_USAGE, 0, "the plan needs more than %u versions of a file",
                    DATASET_VERSIONS_MAX);
    uint32_t version = ++schedule->newest[file];
    return schedule_add(schedule, (struct op){.kind = OP_UPDATE, .file = file, .version = version});
}

enum rc schedule_read(struct schedule *schedule, uint32_t file)
{
    CHECK(file < schedule->file_count);
    return schedule_add(
        schedule, (struct op){.kind = OP_READ, .file = file, .version = schedule->newest[file]});
}

enum rc schedule_scan(struct schedule *schedule)
{
    return schedule_add(schedule, (struct op){.kind = OP_SCAN, .version = schedule->file_count});
}
