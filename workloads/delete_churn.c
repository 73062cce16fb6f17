/* delete_churn: files are deleted and others take their place, until `turnover` times as many were
 * deleted as exist.
 *
 * In turn, one file drawn uniformly is deleted, every version of it, and one is put: a share
 * `revive` of the puts brings back a deleted file, drawn uniformly, with the dataset's next version
 * of it (equal bytes would be an undelete); the others create new files.  The number of files
 * stays.
 */
#include "workloads/churn.h"
#include "workloads/workload.h"

struct delete_churn_options {
    double turnover, revive;
    uint64_t max;
};

static const struct opt delete_churn_opts[] = {
    {.name = "turnover",
     .type = OPT_RATE,
     .offset = offsetof(struct delete_churn_options, turnover),
     .min = 0.000001,
     .max = 1000,
     .def = "1",
     .help = "files deleted, as a share of those that exist"},
    {.name = "revive",
     .type = OPT_RATE,
     .offset = offsetof(struct delete_churn_options, revive),
     .min = 0,
     .max = 1,
     .def = "50%",
     .help = "share of the puts that bring a deleted file back"},
    {.name = "max",
     .type = OPT_COUNT,
     .offset = offsetof(struct delete_churn_options, max),
     .min = 1,
     .max = 1e7,
     .def = "1000",
     .help = "most deletions"},
    {.name = NULL},
};

static enum rc delete_churn_plan(const void *options, const struct workload_env *env,
                                 struct rng *rng, struct schedule *schedule)
{
    (void)env;
    const struct delete_churn_options *opts = options;
    struct churn churn;
    enum rc rc = schedule_need_files(schedule, "delete_churn");
    if (rc != RC_OK)
        return rc;
    uint64_t deletions = (uint64_t)(opts->turnover * schedule->live_count + 0.5);
    if (deletions > opts->max)
        deletions = opts->max;
    if (deletions < 1)
        deletions = 1;
    rc = schedule_expect(schedule, 2 * deletions);
    if (rc == RC_OK)
        rc = churn_init(&churn, schedule, deletions);
    if (rc != RC_OK)
        return rc;
    for (uint64_t k = 0; rc == RC_OK && k < deletions; k++)
        rc = churn_step(&churn, opts->revive, schedule, rng);
    churn_release(&churn);
    return rc;
}

const struct workload workload_delete_churn = {
    .abi = WORKLOAD_ABI,
    .size = sizeof(struct workload),
    .name = "delete_churn",
    .summary = "delete files and put others in their place",
    .open_loop = true,
    .options_size = sizeof(struct delete_churn_options),
    .opts = delete_churn_opts,
    .plan = delete_churn_plan,
};
