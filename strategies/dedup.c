/* dedup.c: each distinct blob is stored once, optionally compressed; keys refer to it.
 *
 * Layout:
 *
 *   ref(file_id, version, content_id, PRIMARY KEY(file_id, version)) WITHOUT ROWID
 *   content, body, identity: see engine/content.h
 *
 * Deleting a key gives up one reference; the last one removes the content in the same transaction,
 * so what is reachable is never collected and what is not never outlives its commit.
 */
#include "engine/content.h"

enum { INSERT, BY_KEY, DELETE, NEWEST, ALL_IDS, STMT_COUNT };

struct dedup {
    struct store st;
    struct content content;
    sqlite3_stmt *stmts[STMT_COUNT];
    struct buf ids; /* check: every reference */
};

static const struct opt dedup_opts[] = {
    CONTENT_OPTS(struct dedup, content, "none"),
    {.name = NULL},
};

static struct dedup *dedup_of(struct store *st)
{
    return (struct dedup *)st;
}

#define NEWEST_SQL                                                                     \
    "SELECT file_id,max(version),content_id FROM ref WHERE file_id BETWEEN ?1 AND ?2 " \
    "GROUP BY file_id ORDER BY file_id"

static enum rc dedup_init(struct store *st)
{
    static const char *const sql[STMT_COUNT] = {
        [INSERT] = "INSERT INTO ref(file_id,version,content_id) VALUES(?1,?2,?3)",
        [BY_KEY] = "SELECT content_id FROM ref WHERE file_id=?1 AND version=?2",
        [DELETE] = "DELETE FROM ref WHERE file_id=?1 AND version=?2",
        [NEWEST] = NEWEST_SQL,
        [ALL_IDS] = "SELECT content_id FROM ref",
    };
    struct dedup *self = dedup_of(st);
    enum rc rc = content_init(&self->content, st);
    if (rc == RC_OK && st->created)
        rc = db_exec(st->db,
                     "CREATE TABLE ref("
                     "file_id INTEGER NOT NULL,"
                     "version INTEGER NOT NULL,"
                     "content_id INTEGER NOT NULL,"
                     "PRIMARY KEY(file_id,version)) WITHOUT ROWID, STRICT;",
                     st->err);
    return rc == RC_OK ? rows_prepare(st, sql, self->stmts, STMT_COUNT) : rc;
}

static void dedup_deinit(struct store *st)
{
    struct dedup *self = dedup_of(st);
    rows_finalize(self->stmts, STMT_COUNT);
    content_release(&self->content);
    buf_release(&self->ids);
}

/* RC_NOTFOUND when the key is absent. */
static enum rc find(struct store *st, struct blob_key key, int64_t *id)
{
    sqlite3_stmt *select = dedup_of(st)->stmts[BY_KEY];
    enum rc rc = rows_bind_key(st, select, 1, key);
    if (rc == RC_OK)
        rc = db_step(st->db, select, st->err);
    if (rc != RC_OK)
        return rc;
    *id = sqlite3_column_int64(select, 0);
    sqlite3_reset(select);
    return RC_OK;
}

static enum rc dedup_put(struct store *st, const struct put_request *put)
{
    struct dedup *self = dedup_of(st);
    sqlite3_stmt *insert = self->stmts[INSERT];
    int64_t id;
    bool fresh;
    /* Looked up first, so that a refused put leaves no reference behind. */
    enum rc rc = find(st, put->key, &id);
    if (rc == RC_OK)
        return FAIL(st->err, RC_USAGE, 0, KEY_FMT " is stored already", KEY_ARGS(put->key));
    if (rc != RC_NOTFOUND)
        return rc;
    self->content.key = put->key;
    rc = content_put(&self->content, put->bytes, put->handler->precompressed, &id, &fresh);
    if (rc == RC_OK)
        rc = rows_bind_key(st, insert, 1, put->key);
    if (rc == RC_OK)
        rc = db_bind_int(st->db, insert, 3, id, st->err);
    if (rc == RC_OK)
        rc = db_run(st->db, insert, st->err);
    if (rc == RC_OK)
        st->counters[fresh ? CTR_BLOBS_UNIQUE : CTR_BLOBS_DUP]++;
    return rc;
}

static enum rc read_content(struct store *st, struct blob_key key, int64_t id, struct buf *out)
{
    struct content *content = &dedup_of(st)->content;
    content->key = key;
    enum rc rc = content_open(content, id);
    if (rc == RC_OK)
        rc = buf_resize(out, content->plain_len, st->err);
    if (rc == RC_OK)
        rc = content_read(content, out->ptr);
    content_close(content);
    if (rc == RC_OK && content->verify)
        rc = content_verify(content, id, buf_span(out));
    return rc;
}

