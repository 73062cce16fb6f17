#include "tests/planted/planted_store.h"

enum { INSERT, SELECT, DELETE, NEWEST };

static const char schema[] = "CREATE TABLE blob("
                             "id INTEGER PRIMARY KEY,"
                             "file_id INTEGER NOT NULL,"
                             "version INTEGER NOT NULL,"
                             "data BLOB NOT NULL) STRICT;"
                             "CREATE UNIQUE INDEX blob_key ON blob(file_id,version);";

enum rc planted_init(struct store *st)
{
    static const char *const sql[] = {
        [INSERT] = "INSERT INTO blob(file_id,version,data) VALUES(?1,?2,?3)"
                   " ON CONFLICT(file_id,version) DO NOTHING",
        [SELECT] = "SELECT data FROM blob WHERE file_id=?1 AND version=?2",
        [DELETE] = "DELETE FROM blob WHERE file_id=?1 AND version=?2",
        [NEWEST] = "SELECT file_id,max(version),data FROM blob WHERE file_id BETWEEN ?1 AND ?2"
                   " GROUP BY file_id ORDER BY file_id",
    };
    enum rc rc = st->created ? db_exec(st->db, schema, st->err) : RC_OK;
    return rc == RC_OK ? rows_prepare(st, sql, planted_of(st)->stmts, COUNT_OF(sql)) : rc;
}

void planted_deinit(struct store *st)
{
    struct planted *self = planted_of(st);
    rows_finalize(self->stmts, COUNT_OF(self->stmts));
    buf_release(&self->bytes);
}

enum rc planted_insert(struct store *st, const struct put_request *put, struct span bytes)
{
    sqlite3_stmt *insert = planted_of(st)->stmts[INSERT];
    enum rc rc = rows_bind_key(st, insert, 1, put->key);
    if (rc == RC_OK)
        rc = db_bind_blob(st->db, insert, 3, bytes, st->err);
    if (rc == RC_OK)
        rc = rows_insert_new(st, insert, put->key);
    if (rc == RC_OK) {
        st->counters[CTR_UNIQUE_BYTES] += put->bytes.len;
        st->counters[CTR_STORED_BYTES] += put->bytes.len;
    }
    return rc;
}

enum rc planted_put(struct store *st, const struct put_request *put)
{
    return planted_insert(st, put, put->bytes);
}

enum rc planted_get(struct store *st, struct blob_key key, struct buf *out)
{
    sqlite3_stmt *row = planted_of(st)->stmts[SELECT];
    enum rc rc = rows_bind_key(st, row, 1, key);
    if (rc == RC_OK)
        rc = db_step(st->db, row, st->err);
    if (rc == RC_OK)
        rc = buf_set(out, db_column_blob(row, 0), st->err);
    sqlite3_reset(row);
    return rc;
}

enum rc planted_del(struct store *st, struct blob_key key)
{
    sqlite3_stmt *delete = planted_of(st)->stmts[DELETE];
    enum rc rc = rows_bind_key(st, delete, 1, key);
    if (rc == RC_OK)
        rc = db_run(st->db, delete, st->err);
    if (rc == RC_OK && sqlite3_changes(st->db->handle) == 0)
        rc = RC_NOTFOUND;
    return rc;
}

enum rc planted_flush(struct store *st)
{
    (void)st;
    return RC_OK;
}

enum rc planted_check(struct store *st)
{
    (void)st;
    return RC_OK;
}

enum rc planted_probe(struct store *st, const struct effect_facts *facts, struct effect *out)
{
    (void)st;
    effect_expect(out, "puts", facts->counters[CTR_PUTS], facts->blobs, facts->blobs,
                  "%zu blobs were put", facts->blobs);
    return RC_OK;
}

enum rc planted_scan_begin(struct store *st, uint64_t from, uint64_t to)
{
    return rows_bind_range(st, planted_of(st)->stmts[NEWEST], from, to);
}

enum rc planted_scan_next(struct store *st, struct blob_key *key, struct buf *out)
{
    sqlite3_stmt *newest = planted_of(st)->stmts[NEWEST];
    enum rc rc = db_step(st->db, newest, st->err);
    if (rc == RC_OK && !rows_key(newest, 0, key))
        rc = FAIL(st->err, RC_CORRUPT, 0, "a key is not a key");
    return rc == RC_OK ? buf_set(out, db_column_blob(newest, 2), st->err) : rc;
}

void planted_scan_end(struct store *st)
{
    sqlite3_reset(planted_of(st)->stmts[NEWEST]);
}
