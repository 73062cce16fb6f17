/* t_db.c: the connection: settings in force, files refused, the guard, statements, measuring. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/db.h"

#define OK(call)                                                  \
    do {                                                          \
        enum rc ok_ = (call);                                     \
        if (ok_ != RC_OK)                                         \
            fail_msg("%s: %s: %s", #call, rc_name(ok_), err.msg); \
    } while (0)

static struct db_settings defaults(void)
{
    struct db_settings settings = {0};
    opt_defaults(db_opts, &settings);
    return settings;
}

static void open_memory(struct io *io)
{
    struct err err = {0};
    OK(io_open_memory(io, false, &err));
}

static const char *pragma_of(const struct db *db, const char *name)
{
    for (size_t i = 0; i < db->pragma_count; i++) {
        if (strcmp(db->pragmas[i].name, name) == 0)
            return db->pragmas[i].value;
    }
    fail_msg("pragma %s was not recorded", name);
    return "";
}

static void make_table(struct db *db)
{
    struct err err = {0};
    OK(db_begin(db, &err));
    OK(db_exec(db, "CREATE TABLE t(id INTEGER PRIMARY KEY, body BLOB, x INT)", &err));
    OK(db_commit(db, &err));
}

static void insert(struct db *db, int64_t id, struct span body)
{
    struct err err = {0};
    sqlite3_stmt *stmt;
    OK(db_prepare(db, "INSERT INTO t(id, body) VALUES(?, ?)", &stmt, &err));
    OK(db_bind_int(db, stmt, 1, id, &err));
    OK(db_bind_blob(db, stmt, 2, body, &err));
    OK(db_run(db, stmt, &err));
    db_finalize(&stmt);
}

static int64_t count_of(struct db *db, const char *sql)
{
    struct err err = {0};
    sqlite3_stmt *stmt;
    OK(db_prepare(db, sql, &stmt, &err));
    OK(db_step(db, stmt, &err));
    int64_t value = sqlite3_column_int64(stmt, 0);
    db_finalize(&stmt);
    return value;
}

/* ---- settings -------------------------------------------------------------------------------- */

static void pragmas_per_level(void **state)
{
    (void)state;
    static const char *const synchronous[] = {"0", "1", "2", "2"};
    for (int level = 0; level < DURABILITY_COUNT; level++) {
        struct err err = {0};
        struct io io = {0};
        struct db db;
        struct db_settings settings = defaults();
        open_memory(&io);
        for (int again = 0; again < 2; again++) {
            OK(db_open(&db, &io, (enum durability)level, &settings, &err));
            assert_int_equal(db.created, again == 0);
            assert_string_equal(pragma_of(&db, "synchronous"), synchronous[level]);
            assert_string_equal(pragma_of(&db, "journal_mode"),
                                level == DURABILITY_DURABLE_ROLLBACK ? "truncate" : "wal");
            assert_string_equal(pragma_of(&db, "locking_mode"), "exclusive");
            assert_string_equal(pragma_of(&db, "page_size"), "4096");
            assert_string_equal(pragma_of(&db, "cache_size"), "-2000");
            assert_string_equal(pragma_of(&db, "mmap_size"), "0");
            assert_string_equal(pragma_of(&db, "auto_vacuum"), "0");
            assert_string_equal(pragma_of(&db, "secure_delete"), "0");
            assert_string_equal(pragma_of(&db, "temp_store"), "0");
            assert_string_equal(pragma_of(&db, "trusted_schema"), "0");
            assert_string_equal(pragma_of(&db, "wal_autocheckpoint"), "0");
            assert_string_equal(pragma_of(&db, "defensive"), "1");
            assert_string_equal(pragma_of(&db, "application_id"), "1651270246");
            assert_string_equal(pragma_of(&db, "user_version"), "1");
            if (again == 0)
                make_table(&db);
            OK(db_close(&db, &err));
        }
        io_close(&io);
    }
}

