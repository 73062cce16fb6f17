/* ingest: every file of the dataset is put once, in the dataset's own order, into an empty
 * store. */
#include "workloads/workload.h"

static enum rc ingest_plan(const void *options, const struct workload_env *env, struct rng *rng,
                           struct schedule *schedule)
{
    (void)options;
    (void)rng;
    for (uint32_t i = 0; i < env->base_files; i++) {
        enum rc rc = schedule_insert(schedule);
        if (rc != RC_OK)
            return rc;
    }
    return RC_OK;
}

const struct workload workload_ingest = {
    .abi = WORKLOAD_ABI,
    .size = sizeof(struct workload),
    .name = "ingest",
    .summary = "put every file of the dataset once, in its order",
    .plan = ingest_plan,
};
