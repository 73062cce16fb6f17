/* t_strategy.c: what the store_* wrappers promise, with two small strategies that can be told to
 * misbehave: `tiny` keeps rows in SQL, `plain` one file per blob. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/strategy.h"

#define OK(call)                                                  \
    do {                                                          \
        enum rc ok_ = (call);                                     \
        if (ok_ != RC_OK)                                         \
            fail_msg("%s: %s: %s", #call, rc_name(ok_), err.msg); \
    } while (0)
/* As OK, with the store's own message. */
#define ST_OK(call)                                                            \
    do {                                                                       \
        enum rc ok_ = (call);                                                  \
        if (ok_ != RC_OK)                                                      \
            fail_msg("%s: %s: %s", #call, rc_name(ok_), store_error(st)->msg); \
    } while (0)

/* What the strategies do wrong, and what was seen of them; cleared by every test. */
static struct {
    const char *sql;      /* prepared and stepped in put */
    const char *init_sql; /* run in init */
    enum rc init_rc, put_rc, get_rc, flush_rc, maintain_rc, scan_begin_rc, check_rc, probe_rc;
    bool miscount;   /* count no unique bytes */
    bool overlong;   /* read_at returns too much */
    bool backwards;  /* scan runs downwards */
    bool get_writes; /* get inserts a row */
    bool rolls_back; /* put ends the transaction behind the engine's back */
    bool no_file_sync, no_dir_sync;
    bool scratch_seen;  /* scratch held something when a call began */
    bool guard_missing; /* the guard was off while strategy code ran */
    int inits, deinits, flushes, begins, commits, rollbacks, scan_ends, scan_at;
} act;

static int setup(void **state)
{
    (void)state;
    memset(&act, 0, sizeof act);
    return 0;
}

/* ---- tiny: rows ------------------------------------------------------------------------------ */

struct tiny {
    struct store st;
    uint64_t size;
    sqlite3_stmt *put, *get, *del, *scan;
};

static const struct opt tiny_opts[] = {{.name = "size",
                                        .type = OPT_SIZE,
                                        .offset = offsetof(struct tiny, size),
                                        .min = 1,
                                        .max = 1000000,
                                        .def = "64k",
                                        .help = "a number"},
                                       {.name = NULL}};

static struct tiny *tiny_of(struct store *st)
{
    return (struct tiny *)st;
}

static void look(struct store *st)
{
    if (st->scratch->head != NULL && act.scratch_seen == false) {
        /* After a reset the first block is handed out again from its start. */
        void *a = arena_alloc(st->scratch, 16);
        arena_reset(st->scratch);
        act.scratch_seen = arena_alloc(st->scratch, 16) != a;
    }
    (void)arena_alloc(st->scratch, 100);
    if (st->db != NULL && !st->db->guard)
        act.guard_missing = true;
}

static enum rc fail_as(struct store *st, enum rc rc)
{
    if (rc == RC_OK || rc == RC_NOTFOUND || rc == RC_INTERRUPTED)
        return rc; /* INTERRUPTED: a failure without a message */
    return FAIL(st->err, rc, 0, "told to fail");
}

static enum rc tiny_init(struct store *st)
{
    struct tiny *self = tiny_of(st);
    enum rc rc = RC_OK;
    act.inits++;
    look(st);
    if (st->created)
        rc = db_exec(st->db, "CREATE TABLE t(f INT, v INT, body BLOB, PRIMARY KEY(f, v))", st->err);
    if (rc == RC_OK && act.init_sql != NULL)
        rc = db_exec(st->db, act.init_sql, st->err);
    if (rc == RC_OK)
        rc = db_prepare(st->db, "INSERT INTO t VALUES(?, ?, ?)", &self->put, st->err);
    if (rc == RC_OK)
        rc = db_prepare(st->db, "SELECT body FROM t WHERE f = ? AND v = ?", &self->get, st->err);
    if (rc == RC_OK)
        rc = db_prepare(st->db, "DELETE FROM t WHERE f = ? AND v = ?", &self->del, st->err);
    if (rc == RC_OK)
        rc = db_prepare(st->db, "SELECT f, max(v), body FROM t WHERE f >= ? AND f < ? GROUP BY f",
                        &self->scan, st->err);
    return rc == RC_OK ? fail_as(st, act.init_rc) : rc;
}

static void tiny_deinit(struct store *st)
{
    struct tiny *self = tiny_of(st);
    act.deinits++;
    db_finalize(&self->put);
    db_finalize(&self->get);
    db_finalize(&self->del);
    db_finalize(&self->scan);
}

static enum rc tiny_put_row(struct store *st, const struct put_request *put)
{
    sqlite3_stmt *stmt = tiny_of(st)->put;
    enum rc rc = db_bind_int(st->db, stmt, 1, (int64_t)put->key.file_id, st->err);
    if (rc == RC_OK)
        rc = db_bind_int(st->db, stmt, 2, put->key.version, st->err);
    if (rc == RC_OK)
        rc = db_bind_blob(st->db, stmt, 3, put->bytes, st->err);
    return rc == RC_OK ? db_run(st->db, stmt, st->err) : rc;
}

static enum rc tiny_put(struct store *st, const struct put_request *put)
{
    look(st);
    if (act.sql != NULL) {
        sqlite3_stmt *stmt;
        enum rc rc = db_prepare(st->db, act.sql, &stmt, st->err);
        if (rc == RC_OK)
            rc = db_run(st->db, stmt, st->err);
        db_finalize(&stmt);
        return rc;
    }
    if (act.rolls_back) {
        st->db->guard = false;
        (void)sqlite3_exec(st->db->handle, "ROLLBACK", NULL, NULL, NULL);
        return RC_OK;
    }
    if (act.put_rc != RC_OK)
        return fail_as(st, act.put_rc);
    if (!act.miscount)
        st->counters[CTR_UNIQUE_BYTES] += put->bytes.len;
    st->counters[CTR_BLOBS_UNIQUE] += !act.miscount;
    return tiny_put_row(st, put);
}

static enum rc tiny_get(struct store *st, struct blob_key key, struct buf *out)
{
    sqlite3_stmt *stmt = tiny_of(st)->get;
    look(st);
    if (act.get_writes) {
        static uint32_t serial = 1;
        struct put_request put = {.key = {.file_id = 1000, .version = serial++}};
        enum rc rc = tiny_put_row(st, &put);
        if (rc != RC_OK)
            return rc;
    }
    if (act.get_rc != RC_OK)
        return fail_as(st, act.get_rc);
    enum rc rc = db_bind_int(st->db, stmt, 1, (int64_t)key.file_id, st->err);
    if (rc == RC_OK)
        rc = db_bind_int(st->db, stmt, 2, key.version, st->err);
    if (rc == RC_OK)
        rc = db_step(st->db, stmt, st->err);
    if (rc == RC_OK)
        rc = buf_append(out, db_column_blob(stmt, 0), st->err); /* the engine emptied it */
    sqlite3_reset(stmt);
    return rc;
}

static enum rc tiny_flush(struct store *st)
{
    act.flushes++;
    look(st);
    return fail_as(st, act.flush_rc);
}

static enum rc tiny_check(struct store *st)
{
    look(st);
    return fail_as(st, act.check_rc);
}

static enum rc tiny_del(struct store *st, struct blob_key key)
{
    sqlite3_stmt *stmt = tiny_of(st)->del;
    enum rc rc = db_bind_int(st->db, stmt, 1, (int64_t)key.file_id, st->err);
    if (rc == RC_OK)
        rc = db_bind_int(st->db, stmt, 2, key.version, st->err);
    if (rc == RC_OK)
        rc = db_run(st->db, stmt, st->err);
    return rc != RC_OK || sqlite3_changes(st->db->handle) > 0 ? rc : RC_NOTFOUND;
}

static enum rc tiny_read_at(struct store *st, struct blob_key key, uint64_t offset, size_t len,
                            struct buf *out)
{
    enum rc rc = tiny_get(st, key, out);
    if (rc != RC_OK || act.overlong)
        return rc;
    size_t from = offset < out->len ? (size_t)offset : out->len;
    size_t left = out->len - from;
    out->len = left < len ? left : len;
    if (out->len > 0)
        memmove(out->ptr, out->ptr + from, out->len);
    return RC_OK;
}

static enum rc tiny_scan_begin(struct store *st, uint64_t from, uint64_t to)
{
    sqlite3_stmt *stmt = tiny_of(st)->scan;
    act.scan_at = 5;
    if (act.scan_begin_rc != RC_OK)
        return fail_as(st, act.scan_begin_rc);
    enum rc rc = db_bind_int(st->db, stmt, 1, (int64_t)from, st->err);
    return rc == RC_OK ? db_bind_int(st->db, stmt, 2, (int64_t)to, st->err) : rc;
}

static enum rc tiny_scan_next(struct store *st, struct blob_key *key, struct buf *out)
{
    sqlite3_stmt *stmt = tiny_of(st)->scan;
    look(st);
    if (act.backwards) {
        *key = (struct blob_key){.file_id = (uint64_t)act.scan_at--};
        return RC_OK;
    }
    enum rc rc = db_step(st->db, stmt, st->err);
    if (rc != RC_OK)
        return rc;
    *key = (struct blob_key){(uint64_t)sqlite3_column_int64(stmt, 0),
                             (uint32_t)sqlite3_column_int64(stmt, 1)};
    return buf_set(out, db_column_blob(stmt, 2), st->err);
}

static void tiny_scan_end(struct store *st)
{
    act.scan_ends++;
    (void)sqlite3_reset(tiny_of(st)->scan);
}

static enum rc tiny_maintain(struct store *st, uint64_t budget_bytes)
{
    (void)budget_bytes;
    look(st);
    if (act.maintain_rc != RC_OK)
        return fail_as(st, act.maintain_rc);
    return db_exec(st->db, "DELETE FROM t WHERE f = 999", st->err);
}

static enum rc tiny_probe(struct store *st, const struct effect_facts *facts, struct effect *out)
{
    look(st);
    effect_expect(out, "puts", facts->counters[CTR_PUTS], facts->blobs, facts->blobs, "told");
    return fail_as(st, act.probe_rc);
}

static const struct strategy tiny = {
    .abi = STRATEGY_ABI,
    .size = sizeof(struct strategy),
    .name = "tiny",
    .summary = "rows for a test",
    .caps = CAP_SQL | CAP_DELETE | CAP_READ_AT | CAP_SCAN | CAP_MAINTAIN | CAP_DEDUP,
    .state_size = sizeof(struct tiny),
    .opts = tiny_opts,
    .init = tiny_init,
    .deinit = tiny_deinit,
    .put = tiny_put,
    .get = tiny_get,
    .flush = tiny_flush,
    .check = tiny_check,
    .probe = tiny_probe,
    .del = tiny_del,
    .read_at = tiny_read_at,
    .scan_begin = tiny_scan_begin,
    .scan_next = tiny_scan_next,
    .scan_end = tiny_scan_end,
    .maintain = tiny_maintain,
};

/* ---- plain: files ---------------------------------------------------------------------------- */

struct plain {
    struct store st;
};

static enum rc plain_init(struct store *st)
{
    act.inits++;
    return fail_as(st, act.init_rc);
}

static void plain_deinit(struct store *st)
{
    (void)st;
    act.deinits++;
}

static void plain_name(char name[64], struct blob_key key)
{
    (void)snprintf(name, 64, "%llu.%lu", (unsigned long long)key.file_id,
                   (unsigned long)key.version);
}

static enum rc plain_put(struct store *st, const struct put_request *put)
{
    char name[64];
    struct io_file file = {0};
    plain_name(name, put->key);
    if (act.put_rc != RC_OK)
        return fail_as(st, act.put_rc);
    st->counters[CTR_UNIQUE_BYTES] += put->bytes.len;
    enum rc rc = io_file_open(st->io, name, IO_EXTERNAL, IO_CREATE, &file, NULL, st->err);
    if (rc == RC_OK)
        rc = io_file_write(&file, put->bytes.ptr, put->bytes.len, 0, st->err);
    if (rc == RC_OK && !act.no_file_sync && st->durability != DURABILITY_NONE)
        rc = io_file_sync(&file, false, st->err);
    KEEP_FIRST(rc, io_file_close(&file, st->err));
    return rc;
}

static enum rc plain_get(struct store *st, struct blob_key key, struct buf *out)
{
    (void)st, (void)key, (void)out;
    return RC_NOTFOUND;
}

static enum rc plain_del(struct store *st, struct blob_key key)
{
    char name[64];
    plain_name(name, key);
    return io_unlink(st->io, IO_EXTERNAL, name, st->err);
}

static enum rc plain_begin(struct store *st)
{
    (void)st;
    act.begins++;
    return RC_OK;
}

static enum rc plain_commit(struct store *st)
{
    act.commits++;
    if (act.no_dir_sync || st->durability == DURABILITY_NONE)
        return RC_OK;
    return io_sync_dir(st->io, IO_EXTERNAL, "", st->err);
}

static enum rc plain_rollback(struct store *st)
{
    (void)st;
    act.rollbacks++;
    return RC_OK;
}

static const struct strategy plain = {
    .abi = STRATEGY_ABI,
    .size = sizeof(struct strategy),
    .name = "plain",
    .summary = "files for a test",
    .caps = CAP_TRANSACTION | CAP_DELETE,
    .state_size = sizeof(struct plain),
    .init = plain_init,
    .deinit = plain_deinit,
    .put = plain_put,
    .get = plain_get,
    .flush = tiny_flush,
    .check = tiny_check,
    .del = plain_del,
    .begin = plain_begin,
    .commit = plain_commit,
    .rollback = plain_rollback,
};

/* ---- helpers --------------------------------------------------------------------------------- */

static struct store *open_store(struct io *io, const struct strategy *ops, enum durability level,
                                const char *options)
{
    struct err err = {0};
    struct store *st = NULL;
    if (io->ops == NULL)
        OK(io_open_memory(io, false, &err));
    struct store_config config = {
        .io = io, .durability = level, .options = options, .label = ops->name};
    OK(store_open(&st, ops, &config, &err));
    return st;
}

static void close_store(struct store *st, struct io *io)
{
    struct err err = {0};
    OK(store_close(st, &err));
    io_close(io);
    assert_false(act.scratch_seen);
    assert_false(act.guard_missing);
    assert_int_equal(act.inits, act.deinits);
}

static enum rc put_blob(struct store *st, uint64_t file, uint32_t version, const char *text)
{
    const struct put_request put = {.key = {file, version},
                                    .path = span_of_str("a/b"),
                                    .handler = handler_at(0),
                                    .bytes = span_of_str(text)};
    return store_put(st, &put);
}

static void commit_blob(struct store *st, uint64_t file, uint32_t version, const char *text)
{
    ST_OK(store_begin(st));
    ST_OK(put_blob(st, file, version, text));
    ST_OK(store_commit(st));
}

static void expect_blob(struct store *st, uint64_t file, uint32_t version, const char *text)
{
    struct buf out = {0};
    ST_OK(store_get(st, (struct blob_key){file, version}, &out));
    assert_true(span_equal(buf_span(&out), span_of_str(text)));
    buf_release(&out);
}

static void expect_poisoned(struct store *st, enum rc rc, enum rc wanted, const char *text)
{
    struct buf out = {0};
    char refusal[800];
    assert_int_equal(rc, wanted);
    assert_true(store_poisoned(st));
    if (strstr(store_error(st)->msg, text) == NULL)
        fail_msg("unexpected message: %s", store_error(st)->msg);
    (void)snprintf(refusal, sizeof refusal, "store is poisoned after: %s", store_error(st)->msg);
    assert_int_equal(store_begin(st), RC_INVALID);
    assert_string_equal(store_error(st)->msg, refusal);
    assert_int_equal(store_error(st)->rc, RC_INVALID);
    assert_int_equal(put_blob(st, 1, 77, "x"), RC_INVALID);
    assert_int_equal(store_get(st, (struct blob_key){1, 0}, &out), RC_INVALID);
    assert_int_equal(store_del(st, (struct blob_key){1, 0}), RC_INVALID);
    assert_int_equal(store_read_at(st, (struct blob_key){1, 0}, 0, 1, &out), RC_INVALID);
    assert_int_equal(store_commit(st), RC_INVALID);
    assert_int_equal(store_rollback(st), RC_INVALID);
    assert_int_equal(store_scan_begin(st, 0, 1), RC_INVALID);
    assert_int_equal(store_scan_next(st, &(struct blob_key){0, 0}, &out), RC_INVALID);
    assert_int_equal(store_scan_end(st), RC_INVALID);
    assert_int_equal(store_maintain(st, 1), RC_INVALID);
    assert_int_equal(store_check(st), RC_INVALID);
    assert_int_equal(store_settle(st), RC_INVALID);
    assert_string_equal(store_error(st)->msg, refusal);
}

/* ---- the table ------------------------------------------------------------------------------- */

static void expect_defect(const struct strategy *ops, const char *text)
{
    const char *defect = strategy_defect(ops);
    if (defect == NULL || strcmp(defect, text) != 0)
        fail_msg("wanted \"%s\", got \"%s\"", text, defect != NULL ? defect : "(none)");
}

#define BROKEN(change, text)      \
    do {                          \
        struct strategy s = tiny; \
        change;                   \
        expect_defect(&s, text);  \
    } while (0)

/* What is stated reaches the caller; a store without the slot states nothing. */
static void probes(void **state)
{
    (void)state;
    struct io io = {0}, files = {0};
    struct effect effect = {.count = 3};
    uint64_t counters[CTR_COUNT] = {[CTR_PUTS] = 2};
    struct effect_facts facts = {.blobs = 2, .counters = counters};
    struct store *st = open_store(&io, &tiny, DURABILITY_DURABLE, "");
    ST_OK(store_probe(st, &facts, &effect));
    assert_int_equal(effect.count, 1);
    assert_string_equal(effect.probes[0].name, "puts");
    assert_true(effect_holds(&effect.probes[0]));
    ST_OK(store_begin(st));
    assert_int_equal(store_probe(st, &facts, &effect), RC_BUG);
    assert_true(store_poisoned(st));
    close_store(st, &io);
    memset(&act, 0, sizeof act);
    io = (struct io){0};
    st = open_store(&io, &tiny, DURABILITY_DURABLE, "");
    act.probe_rc = RC_CORRUPT;
    assert_int_equal(store_probe(st, &facts, &effect), RC_CORRUPT);
    assert_true(store_poisoned(st));
    close_store(st, &io);
    act.probe_rc = RC_OK;
    st = open_store(&files, &plain, DURABILITY_DURABLE, NULL);
    ST_OK(store_probe(st, &facts, &effect));
    assert_int_equal(effect.count, 0);
    close_store(st, &files);
}

static void sound_tables(void **state)
{
    (void)state;
    assert_null(strategy_defect(&tiny));
    assert_null(strategy_defect(&plain));
    struct strategy s = tiny;
    s.name = "a234567890123456789012345678901"; /* 31 bytes */
    s.opts = NULL;
    assert_null(strategy_defect(&s));
}

static void defective_tables(void **state)
{
    (void)state;
    expect_defect(NULL, "no table");
    BROKEN(s.abi++, "another interface version");
    BROKEN(s.size--, "another table size");
    const char *const name = "the name is not [a-z][a-z0-9-]* of at most 31 bytes";
    BROKEN(s.name = NULL, name);
    BROKEN(s.name = "", name);
    BROKEN(s.name = "9lives", name);
    BROKEN(s.name = "Raw", name);
    BROKEN(s.name = "a_b", name);
    BROKEN(s.name = "a2345678901234567890123456789012", name);
    BROKEN(s.summary = NULL, "no summary");
    BROKEN(s.summary = "", "no summary");
    BROKEN(s.caps |= CAP_ALL + 1u, "unknown capability bits");
    BROKEN(s.caps &= ~(uint32_t)CAP_SQL, "exactly one of sql and transaction must be claimed");
    BROKEN(s.caps |= CAP_TRANSACTION, "exactly one of sql and transaction must be claimed");
    BROKEN(s.caps |= CAP_VOLATILE, "sql and volatile exclude each other");
    BROKEN(s.caps |= CAP_FILE_PER_BLOB, "sql and file-per-blob exclude each other");
    BROKEN(s.state_size = sizeof(struct store) - 1, "the state is smaller than struct store");
    const char *const required = "a required function is missing";
    BROKEN(s.init = NULL, required);
    BROKEN(s.deinit = NULL, required);
    BROKEN(s.put = NULL, required);
    BROKEN(s.get = NULL, required);
    BROKEN(s.flush = NULL, required);
    BROKEN(s.check = NULL, required);
    BROKEN(s.probe = NULL, "there are options, but no probe of their effect");
    BROKEN(s.del = NULL, "delete is claimed, but del is missing");
    BROKEN(s.caps &= ~(uint32_t)CAP_DELETE, "del is filled, but delete is not claimed");
    BROKEN(s.read_at = NULL, "read-at is claimed, but read_at is missing");
    BROKEN(s.caps &= ~(uint32_t)CAP_READ_AT, "read_at is filled, but read-at is not claimed");
    const char *const scan = "scan is claimed, but scan_begin, scan_next or scan_end is missing";
    BROKEN(s.scan_begin = NULL, scan);
    BROKEN(s.scan_next = NULL, scan);
    BROKEN(s.scan_end = NULL, scan);
    BROKEN(s.caps &= ~(uint32_t)CAP_SCAN,
           "scan_begin, scan_next or scan_end is filled, but scan is not claimed");
    BROKEN(s.maintain = NULL, "maintain is claimed, but maintain is missing");
    BROKEN(s.caps &= ~(uint32_t)CAP_MAINTAIN, "maintain is filled, but maintain is not claimed");
    BROKEN(s.rollback = plain_rollback,
           "begin, commit or rollback is filled, but transaction is not claimed");
    BROKEN((s = plain, s.commit = NULL),
           "transaction is claimed, but begin, commit or rollback is missing");
}

static void defective_options(void **state)
{
    (void)state;
    struct opt rows[41];
    rows[0] = tiny_opts[0];
    rows[1] = (struct opt){.name = NULL};
    rows[0].name = "page_cache"; /* the engine's */
    BROKEN(s.opts = rows, "an option name is used twice");
    rows[0] = tiny_opts[0];
    rows[0].offset = sizeof(struct tiny); /* behind the state, where the settings lie */
    assert_non_null(opt_defect(rows, sizeof(struct tiny)));
    BROKEN(s.opts = rows, opt_defect(rows, sizeof(struct tiny)));
    rows[0].offset = 8;
    BROKEN(s.opts = rows, "an option lies in struct store");
    for (size_t i = 0; i < COUNT_OF(rows) - 1; i++)
        rows[i] = tiny_opts[0];
    rows[COUNT_OF(rows) - 1] = (struct opt){.name = NULL};
    BROKEN(s.opts = rows, "too many option rows");
    struct err err = {0};
    struct strategy s = tiny;
    s.opts = rows;
    assert_int_equal(store_options_check(&s, NULL, NULL, "x", NULL, &err), RC_BUG);
    assert_string_equal(err.msg, "strategy \"x\" is defective: too many option rows");
}

static void caps_as_text(void **state)
{
    (void)state;
    struct err err = {0};
    struct buf out = {0};
    OK(strategy_caps_print(0, &out, &err));
    assert_string_equal(buf_str(&out), "");
    OK(strategy_caps_print(CAP_SQL | CAP_DELETE | CAP_SCAN, &out, &err));
    assert_string_equal(buf_str(&out), "sql,delete,scan");
    buf_clear(&out);
    OK(strategy_caps_print(CAP_ALL, &out, &err));
    assert_string_equal(buf_str(&out), "sql,delete,read-at,scan,maintain,transaction,read-writes,"
                                       "volatile,dedup,file-per-blob");
    buf_release(&out);
}

/* ---- options --------------------------------------------------------------------------------- */

static void options_and_presets(void **state)
{
    (void)state;
    struct err err = {0};
    struct buf out = {0};
    OK(store_options_check(&tiny, "size=5,page_cache=1MiB", "size=7,page_size=8k", "t", &out,
                           &err));
    assert_string_equal(buf_str(&out), "size=7,page_size=8192,page_cache=1048576,mmap=0,"
                                       "checkpoint=1000,secure_delete=off");
    buf_release(&out);
    OK(store_options_check(&plain, NULL, "", "plain", &out, &err));
    assert_string_equal(buf_str(&out), "");
    assert_int_equal(store_options_check(&tiny, NULL, "sice=7", "t", NULL, &err), RC_USAGE);
    assert_non_null(strstr(err.msg, "sice"));
    err_clear(&err);
    assert_int_equal(store_options_check(&tiny, NULL, "page_size=5000", "t", NULL, &err), RC_USAGE);
    assert_non_null(strstr(err.msg, "power of two"));
    err_clear(&err);
    assert_int_equal(store_options_check(&plain, NULL, "page_cache=1M", "p", NULL, &err), RC_USAGE);
    err_clear(&err);
    buf_release(&out);

    struct io io = {0};
    struct store *st = open_store(&io, &tiny, DURABILITY_DURABLE, "size=9,page_size=512");
    assert_int_equal(tiny_of(st)->size, 9);
    assert_int_equal(st->db->settings.page_size, 512);
    assert_string_equal(store_options(st), "size=9,page_size=512,page_cache=2048000,mmap=0,"
                                           "checkpoint=1000,secure_delete=off");
    close_store(st, &io);
    act.inits = act.deinits = 0;
    st = open_store(&io, &plain, DURABILITY_DURABLE, NULL);
    assert_string_equal(store_options(st), "");
    close_store(st, &io);
}

/* ---- the ordinary course --------------------------------------------------------------------- */

static void put_get_delete(void **state)
{
    (void)state;
    struct io io = {0};
    struct store *st = open_store(&io, &tiny, DURABILITY_DURABLE, NULL);
    struct buf out = {0};
    assert_true(st->created);
    ST_OK(store_begin(st));
    ST_OK(put_blob(st, 1, 0, "one"));
    ST_OK(put_blob(st, 2, 0, ""));
    ST_OK(put_blob(st, 1, 1, "uno"));
    ST_OK(store_commit(st));
    assert_int_equal(act.flushes, 1);
    expect_blob(st, 1, 0, "one");
    expect_blob(st, 1, 1, "uno");
    expect_blob(st, 2, 0, "");
    assert_int_equal(store_get(st, (struct blob_key){3, 0}, &out), RC_NOTFOUND);
    assert_false(store_poisoned(st));
    ST_OK(store_read_at(st, (struct blob_key){1, 0}, 1, 10, &out));
    assert_true(span_equal(buf_span(&out), span_of("ne", 2)));
    ST_OK(store_read_at(st, (struct blob_key){1, 0}, 3, 10, &out));
    assert_int_equal(out.len, 0);

    struct blob_key key;
    ST_OK(store_scan_begin(st, 0, INT64_MAX));
    ST_OK(store_scan_next(st, &key, &out));
    assert_int_equal(key.file_id, 1);
    assert_int_equal(key.version, 1);
    expect_blob(st, 1, 0, "one"); /* a read beside the scan */
    ST_OK(store_scan_next(st, &key, &out));
    assert_int_equal(key.file_id, 2);
    assert_int_equal(store_scan_next(st, &key, &out), RC_NOTFOUND);
    ST_OK(store_scan_end(st));

    ST_OK(store_begin(st));
    ST_OK(store_del(st, (struct blob_key){1, 0}));
    assert_int_equal(store_del(st, (struct blob_key){1, 0}), RC_NOTFOUND);
    ST_OK(store_commit(st));
    ST_OK(store_maintain(st, 1000));
    ST_OK(store_check(st));
    ST_OK(store_settle(st));
    assert_int_equal(st->counters[CTR_PUTS], 3);
    assert_int_equal(st->counters[CTR_PUT_BYTES], 6);
    assert_int_equal(st->counters[CTR_GETS], 6);
    assert_int_equal(st->counters[CTR_GET_BYTES], 12);
    assert_int_equal(st->counters[CTR_DELETES], 1);
    assert_int_equal(st->counters[CTR_COMMITS], 2); /* maintenance changed nothing */
    buf_release(&out);

    struct err err = {0};
    OK(store_close(st, &err));
    st = open_store(&io, &tiny, DURABILITY_DURABLE, NULL);
    assert_false(st->created);
    expect_blob(st, 1, 1, "uno");
    close_store(st, &io);
    OK(store_close(NULL, &err));
}

static void rollback_restores(void **state)
{
    (void)state;
    struct io io = {0};
    struct store *st = open_store(&io, &tiny, DURABILITY_DURABLE, NULL);
    struct buf out = {0};
    commit_blob(st, 1, 0, "kept");
    ST_OK(store_begin(st));
    ST_OK(put_blob(st, 1, 1, "dropped"));
    ST_OK(store_del(st, (struct blob_key){1, 0}));
    ST_OK(store_rollback(st));
    expect_blob(st, 1, 0, "kept");
    assert_int_equal(store_get(st, (struct blob_key){1, 1}, &out), RC_NOTFOUND);
    assert_int_equal(st->counters[CTR_PUTS], 1);
    assert_int_equal(st->counters[CTR_UNIQUE_BYTES], 4);
    assert_int_equal(st->counters[CTR_DELETES], 0);
    assert_int_equal(store_commit_audit(st).commits, 1);
    commit_blob(st, 1, 1, "again");
    ST_OK(store_check(st));
    close_store(st, &io);

    st = open_store(&io, &plain, DURABILITY_DURABLE, NULL);
    ST_OK(store_begin(st));
    ST_OK(store_rollback(st));
    assert_int_equal(act.rollbacks, 1);
    /* What is open at the end is rolled back too. */
    ST_OK(store_begin(st));
    close_store(st, &io);
    assert_int_equal(act.rollbacks, 2);
    buf_release(&out);
}

static void uncommitted_is_gone(void **state)
{
    (void)state;
    struct err err = {0};
    struct io io = {0};
    struct buf out = {0};
    struct store *st = open_store(&io, &tiny, DURABILITY_DURABLE, NULL);
    ST_OK(store_begin(st));
    ST_OK(put_blob(st, 1, 0, "never"));
    OK(store_close(st, &err));
    st = open_store(&io, &tiny, DURABILITY_DURABLE, NULL);
    assert_int_equal(store_get(st, (struct blob_key){1, 0}, &out), RC_NOTFOUND);
    ST_OK(store_scan_begin(st, 0, 1));
    close_store(st, &io); /* an open scan is ended */
    assert_int_equal(act.scan_ends, 1);
}

/* ---- refusals -------------------------------------------------------------------------------- */

static void missing_capabilities(void **state)
{
    (void)state;
    struct io io = {0};
    struct buf out = {0};
    struct strategy bare = tiny;
    bare.caps = CAP_SQL;
    bare.del = NULL;
    bare.read_at = NULL;
    bare.scan_begin = NULL;
    bare.scan_next = NULL;
    bare.scan_end = NULL;
    bare.maintain = NULL;
    struct store *st = open_store(&io, &bare, DURABILITY_DURABLE, NULL);
    assert_int_equal(store_read_at(st, (struct blob_key){1, 0}, 0, 1, &out), RC_UNSUPPORTED);
    assert_string_equal(store_error(st)->msg, "\"tiny\" does not offer range reads");
    assert_int_equal(store_scan_begin(st, 0, 1), RC_UNSUPPORTED);
    assert_string_equal(store_error(st)->msg, "\"tiny\" does not offer scan");
    assert_int_equal(store_maintain(st, 1), RC_UNSUPPORTED);
    assert_string_equal(store_error(st)->msg, "\"tiny\" does not offer maintenance");
    ST_OK(store_begin(st));
    assert_int_equal(store_del(st, (struct blob_key){1, 0}), RC_UNSUPPORTED);
    assert_string_equal(store_error(st)->msg, "\"tiny\" does not offer delete");
    assert_false(store_poisoned(st));
    ST_OK(put_blob(st, 1, 0, "x"));
    ST_OK(store_commit(st));
    assert_int_equal(store_error(st)->rc, RC_OK);
    close_store(st, &io);
}

enum misuse {
    BEGIN_TWICE,
    COMMIT_IDLE,
    ROLLBACK_IDLE,
    PUT_IDLE,
    DEL_IDLE,
    GET_WRITING,
    READ_AT_WRITING,
    SCAN_WRITING,
    SCAN_TWICE,
    NEXT_IDLE,
    END_IDLE,
    BEGIN_SCANNING,
    MAINTAIN_SCANNING,
    CHECK_WRITING,
    SETTLE_WRITING,
    PUT_DESCENDING,
    PUT_REPEATED,
    PUT_FAR,
    PUT_UNHANDLED,
    MISUSE_COUNT
};

static enum rc misuse(struct store *st, enum misuse what, struct buf *out)
{
    struct blob_key key = {1, 0};
    struct put_request put = {.key = key, .bytes = {NULL, 0}};
    switch (what) {
    case BEGIN_TWICE: ST_OK(store_begin(st)); return store_begin(st);
    case COMMIT_IDLE: return store_commit(st);
    case ROLLBACK_IDLE: return store_rollback(st);
    case PUT_IDLE: return put_blob(st, 1, 0, "x");
    case DEL_IDLE: return store_del(st, key);
    case GET_WRITING: ST_OK(store_begin(st)); return store_get(st, key, out);
    case READ_AT_WRITING: ST_OK(store_begin(st)); return store_read_at(st, key, 0, 1, out);
    case SCAN_WRITING: ST_OK(store_begin(st)); return store_scan_begin(st, 0, 1);
    case SCAN_TWICE: ST_OK(store_scan_begin(st, 0, 1)); return store_scan_begin(st, 0, 1);
    case NEXT_IDLE: return store_scan_next(st, &key, out);
    case END_IDLE: return store_scan_end(st);
    case BEGIN_SCANNING: ST_OK(store_scan_begin(st, 0, 1)); return store_begin(st);
    case MAINTAIN_SCANNING: ST_OK(store_scan_begin(st, 0, 1)); return store_maintain(st, 1);
    case CHECK_WRITING: ST_OK(store_begin(st)); return store_check(st);
    case SETTLE_WRITING: ST_OK(store_begin(st)); return store_settle(st);
    case PUT_DESCENDING:
        ST_OK(store_begin(st));
        ST_OK(put_blob(st, 1, 5, "x"));
        return put_blob(st, 1, 4, "x");
    case PUT_REPEATED:
        ST_OK(store_begin(st));
        ST_OK(put_blob(st, 1, 5, "x"));
        return put_blob(st, 1, 5, "x");
    case PUT_FAR: ST_OK(store_begin(st)); return put_blob(st, (uint64_t)1 << 63, 0, "x");
    default: ST_OK(store_begin(st)); return store_put(st, &put);
    }
}

static void misuse_poisons(void **state)
{
    (void)state;
    for (int what = 0; what < MISUSE_COUNT; what++) {
        struct io io = {0};
        struct buf out = {0};
        struct store *st = open_store(&io, &tiny, DURABILITY_DURABLE, NULL);
        enum rc rc = misuse(st, (enum misuse)what, &out);
        if (rc != RC_BUG)
            fail_msg("misuse %d gives %s", what, rc_name(rc));
        expect_poisoned(st, rc, RC_BUG, "");
        close_store(st, &io);
        buf_release(&out);
    }
}

static void too_large_is_unsupported(void **state)
{
    (void)state;
    struct io io = {0};
    struct store *st = open_store(&io, &tiny, DURABILITY_DURABLE, NULL);
    uint8_t byte = 0;
    struct put_request put = {
        .key = {1, 0}, .handler = handler_at(0), .bytes = {&byte, BLOB_BYTES_MAX + 1}};
    ST_OK(store_begin(st));
    assert_int_equal(store_put(st, &put), RC_UNSUPPORTED);
    assert_non_null(strstr(store_error(st)->msg, "1000000001"));
    assert_false(store_poisoned(st));
    ST_OK(store_commit(st));
    close_store(st, &io);
}

/* ---- strategies that misbehave --------------------------------------------------------------- */

static void guard_stops_strategies(void **state)
{
    (void)state;
    static const char *const denied[] = {
        "COMMIT", "BEGIN", "ROLLBACK", "SAVEPOINT s", "PRAGMA synchronous=OFF", "ATTACH 'x' AS y"};
    for (size_t i = 0; i < COUNT_OF(denied); i++) {
        struct io io = {0};
        struct store *st = open_store(&io, &tiny, DURABILITY_DURABLE, NULL);
        act.sql = denied[i];
        ST_OK(store_begin(st));
        expect_poisoned(st, put_blob(st, 1, 0, "x"), RC_BUG, "not authorized");
        act.sql = NULL;
        close_store(st, &io);
    }
}

static void lost_transaction_is_noticed(void **state)
{
    (void)state;
    struct io io = {0};
    struct store *st = open_store(&io, &tiny, DURABILITY_DURABLE, NULL);
    act.rolls_back = true;
    ST_OK(store_begin(st));
    expect_poisoned(st, put_blob(st, 1, 0, "x"), RC_BUG,
                    "\"tiny\" ended the engine's transaction in put");
    close_store(st, &io);
}

static void failures_poison(void **state)
{
    (void)state;
    static const enum rc codes[] = {RC_IO, RC_FULL, RC_CORRUPT, RC_NOMEM, RC_BUG};
    for (size_t i = 0; i < COUNT_OF(codes); i++) {
        struct io io = {0};
        struct store *st = open_store(&io, &tiny, DURABILITY_DURABLE, NULL);
        act.put_rc = codes[i];
        ST_OK(store_begin(st));
        expect_poisoned(st, put_blob(st, 1, 0, "x"), codes[i], "told to fail");
        act.put_rc = RC_OK;
        close_store(st, &io);
    }
    struct io io = {0};
    struct store *st = open_store(&io, &tiny, DURABILITY_DURABLE, NULL);
    act.put_rc = RC_INTERRUPTED; /* and says nothing */
    ST_OK(store_begin(st));
    expect_poisoned(st, put_blob(st, 1, 0, "x"), RC_INTERRUPTED,
                    "\"tiny\" failed in put without a message");
    act.put_rc = RC_OK;
    close_store(st, &io);

    st = open_store(&io, &tiny, DURABILITY_DURABLE, NULL);
    act.put_rc = RC_NOTFOUND; /* no answer to a put */
    ST_OK(store_begin(st));
    expect_poisoned(st, put_blob(st, 1, 0, "x"), RC_BUG, "answered not-found to put");
    act.put_rc = RC_OK;
    close_store(st, &io);

    st = open_store(&io, &tiny, DURABILITY_DURABLE, NULL);
    act.flush_rc = RC_IO;
    ST_OK(store_begin(st));
    ST_OK(put_blob(st, 1, 0, "x"));
    expect_poisoned(st, store_commit(st), RC_IO, "told to fail");
    act.flush_rc = RC_OK;
    close_store(st, &io);
}

static void refusals_do_not_poison(void **state)
{
    (void)state;
    struct io io = {0};
    struct store *st = open_store(&io, &tiny, DURABILITY_DURABLE, NULL);
    static const enum rc codes[] = {RC_UNSUPPORTED, RC_USAGE};
    ST_OK(store_begin(st));
    for (size_t i = 0; i < COUNT_OF(codes); i++) {
        act.put_rc = codes[i];
        assert_int_equal(put_blob(st, 1, 0, "x"), codes[i]);
        assert_string_equal(store_error(st)->msg, "told to fail");
        assert_int_equal(store_error(st)->rc, codes[i]);
    }
    act.put_rc = RC_OK;
    ST_OK(put_blob(st, 1, 0, "x"));
    assert_int_equal(store_error(st)->rc, RC_OK);
    ST_OK(store_commit(st));
    close_store(st, &io);
}

static void reads_are_checked(void **state)
{
    (void)state;
    struct io io = {0};
    struct buf out = {0};
    struct blob_key key;
    struct store *st = open_store(&io, &tiny, DURABILITY_DURABLE, NULL);
    commit_blob(st, 1, 0, "long");
    act.overlong = true;
    expect_poisoned(st, store_read_at(st, (struct blob_key){1, 0}, 0, 2, &out), RC_BUG,
                    "returned 4 bytes where 2 were asked for");
    act.overlong = false;
    close_store(st, &io);

    st = open_store(&io, &tiny, DURABILITY_DURABLE, NULL);
    act.backwards = true;
    ST_OK(store_scan_begin(st, 0, 10));
    ST_OK(store_scan_next(st, &key, &out));
    expect_poisoned(st, store_scan_next(st, &key, &out), RC_CORRUPT, "out of order");
    close_store(st, &io);

    st = open_store(&io, &tiny, DURABILITY_DURABLE, NULL);
    ST_OK(store_scan_begin(st, 0, 5));
    expect_poisoned(st, store_scan_next(st, &key, &out), RC_CORRUPT, "out of range [0, 5)");
    act.backwards = false;
    close_store(st, &io);
    buf_release(&out);

    st = open_store(&io, &tiny, DURABILITY_DURABLE, NULL);
    act.scan_begin_rc = RC_UNSUPPORTED;
    int ends = act.scan_ends;
    assert_int_equal(store_scan_begin(st, 0, 5), RC_UNSUPPORTED);
    assert_int_equal(act.scan_ends, ends + 1); /* also after a failure */
    act.scan_begin_rc = RC_OK;
    commit_blob(st, 1, 0, "x"); /* no scan is open */
    close_store(st, &io);
}

static void checks_conserve(void **state)
{
    (void)state;
    struct io io = {0};
    struct store *st = open_store(&io, &tiny, DURABILITY_DURABLE, NULL);
    act.miscount = true;
    commit_blob(st, 1, 0, "four");
    expect_poisoned(st, store_check(st), RC_INVALID,
                    "4 bytes were put, but 0 unique and 0 duplicate ones counted");
    close_store(st, &io);

    st = open_store(&io, &tiny, DURABILITY_DURABLE, NULL);
    commit_blob(st, 1, 0, ""); /* the bytes agree, the blobs do not */
    expect_poisoned(st, store_check(st), RC_INVALID,
                    "1 blobs were put, but 0 unique and 0 duplicate ones counted");
    act.miscount = false;
    close_store(st, &io);

    st = open_store(&io, &tiny, DURABILITY_DURABLE, NULL);
    act.check_rc = RC_CORRUPT;
    expect_poisoned(st, store_check(st), RC_CORRUPT, "told to fail");
    close_store(st, &io);
}

static enum io_verdict fail_wal_writes(void *ctx, const struct io_event *event, int *sys)
{
    (void)ctx;
    *sys = EIO;
    return event->op == IO_OP_WRITE && event->kind == IO_WAL ? IO_FAIL : IO_PASS;
}

static void failed_commit_poisons(void **state)
{
    (void)state;
    struct err err = {0};
    struct io io = {0};
    struct buf out = {0};
    struct store *st = open_store(&io, &tiny, DURABILITY_DURABLE, NULL);
    commit_blob(st, 1, 0, "kept");
    ST_OK(store_begin(st));
    ST_OK(put_blob(st, 1, 1, "lost"));
    io.hook.before = fail_wal_writes;
    expect_poisoned(st, store_commit(st), RC_IO, "COMMIT");
    io.hook.before = NULL;
    OK(store_close(st, &err));
    st = open_store(&io, &tiny, DURABILITY_DURABLE, NULL);
    expect_blob(st, 1, 0, "kept");
    assert_int_equal(store_get(st, (struct blob_key){1, 1}, &out), RC_NOTFOUND);
    close_store(st, &io);
}

/* ---- opening --------------------------------------------------------------------------------- */

static void failed_init_leaves_nothing(void **state)
{
    (void)state;
    struct err err = {0};
    struct io io = {0};
    struct store *st = NULL;
    OK(io_open_memory(&io, false, &err));
    struct store_config config = {.io = &io, .durability = DURABILITY_DURABLE, .label = "tiny"};
    act.init_rc = RC_NOMEM;
    assert_int_equal(store_open(&st, &tiny, &config, &err), RC_NOMEM);
    assert_string_equal(err.msg, "told to fail");
    assert_null(st);
    assert_int_equal(act.deinits, 1);
    err_clear(&err);
    act.init_rc = RC_INTERRUPTED;
    assert_int_equal(store_open(&st, &tiny, &config, &err), RC_INTERRUPTED);
    assert_non_null(strstr(err.msg, "without a message"));
    err_clear(&err);
    act.init_rc = RC_OK;
    act.init_sql = "COMMIT";
    assert_int_equal(store_open(&st, &tiny, &config, &err), RC_BUG);
    assert_non_null(strstr(err.msg, "not authorized"));
    err_clear(&err);
    act.init_sql = NULL;
    /* The table was rolled back: this creates it. */
    OK(store_open(&st, &tiny, &config, &err));
    assert_true(st->created);
    close_store(st, &io);

    OK(io_open_memory(&io, false, &err));
    act.init_rc = RC_CORRUPT;
    assert_int_equal(store_open(&st, &plain, &config, &err), RC_CORRUPT);
    assert_int_equal(act.inits, act.deinits);
    io_close(&io);
}

static void bad_options_open_nothing(void **state)
{
    (void)state;
    struct err err = {0};
    struct io io = {0};
    struct store *st = NULL;
    uint64_t size;
    OK(io_open_memory(&io, false, &err));
    struct store_config config = {
        .io = &io, .durability = DURABILITY_DURABLE, .options = "size=0", .label = "tiny"};
    assert_int_equal(store_open(&st, &tiny, &config, &err), RC_USAGE);
    assert_int_equal(act.inits, 0);
    err_clear(&err);
    assert_int_equal(io_stat(&io, DB_FILE_NAME, &size, &err), RC_NOTFOUND);
    struct strategy defective = tiny;
    defective.put = NULL;
    assert_int_equal(store_open(&st, &defective, &config, &err), RC_BUG);
    assert_string_equal(err.msg, "strategy \"tiny\" is defective: a required function is missing");
    io_close(&io);
}

static void created_means_empty(void **state)
{
    (void)state;
    struct err err = {0};
    struct io io = {0};
    struct store *st = open_store(&io, &plain, DURABILITY_DURABLE, NULL);
    assert_true(st->created);
    assert_null(st->db);
    commit_blob(st, 1, 0, "x");
    OK(store_close(st, &err));
    st = open_store(&io, &plain, DURABILITY_DURABLE, NULL);
    assert_false(st->created);
    close_store(st, &io);
}

/* ---- reads that write ------------------------------------------------------------------------ */

static void reads_that_write_are_wrapped(void **state)
{
    (void)state;
    struct io io = {0};
    struct buf out = {0};
    struct blob_key key;
    struct strategy cache = tiny;
    cache.caps |= CAP_READ_WRITES;
    struct store *st = open_store(&io, &cache, DURABILITY_DURABLE, NULL);
    commit_blob(st, 1, 0, "one");
    expect_blob(st, 1, 0, "one"); /* wrote nothing: nothing to audit */
    assert_int_equal(act.flushes, 2);
    assert_int_equal(store_commit_audit(st).commits, 1);
    act.get_writes = true;
    expect_blob(st, 1, 0, "one");
    assert_int_equal(store_get(st, (struct blob_key){7, 0}, &out), RC_NOTFOUND);
    assert_int_equal(store_commit_audit(st).commits, 3);
    assert_int_equal(store_commit_audit(st).violations, 0);
    assert_int_equal(st->counters[CTR_COMMITS], 3);
    assert_true(sqlite3_get_autocommit(st->db->handle));

    /* One transaction around a whole scan, reads beside it included. */
    ST_OK(store_scan_begin(st, 0, 10));
    assert_false(sqlite3_get_autocommit(st->db->handle));
    ST_OK(store_scan_next(st, &key, &out));
    expect_blob(st, 1, 0, "one");
    assert_int_equal(store_scan_next(st, &key, &out), RC_NOTFOUND);
    ST_OK(store_scan_end(st));
    assert_true(sqlite3_get_autocommit(st->db->handle));
    assert_int_equal(store_commit_audit(st).commits, 4);

    /* A refusal takes back what the read wrote. */
    int64_t before = sqlite3_total_changes64(st->db->handle);
    act.get_rc = RC_UNSUPPORTED;
    assert_int_equal(store_get(st, (struct blob_key){1, 0}, &out), RC_UNSUPPORTED);
    assert_string_equal(store_error(st)->msg, "told to fail");
    assert_true(sqlite3_total_changes64(st->db->handle) > before);
    assert_true(sqlite3_get_autocommit(st->db->handle));
    assert_int_equal(store_commit_audit(st).commits, 4);
    act.get_rc = RC_OK;
    act.get_writes = false;
    ST_OK(store_scan_begin(st, 1000, 1001));
    ST_OK(store_scan_next(st, &key, &out));
    uint32_t newest = key.version;
    ST_OK(store_scan_end(st));
    act.get_writes = true;
    act.get_rc = RC_USAGE;
    assert_int_equal(store_get(st, (struct blob_key){1, 0}, &out), RC_USAGE);
    act.get_rc = RC_OK;
    act.get_writes = false;
    ST_OK(store_scan_begin(st, 1000, 1001));
    ST_OK(store_scan_next(st, &key, &out));
    assert_int_equal(key.version, newest);
    ST_OK(store_scan_end(st));
    act.get_rc = RC_IO;
    expect_poisoned(st, store_get(st, (struct blob_key){1, 0}, &out), RC_IO, "told to fail");
    close_store(st, &io);
    buf_release(&out);
}

static void maintenance_is_wrapped(void **state)
{
    (void)state;
    struct io io = {0};
    struct store *st = open_store(&io, &tiny, DURABILITY_DURABLE, NULL);
    commit_blob(st, 999, 0, "garbage");
    ST_OK(store_maintain(st, 1));
    assert_int_equal(act.flushes, 2);
    assert_int_equal(store_commit_audit(st).commits, 2);
    assert_int_equal(store_commit_audit(st).violations, 0);
    ST_OK(store_begin(st));
    ST_OK(store_maintain(st, 1)); /* inside a transaction it is part of that */
    ST_OK(put_blob(st, 1, 0, "x"));
    ST_OK(store_commit(st));
    act.maintain_rc = RC_UNSUPPORTED;
    assert_int_equal(store_maintain(st, 1), RC_UNSUPPORTED);
    assert_true(sqlite3_get_autocommit(st->db->handle));
    act.maintain_rc = RC_CORRUPT;
    expect_poisoned(st, store_maintain(st, 1), RC_CORRUPT, "told to fail");
    close_store(st, &io);
}

/* ---- syncs ----------------------------------------------------------------------------------- */

/* Per level: syncs of a first commit on a fresh WAL or journal, and of every later one. */
static const struct {
    uint64_t later, fresh;
} syncs_expected[DURABILITY_COUNT] = {{0, 0}, {0, 1}, {1, 2}, {4, 4}};

static void sync_audit_per_level(void **state)
{
    (void)state;
    for (int level = 0; level < DURABILITY_COUNT; level++) {
        struct io io = {0};
        struct store *st = open_store(&io, &tiny, (enum durability)level, NULL);
        bool wal = level != DURABILITY_DURABLE_ROLLBACK;
        for (uint32_t i = 0; i < 10; i++)
            commit_blob(st, 1, i, "some bytes");
        struct commit_audit audit = store_commit_audit(st);
        assert_int_equal(audit.commits, 10);
        assert_int_equal(audit.restarts, 0); /* init began the WAL */
        assert_int_equal(audit.min_syncs, syncs_expected[level].later);
        assert_int_equal(audit.max_syncs, syncs_expected[level].later);
        assert_int_equal(audit.syncs, 10 * syncs_expected[level].later);
        assert_int_equal(audit.violations, 0);
        assert_int_equal(audit.checkpoints, 0);

        ST_OK(store_settle(st));
        audit = store_commit_audit(st);
        assert_int_equal(audit.checkpoints, wal);
        assert_int_equal(audit.checkpoint_syncs, wal && level != DURABILITY_NONE ? 2 : 0);
        commit_blob(st, 1, 10, "after a checkpoint");
        commit_blob(st, 1, 11, "and after that");
        audit = store_commit_audit(st);
        assert_int_equal(audit.restarts, wal);
        assert_int_equal(audit.max_syncs, syncs_expected[level].fresh);
        assert_int_equal(audit.syncs,
                         11 * syncs_expected[level].later + syncs_expected[level].fresh);
        assert_int_equal(audit.violations, 0);
        ST_OK(store_begin(st));
        ST_OK(store_commit(st)); /* nothing put: not audited */
        assert_int_equal(store_commit_audit(st).commits, 12);
        close_store(st, &io);
    }
}

/* Reopened stores sync directories once more, as the VFS cannot know who created the files. */
static void sync_audit_after_reopening(void **state)
{
    (void)state;
    for (int level = 0; level < DURABILITY_COUNT; level++) {
        struct err err = {0};
        struct io io = {0};
        uint32_t version = 0;
        for (int round = 0; round < 3; round++) {
            struct store *st = open_store(&io, &tiny, (enum durability)level, "checkpoint=5");
            for (int i = 0; i < 20; i++)
                commit_blob(st, 1, version++, "some bytes");
            assert_int_equal(store_commit_audit(st).violations, 0);
            assert_int_equal(store_commit_audit(st).checkpoints > 1,
                             level != DURABILITY_DURABLE_ROLLBACK);
            ST_OK(store_check(st));
            OK(store_close(st, &err));
        }
        io_close(&io);
    }
}

/* A transaction larger than the cache writes, and may sync, before it commits. */
static void sync_audit_with_spills(void **state)
{
    (void)state;
    static char text[40001];
    memset(text, 'x', sizeof text - 1);
    for (int level = 0; level < DURABILITY_COUNT; level++) {
        struct io io = {0};
        struct store *st = open_store(&io, &tiny, (enum durability)level, "page_cache=64k");
        for (uint32_t round = 0; round < 4; round++) {
            ST_OK(store_begin(st));
            for (uint32_t i = 0; i < 50; i++)
                ST_OK(put_blob(st, i, round, text));
            ST_OK(store_commit(st));
            ST_OK(store_settle(st));
            ST_OK(store_begin(st));
            for (uint32_t i = 0; i < 50; i++)
                ST_OK(put_blob(st, i, 100 + round, text));
            ST_OK(store_rollback(st)); /* a WAL that was begun and taken back is still fresh */
            commit_blob(st, 1, 10 + round, text);
        }
        assert_int_equal(store_commit_audit(st).commits, 8);
        assert_int_equal(store_commit_audit(st).violations, 0);
        close_store(st, &io);
    }
}

static void missed_syncs_are_violations(void **state)
{
    (void)state;
    static const char *const weaker[DURABILITY_COUNT] = {
        "PRAGMA synchronous=FULL", "PRAGMA synchronous=FULL", "PRAGMA synchronous=NORMAL",
        "PRAGMA synchronous=NORMAL"};
    for (int level = 0; level < DURABILITY_COUNT; level++) {
        struct io io = {0};
        struct store *st = open_store(&io, &tiny, (enum durability)level, NULL);
        commit_blob(st, 1, 0, "x");
        assert_int_equal(store_commit_audit(st).violations, 0);
        /* As a bug of the engine would. */
        assert_int_equal(sqlite3_exec(st->db->handle, weaker[level], NULL, NULL, NULL), SQLITE_OK);
        commit_blob(st, 1, 1, "x");
        commit_blob(st, 1, 2, "x");
        assert_int_equal(store_commit_audit(st).violations, 2);
        close_store(st, &io);
    }
}

static void own_engines_are_audited(void **state)
{
    (void)state;
    for (int level = 0; level < DURABILITY_COUNT; level++) {
        bool durable = level != DURABILITY_NONE;
        struct io io = {0};
        struct store *st = open_store(&io, &plain, (enum durability)level, NULL);
        commit_blob(st, 1, 0, "x");
        ST_OK(store_begin(st));
        ST_OK(store_del(st, (struct blob_key){1, 0}));
        ST_OK(store_commit(st)); /* a directory sync is enough */
        assert_int_equal(store_commit_audit(st).violations, 0);
        assert_int_equal(store_commit_audit(st).syncs, durable ? 3 : 0);
        act.no_file_sync = true;
        commit_blob(st, 2, 0, "x");
        assert_int_equal(store_commit_audit(st).violations, durable ? 1 : 0);
        act.no_file_sync = false;
        act.no_dir_sync = true;
        commit_blob(st, 3, 0, "x");
        assert_int_equal(store_commit_audit(st).violations, durable ? 2 : 0);
        ST_OK(store_begin(st));
        ST_OK(store_del(st, (struct blob_key){3, 0}));
        ST_OK(store_commit(st));
        assert_int_equal(store_commit_audit(st).violations, durable ? 3 : 0);
        ST_OK(store_begin(st));
        ST_OK(store_commit(st));
        assert_int_equal(store_commit_audit(st).commits, 5);
        act.no_dir_sync = false;
        close_store(st, &io);
    }
    struct io io = {0};
    struct strategy volatile_plain = plain;
    volatile_plain.caps |= CAP_VOLATILE;
    struct store *st = open_store(&io, &volatile_plain, DURABILITY_DURABLE, NULL);
    act.no_file_sync = act.no_dir_sync = true;
    commit_blob(st, 1, 0, "x");
    assert_int_equal(store_commit_audit(st).violations, 0);
    close_store(st, &io);
}

/* One sync for a batch is a log's way; a file for each blob needs one for each. */
static void files_per_blob_are_audited(void **state)
{
    (void)state;
    for (int each = 0; each < 2; each++) {
        struct io io = {0};
        struct strategy one_sync = plain;
        if (each)
            one_sync.caps |= CAP_FILE_PER_BLOB;
        struct store *st = open_store(&io, &one_sync, DURABILITY_DURABLE, NULL);
        commit_blob(st, 1, 0, "x");
        assert_int_equal(store_commit_audit(st).violations, 0);
        ST_OK(store_begin(st));
        ST_OK(put_blob(st, 2, 0, "x"));
        act.no_file_sync = true;
        ST_OK(put_blob(st, 3, 0, "x"));
        act.no_file_sync = false;
        ST_OK(store_commit(st));
        assert_int_equal(store_commit_audit(st).violations, each);
        close_store(st, &io);
    }
}

/* ---- any operation may fail ------------------------------------------------------------------ */

struct fuse {
    unsigned left;
    bool blown;
};

static enum io_verdict blow(void *ctx, const struct io_event *event, int *sys)
{
    struct fuse *fuse = ctx;
    if (event->op == IO_OP_CLOSE)
        return IO_PASS;
    if (fuse->left > 0) {
        fuse->left--;
        return IO_PASS;
    }
    fuse->blown = true; /* and everything after it fails too */
    *sys = EIO;
    return IO_FAIL;
}

/* Commits acknowledged before the fuse blew; the store is closed. */
static uint32_t write_until_failure(struct io *io, enum durability level)
{
    struct err err = {0}, close_err = {0};
    struct store *st = NULL;
    uint32_t acknowledged = 0;
    struct store_config config = {
        .io = io, .durability = level, .options = "checkpoint=6", .label = "tiny"};
    enum rc rc = store_open(&st, &tiny, &config, &err);
    if (rc != RC_OK) {
        assert_null(st);
        assert_int_not_equal(err.rc, RC_OK);
        return 0;
    }
    while (rc == RC_OK && acknowledged < 4) {
        rc = store_begin(st);
        if (rc == RC_OK)
            rc = put_blob(st, 1, acknowledged, "some bytes");
        if (rc == RC_OK)
            rc = store_commit(st);
        if (rc == RC_OK)
            acknowledged++;
    }
    if (rc == RC_OK)
        rc = store_settle(st);
    assert_int_equal(store_poisoned(st), rc != RC_OK);
    KEEP_FIRST(rc, store_close(st, &close_err));
    return acknowledged;
}

static void every_operation_may_fail(void **state)
{
    (void)state;
    for (int level = 0; level < DURABILITY_COUNT; level++) {
        struct fuse fuse = {0};
        for (unsigned at = 0;; at++) {
            struct err err = {0};
            struct io io = {0};
            fuse = (struct fuse){.left = at};
            OK(io_open_memory(&io, false, &err));
            io.hook = (struct io_hook){blow, &fuse};
            uint32_t acknowledged = write_until_failure(&io, (enum durability)level);
            io.hook.before = NULL;
            struct store *st = open_store(&io, &tiny, (enum durability)level, NULL);
            for (uint32_t i = 0; i < acknowledged; i++)
                expect_blob(st, 1, i, "some bytes");
            ST_OK(store_check(st));
            close_store(st, &io);
            if (!fuse.blown) {
                assert_int_equal(acknowledged, 4);
                assert_true(at > 20);
                break;
            }
        }
    }
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(sound_tables),
        TEST(probes),
        TEST(defective_tables),
        TEST(defective_options),
        TEST(caps_as_text),
        TEST(options_and_presets),
        TEST(put_get_delete),
        TEST(rollback_restores),
        TEST(uncommitted_is_gone),
        TEST(missing_capabilities),
        TEST(misuse_poisons),
        TEST(too_large_is_unsupported),
        TEST(guard_stops_strategies),
        TEST(lost_transaction_is_noticed),
        TEST(failures_poison),
        TEST(refusals_do_not_poison),
        TEST(reads_are_checked),
        TEST(checks_conserve),
        TEST(failed_commit_poisons),
        TEST(failed_init_leaves_nothing),
        TEST(bad_options_open_nothing),
        TEST(created_means_empty),
        TEST(reads_that_write_are_wrapped),
        TEST(maintenance_is_wrapped),
        TEST(sync_audit_per_level),
        TEST(sync_audit_after_reopening),
        TEST(sync_audit_with_spills),
        TEST(missed_syncs_are_violations),
        TEST(own_engines_are_audited),
        TEST(files_per_blob_are_audited),
        TEST(every_operation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
