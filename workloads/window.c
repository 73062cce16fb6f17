/* window.c: the operations of a phase, window by window: prepared with the clock stopped, executed
 * with it running, verified with it stopped.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "workloads/phase_parts.h"

/* A window is small enough for its buffers to stay in the second-level cache of the machines this
 * was measured on, and large enough to make reading the CPU clock around it negligible. */
enum { WINDOW_OPS = 256 };
#define WINDOW_BYTES ((size_t)1 << 20)

struct window {
    struct window_op ops[WINDOW_OPS];
    struct buf slots[WINDOW_OPS]; /* content to put, or destination of a read */
    struct blob_key keys[WINDOW_OPS];
    uint64_t ends_ns[WINDOW_OPS];
    size_t count;
};

enum rc window_new(struct window **out, struct err *err)
{
    *out = calloc(1, sizeof(**out));
    return *out ? RC_OK : FAIL(err, RC_NOMEM, 0, "no memory for a window of operations");
}

void window_free(struct window *window)
{
    if (!window)
        return;
    for (size_t i = 0; i < WINDOW_OPS; i++)
        buf_release(&window->slots[i]);
    free(window);
}

static struct blob_key key_of(const struct run *run, uint32_t file, uint32_t version)
{
    return (struct blob_key){.file_id = run->ranks.rank_of[file], .version = version};
}

/* Destination memory that is mapped before the clock starts, and holds nothing an earlier operation
 * left there: a read that writes nothing must not find the right bytes. */
static enum rc slot_prepare(struct run *run, struct buf *slot, size_t len)
{
    enum { STALE = 0xa5 };
    size_t cap = slot->cap;
    enum rc rc = buf_reserve(slot, len ? len : 1, run->err);
    if (rc != RC_OK)
        return rc;
    if (slot->cap > cap)
        memset(slot->ptr + cap, STALE, slot->cap - cap);
    memset(slot->ptr, STALE, len);
    return RC_OK;
}

/* A large blob may come anywhere in a window: only the first slot keeps memory of that size, or the
 * peak would be that of many blobs. */
static void window_trim(struct window *window)
{
    for (size_t i = 1; i < WINDOW_OPS; i++)
        if (window->slots[i].cap > WINDOW_BYTES)
            buf_release(&window->slots[i]);
}

static bool is_write(enum op_kind kind)
{
    return kind == OP_INSERT || kind == OP_UPDATE || kind == OP_DELETE;
}

/* What a window holds; the others are steps of their own. */
static bool is_windowed(enum op_kind kind)
{
    return is_write(kind) || kind == OP_READ || kind == OP_READ_AT;
}

/* Reads happen outside write transactions, so whatever is no write, or the phase's end, closes the
 * batch. */
static bool write_follows(const struct phase *phase, const struct op *op)
{
    size_t next = (size_t)(op - phase->ops) + 1;
    return next < phase->op_count && is_write(phase->ops[next].kind);
}

static bool offers(const struct run *run, uint32_t cap)
{
    return (run->spec.row->ops->caps & cap) != 0;
}

/* ---- preparing a window, clock stopped ------------------------------------------------------ */

static void prepare_write(struct phase *phase, struct window_op *item)
{
    item->begins = phase->in_batch == 0;
    phase->in_batch++;
    item->commits = phase->in_batch == phase->batch || !write_follows(phase, item->op);
    if (item->commits)
        phase->in_batch = 0;
}

/* Under retention `latest` the version before goes with the put of its successor. */
static void prepare_succession(struct run *run, struct window_op *item)
{
    const struct op *op = item->op;
    if (run->keep_history || !oracle_exists(&run->oracle, op->file))
        return;
    item->key = key_of(run, op->file, oracle_newest(&run->oracle, op->file)->version);
    item->deletes = 1;
}

