#include "engine/counters.h"

const struct counter_info counter_table[CTR_COUNT] = {
#define COUNTER(id, name, unit, meaning) [id] = {name, unit, meaning},
#include "engine/counters.def"
#undef COUNTER
};