static void settings_take_effect(void **state)
{
    (void)state;
    struct err err = {0};
    char dir[] = "/tmp/t_db.XXXXXX";
    assert_non_null(mkdtemp(dir));
    struct io io = {0};
    OK(io_open_posix(&io, dir, &err));
    struct db_settings settings = defaults();
    OK(opt_apply(db_opts, &settings,
                 "page_size=64k,page_cache=8MiB,mmap=1MiB,checkpoint=7,secure_delete=on", "x",
                 &err));
    struct db db;
    OK(db_open(&db, &io, DURABILITY_DURABLE, &settings, &err));
    assert_string_equal(pragma_of(&db, "page_size"), "65536");
    assert_string_equal(pragma_of(&db, "cache_size"), "-8192");
    assert_string_equal(pragma_of(&db, "mmap_size"), "1048576");
    assert_string_equal(pragma_of(&db, "secure_delete"), "1");
    make_table(&db);
    OK(db_close(&db, &err));

    /* A page size cannot change afterwards: refused, and named. */
    settings.page_size = 4096;
    assert_int_equal(db_open(&db, &io, DURABILITY_DURABLE, &settings, &err), RC_UNSUPPORTED);
    assert_non_null(strstr(err.msg, "page_size"));
    assert_non_null(strstr(err.msg, "wanted 4096"));
    assert_non_null(strstr(err.msg, "65536"));
    err_clear(&err);
    settings.page_size = 5000;
    assert_int_equal(db_open(&db, &io, DURABILITY_DURABLE, &settings, &err), RC_USAGE);
    assert_non_null(strstr(err.msg, "power of two"));
    io_close(&io);
    char path[64];
    (void)snprintf(path, sizeof path, "%s/blobs.db", dir);
    assert_int_equal(unlink(path), 0);
    (void)snprintf(path, sizeof path, "%s/blobs.db-wal", dir);
    (void)unlink(path);
    (void)snprintf(path, sizeof path, "%s/lock", dir);
    (void)unlink(path);
    assert_int_equal(rmdir(dir), 0);
}

/* The memory back end maps no files: asking for it is refused, not ignored. */
static void mmap_needs_a_back_end(void **state)
{
    (void)state;
    struct err err = {0};
    struct io io = {0};
    struct db db;
    struct db_settings settings = defaults();
    open_memory(&io);
    settings.mmap_bytes = 1 << 20;
    assert_int_equal(db_open(&db, &io, DURABILITY_DURABLE, &settings, &err), RC_UNSUPPORTED);
    assert_string_equal(err.msg, "PRAGMA mmap_size did not take effect: wanted 1048576, got \"0\"");
    io_close(&io);
}

static void levels_are_named(void **state)
{
    (void)state;
    struct err err = {0};
    enum durability level;
    for (int i = 0; i < DURABILITY_COUNT; i++) {
        OK(durability_parse(durability_name((enum durability)i), &level, &err));
        assert_int_equal(level, i);
    }
    assert_int_equal(durability_parse("durabel", &level, &err), RC_USAGE);
    assert_non_null(strstr(err.hint, "durable"));
}

static void level_may_change_between_openings(void **state)
{
    (void)state;
    struct err err = {0};
    struct io io = {0};
    struct db db;
    struct db_settings settings = defaults();
    open_memory(&io);
    for (int round = 0; round < 8; round++) {
        enum durability level = (enum durability)(round % DURABILITY_COUNT);
        OK(db_open(&db, &io, level, &settings, &err));
        if (round == 0)
            make_table(&db);
        OK(db_begin(&db, &err));
        insert(&db, round, span_of("abc", 3));
        OK(db_commit(&db, &err));
        OK(db_close(&db, &err));
    }
    OK(db_open(&db, &io, DURABILITY_DURABLE, &settings, &err));
    assert_int_equal(count_of(&db, "SELECT count(*) FROM t"), 8);
    OK(db_integrity(&db, &err));
    OK(db_close(&db, &err));
    io_close(&io);
}

/* ---- files that are not ours ----------------------------------------------------------------- */

static void write_file(struct io *io, const char *name, const void *bytes, size_t len)
{
    struct err err = {0};
    struct io_file file = {0};
    OK(io_file_open(io, name, IO_DATABASE, IO_CREATE, &file, NULL, &err));
    OK(io_file_write(&file, bytes, len, 0, &err));
    OK(io_file_close(&file, &err));
}

static void expect_refused(struct io *io, enum rc wanted, const char *text)
{
    struct err err = {0};
    struct db db;
    struct db_settings settings = defaults();
    enum rc rc = db_open(&db, io, DURABILITY_DURABLE, &settings, &err);
    if (rc != wanted || strstr(err.msg, text) == NULL)
        fail_msg("got %s: %s", rc_name(rc), err.msg);
    assert_null(db.handle);
    assert_null(db.vfs);
}

