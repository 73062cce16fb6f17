/* store_host.h: what the engine keeps beside a strategy's state.  For strategy.c and store*.c.
 *
 * One allocation holds the strategy's state and, behind it, the database settings, so that one
 * list of option rows (the strategy's, then db_opts) fills both.
 */
#ifndef ENGINE_STORE_HOST_H
#define ENGINE_STORE_HOST_H

#include "engine/strategy.h"

enum store_phase {
    STORE_IDLE,
    STORE_WRITING,  /* between begin and commit */
    STORE_SCANNING, /* between scan_begin and scan_end */
    STORE_POISONED
};

/* Syncs so far, as far as the levels tell them apart. */
struct store_syncs {
    uint64_t database; /* files of SQLite */
    uint64_t external; /* files of the strategy */
    uint64_t dirs;
};

struct store_host {
    enum store_phase phase;
    struct err err;     /* of the last call, until the next; the cause once poisoned */
    struct err refusal; /* what calls on a poisoned store answer with; empty before the first */
    bool open;          /* a transaction is */
    bool wrapped;       /* the engine opened it around a read or maintenance */
    bool scanning;      /* scan_end is due */
    char label[128];    /* names the strategy in messages */

    /* of the open transaction */
    uint64_t changed;    /* puts and deletes */
    uint64_t puts;       /* of them */
    bool fresh;          /* it found an empty WAL */
    int64_t rows_before; /* sqlite3_total_changes64 */
    int spills_before;   /* SQLITE_DBSTATUS_CACHE_SPILL */
    struct store_syncs syncs_before;
    struct blob_key last_put;
    bool last_put_valid;
    uint64_t counters_before[CTR_COUNT];

    /* of the open scan */
    uint64_t scan_to;
    uint64_t scan_floor; /* the least file_id the next answer may have */

    uint64_t counters[CTR_COUNT];
    struct commit_audit audit;
    struct arena scratch;
    struct db db;
    struct buf options;
};

#define STORE_OPTIONS_MAX 32

/* The strategy's rows, then db_opts for CAP_SQL, their offsets from the start of the state; ended
 * by a nameless row.  false: more than STORE_OPTIONS_MAX. */
bool store_option_rows(const struct strategy *ops, struct opt rows[STORE_OPTIONS_MAX + 1]);
/* Where struct db_settings lies behind the state. */
size_t store_settings_offset(const struct strategy *ops);

/* store_audit.c: note where a write transaction starts, judge it after its commit, and run the
 * checkpoint that may be due under its own meter. */
void store_audit_begin(struct store *st);
/* True when the open transaction changed something; ask before the commit. */
bool store_audit_changed(const struct store *st);
void store_audit_commit(struct store *st);
/* `due`: only when the WAL has reached its limit. */
MUST_CHECK enum rc store_audit_checkpoint(struct store *st, bool due);

#endif
