/* The layer between io.h and the back ends: names, hook, meter and messages.
 *
 * A call is counted when it is made, whether it then succeeds, fails or is skipped by the hook;
 * bytes are counted when the caller was told that they moved.  Refused names and arguments are
 * never counted.  size, stat and list are neither counted nor hooked: they move no data.
 *
 * What IO_SKIP means where "do nothing" is not possible: open, map and close are performed (there
 * is no handle to pretend with, and handles must not leak), and a skipped read returns zeros.
 */
#include "engine/io_backend.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

const char *io_kind_name(enum io_kind kind)
{
    static const char *const names[IO_KIND_COUNT] = {
        [IO_DATABASE] = "database", [IO_WAL] = "wal",           [IO_JOURNAL] = "journal",
        [IO_TEMP] = "temp",         [IO_EXTERNAL] = "external",
    };
    CHECK((unsigned)kind < IO_KIND_COUNT);
    return names[kind];
}

const char *io_op_name(enum io_op op)
{
    static const char *const names[IO_OP_COUNT] = {
        [IO_OP_OPEN] = "open",     [IO_OP_READ] = "read",         [IO_OP_MAP] = "map",
        [IO_OP_WRITE] = "write",   [IO_OP_TRUNCATE] = "truncate", [IO_OP_SYNC] = "sync",
        [IO_OP_CLOSE] = "close",   [IO_OP_RENAME] = "rename",     [IO_OP_LINK] = "link",
        [IO_OP_UNLINK] = "unlink", [IO_OP_MKDIR] = "mkdir",       [IO_OP_SYNC_DIR] = "sync_dir",
    };
    CHECK((unsigned)op < IO_OP_COUNT);
    return names[op];
}

/* ---- meter ---------------------------------------------------------------------------------- */

void io_meter_delta(const struct io_meter *now, const struct io_meter *before, struct io_meter *out)
{
    for (size_t kind = 0; kind < IO_KIND_COUNT; kind++) {
        const struct io_counts *a = &now->kind[kind], *b = &before->kind[kind];
        struct io_counts *d = &out->kind[kind];

        for (size_t op = 0; op < IO_OP_COUNT; op++)
            d->calls[op] = a->calls[op] - b->calls[op];
        d->read_bytes = a->read_bytes - b->read_bytes;
        d->mapped_bytes = a->mapped_bytes - b->mapped_bytes;
        d->write_bytes = a->write_bytes - b->write_bytes;
    }
}

uint64_t io_meter_syncs(const struct io_meter *meter)
{
    uint64_t sum = 0;

    for (size_t kind = 0; kind < IO_KIND_COUNT; kind++)
        sum += meter->kind[kind].calls[IO_OP_SYNC] + meter->kind[kind].calls[IO_OP_SYNC_DIR];
    return sum;
}

uint64_t io_meter_write_bytes(const struct io_meter *meter)
{
    uint64_t sum = 0;

    for (size_t kind = 0; kind < IO_KIND_COUNT; kind++)
        sum += meter->kind[kind].write_bytes;
    return sum;
}

uint64_t io_meter_read_bytes(const struct io_meter *meter)
{
    uint64_t sum = 0;

    for (size_t kind = 0; kind < IO_KIND_COUNT; kind++)
        sum += meter->kind[kind].read_bytes + meter->kind[kind].mapped_bytes;
    return sum;
}

/* ---- names, arguments, hook ----------------------------------------------------------------- */

static bool io_component_ok(const char *text, size_t len)
{
    return len > 0 && !(len == 1 && text[0] == '.') &&
           !(len == 2 && text[0] == '.' && text[1] == '.');
}

static bool io_name_ok(const char *name)
{
    if (!name || strnlen(name, IO_NAME_MAX) == IO_NAME_MAX || strcmp(name, IO_LOCK_NAME) == 0)
        return false;
    for (;;) {
        size_t len = strcspn(name, "/");

        if (!io_component_ok(name, len))
            return false;
        if (name[len] == '\0')
            return true;
        name += len + 1;
    }
}

