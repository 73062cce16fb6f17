#include "workloads/shares.h"

#include <stdlib.h>
#include <string.h>

static enum rc shares_name(struct shares *shares, struct span name, struct record_share **out,
                           struct err *err)
{
    for (size_t i = 0; i < shares->count; i++) {
        if (span_equal(span_of_str(shares->items[i].name), name)) {
            *out = &shares->items[i];
            return RC_OK;
        }
    }
    if (shares->count == SHARES_MAX) {
        name = span_of_str("(other)");
        if (strcmp(shares->items[SHARES_MAX].name ? shares->items[SHARES_MAX].name : "",
                   "(other)") == 0) {
            *out = &shares->items[SHARES_MAX];
            return RC_OK;
        }
    }
    char *copy = arena_alloc(shares->arena, name.len + 1);
    if (!copy)
        return FAIL(err, RC_NOMEM, 0, "no memory for a name of %zu bytes", name.len);
    if (name.len)
        memcpy(copy, name.ptr, name.len);
    copy[name.len] = '\0';
    *out = &shares->items[shares->count == SHARES_MAX ? SHARES_MAX : shares->count++];
    (*out)->name = copy;
    return RC_OK;
}

enum rc shares_add(struct shares *shares, struct span name, uint64_t logical_bytes,
                   uint64_t stored_bytes, struct err *err)
{
    struct record_share *share = NULL;
    enum rc rc = shares_name(shares, name, &share, err);
    if (rc != RC_OK)
        return rc;
    share->blobs++;
    share->logical_bytes += logical_bytes;
    share->stored_bytes += stored_bytes;
    return RC_OK;
}

static int by_stored(const void *a, const void *b)
{
    const struct record_share *x = a, *y = b;
    if (x->stored_bytes != y->stored_bytes)
        return x->stored_bytes < y->stored_bytes ? 1 : -1;
    return strcmp(x->name, y->name);
}

void shares_sort(struct shares *shares)
{
    if (shares->items[SHARES_MAX].name)
        shares->count = SHARES_MAX + 1;
    qsort(shares->items, shares->count, sizeof(shares->items[0]), by_stored);
}
