/* reopen.c: a store opened as after a restart of the machine: nothing of it in the page cache.
 *
 * Settling, closing and dropping stand outside the clock; what is timed is store_open.  A store's
 * counters begin at 0 when it is opened, so what the closed one counted is carried along.
 */
#include "workloads/phase_parts.h"

static enum rc drop_file(void *ctx, const char *name, uint64_t size, struct err *err)
{
    struct run *run = ctx;
    (void)size;
    enum rc rc = io_drop_cache(&run->io, name, err);
    return rc == RC_NOTFOUND ? FAIL(err, RC_IO, 0, "\"%s\" vanished", Q(name)) : rc;
}

enum rc reopen_drop_files(struct run *run)
{
    return io_list(&run->io, "", drop_file, run, run->err);
}

static enum rc open_cold(struct phase *phase)
{
    struct run *run = phase->run;
    struct cpu_time before = clock_cpu();
    uint64_t start_ns = clock_ns();
    enum rc rc = run_open_store(run);
    uint64_t elapsed_ns = clock_ns() - start_ns;
    phase_add_cpu(phase, before);
    if (rc == RC_OK)
        phase_add_latency(phase, elapsed_ns, 0, LATENCY_OPEN);
    return rc;
}

enum rc reopen_step(struct phase *phase)
{
    struct run *run = phase->run;
    phase->done++;
    if (run->arm->volatile_floor)
        return RC_OK;
    phase_carry(phase);
    enum rc rc = run_close_store(run);
    if (rc == RC_OK)
        rc = reopen_drop_files(run);
    if (rc == RC_OK)
        rc = open_cold(phase);
    if (rc == RC_OK)
        phase_go_on(phase);
    return rc;
}
