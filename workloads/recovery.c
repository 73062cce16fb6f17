/* recovery: a process that writes is killed, and the store is opened again.
 *
 * `crashes` times: a process opens the store, makes `updates` updates, each of a file drawn
 * uniformly and committed at the study's batch, then writes one update more and is killed with
 * SIGKILL before it commits that.  Timed are opening the store, recovery of its log included, and
 * the first read, of the file whose update was lost.  What was committed must be there, what was
 * not must be absent in whole, and the store's own invariants must hold, after every crash.
 *
 * A kill of the process, not of the machine: what the kernel had been given is still there
 * (docs/durability.md).  A volatile store does not outlive a process: of it nothing is timed.
 */
#include "workloads/workload.h"

enum { UPDATES_MAX = 4096 };

struct recovery_options {
    uint64_t crashes, updates;
};

static const struct opt recovery_opts[] = {
    {.name = "crashes",
     .type = OPT_COUNT,
     .offset = offsetof(struct recovery_options, crashes),
     .min = 1,
     .max = 1e5,
     .def = "10",
     .help = "processes killed"},
    {.name = "updates",
     .type = OPT_COUNT,
     .offset = offsetof(struct recovery_options, updates),
     .min = 0,
     .max = UPDATES_MAX,
     .def = "16",
     .help = "updates each commits before it is killed"},
    {.name = NULL},
};

static enum rc recovery_plan(const void *options, const struct workload_env *env, struct rng *rng,
                             struct schedule *schedule)
{
    const struct recovery_options *opts = options;
    uint32_t files[UPDATES_MAX];
    (void)env;
    enum rc rc = schedule_need_files(schedule, "recovery");
    if (rc == RC_OK)
        rc = schedule_expect(schedule, opts->crashes * (opts->updates + 1));
    for (uint64_t k = 0; rc == RC_OK && k < opts->crashes; k++) {
        for (uint64_t i = 0; i < opts->updates; i++)
            files[i] = schedule_pick(schedule, rng);
        rc = schedule_crash(schedule, files, (uint32_t)opts->updates, schedule_pick(schedule, rng));
    }
    return rc;
}

const struct workload workload_recovery = {
    .abi = WORKLOAD_ABI,
    .size = sizeof(struct workload),
    .name = "recovery",
    .summary = "open the store after the process that wrote was killed",
    .options_size = sizeof(struct recovery_options),
    .opts = recovery_opts,
    .plan = recovery_plan,
};
