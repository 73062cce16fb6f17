#include "workloads/lanes.h"

#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "workloads/latency_metrics.h"
#include "workloads/phase_parts.h"

/* Of one file, as far as the writer says. */
struct told {
    atomic_uint published; /* committed */
    atomic_uint announced; /* about to be written */
};

struct lane {
    struct lanes *all;
    pthread_t thread;
    bool started;
    struct io io;
    struct store *store; /* its own, or the one all share */
    const struct op **ops;
    size_t *places; /* of each among all reads */
    size_t count, next;
    struct latency *latencies;
    struct buf slot;
    uint64_t start_ns, end_ns; /* of the window */
    struct err err;
};

struct lanes {
    struct phase *phase;
    struct run *run;
    bool serialised, unsupported;
    size_t updates, reads; /* of the phase */
    struct told *told;     /* by file */
    struct lane *readers;
    size_t reader_count;

    /* the window of updates under way */
    struct window_op *items;
    struct buf *contents;
    size_t item_cap, item_count;
    size_t window_end; /* updates done when it is */
    size_t pending;    /* the first item whose transaction is not committed */

    pthread_mutex_t store_mutex; /* serialised: around the store's calls */
    pthread_mutex_t mutex;       /* guards `done` and `stop` */
    pthread_cond_t moved;
    size_t done; /* updates */
    bool stop;
};

/* ---- setting up ------------------------------------------------------------------------------ */

static enum rc no_memory(struct lanes *lanes)
{
    return FAIL(&lanes->run->outside_err, RC_NOMEM, 0, "no memory for %zu readers",
                lanes->reader_count);
}

/* Operations may come from a trace.  Updates come first, and readers find every file. */
static const char *lane_defect(const struct lanes *lanes, const struct op *op)
{
    if (op->lane > lanes->reader_count)
        return "is of a lane the phase does not have";
    if (op->lane > 0 ? op->kind != OP_READ : op->kind != OP_UPDATE || lanes->reads > 0)
        return "is neither an update before all reads nor a reader's read";
    bool there =
        op->file < lanes->run->oracle.file_count && oracle_exists(&lanes->run->oracle, op->file);
    return there ? NULL : "is of a file that is not there when the phase begins";
}

static enum rc lanes_count(struct lanes *lanes)
{
    const struct phase *phase = lanes->phase;
    for (size_t i = 0; i < phase->op_count; i++) {
        const struct op *op = &phase->ops[i];
        const char *defect = lane_defect(lanes, op);
        if (defect)
            return FAIL(&lanes->run->outside_err, RC_USAGE, 0,
                        "%s: operation %zu, which several threads are to do at once, %s",
                        phase->plan->name, i, defect);
        lanes->updates += op->lane == 0;
        lanes->reads += op->lane != 0;
        if (op->lane != 0)
            lanes->readers[op->lane - 1].count++;
    }
    return RC_OK;
}

static enum rc lanes_deal(struct lanes *lanes)
{
    const struct phase *phase = lanes->phase;
    for (size_t i = 0; i < lanes->reader_count; i++) {
        struct lane *lane = &lanes->readers[i];
        lane->all = lanes;
        lane->ops = calloc(lane->count + 1, sizeof(*lane->ops));
        lane->places = calloc(lane->count + 1, sizeof(*lane->places));
        lane->latencies = calloc(lane->count + 1, sizeof(*lane->latencies));
        if (!lane->ops || !lane->places || !lane->latencies)
            return no_memory(lanes);
    }
    for (size_t i = lanes->updates; i < phase->op_count; i++) {
        struct lane *lane = &lanes->readers[phase->ops[i].lane - 1];
        lane->places[lane->next] = i - lanes->updates;
        lane->ops[lane->next++] = &phase->ops[i];
    }
    for (size_t i = 0; i < lanes->reader_count; i++)
        lanes->readers[i].next = 0;
    return RC_OK;
}

/* What is there before the first update has been published. */
static enum rc lanes_tell(struct lanes *lanes)
{
    const struct oracle *oracle = &lanes->run->oracle;
    lanes->told = calloc(oracle->file_count + 1, sizeof(*lanes->told));
    if (!lanes->told)
        return no_memory(lanes);
    for (uint32_t file = 0; file < oracle->file_count; file++) {
        unsigned newest = oracle_newest(oracle, file)->version;
        atomic_init(&lanes->told[file].published, newest);
        atomic_init(&lanes->told[file].announced, newest);
    }
    return RC_OK;
}

