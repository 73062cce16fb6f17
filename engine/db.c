/* db.c: statements, transactions and checkpoints on the one connection; see db_open.c for how it
 * is set up. */
#include "engine/db.h"

#include <string.h>

#include "engine/vfs.h"

static const char *const durability_names[DURABILITY_COUNT] = {"none", "consistent", "durable",
                                                               "durable-rollback"};

const char *durability_name(enum durability level)
{
    CHECK((unsigned)level < DURABILITY_COUNT);
    return durability_names[level];
}

enum rc durability_parse(const char *text, enum durability *out, struct err *err)
{
    for (size_t i = 0; i < DURABILITY_COUNT; i++) {
        if (strcmp(text, durability_names[i]) == 0) {
            *out = (enum durability)i;
            return RC_OK;
        }
    }
    FAIL(err, RC_USAGE, 0,
         "unknown durability \"%s\": none, consistent, durable or durable-rollback", Q(text));
    const char *near = nearest_word(text, durability_names, DURABILITY_COUNT);
    if (near != NULL)
        err_hint(err, "did you mean \"%s\"?", near);
    return RC_USAGE;
}

/* ---- errors ---------------------------------------------------------------------------------- */

static enum rc rc_of_sqlite(int code)
{
    if (code == SQLITE_IOERR_NOMEM)
        return RC_NOMEM;
    switch (code & 0xff) {
    case SQLITE_NOMEM: return RC_NOMEM;
    case SQLITE_FULL: return RC_FULL;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return RC_CORRUPT;
    case SQLITE_INTERRUPT: return RC_INTERRUPTED;
    case SQLITE_MISUSE:
    case SQLITE_RANGE:
    case SQLITE_AUTH:
    case SQLITE_CONSTRAINT:
    case SQLITE_LOCKED: return RC_BUG;
    default: return RC_IO;
    }
}

/* SQLite reduces what the file layer said to a number; these codes are the ones it gives then. */
static bool from_files(int code)
{
    int primary = code & 0xff;
    return primary == SQLITE_IOERR || primary == SQLITE_FULL || primary == SQLITE_CANTOPEN;
}

enum rc db_fail(struct db *db, int sqlite_rc, struct err *err, const char *what)
{
    CHECK(sqlite_rc != SQLITE_OK && sqlite_rc != SQLITE_ROW && sqlite_rc != SQLITE_DONE);
    const char *text = db->handle != NULL && sqlite3_errcode(db->handle) == sqlite_rc
                           ? sqlite3_errmsg(db->handle)
                           : sqlite3_errstr(sqlite_rc);
    enum rc rc = rc_of_sqlite(sqlite_rc);
    const struct err *below = db->vfs != NULL ? vfs_last_error(db->vfs) : NULL;
    if (from_files(sqlite_rc) && rc != RC_NOMEM && below != NULL && below->rc != RC_OK) {
        rc = FAIL(err, below->rc == RC_NOTFOUND ? rc : below->rc, 0, "%s: %s: %s (SQLite %d)", what,
                  text, below->msg, sqlite_rc);
        if (err->sys == 0)
            err->sys = below->sys;
        return rc;
    }
    return FAIL(err, rc, 0, "%s: %s (SQLite %d)", what, Q(text), sqlite_rc);
}

/* ---- statements ------------------------------------------------------------------------------ */

enum rc db_exec(struct db *db, const char *sql, struct err *err)
{
    int code = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? RC_OK : db_fail(db, code, err, Q(sql));
}

enum rc db_prepare(struct db *db, const char *sql, sqlite3_stmt **out, struct err *err)
{
    *out = NULL;
    int code = sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL);
    if (code != SQLITE_OK)
        return db_fail(db, code, err, Q(sql));
    if (*out == NULL)
        return FAIL(err, RC_BUG, 0, "no statement in \"%s\"", Q(sql));
    return RC_OK;
}

