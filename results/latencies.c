#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/hash.h"
#include "engine/whole_file.h"
#include "results/record_parts.h"

static const uint8_t magic[8] = "BFLAT\0\0\1";

#define HEADER_LEN  ((size_t)16)
#define ITEM_LEN    ((size_t)16)
#define TRAILER_LEN sizeof(((struct hash128 *)0)->bytes)
/* 4 GiB of latencies are no study's. */
#define FILE_BYTES_MAX ((uint64_t)4 * GIB)

static void put_le(uint8_t *dst, uint64_t value, size_t len)
{
    for (size_t i = 0; i < len; i++)
        dst[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t get_le(const uint8_t *src, size_t len)
{
    uint64_t value = 0;
    for (size_t i = 0; i < len; i++)
        value |= (uint64_t)src[i] << (8 * i);
    return value;
}

static enum rc encode(const struct latency *items, size_t count, struct buf *out, struct err *err)
{
    if (count > (FILE_BYTES_MAX - HEADER_LEN - TRAILER_LEN) / ITEM_LEN)
        return FAIL(err, RC_USAGE, 0, "%zu latencies are more than a file holds", count);
    enum rc rc = buf_resize(out, HEADER_LEN + count * ITEM_LEN, err);
    if (rc != RC_OK)
        return rc;
    memcpy(out->ptr, magic, sizeof(magic));
    put_le(out->ptr + sizeof(magic), count, 8);
    uint8_t *at = out->ptr + HEADER_LEN;
    for (size_t i = 0; i < count; i++, at += ITEM_LEN) {
        put_le(at, items[i].ns, 8);
        put_le(at + 8, items[i].bytes, 4);
        put_le(at + 12, items[i].op, 4);
    }
    struct hash128 hash = hash_xxh128(buf_span(out));
    return buf_append(out, span_of(hash.bytes, sizeof(hash.bytes)), err);
}

enum rc latencies_write(const char *path, const struct latency *items, size_t count,
                        struct err *err)
{
    struct buf bytes = {0};
    enum rc rc = encode(items, count, &bytes, err);
    if (rc == RC_OK)
        rc = record_parent_make(path, err);
    if (rc == RC_OK)
        rc = record_file_replace(path, buf_span(&bytes), err);
    buf_release(&bytes);
    return rc;
}

static enum rc decode(const char *path, struct span bytes, struct latency **items, size_t *count,
                      struct err *err)
{
    if (bytes.len < HEADER_LEN + TRAILER_LEN || memcmp(bytes.ptr, magic, sizeof(magic)) != 0)
        return FAIL(err, RC_CORRUPT, 0, "\"%s\" is not a file of latencies", Q(path));
    struct hash128 hash;
    size_t body = bytes.len - TRAILER_LEN;
    memcpy(hash.bytes, bytes.ptr + body, sizeof(hash.bytes));
    if (!hash128_equal(hash, hash_xxh128(span_of(bytes.ptr, body))))
        return FAIL(err, RC_CORRUPT, 0, "\"%s\" is damaged: its hash does not match", Q(path));
    uint64_t stated = get_le(bytes.ptr + sizeof(magic), 8);
    if ((body - HEADER_LEN) % ITEM_LEN != 0 || stated != (body - HEADER_LEN) / ITEM_LEN)
        return FAIL(err, RC_CORRUPT, 0, "\"%s\" does not hold as many latencies as it says",
                    Q(path));
    /* One more than needed, so that an empty file does not give NULL. */
    struct latency *out = calloc((size_t)stated + 1, sizeof(*out));
    if (out == NULL)
        return FAIL(err, RC_NOMEM, 0, "no memory for the latencies of \"%s\"", Q(path));
    const uint8_t *at = bytes.ptr + HEADER_LEN;
    for (size_t i = 0; i < stated; i++, at += ITEM_LEN) {
        out[i].ns = get_le(at, 8);
        out[i].bytes = (uint32_t)get_le(at + 8, 4);
        out[i].op = (uint32_t)get_le(at + 12, 4);
        if (out[i].op >= LATENCY_OP_COUNT) {
            free(out);
            return FAIL(err, RC_CORRUPT, 0, "\"%s\" holds an operation of unknown kind at %zu",
                        Q(path), i);
        }
    }
    *items = out;
    *count = (size_t)stated;
    return RC_OK;
}

enum rc latencies_read(const char *path, struct latency **items, size_t *count, struct err *err)
{
    struct buf bytes = {0};
    *items = NULL;
    *count = 0;
    enum rc rc = whole_file_read(path, FILE_BYTES_MAX, &bytes, err);
    if (rc == RC_OK)
        rc = decode(path, buf_span(&bytes), items, count, err);
    buf_release(&bytes);
    return rc;
}

char *latencies_name(char dst[128], uint32_t run, const char *phase)
{
    snprintf(dst, 128, "raw/%04u-%.100s.lat", (unsigned)run, phase);
    return dst;
}
