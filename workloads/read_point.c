/* read_point: read single blobs by key, the newest version of each.
 *
 * pick=stride: operation k reads file (stride * k) mod n, the founding benchmark's choice;
 * stride is raised to the next number without a common factor with n, so that every file is
 * visited equally often.  pick=uniform: independent uniform draws.  A skew other than uniform takes
 * the place of both.
 */
#include "workloads/access.h"
#include "workloads/workload.h"

enum { PICK_STRIDE, PICK_UNIFORM };
static const char *const pick_names[] = {"stride", "uniform", NULL};

struct read_point_options {
    uint64_t ops, stride;
    int pick;
    struct access_options access;
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
     .help = "how the file is chosen when skew=uniform"},
    {.name = "stride",
     .type = OPT_COUNT,
     .offset = offsetof(struct read_point_options, stride),
     .min = 1,
     .max = 1e6,
     .def = "17",
     .help = "step of pick=stride"},
    ACCESS_OPTIONS(struct read_point_options),
    {.name = NULL},
};

static enum rc read_point_plan(const void *options, const struct workload_env *env, struct rng *rng,
                               struct schedule *schedule)
{
    (void)env;
    const struct read_point_options *opts = options;
    bool strides = opts->pick == PICK_STRIDE && opts->access.skew == ACCESS_UNIFORM;
    struct access access = {0};
    enum rc rc = access_begin(&access, &opts->access, "read_point", opts->ops, schedule, rng);
    uint64_t n = schedule->live_count, stride = rc == RC_OK ? access_stride(opts->stride, n) : 1;
    for (uint64_t k = 0; rc == RC_OK && k < opts->ops; k++)
        rc = schedule_read(schedule, strides ? schedule->live[k * stride % n]
                                             : access_pick(&access, schedule, rng));
    access_release(&access);
    return rc;
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
