/* mixed: reads, updates and inserts interleaved in exact shares (70/20/10 by default).
 *
 * The shares are laid out once and shuffled, so a run has exactly the asked number of each kind;
 * files to read and update are drawn from those that exist at that point, inserted ones included,
 * uniformly or with a skew.
 */
#include <stdlib.h>

#include "workloads/access.h"
#include "workloads/workload.h"

struct mixed_options {
    uint64_t ops;
    double read, update, insert;
    struct access_options access;
};

static const struct opt mixed_opts[] = {
    {.name = "ops",
     .type = OPT_COUNT,
     .offset = offsetof(struct mixed_options, ops),
     .min = 1,
     .max = 1e7,
     .def = "500",
     .help = "operations in all"},
    {.name = "read",
     .type = OPT_RATE,
     .offset = offsetof(struct mixed_options, read),
     .min = 0,
     .max = 1,
     .def = "70%",
     .help = "share of reads"},
    {.name = "update",
     .type = OPT_RATE,
     .offset = offsetof(struct mixed_options, update),
     .min = 0,
     .max = 1,
     .def = "20%",
     .help = "share of updates"},
    {.name = "insert",
     .type = OPT_RATE,
     .offset = offsetof(struct mixed_options, insert),
     .min = 0,
     .max = 1,
     .def = "10%",
     .help = "share of inserts; the three must add up to 100 %"},
    ACCESS_OPTIONS(struct mixed_options),
    {.name = NULL},
};

static enum rc mixed_emit(uint32_t slot, uint64_t reads, uint64_t updates, struct access *access,
                          struct rng *rng, struct schedule *schedule)
{
    if (slot < reads)
        return schedule_read(schedule, access_pick(access, schedule, rng));
    if (slot < reads + updates)
        return schedule_update(schedule, access_pick(access, schedule, rng));
    return schedule_insert(schedule);
}

static enum rc mixed_plan(const void *options, const struct workload_env *env, struct rng *rng,
                          struct schedule *schedule)
{
    (void)env;
    const struct mixed_options *opts = options;
    double sum = opts->read + opts->update + opts->insert;
    if (sum < 1 - 1e-9 || sum > 1 + 1e-9)
        return FAIL(
            schedule->err, RC_USAGE, 0,
            "workload \"mixed\": read, update and insert must add up to 100 %%, got %.4g %%",
            sum * 100);
    uint32_t count = (uint32_t)opts->ops;
    uint64_t updates = (uint64_t)(opts->update * count + 0.5);
    uint64_t inserts = (uint64_t)(opts->insert * count + 0.5);
    if (updates + inserts > count)
        inserts = count - updates;
    uint64_t reads = count - updates - inserts;
    struct access access = {0};
    enum rc rc = schedule_need_files(schedule, "mixed");
    if (rc == RC_OK)
        rc = schedule_expect(schedule, count);
    uint32_t *slots = rc == RC_OK ? malloc(count * sizeof(*slots)) : NULL;
    if (rc == RC_OK && !slots)
        rc = FAIL(schedule->err, RC_NOMEM, 0, "no memory for %u operations", count);
    if (rc == RC_OK) {
        rng_permutation(rng, slots, count);
        rc = access_init(&access, &opts->access, schedule, rng);
    }
    for (uint32_t k = 0; rc == RC_OK && k < count; k++)
        rc = mixed_emit(slots[k], reads, updates, &access, rng, schedule);
    access_release(&access);
    free(slots);
    return rc;
}

const struct workload workload_mixed = {
    .abi = WORKLOAD_ABI,
    .size = sizeof(struct workload),
    .name = "mixed",
    .summary = "reads, updates and inserts interleaved (70/20/10)",
    .open_loop = true,
    .options_size = sizeof(struct mixed_options),
    .opts = mixed_opts,
    .plan = mixed_plan,
};
