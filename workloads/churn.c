#include "workloads/churn.h"

#include <stdlib.h>

enum rc churn_init(struct churn *churn, const struct schedule *schedule, uint64_t steps)
{
    uint64_t cap = schedule->file_count + steps;
    *churn = (struct churn){0};
    if (cap > DATASET_FILES_MAX)
        cap = DATASET_FILES_MAX;
    churn->gone = calloc(cap, sizeof(*churn->gone));
    if (!churn->gone)
        return FAIL(schedule->err, RC_NOMEM, 0, "no memory for %llu files",
                    (unsigned long long)cap);
    churn->cap = (uint32_t)cap;
    for (uint32_t file = 0; file < schedule->file_count; file++)
        if (schedule->files[file].place == SCHEDULE_DELETED)
            churn->gone[churn->count++] = file;
    return RC_OK;
}

void churn_release(struct churn *churn)
{
    free(churn->gone);
    *churn = (struct churn){0};
}

enum rc churn_step(struct churn *churn, double revive, struct schedule *schedule, struct rng *rng)
{
    uint32_t file = schedule_pick(schedule, rng);
    bool back = rng_unit(rng) < revive && churn->count > 0;
    enum rc rc = schedule_delete(schedule, file);
    if (rc == RC_OK && back) {
        uint32_t at = (uint32_t)rng_below(rng, churn->count);
        rc = schedule_update(schedule, churn->gone[at]);
        churn->gone[at] = file;
    } else if (rc == RC_OK) {
        CHECK(churn->count < churn->cap);
        churn->gone[churn->count++] = file;
        rc = schedule_insert(schedule);
    }
    return rc;
}
