/* io.h: the metered file layer.  Every byte a store reads or writes passes here: strategies that
 * keep files of their own call it directly, SQLite reaches it through vfs.h.
 *
 * A `struct io` is one directory tree (a store's) on one back end:
 *   posix   real files below a directory, addressed relative to its descriptor;
 *   memory  an in-memory file system that can keep a trace of every operation in global order,
 *           from which later tests rebuild the states a crash may leave (docs/durability.md).
 * Both are reached through one const table, so what is tested on one holds on the other.
 *
 * The meter counts calls and bytes per kind of file.  Reads through mmap are counted as mapped
 * bytes, so they are not missed.  Counting is not timing: no clock is read here.
 *
 * A hook sees every operation before it happens and may let it pass, fail it, or silently skip it
 * (a lying disk): the seam for fault injection.
 *
 * Names are relative, '/'-separated, without "." or ".." components and shorter than IO_NAME_MAX;
 * anything else, and the name of the lock file, is RC_USAGE.  Links are never followed.
 * Threading: one thread per struct io.
 */
#ifndef ENGINE_IO_H
#define ENGINE_IO_H

#include "engine/buf.h"

#define IO_NAME_MAX 240

enum io_kind { IO_DATABASE, IO_WAL, IO_JOURNAL, IO_TEMP, IO_EXTERNAL, IO_KIND_COUNT };
const char *io_kind_name(enum io_kind kind);

enum io_op {
    IO_OP_OPEN,
    IO_OP_READ,
    IO_OP_MAP,
    IO_OP_WRITE,
    IO_OP_TRUNCATE,
    IO_OP_SYNC,
    IO_OP_CLOSE,
    IO_OP_RENAME,
    IO_OP_LINK,
    IO_OP_UNLINK,
    IO_OP_MKDIR,
    IO_OP_SYNC_DIR,
    IO_OP_COUNT
};
const char *io_op_name(enum io_op op);

struct io_counts {
    uint64_t calls[IO_OP_COUNT];
    uint64_t read_bytes, mapped_bytes, write_bytes;
};
struct io_meter {
    struct io_counts kind[IO_KIND_COUNT];
};
/* out = now - before, field by field. */
void io_meter_delta(const struct io_meter *now, const struct io_meter *before,
                    struct io_meter *out);
/* All file syncs (fsync, fdatasync) of all kinds plus directory syncs. */
uint64_t io_meter_syncs(const struct io_meter *meter);
uint64_t io_meter_write_bytes(const struct io_meter *meter);
/* Read plus mapped bytes. */
uint64_t io_meter_read_bytes(const struct io_meter *meter);

/* One operation, as hooks and traces see it.  Pointers are valid during the call only. */
struct io_event {
    enum io_op op;
    enum io_kind kind;
    const char *name, *name2; /* name2: rename and link target, else NULL */
    uint64_t offset;          /* write, truncate (new size), read, map */
    size_t len;
    const uint8_t *bytes; /* write only */
    bool created;         /* open that created the file */
};
enum io_verdict { IO_PASS, IO_SKIP /* report success, do nothing */, IO_FAIL /* with *sys */ };
struct io_hook {
    enum io_verdict (*before)(void *ctx, const struct io_event *event, int *sys);
    void *ctx;
};

struct io_backend; /* io_backend.h: the table a back end fills */
struct io {
    const struct io_backend *ops;
    void *state;        /* the back end's */
    const void *family; /* the same for those that share a tree */
    struct io_meter meter;
    struct io_hook hook; /* hook.before NULL: none */
};

/* Open the tree rooted at an existing directory and take its lock file: a second opener gets
 * RC_IO "in use by another process".  `root` is kept by descriptor. */
MUST_CHECK enum rc io_open_posix(struct io *io, const char *root, struct err *err);
/* The tree of `owner`, which io_open_posix opened and which outlives *io, for another thread: under
 * the owner's lock, with a meter of its own.  RC_UNSUPPORTED for other back ends. */
MUST_CHECK enum rc io_open_shared(struct io *io, const struct io *owner, struct err *err);
/* An empty in-memory tree; `trace` keeps every operation (see io_memory.h). */
MUST_CHECK enum rc io_open_memory(struct io *io, bool trace, struct err *err);
/* Accepts a zeroed io.  Files must be closed before. */
void io_close(struct io *io);

