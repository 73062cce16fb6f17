/* plan_protocol.c: how a study stops and what its claims are held to, from what was asked for. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "workloads/plan.h"

enum { PLAN_FIXED_ROUNDS = 10 };

static enum rc take_looks(const struct plan_request *request, struct record_manifest *manifest,
                          struct err *err)
{
    struct record_protocol *protocol = &manifest->protocol;
    if (request->rounds)
        return FAIL(err, RC_USAGE, 0,
                    "--rounds and --looks: expected one of them (the last look is after the last "
                    "round)");
    if (request->look_count > RECORD_LOOKS_MAX)
        return FAIL(err, RC_USAGE, 0, "--looks: expected at most %d numbers, got %zu",
                    RECORD_LOOKS_MAX, request->look_count);
    for (size_t i = 0; i < request->look_count; i++) {
        uint32_t rounds = request->looks[i], before = i ? request->looks[i - 1] : 0;
        if (rounds <= before || rounds > PLAN_ROUNDS_MAX)
            return FAIL(err, RC_USAGE, 0,
                        "--looks: expected ascending numbers of rounds from 1 to %d, got %" PRIu32
                        " after %" PRIu32,
                        PLAN_ROUNDS_MAX, rounds, before);
        protocol->looks[i] = rounds;
    }
    protocol->look_count = request->look_count;
    manifest->rounds = protocol->looks[protocol->look_count - 1];
    return RC_OK;
}

static enum rc take_stopping(const struct plan_request *request, struct record_manifest *manifest,
                             struct err *err)
{
    struct record_protocol *protocol = &manifest->protocol;
    if (request->look_count && request->until_decided)
        return FAIL(err, RC_USAGE, 0, "--looks and --until-decided: expected one of them");
    protocol->stopping = request->look_count      ? STOPPING_LOOKS
                         : request->until_decided ? STOPPING_UNTIL
                                                  : STOPPING_FIXED;
    /* One look at the end drops nothing. */
    protocol->racing = protocol->stopping != STOPPING_FIXED && !request->no_racing;
    if (request->look_count)
        return take_looks(request, manifest, err);
    manifest->rounds = request->until_decided ? PLAN_UNTIL_ROUNDS : PLAN_FIXED_ROUNDS;
    if (request->rounds)
        manifest->rounds = request->rounds;
    if (manifest->rounds > PLAN_ROUNDS_MAX)
        return FAIL(err, RC_USAGE, 0, "--rounds: expected at most %d, got %" PRIu32,
                    PLAN_ROUNDS_MAX, manifest->rounds);
    return RC_OK;
}

enum rc plan_protocol_make(const struct plan_request *request, struct record_manifest *manifest,
                           struct err *err)
{
    struct record_protocol *protocol = &manifest->protocol;
    record_protocol_default(protocol);
    if (request->alpha != 0)
        protocol->alpha = request->alpha;
    if (!(protocol->alpha > 0 && protocol->alpha < 1))
        return FAIL(err, RC_USAGE, 0, "--alpha: expected a rate between 0 and 1, got %g",
                    protocol->alpha);
    protocol->env_padding = !request->no_layout;
    protocol->open_loop_per_s = request->open_loop_per_s;
    if (!(isfinite(protocol->open_loop_per_s) && protocol->open_loop_per_s >= 0))
        return FAIL(err, RC_USAGE, 0, "--open-loop: expected operations per second, got %g",
                    protocol->open_loop_per_s);
    return take_stopping(request, manifest, err);
}