static enum rc lanes_init(struct lanes *lanes, struct phase *phase)
{
    uint32_t caps = phase->run->spec.row->ops->caps;
    *lanes = (struct lanes){
        .phase = phase,
        .run = phase->run,
        .serialised = !(caps & CAP_SQL),
        .unsupported = (caps & CAP_READ_WRITES) != 0,
        .reader_count = phase->lanes,
    };
    CHECK(pthread_mutex_init(&lanes->store_mutex, NULL) == 0);
    CHECK(pthread_mutex_init(&lanes->mutex, NULL) == 0);
    CHECK(pthread_cond_init(&lanes->moved, NULL) == 0);
    if (lanes->reader_count > LANES_READERS_MAX)
        return FAIL(&lanes->run->outside_err, RC_USAGE, 0, "%s: %zu readers (expected at most %d)",
                    phase->plan->name, lanes->reader_count, LANES_READERS_MAX);
    lanes->readers = calloc(lanes->reader_count, sizeof(*lanes->readers));
    if (!lanes->readers)
        return no_memory(lanes);
    enum rc rc = lanes_count(lanes);
    if (rc == RC_OK)
        rc = lanes_deal(lanes);
    return rc == RC_OK ? lanes_tell(lanes) : rc;
}

static void lanes_release(struct lanes *lanes)
{
    for (size_t i = 0; lanes->readers && i < lanes->reader_count; i++) {
        struct lane *lane = &lanes->readers[i];
        free(lane->ops);
        free(lane->places);
        free(lane->latencies);
        buf_release(&lane->slot);
    }
    for (size_t i = 0; i < lanes->item_cap; i++)
        buf_release(&lanes->contents[i]);
    free(lanes->readers);
    free(lanes->told);
    free(lanes->items);
    free(lanes->contents);
    (void)pthread_mutex_destroy(&lanes->store_mutex);
    (void)pthread_mutex_destroy(&lanes->mutex);
    (void)pthread_cond_destroy(&lanes->moved);
}

/* ---- handles --------------------------------------------------------------------------------- */

static enum rc reader_open(struct lane *lane)
{
    struct run *run = lane->all->run;
    struct err cause = {0};
    enum rc rc = io_open_shared(&lane->io, &run->io, &cause);
    if (rc == RC_OK) {
        struct store_config config = run_store_config(run, &lane->io, true);
        rc = store_open(&lane->store, run->spec.row->ops, &config, &cause);
    }
    return rc == RC_OK
               ? rc
               : FAIL(run->err, run_blame(rc), 0, "opening the store to read: %s", cause.msg);
}

/* The writer's first: it may have to recover the log. */
static enum rc handles_open(struct lanes *lanes)
{
    struct run *run = lanes->run;
    if (lanes->serialised || lanes->unsupported) {
        for (size_t i = 0; i < lanes->reader_count; i++)
            lanes->readers[i].store = run->store;
        return RC_OK;
    }
    phase_carry(lanes->phase);
    enum rc rc = run_close_store(run);
    run->sharing = true;
    if (rc == RC_OK)
        rc = run_open_store(run);
    if (rc == RC_OK)
        phase_go_on(lanes->phase);
    for (size_t i = 0; rc == RC_OK && i < lanes->reader_count; i++)
        rc = reader_open(&lanes->readers[i]);
    return rc;
}

static enum rc handles_close(struct lanes *lanes, enum rc rc)
{
    struct run *run = lanes->run;
    struct err cause = {0};
    bool own = !lanes->serialised && !lanes->unsupported;
    for (size_t i = 0; own && i < lanes->reader_count; i++) {
        struct lane *lane = &lanes->readers[i];
        enum rc closed = store_close(lane->store, &cause);
        io_close(&lane->io);
        if (closed != RC_OK && rc == RC_OK)
            rc = FAIL(run->err, run_blame(closed), 0, "closing a reader's store: %s", cause.msg);
    }
    if (rc != RC_OK || !own)
        return rc;
    phase_carry(lanes->phase);
    rc = run_close_store(run);
    run->sharing = false;
    if (rc == RC_OK)
        rc = run_open_store(run);
    if (rc == RC_OK)
        phase_go_on(lanes->phase);
    return rc;
}

/* ---- a lane that reads ----------------------------------------------------------------------- */