void db_finalize(sqlite3_stmt **stmt)
{
    /* Returns the error of the last step again, which was reported then. */
    (void)sqlite3_finalize(*stmt);
    *stmt = NULL;
}

enum rc db_step(struct db *db, sqlite3_stmt *stmt, struct err *err)
{
    int code = sqlite3_step(stmt);
    if (code == SQLITE_ROW)
        return RC_OK;
    enum rc rc = RC_NOTFOUND;
    if (code != SQLITE_DONE)
        rc = db_fail(db, code, err, Q(sqlite3_sql(stmt)));
    (void)sqlite3_reset(stmt);
    return rc;
}

enum rc db_run(struct db *db, sqlite3_stmt *stmt, struct err *err)
{
    enum rc rc = db_step(db, stmt, err);
    if (rc == RC_NOTFOUND)
        return RC_OK;
    if (rc == RC_OK) {
        rc = FAIL(err, RC_BUG, 0, "\"%s\" returned a row where none belongs", Q(sqlite3_sql(stmt)));
        (void)sqlite3_reset(stmt);
    }
    return rc;
}

enum rc db_bind_int(struct db *db, sqlite3_stmt *stmt, int index, int64_t value, struct err *err)
{
    int code = sqlite3_bind_int64(stmt, index, value);
    return code == SQLITE_OK ? RC_OK : db_fail(db, code, err, Q(sqlite3_sql(stmt)));
}

enum rc db_bind_blob(struct db *db, sqlite3_stmt *stmt, int index, struct span bytes,
                     struct err *err)
{
    /* A NULL pointer would bind NULL, which is not an empty blob. */
    int code = bytes.len == 0
                   ? sqlite3_bind_zeroblob(stmt, index, 0)
                   : sqlite3_bind_blob64(stmt, index, bytes.ptr, bytes.len, SQLITE_STATIC);
    return code == SQLITE_OK ? RC_OK : db_fail(db, code, err, Q(sqlite3_sql(stmt)));
}

struct span db_column_blob(sqlite3_stmt *stmt, int index)
{
    const void *ptr = sqlite3_column_blob(stmt, index);
    int len = sqlite3_column_bytes(stmt, index);
    return span_of(ptr, ptr != NULL ? (size_t)len : 0);
}

/* ---- incremental reads ----------------------------------------------------------------------- */

static enum rc blob_remember(struct db *db, sqlite3_blob **handle, struct err *err)
{
    for (size_t i = 0; i < db->blob_count; i++) {
        if (db->blobs[i] == handle)
            return RC_OK;
    }
    if (db->blob_count == DB_BLOBS_MAX)
        return FAIL(err, RC_BUG, 0, "more than %d incremental blob handles", DB_BLOBS_MAX);
    db->blobs[db->blob_count++] = handle;
    return RC_OK;
}

static void blobs_close(struct db *db)
{
    for (size_t i = 0; i < db->blob_count; i++)
        db_blob_close(db->blobs[i]);
}

/* SQLITE_OK, or the code of the failure with *handle NULL. */
static int blob_seek(struct db *db, sqlite3_blob **handle, const char *table, const char *column,
                     int64_t rowid)
{
    if (*handle != NULL) {
        int code = sqlite3_blob_reopen(*handle, rowid);
        if (code == SQLITE_OK)
            return code;
        /* The handle is of no use any more.  ABORT: it had expired, which says nothing about the
         * row. */
        (void)sqlite3_blob_close(*handle);
        *handle = NULL;
        if (code != SQLITE_ABORT)
            return code;
    }
    return sqlite3_blob_open(db->handle, "main", table, column, rowid, 0, handle);
}

