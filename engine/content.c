#include "engine/content.h"

#include <stdlib.h>
#include <string.h>

enum { FIND, ADD, ADD_BODY, REFS, REF, UNREF, REMOVE, REMOVE_BODY, BODY, HASH, ALL, COUNT_BODIES };
_Static_assert(COUNT_BODIES + 1 == CONTENT_STMTS, "content.h has the number of statements");

enum { BODY_CODEC, BODY_PLAIN_LEN, BODY_DATA };

#define NO_FILE UINT64_MAX /* not a legal file_id: there is no blob to name */

static const char *const statements[CONTENT_STMTS] = {
    [FIND] = "SELECT id FROM content WHERE hash=?1",
    [ADD] = "INSERT INTO content(refs,hash) VALUES(1,?1)",
    [ADD_BODY] = "INSERT INTO body(id,codec,plain_len,data) VALUES(?1,?2,?3,?4)",
    [REFS] = "SELECT refs FROM content WHERE id=?1",
    [REF] = "UPDATE content SET refs=refs+1 WHERE id=?1",
    [UNREF] = "UPDATE content SET refs=refs-1 WHERE id=?1",
    [REMOVE] = "DELETE FROM content WHERE id=?1",
    [REMOVE_BODY] = "DELETE FROM body WHERE id=?1",
    [BODY] = "SELECT codec,plain_len," ROWS_BLOB("data") " FROM body WHERE id=?1",
    [HASH] = "SELECT hash FROM content WHERE id=?1",
    [ALL] = "SELECT id,refs FROM content ORDER BY id",
    [COUNT_BODIES] = "SELECT count(*) FROM body",
};

const char *const content_identities[] = {"sha256", "xxh3", NULL};
const char *const content_codecs[] = {"none", "zstd", "brotli", NULL};

/* One message form for damage, which names the blob when there is one. */
static enum rc damaged(const struct content *content, int64_t id, const char *what)
{
    if (content->key.file_id == NO_FILE)
        return FAIL(content->st->err, RC_CORRUPT, 0, "content %" PRId64 ": %s", id, what);
    return FAIL(content->st->err, RC_CORRUPT, 0, KEY_FMT ": content %" PRId64 ": %s",
                KEY_ARGS(content->key), id, what);
}

/* ---- set-up ---------------------------------------------------------------------------------- */

static enum rc settle_options(struct content *content)
{
    struct err *err = content->st->err;
    const struct codec *codec = codec_by_id((unsigned)content->codec);
    CHECK(codec != NULL);
    if (content->level != 0 &&
        (content->level < codec->level_min || content->level > codec->level_max))
        return FAIL(err, RC_USAGE, 0, "level %d is out of range for codec %s: %d..%d",
                    content->level, codec->name, codec->level_min, codec->level_max);
    if (content->hash_bits != 128 && content->identity != IDENTITY_XXH3)
        return FAIL(err, RC_USAGE, 0, "hash_bits needs identity=xxh3");
    content->policy = (struct codec_policy){
        .codec = codec->id,
        .level = content->level != 0 ? content->level : codec->level_default,
        .margin = content->margin,
    };
    return RC_OK;
}

static enum rc create_tables(struct content *content)
{
    struct store *st = content->st;
    enum rc rc = db_exec(st->db,
                         "CREATE TABLE content("
                         "id INTEGER PRIMARY KEY,"
                         "refs INTEGER NOT NULL,"
                         "hash BLOB NOT NULL) STRICT;"
                         "CREATE TABLE body("
                         "id INTEGER PRIMARY KEY,"
                         "codec INTEGER NOT NULL,"
                         "plain_len INTEGER NOT NULL,"
                         "data BLOB NOT NULL) STRICT;"
                         "CREATE TABLE identity(kind INTEGER NOT NULL,bits INTEGER NOT NULL)"
                         " STRICT;",
                         st->err);
    if (rc != RC_OK)
        return rc;
    if (content->identity == IDENTITY_SHA256)
        return db_exec(st->db,
                       "CREATE UNIQUE INDEX content_hash ON content(hash);"
                       "INSERT INTO identity VALUES(0,256);",
                       st->err);
    sqlite3_stmt *insert = NULL;
    rc = db_exec(st->db, "CREATE INDEX content_hash ON content(hash);", st->err);
    if (rc == RC_OK)
        rc = db_prepare(st->db, "INSERT INTO identity VALUES(1,?1)", &insert, st->err);
    if (rc == RC_OK)
        rc = db_bind_int(st->db, insert, 1, (int64_t)content->hash_bits, st->err);
    if (rc == RC_OK)
        rc = db_run(st->db, insert, st->err);
    db_finalize(&insert);
    return rc;
}

