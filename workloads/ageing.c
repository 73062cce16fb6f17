/* ageing: what becomes of a store's size and of its reads as its files are replaced.
 *
 * Files are deleted and others put in their place (as delete_churn does) until `turnover` times as
 * many were replaced as exist.  At 0, 1, 2, 5, 10, 20, 50... times, and at the end, the store is
 * measured and then read: `reads` files drawn uniformly.  A point of the series carries the median
 * of the reads that follow it.
 */
#include "workloads/churn.h"
#include "workloads/workload.h"

struct ageing_options {
    double turnover, revive;
    uint64_t reads, max;
};

static const struct opt ageing_opts[] = {
    {.name = "turnover",
     .type = OPT_RATE,
     .offset = offsetof(struct ageing_options, turnover),
     .min = 0,
     .max = 1000,
     .def = "5",
     .help = "times the files are replaced"},
    {.name = "reads",
     .type = OPT_COUNT,
     .offset = offsetof(struct ageing_options, reads),
     .min = 0,
     .max = 1e6,
     .def = "100",
     .help = "reads after each measurement"},
    {.name = "revive",
     .type = OPT_RATE,
     .offset = offsetof(struct ageing_options, revive),
     .min = 0,
     .max = 1,
     .def = "0",
     .help = "share of the puts that bring a deleted file back"},
    {.name = "max",
     .type = OPT_COUNT,
     .offset = offsetof(struct ageing_options, max),
     .min = 1,
     .max = 1e7,
     .def = "10000",
     .help = "most files replaced; more is refused"},
    {.name = NULL},
};

/* 0, 1, 2, 5, 10, 20, 50... times `files`, the last one cut at `end`. */
static uint64_t next_mark(uint64_t mark, uint32_t files, uint64_t end)
{
    uint64_t times = mark / files, power = 1;
    while (10 * power <= times)
        power *= 10;
    uint64_t next = times < power       ? power
                    : times < 2 * power ? 2 * power
                    : times < 5 * power ? 5 * power
                                        : 10 * power;
    return next * files < end ? next * files : end;
}

static enum rc look(const struct ageing_options *opts, struct schedule *schedule, struct rng *rng)
{
    enum rc rc = schedule_measure(schedule);
    for (uint64_t k = 0; rc == RC_OK && k < opts->reads; k++)
        rc = schedule_read(schedule, schedule_pick(schedule, rng));
    return rc;
}

static enum rc ageing_plan(const void *options, const struct workload_env *env, struct rng *rng,
                           struct schedule *schedule)
{
    (void)env;
    const struct ageing_options *opts = options;
    struct churn churn;
    enum rc rc = schedule_need_files(schedule, "ageing");
    if (rc != RC_OK)
        return rc;
    uint32_t files = schedule->live_count;
    uint64_t end = (uint64_t)(opts->turnover * files + 0.5), done = 0;
    if (end > opts->max)
        return FAIL(schedule->err, RC_USAGE, 0,
                    "workload \"ageing\": a turnover of %g replaces %llu files, more than max=%llu",
                    opts->turnover, (unsigned long long)end, (unsigned long long)opts->max);
    rc = schedule_expect(schedule, 2 * end + 32 * (opts->reads + 1));
    if (rc == RC_OK)
        rc = churn_init(&churn, schedule, end);
    if (rc != RC_OK)
        return rc;
    rc = look(opts, schedule, rng);
    while (rc == RC_OK && done < end) {
        uint64_t mark = next_mark(done, files, end);
        for (; rc == RC_OK && done < mark; done++)
            rc = churn_step(&churn, opts->revive, schedule, rng);
        if (rc == RC_OK)
            rc = look(opts, schedule, rng);
    }
    churn_release(&churn);
    return rc;
}

const struct workload workload_ageing = {
    .abi = WORKLOAD_ABI,
    .size = sizeof(struct workload),
    .name = "ageing",
    .summary = "replace files, measuring and reading at 0, 1, 2 and 5 times turnover",
    .options_size = sizeof(struct ageing_options),
    .opts = ageing_opts,
    .plan = ageing_plan,
};