enum rc window_prepare_put(struct phase *phase, struct window_op *item, struct buf *slot)
{
    struct run *run = phase->run;
    const struct op *op = item->op;
    const char *path = ranks_path(&run->ranks, op->file);
    enum rc rc = dataset_content(run->dataset, op->file, op->content, slot);
    if (rc != RC_OK)
        return rc;
    prepare_succession(run, item);
    rc = oracle_put(&run->oracle, op->file, op->version, buf_span(slot), run->err);
    if (rc != RC_OK)
        return rc;
    ranges_put(&run->ranges, op->file, op->version, buf_span(slot));
    item->fact = run->oracle.count - 1;
    if (op->version == 0 && op->file < run->drawn.env.base_files) {
        struct hash128 name = hash_xxh128(span_of_str(path));
        run->dataset_hash = hash128_fold(run->dataset_hash, name);
        run->dataset_hash = hash128_fold(run->dataset_hash, run->oracle.facts[item->fact].hash);
    }
    item->put = (struct put_request){
        .key = key_of(run, op->file, op->version),
        .path = span_of_str(path),
        .bytes = buf_span(slot),
    };
    item->put.handler = handler_match(item->put.path, item->put.bytes);
    prepare_write(phase, item);
    return RC_OK;
}

static void prepare_delete(struct phase *phase, struct window_op *item)
{
    struct run *run = phase->run;
    uint32_t file = item->op->file, from;
    item->fact = run->oracle.newest[file];
    oracle_delete(&run->oracle, file, &from);
    item->key = key_of(run, file, from);
    item->deletes = run->oracle.facts[item->fact].version - from + 1;
    prepare_write(phase, item);
}

/* Older versions are there under retention `history` only. */
static enum rc prepare_read(struct phase *phase, struct window_op *item, struct buf *slot)
{
    struct run *run = phase->run;
    const struct op *op = item->op;
    CHECK(oracle_exists(&run->oracle, op->file));
    item->fact = run->keep_history ? oracle_find(&run->oracle, op->file, op->version)
                                   : run->oracle.newest[op->file];
    const struct fact_of_blob *fact = &run->oracle.facts[item->fact];
    CHECK(!fact->dropped);
    item->key = key_of(run, op->file, fact->version);
    return slot_prepare(run, slot, fact->len);
}

/* Memory the operation brings into its window. */
static size_t weight_of(const struct run *run, const struct window_op *item)
{
    if (item->op->kind == OP_DELETE)
        return 0;
    if (item->range && offers(run, CAP_READ_AT))
        return item->range->len;
    return run->oracle.facts[item->fact].len;
}

/* Who has no reads of parts reads the blob and takes the part. */
static enum rc prepare_read_at(struct phase *phase, struct window_op *item, struct buf *slot)
{
    struct run *run = phase->run;
    item->range = ranges_of(&run->ranges, item->op);
    CHECK(oracle_newest(&run->oracle, item->op->file)->version == item->op->version);
    item->fact = run->oracle.newest[item->op->file];
    item->key = key_of(run, item->op->file, item->op->version);
    return slot_prepare(run, slot, weight_of(run, item));
}

static enum rc prepare(struct phase *phase, struct window_op *item, struct buf *slot)
{
    switch (item->op->kind) {
    case OP_READ: return prepare_read(phase, item, slot);
    case OP_READ_AT: return prepare_read_at(phase, item, slot);
    case OP_DELETE: prepare_delete(phase, item); return RC_OK;
    default: return window_prepare_put(phase, item, slot);
    }
}

/* Take operations until the window is full or one comes next that is a step of its own. */
static enum rc window_fill(struct phase *phase)
{
    struct window *window = phase->run->window;
    size_t bytes = 0;
    window_trim(window);
    window->count = 0;
    while (window->count < WINDOW_OPS && phase->done + window->count < phase->op_count &&
           (bytes < WINDOW_BYTES || window->count == 0)) {
        const struct op *op = &phase->ops[phase->done + window->count];
        struct window_op *item = &window->ops[window->count];
        struct buf *slot = &window->slots[window->count];
        if (!is_windowed(op->kind))
            break;
        *item = (struct window_op){.op = op};
        enum rc rc = prepare(phase, item, slot);
        if (rc != RC_OK)
            return rc;
        bytes += weight_of(phase->run, item);
        window->count++;
    }
    return RC_OK;
}

/* ---- the timed part ------------------------------------------------------------------------- */

enum rc window_write(struct phase *phase, struct window_op *item)
{
    struct store *store = phase->run->store;
    enum rc rc = RC_OK;
    if (item->begins)
        rc = store_begin(store);
    if (rc == RC_OK && item->op->kind != OP_DELETE)
        rc = store_put(store, &item->put);
    for (uint32_t k = 0; rc == RC_OK && k < item->deletes; k++)
        rc = store_del(store, (struct blob_key){.file_id = item->key.file_id,
                                                .version = item->key.version + k});
    if (rc == RC_OK && item->commits)
        rc = store_commit(store);
    return rc;
}

