/* store.c: the calls the driver makes.  Each checks the store's phase, lets the strategy work with
 * the connection guarded, counts, empties the scratch memory, and poisons the store on failure.
 * What it adds to a call on the cheapest strategy is a few tens of nanoseconds: no memory, no text.
 * Opening and closing are in store_open.c.
 */
#include "engine/store_host.h"

/* ---- errors and poisoning -------------------------------------------------------------------- */

static enum rc poisoned_answer(struct store *st)
{
    struct store_host *host = st->host;
    return FAIL(&host->refusal, RC_INVALID, 0, "store is poisoned after: %s", host->err.msg);
}

/* Every failure of a call comes through here. */
static enum rc failed(struct store *st, enum rc rc, const char *call)
{
    struct store_host *host = st->host;
    if (rc == RC_NOTFOUND)
        return rc;
    if (host->err.rc == RC_OK)
        (void)FAIL(&host->err, rc, 0, "\"%s\" failed in %s without a message (%s)", st->host->label,
                   call, rc_name(rc));
    if (rc != RC_UNSUPPORTED && rc != RC_USAGE)
        host->phase = STORE_POISONED;
    return rc;
}

/* A call in the wrong phase: poisoned, or the caller's mistake. */
static enum rc out_of_phase(struct store *st, const char *call)
{
    struct store_host *host = st->host;
    if (host->phase == STORE_POISONED)
        return poisoned_answer(st);
    err_clear(&host->err);
    static const char *const phases[] = {"outside a transaction", "inside a transaction",
                                         "during a scan"};
    return failed(st, FAIL(&host->err, RC_BUG, 0, "%s called %s", call, phases[host->phase]), call);
}

static enum rc lacks(struct store *st, const char *what)
{
    struct store_host *host = st->host;
    if (host->phase == STORE_POISONED)
        return poisoned_answer(st);
    err_clear(&host->err);
    return FAIL(&host->err, RC_UNSUPPORTED, 0, "\"%s\" does not offer %s", st->host->label, what);
}

/* ---- around every slot ----------------------------------------------------------------------- */

static inline void enter(struct store *st)
{
    struct store_host *host = st->host;
    if (host->err.rc != RC_OK)
        err_clear(&host->err);
    if (st->db != NULL)
        st->db->guard = true;
}

/* What a slot answered, after the connection is the engine's again.  On RC_OK an open transaction
 * must still be open; after a failure SQLite may have rolled back by itself. */
static inline enum rc leave(struct store *st, enum rc rc, const char *call)
{
    struct store_host *host = st->host;
    if (host->scratch.head != NULL)
        arena_reset(&host->scratch);
    if (st->db != NULL) {
        st->db->guard = false;
        if (rc == RC_OK && host->open && sqlite3_get_autocommit(st->db->handle))
            rc = FAIL(&host->err, RC_BUG, 0, "\"%s\" ended the engine's transaction in %s",
                      st->host->label, call);
    }
    return rc == RC_OK ? RC_OK : failed(st, rc, call);
}

/* As leave, for slots that have no business answering "not found". */
static inline enum rc leave_found(struct store *st, enum rc rc, const char *call)
{
    if (rc == RC_NOTFOUND)
        rc = FAIL(st->err, RC_BUG, 0, "\"%s\" answered not-found to %s", st->host->label, call);
    return leave(st, rc, call);
}

/* ---- transactions ---------------------------------------------------------------------------- */

static enum rc transaction_begin(struct store *st)
{
    enter(st);
    store_audit_begin(st);
    enum rc rc =
        leave_found(st, st->db != NULL ? db_begin(st->db, st->err) : st->ops->begin(st), "begin");
    st->host->open = rc == RC_OK;
    return rc;
}

/* Before the attempt: after a failed commit or rollback nobody may try again. */
static void transaction_ends(struct store_host *host)
{
    host->open = false;
    host->wrapped = false;
    host->phase = STORE_IDLE;
}

static enum rc transaction_commit(struct store *st)
{
    struct store_host *host = st->host;
    enter(st);
    enum rc rc = leave_found(st, st->ops->flush(st), "flush");
    if (rc != RC_OK)
        return rc;
    bool changed = store_audit_changed(st);
    transaction_ends(host);
    enter(st);
    rc = leave_found(st, st->db != NULL ? db_commit(st->db, st->err) : st->ops->commit(st),
                     "commit");
    if (rc != RC_OK || !changed)
        return rc;
    host->counters[CTR_COMMITS]++;
    store_audit_commit(st);
    if (st->db == NULL)
        return RC_OK;
    rc = store_audit_checkpoint(st, true);
    return rc == RC_OK ? RC_OK : failed(st, rc, "checkpoint");
}

