/* summary.h: a record condensed: every metric of every arm in every place it was measured, as
 * n, median, min and max over the arm's valid runs.
 *
 * A place is a phase, a snapshot, or the run as a whole.  An arm with one invalid run, with runs
 * that contradict each other or the control (record_verify_arm), or with none that finished is
 * INVALID: its cells, over what valid runs it has, stay visible in tables, but no frontier, plot or
 * choice uses them.  Valid runs of voided rounds are used nowhere, medians included; one that is
 * invalid has failed by its own doing, and counts.
 *
 * Ownership: a summary borrows the record, which must outlive it; its own memory is one arena.
 * Threading: one thread.
 */
#ifndef ANALYSIS_SUMMARY_H
#define ANALYSIS_SUMMARY_H

#include "analysis/stats.h"
#include "results/record.h"

#define SUMMARY_SCHEMA "blobfront/summary/2"
#define SUMMARY_NONE   ((size_t)-1)

struct summary_place {
    enum metric_scope scope;
    const char *name;                 /* of the phase or snapshot; "run" for the run */
    const struct record_phase *phase; /* PHASE only */
};

struct summary_arm {
    const struct record_arm *arm;
    bool valid;
    const char *reason; /* why it is INVALID, or "" */
    uint32_t runs, valid_runs;
    /* The run line of its last valid run (shares, PRAGMAs), or NULL. */
    const struct sample *last_run;
};

struct summary {
    const struct record *record;
    struct summary_arm *arms; /* as record->manifest.arms */
    size_t arm_count;
    struct summary_place *places; /* phases as planned, snapshots as taken, then the run */
    size_t place_count;
    struct stats *cells;           /* [arm][place][metric]; use summary_cell */
    size_t control, control_again; /* arms, or SUMMARY_NONE */
    uint32_t rounds;               /* the most valid runs any arm has */
    uint32_t voided;               /* rounds that were voided: their runs are used nowhere */
    struct arena arena;
};

MUST_CHECK enum rc summary_build(struct summary *summary, const struct record *record,
                                 struct err *err);
/* Accepts a zeroed summary. */
void summary_release(struct summary *summary);

/* Arms that ran and are INVALID. */
uint32_t summary_invalid_arms(const struct summary *summary);
/* SUMMARY_NONE when the study has no such arm, or no such place. */
size_t summary_arm_named(const struct summary *summary, const char *label);
size_t summary_place(const struct summary *summary, enum metric_scope scope, const char *name);
const struct stats *summary_cell(const struct summary *summary, size_t arm, size_t place,
                                 enum metric metric);
/* The cell's median; NaN when absent. */
double summary_median(const struct summary *summary, size_t arm, size_t place, enum metric metric);
/* True when any arm has a value of `metric` at `place`. */
bool summary_has(const struct summary *summary, size_t place, enum metric metric);
/* The snapshot that stands for "the size": after_update, else the last one, else SUMMARY_NONE. */
size_t summary_main_snapshot(const struct summary *summary);

struct frontier;
struct diagnosis;
/* summary.json (SUMMARY_SCHEMA) and cells.csv (a row per arm, place and metric that has a value,
 * with its ratio to the control's and the 95 % interval of that), appended to `out`. */
MUST_CHECK enum rc summary_json(const struct frontier *frontier, const struct diagnosis *diagnosis,
                                struct buf *out, struct err *err);
MUST_CHECK enum rc summary_csv(const struct frontier *frontier, struct buf *out, struct err *err);

#endif