/* Wait until so many updates are done; false: it is over. */
static bool wait_for(struct lanes *lanes, size_t updates)
{
    CHECK(pthread_mutex_lock(&lanes->mutex) == 0);
    while (lanes->done < updates && !lanes->stop)
        CHECK(pthread_cond_wait(&lanes->moved, &lanes->mutex) == 0);
    bool stop = lanes->stop;
    CHECK(pthread_mutex_unlock(&lanes->mutex) == 0);
    return !stop;
}

static void tell_progress(struct lanes *lanes, size_t updates, bool stop)
{
    CHECK(pthread_mutex_lock(&lanes->mutex) == 0);
    lanes->done += updates;
    lanes->stop = lanes->stop || stop;
    CHECK(pthread_cond_broadcast(&lanes->moved) == 0);
    CHECK(pthread_mutex_unlock(&lanes->mutex) == 0);
}

static void store_lock(struct lanes *lanes)
{
    if (lanes->serialised)
        CHECK(pthread_mutex_lock(&lanes->store_mutex) == 0);
}

static void store_unlock(struct lanes *lanes)
{
    if (lanes->serialised)
        CHECK(pthread_mutex_unlock(&lanes->store_mutex) == 0);
}

/* The message is the store's, which others may use as soon as it is unlocked. */
static enum rc get_locked(struct lane *lane, struct blob_key key)
{
    store_lock(lane->all);
    enum rc rc = store_get(lane->store, key, &lane->slot);
    if (rc != RC_OK && rc != RC_NOTFOUND)
        rc = FAIL(&lane->err, rc, 0, "%s", store_error(lane->store)->msg);
    store_unlock(lane->all);
    return rc;
}

/* The newest version that was published, or one that came in its place meanwhile. */
static enum rc read_newest(struct lane *lane, uint32_t file, uint32_t *version)
{
    struct lanes *lanes = lane->all;
    struct told *told = &lanes->told[file];
    struct blob_key key = {.file_id = lanes->run->ranks.rank_of[file]};
    key.version = atomic_load(&told->published);
    enum rc rc = get_locked(lane, key);
    while (rc == RC_NOTFOUND && !lanes->run->keep_history &&
           key.version < atomic_load(&told->announced)) {
        key.version++;
        rc = get_locked(lane, key);
    }
    *version = key.version;
    return rc == RC_NOTFOUND
               ? FAIL(&lane->err, RC_INVALID, 0,
                      "version %" PRIu32 " was published and is not found", key.version)
               : rc;
}

static enum rc read_one(struct lane *lane, size_t index)
{
    enum { STALE = 0xa5 };
    const struct run *run = lane->all->run;
    const struct op *op = lane->ops[index];
    uint32_t version;
    if (lane->slot.cap > 0)
        memset(lane->slot.ptr, STALE, lane->slot.cap);
    uint64_t start_ns = clock_ns();
    enum rc rc = read_newest(lane, op->file, &version);
    uint64_t end_ns = clock_ns();
    if (rc != RC_OK)
        return rc;
    const struct fact_of_blob *fact =
        &run->oracle.facts[oracle_find(&run->oracle, op->file, version)];
    lane->latencies[index] = (struct latency){
        .ns = end_ns - start_ns,
        .bytes = fact->len > UINT32_MAX ? UINT32_MAX : (uint32_t)fact->len,
        .op = LATENCY_READ,
    };
    lane->end_ns = end_ns;
    return oracle_compare(fact, buf_span(&lane->slot), "read beside the writer",
                          ranks_path(&run->ranks, op->file), &lane->err);
}

/* Its reads whose turn comes within the updates of this window. */
static void *lane_main(void *arg)
{
    struct lane *lane = arg;
    struct lanes *lanes = lane->all;
    enum rc rc = RC_OK;
    lane->start_ns = lane->end_ns = clock_ns();
    for (; rc == RC_OK && lane->next < lane->count; lane->next++) {
        double share = (double)lane->places[lane->next] / (double)lanes->reads;
        size_t due = (size_t)(share * (double)lanes->updates);
        if (due >= lanes->window_end && lanes->window_end < lanes->updates)
            break;
        if (!wait_for(lanes, due))
            return NULL;
        rc = read_one(lane, lane->next);
    }
    if (rc != RC_OK)
        tell_progress(lanes, 0, true);
    return NULL;
}

/* ---- the lane that writes -------------------------------------------------------------------- */

