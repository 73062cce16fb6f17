#include "datasets/geometry.h"

#include <stdlib.h>
#include <string.h>

#define ZONE 8 /* head, tail and clusters are an eighth of the content */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The start of a window of `len` bytes; starts run from 0 to `last`. */
static size_t place(const struct geometry *geometry, struct rng *rng, size_t last)
{
    size_t zone = last / ZONE, low = 0;
    switch (geometry->locality) {
    case GEOMETRY_UNIFORM: zone = last; break;
    case GEOMETRY_HEAD: break;
    case GEOMETRY_TAIL: low = last - zone; break;
    case GEOMETRY_CLUSTERED:
        /* last <= BLOB_BYTES_MAX < 2^30: the product fits. */
        low = (size_t)((uint64_t)(last - zone) * geometry->centre >> 32);
        break;
    }
    return low + (size_t)rng_below(rng, zone + 1);
}

struct geometry_splice geometry_draw(const struct geometry *geometry, struct rng *rng, size_t len)
{
    CHECK(geometry->size >= 1 && len <= BLOB_BYTES_MAX);
    enum geometry_kind kind = geometry->kind;
    bool grows = kind == GEOMETRY_INSERT || kind == GEOMETRY_PREPEND || kind == GEOMETRY_APPEND;
    bool shrinks = kind == GEOMETRY_DELETE || kind == GEOMETRY_TRUNCATE;
    size_t size = geometry->size;
    if (len < (shrinks ? 2 : 1)) {
        size_t room = geometry->len_max > len ? geometry->len_max - len : 0;
        return (struct geometry_splice){.at = len, .added = least(size, room)};
    }
    if (grows && (len > geometry->len_max || size > geometry->len_max - len))
        kind = GEOMETRY_OVERWRITE;
    size_t cut = least(size, shrinks ? len / 2 : len);
    switch (kind) {
    case GEOMETRY_OVERWRITE:
        return (struct geometry_splice){place(geometry, rng, len - cut), cut, cut};
    case GEOMETRY_INSERT: return (struct geometry_splice){place(geometry, rng, len), 0, size};
    case GEOMETRY_DELETE: return (struct geometry_splice){place(geometry, rng, len - cut), cut, 0};
    case GEOMETRY_PREPEND: return (struct geometry_splice){0, 0, size};
    case GEOMETRY_APPEND: return (struct geometry_splice){len, 0, size};
    case GEOMETRY_TRUNCATE: return (struct geometry_splice){len - cut, cut, 0};
    }
    CHECK(kind <= GEOMETRY_TRUNCATE);
    return (struct geometry_splice){0, 0, 0};
}

size_t geometry_len(struct geometry_splice splice, size_t len)
{
    return len - splice.removed + splice.added;
}

enum rc geometry_apply(struct geometry_splice splice, struct buf *content, struct err *err)
{
    size_t before = content->len, after = geometry_len(splice, before);
    size_t end = splice.at + splice.removed;
    CHECK(end <= before);
    if (splice.removed == splice.added)
        return RC_OK;
    enum rc rc = buf_reserve(content, after, err);
    if (rc != RC_OK)
        return rc;
    if (end < before)
        memmove(content->ptr + splice.at + splice.added, content->ptr + end, before - end);
    return buf_resize(content, after, err);
}

static enum rc ranges_grow(struct geometry_ranges *ranges, struct err *err)
{
    if (ranges->count + 2 <= ranges->cap)
        return RC_OK;
    size_t cap = ranges->cap * 2 + 8;
    struct geometry_range *at = realloc(ranges->at, cap * sizeof(*at));
    if (at == NULL)
        return FAIL(err, RC_NOMEM, 0, "no memory for the places of %zu edits", cap);
    ranges->at = at;
    ranges->cap = cap;
    return RC_OK;
}

static void range_insert(struct geometry_ranges *ranges, size_t index, struct geometry_range range)
{
    memmove(ranges->at + index + 1, ranges->at + index,
            (ranges->count - index) * sizeof(*ranges->at));
    ranges->at[index] = range;
    ranges->count++;
}

/* No range crosses `at` afterwards; the index of the first that begins there or later. */
static size_t split(struct geometry_ranges *ranges, size_t at)
{
    size_t index = 0;
    while (index < ranges->count && ranges->at[index].end <= at)
        index++;
    if (index < ranges->count && ranges->at[index].start < at) {
        struct geometry_range rest = {at, ranges->at[index].end};
        ranges->at[index].end = at;
        range_insert(ranges, ++index, rest);
    }
    return index;
}

enum rc geometry_mark(struct geometry_splice splice, struct geometry_ranges *ranges,
                      struct err *err)
{
    size_t end = splice.at + splice.removed;
    enum rc rc = ranges_grow(ranges, err);
    if (rc != RC_OK)
        return rc;
    size_t first = split(ranges, splice.at), gone = first;
    /* What begins inside goes; the last of these may reach beyond, and keeps that part. */
    while (gone < ranges->count && ranges->at[gone].end <= end)
        gone++;
    if (gone < ranges->count && ranges->at[gone].start < end)
        ranges->at[gone].start = end;
    memmove(ranges->at + first, ranges->at + gone, (ranges->count - gone) * sizeof(*ranges->at));
    ranges->count -= gone - first;
    for (size_t i = first; i < ranges->count; i++) {
        ranges->at[i].start = ranges->at[i].start - splice.removed + splice.added;
        ranges->at[i].end = ranges->at[i].end - splice.removed + splice.added;
    }
    if (splice.added > 0)
        range_insert(ranges, first, (struct geometry_range){splice.at, splice.at + splice.added});
    return RC_OK;
}

void geometry_ranges_release(struct geometry_ranges *ranges)
{
    free(ranges->at);
    *ranges = (struct geometry_ranges){0};
}
