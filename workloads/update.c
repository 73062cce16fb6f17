/* update: write new versions of existing files.
 *
 * `rounds` passes over all files in their order, so operation k writes file k mod n (the founding
 * benchmark's order).  When that is more than `max` operations, `max` files are drawn without
 * replacement instead (with a fresh permutation whenever all have been drawn).
 */
#include <stdlib.h>

#include "workloads/workload.h"

struct update_options {
    uint64_t rounds, max;
};

static const struct opt update_opts[] = {
    {.name = "rounds",
     .type = OPT_COUNT,
     .offset = offsetof(struct update_options, rounds),
     .min = 1,
     .max = 10000,
     .def = "2",
     .help = "new versions of each file"},
    {.name = "max",
     .type = OPT_COUNT,
     .offset = offsetof(struct update_options, max),
     .min = 1,
     .max = 1e7,
     .def = "600",
     .help = "most operations; above it files are drawn at random"},
    {.name = NULL},
};

static enum rc draw(struct rng *rng, uint64_t count, struct schedule *schedule)
{
    uint32_t n = schedule->live_count;
    uint32_t *order = malloc(n * sizeof(*order));
    if (!order)
        return FAIL(schedule->err, RC_NOMEM, 0, "no memory to draw from %u files", n);
    enum rc rc = RC_OK;
    for (uint64_t k = 0; rc == RC_OK && k < count; k++) {
        if (k % n == 0)
            rng_permutation(rng, order, n);
        rc = schedule_update(schedule, schedule->live[order[k % n]]);
    }
    free(order);
    return rc;
}

static enum rc update_plan(const void *options, const struct workload_env *env, struct rng *rng,
                           struct schedule *schedule)
{
    (void)env;
    const struct update_options *opts = options;
    uint64_t wanted = opts->rounds * schedule->live_count;
    enum rc needed = schedule_need_files(schedule, "update");
    if (needed != RC_OK)
        return needed;
    if (wanted > opts->max)
        return draw(rng, opts->max, schedule);
    for (uint64_t k = 0; k < wanted; k++) {
        enum rc rc = schedule_update(schedule, schedule->live[k % schedule->live_count]);
        if (rc != RC_OK)
            return rc;
    }
    return RC_OK;
}

const struct workload workload_update = {
    .abi = WORKLOAD_ABI,
    .size = sizeof(struct workload),
    .name = "update",
    .summary = "write new versions of existing files",
    .open_loop = true,
    .options_size = sizeof(struct update_options),
    .opts = update_opts,
    .plan = update_plan,
};
