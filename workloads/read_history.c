/* read_history: read old versions among new ones.
 *
 * A share `old` of the reads is of an older version of the file, each that it has since it was
 * created (or came back) alike; the others are of its newest.  Under retention `latest` there are
 * no older versions, and every read is of the newest.
 */
#include "workloads/access.h"
#include "workloads/workload.h"

struct read_history_options {
    uint64_t ops;
    double old;
    struct access_options access;
};

static const struct opt read_history_opts[] = {
    {.name = "ops",
     .type = OPT_COUNT,
     .offset = offsetof(struct read_history_options, ops),
     .min = 1,
     .max = 1e7,
     .def = "500",
     .help = "reads"},
    {.name = "old",
     .type = OPT_RATE,
     .offset = offsetof(struct read_history_options, old),
     .min = 0,
     .max = 1,
     .def = "100%",
     .help = "share of them that is of an older version, where there is one"},
    ACCESS_OPTIONS(struct read_history_options),
    {.name = NULL},
};

static uint32_t draw_version(const struct schedule_file *file, double old, struct rng *rng)
{
    if (file->newest == file->oldest || rng_unit(rng) >= old)
        return file->newest;
    return file->oldest + (uint32_t)rng_below(rng, file->newest - file->oldest);
}

static enum rc read_history_plan(const void *options, const struct workload_env *env,
                                 struct rng *rng, struct schedule *schedule)
{
    (void)env;
    const struct read_history_options *opts = options;
    struct access access = {0};
    enum rc rc = access_begin(&access, &opts->access, "read_history", opts->ops, schedule, rng);
    for (uint64_t k = 0; rc == RC_OK && k < opts->ops; k++) {
        uint32_t file = access_pick(&access, schedule, rng);
        rc = schedule_read_version(schedule, file,
                                   draw_version(&schedule->files[file], opts->old, rng));
    }
    access_release(&access);
    return rc;
}

const struct workload workload_read_history = {
    .abi = WORKLOAD_ABI,
    .size = sizeof(struct workload),
    .name = "read_history",
    .summary = "read old versions (retention history only)",
    .reads_only = true,
    .open_loop = true,
    .options_size = sizeof(struct read_history_options),
    .opts = read_history_opts,
    .plan = read_history_plan,
};
