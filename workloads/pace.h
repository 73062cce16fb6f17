/* pace.h: open loop: operations arrive at times of their own, the one before done or not.
 *
 * A closed loop waits for each operation before it asks for the next, so a store that stalls is
 * asked less while it stalls, and its percentiles hide the stall (coordinated omission; Tene, "How
 * not to measure latency").  In open loop operation i of a phase is due on the phase's own clock at
 * i / rate or, where a trace is replayed at its own pace, at the time it has there divided by the
 * asked speed; its latency is the time from then to its completion: the time it waited for those
 * before it counts.  Nothing is corrected afterwards.
 *
 * The phase's clock runs only inside windows: it stands still while contents are made and bytes
 * verified, so neither counts as load nor as rest.  What was overdue at the end of a window is as
 * overdue at the beginning of the next: a backlog is carried over, never forgiven.
 *
 * Three times, and where they go:
 *   response   completion - due: the latency of the operation, hence p50, p95, p99, max
 *   service    completion - max(due, completion of the one before): time in which the store worked;
 *              their sum is wall_ns, and ops / wall_ns is ops_per_s: what the store can do, not
 *              what it was offered.  How late the driver was to begin after waiting is no part of
 *              it (it spins on the clock, so some tens of ns, but may be preempted while it does):
 *              that is in the response alone.
 *   idle       waiting for the next due time.  It is in no metric: its CPU time is taken off the
 *              window's (pace_end).
 *
 * Waiting.  Beyond 2 ms the driver sleeps until 1 ms before; then it reads CPU and wall clock in
 * turn until 20 us before, and only the wall clock from there on.  The CPU time of the first two
 * parts is known exactly, that of the last is taken to be its wall time.
 */
#ifndef WORKLOADS_PACE_H
#define WORKLOADS_PACE_H

#include <signal.h>

#include "engine/clock.h"

struct pace {
    double interval_ns;       /* between two due times, or 0 */
    const uint64_t *times_ns; /* of a trace, ascending, borrowed; or NULL.  Without both: closed
                               * loop, and nothing else here is used */
    double speed;             /* the trace's seconds per second */
    uint64_t now_ns;          /* the phase's clock at the beginning of the window */
    uint64_t service_ns;      /* so far */
    uint64_t late_ns;         /* begun later than due after waiting, in this window; not service */
    struct cpu_time idle;     /* waited in this window */
};

struct pace pace_of(double per_second);
struct pace pace_of_times(const uint64_t *times_ns, double speed);
bool pace_is_open(const struct pace *pace);
/* When operation `index` is due, on the phase's clock. */
uint64_t pace_due(const struct pace *pace, size_t index);
/* Wait until operation `index` is due, in a window that began at start_ns (CLOCK_MONOTONIC).  False
 * when *stop was set before; `stop` may be NULL. */
bool pace_wait(struct pace *pace, size_t index, uint64_t start_ns,
               const volatile sig_atomic_t *stop);
/* Operation `index`, in that window, ended at end_ns, and the one before it (or the window's
 * beginning) at before_ns: its latency.  Adds to service_ns, lateness included. */
uint64_t pace_latency(struct pace *pace, size_t index, uint64_t start_ns, uint64_t before_ns,
                      uint64_t end_ns);
/* The window that began at start_ns ended at end_ns, and all its latencies were asked for: its idle
 * time is taken off *cpu, its lateness off service_ns. */
void pace_end(struct pace *pace, uint64_t start_ns, uint64_t end_ns, struct cpu_time *cpu);

#endif
