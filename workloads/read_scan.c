/* read_scan: read the newest version of every file, ordered by path; one operation is one scan.
 *
 * `scans` of them, fewer (at least two) when together they would read more than `max_bytes`.
 */
#include "workloads/workload.h"

struct read_scan_options {
    uint64_t scans, max_bytes;
};

static const struct opt read_scan_opts[] = {
    {.name = "scans",
     .type = OPT_COUNT,
     .offset = offsetof(struct read_scan_options, scans),
     .min = 1,
     .max = 1e6,
     .def = "8",
     .help = "full scans"},
    {.name = "max_bytes",
     .type = OPT_SIZE,
     .offset = offsetof(struct read_scan_options, max_bytes),
     .min = 1,
     .max = 1e15,
     .def = "1G",
     .help = "fewer scans when they would read more, but at least two"},
    {.name = NULL},
};

static enum rc read_scan_plan(const void *options, const struct workload_env *env, struct rng *rng,
                              struct schedule *schedule)
{
    (void)rng;
    const struct read_scan_options *opts = options;
    uint64_t scans = opts->scans;
    uint64_t affordable = env->base_bytes ? opts->max_bytes / env->base_bytes : scans;
    if (affordable < 2)
        affordable = 2;
    if (scans > affordable)
        scans = affordable;
    for (uint64_t k = 0; k < scans; k++) {
        enum rc rc = schedule_scan(schedule);
        if (rc != RC_OK)
            return rc;
    }
    return RC_OK;
}

const struct workload workload_read_scan = {
    .abi = WORKLOAD_ABI,
    .size = sizeof(struct workload),
    .name = "read_scan",
    .summary = "read every file's newest version, ordered by path",
    .reads_only = true,
    .options_size = sizeof(struct read_scan_options),
    .opts = read_scan_opts,
    .plan = read_scan_plan,
};
