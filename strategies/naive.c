/* naive.c: the plugin of the founding document that every better idea was compared with.
 *
 * Every put writes its bytes twice, as the change and inside a snapshot, and a read of the newest
 * version leaves a third copy in a cache.  It is kept as it was because the first results of the
 * program were gained against it; nothing here is meant to be good.
 *
 * Layout:
 *
 *   change(id INTEGER PRIMARY KEY, file_id, version, hash, data)   UNIQUE INDEX on the key
 *   snapshot(id INTEGER PRIMARY KEY, data)                         same id, same bytes
 *   file_data_cache(file_id INTEGER PRIMARY KEY, version, data)    newest versions that were read
 *
 * Reads come from the cache, else from the snapshot; changes are only written.  The cache row of a
 * file goes when the file gets a new version or loses one.  With `read_cache` off nothing is cached
 * and what an earlier session left is removed; the engine still opens a write transaction around
 * each read, because capabilities belong to the strategy, not to its options.
 *
 * hash is the XXH3-128 of the bytes, for check().  STORED_BYTES counts change and snapshot; what
 * reads write is seen in the physical counts only.
 */
#include "engine/rows.h"

enum {
    ADD_CHANGE,
    ADD_SNAPSHOT,
    BY_KEY,
    SNAPSHOT,
    REMOVE_CHANGE,
    REMOVE_SNAPSHOT,
    IS_NEWEST,
    NEWEST,
    CACHED,
    FILL,
    FORGET,
    ALL,
    ALL_CACHED,
    ODD_SNAPSHOTS,
    STMT_COUNT
};

struct naive {
    struct store st;
    bool read_cache;
    sqlite3_stmt *stmts[STMT_COUNT];
    struct rows_blob change, snapshot, cached;
    struct buf one, other; /* check: two copies */
};

static const struct opt naive_opts[] = {
    {.name = "read_cache",
     .type = OPT_BOOL,
     .offset = offsetof(struct naive, read_cache),
     .def = "on",
     .help = "keep a third copy of newest versions that were read"},
    {.name = NULL},
};

static const char naive_schema[] = "CREATE TABLE change("
                                   "id INTEGER PRIMARY KEY,"
                                   "file_id INTEGER NOT NULL,"
                                   "version INTEGER NOT NULL,"
                                   "hash BLOB NOT NULL,"
                                   "data BLOB NOT NULL) STRICT;"
                                   "CREATE UNIQUE INDEX change_key ON change(file_id,version);"
                                   "CREATE TABLE snapshot("
                                   "id INTEGER PRIMARY KEY,"
                                   "data BLOB NOT NULL) STRICT;"
                                   "CREATE TABLE file_data_cache("
                                   "file_id INTEGER PRIMARY KEY,"
                                   "version INTEGER NOT NULL,"
                                   "data BLOB NOT NULL) STRICT;";

#define ADD_CHANGE_SQL                                                   \
    "INSERT INTO change(file_id,version,hash,data) VALUES(?1,?2,?3,?4) " \
    "ON CONFLICT(file_id,version) DO NOTHING"
#define NEWEST_SQL                                                                \
    "SELECT file_id,max(version),id FROM change WHERE file_id BETWEEN ?1 AND ?2 " \
    "GROUP BY file_id ORDER BY file_id"
#define IS_NEWEST_SQL     "SELECT NOT EXISTS(SELECT 1 FROM change WHERE file_id=?1 AND version>?2)"
#define ODD_SNAPSHOTS_SQL "SELECT count(*) FROM snapshot WHERE id NOT IN (SELECT id FROM change)"

