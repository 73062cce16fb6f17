/* phase.c: one workload executed on a store, window by window. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/quantile.h"
#include "workloads/run.h"

/* A window is small enough for its buffers to stay in the second-level cache of the machines this
 * was measured on, and large enough to make reading the CPU clock around it negligible. */
enum { WINDOW_OPS = 256 };
#define WINDOW_BYTES ((size_t)1 << 20)

struct window_op {
    const struct op *op;
    size_t fact; /* index into the oracle */
    struct put_request put;
    uint64_t stored_bytes; /* the strategy's counter after the operation */
    bool begins, commits;  /* this write opens or closes a batch */
};

struct window {
    struct window_op ops[WINDOW_OPS];
    struct buf slots[WINDOW_OPS]; /* content to put, or destination of a read */
    struct blob_key keys[WINDOW_OPS];
    uint64_t ends_ns[WINDOW_OPS];
    size_t count;
};

struct phase {
    struct run *run;
    const struct record_phase *plan;
    struct sample *sample;
    const struct op *ops;
    size_t op_count;
    struct latency *latencies; /* one per operation */
    size_t done;
    uint32_t in_batch; /* writes in the open batch, as planned so far */
    uint64_t bytes_in, bytes_out, commits;
    uint64_t checkpoints; /* that were due; settling makes one more */
    struct cpu_time cpu;
    uint64_t settle_ns;
    struct io_meter meter;
    struct codec_stats codec;
    uint64_t counters[CTR_COUNT];
};

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

/* Reads happen outside write transactions, so a read or the phase's end closes the batch. */
static bool write_follows(const struct phase *phase, const struct op *op)
{
    size_t next = (size_t)(op - phase->ops) + 1;
    return next < phase->op_count &&
           (phase->ops[next].kind == OP_INSERT || phase->ops[next].kind == OP_UPDATE);
}

/* ---- preparing a window, clock stopped ------------------------------------------------------ */

static enum rc prepare_put(struct phase *phase, struct window_op *item, struct buf *slot)
{
    struct run *run = phase->run;
    const struct op *op = item->op;
    const char *path = ranks_path(&run->ranks, op->file);
    enum rc rc = dataset_content(run->dataset, op->file, op->version, slot);
    if (rc == RC_OK)
        rc = oracle_put(&run->oracle, op->file, op->version, buf_span(slot), run->err);
    if (rc != RC_OK)
        return rc;
    item->fact = run->oracle.count - 1;
    if (op->version == 0 && op->file < run->env.base_files) {
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
    item->begins = phase->in_batch == 0;
    phase->in_batch++;
    item->commits = phase->in_batch == run->batch || !write_follows(phase, op);
    if (item->commits)
        phase->in_batch = 0;
    return RC_OK;
}

static enum rc prepare_read(struct phase *phase, struct window_op *item, struct buf *slot)
{
    struct run *run = phase->run;
    item->fact = run->oracle.newest[item->op->file];
    CHECK(run->oracle.facts[item->fact].version == item->op->version);
    return slot_prepare(run, slot, run->oracle.facts[item->fact].len);
}

/* Take operations until the window is full or a scan (which has windows of its own) comes next. */
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
        if (op->kind == OP_SCAN)
            break;
        *item = (struct window_op){.op = op};
        enum rc rc =
            op->kind == OP_READ ? prepare_read(phase, item, slot) : prepare_put(phase, item, slot);
        if (rc != RC_OK)
            return rc;
        bytes += phase->run->oracle.facts[item->fact].len;
        window->count++;
    }
    return RC_OK;
}

/* ---- the timed part ------------------------------------------------------------------------- */

static enum rc execute_write(struct phase *phase, struct window_op *item)
{
    struct run *run = phase->run;
    struct store *store = run->store;
    enum rc rc = RC_OK;
    if (item->begins)
        rc = store_begin(store);
    if (rc == RC_OK)
        rc = store_put(store, &item->put);
    if (rc == RC_OK && item->op->kind == OP_UPDATE && !run->keep_history)
        rc = store_del(store, (struct blob_key){.file_id = item->put.key.file_id,
                                                .version = item->put.key.version - 1});
    if (rc == RC_OK && item->commits)
        rc = store_commit(store);
    return rc;
}

