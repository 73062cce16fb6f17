/* chunked.c: blobs are cut into chunks, each distinct chunk is stored once, usually compressed.
 *
 * Layout:
 *
 *   manifest(file_id, version, total_len, hash, chunks, PRIMARY KEY(file_id, version))
 *       WITHOUT ROWID
 *   content, body, identity: the chunks, see engine/content.h
 *
 * hash is the XXH3-128 of the whole blob.  chunks lists its chunks in order, two LEB128 numbers
 * each: the content id as its zigzag difference from the id after the previous one (0 for chunks
 * that were new together, the common case), and the chunk's plain length.  A new chunk costs about
 * four bytes, and a range read finds its chunks without touching the others.
 *
 * A chunk that occurs twice in a blob is referenced twice.
 *
 * Default sizes 4/16/64 KiB.  Measured on three trees of real files (headers, libraries and
 * changelogs, Python sources; 9, 392 and 258 MB in four versions each, zstd, 4 KiB pages), against
 * avg=16k: avg=8k stores 3 to 7 % less and reads 16 to 21 % slower, avg=64k stores 12 to 29 % more
 * and reads 9 to 16 % faster.  After the edits of files:DIR, which leave less in common, avg=8k
 * stores 6 to 8 % more as well (docs/journal.md has the command).  Where nothing is shared (lix-v1)
 * rows and slack of the chunks cost 4 % of the database at 16k and 7 % at 8k.
 */
#include <string.h>

#include "engine/chunker.h"
#include "engine/content.h"

enum { INSERT, BY_KEY, DELETE, NEWEST, ALL, STMT_COUNT };
enum { COL_KEY, COL_TOTAL = 2, COL_HASH, COL_CHUNKS };

struct chunked {
    struct store st;
    int kind; /* enum chunker_kind */
    uint64_t min, avg, max, norm;
    struct content content;

    struct chunker chunker;
    sqlite3_stmt *stmts[STMT_COUNT];
    struct buf manifest; /* being built, or of a blob being deleted */
    struct buf whole;    /* check: one blob */
    struct buf ids;      /* check: every reference */
};

static const char *const chunker_names[] = {"fixed", "fastcdc", NULL};

#define MEMBER(member) .offset = offsetof(struct chunked, member)
static const struct opt chunked_opts[] = {
    {.name = "chunker",
     .type = OPT_CHOICE,
     MEMBER(kind),
     .def = "fastcdc",
     .choices = chunker_names,
     .help = "how blobs are cut: every avg bytes, or by content"},
    {.name = "min",
     .type = OPT_SIZE,
     MEMBER(min),
     .min = 0,
     .max = 64.0 * 1024 * 1024,
     .def = "0",
     .help = "least chunk length; 0 is a quarter of avg; fastcdc only"},
    {.name = "avg",
     .type = OPT_SIZE,
     MEMBER(avg),
     .min = 64,
     .max = 64.0 * 1024 * 1024,
     .def = "16k",
     .help = "target chunk length; a power of two for fastcdc"},
    {.name = "max",
     .type = OPT_SIZE,
     MEMBER(max),
     .min = 0,
     .max = 64.0 * 1024 * 1024,
     .def = "0",
     .help = "largest chunk length; 0 is four times avg; fastcdc only"},
    {.name = "norm",
     .type = OPT_COUNT,
     MEMBER(norm),
     .min = 0,
     .max = 3,
     .def = "2",
     .help = "how strongly fastcdc pulls chunk lengths towards avg"},
    CONTENT_OPTS(struct chunked, content, "zstd"),
    {.name = NULL},
};
#undef MEMBER

static struct chunked *chunked_of(struct store *st)
{
    return (struct chunked *)st;
}

static enum rc set_chunker(struct chunked *self)
{
    size_t avg = (size_t)self->avg, min = avg, max = avg;
    if (self->kind == CHUNKER_FASTCDC) {
        const size_t limit = (size_t)(64 * MIB);
        min = self->min != 0 ? (size_t)self->min : avg / 4 < 64 ? 64 : avg / 4;
        max = self->max != 0 ? (size_t)self->max : avg > limit / 4 ? limit : avg * 4;
    }
    return chunker_init(&self->chunker, (enum chunker_kind)self->kind, min, avg, max,
                        (unsigned)self->norm, self->st.err);
}

#define ROW "SELECT file_id,version,total_len,hash,chunks FROM manifest "
#define INSERT_SQL \
    "INSERT INTO manifest(file_id,version,total_len,hash,chunks) VALUES(?1,?2,?3,?4,?5)"