/* What was counted since the begin did not happen. */
static enum rc transaction_rollback(struct store *st)
{
    struct store_host *host = st->host;
    transaction_ends(host);
    for (size_t i = 0; i < CTR_COUNT; i++)
        host->counters[i] = host->counters_before[i];
    enter(st);
    return leave_found(st, st->db != NULL ? db_rollback(st->db, st->err) : st->ops->rollback(st),
                       "rollback");
}

enum rc store_begin(struct store *st)
{
    if (st->host->phase != STORE_IDLE)
        return out_of_phase(st, "begin");
    enum rc rc = transaction_begin(st);
    if (rc == RC_OK)
        st->host->phase = STORE_WRITING;
    return rc;
}

enum rc store_commit(struct store *st)
{
    if (st->host->phase != STORE_WRITING)
        return out_of_phase(st, "commit");
    return transaction_commit(st);
}

enum rc store_rollback(struct store *st)
{
    if (st->host->phase != STORE_WRITING)
        return out_of_phase(st, "rollback");
    return transaction_rollback(st);
}

/* Open the engine's transaction around a call that may write outside store_begin. */
static enum rc wrap(struct store *st)
{
    enum rc rc = transaction_begin(st);
    if (rc == RC_OK)
        st->host->wrapped = true;
    return rc;
}

/* Close it: what was answered stands unless closing fails.  A refusal that does not poison leaves
 * nothing behind. */
static enum rc unwrap(struct store *st, enum rc rc)
{
    struct store_host *host = st->host;
    if (!host->wrapped || host->phase == STORE_POISONED)
        return rc;
    if (rc == RC_OK || rc == RC_NOTFOUND) {
        enum rc closed = transaction_commit(st);
        return closed == RC_OK ? rc : closed;
    }
    struct err refusal = host->err;
    enum rc closed = transaction_rollback(st);
    if (closed != RC_OK)
        return closed;
    host->err = refusal;
    return rc;
}

/* ---- writing --------------------------------------------------------------------------------- */

/* The driver's promises about a put, checked where it costs a comparison. */
static enum rc put_refused(struct store *st, const struct put_request *put)
{
    struct store_host *host = st->host;
    if (put->key.file_id > INT64_MAX)
        return FAIL(&host->err, RC_BUG, 0, "put of file_id %llu, beyond 2^63",
                    (unsigned long long)put->key.file_id);
    if (put->bytes.len > BLOB_BYTES_MAX)
        return FAIL(&host->err, RC_UNSUPPORTED, 0, "a blob of %zu bytes is larger than %zu",
                    put->bytes.len, BLOB_BYTES_MAX);
    if (put->handler == NULL)
        return FAIL(&host->err, RC_BUG, 0, "put without a handler");
    return FAIL(&host->err, RC_BUG, 0, "versions of file %llu put out of order: %lu after %lu",
                (unsigned long long)put->key.file_id, (unsigned long)put->key.version,
                (unsigned long)host->last_put.version);
}

enum rc store_put(struct store *st, const struct put_request *put)
{
    struct store_host *host = st->host;
    if (host->phase != STORE_WRITING)
        return out_of_phase(st, "put");
    enter(st);
    bool descends = host->last_put_valid && put->key.file_id == host->last_put.file_id &&
                    put->key.version <= host->last_put.version;
    if (put->key.file_id > INT64_MAX || put->bytes.len > BLOB_BYTES_MAX || put->handler == NULL ||
        descends)
        return leave(st, put_refused(st, put), "put");
    enum rc rc = leave_found(st, st->ops->put(st, put), "put");
    if (rc != RC_OK)
        return rc;
    host->changed++;
    host->puts++;
    host->last_put = put->key;
    host->last_put_valid = true;
    host->counters[CTR_PUTS]++;
    host->counters[CTR_PUT_BYTES] += put->bytes.len;
    return RC_OK;
}

enum rc store_del(struct store *st, struct blob_key key)
{
    struct store_host *host = st->host;
    if (!(st->ops->caps & CAP_DELETE))
        return lacks(st, "delete");
    if (host->phase != STORE_WRITING)
        return out_of_phase(st, "delete");
    enter(st);
    enum rc rc = leave(st, st->ops->del(st, key), "delete");
    if (rc != RC_OK)
        return rc;
    host->changed++;
    host->counters[CTR_DELETES]++;
    return RC_OK;
}