static enum rc window_run(struct phase *phase, size_t *executed, uint64_t *start_ns)
{
    struct run *run = phase->run;
    struct window *window = run->window;
    struct store *store = run->store;
    enum rc rc = RC_OK;
    size_t i = 0;
    *start_ns = clock_ns();
    for (; i < window->count && rc == RC_OK; i++) {
        struct window_op *item = &window->ops[i];
        if (item->op->kind == OP_READ)
            rc =
                store_get(store, key_of(run, item->op->file, item->op->version), &window->slots[i]);
        else
            rc = execute_write(phase, item);
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

static enum rc attribute_put(struct run *run, const struct window_op *item, uint64_t stored)
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
    }
    return LATENCY_OTHER;
}

static enum rc operation_failed(struct phase *phase, enum rc rc, size_t index)
{
    const struct err *cause = store_error(phase->run->store);
    return FAIL(phase->run->err, run_blame(rc), 0, "%s: operation %zu: %s", phase->plan->name,
                index,
                rc == RC_NOTFOUND ? "a blob that was put is not found"
                : cause->msg[0]   ? cause->msg
                                  : rc_name(rc));
}

static enum rc window_verify(struct phase *phase, uint64_t start_ns, uint64_t stored_before)
{
    struct run *run = phase->run;
    struct window *window = run->window;
    enum rc rc = RC_OK;
    for (size_t i = 0; rc == RC_OK && i < window->count; i++) {
        const struct window_op *item = &window->ops[i];
        const struct fact_of_blob *fact = &run->oracle.facts[item->fact];
        phase->latencies[phase->done + i] = (struct latency){
            .ns = window->ends_ns[i] - (i ? window->ends_ns[i - 1] : start_ns),
            .bytes = fact->len > UINT32_MAX ? UINT32_MAX : (uint32_t)fact->len,
            .op = latency_kind(item->op->kind),
        };
        if (item->op->kind == OP_READ) {
            phase->bytes_out += fact->len;
            rc = run_verify(run, fact, buf_span(&window->slots[i]), phase->plan->name, true);
        } else {
            phase->bytes_in += fact->len;
            phase->commits += item->commits;
            rc = attribute_put(run, item, item->stored_bytes - stored_before);
        }
        stored_before = item->stored_bytes;
    }
    return rc;
}

