#include "results/metrics.h"

#include <string.h>

const struct metric_info metric_table[METRIC_COUNT] = {
#define METRIC(id, name, scope, kind, better, unit, formula, where) \
    [id] = {name, scope, kind, better, unit, formula, where},
#include "results/metrics.def"
#undef METRIC
};

enum metric metric_by_name(const char *name)
{
    for (int i = 0; i < METRIC_COUNT; i++) {
        if (strcmp(metric_table[i].name, name) == 0)
            return (enum metric)i;
    }
    return METRIC_COUNT;
}
