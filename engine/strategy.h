/* strategy.h: the one interface every way of storing blobs implements.
 *
 * A strategy is a const table of functions (struct strategy) plus a state of `state_size` bytes
 * whose first member is struct store; the engine allocates it zeroed.  Callers use the store_*
 * functions below, never the slots: they check, count, guard the connection and poison the store
 * after any error.
 *
 * Keys.  A blob is one version of one file: (file_id, version).  Keys are ordered by file_id, then
 * version.  file_id is the rank of the file's path among all paths of the run, so key order is
 * path order.  Versions of a file are put in ascending order; a key is put at most once.
 *
 * Transactions are the engine's: every put and del happens between store_begin and store_commit.
 * Strategies with CAP_SQL use st->db and never BEGIN, COMMIT or PRAGMA (an authorizer denies it).
 * Strategies with an engine of their own set CAP_TRANSACTION and fill begin/commit/rollback.
 * `flush` is called before each commit: whatever the strategy buffered must be handed down then.
 *
 * Reads happen outside a write transaction, unless CAP_READ_WRITES says that a read may write (a
 * materialisation cache): then the engine opens one around it and commits.
 *
 * Returned bytes go into the caller's struct buf, replacing what it held.  A strategy keeps its
 * own working buffers in its state and lets them reach their size once.
 *
 * No clock, no randomness, no file system calls and no printing in a strategy: files through
 * st->io, SQL through st->db, messages through st->err.  It reports logical counters only
 * (counters.h); everything physical is measured from outside.
 *
 * Loading from a shared object: a plugin exports
 *     const struct strategy *blobfront_strategy(uint32_t host_abi);
 * and is accepted when abi and size equal the host's and strategy_defect finds nothing.
 */
#ifndef ENGINE_STRATEGY_H
#define ENGINE_STRATEGY_H

#include "engine/arena.h"
#include "engine/codec.h"
#include "engine/counters.h"
#include "engine/db.h"
#include "engine/effect.h"
#include "engine/handler.h"
#include "engine/hash.h"

enum { STRATEGY_ABI = 2 };

enum strategy_cap {
    CAP_SQL = 1u << 0,         /* everything lies in the SQL database the engine opens (st->db) */
    CAP_DELETE = 1u << 1,      /* del */
    CAP_READ_AT = 1u << 2,     /* read_at */
    CAP_SCAN = 1u << 3,        /* scan_begin, scan_next, scan_end */
    CAP_MAINTAIN = 1u << 4,    /* maintain */
    CAP_TRANSACTION = 1u << 5, /* begin, commit, rollback: an engine of its own */
    CAP_READ_WRITES = 1u << 6, /* get and scan may write */
    CAP_VOLATILE = 1u << 7,    /* nothing survives the process: a floor, never a choice */
    CAP_DEDUP = 1u << 8, /* equal content is stored once; reports unique/dup blobs or chunks */
    CAP_FILE_PER_BLOB = 1u << 9, /* each blob is a file: durable takes a sync for each put */
    CAP_ALL = (1u << 10) - 1
};

struct blob_key {
    uint64_t file_id; /* < 2^63 */
    uint32_t version; /* 0 is the first */
};

struct put_request {
    struct blob_key key;
    struct span path;              /* relative, '/'-separated; for routing and reports, not a path
                                      to open */
    const struct handler *handler; /* never NULL */
    struct span bytes;             /* at most BLOB_BYTES_MAX; valid during the call */
};

struct strategy;
/* First member of every strategy's state.  Filled by the engine before init. */
struct store {
    const struct strategy *ops;
    struct db *db; /* CAP_SQL only, else NULL */
    struct io *io; /* the store's own directory */
    enum durability durability;
    struct codec_set *codecs;
    struct arena *scratch;   /* emptied after every call */
    uint64_t *counters;      /* [CTR_COUNT] */
    struct err *err;         /* filled once, where the failure was seen */
    bool created;            /* the store was empty when opened */
    struct store_host *host; /* the engine's, not for strategies */
};

struct strategy {
    uint32_t abi, size; /* STRATEGY_ABI and sizeof(struct strategy): first for ever */
    const char *name;   /* [a-z][a-z0-9-]*, at most 31 bytes */
    const char *summary;
    uint32_t caps; /* a bit is set exactly when its slots are filled */
    size_t state_size;
    const struct opt *opts; /* rows with offsets into the state, or NULL */

    /* required */
    enum rc (*init)(struct store *st); /* schema when st->created, statements; in a transaction */
    void (*deinit)(struct store *st);  /* also after a failed init; accepts zeroed state */
    enum rc (*put)(struct store *st, const struct put_request *put);
    enum rc (*get)(struct store *st, struct blob_key key, struct buf *out); /* RC_NOTFOUND */
    enum rc (*flush)(struct store *st);                                     /* before each commit */
    enum rc (*check)(struct store *st); /* walk every own invariant; RC_CORRUPT names the first */

    /* required where there are options: state what must be true after a run of these facts if they
     * were in effect (effect.h), at least one probe; fails only when it cannot find out */
    enum rc (*probe)(struct store *st, const struct effect_facts *facts, struct effect *out);

