/* gate_timing.c: the timed study of a gate: carried out, looked at, repeated where it failed. */
#include <stdio.h>
#include <string.h>

#include "cli/gate_flow.h"
#include "engine/rng.h"
#include "workloads/study.h"

struct looker {
    struct gate_flow *flow;
    const struct record_manifest *manifest;
    bool again;
};

static void strategy_of(const struct record_arm *arm, char dst[QUOTE_SIZE])
{
    (void)snprintf(dst, QUOTE_SIZE, "%.*s", (int)strcspn(arm->label, "@"), arm->label);
}

static enum rc judge(struct looker *looker, const struct record *record, struct err *err)
{
    struct gate *gate = &looker->flow->gate;
    return looker->again ? gate_judge_again(gate, record, err) : gate_judge(gate, record, err);
}

/* All arms of a strategy leave together: the rounds of the others stay complete. */
static enum rc on_look(void *ctx, const char *dir, uint32_t look, uint32_t valid_rounds, bool *drop,
                       bool *ends, struct buf *said, struct err *err)
{
    struct looker *looker = ctx;
    struct record record = {0};
    size_t left = 0, arms = looker->manifest->arm_count;
    enum rc rc = record_load(&record, dir, err);
    if (rc == RC_OK)
        rc = judge(looker, &record, err);
    for (size_t a = 0; rc == RC_OK && a < arms; a++) {
        char strategy[QUOTE_SIZE];
        strategy_of(&looker->manifest->arms[a], strategy);
        drop[a] = gate_strategy_decided(&looker->flow->gate, strategy, looker->again);
        left += !drop[a];
    }
    *ends = left == 0;
    if (rc == RC_OK)
        rc = buf_printf(said, err, "look %u after %u rounds: %zu of %zu arms are decided", look,
                        valid_rounds, arms - left, arms);
    record_release(&record);
    return rc;
}

static void on_progress(void *ctx, const struct study_progress *progress)
{
    struct looker *looker = ctx;
    gate_say(looker->flow, "%s: round %u (at most %u), %s",
             looker->again ? "timing again" : "timing", progress->round, progress->rounds,
             progress->arm);
}

static void on_voided(void *ctx, uint32_t round, const char *reason)
{
    struct looker *looker = ctx;
    gate_say(looker->flow, "round %u is voided and will be run again: %s", round + 1, reason);
}

static enum rc plan(struct gate_flow *flow, const struct gate_suite *suite, uint64_t seed,
                    const char *name, struct record_manifest *manifest)
{
    const struct looks *looks = &flow->gate.settings.looks;
    struct gate_suite_timing timing = {
        .looks = looks->rounds, .look_count = looks->count, .seed = seed, .name = name};
    return gate_suite_timed(suite, &timing, flow->builds, flow->work, &flow->arena, manifest,
                            flow->err);
}

enum rc gate_timing_plan(struct gate_flow *flow)
{
    enum rc rc = plan(flow, &flow->suite, flow->gate.seed, "timed", &flow->timed);
    return rc == RC_OK ? gate_plan(&flow->gate, &flow->timed, flow->err) : rc;
}

static enum rc carry_out(struct gate_flow *flow, const struct record_manifest *manifest, bool again)
{
    struct record record = {0};
    struct looker looker = {.flow = flow, .manifest = manifest, .again = again};
    struct study_callbacks callbacks = {
        .progress = on_progress, .voided = on_voided, .look = on_look, .ctx = &looker};
    enum rc rc = gate_study(flow, manifest, &callbacks, &record);
    if (rc == RC_OK)
        rc = judge(&looker, &record, flow->err);
    record_release(&record);
    return rc;
}

/* The strategies of which a cell, or the control of one, failed. */
static void suspects(const struct gate_flow *flow, const char *const *specs, size_t count,
                     const char **out, struct gate_suite *suite)
{
    *suite = (struct gate_suite){.strategies = out};
    for (size_t i = 0; i < count; i++)
        if (gate_strategy_suspect(&flow->gate, specs[i]))
            out[suite->strategy_count++] = specs[i];
}

enum rc gate_timing_run(struct gate_flow *flow)
{
    const char *again[GATE_STRATEGIES_MAX];
    struct gate_suite suite;
    size_t count = flow->suite.strategy_count;
    const char *const *specs = flow->suite.strategies;
    if (!specs)
        specs = gate_suite_strategies(&count);
    flow->gate.timing.stores = flow->in_memory ? "/dev/shm, in memory; nothing is synced"
                                               : "the gate's folder; nothing is synced";
    enum rc rc = carry_out(flow, &flow->timed, false);
    if (rc != RC_OK)
        return rc;
    suspects(flow, specs, count, again, &suite);
    if (suite.strategy_count == 0)
        return RC_OK;
    /* Fresh in every way a gate can be: orders, padding, link orders. */
    struct record_manifest manifest;
    rc = plan(flow, &suite, mix64(flow->gate.seed) >> 11, "timed-again", &manifest);
    return rc == RC_OK ? carry_out(flow, &manifest, true) : rc;
}