static const char *const statements[STMT_COUNT] = {
    [ADD_CHANGE] = ADD_CHANGE_SQL,
    [ADD_SNAPSHOT] = "INSERT INTO snapshot(id,data) VALUES(?1,?2)",
    [BY_KEY] = "SELECT id FROM change WHERE file_id=?1 AND version=?2",
    [SNAPSHOT] = "SELECT " ROWS_BLOB("data") " FROM snapshot WHERE id=?1",
    [REMOVE_CHANGE] = "DELETE FROM change WHERE id=?1",
    [REMOVE_SNAPSHOT] = "DELETE FROM snapshot WHERE id=?1",
    [IS_NEWEST] = IS_NEWEST_SQL,
    [NEWEST] = NEWEST_SQL,
    [CACHED] = "SELECT " ROWS_BLOB("data") " FROM file_data_cache WHERE file_id=?1 AND version=?2",
    [FILL] = "INSERT OR REPLACE INTO file_data_cache(file_id,version,data) VALUES(?1,?2,?3)",
    [FORGET] = "DELETE FROM file_data_cache WHERE file_id=?1",
    [ALL] = "SELECT id,file_id,version,hash," ROWS_BLOB("data") " FROM change ORDER BY id",
    [ALL_CACHED] = "SELECT file_id,version," ROWS_BLOB("data") " FROM file_data_cache",
    [ODD_SNAPSHOTS] = ODD_SNAPSHOTS_SQL,
};

static struct naive *naive_of(struct store *st)
{
    return (struct naive *)st;
}

static enum rc naive_init(struct store *st)
{
    struct naive *self = naive_of(st);
    self->change = (struct rows_blob){.table = "change", .column = "data"};
    self->snapshot = (struct rows_blob){.table = "snapshot", .column = "data"};
    self->cached = (struct rows_blob){.table = "file_data_cache", .column = "data"};
    enum rc rc = RC_OK;
    if (st->created)
        rc = db_exec(st->db, naive_schema, st->err);
    else if (!self->read_cache)
        rc = db_exec(st->db, "DELETE FROM file_data_cache", st->err);
    return rc == RC_OK ? rows_prepare(st, statements, self->stmts, STMT_COUNT) : rc;
}

static void naive_deinit(struct store *st)
{
    struct naive *self = naive_of(st);
    rows_blob_close(&self->change);
    rows_blob_close(&self->snapshot);
    rows_blob_close(&self->cached);
    rows_finalize(self->stmts, STMT_COUNT);
    buf_release(&self->one);
    buf_release(&self->other);
}

static enum rc damaged(struct store *st, struct blob_key key, const char *what)
{
    return FAIL(st->err, RC_CORRUPT, 0, KEY_FMT ": %s", KEY_ARGS(key), what);
}

/* ---- writing --------------------------------------------------------------------------------- */

static enum rc run_with_int(struct store *st, int stmt, uint64_t value)
{
    sqlite3_stmt *run = naive_of(st)->stmts[stmt];
    enum rc rc = db_bind_int(st->db, run, 1, (int64_t)value, st->err);
    return rc == RC_OK ? db_run(st->db, run, st->err) : rc;
}

static enum rc add_change(struct store *st, const struct put_request *put)
{
    sqlite3_stmt *insert = naive_of(st)->stmts[ADD_CHANGE];
    struct hash128 hash = hash_xxh128(put->bytes);
    enum rc rc = rows_bind_key(st, insert, 1, put->key);
    if (rc == RC_OK)
        rc = db_bind_blob(st->db, insert, 3, span_of(hash.bytes, sizeof(hash.bytes)), st->err);
    if (rc == RC_OK)
        rc = db_bind_blob(st->db, insert, 4, put->bytes, st->err);
    return rc == RC_OK ? rows_insert_new(st, insert, put->key) : rc;
}

static enum rc add_snapshot(struct store *st, int64_t id, struct span bytes)
{
    sqlite3_stmt *insert = naive_of(st)->stmts[ADD_SNAPSHOT];
    enum rc rc = db_bind_int(st->db, insert, 1, id, st->err);
    if (rc == RC_OK)
        rc = db_bind_blob(st->db, insert, 2, bytes, st->err);
    return rc == RC_OK ? db_run(st->db, insert, st->err) : rc;
}

static enum rc naive_put(struct store *st, const struct put_request *put)
{
    enum rc rc = add_change(st, put);
    if (rc == RC_OK)
        rc = add_snapshot(st, sqlite3_last_insert_rowid(st->db->handle), put->bytes);
    if (rc == RC_OK && naive_of(st)->read_cache)
        rc = run_with_int(st, FORGET, put->key.file_id);
    if (rc != RC_OK)
        return rc;
    st->counters[CTR_UNIQUE_BYTES] += put->bytes.len;
    st->counters[CTR_STORED_BYTES] += 2 * put->bytes.len;
    return RC_OK;
}

