/* raw.c: one row per blob, nothing clever: the control that every claim is measured against.
 *
 * Layout, what a competent person writes by hand:
 *
 *   blob(id INTEGER PRIMARY KEY, file_id, version, hash, data)   hash: XXH3-128 of data, 16 bytes
 *   UNIQUE INDEX blob_key(file_id, version)
 *
 * data is the last column, so the others are read without touching its overflow pages, and the
 * table has a rowid, so incremental BLOB I/O works.  The index costs one more b-tree step per
 * operation than a rowid packed from the key would, and accepts every legal key.
 * With 4 KiB pages a 64 KiB blob takes 16 overflow pages and an eighth of a leaf: 0.8 % overhead.
 *
 * The hash is checked by check(), and by get when `verify` is on; by default get does not, since
 * the driver hashes what it is given itself.  read_at never does: it sees a part.
 */
#include "engine/rows.h"

enum { INSERT, BY_KEY, BY_ID, DELETE, NEWEST, ALL, STMT_COUNT };

#define ROW            "SELECT id," ROWS_BLOB("data") ",hash FROM blob "
#define ROW_UNVERIFIED "SELECT id," ROWS_BLOB("data") " FROM blob "
enum { COL_ID, COL_DATA, COL_HASH };

struct raw {
    struct store st;
    bool verify;
    sqlite3_stmt *stmts[STMT_COUNT];
    struct rows_blob data;
    struct buf whole; /* check: one blob */
};

static const struct opt raw_opts[] = {
    {.name = "verify",
     .type = OPT_BOOL,
     .offset = offsetof(struct raw, verify),
     .def = "off",
     .help = "compare the content hash on every get and scan"},
    {.name = NULL},
};

static const char raw_schema[] = "CREATE TABLE blob("
                                 "id INTEGER PRIMARY KEY,"
                                 "file_id INTEGER NOT NULL,"
                                 "version INTEGER NOT NULL,"
                                 "hash BLOB NOT NULL,"
                                 "data BLOB NOT NULL) STRICT;"
                                 "CREATE UNIQUE INDEX blob_key ON blob(file_id,version);";

static struct raw *raw_of(struct store *st)
{
    return (struct raw *)st;
}

static enum rc raw_init(struct store *st)
{
    struct raw *self = raw_of(st);
    self->data = (struct rows_blob){.table = "blob", .column = "data"};
    enum rc rc = st->created ? db_exec(st->db, raw_schema, st->err) : RC_OK;
    if (rc != RC_OK)
        return rc;
    const char *const sql[STMT_COUNT] = {
        [INSERT] = "INSERT INTO blob(file_id,version,hash,data) VALUES(?1,?2,?3,?4)"
                   " ON CONFLICT(file_id,version) DO NOTHING",
        [BY_KEY] = self->verify ? ROW "WHERE file_id=?1 AND version=?2"
                                : ROW_UNVERIFIED "WHERE file_id=?1 AND version=?2",
        [BY_ID] = self->verify ? ROW "WHERE id=?1" : ROW_UNVERIFIED "WHERE id=?1",
        [DELETE] = "DELETE FROM blob WHERE file_id=?1 AND version=?2",
        [NEWEST] = "SELECT file_id,max(version),id FROM blob WHERE file_id BETWEEN ?1 AND ?2"
                   " GROUP BY file_id ORDER BY file_id",
        [ALL] = "SELECT id," ROWS_BLOB("data") ",hash,file_id,version FROM blob ORDER BY id",
    };
    return rows_prepare(st, sql, self->stmts, STMT_COUNT);
}

static void raw_deinit(struct store *st)
{
    struct raw *self = raw_of(st);
    rows_blob_close(&self->data);
    rows_finalize(self->stmts, STMT_COUNT);
    buf_release(&self->whole);
}

static enum rc raw_put(struct store *st, const struct put_request *put)
{
    sqlite3_stmt *insert = raw_of(st)->stmts[INSERT];
    struct hash128 hash = hash_xxh128(put->bytes);
    enum rc rc = rows_bind_key(st, insert, 1, put->key);
    if (rc == RC_OK)
        rc = db_bind_blob(st->db, insert, 3, span_of(hash.bytes, sizeof(hash.bytes)), st->err);
    if (rc == RC_OK)
        rc = db_bind_blob(st->db, insert, 4, put->bytes, st->err);
    if (rc == RC_OK)
        rc = rows_insert_new(st, insert, put->key);
    if (rc != RC_OK)
        return rc;
    st->counters[CTR_UNIQUE_BYTES] += put->bytes.len;
    st->counters[CTR_STORED_BYTES] += put->bytes.len;
    return RC_OK;
}

static bool hash_matches(sqlite3_stmt *stmt, struct span bytes)
{
    struct hash128 hash = hash_xxh128(bytes);
    return span_equal(db_column_blob(stmt, COL_HASH), span_of(hash.bytes, sizeof(hash.bytes)));
}

static enum rc damaged(struct store *st, struct blob_key key, const char *what)
{
    return FAIL(st->err, RC_CORRUPT, 0, KEY_FMT ": %s", KEY_ARGS(key), what);
}

