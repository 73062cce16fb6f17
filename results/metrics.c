#include "results/metrics.h"

#include <string.h>

const struct metric_info metric_table[METRIC_COUNT] = {
#define METRIC(id, name, scope, kind, better, unit, formula, where) \
    [id] = {name, scope, kind, better, unit, formula, where},
#include "results/metrics.def"
#undef METRIC
};

bool metric_may_be_negative(enum metric metric)
{
    return metric == M_WRITE_AMP || metric == M_GROWTH_BYTES_PER_VERSION ||
           metric == M_GROWTH_EXPONENT;
}

enum metric metric_by_name(const char *name)
{
    for (int i = 0; i < METRIC_COUNT; i++) {
        if (strcmp(metric_table[i].name, name) == 0)
            return (enum metric)i;
    }
    return METRIC_COUNT;
}
