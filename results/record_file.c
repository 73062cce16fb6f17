#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/whole_file.h"
#include "results/record_parts.h"

enum rc record_read_file(const char *dir, const char *name, uint64_t max, struct buf *out,
                         struct err *err)
{
    struct buf path = {0};
    enum rc rc = buf_printf(&path, err, "%s/%s", dir, name);
    if (rc == RC_OK)
        rc = whole_file_read(buf_str(&path), max, out, err);
    buf_release(&path);
    return rc;
}

int record_file_write_all(int fd, struct span bytes)
{
    size_t used = 0;
    while (used < bytes.len) {
        ssize_t written = write(fd, bytes.ptr + used, bytes.len - used);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return errno;
        if (written == 0)
            return ENOSPC;
        used += (size_t)written;
    }
    return 0;
}

static enum rc append_bytes(int fd, const char *path, size_t len_before, struct span bytes,
                            struct err *err)
{
    enum rc rc = RC_OK;
    ssize_t written;
    do {
        written = write(fd, bytes.ptr, bytes.len);
    } while (written < 0 && errno == EINTR);
    if (written < 0)
        rc = FAIL(err, RC_IO, errno, "cannot append to \"%s\"", Q(path));
    else if ((size_t)written != bytes.len)
        rc = FAIL(err, RC_FULL, 0, "cannot append to \"%s\": only %zd of %zu bytes were taken",
                  Q(path), written, bytes.len);
    else if (fdatasync(fd) != 0)
        rc = FAIL(err, RC_IO, errno, "cannot sync \"%s\"", Q(path));
    if (rc != RC_OK && ftruncate(fd, (off_t)len_before) != 0)
        err_hint(err, "the last line may be torn; the next append removes it");
    return rc;
}

enum rc record_file_append(int fd, const char *path, size_t keep, struct span bytes,
                           struct err *err)
{
    struct stat info;
    if (fstat(fd, &info) != 0)
        return FAIL(err, RC_IO, errno, "cannot append to \"%s\"", Q(path));
    if ((uint64_t)info.st_size != keep && ftruncate(fd, (off_t)keep) != 0)
        return FAIL(err, RC_IO, errno, "cannot cut \"%s\" to %zu bytes", Q(path), keep);
    return append_bytes(fd, path, keep, bytes, err);
}

/* The folder part of `path` ("." without one), appended to `out`. */
static enum rc parent_of(const char *path, struct buf *out, struct err *err)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        return buf_printf(out, err, ".");
    return buf_append(out, span_of(path, slash == path ? 1 : (size_t)(slash - path)), err);
}

enum rc record_folder_sync(const char *path, struct err *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return FAIL(err, RC_IO, errno, "cannot open folder \"%s\"", Q(path));
    enum rc rc = RC_OK;
    if (fsync(fd) != 0)
        rc = FAIL(err, RC_IO, errno, "cannot sync folder \"%s\"", Q(path));
    close(fd);
    return rc;
}

/* A part that stands before others may be anything: what comes below it says what is wrong. */
static enum rc make_one(const char *path, bool last, struct err *err)
{
    if (mkdir(path, 0777) != 0) {
        struct stat info;
        int sys = errno;
        if (sys == EEXIST && (!last || (stat(path, &info) == 0 && S_ISDIR(info.st_mode))))
            return RC_OK;
        return FAIL(err, RC_IO, sys, "cannot create the folder \"%s\"", Q(path));
    }
    struct buf parent = {0};
    enum rc rc = parent_of(path, &parent, err);
    if (rc == RC_OK)
        rc = record_folder_sync(buf_str(&parent), err);
    buf_release(&parent);
    return rc;
}

enum rc record_folder_make(const char *path, struct err *err)
{
    struct buf part = {0};
    enum rc rc = RC_OK;
    size_t len = strlen(path);
    for (size_t at = 0; rc == RC_OK && at < len;) {
        while (path[at] == '/')
            at++;
        at += strcspn(path + at, "/");
        rc = buf_set(&part, span_of(path, at), err);
        if (rc == RC_OK)
            rc = make_one(buf_str(&part), at == len, err);
    }
    buf_release(&part);
    return rc;
}

enum rc record_parent_make(const char *path, struct err *err)
{
    struct buf parent = {0};
    enum rc rc = parent_of(path, &parent, err);
    if (rc == RC_OK)
        rc = make_one(buf_str(&parent), true, err);
    buf_release(&parent);
    return rc;
}

static enum rc write_temporary(const char *temporary, const char *path, struct span bytes,
                               struct err *err)
{
    /* A rename over /dev/full would replace the device. */
    struct stat info;
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode))
        return FAIL(err, RC_USAGE, 0, "cannot write \"%s\": not a regular file", Q(path));
    /* The name holds the process id and this program writes one file at a time: what stands there
     * is a leftover. */
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (fd < 0)
        return FAIL(err, RC_IO, errno, "cannot write \"%s\"", Q(path));
    int sys = record_file_write_all(fd, bytes);
    if (sys == 0 && fsync(fd) != 0)
        sys = errno;
    if (close(fd) != 0 && sys == 0)
        sys = errno;
    if (sys == 0 && rename(temporary, path) != 0)
        sys = errno;
    if (sys == 0)
        return RC_OK;
    unlink(temporary);
    return FAIL(err, RC_IO, sys, "cannot write \"%s\"", Q(path));
}

enum rc record_file_replace(const char *path, struct span bytes, struct err *err)
{
    struct buf temporary = {0}, parent = {0};
    enum rc rc = buf_printf(&temporary, err, "%s.%ld.tmp", path, (long)getpid());
    if (rc == RC_OK)
        rc = parent_of(path, &parent, err);
    if (rc == RC_OK)
        rc = write_temporary(buf_str(&temporary), path, bytes, err);
    if (rc == RC_OK)
        rc = record_folder_sync(buf_str(&parent), err);
    buf_release(&temporary);
    buf_release(&parent);
    return rc;
}

bool record_is_inner_name(const char *name)
{
    if (name[0] == '\0' || name[0] == '/')
        return false;
    for (const char *part = name; part != NULL; part = strchr(part, '/')) {
        part += *part == '/';
        size_t len = strcspn(part, "/");
        if (len == 0 || (len == 1 && part[0] == '.') || (len == 2 && memcmp(part, "..", 2) == 0))
            return false;
    }
    return true;
}

enum rc record_write_file(const char *dir, const char *name, struct span bytes, struct err *err)
{
    if (!record_is_inner_name(name))
        return FAIL(err, RC_USAGE, 0, "\"%s\" is not a name inside a study's folder", Q(name));
    struct buf path = {0};
    enum rc rc = buf_printf(&path, err, "%s/%s", dir, name);
    if (rc == RC_OK && strchr(name, '/') != NULL)
        rc = record_parent_make(buf_str(&path), err);
    if (rc == RC_OK)
        rc = record_file_replace(buf_str(&path), bytes, err);
    buf_release(&path);
    return rc;
}
