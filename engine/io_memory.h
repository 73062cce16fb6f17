/* io_memory.h: the trace of the in-memory back end, from which crash states are rebuilt.
 *
 * With tracing on (io_open_memory(&io, true, ...)) every operation that changed the tree or made it
 * durable is appended, after it succeeded, to one list in the order in which it happened, whether
 * SQLite (through vfs.h) or a strategy did it.  Operations that failed, that changed nothing, or
 * that a hook skipped or failed are absent: a lying disk leaves no trace.
 *
 * The state of the tree after the first n operations is a pure function of those n entries,
 * starting from an empty root.  A file is an inode, a number that is never used twice; a directory
 * is its name.  The shapes:
 *
 *   kind      name    name2   inode     offset     bytes/len  meaning
 *   CREATE    file            new file                        an empty file under a free name
 *   UNLINK    file            its file                        the name is gone, the inode may stay
 *   RENAME    from    to      the file                        `to` is replaced when it existed
 *   LINK      from    to      the file                        a second name, `to` was free
 *   MKDIR     dir                                             a new empty directory
 *   WRITE                     the file  position   content    grows the file; a gap reads as zeros
 *   TRUNCATE                  the file  new size              grown bytes read as zeros
 *   SYNC                      the file                        its content and size are durable
 *   SYNC_DIR  dir                                             entries of `dir` durable; "" is root
 *   MARK                                value                 set by io_memory_mark
 *
 * Which earlier entries a SYNC or SYNC_DIR makes durable is the crash model's business
 * (docs/durability.md), not recorded here.  A file opened with IO_DELETE_ON_CLOSE is a CREATE
 * followed at once by an UNLINK.
 *
 * Ownership: names and bytes belong to the tree and live until io_close or io_memory_trace_clear;
 * the array itself moves when the next operation is appended.
 */
#ifndef ENGINE_IO_MEMORY_H
#define ENGINE_IO_MEMORY_H

#include "engine/io.h"

enum io_trace_kind {
    IO_TRACE_CREATE,
    IO_TRACE_UNLINK,
    IO_TRACE_RENAME,
    IO_TRACE_LINK,
    IO_TRACE_MKDIR,
    IO_TRACE_WRITE,
    IO_TRACE_TRUNCATE,
    IO_TRACE_SYNC,
    IO_TRACE_SYNC_DIR,
    IO_TRACE_MARK,
    IO_TRACE_KIND_COUNT
};
const char *io_trace_kind_name(enum io_trace_kind kind);

struct io_trace_op {
    enum io_trace_kind kind;
    bool data_only;           /* sync: fdatasync would have done */
    uint64_t inode;           /* 0 where no file is concerned */
    uint64_t offset;          /* write, truncate, mark */
    const char *name, *name2; /* NULL where the table has none */
    const uint8_t *bytes;     /* write only */
    size_t len;
};

/* The trace so far; *count is 0 when tracing is off.  `io` must be a memory tree. */
const struct io_trace_op *io_memory_trace(const struct io *io, size_t *count);
/* Append a marker, for example "transaction n acknowledged".  No-op when tracing is off. */
MUST_CHECK enum rc io_memory_mark(struct io *io, uint64_t value, struct err *err);
/* Forget the trace, keep the tree. */
void io_memory_trace_clear(struct io *io);

#endif
