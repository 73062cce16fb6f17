#include "engine/pack.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* ---- files ----------------------------------------------------------------------------------- */

static enum rc read_all(int fd, const char *path, uint64_t max, struct buf *out, struct err *err)
{
    struct stat info;
    if (fstat(fd, &info) != 0)
        return FAIL(err, RC_IO, errno, "cannot read \"%s\"", Q(path));
    if (!S_ISREG(info.st_mode))
        return FAIL(err, RC_USAGE, 0, "cannot read \"%s\": not a regular file", Q(path));
    if ((uint64_t)info.st_size > max)
        return FAIL(err, RC_USAGE, 0,
                    "cannot read \"%s\": %" PRIu64 " bytes (expected at most %" PRIu64 ")", Q(path),
                    (uint64_t)info.st_size, max);
    enum rc rc = buf_resize(out, (size_t)info.st_size, err);
    for (size_t used = 0; rc == RC_OK && used < out->len;) {
        ssize_t got = read(fd, out->ptr + used, out->len - used);
        if (got > 0)
            used += (size_t)got;
        else if (got == 0)
            rc = FAIL(err, RC_IO, 0, "\"%s\" became shorter while it was read", Q(path));
        else if (errno != EINTR)
            rc = FAIL(err, RC_IO, errno, "cannot read \"%s\"", Q(path));
    }
    return rc;
}

enum rc pack_file_read(const char *path, uint64_t max, struct buf *out, struct err *err)
{
    /* O_NONBLOCK: opening a FIFO must not wait for a writer. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        bool named_wrongly = errno == ENOENT || errno == ENOTDIR || errno == ENAMETOOLONG;
        return FAIL(err, named_wrongly ? RC_USAGE : RC_IO, errno, "cannot read \"%s\"", Q(path));
    }
    enum rc rc = read_all(fd, path, max, out, err);
    (void)close(fd);
    return rc;
}
