/* plan.h: what a study is asked to do, checked and spelled out, before anything runs.
 *
 * The plan *is* the record's manifest: every default is written down there, and each run's process
 * reads it back from the record.  Nothing about a run is passed any other way.
 */
#ifndef WORKLOADS_PLAN_H
#define WORKLOADS_PLAN_H

#include "results/record.h"

#define PLAN_ARMS_MAX   64
#define PLAN_ROUNDS_MAX 1000
/* The most rounds of a study that goes on until everything is decided. */
#define PLAN_UNTIL_ROUNDS 200
/* A round's environment padding is below this (Mytkowicz et al., ASPLOS 2009: a page of it moves
 * the stack through every alignment). */
#define PLAN_PADDING_MAX 4096u

/* As typed; every text borrowed.  NULL or 0 means the default. */
struct plan_request {
    const char *const *strategies; /* specs; default: plan_default_strategies */
    size_t strategy_count;
    const char *dataset;          /* spec; default "lix-v1" */
    const char *const *workloads; /* names; default: the whole suite; ingest is always included */
    size_t workload_count;
    const char *const *workload_options; /* "update:rounds=4", applied to the phase of that name */
    size_t workload_option_count;
    uint64_t seed;
    bool seed_given;
    /* How the study stops: after `rounds` rounds (10); after the looks; or when all is decided,
     * after `rounds` (PLAN_UNTIL_ROUNDS) at the latest.  Looks go with neither of the other two. */
    uint32_t rounds;
    const uint32_t *looks; /* numbers of rounds, ascending */
    size_t look_count;
    bool until_decided;
    double alpha;                      /* 0: the protocol's default */
    bool no_racing;                    /* arms confirmed to be dominated go on running */
    bool no_layout;                    /* rounds draw no environment padding */
    double open_loop_per_s;            /* 0: closed loop */
    const struct record_build *builds; /* programs under test, the baseline first; see below */
    size_t build_count;
    uint64_t budget_ns;
    const char *durability, *retention;
    uint32_t batch;
    double guardrail; /* NaN: default 0.10 */
    bool anywhere;
    const char *trace;     /* a file: the operations, and what was not asked for otherwise */
    double speed;          /* of its own pace; 0: its times are not used */
    const char *keep;      /* "last" (default) or "none" */
    const char *out;       /* parent of the study's folder; default results/runs */
    const char *name;      /* folder name; default made from the time and `stem` */
    const char *stem;      /* default: the dataset's name */
    const char *plan_name; /* default "suite"; one line */
    bool dry;              /* to be shown only: no folder is made and no machine described */
};

#define PLAN_DEFAULT_OUT "results/runs"

/* Check the request, summarise the dataset, describe the machine, and fill a manifest whose strings
 * live in `arena`.  RC_USAGE for anything the user asked for that does not exist. */
MUST_CHECK enum rc plan_make(const struct plan_request *request, struct arena *arena,
                             struct record_manifest *manifest, struct err *err);

/* What plan_make leaves out of a dry plan: make the folder `out`, describe program and machine. */
MUST_CHECK enum rc plan_describe(const struct plan_request *request, struct arena *arena,
                                 struct record_manifest *manifest, struct err *err);

/* A manifest that was read back keeps within our limits: RC_USAGE names what does not. */
MUST_CHECK enum rc plan_check(const struct record_manifest *manifest, struct err *err);

/* ---- protocol (plan_protocol.c) -------------------------------------------------------------- */

/* Rounds, looks and the rest of manifest->protocol from the request; plan_make calls it. */
MUST_CHECK enum rc plan_protocol_make(const struct plan_request *request,
                                      struct record_manifest *manifest, struct err *err);

/* ---- operations from a trace (plan_trace.c) -------------------------------------------------- */

struct trace;
/* What decides the operations cannot be asked for beside a trace: RC_USAGE names it. */
MUST_CHECK enum rc plan_trace_request_check(const struct plan_request *request, struct err *err);
/* The manifest's phases are the trace's. */
MUST_CHECK enum rc plan_trace_phases(const struct trace *trace, struct record_manifest *manifest,
                                     struct arena *arena, struct err *err);
/* The manifest has everything else: its data are those the trace was recorded on (RC_MISMATCH),
 * every operation is possible, and the trace becomes a part of it. */
MUST_CHECK enum rc plan_trace_apply(const struct plan_request *request, struct trace *trace,
                                    struct record_manifest *manifest, struct arena *arena,
                                    struct err *err);
/* record_create, and the trace with it: all or nothing. */
MUST_CHECK enum rc plan_create(const struct plan_request *request,
                               const struct record_manifest *manifest, struct buf *dir_out,
                               struct err *err);
/* The trace in the study's folder is whole and its own; RC_OK when it has none. */
MUST_CHECK enum rc plan_trace_check(const struct record_manifest *manifest, const char *dir,
                                    struct err *err);

/* ---- programs under test (plan_builds.c) ----------------------------------------------------- */

/* Run every arm of the plan with each of `count` programs (2 or more; the first is the baseline)
 * instead of with the program that makes the plan; plan_make calls it with the request's builds.
 * Strategy "raw" becomes three arms, next to each other in the manifest:
 *
 *   raw@base    the baseline, this strategy's control
 *   raw@base'   the baseline again: what differs between the two is noise
 *   raw@new     the candidate; one such arm per further build
 *
 * A study with builds has no other control: raw is in it when it was asked for.  The request gives
 * label (letters, digits, "-", "_", "."), revision and programs (paths of executables, one per line
 * and link order); hash is taken here, from the first program of each.  RC_USAGE for a label that
 * is not plain or comes twice, a program that cannot be executed, too many arms. */
MUST_CHECK enum rc plan_builds_apply(struct record_manifest *manifest,
                                     const struct record_build *builds, size_t count,
                                     struct arena *arena, struct err *err);
/* The program files are still those the study began with: RC_MISMATCH names the build. */
MUST_CHECK enum rc plan_builds_check(const struct record_manifest *manifest, struct err *err);
/* Program `index` of a build into `out`; its line number in record_build.programs. */
MUST_CHECK enum rc plan_build_program(const struct record_build *build, uint32_t index,
                                      struct buf *out, struct err *err);
uint32_t plan_build_programs(const struct record_build *build);

/* ---- rounds (plan_rounds.c): pure functions of the manifest ---------------------------------- */

/* The position of every arm in a round: order[slot] = arm.  Pure in (seed, round).  Where programs
 * are compared, the arms of a strategy stay together: strategies in fair random order, and within
 * each its programs. */
void plan_round_order(const struct record_manifest *manifest, uint32_t round, uint32_t *order);
/* The arm of run `run`: run = round * arms + slot. */
uint32_t plan_arm_of(const struct record_manifest *manifest, uint32_t run);
/* The run of `arm` in `round`. */
uint32_t plan_run_of(const struct record_manifest *manifest, uint32_t round, uint32_t arm);
/* Bytes of environment every run of `round` gets on top, 0 to PLAN_PADDING_MAX - 1. */
uint32_t plan_env_padding(const struct record_manifest *manifest, uint32_t round);
/* Which of its build's programs `arm` runs in `round`; 0 in a study without builds. */
uint32_t plan_link_order(const struct record_manifest *manifest, uint32_t round, uint32_t arm);
/* plan_check, and every run is what the plan draws for its number: the arm, and of a valid run the
 * environment and the program.  RC_MISMATCH names the line and the field: all tests rest on the
 * order being the one that was drawn. */
MUST_CHECK enum rc plan_record_check(const struct record *record, struct err *err);

#endif
