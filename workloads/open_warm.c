/* open_warm: the reads of open_cold, in its order, of a store that stays open: what is left of
 * their cost when everything was read before. */
#include "workloads/first_reads.h"

static enum rc open_warm_plan(const void *options, const struct workload_env *env, struct rng *rng,
                              struct schedule *schedule)
{
    (void)env;
    (void)rng;
    return first_reads_plan(options, "open_warm", false, schedule);
}

const struct workload workload_open_warm = {
    .abi = WORKLOAD_ABI,
    .size = sizeof(struct workload),
    .name = "open_warm",
    .summary = "the reads of open_cold again, from a store that stays open",
    .reads_only = true,
    .options_size = sizeof(struct first_reads_options),
    .opts = first_reads_opts,
    .plan = open_warm_plan,
};
