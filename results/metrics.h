/* metrics.h: the list of metrics as data; the meaning of each is in metrics.def. */
#ifndef RESULTS_METRICS_H
#define RESULTS_METRICS_H

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

/* METRIC_COUNT when there is no such name. */
enum metric metric_by_name(const char *name);

#endif