/* Hashes made in another way would find nothing, and no duplicate would be seen again. */
static enum rc match_identity(struct content *content)
{
    struct store *st = content->st;
    sqlite3_stmt *select = NULL;
    uint64_t kind, bits;
    uint64_t wanted_bits = content->identity == IDENTITY_SHA256 ? 256 : content->hash_bits;
    enum rc rc = db_prepare(st->db, "SELECT kind,bits FROM identity", &select, st->err);
    if (rc == RC_OK)
        rc = db_step(st->db, select, st->err);
    if (rc == RC_NOTFOUND || (rc == RC_OK && (!rows_uint(select, 0, IDENTITY_XXH3, &kind) ||
                                              !rows_uint(select, 1, 256, &bits))))
        rc = FAIL(st->err, RC_CORRUPT, 0, "table identity does not say how hashes were made");
    else if (rc == RC_OK && (kind != (uint64_t)content->identity || bits != wanted_bits))
        rc = FAIL(st->err, RC_MISMATCH, 0,
                  "the store was made with identity=%s (%" PRIu64 " bits), not %s (%" PRIu64 ")",
                  content_identities[kind], bits, content_identities[content->identity],
                  wanted_bits);
    db_finalize(&select);
    return rc;
}

enum rc content_init(struct content *content, struct store *st)
{
    content->st = st;
    content->key.file_id = NO_FILE;
    content->data = (struct rows_blob){.table = "body", .column = "data"};
    enum rc rc = settle_options(content);
    if (rc == RC_OK && content->identity == IDENTITY_SHA256)
        rc = sha256_init(&content->sha, st->err);
    if (rc == RC_OK)
        rc = st->created ? create_tables(content) : match_identity(content);
    if (rc == RC_OK)
        rc = rows_prepare(st, statements, content->stmts, CONTENT_STMTS);
    return rc;
}

void content_release(struct content *content)
{
    rows_blob_close(&content->data);
    rows_finalize(content->stmts, CONTENT_STMTS);
    sha256_release(&content->sha);
    buf_release(&content->packed);
    buf_release(&content->plain);
}

/* ---- hashes ---------------------------------------------------------------------------------- */

struct content_hash {
    uint8_t bytes[32];
    size_t len;
};

static enum rc hash_of(struct content *content, struct span plain, struct content_hash *out)
{
    if (content->identity == IDENTITY_SHA256) {
        struct digest256 digest;
        enum rc rc = sha256_digest(&content->sha, plain, &digest, content->st->err);
        if (rc == RC_OK)
            memcpy(out->bytes, digest.bytes, sizeof(digest.bytes));
        out->len = sizeof(digest.bytes);
        return rc;
    }
    struct hash128 hash = hash_xxh128(plain);
    for (uint64_t bit = content->hash_bits; bit < 8 * sizeof(hash.bytes); bit++)
        hash.bytes[bit / 8] &= (uint8_t) ~(0x80u >> (bit % 8));
    memcpy(out->bytes, hash.bytes, sizeof(hash.bytes));
    out->len = sizeof(hash.bytes);
    return RC_OK;
}

/* ---- statements with one id ------------------------------------------------------------------ */

static enum rc run_with_id(struct content *content, int stmt, int64_t id)
{
    struct store *st = content->st;
    enum rc rc = db_bind_int(st->db, content->stmts[stmt], 1, id, st->err);
    if (rc == RC_OK)
        rc = db_run(st->db, content->stmts[stmt], st->err);
    if (rc == RC_OK && sqlite3_changes(st->db->handle) != 1)
        rc = damaged(content, id, "its row has gone");
    return rc;
}

static enum rc step_with_id(struct content *content, int stmt, int64_t id)
{
    struct store *st = content->st;
    enum rc rc = db_bind_int(st->db, content->stmts[stmt], 1, id, st->err);
    if (rc == RC_OK)
        rc = db_step(st->db, content->stmts[stmt], st->err);
    if (rc == RC_NOTFOUND)
        rc = damaged(content, id, "its row has gone");
    return rc;
}

/* ---- reading --------------------------------------------------------------------------------- */

