/* gate_count.h: how many instructions the timed operations of a plan execute.
 *
 * Callgrind (Valgrind) counts them one by one, between the beginning and the end of window_run, per
 * phase: generating and verifying are left out, and two counts of one program are equal.  `perf
 * stat -e instructions:u` counts with the processor, where it can (few virtual machines): fast, but
 * whole runs, so that a change in the operations is diluted.
 *
 * Runs are started with an empty environment, the same arguments, and paths of one length; two at a
 * time, since counting is not disturbed.
 */
#ifndef WORKLOADS_GATE_COUNT_H
#define WORKLOADS_GATE_COUNT_H

#include <signal.h>

#include "results/record.h"

enum gate_counter { GATE_COUNTER_NONE, GATE_COUNTER_PERF, GATE_COUNTER_CALLGRIND };
enum { GATE_WHY_SIZE = 400 };

struct gate_count_request {
    enum gate_counter counter;
    const struct record_manifest *manifest; /* without builds */
    const char *programs[2];                /* absolute; NULL: not this one */
    const char *studies[2];                 /* absolute folders with that manifest */
    const char *log;
    const volatile sig_atomic_t *stop;
};

/* The best counter that works here ("auto"), or the one asked for ("perf", "callgrind", "none"):
 * NONE with the reason in `why`, "" when it was asked for.  RC_USAGE for other words. */
MUST_CHECK enum rc gate_counter_choose(const char *asked, const char *folder, const char *log,
                                       const volatile sig_atomic_t *stop,
                                       enum gate_counter *counter, char why[GATE_WHY_SIZE],
                                       struct err *err);
const char *gate_counter_name(enum gate_counter counter); /* "callgrind"; "" for none */
/* Rows a count has per arm: the plan's phases, or one ("run"). */
size_t gate_count_phases(const struct gate_count_request *request);
const char *gate_count_phase_name(const struct gate_count_request *request, size_t phase);

/* Count the arms that are set in `arms` (one per arm of the manifest): into
 * counts[(program * arm_count + arm) * phases + phase].  When a count cannot be had, `why` says so
 * and RC_OK is returned; "" when all were had. */
MUST_CHECK enum rc gate_count_run(const struct gate_count_request *request, const bool *arms,
                                  uint64_t *counts, char why[GATE_WHY_SIZE], struct err *err);

/* What the tools write; false when no number is there. */
bool gate_callgrind_total(struct span dump, uint64_t *out);
bool gate_perf_total(struct span text, uint64_t *out);

#endif