static enum rc items_reserve(struct lanes *lanes)
{
    size_t cap = lanes->item_cap ? 2 * lanes->item_cap : 64;
    if (lanes->item_count < lanes->item_cap)
        return RC_OK;
    void *items = realloc(lanes->items, cap * sizeof(*lanes->items));
    if (items)
        lanes->items = items;
    void *contents = items ? realloc(lanes->contents, cap * sizeof(*lanes->contents)) : NULL;
    if (!contents)
        return no_memory(lanes);
    lanes->contents = contents;
    memset(lanes->contents + lanes->item_cap, 0,
           (cap - lanes->item_cap) * sizeof(*lanes->contents));
    lanes->item_cap = cap;
    return RC_OK;
}

static enum rc window_prepare(struct lanes *lanes, size_t first)
{
    uint64_t bytes = 0;
    lanes->item_count = 0;
    while (first + lanes->item_count < lanes->updates && bytes < LANES_BYTES) {
        enum rc rc = items_reserve(lanes);
        if (rc != RC_OK)
            return rc;
        struct window_op *item = &lanes->items[lanes->item_count];
        *item = (struct window_op){.op = &lanes->phase->ops[first + lanes->item_count]};
        rc = window_prepare_put(lanes->phase, item, &lanes->contents[lanes->item_count]);
        if (rc != RC_OK)
            return rc;
        bytes += item->put.bytes.len;
        lanes->item_count++;
    }
    lanes->window_end = first + lanes->item_count;
    return RC_OK;
}

static void publish(struct lanes *lanes, size_t until)
{
    for (; lanes->pending < until; lanes->pending++) {
        const struct op *op = lanes->items[lanes->pending].op;
        atomic_store(&lanes->told[op->file].published, op->version);
    }
}

static enum rc write_one(struct lanes *lanes, size_t index, uint64_t *elapsed_ns)
{
    struct phase *phase = lanes->phase;
    struct window_op *item = &lanes->items[index];
    atomic_store(&lanes->told[item->op->file].announced, item->op->version);
    uint64_t start_ns = clock_ns();
    if (item->begins)
        store_lock(lanes);
    enum rc rc = window_write(phase, item);
    item->stored_bytes = lanes->run->store->counters[CTR_STORED_BYTES];
    if (rc != RC_OK)
        rc = phase_failed(phase, rc, (size_t)(item->op - phase->ops));
    if (item->commits || rc != RC_OK)
        store_unlock(lanes);
    *elapsed_ns = clock_ns() - start_ns;
    if (rc == RC_OK && item->commits)
        publish(lanes, index + 1);
    return rc;
}

static enum rc write_all(struct lanes *lanes)
{
    struct phase *phase = lanes->phase;
    enum rc rc = RC_OK;
    lanes->pending = 0;
    for (size_t i = 0; rc == RC_OK && i < lanes->item_count; i++) {
        uint64_t elapsed_ns = 0;
        rc = write_one(lanes, i, &elapsed_ns);
        if (rc == RC_OK && !lanes->unsupported)
            phase_add_latency(phase, elapsed_ns, lanes->items[i].put.bytes.len, LATENCY_UPDATE);
        tell_progress(lanes, 1, rc != RC_OK || run_stopped(lanes->run));
    }
    return rc;
}

static enum rc attribute_all(struct lanes *lanes, uint64_t stored)
{
    struct phase *phase = lanes->phase;
    enum rc rc = RC_OK;
    for (size_t i = 0; rc == RC_OK && i < lanes->item_count; i++) {
        const struct window_op *item = &lanes->items[i];
        phase->bytes_in += item->put.bytes.len;
        phase->commits += item->commits;
        rc = window_attribute(phase->run, item, item->stored_bytes - stored);
        stored = item->stored_bytes;
    }
    return rc;
}

/* ---- together -------------------------------------------------------------------------------- */

static enum rc readers_start(struct lanes *lanes)
{
    for (size_t i = 0; !lanes->unsupported && i < lanes->reader_count; i++) {
        struct lane *lane = &lanes->readers[i];
        int sys = pthread_create(&lane->thread, NULL, lane_main, lane);
        if (sys != 0) {
            tell_progress(lanes, 0, true);
            return FAIL(&lanes->run->outside_err, RC_NOMEM, sys, "cannot start a reader");
        }
        lane->started = true;
    }
    return RC_OK;
}

