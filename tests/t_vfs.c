/* SQLite on the file layer: what it stores, what it syncs and how it fails, on both back ends. */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "engine/vfs.h"
#include "tests/support_tree.h"

#define assert_ok(call)                                           \
    do {                                                          \
        enum rc rc_ = (call);                                     \
        if (rc_ != RC_OK)                                         \
            fail_msg("%s: %s: %s", #call, rc_name(rc_), err.msg); \
    } while (0)

#define NAME      "blobs.db"
#define ROW_BYTES 8192

struct store {
    struct tree tree;
    struct vfs *vfs;
    sqlite3 *db;
};

static int setup(void **state, bool posix)
{
    struct store *store = calloc(1, sizeof(*store));
    struct err err = {0};

    tree_open(&store->tree, posix, false);
    assert_ok(vfs_register(&store->tree.io, false, &store->vfs, &err));
    *state = store;
    return 0;
}

static int setup_posix(void **state)
{
    return setup(state, true);
}

static int setup_memory(void **state)
{
    return setup(state, false);
}

static int teardown(void **state)
{
    struct store *store = *state;

    sqlite3_close(store->db);
    vfs_unregister(store->vfs);
    tree_close(&store->tree);
    free(store);
    return 0;
}

/* ---- SQL in short --------------------------------------------------------------------------- */

static int try_exec(sqlite3 *db, const char *sql)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

static void exec(struct store *store, const char *sql)
{
    if (try_exec(store->db, sql) != SQLITE_OK)
        fail_msg("%s: %s; %s", sql, sqlite3_errmsg(store->db), vfs_last_error(store->vfs)->msg);
}

/* The first column of the first row as text; "" when there is none. */
static const char *query(sqlite3 *db, const char *sql, char out[128])
{
    sqlite3_stmt *stmt = NULL;

    out[0] = '\0';
    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK &&
        sqlite3_step(stmt) == SQLITE_ROW) {
        const void *text = sqlite3_column_text(stmt, 0);

        snprintf(out, 128, "%s", text ? (const char *)text : "");
    }
    sqlite3_finalize(stmt);
    return out;
}

#define expect_query(store, sql, text) \
    assert_string_equal(query((store)->db, (sql), (char[128]){0}), (text))

static int try_open(struct store *store, const char *name, int flags)
{
    int code = sqlite3_open_v2(name, &store->db, flags, vfs_name(store->vfs));

    sqlite3_extended_result_codes(store->db, 1);
    return code;
}

static void open_db(struct store *store, const char *settings)
{
    assert_int_equal(try_open(store, NAME, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE), SQLITE_OK);
    exec(store, settings);
}

static void close_db(struct store *store)
{
    assert_int_equal(sqlite3_close(store->db), SQLITE_OK);
    store->db = NULL;
}

static void create_table(struct store *store)
{
    exec(store, "CREATE TABLE t(id INTEGER PRIMARY KEY, body BLOB NOT NULL)");
}

/* One row of ROW_BYTES whose content follows from its id and version, in its own transaction. */
static int try_put(struct store *store, int id, int version)
{
    uint8_t body[ROW_BYTES];
    sqlite3_stmt *stmt = NULL;
    int code =
        sqlite3_prepare_v2(store->db, "INSERT OR REPLACE INTO t VALUES(?1, ?2)", -1, &stmt, NULL);

    for (size_t i = 0; i < sizeof(body); i++)
        body[i] = (uint8_t)((size_t)id * 31 + (size_t)version * 7 + i);
    if (code == SQLITE_OK) {
        sqlite3_bind_int(stmt, 1, id);
        sqlite3_bind_blob(stmt, 2, body, sizeof(body), SQLITE_STATIC);
        sqlite3_step(stmt);
        code = sqlite3_reset(stmt);
    }
    sqlite3_finalize(stmt);
    return code;
}

static void put(struct store *store, int id, int version)
{
    int code = try_put(store, id, version);

    if (code != SQLITE_OK)
        fail_msg("put: %s; %s", sqlite3_errstr(code), vfs_last_error(store->vfs)->msg);
}

/* Every row in one number; the same for equal tables only, as far as a test can tell. */
static uint64_t content_hash(struct store *store)
{
    sqlite3_stmt *stmt;
    uint64_t hash = 1;
    int code;

    assert_int_equal(
        sqlite3_prepare_v2(store->db, "SELECT id, body FROM t ORDER BY id", -1, &stmt, NULL),
        SQLITE_OK);
    while ((code = sqlite3_step(stmt)) == SQLITE_ROW) {
        const uint8_t *body = sqlite3_column_blob(stmt, 1);
        int len = sqlite3_column_bytes(stmt, 1);

        hash = hash * 1099511628211u + (uint64_t)sqlite3_column_int(stmt, 0);
        for (int i = 0; i < len; i++)
            hash = (hash ^ body[i]) * 1099511628211u;
    }
    assert_int_equal(code, SQLITE_DONE);
    sqlite3_finalize(stmt);
    return hash;
}