/* RC_NOTFOUND when the key is absent. */
static enum rc find(struct store *st, struct blob_key key, int64_t *id)
{
    sqlite3_stmt *select = naive_of(st)->stmts[BY_KEY];
    enum rc rc = rows_bind_key(st, select, 1, key);
    if (rc == RC_OK)
        rc = db_step(st->db, select, st->err);
    if (rc != RC_OK)
        return rc;
    *id = sqlite3_column_int64(select, 0);
    sqlite3_reset(select);
    return RC_OK;
}

static enum rc naive_del(struct store *st, struct blob_key key)
{
    int64_t id = 0;
    enum rc rc = find(st, key, &id);
    if (rc == RC_OK)
        rc = run_with_int(st, REMOVE_CHANGE, (uint64_t)id);
    if (rc == RC_OK)
        rc = run_with_int(st, REMOVE_SNAPSHOT, (uint64_t)id);
    if (rc == RC_OK && naive_of(st)->read_cache)
        rc = run_with_int(st, FORGET, key.file_id);
    return rc;
}

/* ---- reading --------------------------------------------------------------------------------- */

/* Bytes [offset, offset + len), cut at its end, of column 0 of the current row. */
static enum rc read_part(struct store *st, sqlite3_stmt *row, struct rows_blob *blob, int64_t rowid,
                         struct blob_key key, uint64_t offset, size_t len, struct buf *out)
{
    size_t total;
    if (!rows_blob_len(row, 0, &total))
        return damaged(st, key, "its row holds no blob");
    if (offset > total)
        offset = total;
    if (len > total - offset)
        len = total - (size_t)offset;
    enum rc rc = buf_resize(out, len, st->err);
    return rc == RC_OK ? rows_blob_copy(st, blob, row, 0, rowid, offset, len, out->ptr) : rc;
}

static enum rc read_snapshot(struct store *st, int64_t id, struct blob_key key, uint64_t offset,
                             size_t len, struct buf *out)
{
    struct naive *self = naive_of(st);
    sqlite3_stmt *row = self->stmts[SNAPSHOT];
    enum rc rc = db_bind_int(st->db, row, 1, id, st->err);
    if (rc == RC_OK)
        rc = db_step(st->db, row, st->err);
    if (rc == RC_OK)
        rc = read_part(st, row, &self->snapshot, id, key, offset, len, out);
    else if (rc == RC_NOTFOUND)
        rc = damaged(st, key, "its snapshot has gone");
    sqlite3_reset(row);
    return rc;
}

/* RC_NOTFOUND when it is not cached. */
static enum rc read_cached(struct store *st, struct blob_key key, uint64_t offset, size_t len,
                           struct buf *out)
{
    struct naive *self = naive_of(st);
    sqlite3_stmt *row = self->stmts[CACHED];
    if (!self->read_cache)
        return RC_NOTFOUND;
    enum rc rc = rows_bind_key(st, row, 1, key);
    if (rc == RC_OK)
        rc = db_step(st->db, row, st->err);
    if (rc == RC_OK)
        rc = read_part(st, row, &self->cached, (int64_t)key.file_id, key, offset, len, out);
    sqlite3_reset(row);
    if (rc == RC_OK)
        st->counters[CTR_CACHE_HITS]++;
    return rc;
}

static enum rc fill_cache(struct store *st, struct blob_key key, struct span bytes)
{
    struct naive *self = naive_of(st);
    sqlite3_stmt *fill = self->stmts[FILL];
    enum rc rc = rows_bind_key(st, fill, 1, key);
    if (rc == RC_OK)
        rc = db_bind_blob(st->db, fill, 3, bytes, st->err);
    if (rc == RC_OK)
        rc = db_run(st->db, fill, st->err);
    if (rc == RC_OK)
        st->counters[CTR_CACHE_MISSES]++;
    return rc;
}

