#include "cli/plan_source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- opening --------------------------------------------------------------------------------- */

/* O_NONBLOCK: opening a FIFO must not wait for a writer. */
enum { OPEN_FLAGS = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY };

static enum rc read_all(struct plan_source *source, int fd, struct err *err)
{
    struct stat info;
    if (fstat(fd, &info) != 0)
        return FAIL(err, RC_IO, errno, "cannot read the plan \"%s\"", Q(source->path));
    if (!S_ISREG(info.st_mode))
        return FAIL(err, RC_USAGE, 0, "cannot read the plan \"%s\": not a regular file",
                    Q(source->path));
    source->device = info.st_dev;
    source->inode = info.st_ino;
    /* One byte more than is allowed: a file may grow while it is read, and /proc says 0. */
    enum rc rc = buf_resize(&source->text, PLAN_SOURCE_BYTES_MAX + 1, err);
    size_t used = 0;
    while (rc == RC_OK && used < source->text.len) {
        ssize_t got = read(fd, source->text.ptr + used, source->text.len - used);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return FAIL(err, RC_IO, errno, "cannot read the plan \"%s\"", Q(source->path));
        if (got == 0)
            break;
        used += (size_t)got;
    }
    if (rc == RC_OK && used > PLAN_SOURCE_BYTES_MAX)
        rc = FAIL(err, RC_USAGE, 0, "cannot read the plan \"%s\": expected at most %zu bytes",
                  Q(source->path), PLAN_SOURCE_BYTES_MAX);
    source->text.len = used;
    return rc;
}

static enum rc take_descriptor(struct plan_source *source, int fd, struct err *err)
{
    if (fd < 0)
        return FAIL(err, RC_USAGE, errno, "cannot read the plan \"%s\"", Q(source->path));
    enum rc rc = read_all(source, fd, err);
    (void)close(fd);
    return rc;
}

enum rc plan_source_open(struct plan_source *source, const char *path, struct err *err)
{
    *source = (struct plan_source){.path = path};
    return take_descriptor(source, open(path, OPEN_FLAGS), err);
}

/* One part of the name after another, each of them no link: nothing that is renamed meanwhile leads
 * outside, either. */
static int open_below(const char *folder, const char *name)
{
    char part[256];
    int at = open(folder, O_RDONLY | O_CLOEXEC | O_DIRECTORY);
    while (at >= 0) {
        size_t len = strcspn(name, "/");
        bool last = name[len] == '\0';
        if (len >= sizeof(part)) {
            (void)close(at);
            errno = ENAMETOOLONG;
            return -1;
        }
        memcpy(part, name, len);
        part[len] = '\0';
        int next = openat(at, part, O_NOFOLLOW | (last ? OPEN_FLAGS : OPEN_FLAGS | O_DIRECTORY));
        int why = errno;
        (void)close(at);
        errno = why;
        at = next;
        if (last)
            break;
        name += len + 1;
    }
    return at;
}

/* NULL, or what is wrong with the name of a file below the plan's folder. */
static const char *name_defect(const char *name)
{
    if (name[0] == '/')
        return "is absolute";
    for (const char *part = name;; part++) {
        size_t len = strcspn(part, "/");
        if (len == 0)
            return "has an empty part";
        if (strncmp(part, ".", len) == 0 || (len == 2 && strncmp(part, "..", len) == 0))
            return "has a part \".\" or \"..\"";
        part += len;
        if (*part == '\0')
            return NULL;
    }
}

enum rc plan_source_open_below(struct plan_source *source, const char *folder, const char *name,
                               const char *path, struct err *err)
{
    *source = (struct plan_source){.path = path};
    const char *defect = name_defect(name);
    if (defect)
        return FAIL(err, RC_USAGE, 0, "\"%s\" %s (expected a file below the plan's own folder)",
                    Q(name), defect);
    int fd = open_below(folder, name);
    if (fd < 0 && (errno == ELOOP || errno == ENOTDIR))
        return FAIL(err, RC_USAGE, 0,
                    "\"%s\" is reached through a link or no folder (expected a file below the "
                    "plan's own folder)",
                    Q(name));
    return take_descriptor(source, fd, err);
}

void plan_source_release(struct plan_source *source)
{
    buf_release(&source->text);
}

/* ---- lines ----------------------------------------------------------------------------------- */

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t';
}

/* NULL, or what no line of text holds. */
static const char *line_defect(struct span line)
{
    if (line.len > PLAN_SOURCE_LINE_MAX)
        return "a line longer than 64 KiB";
    if (line.len && line.ptr[line.len - 1] == '\r')
        return "the line ends in CR LF (expected LF alone)";
    for (size_t i = 0; i < line.len;) {
        size_t len = utf8_sequence(line.ptr + i, line.len - i);
        if (line.ptr[i] == '\0')
            return "a NUL byte";
        if ((line.ptr[i] < 0x20 && line.ptr[i] != '\t') || line.ptr[i] == 0x7f)
            return "a control byte";
        if (len == 0)
            return "not valid UTF-8";
        i += len;
    }
    return NULL;
}

enum rc plan_source_next(struct plan_source *source, struct span *line, struct err *err)
{
    const uint8_t *start = source->text.ptr + source->at;
    size_t left = source->text.len - source->at;
    if (left == 0)
        return RC_NOTFOUND;
    const uint8_t *end = memchr(start, '\n', left);
    *line = span_of(start, end ? (size_t)(end - start) : left);
    source->at += line->len + (end != NULL);
    source->line++;
    const char *defect = line_defect(*line);
    if (source->line == 1 && line->len >= 3 && memcmp(line->ptr, "\xef\xbb\xbf", 3) == 0)
        defect = "the file begins with a byte-order mark (expected plain UTF-8)";
    if (defect)
        return FAIL(err, RC_USAGE, 0, "%s:%u: %s", Q(source->path), source->line, defect);
    while (line->len && is_blank(line->ptr[0]))
        *line = span_of(line->ptr + 1, line->len - 1);
    while (line->len && is_blank(line->ptr[line->len - 1]))
        line->len--;
    return RC_OK;
}