static void reopen(struct store *store, const char *settings)
{
    struct err err = {0};

    if (store->db)
        close_db(store);
    vfs_unregister(store->vfs);
    tree_reopen(&store->tree);
    assert_ok(vfs_register(&store->tree.io, false, &store->vfs, &err));
    open_db(store, settings);
}

static enum rc names_visit(void *ctx, const char *name, uint64_t size, struct err *err)
{
    (void)size;
    return buf_printf(ctx, err, "%s ", name);
}

static void expect_files(struct store *store, const char *names)
{
    struct buf got = {0};
    struct err err = {0};

    assert_ok(io_list(&store->tree.io, "", names_visit, &got, &err));
    assert_string_equal(buf_str(&got), names);
    buf_release(&got);
}

/* ---- journal modes -------------------------------------------------------------------------- */

#define EXCLUSIVE "PRAGMA locking_mode=EXCLUSIVE; PRAGMA wal_autocheckpoint=0;"
static const char *const modes[] = {
    EXCLUSIVE "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL",
    EXCLUSIVE "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
    EXCLUSIVE "PRAGMA journal_mode=TRUNCATE; PRAGMA synchronous=FULL",
    "PRAGMA journal_mode=TRUNCATE; PRAGMA synchronous=FULL",
    EXCLUSIVE "PRAGMA journal_mode=DELETE; PRAGMA synchronous=EXTRA",
    "PRAGMA journal_mode=DELETE; PRAGMA synchronous=EXTRA",
    "PRAGMA journal_mode=PERSIST; PRAGMA synchronous=FULL",
};
#define WAL_MODES 2

static void check_mode(struct store *store, const char *settings)
{
    uint64_t hash;

    open_db(store, settings);
    create_table(store);
    for (int id = 0; id < 30; id++)
        put(store, id, 0);
    exec(store, "DELETE FROM t WHERE id % 3 = 0");
    exec(store, "BEGIN; DELETE FROM t; ROLLBACK");
    hash = content_hash(store);
    expect_query(store, "PRAGMA integrity_check", "ok");
    reopen(store, settings);
    expect_query(store, "PRAGMA integrity_check", "ok");
    assert_int_equal(content_hash(store), hash);
    expect_query(store, "SELECT count(*) FROM t WHERE length(body) = 8192", "20");
    exec(store, "DROP TABLE t; VACUUM");
    reopen(store, settings);
    expect_query(store, "PRAGMA page_count", "1");
    close_db(store);
}

static void test_modes(void **state)
{
    struct store *store = *state;

    for (size_t i = 0; i < COUNT_OF(modes); i++)
        check_mode(store, modes[i]);
    /* A WAL database needs exclusive locking: the VFS has no shared memory. */
    open_db(store, modes[0]);
    create_table(store);
    close_db(store);
    open_db(store, "");
    assert_int_equal(try_exec(store->db, "SELECT * FROM t"), SQLITE_CANTOPEN);
}

static void test_wal_recovery(void **state)
{
    struct store *store = *state;
    const struct io_counts *wal = &store->tree.io.meter.kind[IO_WAL];
    uint64_t hash, size;
    struct err err = {0};

    open_db(store, modes[0]);
    create_table(store);
    for (int id = 0; id < 10; id++)
        put(store, id, 1);
    hash = content_hash(store);
    assert_int_equal(sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL),
                     SQLITE_OK);
    close_db(store);
    expect_files(store, NAME " " NAME "-wal ");
    assert_ok(io_stat(&store->tree.io, NAME "-wal", &size, &err));
    assert_true(size > 10 * ROW_BYTES);
    reopen(store, modes[0]);
    assert_int_equal(content_hash(store), hash);
    assert_true(wal->read_bytes > 10 * ROW_BYTES);
    expect_query(store, "PRAGMA integrity_check", "ok");
    expect_query(store, "PRAGMA wal_checkpoint(TRUNCATE)", "0");
    assert_ok(io_stat(&store->tree.io, NAME "-wal", &size, &err));
    assert_int_equal(size, 0);
    close_db(store);
    expect_files(store, NAME " ");
    /* PERSIST_WAL leaves the file. */
    open_db(store, modes[0]);
    put(store, 99, 1);
    assert_int_equal(sqlite3_file_control(store->db, "main", SQLITE_FCNTL_PERSIST_WAL, &(int){1}),
                     SQLITE_OK);
    close_db(store);
    expect_files(store, NAME " " NAME "-wal ");
}

/* ---- syncs ---------------------------------------------------------------------------------- */

/* Per commit of one 8 KiB row, once the first commits have opened the files. */
struct sync_row {
    const char *journal, *synchronous;
    bool exclusive;
    unsigned database, wal, log, dirs; /* file syncs by kind; directory syncs */
};

/* With normal locking as the unix VFS has it under strace (docs/durability.md); with exclusive
 * locking the journal stays open, so its entry is synced once and not with every commit, and
 * DELETE behaves like PERSIST. */
