/* update_point: write new versions of single files drawn at random.
 *
 * Each operation draws one of the files that exist, independently, uniformly or with a skew.
 * Enough of them for a p95 (400 at least: 20 operations beyond it), which the founding benchmark's
 * update phase, two passes over its 96 files, has not.
 */
#include "workloads/access.h"
#include "workloads/workload.h"

struct update_point_options {
    uint64_t ops;
    struct access_options access;
};

static const struct opt update_point_opts[] = {
    {.name = "ops",
     .type = OPT_COUNT,
     .offset = offsetof(struct update_point_options, ops),
     .min = 1,
     .max = 1e7,
     .def = "400",
     .help = "updates; p95 needs 400"},
    ACCESS_OPTIONS(struct update_point_options),
    {.name = NULL},
};

static enum rc update_point_plan(const void *options, const struct workload_env *env,
                                 struct rng *rng, struct schedule *schedule)
{
    (void)env;
    const struct update_point_options *opts = options;
    struct access access = {0};
    enum rc rc = access_begin(&access, &opts->access, "update_point", opts->ops, schedule, rng);
    for (uint64_t k = 0; rc == RC_OK && k < opts->ops; k++)
        rc = schedule_update(schedule, access_pick(&access, schedule, rng));
    access_release(&access);
    return rc;
}

const struct workload workload_update_point = {
    .abi = WORKLOAD_ABI,
    .size = sizeof(struct workload),
    .name = "update_point",
    .summary = "write new versions of single files drawn at random",
    .open_loop = true,
    .options_size = sizeof(struct update_point_options),
    .opts = update_point_opts,
    .plan = update_point_plan,
};