static enum rc execute_read_at(struct run *run, const struct window_op *item, struct buf *slot)
{
    if (!offers(run, CAP_READ_AT))
        return store_get(run->store, item->key, slot);
    return store_read_at(run->store, item->key, item->range->offset, item->op->len, slot);
}

enum rc window_run(struct phase *phase, size_t *executed, uint64_t *start_ns)
{
    struct run *run = phase->run;
    struct window *window = run->window;
    struct store *store = run->store;
    const bool paced = pace_is_open(&phase->pace);
    enum rc rc = RC_OK;
    size_t i = 0;
    *start_ns = clock_ns();
    for (; i < window->count && rc == RC_OK; i++) {
        struct window_op *item = &window->ops[i];
        if (paced && !pace_wait(&phase->pace, phase->timed + i, *start_ns, run->request->stop))
            return FAIL(run->err, RC_INTERRUPTED, 0, "interrupted in %s", phase->plan->name);
        if (item->op->kind == OP_READ)
            rc = store_get(store, item->key, &window->slots[i]);
        else if (item->op->kind == OP_READ_AT)
            rc = execute_read_at(run, item, &window->slots[i]);
        else
            rc = window_write(phase, item);
        item->stored_bytes = store->counters[CTR_STORED_BYTES];
        window->ends_ns[i] = clock_ns();
    }
    *executed = i;
    return rc;
}

static void cpu_add(struct cpu_time *sum, struct cpu_time from, struct cpu_time to)
{
    sum->total_ns += to.total_ns - from.total_ns;
    sum->user_ns += to.user_ns - from.user_ns;
    sum->sys_ns += to.sys_ns - from.sys_ns;
}

/* ---- after the clock: attribute, verify ----------------------------------------------------- */

enum rc window_attribute(struct run *run, const struct window_op *item, uint64_t stored)
{
    uint64_t logical = item->put.bytes.len;
    enum rc rc =
        shares_add(&run->by_extension, path_extension(item->put.path), logical, stored, run->err);
    if (rc == RC_OK)
        rc = shares_add(&run->by_handler, span_of_str(item->put.handler->name), logical, stored,
                        run->err);
    return rc;
}

static enum latency_op latency_kind(enum op_kind kind)
{
    switch (kind) {
    case OP_INSERT: return LATENCY_INSERT;
    case OP_UPDATE: return LATENCY_UPDATE;
    case OP_READ: return LATENCY_READ;
    case OP_SCAN: return LATENCY_SCAN;
    case OP_READ_AT: return LATENCY_READ_AT;
    case OP_DELETE: return LATENCY_DELETE;
    default: return LATENCY_OTHER;
    }
}

/* What the operation was to write or read: the blob, or the part of it. */
static struct fact_of_blob fact_of(const struct run *run, const struct window_op *item)
{
    struct fact_of_blob fact = run->oracle.facts[item->fact];
    if (item->range) {
        fact.len = item->range->len;
        fact.hash = item->range->hash;
    }
    return fact;
}

static enum rc verify_read(struct phase *phase, const struct window_op *item,
                           const struct fact_of_blob *fact, const struct buf *slot)
{
    struct run *run = phase->run;
    struct span got = buf_span(slot);
    if (item->range && !offers(run, CAP_READ_AT)) {
        /* The blob's length is the oracle's to judge: a part of a blob too short is too short. */
        size_t from = item->range->offset < got.len ? (size_t)item->range->offset : got.len;
        size_t left = got.len - from;
        got = span_of(got.ptr + from, left < fact->len ? left : fact->len);
    }
    phase->bytes_out += fact->len;
    return run_verify(run, fact, got, phase->plan->name, true);
}

static enum rc window_verify(struct phase *phase, uint64_t start_ns, uint64_t stored_before)
{
    struct run *run = phase->run;
    struct window *window = run->window;
    enum rc rc = RC_OK;
    for (size_t i = 0; rc == RC_OK && i < window->count; i++) {
        const struct window_op *item = &window->ops[i];
        const struct fact_of_blob fact = fact_of(run, item);
        uint64_t before_ns = i ? window->ends_ns[i - 1] : start_ns, end_ns = window->ends_ns[i];
        uint64_t ns = end_ns - before_ns;
        if (pace_is_open(&phase->pace))
            ns = pace_latency(&phase->pace, phase->timed, start_ns, before_ns, end_ns);
        phase_add_latency(phase, ns, fact.len, latency_kind(item->op->kind));
        if (!is_write(item->op->kind)) {
            rc = verify_read(phase, item, &fact, &window->slots[i]);
        } else {
            phase->commits += item->commits;
            phase->bytes_in += item->put.bytes.len;
            if (item->op->kind != OP_DELETE)
                rc = window_attribute(run, item, item->stored_bytes - stored_before);
        }
        stored_before = item->stored_bytes;
    }
    return rc;
}

