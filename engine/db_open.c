/* db_open.c: opening the connection and putting every setting in force.
 *
 * One order, because SQLite's rules ask for it: locking mode before the first access (the VFS has
 * no shared memory), page size before the first page, identity before content is trusted, journal
 * mode before the level's synchronous.  temp_store keeps its default, so temporary files are real
 * files of the metered layer and show up as IO_TEMP.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "engine/db.h"
#include "engine/vfs.h"

#define WAL_FILE_NAME     DB_FILE_NAME "-wal"
#define JOURNAL_FILE_NAME DB_FILE_NAME "-journal"

/* The defaults are SQLite's own: 4 KiB pages, cache_size -2000 (that many KiB, so the row says
 * 2000k and not 2 MiB), no mmap, an automatic checkpoint at 1000 frames. */
const struct opt db_opts[] = {{.name = "page_size",
                               .type = OPT_SIZE,
                               .offset = offsetof(struct db_settings, page_size),
                               .min = 512,
                               .max = 65536,
                               .def = "4096",
                               .help = "bytes per database page, a power of two"},
                              {.name = "page_cache",
                               .type = OPT_SIZE,
                               .offset = offsetof(struct db_settings, cache_bytes),
                               .min = 65536,
                               .max = 1099511627776.0,
                               .def = "2000k",
                               .help = "page cache; SQLite's own default is 2000 KiB"},
                              {.name = "mmap",
                               .type = OPT_SIZE,
                               .offset = offsetof(struct db_settings, mmap_bytes),
                               .min = 0,
                               .max = 2147418112,
                               .def = "0",
                               .help = "read this much of the file through mmap"},
                              {.name = "checkpoint",
                               .type = OPT_COUNT,
                               .offset = offsetof(struct db_settings, checkpoint_pages),
                               .min = 1,
                               .max = 2147483647,
                               .def = "1000",
                               .help = "checkpoint when the WAL holds this many pages"},
                              {.name = "secure_delete",
                               .type = OPT_BOOL,
                               .offset = offsetof(struct db_settings, secure_delete),
                               .def = "off",
                               .help = "overwrite deleted content with zeros"},
                              {.name = NULL}};

enum rc db_settings_check(const struct db_settings *settings, const char *owner, struct err *err)
{
    uint64_t size = settings->page_size;
    if (size < 512 || size > 65536 || (size & (size - 1)) != 0)
        return FAIL(err, RC_USAGE, 0,
                    "%s: page_size %" PRIu64 " is not a power of two from 512 to 65536", owner,
                    size);
    return RC_OK;
}

static int authorize(void *ctx, int action, const char *a, const char *b, const char *c,
                     const char *d)
{
    (void)a, (void)b, (void)c, (void)d;
    const struct db *db = ctx;
    if (!db->guard)
        return SQLITE_OK;
    switch (action) {
    case SQLITE_TRANSACTION:
    case SQLITE_SAVEPOINT:
    case SQLITE_PRAGMA:
    case SQLITE_ATTACH:
    case SQLITE_DETACH: return SQLITE_DENY;
    default: return SQLITE_OK;
    }
}

static int wal_committed(void *ctx, sqlite3 *handle, const char *schema, int frames)
{
    (void)handle, (void)schema;
    struct db *db = ctx;
    db->wal_fresh = false;
    db->wal_frames = (uint64_t)frames;
    return SQLITE_OK;
}

/* ---- settings, set and read back ------------------------------------------------------------- */

static enum rc record(struct db *db, const char *name, const char *value, struct err *err)
{
    CHECK(db->pragma_count < DB_PRAGMAS_MAX);
    struct db_pragma *pragma = &db->pragmas[db->pragma_count];
    int name_len = snprintf(pragma->name, sizeof pragma->name, "%s", name);
    int value_len = snprintf(pragma->value, sizeof pragma->value, "%s", value);
    if (name_len >= (int)sizeof pragma->name || value_len >= (int)sizeof pragma->value)
        return FAIL(err, RC_IO, 0, "PRAGMA %s answers too much: \"%s\"", name, Q(value));
    db->pragma_count++;
    return RC_OK;
}

