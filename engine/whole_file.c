#include "engine/whole_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

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

enum rc whole_file_read(const char *path, uint64_t max, struct buf *out, struct err *err)
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
