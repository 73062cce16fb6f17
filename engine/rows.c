#include "engine/rows.h"

#include <string.h>

_Static_assert(ROWS_INLINE_MAX == 4000, "ROWS_BLOB spells the number out");

enum rc rows_prepare(struct store *st, const char *const *sql, sqlite3_stmt **stmts, size_t count)
{
    enum rc rc = RC_OK;
    for (size_t i = 0; i < count && rc == RC_OK; i++)
        rc = db_prepare(st->db, sql[i], &stmts[i], st->err);
    return rc;
}

void rows_finalize(sqlite3_stmt **stmts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        db_finalize(&stmts[i]);
}

enum rc rows_bind_key(struct store *st, sqlite3_stmt *stmt, int index, struct blob_key key)
{
    CHECK(key.file_id <= INT64_MAX);
    int code = sqlite3_bind_int64(stmt, index, (int64_t)key.file_id);
    if (code == SQLITE_OK)
        code = sqlite3_bind_int64(stmt, index + 1, key.version);
    return code == SQLITE_OK ? RC_OK : db_fail(st->db, code, st->err, Q(sqlite3_sql(stmt)));
}

enum rc rows_bind_range(struct store *st, sqlite3_stmt *stmt, uint64_t from, uint64_t to)
{
    int64_t first = 1, last = 0; /* nothing */
    if (from < to && from <= INT64_MAX) {
        first = (int64_t)from;
        last = to - 1 <= INT64_MAX ? (int64_t)(to - 1) : INT64_MAX;
    }
    enum rc rc = db_bind_int(st->db, stmt, 1, first, st->err);
    if (rc == RC_OK)
        rc = db_bind_int(st->db, stmt, 2, last, st->err);
    return rc;
}

enum rc rows_insert_new(struct store *st, sqlite3_stmt *stmt, struct blob_key key)
{
    enum rc rc = db_run(st->db, stmt, st->err);
    if (rc == RC_OK && sqlite3_changes(st->db->handle) != 1)
        rc = FAIL(st->err, RC_USAGE, 0, KEY_FMT " is stored already", KEY_ARGS(key));
    return rc;
}

bool rows_uint(sqlite3_stmt *stmt, int index, uint64_t max, uint64_t *out)
{
    if (sqlite3_column_type(stmt, index) != SQLITE_INTEGER)
        return false;
    int64_t value = sqlite3_column_int64(stmt, index);
    if (value < 0 || (uint64_t)value > max)
        return false;
    *out = (uint64_t)value;
    return true;
}

bool rows_key(sqlite3_stmt *stmt, int index, struct blob_key *out)
{
    uint64_t file_id, version;
    if (!rows_uint(stmt, index, INT64_MAX, &file_id) ||
        !rows_uint(stmt, index + 1, UINT32_MAX, &version))
        return false;
    *out = (struct blob_key){.file_id = file_id, .version = (uint32_t)version};
    return true;
}

enum rc rows_next_key(struct store *st, sqlite3_stmt *scan, int index, const char *where,
                      struct blob_key *out)
{
    enum rc rc = db_step(st->db, scan, st->err);
    if (rc == RC_OK && !rows_key(scan, index, out))
        rc = FAIL(st->err, RC_CORRUPT, 0, "a key in %s is not a key", where);
    return rc;
}

bool rows_blob_len(sqlite3_stmt *stmt, int index, size_t *len)
{
    int type = sqlite3_column_type(stmt, index);
    if (type == SQLITE_BLOB) {
        *len = (size_t)sqlite3_column_bytes(stmt, index);
        return *len <= ROWS_INLINE_MAX;
    }
    if (type != SQLITE_INTEGER)
        return false;
    int64_t length = sqlite3_column_int64(stmt, index);
    if (length <= ROWS_INLINE_MAX || length > (int64_t)BLOB_BYTES_MAX)
        return false;
    *len = (size_t)length;
    return true;
}

static enum rc read_long(struct store *st, struct rows_blob *blob, int64_t rowid, uint64_t offset,
                         size_t len, uint8_t *dst)
{
    enum rc rc = db_blob_read(st->db, &blob->handle, blob->table, blob->column, rowid, dst, len,
                              offset, st->err);
    if (rc == RC_NOTFOUND)
        return FAIL(st->err, RC_CORRUPT, 0, "row %" PRId64 " of table %s has gone", rowid,
                    blob->table);
    /* A number took the place of the blob: to SQLite that is our mistake, to us it is damage. */
    if (rc == RC_IO && sqlite3_errcode(st->db->handle) == SQLITE_ERROR) {
        err_clear(st->err);
        return FAIL(st->err, RC_CORRUPT, 0, "row %" PRId64 " of table %s holds no blob", rowid,
                    blob->table);
    }
    return rc;
}

enum rc rows_blob_copy(struct store *st, struct rows_blob *blob, sqlite3_stmt *stmt, int index,
                       int64_t rowid, uint64_t offset, size_t len, uint8_t *dst)
{
    if (len == 0)
        return RC_OK;
    /* What is longer never came with its row; asking SQLite for the type costs 5 ns. */
    if (len > ROWS_INLINE_MAX || sqlite3_column_type(stmt, index) != SQLITE_BLOB)
        return read_long(st, blob, rowid, offset, len, dst);
    struct span bytes = db_column_blob(stmt, index);
    CHECK(offset <= bytes.len && len <= bytes.len - offset);
    memcpy(dst, bytes.ptr + offset, len);
    return RC_OK;
}

enum rc rows_blob_span(struct store *st, struct rows_blob *blob, sqlite3_stmt *stmt, int index,
                       int64_t rowid, size_t len, struct buf *room, struct span *out)
{
    if (sqlite3_column_type(stmt, index) == SQLITE_BLOB) {
        *out = db_column_blob(stmt, index);
        return RC_OK;
    }
    enum rc rc = buf_resize(room, len, st->err);
    if (rc == RC_OK)
        rc = rows_blob_copy(st, blob, stmt, index, rowid, 0, len, room->ptr);
    *out = buf_span(room);
    return rc;
}

void rows_blob_close(struct rows_blob *blob)
{
    db_blob_close(&blob->handle);
}
