/* phase.c: one workload executed on a store: warmed, metered, settled, measured. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "workloads/lanes.h"
#include "workloads/phase_parts.h"

enum rc phase_failed(struct phase *phase, enum rc rc, size_t index)
{
    const struct err *cause = store_error(phase->run->store);
    return FAIL(phase->run->err, run_blame(rc), 0, "%s: operation %zu: %s", phase->plan->name,
                index,
                rc == RC_NOTFOUND ? "a blob that was put is not found"
                : cause->msg[0]   ? cause->msg
                                  : rc_name(rc));
}

void phase_add_cpu(struct phase *phase, struct cpu_time before)
{
    struct cpu_time now = clock_cpu();
    phase->cpu.total_ns += now.total_ns - before.total_ns;
    phase->cpu.user_ns += now.user_ns - before.user_ns;
    phase->cpu.sys_ns += now.sys_ns - before.sys_ns;
}

void phase_add_latency(struct phase *phase, uint64_t ns, size_t bytes, enum latency_op op)
{
    CHECK(phase->timed < phase->op_count);
    phase->latencies[phase->timed++] = (struct latency){
        .ns = ns,
        .bytes = bytes > UINT32_MAX ? UINT32_MAX : (uint32_t)bytes,
        .op = op,
    };
}

static enum rc phase_step(struct phase *phase)
{
    switch (phase->ops[phase->done].kind) {
    case OP_REOPEN: return reopen_step(phase);
    case OP_CRASH: return crash_step(phase);
    case OP_MEASURE: return series_step(phase);
    default: return window_step(phase);
    }
}

static enum rc phase_operations(struct phase *phase)
{
    enum rc rc = RC_OK;
    while (rc == RC_OK && phase->done < phase->op_count) {
        if (run_stopped(phase->run))
            return FAIL(phase->run->err, RC_INTERRUPTED, 0, "interrupted in %s", phase->plan->name);
        rc = phase->lanes > 0 ? lanes_step(phase) : phase_step(phase);
    }
    return rc;
}

static enum rc phase_settle(struct phase *phase)
{
    uint64_t start_ns = clock_ns();
    enum rc rc = store_settle(phase->run->store);
    phase->settle_ns = clock_ns() - start_ns;
    return rc == RC_OK ? RC_OK : phase_failed(phase, rc, phase->op_count);
}

/* ---- warming up ------------------------------------------------------------------------------ */

static enum rc warm_read(struct run *run, const char *phase, uint32_t file, struct buf *buf)
{
    const struct fact_of_blob *fact = oracle_newest(&run->oracle, file);
    struct blob_key key = {.file_id = run->ranks.rank_of[file], .version = fact->version};
    char what[QUOTE_SIZE];
    (void)snprintf(what, sizeof(what), "%.180s: warm-up", phase);
    enum rc rc = buf_reserve(buf, fact->len ? fact->len : 1, run->err);
    if (rc != RC_OK)
        return rc;
    buf_clear(buf);
    rc = store_get(run->store, key, buf);
    if (rc != RC_OK)
        return FAIL(run->err, run_blame(rc), 0, "%s: %s", what,
                    rc == RC_NOTFOUND ? "a blob that was put is not found"
                                      : store_error(run->store)->msg);
    return oracle_compare(fact, buf_span(buf), what, ranks_path(&run->ranks, file), run->err);
}

/* One of the files that exist; there is at least one. */
static uint32_t warm_pick(const struct oracle *oracle, struct rng *rng)
{
    uint32_t file = (uint32_t)rng_below(rng, oracle->file_count);
    while (!oracle_exists(oracle, file))
        file = (uint32_t)((file + 1) % oracle->file_count);
    return file;
}

/* Untimed reads before a phase that only reads: the newest versions of files drawn at random, held
 * against the oracle like all others, before the meters are read.  Not of a strategy whose reads
 * write: filling its cache is what its first reads cost.  Phases that write get none: they change
 * what they would warm. */