#define NEWEST_SQL                                                     \
    "SELECT file_id,max(version),total_len,hash,chunks FROM manifest " \
    "WHERE file_id BETWEEN ?1 AND ?2 GROUP BY file_id ORDER BY file_id"

static enum rc chunked_init(struct store *st)
{
    static const char *const sql[STMT_COUNT] = {
        [INSERT] = INSERT_SQL,
        [BY_KEY] = ROW "WHERE file_id=?1 AND version=?2",
        [DELETE] = "DELETE FROM manifest WHERE file_id=?1 AND version=?2",
        [NEWEST] = NEWEST_SQL,
        [ALL] = ROW,
    };
    struct chunked *self = chunked_of(st);
    enum rc rc = set_chunker(self);
    if (rc == RC_OK)
        rc = content_init(&self->content, st);
    if (rc == RC_OK && st->created)
        rc = db_exec(st->db,
                     "CREATE TABLE manifest("
                     "file_id INTEGER NOT NULL,"
                     "version INTEGER NOT NULL,"
                     "total_len INTEGER NOT NULL,"
                     "hash BLOB NOT NULL,"
                     "chunks BLOB NOT NULL,"
                     "PRIMARY KEY(file_id,version)) WITHOUT ROWID, STRICT;",
                     st->err);
    return rc == RC_OK ? rows_prepare(st, sql, self->stmts, STMT_COUNT) : rc;
}

static void chunked_deinit(struct store *st)
{
    struct chunked *self = chunked_of(st);
    rows_finalize(self->stmts, STMT_COUNT);
    content_release(&self->content);
    buf_release(&self->manifest);
    buf_release(&self->whole);
    buf_release(&self->ids);
}

/* ---- manifests ------------------------------------------------------------------------------- */

#define NUMBER_MAX 10 /* bytes of a LEB128 number of 64 bits */

static size_t put_number(uint8_t *dst, uint64_t value)
{
    size_t len = 0;
    for (; value >= 0x80; value >>= 7)
        dst[len++] = (uint8_t)(value | 0x80);
    dst[len++] = (uint8_t)value;
    return len;
}

struct cursor {
    const uint8_t *at, *end;
    int64_t next_id; /* the id after the previous one */
};

static bool take_number(struct cursor *cursor, uint64_t *value)
{
    *value = 0;
    for (unsigned shift = 0; shift < 64 && cursor->at < cursor->end; shift += 7) {
        uint8_t byte = *cursor->at++;
        if (shift == 63 && byte > 1)
            return false;
        *value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return true;
    }
    return false;
}

/* Content ids are positive and far from 2^63, so differences cannot overflow. */
#define ID_MAX (INT64_MAX / 4)

static bool take_chunk(struct cursor *cursor, int64_t *id, uint64_t *len)
{
    uint64_t zigzag;
    if (!take_number(cursor, &zigzag) || !take_number(cursor, len) || zigzag > ID_MAX)
        return false;
    int64_t half = (int64_t)(zigzag >> 1);
    *id = cursor->next_id + ((zigzag & 1) != 0 ? -half - 1 : half);
    cursor->next_id = *id + 1;
    return *id > 0 && *id < ID_MAX;
}

static struct cursor cursor_over(struct span chunks)
{
    return (struct cursor){.at = chunks.ptr,
                           .end = chunks.len != 0 ? chunks.ptr + chunks.len : chunks.ptr,
                           .next_id = 1};
}

static enum rc append_chunk(struct chunked *self, int64_t *next_id, int64_t id, size_t len)
{
    uint8_t entry[2 * NUMBER_MAX];
    int64_t difference = id - *next_id;
    uint64_t zigzag =
        difference < 0 ? ((uint64_t)(-difference - 1) << 1) | 1 : (uint64_t)difference << 1;
    size_t entry_len = put_number(entry, zigzag);
    entry_len += put_number(entry + entry_len, len);
    *next_id = id + 1;
    return buf_append(&self->manifest, span_of(entry, entry_len), self->st.err);
}

static enum rc damaged(struct store *st, struct blob_key key, const char *what)
{
    return FAIL(st->err, RC_CORRUPT, 0, KEY_FMT ": %s", KEY_ARGS(key), what);
}

/* ---- writing --------------------------------------------------------------------------------- */

static enum rc find(struct store *st, struct blob_key key, sqlite3_stmt **row)
{
    *row = chunked_of(st)->stmts[BY_KEY];
    enum rc rc = rows_bind_key(st, *row, 1, key);
    return rc == RC_OK ? db_step(st->db, *row, st->err) : rc;
}