static const struct sync_row sync_rows[] = {
    {"WAL", "OFF", true, 0, 0, 0, 0},        {"WAL", "NORMAL", true, 0, 0, 0, 0},
    {"WAL", "FULL", true, 0, 1, 0, 0},       {"WAL", "EXTRA", true, 0, 1, 0, 0},
    {"TRUNCATE", "OFF", true, 0, 0, 0, 0},   {"TRUNCATE", "NORMAL", true, 1, 0, 1, 0},
    {"TRUNCATE", "FULL", true, 1, 0, 3, 0},  {"DELETE", "FULL", true, 1, 0, 3, 0},
    {"TRUNCATE", "OFF", false, 0, 0, 0, 0},  {"TRUNCATE", "NORMAL", false, 1, 0, 1, 1},
    {"TRUNCATE", "FULL", false, 1, 0, 3, 1}, {"PERSIST", "FULL", false, 1, 0, 3, 1},
    {"DELETE", "NORMAL", false, 1, 0, 1, 1}, {"DELETE", "FULL", false, 1, 0, 2, 1},
    {"DELETE", "EXTRA", false, 1, 0, 2, 2},  {"DELETE", "OFF", false, 0, 0, 0, 0},
};

static void check_syncs(struct store *store, const struct sync_row *row)
{
    const unsigned commits = 10;
    const struct io_meter *now = &store->tree.io.meter;
    struct io_meter before, delta;
    uint64_t dirs = 0;
    char sql[256];

    snprintf(sql, sizeof(sql),
             "PRAGMA locking_mode=%s; PRAGMA journal_mode=%s; PRAGMA synchronous=%s;"
             "PRAGMA wal_autocheckpoint=0",
             row->exclusive ? "EXCLUSIVE" : "NORMAL", row->journal, row->synchronous);
    open_db(store, sql);
    exec(store, "DROP TABLE IF EXISTS t");
    create_table(store);
    for (int id = 0; id < 3; id++)
        put(store, id, 0);
    before = *now;
    for (unsigned i = 0; i < commits; i++)
        put(store, 100 + (int)i, 0);
    io_meter_delta(now, &before, &delta);
    for (size_t kind = 0; kind < IO_KIND_COUNT; kind++)
        dirs += delta.kind[kind].calls[IO_OP_SYNC_DIR];
    print_message("%-8s %-6s %-9s db %.1f wal %.1f journal %.1f dir %.1f\n", row->journal,
                  row->synchronous, row->exclusive ? "exclusive" : "normal",
                  (double)delta.kind[IO_DATABASE].calls[IO_OP_SYNC] / commits,
                  (double)delta.kind[IO_WAL].calls[IO_OP_SYNC] / commits,
                  (double)delta.kind[IO_JOURNAL].calls[IO_OP_SYNC] / commits,
                  (double)dirs / commits);
    assert_int_equal(delta.kind[IO_DATABASE].calls[IO_OP_SYNC], commits * row->database);
    assert_int_equal(delta.kind[IO_WAL].calls[IO_OP_SYNC], commits * row->wal);
    assert_int_equal(delta.kind[IO_JOURNAL].calls[IO_OP_SYNC], commits * row->log);
    assert_int_equal(dirs, commits * row->dirs);
    assert_int_equal(io_meter_syncs(&delta),
                     commits * (row->database + row->wal + row->log + row->dirs));
    exec(store, "PRAGMA journal_mode=DELETE");
    close_db(store);
}

static void test_syncs(void **state)
{
    for (size_t i = 0; i < COUNT_OF(sync_rows); i++)
        check_syncs(*state, &sync_rows[i]);
}

static enum io_verdict count_dir_syncs(void *ctx, const struct io_event *event, int *sys)
{
    (void)sys;
    if (event->op == IO_OP_SYNC_DIR) {
        assert_string_equal(event->name, "sub");
        ++*(unsigned *)ctx;
    }
    return IO_PASS;
}

/* A new file's directory, wherever it is, is synced with the file's first sync and only then. */
static void test_directory_synced_once(void **state)
{
    struct store *store = *state;
    struct err err = {0};
    unsigned dir_syncs = 0;

    assert_ok(io_mkdir(&store->tree.io, "sub", NULL, &err));
    store->tree.io.hook = (struct io_hook){.before = count_dir_syncs, .ctx = &dir_syncs};
    assert_int_equal(try_open(store, "sub/x.db", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE),
                     SQLITE_OK);
    exec(store, EXCLUSIVE "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL");
    dir_syncs = 0;
    create_table(store);
    put(store, 1, 1);
    assert_int_equal(dir_syncs, 1); /* the WAL's; the database was synced by the mode change */
    expect_query(store, "PRAGMA wal_checkpoint(TRUNCATE)", "0");
    put(store, 2, 1);
    assert_int_equal(dir_syncs, 1);
    close_db(store);
    store->tree.io.hook = (struct io_hook){0};
}

/* ---- mmap ----------------------------------------------------------------------------------- */

