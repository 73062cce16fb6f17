/* Connections of one process to one database: who gets which lock, what each sees, and that nothing
 * is left behind; t_vfs.c has the connection that is alone. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "engine/vfs.h"
#include "engine/vfs_shared.h"
#include "tests/support_tree.h"

#define OK(call)                                                  \
    do {                                                          \
        enum rc ok_ = (call);                                     \
        if (ok_ != RC_OK)                                         \
            fail_msg("%s: %s: %s", #call, rc_name(ok_), err.msg); \
    } while (0)

#define FAMILY ((const void *)"a tree")

/* ---- locks of the file ----------------------------------------------------------------------- */

static void file_locks(void **state)
{
    struct vfs_seat a, b, c;
    (void)state;
    assert_true(vfs_seat_take(&a, FAMILY, "x"));
    assert_true(vfs_seat_take(&b, FAMILY, "x"));
    assert_true(vfs_seat_take(&c, FAMILY, "y")); /* another file has locks of its own */
    assert_int_equal(vfs_seat_lock(&a, SQLITE_LOCK_SHARED), SQLITE_OK);
    assert_int_equal(vfs_seat_lock(&b, SQLITE_LOCK_SHARED), SQLITE_OK);
    assert_false(vfs_seat_reserved(&a));
    assert_int_equal(vfs_seat_lock(&a, SQLITE_LOCK_RESERVED), SQLITE_OK);
    assert_int_equal(vfs_seat_lock(&a, SQLITE_LOCK_RESERVED), SQLITE_OK); /* has it */
    assert_true(vfs_seat_reserved(&b));
    assert_false(vfs_seat_reserved(&c));
    assert_int_equal(vfs_seat_lock(&b, SQLITE_LOCK_RESERVED), SQLITE_BUSY);
    assert_int_equal(vfs_seat_lock(&b, SQLITE_LOCK_EXCLUSIVE), SQLITE_BUSY);
    /* A reader may come while it is RESERVED, none while it waits. */
    vfs_seat_unlock(&b, SQLITE_LOCK_NONE);
    assert_int_equal(vfs_seat_lock(&b, SQLITE_LOCK_SHARED), SQLITE_OK);
    assert_int_equal(vfs_seat_lock(&a, SQLITE_LOCK_EXCLUSIVE), SQLITE_BUSY);
    vfs_seat_unlock(&b, SQLITE_LOCK_NONE);
    assert_int_equal(vfs_seat_lock(&b, SQLITE_LOCK_SHARED), SQLITE_BUSY);
    assert_int_equal(vfs_seat_lock(&a, SQLITE_LOCK_EXCLUSIVE), SQLITE_OK);
    assert_int_equal(vfs_seat_lock(&b, SQLITE_LOCK_SHARED), SQLITE_BUSY);
    vfs_seat_unlock(&a, SQLITE_LOCK_SHARED);
    assert_false(vfs_seat_reserved(&b));
    assert_int_equal(vfs_seat_lock(&b, SQLITE_LOCK_SHARED), SQLITE_OK);
    /* Leaving gives up what is held. */
    assert_int_equal(vfs_seat_lock(&b, SQLITE_LOCK_RESERVED), SQLITE_OK);
    vfs_seat_leave(&b);
    assert_int_equal(vfs_seat_lock(&a, SQLITE_LOCK_EXCLUSIVE), SQLITE_OK);
    vfs_seat_leave(&a);
    vfs_seat_leave(&c);
    vfs_seat_leave(&c); /* accepts one that was left */
}

/* ---- the WAL index --------------------------------------------------------------------------- */

