/* p95work.h: the p95 of the work itself, without the machine's hiccups.
 *
 * The p95 of a mixed workload is mostly "which blobs are big".  Every round runs the same
 * operations, so each of them has as many latencies as there are rounds: their median says how long
 * that operation takes, and the p95 (Harrell & Davis) over operations of those medians is the tail
 * of the work.  What one round's disk or scheduler added is gone.  Its interval comes from
 * resampling rounds, the unit that was drawn.  DESCRIPTIVE: shown beside the p95 per run, no
 * verdict uses it.
 *
 * Read from raw/NNNN-PHASE.lat, of rounds that count; all of them must be there and list the same
 * operations, else there is no value.
 */
#ifndef ANALYSIS_P95WORK_H
#define ANALYSIS_P95WORK_H

#include "analysis/rounds.h"

enum { P95WORK_OPS_MIN = 400, P95WORK_DRAWS = 100 };

struct p95work {
    double ns;        /* NaN: not to be had */
    double low, high; /* 95 % of the resampled; NaN with fewer than three rounds */
    size_t ops, rounds;
};

/* A damaged or missing file is no error: there is no value then. */
MUST_CHECK enum rc p95work_find(const struct rounds *rounds, size_t arm, size_t place,
                                struct p95work *out, struct err *err);

#endif