static enum rc batch_step(struct phase *phase)
{
    struct run *run = phase->run;
    uint64_t start_ns, stored_before = run->store->counters[CTR_STORED_BYTES];
    size_t executed = 0;
    enum rc rc = window_fill(phase);
    if (rc != RC_OK)
        return rc;
    struct cpu_time before = clock_cpu(), cpu = {0};
    rc = window_run(phase, &executed, &start_ns);
    cpu_add(&cpu, before, clock_cpu());
    if (rc != RC_OK)
        return run->err->rc == RC_INTERRUPTED ? rc
                                              : phase_failed(phase, rc, phase->done + executed - 1);
    rc = window_verify(phase, start_ns, stored_before);
    if (pace_is_open(&phase->pace))
        pace_end(&phase->pace, start_ns, run->window->ends_ns[executed - 1], &cpu);
    cpu_add(&phase->cpu, (struct cpu_time){0}, cpu);
    phase->done += run->window->count;
    return rc;
}

/* ---- scans ---------------------------------------------------------------------------------- */

/* Prepare destinations for the next rows of a scan, by the sizes the oracle expects. */
static enum rc scan_prepare(struct run *run, uint32_t rank, size_t *rows)
{
    size_t bytes = 0;
    window_trim(run->window);
    *rows = 0;
    while (*rows < WINDOW_OPS && rank < run->ranks.count && (bytes < WINDOW_BYTES || *rows == 0)) {
        uint32_t file = run->ranks.file_at[rank++];
        if (!oracle_exists(&run->oracle, file))
            continue; /* deleted, or inserted by a later phase */
        const struct fact_of_blob *fact = oracle_newest(&run->oracle, file);
        enum rc rc = slot_prepare(run, &run->window->slots[*rows], fact->len);
        if (rc != RC_OK)
            return rc;
        run->window->ops[*rows].fact = run->oracle.newest[file];
        bytes += fact->len;
        (*rows)++;
    }
    return RC_OK;
}

static enum rc scan_verify(struct phase *phase, size_t rows, uint64_t *bytes, uint32_t *next_rank)
{
    struct run *run = phase->run;
    for (size_t i = 0; i < rows; i++) {
        const struct fact_of_blob *fact = &run->oracle.facts[run->window->ops[i].fact];
        struct blob_key want = key_of(run, fact->file, fact->version);
        struct blob_key got = run->window->keys[i];
        if (want.file_id != got.file_id || want.version != got.version)
            return FAIL(run->err, RC_INVALID, 0,
                        "%s: scan expected file %" PRIu64 " version %u, got file %" PRIu64
                        " version %u",
                        phase->plan->name, want.file_id, want.version, got.file_id, got.version);
        enum rc rc =
            run_verify(run, fact, buf_span(&run->window->slots[i]), phase->plan->name, true);
        if (rc != RC_OK)
            return rc;
        *bytes += fact->len;
        *next_rank = (uint32_t)want.file_id + 1;
    }
    return RC_OK;
}

/* Who has no scans is asked for each file by its key, in the same order. */
static enum rc scan_next(struct run *run, size_t row)
{
    struct window *window = run->window;
    if (offers(run, CAP_SCAN))
        return store_scan_next(run->store, &window->keys[row], &window->slots[row]);
    const struct fact_of_blob *fact = &run->oracle.facts[window->ops[row].fact];
    window->keys[row] = key_of(run, fact->file, fact->version);
    return store_get(run->store, window->keys[row], &window->slots[row]);
}

