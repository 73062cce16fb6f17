#include "engine/buf.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUF_LEN_MAX ((uint64_t)4 * GIB)
#define BUF_CAP_MIN ((uint64_t)64)

/* Memory is always cap + 1 bytes: buf_str must find room for its NUL without being able to fail. */
static bool set_cap(struct buf *buf, uint64_t cap)
{
    if (cap >= SIZE_MAX)
        return false;
    uint8_t *ptr = realloc(buf->ptr, (size_t)cap + 1);
    if (ptr == NULL)
        return false;
    buf->ptr = ptr;
    buf->cap = (size_t)cap;
    return true;
}

enum rc buf_reserve(struct buf *buf, size_t cap, struct err *err)
{
    if (buf->ptr != NULL && cap <= buf->cap)
        return RC_OK;
    if (cap > BUF_LEN_MAX)
        return FAIL(err, RC_NOMEM, 0, "a buffer of %zu bytes was asked for (at most %" PRIu64 ")",
                    cap, BUF_LEN_MAX);
    /* Growing by half keeps appends linear; if that much is not to be had, the need may be. */
    uint64_t ample = (uint64_t)buf->cap + buf->cap / 2;
    if (ample > BUF_LEN_MAX)
        ample = BUF_LEN_MAX;
    if (ample < BUF_CAP_MIN)
        ample = BUF_CAP_MIN;
    if (ample > cap && set_cap(buf, ample))
        return RC_OK;
    if (set_cap(buf, cap))
        return RC_OK;
    return FAIL(err, RC_NOMEM, 0, "no memory for a buffer of %zu bytes", cap);
}

enum rc buf_resize(struct buf *buf, size_t len, struct err *err)
{
    enum rc rc = buf_reserve(buf, len, err);
    if (rc == RC_OK)
        buf->len = len;
    return rc;
}

enum rc buf_set(struct buf *buf, struct span bytes, struct err *err)
{
    /* Bytes of the buf itself are at most cap long: then nothing moves before the copy. */
    enum rc rc = buf_resize(buf, bytes.len, err);
    if (rc == RC_OK && bytes.len != 0)
        memmove(buf->ptr, bytes.ptr, bytes.len);
    return rc;
}

enum rc buf_append(struct buf *buf, struct span bytes, struct err *err)
{
    if (bytes.len == 0)
        return RC_OK;
    if (bytes.len > SIZE_MAX - buf->len)
        return FAIL(err, RC_NOMEM, 0, "a buffer cannot grow by %zu bytes", bytes.len);
    /* A buf may be appended to itself; growing would leave the span behind. */
    uintptr_t from = (uintptr_t)bytes.ptr, own = (uintptr_t)buf->ptr;
    bool inside = buf->ptr != NULL && from >= own && from - own < buf->len;
    enum rc rc = buf_reserve(buf, buf->len + bytes.len, err);
    if (rc != RC_OK)
        return rc;
    memmove(buf->ptr + buf->len, inside ? buf->ptr + (from - own) : bytes.ptr, bytes.len);
    buf->len += bytes.len;
    return RC_OK;
}

enum rc buf_printf(struct buf *buf, struct err *err, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    enum rc rc;
    if (len < 0)
        rc = FAIL(err, RC_BUG, 0, "text could not be formatted with \"%s\"", Q(fmt));
    else
        rc = buf_reserve(buf, buf->len + (size_t)len, err);
    if (rc == RC_OK) {
        vsnprintf((char *)buf->ptr + buf->len, (size_t)len + 1, fmt, again);
        buf->len += (size_t)len;
    }
    va_end(again);
    return rc;
}

struct span buf_span(const struct buf *buf)
{
    return span_of(buf->ptr, buf->len);
}

void buf_clear(struct buf *buf)
{
    buf->len = 0;
}

void buf_release(struct buf *buf)
{
    free(buf->ptr);
    *buf = (struct buf){0};
}

const char *buf_str(struct buf *buf)
{
    if (buf->ptr == NULL)
        return "";
    buf->ptr[buf->len] = '\0';
    return (const char *)buf->ptr;
}
