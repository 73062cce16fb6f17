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
    struct pace pace;     /* open loop, when pace_is_open */
    struct cpu_time cpu;
    uint64_t settle_ns;
    uint32_t lanes, handles; /* lanes.c: readers; stores open at once, 0: nothing timed */
    uint64_t lanes_ns;
    uint64_t recoveries, recovered_bytes; /* crash.c */
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

/* An operation made ready with the clock stopped. */
struct window_op {
    const struct op *op;
    size_t fact;               /* of the blob put, read or deleted: index into the oracle */
    struct blob_key key;       /* of a read; of a write, the first version to delete */
    uint32_t deletes;          /* so many versions from there on */
    const struct range *range; /* of a read of a part */
    struct put_request put;
    uint64_t stored_bytes; /* the strategy's counter after the operation */
    bool begins, commits;  /* this write opens or closes a batch */
};

/* window.c: a write: its content into `slot`, what the store must do, and the oracle told; done, in
 * its batch's transaction; what was stored for it attributed to extension and handler. */
MUST_CHECK enum rc window_prepare_put(struct phase *phase, struct window_op *item,
                                      struct buf *slot);
MUST_CHECK enum rc window_write(struct phase *phase, struct window_op *item);
MUST_CHECK enum rc window_attribute(struct run *run, const struct window_op *item, uint64_t stored);

/* window.c: execute and verify the next operations: a window of them, or one scan.  Advances
 * phase->done. */
MUST_CHECK enum rc window_step(struct phase *phase);
/* reopen.c: the next operation is an OP_REOPEN: settle, close, drop the files from the page cache;
 * then, with the clock running, open.  A volatile store stays as it is, and no operation is
 * counted. */
MUST_CHECK enum rc reopen_step(struct phase *phase);
/* Write the store's files through and drop them from the page cache. */
MUST_CHECK enum rc reopen_drop_files(struct run *run);
/* crash.c: the next operation is an OP_CRASH; its updates are done with it.  Of a volatile store
 * they are done, and no operation is counted. */
MUST_CHECK enum rc crash_step(struct phase *phase);
/* series.c: the next operation is an OP_MEASURE: settle, and add a point to the phase's series. */
MUST_CHECK enum rc series_step(struct phase *phase);
/* The phase is over: what its series says, into the phase's sample. */
MUST_CHECK enum rc series_measure(struct phase *phase);
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
