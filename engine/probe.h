/* probe.h: what can be found out about a machine before anything is measured on it.
 *
 * Facts, not opinions: every probe hands names with a number or a text to a sink, and whoever owns
 * the sink grades them (analysis/doctor.h).  A fact that cannot be read is not handed over.  The
 * roots of /proc and /sys may be other folders, so that machines of every kind can be played in
 * tests; what is executed (loop, syncs, counters) always happens on this one.
 *
 * Read from files (probe_read):
 *   cpu, kernel_cores, cores_allowed, smt         "on", "off" ...; cores are numbers
 *   clock_source                                  "tsc"
 *   governor, frequency_driver, turbo             "mixed" governor when cores differ; turbo on|off
 *   mhz_now_min, mhz_now_max, mhz_max
 *   load_1                                        load average of the last minute
 *   memory_bytes, memory_available_bytes, swap_used_bytes, dirty_bytes
 *   cgroup_quota_cores, cgroup_throttled, cgroup_memory_bytes   absent: no limit
 *   hypervisor, container                         "none seen" or what it says it is
 *   perf_paranoid
 *   mount_point, filesystem, mount_options, device, rotating, free_bytes    of the folder asked for
 * Measured (probe_measure):
 *   clock_read_ns, clock_tick_ns
 *   counters, counters_refused                    1 when instructions can be counted; errno text
 *   valgrind                                      path of the program
 *   sample_s, steal_share, busy_elsewhere_cores, swapped_pages, throttled_in_sample
 *                                                 while the loop kept one core busy: steal time is
 *                                                 only charged to a guest that wants to run; the
 *                                                 share is of the time that was wanted
 *   cache_left_share, write_refused               pages left in memory after they were dropped
 *   series loop_ns, sync_ns                       in the order they were taken
 */
#ifndef ENGINE_PROBE_H
#define ENGINE_PROBE_H

#include "engine/base.h"

struct probe_sink {
    void (*number)(void *ctx, const char *name, double value);
    void (*text)(void *ctx, const char *name, const char *value); /* copied by the sink */
    void (*series)(void *ctx, const char *name, const double *values, size_t count);
    void *ctx;
};

struct probe_options {
    const char *root; /* before /proc, /sys and /.dockerenv; NULL or "": this machine's */
    const char *dir;  /* an existing folder: whose file system is probed */
    bool quick;       /* fewer syncs, a shorter loop: about 0.3 s instead of 2 */
};

enum { PROBE_LOOPS = 200, PROBE_LOOPS_QUICK = 60, PROBE_SYNCS = 100, PROBE_SYNCS_QUICK = 30 };

/* RC_USAGE when `dir` is no folder. */
MUST_CHECK enum rc probe_read(const struct probe_options *options, const struct probe_sink *sink,
                              struct err *err);
/* Leaves nothing behind in `dir`, not even when killed. */
MUST_CHECK enum rc probe_measure(const struct probe_options *options, const struct probe_sink *sink,
                                 struct err *err);

/* Running totals since boot, in the kernel's ticks and in pages. */
struct probe_totals {
    uint64_t busy_ticks, steal_ticks; /* all cores together */
    uint64_t swapped_pages;           /* in and out */
    uint64_t throttled;               /* periods this cgroup was held back in */
    bool known;                       /* of the ticks */
};
void probe_totals(const char *root, struct probe_totals *totals);

#endif
