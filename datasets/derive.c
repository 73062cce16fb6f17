#include "datasets/derive.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "datasets/edit.h"

uint32_t derive_origin(uint64_t seed, uint32_t fork, uint32_t base_count)
{
    struct rng rng = rng_stream(seed, "files.fork", fork);
    return (uint32_t)rng_below(&rng, base_count);
}

enum rc derive_content(struct buf *content, uint64_t seed, uint32_t file, uint32_t from,
                       uint32_t to, struct err *err)
{
    enum rc rc = RC_OK;
    for (uint32_t v = from; v <= to && rc == RC_OK; v++) {
        struct rng rng = edit_stream(seed, "files.edit", file, v);
        rc = edit_apply(content, &rng, err);
    }
    return rc;
}

enum rc derive_path(const char *origin, uint32_t fork,
                    bool (*taken)(const void *ctx, const char *path), const void *ctx,
                    struct buf *out, struct err *err)
{
    const char *slash = strrchr(origin, '/');
    const char *name = slash ? slash + 1 : origin;
    const char *dot = strrchr(name, '.');
    /* A leading dot hides a file, it does not begin an extension. */
    size_t stem = dot && dot != name ? (size_t)(dot - origin) : strlen(origin);
    char mark[64];
    int len = snprintf(mark, sizeof(mark), "-fork%04" PRIu32, fork + 1);
    /* The number tells forks apart; a real file may have that very name. */
    for (;;) {
        buf_clear(out);
        enum rc rc = buf_append(out, span_of(origin, stem), err);
        if (rc == RC_OK)
            rc = buf_printf(out, err, "%s%s", mark, origin + stem);
        if (rc != RC_OK || !taken(ctx, buf_str(out)))
            return rc;
        int more = snprintf(mark + len, sizeof(mark) - (size_t)len, "-copy");
        if (more < 0 || (size_t)more >= sizeof(mark) - (size_t)len)
            return FAIL(err, RC_USAGE, 0, "\"%s\": no free name is left for a copy", Q(origin));
        len += more;
    }
}
