/* phase_parts.h: one phase in the making; for phase.c, window.c and phase_metrics.c only. */
#ifndef WORKLOADS_PHASE_PARTS_H
#define WORKLOADS_PHASE_PARTS_H

#include "workloads/pace.h"
#include "workloads/run.h"

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
    struct pace pace;     /* open loop; interval_ns 0 in closed loop */
    struct cpu_time cpu;
    uint64_t settle_ns;
    struct io_meter meter;
    struct codec_stats codec;
    uint64_t counters[CTR_COUNT];
};

/* Counters and meters as they stand; later subtracted to give the phase's own. */
struct phase_baseline {
    struct io_meter meter;
    struct codec_stats codec;
    uint64_t counters[CTR_COUNT];
    struct commit_audit audit;
};

/* The run's verdict on a strategy that failed operation `index`. */
enum rc phase_failed(struct phase *phase, enum rc rc, size_t index);

/* window.c: execute and verify the next operations: a window of them, or one scan.  Advances
 * phase->done. */
MUST_CHECK enum rc window_step(struct phase *phase);
MUST_CHECK enum rc window_new(struct window **out, struct err *err);
/* The timed operations of a window, in a function of its own under this name: a gate counts the
 * instructions between its beginning and its end. */
MUST_CHECK __attribute__((noinline)) enum rc window_run(struct phase *phase, size_t *executed,
                                                        uint64_t *start_ns);

/* phase_metrics.c: what was done since `base`, held against what was promised, into the phase's
 * sample and its latency file. */
void phase_baseline(const struct run *run, struct phase_baseline *base);
MUST_CHECK enum rc phase_measure(struct phase *phase, const struct phase_baseline *base);

#endif