static enum rc put_chunks(struct store *st, const struct put_request *put, bool *fresh_blob)
{
    struct chunked *self = chunked_of(st);
    struct span rest = put->bytes;
    int64_t next_id = 1;
    *fresh_blob = false;
    buf_clear(&self->manifest);
    while (rest.len > 0) {
        size_t len = chunker_next(&self->chunker, rest);
        int64_t id;
        bool fresh;
        enum rc rc = content_put(&self->content, span_of(rest.ptr, len),
                                 put->handler->precompressed, &id, &fresh);
        if (rc == RC_OK)
            rc = append_chunk(self, &next_id, id, len);
        if (rc != RC_OK)
            return rc;
        st->counters[CTR_CHUNKS]++;
        st->counters[CTR_CHUNKS_DUP] += !fresh;
        *fresh_blob |= fresh;
        rest = span_of(rest.ptr + len, rest.len - len);
    }
    return RC_OK;
}

static enum rc chunked_put(struct store *st, const struct put_request *put)
{
    struct chunked *self = chunked_of(st);
    sqlite3_stmt *row, *insert = self->stmts[INSERT];
    bool fresh = false;
    /* Looked up first, so that a refused put leaves no reference behind. */
    enum rc rc = find(st, put->key, &row);
    sqlite3_reset(row);
    if (rc == RC_OK)
        return FAIL(st->err, RC_USAGE, 0, KEY_FMT " is stored already", KEY_ARGS(put->key));
    if (rc != RC_NOTFOUND)
        return rc;
    self->content.key = put->key;
    struct hash128 hash = hash_xxh128(put->bytes);
    rc = put_chunks(st, put, &fresh);
    if (rc == RC_OK)
        rc = rows_bind_key(st, insert, 1, put->key);
    if (rc == RC_OK)
        rc = db_bind_int(st->db, insert, 3, (int64_t)put->bytes.len, st->err);
    if (rc == RC_OK)
        rc = db_bind_blob(st->db, insert, 4, span_of(hash.bytes, sizeof(hash.bytes)), st->err);
    if (rc == RC_OK)
        rc = db_bind_blob(st->db, insert, 5, buf_span(&self->manifest), st->err);
    if (rc == RC_OK)
        rc = db_run(st->db, insert, st->err);
    /* A blob is a duplicate when every chunk of it was there. */
    if (rc == RC_OK)
        st->counters[fresh ? CTR_BLOBS_UNIQUE : CTR_BLOBS_DUP]++;
    return rc;
}

static enum rc chunked_del(struct store *st, struct blob_key key)
{
    struct chunked *self = chunked_of(st);
    sqlite3_stmt *row, *delete = self->stmts[DELETE];
    enum rc rc = find(st, key, &row);
    if (rc == RC_OK)
        rc = buf_set(&self->manifest, db_column_blob(row, COL_CHUNKS), st->err);
    sqlite3_reset(row);
    if (rc == RC_OK)
        rc = rows_bind_key(st, delete, 1, key);
    if (rc == RC_OK)
        rc = db_run(st->db, delete, st->err);
    struct cursor cursor = cursor_over(buf_span(&self->manifest));
    self->content.key = key;
    while (rc == RC_OK && cursor.at < cursor.end) {
        int64_t id;
        uint64_t len;
        if (!take_chunk(&cursor, &id, &len))
            return damaged(st, key, "its manifest is damaged");
        rc = content_drop(&self->content, id);
    }
    return rc;
}

/* ---- reading --------------------------------------------------------------------------------- */

/* Bytes [from, from + len) of chunk `id`, which is `chunk_len` long according to the manifest. */
static enum rc read_chunk(struct chunked *self, int64_t id, uint64_t chunk_len, uint64_t from,
                          size_t len, uint8_t *dst)
{
    struct content *content = &self->content;
    enum rc rc = content_open(content, id);
    if (rc == RC_OK && content->plain_len != chunk_len)
        rc = damaged(&self->st, content->key, "a chunk is not as long as its manifest says");
    if (rc == RC_OK && len == chunk_len)
        rc = content_read(content, dst);
    else if (rc == RC_OK)
        rc = content_read_range(content, from, len, dst);
    content_close(content);
    return rc;
}