static void text_file_refused(void **state)
{
    (void)state;
    struct io io = {0};
    char text[5000];
    open_memory(&io);
    memset(text, 'x', sizeof text);
    write_file(&io, DB_FILE_NAME, text, sizeof text);
    expect_refused(&io, RC_CORRUPT, "\"blobs.db\" is not an SQLite database");
    io_close(&io);
    open_memory(&io);
    write_file(&io, DB_FILE_NAME, "hello\n", 6);
    expect_refused(&io, RC_CORRUPT, "\"blobs.db\" is not an SQLite database");
    io_close(&io);
}

/* A store with one table, after `sql` was run on it past the engine. */
static void make_store(struct io *io, const char *sql)
{
    struct err err = {0};
    struct db db;
    struct db_settings settings = defaults();
    open_memory(io);
    OK(db_open(&db, io, DURABILITY_DURABLE, &settings, &err));
    make_table(&db);
    if (sql != NULL)
        assert_int_equal(sqlite3_exec(db.handle, sql, NULL, NULL, NULL), SQLITE_OK);
    OK(db_begin(&db, &err));
    static uint8_t body[20000];
    for (int i = 0; i < 10; i++)
        insert(&db, i, span_of(body, sizeof body));
    OK(db_commit(&db, &err));
    OK(db_checkpoint(&db, &err));
    OK(db_close(&db, &err));
}

static void foreign_database_refused(void **state)
{
    (void)state;
    struct io io = {0};
    make_store(&io, "PRAGMA application_id=0x1234");
    expect_refused(&io, RC_CORRUPT,
                   "\"blobs.db\" is an SQLite database but not a blobfront store "
                   "(application_id 0x00001234)");
    io_close(&io);
    make_store(&io, "PRAGMA application_id=0");
    expect_refused(&io, RC_CORRUPT, "not a blobfront store (application_id 0x00000000)");
    io_close(&io);
}

static void newer_version_refused(void **state)
{
    (void)state;
    struct io io = {0};
    make_store(&io, "PRAGMA user_version=2");
    expect_refused(&io, RC_CORRUPT, "format version 2; this blobfront knows version 1");
    io_close(&io);
}

static void truncated_file_refused(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {60, 511, 4096, 4097, 100000};
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        struct err err = {0};
        struct io io = {0};
        struct io_file file = {0};
        make_store(&io, NULL);
        OK(io_file_open(&io, DB_FILE_NAME, IO_DATABASE, 0, &file, NULL, &err));
        OK(io_file_truncate(&file, sizes[i], &err));
        OK(io_file_close(&file, &err));
        expect_refused(&io, RC_CORRUPT, "blobs.db");
        io_close(&io);
    }
}

/* ---- the guard ------------------------------------------------------------------------------- */

static void guard_denies(void **state)
{
    (void)state;
    static const char *const denied[] = {
        "BEGIN",
        "BEGIN IMMEDIATE",
        "COMMIT",
        "END",
        "ROLLBACK",
        "SAVEPOINT s",
        "RELEASE s",
        "PRAGMA synchronous",
        "PRAGMA synchronous=OFF",
        "PRAGMA journal_mode=OFF",
        "ATTACH 'x' AS y",
        "DETACH y",
    };
    struct err err = {0};
    struct io io = {0};
    struct db db;
    struct db_settings settings = defaults();
    open_memory(&io);
    OK(db_open(&db, &io, DURABILITY_DURABLE, &settings, &err));
    OK(db_begin(&db, &err));
    db.guard = true;
    for (size_t i = 0; i < COUNT_OF(denied); i++) {
        sqlite3_stmt *stmt;
        err_clear(&err);
        assert_int_equal(db_prepare(&db, denied[i], &stmt, &err), RC_BUG);
        assert_null(stmt);
        assert_non_null(strstr(err.msg, "not authorized"));
        err_clear(&err);
        assert_int_equal(db_exec(&db, denied[i], &err), RC_BUG);
    }
    err_clear(&err);
    OK(db_exec(&db, "CREATE TABLE t(id INTEGER PRIMARY KEY)", &err));
    OK(db_commit(&db, &err)); /* the engine's own passes, prepared again after the new schema */
    assert_true(db.guard);
    OK(db_begin(&db, &err));
    OK(db_rollback(&db, &err));
    OK(db_integrity(&db, &err));
    struct db_sizes sizes;
    OK(db_measure(&db, &sizes, &err));
    db.guard = false;
    sqlite3_stmt *stmt;
    OK(db_prepare(&db, "PRAGMA synchronous", &stmt, &err));
    db_finalize(&stmt);
    OK(db_close(&db, &err));
    io_close(&io);
}

