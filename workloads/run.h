/* run.h: one run: one process, one fresh store, every phase of the suite.
 *
 * A run opens the dataset, draws every operation, creates the store, and then for each phase
 *   1. warms the store's files (page cache untouched for a minute may be evicted on shared hosts)
 *      and, where the phase only reads, the store itself by untimed reads: the larger of warmup_min
 *      and warmup_share of the phase's operations, outside every meter,
 *   2. executes the operations in windows: contents are generated and destinations prepared, the
 *      clock runs over the window, then every byte read is verified with the clock stopped,
 *   3. settles (checkpoint), meters the difference, and measures the store at rest where the plan
 *      asks for a snapshot: settled, closed, reopened.
 * At the end the store is reopened and every blob it must hold is read and compared, every blob it
 * must not hold is looked for, a scan must find all files in order, its own invariants are checked,
 * and it is asked whether its options took effect (effects.h).
 *
 * Latency of an operation: from the end of the one before it to its own end, one clock read each;
 * it includes BEGIN, COMMIT and a due checkpoint when the operation opens or closes a batch.
 *
 * What a strategy does not offer.  Without reads of parts it reads the blob and takes the part;
 * without scans it reads every file by its key: what its user would have to do, and it counts.
 * Without deletes there is no such way: a phase that deletes is not run, nor is any after it, for
 * they stand on what it would have left; their samples say `unsupported` and hold no values.
 *
 * In open loop (protocol.open_loop_per_s, phases other than ingest and scans) operations have a
 * time at which they are due, and latency counts from there: see pace.h for what wall_ns,
 * ops_per_s and CPU time are then.
 *
 * A run that did not do what it claims ends INVALID with a reason: that is a result (RC_OK,
 * samples' run line has valid = false).  An error is returned when the environment failed (no
 * space, dataset changed, out of memory, interrupted): the run then has no result.
 */
#ifndef WORKLOADS_RUN_H
#define WORKLOADS_RUN_H

#include <signal.h>

#include "engine/clock.h"
#include "results/record.h"
#include "strategies/strategies.h"
#include "workloads/drawn.h"
#include "workloads/oracle.h"
#include "workloads/ranges.h"
#include "workloads/ranks.h"
#include "workloads/shares.h"

#define RUN_PHASES_MAX  DRAWN_PHASES_MAX
#define RUN_SAMPLES_MAX (2 * RUN_PHASES_MAX + 2)

struct run_request {
    const struct record_manifest *manifest;
    const char *study_dir; /* raw latencies go to study_dir/raw/ */
    const char *store_dir; /* exists, empty */
    const char *kept_dir;  /* describe the store here when it outlives the run, or NULL */
    uint32_t run, round, slot, arm;
    uint32_t env_padding, link_order;  /* the layout this process has: recorded, not acted upon */
    const volatile sig_atomic_t *stop; /* set by a signal: end at the next window; may be NULL */
};

struct run_result {
    struct arena arena; /* owns every string of the samples */
    struct sample samples[RUN_SAMPLES_MAX];
    size_t sample_count;
};

MUST_CHECK enum rc run_execute(const struct run_request *request, struct run_result *result,
                               struct err *err);
void run_result_release(struct run_result *result);

/* ---- shared by run.c, phase*.c, window.c and snapshot.c -------------------------------------- */

struct window; /* window.c */

struct run {
    const struct run_request *request;
    const struct record_manifest *manifest;
    const struct record_arm *arm;
    struct run_result *result;
    struct err *err;
    uint64_t start_ns;

    struct dataset *dataset;
    struct err outside_err; /* apart from err: not the strategy failed, but the plan, the data or
                             * the study's folder */
    struct drawn drawn;
    struct ranks ranks;
    struct oracle oracle;
    struct ranges ranges;
    size_t phases_done; /* the others were left out: the strategy does not support them */
    enum durability durability;
    bool keep_history;
    uint32_t batch;

    struct strategy_spec spec;
    struct io io;
    struct store *store;
    bool sharing; /* it is opened beside others on the same directory (lanes.h) */
    struct window *window;

    struct hash128 verification; /* fold over every blob read in a phase, in order */
    struct hash128 dataset_hash; /* fold over (path, content) of version 0, as put */
    uint64_t verified_blobs, verified_bytes;
    struct shares by_extension, by_handler;
    uint64_t counters[CTR_COUNT]; /* the strategy's, over all phases */
    struct record_probes probes;  /* effects.c */
    uint64_t peak_rss_bytes;      /* likewise; 0: not asked for yet */
    double total_bytes_before;    /* of the last snapshot, for write_amp; NaN: written to since */
};

/* What a failed call of the store makes of the run: a lack of space or memory is the environment's
 * fault and stays what it is, everything else is RC_INVALID. */
enum rc run_blame(enum rc rc);
struct store_config run_store_config(const struct run *run, struct io *io, bool shared);
MUST_CHECK enum rc run_open_store(struct run *run);
/* Settled first. */
MUST_CHECK enum rc run_close_store(struct run *run);
/* Read every file of the store once, outside every metered window. */
MUST_CHECK enum rc run_warm(struct run *run);
struct sample *run_add_sample(struct run *run, enum sample_kind kind, const char *name);
/* Compare one blob with its fact, count it, fold it into the verification hash when asked. */
MUST_CHECK enum rc run_verify(struct run *run, const struct fact_of_blob *fact, struct span bytes,
                              const char *what, bool fold);
bool run_stopped(const struct run *run);

/* phase.c */
MUST_CHECK enum rc phase_execute(struct run *run, size_t index);
/* What the phase needs, the strategy does not offer, and nothing can stand in for; or NULL. */
const char *phase_lacks(const struct run *run, size_t index);
/* window.c; accepts NULL */
void window_free(struct window *window);

/* The sizes of the store's files, as they are. */
struct file_sizes {
    double total, database, sidecar, external, files;
};
/* snapshot.c */
MUST_CHECK enum rc snapshot_file_sizes(struct run *run, struct file_sizes *sizes);
/* Settle, close, measure the files, reopen, measure the database. */
MUST_CHECK enum rc snapshot_take(struct run *run, const char *name, struct sample *phase);

#endif