/* Bytes [offset, offset + len), cut at its end, of the blob whose manifest row is current. */
static enum rc read_blob(struct store *st, sqlite3_stmt *row, struct blob_key key, uint64_t offset,
                         uint64_t len, struct buf *out)
{
    struct chunked *self = chunked_of(st);
    uint64_t total, at = 0, id_len;
    int64_t id;
    if (!rows_uint(row, COL_TOTAL, BLOB_BYTES_MAX, &total) ||
        sqlite3_column_type(row, COL_CHUNKS) != SQLITE_BLOB)
        return damaged(st, key, "its manifest is damaged");
    if (offset > total)
        offset = total;
    if (len > total - offset)
        len = total - offset;
    enum rc rc = buf_resize(out, (size_t)len, st->err);
    struct cursor cursor = cursor_over(db_column_blob(row, COL_CHUNKS));
    self->content.key = key;
    while (rc == RC_OK && cursor.at < cursor.end) {
        if (!take_chunk(&cursor, &id, &id_len) || id_len == 0 || id_len > total - at)
            return damaged(st, key, "its manifest is damaged");
        uint64_t from = offset > at ? offset - at : 0;
        uint64_t until = offset + len - at < id_len ? offset + len - at : id_len;
        if (offset + len > at && from < until)
            rc = read_chunk(self, id, id_len, from, (size_t)(until - from),
                            out->ptr + (at + from - offset));
        at += id_len;
    }
    if (rc == RC_OK && at != total)
        rc = damaged(st, key, "its chunks do not add up to its length");
    return rc;
}

static enum rc read_whole(struct store *st, sqlite3_stmt *row, struct blob_key key, bool verify,
                          struct buf *out)
{
    enum rc rc = read_blob(st, row, key, 0, BLOB_BYTES_MAX, out);
    if (rc != RC_OK || !verify)
        return rc;
    struct hash128 hash = hash_xxh128(buf_span(out));
    if (!span_equal(db_column_blob(row, COL_HASH), span_of(hash.bytes, sizeof(hash.bytes))))
        rc = damaged(st, key, "its bytes differ from their hash");
    return rc;
}

static enum rc chunked_get(struct store *st, struct blob_key key, struct buf *out)
{
    sqlite3_stmt *row;
    enum rc rc = find(st, key, &row);
    if (rc == RC_OK)
        rc = read_whole(st, row, key, chunked_of(st)->content.verify, out);
    sqlite3_reset(row);
    return rc;
}

static enum rc chunked_read_at(struct store *st, struct blob_key key, uint64_t offset, size_t len,
                               struct buf *out)
{
    sqlite3_stmt *row;
    enum rc rc = find(st, key, &row);
    if (rc == RC_OK)
        rc = read_blob(st, row, key, offset, len, out);
    sqlite3_reset(row);
    return rc;
}

static enum rc chunked_scan_begin(struct store *st, uint64_t from, uint64_t to)
{
    return rows_bind_range(st, chunked_of(st)->stmts[NEWEST], from, to);
}

static enum rc chunked_scan_next(struct store *st, struct blob_key *key, struct buf *out)
{
    sqlite3_stmt *newest = chunked_of(st)->stmts[NEWEST];
    enum rc rc = rows_next_key(st, newest, COL_KEY, "table manifest", key);
    if (rc != RC_OK)
        return rc;
    return read_whole(st, newest, *key, chunked_of(st)->content.verify, out);
}

static void chunked_scan_end(struct store *st)
{
    sqlite3_reset(chunked_of(st)->stmts[NEWEST]);
}

/* ---- transactions and check ------------------------------------------------------------------ */

static enum rc chunked_flush(struct store *st)
{
    (void)st;
    return RC_OK;
}

/* The current row of ALL: its blob is whole, and its chunks are references. */
static enum rc check_row(struct store *st, sqlite3_stmt *row)
{
    struct chunked *self = chunked_of(st);
    struct blob_key key;
    int64_t id;
    uint64_t len;
    if (!rows_key(row, COL_KEY, &key))
        return FAIL(st->err, RC_CORRUPT, 0, "a key in table manifest is not a key");
    enum rc rc = read_whole(st, row, key, true, &self->whole);
    struct cursor cursor = cursor_over(db_column_blob(row, COL_CHUNKS));
    while (rc == RC_OK && cursor.at < cursor.end) {
        CHECK(take_chunk(&cursor, &id, &len));
        rc = buf_append(&self->ids, span_of(&id, sizeof(id)), st->err);
    }
    return rc;
}

