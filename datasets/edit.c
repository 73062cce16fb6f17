#include "datasets/edit.h"

#include <string.h>

struct rng edit_stream(uint64_t seed, const char *name, uint32_t file, uint32_t version)
{
    return rng_stream(seed, name, (uint64_t)file << 32 | version);
}

struct edit_window edit_window_draw(struct rng *rng, size_t len, size_t min, size_t max)
{
    struct edit_window window;
    window.len = min + (size_t)rng_below(rng, max - min + 1);
    if (window.len > len)
        window.len = len;
    window.start = (size_t)rng_below(rng, len - window.len + 1);
    return window;
}

/* Bytes of source[0..len) at random positions; dst may lie inside source. */
static void draw_bytes(struct rng *rng, uint8_t *dst, size_t dst_len, const uint8_t *source,
                       size_t len)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz .,\n";
    for (size_t i = 0; i < dst_len; i++)
        dst[i] = len != 0 ? source[rng_below(rng, len)]
                          : (uint8_t)letters[rng_below(rng, sizeof(letters) - 1)];
}

static void overwrite(struct buf *content, struct rng *rng, struct edit_window window,
                      struct span palette)
{
    struct span source = palette.len != 0 ? palette : buf_span(content);
    draw_bytes(rng, content->ptr + window.start, window.len, source.ptr, source.len);
}

static enum rc insert(struct buf *content, struct rng *rng, struct edit_window window,
                      struct span palette, struct err *err)
{
    size_t at = window.start, len = window.len;
    size_t before = content->len;
    enum rc rc = buf_resize(content, before + len, err);
    if (rc != RC_OK)
        return rc;
    uint8_t *gap = content->ptr + at;
    memmove(gap + len, gap, before - at);
    /* The first `before` bytes are content or, in the gap, a copy of it: all are initialised. */
    struct span source = palette.len != 0 ? palette : span_of(content->ptr, before);
    draw_bytes(rng, gap, len, source.ptr, source.len);
    return RC_OK;
}

static void erase(struct buf *content, struct edit_window window)
{
    size_t end = window.start + window.len;
    memmove(content->ptr + window.start, content->ptr + end, content->len - end);
    content->len -= window.len;
}

enum rc edit_apply(struct buf *content, struct rng *rng, struct err *err)
{
    return edit_apply_from(content, rng, (struct span){0}, err);
}

enum rc edit_apply_from(struct buf *content, struct rng *rng, struct span palette, struct err *err)
{
    size_t len = content->len;
    uint64_t kind = rng_below(rng, 100);
    if (len == 0)
        kind = 65;
    else if (kind >= 45 && kind < 85 && len > BLOB_BYTES_MAX - 16 * KIB)
        kind = 0;

    if (kind < 45) {
        overwrite(content, rng, edit_window_draw(rng, len, 1 * KIB, 4 * KIB), palette);
    } else if (kind < 65) {
        size_t inserted = 1 + (size_t)rng_below(rng, 4 * KIB);
        struct edit_window window = {(size_t)rng_below(rng, len + 1), inserted};
        return insert(content, rng, window, palette, err);
    } else if (kind < 85) {
        size_t appended = 1 * KIB + (size_t)rng_below(rng, 15 * KIB + 1);
        return insert(content, rng, (struct edit_window){len, appended}, palette, err);
    } else if (kind < 95) {
        size_t most = len / 2 < 4 * KIB ? len / 2 : 4 * KIB;
        if (most > 0)
            erase(content, edit_window_draw(rng, len, 1, most));
    } else {
        size_t quarter = len / 4 > 0 ? len / 4 : 1;
        overwrite(content, rng, edit_window_draw(rng, len, quarter, quarter), palette);
    }
    return RC_OK;
}
