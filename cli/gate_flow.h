/* gate_flow.h: the steps of `blobfront gate`, one after the other: programs, exact counters,
 * instructions, timing, verdict; private to cmd_gate.c and gate_*.c.
 *
 * A gate works in two folders: its own (--out), where records and logs stay, and a working folder
 * for studies and their stores, in memory where there is room (/dev/shm), which is removed.
 */
#ifndef CLI_GATE_FLOW_H
#define CLI_GATE_FLOW_H

#include "analysis/gate.h"
#include "cli/cli.h"
#include "workloads/gate_count.h"
#include "workloads/gate_program.h"
#include "workloads/gate_suite.h"

#define GATE_DEFAULT_GOLDEN "results/golden/gate.json"
#define GATE_DEFAULT_OUT    "results/gates"

struct gate_options {
    const char *baseline, *candidate; /* as typed; NULL: none, this program */
    const char *baseline_file, *save_baseline;
    const char *golden; /* NULL: the default one, where it exists */
    bool no_golden;
    const char *update_golden; /* the reason, or NULL */
    const char *strategies[GATE_STRATEGIES_MAX];
    size_t strategy_count;
    uint32_t rounds;
    uint64_t seed;
    bool seed_given;
    struct gate_limits limits;
    bool allow_undecided, no_timing;
    const char *instructions; /* auto, perf, callgrind, none */
    double instruction_limit;
    const char *out, *json, *junit;
    bool quiet;
};

struct gate_flow {
    const struct gate_options *options;
    struct err *err;
    struct arena arena;
    struct gate gate;
    struct gate_suite suite;
    uint64_t start_ns;

    char folder[2048]; /* the gate's own, absolute */
    char work[2048];   /* of studies and stores, absolute */
    bool in_memory;
    char cpu[256]; /* its model: other ones execute other instructions */
    bool has_base; /* a baseline program */
    struct gate_program base, next;
    struct record_build builds[2]; /* without a baseline program: the candidate twice */

    struct record_manifest timed;

    struct golden got, base_got;  /* what the candidate and the baseline did */
    struct golden agreed, stored; /* the golden file's and the baseline file's */
    bool has_golden, has_stored;
    char golden_path[2048];

    bool line_open; /* a progress line stands on the terminal */
};

/* Progress: on a terminal only, one line that the next one replaces. */
void gate_say(struct gate_flow *flow, const char *fmt, ...) PRINTF_LIKE(2, 3);
void gate_say_end(struct gate_flow *flow);
/* Create the study and carry it out; `dir` gets its folder, `record` is loaded. */
struct study_callbacks;
MUST_CHECK enum rc gate_study(struct gate_flow *flow, const struct record_manifest *manifest,
                              struct study_callbacks *callbacks, struct record *record);

/* gate_exact.c: exact counters against what they must be; instructions. */
MUST_CHECK enum rc gate_exact_run(struct gate_flow *flow);
MUST_CHECK enum rc gate_count_layer(struct gate_flow *flow);
/* What was asked to be written: golden file, baseline file. */
MUST_CHECK enum rc gate_exact_write(struct gate_flow *flow);
/* gate_timing.c: the plan, before anything runs; the study and its repeat. */
MUST_CHECK enum rc gate_timing_plan(struct gate_flow *flow);
MUST_CHECK enum rc gate_timing_run(struct gate_flow *flow);
/* gate_flow.c: all of it.  RC_REGRESSION or RC_INCONCLUSIVE with the last line as message. */
MUST_CHECK enum rc gate_flow_run(const struct gate_options *options, struct err *err);

#endif
