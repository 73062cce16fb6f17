/* open_cold: the store is opened with nothing of it in the page cache, and read.
 *
 * `rounds` times: settle, close and drop the files from the page cache, outside the clock; then
 * open, timed, and `reads` reads, each of which finds what the ones before it brought in.  A
 * volatile store cannot be opened again: of it only the reads are done, and they are warm.  Where
 * files lie in memory (tmpfs) nothing can be dropped, and cold is warm.
 */
#include "workloads/first_reads.h"

static enum rc open_cold_plan(const void *options, const struct workload_env *env, struct rng *rng,
                              struct schedule *schedule)
{
    (void)env;
    (void)rng;
    return first_reads_plan(options, "open_cold", true, schedule);
}

const struct workload workload_open_cold = {
    .abi = WORKLOAD_ABI,
    .size = sizeof(struct workload),
    .name = "open_cold",
    .summary = "open the store with a cold page cache, then read",

    .options_size = sizeof(struct first_reads_options),
    .opts = first_reads_opts,
    .plan = open_cold_plan,
};
