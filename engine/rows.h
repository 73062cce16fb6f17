/* rows.h: what the strategies that lie in SQL tables share.
 *
 * Keys as parameters, statements prepared once from a list of texts, columns read with their type
 * checked, and BLOB columns read in the cheapest way for their length:
 *
 *   up to ROWS_INLINE_MAX bytes a value comes with its row;
 *   above, the row only gives the length (SQLite then leaves the overflow pages alone), and
 *   db_blob_read copies the bytes once, into the caller's memory.
 *
 * Measured on Debian's 3.40.1, warm, 4 KiB pages, microseconds per read by key, column against
 * blob handle: 100 B 0.67/0.73, 4,000 B 0.75/0.95, 8,000 B 0.89/0.84, 64 KiB 3.9/2.5, 1 MiB 99/61.
 *
 * Tables are STRICT, so SQLite refuses a value of another type; columns are checked all the same,
 * because a damaged page refuses nothing.
 */
#ifndef ENGINE_ROWS_H
#define ENGINE_ROWS_H

#include <inttypes.h>

#include "engine/strategy.h"

#define KEY_FMT       "file %" PRIu64 " version %" PRIu32
#define KEY_ARGS(key) (key).file_id, (key).version

/* Prepare sql[i] into stmts[i].  State after failure: some are prepared; rows_finalize them. */
MUST_CHECK enum rc rows_prepare(struct store *st, const char *const *sql, sqlite3_stmt **stmts,
                                size_t count);
void rows_finalize(sqlite3_stmt **stmts, size_t count);

/* Binds file_id to `index` and version to `index` + 1. */
MUST_CHECK enum rc rows_bind_key(struct store *st, sqlite3_stmt *stmt, int index,
                                 struct blob_key key);
/* Binds the first and the last file_id of [from, to): "file_id BETWEEN ?1 AND ?2". */
MUST_CHECK enum rc rows_bind_range(struct store *st, sqlite3_stmt *stmt, uint64_t from,
                                   uint64_t to);
/* Run an "INSERT ... ON CONFLICT DO NOTHING" of a new key: RC_USAGE when it is stored already. */
MUST_CHECK enum rc rows_insert_new(struct store *st, sqlite3_stmt *stmt, struct blob_key key);

/* An INTEGER column within 0..max; false when it is anything else. */
bool rows_uint(sqlite3_stmt *stmt, int index, uint64_t max, uint64_t *out);
/* Step to the next row of a scan and read the key from column `index` on; RC_CORRUPT says
 * `where` what is no key stands. */
MUST_CHECK enum rc rows_next_key(struct store *st, sqlite3_stmt *scan, int index, const char *where,
                                 struct blob_key *out);
/* A key from two INTEGER columns. */
bool rows_key(sqlite3_stmt *stmt, int index, struct blob_key *out);

/* ---- BLOB columns ---------------------------------------------------------------------------- */

#define ROWS_INLINE_MAX 4000
/* The SQL expression to select: the bytes themselves, or their count when there are more. */
#define ROWS_BLOB(column) \
    "CASE WHEN length(" column ")<=4000 THEN " column " ELSE length(" column ") END"

struct rows_blob {
    const char *table, *column;
    sqlite3_blob *handle; /* kept for reuse */
};

/* How many bytes the ROWS_BLOB column `index` of the current row stands for; false when it is not
 * a BLOB. */
bool rows_blob_len(sqlite3_stmt *stmt, int index, size_t *len);
/* Copy bytes [offset, offset + len) of it, which must be there; `rowid` is the row's. */
MUST_CHECK enum rc rows_blob_copy(struct store *st, struct rows_blob *blob, sqlite3_stmt *stmt,
                                  int index, int64_t rowid, uint64_t offset, size_t len,
                                  uint8_t *dst);
/* All of it as a span: borrowed from the row when inline (valid until the statement moves), else
 * copied into `room`. */
MUST_CHECK enum rc rows_blob_span(struct store *st, struct rows_blob *blob, sqlite3_stmt *stmt,
                                  int index, int64_t rowid, size_t len, struct buf *room,
                                  struct span *out);
void rows_blob_close(struct rows_blob *blob);

#endif