static void test_mmap(void **state)
{
    struct store *store = *state;
    struct io_counts *db_counts = &store->tree.io.meter.kind[IO_DATABASE];
    bool posix = store->tree.posix;
    uint64_t plain, mapped, off, before;
    char sql[200];

    open_db(store, modes[2]);
    create_table(store);
    for (int id = 0; id < 200; id++)
        put(store, id, 0);
    reopen(store, EXCLUSIVE);
    db_counts = &store->tree.io.meter.kind[IO_DATABASE];
    plain = content_hash(store);
    assert_int_equal(db_counts->mapped_bytes, 0);
    assert_true(db_counts->read_bytes > 200 * ROW_BYTES);
    /* Larger than the library's own 2 GiB cap. */
    snprintf(sql, sizeof(sql), EXCLUSIVE "PRAGMA cache_size=5; PRAGMA mmap_size=%" PRIu64, 5 * GIB);
    reopen(store, sql);
    db_counts = &store->tree.io.meter.kind[IO_DATABASE];
    before = db_counts->read_bytes;
    mapped = content_hash(store);
    assert_int_equal(mapped, plain);
    assert_int_equal(db_counts->mapped_bytes > 200 * ROW_BYTES, posix);
    if (posix)
        assert_true(db_counts->read_bytes - before < 4 * 4096);
    /* The file grows, shrinks and changes under the mapping. */
    for (int id = 100; id < 600; id++)
        put(store, id, 1);
    mapped = content_hash(store);
    expect_query(store, "SELECT count(*) FROM t", "600");
    exec(store, "DELETE FROM t WHERE id < 550; VACUUM");
    expect_query(store, "PRAGMA integrity_check", "ok");
    for (int id = 550; id < 700; id++)
        put(store, id, 2);
    mapped = content_hash(store);
    exec(store, "PRAGMA mmap_size=0");
    off = db_counts->mapped_bytes;
    assert_int_equal(content_hash(store), mapped);
    assert_int_equal(db_counts->mapped_bytes, off);
    expect_query(store, "PRAGMA integrity_check", "ok");
}

/* A file that outgrows its mapping is mapped anew. */
static void test_mmap_growth(void **state)
{
    struct store *store = *state;
    const struct io_counts *counts = &store->tree.io.meter.kind[IO_DATABASE];

    open_db(store, EXCLUSIVE "PRAGMA journal_mode=MEMORY; PRAGMA synchronous=OFF;"
                             "PRAGMA cache_size=5; PRAGMA mmap_size=1000000000");
    create_table(store);
    put(store, 0, 0);
    content_hash(store);
    assert_int_equal(counts->calls[IO_OP_MAP], 1);
    exec(store, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 80) "
                "INSERT INTO t SELECT i, zeroblob(1048576) FROM n");
    expect_query(store, "SELECT sum(length(hex(body)) / 2) FROM t", "83894272");
    assert_int_equal(counts->calls[IO_OP_MAP], 2);
    assert_true(counts->mapped_bytes > 80 * MIB);
}

/* A whole mapped run equals a whole plain run; a limit inside the file maps what is below it. */
static void test_mmap_limits(void **state)
{
    static const uint64_t limits[] = {0, 1, 4096, 100000, 1 << 20, (uint64_t)1 << 40, INT64_MAX};
    struct store *store = *state;
    uint64_t first = 0;
    char sql[200], text[128];

    for (size_t i = 0; i < COUNT_OF(limits); i++) {
        snprintf(sql, sizeof(sql), "%s; PRAGMA mmap_size=%" PRIu64, modes[i % COUNT_OF(modes)],
                 limits[i]);
        open_db(store, sql);
        query(store->db, "PRAGMA mmap_size", text);
        /* What the PRAGMA says is in force: nothing where mapping is impossible. */
        assert_true(strcmp(text, "0") == 0 || strtoull(text, NULL, 10) == limits[i]);
        if (!store->tree.posix)
            assert_string_equal(text, "0");
        exec(store, "DROP TABLE IF EXISTS t");
        create_table(store);
        for (int id = 0; id < 60; id++)
            put(store, id % 50, id);
        if (i == 0)
            first = content_hash(store);
        assert_int_equal(content_hash(store), first);
        expect_query(store, "PRAGMA integrity_check", "ok");
        exec(store, "PRAGMA journal_mode=DELETE");
        close_db(store);
    }
}

/* A mapping that fails costs speed, not correctness, and is not claimed to be in force. */
static void test_mmap_fault(void **state)
{
    struct store *store = *state;
    struct fault fault = {.ops = 1u << IO_OP_MAP, .verdict = IO_FAIL, .sys = ENOMEM};

    open_db(store, modes[2]);
    create_table(store);
    put(store, 1, 1);
    fault_arm(&fault, &store->tree.io);
    exec(store, "PRAGMA mmap_size=1000000");
    fault_disarm(&store->tree.io);
    assert_int_equal(fault.fired, 1);
    expect_query(store, "PRAGMA mmap_size", "0");
    assert_non_null(strstr(vfs_last_error(store->vfs)->msg, "cannot map"));
    expect_query(store, "SELECT length(body) FROM t", "8192");
}

/* ---- files and controls --------------------------------------------------------------------- */

