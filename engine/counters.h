/* counters.h: the one list of logical counters; physical ones are measured from outside (io.h).
 *
 * Conservation that the driver checks in every run:
 *   put_bytes = unique_bytes + dup_bytes,  puts = blobs_unique + blobs_dup where a strategy has
 *   CAP_DEDUP without chunks.
 */
#ifndef ENGINE_COUNTERS_H
#define ENGINE_COUNTERS_H

#include <stdint.h>

enum counter {
#define COUNTER(id, name, unit, meaning) id,
#include "engine/counters.def"
#undef COUNTER
    CTR_COUNT
};

struct counter_info {
    const char *name, *unit, *meaning;
};
extern const struct counter_info counter_table[CTR_COUNT];

#endif