static void index_locks(void **state)
{
    enum {
        SHARE = SQLITE_SHM_LOCK | SQLITE_SHM_SHARED,
        OWN = SQLITE_SHM_LOCK | SQLITE_SHM_EXCLUSIVE
    };
    enum {
        LET = SQLITE_SHM_UNLOCK | SQLITE_SHM_SHARED,
        GIVE = SQLITE_SHM_UNLOCK | SQLITE_SHM_EXCLUSIVE
    };
    struct vfs_seat a, b;
    (void)state;
    assert_true(vfs_seat_take(&a, FAMILY, "x"));
    assert_true(vfs_seat_take(&b, FAMILY, "x"));
    assert_int_equal(vfs_seat_shm_lock(&a, 3, 1, SHARE), SQLITE_OK);
    assert_int_equal(vfs_seat_shm_lock(&b, 3, 1, SHARE), SQLITE_OK);
    assert_int_equal(vfs_seat_shm_lock(&b, 3, 1, SHARE), SQLITE_OK); /* has it */
    assert_int_equal(vfs_seat_shm_lock(&b, 1, 4, OWN), SQLITE_BUSY); /* all or none */
    assert_int_equal(vfs_seat_shm_lock(&a, 1, 2, OWN), SQLITE_OK);
    assert_int_equal(vfs_seat_shm_lock(&b, 2, 1, SHARE), SQLITE_BUSY);
    assert_int_equal(vfs_seat_shm_lock(&a, 1, 2, GIVE), SQLITE_OK);
    assert_int_equal(vfs_seat_shm_lock(&b, 1, 2, OWN), SQLITE_OK);
    assert_int_equal(vfs_seat_shm_lock(&a, 3, 1, LET), SQLITE_OK);
    assert_int_equal(vfs_seat_shm_lock(&a, 3, 1, OWN), SQLITE_BUSY); /* b shares it still */
    assert_int_equal(vfs_seat_shm_lock(&b, 3, 1, LET), SQLITE_OK);
    assert_int_equal(vfs_seat_shm_lock(&a, 3, 1, OWN), SQLITE_OK);
    assert_int_equal(vfs_seat_shm_lock(&a, 3, 1, GIVE), SQLITE_OK);
    assert_int_equal(vfs_seat_shm_lock(&b, 1, 2, GIVE), SQLITE_OK);
    vfs_seat_leave(&a);
    vfs_seat_leave(&b);
}

static void index_memory(void **state)
{
    struct vfs_seat a, b;
    volatile void *one, *two;
    (void)state;
    assert_true(vfs_seat_take(&a, FAMILY, "x"));
    assert_true(vfs_seat_take(&b, FAMILY, "x"));
    assert_int_equal(vfs_seat_shm_map(&a, 1, 32768, false, &one), SQLITE_OK);
    assert_null(one);
    assert_int_equal(vfs_seat_shm_map(&a, 1, 32768, true, &one), SQLITE_OK);
    assert_int_equal(vfs_seat_shm_map(&b, 1, 32768, false, &two), SQLITE_OK);
    assert_non_null(one);
    assert_ptr_equal((void *)(uintptr_t)one, (void *)(uintptr_t)two);
    assert_int_equal(((volatile char *)two)[32767], 0);
    ((volatile char *)one)[5] = 1;
    vfs_seat_shm_barrier(&a);
    vfs_seat_shm_unmap(&a);
    assert_int_equal(((volatile char *)two)[5], 1); /* while anyone uses it */
    vfs_seat_shm_unmap(&b);
    assert_int_equal(vfs_seat_shm_map(&b, 0, 32768, true, &two), SQLITE_OK);
    assert_int_equal(((volatile char *)two)[5], 0);
    vfs_seat_leave(&a);
    vfs_seat_leave(&b);
}

/* ---- connections ----------------------------------------------------------------------------- */

enum { READERS = 4, CONNECTIONS = READERS + 1 };

struct connection {
    struct io io;
    struct vfs *vfs;
    sqlite3 *db;
};
struct together {
    struct tree tree;
    struct connection all[CONNECTIONS];
};

static void exec(sqlite3 *db, const char *sql, int wanted)
{
    int code = sqlite3_exec(db, sql, NULL, NULL, NULL);
    if (code != wanted)
        fail_msg("%s: %d %s", sql, code, sqlite3_errmsg(db));
}

static int number(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    int value = -1;
    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK &&
        sqlite3_step(stmt) == SQLITE_ROW)
        value = sqlite3_column_int(stmt, 0);
    sqlite3_finalize(stmt);
    return value;
}

static void together_open(struct together *together, const char *journal)
{
    struct err err = {0};
    char sql[64];
    tree_open(&together->tree, true, false);
    snprintf(sql, sizeof(sql), "PRAGMA journal_mode=%s", journal);
    for (size_t i = 0; i < CONNECTIONS; i++) {
        struct connection *one = &together->all[i];
        OK(io_open_shared(&one->io, &together->tree.io, &err));
        OK(vfs_register(&one->io, true, &one->vfs, &err));
        assert_int_equal(
            sqlite3_open_v2("blobs.db", &one->db,
                            SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                            vfs_name(one->vfs)),
            SQLITE_OK);
        exec(one->db, sql, SQLITE_OK);
        if (i == 0)
            exec(one->db, "CREATE TABLE t(a INT, b INT); INSERT INTO t VALUES(0, 1000)", SQLITE_OK);
    }
}

static void together_close(struct together *together)
{
    for (size_t i = 0; i < CONNECTIONS; i++) {
        assert_int_equal(sqlite3_close(together->all[i].db), SQLITE_OK);
        vfs_unregister(together->all[i].vfs);
        io_close(&together->all[i].io);
    }
    tree_close(&together->tree);
}

