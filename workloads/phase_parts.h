/* phase_parts.h: one phase in the making; for phase.c, window.c and phase_metrics.c only. */
#ifndef WORKLOADS_PHASE_PARTS_H
#define WORKLOADS_PHASE_PARTS_H

#include "workloads/pace.h"
#include "workloads/run.h"

/* Counters and meters as they stand; later subtracted to give the phase's own. */
struct phase_baseline {
    struct io_meter meter;
    struct codec_stats codec;
    uint64_t counters[CTR_COUNT];
    struct commit_audit audit;
};

struct phase {
    struct run *run;
    const struct record_phase *plan;
    struct sample *sample;
    const struct op *ops;
    size_t op_count;
    size_t done;
    struct latency *latencies; /* of the operations that are timed, in their order */
    size_t timed;
    uint32_t batch;    /* writes per transaction */
    uint32_t in_batch; /* writes in the open batch, as planned so far */
    uint64_t bytes_in, bytes_out, commits;
    uint64_t checkpoints; /* that were due; settling makes one more */
    struct pace pace;     /* open loop; interval_ns 0 in closed loop */
    struct cpu_time cpu;
    uint64_t settle_ns;
    struct series series;
    struct phase_baseline base;    /* when the phase began, or the store was opened last */
    struct phase_baseline carried; /* by the stores that were closed in it; no meter: it runs on */
    struct io_meter meter;
    struct codec_stats codec;
    uint64_t counters[CTR_COUNT];
};

/* The run's verdict on a strategy that failed operation `index`. */
enum rc phase_failed(struct phase *phase, enum rc rc, size_t index);

/* The CPU time since `before` was the store's. */
void phase_add_cpu(struct phase *phase, struct cpu_time before);
/* One more timed operation. */
void phase_add_latency(struct phase *phase, uint64_t ns, size_t bytes, enum latency_op op);

/* window.c: execute and verify the next operations: a window of them, or one scan.  Advances
 * phase->done. */
MUST_CHECK enum rc window_step(struct phase *phase);
/* reopen.c: the next operation is an OP_REOPEN: settle, close, drop the files from the page cache;
 * then, with the clock running, open.  A volatile store stays as it is, and no operation is
 * counted. */
MUST_CHECK enum rc reopen_step(struct phase *phase);
/* series.c: the next operation is an OP_MEASURE: settle, and add a point to the phase's series. */
MUST_CHECK enum rc series_step(struct phase *phase);
MUST_CHECK enum rc window_new(struct window **out, struct err *err);
/* The timed operations of a window, in a function of its own under this name: a gate counts the
 * instructions between its beginning and its end. */
MUST_CHECK __attribute__((noinline)) enum rc window_run(struct phase *phase, size_t *executed,
                                                        uint64_t *start_ns);

/* phase_metrics.c: the meters and counters as they stand are the phase's beginning. */
void phase_baseline(struct phase *phase);
/* Around a reopening: a store counts from 0 when it is opened. */
void phase_carry(struct phase *phase);
void phase_go_on(struct phase *phase);
/* What was done since the phase began, held against what was promised, into its sample and its
 * latency file. */
MUST_CHECK enum rc phase_measure(struct phase *phase);

#endif