static void test_temp_files(void **state)
{
    struct store *store = *state;
    const struct io_counts *temp = &store->tree.io.meter.kind[IO_TEMP];
    struct io_file squatter;
    struct err err = {0};
    char name[64];

    /* A name left behind by a killed process is stepped over. */
    snprintf(name, sizeof(name), "temp-%s-1", strrchr(vfs_name(store->vfs), '-') + 1);
    assert_ok(io_file_open(&store->tree.io, name, IO_TEMP, IO_CREATE, &squatter, NULL, &err));
    assert_ok(io_file_close(&squatter, &err));
    open_db(store, "PRAGMA temp_store=FILE; PRAGMA cache_size=5; PRAGMA temp.cache_size=5");
    exec(store, "CREATE TEMP TABLE big AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 "
                "FROM n WHERE i < 2000) SELECT i, randomblob(500) AS b FROM n");
    expect_query(store, "SELECT count(*) FROM (SELECT b FROM big ORDER BY b)", "2000");
    assert_true(temp->write_bytes > 1000000);
    assert_true(temp->calls[IO_OP_OPEN] >= 2);
    assert_int_equal(io_meter_syncs(&store->tree.io.meter), 0);
    close_db(store);
    assert_int_equal(temp->calls[IO_OP_CLOSE], temp->calls[IO_OP_OPEN] - 1);
    assert_ok(io_unlink(&store->tree.io, IO_TEMP, name, &err));
    expect_files(store, NAME " ");
}

static void test_controls(void **state)
{
    struct store *store = *state;
    sqlite3_file *file = NULL;
    char *name = NULL;
    int flag = -1;

    open_db(store, "");
    assert_int_equal(sqlite3_file_control(store->db, "main", SQLITE_FCNTL_VFSNAME, &name), 0);
    assert_string_equal(name, vfs_name(store->vfs));
    sqlite3_free(name);
    assert_int_equal(sqlite3_file_control(store->db, "main", SQLITE_FCNTL_FILE_POINTER, &file), 0);
    assert_int_equal(file->pMethods->iVersion, 3);
    assert_null(file->pMethods->xShmMap);
    assert_int_equal(file->pMethods->xSectorSize(file), 4096);
    assert_int_equal(file->pMethods->xDeviceCharacteristics(file),
                     SQLITE_IOCAP_POWERSAFE_OVERWRITE);
    assert_int_equal(
        sqlite3_file_control(store->db, "main", SQLITE_FCNTL_POWERSAFE_OVERWRITE, &flag), 0);
    assert_int_equal(flag, 1);
    flag = 0;
    sqlite3_file_control(store->db, "main", SQLITE_FCNTL_POWERSAFE_OVERWRITE, &flag);
    assert_int_equal(file->pMethods->xDeviceCharacteristics(file), 0);
    flag = -1;
    assert_int_equal(sqlite3_file_control(store->db, "main", SQLITE_FCNTL_PERSIST_WAL, &flag), 0);
    assert_int_equal(flag, 0);
    assert_int_equal(
        sqlite3_file_control(store->db, "main", SQLITE_FCNTL_CHUNK_SIZE, &(int){65536}), 0);
    assert_int_equal(sqlite3_file_control(store->db, "main", SQLITE_FCNTL_HAS_MOVED, &flag),
                     SQLITE_NOTFOUND);
}

static void test_registration(void **state)
{
    struct store *store = *state;
    struct vfs *other;
    struct err err = {0};
    sqlite3 *second = NULL;
    sqlite3_vfs *raw = sqlite3_vfs_find(vfs_name(store->vfs));
    char name[64], path[IO_NAME_MAX], bytes[8] = {0};
    sqlite3_int64 ms = 0;
    double days = 0;
    int there = -1;

    assert_non_null(raw);
    assert_ok(vfs_register(&store->tree.io, false, &other, &err));
    assert_string_not_equal(vfs_name(store->vfs), vfs_name(other));
    snprintf(name, sizeof(name), "%s", vfs_name(other));
    vfs_unregister(other);
    vfs_unregister(NULL);
    assert_null(sqlite3_vfs_find(name));
    assert_ptr_not_equal(sqlite3_vfs_find(NULL), raw);

    open_db(store, "");
    create_table(store);
    assert_int_equal(sqlite3_open_v2(NAME, &second, SQLITE_OPEN_READWRITE, vfs_name(store->vfs)),
                     SQLITE_CANTOPEN);
    assert_non_null(strstr(vfs_last_error(store->vfs)->msg, "open already"));
    sqlite3_close(second);
    assert_int_equal(
        sqlite3_open_v2("missing.db", &second, SQLITE_OPEN_READWRITE, vfs_name(store->vfs)),
        SQLITE_CANTOPEN);
    sqlite3_close(second);
    assert_int_equal(sqlite3_open_v2("../up.db", &second,
                                     SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                                     vfs_name(store->vfs)),
                     SQLITE_CANTOPEN);
    sqlite3_close(second);

    assert_int_equal(raw->xFullPathname(raw, "abc", 4, path), SQLITE_OK);
    assert_string_equal(path, "abc");
    assert_int_equal(raw->xFullPathname(raw, "abc", 3, path), SQLITE_CANTOPEN);
    assert_int_equal(raw->xAccess(raw, NAME, SQLITE_ACCESS_EXISTS, &there), SQLITE_OK);
    assert_int_equal(there, 1);
    assert_int_equal(raw->xAccess(raw, "nothing", SQLITE_ACCESS_EXISTS, &there), SQLITE_OK);
    assert_int_equal(there, 0);
    assert_int_equal(raw->xDelete(raw, "nothing", 1), SQLITE_IOERR_DELETE_NOENT);
    assert_int_equal(raw->xRandomness(raw, 8, bytes), 8);
    assert_int_equal(raw->xCurrentTimeInt64(raw, &ms), SQLITE_OK);
    assert_int_equal(raw->xCurrentTime(raw, &days), SQLITE_OK);
    assert_true(ms > INT64_C(211845067200000) && days > 2451910.5); /* after 2001 */
    assert_true(raw->xSleep(raw, 1) >= 0);
    assert_null(raw->xDlOpen(raw, "/nonexistent/library.so"));
    raw->xDlError(raw, (int)sizeof(path), path);
    assert_true(path[0] != '\0');
}

