/* growth: how many bytes another version costs.
 *
 * `versions` rounds; each writes the next version of every file that exists, in their order (of the
 * first `files` only, when that is not 0), and measures the store.  It is measured before the first
 * round, too: versions + 1 points of a series.
 */
#include "results/record.h"
#include "workloads/workload.h"

struct growth_options {
    uint64_t versions, files;
};

static const struct opt growth_opts[] = {
    {.name = "versions",
     .type = OPT_COUNT,
     .offset = offsetof(struct growth_options, versions),
     .min = 2,
     .max = RECORD_SERIES_MAX - 1,
     .def = "10",
     .help = "new versions of each file, measured after each"},
    {.name = "files",
     .type = OPT_COUNT,
     .offset = offsetof(struct growth_options, files),
     .min = 0,
     .max = 4e6,
     .def = "0",
     .help = "files that get them; 0: all"},
    {.name = NULL},
};

static enum rc growth_plan(const void *options, const struct workload_env *env, struct rng *rng,
                           struct schedule *schedule)
{
    (void)env;
    (void)rng;
    const struct growth_options *opts = options;
    enum rc rc = schedule_need_files(schedule, "growth");
    uint32_t files = schedule->live_count;
    if (opts->files > 0 && opts->files < files)
        files = (uint32_t)opts->files;
    if (rc == RC_OK)
        rc = schedule_expect(schedule, opts->versions * (files + UINT64_C(1)) + 1);
    if (rc == RC_OK)
        rc = schedule_measure(schedule);
    for (uint64_t round = 0; rc == RC_OK && round < opts->versions; round++) {
        for (uint32_t k = 0; rc == RC_OK && k < files; k++)
            rc = schedule_update(schedule, schedule->live[k]);
        if (rc == RC_OK)
            rc = schedule_measure(schedule);
    }
    return rc;
}

const struct workload workload_growth = {
    .abi = WORKLOAD_ABI,
    .size = sizeof(struct workload),
    .name = "growth",
    .summary = "version after version of every file, the store measured after each",
    .options_size = sizeof(struct growth_options),
    .opts = growth_opts,
    .plan = growth_plan,
};