/* ---- statements ------------------------------------------------------------------------------ */

static void step_and_bind(void **state)
{
    (void)state;
    struct err err = {0};
    struct io io = {0};
    struct db db;
    struct db_settings settings = defaults();
    open_memory(&io);
    OK(db_open(&db, &io, DURABILITY_DURABLE, &settings, &err));
    make_table(&db);
    OK(db_begin(&db, &err));
    insert(&db, 1, span_of("one", 3));
    insert(&db, 2, span_of(NULL, 0));
    OK(db_commit(&db, &err));

    sqlite3_stmt *stmt;
    OK(db_prepare(&db, "SELECT body FROM t WHERE id >= ? ORDER BY id", &stmt, &err));
    for (int round = 0; round < 2; round++) { /* reset by itself at the end */
        OK(db_bind_int(&db, stmt, 1, 1, &err));
        OK(db_step(&db, stmt, &err));
        assert_true(span_equal(db_column_blob(stmt, 0), span_of("one", 3)));
        OK(db_step(&db, stmt, &err));
        assert_int_equal(db_column_blob(stmt, 0).len, 0);
        assert_int_equal(sqlite3_column_type(stmt, 0), SQLITE_BLOB); /* empty, not NULL */
        assert_int_equal(db_step(&db, stmt, &err), RC_NOTFOUND);
        assert_int_equal(err.rc, RC_OK);
        assert_false(sqlite3_stmt_busy(stmt));
    }
    assert_int_equal(db_run(&db, stmt, &err), RC_BUG); /* rows where none belong */
    assert_false(sqlite3_stmt_busy(stmt));
    err_clear(&err);
    assert_int_equal(db_bind_int(&db, stmt, 9, 1, &err), RC_BUG);
    err_clear(&err);
    db_finalize(&stmt);
    assert_null(stmt);

    assert_int_equal(db_prepare(&db, "SELECT absent FROM t", &stmt, &err), RC_IO);
    assert_non_null(strstr(err.msg, "no such column: absent"));
    assert_non_null(strstr(err.msg, "SELECT absent FROM t"));
    err_clear(&err);
    assert_int_equal(db_prepare(&db, " -- nothing", &stmt, &err), RC_BUG);
    err_clear(&err);
    OK(db_prepare(&db, "INSERT INTO t(id) VALUES(1)", &stmt, &err));
    assert_int_equal(db_run(&db, stmt, &err), RC_BUG); /* a key twice */
    assert_non_null(strstr(err.msg, "UNIQUE constraint failed"));
    err_clear(&err);
    db_finalize(&stmt);
    OK(db_close(&db, &err));
    io_close(&io);
}