static enum rc io_check_name(const char *name, struct err *err)
{
    if (io_name_ok(name))
        return RC_OK;
    if (!name)
        return FAIL(err, RC_USAGE, 0, "a file name is missing");
    return FAIL(err, RC_USAGE, 0,
                "file name \"%s\" is not a relative name of at most %d bytes without '.', '..' or "
                "empty parts, or is reserved",
                Q(name), IO_NAME_MAX - 1);
}

static enum rc io_check_dir(const char *name, struct err *err)
{
    return name && name[0] == '\0' ? RC_OK : io_check_name(name, err);
}

/* File offsets are signed in POSIX and in SQLite. */
static bool io_range_ok(uint64_t offset, uint64_t len)
{
    return offset <= INT64_MAX && len <= INT64_MAX - offset;
}

/* Count the call and ask the hook.  *sys is the errno to report when the verdict is IO_FAIL, else
 * 0; the caller lets the back end overwrite it. */
static enum io_verdict io_begin(struct io *io, const struct io_event *event, int *sys)
{
    enum io_verdict verdict;

    CHECK(io && io->ops);
    CHECK((unsigned)event->kind < IO_KIND_COUNT);
    io->meter.kind[event->kind].calls[event->op]++;
    *sys = 0;
    if (!io->hook.before)
        return IO_PASS;
    verdict = io->hook.before(io->hook.ctx, event, sys);
    if (verdict != IO_FAIL)
        *sys = 0;
    else if (*sys == 0)
        *sys = EIO;
    return verdict;
}

void io_close(struct io *io)
{
    if (!io->ops)
        return;
    io->ops->release(io->state);
    io->ops = NULL;
    io->state = NULL;
}

/* ---- files ---------------------------------------------------------------------------------- */

static struct io *io_of(const struct io_file *file)
{
    CHECK(file->io && file->handle);
    return file->io;
}

static enum rc io_open_failed(const char *name, enum io_kind kind, unsigned flags, int sys,
                              struct err *err)
{
    if (sys == ENOENT && !(flags & IO_CREATE))
        return RC_NOTFOUND;
    if (sys == EISDIR || sys == ELOOP)
        return FAIL(err, RC_CORRUPT, 0, "\"%s\" is not a regular file", Q(name));
    return FAIL(err, RC_IO, sys, "cannot %s %s file \"%s\"", flags & IO_CREATE ? "create" : "open",
                io_kind_name(kind), Q(name));
}

enum rc io_file_open(struct io *io, const char *name, enum io_kind kind, unsigned flags,
                     struct io_file *out, bool *created, struct err *err)
{
    struct io_event event = {.op = IO_OP_OPEN, .kind = kind, .name = name};
    enum rc rc = io_check_name(name, err);
    uint64_t size;
    int sys;

    memset(out, 0, sizeof(*out));
    if (created)
        *created = false;
    if (rc)
        return rc;
    if (io->hook.before && (flags & IO_CREATE))
        event.created = io->ops->stat(io->state, name, &size) == ENOENT;
    if (io_begin(io, &event, &sys) != IO_FAIL)
        sys = io->ops->open(io->state, name, flags, &out->handle, created);
    if (sys)
        return io_open_failed(name, kind, flags, sys, err);
    out->io = io;
    out->kind = kind;
    memcpy(out->name, name, strlen(name) + 1);
    return RC_OK;
}

enum rc io_file_read(struct io_file *file, void *dst, size_t len, uint64_t offset, size_t *got,
                     struct err *err)
{
    struct io *io = io_of(file);
    struct io_event event = {
        .op = IO_OP_READ, .kind = file->kind, .name = file->name, .offset = offset, .len = len};
    enum io_verdict verdict;
    int sys;