enum rc content_open(struct content *content, int64_t id)
{
    sqlite3_stmt *body = content->stmts[BODY];
    uint64_t codec, plain_len;
    enum rc rc = step_with_id(content, BODY, id);
    if (rc != RC_OK)
        return rc;
    if (!rows_uint(body, BODY_CODEC, CODEC_COUNT - 1, &codec))
        return damaged(content, id, "it names no codec");
    if (!rows_uint(body, BODY_PLAIN_LEN, BLOB_BYTES_MAX, &plain_len))
        return damaged(content, id, "its length is out of range");
    if (!rows_blob_len(body, BODY_DATA, &content->data_len))
        return damaged(content, id, "its row holds no blob");
    if (codec == CODEC_NONE && content->data_len != plain_len)
        return damaged(content, id, "it is not as long as its row says");
    content->id = id;
    content->open_codec = (unsigned)codec;
    content->plain_len = (size_t)plain_len;
    return RC_OK;
}

static enum rc unpack(struct content *content, uint8_t *dst)
{
    struct store *st = content->st;
    struct span packed;
    enum rc rc = rows_blob_span(st, &content->data, content->stmts[BODY], BODY_DATA, content->id,
                                content->data_len, &content->packed, &packed);
    if (rc != RC_OK)
        return rc;
    struct err cause = {0};
    rc =
        codec_unpack_into(st->codecs, content->open_codec, packed, dst, content->plain_len, &cause);
    if (rc == RC_CORRUPT)
        return damaged(content, content->id, cause.msg);
    return rc == RC_OK ? rc : FAIL(st->err, rc, cause.sys, "%s", cause.msg);
}

enum rc content_read(struct content *content, uint8_t *dst)
{
    if (content->open_codec != CODEC_NONE)
        return unpack(content, dst);
    return rows_blob_copy(content->st, &content->data, content->stmts[BODY], BODY_DATA, content->id,
                          0, content->plain_len, dst);
}

enum rc content_read_range(struct content *content, uint64_t offset, size_t len, uint8_t *dst)
{
    CHECK(offset <= content->plain_len && len <= content->plain_len - offset);
    if (content->open_codec == CODEC_NONE)
        return rows_blob_copy(content->st, &content->data, content->stmts[BODY], BODY_DATA,
                              content->id, offset, len, dst);
    enum rc rc = buf_resize(&content->plain, content->plain_len, content->st->err);
    if (rc == RC_OK)
        rc = unpack(content, content->plain.ptr);
    if (rc == RC_OK && len != 0)
        memcpy(dst, content->plain.ptr + offset, len);
    return rc;
}

void content_close(struct content *content)
{
    sqlite3_reset(content->stmts[BODY]);
}

enum rc content_verify(struct content *content, int64_t id, struct span plain)
{
    struct content_hash hash;
    enum rc rc = hash_of(content, plain, &hash);
    if (rc == RC_OK)
        rc = step_with_id(content, HASH, id);
    if (rc == RC_OK &&
        !span_equal(db_column_blob(content->stmts[HASH], 0), span_of(hash.bytes, hash.len)))
        rc = damaged(content, id, "its bytes differ from their hash");
    sqlite3_reset(content->stmts[HASH]);
    return rc;
}

/* ---- writing --------------------------------------------------------------------------------- */

static enum rc same_bytes(struct content *content, int64_t id, struct span plain, bool *same)
{
    *same = false;
    enum rc rc = content_open(content, id);
    if (rc == RC_OK && content->plain_len == plain.len) {
        rc = buf_resize(&content->plain, plain.len, content->st->err);
        if (rc == RC_OK)
            rc = content_read(content, content->plain.ptr);
        if (rc == RC_OK)
            *same = span_equal(buf_span(&content->plain), plain);
    }
    content_close(content);
    return rc;
}

/* RC_NOTFOUND when no content has these bytes. */
static enum rc find(struct content *content, const struct content_hash *hash, struct span plain,
                    int64_t *id)
{
    struct store *st = content->st;
    sqlite3_stmt *select = content->stmts[FIND];
    enum rc rc = db_bind_blob(st->db, select, 1, span_of(hash->bytes, hash->len), st->err);
    if (rc != RC_OK)
        return rc;
    bool same = false;
    while (!same && (rc = db_step(st->db, select, st->err)) == RC_OK) {
        *id = sqlite3_column_int64(select, 0);
        if (content->identity == IDENTITY_SHA256)
            same = true;
        else if ((rc = same_bytes(content, *id, plain, &same)) != RC_OK)
            break;
    }
    sqlite3_reset(select);
    return rc;
}