static void blob_reads(void **state)
{
    (void)state;
    static uint8_t body[100000], got[100000];
    static sqlite3_blob *handle;
    struct err err = {0};
    struct io io = {0};
    struct db db;
    struct db_settings settings = defaults();
    open_memory(&io);
    OK(db_open(&db, &io, DURABILITY_CONSISTENT, &settings, &err));
    make_table(&db);
    for (size_t i = 0; i < sizeof body; i++)
        body[i] = (uint8_t)(i * 7);
    OK(db_begin(&db, &err));
    insert(&db, 1, span_of(body, sizeof body));
    insert(&db, 2, span_of("short", 5));
    insert(&db, 3, span_of(NULL, 0));
    OK(db_exec(&db, "INSERT INTO t(id, body) VALUES(4, NULL)", &err));
    OK(db_commit(&db, &err));

    OK(db_blob_read(&db, &handle, "t", "body", 1, got, sizeof body, 0, &err));
    assert_memory_equal(got, body, sizeof body);
    sqlite3_blob *first = handle;
    OK(db_blob_read(&db, &handle, "t", "body", 2, got, 3, 2, &err));
    assert_memory_equal(got, "ort", 3);
    assert_ptr_equal(handle, first); /* reopened */
    OK(db_blob_read(&db, &handle, "t", "body", 3, got, 0, 0, &err));
    assert_int_equal(db_blob_read(&db, &handle, "t", "body", 2, got, 4, 2, &err), RC_CORRUPT);
    assert_string_equal(err.msg, "t.body of row 2 has 5 bytes where 4 at offset 2 are expected");
    err_clear(&err);
    assert_int_equal(db_blob_read(&db, &handle, "t", "body", 2, got, 1, UINT64_MAX, &err),
                     RC_CORRUPT);
    err_clear(&err);
    assert_int_equal(db_blob_read(&db, &handle, "t", "body", 77, got, 1, 0, &err), RC_NOTFOUND);
    assert_int_equal(err.rc, RC_OK);
    assert_int_equal(db_blob_read(&db, &handle, "t", "body", 78, got, 1, 0, &err), RC_NOTFOUND);
    OK(db_blob_read(&db, &handle, "t", "body", 2, got, 5, 0, &err));
    assert_int_equal(db_blob_read(&db, &handle, "t", "body", 4, got, 0, 0, &err), RC_IO);
    err_clear(&err);
    assert_int_equal(db_blob_read(&db, &handle, "absent", "body", 1, got, 1, 0, &err), RC_IO);
    err_clear(&err);

    /* A kept handle stands in the way of neither commit, checkpoint nor rollback. */
    OK(db_blob_read(&db, &handle, "t", "body", 1, got, 10, 0, &err));
    OK(db_begin(&db, &err));
    OK(db_exec(&db, "UPDATE t SET body = x'0102' WHERE id = 1", &err));
    OK(db_commit(&db, &err));
    OK(db_blob_read(&db, &handle, "t", "body", 1, got, 2, 0, &err));
    assert_memory_equal(got, "\x01\x02", 2);
    OK(db_checkpoint(&db, &err));
    assert_null(handle);
    OK(db_blob_read(&db, &handle, "t", "body", 1, got, 2, 0, &err));
    OK(db_begin(&db, &err));
    OK(db_exec(&db, "DELETE FROM t WHERE id = 1", &err));
    assert_int_equal(db_blob_read(&db, &handle, "t", "body", 1, got, 2, 0, &err), RC_NOTFOUND);
    OK(db_rollback(&db, &err));
    OK(db_blob_read(&db, &handle, "t", "body", 1, got, 2, 0, &err));
    OK(db_close(&db, &err)); /* closes what was kept */
    assert_null(handle);
    io_close(&io);
}

static void too_many_handles(void **state)
{
    (void)state;
    static sqlite3_blob *handles[DB_BLOBS_MAX + 1];
    struct err err = {0};
    struct io io = {0};
    struct db db;
    struct db_settings settings = defaults();
    uint8_t byte;
    open_memory(&io);
    OK(db_open(&db, &io, DURABILITY_CONSISTENT, &settings, &err));
    make_table(&db);
    insert(&db, 1, span_of("x", 1));
    for (size_t i = 0; i < DB_BLOBS_MAX; i++)
        OK(db_blob_read(&db, &handles[i], "t", "body", 1, &byte, 1, 0, &err));
    assert_int_equal(db_blob_read(&db, &handles[DB_BLOBS_MAX], "t", "body", 1, &byte, 1, 0, &err),
                     RC_BUG);
    err_clear(&err);
    OK(db_close(&db, &err));
    io_close(&io);
}

/* ---- transactions, checkpoints, closing ------------------------------------------------------ */

static uint64_t size_of(struct io *io, const char *name)
{
    struct err err = {0};
    uint64_t size = 0;
    enum rc rc = io_stat(io, name, &size, &err);
    return rc == RC_OK ? size : 0;
}

