/* db.h: the one place that opens SQLite.
 *
 * The engine owns the connection, its PRAGMAs and its transactions.  Every PRAGMA is set, read
 * back, and refused when it did not take effect (an unknown PRAGMA returns SQLITE_OK; a page size
 * cannot change in WAL mode): what is recorded is what was in force.  While strategy code runs an
 * authorizer denies BEGIN/COMMIT/SAVEPOINT, PRAGMA, ATTACH and DETACH.
 *
 * Durability levels (docs/durability.md), survive process kill / survive power loss:
 *   none              synchronous=OFF, WAL        yes / may corrupt the store
 *   consistent        WAL + NORMAL                yes / intact, newest commits may be missing
 *   durable           WAL + FULL (default)        yes / every acknowledged commit
 *   durable-rollback  TRUNCATE journal + FULL     yes / every acknowledged commit
 *
 * Checkpoints are the engine's too: wal_autocheckpoint is 0, and db_commit checkpoints (TRUNCATE
 * mode, see docs/durability.md) when the WAL has reached `checkpoint_pages` frames, inside the
 * timed operation, as the library's automatic checkpoint would.
 *
 * State after failure: once any call but db_open returns an error other than RC_NOTFOUND the
 * transaction is in an unknown state; the store above poisons itself.
 * Threading: one thread per db.
 */
#ifndef ENGINE_DB_H
#define ENGINE_DB_H

#include <sqlite3.h>

#include "engine/io.h"
#include "engine/opt.h"

enum durability {
    DURABILITY_NONE,
    DURABILITY_CONSISTENT,
    DURABILITY_DURABLE,
    DURABILITY_DURABLE_ROLLBACK,
    DURABILITY_COUNT
};
const char *durability_name(enum durability level);
MUST_CHECK enum rc durability_parse(const char *text, enum durability *out, struct err *err);

/* Settings a user may choose per SQL strategy, as option rows (db_opts) appended to its own. */
struct db_settings {
    uint64_t page_size;
    uint64_t cache_bytes;
    uint64_t mmap_bytes;
    uint64_t checkpoint_pages;
    bool secure_delete; /* off by default and recorded: Debian's build turns it on */
    bool shared;        /* no option: with other connections of this process, see below */
};
/* A shared connection runs in locking_mode=NORMAL, waits for locks at most DB_BUSY_MS, and never
 * checkpoints of its own accord: readers would keep it from truncating the WAL, which then would be
 * restarted over stale frames (docs/durability.md).  Settle it when it is the only one left. */
enum { DB_BUSY_MS = 30000 };
extern const struct opt db_opts[];
/* What the rows cannot say: the page size is a power of two.  `owner` names the store. */
MUST_CHECK enum rc db_settings_check(const struct db_settings *settings, const char *owner,
                                     struct err *err);

struct db_pragma {
    char name[32];
    char value[64];
};
#define DB_PRAGMAS_MAX 24

#define DB_BLOBS_MAX 8

/* Does not move while it is open: SQLite and the VFS hold its address. */
struct db {
    sqlite3 *handle;
    struct io *io;
    struct vfs *vfs;
    struct db_settings settings;
    enum durability durability;
    sqlite3_stmt *begin, *commit, *rollback, *begin_read;
    bool guard;     /* strategy code is running: the authorizer denies */
    bool created;   /* no schema was in the file when it was opened */
    bool wal_fresh; /* the WAL restarts with the next commit, which syncs its header once more */
    uint64_t wal_frames; /* in the WAL after the last commit */
    uint64_t checkpoints;
    /* Incremental handles kept for reuse: an open one pins a read transaction, so checkpoints and
     * rollbacks close them first. */
    sqlite3_blob **blobs[DB_BLOBS_MAX];
    size_t blob_count;
    struct db_pragma pragmas[DB_PRAGMAS_MAX]; /* read back after opening */
    size_t pragma_count;
};

#define DB_FILE_NAME "blobs.db"
/* Written to the database header; `file` and `verify` know a store of ours by it. */
#define DB_APPLICATION_ID 0x626c6266 /* "blbf" */
#define DB_USER_VERSION   1

/* Open or create DB_FILE_NAME in `io`.  RC_CORRUPT when the file is not SQLite or not ours. */
MUST_CHECK enum rc db_open(struct db *db, struct io *io, enum durability durability,
                           const struct db_settings *settings, struct err *err);