/* A file opened straight through the VFS. */
static sqlite3_file *open_raw(sqlite3_vfs *raw, const char *name, int flags, int *code)
{
    sqlite3_file *file = calloc(1, (size_t)raw->szOsFile);

    *code = raw->xOpen(raw, name, file, flags, NULL);
    assert_int_equal(file->pMethods != NULL, *code == SQLITE_OK);
    return file;
}

static void close_raw(sqlite3_file *file)
{
    if (file->pMethods)
        assert_int_equal(file->pMethods->xClose(file), SQLITE_OK);
    free(file);
}

static void test_kinds(void **state)
{
    static const struct {
        int flag;
        enum io_kind kind;
    } rows[] = {
        {SQLITE_OPEN_MAIN_DB, IO_DATABASE},     {SQLITE_OPEN_WAL, IO_WAL},
        {SQLITE_OPEN_MAIN_JOURNAL, IO_JOURNAL}, {SQLITE_OPEN_SUPER_JOURNAL, IO_JOURNAL},
        {SQLITE_OPEN_TEMP_DB, IO_TEMP},         {SQLITE_OPEN_TEMP_JOURNAL, IO_TEMP},
        {SQLITE_OPEN_TRANSIENT_DB, IO_TEMP},    {SQLITE_OPEN_SUBJOURNAL, IO_TEMP},
    };
    const int create = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    struct store *store = *state;
    sqlite3_vfs *raw = sqlite3_vfs_find(vfs_name(store->vfs));
    const struct io_meter *meter = &store->tree.io.meter;
    sqlite3_file *file, *a, *b;
    int code;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct io_counts *counts = &meter->kind[rows[i].kind];
        uint64_t syncs = counts->calls[IO_OP_SYNC_DIR], writes = counts->write_bytes;

        file = open_raw(raw, "f", rows[i].flag | create, &code);
        assert_int_equal(code, SQLITE_OK);
        assert_int_equal(file->pMethods->xWrite(file, "abc", 3, 0), SQLITE_OK);
        for (int n = 0; n < 2; n++)
            assert_int_equal(file->pMethods->xSync(file, SQLITE_SYNC_NORMAL), SQLITE_OK);
        assert_int_equal(counts->write_bytes - writes, 3);
        assert_int_equal(counts->calls[IO_OP_SYNC_DIR] - syncs, rows[i].kind != IO_TEMP);
        close_raw(file);
    }
    close_raw(open_raw(raw, "f", SQLITE_OPEN_MAIN_DB | create | SQLITE_OPEN_EXCLUSIVE, &code));
    assert_int_equal(code, SQLITE_CANTOPEN);
    close_raw(open_raw(raw, "f", SQLITE_OPEN_TEMP_DB | create | SQLITE_OPEN_DELETEONCLOSE, &code));
    assert_int_equal(code, SQLITE_OK);
    expect_files(store, "");
    /* Two databases of one registration, closed in the order in which they were opened. */
    a = open_raw(raw, "a", SQLITE_OPEN_MAIN_DB | create, &code);
    b = open_raw(raw, "b", SQLITE_OPEN_MAIN_DB | create, &code);
    close_raw(a);
    close_raw(open_raw(raw, "b", SQLITE_OPEN_MAIN_DB | create, &code));
    assert_int_equal(code, SQLITE_CANTOPEN);
    close_raw(open_raw(raw, "a", SQLITE_OPEN_MAIN_DB | create, &code));
    assert_int_equal(code, SQLITE_OK);
    close_raw(b);
}

