#include "engine/pack.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

enum { NUMBER_BYTES_MAX = 10 };

/* ---- writing --------------------------------------------------------------------------------- */

void pack_bytes(struct pack *pack, struct span bytes)
{
    if (pack->rc == RC_OK)
        pack->rc = buf_append(pack->out, bytes, pack->err);
}

void pack_number(struct pack *pack, uint64_t value)
{
    uint8_t bytes[NUMBER_BYTES_MAX];
    size_t len = 0;
    for (; value >= 0x80; value >>= 7)
        bytes[len++] = (uint8_t)(value | 0x80);
    bytes[len++] = (uint8_t)value;
    pack_bytes(pack, span_of(bytes, len));
}

void pack_signed(struct pack *pack, int64_t value)
{
    uint64_t twice = (uint64_t)value << 1;
    pack_number(pack, value < 0 ? ~twice : twice);
}

void pack_text(struct pack *pack, struct span text)
{
    pack_number(pack, text.len);
    pack_bytes(pack, text);
}

/* ---- reading --------------------------------------------------------------------------------- */

void unpack_refuse(struct unpack *unpack, size_t at, const char *fmt, ...)
{
    char what[400];
    va_list args;
    if (unpack->rc != RC_OK)
        return;
    va_start(args, fmt);
    (void)vsnprintf(what, sizeof(what), fmt, args);
    va_end(args);
    unpack->rc = FAIL(unpack->err, RC_USAGE, 0, "\"%s\": byte %zu: %s", Q(unpack->file), at, what);
}

struct span unpack_bytes(struct unpack *unpack, size_t len, const char *what)
{
    size_t left = unpack->bytes.len - unpack->at;
    if (unpack->rc == RC_OK && len > left)
        unpack_refuse(unpack, unpack->at, "%s: expected %zu bytes, got %zu", what, len, left);
    if (unpack->rc != RC_OK)
        return span_of(NULL, 0);
    struct span bytes = span_of(unpack->bytes.ptr + unpack->at, len);
    unpack->at += len;
    return bytes;
}

/* The next number, of any size; false when there is none. */
static bool take_number(struct unpack *unpack, const char *what, uint64_t *out)
{
    size_t start = unpack->at, len = 0;
    uint64_t value = 0;
    uint8_t byte = 0x80;
    if (unpack->rc != RC_OK)
        return false;
    for (; byte & 0x80; len++) {
        if (start + len == unpack->bytes.len) {
            unpack_refuse(unpack, start, "%s: expected a number, got the end", what);
            return false;
        }
        byte = unpack->bytes.ptr[start + len];
        if (len == NUMBER_BYTES_MAX - 1 ? byte > 1 : len > 0 && byte == 0) {
            unpack_refuse(unpack, start, "%s: expected a number in its shortest form, below 2^64",
                          what);
            return false;
        }
        value |= (uint64_t)(byte & 0x7f) << (7 * len);
    }
    unpack->at = start + len;
    *out = value;
    return true;
}

uint64_t unpack_number(struct unpack *unpack, uint64_t min, uint64_t max, const char *what)
{
    size_t start = unpack->at;
    uint64_t value = 0;
    if (!take_number(unpack, what, &value))
        return 0;
    if (value >= min && value <= max)
        return value;
    unpack_refuse(unpack, start, "%s: expected %" PRIu64 "..%" PRIu64 ", got %" PRIu64, what, min,
                  max, value);
    return 0;
}

int64_t unpack_signed(struct unpack *unpack, const char *what)
{
    uint64_t value = 0;
    if (!take_number(unpack, what, &value))
        return 0;
    uint64_t half = value >> 1;
    return value & 1 ? -(int64_t)half - 1 : (int64_t)half;
}

struct span unpack_text(struct unpack *unpack, size_t max, const char *what)
{
    size_t len = (size_t)unpack_number(unpack, 0, max, what);
    return unpack_bytes(unpack, len, what);
}
