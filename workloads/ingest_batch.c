/* ingest_batch: new files are created, `batch` of them per transaction, whatever the study says:
 * how much of a single insert's cost is its commit. */
#include "workloads/workload.h"

struct ingest_batch_options {
    uint64_t files, batch;
};

static const struct opt ingest_batch_opts[] = {
    {.name = "files",
     .type = OPT_COUNT,
     .offset = offsetof(struct ingest_batch_options, files),
     .min = 1,
     .max = 4e6,
     .def = "500",
     .help = "new files"},
    {.name = "batch",
     .type = OPT_COUNT,
     .offset = offsetof(struct ingest_batch_options, batch),
     .min = 1,
     .max = 1e6,
     .def = "100",
     .help = "of them per transaction"},
    {.name = NULL},
};

static enum rc ingest_batch_plan(const void *options, const struct workload_env *env,
                                 struct rng *rng, struct schedule *schedule)
{
    (void)env;
    (void)rng;
    const struct ingest_batch_options *opts = options;
    enum rc rc = schedule_expect(schedule, opts->files);
    schedule->batch = (uint32_t)opts->batch;
    for (uint64_t k = 0; rc == RC_OK && k < opts->files; k++)
        rc = schedule_insert(schedule);
    return rc;
}

const struct workload workload_ingest_batch = {
    .abi = WORKLOAD_ABI,
    .size = sizeof(struct workload),
    .name = "ingest_batch",
    .summary = "create new files, many per transaction",
    .options_size = sizeof(struct ingest_batch_options),
    .opts = ingest_batch_opts,
    .plan = ingest_batch_plan,
};