static const enum counter codec_counters[CODEC_COUNT] = {
    [CODEC_NONE] = CTR_CODEC_NONE,
    [CODEC_ZSTD] = CTR_CODEC_ZSTD,
    [CODEC_BROTLI] = CTR_CODEC_BROTLI,
};

static enum rc add_body(struct content *content, int64_t id, struct span plain, bool precompressed)
{
    struct store *st = content->st;
    sqlite3_stmt *insert = content->stmts[ADD_BODY];
    enum codec_id used = CODEC_NONE;
    enum rc rc = codec_pack(st->codecs, &content->policy, precompressed, plain, &content->packed,
                            &used, st->err);
    struct span data = used == CODEC_NONE ? plain : buf_span(&content->packed);
    if (rc == RC_OK)
        rc = db_bind_int(st->db, insert, 1, id, st->err);
    if (rc == RC_OK)
        rc = db_bind_int(st->db, insert, 2, used, st->err);
    if (rc == RC_OK)
        rc = db_bind_int(st->db, insert, 3, (int64_t)plain.len, st->err);
    if (rc == RC_OK)
        rc = db_bind_blob(st->db, insert, 4, data, st->err);
    if (rc == RC_OK)
        rc = db_run(st->db, insert, st->err);
    if (rc != RC_OK)
        return rc;
    st->counters[codec_counters[used]]++;
    st->counters[CTR_UNIQUE_BYTES] += plain.len;
    st->counters[CTR_STORED_BYTES] += data.len;
    return RC_OK;
}

enum rc content_put(struct content *content, struct span plain, bool precompressed, int64_t *id,
                    bool *fresh)
{
    struct store *st = content->st;
    struct content_hash hash;
    enum rc rc = hash_of(content, plain, &hash);
    if (rc == RC_OK)
        rc = find(content, &hash, plain, id);
    *fresh = rc == RC_NOTFOUND;
    if (rc == RC_OK) {
        st->counters[CTR_DUP_BYTES] += plain.len;
        return run_with_id(content, REF, *id);
    }
    if (rc != RC_NOTFOUND)
        return rc;
    rc = db_bind_blob(st->db, content->stmts[ADD], 1, span_of(hash.bytes, hash.len), st->err);
    if (rc == RC_OK)
        rc = db_run(st->db, content->stmts[ADD], st->err);
    if (rc != RC_OK)
        return rc;
    *id = sqlite3_last_insert_rowid(st->db->handle);
    return add_body(content, *id, plain, precompressed);
}

static enum rc collect(struct content *content, int64_t id)
{
    struct store *st = content->st;
    enum rc rc = content_open(content, id);
    content_close(content);
    if (rc == RC_OK)
        rc = run_with_id(content, REMOVE, id);
    if (rc == RC_OK)
        rc = run_with_id(content, REMOVE_BODY, id);
    if (rc != RC_OK)
        return rc;
    st->counters[CTR_COLLECTED]++;
    st->counters[CTR_COLLECTED_BYTES] += content->data_len;
    return RC_OK;
}

enum rc content_drop(struct content *content, int64_t id)
{
    uint64_t refs = 0;
    enum rc rc = step_with_id(content, REFS, id);
    if (rc == RC_OK && (!rows_uint(content->stmts[REFS], 0, INT64_MAX, &refs) || refs == 0))
        rc = damaged(content, id, "its reference count is not positive");
    sqlite3_reset(content->stmts[REFS]);
    if (rc != RC_OK)
        return rc;
    return refs > 1 ? run_with_id(content, UNREF, id) : collect(content, id);
}

/* ---- check ----------------------------------------------------------------------------------- */

static int id_order(const void *a, const void *b)
{
    int64_t x, y;
    memcpy(&x, a, sizeof(x));
    memcpy(&y, b, sizeof(y));
    return (x > y) - (x < y);
}

static int64_t id_at(const struct buf *ids, size_t index)
{
    int64_t id;
    memcpy(&id, ids->ptr + index * sizeof(id), sizeof(id));
    return id;
}

static enum rc check_bytes(struct content *content, int64_t id)
{
    enum rc rc = content_open(content, id);
    if (rc == RC_OK)
        rc = buf_resize(&content->plain, content->plain_len, content->st->err);
    if (rc == RC_OK)
        rc = content_read(content, content->plain.ptr);
    content_close(content);
    return rc == RC_OK ? content_verify(content, id, buf_span(&content->plain)) : rc;
}

