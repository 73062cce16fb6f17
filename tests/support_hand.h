/* support_hand.h: what a competent person writes by hand to keep blobs in SQLite, and no more.
 *
 * The yardstick for strategy raw (tool_cost.c): the library's own unix VFS, raw's table, index,
 * hash column, settings, transactions, checkpoints and way of reading, without the engine.  It
 * checks results, because everybody must, and aborts when one is bad.
 */
#ifndef TESTS_SUPPORT_HAND_H
#define TESTS_SUPPORT_HAND_H

#include <sqlite3.h>

#include "engine/strategy.h"

struct hand {
    sqlite3 *db;
    sqlite3_stmt *begin, *commit, *insert, *find;
    sqlite3_blob *data;
    int wal_frames;
    struct err err;
};

/* Creates dir/blobs.db.  `durable`: synchronous FULL, else OFF. */
void hand_open(struct hand *hand, const char *dir, bool durable);
/* One transaction, and the checkpoint when it is due. */
void hand_put(struct hand *hand, struct blob_key key, struct span bytes);
void hand_get(struct hand *hand, struct blob_key key, struct buf *out);
/* Checkpoint. */
void hand_settle(struct hand *hand);
void hand_close(struct hand *hand);

#endif