/* Read the prepared rows with the clock running; *got may be fewer after a failure. */
static enum rc scan_rows(struct phase *phase, size_t rows, size_t *got, uint64_t *elapsed_ns)
{
    enum rc rc = RC_OK;
    struct cpu_time before = clock_cpu();
    uint64_t start_ns = clock_ns();
    for (*got = 0; *got < rows; ++*got) {
        rc = scan_next(phase->run, *got);
        if (rc != RC_OK)
            break;
    }
    *elapsed_ns += clock_ns() - start_ns;
    phase_add_cpu(phase, before);
    return rc;
}

static enum rc scan_begin(struct phase *phase, uint64_t *elapsed_ns)
{
    struct run *run = phase->run;
    if (!offers(run, CAP_SCAN))
        return RC_OK;
    struct cpu_time before = clock_cpu();
    uint64_t start_ns = clock_ns();
    enum rc rc = store_scan_begin(run->store, 0, run->ranks.count);
    *elapsed_ns += clock_ns() - start_ns;
    phase_add_cpu(phase, before);
    return rc;
}

static enum rc scan_end(struct phase *phase, uint64_t *elapsed_ns)
{
    struct store *store = phase->run->store;
    struct blob_key key;
    if (!offers(phase->run, CAP_SCAN))
        return RC_OK;
    struct cpu_time before = clock_cpu();
    uint64_t start_ns = clock_ns();
    enum rc rc = store_scan_next(store, &key, &phase->run->window->slots[0]);
    enum rc end = store_scan_end(store);
    *elapsed_ns += clock_ns() - start_ns;
    phase_add_cpu(phase, before);
    if (rc == RC_OK)
        return FAIL(phase->run->err, RC_INVALID, 0,
                    "%s: the scan returned file %" PRIu64 ", which should not exist",
                    phase->plan->name, key.file_id);
    return rc == RC_NOTFOUND ? end : rc;
}

/* Every file, from the first to the last. */
static enum rc scan_files(struct phase *phase, uint64_t *elapsed_ns, uint64_t *bytes)
{
    struct run *run = phase->run;
    uint32_t rank = 0, left = phase->ops[phase->done].version;
    enum rc rc = scan_begin(phase, elapsed_ns);
    while (rc == RC_OK && left > 0) {
        size_t rows, got;
        rc = scan_prepare(run, rank, &rows);
        if (rc != RC_OK)
            return rc;
        CHECK(rows > 0 && rows <= left);
        rc = scan_rows(phase, rows, &got, elapsed_ns);
        if (rc != RC_OK && rc != RC_NOTFOUND)
            break;
        /* Where a file is missing the one after it stands in its place. */
        enum rc seen = scan_verify(phase, got, bytes, &rank);
        if (seen != RC_OK)
            return seen;
        left -= (uint32_t)got;
        if (rc == RC_NOTFOUND)
            return FAIL(run->err, RC_INVALID, 0, "%s: the scan ended %u files too early",
                        phase->plan->name, left);
    }
    if (rc == RC_OK)
        rc = scan_end(phase, elapsed_ns);
    if (rc != RC_OK && run->err->rc == RC_OK)
        rc = phase_failed(phase, rc, phase->done);
    return rc;
}

/* The pieces of a scan end to end are a window of one operation: between them the phase's clock
 * stands still.  Their CPU time was taken piece by piece, without the wait. */
static enum rc scan_step(struct phase *phase)
{
    struct pace *pace = &phase->pace;
    const bool paced = pace_is_open(pace);
    uint64_t elapsed_ns = 0, bytes = 0, start_ns = clock_ns();
    if (paced && !pace_wait(pace, phase->timed, start_ns, phase->run->request->stop))
        return FAIL(phase->run->err, RC_INTERRUPTED, 0, "interrupted in %s", phase->plan->name);
    uint64_t waited_ns = paced ? clock_ns() - start_ns : 0;
    enum rc rc = scan_files(phase, &elapsed_ns, &bytes);
    if (rc != RC_OK)
        return rc;
    if (paced) {
        struct cpu_time none = {0};
        uint64_t end_ns = start_ns + waited_ns + elapsed_ns;
        elapsed_ns = pace_latency(pace, phase->timed, start_ns, start_ns, end_ns);
        pace_end(pace, start_ns, end_ns, &none);
    }
    phase->bytes_out += bytes;
    phase_add_latency(phase, elapsed_ns, bytes, LATENCY_SCAN);
    phase->done++;
    return RC_OK;
}

enum rc window_step(struct phase *phase)
{
    return phase->ops[phase->done].kind == OP_SCAN ? scan_step(phase) : batch_step(phase);
}
