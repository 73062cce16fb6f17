#include "analysis/p95work.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/quantile.h"
#include "engine/rng.h"

/* More latencies than this are not held in memory at once. */
#define CELLS_MAX ((size_t)16 << 20)

/* Operations by rounds. */
struct work {
    size_t ops, rounds;
    struct latency *first; /* the operations as the first round lists them */
    double *ns;            /* [op][round] */
    uint16_t *order;       /* [op][i]: the round with its i-th smallest latency */
    double *medians;       /* [op] */
};

static void work_release(struct work *work)
{
    free(work->medians);
    free(work->order);
    free(work->ns);
    free(work->first);
}

static enum rc out_of_memory(struct err *err)
{
    return FAIL(err, RC_NOMEM, 0, "no memory for the latencies of a phase");
}

/* ---- reading -------------------------------------------------------------------------------- */

/* One run's latencies; false when they cannot be had. */
static bool read_run(const struct rounds *rounds, const struct sample *sample, const char *phase,
                     struct latency **items, size_t *count)
{
    char name[128], path[4096];
    struct err unread = {0};
    int len = snprintf(path, sizeof(path), "%s/%s", rounds->summary->record->dir,
                       latencies_name(name, sample->run, phase));
    return len > 0 && (size_t)len < sizeof(path) &&
           latencies_read(path, items, count, &unread) == RC_OK;
}

static bool same_operations(const struct work *work, const struct latency *items, size_t count)
{
    if (count != work->ops)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (items[i].bytes != work->first[i].bytes || items[i].op != work->first[i].op)
            return false;
    }
    return true;
}

static bool work_alloc(struct work *work, size_t rounds)
{
    work->ns = calloc(work->ops * rounds, sizeof(*work->ns));
    work->order = calloc(work->ops * rounds, sizeof(*work->order));
    work->medians = calloc(work->ops, sizeof(*work->medians));
    return work->ns != NULL && work->order != NULL && work->medians != NULL;
}

/* *complete: every round the arm ran in is there. */
static enum rc read_all(struct work *work, const struct rounds *rounds, size_t arm, size_t place,
                        bool *complete, struct err *err)
{
    const char *phase = rounds->summary->places[place].name;
    size_t most = rounds->count < UINT16_MAX ? rounds->count : UINT16_MAX;
    *complete = true;
    for (size_t r = 0; r < most && *complete; r++) {
        const struct sample *sample = rounds_sample(rounds, arm, place, r);
        struct latency *items = NULL;
        size_t count = 0;
        if (sample == NULL)
            continue;
        *complete = read_run(rounds, sample, phase, &items, &count);
        if (*complete && work->first == NULL) {
            *complete = count >= P95WORK_OPS_MIN && count <= CELLS_MAX / most;
            work->first = items;
            work->ops = count;
            if (*complete && !work_alloc(work, most))
                return out_of_memory(err);
        } else if (*complete) {
            *complete = same_operations(work, items, count);
        }
        for (size_t i = 0; i < work->ops && *complete; i++)
            work->ns[i * most + work->rounds] = (double)items[i].ns;
        work->rounds += *complete;
        if (items != work->first)
            free(items);
    }
    *complete = *complete && work->rounds != 0;
    for (size_t i = 0; i < work->ops && *complete && work->rounds < most; i++)
        memmove(&work->ns[i * work->rounds], &work->ns[i * most], work->rounds * sizeof(*work->ns));
    return RC_OK;
}

/* ---- medians -------------------------------------------------------------------------------- */

static void sort_rounds(const struct work *work)
{
    size_t rounds = work->rounds;
    for (size_t op = 0; op < work->ops; op++) {
        const double *ns = &work->ns[op * rounds];
        uint16_t *order = &work->order[op * rounds];
        for (size_t i = 0; i < rounds; i++) {
            size_t at = i;
            for (; at > 0 && ns[order[at - 1]] > ns[i]; at--)
                order[at] = order[at - 1];
            order[at] = (uint16_t)i;
        }
    }
}

/* The median of one operation when round r was drawn times[r] times, `rounds` draws in all. */
static double median_of(const struct work *work, size_t op, const uint32_t *times)
{
    const double *ns = &work->ns[op * work->rounds];
    const uint16_t *order = &work->order[op * work->rounds];
    size_t seen = 0, below = (work->rounds - 1) / 2, above = work->rounds / 2;
    double low = NAN;
    for (size_t i = 0; i < work->rounds; i++) {
        seen += times[order[i]];
        if (isnan(low) && seen > below)
            low = ns[order[i]];
        if (seen > above)
            return (low + ns[order[i]]) / 2;
    }
    check_failed(__FILE__, __LINE__, "as many draws as rounds");
}

static double p95_of(struct work *work, const uint32_t *times)
{
    for (size_t op = 0; op < work->ops; op++)
        work->medians[op] = median_of(work, op, times);
    quantile_sort(work->medians, work->ops);
    return quantile_harrell_davis(work->medians, work->ops, 0.95);
}

static void resample(struct work *work, struct rng *rng, uint32_t *times, struct p95work *out)
{
    double draws[P95WORK_DRAWS];
    for (size_t i = 0; i < P95WORK_DRAWS; i++) {
        memset(times, 0, work->rounds * sizeof(*times));
        for (size_t r = 0; r < work->rounds; r++)
            times[rng_below(rng, work->rounds)]++;
        draws[i] = p95_of(work, times);
    }
    quantile_sort(draws, P95WORK_DRAWS);
    out->low = quantile_type7(draws, P95WORK_DRAWS, 0.025);
    out->high = quantile_type7(draws, P95WORK_DRAWS, 0.975);
}

enum rc p95work_find(const struct rounds *rounds, size_t arm, size_t place, struct p95work *out,
                     struct err *err)
{
    struct work work = {0};
    bool complete = false;
    *out = (struct p95work){.ns = NAN, .low = NAN, .high = NAN};
    uint32_t *times = calloc(rounds->count + 1, sizeof(*times));
    enum rc rc =
        times == NULL ? out_of_memory(err) : read_all(&work, rounds, arm, place, &complete, err);
    if (rc == RC_OK && complete) {
        const struct record_manifest *manifest = &rounds->summary->record->manifest;
        struct rng rng = rng_stream(manifest->seed, "p95_work", arm * 1000 + place);
        sort_rounds(&work);
        for (size_t r = 0; r < work.rounds; r++)
            times[r] = 1;
        out->ns = p95_of(&work, times);
        out->ops = work.ops;
        out->rounds = work.rounds;
        if (work.rounds >= 3)
            resample(&work, &rng, times, out);
    }
    work_release(&work);
    free(times);
    return rc;
}