/* Checkpoints nothing by itself; closes statements of the engine.  Strategy statements must be
 * finalised before.  Accepts a zeroed db. */
MUST_CHECK enum rc db_close(struct db *db, struct err *err);

MUST_CHECK enum rc db_begin(struct db *db, struct err *err); /* BEGIN IMMEDIATE */
MUST_CHECK enum rc db_commit(struct db *db, struct err *err);
/* Around the statements of one read on a shared connection: all see the same snapshot, and the next
 * read sees what was committed since. */
MUST_CHECK enum rc db_begin_read(struct db *db, struct err *err);
MUST_CHECK enum rc db_end_read(struct db *db, struct err *err);
/* Commit only; db_checkpoint_if_due separately (the store meters the two apart). */
MUST_CHECK enum rc db_checkpoint_if_due(struct db *db, struct err *err);
MUST_CHECK enum rc db_rollback(struct db *db, struct err *err);
/* Move everything from the WAL into the database and truncate the WAL; no-op in rollback mode. */
MUST_CHECK enum rc db_checkpoint(struct db *db, struct err *err);

/* ---- for strategies -------------------------------------------------------------------------- */

/* Run schema SQL without results; only inside init, where the engine has a transaction open. */
MUST_CHECK enum rc db_exec(struct db *db, const char *sql, struct err *err);
/* Prepare once, persistent.  *out is finalised by the caller with db_finalize. */
MUST_CHECK enum rc db_prepare(struct db *db, const char *sql, sqlite3_stmt **out, struct err *err);
void db_finalize(sqlite3_stmt **stmt);
/* Step to the next row: RC_OK with a row, RC_NOTFOUND when done (the statement is reset then).
 * On error the statement is reset and the message names the SQL. */
MUST_CHECK enum rc db_step(struct db *db, sqlite3_stmt *stmt, struct err *err);
/* Step a statement that returns no rows; resets it. */
MUST_CHECK enum rc db_run(struct db *db, sqlite3_stmt *stmt, struct err *err);
/* Binding: a failure is a bug or memory; remembered and returned by the next db_step/db_run is not
 * SQLite's habit, so these check.  Blobs are bound SQLITE_STATIC: keep them until the reset. */
MUST_CHECK enum rc db_bind_int(struct db *db, sqlite3_stmt *stmt, int index, int64_t value,
                               struct err *err);
MUST_CHECK enum rc db_bind_blob(struct db *db, sqlite3_stmt *stmt, int index, struct span bytes,
                                struct err *err);
/* A blob column as borrowed bytes, valid until the next step or reset. */
struct span db_column_blob(sqlite3_stmt *stmt, int index);

/* Incremental read of table.column at `rowid` straight into the caller's memory: one copy, no
 * malloc.  *handle is NULL at first and is kept for reuse (sqlite3_blob_reopen); release it with
 * db_blob_close before closing or before the row's table changes shape.  The db remembers the
 * address of *handle until db_close, and sets it to NULL before a checkpoint or a rollback: it lies
 * in the strategy's state, never on the stack.  Reads `len` bytes at `offset`; RC_NOTFOUND when
 * there is no such row, RC_CORRUPT when the blob is shorter. */
MUST_CHECK enum rc db_blob_read(struct db *db, sqlite3_blob **handle, const char *table,
                                const char *column, int64_t rowid, uint8_t *dst, size_t len,
                                uint64_t offset, struct err *err);
void db_blob_close(sqlite3_blob **handle);

/* Map an SQLite result to RC_*, recording the message with `what` as context. */
enum rc db_fail(struct db *db, int sqlite_rc, struct err *err, const char *what);

/* ---- for metering ---------------------------------------------------------------------------- */

struct db_sizes {
    uint64_t page_size, page_count, freelist_count;
    uint64_t table_bytes, index_bytes; /* whole pages, by dbstat joined with sqlite_schema */
};
/* Walks dbstat: reads the whole file; call outside every timed and metered window. */
MUST_CHECK enum rc db_measure(struct db *db, struct db_sizes *out, struct err *err);
/* PRAGMA integrity_check; RC_CORRUPT with the first line of its report. */
MUST_CHECK enum rc db_integrity(struct db *db, struct err *err);

#endif