enum rc store_maintain(struct store *st, uint64_t budget_bytes)
{
    struct store_host *host = st->host;
    if (!(st->ops->caps & CAP_MAINTAIN))
        return lacks(st, "maintenance");
    if (host->phase != STORE_IDLE && host->phase != STORE_WRITING)
        return out_of_phase(st, "maintain");
    enum rc rc = host->phase == STORE_IDLE ? wrap(st) : RC_OK;
    if (rc != RC_OK)
        return rc;
    enter(st);
    return unwrap(st, leave_found(st, st->ops->maintain(st, budget_bytes), "maintain"));
}

/* ---- reading --------------------------------------------------------------------------------- */

/* A read among other connections: its statements are one transaction. */
static enum rc read_shared(struct store *st, struct blob_key key, struct buf *out)
{
    enter(st);
    enum rc rc = db_begin_read(st->db, st->err);
    if (rc != RC_OK)
        return leave_found(st, rc, "begin of a read");
    st->db->guard = true;
    rc = leave(st, st->ops->get(st, key, out), "get");
    if (rc != RC_OK && rc != RC_NOTFOUND)
        return rc;
    enum rc ended = db_end_read(st->db, st->err);
    return ended == RC_OK ? rc : leave_found(st, ended, "end of a read");
}

/* A read, in a transaction of the engine's when it may write; `keep` says whether what it wrote
 * stays. */
static inline enum rc read_blob(struct store *st, struct blob_key key, struct buf *out, bool keep)
{
    struct store_host *host = st->host;
    bool single = (st->ops->caps & CAP_READ_WRITES) && host->phase == STORE_IDLE;
    if (single) {
        enum rc begun = wrap(st);
        if (begun != RC_OK)
            return begun;
    }
    out->len = 0;
    if (st->db != NULL && st->db->settings.shared && !single && host->phase == STORE_IDLE)
        return read_shared(st, key, out);
    enter(st);
    enum rc rc = leave(st, st->ops->get(st, key, out), "get");
    if (single && !keep && (rc == RC_OK || rc == RC_NOTFOUND)) {
        enum rc closed = transaction_rollback(st);
        return closed == RC_OK ? rc : closed;
    }
    return single ? unwrap(st, rc) : rc;
}

enum rc store_get(struct store *st, struct blob_key key, struct buf *out)
{
    struct store_host *host = st->host;
    if (host->phase != STORE_IDLE && host->phase != STORE_SCANNING)
        return out_of_phase(st, "get");
    enum rc rc = read_blob(st, key, out, true);
    if (rc == RC_OK) {
        host->counters[CTR_GETS]++;
        host->counters[CTR_GET_BYTES] += out->len;
    }
    return rc;
}

enum rc store_peek(struct store *st, struct blob_key key, struct buf *out)
{
    if (st->host->phase != STORE_IDLE)
        return out_of_phase(st, "peek");
    return read_blob(st, key, out, false);
}

enum rc store_read_at(struct store *st, struct blob_key key, uint64_t offset, size_t len,
                      struct buf *out)
{
    struct store_host *host = st->host;
    if (!(st->ops->caps & CAP_READ_AT))
        return lacks(st, "range reads");
    if (host->phase != STORE_IDLE && host->phase != STORE_SCANNING)
        return out_of_phase(st, "read_at");
    out->len = 0;
    enter(st);
    enum rc rc = st->ops->read_at(st, key, offset, len, out);
    if (rc == RC_OK && out->len > len)
        rc = FAIL(st->err, RC_BUG, 0, "\"%s\" returned %zu bytes where %zu were asked for",
                  st->host->label, out->len, len);
    return leave(st, rc, "read_at");
}

enum rc store_scan_begin(struct store *st, uint64_t from, uint64_t to)
{
    struct store_host *host = st->host;
    if (!(st->ops->caps & CAP_SCAN))
        return lacks(st, "scan");
    if (host->phase != STORE_IDLE)
        return out_of_phase(st, "scan_begin");
    enum rc rc = st->ops->caps & CAP_READ_WRITES ? wrap(st) : RC_OK;
    if (rc != RC_OK)
        return rc;
    enter(st);
    rc = leave_found(st, st->ops->scan_begin(st, from, to), "scan_begin");
    if (rc != RC_OK) {
        st->ops->scan_end(st);
        return unwrap(st, rc);
    }
    host->phase = STORE_SCANNING;
    host->scanning = true;
    host->scan_floor = from;
    host->scan_to = to;
    return RC_OK;
}

