/* planted_store.h: a small sound SQL store, and strategies made from it by breaking one slot.
 *
 * Each planted_*.c is one lie a storage engine could tell.  They are linked only into
 * blobfront-planted, and tests/cli/planted.sh demands that the driver finds every one from outside:
 * `check` answers RC_OK whatever happened.  planted-sound is the store unbroken, so that what is
 * found is the lie and not the store.
 *
 * One row per blob: blob(file_id, version, data).
 */
#ifndef TESTS_PLANTED_STORE_H
#define TESTS_PLANTED_STORE_H

#include "engine/rows.h"

struct planted {
    struct store st;
    int fault;      /* enum of the strategy that has such an option */
    uint64_t calls; /* of the slot that lies */
    sqlite3_stmt *stmts[4];
    struct buf bytes;     /* the slot's own */
    struct blob_key last; /* likewise */
};

static inline struct planted *planted_of(struct store *st)
{
    return (struct planted *)st;
}

enum rc planted_init(struct store *st);
void planted_deinit(struct store *st);
/* Store `bytes` under put->key and account for all of put->bytes. */
enum rc planted_insert(struct store *st, const struct put_request *put, struct span bytes);
enum rc planted_put(struct store *st, const struct put_request *put);
enum rc planted_get(struct store *st, struct blob_key key, struct buf *out);
enum rc planted_del(struct store *st, struct blob_key key);
enum rc planted_flush(struct store *st);
enum rc planted_check(struct store *st);
/* A fault is there or it is not: the option shows in nothing that is counted. */
enum rc planted_probe(struct store *st, const struct effect_facts *facts, struct effect *out);
enum rc planted_scan_begin(struct store *st, uint64_t from, uint64_t to);
enum rc planted_scan_next(struct store *st, struct blob_key *key, struct buf *out);
void planted_scan_end(struct store *st);

/* A strategy's table with the slots that may be broken named; options may be NULL. */
#define PLANTED(row_name, row_summary, options, put_slot, get_slot, del_slot, scan_next_slot)   \
    {                                                                                           \
        .abi = STRATEGY_ABI, .size = sizeof(struct strategy), .name = (row_name),               \
        .summary = (row_summary), .caps = CAP_SQL | CAP_DELETE | CAP_SCAN,                      \
        .state_size = sizeof(struct planted), .opts = (options), .init = planted_init,          \
        .deinit = planted_deinit, .put = (put_slot), .get = (get_slot), .flush = planted_flush, \
        .check = planted_check, .probe = planted_probe, .del = (del_slot),                      \
        .scan_begin = planted_scan_begin, .scan_next = (scan_next_slot),                        \
        .scan_end = planted_scan_end,                                                           \
    }

#endif
