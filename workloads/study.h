/* study.h: all rounds of a plan, on this machine, one process per run.
 *
 * Each round runs every arm once, in an order drawn afresh (plan_round_order), one after another: a
 * randomised complete block (Abedi & Brecht, ICPE 2017).  A run is a fresh process of this program
 * (`blobfront run-one`, internal) on a fresh store below <study>/stores/; its samples are appended
 * to the record only when it finished, so a study can stop at any point and be resumed.
 *
 * One process at a time works on a study; a second one is refused (RC_IO).  So is a program that is
 * not the one that began it (RC_MISMATCH): its runs would not be comparable with those recorded.
 *
 * Stops early, keeping what was recorded: a signal (RC_INTERRUPTED), the time budget (RC_OK), an
 * environment failure such as a full disk (its code).  An INVALID run is recorded and the study
 * goes on.
 */
#ifndef WORKLOADS_STUDY_H
#define WORKLOADS_STUDY_H

#include <signal.h>

#include "results/record.h"

struct study_progress {
    uint32_t round, rounds; /* 1-based; rounds of the plan */
    uint32_t runs_done, runs;
    const char *arm;              /* about to run */
    uint64_t elapsed_ns, left_ns; /* left: estimate, within the budget; 0 when unknown */
};

struct study_callbacks {
    void (*progress)(void *ctx, const struct study_progress *progress);
    void (*invalid)(void *ctx, const struct record_arm *arm, uint32_t round, const char *reason);
    void *ctx;
};

struct study_outcome {
    uint32_t runs_done, runs_invalid, rounds_done;
    bool budget_spent;
    bool opened; /* the study is there and ours to go on with: what it holds stands */
};

/* Run (or go on with) the study in `dir`. */
MUST_CHECK enum rc study_run(const char *dir, const struct study_callbacks *callbacks,
                             const volatile sig_atomic_t *stop, struct study_outcome *outcome,
                             struct err *err);

/* One run of the study in `dir`, in this process: what `run-one` does.  Leaves its samples in
 * <dir>/work/run-NNNN.jsonl. */
MUST_CHECK enum rc study_run_one(const char *dir, uint32_t run, const volatile sig_atomic_t *stop,
                                 struct err *err);

#endif