enum rc db_blob_read(struct db *db, sqlite3_blob **handle, const char *table, const char *column,
                     int64_t rowid, uint8_t *dst, size_t len, uint64_t offset, struct err *err)
{
    if (*handle == NULL) {
        enum rc rc = blob_remember(db, handle, err);
        if (rc != RC_OK)
            return rc;
    }
    int code = blob_seek(db, handle, table, column, rowid);
    if (code != SQLITE_OK) {
        /* A missing row shares its code with a missing table; only the text tells them apart. */
        static const char no_row[] = "no such rowid:";
        if (code == SQLITE_ERROR &&
            strncmp(sqlite3_errmsg(db->handle), no_row, sizeof no_row - 1) == 0)
            return RC_NOTFOUND;
        return db_fail(db, code, err, table);
    }
    uint64_t total = (uint64_t)sqlite3_blob_bytes(*handle);
    if (offset > total || len > total - offset)
        return FAIL(err, RC_CORRUPT, 0,
                    "%s.%s of row %lld has %llu bytes where %zu at offset %llu are expected", table,
                    column, (long long)rowid, (unsigned long long)total, len,
                    (unsigned long long)offset);
    code = sqlite3_blob_read(*handle, dst, (int)len, (int)offset);
    return code == SQLITE_OK ? RC_OK : db_fail(db, code, err, table);
}

void db_blob_close(sqlite3_blob **handle)
{
    (void)sqlite3_blob_close(*handle);
    *handle = NULL;
}

/* ---- transactions and checkpoints ------------------------------------------------------------ */

/* The engine's own statements pass the authorizer, also when SQLite prepares them again. */
static enum rc run_unguarded(struct db *db, sqlite3_stmt *stmt, struct err *err)
{
    bool guard = db->guard;
    db->guard = false;
    enum rc rc = db_run(db, stmt, err);
    db->guard = guard;
    return rc;
}

enum rc db_begin(struct db *db, struct err *err)
{
    return run_unguarded(db, db->begin, err);
}

enum rc db_commit(struct db *db, struct err *err)
{
    return run_unguarded(db, db->commit, err);
}

enum rc db_begin_read(struct db *db, struct err *err)
{
    return run_unguarded(db, db->begin_read, err);
}

enum rc db_end_read(struct db *db, struct err *err)
{
    blobs_close(db);
    return run_unguarded(db, db->commit, err);
}

enum rc db_rollback(struct db *db, struct err *err)
{
    blobs_close(db);
    /* After some errors SQLite has rolled back by itself. */
    if (sqlite3_get_autocommit(db->handle))
        return RC_OK;
    return run_unguarded(db, db->rollback, err);
}

static enum rc left_open(struct db *db, struct err *err)
{
    sqlite3_stmt *stmt = NULL;
    while ((stmt = sqlite3_next_stmt(db->handle, stmt)) != NULL) {
        if (sqlite3_stmt_busy(stmt)) {
            const char *sql = sqlite3_sql(stmt);
            return FAIL(err, RC_BUG, 0, "checkpoint: a statement was not reset: \"%s\"",
                        Q(sql != NULL ? sql : "incremental blob read"));
        }
    }
    return FAIL(err, RC_BUG, 0, "checkpoint: a transaction is open");
}