static enum rc readers_join(struct lanes *lanes, enum rc rc, uint64_t *end_ns)
{
    struct phase *phase = lanes->phase;
    for (size_t i = 0; i < lanes->reader_count; i++) {
        struct lane *lane = &lanes->readers[i];
        if (!lane->started)
            continue;
        CHECK(pthread_join(lane->thread, NULL) == 0);
        lane->started = false;
        if (lane->end_ns > *end_ns)
            *end_ns = lane->end_ns;
        if (rc == RC_OK && lane->err.rc != RC_OK)
            rc = FAIL(phase->run->err, run_blame(lane->err.rc), 0, "%s: reader %zu: %s",
                      phase->plan->name, i + 1, lane->err.msg);
    }
    return rc;
}

static enum rc window_together(struct lanes *lanes)
{
    struct phase *phase = lanes->phase;
    uint64_t stored = lanes->run->store->counters[CTR_STORED_BYTES];
    uint64_t start_ns = clock_ns();
    enum rc rc = readers_start(lanes);
    if (rc == RC_OK)
        rc = write_all(lanes);
    uint64_t end_ns = clock_ns();
    rc = readers_join(lanes, rc, &end_ns);
    phase->lanes_ns += end_ns - start_ns;
    if (rc == RC_OK && run_stopped(lanes->run))
        rc = FAIL(lanes->run->err, RC_INTERRUPTED, 0, "interrupted in %s", phase->plan->name);
    return rc == RC_OK ? attribute_all(lanes, stored) : rc;
}

static void take_reads(struct lanes *lanes)
{
    struct phase *phase = lanes->phase;
    for (size_t i = 0; !lanes->unsupported && i < lanes->reader_count; i++) {
        const struct lane *lane = &lanes->readers[i];
        CHECK(lane->next == lane->count);
        for (size_t k = 0; k < lane->count; k++)
            phase_add_latency(phase, lane->latencies[k].ns, lane->latencies[k].bytes, LATENCY_READ);
        phase->run->verified_blobs += lane->count;
    }
}

enum rc lanes_step(struct phase *phase)
{
    struct lanes lanes;
    enum rc rc = lanes_init(&lanes, phase);
    if (rc == RC_OK)
        rc = handles_open(&lanes);
    size_t first = 0;
    do { /* once, also where a recorded phase has no update */
        if (rc == RC_OK)
            rc = window_prepare(&lanes, first);
        if (rc == RC_OK)
            rc = window_together(&lanes);
        first += lanes.item_count;
    } while (rc == RC_OK && first < lanes.updates);
    if (rc == RC_OK)
        take_reads(&lanes);
    if (rc == RC_OK && !lanes.unsupported)
        phase->handles = lanes.serialised ? 1 : 1 + (uint32_t)lanes.reader_count;
    if (lanes.readers)
        rc = handles_close(&lanes, rc);
    phase->done = phase->op_count;
    lanes_release(&lanes);
    return rc;
}

/* ---- metrics --------------------------------------------------------------------------------- */

enum rc lanes_metrics(struct phase *phase)
{
    static const enum metric depends_on_turns[] = {
        M_BYTES_OUT,
        M_SETTLE_NS,
        M_CPU_NS,
        M_CPU_USER_NS,
        M_CPU_SYS_NS,
        M_CPU_MS_PER_MB,
        M_WRITE_BYTES,
        M_WRITE_CALLS,
        M_READ_BYTES,
        M_READ_CALLS,
        M_SYNCS,
        M_DB_WRITE_BYTES,
        M_WAL_WRITE_BYTES,
        M_JOURNAL_WRITE_BYTES,
        M_TEMP_WRITE_BYTES,
        M_EXTERNAL_WRITE_BYTES,
        M_COMMIT_SYNCS,
        M_COMMIT_SYNCS_PER_COMMIT,
        M_CHECKPOINTS,
        M_WRITE_AMP_PHYSICAL,
    };
    double *value = phase->sample->value;
    double *scratch = malloc((phase->timed + 1) * sizeof(*scratch));
    if (!scratch)
        return FAIL(phase->run->err, RC_NOMEM, 0, "no memory for %zu latencies", phase->timed);
    for (size_t i = 0; i < COUNT_OF(depends_on_turns); i++)
        value[depends_on_turns[i]] = NAN;
    latency_metrics_lanes(value, phase->latencies, phase->timed, scratch);
    free(scratch);
    value[M_READERS] = (double)phase->lanes;
    if (phase->handles > 0)
        value[M_HANDLES] = (double)phase->handles;
    if (phase->timed > 0) {
        value[M_WALL_NS] = (double)phase->lanes_ns;
        value[M_OPS_PER_S] = (double)phase->timed * 1e9 / (double)phase->lanes_ns;
    }
    return RC_OK;
}