static enum rc dedup_get(struct store *st, struct blob_key key, struct buf *out)
{
    int64_t id;
    enum rc rc = find(st, key, &id);
    return rc == RC_OK ? read_content(st, key, id, out) : rc;
}

static enum rc dedup_read_at(struct store *st, struct blob_key key, uint64_t offset, size_t len,
                             struct buf *out)
{
    struct content *content = &dedup_of(st)->content;
    int64_t id;
    enum rc rc = find(st, key, &id);
    if (rc != RC_OK)
        return rc;
    content->key = key;
    rc = content_open(content, id);
    if (rc == RC_OK) {
        if (offset > content->plain_len)
            offset = content->plain_len;
        if (len > content->plain_len - offset)
            len = content->plain_len - (size_t)offset;
        rc = buf_resize(out, len, st->err);
    }
    if (rc == RC_OK)
        rc = content_read_range(content, offset, len, out->ptr);
    content_close(content);
    return rc;
}

static enum rc dedup_del(struct store *st, struct blob_key key)
{
    struct dedup *self = dedup_of(st);
    int64_t id;
    enum rc rc = find(st, key, &id);
    if (rc == RC_OK)
        rc = rows_bind_key(st, self->stmts[DELETE], 1, key);
    if (rc == RC_OK)
        rc = db_run(st->db, self->stmts[DELETE], st->err);
    self->content.key = key;
    return rc == RC_OK ? content_drop(&self->content, id) : rc;
}

static enum rc dedup_scan_begin(struct store *st, uint64_t from, uint64_t to)
{
    return rows_bind_range(st, dedup_of(st)->stmts[NEWEST], from, to);
}

static enum rc dedup_scan_next(struct store *st, struct blob_key *key, struct buf *out)
{
    sqlite3_stmt *newest = dedup_of(st)->stmts[NEWEST];
    enum rc rc = rows_next_key(st, newest, 0, "table ref", key);
    if (rc != RC_OK)
        return rc;
    return read_content(st, *key, sqlite3_column_int64(newest, 2), out);
}

static void dedup_scan_end(struct store *st)
{
    sqlite3_reset(dedup_of(st)->stmts[NEWEST]);
}

static enum rc dedup_flush(struct store *st)
{
    (void)st;
    return RC_OK;
}

static enum rc dedup_check(struct store *st)
{
    struct dedup *self = dedup_of(st);
    sqlite3_stmt *all = self->stmts[ALL_IDS];
    enum rc rc;
    buf_clear(&self->ids);
    while ((rc = db_step(st->db, all, st->err)) == RC_OK) {
        int64_t id = sqlite3_column_int64(all, 0);
        if ((rc = buf_append(&self->ids, span_of(&id, sizeof(id)), st->err)) != RC_OK)
            break;
    }
    sqlite3_reset(all);
    return rc == RC_NOTFOUND ? content_check(&self->content, &self->ids) : rc;
}

/* Sharing is exact: what the driver's hashes call a repeat was found, and nothing else. */
static enum rc dedup_probe(struct store *st, const struct effect_facts *facts, struct effect *out)
{
    effect_expect(out, "blobs_dup", facts->counters[CTR_BLOBS_DUP], facts->repeats, facts->repeats,
                  "%" PRIu64 " of %zu blobs were put while the same bytes were stored",
                  facts->repeats, facts->blobs);
    effect_expect(out, "dup_bytes", facts->counters[CTR_DUP_BYTES], facts->repeat_bytes,
                  facts->repeat_bytes, "the bytes of those %" PRIu64 " blobs", facts->repeats);
    return content_probe(&dedup_of(st)->content, facts, NULL, facts->counters[CTR_BLOBS_UNIQUE],
                         out);
}

const struct strategy strategy_dedup = {
    .abi = STRATEGY_ABI,
    .size = sizeof(struct strategy),
    .name = "dedup",
    .summary = "each distinct blob once, optionally compressed, with counted references",
    .caps = CAP_SQL | CAP_DELETE | CAP_READ_AT | CAP_SCAN | CAP_DEDUP,
    .state_size = sizeof(struct dedup),
    .opts = dedup_opts,
    .init = dedup_init,
    .deinit = dedup_deinit,
    .put = dedup_put,
    .get = dedup_get,
    .flush = dedup_flush,
    .check = dedup_check,
    .probe = dedup_probe,
    .del = dedup_del,
    .read_at = dedup_read_at,
    .scan_begin = dedup_scan_begin,
    .scan_next = dedup_scan_next,
    .scan_end = dedup_scan_end,
};