    /* CAP_DELETE: RC_NOTFOUND when the key is absent */
    enum rc (*del)(struct store *st, struct blob_key key);
    /* CAP_READ_AT: bytes [offset, offset+len) cut at the blob's end; offset beyond it gives none */
    enum rc (*read_at)(struct store *st, struct blob_key key, uint64_t offset, size_t len,
                       struct buf *out);
    /* CAP_SCAN: the newest version of each file with from <= file_id < to, in key order.
     * scan_next: RC_NOTFOUND at the end.  One scan at a time.  No writes while it is open, except
     * the strategy's own under CAP_READ_WRITES. */
    enum rc (*scan_begin)(struct store *st, uint64_t from, uint64_t to);
    enum rc (*scan_next)(struct store *st, struct blob_key *key, struct buf *out);
    void (*scan_end)(struct store *st); /* also after a failure; accepts no open scan */
    /* CAP_MAINTAIN: collect garbage, recompress; at most about budget_bytes of work */
    enum rc (*maintain)(struct store *st, uint64_t budget_bytes);
    /* CAP_TRANSACTION: commit returns when the declared durability level holds */
    enum rc (*begin)(struct store *st);
    enum rc (*commit)(struct store *st);
    enum rc (*rollback)(struct store *st);
};

/* NULL, or what is wrong with the table: checked for every row at start. */
const char *strategy_defect(const struct strategy *ops);
/* "sql,delete,scan": the capability bits as text, comma separated. */
MUST_CHECK enum rc strategy_caps_print(uint32_t caps, struct buf *out, struct err *err);

/* ---- stores: what the driver and tests call -------------------------------------------------- */

struct store_config {
    struct io *io; /* opened by the caller, outlives the store */
    enum durability durability;
    const char *preset;  /* "a=1,b=2" applied after the defaults; may be NULL */
    const char *options; /* then the user's; may be NULL */
    const char *label;   /* names the strategy in messages, e.g. "dedup-zstd" */
    /* CAP_SQL: one of several stores on one tree, each with its own io (io_open_shared) and thread;
     * one of them writes.  Every read is a transaction.  Open them one after another. */
    bool shared;
};

/* Parse and range-check options without opening anything; for validating plans early.  Appends
 * the effective options ("avg=65536,...") to *effective when it is not NULL. */
MUST_CHECK enum rc store_options_check(const struct strategy *ops, const char *preset,
                                       const char *options, const char *label,
                                       struct buf *effective, struct err *err);

/* Open the store in config->io, creating it when empty.  *out is freed by store_close. */
MUST_CHECK enum rc store_open(struct store **out, const struct strategy *ops,
                              const struct store_config *config, struct err *err);
/* Always frees; the first failure is reported.  Accepts NULL. */
MUST_CHECK enum rc store_close(struct store *st, struct err *err);

MUST_CHECK enum rc store_begin(struct store *st);
MUST_CHECK enum rc store_commit(struct store *st);
MUST_CHECK enum rc store_rollback(struct store *st);
MUST_CHECK enum rc store_put(struct store *st, const struct put_request *put);
MUST_CHECK enum rc store_get(struct store *st, struct blob_key key, struct buf *out);
/* As store_get, but leaves no trace: what the read would write (a cache) is rolled back and nothing
 * is counted.  For verifying a store that must stay as it was measured. */
MUST_CHECK enum rc store_peek(struct store *st, struct blob_key key, struct buf *out);
MUST_CHECK enum rc store_del(struct store *st, struct blob_key key);
MUST_CHECK enum rc store_read_at(struct store *st, struct blob_key key, uint64_t offset, size_t len,
                                 struct buf *out);
MUST_CHECK enum rc store_scan_begin(struct store *st, uint64_t from, uint64_t to);
MUST_CHECK enum rc store_scan_next(struct store *st, struct blob_key *key, struct buf *out);
MUST_CHECK enum rc store_scan_end(struct store *st);
MUST_CHECK enum rc store_maintain(struct store *st, uint64_t budget_bytes);
/* The strategy's invariants, then the engine's: SQLite integrity_check and conservation. */
MUST_CHECK enum rc store_check(struct store *st);
/* What the strategy states about a run; nothing for one without the slot. */
MUST_CHECK enum rc store_probe(struct store *st, const struct effect_facts *facts,
                               struct effect *out);
/* Everything acknowledged is in its final place: checkpoint, no WAL content left. */
MUST_CHECK enum rc store_settle(struct store *st);

bool store_poisoned(const struct store *st);
const struct err *store_error(const struct store *st);
/* Effective options, "name=value,..." incl. the database rows of CAP_SQL strategies. */
const char *store_options(const struct store *st);

/* Syncs seen from the begin to the end of the commit of write transactions that changed something,
 * against the level: a large transaction spills, and a strategy may sync, before its commit. */
struct commit_audit {
    uint64_t commits;              /* that wrote at least one blob or row */
    uint64_t syncs;                /* in those transactions, checkpoints excluded */
    uint64_t min_syncs, max_syncs; /* per commit */
    uint64_t restarts;             /* commits that began a fresh WAL: one more sync is due */
    uint64_t checkpoints, checkpoint_syncs;
    uint64_t violations; /* commits whose syncs do not fit the declared level */
};
struct commit_audit store_commit_audit(const struct store *st);

#endif