enum rc store_scan_next(struct store *st, struct blob_key *key, struct buf *out)
{
    struct store_host *host = st->host;
    if (host->phase != STORE_SCANNING)
        return out_of_phase(st, "scan_next");
    out->len = 0;
    enter(st);
    enum rc rc = st->ops->scan_next(st, key, out);
    if (rc == RC_OK && (key->file_id < host->scan_floor || key->file_id >= host->scan_to))
        rc = FAIL(st->err, RC_CORRUPT, 0,
                  "\"%s\" scanned file %llu out of order or out of range [%llu, %llu)",
                  st->host->label, (unsigned long long)key->file_id,
                  (unsigned long long)host->scan_floor, (unsigned long long)host->scan_to);
    rc = leave(st, rc, "scan_next");
    if (rc == RC_OK) {
        host->scan_floor = key->file_id + 1;
        host->counters[CTR_GETS]++;
        host->counters[CTR_GET_BYTES] += out->len;
    }
    return rc;
}

enum rc store_scan_end(struct store *st)
{
    struct store_host *host = st->host;
    if (host->phase != STORE_SCANNING)
        return out_of_phase(st, "scan_end");
    enter(st);
    st->ops->scan_end(st);
    host->scanning = false;
    host->phase = STORE_IDLE;
    return unwrap(st, leave(st, RC_OK, "scan_end"));
}

/* ---- checking and settling ------------------------------------------------------------------- */

/* Bytes and blobs are neither lost nor invented between the driver and the strategy's counters. */
static enum rc conserved(struct store *st)
{
    const uint64_t *ctr = st->host->counters;
    uint64_t accounted = ctr[CTR_UNIQUE_BYTES] + ctr[CTR_DUP_BYTES];
    if (ctr[CTR_PUT_BYTES] != accounted)
        return FAIL(st->err, RC_INVALID, 0,
                    "\"%s\": %llu bytes were put, but %llu unique and %llu duplicate ones counted",
                    st->host->label, (unsigned long long)ctr[CTR_PUT_BYTES],
                    (unsigned long long)ctr[CTR_UNIQUE_BYTES],
                    (unsigned long long)ctr[CTR_DUP_BYTES]);
    if (!(st->ops->caps & CAP_DEDUP) || ctr[CTR_CHUNKS] != 0)
        return RC_OK;
    if (ctr[CTR_PUTS] != ctr[CTR_BLOBS_UNIQUE] + ctr[CTR_BLOBS_DUP])
        return FAIL(st->err, RC_INVALID, 0,
                    "\"%s\": %llu blobs were put, but %llu unique and %llu duplicate ones counted",
                    st->host->label, (unsigned long long)ctr[CTR_PUTS],
                    (unsigned long long)ctr[CTR_BLOBS_UNIQUE],
                    (unsigned long long)ctr[CTR_BLOBS_DUP]);
    return RC_OK;
}

enum rc store_check(struct store *st)
{
    if (st->host->phase != STORE_IDLE)
        return out_of_phase(st, "check");
    enter(st);
    enum rc rc = leave_found(st, st->ops->check(st), "check");
    if (rc != RC_OK)
        return rc;
    if (st->db != NULL)
        rc = db_integrity(st->db, st->err);
    if (rc == RC_OK)
        rc = conserved(st);
    return rc == RC_OK ? RC_OK : failed(st, rc, "check");
}

enum rc store_probe(struct store *st, const struct effect_facts *facts, struct effect *out)
{
    *out = (struct effect){0};
    if (st->host->phase != STORE_IDLE)
        return out_of_phase(st, "probe");
    if (st->ops->probe == NULL)
        return RC_OK;
    enter(st);
    return leave_found(st, st->ops->probe(st, facts, out), "probe");
}

enum rc store_settle(struct store *st)
{
    if (st->host->phase != STORE_IDLE)
        return out_of_phase(st, "settle");
    if (st->db == NULL)
        return RC_OK;
    enter(st);
    st->db->guard = false;
    enum rc rc = store_audit_checkpoint(st, false);
    return rc == RC_OK ? RC_OK : failed(st, rc, "settle");
}

/* ---- asking ---------------------------------------------------------------------------------- */

bool store_poisoned(const struct store *st)
{
    return st->host->phase == STORE_POISONED;
}

const struct err *store_error(const struct store *st)
{
    const struct store_host *host = st->host;
    return host->refusal.rc != RC_OK ? &host->refusal : &host->err;
}

struct commit_audit store_commit_audit(const struct store *st)
{
    return st->host->audit;
}
