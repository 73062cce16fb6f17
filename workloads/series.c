/* series.c: how a store grows within a phase: its sizes at the points the workload chose.
 *
 * The store is settled first, so that a point compares with a snapshot.  Neither that nor the
 * measuring is timed; what the checkpoint writes is in the phase's meters, as that at its end is,
 * but is not among the checkpoints that were due.
 */
#include "workloads/phase_parts.h"

static enum rc series_reserve(struct phase *phase)
{
    struct series *series = &phase->series;
    if (series->items)
        return RC_OK;
    size_t points = 0;
    for (size_t k = 0; k < phase->op_count; k++)
        points += phase->ops[k].kind == OP_MEASURE;
    series->items = arena_zalloc(&phase->run->result->arena, points, sizeof(*series->items));
    return series->items
               ? RC_OK
               : FAIL(phase->run->err, RC_NOMEM, 0, "no memory for %zu points of a series", points);
}

enum rc series_step(struct phase *phase)
{
    struct run *run = phase->run;
    const struct oracle *oracle = &run->oracle;
    struct file_sizes sizes = {0};
    enum rc rc = series_reserve(phase);
    if (rc != RC_OK)
        return rc;
    uint64_t checkpoints = store_commit_audit(run->store).checkpoints;
    rc = store_settle(run->store);
    if (rc != RC_OK)
        return phase_failed(phase, rc, phase->done);
    phase->base.audit.checkpoints += store_commit_audit(run->store).checkpoints - checkpoints;
    rc = snapshot_file_sizes(run, &sizes);
    if (rc != RC_OK)
        return rc;
    struct series *series = &phase->series;
    series->items[series->count++] = (struct series_point){
        .ops = phase->timed,
        .versions = oracle->count,
        .written_bytes = oracle->written_bytes,
        .live_bytes = oracle->live_bytes,
        .history_bytes = oracle->history_bytes,
        .total_bytes = (uint64_t)sizes.total,
    };
    phase->done++;
    return RC_OK;
}