static enum rc phase_warm_up(struct run *run, size_t index, size_t op_count)
{
    const struct record_protocol *protocol = &run->manifest->protocol;
    const struct record_phase *plan = &run->manifest->phases[index];
    struct rng rng = rng_stream(run->manifest->seed, "warm-up", index);
    uint64_t reads = (uint64_t)(protocol->warmup_share * (double)op_count);
    struct buf buf = {0};
    enum rc rc = RC_OK;
    if (reads < protocol->warmup_min)
        reads = protocol->warmup_min;
    if (!plan->reads_only || (run->spec.row->ops->caps & CAP_READ_WRITES) ||
        run->oracle.live_files == 0)
        return RC_OK;
    for (uint64_t i = 0; rc == RC_OK && i < reads; i++) {
        if (i % 64 == 0 && run_stopped(run))
            rc = FAIL(run->err, RC_INTERRUPTED, 0, "interrupted in %s", plan->name);
        else
            rc = warm_read(run, plan->name, warm_pick(&run->oracle, &rng), &buf);
    }
    buf_release(&buf);
    return rc;
}

/* ---- one phase ------------------------------------------------------------------------------- */

/* Operations that came from elsewhere (a trace's) are no workload's, and can always be offered at a
 * rate. */
static struct pace phase_pace(const struct run *run, size_t index)
{
    const struct record_manifest *manifest = run->manifest;
    const struct workload *workload = workload_by_name(manifest->phases[index].workload);
    if (manifest->trace.speed > 0)
        return pace_of_times(run->drawn.times_ns + run->drawn.phase_start[index],
                             manifest->trace.speed);
    return pace_of(!workload || workload->open_loop ? manifest->protocol.open_loop_per_s : 0);
}

/* Percentiles are of response times then; work and throughput are those of the service (pace.h). */
static void phase_take_service(struct phase *phase)
{
    double *value = phase->sample->value, service_ns = (double)phase->pace.service_ns;
    if (!pace_is_open(&phase->pace) || phase->pace.service_ns == 0)
        return;
    value[M_WALL_NS] = service_ns;
    value[M_OPS_PER_S] = (double)phase->timed * 1e9 / service_ns;
}

const char *phase_lacks(const struct run *run, size_t index)
{
    const struct drawn *drawn = &run->drawn;
    if (run->spec.row->ops->caps & CAP_DELETE)
        return NULL;
    for (size_t k = drawn->phase_start[index]; k < drawn->phase_start[index + 1]; k++) {
        enum op_kind kind = drawn->schedule.ops[k].kind;
        /* Under retention `latest` the version before goes with every update. */
        if (kind == OP_DELETE || (kind == OP_UPDATE && !run->keep_history))
            return "delete";
    }
    return NULL;
}

enum rc phase_execute(struct run *run, size_t index)
{
    const struct record_phase *plan = &run->manifest->phases[index];
    const struct drawn *drawn = &run->drawn;
    size_t first = drawn->phase_start[index];
    struct phase phase = {
        .run = run,
        .plan = plan,
        .ops = drawn->schedule.ops + first,
        .op_count = drawn->phase_start[index + 1] - first,
        .batch = drawn->phase_batch[index],
        .lanes = drawn->phase_lanes[index],
        .pace = phase_pace(run, index),
    };
    phase.latencies = calloc(phase.op_count ? phase.op_count : 1, sizeof(*phase.latencies));
    enum rc rc = RC_OK;
    if (!phase.latencies)
        rc = FAIL(run->err, RC_NOMEM, 0, "no memory for %zu operations", phase.op_count);
    if (rc == RC_OK && !run->window)
        rc = window_new(&run->window, run->err);
    if (rc == RC_OK)
        rc = run_warm(run);
    if (rc == RC_OK)
        rc = phase_warm_up(run, index, phase.op_count);
    if (rc == RC_OK) {
        phase_baseline(&phase);
        rc = phase_operations(&phase);
    }
    if (rc == RC_OK) {
        phase.checkpoints = store_commit_audit(run->store).checkpoints -
                            phase.base.audit.checkpoints + phase.carried.audit.checkpoints;
        rc = phase_settle(&phase);
    }
    if (rc == RC_OK) {
        phase.sample = run_add_sample(run, SAMPLE_PHASE, plan->name);
        rc = phase_measure(&phase);
    }
    if (rc == RC_OK)
        phase_take_service(&phase);
    if (rc == RC_OK && plan->snapshot[0])
        rc = snapshot_take(run, plan->snapshot, phase.sample);
    else if (rc == RC_OK && phase.sample->value[M_WRITE_BYTES] != 0)
        run->total_bytes_before = NAN; /* grown by this phase, not by the next */
    free(phase.latencies);
    return rc;
}