static void test_short_reads(void **state)
{
    struct store *store = *state;
    sqlite3_vfs *raw = sqlite3_vfs_find(vfs_name(store->vfs));
    int code;
    sqlite3_file *file =
        open_raw(raw, "f", SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, &code);
    char got[6];

    assert_int_equal(file->pMethods->xWrite(file, "abcd", 4, 0), SQLITE_OK);
    memset(got, 'x', sizeof(got));
    assert_int_equal(file->pMethods->xRead(file, got, 6, 2), SQLITE_IOERR_SHORT_READ);
    assert_memory_equal(got, "cd\0\0\0\0", 6);
    assert_int_equal(file->pMethods->xRead(file, got, 6, 100), SQLITE_IOERR_SHORT_READ);
    assert_memory_equal(got, "\0\0\0\0\0\0", 6);
    assert_int_equal(file->pMethods->xRead(file, got, 4, 0), SQLITE_OK);
    close_raw(file);
}

static void test_access_and_libraries(void **state)
{
    struct store *store = *state;
    sqlite3_vfs *raw = sqlite3_vfs_find(vfs_name(store->vfs));
    struct err err = {0};
    struct io_file file;
    int there = -1;
    void *library;

    assert_ok(io_mkdir(&store->tree.io, "dir", NULL, &err));
    assert_ok(io_file_open(&store->tree.io, "empty", IO_JOURNAL, IO_CREATE, &file, NULL, &err));
    assert_ok(io_file_close(&file, &err));
    assert_int_equal(raw->xAccess(raw, "dir", SQLITE_ACCESS_EXISTS, &there), SQLITE_OK);
    assert_int_equal(there, 1);
    assert_int_equal(raw->xAccess(raw, "empty", SQLITE_ACCESS_EXISTS, &there), SQLITE_OK);
    assert_int_equal(there, 0);
    assert_int_equal(raw->xAccess(raw, "empty", SQLITE_ACCESS_READWRITE, &there), SQLITE_OK);
    assert_int_equal(there, 1);
    assert_int_equal(raw->xAccess(raw, "..", SQLITE_ACCESS_EXISTS, &there), SQLITE_IOERR_ACCESS);
    library = raw->xDlOpen(raw, "libm.so.6");
    assert_non_null(library);
    assert_true(raw->xDlSym(raw, library, "cos") != NULL);
    raw->xDlClose(raw, library);
}

static void test_read_only(void **state)
{
    struct store *store = *state;

    open_db(store, modes[2]);
    create_table(store);
    put(store, 1, 1);
    close_db(store);
    assert_int_equal(try_open(store, NAME, SQLITE_OPEN_READONLY), SQLITE_OK);
    expect_query(store, "SELECT length(body) FROM t", "8192");
    assert_int_equal(try_put(store, 2, 1), SQLITE_READONLY);
    close_db(store);
}

/* ---- faults --------------------------------------------------------------------------------- */

static void check_code(struct store *store, enum io_op op, int sys, int expected)
{
    struct fault fault = {.ops = 1u << op, .verdict = IO_FAIL, .sys = sys, .sticky = true};
    sqlite3_vfs *raw = sqlite3_vfs_find(vfs_name(store->vfs));
    char text[sizeof(vfs_last_error(store->vfs)->msg)];
    int code;

    fault_arm(&fault, &store->tree.io);
    code = try_put(store, 2, 2);
    if (fault.fired == 0)
        fail_msg("no %s to fail", io_op_name(op));
    if (code != expected)
        fail_msg("%s with errno %d: SQLite %d, not %d", io_op_name(op), sys, code, expected);
    assert_int_equal(vfs_last_error(store->vfs)->sys, sys);
    assert_int_equal(raw->xGetLastError(raw, (int)sizeof(text), text), sys);
    assert_string_equal(text, vfs_last_error(store->vfs)->msg);
    fault_disarm(&store->tree.io);
    assert_int_equal(sqlite3_close(store->db), SQLITE_OK);
    store->db = NULL;
    reopen(store, modes[2]);
    expect_query(store, "PRAGMA integrity_check", "ok");
    reopen(store, modes[2]); /* recovery may have opened and synced the journal already */
}

static void test_codes(void **state)
{
    struct store *store = *state;

    open_db(store, modes[2]);
    create_table(store);
    put(store, 1, 1);
    check_code(store, IO_OP_WRITE, EIO, SQLITE_IOERR_WRITE);
    check_code(store, IO_OP_WRITE, ENOSPC, SQLITE_FULL);
    check_code(store, IO_OP_WRITE, EDQUOT, SQLITE_FULL);
    check_code(store, IO_OP_SYNC, EIO, SQLITE_IOERR_FSYNC);
    check_code(store, IO_OP_TRUNCATE, EIO, SQLITE_IOERR_TRUNCATE);
    check_code(store, IO_OP_SYNC_DIR, EIO, SQLITE_IOERR_DIR_FSYNC);
    check_code(store, IO_OP_OPEN, EMFILE, SQLITE_CANTOPEN);
    /* A read that fails is not a short read. */
    reopen(store, "");
    {
        struct fault fault = {.ops = 1u << IO_OP_READ, .verdict = IO_FAIL, .sys = EIO};

        fault_arm(&fault, &store->tree.io);
        assert_int_equal(try_exec(store->db, "SELECT * FROM t"), SQLITE_IOERR_READ);
        assert_non_null(strstr(vfs_last_error(store->vfs)->msg, "cannot read"));
        fault_disarm(&store->tree.io);
    }
}