static enum rc chunked_check(struct store *st)
{
    struct chunked *self = chunked_of(st);
    sqlite3_stmt *all = self->stmts[ALL];
    enum rc rc;
    buf_clear(&self->ids);
    while ((rc = db_step(st->db, all, st->err)) == RC_OK) {
        if ((rc = check_row(st, all)) != RC_OK)
            break;
    }
    sqlite3_reset(all);
    return rc == RC_NOTFOUND ? content_check(&self->content, &self->ids) : rc;
}

/* Whether the manifest of a sampled blob lists the chunks that the options ask for. */
static enum rc cut_as_asked(struct store *st, const struct effect_blob *blob, uint64_t *count)
{
    struct blob_key key = {.file_id = blob->file_id, .version = blob->version};
    struct span rest = blob->bytes;
    sqlite3_stmt *row;
    enum rc rc = find(st, key, &row);
    if (rc != RC_OK)
        return rc == RC_NOTFOUND ? damaged(st, key, "it was put and is not found") : rc;
    struct cursor cursor = cursor_over(db_column_blob(row, COL_CHUNKS));
    int64_t id;
    uint64_t len = 0;
    bool same = true;
    while (same && rest.len > 0) {
        size_t want = chunker_next(&chunked_of(st)->chunker, rest);
        same = take_chunk(&cursor, &id, &len) && len == want;
        rest = span_of(rest.ptr + want, rest.len - want);
    }
    *count += same && cursor.at == cursor.end;
    sqlite3_reset(row);
    return RC_OK;
}

static enum rc probe_cuts(struct store *st, const struct effect_facts *facts, struct effect *out)
{
    uint64_t kept = 0, same = 0;
    enum rc rc = RC_OK;
    for (size_t i = 0; rc == RC_OK && i < facts->sample_count; i++) {
        if (!facts->sample[i].kept)
            continue;
        kept++;
        rc = cut_as_asked(st, &facts->sample[i], &same);
    }
    if (rc == RC_OK)
        effect_expect(out, "blobs cut as asked", same, kept, kept,
                      "%" PRIu64 " sampled blobs are kept; chunker=%s", kept,
                      chunker_names[chunked_of(st)->kind]);
    return rc;
}

/* A blob is cut at `max` at the latest, and only its last chunk may be shorter than `min`. */
static enum rc chunked_probe(struct store *st, const struct effect_facts *facts, struct effect *out)
{
    const struct chunker *chunker = &chunked_of(st)->chunker;
    const uint64_t *ctr = facts->counters;
    uint64_t least = 0, most = 0, above = 0;
    for (size_t i = 0; i < facts->blobs; i++) {
        uint64_t len = facts->lens[i];
        least += len / chunker->max + (len % chunker->max != 0);
        most += len / chunker->min + (len % chunker->min != 0);
        above += len > chunker->max;
    }
    effect_expect(out, "chunks", ctr[CTR_CHUNKS], least, most,
                  "%zu blobs, %" PRIu64 " of them above max; min=%zu, avg=%zu, max=%zu",
                  facts->blobs, above, chunker->min, chunker->avg, chunker->max);
    effect_expect(out, "chunks_dup", ctr[CTR_CHUNKS_DUP], facts->repeat_bytes != 0, EFFECT_NO_LIMIT,
                  "%" PRIu64 " blobs were put while the same bytes were stored", facts->repeats);
    effect_expect(out, "dup_bytes", ctr[CTR_DUP_BYTES], facts->repeat_bytes, EFFECT_NO_LIMIT,
                  "the bytes of those %" PRIu64 " blobs", facts->repeats);
    enum rc rc = probe_cuts(st, facts, out);
    if (rc != RC_OK)
        return rc;
    return content_probe(&chunked_of(st)->content, facts, chunker,
                         ctr[CTR_CHUNKS] - ctr[CTR_CHUNKS_DUP], out);
}

const struct strategy strategy_chunked = {
    .abi = STRATEGY_ABI,
    .size = sizeof(struct strategy),
    .name = "chunked",
    .summary = "blobs cut into chunks, each distinct chunk once, compressed when it pays",
    .caps = CAP_SQL | CAP_DELETE | CAP_READ_AT | CAP_SCAN | CAP_DEDUP,
    .state_size = sizeof(struct chunked),
    .opts = chunked_opts,
    .init = chunked_init,
    .deinit = chunked_deinit,
    .put = chunked_put,
    .get = chunked_get,
    .flush = chunked_flush,
    .check = chunked_check,
    .probe = chunked_probe,
    .del = chunked_del,
    .read_at = chunked_read_at,
    .scan_begin = chunked_scan_begin,
    .scan_next = chunked_scan_next,
    .scan_end = chunked_scan_end,
};
