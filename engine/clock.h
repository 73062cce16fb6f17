/* clock.h: the only place that reads time.  Strategies never do.
 *
 * CLOCK_MONOTONIC in nanoseconds; a read costs 19-36 ns on the machines this was written on and
 * its cost is measured at start and recorded.  CPU time is the process's own.
 */
#ifndef ENGINE_CLOCK_H
#define ENGINE_CLOCK_H

#include "engine/base.h"

struct clock_cost {
    uint64_t read_ns; /* median of back-to-back differences over 10^5 reads */
    uint64_t tick_ns; /* smallest difference that is not zero */
};

struct cpu_time {
    uint64_t total_ns; /* CLOCK_PROCESS_CPUTIME_ID: exact */
    uint64_t user_ns;  /* getrusage: the kernel's split, tick-sampled on some kernels */
    uint64_t sys_ns;
};

uint64_t clock_ns(void);
struct clock_cost clock_measure(void);
struct cpu_time clock_cpu(void);
/* Wall clock seconds since 1970 (for names and manifests, never for durations). */
int64_t clock_epoch_s(void);
/* CLOCK_REALTIME minus CLOCK_MONOTONIC: constant but for what NTP, a person or a suspended machine
 * does to the wall clock. */
int64_t clock_offset_ns(void);

#endif
