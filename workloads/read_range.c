/* read_range: read `len` bytes out of single blobs.
 *
 * where=any: every offset that leaves room for them alike; start and end: the first or last such.
 * A blob that is not longer is read whole.  A strategy without reads of parts reads the blob and
 * takes the part, which is what its user would have to do.
 */
#include "workloads/access.h"
#include "workloads/workload.h"

enum { WHERE_ANY, WHERE_START, WHERE_END };
static const char *const where_names[] = {"any", "start", "end", NULL};

struct read_range_options {
    uint64_t ops, len;
    int where;
    struct access_options access;
};

static const struct opt read_range_opts[] = {
    {.name = "ops",
     .type = OPT_COUNT,
     .offset = offsetof(struct read_range_options, ops),
     .min = 1,
     .max = 1e7,
     .def = "500",
     .help = "reads"},
    {.name = "len",
     .type = OPT_SIZE,
     .offset = offsetof(struct read_range_options, len),
     .min = 1,
     .max = 1e9,
     .def = "4k",
     .help = "bytes of each"},
    {.name = "where",
     .type = OPT_CHOICE,
     .offset = offsetof(struct read_range_options, where),
     .choices = where_names,
     .def = "any",
     .help = "in the blob"},
    ACCESS_OPTIONS(struct read_range_options),
    {.name = NULL},
};

static uint32_t draw_place(int where, struct rng *rng)
{
    if (where == WHERE_ANY)
        return (uint32_t)(rng_u64(rng) >> 32);
    return where == WHERE_START ? 0 : UINT32_MAX;
}

static enum rc read_range_plan(const void *options, const struct workload_env *env, struct rng *rng,
                               struct schedule *schedule)
{
    (void)env;
    const struct read_range_options *opts = options;
    struct access access = {0};
    enum rc rc = access_begin(&access, &opts->access, "read_range", opts->ops, schedule, rng);
    for (uint64_t k = 0; rc == RC_OK && k < opts->ops; k++) {
        uint32_t file = access_pick(&access, schedule, rng);
        rc = schedule_read_at(schedule, file, draw_place(opts->where, rng), (uint32_t)opts->len);
    }
    access_release(&access);
    return rc;
}

const struct workload workload_read_range = {
    .abi = WORKLOAD_ABI,
    .size = sizeof(struct workload),
    .name = "read_range",
    .summary = "read a part of single blobs",
    .reads_only = true,
    .open_loop = true,
    .options_size = sizeof(struct read_range_options),
    .opts = read_range_opts,
    .plan = read_range_plan,
};
