/* first_reads.h: what open_cold and open_warm read, the same of both. */
#ifndef WORKLOADS_FIRST_READS_H
#define WORKLOADS_FIRST_READS_H

#include "workloads/workload.h"

struct first_reads_options {
    uint64_t rounds, reads;
};
extern const struct opt first_reads_opts[];

/* `rounds` times `reads` reads, with a reopening before each round or without. */
MUST_CHECK enum rc first_reads_plan(const struct first_reads_options *options, const char *who,
                                    bool reopen, struct schedule *schedule);

#endif
