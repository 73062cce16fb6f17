#include "tests/support_hand.h"

#include <stdio.h>
#include <string.h>

enum { CHECKPOINT_FRAMES = 1000 };

static void hand_exec(struct hand *hand, const char *sql)
{
    CHECK(sqlite3_exec(hand->db, sql, NULL, NULL, NULL) == SQLITE_OK);
}

static sqlite3_stmt *hand_prepare(struct hand *hand, const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    CHECK(sqlite3_prepare_v3(hand->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL) ==
          SQLITE_OK);
    return stmt;
}

static int wal_committed(void *ctx, sqlite3 *db, const char *schema, int frames)
{
    (void)db, (void)schema;
    struct hand *hand = ctx;
    hand->wal_frames = frames;
    return SQLITE_OK;
}

void hand_open(struct hand *hand, const char *dir, bool durable)
{
    char path[4096];
    int len = snprintf(path, sizeof(path), "%s/blobs.db", dir);
    CHECK(len > 0 && (size_t)len < sizeof(path));
    *hand = (struct hand){0};
    CHECK(sqlite3_open_v2(path, &hand->db,
                          SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
                              SQLITE_OPEN_PRIVATECACHE,
                          "unix") == SQLITE_OK);
    hand_exec(hand, "PRAGMA locking_mode=EXCLUSIVE; PRAGMA page_size=4096;"
                    "PRAGMA journal_mode=WAL; PRAGMA cache_size=-2000; PRAGMA mmap_size=0;"
                    "PRAGMA secure_delete=OFF; PRAGMA wal_autocheckpoint=0");
    hand_exec(hand, durable ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=OFF");
    hand_exec(hand, "CREATE TABLE blob(id INTEGER PRIMARY KEY, file_id INTEGER NOT NULL,"
                    "version INTEGER NOT NULL, hash BLOB NOT NULL, data BLOB NOT NULL) STRICT;"
                    "CREATE UNIQUE INDEX blob_key ON blob(file_id, version)");
    hand->begin = hand_prepare(hand, "BEGIN IMMEDIATE");
    hand->commit = hand_prepare(hand, "COMMIT");
    hand->insert =
        hand_prepare(hand, "INSERT INTO blob(file_id, version, hash, data) VALUES(?1, ?2, ?3, ?4)");
    hand->find =
        hand_prepare(hand, "SELECT id, CASE WHEN length(data)<=4000 THEN data ELSE length(data) END"
                           " FROM blob WHERE file_id=?1 AND version=?2");
    (void)sqlite3_wal_hook(hand->db, wal_committed, hand);
    hand_settle(hand);
}

static void hand_run(sqlite3_stmt *stmt)
{
    CHECK(sqlite3_step(stmt) == SQLITE_DONE);
    CHECK(sqlite3_reset(stmt) == SQLITE_OK);
}

static void bind_key(sqlite3_stmt *stmt, struct blob_key key)
{
    CHECK(sqlite3_bind_int64(stmt, 1, (sqlite3_int64)key.file_id) == SQLITE_OK);
    CHECK(sqlite3_bind_int64(stmt, 2, key.version) == SQLITE_OK);
}

void hand_put(struct hand *hand, struct blob_key key, struct span bytes)
{
    struct hash128 hash = hash_xxh128(bytes);
    hand_run(hand->begin);
    bind_key(hand->insert, key);
    CHECK(sqlite3_bind_blob(hand->insert, 3, hash.bytes, sizeof(hash.bytes), SQLITE_STATIC) ==
          SQLITE_OK);
    CHECK(sqlite3_bind_blob64(hand->insert, 4, bytes.ptr, bytes.len, SQLITE_STATIC) == SQLITE_OK);
    hand_run(hand->insert);
    hand_run(hand->commit);
    if (hand->wal_frames >= CHECKPOINT_FRAMES)
        hand_settle(hand);
}

/* As rows.h: a short value comes with its row, a long one through the handle. */
void hand_get(struct hand *hand, struct blob_key key, struct buf *out)
{
    bind_key(hand->find, key);
    CHECK(sqlite3_step(hand->find) == SQLITE_ROW);
    sqlite3_int64 id = sqlite3_column_int64(hand->find, 0);
    if (sqlite3_column_type(hand->find, 1) == SQLITE_BLOB) {
        const void *bytes = sqlite3_column_blob(hand->find, 1);
        struct span row = {bytes, (size_t)sqlite3_column_bytes(hand->find, 1)};
        CHECK(buf_set(out, row, &hand->err) == RC_OK);
    } else {
        int len = sqlite3_column_int(hand->find, 1);
        CHECK(buf_resize(out, (size_t)len, &hand->err) == RC_OK);
        if (hand->data != NULL)
            CHECK(sqlite3_blob_reopen(hand->data, id) == SQLITE_OK);
        else
            CHECK(sqlite3_blob_open(hand->db, "main", "blob", "data", id, 0, &hand->data) ==
                  SQLITE_OK);
        CHECK(sqlite3_blob_bytes(hand->data) == len);
        CHECK(sqlite3_blob_read(hand->data, out->ptr, len, 0) == SQLITE_OK);
    }
    CHECK(sqlite3_reset(hand->find) == SQLITE_OK);
}

void hand_settle(struct hand *hand)
{
    (void)sqlite3_blob_close(hand->data);
    hand->data = NULL;
    CHECK(sqlite3_wal_checkpoint_v2(hand->db, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) ==
          SQLITE_OK);
    hand->wal_frames = 0;
}

void hand_close(struct hand *hand)
{
    (void)sqlite3_blob_close(hand->data);
    (void)sqlite3_finalize(hand->begin);
    (void)sqlite3_finalize(hand->commit);
    (void)sqlite3_finalize(hand->insert);
    (void)sqlite3_finalize(hand->find);
    CHECK(sqlite3_close(hand->db) == SQLITE_OK);
    *hand = (struct hand){0};
}
