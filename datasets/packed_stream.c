#include "datasets/packed_stream.h"

#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

/* What may follow the end of an archive: padding to a record, and then some. */
#define REST_MAX ((uint64_t)64 * MIB)
/* What the library itself gives for a fault of the format: no errno. */
enum { STEP = 1 << 16, MAGIC_LEN = 6, ERRNO_FORMAT = -1 };

static bool has_magic(int fd, const void *magic, size_t len)
{
    uint8_t head[MAGIC_LEN];
    return pread(fd, head, len, 0) == (ssize_t)len && memcmp(head, magic, len) == 0;
}

static bool is_gzip(int fd)
{
    return has_magic(fd, "\x1f\x8b", 2);
}

bool packed_stream_suits(int fd)
{
    return is_gzip(fd) || has_magic(fd, "BZh", 3) ||
           has_magic(fd,
                     "\xfd"
                     "7zXZ\0",
                     6) ||
           has_magic(fd, "\x28\xb5\x2f\xfd", 4);
}

static enum rc open_gzip(struct packed_stream *stream, int fd, struct err *err)
{
    int own = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    stream->gz = own >= 0 ? gzdopen(own, "rb") : NULL;
    if (!stream->gz && own >= 0)
        (void)close(own);
    return stream->gz ? RC_OK : FAIL(err, RC_NOMEM, errno, "cannot prepare to read gzip");
}

static enum rc open_raw(struct packed_stream *stream, int fd, const char *path, struct err *err)
{
    struct archive_entry *entry;
    struct archive *raw = stream->raw = archive_read_new();
    /* What the library cannot do itself it would ask another program for: not this. */
    if (!raw || archive_read_support_format_raw(raw) != ARCHIVE_OK ||
        archive_read_support_filter_bzip2(raw) != ARCHIVE_OK ||
        archive_read_support_filter_xz(raw) != ARCHIVE_OK ||
        archive_read_support_filter_zstd(raw) != ARCHIVE_OK)
        return FAIL(err, RC_NOMEM, 0, "cannot prepare to read a compressed file");
    if (archive_read_open_fd(raw, fd, STEP) != ARCHIVE_OK ||
        archive_read_next_header(raw, &entry) != ARCHIVE_OK)
        return FAIL(err, RC_IO, 0, "archive \"%s\" is damaged: %s", Q(path),
                    Q(archive_error_string(raw)));
    return RC_OK;
}

enum rc packed_stream_open(struct packed_stream *stream, int fd, const char *path, struct err *err)
{
    enum rc rc = buf_resize(&stream->block, STEP, err);
    if (rc != RC_OK)
        return rc;
    return is_gzip(fd) ? open_gzip(stream, fd, err) : open_raw(stream, fd, path, err);
}

static ssize_t read_gzip(struct packed_stream *stream)
{
    int number = Z_OK, got = gzread(stream->gz, stream->block.ptr, STEP);
    const char *text = gzerror(stream->gz, &number);
    /* A file that is cut off gives what there is, and says so beside. */
    if (got >= 0 && number == Z_OK)
        return got;
    const char *behind_name = strstr(text, ">: ");
    (void)snprintf(stream->defect, sizeof(stream->defect), "gzip: %s",
                   number == Z_BUF_ERROR ? "it is cut off"
                   : behind_name         ? behind_name + 3
                                         : text);
    return -1;
}

static ssize_t read_raw(struct packed_stream *stream)
{
    la_ssize_t got = archive_read_data(stream->raw, stream->block.ptr, STEP);
    if (got >= 0)
        return got;
    const char *text = archive_error_string(stream->raw);
    (void)snprintf(stream->defect, sizeof(stream->defect), "%s", text ? text : "no reason given");
    return -1;
}

static ssize_t read_block(struct packed_stream *stream)
{
    return stream->gz ? read_gzip(stream) : read_raw(stream);
}

la_ssize_t packed_stream_read(struct archive *archive, void *ctx, const void **bytes)
{
    struct packed_stream *stream = ctx;
    ssize_t got = read_block(stream);
    *bytes = stream->block.ptr;
    if (got < 0)
        archive_set_error(archive, ERRNO_FORMAT, "%s", stream->defect);
    return got < 0 ? ARCHIVE_FATAL : got;
}

bool packed_stream_finish(struct packed_stream *stream)
{
    uint64_t rest = 0;
    ssize_t got;
    while ((got = read_block(stream)) > 0) {
        rest += (uint64_t)got;
        if (rest > REST_MAX) {
            (void)snprintf(stream->defect, sizeof(stream->defect),
                           "more than 64 MiB follow its end");
            return false;
        }
    }
    return got == 0;
}

void packed_stream_release(struct packed_stream *stream)
{
    if (stream->gz)
        (void)gzclose(stream->gz);
    if (stream->raw)
        (void)archive_read_free(stream->raw);
    buf_release(&stream->block);
    *stream = (struct packed_stream){0};
}