enum rc db_checkpoint(struct db *db, struct err *err)
{
    if (db->durability == DURABILITY_DURABLE_ROLLBACK || db->wal_fresh)
        return RC_OK;
    blobs_close(db);
    int code =
        sqlite3_wal_checkpoint_v2(db->handle, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    if (code == SQLITE_LOCKED)
        return left_open(db, err);
    if (code != SQLITE_OK)
        return db_fail(db, code, err, "checkpoint");
    db->wal_fresh = true;
    db->wal_frames = 0;
    db->checkpoints++;
    return RC_OK;
}

enum rc db_checkpoint_if_due(struct db *db, struct err *err)
{
    bool due = db->wal_frames >= db->settings.checkpoint_pages && !db->settings.shared;
    return due ? db_checkpoint(db, err) : RC_OK;
}

enum rc db_close(struct db *db, struct err *err)
{
    enum rc rc = RC_OK;
    blobs_close(db);
    db_finalize(&db->begin);
    db_finalize(&db->commit);
    db_finalize(&db->rollback);
    db_finalize(&db->begin_read);
    int code = sqlite3_close(db->handle);
    if (code == SQLITE_BUSY) {
        /* Its files must be closed before the VFS goes, whoever forgot a statement. */
        sqlite3_stmt *stmt = sqlite3_next_stmt(db->handle, NULL);
        const char *sql = stmt != NULL ? sqlite3_sql(stmt) : NULL;
        rc = FAIL(err, RC_BUG, 0, "a statement was not finalized: \"%s\"",
                  Q(sql != NULL ? sql : "incremental blob read"));
        for (; stmt != NULL; stmt = sqlite3_next_stmt(db->handle, NULL))
            (void)sqlite3_finalize(stmt);
        code = sqlite3_close(db->handle);
        CHECK(code == SQLITE_OK);
    } else if (code != SQLITE_OK) {
        rc = db_fail(db, code, err, "close");
    }
    db->handle = NULL;
    vfs_unregister(db->vfs);
    memset(db, 0, sizeof *db);
    return rc;
}

/* ---- metering -------------------------------------------------------------------------------- */

/* The integers of the first row of `sql`. */
static enum rc row_of_ints(struct db *db, const char *sql, uint64_t *const *out, int count,
                           struct err *err)
{
    sqlite3_stmt *stmt = NULL;
    bool guard = db->guard;
    db->guard = false;
    enum rc rc = db_prepare(db, sql, &stmt, err);
    if (rc == RC_OK)
        rc = db_step(db, stmt, err);
    if (rc == RC_NOTFOUND)
        rc = FAIL(err, RC_IO, 0, "\"%s\" gave no row", Q(sql));
    for (int i = 0; rc == RC_OK && i < count; i++)
        *out[i] = (uint64_t)sqlite3_column_int64(stmt, i);
    db_finalize(&stmt);
    db->guard = guard;
    return rc;
}

enum rc db_measure(struct db *db, struct db_sizes *out, struct err *err)
{
    *out = (struct db_sizes){0};
    enum rc rc = row_of_ints(
        db,
        "SELECT page_size, page_count, freelist_count FROM pragma_page_size, "
        "pragma_page_count, pragma_freelist_count",
        (uint64_t *const[]){&out->page_size, &out->page_count, &out->freelist_count}, 3, err);
    if (rc != RC_OK)
        return rc;
    /* dbstat knows b-trees by name; what is no index is a table: also sqlite_schema itself, which
     * has no row of its own, and WITHOUT ROWID tables. */
    return row_of_ints(db,
                       "SELECT total(iif(s.type = 'index', 0, d.pgsize)), "
                       "total(iif(s.type = 'index', d.pgsize, 0)) "
                       "FROM dbstat('main', 1) AS d LEFT JOIN sqlite_schema AS s USING (name)",
                       (uint64_t *const[]){&out->table_bytes, &out->index_bytes}, 2, err);
}

enum rc db_integrity(struct db *db, struct err *err)
{
    sqlite3_stmt *stmt = NULL;
    bool guard = db->guard;
    db->guard = false;
    enum rc rc = db_prepare(db, "PRAGMA integrity_check(1)", &stmt, err);
    if (rc == RC_OK)
        rc = db_step(db, stmt, err);
    if (rc == RC_NOTFOUND)
        rc = FAIL(err, RC_IO, 0, "integrity_check gave no answer");
    if (rc == RC_OK) {
        const char *answer = (const char *)sqlite3_column_text(stmt, 0);
        if (answer == NULL || strcmp(answer, "ok") != 0)
            rc = FAIL(err, RC_CORRUPT, 0, "integrity_check: %s",
                      Q(answer != NULL ? answer : "no text"));
    }
    db_finalize(&stmt);
    db->guard = guard;
    return rc;
}