/* The current row's data, whole. */
static enum rc read_row(struct store *st, sqlite3_stmt *row, struct blob_key key, bool verify,
                        struct buf *out)
{
    size_t len;
    if (!rows_blob_len(row, COL_DATA, &len))
        return damaged(st, key, "its row holds no blob");
    enum rc rc = buf_resize(out, len, st->err);
    if (rc == RC_OK)
        rc = rows_blob_copy(st, &raw_of(st)->data, row, COL_DATA, sqlite3_column_int64(row, COL_ID),
                            0, len, out->ptr);
    if (rc == RC_OK && verify && !hash_matches(row, buf_span(out)))
        rc = damaged(st, key, "its bytes differ from their hash");
    return rc;
}

static enum rc find_row(struct store *st, struct blob_key key, sqlite3_stmt **row)
{
    *row = raw_of(st)->stmts[BY_KEY];
    enum rc rc = rows_bind_key(st, *row, 1, key);
    return rc == RC_OK ? db_step(st->db, *row, st->err) : rc;
}

static enum rc raw_get(struct store *st, struct blob_key key, struct buf *out)
{
    sqlite3_stmt *row;
    enum rc rc = find_row(st, key, &row);
    if (rc == RC_OK)
        rc = read_row(st, row, key, raw_of(st)->verify, out);
    sqlite3_reset(row);
    return rc;
}

static enum rc raw_read_at(struct store *st, struct blob_key key, uint64_t offset, size_t len,
                           struct buf *out)
{
    sqlite3_stmt *row;
    size_t total;
    enum rc rc = find_row(st, key, &row);
    if (rc != RC_OK)
        goto out;
    if (!rows_blob_len(row, COL_DATA, &total)) {
        rc = damaged(st, key, "its row holds no blob");
        goto out;
    }
    if (offset > total)
        offset = total;
    if (len > total - offset)
        len = total - (size_t)offset;
    rc = buf_resize(out, len, st->err);
    if (rc == RC_OK)
        rc = rows_blob_copy(st, &raw_of(st)->data, row, COL_DATA, sqlite3_column_int64(row, COL_ID),
                            offset, len, out->ptr);
out:
    sqlite3_reset(row);
    return rc;
}

static enum rc raw_del(struct store *st, struct blob_key key)
{
    sqlite3_stmt *delete = raw_of(st)->stmts[DELETE];
    enum rc rc = rows_bind_key(st, delete, 1, key);
    if (rc == RC_OK)
        rc = db_run(st->db, delete, st->err);
    if (rc == RC_OK && sqlite3_changes(st->db->handle) == 0)
        rc = RC_NOTFOUND;
    return rc;
}

static enum rc raw_scan_begin(struct store *st, uint64_t from, uint64_t to)
{
    return rows_bind_range(st, raw_of(st)->stmts[NEWEST], from, to);
}

static enum rc raw_scan_next(struct store *st, struct blob_key *key, struct buf *out)
{
    struct raw *self = raw_of(st);
    sqlite3_stmt *newest = self->stmts[NEWEST], *row = self->stmts[BY_ID];
    enum rc rc = rows_next_key(st, newest, 0, "the index of blobs", key);
    if (rc != RC_OK)
        return rc;
    rc = db_bind_int(st->db, row, 1, sqlite3_column_int64(newest, 2), st->err);
    if (rc == RC_OK)
        rc = db_step(st->db, row, st->err);
    if (rc == RC_OK)
        rc = read_row(st, row, *key, self->verify, out);
    else if (rc == RC_NOTFOUND)
        rc = damaged(st, *key, "the index names a row that does not exist");
    sqlite3_reset(row);
    return rc;
}

static void raw_scan_end(struct store *st)
{
    sqlite3_reset(raw_of(st)->stmts[NEWEST]);
}

static enum rc raw_flush(struct store *st)
{
    (void)st;
    return RC_OK;
}

/* Every row has a legal key and the bytes it was given. */
static enum rc raw_check(struct store *st)
{
    struct raw *self = raw_of(st);
    sqlite3_stmt *all = self->stmts[ALL];
    enum rc rc;
    while ((rc = db_step(st->db, all, st->err)) == RC_OK) {
        struct blob_key key;
        if (!rows_key(all, COL_HASH + 1, &key))
            rc = FAIL(st->err, RC_CORRUPT, 0, "row %lld of table blob has no legal key",
                      (long long)sqlite3_column_int64(all, COL_ID));
        else
            rc = read_row(st, all, key, true, &self->whole);
        if (rc != RC_OK)
            break;
    }
    sqlite3_reset(all);
    return rc == RC_NOTFOUND ? RC_OK : rc;
}

/* `verify` shows in nothing but time. */
static enum rc raw_probe(struct store *st, const struct effect_facts *facts, struct effect *out)
{
    (void)st;
    effect_expect(out, "stored_bytes", facts->counters[CTR_STORED_BYTES], facts->bytes,
                  facts->bytes, "%zu blobs of %" PRIu64 " bytes, each stored as it is",
                  facts->blobs, facts->bytes);
    return RC_OK;
}

const struct strategy strategy_raw = {
    .abi = STRATEGY_ABI,
    .size = sizeof(struct strategy),
    .name = "raw",
    .summary = "one SQL row per blob: the control",
    .caps = CAP_SQL | CAP_DELETE | CAP_READ_AT | CAP_SCAN,
    .state_size = sizeof(struct raw),
    .opts = raw_opts,
    .init = raw_init,
    .deinit = raw_deinit,
    .put = raw_put,
    .get = raw_get,
    .flush = raw_flush,
    .check = raw_check,
    .probe = raw_probe,
    .del = raw_del,
    .read_at = raw_read_at,
    .scan_begin = raw_scan_begin,
    .scan_next = raw_scan_next,
    .scan_end = raw_scan_end,
};
