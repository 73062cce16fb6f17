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
    uint32_t rounds;
    uint64_t budget_ns;
    const char *durability, *retention;
    uint32_t batch;
    double guardrail; /* NaN: default 0.10 */
    bool anywhere;
    const char *keep; /* "last" (default) or "none" */
    const char *out;  /* parent of the study's folder; default results/runs */
    const char *name; /* folder name; default made from the time and the dataset */
};

#define PLAN_DEFAULT_OUT "results/runs"

/* Check the request, summarise the dataset, describe the machine, and fill a manifest whose strings
 * live in `arena`.  RC_USAGE for anything the user asked for that does not exist. */
MUST_CHECK enum rc plan_make(const struct plan_request *request, struct arena *arena,
                             struct record_manifest *manifest, struct err *err);

/* A manifest that was read back keeps within our limits: RC_USAGE names what does not. */
MUST_CHECK enum rc plan_check(const struct record_manifest *manifest, struct err *err);

/* The position of every arm in a round: order[slot] = arm.  Pure in (seed, round). */
void plan_round_order(const struct record_manifest *manifest, uint32_t round, uint32_t *order);
/* The arm of run `run`: run = round * arms + slot. */
uint32_t plan_arm_of(const struct record_manifest *manifest, uint32_t run);
/* The run of `arm` in `round`. */
uint32_t plan_run_of(const struct record_manifest *manifest, uint32_t round, uint32_t arm);

#endif