/* The current row of ALL against the sorted references from *at on. */
static enum rc check_row(struct content *content, const struct buf *ids, size_t *at)
{
    struct store *st = content->st;
    size_t count = ids->len / sizeof(int64_t), first = *at;
    int64_t id = sqlite3_column_int64(content->stmts[ALL], 0);
    uint64_t refs;
    if (*at < count && id_at(ids, *at) < id)
        return damaged(content, id_at(ids, *at), "it is referenced, but not there");
    while (*at < count && id_at(ids, *at) == id)
        ++*at;
    if (!rows_uint(content->stmts[ALL], 1, INT64_MAX, &refs))
        return damaged(content, id, "its reference count is not a count");
    if (refs != *at - first)
        return FAIL(st->err, RC_CORRUPT, 0,
                    "content %" PRId64 ": it counts %" PRIu64 " references where there are %zu", id,
                    refs, *at - first);
    if (refs == 0)
        return damaged(content, id, "nothing references it");
    return check_bytes(content, id);
}

static enum rc check_body_count(struct content *content, uint64_t wanted)
{
    struct store *st = content->st;
    sqlite3_stmt *count = content->stmts[COUNT_BODIES];
    uint64_t bodies = 0;
    enum rc rc = db_step(st->db, count, st->err);
    if (rc == RC_OK && (!rows_uint(count, 0, INT64_MAX, &bodies) || bodies != wanted))
        rc = FAIL(st->err, RC_CORRUPT, 0,
                  "table body has %" PRIu64 " rows where table content has %" PRIu64, bodies,
                  wanted);
    sqlite3_reset(count);
    return rc;
}

enum rc content_check(struct content *content, struct buf *ids)
{
    struct store *st = content->st;
    sqlite3_stmt *all = content->stmts[ALL];
    size_t at = 0, count = ids->len / sizeof(int64_t);
    uint64_t rows = 0;
    enum rc rc;
    if (count > 0)
        qsort(ids->ptr, count, sizeof(int64_t), id_order);
    content->key.file_id = NO_FILE;
    while ((rc = db_step(st->db, all, st->err)) == RC_OK) {
        rows++;
        if ((rc = check_row(content, ids, &at)) != RC_OK)
            break;
    }
    sqlite3_reset(all);
    if (rc != RC_NOTFOUND)
        return rc;
    if (at < count)
        return damaged(content, id_at(ids, at), "it is referenced, but not there");
    return check_body_count(content, rows);
}

/* ---- did the options take effect ------------------------------------------------------------- */

static enum rc probe_codec(const struct content *content, const struct effect_facts *facts,
                           const struct chunker *chunker, struct effect *out)
{
    const struct codec_policy *policy = &content->policy;
    const char *name = counter_table[codec_counters[policy->codec]].name;
    struct effect_pieces pieces;
    enum rc rc = effect_pack(facts, policy, chunker, &pieces, content->st->err);
    if (rc != RC_OK)
        return rc;
    /* A sampled blob was new when it was put; a chunk of it may have come before, as a part of one
     * whose handler forbade packing. */
    uint64_t least = chunker == NULL ? pieces.packed : pieces.packed != 0;
    effect_expect(out, name, facts->counters[codec_counters[policy->codec]], least, EFFECT_NO_LIMIT,
                  "%zu of %zu sampled pieces save %.4g or more with codec=%s, level=%d",
                  pieces.packed, pieces.count, policy->margin, codec_by_id(policy->codec)->name,
                  policy->level);
    return RC_OK;
}

enum rc content_probe(const struct content *content, const struct effect_facts *facts,
                      const struct chunker *chunker, uint64_t fresh, struct effect *out)
{
    enum codec_id asked = content->policy.codec;
    uint64_t stored = 0;
    enum rc rc = asked != CODEC_NONE ? probe_codec(content, facts, chunker, out) : RC_OK;
    for (size_t id = 0; id < CODEC_COUNT; id++) {
        stored += facts->counters[codec_counters[id]];
        if (id != CODEC_NONE && id != asked)
            effect_expect(out, counter_table[codec_counters[id]].name,
                          facts->counters[codec_counters[id]], 0, 0, "codec=%s",
                          codec_by_id(asked)->name);
    }
    effect_expect(out, "codec mix", stored, fresh, fresh,
                  "%" PRIu64 " pieces were new, each under one codec or none", fresh);
    return rc;
}