    *got = 0;
    if (!io_range_ok(offset, len))
        return FAIL(err, RC_USAGE, 0, "read of %zu bytes at %" PRIu64 " is out of range", len,
                    offset);
    verdict = io_begin(io, &event, &sys);
    if (verdict == IO_PASS) {
        sys = io->ops->read(io->state, file->handle, dst, len, offset, got);
    } else if (verdict == IO_SKIP) {
        if (len > 0)
            memset(dst, 0, len);
        *got = len;
    }
    if (sys) {
        *got = 0;
        return FAIL(err, RC_IO, sys, "cannot read %zu bytes at %" PRIu64 " of %s file \"%s\"", len,
                    offset, io_kind_name(file->kind), Q(file->name));
    }
    io->meter.kind[file->kind].read_bytes += *got;
    return RC_OK;
}

enum rc io_file_write(struct io_file *file, const void *src, size_t len, uint64_t offset,
                      struct err *err)
{
    struct io *io = io_of(file);
    struct io_event event = {.op = IO_OP_WRITE,
                             .kind = file->kind,
                             .name = file->name,
                             .offset = offset,
                             .len = len,
                             .bytes = src};
    int sys;

    if (!io_range_ok(offset, len))
        return FAIL(err, RC_USAGE, 0, "write of %zu bytes at %" PRIu64 " is out of range", len,
                    offset);
    if (io_begin(io, &event, &sys) == IO_PASS)
        sys = io->ops->write(io->state, file->handle, src, len, offset);
    if (sys)
        return FAIL(err, RC_IO, sys, "cannot write %zu bytes at %" PRIu64 " of %s file \"%s\"", len,
                    offset, io_kind_name(file->kind), Q(file->name));
    io->meter.kind[file->kind].write_bytes += len;
    return RC_OK;
}

enum rc io_file_truncate(struct io_file *file, uint64_t size, struct err *err)
{
    struct io *io = io_of(file);
    struct io_event event = {
        .op = IO_OP_TRUNCATE, .kind = file->kind, .name = file->name, .offset = size};
    int sys;

    if (!io_range_ok(size, 0))
        return FAIL(err, RC_USAGE, 0, "file size %" PRIu64 " is out of range", size);
    if (io_begin(io, &event, &sys) == IO_PASS)
        sys = io->ops->truncate(io->state, file->handle, size);
    if (sys)
        return FAIL(err, RC_IO, sys, "cannot set the size of %s file \"%s\" to %" PRIu64,
                    io_kind_name(file->kind), Q(file->name), size);
    return RC_OK;
}

enum rc io_file_sync(struct io_file *file, bool data_only, struct err *err)
{
    struct io *io = io_of(file);
    struct io_event event = {.op = IO_OP_SYNC, .kind = file->kind, .name = file->name};
    int sys;

    if (io_begin(io, &event, &sys) == IO_PASS)
        sys = io->ops->sync(io->state, file->handle, data_only);
    if (sys)
        return FAIL(err, RC_IO, sys, "cannot sync %s file \"%s\"", io_kind_name(file->kind),
                    Q(file->name));
    return RC_OK;
}

enum rc io_file_size(struct io_file *file, uint64_t *size, struct err *err)
{
    struct io *io = io_of(file);
    int sys = io->ops->size(io->state, file->handle, size);

    if (sys)
        return FAIL(err, RC_IO, sys, "cannot read the size of %s file \"%s\"",
                    io_kind_name(file->kind), Q(file->name));
    return RC_OK;
}

enum rc io_file_map(struct io_file *file, uint64_t len, const uint8_t **ptr, struct err *err)
{
    struct io *io = io_of(file);
    struct io_event event = {.op = IO_OP_MAP, .kind = file->kind, .name = file->name};
    int sys;

