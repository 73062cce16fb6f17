#include "workloads/ranges.h"

#include <stdlib.h>

static int by_blob(const void *a, const void *b)
{
    const struct range *x = a, *y = b;
    if (x->file != y->file)
        return x->file < y->file ? -1 : 1;
    if (x->version != y->version)
        return x->version < y->version ? -1 : 1;
    return (x->op > y->op) - (x->op < y->op);
}

enum rc ranges_init(struct ranges *ranges, const struct schedule *schedule, struct err *err)
{
    size_t count = 0, filled = 0;
    for (size_t k = 0; k < schedule->count; k++)
        count += schedule->ops[k].kind == OP_READ_AT;
    *ranges = (struct ranges){.count = count, .ops = schedule->ops};
    if (count == 0)
        return RC_OK;
    ranges->items = calloc(count, sizeof(*ranges->items));
    if (!ranges->items)
        return FAIL(err, RC_NOMEM, 0, "no memory for %zu range reads", count);
    for (size_t k = 0; k < schedule->count; k++) {
        const struct op *op = &schedule->ops[k];
        if (op->kind == OP_READ_AT)
            ranges->items[filled++] =
                (struct range){.op = (uint32_t)k, .file = op->file, .version = op->version};
    }
    qsort(ranges->items, count, sizeof(*ranges->items), by_blob);
    return RC_OK;
}

void ranges_release(struct ranges *ranges)
{
    free(ranges->items);
    *ranges = (struct ranges){0};
}

/* The first range that is not before that of operation `op` on this blob. */
static size_t first_of(const struct ranges *ranges, uint32_t file, uint32_t version, uint32_t op)
{
    struct range wanted = {.op = op, .file = file, .version = version};
    size_t low = 0, high = ranges->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (by_blob(&ranges->items[middle], &wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void ranges_put(struct ranges *ranges, uint32_t file, uint32_t version, struct span bytes)
{
    for (size_t i = first_of(ranges, file, version, 0); i < ranges->count; i++) {
        struct range *range = &ranges->items[i];
        if (range->file != file || range->version != version)
            return;
        const struct op *op = &ranges->ops[range->op];
        range->offset = op_offset(op, bytes.len);
        range->len = bytes.len < op->len ? bytes.len : op->len;
        range->hash = hash_xxh128(span_of(bytes.ptr + range->offset, range->len));
    }
}

const struct range *ranges_of(const struct ranges *ranges, const struct op *op)
{
    uint32_t index = (uint32_t)(op - ranges->ops);
    size_t at = first_of(ranges, op->file, op->version, index);
    CHECK(at < ranges->count && ranges->items[at].op == index);
    return &ranges->items[at];
}