static enum rc is_newest(struct store *st, struct blob_key key, bool *newest)
{
    sqlite3_stmt *select = naive_of(st)->stmts[IS_NEWEST];
    enum rc rc = rows_bind_key(st, select, 1, key);
    if (rc == RC_OK)
        rc = db_step(st->db, select, st->err);
    if (rc == RC_OK)
        *newest = sqlite3_column_int(select, 0) != 0;
    sqlite3_reset(select);
    return rc;
}

static enum rc naive_get(struct store *st, struct blob_key key, struct buf *out)
{
    int64_t id = 0;
    bool newest = false;
    enum rc rc = read_cached(st, key, 0, BLOB_BYTES_MAX, out);
    if (rc != RC_NOTFOUND)
        return rc;
    rc = find(st, key, &id);
    if (rc == RC_OK)
        rc = read_snapshot(st, id, key, 0, BLOB_BYTES_MAX, out);
    if (rc != RC_OK || !naive_of(st)->read_cache)
        return rc;
    rc = is_newest(st, key, &newest);
    return rc == RC_OK && newest ? fill_cache(st, key, buf_span(out)) : rc;
}

/* A range read neither fills the cache nor may it write. */
static enum rc naive_read_at(struct store *st, struct blob_key key, uint64_t offset, size_t len,
                             struct buf *out)
{
    int64_t id = 0;
    enum rc rc = read_cached(st, key, offset, len, out);
    if (rc != RC_NOTFOUND)
        return rc;
    rc = find(st, key, &id);
    return rc == RC_OK ? read_snapshot(st, id, key, offset, len, out) : rc;
}

static enum rc naive_scan_begin(struct store *st, uint64_t from, uint64_t to)
{
    return rows_bind_range(st, naive_of(st)->stmts[NEWEST], from, to);
}

static enum rc naive_scan_next(struct store *st, struct blob_key *key, struct buf *out)
{
    sqlite3_stmt *newest = naive_of(st)->stmts[NEWEST];
    enum rc rc = rows_next_key(st, newest, 0, "the index of changes", key);
    if (rc != RC_OK)
        return rc;
    rc = read_cached(st, *key, 0, BLOB_BYTES_MAX, out);
    if (rc != RC_NOTFOUND)
        return rc;
    rc = read_snapshot(st, sqlite3_column_int64(newest, 2), *key, 0, BLOB_BYTES_MAX, out);
    return rc == RC_OK && naive_of(st)->read_cache ? fill_cache(st, *key, buf_span(out)) : rc;
}

static void naive_scan_end(struct store *st)
{
    sqlite3_reset(naive_of(st)->stmts[NEWEST]);
}

static enum rc naive_flush(struct store *st)
{
    (void)st;
    return RC_OK;
}

/* ---- check ----------------------------------------------------------------------------------- */

/* The current row of ALL: the change has its hash, and the snapshot has the same bytes. */
static enum rc check_change(struct store *st, sqlite3_stmt *row)
{
    struct naive *self = naive_of(st);
    int64_t id = sqlite3_column_int64(row, 0);
    struct blob_key key;
    size_t len;
    if (!rows_key(row, 1, &key))
        return FAIL(st->err, RC_CORRUPT, 0, "row %" PRId64 " of table change has no legal key", id);
    if (!rows_blob_len(row, 4, &len))
        return damaged(st, key, "its change holds no blob");
    enum rc rc = buf_resize(&self->one, len, st->err);
    if (rc == RC_OK)
        rc = rows_blob_copy(st, &self->change, row, 4, id, 0, len, self->one.ptr);
    if (rc != RC_OK)
        return rc;
    struct hash128 hash = hash_xxh128(buf_span(&self->one));
    if (!span_equal(db_column_blob(row, 3), span_of(hash.bytes, sizeof(hash.bytes))))
        return damaged(st, key, "its bytes differ from their hash");
    rc = read_snapshot(st, id, key, 0, BLOB_BYTES_MAX, &self->other);
    if (rc == RC_OK && !span_equal(buf_span(&self->one), buf_span(&self->other)))
        rc = damaged(st, key, "change and snapshot differ");
    return rc;
}

