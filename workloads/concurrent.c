/* concurrent: readers and one writer at once.
 *
 * `ops` operations, a share `writes` of them updates by one writer, the others point reads by
 * `readers` readers in turn, each in a thread of its own; files are drawn uniformly.  A reader
 * reads what the writer has published as committed, and no read begins before the writer has come
 * as far as its place among the reads (lanes.h).  At least 400 updates and 400 reads for both p95s.
 */
#include "workloads/lanes.h"
#include "workloads/workload.h"

struct concurrent_options {
    uint64_t ops, readers;
    double writes;
};

static const struct opt concurrent_opts[] = {
    {.name = "readers",
     .type = OPT_COUNT,
     .offset = offsetof(struct concurrent_options, readers),
     .min = 1,
     .max = LANES_READERS_MAX,
     .def = "4",
     .help = "threads that read"},
    {.name = "ops",
     .type = OPT_COUNT,
     .offset = offsetof(struct concurrent_options, ops),
     .min = 1,
     .max = 1e7,
     .def = "4000",
     .help = "operations of all threads"},
    {.name = "writes",
     .type = OPT_RATE,
     .offset = offsetof(struct concurrent_options, writes),
     .min = 0,
     .max = 1,
     .def = "10%",
     .help = "share of them that is updates; at least one is"},
    {.name = NULL},
};

/* The updates first, then the reads: the writer's order is not cut by what others do meanwhile. */
static enum rc concurrent_plan(const void *options, const struct workload_env *env, struct rng *rng,
                               struct schedule *schedule)
{
    const struct concurrent_options *opts = options;
    uint64_t updates = (uint64_t)(opts->writes * (double)opts->ops + 0.5);
    (void)env;
    updates = updates == 0 ? 1 : updates;
    enum rc rc = schedule_need_files(schedule, "concurrent");
    if (rc == RC_OK)
        rc = schedule_expect(schedule, opts->ops);
    for (uint64_t k = 0; rc == RC_OK && k < updates; k++)
        rc = schedule_update(schedule, schedule_pick(schedule, rng));
    for (uint64_t k = updates; rc == RC_OK && k < opts->ops; k++) {
        rc = schedule_read(schedule, schedule_pick(schedule, rng));
        if (rc == RC_OK)
            schedule->ops[schedule->count - 1].lane = 1 + (uint32_t)((k - updates) % opts->readers);
    }
    schedule->lanes = (uint32_t)opts->readers;
    return rc;
}

const struct workload workload_concurrent = {
    .abi = WORKLOAD_ABI,
    .size = sizeof(struct workload),
    .name = "concurrent",
    .summary = "point reads by several threads while one writes",
    .options_size = sizeof(struct concurrent_options),
    .opts = concurrent_opts,
    .plan = concurrent_plan,
};