    *ptr = NULL;
    if (!io->ops->map)
        return FAIL(err, RC_UNSUPPORTED, 0, "files of the %s back end cannot be mapped",
                    io->ops->name);
    if (len == 0 || len > SIZE_MAX || !io_range_ok(0, len))
        return FAIL(err, RC_USAGE, 0, "map of %" PRIu64 " bytes is out of range", len);
    event.len = (size_t)len;
    if (io_begin(io, &event, &sys) != IO_FAIL)
        sys = io->ops->map(io->state, file->handle, len, ptr);
    if (sys)
        return FAIL(err, RC_IO, sys, "cannot map %" PRIu64 " bytes of %s file \"%s\"", len,
                    io_kind_name(file->kind), Q(file->name));
    return RC_OK;
}

void io_file_unmap(struct io_file *file, const uint8_t *ptr, uint64_t len)
{
    struct io *io = io_of(file);

    if (ptr)
        io->ops->unmap(io->state, ptr, len);
}

void io_file_count_mapped(struct io_file *file, size_t len)
{
    file->io->meter.kind[file->kind].mapped_bytes += len;
}

enum rc io_file_close(struct io_file *file, struct err *err)
{
    struct io_event event = {.op = IO_OP_CLOSE, .kind = file->kind, .name = file->name};
    int injected, sys;

    if (!file->handle)
        return RC_OK;
    (void)io_begin(file->io, &event, &injected);
    sys = file->io->ops->close(file->io->state, file->handle);
    file->handle = NULL;
    if (injected)
        sys = injected;
    if (sys)
        return FAIL(err, RC_IO, sys, "cannot close %s file \"%s\"", io_kind_name(file->kind),
                    Q(file->name));
    return RC_OK;
}

/* ---- names ---------------------------------------------------------------------------------- */

enum rc io_rename(struct io *io, enum io_kind kind, const char *from, const char *to,
                  struct err *err)
{
    struct io_event event = {.op = IO_OP_RENAME, .kind = kind, .name = from, .name2 = to};
    enum rc rc = io_check_name(from, err);
    int sys;

    if (rc == RC_OK)
        rc = io_check_name(to, err);
    if (rc)
        return rc;
    if (io_begin(io, &event, &sys) == IO_PASS)
        sys = io->ops->rename(io->state, from, to);
    if (sys)
        return FAIL(err, RC_IO, sys, "cannot rename \"%s\" to \"%s\"", Q(from), Q(to));
    return RC_OK;
}

enum rc io_link(struct io *io, enum io_kind kind, const char *from, const char *to, struct err *err)
{
    struct io_event event = {.op = IO_OP_LINK, .kind = kind, .name = from, .name2 = to};
    enum rc rc = io_check_name(from, err);
    int sys;

    if (rc == RC_OK)
        rc = io_check_name(to, err);
    if (rc)
        return rc;
    if (io_begin(io, &event, &sys) == IO_PASS)
        sys = io->ops->link(io->state, from, to);
    if (sys)
        return FAIL(err, RC_IO, sys, "cannot link \"%s\" to \"%s\"", Q(from), Q(to));
    return RC_OK;
}

enum rc io_unlink(struct io *io, enum io_kind kind, const char *name, struct err *err)
{
    struct io_event event = {.op = IO_OP_UNLINK, .kind = kind, .name = name};
    enum rc rc = io_check_name(name, err);
    int sys;

    if (rc)
        return rc;
    if (io_begin(io, &event, &sys) == IO_PASS)
        sys = io->ops->unlink(io->state, name);
    if (sys == ENOENT)
        return RC_NOTFOUND;
    if (sys)
        return FAIL(err, RC_IO, sys, "cannot delete %s file \"%s\"", io_kind_name(kind), Q(name));
    return RC_OK;
}

enum rc io_mkdir(struct io *io, const char *name, bool *created, struct err *err)
{
    struct io_event event = {.op = IO_OP_MKDIR, .kind = IO_EXTERNAL, .name = name};
    enum rc rc = io_check_name(name, err);
    int sys;

