/* history: what happened to the files in reality, in its order: the dataset's own events.
 *
 * A creation puts a file, a change puts the version it was changed to, a deletion deletes; a file
 * that was deleted and made again goes on under its key.  Where other phases wrote before, an event
 * does what it can: it creates what is there already by writing it, and does not delete what is
 * gone.  The first `max` events are taken; `batch` of them are a transaction, or as many as
 * the study says when it is 0: a commit of a repository is not one by itself, or how much a commit
 * holds would decide which strategy is fast.
 */
#include "workloads/workload.h"

struct history_options {
    uint64_t max, batch;
};

static const struct opt history_opts[] = {
    {.name = "max",
     .type = OPT_COUNT,
     .offset = offsetof(struct history_options, max),
     .min = 1,
     .max = 1e7,
     .def = "10000",
     .help = "most events; those after them are left out"},
    {.name = "batch",
     .type = OPT_COUNT,
     .offset = offsetof(struct history_options, batch),
     .min = 0,
     .max = 1e6,
     .def = "0",
     .help = "events per transaction; 0: as the study says"},
    {.name = NULL},
};

static enum rc put_file(const struct history_event *event, struct schedule *schedule)
{
    enum rc rc = RC_OK;
    if (event->file < schedule->file_count)
        return schedule_write(schedule, event->file, event->version);
    while (rc == RC_OK && schedule->file_count <= event->file)
        rc = schedule_insert(schedule);
    return rc;
}

static enum rc remove_file(const struct history_event *event, struct schedule *schedule)
{
    if (event->file >= schedule->file_count ||
        schedule->files[event->file].place == SCHEDULE_DELETED)
        return RC_OK;
    if (schedule->live_count == 1)
        return FAIL(schedule->err, RC_USAGE, 0,
                    "workload \"history\": the history deletes every file there is");
    return schedule_delete(schedule, event->file);
}

static enum rc history_plan(const void *options, const struct workload_env *env, struct rng *rng,
                            struct schedule *schedule)
{
    const struct history_options *opts = options;
    enum rc rc = RC_OK;
    (void)rng;
    schedule->batch = (uint32_t)opts->batch;
    for (uint64_t k = 0; rc == RC_OK && k < env->dataset->event_count && k < opts->max; k++) {
        struct history_event event;
        rc = dataset_event(env->dataset, k, &event);
        if (rc == RC_OK)
            rc = event.kind == HISTORY_DELETE ? remove_file(&event, schedule)
                                              : put_file(&event, schedule);
    }
    return rc;
}

const struct workload workload_history = {
    .abi = WORKLOAD_ABI,
    .size = sizeof(struct workload),
    .name = "history",
    .summary = "replay the dataset's own history: creations, changes, deletions",
    .open_loop = true,
    .needs_history = true,
    .options_size = sizeof(struct history_options),
    .opts = history_opts,
    .plan = history_plan,
};
