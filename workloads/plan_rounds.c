/* plan_rounds.c: what a round is made of, as pure functions of the plan: anyone who has the
 * manifest can say in which order, with which program and in how much environment a run was
 * carried out.
 */
#include <inttypes.h>

#include "engine/rng.h"
#include "workloads/plan.h"

/* The programs of a strategy stand next to each other: what drifts within a round touches them
 * alike.  Both orders are fair, so any two of a strategy's arms change places with probability one
 * half. */
static void order_builds(struct rng *rng, uint32_t strategies, uint32_t programs, uint32_t *order)
{
    uint32_t outer[PLAN_ARMS_MAX + 1];
    rng_permutation(rng, outer, strategies);
    for (uint32_t s = 0; s < strategies; s++) {
        uint32_t *part = order + (size_t)s * programs;
        rng_permutation(rng, part, programs);
        for (uint32_t p = 0; p < programs; p++)
            part[p] += outer[s] * programs;
    }
}

void plan_round_order(const struct record_manifest *manifest, uint32_t round, uint32_t *order)
{
    struct rng rng = rng_stream(manifest->seed, "round-order", round);
    uint32_t arms = (uint32_t)manifest->arm_count, programs = (uint32_t)manifest->build_count + 1;
    if (programs > 1 && arms % programs == 0)
        order_builds(&rng, arms / programs, programs, order);
    else
        rng_permutation(&rng, order, arms);
}

uint32_t plan_arm_of(const struct record_manifest *manifest, uint32_t run)
{
    uint32_t arms = (uint32_t)manifest->arm_count, order[PLAN_ARMS_MAX + 1];
    plan_round_order(manifest, run / arms, order);
    return order[run % arms];
}

uint32_t plan_run_of(const struct record_manifest *manifest, uint32_t round, uint32_t arm)
{
    uint32_t arms = (uint32_t)manifest->arm_count, order[PLAN_ARMS_MAX + 1], slot = 0;
    CHECK(arm < arms);
    plan_round_order(manifest, round, order);
    while (order[slot] != arm)
        slot++;
    return round * arms + slot;
}

/* The same for all arms of a round: pairs stay pairs, and rounds differ. */
uint32_t plan_env_padding(const struct record_manifest *manifest, uint32_t round)
{
    struct rng rng = rng_stream(manifest->seed, "env-padding", round);
    return manifest->protocol.env_padding ? (uint32_t)rng_below(&rng, PLAN_PADDING_MAX) : 0;
}

uint32_t plan_link_order(const struct record_manifest *manifest, uint32_t round, uint32_t arm)
{
    if (manifest->build_count == 0)
        return 0;
    uint32_t build = manifest->arms[arm].build;
    CHECK(build < manifest->build_count);
    struct rng rng = rng_stream(manifest->seed, "link-order", round);
    return (uint32_t)rng_below(&rng, plan_build_programs(&manifest->builds[build]));
}

static enum rc check_drawn(const struct sample *run, const char *key, uint32_t got, uint32_t drawn,
                           struct err *err)
{
    if (got == drawn)
        return RC_OK;
    return FAIL(err, RC_MISMATCH, 0,
                "samples.jsonl:%u: \"%s\" is %" PRIu32 ", the plan draws %" PRIu32
                " for run %" PRIu32,
                run->line, key, got, drawn, run->run);
}

static enum rc check_run(const struct record_manifest *manifest, const struct sample *run,
                         struct err *err)
{
    uint32_t arm = plan_arm_of(manifest, run->run);
    if (run->arm != arm)
        return FAIL(err, RC_MISMATCH, 0,
                    "samples.jsonl:%u: \"arm\" is \"%s\", the plan draws \"%s\" for run %" PRIu32,
                    run->line, Q(manifest->arms[run->arm].label), Q(manifest->arms[arm].label),
                    run->run);
    if (!run->valid)
        return RC_OK; /* it may have ended before it knew */
    uint32_t padding = plan_env_padding(manifest, run->round);
    enum rc rc = check_drawn(run, "env_padding", run->env_padding, padding, err);
    if (rc == RC_OK)
        rc = check_drawn(run, "link_order", run->link_order,
                         plan_link_order(manifest, run->round, arm), err);
    return rc;
}

enum rc plan_record_check(const struct record *record, struct err *err)
{
    struct err cause = {0};
    enum rc rc = plan_check(&record->manifest, &cause);
    for (size_t i = 0; rc == RC_OK && i < record->sample_count; i++)
        if (record->samples[i].kind == SAMPLE_RUN)
            rc = check_run(&record->manifest, &record->samples[i], &cause);
    return rc == RC_OK ? RC_OK : FAIL(err, rc, 0, "%s/%s", Q(record->dir), cause.msg);
}
