/* rewrite: files are put again with the very bytes they hold, as programs do that save what was not
 * changed.
 *
 * Each operation is a new version with equal content: whole-blob deduplication stores nothing for
 * it, everything else stores it again.
 */
#include "workloads/access.h"
#include "workloads/workload.h"

struct rewrite_options {
    uint64_t ops;
    struct access_options access;
};

static const struct opt rewrite_opts[] = {
    {.name = "ops",
     .type = OPT_COUNT,
     .offset = offsetof(struct rewrite_options, ops),
     .min = 1,
     .max = 1e7,
     .def = "400",
     .help = "puts of what is there; p95 needs 400"},
    ACCESS_OPTIONS(struct rewrite_options),
    {.name = NULL},
};

static enum rc rewrite_plan(const void *options, const struct workload_env *env, struct rng *rng,
                            struct schedule *schedule)
{
    (void)env;
    const struct rewrite_options *opts = options;
    struct access access = {0};
    enum rc rc = access_begin(&access, &opts->access, "rewrite", opts->ops, schedule, rng);
    for (uint64_t k = 0; rc == RC_OK && k < opts->ops; k++)
        rc = schedule_rewrite(schedule, access_pick(&access, schedule, rng));
    access_release(&access);
    return rc;
}

const struct workload workload_rewrite = {
    .abi = WORKLOAD_ABI,
    .size = sizeof(struct workload),
    .name = "rewrite",
    .summary = "put files again with the bytes they hold already",
    .open_loop = true,
    .options_size = sizeof(struct rewrite_options),
    .opts = rewrite_opts,
    .plan = rewrite_plan,
};