/* The unit under fault: two transactions that touch old and new pages, then a checkpoint. */
static int work(struct store *store, const char *settings, unsigned *acknowledged)
{
    int code = try_open(store, NAME, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);

    *acknowledged = 0;
    if (code == SQLITE_OK)
        code = try_exec(store->db, settings);
    for (int i = 0; code == SQLITE_OK && i < 2; i++) {
        code = try_put(store, 3, 10 + i);
        if (code == SQLITE_OK)
            *acknowledged = (unsigned)i + 1;
    }
    if (code == SQLITE_OK)
        code = try_exec(store->db, "PRAGMA wal_checkpoint(TRUNCATE)");
    return code;
}

static void fill_store(struct store *store, const char *settings)
{
    open_db(store, settings);
    create_table(store);
    for (int id = 0; id < 6; id++)
        put(store, id, 0);
    close_db(store);
}

/* The table's hash after 0, 1 and 2 of the transactions of work(). */
static void expected_hashes(const char *settings, uint64_t hashes[3])
{
    struct store *store;
    void *state;

    setup(&state, false);
    store = state;
    fill_store(store, settings);
    open_db(store, settings);
    hashes[0] = content_hash(store);
    put(store, 3, 10);
    hashes[1] = content_hash(store);
    put(store, 3, 11);
    hashes[2] = content_hash(store);
    teardown(&state);
}

/* Fail operation `n` of work() on a fresh store.  False when there were fewer operations. */
static bool check_fault_at(const char *settings, struct fault fault, bool posix,
                           const uint64_t hashes[3])
{
    struct store *store;
    unsigned acknowledged;
    uint64_t got;
    void *state;
    int code, closed;
    bool fired;

    setup(&state, posix);
    store = state;
    fill_store(store, settings);
    fault_arm(&fault, &store->tree.io);
    code = work(store, settings, &acknowledged);
    closed = sqlite3_close(store->db);
    store->db = NULL;
    fired = fault.fired > 0;
    fault_disarm(&store->tree.io);
    assert_int_equal(closed, SQLITE_OK);
    if (!fired) {
        assert_int_equal(code, SQLITE_OK);
        assert_int_equal(acknowledged, 2);
    }
    if (code != SQLITE_OK)
        assert_true(vfs_last_error(store->vfs)->msg[0] != '\0');
    reopen(store, settings);
    expect_query(store, "PRAGMA integrity_check", "ok");
    got = content_hash(store);
    /* What was acknowledged is there; a transaction that failed is there whole or not at all. */
    if (got != hashes[acknowledged] && (acknowledged == 2 || got != hashes[acknowledged + 1]))
        fail_msg("%s: fault at operation %" PRIu64 ": content is not that of %u or %u transactions",
                 settings, fault.skip, acknowledged, acknowledged + 1);
    put(store, 50, 1);
    teardown(&state);
    return fired;
}

static void check_faults(const char *settings, bool posix)
{
    static const int errors[] = {EIO, ENOSPC};
    uint64_t hashes[3], points = 0;

    expected_hashes(settings, hashes);
    for (unsigned variant = 0; variant < 4; variant++) {
        struct fault fault = {
            .verdict = IO_FAIL, .sys = errors[variant & 1], .sticky = (variant & 2) != 0};

        for (fault.skip = 0; check_fault_at(settings, fault, posix, hashes); fault.skip++)
            points++;
    }
    print_message("%" PRIu64 " faults: %s\n", points, settings);
    assert_true(points > 4 * 20);
}

static void test_faults(void **state)
{
    bool posix = ((struct store *)*state)->tree.posix;

    /* Real syncs are slow: there, one mode of each journal is enough. */
    for (size_t i = 0; i < COUNT_OF(modes); i++)
        if (!posix || i == 0 || i == 2)
            check_faults(modes[i], posix);
}

/* ---- groups --------------------------------------------------------------------------------- */

#define ON(backend, test) cmocka_unit_test_setup_teardown(test, setup_##backend, teardown)
#define ALL_TESTS(backend)                                                                       \
    ON(backend, test_modes), ON(backend, test_wal_recovery), ON(backend, test_syncs),            \
        ON(backend, test_directory_synced_once), ON(backend, test_mmap),                         \
        ON(backend, test_mmap_limits), ON(backend, test_temp_files), ON(backend, test_controls), \
        ON(backend, test_registration), ON(backend, test_kinds), ON(backend, test_short_reads),  \
        ON(backend, test_access_and_libraries), ON(backend, test_read_only),                     \
        ON(backend, test_codes), ON(backend, test_faults)

int main(void)
{
    const struct CMUnitTest posix[] = {ALL_TESTS(posix), ON(posix, test_mmap_fault),
                                       ON(posix, test_mmap_growth)};
    const struct CMUnitTest memory[] = {ALL_TESTS(memory)};
    int failed = cmocka_run_group_tests_name("vfs posix", posix, NULL, NULL);

    failed += cmocka_run_group_tests_name("vfs memory", memory, NULL, NULL);
    return failed != 0;
}