static enum rc window_step(struct phase *phase)
{
    struct run *run = phase->run;
    uint64_t start_ns, stored_before = run->store->counters[CTR_STORED_BYTES];
    size_t executed = 0;
    enum rc rc = window_fill(phase);
    if (rc != RC_OK)
        return rc;
    struct cpu_time before = clock_cpu();
    rc = window_run(phase, &executed, &start_ns);
    cpu_add(&phase->cpu, before, clock_cpu());
    if (rc != RC_OK)
        return operation_failed(phase, rc, phase->done + executed - 1);
    rc = window_verify(phase, start_ns, stored_before);
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
        if (file >= run->oracle.file_count)
            continue; /* inserted by a later phase */
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

/* Read the prepared rows with the clock running; *got may be fewer after a failure. */
static enum rc scan_rows(struct phase *phase, size_t rows, size_t *got, uint64_t *elapsed_ns)
{
    struct window *window = phase->run->window;
    struct store *store = phase->run->store;
    enum rc rc = RC_OK;
    struct cpu_time before = clock_cpu();
    uint64_t start_ns = clock_ns();
    for (*got = 0; *got < rows; ++*got) {
        rc = store_scan_next(store, &window->keys[*got], &window->slots[*got]);
        if (rc != RC_OK)
            break;
    }
    *elapsed_ns += clock_ns() - start_ns;
    cpu_add(&phase->cpu, before, clock_cpu());
    return rc;
}

static enum rc scan_end(struct phase *phase, uint64_t *elapsed_ns)
{
    struct store *store = phase->run->store;
    struct blob_key key;
    struct cpu_time before = clock_cpu();
    uint64_t start_ns = clock_ns();
    enum rc rc = store_scan_next(store, &key, &phase->run->window->slots[0]);
    enum rc end = store_scan_end(store);
    *elapsed_ns += clock_ns() - start_ns;
    cpu_add(&phase->cpu, before, clock_cpu());
    if (rc == RC_OK)
        return FAIL(phase->run->err, RC_INVALID, 0,
                    "%s: the scan returned file %" PRIu64 ", which should not exist",
                    phase->plan->name, key.file_id);
    return rc == RC_NOTFOUND ? end : rc;
}

static enum rc scan_step(struct phase *phase)
{
    struct run *run = phase->run;
    uint64_t elapsed_ns = 0, bytes = 0;
    uint32_t rank = 0, left = phase->ops[phase->done].version;
    struct cpu_time before = clock_cpu();
    uint64_t start_ns = clock_ns();
    enum rc rc = store_scan_begin(run->store, 0, run->ranks.count);
    elapsed_ns += clock_ns() - start_ns;
    cpu_add(&phase->cpu, before, clock_cpu());
    while (rc == RC_OK && left > 0) {
        size_t rows, got;
        rc = scan_prepare(run, rank, &rows);
        if (rc != RC_OK)
            return rc;
        CHECK(rows > 0 && rows <= left);
        rc = scan_rows(phase, rows, &got, &elapsed_ns);
        if (rc != RC_OK && rc != RC_NOTFOUND)
            break;
        /* Where a file is missing the one after it stands in its place. */
        enum rc seen = scan_verify(phase, got, &bytes, &rank);
        if (seen != RC_OK)
            return seen;
        left -= (uint32_t)got;
        if (rc == RC_NOTFOUND)
            return FAIL(run->err, RC_INVALID, 0, "%s: the scan ended %u files too early",
                        phase->plan->name, left);
    }
    if (rc == RC_OK)
        rc = scan_end(phase, &elapsed_ns);
    if (rc != RC_OK)
        return run->err->rc != RC_OK ? rc : operation_failed(phase, rc, phase->done);
    phase->bytes_out += bytes;
    phase->latencies[phase->done] = (struct latency){
        .ns = elapsed_ns,
        .bytes = bytes > UINT32_MAX ? UINT32_MAX : (uint32_t)bytes,
        .op = LATENCY_SCAN,
    };
    phase->done++;
    return RC_OK;
}

/* ---- the phase as a whole ------------------------------------------------------------------- */

static enum rc phase_operations(struct phase *phase)
{
    enum rc rc = RC_OK;
    while (rc == RC_OK && phase->done < phase->op_count) {
        if (run_stopped(phase->run))
            return FAIL(phase->run->err, RC_INTERRUPTED, 0, "interrupted in %s", phase->plan->name);
        rc = phase->ops[phase->done].kind == OP_SCAN ? scan_step(phase) : window_step(phase);
    }
    return rc;
}

static void set_ratio(struct sample *sample, enum metric metric, double value, double by)
{
    if (by > 0)
        sample->value[metric] = value / by;
}

static enum rc phase_latency_metrics(struct phase *phase)
{
    double *value = phase->sample->value;
    double *sorted = malloc((phase->op_count ? phase->op_count : 1) * sizeof(*sorted));
    double wall_ns = 0;
    if (!sorted)
        return FAIL(phase->run->err, RC_NOMEM, 0, "no memory for %zu latencies", phase->op_count);
    for (size_t i = 0; i < phase->op_count; i++) {
        sorted[i] = (double)phase->latencies[i].ns;
        wall_ns += sorted[i];
    }
    quantile_sort(sorted, phase->op_count);
    value[M_OPS] = (double)phase->op_count;
    value[M_WALL_NS] = wall_ns;
    if (phase->op_count > 0) {
        value[M_P50_NS] = quantile_type7(sorted, phase->op_count, 0.50);
        value[M_MAX_NS] = sorted[phase->op_count - 1];
    }
    if (phase->op_count >= 20)
        value[M_P95_NS] = quantile_type7(sorted, phase->op_count, 0.95);
    if (phase->op_count >= 100)
        value[M_P99_NS] = quantile_type7(sorted, phase->op_count, 0.99);
    set_ratio(phase->sample, M_OPS_PER_S, (double)phase->op_count * 1e9, wall_ns);
    free(sorted);
    return RC_OK;
}

static void phase_io_metrics(struct phase *phase)
{
    struct sample *sample = phase->sample;
    const struct io_counts *kind = phase->meter.kind;
    double writes = 0, reads = 0;
    for (size_t k = 0; k < IO_KIND_COUNT; k++) {
        writes += (double)kind[k].calls[IO_OP_WRITE];
        reads += (double)(kind[k].calls[IO_OP_READ] + kind[k].calls[IO_OP_MAP]);
    }
    sample->value[M_WRITE_BYTES] = (double)io_meter_write_bytes(&phase->meter);
    sample->value[M_WRITE_CALLS] = writes;
    sample->value[M_READ_BYTES] = (double)io_meter_read_bytes(&phase->meter);
    sample->value[M_READ_CALLS] = reads;
    sample->value[M_SYNCS] = (double)io_meter_syncs(&phase->meter);
    sample->value[M_DB_WRITE_BYTES] = (double)kind[IO_DATABASE].write_bytes;
    sample->value[M_WAL_WRITE_BYTES] = (double)kind[IO_WAL].write_bytes;
    sample->value[M_JOURNAL_WRITE_BYTES] = (double)kind[IO_JOURNAL].write_bytes;
    sample->value[M_TEMP_WRITE_BYTES] = (double)kind[IO_TEMP].write_bytes;
    sample->value[M_EXTERNAL_WRITE_BYTES] = (double)kind[IO_EXTERNAL].write_bytes;
    if (phase->plan->reads_only)
        sample->value[M_BYTES_WRITTEN_BY_READS] = sample->value[M_WRITE_BYTES];
    set_ratio(sample, M_WRITE_AMP_PHYSICAL, sample->value[M_WRITE_BYTES], (double)phase->bytes_in);
}

static void phase_strategy_metrics(struct phase *phase)
{
    static const struct {
        enum metric metric;
        enum counter counter;
    } direct[] = {
        {M_UNIQUE_BYTES, CTR_UNIQUE_BYTES}, {M_DUP_BYTES, CTR_DUP_BYTES},
        {M_STORED_BYTES, CTR_STORED_BYTES}, {M_CHUNKS, CTR_CHUNKS},
        {M_COLLECTED, CTR_COLLECTED},       {M_CODEC_NONE, CTR_CODEC_NONE},
        {M_CODEC_ZSTD, CTR_CODEC_ZSTD},     {M_CODEC_BROTLI, CTR_CODEC_BROTLI},
        {M_CACHE_HITS, CTR_CACHE_HITS},     {M_CACHE_MISSES, CTR_CACHE_MISSES},
    };
    struct sample *sample = phase->sample;
    const uint64_t *ctr = phase->counters;
    for (size_t i = 0; i < COUNT_OF(direct); i++)
        sample->value[direct[i].metric] = (double)ctr[direct[i].counter];
    set_ratio(sample, M_DEDUP_RATIO, (double)ctr[CTR_DUP_BYTES], (double)phase->bytes_in);
    set_ratio(sample, M_CHUNK_REUSE, (double)ctr[CTR_CHUNKS_DUP], (double)ctr[CTR_CHUNKS]);
    sample->value[M_CODEC_SKIPPED] = (double)phase->codec.outcomes[CODEC_KEPT_HANDLER];
    sample->value[M_CODEC_REJECTED] = (double)phase->codec.outcomes[CODEC_KEPT_REJECTED];
    sample->value[M_CODEC_REJECTED_BYTES] = (double)phase->codec.rejected_bytes;
    sample->value[M_CODEC_REJECTED_NS] = (double)phase->codec.rejected_ns;
}

static void phase_time_metrics(struct phase *phase)
{
    struct sample *sample = phase->sample;
    double megabytes = (double)(phase->bytes_in + phase->bytes_out) / 1e6;
    sample->value[M_COMMITS] = (double)phase->commits;
    sample->value[M_BYTES_IN] = (double)phase->bytes_in;
    sample->value[M_BYTES_OUT] = (double)phase->bytes_out;
    sample->value[M_SETTLE_NS] = (double)phase->settle_ns;
    sample->value[M_CPU_NS] = (double)phase->cpu.total_ns;
    sample->value[M_CPU_USER_NS] = (double)phase->cpu.user_ns;
    sample->value[M_CPU_SYS_NS] = (double)phase->cpu.sys_ns;
    set_ratio(sample, M_CPU_MS_PER_MB, (double)phase->cpu.total_ns / 1e6, megabytes);
}

/* The durability claimed must be the durability delivered, and the strategy must have accounted for
 * every byte it was given. */
static enum rc phase_audit(struct phase *phase, const struct commit_audit *before)
{
    struct run *run = phase->run;
    struct commit_audit now = store_commit_audit(run->store);
    uint64_t syncs = now.syncs - before->syncs;
    phase->sample->value[M_COMMIT_SYNCS] = (double)syncs;
    phase->sample->value[M_CHECKPOINTS] = (double)phase->checkpoints;
    set_ratio(phase->sample, M_COMMIT_SYNCS_PER_COMMIT, (double)syncs,
              (double)(now.commits - before->commits));
    if (now.violations != before->violations)
        return FAIL(run->err, RC_INVALID, 0,
                    "%s: %" PRIu64 " commits did not sync as durability level %s requires "
                    "(%" PRIu64 " to %" PRIu64 " syncs per commit seen)",
                    phase->plan->name, now.violations - before->violations,
                    durability_name(run->durability), now.min_syncs, now.max_syncs);
    const uint64_t *ctr = phase->counters;
    if (ctr[CTR_PUT_BYTES] != phase->bytes_in ||
        ctr[CTR_UNIQUE_BYTES] + ctr[CTR_DUP_BYTES] != phase->bytes_in)
        return FAIL(run->err, RC_INVALID, 0,
                    "%s: %" PRIu64 " bytes were put, the strategy accounts for %" PRIu64
                    " unique and %" PRIu64 " duplicate",
                    phase->plan->name, phase->bytes_in, ctr[CTR_UNIQUE_BYTES], ctr[CTR_DUP_BYTES]);
    return RC_OK;
}

static enum rc phase_keep_latencies(struct phase *phase)
{
    char name[128];
    struct buf path = {0};
    struct err *err = &phase->run->outside_err;
    enum rc rc = buf_printf(&path, err, "%s/%s", phase->run->request->study_dir,
                            latencies_name(name, phase->run->request->run, phase->plan->name));
    if (rc == RC_OK)
        rc = latencies_write(buf_str(&path), phase->latencies, phase->op_count, err);
    buf_release(&path);
    return rc;
}

/* Counters and meters as they stand; later subtracted to give the phase's own. */
struct baseline {
    struct io_meter meter;
    struct codec_stats codec;
    uint64_t counters[CTR_COUNT];
    struct commit_audit audit;
};

static void baseline_take(const struct run *run, struct baseline *base)
{
    base->meter = run->io.meter;
    base->codec = *codec_set_stats(run->store->codecs);
    base->audit = store_commit_audit(run->store);
    memcpy(base->counters, run->store->counters, sizeof(base->counters));
}

static void phase_take_deltas(struct phase *phase, const struct baseline *base)
{
    const struct run *run = phase->run;
    const struct codec_stats *codec = codec_set_stats(run->store->codecs);
    io_meter_delta(&run->io.meter, &base->meter, &phase->meter);
    for (size_t i = 0; i < CTR_COUNT; i++)
        phase->counters[i] = run->store->counters[i] - base->counters[i];
    for (size_t i = 0; i < CODEC_OUTCOME_COUNT; i++)
        phase->codec.outcomes[i] = codec->outcomes[i] - base->codec.outcomes[i];
    phase->codec.rejected_bytes = codec->rejected_bytes - base->codec.rejected_bytes;
    phase->codec.rejected_ns = codec->rejected_ns - base->codec.rejected_ns;
}

static enum rc phase_settle(struct phase *phase)
{
    uint64_t start_ns = clock_ns();
    enum rc rc = store_settle(phase->run->store);
    phase->settle_ns = clock_ns() - start_ns;
    return rc == RC_OK ? RC_OK : operation_failed(phase, rc, phase->op_count);
}

static enum rc phase_measure(struct phase *phase, const struct baseline *base)
{
    phase_take_deltas(phase, base);
    enum rc rc = phase_audit(phase, &base->audit);
    if (rc == RC_OK)
        rc = phase_latency_metrics(phase);
    if (rc != RC_OK)
        return rc;
    phase_time_metrics(phase);
    phase_io_metrics(phase);
    phase_strategy_metrics(phase);
    return phase_keep_latencies(phase);
}

enum rc phase_execute(struct run *run, size_t index)
{
    const struct record_phase *plan = &run->manifest->phases[index];
    size_t first = run->phase_start[index];
    struct phase phase = {
        .run = run,
        .plan = plan,
        .ops = run->schedule.ops + first,
        .op_count = run->phase_start[index + 1] - first,
    };
    struct baseline base;
    phase.latencies = calloc(phase.op_count ? phase.op_count : 1, sizeof(*phase.latencies));
    if (!run->window)
        run->window = calloc(1, sizeof(*run->window));
    enum rc rc = RC_OK;
    if (!phase.latencies || !run->window)
        rc = FAIL(run->err, RC_NOMEM, 0, "no memory for %zu operations", phase.op_count);
    if (rc == RC_OK)
        rc = run_warm(run);
    if (rc == RC_OK) {
        baseline_take(run, &base);
        rc = phase_operations(&phase);
    }
    if (rc == RC_OK) {
        phase.checkpoints = store_commit_audit(run->store).checkpoints - base.audit.checkpoints;
        rc = phase_settle(&phase);
    }
    if (rc == RC_OK) {
        phase.sample = run_add_sample(run, SAMPLE_PHASE, plan->name);
        rc = phase_measure(&phase, &base);
    }
    if (rc == RC_OK && plan->snapshot[0])
        rc = snapshot_take(run, plan->snapshot, phase.sample);
    else if (rc == RC_OK && phase.sample->value[M_WRITE_BYTES] > 0)
        run->total_bytes_before = NAN; /* grown by this phase, not by the next */
    free(phase.latencies);
    return rc;
}
