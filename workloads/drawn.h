/* drawn.h: every operation of a study, phase by phase, before anything runs.
 *
 * They are a pure function of the manifest and the dataset, or those of the trace in the study's
 * folder: runs execute them, traces record them, bounds are computed from them.  Operations never
 * depend on contents or on a strategy.
 */
#ifndef WORKLOADS_DRAWN_H
#define WORKLOADS_DRAWN_H

#include "results/record.h"
#include "workloads/workload.h"

#define DRAWN_PHASES_MAX 32

struct drawn {
    struct workload_env env;
    struct schedule schedule;
    size_t phase_count;
    size_t phase_start[DRAWN_PHASES_MAX + 1]; /* slices of schedule.ops */
    uint32_t phase_batch[DRAWN_PHASES_MAX];   /* writes per transaction, 1 or more */
    uint32_t phase_lanes[DRAWN_PHASES_MAX];
    /* When each operation is due, counted from the beginning of its phase; ascending within one.
     * NULL: the operations have no times. */
    uint64_t *times_ns;
};

/* The manifest's dataset; the study is in `dir` (NULL where there is no folder yet).  RC_IO when it
 * has not as many files as the manifest says.  dataset_close it. */
MUST_CHECK enum rc drawn_dataset_open(const struct record_manifest *manifest, const char *dir,
                                      struct dataset **out, struct err *err);
/* Draw them, or read them from the trace: RC_MISMATCH when it is not the study's.  `dataset` is the
 * manifest's, is borrowed and must outlive `drawn`, and `err` likewise.  Release it whatever came
 * of it. */
MUST_CHECK enum rc drawn_make(struct drawn *drawn, const struct record_manifest *manifest,
                              const char *dir, struct dataset *dataset, struct err *err);
/* Operations from outside can be carried out: RC_USAGE names phase and operation. */
MUST_CHECK enum rc drawn_check(const struct drawn *drawn, const struct record_manifest *manifest,
                               struct err *err);
void drawn_release(struct drawn *drawn); /* accepts zero */

#endif
