/* watch.h: was the machine ours while a round ran?
 *
 * The parent of the runs takes a reading before and after each round and asks what lay between the
 * two.  The rules are fixed and look at nothing that was measured, so voiding a round they name
 * cannot favour a strategy:
 *
 *   steal     more than 5 % of the CPU time of the round went to other guests of the host
 *             (/proc/stat); not judged in rounds below 200 ms, which are 20 ticks a CPU
 *   swap      pages were read back from swap (/proc/vmstat, pswpin)
 *   clock     wall clock and monotonic clock moved against each other by more than 50 ms + 1000 ppm
 *             of the round: a step, or the machine was suspended (NTP slews by at most 500 ppm)
 *
 * What cannot be read is not judged: a container may hide /proc, and other systems lack it.
 */
#ifndef WORKLOADS_WATCH_H
#define WORKLOADS_WATCH_H

#include "engine/base.h"

/* Where the readings come from: NULL means the machine's own files. */
struct watch_source {
    const char *stat;   /* "/proc/stat" */
    const char *vmstat; /* "/proc/vmstat" */
};

struct watch_reading {
    uint64_t at_ns;  /* monotonic */
    int64_t wall_ns; /* how far the wall clock is ahead of that */
    bool has_cpu, has_swap;
    uint64_t cpu_ticks, steal_ticks; /* of all CPUs, since the machine started */
    uint64_t swapped_in;             /* pages, likewise */
};

#define WATCH_REASON_SIZE 120

/* `source` may be NULL. */
void watch_read(const struct watch_source *source, struct watch_reading *reading);
/* True when the time between the readings cannot be used; why is written to `reason`, one line:
 * "steal time 7.1 % (limit 5 %)". */
bool watch_disturbed(const struct watch_reading *before, const struct watch_reading *after,
                     char reason[WATCH_REASON_SIZE]);

#endif