/* The current row of ALL_CACHED: the newest version of its file, and the bytes of its snapshot. */
static enum rc check_cached(struct store *st, sqlite3_stmt *row)
{
    struct naive *self = naive_of(st);
    struct blob_key key;
    size_t len;
    int64_t id = 0;
    bool newest = false;
    if (!rows_key(row, 0, &key) || !rows_blob_len(row, 2, &len))
        return FAIL(st->err, RC_CORRUPT, 0, "a row of table file_data_cache is damaged");
    enum rc rc = buf_resize(&self->one, len, st->err);
    if (rc == RC_OK)
        rc = rows_blob_copy(st, &self->cached, row, 2, (int64_t)key.file_id, 0, len, self->one.ptr);
    if (rc == RC_OK)
        rc = is_newest(st, key, &newest);
    if (rc == RC_OK)
        rc = find(st, key, &id);
    if (rc == RC_NOTFOUND || (rc == RC_OK && !newest))
        return damaged(st, key, "it is cached, but not the newest version");
    if (rc == RC_OK)
        rc = read_snapshot(st, id, key, 0, BLOB_BYTES_MAX, &self->other);
    if (rc == RC_OK && !span_equal(buf_span(&self->one), buf_span(&self->other)))
        rc = damaged(st, key, "cache and snapshot differ");
    return rc;
}

static enum rc for_each(struct store *st, int stmt,
                        enum rc (*visit)(struct store *st, sqlite3_stmt *row))
{
    sqlite3_stmt *rows = naive_of(st)->stmts[stmt];
    enum rc rc;
    while ((rc = db_step(st->db, rows, st->err)) == RC_OK) {
        if ((rc = visit(st, rows)) != RC_OK)
            break;
    }
    sqlite3_reset(rows);
    return rc == RC_NOTFOUND ? RC_OK : rc;
}

static enum rc check_odd_snapshots(struct store *st, sqlite3_stmt *row)
{
    if (sqlite3_column_int64(row, 0) == 0)
        return RC_OK;
    return FAIL(st->err, RC_CORRUPT, 0, "a snapshot belongs to no change");
}

static enum rc naive_check(struct store *st)
{
    enum rc rc = for_each(st, ALL, check_change);
    if (rc == RC_OK)
        rc = for_each(st, ALL_CACHED, check_cached);
    return rc == RC_OK ? for_each(st, ODD_SNAPSHOTS, check_odd_snapshots) : rc;
}

static enum rc naive_probe(struct store *st, const struct effect_facts *facts, struct effect *out)
{
    bool on = naive_of(st)->read_cache;
    uint64_t most = on ? EFFECT_NO_LIMIT : 0;
    effect_expect(out, "cache_misses", facts->counters[CTR_CACHE_MISSES],
                  on && facts->newest_reads != 0, most,
                  "read_cache=%s, %" PRIu64 " reads of newest versions", on ? "on" : "off",
                  facts->newest_reads);
    effect_expect(out, "cache_hits", facts->counters[CTR_CACHE_HITS],
                  on && facts->newest_rereads != 0, most,
                  "read_cache=%s, %" PRIu64 " of those reads not the first of their version",
                  on ? "on" : "off", facts->newest_rereads);
    effect_expect(out, "stored_bytes", facts->counters[CTR_STORED_BYTES], 2 * facts->bytes,
                  2 * facts->bytes, "%zu blobs of %" PRIu64 " bytes, each stored twice",
                  facts->blobs, facts->bytes);
    return RC_OK;
}

const struct strategy strategy_naive = {
    .abi = STRATEGY_ABI,
    .size = sizeof(struct strategy),
    .name = "naive",
    .summary = "the founding document's plugin: every blob twice, and a third copy when read",
    .caps = CAP_SQL | CAP_DELETE | CAP_READ_AT | CAP_SCAN | CAP_READ_WRITES,
    .state_size = sizeof(struct naive),
    .opts = naive_opts,
    .init = naive_init,
    .deinit = naive_deinit,
    .put = naive_put,
    .get = naive_get,
    .flush = naive_flush,
    .check = naive_check,
    .probe = naive_probe,
    .del = naive_del,
    .read_at = naive_read_at,
    .scan_begin = naive_scan_begin,
    .scan_next = naive_scan_next,
    .scan_end = naive_scan_end,
};