/* What `PRAGMA sql` answers; "" when it gives no row. */
static enum rc ask(struct db *db, const char *pragma, char *answer, size_t size, struct err *err)
{
    char sql[128];
    int len = snprintf(sql, sizeof sql, "PRAGMA %s", pragma);
    CHECK(len > 0 && len < (int)sizeof sql);
    sqlite3_stmt *stmt = NULL;
    enum rc rc = db_prepare(db, sql, &stmt, err);
    if (rc == RC_OK)
        rc = db_step(db, stmt, err);
    answer[0] = '\0';
    if (rc == RC_OK) {
        const char *text = (const char *)sqlite3_column_text(stmt, 0);
        (void)snprintf(answer, size, "%s", text != NULL ? text : "");
    }
    db_finalize(&stmt);
    return rc == RC_NOTFOUND ? RC_OK : rc;
}

/* Read the setting back; anything but `wanted` (in SQLite's spelling) did not take effect. */
static enum rc confirm(struct db *db, const char *name, const char *wanted, struct err *err)
{
    char got[64];
    enum rc rc = ask(db, name, got, sizeof got, err);
    if (rc != RC_OK)
        return rc;
    /* A file that cannot be mapped has no mmap_size to report. */
    if (got[0] == '\0' && strcmp(name, "mmap_size") == 0)
        (void)snprintf(got, sizeof got, "0");
    if (strcmp(got, wanted) != 0)
        return FAIL(err, RC_UNSUPPORTED, 0, "PRAGMA %s did not take effect: wanted %s, got \"%s\"",
                    name, wanted, Q(got));
    return record(db, name, got, err);
}

static enum rc assign(struct db *db, const char *name, const char *value, struct err *err)
{
    char pragma[112], answer[64];
    (void)snprintf(pragma, sizeof pragma, "%s=%s", name, value);
    return ask(db, pragma, answer, sizeof answer, err);
}

static enum rc put_in_force(struct db *db, const char *name, const char *value, struct err *err)
{
    enum rc rc = assign(db, name, value, err);
    return rc == RC_OK ? confirm(db, name, value, err) : rc;
}

static enum rc put_number(struct db *db, const char *name, int64_t value, struct err *err)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%" PRId64, value);
    return put_in_force(db, name, text, err);
}

static enum rc configure(struct db *db, int op, const char *name, struct err *err)
{
    int got = 0;
    int code = sqlite3_db_config(db->handle, op, 1, &got);
    if (code != SQLITE_OK)
        return db_fail(db, code, err, name);
    if (got != 1)
        return FAIL(err, RC_UNSUPPORTED, 0, "%s did not take effect", name);
    return record(db, name, "1", err);
}

/* ---- identity -------------------------------------------------------------------------------- */

static enum rc ask_int(struct db *db, const char *sql, int64_t *out, struct err *err)
{
    sqlite3_stmt *stmt = NULL;
    enum rc rc = db_prepare(db, sql, &stmt, err);
    if (rc == RC_OK)
        rc = db_step(db, stmt, err);
    if (rc == RC_OK)
        *out = sqlite3_column_int64(stmt, 0);
    else if (rc == RC_NOTFOUND)
        rc = FAIL(err, RC_IO, 0, "\"%s\" gave no row", sql);
    db_finalize(&stmt);
    return rc;
}

/* The first access to the file.  Whatever has no schema yet and claims no other owner counts as
 * new: a store whose creation was cut short holds at most its own identity. */