static void checkpoints(void **state)
{
    (void)state;
    static uint8_t body[4096 * 3];
    struct err err = {0};
    struct io io = {0};
    struct db db;
    struct db_settings settings = defaults();
    settings.checkpoint_pages = 10;
    open_memory(&io);
    OK(db_open(&db, &io, DURABILITY_DURABLE, &settings, &err));
    assert_true(db.wal_fresh);
    make_table(&db);
    assert_false(db.wal_fresh);
    OK(db_checkpoint(&db, &err));
    assert_true(db.wal_fresh);
    assert_int_equal(db.checkpoints, 1);
    assert_int_equal(size_of(&io, DB_FILE_NAME "-wal"), 0);
    OK(db_checkpoint(&db, &err)); /* nothing to do */
    assert_int_equal(db.checkpoints, 1);

    OK(db_begin(&db, &err));
    OK(db_commit(&db, &err)); /* nothing written */
    assert_true(db.wal_fresh);
    uint64_t before = db.checkpoints;
    for (int i = 0; i < 4; i++) {
        OK(db_begin(&db, &err));
        insert(&db, i, span_of(body, sizeof body));
        OK(db_commit(&db, &err));
        assert_false(db.wal_fresh);
        assert_int_equal(size_of(&io, DB_FILE_NAME "-wal"), 32 + db.wal_frames * (24 + 4096));
        OK(db_checkpoint_if_due(&db, &err));
        assert_true(db.wal_frames < 10);
    }
    assert_true(db.checkpoints > before);

    /* A statement that was not reset is named. */
    sqlite3_stmt *stmt;
    OK(db_begin(&db, &err));
    insert(&db, 9, span_of("x", 1));
    OK(db_commit(&db, &err));
    OK(db_prepare(&db, "SELECT id FROM t", &stmt, &err));
    OK(db_step(&db, stmt, &err));
    assert_int_equal(db_checkpoint(&db, &err), RC_BUG);
    assert_non_null(strstr(err.msg, "SELECT id FROM t"));
    err_clear(&err);
    /* And so is one that was not finalized; it is closed all the same. */
    assert_int_equal(db_close(&db, &err), RC_BUG);
    assert_non_null(strstr(err.msg, "SELECT id FROM t"));
    err_clear(&err);

    /* Closing folded nothing in; opening does. */
    assert_true(size_of(&io, DB_FILE_NAME "-wal") > 0);
    OK(db_open(&db, &io, DURABILITY_DURABLE, &settings, &err));
    assert_true(db.wal_fresh);
    assert_int_equal(db.checkpoints, 0);
    assert_int_equal(size_of(&io, DB_FILE_NAME "-wal"), 0);
    assert_int_equal(count_of(&db, "SELECT count(*) FROM t"), 5);
    OK(db_close(&db, &err));
    io_close(&io);
}

/* A WAL of which only the header, or not even that, was written counts for nothing. */
static void broken_wal_is_fresh(void **state)
{
    (void)state;
    struct err err = {0};
    struct io io = {0};
    struct db db;
    struct db_settings settings = defaults();
    make_store(&io, NULL);
    write_file(&io, DB_FILE_NAME "-wal", "nonsense that is no WAL header", 30);
    OK(db_open(&db, &io, DURABILITY_CONSISTENT, &settings, &err));
    assert_true(db.wal_fresh);
    struct io_meter before = io.meter, delta;
    OK(db_begin(&db, &err));
    OK(db_exec(&db, "DELETE FROM t WHERE id = 1", &err));
    OK(db_commit(&db, &err));
    io_meter_delta(&io.meter, &before, &delta);
    assert_int_equal(delta.kind[IO_WAL].calls[IO_OP_SYNC], 1);
    OK(db_close(&db, &err));
    io_close(&io);
}

static enum io_verdict fail_writes(void *ctx, const struct io_event *event, int *sys)
{
    if (event->op != IO_OP_WRITE || event->kind != IO_WAL || !*(bool *)ctx)
        return IO_PASS;
    *sys = ENOSPC;
    return IO_FAIL;
}

static void failed_io_is_explained(void **state)
{
    (void)state;
    struct err err = {0};
    struct io io = {0};
    struct db db;
    struct db_settings settings = defaults();
    bool on = false;
    make_store(&io, NULL);
    io.hook = (struct io_hook){fail_writes, &on};
    OK(db_open(&db, &io, DURABILITY_DURABLE, &settings, &err));
    OK(db_begin(&db, &err));
    insert(&db, 100, span_of("x", 1));
    on = true;
    assert_int_equal(db_commit(&db, &err), RC_FULL);
    assert_non_null(strstr(err.msg, "COMMIT"));
    assert_non_null(strstr(err.msg, "wal"));
    assert_non_null(strstr(err.msg, "No space left"));
    assert_int_equal(err.sys, ENOSPC);
    on = false;
    err_clear(&err);
    OK(db_rollback(&db, &err)); /* also when SQLite did it already */
    assert_int_equal(count_of(&db, "SELECT count(*) FROM t"), 10);
    OK(db_close(&db, &err));
    io_close(&io);
}

