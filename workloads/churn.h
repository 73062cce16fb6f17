/* churn.h: files that go and files that come, one for one: what delete_churn and ageing are made
 * of. */
#ifndef WORKLOADS_CHURN_H
#define WORKLOADS_CHURN_H

#include "workloads/schedule.h"

struct churn {
    uint32_t *gone; /* the files that are deleted at this point */
    uint32_t count, cap;
};

/* For at most `steps` steps. */
MUST_CHECK enum rc churn_init(struct churn *churn, const struct schedule *schedule, uint64_t steps);
void churn_release(struct churn *churn);
/* Delete a file drawn uniformly; then, with probability `revive`, bring back one that was gone
 * before, drawn uniformly, with the dataset's next version of it, else create one. */
MUST_CHECK enum rc churn_step(struct churn *churn, double revive, struct schedule *schedule,
                              struct rng *rng);

#endif