    if (created)
        *created = false;
    if (rc)
        return rc;
    if (io_begin(io, &event, &sys) == IO_PASS)
        sys = io->ops->mkdir(io->state, name);
    if (sys == EEXIST)
        return RC_OK;
    if (sys)
        return FAIL(err, RC_IO, sys, "cannot create directory \"%s\"", Q(name));
    if (created)
        *created = true;
    return RC_OK;
}

enum rc io_sync_dir(struct io *io, enum io_kind kind, const char *name, struct err *err)
{
    struct io_event event = {.op = IO_OP_SYNC_DIR, .kind = kind, .name = name};
    enum rc rc = io_check_dir(name, err);
    int sys;

    if (rc)
        return rc;
    if (io_begin(io, &event, &sys) == IO_PASS)
        sys = io->ops->sync_dir(io->state, name);
    if (sys)
        return FAIL(err, RC_IO, sys, "cannot sync directory \"%s\"", name[0] ? Q(name) : ".");
    return RC_OK;
}

enum rc io_drop_cache(struct io *io, const char *name, struct err *err)
{
    enum rc rc = io_check_name(name, err);
    int sys;

    if (rc || !io->ops->drop_cache)
        return rc;
    sys = io->ops->drop_cache(io->state, name);
    if (sys == ENOENT)
        return RC_NOTFOUND;
    if (sys)
        return FAIL(err, RC_IO, sys, "cannot drop file \"%s\" from the page cache", Q(name));
    return RC_OK;
}

enum rc io_stat(struct io *io, const char *name, uint64_t *size, struct err *err)
{
    enum rc rc = io_check_name(name, err);
    int sys;

    *size = 0;
    if (rc)
        return rc;
    sys = io->ops->stat(io->state, name, size);
    if (sys == ENOENT)
        return RC_NOTFOUND;
    if (sys == EISDIR)
        return FAIL(err, RC_CORRUPT, 0, "\"%s\" is not a regular file", Q(name));
    if (sys)
        return FAIL(err, RC_IO, sys, "cannot stat \"%s\"", Q(name));
    return RC_OK;
}

/* ---- list ----------------------------------------------------------------------------------- */

struct io_listed {
    uint64_t size;
    char name[IO_NAME_MAX];
};

/* Names are gathered before the first visit: the order is defined, and the visitor may create and
 * delete files. */
struct io_listing {
    struct io_listed *files;
    size_t count, cap;
};

static int io_gather(void *ctx, const char *name, uint64_t size)
{
    struct io_listing *listing = ctx;

    if (strcmp(name, IO_LOCK_NAME) == 0)
        return 0;
    if (listing->count == listing->cap) {
        size_t cap = listing->cap ? 2 * listing->cap : 64;
        struct io_listed *files = realloc(listing->files, cap * sizeof(*files));

        if (!files)
            return ENOMEM;
        listing->files = files;
        listing->cap = cap;
    }
    listing->files[listing->count].size = size;
    memcpy(listing->files[listing->count].name, name, strlen(name) + 1);
    listing->count++;
    return 0;
}

static int io_by_name(const void *a, const void *b)
{
    const struct io_listed *left = a, *right = b;

    return strcmp(left->name, right->name);
}

enum rc io_list(struct io *io, const char *dir,
                enum rc (*visit)(void *ctx, const char *name, uint64_t size, struct err *err),
                void *ctx, struct err *err)
{
    struct io_listing listing = {0};
    enum rc rc = io_check_dir(dir, err);
    int sys;

    if (rc)
        return rc;
    sys = io->ops->list(io->state, dir, io_gather, &listing);
    if (sys)
        rc = FAIL(err, RC_IO, sys, "cannot list directory \"%s\"", dir[0] ? Q(dir) : ".");
    else if (listing.count > 0)
        qsort(listing.files, listing.count, sizeof(*listing.files), io_by_name);
    for (size_t i = 0; rc == RC_OK && i < listing.count; i++)
        rc = visit(ctx, listing.files[i].name, listing.files[i].size, err);
    free(listing.files);
    return rc;
}