/* Creation cut short at any operation leaves nothing, or something that opens as new. */
struct stopper {
    unsigned left;
};
static enum io_verdict stop_after(void *ctx, const struct io_event *event, int *sys)
{
    struct stopper *stopper = ctx;
    if (event->op == IO_OP_CLOSE)
        return IO_PASS;
    if (stopper->left > 0) {
        stopper->left--;
        return IO_PASS;
    }
    *sys = EIO;
    return IO_FAIL;
}

static void creation_cut_short(void **state)
{
    (void)state;
    struct db_settings settings = defaults();
    for (unsigned level = 0; level < DURABILITY_COUNT; level++) {
        for (unsigned at = 0;; at++) {
            struct err err = {0};
            struct io io = {0};
            struct db db;
            struct stopper stopper = {at};
            open_memory(&io);
            io.hook = (struct io_hook){stop_after, &stopper};
            enum rc rc = db_open(&db, &io, (enum durability)level, &settings, &err);
            io.hook.before = NULL;
            if (rc == RC_OK) {
                OK(db_close(&db, &err));
                io_close(&io);
                assert_true(at > 5);
                break;
            }
            err_clear(&err);
            OK(db_open(&db, &io, (enum durability)level, &settings, &err));
            assert_true(db.created);
            OK(db_close(&db, &err));
            io_close(&io);
        }
    }
}

static enum io_verdict watch_journal(void *ctx, const struct io_event *event, int *sys)
{
    (void)sys;
    bool *unsynced = ctx;
    if (event->kind == IO_JOURNAL && event->op == IO_OP_TRUNCATE)
        *unsynced = true;
    if (event->kind == IO_JOURNAL && event->op == IO_OP_SYNC)
        *unsynced = false;
    return IO_PASS;
}

/* A journal that comes back after a power loss would roll the whole store back. */
static void creation_journal_stays_empty(void **state)
{
    (void)state;
    struct db_settings settings = defaults();
    for (int level = 0; level < DURABILITY_COUNT; level++) {
        struct err err = {0};
        struct io io = {0};
        struct db db;
        bool unsynced = false;
        open_memory(&io);
        io.hook = (struct io_hook){watch_journal, &unsynced};
        OK(db_open(&db, &io, (enum durability)level, &settings, &err));
        assert_true(io.meter.kind[IO_JOURNAL].calls[IO_OP_TRUNCATE] > 0);
        assert_false(unsynced);
        OK(db_close(&db, &err));
        io_close(&io);
    }
}

static void no_journal_is_left(void **state)
{
    (void)state;
    struct io io = {0};
    make_store(&io, NULL);
    struct err err = {0};
    uint64_t size;
    assert_int_equal(io_stat(&io, DB_FILE_NAME "-journal", &size, &err), RC_NOTFOUND);
    io_close(&io);
}

static void close_accepts_zero(void **state)
{
    (void)state;
    struct err err = {0};
    struct db db = {0};
    OK(db_close(&db, &err));
}

/* ---- measuring ------------------------------------------------------------------------------- */