static enum rc identify(struct db *db, struct err *err)
{
    int64_t objects = 0, id = 0, version = 0;
    sqlite3_stmt *probe = NULL;
    int code = sqlite3_prepare_v2(db->handle, "SELECT 1 FROM sqlite_schema", -1, &probe, NULL);
    (void)sqlite3_finalize(probe);
    if (code == SQLITE_NOTADB)
        return FAIL(err, RC_CORRUPT, 0, "\"%s\" is not an SQLite database", DB_FILE_NAME);
    if (code != SQLITE_OK)
        return db_fail(db, code, err, "\"" DB_FILE_NAME "\"");
    enum rc rc = ask_int(db, "SELECT count(*) FROM sqlite_schema", &objects, err);
    if (rc == RC_OK)
        rc = ask_int(db, "PRAGMA application_id", &id, err);
    if (rc == RC_OK)
        rc = ask_int(db, "PRAGMA user_version", &version, err);
    if (rc != RC_OK)
        return rc;
    db->created = objects == 0 && (id == 0 || id == DB_APPLICATION_ID);
    if (id != DB_APPLICATION_ID && !db->created)
        return FAIL(err, RC_CORRUPT, 0,
                    "\"%s\" is an SQLite database but not a blobfront store "
                    "(application_id 0x%08" PRIx32 ")",
                    DB_FILE_NAME, (uint32_t)id);
    if (version != DB_USER_VERSION && !(db->created && version == 0))
        return FAIL(err, RC_CORRUPT, 0,
                    "\"%s\" has format version %" PRId64 "; this blobfront knows version %d",
                    DB_FILE_NAME, version, DB_USER_VERSION);
    return RC_OK;
}

/* Both numbers in one transaction: a file never carries only one of them. */
static enum rc sign(struct db *db, struct err *err)
{
    char sql[128];
    (void)snprintf(sql, sizeof sql,
                   "BEGIN IMMEDIATE; PRAGMA application_id=%d; PRAGMA user_version=%d; COMMIT",
                   DB_APPLICATION_ID, DB_USER_VERSION);
    return db_exec(db, sql, err);
}

/* ---- opening --------------------------------------------------------------------------------- */

static enum rc set_connection(struct db *db, struct err *err)
{
    static const int synchronous[DURABILITY_COUNT] = {0, 1, 2, 2};
    const struct db_settings *set = &db->settings;
    enum rc rc = put_number(db, "synchronous", synchronous[db->durability], err);
    if (rc == RC_OK)
        rc = put_number(db, "cache_size", -(int64_t)(set->cache_bytes / 1024), err);
    if (rc == RC_OK)
        rc = put_number(db, "mmap_size", (int64_t)set->mmap_bytes, err);
    if (rc == RC_OK)
        rc = put_number(db, "secure_delete", set->secure_delete, err);
    if (rc == RC_OK)
        rc = put_in_force(db, "temp_store", "0", err);
    if (rc == RC_OK)
        rc = put_in_force(db, "trusted_schema", "0", err);
    if (rc == RC_OK)
        rc = put_in_force(db, "wal_autocheckpoint", "0", err);
    return rc;
}

/* The journal that creation or conversion went through is of no use in WAL mode; in exclusive
 * locking mode SQLite leaves it behind. */
static enum rc drop_journal(struct db *db, struct err *err)
{
    enum rc rc = io_unlink(db->io, IO_JOURNAL, JOURNAL_FILE_NAME, err);
    return rc == RC_NOTFOUND ? RC_OK : rc;
}

/* What earlier processes left in the WAL is folded in at once: every open store starts with a fresh
 * WAL, and no stale frame is ever appended to (docs/durability.md). */
static enum rc start_wal(struct db *db, struct err *err)
{
    uint64_t size = 0;
    enum rc rc = io_stat(db->io, WAL_FILE_NAME, &size, err);
    if (rc == RC_NOTFOUND || (rc == RC_OK && size == 0)) {
        db->wal_fresh = true;
        return RC_OK;
    }
    if (rc == RC_OK)
        rc = db_checkpoint(db, err);
    db->checkpoints = 0;
    return rc;
}

