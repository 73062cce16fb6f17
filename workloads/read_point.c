/* read_point: read single blobs by key, the newest version of each.
 *
 * pick=stride: operation k reads file (stride * k) mod n, the founding benchmark's choice;
 * stride is raised to the next number without a common factor with n, so that every file is
 * visited equally often.  pick=uniform: independent uniform draws.
 */
#include "workloads/workload.h"

enum { PICK_STRIDE, PICK_UNIFORM };
static const char *const pick_names[] = {"stride", "uniform", NULL};

struct read_point_options {
    uint64_t ops, stride;
    int pick;
};

static const struct opt read_point_opts[] = {
    {.name = "ops",
     .type = OPT_COUNT,
     .offset = offsetof(struct read_point_options, ops),
     .min = 1,
     .max = 1e7,
     .def = "500",
     .help = "reads"},
    {.name = "pick",
     .type = OPT_CHOICE,
     .offset = offsetof(struct read_point_options, pick),
     .choices = pick_names,
     .def = "stride",
     .help = "how the file is chosen"},
    {.name = "stride",
     .type = OPT_COUNT,
     .offset = offsetof(struct read_point_options, stride),
     .min = 1,
     .max = 1e6,
     .def = "17",
     .help = "step of pick=stride"},
    {.name = NULL},
};

static uint64_t common_divisor(uint64_t a, uint64_t b)
{
    while (b) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static enum rc read_point_plan(const void *options, const struct workload_env *env, struct rng *rng,
                               struct schedule *schedule)
{
    (void)env;
    const struct read_point_options *opts = options;
    uint64_t n = schedule->live_count;
    uint64_t stride = opts->stride;
    while (common_divisor(stride, n) != 1)
        stride++;
    for (uint64_t k = 0; k < opts->ops; k++) {
        uint64_t file = opts->pick == PICK_STRIDE ? k * stride % n : rng_below(rng, n);
        enum rc rc = schedule_read(schedule, schedule->live[file]);
        if (rc != RC_OK)
            return rc;
    }
    return RC_OK;
}

const struct workload workload_read_point = {
    .abi = WORKLOAD_ABI,
    .size = sizeof(struct workload),
    .name = "read_point",
    .summary = "read single blobs by key",
    .reads_only = true,
    .open_loop = true,
    .options_size = sizeof(struct read_point_options),
    .opts = read_point_opts,
    .plan = read_point_plan,
};