static int64_t stock_int(sqlite3 *stock, const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    assert_int_equal(sqlite3_prepare_v2(stock, sql, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    int64_t value = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return value;
}

static void fill_for_measuring(struct db *db)
{
    struct err err = {0};
    static uint8_t body[9000];
    make_table(db);
    OK(db_begin(db, &err));
    OK(db_exec(db, "CREATE INDEX t_x ON t(x)", &err));
    OK(db_exec(db, "CREATE TABLE w(k TEXT PRIMARY KEY, v) WITHOUT ROWID", &err));
    OK(db_exec(db, "CREATE TABLE u(k TEXT PRIMARY KEY, v)", &err));
    for (int i = 0; i < 300; i++)
        insert(db, i, span_of(body, (size_t)i * 30));
    OK(db_exec(db, "UPDATE t SET x = id * 17", &err));
    OK(db_exec(db, "INSERT INTO w SELECT printf('%0100d', id), id FROM t", &err));
    OK(db_exec(db, "INSERT INTO u SELECT printf('%0100d', id), id FROM t", &err));
    OK(db_exec(db, "DELETE FROM t WHERE id % 3 = 0", &err));
    OK(db_commit(db, &err));
}

static void measure_agrees_with_stock(void **state)
{
    (void)state;
    struct err err = {0};
    char dir[] = "/tmp/t_db.XXXXXX", path[64];
    assert_non_null(mkdtemp(dir));
    struct io io = {0};
    OK(io_open_posix(&io, dir, &err));
    struct db_settings settings = defaults();
    struct db db;
    struct db_sizes in_wal, sizes;
    OK(db_open(&db, &io, DURABILITY_DURABLE, &settings, &err));
    fill_for_measuring(&db);
    OK(db_measure(&db, &in_wal, &err));
    OK(db_checkpoint(&db, &err));
    OK(db_measure(&db, &sizes, &err));
    assert_memory_equal(&in_wal, &sizes, sizeof sizes);
    uint64_t file_size = size_of(&io, DB_FILE_NAME);
    OK(db_close(&db, &err));
    io_close(&io);

    assert_true(sizes.freelist_count > 0);
    assert_int_equal(sizes.page_count * sizes.page_size, file_size);
    assert_int_equal(sizes.table_bytes + sizes.index_bytes,
                     (sizes.page_count - sizes.freelist_count) * sizes.page_size);
    sqlite3 *stock = NULL;
    (void)snprintf(path, sizeof path, "%s/blobs.db", dir);
    assert_int_equal(sqlite3_open_v2(path, &stock, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    assert_int_equal(stock_int(stock, "PRAGMA page_count"), sizes.page_count);
    assert_int_equal(stock_int(stock, "PRAGMA freelist_count"), sizes.freelist_count);
    assert_int_equal(stock_int(stock, "SELECT sum(pgsize) FROM dbstat WHERE name IN "
                                      "('t_x', 'sqlite_autoindex_u_1')"),
                     sizes.index_bytes);
    assert_int_equal(stock_int(stock, "SELECT sum(pgsize) FROM dbstat WHERE name IN "
                                      "('t', 'u', 'w', 'sqlite_schema')"),
                     sizes.table_bytes);
    assert_int_equal(stock_int(stock, "PRAGMA application_id"), DB_APPLICATION_ID);
    assert_int_equal(sqlite3_close(stock), SQLITE_OK);
    static const char *const left[] = {"blobs.db", "blobs.db-wal", "blobs.db-shm", "lock"};
    for (size_t i = 0; i < COUNT_OF(left); i++) {
        (void)snprintf(path, sizeof path, "%s/%s", dir, left[i]);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(dir), 0);
}

static void integrity_names_the_damage(void **state)
{
    (void)state;
    struct err err = {0};
    struct io io = {0};
    struct io_file file = {0};
    struct db db;
    struct db_settings settings = defaults();
    make_store(&io, NULL);
    uint8_t junk[64];
    memset(junk, 0xee, sizeof junk);
    OK(io_file_open(&io, DB_FILE_NAME, IO_DATABASE, 0, &file, NULL, &err));
    OK(io_file_write(&file, junk, sizeof junk, 4096, &err));
    OK(io_file_close(&file, &err));
    OK(db_open(&db, &io, DURABILITY_DURABLE, &settings, &err));
    assert_int_equal(db_integrity(&db, &err), RC_CORRUPT);
    assert_non_null(strstr(err.msg, "integrity_check"));
    err_clear(&err);
    OK(db_close(&db, &err));
    io_close(&io);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pragmas_per_level),
        cmocka_unit_test(settings_take_effect),
        cmocka_unit_test(mmap_needs_a_back_end),
        cmocka_unit_test(levels_are_named),
        cmocka_unit_test(level_may_change_between_openings),
        cmocka_unit_test(text_file_refused),
        cmocka_unit_test(foreign_database_refused),
        cmocka_unit_test(newer_version_refused),
        cmocka_unit_test(truncated_file_refused),
        cmocka_unit_test(guard_denies),
        cmocka_unit_test(step_and_bind),
        cmocka_unit_test(blob_reads),
        cmocka_unit_test(too_many_handles),
        cmocka_unit_test(checkpoints),
        cmocka_unit_test(broken_wal_is_fresh),
        cmocka_unit_test(failed_io_is_explained),
        cmocka_unit_test(creation_cut_short),
        cmocka_unit_test(creation_journal_stays_empty),
        cmocka_unit_test(no_journal_is_left),
        cmocka_unit_test(close_accepts_zero),
        cmocka_unit_test(measure_agrees_with_stock),
        cmocka_unit_test(integrity_names_the_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
