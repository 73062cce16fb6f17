/* schedule.h: the operations of a run, all drawn before its first clock starts.
 *
 * One schedule spans every phase of a run, in order; it knows which files exist and which version
 * of each is the newest at any point, so workloads only say what to do next.  Files are the
 * dataset's indices; keys (path ranks) are assigned by the driver once the schedule is complete.
 * Limits: SCHEDULE_OPS_MAX operations, DATASET_FILES_MAX files, DATASET_VERSIONS_MAX versions.
 */
#ifndef WORKLOADS_SCHEDULE_H
#define WORKLOADS_SCHEDULE_H

#include "datasets/dataset.h"
#include "engine/rng.h"

#define SCHEDULE_OPS_MAX ((size_t)100000000)

enum op_kind { OP_INSERT, OP_UPDATE, OP_READ, OP_SCAN };

struct op {
    enum op_kind kind;
    uint32_t file;    /* insert, update, read */
    uint32_t version; /* the one written or read; for a scan the number of files it must return */
};

struct schedule {
    struct op *ops;
    size_t count, cap;
    uint32_t *newest; /* per file that exists */
    uint32_t file_count, file_cap;
    struct err *err;
};

void schedule_init(struct schedule *schedule, struct err *err);
void schedule_release(struct schedule *schedule);

/* Create the next file of the dataset. */
MUST_CHECK enum rc schedule_insert(struct schedule *schedule);
/* Write the next version of an existing file. */
MUST_CHECK enum rc schedule_update(struct schedule *schedule, uint32_t file);
/* Read the newest version of an existing file. */
MUST_CHECK enum rc schedule_read(struct schedule *schedule, uint32_t file);
/* Read the newest version of every file, ordered by path. */
MUST_CHECK enum rc schedule_scan(struct schedule *schedule);

#endif
