#include "workloads/first_reads.h"

#include "workloads/access.h"

/* Every file is read equally often, and neighbours follow each other in no round. */
enum { STRIDE = 17 };

const struct opt first_reads_opts[] = {
    {.name = "rounds",
     .type = OPT_COUNT,
     .offset = offsetof(struct first_reads_options, rounds),
     .min = 1,
     .max = 1e6,
     .def = "20",
     .help = "times the store is opened, or would be"},
    {.name = "reads",
     .type = OPT_COUNT,
     .offset = offsetof(struct first_reads_options, reads),
     .min = 1,
     .max = 1e6,
     .def = "20",
     .help = "reads after each"},
    {.name = NULL},
};

enum rc first_reads_plan(const struct first_reads_options *options, const char *who, bool reopen,
                         struct schedule *schedule)
{
    enum rc rc = schedule_need_files(schedule, who);
    if (rc == RC_OK)
        rc = schedule_expect(schedule, options->rounds * (options->reads + 1));
    if (rc != RC_OK)
        return rc;
    uint64_t n = schedule->live_count, stride = access_stride(STRIDE, n);
    for (uint64_t k = 0; rc == RC_OK && k < options->rounds * options->reads; k++) {
        if (reopen && k % options->reads == 0)
            rc = schedule_reopen(schedule);
        if (rc == RC_OK)
            rc = schedule_read(schedule, schedule->live[k * stride % n]);
    }
    return rc;
}
