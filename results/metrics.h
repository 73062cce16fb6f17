/* metrics.h: the list of metrics as data; the meaning of each is in metrics.def. */
#ifndef RESULTS_METRICS_H
#define RESULTS_METRICS_H

#include <stdbool.h>
#include <stddef.h>

enum metric_scope { PHASE, SNAPSHOT, RUN };
enum metric_kind { COUNTER, TIMING };
enum metric_better { LOWER, HIGHER, NEITHER };

enum metric {
#define METRIC(id, name, scope, kind, better, unit, formula, where) id,
#include "results/metrics.def"
#undef METRIC
    METRIC_COUNT
};

struct metric_info {
    const char *name;
    enum metric_scope scope;
    enum metric_kind kind;
    enum metric_better better;
    const char *unit, *formula, *where;
};
extern const struct metric_info metric_table[METRIC_COUNT];

/* A percentile needs 20 values beyond it: 20 / 0.05 and 20 / 0.01 operations.  With fewer it is
 * hardly better known than the maximum, and it is absent. */
enum { METRIC_P95_OPS = 400, METRIC_P99_OPS = 2000 };
/* The least a size class must hold to have a p95 of its own: this many operations, and one in
 * METRIC_STRATUM_PART of all. */
enum { METRIC_STRATUM_OPS = 100, METRIC_STRATUM_PART = 20 };

/* Growth and slopes: a store may shrink. */
bool metric_may_be_negative(enum metric metric);
/* METRIC_COUNT when there is no such name. */
enum metric metric_by_name(const char *name);

#endif