struct io_file {
    struct io *io;
    void *handle; /* NULL: not open */
    enum io_kind kind;
    char name[IO_NAME_MAX];
};

enum io_flags {
    IO_READ_ONLY = 1u << 0,
    IO_CREATE = 1u << 1,         /* create if missing */
    IO_EXCLUSIVE = 1u << 2,      /* with IO_CREATE: fail if it exists */
    IO_DELETE_ON_CLOSE = 1u << 3 /* the name goes at once, so a killed process leaves nothing */
};

/* RC_NOTFOUND when the file is missing and IO_CREATE is not given; RC_CORRUPT when it is not a
 * regular file.  `*created` may be NULL. */
MUST_CHECK enum rc io_file_open(struct io *io, const char *name, enum io_kind kind, unsigned flags,
                                struct io_file *out, bool *created, struct err *err);
/* Reads up to len bytes; *got < len only at the end of the file. */
MUST_CHECK enum rc io_file_read(struct io_file *file, void *dst, size_t len, uint64_t offset,
                                size_t *got, struct err *err);
/* Writes all of len or fails (short writes are continued, EINTR retried). */
MUST_CHECK enum rc io_file_write(struct io_file *file, const void *src, size_t len, uint64_t offset,
                                 struct err *err);
MUST_CHECK enum rc io_file_truncate(struct io_file *file, uint64_t size, struct err *err);
/* Data and the metadata needed to read it back are durable when this returns (fdatasync suffices
 * only when `data_only`). */
MUST_CHECK enum rc io_file_sync(struct io_file *file, bool data_only, struct err *err);
MUST_CHECK enum rc io_file_size(struct io_file *file, uint64_t *size, struct err *err);
/* Map the first `len` bytes read-only; RC_UNSUPPORTED on back ends without mmap.  Counted when
 * bytes are fetched (io_file_count_mapped), not when mapped. */
MUST_CHECK enum rc io_file_map(struct io_file *file, uint64_t len, const uint8_t **ptr,
                               struct err *err);
void io_file_unmap(struct io_file *file, const uint8_t *ptr, uint64_t len);
void io_file_count_mapped(struct io_file *file, size_t len);
/* Always releases the handle; reports a failed close.  Accepts a zeroed file. */
MUST_CHECK enum rc io_file_close(struct io_file *file, struct err *err);

MUST_CHECK enum rc io_rename(struct io *io, enum io_kind kind, const char *from, const char *to,
                             struct err *err);
/* Hard link: RC_IO with EEXIST when `to` exists; never replaces. */
MUST_CHECK enum rc io_link(struct io *io, enum io_kind kind, const char *from, const char *to,
                           struct err *err);
/* RC_NOTFOUND when there is no such file. */
MUST_CHECK enum rc io_unlink(struct io *io, enum io_kind kind, const char *name, struct err *err);
/* Not an error when it exists as a directory; *created says which (may be NULL). */
MUST_CHECK enum rc io_mkdir(struct io *io, const char *name, bool *created, struct err *err);
/* Make directory entries durable; "" is the root. */
MUST_CHECK enum rc io_sync_dir(struct io *io, enum io_kind kind, const char *name, struct err *err);
/* Have the next read of this file come from the device: written through, then dropped from the page
 * cache.  Back ends without one do nothing, and file systems in memory keep what they have.  No
 * operation of a store: neither counted nor shown to the hook. */
MUST_CHECK enum rc io_drop_cache(struct io *io, const char *name, struct err *err);
/* Size of a regular file; RC_NOTFOUND when missing; RC_CORRUPT when it is not a regular file. */
MUST_CHECK enum rc io_stat(struct io *io, const char *name, uint64_t *size, struct err *err);
/* Calls `visit` for every regular file below `dir` ("" is the root), in ascending byte order of
 * the relative name, lock file excluded; a non-OK rc from visit stops and is returned. */
MUST_CHECK enum rc io_list(struct io *io, const char *dir,
                           enum rc (*visit)(void *ctx, const char *name, uint64_t size,
                                            struct err *err),
                           void *ctx, struct err *err);
#define IO_LOCK_NAME "lock"

#endif
