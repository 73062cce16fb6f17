/* trace.h: the operations of a study as a file: recorded, read back, drawn again.
 *
 * A trace says everything that decides a study's counters but the strategies: the dataset (its
 * spec, seed and hash, or keys and sizes of its own), retention, durability, transactions, the
 * phases and every operation in them.  docs/traces.md specifies the file byte by byte.
 *
 * Reading trusts nothing: what is refused, and how, is said in datasets/trace_file.h; of operations
 * also those that are impossible where they stand (schedule_take).  At most TRACE_FILE_BYTES_MAX.
 */
#ifndef WORKLOADS_TRACE_H
#define WORKLOADS_TRACE_H

#include "datasets/trace_file.h"
#include "workloads/drawn.h"

/* The name of a trace in its study's folder, the dataset that is its own blobs, and the workload
 * of phases that no workload drew. */
#define TRACE_NAME     "trace.bft"
#define TRACE_DATASET  "trace"
#define TRACE_WORKLOAD RECORD_TRACE_WORKLOAD
/* Times are below this: 31 years. */
#define TRACE_TIME_MAX ((uint64_t)1000000000 * 1000000000)

struct trace_phase {
    const char *name, *workload, *options, *snapshot;
    bool reads_only;
    uint32_t batch; /* writes per transaction; 0: the study's */
    uint32_t lanes;
    size_t op_count;
};

struct trace {
    const char *path; /* for messages */
    struct buf bytes; /* the file; what is read points into it, or into arena */
    struct arena arena;
    struct hash128 hash;           /* of the file */
    struct trace_file_blobs blobs; /* look NULL: the data are dataset_spec's */
    const char *dataset_spec;      /* "": the blobs */
    uint64_t seed;
    struct hash128 dataset_hash;
    uint64_t dataset_files, dataset_bytes;
    bool keep_history;
    const char *durability;
    uint32_t batch;
    bool timed;
    struct trace_phase phases[DRAWN_PHASES_MAX];
    size_t phase_count, op_count;
    struct unpack ops; /* stands before the first operation */
};

/* All but the operations.  Release it whatever came of it; `path` and `err` must outlive it. */
MUST_CHECK enum rc trace_read(struct trace *trace, const char *path, struct err *err);
void trace_release(struct trace *trace); /* accepts zero */
/* The operations, into a schedule that is empty; schedule, phases, batches, lanes and times are
 * filled, with `batch` writes per transaction where a phase has no number of its own. */
MUST_CHECK enum rc trace_draw(struct trace *trace, uint32_t batch, struct drawn *drawn);

/* The head of the trace of a study; texts are borrowed.  `blobs` likewise, NULL when its data are
 * not a trace's own.  No need to release it. */
void trace_describe(struct trace *trace, const struct record_manifest *manifest,
                    const struct drawn *drawn, const struct trace_file_blobs *blobs);
/* The whole file, into an empty buf.  RC_BUG for operations that are impossible. */
MUST_CHECK enum rc trace_print(const struct trace *trace, const struct drawn *drawn,
                               struct buf *out, struct err *err);
/* The trace of the study in `dir` (NULL: it has no folder yet) into an empty buf; *head says what
 * is in it, its texts are the manifest's.  RC_MISMATCH when the data have changed. */
MUST_CHECK enum rc trace_record(const struct record_manifest *manifest, const char *dir,
                                struct buf *out, struct trace *head, struct err *err);

#endif