static enum rc set_file(struct db *db, struct err *err)
{
    bool wal = db->durability != DURABILITY_DURABLE_ROLLBACK;
    enum rc rc = RC_OK;
    if (db->created) {
        /* Not DELETE, whose acknowledged commits a power loss can undo. */
        rc = assign(db, "journal_mode", "TRUNCATE", err);
        if (rc == RC_OK)
            rc = sign(db, err);
    }
    if (rc == RC_OK)
        rc = confirm(db, "auto_vacuum", "0", err);
    if (rc == RC_OK)
        rc = put_in_force(db, "journal_mode", wal ? "wal" : "truncate", err);
    if (rc == RC_OK && wal)
        rc = drop_journal(db, err);
    if (rc == RC_OK && wal)
        rc = start_wal(db, err);
    return rc;
}

static enum rc prepare_own(struct db *db, struct err *err)
{
    enum rc rc = db_prepare(db, "BEGIN IMMEDIATE", &db->begin, err);
    if (rc == RC_OK)
        rc = db_prepare(db, "COMMIT", &db->commit, err);
    if (rc == RC_OK)
        rc = db_prepare(db, "ROLLBACK", &db->rollback, err);
    if (rc == RC_OK && db->settings.shared)
        rc = db_prepare(db, "BEGIN", &db->begin_read, err);
    return rc;
}

static enum rc set_up(struct db *db, struct err *err)
{
    char page_size[24], application_id[24];
    (void)snprintf(page_size, sizeof page_size, "%" PRIu64, db->settings.page_size);
    (void)snprintf(application_id, sizeof application_id, "%d", DB_APPLICATION_ID);
    int code = sqlite3_open_v2(DB_FILE_NAME, &db->handle,
                               SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
                                   SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE,
                               vfs_name(db->vfs));
    if (code != SQLITE_OK)
        return db_fail(db, code, err, "\"" DB_FILE_NAME "\"");
    code = sqlite3_set_authorizer(db->handle, authorize, db);
    if (code != SQLITE_OK)
        return db_fail(db, code, err, "set_authorizer");
    enum rc rc = configure(db, SQLITE_DBCONFIG_DEFENSIVE, "defensive", err);
    if (rc == RC_OK)
        rc = configure(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, "no_ckpt_on_close", err);
    if (rc == RC_OK)
        rc = put_in_force(db, "locking_mode", db->settings.shared ? "normal" : "exclusive", err);
    if (rc == RC_OK && db->settings.shared)
        rc = put_number(db, "busy_timeout", DB_BUSY_MS, err);
    if (rc == RC_OK)
        rc = assign(db, "page_size", page_size, err);
    if (rc == RC_OK)
        rc = identify(db, err);
    if (rc == RC_OK && db->created)
        rc = assign(db, "auto_vacuum", "NONE", err);
    /* At every level: if the truncation of the journal that creation goes through were lost, it
     * would roll the store back to nothing. */
    if (rc == RC_OK)
        rc = assign(db, "synchronous", "FULL", err);
    if (rc == RC_OK)
        rc = set_file(db, err);
    if (rc == RC_OK)
        rc = set_connection(db, err);
    if (rc == RC_OK)
        rc = confirm(db, "page_size", page_size, err);
    if (rc == RC_OK)
        rc = confirm(db, "application_id", application_id, err);
    if (rc == RC_OK)
        rc = confirm(db, "user_version", BASE_STR(DB_USER_VERSION), err);
    if (rc == RC_OK)
        rc = prepare_own(db, err);
    /* Last: PRAGMA wal_autocheckpoint is itself a hook and takes this place. */
    (void)sqlite3_wal_hook(db->handle, wal_committed, db);
    return rc;
}

enum rc db_open(struct db *db, struct io *io, enum durability durability,
                const struct db_settings *settings, struct err *err)
{
    *db = (struct db){.io = io, .durability = durability, .settings = *settings};
    enum rc rc = db_settings_check(settings, DB_FILE_NAME, err);
    if (rc == RC_OK)
        rc = vfs_register(io, settings->shared, &db->vfs, err);
    if (rc == RC_OK)
        rc = set_up(db, err);
    if (rc != RC_OK) {
        /* Only what went wrong first is of interest. */
        struct err second = {0};
        KEEP_FIRST(rc, db_close(db, &second));
    }
    return rc;
}
