/* phase.c: one workload executed on a store: warmed, metered, settled, measured. */
#include <math.h>
#include <stdlib.h>

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

static enum rc phase_operations(struct phase *phase)
{
    enum rc rc = RC_OK;
    while (rc == RC_OK && phase->done < phase->op_count) {
        if (run_stopped(phase->run))
            return FAIL(phase->run->err, RC_INTERRUPTED, 0, "interrupted in %s", phase->plan->name);
        rc = window_step(phase);
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
    struct phase_baseline base;
    phase.latencies = calloc(phase.op_count ? phase.op_count : 1, sizeof(*phase.latencies));
    enum rc rc = RC_OK;
    if (!phase.latencies)
        rc = FAIL(run->err, RC_NOMEM, 0, "no memory for %zu operations", phase.op_count);
    if (rc == RC_OK && !run->window)
        rc = window_new(&run->window, run->err);
    if (rc == RC_OK)
        rc = run_warm(run);
    if (rc == RC_OK) {
        phase_baseline(run, &base);
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