/* In WAL mode nobody waits for anybody, but one writer for another. */
static void snapshots(void **state)
{
    struct together together;
    (void)state;
    together_open(&together, "wal");
    sqlite3 *writer = together.all[0].db, *reader = together.all[1].db;
    exec(reader, "BEGIN", SQLITE_OK);
    assert_int_equal(number(reader, "SELECT a FROM t"), 0);
    exec(writer, "BEGIN IMMEDIATE; UPDATE t SET a=1", SQLITE_OK);
    assert_int_equal(number(reader, "SELECT a FROM t"), 0);
    exec(together.all[2].db, "BEGIN IMMEDIATE", SQLITE_BUSY);
    exec(writer, "COMMIT", SQLITE_OK);
    assert_int_equal(number(reader, "SELECT a FROM t"), 0);
    assert_int_equal(number(together.all[2].db, "SELECT a FROM t"), 1);
    exec(reader, "COMMIT", SQLITE_OK);
    assert_int_equal(number(reader, "SELECT a FROM t"), 1);
    together_close(&together);
}

/* With a rollback journal a commit waits for the readers, and readers for it. */
static void rollback_journal(void **state)
{
    struct together together;
    (void)state;
    together_open(&together, "truncate");
    sqlite3 *writer = together.all[0].db, *reader = together.all[1].db;
    exec(reader, "BEGIN", SQLITE_OK);
    assert_int_equal(number(reader, "SELECT a FROM t"), 0);
    exec(writer, "BEGIN IMMEDIATE; UPDATE t SET a=1", SQLITE_OK);
    exec(writer, "COMMIT", SQLITE_BUSY);
    assert_int_equal(sqlite3_exec(together.all[2].db, "SELECT a FROM t", NULL, NULL, NULL),
                     SQLITE_BUSY); /* it is pending */
    assert_int_equal(number(reader, "SELECT a FROM t"), 0);
    exec(reader, "COMMIT", SQLITE_OK);
    exec(writer, "COMMIT", SQLITE_OK);
    assert_int_equal(number(together.all[2].db, "SELECT a FROM t"), 1);
    together_close(&together);
}

/* ---- threads --------------------------------------------------------------------------------- */

struct reader {
    struct connection *connection;
    atomic_bool *stop;
    int seen, wrong;
};

/* The sum never changes, and time does not run backwards. */
static void *read_on(void *arg)
{
    struct reader *reader = arg;
    int last = 0;
    while (!atomic_load(reader->stop) || reader->seen == 0) {
        int sum = number(reader->connection->db, "SELECT a + b FROM t");
        int a = number(reader->connection->db, "SELECT a FROM t");
        reader->wrong += sum != 1000 || a < last;
        last = a;
        reader->seen++;
    }
    return NULL;
}

static void many_threads(const char *journal, int commits)
{
    struct together together;
    struct reader readers[READERS];
    pthread_t threads[READERS];
    atomic_bool stop = false;
    together_open(&together, journal);
    for (size_t i = 0; i < CONNECTIONS; i++)
        assert_int_equal(sqlite3_busy_timeout(together.all[i].db, 60000), SQLITE_OK);
    for (size_t i = 0; i < READERS; i++) {
        readers[i] = (struct reader){.connection = &together.all[i + 1], .stop = &stop};
        assert_int_equal(pthread_create(&threads[i], NULL, read_on, &readers[i]), 0);
    }
    for (int i = 0; i < commits; i++)
        exec(together.all[0].db, "UPDATE t SET a=a+1, b=b-1", SQLITE_OK);
    atomic_store(&stop, true);
    for (size_t i = 0; i < READERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(readers[i].wrong, 0);
        assert_true(readers[i].seen > 0);
    }
    assert_int_equal(number(together.all[1].db, "SELECT a FROM t"), commits);
    exec(together.all[1].db, "PRAGMA integrity_check", SQLITE_OK);
    together_close(&together);
}

static void threads_wal(void **state)
{
    (void)state;
    many_threads("wal", 300);
}

static void threads_rollback(void **state)
{
    (void)state;
    many_threads("truncate", 60);
}

/* ---- what cannot be shared ------------------------------------------------------------------- */

static void only_real_files(void **state)
{
    struct io owner = {0}, other;
    struct err err = {0};
    (void)state;
    OK(io_open_memory(&owner, false, &err));
    assert_int_equal(io_open_shared(&other, &owner, &err), RC_UNSUPPORTED);
    assert_string_equal(err.msg, "only a tree of real files can be shared");
    io_close(&owner);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(file_locks),       cmocka_unit_test(index_locks),
        cmocka_unit_test(index_memory),     cmocka_unit_test(snapshots),
        cmocka_unit_test(rollback_journal), cmocka_unit_test(threads_wal),
        cmocka_unit_test(threads_rollback), cmocka_unit_test(only_real_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
